/*
 * Comments that allow warnings: which findings they take, what is no comment, and what is wrong
 * with a comment.
 */
#include "support.h"

#define NO_REASON "{id: r, effect: allow, subject: [\"u:a\"], capability: [ccos.echo]}"
#define DENY      "{id: d, effect: deny, capability: [ccos.io.log]}"

static const struct {
    const char *name, *text;
    const char *found;      /* findings that count */
    const char *suppressed; /* and those that do not, with the reason of the first */
    const char *reason;
} rows[] = {
    {"at the end of the line", HEADER "rules:\n  - " NO_REASON " # reeve: allow P052 known\n", "",
     "P052 3:10", "known"},
    {"by id", HEADER "rules:\n  - " NO_REASON " # reeve: allow no-reason known\n", "", "P052 3:10",
     "known"},
    {"on the line above", HEADER "rules:\n  # reeve: allow P052  it is known \n  - " NO_REASON "\n",
     "", "P052 4:10", "it is known"},
    {"with comments and blank lines between",
     HEADER "rules:\n  # reeve: allow P052 a\n  # b\n\n  - " NO_REASON "\n", "", "P052 6:10", "a"},
    {"with another above",
     HEADER "rules:\n  # reeve: allow P053 a\n  # reeve: allow P052 b\n"
            "  - {id: r, effect: allow, subject: [\"u:a\"], capability: [x.y], grant: {isolation: "
            "vm, limits: {wall: 5s}}}\n",
     "", "P052 5:10, P053 5:59", "b"},
    {"two codes in one",
     HEADER "rules:\n  # reeve: allow P052,no-capability,no-limits a\n"
            "  - {id: r, effect: allow, subject: [\"u:a\"], capability: [x.y], grant: {isolation: "
            "vm}}\n",
     "", "P052 4:10, P053 4:59, P066 4:59", "a"},
    {"no space behind the mark", HEADER "rules:\n  - " NO_REASON " #reeve: allow P052 known\n", "",
     "P052 3:10", "known"},
    {"CR LF", HEADER "rules:\r\n  # reeve: allow P052 a\r\n  - " NO_REASON "\r\n", "", "P052 4:10",
     "a"},
    {"columns behind other letters",
     HEADER "name: \"\xc3\xa9 # reeve: allow P052 no\" # reeve: allow P052 b\n", "P147 2:34", "",
     ""},
    {"another code", HEADER "rules:\n  - " NO_REASON " # reeve: allow P053 a\n",
     "P052 3:10, P147 3:71", "", ""},
    {"another line", HEADER "rules: # reeve: allow P052 a\n  - " NO_REASON "\n",
     "P052 3:10, P147 2:8", "", ""},
    {"two lines above", HEADER "rules:\n  # reeve: allow P052 a\n  - " DENY "\n  - " NO_REASON "\n",
     "P052 5:10, P147 3:3", "", ""},
    {"without a reason", HEADER "rules:\n  - " NO_REASON " # reeve: allow P052\n",
     "P146 3:71, P052 3:10", "", ""},
    {"of nothing", HEADER "rules: # reeve: allow\n  - " DENY "\n", "P146 2:8", "", ""},
    {"of a word that is no code", HEADER "rules: # reeve: allow no-raeson a\n  - " DENY "\n",
     "P146 2:8", "", ""},
    {"of a finding about comments", HEADER "rules: # reeve: allow P147,P052 a\n  - " DENY "\n",
     "P147 2:8, P147 2:8", "", ""},
    {"of an error", HEADER "rules: # reeve: allow P030 a\n  - " DENY "\n", "P146 2:8", "", ""},
    {"an error is not allowed", HEADER "nam: x # reeve: allow P012 a\n", "P012 2:1", "", ""},
    {"in quotes it is text", HEADER "rules:\n  - " NO_REASON "\nname: \" # reeve: allow P052 a\"\n",
     "P052 3:10", "", ""},
    {"in single quotes too", HEADER "rules:\n  - " NO_REASON "\nname: ' # reeve: allow P052 a'\n",
     "P052 3:10", "", ""},
    {"in a quoted text of several lines",
     HEADER "rules:\n  - {id: d, effect: deny, when: {args.a: 1}, reason: \"a\n\n   # reeve: allow "
            "P052 a\n   b\", "
            "subject: [\"u:a\"]}\n  - " NO_REASON "\n",
     "P052 7:10", "", ""},
    {"in a block it is text",
     HEADER "rules:\n  - id: d\n    effect: deny\n    when: {args.a: 1}\n    reason: |\n      x\n"
            "      # reeve: allow P052 a\n  - " NO_REASON "\n",
     "P052 9:10", "", ""},
    {"behind a block it is none of it",
     HEADER "rules:\n  - id: d\n    effect: deny\n    when: {args.a: 1}\n    reason: |\n      x\n"
            "  # reeve: allow P052 a\n  - " NO_REASON "\n",
     "", "P052 9:10", "a"},
    {"beside the head of a block",
     HEADER "rules:\n  - id: d\n    effect: deny\n    when: {args.a: 1}\n    reason: > # reeve: "
            "allow P052 a\n      x\n",
     "P147 6:15", "", ""},
    {"part of a word", HEADER "name: a#reeve:allow P052 a\n", "", "", ""},
    {"another word", HEADER "rules: # reeve: allowed P052 a\n  - " NO_REASON "\n", "P052 3:10", "",
     ""},
    {"within a comment", HEADER "# old: # reeve: allow P052 a\nname: b\n", "", "", ""},
    {"behind a byte order mark",
     "\xef\xbb\xbf" HEADER "rules:\n  - " NO_REASON " # reeve: allow P052 a\n", "", "P052 3:10",
     "a"},
    {"at the end of the text", HEADER "rules: []\n# reeve: allow P052 a", "P147 3:1", "", ""},
};

static void split(const struct findings *all, struct findings *counts, struct findings * not )
{
    *counts = *not = (struct findings){0};
    for (unsigned i = 0; i < all->n; i++) {
        struct findings *to = all->v[i].suppressed[0] ? not : counts;
        to->v[to->n++] = all->v[i];
    }
}

static void comments(void **state)
{
    (void)state;
    static struct findings all, counts, not ;
    for (size_t i = 0; i < BASE_COUNT(rows); i++) {
        all = (struct findings){0};
        char found[256], suppressed[256];
        (void)lint_text(str_of(rows[i].text), "t.yaml", keep_finding, &all, NULL);
        split(&all, &counts, &not );
        describe_findings(&counts, found, sizeof found);
        describe_findings(&not, suppressed, sizeof suppressed);
        if (strcmp(found, rows[i].found) != 0 || strcmp(suppressed, rows[i].suppressed) != 0)
            fail_msg("%s: \"%s\" and \"%s\"\n%s", rows[i].name, found, suppressed, rows[i].text);
        if (not .n)
            assert_string_equal(not .v[0].suppressed, rows[i].reason);
    }
}

/* Line by line in each file. */
static void of_several_files(void **state)
{
    (void)state;
    struct findings all = {0};
    struct files files;
    files_of(STR("=== root.yaml\n" HEADER
                 "include: [a.yaml, {file: b.yaml, as: b, may: {subject: [\"u:*\"], "
                 "capability: [\"*\"]}}]\nrules:\n"
                 "  - {id: r, effect: allow, subject: [\"u:a\"], capability: [ccos.echo]}\n"
                 "=== a.yaml\n" HEADER "# first\nrules:\n"
                 "  - {id: s, effect: allow, subject: [\"u:s\"], capability: [ccos.echo]} "
                 "# reeve: allow P052 a\n"
                 "=== b.yaml\n" HEADER "# first\nrules: # reeve: allow P053 c\n"
                 "  - {id: t, effect: allow, subject: [\"u:t\"], capability: [ccos.echo]} "
                 "# reeve: allow P052 b\n# AKIAIOSFODNN7EXAMPLE\n"),
             &files);
    assert_int_equal(policy_lint_source(&files.source, keep_finding, &all, NULL), 0);
    static const struct {
        const char *code, *file, *suppressed;
        unsigned line;
    } told[] = {
        {"P141", "b.yaml", "", 5},  {"P052", "root.yaml", "", 4}, {"P052", "a.yaml", "a", 4},
        {"P052", "b.yaml", "b", 4}, {"P147", "b.yaml", "", 3},
    };
    assert_int_equal(all.n, BASE_COUNT(told));
    for (unsigned i = 0; i < all.n; i++) {
        assert_string_equal(all.v[i].code, told[i].code);
        assert_string_equal(all.v[i].file, told[i].file);
        assert_string_equal(all.v[i].suppressed, told[i].suppressed);
        assert_int_equal(all.v[i].line, told[i].line);
    }
}

static void a_misspelt_code_has_a_hint(void **state)
{
    (void)state;
    struct findings all = {0};
    (void)lint_text(STR(HEADER "rules: [] # reeve: allow no-raeson a\n"), "t.yaml", keep_finding,
                    &all, NULL);
    assert_int_equal(all.n, 1);
    assert_string_equal(all.v[0].suggestion, "did you mean `no-reason`?");
}

/* Findings that are allowed do not keep others from being told, and are bounded themselves. */
static void many(void **state)
{
    (void)state;
    auto_buf struct buf b = {0};
    buf_z(&b, HEADER "rules:\n");
    for (unsigned i = 0; i < 400; i++)
        buf_printf(&b,
                   "  # reeve: allow P052 known\n  - {id: r%u, effect: allow, subject: [\"u:%u\"], "
                   "capability: [ccos.echo]}\n",
                   i, i);
    buf_z(&b, "  - {id: s, effect: allow, subject: [\"u:a\"], capability: [ccos.echo]}\n");
    static struct findings all;
    all = (struct findings){0};
    assert_int_equal(lint_text(buf_view(&b), "t.yaml", keep_finding, &all, NULL), 0);
    assert_int_equal(all.n, 257);
    assert_string_equal(all.v[256].code, "P052");
    assert_string_equal(all.v[256].suppressed, "");
    assert_int_equal(all.v[256].line, 803);
}

/* Each search for a hint walks over all that is declared, and what is allowed is never enough. */
static void hints_are_bounded(void **state)
{
    (void)state;
    static const struct {
        unsigned allowed;
        const char *suggestion;
    } sizes[] = {{500, "did you mean `context.tenant`?"}, {1100, "declare it under `attributes`"}};
    for (size_t i = 0; i < BASE_COUNT(sizes); i++) {
        auto_buf struct buf b = {0};
        buf_z(&b, HEADER "attributes: {context.tenant: {type: string}}\nrules:\n");
        for (unsigned k = 0; k < sizes[i].allowed; k++)
            buf_printf(&b,
                       "  # reeve: allow undeclared known\n  - {id: r%u, effect: deny, when: "
                       "{context.tenamt: \"%u\"}}\n",
                       k, k);
        buf_z(&b, "  - {id: s, effect: deny, when: {context.tenamt: s}}\n");
        static struct findings all;
        all = (struct findings){0};
        assert_int_equal(lint_text(buf_view(&b), "t.yaml", keep_finding, &all, NULL), 0);
        assert_int_equal(all.n, 257);
        assert_string_equal(all.v[256].code, "P130");
        assert_string_equal(all.v[256].suggestion, sizes[i].suggestion);
    }
}

/* More commas than there are codes: the rest is not looked at. */
static void codes_of_one_comment_are_bounded(void **state)
{
    (void)state;
    auto_buf struct buf b = {0};
    struct findings all = {0};
    buf_z(&b, HEADER "rules: [] # reeve: allow ");
    for (unsigned i = 0; i < 100000; i++)
        buf_z(&b, ",");
    buf_z(&b, " a\n");
    assert_int_equal(lint_text(buf_view(&b), "t.yaml", keep_finding, &all, NULL), 0);
    assert_int_equal(all.n, 2);
    assert_string_equal(all.v[0].code, "P146");
    assert_string_equal(all.v[1].message, "more codes than there are");
}

/* A compile looks at no comment and tells no warning. */
static void compile_is_not_concerned(void **state)
{
    (void)state;
    struct findings all = {0};
    struct policy_image *image = NULL;
    assert_int_equal(compile_text(STR(HEADER "rules: # reeve: allow\n  - " NO_REASON "\n"),
                                  "t.yaml", keep_finding, &all, &image, NULL),
                     0);
    assert_int_equal(all.n, 0);
    policy_image_unref(&image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comments),
        cmocka_unit_test(of_several_files),
        cmocka_unit_test(a_misspelt_code_has_a_hint),
        cmocka_unit_test(many),
        cmocka_unit_test(hints_are_bounded),
        cmocka_unit_test(codes_of_one_comment_are_bounded),
        cmocka_unit_test(compile_is_not_concerned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
