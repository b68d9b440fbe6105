/*
 * Warnings about the attributes of a rule's condition, named conditions included: properties that a
 * subject may say of itself, and literals that go ill with what an attribute is. Called by lint.c.
 */
#include "policy/lint.h"

#include <stdio.h>

struct watched {
    const struct m_rule *rule;
    struct policy_report *report;
};

/* ---- properties that the request says ---- */

static void lint_self_told(const struct m_attribute *a, const struct watched *w)
{
    if (!a || a->root != ROOT_SUBJECT || a->builtin != BUILTIN_NONE || !a->known || a->from_said ||
        w->rule->effect != RULE_ALLOW)
        return;
    char shown[POLICY_SHOWN];
    policy_report(w->report, P_SELF_TOLD, a->at,
                  "declare it `from: entities`, or `from: any` if it may say so",
                  "`%s` may come from the request: a subject could say it of itself",
                  policy_shown(a->text, shown));
}

/* ---- literals ---- */

static bool is_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

/* What stands in front of the first colon, if that is a name; n 0: nothing. `a://` is a URL. */
static struct str type_of(struct str text)
{
    size_t n = 0;
    while (n < text.n && is_name(text.p[n]))
        n++;
    struct str rest = {text.p + n, text.n - n};
    bool typed = rest.n > 1 && rest.p[0] == ':' && !str_starts(rest, STR("://"));
    return (struct str){text.p, typed ? n : 0};
}

static bool has_type(const struct m_subjects *list, struct str type)
{
    for (uint32_t i = 0; i < list->n; i++)
        if (str_starts(list->v[i].text, type) && list->v[i].text.n > type.n &&
            list->v[i].text.p[type.n] == ':')
            return true;
    return false;
}

/* `agent:a` of `subject.id`, which is `a`. Ids may have a colon themselves: only types that are
 * common, or those of the rule. */
static void lint_id(const struct m_attribute *a, const struct ynode *n, const struct watched *w)
{
    static const char *const common[] = {"agent", "user", "group", "service"};
    struct str type = type_of(n->text);
    if (!type.n || a->builtin != BUILTIN_ID ||
        (a->root != ROOT_SUBJECT && a->root != ROOT_RESOURCE))
        return;
    bool known = has_type(a->root == ROOT_SUBJECT ? &w->rule->subjects : &w->rule->resources, type);
    for (size_t i = 0; i < BASE_COUNT(common); i++)
        known |= str_is(type, common[i]);
    struct str id = {n->text.p + type.n + 1, n->text.n - type.n - 1};
    char shown[POLICY_SHOWN], path[POLICY_SHOWN], hint[POLICY_HINT];
    if (str_is(type, "group"))
        (void)snprintf(hint, sizeof hint, "write `subject: {is: \"%.*s\"}`",
                       (int)(n->text.n < 60 ? n->text.n : 60), n->text.p);
    else
        (void)snprintf(hint, sizeof hint, "write `%.*s`", (int)(id.n < 80 ? id.n : 80), id.p);
    if (known)
        policy_report(w->report, P_SMELL, n->pos, hint, "`%s`: `%s` is what follows the colon",
                      policy_shown(n->text, shown), policy_shown(a->text, path));
}

static bool names_attribute(struct str s)
{
    static const char *const built_in[] = {"subject.id", "subject.type", "resource.id",
                                           "resource.type", "action.name"};
    static const char *const open[] = {"subject.", "resource.", "context.", "broker."};
    size_t dots = 0;
    for (size_t i = 0; i < s.n; i++) {
        dots += s.p[i] == '.';
        if (!is_name(s.p[i]) && s.p[i] != '.' && !(s.p[i] >= 'A' && s.p[i] <= 'Z'))
            return false;
    }
    for (size_t i = 0; i < BASE_COUNT(built_in); i++)
        if (str_is(s, built_in[i]))
            return true;
    for (size_t i = 0; i < BASE_COUNT(open) && dots <= 2; i++)
        if (str_starts(s, str_of(open[i])) && s.n > strlen(open[i]) && s.p[s.n - 1] != '.')
            return true;
    return false;
}

/* A text that is written as an attribute is: `subject.id`. */
static void lint_path(const struct ynode *n, const struct watched *w)
{
    char shown[POLICY_SHOWN], hint[POLICY_HINT];
    if (n->quoted || !names_attribute(n->text))
        return;
    policy_shown(n->text, shown);
    (void)snprintf(hint, sizeof hint, "write `{attr: %.50s}`, or quote the text", shown);
    policy_report(w->report, P_SMELL, n->pos, hint, "`%s` is compared as text here", shown);
}

/* A digest that is none. */
static void lint_digest(const struct m_attribute *a, const struct ynode *n, const struct watched *w)
{
    bool digest = a->root == ROOT_ARGS && a->n == 1 && str_is(a->key[0], "sha256");
    size_t good = 0;
    char shown[POLICY_SHOWN];
    while (good < n->text.n && ((n->text.p[good] >= '0' && n->text.p[good] <= '9') ||
                                (n->text.p[good] >= 'a' && n->text.p[good] <= 'f')))
        good++;
    if (digest && !(good == n->text.n && n->text.n == 64))
        policy_report(w->report, P_SMELL, n->pos, "write all of `sha256sum`, in small letters",
                      "`%s` is no SHA-256: that is 64 digits, 0 to 9 and a to f",
                      policy_shown(n->text, shown));
}

/* `[status, rest]` and `[status, ...]`: what is left is a mapping. */
static void lint_rest(const struct m_condition *c, const struct watched *w)
{
    const struct m_condition *last = c->op == OP_ARGV ? c->first : NULL;
    while (last && last->next)
        last = last->next;
    if (!last || last->op != OP_EQ || !last->operand || last->operand->type != Y_TEXT ||
        last->operand->quoted)
        return;
    struct str text = last->operand->text;
    char shown[POLICY_SHOWN];
    if (str_is(text, "rest") || str_is(text, "...") || str_is(text, "*"))
        policy_report(w->report, P_SMELL, last->at, "write `{rest: any}`, or quote the text",
                      "`%s` is an argument of just this text", policy_shown(text, shown));
}

static void lint_texts(const struct m_condition *c, const struct watched *w)
{
    bool list = c->operand && c->operand->type == Y_LIST;
    const struct ynode *n = c->operand && !list ? c->operand : list ? c->operand->first : NULL;
    for (; n; n = list ? n->next : NULL) {
        if (n->type != Y_TEXT)
            continue;
        if (c->attribute)
            lint_id(c->attribute, n, w);
        if (c->attribute && c->op >= OP_EQ && c->op <= OP_NOT_IN)
            lint_digest(c->attribute, n, w);
        if (c->op == OP_EQ || c->op == OP_NE || c->op == OP_IN || c->op == OP_NOT_IN ||
            c->op == OP_CONTAINS)
            lint_path(n, w);
    }
}

static void walk(const struct m_condition *c, const struct watched *w)
{
    if (c->op != OP_ALL)
        lint_self_told(c->attribute, w);
    lint_self_told(c->other, w);
    lint_texts(c, w);
    lint_rest(c, w);
    for (const struct m_condition *k = c->first; k; k = k->next)
        walk(k, w);
}

void policy_lint_attributes(const struct m_rule *r, struct policy_report *report)
{
    struct watched w = {r, report};
    walk(r->when, &w);
}
