/*
 * Many decisions at once: the same ones, a few of them side by side, so that the misses of one
 * overlap with those of the others. Each step asks the cache for what the next step will read.
 */
#include "policy/decide.h"

#define SIDE_BY_SIDE 8u /* as many as have their misses under way at once; each takes 3 KiB */

struct batch {
    const struct policy_image *image;
    const struct reeve_inputs_view *inputs;
    unsigned n;
    bool valid[SIDE_BY_SIDE];
    uint32_t cell[SIDE_BY_SIDE]; /* of the subject */
    struct deciding d[SIDE_BY_SIDE];
};

/* What is read first of a request. */
static void ask_for(const struct policy_request *req)
{
    __builtin_prefetch(req->subject.p);
    __builtin_prefetch(req->capability.p);
    __builtin_prefetch(req->entry);
    __builtin_prefetch(req->args);
}

static void start(struct batch *b, const struct policy_request *req)
{
    for (unsigned i = 0; i < b->n; i++) {
        b->valid[i] = decide_is_valid(&req[i], b->inputs);
        b->cell[i] = b->valid[i] ? eval_subject_ask(b->image, req[i].subject) : 0;
        if (req[i].args)
            __builtin_prefetch(req[i].args->nodes);
    }
    for (unsigned i = 0; i < b->n; i++)
        eval_subject_reach(b->image, b->cell[i]);
    for (unsigned i = 0; i < b->n; i++)
        if (b->valid[i]) {
            decide_start(&b->d[i], b->image, &req[i], b->inputs, 0, false);
            (void)eval_scan_ask(&b->d[i].scan);
        }
}

static int decide(struct batch *b, struct policy_decision *out)
{
    int worst = REEVE_OK;
    for (unsigned i = 0; i < b->n; i++) {
        int rc = b->valid[i] ? decide_found(&b->d[i], &out[i]) : REEVE_EINVAL;
        if (rc == REEVE_OK)
            continue;
        out[i] = (struct policy_decision){
            .effect = CORE_EFFECT_DENY, .rule = POLICY_RULE_DEFAULT, .grant = POLICY_NONE};
        worst = rc;
    }
    return worst;
}

int policy_decide_batch(const struct policy_image *image, const struct policy_request *reqs,
                        size_t n, const struct reeve_inputs_view *inputs,
                        struct policy_decision *out)
{
    struct batch b = {.image = image, .inputs = inputs};
    int worst = REEVE_OK;
    for (size_t at = 0; at < n; at += b.n) {
        b.n = n - at < SIDE_BY_SIDE ? (unsigned)(n - at) : SIDE_BY_SIDE;
        for (size_t i = at + b.n; i < n && i < at + 2 * b.n; i++)
            ask_for(&reqs[i]);
        start(&b, &reqs[at]);
        for (unsigned i = 0; i < b.n; i++)
            if (b.valid[i])
                eval_scan_reach(&b.d[i].scan);
        for (unsigned i = 0; i < b.n; i++)
            if (b.valid[i])
                eval_scan_find(&b.d[i].scan);
        int rc = decide(&b, &out[at]);
        worst = rc != REEVE_OK ? rc : worst;
    }
    return worst;
}
