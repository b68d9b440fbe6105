/*
 * `reeve-bench policy`: compile, save, load, decide, compare; one JSON object with the figures.
 */
#include <stdio.h>
#include <unistd.h>

#include "tests/bench/bench.h"
#include "tests/policy_text.h"

static void show(void *arg, const struct policy_diag *d)
{
    unsigned *seen = arg;
    if (d->severity == POLICY_ERROR && (*seen)++ < 5)
        (void)fprintf(stderr, "%s:%u:%u: error[%s]: %s\n", d->file, d->line, d->column, d->code,
                      d->message);
}

static double ms(int64_t ns)
{
    return (double)ns / 1e6;
}

static struct policy_image *compile(struct bench_workload *w)
{
    size_t before = bench_peak_bytes();
    int64_t from = bench_now();
    struct policy_image *image = NULL;
    struct reeve_error err = {0};
    unsigned seen = 0;
    if (compile_text(buf_view(&w->policy), "policy.yaml", show, &seen, &image, &err) != REEVE_OK)
        return NULL;
    int64_t took = bench_now() - from;
    uint32_t rules = 0;
    while (policy_image_rule(image, rules).line)
        rules++;
    (void)printf("{\"rules\":%u,\"compile_ms\":%.2f,\"compile_mb\":%.1f", rules, ms(took),
                 (double)(bench_peak_bytes() - before) / 1e6);
    return image;
}

/* The image that was saved and loaded again: what is measured from here on. */
static int reload(struct policy_image **image, struct reeve_error *err)
{
    auto_buf struct buf bytes;
    buf_init(&bytes, POLICY_IMAGE_MAX);
    int rc = policy_image_save(*image, &bytes, err);
    if (rc != REEVE_OK)
        return rc;
    int64_t best = INT64_MAX, digest = INT64_MAX;
    for (int i = 0; i < 5 && rc == REEVE_OK; i++) {
        policy_image_unref(image);
        uint8_t ignored[BASE_SHA256];
        int64_t t0 = bench_now();
        base_sha256(bytes.data, bytes.len, ignored);
        int64_t t1 = bench_now();
        rc = policy_image_load(buf_view(&bytes), NULL, image, err);
        int64_t t2 = bench_now();
        digest = t1 - t0 < digest ? t1 - t0 : digest;
        best = t2 - t1 < best ? t2 - t1 : best;
    }
    (void)printf(",\"load_ms\":%.2f,\"digest_ms\":%.2f,\"image_bytes\":%zu", ms(best - digest),
                 ms(digest), bytes.len);
    return rc;
}

/* Brings a request into the cache, as reading it would just have done. */
static uint64_t touch(const struct bench_request *r)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < r->req.subject.n + r->req.capability.n; i += 32)
        sum += (uint8_t)r->words[i];
    for (uint32_t i = 0; i < r->args.doc.count; i++) {
        const struct json_node *n = &r->args.doc.nodes[i];
        sum += n->type == JSON_STRING && n->s.n ? (uint8_t)n->s.p[0] : n->end;
    }
    return sum;
}

/*
 * Times of single decisions, each with its request at hand and whatever the image's tables have
 * left in the cache. `loop` is the mean over plain loops, where the requests themselves come from
 * memory, one after the other.
 */
static void decide(const struct policy_image *image, const struct bench_workload *w,
                   unsigned rounds)
{
    struct bench_times t = {calloc(w->n * rounds + 1, sizeof *t.ns), 0};
    struct policy_decision d;
    int64_t loop = INT64_MAX, timer = bench_timer_ns();
    for (unsigned k = 0; t.ns && k < rounds; k++) {
        int64_t from = bench_now();
        for (size_t i = 0; i < w->n; i++)
            (void)policy_decide(image, &w->v[i].req, &w->v[i].inputs, &d);
        int64_t took = bench_now() - from;
        loop = took < loop ? took : loop;
        for (size_t i = 0; i < w->n; i++) {
            uint64_t sum = touch(&w->v[i]);
            __asm__ volatile("" : : "r"(sum)); /* read, though nobody wants it */
            int64_t at = bench_now();
            (void)policy_decide(image, &w->v[i].req, &w->v[i].inputs, &d);
            t.ns[t.n++] = bench_now() - at;
        }
    }
    struct bench_summary s = bench_summarise(&t);
    (void)printf(",\"mean_ns\":%.1f,\"p50_ns\":%lld,\"p99_ns\":%lld,\"p999_ns\":%lld,"
                 "\"loop_mean_ns\":%.1f,\"timer_ns\":%lld",
                 s.mean - (double)timer, (long long)s.p50, (long long)s.p99, (long long)s.p99_9,
                 w->n ? (double)loop / (double)w->n : 0, (long long)timer);
    free(t.ns);
}

static void put_summary(const char *name, struct bench_summary s)
{
    (void)printf(",\"%s_p50_ns\":%lld,\"%s_p99_ns\":%lld", name, (long long)s.p50, name,
                 (long long)s.p99);
}

static void measure(const struct policy_image *image, const struct bench_workload *w,
                    const struct bench_options *o)
{
    decide(image, w, o->rounds);
    if (o->text)
        put_summary("text", bench_text(image, w, o->rounds));
    if (o->text)
        put_summary("asked", bench_asked(image, w, o->rounds));
    if (o->explain)
        put_summary("explain", bench_explain(image, w));
    if (o->tables)
        bench_tables(image);
    if (o->batch) {
        struct bench_batch b = bench_batch(image, w, o->rounds, o->batch);
        (void)printf(",\"batch\":%u,\"single_mean_ns\":%.1f,\"batch_mean_ns\":%.1f", o->batch,
                     b.single, b.batch);
    }
    if (!o->threads)
        return;
    struct bench_scaling s = bench_threads(image, w, o->threads);
    (void)printf(",\"threads\":%u,\"decisions_per_s\":%.0f,\"decisions_scale\":%.2f,"
                 "\"probes_scale\":%.2f",
                 o->threads, s.decisions_n, s.decisions_n / s.decisions_1, s.probes_n / s.probes_1);
}

int bench_policy(const struct bench_options *o)
{
    struct bench_workload w;
    struct reeve_error err = {0};
    int rc = bench_load(o->dir, &w, &err);
    struct policy_image *image = rc == REEVE_OK ? compile(&w) : NULL;
    size_t wrong = 1;
    if (image && (rc = reload(&image, &err)) == REEVE_OK) {
        wrong = bench_wrong(image, &w);
        rc = o->chain ? bench_chain(&w, o->chain, &err) : REEVE_OK;
    }
    if (image && rc == REEVE_OK) {
        measure(image, &w, o);
        (void)printf(",\"requests\":%zu,\"wrong\":%zu}\n", w.n, wrong);
    }
    if (rc != REEVE_OK)
        (void)fprintf(stderr, "reeve-bench: %s\n", err.message);
    policy_image_unref(&image);
    bench_unload(&w);
    return wrong ? 1 : 0;
}
