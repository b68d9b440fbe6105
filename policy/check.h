/*
 * What the checks of a policy share: names that are declared, and how references to them are
 * resolved.
 */
#ifndef POLICY_CHECK_H
#define POLICY_CHECK_H

#include "policy/model.h"
#include "policy/names.h"

#define CHECK_MAX_LABELS 64u /* more are refused, and not looked at */
#define CHECK_MAX_GROUPS 32u /* in each other */

struct checker {
    struct model *m;
    struct arena *arena;
    struct policy_report *report;
    struct policy_names groups, grants;
    struct reach *reach; /* check_scope.c's, made when it is wanted */
};

/** Room for `n` names; false when memory is out. */
bool check_names(struct arena *arena, uint32_t n, struct policy_names *out);
/** Find the group that each member of a list names. */
void check_subjects(struct checker *c, struct m_subjects *list);
/** Rules and budgets by name, which they share: those of the model one after the other. False when
 * memory is out. */
bool check_index_rules(struct checker *c, struct policy_names *out);
/** Whether a delegated file may be about a subject, "type:id". */
bool check_may_be_about(struct checker *c, const struct m_scope *s, struct str subject);
/** Names of delegated files and what `may` covers (check_scope.c). */
void check_scopes(struct checker *c);
/** What a delegated file says of capabilities takes nothing from what the root's trust says. */
void check_lowered(struct checker *c);
/** The index of a label among the first CHECK_MAX_LABELS, or POLICY_NONE. */
uint32_t check_find_label(const struct model *m, struct str name);
/** Labels, effects, approvals, shadow rules, budgets, entries of capabilities (check_hold.c). */
void check_holds(struct checker *c);
/** The names that tests expect (check_tests.c). */
void check_tests(struct checker *c);

#endif
