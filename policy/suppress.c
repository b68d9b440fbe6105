/*
 * See suppress.h. Only lint calls this: a compile looks at no comment.
 */
#include "policy/suppress.h"

#include "core/catalogue.h"

/* ---- finding comments ---- */

/* Of one line so many, and so many lines of comments between one and what it allows: both bound the
 * time that a hostile text takes. */
#define MAX_IN_LINE 16u
#define MAX_BETWEEN 8u

struct scan {
    struct str text;
    size_t at; /* of what line and column are */
    struct policy_pos pos;
    size_t seen, start, first; /* the line of the last `#`: its start, its first character */
    unsigned in_line;          /* comments in it */
};

/* Forward to the byte at `to`, counting lines as libyaml does, and columns in characters. */
static void advance(struct scan *s, size_t to)
{
    while (s->at < to) {
        bool start = ((uint8_t)s->text.p[s->at] & 0xc0) != 0x80;
        if (policy_line_step(s->text, &s->at)) {
            s->pos.line++;
            s->pos.column = 1;
        } else {
            s->pos.column += start;
        }
    }
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static size_t skip_blanks(struct str text, size_t at)
{
    while (at < text.n && is_blank(text.p[at]))
        at++;
    return at;
}

static bool at_line_end(struct str text, size_t at)
{
    return at >= text.n || text.p[at] == '\n' || text.p[at] == '\r';
}

static size_t line_end(struct str text, size_t at)
{
    while (!at_line_end(text, at))
        at++;
    return at;
}

/* Go on to the line of the byte at `to`. */
static void enter_line(struct scan *s, size_t to)
{
    size_t start = s->start;
    for (; s->seen < to; s->seen++)
        if (at_line_end(s->text, s->seen))
            start = s->seen + 1;
    if (start == s->start && start > 0)
        return;
    s->start = start;
    s->first = skip_blanks(s->text, start);
    s->in_line = 0;
}

/* The first line below the one of `at` that has more than a comment. */
static uint32_t line_below(struct scan s, size_t at)
{
    size_t end = line_end(s.text, at);
    for (unsigned i = 0; i <= MAX_BETWEEN && end < s.text.n; i++) {
        advance(&s, end);
        policy_line_step(s.text, &s.at); /* LF, CR, or both */
        s.pos = (struct policy_pos){s.pos.line + 1, 1, 1, s.pos.file};
        size_t first = skip_blanks(s.text, s.at);
        if (!at_line_end(s.text, first) && s.text.p[first] != '#')
            break;
        end = line_end(s.text, first);
    }
    return s.pos.line;
}

static bool takes_word(struct str text, size_t *at, const char *word)
{
    struct str rest = {text.p + *at, text.n - *at};
    if (!str_starts(rest, str_of(word)))
        return false;
    *at = skip_blanks(text, *at + strlen(word));
    return true;
}

/* Whether what stands in front of ` #x` is the end of a text without quotes. */
static bool ends_plain(struct str text, size_t at)
{
    while (at > 0 && is_blank(text.p[at - 1]))
        at--;
    return at > 0 && !strchr("\n\r:,[]{}\"'|>-?&*!", text.p[at - 1]);
}

/* Whether a comment that matters may begin at the `#` at `at`. */
static bool read_comment(struct scan *s, size_t at, struct policy_comment *out)
{
    struct str text = s->text;
    if (at > 0 && !is_blank(text.p[at - 1]) && !at_line_end(text, at - 1))
        return false; /* part of a word */
    enter_line(s, at);
    bool alone = s->first == at;
    if (s->first < text.n && text.p[s->first] == '#' && !alone)
        return false; /* within a comment of its own line */
    size_t from = skip_blanks(text, at + 1);
    bool tight = !alone && from == at + 1 && !at_line_end(text, from) && text.p[from] != '#' &&
                 ends_plain(text, at);
    bool allow = takes_word(text, &from, "reeve:") && takes_word(text, &from, "allow") &&
                 (at_line_end(text, from) || is_blank(text.p[from - 1]));
    if ((!allow && !tight) || s->in_line++ == MAX_IN_LINE)
        return false;
    size_t end = line_end(text, from);
    advance(s, at);
    while (end > from && is_blank(text.p[end - 1]))
        end--;
    *out = (struct policy_comment){
        .at = {s->pos.line, s->pos.column, 1, s->pos.file},
        .line = alone ? line_below(*s, at) : s->pos.line,
        .text = {text.p + from, end - from},
        .allow = allow,
    };
    return true;
}

static bool add_comment(struct policy_suppress *out, const struct policy_comment *c,
                        struct arena *arena, struct policy_report *report)
{
    if (out->ncomments == POLICY_MAX_ALLOWS)
        return false;
    if ((out->ncomments & (out->ncomments - 1)) == 0) { /* a power of two: full */
        struct policy_comment *more =
            arena_array(arena, out->ncomments ? 2 * out->ncomments : 1, sizeof *more);
        if (!more) {
            policy_report_memory(report);
            return false;
        }
        if (out->ncomments)
            memcpy(more, out->comments, out->ncomments * sizeof *more);
        out->comments = more;
    }
    out->comments[out->ncomments++] = *c;
    return true;
}

void policy_suppress_scan(struct str text, struct policy_suppress *out, struct arena *arena,
                          struct policy_report *report)
{
    struct scan s = {
        .text = text, .pos = {1, 1, 1, report->reading}, .first = skip_blanks(text, 0)};
    *out = (struct policy_suppress){0};
    for (size_t at = 0; at < text.n; at++) {
        const char *mark = memchr(text.p + at, '#', text.n - at);
        if (!mark)
            return;
        struct policy_comment c;
        at = (size_t)(mark - text.p);
        if (read_comment(&s, at, &c) && !add_comment(out, &c, arena, report))
            return;
    }
}

static bool before(struct policy_pos a, struct policy_pos b)
{
    return a.line < b.line || (a.line == b.line && a.column < b.column);
}

void policy_suppress_scalar(struct policy_suppress *s, struct policy_pos from, struct policy_pos to,
                            bool header)
{
    while (s->next < s->ncomments && before(s->comments[s->next].at, from))
        s->next++;
    for (; s->next < s->ncomments && before(s->comments[s->next].at, to); s->next++) {
        struct policy_comment *c = &s->comments[s->next];
        c->dropped = !header || c->at.line != from.line;
    }
}

/* ---- what is allowed ---- */

static struct str take_word(struct str *text, char extra)
{
    size_t n = 0;
    while (n < text->n && !is_blank(text->p[n]) && text->p[n] != extra)
        n++;
    struct str word = {text->p, n};
    *text = (struct str){text->p + n, text->n - n};
    return word;
}

/* The warning of a code or id, or P_COUNT. */
static enum policy_code warning_of(struct str word)
{
    const struct core_lint *lint = core_lint_find(word);
    enum policy_code code = lint ? policy_code_of(str_of(lint->code)) : P_COUNT;
    struct policy_code_info info;
    return policy_code_info(code, &info) && info.severity == POLICY_WARNING ? code : P_COUNT;
}

static void bad_code(struct policy_report *report, struct policy_pos at, struct str word)
{
    struct policy_nearest near = policy_near(report, word);
    char shown[POLICY_SHOWN], hint[POLICY_HINT];
    size_t n;
    const struct core_lint *all = core_lint_all(&n);
    for (size_t i = 0; i < n; i++)
        policy_offer(&near, str_of(all[i].id));
    policy_report(report, P_BAD_ALLOW, at, policy_hint(&near, hint),
                  "`%s` is no warning; what is an error cannot be allowed",
                  policy_shown(word, shown));
}

/* "P052,no-limits the reason" */
static void read_allow(struct policy_suppress *s, uint32_t comment, struct policy_report *report)
{
    const struct policy_comment *c = &s->comments[comment];
    struct str rest = c->text, codes = take_word(&rest, ' ');
    struct str reason = {rest.p + skip_blanks(rest, 0), rest.n - skip_blanks(rest, 0)};
    if (!codes.n || !reason.n) {
        policy_report(report, P_BAD_ALLOW, c->at, "write `# reeve: allow CODE the reason`",
                      codes.n ? "nothing says why this is allowed" : "nothing is named here");
        return;
    }
    for (unsigned i = 0; codes.n && s->nallows < POLICY_MAX_ALLOWS; i++) {
        if (i == P_COUNT) {
            policy_report(report, P_BAD_ALLOW, c->at, NULL, "more codes than there are");
            return;
        }
        struct str word = take_word(&codes, ',');
        enum policy_code code = warning_of(word);
        if (code == P_COUNT)
            bad_code(report, c->at, word);
        else
            s->allows[s->nallows++] = (struct policy_allow){c->line, comment, code, reason, false};
        if (codes.n)
            codes = (struct str){codes.p + 1, codes.n - 1};
    }
}

static int by_line(const void *a, const void *b)
{
    const struct policy_allow *x = a, *y = b;
    if (x->line != y->line)
        return x->line < y->line ? -1 : 1;
    if (x->code != y->code)
        return x->code < y->code ? -1 : 1;
    return (x->comment > y->comment) - (x->comment < y->comment);
}

/* The most codes that its comments can name. */
static size_t count_codes(const struct policy_suppress *s)
{
    size_t n = 0;
    for (uint32_t i = 0; i < s->ncomments; i++) {
        struct str text = s->comments[i].text;
        n += s->comments[i].allow;
        for (size_t k = 0; s->comments[i].allow && k < text.n; k++)
            n += text.p[k] == ',';
    }
    return n < POLICY_MAX_ALLOWS ? n : POLICY_MAX_ALLOWS;
}

void policy_suppress_ready(struct policy_suppress *s, struct arena *arena,
                           struct policy_report *report)
{
    s->allows = arena_array(arena, count_codes(s) + 1, sizeof *s->allows);
    if (!s->allows) {
        policy_report_memory(report);
        return;
    }
    for (uint32_t i = 0; i < s->ncomments; i++)
        if (s->comments[i].allow && !s->comments[i].dropped)
            read_allow(s, i, report);
    if (s->nallows > 1)
        qsort(s->allows, s->nallows, sizeof *s->allows, by_line);
}

struct str policy_suppress_find(struct policy_suppress *s, uint32_t line, enum policy_code code)
{
    size_t low = 0, high = s->nallows;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct policy_allow *a = &s->allows[middle];
        if (a->line < line || (a->line == line && a->code < code))
            low = middle + 1;
        else
            high = middle;
    }
    if (low == s->nallows || s->allows[low].line != line || s->allows[low].code != code)
        return (struct str){NULL, 0};
    s->allows[low].used = true;
    return s->allows[low].reason;
}

void policy_suppress_unused(const struct policy_suppress *s, struct policy_report *report)
{
    for (uint32_t i = 0; i < s->nallows; i++) {
        struct policy_code_info info;
        if (!s->allows[i].used && policy_code_info(s->allows[i].code, &info))
            policy_report(report, P_UNUSED_ALLOW, s->comments[s->allows[i].comment].at,
                          "leave it out", "%s (%s) is not found on line %u", info.code, info.id,
                          s->allows[i].line);
    }
}
