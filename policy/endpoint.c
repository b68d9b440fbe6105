/* See endpoint.h. */
#include "policy/endpoint.h"

#include <arpa/inet.h>

static bool is_lower_or_digit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* Labels of letters, digits, `-` and `_`, none empty. */
static bool is_name(struct str s)
{
    bool start = true;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '.' ? start : !is_lower_or_digit(s.p[i]) && s.p[i] != '-' && s.p[i] != '_')
            return false;
        start = s.p[i] == '.';
    }
    return s.n > 0 && s.n < POLICY_MAX_HOST && !start;
}

/* A last label that is a number, or looks like one to some reader: such a host is an address. */
static bool ends_in_number(struct str s)
{
    size_t at = s.n;
    while (at > 0 && s.p[at - 1] != '.')
        at--;
    struct str last = {s.p + at, s.n - at};
    bool digits = last.n > 0;
    for (size_t i = 0; i < last.n; i++)
        digits = digits && last.p[i] >= '0' && last.p[i] <= '9';
    return digits || str_starts(last, STR("0x"));
}

static bool is_address(struct str s, int family)
{
    char text[64];
    uint8_t bytes[16];
    if (s.n >= sizeof text || memchr(s.p, '\0', s.n))
        return false;
    memcpy(text, s.p, s.n);
    text[s.n] = '\0';
    return inet_pton(family, text, bytes) == 1;
}

/* A name or an address, as which it can be compared by bytes. */
static bool is_host(struct str s)
{
    if (s.n > 2 && s.p[0] == '[')
        return s.p[s.n - 1] == ']' && is_address((struct str){s.p + 1, s.n - 2}, AF_INET6);
    return ends_in_number(s) ? is_address(s, AF_INET) : is_name(s);
}

static bool read_port(struct str s, uint32_t *port)
{
    uint32_t v = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9' || i > 4)
            return false;
        v = v * 10 + (uint32_t)(s.p[i] - '0');
    }
    *port = v;
    return v > 0 && v <= 65535;
}

/* The colon in front of the port; a v6 address has its own in brackets. */
static const char *port_colon(struct str s)
{
    size_t at = s.n;
    while (at > 0 && s.p[at - 1] != ':' && s.p[at - 1] != ']')
        at--;
    return at > 0 && s.p[at - 1] == ':' ? s.p + at - 1 : NULL;
}

const char *policy_endpoint_read(struct str text, struct core_endpoint *out)
{
    const char *colon = port_colon(text);
    *out = (struct core_endpoint){.host = text};
    if (!colon)
        return "has no port";
    struct str port = {colon + 1, (size_t)(text.p + text.n - colon) - 1};
    out->host.n = (size_t)(colon - text.p);
    if (!str_is(port, "any") && (port.p[0] == '0' || !read_port(port, &out->port)))
        return "has no port from 1 to 65535";
    struct str name = out->host;
    if (str_is(name, "*"))
        return NULL;
    bool below = str_starts(name, STR("*."));
    if (below)
        name = (struct str){name.p + 2, name.n - 2};
    bool good = below ? is_name(name) && !ends_in_number(name) : is_host(name);
    return good ? NULL : "has no host name in small letters, and no address";
}

/* ---- out of a URL ---- */

static const struct {
    const char *scheme;
    uint32_t port;
} schemes[] = {{"https://", 443}, {"http://", 80}, {"wss://", 443}, {"ws://", 80}};

static bool starts_caseless(struct str s, struct str prefix)
{
    for (size_t i = 0; i < prefix.n; i++)
        if (i >= s.n || (s.p[i] | (s.p[i] >= 'A' && s.p[i] <= 'Z' ? 0x20 : 0)) != prefix.p[i])
            return false;
    return true;
}

/* Nothing that two readers of a URL take for different things. */
static bool is_plain(struct str url)
{
    for (size_t i = 0; i < url.n; i++)
        if ((uint8_t)url.p[i] <= 0x20 || (uint8_t)url.p[i] >= 0x7f || url.p[i] == '\\')
            return false;
    return true;
}

static bool has_hidden_slash(struct str path)
{
    static const char *const hidden[] = {"%2f", "%5c", "%00"};
    for (size_t i = 0; i < path.n && path.p[i] != '?' && path.p[i] != '#'; i++)
        for (size_t k = 0; k < BASE_COUNT(hidden); k++)
            if (starts_caseless((struct str){path.p + i, path.n - i}, str_of(hidden[k])))
                return true;
    return false;
}

static bool lower_host(struct str s, char host[POLICY_MAX_HOST], struct str *out)
{
    if (s.n > 0 && s.p[s.n - 1] == '.')
        s.n--;
    if (s.n == 0 || s.n >= POLICY_MAX_HOST)
        return false;
    for (size_t i = 0; i < s.n; i++)
        host[i] = (char)(s.p[i] >= 'A' && s.p[i] <= 'Z' ? s.p[i] + 32 : s.p[i]);
    *out = (struct str){host, s.n};
    return is_host(*out);
}

bool policy_endpoint_of_url(struct str url, char host[POLICY_MAX_HOST], struct core_endpoint *out)
{
    size_t k = 0;
    while (k < BASE_COUNT(schemes) && !starts_caseless(url, str_of(schemes[k].scheme)))
        k++;
    if (k == BASE_COUNT(schemes) || !is_plain(url))
        return false;
    size_t at = strlen(schemes[k].scheme), end = at;
    while (end < url.n && !strchr("/?#", url.p[end]))
        end++;
    struct str authority = {url.p + at, end - at};
    if (memchr(authority.p, '@', authority.n) || memchr(authority.p, '%', authority.n) ||
        has_hidden_slash((struct str){url.p + end, url.n - end}))
        return false;
    const char *colon = port_colon(authority);
    out->port = schemes[k].port;
    if (colon) {
        size_t n = (size_t)(colon - authority.p);
        if (!read_port((struct str){colon + 1, authority.n - n - 1}, &out->port))
            return false;
        authority.n = n;
    }
    return lower_host(authority, host, &out->host);
}

/* ---- what two permit ---- */

static bool is_any_address(struct str host)
{
    return host.n > 0 && (host.p[0] == '[' || ends_in_number(host));
}

/* Whether all that `inner` stands for, `outer` does too. */
static bool host_covers(struct str outer, struct str inner)
{
    if (str_eq(outer, inner))
        return true;
    if (str_is(outer, "*"))
        return !is_any_address(inner);
    if (!str_starts(outer, STR("*.")) || is_any_address(inner))
        return false;
    struct str suffix = {outer.p + 1, outer.n - 1};
    return inner.n > suffix.n &&
           str_eq((struct str){inner.p + inner.n - suffix.n, suffix.n}, suffix);
}

bool policy_endpoint_meet(const struct core_endpoint *a, const struct core_endpoint *b,
                          struct core_endpoint *out)
{
    if (a->port && b->port && a->port != b->port)
        return false;
    out->port = a->port ? a->port : b->port;
    if (host_covers(a->host, b->host))
        out->host = b->host;
    else if (host_covers(b->host, a->host))
        out->host = a->host;
    else
        return false;
    return true;
}
