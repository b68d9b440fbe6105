/*
 * The decision: level, deny, pure, ask, allow, full, default, in this order and no other; then what
 * holds it, budgets, and the same for each parent. A pure function of image, request and inputs
 * over the image's tables; no clock, no lock, no allocation but that of value_scratch_of_thread.
 */
#include "policy/decide.h"

static enum tri value_by(const struct eval *eval, const struct img_entry *e)
{
    enum tri value = e->condition == POLICY_NONE ? TRI_TRUE : eval_condition(eval, e->condition);
    if (value == TRI_TRUE && e->strength & IMAGE_TEMPLATES &&
        !eval_templates_hold(eval, image_rules(eval->image)[e->rule].grant))
        return TRI_UNKNOWN;
    return value;
}

static enum tri judge_rule(const struct deciding *d, const struct img_entry *e)
{
    if (d->note)
        decide_note(d, e->rule);
    enum tri value = value_by(&d->eval, e);
    if (!d->req->passed || !decide_sees_passed(d, e->rule))
        return value;
    const struct eval passed = decide_eval_passed(d);
    return value_by(&passed, e) == value ? value : TRI_UNKNOWN;
}

/* A rule is found under each of its patterns. Its second judgement would cost what the first did,
 * and could find nothing left to spend, and so another answer. */
enum tri decide_value(const struct deciding *d, const struct img_entry *e)
{
    struct eval_memo *memo = d->eval.memo;
    uint32_t slot = e->rule % EVAL_MEMO;
    if (!memo)
        return judge_rule(d, e);
    if (memo->rule[slot] != e->rule) {
        memo->judged[slot] = (uint8_t)judge_rule(d, e);
        memo->rule[slot] = e->rule;
    }
    return (enum tri)memo->judged[slot];
}

static bool selects(const struct deciding *d, const struct img_entry *e)
{
    return !(e->strength & IMAGE_SELECTS) ||
           eval_selects(&d->eval, &d->effects, d->shadow, &image_rules(d->image)[e->rule]);
}

struct standing decide_standing(const struct deciding *d, const struct eval_found *f,
                                const struct img_entry *e)
{
    return (struct standing){eval_pattern_key(d->image, f->text, e), UINT32_MAX,
                             e->strength & IMAGE_RANK, e->rule};
}

bool decide_fits(const struct deciding *d, const struct eval_found *f, const struct img_entry *e,
                 struct standing *s)
{
    if (e->pattern != POLICY_NONE && !eval_pattern_fits(&d->scan, e))
        return false;
    *s = decide_standing(d, f, e);
    s->subject = eval_entry_rank(&d->scan, e);
    return s->subject && selects(d, e);
}

static bool each_found(const struct deciding *d, enum policy_rule_kind kind, decide_each_fn *fn,
                       void *state)
{
    for (unsigned i = 0; i < d->scan.nfound; i++) {
        const struct eval_found *f = &d->scan.found[i];
        const struct img_entry *e = image_entries(d->image) + f->first;
        for (uint32_t k = 0; k < f->n && e[k].kind <= kind; k++)
            if (e[k].kind == kind && !fn(d, f, &e[k], state))
                return false;
    }
    return true;
}

void decide_each(struct deciding *d, enum policy_rule_kind kind, decide_each_fn *fn, void *state)
{
    bool is_short = eval_scan_is_short(&d->scan);
    uint32_t kinds = is_short ? d->scan.kinds : image_head(d->image)->kinds;
    if (!(kinds >> kind & 1))
        return;
    if (is_short) {
        (void)each_found(d, kind, fn, state);
        return;
    }
    eval_scan_restart(&d->scan);
    while (eval_scan_next(&d->scan))
        if (!each_found(d, kind, fn, state))
            return;
}

/* A deny holds unless it is false; an allow only when it is true and its grant can be written down.
 */
static bool consider(const struct deciding *d, const struct eval_found *f,
                     const struct img_entry *e, void *state)
{
    struct standing *best = state, s = decide_standing(d, f, e);
    if (!decide_precedes(&s, best))
        return true; /* not even with the best of subjects */
    if (e->pattern != POLICY_NONE && !eval_pattern_fits(&d->scan, e))
        return true;
    s.subject = eval_entry_rank(&d->scan, e);
    if (!s.subject || !decide_precedes(&s, best) || !selects(d, e))
        return true;
    enum tri value = decide_value(d, e);
    if (e->kind == RULE_DENY ? value != TRI_FALSE : value == TRI_TRUE)
        *best = s;
    return true;
}

static uint32_t best_rule(struct deciding *d, enum policy_rule_kind kind)
{
    struct standing best = {.rule = POLICY_NONE};
    decide_each(d, kind, consider, &best);
    return best.rule;
}

/* ---- levels ---- */

static void set_level(const struct policy_image *image, const struct eval_subject *subject,
                      const struct policy_request *req, struct verdict *v)
{
    const struct img_level *l = eval_level(image, subject);
    int32_t otherwise = image_head(image)->default_level;
    int level = l ? l->level : otherwise < 0 ? CORE_LEVEL_PURE : otherwise;
    v->capped = req->level > level;
    if (req->level >= 0 && req->level < level)
        level = req->level;
    v->level = (enum core_level)level;
}

struct policy_request decide_as(const struct policy_request *req,
                                const struct reeve_inputs_view *inputs, uint32_t link)
{
    struct policy_request as = *req;
    if (link == 0 || link > inputs->nchain)
        return as;
    const struct policy_subject *parent = &inputs->chain[link - 1];
    as.subject = parent->text;
    as.subject_properties = (struct policy_value){0};
    if (parent->properties && json_root(parent->properties))
        as.subject_properties =
            (struct policy_value){parent->properties, json_root(parent->properties)};
    return as;
}

void decide_start(struct deciding *d, const struct policy_image *image,
                  const struct policy_request *req, const struct reeve_inputs_view *inputs,
                  uint32_t link, bool shadow)
{
    d->image = image;
    d->req = req;
    d->inputs = inputs;
    d->link = link;
    d->shadow = shadow;
    d->spent_of = image;
    d->patterns = VALUE_REGEX_BUDGET;
    d->note = NULL;
    d->judged = NULL;
    d->eval = (struct eval){.image = image, .req = req, .inputs = inputs, .patterns = &d->patterns};
    d->eval.subject = eval_subject_of(image, req->subject);
    eval_scan_begin(&d->scan, image, req->capability, d->eval.subject);
}

/* What a decision needs beside the candidates: class and effects of the capability, the level. */
static void know(struct deciding *d, struct verdict *v)
{
    struct policy_capability entry;
    eval_capability(d->image, &d->eval.subject, d->req->capability, d->req->entry, &entry);
    v->klass = entry.klass;
    uint32_t restricted = entry.known && entry.effects ? entry.effects : UINT32_MAX;
    d->effects = (struct eval_effects){
        .permitted = entry.effects,
        .outside = entry.outside,
        .restricted = restricted,
        .restricted_outside = restricted | (entry.outside ? entry.outside : UINT32_MAX),
        .scope = entry.scope};
    set_level(d->image, &d->eval.subject, d->req, v);
    d->eval.level = v->level;
}

void decide_begin(struct deciding *d, const struct policy_image *image,
                  const struct policy_request *req, const struct reeve_inputs_view *inputs,
                  uint32_t link, bool shadow, struct verdict *v)
{
    decide_start(d, image, req, inputs, link, shadow);
    (void)eval_scan_next(&d->scan);
    know(d, v);
}

/* ---- one link ---- */

static void permit(struct deciding *d, uint32_t rule, enum core_effect effect, struct verdict *v)
{
    const struct img_rule *r = &image_rules(d->image)[rule];
    v->effect = effect;
    v->rule = rule;
    v->grant = r->grant;
    v->isolation = (enum core_rank)r->isolation;
    if (effect == CORE_EFFECT_ASK && r->grant == POLICY_NONE) {
        uint32_t allow = best_rule(d, RULE_ALLOW);
        if (allow != POLICY_NONE) {
            v->grant = image_rules(d->image)[allow].grant;
            v->isolation = (enum core_rank)image_rules(d->image)[allow].isolation;
        }
    }
}

/* What permits, if anything does. */
static void choose(struct deciding *d, const struct asks *asks, struct verdict *v)
{
    uint32_t allow = asks->best == POLICY_NONE ? best_rule(d, RULE_ALLOW) : POLICY_NONE;
    if (asks->best != POLICY_NONE) {
        permit(d, asks->best, CORE_EFFECT_ASK, v);
    } else if (allow != POLICY_NONE) {
        permit(d, allow, CORE_EFFECT_ALLOW, v);
    } else if (v->level == CORE_LEVEL_FULL) {
        v->effect = CORE_EFFECT_ALLOW;
        v->rule = POLICY_RULE_FULL;
        v->everything = true;
    } else {
        v->rule = POLICY_RULE_DEFAULT;
    }
    if (v->effect != CORE_EFFECT_DENY && v->level == CORE_LEVEL_CONTROLLED &&
        v->klass == CORE_CLASS_DANGEROUS && v->isolation < CORE_RANK_PROCESS)
        v->isolation = CORE_RANK_PROCESS;
}

static void clear(struct verdict *v)
{
    v->effect = CORE_EFFECT_DENY;
    v->grant = POLICY_NONE;
    v->isolation = CORE_RANK_NONE;
    v->everything = false;
    v->labels = v->budgets = v->warned = 0;
    v->requires.n = v->approvals.n = v->obligations.n = v->cuts.n = 0;
}

/* A deny says nothing but itself. */
static void deny(const struct deciding *d, uint32_t rule, struct verdict *v)
{
    clear(v);
    v->rule = rule;
    decide_obligations(d, rule, &v->obligations);
}

static void judge(struct deciding *d, struct verdict *v)
{
    clear(v);
    uint32_t denied = best_rule(d, RULE_DENY);
    if (denied != POLICY_NONE) {
        deny(d, denied, v);
        return;
    }
    if (v->level == CORE_LEVEL_PURE && v->klass != CORE_CLASS_PURE) {
        v->rule = POLICY_RULE_PURE;
        return;
    }
    struct asks asks;
    decide_asks(d, &asks);
    choose(d, &asks, v);
    if (v->effect == CORE_EFFECT_DENY)
        return;
    decide_hold_it(d, &asks, v);
    if (v->effect != CORE_EFFECT_DENY)
        decide_budgets(d, v);
    if (v->effect == CORE_EFFECT_DENY)
        deny(d, v->rule, v);
}

/* ---- the chain ---- */

static bool merge(struct policy_list *out, const struct policy_list *more, bool sorted)
{
    bool fits = true;
    for (uint32_t i = 0; i < more->n; i++)
        fits = (sorted ? policy_list_add_sorted : policy_list_add)(out, more->v[i]) && fits;
    return fits;
}

static bool merge_cuts(struct policy_cuts *out, const struct policy_list *more, uint32_t link)
{
    if (more->n > POLICY_MAX_HELD - out->n)
        return false;
    for (uint32_t i = 0; i < more->n; i++) {
        out->v[out->n].rule = more->v[i];
        out->v[out->n++].link = link;
    }
    return true;
}

static int strictness(enum core_effect effect)
{
    return effect == CORE_EFFECT_DENY ? 2 : effect == CORE_EFFECT_ASK;
}

static void begin_answer(struct policy_decision *out, const struct verdict *v)
{
    out->effect = v->effect;
    out->rule = v->rule;
    out->level = v->level;
    out->klass = v->klass;
    out->isolation = v->isolation;
    out->level_capped = v->capped;
    out->grant = v->grant;
    out->strictest = 0;
    out->labels = v->labels;
    out->budgets = v->budgets;
    out->warned = v->warned;
    out->nlinks = 1;
    out->requires.n = out->approvals.n = out->obligations.n = out->cuts.n = 0;
    out->shadow.differs = false;
    out->shadow.effect = v->effect;
    out->shadow.rule = v->rule;
    out->shadow.grant = v->grant;
    out->shadow.isolation = v->isolation;
}

static bool add_link(struct policy_decision *out, const struct verdict *v, uint32_t link)
{
    out->link[link] = (struct policy_link){v->grant, v->everything, (uint8_t)v->level};
    out->nlinks = link + 1;
    if (strictness(v->effect) > strictness(out->effect)) {
        out->effect = v->effect;
        out->rule = v->rule;
        out->strictest = link;
    }
    if (v->isolation > out->isolation)
        out->isolation = v->isolation;
    out->labels |= v->labels;
    out->budgets |= v->budgets;
    out->warned |= v->warned;
    return merge_cuts(&out->cuts, &v->cuts, link) && merge(&out->requires, &v->requires, true) &&
           merge(&out->approvals, &v->approvals, false) &&
           merge(&out->obligations, &v->obligations, false);
}

/* Nothing of what would have held it is left of what was denied. */
static void end_in_deny(struct policy_decision *out, const struct verdict *v)
{
    out->effect = CORE_EFFECT_DENY;
    out->isolation = CORE_RANK_NONE;
    out->grant = POLICY_NONE;
    out->labels = out->budgets = out->warned = 0;
    out->requires.n = out->approvals.n = out->cuts.n = 0;
    out->obligations.n = v->obligations.n;
    memcpy(out->obligations.v, v->obligations.v, v->obligations.n * sizeof v->obligations.v[0]);
}

/* The lowest of `level`, of the parents from `from` on, and of the ceilings. */
static enum core_level lowest_level(const struct policy_image *image,
                                    const struct policy_request *req,
                                    const struct reeve_inputs_view *inputs, uint32_t from,
                                    enum core_level level)
{
    for (uint32_t i = from; i < inputs->nchain; i++) {
        struct eval_subject parent = eval_subject_of(image, inputs->chain[i].text);
        struct verdict v;
        set_level(image, &parent, req, &v);
        level = v.level < level ? v.level : level;
    }
    return decide_ceiling(req, inputs, 0) ? decide_ceilings_level(req, inputs, level) : level;
}

/* What the policy names is valid. */
static bool is_valid_subject(const struct eval_subject *s)
{
    return s->index != POLICY_NONE || policy_subject_valid(s->text);
}

/* From one link to the next, whose request `req` is: it differs in who asks, and with that in which
 * delegated files may say something of the capability. */
static void go_up(struct deciding *d, const struct policy_request *req, struct verdict *v)
{
    d->link++;
    d->req = d->eval.req = req;
    d->eval.subject = eval_subject_of(d->image, req->subject);
    eval_scan_for(&d->scan, d->eval.subject);
    (void)eval_scan_next(&d->scan);
    if (d->image->section[IMAGE_scopes].count) {
        know(d, v);
        return;
    }
    set_level(d->image, &d->eval.subject, req, v);
    d->eval.level = v->level;
}

static int judge_links(struct deciding *d, struct policy_decision *out)
{
    const struct policy_image *image = d->image;
    const struct policy_request *req = d->req;
    const struct reeve_inputs_view *inputs = d->inputs;
    struct policy_request as;
    struct eval_memo memo;
    struct verdict v;
    bool fits = true;
    if (!is_valid_subject(&d->eval.subject))
        return REEVE_EINVAL;
    know(d, &v);
    const struct eval_effects effects = d->effects;
    enum core_level level = v.level;
    d->eval.memo = &memo;
    for (uint32_t link = 0; link <= inputs->nchain; link++) {
        if (link > 0) {
            as = decide_as(req, inputs, link);
            go_up(d, &as, &v);
        }
        level = v.level < level ? v.level : level;
        eval_remember(&memo);
        judge(d, &v);
        if (link == 0)
            begin_answer(out, &v);
        fits = add_link(out, &v, link) && fits;
        if (v.effect == CORE_EFFECT_DENY) {
            out->level = lowest_level(image, req, inputs, link, level);
            end_in_deny(out, &v);
            return REEVE_OK;
        }
    }
    out->level = lowest_level(image, req, inputs, inputs->nchain, level);
    d->effects = effects; /* ceilings judge what the subject is about to do */
    v.klass = out->klass;
    bool permitted = fits && (!decide_ceiling(req, inputs, 0) || decide_ceilings(d, req, &v, out));
    if (!permitted) {
        v.obligations.n = 0;
        end_in_deny(out, &v);
        out->rule = fits ? POLICY_RULE_CEILING : POLICY_RULE_BOUND;
        out->strictest = 0;
    }
    return REEVE_OK;
}

/* What the links' requests and what was remembered of them were ends here. */
int decide_links(struct deciding *d, struct policy_decision *out)
{
    const struct policy_request *req = d->req;
    int rc = judge_links(d, out);
    d->req = d->eval.req = req;
    d->eval.memo = NULL;
    return rc;
}

int decide_all(const struct policy_image *image, const struct policy_image *spent_of,
               const struct policy_request *req, const struct reeve_inputs_view *inputs,
               bool shadow, struct policy_decision *out)
{
    struct deciding d;
    decide_start(&d, image, req, inputs, 0, shadow);
    d.spent_of = spent_of;
    (void)eval_scan_next(&d.scan);
    return decide_links(&d, out);
}

bool decide_is_valid(const struct policy_request *req, const struct reeve_inputs_view *inputs)
{
    bool good = req->capability.n > 0 && req->capability.n <= POLICY_MAX_NAME &&
                req->level < CORE_LEVEL_COUNT &&
                (!req->resource.n || policy_subject_valid(req->resource)) &&
                inputs->nchain <= POLICY_MAX_PARENTS && inputs->nceilings <= POLICY_MAX_PARENTS;
    for (uint32_t i = 0; good && i < inputs->nchain; i++)
        good = policy_subject_valid(inputs->chain[i].text);
    return good;
}

/* The enforced answer, and no other beside it. */
static int enforced(struct deciding *d, struct policy_decision *out)
{
    int rc = decide_links(d, out);
    if (rc != REEVE_OK)
        return rc;
    out->shadow.effect = out->effect;
    out->shadow.rule = out->rule;
    out->shadow.grant = out->grant;
    out->shadow.isolation = out->isolation;
    return REEVE_OK;
}

int decide_enforced(const struct policy_image *image, const struct policy_request *req,
                    const struct reeve_inputs_view *inputs, struct policy_decision *out)
{
    struct deciding d;
    if (!decide_is_valid(req, inputs))
        return REEVE_EINVAL;
    decide_start(&d, image, req, inputs, 0, false);
    (void)eval_scan_next(&d.scan);
    return enforced(&d, out);
}

int decide_found(struct deciding *d, struct policy_decision *out)
{
    int rc = enforced(d, out);
    return rc == REEVE_OK && image_head(d->image)->nshadow
               ? decide_beside(d->image, d->image, d->req, d->inputs, out)
               : rc;
}

int policy_decide(const struct policy_image *image, const struct policy_request *req,
                  const struct reeve_inputs_view *inputs, struct policy_decision *out)
{
    struct deciding d;
    if (!decide_is_valid(req, inputs))
        return REEVE_EINVAL;
    decide_start(&d, image, req, inputs, 0, false);
    (void)eval_scan_next(&d.scan);
    return decide_found(&d, out);
}
