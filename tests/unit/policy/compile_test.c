/*
 * What does not compile: a text, and the code, line and column of every finding in it. A code of
 * the table that no row here (or in lint_test.c) brings about fails the test, so that no diagnostic
 * exists which was never seen.
 */
#include "compile_rows.h"

/* "CODE line:column" of each error, in the order in which they are told. */
static const struct compile_row rows[] = {
    {"an empty text", "", "P002 1:1"},
    {"comments only", "# nothing\n", "P002 1:1"},
    {"a list", "- a\n", "P002 1:1"},
    {"a scalar", "policy\n", "P002 1:1"},
    {"not YAML: an open bracket", HEADER "rules: [\n", "P001 3:1"},
    {"not YAML: a tab in front", HEADER "rules:\n\t- id: a\n", "P001 3:1"},
    {"not UTF-8", HEADER "name: \xff\n", "P001 2:7"},
    {"a NUL byte in quotes", HEADER "name: \"a\\0b\"\n", "P037 2:7"},
    {"a second document", HEADER "---\nreeve: policy/v1\n", "P004 2:1"},
    {"an alias of nothing", HEADER "name: *a\n", "P005 2:7"},
    {"an alias in front of its anchor", HEADER "name: *a\ngroups: &a {}\n", "P005 2:7"},
    {"an alias of nothing where templates are looked for",
     HEADER
     "rules:\n  - {id: r, effect: require, require: {within: {filesystem: {read: [*a], hide: "
     "[*b]}, network: [*c], environment: [*d]}}}\n",
     "P005 3:69, P005 3:81, P005 3:97, P005 3:116"},
    {"an alias as a key", HEADER "name: &a x\n*a : 1\n", "P005 3:1"},
    {"an alias within its anchor", HEADER "groups: &a {g: [*a]}\n", "P005 2:17"},
    {"an anchor that stands twice", HEADER "name: &a x\ngroups: &a {}\n", "P005 3:9"},
    {"a merge of an alias", HEADER "grants: {a: &a {isolation: vm}, b: {<<: *a}}\n",
     "P007 2:37, P012 2:37"},
    {"what an alias cannot be here is told where it stands", HEADER "name: &a x\nrules: *a\n",
     "P015 3:8"},
    {"what is wrong below an alias is told at the anchor, once",
     HEADER "groups: {g: &a [bot], h: *a}\n", "P020 2:17"},
    {"what was refused is not told again", HEADER "groups: {g: &a [no], h: *a}\n", "P008 2:17"},
    {"a duplicate key", HEADER "name: a\nname: b\n", "P006 3:1"},
    {"a duplicate key that is quoted", HEADER "groups: {a: [\"u:a\"], 'a': [\"u:b\"]}\n",
     "P006 2:22"},
    {"the second of two lists is not read",
     HEADER "groups: {a: [\"u:a\"], b: [\"u:b\"]}\nrules:\n  - {id: r, effect: deny, subject: "
            "[\"group:a\", \"group:b\"],\n"
            "     subject: [\"group:c\"], capability: [a, b, c], capability: []}\n"
            "rules: [{}]\ngroups: {d: []}\n",
     "P006 5:51, P006 5:6, P006 7:1, P006 6:1"},
    {"a merge key", HEADER "defaults: {<<: {level: pure}}\n", "P007 2:12, P012 2:12"},
    {"no for a name", HEADER "name: no\n", "P008 2:7"},
    {"off in a list", HEADER "groups: {a: [off]}\n", "P008 2:14"},
    {"on as a key", HEADER "groups: {on: [\"u:a\"]}\n", "P008 2:10"},
    {"True", WHEN("{args.x: True}"), "P008 7:20"},
    {"an octal number", HEADER "version: 010\n", "P009 2:10"},
    {"a sexagesimal number", HEADER "defaults: {limits: {wall: 1:30}}\n", "P009 2:27"},
    {"a hexadecimal number", WHEN("{args.x: 0x1f}"), "P009 7:20"},
    {"underscores", WHEN("{args.x: 1_000}"), "P009 7:20"},
    {"an exponent without a dot", WHEN("{args.x: 1e3}"), "P009 7:20"},
    {"not a number", WHEN("{args.x: .nan}"), "P009 7:20"},
    {"quoted they are text", WHEN("{args.x: [\"010\", 'no', \"1:30\", \"null\", \"0x1f\"]}"), ""},
    {"null in words", HEADER "name: null\n", "P010 2:7"},
    {"null as a tilde", HEADER "name: ~\n", "P010 2:7"},
    {"null by leaving out", HEADER "name:\nrules: []\n", "P010 2:6"},
    {"null in a condition", WHEN("{args.x: null}"), "P010 7:20"},
    {"null in a list", WHEN("{args.x: [1, ~]}"), "P010 7:24"},
    {"a tag", HEADER "name: !!str lab\n", "P011 2:7"},
    {"a key that the language does not have", HEADER "nam: lab\n", "P012 2:1"},
    {"a key in a rule", RULE "    subjects: [\"a:b\"]\n", "P012 7:5"},
    {"a key in limits", HEADER "defaults: {limits: {wal: 5s}}\n", "P012 2:21"},
    {"best_effort in defaults", HEADER "defaults: {limits: {best_effort: [cpu]}}\n", "P012 2:21"},
    {"what is kept for later", HEADER "invariants: []\n", "P013 2:1"},
    {"the header is missing", "name: lab\n", "P014 1:1"},
    {"a rule without id and effect", HEADER "rules: [{reason: a}]\n", "P014 2:9, P014 2:9"},
    {"an allow without subject", HEADER "rules: [{id: r, effect: allow, capability: [x.y]}]\n",
     "P014 2:9"},
    {"an allow without capability", HEADER "rules: [{id: r, effect: allow, subject: anyone}]\n",
     "P014 2:9"},
    {"a subjects entry without level", HEADER "subjects: [{match: anyone}]\n", "P014 2:12"},
    {"a number for a name", HEADER "name: 7\n", "P015 2:7"},
    {"a mapping for rules", HEADER "rules: {}\n", "P015 2:8"},
    {"text for a rule", HEADER "rules: [r]\n", "P015 2:9"},
    {"text for a list of subjects", HEADER "rules: [{id: r, effect: deny, subject: \"a:b\"}]\n",
     "P015 2:40"},
    {"text for a capability list", HEADER "rules: [{id: r, effect: deny, capability: x.y}]\n",
     "P015 2:43"},
    {"version zero", HEADER "version: 0\n", "P015 2:10"},
    {"a mapping as a key", HEADER "? {a: b}\n: c\n", "P015 2:3"},
    {"a level that is none", HEADER "defaults: {level: puer}\n", "P016 2:19"},
    {"an isolation that is none", HEADER "grants: {g: {isolation: container}}\n", "P016 2:25"},
    {"an effect that is none", HEADER "rules: [{id: r, effect: alow}]\n", "P016 2:25"},
    {"best_effort of no limit", HEADER "grants: {g: {limits: {best_effort: [disk]}}}\n",
     "P016 2:37"},
    {"another language", "reeve: policy/v2\n", "P017 1:8"},
    {"a language that is no text", "reeve: 1\n", "P017 1:8"},
    {"a rule id in capitals", HEADER "rules: [{id: Read, effect: deny}]\n", "P018 2:14"},
    {"the reserved ids", HEADER "rules: [{id: reeve/full, effect: deny}]\n", "P018 2:14"},
    {"a group's name", HEADER "groups: {\"a b\": [\"u:a\"]}\n", "P018 2:10"},
    {"an id twice", HEADER "rules:\n  - {id: r, effect: deny}\n  - {id: r, effect: deny}\n",
     "P019 4:10"},
    {"a subject without type", HEADER "groups: {g: [bot]}\n", "P020 2:14"},
    {"a subject without id", HEADER "groups: {g: [\"bot:\"]}\n", "P020 2:14"},
    {"a wildcard in the type", HEADER "groups: {g: [\"b*:x\"]}\n", "P020 2:14"},
    {"anyone in a list", HEADER "rules: [{id: r, effect: deny, subject: [anyone]}]\n", "P020 2:41"},
    {"a capability with an empty segment",
     HEADER "rules: [{id: r, effect: deny, capability: [a..b]}]\n", "P021 2:44"},
    {"a wildcard inside a segment",
     HEADER "rules: [{id: r, effect: deny, capability: [\"a.*b\"]}]\n", "P021 2:44"},
    {"more than 32 segments",
     HEADER "rules: [{id: r, effect: deny, capability: "
            "[a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a."
            "a.a.a]}]\n",
     "P021 2:44"},
    {"an implied permission",
     HEADER "rules: [{id: r, effect: deny, capability: [ccos.network.outbound]}]\n", "P022 2:44"},
    {"no subject", HEADER "rules: [{id: r, effect: allow, subject: [], capability: [x.y]}]\n",
     "P023 2:41"},
    {"no capability", HEADER "rules: [{id: r, effect: deny, capability: []}]\n", "P023 2:43"},
    {"no operator", WHEN("{args.x: {}}"), "P023 7:20"},
    {"an undeclared group",
     HEADER "groups: {bots: [\"u:a\"]}\nsubjects: [{match: \"group:bot\", level: full}]\n",
     "P024 3:20"},
    {"a group in itself", HEADER "groups: {a: [\"group:a\"]}\n", "P025 2:14"},
    {"two groups in each other", HEADER "groups: {a: [\"group:b\"], b: [\"group:a\"]}\n",
     "P025 2:30"},
    {"an undeclared grant", GRANT("web"), "P026 7:12"},
    {"an undeclared grant in use", GRANT("{use: web}"), "P026 7:18"},
    {"a grant that uses itself", HEADER "grants: {a: {use: a}}\n", "P027 2:19"},
    {"grants that use each other", HEADER "grants: {a: {use: b}, b: {use: a}}\n", "P027 2:32"},
    {"a grant on a deny", HEADER "rules: [{id: r, effect: deny, grant: {isolation: vm}}]\n",
     "P028 2:31"},
    {"a time without unit", HEADER "defaults: {limits: {wall: 5}}\n", "P029 2:27"},
    {"a size in decimal units", HEADER "defaults: {limits: {memory: 5MB}}\n", "P029 2:29"},
    {"a count with a unit", HEADER "defaults: {limits: {open_files: 5s}}\n", "P029 2:33"},
    {"no time at all", HEADER "defaults: {limits: {wall: 0s}}\n", "P029 2:27"},
    {"a negative count", HEADER "defaults: {limits: {processes: -1}}\n", "P029 2:32"},
    {"more than 63 bits", HEADER "defaults: {limits: {memory: 99999999999GiB}}\n", "P029 2:29"},
    {"more than 64 bits", HEADER "defaults: {limits: {memory: 99999999999999999999B}}\n",
     "P029 2:29"},
    {"a relative path", GRANT("{filesystem: {read: [usr]}}"), "P030 7:33"},
    {"a path with ..", GRANT("{filesystem: {read: [/usr/../etc]}}"), "P030 7:33"},
    {"a path with a wildcard", GRANT("{filesystem: {read: [\"/usr/*\"]}}"), "P030 7:33"},
    {"under a relative path", WHEN("{args.x: {under: src}}"), "P030 7:28"},
    {"an attribute without root", WHEN("{path: /a}"), "P031 7:12"},
    {"an attribute that ends in a dot", WHEN("{args.: /a}"), "P031 7:12"},
    {"an attribute with an open bracket", WHEN("{'args[\"a\"': 1}"), "P031 7:12"},
    {"args alone", WHEN("{args: 1}"), "P031 7:12"},
    {"a word that is no operator", WHEN("{args.x: {equals: 1}}"), "P032 7:21"},
    {"all beside an attribute", WHEN("{args.x: {all: [{eq: 1}]}}"), "P032 7:21"},
    {"in without a list", WHEN("{args.x: {in: a}}"), "P033 7:25"},
    {"a list in in", WHEN("{args.x: {in: [[a]]}}"), "P033 7:26"},
    {"eq with a mapping", WHEN("{args.x: {eq: {a: 1}}}"), "P033 7:25"},
    {"under a list", WHEN("{args.x: {under: [/a]}}"), "P033 7:28"},
    {"an integer beyond 64 bits", WHEN("{args.x: 9223372036854775808}"), "P033 7:20"},
    {"a size where text is compared", WHEN("{args.x: 1MiB}"), "P034 7:20"},
    {"a size in a list", WHEN("{args.x: [1MiB, \"2MiB\"]}"), "P034 7:21"},
    {"absent alone", WHEN("{args.x: {absent: true}}"), "P035 7:20"},
    {"a variable as a key", HEADER "groups: {\"${g}\": [\"u:a\"]}\n", "P018 2:10, P036 2:10"},
    {"a template in hide", GRANT("{filesystem: {hide: [\"${args.path}\"]}}"), "P036 7:33"},
    {"a template inside a path", GRANT("{filesystem: {read: [\"/a/${args.path}\"]}}"), "P036 7:33"},
    {"two templates in one", GRANT("{filesystem: {read: [\"${args.a}${args.b}\"]}}"), "P036 7:33"},
    {"a template of a subject", GRANT("{filesystem: {read: [\"${subject.id}\"]}}"), "P036 7:33"},
    {"a template of no attribute", GRANT("{filesystem: {read: [\"${args.}\"]}}"), "P031 7:33"},
    {"an empty text where a name is", HEADER "name: \"\"\n", "P037 2:7"},
    {"several at once",
     "reeve: policy/v1\nnam: x\nrules:\n  - {id: A, effect: deny}\n  - {id: b, effect: alow, when: "
     "{path: 1}}\n",
     "P012 2:1, P018 4:10, P016 5:21, P031 5:34"},
    {"CR LF lines", "reeve: policy/v1\r\nnam: x\r\n", "P012 2:1"},
    {"columns are characters", HEADER "groups: {g: [\"u:é\", bot]}\n", "P020 2:21"},
};

static void errors(void **state)
{
    (void)state;
    for (size_t i = 0; i < BASE_COUNT(rows); i++)
        compile_check(&rows[i]);
    for (size_t i = 0; i < compile_nhold_rows; i++)
        compile_check(&compile_hold_rows[i]);
    for (size_t i = 0; i < compile_ntests_rows; i++)
        compile_check(&compile_tests_rows[i]);
}

/* What stands beside the code: message, hint, marked length, source line. */
static const struct {
    const char *text, *message, *suggestion, *source;
    unsigned length;
} details[] = {
    {HEADER "defaults: {level: controled}\n",
     "is `controled`; `pure`, `controlled` or `full` is wanted", "did you mean `controlled`?",
     "defaults: {level: controled}", 9},
    {HEADER "rollout: {}\n", "`rollout` is not understood by this version", "", "rollout: {}", 7},
    {RULE "    gant: web\n", "unknown key `gant` in a rule", "did you mean `grant`?",
     "    gant: web", 4},
    {HEADER "groups: {bots: [\"u:a\"], x: [\"group:bot\"]}\n", "group `bot` is not declared",
     "did you mean `bots`?", "groups: {bots: [\"u:a\"], x: [\"group:bot\"]}", 11},
    {WHEN("{args.x: {unde: /a}}"), "`unde` is no operator", "did you mean `under`?",
     "    when: {args.x: {unde: /a}}", 4},
    {HEADER "defaults: {limits: {wall: 1:30}}\n", "`1:30` unquoted is read differently",
     "quote it (\"1:30\") if it is text", "defaults: {limits: {wall: 1:30}}", 4},
    {HEADER "rules:\n\t- a\n", "found character that cannot start any token",
     "indent with spaces, not tabs; quote what begins with `@`, `%` or a backquote", "\t- a", 1},
};

static void messages(void **state)
{
    (void)state;
    for (size_t i = 0; i < BASE_COUNT(details); i++) {
        struct findings all = {0};
        struct policy_image *image = NULL;
        assert_int_equal(
            compile_text(str_of(details[i].text), "t.yaml", keep_finding, &all, &image, NULL),
            REEVE_EPOLICY);
        const struct finding *f = &all.v[0];
        if (!strstr(f->message, details[i].message))
            fail_msg("\"%s\" has no \"%s\"", f->message, details[i].message);
        assert_string_equal(f->suggestion, details[i].suggestion);
        assert_string_equal(f->source, details[i].source);
        assert_int_equal(f->length, details[i].length);
    }
}

/* ---- bounds ---- */

static void repeat(struct buf *b, const char *text, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        buf_z(b, text);
}

static void bounds(void **state)
{
    (void)state;
    auto_buf struct buf b = {0};
    buf_init(&b, POLICY_MAX_BYTES + 100);
    buf_z(&b, HEADER "name: ");
    repeat(&b, "[", 100);
    compile_expect_first(buf_view(&b), "P003");

    buf_reset(&b);
    char *room = buf_room(&b, POLICY_MAX_BYTES + 1);
    memset(room, '#', POLICY_MAX_BYTES + 1);
    compile_expect_first(buf_view(&b), "P003");

    buf_reset(&b);
    buf_z(&b, HEADER "groups:\n  g0: [\"u:a\"]\n");
    for (unsigned i = 1; i <= 32; i++)
        buf_printf(&b, "  g%u: [\"group:g%u\"]\n", i, i - 1);
    compile_expect_first(buf_view(&b), "P003");

    buf_reset(&b);
    buf_z(&b, HEADER "grants:\n  g0: {isolation: vm}\n");
    for (unsigned i = 1; i <= 18; i++)
        buf_printf(&b, "  g%u: {use: g%u}\n", i, i - 1);
    compile_expect_first(buf_view(&b), "P003");

    buf_reset(&b);
    buf_z(&b, HEADER "grants: {g: {filesystem: {read: [");
    repeat(&b, "/a, ", CORE_MAX_PATHS + 1);
    buf_z(&b, "]}}}\n");
    compile_expect_first(buf_view(&b), "P003");
}

/* Nested groups that multiply: the members of all groups together are bounded, not only each
 * group's own. */
static void multiplying_groups(void **state)
{
    (void)state;
    auto_buf struct buf b = {0};
    buf_z(&b, HEADER "groups:\n  base: [");
    for (unsigned i = 0; i < 2500; i++)
        buf_printf(&b, "\"u:%u\",", i);
    buf_z(&b, "]\n");
    for (unsigned i = 0; i < 2500; i++)
        buf_printf(&b, "  g%u: [\"group:base\"]\n", i);
    compile_expect_first(buf_view(&b), "P003");
}

/* List variables that multiply, in one file or over several: told once, whatever 32 bits hold. */
static void multiplying_lists(void **state)
{
    (void)state;
    auto_buf struct buf b = {0};
    buf_z(&b, HEADER "vars: {l: {type: [string], default: [");
    repeat(&b, "a,", 2048);
    buf_z(&b, "]}}\nlabels: [");
    repeat(&b, "\"${l}\",", 600);
    repeat(&b, "b,", 10);
    buf_z(&b, "]\n");
    struct findings all = {0};
    struct policy_image *image = NULL;
    assert_int_equal(compile_text(buf_view(&b), "t.yaml", keep_finding, &all, &image, NULL),
                     REEVE_EPOLICY);
    unsigned told = 0;
    for (unsigned i = 0; i < all.n; i++)
        told += strstr(all.v[i].message, "list variables make too many elements") != NULL;
    assert_int_equal(told, 1);
}

static void too_many_findings(void **state)
{
    (void)state;
    auto_buf struct buf b = {0};
    buf_z(&b, HEADER "rules:\n");
    for (unsigned i = 0; i < 1000; i++)
        buf_printf(&b, "  - {id: r%u, effect: none}\n", i);
    struct findings all = {0};
    struct policy_image *image = NULL;
    assert_int_equal(compile_text(buf_view(&b), "t.yaml", keep_finding, &all, &image, NULL),
                     REEVE_EPOLICY);
    assert_int_equal(all.n, 257);
    assert_string_equal(all.v[256].code, "P038");
    assert_int_equal(all.v[256].severity, POLICY_NOTE);
    saw_code("P038");
}

/* A finding far into a long text shows its own line; a line that is too long to be shown is left
 * out. */
static void source_lines(void **state)
{
    (void)state;
    auto_buf struct buf b = {0};
    buf_z(&b, HEADER);
    for (unsigned i = 0; i < 20000; i++)
        buf_printf(&b, "# line %u\r\n# and \xc2\x85# more\n", i);
    buf_z(&b, "nam: x\n# after\nlong: [");
    repeat(&b, "a, ", 400);
    buf_z(&b, "]\n");
    struct findings all = {0};
    struct policy_image *image = NULL;
    assert_int_equal(compile_text(buf_view(&b), "t.yaml", keep_finding, &all, &image, NULL),
                     REEVE_EPOLICY);
    assert_int_equal(all.n, 2);
    assert_int_equal(all.v[0].line, 60002);
    assert_string_equal(all.v[0].source, "nam: x");
    assert_int_equal(all.v[1].line, 60004);
    assert_string_equal(all.v[1].source, "");
}

static bool is_error(const char *code)
{
    return strcmp(code, "P050") < 0 || (code[1] == '0' && strchr("78", code[2]));
}

static void every_code_was_seen(void **state)
{
    (void)state;
    expect_seen(is_error);
}

static void codes_are_in_the_docs(void **state)
{
    (void)state;
    auto_buf struct buf docs = {0};
    struct reeve_error err;
    assert_int_equal(fd_slurp(-100, TEST_SOURCE_DIR "/docs/policy.md", 1 << 20, &docs, &err), 0);
    const char *code, *meaning;
    size_t n = 0;
    for (; (meaning = policy_code_text(n, &code)); n++) {
        char row[512];
        (void)snprintf(row, sizeof row, "| %s | ", code);
        const char *at = strstr(docs.data, row);
        if (!at)
            fail_msg("docs/policy.md has no row for %s", code);
        if (!strstr(at, meaning) || strstr(at, meaning) > strchr(at, '\n'))
            fail_msg("docs/policy.md says something else of %s than \"%s\"", code, meaning);
    }
    size_t rows_in_docs = 0;
    for (const char *p = docs.data; (p = strstr(p, "\n| P")) && p[4] <= '9' && p[4] >= '0'; p++)
        rows_in_docs++;
    assert_int_equal(rows_in_docs, n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(errors),
        cmocka_unit_test(messages),
        cmocka_unit_test(bounds),
        cmocka_unit_test(multiplying_groups),
        cmocka_unit_test(multiplying_lists),
        cmocka_unit_test(too_many_findings),
        cmocka_unit_test(source_lines),
        cmocka_unit_test(every_code_was_seen),
        cmocka_unit_test(codes_are_in_the_docs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
