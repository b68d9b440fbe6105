/*
 * Appending: records and releases are queued, then made durable in one batch, with the keeper's
 * head and SQLite's commit in parallel. Opening is in log_open.c, reading in log_read.c.
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

uint64_t audit_log_next(const struct audit_log *log)
{
    return log->phase == LOG_ENTERED ? log->entered_edge.size : log->edge.size + log->batch.nleaves;
}

bool audit_log_pending(const struct audit_log *log)
{
    return log->phase == LOG_ENTERED || log->batch.nleaves > 0 || log->queued_releases > 0;
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
    if (log->phase == LOG_ENTERED)
        return base_fail(err, REEVE_EBUSY, "a batch waits to be committed; flush first");
    if (queued == max)
        return base_fail(err, REEVE_EBUSY, "a batch takes at most %u %s; flush first", max, what);
    return 0;
}

int audit_log_append(struct audit_log *log, struct str record, struct reeve_error *err)
{
    struct keeper_batch *b = &log->batch;
    struct record_info info;
    int rc = check_room(log, b->nleaves, KEEPER_MAX_LEAVES, "records", err);
    if (rc)
        return rc;
    rc = record_read(&log->reader, record, &info, err);
    if (rc == REEVE_ENOMEM)
        return rc;
    if (rc || info.seq != audit_log_next(log))
        return base_fail(err, REEVE_EINVAL,
                         "a record must be JSON of at most %u bytes with \"seq\" %" PRIu64,
                         AUDIT_MAX_RECORD, audit_log_next(log));
    if (info.kind == RECORD_RELEASE)
        return base_fail(err, REEVE_EINVAL,
                         "a record of type \"release\" is the keeper's to write; ask for one");
    buf_put(&log->bytes, record.p, record.n);
    if (log->bytes.failed)
        return base_fail(err, REEVE_ENOMEM, "out of memory for a record");
    log->length[b->nleaves] = (uint32_t)record.n;
    tree_leaf_hash(record.p, record.n, b->leaf[b->nleaves++]);
    return 0;
}

int audit_log_release(struct audit_log *log, uint64_t decision, const uint8_t plan[BASE_SHA256],
                      int64_t expires_ns, struct reeve_error *err)
{
    uint32_t i = log->queued_releases;
    int rc = check_room(log, i, KEEPER_MAX_RELEASES, "releases", err);
    if (rc)
        return rc;
    if (decision >= audit_log_next(log))
        return base_fail(err, REEVE_EINVAL,
                         "a release names record %" PRIu64 " as its decision; the last is %" PRIu64,
                         decision, audit_log_next(log) - 1);
    int64_t now_ns = base_boottime_ns();
    if (expires_ns <= now_ns || expires_ns - now_ns > KEEPER_MAX_EXPIRY_NS)
        return base_fail(err, REEVE_EINVAL, "a release expires after now and within 60 s");
    log->batch.release[i].decision = decision;
    log->batch.release[i].expires_ns = expires_ns;
    memcpy(log->batch.release[i].plan, plan, BASE_SHA256);
    log->queued_releases++;
    return 0;
}

/* ---- flushing ---- */

/* What expired while it was queued is not sent: the keeper would refuse the whole batch. */
static void drop_lapsed(struct audit_log *log)
{
    struct keeper_batch *b = &log->batch;
    int64_t now_ns = base_boottime_ns() + 1000000; /* the frame is on its way that long at most */
    b->nreleases = 0;
    for (uint32_t i = 0; i < log->queued_releases; i++) {
        log->lapsed[i] = b->release[i].expires_ns <= now_ns;
        if (!log->lapsed[i])
            b->release[b->nreleases++] = b->release[i];
    }
}

static int write_rows(struct audit_log *log, struct reeve_error *err)
{
    const struct keeper_batch *b = &log->batch;
    struct log_rows rows = {.from = b->size, .n = b->nleaves + b->nreleases, .leaf = log->leaf};
    const char *at = log->bytes.data;
    for (uint32_t i = 0; i < b->nleaves; i++) {
        rows.record[i] = (struct str){at, log->length[i]};
        at += log->length[i];
    }
    for (uint32_t i = 0; i < b->nreleases; i++)
        rows.record[b->nleaves + i] =
            (struct str){log->records.release[i].text, log->records.release[i].bytes};
    int rc = log_db_write(&log->db, &rows, err);
    if (rc == REEVE_EDAMAGED)
        log_condemn(log, AUDIT_DAMAGED, log->edge.size, "%s", err->message);
    return rc;
}

/* Tokens in the order in which releases were queued; a lapsed one has a token that is none. */
static void hand_out(const struct audit_log *log, const struct keeper_grants *grants,
                     struct token *tokens, size_t *ntokens)
{
    uint32_t given = 0;
    for (uint32_t i = 0; i < log->queued_releases; i++)
        tokens[i] =
            log->lapsed[i] ? (struct token){.seq = AUDIT_NOT_RELEASED} : grants->token[given++];
    *ntokens = log->queued_releases;
}

static void begin_queue(struct audit_log *log)
{
    memset(&log->batch, 0, sizeof log->batch);
    log->queued_releases = 0;
    buf_reset(&log->bytes);
    log->phase = LOG_QUEUEING;
}

static int make_durable(struct audit_log *log, struct keeper_grants *grants,
                        struct reeve_error *err)
{
    int rc = 0;
    if (log->phase == LOG_QUEUEING)
        rc = log_keeper_enter(log, err);
    if (rc == 0)
        rc = write_rows(log, err);
    if (rc == 0)
        rc = log_keeper_commit(log, &log->entered_edge, log->batch.nreleases, grants, err);
    return rc;
}

int audit_log_flush(struct audit_log *log, struct token *tokens, size_t *ntokens,
                    struct reeve_error *err)
{
    struct reeve_error local;
    struct keeper_grants grants;
    int rc = check_open(log, err);
    if (rc)
        return rc;
    if (*ntokens < log->queued_releases)
        return base_fail(err, REEVE_EINVAL, "%u tokens are due and there is room for %zu",
                         log->queued_releases, *ntokens);
    if (log->phase == LOG_QUEUEING)
        drop_lapsed(log);
    if (log->phase == LOG_ENTERED || log->batch.nleaves + log->batch.nreleases > 0) {
        rc = make_durable(log, &grants, err ? err : &local);
        if (rc)
            return rc;
        log->edge = log->entered_edge;
    }
    hand_out(log, &grants, tokens, ntokens);
    begin_queue(log);
    return 0;
}
