/*
 * Images as bytes: the same policy gives the same bytes; what was saved decides as what was
 * compiled; what was changed, cut or signed by too few is refused, and what was changed and given a
 * digest that fits is refused or harmless.
 */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support.h"

#include "policy/image.h"

#define POLICY                                                                                     \
    HEADER                                                                                         \
    "name: lab\nversion: 7\ndefaults: {level: controlled, limits: {wall: 3s}}\n"                   \
    "groups: {g: [\"u:a\", \"u:*b\", \"group:h\"], h: [\"u:c\"]}\n"                                \
    "subjects: [{match: \"group:g\", level: full}, {match: \"u:a\", level: controlled}]\n"         \
    "grants: {files: {isolation: vm, filesystem: {read: [\"${args.p}\", /usr]}}}\n"                \
    "rules:\n"                                                                                     \
    "  - {id: b, effect: allow, subject: [\"group:g\", \"u:x\", \"group:h\"], capability: "        \
    "[a.b, \"a.*\"], grant: files,\n"                                                              \
    "     when: {args.a: [1, 2.5, x, true], any: [{args.b: {eq: [x, [1]]}}, {not: {args.p: "       \
    "{under: /a}}}]}}\n"                                                                           \
    "  - {id: a, effect: deny, capability: [\"a.get_*\", \"a.*.c\"], reason: because, when: "      \
    "{args.q: {eq: 1, absent: false}}}\n"                                                          \
    "  - {id: c, effect: allow, subject: anyone, capability: [\"*\"], when: {args.z: "             \
    "{exists: true}}}\n"                                                                           \
    "  - {id: d, effect: allow, subject: [\"u:z\"], capability: [k], when: {args.u: {url: {host: " \
    "[\"*.x.example\", y.example], cidr: [10.0.0.0/8]}}, args.n: {between: [1, 9]}, args.m: "      \
    "{matches: \"[a-z]+\", starts_with: [a, b]}, args.l: {like: \"a*b\"}, args.h: {host: "         \
    "[h.example]}, args.i: {cidr: [10.0.0.0/8]}}}\n"                                               \
    "  - {id: e, effect: deny, subject: [\"u:z\"], capability: [k], when: {args.v: {argv: [x, "    \
    "[yy, z], {rest: {like: \"-*\"}}], size: {lt: 5}}, args.w: {each: {in: [1, x]}, some: 1}, "    \
    "args.n: {lt: {attr: args.m}}, subject: {is: \"group:g\"}}}\n"                                 \
    "  - {id: f, effect: deny, subject: [\"u:z\"], capability: [t], when: {broker.now: {time: "    \
    "{days: [mon, tue], hours: \"09:00-17:00\", zone: UTC}}}}\n"

/* What holds a request, of every kind. */
#define HOLDS                                                                                      \
    HEADER                                                                                         \
    "name: lab\nversion: 7\ndefaults: {level: controlled, approval: {by: [\"u:d\", \"group:g\"], " \
    "need: 1, within: 5m, covers: once}}\nlabels: [seen, secret]\ngroups: {g: [\"u:c\"]}\n"        \
    "capabilities: {\"a.*\": {class: safe, effects: [network, money], mask: [args.p], cost: "      \
    "true, args: {p: {type: path}, m: {type: integer, optional: true, default: 1}}}, "             \
    "ccos.io.read-file: {class: safe, lower: why}}\naudit: {mask: [args.q.r]}\n"                   \
    "budgets: [{id: z, subject: [\"u:*\"], capability: [\"a.*\", k], per: subject, limits: "       \
    "{calls: {max: 9, window: 1h}, cost: {max: 5, unit: eur, window: 1h}}, when_spent: ask, "      \
    "warn_at: [80%]}]\n"                                                                           \
    "grants: {web: {provider: [process], network: [\"h:1\", \"*.x:any\", \"${args.u}\"], "         \
    "filesystem: {read: [\"${args.p}\", /usr], write: [\"/home/${subject.id}/w\"], execute: "      \
    "[/usr/bin], hide: [\"/usr/**\"]}, environment: [A, B=1], secrets: [s]}}\nrules:\n"            \
    "  - {id: a, effect: ask, subject: anyone, capability: [\"a.*\"], grant: web, labels: "        \
    "[seen], when: {broker.labels: {contains: seen}}}\n"                                           \
    "  - {id: b, effect: allow, subject: anyone, effects: [money], capability: [\"a.*\", k], "     \
    "grant: web, obligations: [{type: t, properties: {x: [1, w]}}]}\n"                             \
    "  - {id: c, effect: require, require: {isolation: vm, approval: {by: [\"u:e\"], need: 2, "    \
    "within: 1h, covers: session}, within: {limits: {wall: 1m}, network: [\"h:1\"], filesystem: "  \
    "{write: [/home]}, environment: [A]}}, labels: [secret], when: {args.m: 1}}\n"                 \
    "  - {id: d, effect: deny, capability: [t], resource: [\"d:a\"], valid: {from: "               \
    "\"2026-01-01T00:00:00Z\"}}\n"                                                                 \
    "  - {id: e, effect: allow, subject: [\"u:z\"], capability: [k], grant: web}\n"                \
    "  - {id: f, effect: allow, subject: anyone, capability: [t], mode: shadow, replaces: d}\n"

static const struct question questions[] = {
    {"u:c", "a.b", "{\"p\":\"/b\",\"u\":\"https://h.x/\",\"m\":1}", NULL},
    {"u:z", "k", "{\"p\":\"/b\",\"u\":\"https://h.x/\",\"n\":2}", NULL},
    {"u:z", "k", "{\"p\":7}", NULL},
    {"u:a", "a.b", "{\"a\":1,\"b\":[\"x\",[1]],\"p\":\"/b\"}", NULL},
    {"u:ab", "a.x", "{\"a\":\"x\",\"p\":\"/b\"}", NULL},
    {"u:c", "a.b", "{\"a\":2.5,\"p\":\"/a/b\"}", NULL},
    {"u:x", "a.get_b", "{\"a\":1,\"q\":1}", NULL},
    {"u:z", "a.b.c", "{\"q\":2}", NULL},
    {"u:z", "k", "{\"z\":0}", NULL},
    {"u:z", "k", NULL, "pure"},
    {"u:z", "k",
     "{\"u\":\"https://a.x.example/p\",\"n\":3,\"m\":\"abc\",\"l\":\"acb\",\"h\":\"h.example\","
     "\"i\":\"10.1.2.3\",\"v\":[\"x\",\"yy\",\"-a\",\"-b\"],\"w\":[1,1]}",
     NULL},
    {"u:z", "k", "{\"n\":1,\"m\":2,\"v\":[\"x\",\"z\"],\"w\":[\"x\"]}", NULL},
    {"u:z", "t", "{}", NULL},
};

static struct buf saved(const struct policy_image *image)
{
    struct buf out;
    struct reeve_error err = {0};
    buf_init(&out, 0);
    assert_int_equal(policy_image_save(image, &out, &err), 0);
    return out;
}

static void same_answers(const struct policy_image *a, const struct policy_image *b)
{
    for (size_t i = 0; i < BASE_COUNT(questions); i++) {
        struct policy_decision x = decide(a, &questions[i]), y = decide(b, &questions[i]);
        assert_int_equal(x.effect, y.effect);
        assert_int_equal(x.rule, y.rule);
        assert_int_equal(x.level, y.level);
        assert_int_equal(x.isolation, y.isolation);
        assert_int_equal(x.grant, y.grant);
    }
}

/* What a decision's indexes name. */
static void look_up(const struct policy_image *image, const struct policy_request *req,
                    const struct reeve_inputs_view *inputs, const struct policy_decision *d,
                    struct arena *arena)
{
    struct policy_approval approval;
    struct policy_obligation obligation;
    struct policy_budget budget;
    const struct core_capability *schema;
    (void)policy_image_rule(image, d->rule);
    (void)policy_image_rule(image, d->shadow.rule);
    for (uint32_t i = 0; i < d->approvals.n; i++) {
        assert_true(policy_image_approval(image, d->approvals.v[i], &approval));
        (void)policy_may_approve(image, d->approvals.v[i], STR("u:d"), req, inputs);
    }
    for (uint32_t i = 0; i < d->obligations.n; i++)
        assert_true(policy_image_obligation(image, d->obligations.v[i], &obligation));
    for (uint32_t i = 0; i < 64; i++) {
        (void)policy_image_label(image, i);
        (void)policy_image_budget(image, i, &budget);
    }
    bool delegated;
    (void)policy_image_effect(image, STR("none")); /* compares with every word */
    (void)policy_image_schema(image, req->subject, req->capability, arena, &schema, &delegated);
}

/* Everything that can be asked of an image, for the sanitizers to watch. */
static void use(const struct policy_image *image)
{
    for (size_t i = 0; i < BASE_COUNT(questions); i++) {
        auto_json struct json_text text;
        struct policy_request req = ask(&questions[i], &text);
        struct policy_decision d;
        struct policy_subject parent = {STR("u:c"), NULL};
        struct policy_spent spent = {0, POLICY_COUNTED_CALLS, 0, 9};
        struct str label = STR("seen");
        struct reeve_inputs_view inputs = {.known = ~0u,
                                           .chain = &parent,
                                           .nchain = i % 2,
                                           .labels = &label,
                                           .nlabels = 1,
                                           .spent = &spent,
                                           .nspent = i % 3 == 0};
        uint8_t key[BASE_SHA256] = {0};
        auto_buf struct buf why = {0}, masked = {0};
        struct arena arena auto_arena;
        arena_init(&arena, 0);
        struct core_grant grant;
        assert_int_equal(policy_decide(image, &req, &inputs, &d), 0);
        policy_explain(image, &req, &inputs, &d, &why);
        (void)policy_grant(image, &req, &inputs, &d, &arena, &grant, NULL);
        (void)policy_mask_args(image, &req, false, key, &masked);
        look_up(image, &req, &inputs, &d, &arena);
    }
}

static int load(struct str bytes, const struct policy_keys *keys)
{
    struct policy_image *image;
    struct reeve_error err = {0};
    int rc = policy_image_load(bytes, keys, &image, &err);
    assert_int_equal(image != NULL, rc == 0);
    assert_int_equal(err.code, rc);
    policy_image_unref(&image);
    return rc;
}

static void test_same_input_same_bytes(void **state)
{
    (void)state;
    struct policy_image *a = must_compile(POLICY), *b = must_compile(POLICY);
    auto_buf struct buf x = saved(a), y = saved(b);
    assert_true(str_eq(buf_view(&x), buf_view(&y)));
    policy_image_unref(&a);
    policy_image_unref(&b);
}

static void test_holds_loaded(void **state)
{
    (void)state;
    struct policy_image *a = must_compile(HOLDS), *b;
    auto_buf struct buf bytes = saved(a), again = {0};
    assert_int_equal(policy_image_load(buf_view(&bytes), NULL, &b, NULL), 0);
    same_answers(a, b);
    again = saved(b);
    assert_true(str_eq(buf_view(&bytes), buf_view(&again)));
    use(b);
    policy_image_unref(&a);
    policy_image_unref(&b);
}

static void test_loaded_is_compiled(void **state)
{
    (void)state;
    struct policy_image *a = must_compile(POLICY), *b;
    struct reeve_error err = {0};
    auto_buf struct buf bytes = saved(a), again = {0};
    assert_int_equal(policy_image_load(buf_view(&bytes), NULL, &b, &err), 0);
    same_answers(a, b);
    assert_memory_equal(policy_image_digest(a), policy_image_digest(b), BASE_SHA256);
    assert_int_equal(policy_image_version(b), 7);
    assert_true(str_is(policy_image_name(b), "lab"));
    assert_true(str_is(policy_image_rule(b, 0).reason, "because"));
    assert_true(str_is(policy_image_rule(b, 0).file, "test.yaml"));
    again = saved(b);
    assert_true(str_eq(buf_view(&bytes), buf_view(&again)));
    policy_image_unref(&a);
    use(b);
    policy_image_unref(&b);
}

static void test_every_byte_matters(void **state)
{
    (void)state;
    struct policy_image *image = must_compile(POLICY);
    auto_buf struct buf bytes = saved(image);
    for (size_t i = 0; i < bytes.len; i++)
        for (unsigned flip = 1; flip < 256; flip *= 4) {
            bytes.data[i] ^= (char)flip;
            assert_int_equal(load(buf_view(&bytes), NULL), REEVE_EFORMAT);
            bytes.data[i] ^= (char)flip;
        }
    assert_int_equal(load(buf_view(&bytes), NULL), 0);
    policy_image_unref(&image);
}

/* As above, with the digest that the changed bytes have: refused, or every answer is given. */
static void change_each_byte(const char *policy)
{
    static const uint8_t flips[] = {0x01, 0x04, 0x40, 0x80, 0xff};
    struct policy_image *image = must_compile(policy);
    auto_buf struct buf bytes = saved(image);
    uint8_t *digest = (uint8_t *)bytes.data + offsetof(struct img_file, digest);
    size_t refused = 0, used = 0;
    for (size_t i = 0; i < bytes.len; i++)
        for (size_t k = 0; k < BASE_COUNT(flips); k++) {
            bytes.data[i] ^= (char)flips[k];
            image_file_digest(bytes.data, bytes.len, digest);
            struct policy_image *changed;
            if (policy_image_load(buf_view(&bytes), NULL, &changed, NULL) == 0) {
                use(changed);
                used++;
            } else {
                refused++;
            }
            policy_image_unref(&changed);
            bytes.data[i] ^= (char)flips[k];
        }
    assert_true(refused > bytes.len / 4 && used > 100); /* both happen, or nothing was tested */
    policy_image_unref(&image);
}

static void test_changed_with_a_digest_that_fits(void **state)
{
    (void)state;
    change_each_byte(POLICY);
    change_each_byte(HOLDS);
}

static void test_cut_or_followed(void **state)
{
    (void)state;
    struct policy_image *image = must_compile(POLICY);
    auto_buf struct buf bytes = saved(image);
    for (size_t n = 0; n < bytes.len; n++) {
        char *exact = malloc(n ? n : 1);
        assert_non_null(exact);
        memcpy(exact, bytes.data, n);
        assert_int_equal(load((struct str){exact, n}, NULL), REEVE_EFORMAT);
        free(exact);
    }
    buf_byte(&bytes, 0);
    assert_int_equal(load(buf_view(&bytes), NULL), REEVE_EFORMAT);
    policy_image_unref(&image);
}

static void test_other_catalogue(void **state)
{
    (void)state;
    struct policy_image *image = must_compile(POLICY);
    auto_buf struct buf bytes = saved(image);
    size_t at = (size_t)((const char *)image_head(image) - image->bytes);
    bytes.data[at + offsetof(struct img_head, rules_digest)] ^= 1;
    image_file_digest(bytes.data, bytes.len,
                      (uint8_t *)bytes.data + offsetof(struct img_file, digest));
    assert_int_equal(load(buf_view(&bytes), NULL), REEVE_EUNSUPPORTED);
    policy_image_unref(&image);
}

/* ---- signatures ---- */

/* RFC 8032, section 7.1, tests 1 and 2: secret and public keys. */
static const char *const seeds[] = {
    "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
    "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"};
static const char *const publics[] = {
    "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
    "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"};

struct signing {
    const char *name;
    const char *by; /* whose signatures it has: digits into seeds */
    const char *of; /* the keys that are configured */
    size_t need;
    int expected;
};

static void sign(struct buf *bytes, const char *by)
{
    struct reeve_error err = {0};
    for (; *by; by++) {
        uint8_t seed[32];
        assert_true(base_unhex(str_of(seeds[*by - '0']), seed, sizeof seed));
        assert_int_equal(policy_image_sign(bytes, seed, &err), 0);
    }
}

static void test_signatures(void **state)
{
    (void)state;
    static const struct signing rows[] = {
        {"none is needed", "", "", 0, 0},
        {"one of one", "0", "0", 1, 0},
        {"not signed", "", "0", 1, REEVE_EVERIFY},
        {"signed by another", "1", "0", 1, REEVE_EVERIFY},
        {"two of two, in any order", "10", "01", 2, 0},
        {"one of two, where two are needed", "0", "01", 2, REEVE_EVERIFY},
        {"one of two, where one is", "1", "01", 1, 0},
        {"one key twice is one author", "00", "01", 2, REEVE_EVERIFY},
        {"configured twice is one author", "0", "00", 2, REEVE_EVERIFY},
        {"more signatures than are needed", "0110", "1", 1, 0},
    };
    struct policy_image *image = must_compile(POLICY);
    for (size_t i = 0; i < BASE_COUNT(rows); i++) {
        auto_buf struct buf bytes = saved(image);
        uint8_t key[4][32];
        struct policy_keys keys = {(const uint8_t(*)[32])key, strlen(rows[i].of), rows[i].need};
        for (size_t k = 0; k < keys.n; k++)
            assert_true(base_unhex(str_of(publics[rows[i].of[k] - '0']), key[k], 32));
        sign(&bytes, rows[i].by);
        if (load(buf_view(&bytes), &keys) != rows[i].expected)
            fail_msg("%s", rows[i].name);
    }
    policy_image_unref(&image);
}

static void test_signature_that_does_not_hold(void **state)
{
    (void)state;
    struct policy_image *image = must_compile(POLICY), *other = must_compile(POLICY "# x\n");
    auto_buf struct buf bytes = saved(image), others = saved(other);
    uint8_t key[1][32];
    assert_true(base_unhex(str_of(publics[0]), key[0], 32));
    struct policy_keys keys = {(const uint8_t(*)[32])key, 1, 1};
    size_t n = bytes.len;
    sign(&bytes, "0");
    for (size_t i = n; i < bytes.len; i++) {
        bytes.data[i] ^= 1;
        assert_int_equal(load(buf_view(&bytes), &keys), REEVE_EVERIFY);
        assert_int_equal(load(buf_view(&bytes), NULL), 0); /* the image itself is whole */
        bytes.data[i] ^= 1;
    }
    assert_int_equal(load(buf_view(&bytes), &keys), 0);
    buf_put(&others, bytes.data + n, bytes.len - n);
    assert_int_equal(load(buf_view(&others), &keys), REEVE_EVERIFY);
    policy_image_unref(&image);
    policy_image_unref(&other);
}

/* A head that says less, or more, than it is: nothing is read or signed by it. */
static void test_signing_what_is_no_image(void **state)
{
    (void)state;
    static const uint64_t sizes[] = {0, 1, sizeof(struct img_file) - 1, sizeof(struct img_file),
                                     UINT64_MAX};
    struct policy_image *image = must_compile(POLICY);
    const uint8_t seed[32] = {0};
    for (size_t i = 0; i < BASE_COUNT(sizes); i++) {
        auto_buf struct buf bytes = saved(image);
        struct reeve_error err = {0};
        struct img_file head;
        memcpy(&head, bytes.data, sizeof head);
        head.size = sizes[i];
        memcpy(bytes.data, &head, sizeof head);
        if (i % 2)
            bytes.len = sizeof head + 1;
        assert_int_equal(policy_image_sign(&bytes, seed, &err), REEVE_EFORMAT);
    }
    policy_image_unref(&image);
}

static void test_bound_of_signatures(void **state)
{
    (void)state;
    struct policy_image *image = must_compile(POLICY);
    auto_buf struct buf bytes = saved(image);
    struct img_signature none = {0};
    uint8_t seed[32] = {0};
    struct reeve_error err = {0};
    for (unsigned i = 0; i < IMAGE_MAX_SIGNATURES; i++)
        buf_put(&bytes, &none, sizeof none);
    assert_int_equal(load(buf_view(&bytes), NULL), 0);
    assert_int_equal(policy_image_sign(&bytes, seed, &err), REEVE_EINVAL);
    buf_put(&bytes, &none, sizeof none);
    assert_int_equal(load(buf_view(&bytes), NULL), REEVE_EFORMAT);
    policy_image_unref(&image);
}

/* ---- memory ---- */

static void must_not_write(const char *at)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        (void)signal(SIGSEGV, SIG_DFL); /* whatever a sanitizer would rather do */
        *(volatile char *)(uintptr_t)at = 1;
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
}

static void test_memory_is_read_only(void **state)
{
    (void)state;
    struct policy_image *image = must_compile(POLICY), *loaded;
    auto_buf struct buf bytes = saved(image);
    assert_int_equal(policy_image_load(buf_view(&bytes), NULL, &loaded, NULL), 0);
    for (unsigned i = 0; i < IMAGE_SECTION_COUNT; i++) {
        must_not_write(image->section[i].at);
        must_not_write(loaded->section[i].at);
    }
    memset(bytes.data, 0xff, bytes.len); /* what was loaded is a copy */
    same_answers(image, loaded);
    policy_image_unref(&image);
    policy_image_unref(&loaded);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_input_same_bytes),
        cmocka_unit_test(test_loaded_is_compiled),
        cmocka_unit_test(test_holds_loaded),
        cmocka_unit_test(test_every_byte_matters),
        cmocka_unit_test(test_changed_with_a_digest_that_fits),
        cmocka_unit_test(test_cut_or_followed),
        cmocka_unit_test(test_other_catalogue),
        cmocka_unit_test(test_signatures),
        cmocka_unit_test(test_signature_that_does_not_hold),
        cmocka_unit_test(test_signing_what_is_no_image),
        cmocka_unit_test(test_bound_of_signatures),
        cmocka_unit_test(test_memory_is_read_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
