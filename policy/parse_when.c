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
    if (!parse_is_map(p, map, "`subject`"))
        return NULL;
    if (map->count == 1 && str_is(map->first->text, "is"))
        return parse_is(p, map->first);
    policy_report(p->report, P_OPERATOR, map->pos,
                  "write `subject: {is: \"group:NAME\"}`, or test `subject.id`",
                  "of the subject as a whole only membership in a group is tested");
    return NULL;
}

static const struct {
    const char *word;
    struct m_condition *(*fn)(struct parser *p, struct ynode *key);
} entries[] = {
    {"all", entry_all}, {"any", entry_any},         {"not", entry_not},
    {"use", entry_use}, {"subject", entry_subject},
};

static bool is_labels(const struct m_attribute *a)
{
    return a->root == ROOT_BROKER && a->builtin == POLICY_INPUT_LABELS;
}

static struct m_condition *parse_entry(struct parser *p, struct ynode *key)
{
    for (size_t i = 0; i < BASE_COUNT(entries); i++)
        if (str_is(key->text, entries[i].word))
            return entries[i].fn(p, key);
    struct m_attribute *a;
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
