/*
 * What must hold of delegated files: their names are not those that they see, what they declare
 * fits their `may`, and nothing that has one name has two values. Warns of rules that `may` makes
 * empty. Works on the checked model.
 */
#include "policy/check.h"

#define MAX_PAIRS 10000000u /* of capabilities that are compared */

/* ---- names ---- */

/* "NAMESPACE/name" without its namespace; n 0: no delegated file's. */
static struct str bare(struct str name)
{
    const char *slash = memchr(name.p, '/', name.n);
    return slash ? (struct str){slash + 1, name.n - (size_t)(slash + 1 - name.p)}
                 : (struct str){"", 0};
}

static void check_name(struct checker *c, const struct policy_names *names, struct str name,
                       struct policy_pos at, const char *what)
{
    char shown[POLICY_SHOWN];
    struct str own = bare(name);
    if (own.n && policy_names_find(names, own) != POLICY_NONE)
        policy_report(c->report, P_DEFINED_TWICE, at, "choose another name",
                      "%s `%s` is one that this file sees already", what, policy_shown(own, shown));
}

static void check_own_names(struct checker *c, const struct policy_names *conditions)
{
    const struct model *m = c->m;
    for (uint32_t i = 0; i < m->ngroups; i++)
        check_name(c, &c->groups, m->groups[i].name, m->groups[i].at, "group");
    for (uint32_t i = 0; i < m->ngrants; i++)
        check_name(c, &c->grants, m->grants[i].name, m->grants[i].at, "grant");
    for (uint32_t i = 0; i < m->nconditions; i++)
        check_name(c, conditions, m->conditions[i].name, m->conditions[i].at, "condition");
}

/* ---- what `may` covers ---- */

/* One name after the other, looked for in groups: in each at most once, however many ways there
 * are to it. */
struct search {
    const struct checker *c;
    uint32_t *seen; /* of each group: the last name that was looked for in it */
    uint32_t name;  /* 1 and up */
};

static bool in_group(struct search *s, uint32_t group, struct str name, unsigned depth);

static bool is_covered(struct search *search, const struct m_subjects *list, struct str name,
                       unsigned depth)
{
    for (uint32_t i = 0; i < list->n; i++) {
        const struct m_subject *s = &list->v[i];
        bool fits = s->kind == SUBJECT_GROUP
                        ? s->group != POLICY_NONE && in_group(search, s->group, name, depth)
                        : s->kind == SUBJECT_ANYONE || policy_glob_matches(s->text, name);
        if (fits)
            return true;
    }
    return false;
}

/* Groups have no cycles; what went on after one that was reported stops at the depth. */
static bool in_group(struct search *s, uint32_t group, struct str name, unsigned depth)
{
    if (depth >= CHECK_MAX_GROUPS || s->seen[group] == s->name)
        return false;
    s->seen[group] = s->name;
    return is_covered(s, &s->c->m->groups[group].members, name, depth + 1);
}

bool check_may_be_about(struct checker *c, const struct m_scope *s, struct str subject)
{
    if (!c->seen)
        c->seen = arena_array(c->arena, c->m->ngroups + (size_t)1, sizeof *c->seen);
    if (!c->seen) {
        policy_report_memory(c->report);
        return true;
    }
    struct search search = {c, c->seen, ++c->searches};
    return is_covered(&search, &s->subjects, subject, 0);
}

static void not_covered(struct checker *c, const struct m_scope *s, struct str what,
                        struct policy_pos at)
{
    char shown[POLICY_SHOWN], name[POLICY_SHOWN], place[POLICY_PLACE];
    policy_report(c->report, P_NOT_COVERED, at, NULL, "`%s` is not covered by what `%s` may, %s",
                  policy_shown(what, shown), policy_shown(s->name, name),
                  policy_place(c->report, s->at, at, place));
}

static void check_declared(struct checker *c)
{
    const struct model *m = c->m;
    for (uint32_t i = 0; i < m->nentities; i++) {
        const struct m_entity *e = &m->entities[i];
        const struct m_scope *s = e->scope ? &m->scopes[e->scope - 1] : NULL;
        if (s && !check_may_be_about(c, s, e->name))
            not_covered(c, s, e->name, e->at);
    }
    for (uint32_t i = 0; i < m->nentries; i++) {
        const struct m_entry *e = &m->entries[i];
        const struct m_scope *s = e->scope ? &m->scopes[e->scope - 1] : NULL;
        bool covered = !s;
        for (uint32_t k = 0; s && k < s->ncapabilities && !covered; k++)
            covered = policy_capability_covers(s->capabilities[k].text, e->id.text);
        if (!covered)
            not_covered(c, s, e->id.text, e->id.at);
        if (e->lower.n && e->id.at.file)
            policy_report(c->report, P_LOWERED, e->id.at, "write it there",
                          "`lower` in a file that is not the policy's root file");
    }
}

/* ---- one name, one value ---- */

static void told_twice(struct checker *c, struct str name, struct policy_pos first,
                       struct policy_pos again)
{
    char shown[POLICY_SHOWN], place[POLICY_PLACE];
    policy_report(c->report, P_DEFINED_TWICE, again, "leave one of them out",
                  "`%s` is defined %s too", policy_shown(name, shown),
                  policy_place(c->report, first, again, place));
}

/* Entities and capabilities are everybody's: what a delegated file says of one, no other does. */
static bool check_twice(struct checker *c)
{
    const struct model *m = c->m;
    struct policy_names all;
    uint32_t n = m->nentities + m->nentries;
    if (!check_names(c->arena, n, &all))
        return false;
    for (uint32_t i = 0; i < n; i++) /* an entity has a colon, and no capability has */
        all.v[i] = (struct policy_name){
            i < m->nentities ? m->entities[i].name : m->entries[i - m->nentities].id.text, i};
    policy_names_sort(&all);
    for (uint32_t i = 1; i < n; i++) {
        struct policy_pos at[2];
        for (uint32_t k = 0; k < 2; k++) {
            uint32_t x = all.v[i - k].index;
            at[k] = x < m->nentities ? m->entities[x].at : m->entries[x - m->nentities].id.at;
        }
        if (str_eq(all.v[i].name, all.v[i - 1].name) && at[0].file != at[1].file)
            told_twice(c, all.v[i].name, at[1], at[0]);
    }
    return true;
}

/* ---- what a delegated file says of capabilities ---- */

static bool takes_the_place(const struct m_entry *e, const struct m_entry *of)
{
    bool exact = policy_capability_is_exact(e->id.text);
    return policy_capabilities_meet(e->id.text, of->id.text) &&
           (exact || (!policy_capability_is_exact(of->id.text) && e->id.key >= of->id.key));
}

/* What is not said counts as the most. */
static enum core_class class_of(const struct m_entry *e)
{
    return e->klass < 0 ? CORE_CLASS_DANGEROUS : (enum core_class)e->klass;
}

static uint32_t effects_of(const struct m_entry *e)
{
    return e->effect_bits ? e->effect_bits : UINT32_MAX;
}

static const char *what_is_lost(const struct m_entry *e, const struct m_entry *of)
{
    if (class_of(e) < class_of(of))
        return "the class is less";
    if (effects_of(of) & ~effects_of(e))
        return "not all effects are there";
    if (of->args)
        return "the arguments would not be those";
    if (of->mask.n || of->cost)
        return "what is masked or counted would not be";
    return NULL;
}

static bool check_not_lower(struct checker *c, const struct m_entry *e, const struct m_entry *of)
{
    char shown[POLICY_SHOWN], wide[POLICY_SHOWN], place[POLICY_PLACE];
    const char *lost = takes_the_place(e, of) ? what_is_lost(e, of) : NULL;
    const char *hint = "raise the class or add effects, or leave it out";
    if (lost && of->scope) /* what it says is not this file's to know */
        policy_report(c->report, P_LOWERED, e->id.at, hint,
                      "`%s` takes the place of what another delegated file tells of, and %s",
                      policy_shown(e->id.text, shown), lost);
    else if (lost)
        policy_report(c->report, P_LOWERED, e->id.at, hint,
                      "`%s` takes the place of `%s` %s, and %s", policy_shown(e->id.text, shown),
                      policy_shown(of->id.text, wide),
                      policy_place(c->report, of->id.at, e->id.at, place), lost);
    return !lost;
}

/* Nobody is held to less by a delegated file's word: what the root's trust says nothing of is
 * dangerous. */
static void check_not_safe(struct checker *c, const struct m_entry *e)
{
    const struct model *m = c->m;
    char shown[POLICY_SHOWN];
    bool told = e->klass != CORE_CLASS_SAFE || core_capability_find(e->id.text);
    for (uint32_t i = 0; i < m->nentries && !told; i++)
        told = !m->entries[i].scope && policy_capability_covers(m->entries[i].id.text, e->id.text);
    if (!told)
        policy_report(c->report, P_LOWERED, e->id.at,
                      "leave `class` out, or have the root file say that it is safe",
                      "`%s` is made safe in a delegated file, and the root says nothing of it",
                      policy_shown(e->id.text, shown));
}

/* At level pure only what reeve computes itself may be allowed: who has that level is the root's to
 * say. */
static void check_not_pure(struct checker *c, const struct m_entry *e)
{
    char shown[POLICY_SHOWN];
    if (e->scope && e->klass == CORE_CLASS_PURE)
        policy_report(c->report, P_LOWERED, e->id.at, "safe is the least",
                      "`%s` is made pure in a delegated file", policy_shown(e->id.text, shown));
}

/* Each delegated entry with each of another file's, a team's too: there are few, or too many. */
void check_lowered(struct checker *c)
{
    const struct model *m = c->m;
    uint64_t delegated = 0;
    for (uint32_t i = 0; i < m->nentries; i++) {
        delegated += m->entries[i].scope != 0;
        check_not_pure(c, &m->entries[i]);
    }
    if (delegated * m->nentries > MAX_PAIRS) {
        policy_report(c->report, P_BOUND, m->entries[0].id.at, "write wider patterns",
                      "%u capabilities, too many of which are delegated files'", m->nentries);
        return;
    }
    for (uint32_t i = 0; i < m->nentries && delegated; i++) {
        bool good = true;
        for (uint32_t k = 0; m->entries[i].scope && k < m->nentries; k++)
            if (m->entries[k].scope != m->entries[i].scope)
                good = check_not_lower(c, &m->entries[i], &m->entries[k]) && good;
        if (m->entries[i].scope && good)
            check_not_safe(c, &m->entries[i]);
    }
}

/* ---- rules that can never match ---- */

/* Bytes of globs that lint compares with each other; beyond, it says nothing. */
#define MAX_MEETING (UINT64_C(1) << 28)

static bool subjects_meet(const struct m_subjects *a, const struct m_subjects *b, uint64_t *left)
{
    if (!a->n)
        return true;
    for (uint32_t i = 0; i < a->n; i++)
        for (uint32_t k = 0; k < b->n; k++) {
            enum policy_subject_kind x = a->v[i].kind, y = b->v[k].kind;
            uint64_t cost = (uint64_t)(a->v[i].text.n + 1) * (b->v[k].text.n + 1);
            bool told = (x == SUBJECT_ID || x == SUBJECT_GLOB) &&
                        (y == SUBJECT_ID || y == SUBJECT_GLOB) && cost <= *left;
            *left -= told ? cost : 0;
            if (!told || policy_globs_meet(a->v[i].text, b->v[k].text))
                return true; /* of groups nothing is said */
        }
    return false;
}

static bool capabilities_meet(const struct m_rule *r, const struct m_scope *s)
{
    for (uint32_t i = 0; i < r->ncapabilities; i++)
        for (uint32_t k = 0; k < s->ncapabilities; k++)
            if (policy_capabilities_meet(r->capabilities[i].text, s->capabilities[k].text))
                return true;
    return r->ncapabilities == 0;
}

void policy_lint_scopes(const struct model *m, struct policy_report *report)
{
    char shown[POLICY_SHOWN], place[POLICY_PLACE];
    uint64_t left = MAX_MEETING;
    for (uint32_t i = 0; i < m->nrules; i++) {
        const struct m_rule *r = &m->rules[i];
        const struct m_scope *s = r->scope ? &m->scopes[r->scope - 1] : NULL;
        if (s && !(subjects_meet(&r->subjects, &s->subjects, &left) && capabilities_meet(r, s)))
            policy_report(report, P_NEVER_MATCHES, r->id_at, NULL,
                          "rule `%s` never matches: nothing of it is in `may`, %s",
                          policy_shown(r->id, shown), policy_place(report, s->at, r->id_at, place));
    }
}

void check_scopes(struct checker *c)
{
    struct model *m = c->m;
    struct policy_names conditions;
    for (uint32_t i = 0; i < m->nscopes; i++)
        check_subjects(c, &m->scopes[i].subjects);
    if (m->nfiles < 2)
        return;
    bool good = check_names(c->arena, m->nconditions, &conditions);
    for (uint32_t i = 0; good && i < m->nconditions; i++)
        conditions.v[i] = (struct policy_name){m->conditions[i].name, i};
    if (good)
        policy_names_sort(&conditions);
    if (!good || !check_twice(c)) {
        policy_report_memory(c->report);
        return;
    }
    check_own_names(c, &conditions);
    check_declared(c);
}
