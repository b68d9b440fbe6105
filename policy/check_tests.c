/*
 * What tests expect, checked against the whole policy: a rule or label that does not exist can
 * never come of a request, so that naming it is a slip and no expectation.
 */
#include "policy/check.h"

/* What decides where no rule does. */
static const char *const pseudo_rules[] = {"reeve/default", "reeve/pure", "reeve/full",
                                           "reeve/ceiling", "reeve/bound"};

static void check_rule(struct checker *c, const struct policy_names *ids, const struct m_name *rule)
{
    if (!rule->text.n || policy_names_find(ids, rule->text) != POLICY_NONE)
        return;
    struct policy_nearest near = policy_near(c->report, rule->text);
    for (size_t i = 0; i < BASE_COUNT(pseudo_rules); i++) {
        if (str_is(rule->text, pseudo_rules[i]))
            return;
        policy_offer(&near, str_of(pseudo_rules[i]));
    }
    for (uint32_t i = 0; i < ids->n && near.wanted.n; i++)
        policy_offer(&near, ids->v[i].name);
    char shown[POLICY_SHOWN], hint[POLICY_HINT];
    policy_report(c->report, P_NO_EXPECTED, rule->at, policy_hint(&near, hint),
                  "there is no rule or budget `%s` to expect", policy_shown(rule->text, shown));
}

static void check_expect(struct checker *c, const struct policy_names *ids, struct m_expect *e)
{
    check_rule(c, ids, &e->rule);
    for (uint32_t i = 0; i < e->requires.n; i++)
        check_rule(c, ids, &e->requires.v[i]);
    for (uint32_t i = 0; i < e->labels.n; i++)
        (void)policy_label(c->m, c->report, e->labels.v[i].text, e->labels.v[i].at);
    for (uint32_t i = 0; i < e->napprovals; i++)
        check_subjects(c, &e->approvals[i].by);
    if (e->shadow)
        check_rule(c, ids, &e->shadow->rule);
}

void check_tests(struct checker *c)
{
    struct policy_names ids;
    if (!c->m->ntests || !check_index_rules(c, &ids))
        return;
    for (uint32_t i = 0; i < c->m->ntests; i++)
        check_expect(c, &ids, &c->m->tests[i].expect);
}
