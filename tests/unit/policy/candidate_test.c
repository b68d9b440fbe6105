/*
 * That candidates are found at all, where the tables have edges: ids and prefixes of every length
 * around a word's, more segments than patterns have, subjects of more groups than one batch holds,
 * rules of more patterns and subjects than are spread.
 */
#include "policy/pattern.h"
#include "support.h"

static bool permitted(const struct policy_image *image, const char *subject, const char *capability)
{
    struct question q = {subject, capability, NULL, NULL};
    return decide(image, &q).effect == CORE_EFFECT_ALLOW;
}

/* "s" and then segments of `width` bytes, `n` in all. */
static void make_id(char *out, unsigned n, unsigned width)
{
    char *w = out;
    for (unsigned i = 0; i < n; i++) {
        if (i)
            *w++ = '.';
        for (unsigned k = 0; k < (i ? width : 1); k++)
            *w++ = (char)('a' + (i + k) % 26);
    }
    *w = '\0';
}

static struct policy_image *compile_one(const char *subjects, const char *capabilities)
{
    char text[16384];
    int n = snprintf(text, sizeof text,
                     HEADER "defaults: {level: controlled}\nrules: [{id: r, effect: allow, "
                            "subject: %s, capability: [%s]}]\n",
                     subjects, capabilities);
    assert_true(n > 0 && (size_t)n < sizeof text);
    return must_compile(text);
}

static void test_prefixes_of_every_length(void **state)
{
    (void)state;
    for (unsigned width = 1; width <= 18; width++)
        for (unsigned depth = 1; depth <= 5; depth++) {
            char id[256], prefix[128], pattern[160], other[400];
            make_id(id, 6, width);
            make_id(prefix, depth, width);
            (void)snprintf(pattern, sizeof pattern, "\"%s.*\"", prefix);
            struct policy_image *image = compile_one("[\"u:a\"]", pattern);
            assert_true(permitted(image, "u:a", id));
            assert_false(permitted(image, "u:b", id));
            assert_false(permitted(image, "u:a", prefix));
            (void)snprintf(other, sizeof other, "%sx.%s", prefix, id);
            assert_false(permitted(image, "u:a", other));
            policy_image_unref(&image);
        }
}

static void test_ids_of_every_length(void **state)
{
    (void)state;
    for (unsigned n = 1; n <= 70; n++) {
        char id[80], longer[80], quoted[90];
        memset(id, 'k', n);
        id[n] = '\0';
        memset(longer, 'k', n + 1);
        longer[n + 1] = '\0';
        (void)snprintf(quoted, sizeof quoted, "%s", id);
        struct policy_image *image = compile_one("anyone", quoted);
        assert_true(permitted(image, "u:a", id));
        assert_false(permitted(image, "u:a", longer));
        id[n - 1] = 'l';
        assert_false(permitted(image, "u:a", id));
        policy_image_unref(&image);
    }
}

static void test_ids_deeper_than_patterns(void **state)
{
    (void)state;
    char id[512], prefix[128], pattern[160];
    make_id(id, 60, 3);
    for (unsigned depth = 1; depth <= 31; depth += 5) {
        make_id(prefix, depth, 3);
        (void)snprintf(pattern, sizeof pattern, "\"%s.*\"", prefix);
        struct policy_image *image = compile_one("anyone", pattern);
        assert_true(permitted(image, "u:a", id));
        policy_image_unref(&image);
    }
    struct policy_image *all = compile_one("anyone", "\"*\"");
    assert_true(permitted(all, "u:a", id));
    policy_image_unref(&all);
}

/* A subject of 40 groups, each with a rule of its own: the best counts, wherever it is found. */
static void test_more_groups_than_a_batch(void **state)
{
    (void)state;
    enum { GROUPS = 40 };
    char text[16384];
    int n = snprintf(text, sizeof text, HEADER "defaults: {level: controlled}\ngroups:\n");
    for (int i = 0; i < GROUPS; i++)
        n += snprintf(text + n, sizeof text - (size_t)n, "  g%02d: [\"u:a\"]\n", i);
    n += snprintf(text + n, sizeof text - (size_t)n, "  none: [\"u:z\"]\nrules:\n");
    for (int i = 0; i < GROUPS; i++)
        n += snprintf(text + n, sizeof text - (size_t)n,
                      "  - {id: r%02d, effect: allow, subject: [\"group:g%02d\"], capability: "
                      "[c%d.x, \"d.*\"]}\n",
                      GROUPS - i, i, i);
    (void)snprintf(
        text + n, sizeof text - (size_t)n,
        "  - {id: never, effect: deny, subject: [\"group:g37\"], capability: [c3.x]}\n"
        "  - {id: not-me, effect: deny, subject: [\"group:none\"], capability: [\"*\"]}\n");
    struct policy_image *image = must_compile(text);
    for (int i = 0; i < GROUPS; i++) {
        char capability[16];
        (void)snprintf(capability, sizeof capability, "c%d.x", i);
        assert_int_equal(permitted(image, "u:a", capability), i != 3);
    }
    char id[160];
    struct question q = {"u:a", "d.x", NULL, NULL};
    assert_string_equal(rule_id(image, decide(image, &q).rule, id), "r01");
    policy_image_unref(&image);
}

/* Patterns and subjects multiply: beyond a bound the rule is found by its patterns alone. */
static void test_rules_that_are_not_spread(void **state)
{
    (void)state;
    enum { MANY = 60 };
    char subjects[2048] = "[", capabilities[2048] = "";
    for (int i = 0; i < MANY; i++) {
        size_t s = strlen(subjects), c = strlen(capabilities);
        (void)snprintf(subjects + s, sizeof subjects - s, "%s\"u:s%d\"", i ? ", " : "", i);
        (void)snprintf(capabilities + c, sizeof capabilities - c, "%sc%d.x", i ? ", " : "", i);
    }
    strcat(subjects, "]");
    struct policy_image *image = compile_one(subjects, capabilities);
    for (int i = 0; i < MANY; i++) {
        char subject[16], capability[16];
        (void)snprintf(subject, sizeof subject, "u:s%d", i);
        (void)snprintf(capability, sizeof capability, "c%d.x", MANY - 1 - i);
        assert_true(permitted(image, subject, capability));
        assert_false(permitted(image, "u:else", capability));
    }
    policy_image_unref(&image);
}

static const struct {
    const char *what, *name, *segment;
} from_outside[] = {
    {"a name from outside is one segment", "read_file-2", "read_file-2"},
    {"dots do not part it", "a.b", "a%2Eb"},
    {"a wildcard is none", "*", "%2A"},
    {"what is encoded already stays another name", "a%2Eb", "a%252Eb"},
    {"byte by byte", "\xc3\xa9 x", "%C3%A9%20x"},
};

static void names_from_outside(void **state)
{
    (void)state;
    for (size_t i = 0; i < BASE_COUNT(from_outside); i++) {
        auto_buf struct buf got = {0};
        assert_true(policy_put_segment(str_of(from_outside[i].name), &got));
        if (!str_is(buf_view(&got), from_outside[i].segment))
            fail_msg("%s: %.*s", from_outside[i].what, (int)got.len, got.data);
    }
    auto_buf struct buf none = {0};
    assert_false(policy_put_segment(STR(""), &none));
    assert_int_equal(none.len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_prefixes_of_every_length),
        cmocka_unit_test(test_ids_of_every_length),
        cmocka_unit_test(test_ids_deeper_than_patterns),
        cmocka_unit_test(test_more_groups_than_a_batch),
        cmocka_unit_test(test_rules_that_are_not_spread),
        cmocka_unit_test(names_from_outside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
