/*
 * What the parts of reeve-bench share: a workload with its right answers, and times with their
 * percentiles. One JSON object a run goes to standard output; what went wrong to standard error.
 */
#ifndef TESTS_BENCH_BENCH_H
#define TESTS_BENCH_BENCH_H

#include "core/json.h"
#include "policy/policy.h"

/* ---- timing.c ---- */

int64_t bench_now(void); /* CLOCK_MONOTONIC, ns */

/** One time for each request. */
struct bench_times {
    int64_t *ns;
    size_t n;
};
struct bench_summary {
    double mean;
    int64_t p50, p99, p99_9;
};
/** Percentiles; sorts the times. */
struct bench_summary bench_summarise(struct bench_times *t);
/** What an interval with nothing in it takes: part of every percentile, and of no mean. */
int64_t bench_timer_ns(void);
/** Memory that this process has held at most, in bytes. */
size_t bench_peak_bytes(void);

/* ---- workload.c ---- */

struct bench_request {
    struct policy_request req;
    struct reeve_inputs_view inputs;
    struct json_text args;
    char *words; /* subject and capability */
    char *text;  /* the same request as one JSON text, */
    size_t ntext;
    struct policy_subject *chain;
    bool allow; /* the right effect, */
    char *rule; /* and the rule; NULL: a pseudo rule */
};
struct bench_workload {
    struct buf policy;
    struct bench_request *v;
    size_t n;
};
/** Read policy.yaml and requests.jsonl of a folder. */
int bench_load(const char *dir, struct bench_workload *w, struct reeve_error *err);
void bench_unload(struct bench_workload *w);
/** Give each request `n` parents: the subjects of the requests behind it. Their answers are no
 * longer the file's. */
int bench_chain(struct bench_workload *w, unsigned n, struct reeve_error *err);
/** How many requests the image answers with another effect or rule than it should. */
size_t bench_wrong(const struct policy_image *image, const struct bench_workload *w);

/* ---- what is measured ---- */

struct bench_options {
    const char *dir;
    unsigned threads; /* 0: the figure is not wanted */
    unsigned rounds;
    unsigned chain;   /* parents of each request's subject */
    unsigned batch;   /* requests of a batch; 0: the figure is not wanted */
    uint64_t appends; /* records that the log takes beside what else is measured */
    bool text, explain, tables;
};
int bench_policy(const struct bench_options *o);
/** The log, and what it is measured against, in the empty folder `o->dir` (audit.c). */
int bench_audit(const struct bench_options *o);
/** The dearest decisions that regular expressions can bring about (patterns.c). */
int bench_patterns(void);
/** From the bytes of a request to its decision (text.c). */
struct bench_summary bench_text(const struct policy_image *image, const struct bench_workload *w,
                                unsigned rounds);
/** The same by way of policy_request_read, as the owner reads requests. */
struct bench_summary bench_asked(const struct policy_image *image, const struct bench_workload *w,
                                 unsigned rounds);
/** Nanoseconds a decision of plain loops, the requests one after the other in memory, one by one
 * and in batches (batch.c). */
struct bench_batch {
    double single, batch;
};
struct bench_batch bench_batch(const struct policy_image *image, const struct bench_workload *w,
                               unsigned rounds, unsigned size);
/** A deny's sentence (explain.c). */
struct bench_summary bench_explain(const struct policy_image *image,
                                   const struct bench_workload *w);
/** Rows and bytes of each table (tables.c). */
void bench_tables(const struct policy_image *image);
/** Decisions a second of so many threads together, and hash probes beside them (threads.c). */
struct bench_scaling {
    double decisions_1, decisions_n, probes_1, probes_n;
};
struct bench_scaling bench_threads(const struct policy_image *image, const struct bench_workload *w,
                                   unsigned threads);

#endif
