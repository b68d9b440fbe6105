/*
 * A decision as JSON, in the words in which policies and their tests are written: what `reeve
 * policy decide`, `explain` and `test` show. Amounts are texts in one form each ("60s" is always
 * "1m"), so that equal values have equal texts.
 */
#ifndef POLICY_DECISION_JSON_H
#define POLICY_DECISION_JSON_H

#include "policy/question.h"

/** Say also why: the sentence, how each rule that is about the request was judged, the nearest
 * miss.
 */
#define POLICY_JSON_EXPLAIN 1u

/**
 * Append a decided question as one canonical JSON object. Lists that are empty are there; what a
 * deny does not have (isolation, limits, network, grant) is not. REEVE_ENOMEM, or policy_grant's
 * errors.
 */
int policy_decision_json(const struct policy_question *q, unsigned flags, struct buf *out,
                         struct reeve_error *err);

/* ---- parts, each with its key, for records and for what a test expects ---- */

void policy_put_requires(const struct policy_image *image, const struct policy_list *l,
                         struct json_out *o);
void policy_put_approvals(const struct policy_image *image, const struct policy_list *l,
                          struct json_out *o);
void policy_put_obligations(const struct policy_image *image, const struct policy_list *l,
                            struct json_out *o);
void policy_put_labels(const struct policy_image *image, uint64_t bits, struct json_out *o);
/** What shadow rules would have made of it; nothing where that is the same. */
void policy_put_shadow(const struct policy_image *image, const struct policy_decision *d,
                       struct json_out *o);

/* Values alone. */

void policy_put_limits(struct json_out *o, const struct core_limits *limits);
void policy_put_duration(struct json_out *o, int64_t ns);
/** "name:443", "name:any" */
void policy_put_endpoint(struct json_out *o, struct str host, uint32_t port);
/** The word of enum policy_covers. */
struct str policy_covers_word(int covers);

#endif
