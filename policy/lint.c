/*
 * Warnings: what compiles and is probably not what its author meant. Reads the checked model; one
 * function a finding. Comparing rules with each other is in lint_pairs.c, lint_ties.c and
 * lint_reach.c; all that is compared is counted.
 */
#include "policy/lint.h"
#include "policy/argument.h"

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

/* What a grant writes itself: what it takes over is told of where it stands. */
static void lint_broad(const struct m_grant *g, struct policy_report *report)
{
    for (uint32_t i = 0; i < g->nnetwork; i++)
        if (str_is(g->network[i].host, "any"))
            policy_report(report, P_SMELL, g->at, "write `*` for any host",
                          "`any` in front of a port is the host of that name");
    for (uint32_t i = 0; i < g->nnetwork; i++) {
        bool any_host = str_is(g->network[i].host, "*");
        if (any_host || (g->network[i].port == 0 && !g->network[i].template))
            policy_report(report, P_BROAD_GRANT, g->at, "name hosts and ports",
                          "this grant reaches %s%s", any_host ? "any host" : "every port of a host",
                          any_host && g->network[i].port == 0 ? " on every port" : "");
    }
    for (uint32_t i = 0; i < g->write.n; i++)
        if (str_is(g->write.v[i].path, "/"))
            policy_report(report, P_BROAD_GRANT, g->at, "name the folders",
                          "this grant writes the whole file system");
}

/* What a request may choose, and programs trust. */
static void lint_environment(const struct m_grant *g, struct policy_report *report)
{
    for (uint32_t i = 0; i < g->nenvironment; i++) {
        const struct m_variable *v = &g->environment[i];
        const struct core_steering *steers = v->set ? NULL : core_steering_find(v->name);
        char shown[POLICY_SHOWN];
        if (steers)
            policy_report(report, P_CHOSEN_PLACE, v->at, "write `NAME=value` to set it here",
                          "`%s` %s, and the request chooses it", policy_shown(v->name, shown),
                          steers->why);
    }
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
        lint_broad(g, report);
        lint_environment(g, report);
    }
    for (uint32_t i = 0; i < m->nrules; i++)
        if (m->rules[i].grant) {
            lint_limits((struct limit_view){&m->rules[i].grant->limits, controlled}, report);
            lint_broad(m->rules[i].grant, report);
            lint_environment(m->rules[i].grant, report);
        }
}

/* ---- rules ---- */

bool policy_lint_is_anyone(const struct m_rule *r)
{
    return r->subjects.n == 1 && r->subjects.v[0].kind == SUBJECT_ANYONE;
}

static void lint_holds(const struct m_rule *r, struct policy_report *report)
{
    bool restricts = r->effect == RULE_DENY || r->effect == RULE_REQUIRE;
    if (r->effect == RULE_DENY && !r->has_subject && !r->has_capability && !r->has_effects &&
        !r->when && !r->shadow && !r->scope && r->from_ns == INT64_MIN && r->until_ns == INT64_MAX)
        policy_report(report, P_BROAD, r->id_at, "write `capability: [\"*\"]` if that is meant",
                      "this denies everything to anyone");
    if (restricts && r->until_ns != INT64_MAX)
        policy_report(report, P_ENDING_DENY, r->until_at, NULL,
                      "what this holds back is open again when its time is over");
    if (restricts && r->has_resource)
        policy_report(report, P_UNNAMED_RESOURCE, r->resource_at, NULL,
                      "a request that names no resource is held too");
    if (r->effect == RULE_ASK && policy_lint_is_anyone(r))
        policy_report(report, P_ASK_ANYONE, r->effect_at, "name who may ask",
                      "anyone can make somebody answer");
}

static void lint_rule(struct lint *l, const struct m_rule *r)
{
    char shown[POLICY_SHOWN];
    bool allow = r->effect == CORE_EFFECT_ALLOW;
    if (allow && !r->has_reason)
        policy_report(l->report, P_NO_REASON, r->id_at, "add `reason: \"...\"`",
                      "rule `%s` does not say why", policy_shown(r->id, shown));
    policy_lint_capabilities(l, r);
    lint_holds(r, l->report);
    if (r->when) {
        policy_lint_condition(l, r->when, r);
        policy_lint_attributes(r, l->report);
    }
}

/* ---- all ---- */

bool policy_lint_spend(struct lint *l, uint64_t n)
{
    if (n <= l->left) {
        l->left -= n;
        return true;
    }
    l->left = 0;
    l->cut = true;
    return false;
}

static void lint_rules(struct lint *l)
{
    if (!policy_lint_rules(l)) {
        policy_report_memory(l->report);
        return;
    }
    policy_lint_pairs(l);
    policy_lint_reach(l);
    policy_lint_ties(l);
}

void policy_lint_model(const struct model *m, struct arena *arena, struct policy_report *report)
{
    struct lint l = {.m = m, .arena = arena, .report = report, .left = LINT_MAX_WORK};
    lint_groups(m, report);
    lint_grants(m, report);
    if (!policy_lint_index(&l)) {
        policy_report_memory(report);
        return;
    }
    for (uint32_t i = 0; i < m->nrules; i++)
        lint_rule(&l, &m->rules[i]);
    policy_lint_references(m, report);
    policy_lint_budgets(&l);
    policy_lint_entries(m, report);
    policy_lint_subjects(m, arena, report);
    policy_lint_scopes(&l);
    policy_lint_names(&l);
    lint_rules(&l);
    if (l.cut)
        policy_report(report, P_NOT_COMPARED, (struct policy_pos){1, 1, 1, 0}, "split the policy",
                      "there is too much in this policy to compare all of it with each other: "
                      "findings may be missing");
}
