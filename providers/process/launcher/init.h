/*
 * The parts of reeve-init: init.c is pid 1, waits at the gate, watches and reaps; init_guest.c and
 * init_landlock.c turn its child into the guest. Static, single-threaded, undumpable.
 */
#ifndef LAUNCHER_INIT_H
#define LAUNCHER_INIT_H

#include "core/plan.h"

/** What the child says over its close-on-exec pipe when it does not become the guest. */
struct guest_failure {
    uint32_t why; /* enum launcher_why */
    int32_t error;
};

/** In the forked child: confine it step by step and exec the program. A failure goes to
 * `failure_fd`; never returns. */
_Noreturn void guest_become(const struct plan_view *plan, int failure_fd);

/** From here on nothing is opened for writing but what is the guest's. Needs no_new_privs. 0 or -1
 * with errno. */
int guest_confine_writing(const struct plan_view *plan);

/** Give up every capability, for good. 0 or -1 with errno. */
int guest_drop_capabilities(void);

#endif
