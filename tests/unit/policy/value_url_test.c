/*
 * URLs and their patterns: the examples of RFC 3986 sections 5.4 and 6.2 and of the WHATWG URL
 * standard first, then each sentence of the language.
 */
#include "value_support.h"

#include "policy/endpoint.h"
#include "policy/value_url.h"

/* text, and "scheme host port path"; NULL: unknown */
static const struct {
    const char *name, *text, *parts;
} urls[] = {
    /* RFC 3986 section 5.4, as far as they are absolute; `http://a/b/c/d;p?q` is the base. */
    {"RFC 3986 5.4.1 g", "http://a/b/c/g", "http a 80 /b/c/g"},
    {"RFC 3986 5.4.1 ./g/", "http://a/b/c/./g/", "http a 80 /b/c/g/"},
    {"RFC 3986 5.4.1 g;x=1/./y", "http://a/b/c/g;x=1/./y", "http a 80 /b/c/g;x=1/y"},
    {"RFC 3986 5.4.1 .", "http://a/b/c/.", "http a 80 /b/c/"},
    {"RFC 3986 5.4.1 ..", "http://a/b/c/..", "http a 80 /b/"},
    {"RFC 3986 5.4.1 ../../g", "http://a/b/c/../../g", "http a 80 /g"},
    {"RFC 3986 5.4.2 ../../../../g", "http://a/b/c/../../../../g", "http a 80 /g"},
    {"RFC 3986 5.4.2 g..", "http://a/b/c/g..", "http a 80 /b/c/g.."},
    {"RFC 3986 5.4.2 ..g", "http://a/b/c/..g", "http a 80 /b/c/..g"},
    {"RFC 3986 5.4.2 ./g/.", "http://a/b/c/./g/.", "http a 80 /b/c/g/"},
    {"RFC 3986 5.4.2 g;x=1/../y", "http://a/b/c/g;x=1/../y", "http a 80 /b/c/y"},
    {"RFC 3986 5.4.2 g?y/../x", "http://a/b/c/g?y/../x", "http a 80 /b/c/g"},
    {"RFC 3986 5.4.2 g#s/../x", "http://a/b/c/g#s/../x", "http a 80 /b/c/g"},
    {"RFC 3986 6.2.2 normal", "example://a/b/c/%7Bfoo%7D", "example a 0 /b/c/%7Bfoo%7D"},
    {"RFC 3986 6.2.2 is the same", "eXAMPLE://a/./b/../b/%63/%7bfoo%7d",
     "example a 0 /b/c/%7Bfoo%7D"},
    {"RFC 3986 6.2.3 no path", "http://example.com", "http example.com 80 /"},
    {"RFC 3986 6.2.3 the scheme's port", "http://example.com:80/", "http example.com 80 /"},
    {"WHATWG: %2e is a dot", "https://h/a/%2e%2E/b/%2e", "https h 443 /b/"},
    {"WHATWG: .%2e", "https://h/a/.%2e/b", "https h 443 /b"},
    {"WHATWG: an empty segment stays", "https://h//a//../b", "https h 443 //a/b"},
    {"WHATWG: hexadecimal host", "http://0x7f000001/", NULL},
    {"WHATWG: short host", "http://127.1/", NULL},
    {"WHATWG: no slashes", "https:h/", NULL},
    {"WHATWG: one slash", "https:/h/", NULL},
    {"WHATWG: three slashes", "https:///h/", NULL},
    {"WHATWG: backslashes", "https:\\\\h\\", NULL},
    {"WHATWG: a tab is not dropped", "ht\ttps://h/", NULL},
    {"WHATWG: a newline is not dropped", "https://h/a\nb", NULL},
    {"WHATWG: no space is trimmed", " https://h/", NULL},
    {"WHATWG: nor at the end", "https://h/ ", NULL},
    /* the language */
    {"default ports: https", "https://h.example/v1", "https h.example 443 /v1"},
    {"default ports: wss", "wss://h/", "wss h 443 /"},
    {"default ports: ws", "ws://h/", "ws h 80 /"},
    {"default ports: ftp", "ftp://h/", "ftp h 21 /"},
    {"a scheme in capitals", "HTTPS://h/", "https h 443 /"},
    {"a scheme with + - .", "a+b-c.d1://h/", "a+b-c.d1 h 0 /"},
    {"a scheme that begins with a digit", "1a://h/", NULL},
    {"no scheme", "//h/", NULL},
    {"relative", "/v1/x", NULL},
    {"a host alone", "h.example", NULL},
    {"no authority", "mailto:a@h.example", NULL},
    {"nothing", "", NULL},
    {"no host", "https://", NULL},
    {"no host but a port", "https://:443/", NULL},
    {"no host but a query", "https://?x", NULL},
    {"ASCII but for the host: the path", "https://h/caf\xc3\xa9", NULL},
    {"ASCII but for the host: the query", "https://h/?caf\xc3\xa9", NULL},
    {"ASCII but for the host: the fragment", "https://h/#caf\xc3\xa9", NULL},
    {"a host outside ASCII in a decision",
     "https://b\xc3\xbc"
     "cher.example/",
     NULL},
    {"a control in the path", "https://h/a\x01", NULL},
    {"a control in the query", "https://h/?a\x7f", NULL},
    {"a control in the host", "https://h\x02/", NULL},
    {"a space in the path", "https://h/a b", NULL},
    {"a space in the query", "https://h/?a b", NULL},
    {"a space in the fragment", "https://h/#a b", NULL},
    {"a backslash in the path", "https://h/a\\b", NULL},
    {"a backslash in the query", "https://h/?a\\b", NULL},
    {"a backslash ends no host", "https://good.example\\@evil.example/", NULL},
    {"userinfo", "https://u@h.example/", NULL},
    {"userinfo with a password", "https://u:p@h.example/", NULL},
    {"userinfo that is a host", "https://good.example:443@evil.example/", NULL},
    {"userinfo that is empty", "https://@h.example/", NULL},
    {"`@` in the path is none", "https://h.example/@u", "https h.example 443 /@u"},
    {"`@` in the query is none", "https://h.example?@u", "https h.example 443 /"},
    {"`%` in the host", "https://h%2eexample/", NULL},
    {"an empty port", "https://h:/", NULL},
    {"port 0", "https://h:0/", NULL},
    {"port 65535", "https://h:65535/", "https h 65535 /"},
    {"port 65536", "https://h:65536/", NULL},
    {"a port beyond 64 bits", "https://h:18446744073709552059/", NULL},
    {"a port with leading zeros", "https://h:00443/", "https h 443 /"},
    {"a port that is no number", "https://h:https/", NULL},
    {"a port with a sign", "https://h:+443/", NULL},
    {"two ports", "https://h:80:443/", NULL},
    {"%2f in the path", "https://h/a%2fb", NULL},
    {"%2F in the path", "https://h/a%2Fb", NULL},
    {"%5c in the path", "https://h/a%5cb", NULL},
    {"%00 in the path", "https://h/a%00b", NULL},
    {"%2f in the query is not judged", "https://h/a?b=%2f%00", "https h 443 /a"},
    {"a malformed escape", "https://h/a%2", NULL},
    {"a malformed escape of letters", "https://h/a%zz", NULL},
    {"an escape of an escape stays", "https://h/%252e%252e/x", "https h 443 /%252e%252e/x"},
    {"an escape of a letter is that letter", "https://h/%61dmin", "https h 443 /admin"},
    {"other escapes stay", "https://h/a%20b%3f", "https h 443 /a%20b%3F"},
    {"a trailing dot of the host", "https://h.example./", "https h.example 443 /"},
    {"a host in capitals", "https://H.Example/", "https h.example 443 /"},
    {"a number as the last label", "http://2852039166/", NULL},
    {"octal", "http://0251.0376.0251.0376/", NULL},
    {"hexadecimal", "http://0xa9fea9fe/", NULL},
    {"a quad", "http://169.254.169.254/", "http 169.254.169.254 80 /"},
    {"[v6]", "https://[2001:DB8::1]:8443/x", "https [2001:db8::1] 8443 /x"},
    {"[v6] without a port", "https://[::1]", "https [::1] 443 /"},
    {"[v6] with a zone", "https://[fe80::1%25eth0]/", NULL},
    {"[v6] mapped", "http://[::ffff:169.254.169.254]/", "http 169.254.169.254 80 /"},
    {"[v6] with text behind", "https://[::1]x/", NULL},
    {"[v6] that is not closed", "https://[::1/", NULL},
    {"v6 without brackets", "https://::1/", NULL},
    {"a query behind the host", "https://h.example?x=1", "https h.example 443 /"},
    {"a fragment behind the host", "https://h.example#x", "https h.example 443 /"},
};

static void put_parts(const struct core_url *url, struct buf *out)
{
    char text[CORE_ADDR_TEXT];
    buf_str(out, url->scheme);
    buf_z(out, " ");
    if (url->host.kind == CORE_HOST_NAME)
        buf_str(out, url->host.name);
    else
        buf_put(out, text, core_addr_format(&url->host.addr, text));
    buf_printf(out, " %u ", url->port);
    buf_str(out, url->path);
}

static void urls_are_taken_apart(void **state)
{
    (void)state;
    for (size_t i = 0; i < BASE_COUNT(urls); i++) {
        struct core_url url;
        bool good = core_url_parse(str_of(urls[i].text), &url);
        ROW_CHECK(urls[i].name, good == (urls[i].parts != NULL));
        if (!good)
            continue;
        auto_buf struct buf out = {0};
        put_parts(&url, &out);
        if (!str_is(buf_view(&out), urls[i].parts))
            fail_msg("%s: %s", urls[i].name, out.data);
    }
}

static void a_nul_is_a_control(void **state)
{
    (void)state;
    struct core_url url;
    assert_false(core_url_parse((struct str){"https://h/\0x", 12}, &url));
    assert_false(core_url_parse((struct str){"https://h\0/", 11}, &url));
    assert_false(core_url_parse((struct str){"https://h/?\0", 12}, &url));
}

/* Each of the 256 bytes in path and query: ASCII but controls, space and backslash. */
static void bytes_of_a_url(void **state)
{
    (void)state;
    for (int c = 0; c < 256; c++) {
        char path[] = "https://h/ab", query[] = "https://h/?b";
        struct core_url url;
        path[11] = query[11] = (char)c;
        bool good = c > ' ' && c < 127 && c != '\\';
        assert_int_equal(core_url_parse((struct str){path, 12}, &url), good && c != '%');
        assert_int_equal(core_url_parse((struct str){query, 12}, &url), good);
    }
}

static void limits_of_length(void **state)
{
    (void)state;
    static char text[CORE_URL_MAX + 1];
    struct core_url url;
    memset(text, 'a', sizeof text);
    memcpy(text, "https://h/", 10);
    assert_true(core_url_parse((struct str){text, 9 + CORE_URL_PATH_MAX}, &url));
    assert_false(core_url_parse((struct str){text, 10 + CORE_URL_PATH_MAX}, &url));
    text[10] = '?';
    assert_true(core_url_parse((struct str){text, CORE_URL_MAX}, &url));
    assert_false(core_url_parse((struct str){text, CORE_URL_MAX + 1}, &url));
    text[CORE_URL_MAX - 1] = ' ';
    assert_false(core_url_parse((struct str){text, CORE_URL_MAX}, &url));
}

static const struct {
    const char *name, *text, *normal, *authority;
} normals[] = {
    {"all at once", "HTTPS://H.Example.:443/a/../%7Eb?Q#F", "https://h.example/~b?Q#F",
     "h.example:443"},
    {"a port of its own", "http://h:8080", "http://h:8080/", "h:8080"},
    {"IPv6", "https://[2001:DB8:0::1]/", "https://[2001:db8::1]/", "[2001:db8::1]:443"},
    {"an umlaut",
     "https://B\xc3\xbc"
     "cher.example:8443/?x",
     "https://xn--bcher-kva.example:8443/?x", "xn--bcher-kva.example:8443"},
    {"a scheme without a port", "x://h/", "x://h/", NULL},
    {"no URL stays", "https://u@H/", NULL, NULL},
    {"a path outside ASCII stays", "https://h/\xc3\xa9", NULL, NULL},
    {"an umlaut in no URL stays", "https://\xc3\xa4:0/", NULL, NULL},
};

static void the_normal_form_is_itself(void **state)
{
    (void)state;
    auto_buf struct buf probe = {0};
    bool idn = core_host_ascii(STR("\xc3\xa4.example"), &probe);
    for (size_t i = 0; i < BASE_COUNT(normals); i++) {
        auto_buf struct buf out = {0};
        auto_buf struct buf again = {0};
        auto_buf struct buf authority = {0};
        struct core_url url;
        struct core_endpoint e;
        char host[POLICY_MAX_HOST];
        if (!idn && strstr(normals[i].name, "umlaut"))
            continue;
        bool good = core_url_normal(str_of(normals[i].text), &out);
        ROW_CHECK(normals[i].name, good == (normals[i].normal != NULL));
        ROW_CHECK(normals[i].name,
                  str_is(buf_view(&out), good ? normals[i].normal : normals[i].text));
        if (!good)
            continue;
        ROW_CHECK(normals[i].name, core_url_normal(buf_view(&out), &again));
        ROW_CHECK(normals[i].name, str_eq(buf_view(&out), buf_view(&again)));
        ROW_CHECK(normals[i].name, core_url_parse(buf_view(&out), &url));
        bool leads = policy_endpoint_of_url(buf_view(&out), host, &e);
        ROW_CHECK(normals[i].name, leads == (normals[i].authority != NULL));
        if (leads)
            buf_printf(&authority, "%.*s:%u", (int)e.host.n, e.host.p, e.port);
        ROW_CHECK(normals[i].name,
                  !normals[i].authority || str_is(buf_view(&authority), normals[i].authority));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(urls_are_taken_apart),
        cmocka_unit_test(a_nul_is_a_control),
        cmocka_unit_test(bytes_of_a_url),
        cmocka_unit_test(limits_of_length),
        cmocka_unit_test(the_normal_form_is_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
