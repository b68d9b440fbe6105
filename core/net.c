/*
 * Addresses from text and back. One reader for each kind, which takes exactly the strict forms.
 */
#include "core/net.h"

#include <stdio.h>

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

bool core_addr_parse_v4(struct str text, struct core_addr *out)
{
    *out = (struct core_addr){.family = CORE_V4};
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

bool core_addr_parse(struct str text, struct core_addr *out)
{
    if (text.n && !memchr(text.p, ':', text.n))
        return core_addr_parse_v4(text, out);
    *out = (struct core_addr){.family = CORE_V6};
    if (text.n < 2 || text.n > 45 || !parse_v6(text, out->bytes))
        return false;
    if (is_mapped(out->bytes)) {
        struct core_addr v4 = {.family = CORE_V4};
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

size_t core_addr_format(const struct core_addr *addr, char out[CORE_ADDR_TEXT])
{
    const uint8_t *b = addr->bytes;
    if (addr->family == CORE_V4)
        return (size_t)snprintf(out, CORE_ADDR_TEXT, "%u.%u.%u.%u", b[0], b[1], b[2], b[3]);
    int length;
    int run = zero_run(b, &length);
    size_t n = 0;
    out[n++] = '[';
    for (int i = 0; i < 8; i++) {
        if (i == run) {
            n += (size_t)snprintf(out + n, CORE_ADDR_TEXT - n, "::");
            i += length - 1;
            continue;
        }
        const char *colon = i > 0 && (run < 0 || i != run + length) ? ":" : "";
        n += (size_t)snprintf(out + n, CORE_ADDR_TEXT - n, "%s%x", colon,
                              (unsigned)(b[2 * i] << 8 | b[2 * i + 1]));
    }
    n += (size_t)snprintf(out + n, CORE_ADDR_TEXT - n, "]");
    return n;
}
