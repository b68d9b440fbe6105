/*
 * What holds a request, checked against the whole policy: labels and effects that exist, somebody
 * who approves what is asked, rules that shadow rules replace, capabilities that are not made
 * harmless in passing.
 */
#include "policy/check.h"

#include <stdio.h>

#include "core/catalogue.h"

/* ---- labels ---- */

uint32_t check_find_label(const struct model *m, struct str name)
{
    for (uint32_t i = 0; i < m->labels.n && i < CHECK_MAX_LABELS; i++)
        if (str_eq(m->labels.v[i].text, name))
            return i;
    return POLICY_NONE;
}

static void check_label_list(struct checker *c)
{
    const struct m_names *l = &c->m->labels;
    for (uint32_t i = 1; i < l->n && i < CHECK_MAX_LABELS; i++)
        if (check_find_label(c->m, l->v[i].text) < i)
            policy_report(c->report, P_DUPLICATE_KEY, l->v[i].at, "leave one of them out",
                          "a label is declared twice");
}

uint32_t policy_label(const struct model *m, struct policy_report *report, struct str name,
                      struct policy_pos at)
{
    uint32_t i = check_find_label(m, name);
    if (i < CHECK_MAX_LABELS)
        return i;
    struct policy_nearest near = policy_near(report, name);
    for (uint32_t k = 0; k < m->labels.n && k < CHECK_MAX_LABELS; k++)
        policy_offer(&near, m->labels.v[k].text);
    char shown[POLICY_SHOWN], hint[POLICY_HINT];
    const char *found = policy_hint(&near, hint);
    policy_report(report, P_NO_LABEL, at, found ? found : "declare it under `labels`",
                  "label `%s` is not declared", policy_shown(name, shown));
    return POLICY_NONE;
}

static void resolve_label(struct checker *c, struct m_rule *r, const struct m_name *name)
{
    uint32_t i = policy_label(c->m, c->report, name->text, name->at);
    if (i != POLICY_NONE)
        r->label_bits |= UINT64_C(1) << i;
}

/* ---- effects ---- */

#define X(id, name) name,
static const char *const shipped_effects[] = {CORE_EFFECT_BITS(X)};
#undef X

static uint32_t find_effect(const struct model *m, struct str name)
{
    for (uint32_t i = 0; i < BASE_COUNT(shipped_effects); i++)
        if (str_is(name, shipped_effects[i]))
            return i;
    for (uint32_t i = 0; i < m->neffect_words; i++)
        if (str_eq(m->effect_words[i], name))
            return (uint32_t)BASE_COUNT(shipped_effects) + i;
    return POLICY_NONE;
}

/* An entry of `capabilities` may bring effects of its own. */
static void declare_effects(struct checker *c)
{
    struct model *m = c->m;
    m->effect_words = arena_array(c->arena, POLICY_MAX_OWN_EFFECTS, sizeof *m->effect_words);
    if (!m->effect_words) {
        policy_report_memory(c->report);
        return;
    }
    for (uint32_t i = 0; i < m->nentries; i++) {
        struct m_entry *e = &m->entries[i];
        for (uint32_t k = 0; k < e->effects.n; k++) {
            uint32_t bit = find_effect(m, e->effects.v[k].text);
            if (bit == POLICY_NONE && m->neffect_words == POLICY_MAX_OWN_EFFECTS) {
                policy_report(c->report, P_BOUND, e->effects.v[k].at, NULL,
                              "at most %u effects beside the catalogue's are held",
                              POLICY_MAX_OWN_EFFECTS);
                return;
            }
            if (bit == POLICY_NONE) {
                m->effect_words[m->neffect_words++] = e->effects.v[k].text;
                bit = find_effect(m, e->effects.v[k].text);
            }
            e->effect_bits |= UINT32_C(1) << bit;
        }
    }
}

static void resolve_effect(struct checker *c, struct m_rule *r, const struct m_name *name)
{
    uint32_t bit = find_effect(c->m, name->text);
    if (bit != POLICY_NONE) {
        r->effect_bits |= UINT32_C(1) << bit;
        return;
    }
    struct policy_nearest near = policy_near(c->report, name->text);
    for (size_t i = 0; i < BASE_COUNT(shipped_effects); i++)
        policy_offer(&near, str_of(shipped_effects[i]));
    for (uint32_t i = 0; i < c->m->neffect_words; i++)
        policy_offer(&near, c->m->effect_words[i]);
    char shown[POLICY_SHOWN], hint[POLICY_HINT];
    policy_report(c->report, P_EFFECT, name->at, policy_hint(&near, hint),
                  "no capability has the effect `%s`", policy_shown(name->text, shown));
}

/* ---- entries of `capabilities` ---- */

static void check_entry(struct checker *c, const struct m_entry *e)
{
    const struct core_capability *shipped = core_capability_find(e->id.text);
    char shown[POLICY_SHOWN];
    if (shipped && e->args)
        policy_report(c->report, P_MISPLACED, e->args_at, "leave them out",
                      "`%s` ships with its arguments", policy_shown(e->id.text, shown));
    if (!shipped || e->klass < 0 || e->klass >= (int)shipped->klass || e->lower.n)
        return;
    policy_report(c->report, P_LOWERED, e->id.at, "add `lower: \"why\"`, or leave the class out",
                  "`%s` is %s; %s is less", policy_shown(e->id.text, shown),
                  core_class_name(shipped->klass), core_class_name((enum core_class)e->klass));
}

/* ---- approvals ---- */

static void check_approval(struct checker *c, struct m_approval *a)
{
    if (a)
        check_subjects(c, &a->by);
}

static void need_default(struct checker *c, struct policy_pos at, const char *what)
{
    if (!c->m->default_approval)
        policy_report(c->report, P_NO_APPROVAL, at,
                      "add `approval: {by, need, within, covers}` to it or to `defaults`",
                      "%s and nobody approves", what);
}

/* ---- rules ---- */

static void check_rule(struct checker *c, struct m_rule *r)
{
    for (uint32_t i = 0; i < r->labels.n; i++)
        resolve_label(c, r, &r->labels.v[i]);
    for (uint32_t i = 0; i < r->effects.n; i++)
        resolve_effect(c, r, &r->effects.v[i]);
    check_approval(c, r->approval);
    check_approval(c, r->require ? r->require->approval : NULL);
    if (r->effect == RULE_ASK && !r->approval)
        need_default(c, r->effect_at, "the rule asks");
}

static void check_replaces(struct checker *c, const struct policy_names *ids, struct m_rule *r)
{
    uint32_t i = policy_names_find(ids, r->replaces.text);
    if (i != POLICY_NONE && !c->m->rules[i].shadow) {
        c->m->rules[i].replaced = true;
        return;
    }
    char shown[POLICY_SHOWN], hint[POLICY_HINT];
    policy_report(c->report, P_NO_RULE, r->replaces.at,
                  i == POLICY_NONE ? policy_names_hint(ids, c->report, r->replaces.text, hint)
                                   : "name a rule that is enforced",
                  "`%s` is no rule that can be replaced", policy_shown(r->replaces.text, shown));
}

static void check_shadows(struct checker *c)
{
    struct policy_names ids = {0};
    for (uint32_t i = 0; i < c->m->nrules; i++) {
        struct m_rule *r = &c->m->rules[i];
        if (!r->replaces.text.n)
            continue;
        if (!ids.v) { /* few policies have one: the index is made for the first */
            if (!check_names(c->arena, c->m->nrules, &ids)) {
                policy_report_memory(c->report);
                return;
            }
            for (uint32_t k = 0; k < ids.n; k++)
                ids.v[k] = (struct policy_name){c->m->rules[k].id, k};
            policy_names_sort(&ids);
        }
        check_replaces(c, &ids, r);
    }
}

/* Where things stand of which there are too many. */
struct crowd {
    uint32_t n, most; /* there are; at most held */
    struct policy_pos (*at)(const struct model *m, uint32_t i);
    const char *what, *hint;
};

static struct policy_pos label_at(const struct model *m, uint32_t i)
{
    return m->labels.v[i].at;
}

static struct policy_pos budget_at(const struct model *m, uint32_t i)
{
    return m->budgets[i].at;
}

/* Told at the last one of the file that has most of them, which need not be that of the last. */
static void check_crowd(struct checker *c, const struct crowd *all)
{
    uint32_t of[POLICY_MAX_FILES] = {0}, most = 0;
    struct policy_pos at = {0};
    char taken[POLICY_PLACE] = "";
    if (all->n <= all->most)
        return;
    for (uint32_t i = 0; i < all->n; i++)
        of[all->at(c->m, i).file]++;
    for (uint32_t i = 1; i < POLICY_MAX_FILES; i++)
        most = of[i] > of[most] ? i : most;
    for (uint32_t i = 0, seen = 0; i < all->n && seen <= all->most; i++) {
        struct policy_pos p = all->at(c->m, i);
        seen += p.file == most;
        at = p.file == most ? p : at;
    }
    if (of[most] < all->n)
        (void)snprintf(taken, sizeof taken, ", %u of them in %.120s", of[most],
                       policy_file_of(c->report, at));
    policy_report(c->report, P_BOUND, at, all->hint, "%u %s; at most %u are held%s", all->n,
                  all->what, all->most, taken);
}

/* Of all files together: decisions name them by bits. */
static void check_bounds(struct checker *c)
{
    const struct crowd crowds[] = {
        {c->m->labels.n, CHECK_MAX_LABELS, label_at, "labels", NULL},
        {c->m->nbudgets, POLICY_MAX_BUDGETS, budget_at, "budgets", "count several things in one"}};
    for (size_t i = 0; i < BASE_COUNT(crowds); i++)
        check_crowd(c, &crowds[i]);
}

void check_holds(struct checker *c)
{
    struct model *m = c->m;
    check_label_list(c);
    check_bounds(c);
    declare_effects(c);
    for (uint32_t i = 0; i < m->nentries; i++)
        check_entry(c, &m->entries[i]);
    check_lowered(c);
    check_approval(c, m->default_approval);
    for (uint32_t i = 0; i < m->nrules; i++)
        check_rule(c, &m->rules[i]);
    for (uint32_t i = 0; i < m->nbudgets; i++) {
        check_subjects(c, &m->budgets[i].subjects);
        if (m->budgets[i].asks)
            need_default(c, m->budgets[i].at, "the budget asks when it is spent");
    }
    check_shadows(c);
}
