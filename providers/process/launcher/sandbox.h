/*
 * The sandbox as seen by the freshly cloned child: plain memory that prepare.c filled, and the one
 * function that turns it into a built sandbox with reeve-init in it. Nothing here allocates, locks
 * or calls the C library.
 */
#ifndef LAUNCHER_SANDBOX_H
#define LAUNCHER_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sandbox_device {
    SANDBOX_NULL,
    SANDBOX_ZERO,
    SANDBOX_FULL,
    SANDBOX_RANDOM,
    SANDBOX_URANDOM,
    SANDBOX_DEVICES,
};

struct sandbox_mount {
    uint32_t kind;      /* enum plan_mount_kind */
    int tree;           /* PLAN_MOUNT_READ: a detached read-only mount; else -1 */
    bool is_dir;        /* what `tree` shows */
    const char *source; /* PLAN_MOUNT_LINK: what the link says */
    const char *target; /* absolute, normal */
};

/* The state folder can be below one path several times, when the host binds folders into others. */
#define SANDBOX_MAX_MASKS 16
struct sandbox_mask {
    int place;      /* a folder in the tree of a mount, to be covered */
    uint32_t mount; /* its index */
};

/* The size of what holds LAUNCHER_MAX_PINNED entries: a page for each, since it can be a long link,
 * and room for the folders that mounts need. */
#define SANDBOX_PIN_BLOCKS "4608"
#define SANDBOX_PIN_INODES "8192"

/** Everything is borrowed and complete before the clone. */
struct sandbox {
    bool
        privileged; /* the launcher writes the id maps and says so; else the child writes its own */
    bool probe;     /* build, report READY and end: no init, no descriptors */
    /* The launcher's own descriptors, closed first of all: a copy would outlive it. */
    const int *foreign;
    size_t nforeign;
    int control; /* the child's end */
    int init, plan, program, null;
    int stdio[3];
    int device[SANDBOX_DEVICES]; /* detached mounts of the host's devices */
    const struct sandbox_mount *mounts;
    uint32_t nmounts;
    struct sandbox_mask masks[SANDBOX_MAX_MASKS];
    uint32_t nmasks;
    const char *hostname;
    size_t hostname_len;
    char tmp_size[24], tmp_inodes[24]; /* decimal */
    bool tmp_readonly;                 /* the plan grants no byte of it */
    char uid_map[64], gid_map[64];     /* unprivileged: what the child writes */
};

/** In the child: build, then exec reeve-init. A failure goes to the control socket as a report. */
_Noreturn void sandbox_enter(const struct sandbox *s);

/* What a failure was about, where its step alone does not say it. */
struct sandbox_fault {
    uint32_t why;   /* enum launcher_why, or 0 */
    uint32_t index; /* of the plan's mount, or UINT32_MAX */
};

/**
 * Build the root file system (mounts, devices, /proc, /tmp), move into it and let go of the old
 * one. Part of sandbox_enter, in files of its own. 0 or a negative errno, which is what
 * struct launcher_ended calls `error`.
 */
long sandbox_root(const struct sandbox *s, struct sandbox_fault *fault);

#endif
