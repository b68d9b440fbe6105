/*
 * A second evaluator, written to be obviously what the language says and not to be fast: it walks
 * the model as the parser left it (names unresolved), splits, sorts and copies as it likes, and
 * shares no code with the engine but the parser and the JSON reader. The random test holds the
 * engine against it. Patterns and subjects are in naive.c, conditions in naive_when.c, decisions in
 * naive_decide.c, what a run may have in naive_grant.c.
 */
#ifndef POLICY_NAIVE_H
#define POLICY_NAIVE_H

#include "naive_when.h"

bool naive_glob(struct str glob, struct str text);
bool naive_capability_fits(struct str pattern, struct str id);
int naive_compare_patterns(struct str a, struct str b);
int naive_specificity(const struct model *m, const struct m_subject *s, struct str who);
int naive_best_subject(const struct model *m, const struct m_rule *r, struct str who);

/** One link of the chain, judged with or without shadow rules. */
struct naive_link {
    const struct model *m;
    const struct policy_request *req; /* with the link's subject */
    const struct reeve_inputs_view *inputs;
    unsigned link;
    bool shadow;
};
/** The level of the link's subject, and as its request may lower it. */
int naive_level(const struct naive_link *l);
int naive_lowered(const struct naive_link *l);
/** Of a condition of the policy; of none NAIVE_TRUE. */
int naive_value(const struct naive_link *l, const struct m_rule *r, const struct m_condition *c);
/** Whether a rule is judged by the arguments as they were passed too, and that request. */
bool naive_both(const struct naive_link *l, const struct m_rule *r, struct policy_request *passed);
/** Whether the templates of a rule's grant can be filled in, by all that it is judged by. */
bool naive_grant_holds(const struct naive_link *l, const struct m_rule *r);

/* What `use` brings: the grant that writes a key, or NULL. */
const struct m_grant *naive_writes(const struct model *m, const struct m_grant *g,
                                   enum policy_reach key);
int naive_isolation(const struct model *m, const struct m_grant *g);
bool naive_templates_hold(const struct model *m, const struct policy_request *req,
                          const struct m_grant *g);
/** The value of one limit that a grant comes to at a level, before anything cuts it; false: none.
 */
bool naive_limit(const struct model *m, const struct m_grant *g, int level, enum core_limit limit,
                 uint64_t *value, bool *best_effort);
/** What may be done at probed places, of all links and requires together, as text. */
struct naive_side {
    const struct m_grant *grant; /* NULL: nothing */
    struct policy_request req;
    int level;
    bool everything;
    bool cuts; /* an ask that does not permit: where its templates stand for nothing, it gives none
                */
};
enum { NAIVE_SIDES = 256 };
void naive_put_grant(const struct naive_link *l, const struct naive_side *sides, unsigned nsides,
                     const struct m_rule *const *requires, unsigned nrequires, struct buf *out);

/** The ceilings of a request and of those that led to it (naive_ceiling.c). */
unsigned naive_ceilings(const struct naive_link *l, const struct policy_ceiling **out);
/** Their lowest level; full: none has one. */
int naive_ceilings_level(const struct naive_link *l);
bool naive_ceilings_permit(const struct naive_link *l, int klass);
int naive_ceilings_isolation(const struct naive_link *l, int klass);
/** Lower a limit to the least that they write. */
void naive_ceilings_limit(const struct naive_link *l, enum core_limit limit, bool *set,
                          uint64_t *least, bool *best_effort);
/* Where both evaluators are asked. */
extern const char *const naive_paths[], *const naive_hosts[], *const naive_names[];
extern const size_t naive_npaths, naive_nhosts, naive_nnames;
extern const uint32_t naive_ports[2];

#endif
