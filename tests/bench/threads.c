/*
 * Whether decisions share anything: as many threads as wanted decide at once, and beside them, in
 * the same run, as many do plain independent hash probes: what the machine itself loses.
 */
#include <pthread.h>
#include <stdio.h>

#include "tests/bench/bench.h"

#define SLOTS      (1u << 20)
#define PROBES     (4u << 20)
#define DECISIONS  300000u
#define ROUNDS     10u
#define MULTIPLIER UINT64_C(0x9e3779b97f4a7c15)

struct job {
    const struct policy_image *image;
    const struct bench_workload *w;
    const uint64_t *table; /* NULL: decide */
    pthread_barrier_t *start;
    size_t offset;
    uint64_t found;
    int64_t ns;
};

static void probe(struct job *job)
{
    uint64_t x = job->offset + 1, found = 0; /* jobs share cache lines; their counters must not */
    for (uint32_t i = 0; i < PROBES; i++) {
        x += MULTIPLIER;
        found += job->table[(x ^ x >> 29) * MULTIPLIER >> 44] & 1;
    }
    job->found = found;
}

static void decide(struct job *job)
{
    uint64_t found = 0;
    for (size_t i = 0; i < DECISIONS; i++) {
        const struct bench_request *r = &job->w->v[(i + job->offset) % job->w->n];
        struct policy_decision d;
        found += policy_decide(job->image, &r->req, &r->inputs, &d) == 0 && d.effect;
    }
    job->found = found;
}

static void *run(void *arg)
{
    struct job *job = arg;
    (void)pthread_barrier_wait(job->start);
    int64_t from = bench_now();
    if (job->table)
        probe(job);
    else
        decide(job);
    job->ns = bench_now() - from;
    return NULL;
}

/* Units a second of `n` threads together. */
static double rate(struct job model, unsigned n, double units)
{
    struct job jobs[64];
    pthread_t threads[64];
    pthread_barrier_t start;
    double sum = 0;
    if (pthread_barrier_init(&start, NULL, n) != 0)
        return 0;
    for (unsigned i = 0; i < n; i++) {
        jobs[i] = model;
        jobs[i].start = &start;
        jobs[i].offset = (size_t)i * 7919;
        if (pthread_create(&threads[i], NULL, run, &jobs[i]) != 0)
            abort();
    }
    for (unsigned i = 0; i < n; i++) {
        (void)pthread_join(threads[i], NULL);
        sum += units * 1e9 / (double)jobs[i].ns;
    }
    (void)pthread_barrier_destroy(&start);
    return sum;
}

static void keep_best(double *best, double rate)
{
    *best = rate > *best ? rate : *best;
}

struct bench_scaling bench_threads(const struct policy_image *image, const struct bench_workload *w,
                                   unsigned threads)
{
    struct bench_scaling s = {0};
    auto_free uint64_t *table = malloc(SLOTS * sizeof *table);
    if (!table || !w->n)
        return s;
    for (size_t i = 0; i < SLOTS; i++)
        table[i] = i * MULTIPLIER;
    struct job probes = {.table = table}, decisions = {.image = image, .w = w};
    for (unsigned i = 0; i < ROUNDS; i++) { /* in turns, so that neighbours disturb all alike */
        keep_best(&s.probes_1, rate(probes, 1, PROBES));
        keep_best(&s.decisions_1, rate(decisions, 1, DECISIONS));
        keep_best(&s.probes_n, rate(probes, threads, PROBES));
        keep_best(&s.decisions_n, rate(decisions, threads, DECISIONS));
    }
    return s;
}
