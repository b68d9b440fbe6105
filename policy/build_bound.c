/*
 * Regular expressions that come to more machine code than an image may have: told of the file that
 * has most of them. Called by build.c once it is known that they do.
 */
#include "policy/build.h"
#include "policy/value_regex.h"

struct count {
    uint32_t n[POLICY_MAX_FILES];
    struct policy_pos first[POLICY_MAX_FILES];
};

/* Recursion is bounded by the depth of the policy's text and of named conditions. */
static void count(struct count *all, const struct m_condition *c)
{
    if (c->op == OP_MATCHES && all->n[c->at.file]++ == 0)
        all->first[c->at.file] = c->at;
    for (const struct m_condition *k = c->first; k; k = k->next)
        count(all, k);
}

void build_too_many_patterns(struct builder *b)
{
    const struct model *m = b->m;
    struct count *all = build_alloc(b, 1, sizeof *all);
    uint32_t most = 0;
    if (!all)
        return;
    memset(all, 0, sizeof *all);
    for (uint32_t i = 0; i < m->nrules; i++)
        if (m->rules[i].when)
            count(all, m->rules[i].when);
    for (uint32_t i = 1; i < POLICY_MAX_FILES; i++)
        most = all->n[i] > all->n[most] ? i : most;
    policy_report(b->report, P_BOUND, all->first[most], "use simpler ones, `like` or `under`",
                  "the regular expressions come to more than %zu MiB of machine code; %u of them "
                  "are in this file",
                  VALUE_REGEX_MAX_CODE >> 20, all->n[most]);
}
