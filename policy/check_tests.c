/*
 * What tests expect, checked against the whole policy: a rule or label that does not exist can
 * never come of a request, so that naming it is a slip and no expectation.
 */
#include "policy/check.h"

/* What decides where no rule does. */
static const char *const pseudo_rules[] = {"reeve/default", "reeve/pure", "reeve/full",
                                           "reeve/ceiling", "reeve/bound"};

/* What names of one kind there are. */
struct known {
    struct checker *c;
    const struct policy_names *rules; /* NULL: labels */
    const struct m_scope *scope;      /* of the test; NULL: of the root's trust */
};

static bool is_known(const struct known *k, struct str name)
{
    if (k->rules)
        return policy_names_find(k->rules, name) != POLICY_NONE;
    return check_find_label(k->c->m, name) != POLICY_NONE;
}

/* A delegated file knows its own names by what it calls them itself. */
static void resolve(const struct known *k, struct str *name)
{
    auto_buf struct buf own = {0};
    if (!k->scope || !name->n)
        return;
    buf_str(&own, k->scope->name);
    buf_byte(&own, '/');
    buf_str(&own, *name);
    if (own.failed || !is_known(k, buf_view(&own)))
        return;
    struct str kept = arena_str(k->c->arena, buf_view(&own));
    if (kept.p)
        *name = kept;
    else
        policy_report_memory(k->c->report);
}

static void check_rule(const struct known *k, struct m_name *rule)
{
    struct policy_report *report = k->c->report;
    resolve(k, &rule->text);
    if (!rule->text.n || is_known(k, rule->text))
        return;
    for (size_t i = 0; i < BASE_COUNT(pseudo_rules); i++)
        if (str_is(rule->text, pseudo_rules[i]))
            return;
    struct policy_nearest near = policy_near(report, rule->text);
    for (size_t i = 0; i < BASE_COUNT(pseudo_rules); i++)
        policy_offer(&near, str_of(pseudo_rules[i]));
    for (uint32_t i = 0; i < k->rules->n && near.wanted.n; i++)
        policy_offer(&near, k->rules->v[i].name);
    char shown[POLICY_SHOWN], hint[POLICY_HINT];
    policy_report(report, P_NO_EXPECTED, rule->at, policy_hint(&near, hint),
                  "there is no rule or budget `%s` to expect", policy_shown(rule->text, shown));
}

static void check_expect(const struct known *rules, const struct known *labels, struct m_expect *e)
{
    struct checker *c = rules->c;
    check_rule(rules, &e->rule);
    for (uint32_t i = 0; i < e->requires.n; i++)
        check_rule(rules, &e->requires.v[i]);
    for (uint32_t i = 0; i < e->labels.n; i++) {
        resolve(labels, &e->labels.v[i].text);
        (void)policy_label(c->m, c->report, e->labels.v[i].text, e->labels.v[i].at);
    }
    for (uint32_t i = 0; i < e->napprovals; i++)
        check_subjects(c, &e->approvals[i].by);
    if (e->shadow)
        check_rule(rules, &e->shadow->rule);
}

/* A flag that no attribute declares is read by no rule. */
static void check_flags(struct checker *c, const struct ynode *flags)
{
    for (const struct ynode *k = flags->first; k; k = k->next->next) {
        struct policy_nearest near = policy_near(c->report, k->text);
        bool known = k->refused || k->next->refused;
        for (uint32_t i = 0; i < c->m->ndeclared && !known; i++) {
            const struct m_attribute *a = c->m->declared[i].path;
            if (a->root != ROOT_BROKER || !a->n)
                continue;
            known = str_eq(a->key[0], k->text);
            policy_offer(&near, a->key[0]);
        }
        char shown[POLICY_SHOWN], hint[POLICY_HINT];
        const char *found = policy_hint(&near, hint);
        if (!known)
            policy_report(c->report, P_NO_FLAG, k->pos,
                          found ? found : "declare it under `attributes`",
                          "flag `%s` is not declared", policy_shown(k->text, shown));
    }
}

/* Labels and budgets that are given: whether they exist is for the reader of inputs. */
static void resolve_given(const struct known *rules, const struct known *labels,
                          struct ynode *given)
{
    for (struct ynode *k = given ? given->first : NULL; k; k = k->next->next) {
        if (str_is(k->text, "flags") && k->next->type == Y_MAP)
            check_flags(rules->c, k->next);
        bool list = str_is(k->text, "labels") && k->next->type == Y_LIST;
        bool map = str_is(k->text, "spent") && k->next->type == Y_MAP;
        for (struct ynode *e = list || map ? k->next->first : NULL; e;
             e = map ? e->next->next : e->next)
            resolve(list ? labels : rules, &e->text);
    }
}

void check_tests(struct checker *c)
{
    struct model *m = c->m;
    struct policy_names ids;
    if (!m->ntests || !check_index_rules(c, &ids))
        return;
    for (uint32_t i = 0; i < m->ntests; i++) {
        struct m_test *t = &m->tests[i];
        const struct m_scope *scope = t->scope ? &m->scopes[t->scope - 1] : NULL;
        struct known rules = {c, &ids, scope}, labels = {c, NULL, scope};
        check_expect(&rules, &labels, &t->expect);
        resolve_given(&rules, &labels, t->given);
    }
}
