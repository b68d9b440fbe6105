/* The client's half of the wire. See client.h. */
#include "broker/client.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "broker/helpers.h"
#include "broker/state.h"
#include "core/json.h"
#include "reeve/reeve.h"

#define START_TIMEOUT_NS (20 * BASE_NS_PER_S) /* without a sign of life */
enum { RETRY_MS = 20, RETRY_LATER_MS = 250, SOON = 50, HELLO_MS = 10000 };

void client_close(struct client *c)
{
    fd_close(&c->fd);
    buf_fini(&c->in);
}

bool client_alive(const struct client *c)
{
    struct pollfd p = {.fd = c->fd, .events = POLLIN | POLLRDHUP};
    int n;
    do
        n = poll(&p, 1, 0);
    while (n < 0 && errno == EINTR);
    return n == 0; /* between requests the owner says nothing but farewell */
}

int client_send(struct client *c, enum wire_type type, struct str a, struct str b,
                struct reeve_error *err)
{
    auto_buf struct buf frame = {.max = WIRE_MAX_FRAME + WIRE_HEAD_BYTES};
    if (a.n + b.n + 1 > WIRE_MAX_FRAME)
        return base_fail(err, REEVE_EINVAL, "the request is longer than %u bytes", WIRE_MAX_FRAME);
    wire_put(&frame, type, a, b);
    if (frame.failed)
        return base_fail(err, REEVE_ENOMEM, "out of memory");
    for (size_t sent = 0; sent < frame.len;) {
        ssize_t n = send(c->fd, frame.data + sent, frame.len - sent, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return base_fail_errno(err, REEVE_EIO, errno, "the owner of the state folder ended");
        sent += (size_t)n;
    }
    return 0;
}

/* The error that a frame carries. */
static int carried(struct str payload, struct reeve_error *err)
{
    auto_json struct json_text t = {0};
    if (json_text_parse(payload, &t, NULL) != 0)
        return base_fail(err, REEVE_EPROTO, "the owner's error cannot be read");
    const struct json_node *root = json_root(&t.doc);
    const struct json_node *code = json_get(&t.doc, root, "code");
    const struct json_node *line = json_get(&t.doc, root, "line");
    const struct json_node *column = json_get(&t.doc, root, "column");
    struct str message = json_string_or(json_get(&t.doc, root, "message"), STR("?"));
    struct str file = json_string_or(json_get(&t.doc, root, "file"), STR(""));
    if (!code || code->type != JSON_INT || code->i <= 0 || code->i > 1000)
        return base_fail(err, REEVE_EPROTO, "the owner's error cannot be read");
    int rc = base_fail(err, (int)code->i, "%.*s", (int)message.n, message.p);
    if (err && line && column && line->type == JSON_INT && column->type == JSON_INT) {
        err->line = (unsigned)line->i;
        err->column = (unsigned)column->i;
        (void)snprintf(err->file, sizeof err->file, "%.*s", (int)file.n, file.p);
    }
    return rc;
}

#define NO_DEADLINE INT64_MAX

static int64_t deadline_in(int timeout_ms)
{
    return timeout_ms < 0 ? NO_DEADLINE : base_boottime_ns() + (int64_t)timeout_ms * 1000000;
}

/* Whatever signals the program takes meanwhile: false only when the time is up. */
static bool wait_readable(int fd, int64_t deadline_ns)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    int n, wait_ms = -1;
    do {
        if (deadline_ns != NO_DEADLINE)
            wait_ms = base_ms_until(deadline_ns);
        n = poll(&p, 1, wait_ms);
    } while (n < 0 && errno == EINTR);
    return n != 0; /* an error is told by the read that follows */
}

int client_recv(struct client *c, int timeout_ms, uint8_t *type, struct str *payload,
                struct reeve_error *err)
{
    const int64_t deadline_ns = deadline_in(timeout_ms);
    *type = 0;
    if (c->taken) {
        memmove(c->in.data, c->in.data + c->taken, c->in.len - c->taken);
        c->in.len -= c->taken;
        c->taken = 0;
    }
    for (;;) {
        int got = wire_peek(buf_view(&c->in), type, payload, &c->taken);
        if (got < 0)
            return base_fail(err, REEVE_EPROTO, "the owner sent a frame that is too long");
        if (got > 0)
            return *type == WIRE_ERROR ? carried(*payload, err) : 0;
        c->taken = 0;
        *type = 0;
        if (!wait_readable(c->fd, deadline_ns))
            return 0;
        char chunk[65536];
        ssize_t n = recv(c->fd, chunk, sizeof chunk, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return base_fail(err, REEVE_EIO,
                             "the owner of the state folder ended before it answered; the log says "
                             "what became of the request: reeve audit query");
        buf_put(&c->in, chunk, (size_t)n);
        if (c->in.failed)
            return base_fail(err, REEVE_ENOMEM, "out of memory");
    }
}

int client_ask(struct client *c, enum wire_type type, struct str payload, struct str *answer,
               struct reeve_error *err)
{
    uint8_t got;
    int rc = client_send(c, type, payload, STR(""), err);
    if (!rc)
        rc = client_recv(c, -1, &got, answer, err);
    if (!rc && got != WIRE_ANSWER)
        rc = base_fail(err, REEVE_EPROTO, "the owner sent frame %u where an answer was due", got);
    return rc;
}

int client_hello(struct client *c, int fd, struct reeve_error *err)
{
    *c = (struct client){.fd = fd, .in = {.max = WIRE_MAX_FRAME + 2 * 65536u}};
    auto_buf struct buf hello = {.max = 256};
    struct json_out o = {.b = &hello};
    uint8_t type;
    struct str payload;
    json_open_object(&o);
    json_kv_str(&o, "protocol", STR(WIRE_PROTOCOL));
    json_kv_str(&o, "version", str_of(reeve_version()));
    json_close_object(&o);
    int rc = client_send(c, WIRE_HELLO, buf_view(&hello), STR(""), err);
    if (!rc || rc == REEVE_EIO) /* who turned us away may have said why before it heard us */
        rc = client_recv(c, HELLO_MS, &type, &payload, err);
    if (!rc && type != WIRE_WELCOME)
        rc = base_fail(err, REEVE_EPROTO, "the owner did not answer the hello");
    if (rc)
        client_close(c);
    return rc;
}

/* ---- finding and starting an owner ---- */

/* A socket in a folder is believed only when the folder's owner or root is behind it. */
static int check_peer(int fd, uid_t owner, struct reeve_error *err)
{
    struct ucred peer;
    socklen_t len = sizeof peer;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0)
        return base_fail_errno(err, REEVE_EIO, errno, "the socket's peer cannot be told");
    if (peer.uid != owner && peer.uid != 0)
        return base_fail(err, REEVE_EPERM,
                         "the socket is served by uid %u, not by the folder's owner",
                         (unsigned)peer.uid);
    return 0;
}

/* 0: connected; REEVE_ENOENT: nobody serves the folder; others: an error to tell. */
static int try_connect(const char *dir, int dir_fd, uid_t owner, struct client *out,
                       struct reeve_error *err)
{
    struct sockaddr_un address;
    int rc = state_socket_address(dir, dir_fd, STATE_SOCKET_NAME, &address, err);
    if (rc)
        return rc;
    auto_close int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return base_fail_errno(err, REEVE_EIO, errno, "no socket could be made");
    int failed;
    do
        failed = connect(fd, (struct sockaddr *)&address, sizeof address);
    while (failed && errno == EINTR);
    if (failed) {
        if (errno == ENOENT || errno == ECONNREFUSED)
            return base_fail(err, REEVE_ENOENT, "no reeved runs for %s", dir);
        return base_fail_errno(err, REEVE_EIO, errno, "%s/%s cannot be connected", dir,
                               STATE_SOCKET_NAME);
    }
    rc = check_peer(fd, owner, err);
    if (rc)
        return rc;
    int given = fd;
    fd = -1;
    rc = client_hello(out, given, err);
    return rc == REEVE_EIO ? REEVE_ENOENT : rc; /* it was ending: as if nobody had been there */
}

/* What reeved says until it serves: signs of life, then "<code> <message>" or nothing. */
static int read_report(int fd, struct reeve_error *err)
{
    auto_buf struct buf text = {.max = 4096};
    char chunk[512];
    ssize_t n;
    while (wait_readable(fd, base_boottime_ns() + START_TIMEOUT_NS) &&
           ((n = read(fd, chunk, sizeof chunk)) > 0 || (n < 0 && errno == EINTR)))
        for (ssize_t i = 0; i < n; i++)
            if (text.len || chunk[i] != REEVED_ALIVE[0])
                buf_byte(&text, (uint8_t)chunk[i]);
    int code = 0;
    size_t i = 0;
    while (i < text.len && i < 3 && text.data[i] >= '0' && text.data[i] <= '9')
        code = code * 10 + (text.data[i++] - '0');
    while (text.len && text.data[text.len - 1] == '\n')
        text.data[--text.len] = '\0';
    if (!code || i >= text.len || text.data[i] != ' ')
        return text.len ? base_fail(err, REEVE_EHELPERS, "reeved ended: %.300s", text.data) : 0;
    return base_fail(err, code, "%s", text.data + i + 1);
}

/* Start one reeved and wait until it serves or has said why not. */
static int start(const char *dir, const char *helper_dir, struct reeve_error *err)
{
    char path[4096];
    int report[2] = {-1, -1};
    auto_close int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    int n = snprintf(path, sizeof path, "%s/reeved", helper_dir);
    if (n < 0 || (size_t)n >= sizeof path || null < 0 || pipe2(report, O_CLOEXEC) != 0)
        return base_fail_errno(err, REEVE_EIO, errno, "reeved cannot be started");
    auto_close int mine = report[0];
    auto_close int theirs = report[1];
    char *const argv[] = {(char *)"reeved",
                          (char *)"--linger",
                          (char *)"--report",
                          (char *)"--state",
                          (char *)(uintptr_t)dir,
                          (char *)"--helper-dir",
                          (char *)(uintptr_t)helper_dir,
                          NULL};
    char *const envp[] = {NULL};
    const int fds[3] = {null, null, theirs};
    int rc = helpers_spawn(path, argv, envp, fds, 3, err);
    fd_close(&theirs);
    return rc ? rc : read_report(mine, err);
}

int client_connect(const char *dir, const char *helper_dir, bool may_start, struct client *out,
                   struct reeve_error *err)
{
    auto_close int dir_fd = -1;
    uid_t owner;
    struct timespec touched = {0};
    int rc = state_open(dir, &dir_fd, &owner, err);
    int64_t until = base_boottime_ns() + START_TIMEOUT_NS;
    for (unsigned starts = 0; !rc; starts++) {
        rc = try_connect(dir, dir_fd, owner, out, err);
        if (rc != REEVE_ENOENT || !may_start)
            return rc;
        rc = state_require_owner(dir, owner, err);
        if (rc)
            return rc;
        if (starts) /* the helpers of an owner that died still hold the lock for a moment */
            base_pause_ms(starts < SOON ? RETRY_MS : RETRY_LATER_MS);
        if (state_lock_touched(dir_fd, &touched)) /* somebody else's start goes on */
            until = base_boottime_ns() + START_TIMEOUT_NS;
        if (base_boottime_ns() > until)
            return base_fail(err, REEVE_EHELPERS, "reeved starts for %s and does not serve", dir);
        rc = start(dir, helper_dir, err);
    }
    return rc;
}
