/*
 * Rules that permit nothing, since denies without a condition match all that they match. Denies are
 * looked up by the capability patterns that could be wider than the rule's, so that a large policy
 * costs no pairing of all.
 */
#include "policy/lint.h"

struct wide {
    struct str text; /* a capability pattern of the deny */
    const struct m_rule *deny;
};
struct index {
    struct wide *v;
    uint32_t n;
};

static int by_text(const void *a, const void *b)
{
    const struct wide *x = a, *y = b;
    int c = str_cmp(x->text, y->text);
    return c ? c : str_cmp(x->deny->id, y->deny->id);
}

/* A deny that holds always, whatever is asked of. */
static bool is_plain(const struct m_rule *r)
{
    return r->effect == RULE_DENY && !r->when && !r->shadow && !r->replaced && !r->has_effects &&
           !r->has_resource && r->from_ns == INT64_MIN && r->until_ns == INT64_MAX;
}

static bool make_index(const struct model *m, struct arena *arena, struct index *out)
{
    size_t n = 0;
    for (uint32_t i = 0; i < m->nrules; i++)
        if (is_plain(&m->rules[i]))
            n += m->rules[i].ncapabilities + 1u;
    *out = (struct index){.v = arena_array(arena, n + 1, sizeof *out->v)};
    if (!out->v)
        return false;
    for (uint32_t i = 0; i < m->nrules; i++) {
        const struct m_rule *r = &m->rules[i];
        if (!is_plain(r))
            continue;
        if (!r->ncapabilities)
            out->v[out->n++] = (struct wide){STR("*"), r};
        for (uint32_t k = 0; k < r->ncapabilities; k++)
            out->v[out->n++] = (struct wide){r->capabilities[k].text, r};
    }
    if (out->n > 1)
        qsort(out->v, out->n, sizeof *out->v, by_text);
    return true;
}

struct search {
    struct lint *l;
    const struct index *index;
    uint32_t scope; /* of the rule: another file's delegated denies are not for it */
};

/* ---- subjects ---- */

/* Whether all that `of` is, `by` is too. A glob that matches another's text matches all that it
 * does: its `*`s are what stands for the other's. Groups have no cycles. */
static bool subject_covers(struct lint *l, const struct m_subject *by, const struct m_subject *of)
{
    if (!policy_lint_spend(l, 1))
        return false;
    if (by->kind == SUBJECT_ANYONE || of->kind == SUBJECT_ANYONE)
        return by->kind == SUBJECT_ANYONE;
    if (by->kind == of->kind && str_eq(by->text, of->text) && by->group == of->group)
        return true;
    if (by->kind == SUBJECT_GLOB && of->kind != SUBJECT_GROUP)
        return policy_glob_matches(by->text, of->text);
    if (by->kind != SUBJECT_GROUP || by->group == POLICY_NONE)
        return false;
    const struct m_subjects *members = &l->m->groups[by->group].members;
    for (uint32_t i = 0; i < members->n && !l->cut; i++)
        if (subject_covers(l, &members->v[i], of))
            return true;
    return false;
}

static bool deny_covers(struct lint *l, const struct m_rule *deny, const struct m_subject *of)
{
    for (uint32_t i = 0; i < deny->subjects.n && !l->cut; i++)
        if (subject_covers(l, &deny->subjects.v[i], of))
            return true;
    return deny->subjects.n == 0;
}

/* ---- one subject and capability of a rule ---- */

/* A deny of the subject under just this pattern. */
static const struct m_rule *deny_under(const struct search *s, struct str pattern,
                                       const struct m_subject *who)
{
    uint32_t low = 0, high = s->index->n;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (str_cmp(s->index->v[middle].text, pattern) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (;
         low < s->index->n && str_eq(s->index->v[low].text, pattern) && policy_lint_spend(s->l, 1);
         low++) {
        const struct m_rule *deny = s->index->v[low].deny;
        if ((!deny->scope || deny->scope == s->scope) && deny_covers(s->l, deny, who))
            return deny;
    }
    return NULL;
}

/* The patterns that are wider than `capability`: itself, `*`, and `a.*` of each of its prefixes. */
static const struct m_rule *deny_of(const struct search *s, struct str capability,
                                    const struct m_subject *who)
{
    const struct m_rule *found = deny_under(s, capability, who);
    char text[POLICY_MAX_NAME + 2];
    for (size_t i = 0; i < capability.n && !found; i++) {
        if (capability.p[i] != '.')
            continue;
        memcpy(text, capability.p, i + 1);
        text[i + 1] = '*';
        found = deny_under(s, (struct str){text, i + 2}, who);
    }
    return found ? found : deny_under(s, STR("*"), who);
}

/* The deny that stands in the way of the first pair, when each pair has one. */
static const struct m_rule *deny_of_all(const struct search *s, const struct m_rule *r)
{
    const struct m_rule *first = NULL;
    for (uint32_t c = 0; c < r->ncapabilities; c++)
        for (uint32_t i = 0; i < r->subjects.n; i++) {
            const struct m_rule *deny = deny_of(s, r->capabilities[c].text, &r->subjects.v[i]);
            if (!deny)
                return NULL;
            first = first ? first : deny;
        }
    return first;
}

void policy_lint_reach(struct lint *l)
{
    struct policy_report *report = l->report;
    struct index index;
    if (!make_index(l->m, l->arena, &index)) {
        policy_report_memory(report);
        return;
    }
    for (uint32_t i = 0; i < l->m->nrules && index.n && !l->cut; i++) {
        const struct m_rule *r = &l->m->rules[i];
        struct search s = {l, &index, r->scope};
        if (l->rules[i].told || (r->effect != RULE_ALLOW && r->effect != RULE_ASK))
            continue;
        const struct m_rule *deny = deny_of_all(&s, r);
        char one[POLICY_SHOWN], other[POLICY_SHOWN], place[POLICY_PLACE];
        if (deny)
            policy_report(report, P_UNREACHABLE, r->id_at, "leave one of them out",
                          "rule `%s` permits nothing: rule `%s` %s denies all of it",
                          policy_shown(r->id, other), policy_shown(deny->id, one),
                          policy_place(report, deny->id_at, r->id_at, place));
    }
}
