/*
 * From the bytes of a request to its decision: the text is read in place (a copy each time, since
 * reading changes it; the copy is not counted), its fields are looked up, then decided. And as the
 * owner does it, which checks every field and puts the arguments into the form that is recorded.
 */
#include "policy/request.h"
#include "tests/bench/bench.h"

#define MAX_TEXT  8192
#define MAX_NODES 128

static int decide_text(const struct policy_image *image, char *text, size_t n,
                       struct policy_decision *out)
{
    struct json_node nodes[MAX_NODES];
    struct json_doc doc;
    int rc = json_parse(text, n, nodes, MAX_NODES, &doc, NULL);
    if (rc)
        return rc;
    const struct json_node *root = json_root(&doc);
    struct json_doc args = json_sub(&doc, json_get(&doc, root, "args"));
    struct str capability = json_string_or(json_get(&doc, root, "capability"), STR(""));
    struct policy_request req = {
        .subject = json_string_or(json_get(&doc, root, "subject"), STR("")),
        .capability = capability,
        .level = core_level_of(json_string_or(json_get(&doc, root, "level"), STR(""))),
        .args = &args,
    };
    struct reeve_inputs_view inputs = {0};
    return policy_decide(image, &req, &inputs, out);
}

/* What the owner does between a frame and its decision, with an arena of its own for each. */
static int decide_asked(const struct policy_image *image, char *text, size_t n,
                        struct policy_decision *out)
{
    struct json_node nodes[MAX_NODES];
    struct json_text t = {0};
    struct policy_asked asked;
    struct arena arena auto_arena;
    arena_init(&arena, 0);
    int rc = json_parse(text, n, nodes, MAX_NODES, &t.doc, NULL);
    if (!rc)
        rc = policy_request_read(image, &t, &arena, &asked, NULL);
    struct reeve_inputs_view inputs = {0};
    return rc ? rc : policy_decide(image, &asked.request, &inputs, out);
}

typedef int decide_fn(const struct policy_image *image, char *text, size_t n,
                      struct policy_decision *out);

static struct bench_summary measure(decide_fn *fn, const struct policy_image *image,
                                    const struct bench_workload *w, unsigned rounds)
{
    struct bench_times t = {calloc(w->n * rounds + 1, sizeof *t.ns), 0};
    char text[MAX_TEXT];
    struct policy_decision d;
    for (size_t i = 0; t.ns && i < w->n * rounds; i++) {
        const struct bench_request *r = &w->v[i % w->n];
        if (r->ntext > sizeof text)
            continue;
        memcpy(text, r->text, r->ntext);
        int64_t from = bench_now();
        int rc = fn(image, text, r->ntext, &d);
        t.ns[t.n] = bench_now() - from;
        if (rc || (d.effect == CORE_EFFECT_ALLOW) != r->allow)
            abort();
        t.n++;
    }
    struct bench_summary s = bench_summarise(&t);
    free(t.ns);
    return s;
}

struct bench_summary bench_text(const struct policy_image *image, const struct bench_workload *w,
                                unsigned rounds)
{
    return measure(decide_text, image, w, rounds);
}

struct bench_summary bench_asked(const struct policy_image *image, const struct bench_workload *w,
                                 unsigned rounds)
{
    return measure(decide_asked, image, w, rounds);
}
