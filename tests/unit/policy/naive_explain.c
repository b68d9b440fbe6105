/* What the person who is refused has to be told, from the model alone. See naive.h. */
#include "naive_verdict.h"

#include "core/catalogue.h"

static void put(struct buf *out, struct str s)
{
    buf_str(out, s);
}

static void put_who(const char *begin, const struct policy_request *req, struct buf *out)
{
    buf_z(out, begin);
    put(out, req->capability);
    buf_z(out, " to ");
    put(out, req->subject);
}

/* ---- asks ---- */

static void tell_held(const struct model *m, const struct naive_whole *w, struct buf *out)
{
    const struct m_rule *held[NAIVE_MANY];
    unsigned n = naive_requires(w, held);
    for (unsigned i = 0; i < n; i++)
        if (naive_approval(m, held[i])) {
            buf_printf(out, "; %.*s holds it%s", (int)held[i]->id.n, held[i]->id.p,
                       held[i]->reason.n ? ": " : "");
            put(out, held[i]->reason);
        }
}

/* One for each that differs in anything, in the order of links and rules. */
static void tell_ask(const struct model *m, const struct naive_whole *w, struct buf *out)
{
    auto_buf struct buf seen = {0};
    const struct naive_verdict *a = &w->link[w->strictest];
    buf_z(out, "approval is needed");
    unsigned told = 0;
    for (unsigned i = 0; i < w->n; i++)
        for (unsigned k = 0; k < w->link[i].napprovals; k++) {
            const struct m_approval *by = w->link[i].approvals[k];
            auto_buf struct buf text = {0};
            buf_printf(&text, "|%u %lld %d ", by->need, (long long)by->within_ns, by->covers);
            naive_put_by(by, &text);
            buf_byte(&text, '|');
            if (seen.len && strstr(seen.data, text.data))
                continue;
            buf_str(&seen, buf_view(&text));
            buf_printf(out, "%s by %u of ", told++ ? ", and" : "", by->need);
            naive_put_by(by, out);
        }
    if (a->named && str_is(a->named->id, a->rule) && a->named->reason.n) {
        buf_z(out, ": ");
        put(out, a->named->reason);
    } else if (str_is(str_of(a->rule), "reeve/full")) {
        buf_z(out, ": level full permits what no rule speaks of");
    }
    tell_held(m, w, out);
}

/* ---- the nearest miss ---- */

static const struct m_condition *first_failing(const struct naive_link *l, const struct m_rule *r)
{
    const struct m_condition *c = r->when ? r->when->first : NULL;
    while (c && naive_value(l, r, c) == NAIVE_TRUE)
        c = c->next;
    return c;
}

/* Of a condition with one attribute that it; of the others what is below them. */
static void tell_condition(const struct m_condition *c, struct buf *out)
{
    if (c->op == OP_IS)
        buf_z(out, "the subject must be ");
    else if (c->op == OP_ANY)
        buf_z(out, c->first ? "none of its alternatives holds; the first: " : "");
    else if (c->attribute && c->op > OP_ABSENT)
        put(out, c->attribute->text);
}

static void tell_resource(const struct naive_link *l, const struct m_rule *r, struct buf *out)
{
    buf_z(out, "resource must be ");
    for (uint32_t i = 0; i < r->resources.n; i++) {
        buf_z(out, i ? " or " : "");
        put(out, r->resources.v[i].text);
    }
    buf_z(out, l->req->resource.n ? ", and is " : ", and is missing");
    put(out, l->req->resource);
}

static void tell_fault(const struct naive_link *l, const struct m_rule *r, unsigned failing,
                       struct naive_told *told)
{
    const struct m_condition *c = first_failing(l, r);
    struct buf *out = &told->start;
    if (c)
        tell_condition(c, out);
    else if (!naive_grant_holds(l, r))
        buf_z(&told->rest, failing > 1 ? "" : " must be ");
    else if (!naive_has_resource(l, r))
        tell_resource(l, r, out);
    else if (!naive_is_valid(l, r))
        buf_z(out, l->inputs->now_ns < r->from_ns ? "it is valid from " : "it is valid until ");
    if (failing > 1)
        buf_printf(&told->rest, "; %u more of its conditions do%s not hold", failing - 1,
                   failing == 2 ? "es" : "");
}

static void tell_default(const struct naive_link *l, struct naive_told *told)
{
    unsigned failing = 0, unknown = 0;
    const struct m_rule *near = naive_nearest(l, &failing, &unknown);
    put_who(near ? "no rule permits " : "no rule of the policy permits ", l->req, &told->start);
    told->exact = !near;
    if (!near)
        return;
    buf_z(&told->start, " like this; the nearest is ");
    put(&told->start, near->id);
    buf_z(&told->start, ": ");
    tell_fault(l, near, failing, told);
}

void naive_explain(const struct naive_answer *all, struct naive_told *told)
{
    const struct naive_whole *w = &all->enforced;
    const struct naive_verdict *a = &w->link[w->strictest];
    const struct naive_link l = naive_strictest(&all->top, w);
    struct buf *out = &told->start;
    told->exact = true;
    if (a->effect == CORE_EFFECT_ASK) {
        tell_ask(l.m, w, out);
    } else if (str_is(str_of(a->rule), "reeve/default")) {
        tell_default(&l, told);
    } else if (str_is(str_of(a->rule), "reeve/pure")) {
        told->exact = false;
        put(out, l.req->capability);
        /* The class is told as the requester's own. */
        buf_printf(out, " is of class %s, and ",
                   core_class_name((enum core_class)w->link[0].klass));
        put(out, l.req->subject);
        buf_z(out, " has level pure: ");
    } else if (w->capped_off) {
        told->exact = false;
        buf_z(out, "the ");
        put_who(" does not permit ", all->top.req, &told->rest);
        told->rest.len -= all->top.req->subject.n + 4;
        buf_byte(&told->rest, ':');
    } else if (a->named && str_is(a->named->id, a->rule)) {
        if (a->named->reason.n)
            put(out, a->named->reason);
        else
            buf_printf(out, "rule %s", a->rule);
        if (!a->named->reason.n)
            put_who(" denies ", l.req, out);
    } else {
        told->exact = false;
        buf_printf(out, "budget %s is spent: ", a->rule);
    }
}
