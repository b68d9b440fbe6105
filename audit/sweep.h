/*
 * Plans that no decision names any more, since it was erased or its time is over, are taken away.
 * First all of them are looked for in the log, by any thread and in slices; then, by the thread
 * that queues plans and records, in what came meanwhile: of a plan that it queued it has queued the
 * decision too.
 */
#ifndef AUDIT_SWEEP_H
#define AUDIT_SWEEP_H

#include "audit/audit.h"

/** Some of the plans; zero-initialised: none was looked at yet. For one thread at a time. */
struct audit_sweep {
    uint8_t (*digest)[BASE_SHA256]; /* ascending */
    bool *named;
    size_t n;
    uint8_t after[BASE_SHA256]; /* the last of those that were looked at before */
    bool more;                  /* there are some behind these */
    uint64_t through;           /* records below it were looked into */
    size_t at;                  /* those before it are dropped, or named */
    uint64_t dropped;           /* of all */
};
void audit_sweep_fini(struct audit_sweep *s);

/** Take the next of the plans, all if they are not very many, and look through all durable records.
 * REEVE_ENOMEM; what reading log and plans returns. */
int audit_sweep_mark(struct audit_log *log, struct audit_sweep *s, struct reeve_error *err);
/**
 * Drop up to `max` of those that no record names, queued or durable. `*done`: all of these are, and
 * where `s->more` the next ones can be marked. Errors as before, and REEVE_EIO: they are there
 * still.
 */
int audit_sweep_drop(struct audit_log *log, struct audit_sweep *s, unsigned max, bool *done,
                     struct reeve_error *err);

#endif
