/*
 * Ranges of addresses as sorted, disjoint intervals: a list of any length costs
 * one binary search. Bytes stand in network order, so that memcmp is the order of addresses.
 *
 * The form: how many intervals of IPv4 and of IPv6 (32 bits each), then first and last address of
 * each, IPv4's first.
 */
#include "policy/value_net.h"

struct range {
    uint8_t family;
    uint8_t first[16], last[16];
};

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
    struct core_addr addr;
    if (!core_addr_parse(head, &addr))
        return value_fail(fault, NULL, index, "no range of addresses",
                          "write address/length, such as 10.0.0.0/8 or fe80::/10");
    bool wide = written_as_v6(head);
    unsigned most = wide ? 128 : 32, length = most;
    if (slash && !read_length((struct str){slash + 1, text.n - head.n - 1}, most, &length))
        return value_fail(fault, NULL, index,
                          "the length of a range is 0 to 32, or 0 to 128 for IPv6", NULL);
    if (wide && addr.family == CORE_V4 && length < 96)
        return value_fail(fault, NULL, index,
                          "a mapped IPv4 address in a range wider than the mapped ones",
                          "write the IPv4 range");
    r->family = addr.family;
    memcpy(r->first, addr.bytes, sizeof r->first);
    if (!spread(r, wide && addr.family == CORE_V4 ? length - 96 : length))
        return value_fail(fault, NULL, index, "bits beyond the range's length are set",
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
    while (n4 < n && r[n4].family == CORE_V4)
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
        return value_fail(fault, NULL, 0, ranges.n ? "too many ranges" : "no range at all", NULL);
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
    size_t bytes4 = (size_t)n4 * 2 * CORE_V4, bytes6 = (size_t)n6 * 2 * CORE_V6;
    return n4 <= VALUE_MAX_LIST && n6 <= VALUE_MAX_LIST &&
           form.n == RANGES_HEAD + bytes4 + bytes6 &&
           ascending(form.p + RANGES_HEAD, n4, CORE_V4) &&
           ascending(form.p + RANGES_HEAD + bytes4, n6, CORE_V6);
}

bool value_cidr_has(struct str form, const struct core_addr *addr)
{
    uint32_t n4 = base_get_u32le(form.p);
    const char *rows = form.p + RANGES_HEAD;
    uint32_t n = n4;
    if (addr->family == CORE_V6) {
        rows += (size_t)n4 * 2 * CORE_V4;
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
    uint32_t total = addr->family == CORE_V6 ? base_get_u32le(form.p + 4) : n4;
    return low < total && memcmp(rows + low * 2 * family, addr->bytes, family) <= 0;
}

enum tri value_cidr_holds(struct str form, struct str text)
{
    struct core_addr addr;
    if (!core_addr_parse(text, &addr))
        return TRI_UNKNOWN;
    return tri_of(value_cidr_has(form, &addr));
}
