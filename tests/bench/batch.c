/*
 * Decisions in batches beside the same decisions one by one: both in plain loops, without a clock
 * in between.
 */
#include "tests/bench/bench.h"

static double per_request(int64_t from, size_t n)
{
    return (double)(bench_now() - from) / (double)n;
}

static double one_by_one(const struct policy_image *image, const struct policy_request *v, size_t n,
                         const struct reeve_inputs_view *inputs, struct policy_decision *out)
{
    int64_t from = bench_now();
    for (size_t i = 0; i < n; i++)
        (void)policy_decide(image, &v[i], inputs, &out[0]);
    return per_request(from, n);
}

static double in_batches(const struct policy_image *image, const struct policy_request *v, size_t n,
                         unsigned size, const struct reeve_inputs_view *inputs,
                         struct policy_decision *out)
{
    int64_t from = bench_now();
    for (size_t i = 0; i < n; i += size)
        (void)policy_decide_batch(image, &v[i], n - i < size ? n - i : size, inputs, out);
    return per_request(from, n);
}

struct bench_batch bench_batch(const struct policy_image *image, const struct bench_workload *w,
                               unsigned rounds, unsigned size)
{
    struct bench_batch best = {1e9, 1e9};
    auto_free struct policy_request *v = calloc(w->n + 1, sizeof *v);
    auto_free struct policy_decision *out = calloc(size, sizeof *out);
    for (size_t i = 0; v && i < w->n; i++)
        v[i] = w->v[i].req;
    for (unsigned i = 0; v && out && w->n && i < rounds; i++) {
        double single = one_by_one(image, v, w->n, &w->v[0].inputs, out);
        double batch = in_batches(image, v, w->n, size, &w->v[0].inputs, out);
        best.single = single < best.single ? single : best.single;
        best.batch = batch < best.batch ? batch : best.batch;
    }
    return best;
}
