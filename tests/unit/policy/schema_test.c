/*
 * The schema: what the examples write fits it, what an author is likely to misspell does not, and
 * the page that is committed is the one that the tables make. Every row of compile_test.c and
 * when_test.c is compared too (compile_rows.c).
 */
#include "schema_check.h"

#include "policy/inputs.h"
#include "policy/parse.h"

#include <dirent.h>
#include <stdlib.h>

static const char *const folders[] = {TEST_SOURCE_DIR "/rules/examples",
                                      TEST_SOURCE_DIR "/tests/language/policies",
                                      TEST_SOURCE_DIR "/tests/language/policies/include"};

/* ---- examples ---- */

static void check_file(const char *folder, const char *name)
{
    auto_buf struct buf text = {0};
    struct reeve_error err = {0};
    char path[512], why[256];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_int_equal(fd_slurp(-100, path, 1 << 20, &text, &err), 0);
    if (schema_check(buf_view(&text), why) != SCHEMA_FITS)
        fail_msg("%s does not fit the schema: %s", path, why);
}

static void check_folder(const char *folder)
{
    unsigned n = 0;
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    for (struct dirent *e; (e = readdir(dir));)
        if (strstr(e->d_name, ".yaml")) {
            check_file(folder, e->d_name);
            n++;
        }
    closedir(dir);
    assert_true(n > 0);
}

static void examples_fit(void **state)
{
    (void)state;
    for (size_t i = 0; i < BASE_COUNT(folders); i++)
        check_folder(folders[i]);
}

/* ---- single texts ---- */

#define RULE(keys)                                                                                 \
    HEADER "rules:\n  - {id: r, effect: allow, subject: anyone, capability: [a.b], " keys "}\n"
#define WHEN(text)  RULE("when: {" text "}")
#define GRANT(text) RULE("grant: {" text "}")
static const struct {
    const char *text;
    enum schema_verdict verdict;
} rows[] = {
    /* every key of LANGUAGE, also what other stages refuse */
    {HEADER "include: [base.yaml, {file: teams/a.yaml, as: a, with: {repo: /srv/a}, may: {subject: "
            "[\"agent:a-*\"], capability: [\"acme.a.*\"]}}]\n",
     SCHEMA_FITS},
    {HEADER "include: [{as: a}]\n", SCHEMA_REFUSES},
    {HEADER "include: [{file: a.yaml, ass: a}]\n", SCHEMA_REFUSES},
    {HEADER "tests:\n  - {name: t, request: {subject: \"a:b\", capability: c, args: [1]}, given: "
            "{labels: [a], now: \"2026-01-01T00:00:00Z\", spent: {}, chain: [], flags: {}}, "
            "variants: [{args: {a: 1}}], expect: {effect: allow, rule: get}}\n",
     SCHEMA_FITS},
    {HEADER "tests: [{name: t, request: {}, expect: {efect: allow}}]\n", SCHEMA_REFUSES},
    {HEADER "tests: [{name: t, request: {}, expect: {effect: alow}}]\n", SCHEMA_REFUSES},
    {HEADER "tests: [{name: t, request: {subjct: x}, expect: {effect: deny}}]\n", SCHEMA_REFUSES},
    {HEADER "invariants: []\n", SCHEMA_REFUSES},
    /* a variable in the place of any value */
    {HEADER "version: \"${v}\"\n", SCHEMA_FITS},
    {HEADER "defaults: {level: \"${l}\", limits: {wall: \"${w}\", processes: \"${n}\"}}\n",
     SCHEMA_FITS},
    {HEADER "defaults: {level: \"x${l}\"}\n", SCHEMA_REFUSES},
    {GRANT("network: [\"${h}:443\"], filesystem: {read: [\"${p}\"]}"), SCHEMA_FITS},
    {HEADER "groups: {\"${g}\": [\"u:a\"]}\n", SCHEMA_REFUSES},
    /* shapes */
    {HEADER "groups: [a]\n", SCHEMA_REFUSES},
    {HEADER "rules: {}\n", SCHEMA_REFUSES},
    {HEADER "name: 7\n", SCHEMA_REFUSES},
    {HEADER "labels: [\"a b\"]\n", SCHEMA_REFUSES},
    {HEADER "vars: {a: {type: strin}}\n", SCHEMA_REFUSES},
    {HEADER "vars: {a: {type: [path], default: [/a]}}\n", SCHEMA_FITS},
    {HEADER "attributes: {subject.x: {type: map}, context.y: {type: [int], from: any}}\n",
     SCHEMA_FITS},
    {HEADER "attributes: {x: {type: map}}\n", SCHEMA_REFUSES},
    {HEADER "entities: {\"agent:a\": {x: {b: [1, {c: 2}]}}}\n", SCHEMA_FITS},
    {HEADER "entities: {\"agent\": {}}\n", SCHEMA_REFUSES},
    {GRANT("network: [h.example]"), SCHEMA_REFUSES},
    {GRANT("filesystem: {read: [a]}"), SCHEMA_REFUSES},
    {GRANT("filesystem: {read: [/a/../b]}"), SCHEMA_REFUSES},
    {GRANT("limits: {memory: 5MB}"), SCHEMA_REFUSES},
    {GRANT("limits: {wall: unlimited, best_effort: [cpu]}"), SCHEMA_FITS},
    {RULE("valid: {from: \"2026-11-01\"}"), SCHEMA_REFUSES},
    /* what goes with which effect */
    {HEADER "rules: [{id: r, effect: deny, require: {isolation: vm}}]\n", SCHEMA_REFUSES},
    {HEADER "rules: [{id: r, effect: deny, labels: [a]}]\n", SCHEMA_REFUSES},
    {HEADER "rules: [{id: r, effect: allow, capability: [a]}]\n", SCHEMA_REFUSES},
    {RULE("approval: {by: [\"u:a\"], need: 1, within: 5m, covers: once}"), SCHEMA_REFUSES},
    {HEADER "rules: [{id: r, effect: \"${e}\", labels: [a]}]\n", SCHEMA_FITS},
    /* conditions */
    {WHEN("args.x: 1, args.y: [a, 2], all: [{args.z: {lt: 5, absent: true}}], not: {use: own}"),
     SCHEMA_FITS},
    {WHEN("subject: {is: [\"group:a\"]}, action.name: {starts_with: p}"), SCHEMA_FITS},
    {WHEN("subject: {in: [\"group:a\"]}"), SCHEMA_REFUSES},
    {WHEN("arg.x: 1"), SCHEMA_REFUSES},
    {WHEN("args.x: {equals: 1}"), SCHEMA_REFUSES},
    {WHEN("args.x: {under: a}"), SCHEMA_REFUSES},
    {WHEN("args.x: {in: a}"), SCHEMA_REFUSES},
    {WHEN("args.x: {in: {attr: subject.y}}, args.z: {attr: args.x}"), SCHEMA_FITS},
    {WHEN("args.x: {matches: {attr: subject.y}}"), SCHEMA_REFUSES},
    {WHEN("args.x: {lt: 64KiB, between: [1, 2.5]}"), SCHEMA_FITS},
    {WHEN("args.x: {lt: five}"), SCHEMA_REFUSES},
    {WHEN("args.x: {argv: [a, [b, c], {like: \"d*\"}, {rest: any}]}"), SCHEMA_FITS},
    {WHEN("args.x: {argv: [{rest: all}]}"), SCHEMA_REFUSES},
    {WHEN("args.x: {url: {host: h, port: any}}, args.y: {url: \"https://h\"}"), SCHEMA_FITS},
    {WHEN("args.x: {url: {hosts: h}}"), SCHEMA_REFUSES},
    {WHEN("broker.now: {time: {days: [mon-fri], hours: \"09:00-17:00\", zone: Europe/Berlin}}"),
     SCHEMA_FITS},
    {WHEN("broker.now: {time: {hours: \"09:00-17:00\"}}"), SCHEMA_REFUSES},
    {WHEN("args.x: {each: {like: a}, some: {any: [{eq: 1}]}, size: {lt: 3}}"), SCHEMA_FITS},
};

static void texts(void **state)
{
    (void)state;
    char why[256] = "";
    for (size_t i = 0; i < BASE_COUNT(rows); i++)
        if (schema_check(str_of(rows[i].text), why) != rows[i].verdict)
            fail_msg("%s: %s", rows[i].text, why);
}

/* ---- the tables themselves ---- */

/* Whoever adds a key says what may stand there and what it means. */
static void rows_are_complete(const struct parse_shape *shape, struct shape_list *seen)
{
    static const char *const kept_free[] = {"invariants", "expose", "rollout"};
    for (size_t i = 0; i < shape->n; i++) {
        const struct parse_field *f = &shape->fields[i];
        bool free_key = false;
        for (size_t k = 0; f->name && k < BASE_COUNT(kept_free); k++)
            free_key |= strcmp(f->name, kept_free[k]) == 0;
        if (!f->name || free_key)
            continue;
        if (!f->shape || !(f->doc ? f->doc : f->shape->says))
            fail_msg("`%s` of %s has no shape or no line", f->name, shape->name);
        shape_meet(seen, f->shape);
    }
}

static void keys_have_shapes(void **state)
{
    (void)state;
    struct shape_list seen = {0};
    static const struct parse_shape *const maps[] = {
        &shape_policy, &shape_rule,   &shape_grant,        &shape_capability_entry, &shape_when,
        &shape_ops,    &shape_limits, &shape_grant_limits, &shape_approval,         &shape_require};
    for (size_t i = 0; i < BASE_COUNT(maps); i++)
        rows_are_complete(maps[i], &seen);
    assert_true(seen.n > 30);
}

static void page_is_committed(void **state)
{
    (void)state;
    auto_buf struct buf made = {0}, committed = {0};
    struct reeve_error err = {0};
    policy_reference(&made);
    assert_false(made.failed);
    const char *keep = getenv("REEVE_WRITE_REFERENCE");
    if (keep) {
        FILE *f = fopen(keep, "w");
        assert_non_null(f);
        assert_int_equal(fwrite(made.data, 1, made.len, f), made.len);
        assert_int_equal(fclose(f), 0);
    }
    assert_int_equal(
        fd_slurp(-100, TEST_SOURCE_DIR "/docs/policy-reference.md", 1 << 20, &committed, &err), 0);
    if (!str_eq(buf_view(&made), buf_view(&committed)))
        fail_msg("docs/policy-reference.md is not what the tables make; write it anew with "
                 "`reeve policy schema --reference`");
    assert_null(strstr(made.data, "(null)"));
}

/* What a test gives is read by the tables of requests and inputs: the schema says the same keys. */
static void same_keys(const struct parse_shape *shape, const struct field *fields, size_t n)
{
    assert_int_equal(shape->n, n);
    for (size_t i = 0; i < n; i++) {
        size_t k = 0;
        while (k < n && strcmp(shape->fields[k].name, fields[i].name) != 0)
            k++;
        if (k == n)
            fail_msg("%s has no shape in %s", fields[i].name, shape->name);
    }
}

static void requests_and_inputs(void **state)
{
    (void)state;
    size_t n;
    const struct field *fields = policy_request_fields(&n);
    same_keys(&shape_request, fields, n);
    fields = policy_given_fields(&n);
    same_keys(&shape_given, fields, n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(examples_fit),        cmocka_unit_test(texts),
        cmocka_unit_test(keys_have_shapes),    cmocka_unit_test(page_is_committed),
        cmocka_unit_test(requests_and_inputs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
