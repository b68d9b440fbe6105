/*
 * The JSON reader of the decision path: one pass over the text, a state machine with an explicit
 * stack instead of recursion, strings unescaped where they stand. Numbers live in json_number.c,
 * writing in json_write.c. Called with whatever guests and clients send.
 */
#include "core/json_number.h"
#include "core/json_reader.h"
#include "core/utf8.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the first byte is the lowest");

/* Columns count bytes: what an editor calls a column depends on the editor. */
static int fail_at(struct json_reader *s, const char *at, const char *what)
{
    base_fail(s->err, REEVE_EFORMAT, "JSON: %s", what);
    if (s->err) {
        s->err->line = s->line;
        s->err->column = (unsigned)(at - s->line_start) + 1;
    }
    return REEVE_EFORMAT;
}

int json_fail(struct json_reader *s, const char *what)
{
    return fail_at(s, s->p, what);
}

static void skip_space(struct json_reader *s)
{
    for (; s->p < s->end; s->p++) {
        if (*s->p == '\n') {
            s->line++;
            s->line_start = s->p + 1;
        } else if (*s->p != ' ' && *s->p != '\t' && *s->p != '\r') {
            return;
        }
    }
}

static bool at(const struct json_reader *s, char c)
{
    return s->p < s->end && *s->p == c;
}

static int new_node(struct json_reader *s, enum json_type type, struct json_node **out)
{
    if (s->used == s->cap || s->used == JSON_MAX_NODES)
        return json_fail(s, "too many values in one text");
    *out = &s->nodes[s->used++];
    **out = (struct json_node){.type = (uint8_t)type, .end = s->used};
    return 0;
}

/* ---- strings ---- */

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* The code unit of "\uXXXX" at `p`, or -1. */
static int32_t code_unit(const struct json_reader *s, const char *p)
{
    if (s->end - p < 6 || p[0] != '\\' || p[1] != 'u')
        return -1;
    int32_t v = 0;
    for (int i = 2; i < 6; i++) {
        int digit = hex_value(p[i]);
        if (digit < 0)
            return -1;
        v = v * 16 + digit;
    }
    return v;
}

static char *put_code_point(char *w, uint32_t c)
{
    if (c < 0x80) {
        *w++ = (char)c;
    } else if (c < 0x800) {
        *w++ = (char)(0xC0 | c >> 6);
        *w++ = (char)(0x80 | (c & 0x3F));
    } else if (c < 0x10000) {
        *w++ = (char)(0xE0 | c >> 12);
        *w++ = (char)(0x80 | (c >> 6 & 0x3F));
        *w++ = (char)(0x80 | (c & 0x3F));
    } else {
        *w++ = (char)(0xF0 | c >> 18);
        *w++ = (char)(0x80 | (c >> 12 & 0x3F));
        *w++ = (char)(0x80 | (c >> 6 & 0x3F));
        *w++ = (char)(0x80 | (c & 0x3F));
    }
    return w;
}

/* "\uXXXX", or two of them that are a surrogate pair. The escape is longer than what it stands for.
 */
static int unescape_unicode(struct json_reader *s, char **w)
{
    int32_t high = code_unit(s, s->p);
    if (high < 0)
        return json_fail(s, "\\u needs four hexadecimal digits");
    if (high < 0xD800 || high > 0xDFFF) {
        *w = put_code_point(*w, (uint32_t)high);
        s->p += 6;
        return 0;
    }
    int32_t low = code_unit(s, s->p + 6);
    if (high > 0xDBFF || low < 0xDC00 || low > 0xDFFF)
        return json_fail(s, "half of a surrogate pair is no character");
    *w = put_code_point(*w, 0x10000 + (((uint32_t)high - 0xD800) << 10) + ((uint32_t)low - 0xDC00));
    s->p += 12;
    return 0;
}

static int unescape(struct json_reader *s, char **w)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    char c = s->p + 1 < s->end ? s->p[1] : '\0';
    if (c == 'u')
        return unescape_unicode(s, w);
    const char *found = c ? strchr(from, c) : NULL;
    if (!found)
        return json_fail(
            s, "unknown escape; those of JSON are \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX");
    *(*w)++ = to[found - from];
    s->p += 2;
    return 0;
}

static bool is_plain(char c)
{
    return (unsigned char)(c - 0x20) < 0x60 && c != '"' && c != '\\';
}

#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

/* Bit 7 of the first byte of `word` that is not plain, and perhaps of bytes behind it. */
static uint64_t not_plain(uint64_t word)
{
    uint64_t quote = word ^ EACH('"'), slash = word ^ EACH('\\');
    return (word | ((word - EACH(0x20)) & ~word) | ((quote - EACH(1)) & ~quote) |
            ((slash - EACH(1)) & ~slash)) &
           EACH(0x80);
}

/* The longest run of plain ASCII at `s->p`: most of most strings. */
static size_t plain_run(const struct json_reader *s)
{
    const char *p = s->p;
    for (uint64_t word; s->end - p >= (ptrdiff_t)sizeof word; p += sizeof word) {
        memcpy(&word, p, sizeof word);
        uint64_t first = not_plain(word);
        if (first)
            return (size_t)(p - s->p) + (size_t)__builtin_ctzll(first) / 8;
    }
    while (p < s->end && is_plain(*p))
        p++;
    return (size_t)(p - s->p);
}

/* One run, character or escape of a string. */
static int string_step(struct json_reader *s, char **w)
{
    if (*s->p == '\\')
        return unescape(s, w);
    if ((unsigned char)*s->p < 0x20)
        return json_fail(s, "a control character in a string must be escaped");
    size_t step = plain_run(s);
    if (step == 0)
        step = core_utf8_step(s->p, (size_t)(s->end - s->p));
    if (step == 0)
        return json_fail(s, "invalid UTF-8");
    if (*w != s->p) /* something was shorter than its escape */
        memmove(*w, s->p, step);
    *w += step;
    s->p += step;
    return 0;
}

/* `s->p` is at the opening quote. Nothing is moved before the first escape, so plain strings stay
 * as they are. */
static int parse_string(struct json_reader *s, struct str *out)
{
    const char *quote = s->p++;
    char *w = (char *)(uintptr_t)s->p; /* the caller's text, lent for change */
    char *begin = w;
    while (s->p < s->end && *s->p != '"') {
        int rc = string_step(s, &w);
        if (rc)
            return rc;
    }
    if (s->p == s->end)
        return fail_at(s, quote, "a string that begins here does not end");
    s->p++;
    *out = (struct str){begin, (size_t)(w - begin)};
    return 0;
}

/* ---- numbers and words ---- */

static bool digits(struct json_reader *s)
{
    const char *from = s->p;
    while (s->p < s->end && *s->p >= '0' && *s->p <= '9')
        s->p++;
    return s->p > from;
}

/* RFC 8259 section 6. `*integer`: neither fraction nor exponent. */
static bool scan_number(struct json_reader *s, bool *integer)
{
    *integer = true;
    s->p += *s->p == '-';
    if (at(s, '0'))
        s->p++;
    else if (!digits(s))
        return false;
    if (at(s, '.')) {
        *integer = false;
        s->p++;
        if (!digits(s))
            return false;
    }
    if (at(s, 'e') || at(s, 'E')) {
        *integer = false;
        s->p++;
        s->p += at(s, '+') || at(s, '-');
        if (!digits(s))
            return false;
    }
    return true;
}

static bool read_int64(struct str text, int64_t *out)
{
    bool negative = text.p[0] == '-';
    int64_t v = 0;
    for (size_t i = negative; i < text.n; i++) {
        int digit = text.p[i] - '0';
        if (__builtin_mul_overflow(v, 10, &v) ||
            __builtin_add_overflow(v, negative ? -digit : digit, &v))
            return false;
    }
    *out = v;
    return true;
}

static int parse_number(struct json_reader *s)
{
    const char *from = s->p;
    bool integer;
    if (!scan_number(s, &integer))
        return json_fail(s, "a number needs a digit here");
    if (s->p < s->end && *s->p >= '0' && *s->p <= '9')
        return fail_at(s, from, "a number may not begin with a zero");
    struct str text = {from, (size_t)(s->p - from)};
    struct json_node *node;
    int rc = new_node(s, integer ? JSON_INT : JSON_DOUBLE, &node);
    if (rc)
        return rc;
    if (integer)
        return read_int64(text, &node->i) ? 0 : fail_at(s, from, "an integer outside 64 bits");
    if (!json_number_read(text, &node->d))
        return fail_at(s, from, "a number that no double holds");
    return 0;
}

static int parse_word(struct json_reader *s)
{
    static const struct {
        const char *word;
        size_t n;
        enum json_type type;
    } words[] = {{"null", 4, JSON_NULL}, {"false", 5, JSON_FALSE}, {"true", 4, JSON_TRUE}};
    size_t left = (size_t)(s->end - s->p);
    for (size_t i = 0; i < BASE_COUNT(words); i++) {
        if (left < words[i].n || memcmp(s->p, words[i].word, words[i].n) != 0)
            continue;
        struct json_node *node;
        int rc = new_node(s, words[i].type, &node);
        s->p += words[i].n;
        return rc;
    }
    return json_fail(s, "expected a value: an object, array, string, number, true, false or null");
}

/* ---- containers ---- */

static struct json_node *innermost(struct json_reader *s)
{
    return s->depth ? &s->nodes[s->open[s->depth - 1]] : NULL;
}

static int open_container(struct json_reader *s, enum json_type type)
{
    if (s->depth == JSON_MAX_DEPTH)
        return json_fail(s, "nested too deeply");
    struct json_node *node;
    int rc = new_node(s, type, &node);
    if (rc)
        return rc;
    s->open[s->depth++] = s->used - 1;
    s->p++;
    return 0;
}

/* `s->p` is at the closing bracket. */
static int close_container(struct json_reader *s)
{
    uint32_t index = s->open[s->depth - 1];
    int rc = s->nodes[index].type == JSON_OBJECT ? json_check_keys(s, index) : 0;
    s->nodes[index].end = s->used;
    s->depth--;
    s->p++;
    return rc;
}

static int parse_key(struct json_reader *s)
{
    const char *from = s->p;
    if (!at(s, '"'))
        return json_fail(s, "expected a key in quotes");
    struct json_node *node;
    int rc = new_node(s, JSON_STRING, &node);
    if (!rc)
        rc = parse_string(s, &node->s);
    if (rc)
        return rc;
    if (memchr(node->s.p, 0, node->s.n))
        return fail_at(s, from, "NUL in a key");
    skip_space(s);
    if (!at(s, ':'))
        return json_fail(s, "expected ':' after a key");
    s->p++;
    skip_space(s);
    return 0;
}

/* Begin the next member of the innermost container: counts it, and reads an object's key. */
static int begin_member(struct json_reader *s)
{
    struct json_node *container = innermost(s);
    if (!container)
        return 0;
    if (container->type == JSON_OBJECT && container->count == JSON_MAX_KEYS)
        return json_fail(s, "too many keys in one object");
    container->count++;
    return container->type == JSON_OBJECT ? parse_key(s) : 0;
}

static int parse_scalar(struct json_reader *s)
{
    if (s->p == s->end)
        return json_fail(s, "the text ends where a value should be");
    if (*s->p == '"') {
        struct json_node *node;
        int rc = new_node(s, JSON_STRING, &node);
        return rc ? rc : parse_string(s, &node->s);
    }
    if (*s->p == '-' || (*s->p >= '0' && *s->p <= '9'))
        return parse_number(s);
    return parse_word(s);
}

/* After a value: close what ends here, and stop behind the comma before the next member or at the
 * end of the root. */
static int after_value(struct json_reader *s)
{
    while (s->depth > 0) {
        bool object = innermost(s)->type == JSON_OBJECT;
        skip_space(s);
        if (at(s, ',')) {
            s->p++;
            skip_space(s);
            return 0;
        }
        if (!at(s, object ? '}' : ']'))
            return json_fail(s, object ? "expected ',' or '}'" : "expected ',' or ']'");
        int rc = close_container(s);
        if (rc)
            return rc;
    }
    return 0;
}

/* One value up to its end, or into a container that is not empty. */
static int value_step(struct json_reader *s)
{
    int rc = begin_member(s);
    if (rc)
        return rc;
    if (!at(s, '{') && !at(s, '[')) {
        rc = parse_scalar(s);
        return rc ? rc : after_value(s);
    }
    bool object = *s->p == '{';
    rc = open_container(s, object ? JSON_OBJECT : JSON_ARRAY);
    if (rc)
        return rc;
    skip_space(s);
    if (!at(s, object ? '}' : ']'))
        return 0;
    rc = close_container(s);
    return rc ? rc : after_value(s);
}

int json_parse(char *text, size_t n, struct json_node *nodes, uint32_t cap, struct json_doc *out,
               struct reeve_error *err)
{
    struct json_reader s = {.p = text,
                            .end = text + n,
                            .line_start = text,
                            .line = 1,
                            .nodes = nodes,
                            .cap = cap,
                            .err = err};
    *out = (struct json_doc){0};
    skip_space(&s);
    do {
        int rc = value_step(&s);
        if (rc)
            return rc;
    } while (s.depth > 0);
    skip_space(&s);
    if (s.p < s.end)
        return json_fail(&s, "something follows the end of the value");
    *out = (struct json_doc){.nodes = nodes, .count = s.used};
    return 0;
}
