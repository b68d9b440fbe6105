/*
 * The root file system of a sandbox: a small tmpfs (or the plan's own "/") with /dev, /proc, /tmp
 * and what the plan shows, links and hides; then the move into it. Part of sandbox.c's child and
 * under its rule: raw system calls on prepared memory. Host paths are not opened here: they arrive
 * as detached, read-only mounts.
 */
#include "providers/process/launcher/sandbox_build.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "core/plan.h"
#include "providers/process/launcher/raw.h"

static long mount_new(long root, const char *target, long mount)
{
    long r = mount < 0 ? mount : mount_at(root, target, true, mount);
    if (r < 0 && mount >= 0)
        raw1(SYS_close, mount);
    return r < 0 ? r : mount;
}

/* ---- what the plan shows ---- */

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

static long show_link(struct builder *b, uint32_t index)
{
    char name[256];
    const struct sandbox_mount *m = &b->s->mounts[index];
    long dir = path_parent(b->root, m->target, name);
    if (dir < 0)
        return dir;
    long r = raw3(SYS_symlinkat, raw_p(m->source), dir, raw_p(name));
    if (r < 0)
        r = same_link(dir, name, m->source, r);
    raw1(SYS_close, dir);
    return r;
}

/* What the launcher covers of a tree, whatever the plan says, before anything else is put there. */
static long mask_all(const struct builder *b, uint32_t mount)
{
    static const struct fs_option options[] = {
        {"size", "4096"}, {"nr_inodes", "1"}, {"mode", "0"}, {0}};
    for (uint32_t i = 0; i < b->s->nmasks; i++) {
        if (b->s->masks[i].mount != mount)
            continue;
        long fs = fs_new("tmpfs", options, ATTR_BASE | MOUNT_ATTR_RDONLY);
        long r = fs < 0 ? fs : mount_on(fs, b->s->masks[i].place);
        if (fs >= 0)
            raw1(SYS_close, fs);
        if (r < 0)
            return r;
    }
    return 0;
}

static long show_tree(struct builder *b, uint32_t index)
{
    const struct sandbox_mount *m = &b->s->mounts[index];
    if (sandbox_is_hidden(b->s, m))
        return 0;
    if (sandbox_is_pinned(b->s, m))
        return sandbox_pin(b, index, mask_all);
    long r = m->tree == b->root ? 0 : mount_at(b->root, m->target, m->is_dir, m->tree);
    return r ? r : mask_all(b, index);
}

static long show_all(struct builder *b)
{
    static long (*const show[])(struct builder *, uint32_t) = {[PLAN_MOUNT_READ] = show_tree,
                                                               [PLAN_MOUNT_LINK] = show_link,
                                                               [PLAN_MOUNT_HIDE] = sandbox_hide};
    for (uint32_t i = 0; i < b->s->nmounts; i++) {
        b->fault->index = i;
        long r = show[b->s->mounts[i].kind](b, i);
        if (r < 0)
            return r;
    }
    b->fault->index = UINT32_MAX;
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
    static const struct fs_option options[] = {
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
    static const struct fs_option options[] = {{"subset", "pid"}, {"hidepid", "invisible"}, {0}};
    long proc = mount_new(b->root, "/proc", fs_new("proc", options, ATTR_BASE));
    if (proc >= 0)
        raw1(SYS_close, proc);
    return proc < 0 ? proc : 0;
}

static long make_tmp(struct builder *b)
{
    const struct fs_option options[] = {{"size", b->s->tmp_size}, {"nr_inodes", b->s->tmp_inodes},
                                        {"mode", "0700"},         {"uid", "1000"},
                                        {"gid", "1000"},          {0}};
    long attr = ATTR_BASE | (b->s->tmp_readonly ? MOUNT_ATTR_RDONLY : 0);
    long tmp = mount_new(b->root, "/tmp", fs_new("tmpfs", options, attr));
    if (tmp >= 0)
        raw1(SYS_close, tmp);
    return tmp < 0 ? tmp : 0;
}

/* The plan's own "/", where it can be taken as it is. */
static long plan_root(const struct sandbox *s)
{
    for (uint32_t i = 0; i < s->nmounts; i++) {
        const struct sandbox_mount *m = &s->mounts[i];
        if (m->kind == PLAN_MOUNT_READ && !m->target[1] && !sandbox_is_pinned(s, m))
            return m->tree;
    }
    return -1;
}

/* The new root lies over the old one until pivot_root turns them round. */
static long make_root(struct builder *b)
{
    static const struct fs_option options[] = {{"nr_blocks", SANDBOX_PIN_BLOCKS},
                                               {"nr_inodes", SANDBOX_PIN_INODES},
                                               {"mode", "0755"},
                                               {0}};
    long r = raw5(SYS_mount, 0, raw_p("/"), 0, MS_REC | MS_PRIVATE, 0);
    if (r < 0)
        return r;
    b->root = plan_root(b->s);
    if (b->root < 0)
        b->root = fs_new("tmpfs", options, ATTR_BASE);
    if (b->root < 0)
        return b->root;
    return raw5(SYS_move_mount, b->root, raw_p(""), AT_FDCWD, raw_p("/"), MOVE_MOUNT_F_EMPTY_PATH);
}

static long seal_root(struct builder *b)
{
    long r = sandbox_seal_pins(b);
    if (r == 0)
        r = mount_set(b->dev, MOUNT_ATTR_RDONLY);
    return r ? r : mount_set(b->root, MOUNT_ATTR_RDONLY);
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

long sandbox_root(const struct sandbox *s, struct sandbox_fault *fault)
{
    struct builder b; /* not all of it set: compilers call memset for that much */
    b.s = s;
    b.fault = fault;
    b.root = b.dev = b.pins = -1;
    b.npins = b.nentries = 0;
    long r = make_root(&b);
    if (r == 0)
        r = make_dev(&b);
    if (r == 0)
        r = make_proc(&b);
    if (r == 0)
        r = make_tmp(&b);
    if (r == 0)
        r = show_all(&b);
    if (r == 0)
        r = seal_root(&b);
    return r ? r : leave_old_root(&b);
}
