/* Tiles as files. The folder may hold an earlier export, or anything: nothing of it is replaced. */
#include "audit/tiles.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* One folder down, made where it is not; `*dir` is closed and becomes it. */
static int descend(int *dir, const char *name, const char *path, struct reeve_error *err)
{
    bool made = mkdirat(*dir, name, 0700) == 0;
    if ((!made && errno != EEXIST) || (made && fsync(*dir) != 0))
        return base_fail_errno(err, REEVE_EIO, errno, "cannot make the folder of %s", path);
    int next = openat(*dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (next < 0)
        return base_fail_errno(err, REEVE_EIO, errno, "cannot open the folder of %s", path);
    fd_close(dir);
    *dir = next;
    return 0;
}

static int same_file(int fd, const char *path, struct str bytes, struct reeve_error *err)
{
    auto_buf struct buf old = {0};
    struct stat st;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        return base_fail(err, REEVE_EIO, "%s is not a file", path);
    if ((uint64_t)st.st_size == bytes.n) {
        int rc = fd_slurp_open(fd, path, bytes.n + 1, &old, err);
        if (rc)
            return rc;
        if (str_eq(buf_view(&old), bytes))
            return 0;
    }
    return base_fail(err, REEVE_EVERIFY,
                     "%s is there with other bytes: it is of another log, or this log's history "
                     "was changed since it was exported",
                     path);
}

int tiles_dir_put(int dir_fd, const char *path, struct str bytes, struct reeve_error *err)
{
    auto_close int dir = fcntl(dir_fd, F_DUPFD_CLOEXEC, 0);
    const char *rest = path;
    if (dir < 0)
        return base_fail_errno(err, REEVE_EIO, errno, "cannot use the folder for %s", path);
    for (const char *slash; (slash = strchr(rest, '/')); rest = slash + 1) {
        char name[TILES_PATH_MAX];
        size_t n = (size_t)(slash - rest);
        if (n == 0 || n >= sizeof name)
            return base_fail(err, REEVE_EINVAL, "%s is not the path of a tile", path);
        memcpy(name, rest, n);
        name[n] = 0;
        int rc = descend(&dir, name, path, err);
        if (rc)
            return rc;
    }
    auto_close int old = openat(dir, rest, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (old >= 0)
        return same_file(old, path, bytes, err);
    if (errno != ENOENT)
        return base_fail_errno(err, REEVE_EIO, errno, "cannot look at %s", path);
    return fd_write_file(dir, rest, bytes.p, bytes.n, 0600, err);
}

int tiles_dir_get(int dir_fd, const char *path, uint8_t *out, size_t n, struct reeve_error *err)
{
    struct stat st;
    auto_close int fd = openat(dir_fd, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return base_fail_errno(err, errno == ENOENT ? REEVE_ENOENT : REEVE_EIO, errno,
                               "cannot open %s", path);
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || (uint64_t)st.st_size != n)
        return base_fail(err, REEVE_EVERIFY, "%s is not a file of %zu bytes", path, n);
    return fd_read_all(fd, out, n) == 0
               ? 0
               : base_fail_errno(err, REEVE_EIO, errno, "cannot read %s", path);
}
