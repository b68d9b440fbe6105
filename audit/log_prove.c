/*
 * Proofs out of an open log: that a record is in a tree, that a tree goes on from another, and
 * receipts. What is given away was checked against the signed root first.
 */
#include "audit/log.h"
#include "audit/receipt.h"

#include <inttypes.h>

/* ---- roots of runs of leaves ---- */

struct leaves {
    uint64_t next;
    struct tree_edge *edge;
};
static int take_leaf(void *arg, uint64_t seq, struct str record, const uint8_t leaf[BASE_SHA256])
{
    struct leaves *l = arg;
    (void)record;
    if (seq != l->next)
        return 1;
    tree_edge_append(l->edge, leaf);
    l->next++;
    return 0;
}

static int not_signed(uint64_t seq, struct reeve_error *err)
{
    return base_fail(err, REEVE_EDAMAGED,
                     "record %" PRIu64 " does not lead to the root that was signed", seq);
}

/* Of what is kept in memory, and of the leaves where nothing is. */
static int range_root(struct audit_log *log, struct tree_range range, uint8_t out[BASE_SHA256],
                      struct reeve_error *err)
{
    struct tree_edge edge;
    tree_edge_init(&edge);
    for (uint64_t at = range.from; at < range.to; at = range.from + edge.size) {
        uint64_t size, chunk_end = (at / TREE_CHUNK + 1) * TREE_CHUNK;
        const uint8_t *root = tree_nodes_find(&log->nodes, at, range.to, &size);
        if (root) {
            tree_edge_push(&edge, root, size);
            continue;
        }
        uint64_t end = chunk_end < range.to ? chunk_end : range.to;
        struct leaves leaves = {.next = at, .edge = &edge};
        int rc = log_read_rows(log, at, end - at, take_leaf, &leaves, err);
        if (rc)
            return rc;
        if (leaves.next != end)
            return not_signed(at, err);
    }
    tree_edge_root(&edge, out);
    return 0;
}

static int range_roots(struct audit_log *log, const struct tree_range *path, struct audit_proof *p,
                       struct reeve_error *err)
{
    int rc = 0;
    for (unsigned i = 0; rc == 0 && i < p->n; i++)
        rc = range_root(log, path[i], p->hash[i], err);
    return rc;
}

/* ---- what is proven ---- */

/* With the rows locked, from here on. */
static int check_size(struct audit_log *log, uint64_t size, struct reeve_error *err)
{
    log_check_signature(log);
    if (!log->note_checked)
        return base_fail(err, REEVE_EDAMAGED, "%s", log->detail);
    if (size > log->signed_size)
        return base_fail(err, REEVE_ENOENT,
                         "there are %" PRIu64 " signed records, and no tree of %" PRIu64,
                         log->signed_size, size);
    return 0;
}

static int check_index(struct audit_log *log, uint64_t seq, uint64_t size, struct reeve_error *err)
{
    int rc = check_size(log, size, err);
    if (rc == 0 && seq >= size)
        rc = base_fail(err, REEVE_ENOENT,
                       "there is no signed record %" PRIu64 "; the %s has %" PRIu64, seq,
                       size == log->signed_size ? "log" : "tree", size);
    return rc;
}

/* `leaf`: of the record that is to be proven. */
static int prove_leaf(struct audit_log *log, const uint8_t leaf[BASE_SHA256], struct audit_proof *p,
                      struct reeve_error *err)
{
    struct tree_range path[TREE_MAX_EDGE];
    uint8_t root[BASE_SHA256];
    p->n = tree_path(p->size, p->index, path);
    int rc = range_roots(log, path, p, err);
    memcpy(root, log->signed_root, sizeof root);
    if (rc == 0 && p->size != log->signed_size)
        rc = range_root(log, (struct tree_range){0, p->size}, root, err);
    if (rc)
        return rc;
    return tree_proof_holds(leaf, p->index, p->size, (const uint8_t(*)[BASE_SHA256])p->hash, p->n,
                            root)
               ? 0
               : not_signed(p->index, err);
}

static int inclusion(struct audit_log *log, struct audit_proof *p, struct reeve_error *err)
{
    uint8_t leaf[BASE_SHA256];
    int rc = check_index(log, p->index, p->size, err);
    if (rc == 0)
        rc = range_root(log, (struct tree_range){p->index, p->index + 1}, leaf, err);
    return rc ? rc : prove_leaf(log, leaf, p, err);
}

static int consistency(struct audit_log *log, struct audit_proof *p, struct reeve_error *err)
{
    struct tree_range path[TREE_MAX_EDGE];
    uint8_t old[BASE_SHA256], root[BASE_SHA256];
    int rc = check_size(log, p->size, err);
    if (rc == 0 && p->index > p->size)
        rc = base_fail(err, REEVE_EINVAL,
                       "a tree of %" PRIu64 " does not go on from one of %" PRIu64, p->size,
                       p->index);
    if (rc)
        return rc;
    p->n = tree_consistency(p->index, p->size, path);
    rc = range_roots(log, path, p, err);
    if (rc == 0)
        rc = range_root(log, (struct tree_range){0, p->index}, old, err);
    if (rc == 0)
        rc = range_root(log, (struct tree_range){0, p->size}, root, err);
    if (rc)
        return rc;
    bool is_signed =
        p->size != log->signed_size || memcmp(root, log->signed_root, sizeof root) == 0;
    return is_signed && tree_consistency_holds(p->index, old, p->size, root,
                                               (const uint8_t(*)[BASE_SHA256])p->hash, p->n)
               ? 0
               : not_signed(p->size - 1, err);
}

int audit_log_prove(struct audit_log *log, enum audit_prove what, uint64_t index, uint64_t size,
                    struct audit_proof *out, struct reeve_error *err)
{
    log_rows_read(log);
    *out = (struct audit_proof){.index = index, .size = size ? size : log->signed_size};
    int rc = what == AUDIT_PROVE_RECORD ? inclusion(log, out, err) : consistency(log, out, err);
    log_rows_leave(log);
    return rc;
}

void audit_proof_json(const struct audit_proof *p, struct buf *out)
{
    struct json_out o = {.b = out};
    json_open_object(&o);
    json_kv_uint(&o, "index", p->index);
    json_kv_uint(&o, "size", p->size);
    json_key(&o, "proof");
    json_open_array(&o);
    for (unsigned i = 0; i < p->n; i++) {
        auto_buf struct buf hash = {0};
        buf_base64(&hash, p->hash[i], BASE_SHA256);
        json_str(&o, buf_view(&hash));
    }
    json_close_array(&o);
    json_close_object(&o);
}

static bool read_hash(const struct json_node *text, struct audit_proof *out)
{
    size_t n = BASE_SHA256;
    return out->n < TREE_MAX_EDGE &&
           base_unbase64(json_string_or(text, STR("")), out->hash[out->n++], &n) &&
           n == BASE_SHA256;
}

int audit_proof_read(struct str json, struct audit_proof *out, struct reeve_error *err)
{
    auto_json struct json_text t = {0};
    int rc = json_text_parse(json, &t, err);
    if (rc)
        return rc;
    const struct json_node *proof = json_get(&t.doc, json_root(&t.doc), "proof");
    bool good = proof && proof->type == JSON_ARRAY;
    const struct json_node *hash = good ? json_first(&t.doc, proof) : NULL;
    out->n = 0;
    for (uint32_t i = 0; good && i < proof->count; i++, hash = json_next(&t.doc, hash))
        good = read_hash(hash, out);
    return good ? 0 : base_fail(err, REEVE_EPROTO, "the owner's proof is not one");
}

/* ---- receipts ---- */

struct wanted {
    uint64_t seq;
    struct buf record;
    bool found, kept;
};

static int take_record(void *arg, uint64_t seq, struct str record, const uint8_t leaf[BASE_SHA256])
{
    struct wanted *w = arg;
    (void)leaf;
    w->found = seq == w->seq;
    w->kept = record.p != NULL;
    buf_str(&w->record, record);
    return 1;
}

static int read_record(struct audit_log *log, struct wanted *w, struct reeve_error *err)
{
    int rc = log_read_rows(log, w->seq, 1, take_record, w, err);
    if (rc)
        return rc;
    if (w->record.failed)
        return base_fail(err, REEVE_ENOMEM, "out of memory for a receipt");
    if (!w->found)
        return not_signed(w->seq, err);
    if (!w->kept)
        return base_fail(err, REEVE_ENOENT,
                         "the bytes of record %" PRIu64 " are not kept: there is nothing to prove",
                         w->seq);
    return 0;
}

static int make_receipt(struct audit_log *log, uint64_t seq, struct buf *out,
                        struct reeve_error *err)
{
    struct wanted w = {.seq = seq};
    struct audit_proof p = {.index = seq, .size = log->signed_size};
    uint8_t leaf[BASE_SHA256];
    int rc = check_index(log, seq, p.size, err);
    if (rc == 0)
        rc = read_record(log, &w, err);
    if (rc == 0) {
        tree_leaf_hash(w.record.data, w.record.len, leaf);
        rc = prove_leaf(log, leaf, &p, err);
    }
    if (rc == 0) {
        struct receipt_parts parts = {.record = buf_view(&w.record),
                                      .index = seq,
                                      .proof = (const uint8_t(*)[BASE_SHA256])p.hash,
                                      .nproof = p.n,
                                      .note = {log->note, log->note_bytes}};
        receipt_format(&parts, out);
        if (out->failed)
            rc = base_fail(err, REEVE_ENOMEM, "out of memory for a receipt");
    }
    buf_fini(&w.record);
    return rc;
}

int audit_log_receipt(struct audit_log *log, uint64_t seq, struct buf *out, struct reeve_error *err)
{
    log_rows_read(log); /* the root and the rows that lead to it are of one moment */
    int rc = make_receipt(log, seq, out, err);
    log_rows_leave(log);
    return rc;
}
