/*
 * Reading an open log: rows, and what was signed last. Works on a log of any condition, as far as
 * its database can be read. Proofs are in log_prove.c.
 */
#include "audit/log.h"

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
int log_read_rows(struct audit_log *log, uint64_t from, uint64_t max, audit_row_fn *fn, void *arg,
                  struct reeve_error *err)
{
    struct reading r = {.fn = fn, .arg = arg};
    if (log->condition == AUDIT_OK) {
        uint64_t left = from < log->edge.size ? log->edge.size - from : 0;
        max = max < left ? max : left;
    }
    if (from > INT64_MAX)
        return 0;
    int rc = log_store_scan(&log->store, (int64_t)from, max, take_row, &r, err);
    if (rc == 0 && r.malformed)
        return base_fail(err, REEVE_EDAMAGED,
                         "row %" PRIu64 " has another form than the log writes", r.next);
    return rc;
}

int audit_log_read(struct audit_log *log, uint64_t from, uint64_t max, audit_row_fn *fn, void *arg,
                   struct reeve_error *err)
{
    log_rows_read(log);
    int rc = log_read_rows(log, from, max, fn, arg, err);
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
                               .condition = log->condition,
                               .first_bad = log->first_bad};
    memcpy(out->root, log->signed_root, sizeof out->root);
    memcpy(out->text, log->note, log->note_bytes);
    memcpy(out->why, log->detail, sizeof out->why);
    out->note = (struct str){out->text, log->note_bytes};
    out->vkey.n = log->vkey.len < sizeof out->key ? log->vkey.len : 0;
    memcpy(out->key, log->vkey.data, out->vkey.n);
    out->vkey.p = out->key;
    log_rows_leave(log);
    out->detail = str_of(out->why);
}
