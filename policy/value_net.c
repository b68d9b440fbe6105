/*
 * Addresses from text and ranges of them as sorted, disjoint intervals: a list of any length costs
 * one binary search. Bytes stand in network order, so that memcmp is the order of addresses.
 *
 * The form: how many intervals of IPv4 and of IPv6 (32 bits each), then first and last address of
 * each, IPv4's first.
 */
#include "policy/value_net.h"

#include <stdio.h>

/* ---- text ---- */

/* A decimal number of at most 255 without leading zeros; where it ends, or NULL. */
static const char *octet(const char *p, const char *end, uint8_t *out)
{
    unsigned value = 0;
    const char *start = p;
    while (p < end && p - start < 4 && *p >= '0' && *p <= '9')
        value = value * 10 + (unsigned)(*p++ - '0');
    if (p == start || value > 255 || p - start > 3 || (p - start > 1 && *start == '0'))
        return NULL;
    *out = (uint8_t)value;
    return p;
}

static bool quad(struct str text, uint8_t out[4])
{
    const char *p = text.p, *end = text.p + text.n;
    for (int i = 0; i < 4; i++) {
        if (i > 0 && (p == end || *p++ != '.'))
            return false;
        p = octet(p, end, &out[i]);
        if (!p)
            return false;
    }
    return p == end;
}

bool value_addr_parse_v4(struct str text, struct value_addr *out)
{
    *out = (struct value_addr){.family = VALUE_V4};
    return text.n >= 7 && text.n <= 15 && quad(text, out->bytes);
}

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* One to four hexadecimal digits; where they end, or NULL. */
static const char *group(const char *p, const char *end, uint8_t out[2])
{
    unsigned value = 0;
    int n = 0;
    for (; p < end && hex(*p) >= 0; p++, n++) {
        if (n == 4)
            return NULL;
        value = value << 4 | (unsigned)hex(*p);
    }
    out[0] = (uint8_t)(value >> 8);
    out[1] = (uint8_t)value;
    return n ? p : NULL;
}

/* Groups between colons, at most `room` bytes of them, the last of which may be a dotted quad. -1:
 * something else stands there. */
static int groups(struct str text, uint8_t *out, int room)
{
    const char *p = text.p, *end = text.p + text.n;
    int used = 0;
    while (p < end) {
        const char *colon = memchr(p, ':', (size_t)(end - p));
        if (!colon && room - used >= 4 && memchr(p, '.', (size_t)(end - p)))
            return quad((struct str){p, (size_t)(end - p)}, out + used) ? used + 4 : -1;
        if (room - used < 2)
            return -1;
        p = group(p, end, out + used);
        used += 2;
        if (!p || (p < end && (*p++ != ':' || p == end)))
            return -1;
    }
    return used;
}

static const char *double_colon(struct str text)
{
    return text.n < 2 ? NULL : memmem(text.p, text.n, "::", 2);
}

/* IPv4 mapped into IPv6 is IPv4: what the network does with it. */
static bool is_mapped(const uint8_t bytes[16])
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    return memcmp(bytes, mapped, sizeof mapped) == 0;
}

static bool parse_v6(struct str text, uint8_t out[16])
{
    const char *gap = double_colon(text);
    if (!gap)
        return groups(text, out, 16) == 16;
    uint8_t tail[16] = {0};
    struct str before = {text.p, (size_t)(gap - text.p)};
    struct str after = {gap + 2, text.n - before.n - 2};
    int n = memchr(before.p, '.', before.n) ? -1 : groups(before, out, 14);
    int m = n < 0 ? -1 : groups(after, tail, 14 - n);
    if (m < 0)
        return false;
    memcpy(out + 16 - m, tail, (size_t)m);
    return true;
}

bool value_addr_parse(struct str text, struct value_addr *out)
{
    if (text.n && !memchr(text.p, ':', text.n))
        return value_addr_parse_v4(text, out);
    *out = (struct value_addr){.family = VALUE_V6};
    if (text.n < 2 || text.n > 45 || !parse_v6(text, out->bytes))
        return false;
    if (is_mapped(out->bytes)) {
        struct value_addr v4 = {.family = VALUE_V4};
        memcpy(v4.bytes, out->bytes + 12, 4);
        *out = v4;
    }
    return true;
}

/* The longest run of two or more zero groups, the first among equals: RFC 5952 section 4.2. */
static int zero_run(const uint8_t *bytes, int *length)
{
    int best = -1;
    *length = 1;
    for (int i = 0; i < 8; i++) {
        int n = 0;
        while (i + n < 8 && bytes[2 * (i + n)] == 0 && bytes[2 * (i + n) + 1] == 0)
            n++;
        if (n > *length) {
            best = i;
            *length = n;
        }
        i += n;
    }
    return best;
}

size_t value_addr_format(const struct value_addr *addr, char out[VALUE_ADDR_TEXT])
{
    const uint8_t *b = addr->bytes;
    if (addr->family == VALUE_V4)
        return (size_t)snprintf(out, VALUE_ADDR_TEXT, "%u.%u.%u.%u", b[0], b[1], b[2], b[3]);
    int length;
    int run = zero_run(b, &length);
    size_t n = 0;
    out[n++] = '[';
    for (int i = 0; i < 8; i++) {
        if (i == run) {
            n += (size_t)snprintf(out + n, VALUE_ADDR_TEXT - n, "::");
            i += length - 1;
            continue;
        }
        const char *colon = i > 0 && (run < 0 || i != run + length) ? ":" : "";
        n += (size_t)snprintf(out + n, VALUE_ADDR_TEXT - n, "%s%x", colon,
                              (unsigned)(b[2 * i] << 8 | b[2 * i + 1]));
    }
    n += (size_t)snprintf(out + n, VALUE_ADDR_TEXT - n, "]");
    return n;
}

/* ---- ranges ---- */

struct range {
    uint8_t family;
    uint8_t first[16], last[16];
};

static bool fail(struct value_fault *fault, uint32_t index, const char *text, const char *hint)
{
    *fault = (struct value_fault){.text = text, .hint = hint, .index = index};
    return false;
}

static bool read_length(struct str text, unsigned most, unsigned *out)
{
    unsigned value = 0;
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9' || i > 2)
            return false;
        value = value * 10 + (unsigned)(text.p[i] - '0');
    }
    *out = value;
    return text.n > 0 && value <= most && (text.n == 1 || text.p[0] != '0');
}

/* False when a bit beyond the length is set. */
static bool spread(struct range *r, unsigned length)
{
    bool clean = true;
    memcpy(r->last, r->first, sizeof r->last);
    for (unsigned i = 0; i < r->family; i++) {
        unsigned kept = length > 8 * i ? length - 8 * i : 0;
        uint8_t host_bits = (uint8_t)(kept >= 8 ? 0 : 0xff >> kept);
        clean &= (r->first[i] & host_bits) == 0;
        r->last[i] = r->first[i] | host_bits;
    }
    return clean;
}

/* The text wrote 128 bits for a mapped address: its length counts from the 96th. */
static bool written_as_v6(struct str text)
{
    return memchr(text.p, ':', text.n) != NULL;
}

static bool read_range(struct str text, uint32_t index, struct range *r, struct value_fault *fault)
{
    const char *slash = text.n ? memchr(text.p, '/', text.n) : NULL;
    struct str head = {text.p, slash ? (size_t)(slash - text.p) : text.n};
    struct value_addr addr;
    if (!value_addr_parse(head, &addr))
        return fail(fault, index, "no range of addresses",
                    "write address/length, such as 10.0.0.0/8 or fe80::/10");
    bool wide = written_as_v6(head);
    unsigned most = wide ? 128 : 32, length = most;
    if (slash && !read_length((struct str){slash + 1, text.n - head.n - 1}, most, &length))
        return fail(fault, index, "the length of a range is 0 to 32, or 0 to 128 for IPv6", NULL);
    if (wide && addr.family == VALUE_V4 && length < 96)
        return fail(fault, index, "a mapped IPv4 address in a range wider than the mapped ones",
                    "write the IPv4 range");
    r->family = addr.family;
    memcpy(r->first, addr.bytes, sizeof r->first);
    if (!spread(r, wide && addr.family == VALUE_V4 ? length - 96 : length))
        return fail(fault, index, "bits beyond the range's length are set",
                    "write the range's first address");
    return true;
}

static int by_first(const void *pa, const void *pb)
{
    const struct range *a = pa, *b = pb;
    if (a->family != b->family)
        return a->family - b->family;
    int order = memcmp(a->first, b->first, sizeof a->first);
    return order ? order : memcmp(a->last, b->last, sizeof a->last);
}

/* Sorted ranges of whole prefixes either nest or lie apart: those within another are dropped. */
static uint32_t drop_nested(struct range *r, uint32_t n)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < n; i++) {
        const struct range *before = kept ? &r[kept - 1] : NULL;
        if (before && before->family == r[i].family &&
            memcmp(r[i].first, before->last, sizeof r[i].first) <= 0) {
            if (memcmp(r[i].last, before->last, sizeof r[i].last) > 0)
                memcpy(r[kept - 1].last, r[i].last, sizeof r[i].last);
        } else {
            r[kept++] = r[i];
        }
    }
    return kept;
}

static void write_ranges(const struct range *r, uint32_t n, struct buf *bytes)
{
    uint32_t n4 = 0;
    while (n4 < n && r[n4].family == VALUE_V4)
        n4++;
    buf_u32le(bytes, n4);
    buf_u32le(bytes, n - n4);
    for (uint32_t i = 0; i < n; i++) {
        buf_put(bytes, r[i].first, r[i].family);
        buf_put(bytes, r[i].last, r[i].family);
    }
}

bool value_cidr_compile(struct value_list ranges, struct buf *bytes, struct value_at *out,
                        struct value_fault *fault)
{
    if (ranges.n == 0 || ranges.n > VALUE_MAX_LIST)
        return fail(fault, 0, ranges.n ? "too many ranges" : "no range at all", NULL);
    auto_free struct range *r = calloc(ranges.n, sizeof *r);
    bytes->failed |= !r;
    for (uint32_t i = 0; r && i < ranges.n; i++)
        if (!read_range(ranges.v[i], i, &r[i], fault))
            return false;
    out->at = (uint32_t)bytes->len;
    if (r) {
        qsort(r, ranges.n, sizeof *r, by_first);
        write_ranges(r, drop_nested(r, ranges.n), bytes);
    }
    out->n = (uint32_t)bytes->len - out->at;
    return true;
}

#define RANGES_HEAD 8u

static bool ascending(const char *p, uint32_t n, size_t family)
{
    for (uint32_t i = 0; i < n; i++, p += 2 * family)
        if (memcmp(p, p + family, family) > 0 || (i > 0 && memcmp(p - family, p, family) >= 0))
            return false;
    return true;
}

bool value_cidr_sound(struct str form)
{
    if (form.n < RANGES_HEAD)
        return false;
    uint32_t n4 = base_get_u32le(form.p), n6 = base_get_u32le(form.p + 4);
    size_t bytes4 = (size_t)n4 * 2 * VALUE_V4, bytes6 = (size_t)n6 * 2 * VALUE_V6;
    return n4 <= VALUE_MAX_LIST && n6 <= VALUE_MAX_LIST &&
           form.n == RANGES_HEAD + bytes4 + bytes6 &&
           ascending(form.p + RANGES_HEAD, n4, VALUE_V4) &&
           ascending(form.p + RANGES_HEAD + bytes4, n6, VALUE_V6);
}

bool value_cidr_has(struct str form, const struct value_addr *addr)
{
    uint32_t n4 = base_get_u32le(form.p);
    const char *rows = form.p + RANGES_HEAD;
    uint32_t n = n4;
    if (addr->family == VALUE_V6) {
        rows += (size_t)n4 * 2 * VALUE_V4;
        n = base_get_u32le(form.p + 4);
    }
    size_t family = addr->family;
    uint32_t low = 0;
    while (low < n) { /* the first range that ends at or behind the address */
        uint32_t middle = low + (n - low) / 2;
        if (memcmp(rows + middle * 2 * family + family, addr->bytes, family) < 0)
            low = middle + 1;
        else
            n = middle;
    }
    uint32_t total = addr->family == VALUE_V6 ? base_get_u32le(form.p + 4) : n4;
    return low < total && memcmp(rows + low * 2 * family, addr->bytes, family) <= 0;
}

enum tri value_cidr_holds(struct str form, struct str text)
{
    struct value_addr addr;
    if (!value_addr_parse(text, &addr))
        return TRI_UNKNOWN;
    return value_cidr_has(form, &addr) ? TRI_TRUE : TRI_FALSE;
}
