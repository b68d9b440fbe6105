/*
 * Warnings about what looks like a secret anywhere in a policy's bytes, comments among them: forms
 * that issuers give their tokens, passwords in URLs and in variables of such names, keys, and what
 * is too random for a word. Neither message nor source line shows it.
 */
#include "policy/lint.h"

#include <math.h>

#define MAX_TOKEN   512u /* longer ones are data, not tokens */
#define MIN_RANDOM  28u
#define MIN_ENTROPY 4.2 /* bits a character; words have less than 4 */

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}
static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}
static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* What tokens are made of; the marks of base64 that also separate words are not among it. */
static bool is_token(char c)
{
    return is_lower(c) || is_upper(c) || is_digit(c) || c == '_' || c == '-' || c == '+';
}

/* ---- forms ---- */

static const struct {
    const char *prefix, *what;
    unsigned more; /* characters behind it, at least */
} forms[] = {
    {"AKIA", "an access key of AWS", 16},     {"ASIA", "an access key of AWS", 16},
    {"ghp_", "a token of GitHub", 30},        {"gho_", "a token of GitHub", 30},
    {"ghu_", "a token of GitHub", 30},        {"ghs_", "a token of GitHub", 30},
    {"ghr_", "a token of GitHub", 30},        {"github_pat_", "a token of GitHub", 20},
    {"glpat-", "a token of GitLab", 20},      {"xoxa-", "a token of Slack", 10},
    {"xoxb-", "a token of Slack", 10},        {"xoxp-", "a token of Slack", 10},
    {"xoxs-", "a token of Slack", 10},        {"sk-ant-", "a key of Anthropic", 20},
    {"sk-proj-", "a key of OpenAI", 20},      {"sk_live_", "a key of Stripe", 16},
    {"rk_live_", "a key of Stripe", 16},      {"AIza", "a key of Google", 35},
    {"npm_", "a token of npm", 36},           {"pypi-", "a token of PyPI", 50},
    {"hf_", "a token of Hugging Face", 30},   {"dop_v1_", "a token of DigitalOcean", 60},
    {"AGE-SECRET-KEY-1", "a key of age", 50},
};

static const char *has_form(struct str token)
{
    for (size_t i = 0; i < BASE_COUNT(forms); i++) {
        struct str prefix = str_of(forms[i].prefix);
        if (token.n >= prefix.n + forms[i].more && str_starts(token, prefix))
            return forms[i].what;
    }
    return NULL;
}

/* ---- randomness ---- */

static double entropy(struct str s)
{
    unsigned count[256] = {0};
    double bits = 0;
    for (size_t i = 0; i < s.n; i++)
        count[(uint8_t)s.p[i]]++;
    for (size_t i = 0; i < BASE_COUNT(count); i++)
        if (count[i])
            bits -= count[i] * log2((double)count[i] / (double)s.n);
    return bits / (double)s.n;
}

/* Letters of both cases and digits in several places: no digest, no name. */
static bool is_random(struct str s)
{
    unsigned lower = 0, upper = 0, numbers = 0;
    if (s.n < MIN_RANDOM || s.n > MAX_TOKEN)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        lower += is_lower(s.p[i]);
        upper += is_upper(s.p[i]);
        numbers += is_digit(s.p[i]) && (i == 0 || !is_digit(s.p[i - 1]));
    }
    return lower > 3 && upper > 3 && numbers > 2 && entropy(s) >= MIN_ENTROPY;
}

/* ---- what stands around ---- */

static bool names_secret(struct str name)
{
    static const char *const words[] = {"PASSWORD", "PASSWD", "SECRET",     "TOKEN",
                                        "API_KEY",  "APIKEY", "PRIVATE_KEY"};
    for (size_t i = 0; i < BASE_COUNT(words); i++)
        if (memmem(name.p, name.n, words[i], strlen(words[i])))
            return true;
    return false;
}

/* NAME=value of a name that holds a secret; a path, a variable or a short word is none. */
static bool is_assigned(struct str name, struct str rest)
{
    if (rest.n < 2 || rest.p[0] != '=' || !names_secret(name))
        return false;
    size_t n = 1;
    while (n < rest.n && n <= MAX_TOKEN && (uint8_t)rest.p[n] > ' ' && !strchr("\"',]}", rest.p[n]))
        n++;
    return n > 6 && rest.p[1] != '/' && rest.p[1] != '$';
}

/* ://user:password@ at the `://` of `rest`. */
static bool has_userinfo(struct str rest)
{
    size_t colon = 0;
    for (size_t i = 3; i < rest.n && i < MAX_TOKEN; i++) {
        char c = rest.p[i];
        if (c == '@')
            return colon && i > colon + 1 && rest.p[colon + 1] != '$';
        if ((uint8_t)c <= ' ' || strchr("/?#\"'", c))
            return false;
        if (c == ':' && !colon)
            colon = i;
    }
    return false;
}

static bool is_key_block(struct str rest)
{
    static const char end[] = "PRIVATE KEY-----";
    size_t n = rest.n < 64 ? rest.n : 64;
    return str_starts(rest, STR("-----BEGIN ")) && memmem(rest.p, n, end, sizeof end - 1);
}

/* A web token: two or more parts of base64, of which the first two are JSON. */
static bool is_web_token(struct str token, struct str rest)
{
    return token.n > 16 && str_starts(token, STR("eyJ")) && str_starts(rest, STR(".eyJ"));
}

/* What the token at the start of `rest` is, or NULL. `is_id`: of a `type:id`, which may be as
 * random as whoever made it liked. */
static const char *judge(struct str token, struct str rest, bool is_id)
{
    struct str behind = {rest.p + token.n, rest.n - token.n};
    const char *form = has_form(token);
    if (form)
        return form;
    if (is_key_block(rest))
        return "a private key";
    if (is_web_token(token, behind))
        return "a web token";
    if (is_assigned(token, behind) || (str_starts(behind, STR("://")) && has_userinfo(behind)))
        return "a password";
    return !is_id && is_random(token) ? "a key: it is too random for a name" : NULL;
}

void policy_lint_secrets(uint16_t file, struct policy_report *report)
{
    struct policy_pos pos = {1, 1, 1, file};
    struct str text = policy_text_at(report, pos);
    size_t line = 0; /* where line `pos.line` starts */
    uint32_t told = 0;
    for (size_t at = 0; at < text.n;) {
        struct str token = {text.p + at, 0};
        while (at + token.n < text.n && is_token(text.p[at + token.n]))
            token.n++;
        bool is_id = at > 1 && text.p[at - 1] == ':' && is_token(text.p[at - 2]);
        const char *what =
            token.n > 1 ? judge(token, (struct str){text.p + at, text.n - at}, is_id) : NULL;
        if (what && told != pos.line) {
            told = pos.line;
            pos.column = 1;
            for (size_t i = line; i < at; i++)
                pos.column += ((uint8_t)text.p[i] & 0xc0) != 0x80;
            policy_report(report, P_SECRET, pos,
                          "take it out, make it void, and name it under `secrets`",
                          "this looks like %s", what);
        }
        at += token.n;
        if (at < text.n && !token.n && policy_line_step(text, &at)) {
            pos.line++;
            line = at;
        }
    }
}
