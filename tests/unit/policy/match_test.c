/*
 * What is expected of an answer against what it is: numbers exactly, maps as subsets, lists each
 * element with one of its own.
 */
#include "policy/match.h"
#include "support.h"

static const struct {
    const char *expected, *got;
    bool fits;
} rows[] = {
    {"1", "1", true},
    {"1", "1.0", true},
    {"1.0", "1", true},
    {"1", "2", false},
    {"1.5", "1", false},
    {"0", "-0.0", true},
    /* beyond 2^53 a double is not every integer */
    {"9007199254740992", "9007199254740992.0", true},
    {"9007199254740993", "9007199254740992.0", false},
    {"9007199254740992.0", "9007199254740993", false},
    {"9223372036854775807", "9223372036854775807", true},
    {"9223372036854775807", "9223372036854775808.0", false},
    {"9.223372036854775808e18", "9223372036854775807", false},
    {"-9223372036854775808", "-9.223372036854775808e18", true},
    {"1", "1e300", false},
    /* maps */
    {"{}", "{\"a\":1}", true},
    {"{\"a\":1}", "{}", false},
    /* lists: a subset may fit several, and must not take what another one needs */
    {"[{},{\"a\":1}]", "[{\"a\":1},{}]", true},
    {"[{},{\"a\":1},{\"b\":1}]", "[{\"a\":1},{\"b\":1,\"a\":1},{\"b\":1}]", true},
    {"[{\"a\":1},{\"a\":1},{}]", "[{\"a\":1},{},{}]", false},
    {"[{\"b\":1},{\"a\":1},{\"a\":1}]", "[{\"a\":1,\"b\":1},{\"a\":1},{\"b\":1}]", true},
    {"[[1,2],[2,1]]", "[[2,1],[1,2]]", true},
    {"[[1,2],[2,2]]", "[[2,1],[1,2]]", false},
    {"[]", "[]", true},
    {"[1]", "[1,1]", false},
};

static bool fits(struct str expected, struct str got)
{
    auto_json struct json_text e = {0}, g = {0};
    assert_int_equal(json_text_parse(expected, &e, NULL), 0);
    assert_int_equal(json_text_parse(got, &g, NULL), 0);
    return policy_json_fits(&e.doc, json_root(&e.doc), &g.doc, json_root(&g.doc));
}

static void what_fits(void **state)
{
    (void)state;
    for (size_t i = 0; i < BASE_COUNT(rows); i++)
        if (fits(str_of(rows[i].expected), str_of(rows[i].got)) != rows[i].fits)
            fail_msg("%s, and got %s", rows[i].expected, rows[i].got);
}

/* Each expectation fits what all before it fit and one more, so that each moves all before it; and
 * each takes long to be compared. */
static void put_element(unsigned i, unsigned n, bool expected, struct buf *out)
{
    enum { NUMBERS = 200 };
    buf_z(out, "{\"a\":[");
    for (unsigned k = 0; k < NUMBERS; k++)
        buf_printf(out, "%s%u", k ? "," : "", expected ? k : NUMBERS - 1 - k);
    buf_z(out, "]");
    for (unsigned k = i; k < (expected ? i + 1 : n); k++)
        buf_printf(out, ",\"k%u\":1", k);
    buf_z(out, "}");
}

static void pairs_are_looked_at_once(void **state)
{
    (void)state;
    enum { ELEMENTS = 48 };
    auto_buf struct buf expected = {0}, got = {0};
    for (unsigned i = 0; i < ELEMENTS; i++) {
        buf_z(&expected, i ? "," : "[");
        buf_z(&got, i ? "," : "[");
        put_element(i, ELEMENTS, true, &expected);
        put_element(i, ELEMENTS, false, &got);
    }
    buf_z(&expected, "]");
    buf_z(&got, "]");
    assert_true(fits(buf_view(&expected), buf_view(&got)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_fits),
                                       cmocka_unit_test(pairs_are_looked_at_once)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
