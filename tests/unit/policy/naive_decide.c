/* The decision by definition: every rule is asked whether it matches, then the best is looked for.
 * See naive.h. */
#include <math.h>

#include "naive_verdict.h"

#include "core/catalogue.h"

/* ---- capabilities ---- */

static bool may(const struct naive_link *l, uint32_t scope);

/* What a delegated file says is said of the subjects that it may be about. */
static const struct m_entry *best_entry(const struct naive_link *l, bool delegated_too)
{
    const struct m_entry *best = NULL;
    for (uint32_t i = 0; i < l->m->nentries; i++) {
        const struct m_entry *e = &l->m->entries[i];
        bool glob = memchr(e->id.text.p, '*', e->id.text.n) != NULL;
        if (!naive_capability_fits(e->id.text, l->req->capability) || (glob && l->req->entry) ||
            (e->scope && !(delegated_too && may(l, e->scope))))
            continue;
        int c = best ? naive_compare_patterns(e->id.text, best->id.text) : 1;
        if (c > 0 || (c == 0 && str_cmp(e->id.text, best->id.text) < 0))
            best = e;
    }
    return best;
}

static const struct m_entry *entry_of(const struct naive_link *l)
{
    return best_entry(l, true);
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

/* Whether anything says which effects the capability has. */
static bool effects_known(const struct naive_link *l)
{
    const struct m_entry *e = entry_of(l);
    return l->req->entry || (e && e->effects.n);
}

static bool capability_has(const struct naive_link *l, const struct m_entry *e, struct str name)
{
    bool replaced = e && e->lower.n && e->effects.n;
    return (e && writes_effect(e, name)) ||
           (l->req->entry && !replaced && ships_effect(l->req->entry, name));
}

/* As those see it that restrict: what a delegated file says of a capability adds to what it is
 * without that file, for all but that file. */
static bool may_have(const struct naive_link *l, uint32_t scope, struct str name)
{
    const struct m_entry *e = entry_of(l), *without = best_entry(l, false);
    if (!effects_known(l) || capability_has(l, e, name))
        return true;
    if (!e || !e->scope || e->scope == scope)
        return false;
    return (!l->req->entry && !(without && without->effects.n)) || capability_has(l, without, name);
}

bool naive_may_have_effect(const struct naive_link *l, struct str name)
{
    return may_have(l, 0, name);
}

static bool has_effect(const struct naive_link *l, const struct m_rule *r)
{
    bool some = !r->has_effects, restricts = r->effect == RULE_DENY || r->effect == RULE_REQUIRE;
    const struct m_entry *seen = entry_of(l);
    if (seen && seen->scope && seen->scope != r->scope)
        seen = best_entry(l, false); /* what a file adds to a capability permits nothing outside */
    for (uint32_t i = 0; i < r->effects.n; i++)
        some = some || (restricts ? may_have(l, r->scope, r->effects.v[i].text)
                                  : capability_has(l, seen, r->effects.v[i].text));
    return some;
}

/* ---- levels and conditions ---- */

int naive_level(const struct naive_link *l)
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

int naive_lowered(const struct naive_link *l)
{
    int level = naive_level(l);
    return l->req->level >= 0 && l->req->level < level ? l->req->level : level;
}

/* By a request whose schema is this entry's. */
static int value_by(const struct naive_link *l, const struct policy_request *req,
                    const struct m_entry *schema, const struct m_rule *r,
                    const struct m_condition *c)
{
    struct arena arena auto_arena;
    arena_init(&arena, 0);
    struct naive n = {.m = l->m,
                      .req = req,
                      .inputs = l->inputs,
                      .level = core_level_name((enum core_level)naive_lowered(l)),
                      .arena = &arena,
                      .scope = r->scope,
                      .schema = schema && schema->args};
    return c ? naive_truth(&n, c) : NAIVE_TRUE;
}

bool naive_both(const struct naive_link *l, const struct m_rule *r, struct policy_request *passed)
{
    const struct m_entry *e = entry_of(l);
    *passed = *l->req;
    passed->args = l->req->passed;
    return l->req->passed && !(r->scope && e && e->scope == r->scope);
}

/* What a delegated file's schema makes of arguments is not what another file's rule is about, and
 * yet what is carried out: such a rule says only what it says of both. */
int naive_value(const struct naive_link *l, const struct m_rule *r, const struct m_condition *c)
{
    struct policy_request passed;
    int v = value_by(l, l->req, entry_of(l), r, c);
    if (naive_both(l, r, &passed) && value_by(l, &passed, best_entry(l, false), r, c) != v)
        return NAIVE_UNKNOWN;
    return v;
}

bool naive_grant_holds(const struct naive_link *l, const struct m_rule *r)
{
    struct policy_request passed;
    return !r->grant ||
           (naive_templates_hold(l->m, l->req, r->grant) &&
            (!naive_both(l, r, &passed) || naive_templates_hold(l->m, &passed, r->grant)));
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

bool naive_has_resource(const struct naive_link *l, const struct m_rule *r)
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

bool naive_is_valid(const struct naive_link *l, const struct m_rule *r)
{
    return l->inputs->now_ns >= r->from_ns && l->inputs->now_ns < r->until_ns;
}

/* A delegated file speaks of what it may. */
static bool may(const struct naive_link *l, uint32_t scope)
{
    bool who = !scope, what = !scope;
    const struct m_scope *s = scope ? &l->m->scopes[scope - 1] : NULL;
    for (uint32_t i = 0; s && i < s->subjects.n; i++)
        who = who || naive_specificity(l->m, &s->subjects.v[i], l->req->subject) > 0;
    for (uint32_t i = 0; s && i < s->ncapabilities; i++)
        what = what || naive_capability_fits(s->capabilities[i].text, l->req->capability);
    return who && what;
}

bool naive_is_about(const struct naive_link *l, const struct m_rule *r)
{
    struct str ignored;
    return may(l, r->scope) && best_pattern(r, l->req->capability, &ignored) && has_effect(l, r) &&
           naive_best_subject(l->m, r, l->req->subject) > 0;
}

/* NAIVE_FALSE for what does not match whatever its condition says. */
static int value(const struct naive_link *l, const struct m_rule *r)
{
    if (!in_force(l, r) || !naive_is_about(l, r) || !naive_has_resource(l, r) ||
        !naive_is_valid(l, r))
        return NAIVE_FALSE;
    int v = naive_value(l, r, r->when);
    if (v == NAIVE_TRUE && !naive_grant_holds(l, r))
        return NAIVE_UNKNOWN;
    return v;
}

bool naive_better(const struct naive_link *l, const struct m_rule *a, const struct m_rule *b)
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
        bool matches = naive_is_about(l, r) && v >= low && v <= high;
        if (matches && (!chosen || naive_better(l, r, chosen)))
            chosen = r;
    }
    return chosen;
}

/* ---- one link ---- */

static void say(struct naive_verdict *a, enum core_effect effect, const char *pseudo,
                const struct m_rule *rule)
{
    a->effect = effect;
    a->named = rule;
    struct str id = rule ? rule->id : str_of(pseudo);
    memcpy(a->rule, id.p, id.n);
    a->rule[id.n] = '\0';
}

int naive_by_id(const void *a, const void *b)
{
    const struct m_rule *const *x = a, *const *y = b;
    return str_cmp((*x)->id, (*y)->id);
}

const struct m_approval *naive_approval(const struct model *m, const struct m_rule *r)
{
    if (r->effect == RULE_REQUIRE)
        return r->require ? r->require->approval : NULL;
    return r->approval ? r->approval : m->default_approval;
}

static void add_approval(struct naive_verdict *a, const struct m_approval *approval)
{
    if (approval)
        NAIVE_ADD(a->approvals, a->napprovals, approval);
}

/* The best true ask of each file. */
static const struct m_rule *best_of_file(const struct naive_link *l, uint32_t scope)
{
    const struct m_rule *chosen = NULL;
    for (uint32_t i = 0; i < l->m->nrules; i++) {
        const struct m_rule *r = &l->m->rules[i];
        if (r->effect == RULE_ASK && r->scope == scope && value(l, r) == NAIVE_TRUE &&
            (!chosen || naive_better(l, r, chosen)))
            chosen = r;
    }
    return chosen;
}

/* The asks that are answered, by id: of each file the best that is true, and those that are unknown
 * and that it does not precede. */
static unsigned answered(const struct naive_link *l, const struct m_rule **out)
{
    unsigned n = 0;
    for (uint32_t i = 0; i < l->m->nrules; i++) {
        const struct m_rule *r = &l->m->rules[i];
        if (r->effect != RULE_ASK)
            continue;
        const struct m_rule *ask = best_of_file(l, r->scope);
        bool gates = value(l, r) == NAIVE_UNKNOWN && (!ask || naive_better(l, r, ask));
        if (r == ask || gates)
            out[n++] = r;
    }
    qsort(out, n, sizeof *out, naive_by_id);
    return n;
}

static void hold(const struct naive_link *l, struct naive_verdict *a, const struct m_rule *ask)
{
    if (a->named) {
        NAIVE_ADD(a->obliged, a->nobliged, a->named);
        NAIVE_ADD(a->labelled, a->nlabelled, a->named);
    }
    if (ask)
        add_approval(a, naive_approval(l->m, ask));
    const struct m_rule *asks[NAIVE_MANY];
    unsigned n = answered(l, asks);
    for (unsigned i = 0; i < n; i++)
        add_approval(a, naive_approval(l->m, asks[i]));
    for (uint32_t i = 0; i < l->m->nrules; i++)
        if (l->m->rules[i].effect == RULE_REQUIRE && value(l, &l->m->rules[i]) != NAIVE_FALSE)
    a->requires[a->nrequires++] = &l->m->rules[i];
    qsort(a->requires, a->nrequires, sizeof a->requires[0], naive_by_id);
    for (unsigned i = 0; i < a->nrequires; i++) {
        const struct m_rule *r = a->requires[i];
        if (r->require && r->require->isolation > a->isolation)
            a->isolation = r->require->isolation;
        add_approval(a, naive_approval(l->m, r));
        NAIVE_ADD(a->obliged, a->nobliged, r);
        NAIVE_ADD(a->labelled, a->nlabelled, r);
    }
    for (unsigned i = 0; i < n; i++)
        if (asks[i] != ask) {
            int isolation = naive_isolation(l->m, asks[i]->grant);
            a->requires[a->nrequires++] = asks[i];
            a->isolation = isolation > a->isolation ? isolation : a->isolation;
            NAIVE_ADD(a->obliged, a->nobliged, asks[i]);
            NAIVE_ADD(a->labelled, a->nlabelled, asks[i]);
            if (asks[i]->grant)
                a->cuts[a->ncuts++] = asks[i];
        }
    qsort(a->requires, a->nrequires, sizeof a->requires[0], naive_by_id);
    if (a->napprovals)
        a->effect = CORE_EFFECT_ASK;
}

/* ---- budgets ---- */

static uint64_t network_share(const struct naive_link *l, const struct naive_verdict *a)
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
uint32_t naive_place(const struct model *m, uint32_t budget)
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
        if (s->budget == naive_place(l->m, budget) && s->counted == counted && s->link == l->link)
            return (double)s->amount;
    }
    return l->inputs->spent_all ? 0 : INFINITY; /* nobody knows: more than any budget has */
}

static bool counts(const struct naive_link *l, const struct m_budget *b)
{
    bool who = !b->has_subject, what = !b->has_capability;
    if (!may(l, b->scope))
        return false;
    for (uint32_t i = 0; i < b->subjects.n; i++)
        who = who || naive_specificity(l->m, &b->subjects.v[i], l->req->subject) > 0;
    for (uint32_t i = 0; i < b->ncapabilities; i++)
        what = what || naive_capability_fits(b->capabilities[i].text, l->req->capability);
    return who && what;
}

/* The smallest id of those that are exhausted and do that. */
static const struct m_budget *exhausted(const struct naive_link *l, struct naive_verdict *a,
                                        bool asks)
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

static void spend(const struct naive_link *l, struct naive_verdict *a)
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

static void permit(const struct naive_link *l, struct naive_verdict *a, const struct m_rule *ask)
{
    const struct m_rule *allow = best(l, RULE_ALLOW, NAIVE_TRUE, NAIVE_TRUE);
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

struct naive_verdict naive_judge(const struct naive_link *l)
{
    struct naive_verdict a = {0};
    a.level = naive_lowered(l);
    a.capped = l->req->level > naive_level(l);
    a.klass = class_of(l);
    const struct m_rule *deny = best(l, RULE_DENY, NAIVE_UNKNOWN, NAIVE_TRUE),
                        *ask = best(l, RULE_ASK, NAIVE_TRUE, NAIVE_TRUE);
    if (deny) {
        say(&a, CORE_EFFECT_DENY, NULL, deny);
        NAIVE_ADD(a.obliged, a.nobliged, deny);
        return a;
    }
    if (a.level == CORE_LEVEL_PURE && a.klass != CORE_CLASS_PURE) {
        say(&a, CORE_EFFECT_DENY, "reeve/pure", NULL);
        return a;
    }
    permit(l, &a, ask);
    if (a.effect != CORE_EFFECT_DENY) {
        hold(l, &a, ask);
        spend(l, &a);
    }
    if (a.effect == CORE_EFFECT_DENY)
        a.nobliged = 0;
    return a;
}
