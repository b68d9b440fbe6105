/*
 * Clock, percentiles, memory. The clock itself costs some 20 ns, which every single time contains:
 * means are taken over whole loops, and the clock's own cost is told beside them.
 */
#include <sys/resource.h>
#include <time.h>

#include "tests/bench/bench.h"

int64_t bench_now(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * BASE_NS_PER_S + t.tv_nsec;
}

static int by_time(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

struct bench_summary bench_summarise(struct bench_times *t)
{
    struct bench_summary s = {0};
    if (!t->n)
        return s;
    qsort(t->ns, t->n, sizeof *t->ns, by_time);
    for (size_t i = 0; i < t->n; i++)
        s.mean += (double)t->ns[i] / (double)t->n;
    s.p50 = t->ns[t->n / 2];
    s.p99 = t->ns[t->n * 99 / 100];
    s.p99_9 = t->ns[t->n * 999 / 1000];
    return s;
}

int64_t bench_timer_ns(void)
{
    int64_t ns[1001];
    for (size_t i = 0; i < BASE_COUNT(ns); i++) {
        ns[i] = bench_now();
        ns[i] = bench_now() - ns[i];
    }
    struct bench_times t = {ns, BASE_COUNT(ns)};
    return bench_summarise(&t).p50;
}

size_t bench_peak_bytes(void)
{
    struct rusage use;
    return getrusage(RUSAGE_SELF, &use) == 0 ? (size_t)use.ru_maxrss * 1024 : 0;
}
