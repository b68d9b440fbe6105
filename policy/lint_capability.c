/*
 * Warnings about the capabilities of a rule: ids that nothing knows, patterns of what has nothing
 * in common, and what is dangerous permitted with too little around it. Called by lint.c.
 */
#include "policy/argument.h"
#include "policy/lint.h"

#include "core/catalogue.h"

#include <stdio.h>

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

/* For `a.b` or `a.b*` where `a.b.*` is what there is; NULL: it is not. */
static const char *below_hint(const struct lint *l, struct str text, char hint[POLICY_HINT])
{
    static const char before[] = "did you mean `";
    if (text.n && text.p[text.n - 1] == '*')
        text.n--;
    if (!text.n || text.p[text.n - 1] == '.' || memchr(text.p, '*', text.n) || text.n > 60)
        return NULL;
    int n = snprintf(hint, POLICY_HINT, "%s%.*s.*`?", before, (int)text.n, text.p);
    struct str pattern = {hint + sizeof before - 1, (size_t)n - (sizeof before - 1) - 2};
    return cover(l, pattern).all ? hint : NULL;
}

/* An entry of just what `id` is below. */
static const struct m_entry *entry_above(struct lint *l, struct str id)
{
    const struct model *m = l->m;
    if (!policy_lint_spend(l, m->nentries))
        return NULL;
    for (uint32_t i = 0; i < m->nentries; i++) {
        struct str above = m->entries[i].id.text;
        if (above.n < id.n && str_starts(id, above) && id.p[above.n] == '.')
            return &m->entries[i];
    }
    return NULL;
}

static void unknown_capability(struct lint *l, const struct m_capability *c)
{
    struct policy_report *report = l->report;
    struct policy_nearest near = policy_near(report, c->text);
    size_t n;
    const struct core_capability *all = core_capability_all(&n);
    for (size_t i = 0; i < n && near.wanted.n; i++)
        policy_offer(&near, str_of(all[i].id));
    char shown[POLICY_SHOWN], buffer[POLICY_HINT];
    const char *hint = policy_hint(&near, buffer);
    hint = hint ? hint : below_hint(l, c->text, buffer);
    const struct m_entry *above = near.wanted.n && !hint ? entry_above(l, c->text) : NULL;
    if (above) {
        int shortened = (int)(above->id.text.n < 25 ? above->id.text.n : 25);
        (void)snprintf(buffer, sizeof buffer, "`%.*s` is that one alone: declare `%.*s.*` too",
                       shortened, above->id.text.p, shortened, above->id.text.p);
        hint = buffer;
    }
    policy_report(report, P_NO_CAPABILITY, c->at, hint,
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

static void lint_covers(struct lint *l, const struct m_capability *c, uint32_t covered)
{
    char shown[POLICY_SHOWN], hint[POLICY_HINT];
    if (!covered && of_shipped_kind(c->text) && !policy_lint_entry(l, c->text) && !l->cut)
        policy_report(l->report, P_NO_CAPABILITY, c->at, below_hint(l, c->text, hint),
                      "`%s` fits nothing in the catalogue", policy_shown(c->text, shown));
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
    lint_covers(l, c, covered.all);
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
            unknown_capability(l, c);
        if (permits && dangerous)
            lint_dangerous(l, r, c, policy_shown(c->text, shown));
    }
}

void policy_lint_budgets(struct lint *l)
{
    const struct model *m = l->m;
    for (uint32_t i = 0; i < m->nbudgets; i++)
        for (uint32_t k = 0; k < m->budgets[i].ncapabilities; k++) {
            const struct m_capability *c = &m->budgets[i].capabilities[k];
            bool known = true;
            if (!policy_capability_is_exact(c->text))
                lint_covers(l, c, cover(l, c->text).all);
            else
                (void)is_dangerous(l, c->text, &known);
            if (!known)
                unknown_capability(l, c);
        }
}

void policy_lint_entries(const struct model *m, struct policy_report *report)
{
#define X(id, name) name,
    static const char *const shipped[] = {CORE_EFFECT_BITS(X)};
#undef X
    for (uint32_t i = 0; i < m->nentries; i++)
        for (uint32_t k = 0; k < m->entries[i].effects.n; k++) {
            const struct m_name *e = &m->entries[i].effects.v[k];
            struct policy_nearest near = policy_near(report, e->text);
            char shown[POLICY_SHOWN], hint[POLICY_HINT];
            for (size_t s = 0; s < BASE_COUNT(shipped); s++)
                policy_offer(&near, str_of(shipped[s]));
            if (near.best.p && !str_eq(near.best, e->text))
                policy_report(report, P_SMELL, e->at, policy_hint(&near, hint),
                              "`%s` is an effect of its own, which no rule of another selects",
                              policy_shown(e->text, shown));
        }
}
