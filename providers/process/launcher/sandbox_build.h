/*
 * What the files that build a sandbox's root share: the builder's state, mounts and paths inside
 * the new root (sandbox_mount.c), what a plan hides (sandbox_hide.c). All of it runs in the cloned
 * child and under its rule: raw system calls on prepared memory. Functions return 0 or more, or a
 * negative errno.
 */
#ifndef LAUNCHER_SANDBOX_BUILD_H
#define LAUNCHER_SANDBOX_BUILD_H

#include <sys/mount.h>

#include "core/plan.h"
#include "providers/process/launcher/sandbox.h"

#define ATTR_BASE (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)

struct builder {
    const struct sandbox *s;
    struct sandbox_fault *fault;
    long root, dev; /* descriptors of their mounts */
    /* sandbox_hide.c's: its file system, the mounts of it that are shown, the entries in them. */
    long pins, pin[PLAN_MAX_MOUNTS];
    uint32_t npins, nentries;
};

/* ---- sandbox_mount.c ---- */

struct fs_option {
    const char *key, *value;
};
/** A new file system, mounted nowhere yet; `options` end with a NULL key. */
long fs_new(const char *type, const struct fs_option *options, long attr);

/** Add attributes to a mount. */
long mount_set(long mount, uint64_t attr);
/** Put a detached mount over the file or folder `at`. */
long mount_on(long mount, long at);
/** Put a detached mount at a path, whose folders, and itself, are made where they are missing. */
long mount_at(long root, const char *target, bool is_dir, long mount);

/** Open below `dir`, no link followed, nothing leads out; `flags` say whether by O_PATH. */
long path_open(long dir, const char *path, uint64_t flags);
/** The folder that holds `path`'s last component, made where it is missing; that component in
 * `name`. */
long path_parent(long root, const char *path, char name[256]);
/** The next component of `*path` into `name`; its length, 0 at the end. */
long path_next(const char **path, char name[256]);
/** What `path` has beyond its beginning `top`, or NULL. */
const char *path_beyond(const char *path, const char *top);
bool path_is_same(const char *path, const char *other);
bool path_is_below(const char *path, const char *top);

/* ---- sandbox_hide.c ---- */

/** Whether every sandbox has this of its own, whatever "/" is: nothing of the host appears there.
 * `path` is from "/", without it. */
bool sandbox_is_own(const char *path);
/** Whether something below this mount is hidden, so that its tree is shown by sandbox_pin. */
bool sandbox_is_pinned(const struct sandbox *s, const struct sandbox_mount *m);
/** Whether the plan hides the very path of this mount, which is then not shown at all. */
bool sandbox_is_hidden(const struct sandbox *s, const struct sandbox_mount *m);
/** Whether `h` hides something in the tree of the mount `tree`. */
bool sandbox_hides_in(const struct sandbox_mount *h, const struct sandbox_mount *tree);
/** Covers what the launcher covers of the tree of a mount. */
typedef long sandbox_mask_fn(const struct builder *b, uint32_t index);
/** Show the tree of the mount `index` in folders of the sandbox's own, without what is hidden below
 * it; `mask` is called once the tree is where that can be done. */
long sandbox_pin(struct builder *b, uint32_t index, sandbox_mask_fn *mask);
/** What a HIDE is still to do when its turn comes. */
long sandbox_hide(struct builder *b, uint32_t index);
/** When all is shown: nothing can be changed in the pinned folders any more. */
long sandbox_seal_pins(struct builder *b);

/* ---- sandbox_pin.c ---- */

/* A folder on the way from the root of a shown tree to what is hidden. */
struct way {
    struct builder *b;
    const struct sandbox_mount *mount; /* the tree's */
    const char *path;                  /* the hidden one */
    size_t n;                          /* bytes of it that name this folder; 0: "/" */
    long from, to;                     /* the folder in the tree, to be read; its pinned likeness */
};
/** Pin the folders of a way, from the given one down, that no earlier way led through. `from` and
 * `to` stay the caller's. */
long sandbox_pin_way(struct way *w);
/** Of what is hidden: nothing, but that the way to what the plan shows below it must be passed. */
static inline uint32_t sandbox_hidden_mode(bool is_passed)
{
    return is_passed ? 0111 : 0;
}

#endif
