/*
 * What must hold of delegated files: their names are not those that they see, what they declare
 * fits their `may`, and nothing that has one name has two values. Works on the checked model.
 */
#include "policy/check.h"

#define MAX_PAIRS 10000000u /* of capabilities, and of names and globs, that are compared */

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

/* Whom a delegated file may be about, its groups followed: each at most once, however many ways
 * there are to it. */
struct reach {
    const struct checker *c;
    uint32_t *seen; /* of each group: the last scope that it was followed for */
    uint32_t scope; /* 0: none yet */
    struct policy_names ids;
    struct str *globs;
    uint32_t nglobs;
    bool anyone;
    uint64_t left; /* comparisons of names with globs */
};

static bool make_reach(struct checker *c, struct reach *out)
{
    const struct model *m = c->m;
    size_t most = 1;
    for (uint32_t i = 0; i < m->ngroups; i++)
        most += m->groups[i].members.n;
    for (uint32_t i = 0; i < m->nscopes; i++)
        most += m->scopes[i].subjects.n;
    *out = (struct reach){.c = c, .left = MAX_PAIRS};
    out->seen = arena_array(c->arena, m->ngroups + (size_t)1, sizeof *out->seen);
    out->ids.v = arena_array(c->arena, most, sizeof *out->ids.v);
    out->globs = arena_array(c->arena, most, sizeof *out->globs);
    return out->seen && out->ids.v && out->globs;
}

/* Groups have no cycles; what went on after one that was reported stops at the depth. */
static void follow(struct reach *r, const struct m_subjects *list, unsigned depth)
{
    for (uint32_t i = 0; i < list->n; i++) {
        const struct m_subject *s = &list->v[i];
        bool group = s->kind == SUBJECT_GROUP && s->group != POLICY_NONE;
        r->anyone |= s->kind == SUBJECT_ANYONE;
        if (s->kind == SUBJECT_ID)
            r->ids.v[r->ids.n++] = (struct policy_name){s->text, 0};
        if (s->kind == SUBJECT_GLOB)
            r->globs[r->nglobs++] = s->text;
        if (!group || depth == CHECK_MAX_GROUPS || r->seen[s->group] == r->scope)
            continue;
        r->seen[s->group] = r->scope;
        follow(r, &r->c->m->groups[s->group].members, depth + 1);
    }
}

static void enter_scope(struct reach *r, uint32_t scope)
{
    if (r->scope == scope)
        return;
    r->scope = scope;
    r->ids.n = r->nglobs = 0;
    r->anyone = false;
    follow(r, &r->c->m->scopes[scope - 1].subjects, 0);
    policy_names_sort(&r->ids);
}

static bool is_covered(struct reach *r, struct str name)
{
    if (r->anyone || policy_names_find(&r->ids, name) != POLICY_NONE)
        return true;
    for (uint32_t i = 0; i < r->nglobs && r->left; i++, r->left--)
        if (policy_glob_matches(r->globs[i], name))
            return true;
    return false;
}

/* NULL, and reported: memory is out. */
static struct reach *reach_of(struct checker *c)
{
    if (c->reach)
        return c->reach;
    struct reach *reach = arena_array(c->arena, 1, sizeof *reach);
    if (reach && make_reach(c, reach))
        return c->reach = reach;
    policy_report_memory(c->report);
    return NULL;
}

bool check_may_be_about(struct checker *c, const struct m_scope *s, struct str subject)
{
    struct reach *reach = reach_of(c);
    if (!reach)
        return true;
    enter_scope(reach, (uint32_t)(s - c->m->scopes) + 1);
    return is_covered(reach, subject) || !reach->left;
}

static void not_covered(struct checker *c, const struct m_scope *s, struct str what,
                        struct policy_pos at)
{
    char shown[POLICY_SHOWN], name[POLICY_SHOWN], place[POLICY_PLACE];
    policy_report(c->report, P_NOT_COVERED, at, NULL, "`%s` is not covered by what `%s` may, %s",
                  policy_shown(what, shown), policy_shown(s->name, name),
                  policy_place(c->report, s->at, at, place));
}

static void check_entities(struct checker *c)
{
    const struct model *m = c->m;
    struct reach *reach = m->nentities ? reach_of(c) : NULL;
    for (uint32_t i = 0; reach && i < m->nentities; i++) {
        const struct m_entity *e = &m->entities[i];
        if (!e->scope)
            continue;
        enter_scope(reach, e->scope);
        bool covered = is_covered(reach, e->name);
        if (!reach->left) {
            policy_report(c->report, P_BOUND, e->at, "name ids in `may`, or write wider patterns",
                          "too many entities for the patterns that `may` has");
            return;
        }
        if (!covered)
            not_covered(c, &m->scopes[e->scope - 1], e->name, e->at);
    }
}

static void check_entries(struct checker *c)
{
    const struct model *m = c->m;
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
    check_entities(c);
    check_entries(c);
}
