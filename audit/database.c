/* Opens one-table files so that a hostile one can do least. See database.h. */
#include "audit/database.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

bool database_defend(sqlite3 *db)
{
    static const struct {
        int option, value;
    } options[] = {
        {SQLITE_DBCONFIG_DEFENSIVE, 1},      {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
        {SQLITE_DBCONFIG_ENABLE_TRIGGER, 0}, {SQLITE_DBCONFIG_ENABLE_VIEW, 0},
        {SQLITE_DBCONFIG_DQS_DDL, 0},        {SQLITE_DBCONFIG_DQS_DML, 0},
    };
    for (size_t i = 0; i < BASE_COUNT(options); i++)
        if (sqlite3_db_config(db, options[i].option, options[i].value, NULL) != SQLITE_OK)
            return false;
    (void)sqlite3_extended_result_codes(db, 1);
    return sqlite3_exec(db, "PRAGMA cell_size_check=ON;PRAGMA mmap_size=0;PRAGMA temp_store=MEMORY",
                        NULL, NULL, NULL) == SQLITE_OK;
}

/* What the system did, against what the file is: only the latter is damage. */
static bool is_damage(sqlite3 *db, int code)
{
    switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_NOMEM:
    case SQLITE_FULL:
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_INTERRUPT:
        return false;
    case SQLITE_IOERR: /* a write that failed can be tried again */
        return code == SQLITE_IOERR_READ || code == SQLITE_IOERR_SHORT_READ ||
               code == SQLITE_IOERR_CORRUPTFS;
    case SQLITE_CANTOPEN:
        return sqlite3_system_errno(db) != EMFILE && sqlite3_system_errno(db) != ENFILE &&
               sqlite3_system_errno(db) != ENOSPC;
    default:
        return true;
    }
}

int database_fail(sqlite3 *db, const char *name, const char *what, struct reeve_error *err)
{
    int code = sqlite3_extended_errcode(db);
    return base_fail(err, is_damage(db, code) ? REEVE_EDAMAGED : REEVE_EIO, "%s %s: %s (SQLite %d)",
                     name, what, sqlite3_errmsg(db), code);
}

bool database_run(sqlite3_stmt *stmt)
{
    int rc = sqlite3_step(stmt);
    (void)sqlite3_reset(stmt);
    return rc == SQLITE_DONE;
}

/* ---- opening ---- */

/* One that is being opened. */
struct opening {
    const struct database_form *form;
    sqlite3 **db;
    sqlite3_stmt **stmt;
    enum database_found *found;
};

static bool configure(sqlite3 *db, bool sealed)
{
    (void)sqlite3_limit(db, SQLITE_LIMIT_LENGTH, 1 << 20);
    if (sealed)
        return database_defend(db);
    /* Exclusive before WAL: the index of the WAL is then in our memory, and there is no -shm file
     * whose closing elsewhere would drop our locks. */
    return database_defend(db) &&
           sqlite3_exec(db,
                        "PRAGMA locking_mode=EXCLUSIVE;PRAGMA journal_mode=WAL;PRAGMA "
                        "synchronous=FULL;PRAGMA secure_delete=ON",
                        NULL, NULL, NULL) == SQLITE_OK;
}

enum schema { SCHEMA_OURS, SCHEMA_EMPTY, SCHEMA_FOREIGN, SCHEMA_ERROR };

/* The file holds our table and nothing else: no trigger, view or index to act behind our back. */
static enum schema look_at_schema(sqlite3 *db, const char *ours)
{
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(db, "SELECT sql FROM sqlite_schema", -1, &stmt, NULL);
    enum schema found = SCHEMA_EMPTY;
    while (rc == SQLITE_OK || rc == SQLITE_ROW) {
        rc = sqlite3_step(stmt);
        if (rc != SQLITE_ROW)
            break;
        const char *sql = (const char *)sqlite3_column_text(stmt, 0);
        bool same = found == SCHEMA_EMPTY && sql && strcmp(sql, ours) == 0;
        found = same ? SCHEMA_OURS : SCHEMA_FOREIGN;
    }
    (void)sqlite3_finalize(stmt);
    return rc == SQLITE_DONE ? found : SCHEMA_ERROR;
}

static bool prepare(const struct opening *o)
{
    for (unsigned i = 0; i < o->form->nstatements; i++)
        if (sqlite3_prepare_v3(*o->db, o->form->statement[i], -1, SQLITE_PREPARE_PERSISTENT,
                               &o->stmt[i], NULL) != SQLITE_OK)
            return false;
    return true;
}

/* The name's own file: absent, empty, usable, or something that is no file of ours. */
static int look_at_file(const struct opening *o, int dir_fd, bool create, struct reeve_error *err)
{
    struct stat st;
    const char *name = o->form->name;
    *o->found = DATABASE_GOOD;
    if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
        if (!S_ISREG(st.st_mode))
            *o->found = DATABASE_UNREADABLE;
        else if (st.st_size == 0 && !create)
            *o->found = DATABASE_ABSENT;
        return 0;
    }
    if (errno != ENOENT)
        return base_fail_errno(err, REEVE_EIO, errno, "%s cannot be looked at", name);
    *o->found = create ? DATABASE_GOOD : DATABASE_ABSENT;
    if (!create)
        return 0;
    /* Made here and not by SQLite for its mode: the WAL takes it over. */
    auto_close int fd = openat(dir_fd, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 || fsync(dir_fd) != 0)
        return base_fail_errno(err, REEVE_EIO, errno, "%s cannot be made", name);
    return 0;
}

static int close_as(const struct opening *o, enum database_found found)
{
    database_close(o->form, o->db, o->stmt, true);
    *o->found = found;
    return 0;
}

/* An open that went wrong: the file's fault is a finding, the system's an error. */
static int give_up(const struct opening *o, struct reeve_error *err)
{
    int rc = database_fail(*o->db, o->form->name, "cannot be opened", err);
    (void)close_as(o, DATABASE_UNREADABLE);
    return rc == REEVE_EDAMAGED ? 0 : rc;
}

static int check_table(const struct opening *o, bool create, struct reeve_error *err)
{
    enum schema schema = look_at_schema(*o->db, o->form->schema);
    if (schema == SCHEMA_EMPTY && !create)
        return close_as(o, DATABASE_ABSENT);
    if (schema == SCHEMA_FOREIGN) {
        (void)base_fail(err, REEVE_EDAMAGED, "%s has tables that are not %s", o->form->name,
                        o->form->whose);
        return close_as(o, DATABASE_UNREADABLE);
    }
    if (schema == SCHEMA_EMPTY &&
        sqlite3_exec(*o->db, o->form->schema, NULL, NULL, NULL) != SQLITE_OK)
        return give_up(o, err);
    if (schema == SCHEMA_ERROR || !prepare(o))
        return give_up(o, err);
    return 0;
}

/* Of a file that never changes: a journal that somebody put beside it is not looked at either. */
static void put_uri(const char *path, struct buf *out)
{
    buf_z(out, "file:");
    for (; *path; path++)
        buf_printf(out, strchr("%?#", *path) ? "%%%02X" : "%c", (unsigned char)*path);
    buf_z(out, "?immutable=1");
}

static int open_file(const struct opening *o, const char *path)
{
    int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE;
    auto_buf struct buf uri = {0};
    if (!o->form->sealed)
        return sqlite3_open_v2(path, o->db, flags | SQLITE_OPEN_READWRITE, NULL);
    put_uri(path, &uri);
    if (uri.failed)
        return SQLITE_NOMEM;
    return sqlite3_open_v2(uri.data, o->db, flags | SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, NULL);
}

int database_open(const struct database_form *form, int dir_fd, const char *dir, bool create,
                  sqlite3 **out, sqlite3_stmt **stmt, enum database_found *found,
                  struct reeve_error *err)
{
    const struct opening o = {form, out, stmt, found};
    *out = NULL;
    int rc = look_at_file(&o, dir_fd, create, err);
    if (rc || *found == DATABASE_ABSENT)
        return rc;
    if (*found == DATABASE_UNREADABLE) {
        (void)base_fail(err, REEVE_EDAMAGED, "%s is no regular file", form->name);
        return 0;
    }
    auto_buf struct buf path = {0};
    buf_printf(&path, "%s/%s", dir, form->name);
    if (path.failed)
        return base_fail(err, REEVE_ENOMEM, "out of memory opening %s", form->name);
    if (open_file(&o, path.data) != SQLITE_OK || !configure(*out, form->sealed))
        return give_up(&o, err);
    return check_table(&o, create, err);
}

void database_close(const struct database_form *form, sqlite3 **db, sqlite3_stmt **stmt,
                    bool keep_wal)
{
    for (unsigned i = 0; i < form->nstatements; i++) {
        (void)sqlite3_finalize(stmt[i]);
        stmt[i] = NULL;
    }
    if (*db && keep_wal)
        (void)sqlite3_db_config(*db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    (void)sqlite3_close(*db);
    *db = NULL;
}
