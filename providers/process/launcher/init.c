/*
 * reeve-init: pid 1 of a sandbox. Waits at the gate for the launcher's one byte, makes the guest,
 * reaps what is left behind, says how the guest ended and ends, which takes every process of the
 * sandbox with it. End of file on its control socket, at any time, is the launcher's death and its
 * own.
 */
#include "providers/process/launcher/init.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/frames.h"
#include "providers/process/launcher/control.h"

struct init {
    struct plan_view plan;
    int signals; /* signalfd: SIGCHLD */
    int failure; /* the guest's pipe until it is exec'ed, then -1 */
    pid_t guest;
};

static void say(const struct control_report *r)
{
    while (send(INIT_FD_CONTROL, r, sizeof *r, MSG_NOSIGNAL) < 0 && errno == EINTR)
        continue;
}

static _Noreturn void fail(uint32_t why, int error)
{
    const struct control_report r = {.kind = CONTROL_FAILED, .why = why, .error = error};
    say(&r);
    _exit(1);
}

/* ---- before the gate ---- */

static void load_plan(struct init *in)
{
    struct stat st;
    if (fstat(INIT_FD_PLAN, &st) < 0 || st.st_size <= 0 || st.st_size > PLAN_MAX_BYTES)
        fail(LAUNCHER_WHY_PLAN, 0);
    size_t n = (size_t)st.st_size;
    const void *p = mmap(NULL, n, PROT_READ, MAP_PRIVATE, INIT_FD_PLAN, 0);
    if (p == MAP_FAILED)
        fail(LAUNCHER_WHY_PLAN, errno);
    if (!plan_check(p, n, &in->plan))
        fail(LAUNCHER_WHY_PLAN, 0);
}

static void watch_children(struct init *in)
{
    sigset_t all;
    if (sigfillset(&all) < 0 || sigprocmask(SIG_SETMASK, &all, NULL) < 0)
        fail(LAUNCHER_WHY_INIT, errno);
    (void)sigemptyset(&all);
    (void)sigaddset(&all, SIGCHLD);
    in->signals = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
    if (in->signals < 0)
        fail(LAUNCHER_WHY_INIT, errno);
}

/* Anything but the one byte, end of file first of all, is death. */
static void wait_at_gate(void)
{
    const struct control_report ready = {.kind = CONTROL_READY};
    char c = 0;
    ssize_t n;
    say(&ready);
    do
        n = recv(INIT_FD_CONTROL, &c, 1, MSG_TRUNC);
    while (n < 0 && errno == EINTR);
    if (n != 1 || c != CONTROL_GO)
        _exit(1);
}

/* ---- the guest ---- */

static void make_guest(struct init *in)
{
    int pipe_fds[2];
    if (pipe2(pipe_fds, O_CLOEXEC) < 0)
        fail(LAUNCHER_WHY_CONFINE, errno);
    in->guest = fork();
    if (in->guest < 0)
        fail(LAUNCHER_WHY_CONFINE, errno);
    if (in->guest == 0)
        guest_become(&in->plan, pipe_fds[1]);
    (void)close(pipe_fds[1]);
    in->failure = pipe_fds[0];
}

/* init needs no power any more, and holds no stream open that a reader waits on. */
static void retire(void)
{
    if (guest_drop_capabilities() < 0)
        fail(LAUNCHER_WHY_CONFINE, errno);
    for (int fd = INIT_FD_PLAN; fd < INIT_FD_COUNT; fd++)
        (void)close(fd);
}

/* End of file: it was exec'ed. */
static void read_failure(struct init *in)
{
    struct guest_failure f;
    ssize_t n;
    do
        n = read(in->failure, &f, sizeof f);
    while (n < 0 && errno == EINTR);
    if (n == sizeof f)
        fail(f.why, f.error);
    (void)close(in->failure);
    in->failure = -1;
}

static uint64_t tv_ns(struct timeval t)
{
    return (uint64_t)t.tv_sec * BASE_NS_PER_S + (uint64_t)t.tv_usec * 1000;
}

/* Its own exit is the end of every process that the guest left. */
static _Noreturn void guest_ended(struct init *in, int status, const struct rusage *ru)
{
    if (in->failure >= 0)
        read_failure(in);
    const struct control_report r = {.kind = CONTROL_EXITED,
                                     .status = status,
                                     .user_ns = tv_ns(ru->ru_utime),
                                     .system_ns = tv_ns(ru->ru_stime),
                                     .max_rss_bytes = (uint64_t)ru->ru_maxrss * 1024};
    say(&r);
    _exit(0);
}

/*
 * A guest can send SIGCHLD, and make orphans, faster than they can be taken: so many at a time, and
 * then the control socket has its turn. Whether there may be more.
 */
static bool reap(struct init *in)
{
    enum { AT_A_TIME = 64 };
    struct signalfd_siginfo si;
    struct rusage ru;
    int status;
    (void)!read(in->signals, &si, sizeof si);
    for (int i = 0; i < AT_A_TIME; i++) {
        pid_t pid = wait4(-1, &status, WNOHANG | __WALL, &ru);
        if (pid <= 0)
            return false;
        if (pid == in->guest)
            guest_ended(in, status, &ru);
    }
    return true;
}

/* select and not poll, which fails where RLIMIT_NOFILE is below the number of descriptors: a guest
 * with the same user id can lower that of its init. */
static bool wait_events(const struct init *in, bool at_once, fd_set *ready)
{
    struct timeval now = {0};
    int last = in->signals > in->failure ? in->signals : in->failure;
    FD_ZERO(ready);
    FD_SET(INIT_FD_CONTROL, ready);
    FD_SET(in->signals, ready);
    if (in->failure >= 0)
        FD_SET(in->failure, ready);
    return select(last + 1, ready, NULL, NULL, at_once ? &now : NULL) >= 0;
}

static _Noreturn void watch(struct init *in)
{
    bool more = false;
    for (;;) {
        fd_set ready;
        if (!wait_events(in, more, &ready)) {
            if (errno == EINTR)
                continue;
            _exit(1);
        }
        if (FD_ISSET(INIT_FD_CONTROL, &ready))
            _exit(1);
        if (in->failure >= 0 && FD_ISSET(in->failure, &ready))
            read_failure(in);
        if (more || FD_ISSET(in->signals, &ready))
            more = reap(in);
    }
}

int main(void)
{
    static struct init in = {.failure = -1};
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
        _exit(1);
    load_plan(&in);
    watch_children(&in);
    wait_at_gate();
    make_guest(&in);
    retire();
    watch(&in);
}
