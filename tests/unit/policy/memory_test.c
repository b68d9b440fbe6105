/*
 * Memory runs out at every allocation in turn: compile and lint answer REEVE_ENOMEM, give no image
 * and lose nothing (the sanitizers look for leaks). Allocations inside libyaml are its own and are
 * not made to fail here.
 */
#include <pthread.h>

#include "policy/decision_json.h"
#include "policy/test.h"
#include "support.h"

#define TEXT                                                                                       \
    HEADER                                                                                         \
    "name: lab\ndefaults: {level: controlled, limits: {wall: 3s}, approval: {by: "                 \
    "[\"u:d\"], need: 1, within: 5m, covers: once}}\n"                                             \
    "labels: [seen]\nbudgets: [{id: z, per: all, when_spent: ask, limits: {calls: {max: 9, "       \
    "window: 1h}}}]\n"                                                                             \
    "capabilities: {\"a.*\": {class: safe, effects: [money], mask: [args.p]}}\naudit: {mask: "     \
    "[args.q.r]}\n"                                                                                \
    "groups: {g: [\"u:a\", \"u:*b\", \"group:h\"], h: [\"u:c\"]}\n"                                \
    "subjects: [{match: \"group:g\", level: full}, {match: \"u:a\", level: pure}]\n"               \
    "grants: {base: {isolation: vm}, files: {use: base, filesystem: {read: "                       \
    "[\"${args.p}\", /usr]}}}\n"                                                                   \
    "rules:\n"                                                                                     \
    "  - {id: b, effect: allow, subject: [\"group:g\", \"u:x\"], capability: [a.b, "               \
    "\"a.*\"], grant: files,\n"                                                                    \
    "     when: {args.a: [1, 2], any: [{args.b: {eq: [x, [1]]}}, {not: {args.p: {under: "          \
    "/a}}}]}}\n"                                                                                   \
    "  - {id: a, effect: deny, capability: [\"a.get_*\"], reason: because}\n"                      \
    "  - {id: c, effect: ask, subject: anyone, effects: [money], resource: [\"d:*\"], grant: "     \
    "{network: [\"h:1\", \"${args.u}\"], filesystem: {write: [\"/home/${subject.id}\"]}, "         \
    "environment: [A, B=1], secrets: [s], provider: [p]}}\n"                                       \
    "  - {id: d, effect: require, labels: [seen], require: {isolation: vm, within: "               \
    "{filesystem: {write: [/a], hide: [\"/a/**\"]}}}, obligations: [{type: t, properties: "        \
    "{x: [1, w]}}], mode: shadow, replaces: c}\n"

#define CONDITIONS                                                                                 \
    HEADER                                                                                         \
    "defaults: {level: full}\nlabels: [x]\n"                                                       \
    "vars: {v: {type: [string], default: [x, z]}, p: {type: path, default: /a}}\n"                 \
    "attributes: {subject.t: {type: string, from: entities}, context.c: {type: [int], "            \
    "default: [1]}, broker.flags.f: {type: bool}}\n"                                               \
    "entities: {\"u:b\": {t: x, m: {k: [1]}}}\n"                                                   \
    "conditions: {c: {args.l: {each: {any: [{size: 1}, {like: \"a*\"}]}}}}\n"                      \
    "groups: {g: [\"u:b\"]}\n"                                                                     \
    "rules:\n"                                                                                     \
    "  - {id: a, effect: deny, when: {use: c, subject.t: {attr: args.b}, subject: {is: "           \
    "\"group:g\"}, args.l: {argv: [[\"${v}\"], {rest: any}], contains: x}, context.c: {some: "     \
    "1}, subject.m.k: {contains: 1}, broker.labels: {each: x}, args.p: {under: \"${p}\"}, "        \
    "args.u: {url: {host: "                                                                        \
    "h.example, path: \"/v/*\"}}, args.h: {host: \"*.example\", not: {cidr: 10.0.0.0/8}}, "        \
    "args.r: {matches: \"[a-z]+\"}, broker.now: {time: {hours: \"00:00-24:00\", zone: "            \
    "UTC}}}}\n"

/* Several files: what one of them denies must not go with it. */
#define FILES                                                                                      \
    "=== root.yaml\n" HEADER                                                                       \
    "defaults: {level: full}\nlabels: [x]\ninclude: [sub/deny.yaml, {file: team.yaml, as: t, "     \
    "may: {subject: [\"u:a\"], capability: [\"a.*\"]}}]\nrules:\n  - {id: open, effect: allow, "   \
    "subject: anyone, capability: [a.b]}\n"                                                        \
    "=== sub/deny.yaml\n" HEADER "labels: [x]\nrules:\n  - {id: shut, effect: deny, capability: "  \
    "[a.b]}\n"                                                                                     \
    "=== team.yaml\n" HEADER "rules:\n  - {id: mine, effect: allow, subject: [\"u:a\"], "          \
    "capability: [a.b]}\n"

#define TESTS                                                                                      \
    TEXT "tests:\n"                                                                                \
         "  - {name: one, request: {subject: \"u:a\", capability: a.b, args: {p: /x, q: null}}, "  \
         "given: {labels: [seen], chain: [\"u:b\"]}, variants: [{args: {p: [1]}}], expect: "       \
         "{effect: ask, limits: {wall: 1m}, approvals: [{by: [\"u:d\"], within: 1h}], requires: "  \
         "[d], obligations: [{type: t}], labels: [], network: [\"h:1\"], shadow: {rule: b}}}\n"
/* What lint has to say much of, with anchors and comments that allow some of it. */
#define SMELLS                                                                                     \
    HEADER                                                                                         \
    "name: ticket #12\ngroups: {g: &g [\"u:\xd0\xb0na\", \"u:jose\xcc\x81\"], h: *g}\n"            \
    "rules:\n  # reeve: allow P052,P063 known\n"                                                   \
    "  - {id: a, effect: allow, subject: [\"u:a\", \"u:a\"], capability: [ccos.ecoh], when: &w "   \
    "{args.value: {eq: 1, lt: 1, in: [1.10]}, args.p: {under: /a, eq: /b/../c}}, grant: "          \
    "{network: [\"*:any\"]}}\n"                                                                    \
    "  - {id: b, effect: deny, subject: [\"u:*\"]}\n"                                              \
    "  - {id: c, effect: allow, subject: [\"u:a\"], capability: [ccos.ecoh, \"ccos.*\"], when: "   \
    "{not: *w}, grant: {network: [\"h.example:1\"]}} # reeve: allow no-reasno a\n"                 \
    "  - {id: d, effect: allow, subject: [\"u:a\"], capability: [ccos.ecoh], reason: "             \
    "AKIAIOSFODNN7EXAMPLE}\n"

/* How many more allocations succeed; negative: all do. Then none does, or only one fails: what
 * swallows that goes on with less than it was given. */
static long left = -1;
static bool one_fails, has_failed;

static bool runs_out(void)
{
    if (left < 0 || (has_failed && one_fails))
        return false;
    has_failed = left == 0;
    left -= left > 0;
    return has_failed;
}

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t each);
void *__real_realloc(void *p, size_t n);
void *__real_aligned_alloc(size_t alignment, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t each);
void *__wrap_realloc(void *p, size_t n);
void *__wrap_aligned_alloc(size_t alignment, size_t n);

void *__wrap_malloc(size_t n)
{
    return runs_out() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t each)
{
    return runs_out() ? NULL : __real_calloc(n, each);
}

void *__wrap_realloc(void *p, size_t n)
{
    return runs_out() ? NULL : __real_realloc(p, n);
}

void *__wrap_aligned_alloc(size_t alignment, size_t n)
{
    return runs_out() ? NULL : __real_aligned_alloc(alignment, n);
}

/* The arena asks for memory in large pieces: each of its own answers is made to fail as well. */
void *__real_arena_alloc(struct arena *a, size_t n);
void *__real_arena_array(struct arena *a, size_t count, size_t each);
struct str __real_arena_str(struct arena *a, struct str s);
void *__wrap_arena_alloc(struct arena *a, size_t n);
void *__wrap_arena_array(struct arena *a, size_t count, size_t each);
struct str __wrap_arena_str(struct arena *a, struct str s);

void *__wrap_arena_alloc(struct arena *a, size_t n)
{
    return runs_out() ? NULL : __real_arena_alloc(a, n);
}

void *__wrap_arena_array(struct arena *a, size_t count, size_t each)
{
    return runs_out() ? NULL : __real_arena_array(a, count, each);
}

struct str __wrap_arena_str(struct arena *a, struct str s)
{
    return runs_out() ? (struct str){NULL, 0} : __real_arena_str(a, s);
}

static struct str text = {TEXT, sizeof TEXT - 1};

static int compile_once(struct reeve_error *err)
{
    struct policy_image *image = NULL;
    int rc = compile_text(text, "t.yaml", NULL, NULL, &image, err);
    assert_int_equal(image != NULL, rc == 0);
    policy_image_unref(&image);
    return rc;
}

/* The image as bytes, made with all the memory that it takes. */
static void must_save(const struct policy_image *image, struct buf *out)
{
    long before = left;
    left = -1;
    assert_int_equal(policy_image_save(image, out, NULL), 0);
    left = before;
}

/* Whatever ran out, an image that is there is the whole one. */
static int compile_files_once(struct reeve_error *err)
{
    static struct buf whole; /* of the first call; never freed */
    auto_buf struct buf bytes = {0};
    struct policy_image *image = NULL;
    struct files files;
    files_of(STR(FILES), &files);
    int rc = policy_compile_source(&files.source, NULL, NULL, &image, err);
    assert_int_equal(image != NULL, rc == 0);
    if (!image)
        return rc;
    must_save(image, &bytes);
    if (!whole.len)
        must_save(image, &whole);
    assert_true(str_eq(buf_view(&whole), buf_view(&bytes)));
    policy_image_unref(&image);
    return 0;
}

static int lint_once(struct reeve_error *err)
{
    return lint_text(text, "t.yaml", NULL, NULL, err);
}

static void sweep_from(int (*once)(struct reeve_error *err))
{
    long n = 0;
    for (;; n++) {
        struct reeve_error err = {0};
        left = n;
        has_failed = false;
        int rc = once(&err);
        left = -1;
        if (rc == 0 && !has_failed)
            break;
        if (rc == 0)
            continue; /* the last one that was there was enough, or what was lost did no harm */
        if (rc == REEVE_EPOLICY && one_fails)
            continue; /* refused, if for what came of it */
        if (rc != REEVE_ENOMEM)
            print_error("%s\n", err.message);
        assert_int_equal(rc, REEVE_ENOMEM);
        assert_int_equal(err.code, REEVE_ENOMEM);
        assert_true(err.message[0] != '\0');
    }
    assert_true(n > 10);
}

/* Fail the first allocation, the second, ... until so many succeed that the whole does. */
static void sweep(int (*once)(struct reeve_error *err))
{
    for (int i = 0; i < 2; i++) {
        one_fails = i == 1;
        sweep_from(once);
    }
    one_fails = false;
}

static void compile_sweep(void **state)
{
    (void)state;
    sweep(compile_once);
    text = STR(CONDITIONS);
    sweep(compile_once);
    text = STR(TEXT);
    assert_int_equal(compile_files_once(NULL), 0); /* with all the memory, first */
    sweep(compile_files_once);
}

static void lint_sweep(void **state)
{
    (void)state;
    sweep(lint_once);
    text = STR(CONDITIONS);
    sweep(lint_once);
    text = STR(SMELLS);
    sweep(lint_once);
    text = STR(TEXT);
}

static struct policy_image *asked_image;

static int read_once(struct reeve_error *err)
{
    static const char request[] =
        "{\"subject\":{\"type\":\"u\",\"id\":\"b\",\"properties\":{\"x\":1}},\"capability\":"
        "\"program.external\",\"args\":[\"/usr/bin/x\",[\"a\"]],\"resource\":\"d:1\",\"ceiling\":"
        "{\"capabilities\":[\"a.*\"],\"denied_effects\":[\"money\"]}}";
    static const char given[] =
        "{\"labels\":[\"seen\"],\"spent\":{\"z\":1},\"chain\":[{\"subject\":\"u:p\",\"properties\":"
        "{\"x\":1},\"ceiling\":{\"capabilities\":[\"b\"]}}],\"program\":{\"path\":\"/usr/bin/y\"}}";
    auto_json struct json_text asked_text = {0}, given_text = {0};
    struct arena arena auto_arena;
    struct policy_asked asked;
    struct reeve_inputs_view in;
    arena_init(&arena, 0);
    int rc = json_text_parse(STR(request), &asked_text, err);
    if (!rc)
        rc = json_text_parse(STR(given), &given_text, err);
    if (!rc)
        rc = policy_request_read(asked_image, &asked_text, &arena, &asked, err);
    return rc ? rc
              : policy_inputs_read(asked_image, &given_text.doc, json_root(&given_text.doc), &asked,
                                   &arena, &in, err);
}

static void read_sweep(void **state)
{
    (void)state;
    asked_image = must_compile(TEXT);
    sweep(read_once);
    policy_image_unref(&asked_image);
}

/* A policy's tests are read and run, and fail. */
static int test_once(struct reeve_error *err)
{
    struct policy_image *image = NULL;
    struct policy_tests *tests = NULL;
    struct policy_test_run run = {.coverage = true};
    auto_buf struct buf report = {0};
    struct policy_source source = {.text = STR(TESTS), .file = "t.yaml"};
    int rc = policy_compile_tests(&source, NULL, NULL, &image, &tests, err);
    assert_true((tests != NULL) == (rc == 0));
    if (!rc)
        rc = policy_tests_run(image, tests, &run, &report, err);
    if (!rc)
        assert_int_equal(run.failed, 1);
    policy_tests_free(&tests);
    policy_image_unref(&image);
    return rc;
}

static int explain_once(struct reeve_error *err)
{
    auto_question struct policy_question q;
    auto_buf struct buf out = {0};
    int rc = policy_question_ask(
        asked_image, STR("{\"subject\":\"u:a\",\"capability\":\"a.b\",\"args\":{\"p\":[1]}}"),
        STR("{\"chain\":[\"u:b\"]}"), 1, &q, err);
    return rc ? rc : policy_decision_json(&q, POLICY_JSON_EXPLAIN, &out, err);
}

static void test_sweep(void **state)
{
    (void)state;
    sweep(test_once);
    asked_image = must_compile(TEXT);
    sweep(explain_once);
    policy_image_unref(&asked_image);
}

/* The decision itself allocates nothing: it is made with no memory at all. */
static void decide_without_memory(void **state)
{
    (void)state;
    struct policy_image *image = must_compile(TEXT);
    struct question q = {"u:b", "a.b", "{\"a\":1,\"b\":[\"x\",[1]],\"p\":\"/a/../b\"}", NULL};
    struct json_text args;
    struct policy_request req = ask(&q, &args);
    const struct policy_ceiling ceiling = {.level = CORE_LEVEL_CONTROLLED, .any_capability = true};
    struct reeve_inputs_view inputs = {.ceilings = &ceiling, .nceilings = 1, .spent_all = true};
    struct policy_decision d;
    left = 0;
    int rc = policy_decide(image, &req, &inputs, &d);
    left = -1;
    json_text_free(&args);
    assert_int_equal(rc, 0);
    assert_int_equal(d.effect, CORE_EFFECT_ALLOW);
    policy_image_unref(&image);
}

/* Nor do conditions, once the thread has what regular expressions are matched with. */
static void judge_without_memory(void **state)
{
    (void)state;
    struct policy_image *image = must_compile(CONDITIONS);
    struct question q = {
        "u:b", "a.b",
        "{\"l\":[\"x\",\"a\"],\"b\":\"x\",\"p\":\"/a/../a/b\",\"u\":\"https://H.example/v/%2e/"
        "x\",\"h\":\"a.example\",\"r\":\"abc\"}",
        NULL};
    struct json_text args;
    struct policy_request req = ask(&q, &args);
    struct reeve_inputs_view inputs = {.known = ~0u};
    struct policy_decision d;
    assert_int_equal(policy_decide(image, &req, &inputs, &d), 0);
    left = 0;
    int rc = policy_decide(image, &req, &inputs, &d);
    left = -1;
    json_text_free(&args);
    assert_int_equal(rc, 0);
    assert_int_equal(d.effect, CORE_EFFECT_DENY);
    policy_image_unref(&image);
}

/* A thread's first regular expression makes what it is matched with. Where there is no memory for
 * it, nobody knows: the allow does not match, and the deny holds. */
struct in_thread {
    const struct policy_image *image;
    struct policy_request req;
    struct policy_decision allow[3], deny[2]; /* without memory, with it, without it again */
    int rc;
};

static void *decide_in_thread(void *arg)
{
    struct in_thread *t = arg;
    struct reeve_inputs_view inputs = {0};
    for (unsigned i = 0; i < 3; i++) {
        left = i == 1 ? -1 : 0;
        if (i < 2) {
            t->req.capability = STR("a.c");
            t->rc |= policy_decide(t->image, &t->req, &inputs, &t->deny[i]);
        }
        t->req.capability = STR("a.b");
        t->rc |= policy_decide(t->image, &t->req, &inputs, &t->allow[i]);
    }
    left = -1;
    return NULL;
}

static void a_thread_without_memory_matches_nothing(void **state)
{
    (void)state;
    struct policy_image *image = must_compile(
        HEADER "defaults: {level: controlled}\nrules:\n  - {id: a, effect: allow, subject: anyone, "
               "capability: [a.b], when: {args.r: {matches: \"[a-z]+\"}}}\n  - {id: b, effect: "
               "allow, subject: anyone, capability: [a.c]}\n  - {id: c, effect: deny, capability: "
               "[a.c], when: {args.r: {matches: \"[0-9]+\"}}}\n");
    struct question q = {"u:b", "a.b", "{\"r\":\"abc\"}", NULL};
    struct json_text args;
    struct in_thread t = {.image = image, .req = ask(&q, &args)};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, decide_in_thread, &t), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(t.rc, 0);
    assert_int_equal(t.allow[0].rule, POLICY_RULE_DEFAULT);
    assert_int_equal(t.allow[1].effect, CORE_EFFECT_ALLOW);
    assert_int_equal(t.allow[2].effect, CORE_EFFECT_ALLOW);
    assert_int_equal(t.deny[0].rule, 2);
    assert_int_equal(t.deny[1].effect, CORE_EFFECT_ALLOW);
    json_text_free(&args);
    policy_image_unref(&image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(compile_sweep),
        cmocka_unit_test(lint_sweep),
        cmocka_unit_test(read_sweep),
        cmocka_unit_test(test_sweep),
        cmocka_unit_test(decide_without_memory),
        cmocka_unit_test(judge_without_memory),
        cmocka_unit_test(a_thread_without_memory_matches_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
