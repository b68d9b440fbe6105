/*
 * The decision: level, deny, pure, allow, full, default, in this order and no other. A pure
 * function of image and request over the image's tables; no allocation, no clock, no lock.
 */
#include "policy/eval.h"

/* What is carried through one decision. */
struct deciding {
    const struct policy_image *image;
    const struct policy_request *req;
    struct eval_subject subject;
    struct eval eval;
    const struct img_lookup *lookup[EVAL_MAX_LOOKUPS];
    unsigned nlookups;
};

/* How far a matching rule precedes others: compared from the top. A rule's index is the order of
 * its id. */
struct standing {
    uint64_t key;
    uint32_t subject, isolation, rule;
};

static bool precedes(const struct standing *a, const struct standing *b)
{
    if (a->key != b->key)
        return a->key > b->key;
    if (a->subject != b->subject)
        return a->subject > b->subject;
    if (a->isolation != b->isolation)
        return a->isolation > b->isolation;
    return a->rule < b->rule;
}

/* A deny holds unless it is false; an allow only when it is true and its grant can be written down.
 */
static bool holds(const struct deciding *d, const struct img_rule *rule)
{
    enum tri value =
        rule->condition == POLICY_NONE ? TRI_TRUE : eval_condition(&d->eval, rule->condition);
    if (rule->effect == CORE_EFFECT_DENY)
        return value != TRI_FALSE;
    return value == TRI_TRUE && eval_templates_hold(d->image, d->req, rule->grant);
}

static void consider(const struct deciding *d, const struct img_entry *e, struct standing *best)
{
    const struct img_rule *rule = &image_rules(d->image)[e->rule];
    struct standing s = {e->key, UINT32_MAX, rule->isolation, e->rule};
    if (!precedes(&s, best))
        return; /* not even with the best of subjects */
    if (e->pattern.n &&
        !policy_capability_matches(image_str(d->image, e->pattern), d->req->capability))
        return;
    s.subject = eval_subject_rank(d->image, &d->subject, rule);
    if (s.subject && precedes(&s, best) && holds(d, rule))
        *best = s;
}

static uint32_t best_rule(const struct deciding *d, enum core_effect effect)
{
    struct standing best = {.rule = POLICY_NONE};
    for (unsigned i = 0; i < d->nlookups; i++) {
        const struct img_lookup *l = d->lookup[i];
        const struct img_entry *e = image_entries(d->image) + l->first;
        uint32_t n = l->ndeny;
        if (effect == CORE_EFFECT_ALLOW) {
            e += l->ndeny;
            n = l->nallow;
        }
        for (uint32_t k = 0; k < n; k++)
            consider(d, &e[k], &best);
    }
    return best.rule;
}

static void set_level(const struct deciding *d, struct policy_decision *out)
{
    const struct img_level *l = eval_level(d->image, &d->subject);
    int level = l                             ? l->level
                : d->image->default_level < 0 ? CORE_LEVEL_PURE
                                              : d->image->default_level;
    out->level_capped = d->req->level > level;
    if (d->req->level >= 0 && d->req->level < level)
        level = d->req->level;
    out->level = (enum core_level)level;
}

static void answer(struct policy_decision *out, enum core_effect effect, uint32_t rule)
{
    out->effect = effect;
    out->rule = rule;
}

static void permit(const struct deciding *d, uint32_t rule, struct policy_decision *out)
{
    const struct img_rule *r = &image_rules(d->image)[rule];
    answer(out, CORE_EFFECT_ALLOW, rule);
    out->grant = r->grant;
    out->isolation = (enum core_rank)r->isolation;
    if (out->level == CORE_LEVEL_CONTROLLED && out->klass == CORE_CLASS_DANGEROUS &&
        out->isolation < CORE_RANK_PROCESS)
        out->isolation = CORE_RANK_PROCESS;
}

int policy_decide(const struct policy_image *image, const struct policy_request *req,
                  const struct reeve_inputs_view *inputs, struct policy_decision *out)
{
    if (req->capability.n == 0 || req->capability.n > POLICY_MAX_NAME ||
        !policy_subject_valid(req->subject) || req->level >= CORE_LEVEL_COUNT)
        return REEVE_EINVAL;
    struct deciding d = {
        .image = image, .req = req, .subject = eval_subject_of(image, req->subject)};
    d.nlookups = eval_lookups(image, req->capability, d.lookup);
    *out = (struct policy_decision){.grant = UINT32_MAX,
                                    .klass = req->entry ? req->entry->klass : CORE_CLASS_DANGEROUS};
    set_level(&d, out);
    d.eval = (struct eval){image, req, inputs, d.subject, out->level};
    answer(out, CORE_EFFECT_DENY, best_rule(&d, CORE_EFFECT_DENY));
    if (out->rule != POLICY_NONE)
        return REEVE_OK;
    if (out->level == CORE_LEVEL_PURE && out->klass != CORE_CLASS_PURE) {
        answer(out, CORE_EFFECT_DENY, POLICY_RULE_PURE);
        return REEVE_OK;
    }
    uint32_t allow = best_rule(&d, CORE_EFFECT_ALLOW);
    if (allow != POLICY_NONE)
        permit(&d, allow, out);
    else if (out->level == CORE_LEVEL_FULL)
        answer(out, CORE_EFFECT_ALLOW, POLICY_RULE_FULL);
    else
        answer(out, CORE_EFFECT_DENY, POLICY_RULE_DEFAULT);
    return REEVE_OK;
}
