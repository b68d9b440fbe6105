/*
 * Warnings about the capabilities of a rule: ids that nothing knows, patterns of what has nothing
 * in common, and what is dangerous permitted with too little around it. Called by lint.c.
 */
#include "policy/lint.h"

#include "core/catalogue.h"

/* ---- what an id is ---- */

/* What stands in front of a wildcard ends in a dot, and no id does: both live in one table. */
static bool index_entries(struct lint *l)
{
    const struct model *m = l->m;
    l->entries.v = arena_array(l->arena, m->nentries + (size_t)1, sizeof *l->entries.v);
    if (!l->entries.v)
        return false;
    for (uint32_t i = 0; i < m->nentries; i++) {
        struct str text = m->entries[i].id.text;
        bool exact = policy_capability_is_exact(text);
        l->entries.v[i] = (struct policy_name){exact ? text : policy_capability_prefix(text), i};
    }
    l->entries.n = m->nentries;
    policy_names_sort(&l->entries);
    return true;
}

/* The best of `best` and of those entries that are found under `text`. */
static const struct m_entry *better(struct lint *l, struct str text, struct str id,
                                    const struct m_entry *best)
{
    const struct policy_names *all = &l->entries;
    for (uint32_t i = policy_names_first(all, text); i < all->n && str_eq(all->v[i].name, text);
         i++) {
        const struct m_entry *e = &l->m->entries[all->v[i].index];
        if (!policy_lint_spend(l, 1))
            break;
        if (policy_capability_matches(e->id.text, id) &&
            (!best || e->id.key > best->id.key || (e->id.key == best->id.key && e < best)))
            best = e;
    }
    return best;
}

const struct m_entry *policy_lint_entry(struct lint *l, struct str id)
{
    if (!l->entries.n)
        return NULL;
    const struct m_entry *best = better(l, id, id, NULL);
    for (size_t n = id.n; n > 0 && !best; n--) /* the longer prefix has the greater key */
        if (id.p[n - 1] == '.')
            best = better(l, (struct str){id.p, n}, id, NULL);
    return best ? best : better(l, STR(""), id, NULL);
}

/* Whether an id is dangerous; `known`: whether anything tells of it. Of one whose entry could not
 * be looked for nothing is said. */
static bool is_dangerous(struct lint *l, struct str id, bool *known)
{
    const struct core_capability *shipped = core_capability_find(id);
    const struct m_entry *own = policy_lint_entry(l, id);
    int klass = shipped ? (int)shipped->klass : -1;
    bool applies = own && own->klass >= 0 && (!shipped || policy_capability_is_exact(own->id.text));
    if (applies && (own->lower.n || own->klass > klass))
        klass = own->klass;
    *known = shipped || own || l->cut;
    return (klass < 0 && !l->cut) || klass == CORE_CLASS_DANGEROUS;
}

bool policy_lint_index(struct lint *l)
{
    size_t n;
    const struct core_capability *all = core_capability_all(&n);
    l->dangerous = arena_array(l->arena, n + 1, sizeof *l->dangerous);
    if (!l->dangerous || !index_entries(l))
        return false;
    for (size_t i = 0; i < n; i++) {
        bool known;
        l->dangerous[i] = is_dangerous(l, str_of(all[i].id), &known);
    }
    return true;
}

/* What a pattern with wildcards matches of what ships. */
struct covered {
    uint32_t all, dangerous;
    uint32_t common;     /* effects that all dangerous ones have */
    const char *example; /* a dangerous one */
};

static struct covered cover(const struct lint *l, struct str pattern)
{
    struct covered c = {.common = UINT32_MAX};
    size_t n;
    const struct core_capability *all = core_capability_all(&n);
    for (size_t i = 0; i < n; i++) {
        if (!policy_capability_matches(pattern, str_of(all[i].id)))
            continue;
        c.all++;
        if (!l->dangerous[i])
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

/* Of a rule that permits what is dangerous. `what`: the id, or one that the pattern covers. */
static void lint_dangerous(struct lint *l, const struct m_rule *r, const struct m_capability *c,
                           const char *what)
{
    struct policy_report *report = l->report;
    if (!r->grant || policy_grant_resolve(r->grant).isolation <= CORE_RANK_NONE)
        policy_report(report, P_UNISOLATED, c->at,
                      "write `isolation: process` or stronger in the grant",
                      "`%s` is dangerous and allowed with isolation none; under controlled it is "
                      "raised to process",
                      what);
    if (policy_lint_is_anyone(r) && !r->scope && r->effect == RULE_ALLOW)
        policy_report(report, P_BROAD_SUBJECT, c->at, "name who may",
                      "`%s` is dangerous and allowed for anyone", what);
    if (l->limits || has_limits(l->m, r))
        return;
    l->limits = true; /* once: `defaults.limits` is for all */
    policy_report(report, P_NO_LIMITS, c->at,
                  "add `defaults: {limits: {wall: 5s, ...}}`, or limits to the grant",
                  "`%s` is dangerous, and nothing here limits it", what);
}

static void lint_pattern(struct lint *l, const struct m_rule *r, const struct m_capability *c)
{
    struct policy_report *report = l->report;
    bool permits = r->effect == RULE_ALLOW || r->effect == RULE_ASK;
    if (str_is(c->text, "*")) {
        if (r->effect == RULE_ALLOW)
            policy_report(report, P_BROAD, c->at, "name the capabilities, or `a.b.*`",
                          "this allows every capability, those that are still to come included");
        return;
    }
    struct covered covered = cover(l, c->text);
    char shown[POLICY_SHOWN];
    policy_shown(c->text, shown);
    if (!covered.all && of_shipped_kind(c->text) && !policy_lint_entry(l, c->text) && !l->cut)
        policy_report(report, P_NO_CAPABILITY, c->at, NULL, "`%s` fits nothing in the catalogue",
                      shown);
    if (r->effect == RULE_ALLOW && covered.dangerous > 1 && !covered.common)
        policy_report(report, P_BROAD, c->at, "name the capabilities, or `a.b.*`",
                      "`%s` allows dangerous capabilities that have nothing in common", shown);
    if (permits && covered.dangerous)
        lint_dangerous(l, r, c, covered.example);
}

void policy_lint_capabilities(struct lint *l, const struct m_rule *r)
{
    bool permits = r->effect == RULE_ALLOW || r->effect == RULE_ASK;
    for (uint32_t i = 0; i < r->ncapabilities; i++) {
        const struct m_capability *c = &r->capabilities[i];
        if (!policy_capability_is_exact(c->text)) {
            lint_pattern(l, r, c);
            continue;
        }
        bool known, dangerous = is_dangerous(l, c->text, &known);
        char shown[POLICY_SHOWN];
        if (!known)
            unknown_capability(c, l->report);
        if (permits && dangerous)
            lint_dangerous(l, r, c, policy_shown(c->text, shown));
    }
}
