/*
 * What passes over the control socket (SOCK_SEQPACKET) of one run, between the launcher and what it
 * cloned: first the code of sandbox.c, then, after exec, reeve-init. The guest never holds an end
 * of it. End of file on it is death for whoever reads.
 */
#ifndef LAUNCHER_CONTROL_H
#define LAUNCHER_CONTROL_H

#include <stdint.h>

/* Launcher to run, one byte each. */
#define CONTROL_MAPPED 'm' /* the id maps are written */
#define CONTROL_GO     'g' /* the gate is open */

/* Run to launcher. */
enum control_kind {
    CONTROL_READY = 1, /* the sandbox is built, its init waits at the gate */
    CONTROL_FAILED,    /* why, error and index say what could not be done; the run ends */
    CONTROL_EXITED,    /* the guest ended by itself */
};
struct control_report {
    uint32_t kind;  /* enum control_kind */
    uint32_t why;   /* enum launcher_why */
    int32_t error;  /* errno */
    uint32_t index; /* of the mount */
    int32_t status; /* as wait gives it */
    uint32_t pad;
    uint64_t user_ns, system_ns, max_rss_bytes;
};

/* The descriptors that reeve-init finds; 0, 1 and 2 are /dev/null, there are no others. */
enum init_fd {
    INIT_FD_CONTROL = 3,
    INIT_FD_PLAN,    /* a sealed memfd with the plan's bytes */
    INIT_FD_PROGRAM, /* the program, on a read-only mount of its own */
    INIT_FD_STDIN,
    INIT_FD_STDOUT,
    INIT_FD_STDERR,
    INIT_FD_COUNT,
};

/* The guest's ids inside its user namespace. */
#define GUEST_ID 1000u

#endif
