/*
 * Rules against each other: with the same effect, subjects and capabilities, and then the same
 * condition or another grant. Rules are brought together by sorting what they are written as, so
 * that a large policy costs no pairing of all.
 */
#include "policy/lint.h"

/* Rules of one kind that a rule is compared with at most: bounds a policy made of alike rules. */
#define MAX_COMPARED 32u

struct signed_rule {
    struct str signature;
    const struct m_rule *rule;
    struct m_grant grant; /* resolved */
};

static int by_str(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static void put_sorted(struct buf *out, struct str *texts, uint32_t n, const char *mark)
{
    if (n > 1)
        qsort(texts, n, sizeof *texts, by_str);
    for (uint32_t i = 0; i < n; i++) {
        buf_z(out, mark);
        buf_str(out, texts[i]);
        buf_byte(out, '\n'); /* no pattern holds one */
    }
}

static bool sign_rule(const struct m_rule *r, struct arena *arena, struct buf *out,
                      struct str *signature)
{
    size_t n = (size_t)r->subjects.n + r->ncapabilities + r->effects.n + r->resources.n;
    auto_free struct str *texts = calloc(n ? n : 1, sizeof *texts);
    if (!texts)
        return false;
    buf_reset(out);
    buf_printf(out, "%d %d %d %lld %lld ", r->effect, r->shadow, r->has_effects,
               (long long)r->from_ns, (long long)r->until_ns);
    for (uint32_t i = 0; i < r->subjects.n; i++)
        texts[i] = r->subjects.v[i].text;
    /* A group's text has no colon, an id or glob has: they cannot be taken for each other. */
    put_sorted(out, texts, r->subjects.n, "s");
    for (uint32_t i = 0; i < r->ncapabilities; i++)
        texts[i] = r->capabilities[i].text;
    put_sorted(out, texts, r->ncapabilities, "c");
    for (uint32_t i = 0; i < r->effects.n; i++)
        texts[i] = r->effects.v[i].text;
    put_sorted(out, texts, r->effects.n, "e");
    for (uint32_t i = 0; i < r->resources.n; i++)
        texts[i] = r->resources.v[i].text;
    put_sorted(out, texts, r->resources.n, "r");
    *signature = arena_str(arena, buf_view(out));
    return !out->failed && signature->p;
}

static bool same_operand(const struct ynode *a, const struct ynode *b)
{
    if (!a || !b)
        return a == b;
    if (a->type != b->type || a->count != b->count)
        return false;
    if (a->type < Y_LIST)
        return str_eq(a->text, b->text);
    const struct ynode *x = a->first, *y = b->first;
    for (; x && y; x = x->next, y = y->next)
        if (!same_operand(x, y))
            return false;
    return !x && !y;
}

static bool same_attribute(const struct m_attribute *a, const struct m_attribute *b)
{
    return a == b || (a && b && str_eq(a->text, b->text));
}

static bool same_groups(const struct m_subjects *a, const struct m_subjects *b)
{
    for (uint32_t i = 0; a->n == b->n && i < a->n; i++)
        if (!str_eq(a->v[i].text, b->v[i].text))
            return false;
    return a->n == b->n;
}

bool policy_condition_same(const struct m_condition *a, const struct m_condition *b)
{
    if (!a || !b)
        return a == b;
    if (a->op != b->op || a->flag != b->flag || !same_attribute(a->attribute, b->attribute) ||
        !same_attribute(a->other, b->other) || !str_eq(a->path, b->path) ||
        !same_groups(&a->groups, &b->groups) || !same_operand(a->operand, b->operand))
        return false;
    const struct m_condition *x = a->first, *y = b->first;
    for (; x && y; x = x->next, y = y->next)
        if (!policy_condition_same(x, y))
            return false;
    return !x && !y;
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

static bool same_grant(const struct m_grant *a, const struct m_grant *b)
{
    const struct core_limits *x = &a->limits.limits, *y = &b->limits.limits;
    return a->isolation == b->isolation && a->wrote == b->wrote && x->set == y->set &&
           x->best_effort == y->best_effort && memcmp(x->value, y->value, sizeof x->value) == 0 &&
           same_paths(&a->read, &b->read) && same_paths(&a->write, &b->write) &&
           same_paths(&a->execute, &b->execute) && same_paths(&a->hide, &b->hide) &&
           same_network(a, b) && same_environment(a, b) && same_texts(&a->masks, &b->masks) &&
           same_texts(&a->secrets, &b->secrets) && same_texts(&a->providers, &b->providers);
}

static bool has_template(const struct m_grant *g)
{
    const struct m_paths *lists[] = {&g->read, &g->write, &g->execute, &g->hide};
    for (size_t l = 0; l < BASE_COUNT(lists); l++)
        for (uint32_t i = 0; i < lists[l]->n; i++)
            if (lists[l]->v[i].template || lists[l]->v[i].subject)
                return true;
    for (uint32_t i = 0; i < g->nnetwork; i++)
        if (g->network[i].template)
            return true;
    return false;
}

static int written_rank(const struct m_grant *g)
{
    return g->isolation < 0 ? CORE_RANK_NONE : g->isolation;
}

/* By signature, then in the order in which they precede each other. */
static int by_signature(const void *a, const void *b)
{
    const struct signed_rule *x = a, *y = b;
    int c = str_cmp(x->signature, y->signature);
    if (c)
        return c;
    int rank = written_rank(&y->grant) - written_rank(&x->grant);
    return rank ? rank : str_cmp(x->rule->id, y->rule->id);
}

/* Whether all that `later` could decide is decided by `first`. */
static bool covers(const struct signed_rule *first, const struct signed_rule *later)
{
    if (first->rule->effect == RULE_REQUIRE || first->rule->replaces.text.n ||
        later->rule->replaces.text.n)
        return false; /* requires hold together; what replaces another is there for that */
    bool same = policy_condition_same(first->rule->when, later->rule->when) || !first->rule->when;
    return same && (!has_template(&first->grant) || same_grant(&first->grant, &later->grant));
}

static void compare(const struct signed_rule *first, const struct signed_rule *later,
                    struct policy_report *report, bool *told)
{
    char one[POLICY_SHOWN], other[POLICY_SHOWN];
    policy_shown(first->rule->id, one);
    policy_shown(later->rule->id, other);
    if (covers(first, later)) {
        policy_report(report, P_SHADOWED, later->rule->id_at, "leave it out",
                      "rule `%s` is never named: `%s` on line %u matches the same and precedes it",
                      other, one, first->rule->id_at.line);
        *told = true;
    } else if ((first->rule->effect == RULE_ALLOW || first->rule->effect == RULE_ASK) &&
               written_rank(&first->grant) == written_rank(&later->grant) &&
               !same_grant(&first->grant, &later->grant)) {
        policy_report(
            report, P_TIE, later->rule->id_at,
            "give them the same grant, or one stronger isolation",
            "where rules `%s` and `%s` both match, their ids alone decide which grant holds", one,
            other);
        *told = true;
    }
}

void policy_lint_pairs(const struct model *m, struct arena *arena, struct policy_report *report)
{
    static const struct m_grant no_grant = {.isolation = -1};
    struct signed_rule *rules = arena_array(arena, m->nrules ? m->nrules : 1, sizeof *rules);
    auto_buf struct buf text = {0};
    bool good = rules != NULL;
    for (uint32_t i = 0; good && i < m->nrules; i++) {
        rules[i].rule = &m->rules[i];
        rules[i].grant = m->rules[i].grant ? policy_grant_resolve(m->rules[i].grant) : no_grant;
        good = sign_rule(&m->rules[i], arena, &text, &rules[i].signature);
    }
    if (!good) {
        policy_report_memory(report);
        return;
    }
    if (m->nrules > 1)
        qsort(rules, m->nrules, sizeof *rules, by_signature);
    for (uint32_t i = 1, start = 0; i < m->nrules; i++) {
        if (!str_eq(rules[i].signature, rules[start].signature))
            start = i;
        bool told = false;
        for (uint32_t k = start; k < i && k < start + MAX_COMPARED && !told; k++)
            compare(&rules[k], &rules[i], report, &told);
    }
}
