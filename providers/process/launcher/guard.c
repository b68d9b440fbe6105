/*
 * The state folder is nobody's to see: key, log and socket lie in it, and without privilege a guest
 * has the user id that may read them. Whatever the owner asks for, no mount is the folder or lies
 * in it, and where one contains it the place is found here and covered by sandbox_root.c. It is
 * known by device and inode through a descriptor that reeve-start gave, so that no path of the
 * owner's can lead around it. Called by prepare.c.
 */
#include "providers/process/launcher/launcher.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define RESOLVE_PLAIN (RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS)

static int refuse(int error)
{
    errno = error;
    return -1;
}

static int open_path(int dir, const char *path, uint64_t flags, uint64_t resolve)
{
    struct open_how how = {.flags = flags | O_PATH | O_CLOEXEC, .resolve = resolve};
    return (int)syscall(SYS_openat2, dir, path, &how, sizeof how);
}

int guard_open(const char *path)
{
    return open_path(AT_FDCWD, path, 0, RESOLVE_PLAIN);
}

static int locate(int fd, struct place *out)
{
    struct statx st;
    if (statx(fd, "", AT_EMPTY_PATH, STATX_INO | STATX_MNT_ID, &st) < 0)
        return -1;
    *out = (struct place){.dev_major = st.stx_dev_major,
                          .dev_minor = st.stx_dev_minor,
                          .ino = st.stx_ino,
                          .mount = st.stx_mnt_id};
    return 0;
}

static bool same_file(const struct place *a, const struct place *b)
{
    return a->dev_major == b->dev_major && a->dev_minor == b->dev_minor && a->ino == b->ino;
}

/*
 * The folder of `fd` and all above it, up to the root, which is its own parent. A folder bound into
 * one that it contains looks like the root but for its mount.
 */
static int walk_up(int fd, struct place *out, uint32_t *n)
{
    auto_close int at = open_path(fd, ".", O_DIRECTORY, 0);
    for (*n = 0; *n < GUARD_MAX_DEPTH; ++*n) {
        struct place *now = &out[*n];
        if (at < 0 || locate(at, now) < 0)
            return -1;
        if (*n && same_file(now, now - 1) && now->mount == now[-1].mount)
            return 0;
        int up = open_path(at, "..", O_DIRECTORY, 0);
        fd_close(&at);
        at = up;
    }
    return refuse(ELOOP);
}

int guard_look(struct guard *g)
{
    char self[32];
    struct place there;
    (void)snprintf(self, sizeof self, "/proc/self/fd/%d", LAUNCHER_FD_STATE);
    ssize_t n = readlink(self, g->path, sizeof g->path);
    if (n < 0 || walk_up(LAUNCHER_FD_STATE, g->above, &g->nabove) < 0)
        return -1;
    if (n == 0 || (size_t)n == sizeof g->path)
        return refuse(ENAMETOOLONG);
    g->path[n] = '\0';
    /* Moved meanwhile, or removed: where it is below a mount cannot be said. */
    auto_close int fd = guard_open(g->path);
    if (fd < 0 || locate(fd, &there) < 0)
        return -1;
    return same_file(&there, &g->above[0]) ? 0 : refuse(ESTALE);
}

/* ---- sources ---- */

/* The folder that `path` is in; its last name. */
static int open_parent(const char *path, const char **name)
{
    char parent[PATH_MAX];
    const char *slash = strrchr(path, '/');
    size_t n = slash ? (size_t)(slash - path) : 0;
    if (!slash || n >= sizeof parent)
        return refuse(ENAMETOOLONG);
    memcpy(parent, path, n);
    parent[n] = '\0';
    *name = slash[1] ? slash + 1 : ".";
    return guard_open(n ? parent : "/");
}

/* From the folder that a source is in, not from the source: it may be one that cannot be searched.
 */
int guard_open_source(const struct guard *g, const char *path)
{
    struct place above[GUARD_MAX_DEPTH], own;
    uint32_t n;
    const char *name;
    auto_close int parent = open_parent(path, &name);
    if (parent < 0 || walk_up(parent, above, &n) < 0)
        return -1;
    auto_close int fd = open_path(parent, name, 0, RESOLVE_PLAIN);
    if (fd < 0 || locate(fd, &own) < 0)
        return -1;
    bool inside = same_file(&own, &g->above[0]);
    for (uint32_t i = 0; i < n; i++)
        inside = inside || same_file(&above[i], &g->above[0]);
    if (inside)
        return refuse(EPERM);
    int opened = fd;
    fd = -1;
    return opened;
}

/* ---- what contains it ---- */

/* The last `n` components of the folder's path. */
static const char *tail_of(const char *path, uint32_t n)
{
    const char *at = path + strlen(path);
    while (n && at > path)
        if (*--at == '/')
            n--;
    return n ? NULL : at + 1;
}

/* Something else is there, or nothing: it is covered by another mount and not to be seen. */
static bool is_elsewhere(int error)
{
    return error == ENOENT || error == ENOTDIR || error == ELOOP || error == EXDEV;
}

static int find_below(const struct guard *g, int tree, const char *rest)
{
    struct place there;
    auto_close int fd = open_path(tree, rest, O_DIRECTORY, RESOLVE_PLAIN | RESOLVE_BENEATH);
    if (fd < 0 || locate(fd, &there) < 0)
        return -1;
    if (!same_file(&there, &g->above[0]))
        return refuse(ENOENT);
    int found = fd;
    fd = -1;
    return found;
}

int guard_find(const struct guard *g, int source, int tree, struct sandbox *b)
{
    struct place own;
    if (locate(source, &own) < 0)
        return -1;
    for (uint32_t i = 1; i < g->nabove; i++) {
        if (!same_file(&own, &g->above[i]))
            continue;
        const char *rest = tail_of(g->path, i);
        if (!rest || b->nmasks == SANDBOX_MAX_MASKS)
            return refuse(EPERM);
        int fd = find_below(g, tree, rest);
        if (fd >= 0)
            b->masks[b->nmasks++] = (struct sandbox_mask){fd, b->nmounts - 1};
        else if (!is_elsewhere(errno))
            return -1;
    }
    return 0;
}
