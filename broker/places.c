/*
 * Every path at which a state folder can be seen: its own, and those that other mounts of its file
 * system give it. Used by program.c, which keeps guests from each. Reads the kernel's table of
 * mounts (proc_pid_mountinfo(5)).
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "broker/internal.h"
#include "core/catalogue.h"

enum { MOUNTS_MAX_BYTES = 16 << 20 };

/* One line: the mount's number, its file system, which folder of that it shows, and where. */
struct mount_line {
    uint64_t id;
    struct str device;
    char root[PATH_MAX], point[PATH_MAX];
};

/* What stands before the next `end`, or all of it; `rest` goes on behind that. */
static struct str take_until(struct str *rest, char end)
{
    const char *at = memchr(rest->p, end, rest->n);
    struct str taken = {rest->p, at ? (size_t)(at - rest->p) : rest->n};
    size_t used = at ? taken.n + 1 : taken.n;
    rest->p += used;
    rest->n -= used;
    return taken;
}

static struct str next_field(struct str *line)
{
    return take_until(line, ' ');
}

static struct str next_line(struct str *lines)
{
    return take_until(lines, '\n');
}

static bool is_octal(const char *p)
{
    return p[0] >= '0' && p[0] <= '3' && p[1] >= '0' && p[1] <= '7' && p[2] >= '0' && p[2] <= '7';
}

/* Blanks and backslashes of a path are written as \ooo. */
static bool unescape(struct str field, char out[PATH_MAX])
{
    size_t n = 0;
    for (size_t i = 0; i < field.n; i++) {
        const char *p = field.p + i;
        if (n == PATH_MAX - 1)
            return false;
        out[n] = *p;
        if (*p == '\\' && field.n - i > 3 && is_octal(p + 1)) {
            out[n] = (char)((p[1] - '0') << 6 | (p[2] - '0') << 3 | (p[3] - '0'));
            i += 3;
        }
        n++;
    }
    out[n] = '\0';
    return n > 0 && out[0] == '/';
}

static bool parse_line(struct str line, struct mount_line *out)
{
    struct str id = next_field(&line);
    out->id = 0;
    for (size_t i = 0; i < id.n && id.p[i] >= '0' && id.p[i] <= '9'; i++)
        out->id = out->id * 10 + (uint64_t)(id.p[i] - '0');
    (void)next_field(&line);
    out->device = next_field(&line);
    struct str root = next_field(&line);
    return unescape(root, out->root) && unescape(next_field(&line), out->point);
}

/* ---- paths ---- */

/* What `path` has below `dir`: "" or "/..."; both normal. */
static bool below(const char *path, const char *dir, const char **rest)
{
    size_t n = strcmp(dir, "/") == 0 ? 0 : strlen(dir);
    if (!core_path_under(str_of(path), str_of(dir)))
        return false;
    *rest = strcmp(path, "/") == 0 ? "" : path + n;
    return true;
}

/* `dir` with `rest` below it. */
static bool join(const char *dir, const char *rest, char out[PATH_MAX])
{
    const char *head = strcmp(dir, "/") == 0 && *rest ? "" : dir;
    return snprintf(out, PATH_MAX, "%s%s", head, rest) < PATH_MAX;
}

static bool is_folder_at(const struct stat *folder, const char *path)
{
    struct stat there;
    return stat(path, &there) == 0 && there.st_dev == folder->st_dev &&
           there.st_ino == folder->st_ino;
}

/* ---- the places ---- */

struct search {
    struct stat folder;
    uint64_t mount;
    char own[PATH_MAX];    /* its path here */
    char inside[PATH_MAX]; /* and in its file system */
    char device[32];
};

static bool locate(int dir_fd, struct search *s)
{
    char self[32];
    struct statx st;
    (void)snprintf(self, sizeof self, "/proc/self/fd/%d", dir_fd);
    if (statx(dir_fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &st) != 0 || fstat(dir_fd, &s->folder) != 0)
        return false;
    s->mount = st.stx_mnt_id;
    return realpath(self, s->own) && is_folder_at(&s->folder, s->own);
}

static bool locate_inside(struct search *s, struct str lines)
{
    struct mount_line m;
    const char *rest;
    while (lines.n) {
        if (!parse_line(next_line(&lines), &m) || m.id != s->mount)
            continue;
        (void)snprintf(s->device, sizeof s->device, "%.*s", (int)m.device.n, m.device.p);
        return m.device.n < sizeof s->device && below(s->own, m.point, &rest) &&
               join(m.root, rest, s->inside);
    }
    return false;
}

static int add_place(struct state_places *out, const char *path, struct arena *arena,
                     struct reeve_error *err)
{
    for (uint32_t i = 0; i < out->n; i++)
        if (str_is(out->list[i], path))
            return 0;
    if (out->n == STATE_MAX_PLACES)
        return base_fail(err, REEVE_ESTATE, "mounts show the state folder at more than %u paths",
                         STATE_MAX_PLACES);
    out->list[out->n] = arena_str(arena, str_of(path));
    if (!out->list[out->n++].p)
        return base_fail(err, REEVE_ENOMEM, "out of memory");
    return 0;
}

static int add_others(const struct search *s, struct str lines, struct state_places *out,
                      struct arena *arena, struct reeve_error *err)
{
    char path[PATH_MAX];
    struct mount_line m;
    const char *rest;
    int rc = 0;
    while (!rc && lines.n)
        if (parse_line(next_line(&lines), &m) && str_is(m.device, s->device) &&
            below(s->inside, m.root, &rest) && join(m.point, rest, path) &&
            is_folder_at(&s->folder, path))
            rc = add_place(out, path, arena, err);
    return rc;
}

int state_places(int dir_fd, struct state_places *out, struct arena *arena, struct reeve_error *err)
{
    struct search s;
    auto_buf struct buf text = {.max = MOUNTS_MAX_BYTES};
    out->n = 0;
    if (fd_slurp(AT_FDCWD, "/proc/self/mountinfo", MOUNTS_MAX_BYTES, &text, NULL) != 0 ||
        !locate(dir_fd, &s) || !locate_inside(&s, buf_view(&text)))
        return base_fail(err, REEVE_ESTATE,
                         "where the state folder lies cannot be said, so it cannot be hidden");
    int rc = add_place(out, s.own, arena, err);
    return rc ? rc : add_others(&s, buf_view(&text), out, arena, err);
}
