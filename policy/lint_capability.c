/*
 * Warnings about the capabilities of a rule: ids that nothing knows, patterns of what has nothing
 * in common, and what is dangerous permitted with too little around it. Called by lint.c.
 */
#include "policy/argument.h"
#include "policy/lint.h"

#include "core/catalogue.h"

/* ---- what an id is ---- */

/* Whether an id is dangerous; `known`: whether anything tells of it. */
static bool is_dangerous(const struct model *m, struct str id, bool *known)
{
    const struct core_capability *shipped = core_capability_find(id);
    const struct m_entry *own = policy_own_entry(m, id);
    int klass = shipped ? (int)shipped->klass : -1;
    bool applies = own && own->klass >= 0 && (!shipped || policy_capability_is_exact(own->id.text));
    if (applies && (own->lower.n || own->klass > klass))
        klass = own->klass;
    *known = shipped || own;
    return klass < 0 || klass == CORE_CLASS_DANGEROUS;
}

/* What a pattern with wildcards matches of what ships. */
struct covered {
    uint32_t all, dangerous;
    uint32_t common;     /* effects that all dangerous ones have */
    const char *example; /* a dangerous one */
};

static struct covered cover(const struct model *m, struct str pattern)
{
    struct covered c = {.common = UINT32_MAX};
    size_t n;
    const struct core_capability *all = core_capability_all(&n);
    for (size_t i = 0; i < n; i++) {
        bool known;
        if (!policy_capability_matches(pattern, str_of(all[i].id)))
            continue;
        c.all++;
        if (!is_dangerous(m, str_of(all[i].id), &known))
            continue;
        c.dangerous++;
        c.common &= all[i].effects;
        c.example = c.example ? c.example : all[i].id;
    }
    return c;
}

/* Whether ids that ship begin as the pattern does: `ccos.x.*` then means one of them. */
static bool of_shipped_kind(struct str pattern)
{
    const char *dot = memchr(pattern.p, '.', pattern.n);
    struct str kind = {pattern.p, dot ? (size_t)(dot - pattern.p) + 1 : 0};
    size_t n;
    const struct core_capability *all = core_capability_all(&n);
    for (size_t i = 0; i < n && kind.n; i++)
        if (str_starts(str_of(all[i].id), kind))
            return true;
    return false;
}

/* ---- findings ---- */

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

static bool has_limits(const struct model *m, const struct m_rule *r)
{
    return m->default_limits.limits.set ||
           (r->grant && policy_grant_resolve(r->grant).limits.limits.set);
}

static bool is_anyone(const struct m_rule *r)
{
    return r->subjects.n == 1 && r->subjects.v[0].kind == SUBJECT_ANYONE;
}

/* Of a rule that permits what is dangerous. `what`: the id, or one that the pattern covers. */
static void lint_dangerous(const struct model *m, const struct m_rule *r,
                           const struct m_capability *c, const char *what, bool *limits,
                           struct policy_report *report)
{
    if (!r->grant || policy_grant_resolve(r->grant).isolation <= CORE_RANK_NONE)
        policy_report(report, P_UNISOLATED, c->at,
                      "write `isolation: process` or stronger in the grant",
                      "`%s` is dangerous and allowed with isolation none; under controlled it is "
                      "raised to process",
                      what);
    if (is_anyone(r) && !r->scope && r->effect == RULE_ALLOW)
        policy_report(report, P_BROAD_SUBJECT, c->at, "name who may",
                      "`%s` is dangerous and allowed for anyone", what);
    if (*limits || has_limits(m, r))
        return;
    *limits = true; /* once: `defaults.limits` is for all */
    policy_report(report, P_NO_LIMITS, c->at,
                  "add `defaults: {limits: {wall: 5s, ...}}`, or limits to the grant",
                  "`%s` is dangerous, and nothing here limits it", what);
}

static void lint_pattern(const struct model *m, const struct m_rule *r,
                         const struct m_capability *c, bool *limits, struct policy_report *report)
{
    bool permits = r->effect == RULE_ALLOW || r->effect == RULE_ASK;
    if (str_is(c->text, "*")) {
        if (r->effect == RULE_ALLOW)
            policy_report(report, P_BROAD, c->at, "name the capabilities, or `a.b.*`",
                          "this allows every capability, those that are still to come included");
        return;
    }
    struct covered covered = cover(m, c->text);
    char shown[POLICY_SHOWN];
    policy_shown(c->text, shown);
    if (!covered.all && of_shipped_kind(c->text) && !policy_own_entry(m, c->text))
        policy_report(report, P_NO_CAPABILITY, c->at, NULL, "`%s` fits nothing in the catalogue",
                      shown);
    if (r->effect == RULE_ALLOW && covered.dangerous > 1 && !covered.common)
        policy_report(report, P_BROAD, c->at, "name the capabilities, or `a.b.*`",
                      "`%s` allows dangerous capabilities that have nothing in common", shown);
    if (permits && covered.dangerous)
        lint_dangerous(m, r, c, covered.example, limits, report);
}

void policy_lint_capabilities(const struct model *m, const struct m_rule *r, bool *limits,
                              struct policy_report *report)
{
    bool permits = r->effect == RULE_ALLOW || r->effect == RULE_ASK;
    for (uint32_t i = 0; i < r->ncapabilities; i++) {
        const struct m_capability *c = &r->capabilities[i];
        if (!policy_capability_is_exact(c->text)) {
            lint_pattern(m, r, c, limits, report);
            continue;
        }
        bool known, dangerous = is_dangerous(m, c->text, &known);
        char shown[POLICY_SHOWN];
        if (!known)
            unknown_capability(c, report);
        if (permits && dangerous)
            lint_dangerous(m, r, c, policy_shown(c->text, shown), limits, report);
    }
}
