/*
 * What the broker would know, from JSON: the `given` of a policy's tests, and of whoever asks a
 * policy without a broker. The broker itself does not call this: it knows.
 */
#ifndef POLICY_INPUTS_H
#define POLICY_INPUTS_H

#include "policy/request.h"

/**
 * Read `given`, an object with now, labels, spent, chain, flags, tool, bucket, depth, children,
 * peer and program, each as docs/policy.md has it (NULL: nothing is given). What it leaves out is
 * as of a request that no other one led to: no labels, parents or children, nothing spent, the
 * subject's own bucket; time, peer, flags and the tool's digest are unknown then. A caller whose
 * time counts sets `now_ns` and its bit of `known` where the bit is not set.
 *
 * `program` is put into the arguments of `asked`. `doc`, `asked` and `arena` must outlive `out`.
 * @return 0, REEVE_ENOMEM, or REEVE_EINVAL with what cannot be given: an unknown field, a label or
 * budget that the policy does not declare, a malformed value.
 */
int policy_inputs_read(const struct policy_image *image, const struct json_doc *doc,
                       const struct json_node *given, struct policy_asked *asked,
                       struct arena *arena, struct reeve_inputs_view *out, struct reeve_error *err);

#endif
