/*
 * URL patterns: {scheme, host, port, path, cidr} or the short form, checked and put into the same
 * normal form as the URLs that they judge, so that judging is comparing.
 *
 * The form: flags, how many schemes, how many ports (16 bits); length of the host list, path
 * patterns and ranges; then schemes (a length byte each), ports (16 bits each) and those three.
 */
#include "policy/value_like.h"
#include "policy/value_url.h"

#define HEAD        16u
#define MAX_SCHEMES 32u
#define MAX_PORTS   1024u

enum { ANY_PORT = 1, OWN_PORT = 2 };
enum { HOST, PATH, CIDR, FORMS };

/* ---- compile ---- */

static bool put_scheme(struct str scheme, uint32_t index, bool needs_port, struct buf *out,
                       struct value_fault *fault)
{
    char text[CORE_SCHEME_MAX + 1];
    bool good = scheme.n > 0 && scheme.n <= CORE_SCHEME_MAX;
    for (size_t i = 0; good && i < scheme.n; i++) {
        char c = scheme.p[i], lower = (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
        bool letter = lower >= 'a' && lower <= 'z';
        text[i] = lower;
        good = letter || (i > 0 && ((c >= '0' && c <= '9') || strchr("+-.", c)) && c);
    }
    if (!good)
        return value_fail(fault, "scheme", index, "no scheme that a URL could have",
                          "a word such as https, without `:`");
    if (needs_port && core_url_port_of((struct str){text, scheme.n}) == 0)
        return value_fail(fault, "scheme", index, "a scheme without a port of its own",
                          "write `port:`, numbers or `any`");
    buf_byte(out, (uint8_t)scheme.n);
    buf_put(out, text, scheme.n);
    return true;
}

static bool put_ports(const struct value_url_spec *spec, struct buf *out, struct value_fault *fault)
{
    for (uint32_t i = 0; i < spec->nport; i++) {
        if (spec->port[i] < 1 || spec->port[i] > 65535)
            return value_fail(fault, "port", i, "a port is 1 to 65535", NULL);
        value_put_u16(out, (size_t)spec->port[i]);
    }
    return true;
}

static bool has_dot_segment(struct str path)
{
    for (size_t i = 0; i < path.n;) {
        const char *slash = memchr(path.p + i, '/', path.n - i);
        size_t end = slash ? (size_t)(slash - path.p) : path.n;
        struct str segment = {path.p + i, end - i};
        if (str_eq(segment, STR(".")) || str_eq(segment, STR("..")))
            return true;
        i = end + 1;
    }
    return false;
}

/* What no path in normal form can be. */
static const char *wrong_path(struct str path)
{
    if (path.n == 0 || path.p[0] != '/')
        return "a URL's path begins with `/`";
    for (size_t i = 0; i < path.n; i++) {
        bool star = path.p[i] == '\\' && i + 1 < path.n && path.p[i + 1] == '*';
        if (path.p[i] == '?' || path.p[i] == '#')
            return "query and fragment are not judged";
        if (!core_url_byte(path.p[i]) && !star)
            return "a character that no URL's path has; write it percent-encoded";
    }
    return NULL;
}

static bool put_path(struct str path, uint32_t index, struct arena *arena, struct str *out,
                     struct value_fault *fault)
{
    const char *wrong =
        path.n > VALUE_LIKE_MAX ? "a path of more than 4,096 bytes" : wrong_path(path);
    if (wrong)
        return value_fail(fault, "path", index, wrong, NULL);
    char *text = arena_alloc(arena, path.n);
    *out = (struct str){text, 0};
    if (!text)
        return true;
    if (!core_url_unescape(path, text, &out->n))
        return value_fail(fault, "path", index,
                          "an escape that is malformed, or of `/`, `\\` or NUL",
                          "no URL with it is ever judged");
    if (has_dot_segment(*out))
        return value_fail(fault, "path", index, "a path with `.` or `..`", "write where it leads");
    return true;
}

static bool put_paths(struct value_list paths, struct buf *out, struct value_fault *fault)
{
    struct arena arena auto_arena;
    arena_init(&arena, 0);
    struct str *normal =
        paths.n <= VALUE_MAX_LIST ? arena_array(&arena, paths.n, sizeof *normal) : NULL;
    for (uint32_t i = 0; normal && i < paths.n; i++) {
        if (!put_path(paths.v[i], i, &arena, &normal[i], fault))
            return false;
        out->failed |= !normal[i].p;
    }
    out->failed |= !normal;
    struct value_at ignored;
    return out->failed ||
           value_like_compile((struct value_list){normal, paths.n}, out, &ignored, fault);
}

typedef bool compile_list(struct value_list list, struct buf *bytes, struct value_at *out,
                          struct value_fault *fault);

static bool put_list(struct value_list list, const char *key, compile_list *compile,
                     struct buf *out, struct value_fault *fault)
{
    struct value_at ignored;
    if (list.n == 0 || compile(list, out, &ignored, fault))
        return true;
    fault->key = key;
    return false;
}

static bool put_schemes(const struct value_url_spec *spec, struct buf *out,
                        struct value_fault *fault)
{
    bool needs_port = !spec->any_port && spec->nport == 0;
    for (uint32_t i = 0; i < spec->scheme.n; i++)
        if (!put_scheme(spec->scheme.v[i], i, needs_port, out, fault))
            return false;
    return spec->scheme.n > 0 || put_scheme(STR("https"), 0, needs_port, out, fault);
}

static void put_head(const struct value_url_spec *spec, const size_t length[FORMS], struct buf *out)
{
    uint32_t ports = spec->any_port ? 0 : spec->nport;
    buf_byte(out, (uint8_t)(spec->any_port ? ANY_PORT : ports ? 0 : OWN_PORT));
    buf_byte(out, (uint8_t)(spec->scheme.n ? spec->scheme.n : 1));
    value_put_u16(out, ports);
    for (int i = 0; i < FORMS; i++)
        buf_u32le(out, (uint32_t)length[i]);
}

bool value_url_compile(const struct value_url_spec *spec, struct buf *bytes, struct value_at *out,
                       struct value_fault *fault)
{
    if (spec->scheme.n > MAX_SCHEMES || spec->nport > MAX_PORTS)
        return value_fail(fault, spec->nport > MAX_PORTS ? "port" : "scheme", 0, "too many of them",
                          NULL);
    auto_buf struct buf body = {0};
    if (!put_schemes(spec, &body, fault) || (!spec->any_port && !put_ports(spec, &body, fault)))
        return false;
    size_t length[FORMS], before = body.len;
    if (!put_list(spec->host, "host", value_hosts_compile, &body, fault))
        return false;
    length[HOST] = body.len - before;
    before = body.len;
    if (spec->path.n && !put_paths(spec->path, &body, fault))
        return false;
    length[PATH] = body.len - before;
    before = body.len;
    if (!put_list(spec->cidr, "cidr", value_cidr_compile, &body, fault))
        return false;
    length[CIDR] = body.len - before;
    out->at = (uint32_t)bytes->len;
    put_head(spec, length, bytes);
    buf_put(bytes, body.data, body.len);
    bytes->failed |= body.failed;
    out->n = (uint32_t)bytes->len - out->at;
    return true;
}

bool value_url_compile_short(struct str text, struct buf *bytes, struct value_at *out,
                             struct value_fault *fault)
{
    struct core_url_parts parts;
    if (!core_url_split(text, &parts) || parts.host.n == 0)
        return value_fail(
            fault, NULL, 0, "no URL pattern",
            "write \"https://host:port/path\", or a mapping with scheme, host, port, path");
    if (memchr(parts.host.p, '@', (size_t)(parts.path.p - parts.host.p)))
        return value_fail(fault, NULL, 0, "a URL pattern with user information", NULL);
    if (parts.rest.n)
        return value_fail(fault, NULL, 0, "a URL pattern with a query or fragment",
                          "they are not judged: end it before the `?` or `#`");
    int64_t port = core_url_port(parts.port);
    if (parts.port.p && port == 0)
        return value_fail(fault, NULL, 0, "a port is 1 to 65535",
                          "for any port write a mapping with `port: any`");
    struct value_url_spec spec = {.scheme = {&parts.scheme, 1},
                                  .host = {&parts.host, 1},
                                  .path = {&parts.path, parts.path.n ? 1 : 0},
                                  .port = &port,
                                  .nport = parts.port.p ? 1 : 0};
    return value_url_compile(&spec, bytes, out, fault);
}

/* ---- what comes from outside ---- */

static struct str part_at(const char *form, size_t at, int which)
{
    for (int i = 0; i < which; i++)
        at += base_get_u32le(form + 4 + 4 * i);
    return (struct str){form + at, base_get_u32le(form + 4 + 4 * which)};
}

static size_t count_ports(const char *form)
{
    return value_get_u16(form + 2);
}

bool value_url_sound(struct str form)
{
    if (form.n < HEAD || form.p[0] < 0 || form.p[0] > 2 || form.p[1] == 0)
        return false;
    size_t at = HEAD;
    for (int i = 0; i < (uint8_t)form.p[1]; i++) {
        if (at >= form.n || form.p[at] <= 0 || (size_t)form.p[at] > CORE_SCHEME_MAX)
            return false;
        at += 1 + (size_t)form.p[at];
    }
    at += 2 * count_ports(form.p);
    size_t length = at;
    for (int i = 0; i < FORMS; i++)
        length += base_get_u32le(form.p + 4 + 4 * i);
    if (length != form.n)
        return false;
    struct str host = part_at(form.p, at, HOST), path = part_at(form.p, at, PATH),
               cidr = part_at(form.p, at, CIDR);
    return (host.n == 0 || value_hosts_sound(host)) && (path.n == 0 || value_like_sound(path)) &&
           (cidr.n == 0 || value_cidr_sound(cidr));
}

/* ---- judge ---- */

/* Whether a scheme of the form is the URL's; `*at` ends up behind them all. */
static bool fits_scheme(const char *form, struct str scheme, size_t *at)
{
    bool found = false;
    for (int i = 0; i < (uint8_t)form[1]; i++) {
        struct str s = {form + *at + 1, (uint8_t)form[*at]};
        found |= str_eq(s, scheme);
        *at += 1 + s.n;
    }
    return found;
}

static enum tri fits_port(const char *form, const char *ports, const struct core_url *url)
{
    if (form[0] == ANY_PORT)
        return TRI_TRUE;
    if (url->port == 0)
        return TRI_UNKNOWN;
    if (form[0] == OWN_PORT)
        return tri_of(url->own_port);
    size_t n = count_ports(form);
    for (size_t i = 0; i < n; i++)
        if (url->port == value_get_u16(ports + 2 * i))
            return TRI_TRUE;
    return TRI_FALSE;
}

static bool fits_cidr(struct str form, const struct core_host *host)
{
    return host->kind == CORE_HOST_ADDRESS && value_cidr_has(form, &host->addr);
}

enum tri value_url_fits(struct str form, const struct core_url *url)
{
    size_t at = HEAD;
    if (!fits_scheme(form.p, url->scheme, &at))
        return TRI_FALSE;
    enum tri port = fits_port(form.p, form.p + at, url);
    at += 2 * count_ports(form.p);
    struct str host = part_at(form.p, at, HOST), path = part_at(form.p, at, PATH),
               cidr = part_at(form.p, at, CIDR);
    if (port == TRI_FALSE || (host.n && !value_hosts_have(host, &url->host)) ||
        (cidr.n && !fits_cidr(cidr, &url->host)) || (path.n && !value_like_holds(path, url->path)))
        return TRI_FALSE;
    return port;
}

enum tri value_url_holds(struct str form, struct str text)
{
    struct core_url url;
    return core_url_parse(text, &url) ? value_url_fits(form, &url) : TRI_UNKNOWN;
}
