/*
 * A file of the log ends and the next one begins: between two batches, by the thread that flushes.
 * The record that begins it has the checkpoint of all before, so it can be made only then; its
 * sequence is kept free from when its batch began to fill.
 */
#include "audit/log.h"
#include "audit/segment_record.h"

/* What a row takes on the disk beyond its record, about: leaf, sequence, and SQLite's own. */
enum { ROW_BYTES = 80 };

void audit_log_segmenting(struct audit_log *log, const struct audit_segmenting *how)
{
    pthread_mutex_lock(&log->queue);
    log->segmenting = *how;
    pthread_mutex_unlock(&log->queue);
}

void log_open_queue(struct log_queue *q)
{
    q->opens = true;
    q->nrecords = 1;
    q->length[0] = 0;
}

/* With the queue locked: whether what fills begins a file; if not, what fills next will. */
static bool reserve(struct audit_log *log)
{
    struct log_queue *q = log->filling;
    if (!log->flight.queue && !q->nrecords && !q->nreleases)
        log_open_queue(q);
    log->seal_wanted = !q->opens;
    return q->opens;
}

void audit_log_want_seal(struct audit_log *log)
{
    pthread_mutex_lock(&log->queue);
    (void)reserve(log);
    pthread_mutex_unlock(&log->queue);
}

void log_count_bytes(struct audit_log *log, const struct log_rows *rows)
{
    struct log_store *s = &log->store;
    for (uint32_t i = 0; i < rows->n; i++)
        s->live_bytes += rows->record[i].n + ROW_BYTES;
    if (log->segmenting.max_bytes && s->live_bytes >= log->segmenting.max_bytes)
        audit_log_want_seal(log);
}

int audit_log_seal(struct audit_log *log, uint64_t *seq, struct reeve_error *err)
{
    pthread_mutex_lock(&log->queue);
    bool opens = log->filling->opens || (log->flight.queue && log->flight.queue->opens);
    int rc = 0;
    *seq = log->base;
    uint64_t first = log->store.live.first;
    if (!opens && log->base - first <= (first > 0))
        rc = base_fail(err, REEVE_EINVAL, "the newest file has no record yet");
    else if (!reserve(log))
        rc = base_fail(err, REEVE_EBUSY, "a batch is on its way; flush first");
    pthread_mutex_unlock(&log->queue);
    return rc;
}

/* ---- the record ---- */

static int make_record(struct audit_log *log, struct reeve_error *err)
{
    struct log_flight *f = &log->flight;
    const struct segments *sealed = &log->store.segments;
    const struct audit_segmenting *how = &log->segmenting;
    const struct segment *last = &sealed->v[sealed->n - 1];
    const struct audit_segment_end end = {
        last->first, last->last, {log->note, log->note_bytes}, &log->edge};
    struct buf *out = &f->queue->opening;
    buf_reset(out);
    int rc = segment_record_write(&end, how->put, how->arg, out, err);
    if (rc)
        return rc;
    tree_leaf_hash(out->data, out->len, f->queue->leaf[0]);
    memcpy(f->batch.leaf[0], f->queue->leaf[0], BASE_SHA256);
    f->opened = true;
    return 0;
}

static int seal(struct audit_log *log, struct reeve_error *err)
{
    log_check_signature(log); /* what is signed ends the file */
    if (log->condition != AUDIT_OK)
        return base_fail(err, REEVE_EDAMAGED, "%s", log->detail);
    int rc = log_store_seal(&log->store, log->edge.size, err);
    if (rc == REEVE_EDAMAGED)
        log_condemn(log, AUDIT_DAMAGED, log->store.live.first, "%s", err->message);
    return rc ? rc : make_record(log, err);
}

int log_begin_segment(struct audit_log *log, struct reeve_error *err)
{
    const struct log_flight *f = &log->flight;
    if (!f->queue->opens || f->opened)
        return 0;
    log_rows_change(log);
    int rc = seal(log, err);
    log_rows_leave(log);
    return rc;
}

/* ---- the files ---- */

/* With the rows locked. */
static int copy_list(const struct log_store *s, struct segments *out, struct reeve_error *err)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < s->segments.n; i++)
        rc = segments_add(out, &s->segments.v[i], err);
    return rc;
}

static bool give_sealed(const struct log_store *s, const struct segment *one,
                        int (*fn)(void *arg, const struct audit_segment *s), void *arg)
{
    char name[SEGMENT_MAX_NAME];
    segment_name(one, name);
    const struct audit_segment out = {.first = one->first,
                                      .last = one->last,
                                      .bytes = segment_bytes(s->dir_fd, name),
                                      .sealed = true,
                                      .pruned = one->pruned};
    return fn(arg, &out) == 0;
}

int audit_log_segments(struct audit_log *log, int (*fn)(void *arg, const struct audit_segment *s),
                       void *arg, struct reeve_error *err)
{
    struct segments list = {0};
    log_rows_read(log);
    struct audit_segment live = {
        .first = log->store.live.first, .last = log->edge.size - 1, .bytes = log->store.live_bytes};
    int rc = copy_list(&log->store, &list, err);
    log_rows_leave(log);
    bool more = rc == 0;
    for (size_t i = 0; more && i < list.n; i++)
        more = give_sealed(&log->store, &list.v[i], fn, arg);
    if (more)
        (void)fn(arg, &live);
    segments_fini(&list);
    return rc;
}
