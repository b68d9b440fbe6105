/*
 * A second evaluator, written to be obviously what the language says and not to be fast: it walks
 * the model as the parser left it (names unresolved), splits, sorts and copies as it likes, and
 * shares no code with the engine but the parser and the JSON reader. The random test holds the
 * engine against it.
 */
#ifndef POLICY_NAIVE_H
#define POLICY_NAIVE_H

#include "policy/model.h"

struct naive_answer {
    enum core_effect effect;
    char rule[160];
    enum core_level level;
    enum core_rank isolation;
    bool capped;
};
struct naive_answer naive_decide(const struct model *m, const struct policy_request *req,
                                 const struct reeve_inputs_view *inputs);

#endif
