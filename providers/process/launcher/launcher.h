/*
 * What the launcher's files share: its state, its runs, and who does what. One thread, one
 * table of runs, no memory asked for after the start but by libcrypto, for as long as it hashes.
 * main.c waits, runs.c decides, prepare.c opens, guard.c keeps the state folder out, spawn.c
 * clones, host.c is the start.
 */
#ifndef LAUNCHER_LAUNCHER_H
#define LAUNCHER_LAUNCHER_H

#include "core/frames.h"
#include "providers/process/launcher/control.h"
#include "providers/process/launcher/sandbox.h"
#include "providers/process/launcher/token.h"

/* The descriptors that it is started with. */
enum {
    LAUNCHER_FD_OWNER = 3,
    LAUNCHER_FD_KEEPER,
    LAUNCHER_FD_LOCK,
    LAUNCHER_FD_HELPERS,
    LAUNCHER_FD_STATE,
    LAUNCHER_FD_END,
};

enum run_state {
    RUN_NONE,     /* a free row */
    RUN_BUILDING, /* cloned, not ready, not released */
    RUN_READY,    /* waits at its gate for a release */
    RUN_RELEASED, /* released, not ready */
    RUN_RUNNING,  /* its gate was opened */
    RUN_DYING,    /* how it ended is decided; its processes are going */
    RUN_STATES,
};

/* A program that was hashed, so that a change between hash and exec is seen. */
struct program_id {
    uint64_t dev, ino, size;
    int64_t mtime_ns, ctime_ns;
};

struct run {
    enum run_state state;
    uint64_t id;
    int pid, pidfd, control, program;
    struct program_id program_id;
    uint8_t plan[BASE_SHA256];
    uint64_t wall_ns;
    /* CLOCK_BOOTTIME. The deadline is that of the state: released, the token's expiry; running, the
     * plan's wall limit; else, or without a limit, INT64_MAX. */
    int64_t expires_ns, opened_ns, deadline_ns;
    uint32_t host_id; /* init's; the guest's is the next */
    bool usage_known;
    struct launcher_ended end;
};

/*
 * Events on their way to the owner. A frame is read only while it is empty; a frame makes at most
 * one event and each run two, so that it cannot overflow.
 */
#define OUTBOX_MAX (2 * LAUNCHER_MAX_RUNS + 1)
union outbox_event {
    struct frame_head head;
    struct launcher_event started;
    struct launcher_ended ended;
};
struct outbox {
    uint32_t first, count;
    union outbox_event event[OUTBOX_MAX];
};

/* Its own five, and for each run its control socket, pidfd and program. */
#define LAUNCHER_MAX_FOREIGN (LAUNCHER_FD_END - LAUNCHER_FD_OWNER + 3 * LAUNCHER_MAX_RUNS + 1)

/* User ids for runs, two for each: never a real user's, never one that another living run has. */
#define HOST_ID_FIRST UINT32_C(0x70000000)
#define HOST_ID_LAST  UINT32_C(0x77ffffff)

struct launcher {
    bool privileged;  /* it can give guests ids of their own */
    int userns_errno; /* not 0: nothing can be built here */
    uint32_t uid, gid;
    int init, null, device[SANDBOX_DEVICES];
    int timer; /* counts by CLOCK_BOOTTIME, as deadlines do: a poll's timeout stands still in a
                  suspend */
    int64_t timer_ns;                  /* when it goes off; INT64_MAX: never */
    int foreign[LAUNCHER_MAX_FOREIGN]; /* what the next child has no business with */
    uint8_t *key;                      /* a page of its own, empty in every child */
    uint32_t next_host_id;
    struct token_window window;
    struct run runs[LAUNCHER_MAX_RUNS];
    struct outbox outbox;
    _Alignas(8) uint8_t frame[FRAME_MAX_BYTES];
};

struct frame {
    const void *bytes;
    size_t n;
    int fds[3];
    size_t nfds;
};

/* ---- host.c ---- */

/** Harden this process, take what is needed of the host and learn whether sandboxes can be built.
 * False: of no use. */
bool host_setup(struct launcher *l);
/** Wait for the keeper's key. False: keeper or owner has gone, or the message is no key. */
bool host_take_key(struct launcher *l);
/** open_tree of a descriptor: a detached clone, recursive, with `attr` added, private. -1 with
 * errno. */
int host_clone_tree(int fd, uint64_t attr);

/* ---- guard.c: no mount shows the state folder ---- */

#define GUARD_MAX_DEPTH 128

struct place {
    uint32_t dev_major, dev_minor;
    uint64_t ino, mount;
};
/* Where the state folder is just now: itself, then every folder above it. */
struct guard {
    struct place above[GUARD_MAX_DEPTH];
    uint32_t nabove;
    char path[4096];
};
/** Find the state folder. All of these: 0 or a descriptor, -1 with errno. */
int guard_look(struct guard *g);
/** Open a path of the host (O_PATH), no link followed. */
int guard_open(const char *path);
/** The same for what a plan wants shown. EPERM: it is the state folder, or lies in it. */
int guard_open_source(const struct guard *g, const char *path);
/** Find the state folder in `tree`, a clone of `source` and the last mount of `b`, and add it to
 * what is masked. */
int guard_find(const struct guard *g, int source, int tree, struct sandbox *b);

/* ---- prepare.c: from plan to sandbox ---- */

/** Where and why something failed, in the terms of struct launcher_ended. */
struct failure {
    uint32_t why;
    int error;
    uint32_t index;
};

/* A sandbox about to be cloned, with the descriptors that the launcher holds until then. */
struct prepared {
    struct sandbox box;
    struct sandbox_mount mounts[PLAN_MAX_MOUNTS];
    struct program_id program_id;
};
void prepared_init(struct prepared *p);
/** Closes what is open. */
void prepared_fini(struct prepared *p);
/** Open and check everything that `plan` names. False: `why` is filled; `p` is to be closed either
 * way. */
bool prepare_plan(const struct launcher *l, const struct plan_view *plan, const int stdio[3],
                  struct prepared *p, struct failure *why);
/** What every sandbox has, without a plan: used by the probe. */
bool prepare_base(const struct launcher *l, struct prepared *p, struct failure *why);
bool program_identify(int fd, struct program_id *out);
static inline bool program_same(const struct program_id *a, const struct program_id *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

/* ---- spawn.c ---- */

/** Clone the sandbox of `p` into `run` (pid, pidfd, control, host_id). False: nothing is left of
 * it. */
bool spawn_run(struct launcher *l, struct prepared *p, struct run *run, struct failure *why);
/** Build a sandbox that holds nothing and see it end. 0 or the errno that forbids it. */
int spawn_probe(struct launcher *l);
/** SIGKILL to its init: the kernel takes the pid namespace with it. */
void spawn_kill(const struct run *run);

/* ---- runs.c ---- */

/** One frame of the owner's; its descriptors are consumed. False: the owner broke the protocol. */
bool runs_frame(struct launcher *l, struct frame *f);
/** Reports of a run's init are there. */
void runs_report(struct launcher *l, struct run *run);
/** A run's init, and with it every process of the run, is gone. */
void runs_gone(struct launcher *l, struct run *run);
/** Deadlines that have passed. */
void runs_expire(struct launcher *l, int64_t now_ns);
/** The next deadline, INT64_MAX: none. */
int64_t runs_next_deadline(const struct launcher *l);

#endif
