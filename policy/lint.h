/*
 * What lint's files share. The entry point, policy_lint_model, is in model.h.
 */
#ifndef POLICY_LINT_H
#define POLICY_LINT_H

#include "policy/model.h"

/** Rules that are alike: duplicates, one that is never named, a deny of what another permits, and
 * ties that only an id decides (lint_pairs.c). */
void policy_lint_pairs(const struct model *m, struct arena *arena, struct policy_report *report);
/** Rules that a deny without a condition leaves nothing to permit (lint_reach.c). */
void policy_lint_reach(const struct model *m, struct arena *arena, struct policy_report *report);
/** The capabilities of a rule: unknown, dangerous, too many (lint_capability.c). `limits`: whether
 * the lack of limits was told; becomes true. */
void policy_lint_capabilities(const struct model *m, const struct m_rule *r, bool *limits,
                              struct policy_report *report);
/** The policy's own entry of an id, the most specific pattern; NULL: none. */
const struct m_entry *policy_lint_entry(const struct model *m, struct str id);

/** What stands in a condition of a rule, or of `conditions` (`rule` NULL) (lint_when.c). */
void policy_lint_condition(const struct m_condition *c, const struct m_rule *rule,
                           const struct model *m, struct policy_report *report);
/** Tests of one attribute that cannot all be true (lint_never.c). */
void policy_lint_never(const struct m_condition *c, struct policy_report *report);
/** Whether two conditions, NULL included, are never true of one request, as far as can be told. */
bool policy_lint_apart(const struct m_condition *a, const struct m_condition *b);
/** Variables and named conditions (lint_when.c). */
void policy_lint_names(const struct model *m, struct policy_report *report);

#endif
