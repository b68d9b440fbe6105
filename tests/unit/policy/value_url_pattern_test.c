/*
 * URL patterns, sentence by sentence: a pattern, a URL, and whether it is true, false or unknown.
 */
#include "value_support.h"

#include "policy/value_url.h"

/* Keys as words; NULL: the key is not there. A pattern with `url` is the short form. */
struct pattern {
    const char *url, *scheme, *host, *port, *path, *cidr;
};

static bool compile(const struct pattern *p, struct buf *b, struct value_at *at,
                    struct value_fault *fault)
{
    struct words scheme, host, port, path, cidr;
    int64_t ports[MAX_WORDS];
    if (p->url)
        return value_url_compile_short(str_of(p->url), b, at, fault);
    struct value_url_spec spec = {.scheme = words_of(p->scheme, &scheme),
                                  .host = words_of(p->host, &host),
                                  .path = words_of(p->path, &path),
                                  .cidr = words_of(p->cidr, &cidr)};
    struct value_list list = words_of(p->port, &port);
    spec.any_port = list.n && str_is(list.v[0], "any");
    spec.port = ports;
    spec.nport = spec.any_port ? 0 : list.n;
    for (uint32_t i = 0; i < spec.nport; i++)
        ports[i] = strtoll(list.v[i].p, NULL, 10);
    return value_url_compile(&spec, b, at, fault);
}

static const struct {
    const char *name;
    struct pattern pattern;
    const char *url, *value;
} rows[] = {
    {"nothing written: https", {.url = NULL}, "https://h/", "true"},
    {"defaults `scheme: [https]`", {.host = "h"}, "http://h/", "false"},
    {"a scheme that is written", {.scheme = "http", .host = "h"}, "http://h/", "true"},
    {"a scheme that is written is the only one", {.scheme = "http"}, "https://h/", "false"},
    {"several schemes", {.scheme = "http https"}, "https://h/", "true"},
    {"a scheme in capitals", {.scheme = "HTTP"}, "http://h/", "true"},
    {"`port:` the scheme's own", {.host = "h"}, "https://h:443/", "true"},
    {"`port:` the scheme's own, not another", {.host = "h"}, "https://h:8443/", "false"},
    {"the scheme's own is each URL's", {.scheme = "http https"}, "http://h:443/", "false"},
    {"the scheme's own, of two", {.scheme = "http https"}, "http://h:80/", "true"},
    {"a port that is written", {.port = "8443"}, "https://h:8443/", "true"},
    {"a port that is written is the only one", {.port = "8443"}, "https://h/", "false"},
    {"several ports", {.port = "443 8443"}, "https://h/", "true"},
    {"`port: any` exists", {.port = "any"}, "https://h:1/", "true"},
    {"`port: any` is the default's, too", {.port = "any"}, "https://h/", "true"},
    {"a scheme without a port and none written",
     {.scheme = "git", .port = "9418"},
     "git://h/",
     "unknown"},
    {"a scheme without a port and one written",
     {.scheme = "git", .port = "9418"},
     "git://h:9418/",
     "true"},
    {"a scheme without a port under any", {.scheme = "git", .port = "any"}, "git://h/", "true"},
    {"an unknown port decides nothing that is false",
     {.scheme = "git", .port = "9418", .host = "x"},
     "git://h/",
     "false"},
    {"a host", {.host = "h.example"}, "https://h.example/x", "true"},
    {"another host", {.host = "h.example"}, "https://i.example/x", "false"},
    {"`*.x`", {.host = "*.example.com"}, "https://a.b.example.com/", "true"},
    {"`*.x` not x", {.host = "*.example.com"}, "https://example.com/", "false"},
    {"`*` any name", {.host = "*"}, "https://h.example/", "true"},
    {"`*` no address", {.host = "*"}, "https://192.0.2.1/", "false"},
    {"an address", {.host = "192.0.2.1"}, "https://192.0.2.1/", "true"},
    {"an address, mapped", {.host = "192.0.2.1"}, "https://[::ffff:192.0.2.1]/", "true"},
    {"IPv6", {.host = "::1"}, "https://[0:0::1]/", "true"},
    {"no host written: a name", {.path = "/x"}, "https://h/x", "true"},
    {"no host written: an address", {.path = "/x"}, "https://192.0.2.1/x", "true"},
    {"a path is exact", {.path = "/v1/x"}, "https://h/v1/x", "true"},
    {"a path is the whole path", {.path = "/v1"}, "https://h/v1/x", "false"},
    {"a path with `*`", {.path = "/v1/*"}, "https://h/v1/a/b", "true"},
    {"a path with `*`, not its folder", {.path = "/v1/*"}, "https://h/v1", "false"},
    {"dot segments before `path` is judged", {.path = "/v1/*"}, "https://h/v1/../admin", "false"},
    {"%2e before `path` is judged", {.path = "/v1/*"}, "https://h/v1/%2e%2E/admin", "false"},
    {"dot segments lead in", {.path = "/v1/*"}, "https://h/x/../v1/a", "true"},
    {"%2f in the path is unknown", {.path = "/v1/*"}, "https://h/v1/..%2fadmin", "unknown"},
    {"%5c in the path is unknown", {.path = "/v1/*"}, "https://h/v1/..%5cadmin", "unknown"},
    {"%00 in the path is unknown", {.path = "/v1/*"}, "https://h/v1/x%00", "unknown"},
    {"an escaped letter is that letter", {.path = "/admin/*"}, "https://h/%61dmin/x", "true"},
    {"an escape in the pattern", {.path = "/%7euser/*"}, "https://h/~user/x", "true"},
    {"escapes in any case", {.path = "/a%c3%a9"}, "https://h/a%C3%A9", "true"},
    {"several paths", {.path = "/a /b/*"}, "https://h/b/x", "true"},
    {"an asterisk in a path", {.path = "/a\\*"}, "https://h/a*", "true"},
    {"no path is `/`", {.path = "/"}, "https://h", "true"},
    {"query and fragment are not judged", {.path = "/a"}, "https://h/a?b=/c#d", "true"},
    {"case of the path", {.path = "/A"}, "https://h/a", "false"},
    {"cidr", {.scheme = "http", .cidr = "169.254.0.0/16"}, "http://169.254.169.254/x", "true"},
    {"cidr, mapped",
     {.scheme = "http", .cidr = "169.254.0.0/16"},
     "http://[::ffff:a9fe:a9fe]/",
     "true"},
    {"cidr, elsewhere", {.cidr = "169.254.0.0/16"}, "https://192.0.2.1/", "false"},
    {"cidr, no name", {.cidr = "0.0.0.0/0 ::/0"}, "https://h.example/", "false"},
    {"cidr, written as a number is unknown",
     {.cidr = "169.254.0.0/16"},
     "https://2852039166/",
     "unknown"},
    {"host and cidr both", {.host = "10.0.0.1", .cidr = "10.0.0.0/8"}, "https://10.0.0.1/", "true"},
    {"host without cidr",
     {.host = "10.0.0.1", .cidr = "192.0.2.0/24"},
     "https://10.0.0.1/",
     "false"},
    {"all keys must hold",
     {.scheme = "http", .host = "h", .port = "81", .path = "/a"},
     "http://h:81/a",
     "true"},
    {"short form", {.url = "https://h.example:8443/v1/*"}, "https://h.example:8443/v1/x", "true"},
    {"short form: the port",
     {.url = "https://h.example:8443/v1/*"},
     "https://h.example/v1/x",
     "false"},
    {"short form: the path",
     {.url = "https://h.example:8443/v1/*"},
     "https://h.example:8443/v2",
     "false"},
    {"short form: the host",
     {.url = "https://h.example:8443/v1/*"},
     "https://g.example:8443/v1/x",
     "false"},
    {"short form: the scheme",
     {.url = "https://h.example:8443/v1/*"},
     "http://h.example:8443/v1/x",
     "false"},
    {"short form: the scheme's port", {.url = "http://h.example/"}, "http://h.example:80/", "true"},
    {"short form without a path: any",
     {.url = "https://h.example"},
     "https://h.example/x/y",
     "true"},
    {"short form with `/`: that one",
     {.url = "https://h.example/"},
     "https://h.example/x",
     "false"},
    {"short form: `*.x`", {.url = "https://*.example.com/*"}, "https://a.example.com/", "true"},
    {"short form: `*`", {.url = "https://*"}, "https://a.example.com/", "true"},
    {"short form: IPv6", {.url = "https://[::1]:8443/"}, "https://[0::1]:8443/", "true"},
    {"short form in capitals", {.url = "HTTPS://H.Example/A"}, "https://h.example/A", "true"},
    {"what is no URL is unknown", {.port = "any"}, "h.example", "unknown"},
    {"userinfo is unknown", {.host = "h"}, "https://u@h/", "unknown"},
    {"userinfo under a deny of all",
     {.scheme = "http https", .port = "any"},
     "http://a@b/",
     "unknown"},
    {"an empty text is unknown", {.url = NULL}, "", "unknown"},
};

static void patterns_fit(void **state)
{
    (void)state;
    for (size_t i = 0; i < BASE_COUNT(rows); i++) {
        struct value_at at;
        struct value_fault fault;
        struct form form = {0};
        auto_buf struct buf b = {0};
        buf_z(&b, "xyz");
        ROW_CHECK(rows[i].name, compile(&rows[i].pattern, &b, &at, &fault));
        form_take(&b, at, &form);
        ROW_CHECK(rows[i].name, value_url_sound(form.s));
        ROW_TRI(rows[i].name, value_url_holds(form.s, str_of(rows[i].url)), rows[i].value);
        form_free(&form);
    }
}

static const struct {
    const char *name;
    struct pattern pattern;
    const char *key; /* NULL: the operand itself */
    uint32_t index;
} wrong[] = {
    {"userinfo", {.url = "https://u@h.example/"}, NULL, 0},
    {"userinfo with a password", {.url = "https://u:p@h.example/"}, NULL, 0},
    {"a query", {.url = "https://h.example/?x"}, NULL, 0},
    {"a fragment", {.url = "https://h.example/#x"}, NULL, 0},
    {"`*` inside a label", {.url = "https://a*.example/"}, "host", 0},
    {"port 0", {.url = "https://h:0/"}, NULL, 0},
    {"an empty port", {.url = "https://h:/"}, NULL, 0},
    {"port 65536", {.url = "https://h:65536/"}, NULL, 0},
    {"no scheme", {.url = "h.example/x"}, NULL, 0},
    {"no host", {.url = "https:///x"}, NULL, 0},
    {"a path with `..`", {.url = "https://h/../x"}, "path", 0},
    {"a scheme without a port of its own", {.url = "git://h/"}, "scheme", 0},
    {"a scheme without a port of its own, in a mapping", {.scheme = "https git"}, "scheme", 1},
    {"no scheme that is one", {.scheme = "https:"}, "scheme", 0},
    {"an empty scheme", {.scheme = "_"}, "scheme", 0},
    {"port 0 in a mapping", {.port = "0"}, "port", 0},
    {"port 65536 in a mapping", {.port = "443 65536"}, "port", 1},
    {"a negative port", {.port = "-1"}, "port", 0},
    {"a host with a port", {.host = "h:443"}, "host", 0},
    {"a range as a host", {.host = "h 10.0.0.0/8"}, "host", 1},
    {"`*` in the middle of a host", {.host = "a.*.example"}, "host", 0},
    {"cidr: x", {.cidr = "x"}, "cidr", 0},
    {"a path without `/`", {.path = "v1/*"}, "path", 0},
    {"a path that is `*`", {.path = "*"}, "path", 0},
    {"a path with `.`", {.path = "/a /b/./c"}, "path", 1},
    {"a path with %2e%2e", {.path = "/a/%2e%2E/c"}, "path", 0},
    {"a path with %2f", {.path = "/a%2fb"}, "path", 0},
    {"a path with a malformed escape", {.path = "/a%"}, "path", 0},
    {"a path with a query", {.path = "/a?b"}, "path", 0},
    {"a path outside ASCII", {.path = "/caf\xc3\xa9"}, "path", 0},
    {"a path with a backslash", {.path = "/a\\b"}, "path", 0},
};

static void what_is_no_pattern_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < BASE_COUNT(wrong); i++) {
        struct value_at at;
        struct value_fault fault = {0};
        auto_buf struct buf b = {0};
        ROW_CHECK(wrong[i].name, !compile(&wrong[i].pattern, &b, &at, &fault));
        ROW_CHECK(wrong[i].name, fault.text && fault.index == wrong[i].index && b.len == 0);
        ROW_CHECK(wrong[i].name, (fault.key == NULL) == (wrong[i].key == NULL));
        ROW_CHECK(wrong[i].name, !fault.key || strcmp(fault.key, wrong[i].key) == 0);
    }
}

static void ask(struct str form)
{
    static const char *const texts[] = {"https://h.example/a", "http://10.0.0.1:81/b/c",
                                        "git://[::1]/x"};
    for (size_t i = 0; i < BASE_COUNT(texts); i++)
        (void)value_url_holds(form, str_of(texts[i]));
}

static void changed_forms_are_refused_or_harmless(void **state)
{
    (void)state;
    struct value_at at;
    struct value_fault fault;
    auto_buf struct buf b = {0};
    const struct pattern p = {.scheme = "http https",
                              .host = "h.example *.x 10.0.0.1",
                              .port = "443 81",
                              .path = "/a /b/*",
                              .cidr = "10.0.0.0/8"};
    assert_true(compile(&p, &b, &at, &fault));
    form_mutate(buf_view(&b), value_url_sound, ask);
}

/* Lists longer than the form's fields can count are refused, not cut. */
static void long_lists_are_refused(void **state)
{
    (void)state;
    static int64_t ports[2000];
    static struct str schemes[300];
    for (int i = 0; i < 2000; i++)
        ports[i] = 443;
    for (int i = 0; i < 300; i++)
        schemes[i] = STR("https");
    struct value_at at;
    struct value_fault fault;
    auto_buf struct buf b = {0};
    struct value_url_spec many_ports = {.port = ports, .nport = 2000};
    struct value_url_spec many_schemes = {.scheme = {schemes, 300}};
    assert_false(value_url_compile(&many_ports, &b, &at, &fault));
    assert_false(value_url_compile(&many_schemes, &b, &at, &fault));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(patterns_fit),
        cmocka_unit_test(what_is_no_pattern_is_refused),
        cmocka_unit_test(changed_forms_are_refused_or_harmless),
        cmocka_unit_test(long_lists_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
