/*
 * For tools that work on policies and plans, without a state folder. May change with a minor
 * version.
 */
#ifndef REEVE_TOOLING_H
#define REEVE_TOOLING_H

#include "reeve/reeve.h"

#ifdef __cplusplus
extern "C" {
#endif

enum reeve_severity { REEVE_SEVERITY_ERROR, REEVE_SEVERITY_WARNING, REEVE_SEVERITY_NOTE };

/** One finding in a policy. Strings are good during the callback. */
struct reeve_finding {
    size_t size;
    enum reeve_severity severity;
    const char *code; /* "P012" */
    const char *file;
    unsigned line, column, length; /* 1-based; length of the marked text */
    const char *message;
    const char *suggestion;  /* NULL: none */
    const char *source_line; /* without its newline; NULL: none */
    const char *id;          /* "unknown-key" */
    const char *suppressed; /* the reason for which a comment of the policy allows it; NULL: none */
};
/**
 * Compile and lint a policy text, and what it includes, which is read from below the folder of
 * `file` (NULL: nothing can be included). Every finding goes to `fn`. 0: no error (there may be
 * warnings); REEVE_EPOLICY: at least one error; others: it could not be read. Warnings that a
 * comment of the policy allows are told too, with `suppressed`.
 */
REEVE_API int reeve_policy_lint(const char *text, size_t n, const char *file,
                                void (*fn)(void *arg, const struct reeve_finding *finding),
                                void *arg, struct reeve_error *err);
/** The i-th diagnostic code and its meaning, or NULL after the last. */
REEVE_API const char *reeve_policy_code(size_t i, const char **meaning);

#define REEVE_CODE_ID 32
/** What is told of a diagnostic code. Strings are constant. */
struct reeve_code {
    size_t size;
    enum reeve_severity severity;
    char code[8], id[REEVE_CODE_ID]; /* "P052", "no-reason" */
    const char *meaning;
    const char *rationale;     /* why it is told; NULL, as the next two: nothing is told */
    const char *wrong, *right; /* a policy in which it is found, one in which it is not */
};
/** The i-th diagnostic code; `out->size` is the caller's sizeof. REEVE_EINVAL after the last. */
REEVE_API int reeve_policy_code_info(size_t i, struct reeve_code *out);

#ifdef __cplusplus
}
#endif
#endif
