/* The chain of parents, shadow rules, the nearest miss, and the whole as one text. See naive.h. */
#include <stdio.h>
#include <stdlib.h>

#include "naive_verdict.h"

#include "core/catalogue.h"

/* ---- the nearest miss ---- */

static unsigned failing(const struct naive_link *l, const struct m_rule *r, unsigned *unknown)
{
    unsigned n = 0;
    *unknown = 0;
    const struct m_condition *c = r->when ? r->when->first : NULL;
    for (; c; c = c->next) {
        n += naive_value(l, r, c) != NAIVE_TRUE;
        *unknown += naive_value(l, r, c) == NAIVE_UNKNOWN;
    }
    return n + !naive_grant_holds(l, r) + !naive_has_resource(l, r) + !naive_is_valid(l, r);
}

const struct m_rule *naive_nearest(const struct naive_link *l, unsigned *least, unsigned *unknown)
{
    const struct m_rule *near = NULL;
    for (uint32_t i = 0; i < l->m->nrules; i++) {
        const struct m_rule *r = &l->m->rules[i];
        unsigned u, n;
        if ((r->effect != RULE_ALLOW && r->effect != RULE_ASK) || r->shadow ||
            !naive_is_about(l, r))
            continue;
        n = failing(l, r, &u);
        if (!near || n < *least || (n == *least && naive_better(l, r, near))) {
            near = r;
            *least = n;
            *unknown = u;
        }
    }
    return near;
}

static void put_nearest(const struct naive_link *l, struct buf *out)
{
    unsigned least = 0, unknown = 0;
    const struct m_rule *near = naive_nearest(l, &least, &unknown);
    if (near)
        buf_printf(out, " nearest %.*s %u %u", (int)near->id.n, near->id.p, least, unknown);
}

/* ---- the chain ---- */

static int strictness(enum core_effect e)
{
    return e == CORE_EFFECT_DENY ? 2 : e == CORE_EFFECT_ASK;
}

void naive_decide(const struct naive_link *top, struct naive_whole *w)
{
    struct naive_link l = *top;
    w->n = w->strictest = 0;
    w->level = naive_ceilings_level(top);
    for (unsigned i = 0; i <= top->inputs->nchain; i++) {
        w->req[i] = *top->req;
        if (i) {
            const struct policy_subject *parent = &top->inputs->chain[i - 1];
            w->req[i].subject = parent->text;
            w->req[i].subject_properties = (struct policy_value){
                parent->properties, parent->properties ? json_root(parent->properties) : NULL};
        }
        l.req = &w->req[i];
        l.link = i;
        w->link[i] = naive_judge(&l);
        w->level = w->link[i].level < w->level ? w->link[i].level : w->level;
        w->n++;
        if (strictness(w->link[i].effect) > strictness(w->link[w->strictest].effect))
            w->strictest = i;
    }
    struct naive_verdict *a = &w->link[w->strictest];
    w->capped_off = a->effect != CORE_EFFECT_DENY && !naive_ceilings_permit(top, w->link[0].klass);
    if (w->capped_off) {
        a->effect = CORE_EFFECT_DENY;
        (void)snprintf(a->rule, sizeof a->rule, "reeve/ceiling");
        a->nobliged = 0;
    }
}

struct naive_link naive_strictest(const struct naive_link *top, const struct naive_whole *w)
{
    struct naive_link l = *top;
    l.link = w->strictest;
    l.req = &w->req[w->strictest];
    return l;
}

/* "group:a, u:b": as the image tells who approves. */
void naive_put_by(const struct m_approval *a, struct buf *out)
{
    const struct m_subject *sorted[8];
    for (uint32_t i = 0; i < a->by.n; i++) {
        uint32_t at = i;
        for (; at > 0 && str_cmp(a->by.v[i].text, sorted[at - 1]->text) < 0; at--)
            sorted[at] = sorted[at - 1];
        sorted[at] = &a->by.v[i];
    }
    for (uint32_t i = 0; i < a->by.n; i++)
        buf_printf(out, "%s%s%.*s", i ? ", " : "", sorted[i]->kind == SUBJECT_GROUP ? "group:" : "",
                   (int)sorted[i]->text.n, sorted[i]->text.p);
}

/* Lists as sets of texts: equal approvals are one. */
struct texts {
    struct buf v[4 * NAIVE_MANY];
    unsigned n;
};

static void keep(struct texts *t, struct buf *text)
{
    for (unsigned i = 0; i < t->n; i++)
        if (str_eq(buf_view(&t->v[i]), buf_view(text))) {
            buf_fini(text);
            return;
        }
    t->v[t->n++] = *text;
}

static void put_texts(struct texts *t, struct buf *out)
{
    for (unsigned i = 0; i < t->n; i++) {
        buf_z(out, i ? "; " : "");
        buf_str(out, buf_view(&t->v[i]));
        buf_fini(&t->v[i]);
    }
    t->n = 0;
}

static void put_approvals(const struct naive_whole *w, struct buf *out)
{
    struct texts t = {.n = 0};
    for (unsigned i = 0; i < w->n; i++)
        for (unsigned k = 0; k < w->link[i].napprovals; k++) {
            const struct m_approval *a = w->link[i].approvals[k];
            struct buf text = {0};
            buf_printf(&text, "%u %lld %d ", a->need, (long long)a->within_ns, a->covers);
            naive_put_by(a, &text);
            keep(&t, &text);
        }
    buf_z(out, " approvals ");
    put_texts(&t, out);
}

/* Of the links from `first` to before `end`: of a deny its own alone. */
static void put_obligations(const struct naive_whole *w, unsigned first, unsigned end,
                            struct buf *out)
{
    struct texts t = {.n = 0};
    for (unsigned i = first; i < end; i++)
        for (unsigned k = 0; k < w->link[i].nobliged; k++) {
            const struct m_rule *r = w->link[i].obliged[k];
            for (uint32_t o = 0; o < r->nobligations; o++) {
                struct buf text = {0};
                buf_str(&text, r->obligations[o].type);
                keep(&t, &text);
            }
        }
    buf_z(out, " obligations ");
    put_texts(&t, out);
}

static void put_labels(const struct model *m, const struct naive_whole *w, struct buf *out)
{
    buf_z(out, " labels");
    for (uint32_t n = 0; n < m->labels.n; n++) {
        bool has = false;
        for (unsigned i = 0; i < w->n; i++)
            for (unsigned k = 0; k < w->link[i].nlabelled; k++) {
                const struct m_names *l = &w->link[i].labelled[k]->labels;
                for (uint32_t x = 0; x < l->n; x++)
                    has = has || str_eq(l->v[x].text, m->labels.v[n].text);
            }
        if (has)
            buf_printf(out, " %.*s", (int)m->labels.v[n].text.n, m->labels.v[n].text.p);
    }
}

static void put_budgets(const struct model *m, const struct naive_whole *w, struct buf *out)
{
    for (unsigned what = 0; what < 2; what++) {
        buf_z(out, what ? " warned" : " budgets");
        for (uint32_t place = 0; place < m->nbudgets; place++)
            for (uint32_t b = 0; b < m->nbudgets; b++) {
                bool has = false;
                for (unsigned i = 0; i < w->n; i++)
                    has = has || (what ? w->link[i].warned[b] : w->link[i].budgets[b]);
                if (has && naive_place(m, b) == place)
                    buf_printf(out, " %u", place);
            }
    }
}

unsigned naive_requires(const struct naive_whole *w, const struct m_rule **out)
{
    unsigned n = 0;
    for (unsigned i = 0; i < w->n; i++)
        for (unsigned k = 0; k < w->link[i].nrequires; k++)
            NAIVE_ADD(out, n, w->link[i].requires[k]);
    qsort(out, n, sizeof *out, naive_by_id);
    return n;
}

static int isolation_of(const struct naive_link *top, const struct naive_whole *w)
{
    int isolation = naive_ceilings_isolation(top, w->link[0].klass);
    for (unsigned i = 0; i < w->n; i++)
        isolation = w->link[i].isolation > isolation ? w->link[i].isolation : isolation;
    return isolation;
}

static void put_grant(const struct naive_link *top, const struct naive_whole *w, struct buf *out)
{
    const struct m_rule *requires[NAIVE_MANY];
    struct naive_side sides[NAIVE_SIDES];
    unsigned n = naive_requires(w, requires), nsides = 0;
    for (unsigned i = 0; i < w->n; i++) {
        const struct naive_verdict *a = &w->link[i];
        sides[nsides++] = (struct naive_side){a->grant, w->req[i], a->level, a->everything, false};
        for (unsigned k = 0; k < a->ncuts; k++)
            sides[nsides++] =
                (struct naive_side){a->cuts[k]->grant, w->req[i], a->level, false, true};
    }
    if (nsides + n > NAIVE_SIDES)
        abort();
    naive_put_grant(top, sides, nsides, requires, n, out);
}

static void put_permitted(const struct naive_link *top, const struct naive_whole *w,
                          struct buf *out)
{
    const struct model *m = top->m;
    const struct m_rule *requires[NAIVE_MANY];
    unsigned n = naive_requires(w, requires);
    buf_printf(out, " isolation %d requires", isolation_of(top, w));
    for (unsigned i = 0; i < n; i++)
        buf_printf(out, " %.*s", (int) requires[i] -> id.n, requires[i] -> id.p);
    put_approvals(w, out);
    put_labels(m, w, out);
    put_budgets(m, w, out);
    put_grant(top, w, out);
}

void naive_answer(const struct model *m, const struct policy_request *req,
                  const struct reeve_inputs_view *inputs, struct naive_answer *out)
{
    struct naive_link top = {m, req, inputs, 0, false};
    naive_decide(&top, &out->enforced);
    top.shadow = true;
    naive_decide(&top, &out->shadow);
    out->top = (struct naive_link){m, req, inputs, 0, false};
}

void naive_put(const struct naive_answer *all, struct buf *out)
{
    const struct naive_whole *w = &all->enforced, *shadow = &all->shadow;
    const struct naive_verdict *a = &w->link[w->strictest];
    const struct naive_link l = naive_strictest(&all->top, w);
    bool denied = a->effect == CORE_EFFECT_DENY;
    buf_printf(out, "%s %s level %d%s class %d", core_effect_name(a->effect), a->rule, w->level,
               w->link[0].capped ? " capped" : "", w->link[0].klass);
    if (!denied)
        put_permitted(&all->top, w, out);
    put_obligations(w, denied ? w->strictest : 0, denied ? w->strictest + 1 : w->n, out);
    buf_printf(out, " shadow %s %s", core_effect_name(shadow->link[shadow->strictest].effect),
               shadow->link[shadow->strictest].rule);
    if (str_is(str_of(a->rule), "reeve/default"))
        put_nearest(&l, out);
}

bool naive_differs(const struct naive_answer *all)
{
    const struct naive_whole *w = &all->enforced, *s = &all->shadow;
    auto_buf struct buf one = {0}, other = {0};
    enum core_effect effect = w->link[w->strictest].effect;
    if (effect != s->link[s->strictest].effect || effect == CORE_EFFECT_DENY)
        return effect != s->link[s->strictest].effect;
    put_grant(&all->top, w, &one);
    put_grant(&all->top, s, &other);
    return isolation_of(&all->top, w) != isolation_of(&all->top, s) ||
           !str_eq(buf_view(&one), buf_view(&other));
}
