/*
 * Regular expressions: the whole text whatever the pattern says, limits instead of stalls, machine
 * code and interpreter alike.
 */
#include "value_support.h"

#include <pthread.h>

#include "policy/value_regex.h"

static char long_text[VALUE_REGEX_TEXT_MAX + 1];

static const struct {
    const char *name, *pattern, *text, *value;
} rows[] = {
    {"the whole text", "[a-z]+", "abc", "true"},
    {"no beginning", "[a-z]+", "abc1", "false"},
    {"no end", "[a-z]+", "1abc", "false"},
    {"^ and $ say it again", "^[a-z]+$", "abc", "true"},
    {"$ is no newline before the end", "^[a-z]+$", "abc\n", "false"},
    {"alternatives at both ends", "ab|cd", "abxcd", "false"},
    {"the shorter alternative is no prefix", "a|ab", "ab", "true"},
    {"(*ACCEPT) does not end it early", "a(*ACCEPT)|b", "axyz", "false"},
    {"nor begin it late", "a(*ACCEPT)b", "aa", "false"},
    {"nor when interpreted", "(*NO_JIT)a(*ACCEPT)b", "aa", "false"},
    {"\\K does not begin it late", "x\\Ka", "xa", "true"},
    {"a lookahead is no text", "a(?=b)", "ab", "false"},
    {"lazy is the whole text, too", "a.*?", "abc", "true"},
    {"the empty pattern", "", "", "true"},
    {"the empty pattern is the empty text", "", "a", "false"},
    {"UTF-8: `.` is a character", ".", "\xc3\xa9", "true"},
    {"UTF-8: two characters", ".", "\xc3\xa9\xc3\xa9", "false"},
    {"UTF-8: a class", "[\xc3\xa0-\xc3\xbc]+", "\xc3\xa9", "true"},
    {"no UTF-8 is unknown", ".*", "\xff", "unknown"},
    {"`\\d` is ASCII", "\\d", "\xd9\xa3", "false"},
    {"case is told apart", "abc", "Abc", "false"},
    {"and (?i) not", "(?i)abc", "Abc", "true"},
    {"references back", "(a+)b\\1", "aabaa", "true"},
    {"references back, false", "(a+)b\\1", "aabaaa", "false"},
    {"names", "(?<x>a)(?P=x)", "aa", "true"},
    {"recursion", "\\((?:[^()]|(?R))*\\)", "(a(b)c)", "true"},
    {"a group called again", "(?<p>\\((?:[^()]|(?&p))*\\))", "(a(b)c)", "true"},
    {"(a+)+$ on what does not fit", "(a+)+$", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!",
     "unknown"},
    {"(a|aa)+$ on what does not fit", "(a|aa)+$", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!",
     "unknown"},
    {"(.*a){20}", "(.*a){20}", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!",
     "unknown"},
    {"interpreted", "(*NO_JIT)[a-z]+", "abc", "true"},
    {"interpreted, false", "(*NO_JIT)[a-z]+", "abc1", "false"},
    {"interpreted, over the limit", "(*NO_JIT)(a+)+$", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!",
     "unknown"},
    {"a limit of its own can only be lower", "(*LIMIT_MATCH=4000000000)(a+)+$",
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!", "unknown"},
    {"a line break that a dot would have to take", ".*b", "a\nb", "unknown"},
    {"at the end, too", "a.*", "a\n", "unknown"},
    {"one that no dot meets", "a\\n.*", "a\nb", "true"},
    {"one that spoils it either way", "a.*", "b\n", "false"},
    {"a class takes it", "[^x]*", "a\nb", "true"},
    {"(?s) says that it is any character", "(?s).*b", "a\nb", "true"},
    {"(?-s) that it is not", "(?-s).*b", "a\nb", "false"},
    {"\\N is never one", "\\N*b", "a\nb", "false"},
    {"a dot that is a dot", "a\\.b", "a\nb", "false"},
    {"quoted", "\\Qa.b\\E", "a\nb", "false"},
    {"interpreted, with a line break", "(*NO_JIT).*b", "a\nb", "unknown"},
    {"of a pattern that names another", "(*CR).*b", "a\rb", "unknown"},
    {"(*CR): this one is none", "(*CR).*b", "a\nb", "true"},
    {"over the limit with line breaks alone", "(?:(a|.)+)+[^a]",
     "\naaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "unknown"},
    {"a test of an example", "agent/[a-z0-9][a-z0-9-]*", "agent/x-1", "true"},
    {"an anchored one of the workload", "^report-[0-9]{1,6}$", "report-123456", "true"},
};

static struct value_regexes *set_of(const char *pattern)
{
    struct str p = str_of(pattern);
    struct value_regexes *set = NULL;
    struct reeve_error err = {0};
    if (value_regexes_new(&p, 1, &set, &err) != 0)
        fail_msg("%s: %s", pattern, err.message);
    return set;
}

static void matches_is_the_whole_text(void **state)
{
    (void)state;
    struct value_scratch *scratch = value_scratch_new();
    assert_non_null(scratch);
    for (size_t i = 0; i < BASE_COUNT(rows); i++) {
        struct value_regex_fault fault;
        ROW_CHECK(rows[i].name, value_regex_check(str_of(rows[i].pattern), &fault));
        struct value_regexes *set = set_of(rows[i].pattern);
        ROW_TRI(rows[i].name, value_regex_matches(set, 0, scratch, str_of(rows[i].text), NULL),
                rows[i].value);
        value_regexes_free(&set);
    }
    value_scratch_free(&scratch);
}

static const struct {
    const char *name, *pattern;
    size_t at;
} wrong[] = {
    {"an open bracket", "a(b", 3},        {"a bracket too many", "a)|(?:b", 1},
    {"an open class", "[a", 2},           {"nothing to repeat", "*a", 0},
    {"a range out of order", "[z-a]", 3}, {"no such group", "\\2", 1},
    {"\\C breaks characters", "\\C", 2},  {"no UTF-8", "\xff", 0},
};

static void what_is_no_pattern_is_refused(void **state)
{
    (void)state;
    struct value_regex_fault fault;
    for (size_t i = 0; i < BASE_COUNT(wrong); i++) {
        struct str p = str_of(wrong[i].pattern);
        struct value_regexes *set = NULL;
        struct reeve_error err = {0};
        ROW_CHECK(wrong[i].name, !value_regex_check(p, &fault));
        if (fault.at != wrong[i].at || !fault.text[0])
            fail_msg("%s: at %zu: %s", wrong[i].name, fault.at, fault.text);
        ROW_CHECK(wrong[i].name, value_regexes_new(&p, 1, &set, &err) == REEVE_EPOLICY && !set);
    }
}

static void a_pattern_has_at_most_1000_bytes(void **state)
{
    (void)state;
    struct value_regex_fault fault;
    memset(long_text, 'a', sizeof long_text);
    assert_true(value_regex_check((struct str){long_text, VALUE_REGEX_MAX}, &fault));
    assert_false(value_regex_check((struct str){long_text, VALUE_REGEX_MAX + 1}, &fault));
    assert_int_equal(fault.at, VALUE_REGEX_MAX);
}

static void a_text_has_at_most_64_kib(void **state)
{
    (void)state;
    struct value_scratch *scratch = value_scratch_new();
    struct value_regexes *set = set_of("[a-z]*");
    memset(long_text, 'a', sizeof long_text);
    assert_int_equal(
        value_regex_matches(set, 0, scratch, (struct str){long_text, VALUE_REGEX_TEXT_MAX}, NULL),
        TRI_TRUE);
    assert_int_equal(value_regex_matches(set, 0, scratch,
                                         (struct str){long_text, VALUE_REGEX_TEXT_MAX + 1}, NULL),
                     TRI_UNKNOWN);
    assert_int_equal(value_regex_matches(set, 0, NULL, STR("a"), NULL), TRI_UNKNOWN);
    assert_int_equal(value_regex_matches(set, 1, scratch, STR("a"), NULL), TRI_UNKNOWN);
    assert_int_equal(value_regex_matches(set, 0, scratch, (struct str){NULL, 0}, NULL), TRI_TRUE);
    value_regexes_free(&set);
    value_scratch_free(&scratch);
}

/* Patterns that look at the whole text in each step: over a limit, not at the end of seconds. The
 * test's own time limit is what would tell. */
static void hostile_patterns_end(void **state)
{
    (void)state;
    static const char *const patterns[] = {"(?:(?=[^b]*+)a)*",       "(?:(?=(?:(?=a*+)a)*+)a)*",
                                           "(?:[ab]*+c|[^c]*+d|a)*", "(?:(?=\\X*+)a)*",
                                           "(?:(?=(a*+))\\1?a)*",    "(a*)\\1*[bc]"};
    struct value_scratch *scratch = value_scratch_new();
    memset(long_text, 'a', sizeof long_text);
    for (size_t i = 0; i < BASE_COUNT(patterns); i++) {
        struct value_regexes *set = set_of(patterns[i]);
        struct str text = {long_text, VALUE_REGEX_TEXT_MAX};
        ROW_TRI(patterns[i], value_regex_matches(set, 0, scratch, text, NULL), "unknown");
        value_regexes_free(&set);
    }
    value_scratch_free(&scratch);
}

/* A pattern so heavy, and a text so long, that not one step is left for it: nobody has looked, and
 * so nobody knows, even where PCRE2 can tell without a step that it does not match. */
static void without_a_step_nothing_is_known(void **state)
{
    (void)state;
    static const char *const begins[] = {"b", "(*NO_JIT)b", ".b", "(*NO_JIT).b", "a"};
    struct value_scratch *scratch = value_scratch_new();
    memset(long_text, 'a', sizeof long_text);
    for (size_t i = 0; i < BASE_COUNT(begins); i++) {
        char pattern[VALUE_REGEX_MAX + 1] = {0};
        size_t n = (size_t)snprintf(pattern, sizeof pattern, "%s", begins[i]);
        for (; n + 2 < sizeof pattern; n += 2)
            memcpy(pattern + n, "\\X", 2);
        struct value_regexes *set = set_of(pattern);
        uint64_t budget = VALUE_REGEX_BUDGET;
        struct str text = {long_text, VALUE_REGEX_TEXT_MAX};
        ROW_TRI(begins[i], value_regex_matches(set, 0, scratch, text, NULL), "unknown");
        ROW_TRI(begins[i], value_regex_matches(set, 0, scratch, text, &budget), "unknown");
        value_regexes_free(&set);
    }
    value_scratch_free(&scratch);
}

/* Of nothing left, no pattern gets an answer: not the plain ones, nor those for which PCRE2 need
 * not look. */
static void without_a_budget_nothing_is_known(void **state)
{
    (void)state;
    static const char *const patterns[] = {"a",      "[a-z]+", "b", "(*NO_JIT)b",
                                           "(a|b)+", ".+b",    "",  "(?s).*"};
    static const struct str texts[] = {{"", 0}, {"a", 1}, {"a\nb", 3}};
    struct value_scratch *scratch = value_scratch_new();
    for (size_t i = 0; i < BASE_COUNT(patterns); i++)
        for (size_t k = 0; k < BASE_COUNT(texts); k++) {
            struct value_regexes *set = set_of(patterns[i]);
            uint64_t none = 0;
            ROW_TRI(patterns[i], value_regex_matches(set, 0, scratch, texts[k], &none), "unknown");
            assert_int_equal(none, 0);
            value_regexes_free(&set);
        }
    value_scratch_free(&scratch);
}

/* What was matched before does not count: the same text gives the same answer on a used scratch. */
static void a_scratch_has_no_memory_of_matches(void **state)
{
    (void)state;
    static const char *const patterns[] = {"(*NO_JIT)(?:[a-z]|(b))*c", "(?:[a-z]|(b))*c",
                                           "(*NO_JIT)(a|b|c)*", "(a|b|c)*"};
    struct value_scratch *used = value_scratch_new();
    memset(long_text, 'a', sizeof long_text);
    for (size_t i = 0; i < BASE_COUNT(patterns); i++) {
        struct value_regexes *set = set_of(patterns[i]);
        for (size_t n = VALUE_REGEX_TEXT_MAX; n > 0; n /= 3) {
            struct value_scratch *fresh = value_scratch_new();
            struct str text = {long_text, n};
            enum tri a = value_regex_matches(set, 0, used, text, NULL);
            assert_int_equal(a, value_regex_matches(set, 0, used, text, NULL));
            assert_int_equal(a, value_regex_matches(set, 0, fresh, text, NULL));
            value_scratch_free(&fresh);
        }
        value_regexes_free(&set);
    }
    value_scratch_free(&used);
}

static void equal_patterns_share(void **state)
{
    (void)state;
    struct str v[1000];
    for (int i = 0; i < 1000; i++)
        v[i] = i % 2 ? STR("a+") : STR("b+");
    struct value_regexes *two = NULL, *thousand = NULL;
    assert_int_equal(value_regexes_new(v, 2, &two, NULL), 0);
    assert_int_equal(value_regexes_new(v, 1000, &thousand, NULL), 0);
    struct value_scratch *scratch = value_scratch_of_thread();
    for (uint32_t i = 0; i < 1000; i++)
        assert_int_equal(value_regex_matches(thousand, i, scratch, STR("aa"), NULL),
                         i % 2 ? TRI_TRUE : TRI_FALSE);
    assert_in_range(value_regexes_size(thousand) - value_regexes_size(two), 0, 998 * (64 + 8));
    value_regexes_free(&two);
    value_regexes_free(&thousand);
    value_regexes_free(&thousand);
}

static void *match_often(void *arg)
{
    const struct value_regexes *set = arg;
    struct value_scratch *scratch = value_scratch_of_thread();
    bool good = scratch && scratch == value_scratch_of_thread();
    for (int i = 0; good && i < 20000; i++)
        good = value_regex_matches(set, (uint32_t)i % 2, scratch, STR("job-12"), NULL) ==
               (i % 2 ? TRI_TRUE : TRI_FALSE);
    return good ? arg : NULL;
}

static void threads_share_a_set(void **state)
{
    (void)state;
    const struct str v[] = {STR("tmp-[0-9]+"), STR("job-[0-9]+")};
    struct value_regexes *set = NULL;
    pthread_t threads[4];
    assert_int_equal(value_regexes_new(v, 2, &set, NULL), 0);
    for (size_t i = 0; i < BASE_COUNT(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, match_often, set), 0);
    for (size_t i = 0; i < BASE_COUNT(threads); i++) {
        void *result = NULL;
        assert_int_equal(pthread_join(threads[i], &result), 0);
        assert_non_null(result);
    }
    value_regexes_free(&set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(matches_is_the_whole_text),
        cmocka_unit_test(what_is_no_pattern_is_refused),
        cmocka_unit_test(a_pattern_has_at_most_1000_bytes),
        cmocka_unit_test(a_text_has_at_most_64_kib),
        cmocka_unit_test(hostile_patterns_end),
        cmocka_unit_test(without_a_step_nothing_is_known),
        cmocka_unit_test(without_a_budget_nothing_is_known),
        cmocka_unit_test(a_scratch_has_no_memory_of_matches),
        cmocka_unit_test(equal_patterns_share),
        cmocka_unit_test(threads_share_a_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
