/*
 * Anchors and aliases: a policy with them decides as the one in which all is written out, and what
 * would grow beyond all bounds is refused before it does.
 */
#include "support.h"

#define WHEN "{args.path: {under: \"${dir}\"}, any: [{context.x: 1}, {args.n: 2}]}"

static const char aliased[] = HEADER
    "vars: {dir: {type: path, default: /srv}, more: {type: [string], default: [c, d]}}\n"
    "rules:\n"
    "  - {id: a, effect: allow, subject: &who [\"u:a\", \"u:${more}\"], capability: [&cap x.y],\n"
    "     when: &when " WHEN ", reason: &why Because}\n"
    "  - {id: b, effect: deny, subject: *who, capability: [x.z, *cap], when: {not: *when},\n"
    "     reason: *why}\n";
static const char written_out[] = HEADER
    "vars: {dir: {type: path, default: /srv}, more: {type: [string], default: [c, d]}}\n"
    "rules:\n"
    "  - {id: a, effect: allow, subject: [\"u:a\", \"u:${more}\"], capability: [x.y],\n"
    "     when: " WHEN ", reason: Because}\n"
    "  - {id: b, effect: deny, subject: [\"u:a\", \"u:${more}\"], capability: [x.z, x.y], when:\n"
    "     {not: " WHEN "}, reason: Because}\n";

static void aliases_are_what_they_stand_for(void **state)
{
    (void)state;
    static const struct question asked[] = {
        {"u:a", "x.y", "{\"path\": \"/srv/a\", \"n\": 2}", "controlled"},
        {"u:d", "x.y", "{\"path\": \"/srv/a\", \"n\": 2}", "controlled"},
        {"u:d", "x.y", "{\"path\": \"/srv/a\", \"n\": 3}", "controlled"},
        {"u:c", "x.y", "{\"path\": \"/a\", \"n\": 2}", "controlled"},
        {"u:e", "x.y", "{\"path\": \"/srv/a\", \"n\": 2}", "controlled"},
        {"u:a", "x.z", "{\"path\": \"/srv/a\", \"n\": 3}", "controlled"},
    };
    char level[sizeof aliased + 64], other[sizeof written_out + 64];
    (void)snprintf(level, sizeof level, "%sdefaults: {level: controlled}\n", aliased);
    (void)snprintf(other, sizeof other, "%sdefaults: {level: controlled}\n", written_out);
    struct policy_image *one = must_compile(level), *two = must_compile(other);
    unsigned seen = 0;
    for (size_t i = 0; i < BASE_COUNT(asked); i++) {
        struct policy_decision x = decide(one, &asked[i]), y = decide(two, &asked[i]);
        assert_int_equal(x.effect, y.effect);
        assert_int_equal(x.rule, y.rule);
        seen |= 1u << x.effect | (x.rule == POLICY_RULE_DEFAULT ? 8u : 0);
    }
    assert_int_equal(seen, 1u << CORE_EFFECT_ALLOW | 1u << CORE_EFFECT_DENY | 8u);
    policy_image_unref(&one);
    policy_image_unref(&two);
}

/* The first finding of a text that does not compile. */
static void expect_first(const struct buf *text, const char *code)
{
    struct findings all = {0};
    struct policy_image *image = NULL;
    struct reeve_error err = {0};
    assert_int_equal(compile_text(buf_view(text), "t.yaml", keep_finding, &all, &image, &err),
                     REEVE_EPOLICY);
    assert_true(all.n > 0);
    assert_string_equal(all.v[0].code, code);
}

/* Ten of ten of ten: 10^9 values in a few lines. */
static void a_billion_values(void **state)
{
    (void)state;
    auto_buf struct buf b = {0};
    buf_z(&b, HEADER "entities:\n  \"a:0\": {l0: &l0 [x, x, x, x, x, x, x, x, x, x]");
    for (int i = 1; i < 9; i++) {
        buf_printf(&b, ", l%d: &l%d [", i, i);
        for (int k = 0; k < 10; k++)
            buf_printf(&b, "*l%d, ", i - 1);
        buf_z(&b, "]");
    }
    buf_z(&b, "}\n");
    expect_first(&b, "P003");
}

static void too_deep_by_aliases(void **state)
{
    (void)state;
    auto_buf struct buf b = {0};
    buf_z(&b, HEADER "entities:\n  \"a:0\": {l0: &l0 [x]");
    for (int i = 1; i < 64; i++)
        buf_printf(&b, ", l%d: &l%d [*l%d]", i, i, i - 1);
    buf_z(&b, "}\n");
    expect_first(&b, "P003");
}

static void too_many_anchors(void **state)
{
    (void)state;
    for (unsigned n = 256; n <= 257; n++) {
        auto_buf struct buf b = {0};
        buf_z(&b, HEADER "groups:\n");
        for (unsigned i = 0; i < n; i++)
            buf_printf(&b, "  g%u: [&a%u \"u:%u\"]\n", i, i, i);
        struct policy_image *image = NULL;
        int rc = compile_text(buf_view(&b), "t.yaml", NULL, NULL, &image, NULL);
        assert_int_equal(rc, n > 256 ? REEVE_EPOLICY : 0);
        policy_image_unref(&image);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(aliases_are_what_they_stand_for),
        cmocka_unit_test(a_billion_values),
        cmocka_unit_test(too_deep_by_aliases),
        cmocka_unit_test(too_many_anchors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
