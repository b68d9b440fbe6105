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

int audit_log_erase(struct audit_log *log, uint64_t seq, struct reeve_error *err)
{
    log_rows_change(log);
    int rc = check_condition(log, err);
    if (rc == 0)
        rc = log_store_erase(&log->store, seq, seq, err);
    log_rows_leave(log);
    return rc;
}

/* With the rows locked: nobody looks for the old file's name. */
static int replace(struct log_store *s, size_t at, const struct segment_without *without,
                   const char *temporary, struct reeve_error *err)
{
    int rc = segment_replace(s->dir_fd, &s->segments.v[at], without, temporary, err);
    log_store_changed(s, at);
    if (rc == 0)
        s->segments.v[at].pruned = true;
    return rc;
}

int audit_log_prune(struct audit_log *log, uint64_t first, struct reeve_error *err)
{
    struct segment one = {0};
    struct log_store *s = &log->store;
    char temporary[SEGMENT_MAX_NAME];
    log_rows_read(log);
    int rc = check_condition(log, err);
    size_t at = segments_find(&s->segments, first); /* segments stay in their places */
    if (rc == 0 && (at == s->segments.n || s->segments.v[at].first != first))
        rc = base_fail(err, REEVE_ENOENT, "no sealed file begins with record %" PRIu64, first);
    if (rc == 0)
        one = s->segments.v[at];
    log_rows_leave(log);
    if (rc || one.pruned)
        return rc;
    const struct segment_without without = {one.first, one.last, true};
    rc = segment_prepare(s->dir_fd, s->dir, &one, &without, temporary, err);
    if (rc)
        return rc;
    log_rows_change(log);
    rc = replace(s, at, &without, temporary, err);
    log_rows_leave(log);
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
        rc = u->prune ? audit_log_prune(log, u->first, err)
                      : log_store_erase(s, u->first, u->last, err);
    }
    return rc;
}
