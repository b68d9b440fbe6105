/*
 * One request asked of an image without a broker: its texts read, decided, and kept together for
 * who wants to know more of it. Used by tests of policies and by the tools; the broker has its own
 * way, since it knows what is only given here.
 */
#ifndef POLICY_QUESTION_H
#define POLICY_QUESTION_H

#include "policy/inputs.h"

/** Points into itself: not copied. */
struct policy_question {
    const struct policy_image *image; /* borrowed */
    struct arena arena;
    struct json_text request_text, given_text;
    struct policy_asked asked;
    struct reeve_inputs_view inputs;
    struct policy_decision decision;
};
/**
 * Read and decide a request. `given` (n 0: nothing) is as inputs.h has it; what it does not say of
 * the time is `now_ns`, or, where that is 0, not known. The caller closes `q` in any case.
 * REEVE_EINVAL: what request or inputs may not say; REEVE_EFORMAT: no JSON; REEVE_ENOMEM.
 */
int policy_question_ask(const struct policy_image *image, struct str request, struct str given,
                        int64_t now_ns, struct policy_question *q, struct reeve_error *err);
void policy_question_close(struct policy_question *q);
#define auto_question __attribute__((cleanup(policy_question_close)))

#endif
