/*
 * What the tests of the policy engine share: compiling a text and keeping its findings, and asking
 * an image one question.
 */
#ifndef POLICY_SUPPORT_H
#define POLICY_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/policy_text.h"

#define HEADER "reeve: policy/v1\n"

struct finding {
    char code[8], file[64];
    unsigned line, column, length;
    enum policy_severity severity;
    char message[512], suggestion[256], source[160];
    char id[POLICY_CODE_ID], suppressed[160]; /* the reason; empty: it counts */
};
struct findings {
    struct finding v[300];
    unsigned n, errors;
};

/** A policy_diag_fn: keeps everything. `arg` is a struct findings. */
void keep_finding(void *arg, const struct policy_diag *diag);
/** "CODE line:column" of each finding, in the order in which they are told. Their codes count as
 * seen. */
void describe_findings(const struct findings *all, char *out, size_t room);
void saw_code(const char *code);
/** Fail for a code of the table that is wanted and was not seen. */
void expect_seen(bool (*wanted)(const char *code));
/** Fail where what was compiled would not be loaded. */
void expect_sound(const struct policy_image *image);
/** Compile what must compile; prints findings and fails the test otherwise. */
struct policy_image *must_compile(const char *text);

/** Several files in one text: each begins with a line "=== PATH"; the first is the root file. */
struct files {
    struct policy_source source;
    struct str rest; /* what follows the root file */
    char name[256];
};
/** `out` is the source's `arg`, and must stay where it is. */
void files_of(struct str text, struct files *out);

/** One question: borrowed strings, arguments as JSON text (NULL: none). */
struct question {
    const char *subject, *capability, *args, *level;
};
/** A question as a request; `text` holds its arguments and is freed by the caller with
 * json_text_free. */
struct policy_request ask(const struct question *q, struct json_text *text);
struct policy_decision decide(const struct policy_image *image, const struct question *q);
/** The id of the rule that decided, as a C string in `out`. */
const char *rule_id(const struct policy_image *image, uint32_t rule, char out[160]);

#endif
