/*
 * What an unquoted YAML scalar means: text, integer, number or boolean of YAML 1.2's core schema,
 * less everything that some reader of YAML would take for something else, which is refused by name.
 * Called by yaml.c for every plain scalar.
 */
#include "policy/yaml.h"

#include <errno.h>
#include <stdio.h>

static bool one_of(struct str s, const char *const *words, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (str_is(s, words[i]))
            return true;
    return false;
}

bool policy_scalar_is_null(struct str s)
{
    static const char *const words[] = {"", "~", "null", "Null", "NULL"};
    return one_of(s, words, BASE_COUNT(words));
}

static bool is_yaml11_word(struct str s)
{
    static const char *const words[] = {"yes", "Yes", "YES",  "no",   "No",    "NO",   "on",
                                        "On",  "ON",  "off",  "Off",  "OFF",   "y",    "Y",
                                        "n",   "N",   "True", "TRUE", "False", "FALSE"};
    return one_of(s, words, BASE_COUNT(words));
}

static size_t digits(struct str s, size_t at)
{
    size_t n = 0;
    while (at + n < s.n && s.p[at + n] >= '0' && s.p[at + n] <= '9')
        n++;
    return n;
}

static bool all_of(struct str s, size_t at, const char *set)
{
    for (size_t i = at; i < s.n; i++)
        if (s.p[i] == '\0' || !strchr(set, s.p[i]))
            return false;
    return at < s.n;
}

/* [-+]digits, without a leading zero. */
static bool is_integer(struct str s, size_t sign)
{
    size_t n = digits(s, sign);
    return n > 0 && sign + n == s.n && (n == 1 || s.p[sign] != '0');
}

/* digits.digits with an optional exponent, without a leading zero. */
static bool is_decimal(struct str s, size_t sign)
{
    size_t whole = digits(s, sign);
    size_t dot = sign + whole;
    if (whole == 0 || (whole > 1 && s.p[sign] == '0') || dot >= s.n || s.p[dot] != '.')
        return false;
    size_t fraction = digits(s, dot + 1);
    size_t at = dot + 1 + fraction;
    if (fraction == 0)
        return false;
    if (at == s.n)
        return true;
    if (s.p[at] != 'e' && s.p[at] != 'E')
        return false;
    at++;
    at += at < s.n && (s.p[at] == '-' || s.p[at] == '+');
    size_t exponent = digits(s, at);
    return exponent > 0 && at + exponent == s.n;
}

/* 1:30, 12:30:45, 1:30.5 */
static bool is_sexagesimal(struct str s, size_t sign)
{
    size_t n = digits(s, sign);
    size_t at = sign + n;
    if (n == 0 || at >= s.n || s.p[at] != ':')
        return false;
    while (at < s.n && s.p[at] == ':') {
        n = digits(s, at + 1);
        if (n == 0 || n > 2)
            return false;
        at += 1 + n;
    }
    return at == s.n || (s.p[at] == '.' && (at + 1 == s.n || digits(s, at + 1) == s.n - at - 1));
}

/* Digits with an exponent, or with a dot at an end: a number in one version and text in another. */
static bool is_loose_float(struct str s, size_t sign)
{
    static const char *const words[] = {".inf", ".Inf", ".INF", ".nan", ".NaN", ".NAN"};
    if (one_of((struct str){s.p + sign, s.n - sign}, words, BASE_COUNT(words)))
        return true;
    size_t at = sign + digits(s, sign);
    size_t seen = at - sign;
    if (at < s.n && s.p[at] == '.') {
        size_t fraction = digits(s, at + 1);
        seen += fraction;
        at += 1 + fraction;
    }
    if (seen == 0)
        return false;
    if (at < s.n && (s.p[at] == 'e' || s.p[at] == 'E')) {
        at++;
        at += at < s.n && (s.p[at] == '-' || s.p[at] == '+');
        size_t exponent = digits(s, at);
        return exponent > 0 && at + exponent == s.n;
    }
    return at == s.n;
}

static bool is_based(struct str s, size_t sign)
{
    if (s.n < sign + 3 || s.p[sign] != '0')
        return false;
    switch (s.p[sign + 1]) {
    case 'x':
    case 'X':
        return all_of(s, sign + 2, "0123456789abcdefABCDEF_");
    case 'o':
        return all_of(s, sign + 2, "01234567_");
    case 'b':
        return all_of(s, sign + 2, "01_");
    default:
        return false;
    }
}

static bool is_yaml11_number(struct str s, size_t sign)
{
    bool digit_first = digits(s, sign) > 0;
    return (digit_first && all_of(s, sign, "0123456789_.") &&
            (memchr(s.p, '_', s.n) || s.p[sign] == '0') && s.n > sign + 1 &&
            (memchr(s.p, '.', s.n) == NULL || is_loose_float(s, sign))) ||
           is_based(s, sign) || is_sexagesimal(s, sign) || is_loose_float(s, sign);
}

static bool read_integer(struct ynode *n, struct policy_report *report)
{
    char text[32];
    if (n->text.n < sizeof text) {
        memcpy(text, n->text.p, n->text.n);
        text[n->text.n] = '\0';
        errno = 0;
        n->i = strtoll(text, NULL, 10);
        if (errno == 0) {
            n->type = Y_INT;
            return true;
        }
    }
    policy_report(report, P_OPERAND, n->pos, NULL, "an integer beyond 64 bits");
    return false;
}

static bool read_decimal(struct ynode *n, struct policy_report *report)
{
    char text[64];
    if (n->text.n < sizeof text) {
        memcpy(text, n->text.p, n->text.n);
        text[n->text.n] = '\0';
        n->d = strtod(text, NULL);
        if (__builtin_isfinite(n->d)) {
            n->type = Y_DOUBLE;
            return true;
        }
    }
    policy_report(report, P_OPERAND, n->pos, NULL, "a number that no double holds");
    return false;
}

static bool refuse(const struct ynode *n, enum policy_code code, const char *what,
                   struct policy_report *report)
{
    char shown[POLICY_SHOWN], hint[POLICY_SHOWN + 64];
    (void)snprintf(hint, sizeof hint, "quote it (\"%s\") if it is text",
                   policy_shown(n->text, shown));
    policy_report(report, code, n->pos, hint, "`%s` unquoted %s", shown, what);
    return false;
}

bool policy_scalar_read(struct ynode *n, struct policy_report *report)
{
    struct str s = n->text;
    n->type = Y_TEXT;
    if (policy_scalar_is_null(s)) {
        policy_report(report, P_NULL_VALUE, n->pos, "leave the key out, or give it a value",
                      "a value is missing (null)");
        return false;
    }
    if (is_yaml11_word(s))
        return refuse(n, P_YAML11_WORD,
                      "is a boolean to some readers and text to others; "
                      "write true or false",
                      report);
    n->boolean = str_is(s, "true");
    if (n->boolean || str_is(s, "false")) {
        n->type = Y_BOOL;
        return true;
    }
    size_t sign = s.p[0] == '-' || s.p[0] == '+';
    if (is_integer(s, sign))
        return read_integer(n, report);
    if (is_decimal(s, sign))
        return read_decimal(n, report);
    if (is_yaml11_number(s, sign))
        return refuse(n, P_YAML11_NUMBER,
                      "is read differently by different versions of YAML; "
                      "write a plain decimal",
                      report);
    return true;
}
