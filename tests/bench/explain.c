/*
 * What the sentence of a deny costs: the decision is made beforehand and not counted.
 */
#include "tests/bench/bench.h"

struct bench_summary bench_explain(const struct policy_image *image, const struct bench_workload *w)
{
    struct bench_times t = {calloc(w->n + 1, sizeof *t.ns), 0};
    auto_buf struct buf why = {0};
    for (size_t i = 0; t.ns && i < w->n; i++) {
        const struct bench_request *r = &w->v[i];
        struct policy_decision d;
        if (policy_decide(image, &r->req, &r->inputs, &d) || d.effect != CORE_EFFECT_DENY)
            continue;
        buf_reset(&why);
        int64_t from = bench_now();
        policy_explain(image, &r->req, &r->inputs, &d, &why);
        t.ns[t.n++] = bench_now() - from;
    }
    struct bench_summary s = bench_summarise(&t);
    free(t.ns);
    return s;
}
