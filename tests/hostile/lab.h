/*
 * A launcher on the bench: this side plays owner and keeper over its sockets and holds the token
 * key. Used by the hostile suite and by the launcher's and the provider's tests. What the bench
 * itself cannot do ends the test program with a message.
 */
#ifndef TESTS_HOSTILE_LAB_H
#define TESTS_HOSTILE_LAB_H

#include "core/frames.h"

/** printf to stderr and exit with status 99. */
_Noreturn void lab_die(const char *fmt, ...) REEVE_PRINTF(1, 2);

struct lab {
    int owner, keeper; /* our ends */
    pid_t pid;         /* the launcher */
    uint8_t key[TOKEN_KEY_BYTES];
    struct launcher_hello hello;
    uint64_t next_run, next_seq;
};

/** Start `helper_dir`/reeve-launcher as `uid` (of this process when that is not root), with
 * descriptors leaked to it. */
void lab_start(struct lab *lab, uid_t uid);
/** The same with a state folder that the test made; else it is an empty one, the same for all. */
void lab_start_beside(struct lab *lab, uid_t uid, const char *state);
/** As lab_start, as root in a chroot, where the kernel gives nobody a user namespace. */
void lab_start_chrooted(struct lab *lab);
/** As lab_start, as root of a user namespace that knows `uid` and nobody else, as `unshare -Ur`
 * makes it. */
void lab_start_in_userns(struct lab *lab, uid_t uid);
/** Whether this host lets `uid` make one. */
bool lab_has_userns(uid_t uid);
/** Close both sockets, wait for the launcher to end. */
void lab_stop(struct lab *lab);
/** Wait until the launcher has ended; its wait status. */
int lab_wait_launcher(struct lab *lab);

#define LAB_MAX_ARGS   8
#define LAB_MAX_MOUNTS 16
struct lab_plan {
    const char *program, *cwd;
    const char *argv[LAB_MAX_ARGS]; /* NULL-terminated; none: the program's path */
    struct plan_mount_part mounts[LAB_MAX_MOUNTS];
    uint32_t nmounts;
    uint64_t wall_ns, tmp_bytes, open_files, file_size;
    bool no_filter;    /* as little in the way as a plan can have */
    bool wrong_digest; /* the program is another than the one decided on */
};
/** A program with no arguments, the default filter, no mounts, generous limits, 1 MiB of /tmp. */
void lab_plan_init(struct lab_plan *p, const char *program);
void lab_mount(struct lab_plan *p, enum plan_mount_kind kind, const char *source,
               const char *target);

/** One run: the plan's bytes, what the launcher said, and the reading end of the guest's output. */
struct lab_run {
    uint64_t id;
    struct buf plan;
    int output; /* stdout and stderr */
    bool started;
    struct launcher_ended end;
};
void lab_build(const struct lab_plan *p, struct buf *out);
/** Send a PREPARE of these bytes as they are, with these streams. */
void lab_send_prepare(struct lab *lab, uint64_t id, const void *plan, size_t n, const int stdio[3]);
/** Send a PREPARE with a fresh pipe as output. */
void lab_prepare(struct lab *lab, const struct lab_plan *p, struct lab_run *run);
/** A good token for the run, the next sequence, valid for a minute. */
struct token lab_token(struct lab *lab, const struct lab_run *run);
void lab_sign(const struct lab *lab, struct token *t);
void lab_release(struct lab *lab, const struct lab_run *run, const struct token *t);
void lab_cancel(struct lab *lab, const struct lab_run *run, uint32_t limit);
/** Raw bytes to the launcher, as a broken owner would send them. */
void lab_send(struct lab *lab, const void *p, size_t n, const int *fds, size_t nfds);
/** Read events until the run's end; fills `started` and `end`. Events of other runs are not
 * expected. */
void lab_wait(struct lab *lab, struct lab_run *run);
/** prepare, release, wait. */
void lab_do(struct lab *lab, const struct lab_plan *p, struct lab_run *run);
/** Whether every process that held the run's output has gone, without waiting; output that is left
 * is read away. */
bool lab_output_ended(const struct lab_run *run);
/** Read `n` bytes of output, waiting for them; false at an early end. */
bool lab_read(const struct lab_run *run, char *out, size_t n);
void lab_run_fini(struct lab_run *run);

/** As root: the next child that the launcher clones is caught as it begins; both are stopped until
 * they are detached (ptrace). */
void lab_trace(struct lab *lab);
pid_t lab_catch_clone(struct lab *lab);

/** The only child of `parent`, waiting until there is one. */
pid_t lab_child_of(pid_t parent);

#endif
