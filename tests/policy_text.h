/*
 * Policies of one text, as most tests, benches and fuzz targets have them: what includes nothing
 * needs no source.
 */
#ifndef TESTS_POLICY_TEXT_H
#define TESTS_POLICY_TEXT_H

#include "policy/policy.h"

/** policy_compile_source of a text that includes nothing. */
static inline int compile_text(struct str text, const char *file, policy_diag_fn *diag, void *arg,
                               struct policy_image **out, struct reeve_error *err)
{
    struct policy_source source = {.text = text, .file = file};
    return policy_compile_source(&source, diag, arg, out, err);
}

/** policy_lint_source of such a text. */
static inline int lint_text(struct str text, const char *file, policy_diag_fn *diag, void *arg,
                            struct reeve_error *err)
{
    struct policy_source source = {.text = text, .file = file};
    return policy_lint_source(&source, diag, arg, err);
}

#endif
