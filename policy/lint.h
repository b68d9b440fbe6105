/*
 * What lint's files share. The entry point, policy_lint_model, is in model.h.
 */
#ifndef POLICY_LINT_H
#define POLICY_LINT_H

#include "policy/model.h"

/** Rules that are alike: one that is never named, and ties that only an id decides (lint_pairs.c).
 */
void policy_lint_pairs(const struct model *m, struct arena *arena, struct policy_report *report);

/** What stands in a condition; `allow`: of a rule that permits (lint_when.c). */
void policy_lint_condition(const struct m_condition *c, bool allow, const struct model *m,
                           struct policy_report *report);
/** Variables and named conditions (lint_when.c). */
void policy_lint_names(const struct model *m, struct policy_report *report);

#endif
