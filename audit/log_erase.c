/*
 * Taking the bytes of records away for good: of one on request, or of a file whose time is over.
 * That it was done is recorded first, so a crash in between leaves a record that says more than was
 * done, and the next start does the rest. Leaves stay, and with them every proof.
 */
#include "audit/log.h"

#include <inttypes.h>

static int check_condition(const struct audit_log *log, struct reeve_error *err)
{
    return log->condition == AUDIT_OK
               ? 0
               : base_fail(err, REEVE_EDAMAGED, "the log is %s: %s",
                           audit_condition_name(log->condition), log->detail);
}

/* ---- a sealed file ---- */

/*
 * It is written anew while others read the old one, and takes its place in a moment; what was
 * erased on request is overwritten when nobody has the old file any more. With `rewriting` locked:
 * of two that were made of the same file the second would bring back what the first took away.
 */
static int rewrite(struct audit_log *log, size_t at, const struct segment_without *without,
                   struct reeve_error *err)
{
    struct log_store *s = &log->store;
    char temporary[SEGMENT_MAX_NAME];
    int old_fd = -1;
    log_rows_read(log);
    struct segment one = s->segments.v[at];
    log_rows_leave(log);
    int rc = segment_prepare(s->dir_fd, s->dir, &one, without, temporary, err);
    if (rc)
        return rc;
    log_rows_change(log);
    rc = segment_replace(s->dir_fd, &s->segments.v[at], without, temporary, &old_fd, err);
    log_store_changed(s, at);
    log_rows_leave(log);
    if (rc == 0 && !without->prune)
        rc = segment_overwrite(old_fd, err);
    fd_close(&old_fd);
    return rc;
}

/* Segments stay in their places; `*at` is their number where none has this sequence. */
static int find_segment(struct audit_log *log, uint64_t seq, size_t *at, struct segment *out,
                        struct reeve_error *err)
{
    const struct segments *segments = &log->store.segments;
    log_rows_read(log);
    int rc = check_condition(log, err);
    *at = segments_find(segments, seq);
    *out = *at < segments->n ? segments->v[*at] : (struct segment){0};
    bool found = *at < segments->n;
    log_rows_leave(log);
    return rc ? rc : found ? 0 : REEVE_ENOENT;
}

int audit_log_prune(struct audit_log *log, uint64_t first, struct reeve_error *err)
{
    struct segment one;
    size_t at;
    pthread_mutex_lock(&log->rewriting);
    int rc = find_segment(log, first, &at, &one, err);
    if (rc == REEVE_ENOENT || (rc == 0 && one.first != first))
        rc = base_fail(err, REEVE_ENOENT, "no sealed file begins with record %" PRIu64, first);
    const struct segment_without without = {one.first, one.last, true};
    if (rc == 0 && !one.pruned)
        rc = rewrite(log, at, &without, err);
    pthread_mutex_unlock(&log->rewriting);
    return rc;
}

/* ---- records ---- */

static int erase_live(struct audit_log *log, uint64_t from, uint64_t to, struct reeve_error *err)
{
    log_rows_change(log);
    int rc = log_db_erase(&log->store.live, from, to, err);
    log_rows_leave(log);
    return rc;
}

/* Wherever they are: of the rest, once a file is done. */
static int erase(struct audit_log *log, uint64_t from, uint64_t to, struct reeve_error *err)
{
    int rc = 0;
    while (rc == 0 && from <= to) {
        struct segment one;
        size_t at;
        const struct segment_without without = {.from = from, .to = to};
        rc = find_segment(log, from, &at, &one, err);
        if (rc == REEVE_ENOENT)
            return erase_live(log, from, to, err);
        if (rc == 0)
            rc = rewrite(log, at, &without, err);
        from = one.last + 1;
    }
    return rc;
}

int audit_log_erase(struct audit_log *log, uint64_t seq, struct reeve_error *err)
{
    pthread_mutex_lock(&log->rewriting);
    int rc = erase(log, seq, seq, err);
    pthread_mutex_unlock(&log->rewriting);
    return rc;
}

int log_finish_erasures(struct audit_log *log, struct audit_found *found, struct reeve_error *err)
{
    struct log_store *s = &log->store;
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < s->segments.n; i++)
        rc = segment_remove_leftover(s->dir_fd, &s->segments.v[i], err);
    for (size_t i = 0; rc == 0 && i < found->nunerased; i++) {
        const struct audit_unerased *u = &found->unerased[i];
        rc = u->prune ? audit_log_prune(log, u->first, err) : erase(log, u->first, u->last, err);
    }
    return rc;
}
