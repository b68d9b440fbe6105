/*
 * Rules of delegated files that never match, since nothing of them is in `may`. Called by lint.c.
 */
#include "policy/lint.h"

/* What two globs cost at worst, in comparisons of other things. */
static uint64_t cost_of(struct str a, struct str b)
{
    return 1 + (uint64_t)a.n * b.n / 8;
}

/* Of groups nothing is said. */
static bool is_text(const struct m_subject *s)
{
    return s->kind == SUBJECT_ID || s->kind == SUBJECT_GLOB;
}

static bool subjects_meet(struct lint *l, const struct m_subjects *a, const struct m_subjects *b)
{
    for (uint32_t i = 0; i < a->n; i++)
        for (uint32_t k = 0; k < b->n; k++) {
            const struct m_subject *x = &a->v[i], *y = &b->v[k];
            if (!is_text(x) || !is_text(y) || !policy_lint_spend(l, cost_of(x->text, y->text)) ||
                policy_globs_meet(x->text, y->text))
                return true;
        }
    return a->n == 0;
}

static bool capabilities_meet(struct lint *l, const struct m_rule *r, const struct m_scope *s)
{
    for (uint32_t i = 0; i < r->ncapabilities; i++)
        for (uint32_t k = 0; k < s->ncapabilities; k++)
            if (!policy_lint_spend(l, 1) ||
                policy_capabilities_meet(r->capabilities[i].text, s->capabilities[k].text))
                return true;
    return r->ncapabilities == 0;
}

void policy_lint_scopes(struct lint *l)
{
    char shown[POLICY_SHOWN], place[POLICY_PLACE];
    for (uint32_t i = 0; i < l->m->nrules; i++) {
        const struct m_rule *r = &l->m->rules[i];
        const struct m_scope *s = r->scope ? &l->m->scopes[r->scope - 1] : NULL;
        if (s && !(subjects_meet(l, &r->subjects, &s->subjects) && capabilities_meet(l, r, s)))
            policy_report(l->report, P_NEVER_MATCHES, r->id_at, NULL,
                          "rule `%s` never matches: nothing of it is in `may`, %s",
                          policy_shown(r->id, shown),
                          policy_place(l->report, s->at, r->id_at, place));
    }
}
