/*
 * Connections of the owner: frames in, frames out, what may come when. One request at a time on
 * each; a client that breaks the protocol harms its own connection alone. What a request means is
 * not known here.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "broker/internal.h"
#include "broker/state.h"

enum conn_state {
    CONN_HELLO, /* nothing but HELLO may come */
    CONN_IDLE,
    CONN_BUSY, /* a request is in progress: only CANCEL may come */
};

struct conn {
    struct conn *next, *prev;
    struct owner *owner;
    struct loop_source *source;
    int fd;
    enum conn_state state;
    bool embedded, closing; /* closing: after what is queued has been sent */
    uid_t uid;
    pid_t pid;
    struct buf in, out;
    size_t sent;
    struct reeve_run *run;
    struct policy_image *policy; /* for the next request, and its text */
    struct buf policy_text;
    uint32_t events;
};

static void conn_free(struct conn *conn)
{
    struct owner *owner = conn->owner;
    if (conn->run) {
        conn->run->sink = NULL;
        run_resume(conn->run); /* its streams are read to their end, for nobody */
        run_cancel(conn->run, NULL);
    }
    loop_del(owner->loop, &conn->source);
    fd_close(&conn->fd);
    buf_fini(&conn->in);
    buf_fini(&conn->out);
    buf_fini(&conn->policy_text);
    policy_image_unref(&conn->policy);
    *(conn->prev ? &conn->prev->next : &owner->conns) = conn->next;
    if (conn->next)
        conn->next->prev = conn->prev;
    if (--owner->nconns == 0)
        owner->idle_since_ns = base_boottime_ns();
    free(conn);
    server_listen_again(owner);
}

/* Send what the socket takes. False: the connection is gone. */
static bool conn_flush(struct conn *conn)
{
    while (conn->sent < conn->out.len) {
        ssize_t n = send(conn->fd, conn->out.data + conn->sent, conn->out.len - conn->sent,
                         MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            break;
        if (n < 0)
            return false;
        conn->sent += (size_t)n;
    }
    if (conn->sent == conn->out.len) {
        buf_reset(&conn->out);
        conn->sent = 0;
    }
    /* A client that does not read is not read from either. */
    uint32_t events =
        EPOLLRDHUP | (conn_is_full(conn) ? 0u : EPOLLIN) | (conn->out.len ? EPOLLOUT : 0u);
    if (events != conn->events) {
        conn->events = events;
        loop_mod(conn->owner->loop, conn->source, events);
    }
    return !(conn->closing && !conn->out.len);
}

void conn_send(struct conn *conn, enum wire_type type, struct str a, struct str b)
{
    wire_put(&conn->out, type, a, b);
    if (conn->out.failed)
        conn->closing = true;
    /* A connection that is gone is noticed by its next event; nothing is freed beneath the caller.
     */
    (void)conn_flush(conn);
}

bool conn_is_full(const struct conn *conn)
{
    return conn->out.len - conn->sent > OWNER_MAX_UNSENT;
}

void server_error_text(const struct reeve_error *error, struct buf *out)
{
    struct json_out o = {.b = out};
    json_open_object(&o);
    json_kv_int(&o, "code", error->code);
    json_kv_str(&o, "message", str_of(error->message));
    if (error->line) {
        json_kv_str(&o, "file", str_of(error->file));
        json_kv_int(&o, "line", error->line);
        json_kv_int(&o, "column", error->column);
    }
    json_close_object(&o);
}

void conn_send_error(struct conn *conn, const struct reeve_error *error)
{
    auto_buf struct buf text = {.max = 4096};
    server_error_text(error, &text);
    conn_send(conn, WIRE_ERROR, buf_view(&text), STR(""));
}

void conn_run(struct conn *conn, struct reeve_run *run)
{
    conn->run = run;
}

void conn_idle(struct conn *conn)
{
    conn->run = NULL;
    conn->state = CONN_IDLE;
}

/* ---- what frames mean ---- */

static int broken(struct reeve_error *err, const char *what)
{
    return base_fail(err, REEVE_EPROTO, "%s", what);
}

static int on_hello(struct conn *conn, struct str payload, struct reeve_error *err)
{
    auto_json struct json_text hello = {0};
    int rc = json_text_parse(payload, &hello, err);
    if (rc)
        return broken(err, "the hello is no JSON object");
    struct str protocol =
        json_string_or(json_get(&hello.doc, json_root(&hello.doc), "protocol"), STR(""));
    if (!str_is(protocol, WIRE_PROTOCOL))
        return base_fail(err, REEVE_EPROTO, "this owner speaks %s; the client asked for %.*s",
                         WIRE_PROTOCOL, (int)(protocol.n < 64 ? protocol.n : 64), protocol.p);
    auto_buf struct buf text = {.max = 1024};
    struct json_out o = {.b = &text};
    json_open_object(&o);
    json_kv_str(&o, "protocol", STR(WIRE_PROTOCOL));
    json_kv_str(&o, "version", str_of(reeve_version()));
    json_kv_int(&o, "pid", getpid());
    json_kv_str(&o, "grade", STR("embedded"));
    json_close_object(&o);
    conn->state = CONN_IDLE;
    conn_send(conn, WIRE_WELCOME, buf_view(&text), STR(""));
    return 0;
}

static struct request_peer peer_of(const struct conn *conn)
{
    return (struct request_peer){conn->uid, conn->pid, conn->embedded};
}

static int on_policy(struct conn *conn, struct str payload, struct reeve_error *err)
{
    if (payload.n < 4 || base_get_u32le(payload.p) > payload.n - 4 ||
        base_get_u32le(payload.p) > 1024)
        return broken(err, "a POLICY frame without its name");
    uint32_t n = base_get_u32le(payload.p);
    auto_free char *name = str_dup((struct str){payload.p + 4, n});
    struct str text = {payload.p + 4 + n, payload.n - 4 - n};
    if (!name)
        return base_fail(err, REEVE_ENOMEM, "out of memory");
    policy_image_unref(&conn->policy);
    buf_fini(&conn->policy_text);
    struct reeve_error why = {0};
    struct policy_kept state;
    struct policy_source source = policy_source_of(text, name, &state);
    buf_init(&conn->policy_text, WIRE_MAX_FRAME);
    source.kept = &conn->policy_text;
    if (policy_compile_source(&source, NULL, NULL, &conn->policy, &why) != 0) {
        struct request_peer peer = peer_of(conn);
        request_reject(conn->owner, &peer, "policy", text, &why);
        conn_send_error(conn, &why); /* an answer, not a broken protocol */
        return 0;
    }
    conn_send(conn, WIRE_ANSWER, STR(""), STR(""));
    return 0;
}

/* The text of a policy that a request is decided by; until then nobody needs it in the folder. */
static int keep_policy(struct conn *conn, const struct policy_image *policy,
                       struct reeve_error *err)
{
    if (conn->policy_text.failed)
        return base_fail(err, REEVE_ENOMEM, "out of memory");
    int rc = state_keep_blob(conn->owner->dir_fd, conn->owner->dir,
                             policy_image_source_digest(policy), buf_view(&conn->policy_text), err);
    buf_fini(&conn->policy_text);
    return rc;
}

static int on_request(struct conn *conn, struct str payload, struct reeve_error *err)
{
    (void)err;
    struct policy_image *policy = conn->policy;
    conn->policy = NULL;
    conn->state = CONN_BUSY;
    struct request_peer peer = peer_of(conn);
    struct reeve_error why = {0};
    if (policy && keep_policy(conn, policy, &why) != 0) {
        conn_idle(conn);
        conn_send_error(conn, &why);
    } else {
        request_begin(conn, conn->owner, payload, policy, &peer);
    }
    policy_image_unref(&policy);
    return 0;
}

static int on_cancel(struct conn *conn, struct str payload, struct reeve_error *err)
{
    (void)payload;
    (void)err;
    if (conn->run)
        run_cancel(conn->run, NULL);
    return 0;
}

static int send_row(void *arg, uint64_t seq, struct str record, const uint8_t leaf[BASE_SHA256])
{
    struct {
        struct conn *conn;
        uint64_t next;
    } *slice = arg;
    auto_buf struct buf head = {.max = 64};
    buf_u64le(&head, seq);
    buf_put(&head, leaf, BASE_SHA256);
    buf_byte(&head, record.p != NULL);
    conn_send(slice->conn, WIRE_ROW, buf_view(&head), record);
    slice->next = seq + 1;
    return slice->conn->out.len - slice->conn->sent > WIRE_SLICE_BYTES;
}

static int on_read(struct conn *conn, struct str payload, struct reeve_error *err)
{
    if (payload.n != 16)
        return broken(err, "a READ frame of the wrong length");
    uint64_t from = base_get_u64le(payload.p), max = base_get_u64le(payload.p + 8);
    struct {
        struct conn *conn;
        uint64_t next;
    } slice = {conn, from};
    struct reeve_error why = {0};
    if (question_log(conn->owner, &why))
        (void)audit_log_read(conn->owner->log, from, max < WIRE_SLICE_ROWS ? max : WIRE_SLICE_ROWS,
                             send_row, &slice, &why);
    if (why.code) {
        conn_send_error(conn, &why);
        return 0;
    }
    auto_buf struct buf end = {.max = 16};
    buf_u64le(&end, slice.next);
    conn_send(conn, WIRE_ROWS_END, buf_view(&end), STR(""));
    return 0;
}

static int on_stop(struct conn *conn, struct str payload, struct reeve_error *err)
{
    (void)payload;
    (void)err;
    struct owner *owner = conn->owner;
    if (owner->options.embedded || owner->options.linger_ns == 0 || owner->nruns ||
        owner->nconns > 1) {
        struct reeve_error why = {0};
        base_fail(&why, REEVE_EOWNED, "the state folder %s is owned by the process %d", owner->dir,
                  (int)getpid());
        conn_send_error(conn, &why);
        return 0;
    }
    conn_send(conn, WIRE_ANSWER, STR(""), STR(""));
    owner_stop(owner);
    return 0;
}

/* With a text, or with why there is none. */
static int on_question(struct conn *conn, question_fn *question, struct str payload,
                       struct reeve_error *err)
{
    const struct request_peer peer = {conn->uid, conn->pid, conn->embedded};
    auto_buf struct buf text = {0};
    struct reeve_error why = {0};
    int rc = question(conn->owner, &peer, payload, &text, &why, err);
    if (rc)
        return rc;
    if (why.code)
        conn_send_error(conn, &why);
    else
        conn_send(conn, WIRE_ANSWER, buf_view(&text), STR(""));
    return 0;
}

/* Which frame may come in which state. What is not here ends the connection. */
static const struct {
    enum wire_type type;
    enum conn_state state;
    int (*fn)(struct conn *, struct str, struct reeve_error *); /* NULL: it is a question */
    question_fn *question;
} rows[] = {
    {WIRE_HELLO, CONN_HELLO, on_hello, NULL},
    {WIRE_POLICY, CONN_IDLE, on_policy, NULL},
    {WIRE_REQUEST, CONN_IDLE, on_request, NULL},
    {WIRE_CANCEL, CONN_BUSY, on_cancel, NULL},
    {WIRE_CANCEL, CONN_IDLE, on_cancel, NULL}, /* crossed with the result */
    {WIRE_READ, CONN_IDLE, on_read, NULL},
    {WIRE_ASK, CONN_IDLE, NULL, question_ask},
    {WIRE_RECEIPT, CONN_IDLE, NULL, question_receipt},
    {WIRE_STOP, CONN_IDLE, on_stop, NULL},
    {WIRE_PROVE, CONN_IDLE, NULL, question_prove},
    {WIRE_ROTATE, CONN_IDLE, NULL, question_rotate},
    {WIRE_PLAN, CONN_IDLE, NULL, question_plan},
    {WIRE_ERASE, CONN_IDLE, NULL, question_erase},
    {WIRE_SEAL, CONN_IDLE, NULL, question_seal},
};

static int dispatch(struct conn *conn, uint8_t type, struct str payload, struct reeve_error *err)
{
    for (size_t i = 0; i < BASE_COUNT(rows); i++) {
        if ((uint8_t)rows[i].type != type || rows[i].state != conn->state)
            continue;
        return rows[i].question ? on_question(conn, rows[i].question, payload, err)
                                : rows[i].fn(conn, payload, err);
    }
    return base_fail(err, REEVE_EPROTO, "frame %u may not come now", type);
}

/* Take whole frames off the input, as long as what they are answered with has room. A frame that
 * may not come now, a second REQUEST during one for instance, is an error. */
static int take_frames(struct conn *conn, struct reeve_error *err)
{
    size_t done = 0;
    int rc = 0;
    while (!rc && !conn->closing && !conn_is_full(conn)) {
        uint8_t type;
        struct str payload;
        size_t taken;
        struct str rest = {conn->in.data + done, conn->in.len - done};
        int got = wire_peek(rest, &type, &payload, &taken);
        if (got < 0)
            rc = broken(err, "a frame is longer than the protocol allows");
        if (got <= 0)
            break;
        rc = dispatch(conn, type, payload, err);
        done += taken;
    }
    if (done) {
        memmove(conn->in.data, conn->in.data + done, conn->in.len - done);
        conn->in.len -= done;
    }
    return rc;
}

/* Read what there is. False: end of file or an error. */
static bool conn_fill(struct conn *conn)
{
    char chunk[65536];
    ssize_t n = recv(conn->fd, chunk, sizeof chunk, MSG_DONTWAIT);
    if (n < 0)
        return errno == EAGAIN || errno == EINTR;
    buf_put(&conn->in, chunk, (size_t)n);
    return n > 0 && !conn->in.failed;
}

/* What was read and what can be sent, until one of them has to wait. False: the connection is gone.
 */
static bool conn_serve(struct conn *conn)
{
    size_t before;
    do {
        struct reeve_error why = {0};
        before = conn->in.len;
        if (!conn_flush(conn))
            return false;
        if (!conn->closing && take_frames(conn, &why) != 0) {
            conn->closing = true;
            conn_send_error(conn, &why);
        }
        if (!conn_flush(conn))
            return false;
    } while (!conn->closing && conn->in.len && conn->in.len < before && !conn_is_full(conn));
    return true;
}

static void on_conn(void *arg, uint32_t events)
{
    struct conn *conn = arg;
    bool alive = !(events & EPOLLERR);
    if (alive && events & (EPOLLIN | EPOLLHUP | EPOLLRDHUP))
        alive = conn_fill(conn);
    if (alive)
        alive = conn_serve(conn);
    if (!alive) {
        conn_free(conn);
        return;
    }
    if (conn->run && !conn_is_full(conn))
        run_resume(conn->run);
}

void server_adopt(struct owner *owner, int fd, bool embedded)
{
    struct ucred peer;
    socklen_t len = sizeof peer;
    struct conn *conn = NULL;
    if (owner->nconns >= owner->max_conns) {
        server_turn_away(owner, fd);
        return;
    }
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0)
        conn = calloc(1, sizeof *conn);
    if (!conn) {
        (void)close(fd);
        return;
    }
    *conn = (struct conn){.owner = owner, .fd = fd, .embedded = embedded, .uid = peer.uid};
    conn->pid = peer.pid;
    buf_init(&conn->in, WIRE_MAX_FRAME + 65536u + WIRE_HEAD_BYTES);
    conn->events = EPOLLIN | EPOLLRDHUP;
    conn->source = loop_add(owner->loop, fd, conn->events, on_conn, conn);
    conn->next = owner->conns;
    if (conn->next)
        conn->next->prev = conn;
    owner->conns = conn;
    owner->nconns++;
    if (!conn->source) {
        conn_free(conn);
        return;
    }
    if (!embedded && conn->uid != owner->uid) {
        char name[96];
        struct reeve_error why = {0};
        state_user_name(owner->uid, name);
        base_fail(&why, REEVE_EPERM, "only %s may connect to %s", name, owner->dir);
        conn->closing = true;
        conn_send_error(conn, &why);
        if (conn->out.len == 0) /* said, and done with; else when it has been sent */
            conn_free(conn);
    }
}

void server_close_all(struct owner *owner)
{
    server_deafen(owner);
    while (owner->conns)
        conn_free(owner->conns);
}
