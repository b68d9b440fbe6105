/*
 * Tests that policies carry: what passes, what fails and by which key; the shipped examples, whose
 * tests hold as they stand and fail for every expectation that is changed; what is covered; and the
 * JSON of decisions, which is canonical.
 */
#include "support.h"

#include <glob.h>

#include "policy/coverage.h"
#include "policy/decision_json.h"
#include "policy/test.h"

/* ---- running ---- */

struct compiled {
    struct policy_image *image;
    struct policy_tests *tests;
};

static struct compiled compile_source(const struct policy_source *source)
{
    struct compiled c = {0};
    struct reeve_error err = {0};
    if (policy_compile_tests(source, NULL, NULL, &c.image, &c.tests, &err) != 0)
        fail_msg("%s:%u:%u: %s", err.file, err.line, err.column, err.message);
    assert_non_null(c.tests);
    return c;
}

static struct compiled compile(struct str text, const char *file)
{
    struct policy_source source = {.text = text, .file = file};
    return compile_source(&source);
}

static void release(struct compiled *c)
{
    policy_image_unref(&c->image);
    policy_tests_free(&c->tests);
}

/* "KEY" or "KEY/VARIANT" of each failure of all tests, or "!" for a request that cannot be asked.
 */
static void describe(const struct json_doc *d, struct buf *out)
{
    const struct json_node *tests = json_get(d, json_root(d), "tests");
    const struct json_node *t = json_first(d, tests);
    for (uint32_t i = 0; i < tests->count; i++, t = json_next(d, t)) {
        const struct json_node *list = json_get(d, t, "failures"), *f = json_first(d, list);
        for (uint32_t k = 0; k < list->count; k++, f = json_next(d, f)) {
            const struct json_node *key = json_get(d, f, "key"), *v = json_get(d, f, "variant");
            buf_z(out, out->len ? " " : "");
            buf_str(out, json_string_or(key, STR("!")));
            if (v->i)
                buf_printf(out, "/%lld", (long long)v->i);
        }
    }
}

static struct policy_test_run run(const struct compiled *c, bool coverage, struct buf *failures,
                                  struct buf *report)
{
    struct policy_test_run r = {.coverage = coverage};
    struct reeve_error err = {0};
    auto_json struct json_text t = {0};
    if (policy_tests_run(c->image, c->tests, &r, report, &err) != 0)
        fail_msg("%s", err.message);
    assert_int_equal(json_text_parse(buf_view(report), &t, &err), 0);
    describe(&t.doc, failures);
    assert_int_equal(r.failed == 0, failures->len == 0);
    return r;
}

/* ---- rows ---- */

#define POLICY                                                                                     \
    HEADER                                                                                         \
    "defaults: {level: controlled, approval: {by: [\"user:ana\", \"group:ops\"], need: 1, "        \
    "within: 60m, covers: once}}\n"                                                                \
    "labels: [seen, told]\n"                                                                       \
    "groups: {ops: [\"user:bo\"]}\n"                                                               \
    "attributes: {broker.flags.freeze: {type: bool, default: false}}\n"                            \
    "capabilities: {\"t.*\": {class: safe, effects: [compute]}}\n"                                 \
    "rules:\n"                                                                                     \
    "- {id: read, effect: allow, subject: [\"a:*\"], capability: [t.read], when: "                 \
    "{args.size: {lt: 5}}, grant: {isolation: process, network: [\"h.example:443\", "              \
    "\"k.example:any\"], limits: {wall: 90s, open_files: 16}}, labels: [told, seen], "             \
    "reason: \"Small\"}\n"                                                                         \
    "- {id: ask, effect: ask, subject: [\"a:*\"], capability: [t.ask], reason: \"Asked\"}\n"       \
    "- {id: cut, effect: require, capability: [t.read], when: {broker.flags.freeze: true}, "       \
    "require: {isolation: vm}, obligations: [{type: tell, properties: {to: [x, z]}}]}\n"           \
    "- {id: keep, effect: require, capability: [t.read], when: {broker.flags.freeze: "             \
    "true}, require: {within: {limits: {wall: 1m}}}, obligations: [{type: log}]}\n"                \
    "- {id: tried, effect: deny, capability: [t.read], when: {args.size: 2}, mode: shadow}\n"      \
    "budgets:\n"                                                                                   \
    "- {id: few, capability: [t.ask], per: subject, when_spent: deny, limits: {calls: "            \
    "{max: 1, window: 1h}}}\n"
#define READ(n) "request: {subject: a:b, capability: t.read, args: {size: " n "}}"
#define FROZEN  ", given: {flags: {freeze: true}}"
#define ASKED   "request: {subject: a:b, capability: t.ask, args: {}}"

static const struct {
    const char *test, *failures;
} rows[] = {
    {READ("1") ", expect: {effect: allow, rule: read, level: controlled, isolation: process}", ""},
    {READ("1") ", expect: {effect: deny, rule: read, isolation: vm}", "effect isolation"},
    {READ("1") ", expect: {rule: ask, level: full}", "rule level"},
    {READ("9") ", expect: {effect: deny, rule: reeve/default}", ""},
    {READ("9") ", expect: {isolation: none}", "isolation"},
    {READ("9") ", expect: {requires: [], labels: [], approvals: [], obligations: []}", ""},

    /* amounts are values, mappings subsets */
    {READ("1") ", expect: {limits: {wall: 90s}}", ""},
    {READ("1") ", expect: {limits: {wall: 90000ms, open_files: 16}}", ""},
    {READ("1") ", expect: {limits: {wall: 1m}}", "limits.wall"},
    {READ("1") ", expect: {limits: {open_files: 17, wall: 90s}}", "limits.open_files"},
    {READ("1") ", expect: {limits: {cpu: 1s}}", "limits.cpu"},

    /* lists are whole, in any order */
    {READ("1") ", expect: {network: [\"k.example:any\", \"h.example:443\"]}", ""},
    {READ("1") ", expect: {network: [\"h.example:443\"]}", "network"},
    {READ("1") ", expect: {network: everything}", "network"},
    {READ("1") ", expect: {network: [\"h.example:443\", \"k.example:443\"]}", "network"},
    {READ("1") ", expect: {labels: [seen, told]}", ""},
    {READ("1") ", expect: {labels: [seen]}", "labels"},
    {READ("1") ", expect: {labels: [seen, seen]}", "labels"},
    {READ("1") ", expect: {labels: []}", "labels"},

    {READ("1") FROZEN ", expect: {isolation: vm, requires: [keep, cut], limits: {wall: 60s}}", ""},
    {READ("1") FROZEN ", expect: {requires: [cut]}", "requires"},
    {READ("1") FROZEN ", expect: {obligations: [{type: log}, {type: tell}]}", ""},
    {READ("1") FROZEN ", expect: {obligations: [{}, {type: tell, properties: {to: [x, z]}}]}", ""},
    {READ("1") FROZEN ", expect: {obligations: [{properties: {to: [x, z]}}, {}]}", ""},
    {READ("1") FROZEN ", expect: {obligations: [{type: log}]}", "obligations"},
    {READ("1") FROZEN ", expect: {obligations: [{type: log}, {properties: {to: [z, x]}}]}",
     "obligations"},

    {ASKED ", expect: {effect: ask, approvals: [{by: [\"group:ops\", user:ana], within: 1h}]}", ""},
    {ASKED ", expect: {approvals: [{need: 1, covers: once}]}", ""},
    {ASKED ", expect: {approvals: [{need: 2}]}", "approvals"},
    {ASKED ", expect: {approvals: [{within: 59m}]}", "approvals"},
    {ASKED ", expect: {approvals: [{by: [user:ana]}]}", "approvals"},
    {ASKED ", expect: {approvals: [{}, {}]}", "approvals"},
    {ASKED ", given: {spent: {few: 1}}, expect: {effect: deny, rule: few}", ""},
    {ASKED ", given: {spent: {few: 0}}, expect: {effect: deny, rule: few}", "effect rule"},

    {READ("2") ", expect: {effect: allow, shadow: {effect: deny, rule: tried}}", ""},
    {READ("2") ", expect: {shadow: {effect: ask}}", "shadow.effect"},
    {READ("1") ", expect: {shadow: {effect: deny}}", "shadow"},

    /* variants replace keys and must give the same */
    {READ("1") ", variants: [{args: {size: 2}}, {subject: a:c}], expect: {rule: read}", ""},
    {READ("1") ", variants: [{args: {size: 2}}, {args: {size: 7}}, {subject: u:c}], expect: {rule: "
               "read}",
     "rule/2 rule/3"},
    {READ("null") ", variants: [{args: {}}, {args: 7}, {args: [1]}], expect: {effect: deny}", ""},
    {READ("1") ", variants: [{args: {size: \"1\"}}], expect: {effect: allow}", "effect/1"},
    {"request: {subject: a:b, capability: t.read, args: {size: 9223372036854775807}}, expect: "
     "{effect: deny}",
     ""},

    /* what cannot be asked fails */
    {"request: {subject: a:b}, expect: {effect: deny}", "!"},
    {"request: {subject: nobody, capability: t.read}, expect: {effect: deny}", "!"},
    {READ("1") ", given: {labels: [none]}, expect: {effect: allow}", "!"},
    {READ("1") ", given: {now: soon}, expect: {effect: allow}", "!"},
    {READ("1") ", variants: [{level: some}], expect: {effect: allow}", "!/1"},
};

static void passes_and_fails(void **state)
{
    (void)state;
    for (size_t i = 0; i < BASE_COUNT(rows); i++) {
        auto_buf struct buf text = {0}, failures = {0}, report = {0};
        buf_printf(&text, "%stests:\n- {name: t, %s}\n", POLICY, rows[i].test);
        struct compiled c = compile(buf_view(&text), "t.yaml");
        (void)run(&c, false, &failures, &report);
        if (!str_is(buf_view(&failures), rows[i].failures))
            fail_msg("%s: fails by \"%s\", expected \"%s\"\n%s", rows[i].test,
                     failures.len ? failures.data : "", rows[i].failures, report.data);
        release(&c);
    }
}

static void is_filtered(void **state)
{
    (void)state;
    auto_buf struct buf report = {0};
    struct policy_test_run r = {.filter = STR("wo")};
    struct compiled c = compile(STR(POLICY "tests:\n- {name: one, " READ(
                                    "1") ", expect: {effect: deny}}\n"
                                         "- {name: two, " READ("1") ", expect: {effect: allow}}\n"),
                                "t.yaml");
    assert_int_equal(policy_tests_run(c.image, c.tests, &r, &report, NULL), 0);
    assert_int_equal(r.passed, 1);
    assert_int_equal(r.failed, 0);
    release(&c);
}

/* ---- tests of included files ---- */

#define ROOT                                                                                       \
    "=== dir/root.yaml\n" HEADER                                                                   \
    "defaults: {level: controlled}\ncapabilities: {\"t.*\": {class: safe}}\n"                      \
    "include: [base.yaml, {file: team.yaml, as: team, may: {subject: [\"a:*\"], capability: "      \
    "[\"t.*\"]}}]\n"                                                                               \
    "labels: [seen]\nrules: [{id: b, effect: deny, capability: [t.b]}]\n"
#define BASE(subject)                                                                              \
    "=== base.yaml\n" HEADER "tests: [{name: base, request: {subject: " subject                    \
    ", capability: t.a}, expect: {effect: deny}}]\n"
#define TEAM(expect)                                                                               \
    "=== team.yaml\n" HEADER "labels: [seen]\n"                                                    \
    "rules: [{id: a, effect: allow, subject: anyone, capability: [t.a], labels: [seen], reason: "  \
    "x}]\n"                                                                                        \
    "budgets: [{id: few, capability: [t.a], per: subject, when_spent: deny, limits: {calls: "      \
    "{max: 9, window: 1h}}}]\n"                                                                    \
    "tests:\n- {name: team, request: {subject: a:b, capability: t.a}, expect: {" expect            \
    "}}\n- {name: spent, request: {subject: a:b, capability: t.a}, given: {spent: {few: 9}, "      \
    "labels: [seen]}, expect: {rule: few}}\n"                                                      \
    "- {name: outer, request: {subject: a:b, capability: t.b}, expect: {rule: b}}\n"

static const struct {
    const char *text, *failures;
} included_rows[] = {
    {ROOT BASE("u:b") TEAM("rule: a, labels: [seen]"), ""},
    {ROOT BASE("u:b") TEAM("rule: team/a, labels: [team/seen]"), ""},
    {ROOT BASE("u:b") TEAM("rule: few"), "rule"},
    {ROOT BASE("a:b") TEAM("rule: a"), "effect"},
};

static void included_files_are_tested(void **state)
{
    (void)state;
    for (size_t i = 0; i < BASE_COUNT(included_rows); i++) {
        auto_buf struct buf failures = {0}, report = {0};
        struct files files;
        files_of(str_of(included_rows[i].text), &files);
        struct compiled c = compile_source(&files.source);
        struct policy_test_run r = run(&c, false, &failures, &report);
        assert_int_equal(r.passed + r.failed, 4);
        assert_non_null(strstr(report.data, "\"file\":\"dir/team.yaml\""));
        assert_string_equal(failures.len ? failures.data : "", included_rows[i].failures);
        release(&c);
    }
}

/* A team's failing test tells nothing of another team's rules. */
static void nothing_is_told_of_others(void **state)
{
    (void)state;
    static const char text[] =
        "=== dir/root.yaml\n" HEADER
        "defaults: {level: controlled}\ninclude: [{file: x.yaml, as: x, may: {subject: [\"a:*\"], "
        "capability: [\"t.*\"]}}, {file: z.yaml, as: z, may: {subject: [\"a:*\"], capability: "
        "[\"t.*\"]}}]\n"
        "=== x.yaml\n" HEADER
        "tests:\n- {name: a, request: {subject: a:b, capability: t.a}, expect: {effect: allow, "
        "rule: reeve/full}}\n- {name: b, request: {subject: a:b, capability: t.b}, expect: "
        "{effect: "
        "allow}}\n- {name: c, request: {subject: a:b, capability: t.c, args: {code: 1}}, expect: "
        "{requires: [], effect: deny}}\n"
        "=== z.yaml\n" HEADER
        "rules: [{id: hidden, effect: deny, capability: [t.a], reason: hidden}, {id: hidden-too, "
        "effect: allow, subject: anyone, capability: [t.b], when: {args.hidden: 1}}, {id: c, "
        "effect: "
        "allow, subject: anyone, capability: [t.c]}, {id: hidden-held, effect: require, "
        "capability: "
        "[t.c], require: {isolation: vm}}]\n";
    auto_buf struct buf failures = {0}, report = {0};
    struct files files;
    files_of(STR(text), &files);
    struct compiled c = compile_source(&files.source);
    struct policy_test_run r = run(&c, false, &failures, &report);
    assert_int_equal(r.failed, 3);
    assert_null(strstr(report.data, "hidden"));
    assert_non_null(strstr(report.data, "\"got\":\"deny\""));
    release(&c);
}

/* ---- coverage ---- */

#define TWO                                                                                        \
    HEADER                                                                                         \
    "defaults: {level: controlled}\ncapabilities: {\"t.*\": {class: safe}}\nrules:\n"              \
    "- {id: a, effect: allow, subject: [\"a:*\"], capability: [t.a], when: {args.size: {any: "     \
    "[{eq: 1}, {eq: 2}]}, args.l: {absent: true, each: {gt: 1}}}, reason: x}\n"                    \
    "- {id: b, effect: deny, capability: [t.b, \"t.*\"], when: {args.m: 1}}\n"
static const struct {
    const char *requests; /* arguments of requests for t.a, separated by | */
    unsigned rules, conditions;
} coverage_rows[] = {
    {"m: 2", 0, 0},
    {"size: 1, m: 2", 50, 0},
    {"size: 1, m: 2|size: 2, m: 2", 50, 50},
    {"size: 1, m: 2|size: 2, m: 2|size: 1, m: 1", 100, 75},
    {"size: 1, m: 2, l: [2]|size: 2, m: 2, l: [0]|size: 1, m: 1", 100, 100},
};

static void covers(void **state)
{
    (void)state;
    for (size_t i = 0; i < BASE_COUNT(coverage_rows); i++) {
        auto_buf struct buf text = {0}, failures = {0}, report = {0};
        const char *at = coverage_rows[i].requests;
        buf_z(&text, TWO "tests:\n");
        while (*at) {
            size_t n = strcspn(at, "|");
            buf_printf(&text,
                       "- {name: t, request: {subject: a:b, capability: t.a, args: {%.*s}}, "
                       "expect: {level: controlled}}\n",
                       (int)n, at);
            at += n + (at[n] == '|');
        }
        struct compiled c = compile(buf_view(&text), "t.yaml");
        struct policy_test_run r = run(&c, true, &failures, &report);
        if (r.rules_percent != coverage_rows[i].rules ||
            r.conditions_percent != coverage_rows[i].conditions)
            fail_msg("%s: %u%% of rules, %u%% of conditions; expected %u and %u\n%s",
                     coverage_rows[i].requests, r.rules_percent, r.conditions_percent,
                     coverage_rows[i].rules, coverage_rows[i].conditions, report.data);
        release(&c);
    }
}

/* ---- the shipped examples ---- */

/* Words for which another one can stand; other texts get a letter more. */
static const char *const words[][2] = {
    {"allow", "ask"},  {"ask", "deny"},        {"deny", "allow"},   {"none", "vm"},
    {"vm", "sandbox"}, {"sandbox", "process"}, {"process", "none"}, {"pure", "full"},
    {"full", "pure"},  {"controlled", "pure"}, {"once", "session"}, {"session", "once"},
};

/* One change of an expectation: of the value `at`, or of a list's length. */
struct mutation {
    const struct json_doc *doc;
    const struct json_node *at;
    bool shorter;
};

static void put_changed(const struct json_node *n, struct buf *out)
{
    auto_buf struct buf text = {0};
    if (n->type == JSON_INT) {
        buf_printf(out, "%lld", (long long)n->i + 1);
        return;
    }
    for (size_t i = 0; i < BASE_COUNT(words); i++)
        if (str_is(n->s, words[i][0])) {
            json_put_string(out, str_of(words[i][1]));
            return;
        }
    buf_str(&text, n->s);
    buf_byte(&text, 'x');
    json_put_string(out, buf_view(&text));
}

static void put_mutated(const struct mutation *m, const struct json_node *n, struct buf *out)
{
    bool object = n->type == JSON_OBJECT, list = n->type == JSON_ARRAY;
    if (!object && !list) {
        if (n == m->at)
            put_changed(n, out);
        else
            json_exact(m->doc, n, out);
        return;
    }
    uint32_t count = n->count - (n == m->at && m->shorter);
    const struct json_node *c = json_first(m->doc, n);
    buf_byte(out, object ? '{' : '[');
    for (uint32_t i = 0; i < count; i++, c = json_next(m->doc, c)) {
        buf_z(out, i ? "," : "");
        if (object) {
            json_put_string(out, c->s);
            buf_byte(out, ':');
            c = json_next(m->doc, c);
        }
        put_mutated(m, c, out);
    }
    if (n == m->at && !m->shorter)
        buf_z(out, count ? ",\"more\"" : "\"more\"");
    buf_byte(out, object ? '}' : ']');
}

/* Run one test with a changed expectation: it must fail, and be named. */
static void must_fail(const struct compiled *c, const struct policy_test *t,
                      const struct mutation *m)
{
    auto_buf struct buf expect = {0}, failures = {0}, report = {0};
    struct policy_test changed = *t;
    struct policy_tests one = {.v = &changed, .n = 1};
    struct compiled with = {c->image, &one};
    put_mutated(m, json_root(m->doc), &expect);
    changed.expect = buf_view(&expect);
    struct policy_test_run r = run(&with, false, &failures, &report);
    if (r.failed != 1 || !memmem(report.data, report.len, t->name.p, t->name.n))
        fail_msg("%.*s: passes although it expects %s", (int)t->name.n, t->name.p, expect.data);
}

/* Change each value of an expectation, one after the other; how many there were. */
static unsigned mutate(const struct compiled *c, const struct policy_test *t,
                       const struct json_doc *doc, const struct json_node *n)
{
    bool object = n->type == JSON_OBJECT, list = n->type == JSON_ARRAY;
    struct mutation m = {doc, n, false};
    unsigned done = 0;
    if (!object) {
        must_fail(c, t, &m);
        done++;
    }
    if (list && n->count) {
        m.shorter = true;
        must_fail(c, t, &m);
        done++;
    }
    const struct json_node *v = json_first(doc, n);
    for (uint32_t i = 0; (object || list) && i < n->count; i++, v = json_next(doc, v)) {
        v = object ? json_next(doc, v) : v;
        done += mutate(c, t, doc, v);
    }
    return done;
}

static unsigned mutate_test(const struct compiled *c, const struct policy_test *t)
{
    auto_json struct json_text expect = {0};
    struct reeve_error err = {0};
    assert_int_equal(json_text_parse(t->expect, &expect, &err), 0);
    return mutate(c, t, &expect.doc, json_root(&expect.doc));
}

/* Tests that each example holds at least; teams' files have none of their own. */
static const struct {
    const char *file;
    unsigned tests;
} examples[] = {
    {"tour.yaml", 5},
    {"01-ccos-presets.yaml", 8},
    {"03-authzen-todo.yaml", 7},
    {"06-coding-agent.yaml", 8},
    {"15-org.yaml", 11},
    {"15-org-base.yaml", 3},
    {"13-data-labels.yaml", 8},
    {"18-edges-missing-types.yaml", 8},
};

static void examples_hold_and_can_fail(void **state)
{
    (void)state;
    for (size_t i = 0; i < BASE_COUNT(examples); i++) {
        char path[512];
        auto_buf struct buf text = {0}, failures = {0}, report = {0};
        struct reeve_error err = {0};
        unsigned mutants = 0;
        (void)snprintf(path, sizeof path, TEST_SOURCE_DIR "/rules/examples/%s", examples[i].file);
        if (fd_slurp(-100, path, 1 << 20, &text, &err) != 0)
            fail_msg("%s", err.message);
        auto_close int folder = -1;
        assert_int_equal(policy_folder_open(path, &folder, &err), 0);
        struct policy_source source = {buf_view(&text), path, policy_folder_read, &folder, NULL};
        struct compiled c = compile_source(&source);
        struct policy_test_run r = run(&c, false, &failures, &report);
        if (r.failed || r.passed != examples[i].tests)
            fail_msg("%s: %u passed, %u failed\n%s", examples[i].file, r.passed, r.failed,
                     report.data);
        for (uint32_t k = 0; k < c.tests->n; k++)
            mutants += mutate_test(&c, &c.tests->v[k]);
        assert_true(mutants >= 2 * examples[i].tests - 1);
        release(&c);
    }
}

/* ---- decisions ---- */

static const char *const questions[][2] = {
    {"{\"subject\":\"a:b\",\"capability\":\"t.read\",\"args\":{\"size\":2}}",
     "{\"flags\":{\"freeze\":true}}"},
    {"{\"subject\":\"a:b\",\"capability\":\"t.read\",\"args\":{\"size\":8}}", ""},
    {"{\"subject\":\"a:b\",\"capability\":\"t.ask\"}", "{\"chain\":[\"a:p\",\"u:q\"]}"},
    {"{\"subject\":\"a:b\",\"capability\":\"t.ask\"}",
     "{\"chain\":[\"a:p\"],\"spent\":{\"few\":1}}"},
    {"{\"subject\":\"a:b\",\"capability\":\"t.ask\",\"level\":\"pure\"}", ""},
    {"{\"subject\":\"a:b\",\"capability\":\"none\",\"ceiling\":{\"level\":\"pure\"}}", ""},
};

static void json_is_canonical(void **state)
{
    (void)state;
    struct policy_image *image = must_compile(POLICY);
    for (size_t i = 0; i < BASE_COUNT(questions); i++) {
        auto_question struct policy_question q;
        auto_buf struct buf out = {0}, again = {0};
        struct reeve_error err = {0};
        if (policy_question_ask(image, str_of(questions[i][0]), str_of(questions[i][1]), 1, &q,
                                &err) != 0 ||
            policy_decision_json(&q, POLICY_JSON_EXPLAIN, &out, &err) != 0 ||
            json_canonicalise(buf_view(&out), &again, &err) != 0)
            fail_msg("%s: %s", questions[i][0], err.message);
        assert_string_equal(out.data, again.data);
    }
    policy_image_unref(&image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(passes_and_fails),
        cmocka_unit_test(is_filtered),
        cmocka_unit_test(covers),
        cmocka_unit_test(included_files_are_tested),
        cmocka_unit_test(nothing_is_told_of_others),
        cmocka_unit_test(examples_hold_and_can_fail),
        cmocka_unit_test(json_is_canonical),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
