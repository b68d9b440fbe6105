/*
 * Rules against each other: with the same subjects and capabilities, and then the same condition.
 * Rules are brought together by sorting what they are written as, so that a large
 * policy costs no pairing of all.
 */
#include "policy/lint.h"

struct signed_rule {
    struct str signature;
    struct lint_rule *of;
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
    const struct m_rule *r = x->of->rule, *s = y->of->rule;
    int c = str_cmp(x->signature, y->signature);
    if (c || r->effect != s->effect)
        return c ? c : r->effect - s->effect;
    int rank = policy_lint_rank(y->of->grant) - policy_lint_rank(x->of->grant);
    return rank ? rank : str_cmp(r->id, s->id);
}

/* Whether all that `later` could decide is decided by `first`. */
static bool covers(const struct lint_rule *first, const struct lint_rule *later)
{
    if (first->rule->effect == RULE_REQUIRE || first->rule->replaces.text.n ||
        later->rule->replaces.text.n)
        return false; /* requires hold together; what replaces another is there for that */
    return (first->when == later->when || !first->when) &&
           (first->grant == later->grant || !has_template(first->grant));
}

static bool same_approval(const struct m_approval *a, const struct m_approval *b)
{
    if (!a || !b)
        return a == b;
    return a->need == b->need && a->within_ns == b->within_ns && a->covers == b->covers &&
           policy_lint_same_subjects(&a->by, &b->by);
}

/* Whether nothing but the id tells two rules apart. Obligations are not compared. */
static bool same_rule(const struct lint_rule *a, const struct lint_rule *b)
{
    return a->when == b->when && a->grant == b->grant &&
           a->rule->label_bits == b->rule->label_bits && !a->rule->nobligations &&
           !b->rule->nobligations && same_approval(a->rule->approval, b->rule->approval) &&
           str_eq(a->rule->replaces.text, b->rule->replaces.text);
}

static bool permits(const struct m_rule *r)
{
    return r->effect == RULE_ALLOW || r->effect == RULE_ASK;
}

/* Whether the one was told. */
static bool compare_alike(const struct lint_rule *first, const struct lint_rule *later,
                          struct policy_report *report)
{
    char one[POLICY_SHOWN], other[POLICY_SHOWN], place[POLICY_PLACE];
    bool same = first->rule->effect != RULE_REQUIRE && same_rule(first, later);
    if (!same && !covers(first, later))
        return false;
    policy_place(report, first->rule->id_at, later->rule->id_at, place);
    policy_shown(first->rule->id, one);
    policy_shown(later->rule->id, other);
    if (same)
        policy_report(report, P_DUPLICATE, later->rule->id_at, "leave it out",
                      "rule `%s` is rule `%s` %s again", other, one, place);
    else
        policy_report(report, P_SHADOWED, later->rule->id_at, "leave it out",
                      "rule `%s` is never named: `%s` %s matches all that it does and precedes it",
                      other, one, place);
    return true;
}

/* A deny, and what permits just that. */
static bool compare_opposite(const struct lint_rule *deny, const struct lint_rule *permit,
                             struct policy_report *report)
{
    char one[POLICY_SHOWN], other[POLICY_SHOWN], place[POLICY_PLACE];
    if (deny->rule->effect != RULE_DENY || !permits(permit->rule) || deny->when != permit->when)
        return false;
    policy_report(report, P_CONTRADICTING, permit->rule->id_at, "leave one of them out",
                  "rule `%s` permits just what `%s` %s denies",
                  policy_shown(permit->rule->id, other), policy_shown(deny->rule->id, one),
                  policy_place(report, deny->rule->id_at, permit->rule->id_at, place));
    return true;
}

/* Rules of one signature, sorted by effect; each is compared with those in front of it. */
static void compare_all(struct lint *l, const struct signed_rule *v, uint32_t n)
{
    uint32_t start = 0; /* of those with the effect of i */
    for (uint32_t i = 1; i < n; i++) {
        struct lint_rule *this = v[i].of;
        if (this->rule->effect != v[start].of->rule->effect)
            start = i;
        for (uint32_t k = start; k < i && !this->told && policy_lint_spend(l, 1); k++)
            this->told = compare_alike(v[k].of, this, l->report);
        for (uint32_t k = 0; k < start && !this->told && policy_lint_spend(l, 1); k++)
            this->told = compare_opposite(v[k].of, this, l->report);
    }
}

void policy_lint_pairs(struct lint *l)
{
    uint32_t nrules = l->m->nrules;
    struct signed_rule *rules = arena_array(l->arena, nrules ? nrules : 1, sizeof *rules);
    auto_buf struct buf text = {0};
    bool good = rules != NULL;
    for (uint32_t i = 0; good && i < nrules; i++) {
        rules[i].of = &l->rules[i];
        good = sign_rule(rules[i].of->rule, l->arena, &text, &rules[i].signature, l->report);
    }
    if (!good) {
        policy_report_memory(l->report);
        return;
    }
    if (nrules > 1)
        qsort(rules, nrules, sizeof *rules, by_signature);
    for (uint32_t i = 0, n; i < nrules && !l->cut; i += n) {
        for (n = 1; i + n < nrules && str_eq(rules[i].signature, rules[i + n].signature);)
            n++;
        compare_all(l, &rules[i], n);
    }
}
