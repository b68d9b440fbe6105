/*
 * Where a literal of a rule's condition meets the type of its argument (literal.c).
 */
#ifndef POLICY_LITERAL_H
#define POLICY_LITERAL_H

#include "policy/argument.h"

/** What no argument is ever equal to: an error, since a deny by it denies nothing. The rule's
 * condition is checked and within its bounds. */
void policy_check_literals(const struct model *m, const struct m_rule *r, uint64_t *left,
                           struct policy_report *report);
/** What is probably not meant, and the same where another capability may have such an argument. */
void policy_lint_literals(const struct model *m, const struct m_rule *r, uint64_t *left,
                          struct policy_report *report);

#endif
