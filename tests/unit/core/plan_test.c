/* Plans: what is built is what is read, what does not fit is named, and no byte that is flipped
 * leads outside. */
#include "core/catalogue.h"
#include "core/frames.h"
#include "core/plan.h"

#include "test_support.h"

static const struct str sample_argv[] = {{"/usr/bin/env", 12}, {"", 0}, {"--x=\xC3\xA9", 6}};
static const struct str sample_env[] = {{"LANG=C", 6}, {"EMPTY=", 6}};
static const uint8_t sample_filter[16] = {0x06, 0, 0, 0, 0, 0, 0xff, 0x7f, 0x06};

/* Parts of a plan with everything in it. */
struct sample {
    struct plan_parts parts;
    struct plan_mount_part mounts[4];
};

static void make_sample(struct sample *s)
{
    s->mounts[0] = (struct plan_mount_part){PLAN_MOUNT_READ, STR("/usr"), STR("/usr")};
    s->mounts[1] = (struct plan_mount_part){PLAN_MOUNT_LINK, STR("usr/bin"), STR("/bin")};
    s->mounts[2] = (struct plan_mount_part){PLAN_MOUNT_READ, STR("/etc/alternatives"), STR("/etc")};
    s->mounts[3] = (struct plan_mount_part){PLAN_MOUNT_HIDE, STR(""), STR("/usr/local")};
    s->parts = (struct plan_parts){
        .limits = *core_level_limits(CORE_LEVEL_CONTROLLED),
        .tmp_bytes = 16 << 20,
        .program = STR("/usr/bin/env"),
        .cwd = STR("/"),
        .hostname = STR("sandbox"),
        .profile = STR("default"),
        .argv = sample_argv,
        .nargv = BASE_COUNT(sample_argv),
        .env = sample_env,
        .nenv = BASE_COUNT(sample_env),
        .mounts = s->mounts,
        .nmounts = BASE_COUNT(s->mounts),
        .filter = sample_filter,
        .filter_bytes = sizeof sample_filter,
    };
    memset(s->parts.program_sha256, 0xAB, sizeof s->parts.program_sha256);
}

static void build_sample(struct buf *out)
{
    struct sample s;
    make_sample(&s);
    struct reeve_error err = {0};
    if (plan_build(&s.parts, out, &err))
        fail_msg("%s", err.message);
}

static void reads_what_was_built(void **state)
{
    (void)state;
    auto_buf struct buf b = {0};
    struct plan_view v;
    build_sample(&b);
    assert_true(plan_check(b.data, b.len, &v));
    assert_string_equal(plan_str(&v, v.h->program), "/usr/bin/env");
    assert_string_equal(plan_str(&v, v.h->cwd), "/");
    assert_string_equal(plan_str(&v, v.h->hostname), "sandbox");
    assert_string_equal(plan_str(&v, v.h->profile), "default");
    assert_int_equal(v.nargv, 3);
    assert_int_equal(v.nenv, 2);
    assert_int_equal(v.nmounts, 4);
    assert_int_equal(v.nfilter, 2);
    assert_string_equal(plan_argv(&v, 1), "");
    assert_string_equal(plan_argv(&v, 2), "--x=\xC3\xA9");
    assert_string_equal(plan_env(&v, 1), "EMPTY=");
    assert_string_equal(plan_str(&v, plan_mount_at(&v, 1)->source), "usr/bin");
    assert_string_equal(plan_str(&v, plan_mount_at(&v, 3)->target), "/usr/local");
    assert_int_equal(v.h->wall_ns, 5 * BASE_NS_PER_S);
    assert_int_equal(v.h->output_bytes, 1 << 20);
    assert_int_equal(v.h->open_files, 64);
    assert_int_equal(v.h->file_size_bytes, 64 << 20);
    assert_memory_equal(v.bytes + v.h->filter.off, sample_filter, sizeof sample_filter);
}

static void renders_canonical_json(void **state)
{
    (void)state;
    auto_buf struct buf b = {0};
    auto_buf struct buf text = {0};
    auto_buf struct buf canonical = {0};
    struct plan_view v;
    struct reeve_error err = {0};
    build_sample(&b);
    assert_true(plan_check(b.data, b.len, &v));
    plan_render(&v, &text);
    assert_int_equal(json_canonicalise(buf_view(&text), &canonical, &err), 0);
    expect_text("canonical", buf_view(&text), canonical.data);
    static const char *const parts[] = {
        "\"argv\":[\"/usr/bin/env\",\"\",\"--x=\xC3\xA9\"]",
        "\"limits\":{\"file_size\":\"64MiB\",\"open_files\":\"64\",",
        "\"output\":\"1MiB\",\"wall\":\"5s\"}",
        "{\"kind\":\"link\",\"source\":\"usr/bin\",\"target\":\"/bin\"}",
        "{\"kind\":\"hide\",\"target\":\"/usr/local\"}",
        "\"filter\":{\"instructions\":2,\"profile\":\"default\",\"sha256\":\"",
        "\"tmp\":\"16MiB\"",
    };
    for (size_t i = 0; i < BASE_COUNT(parts); i++)
        expect_part("render", text.data, parts[i]);
}

/* A plan's bytes are named in signed records: they may not change without a new version. */
static void has_a_stable_form(void **state)
{
    (void)state;
    auto_buf struct buf b = {0};
    auto_buf struct buf again = {0};
    uint8_t digest[BASE_SHA256];
    char hex[2 * BASE_SHA256 + 1];
    build_sample(&b);
    build_sample(&again);
    assert_true(str_eq(buf_view(&b), buf_view(&again)));
    base_sha256(b.data, b.len, digest);
    base_hex(digest, sizeof digest, hex);
    assert_string_equal(hex, "8dc318ce902dcc5d638c94790d58dd4f5226abab3fb4eff04ba96262a1e8787c");
}

/* ---- what does not fit ---- */

typedef void spoil(struct sample *s);

static void many(struct sample *s)
{
    s->parts.nargv = PLAN_MAX_ARGS + 1;
}

static void no_argv(struct sample *s)
{
    s->parts.nargv = 0;
}

static void nul_argv(struct sample *s)
{
    static const struct str argv[] = {{"a", 1}, {"b\0c", 3}};
    s->parts.argv = argv;
    s->parts.nargv = 2;
}

static void no_sign(struct sample *s)
{
    static const struct str env[] = {{"LANG", 4}};
    s->parts.env = env;
    s->parts.nenv = 1;
}

static void no_name(struct sample *s)
{
    static const struct str env[] = {{"A=1", 3}, {"=1", 2}};
    s->parts.env = env;
}

static void relative_program(struct sample *s)
{
    s->parts.program = STR("bin/env");
}

static void root_program(struct sample *s)
{
    s->parts.program = STR("/");
}

static void dots_cwd(struct sample *s)
{
    s->parts.cwd = STR("/a/../b");
}

static void empty_cwd(struct sample *s)
{
    s->parts.cwd = (struct str){0};
}

static void bad_hostname(struct sample *s)
{
    s->parts.hostname = STR("a b");
}

static void empty_profile(struct sample *s)
{
    s->parts.profile = (struct str){0};
}

static void child_first(struct sample *s)
{
    s->mounts[0].target = STR("/etc/ssl");
}

static void over_everything(struct sample *s)
{
    s->mounts[2].target = STR("/");
}

static void hide_root(struct sample *s)
{
    s->mounts[0].kind = PLAN_MOUNT_HIDE;
    s->mounts[0].source = STR("");
    s->mounts[0].target = STR("/");
}

static void hide_with_source(struct sample *s)
{
    s->mounts[3].source = STR("/x");
}

static void empty_link(struct sample *s)
{
    s->mounts[1].source = STR("");
}

static void unknown_kind(struct sample *s)
{
    s->mounts[2].kind = (enum plan_mount_kind)9;
}

static void many_mounts(struct sample *s)
{
    s->parts.nmounts = PLAN_MAX_MOUNTS + 1;
}

static void odd_filter(struct sample *s)
{
    s->parts.filter_bytes = 15;
}

static void unset_limit(struct sample *s)
{
    s->parts.limits.set &= ~(1u << CORE_LIMIT_OUTPUT);
}

static void unheld_limit(struct sample *s)
{
    s->parts.limits.set |= 1u << CORE_LIMIT_MEMORY;
    s->parts.limits.value[CORE_LIMIT_MEMORY] = 1 << 20;
}

static void too_large(struct sample *s)
{
    static char big[PLAN_MAX_BYTES / 2];
    static struct str argv[3];
    memset(big, 'x', sizeof big);
    for (size_t i = 0; i < BASE_COUNT(argv); i++)
        argv[i] = (struct str){big, sizeof big};
    s->parts.argv = argv;
}

static void one_too_large(struct sample *s)
{
    static char big[PLAN_MAX_BYTES];
    static const struct str argv[] = {{big, sizeof big}};
    memset(big, 'x', sizeof big);
    s->parts.argv = argv;
    s->parts.nargv = 1;
}

static const struct {
    spoil *spoil;
    const char *message;
} misfits[] = {
    {many, "argv has 1025 entries"},
    {no_argv, "argv has 0 entries"},
    {nul_argv, "argv 1 contains a NUL"},
    {no_sign, "env 0 is not NAME=value"},
    {no_name, "env 1 is not NAME=value"},
    {relative_program, "program is no absolute path"},
    {root_program, "program is the root folder"},
    {dots_cwd, "cwd is no absolute path"},
    {empty_cwd, "cwd is no absolute path"},
    {bad_hostname, "hostname is no name"},
    {empty_profile, "profile is no name"},
    {child_first, "mount 2 lies over an earlier one"},
    {over_everything, "mount 2 lies over an earlier one"},
    {hide_root, "the target of mount 0 is the root folder"},
    {hide_with_source, "the source of mount 3 must be empty"},
    {empty_link, "the source of mount 1 is empty"},
    {unknown_kind, "mount 2 is of no known kind"},
    {many_mounts, "257 mounts"},
    {odd_filter, "a filter of 15 bytes"},
    {unset_limit, "the limit output is not set"},
    {unheld_limit, "nothing here can hold the limit memory"},
    {too_large, "bytes, at most 131072"},
    {one_too_large, "argv 0 is longer than a plan"},
};

static void names_what_does_not_fit(void **state)
{
    (void)state;
    for (size_t i = 0; i < BASE_COUNT(misfits); i++) {
        struct sample s;
        make_sample(&s);
        struct reeve_error err = {0};
        auto_buf struct buf b = {0};
        misfits[i].spoil(&s);
        if (plan_build(&s.parts, &b, &err) != REEVE_EINVAL)
            fail_msg("%s: was built", misfits[i].message);
        expect_part(misfits[i].message, err.message, misfits[i].message);
        assert_int_equal(b.len, 0);
    }
}

static void best_effort_may_go_unheld(void **state)
{
    (void)state;
    struct sample s;
    make_sample(&s);
    auto_buf struct buf b = {0};
    struct reeve_error err = {0};
    unheld_limit(&s);
    s.parts.limits.best_effort = 1u << CORE_LIMIT_MEMORY;
    assert_int_equal(plan_build(&s.parts, &b, &err), 0);
}

/* ---- bytes that were never built ---- */

/* The span lies in the plan with its NUL and has no other. */
static void check_span(const struct plan_view *v, size_t n, struct plan_span s)
{
    assert_true(s.off < n && s.len < n - s.off);
    assert_int_equal(strnlen(plan_str(v, s), s.len + 1), s.len);
}

static void check_all(const struct plan_view *v, size_t n)
{
    const struct plan_span *argv = (const void *)(v->bytes + v->h->argv.off);
    const struct plan_span *env = (const void *)(v->bytes + v->h->env.off);
    check_span(v, n, v->h->program);
    check_span(v, n, v->h->cwd);
    check_span(v, n, v->h->hostname);
    check_span(v, n, v->h->profile);
    for (uint32_t i = 0; i < v->nargv; i++)
        check_span(v, n, argv[i]);
    for (uint32_t i = 0; i < v->nenv; i++)
        check_span(v, n, env[i]);
    for (uint32_t i = 0; i < v->nmounts; i++) {
        check_span(v, n, plan_mount_at(v, i)->source);
        check_span(v, n, plan_mount_at(v, i)->target);
        assert_true(plan_path_is_normal(plan_str(v, plan_mount_at(v, i)->target),
                                        plan_mount_at(v, i)->target.len));
    }
    assert_true(v->h->filter.off + 8 * (size_t)v->nfilter <= n);
}

static void survives_every_flipped_byte(void **state)
{
    (void)state;
    static const uint8_t flips[] = {0x01, 0x02, 0x08, 0x2F, 0x80, 0xFF};
    auto_buf struct buf b = {0};
    build_sample(&b);
    size_t passed = 0, refused = 0;
    for (size_t i = 0; i < b.len * BASE_COUNT(flips); i++) {
        uint8_t *byte = (uint8_t *)b.data + i / BASE_COUNT(flips), was = *byte;
        *byte ^= flips[i % BASE_COUNT(flips)];
        struct plan_view v;
        if (plan_check(b.data, b.len, &v)) {
            check_all(&v, b.len);
            passed++;
        } else {
            assert_null(v.h);
            refused++;
        }
        *byte = was;
    }
    /* Letters of a path may change; the structure may not. */
    assert_true(passed > b.len && refused > b.len);
}

static void survives_every_cut(void **state)
{
    (void)state;
    auto_buf struct buf b = {0};
    build_sample(&b);
    for (size_t n = 0; n < b.len; n++) {
        auto_free char *exact = malloc(n ? n : 1);
        assert_non_null(exact);
        memcpy(exact, b.data, n);
        struct plan_view v;
        assert_false(plan_check(exact, n, &v));
        if (n >= sizeof(struct plan_header)) {
            ((struct plan_header *)(void *)exact)->total_bytes = (uint32_t)n;
            assert_false(plan_check(exact, n, &v));
        }
    }
}

static void refuses_unaligned_bytes(void **state)
{
    (void)state;
    auto_buf struct buf b = {0};
    build_sample(&b);
    auto_free char *copy = malloc(b.len + 4);
    assert_non_null(copy);
    memcpy(copy + 4, b.data, b.len);
    struct plan_view v;
    assert_false(plan_check(copy + 4, b.len, &v));
}

/* ---- tokens ---- */

/* The MAC by another way: the text that the header describes, put together by hand. */
static void token_mac_is_as_described(void **state)
{
    (void)state;
    uint8_t key[TOKEN_KEY_BYTES], expected[BASE_SHA256], got[BASE_SHA256];
    struct token t = {.seq = UINT64_C(0x0102030405060708), .expires_ns = 0x1122334455667788};
    for (size_t i = 0; i < sizeof key; i++)
        key[i] = (uint8_t)i;
    memset(t.plan, 0xCD, sizeof t.plan);
    auto_buf struct buf text = {0};
    buf_put(&text, "reeve-token-v1", 15);
    buf_put(&text, "\x08\x07\x06\x05\x04\x03\x02\x01", 8);
    buf_put(&text, t.plan, sizeof t.plan);
    buf_put(&text, "\x88\x77\x66\x55\x44\x33\x22\x11", 8);
    base_hmac_sha256(key, sizeof key, text.data, text.len, expected);
    token_mac(key, &t, got);
    assert_memory_equal(got, expected, sizeof got);
    t.seq++;
    token_mac(key, &t, got);
    assert_memory_not_equal(got, expected, sizeof got);
}

static void every_answer_has_words(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < LAUNCHER_WHY_COUNT; i++)
        assert_true(strlen(launcher_why_text(i)) > 3);
    assert_string_equal(launcher_why_text(LAUNCHER_WHY_COUNT),
                        "an answer that the launcher cannot give");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_was_built),      cmocka_unit_test(renders_canonical_json),
        cmocka_unit_test(has_a_stable_form),         cmocka_unit_test(names_what_does_not_fit),
        cmocka_unit_test(best_effort_may_go_unheld), cmocka_unit_test(survives_every_flipped_byte),
        cmocka_unit_test(survives_every_cut),        cmocka_unit_test(refuses_unaligned_bytes),
        cmocka_unit_test(token_mac_is_as_described), cmocka_unit_test(every_answer_has_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
