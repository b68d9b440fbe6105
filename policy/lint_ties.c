/*
 * Rules between which only their ids decide although their grants differ: the same effect, the same
 * subject and capability pattern among those that each names, and isolation of one strength. Pairs
 * of subject and capability are sorted, so that a large policy costs no pairing of all rules.
 */
#include "policy/lint.h"

/* Pairs of subject and capability of all rules. */
#define MAX_PAIRS ((size_t)4 << 20)

struct pair {
    struct str capability, subject;
    struct lint_rule *of;
};

/* ---- pairs ---- */

static int by_pair(const void *a, const void *b)
{
    const struct pair *x = a, *y = b;
    const struct m_rule *r = x->of->rule, *s = y->of->rule;
    int c = str_cmp(x->capability, y->capability);
    if (!c)
        c = str_cmp(x->subject, y->subject);
    if (!c)
        c = r->effect - s->effect;
    if (!c)
        c = (r->scope > s->scope) - (r->scope < s->scope);
    if (!c)
        c = (r->shadow > s->shadow) - (r->shadow < s->shadow);
    return c ? c : str_cmp(r->id, s->id);
}

static bool same_pair(const struct pair *a, const struct pair *b)
{
    const struct m_rule *r = a->of->rule, *s = b->of->rule;
    return str_eq(a->capability, b->capability) && str_eq(a->subject, b->subject) &&
           r->effect == s->effect && r->scope == s->scope && r->shadow == s->shadow;
}

static size_t count_pairs(const struct m_rule *r)
{
    bool permits = r->effect == RULE_ALLOW || r->effect == RULE_ASK;
    return permits ? (size_t)r->subjects.n * r->ncapabilities : 0;
}

static size_t put_pairs(struct lint_rule *of, struct pair *out)
{
    const struct m_rule *r = of->rule;
    size_t n = 0;
    for (uint32_t c = 0; c < r->ncapabilities; c++)
        for (uint32_t i = 0; i < r->subjects.n; i++)
            out[n++] = (struct pair){r->capabilities[c].text, r->subjects.v[i].text, of};
    return n;
}

/* Those of all rules for which there is room. */
static struct pair *take_pairs(struct lint *l, size_t *n)
{
    size_t all = 0;
    for (uint32_t i = 0; i < l->m->nrules; i++) {
        size_t more = count_pairs(&l->m->rules[i]);
        all += more <= MAX_PAIRS - all ? more : 0;
    }
    struct pair *v = arena_array(l->arena, all + 1, sizeof *v);
    *n = 0;
    for (uint32_t i = 0; v && i < l->m->nrules; i++) {
        size_t more = count_pairs(&l->m->rules[i]);
        if (more <= all - *n && more)
            *n += put_pairs(&l->rules[i], &v[*n]);
        else if (more)
            l->cut = true;
    }
    return v;
}

/* ---- ties ---- */

static bool is_tie(struct lint *l, const struct lint_rule *a, const struct lint_rule *b)
{
    if (a == b || a->rule->replaces.text.n || b->rule->replaces.text.n)
        return false; /* what replaces another is there for that */
    return policy_lint_rank(a->grant) == policy_lint_rank(b->grant) && a->grant != b->grant &&
           !policy_lint_apart(l, a->when, b->when) && !l->cut;
}

static void report_tie(struct policy_report *report, const struct m_rule *a, const struct m_rule *b)
{
    char one[POLICY_SHOWN], other[POLICY_SHOWN], place[POLICY_PLACE];
    policy_report(report, P_TIE, b->id_at, "give them the same grant, or one stronger isolation",
                  "where rules `%s` (%s) and `%s` both match, their ids alone decide "
                  "which grant holds",
                  policy_shown(a->id, one), policy_place(report, a->id_at, b->id_at, place),
                  policy_shown(b->id, other));
}

static void compare(struct lint *l, const struct pair *v, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        struct lint_rule *r = v[i].of;
        for (size_t k = 0; k < i && !r->told && policy_lint_spend(l, 1); k++) {
            if (!is_tie(l, v[k].of, r))
                continue;
            r->told = true;
            report_tie(l->report, v[k].of->rule, r->rule);
        }
    }
}

void policy_lint_ties(struct lint *l)
{
    size_t n;
    struct pair *v = take_pairs(l, &n);
    if (!v) {
        policy_report_memory(l->report);
        return;
    }
    if (n > 1)
        qsort(v, n, sizeof *v, by_pair);
    for (size_t i = 0, k; i < n && !l->cut; i += k) {
        for (k = 1; i + k < n && same_pair(&v[i], &v[i + k]);)
            k++;
        compare(l, &v[i], k);
    }
}
