/*
 * Warnings about conditions: tests that let pass who says nothing, that are always one value, or
 * that nothing ever makes known; names that nothing uses. Called by lint.c.
 */
#include "policy/lint.h"

#include "policy/value_lint.h"

static bool is_loose(const struct m_condition *c)
{
    return (c->op == OP_EXISTS && !c->flag) || (c->op == OP_ABSENT && c->flag) ||
           c->op == OP_NOT_IN;
}

static bool is_empty(const struct m_condition *c)
{
    bool list = c->op == OP_ALL || c->op == OP_ANY;
    bool in = c->op == OP_IN || c->op == OP_NOT_IN;
    return (list && !c->first) || (in && c->operand && !c->operand->first);
}

static bool tests_path(const struct m_condition *c)
{
    if (c->op != OP_STARTS_WITH)
        return false;
    const struct ynode *n = c->operand->type == Y_LIST ? c->operand->first : c->operand;
    return n && n->text.n > 1 && n->text.p[0] == '/';
}

static void lint_declared(const struct m_attribute *a, const struct model *m,
                          struct policy_report *report)
{
    if (!a || a->known)
        return;
    struct policy_nearest near = policy_near(report, a->text);
    for (uint32_t i = 0; i < m->ndeclared && near.wanted.n; i++)
        policy_offer(&near, m->declared[i].path->text);
    char shown[POLICY_SHOWN], hint[POLICY_HINT];
    const char *found = policy_hint(&near, hint);
    policy_report(report, P_UNDECLARED, a->at, found ? found : "declare it under `attributes`",
                  "`%s` is not declared", policy_shown(a->text, shown));
}

/* ---- types that an operator leaves unknown ---- */

enum { TEXTS = 1, NUMBERS = 2, BOOLS = 4, LISTS = 8, MAPS = 16, ALL_KINDS = 31 };

static unsigned kind_of_type(struct m_type t)
{
    static const uint8_t kinds[TYPE_COUNT] = {[TYPE_STRING] = TEXTS,
                                              [TYPE_INT] = NUMBERS,
                                              [TYPE_NUMBER] = NUMBERS,
                                              [TYPE_BOOL] = BOOLS,
                                              [TYPE_MAP] = MAPS};
    return t.list ? LISTS : kinds[t.type];
}

static unsigned kind_of_literal(const struct ynode *n)
{
    static const uint8_t kinds[] = {[Y_TEXT] = TEXTS, [Y_INT] = NUMBERS, [Y_DOUBLE] = NUMBERS,
                                    [Y_BOOL] = BOOLS, [Y_LIST] = LISTS,  [Y_MAP] = MAPS};
    return kinds[n->type];
}

static unsigned kind_of_elements(const struct ynode *list)
{
    unsigned kinds = list->first ? 0 : ALL_KINDS;
    for (const struct ynode *n = list->first; n; n = n->next)
        kinds |= kind_of_literal(n);
    return kinds;
}

/* The kinds of value that an operator's test can be true or false of. */
static unsigned kinds_judged(const struct m_condition *c)
{
    switch (c->op) {
    case OP_EQ:
    case OP_NE:
        return c->operand ? kind_of_literal(c->operand) : ALL_KINDS;
    case OP_IN:
    case OP_NOT_IN:
        return c->operand ? kind_of_elements(c->operand) : ALL_KINDS;
    case OP_LT:
    case OP_LTE:
    case OP_GT:
    case OP_GTE:
    case OP_BETWEEN:
        return NUMBERS;
    case OP_STARTS_WITH:
    case OP_UNDER:
    case OP_MATCHES:
    case OP_LIKE:
    case OP_HOST:
    case OP_CIDR:
    case OP_URL:
        return TEXTS;
    case OP_CONTAINS:
    case OP_EACH:
    case OP_SOME:
    case OP_ARGV:
        return LISTS;
    case OP_SIZE:
        return TEXTS | LISTS | MAPS;
    default:
        return ALL_KINDS;
    }
}

static void lint_type(const struct m_condition *c, struct policy_report *report)
{
    const struct m_attribute *a = c->attribute;
    if (!a || a->type.type == TYPE_COUNT || kind_of_type(a->type) & kinds_judged(c))
        return;
    char shown[POLICY_SHOWN];
    policy_report(report, P_NEVER_KNOWN, c->at, NULL,
                  "`%s` is declared to be of a type that this test never knows",
                  policy_shown(a->text, shown));
}

/* ---- operands that are probably not what was meant ---- */

/* What is too wide permits too much; in a deny it is meant. */
#define WIDE                                                                                       \
    (1u << VALUE_HOST_ALL | 1u << VALUE_HOST_TOP | 1u << VALUE_CIDR_ALL | 1u << VALUE_REGEX_OPEN | \
     1u << VALUE_LIKE_NAME | 1u << VALUE_LIKE_URL | 1u << VALUE_LIKE_FOLDER)

static void lint_smells(enum value_operand kind, const struct ynode *n, bool allow,
                        struct policy_report *report)
{
    const struct ynode *c = n->type == Y_LIST ? n->first : n;
    for (; c; c = n->type == Y_LIST ? c->next : NULL) {
        uint32_t smells =
            c->type == Y_TEXT ? value_smells(kind, c->text) & (allow ? ~0u : ~WIDE) : 0;
        for (unsigned i = 0; i < VALUE_SMELL_COUNT; i++) {
            const struct value_smell_row *row = value_smell_row((enum value_smell)i);
            char shown[POLICY_SHOWN];
            if (smells >> i & 1)
                policy_report(report, P_SMELL, c->pos, row->hint, "`%s`: %s",
                              policy_shown(c->text, shown), row->what);
        }
    }
}

static void lint_operand(const struct m_condition *c, bool allow, struct policy_report *report)
{
    static const struct {
        bool judged;
        enum value_operand kind;
    } kinds[OP_COUNT] = {
        [OP_MATCHES] = {true, VALUE_OF_MATCHES}, [OP_LIKE] = {true, VALUE_OF_LIKE},
        [OP_HOST] = {true, VALUE_OF_HOST},       [OP_CIDR] = {true, VALUE_OF_CIDR},
        [OP_EQ] = {true, VALUE_OF_TEXT},         [OP_NE] = {true, VALUE_OF_TEXT},
        [OP_IN] = {true, VALUE_OF_TEXT},         [OP_NOT_IN] = {true, VALUE_OF_TEXT},
        [OP_CONTAINS] = {true, VALUE_OF_TEXT},   [OP_STARTS_WITH] = {true, VALUE_OF_TEXT},
    };
    if (kinds[c->op].judged && c->operand)
        lint_smells(kinds[c->op].kind, c->operand, allow, report);
    if (c->op != OP_URL || c->operand->type != Y_MAP)
        return;
    for (const struct ynode *k = c->operand->first; k; k = k->next->next)
        if (str_is(k->text, "host") || str_is(k->text, "cidr"))
            lint_smells(k->text.p[0] == 'h' ? VALUE_OF_HOST : VALUE_OF_CIDR, k->next, allow,
                        report);
}

static void lint_one(const struct m_condition *c, bool allow, const struct model *m,
                     struct policy_report *report)
{
    if (allow && is_loose(c))
        policy_report(report, P_LOOSE_TEST, c->at, NULL, "%s",
                      c->op == OP_NOT_IN ? "whatever is not listed is allowed; is that meant?"
                                         : "who leaves it out is allowed; is that meant?");
    if (is_empty(c))
        policy_report(report, P_EMPTY_LIST, c->at, NULL, "an empty %s is always %s",
                      c->op == OP_ALL || c->op == OP_ANY ? "condition" : "list",
                      c->op == OP_ALL || c->op == OP_NOT_IN ? "true" : "false");
    if (tests_path(c))
        policy_report(report, P_TEXT_PATH, c->at, "write `under`, which goes by components",
                      "`starts_with` takes /srv/ab for a part of /srv/a");
    lint_declared(c->op == OP_ALL ? NULL : c->attribute, m, report);
    lint_declared(c->other, m, report);
    lint_type(c, report);
    lint_operand(c, allow, report);
}

void policy_lint_condition(const struct m_condition *c, bool allow, const struct model *m,
                           struct policy_report *report)
{
    lint_one(c, allow, m, report);
    for (const struct m_condition *k = c->use.n ? NULL : c->first; k; k = k->next)
        policy_lint_condition(k, allow, m, report);
}

void policy_lint_names(const struct model *m, struct policy_report *report)
{
    char shown[POLICY_SHOWN];
    for (uint32_t i = 0; i < m->nvariables; i++)
        if (!m->variables[i].used)
            policy_report(report, P_UNUSED_NAME, m->variables[i].at, "use it or leave it out",
                          "nothing uses variable `%s`", policy_shown(m->variables[i].name, shown));
    for (uint32_t i = 0; i < m->nconditions; i++) {
        const struct m_named *c = &m->conditions[i];
        if (!c->used)
            policy_report(report, P_UNUSED_NAME, c->at, "use it or leave it out",
                          "nothing uses condition `%s`", policy_shown(c->name, shown));
        if (c->condition)
            policy_lint_condition(c->condition, false, m, report);
    }
}
