/*
 * A third party's provider, registered with an owner in this process: whatever it says of itself
 * and of its runs, records hold known words, well-formed values, and one end for each release.
 */
#include "support.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "reeve/provider.h"

struct mine {
    struct reeve_provider ops;
    const struct reeve_provider_host *host;
    struct reeve_outcome says;
    pthread_t thread; /* that initialized it */
    bool elsewhere;   /* something was called by another one */
};

static bool is_available(void *self, char why[256])
{
    (void)self;
    (void)why;
    return true;
}

static int initialize(void *self, const struct reeve_provider_host *host, const char *config,
                      struct reeve_error *err)
{
    struct mine *m = self;
    (void)config;
    (void)err;
    m->host = host;
    m->thread = pthread_self();
    return 0;
}

static int prepare(void *self, struct reeve_run *run, const struct reeve_job *job,
                   struct reeve_error *err)
{
    struct mine *m = self;
    (void)run;
    (void)job;
    (void)err;
    m->elsewhere |= !pthread_equal(m->thread, pthread_self());
    return 0;
}

static int release(void *self, struct reeve_run *run, const struct reeve_warrant *warrant,
                   struct reeve_error *err)
{
    struct mine *m = self;
    (void)warrant;
    (void)err;
    m->elsewhere |= !pthread_equal(m->thread, pthread_self());
    m->host->finished(m->host->self, run, &m->says);
    return 0;
}

static void cancel(void *self, struct reeve_run *run, const char *limit)
{
    struct mine *m = self;
    (void)limit;
    m->host->finished(m->host->self, run, &m->says);
}

static void cleanup(void *self)
{
    (void)self;
}

static const char *schema(void *self)
{
    (void)self;
    return "{}";
}

static struct mine make(const char *enforced_by)
{
    return (struct mine){.ops = {.size = sizeof(struct reeve_provider),
                                 .name = "mine",
                                 .rank = REEVE_RANK_PROCESS,
                                 .features = REEVE_FEATURE_PROGRAM,
                                 .cost = 1,
                                 .enforced_by = enforced_by,
                                 .is_available = is_available,
                                 .initialize = initialize,
                                 .prepare = prepare,
                                 .release = release,
                                 .cancel = cancel,
                                 .cleanup = cleanup,
                                 .get_config_schema = schema}};
}

static void what_it_may_be(void **state)
{
    (void)state;
    static const struct {
        const char *name, *enforced_by;
        int rc;
    } rows[] = {
        {"mine", "launcher", REEVE_EINVAL},
        {"mine", "a hypervisor", REEVE_EINVAL},
        {"mine", NULL, REEVE_EINVAL},
        {"", "in-process", REEVE_EINVAL},
        {"a\nb", "in-process", REEVE_EINVAL},
        {"process", "in-process", REEVE_EINVAL},
        {"mine", "in-process", 0},
        {"mine", "in-process", REEVE_EINVAL},
    };
    static struct mine m[sizeof rows / sizeof rows[0]];
    char *dir = support_state();
    struct reeve *r = support_open(dir, REEVE_OPEN_OWNER);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct reeve_error err = {0};
        m[i] = make(rows[i].enforced_by);
        m[i].ops.name = rows[i].name;
        m[i].ops.self = &m[i];
        int rc = reeve_provider_register(r, &m[i].ops, &err);
        if (rc != rows[i].rc)
            fail_msg("row %zu: %d %s", i, rc, err.message);
    }
    reeve_close(&r);
    support_remove(dir);
}

/* Registered by several threads at once, while others ask: each is called by the owner's alone. */
static void *ask_for_providers(void *arg)
{
    struct reeve_error err = {0};
    for (int i = 0; i < 50; i++) {
        char *json = NULL;
        assert_int_equal(reeve_providers(arg, &json, &err), 0);
        reeve_free(json);
    }
    return NULL;
}

struct registering {
    struct reeve *r;
    struct mine m;
    char name[16];
    int rc;
};

static void *register_one(void *arg)
{
    struct registering *g = arg;
    struct reeve_error err = {0};
    g->rc = reeve_provider_register(g->r, &g->m.ops, &err);
    return NULL;
}

static void by_one_thread(void **state)
{
    (void)state;
    enum { N = 8 };
    static struct registering g[N];
    pthread_t t[N], asking;
    char *dir = support_state();
    struct reeve *r = support_open(dir, REEVE_OPEN_OWNER);
    struct reeve_error err = {0};
    struct reeve_result *result = NULL;
    const char *const argv[] = {"/usr/bin/true", NULL};
    assert_int_equal(pthread_create(&asking, NULL, ask_for_providers, r), 0);
    for (int i = 0; i < N; i++) {
        g[i] = (struct registering){.r = r, .m = make("in-process")};
        (void)snprintf(g[i].name, sizeof g[i].name, "mine-%d", i);
        g[i].m.ops.name = g[i].name;
        g[i].m.ops.self = &g[i].m;
        g[i].m.says = (struct reeve_outcome){.size = sizeof g[i].m.says, .how = "ok"};
        assert_int_equal(pthread_create(&t[i], NULL, register_one, &g[i]), 0);
    }
    for (int i = 0; i < N; i++)
        assert_int_equal(pthread_join(t[i], NULL), 0);
    assert_int_equal(pthread_join(asking, NULL), 0);
    assert_int_equal(support_run(r, argv, &result, NULL, 0, &err), 0);
    assert_int_equal(reeve_result_exit(result), 0);
    reeve_result_free(&result);
    reeve_close(&r);
    for (int i = 0; i < N; i++) {
        assert_int_equal(g[i].rc, 0);
        assert_false(g[i].m.elsewhere);
        assert_true(pthread_equal(g[i].m.thread, g[0].m.thread));
        assert_false(pthread_equal(g[i].m.thread, t[i]));
        assert_false(pthread_equal(g[i].m.thread, pthread_self()));
    }
    support_remove(dir);
}

struct counts {
    unsigned releases, ends;
    char last[65536];
};

static int count_one(void *arg, const struct reeve_record *record)
{
    struct counts *c = arg;
    assert_non_null(record->json);
    c->releases += memmem(record->json, record->json_len, "\"type\":\"release\"", 16) != NULL;
    if (memmem(record->json, record->json_len, "\"type\":\"end\"", 12) != NULL) {
        c->ends++;
        (void)snprintf(c->last, sizeof c->last, "%.*s", (int)record->json_len, record->json);
    }
    return 0;
}

static char *made[16];
static size_t nmade;

/* A string of n times c, or n lists in each other; freed when all tests are done. */
static const char *many(char c, size_t n)
{
    char *text = calloc(1, 2 * n + 3);
    assert_non_null(text);
    assert_true(nmade < sizeof made / sizeof made[0]);
    made[nmade++] = text;
    memset(text + (c != '['), c, n);
    if (c == '[')
        memset(text + n, ']', n);
    else
        text[0] = text[n + 1] = '"';
    return text;
}

/* What it says, and what the result and the end record have of it. */
static void what_it_says(void **state)
{
    (void)state;
    const struct {
        const char *how, *value, *in_record;
    } rows[] = {
        {"ok", NULL, "\"how\":\"ok\""},
        {"splendid", NULL, "\"how\":\"error\""},
        {"splendid", NULL, "no known word for how the run ended: splendid"},
        {NULL, NULL, "\"how\":\"error\""},
        {"limit", NULL, "\"how\":\"limit\""},
        {"ok", "{\"b\": 1, \"a\": 2}", "\"value\":{\"a\":2,\"b\":1}"},
        {"ok", "{\"a\": ", "\"how\":\"error\""},
        {"ok", "{\"a\": ", "the value that the provider gave is no JSON"},
        {"ok", "1],[2", "is no JSON"},
        {"ok", "", "is no JSON"},
        {"ok", many('x', 100000), "\"value\":{\"bytes\":100002,"},
        {"ok", many('x', 2000000), "the value that the provider gave is longer than"},
        {"ok", many('[', 60), "\"value\":[[["},
        {"ok", many('[', 64), "the value that the provider gave cannot stand in a record"},
    };
    char *dir = support_state();
    struct reeve *r = support_open(dir, REEVE_OPEN_OWNER);
    struct mine m = make("in-process");
    struct reeve_error err = {0};
    m.ops.self = &m;
    assert_int_equal(reeve_provider_register(r, &m.ops, &err), 0);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct reeve_result *result = NULL;
        struct counts c = {0};
        const char *const argv[] = {"/usr/bin/true", NULL};
        m.says = (struct reeve_outcome){
            .size = sizeof m.says, .how = rows[i].how, .value = rows[i].value};
        if (support_run(r, argv, &result, NULL, 0, &err) != 0)
            fail_msg("row %zu: %s", i, err.message);
        assert_int_equal(reeve_records(r, 0, UINT64_MAX, count_one, &c, &err), 0);
        if (!strstr(c.last, rows[i].in_record) || !strstr(c.last, "\"enforced_by\":\"in-process\""))
            fail_msg("row %zu: %s", i, c.last);
        assert_int_equal(c.ends, i + 1);
        assert_int_equal(c.releases, i + 1);
        reeve_result_free(&result);
    }
    support_assert_verifies(r);
    reeve_close(&r);
    support_remove(dir);
}

/* A path whose every byte takes six in a record, beside a value that just may stand whole. */
static char *longest_program(char *root)
{
    static char path[4096];
    char name[256];
    struct stat st;
    memset(name, 1, 255);
    name[255] = '\0';
    assert_non_null(mkdtemp(root));
    size_t at = (size_t)snprintf(path, sizeof path, "%s", root);
    while (at + 1 + 255 + 1 + 4 < sizeof path) {
        at += (size_t)snprintf(path + at, sizeof path - at, "/%s", name);
        assert_int_equal(mkdir(path, 0755), 0);
    }
    (void)snprintf(path + at, sizeof path - at, "/%.*s", (int)(sizeof path - at - 2), name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fputs("\177ELF", f) >= 0);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(chmod(path, 0755), 0);
    assert_int_equal(stat(path, &st), 0);
    return path;
}

static void a_record_that_would_be_too_long(void **state)
{
    (void)state;
    char *dir = support_state(), root[] = "/tmp/reeve-test-XXXXXX", args[32768] = "";
    char *program = longest_program(root);
    struct reeve *r = support_open(dir, REEVE_OPEN_OWNER);
    struct mine m = make("in-process");
    struct reeve_error err = {0};
    struct reeve_result *result = NULL;
    static struct counts c;
    m.ops.self = &m;
    m.says = (struct reeve_outcome){.size = sizeof m.says, .how = "ok", .value = many('x', 8190)};
    assert_int_equal(reeve_provider_register(r, &m.ops, &err), 0);
    size_t at = (size_t)snprintf(args, sizeof args, "{\"argv\": [], \"path\": \"");
    for (const char *p = program; *p; p++)
        at += (size_t)snprintf(args + at, sizeof args - at, *p == 1 ? "\\u%04x" : "%c", *p);
    (void)snprintf(args + at, sizeof args - at, "\"}");
    struct reeve_request q = {
        .size = sizeof q, .subject = "agent:test", .capability = "program.external", .args = args};
    if (reeve_execute(r, &q, NULL, &result, &err) != 0)
        fail_msg("%s", err.message);
    assert_int_equal(reeve_result_exit(result), 0);
    reeve_result_free(&result);
    assert_int_equal(reeve_records(r, 0, UINT64_MAX, count_one, &c, &err), 0);
    assert_int_equal(c.ends, 1);
    assert_non_null(strstr(c.last, "\"path\":{\"bytes\":"));
    assert_non_null(strstr(c.last, "\"value\":{\"bytes\":8192,"));
    support_assert_verifies(r);
    reeve_close(&r);
    support_remove(strdup(root));
    support_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_it_may_be),
        cmocka_unit_test(by_one_thread),
        cmocka_unit_test(what_it_says),
        cmocka_unit_test(a_record_that_would_be_too_long),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    while (nmade)
        free(made[--nmade]);
    return failed;
}
