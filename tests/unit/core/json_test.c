/* The JSON reader: what it takes, what it refuses and where it says so, and how documents are
 * walked. */
#include "core/json.h"

#include "test_support.h"

/* Texts are given with a length, so that a NUL can be in them. */
#define TEXT(z) z, sizeof(z) - 1

struct good_row {
    const char *text;
    size_t n;
    const char *canonical;
};

static const struct good_row good[] = {
    {TEXT("null"), "null"},
    {TEXT(" \t\r\n true \n"), "true"},
    {TEXT("false"), "false"},
    {TEXT("0"), "0"},
    {TEXT("-0"), "0"},
    {TEXT("-0.0"), "0"},
    {TEXT("1.0"), "1"},
    {TEXT("10e-1"), "1"},
    {TEXT("1E+2"), "100"},
    {TEXT("9007199254740992"), "9007199254740992"},
    {TEXT("9007199254740993"), "\"9007199254740993\""},
    {TEXT("-9223372036854775808"), "\"-9223372036854775808\""},
    {TEXT("9223372036854775807"), "\"9223372036854775807\""},
    {TEXT("1e20"), "\"100000000000000000000\""},
    {TEXT("1e21"), "1e+21"},
    {TEXT("1e-400"), "0"},
    {TEXT("\"\""), "\"\""},
    {TEXT("\"a\\u0000b\""), "\"a\\u0000b\""},
    {TEXT("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""), "\"\\\"\\\\/\\b\\f\\n\\r\\t\""},
    {TEXT("\"\\u00e9\\u20AC\\ud83d\\ude00\""), "\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\""},
    {TEXT("\"\x7F\""), "\"\x7F\""},
    {TEXT("[]"), "[]"},
    {TEXT("{}"), "{}"},
    {TEXT("[[],{},[[]]]"), "[[],{},[[]]]"},
    {TEXT("{\"b\":[1,{\"c\":2}],\"a\":{}}"), "{\"a\":{},\"b\":[1,{\"c\":2}]}"},
    {TEXT("{\"\":1}"), "{\"\":1}"},
    {TEXT("{\"a\":{\"a\":1},\"b\":{\"a\":1}}"), "{\"a\":{\"a\":1},\"b\":{\"a\":1}}"},
};

static void takes_json(void **state)
{
    (void)state;
    for (size_t i = 0; i < BASE_COUNT(good); i++) {
        struct reeve_error err = {0};
        auto_buf struct buf out = {0};
        if (json_canonicalise((struct str){good[i].text, good[i].n}, &out, &err))
            fail_msg("%s: %s", good[i].text, err.message);
        expect_text(good[i].text, buf_view(&out), good[i].canonical);
    }
}

struct bad_row {
    const char *text;
    size_t n;
    unsigned line, column;
    const char *message;
};

static const struct bad_row bad[] = {
    {TEXT(""), 1, 1, "ends where a value"},
    {TEXT("  "), 1, 3, "ends where a value"},
    {TEXT("\xEF\xBB\xBFnull"), 1, 1, "expected a value"},
    {TEXT("nul"), 1, 1, "expected a value"},
    {TEXT("NaN"), 1, 1, "expected a value"},
    {TEXT("'a'"), 1, 1, "expected a value"},
    {TEXT("1 2"), 1, 3, "follows the end"},
    {TEXT("nullx"), 1, 5, "follows the end"},
    {TEXT("01"), 1, 1, "may not begin with a zero"},
    {TEXT("-01"), 1, 1, "may not begin with a zero"},
    {TEXT("-"), 1, 2, "needs a digit"},
    {TEXT("+1"), 1, 1, "expected a value"},
    {TEXT(".5"), 1, 1, "expected a value"},
    {TEXT("1."), 1, 3, "needs a digit"},
    {TEXT("1e"), 1, 3, "needs a digit"},
    {TEXT("1e+"), 1, 4, "needs a digit"},
    {TEXT("0x10"), 1, 2, "follows the end"},
    {TEXT("9223372036854775808"), 1, 1, "outside 64 bits"},
    {TEXT("-9223372036854775809"), 1, 1, "outside 64 bits"},
    {TEXT("[1e309]"), 1, 2, "no double holds"},
    {TEXT("\"a"), 1, 1, "does not end"},
    {TEXT("\"a\nb\""), 1, 3, "control character"},
    {TEXT("\"a\0b\""), 1, 3, "control character"},
    {TEXT("\"\\x\""), 1, 2, "unknown escape"},
    {TEXT("\"\\"), 1, 2, "unknown escape"},
    {TEXT("\"\\u12\""), 1, 2, "four hexadecimal"},
    {TEXT("\"\\u12g4\""), 1, 2, "four hexadecimal"},
    {TEXT("\"\\ud800\""), 1, 2, "surrogate"},
    {TEXT("\"\\udc00\""), 1, 2, "surrogate"},
    {TEXT("\"\\ud800\\u0041\""), 1, 2, "surrogate"},
    {TEXT("\"\\ud800\\ud800\""), 1, 2, "surrogate"},
    {TEXT("\"\xFF\""), 1, 2, "invalid UTF-8"},
    {TEXT("\"\xC0\x80\""), 1, 2, "invalid UTF-8"},
    {TEXT("\"\xE0\x80\x80\""), 1, 2, "invalid UTF-8"},
    {TEXT("\"\xED\xA0\x80\""), 1, 2, "invalid UTF-8"},
    {TEXT("\"\xF4\x90\x80\x80\""), 1, 2, "invalid UTF-8"},
    {TEXT("\"\xE2\x82\""), 1, 2, "invalid UTF-8"},
    {TEXT("[1,]"), 1, 4, "expected a value"},
    {TEXT("[,1]"), 1, 2, "expected a value"},
    {TEXT("[1 2]"), 1, 4, "expected ',' or ']'"},
    {TEXT("[1}"), 1, 3, "expected ',' or ']'"},
    {TEXT("["), 1, 2, "ends where a value"},
    {TEXT("{\"a\":1,}"), 1, 8, "expected a key"},
    {TEXT("{a:1}"), 1, 2, "expected a key"},
    {TEXT("{1:1}"), 1, 2, "expected a key"},
    {TEXT("{\"a\" 1}"), 1, 6, "expected ':'"},
    {TEXT("{\"a\":}"), 1, 6, "expected a value"},
    {TEXT("{\"a\":1]"), 1, 7, "expected ',' or '}'"},
    {TEXT("{\"a\\u0000\":1}"), 1, 2, "NUL in a key"},
    {TEXT("{\"a\":1,\"b\":2,\"a\":3}"), 1, 19, "key \"a\" occurs twice"},
    {TEXT("{\"b\":1,\"\\u0062\":2}"), 1, 18, "key \"b\" occurs twice"},
    {TEXT("[\n {\"x\":\n1 x"), 3, 3, "expected ',' or '}'"},
};

static void refuses_with_position(void **state)
{
    (void)state;
    for (size_t i = 0; i < BASE_COUNT(bad); i++) {
        struct reeve_error err = {0};
        auto_json struct json_text t;
        int rc = json_text_parse((struct str){bad[i].text, bad[i].n}, &t, &err);
        if (rc != REEVE_EFORMAT)
            fail_msg("%s: %d instead of a refusal", bad[i].text, rc);
        expect_part(bad[i].text, err.message, bad[i].message);
        if (err.line != bad[i].line || err.column != bad[i].column)
            fail_msg("%s: refused at %u:%u instead of %u:%u", bad[i].text, err.line, err.column,
                     bad[i].line, bad[i].column);
    }
}

/* `count` times `each` in a row, between `before` and `after`. */
static void repeat(struct buf *b, const char *before, const char *each, size_t count,
                   const char *after)
{
    buf_z(b, before);
    for (size_t i = 0; i < count; i++)
        buf_z(b, each);
    buf_z(b, after);
}

static int parse_bytes(const struct buf *b, struct reeve_error *err)
{
    auto_json struct json_text t;
    return json_text_parse(buf_view(b), &t, err);
}

static void bounds_depth(void **state)
{
    (void)state;
    struct reeve_error err = {0};
    auto_buf struct buf b = {0};
    repeat(&b, "", "[", JSON_MAX_DEPTH, "");
    repeat(&b, "", "]", JSON_MAX_DEPTH, "");
    assert_int_equal(parse_bytes(&b, &err), 0);
    buf_reset(&b);
    repeat(&b, "", "[", 1000000, "");
    assert_int_equal(parse_bytes(&b, &err), REEVE_EFORMAT);
    expect_part("depth", err.message, "nested too deeply");
    assert_int_equal(err.column, JSON_MAX_DEPTH + 1);
}

static void bounds_values(void **state)
{
    (void)state;
    struct reeve_error err = {0};
    auto_buf struct buf b = {0};
    repeat(&b, "[0", ",0", JSON_MAX_NODES - 2, "]");
    assert_int_equal(parse_bytes(&b, &err), 0);
    buf_reset(&b);
    repeat(&b, "[0", ",0", JSON_MAX_NODES - 1, "]");
    assert_int_equal(parse_bytes(&b, &err), REEVE_EFORMAT);
    expect_part("values", err.message, "too many values");
}

static void stays_within_lent_nodes(void **state)
{
    (void)state;
    char text[] = "[1,2,3]";
    struct json_node nodes[4] = {[3] = {.type = 77}};
    struct json_doc doc;
    struct reeve_error err = {0};
    assert_int_equal(json_parse(text, sizeof text - 1, nodes, 3, &doc, &err), REEVE_EFORMAT);
    expect_part("nodes", err.message, "too many values");
    assert_int_equal(nodes[3].type, 77);
    assert_int_equal(doc.count, 0);
}

/* `count` distinct keys in an order that is no order, the last one again when `again`. */
static void many_keys(struct buf *b, unsigned count, bool again)
{
    buf_z(b, "{");
    for (unsigned i = 0; i < count; i++)
        buf_printf(b, "%s\"key%u\":0", i ? "," : "", i * 7919 % 65521);
    if (again)
        buf_printf(b, ",\"key%u\":1", (count / 2) * 7919 % 65521);
    buf_z(b, "}");
}

static void bounds_keys(void **state)
{
    (void)state;
    struct reeve_error err = {0};
    auto_buf struct buf b = {0};
    many_keys(&b, JSON_MAX_KEYS, false);
    assert_int_equal(parse_bytes(&b, &err), 0);
    buf_reset(&b);
    many_keys(&b, JSON_MAX_KEYS + 1, false);
    assert_int_equal(parse_bytes(&b, &err), REEVE_EFORMAT);
    expect_part("keys", err.message, "too many keys");
}

static void finds_every_duplicate(void **state)
{
    (void)state;
    for (unsigned n = 1; n < JSON_MAX_KEYS; n += 13) {
        struct reeve_error err = {0};
        auto_buf struct buf b = {0};
        many_keys(&b, n, true);
        assert_int_equal(parse_bytes(&b, &err), REEVE_EFORMAT);
        expect_part("duplicate", err.message, "occurs twice");
    }
}

static void shows_hostile_keys_safely(void **state)
{
    (void)state;
    struct reeve_error err = {0};
    auto_buf struct buf b = {0};
    buf_z(&b, "{\"\\u001b[31m");
    repeat(&b, "", "\xE2\x82\xAC", 500, "");
    buf_z(&b, "\":1,\"\\u001b[31m");
    repeat(&b, "", "\xE2\x82\xAC", 500, "\":1}");
    assert_int_equal(parse_bytes(&b, &err), REEVE_EFORMAT);
    assert_null(strchr(err.message, 0x1B));
    assert_true(str_is_utf8(str_of(err.message)));
    expect_part("long key", err.message, "...\" occurs twice");
}

static void number_texts_are_bounded(void **state)
{
    (void)state;
    struct reeve_error err = {0};
    auto_buf struct buf b = {0};
    repeat(&b, "0.", "0", 1000, "1");
    assert_int_equal(parse_bytes(&b, &err), 0);
    buf_reset(&b);
    repeat(&b, "0.", "0", 100000, "1");
    assert_int_equal(parse_bytes(&b, &err), REEVE_EFORMAT);
}

static void walks_documents(void **state)
{
    (void)state;
    struct reeve_error err = {0};
    auto_json struct json_text t;
    assert_int_equal(
        json_text_parse(STR("{\"a\":[1,[2,3],\"x\"],\"b\":{\"c\":true},\"d\":1.5}"), &t, &err), 0);
    const struct json_node *root = json_root(&t.doc), *a = json_get(&t.doc, root, "a");
    assert_int_equal(root->count, 3);
    assert_int_equal(a->type, JSON_ARRAY);
    const struct json_node *one = json_first(&t.doc, a), *two = json_next(&t.doc, one);
    assert_int_equal(one->i, 1);
    assert_int_equal(two->count, 2);
    expect_text("third", json_string_or(json_next(&t.doc, two), STR("?")), "x");
    const struct json_node *b = json_get_str(&t.doc, root, STR("b"));
    assert_int_equal(json_get(&t.doc, b, "c")->type, JSON_TRUE);
    assert_null(json_get(&t.doc, b, "d"));
    assert_null(json_get(&t.doc, a, "a"));
    assert_null(json_get(&t.doc, NULL, "a"));
    const struct json_node *d = json_get(&t.doc, root, "d");
    assert_true(d->d == 1.5);
    assert_null(json_next(&t.doc, d));
    assert_null(json_first(&t.doc, d));
    expect_text("no string", json_string_or(d, STR("?")), "?");
    expect_text("nothing", json_string_or(NULL, STR("?")), "?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_json),
        cmocka_unit_test(refuses_with_position),
        cmocka_unit_test(bounds_depth),
        cmocka_unit_test(bounds_values),
        cmocka_unit_test(stays_within_lent_nodes),
        cmocka_unit_test(bounds_keys),
        cmocka_unit_test(finds_every_duplicate),
        cmocka_unit_test(shows_hostile_keys_safely),
        cmocka_unit_test(number_texts_are_bounded),
        cmocka_unit_test(walks_documents),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
