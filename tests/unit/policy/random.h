/*
 * Random policies for the test that holds two evaluators against each other: rules of every kind,
 * with conditions of random_when.h.
 */
#ifndef POLICY_RANDOM_H
#define POLICY_RANDOM_H

#include "random_when.h"

extern const char *const random_subjects[], *const random_capabilities[], *const random_levels[3];
extern const size_t random_nsubjects, random_ncapabilities;
/** Whether policies have budgets. */
extern bool random_budgets;
/** The same policy twice, its rules in two orders. */
void random_policies(struct buf *one, struct buf *other);
/** One more rule for the end of it, `r99`. */
void random_rule(struct buf *b, enum policy_rule_kind kind);

/** An entry of `include` for a delegated file NAME.yaml, the first or second of a policy, and the
 * lines of its rules; the capabilities and entities that the file declares. */
void random_delegated(unsigned which, const char *name, struct buf *entry, struct buf *rules);
const char *random_declared(unsigned which);

/** A request by one of the subjects for one of the capabilities, with parents and what was spent.
 * `r` is freed with random_request_free. */
enum { RANDOM_MAX_SPENT = 12 };
struct random_case {
    struct random_request r;
    struct policy_spent spent[RANDOM_MAX_SPENT];
};
void random_case(struct random_case *c);
void random_case_show(const struct random_case *c, struct buf *out);

#endif
