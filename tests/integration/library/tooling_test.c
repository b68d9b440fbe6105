/*
 * reeve/tooling.h as a program outside sees it: policies compiled, saved, loaded, asked and tested
 * through the public functions alone, by several threads at once.
 */
#include "support.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "reeve/tooling.h"

static const char text[] =
    "reeve: policy/v1\n"
    "defaults: {level: controlled}\n"
    "capabilities: {\"t.*\": {class: safe}}\n"
    "rules:\n"
    "- {id: r, effect: allow, subject: [\"a:*\"], capability: [t.a], when: {args.size: {lt: 5}}, "
    "reason: Small}\n"
    "tests:\n"
    "- {name: small, request: {subject: a:b, capability: t.a, args: {size: 1}}, expect: {rule: "
    "r}}\n"
    "- {name: large, request: {subject: a:b, capability: t.a, args: {size: 9}}, expect: {rule: "
    "r}}\n";
static const char small[] = "{\"subject\":\"a:b\",\"capability\":\"t.a\",\"args\":{\"size\":1}}";

static struct reeve_policy *compile(void)
{
    struct reeve_policy *policy = NULL;
    struct reeve_error err = {0};
    assert_int_equal(reeve_policy_compile(text, sizeof text - 1, "t", NULL, NULL, &policy, &err),
                     0);
    assert_non_null(policy);
    return policy;
}

static void count_finding(void *arg, const struct reeve_finding *finding)
{
    ++*(unsigned *)arg;
    assert_int_equal(finding->size, sizeof *finding);
    assert_int_equal(finding->severity, REEVE_SEVERITY_ERROR);
}

static void errors_are_told(void **state)
{
    (void)state;
    static const char bad[] = "reeve: policy/v1\nnmae: x\nrules: [{}]\n";
    struct reeve_policy *policy = (void *)1;
    struct reeve_error err = {0};
    unsigned n = 0;
    assert_int_equal(
        reeve_policy_compile(bad, sizeof bad - 1, "t", count_finding, &n, &policy, &err),
        REEVE_EPOLICY);
    assert_null(policy);
    assert_int_equal(n, 3);
    assert_int_equal(err.line, 2);
}

static void an_image_decides_alike(void **state)
{
    (void)state;
    struct reeve_policy *policy = compile(), *loaded = NULL;
    struct reeve_error err = {0};
    struct reeve_policy_tests tests = {.size = sizeof tests};
    void *bytes = NULL;
    char *a = NULL, *b = NULL, *report = NULL;
    size_t n;
    assert_int_equal(reeve_policy_save(policy, NULL, 0, &bytes, &n, &err), 0);
    assert_true(reeve_policy_is_image(bytes, n));
    assert_false(reeve_policy_is_image(text, sizeof text - 1));
    assert_int_equal(reeve_policy_load(bytes, n, &loaded, &err), 0);
    assert_int_equal(reeve_policy_decide(policy, small, sizeof small - 1, NULL, 0,
                                         REEVE_POLICY_EXPLAIN, &a, &err),
                     0);
    assert_int_equal(reeve_policy_decide(loaded, small, sizeof small - 1, NULL, 0,
                                         REEVE_POLICY_EXPLAIN, &b, &err),
                     0);
    assert_string_equal(a, b);
    assert_non_null(strstr(a, "\"explanation\":\"Small\""));
    assert_int_equal(reeve_policy_test(loaded, &tests, &report, &err), 0);
    assert_int_equal(tests.passed + tests.failed, 0); /* an image has none */
    ((char *)bytes)[n / 2] ^= 1;
    reeve_policy_free(loaded);
    assert_int_equal(reeve_policy_load(bytes, n, &loaded, &err), REEVE_EFORMAT);
    assert_null(loaded);
    reeve_policy_free(policy);
    reeve_free(report);
    reeve_free(bytes);
    reeve_free(a);
    reeve_free(b);
}

static void tests_are_run(void **state)
{
    (void)state;
    struct reeve_policy *policy = compile();
    struct reeve_error err = {0};
    struct reeve_policy_tests tests = {.size = sizeof tests, .coverage = true};
    char *report = NULL;
    assert_int_equal(reeve_policy_test(policy, &tests, &report, &err), 0);
    assert_int_equal(tests.passed, 1);
    assert_int_equal(tests.failed, 1);
    assert_int_equal(tests.rules_percent, 100);
    assert_int_equal(tests.conditions_percent, 100);
    assert_non_null(strstr(report, "\"expected\":\"r\""));
    reeve_free(report);
    reeve_policy_free(policy);
}

static void wrong_arguments_are_refused(void **state)
{
    (void)state;
    struct reeve_policy *policy = compile(), *none = NULL;
    struct reeve_error err = {0};
    struct reeve_policy_tests tests = {0};
    char *json = NULL;
    void *bytes = NULL;
    size_t n;
    assert_int_equal(reeve_policy_compile(NULL, 0, "t", NULL, NULL, &none, &err), REEVE_EINVAL);
    assert_int_equal(reeve_policy_load(NULL, 0, &none, &err), REEVE_EINVAL);
    assert_int_equal(reeve_policy_load("x", 1, &none, &err), REEVE_EFORMAT);
    assert_int_equal(reeve_policy_decide(policy, NULL, 0, NULL, 0, 0, &json, &err), REEVE_EINVAL);
    assert_int_equal(reeve_policy_decide(policy, "{}", 2, NULL, 0, 0, &json, &err), REEVE_EINVAL);
    assert_int_equal(reeve_policy_decide(policy, "{", 1, NULL, 0, 0, &json, &err), REEVE_EFORMAT);
    assert_int_equal(reeve_policy_decide(policy, small, sizeof small - 1, "[]", 2, 0, &json, &err),
                     REEVE_EINVAL);
    assert_int_equal(reeve_policy_test(policy, &tests, &json, &err), REEVE_EINVAL);
    assert_int_equal(reeve_policy_save(policy, "no key", 6, &bytes, &n, &err), REEVE_EKEY);
    assert_int_equal(reeve_policy_save(policy, NULL, 0, NULL, &n, NULL), REEVE_EINVAL);
    assert_null(json);
    assert_null(bytes);
    reeve_policy_free(NULL);
    reeve_policy_free(policy);
}

static void *ask_often(void *arg)
{
    for (int i = 0; i < 200; i++) {
        char *json = NULL;
        if (reeve_policy_decide(arg, small, sizeof small - 1, NULL, 0, 0, &json, NULL) != 0 ||
            !strstr(json, "\"effect\":\"allow\""))
            return arg;
        reeve_free(json);
    }
    return NULL;
}

static void threads_share_a_policy(void **state)
{
    (void)state;
    struct reeve_policy *policy = compile();
    pthread_t thread[4];
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, ask_often, policy), 0);
    for (size_t i = 0; i < 4; i++) {
        void *failed;
        assert_int_equal(pthread_join(thread[i], &failed), 0);
        assert_null(failed);
    }
    reeve_policy_free(policy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(errors_are_told),        cmocka_unit_test(an_image_decides_alike),
        cmocka_unit_test(tests_are_run),          cmocka_unit_test(wrong_arguments_are_refused),
        cmocka_unit_test(threads_share_a_policy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
