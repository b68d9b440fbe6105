/*
 * The client's half of the wire: a connection, a request and its answer, and starting reeved where
 * none runs. Used by api.c alone. One thread at a time on a connection.
 */
#ifndef BROKER_CLIENT_H
#define BROKER_CLIENT_H

#include "broker/wire.h"

struct client {
    int fd;
    struct buf in;
    size_t taken; /* bytes of `in` that the last frame was */
};

/** Take `fd` (given away, also on error) and exchange hellos. REEVE_EIO when the other side ended
 * before its hello. */
int client_hello(struct client *c, int fd, struct reeve_error *err);
void client_close(struct client *c);
/** Whether the other side is still there, as far as can be told without asking. */
bool client_alive(const struct client *c);
int client_send(struct client *c, enum wire_type type, struct str a, struct str b,
                struct reeve_error *err);
/**
 * The next frame; `payload` is good until the next call. Waits at most `timeout_ms` (-1: for ever)
 * and then returns 0 with
 * `*type` 0. A WIRE_ERROR frame becomes the error that it carries. REEVE_EIO when the owner ended.
 */
int client_recv(struct client *c, int timeout_ms, uint8_t *type, struct str *payload,
                struct reeve_error *err);
/** Send and take the one WIRE_ANSWER. The text is good until the next call. */
int client_ask(struct client *c, enum wire_type type, struct str payload, struct str *answer,
               struct reeve_error *err);

/** What `reeved --report` writes while its start takes time; an error or the end follows. */
#define REEVED_ALIVE "."

/**
 * Connect to the folder's owner; start `reeved --linger` there where none runs and `start` allows
 * it. REEVE_ENOENT when none runs and it does not.
 */
int client_connect(const char *dir, const char *helper_dir, bool start, struct client *out,
                   struct reeve_error *err);

#endif
