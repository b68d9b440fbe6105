/*
 * rules/lint.yaml against the compiler's table of codes, both ways, and its examples against lint:
 * what is called wrong has the warning, what is called right has none at all.
 */
#include "support.h"

#include "policy/value_text.h"

static void lint(const char *text, struct findings *all)
{
    struct files files;
    *all = (struct findings){0};
    files_of(str_of(text), &files);
    (void)policy_lint_source(&files.source, keep_finding, all, NULL);
}

static unsigned count(const struct findings *all, const char *code)
{
    unsigned n = 0;
    for (unsigned i = 0; i < all->n; i++)
        n += strcmp(all->v[i].code, code) == 0;
    return n;
}

static bool needs_unicode(const char *code)
{
    return strcmp(code, "P143") == 0 || strcmp(code, "P144") == 0 || strcmp(code, "P145") == 0;
}

static void examples(void **state)
{
    (void)state;
    size_t n;
    const struct core_lint *rules = core_lint_all(&n);
    for (size_t i = 0; i < n; i++) {
        struct findings all;
        char got[512];
        lint(rules[i].right, &all);
        describe_findings(&all, got, sizeof got);
        if (count(&all, rules[i].code) || all.errors)
            fail_msg("%s: the right example has %s\n%s", rules[i].code, got, rules[i].right);
        lint(rules[i].wrong, &all);
        describe_findings(&all, got, sizeof got);
        if (needs_unicode(rules[i].code) && !value_text_is_judged()) {
            print_message("built without libunistring: %s is not found\n", rules[i].code);
            continue;
        }
        if (!count(&all, rules[i].code) || all.n != 1)
            fail_msg("%s: the wrong example has %s\n%s", rules[i].code, got, rules[i].wrong);
        assert_string_equal(all.v[0].id, rules[i].id);
    }
}

static void codes_and_rules_agree(void **state)
{
    (void)state;
    struct policy_code_info info;
    size_t n, known = 0;
    (void)core_lint_all(&n);
    for (size_t i = 0; policy_code_info(i, &info); i++) {
        const struct core_lint *rule = core_lint_find(str_of(info.code));
        if (info.severity == POLICY_WARNING && !rule)
            fail_msg("rules/lint.yaml has no %s (%s)", info.code, info.id);
        if (!rule)
            continue;
        known++;
        assert_string_equal(rule->id, info.id);
        assert_ptr_equal(core_lint_find(str_of(info.id)), rule);
        assert_true(strlen(rule->rationale) > 40);
    }
    assert_int_equal(known, n); /* an entry of no code would be left */
    assert_null(core_lint_find(STR("P000")));
}

static void ids_are_in_the_docs(void **state)
{
    (void)state;
    auto_buf struct buf docs = {0};
    struct reeve_error err;
    assert_int_equal(fd_slurp(-100, TEST_SOURCE_DIR "/docs/policy.md", 1 << 20, &docs, &err), 0);
    size_t n;
    const struct core_lint *rules = core_lint_all(&n);
    for (size_t i = 0; i < n; i++) {
        char text[64];
        (void)snprintf(text, sizeof text, "`%s` %s", rules[i].id, rules[i].code);
        if (!strstr(docs.data, text))
            fail_msg("docs/policy.md does not say %s", text);
    }
}

/* A name that two codes shared would allow the wrong one. */
static void ids_are_different(void **state)
{
    (void)state;
    struct policy_code_info one, two;
    for (size_t i = 0; policy_code_info(i, &one); i++) {
        assert_true(strlen(one.id) > 1 && strlen(one.id) < POLICY_CODE_ID - 1);
        for (size_t k = 0; k < i && policy_code_info(k, &two); k++)
            assert_string_not_equal(one.id, two.id);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(examples),
        cmocka_unit_test(codes_and_rules_agree),
        cmocka_unit_test(ids_are_in_the_docs),
        cmocka_unit_test(ids_are_different),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
