/*
 * What lint's files share. The entry point, policy_lint_model, is in model.h.
 */
#ifndef POLICY_LINT_H
#define POLICY_LINT_H

#include "policy/model.h"

/* Rules beside each other. `told`, one for each rule: whether it was told of another already; of
 * those that follow nothing more is said of it. */

/** Rules that are alike: duplicates, one that is never named, a deny of what another permits
 * (lint_pairs.c). */
void policy_lint_pairs(const struct model *m, bool *told, struct arena *arena,
                       struct policy_report *report);
/** Rules between which only an id decides whose grant holds (lint_ties.c). */
void policy_lint_ties(const struct model *m, bool *told, struct arena *arena,
                      struct policy_report *report);
/** What a rule grants once `use` is followed, and the isolation that it asks for. */
struct m_grant policy_lint_grant(const struct m_rule *r);
int policy_lint_rank(const struct m_grant *g);
bool policy_lint_same_grant(const struct m_grant *a, const struct m_grant *b);
/** Rules that a deny without a condition leaves nothing to permit (lint_reach.c). */
void policy_lint_reach(const struct model *m, bool *told, struct arena *arena,
                       struct policy_report *report);
/** The capabilities of a rule: unknown, dangerous, too many (lint_capability.c). `limits`: whether
 * the lack of limits was told; becomes true. */
void policy_lint_capabilities(const struct model *m, const struct m_rule *r, bool *limits,
                              struct policy_report *report);

/** Capabilities of budgets that nothing knows, and effects of entries that are nearly others. */
void policy_lint_budgets(const struct model *m, struct policy_report *report);
void policy_lint_entries(const struct model *m, struct policy_report *report);

/** What stands in a condition of a rule, or of `conditions` (`rule` NULL); `left` of
 * POLICY_MAX_LOOKUPS goes down (lint_when.c). */
void policy_lint_condition(const struct m_condition *c, const struct m_rule *rule,
                           const struct model *m, uint64_t *left, struct policy_report *report);
/** Of what a rule's condition tests: who says it, and what it looks like (lint_attribute.c). */
void policy_lint_attributes(const struct m_rule *r, struct policy_report *report);
/** Arguments, effects and properties that are not there (lint_reference.c). */
void policy_lint_references(const struct model *m, struct policy_report *report);
/** Subjects that nobody is, and approvals that nobody can give (lint_subject.c). */
void policy_lint_subjects(const struct model *m, struct arena *arena, struct policy_report *report);
/** Tests of one attribute that cannot all be true (lint_never.c). */
void policy_lint_never(const struct m_condition *c, struct policy_report *report);
/** Whether two conditions, NULL included, are never true of one request, as far as can be told. */
bool policy_lint_apart(const struct m_condition *a, const struct m_condition *b);
/** Variables and named conditions (lint_when.c). */
void policy_lint_names(const struct model *m, struct policy_report *report);

#endif
