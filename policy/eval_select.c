/*
 * What few rules select by beside subject, capability and condition: effects, resource, the time in
 * which they are valid, and whether they are shadows. Nothing of it is ever unknown.
 */
#include "policy/eval.h"

/* Without a resource, what permits does not match and what restricts does. */
bool eval_resource_fits(const struct policy_image *image, const struct policy_request *req,
                        const struct img_selector *s, bool permits)
{
    if (!s->nresources)
        return true;
    if (!req->resource.n)
        return !permits;
    const uint32_t *refs = image_refs(image) + s->resources;
    for (uint32_t i = 0; i < s->nresources; i++)
        if (policy_glob_matches(image_str(image, image_globs(image)[refs[i]].text), req->resource))
            return true;
    return false;
}

bool eval_selects(const struct policy_image *image, const struct policy_request *req,
                  int64_t now_ns, uint32_t effects, bool shadow, const struct img_rule *rule)
{
    const struct img_selector *s = &image_selectors(image)[rule->selector];
    bool permits = rule->effect == RULE_ALLOW || rule->effect == RULE_ASK;
    if (shadow ? s->replaced : s->shadow)
        return false;
    if (s->effects && !(s->effects & effects))
        return false;
    return now_ns >= s->from_ns && now_ns < s->until_ns &&
           eval_resource_fits(image, req, s, permits);
}
