/*
 * Warnings about the subjects that a policy names: patterns that nobody fits, since they are
 * written as another language would, and approvals that too few are left to give. Called by lint.c.
 */
#include "policy/lint.h"

#include "policy/names.h"

#include <stdio.h>

struct listed {
    const struct model *m;
    struct policy_names groups;
    struct policy_report *report;
};

/* ---- patterns ---- */

static struct str type_of(const struct m_subject *s)
{
    const char *colon = memchr(s->text.p, ':', s->text.n);
    return (struct str){s->text.p, colon ? (size_t)(colon - s->text.p) : 0};
}

/* "agents": of a common type more than one. */
static const char *plural_of(struct str type)
{
    static const char *const common[] = {"agent", "user", "group", "service"};
    for (size_t i = 0; i < BASE_COUNT(common); i++)
        if (type.n == strlen(common[i]) + 1 && str_starts(type, str_of(common[i])) &&
            type.p[type.n - 1] == 's')
            return common[i];
    return NULL;
}

static void lint_pattern(const struct listed *l, const struct m_subject *s)
{
    char shown[POLICY_SHOWN], hint[POLICY_HINT];
    struct str type = type_of(s);
    const char *one = plural_of(type);
    if (s->kind != SUBJECT_ID && s->kind != SUBJECT_GLOB)
        return;
    policy_shown(s->text, shown);
    if (memchr(s->text.p, '?', s->text.n) || memchr(s->text.p, '[', s->text.n))
        policy_report(l->report, P_SMELL, s->at, "name them one by one, or write `*`",
                      "`%s`: of the wildcards only `*` is one, the others are characters", shown);
    struct str name = one ? (struct str){type.p + type.n + 1, s->text.n - type.n - 1} : type;
    (void)snprintf(hint, sizeof hint, "did you mean `%s:%.*s`?", one ? one : "group",
                   (int)(name.n < 60 ? name.n : 60), name.p);
    if (one || policy_names_find(&l->groups, type) != UINT32_MAX)
        policy_report(l->report, P_SMELL, s->at, hint, "`%.*s` in `%s` is %s", (int)type.n, type.p,
                      shown, one ? "more than one: types are single" : "a group, and here a type");
}

static void lint_list(const struct listed *l, const struct m_subjects *list)
{
    for (uint32_t i = 0; i < list->n; i++)
        lint_pattern(l, &list->v[i]);
}

/* ---- approvals ---- */

#define MAX_APPROVERS 32u /* of which more than that are left; groups within each other */

/* Different ids; `open`: there are others, which are not told by name. */
struct ids {
    struct str v[MAX_APPROVERS];
    uint32_t n, looked_at;
    bool open;
};

static bool has_id(const struct ids *ids, struct str id)
{
    for (uint32_t i = 0; i < ids->n; i++)
        if (str_eq(ids->v[i], id))
            return true;
    return false;
}

static void add_ids(const struct listed *l, const struct m_subjects *list, struct ids *out)
{
    for (uint32_t i = 0; i < list->n && !out->open; i++) {
        const struct m_subject *s = &list->v[i];
        out->open |= ++out->looked_at > 4 * MAX_APPROVERS;
        if (s->kind == SUBJECT_GROUP && s->group < l->m->ngroups)
            add_ids(l, &l->m->groups[s->group].members, out);
        else if (s->kind != SUBJECT_ID || out->n == MAX_APPROVERS)
            out->open = true;
        else if (!has_id(out, s->text))
            out->v[out->n++] = s->text;
    }
}

/* Whoever asks is no approver. Says nothing of approvers and subjects that no ids stand for. */
static void lint_approval(const struct listed *l, const struct m_approval *a,
                          const struct m_subjects *asking)
{
    struct ids approvers = {.n = 0}, subjects = {.n = 0};
    char shown[POLICY_SHOWN];
    if (!a)
        return;
    add_ids(l, &a->by, &approvers);
    if (approvers.open || !a->need)
        return;
    if (approvers.n < a->need) {
        policy_report(l->report, P_NO_APPROVER, a->at, "name more in `by`, or `need` fewer",
                      "%u must approve, and `by` names %u", a->need, approvers.n);
        return;
    }
    if (asking)
        add_ids(l, asking, &subjects);
    for (uint32_t i = 0; i < subjects.n && approvers.n == a->need; i++)
        if (has_id(&approvers, subjects.v[i])) {
            policy_report(l->report, P_NO_APPROVER, a->at, "name others in `by`",
                          "who asks does not approve: for `%s` %u are left, and %u must",
                          policy_shown(subjects.v[i], shown), approvers.n - 1, a->need);
            return;
        }
}

static void lint_rule(const struct listed *l, const struct m_rule *r)
{
    const struct m_subjects *asking = r->has_subject ? &r->subjects : NULL;
    bool asks = r->effect == RULE_ASK;
    lint_list(l, &r->subjects);
    if (r->approval)
        lint_list(l, &r->approval->by);
    lint_approval(l, asks && !r->approval ? l->m->default_approval : r->approval, asking);
    if (r->require)
        lint_approval(l, r->require->approval, asking);
}

void policy_lint_subjects(const struct model *m, struct arena *arena, struct policy_report *report)
{
    struct listed l = {.m = m, .report = report};
    l.groups.v = arena_array(arena, m->ngroups + 1u, sizeof *l.groups.v);
    if (!l.groups.v) {
        policy_report_memory(report);
        return;
    }
    for (uint32_t i = 0; i < m->ngroups; i++)
        l.groups.v[l.groups.n++] = (struct policy_name){m->groups[i].name, i};
    policy_names_sort(&l.groups);
    for (uint32_t i = 0; i < m->ngroups; i++)
        lint_list(&l, &m->groups[i].members);
    for (uint32_t i = 0; i < m->nlevels; i++)
        lint_pattern(&l, &m->levels[i].match);
    for (uint32_t i = 0; i < m->nbudgets; i++)
        lint_list(&l, &m->budgets[i].subjects);
    if (m->default_approval)
        lint_list(&l, &m->default_approval->by);
    for (uint32_t i = 0; i < m->nrules; i++)
        lint_rule(&l, &m->rules[i]);
}
