/*
 * Warnings: a policy and every finding of lint in it. A warning of the table that no row brings
 * about fails the test.
 */
#include "support.h"

#define RULE(rest)                                                                                 \
    HEADER "rules:\n  - {id: r, effect: allow, subject: [\"u:a\"], reason: x, " rest "}\n"
#define ECHO "capability: [ccos.echo]"
#define TWO(one, other)                                                                            \
    HEADER "rules:\n  - {id: one, subject: [\"u:a\", \"u:b\"], capability: [ccos.echo], reason: "  \
           "x, " one "}\n"                                                                         \
           "  - {id: two, subject: [\"u:b\", \"u:a\"], capability: [ccos.echo], reason: x, " other \
           "}\n"

static const struct row {
    const char *name, *text, *expected;
} rows[] = {
    {"nothing to say", RULE(ECHO), ""},
    {"errors are told too", HEADER "nam: x\n", "P012 2:1"},
    {"an unused group", HEADER "groups: {g: [\"u:a\"]}\n", "P050 2:10"},
    {"a group used by a group only is used", HEADER "groups: {g: [\"u:a\"], h: [\"group:g\"]}\n",
     "P050 2:22"},
    {"a group used by subjects",
     HEADER "groups: {g: [\"u:a\"]}\nsubjects: [{match: \"group:g\", level: full}]\n", ""},
    {"an unused grant", HEADER "grants: {g: {isolation: vm}}\n", "P051 2:10"},
    {"a used grant",
     HEADER
     "grants: {g: {isolation: vm}}\nrules: [{id: r, effect: allow, subject: [\"u:a\"], reason: x, "
     "capability: [ccos.echo], grant: g}]\n",
     ""},
    {"an allow without reason",
     HEADER "rules: [{id: r, effect: allow, subject: [\"u:a\"], capability: [ccos.echo]}]\n",
     "P052 2:14"},
    {"a deny needs none", HEADER "rules: [{id: r, effect: deny, capability: [ccos.echo]}]\n", ""},
    {"an unknown capability", HEADER "rules: [{id: r, effect: deny, capability: [ccos.ehco]}]\n",
     "P053 2:44"},
    {"one that the policy tells of is known",
     HEADER "capabilities: {\"acme.*\": {class: safe}}\nrules: [{id: r, effect: allow, subject: "
            "[\"u:a\"], reason: x, capability: [acme.x]}]\n",
     ""},
    {"and may be dangerous",
     HEADER
     "capabilities: {\"acme.*\": {effects: [network]}, ccos.echo: {class: dangerous}}\nrules: "
     "[{id: r, effect: allow, subject: [\"u:a\"], reason: x, capability: [acme.x, ccos.echo]}]\n",
     "P054 3:74, P054 3:82"},
    {"a glob is not looked up",
     HEADER "rules: [{id: r, effect: deny, capability: [\"ccos.ehco.*\"]}]\n", ""},
    {"dangerous with isolation none",
     RULE("capability: [ccos.io.read-file], grant: {isolation: none}"), "P054 3:70"},
    {"dangerous without a grant", RULE("capability: [ccos.io.read-file]"), "P054 3:70"},
    {"dangerous in a process", RULE("capability: [ccos.io.read-file], grant: {isolation: process}"),
     ""},
    {"an identical rule precedes", TWO("effect: allow", "effect: allow"), "P055 4:10"},
    {"with the same condition",
     TWO("effect: allow, when: {args.a: [1, x]}", "effect: allow, when: {args.a: [1, x]}"),
     "P055 4:10"},
    {"another condition is another rule",
     TWO("effect: allow, when: {args.a: 1}", "effect: allow, when: {args.a: 2}"), ""},
    {"the stronger isolation precedes",
     TWO("effect: allow", "effect: allow, grant: {isolation: vm}"), "P055 3:10"},
    {"without a condition it covers those with one",
     TWO("effect: allow", "effect: allow, when: {args.a: 2}"), "P055 4:10"},
    {"not the other way round", TWO("effect: allow, when: {args.a: 2}", "effect: allow"), ""},
    {"a template may not hold: the second is a way on",
     TWO("effect: allow, grant: {filesystem: {read: [\"${args.path}\"]}}",
         "effect: allow, when: {args.a: 1}"),
     "P061 4:10"},
    {"denies", TWO("effect: deny", "effect: deny"), "P055 4:10"},
    {"an allow and a deny are no pair", TWO("effect: allow", "effect: deny"), ""},
    {"a tie with different grants",
     TWO("effect: allow, when: {args.a: 1}, grant: {isolation: vm, filesystem: {read: [/a]}}",
         "effect: allow, when: {args.b: 1}, grant: {isolation: vm, filesystem: {read: [/b]}}"),
     "P061 4:10"},
    {"a tie of asks",
     HEADER
     "defaults: {approval: {by: [\"u:d\"], need: 1, within: 5m, covers: once}}\nrules:\n"
     "  - {id: one, effect: ask, subject: [\"u:a\"], capability: [ccos.echo], when: {args.a: "
     "1}, grant: {network: [\"a:1\"]}}\n"
     "  - {id: two, effect: ask, subject: [\"u:a\"], capability: [ccos.echo], when: {args.a: "
     "2}, grant: {network: [\"a:2\"]}}\n",
     "P061 5:10"},
    {"a tie with the same grant",
     TWO("effect: allow, when: {args.a: 1}, grant: {isolation: vm}",
         "effect: allow, when: {args.b: 1}, grant: {isolation: vm}"),
     ""},
    {"a limit that is not held", HEADER "defaults: {limits: {network_io: 1MiB}}\n", "P056 2:33"},
    {"with best effort",
     RULE(ECHO ", grant: {limits: {network_io: 1MiB, best_effort: [network_io]}}"), ""},
    {"all capabilities", RULE("capability: [\"*\"]"), "P057 3:70"},
    {"all capabilities denied", HEADER "rules: [{id: r, effect: deny, capability: [\"*\"]}]\n", ""},
    {"an empty group",
     HEADER "groups: {g: []}\nrules: [{id: r, effect: deny, subject: [\"group:g\"]}]\n",
     "P058 2:10"},
    {"empty lists in conditions", RULE(ECHO ", when: {args.a: [], any: [], all: []}"),
     "P058 3:89, P058 3:101, P058 3:110"},
    {"exists: false in an allow", RULE(ECHO ", when: {args.a: {exists: false}}"), "P059 3:98"},
    {"absent: true in an allow", RULE(ECHO ", when: {args.a: {eq: 1, absent: true}}"), "P059 3:97"},
    {"exists: true is none", RULE(ECHO ", when: {args.a: {exists: true}}"), ""},
    {"in a deny", HEADER "rules: [{id: r, effect: deny, when: {args.a: {exists: false}}}]\n", ""},
    {"a deny that ends by itself",
     HEADER "rules: [{id: r, effect: deny, valid: {until: \"2026-11-01T00:00:00Z\"}}]\n",
     "P090 2:39"},
    {"a require that begins",
     HEADER "rules: [{id: r, effect: require, require: {isolation: vm}, "
            "valid: {from: \"2026-11-01T00:00:00Z\"}}]\n",
     ""},
    {"an ask for anyone",
     HEADER "rules: [{id: r, effect: ask, subject: anyone, " ECHO
            ", approval: {by: [\"u:a\"], need: "
            "1, within: 5m, covers: once}}]\n",
     "P091 2:25"},
    {"a deny with a resource",
     HEADER "rules: [{id: r, effect: deny, " ECHO ", resource: [\"d:*\"]}]\n", "P092 2:56"},
    {"two requires hold together",
     TWO("effect: require, require: {isolation: vm}", "effect: require, require: {isolation: vm}"),
     ""},
    {"effects tell rules apart",
     TWO("effect: allow, effects: [network]", "effect: allow, effects: [compute]"), ""},
    {"resources tell rules apart",
     TWO("effect: allow, resource: [\"d:a\"]", "effect: allow, resource: [\"d:b\"]"), ""},
    {"a shadow is another rule", TWO("effect: allow", "effect: allow, mode: shadow"), ""},
    {"a tie with different network",
     TWO("effect: allow, when: {args.a: 1}, grant: {isolation: vm, network: [\"a:1\"]}",
         "effect: allow, when: {args.b: 1}, grant: {isolation: vm, network: [\"a:2\"]}"),
     "P061 4:10"},
    {"unlimited under controlled",
     HEADER "defaults: {level: controlled, limits: {wall: unlimited}}\n", "P060 2:46"},
    {"not_in in an allow", RULE(ECHO ", when: {args.a: {not_in: [x]}}"), "P059 3:98"},
    {"an empty not_in", HEADER "rules: [{id: r, effect: deny, when: {args.a: {not_in: []}}}]\n",
     "P058 2:47"},
    {"a path that is not declared", RULE(ECHO ", when: {context.a: x, subject.b.c: 1}"),
     "P130 3:89, P130 3:103"},
    {"what is built in needs no declaration",
     RULE(ECHO ", when: {subject.id: a, resource.type: b, broker.level: full, action.name: c}"),
     ""},
    {"a declared path and what is below it",
     HEADER "attributes: {context.a: {type: map}}\nrules: [{id: r, effect: deny, when: "
            "{context.a.b: 1, context.ab: 1}}]\n",
     "P130 3:54"},
    {"starts_with on a path", RULE(ECHO ", when: {args.a: {starts_with: /srv/a}}"), "P131 3:98"},
    {"names that nothing uses",
     HEADER "vars: {a: {type: int, default: 1}}\nconditions: {c: {args.a: 1}}\n",
     "P132 2:8, P132 3:14"},
    {"a test that the declared type never knows",
     HEADER "attributes: {context.a: {type: int}}\nrules: [{id: r, effect: deny, when: "
            "{context.a: {any: [{eq: x}, {contains: 1}, {size: 1}, {gt: 1}, {in: [x, 1]}]}}}]\n",
     "P133 3:57, P133 3:66, P133 3:81"},
    {"patterns that let pass too much",
     RULE(ECHO ", when: {args.a: {like: \"/srv/*\", host: \"*\", cidr: 0.0.0.0/0, matches: "
               "\"a.b\"}}"),
     "P134 3:104, P134 3:120, P134 3:131, P134 3:151"},
    {"in a deny they are meant",
     HEADER
     "rules: [{id: r, effect: deny, when: {args.a: {url: {host: \"*\"}, matches: \"a.b\"}}}]\n",
     "P134 2:74"},
    {"conditions that only their URL patterns tell apart",
     TWO("effect: deny, when: {args.a: {url: {host: a.example}}}",
         "effect: deny, when: {args.a: {url: {host: b.example}}}"),
     ""},
    {"conditions that only their other attributes tell apart",
     TWO("effect: deny, when: {args.a: {attr: args.b}}",
         "effect: deny, when: {args.a: {attr: args.c}}"),
     ""},
    {"conditions that only their groups tell apart",
     HEADER
     "groups: {g: [\"u:a\"], h: [\"u:b\"]}\nrules: [{id: a, effect: deny, when: {subject: {is: "
     "\"group:g\"}}}, {id: b, effect: deny, when: {subject: {is: \"group:h\"}}}]\n",
     ""},
    {"a hint for a path that is not declared",
     HEADER "attributes: {context.ticket: {type: string}}\nrules: [{id: r, effect: deny, when: "
            "{context.tiket: a}}]\n",
     "P130 3:38"},
    {"a text of two scripts",
     HEADER "rules: [{id: r, effect: deny, when: {args.a: \"\xd0\xb0na\"}}]\n", "P134 2:46"},
    {"unlimited elsewhere", HEADER "defaults: {level: full, limits: {wall: unlimited}}\n", ""},
};

static void warnings(void **state)
{
    (void)state;
    for (size_t i = 0; i < BASE_COUNT(rows); i++) {
        struct findings all = {0};
        char got[512];
        int rc = policy_lint(str_of(rows[i].text), "t.yaml", keep_finding, &all, NULL);
        describe_findings(&all, got, sizeof got);
        if (strcmp(got, rows[i].expected) != 0)
            fail_msg("%s: \"%s\", expected \"%s\" (%s)\n%s", rows[i].name, got, rows[i].expected,
                     all.n ? all.v[0].message : "", rows[i].text);
        assert_int_equal(rc, all.errors ? REEVE_EPOLICY : 0);
    }
}

static void a_misspelt_capability_has_a_hint(void **state)
{
    (void)state;
    struct findings all = {0};
    assert_int_equal(
        policy_lint(STR(HEADER "rules: [{id: r, effect: deny, capability: [ccos.io.read-fiel]}]\n"),
                    "t.yaml", keep_finding, &all, NULL),
        0);
    assert_string_equal(all.v[0].suggestion, "did you mean `ccos.io.read-file`?");
    assert_int_equal(all.v[0].severity, POLICY_WARNING);
}

static void compile_gives_no_warnings(void **state)
{
    (void)state;
    struct findings all = {0};
    struct policy_image *image = NULL;
    assert_int_equal(
        policy_compile(STR(HEADER "groups: {g: []}\n"), "t.yaml", keep_finding, &all, &image, NULL),
        0);
    assert_int_equal(all.n, 0);
    policy_image_unref(&image);
}

static bool is_warning(const char *code)
{
    return (strcmp(code, "P050") >= 0 && strcmp(code, "P070") < 0) ||
           (strcmp(code, "P090") >= 0 && strcmp(code, "P100") < 0) ||
           (strcmp(code, "P130") >= 0 && strcmp(code, "P150") < 0);
}

static void every_warning_was_seen(void **state)
{
    (void)state;
    expect_seen(is_warning);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(warnings),
        cmocka_unit_test(a_misspelt_capability_has_a_hint),
        cmocka_unit_test(compile_gives_no_warnings),
        cmocka_unit_test(every_warning_was_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
