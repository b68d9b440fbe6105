/*
 * Warnings: what compiles and is probably not what its author meant. Reads the checked model; one
 * function a finding, each called from the table of its kind. Comparing rules with each other is in
 * lint_pairs.c.
 */
#include "policy/lint.h"

#include "core/catalogue.h"

#include <stdio.h>

static void lint_groups(const struct model *m, struct policy_report *report)
{
    char shown[POLICY_SHOWN];
    for (uint32_t i = 0; i < m->ngroups; i++) {
        const struct m_group *g = &m->groups[i];
        if (!g->used)
            policy_report(report, P_UNUSED_GROUP, g->at, "use it or leave it out",
                          "nothing uses group `%s`", policy_shown(g->name, shown));
        if (!g->members.n)
            policy_report(report, P_EMPTY_LIST, g->at, NULL, "group `%s` has no members",
                          policy_shown(g->name, shown));
    }
}

/* ---- grants and limits ---- */

struct limit_view {
    const struct m_limits *limits;
    bool controlled; /* the policy gives level controlled to somebody */
};

static void lint_limits(struct limit_view v, struct policy_report *report)
{
    for (unsigned i = 0; i < CORE_LIMIT_COUNT; i++) {
        enum core_limit limit = (enum core_limit)i;
        if (!(v.limits->limits.set >> i & 1))
            continue;
        bool unlimited = v.limits->limits.value[i] == CORE_UNLIMITED;
        if (unlimited && v.controlled)
            policy_report(report, P_UNLIMITED, v.limits->at[i], "name a value", "`%s` is unlimited",
                          core_limit_name(limit));
        if (!unlimited && !core_limit_held(limit) && !(v.limits->limits.best_effort >> i & 1)) {
            char hint[POLICY_HINT];
            (void)snprintf(hint, sizeof hint, "add `best_effort: [%s]` to the grant's limits",
                           core_limit_name(limit));
            policy_report(report, P_NOT_HELD, v.limits->at[i], hint,
                          "this build cannot hold `%s`: what needs it will be refused no_mechanism",
                          core_limit_name(limit));
        }
    }
}

static bool gives_controlled(const struct model *m)
{
    bool given = m->default_level == CORE_LEVEL_CONTROLLED;
    for (uint32_t i = 0; i < m->nlevels; i++)
        given |= m->levels[i].level == CORE_LEVEL_CONTROLLED;
    return given;
}

static void lint_grants(const struct model *m, struct policy_report *report)
{
    bool controlled = gives_controlled(m);
    char shown[POLICY_SHOWN];
    lint_limits((struct limit_view){&m->default_limits, controlled}, report);
    for (uint32_t i = 0; i < m->ngrants; i++) {
        const struct m_grant *g = &m->grants[i];
        if (!g->used)
            policy_report(report, P_UNUSED_GRANT, g->at, "use it or leave it out",
                          "nothing uses grant `%s`", policy_shown(g->name, shown));
        lint_limits((struct limit_view){&g->limits, controlled}, report);
    }
    for (uint32_t i = 0; i < m->nrules; i++)
        if (m->rules[i].grant)
            lint_limits((struct limit_view){&m->rules[i].grant->limits, controlled}, report);
}

/* ---- rules ---- */

static void unknown_capability(const struct m_capability *c, struct policy_report *report)
{
    struct policy_nearest near = policy_near(report, c->text);
    size_t n;
    const struct core_capability *all = core_capability_all(&n);
    for (size_t i = 0; i < n && near.wanted.n; i++)
        policy_offer(&near, str_of(all[i].id));
    char shown[POLICY_SHOWN], hint[POLICY_HINT];
    policy_report(report, P_NO_CAPABILITY, c->at, policy_hint(&near, hint),
                  "`%s` is not in the catalogue: it counts as dangerous",
                  policy_shown(c->text, shown));
}

/* The policy's own entry of an exact id; where several patterns fit, the most specific. */
static const struct m_entry *own_entry(const struct model *m, struct str id)
{
    const struct m_entry *best = NULL;
    for (uint32_t i = 0; i < m->nentries; i++) {
        const struct m_entry *e = &m->entries[i];
        if (policy_capability_matches(e->id.text, id) && (!best || e->id.key > best->id.key))
            best = e;
    }
    return best;
}

/* Whether an id is dangerous; `known`: whether anything tells of it. */
static bool is_dangerous(const struct model *m, struct str id, bool *known)
{
    const struct core_capability *shipped = core_capability_find(id);
    const struct m_entry *own = own_entry(m, id);
    int klass = shipped ? (int)shipped->klass : -1;
    bool applies = own && own->klass >= 0 && (!shipped || policy_capability_is_exact(own->id.text));
    if (applies && (own->lower.n || own->klass > klass))
        klass = own->klass;
    *known = shipped || own;
    return klass < 0 || klass == CORE_CLASS_DANGEROUS;
}

static void lint_isolation(const struct m_rule *r, const struct m_capability *c,
                           struct policy_report *report)
{
    if (r->grant && policy_grant_resolve(r->grant).isolation > CORE_RANK_NONE)
        return;
    char shown[POLICY_SHOWN];
    policy_report(report, P_UNISOLATED, c->at,
                  "write `isolation: process` or stronger in the grant",
                  "`%s` is dangerous and allowed with isolation none; under controlled it is "
                  "raised to process",
                  policy_shown(c->text, shown));
}

static void lint_capabilities(const struct model *m, const struct m_rule *r,
                              struct policy_report *report)
{
    for (uint32_t i = 0; i < r->ncapabilities; i++) {
        const struct m_capability *c = &r->capabilities[i];
        bool allow = r->effect == RULE_ALLOW || r->effect == RULE_ASK;
        if (r->effect == RULE_ALLOW && str_is(c->text, "*"))
            policy_report(report, P_BROAD, c->at, "name the capabilities, or `a.b.*`",
                          "this allows every capability, those that are still to come included");
        if (!policy_capability_is_exact(c->text))
            continue;
        bool known, dangerous = is_dangerous(m, c->text, &known);
        if (!known)
            unknown_capability(c, report);
        if (allow && dangerous)
            lint_isolation(r, c, report);
    }
}

static bool is_anyone(const struct m_rule *r)
{
    return r->subjects.n == 1 && r->subjects.v[0].kind == SUBJECT_ANYONE;
}

static void lint_holds(const struct m_rule *r, struct policy_report *report)
{
    bool restricts = r->effect == RULE_DENY || r->effect == RULE_REQUIRE;
    if (restricts && r->until_ns != INT64_MAX)
        policy_report(report, P_ENDING_DENY, r->until_at, NULL,
                      "what this holds back is open again when its time is over");
    if (restricts && r->has_resource)
        policy_report(report, P_UNNAMED_RESOURCE, r->resource_at, NULL,
                      "a request that names no resource is held too");
    if (r->effect == RULE_ASK && is_anyone(r))
        policy_report(report, P_ASK_ANYONE, r->effect_at, "name who may ask",
                      "anyone can make somebody answer");
}

static void lint_rule(const struct model *m, const struct m_rule *r, struct policy_report *report)
{
    char shown[POLICY_SHOWN];
    bool allow = r->effect == CORE_EFFECT_ALLOW;
    if (allow && !r->has_reason)
        policy_report(report, P_NO_REASON, r->id_at, "add `reason: \"...\"`",
                      "rule `%s` does not say why", policy_shown(r->id, shown));
    lint_capabilities(m, r, report);
    lint_holds(r, report);
    if (r->when)
        policy_lint_condition(r->when, allow, m, report);
}

void policy_lint_model(const struct model *m, struct arena *arena, struct policy_report *report)
{
    lint_groups(m, report);
    lint_grants(m, report);
    for (uint32_t i = 0; i < m->nrules; i++)
        lint_rule(m, &m->rules[i], report);
    policy_lint_scopes(m, report);
    policy_lint_names(m, report);
    policy_lint_pairs(m, arena, report);
}
