/*
 * See argument.h. An id that ships has the schema of the catalogue, any other that of the most
 * specific entry of the policy's own.
 */
#include "policy/argument.h"

#include "core/catalogue.h"

const struct m_entry *policy_own_entry(const struct model *m, struct str id)
{
    const struct m_entry *best = NULL;
    for (uint32_t i = 0; i < m->nentries; i++) {
        const struct m_entry *e = &m->entries[i];
        if (policy_capability_matches(e->id.text, id) && (!best || e->id.key > best->id.key))
            best = e;
    }
    return best;
}

struct lookup {
    const struct model *m;
    struct str name;
    struct policy_nearest *near; /* NULL: none */
    uint64_t *left;
    struct policy_argument out;
};

static void meet(struct lookup *l, struct str name, int type)
{
    if (l->near)
        policy_offer(l->near, name);
    if (str_eq(name, l->name))
        l->out.types |= UINT32_C(1) << type;
}

static void of_shipped(struct lookup *l, const struct core_capability *c)
{
    l->out.open |= !c->has_schema;
    for (uint32_t i = 0; i < c->nargs; i++)
        meet(l, str_of(c->args[i].name), (int)c->args[i].type);
}

static void of_entry(struct lookup *l, const struct m_entry *e)
{
    l->out.open |= !e || !e->args;
    for (uint32_t i = 0; e && i < e->nargs; i++)
        meet(l, e->args[i].name, e->args[i].type);
}

static bool pay(struct lookup *l)
{
    bool can = *l->left >= l->m->nentries;
    *l->left -= can ? l->m->nentries : 0;
    l->out.open |= !can;
    return can;
}

static void of_id(struct lookup *l, struct str id)
{
    const struct core_capability *shipped = core_capability_find(id);
    if (shipped)
        of_shipped(l, shipped);
    else if (pay(l))
        of_entry(l, policy_own_entry(l->m, id));
}

static bool selects(const struct m_rule *r, struct str id, uint32_t effects)
{
    bool named = r->ncapabilities == 0;
    for (uint32_t i = 0; i < r->ncapabilities && !named; i++)
        named = policy_capability_matches(r->capabilities[i].text, id);
    return named && (!r->has_effects || (r->effect_bits & effects));
}

/* Of patterns and effects: all that ships and all that the policy declares. An entry that is a
 * pattern itself stands for ids that fit it. */
static void of_selected(struct lookup *l, const struct m_rule *r)
{
    size_t shipped;
    const struct core_capability *all = core_capability_all(&shipped);
    for (size_t i = 0; i < shipped; i++)
        if (selects(r, str_of(all[i].id), all[i].effects))
            of_shipped(l, &all[i]);
    for (uint32_t i = 0, n = pay(l) ? l->m->nentries : 0; i < n; i++) {
        const struct m_entry *e = &l->m->entries[i];
        if (!core_capability_find(e->id.text) && selects(r, e->id.text, e->effect_bits))
            of_entry(l, e);
    }
}

struct policy_argument policy_argument_of(const struct model *m, const struct m_rule *r,
                                          struct str name, struct policy_nearest *near,
                                          uint64_t *left)
{
    struct lookup l = {.m = m, .name = name, .near = near, .left = left};
    l.out.exact = r->ncapabilities > 0;
    for (uint32_t i = 0; i < r->ncapabilities; i++)
        l.out.exact &= policy_capability_is_exact(r->capabilities[i].text);
    for (uint32_t i = 0; l.out.exact && i < r->ncapabilities; i++)
        of_id(&l, r->capabilities[i].text);
    if (!l.out.exact)
        of_selected(&l, r);
    return l.out;
}
