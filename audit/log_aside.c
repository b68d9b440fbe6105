/*
 * Rows beyond what was signed: kept in a file, then deleted, and a note is left for the start that
 * records it. A crash between the deletion and that record leaves the note, and the next start
 * tells what it says. Called when a log is opened and nothing in it is damaged.
 */
#include "audit/log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_ASIDE_FILES 1000u

/* Whether `name` already holds these bytes: a crash came between the rename and the deletion. */
static bool file_holds(int dir_fd, const char *name, struct str bytes)
{
    auto_buf struct buf there;
    buf_init(&there, LOG_MAX_ASIDE_BYTES);
    return fd_slurp(dir_fd, name, bytes.n, &there, NULL) == 0 && str_eq(buf_view(&there), bytes);
}

/* Under a name that is free, or that has the same bytes: nothing set aside earlier is lost. */
static int write_rows(int dir_fd, const struct audit_found *f, struct str bytes,
                      struct reeve_error *err)
{
    for (unsigned i = 1; i <= MAX_ASIDE_FILES; i++) {
        char name[96], again[16] = "";
        struct stat st;
        if (i > 1)
            (void)snprintf(again, sizeof again, ".%u", i);
        (void)snprintf(name, sizeof name, "unsigned-%" PRIu64 "-%" PRIu64 "%s.jsonl",
                       f->unsigned_from, f->unsigned_from + f->unsigned_count - 1, again);
        if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0 && errno == ENOENT)
            return fd_write_file(dir_fd, name, bytes.p, bytes.n, 0600, err);
        if (file_holds(dir_fd, name, bytes))
            return 0;
    }
    return base_fail(err, REEVE_ESTATE,
                     "%u files of unsigned records are in the folder; look into "
                     "them and move them away",
                     MAX_ASIDE_FILES);
}

/* ---- the note ---- */

/* Its one line: the log's size when rows were set aside, then what is to be told of them. */
struct untold {
    uint64_t size, from, count, beyond_crash;
};

static bool take_number(struct str *line, uint64_t *out)
{
    size_t n = 0;
    while (n < line->n && line->p[n] != ' ' && line->p[n] != '\n')
        n++;
    struct str digits = {line->p, n};
    if (n == line->n || !note_decimal(digits, out))
        return false;
    *line = (struct str){line->p + n + 1, line->n - n - 1};
    return true;
}

/* A file that is no such note, as nobody but this writes it, is none. */
static bool read_note(int dir_fd, struct untold *out)
{
    auto_buf struct buf text = {0};
    if (fd_slurp(dir_fd, AUDIT_UNTOLD_NAME, 100, &text, NULL) != 0)
        return false;
    struct str line = buf_view(&text);
    return take_number(&line, &out->size) && take_number(&line, &out->from) &&
           take_number(&line, &out->count) && take_number(&line, &out->beyond_crash) &&
           line.n == 0 && out->count > 0;
}

static int write_note(const struct audit_log *log, int dir_fd, const struct audit_found *f,
                      struct reeve_error *err)
{
    char line[100];
    int n = snprintf(line, sizeof line, "%" PRIu64 " %" PRIu64 " %" PRIu64 " %d\n", log->edge.size,
                     f->unsigned_from, f->unsigned_count, f->unsigned_beyond_crash);
    return fd_write_file(dir_fd, AUDIT_UNTOLD_NAME, line, (size_t)n, 0600, err);
}

/* Of two starts that nobody could record, one record tells. */
static void merge(struct audit_found *f, const struct untold *u)
{
    uint64_t last = u->from + u->count - 1;
    if (f->unsigned_count) {
        uint64_t found_last = f->unsigned_from + f->unsigned_count - 1;
        last = found_last > last ? found_last : last;
    }
    if (!f->unsigned_count || u->from < f->unsigned_from)
        f->unsigned_from = u->from;
    f->unsigned_count = last - f->unsigned_from + 1;
    f->unsigned_beyond_crash |= u->beyond_crash != 0;
}

int log_aside(struct audit_log *log, int dir_fd, struct audit_found *found, struct str rows,
              struct reeve_error *err)
{
    struct untold untold;
    int rc = 0;
    bool noted = read_note(dir_fd, &untold), any = found->unsigned_count > 0;
    if (any)
        rc = write_rows(dir_fd, found, rows, err);
    if (rc)
        return rc;
    if (noted && log->unsigned_told <= untold.size)
        merge(found, &untold);
    else if (noted && !any)
        (void)unlinkat(dir_fd, AUDIT_UNTOLD_NAME, 0);
    if (!any)
        return 0;
    rc = write_note(log, dir_fd, found, err);
    return rc ? rc : log_db_cut(&log->store.live, log->edge.size, err);
}
