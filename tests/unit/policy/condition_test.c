/*
 * Conditions, sentence by sentence: a condition, arguments, and whether it is true, false or
 * unknown of them.
 */
#include "support.h"

#define ALLOW_IF(when)                                                                             \
    HEADER "defaults: {level: controlled}\nrules: [{id: r, effect: allow, subject: anyone, "       \
           "capability: [x], when: " when "}]"                                                     \
           "\n"
#define DENY_IF(when)                                                                              \
    HEADER "defaults: {level: full}\nrules: [{id: r, effect: deny, when: " when "}]\n"

/* One condition under both effects, so that true, false and unknown are told apart: an allow
 * matches on true, a deny on true or unknown. */
static const struct condition_row {
    const char *name, *when, *args, *value; /* value: "true", "false", "unknown" */
} conditions[] = {
    {"a scalar means eq", "{args.a: x}", "{\"a\":\"x\"}", "true"},
    {"eq is false", "{args.a: x}", "{\"a\":\"y\"}", "false"},
    {"missing is unknown", "{args.a: x}", "{}", "unknown"},
    {"no arguments at all are missing", "{args.a: x}", NULL, "unknown"},
    {"null is unknown", "{args.a: x}", "{\"a\":null}", "unknown"},
    {"text is no number", "{args.a: \"7\"}", "{\"a\":7}", "unknown"},
    {"a number is no text", "{args.a: 7}", "{\"a\":\"7\"}", "unknown"},
    {"true is no text", "{args.a: \"true\"}", "{\"a\":true}", "unknown"},
    {"1 is 1.0", "{args.a: 1}", "{\"a\":1.0}", "true"},
    {"1.0 is 1", "{args.a: 1.0}", "{\"a\":1}", "true"},
    {"1.5 is not 1", "{args.a: 1}", "{\"a\":1.5}", "false"},
    {"2^53 + 1 is not 2^53", "{args.a: 9007199254740993}", "{\"a\":9007199254740992.0}", "false"},
    {"a negative number", "{args.a: -5}", "{\"a\":-5}", "true"},
    {"booleans", "{args.a: false}", "{\"a\":false}", "true"},
    {"booleans differ", "{args.a: false}", "{\"a\":true}", "false"},
    {"a list means in", "{args.a: [x, w]}", "{\"a\":\"w\"}", "true"},
    {"in is false", "{args.a: [x, w]}", "{\"a\":\"z\"}", "false"},
    {"in of other types is unknown", "{args.a: [x, w]}", "{\"a\":1}", "unknown"},
    {"mixed types with one of the value's", "{args.a: [x, 2]}", "{\"a\":1}", "false"},
    {"in [] is false", "{args.a: {in: []}}", "{\"a\":1}", "false"},
    {"in [] of what is missing stays unknown", "{args.a: {in: []}}", "{}", "unknown"},
    {"a list in in is unknown", "{args.a: [x]}", "{\"a\":[\"x\"]}", "unknown"},
    {"eq with a list", "{args.a: {eq: [x, 1]}}", "{\"a\":[\"x\",1]}", "true"},
    {"eq with a longer list", "{args.a: {eq: [x]}}", "{\"a\":[\"x\",\"x\"]}", "false"},
    {"eq with a shorter list", "{args.a: {eq: [x, x]}}", "{\"a\":[\"x\"]}", "false"},
    {"eq with another element", "{args.a: {eq: [x, 1]}}", "{\"a\":[\"y\",\"1\"]}", "false"},
    {"eq with an element of another type", "{args.a: {eq: [x, 1]}}", "{\"a\":[\"x\",\"1\"]}",
     "unknown"},
    {"eq with nested lists", "{args.a: {eq: [[x], []]}}", "{\"a\":[[\"x\"],[]]}", "true"},
    {"eq with a list and a scalar", "{args.a: {eq: [x]}}", "{\"a\":\"x\"}", "unknown"},
    {"a mapping is unknown", "{args.a: x}", "{\"a\":{}}", "unknown"},
    {"text compares by bytes", "{args.a: x}", "{\"a\":\"X\"}", "false"},
    {"a text with NUL", "{args.a: x}", "{\"a\":\"x\\u0000\"}", "false"},
    {"a nested attribute", "{args.a.b: 1}", "{\"a\":{\"b\":1}}", "true"},
    {"a nested attribute that is missing", "{args.a.b: 1}", "{\"a\":{}}", "unknown"},
    {"a key with a dot", "{'args[\"a.b\"]': 1}", "{\"a.b\":1,\"a\":{\"b\":2}}", "true"},
    {"a key with a dot, nested", "{'args.c[\"a.b\"].d': 1}", "{\"c\":{\"a.b\":{\"d\":1}}}", "true"},
    {"through a non-container is unknown", "{args.a.b: {exists: false}}", "{\"a\":1}", "unknown"},
    {"arguments that are a list", "{args.a: 1}", "[1]", "unknown"},
    {"arguments that are a text", "{args.a: {exists: false}}", "\"a\"", "unknown"},
    {"under is the folder", "{args.p: {under: /srv/a}}", "{\"p\":\"/srv/a\"}", "true"},
    {"under is below", "{args.p: {under: /srv/a}}", "{\"p\":\"/srv/a/b\"}", "true"},
    {"under is by whole components", "{args.p: {under: /srv/a}}", "{\"p\":\"/srv/ab\"}", "false"},
    {"under is not above", "{args.p: {under: /srv/a}}", "{\"p\":\"/srv\"}", "false"},
    {"under /", "{args.p: {under: /}}", "{\"p\":\"/x\"}", "true"},
    {"/ under /", "{args.p: {under: /}}", "{\"p\":\"/\"}", "true"},
    {"dots are removed", "{args.p: {under: /srv/a}}", "{\"p\":\"/srv/./x/../a//b/.\"}", "true"},
    {".. leads out", "{args.p: {under: /srv/a}}", "{\"p\":\"/srv/a/../b\"}", "false"},
    {".. leads out and in again", "{args.p: {under: /srv/a}}", "{\"p\":\"/srv/a/../../srv/a/x\"}",
     "true"},
    {".. above the root", "{args.p: {under: /srv/a}}", "{\"p\":\"/../../srv/a\"}", "true"},
    {".. from a detour", "{args.p: {under: /srv/a}}", "{\"p\":\"/x/srv/../../srv/a\"}", "true"},
    {"a folder is normalised too", "{args.p: {under: /srv//./a/}}", "{\"p\":\"/srv/a/b\"}", "true"},
    {"a relative path is unknown", "{args.p: {under: /srv/a}}", "{\"p\":\"srv/a\"}", "unknown"},
    {"~ is unknown", "{args.p: {under: /srv/a}}", "{\"p\":\"~/a\"}", "unknown"},
    {"a path with NUL is unknown", "{args.p: {under: /srv/a}}", "{\"p\":\"/srv/a\\u0000\"}",
     "unknown"},
    {"an empty path is unknown", "{args.p: {under: /srv/a}}", "{\"p\":\"\"}", "unknown"},
    {"a number is no path", "{args.p: {under: /srv/a}}", "{\"p\":1}", "unknown"},
    {"exists", "{args.a: {exists: true}}", "{\"a\":0}", "true"},
    {"exists of what is missing is false", "{args.a: {exists: true}}", "{}", "false"},
    {"null does not exist", "{args.a: {exists: false}}", "{\"a\":null}", "true"},
    {"exists false of what is there", "{args.a: {exists: false}}", "{\"a\":1}", "false"},
    {"absent true where missing", "{args.a: {eq: 1, absent: true}}", "{}", "true"},
    {"absent true where null", "{args.a: {eq: 1, absent: true}}", "{\"a\":null}", "true"},
    {"absent false where missing", "{args.a: {eq: 1, absent: false}}", "{}", "false"},
    {"absent is not for a wrong type", "{args.a: {eq: 1, absent: true}}", "{\"a\":\"1\"}",
     "unknown"},
    {"absent does not weaken the operator", "{args.a: {eq: 1, absent: true}}", "{\"a\":2}",
     "false"},
    {"absent is not for the unreachable", "{args.a.b: {eq: 1, absent: true}}", "{\"a\":2}",
     "unknown"},
    {"several operators must all hold", "{args.p: {under: /a, not: {under: /a/b}}}",
     "{\"p\":\"/a/b/c\"}", "false"},
    {"several operators hold", "{args.p: {under: /a, not: {under: /a/b}}}", "{\"p\":\"/a/c\"}",
     "true"},
    {"any beside an attribute", "{args.a: {any: [{eq: 1}, {eq: x}]}}", "{\"a\":\"x\"}", "true"},
    {"any beside an attribute, unknown", "{args.a: {any: [{eq: 1}, {eq: x}]}}", "{\"a\":\"y\"}",
     "unknown"},
    {"any beside an attribute, false", "{args.a: {any: [{eq: 1}, {eq: 2}]}}", "{\"a\":3}", "false"},
    {"not keeps unknown", "{args.a: {not: {eq: 1}}}", "{}", "unknown"},
    {"not of a false", "{args.a: {not: {eq: 1}}}", "{\"a\":2}", "true"},
    {"all entries must hold", "{args.a: 1, args.b: 2}", "{\"a\":1,\"b\":2}", "true"},
    {"all: false if any is false", "{args.a: 1, args.b: 2}", "{\"b\":3}", "false"},
    {"all: else unknown", "{args.a: 1, args.b: 2}", "{\"b\":2}", "unknown"},
    {"any: true if any is true", "{any: [{args.a: 1}, {args.b: 2}]}", "{\"b\":2}", "true"},
    {"any: else unknown", "{any: [{args.a: 1}, {args.b: 2}]}", "{\"b\":3}", "unknown"},
    {"any: false", "{any: [{args.a: 1}, {args.b: 2}]}", "{\"a\":2,\"b\":3}", "false"},
    {"not over a map", "{not: {args.a: 1}}", "{\"a\":2}", "true"},
    {"not over unknown", "{not: {args.a: 1}}", "{}", "unknown"},
    {"all: [] is true", "{all: []}", "{}", "true"},
    {"any: [] is false", "{any: []}", "{}", "false"},
    {"an empty when is true", "{}", "{}", "true"},
    {"nesting", "{all: [{any: [{args.a: 1}, {not: {args.b: 2}}]}, {args.c: 3}]}",
     "{\"b\":1,\"c\":3}", "true"},
};

static const char *value_of(const char *when, const char *args)
{
    char policy[1024];
    struct question q = {.subject = "u:a", .capability = "x", .args = args};
    (void)snprintf(policy, sizeof policy, ALLOW_IF("%s"), when);
    struct policy_image *allow = must_compile(policy);
    (void)snprintf(policy, sizeof policy, DENY_IF("%s"), when);
    struct policy_image *deny = must_compile(policy);
    bool allowed = decide(allow, &q).effect == CORE_EFFECT_ALLOW;
    bool denied = decide(deny, &q).effect == CORE_EFFECT_DENY;
    policy_image_unref(&allow);
    policy_image_unref(&deny);
    return allowed ? denied ? "true" : "an allow without the deny" : denied ? "unknown" : "false";
}

static void condition_values(void **state)
{
    (void)state;
    for (size_t i = 0; i < BASE_COUNT(conditions); i++) {
        const struct condition_row *c = &conditions[i];
        const char *value = value_of(c->when, c->args);
        if (strcmp(value, c->value) != 0)
            fail_msg("%s: %s of %s is %s, expected %s", c->name, c->when,
                     c->args ? c->args : "nothing", value, c->value);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(condition_values)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
