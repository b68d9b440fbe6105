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
    const struct policy_names *rules; /* NULL: labels, or flags */
    bool flags;
    const struct m_scope *scope; /* of the test; NULL: of the root's trust */
};

static bool starts_with_name(struct str name, struct str first)
{
    return name.n > first.n && name.p[first.n] == '/' && str_starts(name, first);
}

/* Whether this attribute declares the flag `name`: a delegated file's stands behind the file's
 * name. */
static bool is_declared(const struct model *m, const struct m_declared *d, struct str name)
{
    const struct m_attribute *a = d->path;
    struct str first = d->scope ? m->scopes[d->scope - 1].name : (struct str){0};
    struct str rest = {name.p + first.n + 1, name.n - first.n - 1};
    if (a->root != ROOT_BROKER || !a->n)
        return false;
    return d->scope ? starts_with_name(name, first) && str_eq(a->key[0], rest)
                    : str_eq(a->key[0], name);
}

/* Of the test's own file. */
static bool is_flag(const struct known *k, struct str name)
{
    const struct model *m = k->c->m;
    for (uint32_t i = 0; i < m->ndeclared; i++) {
        const struct m_declared *d = &m->declared[i];
        if (d->scope && &m->scopes[d->scope - 1] == k->scope && is_declared(m, d, name))
            return true;
    }
    return false;
}

static bool is_known(const struct known *k, struct str name)
{
    if (k->flags)
        return is_flag(k, name);
    if (k->rules)
        return policy_names_find(k->rules, name) != POLICY_NONE;
    return check_find_label(k->c->m, name) != POLICY_NONE;
}

/* Another delegated file's, which this one does not see. */
static bool is_hidden(const struct known *k, struct str name)
{
    return k->scope && memchr(name.p, '/', name.n) && !starts_with_name(name, k->scope->name) &&
           !starts_with_name(name, STR("reeve"));
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
    if (!rule->text.n || (!is_hidden(k, rule->text) && is_known(k, rule->text)))
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

static void resolve_one(const struct known *k, struct ynode *name)
{
    char shown[POLICY_SHOWN];
    resolve(k, &name->text);
    if (is_hidden(k, name->text))
        policy_report(k->c->report, P_NOT_COVERED, name->pos, "leave it out",
                      "`%s` is none of this file's names", policy_shown(name->text, shown));
}

/* A flag that no attribute declares is read by no rule. */
static void check_flags(const struct known *flags, const struct ynode *map)
{
    const struct model *m = flags->c->m;
    struct policy_report *report = flags->c->report;
    for (const struct ynode *k = map->first; k; k = k->next->next) {
        bool known = k->refused || k->next->refused || is_hidden(flags, k->text);
        for (uint32_t i = 0; i < m->ndeclared && !known; i++)
            known = is_declared(m, &m->declared[i], k->text);
        if (known)
            continue;
        struct policy_nearest near = policy_near(report, k->text);
        for (uint32_t i = 0; i < m->ndeclared; i++)
            if (!m->declared[i].scope && m->declared[i].path->root == ROOT_BROKER)
                policy_offer(&near, m->declared[i].path->key[0]);
        char shown[POLICY_SHOWN], hint[POLICY_HINT];
        const char *found = policy_hint(&near, hint);
        policy_report(report, P_NO_FLAG, k->pos, found ? found : "declare it under `attributes`",
                      "flag `%s` is not declared", policy_shown(k->text, shown));
    }
}

/* Labels and budgets that are given: whether they exist is for the reader of inputs. */
static void resolve_given(const struct known *rules, const struct known *labels,
                          const struct known *flags, struct ynode *given)
{
    const struct {
        const char *key;
        const struct known *known;
        enum ynode_type type;
    } kinds[] = {{"labels", labels, Y_LIST}, {"spent", rules, Y_MAP}, {"flags", flags, Y_MAP}};
    for (struct ynode *k = given ? given->first : NULL; k; k = k->next->next) {
        for (size_t i = 0; i < BASE_COUNT(kinds); i++) {
            bool is = str_is(k->text, kinds[i].key) && k->next->type == kinds[i].type;
            for (struct ynode *e = is ? k->next->first : NULL; e;
                 e = kinds[i].type == Y_MAP ? e->next->next : e->next)
                resolve_one(kinds[i].known, e);
        }
        if (str_is(k->text, "flags") && k->next->type == Y_MAP)
            check_flags(flags, k->next);
    }
}

/* ---- who asks ---- */

static const struct ynode *value_of(const struct ynode *map, const char *key)
{
    for (const struct ynode *k = map && map->type == Y_MAP ? map->first : NULL; k;
         k = k->next->next)
        if (str_is(k->text, key))
            return k->next;
    return NULL;
}

/* A test of a delegated file speaks of what the file may be about: else it would tell of what
 * others may. What is no subject is for who reads the request. */
static void check_subject(struct checker *c, const struct m_scope *s, const struct ynode *n)
{
    auto_buf struct buf text = {0};
    char shown[POLICY_SHOWN], name[POLICY_SHOWN];
    const struct ynode *type = value_of(n, "type"), *id = value_of(n, "id");
    if (!n)
        return;
    if (n->type == Y_TEXT) {
        buf_str(&text, n->text);
    } else if (type && id && type->type == Y_TEXT && id->type == Y_TEXT) {
        buf_str(&text, type->text);
        buf_byte(&text, ':');
        buf_str(&text, id->text);
    }
    if (text.len && !check_may_be_about(c, s, buf_view(&text)))
        policy_report(c->report, P_NOT_COVERED, n->pos, NULL,
                      "`%s` is not covered by what `%s` may", policy_shown(buf_view(&text), shown),
                      policy_shown(s->name, name));
}

static void check_who_asks(struct checker *c, const struct m_scope *s, const struct m_test *t)
{
    const struct ynode *chain = value_of(t->given, "chain");
    check_subject(c, s, value_of(t->request, "subject"));
    for (const struct ynode *v = t->variants ? t->variants->first : NULL; v; v = v->next)
        check_subject(c, s, value_of(v, "subject"));
    for (const struct ynode *p = chain && chain->type == Y_LIST ? chain->first : NULL; p;
         p = p->next)
        check_subject(c, s, p->type == Y_MAP ? value_of(p, "subject") : p);
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
        struct known rules = {c, &ids, false, scope}, labels = {c, NULL, false, scope},
                     flags = {c, NULL, true, scope};
        check_expect(&rules, &labels, &t->expect);
        if (scope)
            check_who_asks(c, scope, t);
        resolve_given(&rules, &labels, &flags, t->given);
    }
}
