/*
 * The way from text to image, and to lint's findings: read, parse, check, then build or lint. Each
 * stage goes on after an error; nothing is built from a policy that has one.
 */
#include "policy/test_take.h"

#define MAX_MODEL_BYTES ((size_t)4 << 30)

/* Without memory the findings are not to be believed, so that they do not count. */
static int verdict(const struct policy_report *report, const char *file)
{
    if (report->out_of_memory)
        return base_fail(report->err, REEVE_ENOMEM, "%s: no memory to compile the policy", file);
    return report->errors ? REEVE_EPOLICY : REEVE_OK; /* the first error is in err */
}

static struct model *front(struct str text, struct arena *arena, struct policy_report *report)
{
    struct ynode *root = policy_yaml_read(text, arena, report);
    struct model *m = root && !report->out_of_memory ? policy_parse(root, arena, report) : NULL;
    if (m && !report->out_of_memory)
        policy_check(m, arena, report);
    return m;
}

int policy_compile_tests(struct str text, const char *file, policy_diag_fn *diag, void *arg,
                         struct policy_image **out, struct policy_tests **tests,
                         struct reeve_error *err)
{
    *out = NULL;
    if (tests)
        *tests = NULL;
    struct arena arena auto_arena;
    arena_init(&arena, MAX_MODEL_BYTES);
    struct policy_report report = {.text = text, .file = file, .fn = diag, .arg = arg, .err = err};
    struct model *m = front(text, &arena, &report);
    if (m && verdict(&report, file) == REEVE_OK)
        *out = policy_build(m, text, file, &arena, &report);
    if (tests && *out && !(*tests = policy_tests_take(m, file))) {
        policy_report_memory(&report);
        policy_image_unref(out);
    }
    return verdict(&report, file);
}

int policy_compile(struct str text, const char *file, policy_diag_fn *diag, void *arg,
                   struct policy_image **out, struct reeve_error *err)
{
    return policy_compile_tests(text, file, diag, arg, out, NULL, err);
}

int policy_lint(struct str text, const char *file, policy_diag_fn *diag, void *arg,
                struct reeve_error *err)
{
    struct arena arena auto_arena;
    arena_init(&arena, MAX_MODEL_BYTES);
    struct policy_report report = {.text = text, .file = file, .fn = diag, .arg = arg, .err = err};
    struct model *m = front(text, &arena, &report);
    if (m && verdict(&report, file) == REEVE_OK)
        policy_lint_model(m, &arena, &report);
    return verdict(&report, file);
}
