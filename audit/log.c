/*
 * Appending: records and releases are queued by any thread, then made durable in one batch by the
 * one that flushes, with the keeper's head and SQLite's commit in parallel; meanwhile the next
 * batch fills. Opening is in log_open.c, reading in log_read.c.
 */
#include "audit/log.h"

#include <inttypes.h>

const char *audit_condition_name(enum audit_condition c)
{
#define X(id, name) name,
    static const char *const names[] = {AUDIT_CONDITION_TABLE(X)};
#undef X
    return (size_t)c < BASE_COUNT(names) ? names[c] : NULL;
}

void log_rows_read(struct audit_log *log)
{
    pthread_mutex_lock(&log->rows);
    while (atomic_load(&log->commit_waits))
        base_cond_wait(&log->committed, &log->rows);
}

void log_rows_change(struct audit_log *log)
{
    atomic_store(&log->commit_waits, true);
    pthread_mutex_lock(&log->rows);
    atomic_store(&log->commit_waits, false);
}

void log_rows_leave(struct audit_log *log)
{
    (void)pthread_cond_broadcast(&log->committed);
    pthread_mutex_unlock(&log->rows);
}

void log_set_phase(struct audit_log *log, enum log_phase phase)
{
    log_rows_change(log);
    pthread_mutex_lock(&log->queue);
    log->phase = phase;
    pthread_mutex_unlock(&log->queue);
    log_rows_leave(log);
}

/* ---- queueing ---- */

static uint64_t next_of(const struct audit_log *log)
{
    return log->base + log->filling->nrecords;
}

uint64_t audit_log_next(struct audit_log *log)
{
    pthread_mutex_lock(&log->queue);
    uint64_t next = next_of(log);
    pthread_mutex_unlock(&log->queue);
    return next;
}

bool audit_log_pending(struct audit_log *log)
{
    struct audit_room room;
    audit_log_room(log, &room);
    return room.in_flight || room.nrecords || room.nreleases;
}

void audit_log_room(struct audit_log *log, struct audit_room *out)
{
    pthread_mutex_lock(&log->queue);
    *out = (struct audit_room){.nrecords = log->filling->nrecords,
                               .nreleases = log->filling->nreleases,
                               .plan = plans_queue_has_room(&log->filling->plans),
                               .in_flight = log->flight.queue != NULL};
    pthread_mutex_unlock(&log->queue);
}

/* Whether the log takes anything at all. */
static int check_open(const struct audit_log *log, struct reeve_error *err)
{
    if (log->condition != AUDIT_OK)
        return base_fail(err, REEVE_EDAMAGED, "the log is %s from record %" PRIu64 " on: %s",
                         audit_condition_name(log->condition), log->first_bad, log->detail);
    if (log->phase == LOG_ALONE)
        return base_fail(err, REEVE_EHELPERS, "the keeper has ended; the log takes nothing more");
    return 0;
}

static int check_room(const struct audit_log *log, uint32_t queued, uint32_t max, const char *what,
                      struct reeve_error *err)
{
    int rc = check_open(log, err);
    if (rc)
        return rc;
    if (queued == max)
        return base_fail(err, REEVE_EBUSY, "a batch takes at most %u %s; flush first", max, what);
    return 0;
}

/* What stands at the queue's end from `at` on, as a record of this sequence. */
static int check_record(struct audit_log *log, enum record_kind keepers, struct str record,
                        uint64_t seq, struct reeve_error *err)
{
    struct record_info info;
    int rc = record_read(&log->reader, record, &info, err);
    if (rc == REEVE_ENOMEM)
        return rc;
    if (rc || info.seq != seq)
        return base_fail(err, REEVE_EINVAL,
                         "a record must be JSON of at most %u bytes with \"seq\" %" PRIu64,
                         AUDIT_MAX_RECORD, seq);
    if (info.kind != keepers && (info.kind == RECORD_RELEASE || info.kind == RECORD_ROTATION))
        return base_fail(err, REEVE_EINVAL,
                         "a record of type \"%s\" is the keeper's to write; ask for one",
                         info.kind == RECORD_RELEASE ? "release" : "rotation");
    return 0;
}

/* With the queue locked. */
static int make_record(struct audit_log *log, enum record_kind keepers, audit_make_fn *make,
                       void *arg, uint64_t seq, struct reeve_error *err)
{
    struct log_queue *q = log->filling;
    int rc = check_room(log, q->nrecords, KEEPER_MAX_LEAVES, "records", err);
    if (rc)
        return rc;
    const size_t before = q->bytes.len;
    rc = make(arg, seq, &q->bytes, err);
    if (rc == 0 && q->bytes.failed)
        rc = base_fail(err, REEVE_ENOMEM, "out of memory for a record");
    struct str record = {q->bytes.data + before, q->bytes.len - before};
    if (rc == 0)
        rc = check_record(log, keepers, record, seq, err);
    if (rc) {
        q->bytes.len = before;
        q->bytes.failed = false;
        return rc;
    }
    q->length[q->nrecords] = (uint32_t)record.n;
    tree_leaf_hash(record.p, record.n, q->leaf[q->nrecords++]);
    return 0;
}

int log_make(struct audit_log *log, enum record_kind keepers, audit_make_fn *make, void *arg,
             uint64_t *seq, struct reeve_error *err)
{
    pthread_mutex_lock(&log->queue);
    *seq = next_of(log);
    int rc = make_record(log, keepers, make, arg, *seq, err);
    pthread_mutex_unlock(&log->queue);
    return rc;
}

int audit_log_make(struct audit_log *log, audit_make_fn *make, void *arg, uint64_t *seq,
                   struct reeve_error *err)
{
    return log_make(log, RECORD_OTHER, make, arg, seq, err);
}

static int copy_record(void *arg, uint64_t seq, struct buf *out, struct reeve_error *err)
{
    (void)seq, (void)err;
    buf_str(out, *(const struct str *)arg);
    return 0;
}

int audit_log_append(struct audit_log *log, struct str record, struct reeve_error *err)
{
    uint64_t seq;
    return audit_log_make(log, copy_record, &record, &seq, err);
}

/* With the queue locked. */
static int ask_release(struct audit_log *log, const struct keeper_asked *asked,
                       struct reeve_error *err)
{
    struct log_queue *q = log->filling;
    int rc = check_room(log, q->nreleases, KEEPER_MAX_RELEASES, "releases", err);
    if (rc)
        return rc;
    if (asked->decision >= next_of(log))
        return base_fail(err, REEVE_EINVAL,
                         "a release names record %" PRIu64 " as its decision; the last is %" PRIu64,
                         asked->decision, next_of(log) - 1);
    int64_t now_ns = base_boottime_ns();
    if (asked->expires_ns <= now_ns || asked->expires_ns - now_ns > KEEPER_MAX_EXPIRY_NS)
        return base_fail(err, REEVE_EINVAL, "a release expires after now and within 60 s");
    q->release[q->nreleases++] = *asked;
    return 0;
}

int audit_log_release(struct audit_log *log, uint64_t decision, const uint8_t plan[BASE_SHA256],
                      int64_t expires_ns, struct reeve_error *err)
{
    struct keeper_asked asked = {.decision = decision, .expires_ns = expires_ns};
    memcpy(asked.plan, plan, BASE_SHA256);
    pthread_mutex_lock(&log->queue);
    int rc = ask_release(log, &asked, err);
    pthread_mutex_unlock(&log->queue);
    return rc;
}

/* ---- flushing ---- */

/* What expired while it was queued is not sent: the keeper would refuse the whole batch. */
static void drop_lapsed(struct log_flight *f)
{
    const struct log_queue *q = f->queue;
    int64_t now_ns = base_boottime_ns() + 1000000; /* the frame is on its way that long at most */
    f->batch.nreleases = 0;
    for (uint32_t i = 0; i < q->nreleases; i++) {
        f->lapsed[i] = q->release[i].expires_ns <= now_ns;
        if (!f->lapsed[i])
            f->batch.release[f->batch.nreleases++] = q->release[i];
    }
}

int log_take_off(struct audit_log *log, size_t ntokens, struct reeve_error *err)
{
    struct log_flight *f = &log->flight;
    pthread_mutex_lock(&log->queue);
    struct log_queue *q = log->filling;
    int rc = check_open(log, err);
    if (rc == 0 && ntokens < q->nreleases)
        rc = base_fail(err, REEVE_EINVAL, "%u tokens are due and there is room for %zu",
                       q->nreleases, ntokens);
    if (rc == 0) {
        f->queue = q;
        f->batch.nleaves = q->nrecords;
        drop_lapsed(f);
        f->opened = false;
        log->filling = &log->queues[q == &log->queues[0]];
        log->base += f->batch.nleaves + f->batch.nreleases;
        if (log->seal_wanted)
            log_open_queue(log->filling);
        log->seal_wanted = false;
    }
    pthread_mutex_unlock(&log->queue);
    if (rc == 0)
        memcpy(f->batch.leaf, q->leaf, (size_t)f->batch.nleaves * BASE_SHA256);
    return rc;
}

static int write_rows(struct audit_log *log, struct reeve_error *err)
{
    const struct log_flight *f = &log->flight;
    const struct keeper_batch *b = &f->batch;
    struct log_rows rows = {.from = b->size, .n = b->nleaves + b->nreleases, .leaf = f->leaf};
    const char *at = f->queue->bytes.data;
    uint32_t first = f->queue->opens;
    if (first)
        rows.record[0] = buf_view(&f->queue->opening);
    for (uint32_t i = first; i < b->nleaves; i++) {
        rows.record[i] = (struct str){at, f->queue->length[i]};
        at += f->queue->length[i];
    }
    for (uint32_t i = 0; i < b->nreleases; i++)
        rows.record[b->nleaves + i] =
            (struct str){f->records.release[i].text, f->records.release[i].bytes};
    log_rows_change(log);
    int rc = log_db_write(&log->store.live, &rows, err);
    if (rc == 0)
        log_count_bytes(log, &rows);
    if (rc == REEVE_EDAMAGED)
        log_condemn(log, AUDIT_DAMAGED, log->edge.size, "%s", err->message);
    log_rows_leave(log);
    return rc;
}

/* Tokens in the order in which releases were queued; a lapsed one has a token that is none. */
static void hand_out(const struct log_flight *f, const struct keeper_grants *grants,
                     struct token *tokens, size_t *ntokens)
{
    uint32_t given = 0;
    for (uint32_t i = 0; i < f->queue->nreleases; i++)
        tokens[i] =
            f->lapsed[i] ? (struct token){.seq = AUDIT_NOT_RELEASED} : grants->token[given++];
    *ntokens = f->queue->nreleases;
}

static void land(struct audit_log *log)
{
    pthread_mutex_lock(&log->queue);
    struct log_queue *q = log->flight.queue;
    buf_reset(&q->bytes);
    buf_reset(&q->opening);
    q->opens = false;
    plans_queue_reset(&q->plans);
    q->nrecords = q->nreleases = 0;
    log->flight.queue = NULL;
    pthread_mutex_unlock(&log->queue);
    log_set_phase(log, LOG_IDLE);
}

/* What is signed and what can be read are one step. */
static void arrive(struct audit_log *log, const struct keeper_grants *grants)
{
    const struct log_flight *f = &log->flight;
    log_rows_change(log);
    for (uint32_t i = 0; i < f->batch.nleaves + f->batch.nreleases; i++)
        tree_nodes_append(&log->nodes, &log->edge, f->leaf[i]);
    if (log->rotates)
        log_adopt_key(log, log->next_public);
    log->rotates = false;
    log_adopt(log, &f->edge, grants->note, grants->note_bytes);
    log_rows_leave(log);
}

static int make_durable(struct audit_log *log, struct keeper_grants *grants,
                        struct reeve_error *err)
{
    const struct log_flight *f = &log->flight;
    int rc = log->phase == LOG_IDLE ? log_begin_segment(log, err) : 0;
    if (rc == 0 && log->phase == LOG_IDLE)
        rc = log_write_plans(log, err);
    if (rc || f->batch.nleaves + f->batch.nreleases == 0)
        return rc; /* every release had lapsed */
    if (log->phase == LOG_IDLE)
        rc = log_keeper_enter(log, err);
    if (rc == 0)
        rc = write_rows(log, err);
    if (rc == 0)
        rc = log_keeper_commit(log, &f->edge, f->batch.nreleases, grants, err);
    if (rc == 0)
        arrive(log, grants);
    return rc;
}

/* A batch that did not commit may try again, unless it never can. */
static int check_flight(struct audit_log *log, struct reeve_error *err)
{
    pthread_mutex_lock(&log->queue);
    int rc = check_open(log, err);
    pthread_mutex_unlock(&log->queue);
    return rc;
}

int audit_log_flush(struct audit_log *log, struct token *tokens, size_t *ntokens,
                    struct reeve_error *err)
{
    struct reeve_error local;
    struct keeper_grants grants;
    int rc = log->flight.queue ? check_flight(log, err) : log_take_off(log, *ntokens, err);
    if (rc == 0)
        rc = make_durable(log, &grants, err ? err : &local);
    if (rc)
        return rc;
    hand_out(&log->flight, &grants, tokens, ntokens);
    land(log);
    return 0;
}
