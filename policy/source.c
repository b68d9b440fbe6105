/*
 * Which bytes a line of the source is: lines are counted as libyaml counts them, and an index of
 * one entry for each 64 KiB keeps the cost of a finding apart from the length of the text. Used by
 * diag.c alone.
 */
#include "policy/diag.h"

#define BLOCK ((size_t)64 << 10)

/* Length of the line break at `p` (0: none): LF, CR, CRLF, NEL, LS, PS. */
static size_t break_at(const char *p, size_t n)
{
    if (p[0] == '\r')
        return n > 1 && p[1] == '\n' ? 2 : 1;
    if (p[0] == '\n')
        return 1;
    if (n > 1 && memcmp(p, "\xc2\x85", 2) == 0)
        return 2;
    if (n > 2 && (memcmp(p, "\xe2\x80\xa8", 3) == 0 || memcmp(p, "\xe2\x80\xa9", 3) == 0))
        return 3;
    return 0;
}

bool policy_line_step(struct str text, size_t *at)
{
    size_t n = break_at(text.p + *at, text.n - *at);
    *at += n ? n : 1;
    return n != 0;
}

static void build(struct policy_lines *lines, struct str text)
{
    uint32_t line = 1;
    lines->n = 1; /* the text's start is in line 1 */
    lines->v[0].line = 1;
    for (size_t at = 0; at < text.n && lines->n < BASE_COUNT(lines->v);) {
        line += policy_line_step(text, &at);
        if (at < lines->n * BLOCK)
            continue;
        lines->v[lines->n].at = at;
        lines->v[lines->n++].line = line;
    }
}

struct str policy_source_line(struct policy_lines *lines, struct str text, uint32_t line)
{
    if (!lines->n)
        build(lines, text);
    size_t entry = 0;
    while (entry + 1 < lines->n && lines->v[entry + 1].line < line)
        entry++;
    size_t at = lines->v[entry].at;
    for (uint32_t seen = lines->v[entry].line; seen < line && at < text.n;)
        seen += policy_line_step(text, &at);
    size_t end = at;
    while (end < text.n && end - at <= POLICY_MAX_SOURCE_LINE &&
           !break_at(text.p + end, text.n - end))
        end++;
    if (end - at > POLICY_MAX_SOURCE_LINE)
        return (struct str){NULL, 0};
    return (struct str){text.p + at, end - at};
}
