/*
 * What the person who was refused is told: one sentence for each way in which a request is denied.
 */
#include "policy/pattern.h"
#include "support.h"

#define TOP                                                                                        \
    HEADER                                                                                         \
    "defaults: {level: controlled}\n"                                                              \
    "groups: {lab: [\"agent:lab-*\"]}\n"                                                           \
    "subjects: [{match: \"user:guest\", level: pure}]\n"                                           \
    "rules:\n"                                                                                     \
    "  - id: read\n    effect: allow\n    subject: [\"group:lab\"]\n"                              \
    "    capability: [ccos.io.read-file]\n"                                                        \
    "    when: {args.path: {under: /srv/repo}, args.mode: [text, raw], args.deep: {not: "          \
    "{eq: true}}}\n"                                                                               \
    "    grant: {filesystem: {read: [\"${args.path}\"]}}\n"                                        \
    "  - id: read-tmp\n    effect: allow\n    subject: [\"agent:lab-1\"]\n"                        \
    "    capability: [ccos.io.read-file]\n"                                                        \
    "    when: {args.path: {under: /tmp}, args.mode: never, args.key: 7}\n"                        \
    "  - id: any\n    effect: allow\n    subject: anyone\n    capability: [x.any]\n"               \
    "    when: {any: [{args.a: 1}, {args.b: {exists: true}}]}\n"                                   \
    "  - id: hidden\n    effect: deny\n    capability: [x.hidden]\n    reason: |\n      "          \
    "Not for\n      you\n"                                                                         \
    "  - {id: neither, effect: allow, subject: anyone, capability: [x.neither], when: {not: "      \
    "{any: [{args.a: 1}, {args.b: 2}]}}}\n"                                                        \
    "  - {id: both, effect: allow, subject: anyone, capability: [x.both], when: {not: "            \
    "{all: [{args.a: 1}, {any: [{args.b: 2}, {args.c: 3}]}]}}}\n"                                  \
    "  - {id: some, effect: allow, subject: anyone, capability: [x.some], when: {args.z: "         \
    "1, any: [{args.a: 1}, {args.b: 2}], not: {all: [{args.c: 1}, {args.d: 2}]}}}\n"               \
    "  - {id: silent, effect: deny, capability: [x.silent]}\n"                                     \
    "  - {id: file, effect: allow, subject: anyone, capability: [x.file], "                        \
    "grant: {filesystem: {read: [\"${args.path}\"]}}}\n"

static const struct row {
    const char *name;
    struct question q;
    const char *sentence;
} rows[] = {
    {"a deny with a reason", {.subject = "u:a", .capability = "x.hidden"}, "Not for you "},
    {"a deny without",
     {.subject = "u:a", .capability = "x.silent"},
     "rule silent denies x.silent to u:a"},
    {"no rule at all",
     {.subject = "u:a", .capability = "x.none"},
     "no rule of the policy permits x.none to u:a"},
    {"no rule for this subject",
     {.subject = "u:a", .capability = "ccos.io.read-file"},
     "no rule of the policy permits ccos.io.read-file to u:a"},
    {"the nearest miss, its first failing condition and value",
     {"agent:lab-1", "ccos.io.read-file",
      "{\"path\":\"/etc/passwd\",\"mode\":\"text\",\"deep\":false}", NULL},
     "no rule permits ccos.io.read-file to agent:lab-1 like this; the nearest is read: args.path "
     "must be at or under "
     "\"/srv/repo\", and is \"/etc/passwd\""},
    {"a value that is missing",
     {"agent:lab-2", "ccos.io.read-file", "{\"path\":\"/srv/repo/a\",\"deep\":false}", NULL},
     "no rule permits ccos.io.read-file to agent:lab-2 like this; the nearest is read: args.mode "
     "must be one of "
     "[\"text\", \"raw\"], and is missing"},
    {"a negated condition",
     {"agent:lab-2", "ccos.io.read-file",
      "{\"path\":\"/srv/repo/a\",\"mode\":\"raw\",\"deep\":true}", NULL},
     "no rule permits ccos.io.read-file to agent:lab-2 like this; the nearest is read: args.deep "
     "must not be true, and "
     "is true"},
    {"alternatives",
     {"u:a", "x.any", "{\"a\":2}", NULL},
     "no rule permits x.any to u:a like this; the nearest is any: none of its alternatives holds; "
     "the first: args.a "
     "must be 1, and is 2"},
    {"of several that must not hold the one that does",
     {"u:a", "x.neither", "{\"a\":5,\"b\":2}", NULL},
     "no rule permits x.neither to u:a like this; the nearest is neither: args.b must not be 2, "
     "and "
     "is 2"},
    {"of several that must not all hold the first, and below it the one that does",
     {"u:a", "x.both", "{\"a\":1,\"b\":5,\"c\":3}", NULL},
     "no rule permits x.both to u:a like this; the nearest is both: args.a must not be 1, and is "
     "1"},
    {"what could not be judged is what is named as that",
     {"u:a", "x.some", "{\"z\":2,\"a\":3,\"c\":1}", NULL},
     "no rule permits x.some to u:a like this; the nearest is some: args.z must be 1, and is 2; 2 "
     "more of its conditions do not hold; could not be judged: args.b, args.d"},
    {"a long value is not repeated",
     {"u:a", "x.any",
      "{\"a\":"
      "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
      "aaaaaaaaaaaa"
      "aaaaaaaaaaaaaaaaaaaaaaaaa\"}",
      NULL},
     "no rule permits x.any to u:a like this; the nearest is any: none of its alternatives holds; "
     "the first: args.a "
     "must be 1, and is a text of 127 bytes"},
    {"a template",
     {"u:a", "x.file", "{\"path\":\"a\"}", NULL},
     "no rule permits x.file to u:a like this; the nearest is file: args.path must be one absolute "
     "path, and is \"a\""},
    {"pure, by an entry",
     {.subject = "user:guest", .capability = "ccos.echo"},
     "ccos.echo is of class safe, and user:guest has level pure: `subjects` gives it to user:guest "
     "on line 4"},
    {"pure, by the request",
     {"u:a", "x.y", NULL, "pure"},
     "x.y is of class dangerous, and u:a has level pure: the request asked for no more"},
    {"control characters do not get out",
     {.subject = "u:a", .capability = "x\x1b[31m"},
     "no rule of the policy permits x?[31m to u:a"},
    {"nor do bytes that are no text",
     {.subject = "u:a", .capability = "x\xff"},
     "no rule of the policy permits (not UTF-8) to u:a"},
};

static void explained(const struct policy_image *image, const struct question *q, struct buf *out)
{
    auto_json struct json_text text;
    struct policy_request req = ask(q, &text);
    struct reeve_inputs_view inputs = {0};
    struct policy_decision d = decide(image, q);
    assert_int_equal(d.effect, CORE_EFFECT_DENY);
    policy_explain(image, &req, &inputs, &d, out);
    assert_false(out->failed);
}

static void sentences(void **state)
{
    (void)state;
    struct policy_image *image = must_compile(TOP);
    for (size_t i = 0; i < BASE_COUNT(rows); i++) {
        auto_buf struct buf out = {0};
        explained(image, &rows[i].q, &out);
        if (!str_is(buf_view(&out), rows[i].sentence))
            fail_msg("%s:\n\"%s\", expected\n\"%s\"", rows[i].name, out.data, rows[i].sentence);
    }
    policy_image_unref(&image);
}

static void pure_by_default(void **state)
{
    (void)state;
    static const struct {
        const char *policy, *end;
    } defaults[] = {
        {HEADER, "no entry of `subjects` names it, and the policy has no `defaults.level`"},
        {HEADER "defaults: {level: pure}\n",
         "no entry of `subjects` names it, and `defaults.level` is pure"},
    };
    for (size_t i = 0; i < BASE_COUNT(defaults); i++) {
        struct policy_image *image = must_compile(defaults[i].policy);
        auto_buf struct buf out = {0};
        struct question q = {.subject = "u:a", .capability = "ccos.echo"};
        explained(image, &q, &out);
        assert_non_null(strstr(out.data, defaults[i].end));
        policy_image_unref(&image);
    }
}

/* What cannot be decided has no story, however long its names are. */
static void what_cannot_be_decided(void **state)
{
    (void)state;
    struct policy_image *image = must_compile(HEADER "rules: [{id: r, effect: allow, subject: "
                                                     "anyone, capability: [\"a.*\"]}]\n");
    auto_buf struct buf name = {0}, out = {0};
    for (unsigned i = 0; i < 4 * POLICY_MAX_NAME; i++)
        buf_z(&name, i % 2 ? "." : "a");
    struct question q = {.subject = "u:a", .capability = "a.b"};
    struct json_text args;
    struct policy_request req = ask(&q, &args);
    struct reeve_inputs_view inputs = {0};
    struct policy_decision d;
    struct policy_miss miss;
    assert_int_equal(policy_decide(image, &req, &inputs, &d), 0);
    req.capability = buf_view(&name);
    d.effect = CORE_EFFECT_DENY;
    d.rule = POLICY_RULE_DEFAULT;
    assert_int_equal(policy_decide(image, &req, &inputs, &d), REEVE_EINVAL);
    assert_false(policy_nearest_miss(image, &req, &inputs, &d, &miss));
    policy_explain(image, &req, &inputs, &d, &out);
    assert_true(str_is(buf_view(&out), "the request is none that can be decided"));
    json_text_free(&args);
    policy_image_unref(&image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(sentences),
                                       cmocka_unit_test(pure_by_default),
                                       cmocka_unit_test(what_cannot_be_decided)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
