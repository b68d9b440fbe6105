/* The decision by definition: every rule is asked whether it matches, then the best is looked for.
 * See naive.h. */
#include "naive.h"

#include "core/catalogue.h"

enum { MANY = 64 };

/* What one link of the chain comes to. */
struct answer {
    enum core_effect effect;
    char rule[64];
    int level, klass, isolation;
    bool capped, everything;
    const struct m_grant *grant;
    const struct m_rule *named;
    const struct m_rule *requires[MANY];
    const struct m_approval *approvals[MANY];
    const struct m_rule *obliged[MANY]; /* rules whose obligations hold */
    const struct m_rule *labelled[MANY];
    bool budgets[MANY], warned[MANY]; /* by their place in the model */
    unsigned nrequires, napprovals, nobliged, nlabelled;
};

#define ADD(list, n, value)                                                                        \
    do {                                                                                           \
        bool there = false;                                                                        \
        for (unsigned at_ = 0; at_ < (n); at_++)                                                   \
            there = there || (list)[at_] == (value);                                               \
        if (!there)                                                                                \
            (list)[(n)++] = (value);                                                               \
    } while (0)

/* ---- capabilities ---- */

static const struct m_entry *entry_of(const struct naive_link *l)
{
    const struct m_entry *best = NULL;
    for (uint32_t i = 0; i < l->m->nentries; i++) {
        const struct m_entry *e = &l->m->entries[i];
        bool glob = memchr(e->id.text.p, '*', e->id.text.n) != NULL;
        if (!naive_capability_fits(e->id.text, l->req->capability) || (glob && l->req->entry))
            continue;
        int c = best ? naive_compare_patterns(e->id.text, best->id.text) : 1;
        if (c > 0 || (c == 0 && str_cmp(e->id.text, best->id.text) < 0))
            best = e;
    }
    return best;
}

static int class_of(const struct naive_link *l)
{
    const struct m_entry *e = entry_of(l);
    int shipped = l->req->entry ? (int)l->req->entry->klass : -1;
    if (!e || e->klass < 0)
        return shipped < 0 ? CORE_CLASS_DANGEROUS : shipped;
    return e->lower.n || e->klass > shipped ? e->klass : shipped;
}

static bool writes_effect(const struct m_entry *e, struct str name)
{
    for (uint32_t i = 0; i < e->effects.n; i++)
        if (str_eq(e->effects.v[i].text, name))
            return true;
    return false;
}

static bool ships_effect(const struct core_capability *c, struct str name)
{
#define X(id, name) name,
    static const char *const words[] = {CORE_EFFECT_BITS(X)};
#undef X
    for (uint32_t i = 0; i < BASE_COUNT(words); i++)
        if (str_is(name, words[i]))
            return c->effects >> i & 1;
    return false;
}

static bool has_effect(const struct naive_link *l, const struct m_rule *r)
{
    const struct m_entry *e = entry_of(l);
    bool known = l->req->entry || (e && e->effects.n);
    if (!r->has_effects)
        return true;
    if (!known)
        return r->effect == RULE_DENY || r->effect == RULE_REQUIRE;
    for (uint32_t i = 0; i < r->effects.n; i++) {
        struct str name = r->effects.v[i].text;
        bool replaced = e && e->lower.n && e->effects.n;
        if (e && writes_effect(e, name))
            return true;
        if (l->req->entry && !replaced && ships_effect(l->req->entry, name))
            return true;
    }
    return false;
}

/* ---- whether a rule matches ---- */

static bool best_pattern(const struct m_rule *r, struct str id, struct str *out)
{
    bool found = !r->has_capability;
    if (found)
        *out = STR("*");
    for (uint32_t i = 0; i < r->ncapabilities; i++) {
        struct str p = r->capabilities[i].text;
        if (naive_capability_fits(p, id) && (!found || naive_compare_patterns(p, *out) > 0)) {
            *out = p;
            found = true;
        }
    }
    return found;
}

static bool is_replaced(const struct model *m, const struct m_rule *r)
{
    for (uint32_t i = 0; i < m->nrules; i++)
        if (str_eq(m->rules[i].replaces.text, r->id))
            return true;
    return false;
}

static bool in_force(const struct naive_link *l, const struct m_rule *r)
{
    return l->shadow ? !is_replaced(l->m, r) : !r->shadow;
}

static bool has_resource(const struct naive_link *l, const struct m_rule *r)
{
    if (!r->has_resource)
        return true;
    if (!l->req->resource.n)
        return r->effect == RULE_DENY || r->effect == RULE_REQUIRE;
    for (uint32_t i = 0; i < r->resources.n; i++)
        if (naive_glob(r->resources.v[i].text, l->req->resource))
            return true;
    return false;
}

static bool is_valid(const struct naive_link *l, const struct m_rule *r)
{
    return l->inputs->now_ns >= r->from_ns && l->inputs->now_ns < r->until_ns;
}

static bool is_about(const struct naive_link *l, const struct m_rule *r)
{
    struct str ignored;
    return best_pattern(r, l->req->capability, &ignored) && has_effect(l, r) &&
           naive_best_subject(l->m, r, l->req->subject) > 0;
}

/* FALSE_ for what does not match whatever its condition says. */
static int value(const struct naive_link *l, const struct m_rule *r)
{
    if (!in_force(l, r) || !is_about(l, r) || !has_resource(l, r) || !is_valid(l, r))
        return FALSE_;
    int v = naive_truth(l->req, r->when);
    if (v == TRUE_ && r->grant && !naive_templates_hold(l->m, l->req, r->grant))
        return UNKNOWN_;
    return v;
}

static bool better(const struct naive_link *l, const struct m_rule *a, const struct m_rule *b)
{
    struct str pa, pb;
    (void)best_pattern(a, l->req->capability, &pa);
    (void)best_pattern(b, l->req->capability, &pb);
    int c = naive_compare_patterns(pa, pb);
    if (!c)
        c = naive_best_subject(l->m, a, l->req->subject) -
            naive_best_subject(l->m, b, l->req->subject);
    if (!c)
        c = naive_isolation(l->m, a->grant) - naive_isolation(l->m, b->grant);
    return c ? c > 0 : str_cmp(a->id, b->id) < 0;
}

/* The best rule of an effect whose value is in [low, high]. */
static const struct m_rule *best(const struct naive_link *l, int effect, int low, int high)
{
    const struct m_rule *chosen = NULL;
    for (uint32_t i = 0; i < l->m->nrules; i++) {
        const struct m_rule *r = &l->m->rules[i];
        if (r->effect != effect)
            continue;
        int v = value(l, r);
        bool matches = is_about(l, r) && v >= low && v <= high;
        if (matches && (!chosen || better(l, r, chosen)))
            chosen = r;
    }
    return chosen;
}

static int level_of(const struct naive_link *l)
{
    const struct model *m = l->m;
    int best_fit = 0, level = m->default_level < 0 ? CORE_LEVEL_PURE : m->default_level;
    for (uint32_t i = 0; i < m->nlevels; i++) {
        int fit = naive_specificity(m, &m->levels[i].match, l->req->subject);
        if (fit > best_fit || (fit && fit == best_fit && (int)m->levels[i].level < level)) {
            best_fit = fit;
            level = (int)m->levels[i].level;
        }
    }
    return level;
}

/* ---- one link ---- */

static void say(struct answer *a, enum core_effect effect, const char *pseudo,
                const struct m_rule *rule)
{
    a->effect = effect;
    a->named = rule;
    struct str id = rule ? rule->id : str_of(pseudo);
    memcpy(a->rule, id.p, id.n);
    a->rule[id.n] = '\0';
}

static int by_rule_id(const void *a, const void *b)
{
    const struct m_rule *const *x = a, *const *y = b;
    return str_cmp((*x)->id, (*y)->id);
}

static const struct m_approval *approval_of(const struct model *m, const struct m_rule *r)
{
    if (r->effect == RULE_REQUIRE)
        return r->require ? r->require->approval : NULL;
    return r->approval ? r->approval : m->default_approval;
}

static void add_approval(struct answer *a, const struct m_approval *approval)
{
    if (approval)
        ADD(a->approvals, a->napprovals, approval);
}

static void hold(const struct naive_link *l, struct answer *a, const struct m_rule *ask,
                 const struct m_rule *gate)
{
    if (a->named) {
        ADD(a->obliged, a->nobliged, a->named);
        ADD(a->labelled, a->nlabelled, a->named);
    }
    if (ask)
        add_approval(a, approval_of(l->m, ask));
    /* A gate is answered only where no true ask precedes it. */
    if (gate && (!ask || better(l, gate, ask)))
        add_approval(a, approval_of(l->m, gate));
    for (uint32_t i = 0; i < l->m->nrules; i++)
        if (l->m->rules[i].effect == RULE_REQUIRE && value(l, &l->m->rules[i]) != FALSE_)
    a->requires[a->nrequires++] = &l->m->rules[i];
    qsort(a->requires, a->nrequires, sizeof a->requires[0], by_rule_id);
    for (unsigned i = 0; i < a->nrequires; i++) {
        const struct m_rule *r = a->requires[i];
        if (r->require && r->require->isolation > a->isolation)
            a->isolation = r->require->isolation;
        add_approval(a, approval_of(l->m, r));
        ADD(a->obliged, a->nobliged, r);
        ADD(a->labelled, a->nlabelled, r);
    }
    if (a->napprovals)
        a->effect = CORE_EFFECT_ASK;
}

/* ---- budgets ---- */

static uint64_t network_share(const struct naive_link *l, const struct answer *a)
{
    const struct m_grant *g = naive_writes(l->m, a->grant, REACH_NETWORK);
    uint64_t v = UINT64_MAX;
    bool ignored;
    if (!a->everything && (!g || !g->nnetwork))
        return 0;
    (void)naive_limit(l->m, a->grant, a->level, CORE_LIMIT_NETWORK_IO, &v, &ignored);
    for (unsigned i = 0; i < a->nrequires; i++) {
        const struct m_grant *w = a->requires[i] -> require ? a -> requires[i] -> require -> within
                                                            : NULL;
        if (w && w->limits.limits.set >> CORE_LIMIT_NETWORK_IO & 1 &&
            w->limits.limits.value[CORE_LIMIT_NETWORK_IO] < v)
            v = w->limits.limits.value[CORE_LIMIT_NETWORK_IO];
    }
    return v;
}

/* Inputs name budgets by the order of their ids. */
static uint32_t place_of(const struct model *m, uint32_t budget)
{
    uint32_t before = 0;
    for (uint32_t i = 0; i < m->nbudgets; i++)
        before += str_cmp(m->budgets[i].id, m->budgets[budget].id) < 0;
    return before;
}

static double spent(const struct naive_link *l, uint32_t budget, unsigned counted)
{
    for (uint32_t i = 0; i < l->inputs->nspent; i++) {
        const struct policy_spent *s = &l->inputs->spent[i];
        if (s->budget == place_of(l->m, budget) && s->counted == counted && s->link == l->link)
            return (double)s->amount;
    }
    return 0;
}

static bool counts(const struct naive_link *l, const struct m_budget *b)
{
    bool who = !b->has_subject, what = !b->has_capability;
    for (uint32_t i = 0; i < b->subjects.n; i++)
        who = who || naive_specificity(l->m, &b->subjects.v[i], l->req->subject) > 0;
    for (uint32_t i = 0; i < b->ncapabilities; i++)
        what = what || naive_capability_fits(b->capabilities[i].text, l->req->capability);
    return who && what;
}

/* The smallest id of those that are exhausted and do that. */
static const struct m_budget *exhausted(const struct naive_link *l, struct answer *a, bool asks)
{
    const struct m_budget *first = NULL;
    double share[POLICY_COUNTED_COUNT] = {1, (double)network_share(l, a), 0, 0};
    for (uint32_t i = 0; i < l->m->nbudgets; i++) {
        const struct m_budget *b = &l->m->budgets[i];
        bool out = false, warned = false;
        for (unsigned k = 0; k < POLICY_COUNTED_COUNT && counts(l, b); k++) {
            double would = spent(l, i, k) + share[k], max = (double)b->counted[k].max;
            if (!b->counted[k].set)
                continue;
            out = out || would > max;
            warned =
                warned || (would <= max && b->warn_percent && would * 100 >= max * b->warn_percent);
        }
        a->budgets[i] = counts(l, b);
        a->warned[i] = warned && !out;
        if (out && b->asks == asks && (!first || str_cmp(b->id, first->id) < 0))
            first = b;
    }
    return first;
}

static void spend(const struct naive_link *l, struct answer *a)
{
    const struct m_budget *denies = exhausted(l, a, false), *asks = exhausted(l, a, true);
    const struct m_budget *b = denies ? denies : asks;
    if (!b)
        return;
    const struct m_rule *named = a->named;
    say(a, denies ? CORE_EFFECT_DENY : CORE_EFFECT_ASK, "", NULL);
    memcpy(a->rule, b->id.p, b->id.n);
    a->rule[b->id.n] = '\0';
    a->named = named;
    if (!denies)
        add_approval(a, l->m->default_approval);
}

static void permit(const struct naive_link *l, struct answer *a, const struct m_rule *ask)
{
    const struct m_rule *allow = best(l, RULE_ALLOW, TRUE_, TRUE_);
    if (ask) {
        say(a, CORE_EFFECT_ASK, NULL, ask);
        a->grant = ask->grant ? ask->grant : allow ? allow->grant : NULL;
    } else if (allow) {
        say(a, CORE_EFFECT_ALLOW, NULL, allow);
        a->grant = allow->grant;
    } else if (a->level == CORE_LEVEL_FULL) {
        say(a, CORE_EFFECT_ALLOW, "reeve/full", NULL);
        a->everything = true;
    } else {
        say(a, CORE_EFFECT_DENY, "reeve/default", NULL);
    }
    a->isolation = naive_isolation(l->m, a->grant);
    if (a->level == CORE_LEVEL_CONTROLLED && a->klass == CORE_CLASS_DANGEROUS &&
        a->isolation < CORE_RANK_PROCESS)
        a->isolation = CORE_RANK_PROCESS;
}

static struct answer judge(const struct naive_link *l)
{
    struct answer a = {0};
    a.level = level_of(l);
    a.capped = l->req->level > a.level;
    a.level = l->req->level >= 0 && l->req->level < a.level ? l->req->level : a.level;
    a.klass = class_of(l);
    const struct m_rule *deny = best(l, RULE_DENY, UNKNOWN_, TRUE_),
                        *ask = best(l, RULE_ASK, TRUE_, TRUE_),
                        *gate = best(l, RULE_ASK, UNKNOWN_, UNKNOWN_);
    if (deny) {
        say(&a, CORE_EFFECT_DENY, NULL, deny);
        ADD(a.obliged, a.nobliged, deny);
        return a;
    }
    if (a.level == CORE_LEVEL_PURE && a.klass != CORE_CLASS_PURE) {
        say(&a, CORE_EFFECT_DENY, "reeve/pure", NULL);
        return a;
    }
    permit(l, &a, ask);
    if (a.effect != CORE_EFFECT_DENY) {
        hold(l, &a, ask, gate);
        spend(l, &a);
    }
    if (a.effect == CORE_EFFECT_DENY)
        a.nobliged = 0;
    return a;
}

/* ---- the nearest miss ---- */

static unsigned failing(const struct naive_link *l, const struct m_rule *r, unsigned *unknown)
{
    unsigned n = 0;
    *unknown = 0;
    const struct m_condition *c = r->when ? r->when->first : NULL;
    for (; c; c = c->next) {
        n += naive_truth(l->req, c) != TRUE_;
        *unknown += naive_truth(l->req, c) == UNKNOWN_;
    }
    return n + (r->grant && !naive_templates_hold(l->m, l->req, r->grant)) + !has_resource(l, r) +
           !is_valid(l, r);
}

static void put_nearest(const struct naive_link *l, struct buf *out)
{
    const struct m_rule *near = NULL;
    unsigned least = 0, unknown = 0;
    for (uint32_t i = 0; i < l->m->nrules; i++) {
        const struct m_rule *r = &l->m->rules[i];
        unsigned u, n;
        if ((r->effect != RULE_ALLOW && r->effect != RULE_ASK) || r->shadow || !is_about(l, r))
            continue;
        n = failing(l, r, &u);
        if (!near || n < least || (n == least && better(l, r, near))) {
            near = r;
            least = n;
            unknown = u;
        }
    }
    if (near)
        buf_printf(out, " nearest %.*s %u %u", (int)near->id.n, near->id.p, least, unknown);
}

/* ---- the chain ---- */

static int strictness(enum core_effect e)
{
    return e == CORE_EFFECT_DENY ? 2 : e == CORE_EFFECT_ASK;
}

struct whole {
    struct answer link[1 + POLICY_MAX_PARENTS];
    struct policy_request req[1 + POLICY_MAX_PARENTS];
    unsigned n, strictest;
    int level;
};

static void decide(const struct naive_link *top, struct whole *w)
{
    struct naive_link l = *top;
    w->n = w->strictest = 0;
    w->level = CORE_LEVEL_FULL;
    for (unsigned i = 0; i <= top->inputs->nchain; i++) {
        w->req[i] = *top->req;
        if (i)
            w->req[i].subject = top->inputs->chain[i - 1].text;
        l.req = &w->req[i];
        l.link = i;
        w->link[i] = judge(&l);
        w->level = w->link[i].level < w->level ? w->link[i].level : w->level;
        w->n++;
        if (strictness(w->link[i].effect) > strictness(w->link[w->strictest].effect))
            w->strictest = i;
    }
}

/* "group:a, u:b": as the image tells who approves. */
static void put_by(const struct m_approval *a, struct buf *out)
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
    struct buf v[4 * MANY];
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

static void put_approvals(const struct whole *w, struct buf *out)
{
    struct texts t = {.n = 0};
    for (unsigned i = 0; i < w->n; i++)
        for (unsigned k = 0; k < w->link[i].napprovals; k++) {
            const struct m_approval *a = w->link[i].approvals[k];
            struct buf text = {0};
            buf_printf(&text, "%u %lld %d ", a->need, (long long)a->within_ns, a->covers);
            put_by(a, &text);
            keep(&t, &text);
        }
    buf_z(out, " approvals ");
    put_texts(&t, out);
}

static void put_obligations(const struct whole *w, unsigned first, struct buf *out)
{
    struct texts t = {.n = 0};
    for (unsigned i = first; i < w->n; i++)
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

static void put_labels(const struct model *m, const struct whole *w, struct buf *out)
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

static void put_budgets(const struct model *m, const struct whole *w, struct buf *out)
{
    for (unsigned what = 0; what < 2; what++) {
        buf_z(out, what ? " warned" : " budgets");
        for (uint32_t place = 0; place < m->nbudgets; place++)
            for (uint32_t b = 0; b < m->nbudgets; b++) {
                bool has = false;
                for (unsigned i = 0; i < w->n; i++)
                    has = has || (what ? w->link[i].warned[b] : w->link[i].budgets[b]);
                if (has && place_of(m, b) == place)
                    buf_printf(out, " %u", place);
            }
    }
}

static unsigned all_requires(const struct whole *w, const struct m_rule **out)
{
    unsigned n = 0;
    for (unsigned i = 0; i < w->n; i++)
        for (unsigned k = 0; k < w->link[i].nrequires; k++)
            ADD(out, n, w->link[i].requires[k]);
    qsort(out, n, sizeof *out, by_rule_id);
    return n;
}

static int isolation_of(const struct whole *w)
{
    int isolation = 0;
    for (unsigned i = 0; i < w->n; i++)
        isolation = w->link[i].isolation > isolation ? w->link[i].isolation : isolation;
    return isolation;
}

static void put_permitted(const struct model *m, const struct whole *w, struct buf *out)
{
    const struct m_rule *requires[MANY];
    struct naive_side sides[1 + POLICY_MAX_PARENTS];
    unsigned n = all_requires(w, requires);
    for (unsigned i = 0; i < w->n; i++)
        sides[i] = (struct naive_side){w->link[i].grant, w->req[i], w->link[i].level,
                                       w->link[i].everything};
    buf_printf(out, " isolation %d requires", isolation_of(w));
    for (unsigned i = 0; i < n; i++)
        buf_printf(out, " %.*s", (int) requires[i] -> id.n, requires[i] -> id.p);
    put_approvals(w, out);
    put_labels(m, w, out);
    put_budgets(m, w, out);
    naive_put_grant(m, sides, w->n, requires, n, out);
}

void naive_answer(const struct model *m, const struct policy_request *req,
                  const struct reeve_inputs_view *inputs, struct buf *out)
{
    struct naive_link top = {m, req, inputs, 0, false};
    struct whole w, shadow;
    decide(&top, &w);
    const struct answer *a = &w.link[w.strictest];
    buf_printf(out, "%s %s level %d%s class %d", core_effect_name(a->effect), a->rule, w.level,
               w.link[0].capped ? " capped" : "", w.link[0].klass);
    if (a->effect != CORE_EFFECT_DENY)
        put_permitted(m, &w, out);
    if (a->effect == CORE_EFFECT_DENY)
        w.n = w.strictest + 1; /* of a deny its own alone */
    put_obligations(&w, a->effect == CORE_EFFECT_DENY ? w.strictest : 0, out);
    top.shadow = true;
    decide(&top, &shadow);
    buf_printf(out, " shadow %s %s", core_effect_name(shadow.link[shadow.strictest].effect),
               shadow.link[shadow.strictest].rule);
    top.shadow = false;
    top.link = w.strictest;
    top.req = &w.req[w.strictest];
    if (str_is(str_of(a->rule), "reeve/default"))
        put_nearest(&top, out);
}
