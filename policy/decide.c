/*
 * The decision: level, deny, pure, allow, full, default, in this order and no other. A pure
 * function of image and request over the image's tables; no allocation, no clock, no lock.
 */
#include "policy/eval.h"

/* What is carried through one decision. */
struct deciding {
    const struct policy_image *image;
    const struct policy_request *req;
    struct eval eval;
    struct eval_scan scan;
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
static bool holds(const struct deciding *d, const struct img_entry *e)
{
    enum tri value =
        e->condition == POLICY_NONE ? TRI_TRUE : eval_condition(&d->eval, e->condition);
    if (e->klass == IMAGE_CLASS_DENY)
        return value != TRI_FALSE;
    return value == TRI_TRUE &&
           (!(e->strength & IMAGE_TEMPLATES) ||
            eval_templates_hold(d->image, d->req, image_rules(d->image)[e->rule].grant));
}

static void consider(const struct deciding *d, const struct eval_found *f,
                     const struct img_entry *e, struct standing *best)
{
    struct standing s = {eval_pattern_key(d->image, f->text, e), UINT32_MAX,
                         e->strength & ~IMAGE_TEMPLATES, e->rule};
    if (!precedes(&s, best))
        return; /* not even with the best of subjects */
    if (e->pattern != POLICY_NONE && !eval_pattern_fits(&d->scan, e))
        return;
    s.subject = eval_entry_rank(&d->scan, e);
    if (s.subject && precedes(&s, best) && holds(d, e))
        *best = s;
}

static void consider_found(const struct deciding *d, enum image_class klass, struct standing *best)
{
    for (unsigned i = 0; i < d->scan.nfound; i++) {
        const struct eval_found *f = &d->scan.found[i];
        const struct img_entry *e = image_entries(d->image) + f->first;
        for (uint32_t k = 0; k < f->n && e[k].klass <= klass; k++)
            if (e[k].klass == klass)
                consider(d, f, &e[k], best);
    }
}

static uint32_t best_rule(struct deciding *d, enum image_class klass)
{
    struct standing best = {.rule = POLICY_NONE};
    if (eval_scan_is_short(&d->scan)) {
        consider_found(d, klass, &best);
        return best.rule;
    }
    eval_scan_restart(&d->scan);
    while (eval_scan_next(&d->scan))
        consider_found(d, klass, &best);
    return best.rule;
}

static void set_level(const struct deciding *d, struct policy_decision *out)
{
    const struct img_level *l = eval_level(d->image, &d->scan.subject);
    int32_t otherwise = image_head(d->image)->default_level;
    int level = l ? l->level : otherwise < 0 ? CORE_LEVEL_PURE : otherwise;
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
        req->level >= CORE_LEVEL_COUNT)
        return REEVE_EINVAL;
    struct eval_subject subject = eval_subject_of(image, req->subject);
    if (subject.index == POLICY_NONE && !policy_subject_valid(req->subject))
        return REEVE_EINVAL; /* what the policy names is valid */
    struct deciding d;       /* large: what is not filled in is not read */
    d.image = image;
    d.req = req;
    eval_scan_begin(&d.scan, image, req->capability, subject);
    (void)eval_scan_next(&d.scan);
    *out = (struct policy_decision){.grant = UINT32_MAX,
                                    .klass = req->entry ? req->entry->klass : CORE_CLASS_DANGEROUS};
    set_level(&d, out);
    d.eval = (struct eval){image, req, inputs, subject, out->level};
    answer(out, CORE_EFFECT_DENY, best_rule(&d, IMAGE_CLASS_DENY));
    if (out->rule != POLICY_NONE)
        return REEVE_OK;
    if (out->level == CORE_LEVEL_PURE && out->klass != CORE_CLASS_PURE) {
        answer(out, CORE_EFFECT_DENY, POLICY_RULE_PURE);
        return REEVE_OK;
    }
    uint32_t allow = best_rule(&d, IMAGE_CLASS_ALLOW);
    if (allow != POLICY_NONE)
        permit(&d, allow, out);
    else if (out->level == CORE_LEVEL_FULL)
        answer(out, CORE_EFFECT_ALLOW, POLICY_RULE_FULL);
    else
        answer(out, CORE_EFFECT_DENY, POLICY_RULE_DEFAULT);
    return REEVE_OK;
}
