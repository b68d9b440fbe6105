/*
 * The owner's event loop: one thread, epoll, sources that may remove themselves or each other while
 * events are handed out. Knows nothing of requests. Everything but loop_wake belongs to the loop's
 * thread.
 */
#ifndef BROKER_LOOP_H
#define BROKER_LOOP_H

#include "base/base.h"

struct loop;
struct loop_source;
/** `events` are EPOLL* bits. */
typedef void loop_fn(void *arg, uint32_t events);

int loop_new(struct loop **out, struct reeve_error *err);
void loop_free(struct loop **loop);
/** Watch `fd` (borrowed) for `events`. NULL when the kernel or memory refuses. */
struct loop_source *loop_add(struct loop *loop, int fd, uint32_t events, loop_fn *fn, void *arg);
void loop_mod(struct loop *loop, struct loop_source *source, uint32_t events);
/** Stop watching and set NULL; its function is not called again, even when an event of it is
 * already at hand. */
void loop_del(struct loop *loop, struct loop_source **source);
/** Wait at most `timeout_ms` (-1: for ever) and hand out what came. 0, or REEVE_EIO. */
int loop_once(struct loop *loop, int timeout_ms, struct reeve_error *err);
/** Make a waiting loop_once return. From any thread or signal handler. */
void loop_wake(struct loop *loop);

#endif
