/*
 * Owners that are told to end: what runs is ended, recorded and answered first, and a signal that
 * comes before anything is served ends it all the same.
 */
#include "support.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct work {
    struct reeve *r;
    char mark[48]; /* an argument that only our guest has */
    int rc;
    struct reeve_error err;
    char how[16];
};

static void *run_long(void *arg)
{
    struct work *w = arg;
    struct reeve_result *result = NULL;
    const char *const argv[] = {"/usr/bin/sleep", w->mark, NULL};
    w->rc = support_run(w->r, argv, &result, NULL, 0, &w->err);
    if (!w->rc)
        (void)snprintf(w->how, sizeof w->how, "%s", reeve_result_how(result));
    reeve_result_free(&result);
    return NULL;
}

static bool guest_runs(void *arg)
{
    return support_count(arg) > 0;
}

static bool no_owner(void *arg)
{
    return !support_process(arg, "reeved") && !support_process(arg, "reeve-keeper") &&
           !support_process(arg, "reeve-launcher");
}

static int count_ends(void *arg, const struct reeve_record *record)
{
    unsigned *ends = arg;
    assert_non_null(record->json);
    if (memmem(record->json, record->json_len, "\"type\":\"end\"", 12) != NULL) {
        ends[0]++;
        ends[1] += memmem(record->json, record->json_len, "\"how\":\"killed\"", 14) != NULL;
    }
    return 0;
}

static void begin(struct work *w, pthread_t *t, const char *dir, unsigned flags)
{
    (void)snprintf(w->mark, sizeof w->mark, "%d.%ld", 100000 + (int)getpid(), random());
    w->r = support_open(dir, flags);
    assert_int_equal(pthread_create(t, NULL, run_long, w), 0);
    assert_true(support_wait(guest_runs, w->mark));
}

/* It was told how its run ended, and the log says the same. */
static void check(struct work *w, pthread_t t, const char *dir)
{
    struct reeve_error err = {0};
    unsigned ends[2] = {0};
    assert_int_equal(pthread_join(t, NULL), 0);
    if (w->rc)
        fail_msg("%s", w->err.message);
    assert_string_equal(w->how, "killed");
    assert_int_equal(support_count(w->mark), 0);
    reeve_close(&w->r);
    struct reeve *r = support_open(dir, 0);
    assert_int_equal(reeve_records(r, 0, UINT64_MAX, count_ends, ends, &err), 0);
    assert_int_equal(ends[0], 1);
    assert_int_equal(ends[1], 1);
    support_assert_verifies(r);
    reeve_close(&r);
}

static void end_reeved(char *dir)
{
    pid_t pid = support_process(dir, "reeved");
    if (pid > 0)
        (void)kill(pid, SIGTERM);
    assert_true(support_wait(no_owner, dir));
}

static void told_by_a_signal(void **state)
{
    (void)state;
    static const int signals[] = {SIGTERM, SIGINT};
    for (size_t i = 0; i < 2; i++) {
        char *dir = support_state();
        struct work w = {0};
        pthread_t t;
        begin(&w, &t, dir, 0);
        assert_int_equal(kill(support_process(dir, "reeved"), signals[i]), 0);
        check(&w, t, dir);
        end_reeved(dir);
        support_remove(dir);
    }
}

static void closed_by_its_program(void **state)
{
    (void)state;
    char *dir = support_state();
    struct reeve *owner = support_open(dir, REEVE_OPEN_OWNER);
    struct work w = {0};
    pthread_t t;
    begin(&w, &t, dir, REEVE_OPEN_NOSTART);
    reeve_close(&owner);
    check(&w, t, dir);
    end_reeved(dir);
    support_remove(dir);
}

static void link_helper(const char *dir, const char *name, const char *target)
{
    char path[128];
    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    assert_int_equal(symlink(target, path), 0);
}

/* Helpers whose launcher never says a word: the start waits for it. */
static char *helpers_that_wait(void)
{
    static const char *const real[] = {"reeve-start", "reeve-keeper", "reeve-init"};
    char path[] = "/tmp/reeve-test-XXXXXX", target[512];
    assert_non_null(mkdtemp(path));
    for (size_t i = 0; i < 3; i++) {
        (void)snprintf(target, sizeof target, "%s/%s", HELPER_DIR, real[i]);
        link_helper(path, real[i], target);
    }
    link_helper(path, "reeve-launcher", WAITER);
    return strdup(path);
}

static bool keeper_runs(void *arg)
{
    return support_process(arg, "reeve-keeper") > 0;
}

static void told_while_it_starts(void **state)
{
    (void)state;
    char *dir = support_state(), *helpers = helpers_that_wait();
    int status = 0;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        (void)execl(HELPER_DIR "/reeved", "reeved", "--quiet", "--state", dir, "--helper-dir",
                    helpers, (char *)NULL);
        _exit(127);
    }
    assert_true(support_wait(keeper_runs, dir));
    assert_int_equal(kill(pid, SIGTERM), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0); /* not 3: it did not wait for the launcher in vain */
    assert_true(support_wait(no_owner, dir));
    support_remove(helpers);
    support_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(told_by_a_signal),
        cmocka_unit_test(closed_by_its_program),
        cmocka_unit_test(told_while_it_starts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
