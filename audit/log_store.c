/*
 * All rows of a log: those of its sealed files, in order, and then those of log.db. Used with the
 * log's rows locked, and by copy.c.
 */
#include "audit/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- opening ---- */

int log_store_open(struct log_store *s, int dir_fd, const char *dir, uint64_t acknowledged,
                   bool read_only, enum database_found *found, struct reeve_error *err)
{
    *s = (struct log_store){.dir = str_dup(str_of(dir)), .dir_fd = -1};
    s->dir_fd = fcntl(dir_fd, F_DUPFD_CLOEXEC, 3);
    if (!s->dir || s->dir_fd < 0)
        return base_fail(err, REEVE_ENOMEM, "out of memory opening the log");
    int rc = segments_list(dir_fd, &s->segments, err);
    if (rc)
        return rc;
    uint64_t first = segments_end(&s->segments);
    s->live_bytes =
        segment_bytes(dir_fd, AUDIT_DB_NAME) + segment_bytes(dir_fd, AUDIT_DB_NAME "-wal");
    return log_db_open(&s->live, dir_fd, dir, first, !read_only && acknowledged <= first, found,
                       err);
}

void log_store_close(struct log_store *s, bool keep_wal)
{
    log_db_close(&s->live, keep_wal);
    log_db_close(&s->sealed, true);
    segments_fini(&s->segments);
    if (s->dir)
        fd_close(&s->dir_fd);
    free(s->dir);
    s->dir = NULL;
}

/* ---- reading ---- */

/* One segment is open at a time: rows are mostly wanted one after the other. */
static int open_sealed(struct log_store *s, size_t at, struct reeve_error *err)
{
    char name[SEGMENT_MAX_NAME];
    enum database_found found;
    if (s->sealed.sqlite && s->sealed_at == at)
        return 0;
    log_db_close(&s->sealed, true);
    segment_name(&s->segments.v[at], name);
    s->sealed_at = at;
    int rc = log_db_open_sealed(&s->sealed, s->dir_fd, s->dir, name, &found, err);
    if (rc == 0 && found == DATABASE_ABSENT)
        return base_fail(err, REEVE_EDAMAGED, "%s is empty, or gone", name);
    return rc || found == DATABASE_GOOD ? rc : REEVE_EDAMAGED;
}

void log_store_changed(struct log_store *s, size_t at)
{
    if (s->sealed_at == at)
        log_db_close(&s->sealed, true);
}

struct reading {
    uint64_t left;
    log_row_fn *fn;
    void *arg;
    bool stopped;
};
static int take_row(void *arg, const struct log_row *row)
{
    struct reading *r = arg;
    r->stopped = r->fn(r->arg, row) != 0 || --r->left == 0;
    return r->stopped;
}

int log_store_scan(struct log_store *s, int64_t from, uint64_t max, log_row_fn *fn, void *arg,
                   struct reeve_error *err)
{
    struct reading r = {.left = max, .fn = fn, .arg = arg};
    int rc = 0;
    if (!max)
        return 0;
    for (size_t i = 0; rc == 0 && !r.stopped && i < s->segments.n; i++) {
        const struct segment *one = &s->segments.v[i];
        if ((int64_t)one->last < from)
            continue;
        rc = open_sealed(s, i, err);
        int64_t first = (int64_t)one->first;
        if (rc == 0)
            rc = log_db_scan(&s->sealed, from > first ? from : first, (int64_t)one->last, take_row,
                             &r, err);
    }
    if (rc || r.stopped)
        return rc;
    if (!s->live.sqlite)
        return s->live_away ? base_fail(err, REEVE_EIO, AUDIT_DB_NAME " is not open") : 0;
    return log_db_scan(&s->live, from, INT64_MAX, take_row, &r, err);
}

int log_store_size(struct log_store *s, uint64_t *size, struct reeve_error *err)
{
    *size = segments_end(&s->segments);
    return s->live.sqlite ? log_db_size(&s->live, size, err) : 0;
}

/* ---- sealing ---- */

/* From here on nobody writes it. Its mode comes last: what a crash leaves under its old name must
 * still be one that its owner may write. */
static int move(struct log_store *s, const struct segment *one, struct reeve_error *err)
{
    char name[SEGMENT_MAX_NAME];
    segment_name(one, name);
    if (mkdirat(s->dir_fd, SEGMENT_FOLDER, 0700) != 0 && errno != EEXIST)
        return base_fail_errno(err, REEVE_EIO, errno, SEGMENT_FOLDER " cannot be made");
    auto_close int folder =
        openat(s->dir_fd, SEGMENT_FOLDER, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    auto_close int fd = openat(s->dir_fd, AUDIT_DB_NAME, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (folder < 0 || fd < 0 || renameat(s->dir_fd, AUDIT_DB_NAME, s->dir_fd, name) != 0)
        return base_fail_errno(err, REEVE_EIO, errno, "%s cannot be made", name);
    s->segments.v[s->segments.n++] = *one; /* there is room */
    if (fchmod(fd, 0400) != 0 || fsync(fd) != 0 || fsync(folder) != 0 || fsync(s->dir_fd) != 0)
        return base_fail_errno(err, REEVE_EIO, errno, "%s cannot be made durable", name);
    return 0;
}

/* What a try that failed half-way left: log.db as it was, or gone already. */
static int open_live(struct log_store *s, uint64_t size, struct reeve_error *err)
{
    enum database_found found;
    uint64_t first = segments_end(&s->segments);
    int rc = log_db_open(&s->live, s->dir_fd, s->dir, first, first == size, &found, err);
    if (rc == 0 && found == DATABASE_ABSENT)
        rc = base_fail(err, REEVE_EDAMAGED, AUDIT_DB_NAME " is gone");
    s->live_away = !s->live.sqlite;
    return rc || found == DATABASE_GOOD ? rc : REEVE_EDAMAGED;
}

/* With room for it in the list. */
static int end_file(struct log_store *s, const struct segment *one, struct reeve_error *err)
{
    int rc = log_db_finish(&s->live, err);
    return rc ? rc : move(s, one, err);
}

int log_store_seal(struct log_store *s, uint64_t size, struct reeve_error *err)
{
    int rc = s->live.sqlite ? 0 : open_live(s, size, err);
    if (rc || segments_end(&s->segments) == size)
        return rc;
    const struct segment one = {.first = s->live.first, .last = size - 1};
    rc = segments_add(&s->segments, &one, err);
    if (rc)
        return rc;
    s->segments.n--; /* room was made; it is there when its file is */
    rc = end_file(s, &one, err);
    int again = open_live(s, size, rc ? NULL : err);
    if (rc == 0 && again == 0)
        s->live_bytes = 0;
    return rc ? rc : again;
}
