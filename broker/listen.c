/*
 * The door of an owner: the socket that clients connect to, how many may be in at once, and what
 * those beyond are told. What comes through an open connection is server.c's.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "broker/internal.h"
#include "broker/state.h"

/* Descriptors that are not connections: the log's, the helpers', and three of each run. */
enum { RESERVED_FILES = 64 + 3 * OWNER_MAX_RUNS };

int server_limit(struct owner *owner, struct reeve_error *err)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0)
        return base_fail_errno(err, REEVE_EIO, errno, "the limit of open files cannot be told");
    if (files.rlim_cur < OWNER_MIN_FILES || files.rlim_max < OWNER_MIN_HARD_FILES)
        return base_fail(
            err, REEVE_EIO,
            "this process may open %llu files (RLIMIT_NOFILE, hard limit %llu); %u and "
            "a hard limit of %u are needed; start it under: ulimit -n 1024",
            (unsigned long long)files.rlim_cur, (unsigned long long)files.rlim_max, OWNER_MIN_FILES,
            OWNER_MIN_HARD_FILES);
    owner->max_conns = OWNER_MIN_CONNS;
    if (files.rlim_cur > RESERVED_FILES + OWNER_MIN_CONNS)
        owner->max_conns = files.rlim_cur - RESERVED_FILES < OWNER_MAX_CONNS
                               ? (unsigned)(files.rlim_cur - RESERVED_FILES)
                               : OWNER_MAX_CONNS;
    return 0;
}

void server_turn_away(struct owner *owner, int fd)
{
    struct reeve_error full = {0};
    auto_buf struct buf text = {.max = 4096}, frame = {.max = 8192};
    base_fail(&full, REEVE_EBUSY,
              "%u clients are connected to %s, the most that it serves; try "
              "again later",
              owner->nconns, owner->dir);
    server_error_text(&full, &text);
    wire_put(&frame, WIRE_ERROR, buf_view(&text), STR(""));
    /* It fits into a new socket's buffer; who does not hear it sees the connection end. */
    if (!frame.failed)
        (void)!send(fd, frame.data, frame.len, MSG_NOSIGNAL | MSG_DONTWAIT);
    (void)close(fd);
}

/* Nothing can be accepted at the moment: asking again and again would help nobody. */
static void pause_listening(struct owner *owner)
{
    owner->listen_at_ns = base_boottime_ns() + OWNER_RETRY_NS;
    loop_mod(owner->loop, owner->listen_source, 0);
}

void server_listen_again(struct owner *owner)
{
    if (!owner->listen_at_ns)
        return;
    owner->listen_at_ns = 0;
    if (owner->listen_source)
        loop_mod(owner->loop, owner->listen_source, EPOLLIN);
}

int server_tick(struct owner *owner)
{
    if (!owner->listen_at_ns)
        return -1;
    int left = base_ms_until(owner->listen_at_ns);
    if (left)
        return left;
    server_listen_again(owner);
    return -1;
}

static void on_listen(void *arg, uint32_t events)
{
    (void)events;
    struct owner *owner = arg;
    for (int i = 0; i < 64; i++) {
        int fd = accept4(owner->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0 && (errno == EINTR || errno == ECONNABORTED))
            continue;
        if (fd < 0) {
            if (errno != EAGAIN)
                pause_listening(owner);
            return;
        }
        server_adopt(owner, fd, false);
    }
}

int server_listen(struct owner *owner, struct reeve_error *err)
{
    uint8_t salt[4];
    char hex[2 * sizeof salt + 1], temp[64];
    base_random(salt, sizeof salt);
    base_hex(salt, sizeof salt, hex);
    (void)snprintf(temp, sizeof temp, "%s.%s", STATE_SOCKET_NAME, hex);
    struct sockaddr_un address;
    int rc = state_socket_address(owner->dir, owner->dir_fd, temp, &address, err);
    if (rc)
        return rc;
    owner->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    /* Bound and listening before it has its name: nobody finds a socket that does not answer. */
    if (owner->listen_fd < 0 ||
        bind(owner->listen_fd, (struct sockaddr *)&address, sizeof address) != 0 ||
        fchmodat(owner->dir_fd, temp, 0600, 0) != 0 || listen(owner->listen_fd, 128) != 0 ||
        renameat(owner->dir_fd, temp, owner->dir_fd, STATE_SOCKET_NAME) != 0)
        return base_fail_errno(err, REEVE_EIO, errno, "the socket %s/%s cannot be made", owner->dir,
                               STATE_SOCKET_NAME);
    owner->listen_source = loop_add(owner->loop, owner->listen_fd, EPOLLIN, on_listen, owner);
    return owner->listen_source ? 0 : base_fail(err, REEVE_ENOMEM, "out of memory");
}

void server_deafen(struct owner *owner)
{
    if (owner->listen_fd >= 0)
        (void)unlinkat(owner->dir_fd, STATE_SOCKET_NAME, 0);
    loop_del(owner->loop, &owner->listen_source);
    fd_close(&owner->listen_fd);
}
