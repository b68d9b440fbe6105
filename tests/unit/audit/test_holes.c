/* Ranges of rows without records, against a plain list of them. */
#include "support.h"

#include "audit/holes.h"

enum { ROWS = 200 };

static uint32_t draw(uint32_t *state, uint32_t below)
{
    *state = *state * 1664525u + 1013904223u;
    return (*state >> 8) % below;
}

static void assert_same(const struct holes *h, const bool is[ROWS])
{
    uint64_t seq = 0;
    for (size_t i = 0; i < h->n; i++) {
        assert_true(h->v[i].first <= h->v[i].last);
        assert_true(i == 0 || h->v[i].first > h->v[i - 1].last);
        for (; seq < h->v[i].first; seq++)
            assert_false(is[seq]);
        for (; seq <= h->v[i].last; seq++)
            assert_true(is[seq]);
    }
    for (; seq < ROWS; seq++)
        assert_false(is[seq]);
}

/* Rows in order, some of them holes, and in between stories of any rows so far. */
static void run(uint32_t seed)
{
    struct holes h = {0};
    bool is[ROWS] = {false};
    for (uint32_t seq = 0; seq < ROWS; seq++) {
        uint64_t told;
        is[seq] = draw(&seed, 3) > 0;
        if (is[seq])
            assert_int_equal(holes_add(&h, seq, NULL), 0);
        if (draw(&seed, 4) == 0) {
            uint32_t a = draw(&seed, seq + 2), b = draw(&seed, seq + 2), n = 0;
            for (uint32_t i = a; i <= b && i < ROWS; i++) {
                n += is[i];
                is[i] = false;
            }
            assert_int_equal(holes_tell(&h, a, b, &told, NULL), 0);
            assert_int_equal(told, n);
        }
        assert_same(&h, is);
    }
    holes_fini(&h);
}

static void test_ranges(void **state)
{
    (void)state;
    for (uint32_t seed = 0; seed < 500; seed++)
        run(seed);
}

static void test_the_whole_of_it(void **state)
{
    (void)state;
    struct holes h = {0};
    uint64_t told;
    for (uint64_t seq = 5; seq < 8; seq++)
        assert_int_equal(holes_add(&h, seq, NULL), 0);
    assert_int_equal(holes_tell(&h, 0, UINT64_MAX, &told, NULL), 0);
    assert_int_equal(told, 3);
    assert_int_equal(h.n, 0);
    holes_fini(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_the_whole_of_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
