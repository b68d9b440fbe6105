/*
 * Globs of subjects and resources: every short one on every short text as two lines of recursion
 * have it, and long ones that were made to be searched for often.
 */
#include "policy/pattern.h"
#include "support.h"

static bool naive(const char *g, const char *t)
{
    if (*g == '*')
        return naive(g + 1, t) || (*t && naive(g, t + 1));
    return *g ? *t == *g && naive(g + 1, t + 1) : !*t;
}

/* The `i`-th text over `letters`, shortest first; false behind those of `most` letters. */
static bool text_of(unsigned i, const char *letters, size_t most, char *out)
{
    unsigned base = (unsigned)strlen(letters), n = 0, all = 1;
    for (; i >= all; all *= base, n++)
        i -= all;
    if (n > most)
        return false;
    for (unsigned k = 0; k < n; k++, i /= base)
        out[k] = letters[i % base];
    out[n] = 0;
    return true;
}

static void every_short_glob(void **state)
{
    (void)state;
    char glob[8], text[8];
    for (unsigned i = 0; text_of(i, "ab*", 6, glob); i++)
        for (unsigned k = 0; text_of(k, "ab", 6, text); k++)
            if (policy_glob_matches(str_of(glob), str_of(text)) != naive(glob, text))
                fail_msg("%s on %s", glob, text);
    assert_true(policy_glob_matches(STR("**"), (struct str){NULL, 0}));
    assert_true(policy_glob_matches((struct str){NULL, 0}, (struct str){NULL, 0}));
    assert_false(policy_glob_matches((struct str){NULL, 0}, STR("a")));
}

/* A subject that nearly fits, over and over: the test's own time limit is what would tell. */
static void long_globs_end(void **state)
{
    (void)state;
    static char glob[POLICY_MAX_NAME], text[POLICY_MAX_NAME];
    memset(text, 'a', sizeof text);
    memset(glob, 'a', sizeof glob);
    for (unsigned i = 0; i < 400000; i++) {
        size_t n = 64 + i % 512;
        glob[0] = glob[n + 1] = '*';
        glob[n] = 'b';
        assert_false(
            policy_glob_matches((struct str){glob, n + 2}, (struct str){text, sizeof text}));
        glob[n] = glob[n + 1] = 'a';
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_short_glob),
                                       cmocka_unit_test(long_globs_end)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
