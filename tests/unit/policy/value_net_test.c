/*
 * Addresses and ranges: RFC 4291's and RFC 5952's own examples, the resolver's strict reader as an
 * oracle, then each sentence of the language on addresses.
 */
#include "value_support.h"

#include <arpa/inet.h>

#include "policy/value_net.h"

/* text, and how a URL writes the address; NULL: none */
static const struct {
    const char *name, *text, *normal;
} addresses[] = {
    /* RFC 4291 section 2.2 */
    {"RFC 4291 2.2.1 full", "ABCD:EF01:2345:6789:ABCD:EF01:2345:6789",
     "[abcd:ef01:2345:6789:abcd:ef01:2345:6789]"},
    {"RFC 4291 2.2.1 without leading zeros", "2001:DB8:0:0:8:800:200C:417A",
     "[2001:db8::8:800:200c:417a]"},
    {"RFC 4291 2.2.2 unicast", "2001:DB8::8:800:200C:417A", "[2001:db8::8:800:200c:417a]"},
    {"RFC 4291 2.2.2 multicast", "FF01::101", "[ff01::101]"},
    {"RFC 4291 2.2.2 loopback", "::1", "[::1]"},
    {"RFC 4291 2.2.2 unspecified", "::", "[::]"},
    {"RFC 4291 2.2.3 compatible", "0:0:0:0:0:0:13.1.68.3", "[::d01:4403]"},
    {"RFC 4291 2.2.3 mapped is IPv4", "0:0:0:0:0:FFFF:129.144.52.38", "129.144.52.38"},
    {"RFC 4291 2.2.3 mapped, compressed", "::FFFF:129.144.52.38", "129.144.52.38"},
    {"mapped in hexadecimal is IPv4", "::ffff:a9fe:a9fe", "169.254.169.254"},
    /* RFC 5952 section 4 */
    {"RFC 5952 4.1 leading zeros go", "2001:0db8::0001", "[2001:db8::1]"},
    {"RFC 5952 4.2.1 as short as possible", "2001:db8:0:0:0:0:2:1", "[2001:db8::2:1]"},
    {"RFC 5952 4.2.2 one group is not cut", "2001:db8:0:1:1:1:1:1", "[2001:db8:0:1:1:1:1:1]"},
    {"RFC 5952 4.2.3 the longest run", "2001:0:0:1:0:0:0:1", "[2001:0:0:1::1]"},
    {"RFC 5952 4.2.3 the first of equal runs", "2001:db8:0:0:1:0:0:1", "[2001:db8::1:0:0:1]"},
    {"RFC 5952 4.3 lower case", "2001:DB8::ABCD", "[2001:db8::abcd]"},
    {"a run at the end", "1::", "[1::]"},
    {":: for one group", "1:2:3:4:5:6:7::", "[1:2:3:4:5:6:7:0]"},
    {":: for none", "1:2:3:4:5:6:7:8::", NULL},
    {"two ::", "1::2::3", NULL},
    {"three colons", ":::", NULL},
    {"a colon in front", ":1:2:3:4:5:6:7:8", NULL},
    {"a colon at the end", "1:2:3:4:5:6:7:", NULL},
    {"seven groups", "1:2:3:4:5:6:7", NULL},
    {"nine groups", "1:2:3:4:5:6:7:8:9", NULL},
    {"five digits", "00001::", NULL},
    {"no digit", "g::", NULL},
    {"a quad in front", "1.2.3.4::", NULL},
    {"a quad too late", "1:2:3:4:5:6:7:1.2.3.4", NULL},
    {"a quad with a leading zero", "::ffff:01.2.3.4", NULL},
    {"a zone", "fe80::1%eth0", NULL},
    {"brackets are a URL's", "[::1]", NULL},
    {"a dotted quad", "192.0.2.1", "192.0.2.1"},
    {"zeros", "0.0.0.0", "0.0.0.0"},
    {"the last", "255.255.255.255", "255.255.255.255"},
    {"256", "256.0.0.1", NULL},
    {"a leading zero", "192.0.02.1", NULL},
    {"octal", "0300.0.2.1", NULL},
    {"hexadecimal", "0xc0.0.2.1", NULL},
    {"one number", "3221225985", NULL},
    {"three numbers", "192.0.513", NULL},
    {"five numbers", "1.2.3.4.5", NULL},
    {"a dot at the end", "192.0.2.1.", NULL},
    {"an empty number", "192..2.1", NULL},
    {"a space", " 192.0.2.1", NULL},
    {"a sign", "+1.2.3.4", NULL},
    {"nothing", "", NULL},
    {"a name", "localhost", NULL},
};

static void addresses_are_read_strictly(void **state)
{
    (void)state;
    for (size_t i = 0; i < BASE_COUNT(addresses); i++) {
        struct core_addr addr;
        char text[CORE_ADDR_TEXT + 1];
        bool good = core_addr_parse(str_of(addresses[i].text), &addr);
        ROW_CHECK(addresses[i].name, good == (addresses[i].normal != NULL));
        if (!good)
            continue;
        text[core_addr_format(&addr, text)] = '\0';
        if (strcmp(text, addresses[i].normal) != 0)
            fail_msg("%s: %s", addresses[i].name, text);
    }
}

static bool by_oracle(const char *text, struct core_addr *out)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    *out = (struct core_addr){.family = CORE_V4};
    if (inet_pton(AF_INET, text, out->bytes) == 1)
        return true;
    *out = (struct core_addr){.family = CORE_V6};
    if (inet_pton(AF_INET6, text, out->bytes) != 1)
        return false;
    if (memcmp(out->bytes, mapped, sizeof mapped) == 0) {
        struct core_addr v4 = {.family = CORE_V4};
        memcpy(v4.bytes, out->bytes + 12, 4);
        *out = v4;
    }
    return true;
}

/* Random texts near to addresses: the resolver's reader says the same of each. */
static void the_resolver_agrees(void **state)
{
    (void)state;
    static const char *const parts[] = {":", "::", "0",   "1",   "f",   "ffff", "12",    "255",
                                        ".", "a",  "0:0", "1.2", "3.4", "00",   "12345", "9"};
    uint64_t seed = 0x9e3779b97f4a7c15u;
    unsigned good = 0;
    for (unsigned i = 0; i < 400000; i++) {
        char text[64] = "";
        size_t n = 0;
        for (unsigned k = 0; k < 2 + i % 14; k++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            const char *part = parts[seed >> 60];
            memcpy(text + n, part, strlen(part) + 1);
            n += strlen(part);
            if (n > 40)
                break;
        }
        struct core_addr ours, theirs;
        bool a = core_addr_parse(str_of(text), &ours), b = by_oracle(text, &theirs);
        if (a != b || (a && memcmp(&ours, &theirs, sizeof ours) != 0))
            fail_msg("%s: %d instead of %d", text, a, b);
        good += a;
    }
    assert_true(good > 1000);
}

static const struct {
    const char *name, *ranges, *text, *value;
} ranges[] = {
    {"in a range", "10.0.0.0/8", "10.255.255.255", "true"},
    {"its first", "10.0.0.0/8", "10.0.0.0", "true"},
    {"one before", "10.0.0.0/8", "9.255.255.255", "false"},
    {"one behind", "10.0.0.0/8", "11.0.0.0", "false"},
    {"within a byte", "172.16.0.0/12", "172.31.0.1", "true"},
    {"beyond a byte's part", "172.16.0.0/12", "172.32.0.1", "false"},
    {"length 0", "0.0.0.0/0", "203.0.113.9", "true"},
    {"length 0 is of its family", "0.0.0.0/0", "::1", "false"},
    {"length 32", "192.0.2.7/32", "192.0.2.7", "true"},
    {"an address alone", "192.0.2.7", "192.0.2.7", "true"},
    {"an address alone is no other", "192.0.2.7", "192.0.2.8", "false"},
    {"IPv6", "fe80::/10", "febf::1", "true"},
    {"beyond IPv6", "fe80::/10", "fec0::", "false"},
    {"a mapped address is IPv4", "169.254.0.0/16", "::ffff:169.254.169.254", "true"},
    {"a mapped address is no IPv6", "::/0", "::ffff:169.254.169.254", "false"},
    {"a mapped range is IPv4", "::ffff:10.0.0.0/104", "10.1.2.3", "true"},
    {"all mapped ones", "::ffff:0:0/96", "192.0.2.1", "true"},
    {"several, the last", "10.0.0.0/8 192.168.0.0/16 fd00::/8", "fd00::9", "true"},
    {"several, between", "10.0.0.0/8 192.168.0.0/16", "172.16.0.1", "false"},
    {"one within another", "10.1.0.0/16 10.0.0.0/8 10.2.0.0/16", "10.200.0.1", "true"},
    {"the same twice", "10.0.0.0/8 10.0.0.0/8", "10.0.0.1", "true"},
    {"neighbours", "10.0.0.0/9 10.128.0.0/9", "10.128.0.0", "true"},
    {"text that is no address is unknown", "10.0.0.0/8", "ten", "unknown"},
    {"a number is no address", "10.0.0.0/8", "167772161", "unknown"},
    {"a zone is unknown", "fe80::/10", "fe80::1%eth0", "unknown"},
    {"empty text is unknown", "10.0.0.0/8", "", "unknown"},
};

static void ranges_hold_what_is_in_them(void **state)
{
    (void)state;
    for (size_t i = 0; i < BASE_COUNT(ranges); i++) {
        struct form form = {0};
        form_of_words(ranges[i].name, value_cidr_compile, value_cidr_sound, ranges[i].ranges,
                      &form);
        ROW_TRI(ranges[i].name, value_cidr_holds(form.s, str_of(ranges[i].text)), ranges[i].value);
        form_free(&form);
    }
}

static const struct {
    const char *name, *ranges;
    uint32_t index;
} wrong[] = {
    {"cidr: x", "x", 0},
    {"no range", NULL, 0},
    {"the second", "10.0.0.0/8 nine", 1},
    {"bits beyond the length", "10.0.0.1/8", 0},
    {"bits beyond the length, IPv6", "fe80::1/10", 0},
    {"length 33", "10.0.0.0/33", 0},
    {"length 129", "::/129", 0},
    {"no length behind the slash", "10.0.0.0/", 0},
    {"a length with a leading zero", "10.0.0.0/08", 0},
    {"a negative length", "10.0.0.0/-1", 0},
    {"wider than the mapped addresses", "::ffff:0:0/90", 0},
    {"a netmask", "10.0.0.0/255.0.0.0", 0},
    {"a name", "example.com/8", 0},
    {"an empty one", "_", 0},
};

static void what_is_no_range_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < BASE_COUNT(wrong); i++)
        form_is_refused(wrong[i].name, value_cidr_compile, wrong[i].ranges, wrong[i].index);
}

static void ask(struct str form)
{
    static const char *const texts[] = {"10.0.0.1", "0.0.0.0", "255.255.255.255", "::", "fd00::1"};
    for (size_t i = 0; i < BASE_COUNT(texts); i++)
        (void)value_cidr_holds(form, str_of(texts[i]));
}

static void changed_forms_are_refused_or_harmless(void **state)
{
    (void)state;
    form_mutate_words(value_cidr_compile, "10.0.0.0/8 192.168.0.0/16 fd00::/8", value_cidr_sound,
                      ask);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_read_strictly),
        cmocka_unit_test(the_resolver_agrees),
        cmocka_unit_test(ranges_hold_what_is_in_them),
        cmocka_unit_test(what_is_no_range_is_refused),
        cmocka_unit_test(changed_forms_are_refused_or_harmless),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
