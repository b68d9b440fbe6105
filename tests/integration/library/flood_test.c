/*
 * A client that floods the owner with requests while runs end: a batch that is full to the last
 * record may not disturb a run that is about to be recorded. And one that asks and never reads
 * costs the owner no more than a bounded buffer.
 */
#include "support.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { BURST = 256, BURSTS = 12, RUNNERS = 4, RUNS = 4 };

struct flood {
    const char *dir;
    struct reeve *r;
};

static size_t put_frame(char *at, unsigned char type, const char *text)
{
    size_t n = strlen(text) + 1;
    for (int i = 0; i < 4; i++)
        at[i] = (char)(n >> (8 * i));
    at[4] = (char)type;
    memcpy(at + 5, text, n - 1);
    return n + 4;
}

static int raw_client(const char *dir)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    (void)snprintf(a.sun_path, sizeof a.sun_path, "%s/reeve.sock", dir);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    char frame[256], answer[1024];
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
    size_t n = put_frame(frame, 1, "{\"protocol\": \"reeve-wire/1\", \"version\": \"0\"}");
    assert_int_equal(send(fd, frame, n, MSG_NOSIGNAL), (ssize_t)n);
    assert_true(recv(fd, answer, sizeof answer, 0) > 0);
    return fd;
}

/* Refusals, exactly a batch of them at once, again and again; every one is answered. */
static void *deny_in_bursts(void *arg)
{
    static char burst[BURST * 128];
    struct flood *f = arg;
    int fd = raw_client(f->dir);
    for (int b = 0; b < BURSTS; b++) {
        size_t n = 0, answers = 0;
        for (int i = 0; i < BURST; i++)
            n += put_frame(burst + n, 3, "{\"subject\": \"a:b\", \"capability\": \"x.y\"}");
        assert_int_equal(send(fd, burst, n, MSG_NOSIGNAL), (ssize_t)n);
        unsigned char head[5];
        while (answers < BURST) {
            static char away[65536];
            assert_int_equal(recv(fd, head, sizeof head, MSG_WAITALL), sizeof head);
            size_t left = (head[0] | (size_t)head[1] << 8 | (size_t)head[2] << 16) - 1;
            assert_int_equal(head[4], 66);
            assert_true(left < sizeof away);
            assert_int_equal(recv(fd, away, left, MSG_WAITALL), (ssize_t)left);
            answers++;
        }
    }
    (void)close(fd);
    return NULL;
}

static void *run_some(void *arg)
{
    struct flood *f = arg;
    const char *const argv[] = {"/usr/bin/true", NULL};
    for (int i = 0; i < RUNS; i++) {
        struct reeve_error err = {0};
        struct reeve_result *result = NULL;
        if (support_run(f->r, argv, &result, NULL, 0, &err) != 0)
            fail_msg("%s", err.message);
        assert_int_equal(reeve_result_exit(result), 0);
        assert_true(reeve_result_seq(result) > 0);
        reeve_result_free(&result);
    }
    return NULL;
}

static void full_batches(void **state)
{
    (void)state;
    char *dir = support_state();
    struct flood f = {.dir = dir, .r = support_open(dir, REEVE_OPEN_OWNER)};
    pthread_t denier, runner[RUNNERS];
    assert_int_equal(pthread_create(&denier, NULL, deny_in_bursts, &f), 0);
    for (int i = 0; i < RUNNERS; i++)
        assert_int_equal(pthread_create(&runner[i], NULL, run_some, &f), 0);
    for (int i = 0; i < RUNNERS; i++)
        assert_int_equal(pthread_join(runner[i], NULL), 0);
    assert_int_equal(pthread_join(denier, NULL), 0);
    support_assert_verifies(f.r);
    reeve_close(&f.r);
    support_remove(dir);
}

static void client_that_does_not_read(void **state)
{
    (void)state;
    char *dir = support_state(), frame[32];
    struct reeve *r = support_open(dir, REEVE_OPEN_OWNER);
    int fd = raw_client(dir), sent = 0;
    size_t n = put_frame(frame, 6, "status");
    while (sent < 400000 && send(fd, frame, n, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)n)
        sent++;
    assert_true(sent < 400000 && (errno == EAGAIN || errno == EWOULDBLOCK));
    /* Held up, not cut off; others are served, and so is it when it reads. */
    support_assert_verifies(r);
    for (int answers = 0; answers < sent; answers++) {
        unsigned char head[5];
        char away[65536];
        assert_int_equal(recv(fd, head, sizeof head, MSG_WAITALL), sizeof head);
        size_t left = (head[0] | (size_t)head[1] << 8 | (size_t)head[2] << 16) - 1;
        assert_int_equal(recv(fd, away, left, MSG_WAITALL), (ssize_t)left);
    }
    (void)close(fd);
    reeve_close(&r);
    support_remove(dir);
}

static unsigned blobs_of(const char *dir)
{
    char path[4096];
    unsigned n = 0;
    (void)snprintf(path, sizeof path, "%s/blobs", dir);
    DIR *d = opendir(path);
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d)) != NULL;)
        n += e->d_name[0] != '.';
    (void)closedir(d);
    return n;
}

static unsigned char next_frame(int fd)
{
    static char away[65536];
    unsigned char head[5];
    assert_int_equal(recv(fd, head, sizeof head, MSG_WAITALL), sizeof head);
    size_t left = (head[0] | (size_t)head[1] << 8 | (size_t)head[2] << 16) - 1;
    assert_true(left < sizeof away);
    if (left)
        assert_int_equal(recv(fd, away, left, MSG_WAITALL), (ssize_t)left);
    return head[4];
}

/* Policies that nobody asks by fill no disk. */
static void policies_without_requests(void **state)
{
    (void)state;
    char *dir = support_state(), text[256], frame[512];
    struct reeve *r = support_open(dir, REEVE_OPEN_OWNER);
    int fd = raw_client(dir);
    size_t n;
    assert_int_equal(blobs_of(dir), 1); /* the folder's own */
    for (int i = 0; i < 20; i++) {
        (void)snprintf(text, sizeof text, "....p%dreeve: policy/v1\nname: p%d\nrules: []\n", i % 10,
                       i);
        n = put_frame(frame, 2, text);
        memcpy(frame + 5, (unsigned char[]){2, 0, 0, 0}, 4);
        assert_int_equal(send(fd, frame, n, MSG_NOSIGNAL), (ssize_t)n);
        assert_int_equal(next_frame(fd), 70);
    }
    assert_int_equal(blobs_of(dir), 1);
    n = put_frame(frame, 3, "{\"subject\": \"a:b\", \"capability\": \"x.y\"}");
    assert_int_equal(send(fd, frame, n, MSG_NOSIGNAL), (ssize_t)n);
    assert_int_equal(next_frame(fd), 66);
    assert_int_equal(blobs_of(dir), 2);
    (void)close(fd);
    reeve_close(&r);
    support_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(full_batches),
        cmocka_unit_test(client_that_does_not_read),
        cmocka_unit_test(policies_without_requests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
