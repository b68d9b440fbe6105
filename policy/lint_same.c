/*
 * Rules as lint compares them: of those that grant the same, and of those with the same condition,
 * one pointer, so that a pair of rules costs no walk over what they say. Called by lint.c; where
 * there is too much to compare, what is the same is taken for different.
 */
#include "policy/hash.h"
#include "policy/lint.h"

/* ---- the first of what is the same ---- */

struct slot {
    uint64_t hash;
    const void *first; /* NULL: free */
};
struct table {
    struct slot *v;
    size_t size; /* a power of two, at least twice of what comes in */
};
typedef bool same_fn(struct lint *l, const void *a, const void *b);

static bool make_table(struct lint *l, size_t most, struct table *out)
{
    out->size = 2;
    while (out->size < 2 * most)
        out->size *= 2;
    out->v = arena_array(l->arena, out->size, sizeof *out->v);
    return out->v != NULL;
}

/* Where the same as `item` stands, or a free slot for it; NULL where that is not known. */
static struct slot *find_slot(struct lint *l, const struct table *t, uint64_t hash,
                              const void *item, same_fn *same)
{
    for (size_t at = hash; policy_lint_spend(l, 1); at++) {
        struct slot *s = &t->v[at & (t->size - 1)];
        s->hash = s->first ? s->hash : hash;
        if (!s->first || (s->hash == hash && same(l, s->first, item)))
            return s;
    }
    return NULL;
}

struct views {
    struct table grants, conditions;
    const struct m_grant **named; /* of each named grant, what it grants */
    struct policy_names names;    /* of named conditions */
    uint64_t *hash;               /* of what each of them joins; 0: not yet known */
};

/* ---- grants ---- */

int policy_lint_rank(const struct m_grant *g)
{
    return g->isolation < 0 ? CORE_RANK_NONE : g->isolation;
}

static bool same_attribute(const struct m_attribute *a, const struct m_attribute *b)
{
    return a == b || (a && b && str_eq(a->text, b->text));
}

static bool same_paths(const struct m_paths *a, const struct m_paths *b)
{
    for (uint32_t i = 0; a->n == b->n && i < a->n; i++)
        if (!str_eq(a->v[i].path, b->v[i].path) || a->v[i].subject != b->v[i].subject ||
            !same_attribute(a->v[i].template, b->v[i].template))
            return false;
    return a->n == b->n;
}

static bool same_texts(const struct m_texts *a, const struct m_texts *b)
{
    for (uint32_t i = 0; a->n == b->n && i < a->n; i++)
        if (!str_eq(a->v[i], b->v[i]))
            return false;
    return a->n == b->n;
}

static bool same_network(const struct m_grant *a, const struct m_grant *b)
{
    for (uint32_t i = 0; a->nnetwork == b->nnetwork && i < a->nnetwork; i++)
        if (!str_eq(a->network[i].host, b->network[i].host) ||
            a->network[i].port != b->network[i].port ||
            !same_attribute(a->network[i].template, b->network[i].template))
            return false;
    return a->nnetwork == b->nnetwork;
}

static bool same_environment(const struct m_grant *a, const struct m_grant *b)
{
    for (uint32_t i = 0; a->nenvironment == b->nenvironment && i < a->nenvironment; i++)
        if (!str_eq(a->environment[i].name, b->environment[i].name) ||
            a->environment[i].set != b->environment[i].set ||
            !str_eq(a->environment[i].value, b->environment[i].value))
            return false;
    return a->nenvironment == b->nenvironment;
}

/* What a grant has that is compared one by one. */
static uint64_t size_of(const struct m_grant *g)
{
    return (uint64_t)1 + g->read.n + g->write.n + g->execute.n + g->hide.n + g->masks.n +
           g->secrets.n + g->providers.n + g->nnetwork + g->nenvironment;
}

static bool same_grant(struct lint *l, const void *one, const void *other)
{
    const struct m_grant *a = one, *b = other;
    const struct core_limits *x = &a->limits.limits, *y = &b->limits.limits;
    return policy_lint_spend(l, size_of(a)) && a->isolation == b->isolation &&
           a->wrote == b->wrote && x->set == y->set && x->best_effort == y->best_effort &&
           memcmp(x->value, y->value, sizeof x->value) == 0 && same_paths(&a->read, &b->read) &&
           same_paths(&a->write, &b->write) && same_paths(&a->execute, &b->execute) &&
           same_paths(&a->hide, &b->hide) && same_network(a, b) && same_environment(a, b) &&
           same_texts(&a->masks, &b->masks) && same_texts(&a->secrets, &b->secrets) &&
           same_texts(&a->providers, &b->providers);
}

static uint64_t hash_paths(uint64_t h, const struct m_paths *p)
{
    h = hash_word(h, p->n);
    for (uint32_t i = 0; i < p->n; i++)
        h = hash_word(h, hash_text(p->v[i].path));
    return h;
}

/* Of what most grants differ in. */
static uint64_t hash_grant(const struct m_grant *g)
{
    uint64_t h = hash_word(HASH_START, (uint64_t)g->wrote << 32 | (uint32_t)g->isolation);
    h = hash_paths(hash_paths(h, &g->read), &g->write);
    h = hash_paths(hash_paths(h, &g->execute), &g->hide);
    for (uint32_t i = 0; i < g->nnetwork; i++)
        h = hash_word(hash_word(h, hash_text(g->network[i].host)), g->network[i].port);
    for (uint32_t i = 0; i < g->nenvironment; i++)
        h = hash_word(hash_word(h, hash_text(g->environment[i].name)),
                      hash_text(g->environment[i].value));
    for (uint32_t i = 0; i < g->secrets.n; i++)
        h = hash_word(h, hash_text(g->secrets.v[i]));
    for (unsigned i = 0; i < CORE_LIMIT_COUNT; i++)
        h = hash_word(h, g->limits.limits.set >> i & 1 ? (uint64_t)g->limits.limits.value[i] : 0);
    return h;
}

/* NULL: memory is out. */
static const struct m_grant *take_grant(struct lint *l, struct views *v, struct m_grant g)
{
    struct slot *s = NULL;
    if (policy_lint_spend(l, size_of(&g)))
        s = find_slot(l, &v->grants, hash_grant(&g), &g, same_grant);
    if (s && s->first)
        return s->first;
    struct m_grant *kept = arena_array(l->arena, 1, sizeof *kept);
    if (kept)
        *kept = g;
    if (s)
        s->first = kept;
    return kept;
}

static const struct m_grant *grant_of(struct lint *l, struct views *v, const struct m_grant *g)
{
    static const struct m_grant none = {.isolation = -1};
    if (!g)
        return take_grant(l, v, none);
    bool alone = g->base && !g->wrote && g->isolation < 0 && !g->limits.present;
    return alone ? v->named[g->base - l->m->grants] : take_grant(l, v, policy_grant_resolve(g));
}

/* ---- conditions ---- */

/* The order of a mapping's keys does not matter. What is beyond the bound is not looked at. */
static uint64_t hash_tree(struct lint *l, const struct ynode *n)
{
    uint64_t h = hash_word(HASH_START, n->type), all = 0;
    if (!policy_lint_spend(l, 1 + (n->type < Y_LIST ? n->text.n / 32 : 0)))
        return 0;
    if (n->type < Y_LIST)
        return hash_word(h, hash_text(n->text));
    for (const struct ynode *k = ynode_first(n); k && !l->cut; k = k->next) {
        uint64_t one = hash_tree(l, k);
        if (n->type == Y_MAP) {
            k = k->next;
            all += hash_word(one, hash_tree(l, k));
        } else {
            h = hash_word(h, one);
        }
    }
    return hash_word(h, all);
}

static uint64_t hash_name(const struct m_attribute *a)
{
    return a ? hash_text(a->text) : 0;
}

static uint64_t hash_condition(struct lint *l, struct views *v, const struct m_condition *c);

/* What a condition joins; of a named one it is found once. */
static uint64_t hash_children(struct lint *l, struct views *v, const struct m_condition *c)
{
    uint32_t named = c->use.n ? policy_names_find(&v->names, c->use) : POLICY_NONE;
    if (named != POLICY_NONE && v->hash[named])
        return v->hash[named];
    uint64_t h = HASH_START;
    for (const struct m_condition *k = c->first; k && !l->cut; k = k->next)
        h = hash_word(h, hash_condition(l, v, k));
    if (named != POLICY_NONE)
        v->hash[named] = h;
    return h;
}

static uint64_t hash_condition(struct lint *l, struct views *v, const struct m_condition *c)
{
    if (!policy_lint_spend(l, 1 + c->groups.n))
        return 0;
    uint64_t h = hash_word(HASH_START, (uint64_t)c->op << 8 | c->flag);
    h = hash_word(hash_word(h, hash_name(c->attribute)), hash_name(c->other));
    h = hash_word(h, hash_text(c->path));
    for (uint32_t i = 0; i < c->groups.n; i++)
        h = hash_word(h, hash_text(c->groups.v[i].text));
    if (c->operand)
        h = hash_word(h, hash_tree(l, c->operand));
    return hash_word(h, hash_children(l, v, c));
}

bool policy_lint_same_subjects(const struct m_subjects *a, const struct m_subjects *b)
{
    for (uint32_t i = 0; a->n == b->n && i < a->n; i++)
        if (!str_eq(a->v[i].text, b->v[i].text))
            return false;
    return a->n == b->n;
}

static bool same_operand(struct lint *l, const struct ynode *a, const struct ynode *b)
{
    if (!a || !b || a == b)
        return a == b;
    (void)hash_tree(l, a); /* what it costs */
    return !l->cut && policy_tree_same(a, b);
}

/* Whether two conditions are written alike. */
static bool same_condition(struct lint *l, const void *one, const void *other)
{
    const struct m_condition *a = one, *b = other;
    if (!policy_lint_spend(l, 1 + a->groups.n) || a->op != b->op || a->flag != b->flag ||
        !same_attribute(a->attribute, b->attribute) || !same_attribute(a->other, b->other) ||
        !str_eq(a->path, b->path) || !policy_lint_same_subjects(&a->groups, &b->groups) ||
        !same_operand(l, a->operand, b->operand))
        return false;
    const struct m_condition *x = a->first, *y = b->first;
    for (; x && y && x != y; x = x->next, y = y->next)
        if (!same_condition(l, x, y))
            return false;
    return x == y; /* both at their end, or in the same named one */
}

static const struct m_condition *condition_of(struct lint *l, struct views *v,
                                              const struct m_condition *c)
{
    struct slot *s = NULL;
    uint64_t hash = c ? hash_condition(l, v, c) : 0;
    if (c && !l->cut)
        s = find_slot(l, &v->conditions, hash, c, same_condition);
    if (!s)
        return c;
    s->first = s->first ? s->first : c;
    return s->first;
}

/* ---- rules ---- */

static bool make_views(struct lint *l, struct views *v)
{
    const struct model *m = l->m;
    v->named = arena_array(l->arena, m->ngrants + (size_t)1, sizeof *v->named);
    v->names.v = arena_array(l->arena, m->nconditions + (size_t)1, sizeof *v->names.v);
    v->hash = arena_array(l->arena, m->nconditions + (size_t)1, sizeof *v->hash);
    if (!v->named || !v->names.v || !v->hash ||
        !make_table(l, m->ngrants + (size_t)m->nrules + 1, &v->grants) ||
        !make_table(l, m->nrules, &v->conditions))
        return false;
    for (uint32_t i = 0; i < m->nconditions; i++)
        v->names.v[i] = (struct policy_name){m->conditions[i].name, i};
    v->names.n = m->nconditions;
    policy_names_sort(&v->names);
    for (uint32_t i = 0; i < m->ngrants; i++)
        if (!(v->named[i] = take_grant(l, v, policy_grant_resolve(&m->grants[i]))))
            return false;
    return true;
}

bool policy_lint_rules(struct lint *l)
{
    struct views v = {.named = NULL};
    l->rules = arena_array(l->arena, l->m->nrules + (size_t)1, sizeof *l->rules);
    if (!l->rules || !make_views(l, &v))
        return false;
    for (uint32_t i = 0; i < l->m->nrules; i++) {
        const struct m_rule *r = &l->m->rules[i];
        l->rules[i] = (struct lint_rule){
            .rule = r, .grant = grant_of(l, &v, r->grant), .when = condition_of(l, &v, r->when)};
        if (!l->rules[i].grant)
            return false;
    }
    return true;
}
