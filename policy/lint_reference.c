/*
 * Warnings about what refers to arguments, effects and properties that are not there: templates of
 * grants, masks, rules by effect, properties of entities. Called by lint.c.
 */
#include "policy/argument.h"
#include "policy/lint.h"

#include "core/catalogue.h"

struct referring {
    const struct model *m;
    const struct m_rule *rule;
    uint64_t *left; /* of POLICY_MAX_LOOKUPS */
    struct policy_report *report;
};

/* ---- templates of grants ---- */

/* `types`: those that the place takes. Without it the rule permits nothing. */
static void lint_template(const struct referring *f, const struct m_attribute *a, uint32_t types)
{
    if (!a || a->root != ROOT_ARGS || !a->n)
        return;
    struct policy_nearest near = policy_near(f->report, a->key[0]);
    struct policy_argument arg = policy_argument_of(f->m, f->rule, a->key[0], &near, f->left);
    char shown[POLICY_SHOWN], hint[POLICY_HINT];
    if (!arg.exact || arg.open || arg.types & types)
        return;
    policy_report(f->report, P_NEVER_KNOWN, arg.types ? a->at : f->rule->id_at,
                  arg.types ? NULL : policy_hint(&near, hint),
                  arg.types
                      ? "`${%s}` is of a type that cannot stand here: the rule never matches"
                      : "`${%s}`: no capability of this rule has such an argument, so that it "
                        "never matches",
                  policy_shown(a->text, shown));
}

static void lint_paths(const struct referring *f, const struct m_paths *paths)
{
    uint32_t types = 1u << CORE_ARG_ANY | 1u << CORE_ARG_STRING | 1u << CORE_ARG_PATH;
    for (uint32_t i = 0; i < paths->n; i++)
        lint_template(f, paths->v[i].template, types);
}

static void lint_templates(const struct referring *f)
{
    struct m_grant g = policy_grant_resolve(f->rule->grant);
    lint_paths(f, &g.read);
    lint_paths(f, &g.write);
    lint_paths(f, &g.execute);
    lint_paths(f, &g.hide);
    for (uint32_t i = 0; i < g.nnetwork; i++)
        lint_template(f, g.network[i].template,
                      1u << CORE_ARG_ANY | 1u << CORE_ARG_STRING | 1u << CORE_ARG_URL);
}

/* ---- effects ---- */

/* The effects of an id; all of them where nothing tells of it, and where that costs too much. */
static uint32_t effects_of(const struct referring *f, struct str id)
{
    const struct core_capability *shipped = core_capability_find(id);
    uint32_t effects = shipped ? shipped->effects : 0;
    bool known = shipped != NULL;
    if (*f->left < f->m->nentries)
        return UINT32_MAX;
    *f->left -= f->m->nentries;
    for (uint32_t i = 0; i < f->m->nentries; i++)
        if (policy_capability_matches(f->m->entries[i].id.text, id)) {
            effects |= f->m->entries[i].effect_bits;
            known = true;
        }
    return known ? effects : UINT32_MAX;
}

static void lint_effects(const struct referring *f)
{
    const struct m_rule *r = f->rule;
    if (!r->has_effects || !r->ncapabilities)
        return;
    for (uint32_t i = 0; i < r->ncapabilities; i++)
        if (!policy_capability_is_exact(r->capabilities[i].text) ||
            effects_of(f, r->capabilities[i].text) & r->effect_bits)
            return;
    char shown[POLICY_SHOWN];
    policy_report(f->report, P_NEVER_MATCHES, r->id_at, "leave one of both out, or make two rules",
                  "rule `%s` never matches: none of its capabilities has one of its effects, and "
                  "both must match",
                  policy_shown(r->id, shown));
}

/* ---- masks ---- */

/* What an entry of one id masks, by its own schema or the catalogue's. */
static void lint_masks(const struct model *m, struct policy_report *report)
{
    for (uint32_t i = 0; i < m->nentries; i++) {
        const struct m_entry *e = &m->entries[i];
        const struct core_capability *shipped = core_capability_find(e->id.text);
        uint32_t n = shipped ? shipped->nargs : e->nargs;
        if (shipped ? !shipped->has_schema : !e->args)
            continue;
        for (uint32_t k = 0; k < e->mask.n; k++) {
            const struct m_attribute *a = e->mask.v[k];
            struct policy_nearest near = policy_near(report, a->key[0]);
            bool known = a->positions;
            for (uint32_t j = 0; j < n; j++) {
                struct str name = shipped ? str_of(shipped->args[j].name) : e->args[j].name;
                known |= str_eq(name, a->key[0]);
                policy_offer(&near, name);
            }
            char shown[POLICY_SHOWN], hint[POLICY_HINT];
            if (!known)
                policy_report(report, P_NEVER_KNOWN, a->at, policy_hint(&near, hint),
                              "`%s`: the capability has no such argument to mask",
                              policy_shown(a->text, shown));
        }
    }
}

/* ---- entities ---- */

/* A property that is not declared, and nearly one that is to come from entities. */
static void lint_property(const struct model *m, const struct ynode *key, uint64_t *left,
                          struct policy_report *report)
{
    struct policy_nearest near = policy_near(report, key->text);
    for (uint32_t i = 0; i < m->ndeclared && near.wanted.n; i++) {
        const struct m_declared *d = &m->declared[i];
        bool property = d->path->root == ROOT_SUBJECT || d->path->root == ROOT_RESOURCE;
        if (!property || !d->path->n || !m_sees(d, key->pos))
            continue;
        if (str_eq(d->path->key[0], key->text) || *left == 0)
            return;
        *left -= 1;
        if (d->from == FROM_ENTITIES)
            policy_offer(&near, d->path->key[0]);
    }
    char shown[POLICY_SHOWN], hint[POLICY_HINT];
    if (near.best.p)
        policy_report(report, P_UNDECLARED, key->pos, policy_hint(&near, hint),
                      "property `%s` is not declared", policy_shown(key->text, shown));
}

void policy_lint_references(const struct model *m, struct policy_report *report)
{
    uint64_t left = POLICY_MAX_LOOKUPS;
    for (uint32_t i = 0; i < m->nrules; i++) {
        struct referring f = {m, &m->rules[i], &left, report};
        if (m->rules[i].grant)
            lint_templates(&f);
        lint_effects(&f);
    }
    lint_masks(m, report);
    for (uint32_t i = 0; i < m->nentities; i++)
        for (const struct ynode *k = m->entities[i].properties->first; k; k = k->next->next)
            lint_property(m, k, &left, report);
}
