/*
 * Matching and ranking of subject and capability patterns. Nothing here allocates or fails; what a
 * pattern may look like is decided here too, so that parser and matcher cannot disagree.
 */
#include "policy/pattern.h"

bool policy_has_control(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((uint8_t)s.p[i] < 0x20 || s.p[i] == 0x7f)
            return true;
    return false;
}

bool policy_subject_valid(struct str s)
{
    const char *colon = s.n ? memchr(s.p, ':', s.n) : NULL;
    if (!colon || s.n > POLICY_MAX_NAME || policy_has_control(s))
        return false;
    struct str type = {s.p, (size_t)(colon - s.p)};
    return type.n > 0 && type.n + 1 < s.n && !str_is(type, "group") &&
           !memchr(type.p, '*', type.n) && !memchr(type.p, ' ', type.n);
}

uint32_t policy_glob_literals(struct str glob)
{
    uint32_t n = 0;
    for (size_t i = 0; i < glob.n; i++)
        n += glob.p[i] != '*' && ((uint8_t)glob.p[i] & 0xc0) != 0x80;
    return n;
}

/* What stands between stars, each part as early as it can: none is looked for in what another one
 * has. memmem is linear, and so is all of it. */
static bool parts_match(struct str parts, struct str text)
{
    while (parts.n) {
        const char *star = memchr(parts.p, '*', parts.n);
        size_t n = star ? (size_t)(star - parts.p) : parts.n, skip = n + (star != NULL);
        const char *at = n ? memmem(text.p, text.n, parts.p, n) : text.p;
        if (n && !at)
            return false;
        text = (struct str){at + n, text.n - (size_t)(at - text.p) - n};
        parts = (struct str){parts.p + skip, parts.n - skip};
    }
    return true;
}

bool policy_glob_matches(struct str glob, struct str text)
{
    const char *first = glob.n ? memchr(glob.p, '*', glob.n) : NULL;
    if (!first)
        return str_eq(glob, text);
    const char *last = memrchr(glob.p, '*', glob.n);
    text = text.n ? text : STR("");
    size_t before = (size_t)(first - glob.p), after = (size_t)(glob.p + glob.n - last) - 1;
    if (text.n < before + after || memcmp(glob.p, text.p, before) != 0 ||
        memcmp(last + 1, text.p + text.n - after, after) != 0)
        return false;
    if (first == last)
        return true;
    return parts_match((struct str){first + 1, (size_t)(last - first) - 1},
                       (struct str){text.p + before, text.n - before - after});
}

/* The segment at `at`; moves `at` behind its dot, or beyond the end after the last. */
static struct str segment(struct str s, size_t *at)
{
    const char *start = s.p + *at;
    const char *dot = memchr(start, '.', s.n - *at);
    size_t n = dot ? (size_t)(dot - start) : s.n - *at;
    *at += n + 1;
    return (struct str){start, n};
}

enum segment_rank { SEGMENT_TAIL, SEGMENT_STAR, SEGMENT_PREFIX, SEGMENT_LITERAL };

static enum segment_rank rank_of(struct str seg, bool last)
{
    if (str_is(seg, "*"))
        return last ? SEGMENT_TAIL : SEGMENT_STAR;
    return seg.n && seg.p[seg.n - 1] == '*' ? SEGMENT_PREFIX : SEGMENT_LITERAL;
}

static const char *segment_fault(struct str seg)
{
    if (seg.n == 0)
        return "has an empty segment";
    for (size_t i = 0; i < seg.n; i++) {
        if ((uint8_t)seg.p[i] <= 0x20 || seg.p[i] == 0x7f)
            return "has a space or control character";
        if (seg.p[i] == '*' && i + 1 < seg.n)
            return "has a `*` that does not end its segment";
    }
    return NULL;
}

const char *policy_capability_key(struct str pattern, uint64_t *key)
{
    *key = 0;
    if (pattern.n == 0 || pattern.n > POLICY_MAX_NAME)
        return pattern.n ? "is longer than 1024 bytes" : "is empty";
    unsigned shift = 2 * POLICY_MAX_SEGMENTS;
    for (size_t at = 0; at <= pattern.n;) {
        if (shift == 0)
            return "has more than 32 segments";
        struct str seg = segment(pattern, &at);
        const char *fault = segment_fault(seg);
        if (fault)
            return fault;
        shift -= 2;
        *key |= (uint64_t)rank_of(seg, at > pattern.n) << shift;
    }
    return NULL;
}

bool policy_capability_is_exact(struct str pattern)
{
    return !memchr(pattern.p, '*', pattern.n);
}

struct str policy_capability_prefix(struct str pattern)
{
    const char *star = memchr(pattern.p, '*', pattern.n);
    size_t n = star ? (size_t)(star - pattern.p) : pattern.n;
    while (n > 0 && pattern.p[n - 1] != '.')
        n--;
    return (struct str){pattern.p, n};
}

bool policy_capability_matches(struct str pattern, struct str id)
{
    size_t p = 0, i = 0;
    while (p <= pattern.n) {
        struct str want = segment(pattern, &p);
        enum segment_rank rank = rank_of(want, p > pattern.n);
        if (i > id.n)
            return false;
        if (rank == SEGMENT_TAIL)
            return true;
        struct str have = segment(id, &i);
        if (rank == SEGMENT_PREFIX && !str_starts(have, (struct str){want.p, want.n - 1}))
            return false;
        if (rank == SEGMENT_LITERAL && !str_eq(have, want))
            return false;
    }
    return i > id.n;
}

static bool segment_covers(struct str wide, enum segment_rank rank, struct str seg,
                           enum segment_rank of)
{
    if (rank == SEGMENT_LITERAL)
        return of == SEGMENT_LITERAL && str_eq(wide, seg);
    if (rank == SEGMENT_PREFIX)
        return of >= SEGMENT_PREFIX && str_starts(seg, (struct str){wide.p, wide.n - 1});
    return of != SEGMENT_TAIL; /* `*`: one segment, whatever it is */
}

bool policy_capability_covers(struct str wide, struct str pattern)
{
    size_t w = 0, p = 0;
    while (w <= wide.n) {
        struct str want = segment(wide, &w);
        enum segment_rank rank = rank_of(want, w > wide.n);
        if (p > pattern.n)
            return false;
        struct str have = segment(pattern, &p);
        enum segment_rank of = rank_of(have, p > pattern.n);
        if (rank == SEGMENT_TAIL)
            return true;
        if (!segment_covers(want, rank, have, of))
            return false;
    }
    return p > pattern.n;
}

static bool segments_meet(struct str a, enum segment_rank x, struct str b, enum segment_rank y)
{
    if (x == SEGMENT_STAR || y == SEGMENT_STAR)
        return true;
    struct str shorter = {a.p, a.n - (x == SEGMENT_PREFIX)},
               longer = {b.p, b.n - (y == SEGMENT_PREFIX)};
    if (x == SEGMENT_LITERAL && y == SEGMENT_LITERAL)
        return str_eq(a, b);
    if (x == SEGMENT_LITERAL || (y == SEGMENT_PREFIX && shorter.n > longer.n)) {
        struct str swap = shorter;
        shorter = longer;
        longer = swap;
    }
    return str_starts(longer, shorter);
}

bool policy_capabilities_meet(struct str a, struct str b)
{
    size_t i = 0, k = 0;
    while (i <= a.n && k <= b.n) {
        struct str x = segment(a, &i), y = segment(b, &k);
        enum segment_rank rx = rank_of(x, i > a.n), ry = rank_of(y, k > b.n);
        if (rx == SEGMENT_TAIL || ry == SEGMENT_TAIL)
            return true;
        if (!segments_meet(x, rx, y, ry))
            return false;
    }
    return i > a.n && k > b.n;
}

/* Row by row over the places of `b`: whether the rest of `a` and the rest of `b` meet. */
bool policy_globs_meet(struct str a, struct str b)
{
    bool row[POLICY_MAX_NAME + 1];
    if (a.n > POLICY_MAX_NAME || b.n > POLICY_MAX_NAME)
        return true;
    for (size_t i = a.n + 1; i-- > 0;) {
        bool diagonal = false; /* of the row below, one to the right */
        for (size_t k = b.n + 1; k-- > 0;) {
            bool below = i < a.n && row[k], right = k < b.n && row[k + 1];
            bool star_a = i < a.n && a.p[i] == '*', star_b = k < b.n && b.p[k] == '*';
            bool meet = i == a.n && k == b.n;
            if (star_a || star_b)
                meet = (star_a && below) || (star_b && right) || (star_a && right) ||
                       (star_b && below);
            else if (i < a.n && k < b.n)
                meet = a.p[i] == b.p[k] && diagonal;
            diagonal = below;
            row[k] = meet;
        }
    }
    return row[0];
}

bool policy_put_segment(struct str name, struct buf *out)
{
    for (size_t i = 0; i < name.n; i++) {
        uint8_t c = (uint8_t)name.p[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     c == '_' || c == '-';
        if (plain)
            buf_byte(out, c);
        else
            buf_printf(out, "%%%02X", c);
    }
    return name.n > 0;
}
