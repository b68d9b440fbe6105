/*
 * The way from text to image, and to lint's findings: read, parse, check, then build or lint. Each
 * stage goes on after an error; nothing is built from a policy that has one.
 */
#include "policy/suppress.h"
#include "policy/test_take.h"

#define MAX_MODEL_BYTES ((size_t)4 << 30)

/* Without memory the findings are not to be believed, so that they do not count. */
static int verdict(const struct policy_report *report, const char *file)
{
    if (report->out_of_memory)
        return base_fail(report->err, REEVE_ENOMEM, "%s: no memory to compile the policy", file);
    return report->errors ? REEVE_EPOLICY : REEVE_OK; /* the first error is in err */
}

static struct model *front(const struct policy_source *source, struct arena *arena,
                           struct policy_report *report)
{
    struct model *m = policy_load(source, arena, report);
    if (m)
        policy_check(m, arena, report);
    return m;
}

int policy_compile_tests(const struct policy_source *source, policy_diag_fn *diag, void *arg,
                         struct policy_image **out, struct policy_tests **tests,
                         struct reeve_error *err)
{
    *out = NULL;
    if (tests)
        *tests = NULL;
    struct arena arena auto_arena;
    arena_init(&arena, MAX_MODEL_BYTES);
    struct policy_report report = {
        .text = source->text, .file = source->file, .fn = diag, .arg = arg, .err = err};
    struct model *m = front(source, &arena, &report);
    if (m && verdict(&report, source->file) == REEVE_OK)
        *out = policy_build(m, &arena, &report);
    if (tests && *out && !(*tests = policy_tests_take(m, &report))) {
        policy_report_memory(&report);
        policy_image_unref(out);
    }
    return verdict(&report, source->file);
}

int policy_compile_source(const struct policy_source *source, policy_diag_fn *diag, void *arg,
                          struct policy_image **out, struct reeve_error *err)
{
    return policy_compile_tests(source, diag, arg, out, NULL, err);
}

/* Of each file its text first; then what the rules come to together. */
static void lint(const struct model *m, struct arena *arena, struct policy_report *report)
{
    for (uint16_t i = 0; i <= report->nmore; i++)
        policy_suppress_ready(&report->suppress[i], arena, report);
    for (uint16_t i = 0; i <= report->nmore; i++)
        policy_lint_secrets(i, report);
    for (uint32_t i = 0; i < m->ntrees; i++)
        policy_lint_tree(m->trees[i], report);
    policy_lint_comments(report);
    policy_lint_model(m, arena, report);
    for (uint16_t i = 0; i <= report->nmore; i++)
        policy_suppress_unused(&report->suppress[i], report);
}

int policy_lint_source(const struct policy_source *source, policy_diag_fn *diag, void *arg,
                       struct reeve_error *err)
{
    struct arena arena auto_arena;
    arena_init(&arena, MAX_MODEL_BYTES);
    struct policy_suppress *allowed = arena_array(&arena, POLICY_MAX_FILES, sizeof *allowed);
    struct policy_report report = {.text = source->text,
                                   .file = source->file,
                                   .fn = diag,
                                   .arg = arg,
                                   .err = err,
                                   .suppress = allowed,
                                   .out_of_memory = !allowed};
    struct model *m = allowed ? front(source, &arena, &report) : NULL;
    if (m && verdict(&report, source->file) == REEVE_OK)
        lint(m, &arena, &report);
    return verdict(&report, source->file);
}

int policy_source_bundle(const struct policy_source *source, struct buf *out,
                         struct reeve_error *err)
{
    struct arena arena auto_arena;
    struct policy_source whole = *source;
    arena_init(&arena, MAX_MODEL_BYTES);
    struct policy_report report = {.text = source->text, .file = source->file, .err = err};
    whole.kept = out;
    size_t at = out->len;
    (void)policy_load(&whole, &arena, &report);
    if (report.nmore && report.errors)
        return REEVE_EPOLICY;
    if (out->len == at) /* one file, whatever is wrong with it */
        buf_str(out, source->text);
    return out->failed || report.out_of_memory
               ? base_fail(err, REEVE_ENOMEM, "%s: out of memory", source->file)
               : REEVE_OK;
}
