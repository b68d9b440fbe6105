/*
 * Hosts and host patterns: vectors of UTS 46 for names outside ASCII, then each sentence of the
 * language.
 */
#include "value_support.h"

#include "policy/value_host.h"

/* text, and the name or address that it is; NULL: no host */
static const struct {
    const char *name, *text, *normal;
} hosts[] = {
    {"a name", "h.example", "h.example"},
    {"one label", "localhost", "localhost"},
    {"lower case", "H.EXAMPLE", "h.example"},
    {"one trailing dot off", "h.example.", "h.example"},
    {"two trailing dots", "h.example..", NULL},
    {"a dot alone", ".", NULL},
    {"a dot in front", ".example", NULL},
    {"an empty label", "h..example", NULL},
    {"nothing", "", NULL},
    {"digits, `-` and `_`", "a-1_b.example", "a-1_b.example"},
    {"a space", "h example", NULL},
    {"a control", "h\texample", NULL},
    {"DEL", "h\x7f", NULL},
    {"a backslash", "h\\example", NULL},
    {"`%`", "h%2eexample", NULL},
    {"userinfo", "u@h.example", NULL},
    {"a colon", "h:1", NULL},
    {"a slash", "h/x", NULL},
    {"a star", "*.example", NULL},
    {"other punctuation", "h!.example", NULL},
    {"a last label that is a number: a quad", "192.0.2.1", "192.0.2.1"},
    {"a quad with a trailing dot", "192.0.2.1.", "192.0.2.1"},
    {"a number: one", "2852039166", NULL},
    {"a number: two", "169.16689662", NULL},
    {"a number: octal", "0251.0376.0251.0376", NULL},
    {"a number: hexadecimal", "0xa9fea9fe", NULL},
    {"a number: hexadecimal parts", "0xa9.0xfe.0xa9.0xfe", NULL},
    {"a number: capitals", "0XA9FEA9FE", NULL},
    {"a number: 0x alone", "h.0x", NULL},
    {"a number: behind a name", "h.example.1", NULL},
    {"a number: five parts", "1.2.3.4.5", NULL},
    {"a number: 256", "256.0.0.1", NULL},
    {"a number in front is none", "1.2.3.example", "1.2.3.example"},
    {"a label that begins with a digit", "h.1a", "h.1a"},
    {"a label that begins with 0x", "h.0xg", "h.0xg"},
    {"[v6]", "[2001:DB8::1]", "[2001:db8::1]"},
    {"[v6] mapped is unwrapped", "[::ffff:169.254.169.254]", "169.254.169.254"},
    {"[v6] with a zone", "[fe80::1%25eth0]", NULL},
    {"[v6] open", "[::1", NULL},
    {"[v6] empty", "[]", NULL},
    {"[v4]", "[192.0.2.1]", NULL},
    {"[name]", "[localhost]", NULL},
    {"[v6] with a dot behind", "[::1].", NULL},
    {"v6 without brackets", "::1", NULL},
    {"an A-label", "xn--bcher-kva.example", "xn--bcher-kva.example"},
    {"an A-label in capitals", "XN--BCHER-KVA.example", "xn--bcher-kva.example"},
    {"an A-label of nothing", "xn--.example", NULL},
    {"an A-label of ASCII", "xn--example-.org", NULL},
    {"outside ASCII is unknown in a decision",
     "b\xc3\xbc"
     "cher.example",
     NULL},
    {"63 bytes of a label", "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffggg.x",
     "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffggg.x"},
    {"64 bytes of a label", "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgggg.x",
     NULL},
};

static void put(const struct core_host *host, struct buf *out)
{
    char text[CORE_ADDR_TEXT];
    if (host->kind == CORE_HOST_NAME)
        buf_str(out, host->name);
    else
        buf_put(out, text, core_addr_format(&host->addr, text));
}

static void hosts_are_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < BASE_COUNT(hosts); i++) {
        struct core_host host;
        bool good = core_host_parse(str_of(hosts[i].text), &host);
        ROW_CHECK(hosts[i].name, good == (hosts[i].normal != NULL));
        if (!good)
            continue;
        auto_buf struct buf out = {0};
        put(&host, &out);
        if (!str_is(buf_view(&out), hosts[i].normal))
            fail_msg("%s: %s", hosts[i].name, out.data);
    }
}

static void a_name_has_at_most_253_bytes(void **state)
{
    (void)state;
    char text[256];
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = i % 50 == 49 ? '.' : 'a';
    struct core_host host;
    assert_true(core_host_parse((struct str){text, 253}, &host));
    assert_false(core_host_parse((struct str){text, 254}, &host));
    text[253] = '.';
    assert_true(core_host_parse((struct str){text, 254}, &host));
}

/* UTS 46, non-transitional. Rows of Unicode's IdnaTestV2.txt, then what must not come of a
 * mapping. */
static const struct {
    const char *name, *text, *ascii;
} names[] = {
    {"UTS 46: sharp s stays", "fa\xc3\x9f.de", "xn--fa-hia.de"},
    {"UTS 46: capitals",
     "B\xc3\xbc"
     "cher.de",
     "xn--bcher-kva.de"},
    {"UTS 46: a capital umlaut",
     "\xc3\x96"
     "BB.at",
     "xn--bb-eka.at"},
    {"UTS 46: final sigma stays", "\xce\xb2\xcf\x8c\xce\xbb\xce\xbf\xcf\x82.com",
     "xn--nxasmm1c.com"},
    {"UTS 46: a joiner stays", "\xd9\x86\xd8\xa7\xd9\x85\xd9\x87\xe2\x80\x8c\xd8\xa7\xdb\x8c.com",
     "xn--mgba3gch31f060k.com"},
    {"UTS 46: full stop and width",
     "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\xe3\x80\x82\xef\xbc\xaa\xef\xbc\xb0",
     "xn--wgv71a119e.jp"},
    {"UTS 46: composed", "a\xcc\x88.example", "xn--4ca.example"},
    {"UTS 46: the Kelvin sign", "\xe2\x84\xaa.example", "k.example"},
    {"ASCII is itself", "H.Example.", "h.example"},
    {"a mapping into a number is that address", "\xef\xbc\x91\xef\xbc\x92\xef\xbc\x97.0.0.1",
     "127.0.0.1"},
    {"a mapping into a wrong number", "\xef\xbc\x90xa9fea9fe", NULL},
    {"a mapping into a slash", "a\xef\xbc\x8f.example", NULL},
    {"a mapping into a colon", "a\xef\xbc\x9a.example", NULL},
    {"a mapping into `@`", "a\xef\xbc\xa0.example", NULL},
    {"a mapping into `%`", "a\xef\xbc\x85.example", NULL},
    {"a bare joiner",
     "a\xe2\x80\x8c"
     "b.example",
     NULL},
    {"no UTF-8", "a\xff.example", NULL},
    {"no host", "a b", NULL},
};

static void names_outside_ascii(void **state)
{
    (void)state;
    auto_buf struct buf probe = {0};
    if (!core_host_ascii(STR("\xc3\xa4.example"), &probe)) {
        print_message("built without libidn2: names outside ASCII have no form\n");
        skip();
    }
    for (size_t i = 0; i < BASE_COUNT(names); i++) {
        auto_buf struct buf out = {0};
        bool good = core_host_ascii(str_of(names[i].text), &out);
        ROW_CHECK(names[i].name, good == (names[i].ascii != NULL));
        if (good && !str_is(buf_view(&out), names[i].ascii))
            fail_msg("%s: %s", names[i].name, out.data);
    }
}

static const struct {
    const char *name, *patterns, *text, *value;
} rows[] = {
    {"a name is exactly it", "h.example", "h.example", "true"},
    {"a name in another case", "H.Example", "h.eXAMPLE", "true"},
    {"a name is none below it", "h.example", "a.h.example", "false"},
    {"a name is none beside it", "h.example", "xh.example", "false"},
    {"a name is no beginning", "h.example", "h.example.com", "false"},
    {"a name with a trailing dot", "h.example", "h.example.", "true"},
    {"a pattern with a trailing dot", "h.example.", "h.example", "true"},
    {"`*.x`: one label", "*.x.example", "a.x.example", "true"},
    {"`*.x`: more labels", "*.x.example", "a.b.c.x.example", "true"},
    {"`*.x`: not x", "*.x.example", "x.example", "false"},
    {"`*.x`: whole labels", "*.x.example", "ax.example", "false"},
    {"`*.x`: no address", "*.1a", "10.0.0.1", "false"},
    {"`*`: any name", "*", "h.example", "true"},
    {"`*`: no address", "*", "192.0.2.1", "false"},
    {"`*`: no IPv6 address", "*", "[::1]", "false"},
    {"an address fits it", "192.0.2.1", "192.0.2.1", "true"},
    {"an address fits only an address", "192.0.2.1", "h.example", "false"},
    {"an address is no other", "192.0.2.1", "192.0.2.11", "false"},
    {"IPv6 by value", "2001:db8::1", "[2001:0DB8:0::1]", "true"},
    {"IPv6 in brackets", "[2001:db8::1]", "2001:db8::1", "true"},
    {"a mapped address is IPv4", "169.254.169.254", "::ffff:a9fe:a9fe", "true"},
    {"a mapped address as a pattern", "::ffff:10.0.0.1", "10.0.0.1", "true"},
    {"an umlaut is its A-label",
     "b\xc3\xbc"
     "cher.example",
     "xn--bcher-kva.example", "true"},
    {"`*.` in front of an umlaut",
     "*.b\xc3\xbc"
     "cher.example",
     "a.xn--bcher-kva.example", "true"},
    {"any of several", "a.example *.b.example 10.0.0.1 c.example", "c.example", "true"},
    {"any of several endings", "a.example *.b.example *.c.d.example", "x.c.d.example", "true"},
    {"any of several addresses", "10.0.0.1 10.0.0.2 ::1 a.example", "::1", "true"},
    {"none of several", "a.example *.b.example 10.0.0.1", "b.example", "false"},
    {"the same twice", "a.example A.example", "a.example", "true"},
    {"text that is no host is unknown", "*", "h example", "unknown"},
    {"a URL is no host", "h.example", "https://h.example/", "unknown"},
    {"a number is unknown", "*", "2852039166", "unknown"},
    {"empty text is unknown", "*", "", "unknown"},
    {"a text outside ASCII is unknown",
     "b\xc3\xbc"
     "cher.example",
     "b\xc3\xbc"
     "cher.example",
     "unknown"},
};

static bool has_idn(const char *text)
{
    auto_buf struct buf out = {0};
    for (; *text; text++)
        if ((uint8_t)*text >= 0x80)
            return core_host_ascii(STR("\xc3\xa4.example"), &out);
    return true;
}

static void patterns_fit(void **state)
{
    (void)state;
    for (size_t i = 0; i < BASE_COUNT(rows); i++) {
        struct form form = {0};
        if (!has_idn(rows[i].patterns))
            continue;
        form_of_words(rows[i].name, value_hosts_compile, value_hosts_sound, rows[i].patterns,
                      &form);
        ROW_TRI(rows[i].name, value_hosts_hold(form.s, str_of(rows[i].text)), rows[i].value);
        form_free(&form);
    }
}

/* Each of 200 names and 200 endings is found, and none beside them. */
static void long_lists_are_searched(void **state)
{
    (void)state;
    static char text[400][24];
    struct str v[400];
    for (int i = 0; i < 400; i++) {
        (void)snprintf(text[i], sizeof text[i], i < 200 ? "n%d.example" : "*.e%d.example", i * 7);
        v[i] = str_of(text[i]);
    }
    struct value_at at;
    struct value_fault fault;
    auto_buf struct buf b = {0};
    assert_true(value_hosts_compile((struct value_list){v, 400}, &b, &at, &fault));
    for (int i = 0; i < 2800; i++) {
        char name[32], below[32];
        (void)snprintf(name, sizeof name, "n%d.example", i);
        (void)snprintf(below, sizeof below, "a.e%d.example", i);
        bool seventh = i % 7 == 0;
        assert_int_equal(value_hosts_hold(buf_view(&b), str_of(name)),
                         seventh && i < 1400 ? TRI_TRUE : TRI_FALSE);
        assert_int_equal(value_hosts_hold(buf_view(&b), str_of(below)),
                         seventh && i >= 1400 ? TRI_TRUE : TRI_FALSE);
    }
}

static const struct {
    const char *name, *patterns;
    uint32_t index;
} wrong[] = {
    {"none", NULL, 0},
    {"`*` inside a label", "a*.example", 0},
    {"`*` in the middle", "a.*.example", 0},
    {"`*` at the end", "example.*", 0},
    {"two `*`", "*.*.example", 0},
    {"`*.` alone", "*.", 0},
    {"`*.` in front of an address", "*.10.0.0.1", 0},
    {"ranges only under cidr", "10.0.0.0/8", 0},
    {"a port", "h.example:443", 0},
    {"userinfo", "u@h.example", 0},
    {"a URL", "https://h.example", 0},
    {"a number", "h.example 2852039166", 1},
    {"an empty one", "_", 0},
    {"no UTF-8", "\xff.example", 0},
};

static void what_is_no_pattern_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < BASE_COUNT(wrong); i++)
        form_is_refused(wrong[i].name, value_hosts_compile, wrong[i].patterns, wrong[i].index);
}

static void ask(struct str form)
{
    static const char *const texts[] = {"a.example", "x.b.example", "10.0.0.1", "::1"};
    for (size_t i = 0; i < BASE_COUNT(texts); i++)
        (void)value_hosts_hold(form, str_of(texts[i]));
}

static void changed_forms_are_refused_or_harmless(void **state)
{
    (void)state;
    form_mutate_words(value_hosts_compile, "a.example *.b.example 10.0.0.1 ::1", value_hosts_sound,
                      ask);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hosts_are_read),
        cmocka_unit_test(a_name_has_at_most_253_bytes),
        cmocka_unit_test(names_outside_ascii),
        cmocka_unit_test(patterns_fit),
        cmocka_unit_test(long_lists_are_searched),
        cmocka_unit_test(what_is_no_pattern_is_refused),
        cmocka_unit_test(changed_forms_are_refused_or_harmless),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
