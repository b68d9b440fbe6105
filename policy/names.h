/*
 * Look-up of declared names while a policy is compiled: groups, grants, subject ids. A sorted
 * array; the image has hash tables of its own.
 */
#ifndef POLICY_NAMES_H
#define POLICY_NAMES_H

#include "policy/diag.h"

struct policy_name {
    struct str name;
    uint32_t index;
};
struct policy_names {
    struct policy_name *v;
    uint32_t n;
};

/** Sort by name, then index; to be called once, after which policy_names_find works. */
void policy_names_sort(struct policy_names *names);
/** Drop all but the first of equal names and number them in their order. Sorted before. */
void policy_names_unique(struct policy_names *names);
/** The index of a name, or UINT32_MAX. */
uint32_t policy_names_find(const struct policy_names *names, struct str name);
/** The place of the first of equal names in `v`, or of what follows where there is none. */
uint32_t policy_names_first(const struct policy_names *names, struct str name);
/** "did you mean `X`?" in `hint` when a name is near; NULL otherwise. */
const char *policy_names_hint(const struct policy_names *names, struct policy_report *report,
                              struct str wanted, char hint[POLICY_HINT]);

#endif
