/*
 * Rules against each other: with the same subjects and capabilities, and then the same condition.
 * Rules are brought together by sorting what they are written as, so that a large
 * policy costs no pairing of all.
 */
#include "policy/lint.h"

/* Rules of one kind that a rule is compared with at most: bounds a policy made of alike rules. */
#define MAX_COMPARED 32u

struct signed_rule {
    struct str signature;
    const struct m_rule *rule;
    struct m_grant grant; /* resolved */
};

/* What a rule names, in order; what stands twice in it is told. */
struct named {
    struct str text;
    struct policy_pos at;
};

static int by_text(const void *a, const void *b)
{
    const struct named *x = a, *y = b;
    int c = str_cmp(x->text, y->text);
    if (c)
        return c;
    return x->at.line != y->at.line ? (x->at.line > y->at.line) - (x->at.line < y->at.line)
                                    : (x->at.column > y->at.column) - (x->at.column < y->at.column);
}

static void put_sorted(struct buf *out, struct named *v, uint32_t n, const char *mark,
                       struct policy_report *report)
{
    if (n > 1)
        qsort(v, n, sizeof *v, by_text);
    for (uint32_t i = 0; i < n; i++) {
        char shown[POLICY_SHOWN];
        if (i && str_eq(v[i].text, v[i - 1].text)) {
            policy_report(report, P_DUPLICATE, v[i].at, "leave it out",
                          "`%s` stands in this list already", policy_shown(v[i].text, shown));
            continue;
        }
        buf_z(out, mark);
        buf_str(out, v[i].text);
        buf_byte(out, '\n'); /* no pattern holds one */
    }
}

static void take_subjects(const struct m_subjects *from, struct named *out)
{
    for (uint32_t i = 0; i < from->n; i++)
        out[i] = (struct named){from->v[i].text, from->v[i].at};
}

static void take_names(const struct m_names *from, struct named *out)
{
    for (uint32_t i = 0; i < from->n; i++)
        out[i] = (struct named){from->v[i].text, from->v[i].at};
}

/* All but effect, condition and grant. */
static bool sign_rule(const struct m_rule *r, struct arena *arena, struct buf *out,
                      struct str *signature, struct policy_report *report)
{
    size_t n = (size_t)r->subjects.n + r->ncapabilities + r->effects.n + r->resources.n;
    auto_free struct named *v = calloc(n ? n : 1, sizeof *v);
    if (!v)
        return false;
    buf_reset(out);
    buf_printf(out, "%u %d %d %lld %lld ", r->scope, r->shadow, r->has_effects,
               (long long)r->from_ns, (long long)r->until_ns);
    /* A group's text has no colon, an id or glob has: they cannot be taken for each other. */
    take_subjects(&r->subjects, v);
    put_sorted(out, v, r->subjects.n, "s", report);
    for (uint32_t i = 0; i < r->ncapabilities; i++)
        v[i] = (struct named){r->capabilities[i].text, r->capabilities[i].at};
    put_sorted(out, v, r->ncapabilities, "c", report);
    take_names(&r->effects, v);
    put_sorted(out, v, r->effects.n, "e", report);
    take_subjects(&r->resources, v);
    put_sorted(out, v, r->resources.n, "r", report);
    *signature = arena_str(arena, buf_view(out));
    return !out->failed && signature->p;
}

static bool same_operand(const struct ynode *a, const struct ynode *b)
{
    return a && b ? policy_tree_same(a, b) : a == b;
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

/* By signature and effect, then in the order in which they precede each other. */
static int by_signature(const void *a, const void *b)
{
    const struct signed_rule *x = a, *y = b;
    int c = str_cmp(x->signature, y->signature);
    if (c || x->rule->effect != y->rule->effect)
        return c ? c : x->rule->effect - y->rule->effect;
    int rank = policy_lint_rank(&y->grant) - policy_lint_rank(&x->grant);
    return rank ? rank : str_cmp(x->rule->id, y->rule->id);
}

/* Whether all that `later` could decide is decided by `first`. */
static bool covers(const struct signed_rule *first, const struct signed_rule *later)
{
    if (first->rule->effect == RULE_REQUIRE || first->rule->replaces.text.n ||
        later->rule->replaces.text.n)
        return false; /* requires hold together; what replaces another is there for that */
    bool same = policy_condition_same(first->rule->when, later->rule->when) || !first->rule->when;
    return same &&
           (!has_template(&first->grant) || policy_lint_same_grant(&first->grant, &later->grant));
}

static bool same_approval(const struct m_approval *a, const struct m_approval *b)
{
    if (!a || !b)
        return a == b;
    return a->need == b->need && a->within_ns == b->within_ns && a->covers == b->covers &&
           same_groups(&a->by, &b->by);
}

/* Whether nothing but the id tells two rules apart. Obligations are not compared. */
static bool same_rule(const struct signed_rule *a, const struct signed_rule *b)
{
    return policy_condition_same(a->rule->when, b->rule->when) &&
           policy_lint_same_grant(&a->grant, &b->grant) &&
           a->rule->label_bits == b->rule->label_bits && !a->rule->nobligations &&
           !b->rule->nobligations && same_approval(a->rule->approval, b->rule->approval) &&
           str_eq(a->rule->replaces.text, b->rule->replaces.text);
}

static bool permits(const struct m_rule *r)
{
    return r->effect == RULE_ALLOW || r->effect == RULE_ASK;
}

/* Whether the one was told. */
static bool compare_alike(const struct signed_rule *first, const struct signed_rule *later,
                          struct policy_report *report)
{
    char one[POLICY_SHOWN], other[POLICY_SHOWN], place[POLICY_PLACE];
    policy_place(report, first->rule->id_at, later->rule->id_at, place);
    policy_shown(first->rule->id, one);
    policy_shown(later->rule->id, other);
    if (first->rule->effect != RULE_REQUIRE && same_rule(first, later)) {
        policy_report(report, P_DUPLICATE, later->rule->id_at, "leave it out",
                      "rule `%s` is rule `%s` %s again", other, one, place);
        return true;
    }
    if (covers(first, later)) {
        policy_report(report, P_SHADOWED, later->rule->id_at, "leave it out",
                      "rule `%s` is never named: `%s` %s matches all that it does and precedes it",
                      other, one, place);
        return true;
    }
    return false;
}

/* A deny, and what permits just that. */
static bool compare_opposite(const struct signed_rule *deny, const struct signed_rule *permit,
                             struct policy_report *report)
{
    char one[POLICY_SHOWN], other[POLICY_SHOWN], place[POLICY_PLACE];
    if (deny->rule->effect != RULE_DENY || !permits(permit->rule) ||
        !policy_condition_same(deny->rule->when, permit->rule->when))
        return false;
    policy_report(report, P_CONTRADICTING, permit->rule->id_at, "leave one of them out",
                  "rule `%s` permits just what `%s` %s denies",
                  policy_shown(permit->rule->id, other), policy_shown(deny->rule->id, one),
                  policy_place(report, deny->rule->id_at, permit->rule->id_at, place));
    return true;
}

/* Rules of one signature, sorted by effect; each is compared with those in front of it. */
static void compare_all(const struct signed_rule *v, uint32_t n, const struct model *m, bool *told,
                        struct policy_report *report)
{
    uint32_t start = 0; /* of those with the effect of i */
    for (uint32_t i = 1; i < n; i++) {
        bool *this = &told[v[i].rule - m->rules];
        if (v[i].rule->effect != v[start].rule->effect)
            start = i;
        for (uint32_t k = start; k < i && k < start + MAX_COMPARED && !*this; k++)
            *this = compare_alike(&v[k], &v[i], report);
        for (uint32_t k = 0; k < start && k < MAX_COMPARED && !*this; k++)
            *this = compare_opposite(&v[k], &v[i], report);
    }
}

void policy_lint_pairs(const struct model *m, bool *told, struct arena *arena,
                       struct policy_report *report)
{
    struct signed_rule *rules = arena_array(arena, m->nrules ? m->nrules : 1, sizeof *rules);
    auto_buf struct buf text = {0};
    bool good = rules != NULL;
    for (uint32_t i = 0; good && i < m->nrules; i++) {
        rules[i].rule = &m->rules[i];
        rules[i].grant = policy_lint_grant(&m->rules[i]);
        good = sign_rule(&m->rules[i], arena, &text, &rules[i].signature, report);
    }
    if (!good) {
        policy_report_memory(report);
        return;
    }
    if (m->nrules > 1)
        qsort(rules, m->nrules, sizeof *rules, by_signature);
    for (uint32_t i = 0, n; i < m->nrules; i += n) {
        for (n = 1; i + n < m->nrules && str_eq(rules[i].signature, rules[i + n].signature);)
            n++;
        compare_all(&rules[i], n, m, told, report);
    }
}
