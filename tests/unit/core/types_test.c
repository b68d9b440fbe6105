/* Names of the shared enumerations, limits as text, and paths as text. */
#include "core/catalogue.h"
#include "core/plan.h"

#include "test_support.h"

static void names_go_both_ways(void **state)
{
    (void)state;
    for (int i = 0; i < CORE_LEVEL_COUNT; i++)
        assert_int_equal(core_level_of(str_of(core_level_name((enum core_level)i))), i);
    for (int i = 0; i < CORE_CLASS_COUNT; i++)
        assert_int_equal(core_class_of(str_of(core_class_name((enum core_class)i))), i);
    for (int i = 0; i < CORE_RANK_COUNT; i++)
        assert_int_equal(core_rank_of(str_of(core_rank_name((enum core_rank)i))), i);
    for (int i = 0; i < CORE_LIMIT_COUNT; i++)
        assert_int_equal(core_limit_of(str_of(core_limit_name((enum core_limit)i))), i);
    assert_int_equal(core_level_of(STR("Full")), -1);
    assert_int_equal(core_level_of(STR("ful")), -1);
    assert_int_equal(core_limit_of(STR("")), -1);
    assert_null(core_level_name(CORE_LEVEL_COUNT));
    assert_null(core_refusal_name(CORE_REFUSAL_COUNT));
    assert_string_equal(core_how_name(CORE_HOW_LOST), "lost");
    assert_string_equal(core_effect_name(CORE_EFFECT_ASK), "ask");
    assert_string_equal(core_refusal_name(CORE_REFUSAL_NOT_FOUND), "not_found");
    assert_string_equal(core_refusal_text(CORE_REFUSAL_BUSY), "too much is in flight");
}

static void writes_limits(void **state)
{
    (void)state;
    static const struct {
        enum core_limit limit;
        uint64_t v;
        const char *text;
    } rows[] = {
        {CORE_LIMIT_WALL, UINT64_C(5000000000), "5s"},
        {CORE_LIMIT_WALL, UINT64_C(90000000000), "90s"},
        {CORE_LIMIT_WALL, UINT64_C(120000000000), "2m"},
        {CORE_LIMIT_WALL, UINT64_C(7200000000000), "2h"},
        {CORE_LIMIT_WALL, UINT64_C(1500000000), "1500ms"},
        {CORE_LIMIT_WALL, 1, "1ns"},
        {CORE_LIMIT_WALL, 0, "0ns"},
        {CORE_LIMIT_WALL, CORE_UNLIMITED, "unlimited"},
        {CORE_LIMIT_OUTPUT, UINT64_C(64) << 20, "64MiB"},
        {CORE_LIMIT_OUTPUT, (UINT64_C(64) << 20) + 1, "67108865B"},
        {CORE_LIMIT_OUTPUT, UINT64_C(3) << 30, "3GiB"},
        {CORE_LIMIT_OPEN_FILES, 16, "16"},
        {CORE_LIMIT_OPEN_FILES, 0, "0"},
    };
    for (size_t i = 0; i < BASE_COUNT(rows); i++) {
        auto_buf struct buf b = {0};
        core_limit_format(rows[i].limit, rows[i].v, &b);
        expect_text(rows[i].text, buf_view(&b), rows[i].text);
    }
}

static void normalises_paths(void **state)
{
    (void)state;
    static const struct {
        struct str path;
        const char *normal; /* NULL: refused */
    } rows[] = {
        {STR("/"), "/"},
        {STR("//"), "/"},
        {STR("/a"), "/a"},
        {STR("/a/"), "/a"},
        {STR("//a///b//"), "/a/b"},
        {STR("/a/./b/."), "/a/b"},
        {STR("/a/../b"), "/b"},
        {STR("/.."), "/"},
        {STR("/../../etc"), "/etc"},
        {STR("/a/b/../../.."), "/"},
        {STR("/..a/.b/..."), "/..a/.b/..."},
        {STR("/\xC3\xA9"), "/\xC3\xA9"},
        {STR(""), NULL},
        {STR("a"), NULL},
        {STR("./a"), NULL},
        {STR("~/a"), NULL},
        {STR("/a\0b"), NULL},
        {STR("/\xFF"), NULL},
    };
    for (size_t i = 0; i < BASE_COUNT(rows); i++) {
        auto_buf struct buf b = {0};
        buf_z(&b, "<");
        bool good = core_path_normal(rows[i].path, &b);
        assert_int_equal(good, rows[i].normal != NULL);
        expect_text(rows[i].path.p, (struct str){b.data + 1, b.len - 1},
                    rows[i].normal ? rows[i].normal : "");
        bool as_it_was = rows[i].normal && str_is(rows[i].path, rows[i].normal);
        assert_int_equal(core_path_is_normal(rows[i].path), as_it_was);
        bool is_utf8 = str_is_utf8(rows[i].path) && !memchr(rows[i].path.p, 0, rows[i].path.n);
        if (is_utf8)
            assert_int_equal(plan_path_is_normal(rows[i].path.p, rows[i].path.n), as_it_was);
    }
}

static void under_means_whole_components(void **state)
{
    (void)state;
    static const struct {
        struct str path, dir;
        bool under;
    } rows[] = {
        {STR("/tmp"), STR("/tmp"), true},      {STR("/tmp/a"), STR("/tmp"), true},
        {STR("/tmpevil"), STR("/tmp"), false}, {STR("/tm"), STR("/tmp"), false},
        {STR("/a"), STR("/"), true},           {STR("/"), STR("/"), true},
        {STR("/"), STR("/a"), false},          {STR("/a/b/c"), STR("/a/b"), true},
        {STR("/a/bc/d"), STR("/a/b"), false},  {STR(""), STR("/"), false},
    };
    for (size_t i = 0; i < BASE_COUNT(rows); i++)
        if (core_path_under(rows[i].path, rows[i].dir) != rows[i].under)
            fail_msg("%s under %s", rows[i].path.p, rows[i].dir.p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_go_both_ways),
        cmocka_unit_test(writes_limits),
        cmocka_unit_test(normalises_paths),
        cmocka_unit_test(under_means_whole_components),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
