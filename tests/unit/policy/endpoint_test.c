/*
 * Where a run may connect to: entries as policies write them, URLs as requests bring them, and what
 * two lists have in common. A URL that two readers could take for different places leads nowhere.
 */
#include "support.h"

#include "policy/endpoint.h"

static void show(bool good, const struct core_endpoint *e, char out[64])
{
    (void)snprintf(out, 64, good ? "%.*s %u" : "-", (int)e->host.n, e->host.p, e->port);
}

static void entries(void **state)
{
    static const struct {
        const char *text, *expected;
    } rows[] = {
        {"h.example:443", "h.example 443"},
        {"h.example:any", "h.example 0"},
        {"*.example:1", "*.example 1"},
        {"*:65535", "* 65535"},
        {"192.0.2.1:53", "192.0.2.1 53"},
        {"[2001:db8::1]:53", "[2001:db8::1] 53"},
        {"a_b-1.x:1", "a_b-1.x 1"},
        {"", "-"},
        {":443", "-"},
        {"h.example", "-"},
        {"h.example:", "-"},
        {"h.example:0", "-"},
        {"h.example:080", "-"},
        {"h.example:65536", "-"},
        {"h.example:999999", "-"},
        {"h.example:+1", "-"},
        {"H.example:1", "-"},
        {"h..example:1", "-"},
        {".example:1", "-"},
        {"h.example.:1", "-"},
        {"a*.example:1", "-"},
        {"*.*.example:1", "-"},
        {"*.1:1", "-"},
        {"1.2.3:1", "-"},
        {"256.1.1.1:1", "-"},
        {"0x7f.1:1", "-"},
        {"h.0x1:1", "-"},
        {"2001:db8::1:53", "-"},
        {"[2001:db8::1]", "-"},
        {"[fe80::1%eth0]:1", "-"},
        {"[]:1", "-"},
        {"h\xc3\xa9.example:1", "-"},
    };
    (void)state;
    for (size_t i = 0; i < BASE_COUNT(rows); i++) {
        struct core_endpoint e;
        char got[64];
        bool good = policy_endpoint_read(str_of(rows[i].text), &e) == NULL;
        show(good, &e, got);
        if (strcmp(got, rows[i].expected) != 0)
            fail_msg("%s: %s, expected %s", rows[i].text, got, rows[i].expected);
    }
}

static void urls(void **state)
{
    static const struct {
        const char *url, *expected;
    } rows[] = {
        {"https://h.example", "h.example 443"},
        {"HTTP://H.Example/", "h.example 80"},
        {"wss://h.example/a", "h.example 443"},
        {"https://h.example./", "h.example 443"},
        {"https://h.example:8443/v1?x=@#:", "h.example 8443"},
        {"https://h.example?a:b@c", "h.example 443"},
        {"https://192.0.2.1:80", "192.0.2.1 80"},
        {"https://[2001:DB8::1]:80/", "[2001:db8::1] 80"},
        {"https://[2001:db8::1]/", "[2001:db8::1] 443"},
        {"ftp://h.example/", "h.example 21"},
        {"gopher+x://h.example/", "-"},
        {"gopher+x://h.example:70/", "h.example 70"},
        {"https://[::ffff:192.0.2.1]/", "192.0.2.1 443"},
        {"h.example", "-"},
        {"//h.example/", "-"},
        {"https:/h.example/", "-"},
        {"https://", "-"},
        {"https:///a", "-"},
        {"https://h.example:/", "-"},
        {"https://h.example:0/", "-"},
        {"https://h.example:65536/", "-"},
        {"https://a@h.example/", "-"},
        {"https://h.example\\@evil.example/", "-"},
        {"https://h.example%2eevil.example/", "-"},
        {"https://h.example/%2f", "-"},
        {"https://h.example/a%5Cb", "-"},
        {"https://h.example/?%2f", "h.example 443"},
        {"https://h.example/a b", "-"},
        {"https://h.example/\t", "-"},
        {"https://h\xc3\xa9.example/", "-"},
        {"https://2852039166/", "-"},
        {"https://0xa9fea9fe/", "-"},
        {"https://0251.0376.0251.0376/", "-"},
        {"https://1.2.3/", "-"},
        {"https://h.example.../", "-"},
        {"https://[::1/", "-"},
        {"https://[fe80::1%25eth0]/", "-"},
        {"https://*.example/", "-"},
    };
    (void)state;
    for (size_t i = 0; i < BASE_COUNT(rows); i++) {
        struct core_endpoint e;
        char host[POLICY_MAX_HOST], got[64];
        bool good = policy_endpoint_of_url(str_of(rows[i].url), host, &e);
        show(good, &e, got);
        if (strcmp(got, rows[i].expected) != 0)
            fail_msg("%s: %s, expected %s", rows[i].url, got, rows[i].expected);
    }
    char long_host[400] = "https://", host[POLICY_MAX_HOST];
    struct core_endpoint e;
    memset(long_host + 8, 'a', 300);
    assert_false(policy_endpoint_of_url((struct str){long_host, 308}, host, &e));
    assert_false(policy_endpoint_of_url((struct str){"https://h.example/\0", 19}, host, &e));
}

static void common(void **state)
{
    static const struct {
        const char *a, *b, *expected;
    } rows[] = {
        {"h.example:443", "h.example:443", "h.example 443"},
        {"h.example:443", "h.example:80", "-"},
        {"h.example:any", "h.example:80", "h.example 80"},
        {"h.example:any", "h.example:any", "h.example 0"},
        {"*.example:443", "h.example:any", "h.example 443"},
        {"*.example:443", "example:443", "-"},
        {"*.example:443", "a.b.example:443", "a.b.example 443"},
        {"*.example:443", "*.b.example:443", "*.b.example 443"},
        {"*.example:443", "xexample:443", "-"},
        {"*:443", "*.example:443", "*.example 443"},
        {"*:443", "192.0.2.1:443", "-"},
        {"*:443", "[::1]:443", "-"},
        {"192.0.2.1:any", "192.0.2.1:443", "192.0.2.1 443"},
    };
    (void)state;
    for (size_t i = 0; i < BASE_COUNT(rows); i++) {
        struct core_endpoint a, b, one, other;
        char got[64], again[64];
        assert_null(policy_endpoint_read(str_of(rows[i].a), &a));
        assert_null(policy_endpoint_read(str_of(rows[i].b), &b));
        show(policy_endpoint_meet(&a, &b, &one), &one, got);
        show(policy_endpoint_meet(&b, &a, &other), &other, again);
        if (strcmp(got, rows[i].expected) != 0 || strcmp(got, again) != 0)
            fail_msg("%s and %s: %s and %s, expected %s", rows[i].a, rows[i].b, got, again,
                     rows[i].expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries),
        cmocka_unit_test(urls),
        cmocka_unit_test(common),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
