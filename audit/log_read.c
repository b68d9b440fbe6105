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

int audit_log_read(struct audit_log *log, uint64_t from, uint64_t max, audit_row_fn *fn, void *arg,
                   struct reeve_error *err)
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

void audit_log_head(const struct audit_log *log, struct audit_head *out)
{
    *out = (struct audit_head){.size = log->signed_head.size,
                               .note = buf_view(&log->note),
                               .origin = buf_view(&log->origin),
                               .vkey = buf_view(&log->vkey),
                               .condition = log->condition,
                               .first_bad = log->first_bad,
                               .detail = str_of(log->detail)};
    memcpy(out->root, log->signed_head.root, sizeof out->root);
}

/* ---- receipts ---- */

/* One walk over all leaves: those beside the path become the proof's hashes. */
struct proof_walk {
    uint64_t index, next;
    struct tree_range path[TREE_MAX_EDGE];
    unsigned npath;
    uint8_t proof[TREE_MAX_EDGE][BASE_SHA256];
    struct tree_edge edge;
    struct buf record;
    bool kept;
};

static int walk_row(void *arg, uint64_t seq, struct str record, const uint8_t leaf[BASE_SHA256])
{
    struct proof_walk *w = arg;
    if (seq != w->next)
        return 1;
    w->next++;
    if (seq == w->index) {
        w->kept = record.p != NULL;
        buf_str(&w->record, record);
        return 0;
    }
    tree_edge_append(&w->edge, leaf);
    for (unsigned i = 0; i < w->npath; i++)
        if (w->path[i].to == seq + 1) {
            tree_edge_root(&w->edge, w->proof[i]);
            tree_edge_init(&w->edge);
            break;
        }
    return 0;
}

/* The leaf's own range ends where one beside it begins, so an edge never spans two of them. */
static int prove(struct audit_log *log, struct proof_walk *w, struct reeve_error *err)
{
    uint64_t size = log->signed_head.size;
    w->npath = tree_path(size, w->index, w->path);
    int rc = audit_log_read(log, 0, size, walk_row, w, err);
    if (rc)
        return rc;
    if (w->record.failed)
        return base_fail(err, REEVE_ENOMEM, "out of memory for a receipt");
    uint8_t leaf[BASE_SHA256];
    tree_leaf_hash(w->record.data, w->record.len, leaf);
    if (w->next == size && w->kept &&
        tree_proof_holds(leaf, w->index, size, w->proof, w->npath, log->signed_head.root))
        return 0;
    if (w->next > w->index && !w->kept)
        return base_fail(err, REEVE_ENOENT,
                         "the bytes of record %" PRIu64 " are not kept: there is nothing to prove",
                         w->index);
    return base_fail(err, REEVE_EDAMAGED,
                     "record %" PRIu64 " does not lead to the root that was signed", w->index);
}

int audit_log_receipt(struct audit_log *log, uint64_t seq, struct buf *out, struct reeve_error *err)
{
    if (seq >= log->signed_head.size)
        return base_fail(err, REEVE_ENOENT,
                         "there is no signed record %" PRIu64 "; the log has "
                         "%" PRIu64,
                         seq, log->signed_head.size);
    auto_free struct proof_walk *w = calloc(1, sizeof *w);
    if (!w)
        return base_fail(err, REEVE_ENOMEM, "out of memory for a receipt");
    w->index = seq;
    int rc = prove(log, w, err);
    if (rc == 0) {
        struct receipt_parts parts = {.record = buf_view(&w->record),
                                      .index = seq,
                                      .proof = w->proof,
                                      .nproof = w->npath,
                                      .note = buf_view(&log->note)};
        receipt_format(&parts, out);
        if (out->failed)
            rc = base_fail(err, REEVE_ENOMEM, "out of memory for a receipt");
    }
    buf_fini(&w->record);
    return rc;
}
