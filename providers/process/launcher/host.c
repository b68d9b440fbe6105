/*
 * The launcher's start: what it gives up, what it takes of the host (devices, reeve-init), where it
 * keeps the key, and for a launcher without privilege the user namespace in which it may clone
 * mounts. Called once each by main.c.
 */
#include "providers/process/launcher/launcher.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/keyctl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/timerfd.h>
#include <unistd.h>

/* ---- which grade ---- */

/* Whether one line of an id map, "first outside count", has all ids of the runs. */
static bool has_host_ids(const char *line)
{
    char *end;
    uint64_t first = strtoull(line, &end, 10);
    (void)strtoull(end, &end, 10);
    uint64_t count = strtoull(end, &end, 10);
    return first <= HOST_ID_FIRST && first + count > HOST_ID_LAST;
}

static bool are_ids_mapped(const char *path)
{
    enum { MAP_MAX_BYTES = 1 << 14 }; /* the kernel has at most 340 lines, of 33 bytes */
    auto_buf struct buf map = {.max = MAP_MAX_BYTES};
    if (fd_slurp(AT_FDCWD, path, MAP_MAX_BYTES, &map, NULL) != 0 || !map.len)
        return false;
    for (const char *line = map.data; *line; line += strcspn(line, "\n"), line += *line == '\n')
        if (has_host_ids(line))
            return true;
    return false;
}

/*
 * Root of a user namespace that has no such ids (a container without root) cannot give them to
 * anybody. It does as any other user does.
 */
static bool is_privileged(void)
{
    return geteuid() == 0 && are_ids_mapped("/proc/self/uid_map") &&
           are_ids_mapped("/proc/self/gid_map");
}

/* ---- hardening ---- */

/* Rows of runs need descriptors; a guest is limited by its plan, in its own init. */
static bool raise_nofile(void)
{
    struct rlimit r;
    if (getrlimit(RLIMIT_NOFILE, &r) < 0)
        return false;
    r.rlim_cur = r.rlim_max;
    return setrlimit(RLIMIT_NOFILE, &r) == 0;
}

static bool harden(const struct launcher *l)
{
    const struct rlimit none = {0, 0};
    (void)umask(077);
    /* Where the kernel has no keyrings there is none to leave. */
    if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0 && errno != ENOSYS &&
        errno != EPERM)
        return false;
    return (!l->privileged || setgroups(0, NULL) == 0) && setrlimit(RLIMIT_CORE, &none) == 0 &&
           raise_nofile() && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
}

/* ---- without privilege: a user namespace of its own ---- */

static int write_text(const char *path, const char *text)
{
    auto_close int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || fd_write_all(fd, text, strlen(text)) < 0)
        return errno;
    return 0;
}

static int write_id(const char *path, uint32_t id)
{
    char text[32];
    (void)snprintf(text, sizeof text, "%u %u 1", id, id);
    return write_text(path, text);
}

/* Ids stay what they are; what it gains is the power to clone mounts in a namespace of mounts that
 * nobody else sees. */
static int enter_own_namespaces(const struct launcher *l)
{
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
        return errno;
    int e = write_text("/proc/self/setgroups", "deny");
    if (!e)
        e = write_id("/proc/self/gid_map", l->gid);
    if (!e)
        e = write_id("/proc/self/uid_map", l->uid);
    if (!e && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        e = errno;
    return e;
}

/* ---- what sandboxes take of the host ---- */

int host_clone_tree(int fd, uint64_t attr)
{
    struct mount_attr a = {.attr_set = attr, .propagation = MS_PRIVATE};
    int tree = open_tree(
        fd, "", AT_EMPTY_PATH | (unsigned)AT_RECURSIVE | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    if (tree < 0)
        return -1;
    if (mount_setattr(tree, "", AT_EMPTY_PATH | (unsigned)AT_RECURSIVE, &a, sizeof a) == 0)
        return tree;
    int e = errno;
    (void)close(tree);
    errno = e;
    return -1;
}

static const struct {
    const char *path;
    unsigned minor;
} devices[SANDBOX_DEVICES] = {
    [SANDBOX_NULL] = {"/dev/null", 3},       [SANDBOX_ZERO] = {"/dev/zero", 5},
    [SANDBOX_FULL] = {"/dev/full", 7},       [SANDBOX_RANDOM] = {"/dev/random", 8},
    [SANDBOX_URANDOM] = {"/dev/urandom", 9},
};

/* A file that is not the device that its name says (an image without devices) is not shown as one.
 */
static int open_device(size_t i)
{
    struct stat st;
    auto_close int fd = open(devices[i].path, O_PATH | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 || fstat(fd, &st) < 0)
        return -1;
    if (!S_ISCHR(st.st_mode) || st.st_rdev != makedev(1, devices[i].minor)) {
        errno = ENODEV;
        return -1;
    }
    int opened = fd;
    fd = -1;
    return opened;
}

static int open_devices(struct launcher *l)
{
    for (size_t i = 0; i < SANDBOX_DEVICES; i++) {
        l->device[i] = open_device(i);
        if (l->device[i] < 0)
            return errno;
    }
    return 0;
}

static bool is_folder(int fd)
{
    struct stat st;
    return fstat(fd, &st) == 0 && S_ISDIR(st.st_mode);
}

bool host_setup(struct launcher *l)
{
    l->uid = geteuid();
    l->gid = getegid();
    l->privileged = is_privileged();
    l->null = open("/dev/null", O_RDWR | O_CLOEXEC);
    l->timer = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
    l->timer_ns = INT64_MAX;
    l->init = openat(LAUNCHER_FD_HELPERS, "reeve-init", O_PATH | O_CLOEXEC | O_NOFOLLOW);
    if (!harden(l) || l->null < 0 || l->timer < 0 || l->init < 0 || !is_folder(LAUNCHER_FD_STATE))
        return false;
    if (!l->privileged)
        l->userns_errno = enter_own_namespaces(l);
    /* Only now: the id maps of an undumpable process belong to root. */
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
        return false;
    if (l->userns_errno == 0)
        l->userns_errno = open_devices(l);
    if (l->userns_errno == 0)
        l->userns_errno = spawn_probe(l);
    return true;
}

/* ---- the key ---- */

static uint8_t *new_key_page(void)
{
    size_t n = (size_t)sysconf(_SC_PAGESIZE);
    void *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED)
        return NULL;
    if (madvise(p, n, MADV_WIPEONFORK) < 0 || madvise(p, n, MADV_DONTDUMP) < 0 || mlock(p, n) < 0)
        return NULL;
    return p;
}

bool host_take_key(struct launcher *l)
{
    struct pollfd p[2] = {{.fd = LAUNCHER_FD_KEEPER, .events = POLLIN}, {.fd = LAUNCHER_FD_OWNER}};
    l->key = new_key_page();
    if (!l->key)
        return false;
    while (poll(p, 2, -1) < 0)
        if (errno != EINTR)
            return false;
    if (p[1].revents)
        return false;
    ssize_t n = recv(LAUNCHER_FD_KEEPER, l->key, TOKEN_KEY_BYTES, MSG_TRUNC);
    return n == TOKEN_KEY_BYTES;
}
