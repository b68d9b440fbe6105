/*
 * What decide, grant and explain share: who asks, as the image knows them; conditions in three
 * values; templates. Pure functions of image and request; none allocates.
 */
#ifndef POLICY_EVAL_H
#define POLICY_EVAL_H

#include "policy/view.h"

/** A request's subject in the image's terms: looked up once for each decision. */
struct eval_subject {
    struct str text;
    uint32_t index; /* in subjects; POLICY_NONE: the policy does not name it */
};
struct eval_subject eval_subject_of(const struct policy_image *image, struct str text);
bool eval_in_group(const struct policy_image *image, const struct eval_subject *s, uint32_t group);
/** How well a rule's subjects fit: 0 not at all, else greater for what precedes (id, group, longer
 * glob, anyone). */
uint32_t eval_subject_rank(const struct policy_image *image, const struct eval_subject *s,
                           const struct img_rule *rule);
/** The entry of `subjects` that holds, or NULL. */
const struct img_level *eval_level(const struct policy_image *image, const struct eval_subject *s);

/** What one decision is made of: passed to all that looks at values. */
struct eval {
    const struct policy_image *image;
    const struct policy_request *req;
    const struct reeve_inputs_view *inputs;
    struct eval_subject subject;
    enum core_level level; /* that holds: broker.level */
};

/** An attribute: a value, missing (null included), unknown since its path goes through no mapping,
 * or there and not of its declared type. */
struct eval_value {
    enum { EVAL_THERE, EVAL_MISSING, EVAL_UNREACHABLE, EVAL_MISTYPED } state;
    struct view view; /* where it is there, of whatever type */
};
struct eval_value eval_attribute(const struct eval *e, uint32_t attribute);
/** The value of the condition tree whose root is at `at`. */
enum tri eval_condition(const struct eval *e, uint32_t at);
/** The same, its nodes without an attribute judging `element`. */
enum tri eval_judge(const struct eval *e, uint32_t at, const struct view *element);
/** An operator on a value that is there (eval_ops.c). `operand` is none for those that have none.
 */
typedef enum tri eval_op_fn(const struct eval *e, uint32_t at, const struct view *v,
                            const struct view *operand);
extern eval_op_fn *const eval_ops[OP_COUNT];
/** In words: what an attribute is; what the condition at `at`, which is not true, wanted
 * (explain_when.c). */
void explain_value(const struct eval *e, uint32_t attribute, struct buf *out);
void explain_condition(const struct eval *e, uint32_t at, struct buf *out);
/** What `"${args.NAME}"` stands for in this request: false unless it is one path in normal form. */
bool eval_template(const struct policy_image *image, const struct policy_request *req,
                   uint32_t attribute, struct str *out);
/** Whether every template of a grant can be filled in. */
bool eval_templates_hold(const struct policy_image *image, const struct policy_request *req,
                         uint32_t grant);

/** The candidates for a capability id: at most one exact and one a prefix. Returns how many. */
#define EVAL_MAX_LOOKUPS (POLICY_MAX_SEGMENTS + 1u)
unsigned eval_lookups(const struct policy_image *image, struct str capability,
                      const struct img_lookup *out[EVAL_MAX_LOOKUPS]);

#endif
