/* The mock provider: what it answers, when, and that it holds no more than it says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/json.h"
#include "core/plan.h"
#include "providers/mock/mock.h"

struct told {
    int calls;
    char how[16], limit[16], value[4096];
    bool not_started;
};

static void copy(char *to, size_t n, const char *from)
{
    to[0] = '\0';
    if (from)
        (void)strncat(to, from, n - 1);
}

static void on_finished(void *self, struct reeve_run *run, const struct reeve_outcome *out)
{
    struct told *t = self;
    (void)run;
    t->calls++;
    t->not_started = out->not_started;
    copy(t->how, sizeof t->how, out->how);
    copy(t->limit, sizeof t->limit, out->limit);
    copy(t->value, sizeof t->value, out->value);
}

struct bench {
    struct told told;
    struct reeve_provider_host host;
    struct mock_provider *mock;
    const struct reeve_provider *ops;
};

static int open_bench(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    *state = b;
    if (!b || mock_provider_new(&b->mock) != 0)
        return -1;
    b->host = (struct reeve_provider_host){
        .size = sizeof b->host, .self = &b->told, .finished = on_finished};
    b->ops = mock_provider_ops(b->mock);
    return b->ops->initialize(b->ops->self, &b->host, "{}", NULL);
}

static int close_bench(void **state)
{
    struct bench *b = *state;
    b->ops->cleanup(b->ops->self);
    mock_provider_free(&b->mock);
    free(b);
    return 0;
}

static struct reeve_run *as_run(uintptr_t i)
{
    return (struct reeve_run *)i; /* never looked into */
}

static const struct reeve_job capability_job = {
    .size = sizeof capability_job, .capability = "ccos.math.add", .args = "{\"a\":1}"};
static const struct reeve_warrant warrant = {.size = sizeof warrant};

static void answers_a_capability(void **state)
{
    struct bench *b = *state;
    assert_int_equal(b->ops->prepare(b->ops->self, as_run(1), &capability_job, NULL), 0);
    assert_int_equal(b->told.calls, 0);
    assert_int_equal(b->ops->release(b->ops->self, as_run(1), &warrant, NULL), 0);
    assert_int_equal(b->told.calls, 1);
    assert_string_equal(b->told.how, "ok");
    assert_true(b->told.not_started);
    assert_string_equal(b->told.value,
                        "{\"mock\":true,\"capability\":\"ccos.math.add\",\"args\":{\"a\":1}}");
    assert_int_equal(b->ops->release(b->ops->self, as_run(1), &warrant, NULL), REEVE_EINVAL);
}

static void describes_a_plan(void **state)
{
    struct bench *b = *state;
    auto_buf struct buf plan;
    struct json_text t;
    const struct str argv[] = {STR("/bin/tool"), STR("--help")};
    struct plan_parts parts = {.program = STR("/bin/tool"),
                               .cwd = STR("/"),
                               .hostname = STR("h"),
                               .profile = STR("default"),
                               .argv = argv,
                               .nargv = 2};
    static const enum core_limit carried[] = {CORE_LIMIT_WALL, CORE_LIMIT_OPEN_FILES,
                                              CORE_LIMIT_FILE_SIZE, CORE_LIMIT_OUTPUT};
    for (size_t i = 0; i < BASE_COUNT(carried); i++) {
        parts.limits.set |= 1u << carried[i];
        parts.limits.value[carried[i]] = CORE_UNLIMITED;
    }
    buf_init(&plan, 0);
    assert_int_equal(plan_build(&parts, &plan, NULL), 0);
    const struct reeve_job job = {.size = sizeof job,
                                  .capability = "program.external",
                                  .args = "{}",
                                  .plan = plan.data,
                                  .plan_len = plan.len};
    assert_int_equal(b->ops->prepare(b->ops->self, as_run(1), &job, NULL), 0);
    assert_int_equal(b->ops->release(b->ops->self, as_run(1), &warrant, NULL), 0);
    assert_int_equal(json_text_parse(str_of(b->told.value), &t, NULL), 0);
    const struct json_node *shown = json_get(&t.doc, json_root(&t.doc), "plan");
    assert_non_null(shown);
    const struct json_node *args = json_get(&t.doc, shown, "argv");
    assert_non_null(args);
    assert_int_equal(args->count, 2);
    assert_true(str_is(json_string_or(json_first(&t.doc, args), STR("")), "/bin/tool"));
    json_text_free(&t);

    plan.data[0] ^= 1;
    assert_int_equal(b->ops->prepare(b->ops->self, as_run(1), &job, NULL), REEVE_EINVAL);
}

static void cancels(void **state)
{
    struct bench *b = *state;
    static const struct {
        const char *limit, *how;
    } rows[] = {{NULL, "killed"}, {"output", "limit"}};
    for (size_t i = 0; i < BASE_COUNT(rows); i++) {
        assert_int_equal(b->ops->prepare(b->ops->self, as_run(1), &capability_job, NULL), 0);
        b->ops->cancel(b->ops->self, as_run(1), rows[i].limit);
        b->ops->cancel(b->ops->self, as_run(1), rows[i].limit);
        assert_int_equal(b->told.calls, i + 1);
        assert_string_equal(b->told.how, rows[i].how);
        assert_string_equal(b->told.value, "");
    }
}

static void is_bounded(void **state)
{
    struct bench *b = *state;
    uintptr_t n = 1;
    while (n < 10000 && b->ops->prepare(b->ops->self, as_run(n), &capability_job, NULL) == 0)
        n++;
    assert_int_equal(n, 257);
    assert_int_equal(b->ops->prepare(b->ops->self, as_run(n), &capability_job, NULL), REEVE_EBUSY);
}

static void says_what_it_is(void **state)
{
    struct bench *b = *state;
    char why[256];
    struct json_text t;
    assert_string_equal(b->ops->name, "mock");
    assert_int_equal(b->ops->rank, REEVE_RANK_NONE);
    assert_string_equal(b->ops->enforced_by, "in-process");
    assert_true(b->ops->is_available(b->ops->self, why));
    assert_int_equal(json_text_parse(str_of(b->ops->get_config_schema(b->ops->self)), &t, NULL), 0);
    json_text_free(&t);
    assert_int_equal(b->ops->initialize(b->ops->self, &b->host, "{\"a\":1}", NULL), REEVE_EINVAL);
    assert_int_equal(b->ops->initialize(b->ops->self, &b->host, "[]", NULL), REEVE_EINVAL);
}

#define ROW(f) cmocka_unit_test_setup_teardown(f, open_bench, close_bench)
int main(void)
{
    const struct CMUnitTest tests[] = {ROW(answers_a_capability), ROW(describes_a_plan),
                                       ROW(cancels), ROW(is_bounded), ROW(says_what_it_is)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
