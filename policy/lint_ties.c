/*
 * Rules between which only their ids decide although their grants differ: the same effect, the same
 * subject and capability pattern among those that each names, and isolation of one strength. Pairs
 * of subject and capability are sorted, so that a large policy costs no pairing of all rules.
 */
#include "policy/lint.h"

/* Pairs of one rule that are looked at, of all rules, and rules that one is compared with. */
#define MAX_PAIRS    64u
#define MAX_ALL      (4u << 20)
#define MAX_COMPARED 32u

struct pair {
    struct str capability, subject;
    const struct m_rule *rule;
};

/* ---- grants ---- */

struct m_grant policy_lint_grant(const struct m_rule *r)
{
    static const struct m_grant none = {.isolation = -1};
    return r->grant ? policy_grant_resolve(r->grant) : none;
}

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

bool policy_lint_same_grant(const struct m_grant *a, const struct m_grant *b)
{
    const struct core_limits *x = &a->limits.limits, *y = &b->limits.limits;
    return a->isolation == b->isolation && a->wrote == b->wrote && x->set == y->set &&
           x->best_effort == y->best_effort && memcmp(x->value, y->value, sizeof x->value) == 0 &&
           same_paths(&a->read, &b->read) && same_paths(&a->write, &b->write) &&
           same_paths(&a->execute, &b->execute) && same_paths(&a->hide, &b->hide) &&
           same_network(a, b) && same_environment(a, b) && same_texts(&a->masks, &b->masks) &&
           same_texts(&a->secrets, &b->secrets) && same_texts(&a->providers, &b->providers);
}

/* ---- pairs ---- */

static int by_pair(const void *a, const void *b)
{
    const struct pair *x = a, *y = b;
    int c = str_cmp(x->capability, y->capability);
    if (!c)
        c = str_cmp(x->subject, y->subject);
    if (!c)
        c = x->rule->effect - y->rule->effect;
    if (!c)
        c = (x->rule->scope > y->rule->scope) - (x->rule->scope < y->rule->scope);
    if (!c)
        c = (x->rule->shadow > y->rule->shadow) - (x->rule->shadow < y->rule->shadow);
    return c ? c : str_cmp(x->rule->id, y->rule->id);
}

static bool same_pair(const struct pair *a, const struct pair *b)
{
    return str_eq(a->capability, b->capability) && str_eq(a->subject, b->subject) &&
           a->rule->effect == b->rule->effect && a->rule->scope == b->rule->scope &&
           a->rule->shadow == b->rule->shadow;
}

static uint32_t count_pairs(const struct m_rule *r)
{
    uint64_t n = (uint64_t)r->subjects.n * r->ncapabilities;
    bool permits = r->effect == RULE_ALLOW || r->effect == RULE_ASK;
    return permits && n <= MAX_PAIRS ? (uint32_t)n : 0;
}

static uint32_t put_pairs(const struct m_rule *r, struct pair *out)
{
    uint32_t n = 0;
    for (uint32_t c = 0; c < r->ncapabilities; c++)
        for (uint32_t i = 0; i < r->subjects.n; i++)
            out[n++] = (struct pair){r->capabilities[c].text, r->subjects.v[i].text, r};
    return n;
}

/* ---- ties ---- */

static bool is_tie(const struct m_rule *a, const struct m_rule *b)
{
    if (a == b || a->replaces.text.n || b->replaces.text.n)
        return false; /* what replaces another is there for that */
    struct m_grant x = policy_lint_grant(a), y = policy_lint_grant(b);
    return policy_lint_rank(&x) == policy_lint_rank(&y) && !policy_lint_same_grant(&x, &y) &&
           !policy_lint_apart(a->when, b->when);
}

static void compare(const struct pair *v, uint32_t n, bool *told, const struct model *m,
                    struct policy_report *report)
{
    for (uint32_t i = 1; i < n; i++) {
        const struct m_rule *r = v[i].rule;
        for (uint32_t k = 0; k < i && k < MAX_COMPARED && !told[r - m->rules]; k++) {
            char one[POLICY_SHOWN], other[POLICY_SHOWN], place[POLICY_PLACE];
            if (!is_tie(v[k].rule, r))
                continue;
            told[r - m->rules] = true;
            policy_report(report, P_TIE, r->id_at,
                          "give them the same grant, or one stronger isolation",
                          "where rules `%s` (%s) and `%s` both match, their ids alone decide "
                          "which grant holds",
                          policy_shown(v[k].rule->id, one),
                          policy_place(report, v[k].rule->id_at, r->id_at, place),
                          policy_shown(r->id, other));
        }
    }
}

void policy_lint_ties(const struct model *m, bool *told, struct arena *arena,
                      struct policy_report *report)
{
    size_t n = 0, all = 0;
    for (uint32_t i = 0; i < m->nrules; i++)
        all += count_pairs(&m->rules[i]);
    all = all < MAX_ALL ? all : MAX_ALL;
    struct pair *v = arena_array(arena, all + 1, sizeof *v);
    if (!v) {
        policy_report_memory(report);
        return;
    }
    for (uint32_t i = 0; i < m->nrules; i++)
        if (count_pairs(&m->rules[i]) && n + count_pairs(&m->rules[i]) <= all)
            n += put_pairs(&m->rules[i], &v[n]);
    if (n > 1)
        qsort(v, n, sizeof *v, by_pair);
    for (size_t i = 0, k; i < n; i += k) {
        for (k = 1; i + k < n && same_pair(&v[i], &v[i + k]);)
            k++;
        compare(&v[i], (uint32_t)k, told, m, report);
    }
}
