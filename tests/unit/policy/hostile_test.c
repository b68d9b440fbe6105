/*
 * Policies that are written to cost more than they may, or to wrap what counts them. Each is
 * refused, and by what was counted, never by how long it took.
 */
#include "include.h"

static void times(struct buf *out, const char *text, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        buf_z(out, text);
}

/* A list of `values` names, put `uses` times into a list. */
static void write_lists(struct buf *out, unsigned values, unsigned uses)
{
    buf_z(out, HEADER "vars: {l: {type: [string], default: [");
    times(out, "u:a,", values);
    buf_z(out, "]}}\ngroups: {g: [");
    times(out, "\"${l}\",", uses);
    buf_z(out, "]}\n");
}

/* 2^20 values for each use: with 2^12 of them a count of 32 bits is where it began. */
static void lists_that_wrap(struct buf *out)
{
    write_lists(out, 1u << 20, (1u << 12) + 1);
}

static void lists_that_are_too_long(struct buf *out)
{
    write_lists(out, 1u << 10, (1u << 10) + 1);
}

static void lists_in_a_delegated_file(struct buf *out)
{
    buf_z(out, ROOT("include: [{file: a.yaml, as: a, may: " MAY "}]\n") "=== a.yaml\n");
    write_lists(out, 1u << 20, (1u << 12) + 1);
}

/* Each `${` has its `}` far away, or none. */
static void openings(struct buf *out)
{
    buf_z(out, HEADER "name: \"");
    times(out, "${", 4u << 20);
    buf_z(out, "}\"\n");
}

/* 8^25 ways through groups to one that has nobody. */
static void ways_through_groups(struct buf *out)
{
    buf_z(out, ROOT("include: [{file: a.yaml, as: a, may: {subject: [\"group:g0\"], capability: "
                    "[\"a.*\"]}}]\ngroups:\n"));
    for (unsigned i = 0; i < 25; i++) {
        buf_printf(out, "  g%u: [", i);
        for (unsigned k = 0; k < 8; k++)
            buf_printf(out, "\"group:g%u\",", i + 1);
        buf_z(out, "]\n");
    }
    buf_z(out, "  g25: [\"u:x\"]\n" WITH("a.yaml", "entities: {\"u:y\": {p: 1}}\n"));
}

/* 2^16 labels, and a test that expects as many others. */
static void labels(struct buf *out)
{
    buf_z(out, HEADER "labels: [");
    for (unsigned i = 0; i < 1u << 16; i++)
        buf_printf(out, "l%u,", i);
    buf_z(out,
          "]\ntests: [{name: t, request: {subject: \"u:a\", capability: a.b}, given: {labels: [");
    for (unsigned i = 0; i < 1u << 16; i++)
        buf_printf(out, "m%u,", i);
    buf_z(out, "]}, expect: {effect: deny}}]\n");
}

/* ---- more than is held of one thing ---- */

/* A list of so many of a text, between what stands around it. */
static void write_many(struct buf *out, const char *before, const char *each, unsigned n,
                       const char *after)
{
    buf_z(out, before);
    times(out, each, n);
    buf_z(out, after);
}

static void rules_without_end(struct buf *out)
{
    write_many(out, HEADER "rules: [", "a,", POLICY_MAX_RULES + 1, "]\n");
}

static void values_without_end(struct buf *out)
{
    write_many(out, HEADER "groups: {g: [", "a,", (8u << 20) + 1, "]}\n");
}

static void tests_without_end(struct buf *out)
{
    write_many(out, HEADER "tests: [", "a,", 65537, "]\n");
}

static void variants_without_end(struct buf *out)
{
    write_many(out,
               HEADER "tests: [{name: t, request: {subject: \"u:a\", capability: a.b}, expect: "
                      "{effect: deny}, variants: [",
               "{},", 1025, "]}]\n");
}

static void masks_without_end(struct buf *out)
{
    write_many(out, HEADER "audit: {mask: [", "args.a,", 65, "]}\n");
}

static void obligations_without_end(struct buf *out)
{
    write_many(out, HEADER "rules: [{id: r, effect: deny, obligations: [", "{type: a},", 65,
               "]}]\n");
}

static void includes_without_end(struct buf *out)
{
    write_many(out, ROOT("include: ["), "a.yaml,", 513, "]\n" WITH("a.yaml", ""));
}

static void budgets_without_end(struct buf *out)
{
    buf_z(out, HEADER "budgets:\n");
    for (unsigned i = 0; i < 65; i++)
        buf_printf(out,
                   "  - {id: b%u, per: all, when_spent: deny, limits: {calls: {max: 1, window: "
                   "1h}}}\n",
                   i);
}

static void arguments_without_end(struct buf *out)
{
    buf_z(out, HEADER "capabilities: {a.b: {args: {");
    for (unsigned i = 0; i < 17; i++)
        buf_printf(out, "a%u: any,", i);
    buf_z(out, "}}}\n");
}

/* Each is compared with all others. */
static void capabilities_of_a_team(struct buf *out)
{
    buf_z(out, TEAM("capabilities:\n"));
    for (unsigned i = 0; i < 3200; i++)
        buf_printf(out, "  acme.a%u: {class: safe}\n", i);
}

/* Names of a team under patterns of which the last matches. */
static void entities_of_a_team(struct buf *out)
{
    buf_z(out, ROOT("include: [{file: a.yaml, as: a, may: {subject: [\"group:g\"], capability: "
                    "[\"a.*\"]}}]\ngroups: {g: ["));
    for (unsigned i = 0; i < 50000; i++)
        buf_printf(out, "\"u:x%u*\",", i);
    buf_z(out, "\"u:y*\"]}\n" WITH("a.yaml", "entities:\n"));
    for (unsigned i = 0; i < 250; i++)
        buf_printf(out, "  \"u:y%u\": {p: 1}\n", i);
}

/* As many ids: each is looked up, and the first that is none is told. */
static void ids_of_a_team(struct buf *out)
{
    buf_z(out, ROOT("include: [{file: a.yaml, as: a, may: {subject: [\"group:g\"], capability: "
                    "[\"a.*\"]}}]\ngroups: {g: ["));
    for (unsigned i = 0; i < 20000; i++)
        buf_printf(out, "\"u:x%u\",", i);
    buf_z(out, "]}\n" WITH("a.yaml", "entities:\n"));
    for (unsigned i = 0; i <= 20000; i++)
        buf_printf(out, "  \"u:x%u\": {p: 1}\n", i);
}

/* ---- more than can be compared ---- */

#define PERMITS "effect: allow, reason: x, "
#define SAFE    HEADER "capabilities: {\"acme.*\": {class: safe}}\n"

/* Rules of which each is compared with all others: what is asked of, and grants. */
static void write_alike(struct buf *out, unsigned n, const char *grant)
{
    buf_z(out, SAFE "rules:\n");
    for (unsigned i = 0; i < n; i++) {
        buf_printf(out, "  - {id: r%u, " PERMITS "subject: [\"u:a\"], capability: [acme.a], ", i);
        buf_printf(out, "when: {args.a: %u}", i);
        buf_printf(out, grant, i);
        buf_z(out, "}\n");
    }
}

static void rules_that_all_meet(struct buf *out)
{
    write_alike(out, 6000, "");
}

static void grants_that_all_meet(struct buf *out)
{
    write_alike(out, 2000, ", grant: {isolation: vm, filesystem: {read: [/srv/%u]}}");
}

static void write_list(struct buf *out, char name, unsigned n)
{
    buf_z(out, "{args.a: {in: [");
    for (unsigned i = 0; i < n; i++)
        buf_printf(out, "%c%u,", name, i);
    buf_z(out, "]}}");
}

/* No element of the one is in the other. */
static void lists_that_exclude_each_other(struct buf *out)
{
    buf_z(out, SAFE "rules: [{id: r, effect: deny, when: {all: [");
    write_list(out, 'x', 6000);
    buf_byte(out, ',');
    write_list(out, 'y', 6000);
    buf_z(out, "]}}]\n");
}

static void denies_of_one_pattern(struct buf *out)
{
    buf_z(out, SAFE "rules:\n");
    for (unsigned i = 0; i < 6000; i++)
        buf_printf(out,
                   "  - {id: d%u, effect: deny, subject: [\"u:d%u\"], capability: [\"acme.*\"]}\n"
                   "  - {id: r%u, " PERMITS "subject: [\"u:r%u\"], capability: [acme.a%u]}\n",
                   i, i, i, i, i);
}

static void pairs_of_one_rule(struct buf *out)
{
    buf_z(out, SAFE "rules: [{id: r, " PERMITS "subject: [");
    for (unsigned i = 0; i < 2100; i++)
        buf_printf(out, "\"u:a%u\",", i);
    buf_z(out, "], capability: [");
    for (unsigned i = 0; i < 2100; i++)
        buf_printf(out, "acme.a%u,", i);
    buf_z(out, "]}]\n");
}

/* Nothing stands in front of their wildcards by which they could be found. */
static void patterns_without_a_prefix(struct buf *out)
{
    buf_z(out, HEADER "capabilities:\n");
    for (unsigned i = 0; i < 6000; i++)
        buf_printf(out, "  \"*.x%u\": {class: safe}\n", i);
    buf_z(out, "rules:\n");
    for (unsigned i = 0; i < 6000; i++)
        buf_printf(out, "  - {id: r%u, " PERMITS "subject: [\"u:a%u\"], capability: [a.x%u]}\n", i,
                   i, i);
}

/* Each is looked up below its own prefix. */
static void patterns_with_prefixes(struct buf *out)
{
    buf_z(out, HEADER "capabilities:\n");
    for (unsigned i = 0; i < 6000; i++)
        buf_printf(out, "  \"a.x%u.*\": {class: safe}\n", i);
    buf_z(out, "rules:\n");
    for (unsigned i = 0; i < 6000; i++)
        buf_printf(out, "  - {id: r%u, " PERMITS "subject: [\"u:a%u\"], capability: [a.x%u.b]}\n",
                   i, i, i);
}

static void arguments_of_many_capabilities(struct buf *out)
{
    buf_z(out, HEADER "capabilities: {\"acme.*\": {class: safe, args: {a: any}}}\n"
                      "rules: [{id: r, effect: deny, when: {");
    for (unsigned i = 0; i < 2000; i++)
        buf_printf(out, "%sargs.a.k%u: 1", i ? ", " : "", i);
    buf_z(out, "}, capability: [");
    for (unsigned i = 0; i < 9000; i++)
        buf_printf(out, "acme.a%u,", i);
    buf_z(out, "]}]\n");
}

static void delegated_rules_outside(struct buf *out)
{
    buf_z(out, ROOT("include: [{file: a.yaml, as: a, may: {subject: [\"agent:a\"], capability: ["));
    for (unsigned i = 0; i < 250; i++)
        buf_printf(out, "acme.a%u,", i);
    buf_z(out, "]}}]\n=== a.yaml\n" HEADER "rules:\n  - {id: d, effect: deny, capability: [");
    for (unsigned i = 0; i < 70000; i++)
        buf_printf(out, "\"acme.b%u.*\",", i);
    buf_z(out, "]}\n");
}

static const struct row {
    const char *name;
    void (*write)(struct buf *out);
    const char *codes; /* all that is told */
} rows[] = {
    {"list variables that wrap", lists_that_wrap, "P003"},
    {"list variables without end", lists_that_are_too_long, "P003"},
    {"a delegated file's", lists_in_a_delegated_file, "P003"},
    {"nothing but openings of variables", openings, "P037 P036"},
    {"many ways through groups", ways_through_groups, "P124"},
    {"many labels", labels, "P003"},
    {"rules without end", rules_without_end, "P003"},
    {"values without end", values_without_end, "P003"},
    {"tests without end", tests_without_end, "P003"},
    {"variants without end", variants_without_end, "P003"},
    {"masks without end", masks_without_end, "P003"},
    {"obligations without end", obligations_without_end, "P003"},
    {"includes without end", includes_without_end, "P003"},
    {"budgets without end", budgets_without_end, "P003"},
    {"arguments without end", arguments_without_end, "P003"},
    {"capabilities of a team", capabilities_of_a_team, "P003"},
    {"ids of a team", ids_of_a_team, "P124"},
    {"entities of a team", entities_of_a_team, "P003"},
};

/* What compiles, and of which lint cannot compare all with each other: it says so. */
static const struct row compared[] = {
    {"rules that all meet", rules_that_all_meet, "P148"},
    {"grants that all meet, as many as can be compared", grants_that_all_meet, ""},
    {"lists that exclude each other", lists_that_exclude_each_other, "P148"},
    {"denies of one pattern", denies_of_one_pattern, "P148"},
    {"pairs of one rule", pairs_of_one_rule, "P148"},
    {"patterns without a prefix", patterns_without_a_prefix, "P148"},
    {"patterns that are found by theirs", patterns_with_prefixes, ""},
    {"arguments of many capabilities", arguments_of_many_capabilities, "P148"},
    {"delegated rules outside of what they may", delegated_rules_outside, "P148"},
};

static void judge(const struct row *row, bool lint)
{
    auto_buf struct buf text = {0};
    struct files files;
    struct findings all = {0};
    struct policy_image *image = NULL;
    char codes[64] = "";
    row->write(&text);
    assert_false(text.failed);
    files_of(buf_view(&text), &files);
    int rc = lint ? policy_lint_source(&files.source, keep_finding, &all, NULL)
                  : policy_compile_source(&files.source, keep_finding, &all, &image, NULL);
    for (unsigned k = 0; k < all.n && k < 8; k++) {
        saw_code(all.v[k].code);
        (void)snprintf(codes + strlen(codes), sizeof codes - strlen(codes), "%s%s", k ? " " : "",
                       all.v[k].code);
    }
    if (strcmp(codes, row->codes) != 0 || rc != (all.errors ? REEVE_EPOLICY : 0))
        fail_msg("%s: %d, \"%s\", expected \"%s\"", row->name, rc, codes, row->codes);
    policy_image_unref(&image);
}

static void hostile(void **state)
{
    (void)state;
    for (size_t i = 0; i < BASE_COUNT(rows); i++)
        judge(&rows[i], false);
}

static void lint_that_cannot_compare_all(void **state)
{
    (void)state;
    for (size_t i = 0; i < BASE_COUNT(compared); i++)
        judge(&compared[i], true);
}

/* As many as may be are there, each once. */
static void lists_within_the_bound(void **state)
{
    (void)state;
    auto_buf struct buf text = {0};
    struct policy_image *image = NULL;
    struct reeve_error err = {0};
    buf_z(&text, HEADER "vars: {l: {type: [string], default: [a, z]}}\ngroups: {g: [");
    times(&text, "\"u:${l}\",", 100);
    buf_z(&text, "]}\n");
    assert_int_equal(compile_text(buf_view(&text), "t", NULL, NULL, &image, &err), 0);
    policy_image_unref(&image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(hostile),
                                       cmocka_unit_test(lint_that_cannot_compare_all),
                                       cmocka_unit_test(lists_within_the_bound)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
