/*
 * Starting keeper, launcher and reeved out of any program. The caller may have threads, ignore
 * SIGCHLD, wait for every child, leak descriptors or fill the memory: so nothing is forked, no
 * child of the caller's is ever seen, and what is started closes what it was not given. See
 * helpers.h.
 */
#include "broker/helpers.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/frames.h"

/* ---- spawn ---- */

#define MAX_PLACES  16
#define STACK_BYTES ((size_t)64 << 10)

/*
 * What the caller, the intermediate and the program-to-be share: all three run in the caller's
 * memory, one at a time. The children use raw descriptors and numbers only: no heap, no stdio, no
 * lock, and no function of libc's that is a cancellation point, since they share the caller's
 * thread pointer too.
 */
struct spawn {
    const char *path;
    char *const *argv, *const *envp;
    const int *fds;
    size_t nfds;
    char *inner_stack;
    volatile int error; /* errno of what failed, 0: exec'ed */
};

/* First all above the places, so that none is overwritten by another. */
static int place_fds(const struct spawn *s)
{
    int high[MAX_PLACES];
    for (size_t i = 0; i < s->nfds; i++) {
        high[i] = s->fds[i] < 0 ? -1 : fcntl(s->fds[i], F_DUPFD_CLOEXEC, MAX_PLACES);
        if (s->fds[i] >= 0 && high[i] < 0)
            return -1;
    }
    for (size_t i = 0; i < s->nfds; i++) {
        if (high[i] < 0)
            (void)syscall(SYS_close, (int)i);
        else if (dup2(high[i], (int)i) < 0)
            return -1;
    }
    return 0;
}

/* Signals stay blocked up to the exec: one that arrived here would end, or dump, in the caller's
 * memory. */
static int become_program(void *arg)
{
    struct spawn *s = arg;
    if (place_fds(s) == 0)
        (void)execve(s->path, s->argv, s->envp);
    s->error = errno;
    return 127;
}

/* Ends at once, so that the program is nobody's child here. Its clone's end sends no signal. */
static int intermediate(void *arg)
{
    struct spawn *s = arg;
    pid_t pid = clone(become_program, s->inner_stack + STACK_BYTES, CLONE_VM | CLONE_VFORK, s);
    if (pid < 0)
        s->error = errno;
    else if (s->error)
        (void)syscall(SYS_wait4, pid, NULL, __WALL, NULL);
    return 0;
}

/* The outer clone, with every signal of this thread held back. Its end is not seen by a wait for
 * ordinary children. */
static int run_intermediate(struct spawn *s, char *outer_stack)
{
    sigset_t all, before;
    (void)sigfillset(&all);
    int e = pthread_sigmask(SIG_SETMASK, &all, &before);
    if (e)
        return e;
    pid_t pid = clone(intermediate, outer_stack + STACK_BYTES, CLONE_VM | CLONE_VFORK, s);
    if (pid < 0)
        s->error = errno;
    else
        while (syscall(SYS_wait4, pid, NULL, __WCLONE, NULL) < 0 && errno == EINTR)
            continue;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return s->error;
}

int helpers_spawn(const char *path, char *const argv[], char *const envp[], const int *fds,
                  size_t nfds, struct reeve_error *err)
{
    if (nfds > MAX_PLACES)
        return base_fail(err, REEVE_EINVAL, "%zu descriptors for %s, at most %d can be given", nfds,
                         path, MAX_PLACES);
    char *stacks = mmap(NULL, 2 * STACK_BYTES, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (stacks == MAP_FAILED)
        return base_fail_errno(err, REEVE_ENOMEM, errno, "no memory to start %s", path);
    struct spawn s = {.path = path,
                      .argv = argv,
                      .envp = envp,
                      .fds = fds,
                      .nfds = nfds,
                      .inner_stack = stacks + STACK_BYTES};
    int e = run_intermediate(&s, stacks);
    (void)munmap(stacks, 2 * STACK_BYTES);
    return e ? base_fail_errno(err, REEVE_EHELPERS, e, "%s cannot be started", path) : 0;
}

/* ---- start ---- */

/* The places of helpers.h. */
enum {
    PLACE_KEEPER = 3,
    PLACE_LAUNCHER,
    PLACE_LOCK,
    PLACE_STATE,
    PLACE_HELPERS,
    PLACES,
};

/* A frame is sent whole or not at all, so the socket must hold the largest. The kernel's own
 * maximum may be less. */
static int make_pair(int ends[2])
{
    const int bytes = 2 * (int)FRAME_MAX_BYTES;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return -1;
    for (int i = 0; i < 2; i++)
        if (setsockopt(ends[i], SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes) < 0)
            return -1;
    return 0;
}

/* Said before anything is started: reeve-start ends at once and could tell nobody. */
static int check_programs(const char *helper_dir, int dir_fd, struct reeve_error *err)
{
    static const char *const names[] = {"reeve-start", "reeve-keeper", "reeve-launcher",
                                        "reeve-init"};
    for (size_t i = 0; i < BASE_COUNT(names); i++)
        if (faccessat(dir_fd, names[i], X_OK, AT_EACCESS) < 0)
            return base_fail_errno(err, REEVE_EHELPERS, errno,
                                   "%s/%s cannot be run (is helper_dir right?)", helper_dir,
                                   names[i]);
    return 0;
}

int helpers_start(const char *helper_dir, int state_fd, int lock_fd, struct helpers *out,
                  struct reeve_error *err)
{
    char path[PATH_MAX];
    int keeper[2] = {-1, -1}, launcher[2] = {-1, -1};
    *out = (struct helpers){-1, -1};
    auto_close int dir_fd = open(helper_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir_fd < 0)
        return base_fail_errno(err, REEVE_EHELPERS, errno, "the helpers' folder %s", helper_dir);
    int rc = check_programs(helper_dir, dir_fd, err);
    if (rc)
        return rc;
    if (snprintf(path, sizeof path, "%s/reeve-start", helper_dir) >= (int)sizeof path)
        return base_fail(err, REEVE_EINVAL, "the path of the helpers' folder is too long");
    if (make_pair(keeper) < 0 || make_pair(launcher) < 0)
        rc = base_fail_errno(err, REEVE_EHELPERS, errno, "no socket for the helpers");
    const int fds[PLACES] = {-1, -1, -1, keeper[1], launcher[1], lock_fd, state_fd, dir_fd};
    char *const argv[] = {"reeve-start", NULL}, *const envp[] = {NULL};
    if (!rc)
        rc = helpers_spawn(path, argv, envp, fds, PLACES, err);
    fd_close(&keeper[1]);
    fd_close(&launcher[1]);
    if (rc) {
        fd_close(&keeper[0]);
        fd_close(&launcher[0]);
        return rc;
    }
    *out = (struct helpers){keeper[0], launcher[0]};
    return 0;
}
