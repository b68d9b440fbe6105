/* See compile_rows.h. */
#include "compile_rows.h"

#include "schema_check.h"

/* Of a text that compiles the schema says nothing against; an unknown key or word it knows too. */
static void check_schema(const struct compile_row *row)
{
    char why[256] = "";
    enum schema_verdict verdict = schema_check(str_of(row->text), why);
    if (!row->expected[0] && verdict != SCHEMA_FITS)
        fail_msg("%s: the schema refuses what compiles: %s\n%s", row->name, why, row->text);
    static const char *const known[] = {"P012", "P016", "P028"};
    bool refused = false;
    for (size_t i = 0; i < BASE_COUNT(known); i++)
        refused |= strstr(row->expected, known[i]) != NULL;
    if (refused && verdict == SCHEMA_FITS)
        fail_msg("%s: the schema takes what has %s\n%s", row->name, row->expected, row->text);
}

void compile_check(const struct compile_row *row)
{
    struct findings all = {0};
    struct policy_image *image = NULL;
    struct reeve_error err = {0};
    char got[1024];
    int rc = compile_text(str_of(row->text), "t.yaml", keep_finding, &all, &image, &err);
    describe_findings(&all, got, sizeof got);
    if (strcmp(got, row->expected) != 0)
        fail_msg("%s: \"%s\", expected \"%s\" (%s)\n%s", row->name, got, row->expected,
                 all.n ? all.v[0].message : "", row->text);
    assert_int_equal(rc, all.errors ? REEVE_EPOLICY : 0);
    assert_int_equal(image != NULL, rc == 0);
    check_schema(row);
    if (rc != 0) {
        assert_int_equal(err.code, REEVE_EPOLICY);
        assert_int_equal(err.line, all.v[0].line);
        assert_int_equal(err.column, all.v[0].column);
        assert_string_equal(err.file, "t.yaml");
        assert_non_null(strstr(err.message, all.v[0].code));
    }
    policy_image_unref(&image);
}

void compile_expect_first(struct str text, const char *code)
{
    struct findings all = {0};
    struct policy_image *image = NULL;
    assert_int_equal(compile_text(text, "t.yaml", keep_finding, &all, &image, NULL), REEVE_EPOLICY);
    assert_null(image);
    saw_code(code);
    assert_string_equal(all.v[0].code, code);
}
