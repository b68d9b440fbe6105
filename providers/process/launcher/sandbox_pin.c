/*
 * The folders on the way to what is hidden, and what is put into them: see sandbox_hide.c, which
 * calls this. Part of sandbox.c's child and under its rule: raw system calls on prepared memory.
 */
#include "providers/process/launcher/sandbox_build.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "core/frames.h"
#include "core/plan.h"
#include "providers/process/launcher/raw.h"

/* Whether `path` leads through the folder that the way has come to. */
static bool leads_through(const struct way *w, const char *path)
{
    size_t i = 0;
    while (i < w->n && path[i] == w->path[i])
        i++;
    return i == w->n && path[i] == '/';
}

/* ---- an entry of a folder on the way ---- */

enum place { APART, SAME, BELOW };

/* Where `target` lies, seen from the entry `name` of a folder on the way. */
static enum place place_of(const struct way *w, const char *name, const char *target)
{
    const char *rest = leads_through(w, target) ? path_beyond(target + w->n + 1, name) : NULL;
    if (!rest)
        return APART;
    return !*rest ? SAME : *rest == '/' ? BELOW : APART;
}

/* In the order in which they prevail. */
enum fate {
    COPIED, /* as it is in the tree */
    ON_WAY, /* pinned as well */
    SHOWN,  /* by a mount of its own, whose turn comes */
    HIDDEN,
    OWN, /* it is there already */
};
struct verdict {
    enum fate fate;
    bool is_dir;    /* SHOWN */
    bool is_passed; /* to something below it that the plan puts there, so that it can be entered */
};

static enum fate fate_by(const struct sandbox_mount *m, enum place place)
{
    if (m->kind == PLAN_MOUNT_HIDE)
        return place == SAME ? HIDDEN : ON_WAY;
    return m->kind == PLAN_MOUNT_READ && place == SAME ? SHOWN : COPIED;
}

static struct verdict judge(const struct way *w, const char *name)
{
    const struct sandbox *s = w->b->s;
    struct verdict v = {.fate = COPIED};
    if (w->n == 0 && sandbox_is_own(name))
        return (struct verdict){.fate = OWN};
    for (uint32_t i = 0; i < s->nmounts; i++) {
        const struct sandbox_mount *m = &s->mounts[i];
        enum place place = place_of(w, name, m->target);
        if (place == APART)
            continue;
        enum fate fate = fate_by(m, place);
        if (fate == SHOWN)
            v.is_dir = m->is_dir;
        if (fate > v.fate)
            v.fate = fate;
        v.is_passed = v.is_passed || (m->kind != PLAN_MOUNT_HIDE && place == BELOW);
    }
    return v;
}

/* ---- making entries ---- */

static long make_dir(const struct way *w, const char *name, mode_t mode)
{
    return raw3(SYS_mkdirat, w->to, raw_p(name), mode);
}

static long make_file(const struct way *w, const char *name, mode_t mode)
{
    return raw4(SYS_mknodat, w->to, raw_p(name), S_IFREG | mode, 0);
}

static long look(long fd, const char *name, struct statx *out)
{
    return raw5(SYS_statx, fd, raw_p(name),
                AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC,
                STATX_TYPE | STATX_MODE | STATX_UID | STATX_GID, raw_out(out));
}

static long hide_entry(const struct way *w, const char *name, uint8_t type, mode_t mode)
{
    struct statx st;
    bool is_dir = type == DT_DIR;
    if (type == DT_UNKNOWN && look(w->from, name, &st) == 0)
        is_dir = S_ISDIR(st.stx_mode);
    return is_dir ? make_dir(w, name, mode) : make_file(w, name, mode);
}

static long copy_link(const struct way *w, const char *name, long dir, const char *link)
{
    char to[4096];
    long n = raw4(SYS_readlinkat, dir, raw_p(link), raw_out(to), sizeof to - 1);
    if (n < 0)
        return n == -EINVAL ? -ENOENT : n; /* it is no link any more */
    to[n] = '\0';
    return raw3(SYS_symlinkat, raw_p(to), w->to, raw_p(name));
}

/* What it is now is what counts: the listing may be older. */
static long put_tree(const struct way *w, const char *name, long tree)
{
    struct statx st;
    long r = look(tree, "", &st);
    if (r < 0)
        return r;
    if (S_ISLNK(st.stx_mode))
        return copy_link(w, name, tree, "");
    if (!S_ISDIR(st.stx_mode) && !S_ISREG(st.stx_mode))
        return 0;
    r = S_ISDIR(st.stx_mode) ? make_dir(w, name, 0) : make_file(w, name, 0);
    if (r < 0)
        return r;
    return raw5(SYS_move_mount, tree, raw_p(""), w->to, raw_p(name), MOVE_MOUNT_F_EMPTY_PATH);
}

/* Sockets, FIFOs and devices are left out. */
static long copy_entry(const struct way *w, const char *name, uint8_t type)
{
    if (type == DT_LNK)
        return copy_link(w, name, w->from, name);
    if (type != DT_DIR && type != DT_REG && type != DT_UNKNOWN)
        return 0;
    long tree = raw3(SYS_open_tree, w->from, raw_p(name),
                     OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE | AT_SYMLINK_NOFOLLOW |
                         AT_NO_AUTOMOUNT);
    if (tree < 0)
        return tree;
    long r = put_tree(w, name, tree);
    raw1(SYS_close, tree);
    return r;
}

/*
 * What has gone meanwhile, cannot be entered, or was listed twice because the host renamed it
 * while it was listed, is no reason to fail. A hidden entry that is missing is found out later.
 */
static bool is_harmless(long r)
{
    return r == -ENOENT || r == -EACCES || r == -EEXIST || r == -ESTALE;
}

static long add_entry(const struct way *w, const char *name, uint8_t type)
{
    const struct verdict v = judge(w, name);
    long r = 0;
    switch (v.fate) {
    case OWN:
        return 0;
    case HIDDEN:
        r = hide_entry(w, name, type, sandbox_hidden_mode(v.is_passed));
        break;
    case SHOWN:
        r = v.is_dir ? make_dir(w, name, 0) : make_file(w, name, 0);
        break;
    case ON_WAY: /* as if it were hidden, until it is known that it can be listed */
        r = make_dir(w, name, sandbox_hidden_mode(v.is_passed));
        break;
    case COPIED:
        r = copy_entry(w, name, type);
        break;
    }
    return is_harmless(r) ? 0 : r;
}

/* ---- a folder on the way ---- */

struct entry {
    uint64_t ino;
    int64_t off;
    uint16_t bytes;
    uint8_t type;
    char name[];
};

static bool is_dots(const char *name)
{
    return name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2]));
}

static long add_entries(const struct way *w, const uint8_t *list, long n)
{
    const struct entry *e;
    for (long at = 0; at < n; at += e->bytes) {
        e = (const void *)(list + at);
        if (is_dots(e->name))
            continue;
        if (w->b->nentries++ == LAUNCHER_MAX_PINNED) {
            w->b->fault->why = LAUNCHER_WHY_CROWDED;
            return -(long)(w->n ? w->n : 1);
        }
        long r = add_entry(w, e->name, e->type);
        if (r < 0)
            return r;
    }
    return 0;
}

/*
 * The likeness is open to the guest as the folder is. Of what is the guest's own this process may
 * do more than the guest, so that the owner's bits count; of everything else just as much, and it
 * has been opened to be listed.
 */
static long copy_mode(const struct way *w)
{
    struct statx st;
    long r = look(w->from, "", &st);
    if (r < 0)
        return r;
    mode_t mode = 4;
    long here = path_open(w->from, ".", O_PATH);
    if (here >= 0) {
        mode = 5;
        raw1(SYS_close, here);
    }
    if (st.stx_uid == raw1(SYS_geteuid, 0))
        mode = st.stx_mode >> 6 & 5;
    return raw3(SYS_fchmodat, w->to, raw_p("."), mode * 0111);
}

static long fill(const struct way *w)
{
    _Alignas(8) uint8_t list[8192];
    long r = copy_mode(w);
    while (r >= 0) {
        long n = raw3(SYS_getdents64, w->from, raw_out(list), sizeof list);
        if (n <= 0)
            return n;
        r = add_entries(w, list, n);
    }
    return r;
}

/* Whether an earlier hidden path led through this folder, which is filled then. */
static bool is_filled(const struct way *w)
{
    const struct sandbox *s = w->b->s;
    for (const struct sandbox_mount *h = s->mounts; h->target != w->path; h++)
        if (leads_through(w, h->target) && sandbox_hides_in(h, w->mount))
            return true;
    return false;
}

/* ---- the way ---- */

static long is_there(const struct way *w, const char *name)
{
    struct statx st;
    return look(w->to, name, &st);
}

/* 1: `w` is the next folder; 0: the way ends here. */
static long go_down(struct way *w)
{
    char name[256];
    const char *rest = w->path + w->n;
    long n = path_next(&rest, name);
    if (n < 0)
        return n;
    const struct verdict v = judge(w, name);
    if (v.fate == SHOWN)
        return 0;
    if (v.fate != ON_WAY)
        return is_there(w, name);
    const struct way up = *w;
    w->n += (size_t)n + 1;
    w->to = path_open(up.to, name, O_PATH | O_DIRECTORY);
    w->from = path_open(up.from, name, O_RDONLY | O_DIRECTORY);
    raw1(SYS_close, up.from);
    raw1(SYS_close, up.to);
    return 1;
}

/*
 * Walk the way, and fill each folder that no earlier one filled. One that this process may not list
 * the guest may not list either; it stays empty and closed, since what it would show by name cannot
 * be pinned. What is to be hidden must be there: a path that could appear later would be shown.
 */
long sandbox_pin_way(struct way *w)
{
    long r = 1;
    w->from = path_open(w->from, ".", O_RDONLY | O_DIRECTORY);
    w->to = raw3(SYS_fcntl, w->to, F_DUPFD_CLOEXEC, 0);
    while (r > 0 && w->from >= 0 && w->to >= 0) {
        r = is_filled(w) ? 0 : fill(w);
        if (r == 0)
            r = go_down(w);
    }
    if (w->to < 0)
        r = w->to;
    else if (w->from < 0)
        r = w->from == -EACCES ? 0 : w->from;
    if (w->from >= 0)
        raw1(SYS_close, w->from);
    if (w->to >= 0)
        raw1(SYS_close, w->to);
    return r;
}
