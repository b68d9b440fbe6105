/*
 * The wire by hand (docs/wire.md), for tests of what no client of the library's would send. A
 * failure ends the test.
 */
#ifndef TESTS_FRAMES_H
#define TESTS_FRAMES_H

#include <stdbool.h>
#include <stddef.h>

enum {
    FRAME_HEAD_BYTES = 5,
    FRAME_HELLO = 1,
    FRAME_POLICY = 2,
    FRAME_REQUEST = 3,
    FRAME_ASK = 6,
    FRAME_PLAN = 11,
    FRAME_WELCOME = 64,
    FRAME_RESULT = 66,
    FRAME_ERROR = 67,
    FRAME_ANSWER = 70,
};

/** Connect `fd` to the socket of the folder; whether it could be. */
bool frames_connect_by(int fd, const char *dir);
/** A new socket, connected, or -1. */
int frames_connect(const char *dir);
void frames_hello(int fd);
/** A new socket, connected, the hello said and answered. */
int frames_client(const char *dir);

/** Write a frame to `at`; its bytes. */
size_t frames_put(char *at, unsigned char type, const void *payload, size_t n);
/** Send a frame of at most 64 KiB. */
void frames_send(int fd, unsigned char type, const void *payload, size_t n);
/** The next frame's type; its payload and a NUL go to `out`. */
unsigned char frames_take(int fd, char *out, size_t room);
/** The same where the payload does not matter. */
unsigned char frames_skip(int fd);

#endif
