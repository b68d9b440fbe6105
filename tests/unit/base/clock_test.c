/* How long there is to wait for a time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <limits.h>

#include "base/base.h"

static void what_is_left(void **state)
{
    (void)state;
    int64_t now = base_boottime_ns();
    assert_int_equal(base_ms_until(INT64_MIN / 2), 0);
    assert_int_equal(base_ms_until(0), 0);
    assert_int_equal(base_ms_until(now), 0);
    assert_in_range(base_ms_until(now + 3600 * BASE_NS_PER_S), 3500000, 3600000);
    assert_int_equal(base_ms_until(INT64_MAX), INT_MAX);
}

/* Who waits that long finds the time come: less than a millisecond is one. */
static void rounded_up(void **state)
{
    (void)state;
    for (int64_t ahead_ns = 1; ahead_ns < 3000000; ahead_ns += 99991) {
        int64_t then = base_boottime_ns() + ahead_ns;
        base_pause_ms(base_ms_until(then));
        assert_true(base_boottime_ns() >= then);
        assert_int_equal(base_ms_until(then), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_is_left),
                                       cmocka_unit_test(rounded_up)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
