/*
 * A third party's provider, registered with an owner in this process: whatever it says of itself
 * and of its runs, records hold known words, well-formed values, and one end for each release.
 */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reeve/provider.h"

struct mine {
    struct reeve_provider ops;
    const struct reeve_provider_host *host;
    struct reeve_outcome says;
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
    return 0;
}

static int prepare(void *self, struct reeve_run *run, const struct reeve_job *job,
                   struct reeve_error *err)
{
    (void)self;
    (void)run;
    (void)job;
    (void)err;
    return 0;
}

static int release(void *self, struct reeve_run *run, const struct reeve_warrant *warrant,
                   struct reeve_error *err)
{
    struct mine *m = self;
    (void)warrant;
    (void)err;
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

struct counts {
    unsigned releases, ends;
    char last[8192];
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

/* What it says, and what the result and the end record have of it. */
static void what_it_says(void **state)
{
    (void)state;
    static const struct {
        const char *how, *value, *in_record;
    } rows[] = {
        {"ok", NULL, "\"how\":\"ok\""},
        {"splendid", NULL, "\"how\":\"error\""},
        {"splendid", NULL, "no known word for how the run ended: splendid"},
        {NULL, NULL, "\"how\":\"error\""},
        {"limit", NULL, "\"how\":\"limit\""},
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_it_may_be),
        cmocka_unit_test(what_it_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
