/*
 * The index in SQLite: one row a record with the columns that are asked for, and its words. A
 * hostile file can make it useless, not wrong: what it names is read from the log. See index.h.
 */
#include "audit/index.h"

#include "audit/database.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define VERSION 1 /* of the tables below */
#define WORDS   "tokenize=\"unicode61 remove_diacritics 0\", content='', detail=none"

static const char *const tables[] = {
    "CREATE TABLE head(origin TEXT NOT NULL, through INTEGER NOT NULL, leaf BLOB NOT NULL)",
    "CREATE TABLE entry(seq INTEGER PRIMARY KEY, time, type, subject, capability, rule, effect, "
    "outcome, plan)",
    "CREATE INDEX by_time ON entry(time)",
    "CREATE INDEX by_subject ON entry(subject) WHERE subject IS NOT NULL",
    "CREATE INDEX by_capability ON entry(capability) WHERE capability IS NOT NULL",
    "CREATE INDEX by_rule ON entry(rule) WHERE rule IS NOT NULL",
    "CREATE INDEX by_plan ON entry(plan) WHERE plan IS NOT NULL",
    "CREATE VIRTUAL TABLE words USING fts5(record, " WORDS ")",
};

struct audit_index {
    sqlite3 *db;
    sqlite3_stmt *entry, *words, *head;
    uint64_t through;
    uint8_t leaf[BASE_SHA256];
};

static int fail(const struct audit_index *x, const char *what, struct reeve_error *err)
{
    return base_fail(err, REEVE_EIO, AUDIT_INDEX_NAME " %s: %s", what,
                     x->db ? sqlite3_errmsg(x->db) : "out of memory");
}

static bool run(sqlite3 *db, const char *sql)
{
    return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK;
}

static bool configure(sqlite3 *db)
{
    (void)sqlite3_busy_timeout(db, 2000);
    return database_defend(db);
}

/* ---- opening ---- */

static int64_t number(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *stmt = NULL;
    int64_t n = -1;
    if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) == SQLITE_OK &&
        sqlite3_step(stmt) == SQLITE_ROW)
        n = sqlite3_column_int64(stmt, 0);
    (void)sqlite3_finalize(stmt);
    return n;
}

/* Whether it is of this version and log; then `through` and `leaf` are what it says. */
static bool read_head(struct audit_index *x, struct str origin)
{
    sqlite3_stmt *stmt = NULL;
    if (number(x->db, "PRAGMA user_version") != VERSION ||
        sqlite3_prepare_v2(x->db, "SELECT origin, through, leaf FROM head", -1, &stmt, NULL) !=
            SQLITE_OK)
        return false;
    bool good = sqlite3_step(stmt) == SQLITE_ROW && sqlite3_column_type(stmt, 0) == SQLITE_TEXT &&
                sqlite3_column_bytes(stmt, 2) == BASE_SHA256;
    if (good) {
        struct str found = {(const char *)sqlite3_column_text(stmt, 0),
                            (size_t)sqlite3_column_bytes(stmt, 0)};
        int64_t through = sqlite3_column_int64(stmt, 1);
        good = str_eq(found, origin) && through >= 0;
        x->through = (uint64_t)through;
        memcpy(x->leaf, sqlite3_column_blob(stmt, 2), BASE_SHA256);
    }
    (void)sqlite3_finalize(stmt);
    return good;
}

static bool make_tables(struct audit_index *x, struct str origin)
{
    static const uint8_t none[BASE_SHA256];
    sqlite3_stmt *stmt = NULL;
    char version[40];
    (void)snprintf(version, sizeof version, "PRAGMA user_version=%d", VERSION);
    bool good = run(x->db, "BEGIN IMMEDIATE");
    for (size_t i = 0; good && i < BASE_COUNT(tables); i++)
        good = run(x->db, tables[i]);
    good = good && run(x->db, version) &&
           sqlite3_prepare_v2(x->db, "INSERT INTO head VALUES(?1, 0, ?2)", -1, &stmt, NULL) ==
               SQLITE_OK;
    if (good) {
        (void)sqlite3_bind_text(stmt, 1, origin.p, (int)origin.n, SQLITE_STATIC);
        (void)sqlite3_bind_blob(stmt, 2, none, sizeof none, SQLITE_STATIC);
        good = sqlite3_step(stmt) == SQLITE_DONE;
    }
    (void)sqlite3_finalize(stmt);
    return good && run(x->db, "COMMIT");
}

static bool prepare(struct audit_index *x)
{
    static const char entry[] =
        "INSERT INTO entry(seq, time, type, subject, capability, rule, effect, outcome, plan) "
        "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    return sqlite3_prepare_v2(x->db, entry, -1, &x->entry, NULL) == SQLITE_OK &&
           sqlite3_prepare_v2(x->db, "INSERT INTO words(rowid, record) VALUES(?1, ?2)", -1,
                              &x->words, NULL) == SQLITE_OK &&
           sqlite3_prepare_v2(x->db, "UPDATE head SET through = ?1, leaf = ?2", -1, &x->head,
                              NULL) == SQLITE_OK;
}

static bool open_file(struct audit_index *x, const char *path, bool create)
{
    int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_NOFOLLOW |
                (create ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY);
    return sqlite3_open_v2(path, &x->db, flags, NULL) == SQLITE_OK && configure(x->db) &&
           (!create || run(x->db, "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL"));
}

static bool remove_files(const char *path)
{
    static const char *const ends[] = {"-wal", "-shm", ""};
    bool gone = true;
    for (size_t i = 0; i < BASE_COUNT(ends); i++) {
        auto_buf struct buf name = {0};
        buf_printf(&name, "%s%s", path, ends[i]);
        gone = gone && !name.failed && (unlink(name.data) == 0 || errno == ENOENT);
    }
    return gone;
}

int audit_index_remove(const char *dir, struct reeve_error *err)
{
    auto_buf struct buf path = {0};
    buf_printf(&path, "%s/" AUDIT_INDEX_NAME, dir);
    if (path.failed || !remove_files(path.data))
        return base_fail_errno(err, REEVE_EIO, errno, AUDIT_INDEX_NAME " cannot be taken away");
    return 0;
}

void audit_index_close(struct audit_index **index)
{
    struct audit_index *x = *index;
    if (!x)
        return;
    (void)sqlite3_finalize(x->entry);
    (void)sqlite3_finalize(x->words);
    (void)sqlite3_finalize(x->head);
    (void)sqlite3_close(x->db);
    free(x);
    *index = NULL;
}

/* As it is, or else from nothing. */
static int open_anyhow(struct audit_index **out, const char *path, struct str origin,
                       struct reeve_error *err)
{
    int rc = 0;
    for (int fresh = 0; fresh < 2; fresh++) {
        struct audit_index *x = *out = calloc(1, sizeof *x);
        if (!x)
            return base_fail(err, REEVE_ENOMEM, "out of memory for the index");
        if (fresh)
            (void)remove_files(path);
        if (open_file(x, path, true) &&
            (read_head(x, origin) || (fresh && make_tables(x, origin) && read_head(x, origin))) &&
            prepare(x))
            return 0;
        rc = fail(x, "cannot be made", err);
        audit_index_close(out);
    }
    return rc;
}

int audit_index_open(const char *dir, struct str origin, struct audit_index **out,
                     struct reeve_error *err)
{
    auto_buf struct buf path = {0};
    *out = NULL;
    buf_printf(&path, "%s/" AUDIT_INDEX_NAME, dir);
    if (path.failed)
        return base_fail(err, REEVE_ENOMEM, "out of memory for the index");
    /* SQLite would make it with the process's own mask. */
    int fd = open(path.data, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    fd_close(&fd);
    return open_anyhow(out, path.data, origin, err);
}

void audit_index_look(const char *dir, struct str origin, struct audit_index **out)
{
    auto_buf struct buf path = {0};
    buf_printf(&path, "%s/" AUDIT_INDEX_NAME, dir);
    *out = path.failed ? NULL : calloc(1, sizeof **out);
    /* One moment for all that is asked: else what is said to be in it could be gone when it is
     * looked for. */
    if (*out &&
        !(open_file(*out, path.data, false) && run((*out)->db, "BEGIN") && read_head(*out, origin)))
        audit_index_close(out);
}

int audit_index_clear(struct audit_index *x, struct reeve_error *err)
{
    static const char all[] = "DELETE FROM entry;INSERT INTO words(words) VALUES('delete-all');"
                              "UPDATE head SET through = 0, leaf = zeroblob(32)";
    if (!run(x->db, "BEGIN IMMEDIATE") || !run(x->db, all) || !run(x->db, "COMMIT")) {
        (void)run(x->db, "ROLLBACK");
        return fail(x, "cannot be cleared", err);
    }
    x->through = 0;
    return 0;
}

uint64_t audit_index_through(const struct audit_index *x, uint8_t leaf[BASE_SHA256])
{
    memcpy(leaf, x->leaf, BASE_SHA256);
    return x->through;
}

/* ---- taking records ---- */

int audit_index_begin(struct audit_index *x, struct reeve_error *err)
{
    return run(x->db, "BEGIN IMMEDIATE") ? 0 : fail(x, "cannot be written", err);
}

static bool step(sqlite3_stmt *stmt)
{
    bool done = sqlite3_step(stmt) == SQLITE_DONE;
    (void)sqlite3_reset(stmt);
    (void)sqlite3_clear_bindings(stmt);
    return done;
}

static bool add_entry(struct audit_index *x, uint64_t seq, struct str record)
{
    auto_json struct json_text t = {0};
    bool parsed = record.p && json_text_parse(record, &t, NULL) == 0;
    (void)sqlite3_bind_int64(x->entry, 1, (int64_t)seq);
    for (unsigned i = 0; parsed && i < AUDIT_COLUMNS; i++) {
        struct str s = audit_column_of(&t.doc, (enum audit_column)i);
        if (s.p)
            (void)sqlite3_bind_text(x->entry, (int)i + 2, s.p, (int)s.n, SQLITE_TRANSIENT);
    }
    if (!step(x->entry))
        return false;
    if (!record.p)
        return true;
    (void)sqlite3_bind_int64(x->words, 1, (int64_t)seq);
    (void)sqlite3_bind_text(x->words, 2, record.p, (int)record.n, SQLITE_STATIC);
    return step(x->words);
}

int audit_index_take(struct audit_index *x, uint64_t seq, struct str record,
                     const uint8_t leaf[BASE_SHA256], struct reeve_error *err)
{
    if (seq != x->through)
        return base_fail(err, REEVE_EINVAL, "record %" PRIu64 " is not the next of the index", seq);
    if (!add_entry(x, seq, record))
        return fail(x, "takes no record", err);
    x->through = seq + 1;
    memcpy(x->leaf, leaf, BASE_SHA256);
    return 0;
}

int audit_index_commit(struct audit_index *x, struct reeve_error *err)
{
    (void)sqlite3_bind_int64(x->head, 1, (int64_t)x->through);
    (void)sqlite3_bind_blob(x->head, 2, x->leaf, BASE_SHA256, SQLITE_STATIC);
    if (step(x->head) && run(x->db, "COMMIT"))
        return 0;
    int rc = fail(x, "cannot be written", err);
    (void)run(x->db, "ROLLBACK");
    return rc;
}

/* ---- asking ---- */

static void put_condition(const struct audit_query *q, bool words, struct buf *sql)
{
    buf_z(sql, "SELECT seq FROM entry WHERE seq >= ?1 AND seq < ?2");
    for (unsigned i = 0; i < AUDIT_COLUMNS; i++)
        if (q->is[i].p)
            buf_printf(sql, " AND %s = ?%u", audit_column_name[i], i + 10);
    if (q->since.p)
        buf_z(sql, " AND time >= ?4");
    if (q->until.p)
        buf_z(sql, " AND time < ?5");
    if (words)
        buf_z(sql, " AND seq IN (SELECT rowid FROM words WHERE words MATCH ?6)");
}

/* Each word quoted: nothing in it is an operator. */
static void put_words(struct str text, struct buf *out)
{
    struct str word;
    while (audit_query_word(&text, &word))
        buf_printf(out, "%s\"%.*s\"", out->len ? " " : "", (int)word.n, word.p);
}

static void bind_text(sqlite3_stmt *stmt, int at, struct str s)
{
    (void)sqlite3_bind_text(stmt, at, s.p, (int)s.n, SQLITE_TRANSIENT);
}

/* The zone is not in the way of comparing texts. */
static struct str bound_of(struct str time)
{
    return time.n && time.p[time.n - 1] == 'Z' ? (struct str){time.p, time.n - 1} : time;
}

static void bind(sqlite3_stmt *stmt, const struct audit_query *q, uint64_t from, uint64_t below,
                 size_t max, struct str words)
{
    (void)sqlite3_bind_int64(stmt, 1, from > INT64_MAX ? INT64_MAX : (int64_t)from);
    (void)sqlite3_bind_int64(stmt, 2, below > INT64_MAX ? INT64_MAX : (int64_t)below);
    (void)sqlite3_bind_int64(stmt, 3, (int64_t)max);
    if (q->since.p)
        bind_text(stmt, 4, bound_of(q->since));
    if (q->until.p)
        bind_text(stmt, 5, bound_of(q->until));
    if (words.n)
        bind_text(stmt, 6, words);
    for (unsigned i = 0; i < AUDIT_COLUMNS; i++)
        if (q->is[i].p)
            bind_text(stmt, (int)i + 10, q->is[i]);
}

int audit_index_find(struct audit_index *x, const struct audit_query *q, uint64_t from,
                     uint64_t below, bool last, uint64_t *seq, size_t max, size_t *n,
                     struct reeve_error *err)
{
    auto_buf struct buf sql = {0}, words = {0};
    sqlite3_stmt *stmt = NULL;
    *n = 0;
    put_words(q->text, &words);
    put_condition(q, words.len > 0, &sql);
    buf_printf(&sql, " ORDER BY seq %s LIMIT ?3", last ? "DESC" : "ASC");
    if (sql.failed || words.failed)
        return base_fail(err, REEVE_ENOMEM, "out of memory for a query");
    if (sqlite3_prepare_v2(x->db, sql.data, -1, &stmt, NULL) != SQLITE_OK)
        return fail(x, "cannot be asked", err);
    bind(stmt, q, from, below, max, buf_view(&words));
    int rc;
    while ((rc = sqlite3_step(stmt)) == SQLITE_ROW && *n < max)
        seq[(*n)++] = (uint64_t)sqlite3_column_int64(stmt, 0);
    int result = rc == SQLITE_DONE || rc == SQLITE_ROW ? 0 : fail(x, "cannot be read", err);
    (void)sqlite3_finalize(stmt);
    return result;
}
