/* Privileges and the kernel's wider surface: capabilities, namespaces, mounts, and calls that no
 * guest needs. */
#include "tests/hostile/attacks/attack.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/io_uring.h>
#include <linux/keyctl.h>
#include <linux/perf_event.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- rights ---- */

static bool has_capability(const char *arg)
{
    struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct d[2] = {{0}};
    (void)arg;
    if (syscall(SYS_capget, &head, d) < 0)
        return false;
    return d[0].effective | d[0].permitted | d[0].inheritable | d[1].effective | d[1].permitted |
           d[1].inheritable;
}

static bool has_bounding_set(const char *arg)
{
    (void)arg;
    for (int i = 0; i < 64; i++)
        if (prctl(PR_CAPBSET_READ, i, 0, 0, 0) == 1)
            return true;
    return false;
}

static bool may_gain(const char *arg)
{
    (void)arg;
    return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0;
}

static bool no_filter(const char *arg)
{
    (void)arg;
    return prctl(PR_GET_SECCOMP, 0, 0, 0, 0) == 0;
}

static bool become_root(const char *arg)
{
    (void)arg;
    return setresuid(0, 0, 0) == 0 || setresgid(0, 0, 0) == 0;
}

static bool take_groups(const char *arg)
{
    const gid_t groups[] = {0, 1000};
    (void)arg;
    return setgroups(2, groups) == 0;
}

/* ---- namespaces, mounts ---- */

static bool try_unshare(const char *flags)
{
    return unshare((int)strtol(flags, NULL, 0)) == 0;
}

static bool try_clone(const char *flags)
{
    long pid = syscall(SYS_clone, strtol(flags, NULL, 0) | SIGCHLD, 0, 0, 0, 0);
    if (pid == 0)
        _exit(0);
    return pid > 0;
}

static bool try_clone3(const char *flags)
{
    struct clone_args a = {.flags = strtoull(flags, NULL, 0), .exit_signal = SIGCHLD};
    long pid = syscall(SYS_clone3, &a, sizeof a);
    if (pid == 0)
        _exit(0);
    return pid > 0;
}

static bool try_setns(const char *path)
{
    int fd = open(path, O_RDONLY);
    return fd >= 0 && setns(fd, 0) == 0;
}

static bool try_mount(const char *target)
{
    return mount("none", target, "tmpfs", 0, NULL) == 0;
}

static bool try_remount(const char *target)
{
    return mount(NULL, target, NULL, MS_REMOUNT | MS_BIND, NULL) == 0;
}

static bool try_umount(const char *target)
{
    return umount2(target, MNT_DETACH) == 0;
}

static bool try_fsopen(const char *type)
{
    return fsopen(type, 0) >= 0;
}

static bool try_open_tree(const char *path)
{
    return open_tree(AT_FDCWD, path, OPEN_TREE_CLONE) >= 0;
}

static bool try_mount_setattr(const char *path)
{
    struct mount_attr a = {.attr_clr = MOUNT_ATTR_RDONLY};
    return mount_setattr(AT_FDCWD, path, 0, &a, sizeof a) == 0;
}

/*
 * With every capability in namespaces of its own, where the filter lets it have some: what covers a
 * hidden path, and what makes a grant read-only, are locked to their places there.
 */
static bool uncover(const char *path)
{
    char c;
    (void)unshare(CLONE_NEWUSER | CLONE_NEWNS);
    if (umount2(path, MNT_DETACH) < 0 && umount2(path, 0) < 0)
        return false;
    int fd = open(path, O_RDONLY);
    return fd >= 0 && (read(fd, &c, 1) == 1 || errno == EISDIR);
}

static bool make_writable(const char *path)
{
    struct mount_attr a = {.attr_clr = MOUNT_ATTR_RDONLY};
    (void)unshare(CLONE_NEWUSER | CLONE_NEWNS);
    return mount_setattr(AT_FDCWD, path, 0, &a, sizeof a) == 0 ||
           mount(NULL, path, NULL, MS_REMOUNT | MS_BIND, NULL) == 0;
}

static bool try_chroot(const char *path)
{
    return chroot(path) == 0;
}

/* The name that it has already: outside nothing changes. */
static bool set_hostname(const char *arg)
{
    char name[65] = "";
    (void)arg;
    return gethostname(name, sizeof name - 1) == 0 && sethostname(name, strlen(name)) == 0;
}

/* ---- calls ---- */

static bool ptrace_child(const char *arg)
{
    (void)arg;
    pid_t pid = fork();
    if (pid == 0)
        for (;;)
            (void)pause();
    bool worked = ptrace(PTRACE_ATTACH, pid, NULL, NULL) == 0;
    (void)kill(pid, SIGKILL);
    return worked;
}

static bool bpf_map(const char *arg)
{
    union bpf_attr a = {
        .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1};
    (void)arg;
    return syscall(SYS_bpf, BPF_MAP_CREATE, &a, sizeof a) >= 0;
}

static bool session_keyring(const char *arg)
{
    (void)arg;
    return syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 1) >= 0;
}

static bool add_key(const char *arg)
{
    return syscall(SYS_add_key, "user", "attack", arg, strlen(arg) + 1, KEY_SPEC_PROCESS_KEYRING) >=
           0;
}

static bool io_uring(const char *arg)
{
    struct io_uring_params p = {0};
    (void)arg;
    return syscall(SYS_io_uring_setup, 4, &p) >= 0;
}

static bool userfault(const char *arg)
{
    (void)arg;
    return syscall(SYS_userfaultfd, O_CLOEXEC) >= 0 || syscall(SYS_userfaultfd, O_CLOEXEC | 1) >= 0;
}

static bool perf_event(const char *arg)
{
    struct perf_event_attr a = {.type = PERF_TYPE_SOFTWARE,
                                .size = sizeof a,
                                .config = PERF_COUNT_SW_CPU_CLOCK,
                                .exclude_kernel = 1};
    (void)arg;
    return syscall(SYS_perf_event_open, &a, 0, -1, -1, 0) >= 0;
}

static bool file_handle(const char *path)
{
    struct {
        struct file_handle h;
        char bytes[128];
    } f = {.h = {.handle_bytes = 128}};
    int mount_id;
    int dir = open(path, O_RDONLY);
    return name_to_handle_at(AT_FDCWD, path, &f.h, &mount_id, 0) == 0 &&
           open_by_handle_at(dir, &f.h, O_RDONLY) >= 0;
}

static bool no_randomization(const char *arg)
{
    (void)arg;
    return syscall(SYS_personality, 0x0040000) >= 0;
}

/* The filter answers with EPERM; a kernel that is asked answers that the descriptor is no terminal,
 * or does it. */
static bool terminal_input(const char *request)
{
    char c = 'x';
    return syscall(SYS_ioctl, 0, strtoul(request, NULL, 0), &c) == 0 || errno != EPERM;
}

#if defined(__x86_64__)
static bool call_x32(const char *arg)
{
    (void)arg;
    return syscall(0x40000000 | SYS_getpid) == getpid();
}

static bool call_int80(const char *arg)
{
    long r;
    (void)arg;
    __asm__ volatile("int $0x80" : "=a"(r) : "a"(20L) : "memory", "r8", "r9", "r10", "r11");
    return r == getpid();
}
#endif

const struct attack kernel_attacks[] = {
    {"has-capability", has_capability},
    {"has-bounding-set", has_bounding_set},
    {"may-gain", may_gain},
    {"no-filter", no_filter},
    {"become-root", become_root},
    {"take-groups", take_groups},
    {"unshare", try_unshare},
    {"clone", try_clone},
    {"clone3", try_clone3},
    {"setns", try_setns},
    {"mount", try_mount},
    {"remount", try_remount},
    {"umount", try_umount},
    {"fsopen", try_fsopen},
    {"open-tree", try_open_tree},
    {"mount-setattr", try_mount_setattr},
    {"uncover", uncover},
    {"make-writable", make_writable},
    {"chroot", try_chroot},
    {"set-hostname", set_hostname},
    {"ptrace-child", ptrace_child},
    {"bpf", bpf_map},
    {"session-keyring", session_keyring},
    {"add-key", add_key},
    {"io-uring", io_uring},
    {"userfault", userfault},
    {"perf-event", perf_event},
    {"file-handle", file_handle},
    {"no-randomization", no_randomization},
    {"terminal-input", terminal_input},
#if defined(__x86_64__)
    {"call-x32", call_x32},
    {"call-int80", call_int80},
#endif
    {NULL, NULL},
};
