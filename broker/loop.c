/* The owner's event loop. See loop.h. */
#include "broker/loop.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct loop_source {
    struct loop_source *next_dead;
    loop_fn *fn; /* NULL: deleted, freed after the round */
    void *arg;
    int fd;
};

struct loop {
    int epoll_fd, wake_fd;
    struct loop_source *dead;
};

static void drain_wake(struct loop *loop)
{
    uint64_t count;
    (void)!read(loop->wake_fd, &count, sizeof count);
}

int loop_new(struct loop **out, struct reeve_error *err)
{
    *out = NULL;
    struct loop *loop = calloc(1, sizeof *loop);
    if (!loop)
        return base_fail(err, REEVE_ENOMEM, "out of memory for the event loop");
    loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    loop->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    struct epoll_event ev = {.events = EPOLLIN, .data.ptr = NULL};
    if (loop->epoll_fd < 0 || loop->wake_fd < 0 ||
        epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, loop->wake_fd, &ev) != 0) {
        int errnum = errno;
        loop_free(&loop);
        return base_fail_errno(err, REEVE_EIO, errnum, "the event loop cannot be made");
    }
    *out = loop;
    return 0;
}

static void bury(struct loop *loop)
{
    while (loop->dead) {
        struct loop_source *source = loop->dead;
        loop->dead = source->next_dead;
        free(source);
    }
}

void loop_free(struct loop **loop)
{
    if (!*loop)
        return;
    bury(*loop);
    fd_close(&(*loop)->epoll_fd);
    fd_close(&(*loop)->wake_fd);
    free(*loop);
    *loop = NULL;
}

struct loop_source *loop_add(struct loop *loop, int fd, uint32_t events, loop_fn *fn, void *arg)
{
    struct loop_source *source = calloc(1, sizeof *source);
    if (!source)
        return NULL;
    *source = (struct loop_source){.fn = fn, .arg = arg, .fd = fd};
    struct epoll_event ev = {.events = events, .data.ptr = source};
    if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &ev) != 0) {
        free(source);
        return NULL;
    }
    return source;
}

void loop_mod(struct loop *loop, struct loop_source *source, uint32_t events)
{
    struct epoll_event ev = {.events = events, .data.ptr = source};
    (void)epoll_ctl(loop->epoll_fd, EPOLL_CTL_MOD, source->fd, &ev);
}

void loop_del(struct loop *loop, struct loop_source **source)
{
    struct loop_source *s = *source;
    if (!s)
        return;
    (void)epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, s->fd, NULL);
    s->fn = NULL;
    s->next_dead = loop->dead;
    loop->dead = s;
    *source = NULL;
}

int loop_once(struct loop *loop, int timeout_ms, struct reeve_error *err)
{
    struct epoll_event events[64];
    int n = epoll_wait(loop->epoll_fd, events, (int)BASE_COUNT(events), timeout_ms);
    if (n < 0 && errno != EINTR)
        return base_fail_errno(err, REEVE_EIO, errno, "waiting for events failed");
    for (int i = 0; i < n; i++) {
        struct loop_source *source = events[i].data.ptr;
        if (!source)
            drain_wake(loop);
        else if (source->fn)
            source->fn(source->arg, events[i].events);
    }
    bury(loop);
    return 0;
}

void loop_wake(struct loop *loop)
{
    uint64_t one = 1;
    (void)!write(loop->wake_fd, &one, sizeof one);
}
