/*
 * The well-behaved and the stubborn guest of the launcher's tests: one static program, the first
 * argument says what to do. Static, so that a plan without mounts can run it.
 */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int do_exit(const char *arg)
{
    return (int)strtol(arg, NULL, 10);
}

static int do_signal(const char *arg)
{
    (void)raise((int)strtol(arg, NULL, 10));
    return 99;
}

static int do_crash(const char *arg)
{
    *(volatile char *)strtoul(arg, NULL, 10) = 1;
    return 99;
}

static int do_print(const char *arg)
{
    return write(1, arg, strlen(arg)) > 0 ? 0 : 99;
}

/* Say that it is there, then stay for ever. */
static int do_stay(const char *arg)
{
    (void)do_print(arg);
    while (pause() < 0)
        continue;
    return 99;
}

/* A tree of processes in sessions of their own that do not care for polite signals and hold the
 * output open. */
static int do_tree(const char *arg)
{
    for (int s = 1; s < NSIG; s++)
        (void)signal(s, SIG_IGN);
    for (int i = 0; i < 3; i++)
        if (fork() == 0)
            (void)setsid();
    return do_stay(arg);
}

/* Leaves a daemon behind and goes. */
static int do_daemon(const char *arg)
{
    if (fork() == 0) {
        (void)setsid();
        if (fork() == 0)
            return do_tree(arg);
        return 0;
    }
    (void)wait(NULL);
    return 0;
}

static int do_flood(const char *arg)
{
    static char block[65536];
    (void)arg;
    memset(block, 'x', sizeof block);
    while (write(1, block, sizeof block) > 0)
        continue;
    return 99;
}

/* The soft limits that it finds: descriptors, file size, core, locked memory. */
static int do_limits(const char *arg)
{
    static const int which[] = {RLIMIT_NOFILE, RLIMIT_FSIZE, RLIMIT_CORE, RLIMIT_MEMLOCK};
    (void)arg;
    for (size_t i = 0; i < sizeof which / sizeof which[0]; i++) {
        struct rlimit r;
        if (getrlimit((__rlimit_resource_t)which[i], &r) < 0 || r.rlim_cur != r.rlim_max)
            return 99;
        (void)dprintf(1, "%llu ", (unsigned long long)r.rlim_cur);
    }
    return 0;
}

/* Writes to /tmp until it is full; the bytes that fitted, in KiB. */
static int do_fill(const char *arg)
{
    static char block[1024];
    long n = 0;
    int fd = open(arg, O_WRONLY | O_CREAT, 0600);
    while (fd >= 0 && write(fd, block, sizeof block) == sizeof block)
        n++;
    (void)dprintf(1, "%ld ", n);
    return 0;
}

/* Between two folders of its own, and what it then says of the devices: both need a right to write.
 */
static int do_move(const char *arg)
{
    int fd = -1;
    if (mkdir("/tmp/a", 0700) == 0 && mkdir("/tmp/b", 0700) == 0)
        fd = open("/tmp/a/f", O_WRONLY | O_CREAT, 0600);
    bool moved = fd >= 0 && rename("/tmp/a/f", "/tmp/b/f") == 0;
    bool devices = open("/dev/null", O_WRONLY) >= 0 && open("/dev/zero", O_RDWR) >= 0;
    return do_print(moved && devices ? arg : "not ");
}

static int do_read(const char *arg)
{
    char text[64];
    int fd = open(arg, O_RDONLY);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text);
    return n > 0 && write(1, text, (size_t)n) == n ? 0 : 1;
}

/* Look at a path for ever; for each time one byte: '!' when it could be read, '.' when not. */
static int do_watch(const char *arg)
{
    char c;
    for (;;) {
        const struct timespec pause = {.tv_nsec = 1000000};
        int fd = open(arg, O_RDONLY);
        bool seen = fd >= 0 && read(fd, &c, 1) == 1;
        if (fd >= 0)
            (void)close(fd);
        if (write(1, seen ? "!" : ".", 1) != 1)
            return 99;
        (void)nanosleep(&pause, NULL);
    }
}

/* The flags of the mount that a path is on. */
static int do_mount(const char *arg)
{
    struct statvfs fs;
    if (statvfs(arg, &fs) < 0)
        return 1;
    (void)dprintf(1, "%lx ", fs.f_flag & (ST_RDONLY | ST_NOSUID | ST_NODEV | ST_NOEXEC));
    return 0;
}

/* How many entries a folder has. */
static int do_count(const char *arg)
{
    DIR *d = opendir(arg);
    int n = 0;
    if (!d)
        return 1;
    while (readdir(d))
        n++;
    (void)dprintf(1, "%d ", n - 2);
    return 0;
}

/* What a program sees of itself: ids, session, host name, folder. */
static int do_self(const char *arg)
{
    char host[65] = "", cwd[256] = "";
    (void)arg;
    (void)gethostname(host, sizeof host - 1);
    (void)dprintf(1, "%u %u %d %s %s ", getuid(), getgid(), getsid(0) == getpid(), host,
                  getcwd(cwd, sizeof cwd) ? cwd : "?");
    return 0;
}

static const struct {
    const char *name;
    int (*run)(const char *arg);
} words[] = {
    {"exit", do_exit},     {"signal", do_signal}, {"crash", do_crash},   {"print", do_print},
    {"stay", do_stay},     {"tree", do_tree},     {"daemon", do_daemon}, {"flood", do_flood},
    {"limits", do_limits}, {"fill", do_fill},     {"read", do_read},     {"self", do_self},
    {"move", do_move},     {"watch", do_watch},   {"mount", do_mount},   {"count", do_count},
};

int main(int argc, char **argv)
{
    for (size_t i = 0; argc == 3 && i < sizeof words / sizeof words[0]; i++)
        if (strcmp(argv[1], words[i].name) == 0)
            return words[i].run(argv[2]);
    return 98;
}
