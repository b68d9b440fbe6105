/* Names and list of a log's sealed files. See segments.h. */
#include "audit/segments.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

void segment_name(const struct segment *s, char out[SEGMENT_MAX_NAME])
{
    (void)snprintf(out, SEGMENT_MAX_NAME, SEGMENT_FOLDER "/%012" PRIu64 "-%012" PRIu64 "%s.db",
                   s->first, s->last, s->pruned ? "-pruned" : "");
}

void segments_fini(struct segments *s)
{
    free(s->v);
    *s = (struct segments){0};
}

uint64_t segments_end(const struct segments *s)
{
    return s->n ? s->v[s->n - 1].last + 1 : 0;
}

size_t segments_find(const struct segments *s, uint64_t seq)
{
    size_t low = 0, high = s->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (s->v[middle].last < seq)
            low = middle + 1;
        else
            high = middle;
    }
    return low < s->n && s->v[low].first <= seq ? low : s->n;
}

int segments_add(struct segments *s, const struct segment *one, struct reeve_error *err)
{
    if (s->n == s->room) {
        size_t room = s->room ? 2 * s->room : 16;
        struct segment *v = reallocarray(s->v, room, sizeof *v);
        if (!v)
            return base_fail(err, REEVE_ENOMEM, "out of memory for the log's segments");
        s->v = v;
        s->room = room;
    }
    s->v[s->n++] = *one;
    return 0;
}

uint64_t segment_bytes(int dir_fd, const char *name)
{
    struct stat st;
    return fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 ? (uint64_t)st.st_size : 0;
}

/* ---- the folder ---- */

static int compare(const void *a, const void *b)
{
    const struct segment *x = a, *y = b;
    if (x->first != y->first)
        return x->first < y->first ? -1 : 1;
    if (x->last != y->last)
        return x->last < y->last ? -1 : 1;
    return (int)y->pruned - (int)x->pruned;
}

/* Of two forms of one range the first, which is the pruned one. */
static void keep_one_form(struct segments *s)
{
    size_t n = 0;
    for (size_t i = 0; i < s->n; i++)
        if (!n || s->v[i].first != s->v[n - 1].first || s->v[i].last != s->v[n - 1].last)
            s->v[n++] = s->v[i];
        else
            s->v[n - 1].leftover = true;
    s->n = n;
}

/* A name that segment_name would not give is nobody's. */
static bool parse(const char *name, struct segment *out)
{
    char again[SEGMENT_MAX_NAME];
    int end = 0;
    *out = (struct segment){0};
    if (sscanf(name, "%20" SCNu64 "-%20" SCNu64 "%n", &out->first, &out->last, &end) != 2)
        return false;
    out->pruned = strcmp(name + end, "-pruned.db") == 0;
    segment_name(out, again);
    return out->first <= out->last && out->last < INT64_MAX &&
           strcmp(again + strlen(SEGMENT_FOLDER "/"), name) == 0;
}

static int read_names(DIR *dir, struct segments *out, struct reeve_error *err)
{
    int rc = 0;
    errno = 0;
    for (struct dirent *e; rc == 0 && (e = readdir(dir)); errno = 0) {
        struct segment one;
        if (parse(e->d_name, &one))
            rc = segments_add(out, &one, err);
    }
    if (rc == 0 && errno)
        rc = base_fail_errno(err, REEVE_EIO, errno, SEGMENT_FOLDER " cannot be read");
    return rc;
}

int segment_remove_leftover(int dir_fd, struct segment *s, struct reeve_error *err)
{
    const struct segment old = {.first = s->first, .last = s->last};
    char name[SEGMENT_MAX_NAME];
    if (!s->leftover)
        return 0;
    segment_name(&old, name);
    if (unlinkat(dir_fd, name, 0) != 0 && errno != ENOENT)
        return base_fail_errno(err, REEVE_EIO, errno, "%s cannot be removed", name);
    s->leftover = false;
    return 0;
}

int segments_list(int dir_fd, struct segments *out, struct reeve_error *err)
{
    *out = (struct segments){0};
    int fd = openat(dir_fd, SEGMENT_FOLDER, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 && errno == ENOENT)
        return 0;
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (!dir) {
        int rc = base_fail_errno(err, REEVE_EIO, errno, SEGMENT_FOLDER " cannot be opened");
        fd_close(&fd);
        return rc;
    }
    int rc = read_names(dir, out, err);
    (void)closedir(dir);
    if (out->n)
        qsort(out->v, out->n, sizeof *out->v, compare);
    keep_one_form(out);
    if (rc)
        segments_fini(out);
    return rc;
}
