/*
 * A program whose own signals arrive all the time: no call of the library may take one for the end
 * of its patience.
 */
#include "support.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

enum { CALLS = 2000, PERIOD_US = 300 };

static void on_alarm(int number)
{
    (void)number;
}

/* Without SA_RESTART: what waits is interrupted. */
static void alarms(bool on)
{
    struct sigaction action = {.sa_handler = on_alarm};
    struct itimerval every = {{0, on ? PERIOD_US : 0}, {0, on ? PERIOD_US : 0}};
    assert_int_equal(sigaction(SIGALRM, &action, NULL), 0);
    assert_int_equal(setitimer(ITIMER_REAL, &every, NULL), 0);
}

static int never(void *arg)
{
    (void)arg;
    return 0;
}

static void calls_under_alarms(void **state)
{
    (void)state;
    static const unsigned flags[] = {REEVE_OPEN_OWNER, 0}; /* the second starts a reeved */
    for (size_t f = 0; f < 2; f++) {
        char *dir = support_state();
        struct reeve *r = NULL;
        struct reeve_error err = {0};
        unsigned failed = 0;
        struct reeve_open_options o = {
            .size = sizeof o, .dir = dir, .flags = flags[f], .helper_dir = HELPER_DIR};
        alarms(true);
        int rc = reeve_open(&o, &r, &err);
        for (unsigned i = 0; !rc && i < CALLS; i++) {
            char *json = NULL;
            failed += reeve_status(r, &json, &err) != 0;
            reeve_free(json);
        }
        alarms(false);
        if (rc || failed)
            fail_msg("%u of %d calls failed: %s", failed, CALLS, err.message);
        reeve_close(&r);
        support_remove(dir);
    }
}

static void a_run_under_alarms(void **state)
{
    (void)state;
    char *dir = support_state();
    struct reeve *r = support_open(dir, REEVE_OPEN_OWNER);
    struct reeve_events ev = {.size = sizeof ev, .poll_cancel = never};
    struct reeve_request q = {.size = sizeof q,
                              .subject = "agent:test",
                              .capability = "program.external",
                              .args = "{\"path\": \"/usr/bin/sleep\", \"argv\": [\"0.3\"]}"};
    struct reeve_result *result = NULL;
    struct reeve_error err = {0};
    alarms(true);
    int rc = reeve_execute(r, &q, &ev, &result, &err);
    alarms(false);
    if (rc)
        fail_msg("%s", err.message);
    assert_int_equal(reeve_result_exit(result), 0);
    reeve_result_free(&result);
    reeve_close(&r);
    support_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_under_alarms),
        cmocka_unit_test(a_run_under_alarms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
