/*
 * Text patterns, cut at their stars when compiled: what stands in front must begin the text, what
 * stands behind must end it, and what stands between is found from left to right, each at its first
 * place (a later one never helps). The search is Knuth, Morris and Pratt's, its table in the form:
 * no text and no pattern make it look at a byte more than twice.
 *
 * The form: count, offset of each pattern, then each: how many parts (1: no star), then each part's
 * length, bytes, and, for those in the middle, a border for each byte. Numbers in a pattern have 16
 * bits.
 */
#include "policy/value_like.h"

#define HEAD 4u

/* ---- compile ---- */

/* The next part of a pattern: bytes up to a star or the end, `\*` made an asterisk. */
static size_t take_part(struct str pattern, size_t *at, char *out)
{
    size_t n = 0;
    for (; *at < pattern.n && pattern.p[*at] != '*'; (*at)++) {
        if (pattern.p[*at] == '\\' && *at + 1 < pattern.n && pattern.p[*at + 1] == '*')
            (*at)++;
        out[n++] = pattern.p[*at];
    }
    return n;
}

/* For each byte: how long the longest proper beginning is that ends here, too. */
static void put_borders(struct buf *b, const char *p, size_t n)
{
    uint16_t border[VALUE_LIKE_MAX];
    border[0] = 0;
    for (size_t i = 1; i < n; i++) {
        size_t k = border[i - 1];
        while (k > 0 && p[k] != p[i])
            k = border[k - 1];
        border[i] = (uint16_t)(p[k] == p[i] ? k + 1 : 0);
    }
    for (size_t i = 0; i < n; i++)
        value_put_u16(b, border[i]);
}

static void put_part(struct buf *b, const char *p, size_t n, bool middle)
{
    value_put_u16(b, n);
    buf_put(b, p, n);
    if (middle)
        put_borders(b, p, n);
}

/* Parts in the order of the search: first, last, then the middle ones. Empty ones there, between
 * two stars in a row, say nothing. */
static void put_pattern(struct buf *b, struct str pattern)
{
    char part[VALUE_LIKE_MAX];
    size_t count_at = b->len, parts = 1, at = 0;
    value_put_u16(b, 0);
    size_t n = take_part(pattern, &at, part);
    put_part(b, part, n, false);
    auto_buf struct buf middle = {0};
    while (at < pattern.n) {
        at++; /* the star */
        n = take_part(pattern, &at, part);
        if (at == pattern.n)
            put_part(b, part, n, false);
        else if (n > 0)
            put_part(&middle, part, n, true);
        parts += at == pattern.n || n > 0;
    }
    buf_put(b, middle.data, middle.len);
    b->failed |= middle.failed;
    if (!b->failed) {
        b->data[count_at] = (char)(uint8_t)parts;
        b->data[count_at + 1] = (char)(uint8_t)(parts >> 8);
    }
}

bool value_like_compile(struct value_list patterns, struct buf *bytes, struct value_at *out,
                        struct value_fault *fault)
{
    if (patterns.n == 0 || patterns.n > VALUE_MAX_LIST)
        return value_fail(fault, NULL, 0, patterns.n ? "too many patterns" : "no pattern at all",
                          NULL);
    for (uint32_t i = 0; i < patterns.n; i++)
        if (patterns.v[i].n > VALUE_LIKE_MAX)
            return value_fail(fault, NULL, i, "a pattern of more than 4,096 bytes", NULL);
    out->at = (uint32_t)bytes->len;
    auto_buf struct buf body = {0};
    buf_u32le(bytes, patterns.n);
    for (uint32_t i = 0; i < patterns.n; i++) {
        buf_u32le(bytes, (uint32_t)(HEAD + 4 * (size_t)patterns.n + body.len));
        put_pattern(&body, patterns.v[i]);
    }
    buf_put(bytes, body.data, body.len);
    bytes->failed |= body.failed;
    out->n = (uint32_t)bytes->len - out->at;
    return true;
}

/* ---- what comes from outside ---- */

/* A part at `at` of a form; where it ends, or 0. */
static size_t sound_part(struct str form, size_t at, bool middle)
{
    if (form.n - at < 2)
        return 0;
    size_t n = value_get_u16(form.p + at);
    const char *border = form.p + at + 2 + n;
    if (form.n - at - 2 < n * (middle ? 3 : 1) || n > VALUE_LIKE_MAX || (middle && n == 0))
        return 0;
    for (size_t i = 0; middle && i < n; i++)
        if (value_get_u16(border + 2 * i) > i)
            return 0;
    return at + 2 + n * (middle ? 3 : 1);
}

static size_t sound_pattern(struct str form, size_t at)
{
    if (form.n - at < 2)
        return 0;
    size_t parts = value_get_u16(form.p + at);
    at += 2;
    for (size_t i = 0; at && i < parts; i++)
        at = sound_part(form, at, i >= 2);
    return parts ? at : 0;
}

bool value_like_sound(struct str form)
{
    if (form.n < HEAD)
        return false;
    uint32_t n = base_get_u32le(form.p);
    size_t at = HEAD + 4 * (size_t)n;
    if (n == 0 || n > VALUE_MAX_LIST || form.n < at)
        return false;
    for (uint32_t i = 0; at && i < n; i++)
        at = base_get_u32le(form.p + HEAD + 4 * (size_t)i) == at ? sound_pattern(form, at) : 0;
    return at == form.n;
}

/* ---- judge ---- */

/* Where the needle's first occurrence ends, or NULL. */
static const char *find(const char *p, const char *end, const char *needle, size_t n,
                        const char *border)
{
    size_t matched = 0;
    while (p < end) {
        if (matched == 0) {
            p = memchr(p, needle[0], (size_t)(end - p));
            if (!p)
                return NULL;
        }
        while (matched > 0 && needle[matched] != *p)
            matched = value_get_u16(border + 2 * (matched - 1));
        matched += needle[matched] == *p++;
        if (matched == n)
            return p;
    }
    return NULL;
}

static bool fits(const char *form, struct str text)
{
    size_t parts = value_get_u16(form), first = value_get_u16(form + 2);
    const char *p = form + 4;
    if (text.n < first || memcmp(p, text.p, first) != 0)
        return false;
    if (parts == 1)
        return text.n == first;
    p += first;
    size_t last = value_get_u16(p);
    p += 2;
    const char *end = text.p + text.n - last;
    if (text.n - first < last || memcmp(p, end, last) != 0)
        return false;
    p += last;
    const char *at = text.p + first;
    for (size_t i = 2; at && i < parts; i++) {
        size_t n = value_get_u16(p);
        at = find(at, end, p + 2, n, p + 2 + n);
        p += 2 + 3 * n;
    }
    return at != NULL;
}

bool value_like_holds(struct str form, struct str text)
{
    struct str safe = {text.p ? text.p : "", text.n};
    uint32_t n = base_get_u32le(form.p);
    for (uint32_t i = 0; i < n; i++)
        if (fits(form.p + base_get_u32le(form.p + HEAD + 4 * (size_t)i), safe))
            return true;
    return false;
}
