/*
 * What must hold of a policy as a whole: names are declared, groups and grants have no cycles, rule
 * ids are unique. Works on the model; after it, references are indexes and pointers. Called by
 * compile.c after the parser.
 */
#include "policy/check.h"

#define MAX_GRANT_CHAIN 16u

bool check_names(struct arena *arena, uint32_t n, struct policy_names *out)
{
    out->v = arena_array(arena, n ? n : 1, sizeof *out->v);
    out->n = out->v ? n : 0;
    return out->v != NULL;
}

static bool index_names(struct checker *c, struct arena *arena)
{
    if (!check_names(arena, c->m->ngroups, &c->groups) ||
        !check_names(arena, c->m->ngrants, &c->grants))
        return false;
    for (uint32_t i = 0; i < c->groups.n; i++)
        c->groups.v[i] = (struct policy_name){c->m->groups[i].name, i};
    for (uint32_t i = 0; i < c->grants.n; i++)
        c->grants.v[i] = (struct policy_name){c->m->grants[i].name, i};
    policy_names_sort(&c->groups);
    policy_names_sort(&c->grants);
    return true;
}

/* ---- groups ---- */

static void resolve_subject(struct checker *c, struct m_subject *s)
{
    if (s->kind != SUBJECT_GROUP)
        return;
    s->group = policy_names_find(&c->groups, s->text);
    if (s->group != POLICY_NONE) {
        c->m->groups[s->group].used = true;
        return;
    }
    char shown[POLICY_SHOWN], hint[POLICY_HINT];
    policy_report(c->report, P_NO_GROUP, s->at,
                  policy_names_hint(&c->groups, c->report, s->text, hint),
                  "group `%s` is not declared", policy_shown(s->text, shown));
}

void check_subjects(struct checker *c, struct m_subjects *list)
{
    for (uint32_t i = 0; i < list->n; i++)
        resolve_subject(c, &list->v[i]);
}

enum { UNSEEN, OPEN, DONE };

/* Depth-first over nested groups. What it finds does not depend on where it begins: a group knows
 * how high it stands. */
static void walk_group(struct checker *c, struct m_group *g, unsigned depth)
{
    g->state = OPEN;
    g->height = 1;
    for (uint32_t i = 0; i < g->members.n; i++) {
        const struct m_subject *s = &g->members.v[i];
        if (s->kind != SUBJECT_GROUP || s->group == POLICY_NONE)
            continue;
        struct m_group *inner = &c->m->groups[s->group];
        char shown[POLICY_SHOWN];
        if (inner->state == OPEN) {
            policy_report(c->report, P_GROUP_CYCLE, s->at, "leave one of them out",
                          "group `%s` contains itself", policy_shown(inner->name, shown));
            continue;
        }
        if (inner->state == UNSEEN && depth < CHECK_MAX_GROUPS)
            walk_group(c, inner, depth + 1);
        if (depth == CHECK_MAX_GROUPS || inner->height == CHECK_MAX_GROUPS)
            policy_report(c->report, P_BOUND, s->at, NULL, "groups are nested more than %u deep",
                          CHECK_MAX_GROUPS);
        else if (inner->height >= g->height)
            g->height = (uint8_t)(inner->height + 1);
    }
    g->state = DONE;
}

static void check_groups(struct checker *c)
{
    for (uint32_t i = 0; i < c->m->ngroups; i++)
        check_subjects(c, &c->m->groups[i].members);
    for (uint32_t i = 0; i < c->m->ngroups; i++)
        if (c->m->groups[i].state == UNSEEN)
            walk_group(c, &c->m->groups[i], 1);
}

/* ---- grants ---- */

static void resolve_grant(struct checker *c, struct m_grant *g)
{
    if (!g->use.n)
        return;
    uint32_t i = policy_names_find(&c->grants, g->use);
    if (i != POLICY_NONE) {
        g->base = &c->m->grants[i];
        g->base->used = true;
        return;
    }
    char shown[POLICY_SHOWN], hint[POLICY_HINT];
    policy_report(c->report, P_NO_GRANT, g->use_at,
                  policy_names_hint(&c->grants, c->report, g->use, hint),
                  "grant `%s` is not declared", policy_shown(g->use, shown));
}

static void check_chain(struct checker *c, const struct m_grant *g)
{
    unsigned length = 0;
    for (const struct m_grant *b = g->base; b && length <= MAX_GRANT_CHAIN; b = b->base)
        length++;
    if (length > MAX_GRANT_CHAIN)
        policy_report(c->report, P_BOUND, g->use_at, NULL,
                      "more than %u grants use each other in a row", MAX_GRANT_CHAIN);
}

/* Follow `use` from every grant, marking with the walk's number: meeting one's own mark is a cycle,
 * which is cut there. */
static void check_grants(struct checker *c)
{
    for (uint32_t i = 0; i < c->m->ngrants; i++)
        resolve_grant(c, &c->m->grants[i]);
    for (uint32_t i = 0; i < c->m->ngrants; i++) {
        for (struct m_grant *g = &c->m->grants[i]; g && !g->visit; g = g->base) {
            char shown[POLICY_SHOWN];
            g->visit = i + 1;
            if (!g->base || g->base->visit != i + 1)
                continue;
            policy_report(c->report, P_GRANT_CYCLE, g->use_at, "leave one `use` out",
                          "grant `%s` uses itself", policy_shown(g->base->name, shown));
            g->base = NULL;
        }
    }
    for (uint32_t i = 0; i < c->m->ngrants; i++)
        check_chain(c, &c->m->grants[i]);
}

/* Each key that `out` does not write is that of `b`. */
static void inherit_reach(struct m_grant *out, const struct m_grant *b)
{
    uint32_t from = b->wrote & ~out->wrote;
    if (from >> REACH_PROVIDER & 1)
        out->providers = b->providers;
    if (from >> REACH_NETWORK & 1) {
        out->network = b->network;
        out->nnetwork = b->nnetwork;
    }
    if (from >> REACH_FILESYSTEM & 1) {
        out->read = b->read;
        out->write = b->write;
        out->execute = b->execute;
        out->hide = b->hide;
        out->masks = b->masks;
    }
    if (from >> REACH_ENVIRONMENT & 1) {
        out->environment = b->environment;
        out->nenvironment = b->nenvironment;
    }
    if (from >> REACH_SECRETS & 1)
        out->secrets = b->secrets;
    out->wrote |= from;
}

struct m_grant policy_grant_resolve(const struct m_grant *g)
{
    struct m_grant out = *g;
    for (const struct m_grant *b = g->base; b; b = b->base) {
        if (out.isolation < 0)
            out.isolation = b->isolation;
        if (!out.limits.present)
            out.limits = b->limits;
        inherit_reach(&out, b);
    }
    return out;
}

/* ---- rules ---- */

bool check_index_rules(struct checker *c, struct policy_names *out)
{
    const struct model *m = c->m;
    if (!check_names(c->arena, m->nrules + m->nbudgets, out)) {
        policy_report_memory(c->report);
        return false;
    }
    for (uint32_t i = 0; i < out->n; i++)
        out->v[i] =
            (struct policy_name){i < m->nrules ? m->rules[i].id : m->budgets[i - m->nrules].id, i};
    policy_names_sort(out);
    return true;
}

static void check_ids(struct checker *c)
{
    const struct model *m = c->m;
    struct policy_names ids;
    if (!check_index_rules(c, &ids))
        return;
    for (uint32_t i = 1; i < ids.n; i++) {
        struct policy_pos at[2];
        char shown[POLICY_SHOWN], place[POLICY_PLACE];
        bool budget = false;
        for (uint32_t k = 0; k < 2; k++) {
            uint32_t n = ids.v[i - k].index;
            budget |= n >= m->nrules;
            at[k] = n < m->nrules ? m->rules[n].id_at : m->budgets[n - m->nrules].id_at;
        }
        if (ids.v[i].name.n && str_eq(ids.v[i].name, ids.v[i - 1].name))
            policy_report(c->report, P_DUPLICATE_ID, at[0],
                          budget ? "give it another: decisions name rules and budgets alike" : NULL,
                          "%s `%s` stands %s too", budget ? "id" : "rule id",
                          policy_shown(ids.v[i].name, shown),
                          policy_place(c->report, at[1], at[0], place));
    }
}

void policy_check(struct model *m, struct arena *arena, struct policy_report *report)
{
    struct checker c = {.m = m, .arena = arena, .report = report};
    if (!index_names(&c, arena)) {
        policy_report_memory(report);
        return;
    }
    check_groups(&c);
    check_grants(&c);
    for (uint32_t i = 0; i < m->nlevels; i++)
        resolve_subject(&c, &m->levels[i].match);
    for (uint32_t i = 0; i < m->nrules; i++) {
        check_subjects(&c, &m->rules[i].subjects);
        if (m->rules[i].grant) {
            resolve_grant(&c, m->rules[i].grant);
            check_chain(&c, m->rules[i].grant);
        }
    }
    check_scopes(&c);
    policy_check_conditions(m, &c.groups, arena, report);
    check_ids(&c);
    check_holds(&c);
    check_tests(&c);
}
