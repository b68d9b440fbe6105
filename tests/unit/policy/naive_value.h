/*
 * What the naive evaluator's files share: one plain tree for every value, and where a path leads.
 */
#ifndef POLICY_NAIVE_VALUE_H
#define POLICY_NAIVE_VALUE_H

#include "naive_when.h"

/* s text, n number, b boolean, l list, m map (key, value, key, value ...), 0 null, t time. */
struct value {
    int64_t moment;
    char kind;
    bool b;
    long double n; /* holds every int64 and every double */
    struct str s;
    struct value *child;
    uint32_t count; /* of child */
};

struct value naive_number(long double d);
struct value naive_yaml(const struct naive *n, const struct ynode *y);

enum found { THERE, MISSING, NOWHERE, MISTYPED };

enum found naive_lookup(const struct naive *n, const struct m_attribute *a, struct value *v);

static inline int truth_of(bool b)
{
    return b ? NAIVE_TRUE : NAIVE_FALSE;
}

/** Whether a text fits one of an operand's texts. */
int naive_any_text(const struct value *v, const struct value *operand,
                   bool (*fits)(struct str text, struct str operand));
/** like, host, cidr; matches; url; time (naive_pattern.c). */
int naive_pattern(const struct m_condition *c, const struct value *v, const struct value *operand);
int naive_matches(struct str regex, const struct value *v);
int naive_url(const struct ynode *written, const struct value *v);
int naive_moment(const struct ynode *written, const struct value *v);

#endif
