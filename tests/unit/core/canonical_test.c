/* The canonical form: the vectors of RFC 8785 first, then the builder, and numbers under another
 * locale. */
#include <locale.h>
#include <math.h>

#include "core/json.h"

#include "test_support.h"

/* RFC 8785, appendix B: the bits of a double and its text. */
static const struct {
    uint64_t bits;
    const char *text;
} numbers[] = {
    {UINT64_C(0x0000000000000000), "0"},
    {UINT64_C(0x8000000000000000), "0"},
    {UINT64_C(0x0000000000000001), "5e-324"},
    {UINT64_C(0x8000000000000001), "-5e-324"},
    {UINT64_C(0x7fefffffffffffff), "1.7976931348623157e+308"},
    {UINT64_C(0xffefffffffffffff), "-1.7976931348623157e+308"},
    {UINT64_C(0x4340000000000000), "9007199254740992"},
    {UINT64_C(0xc340000000000000), "-9007199254740992"},
    {UINT64_C(0x4430000000000000), "295147905179352830000"},
    {UINT64_C(0x44b52d02c7e14af5), "9.999999999999997e+22"},
    {UINT64_C(0x44b52d02c7e14af6), "1e+23"},
    {UINT64_C(0x44b52d02c7e14af7), "1.0000000000000001e+23"},
    {UINT64_C(0x444b1ae4d6e2ef4e), "999999999999999700000"},
    {UINT64_C(0x444b1ae4d6e2ef4f), "999999999999999900000"},
    {UINT64_C(0x444b1ae4d6e2ef50), "1e+21"},
    {UINT64_C(0x3eb0c6f7a0b5ed8c), "9.999999999999997e-7"},
    {UINT64_C(0x3eb0c6f7a0b5ed8d), "0.000001"},
    {UINT64_C(0x41b3de4355555553), "333333333.3333332"},
    {UINT64_C(0x41b3de4355555554), "333333333.33333325"},
    {UINT64_C(0x41b3de4355555555), "333333333.3333333"},
    {UINT64_C(0x41b3de4355555556), "333333333.3333334"},
    {UINT64_C(0x41b3de4355555557), "333333333.33333343"},
    {UINT64_C(0xbecbf647612f3696), "-0.0000033333333333333333"},
    {UINT64_C(0x43143ff3c1cb0959), "1424953923781206.2"},
    /* Ours: 2^-44, where the nearest of 16 digits does not read back and its upper neighbour does.
     */
    {UINT64_C(0x3d30000000000000), "5.684341886080802e-14"},
    {UINT64_C(0x3fb999999999999a), "0.1"},
    {UINT64_C(0x4024000000000000), "10"},
};

static double from_bits(uint64_t bits)
{
    double v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

static void writes_numbers_of_the_rfc(void **state)
{
    (void)state;
    for (size_t i = 0; i < BASE_COUNT(numbers); i++) {
        auto_buf struct buf b = {0};
        json_put_double(&b, from_bits(numbers[i].bits));
        expect_text(numbers[i].text, buf_view(&b), numbers[i].text);
    }
}

static uint64_t next_random(uint64_t *x)
{
    *x ^= *x << 13;
    *x ^= *x >> 7;
    *x ^= *x << 17;
    return *x;
}

static void doubles_read_back(void **state)
{
    (void)state;
    uint64_t seed = UINT64_C(0x9e3779b97f4a7c15);
    for (int i = 0; i < 20000; i++) {
        uint64_t bits = next_random(&seed);
        if (i % 4 == 0)
            bits &= UINT64_C(0xfff0000000000000); /* powers of two: the uneven ones */
        double v = from_bits(bits);
        if (!isfinite(v))
            continue;
        auto_buf struct buf b = {0};
        json_put_double(&b, v);
        assert_true(strtod(b.data, NULL) == v);
        assert_true(b.len <= 25);
    }
}

/* RFC 8785, sections 3.2.2 and 3.2.3. */
static const struct {
    const char *name, *text, *canonical;
} samples[] = {
    {"3.2.2",
     "{\n  \"numbers\": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],\n"
     "  \"string\": \"\\u20ac$\\u000F\\u000aA'\\u0042\\u0022\\u005c\\\\\\\"\\/\",\n"
     "  \"literals\": [null, true, false]\n}",
     "{\"literals\":[null,true,false],\"numbers\":[333333333.3333333,1e+30,4.5,0.002,1e-27],"
     "\"string\":\"\xE2\x82\xAC$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}"},
    {"3.2.3",
     "{\"\\u20ac\":\"Euro Sign\",\"\\r\":\"Carriage Return\","
     "\"\\ufb33\":\"Hebrew Letter Dalet With Dagesh\",\"1\":\"One\","
     "\"\\ud83d\\ude00\":\"Emoji: Grinning Face\",\"\\u0080\":\"Control\","
     "\"\\u00f6\":\"Latin Small Letter O With Diaeresis\"}",
     "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\xC2\x80\":\"Control\","
     "\"\xC3\xB6\":\"Latin Small Letter O With Diaeresis\",\"\xE2\x82\xAC\":\"Euro Sign\","
     "\"\xF0\x9F\x98\x80\":\"Emoji: Grinning Face\","
     "\"\xEF\xAC\xB3\":\"Hebrew Letter Dalet With Dagesh\"}"},
    {"prefixes", "{\"aa\":1,\"a\":2,\"\":3,\"ab\":4}", "{\"\":3,\"a\":2,\"aa\":1,\"ab\":4}"},
    {"nested", "{\"b\":{\"z\":[{\"y\":1,\"x\":2}],\"a\":{\"d\":1,\"c\":2}},\"a\":0}",
     "{\"a\":0,\"b\":{\"a\":{\"c\":2,\"d\":1},\"z\":[{\"x\":2,\"y\":1}]}}"},
};

static void writes_samples_of_the_rfc(void **state)
{
    (void)state;
    for (size_t i = 0; i < BASE_COUNT(samples); i++) {
        struct reeve_error err = {0};
        auto_buf struct buf b = {0};
        assert_int_equal(json_canonicalise(str_of(samples[i].text), &b, &err), 0);
        expect_text(samples[i].name, buf_view(&b), samples[i].canonical);
    }
}

static void builder_places_commas(void **state)
{
    (void)state;
    auto_buf struct buf b = {0};
    struct json_out o = {.b = &b};
    json_open_object(&o);
    json_kv_int(&o, "i", -5);
    json_kv_str(&o, "s", STR("a\"b"));
    json_key(&o, "list");
    json_open_array(&o);
    json_open_array(&o);
    json_close_array(&o);
    json_open_object(&o);
    json_close_object(&o);
    json_bool(&o, true);
    json_raw(&o, STR("null"));
    json_raw(&o, STR("[1]"));
    json_close_array(&o);
    json_key(&o, "u");
    json_uint(&o, UINT64_MAX);
    json_close_object(&o);
    expect_text("builder", buf_view(&b),
                "{\"i\":-5,\"s\":\"a\\\"b\",\"list\":[[],{},true,null,[1]],"
                "\"u\":\"18446744073709551615\"}");
}

static void writes_integers(void **state)
{
    (void)state;
    static const struct {
        int64_t v;
        const char *text;
    } rows[] = {{0, "0"},
                {INT64_C(9007199254740992), "9007199254740992"},
                {INT64_C(-9007199254740992), "-9007199254740992"},
                {INT64_C(9007199254740993), "\"9007199254740993\""},
                {INT64_MIN, "\"-9223372036854775808\""}};
    for (size_t i = 0; i < BASE_COUNT(rows); i++) {
        auto_buf struct buf b = {0};
        json_put_int(&b, rows[i].v);
        expect_text(rows[i].text, buf_view(&b), rows[i].text);
    }
}

static void replaces_what_is_no_utf8(void **state)
{
    (void)state;
    auto_buf struct buf b = {0};
    json_put_string(&b, STR("a\xFF\xE2\x82z\x01\x7F"));
    expect_text("replaced", buf_view(&b), "\"a\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBDz\\u0001\x7F\"");
}

static void says_when_there_is_no_room(void **state)
{
    (void)state;
    struct reeve_error err = {0};
    auto_buf struct buf b = {0};
    buf_init(&b, 8);
    assert_int_equal(json_canonicalise(STR("[1,2,3,4,5,6,7]"), &b, &err), REEVE_ENOMEM);
}

/* A locale with a decimal comma, where one is installed, must change nothing. */
static void numbers_ignore_the_locale(void **state)
{
    (void)state;
    static const char *const names[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "de_DE", "fr_FR"};
    const char *set = NULL;
    for (size_t i = 0; !set && i < BASE_COUNT(names); i++)
        set = setlocale(LC_ALL, names[i]);
    if (!set) {
        print_message("no locale with a decimal comma is installed\n");
        skip();
    }
    struct reeve_error err = {0};
    auto_buf struct buf b = {0};
    int rc = json_canonicalise(STR("[0.5,1234.5678,1e-7]"), &b, &err);
    (void)setlocale(LC_ALL, "C");
    assert_int_equal(rc, 0);
    expect_text("comma", buf_view(&b), "[0.5,1234.5678,1e-7]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_numbers_of_the_rfc),
        cmocka_unit_test(doubles_read_back),
        cmocka_unit_test(writes_samples_of_the_rfc),
        cmocka_unit_test(builder_places_commas),
        cmocka_unit_test(writes_integers),
        cmocka_unit_test(replaces_what_is_no_utf8),
        cmocka_unit_test(says_when_there_is_no_room),
        cmocka_unit_test(numbers_ignore_the_locale),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
