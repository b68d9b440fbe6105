/* See plans.h. */
#include "audit/plans.h"

#define SCHEMA "CREATE TABLE plan(digest BLOB PRIMARY KEY, bytes BLOB NOT NULL) WITHOUT ROWID"

static const char *const statement[PLANS_STMTS] = {
    [PLANS_BEGIN] = "BEGIN IMMEDIATE",
    [PLANS_COMMIT] = "COMMIT",
    [PLANS_ROLLBACK] = "ROLLBACK",
    [PLANS_INSERT] = "INSERT INTO plan(digest, bytes) VALUES(?1, ?2)",
    [PLANS_FIND] = "SELECT bytes FROM plan WHERE digest = ?1",
    [PLANS_LIST] = "SELECT digest FROM plan WHERE digest > ?1 ORDER BY digest LIMIT ?2",
    [PLANS_DELETE] = "DELETE FROM plan WHERE digest = ?1",
};

static const struct database_form form = {
    .name = PLANS_DB_NAME,
    .whose = "that of plans",
    .schema = SCHEMA,
    .statement = statement,
    .nstatements = PLANS_STMTS,
};

static int fail(struct plans *p, const char *what, struct reeve_error *err)
{
    return database_fail(p->sqlite, PLANS_DB_NAME, what, err);
}

/* ---- queueing ---- */

bool plans_queue_has_room(const struct plans_queue *q)
{
    return q->n < PLANS_MAX_QUEUED && q->bytes.len + PLAN_MAX_BYTES <= AUDIT_MAX_PLANS_BYTES;
}

static bool is_queued(const struct plans_queue *q, const uint8_t digest[BASE_SHA256])
{
    for (uint32_t i = 0; i < q->n; i++)
        if (memcmp(q->plan[i].digest, digest, BASE_SHA256) == 0)
            return true;
    return false;
}

int plans_queue_add(struct plans_queue *q, const uint8_t digest[BASE_SHA256], struct str plan,
                    struct reeve_error *err)
{
    if (plan.n == 0 || plan.n > PLAN_MAX_BYTES)
        return base_fail(err, REEVE_EINVAL, "a plan has 1 to %u bytes", PLAN_MAX_BYTES);
    if (is_queued(q, digest))
        return 0;
    if (!plans_queue_has_room(q))
        return base_fail(err, REEVE_EBUSY, "a batch takes no more plans; flush first");
    const size_t before = q->bytes.len;
    buf_str(&q->bytes, plan);
    if (q->bytes.failed) {
        q->bytes.len = before;
        q->bytes.failed = false;
        return base_fail(err, REEVE_ENOMEM, "out of memory for a plan");
    }
    struct plans_entry *e = &q->plan[q->n++];
    memcpy(e->digest, digest, BASE_SHA256);
    e->length = (uint32_t)plan.n;
    return 0;
}

void plans_queue_reset(struct plans_queue *q)
{
    buf_reset(&q->bytes);
    q->n = 0;
}

void plans_queue_fini(struct plans_queue *q)
{
    buf_fini(&q->bytes);
    q->n = 0;
}

/* ---- the file ---- */

int plans_open(struct plans *p, int dir_fd, const char *dir, bool create,
               enum database_found *found, struct reeve_error *err)
{
    *p = (struct plans){0};
    int rc = database_open(&form, dir_fd, dir, create, &p->sqlite, p->stmt, found, err);
    p->unreadable = rc == 0 && *found == DATABASE_UNREADABLE;
    return rc;
}

void plans_close(struct plans *p, bool keep_wal)
{
    database_close(&form, &p->sqlite, p->stmt, keep_wal);
    *p = (struct plans){0};
}

/* Look a digest up; `*found` is borrowed until the statement is reset, which the caller does. p ==
 * NULL: there is none. */
static int find(struct plans *p, const uint8_t digest[BASE_SHA256], struct str *found,
                struct reeve_error *err)
{
    sqlite3_stmt *stmt = p->stmt[PLANS_FIND];
    *found = (struct str){0};
    (void)sqlite3_bind_blob(stmt, 1, digest, BASE_SHA256, SQLITE_STATIC);
    int rc = sqlite3_step(stmt);
    if (rc == SQLITE_DONE)
        return 0;
    if (rc != SQLITE_ROW)
        return fail(p, "cannot be read", err);
    int type = sqlite3_column_type(stmt, 0), n = sqlite3_column_bytes(stmt, 0);
    if (type != SQLITE_BLOB || n <= 0 || (uint32_t)n > PLAN_MAX_BYTES)
        return base_fail(err, REEVE_EDAMAGED,
                         PLANS_DB_NAME " has a row of another form than the log writes");
    *found = (struct str){sqlite3_column_blob(stmt, 0), (size_t)n};
    return found->p ? 0 : base_fail(err, REEVE_ENOMEM, "out of memory for a plan");
}

static void let_go(struct plans *p)
{
    (void)sqlite3_reset(p->stmt[PLANS_FIND]);
    (void)sqlite3_clear_bindings(p->stmt[PLANS_FIND]);
}

int plans_read(struct plans *p, const uint8_t digest[BASE_SHA256], struct buf *out,
               struct reeve_error *err)
{
    struct str found;
    if (p->unreadable)
        return base_fail(err, REEVE_EDAMAGED, PLANS_DB_NAME " cannot be read");
    if (!p->sqlite)
        return base_fail(err, REEVE_ENOENT, "there is no " PLANS_DB_NAME);
    int rc = find(p, digest, &found, err);
    if (rc == 0 && !found.p)
        rc = base_fail(err, REEVE_ENOENT, PLANS_DB_NAME " has no plan of this digest");
    if (rc == 0)
        buf_str(out, found);
    let_go(p);
    return rc || !out->failed ? rc : base_fail(err, REEVE_ENOMEM, "out of memory for a plan");
}

/* ---- writing ---- */

/* What is there must be the same: a record would name bytes that it does not mean. */
static int is_there(struct plans *p, const struct plans_entry *e, const char *bytes, bool *there,
                    struct reeve_error *err)
{
    struct str found;
    int rc = find(p, e->digest, &found, err);
    *there = rc == 0 && found.p;
    if (*there && !str_eq(found, (struct str){bytes, e->length}))
        rc = base_fail(err, REEVE_EDAMAGED,
                       PLANS_DB_NAME " has other bytes under the digest of a plan: another process "
                                     "wrote to it");
    let_go(p);
    return rc;
}

static int insert(struct plans *p, const struct plans_entry *e, const char *bytes,
                  struct reeve_error *err)
{
    sqlite3_stmt *stmt = p->stmt[PLANS_INSERT];
    (void)sqlite3_bind_blob(stmt, 1, e->digest, BASE_SHA256, SQLITE_STATIC);
    (void)sqlite3_bind_blob(stmt, 2, bytes, (int)e->length, SQLITE_STATIC);
    int rc = database_run(stmt) ? 0 : fail(p, "takes no plan", err);
    (void)sqlite3_clear_bindings(stmt);
    return rc;
}

/* A transaction is begun with the first that is not there. */
static int write_one(struct plans *p, const struct plans_entry *e, const char *bytes,
                     struct reeve_error *err)
{
    bool there;
    int rc = is_there(p, e, bytes, &there, err);
    if (rc || there)
        return rc;
    if (sqlite3_get_autocommit(p->sqlite) && !database_run(p->stmt[PLANS_BEGIN]))
        return fail(p, "begins no transaction", err);
    return insert(p, e, bytes, err);
}

int plans_write(struct plans *p, const struct plans_queue *q, struct reeve_error *err)
{
    const char *at = q->bytes.data;
    int rc = 0;
    if (q->n && !p->sqlite)
        return base_fail(err, REEVE_EDAMAGED, "there is no " PLANS_DB_NAME " that can be written");
    for (uint32_t i = 0; rc == 0 && i < q->n; i++) {
        rc = write_one(p, &q->plan[i], at, err);
        at += q->plan[i].length;
    }
    if (!q->n || sqlite3_get_autocommit(p->sqlite))
        return rc;
    if (rc == 0 && !database_run(p->stmt[PLANS_COMMIT]))
        rc = fail(p, "does not commit", err);
    if (!sqlite3_get_autocommit(p->sqlite))
        (void)database_run(p->stmt[PLANS_ROLLBACK]);
    return rc;
}

/* ---- taking away ---- */

int plans_list(struct plans *p, const uint8_t after[BASE_SHA256], unsigned max,
               uint8_t (*out)[BASE_SHA256], unsigned *n, struct reeve_error *err)
{
    int rc = SQLITE_DONE;
    *n = 0;
    if (!p->sqlite)
        return 0;
    sqlite3_stmt *stmt = p->stmt[PLANS_LIST];
    (void)sqlite3_bind_blob(stmt, 1, after, BASE_SHA256, SQLITE_STATIC);
    (void)sqlite3_bind_int64(stmt, 2, max);
    while (*n < max && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
        if (sqlite3_column_type(stmt, 0) != SQLITE_BLOB ||
            sqlite3_column_bytes(stmt, 0) != BASE_SHA256)
            break; /* no digest: of another form than the log writes */
        memcpy(out[(*n)++], sqlite3_column_blob(stmt, 0), BASE_SHA256);
    }
    int result = rc == SQLITE_ROW || rc == SQLITE_DONE ? 0 : fail(p, "cannot be read", err);
    (void)sqlite3_reset(stmt);
    (void)sqlite3_clear_bindings(stmt);
    return result;
}

int plans_delete(struct plans *p, const uint8_t *const *digest, unsigned n, struct reeve_error *err)
{
    sqlite3_stmt *stmt = p->stmt[PLANS_DELETE];
    bool good = n && p->sqlite && database_run(p->stmt[PLANS_BEGIN]);
    if (!n || !p->sqlite)
        return 0;
    for (unsigned i = 0; good && i < n; i++) {
        (void)sqlite3_bind_blob(stmt, 1, digest[i], BASE_SHA256, SQLITE_STATIC);
        good = database_run(stmt);
        (void)sqlite3_clear_bindings(stmt);
    }
    good = good && database_run(p->stmt[PLANS_COMMIT]) &&
           sqlite3_wal_checkpoint_v2(p->sqlite, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL) ==
               SQLITE_OK;
    int rc = good ? 0 : fail(p, "lets no plan go", err);
    if (!sqlite3_get_autocommit(p->sqlite))
        (void)database_run(p->stmt[PLANS_ROLLBACK]);
    return rc;
}
