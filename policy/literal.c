/*
 * Where a literal of a rule's condition meets the type of its argument. Arguments are judged in the
 * normal form of their type, so that what is written in another form is equal to none. What is said
 * of which text is a table (value_literal.h); which type it is, argument.h tells. An error where it
 * is certain, for the compiler; a warning else, for lint.
 */
#include "policy/literal.h"

#include "policy/value_lint.h"
#include "policy/value_literal.h"

#include <stdio.h>

struct meeting {
    const struct model *m;
    const struct m_rule *rule;
    uint64_t *left; /* of POLICY_MAX_LOOKUPS */
    struct policy_report *report;
    bool lint; /* tell what is not certain, instead of what is */
};

/* Types with a normal form of their own. */
static const uint8_t formed[] = {CORE_ARG_PATH, CORE_ARG_URL, CORE_ARG_METHOD};

static bool compared_as(const struct m_condition *c, enum value_compared *out)
{
    static const struct {
        bool is;
        enum value_compared compared;
    } rows[OP_COUNT] = {
        [OP_EQ] = {true, VALUE_EQUAL},          [OP_NE] = {true, VALUE_EQUAL},
        [OP_IN] = {true, VALUE_EQUAL},          [OP_NOT_IN] = {true, VALUE_EQUAL},
        [OP_STARTS_WITH] = {true, VALUE_BEGIN}, [OP_LIKE] = {true, VALUE_LIKE},
        [OP_MATCHES] = {true, VALUE_REGEX},
    };
    *out = rows[c->op].compared;
    return rows[c->op].is && c->operand && c->attribute && c->attribute->root == ROOT_ARGS &&
           c->attribute->n == 1;
}

/* Whether anything is said of a text, were the argument of some type: few texts come further. */
static bool is_suspect(const struct ynode *n, enum value_compared compared)
{
    bool suspect = false;
    for (size_t i = 0; n->type == Y_TEXT && i < BASE_COUNT(formed) && !suspect; i++) {
        auto_buf struct buf normal = {0};
        enum core_arg_type type = (enum core_arg_type)formed[i];
        suspect = value_literals(type, compared, n->text) ||
                  (compared == VALUE_EQUAL && !value_literal_normal(type, n->text, &normal));
    }
    return suspect;
}

/* ---- what is told ---- */

static void not_normal(const struct meeting *k, enum core_arg_type type,
                       const struct m_condition *c, const struct ynode *n, bool certain)
{
    static const char *const words[CORE_ARG_COUNT] = {
        [CORE_ARG_PATH] = "path", [CORE_ARG_URL] = "URL", [CORE_ARG_METHOD] = "method"};
    auto_buf struct buf normal = {0};
    char shown[POLICY_SHOWN], hint[POLICY_HINT], argument[POLICY_SHOWN];
    if (value_literal_normal(type, n->text, &normal) || normal.failed)
        return;
    if (k->lint && value_smells(VALUE_OF_TEXT, n->text) & 1u << VALUE_TEXT_DOTS)
        return; /* told of any text */
    struct str form = buf_view(&normal);
    if (form.n > 2 && form.n < 80)
        (void)snprintf(hint, sizeof hint, "write `%.*s`", (int)form.n - 2, form.p + 1);
    else
        (void)snprintf(hint, sizeof hint, "%s",
                       type == CORE_ARG_URL ? "write `{url: {host: HOST}}`, or the whole URL"
                                            : "write it in its normal form");
    policy_report(k->report, certain ? P_LITERAL : P_DOTTED_PATH, n->pos, hint,
                  "`%s` is no %s in normal form: `%s` is never equal to it",
                  policy_shown(n->text, shown), words[type],
                  policy_shown(c->attribute->text, argument));
}

static void by_table(const struct meeting *k, uint32_t found, const struct ynode *n, bool certain)
{
    char shown[POLICY_SHOWN];
    for (unsigned i = 0; i < VALUE_LITERAL_COUNT; i++) {
        const struct value_literal_row *row = value_literal_row((enum value_literal)i);
        bool error = certain && row->never;
        if (found >> i & 1 && error != k->lint)
            policy_report(k->report, error ? P_LITERAL : P_SMELL, n->pos, row->hint, "`%s`: %s",
                          policy_shown(n->text, shown), row->what);
    }
}

/* ---- what the broker says, of which all values are known ---- */

static bool is_level(struct str s, struct policy_nearest *near)
{
    bool is = false;
    for (unsigned i = 0; i < CORE_LEVEL_COUNT; i++) {
        const char *word = core_level_name((enum core_level)i);
        is |= str_is(s, word);
        policy_offer(near, str_of(word));
    }
    return is;
}

static void by_broker(const struct meeting *k, const struct m_condition *c, const struct ynode *n)
{
    uint8_t input = c->attribute->builtin;
    struct policy_nearest near = policy_near(k->report, n->text);
    char shown[POLICY_SHOWN], hint[POLICY_HINT];
    policy_shown(n->text, shown);
    if (input == POLICY_INPUT_LEVEL && n->type == Y_TEXT && !is_level(n->text, &near))
        policy_report(k->report, P_LITERAL, n->pos,
                      near.best.p ? policy_hint(&near, hint)
                                  : "write `pure`, `controlled` or `full`",
                      "`%s` is no level", shown);
    if (input == POLICY_INPUT_CHAIN && c->op == OP_CONTAINS && n->type == Y_TEXT &&
        !policy_subject_valid(n->text))
        policy_report(k->report, P_LITERAL, n->pos, "write a subject, `type:id`",
                      "`%s` is in no chain, which has subjects", shown);
    bool number = n->type == Y_INT || n->type == Y_DOUBLE;
    double value = n->type == Y_INT ? (double)n->i : n->d;
    if (input == POLICY_INPUT_BUCKET && number &&
        (value < 0 || value > 99 || value != (double)(int)value) && c->op <= OP_NOT_IN)
        policy_report(k->report, P_LITERAL, n->pos, "a percentage is `lt: PERCENT`",
                      "no bucket is `%s`: they are 0 to 99", shown);
}

/* Of order: a bound that all buckets are on one side of, or that is a share. */
static void by_bucket(const struct meeting *k, const struct m_condition *c)
{
    bool order = c->op == OP_LT || c->op == OP_LTE || c->op == OP_GT || c->op == OP_GTE;
    if (!order || c->attribute->builtin != POLICY_INPUT_BUCKET || !c->operand)
        return;
    const struct ynode *n = c->operand;
    double value = n->type == Y_INT ? (double)n->i : n->d;
    bool swallows = c->op == OP_LT || c->op == OP_GTE;
    double low = swallows ? 1 : 0, high = swallows ? 99 : 98;
    char shown[POLICY_SHOWN];
    if (value >= low && value <= high && value == (double)(int)value)
        return;
    policy_report(k->report, P_SMELL, n->pos, "`lt: 10` is a tenth of all subjects",
                  "buckets are 0 to 99: with `%s` this is all of them, none, or not a percentage",
                  policy_shown(n->text, shown));
}

/* ---- the walk ---- */

/* Something is said only where all capabilities that have the argument have it with one type. */
static void meet(const struct meeting *k, const struct m_condition *c, enum value_compared compared,
                 const struct ynode *n)
{
    if (!is_suspect(n, compared))
        return;
    struct policy_argument a =
        policy_argument_of(k->m, k->rule, c->attribute->key[0], NULL, k->left);
    bool certain = a.exact && !a.open;
    for (size_t i = 0; i < BASE_COUNT(formed); i++) {
        enum core_arg_type type = (enum core_arg_type)formed[i];
        if (a.types != UINT32_C(1) << type)
            continue;
        if (compared == VALUE_EQUAL && certain != k->lint)
            not_normal(k, type, c, n, certain);
        by_table(k, value_literals(type, compared, n->text), n, certain);
    }
}

static void walk_operand(const struct meeting *k, const struct m_condition *c)
{
    enum value_compared compared;
    bool argument = compared_as(c, &compared);
    bool broker = !k->lint && c->attribute && c->attribute->root == ROOT_BROKER &&
                  ((c->op >= OP_EQ && c->op <= OP_NOT_IN) || c->op == OP_CONTAINS);
    bool list = c->operand && c->operand->type == Y_LIST;
    if (list && (c->op == OP_EQ || c->op == OP_NE))
        return; /* a list as a whole, of which no text is equal */
    const struct ynode *n = list ? c->operand->first : c->operand;
    for (; n && (argument || broker); n = list ? n->next : NULL) {
        if (argument)
            meet(k, c, compared, n);
        else
            by_broker(k, c, n);
    }
}

static void walk(const struct meeting *k, const struct m_condition *c)
{
    walk_operand(k, c);
    if (k->lint && c->attribute && c->attribute->root == ROOT_BROKER)
        by_bucket(k, c);
    for (const struct m_condition *child = c->first; child; child = child->next)
        walk(k, child);
}

void policy_check_literals(const struct model *m, const struct m_rule *r, uint64_t *left,
                           struct policy_report *report)
{
    struct meeting k = {m, r, left, report, false};
    walk(&k, r->when);
}

void policy_lint_literals(const struct model *m, const struct m_rule *r, uint64_t *left,
                          struct policy_report *report)
{
    struct meeting k = {m, r, left, report, true};
    walk(&k, r->when);
}
