/* The wire by hand. See frames.h. */
#include "frames.h"

#include "support.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { MAX_BYTES = 65536 };

bool frames_connect_by(int fd, const char *dir)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    (void)snprintf(a.sun_path, sizeof a.sun_path, "%s/reeve.sock", dir);
    return connect(fd, (const struct sockaddr *)&a, sizeof a) == 0;
}

int frames_connect(const char *dir)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    if (frames_connect_by(fd, dir))
        return fd;
    (void)close(fd);
    return -1;
}

void frames_hello(int fd)
{
    static const char hello[] = "{\"protocol\": \"reeve-wire/1\", \"version\": \"0\"}";
    frames_send(fd, FRAME_HELLO, hello, sizeof hello - 1);
}

int frames_client(const char *dir)
{
    int fd = frames_connect(dir);
    assert_true(fd >= 0);
    frames_hello(fd);
    assert_int_equal(frames_skip(fd), FRAME_WELCOME);
    return fd;
}

size_t frames_put(char *at, unsigned char type, const void *payload, size_t n)
{
    for (int i = 0; i < 4; i++)
        at[i] = (char)((n + 1) >> (8 * i));
    at[4] = (char)type;
    memcpy(at + FRAME_HEAD_BYTES, payload, n);
    return n + FRAME_HEAD_BYTES;
}

void frames_send(int fd, unsigned char type, const void *payload, size_t n)
{
    char frame[FRAME_HEAD_BYTES + MAX_BYTES];
    assert_true(n <= MAX_BYTES);
    n = frames_put(frame, type, payload, n);
    assert_int_equal(send(fd, frame, n, MSG_NOSIGNAL), (ssize_t)n);
}

unsigned char frames_take(int fd, char *out, size_t room)
{
    unsigned char head[FRAME_HEAD_BYTES];
    assert_int_equal(recv(fd, head, sizeof head, MSG_WAITALL), sizeof head);
    size_t n = (head[0] | (size_t)head[1] << 8 | (size_t)head[2] << 16) - 1;
    assert_true(n < room);
    if (n)
        assert_int_equal(recv(fd, out, n, MSG_WAITALL), (ssize_t)n);
    out[n] = '\0';
    return head[4];
}

unsigned char frames_skip(int fd)
{
    char away[MAX_BYTES];
    return frames_take(fd, away, sizeof away);
}
