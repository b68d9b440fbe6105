/*
 * The bytes of plans, each under the SHA-256 that records name it by: `plans.db` beside the log,
 * a table from digest to bytes. The log writes a plan before the keeper is told of the batch whose
 * record names it. Used by the log (with its `rows` locked) and by copy.c; knows nothing of either.
 */
#ifndef AUDIT_PLANS_H
#define AUDIT_PLANS_H

#include "audit/audit.h"
#include "audit/database.h"
#include "core/plan.h"

#define PLANS_DB_NAME    "plans.db"
#define PLANS_MAX_QUEUED 64u /* of one batch */

/** Plans on their way into the file; zero-initialised. */
struct plans_queue {
    struct buf bytes; /* one after the other */
    uint32_t n;
    struct plans_entry {
        uint8_t digest[BASE_SHA256];
        uint32_t length;
    } plan[PLANS_MAX_QUEUED];
};

/** Whether a plan of any length fits. */
bool plans_queue_has_room(const struct plans_queue *q);
/** Add one, of 1 to PLAN_MAX_BYTES bytes, or nothing where its digest is there already.
 * REEVE_EBUSY: there is no room; REEVE_EINVAL: it is no plan by its length; REEVE_ENOMEM. */
int plans_queue_add(struct plans_queue *q, const uint8_t digest[BASE_SHA256], struct str plan,
                    struct reeve_error *err);
/** Empty again, memory kept. */
void plans_queue_reset(struct plans_queue *q);
void plans_queue_fini(struct plans_queue *q);

enum plans_stmt {
    PLANS_BEGIN,
    PLANS_COMMIT,
    PLANS_ROLLBACK,
    PLANS_INSERT,
    PLANS_FIND,
    PLANS_LIST,
    PLANS_DELETE,
    PLANS_STMTS
};

/** The file; zero-initialised: there is none. */
struct plans {
    sqlite3 *sqlite; /* NULL: there is none that can be read */
    bool unreadable; /* then: what is there is no such file */
    sqlite3_stmt *stmt[PLANS_STMTS];
};

/** database_open of `dir`/plans.db. What is not good reads as `found` says: absent or unreadable.
 */
int plans_open(struct plans *p, int dir_fd, const char *dir, bool create,
               enum database_found *found, struct reeve_error *err);
void plans_close(struct plans *p, bool keep_wal);

/** Whether there is a file, readable or not. */
static inline bool plans_are_there(const struct plans *p)
{
    return p->sqlite || p->unreadable;
}
/**
 * Write what is queued, durably, in one transaction, but for plans that are there already; none
 * where all are, or nothing is queued. REEVE_EDAMAGED: the file is, or has other bytes under such a
 * digest; REEVE_EIO: it can be tried again.
 */
int plans_write(struct plans *p, const struct plans_queue *q, struct reeve_error *err);
/** Append the plan's bytes to `out`, as they are kept: that they hash to `digest` is for the caller
 * to see. REEVE_ENOENT: there is none; REEVE_EDAMAGED: the file cannot be read. */
int plans_read(struct plans *p, const uint8_t digest[BASE_SHA256], struct buf *out,
               struct reeve_error *err);

/** Up to `max` digests behind `after`, ascending (memcmp), and how many. REEVE_EDAMAGED, REEVE_EIO.
 */
int plans_list(struct plans *p, const uint8_t after[BASE_SHA256], unsigned max,
               uint8_t (*out)[BASE_SHA256], unsigned *n, struct reeve_error *err);
/** Delete `n` of them, in one transaction, here and in the WAL. REEVE_EDAMAGED, REEVE_EIO. */
int plans_delete(struct plans *p, const uint8_t *const *digest, unsigned n,
                 struct reeve_error *err);

#endif
