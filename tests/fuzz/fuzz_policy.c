/*
 * A policy text from anywhere, and when it compiles a few requests against it. What is behind the
 * first NUL byte, if there is one, are the arguments of the requests as JSON.
 */
#include "policy/policy.h"

static void count(void *arg, const struct policy_diag *diag)
{
    size_t *errors = arg;
    *errors += diag->severity == POLICY_ERROR;
    if (!diag->line || !diag->column || !diag->length || !diag->message[0])
        abort();
}

static void ask(const struct policy_image *image, struct str subject, struct str capability,
                const struct json_doc *args)
{
    struct policy_request req = {.subject = subject,
                                 .capability = capability,
                                 .entry = core_capability_find(capability),
                                 .args = args,
                                 .level = -1,
                                 .resource = args ? STR("d:a") : STR("")};
    const struct policy_subject chain[] = {{.text = STR("user:ana")}};
    const struct policy_spent spent[] = {{0, POLICY_COUNTED_CALLS, 0, 5}};
    struct reeve_inputs_view inputs = {.now_ns = INT64_C(1767225600000000000),
                                       .chain = chain,
                                       .nchain = args != NULL,
                                       .spent = spent,
                                       .nspent = 1};
    struct policy_decision d;
    if (policy_decide(image, &req, &inputs, &d) != 0)
        abort();
    auto_buf struct buf why = {0};
    policy_explain(image, &req, &inputs, &d, &why);
    struct arena arena auto_arena;
    arena_init(&arena, 0);
    struct core_grant grant;
    int rc = policy_grant(image, &req, &inputs, &d, &arena, &grant, NULL);
    if ((rc == 0) != (d.effect != CORE_EFFECT_DENY))
        abort();
}

static void ask_all(const struct policy_image *image, struct str args)
{
    static const char *const subjects[] = {"agent:lab-1", "u:a", "user:ana"};
    static const char *const capabilities[] = {"ccos.io.read-file", "program.external", "a.b.c",
                                               "x"};
    auto_json struct json_text text = {0};
    bool parsed = args.n && json_text_parse(args, &text, NULL) == 0;
    for (size_t i = 0; i < BASE_COUNT(subjects); i++)
        for (size_t k = 0; k < BASE_COUNT(capabilities); k++)
            ask(image, str_of(subjects[i]), str_of(capabilities[k]), parsed ? &text.doc : NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    const uint8_t *nul = n ? memchr(data, 0, n) : NULL;
    struct str text = {(const char *)data, nul ? (size_t)(nul - data) : n};
    struct str args = {nul ? (const char *)nul + 1 : NULL, nul ? n - text.n - 1 : 0};
    size_t compile_errors = 0, lint_errors = 0;
    struct policy_image *image = NULL;
    struct reeve_error err = {0};
    int rc = policy_compile(text, "fuzz.yaml", count, &compile_errors, &image, &err);
    if ((rc == REEVE_EPOLICY) != (compile_errors > 0) || (image != NULL) != (rc == 0))
        abort();
    (void)policy_lint(text, "fuzz.yaml", count, &lint_errors, NULL);
    if (lint_errors > compile_errors)
        abort();
    if (image)
        ask_all(image, args);
    policy_image_unref(&image);
    return 0;
}
