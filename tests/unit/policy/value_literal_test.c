/*
 * Literals beside the types of arguments: each row of the table by its own examples, then what is
 * near them, and what the normal form of a type does to a text.
 */
#include "value_support.h"

#include "policy/value_literal.h"
#include "policy/value_regex.h"

static void examples_of_the_table(void **state)
{
    (void)state;
    for (unsigned i = 0; i < VALUE_LITERAL_COUNT; i++) {
        const struct value_literal_row *row = value_literal_row((enum value_literal)i);
        struct value_regex_fault fault;
        assert_non_null(row);
        if (value_literals(row->type, row->compared, str_of(row->wrong)) != UINT32_C(1) << i)
            fail_msg("row %u: nothing is said of `%s`", i, row->wrong);
        if (value_literals(row->type, row->compared, str_of(row->right)) != 0)
            fail_msg("row %u: something is said of `%s`", i, row->right);
        if (row->compared == VALUE_REGEX && !(value_regex_check(str_of(row->wrong), &fault) &&
                                              value_regex_check(str_of(row->right), &fault)))
            fail_msg("row %u: no regular expression", i);
    }
    assert_null(value_literal_row(VALUE_LITERAL_COUNT));
}

static const struct {
    const char *text;
    enum core_arg_type type;
    enum value_compared compared;
    bool said;
} rows[] = {
    {"(?i)put", CORE_ARG_METHOD, VALUE_REGEX, false},
    {"\\w+", CORE_ARG_METHOD, VALUE_REGEX, false},
    {"[A-Z]+", CORE_ARG_METHOD, VALUE_REGEX, false},
    {"^(get|put)$", CORE_ARG_METHOD, VALUE_REGEX, true},
    {"*", CORE_ARG_METHOD, VALUE_LIKE, false},
    {"^/srv/.*$", CORE_ARG_PATH, VALUE_REGEX, false},
    {"(/srv|/etc)/.*", CORE_ARG_PATH, VALUE_REGEX, false},
    {".*\\.env", CORE_ARG_PATH, VALUE_REGEX, false},
    {"[^.]*", CORE_ARG_PATH, VALUE_REGEX, false},
    {"a?/srv", CORE_ARG_PATH, VALUE_REGEX, false},
    {"etc/.*", CORE_ARG_PATH, VALUE_REGEX, true},
    {"^(etc|srv)", CORE_ARG_PATH, VALUE_REGEX, true},
    {"./a", CORE_ARG_PATH, VALUE_EQUAL, true},
    {"~/a", CORE_ARG_PATH, VALUE_EQUAL, false}, /* told of any text */
    {"*.env", CORE_ARG_PATH, VALUE_LIKE, false},
    {"https?://h\\.example/.*", CORE_ARG_URL, VALUE_REGEX, false},
    {"https:\\/\\/h", CORE_ARG_URL, VALUE_REGEX, false},
    {"(?:http|https)://.*", CORE_ARG_URL, VALUE_REGEX, false},
    {".*evil.*", CORE_ARG_URL, VALUE_REGEX, false},
    {"ftp://h/.*", CORE_ARG_URL, VALUE_REGEX, false},
    {"www", CORE_ARG_URL, VALUE_BEGIN, true},
    {"http", CORE_ARG_URL, VALUE_BEGIN, false},
    {"https:/", CORE_ARG_URL, VALUE_BEGIN, false},
    {"https:x", CORE_ARG_URL, VALUE_BEGIN, true},
    {"*evil*", CORE_ARG_URL, VALUE_LIKE, false},
    {"http*://h/", CORE_ARG_URL, VALUE_LIKE, false},
    {"https://h.example/?q=*", CORE_ARG_URL, VALUE_EQUAL, true},
    {"etc", CORE_ARG_STRING, VALUE_EQUAL, false},
};

static void near_to_the_examples(void **state)
{
    (void)state;
    for (size_t i = 0; i < BASE_COUNT(rows); i++)
        if ((value_literals(rows[i].type, rows[i].compared, str_of(rows[i].text)) != 0) !=
            rows[i].said)
            fail_msg("`%s`: %s is said", rows[i].text, rows[i].said ? "nothing" : "something");
}

/* No text makes a predicate read beyond it. */
static void texts_that_are_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < BASE_COUNT(rows); i++)
        for (size_t n = 0; n <= strlen(rows[i].text); n++) {
            char *cut = malloc(n ? n : 1);
            assert_non_null(cut);
            memcpy(cut, rows[i].text, n);
            for (int type = 0; type < CORE_ARG_COUNT; type++)
                for (int as = 0; as < VALUE_COMPARED_COUNT; as++)
                    (void)value_literals((enum core_arg_type)type, (enum value_compared)as,
                                         (struct str){cut, n});
            free(cut);
        }
}

static void normal_forms(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum core_arg_type type;
        const char *normal; /* NULL: it is; "": there is none */
    } forms[] = {
        {"POST", CORE_ARG_METHOD, NULL},
        {"post", CORE_ARG_METHOD, "\"POST\""},
        {"a b", CORE_ARG_METHOD, ""},
        {"/a//b/", CORE_ARG_PATH, "\"/a/b\""},
        {"/a/b", CORE_ARG_PATH, NULL},
        {"a/b/", CORE_ARG_PATH, NULL}, /* relative paths stay as they are */
        {"https://H.example", CORE_ARG_URL, "\"https://h.example/\""},
        {"https://h.example/a?b", CORE_ARG_URL, NULL},
        {"h.example", CORE_ARG_URL, ""},
        {"a\"\\b", CORE_ARG_STRING, NULL},
    };
    for (size_t i = 0; i < BASE_COUNT(forms); i++) {
        auto_buf struct buf out = {0};
        bool is = value_literal_normal(forms[i].type, str_of(forms[i].text), &out);
        if (is != !forms[i].normal || (!is && !str_is(buf_view(&out), forms[i].normal)))
            fail_msg("`%s`: %.*s", forms[i].text, (int)out.len, (const char *)out.data);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(examples_of_the_table),
        cmocka_unit_test(near_to_the_examples),
        cmocka_unit_test(texts_that_are_cut),
        cmocka_unit_test(normal_forms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
