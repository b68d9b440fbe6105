/*
 * reeve-launcher: builds the sandbox of each plan that the owner sends, opens its gate for a token
 * of the keeper's, sees it end. One thread that waits for the owner, the keeper and each run's
 * init. When owner or keeper goes, or the owner sends what it may not, every run is killed and this
 * process ends. Started by reeve-start.
 */
#include "providers/process/launcher/launcher.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

/* Three of its own, then for each row of the table its control socket and its pidfd. */
enum { POLL_OWNER, POLL_KEEPER, POLL_TIMER, POLL_RUNS };
#define POLL_COUNT (POLL_RUNS + 2 * LAUNCHER_MAX_RUNS)

static void fill_poll(const struct launcher *l, struct pollfd p[POLL_COUNT])
{
    p[POLL_OWNER] =
        (struct pollfd){.fd = LAUNCHER_FD_OWNER, .events = l->outbox.count ? POLLOUT : POLLIN};
    p[POLL_KEEPER] = (struct pollfd){.fd = LAUNCHER_FD_KEEPER, .events = POLLIN};
    p[POLL_TIMER] = (struct pollfd){.fd = l->timer, .events = POLLIN};
    for (size_t i = 0; i < LAUNCHER_MAX_RUNS; i++) {
        bool on = l->runs[i].state != RUN_NONE;
        struct pollfd *at = &p[POLL_RUNS + 2 * i];
        at[0] = (struct pollfd){.fd = on ? l->runs[i].control : -1, .events = POLLIN};
        at[1] = (struct pollfd){.fd = on ? l->runs[i].pidfd : -1, .events = POLLIN};
    }
}

static bool set_timer(struct launcher *l)
{
    int64_t next = runs_next_deadline(l);
    struct itimerspec t = {0}; /* all zero: off */
    if (next == l->timer_ns)
        return true;
    l->timer_ns = next;
    if (next != INT64_MAX) {
        next = next > 0 ? next : 1;
        t.it_value.tv_sec = (time_t)(next / BASE_NS_PER_S);
        t.it_value.tv_nsec = (long)(next % BASE_NS_PER_S);
    }
    return timerfd_settime(l->timer, TFD_TIMER_ABSTIME, &t, NULL) == 0;
}

static bool wait_events(struct launcher *l, struct pollfd p[POLL_COUNT])
{
    uint64_t times;
    if (!set_timer(l))
        return false;
    int n = poll(p, POLL_COUNT, -1);
    if (n < 0)
        for (size_t i = 0; i < POLL_COUNT; i++)
            p[i].revents = 0;
    if (p[POLL_TIMER].revents)
        (void)!read(l->timer, &times, sizeof times);
    return n >= 0 || errno == EINTR;
}

/* False: the owner has gone. */
static bool flush(struct launcher *l)
{
    struct outbox *o = &l->outbox;
    while (o->count) {
        const union outbox_event *e = &o->event[o->first];
        ssize_t n = send(LAUNCHER_FD_OWNER, e, e->head.bytes, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EAGAIN || errno == ENOBUFS;
        o->first = (o->first + 1) % OUTBOX_MAX;
        o->count--;
    }
    return true;
}

static bool read_frame(struct launcher *l)
{
    struct frame f = {.bytes = l->frame, .nfds = BASE_COUNT(f.fds)};
    ssize_t n = fd_recv_with(LAUNCHER_FD_OWNER, l->frame, sizeof l->frame, f.fds, &f.nfds);
    if (n <= 0)
        return false;
    f.n = (size_t)n;
    return runs_frame(l, &f);
}

static void serve_runs(struct launcher *l, const struct pollfd *p)
{
    for (size_t i = 0; i < LAUNCHER_MAX_RUNS; i++) {
        struct run *run = &l->runs[i];
        if (p[2 * i].revents)
            runs_report(l, run);
        if (p[2 * i + 1].revents)
            runs_gone(l, run);
    }
}

/* One round. The keeper has nothing to say after its key: whatever comes from it is the end. */
static bool serve(struct launcher *l)
{
    struct pollfd p[POLL_COUNT];
    fill_poll(l, p);
    if (!wait_events(l, p))
        return false;
    if (p[POLL_KEEPER].revents || (p[POLL_OWNER].revents & (POLLHUP | POLLERR | POLLNVAL)))
        return false;
    serve_runs(l, &p[POLL_RUNS]);
    runs_expire(l, base_boottime_ns());
    if ((p[POLL_OWNER].revents & POLLIN) && !read_frame(l))
        return false;
    return flush(l);
}

static void end_all(struct launcher *l)
{
    for (size_t i = 0; i < LAUNCHER_MAX_RUNS; i++)
        if (l->runs[i].state != RUN_NONE)
            spawn_kill(&l->runs[i]);
    for (size_t i = 0; i < LAUNCHER_MAX_RUNS; i++) {
        struct pollfd gone = {.fd = l->runs[i].pidfd, .events = POLLIN};
        if (l->runs[i].state != RUN_NONE)
            while (poll(&gone, 1, -1) < 0 && errno == EINTR)
                continue;
    }
}

static bool say_hello(const struct launcher *l)
{
    const struct launcher_hello hello = {
        .head = {.type = LAUNCHER_HELLO, .bytes = sizeof hello},
        .privileged = l->privileged,
        .userns_errno = (uint32_t)l->userns_errno,
    };
    return send(LAUNCHER_FD_OWNER, &hello, sizeof hello, MSG_NOSIGNAL) == sizeof hello;
}

int main(void)
{
    static struct launcher l;
    /* libcrypto would read its configuration, a text, at its first use. */
    if (!OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL))
        _exit(1);
    if (!host_setup(&l) || !host_take_key(&l) || !say_hello(&l))
        _exit(1);
    while (serve(&l))
        continue;
    end_all(&l);
    _exit(0);
}
