/*
 * Plain patterns: which ones are, and that each answers as PCRE2 does, which is asked by the same
 * pattern in a group (no plain pattern has one), as machine code and interpreted.
 */
#include "value_support.h"

#include "policy/value_plain.h"
#include "policy/value_regex.h"
#include "random_when.h"

#define PATTERNS 20000
#define TEXTS    40

static const struct {
    const char *pattern;
    bool plain;
} rows[] = {
    {"^report-[0-9]{1,6}$", true},
    {"^[a-z][a-z0-9_]{2,31}\\.csv$", true},
    {"job1-[a-z]{1,8}-[0-9]+", true},
    {"tmp[-_][0-9a-f]{4,8}", true},
    {"\\d{4}-\\d\\d-\\d\\d", true},
    {"a?b?c?", true},
    {"[a-c]{2}[a-z]+", true},
    {"x{2,}y", true},
    {"a\\$", true},
    {"[-a][a-]", true},
    {"(dev|stage)-[a-z]+", false},
    {"a|b", false},
    {".*", false},
    {"[^a]", false},
    {"a*a", false},
    {"[a-z]+[0-9]*[a-z]", false},
    {"\\w+-?x", false},
    {"a+?", false},
    {"a++", false},
    {"a{2}{3}", false},
    {"a{0}", false},
    {"a{x}", false},
    {"a$b", false},
    {"a^", false},
    {"[]a]", false},
    {"[[:alpha:]]", false},
    {"[a-\\d]", false},
    {"[a-z-9]", false},
    {"\\x41", false},
    {"\\bab", false},
    {"(?i)ab", false},
    {"(*CRLF)ab", false},
    {"\xc3\xa9", false},
    {"", false},
};

static bool is_plain(const char *pattern)
{
    static struct value_classes classes;
    classes.n = 0;
    return value_plain_compile(&classes, str_of(pattern)).nitems > 0;
}

static void only_what_needs_no_search_is_plain(void **state)
{
    (void)state;
    for (size_t i = 0; i < BASE_COUNT(rows); i++)
        ROW_CHECK(rows[i].pattern, is_plain(rows[i].pattern) == rows[i].plain);
}

/* ---- against PCRE2 ---- */

static const char *const atoms[] = {"a",     "b",    "1",    "-",     "[ab]", "[a-c]", "[-1]",
                                    "[1-3]", "[b_]", "\\d",  "\\w",   "\\-",  "ab",    "c-",
                                    "[c.]",  ".",    "[^a]", "(?:a)", "_",    "\\."};
static const char *const repeats[] = {"",    "",      "",      "?",    "*",   "+",
                                      "{2}", "{1,3}", "{0,2}", "{2,}", "{1}", "+?"};
static const char *const letters[] = {"a", "b", "c", "1", "3", "-", "_", ".", "\n", "\xc3\xa9"};

static void any_pattern(struct buf *out)
{
    buf_z(out, roll(2) ? "^" : "");
    for (uint32_t n = 1 + roll(4); n > 0; n--) {
        buf_z(out, PICK(atoms));
        buf_z(out, PICK(repeats));
    }
    buf_z(out, roll(2) ? "$" : "");
}

static void any_text(struct buf *out)
{
    buf_reset(out);
    for (uint32_t n = roll(7); n > 0; n--)
        buf_z(out, letters[roll(roll(4) ? 6 : (uint32_t)BASE_COUNT(letters))]);
}

/* The pattern, and twice what only PCRE2 can answer. */
static struct value_regexes *three_of(struct str pattern)
{
    auto_buf struct buf group = {0};
    auto_buf struct buf slow = {0};
    buf_z(&group, "(?:");
    buf_str(&group, pattern);
    buf_z(&group, ")");
    buf_z(&slow, "(*NO_JIT)");
    buf_str(&slow, buf_view(&group));
    struct str all[] = {pattern, buf_view(&group), buf_view(&slow)};
    struct value_regexes *set = NULL;
    return value_regexes_new(all, 3, &set, NULL) == 0 ? set : NULL;
}

static enum tri same_answer(const struct value_regexes *set, struct str pattern, struct str text)
{
    struct value_scratch *scratch = value_scratch_of_thread();
    enum tri value = value_regex_matches(set, 0, scratch, text, NULL);
    for (uint32_t i = 1; i < 3; i++)
        if (value_regex_matches(set, i, scratch, text, NULL) != value)
            fail_msg("%.*s on a text of %zu bytes, %.*s: %s", (int)pattern.n, pattern.p, text.n,
                     (int)(text.n < 40 ? text.n : 40), text.p, tri_name(value));
    return value;
}

static void the_answer_is_that_of_pcre2(void **state)
{
    (void)state;
    auto_buf struct buf pattern = {0};
    auto_buf struct buf text = {0};
    unsigned plain = 0, holds = 0;
    random_state = 12;
    for (int i = 0; i < PATTERNS; i++) {
        buf_reset(&pattern);
        any_pattern(&pattern);
        buf_byte(&pattern, 0);
        pattern.len--;
        struct value_regexes *set = three_of(buf_view(&pattern));
        if (!set)
            continue;
        bool counts = is_plain(pattern.data);
        plain += counts;
        for (int k = 0; k < TEXTS; k++) {
            any_text(&text);
            holds += same_answer(set, buf_view(&pattern), buf_view(&text)) == TRI_TRUE && counts;
        }
        value_regexes_free(&set);
    }
    assert_in_range(plain, PATTERNS / 5, PATTERNS);
    assert_in_range(holds, plain, plain * TEXTS / 2);
}

/* Where PCRE2 might end at its limit, it is asked. */
static void long_texts_get_its_answer_too(void **state)
{
    (void)state;
    static const char *const patterns[] = {"[a-z]*", "[a-z]+-?_?\\d?x", "[a-z]*[0-9]*[-_]*\\.",
                                           "a{2,}b{2,}c"};
    auto_buf struct buf text = {0};
    for (size_t i = 0; i < BASE_COUNT(patterns); i++) {
        struct value_regexes *set = three_of(str_of(patterns[i]));
        assert_non_null(set);
        for (size_t n = 1; n <= VALUE_REGEX_TEXT_MAX; n = n * 3 / 2 + 1) {
            buf_reset(&text);
            for (size_t k = 0; k < n; k++)
                buf_byte(&text, (uint8_t)("ab1-"[4 * k / n]));
            enum tri first =
                value_regex_matches(set, 0, value_scratch_of_thread(), buf_view(&text), NULL);
            assert_int_equal(first, value_regex_matches(set, 1, value_scratch_of_thread(),
                                                        buf_view(&text), NULL));
        }
        value_regexes_free(&set);
    }
}

static void patterns_may_have_any_number_of_classes(void **state)
{
    (void)state;
    static char text[600][16];
    static struct str v[600];
    struct value_regexes *set = NULL;
    for (int i = 0; i < 600; i++) {
        (void)snprintf(text[i], sizeof text[i], "[%c-z%c%c]+", 'a' + i % 26, '0' + i / 26 % 10,
                       'A' + i / 260);
        v[i] = str_of(text[i]);
    }
    assert_int_equal(value_regexes_new(v, 600, &set, NULL), 0);
    for (uint32_t i = 0; i < 600; i++) {
        const char one[] = {text[i][1], '\0'};
        assert_int_equal(value_regex_matches(set, i, value_scratch_of_thread(), str_of(one), NULL),
                         TRI_TRUE);
        assert_int_equal(value_regex_matches(set, i, value_scratch_of_thread(), STR("Z"), NULL),
                         TRI_FALSE);
    }
    value_regexes_free(&set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_needs_no_search_is_plain),
        cmocka_unit_test(the_answer_is_that_of_pcre2),
        cmocka_unit_test(long_texts_get_its_answer_too),
        cmocka_unit_test(patterns_may_have_any_number_of_classes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
