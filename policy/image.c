/*
 * An image's life and what can be asked of it: references, digests, names of rules. Thread-safe.
 */
#include "policy/image.h"

struct policy_image *policy_image_ref(struct policy_image *image)
{
    atomic_fetch_add_explicit(&image->refs, 1, memory_order_relaxed);
    return image;
}

void policy_image_unref(struct policy_image **image)
{
    if (*image && atomic_fetch_sub_explicit(&(*image)->refs, 1, memory_order_acq_rel) == 1)
        free(*image);
    *image = NULL;
}

const uint8_t *policy_image_digest(const struct policy_image *image)
{
    return image->digest;
}

const uint8_t *policy_image_source_digest(const struct policy_image *image)
{
    return image->source_digest;
}

struct str policy_image_name(const struct policy_image *image)
{
    return image_str(image, image->name);
}

int64_t policy_image_version(const struct policy_image *image)
{
    return image->version;
}

struct policy_rule_info policy_image_rule(const struct policy_image *image, uint32_t rule)
{
    struct policy_rule_info info = {.file = image_str(image, image->file)};
    if (rule < image->section[IMAGE_rules].count) {
        const struct img_rule *r = &image_rules(image)[rule];
        info.id = image_str(image, r->id);
        info.reason = image_str(image, r->reason);
        info.line = r->line;
    } else if (rule - image->section[IMAGE_rules].count < image->section[IMAGE_budgets].count) {
        const struct img_rule *r =
            &image_budgets(image)[rule - image->section[IMAGE_rules].count].who;
        info.id = image_str(image, r->id);
        info.line = r->line;
    } else if (rule == POLICY_RULE_BOUND) {
        info.id = STR("reeve/bound");
        info.reason = STR("more rules hold this request than a decision can carry");
    } else if (rule == POLICY_RULE_PURE) {
        info.id = STR("reeve/pure");
        info.reason = STR("level pure permits only what is of class pure");
    } else if (rule == POLICY_RULE_FULL) {
        info.id = STR("reeve/full");
        info.reason = STR("level full permits what no rule speaks of");
    } else {
        info.id = STR("reeve/default");
        info.reason = STR("nothing is permitted that no rule permits");
    }
    return info;
}
