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
};
/**
 * Compile and lint a policy text, and what it includes, which is read from below the folder of
 * `file` (NULL: nothing can be included). Every finding goes to `fn`. 0: no error (there may be
 * warnings); REEVE_EPOLICY: at least one error; others: it could not be read.
 */
REEVE_API int reeve_policy_lint(const char *text, size_t n, const char *file,
                                void (*fn)(void *arg, const struct reeve_finding *finding),
                                void *arg, struct reeve_error *err);
/** The i-th diagnostic code and its meaning, or NULL after the last. */
REEVE_API const char *reeve_policy_code(size_t i, const char **meaning);

#ifdef __cplusplus
}
#endif
#endif
