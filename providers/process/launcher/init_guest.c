/*
 * From init's child to the guest: each confinement is one step of a table, in an order in which
 * none undoes what an earlier one needs; the system call filter is the last before exec. Called by
 * init.c after the gate was opened.
 */
#include "providers/process/launcher/init.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <linux/filter.h>
#include <linux/keyctl.h>
#include <linux/seccomp.h>
#include <linux/securebits.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/frames.h"
#include "providers/process/launcher/control.h"

#define LOCKED_BYTES ((rlim_t)64 << 10)

/* The descriptors of the child beside its streams; both go with the exec. */
enum { GUEST_FD_PROGRAM = 3, GUEST_FD_FAILURE, GUEST_FD_COUNT };

/* ---- session, limits ---- */

/* Where there are no keyrings, or the host's filter forbids them, there is none to be kept from. */
static int new_session(const struct plan_view *plan)
{
    (void)plan;
    if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0 && errno != ENOSYS &&
        errno != EPERM && errno != EDQUOT)
        return -1;
    (void)umask(077);
    return setsid() < 0 ? -1 : 0;
}

/* Never above what this process itself may have: raising a limit is no part of a plan. */
static int limit_to(int which, uint64_t value)
{
    struct rlimit r;
    if (getrlimit((__rlimit_resource_t)which, &r) < 0)
        return -1;
    if (value < r.rlim_max)
        r.rlim_max = value;
    r.rlim_cur = r.rlim_max;
    return setrlimit((__rlimit_resource_t)which, &r);
}

static int set_limits(const struct plan_view *plan)
{
    const struct {
        int which;
        uint64_t value;
    } limits[] = {
        {RLIMIT_NOFILE, plan->h->open_files},
        {RLIMIT_FSIZE, plan->h->file_size_bytes},
        {RLIMIT_CORE, 0},
        {RLIMIT_MEMLOCK, LOCKED_BYTES},
        {RLIMIT_RTPRIO, 0},
    };
    for (size_t i = 0; i < BASE_COUNT(limits); i++)
        if (limit_to(limits[i].which, limits[i].value) < 0)
            return -1;
    return 0;
}

static int reset_signals(const struct plan_view *plan)
{
    sigset_t none;
    (void)plan;
    for (int s = 1; s < NSIG; s++)
        (void)signal(
            s, SIG_DFL); /* SIGKILL, SIGSTOP and libc's own refuse, and are as they should be */
    return sigemptyset(&none) < 0 ? -1 : sigprocmask(SIG_SETMASK, &none, NULL);
}

/* ---- ids, capabilities ---- */

int guest_drop_capabilities(void)
{
    struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
    const struct __user_cap_data_struct none[2] = {{0}};
    return (int)syscall(SYS_capset, &head, none);
}

/* The kernel tells where its list ends. */
static int empty_bounding_set(const struct plan_view *plan)
{
    int i = 0;
    (void)plan;
    while (prctl(PR_CAPBSET_DROP, i, 0, 0, 0) == 0)
        i++;
    return i > 0 && errno == EINVAL ? 0 : -1;
}

static int lock_securebits(const struct plan_view *plan)
{
    (void)plan;
    return prctl(PR_SET_SECUREBITS,
                 SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP |
                     SECBIT_NO_SETUID_FIXUP_LOCKED | SECBIT_KEEP_CAPS_LOCKED |
                     SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED,
                 0, 0, 0);
}

static int take_guest_id(const struct plan_view *plan)
{
    (void)plan;
    if (setresgid(GUEST_ID, GUEST_ID, GUEST_ID) < 0 || setresuid(GUEST_ID, GUEST_ID, GUEST_ID) < 0)
        return -1;
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
        return -1;
    return guest_drop_capabilities();
}

static int no_new_privileges(const struct plan_view *plan)
{
    (void)plan;
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

/* ---- folder, descriptors, filter, exec ---- */

static int enter_cwd(const struct plan_view *plan)
{
    return chdir(plan_str(plan, plan->h->cwd));
}

static int place_streams(const struct plan_view *plan)
{
    (void)plan;
    for (int i = 0; i < 3; i++)
        if (dup2(INIT_FD_STDIN + i, i) < 0)
            return -1;
    return close_range(GUEST_FD_COUNT, ~0u, 0);
}

static int load_filter(const struct plan_view *plan)
{
    struct sock_fprog prog = {
        .len = (unsigned short)plan->nfilter,
        .filter = (struct sock_filter *)(uintptr_t)(plan->bytes + plan->h->filter.off)};
    if (plan->nfilter == 0)
        return 0;
    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog);
}

static int exec_program(const struct plan_view *plan)
{
    static char *argv[PLAN_MAX_ARGS + 1], *envp[PLAN_MAX_ARGS + 1];
    for (uint32_t i = 0; i < plan->nargv; i++)
        argv[i] = (char *)(uintptr_t)plan_argv(plan, i);
    for (uint32_t i = 0; i < plan->nenv; i++)
        envp[i] = (char *)(uintptr_t)plan_env(plan, i);
    return (int)syscall(SYS_execveat, GUEST_FD_PROGRAM, "", argv, envp, AT_EMPTY_PATH);
}

static const struct {
    int (*run)(const struct plan_view *plan);
    uint32_t why;
} steps[] = {
    {no_new_privileges, LAUNCHER_WHY_CONFINE},
    {guest_confine_writing, LAUNCHER_WHY_CONFINE}, /* opens files: before the limit on them */
    {new_session, LAUNCHER_WHY_CONFINE},
    {set_limits, LAUNCHER_WHY_CONFINE},
    {empty_bounding_set, LAUNCHER_WHY_CONFINE},
    {lock_securebits, LAUNCHER_WHY_CONFINE},
    {take_guest_id, LAUNCHER_WHY_CONFINE},
    {enter_cwd, LAUNCHER_WHY_CWD},
    {place_streams, LAUNCHER_WHY_CONFINE},
    {reset_signals, LAUNCHER_WHY_CONFINE},
    {load_filter, LAUNCHER_WHY_CONFINE},
    {exec_program, LAUNCHER_WHY_EXEC},
};

/* Both above the places first, so that neither is overwritten by the other. */
static int place_own(int failure_fd)
{
    int failure = fcntl(failure_fd, F_DUPFD_CLOEXEC, INIT_FD_COUNT);
    int program = fcntl(INIT_FD_PROGRAM, F_DUPFD_CLOEXEC, INIT_FD_COUNT);
    if (failure < 0 || program < 0)
        return -1;
    if (dup3(program, GUEST_FD_PROGRAM, O_CLOEXEC) < 0)
        return -1;
    return dup3(failure, GUEST_FD_FAILURE, O_CLOEXEC) < 0 ? -1 : 0;
}

_Noreturn void guest_become(const struct plan_view *plan, int failure_fd)
{
    struct guest_failure f = {.why = LAUNCHER_WHY_CONFINE};
    int fd = failure_fd, r = place_own(failure_fd);
    if (r == 0)
        fd = GUEST_FD_FAILURE;
    for (size_t i = 0; i < BASE_COUNT(steps) && r == 0; i++) {
        f.why = steps[i].why;
        r = steps[i].run(plan);
    }
    f.error = errno;
    (void)!write(fd, &f, sizeof f);
    _exit(127);
}
