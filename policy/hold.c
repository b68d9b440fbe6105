/*
 * What holds a request that something permits: asks of every file, requires, and what both bring of
 * approvals, labels, obligations and isolation. They permit nothing.
 */
#include "policy/decide.h"

bool policy_list_add(struct policy_list *list, uint32_t value)
{
    for (uint32_t i = 0; i < list->n; i++)
        if (list->v[i] == value)
            return true;
    if (list->n == POLICY_MAX_HELD)
        return false;
    list->v[list->n++] = value;
    return true;
}

bool policy_list_add_sorted(struct policy_list *list, uint32_t value)
{
    uint32_t at = list->n;
    while (at > 0 && list->v[at - 1] > value)
        at--;
    if (at > 0 && list->v[at - 1] == value)
        return true;
    if (list->n == POLICY_MAX_HELD)
        return false;
    memmove(&list->v[at + 1], &list->v[at], (list->n - at) * sizeof list->v[0]);
    list->v[at] = value;
    list->n++;
    return true;
}

/* ---- asks ---- */

#define MAX_SCOPES 64u

/* The best true ask of one file. */
struct scope {
    uint32_t id;
    struct standing asks;
};
/* An ask that cannot be judged. */
struct gate {
    uint32_t scope; /* its file */
    struct standing at;
};
struct scopes {
    uint32_t n, ngates;
    bool too_many;
    struct scope all[MAX_SCOPES]; /* what is behind `n` is not filled in */
    struct gate gates[POLICY_MAX_HELD];
};

static struct scope *scope_of(struct scopes *s, uint32_t id)
{
    for (uint32_t i = 0; i < s->n; i++)
        if (s->all[i].id == id)
            return &s->all[i];
    if (s->n == MAX_SCOPES)
        return NULL;
    s->all[s->n] = (struct scope){id, {.rule = POLICY_NONE}};
    return &s->all[s->n++];
}

/* A true ask closes its file to what it precedes. */
static bool is_closed(const struct scopes *s, const struct gate *g)
{
    for (uint32_t i = 0; i < s->n; i++)
        if (s->all[i].id == g->scope && decide_precedes(&s->all[i].asks, &g->at))
            return true;
    return false;
}

/* Within one file only the most specific is answered: the best true one, and each before it that
 * cannot be judged, since any of these might be the one. */
static void sort_out(const struct scopes *s, struct asks *out)
{
    const struct standing *best = NULL;
    for (uint32_t i = 0; i < s->n; i++) {
        const struct standing *true_ = &s->all[i].asks;
        out->too_many |= !policy_list_add_sorted(&out->answered, true_->rule);
        if (!best || decide_precedes(true_, best))
            best = true_;
    }
    for (uint32_t i = 0; i < s->ngates; i++)
        if (!is_closed(s, &s->gates[i]))
            out->too_many |= !policy_list_add_sorted(&out->answered, s->gates[i].at.rule);
    out->best = best ? best->rule : POLICY_NONE;
}

static void keep_ask(struct scopes *s, uint32_t id, const struct standing *at)
{
    struct scope *of = scope_of(s, id);
    s->too_many |= !of;
    if (of && (of->asks.rule == POLICY_NONE || decide_precedes(at, &of->asks)))
        of->asks = *at;
}

/* A rule is found under each of its patterns; the best counts. */
static void keep_gate(struct scopes *s, uint32_t id, const struct standing *at)
{
    for (uint32_t i = 0; i < s->ngates; i++)
        if (s->gates[i].at.rule == at->rule) {
            if (decide_precedes(at, &s->gates[i].at))
                s->gates[i].at = *at;
            return;
        }
    if (s->ngates < POLICY_MAX_HELD)
        s->gates[s->ngates++] = (struct gate){id, *at};
    else
        s->too_many = true;
}

static bool consider_ask(const struct deciding *d, const struct eval_found *f,
                         const struct img_entry *e, void *state)
{
    struct standing s;
    if (!decide_fits(d, f, e, &s))
        return true;
    enum tri value = decide_value(d, e);
    if (value != TRI_FALSE)
        (value == TRI_TRUE ? keep_ask : keep_gate)(state, decide_hold(d->image, e->rule)->scope,
                                                   &s);
    return true;
}

void decide_asks(struct deciding *d, struct asks *out)
{
    struct scopes scopes;
    scopes.n = scopes.ngates = 0;
    scopes.too_many = false;
    decide_each(d, RULE_ASK, consider_ask, &scopes);
    out->answered.n = 0;
    out->too_many = scopes.too_many;
    sort_out(&scopes, out);
}

/* ---- requires ---- */

struct collected {
    struct policy_list *list;
    bool fits;
};

static bool collect_require(const struct deciding *d, const struct eval_found *f,
                            const struct img_entry *e, void *state)
{
    struct collected *c = state;
    struct standing s;
    if (decide_fits(d, f, e, &s) && decide_value(d, e) != TRI_FALSE)
        c->fits = policy_list_add_sorted(c->list, e->rule);
    return c->fits;
}

static bool collect_requires(struct deciding *d, struct policy_list *out)
{
    struct collected c = {out, true};
    decide_each(d, RULE_REQUIRE, collect_require, &c);
    return c.fits;
}

static bool add_obligations(const struct policy_image *image, const struct img_hold *h,
                            struct policy_list *out)
{
    bool fits = true;
    for (uint32_t i = 0; h && i < h->nobligations; i++)
        fits = policy_list_add(out, image_refs(image)[h->obligations + i]) && fits;
    return fits;
}

void decide_obligations(const struct deciding *d, uint32_t rule, struct policy_list *out)
{
    (void)add_obligations(d->image, decide_hold(d->image, rule), out); /* a rule's own always fit */
}

static bool add_approval(const struct img_hold *h, struct policy_list *out)
{
    return !h || h->approval == POLICY_NONE || policy_list_add(out, h->approval);
}

static bool apply(const struct policy_image *image, uint32_t require, struct verdict *v)
{
    const struct img_hold *h = decide_hold(image, require);
    if (h->isolation > (uint32_t)v->isolation)
        v->isolation = (enum core_rank)h->isolation;
    v->labels |= h->labels;
    return add_approval(h, &v->approvals) && add_obligations(image, h, &v->obligations);
}

/* An ask that is answered and not named holds as a require does, by all that it would have brought:
 * who asks must not be rid of it by what makes its condition unknown, nor the root's ask by that of
 * a team which is more specific. */
static bool hold_by_ask(const struct policy_image *image, uint32_t ask, struct verdict *v)
{
    const struct img_rule *r = &image_rules(image)[ask];
    const struct img_hold *h = decide_hold(image, ask);
    if (ask == v->rule)
        return true;
    v->labels |= h->labels;
    if (r->isolation > (uint32_t)v->isolation)
        v->isolation = (enum core_rank)r->isolation;
    return add_obligations(image, h, &v->obligations) &&
           (r->grant == POLICY_NONE || policy_list_add(&v->cuts, ask)) &&
           policy_list_add_sorted(&v->requires, ask);
}

void decide_hold_it(struct deciding *d, const struct asks *asks, struct verdict *v)
{
    const struct img_hold *own = decide_hold(d->image, v->rule);
    bool fits = !asks->too_many && add_obligations(d->image, own, &v->obligations) &&
                collect_requires(d, &v->requires);
    if (own) {
        v->labels |= own->labels;
        fits = fits && add_approval(own, &v->approvals);
    }
    for (uint32_t i = 0; fits && i < asks->answered.n; i++)
        fits = add_approval(decide_hold(d->image, asks->answered.v[i]), &v->approvals);
    for (uint32_t i = 0; fits && i < v->requires.n; i++)
        fits = apply(d->image, v->requires.v[i], v);
    for (uint32_t i = 0; fits && i < asks->answered.n; i++)
        fits = hold_by_ask(d->image, asks->answered.v[i], v);
    if (!fits) {
        v->effect = CORE_EFFECT_DENY;
        v->rule = POLICY_RULE_BOUND;
    } else if (v->approvals.n) {
        v->effect = CORE_EFFECT_ASK;
    }
}
