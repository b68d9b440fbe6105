/*
 * Provider "mock": a run that was released is answered with a JSON value of what was asked for.
 * Holds its runs between prepare and release; starts nothing.
 */
#include "providers/mock/mock.h"

#include "core/json.h"
#include "core/plan.h"
#include "providers/config.h"

#define MOCK_MAX_RUNS 256

struct mock_run {
    struct reeve_run *run; /* NULL: a free row */
    char *value;
};

struct mock_provider {
    struct reeve_provider ops;
    const struct reeve_provider_host *host;
    struct mock_run runs[MOCK_MAX_RUNS];
};

static struct mock_run *find(struct mock_provider *p, const struct reeve_run *run)
{
    for (size_t i = 0; i < MOCK_MAX_RUNS; i++)
        if (p->runs[i].run == run)
            return &p->runs[i];
    return NULL;
}

static void clear(struct mock_run *r)
{
    free(r->value);
    *r = (struct mock_run){0};
}

static int describe(const struct reeve_job *job, struct buf *out, struct reeve_error *err)
{
    struct json_out o = {.b = out};
    struct plan_view plan;
    json_open_object(&o);
    json_kv_bool(&o, "mock", true);
    json_kv_str(&o, "capability", str_of(job->capability ? job->capability : ""));
    json_key(&o, "args");
    json_raw(&o, job->args ? str_of(job->args) : STR("null"));
    if (job->plan) {
        if (!plan_check(job->plan, job->plan_len, &plan))
            return base_fail(err, REEVE_EINVAL, "the mock provider was given a malformed plan");
        auto_buf struct buf text;
        buf_init(&text, 0);
        plan_render(&plan, &text);
        json_key(&o, "plan");
        json_raw(&o, buf_view(&text));
        if (text.failed)
            return base_fail(err, REEVE_ENOMEM, "out of memory while rendering a plan");
    }
    json_close_object(&o);
    return 0;
}

/* ---- the provider's functions ---- */

static bool mock_is_available(void *self, char why[256])
{
    (void)self;
    why[0] = '\0';
    return true;
}

static int mock_initialize(void *self, const struct reeve_provider_host *host, const char *config,
                           struct reeve_error *err)
{
    struct mock_provider *p = self;
    int rc = provider_takes_no_config("mock", config, err);
    if (rc == 0)
        p->host = host;
    return rc;
}

static int mock_prepare(void *self, struct reeve_run *run, const struct reeve_job *job,
                        struct reeve_error *err)
{
    struct mock_provider *p = self;
    struct mock_run *r = find(p, NULL);
    auto_buf struct buf value;
    if (!r)
        return base_fail(err, REEVE_EBUSY, "the mock provider holds %d runs already",
                         MOCK_MAX_RUNS);
    buf_init(&value, 0);
    int rc = describe(job, &value, err);
    if (rc)
        return rc;
    r->value = buf_take(&value, NULL);
    if (!r->value)
        return base_fail(err, REEVE_ENOMEM, "out of memory while describing a run");
    r->run = run;
    return 0;
}

static void finish(struct mock_provider *p, struct mock_run *r, const char *how, const char *limit)
{
    const struct mock_run run = *r;
    const struct reeve_outcome out = {.size = sizeof out,
                                      .how = how,
                                      .limit = limit,
                                      .not_started = true,
                                      .value = strcmp(how, "ok") == 0 ? run.value : NULL};
    *r = (struct mock_run){0};
    p->host->finished(p->host->self, run.run, &out);
    free(run.value);
}

static int mock_release(void *self, struct reeve_run *run, const struct reeve_warrant *warrant,
                        struct reeve_error *err)
{
    struct mock_provider *p = self;
    struct mock_run *r = find(p, run);
    if (!r || !warrant)
        return base_fail(err, REEVE_EINVAL, "the mock provider has no such prepared run");
    finish(p, r, "ok", NULL);
    return 0;
}

static void mock_cancel(void *self, struct reeve_run *run, const char *limit)
{
    struct mock_run *r = find(self, run);
    if (r)
        finish(self, r, limit ? "limit" : "killed", limit);
}

static void mock_cleanup(void *self)
{
    struct mock_provider *p = self;
    for (size_t i = 0; i < MOCK_MAX_RUNS; i++)
        clear(&p->runs[i]);
    p->host = NULL;
}

static const char *mock_schema(void *self)
{
    (void)self;
    return "{\"type\":\"object\",\"additionalProperties\":false}";
}

int mock_provider_new(struct mock_provider **out)
{
    *out = calloc(1, sizeof **out);
    if (!*out)
        return REEVE_ENOMEM;
    (*out)->ops = (struct reeve_provider){
        .size = sizeof(struct reeve_provider),
        .name = "mock",
        .rank = REEVE_RANK_NONE,
        .features = REEVE_FEATURE_PROGRAM | REEVE_FEATURE_CAPABILITY,
        .cost = 1000000,
        .enforced_by = "in-process",
        .is_available = mock_is_available,
        .initialize = mock_initialize,
        .prepare = mock_prepare,
        .release = mock_release,
        .cancel = mock_cancel,
        .cleanup = mock_cleanup,
        .get_config_schema = mock_schema,
        .self = *out,
    };
    return 0;
}

void mock_provider_free(struct mock_provider **p)
{
    if (!*p)
        return;
    mock_cleanup(*p);
    free(*p);
    *p = NULL;
}

const struct reeve_provider *mock_provider_ops(struct mock_provider *p)
{
    return &p->ops;
}
