/*
 * Ceilings, sentence by sentence: what they permit, lower and raise, whose rule is named, what is
 * told, and which are refused. Rows ask one policy with a request and inputs as JSON.
 */
#include "engine.h"
#include "hold.h"
#include "policy/inputs.h"

#define POLICY                                                                                     \
    HEADER "defaults: {level: full, limits: {wall: 10s}, approval: {by: [\"u:boss\"], need: 1, "   \
           "within: 5m, covers: once}}\n"                                                          \
           "subjects: [{match: \"u:c\", level: controlled}]\n"                                     \
           "capabilities: {pay.now: {class: dangerous, effects: [money]}, calm.sit: {class: "      \
           "safe, effects: [compute]}}\n"                                                          \
           "rules:\n"                                                                              \
           "  - {id: a, effect: allow, subject: anyone, capability: [pay.now, calm.sit, odd], "    \
           "grant: {network: [\"h.example:443\"], limits: {wall: 5s, output: 1MiB, best_effort: "  \
           "[wall]}}}\n"                                                                           \
           "  - {id: d, effect: deny, subject: [\"u:d\"]}\n"                                       \
           "  - {id: k, effect: ask, subject: [\"u:k\"], capability: [calm.sit], labels: []}\n"
#define AT(who, capability, ceiling)                                                               \
    "{\"subject\":\"" who "\",\"capability\":\"" capability "\",\"ceiling\":{" ceiling "}}"
#define ABOVE(ceiling) "{\"chain\":[{\"subject\":\"u:p\",\"ceiling\":{" ceiling "}}]}"

/* `parts`: of the answer and what is told of it, as in hold.h. */
static const struct {
    const char *sentence, *request, *given, *parts;
} rows[] = {
    {"an empty one narrows nothing", AT("u:a", "calm.sit", ""), NULL,
     "allow a level 2 |isolation 0 |limits 0:5000000000!"},
    {"it allows what it names", AT("u:a", "calm.sit", "\"capabilities\":[\"x\",\"calm.*\"]"), NULL,
     "allow a level 2 "},
    {"and just that", AT("u:a", "pay.now", "\"capabilities\":[\"x\",\"calm.*\"]"), NULL,
     "deny reeve/ceiling level 2 |!isolation|the request's ceiling does not permit pay.now: it "
     "permits only x, calm.*"},
    {"a list of nothing permits nothing", AT("u:a", "calm.sit", "\"capabilities\":[]"), NULL,
     "deny reeve/ceiling |it permits nothing"},
    {"what is full without a rule is narrowed too",
     AT("u:a", "other.x", "\"capabilities\":[\"calm.*\"]"), NULL, "deny reeve/ceiling "},
    {"a pattern is the language's: a tail is below",
     AT("u:a", "calm", "\"capabilities\":[\"calm.*\"]"), NULL, "deny reeve/ceiling "},
    {"denied effects", AT("u:a", "calm.sit", "\"denied_effects\":[\"network\",\"compute\"]"), NULL,
     "deny reeve/ceiling |calm.sit: effects compute are denied"},
    {"other effects", AT("u:a", "calm.sit", "\"denied_effects\":[\"network\",\"money\"]"), NULL,
     "allow a "},
    {"effects of the policy's own", AT("u:a", "pay.now", "\"denied_effects\":[\"money\"]"), NULL,
     "deny reeve/ceiling |effects money are denied"},
    {"a capability that no catalogue has has all effects",
     AT("u:a", "odd", "\"denied_effects\":[\"ai\"]"), NULL,
     "deny reeve/ceiling |effects ai are denied"},
    {"its level lowers", AT("u:a", "calm.sit", "\"level\":\"controlled\""), NULL,
     "allow a level 1 |isolation 0 "},
    {"and never raises", AT("u:c", "calm.sit", "\"level\":\"full\""), NULL,
     "allow a level 1 |!capped"},
    {"a dangerous capability under controlled is isolated",
     AT("u:a", "pay.now", "\"level\":\"controlled\""), NULL, "allow a level 1 |isolation 1 "},
    {"under pure only what is pure is permitted", AT("u:a", "calm.sit", "\"level\":\"pure\""), NULL,
     "deny reeve/ceiling level 0 |its level is pure, and the class is safe"},
    {"isolation raises", AT("u:a", "calm.sit", "\"isolation\":\"vm\""), NULL,
     "allow a |isolation 3 "},
    {"limits minimum, and held",
     AT("u:a", "calm.sit", "\"limits\":{\"wall\":\"2s\",\"output\":\"2MiB\",\"processes\":3}"),
     NULL, "limits 0:2000000000 | 3:3 | 6:1048576 "},
    {"a longer time is no limit of its own, and no more best effort",
     AT("u:a", "calm.sit", "\"limits\":{\"wall\":\"7s\"}"), NULL, "limits 0:5000000000 |!000!"},
    {"nothing may be written where that is a limit",
     AT("u:a", "calm.sit", "\"limits\":{\"output\":\"0B\",\"wall\":\"unlimited\"}"), NULL,
     "limits 0:5000000000!| 6:0 "},
    {"its level's own limits where nothing says", AT("u:a", "other.x", "\"level\":\"controlled\""),
     NULL,
     "allow reeve/full level 1 |limits 0:10000000000 4:64 5:67108864 6:1048576 |isolation 1 "},
    {"reach is not cut", AT("u:a", "calm.sit", "\"isolation\":\"process\""), NULL,
     "network 10000000000000 "},
    {"one of a request above stays", "{\"subject\":\"u:a\",\"capability\":\"pay.now\"}",
     ABOVE("\"capabilities\":[\"calm.*\"]"),
     "deny reeve/ceiling |the ceiling of a request that led to this one does not permit pay.now"},
    {"beside the request's own", AT("u:a", "calm.sit", "\"isolation\":\"sandbox\""),
     ABOVE("\"level\":\"controlled\",\"limits\":{\"wall\":\"1s\"}"),
     "allow a level 1 |isolation 2 |limits 0:1000000000 "},
    {"a deny of the policy is named first", AT("u:d", "calm.sit", "\"capabilities\":[]"), NULL,
     "deny d "},
    {"an ask is asked", AT("u:k", "calm.sit", "\"isolation\":\"vm\""), NULL, "ask k |isolation 3 "},
    {"unless the ceiling denies it", AT("u:k", "calm.sit", "\"capabilities\":[\"x\"]"), NULL,
     "deny reeve/ceiling |!approvals"},
};

static void read_text(const char *json, struct json_text *out)
{
    struct reeve_error err = {0};
    if (json_text_parse(str_of(json), out, &err) != 0)
        fail_msg("%s: %s", json, err.message);
}

static void check(const char *sentence, const char *parts, const char *answer)
{
    char copy[512], *rest = NULL;
    (void)snprintf(copy, sizeof copy, "%s", parts);
    for (char *p = strtok_r(copy, "|", &rest); p; p = strtok_r(NULL, "|", &rest)) {
        bool absent = p[0] == '!';
        if ((strstr(answer, p + absent) != NULL) == absent)
            fail_msg("%s: \"%s\" in\n%s", sentence, p, answer);
    }
}

static void narrows(void **state)
{
    (void)state;
    struct policy_image *image = must_compile(POLICY);
    for (size_t i = 0; i < BASE_COUNT(rows); i++) {
        auto_json struct json_text text = {0}, given = {0};
        struct arena arena auto_arena;
        auto_buf struct buf answer = {0};
        struct policy_asked asked;
        struct reeve_inputs_view in;
        struct policy_decision d;
        struct reeve_error err = {0};
        arena_init(&arena, 0);
        read_text(rows[i].request, &text);
        read_text(rows[i].given ? rows[i].given : "{}", &given);
        if (policy_request_read(image, &text, &arena, &asked, &err) != 0 ||
            policy_inputs_read(image, &given.doc, json_root(&given.doc), &asked, &arena, &in,
                               &err) != 0)
            fail_msg("%s: %s", rows[i].sentence, err.message);
        engine_answer(image, &asked.request, &in, &d, &answer);
        buf_byte(&answer, ' ');
        if (d.effect != CORE_EFFECT_ALLOW)
            policy_explain(image, &asked.request, &in, &d, &answer);
        check(rows[i].sentence, rows[i].parts, answer.data);
    }
    policy_image_unref(&image);
}

static const struct {
    const char *ceiling, *message;
} refused[] = {
    {"\"levels\":1", "a ceiling has no field levels; did you mean level"},
    {"\"level\":1", "the level of a ceiling has the wrong type"},
    {"\"level\":\"max\"", "not max"},
    {"\"isolation\":\"container\"", "not container"},
    {"\"capabilities\":\"x\"", "the capabilities of a ceiling has the wrong type"},
    {"\"capabilities\":[7]", "a ceiling's capabilities is a list of texts"},
    {"\"capabilities\":[\"a*b\"]", "has a `*` that does not end its segment"},
    {"\"capabilities\":[\"\"]", "is empty"},
    {"\"denied_effects\":[\"netwrok\"]", "no capability has the effect netwrok"},
    {"\"limits\":{\"wal\":\"1s\"}", "a ceiling's limits has no field wal; did you mean wall"},
    {"\"limits\":{\"wall\":1}", "a ceiling's wall is a time such as 500ms"},
    {"\"limits\":{\"wall\":\"0s\"}", "more than 0"},
    {"\"limits\":{\"processes\":0}", "more than 0"},
    {"\"limits\":{\"processes\":-1}", "a ceiling's processes is a number"},
    {"\"limits\":{\"memory\":\"1MB\"}", "a ceiling's memory is a size"},
    {"\"limits\":{\"best_effort\":[\"wall\"]}", "no field best_effort"},
};

static void refuses(void **state)
{
    (void)state;
    struct policy_image *image = must_compile(POLICY);
    for (size_t i = 0; i < BASE_COUNT(refused); i++) {
        auto_json struct json_text text = {0};
        auto_buf struct buf json = {0};
        struct arena arena auto_arena;
        struct policy_asked asked;
        struct reeve_error err = {0};
        arena_init(&arena, 0);
        buf_printf(&json, "{\"subject\":\"u:a\",\"capability\":\"x\",\"ceiling\":{%s}}",
                   refused[i].ceiling);
        read_text(json.data, &text);
        int rc = policy_request_read(image, &text, &arena, &asked, &err);
        if (rc != REEVE_EINVAL || !strstr(err.message, refused[i].message))
            fail_msg("%s: %d, %s", refused[i].ceiling, rc, err.message);
    }
    policy_image_unref(&image);
}

/* All zero it allows nothing, and more than the chain can have are refused. */
static void is_closed_by_default(void **state)
{
    (void)state;
    static const struct policy_ceiling none[POLICY_MAX_PARENTS + 1];
    struct policy_image *image = must_compile(POLICY);
    struct question q = {.subject = "u:a", .capability = "calm.sit"};
    auto_json struct json_text text;
    struct policy_request req = ask(&q, &text);
    struct reeve_inputs_view in = {.ceilings = none, .nceilings = 1};
    struct policy_decision d;
    assert_int_equal(policy_decide(image, &req, &in, &d), 0);
    assert_int_equal(d.rule, POLICY_RULE_CEILING);
    in.nceilings = POLICY_MAX_PARENTS + 1;
    assert_int_equal(policy_decide(image, &req, &in, &d), REEVE_EINVAL);
    policy_image_unref(&image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(narrows), cmocka_unit_test(refuses),
                                       cmocka_unit_test(is_closed_by_default)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
