/*
 * The root file system of a sandbox: a small tmpfs (or the plan's own "/") with /dev, /proc, /tmp
 * and what the plan shows, links and hides; then the move into it. Part of sandbox.c's child and
 * under its rule: raw system calls on prepared memory. Host paths are not opened here: they arrive
 * as detached, read-only mounts.
 */
#include "providers/process/launcher/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "core/plan.h"
#include "providers/process/launcher/raw.h"

#define HIDDEN_DIR  "hidden-dir"
#define HIDDEN_FILE "hidden-file"
#define ATTR_BASE   (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)

struct builder {
    const struct sandbox *s;
    long root, dev; /* descriptors of their mounts */
};

/* ---- mounts ---- */

struct option {
    const char *key, *value;
};

/* A new file system, mounted nowhere yet. */
static long fs_new(const char *type, const struct option *options, long attr)
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

static long set_attr(long mount, uint64_t attr)
{
    const struct mount_attr a = {.attr_set = attr};
    return raw5(SYS_mount_setattr, mount, raw_p(""), AT_EMPTY_PATH, raw_p(&a), sizeof a);
}

static long attach(long mount, long at)
{
    return raw5(SYS_move_mount, mount, raw_p(""), at, raw_p(""),
                MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
}

/* ---- paths inside the new root: no link is followed, nothing leads out ---- */

static long open_at(long dir, const char *path, uint64_t flags)
{
    const struct open_how how = {.flags = flags | O_PATH | O_CLOEXEC,
                                 .resolve =
                                     RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};
    return raw4(SYS_openat2, dir, raw_p(path), raw_p(&how), sizeof how);
}

static long open_or_make_dir(long dir, const char *name)
{
    long fd = open_at(dir, name, O_DIRECTORY);
    if (fd != -ENOENT)
        return fd;
    long r = raw3(SYS_mkdirat, dir, raw_p(name), 0755);
    return r < 0 ? r : open_at(dir, name, O_DIRECTORY);
}

static long open_or_make_file(long dir, const char *name)
{
    long fd = open_at(dir, name, 0);
    if (fd != -ENOENT)
        return fd;
    long r = raw4(SYS_mknodat, dir, raw_p(name), S_IFREG | 0444, 0);
    return r < 0 ? r : open_at(dir, name, 0);
}

/* The next component of `*path` into `name`; its length, 0 at the end. */
static long next_name(const char **path, char name[256])
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

/* The folder that holds `path`'s last component, made where it is missing; that component in
 * `name`. */
static long open_parent(long root, const char *path, char name[256])
{
    long dir = raw3(SYS_fcntl, root, F_DUPFD_CLOEXEC, 0);
    long n = next_name(&path, name);
    if (dir >= 0 && n == 0)
        n = -EINVAL;
    while (dir >= 0 && n > 0 && *path) {
        long next = open_or_make_dir(dir, name);
        raw1(SYS_close, dir);
        dir = next;
        n = next_name(&path, name);
    }
    if (dir >= 0 && n < 0) {
        raw1(SYS_close, dir);
        return n;
    }
    return dir;
}

static long mount_at(long root, const char *target, bool is_dir, long mount)
{
    char name[256];
    long dir = open_parent(root, target, name);
    if (dir < 0)
        return dir;
    long at = is_dir ? open_or_make_dir(dir, name) : open_or_make_file(dir, name);
    raw1(SYS_close, dir);
    if (at < 0)
        return at;
    long r = attach(mount, at);
    raw1(SYS_close, at);
    return r;
}

static long mount_new(long root, const char *target, long mount)
{
    long r = mount < 0 ? mount : mount_at(root, target, true, mount);
    if (r < 0 && mount >= 0)
        raw1(SYS_close, mount);
    return r < 0 ? r : mount;
}

/* ---- what the plan shows ---- */

static long show_tree(const struct builder *b, const struct sandbox_mount *m)
{
    return mount_at(b->root, m->target, m->is_dir, m->tree);
}

/* A link that is there already and says the same is what was asked for. */
static long same_link(long dir, const char *name, const char *source, long otherwise)
{
    char now[4096];
    long n = raw4(SYS_readlinkat, dir, raw_p(name), raw_out(now), sizeof now);
    long i = 0;
    while (i < n && source[i] && source[i] == now[i])
        i++;
    return n > 0 && i == n && !source[i] ? 0 : otherwise;
}

static long show_link(const struct builder *b, const struct sandbox_mount *m)
{
    char name[256];
    long dir = open_parent(b->root, m->target, name);
    if (dir < 0)
        return dir;
    long r = raw3(SYS_symlinkat, raw_p(m->source), dir, raw_p(name));
    if (r < 0)
        r = same_link(dir, name, m->source, r);
    raw1(SYS_close, dir);
    return r;
}

/* What covers a hidden path: an empty file or folder of mode 0, made once, unlinked when all is
 * built. */
static long hiding_tree(long dev, bool is_dir)
{
    const char *name = is_dir ? HIDDEN_DIR : HIDDEN_FILE;
    long r = is_dir ? raw3(SYS_mkdirat, dev, raw_p(name), 0)
                    : raw4(SYS_mknodat, dev, raw_p(name), S_IFREG, 0);
    if (r < 0 && r != -EEXIST)
        return r;
    long tree = raw3(SYS_open_tree, dev, raw_p(name), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    if (tree < 0)
        return tree;
    r = set_attr(tree, ATTR_BASE | MOUNT_ATTR_RDONLY);
    if (r == 0)
        return tree;
    raw1(SYS_close, tree);
    return r;
}

/* What is to be hidden must be there: a path that could appear later would be shown. */
static long hide(const struct builder *b, const struct sandbox_mount *m)
{
    if (!m->target[0] || !m->target[1])
        return -EINVAL;
    long at = open_at(b->root, m->target + 1, O_DIRECTORY);
    bool is_dir = at >= 0;
    if (at == -ENOTDIR)
        at = open_at(b->root, m->target + 1, 0);
    if (at < 0)
        return at;
    long tree = hiding_tree(b->dev, is_dir), r = tree;
    if (tree >= 0) {
        r = attach(tree, at);
        raw1(SYS_close, tree);
    }
    raw1(SYS_close, at);
    return r;
}

/*
 * What the launcher covers of a tree, whatever the plan says, before anything else is put there.
 * Not by a hiding_tree: the plan may hide the same folder, and a folder that is mounted on cannot
 * be unlinked.
 */
static long mask_all(const struct builder *b, uint32_t mount)
{
    static const struct option options[] = {
        {"size", "4096"}, {"nr_inodes", "1"}, {"mode", "0"}, {0}};
    for (uint32_t i = 0; i < b->s->nmasks; i++) {
        if (b->s->masks[i].mount != mount)
            continue;
        long fs = fs_new("tmpfs", options, ATTR_BASE | MOUNT_ATTR_RDONLY);
        long r = fs < 0 ? fs : attach(fs, b->s->masks[i].place);
        if (fs >= 0)
            raw1(SYS_close, fs);
        if (r < 0)
            return r;
    }
    return 0;
}

static long show_all(const struct builder *b, uint32_t *index)
{
    static long (*const show[])(const struct builder *, const struct sandbox_mount *) = {
        [PLAN_MOUNT_READ] = show_tree, [PLAN_MOUNT_LINK] = show_link, [PLAN_MOUNT_HIDE] = hide};
    for (uint32_t i = 0; i < b->s->nmounts; i++) {
        const struct sandbox_mount *m = &b->s->mounts[i];
        bool is_root = m->kind == PLAN_MOUNT_READ && m->tree == b->root;
        long r = is_root ? 0 : show[m->kind](b, m);
        if (r == 0)
            r = mask_all(b, i);
        if (r < 0) {
            *index = i;
            return r;
        }
    }
    return 0;
}

/* ---- what every sandbox has ---- */

static long make_dev(struct builder *b)
{
    static const char *const paths[SANDBOX_DEVICES] = {
        [SANDBOX_NULL] = "/null",     [SANDBOX_ZERO] = "/zero",       [SANDBOX_FULL] = "/full",
        [SANDBOX_RANDOM] = "/random", [SANDBOX_URANDOM] = "/urandom",
    };
    static const struct {
        const char *name, *to;
    } links[] = {{"fd", "/proc/self/fd"},
                 {"stdin", "/proc/self/fd/0"},
                 {"stdout", "/proc/self/fd/1"},
                 {"stderr", "/proc/self/fd/2"}};
    static const struct option options[] = {
        {"size", "65536"}, {"nr_inodes", "64"}, {"mode", "0755"}, {0}};
    b->dev = mount_new(b->root, "/dev", fs_new("tmpfs", options, ATTR_BASE));
    long r = b->dev < 0 ? b->dev : 0;
    for (int i = 0; i < SANDBOX_DEVICES && r == 0; i++)
        r = mount_at(b->dev, paths[i], false, b->s->device[i]);
    for (size_t i = 0; i < sizeof links / sizeof links[0] && r == 0; i++)
        r = raw3(SYS_symlinkat, raw_p(links[i].to), b->dev, raw_p(links[i].name));
    return r;
}

/* /proc shows the guest its own processes and nothing of the system; init is not among them. */
static long make_proc(struct builder *b)
{
    static const struct option options[] = {{"subset", "pid"}, {"hidepid", "invisible"}, {0}};
    long proc = mount_new(b->root, "/proc", fs_new("proc", options, ATTR_BASE));
    if (proc >= 0)
        raw1(SYS_close, proc);
    return proc < 0 ? proc : 0;
}

static long make_tmp(struct builder *b)
{
    const struct option options[] = {{"size", b->s->tmp_size}, {"nr_inodes", b->s->tmp_inodes},
                                     {"mode", "0700"},         {"uid", "1000"},
                                     {"gid", "1000"},          {0}};
    long attr = ATTR_BASE | (b->s->tmp_readonly ? MOUNT_ATTR_RDONLY : 0);
    long tmp = mount_new(b->root, "/tmp", fs_new("tmpfs", options, attr));
    if (tmp >= 0)
        raw1(SYS_close, tmp);
    return tmp < 0 ? tmp : 0;
}

/* The new root lies over the old one until pivot_root turns them round. */
static long make_root(struct builder *b)
{
    static const struct option options[] = {
        {"size", "1048576"}, {"nr_inodes", "8192"}, {"mode", "0755"}, {0}};
    long r = raw5(SYS_mount, 0, raw_p("/"), 0, MS_REC | MS_PRIVATE, 0);
    if (r < 0)
        return r;
    for (uint32_t i = 0; i < b->s->nmounts && b->root < 0; i++)
        if (b->s->mounts[i].kind == PLAN_MOUNT_READ && !b->s->mounts[i].target[1])
            b->root = b->s->mounts[i].tree;
    if (b->root < 0)
        b->root = fs_new("tmpfs", options, ATTR_BASE);
    if (b->root < 0)
        return b->root;
    return raw5(SYS_move_mount, b->root, raw_p(""), AT_FDCWD, raw_p("/"), MOVE_MOUNT_F_EMPTY_PATH);
}

static long seal_root(struct builder *b)
{
    long r = raw3(SYS_unlinkat, b->dev, raw_p(HIDDEN_FILE), 0);
    if (r == 0 || r == -ENOENT)
        r = raw3(SYS_unlinkat, b->dev, raw_p(HIDDEN_DIR), AT_REMOVEDIR);
    if (r != 0 && r != -ENOENT)
        return r;
    r = set_attr(b->dev, MOUNT_ATTR_RDONLY);
    return r ? r : set_attr(b->root, MOUNT_ATTR_RDONLY);
}

/* After pivot_root the old root lies over the new one: "." leads to it, and with it goes all that
 * was mounted there. */
static long leave_old_root(struct builder *b)
{
    long r = raw1(SYS_fchdir, b->root);
    if (r == 0)
        r = raw2(SYS_pivot_root, raw_p("."), raw_p("."));
    if (r == 0)
        r = raw2(SYS_umount2, raw_p("."), MNT_DETACH);
    return r ? r : raw1(SYS_chdir, raw_p("/"));
}

long sandbox_root(const struct sandbox *s, uint32_t *index)
{
    struct builder b = {.s = s, .root = -1, .dev = -1};
    long r = make_root(&b);
    if (r == 0)
        r = make_dev(&b);
    if (r == 0)
        r = make_proc(&b);
    if (r == 0)
        r = make_tmp(&b);
    if (r == 0)
        r = show_all(&b, index);
    if (r == 0)
        r = seal_root(&b);
    return r ? r : leave_old_root(&b);
}
