/*
 * What regular expressions may cost a decision, all rules and links of the chain together: when it
 * is spent, further ones are unknown, so that a policy of costly patterns and a text made for them
 * stall nothing and permit nothing.
 */
#include "support.h"

#include "policy/story.h"
#include "policy/value_regex.h"

#define COSTLY "(?:(?=\\X*+)a)*" /* over its own limit on a long text of a */

static char long_text[VALUE_REGEX_TEXT_MAX];

static void what_is_spent_is_gone(void **state)
{
    (void)state;
    const struct str v[] = {STR(COSTLY), STR("[a-z]+")};
    struct str text = {long_text, sizeof long_text};
    struct value_regexes *set = NULL;
    struct value_scratch *scratch = value_scratch_of_thread();
    assert_int_equal(value_regexes_new(v, 2, &set, NULL), 0);
    uint64_t left = VALUE_REGEX_BUDGET;
    assert_int_equal(value_regex_matches(set, 1, scratch, STR("abc"), &left), TRI_TRUE);
    assert_in_range(VALUE_REGEX_BUDGET - left, 1, VALUE_REGEX_BUDGET / 60000);
    unsigned n = 0;
    for (; left; n++)
        assert_int_equal(value_regex_matches(set, 0, scratch, text, &left), TRI_UNKNOWN);
    assert_in_range(n, 2, 20);
    assert_int_equal(value_regex_matches(set, 1, scratch, STR("abc"), &left), TRI_UNKNOWN);
    left = VALUE_REGEX_BUDGET;
    assert_int_equal(value_regex_matches(set, 1, scratch, STR("abc"), &left), TRI_TRUE);
    value_regexes_free(&set);
}

/* The dearest match there is must fit, so that no condition is unknown for want of others' money.
 */
static void one_match_always_fits(void **state)
{
    (void)state;
    const struct str dear = STR("(*NO_JIT)(?:a{0,90}){0,90}[bc]");
    struct value_regexes *set = NULL;
    assert_int_equal(value_regexes_new(&dear, 1, &set, NULL), 0);
    for (size_t n = 1; n <= sizeof long_text; n = n < 400 ? n + 67 : n * 4) {
        uint64_t left = VALUE_REGEX_BUDGET;
        (void)value_regex_matches(set, 0, value_scratch_of_thread(), (struct str){long_text, n},
                                  &left);
        assert_true(left > 0);
    }
    value_regexes_free(&set);
}

/* `costly` rules with the pattern, then what tells whether the budget is spent. */
static struct policy_decision decide_after(unsigned costly, const char *last,
                                           const struct reeve_inputs_view *inputs, char id[160])
{
    auto_buf struct buf policy = {0}, args = {0};
    buf_z(&policy, HEADER "defaults: {level: controlled}\nrules:\n");
    for (unsigned i = 0; i < costly; i++)
        buf_printf(&policy,
                   "  - {id: c%u, effect: allow, subject: anyone, capability: [ccos.echo], when: "
                   "{args.a: {matches: '%s'}}}\n",
                   i, COSTLY);
    buf_z(&policy, last);
    buf_z(&args, "{\"b\":\"x\",\"a\":\"");
    buf_put(&args, long_text, sizeof long_text);
    buf_z(&args, "\"}");
    struct policy_image *image = must_compile(policy.data);
    struct json_text text = {0};
    const struct question q = {"u:a", "ccos.echo", args.data, NULL};
    struct policy_request req = ask(&q, &text);
    struct policy_decision d, again;
    assert_int_equal(policy_decide(image, &req, inputs, &d), 0);
    assert_int_equal(policy_decide(image, &req, inputs, &again), 0);
    assert_int_equal(d.rule, again.rule); /* each has its own */
    rule_id(image, d.rule, id);
    json_text_free(&text);
    policy_image_unref(&image);
    return d;
}

static void an_allow_does_not_rest_on_what_could_not_be_paid(void **state)
{
    (void)state;
    static const char last[] = "  - {id: z, effect: allow, subject: anyone, capability: "
                               "[ccos.echo], when: {args.b: {matches: x}}}\n";
    const struct reeve_inputs_view inputs = {0};
    char id[160];
    assert_int_equal(decide_after(1, last, &inputs, id).effect, CORE_EFFECT_ALLOW);
    assert_string_equal(id, "z");
    assert_int_equal(decide_after(40, last, &inputs, id).effect, CORE_EFFECT_DENY);
    assert_string_equal(id, "reeve/default");
}

/* The subject's rules spend it, and the parent's deny, whose pattern does not match, holds. */
static void a_deny_counts_what_could_not_be_paid(void **state)
{
    (void)state;
    static const char last[] =
        "  - {id: w, effect: allow, subject: anyone, capability: [\"ccos.*\"]}\n"
        "  - {id: z, effect: deny, subject: [\"u:p\"], capability: [\"ccos.*\"], when: {args.b: "
        "{matches: v}}}\n";
    const struct policy_subject chain[] = {{STR("u:p"), NULL}};
    const struct reeve_inputs_view inputs = {.chain = chain, .nchain = 1};
    char id[160];
    assert_int_equal(decide_after(1, last, &inputs, id).effect, CORE_EFFECT_ALLOW);
    assert_string_equal(id, "w");
    assert_int_equal(decide_after(40, last, &inputs, id).effect, CORE_EFFECT_DENY);
    assert_string_equal(id, "z");
}

/* A text on which the pattern costs more than a quarter of what there is, and then does not fit. */
#define DEAR "(?:a|a)*[bc]"
static size_t dear_length(void)
{
    const struct str dear = STR(DEAR);
    struct value_regexes *set = NULL;
    size_t n = 1;
    assert_int_equal(value_regexes_new(&dear, 1, &set, NULL), 0);
    for (uint64_t left = VALUE_REGEX_BUDGET; left > VALUE_REGEX_BUDGET / 4 * 3; n++) {
        left = VALUE_REGEX_BUDGET;
        assert_int_equal(value_regex_matches(set, 0, value_scratch_of_thread(),
                                             (struct str){long_text, n}, &left),
                         TRI_FALSE);
    }
    value_regexes_free(&set);
    return n - 1;
}

/* Under however many patterns a rule is found, it is judged once: a deny that is false does not
 * hold since it could not be paid a fifth time. */
static void a_rule_of_many_patterns_is_paid_once(void **state)
{
    (void)state;
    auto_buf struct buf args = {0};
    buf_z(&args, "{\"a\":\"");
    buf_put(&args, long_text, dear_length());
    buf_z(&args, "\"}");
    struct policy_image *image = must_compile(
        HEADER "defaults: {level: controlled}\nrules:\n  - {id: a, effect: deny, capability: "
               "[ccos.echo.a.b.c, \"ccos.*\", \"*\", \"ccos.echo.*\", \"ccos.echo.a.*\", "
               "\"ccos.*.a.b.c\"], when: {args.a: {matches: '" DEAR
               "'}}}\n  - {id: b, effect: allow, subject: anyone, capability: [\"*\"]}\n");
    struct json_text text = {0};
    const struct question q = {"u:a", "ccos.echo.a.b.c", args.data, NULL};
    struct policy_request req = ask(&q, &text);
    const struct reeve_inputs_view inputs = {0};
    struct policy_decision d;
    char id[160];
    assert_int_equal(policy_decide(image, &req, &inputs, &d), 0);
    assert_string_equal(rule_id(image, d.rule, id), "b");
    json_text_free(&text);
    policy_image_unref(&image);
}

/* ---- what is told of it ---- */

/* Costly rules that the decision does not come to, and others whose patterns it judged before. */
static void told(const char *rules, const char *subject, char *out, size_t room, bool story)
{
    auto_buf struct buf policy = {0}, args = {0}, text = {0};
    buf_z(&policy, HEADER "defaults: {level: controlled}\nrules:\n");
    for (unsigned i = 0; i < 40; i++)
        buf_printf(&policy,
                   "  - {id: c%u, effect: allow, subject: anyone, capability: [\"ccos.*\"], when: "
                   "{args.a: {matches: '%s'}}}\n",
                   i, COSTLY);
    buf_z(&policy, rules);
    buf_z(&args, "{\"b\":\"x\",\"a\":\"");
    buf_put(&args, long_text, sizeof long_text);
    buf_z(&args, "\"}");
    struct policy_question q = {.image = must_compile(policy.data)};
    struct policy_image *image = (struct policy_image *)(uintptr_t)q.image;
    struct json_text parsed = {0};
    const struct question asked = {subject, "ccos.echo", args.data, NULL};
    q.asked.request = ask(&asked, &parsed);
    assert_int_equal(policy_decide(image, &q.asked.request, &q.inputs, &q.decision), 0);
    if (story) {
        struct json_out o = {.b = &text};
        json_open_object(&o);
        policy_put_judged(&q, &o);
        json_close_object(&o);
    } else {
        policy_explain(image, &q.asked.request, &q.inputs, &q.decision, &text);
    }
    assert_true(text.len < room);
    memcpy(out, text.data, text.len);
    out[text.len] = 0;
    json_text_free(&parsed);
    policy_image_unref(&image);
}

/* The require was judged, and is told as it was, whatever stands between. */
static void a_story_is_that_of_the_decision(void **state)
{
    (void)state;
    static char text[1 << 16];
    told("  - {id: a, effect: allow, subject: anyone, capability: [ccos.echo]}\n"
         "  - {id: q, effect: require, require: {isolation: vm}, when: {args.b: {matches: v}}}\n",
         "u:a", text, sizeof text, true);
    const char *require = strstr(text, "\"effect\":\"require\"");
    assert_non_null(require);
    if (memcmp(require - strlen("\"condition\":\"false\","), "\"condition\":\"false\"", 19) != 0)
        fail_msg("%s", require - 30);
    assert_non_null(strstr(require, "\"matches\":false"));
    assert_non_null(strstr(require, "\"unknown\":false"));
}

static void a_sentence_is_that_of_the_decision(void **state)
{
    (void)state;
    static char text[1 << 12];
    told("  - {id: a, effect: allow, subject: anyone, capability: [ccos.echo], when: {not: {any: "
         "[{args.b: {matches: v}}, {args.b: {matches: x}}]}}}\n",
         "u:a", text, sizeof text, false);
    assert_string_equal(text,
                        "no rule permits ccos.echo to u:a like this; the nearest is a: args.b "
                        "must not be a text that matches \"x\", and is \"x\"");
}

int main(void)
{
    memset(long_text, 'a', sizeof long_text);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_spent_is_gone),
        cmocka_unit_test(one_match_always_fits),
        cmocka_unit_test(an_allow_does_not_rest_on_what_could_not_be_paid),
        cmocka_unit_test(a_deny_counts_what_could_not_be_paid),
        cmocka_unit_test(a_rule_of_many_patterns_is_paid_once),
        cmocka_unit_test(a_story_is_that_of_the_decision),
        cmocka_unit_test(a_sentence_is_that_of_the_decision),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
