/*
 * What of a policy its tests have seen: which rules matched, were named, or held what was
 * permitted; which conditions were true, false and unknown at least once. Asked after each
 * decision; the decision itself knows nothing of it.
 */
#ifndef POLICY_COVERAGE_H
#define POLICY_COVERAGE_H

#include "policy/question.h"

/* How often a leaf of a rule's condition came to each value. */
struct coverage_leaf {
    uint32_t condition; /* its row */
    uint32_t seen[3];   /* by enum tri */
};
struct coverage_rule {
    uint32_t first, n; /* its leaves */
    uint32_t matched, named, held;
    uint32_t round; /* in which it was looked at last: a rule may be found more than once */
};
struct policy_coverage {
    const struct policy_image *image;
    struct coverage_rule *rule;
    struct coverage_leaf *leaf;
    uint32_t nrules, nleaves, round;
};
/** `arena` holds it. REEVE_ENOMEM. */
int policy_coverage_begin(const struct policy_image *image, struct arena *arena,
                          struct policy_coverage *out);
void policy_coverage_add(struct policy_coverage *c, const struct policy_question *q);
/** How many of the rules matched, and how many of the conditions were true and were something else,
 * in whole percent, rounded down; nothing to cover is all of it. */
unsigned policy_coverage_rules(const struct policy_coverage *c);
unsigned policy_coverage_conditions(const struct policy_coverage *c);
/** `{rules_percent, conditions_percent, rules: [...]}`, canonical. */
void policy_coverage_json(const struct policy_coverage *c, struct json_out *o);

#endif
