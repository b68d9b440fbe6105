/*
 * Conditions: `when` and what nests in it: maps of attributes to tests, all, any, not, and named
 * conditions by `use`. The operators beside an attribute are parse_ops.c's.
 */
#include "policy/parse.h"

#include <stdio.h>

struct m_condition *parse_node(struct parser *p, enum policy_op op, const struct ynode *at)
{
    struct m_condition *c = parse_alloc(p, 1, sizeof *c);
    if (c) {
        c->op = op;
        c->at = at->pos;
    }
    return c;
}

void parse_append(struct m_condition ***tail, struct m_condition *child)
{
    if (!child)
        return;
    **tail = child;
    *tail = &child->next;
}

static struct m_condition *parse_list_of_maps(struct parser *p, enum policy_op op,
                                              struct ynode *key)
{
    struct m_condition *c = parse_node(p, op, key);
    char what[32];
    (void)snprintf(what, sizeof what, "`%.*s`", (int)key->text.n, key->text.p);
    if (!c || !parse_is_list(p, key->next, what))
        return NULL;
    struct m_condition **tail = &c->first;
    for (struct ynode *n = key->next->first; n; n = n->next)
        parse_append(&tail, parse_when(p, n));
    return c;
}

static struct m_condition *entry_all(struct parser *p, struct ynode *key)
{
    return parse_list_of_maps(p, OP_ALL, key);
}

static struct m_condition *entry_any(struct parser *p, struct ynode *key)
{
    return parse_list_of_maps(p, OP_ANY, key);
}

static struct m_condition *entry_not(struct parser *p, struct ynode *key)
{
    struct m_condition *c = parse_node(p, OP_NOT, key);
    if (!c)
        return NULL;
    c->first = parse_when(p, key->next);
    return c->first ? c : NULL;
}

/* One named condition: a node that check_when.c fills with what the name stands for. */
static struct m_condition *parse_use(struct parser *p, const struct ynode *n)
{
    struct m_condition *c = parse_node(p, OP_ALL, n);
    if (!c || !parse_name(p, n, "a condition"))
        return NULL;
    c->use = parse_named(p, SPACE_CONDITIONS, n->text);
    return c;
}

static struct m_condition *entry_use(struct parser *p, struct ynode *key)
{
    struct ynode *value = key->next;
    if (value->type != Y_LIST)
        return parse_use(p, value);
    struct m_condition *c = parse_node(p, OP_ALL, key);
    if (!c)
        return NULL;
    if (!value->count)
        policy_report(p->report, P_EMPTY, value->pos, "leave it out", "`use` names nothing");
    struct m_condition **tail = &c->first;
    for (const struct ynode *n = value->first; n; n = n->next)
        parse_append(&tail, parse_use(p, n));
    return c;
}

/* `subject: {is: "group:x"}`: the one test of what has no value. */
static struct m_condition *entry_subject(struct parser *p, struct ynode *key)
{
    struct ynode *map = key->next;
    if (map->type == Y_MAP && map->count == 1 && str_is(map->first->text, "is"))
        return parse_is(p, map->first);
    policy_report(p->report, P_OPERATOR, map->pos,
                  "write `subject: {is: \"group:NAME\"}`, or test `subject.id`",
                  "of the subject as a whole only membership in a group is tested");
    return NULL;
}

static const struct parse_shape shape_some_conditions = {.kind = SHAPE_LIST, .of = &shape_when};
static const struct parse_shape shape_uses = {SHAPE_EITHER_OF(&shape_name, &shape_names)};
static const struct parse_field subject_fields[] = {
    {"is", NULL, true, &shape_groups_named, "it is in the group, or in one of a list"},
};
static const struct parse_shape shape_subject_test = {.name = "subject-test",
                                                      SHAPE_FIELDS_OF(subject_fields),
                                                      .says = "a test of the subject as a whole"};
/* What `when` knows beside attributes, and how each is read. */
static const struct parse_field when_fields[] = {
    {"all", NULL, false, &shape_some_conditions, "all of these conditions hold"},
    {"any", NULL, false, &shape_some_conditions, "one of these conditions holds"},
    {"not", NULL, false, &shape_when, "this condition does not hold"},
    {"use", NULL, false, &shape_uses, "these named conditions hold"},
    {"subject", NULL, false, &shape_subject_test, "the subject is in a group; never unknown"},
};
static struct m_condition *(*const entries[])(struct parser *p, struct ynode *key) = {
    entry_all, entry_any, entry_not, entry_use, entry_subject};
_Static_assert(BASE_COUNT(entries) == BASE_COUNT(when_fields), "each is read");
const struct parse_shape shape_when = {.name = "when",
                                       .says =
                                           "a condition: attributes and tests, all of which hold",
                                       SHAPE_FIELDS_OF(when_fields),
                                       .key = &shape_attribute,
                                       .of = &shape_test};

/* Words that stand for something else here, and what to write. */
static const struct {
    const char *word, *hint;
} meant[] = {
    {"args", "write `args.NAME`, each as a key of its own"},
    {"resource", "write `resource.id` or `resource.type`, or `resource: [...]` beside `when`"},
    {"context", "write `context.NAME`, each as a key of its own"},
    {"broker", "write `broker.now`, `broker.level` or another of its inputs"},
    {"action", "write `action.name`, or `capability: [...]` beside `when`"},
    {"capability", "write `action.name`, or `capability: [...]` beside `when`"},
    {"time", "write `broker.now: {time: {hours, zone}}`"},
    {"now", "write `broker.now: {time: {hours, zone}}`"},
    {"labels", "write `broker.labels: {contains: LABEL}`"},
    {"level", "write `broker.level`"},
    {"group", "write `subject: {is: \"group:NAME\"}`"},
    {"groups", "write `subject: {is: \"group:NAME\"}`"},
    {"if", "leave it out: what stands in `when` is the condition"},
    {"when", "leave it out: what stands in `when` is the condition"},
};

/* A word alone is none of an attribute. */
static void unknown_word(struct parser *p, const struct ynode *key)
{
    char shown[POLICY_SHOWN], buffer[POLICY_HINT + POLICY_SHOWN];
    const char *hint = NULL;
    struct policy_nearest near = policy_near(p->report, key->text);
    for (size_t i = 0; i < BASE_COUNT(meant) && !hint; i++)
        hint = str_is(key->text, meant[i].word) ? meant[i].hint : NULL;
    for (size_t i = 0; i < BASE_COUNT(when_fields); i++)
        policy_offer(&near, str_of(when_fields[i].name));
    policy_shown(key->text, shown);
    if (!hint && !(hint = policy_hint(&near, buffer))) {
        (void)snprintf(buffer, sizeof buffer, "write `args.%s`, if it is an argument", shown);
        hint = buffer;
    }
    policy_report(p->report, P_ATTRIBUTE, key->pos, hint,
                  "`%s` is no attribute, and no word of conditions", shown);
}

static bool is_labels(const struct m_attribute *a)
{
    return a->root == ROOT_BROKER && a->builtin == POLICY_INPUT_LABELS;
}

static struct m_condition *parse_entry(struct parser *p, struct ynode *key)
{
    for (size_t i = 0; i < BASE_COUNT(entries); i++)
        if (str_is(key->text, when_fields[i].name))
            return entries[i](p, key);
    struct m_attribute *a;
    if (!memchr(key->text.p, '.', key->text.n) && !memchr(key->text.p, '[', key->text.n)) {
        unknown_word(p, key);
        return NULL;
    }
    if (!parse_attribute(p, key, key->text, &a) ||
        (is_labels(a) && !parse_own_labels(p, key->next)))
        return NULL;
    struct m_condition *c = parse_test(p, key->next, a);
    if (c && key->next->type != Y_MAP)
        c->at = key->pos;
    return c;
}

struct m_condition *parse_when(struct parser *p, struct ynode *n)
{
    if (n->type == Y_LIST && !n->refused) {
        policy_report(p->report, P_TYPE, n->pos, "write `all: [...]` or `any: [...]`",
                      "a condition is a list; a mapping is wanted");
        return NULL;
    }
    if (!parse_is_map(p, n, "a condition"))
        return NULL;
    struct m_condition *c = parse_node(p, OP_ALL, n);
    if (!c)
        return NULL;
    struct m_condition **tail = &c->first;
    for (struct ynode *k = n->first; k; k = k->next->next)
        if (!k->refused && !k->next->refused)
            parse_append(&tail, parse_entry(p, k));
    return c;
}
