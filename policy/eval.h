/*
 * What decide, grant and explain share: who asks, as the image knows them; conditions in three
 * values; templates. Pure functions of image and request; none allocates.
 */
#ifndef POLICY_EVAL_H
#define POLICY_EVAL_H

#include "policy/endpoint.h"
#include "policy/image.h"

/** Ordered so that `all` is the minimum, `any` the maximum and `not` the difference from true. */
enum tri { TRI_FALSE, TRI_UNKNOWN, TRI_TRUE };

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

/** An attribute of the request: a node, missing (null included), or unknown (its path goes through
 * no mapping). */
struct eval_value {
    enum { EVAL_THERE, EVAL_MISSING, EVAL_UNREACHABLE } state;
    const struct json_node *node; /* when there */
};
struct eval_value eval_attribute(const struct policy_image *image, const struct policy_request *req,
                                 uint32_t attribute);
/** The value of the condition tree whose root is at `at`. */
enum tri eval_condition(const struct policy_image *image, const struct policy_request *req,
                        uint32_t at);
/** What `"${args.NAME}"` stands for in this request: false unless it is one path in normal form. */
bool eval_template(const struct policy_image *image, const struct policy_request *req,
                   uint32_t attribute, struct str *out);
/** The subject's id as one segment of a path; false when it is none. */
bool eval_segment(const struct policy_request *req, struct str *out);
/** Host and port of the URL that an argument is; false when it is none. */
bool eval_endpoint(const struct policy_image *image, const struct policy_request *req,
                   uint32_t attribute, char host[POLICY_MAX_HOST], struct core_endpoint *out);
/** Whether every template of a grant can be filled in. */
bool eval_templates_hold(const struct policy_image *image, const struct policy_request *req,
                         uint32_t grant);
/** What the first template of a grant that cannot be filled in would have had to be; `failing` gets
 * the argument. */
enum eval_wanted { EVAL_NOTHING, EVAL_PATH, EVAL_SEGMENT, EVAL_URL };
enum eval_wanted eval_template_fails(const struct policy_image *image,
                                     const struct policy_request *req, uint32_t grant,
                                     uint32_t *failing);

/** Whether a rule's selector lets it match: effects, resource, time, shadow. */
bool eval_selects(const struct policy_image *image, const struct policy_request *req,
                  int64_t now_ns, uint32_t effects, bool shadow, const struct img_rule *rule);

bool eval_resource_fits(const struct policy_image *image, const struct policy_request *req,
                        const struct img_selector *s, bool permits);

/** The candidates for a capability id: at most one exact and one a prefix. Returns how many. */
#define EVAL_MAX_LOOKUPS (POLICY_MAX_SEGMENTS + 1u)
unsigned eval_lookups(const struct policy_image *image, struct str capability,
                      const struct img_lookup *out[EVAL_MAX_LOOKUPS]);

#endif
