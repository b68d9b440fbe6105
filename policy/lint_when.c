/*
 * Warnings about conditions: tests that let pass who says nothing, that are always one value, or
 * that nothing ever makes known; names that nothing uses. Called by lint.c.
 */
#include "policy/lint.h"
#include "policy/literal.h"

#include "core/catalogue.h"
#include "policy/value_lint.h"

/* Whose condition is looked at. */
struct linted {
    struct lint *lint;
    const struct model *m;
    const struct m_rule *rule; /* NULL: of `conditions` */
    uint64_t *left;            /* of the lint's */
    struct policy_report *report;
    bool negated; /* within a `not`: what is wide there is narrow */
};

/* Whether what fits a test is permitted by it. */
static bool permits(const struct linted *l)
{
    int effect = l->rule ? l->rule->effect : -1;
    return l->negated ? effect == RULE_DENY || effect == RULE_REQUIRE : effect == RULE_ALLOW;
}

/* Whether it is denied or held by it. */
static bool restricts(const struct linted *l)
{
    int effect = l->rule ? l->rule->effect : -1;
    return l->negated ? effect == RULE_ALLOW : effect == RULE_DENY || effect == RULE_REQUIRE;
}

/* Tests that what is missing or not listed passes; within a `not` their contrary. */
static bool is_loose(const struct m_condition *c, bool negated)
{
    return (c->op == OP_EXISTS && (bool)c->flag == negated) ||
           (c->op == OP_ABSENT && (bool)c->flag != negated) ||
           c->op == (negated ? OP_IN : OP_NOT_IN);
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

/* What a subject is, the policy says: of its groups there is no property. */
static const char *declare_hint(const struct m_attribute *a)
{
    bool subject = a->root == ROOT_SUBJECT;
    if (subject && a->n == 1 && (str_is(a->key[0], "group") || str_is(a->key[0], "groups")))
        return "write `subject: {is: \"group:NAME\"}`: groups are the policy's";
    return subject ? "declare it under `attributes`, with `from: entities`"
                   : "declare it under `attributes`";
}

static void lint_declared(const struct m_attribute *a, const struct model *m,
                          struct policy_report *report)
{
    if (!a || a->known)
        return;
    struct policy_nearest near = policy_near(report, a->text);
    for (uint32_t i = 0; i < m->ndeclared && near.wanted.n; i++)
        if (m_sees(&m->declared[i], a->at))
            policy_offer(&near, m->declared[i].path->text);
    char shown[POLICY_SHOWN], hint[POLICY_HINT];
    const char *found = policy_hint(&near, hint);
    policy_report(report, P_UNDECLARED, a->at, found ? found : declare_hint(a),
                  "`%s` is not declared", policy_shown(a->text, shown));
}

/* ---- types that an operator leaves unknown ---- */

enum { TEXTS = 1, NUMBERS = 2, BOOLS = 4, LISTS = 8, MAPS = 16, TIMES = 32, ALL_KINDS = 63 };

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
    case OP_TIME:
        return TIMES;
    default:
        return ALL_KINDS;
    }
}

/* What nobody declares. */
static unsigned kind_of_built_in(const struct m_attribute *a)
{
    static const uint8_t inputs[POLICY_INPUT_COUNT] = {
        [POLICY_INPUT_NOW] = TIMES,        [POLICY_INPUT_LEVEL] = TEXTS,
        [POLICY_INPUT_PEER_UID] = NUMBERS, [POLICY_INPUT_DEPTH] = NUMBERS,
        [POLICY_INPUT_CHAIN] = LISTS,      [POLICY_INPUT_CHILDREN] = NUMBERS,
        [POLICY_INPUT_LABELS] = LISTS,     [POLICY_INPUT_BUCKET] = NUMBERS,
        [POLICY_INPUT_FLAGS] = ALL_KINDS,  [POLICY_INPUT_TOOL_DIGEST] = TEXTS,
    };
    if (a->root == ROOT_BROKER)
        return inputs[a->builtin];
    bool named = a->root == ROOT_SUBJECT || a->root == ROOT_RESOURCE;
    return a->root == ROOT_ACTION || (named && a->builtin != BUILTIN_NONE) ? TEXTS : ALL_KINDS;
}

/* What was probably meant where a list is compared with what is none. */
static const char *list_hint(const struct m_condition *c)
{
    if (!c->operand || c->operand->type != Y_LIST)
        return NULL;
    return c->op == OP_EQ ? "write `in: [...]`" : c->op == OP_NE ? "write `not_in: [...]`" : NULL;
}

static void lint_type(const struct m_condition *c, unsigned of_argument,
                      struct policy_report *report)
{
    const struct m_attribute *a = c->attribute;
    if (!a || c->op == OP_ALL)
        return;
    unsigned kinds =
        a->type.type == TYPE_COUNT ? kind_of_built_in(a) & of_argument : kind_of_type(a->type);
    char shown[POLICY_SHOWN];
    if (a->below)
        policy_report(report, P_NEVER_KNOWN, a->at, "name what is declared",
                      "`%s`: what it is part of is declared, and no map",
                      policy_shown(a->text, shown));
    if (!(kinds & kinds_judged(c)))
        policy_report(report, P_NEVER_KNOWN, c->at, list_hint(c),
                      "`%s` is of a type that this test never knows", policy_shown(a->text, shown));
}

/* ---- arguments that no capability of the rule has ---- */

static unsigned kind_of_argument(enum core_arg_type type)
{
    static const uint8_t kinds[CORE_ARG_COUNT] = {
        [CORE_ARG_ANY] = ALL_KINDS,  [CORE_ARG_STRING] = TEXTS,  [CORE_ARG_INTEGER] = NUMBERS,
        [CORE_ARG_NUMBER] = NUMBERS, [CORE_ARG_BOOL] = BOOLS,    [CORE_ARG_PATH] = TEXTS,
        [CORE_ARG_URL] = TEXTS,      [CORE_ARG_STRINGS] = LISTS, [CORE_ARG_REST] = LISTS,
        [CORE_ARG_METHOD] = TEXTS,
    };
    return kinds[type];
}

static unsigned kinds_of(struct policy_argument a)
{
    unsigned kinds = a.open ? ALL_KINDS : 0;
    for (unsigned i = 0; i < CORE_ARG_COUNT; i++)
        if (a.types >> i & 1)
            kinds |= kind_of_argument((enum core_arg_type)i);
    return kinds;
}

/* Operators that no argument of these types is ever known to, though both are texts. */
static void lint_form(const struct m_condition *c, struct policy_argument arg,
                      struct policy_report *report)
{
    static const struct {
        enum policy_op op;
        uint32_t types;
        const char *hint;
    } rows[] = {
        {OP_HOST, 1u << CORE_ARG_URL | 1u << CORE_ARG_PATH, "write `{url: {host: HOST}}`"},
        {OP_CIDR, 1u << CORE_ARG_URL | 1u << CORE_ARG_PATH, "write `{url: {cidr: RANGE}}`"},
        {OP_UNDER, 1u << CORE_ARG_URL | 1u << CORE_ARG_METHOD, "write `{url: {path: \"/DIR/*\"}}`"},
        {OP_URL, 1u << CORE_ARG_PATH | 1u << CORE_ARG_METHOD, "write `{under: /DIR}`, or a text"},
    };
    char shown[POLICY_SHOWN];
    for (size_t i = 0; i < BASE_COUNT(rows); i++)
        if (c->op == rows[i].op && arg.types && !arg.open && !(arg.types & ~rows[i].types))
            policy_report(report, P_NEVER_KNOWN, c->at, rows[i].hint,
                          "`%s` is of a type that this test never knows",
                          policy_shown(c->attribute->text, shown));
}

/* What an argument may be by the schemas of all capabilities of the rule; reports when it is none
 * of theirs, or below what has nothing below it. What a pattern may select in years to come may
 * have any argument. `c`: the test, NULL where it is an operand. */
static unsigned lint_argument(const struct m_attribute *a, const struct m_condition *c,
                              struct linted *l)
{
    if (!a || a->root != ROOT_ARGS || !a->n || !l->rule || !l->rule->ncapabilities)
        return ALL_KINDS;
    struct policy_nearest near = policy_near(l->report, a->key[0]);
    struct policy_argument arg = policy_argument_of(l->m, l->rule, a->key[0], &near, l->left);
    unsigned kinds = kinds_of(arg);
    l->lint->cut |= *l->left < l->m->nentries; /* it may be open for that alone */
    char shown[POLICY_SHOWN], hint[POLICY_HINT];
    if (!kinds && arg.exact)
        policy_report(l->report, P_NEVER_KNOWN, a->at, policy_hint(&near, hint),
                      a->positions ? "`%s`: the capabilities of this rule have named arguments"
                                   : "`%s`: no capability of this rule has such an argument",
                      policy_shown(a->text, shown));
    if (kinds && a->n > 1 && !(kinds & MAPS))
        policy_report(l->report, P_NEVER_KNOWN, a->at,
                      kinds & LISTS ? "write `some: OPS`, `contains: VALUE` or `argv: [...]`"
                                    : "write `{url: {host: HOST}}`, if it is a part of a URL",
                      "`%s`: that argument has nothing below it", policy_shown(a->text, shown));
    if (c && a->n == 1)
        lint_form(c, arg, l->report);
    return kinds && a->n == 1 ? kinds : ALL_KINDS;
}

/* ---- operands that are probably not what was meant ---- */

/* What is too wide permits too much; where it denies it is meant. */
#define WIDE                                                                                       \
    (1u << VALUE_HOST_ALL | 1u << VALUE_HOST_TOP | 1u << VALUE_CIDR_ALL | 1u << VALUE_REGEX_OPEN | \
     1u << VALUE_LIKE_NAME | 1u << VALUE_LIKE_URL | 1u << VALUE_LIKE_FOLDER |                      \
     1u << VALUE_REGEX_RUNS | 1u << VALUE_START_URL)

/* Those that have a code of their own. */
static enum policy_code code_of(unsigned smell)
{
    static const struct {
        enum value_smell smell;
        enum policy_code code;
    } codes[] = {
        {VALUE_REGEX_OPEN, P_UNANCHORED}, {VALUE_REGEX_HALF, P_UNANCHORED},
        {VALUE_REGEX_SIDE, P_UNANCHORED}, {VALUE_REGEX_RUNS, P_UNANCHORED},
        {VALUE_TEXT_DOTS, P_DOTTED_PATH}, {VALUE_TEXT_LINE, P_YAML_TRAP},
    };
    for (size_t i = 0; i < BASE_COUNT(codes); i++)
        if (codes[i].smell == smell)
            return codes[i].code;
    return P_SMELL;
}

static void lint_smells(enum value_operand kind, const struct ynode *n, bool wide,
                        struct policy_report *report)
{
    const struct ynode *c = n->type == Y_LIST ? n->first : n;
    for (; c; c = n->type == Y_LIST ? c->next : NULL) {
        uint32_t smells =
            c->type == Y_TEXT ? value_smells(kind, c->text) & (wide ? ~0u : ~WIDE) : 0;
        for (unsigned i = 0; i < VALUE_SMELL_COUNT; i++) {
            const struct value_smell_row *row = value_smell_row((enum value_smell)i);
            char shown[POLICY_SHOWN];
            if (smells >> i & 1)
                policy_report(report, code_of(i), c->pos, row->hint, "`%s`: %s",
                              policy_shown(c->text, shown), row->what);
        }
    }
}

/* Of a URL's parts that are left out those of https hold: others pass what holds it back. */
static void lint_url_parts(const struct m_condition *c, struct policy_report *report)
{
    bool scheme = false, port = false;
    for (const struct ynode *k = c->operand->first; k; k = k->next->next) {
        scheme |= str_is(k->text, "scheme");
        port |= str_is(k->text, "port");
    }
    if (!scheme)
        policy_report(report, P_SMELL, c->at,
                      port ? "add `scheme: [http, https]`"
                           : "add `scheme: [http, https], port: any`",
                      "without `scheme`%s this is https%s alone: other URLs of the host pass",
                      port ? "" : " and `port`", port ? "" : " on 443");
    else if (!port)
        policy_report(
            report, P_SMELL, c->at, "add `port: any`",
            "without `port` this is the scheme's own alone: other ports of the host pass");
}

static void lint_url(const struct m_condition *c, const struct linted *l)
{
    if (c->op != OP_URL || c->operand->type != Y_MAP)
        return;
    for (const struct ynode *k = c->operand->first; k; k = k->next->next)
        if (str_is(k->text, "host") || str_is(k->text, "cidr"))
            lint_smells(k->text.p[0] == 'h' ? VALUE_OF_HOST : VALUE_OF_CIDR, k->next, permits(l),
                        l->report);
    if (restricts(l))
        lint_url_parts(c, l->report);
}

static void lint_operand(const struct m_condition *c, const struct linted *l)
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
        lint_smells(kinds[c->op].kind, c->operand, permits(l), l->report);
    if (c->op == OP_STARTS_WITH)
        lint_smells(VALUE_OF_START, c->operand, permits(l), l->report);
    lint_url(c, l);
}

static void lint_one(const struct m_condition *c, struct linted *l)
{
    struct policy_report *report = l->report;
    bool allow = l->rule && l->rule->effect == RULE_ALLOW;
    if (allow && is_loose(c, l->negated))
        policy_report(report, P_LOOSE_TEST, c->at, NULL, "%s",
                      c->op == OP_NOT_IN || c->op == OP_IN
                          ? "whatever is not listed is allowed; is that meant?"
                          : "who leaves it out is allowed; is that meant?");
    if (is_empty(c))
        policy_report(report, P_EMPTY_LIST, c->at, NULL, "an empty %s is always %s",
                      c->op == OP_ALL || c->op == OP_ANY ? "condition" : "list",
                      c->op == OP_ALL || c->op == OP_NOT_IN ? "true" : "false");
    if (tests_path(c))
        policy_report(report, P_TEXT_PATH, c->at, "write `under`, which goes by components",
                      "`starts_with` takes /srv/ab for a part of /srv/a");
    lint_declared(c->op == OP_ALL ? NULL : c->attribute, l->m, report);
    lint_declared(c->other, l->m, report);
    unsigned kinds = c->op == OP_ALL ? ALL_KINDS : lint_argument(c->attribute, c, l);
    (void)lint_argument(c->other, NULL, l);
    lint_type(c, kinds, report);
    lint_operand(c, l);
}

/* `joined`: what it is part of is joined by `all` too, and was compared with it. */
static void lint_tree(const struct m_condition *c, bool joined, struct linted *l)
{
    lint_one(c, l);
    if (!joined && c->op == OP_ALL)
        policy_lint_never(l->lint, c);
    l->negated ^= c->op == OP_NOT;
    for (const struct m_condition *k = c->use.n ? NULL : c->first; k; k = k->next)
        lint_tree(k, c->op == OP_ALL, l);
    l->negated ^= c->op == OP_NOT;
}

void policy_lint_condition(struct lint *lint, const struct m_condition *c,
                           const struct m_rule *rule)
{
    struct linted l = {lint, lint->m, rule, &lint->left, lint->report, false};
    lint_tree(c, false, &l);
    if (rule)
        policy_lint_literals(lint->m, rule, &lint->left, lint->report);
}

void policy_lint_names(struct lint *l)
{
    const struct model *m = l->m;
    struct policy_report *report = l->report;
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
            policy_lint_condition(l, c->condition, NULL);
    }
}
