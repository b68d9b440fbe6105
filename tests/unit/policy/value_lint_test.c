/*
 * Smells of operands: each row of the table by its own examples, then what must not smell.
 */
#include "value_support.h"

#include "policy/value_lint.h"
#include "policy/value_regex.h"

static void examples_of_the_table(void **state)
{
    (void)state;
    for (unsigned i = 0; i < VALUE_SMELL_COUNT; i++) {
        const struct value_smell_row *row = value_smell_row((enum value_smell)i);
        assert_non_null(row);
        uint32_t bit = UINT32_C(1) << i;
        if (!(value_smells(row->operand, str_of(row->wrong)) & bit))
            fail_msg("%s: `%s` does not smell", row->name, row->wrong);
        if (value_smells(row->operand, str_of(row->right)) != 0)
            fail_msg("%s: `%s` smells", row->name, row->right);
        struct value_regex_fault fault;
        if (row->operand == VALUE_OF_MATCHES) {
            ROW_CHECK(row->name, value_regex_check(str_of(row->wrong), &fault));
            ROW_CHECK(row->name, value_regex_check(str_of(row->right), &fault));
        }
    }
    assert_null(value_smell_row(VALUE_SMELL_COUNT));
}

#define NONE VALUE_SMELL_COUNT
static const struct {
    const char *name;
    enum value_operand operand;
    const char *text;
    enum value_smell smell; /* NONE: none at all */
} rows[] = {
    {"open in front only", VALUE_OF_MATCHES, ".*/\\.env[^/]*(/.*)?", NONE},
    {"everything is no search", VALUE_OF_MATCHES, ".*", NONE},
    {"an escaped dot at the end", VALUE_OF_MATCHES, ".*a\\.*", NONE},
    {"a dot in a class", VALUE_OF_MATCHES, "[a.b]c", NONE},
    {"a dot that repeats", VALUE_OF_MATCHES, "a.*b", NONE},
    {"a dot behind a class", VALUE_OF_MATCHES, "[0-9].csv", NONE},
    {"a dot behind `\\d`", VALUE_OF_MATCHES, "\\d.csv", NONE},
    {"a dot of an address", VALUE_OF_MATCHES, "10.0\\.0\\.1", VALUE_REGEX_DOT},
    {"an alternative in a group", VALUE_OF_MATCHES, "^(?:a|b)$", NONE},
    {"an alternative in a class", VALUE_OF_MATCHES, "^[a|b]$", NONE},
    {"an escaped alternative", VALUE_OF_MATCHES, "^a\\|b$", NONE},
    {"an escaped `$`", VALUE_OF_MATCHES, "a|b\\$", NONE},
    {"`^` on one", VALUE_OF_MATCHES, "^a|b", VALUE_REGEX_HALF},
    {"the workload's", VALUE_OF_MATCHES, "^report-[0-9]{1,6}$", NONE},
    {"nested by `{n,}`", VALUE_OF_MATCHES, "(a+){2,}", VALUE_REGEX_NEST},
    {"nested by `{n}`", VALUE_OF_MATCHES, "(a+){2}", NONE},
    {"nested `{n,}`", VALUE_OF_MATCHES, "(a{2,})+", VALUE_REGEX_NEST},
    {"nested `{n,}`, ended", VALUE_OF_MATCHES, "(a{2,}b)+", NONE},
    {"nested and lazy", VALUE_OF_MATCHES, "(a*?)*", VALUE_REGEX_NEST},
    {"nested and possessive", VALUE_OF_MATCHES, "(a++)*", NONE},
    {"nested, possessive outside", VALUE_OF_MATCHES, "(a+)*+", NONE},
    {"nested deeper", VALUE_OF_MATCHES, "((a+))+", VALUE_REGEX_NEST},
    {"a nested optional", VALUE_OF_MATCHES, "(-[a-z]+)?", NONE},
    {"an example's", VALUE_OF_MATCHES, "--f(o(r(c(e.*)?)?)?)?", NONE},
    {"a class that is not closed", VALUE_OF_MATCHES, "[a", NONE},
    {"a backslash at the end", VALUE_OF_MATCHES, "a\\", NONE},
    {"nothing", VALUE_OF_MATCHES, "", NONE},
    {"an ending of a file", VALUE_OF_LIKE, "*.csv", NONE},
    {"a star alone", VALUE_OF_LIKE, "*", NONE},
    {"an option", VALUE_OF_LIKE, "--output*", NONE},
    {"a whole URL", VALUE_OF_LIKE, "https://h.example/", NONE},
    {"an asterisk in a folder", VALUE_OF_LIKE, "/srv/\\*", NONE},
    {"all of a country", VALUE_OF_HOST, "*.de", VALUE_HOST_TOP},
    {"all of IPv6", VALUE_OF_CIDR, "::/0", VALUE_CIDR_ALL},
    {"length 10", VALUE_OF_CIDR, "fe80::/10", NONE},
    {"`.`", VALUE_OF_PATH, "/srv/./a", VALUE_PATH_DOTS},
    {"`..` at the end", VALUE_OF_PATH, "/srv/..", VALUE_PATH_DOTS},
    {"three dots", VALUE_OF_PATH, "/srv/.../a", NONE},
    {"a slash at the end", VALUE_OF_PATH, "/srv/", VALUE_PATH_SLASH},
    {"the root", VALUE_OF_PATH, "/", NONE},
    {"IPv6 without a port", VALUE_OF_NETWORK, "[2001:db8::1]", VALUE_NETWORK_PORT},
    {"a colon and no port", VALUE_OF_NETWORK, "h.example:", VALUE_NETWORK_PORT},
    {"a template", VALUE_OF_NETWORK, "${args.url}", NONE},
    {"`^` alone at the start", VALUE_OF_MATCHES, "^report", VALUE_REGEX_SIDE},
    {"`$` alone at the end", VALUE_OF_MATCHES, "report$", VALUE_REGEX_SIDE},
    {"`.+` behind a name", VALUE_OF_MATCHES, "a\\.example.+", VALUE_REGEX_RUNS},
    {"`.*` behind a class", VALUE_OF_MATCHES, "https://h\\.example/\\d.*", NONE},
    {"`..` in a text", VALUE_OF_TEXT, "/a/..", VALUE_TEXT_DOTS},
    {"an empty component in a text", VALUE_OF_TEXT, "/a//b", VALUE_TEXT_DOTS},
    {"a home in a text", VALUE_OF_TEXT, "~/a", VALUE_TEXT_DOTS},
    {"dots of a name", VALUE_OF_TEXT, "/a/b..c", NONE},
    {"`..` that is no path", VALUE_OF_TEXT, "a..b/../c", NONE},
    {"a class in a pattern", VALUE_OF_LIKE, "bot-[0-9]", VALUE_LIKE_OTHER},
    {"brackets in a pattern", VALUE_OF_LIKE, "[a]*", NONE},
    {"a `^` alone", VALUE_OF_LIKE, "^*", NONE},
    {"two words", VALUE_OF_MATCHES, "a|b", NONE},
    {"a path between slashes", VALUE_OF_MATCHES, "/srv/a/", NONE},
    {"a star at both ends", VALUE_OF_TEXT, "*ab*", VALUE_TEXT_STAR},
    {"any type of media", VALUE_OF_TEXT, "*/*", NONE},
    {"two stars", VALUE_OF_TEXT, "**", NONE},
    {"a sign and a number", VALUE_OF_TEXT, ">=5", VALUE_TEXT_SIGN},
    {"a tag", VALUE_OF_TEXT, "<b>", NONE},
    {"a sign alone", VALUE_OF_TEXT, "!", NONE},
    {"a block", VALUE_OF_TEXT, "a\nb\n", VALUE_TEXT_LINE},
};

static void near_to_the_examples(void **state)
{
    (void)state;
    for (size_t i = 0; i < BASE_COUNT(rows); i++) {
        uint32_t wanted = rows[i].smell == NONE ? 0 : UINT32_C(1) << rows[i].smell;
        uint32_t found = value_smells(rows[i].operand, str_of(rows[i].text));
        if (found != wanted)
            fail_msg("%s: `%s` has %#x instead of %#x", rows[i].name, rows[i].text, found, wanted);
    }
}

/* No text makes a predicate read beyond it: each beginning of each example, in memory of its size.
 */
static void texts_that_are_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < BASE_COUNT(rows); i++)
        for (size_t n = 0; n <= strlen(rows[i].text); n++) {
            char *cut = malloc(n ? n : 1);
            assert_non_null(cut);
            memcpy(cut, rows[i].text, n);
            for (int operand = 0; operand <= VALUE_OF_TEXT; operand++)
                (void)value_smells((enum value_operand)operand, (struct str){cut, n});
            free(cut);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(examples_of_the_table),
        cmocka_unit_test(near_to_the_examples),
        cmocka_unit_test(texts_that_are_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
