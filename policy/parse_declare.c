/*
 * What a policy declares for its conditions: `attributes` with type, origin and default,
 * `entities` with their properties, named `conditions`. Syntax only; what must hold between them is
 * check_when.c's.
 */
#include "policy/parse.h"

static void declared_type(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    (void)key;
    parse_type(p, value, false, &((struct m_declared *)object)->type);
}

#define X(id, word) word,
static const char *const from_words[] = {POLICY_FROM_TABLE(X)};
#undef X

static void declared_from(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    struct m_declared *d = object;
    (void)key;
    int word = parse_word(p, value, "`from`", from_words, BASE_COUNT(from_words));
    d->has_from = true;
    if (word >= 0)
        d->from = (uint8_t)word;
}

static void declared_default(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    (void)p;
    (void)key;
    ((struct m_declared *)object)->fallback = value;
}

/* What of a path can be declared: what a policy and a request may name. */
static bool may_be_declared(const struct m_attribute *a)
{
    switch (a->root) {
    case ROOT_SUBJECT:
    case ROOT_RESOURCE:
        return a->builtin == BUILTIN_NONE;
    case ROOT_CONTEXT:
        return true;
    default:
        return a->root == ROOT_BROKER && a->builtin == POLICY_INPUT_FLAGS;
    }
}

static void check_declared(struct parser *p, struct m_declared *d)
{
    char shown[POLICY_SHOWN], type[32];
    bool entity = d->path->root == ROOT_SUBJECT || d->path->root == ROOT_RESOURCE;
    if (!may_be_declared(d->path))
        policy_report(p->report, P_DECLARATION, d->at,
                      "declare paths of subject, resource and context, and broker.flags.NAME",
                      "`%s` is not for a policy to declare", policy_shown(d->path->text, shown));
    if (d->has_from && d->from == FROM_ENTITIES && !entity)
        policy_report(p->report, P_DECLARATION, d->at, "leave `from` out", "entities have no `%s`",
                      policy_shown(d->path->text, shown));
    if (d->has_from && d->path->root == ROOT_BROKER)
        policy_report(p->report, P_DECLARATION, d->at, "leave `from` out",
                      "what the broker says comes from the broker alone");
    if (d->has_from && d->path->root != ROOT_BROKER && d->path->n > 1)
        policy_report(p->report, P_DECLARATION, d->at, "declare it of the property that it is in",
                      "a property comes from one place, with all that is in it");
    if (d->fallback && d->type.type == TYPE_MAP && !d->type.list)
        policy_report(p->report, P_DECLARATION, d->at, "declare what is in it",
                      "a map has no default");
    else if (d->fallback && d->type.type != TYPE_COUNT && !parse_type_fits(d->type, d->fallback))
        policy_report(p->report, P_DECLARED_TYPE, d->fallback->pos, NULL,
                      "the default of `%s` is no %s", policy_shown(d->path->text, shown),
                      parse_type_name(d->type, type));
}

void parse_attributes(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    static const struct parse_field fields[] = {
        {"type", declared_type, true},
        {"from", declared_from, false},
        {"default", declared_default, false},
    };
    struct model *m = object;
    (void)key;
    if (!parse_is_map(p, value, "`attributes`"))
        return;
    m->ndeclared = 0;
    m->declared = parse_alloc(p, value->count, sizeof *m->declared);
    for (struct ynode *k = value->first; k && m->declared; k = k->next->next) {
        struct m_declared *d = &m->declared[m->ndeclared];
        if (k->refused || k->next->refused || !parse_attribute(p, k, k->text, &d->path))
            continue;
        m->ndeclared++;
        d->at = k->pos;
        d->scope = parse_scope(p);
        d->type.type = TYPE_COUNT;
        parse_map(p, k->next, "an attribute", fields, BASE_COUNT(fields), d);
        check_declared(p, d);
    }
}

/* ---- entities ---- */

/* A property is read one by one: `id` and `type` of an entity are its name. */
static bool is_property(struct parser *p, const struct ynode *key)
{
    if (key->text.n > 0)
        return true;
    policy_report(p->report, P_ENTITY, key->pos, NULL, "a property without a name");
    return false;
}

void parse_entities(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    struct model *m = object;
    (void)key;
    if (!parse_is_map(p, value, "`entities`"))
        return;
    m->nentities = 0;
    m->entities = parse_alloc(p, value->count, sizeof *m->entities);
    for (struct ynode *k = value->first; k && m->entities; k = k->next->next) {
        char shown[POLICY_SHOWN];
        if (k->refused || k->next->refused || !parse_is_map(p, k->next, "an entity"))
            continue;
        if (!policy_subject_valid(k->text) || memchr(k->text.p, '*', k->text.n)) {
            policy_report(p->report, P_ENTITY, k->pos, "write `type:id`", "`%s` is no entity",
                          policy_shown(k->text, shown));
            continue;
        }
        bool good = true;
        for (const struct ynode *c = k->next->first; c; c = c->next->next)
            good = is_property(p, c) && good;
        if (good)
            m->entities[m->nentities++] =
                (struct m_entity){k->text, k->next, k->pos, parse_scope(p)};
    }
}

/* ---- conditions ---- */

void parse_conditions(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    struct model *m = object;
    (void)key;
    if (!parse_is_map(p, value, "`conditions`"))
        return;
    m->nconditions = 0;
    m->conditions = parse_alloc(p, value->count, sizeof *m->conditions);
    for (struct ynode *k = value->first; k && m->conditions; k = k->next->next) {
        if (k->refused || !parse_name(p, k, "a condition"))
            continue;
        struct m_named *c = &m->conditions[m->nconditions++];
        c->name = parse_named(p, SPACE_CONDITIONS, k->text);
        c->at = k->pos;
        c->scope = parse_scope(p);
        if (!k->next->refused)
            c->condition = parse_when(p, k->next);
    }
}
