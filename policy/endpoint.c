/* See endpoint.h. */
#include "policy/endpoint.h"

#include "core/url.h"

_Static_assert(POLICY_MAX_HOST > CORE_HOST_MAX && POLICY_MAX_HOST > CORE_ADDR_TEXT,
               "room for every host");

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

/* In the one form in which a URL's host is compared with it. */
static bool is_address(struct str s)
{
    struct core_host host;
    char text[CORE_ADDR_TEXT];
    return core_host_parse(s, &host) && host.kind == CORE_HOST_ADDRESS &&
           str_eq(s, (struct str){text, core_addr_format(&host.addr, text)});
}

/* A name or an address, as which it can be compared by bytes. */
static bool is_host(struct str s)
{
    return (s.n > 0 && s.p[0] == '[') || ends_in_number(s) ? is_address(s) : is_name(s);
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
    if (memchr(text.p, '/', text.n))
        return "has a `/`: a host and a port, without scheme and path, are wanted";
    if (!colon)
        return "has no port";
    struct str port = {colon + 1, (size_t)(text.p + text.n - colon) - 1};
    out->host.n = (size_t)(colon - text.p);
    bool any = str_is(port, "any");
    out->port = any ? 0 : core_url_port(port);
    if (!any && (out->port == 0 || port.p[0] == '0'))
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

/* The reader of URLs that conditions judge by: what is judged and what is granted cannot differ. */
bool policy_endpoint_of_url(struct str text, char host[POLICY_MAX_HOST], struct core_endpoint *out)
{
    struct core_url url;
    if (!core_url_parse(text, &url) || !url.port)
        return false;
    size_t n = url.host.name.n;
    if (url.host.kind == CORE_HOST_ADDRESS)
        n = core_addr_format(&url.host.addr, host);
    else
        memcpy(host, url.host.name.p, n);
    *out = (struct core_endpoint){{host, n}, url.port};
    return true;
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
