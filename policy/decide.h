/*
 * What the files of a decision share: what is carried through it for one link of the chain, how far
 * a matching rule precedes others, and what one link comes to. All of it lives on the stack.
 */
#ifndef POLICY_DECIDE_H
#define POLICY_DECIDE_H

#include "policy/eval.h"

/* What regular expressions could still cost when a decision began to judge a rule, for the first so
 * many that it judged: with as much they are judged again to the same end. */
#define DECIDE_MAX_JUDGED 512u
struct decide_judged {
    uint64_t left; /* of VALUE_REGEX_BUDGET, when all was decided */
    uint32_t n;
    struct {
        uint64_t patterns;
        uint32_t rule, link;
    } v[DECIDE_MAX_JUDGED];
};

/* What is carried through one link's decision. */
struct deciding {
    const struct policy_image *image;
    const struct policy_request *req; /* with the link's own subject */
    const struct reeve_inputs_view *inputs;
    struct eval eval;
    struct eval_scan scan;
    struct eval_effects effects;         /* of the capability */
    const struct policy_image *spent_of; /* whose budgets inputs->spent names */
    uint64_t patterns;          /* what regular expressions may still cost, all links together */
    uint32_t link;              /* 0: the subject, i: its i-th parent */
    struct decide_judged *note; /* where what is judged is noted; NULL: nowhere */
    const struct decide_judged *judged; /* what had been, of what is judged again; NULL: nothing */
    bool shadow;                        /* shadow rules count, and what they replace does not */
};

/* How far a matching rule precedes others: compared from the top. A rule's index is the order of
 * its id. */
struct standing {
    uint64_t key;
    uint32_t subject, isolation, rule;
};
static inline bool decide_precedes(const struct standing *a, const struct standing *b)
{
    if (a->key != b->key)
        return a->key > b->key;
    if (a->subject != b->subject)
        return a->subject > b->subject;
    if (a->isolation != b->isolation)
        return a->isolation > b->isolation;
    return a->rule < b->rule;
}

/* What one link comes to. */
struct verdict {
    enum core_effect effect;
    uint32_t rule, grant;
    enum core_level level;
    enum core_class klass;
    enum core_rank isolation;
    bool everything, capped;
    uint64_t labels, budgets, warned;
    struct policy_list requires, approvals, obligations;
    struct policy_list cuts; /* asks of `requires` that write a grant */
};

/** The request as the `link`-th of the chain would make it: 0 the subject, i its i-th parent. */
struct policy_request decide_as(const struct policy_request *req,
                                const struct reeve_inputs_view *inputs, uint32_t link);
/** Whether a request and its inputs can be decided, the subject of the request apart. */
bool decide_is_valid(const struct policy_request *req, const struct reeve_inputs_view *inputs);
/** Set up a link as far as its candidates can be looked for: `d->scan` is begun. `d` may be
 * uninitialised, as below. */
void decide_start(struct deciding *d, const struct policy_image *image,
                  const struct policy_request *req, const struct reeve_inputs_view *inputs,
                  uint32_t link, bool shadow);
/** policy_decide, from where the candidates of the subject have been looked for. */
int decide_found(struct deciding *d, struct policy_decision *out);
/** Set up a link, whose request `req` is: its subject, the rules that may match, the capability's
 * effects and class. `d` may be uninitialised but for `patterns` and `spent_of`: it is large, and
 * what is not filled in is not read. */
void decide_begin(struct deciding *d, const struct policy_image *image,
                  const struct policy_request *req, const struct reeve_inputs_view *inputs,
                  uint32_t link, bool shadow, struct verdict *v);
/** The answer of the subject and of each parent, the strictest of them. `d`: of the subject, its
 * candidates found; its request is as it was when it returns. REEVE_EINVAL: no valid subject. */
int decide_links(struct deciding *d, struct policy_decision *out);
/** Note that a rule is judged now, in `d->note` (replay.c). */
void decide_note(const struct deciding *d, uint32_t rule);
/** Decide what was decided once more, noting what it cost: so that whoever explains it does not
 * find unknown what the decision could judge, nor the reverse. */
void decide_replay(const struct policy_image *image, const struct policy_request *req,
                   const struct reeve_inputs_view *inputs, struct decide_judged *out);
/** decide_begin for who explains a decision: regular expressions may cost what it left. */
void decide_again(struct deciding *d, const struct policy_image *image,
                  const struct policy_request *req, const struct reeve_inputs_view *inputs,
                  uint32_t link, const struct decide_judged *judged, struct verdict *v);
/** Where the decision judged the rule for this link: what regular expressions could cost then. */
bool decide_was_judged(const struct deciding *d, uint32_t rule, uint64_t *patterns);
/** What is done with a candidate of one kind; false: no further one is wanted. */
typedef bool decide_each_fn(const struct deciding *d, const struct eval_found *f,
                            const struct img_entry *e, void *state);
/** Walk over all candidates of one kind, of all batches. */
void decide_each(struct deciding *d, enum policy_rule_kind kind, decide_each_fn *fn, void *state);
/** Whether a candidate's rule matches, its condition and grant apart; fills in how well. */
bool decide_fits(const struct deciding *d, const struct eval_found *f, const struct img_entry *e,
                 struct standing *s);
/** How well a candidate would fit at best, whoever the subject is. */
struct standing decide_standing(const struct deciding *d, const struct eval_found *f,
                                const struct img_entry *e);
/** The value of a candidate's condition; where it is true and its grant's templates cannot be
 * filled in: unknown. */
enum tri decide_value(const struct deciding *d, const struct img_entry *e);
/** The value of the condition at `at`, a part of a rule's. */
enum tri decide_condition(const struct deciding *d, uint32_t rule, uint32_t at);
/** Whether a rule is judged by the arguments as they were passed too, since what gives them their
 * normal form is another file's: what is not the same by both is unknown, so that no such schema
 * widens what others' rules say, and nothing is handed on that they have not judged. */
bool decide_sees_passed(const struct deciding *d, uint32_t rule);
/** `d->eval` with the arguments as they were passed. */
struct eval decide_eval_passed(const struct deciding *d);
static inline const struct img_hold *decide_hold(const struct policy_image *image, uint32_t rule)
{
    return rule < image->section[IMAGE_rules].count
               ? image_hold_of(image, &image_rules(image)[rule])
               : NULL;
}

/** The answer of the subject and of each parent, the strictest of them, shadow rules in force or
 * not. The request is valid; REEVE_EINVAL when its subject is not. */
int decide_all(const struct policy_image *image, const struct policy_image *spent_of,
               const struct policy_request *req, const struct reeve_inputs_view *inputs,
               bool shadow, struct policy_decision *out);
/** The enforced answer alone; `shadow` says the same. */
int decide_enforced(const struct policy_image *image, const struct policy_request *req,
                    const struct reeve_inputs_view *inputs, struct policy_decision *out);
/** Fill in `shadow` (beside.c): of the same image with its shadow rules in force, of another one
 * its enforced answer. `out` is decided; nothing is filled in when the other one finds the request
 * invalid: REEVE_EINVAL. */
int decide_beside(const struct policy_image *image, const struct policy_image *other,
                  const struct policy_request *req, const struct reeve_inputs_view *inputs,
                  struct policy_decision *out);

/* The asks that match. `answered`: those whose approval is needed, the best one's too. */
struct asks {
    uint32_t best; /* the most specific that is true, POLICY_NONE: none */
    struct policy_list answered;
    bool too_many;
};
/** Sort out the asks of all files (hold.c). */
void decide_asks(struct deciding *d, struct asks *out);
/** Raise, cut and gate what is permitted (hold.c): labels, obligations, requires, approvals. */
void decide_hold_it(struct deciding *d, const struct asks *asks, struct verdict *v);
/** Obligations of the deny that was named. */
void decide_obligations(const struct deciding *d, uint32_t rule, struct policy_list *out);
/** Budgets that count what is permitted (budget.c). */
void decide_budgets(const struct deciding *d, struct verdict *v);

/** The `i`-th ceiling, the request's own first; NULL behind the last. */
static inline const struct policy_ceiling *
decide_ceiling(const struct policy_request *req, const struct reeve_inputs_view *inputs, uint32_t i)
{
    if (req->ceiling && i == 0)
        return req->ceiling;
    i -= req->ceiling != NULL;
    return i < inputs->nceilings ? &inputs->ceilings[i] : NULL;
}
/** The lowest of `level` and those of the ceilings (ceiling.c). */
enum core_level decide_ceilings_level(const struct policy_request *req,
                                      const struct reeve_inputs_view *inputs,
                                      enum core_level level);
/** Judge a request that is permitted by all links by each ceiling: false where one does not permit
 * it; else they raise its isolation. */
bool decide_ceilings(const struct deciding *d, const struct policy_request *req,
                     const struct verdict *v, struct policy_decision *out);
/** Where an entry of `subjects` gives `what` (a level, or "it"), and to whom. */
void explain_entry(const struct policy_image *image, const struct img_level *l, const char *what,
                   struct buf *out);
/** Whether a rule that is enforced is about this capability and subject at all, its condition,
 * resource and time apart; fills in how well (explain.c). */
bool explain_is_about(const struct deciding *d, const struct eval_found *f,
                      const struct img_entry *e, struct standing *at);
/** Each thing by which a rule does not match, in words; `unknown`: it could not be judged. */
typedef void explain_fault_fn(void *state, bool unknown, struct str sentence);
void explain_faults(const struct deciding *d, uint32_t rule, explain_fault_fn *fn, void *state);
/** Why a ceiling did not permit it, as a sentence. */
void explain_ceiling(const struct deciding *d, const struct policy_decision *decision,
                     struct buf *out);

/** What the inputs say has been spent of one thing that a budget counts; false, and 0: unknown. */
bool policy_spent_of(const struct deciding *d, uint32_t budget, unsigned counted, uint64_t *out);

/** Add to a list without duplicates; false when it is full. */
bool policy_list_add(struct policy_list *list, uint32_t value);
bool policy_list_add_sorted(struct policy_list *list, uint32_t value);

/** Whether links of two decisions, of the same or of two images, may have the same (grant.c). */
bool policy_link_same(const struct policy_image *ia, const struct policy_link *a,
                      const struct policy_image *ib, const struct policy_link *b);
/** Whether two requires cut to the same; neither grant is POLICY_NONE. */
bool policy_cut_same(const struct policy_image *ia, uint32_t a, const struct policy_image *ib,
                     uint32_t b);

#endif
