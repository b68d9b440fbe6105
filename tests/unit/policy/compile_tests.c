/* See compile_rows.h: what `tests` may say. */
#include "compile_rows.h"

#define TEST(text)   HEADER "tests:\n- {name: t, " text "}\n"
#define ASKED        "request: {subject: a:b, capability: x.y}"
#define EXPECT(text) TEST(ASKED ", expect: {" text "}")
#define GIVEN(text)  TEST(ASKED ", given: {" text "}, expect: {effect: deny}")
#define ARGS(text)                                                                                 \
    TEST("request: {subject: a:b, capability: x.y, args: " text "}, expect: {effect: deny}")

const struct compile_row compile_tests_rows[] = {
    {"no tests", HEADER "tests: []\n", ""},
    {"tests that are no list", HEADER "tests: {a: 1}\n", "P015 2:8"},
    {"a test that is no mapping", HEADER "tests: [a]\n", "P015 2:9"},
    {"a test has name, request and expect", HEADER "tests: [{}]\n", "P014 2:9, P014 2:9, P014 2:9"},
    {"an unknown key of a test", TEST(ASKED ", expect: {effect: deny}, xpect: {}"), "P012 3:79"},
    {"a name that is no text", HEADER "tests: [{name: 7, " ASKED ", expect: {effect: deny}}]\n",
     "P015 2:16"},

    {"a name with commas", HEADER "tests: [{name: a, b, 7, " ASKED ", expect: {effect: deny}}]\n",
     ""},
    {"a key without a value", TEST(ASKED ", given, expect: {effect: deny}"), "P010 3:60"},
    {"a key that is null", TEST(ASKED ", given: null, expect: {effect: deny}"), "P010 3:62"},
    {"a request without a subject", TEST("request: {capability: x.y}, expect: {effect: deny}"),
     "P014 3:22"},
    {"an unknown key of a request",
     TEST("request: {subject: a:b, capabilty: x.y}, expect: {effect: deny}"), "P012 3:37"},
    {"anything of the broker's in a request",
     TEST("request: {subject: a:b, broker: {}}, expect: {effect: deny}"), "P012 3:37"},
    {"a request by its action",
     TEST("request: {subject: {type: a, id: b}, action: {name: x}}, expect: {effect: deny}"), ""},
    {"every key of a request",
     TEST("request: {subject: a:b, capability: x.y, args: [1], resource: \"a:b\", context: {}, "
          "level: pure, ceiling: {}}, expect: {effect: deny}"),
     ""},
    {"variants that are no list", TEST(ASKED ", variants: {}, expect: {effect: deny}"),
     "P015 3:65"},
    {"no variants", TEST(ASKED ", variants: [], expect: {effect: deny}"), "P023 3:65"},
    {"a variant that is no mapping", TEST(ASKED ", variants: [a], expect: {effect: deny}"),
     "P015 3:66"},
    {"a variant names what it replaces alone",
     TEST(ASKED ", variants: [{args: [1]}], expect: {effect: deny}"), ""},
    {"an unknown key of a variant", TEST(ASKED ", variants: [{arg: [1]}], expect: {effect: deny}"),
     "P012 3:67"},

    {"every input",
     GIVEN("now: \"2026-11-01T00:00:00Z\", labels: [], spent: {}, chain: [], flags: {}, "
           "tool: {digest: x}, bucket: 1, depth: 1, children: 1, peer: {uid: 1}, program: {}"),
     ""},
    {"an input that there is not", GIVEN("lables: []"), "P012 3:63"},
    {"inputs that are no mapping", TEST(ASKED ", given: [], expect: {effect: deny}"), "P015 3:62"},

    {"null in arguments", ARGS("{env: null, b: [~, {c: null}]}"), ""},
    {"null in positional arguments", ARGS("[null]"), ""},
    {"null in the arguments of a variant",
     TEST(ASKED ", variants: [{args: {env: null}}], expect: {effect: deny}"), ""},
    {"no null that an alias could copy", ARGS("{env: &a null}"), "P010 3:66"},
    {"no null within what an alias could copy", ARGS("&a {env: {x: null}}"), "P010 3:73"},
    {"no null in the place of arguments", ARGS("null"), "P010 3:60"},
    {"null among what else a request has",
     TEST("request: {subject: {type: a, id: b, properties: {c: null}}, capability: x.y, context: "
          "{a: "
          "null}}, expect: {effect: deny}"),
     ""},
    {"no null in the place of it",
     TEST("request: {subject: a:b, capability: x.y, context: null}, expect: {effect: deny}"),
     "P010 3:63"},
    {"no null in what is given", GIVEN("flags: {a: null}"), "P010 3:74"},
    {"no null in what is expected", EXPECT("effect: null"), "P010 3:72"},
    {"no null as a key of arguments", ARGS("{null: 1}"), "P010 3:61"},
    {"no null beside tests", HEADER "name: null\n", "P010 2:7"},
    {"no null in arguments that are of no test",
     HEADER "entities: {\"a:b\": {request: {args: {a: null}}}}\n", "P010 2:40"},

    {"every expectation",
     HEADER "labels: [seen]\ntests:\n- {name: t, " ASKED
            ", expect: {effect: ask, rule: reeve/default, level: full, isolation: vm, limits: "
            "{wall: 1m}, network: [\"h:443\"], approvals: [{need: 1}], requires: [], "
            "obligations: [{type: x}], labels: [seen], shadow: {effect: deny, rule: reeve/pure, "
            "isolation: none}}}\n",
     ""},
    {"everything is reached", EXPECT("network: everything"), ""},
    {"an expectation of nothing", EXPECT(""), "P023 3:63"},
    {"an expectation that is no mapping", TEST(ASKED ", expect: deny"), "P015 3:63"},
    {"an expectation that there is not", EXPECT("efect: deny"), "P012 3:64"},
    {"an effect that there is not", EXPECT("effect: denied"), "P016 3:72"},
    {"a level that there is not", EXPECT("level: none"), "P016 3:71"},
    {"an isolation that there is not", EXPECT("isolation: strong"), "P016 3:75"},
    {"a limit that there is not", EXPECT("limits: {walls: 1s}"), "P012 3:73"},
    {"a limit's value that there is not", EXPECT("limits: {wall: soon}"), "P029 3:79"},
    {"best effort is not expected", EXPECT("limits: {best_effort: [wall]}"), "P012 3:73"},
    {"network without a port", EXPECT("network: [h]"), "P075 3:74"},
    {"network that is no list", EXPECT("network: some"), "P015 3:73"},
    {"a template is not expected", EXPECT("network: [\"${args.url}\"]"), "P036 3:73"},
    {"approvals that are no list", EXPECT("approvals: {}"), "P015 3:75"},
    {"an approval by an undeclared group", EXPECT("approvals: [{by: [\"group:g\"]}]"), "P024 3:82"},
    {"an unknown key of an approval", EXPECT("approvals: [{from: 1}]"), "P012 3:77"},
    {"an unknown key of an obligation", EXPECT("obligations: [{typ: x}]"), "P012 3:79"},
    {"a label that is not declared", EXPECT("labels: [seen]"), "P074 3:73"},
    {"an unknown key of a shadow", EXPECT("shadow: {level: pure}"), "P012 3:73"},

    {"a rule that there is not", EXPECT("rule: reader"), "P080 3:70"},
    {"a pseudo rule that there is not", EXPECT("rule: reeve/none"), "P080 3:70"},
    {"a require that there is not", EXPECT("requires: [a]"), "P080 3:75"},
    {"a shadow's rule that there is not", EXPECT("shadow: {rule: a}"), "P080 3:79"},
    {"a budget is a rule to expect",
     BUDGET("calls: {max: 1, window: 1h}") "tests: [{name: t, " ASKED ", expect: {rule: b}}]\n",
     ""},
};
const size_t compile_ntests_rows = BASE_COUNT(compile_tests_rows);
