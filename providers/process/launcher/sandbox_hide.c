/*
 * What a plan hides. A mount over the hidden path would not do: it hangs on a file or folder of the
 * host's, and who renames another over that, or over a folder above it, takes it away or carries it
 * off, and the guest reads what comes to the path. So every folder from the root of a shown tree
 * down to a hidden path is one of the sandbox's own (it is pinned), whose entries are put there
 * once, each as a mount of its own; only what is hidden is an empty entry of mode 0. What the host
 * does to the names of its folders then moves nothing here. Part of sandbox.c's child and under its
 * rule: raw system calls on prepared memory.
 */
#include "providers/process/launcher/sandbox_build.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "core/plan.h"
#include "providers/process/launcher/raw.h"

#define PINS "pins" /* in /dev, while the sandbox is built */

/* ---- who is where ---- */

bool sandbox_is_own(const char *path)
{
    static const char *const own[] = {"dev", "proc", "tmp"};
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
        if (path_is_same(path, own[i]) || path_is_below(path, own[i]))
            return true;
    return false;
}

bool sandbox_hides_in(const struct sandbox_mount *h, const struct sandbox_mount *tree)
{
    return h->kind == PLAN_MOUNT_HIDE && path_is_below(h->target, tree->target) &&
           (tree->target[1] || !sandbox_is_own(h->target + 1));
}

bool sandbox_is_pinned(const struct sandbox *s, const struct sandbox_mount *m)
{
    for (uint32_t i = 0; i < s->nmounts; i++)
        if (sandbox_hides_in(&s->mounts[i], m))
            return true;
    return false;
}

bool sandbox_is_hidden(const struct sandbox *s, const struct sandbox_mount *m)
{
    for (uint32_t i = 0; i < s->nmounts; i++)
        if (s->mounts[i].kind == PLAN_MOUNT_HIDE && path_is_same(s->mounts[i].target, m->target))
            return true;
    return false;
}

/* ---- the file system of pinned folders ---- */

static long open_pins(struct builder *b)
{
    static const struct fs_option options[] = {
        {"nr_blocks", SANDBOX_PIN_BLOCKS}, {"nr_inodes", SANDBOX_PIN_INODES}, {"mode", "0"}, {0}};
    if (b->pins >= 0)
        return 0;
    long mount = fs_new("tmpfs", options, ATTR_BASE);
    if (mount < 0)
        return mount;
    long r = mount_at(b->dev, PINS, true, mount);
    b->pins = r < 0 ? -1 : mount;
    return r;
}

/* With the file system's own mount go the trees that were put there to be copied. */
long sandbox_seal_pins(struct builder *b)
{
    long r = 0;
    for (uint32_t i = 0; i < b->npins && r == 0; i++)
        r = mount_set(b->pin[i], MOUNT_ATTR_RDONLY);
    if (b->pins < 0 || r < 0)
        return r;
    r = raw1(SYS_fchdir, b->pins);
    if (r == 0)
        r = raw2(SYS_umount2, raw_p("."), MNT_DETACH);
    return r ? r : raw3(SYS_unlinkat, b->dev, raw_p(PINS), AT_REMOVEDIR);
}

/* A folder of it for the mount `index`: its tree ('t'), or what is shown in its place ('p'). */
static void name_folder(char name[4], char kind, uint32_t index)
{
    name[0] = kind;
    name[1] = (char)('a' + index / 16);
    name[2] = (char)('a' + index % 16);
    name[3] = '\0';
}

/* The tree is attached where nobody sees it: one that is mounted nowhere cannot be cloned by every
 * kernel. */
static long stage_tree(const struct builder *b, uint32_t index)
{
    char name[4];
    name_folder(name, 't', index);
    return mount_at(b->pins, name, true, b->s->mounts[index].tree);
}

static bool is_passed(const struct sandbox *s, const struct sandbox_mount *m)
{
    for (uint32_t i = 0; i < s->nmounts; i++)
        if (s->mounts[i].kind != PLAN_MOUNT_HIDE && path_is_below(s->mounts[i].target, m->target))
            return true;
    return false;
}

static long show_pinned(struct builder *b, uint32_t index)
{
    char name[4];
    const struct sandbox_mount *m = &b->s->mounts[index];
    if (!m->target[1])
        return b->root;
    name_folder(name, 'p', index);
    long r = raw3(SYS_mkdirat, b->pins, raw_p(name), sandbox_hidden_mode(is_passed(b->s, m)));
    if (r < 0)
        return r;
    long top = raw3(SYS_open_tree, b->pins, raw_p(name), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    if (top < 0)
        return top;
    b->pin[b->npins++] = top;
    r = mount_at(b->root, m->target, true, top);
    return r < 0 ? r : top;
}

/* Where the tree of a mount begins, and what is shown of it: the first folder of each way. */
static long begin(struct builder *b, uint32_t index, sandbox_mask_fn *mask)
{
    long r = b->s->mounts[index].is_dir ? open_pins(b) : -ENOTDIR;
    if (r == 0)
        r = stage_tree(b, index);
    if (r == 0)
        r = mask(b, index);
    return r < 0 ? r : show_pinned(b, index);
}

long sandbox_pin(struct builder *b, uint32_t index, sandbox_mask_fn *mask)
{
    const struct sandbox *s = b->s;
    const struct sandbox_mount *m = &s->mounts[index];
    long top = -1;
    for (uint32_t i = 0; i < s->nmounts; i++) {
        if (!sandbox_hides_in(&s->mounts[i], m))
            continue;
        b->fault->index = i;
        if (top < 0)
            top = begin(b, index, mask);
        if (top < 0)
            return top;
        struct way w = {
            .b = b, .mount = m, .path = s->mounts[i].target, .from = m->tree, .to = top};
        if (m->target[1])
            w.n = (size_t)(path_beyond(w.path, m->target) - w.path);
        long r = sandbox_pin_way(&w);
        if (r < 0)
            return r;
    }
    return 0;
}

/* ---- what is hidden of the sandbox's own ---- */

static long cover(struct builder *b, long at, bool is_dir)
{
    const char *name = is_dir ? "dir" : "file";
    long r = is_dir ? raw3(SYS_mkdirat, b->pins, raw_p(name), 0)
                    : raw4(SYS_mknodat, b->pins, raw_p(name), S_IFREG, 0);
    if (r < 0 && r != -EEXIST)
        return r;
    long tree = raw3(SYS_open_tree, b->pins, raw_p(name), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    if (tree < 0)
        return tree;
    r = mount_set(tree, MOUNT_ATTR_RDONLY);
    if (r == 0)
        r = mount_on(tree, at);
    raw1(SYS_close, tree);
    return r;
}

static bool is_in_shown_tree(const struct sandbox *s, const struct sandbox_mount *h)
{
    for (uint32_t i = 0; i < s->nmounts; i++) {
        const struct sandbox_mount *m = &s->mounts[i];
        if (m->kind == PLAN_MOUNT_READ &&
            (sandbox_hides_in(h, m) || (h->target[1] && path_is_same(h->target, m->target))))
            return true;
    }
    return false;
}

long sandbox_hide(struct builder *b, uint32_t index)
{
    const struct sandbox_mount *h = &b->s->mounts[index];
    if (is_in_shown_tree(b->s, h))
        return 0;
    if (!h->target[0] || !h->target[1])
        return -EINVAL;
    long at = path_open(b->root, h->target + 1, O_PATH | O_DIRECTORY);
    bool is_dir = at >= 0;
    if (at == -ENOTDIR)
        at = path_open(b->root, h->target + 1, O_PATH);
    if (at < 0)
        return at == -ENOENT && sandbox_is_own(h->target + 1) ? 0 : at;
    long r = open_pins(b);
    if (r == 0)
        r = cover(b, at, is_dir);
    raw1(SYS_close, at);
    return r;
}
