/* See test.h. */
#include "policy/test.h"

#include "policy/coverage.h"
#include "policy/decision_json.h"
#include "policy/match.h"

/* What is carried through the run of a policy's tests. */
struct running {
    const struct policy_image *image;
    struct policy_coverage *coverage; /* NULL: not asked for */
    struct json_out *o;
    struct reeve_error *err;
};

/* One request of a test: what came of it beside what should. */
struct outcome {
    const struct json_doc *expected, *got;
    const struct policy_question *q;
    struct str own; /* of the test */
    uint32_t variant;
};

static void put_node(struct json_out *o, const char *key, const struct json_doc *doc,
                     const struct json_node *n)
{
    auto_buf struct buf text = {0};
    if (!n)
        return;
    json_exact(doc, n, &text);
    o->b->failed |= text.failed;
    json_key(o, key);
    json_raw(o, buf_view(&text));
}

/* Where in a mapping the difference is: the key of the first part that does not fit is added to
 * `path`, and `e` and `g` become that part. */
static void find_misfit(const struct outcome *out, const struct json_node **e,
                        const struct json_node **g, struct buf *path)
{
    while (*g && (*e)->type == JSON_OBJECT && (*g)->type == JSON_OBJECT) {
        const struct json_node *key = json_first(out->expected, *e), *value, *other;
        for (;; key = json_next(out->expected, value)) {
            value = json_next(out->expected, key);
            other = json_get_str(out->got, *g, key->s);
            if (!policy_json_fits(out->expected, value, out->got, other))
                break;
        }
        buf_byte(path, '.');
        buf_str(path, key->s);
        *e = value;
        *g = other;
    }
}

/* ---- what a test of a delegated file does not tell of others ---- */

static bool is_others(const struct outcome *out, struct str id)
{
    const char *slash = memchr(id.p, '/', id.n);
    struct str space = {id.p, slash ? (size_t)(slash - id.p) : 0};
    return out->own.n && slash && !str_eq(space, out->own) && !str_is(space, "reeve");
}

static bool is_others_rule(const struct outcome *out, uint32_t rule)
{
    return is_others(out, policy_image_rule(out->q->image, rule).id);
}

/* Whether another delegated file's rule has a say, or is the nearest that might have. */
static bool has_others(const struct outcome *out)
{
    const struct policy_decision *d = &out->q->decision;
    struct policy_miss miss;
    bool others =
        out->own.n && (is_others_rule(out, d->rule) || is_others_rule(out, d->shadow.rule));
    for (uint32_t i = 0; i < d->requires.n && !others; i++)
        others = is_others_rule(out, d->requires.v[i]);
    return others ||
           (out->own.n &&
            policy_nearest_miss(out->q->image, &out->q->asked.request, &out->q->inputs, d, &miss) &&
            is_others_rule(out, miss.rule));
}

static void put_misfit(const struct running *r, const struct outcome *out, struct str key,
                       const struct json_node *e, const struct json_node *g)
{
    auto_buf struct buf path = {0}, why = {0};
    struct json_out *o = r->o;
    buf_str(&path, key);
    find_misfit(out, &e, &g, &path);
    bool others = has_others(out);
    if (others)
        buf_z(&why, "a rule of another delegated file has a say, of which nothing is told here");
    else
        policy_explain(r->image, &out->q->asked.request, &out->q->inputs, &out->q->decision, &why);
    o->b->failed |= path.failed || why.failed;
    json_open_object(o);
    put_node(o, "expected", out->expected, e);
    json_kv_str(o, "explanation", buf_view(&why));
    if (!others || str_is(key, "effect"))
        put_node(o, "got", out->got, g);
    json_kv_str(o, "key", buf_view(&path));
    json_kv_str(o, "rule",
                others ? STR("another file's")
                       : policy_image_rule(r->image, out->q->decision.rule).id);
    json_kv_uint(o, "variant", out->variant);
    json_close_object(o);
}

/* Holds what came against what should; how many keys differ. */
static uint32_t compare(const struct running *r, const struct outcome *out)
{
    const struct json_node *expected = json_root(out->expected), *got = json_root(out->got);
    const struct json_node *key = json_first(out->expected, expected);
    uint32_t bad = 0;
    for (uint32_t i = 0; i < expected->count; i++) {
        const struct json_node *value = json_next(out->expected, key);
        const struct json_node *other = json_get_str(out->got, got, key->s);
        if (!policy_json_fits(out->expected, value, out->got, other)) {
            put_misfit(r, out, key->s, value, other);
            bad++;
        }
        key = json_next(out->expected, value);
    }
    return bad;
}

/* A request that cannot even be asked. */
static void put_refused(const struct running *r, uint32_t variant, const struct reeve_error *why)
{
    json_open_object(r->o);
    json_kv_str(r->o, "error", str_of(why->message));
    json_kv_uint(r->o, "variant", variant);
    json_close_object(r->o);
}

static int run_request(const struct running *r, const struct policy_test *t, uint32_t variant,
                       uint32_t *bad)
{
    auto_question struct policy_question q;
    auto_buf struct buf text = {0};
    auto_json struct json_text got = {0}, expected = {0};
    struct reeve_error why = {0};
    int rc = policy_question_ask(r->image, t->request[variant], t->given, 0, &q, &why);
    if (!rc)
        rc = policy_decision_json(&q, 0, &text, &why);
    if (!rc)
        rc = json_text_parse(buf_view(&text), &got, &why);
    if (!rc)
        rc = json_text_parse(t->expect, &expected, &why);
    if (rc == REEVE_ENOMEM)
        return base_fail(r->err, rc, "%s", why.message);
    if (rc) {
        put_refused(r, variant, &why);
        ++*bad;
        return REEVE_OK;
    }
    if (r->coverage)
        policy_coverage_add(r->coverage, &q);
    struct outcome out = {&expected.doc, &got.doc, &q, t->own, variant};
    *bad += compare(r, &out);
    return REEVE_OK;
}

static int run_test(const struct running *r, const struct policy_test *t, bool *passed)
{
    struct json_out *o = r->o;
    uint32_t bad = 0;
    int rc = REEVE_OK;
    json_open_object(o);
    json_kv_uint(o, "column", t->column);
    json_key(o, "failures");
    json_open_array(o);
    for (uint32_t i = 0; i < t->nrequests && !rc; i++)
        rc = run_request(r, t, i, &bad);
    json_close_array(o);
    json_kv_str(o, "file", t->file);
    json_kv_uint(o, "line", t->line);
    json_kv_str(o, "name", t->name);
    json_kv_bool(o, "passed", bad == 0);
    json_kv_uint(o, "runs", t->nrequests);
    json_close_object(o);
    *passed = bad == 0;
    return rc;
}

static bool is_wanted(const struct policy_test *t, struct str filter)
{
    return !filter.n || memmem(t->name.p, t->name.n, filter.p, filter.n);
}

static int run_all(const struct running *r, const struct policy_tests *tests,
                   struct policy_test_run *run)
{
    int rc = REEVE_OK;
    json_open_array(r->o);
    for (uint32_t i = 0; i < tests->n && !rc; i++) {
        bool passed;
        if (!is_wanted(&tests->v[i], run->filter))
            continue;
        rc = run_test(r, &tests->v[i], &passed);
        run->passed += passed;
        run->failed += !passed;
    }
    json_close_array(r->o);
    return rc;
}

int policy_tests_run(const struct policy_image *image, const struct policy_tests *tests,
                     struct policy_test_run *run, struct buf *report, struct reeve_error *err)
{
    auto_arena struct arena arena = {0};
    auto_buf struct buf each = {.max = SIZE_MAX / 2};
    struct policy_coverage coverage;
    struct json_out of_each = {.b = &each}, o = {.b = report};
    run->passed = run->failed = 0;
    if (run->coverage && policy_coverage_begin(image, &arena, &coverage) != REEVE_OK)
        return base_fail(err, REEVE_ENOMEM, "out of memory");
    struct running r = {image, run->coverage ? &coverage : NULL, &of_each, err};
    int rc = run_all(&r, tests, run);
    if (rc)
        return rc;
    json_open_object(&o);
    if (run->coverage) {
        run->rules_percent = policy_coverage_rules(&coverage);
        run->conditions_percent = policy_coverage_conditions(&coverage);
        json_key(&o, "coverage");
        policy_coverage_json(&coverage, &o);
    }
    json_kv_uint(&o, "failed", run->failed);
    json_kv_uint(&o, "passed", run->passed);
    json_key(&o, "tests");
    json_raw(&o, buf_view(&each));
    json_close_object(&o);
    return report->failed || each.failed ? base_fail(err, REEVE_ENOMEM, "out of memory") : REEVE_OK;
}
