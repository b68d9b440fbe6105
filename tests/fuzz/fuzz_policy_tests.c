/*
 * A policy text from anywhere with its tests: they are run, and each request is explained, which
 * must give canonical JSON.
 */
#include "policy/decision_json.h"
#include "policy/test.h"

static void explain(const struct policy_image *image, struct str request, struct str given)
{
    auto_question struct policy_question q;
    auto_buf struct buf out = {0}, again = {0};
    struct reeve_error err = {0};
    if (policy_question_ask(image, request, given, 1, &q, &err) != 0)
        return;
    if (policy_decision_json(&q, POLICY_JSON_EXPLAIN, &out, &err) != 0)
        abort();
    if (json_canonicalise(buf_view(&out), &again, NULL) == 0 && /* unless it has too many parts */
        !str_eq(buf_view(&out), buf_view(&again)))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct policy_image *image = NULL;
    struct policy_tests *tests = NULL;
    struct policy_source source = {.text = {(const char *)data, size}, .file = "fuzz.yaml"};
    struct policy_test_run run = {.coverage = true};
    auto_buf struct buf report = {0};
    struct reeve_error err = {0};
    int rc = policy_compile_tests(&source, NULL, NULL, &image, &tests, &err);
    if ((rc == 0) != (image != NULL) || (rc == 0) != (tests != NULL))
        abort();
    if (rc)
        return 0;
    if (policy_tests_run(image, tests, &run, &report, &err) != 0 ||
        run.passed + run.failed != tests->n || run.rules_percent > 100 ||
        run.conditions_percent > 100)
        abort();
    for (uint32_t i = 0; i < tests->n && i < 16; i++)
        explain(image, tests->v[i].request[0], tests->v[i].given);
    policy_tests_free(&tests);
    policy_image_unref(&image);
    return 0;
}
