/* Descriptors: whole reads and writes, messages with descriptors, cleanup helpers. */
#include "base/base.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { MAX_PASSED = 8 };

int fd_write_all(int fd, const void *p, size_t n)
{
    const uint8_t *at = p;
    while (n) {
        ssize_t done = write(fd, at, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return -1;
        at += done;
        n -= (size_t)done;
    }
    return 0;
}

int fd_pwrite_all(int fd, const void *p, size_t n, off_t where)
{
    const uint8_t *at = p;
    while (n) {
        ssize_t done = pwrite(fd, at, n, where);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return -1;
        at += done;
        where += done;
        n -= (size_t)done;
    }
    return 0;
}

int fd_read_all(int fd, void *p, size_t n)
{
    uint8_t *at = p;
    while (n) {
        ssize_t done = read(fd, at, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done == 0)
            errno = EPIPE;
        if (done <= 0)
            return -1;
        at += done;
        n -= (size_t)done;
    }
    return 0;
}

int fd_slurp_open(int fd, const char *path, size_t max, struct buf *out, struct reeve_error *err)
{
    char chunk[16384];
    buf_reset(out);
    for (;;) {
        ssize_t n = read(fd, chunk, sizeof chunk);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return base_fail_errno(err, REEVE_EIO, errno, "%s cannot be read", path);
        if (n == 0)
            return out->failed ? base_fail(err, REEVE_ENOMEM, "out of memory reading %s", path) : 0;
        if ((size_t)n > max - out->len)
            return base_fail(err, REEVE_EFORMAT, "%s is larger than %zu bytes", path, max);
        buf_put(out, chunk, (size_t)n);
    }
}

int fd_slurp(int dir_fd, const char *path, size_t max, struct buf *out, struct reeve_error *err)
{
    buf_reset(out);
    /* O_NONBLOCK: a FIFO put in a file's place must not hold the reader. */
    auto_close int fd = openat(dir_fd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        return base_fail_errno(err, errno == ENOENT ? REEVE_ENOENT : REEVE_EIO, errno,
                               "%s cannot be opened", path);
    struct stat st;
    if (fstat(fd, &st) != 0 || S_ISDIR(st.st_mode))
        return base_fail(err, REEVE_EIO, "%s is a folder, not a file", path);
    return fd_slurp_open(fd, path, max, out, err);
}

int fd_send_with(int sock, const void *p, size_t n, const int *fds, size_t nfds)
{
    struct iovec iov = {.iov_base = (void *)(uintptr_t)p, .iov_len = n};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
    union {
        struct cmsghdr head;
        char bytes[CMSG_SPACE(sizeof(int) * MAX_PASSED)];
    } control;
    if (nfds > MAX_PASSED) {
        errno = EINVAL;
        return -1;
    }
    if (nfds) {
        memset(&control, 0, sizeof control);
        msg.msg_control = control.bytes;
        msg.msg_controllen = CMSG_SPACE(sizeof(int) * nfds);
        struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof(int) * nfds);
        memcpy(CMSG_DATA(c), fds, sizeof(int) * nfds);
    }
    for (;;) {
        ssize_t done = sendmsg(sock, &msg, MSG_NOSIGNAL);
        if (done < 0 && errno == EINTR)
            continue;
        if (done >= 0 && (size_t)done != n)
            errno = EMSGSIZE;
        return done >= 0 && (size_t)done == n ? 0 : -1;
    }
}

/* Keep the first `room` descriptors of a message, close the others. */
static size_t take_fds(struct msghdr *msg, int *fds, size_t room)
{
    size_t kept = 0;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < n; i++) {
            int fd;
            memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof fd);
            if (kept < room)
                fds[kept++] = fd;
            else
                (void)close(fd);
        }
    }
    return kept;
}

ssize_t fd_recv_with(int sock, void *p, size_t n, int *fds, size_t *nfds)
{
    struct iovec iov = {.iov_base = p, .iov_len = n};
    union {
        struct cmsghdr head;
        char bytes[CMSG_SPACE(sizeof(int) * MAX_PASSED)];
    } control;
    struct msghdr msg = {.msg_iov = &iov,
                         .msg_iovlen = 1,
                         .msg_control = control.bytes,
                         .msg_controllen = sizeof control.bytes};
    ssize_t got;
    do
        got = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
    while (got < 0 && errno == EINTR);
    size_t room = nfds ? *nfds : 0;
    if (nfds)
        *nfds = 0;
    if (got < 0)
        return -1;
    size_t kept = take_fds(&msg, fds, room);
    if (msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) {
        while (kept)
            (void)close(fds[--kept]);
        errno = EMSGSIZE;
        return -1;
    }
    if (nfds)
        *nfds = kept;
    return got;
}

int fd_set_nonblock(int fd, bool on)
{
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0)
        return -1;
    return fcntl(fd, F_SETFL, on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK);
}

void fd_close(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
    *fd = -1;
}

void base_close_cleanup(int *fd)
{
    int saved = errno;
    fd_close(fd);
    errno = saved;
}

void base_free_cleanup(void *p)
{
    free(*(void **)p);
}
