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
    const struct m_rule *cuts[NAIVE_MANY];        /* asks whose grant is the most that is left */
    unsigned nrequires, napprovals, nobliged, nlabelled, ncuts;
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
/** The approval that an ask or a require wants; NULL: none. */
const struct m_approval *naive_approval(const struct model *m, const struct m_rule *r);
/** Inputs name budgets by the order of their ids. */
uint32_t naive_place(const struct model *m, uint32_t budget);
/** Of a capability whose effects nobody knows: every one. */
bool naive_may_have_effect(const struct naive_link *l, struct str name);
struct naive_verdict naive_judge(const struct naive_link *l);

/* What all links come to. */
struct naive_whole {
    struct naive_verdict link[1 + POLICY_MAX_PARENTS];
    struct policy_request req[1 + POLICY_MAX_PARENTS];
    unsigned n, strictest;
    int level;
    bool capped_off; /* a ceiling denies what all links permit */
};
/** What holds it, of all links, by id. */
unsigned naive_requires(const struct naive_whole *w, const struct m_rule **out);
void naive_decide(const struct naive_link *top, struct naive_whole *w);
/** The link whose answer it is. */
struct naive_link naive_strictest(const struct naive_link *top, const struct naive_whole *w);
/** The nearest miss of a link, with how many of its conditions fail and are unknown; or NULL. */
const struct m_rule *naive_nearest(const struct naive_link *l, unsigned *least, unsigned *unknown);
/** "group:a, u:b": as the image tells who approves. */
void naive_put_by(const struct m_approval *a, struct buf *out);

/* ---- the answer, once it is decided ---- */

struct naive_answer {
    struct naive_link top;
    struct naive_whole enforced, shadow;
};
void naive_answer(const struct model *m, const struct policy_request *req,
                  const struct reeve_inputs_view *inputs, struct naive_answer *out);
/** As text: effect, rule, level and all that goes with it. */
void naive_put(const struct naive_answer *all, struct buf *out);
/** Whether the answer with shadow rules differs in effect, or in what is permitted at the probed
 * places. */
bool naive_differs(const struct naive_answer *all);
/** What the explanation of a deny or ask must begin with, and after it somewhere have; `exact`:
 * what it begins with is all of it. */
struct naive_told {
    struct buf start, rest;
    bool exact;
};
void naive_explain(const struct naive_answer *all, struct naive_told *out);

#endif
