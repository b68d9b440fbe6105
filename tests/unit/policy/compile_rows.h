/*
 * Texts that do not compile, as rows: the code, line and column of each error, in the order in
 * which they are told.
 */
#ifndef POLICY_COMPILE_ROWS_H
#define POLICY_COMPILE_ROWS_H

#include "support.h"

#define RULE                                                                                       \
    HEADER "rules:\n  - id: r\n    effect: allow\n    subject: [\"a:b\"]\n    capability: [x.y]\n"
#define WHEN(text)  RULE "    when: " text "\n"
#define GRANT(text) RULE "    grant: " text "\n"
#define APPROVAL    "{by: [\"u:a\"], need: 1, within: 5m, covers: once}"
#define ONE(text)   HEADER "rules:\n  - {id: r, " text "}\n"
#define ASK(text)   ONE("effect: ask, subject: [\"a:b\"], capability: [x.y]" text)
#define BUDGET(text)                                                                               \
    HEADER "budgets:\n  - {id: b, per: all, when_spent: deny, limits: {" text "}}\n"

struct compile_row {
    const char *name, *text, *expected;
};
/** Compile a row's text and hold what is told of it to what is expected. */
void compile_check(const struct compile_row *row);
/** Compile what must not compile; the first that is told has this code. */
void compile_expect_first(struct str text, const char *code);
/* Rows about what holds a request, grants and capabilities. */
extern const struct compile_row compile_hold_rows[];
extern const size_t compile_nhold_rows;
/* Rows about `tests`. */
extern const struct compile_row compile_tests_rows[];
extern const size_t compile_ntests_rows;

#endif
