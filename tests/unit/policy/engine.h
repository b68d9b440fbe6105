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

#endif
