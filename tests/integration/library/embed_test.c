/*
 * A program that does everything wrong embeds the library as owner: it ignores SIGCHLD, loops on
 * waitpid(-1), leaks descriptors and ends the threads that called. Nothing may go wrong on either
 * side.
 */
#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static atomic_int stop;
static atomic_int children_seen;

static void *reap_everything(void *arg)
{
    (void)arg;
    while (!stop) {
        if (waitpid(-1, NULL, WNOHANG) > 0)
            children_seen++;
        (void)usleep(200);
    }
    return NULL;
}

struct opened {
    const char *dir;
    struct reeve *r;
};

static void *open_and_end(void *arg)
{
    struct opened *o = arg;
    o->r = support_open(o->dir, REEVE_OPEN_OWNER);
    return NULL;
}

static void *run_and_end(void *arg)
{
    struct opened *o = arg;
    struct reeve_error err = {0};
    struct reeve_result *result = NULL;
    char out[256];
    const char *const argv[] = {"/usr/bin/sha256sum", "/usr/share/common-licenses/GPL-3", NULL};
    for (int i = 0; i < 5; i++) {
        if (support_run(o->r, argv, &result, out, sizeof out, &err) != 0)
            fail_msg("run: %s", err.message);
        if (reeve_result_exit(result) != 0)
            fail_msg("run: %s", reeve_result_json(result));
        assert_non_null(strstr(out, "  /usr/share/common-licenses/GPL-3\n"));
        reeve_result_free(&result);
    }
    return NULL;
}

static void in_thread(void *(*fn)(void *), void *arg)
{
    pthread_t t;
    assert_int_equal(pthread_create(&t, NULL, fn, arg), 0);
    assert_int_equal(pthread_join(t, NULL), 0);
}

static unsigned descriptors_of(pid_t pid)
{
    unsigned n = 0;
    for (int fd = 0; fd < 4096; fd++) {
        char path[64];
        (void)snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)pid, fd);
        n += faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
    }
    return n;
}

static bool helpers_gone(void *arg)
{
    return !support_process(arg, "reeve-keeper") && !support_process(arg, "reeve-launcher");
}

static void hostile_host(void **state)
{
    (void)state;
    char *dir = support_state();
    struct opened o = {.dir = dir};
    pthread_t reaper, a, b;
    (void)signal(SIGCHLD, SIG_IGN);
    for (int i = 0; i < 500; i++)
        assert_true(open("/dev/null", O_RDONLY) >=
                    0); /* on purpose without O_CLOEXEC, never closed */
    assert_int_equal(pthread_create(&reaper, NULL, reap_everything, NULL), 0);
    in_thread(open_and_end, &o);
    assert_int_equal(pthread_create(&a, NULL, run_and_end, &o), 0);
    assert_int_equal(pthread_create(&b, NULL, run_and_end, &o), 0);
    assert_int_equal(pthread_join(a, NULL), 0);
    assert_int_equal(pthread_join(b, NULL), 0);

    /* A leaked descriptor in a helper would be one of 500. */
    assert_in_range(descriptors_of(support_process(dir, "reeve-keeper")), 3, 32);
    assert_in_range(descriptors_of(support_process(dir, "reeve-launcher")), 3, 32);
    support_assert_verifies(o.r);
    reeve_close(&o.r);
    stop = 1;
    assert_int_equal(pthread_join(reaper, NULL), 0);
    assert_int_equal(children_seen, 0);
    assert_true(support_wait(helpers_gone, dir));
    (void)signal(SIGCHLD, SIG_DFL);
    support_remove(dir);
}

/* An embedding owner that lost its helpers refuses what was in flight and goes on with new ones. */
static void lost_helpers(void **state)
{
    (void)state;
    static const char *const victims[] = {"reeve-keeper", "reeve-launcher"};
    for (size_t i = 0; i < 2; i++) {
        char *dir = support_state();
        struct opened o = {.dir = dir, .r = support_open(dir, REEVE_OPEN_OWNER)};
        in_thread(run_and_end, &o);
        pid_t before = support_process(dir, victims[i]);
        assert_true(before > 0);
        assert_int_equal(kill(before, SIGKILL), 0);
        const char *const argv[] = {"/usr/bin/true", NULL};
        int rc = 0, tries = 0;
        do { /* the loss may be noticed by the first request or before it */
            struct reeve_error err = {0};
            struct reeve_result *result = NULL;
            rc = support_run(o.r, argv, &result, NULL, 0, &err);
            assert_true(rc == 0 || rc == REEVE_EHELPERS || rc == REEVE_EIO);
            if (!rc)
                assert_int_equal(reeve_result_exit(result), 0);
            reeve_result_free(&result);
        } while (rc && ++tries < 50);
        assert_int_equal(rc, 0);
        assert_int_not_equal(support_process(dir, victims[i]), before);
        support_assert_verifies(o.r);
        reeve_close(&o.r);
        support_remove(dir);
    }
}

static bool knows_of_loss(void *arg)
{
    struct reeve_error err = {0};
    char *json = NULL;
    assert_int_equal(reeve_status(arg, &json, &err), 0);
    bool known = strstr(json, "\"helpers\":false") != NULL;
    reeve_free(json);
    return known;
}

/* A log that is closed is no damaged one: checking it is an error, not a finding. */
static void verify_without_helpers(void **state)
{
    (void)state;
    char *dir = support_state();
    struct reeve *r = support_open(dir, REEVE_OPEN_OWNER);
    struct reeve_error err = {0};
    struct reeve_verify_report report = {.size = sizeof report};
    assert_int_equal(kill(support_process(dir, "reeve-keeper"), SIGKILL), 0);
    assert_true(support_wait(knows_of_loss, r));
    assert_int_equal(reeve_verify(r, NULL, &report, &err), REEVE_EHELPERS);
    reeve_close(&r);
    support_remove(dir);
}

/* One owner: a second one is told who it is; a client of the same folder is served beside it. */
static void one_owner(void **state)
{
    (void)state;
    char *dir = support_state();
    struct reeve *owner = support_open(dir, REEVE_OPEN_OWNER), *second = NULL;
    struct reeve_error err = {0};
    struct reeve_open_options o = {
        .size = sizeof o, .dir = dir, .flags = REEVE_OPEN_OWNER, .helper_dir = HELPER_DIR};
    char pid[32];
    (void)snprintf(pid, sizeof pid, "%d", (int)getpid());
    assert_int_equal(reeve_open(&o, &second, &err), REEVE_EOWNED);
    assert_non_null(strstr(err.message, pid));
    struct opened client = {.dir = dir, .r = support_open(dir, REEVE_OPEN_NOSTART)};
    in_thread(run_and_end, &client);
    support_assert_verifies(client.r);
    reeve_close(&client.r);
    reeve_close(&owner);
    o.flags = REEVE_OPEN_NOSTART;
    assert_int_equal(reeve_open(&o, &second, &err), REEVE_ENOENT);
    support_remove(dir);
}

/* An idle lingering reeved gives way to a program that wants to be the owner. */
static void lingering_gives_way(void **state)
{
    (void)state;
    char *dir = support_state();
    struct reeve *client = support_open(dir, 0);
    assert_true(support_process(dir, "reeved") > 0);
    reeve_close(&client);
    struct opened o = {.dir = dir, .r = support_open(dir, REEVE_OPEN_OWNER)};
    in_thread(run_and_end, &o);
    assert_int_equal(support_process(dir, "reeved"), 0);
    reeve_close(&o.r);
    support_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hostile_host),           cmocka_unit_test(lost_helpers),
        cmocka_unit_test(verify_without_helpers), cmocka_unit_test(one_owner),
        cmocka_unit_test(lingering_gives_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
