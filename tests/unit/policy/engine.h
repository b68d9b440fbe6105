/*
 * The engine's answer as one text, asked for through its public functions, so that it can be held
 * against the naive evaluator's.
 */
#ifndef POLICY_ENGINE_H
#define POLICY_ENGINE_H

#include "policy/policy.h"

void engine_answer(const struct policy_image *image, const struct policy_request *req,
                   const struct reeve_inputs_view *inputs, struct policy_decision *d,
                   struct buf *out);

/** What a grant comes to at the places that naive.h lists. Texts live as long as the grant. */
enum { ENGINE_PATHS = 16, ENGINE_REACHED = 16, ENGINE_NAMES = 8 };
struct engine_probe {
    int access[ENGINE_PATHS];
    bool reached[ENGINE_REACHED];
    char variable[ENGINE_NAMES]; /* not there, the request's own, set */
    struct str value[ENGINE_NAMES];
    bool secret[ENGINE_NAMES], provider[ENGINE_NAMES];
    struct core_limits limits;
};
void engine_probe(const struct core_grant *g, struct engine_probe *out);
/** What `b` permits and `a` does not, or NULL. */
const char *engine_wider(const struct engine_probe *a, const struct engine_probe *b);

#endif
