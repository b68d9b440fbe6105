/*
 * What lint's files share. The entry point, policy_lint_model, is in model.h.
 */
#ifndef POLICY_LINT_H
#define POLICY_LINT_H

#include "policy/model.h"
#include "policy/names.h"

/** Comparisons of one run: what stands in a policy is compared with each other, and a policy can be
 * made in which all of it meets. When none is left a note says that not all was compared. */
#define LINT_MAX_WORK (UINT64_C(1) << 24)

/** A rule as others are compared with it (lint_same.c). */
struct lint_rule {
    const struct m_rule *rule;
    /* What it grants once `use` is followed, and its condition (NULL: none): of rules that have the
     * same, one pointer. */
    const struct m_grant *grant;
    const struct m_condition *when;
    bool told; /* of another rule: of those that follow nothing more is said of it */
};

/** A run of lint. */
struct lint {
    const struct model *m;
    struct arena *arena;
    struct policy_report *report;
    uint64_t left;               /* comparisons */
    bool cut;                    /* one was not made */
    bool limits;                 /* that there are none was told */
    struct lint_rule *rules;     /* as many as the model has, in its order */
    struct policy_names entries; /* of `capabilities`, each by its text in front of a wildcard */
    bool *dangerous;             /* of each capability that ships */
};
/** Takes `n` comparisons; false, and none is left, where there are not so many. */
bool policy_lint_spend(struct lint *l, uint64_t n);

/** Makes `rules`. False: memory is out. */
bool policy_lint_rules(struct lint *l);
int policy_lint_rank(const struct m_grant *g);
/** Whether two lists have the same patterns in the same order. */
bool policy_lint_same_subjects(const struct m_subjects *a, const struct m_subjects *b);
/** Whether a rule is of anyone. */
bool policy_lint_is_anyone(const struct m_rule *r);

/** Rules that are alike: duplicates, one that is never named, a deny of what another permits
 * (lint_pairs.c). */
void policy_lint_pairs(struct lint *l);
/** Rules between which only an id decides whose grant holds (lint_ties.c). */
void policy_lint_ties(struct lint *l);
/** Rules that a deny without a condition leaves nothing to permit (lint_reach.c). */
void policy_lint_reach(struct lint *l);
/** Rules of delegated files that can never match (lint_scope.c). */
void policy_lint_scopes(struct lint *l);

/** Makes `entries` and `dangerous`. False: memory is out (lint_capability.c). */
bool policy_lint_index(struct lint *l);
/** The capabilities of a rule: unknown, dangerous, too many. */
void policy_lint_capabilities(struct lint *l, const struct m_rule *r);
/** The policy's own entry of an id, the most specific pattern; NULL: none. */
const struct m_entry *policy_lint_entry(struct lint *l, struct str id);
/** Capabilities of budgets that nothing knows, and effects of entries that are nearly others. */
void policy_lint_budgets(struct lint *l);
void policy_lint_entries(const struct model *m, struct policy_report *report);

/** What stands in a condition of a rule, or of `conditions` (`rule` NULL) (lint_when.c). */
void policy_lint_condition(struct lint *l, const struct m_condition *c, const struct m_rule *rule);
/** Of what a rule's condition tests: who says it, and what it looks like (lint_attribute.c). */
void policy_lint_attributes(const struct m_rule *r, struct policy_report *report);
/** Arguments, effects and properties that are not there (lint_reference.c). */
void policy_lint_references(const struct model *m, struct policy_report *report);
/** Subjects that nobody is, and approvals that nobody can give (lint_subject.c). */
void policy_lint_subjects(const struct model *m, struct arena *arena, struct policy_report *report);
/** Tests of one attribute that cannot all be true (lint_never.c). */
void policy_lint_never(struct lint *l, const struct m_condition *c);
/** Whether two conditions, NULL included, are never true of one request, as far as can be told. */
bool policy_lint_apart(struct lint *l, const struct m_condition *a, const struct m_condition *b);
/** Variables and named conditions (lint_when.c). */
void policy_lint_names(struct lint *l);

#endif
