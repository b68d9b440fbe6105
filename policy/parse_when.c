/*
 * Conditions: `when` and what nests in it. A condition becomes a tree whose leaves are one operator
 * on one attribute; the words of the language that this version does not hold are told apart from
 * words that it never had.
 */
#include "policy/parse.h"

#include <stdio.h>

static struct m_condition *node(struct parser *p, enum policy_op op, const struct ynode *at)
{
    struct m_condition *c = parse_alloc(p, 1, sizeof *c);
    if (c) {
        c->op = op;
        c->at = at->pos;
    }
    return c;
}

/* ---- attribute paths ---- */

static bool bad_attribute(struct parser *p, const struct ynode *at, struct str text,
                          const char *why)
{
    char shown[POLICY_SHOWN];
    policy_report(p->report, P_ATTRIBUTE, at->pos,
                  "write `args.NAME`, `args.NAME.KEY` or `args[\"a key\"]`", "`%s`: %s",
                  policy_shown(text, shown), why);
    return false;
}

/* The key at `*at`, which stands on `.` or `[`. */
static bool next_key(struct str text, size_t *at, struct str *key)
{
    size_t i = *at;
    if (text.p[i] == '.') {
        size_t start = ++i;
        while (i < text.n && text.p[i] != '.' && text.p[i] != '[' && text.p[i] != ']' &&
               text.p[i] != '"' && (uint8_t)text.p[i] > 0x20)
            i++;
        *key = (struct str){text.p + start, i - start};
        *at = i;
        return key->n > 0;
    }
    if (i + 3 >= text.n || text.p[i] != '[' || text.p[i + 1] != '"')
        return false;
    const char *end = memchr(text.p + i + 2, '"', text.n - i - 2);
    if (!end || (size_t)(end - text.p) + 1 >= text.n || end[1] != ']')
        return false;
    *key = (struct str){text.p + i + 2, (size_t)(end - text.p) - i - 2};
    *at = (size_t)(end - text.p) + 2;
    return key->n > 0;
}

static bool is_position(struct str key)
{
    for (size_t i = 0; i < key.n; i++)
        if (key.p[i] < '0' || key.p[i] > '9')
            return false;
    return true;
}

bool parse_attribute(struct parser *p, const struct ynode *at, struct str text,
                     struct m_attribute **out)
{
    struct str key[16];
    uint32_t n = 0;
    if (text.n < 6 || !str_starts(text, STR("args")))
        return bad_attribute(p, at, text, "no attribute path");
    for (size_t i = 4; i < text.n; n++) {
        if (n == BASE_COUNT(key))
            return bad_attribute(p, at, text, "more than 16 keys deep");
        if (!next_key(text, &i, &key[n]))
            return bad_attribute(p, at, text, "no attribute path");
    }
    if (is_position(key[0]) && text.p[4] == '.') {
        parse_not_understood(p, at, text);
        return false;
    }
    struct m_attribute *a = parse_alloc(p, 1, sizeof *a);
    if (!a || !(a->key = parse_alloc(p, n, sizeof *a->key)))
        return false;
    memcpy(a->key, key, n * sizeof *key);
    a->text = text;
    a->n = n;
    *out = a;
    return true;
}

/* ---- operands ---- */

static bool is_scalar(const struct ynode *n)
{
    return n->type <= Y_BOOL;
}

/* Digits with a size's unit, unquoted: a number to its author, text to eq and in. */
static bool looks_like_size(const struct ynode *n)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB"};
    if (n->type != Y_TEXT || n->quoted)
        return false;
    size_t i = 0;
    while (i < n->text.n && ((n->text.p[i] >= '0' && n->text.p[i] <= '9') || n->text.p[i] == '.'))
        i++;
    struct str unit = {n->text.p + i, n->text.n - i};
    for (size_t k = 0; i > 0 && k < BASE_COUNT(units); k++)
        if (str_is(unit, units[k]))
            return true;
    return false;
}

static bool check_scalar(struct parser *p, const struct ynode *n)
{
    char shown[POLICY_SHOWN];
    if (n->refused)
        return false;
    if (!looks_like_size(n))
        return true;
    policy_report(p->report, P_UNIT, n->pos, "write bytes as a number, or quote it if it is text",
                  "`%s` is compared as text here", policy_shown(n->text, shown));
    return false;
}

static bool check_elements(struct parser *p, const struct ynode *list, bool nested)
{
    bool good = true;
    for (const struct ynode *c = list->first; c; c = c->next) {
        if (is_scalar(c))
            good = check_scalar(p, c) && good;
        else if (nested && c->type == Y_LIST)
            good = check_elements(p, c, true) && good;
        else {
            policy_report(p->report, P_OPERAND, c->pos, NULL, "%s cannot stand in this list",
                          policy_yaml_kind(c));
            good = false;
        }
    }
    return good;
}

typedef struct m_condition *operand_fn(struct parser *p, struct m_condition *c,
                                       struct ynode *value);

static struct m_condition *operand_eq(struct parser *p, struct m_condition *c, struct ynode *value)
{
    c->operand = value;
    if (is_scalar(value))
        return check_scalar(p, value) ? c : NULL;
    if (value->type == Y_LIST)
        return check_elements(p, value, true) ? c : NULL;
    if (value->first && str_is(value->first->text, "attr"))
        parse_not_understood(p, value->first, STR("attr"));
    else
        policy_report(p->report, P_OPERAND, value->pos, "name the key: `args.x.key: VALUE`",
                      "`eq` takes a scalar or a list, not a mapping");
    return NULL;
}

static struct m_condition *operand_in(struct parser *p, struct m_condition *c, struct ynode *value)
{
    c->operand = value;
    if (value->type == Y_LIST)
        return check_elements(p, value, false) ? c : NULL;
    policy_report(p->report, P_OPERAND, value->pos, NULL, "`in` takes a list, not %s",
                  policy_yaml_kind(value));
    return NULL;
}

static struct m_condition *operand_under(struct parser *p, struct m_condition *c,
                                         struct ynode *value)
{
    if (value->type == Y_LIST) {
        policy_report(p->report, P_OPERAND, value->pos, "write `any: [{under: /a}, {under: /b}]`",
                      "`under` takes one folder");
        return NULL;
    }
    if (value->type == Y_TEXT && memmem(value->text.p, value->text.n, "${", 2))
        return NULL; /* told by the walk over all texts */
    return parse_path(p, value, &c->path) ? c : NULL;
}

static struct m_condition *operand_exists(struct parser *p, struct m_condition *c,
                                          struct ynode *value)
{
    return parse_bool(p, value, "`exists`", &c->flag) ? c : NULL;
}

/* ---- operator maps ---- */

static struct m_condition *parse_ops(struct parser *p, struct ynode *map,
                                     const struct m_attribute *a);

static void append(struct m_condition ***tail, struct m_condition *child)
{
    if (!child)
        return;
    **tail = child;
    *tail = &child->next;
}

static struct m_condition *ops_any(struct parser *p, struct m_condition *c, struct ynode *value)
{
    if (!parse_is_list(p, value, "`any`"))
        return NULL;
    struct m_condition **tail = &c->first;
    for (struct ynode *o = value->first; o; o = o->next)
        if (parse_is_map(p, o, "an entry of `any` beside an attribute"))
            append(&tail, parse_ops(p, o, c->attribute));
    return c;
}

static struct m_condition *ops_not(struct parser *p, struct m_condition *c, struct ynode *value)
{
    if (!parse_is_map(p, value, "`not` beside an attribute"))
        return NULL;
    c->first = parse_ops(p, value, c->attribute);
    return c->first ? c : NULL;
}

static const struct op_row {
    const char *name;
    enum policy_op op;
    operand_fn *fn; /* NULL: of the language, not held */
} op_rows[] = {
    {"eq", OP_EQ, operand_eq},
    {"in", OP_IN, operand_in},
    {"under", OP_UNDER, operand_under},
    {"exists", OP_EXISTS, operand_exists},
    {"any", OP_ANY, ops_any},
    {"not", OP_NOT, ops_not},
    {"ne", OP_COUNT, NULL},
    {"not_in", OP_COUNT, NULL},
    {"lt", OP_COUNT, NULL},
    {"lte", OP_COUNT, NULL},
    {"gt", OP_COUNT, NULL},
    {"gte", OP_COUNT, NULL},
    {"between", OP_COUNT, NULL},
    {"matches", OP_COUNT, NULL},
    {"like", OP_COUNT, NULL},
    {"starts_with", OP_COUNT, NULL},
    {"host", OP_COUNT, NULL},
    {"cidr", OP_COUNT, NULL},
    {"url", OP_COUNT, NULL},
    {"time", OP_COUNT, NULL},
    {"contains", OP_COUNT, NULL},
    {"size", OP_COUNT, NULL},
    {"each", OP_COUNT, NULL},
    {"some", OP_COUNT, NULL},
    {"argv", OP_COUNT, NULL},
};

static void unknown_op(struct parser *p, const struct ynode *key)
{
    struct policy_nearest near = policy_near(p->report, key->text);
    for (size_t i = 0; i < BASE_COUNT(op_rows); i++)
        policy_offer(&near, str_of(op_rows[i].name));
    policy_offer(&near, STR("absent"));
    char shown[POLICY_SHOWN], hint[POLICY_HINT];
    policy_report(p->report, P_OPERATOR, key->pos, policy_hint(&near, hint), "`%s` is no operator",
                  policy_shown(key->text, shown));
}

static struct m_condition *parse_op(struct parser *p, struct ynode *key,
                                    const struct m_attribute *a)
{
    for (size_t i = 0; i < BASE_COUNT(op_rows); i++) {
        if (!str_is(key->text, op_rows[i].name))
            continue;
        if (!op_rows[i].fn) {
            parse_not_understood(p, key, key->text);
            return NULL;
        }
        struct m_condition *c = node(p, op_rows[i].op, key);
        if (!c)
            return NULL;
        c->attribute = a;
        return op_rows[i].fn(p, c, key->next);
    }
    unknown_op(p, key);
    return NULL;
}

/* The operators of one map must all hold; `absent` is what they come to where the attribute is
 * missing. */
static struct m_condition *parse_ops(struct parser *p, struct ynode *map,
                                     const struct m_attribute *a)
{
    struct m_condition *c = node(p, OP_ALL, map);
    if (!c)
        return NULL;
    c->attribute = a;
    struct m_condition **tail = &c->first;
    for (struct ynode *k = map->first; k; k = k->next->next) {
        if (k->refused || k->next->refused)
            continue;
        if (!str_is(k->text, "absent"))
            append(&tail, parse_op(p, k, a));
        else if (parse_bool(p, k->next, "`absent`", &c->flag))
            c->op = OP_ABSENT;
    }
    if (map->count == 0)
        policy_report(p->report, P_EMPTY, map->pos, "write `exists: true` or an operator",
                      "an operator map without an operator");
    if (c->op == OP_ABSENT && map->count == 1)
        policy_report(p->report, P_ABSENT_ALONE, map->pos,
                      "write `exists: false` or `exists: true`",
                      "`absent` says what other operators come to where the attribute is missing");
    return c;
}

/* ---- condition maps ---- */

static struct m_condition *parse_list_of_maps(struct parser *p, enum policy_op op,
                                              struct ynode *key)
{
    struct m_condition *c = node(p, op, key);
    char what[32];
    (void)snprintf(what, sizeof what, "`%.*s`", (int)key->text.n, key->text.p);
    if (!c || !parse_is_list(p, key->next, what))
        return NULL;
    struct m_condition **tail = &c->first;
    for (struct ynode *n = key->next->first; n; n = n->next)
        append(&tail, parse_when(p, n));
    return c;
}

static struct m_condition *parse_not(struct parser *p, struct ynode *key)
{
    struct m_condition *c = node(p, OP_NOT, key);
    if (!c)
        return NULL;
    c->first = parse_when(p, key->next);
    return c->first ? c : NULL;
}

static bool is_root(struct str key, const char *root)
{
    struct str r = str_of(root);
    return str_starts(key, r) && (key.n == r.n || key.p[r.n] == '.' || key.p[r.n] == '[');
}

static bool is_foreign_root(struct str key)
{
    static const char *const roots[] = {"subject", "resource", "context", "broker", "use"};
    for (size_t i = 0; i < BASE_COUNT(roots); i++)
        if (is_root(key, roots[i]))
            return true;
    return false;
}

static struct m_condition *parse_test(struct parser *p, struct ynode *key)
{
    struct m_attribute *a;
    if (!is_root(key->text, "args")) {
        bad_attribute(p, key, key->text, "attributes begin with `args.`");
        return NULL;
    }
    if (!parse_attribute(p, key, key->text, &a))
        return NULL;
    struct ynode *value = key->next;
    if (value->type == Y_MAP)
        return parse_ops(p, value, a);
    struct m_condition *c = node(p, value->type == Y_LIST ? OP_IN : OP_EQ, key);
    if (!c)
        return NULL;
    c->attribute = a;
    return value->type == Y_LIST ? operand_in(p, c, value) : operand_eq(p, c, value);
}

static struct m_condition *parse_entry(struct parser *p, struct ynode *key)
{
    if (str_is(key->text, "all"))
        return parse_list_of_maps(p, OP_ALL, key);
    if (str_is(key->text, "any"))
        return parse_list_of_maps(p, OP_ANY, key);
    if (str_is(key->text, "not"))
        return parse_not(p, key);
    if (is_foreign_root(key->text)) {
        parse_not_understood(p, key, key->text);
        return NULL;
    }
    return parse_test(p, key);
}

struct m_condition *parse_when(struct parser *p, struct ynode *n)
{
    if (!parse_is_map(p, n, "a condition"))
        return NULL;
    struct m_condition *c = node(p, OP_ALL, n);
    if (!c)
        return NULL;
    struct m_condition **tail = &c->first;
    for (struct ynode *k = n->first; k; k = k->next->next)
        if (!k->refused && !k->next->refused)
            append(&tail, parse_entry(p, k));
    return c;
}
