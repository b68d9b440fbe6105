/*
 * A client that floods the owner with requests while runs end: a batch that is full to the last
 * record may not disturb a run that is about to be recorded. And one that asks and never reads
 * costs the owner no more than a bounded buffer.
 */
#include "frames.h"
#include "support.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BURST = 256, BURSTS = 12, RUNNERS = 4, RUNS = 4 };

struct flood {
    const char *dir;
    struct reeve *r;
};

static const char denied[] = "{\"subject\": \"a:b\", \"capability\": \"x.y\"}";

/* Refusals, exactly a batch of them at once, again and again; every one is answered. */
static void *deny_in_bursts(void *arg)
{
    static char burst[BURST * 128];
    struct flood *f = arg;
    int fd = frames_client(f->dir);
    for (int b = 0; b < BURSTS; b++) {
        size_t n = 0;
        for (int i = 0; i < BURST; i++)
            n += frames_put(burst + n, FRAME_REQUEST, denied, sizeof denied - 1);
        assert_int_equal(send(fd, burst, n, MSG_NOSIGNAL), (ssize_t)n);
        for (int answers = 0; answers < BURST; answers++)
            assert_int_equal(frames_skip(fd), FRAME_RESULT);
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
    int fd = frames_client(dir), sent = 0;
    size_t n = frames_put(frame, FRAME_ASK, "status", 6);
    while (sent < 400000 && send(fd, frame, n, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)n)
        sent++;
    assert_true(sent < 400000 && (errno == EAGAIN || errno == EWOULDBLOCK));
    /* Held up, not cut off; others are served, and so is it when it reads. */
    support_assert_verifies(r);
    for (int answers = 0; answers < sent; answers++)
        (void)frames_skip(fd);
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

/* Policies that nobody asks by fill no disk. */
static void policies_without_requests(void **state)
{
    (void)state;
    char *dir = support_state(), text[256];
    struct reeve *r = support_open(dir, REEVE_OPEN_OWNER);
    int fd = frames_client(dir);
    assert_int_equal(blobs_of(dir), 1); /* the folder's own */
    for (int i = 0; i < 20; i++) {
        (void)snprintf(text, sizeof text, "....p%dreeve: policy/v1\nname: p%d\nrules: []\n", i % 10,
                       i);
        size_t n = strlen(text);
        memcpy(text, (unsigned char[]){2, 0, 0, 0}, 4);
        frames_send(fd, FRAME_POLICY, text, n);
        assert_int_equal(frames_skip(fd), FRAME_ANSWER);
    }
    assert_int_equal(blobs_of(dir), 1);
    frames_send(fd, FRAME_REQUEST, denied, sizeof denied - 1);
    assert_int_equal(frames_skip(fd), FRAME_RESULT);
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
