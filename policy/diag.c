/*
 * Reporting: turns a code and a position into a finding, finds its source line, keeps the first
 * error. Called by every stage of the compiler and by lint; decides nothing.
 */
#include "policy/diag.h"

#include <stdio.h>

struct code_row {
    const char *code, *meaning;
    enum policy_severity severity;
};

#define X(symbol, code, severity, meaning) {code, meaning, POLICY_##severity},
static const struct code_row codes[P_COUNT] = {POLICY_CODE_TABLE(X)};
#undef X

const char *policy_code_text(size_t index, const char **code)
{
    if (index >= P_COUNT)
        return NULL;
    if (code)
        *code = codes[index].code;
    return codes[index].meaning;
}

/* The text of a position's file. */
static struct str text_of(const struct policy_report *r, struct policy_pos at)
{
    return at.file && at.file <= r->nmore ? r->more[at.file - 1]->text : r->text;
}

static struct policy_lines *lines_of(struct policy_report *r, struct policy_pos at)
{
    return at.file && at.file <= r->nmore ? &r->more[at.file - 1]->lines : &r->lines;
}

struct str *policy_text_of(struct policy_report *r)
{
    return r->reading ? &r->more[r->reading - 1]->text : &r->text;
}

const char *policy_file_of(const struct policy_report *r, struct policy_pos at)
{
    return at.file && at.file <= r->nmore ? r->more[at.file - 1]->file : r->file;
}

const char *policy_place(const struct policy_report *r, struct policy_pos at,
                         struct policy_pos from, char out[POLICY_PLACE])
{
    if (at.file == from.file)
        (void)snprintf(out, POLICY_PLACE, "on line %u", at.line);
    else
        (void)snprintf(out, POLICY_PLACE, "on line %u of %.120s", at.line, policy_file_of(r, at));
    return out;
}

static void emit(struct policy_report *r, enum policy_code code, struct policy_pos at,
                 const char *suggestion, const char *message)
{
    struct policy_diag d = {
        .severity = codes[code].severity,
        .code = codes[code].code,
        .file = policy_file_of(r, at),
        .line = at.line,
        .column = at.column,
        .length = at.length ? at.length : 1,
        .message = message,
        .suggestion = suggestion,
        .source_line = policy_source_line(lines_of(r, at), text_of(r, at), at.line),
    };
    if (r->fn)
        r->fn(r->arg, &d);
}

static void keep_first(struct policy_report *r, enum policy_code code, struct policy_pos at,
                       const char *suggestion, const char *message)
{
    if (r->errors++ > 0 || !r->err)
        return;
    base_fail(r->err, REEVE_EPOLICY, "%s: %s%s%s", codes[code].code, message,
              suggestion ? "; " : "", suggestion ? suggestion : "");
    r->err->line = at.line;
    r->err->column = at.column;
    (void)snprintf(r->err->file, sizeof r->err->file, "%s", policy_file_of(r, at));
}

void policy_report(struct policy_report *r, enum policy_code code, struct policy_pos at,
                   const char *suggestion, const char *fmt, ...)
{
    if (r->out_of_memory)
        return; /* a consequence of what could not be kept, more likely than a fault of the text */
    char message[448];
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(message, sizeof message, fmt, ap);
    va_end(ap);
    if (codes[code].severity == POLICY_ERROR)
        keep_first(r, code, at, suggestion, message);
    if (r->findings < POLICY_MAX_FINDINGS)
        emit(r, code, at, suggestion, message);
    else if (r->findings == POLICY_MAX_FINDINGS)
        emit(r, P_FINDINGS, at, NULL, "there is more to say; mend what is listed and run again");
    if (r->findings <= POLICY_MAX_FINDINGS)
        r->findings++;
}

void policy_report_memory(struct policy_report *r)
{
    r->out_of_memory = true;
}

const char *policy_shown(struct str s, char out[POLICY_SHOWN])
{
    size_t n = s.n > 80 ? 80 : s.n;
    while (n < s.n && n > 0 && ((uint8_t)s.p[n] & 0xc0) == 0x80)
        n--; /* do not cut inside a character */
    for (size_t i = 0; i < n; i++)
        out[i] = (uint8_t)s.p[i] < 0x20 || s.p[i] == 0x7f ? '?' : s.p[i];
    (void)snprintf(out + n, POLICY_SHOWN - n, "%s", n < s.n ? "..." : "");
    return out;
}

struct policy_nearest policy_near(const struct policy_report *r, struct str wanted)
{
    return (struct policy_nearest){.wanted = r->findings < POLICY_MAX_FINDINGS ? wanted
                                                                               : (struct str){0}};
}

static unsigned reach(size_t length)
{
    return length <= 4 ? 1 : length <= 11 ? 2 : 3;
}

void policy_offer(struct policy_nearest *n, struct str candidate)
{
    if (!n->wanted.n || (n->best.p && n->distance == 0))
        return;
    unsigned limit = n->best.p ? n->distance - 1 : reach(n->wanted.n);
    unsigned d = str_distance(n->wanted, candidate, limit);
    if (d <= limit) {
        n->best = candidate;
        n->distance = d;
    }
}

const char *policy_hint(const struct policy_nearest *n, char hint[POLICY_HINT])
{
    if (!n->best.p)
        return NULL;
    (void)snprintf(hint, POLICY_HINT, "did you mean `%.*s`?", (int)n->best.n, n->best.p);
    return hint;
}
