/*
 * Warnings about how a policy is written, whatever it means: text that looks like another, and YAML
 * that says something else than it seems to. Walks the tree; what aliases repeat is told once.
 */
#include "policy/lint.h"

#include "policy/suppress.h"
#include "policy/value_text.h"

#include <stdio.h>

static const struct {
    bool (*is)(struct str text);
    enum policy_code code;
    const char *what, *hint;
} looks[] = {
    {value_text_mixes_scripts, P_MIXED_SCRIPTS, "has a word with letters of several scripts",
     "type it again in one script"},
    {value_text_is_not_nfc, P_NOT_NFC, "is not in NFC: other bytes look the same",
     "write it composed"},
    {value_text_has_hidden, P_HIDDEN_TEXT, "has a character that is not seen", "take it out"},
};

static void lint_looks(const struct ynode *n, struct policy_report *report)
{
    for (size_t i = 0; i < BASE_COUNT(looks); i++) {
        char shown[POLICY_SHOWN];
        if (looks[i].is(n->text))
            policy_report(report, looks[i].code, n->pos, looks[i].hint, "`%s` %s",
                          policy_shown(n->text, shown), looks[i].what);
    }
}

/* 1.10 is 1.1. */
static bool loses_zero(const struct ynode *n)
{
    const char *dot = n->type == Y_DOUBLE ? memchr(n->text.p, '.', n->text.n) : NULL;
    size_t digits = dot ? n->text.n - (size_t)(dot - n->text.p) - 1 : 0;
    return digits > 1 && n->text.p[n->text.n - 1] == '0' && !memchr(dot, 'e', digits + 1) &&
           !memchr(dot, 'E', digits + 1);
}

/* 2026-11-01, and with a time behind it: a time to YAML 1.1. */
static bool is_date(struct str s)
{
    static const char form[] = "dddd-dd-dd";
    if (s.n < sizeof form - 1 || (s.n > sizeof form - 1 && !strchr("Tt ", s.p[sizeof form - 1])))
        return false;
    for (size_t i = 0; form[i]; i++)
        if (form[i] == 'd' ? s.p[i] < '0' || s.p[i] > '9' : s.p[i] != form[i])
            return false;
    return true;
}

static void lint_plain(const struct ynode *n, struct policy_report *report)
{
    char shown[POLICY_SHOWN];
    if (loses_zero(n))
        policy_report(report, P_YAML_TRAP, n->pos, "quote it if it is text",
                      "`%s` is the number %g", policy_shown(n->text, shown), n->d);
    else if (n->type == Y_TEXT && is_date(n->text))
        policy_report(report, P_YAML_TRAP, n->pos, "quote it",
                      "`%s` without quotes is a time to some readers of YAML",
                      policy_shown(n->text, shown));
}

static void walk(const struct ynode *n, struct policy_report *report)
{
    if (n->type < Y_LIST && !n->aliased) {
        lint_looks(n, report);
        if (!n->quoted)
            lint_plain(n, report);
    }
    for (const struct ynode *c = ynode_first(n); c; c = c->next)
        walk(c, report);
}

void policy_lint_tree(const struct ynode *root, struct policy_report *report)
{
    walk(root, report);
}

static void lint_comments(const struct policy_suppress *s, struct policy_report *report)
{
    for (uint32_t i = 0; i < s->ncomments; i++)
        if (!s->comments[i].allow && !s->comments[i].dropped)
            policy_report(report, P_YAML_TRAP, s->comments[i].at,
                          "quote the text, or write a space behind the `#`",
                          "the text ends here: what stands behind ` #` is a comment");
}

void policy_lint_comments(struct policy_report *report)
{
    for (uint16_t i = 0; report->suppress && i <= report->nmore; i++)
        lint_comments(&report->suppress[i], report);
}
