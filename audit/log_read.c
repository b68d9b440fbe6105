/*
 * Reading an open log: rows, what was signed last, receipts. Works on a log of any condition, as
 * far as its database can be read.
 */
#include "audit/log.h"
#include "audit/receipt.h"

#include <inttypes.h>

struct reading {
    uint64_t next;
    audit_row_fn *fn;
    void *arg;
    bool malformed;
};

static int take_row(void *arg, const struct log_row *row)
{
    struct reading *r = arg;
    if (!row->well_formed) {
        r->malformed = true;
        r->next = (uint64_t)row->seq;
        return 1;
    }
    return r->fn(r->arg, (uint64_t)row->seq, row->record, row->leaf);
}

/* With the rows locked. */
static int read_rows(struct audit_log *log, uint64_t from, uint64_t max, audit_row_fn *fn,
                     void *arg, struct reeve_error *err)
{
    struct reading r = {.fn = fn, .arg = arg};
    if (log->condition == AUDIT_OK) {
        uint64_t left = from < log->edge.size ? log->edge.size - from : 0;
        max = max < left ? max : left;
    }
    if (!log->db.sqlite || from > INT64_MAX || max == 0)
        return 0;
    int rc = log_db_scan(&log->db, (int64_t)from, max, take_row, &r, err);
    if (rc == 0 && r.malformed)
        return base_fail(err, REEVE_EDAMAGED,
                         "row %" PRIu64 " has another form than the log writes", r.next);
    return rc;
}

int audit_log_read(struct audit_log *log, uint64_t from, uint64_t max, audit_row_fn *fn, void *arg,
                   struct reeve_error *err)
{
    log_rows_read(log);
    int rc = read_rows(log, from, max, fn, arg, err);
    log_rows_leave(log);
    return rc;
}

uint64_t audit_log_size(struct audit_log *log)
{
    log_rows_read(log);
    uint64_t size = log->edge.size;
    log_rows_leave(log);
    return size;
}

void audit_log_head(struct audit_log *log, struct audit_head *out)
{
    log_rows_read(log);
    log_check_signature(log);
    *out = (struct audit_head){.size = log->signed_size,
                               .origin = buf_view(&log->origin),
                               .vkey = buf_view(&log->vkey),
                               .condition = log->condition,
                               .first_bad = log->first_bad};
    memcpy(out->root, log->signed_root, sizeof out->root);
    memcpy(out->text, log->note, log->note_bytes);
    memcpy(out->why, log->detail, sizeof out->why);
    out->note = (struct str){out->text, log->note_bytes};
    log_rows_leave(log);
    out->detail = str_of(out->why);
}

/* ---- receipts ---- */

struct proof {
    uint64_t index, size;
    unsigned n;
    uint8_t hash[TREE_MAX_EDGE][BASE_SHA256];
    struct buf record;
    bool found, kept;
};

static int take_record(void *arg, uint64_t seq, struct str record, const uint8_t leaf[BASE_SHA256])
{
    struct proof *p = arg;
    (void)leaf;
    p->found = seq == p->index;
    p->kept = record.p != NULL;
    buf_str(&p->record, record);
    return 1;
}

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

/* The root of a run of leaves: of what is kept in memory, and of the leaves where nothing is. */
static int range_root(struct audit_log *log, const struct proof *p, struct tree_range range,
                      uint8_t out[BASE_SHA256], struct reeve_error *err)
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
        int rc = read_rows(log, at, end - at, take_leaf, &leaves, err);
        if (rc)
            return rc;
        if (leaves.next != end)
            return not_signed(p->index, err);
    }
    tree_edge_root(&edge, out);
    return 0;
}

static int read_record(struct audit_log *log, struct proof *p, struct reeve_error *err)
{
    int rc = read_rows(log, p->index, 1, take_record, p, err);
    if (rc)
        return rc;
    if (p->record.failed)
        return base_fail(err, REEVE_ENOMEM, "out of memory for a receipt");
    if (!p->found)
        return not_signed(p->index, err);
    if (!p->kept)
        return base_fail(err, REEVE_ENOENT,
                         "the bytes of record %" PRIu64 " are not kept: there is nothing to prove",
                         p->index);
    return 0;
}

static int prove(struct audit_log *log, struct proof *p, struct reeve_error *err)
{
    struct tree_range path[TREE_MAX_EDGE];
    uint8_t leaf[BASE_SHA256];
    int rc = read_record(log, p, err);
    p->n = tree_path(p->size, p->index, path);
    for (unsigned i = 0; rc == 0 && i < p->n; i++)
        rc = range_root(log, p, path[i], p->hash[i], err);
    if (rc)
        return rc;
    tree_leaf_hash(p->record.data, p->record.len, leaf);
    return tree_proof_holds(leaf, p->index, p->size, (const uint8_t(*)[BASE_SHA256])p->hash, p->n,
                            log->signed_root)
               ? 0
               : not_signed(p->index, err);
}

/* With the rows locked: the root and the rows that lead to it are of one moment. */
static int make_receipt(struct audit_log *log, uint64_t seq, struct buf *out,
                        struct reeve_error *err)
{
    log_check_signature(log);
    if (!log->note_checked)
        return base_fail(err, REEVE_EDAMAGED, "%s", log->detail);
    if (seq >= log->signed_size)
        return base_fail(err, REEVE_ENOENT,
                         "there is no signed record %" PRIu64 "; the log has "
                         "%" PRIu64,
                         seq, log->signed_size);
    struct proof p = {.index = seq, .size = log->signed_size};
    int rc = prove(log, &p, err);
    if (rc == 0) {
        struct receipt_parts parts = {.record = buf_view(&p.record),
                                      .index = seq,
                                      .proof = (const uint8_t(*)[BASE_SHA256])p.hash,
                                      .nproof = p.n,
                                      .note = {log->note, log->note_bytes}};
        receipt_format(&parts, out);
        if (out->failed)
            rc = base_fail(err, REEVE_ENOMEM, "out of memory for a receipt");
    }
    buf_fini(&p.record);
    return rc;
}

int audit_log_receipt(struct audit_log *log, uint64_t seq, struct buf *out, struct reeve_error *err)
{
    log_rows_read(log);
    int rc = make_receipt(log, seq, out, err);
    log_rows_leave(log);
    return rc;
}
