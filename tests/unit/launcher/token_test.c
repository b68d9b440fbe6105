/* The token's check by itself: what fails, in which order, and the window of used sequences at its
 * edges. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "providers/process/launcher/token.h"

static const uint8_t key[TOKEN_KEY_BYTES] = {1, 2, 3};
static const uint8_t plan[BASE_SHA256] = {9};

#define NOW 1000

static struct token make(uint64_t seq)
{
    struct token t = {.seq = seq, .plan = {9}, .expires_ns = NOW + 1};
    token_mac(key, &t, t.mac);
    return t;
}

static uint32_t check(struct token_window *w, const struct token *t)
{
    return token_check(w, key, t, plan, NOW);
}

/* Every bit of what the MAC covers, and of the MAC, matters. */
static void every_bit(void **state)
{
    struct token_window *w = *state;
    for (size_t bit = 0; bit < sizeof(struct token) * 8; bit++) {
        struct token t = make(5);
        ((uint8_t *)&t)[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        assert_int_equal(check(w, &t), LAUNCHER_WHY_TOKEN_MAC);
    }
    const struct token good = make(5);
    assert_int_equal(check(w, &good), LAUNCHER_WHY_NONE);
}

static void other_key(void **state)
{
    struct token t = make(5);
    uint8_t other[TOKEN_KEY_BYTES] = {1, 2, 4};
    assert_int_equal(token_check(*state, other, &t, plan, NOW), LAUNCHER_WHY_TOKEN_MAC);
}

static void other_plan(void **state)
{
    struct token t = make(5);
    uint8_t other[BASE_SHA256] = {9, [31] = 1};
    assert_int_equal(token_check(*state, key, &t, other, NOW), LAUNCHER_WHY_TOKEN_PLAN);
    assert_int_equal(check(*state, &t), LAUNCHER_WHY_NONE);
}

static void expiry(void **state)
{
    struct token t = make(5);
    assert_int_equal(token_check(*state, key, &t, plan, NOW + 1), LAUNCHER_WHY_TOKEN_EXPIRED);
    assert_int_equal(token_check(*state, key, &t, plan, INT64_MAX), LAUNCHER_WHY_TOKEN_EXPIRED);
    assert_int_equal(token_check(*state, key, &t, plan, NOW), LAUNCHER_WHY_NONE);
}

/* Sequences in the order in which they come, and which of them are taken. */
static void window(void **state)
{
    static const struct {
        uint64_t seq;
        bool fresh;
    } rows[] = {
        {0, true},
        {0, false},
        {10, true},
        {3, true},
        {3, false},
        {10, false},
        {63, true},
        {64, true},
        {64, false},
        {TOKEN_WINDOW - 1, true},
        {1, true},
        {TOKEN_WINDOW, true}, /* 0 falls out of the window, 1 is its oldest */
        {0, false},
        {1, false},
        {2, true},
        {TOKEN_WINDOW + 2, true},
        {2, false},
        {4, true},
        {10 * TOKEN_WINDOW, true}, /* a jump over more than the window */
        {TOKEN_WINDOW + 2, false},
        {9 * TOKEN_WINDOW, false},
        {9 * TOKEN_WINDOW + 1, true},
        {9 * TOKEN_WINDOW + 1, false},
        {UINT64_MAX, true},
        {UINT64_MAX, false},
        {UINT64_MAX - 1, true},
        {10 * TOKEN_WINDOW, false},
    };
    for (size_t i = 0; i < BASE_COUNT(rows); i++) {
        struct token t = make(rows[i].seq);
        uint32_t want = rows[i].fresh ? LAUNCHER_WHY_NONE : LAUNCHER_WHY_TOKEN_USED;
        if (check(*state, &t) != want)
            fail_msg("row %zu, sequence %llu", i, (unsigned long long)rows[i].seq);
    }
}

/* The window against a plain list, over sequences that wander. */
static void window_against_list(void **state)
{
    static bool used[4 * TOKEN_WINDOW];
    uint64_t highest = 0, x = 88172645463325252u;
    for (int i = 0; i < 60000; i++) {
        x ^= x << 13, x ^= x >> 7, x ^= x << 17;
        uint64_t seq = ((uint64_t)i + x % 100000) % BASE_COUNT(used);
        struct token t = make(seq);
        bool fresh = !used[seq] && (seq > highest || highest - seq < TOKEN_WINDOW);
        assert_int_equal(check(*state, &t), fresh ? LAUNCHER_WHY_NONE : LAUNCHER_WHY_TOKEN_USED);
        used[seq] = true;
        highest = seq > highest ? seq : highest;
    }
}

static int new_window(void **state)
{
    *state = calloc(1, sizeof(struct token_window));
    return *state ? 0 : -1;
}

static int free_window(void **state)
{
    free(*state);
    return 0;
}

#define ROW(f) cmocka_unit_test_setup_teardown(f, new_window, free_window)
int main(void)
{
    const struct CMUnitTest tests[] = {ROW(every_bit), ROW(other_key), ROW(other_plan),
                                       ROW(expiry),    ROW(window),    ROW(window_against_list)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
