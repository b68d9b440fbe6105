/*
 * One file of the log, a table in SQLite: writes a batch in one transaction, reads rows in order.
 * Knows nothing of keepers and trees. Called by the log alone.
 */
#include "audit/database.h"
#include "audit/log.h"

#include <stdio.h>

static const char *const statement[LOG_STMTS] = {
    [LOG_BEGIN] = "BEGIN IMMEDIATE",
    [LOG_COMMIT] = "COMMIT",
    [LOG_ROLLBACK] = "ROLLBACK",
    [LOG_INSERT] = LOG_DB_INSERT,
    [LOG_LAST] = "SELECT max(seq) FROM log",
    [LOG_RANGE] = "SELECT seq, record, leaf FROM log WHERE seq BETWEEN ?1 AND ?2 ORDER BY seq",
};

static int fail(struct log_db *db, const char *what, struct reeve_error *err)
{
    return database_fail(db->sqlite, db->name, what, err);
}

/* ---- opening ---- */

static struct database_form form_of(const struct log_db *db, bool sealed)
{
    return (struct database_form){.name = db->name,
                                  .whose = "the log's",
                                  .schema = LOG_DB_SCHEMA,
                                  .sealed = sealed,
                                  .statement = statement,
                                  .nstatements = LOG_STMTS};
}

static int open_as(struct log_db *db, const char *name, bool sealed, int dir_fd, const char *dir,
                   bool create, enum database_found *found, struct reeve_error *err)
{
    *db = (struct log_db){0};
    (void)snprintf(db->name, sizeof db->name, "%s", name);
    const struct database_form form = form_of(db, sealed);
    return database_open(&form, dir_fd, dir, create, &db->sqlite, db->stmt, found, err);
}

int log_db_open(struct log_db *db, int dir_fd, const char *dir, uint64_t first, bool create,
                enum database_found *found, struct reeve_error *err)
{
    int rc = open_as(db, AUDIT_DB_NAME, false, dir_fd, dir, create, found, err);
    db->first = first;
    return rc;
}

int log_db_open_sealed(struct log_db *db, int dir_fd, const char *dir, const char *name,
                       enum database_found *found, struct reeve_error *err)
{
    return open_as(db, name, true, dir_fd, dir, false, found, err);
}

void log_db_close(struct log_db *db, bool keep_wal)
{
    const struct database_form form = form_of(db, false);
    database_close(&form, &db->sqlite, db->stmt, keep_wal);
}

/* The one row that a pragma gives is this word. */
static bool says(struct log_db *db, const char *pragma, const char *word)
{
    sqlite3_stmt *stmt = NULL;
    bool good = sqlite3_prepare_v2(db->sqlite, pragma, -1, &stmt, NULL) == SQLITE_OK &&
                sqlite3_step(stmt) == SQLITE_ROW &&
                strcmp((const char *)sqlite3_column_text(stmt, 0), word) == 0;
    (void)sqlite3_finalize(stmt);
    return good;
}

int log_db_finish(struct log_db *db, struct reeve_error *err)
{
    int rc = 0;
    if (sqlite3_wal_checkpoint_v2(db->sqlite, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL) !=
            SQLITE_OK ||
        !says(db, "PRAGMA journal_mode=DELETE", "delete"))
        rc = fail(db, "does not let go of its WAL", err);
    log_db_close(db, rc != 0);
    return rc;
}

/* ---- reading ---- */

/* What was erased has the length that it had: a page is overwritten where it is, and no row of
 * another place leaves a copy behind. No record begins with a zero. */
static bool is_erased(struct str record)
{
    return record.n && record.p[0] == 0 && memcmp(record.p, record.p + 1, record.n - 1) == 0;
}

static void take_row(sqlite3_stmt *stmt, struct log_row *row)
{
    int type = sqlite3_column_type(stmt, 1);
    row->seq = sqlite3_column_int64(stmt, 0);
    row->record = (struct str){0};
    if (type == SQLITE_BLOB) {
        const void *blob = sqlite3_column_blob(stmt, 1); /* NULL for a blob of no bytes */
        row->record = (struct str){blob ? blob : "", (size_t)sqlite3_column_bytes(stmt, 1)};
    }
    row->well_formed =
        (type == SQLITE_BLOB || type == SQLITE_NULL) && row->record.n <= AUDIT_MAX_RECORD &&
        sqlite3_column_type(stmt, 2) == SQLITE_BLOB && sqlite3_column_bytes(stmt, 2) == BASE_SHA256;
    row->leaf = row->well_formed ? sqlite3_column_blob(stmt, 2) : NULL;
    if (is_erased(row->record))
        row->record = (struct str){0};
}

int log_db_scan(struct log_db *db, int64_t from, int64_t to, log_row_fn *fn, void *arg,
                struct reeve_error *err)
{
    sqlite3_stmt *stmt = db->stmt[LOG_RANGE];
    (void)sqlite3_bind_int64(stmt, 1, from);
    (void)sqlite3_bind_int64(stmt, 2, to);
    int rc;
    while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
        struct log_row row;
        take_row(stmt, &row);
        if (fn(arg, &row) != 0)
            break;
    }
    int result = rc == SQLITE_ROW || rc == SQLITE_DONE ? 0 : fail(db, "cannot be read", err);
    (void)sqlite3_reset(stmt);
    return result;
}

int log_db_size(struct log_db *db, uint64_t *size, struct reeve_error *err)
{
    sqlite3_stmt *stmt = db->stmt[LOG_LAST];
    int rc = sqlite3_step(stmt);
    bool empty = rc == SQLITE_ROW && sqlite3_column_type(stmt, 0) == SQLITE_NULL;
    if (rc == SQLITE_ROW)
        *size = empty ? db->first : (uint64_t)sqlite3_column_int64(stmt, 0) + 1;
    int result = rc == SQLITE_ROW ? 0 : fail(db, "cannot be read", err);
    (void)sqlite3_reset(stmt);
    return result;
}

/* ---- writing ---- */

static bool run(struct log_db *db, enum log_stmt which)
{
    return database_run(db->stmt[which]);
}

/* Keeps the error that `err` holds. */
static int abandon(struct log_db *db, int code)
{
    if (!sqlite3_get_autocommit(db->sqlite))
        (void)run(db, LOG_ROLLBACK);
    return code;
}

void log_db_bind(sqlite3_stmt *insert, uint64_t seq, struct str record,
                 const uint8_t leaf[BASE_SHA256])
{
    (void)sqlite3_bind_int64(insert, 1, (int64_t)seq);
    if (record.p)
        (void)sqlite3_bind_blob(insert, 2, record.p, (int)record.n, SQLITE_STATIC);
    else
        (void)sqlite3_bind_null(insert, 2);
    (void)sqlite3_bind_blob(insert, 3, leaf, BASE_SHA256, SQLITE_STATIC);
}

static int insert(struct log_db *db, const struct log_rows *rows, uint32_t i,
                  struct reeve_error *err)
{
    sqlite3_stmt *stmt = db->stmt[LOG_INSERT];
    log_db_bind(stmt, rows->from + i, rows->record[i], rows->leaf[i]);
    int rc = run(db, LOG_INSERT) ? 0 : fail(db, "takes no row", err);
    (void)sqlite3_clear_bindings(stmt);
    return rc;
}

static int foreign_writer(uint64_t size, uint64_t expected, struct reeve_error *err)
{
    return base_fail(err, REEVE_EDAMAGED,
                     AUDIT_DB_NAME " has %llu rows where this process left %llu: another process "
                                   "wrote to it",
                     (unsigned long long)size, (unsigned long long)expected);
}

struct comparison {
    const struct log_rows *rows;
    uint32_t same;
};
static int compare_row(void *arg, const struct log_row *row)
{
    struct comparison *c = arg;
    if (!row->well_formed || row->seq != (int64_t)(c->rows->from + c->same) ||
        memcmp(row->leaf, c->rows->leaf[c->same], BASE_SHA256) != 0)
        return 1;
    c->same++;
    return 0;
}

/* A commit that failed may have reached the disk all the same. */
static int already_there(struct log_db *db, const struct log_rows *rows, struct reeve_error *err)
{
    struct comparison c = {.rows = rows};
    int rc = log_db_scan(db, (int64_t)rows->from, (int64_t)(rows->from + rows->n - 1), compare_row,
                         &c, err);
    if (rc)
        return rc;
    return c.same == rows->n ? 0 : foreign_writer(rows->from + rows->n, rows->from, err);
}

int log_db_write(struct log_db *db, const struct log_rows *rows, struct reeve_error *err)
{
    uint64_t size = 0, expected = rows->from + rows->n;
    if (!run(db, LOG_BEGIN))
        return abandon(db, fail(db, "begins no transaction", err));
    int rc = log_db_size(db, &size, err);
    if (rc)
        return abandon(db, rc);
    if (size == expected)
        return abandon(db, already_there(db, rows, err));
    if (size != rows->from)
        return abandon(db, foreign_writer(size, rows->from, err));
    for (uint32_t i = 0; i < rows->n; i++) {
        rc = insert(db, rows, i, err);
        if (rc)
            return abandon(db, rc);
    }
    if (!run(db, LOG_COMMIT))
        return abandon(db, fail(db, "does not commit", err));
    rc = log_db_size(db, &size, err);
    if (rc)
        return rc;
    return size == expected ? 0 : foreign_writer(size, expected, err);
}

/* A statement that is rarely wanted, with one or two sequences. */
static int run_rare(struct log_db *db, const char *sql, uint64_t from, uint64_t to,
                    const char *failed, struct reeve_error *err)
{
    sqlite3_stmt *stmt = NULL;
    if (sqlite3_prepare_v2(db->sqlite, sql, -1, &stmt, NULL) != SQLITE_OK)
        return fail(db, failed, err);
    (void)sqlite3_bind_int64(stmt, 1, (int64_t)from);
    (void)sqlite3_bind_int64(stmt, 2, (int64_t)to); /* nothing where there is no second one */
    int rc = sqlite3_step(stmt) == SQLITE_DONE ? 0 : fail(db, failed, err);
    (void)sqlite3_finalize(stmt);
    return rc;
}

int log_db_cut(struct log_db *db, uint64_t from, struct reeve_error *err)
{
    return run_rare(db, "DELETE FROM log WHERE seq >= ?1 OR seq < 0", from, 0, "deletes nothing",
                    err);
}

int log_db_erase(struct log_db *db, uint64_t from, uint64_t to, struct reeve_error *err)
{
    int rc = run_rare(db,
                      "UPDATE log SET record = zeroblob(length(record)) WHERE seq BETWEEN ?1 AND "
                      "?2 AND record IS NOT NULL",
                      from, to, "erases nothing", err);
    /* Until then the WAL has the bytes, and the page that had them is not overwritten. */
    if (rc == 0 && sqlite3_wal_checkpoint_v2(db->sqlite, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL,
                                             NULL) != SQLITE_OK)
        rc = fail(db, "does not let go of its WAL", err);
    return rc == REEVE_EDAMAGED ? rc : rc ? REEVE_EIO : 0;
}
