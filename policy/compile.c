/*
 * The way from text to image, and to lint's findings: read, parse, check, then build or lint. Each
 * stage goes on after an error; nothing is built from a policy that has one.
 */
#include "policy/image.h"

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

int policy_compile_source(const struct policy_source *source, policy_diag_fn *diag, void *arg,
                          struct policy_image **out, struct reeve_error *err)
{
    *out = NULL;
    struct arena arena auto_arena;
    arena_init(&arena, MAX_MODEL_BYTES);
    struct policy_report report = {
        .text = source->text, .file = source->file, .fn = diag, .arg = arg, .err = err};
    struct model *m = front(source, &arena, &report);
    if (m && verdict(&report, source->file) == REEVE_OK)
        *out = policy_build(m, &arena, &report);
    return verdict(&report, source->file);
}

int policy_lint_source(const struct policy_source *source, policy_diag_fn *diag, void *arg,
                       struct reeve_error *err)
{
    struct arena arena auto_arena;
    arena_init(&arena, MAX_MODEL_BYTES);
    struct policy_report report = {
        .text = source->text, .file = source->file, .fn = diag, .arg = arg, .err = err};
    struct model *m = front(source, &arena, &report);
    if (m && verdict(&report, source->file) == REEVE_OK)
        policy_lint_model(m, &arena, &report);
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

int policy_compile(struct str text, const char *file, policy_diag_fn *diag, void *arg,
                   struct policy_image **out, struct reeve_error *err)
{
    struct policy_source source = {.text = text, .file = file};
    return policy_compile_source(&source, diag, arg, out, err);
}

int policy_lint(struct str text, const char *file, policy_diag_fn *diag, void *arg,
                struct reeve_error *err)
{
    struct policy_source source = {.text = text, .file = file};
    return policy_lint_source(&source, diag, arg, err);
}
