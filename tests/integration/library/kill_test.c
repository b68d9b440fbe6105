/*
 * kill -9 of each of the three processes, at any moment: the log verifies afterwards, nothing of
 * the guest's survives, what was released and did not end is closed as lost, and the next request
 * is served.
 */
#include "support.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS = 6 };

struct work {
    const char *dir;
    struct reeve *longer, *shorter;
    char mark[48]; /* an argument that only our guests have */
    volatile int rc;
    volatile unsigned acknowledged;
    volatile int64_t last_seq;
};

static void *run_long(void *arg)
{
    struct work *w = arg;
    struct reeve_error err = {0};
    struct reeve_result *result = NULL;
    const char *const argv[] = {"/usr/bin/sleep", w->mark, NULL};
    w->rc = support_run(w->longer, argv, &result, NULL, 0, &err);
    reeve_result_free(&result);
    return NULL;
}

/* Short runs and safe calls, one after the other, until the owner is gone. */
static void *run_short(void *arg)
{
    struct work *w = arg;
    const char *const argv[] = {"/usr/bin/true", NULL};
    for (;;) {
        struct reeve_error err = {0};
        struct reeve_result *result = NULL;
        if (support_run(w->shorter, argv, &result, NULL, 0, &err) != 0)
            return NULL;
        w->last_seq = reeve_result_seq(result);
        w->acknowledged++;
        reeve_result_free(&result);
    }
}

static bool no_owner(void *arg)
{
    return !support_process(arg, "reeved") && !support_process(arg, "reeve-keeper") &&
           !support_process(arg, "reeve-launcher");
}

static bool guest_runs(void *arg)
{
    return support_count(arg) > 0;
}

static bool guest_gone(void *arg)
{
    return support_count(arg) == 0;
}

struct seen {
    unsigned releases, ends, lost, named, without_bytes;
    int64_t last;
    bool has_last;
};

/* The bytes of a record have a length and no end mark. */
static bool has(const struct reeve_record *record, const char *text)
{
    return memmem(record->json, record->json_len, text, strlen(text)) != NULL;
}

static int look(void *arg, const struct reeve_record *record)
{
    struct seen *s = arg;
    if (!record->json) { /* a batch that nobody was told of, entered again */
        s->without_bytes++;
        return 0;
    }
    s->releases += has(record, "\"type\":\"release\"");
    s->ends += has(record, "\"type\":\"end\"");
    if (has(record, "\"how\":\"lost\"")) {
        s->lost++;
        s->named += has(record, "\"subject\":\"agent:test\"") &&
                    has(record, "\"capability\":\"program.external\"") &&
                    has(record, "\"program\":{\"digest\":\"sha256:");
    }
    s->has_last |= (int64_t)record->seq == s->last;
    return 0;
}

static int print(void *arg, const struct reeve_record *record)
{
    (void)arg;
    print_message("    %llu %.*s\n", (unsigned long long)record->seq, (int)record->json_len,
                  record->json ? record->json : "");
    return 0;
}

static void check_after(struct work *w)
{
    struct reeve_error err = {0};
    struct reeve_result *result = NULL;
    const char *const argv[] = {"/usr/bin/true", NULL};
    struct reeve *r = support_open(w->dir, 0);
    support_assert_verifies(r);
    struct seen s = {.last = w->last_seq};
    assert_int_equal(reeve_records(r, 0, UINT64_MAX, look, &s, &err), 0);
    if (s.releases != s.ends)
        (void)reeve_records(r, 0, UINT64_MAX, print, NULL, &err);
    assert_int_equal(s.releases, s.ends); /* each is closed, some as lost */
    assert_true(s.lost >= 1);
    assert_true(s.named >= 1); /* by its decision, where that record was not lost with its batch */
    assert_true(w->acknowledged == 0 || s.has_last); /* what was answered is there */
    assert_int_equal(support_run(r, argv, &result, NULL, 0, &err), 0);
    assert_int_equal(reeve_result_exit(result), 0);
    reeve_result_free(&result);
    support_assert_verifies(r);
    reeve_close(&r);
}

static void kill_at_some_moment(const char *victim, unsigned round)
{
    char *dir = support_state();
    struct work w = {.dir = dir, .last_seq = -1};
    (void)snprintf(w.mark, sizeof w.mark, "%d.%s%u", 100000 + (int)getpid(), "00", round + 1);
    pthread_t longer, shorter;
    w.longer = support_open(dir, 0);
    w.shorter = support_open(dir, REEVE_OPEN_NOSTART); /* so that it ends with the owner */
    assert_int_equal(pthread_create(&longer, NULL, run_long, &w), 0);
    assert_true(support_wait(guest_runs, w.mark));
    assert_int_equal(pthread_create(&shorter, NULL, run_short, &w), 0);
    (void)nanosleep(&(struct timespec){.tv_nsec = 1000000L * (long)(rand() % 60)}, NULL);
    pid_t pid = support_process(dir, victim);
    assert_true(pid > 0);
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(pthread_join(longer, NULL), 0);
    assert_int_not_equal(w.rc, 0);
    assert_true(support_wait(guest_gone, w.mark));
    assert_int_equal(pthread_join(shorter, NULL), 0);
    reeve_close(&w.longer);
    reeve_close(&w.shorter);
    check_after(&w);
    print_message("    %s, round %u: %u short runs were acknowledged before\n", victim, round,
                  w.acknowledged);
    pid = support_process(dir, "reeved");
    if (pid > 0)
        (void)kill(pid, SIGTERM);
    assert_true(support_wait(no_owner, dir));
    support_remove(dir);
}

static void kill_owner(void **state)
{
    (void)state;
    for (unsigned i = 0; i < ROUNDS; i++)
        kill_at_some_moment("reeved", i);
}

static void kill_keeper(void **state)
{
    (void)state;
    for (unsigned i = 0; i < ROUNDS; i++)
        kill_at_some_moment("reeve-keeper", i);
}

static void kill_launcher(void **state)
{
    (void)state;
    for (unsigned i = 0; i < ROUNDS; i++)
        kill_at_some_moment("reeve-launcher", i);
}

int main(void)
{
    unsigned seed = (unsigned)time(NULL);
    print_message("seed %u\n", seed);
    srand(seed);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kill_owner),
        cmocka_unit_test(kill_keeper),
        cmocka_unit_test(kill_launcher),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
