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

static const struct {
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
};

static void hostile(void **state)
{
    (void)state;
    for (size_t i = 0; i < BASE_COUNT(rows); i++) {
        auto_buf struct buf text = {0};
        struct files files;
        struct findings all = {0};
        struct policy_image *image = NULL;
        char codes[64] = "";
        rows[i].write(&text);
        assert_false(text.failed);
        files_of(buf_view(&text), &files);
        int rc = policy_compile_source(&files.source, keep_finding, &all, &image, NULL);
        for (unsigned k = 0; k < all.n && k < 8; k++)
            (void)snprintf(codes + strlen(codes), sizeof codes - strlen(codes), "%s%s",
                           k ? " " : "", all.v[k].code);
        if (strcmp(codes, rows[i].codes) != 0 || rc != (codes[0] ? REEVE_EPOLICY : 0))
            fail_msg("%s: %d, \"%s\", expected \"%s\"", rows[i].name, rc, codes, rows[i].codes);
        policy_image_unref(&image);
    }
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
    assert_int_equal(policy_compile(buf_view(&text), "t", NULL, NULL, &image, &err), 0);
    policy_image_unref(&image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(hostile),
                                       cmocka_unit_test(lists_within_the_bound)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
