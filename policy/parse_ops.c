/*
 * The operators beside an attribute, an element of a list or a size: words come from the table of
 * operators, and what may stand beside each from its row there. Called by parse_when.c.
 */
#include "policy/parse.h"

#include <stdio.h>

struct op_row {
    const char *word, *phrase;
    uint8_t operand; /* enum policy_operand */
    bool attr;       /* takes {attr: PATH} */
};
static const struct op_row ops[OP_COUNT] = {
#define X(id, word, operand, attr, phrase, ...) [OP_##id] = {word, phrase, OPERAND_##operand, attr},
    POLICY_OP_TABLE(X)
#undef X
};

static void bad_operand(struct parser *p, const struct m_condition *c, const struct ynode *at,
                        const char *hint, const char *wanted)
{
    if (!at->refused)
        policy_report(p->report, P_OPERAND, at->pos, hint, "`%s` takes %s, not %s", ops[c->op].word,
                      wanted, policy_yaml_kind(at));
}

/* ---- scalars and lists ---- */

static bool is_scalar(const struct ynode *n)
{
    return n->type <= Y_BOOL;
}

/* Beyond 64 bits nothing is equal to it, less or more. */
static bool is_beyond(const struct ynode *n)
{
    return n->type == Y_DOUBLE && !(n->d >= -0x1p63 && n->d < 0x1p63);
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

static bool check_number(struct parser *p, const struct ynode *n)
{
    if (is_beyond(n))
        policy_report(p->report, P_OPERAND, n->pos, NULL, "a number beyond 64 bits");
    return !is_beyond(n);
}

static bool check_scalar(struct parser *p, const struct ynode *n)
{
    char shown[POLICY_SHOWN];
    if (n->refused || !check_number(p, n))
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

static struct m_condition *operand_scalar(struct parser *p, struct m_condition *c,
                                          struct ynode *value)
{
    c->operand = value;
    if (is_scalar(value))
        return check_scalar(p, value) ? c : NULL;
    bad_operand(p, c, value, NULL, "one scalar");
    return NULL;
}

static struct m_condition *operand_value(struct parser *p, struct m_condition *c,
                                         struct ynode *value)
{
    c->operand = value;
    if (is_scalar(value))
        return check_scalar(p, value) ? c : NULL;
    if (value->type == Y_LIST)
        return check_elements(p, value, true) ? c : NULL;
    bad_operand(p, c, value, "name the key: `args.x.key: VALUE`", "a scalar or a list");
    return NULL;
}

static struct m_condition *operand_list(struct parser *p, struct m_condition *c,
                                        struct ynode *value)
{
    c->operand = value;
    if (value->type == Y_LIST)
        return check_elements(p, value, false) ? c : NULL;
    bad_operand(p, c, value, NULL, "a list");
    return NULL;
}

/* A number, or a size as its bytes; NULL when reported. */
static const struct ynode *read_order(struct parser *p, const struct m_condition *c,
                                      const struct ynode *n)
{
    int64_t bytes;
    char shown[POLICY_SHOWN];
    if (n->refused)
        return NULL;
    if (n->type == Y_INT || n->type == Y_DOUBLE)
        return check_number(p, n) ? n : NULL;
    if (n->type != Y_TEXT || n->quoted || !parse_size(n, &bytes)) {
        policy_report(p->report, P_OPERAND, n->pos,
                      n->type == Y_TEXT && n->quoted ? "write it without quotes, if it is a number"
                                                     : "a number, or a size such as 64KiB, 1GiB",
                      "`%s` compares numbers and sizes; `%s` is neither", ops[c->op].word,
                      n->type == Y_TEXT ? policy_shown(n->text, shown) : policy_yaml_kind(n));
        return NULL;
    }
    struct ynode *number = parse_alloc(p, 1, sizeof *number);
    if (number)
        *number = (struct ynode){.type = Y_INT, .text = n->text, .pos = n->pos, .i = bytes};
    return number;
}

static struct m_condition *operand_order(struct parser *p, struct m_condition *c,
                                         struct ynode *value)
{
    c->operand = read_order(p, c, value);
    return c->operand ? c : NULL;
}

static double number_of(const struct ynode *n)
{
    return n->type == Y_INT ? (double)n->i : n->d;
}

static struct m_condition *operand_range(struct parser *p, struct m_condition *c,
                                         struct ynode *value)
{
    if (value->type != Y_LIST || value->count != 2) {
        bad_operand(p, c, value, "write `between: [LOW, HIGH]`", "a list of two numbers");
        return NULL;
    }
    struct ynode *range = parse_alloc(p, 3, sizeof *range);
    const struct ynode *low = read_order(p, c, value->first),
                       *high = read_order(p, c, value->first->next);
    if (!range || !low || !high)
        return NULL;
    range[1] = *low;
    range[2] = *high;
    range[1].next = &range[2];
    range[2].next = NULL;
    range[0] = (struct ynode){.type = Y_LIST, .count = 2, .pos = value->pos, .first = &range[1]};
    c->operand = range;
    if (number_of(low) <= number_of(high))
        return c;
    policy_report(p->report, P_OPERAND, value->pos, "write the lower end first",
                  "nothing is between these ends");
    return NULL;
}

static struct m_condition *operand_texts(struct parser *p, struct m_condition *c,
                                         struct ynode *value)
{
    c->operand = value;
    const struct ynode *n = value->type == Y_LIST ? value->first : value;
    bool good = true;
    if (value->type == Y_LIST && !n)
        policy_report(p->report, P_EMPTY, value->pos, NULL, "`%s` names nothing", ops[c->op].word);
    for (; n; n = value->type == Y_LIST ? n->next : NULL) {
        if (n->type != Y_TEXT)
            bad_operand(p, c, n, "quote it if it is text", "a text or a list of texts");
        good = good && n->type == Y_TEXT && check_scalar(p, n);
    }
    return good ? c : NULL;
}

static struct m_condition *operand_folder(struct parser *p, struct m_condition *c,
                                          struct ynode *value)
{
    if (value->type == Y_LIST) {
        policy_report(p->report, P_OPERAND, value->pos, "write `any: [{under: /a}, {under: /b}]`",
                      "`under` takes one folder");
        return NULL;
    }
    if (value->type == Y_TEXT && policy_has_template(value->text))
        return NULL; /* told by the walk over all texts */
    return parse_path(p, value, &c->path) ? c : NULL;
}

static struct m_condition *operand_flag(struct parser *p, struct m_condition *c,
                                        struct ynode *value)
{
    bool flag;
    char what[32];
    (void)snprintf(what, sizeof what, "`%s`", ops[c->op].word);
    if (!parse_bool(p, value, what, &flag))
        return NULL;
    c->flag = flag;
    return c;
}

/* ---- operators within operators ---- */

/* `not` judges what it stands beside; the others an element or a size, which has no path. */
static struct m_condition *operand_ops(struct parser *p, struct m_condition *c, struct ynode *value)
{
    c->first = parse_test(p, value, c->op == OP_NOT ? c->attribute : NULL);
    return c->first ? c : NULL;
}

static struct m_condition *operand_any(struct parser *p, struct m_condition *c, struct ynode *value)
{
    if (!parse_is_list(p, value, "`any`"))
        return NULL;
    struct m_condition **tail = &c->first;
    for (struct ynode *o = value->first; o; o = o->next)
        if (parse_is_map(p, o, "an entry of `any` beside an attribute"))
            parse_append(&tail, parse_test(p, o, c->attribute));
    return c;
}

static bool is_rest(const struct ynode *n)
{
    return n->type == Y_MAP && n->count == 1 && str_is(n->first->text, "rest");
}

static struct m_condition *argument(struct parser *p, const struct m_condition *c, struct ynode *n)
{
    if (is_scalar(n) && n->type != Y_TEXT) {
        bad_operand(p, c, n, "quote it: arguments are texts", "texts, lists and operator maps");
        return NULL;
    }
    return parse_test(p, n, NULL);
}

static struct m_condition *operand_argv(struct parser *p, struct m_condition *c,
                                        struct ynode *value)
{
    if (!parse_is_list(p, value, "`argv`"))
        return NULL;
    if (value->count > POLICY_MAX_ELEMENTS) {
        policy_report(p->report, P_BOUND, value->pos, NULL, "more than %u argument patterns",
                      POLICY_MAX_ELEMENTS);
        return NULL;
    }
    struct m_condition **tail = &c->first;
    for (struct ynode *n = value->first; n; n = n->next) {
        if (!is_rest(n)) {
            parse_append(&tail, argument(p, c, n));
            continue;
        }
        struct ynode *rest = n->first->next;
        c->flag = POLICY_REST_ANY;
        if (n->next)
            policy_report(p->report, P_OPERAND, n->pos, "put it last",
                          "`rest` is what is left after all other patterns");
        if (rest->type == Y_TEXT && str_is(rest->text, "any"))
            continue;
        c->flag = POLICY_REST_OPS;
        if (rest->type == Y_MAP)
            parse_append(&tail, parse_test(p, rest, NULL));
        else
            bad_operand(p, c, rest, "write `{rest: any}` or `{rest: {OPERATORS}}`",
                        "for its rest `any` or operators");
    }
    return c;
}

static struct m_condition *operand_group(struct parser *p, struct m_condition *c,
                                         struct ynode *value)
{
    bool list = value->type == Y_LIST;
    const struct ynode *n = list ? value->first : value;
    c->groups.v = parse_alloc(p, list ? value->count : 1, sizeof *c->groups.v);
    if (list && !n)
        policy_report(p->report, P_EMPTY, value->pos, NULL, "`is` names no group");
    for (; n && c->groups.v; n = list ? n->next : NULL) {
        struct m_subject *s = &c->groups.v[c->groups.n];
        if (n->refused || !parse_subject(p, n, PARSE_GROUP, s))
            continue;
        if (s->kind == SUBJECT_GROUP)
            c->groups.n++;
        else
            policy_report(p->report, P_OPERAND, n->pos, "test `subject.id`, or make it a group",
                          "`is` takes `group:NAME`");
    }
    return c->groups.n ? c : NULL;
}

static operand_fn *const operands[OPERAND_COUNT] = {
    [OPERAND_SCALAR] = operand_scalar,   [OPERAND_VALUE] = operand_value,
    [OPERAND_LIST] = operand_list,       [OPERAND_ORDER] = operand_order,
    [OPERAND_RANGE] = operand_range,     [OPERAND_TEXTS] = operand_texts,
    [OPERAND_FOLDER] = operand_folder,   [OPERAND_FLAG] = operand_flag,
    [OPERAND_OPS] = operand_ops,         [OPERAND_ANY] = operand_any,
    [OPERAND_ARGV] = operand_argv,       [OPERAND_GROUP] = operand_group,
    [OPERAND_PATTERNS] = parse_patterns, [OPERAND_REGEX] = parse_regex,
    [OPERAND_URL] = parse_url,           [OPERAND_TIME] = parse_time,
};

/* ---- operator maps ---- */

static void unknown_op(struct parser *p, const struct ynode *key)
{
    struct policy_nearest near = policy_near(p->report, key->text);
    for (size_t i = 0; i < OP_COUNT; i++)
        if (ops[i].word && i != OP_IS)
            policy_offer(&near, str_of(ops[i].word));
    policy_offer(&near, STR("absent"));
    char shown[POLICY_SHOWN], hint[POLICY_HINT];
    policy_report(p->report, P_OPERATOR, key->pos, policy_hint(&near, hint), "`%s` is no operator",
                  policy_shown(key->text, shown));
}

static bool is_attr(const struct ynode *n)
{
    return n->type == Y_MAP && n->count == 1 && str_is(n->first->text, "attr");
}

/* {attr: PATH}: the value of another attribute. */
static struct m_condition *operand_attr(struct parser *p, struct m_condition *c,
                                        const struct ynode *key)
{
    struct str path;
    if (!ops[c->op].attr) {
        policy_report(p->report, P_OPERAND, key->pos, NULL, "`%s` takes no `attr`",
                      ops[c->op].word);
        return NULL;
    }
    if (!parse_text(p, key->next, "`attr`", POLICY_MAX_NAME, &path))
        return NULL;
    if (!parse_attribute(p, key->next, path, &c->other))
        return NULL;
    if (p->own && c->other->root == ROOT_BROKER && c->other->builtin == POLICY_INPUT_LABELS) {
        policy_report(p->report, P_DELEGATED, key->next->pos, NULL,
                      "this would tell a delegated file of other files' labels");
        return NULL;
    }
    return c;
}

static struct m_condition *parse_op(struct parser *p, struct ynode *key, struct m_attribute *a)
{
    size_t op = 0;
    while (op < OP_COUNT && !(ops[op].word && op != OP_IS && str_is(key->text, ops[op].word)))
        op++;
    bool attr = str_is(key->text, "attr"); /* beside nothing else: eq */
    if (op == OP_COUNT && !attr) {
        unknown_op(p, key);
        return NULL;
    }
    struct m_condition *c = parse_node(p, attr ? OP_EQ : (enum policy_op)op, key);
    if (!c)
        return NULL;
    c->attribute = a;
    if (attr)
        return operand_attr(p, c, key);
    if (is_attr(key->next))
        return operand_attr(p, c, key->next->first);
    return operands[ops[op].operand](p, c, key->next);
}

struct m_condition *parse_is(struct parser *p, struct ynode *key)
{
    struct m_condition *c = parse_node(p, OP_IS, key);
    return c ? operand_group(p, c, key->next) : NULL;
}

/* The operators of one map must all hold; `absent` is what they come to where the attribute is
 * missing. */
static struct m_condition *parse_ops(struct parser *p, struct ynode *map, struct m_attribute *a)
{
    struct m_condition *c = parse_node(p, OP_ALL, map);
    if (!c)
        return NULL;
    c->attribute = a;
    struct m_condition **tail = &c->first;
    for (struct ynode *k = map->first; k; k = k->next->next) {
        bool flag;
        if (k->refused || k->next->refused)
            continue;
        if (!str_is(k->text, "absent")) {
            parse_append(&tail, parse_op(p, k, a));
        } else if (parse_bool(p, k->next, "`absent`", &flag)) {
            c->op = OP_ABSENT;
            c->flag = flag;
        }
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

struct m_condition *parse_test(struct parser *p, struct ynode *value, struct m_attribute *a)
{
    if (value->refused)
        return NULL;
    if (value->type == Y_MAP)
        return parse_ops(p, value, a);
    struct m_condition *c = parse_node(p, value->type == Y_LIST ? OP_IN : OP_EQ, value);
    if (!c)
        return NULL;
    c->attribute = a;
    return value->type == Y_LIST ? operand_list(p, c, value) : operand_scalar(p, c, value);
}
