/*
 * Files that appear whole under their name, whatever ends the process meanwhile. They are written
 * without a name where the file system can do that: an end then leaves nothing. Elsewhere, and for
 * the moment of replacing one, they have a name beside their own, which a sweep knows again.
 */
#include "base/base.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* A name beside the file's own: <name>.<16 hex digits>.tmp */
#define TEMP_SUFFIX ".tmp"
enum { SALT_BYTES = 8, TEMP_TAIL = 1 + 2 * SALT_BYTES + (int)sizeof TEMP_SUFFIX - 1 };

/* One file on its way. Functions return 0, or -1 with errno. */
struct draft {
    int dir_fd;
    const char *name;
    char temp[256];
    const void *p;
    size_t n;
    mode_t mode;
};

static int fill(const struct draft *d, int fd)
{
    if (fchmod(fd, d->mode) != 0 || fd_write_all(fd, d->p, d->n) != 0)
        return -1;
    return fsync(fd);
}

/* The name beside goes, and what went wrong before stays in errno. */
static int discard(const struct draft *d)
{
    int errnum = errno;
    (void)unlinkat(d->dir_fd, d->temp, 0);
    errno = errnum;
    return -1;
}

static int rename_over(const struct draft *d)
{
    return renameat(d->dir_fd, d->temp, d->dir_fd, d->name) == 0 ? 0 : discard(d);
}

static int give_name(int fd, int dir_fd, const char *name)
{
    char path[32]; /* by its number: AT_EMPTY_PATH takes a privilege */
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return linkat(AT_FDCWD, path, dir_fd, name, AT_SYMLINK_FOLLOW);
}

/* `*possible` is false where a file cannot be without a name, or cannot be given one. */
static int write_unnamed(const struct draft *d, bool *possible)
{
    auto_close int fd = openat(d->dir_fd, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, d->mode);
    *possible = fd >= 0;
    if (fd < 0 || fill(d, fd) != 0)
        return -1;
    if (give_name(fd, d->dir_fd, d->name) == 0)
        return 0;
    if (errno == EEXIST && give_name(fd, d->dir_fd, d->temp) == 0)
        return rename_over(d);
    *possible = false;
    return -1;
}

static int write_named(const struct draft *d)
{
    auto_close int fd =
        openat(d->dir_fd, d->temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, d->mode);
    if (fd < 0)
        return -1;
    return fill(d, fd) == 0 ? rename_over(d) : discard(d);
}

int fd_write_file(int dir_fd, const char *name, const void *p, size_t n, mode_t mode,
                  struct reeve_error *err)
{
    struct draft d = {.dir_fd = dir_fd, .name = name, .p = p, .n = n, .mode = mode};
    uint8_t salt[SALT_BYTES];
    char hex[2 * SALT_BYTES + 1];
    bool unnamed;
    base_random(salt, sizeof salt);
    base_hex(salt, sizeof salt, hex);
    int len = snprintf(d.temp, sizeof d.temp, "%s.%s" TEMP_SUFFIX, name, hex);
    if (len < 0 || (size_t)len >= sizeof d.temp)
        return base_fail(err, REEVE_EINVAL, "the file name %s is too long", name);
    int rc = write_unnamed(&d, &unnamed);
    if (!unnamed)
        rc = write_named(&d);
    if (rc != 0 || fsync(dir_fd) != 0)
        return base_fail_errno(err, REEVE_EIO, errno, "%s cannot be written", name);
    return 0;
}

static bool is_temp(struct str name)
{
    uint8_t salt[SALT_BYTES];
    if (name.n <= TEMP_TAIL || name.p[name.n - TEMP_TAIL] != '.' ||
        !str_is((struct str){name.p + name.n - 4, 4}, TEMP_SUFFIX))
        return false;
    return base_unhex((struct str){name.p + name.n - TEMP_TAIL + 1, 2 * SALT_BYTES}, salt,
                      sizeof salt);
}

void fd_sweep_temps(int dir_fd)
{
    int copy = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = copy < 0 ? NULL : fdopendir(copy);
    if (!d) {
        fd_close(&copy);
        return;
    }
    for (struct dirent *e; (e = readdir(d)) != NULL;)
        if (is_temp(str_of(e->d_name)))
            (void)unlinkat(dir_fd, e->d_name, 0);
    (void)closedir(d);
}
