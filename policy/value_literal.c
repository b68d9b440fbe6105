/*
 * See value_literal.h. Of regular expressions only how each alternative begins is looked at.
 */
#include "policy/value_literal.h"

static bool has_lower(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] >= 'a' && s.p[i] <= 'z')
            return true;
    return false;
}

static bool has(struct str s, const char *part)
{
    return s.n && memmem(s.p, s.n, part, strlen(part));
}

static bool begins(struct str s, char c)
{
    return s.n && s.p[0] == c;
}

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* ---- methods ---- */

static bool method_begin(struct str s)
{
    return has_lower(s);
}

static bool method_like(struct str s)
{
    return has_lower(s);
}

/* Letters of escapes are classes, and `(?i)` may stand for either case. */
static bool method_regex(struct str s)
{
    for (size_t i = 0; i < s.n && !has(s, "(?"); i++) {
        if (s.p[i] == '\\')
            i++;
        else if (s.p[i] >= 'a' && s.p[i] <= 'z')
            return true;
    }
    return false;
}

/* ---- regular expressions ---- */

/* The text that an expression begins with, behind what says nothing of it; a dot that is escaped
 * counts as one, anything else that is not literal ends it. */
static struct str first_text(struct str re, char out[16])
{
    size_t n = 0, i = 0;
    while (i < re.n && (re.p[i] == '^' || re.p[i] == '('))
        i++;
    for (; i < re.n && n < 16; i++) {
        bool escaped = re.p[i] == '\\' && i + 1 < re.n && !is_word(re.p[i + 1]);
        if (!escaped && !is_word(re.p[i]) && !strchr("/:-_~", re.p[i]))
            break;
        i += escaped;
        out[n++] = re.p[i];
    }
    if (n && i < re.n && strchr("?*{", re.p[i]))
        n--; /* which may not be there */
    return (struct str){out, n};
}

/* ---- paths ---- */

static bool path_equal(struct str s)
{
    return s.n && s.p[0] != '/' && s.p[0] != '~';
}

static bool path_star(struct str s)
{
    return begins(s, '/') && has(s, "*");
}

static bool path_begin(struct str s)
{
    return path_equal(s);
}

static bool path_like(struct str s)
{
    return path_equal(s) && !begins(s, '*');
}

static bool path_regex(struct str s)
{
    char text[16];
    struct str first = first_text(s, text);
    return path_equal(first);
}

/* ---- URLs ---- */

static bool url_star(struct str s)
{
    return has(s, "://") && has(s, "*");
}

/* What a URL may begin with: `h`, `https:/`, `https://...`. */
static bool begins_url(struct str s)
{
    size_t n = 0;
    while (n < s.n && (is_word(s.p[n]) || strchr("+-.", s.p[n])))
        n++;
    struct str rest = {s.p + n, s.n - n};
    if (n == s.n)
        return str_starts(STR("https"), s);
    return n > 0 && (str_starts(STR("://"), rest) || str_starts(rest, STR("://")));
}

static bool url_begin(struct str s)
{
    return s.n && !begins_url(s);
}

/* Of what stands in front of the first `*`. */
static bool url_like(struct str s)
{
    const char *star = s.n ? memchr(s.p, '*', s.n) : NULL;
    return url_begin((struct str){s.p, star ? (size_t)(star - s.p) : s.n});
}

static bool url_regex(struct str s)
{
    char text[16];
    struct str first = first_text(s, text);
    return first.n > 1 && url_begin(first);
}

/* ---- the table ---- */

#define X(symbol, type, compared, ...) {CORE_ARG_##type, VALUE_##compared, __VA_ARGS__},
static const struct value_literal_row rows[] = {VALUE_LITERAL_TABLE(X)};
#undef X

static bool (*const predicates[])(struct str text) = {
    [VALUE_LITERAL_METHOD_BEGIN] = method_begin, [VALUE_LITERAL_METHOD_LIKE] = method_like,
    [VALUE_LITERAL_METHOD_REGEX] = method_regex, [VALUE_LITERAL_PATH_EQUAL] = path_equal,
    [VALUE_LITERAL_PATH_STAR] = path_star,       [VALUE_LITERAL_PATH_BEGIN] = path_begin,
    [VALUE_LITERAL_PATH_LIKE] = path_like,       [VALUE_LITERAL_PATH_REGEX] = path_regex,
    [VALUE_LITERAL_URL_STAR] = url_star,         [VALUE_LITERAL_URL_BEGIN] = url_begin,
    [VALUE_LITERAL_URL_LIKE] = url_like,         [VALUE_LITERAL_URL_REGEX] = url_regex,
};
_Static_assert(BASE_COUNT(predicates) == VALUE_LITERAL_COUNT, "each row has its predicate");

const struct value_literal_row *value_literal_row(enum value_literal literal)
{
    return (unsigned)literal < BASE_COUNT(rows) ? &rows[literal] : NULL;
}

uint32_t value_literals(enum core_arg_type type, enum value_compared compared, struct str text)
{
    uint32_t found = 0;
    for (size_t i = 0; i < BASE_COUNT(rows); i++)
        if (rows[i].type == type && rows[i].compared == compared && predicates[i](text))
            found |= UINT32_C(1) << i;
    return found;
}

bool value_literal_normal(enum core_arg_type type, struct str text, struct buf *out)
{
    auto_buf struct buf same = {0};
    struct json_node value = {.type = JSON_STRING, .s = text};
    size_t at = out->len;
    if (!core_arg_normal(type, &value, out) || !core_arg_normal(CORE_ARG_STRING, &value, &same))
        return false;
    struct str whole = buf_view(out);
    return str_eq((struct str){whole.p + at, whole.n - at}, buf_view(&same));
}
