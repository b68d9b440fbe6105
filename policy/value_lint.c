/*
 * The predicates behind the table of smells. Each looks at one text once; those of regular
 * expressions know escapes and classes and nothing more of their grammar.
 */
#include "policy/value_lint.h"

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool ends(struct str s, struct str end)
{
    return s.n >= end.n && memcmp(s.p + s.n - end.n, end.p, end.n) == 0;
}

static bool has(struct str s, struct str part)
{
    return s.n && memmem(s.p, s.n, part.p, part.n);
}

/* ---- regular expressions ---- */

/* Behind the escape, class or character at `i`. */
static size_t next_atom(struct str re, size_t i)
{
    if (re.p[i] == '\\')
        return i + 2 < re.n ? i + 2 : re.n;
    if (re.p[i++] != '[')
        return i;
    i += i < re.n && re.p[i] == '^';
    i += i < re.n && re.p[i] == ']';
    while (i < re.n && re.p[i] != ']')
        i += re.p[i] == '\\' && i + 1 < re.n ? 2 : 1;
    return i < re.n ? i + 1 : re.n;
}

static bool regex_open(struct str re)
{
    bool begins = str_starts(re, STR(".*")) || str_starts(re, STR(".+"));
    bool open_end = ends(re, STR(".*")) || ends(re, STR(".+"));
    return re.n > 4 && begins && open_end && re.p[re.n - 3] != '\\';
}

static bool regex_dot(struct str re)
{
    size_t before = SIZE_MAX;
    for (size_t i = 0; i < re.n;) {
        size_t next = next_atom(re, i);
        bool plain = before != SIZE_MAX && is_word(re.p[before]) && i - before == 1;
        if (re.p[i] == '.' && plain && next < re.n && is_word(re.p[next]))
            return true;
        before = next - i == 1 ? i : SIZE_MAX;
        i = next;
    }
    return false;
}

struct ends_seen {
    bool all_begin, all_end, some;
};

static void see_alternative(struct str re, size_t from, size_t to, struct ends_seen *seen)
{
    bool begins = from < to && re.p[from] == '^';
    bool stops = from < to && re.p[to - 1] == '$' && (to - from < 2 || re.p[to - 2] != '\\');
    seen->some |= begins || stops;
    seen->all_begin &= begins;
    seen->all_end &= stops;
}

static bool regex_half(struct str re)
{
    struct ends_seen seen = {true, true, false};
    size_t from = 0, depth = 0, alternatives = 1;
    for (size_t i = 0; i < re.n; i = next_atom(re, i)) {
        depth += re.p[i] == '(';
        depth -= re.p[i] == ')' && depth > 0;
        if (re.p[i] == '|' && depth == 0) {
            see_alternative(re, from, i, &seen);
            from = i + 1;
            alternatives++;
        }
    }
    see_alternative(re, from, re.n, &seen);
    return alternatives > 1 && seen.some && !(seen.all_begin && seen.all_end);
}

static bool regex_side(struct str re)
{
    struct ends_seen seen = {true, true, false};
    see_alternative(re, 0, re.n, &seen);
    return re.n > 1 && !has(re, STR("|")) && seen.all_begin != seen.all_end;
}

/* `.*` or `.+` at the end, right behind a letter or digit that stands for itself. */
static bool regex_runs(struct str re)
{
    bool searches = str_starts(re, STR(".*")) || str_starts(re, STR(".+"));
    if (re.n < 4 || searches || !(ends(re, STR(".*")) || ends(re, STR(".+"))))
        return false;
    return is_word(re.p[re.n - 3]) && re.p[re.n - 4] != '\\';
}

static bool repeats_without_end(struct str re, size_t i)
{
    if (i >= re.n || re.p[i] != '{')
        return i < re.n && (re.p[i] == '*' || re.p[i] == '+');
    const char *close = memchr(re.p + i, '}', re.n - i);
    return close && close[-1] == ',';
}

/* A group that ends in a repeat, itself repeated, neither of them possessive. */
static bool regex_nest(struct str re)
{
    bool open_end = false; /* the last atom repeats without end */
    for (size_t i = 0; i < re.n;) {
        size_t next = next_atom(re, i);
        bool repeat = repeats_without_end(re, i);
        const char *brace = re.p[i] == '{' ? memchr(re.p + i, '}', re.n - i) : NULL;
        next = brace ? (size_t)(brace - re.p) + 1 : next;
        bool possessive = repeat && next < re.n && re.p[next] == '+';
        if (re.p[i] == ')' && open_end && repeats_without_end(re, next) &&
            !(next + 1 < re.n && re.p[next + 1] == '+'))
            return true;
        if (repeat)
            open_end = !possessive;
        else if (re.p[i] != ')' && re.p[i] != '?')
            open_end = false;
        i = next + possessive;
    }
    return false;
}

static bool is_one_word(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!is_word(s.p[i]))
            return false;
    return s.n > 0;
}

static bool regex_plain(struct str re)
{
    return re.n > 2 && is_one_word(re);
}

static bool regex_slash(struct str re)
{
    return re.n > 2 && re.p[0] == '/' && re.p[re.n - 1] == '/' &&
           is_one_word((struct str){re.p + 1, re.n - 2});
}

/* ---- text patterns ---- */

static bool like_name(struct str p)
{
    struct str rest = {p.p + 1, p.n ? p.n - 1 : 0};
    return p.n > 1 && p.p[0] == '*' && is_word(rest.p[0]) && has(rest, STR(".")) &&
           !has(rest, STR("*")) && !has(rest, STR("/"));
}

static bool like_url(struct str p)
{
    return has(p, STR("://")) && has(p, STR("*"));
}

/* `^x$`, `%x%` and `[a-z]` of other languages. */
static bool like_other(struct str p)
{
    bool class = false;
    for (size_t i = 0; i + 4 < p.n; i++)
        class |= p.p[i] == '[' && is_word(p.p[i + 1]) && p.p[i + 2] == '-' && is_word(p.p[i + 3]) &&
                 p.p[i + 4] == ']';
    return class || (p.n > 2 && p.p[0] == '^' && p.p[p.n - 1] == '$') ||
           (p.n > 2 && p.p[0] == '%' && p.p[p.n - 1] == '%');
}

static bool like_folder(struct str p)
{
    return p.n > 2 && p.p[0] == '/' && ends(p, STR("/*")) && !ends(p, STR("\\*"));
}

static bool start_url(struct str p)
{
    const char *host = p.n ? memmem(p.p, p.n, "://", 3) : NULL;
    return host && !memchr(host + 3, '/', p.n - (size_t)(host + 3 - p.p));
}

/* ---- hosts ---- */

static bool host_top(struct str p)
{
    return str_starts(p, STR("*.")) && p.n > 2 && !memchr(p.p + 2, '.', p.n - 2);
}

static bool host_all(struct str p)
{
    return str_is(p, "*");
}

static bool cidr_all(struct str p)
{
    return ends(p, STR("/0"));
}

/* ---- paths ---- */

static bool path_dots(struct str p)
{
    for (size_t i = 0; i < p.n;) {
        const char *slash = memchr(p.p + i, '/', p.n - i);
        size_t end = slash ? (size_t)(slash - p.p) : p.n;
        struct str component = {p.p + i, end - i};
        if (str_is(component, ".") || str_is(component, ".."))
            return true;
        i = end + 1;
    }
    return false;
}

static bool path_home(struct str p)
{
    return p.n && p.p[0] == '~';
}

static bool path_slash(struct str p)
{
    return has(p, STR("//")) || (p.n > 1 && p.p[p.n - 1] == '/');
}

/* ---- network entries ---- */

static struct str port_of(struct str entry)
{
    const char *bracket = entry.n ? memrchr(entry.p, ']', entry.n) : NULL;
    const char *from = bracket ? bracket : entry.p;
    size_t n = entry.n - (size_t)(from - entry.p);
    const char *colon = n ? memchr(from, ':', n) : NULL;
    return colon ? (struct str){colon + 1, n - (size_t)(colon + 1 - from)} : (struct str){"", 0};
}

static bool network_port(struct str entry)
{
    return port_of(entry).n == 0 && !str_starts(entry, STR("${"));
}

static bool network_any(struct str entry)
{
    return str_is(port_of(entry), "any");
}

/* ---- any text ---- */

/* `/a/../b`, `/a//b`, `~/a`: arguments that are paths are judged in normal form. */
static bool text_dots(struct str text)
{
    if (str_starts(text, STR("~/")))
        return true;
    return text.n > 1 && text.p[0] == '/' && (path_dots(text) || has(text, STR("//")));
}

static bool text_star(struct str text)
{
    bool first = text.n > 1 && text.p[0] == '*', last = text.n > 1 && text.p[text.n - 1] == '*';
    size_t skip = first ? 1 : 0;
    struct str word = {text.p + skip, text.n - skip - (last && text.n > skip ? 1 : 0)};
    return (first || last) && is_one_word(word);
}

static bool text_sign(struct str text)
{
    struct str rest = {text.p + 1, text.n ? text.n - 1 : 0};
    if (!rest.n || !strchr("!<>", text.p[0]))
        return false;
    if (rest.n > 1 && rest.p[0] == '=')
        rest = (struct str){rest.p + 1, rest.n - 1};
    return is_one_word(rest) && (text.p[0] == '!' || (rest.p[0] >= '0' && rest.p[0] <= '9'));
}

static bool text_line(struct str text)
{
    return text.n && text.p[text.n - 1] == '\n';
}

/* ---- the table ---- */

#define X(symbol, name, operand, ...) {VALUE_OF_##operand, #name, __VA_ARGS__},
static const struct value_smell_row rows[] = {VALUE_SMELL_TABLE(X)};
#undef X
#define X(symbol, name, ...) name,
static bool (*const predicates[])(struct str text) = {VALUE_SMELL_TABLE(X)};
#undef X

const struct value_smell_row *value_smell_row(enum value_smell smell)
{
    return (unsigned)smell < BASE_COUNT(rows) ? &rows[smell] : NULL;
}

uint32_t value_smells(enum value_operand operand, struct str text)
{
    uint32_t found = 0;
    for (size_t i = 0; i < BASE_COUNT(rows); i++)
        if (rows[i].operand == operand && predicates[i](text))
            found |= UINT32_C(1) << i;
    return found;
}
