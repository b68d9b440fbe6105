/*
 * Secrets in the text of a policy: what is taken for one, what is not, and that nothing that is
 * told shows it. The ones here are made up, or their issuers' examples.
 */
#include "support.h"

static const struct {
    const char *name, *text, *expected;
} rows[] = {
    {"an access key in a comment", HEADER "# AKIAIOSFODNN7EXAMPLE\n", "P141 2:3"},
    {"in a text",
     HEADER "name: \"ghp_"
            "abcdefghijklmnopqrstuvwxyz0123456789\"\n",
     "P141 2:8"},
    {"two on a line are told once", HEADER "# AKIAIOSFODNN7EXAMPLE AKIAIOSFODNN7EXAMPLE\n",
     "P141 2:3"},
    {"two lines", HEADER "# AKIAIOSFODNN7EXAMPLE\n# AKIAIOSFODNN7EXAMPLE\n", "P141 2:3, P141 3:3"},
    {"behind other letters", HEADER "# \xc3\xa9 AKIAIOSFODNN7EXAMPLE\n", "P141 2:5"},
    {"a private key",
     HEADER "# -----BEGIN OPENSSH PRIVATE "
            "KEY-----\n",
     "P141 2:3"},
    {"a public key", HEADER "# -----BEGIN PUBLIC KEY-----\n", ""},
    {"a web token", HEADER "# eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.x\n", "P141 2:3"},
    {"a password in a URL", HEADER "name: \"https://ana:hunter2@h.example/\"\n", "P141 2:8"},
    {"a user in a URL", HEADER "name: \"https://ana@h.example/\"\n", ""},
    {"a port in a URL", HEADER "name: \"https://h.example:8443/a@b\"\n", ""},
    {"a variable in a URL", HEADER "# https://ana:$PASSWORD@h.example/\n", ""},
    {"a variable of the environment",
     HEADER "grants: {g: {environment: [\"DB_PASSWORD=hunter2\"]}}\n", "P141 2:29, P051 2:10"},
    {"one from the request", HEADER "grants: {g: {environment: [DB_PASSWORD]}}\n", "P051 2:10"},
    {"a file that holds it",
     HEADER "grants: {g: {environment: [\"DB_PASSWORD=/run/secrets/db\"]}}\n", "P051 2:10"},
    {"another variable", HEADER "grants: {g: {environment: [\"LANGUAGE=de_DE.UTF-8\"]}}\n",
     "P051 2:10"},
    {"what is random",
     HEADER "# token: q8Zr5LmW2xTt9Vb"
            "N4kHs7PdF1yGc3JaE\n",
     "P141 2:10"},
    {"an id is as random as it likes",
     HEADER "groups: {g: [\"user:q8Zr5LmW2xTt9Vb"
            "N4kHs7PdF1yGc3JaE\"]}\n",
     "P050 2:10"},
    {"a digest", HEADER "# e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n", ""},
    {"a name", HEADER "# ThisIsALongNameOfSomethingInCamelCase2026\n", ""},
    {"the start of a token alone", HEADER "# ghp_short\n", ""},
    {"allowed",
     HEADER "# reeve: allow secret an example of its issuer\nname: AKIAIOSFODNN7EXAMPLE\n", ""},
};

static void secrets(void **state)
{
    (void)state;
    for (size_t i = 0; i < BASE_COUNT(rows); i++) {
        struct findings all = {0}, counts = {0};
        char got[256];
        (void)lint_text(str_of(rows[i].text), "t.yaml", keep_finding, &all, NULL);
        for (unsigned k = 0; k < all.n; k++)
            if (!all.v[k].suppressed[0])
                counts.v[counts.n++] = all.v[k];
        describe_findings(&counts, got, sizeof got);
        if (strcmp(got, rows[i].expected) != 0)
            fail_msg("%s: \"%s\", expected \"%s\"", rows[i].name, got, rows[i].expected);
    }
}

static void are_not_shown(void **state)
{
    (void)state;
    struct findings all = {0};
    (void)lint_text(STR(HEADER "name: AKIAIOSFODNN7EXAMPLE\n"), "t.yaml", keep_finding, &all, NULL);
    assert_int_equal(all.n, 1);
    assert_null(strstr(all.v[0].message, "AKIA"));
    assert_null(strstr(all.v[0].suggestion, "AKIA"));
    assert_string_equal(all.v[0].source, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(secrets),
        cmocka_unit_test(are_not_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
