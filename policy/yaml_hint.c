/*
 * See yaml_hint.h. libyaml says what it wanted; what its author meant is seen in what it says and
 * in what stands there.
 */
#include "policy/yaml_hint.h"

/* What most often stands behind what libyaml says; `begun`: it is told where what could not be read
 * began, not where that was noticed. */
struct yaml_row {
    const char *said, *hint;
    bool begun;
};

static const struct yaml_row *yaml_row(const yaml_parser_t *p)
{
    static const struct yaml_row rows[] = {
        {"scanning an alias", "quote what begins with `*`: \"*\"", false},
        {"scanning an anchor", "quote what begins with `&`", false},
        {"cannot start any token",
         "indent with spaces, not tabs; quote what begins with `@`, `%` or a backquote", false},
        {"mapping values are not allowed",
         "keys of one mapping begin in one column; text with `: ` is quoted", false},
        {"',' or '}'", "close the `{`; text with `{`, `}` or `,` is quoted", false},
        {"',' or ']'", "close the `[`; text with `[`, `]` or `,` is quoted", false},
        {"could not find expected ':'", "write `KEY: VALUE`", true},
        {"block mapping", "keys of one mapping begin in one column", false},
        {"expected '-'", "entries of one list, and what belongs to them, begin in one column",
         false},
        {"escape", "write `\\\\` for a backslash, or put the text in single quotes", false},
        {"scanning a quoted scalar", "close the quotes", true},
    };
    for (size_t i = 0; i < BASE_COUNT(rows); i++)
        if ((p->problem && strstr(p->problem, rows[i].said)) ||
            (p->context && strstr(p->context, rows[i].said)))
            return &rows[i];
    return NULL;
}

/* What stands on a line from a column on. */
static struct str rest_of_line(struct str text, struct policy_pos at)
{
    size_t i = 0;
    for (uint32_t line = 1; i < text.n && line < at.line; i++)
        line += text.p[i] == '\n';
    const char *end = i < text.n ? memchr(text.p + i, '\n', text.n - i) : NULL;
    struct str rest = {text.p + i, end ? (size_t)(end - text.p) - i : text.n - i};
    size_t skip = at.column - 1 < rest.n ? at.column - 1 : rest.n;
    return (struct str){rest.p + skip, rest.n - skip};
}

/* What the text itself shows to be meant. */
static const char *written_hint(struct str source, struct policy_pos at, const char *hint)
{
    struct str rest = rest_of_line(source, at);
    if (!rest.n)
        return hint;
    if (rest.p[0] == '-' && rest.n > 1 && rest.p[1] != ' ' && rest.p[1] != '-')
        return "write a space behind the `-`";
    if (rest.p[0] == '>' || rest.p[0] == '|')
        return "quote what begins with `>` or `|`";
    if (str_starts(rest, STR("[\"")))
        return "quote the whole key: 'args[\"a key\"]'";
    if (rest.p[0] != '"' && rest.p[0] != '\'' && strcmp(hint, "write `KEY: VALUE`") == 0 &&
        memchr(rest.p, ':', rest.n))
        return "write a space behind the `:`";
    return hint;
}

struct policy_pos policy_yaml_fault(const yaml_parser_t *p, struct str source, uint16_t file,
                                    const char **hint)
{
    const struct yaml_row *row = yaml_row(p);
    const yaml_mark_t *mark = row && row->begun ? &p->context_mark : &p->problem_mark;
    struct policy_pos at = {(uint32_t)mark->line + 1, (uint32_t)mark->column + 1, 1, file};
    *hint = row ? written_hint(source, at, row->hint) : NULL;
    return at;
}
