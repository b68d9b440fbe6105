/*
 * What the naive evaluator's files share: what one link of the chain comes to, and the questions
 * that are put to every rule.
 */
#ifndef POLICY_NAIVE_VERDICT_H
#define POLICY_NAIVE_VERDICT_H

#include "naive.h"

enum { NAIVE_MANY = 64 };

/* What one link of the chain comes to. */
struct naive_verdict {
    enum core_effect effect;
    char rule[64];
    int level, klass, isolation;
    bool capped, everything;
    const struct m_grant *grant;
    const struct m_rule *named;
    const struct m_rule *requires[NAIVE_MANY];
    const struct m_approval *approvals[NAIVE_MANY];
    const struct m_rule *obliged[NAIVE_MANY]; /* rules whose obligations hold */
    const struct m_rule *labelled[NAIVE_MANY];
    bool budgets[NAIVE_MANY], warned[NAIVE_MANY]; /* by their place in the model */
    unsigned nrequires, napprovals, nobliged, nlabelled;
};

#define NAIVE_ADD(list, n, value)                                                                  \
    do {                                                                                           \
        bool there = false;                                                                        \
        for (unsigned at_ = 0; at_ < (n); at_++)                                                   \
            there = there || (list)[at_] == (value);                                               \
        if (!there)                                                                                \
            (list)[(n)++] = (value);                                                               \
    } while (0)

bool naive_is_about(const struct naive_link *l, const struct m_rule *r);
bool naive_has_resource(const struct naive_link *l, const struct m_rule *r);
bool naive_is_valid(const struct naive_link *l, const struct m_rule *r);
bool naive_better(const struct naive_link *l, const struct m_rule *a, const struct m_rule *b);
/** For qsort, over pointers to rules. */
int naive_by_id(const void *a, const void *b);
/** Inputs name budgets by the order of their ids. */
uint32_t naive_place(const struct model *m, uint32_t budget);
/** Of a capability whose effects nobody knows: every one. */
bool naive_may_have_effect(const struct naive_link *l, struct str name);
struct naive_verdict naive_judge(const struct naive_link *l);

#endif
