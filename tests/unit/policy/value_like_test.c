/*
 * `like`, sizes and durations: each sentence of the language on them, and a slow reader of the same
 * patterns as an oracle.
 */
#include "value_support.h"

#include "policy/value_like.h"
#include "policy/value_size.h"

static const struct {
    const char *name, *patterns, *text;
    bool holds;
} rows[] = {
    {"no star is the whole text", "abc", "abc", true},
    {"no star is no beginning", "abc", "abcd", false},
    {"no star is no end", "abc", "xabc", false},
    {"a star is any characters", "a*c", "abbbc", true},
    {"a star is none", "a*c", "ac", true},
    {"a star alone is any text", "*", "x\ny", true},
    {"a star alone is the empty text", "*", "", true},
    {"nothing is the empty text", "_", "", true},
    {"nothing is no text", "_", "a", false},
    {"behind a star it must end", "*.md", "x.mdx", false},
    {"in front of a star it must begin", "ab*", "xab", false},
    {"begin and end do not share", "aba*aba", "aba", false},
    {"begin and end in a row", "aba*aba", "abaaba", true},
    {"two stars", "a*b*c", "axxbxxc", true},
    {"two stars out of order", "a*b*c", "axcxb", false},
    {"the middle is not the end's", "*ab*b", "ab", false},
    {"stars in a row", "a***c", "abc", true},
    {"the middle at its first place", "*ab*ab*", "xabyab", true},
    {"the middle once too few", "*ab*ab*", "xabyb", false},
    {"a middle that repeats itself", "*aab*x", "aaaabx", true},
    {"only `*` is special: `?`", "a?c", "abc", false},
    {"only `*` is special: `.`", "a.c", "abc", false},
    {"only `*` is special: brackets", "[ab]", "a", false},
    {"only `*` is special: brackets are text", "[ab]*", "[ab]c", true},
    {"`\\*` is an asterisk", "a\\*c", "a*c", true},
    {"`\\*` is nothing else", "a\\*c", "abc", false},
    {"`\\*` in front of a star", "\\**", "*x", true},
    {"a backslash elsewhere is one", "a\\c", "a\\c", true},
    {"a backslash at the end is one", "a\\", "a\\", true},
    {"case differs", "Abc", "abc", false},
    {"characters of several bytes", "*é*", "caféx", true},
    {"any of several", "a* *b", "xb", true},
    {"none of several", "a* *b", "xc", false},
    {"--output*", "--output* -O*", "--output=/x", true},
};

static void like_holds(void **state)
{
    (void)state;
    for (size_t i = 0; i < BASE_COUNT(rows); i++) {
        struct form form = {0};
        form_of_words(rows[i].name, value_like_compile, value_like_sound, rows[i].patterns, &form);
        ROW_CHECK(rows[i].name, value_like_holds(form.s, str_of(rows[i].text)) == rows[i].holds);
        form_free(&form);
    }
}

static bool slow(const char *p, const char *t)
{
    if (*p == '*')
        return slow(p + 1, t) || (*t && slow(p, t + 1));
    if (*p == '\\' && p[1] == '*')
        p++;
    return *p == *t && (!*p || slow(p + 1, t + 1));
}

static void a_slow_reader_agrees(void **state)
{
    (void)state;
    uint64_t seed = 88172645463325252u;
    unsigned holding = 0;
    for (int i = 0; i < 200000; i++) {
        char pattern[10] = "", text[14] = "";
        for (int k = 0; k < 22; k++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            if (k < 9)
                pattern[k] = k < i % 10 ? "aab**\\"[(seed >> 40) % 6] : '\0';
            else
                text[k - 9] = k - 9 < i % 13 ? "aaab*\\"[(seed >> 40) % 6] : '\0';
        }
        struct str p = str_of(pattern);
        struct value_at at;
        struct value_fault fault;
        auto_buf struct buf b = {0};
        assert_true(value_like_compile((struct value_list){&p, 1}, &b, &at, &fault));
        bool ours = value_like_holds(buf_view(&b), str_of(text)), theirs = slow(pattern, text);
        if (ours != theirs)
            fail_msg("%s on %s: %d instead of %d", pattern, text, ours, theirs);
        holding += ours;
    }
    assert_true(holding > 1000);
}

static void limits_of_patterns(void **state)
{
    (void)state;
    static char longest[VALUE_LIKE_MAX + 1];
    memset(longest, 'a', sizeof longest);
    struct str most = {longest, VALUE_LIKE_MAX}, more = {longest, VALUE_LIKE_MAX + 1};
    struct value_at at;
    struct value_fault fault;
    auto_buf struct buf b = {0};
    assert_true(value_like_compile((struct value_list){&most, 1}, &b, &at, &fault));
    assert_true(value_like_holds(buf_view(&b), most));
    assert_false(value_like_holds(buf_view(&b), more));
    assert_false(value_like_compile((struct value_list){&more, 1}, &b, &at, &fault));
    assert_false(value_like_compile((struct value_list){NULL, 0}, &b, &at, &fault));
}

static void ask(struct str form)
{
    static const char *const texts[] = {"", "a", "aab", "abcabcxaabaab", "zzzz"};
    for (size_t i = 0; i < BASE_COUNT(texts); i++)
        (void)value_like_holds(form, str_of(texts[i]));
}

static void changed_forms_are_refused_or_harmless(void **state)
{
    (void)state;
    form_mutate_words(value_like_compile, "a*aab*c x *b", value_like_sound, ask);
}

static const struct {
    const char *name, *text;
    int64_t bytes, ns; /* -1: none */
} numbers[] = {
    {"bytes", "10B", 10, -1},
    {"KiB", "64KiB", 65536, -1},
    {"MiB", "1MiB", 1048576, -1},
    {"GiB", "2GiB", INT64_C(2) << 30, -1},
    {"nanoseconds", "7ns", -1, 7},
    {"microseconds", "7us", -1, 7000},
    {"milliseconds", "100ms", -1, 100000000},
    {"seconds", "5s", -1, INT64_C(5000000000)},
    {"minutes", "15m", -1, INT64_C(900000000000)},
    {"hours", "1h", -1, INT64_C(3600000000000)},
    {"days", "2d", -1, INT64_C(172800000000000)},
    {"zero", "0B", 0, -1},
    {"no unit", "10", -1, -1},
    {"no number", "MiB", -1, -1},
    {"a unit of thousands", "1MB", -1, -1},
    {"a unit in lower case", "1mib", -1, -1},
    {"a space", "1 MiB", -1, -1},
    {"a fraction", "1.5MiB", -1, -1},
    {"a sign", "-1MiB", -1, -1},
    {"a leading zero", "01MiB", -1, -1},
    {"beyond 64 bits", "9223372036854775808B", -1, -1},
    {"the last of 64 bits", "9223372036854775807B", INT64_MAX, -1},
    {"beyond 64 bits with its unit", "8589934592GiB", -1, -1},
    {"nothing", "", -1, -1},
};

static void sizes_and_durations(void **state)
{
    (void)state;
    for (size_t i = 0; i < BASE_COUNT(numbers); i++) {
        struct str text = str_of(numbers[i].text);
        int64_t bytes = -1, ns = -1;
        bool size = value_size_parse(text, &bytes), duration = value_duration_parse(text, &ns);
        ROW_CHECK(numbers[i].name, size == (numbers[i].bytes >= 0));
        ROW_CHECK(numbers[i].name, duration == (numbers[i].ns >= 0));
        ROW_CHECK(numbers[i].name, !size || bytes == numbers[i].bytes);
        ROW_CHECK(numbers[i].name, !duration || ns == numbers[i].ns);
    }
    static const char *const like[] = {"1MB", "5 s", "10k", "1mib", "3h"};
    static const char *const unlike[] = {"", "7", "MiB", "7 apples", "10.0.0.1", "5x"};
    for (size_t i = 0; i < BASE_COUNT(like); i++)
        ROW_CHECK(like[i], value_looks_like_size(str_of(like[i])));
    for (size_t i = 0; i < BASE_COUNT(unlike); i++)
        ROW_CHECK(unlike[i], !value_looks_like_size(str_of(unlike[i])));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(like_holds),
        cmocka_unit_test(a_slow_reader_agrees),
        cmocka_unit_test(limits_of_patterns),
        cmocka_unit_test(changed_forms_are_refused_or_harmless),
        cmocka_unit_test(sizes_and_durations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
