/*
 * A segment without the bytes of some of its records: copied row by row into a new file, which then
 * takes the old one's name. See segments.h.
 */
#include "audit/log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* Records that tell of the log itself: without them it would not say what it must. */
static bool tells_of_log(enum record_kind kind)
{
    switch (kind) {
    case RECORD_START:
    case RECORD_CLOCK:
    case RECORD_UNACKNOWLEDGED:
    case RECORD_ERASED:
    case RECORD_EXPIRED:
    case RECORD_UNSIGNED:
    case RECORD_ROTATION:
    case RECORD_SEGMENT:
    case RECORD_LOSS:
        return true;
    default:
        return false;
    }
}

struct copying {
    const struct segment *s;
    const struct segment_without *without;
    uint64_t next;
    struct record_reader reader;
    sqlite3 *db;
    sqlite3_stmt *insert;
    int rc;
    struct reeve_error why;
};

static int fail(struct copying *c, int rc, const char *what)
{
    c->rc = base_fail(&c->why, rc, "record %" PRIu64 " %s", c->next, what);
    return 1;
}

/* What cannot be read tells of nothing. */
static bool stays(struct copying *c, const struct log_row *row)
{
    const struct segment_without *w = c->without;
    struct record_info info;
    if (c->next < w->from || c->next > w->to)
        return true;
    if (!w->prune || !row->record.p)
        return false;
    int rc = record_read(&c->reader, row->record, &info, &c->why);
    if (rc == REEVE_ENOMEM)
        c->rc = rc;
    return rc == 0 && tells_of_log(info.kind);
}

static int copy_row(void *arg, const struct log_row *row)
{
    struct copying *c = arg;
    if (!row->well_formed || row->seq != (int64_t)c->next)
        return fail(c, REEVE_EDAMAGED, "is not in its place");
    log_db_bind(c->insert, c->next, stays(c, row) ? row->record : (struct str){0}, row->leaf);
    if (c->rc)
        return 1;
    if (!database_run(c->insert))
        return fail(c, REEVE_EIO, sqlite3_errmsg(c->db));
    c->next++;
    return 0;
}

/* ---- the new file ---- */

static bool begin(struct copying *c, const char *path)
{
    return sqlite3_open_v2(path, &c->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) ==
               SQLITE_OK &&
           database_defend(c->db) &&
           sqlite3_exec(c->db,
                        "PRAGMA locking_mode=EXCLUSIVE;PRAGMA journal_mode=OFF;"
                        "PRAGMA synchronous=OFF;" LOG_DB_SCHEMA ";BEGIN",
                        NULL, NULL, NULL) == SQLITE_OK &&
           sqlite3_prepare_v2(c->db, LOG_DB_INSERT, -1, &c->insert, NULL) == SQLITE_OK;
}

static int copy(struct copying *c, struct log_db *from, const char *path, struct reeve_error *err)
{
    int rc = 0;
    if (!begin(c, path))
        rc = base_fail(err, REEVE_EIO, "a segment cannot be written: %s", sqlite3_errmsg(c->db));
    if (rc == 0)
        rc = log_db_scan(from, (int64_t)c->s->first, (int64_t)c->s->last, copy_row, c, err);
    if (rc == 0 && c->rc == 0 && c->next != c->s->last + 1)
        (void)fail(c, REEVE_EDAMAGED, "is missing");
    if (rc == 0 && c->rc)
        rc = base_fail(err, c->rc, "%s: %s", from->name, c->why.message);
    (void)sqlite3_finalize(c->insert);
    if (rc == 0 && sqlite3_exec(c->db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
        rc = base_fail(err, REEVE_EIO, "a segment cannot be written: %s", sqlite3_errmsg(c->db));
    (void)sqlite3_close(c->db);
    record_reader_fini(&c->reader);
    return rc;
}

/* ---- the old one ---- */

int segment_overwrite(int fd, struct reeve_error *err)
{
    static const char zeroes[1 << 16];
    struct stat st;
    int rc = fstat(fd, &st);
    for (off_t at = 0; rc == 0 && at < st.st_size; at += (off_t)sizeof zeroes) {
        off_t left = st.st_size - at;
        size_t n = left < (off_t)sizeof zeroes ? (size_t)left : sizeof zeroes;
        rc = fd_pwrite_all(fd, zeroes, n, at);
    }
    if (rc == 0)
        rc = fsync(fd);
    return rc ? base_fail_errno(err, REEVE_EIO, errno, "a segment cannot be overwritten") : 0;
}

/* As root or not, a file of mode 0400 is opened for this by its owner alone, who may change that.
 */
static int open_old(int dir_fd, const char *name)
{
    if (fchmodat(dir_fd, name, 0600, 0) != 0)
        return -1;
    return openat(dir_fd, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
}

static int take_place(int dir_fd, const char *temporary, const struct segment *s,
                      const struct segment *next, int *old_fd, struct reeve_error *err)
{
    char old[SEGMENT_MAX_NAME], name[SEGMENT_MAX_NAME];
    segment_name(s, old);
    segment_name(next, name);
    auto_close int folder =
        openat(dir_fd, SEGMENT_FOLDER, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    *old_fd = open_old(dir_fd, old);
    if (folder < 0 || *old_fd < 0 || renameat(dir_fd, temporary, dir_fd, name) != 0 ||
        fsync(folder) != 0)
        return base_fail_errno(err, REEVE_EIO, errno, "%s cannot be made", name);
    if (strcmp(old, name) != 0 && unlinkat(dir_fd, old, 0) != 0)
        return base_fail_errno(err, REEVE_EIO, errno, "%s cannot be removed", old);
    return 0;
}

/* Made here and not by SQLite for its mode. */
static int make(int dir_fd, char name[SEGMENT_MAX_NAME], struct reeve_error *err)
{
    uint8_t id[8];
    char hex[2 * sizeof id + 1];
    base_random(id, sizeof id);
    base_hex(id, sizeof id, hex);
    (void)snprintf(name, SEGMENT_MAX_NAME, SEGMENT_FOLDER "/segment.%s.tmp", hex);
    int fd = openat(dir_fd, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return base_fail_errno(err, REEVE_EIO, errno, "%s cannot be made", name);
    fd_close(&fd);
    return 0;
}

static int finish(int dir_fd, const char *name, struct reeve_error *err)
{
    auto_close int fd = openat(dir_fd, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 || fchmod(fd, 0400) != 0 || fsync(fd) != 0)
        return base_fail_errno(err, REEVE_EIO, errno, "%s cannot be made durable", name);
    return 0;
}

int segment_replace(int dir_fd, struct segment *s, const struct segment_without *without,
                    const char *temporary, int *old_fd, struct reeve_error *err)
{
    struct segment next = *s;
    next.pruned = s->pruned || without->prune;
    int rc = take_place(dir_fd, temporary, s, &next, old_fd, err);
    if (rc == 0)
        *s = next;
    else
        (void)unlinkat(dir_fd, temporary, 0);
    return rc;
}

int segment_prepare(int dir_fd, const char *dir, const struct segment *s,
                    const struct segment_without *without, char temporary[SEGMENT_MAX_NAME],
                    struct reeve_error *err)
{
    struct copying c = {.s = s, .without = without, .next = s->first};
    struct log_db from;
    enum database_found found;
    char name[SEGMENT_MAX_NAME];
    auto_buf struct buf path = {0};
    segment_name(s, name);
    int rc = log_db_open_sealed(&from, dir_fd, dir, name, &found, err);
    if (rc == 0 && found != DATABASE_GOOD)
        rc = base_fail(err, REEVE_EDAMAGED, "%s cannot be read", name);
    if (rc == 0)
        rc = make(dir_fd, temporary, err);
    if (rc) {
        log_db_close(&from, true);
        return rc;
    }
    buf_printf(&path, "%s/%s", dir, temporary);
    rc = path.failed ? base_fail(err, REEVE_ENOMEM, "out of memory for a segment")
                     : copy(&c, &from, path.data, err);
    log_db_close(&from, true);
    if (rc == 0)
        rc = finish(dir_fd, temporary, err);
    if (rc)
        (void)unlinkat(dir_fd, temporary, 0);
    return rc;
}
