/* A clock that is put back, under an owner and between two: told once, and the order of records is
 * that of their sequences. */
#include "support.h"

#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static long long back_s; /* how far the clock is behind */

/* In libc's place, for the library as well. */
__attribute__((visibility("default"))) int clock_gettime(clockid_t id, struct timespec *ts)
{
    int rc = (int)syscall(SYS_clock_gettime, id, ts);
    if (id == CLOCK_REALTIME)
        ts->tv_sec -= back_s;
    return rc;
}

struct seen {
    unsigned clocks, records;
    char last[64];
    bool in_order;
};

static int look(void *arg, const struct reeve_record *record)
{
    struct seen *s = arg;
    const char *time = strstr(record->json, "\"time\":\"");
    if (!time)
        return 0;
    bool clock = strstr(record->json, "\"type\":\"clock\"") != NULL;
    s->in_order = s->in_order && (clock || strncmp(time, s->last, 38) >= 0);
    strncpy(s->last, time, sizeof s->last - 1);
    s->clocks += clock;
    s->records++;
    return 0;
}

static void add(struct reeve *r)
{
    struct reeve_error err = {0};
    struct reeve_result *result = NULL;
    struct reeve_request q = {.size = sizeof q,
                              .subject = "agent:test",
                              .capability = "ccos.math.add",
                              .args = "[2, 40]"};
    if (reeve_execute(r, &q, NULL, &result, &err) != 0)
        fail_msg("%s", err.message);
    reeve_result_free(&result);
}

static unsigned clocks(struct reeve *r)
{
    struct seen s = {.in_order = true};
    struct reeve_error err = {0};
    if (reeve_records(r, 0, UINT64_MAX, look, &s, &err) != 0)
        fail_msg("%s", err.message);
    assert_true(s.in_order); /* but for where a clock record stands between */
    support_assert_verifies(r);
    return s.clocks;
}

static void put_back(void **state)
{
    (void)state;
    char *dir = support_state();
    struct reeve *r = support_open(dir, REEVE_OPEN_OWNER);
    add(r);
    assert_int_equal(clocks(r), 0);
    back_s = 3600;
    add(r);
    add(r);
    assert_int_equal(clocks(r), 1);
    back_s = 0;
    add(r);
    assert_int_equal(clocks(r), 1); /* forward is nothing to tell */
    reeve_close(&r);
    back_s = 7200;
    r = support_open(dir, REEVE_OPEN_OWNER);
    add(r);
    assert_int_equal(clocks(r), 2);
    reeve_close(&r);
    support_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(put_back)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
