/*
 * A URL's text into normal form, one pass over each part. The usual URL (lower case, no escapes, no
 * dot segments) is not copied but for its host.
 */
#include "core/url.h"

/* ---- characters ---- */

enum { BAD = 1, ESCAPE = 2, DOT = 4, PATH_END = 8, UNRESERVED = 16, SCHEME = 32, HOST_END = 64 };

#define C1(c, bits)  [c] = bits
#define C4(c, bits)  C1(c, bits), C1((c) + 1, bits), C1((c) + 2, bits), C1((c) + 3, bits)
#define C10(c, bits) C4(c, bits), C4((c) + 4, bits), C1((c) + 8, bits), C1((c) + 9, bits)
#define C26(c, bits)                                                                               \
    C10(c, bits), C10((c) + 10, bits), C4((c) + 20, bits), C1((c) + 24, bits), C1((c) + 25, bits)
/* Bytes from 0x80 on are bad, too: a test in the code, not 128 rows here. */
static const uint8_t classes[128] = {
    C10(0, BAD),
    C10(10, BAD),
    C10(20, BAD),
    C1(30, BAD),
    C1(31, BAD),
    C1(' ', BAD),
    C1(127, BAD),
    C1('\\', BAD),
    C1('%', ESCAPE),
    C1('.', DOT | UNRESERVED | SCHEME),
    C1('?', PATH_END | HOST_END),
    C1('#', PATH_END | HOST_END),
    C1('/', HOST_END),
    C10('0', UNRESERVED | SCHEME),
    C26('a', UNRESERVED | SCHEME),
    C26('A', UNRESERVED | SCHEME),
    C1('-', UNRESERVED | SCHEME),
    C1('_', UNRESERVED),
    C1('~', UNRESERVED),
    C1('+', SCHEME),
};
#undef C1
#undef C4
#undef C10
#undef C26

static uint8_t class_of(char c)
{
    return (uint8_t)c < 128 ? classes[(uint8_t)c] : BAD;
}

bool core_url_byte(char c)
{
    return !(class_of(c) & BAD);
}

/* ---- parts ---- */

static bool is_letter(char c)
{
    return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

static size_t scheme_length(struct str text)
{
    size_t n = 0;
    if (text.n > 8 && memcmp(text.p, "https:", 6) == 0)
        return 5;
    while (n < text.n && n <= CORE_SCHEME_MAX && class_of(text.p[n]) & SCHEME)
        n++;
    return n > 0 && n <= CORE_SCHEME_MAX && is_letter(text.p[0]) ? n : 0;
}

static struct str take_until(struct str *rest, uint8_t stops)
{
    size_t n = 0;
    while (n < rest->n && !(class_of(rest->p[n]) & stops))
        n++;
    struct str taken = {rest->p, n};
    *rest = (struct str){rest->p + n, rest->n - n};
    return taken;
}

static void split_authority(struct str authority, struct core_url_parts *out)
{
    const char *from =
        authority.n && authority.p[0] == '[' ? memchr(authority.p, ']', authority.n) : authority.p;
    size_t skip = from ? (size_t)(from - authority.p) : 0;
    const char *colon = authority.n ? memchr(authority.p + skip, ':', authority.n - skip) : NULL;
    out->host = authority;
    out->port = (struct str){NULL, 0};
    if (colon) {
        out->host.n = (size_t)(colon - authority.p);
        out->port = (struct str){colon + 1, authority.n - out->host.n - 1};
    }
}

bool core_url_split(struct str text, struct core_url_parts *out)
{
    size_t n = text.n <= CORE_URL_MAX ? scheme_length(text) : 0;
    if (n == 0 || text.n < n + 3 || memcmp(text.p + n, "://", 3) != 0)
        return false;
    out->scheme = (struct str){text.p, n};
    struct str rest = {text.p + n + 3, text.n - n - 3};
    split_authority(take_until(&rest, HOST_END), out);
    out->path = take_until(&rest, PATH_END);
    out->rest = rest;
    return true;
}

uint32_t core_url_port(struct str digits)
{
    uint32_t port = 0;
    for (size_t i = 0; i < digits.n; i++) {
        if (digits.p[i] < '0' || digits.p[i] > '9')
            return 0;
        port = port * 10 + (uint32_t)(digits.p[i] - '0');
        if (port > 65535)
            return 0;
    }
    return port;
}

struct scheme {
    struct str name;
    uint32_t port;
};
static const struct scheme schemes[] = {
    {{"https", 5}, 443}, {{"http", 4}, 80}, {{"wss", 3}, 443}, {{"ws", 2}, 80}, {{"ftp", 3}, 21}};

static const struct scheme *scheme_of(struct str name)
{
    for (size_t i = 0; i < BASE_COUNT(schemes); i++)
        if (str_eq(name, schemes[i].name))
            return &schemes[i];
    return NULL;
}

uint32_t core_url_port_of(struct str scheme)
{
    const struct scheme *known = scheme_of(scheme);
    return known ? known->port : 0;
}

/* ---- path ---- */

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* One escape: a byte, or -1. */
static int escape(const char *p, size_t n)
{
    int high = n >= 3 ? hex_value(p[1]) : -1, low = n >= 3 ? hex_value(p[2]) : -1;
    int byte = high < 0 || low < 0 ? -1 : high << 4 | low;
    return byte == '/' || byte == '\\' || byte == '\0' ? -1 : byte;
}

bool core_url_unescape(struct str path, char *out, size_t *n)
{
    static const char digits[] = "0123456789ABCDEF";
    size_t used = 0;
    for (size_t i = 0; i < path.n; i++) {
        if (path.p[i] != '%') {
            out[used++] = path.p[i];
            continue;
        }
        int byte = escape(path.p + i, path.n - i);
        if (byte < 0)
            return false;
        if (class_of((char)byte) & UNRESERVED) {
            out[used++] = (char)byte;
        } else {
            out[used++] = '%';
            out[used++] = digits[byte >> 4];
            out[used++] = digits[byte & 15];
        }
        i += 2;
    }
    *n = used;
    return true;
}

/* RFC 3986 section 5.2.4 in place; what is written never overtakes what is read. */
static size_t remove_dots(char *p, size_t n)
{
    size_t used = 0;
    for (size_t i = 0; i < n;) {
        const char *slash = i + 1 < n ? memchr(p + i + 1, '/', n - i - 1) : NULL;
        size_t end = slash ? (size_t)(slash - p) : n;
        struct str segment = {p + i + 1, end - i - 1};
        bool up = str_eq(segment, STR("..")), stays = up || str_eq(segment, STR("."));
        while (up && used > 0 && p[--used] != '/')
            continue;
        if (stays && end == n)
            p[used++] = '/';
        if (!stays) {
            memmove(p + used, p + i, end - i);
            used += end - i;
        }
        i = end;
    }
    return used;
}

static uint8_t classes_in(struct str s)
{
    uint8_t seen = 0;
    for (size_t i = 0; i < s.n; i++)
        seen |= class_of(s.p[i]);
    return seen;
}

static bool read_path(struct str path, struct core_url *out)
{
    uint8_t seen = classes_in(path);
    out->path = path.n ? path : STR("/");
    if (seen & BAD || path.n > CORE_URL_PATH_MAX)
        return false;
    if (!(seen & (ESCAPE | DOT)))
        return true;
    if (!(seen & ESCAPE) && !memmem(path.p, path.n, "/.", 2))
        return true;
    size_t n;
    if (!core_url_unescape(path, out->path_store, &n))
        return false;
    out->path = (struct str){out->path_store, remove_dots(out->path_store, n)};
    return true;
}

/* ---- whole ---- */

/* Its own port, or 0. */
static uint32_t read_scheme(struct str scheme, struct core_url *out)
{
    const struct scheme *known = scheme_of(scheme);
    if (!known) {
        for (size_t i = 0; i < scheme.n; i++)
            out->scheme_store[i] =
                (char)(is_letter(scheme.p[i]) ? scheme.p[i] | 0x20 : scheme.p[i]);
        out->scheme = (struct str){out->scheme_store, scheme.n};
        known = scheme_of(out->scheme);
    }
    if (known)
        out->scheme = known->name;
    return known ? known->port : 0;
}

bool core_url_parse(struct str text, struct core_url *out)
{
    struct core_url_parts parts;
    if (!core_url_split(text, &parts))
        return false;
    uint32_t own = read_scheme(parts.scheme, out);
    out->port = parts.port.p ? core_url_port(parts.port) : own;
    out->own_port = own != 0 && out->port == own;
    out->rest = parts.rest;
    return (!parts.port.p || out->port != 0) && core_host_parse(parts.host, &out->host) &&
           read_path(parts.path, out) && !(classes_in(parts.rest) & BAD);
}

static void put_url(const struct core_url *url, struct buf *out)
{
    char text[CORE_ADDR_TEXT];
    buf_str(out, url->scheme);
    buf_z(out, "://");
    if (url->host.kind == CORE_HOST_NAME)
        buf_str(out, url->host.name);
    else
        buf_put(out, text, core_addr_format(&url->host.addr, text));
    if (url->port != 0 && !url->own_port)
        buf_printf(out, ":%u", url->port);
    buf_str(out, url->path);
    buf_str(out, url->rest);
}

/* The same text with its host in ASCII. */
static bool with_ascii_host(struct str text, struct buf *out)
{
    struct core_url_parts parts;
    if (!core_url_split(text, &parts))
        return false;
    const char *behind = parts.host.p + parts.host.n;
    buf_put(out, text.p, (size_t)(parts.host.p - text.p));
    bool good = parts.host.n && core_host_ascii(parts.host, out);
    buf_put(out, behind, text.n - (size_t)(behind - text.p));
    return good && !out->failed;
}

bool core_url_normal(struct str text, struct buf *out)
{
    struct core_url url;
    auto_buf struct buf ascii = {0};
    bool good = core_url_parse(text, &url) ||
                (with_ascii_host(text, &ascii) && core_url_parse(buf_view(&ascii), &url));
    if (good)
        put_url(&url, out);
    else
        buf_str(out, text);
    return good;
}
