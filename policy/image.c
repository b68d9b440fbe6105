/*
 * An image's life and what can be asked of it: references, digests, names of rules. Thread-safe.
 */
#include "policy/image.h"

#include <sys/mman.h>

#include "policy/value_regex.h"

struct policy_image *policy_image_ref(struct policy_image *image)
{
    atomic_fetch_add_explicit(&image->refs, 1, memory_order_relaxed);
    return image;
}

void policy_image_unref(struct policy_image **image)
{
    struct policy_image *i = *image;
    *image = NULL;
    if (!i || atomic_fetch_sub_explicit(&i->refs, 1, memory_order_acq_rel) != 1)
        return;
    value_regexes_free(&i->regexes);
    (void)munmap((void *)(uintptr_t)i->bytes, i->size);
    free(i);
}

int policy_image_ready(struct policy_image *image, struct reeve_error *err)
{
    uint32_t n = image->section[IMAGE_regexes].count;
    auto_free struct str *patterns = calloc(n ? n : 1, sizeof *patterns);
    for (uint32_t i = 0; patterns && i < n; i++)
        patterns[i] = image_str(image, image_regexes(image)[i].pattern);
    int rc = patterns ? value_regexes_new(patterns, n, &image->regexes, err)
                      : base_fail(err, REEVE_ENOMEM, "no memory for regular expressions");
    if (rc != REEVE_OK)
        policy_image_unref(&image);
    return rc;
}

const uint8_t *policy_image_digest(const struct policy_image *image)
{
    return image_head(image)->digest;
}

const uint8_t *policy_image_source_digest(const struct policy_image *image)
{
    return image_head(image)->source_digest;
}

struct str policy_image_name(const struct policy_image *image)
{
    return image_str(image, image_head(image)->name);
}

int64_t policy_image_version(const struct policy_image *image)
{
    return image_head(image)->version;
}

struct policy_rule_info policy_image_rule(const struct policy_image *image, uint32_t rule)
{
    struct policy_rule_info info = {.file = image_file(image, 0)};
    if (rule < image->section[IMAGE_rules].count) {
        const struct img_rule *r = &image_rules(image)[rule];
        info.id = image_str(image, r->id);
        if (r->extra != POLICY_NONE)
            info.reason = image_str(image, image_extras(image)[r->extra].reason);
        info.line = r->line;
        info.file = image_file(image, r->file);
    } else if (rule - image->section[IMAGE_rules].count < image->section[IMAGE_budgets].count) {
        const struct img_budget *b =
            &image_budgets(image)[rule - image->section[IMAGE_rules].count];
        info.id = image_str(image, b->id);
        info.line = b->line;
        info.file = image_file(image, b->file);
    } else if (rule == POLICY_RULE_BOUND) {
        info.id = STR("reeve/bound");
        info.reason = STR("more rules hold this request than a decision can carry");
    } else if (rule == POLICY_RULE_CEILING) {
        info.id = STR("reeve/ceiling");
        info.reason = STR("a caller's ceiling is lower than what the policy permits");
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
