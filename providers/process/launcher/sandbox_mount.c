/*
 * Mounts and paths inside the new root, for the files that build it: see sandbox_build.h. Part of
 * sandbox.c's child and under its rule: raw system calls on prepared memory.
 */
#include "providers/process/launcher/sandbox_build.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>

#include "providers/process/launcher/raw.h"

/* ---- mounts ---- */

long fs_new(const char *type, const struct fs_option *options, long attr)
{
    long fs = raw2(SYS_fsopen, raw_p(type), FSOPEN_CLOEXEC), r = 0;
    if (fs < 0)
        return fs;
    for (; options->key && r == 0; options++)
        r = raw5(SYS_fsconfig, fs, FSCONFIG_SET_STRING, raw_p(options->key), raw_p(options->value),
                 0);
    if (r == 0)
        r = raw5(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, 0, 0, 0);
    if (r == 0)
        r = raw3(SYS_fsmount, fs, FSMOUNT_CLOEXEC, attr);
    raw1(SYS_close, fs);
    return r;
}

long mount_set(long mount, uint64_t attr)
{
    const struct mount_attr a = {.attr_set = attr};
    return raw5(SYS_mount_setattr, mount, raw_p(""), AT_EMPTY_PATH, raw_p(&a), sizeof a);
}

long mount_on(long mount, long at)
{
    return raw5(SYS_move_mount, mount, raw_p(""), at, raw_p(""),
                MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
}

/* ---- paths ---- */

long path_open(long dir, const char *path, uint64_t flags)
{
    const struct open_how how = {.flags = flags | O_CLOEXEC,
                                 .resolve =
                                     RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};
    return raw4(SYS_openat2, dir, raw_p(path), raw_p(&how), sizeof how);
}

static long open_or_make_dir(long dir, const char *name)
{
    long fd = path_open(dir, name, O_PATH | O_DIRECTORY);
    if (fd != -ENOENT)
        return fd;
    long r = raw3(SYS_mkdirat, dir, raw_p(name), 0755);
    return r < 0 ? r : path_open(dir, name, O_PATH | O_DIRECTORY);
}

static long open_or_make_file(long dir, const char *name)
{
    long fd = path_open(dir, name, O_PATH);
    if (fd != -ENOENT)
        return fd;
    long r = raw4(SYS_mknodat, dir, raw_p(name), S_IFREG | 0444, 0);
    return r < 0 ? r : path_open(dir, name, O_PATH);
}

long path_next(const char **path, char name[256])
{
    long n = 0;
    while (**path == '/')
        ++*path;
    for (; **path && **path != '/'; ++*path) {
        if (n == 255)
            return -ENAMETOOLONG;
        name[n++] = **path;
    }
    name[n] = 0;
    return n;
}

long path_parent(long root, const char *path, char name[256])
{
    long dir = raw3(SYS_fcntl, root, F_DUPFD_CLOEXEC, 0);
    long n = path_next(&path, name);
    if (dir >= 0 && n == 0)
        n = -EINVAL;
    while (dir >= 0 && n > 0 && *path) {
        long next = open_or_make_dir(dir, name);
        raw1(SYS_close, dir);
        dir = next;
        n = path_next(&path, name);
    }
    if (dir >= 0 && n < 0) {
        raw1(SYS_close, dir);
        return n;
    }
    return dir;
}

const char *path_beyond(const char *path, const char *top)
{
    for (; *top; path++, top++)
        if (*path != *top)
            return NULL;
    return path;
}

bool path_is_same(const char *path, const char *other)
{
    const char *rest = path_beyond(path, other);
    return rest && !*rest;
}

bool path_is_below(const char *path, const char *top)
{
    const char *rest = path_beyond(path, top[1] ? top : "");
    return rest && rest[0] == '/' && rest[1];
}

long mount_at(long root, const char *target, bool is_dir, long mount)
{
    char name[256];
    long dir = path_parent(root, target, name);
    if (dir < 0)
        return dir;
    long at = is_dir ? open_or_make_dir(dir, name) : open_or_make_file(dir, name);
    raw1(SYS_close, dir);
    if (at < 0)
        return at;
    long r = mount_on(mount, at);
    raw1(SYS_close, at);
    return r;
}
