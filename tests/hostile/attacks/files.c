/* Files: beyond the grant, into it for writing, and programs that nobody approved. */
#include "tests/hostile/attacks/attack.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

static bool can_read(const char *path)
{
    char c;
    int fd = open(path, O_RDONLY);
    return fd >= 0 && read(fd, &c, 1) == 1;
}

static bool can_list(const char *path)
{
    DIR *d = opendir(path);
    int n = 0;
    while (d && readdir(d))
        n++;
    return n > 2;
}

/* The mode is no obstacle if it can be changed. */
static bool read_after_chmod(const char *path)
{
    (void)chmod(path, 0644);
    return can_read(path);
}

static bool can_open_for_writing(const char *path)
{
    return open(path, O_WRONLY) >= 0;
}

static bool can_create(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    return fd >= 0 && unlink(path) == 0;
}

static bool can_make_link(const char *path)
{
    return symlink("/", path) == 0 && unlink(path) == 0;
}

static bool can_remove(const char *path)
{
    char other[512];
    (void)snprintf(other, sizeof other, "%s.moved", path);
    return rename(path, other) == 0 && rename(other, path) == 0;
}

static bool can_change_time(const char *path)
{
    return utimensat(AT_FDCWD, path, NULL, 0) == 0;
}

/* Both ways, so that no reader is needed; a byte that is written is read back by nobody. */
static bool write_fifo(const char *path)
{
    int fd = open(path, O_RDWR | O_NONBLOCK);
    return (fd >= 0 && write(fd, "x", 1) == 1) || open(path, O_WRONLY | O_NONBLOCK) >= 0;
}

/* Who opens the file for writing then waits. */
static bool take_lease(const char *path)
{
    int fd = open(path, O_RDONLY);
    return fd >= 0 && fcntl(fd, F_SETLEASE, F_RDLCK) == 0;
}

/* ---- programs ---- */

static bool copy_self(int to)
{
    struct stat st;
    int self = open("/proc/self/exe", O_RDONLY);
    if (self < 0 || fstat(self, &st) < 0)
        return false;
    for (off_t at = 0; at < st.st_size;)
        if (sendfile(to, self, &at, (size_t)(st.st_size - at)) <= 0)
            return false;
    return true;
}

static bool exec_written(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0700);
    bool copied = fd >= 0 && copy_self(fd);
    (void)close(fd);
    bool worked = copied && attack_by_exec(path, "nothing", "");
    (void)unlink(path);
    return worked;
}

static bool map_written(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0700);
    if (fd < 0 || ftruncate(fd, 4096) < 0)
        return false;
    void *p = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
    (void)unlink(path);
    return p != MAP_FAILED;
}

static bool exec_memfd(const char *arg)
{
    char path[64];
    int fd = memfd_create("attack", 0);
    if (fd < 0 || !copy_self(fd))
        return false;
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return attack_by_exec(path, "nothing", arg);
}

static bool nothing(const char *arg)
{
    return arg[0] == '\0';
}

static bool is_root(const char *arg)
{
    (void)arg;
    return geteuid() == 0;
}

/* A set-uid program of root's, shown read-only. */
static bool exec_setuid(const char *path)
{
    return geteuid() != 0 && attack_by_exec(path, "is-root", "");
}

/*
 * The program's own file, by the descriptor of its running self, once it runs no more: it is
 * reopened for writing after another program took this process over.
 */
static bool overwrite_program(const char *other)
{
    char fd[16];
    (void)snprintf(fd, sizeof fd, "%d", open("/proc/self/exe", O_PATH));
    (void)execl(other, "attacks", "reopen-for-writing", fd, (char *)NULL);
    return false;
}

static bool reopen_for_writing(const char *fd)
{
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/self/fd/%s", fd);
    return can_open_for_writing(path);
}

static bool make_device(const char *path)
{
    return mknod(path, S_IFBLK | 0600, 1 << 8) == 0 && unlink(path) == 0;
}

/* More than the plan's one MiB of /tmp, in bytes or in files. */
static bool overfill(const char *path)
{
    static char block[1 << 16];
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    size_t n = 0;
    while (fd >= 0 && n <= (2u << 20)) {
        ssize_t done = write(fd, block, sizeof block);
        if (done <= 0)
            break;
        n += (size_t)done;
    }
    (void)unlink(path);
    return n > (1u << 20);
}

static bool many_files(const char *dir)
{
    char path[256];
    int n = 0;
    for (; n < 2000; n++) {
        (void)snprintf(path, sizeof path, "%s/many-%d", dir, n);
        int fd = open(path, O_WRONLY | O_CREAT, 0600);
        if (fd < 0)
            break;
        (void)close(fd);
    }
    for (int i = 0; i < n; i++) {
        (void)snprintf(path, sizeof path, "%s/many-%d", dir, i);
        (void)unlink(path);
    }
    return n == 2000;
}

const struct attack file_attacks[] = {
    {"read", can_read},
    {"list", can_list},
    {"read-after-chmod", read_after_chmod},
    {"open-for-writing", can_open_for_writing},
    {"create", can_create},
    {"make-link", can_make_link},
    {"remove", can_remove},
    {"change-time", can_change_time},
    {"make-device", make_device},
    {"write-fifo", write_fifo},
    {"lease", take_lease},
    {"exec-written", exec_written},
    {"map-written", map_written},
    {"exec-memfd", exec_memfd},
    {"nothing", nothing},
    {"is-root", is_root},
    {"exec-setuid", exec_setuid},
    {"overwrite-program", overwrite_program},
    {"reopen-for-writing", reopen_for_writing},
    {"overfill", overfill},
    {"many-files", many_files},
    {NULL, NULL},
};
