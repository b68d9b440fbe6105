/*
 * What the schemas of a rule's capabilities say of an argument that the rule tests: the one place
 * where checks of literals and warnings about types learn an argument's type.
 */
#ifndef POLICY_ARGUMENT_H
#define POLICY_ARGUMENT_H

#include "policy/model.h"

/** Own entries of capabilities that one run compares with those of rules; beyond, nothing is said
 * of arguments. */
#define POLICY_MAX_LOOKUPS (UINT64_C(1) << 24)

struct policy_argument {
    uint32_t types; /* bit enum core_arg_type: of the capabilities that have such an argument */
    bool exact;     /* the rule names its capabilities by their ids */
    bool open;      /* one of the capabilities has no schema: its arguments may be anything */
};

/**
 * The argument `name` of the capabilities that a rule is about: those that it names, and what ships
 * of those that its patterns and effects select. `near` is offered the names that there are; may be
 * NULL. `left` of POLICY_MAX_LOOKUPS goes down; once it is used up all is open.
 */
struct policy_argument policy_argument_of(const struct model *m, const struct m_rule *r,
                                          struct str name, struct policy_nearest *near,
                                          uint64_t *left);

/** The policy's own entry of an id, the most specific pattern; NULL: none. */
const struct m_entry *policy_own_entry(const struct model *m, struct str id);

#endif
