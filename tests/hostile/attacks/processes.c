/* Other processes: the sandbox's init, the host's, and limits that a guest would like to raise. */
#include "tests/hostile/attacks/attack.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static bool signal_pid(const char *pid)
{
    return kill((pid_t)strtol(pid, NULL, 10), 0) == 0;
}

/* Whatever it may signal it kills; that this ends in an ordinary exit status shows that init and
 * guest outlived it. */
static bool kill_all(const char *arg)
{
    (void)arg;
    (void)kill(1, SIGKILL);
    (void)kill(1, SIGSTOP);
    (void)kill(-1, SIGKILL);
    return false;
}

static bool ptrace_pid(const char *pid)
{
    return ptrace(PTRACE_SEIZE, (pid_t)strtol(pid, NULL, 10), NULL, NULL) == 0;
}

static bool read_memory(const char *pid)
{
    char here[16];
    struct iovec to = {here, sizeof here}, from = {(void *)(size_t)0x400000, sizeof here};
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/%s/mem", pid);
    return process_vm_readv((pid_t)strtol(pid, NULL, 10), &to, 1, &from, 1, 0) > 0 ||
           open(path, O_RDONLY) >= 0;
}

static bool take_descriptor(const char *pid)
{
    long fd = syscall(SYS_pidfd_open, strtol(pid, NULL, 10), 0);
    return fd >= 0 && syscall(SYS_pidfd_getfd, fd, 0, 0) >= 0;
}

/* Processes beside itself. */
static bool sees_others(const char *arg)
{
    DIR *d = opendir("/proc");
    struct dirent *e;
    (void)arg;
    while (d && (e = readdir(d)))
        if (isdigit((unsigned char)e->d_name[0]) && strtol(e->d_name, NULL, 10) != getpid())
            return true;
    return false;
}

static bool raise_limit(const char *arg)
{
    struct rlimit r;
    (void)arg;
    if (getrlimit(RLIMIT_RTPRIO, &r) < 0)
        return false;
    r.rlim_cur = r.rlim_max = r.rlim_max + 1;
    return setrlimit(RLIMIT_RTPRIO, &r) == 0;
}

/* init's descriptors are counted against the limit that it is given. */
static bool limit_init(const char *arg)
{
    const struct rlimit none = {0, 0};
    (void)arg;
    return prlimit(1, RLIMIT_NOFILE, &none, NULL) == 0;
}

static bool schedule_init(const char *arg)
{
    const struct sched_param idle = {0};
    (void)arg;
    if (sched_setscheduler(1, SCHED_IDLE, &idle) == 0 || setpriority(PRIO_PROCESS, 1, 19) == 0)
        return true;
    int before = getpriority(PRIO_PROCESS, 1);
    (void)setpriority(PRIO_USER, 0, 7);
    return getpriority(PRIO_PROCESS, 1) != before;
}

/* An init that does not get over its new limit ends, and the run with it, when it has an orphan to
 * look after. An ordinary exit status shows that it did. */
static bool fake_end(const char *arg)
{
    (void)limit_init(arg);
    if (fork() == 0) {
        if (fork() == 0)
            (void)usleep(50000);
        _exit(0);
    }
    (void)usleep(300000);
    return false;
}

/* So many signals that init gets to nothing else, the end of its guest least of all. */
static bool flood_init(const char *arg)
{
    (void)arg;
    for (int i = 0; i < 4; i++)
        if (fork() == 0)
            for (;;)
                (void)kill(1, SIGCHLD);
    (void)usleep(300000);
    return false;
}

static bool dump_core(const char *arg)
{
    struct rlimit r;
    (void)arg;
    return getrlimit(RLIMIT_CORE, &r) == 0 && r.rlim_max > 0;
}

static bool raise_priority(const char *arg)
{
    (void)arg;
    return setpriority(PRIO_PROCESS, 0, -5) == 0;
}

const struct attack process_attacks[] = {
    {"signal", signal_pid},
    {"kill-all", kill_all},
    {"ptrace", ptrace_pid},
    {"read-memory", read_memory},
    {"take-descriptor", take_descriptor},
    {"sees-others", sees_others},
    {"raise-limit", raise_limit},
    {"limit-init", limit_init},
    {"schedule-init", schedule_init},
    {"fake-end", fake_end},
    {"flood-init", flood_init},
    {"dump-core", dump_core},
    {"raise-priority", raise_priority},
    {NULL, NULL},
};
