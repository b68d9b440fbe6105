/*
 * What few rules select by beside subject, capability and condition: effects, resource, the time in
 * which they are valid, whether they are shadows, and what a delegated file may be about. Nothing
 * of it is ever unknown.
 */
#include "policy/eval.h"

/* Without a resource, what permits does not match and what restricts does. */
bool eval_resource_fits(const struct eval *e, const struct img_selector *s, bool permits)
{
    if (!s->nresources)
        return true;
    if (!e->req->resource.n)
        return !permits;
    const uint32_t *refs = image_refs(e->image) + s->resources;
    for (uint32_t i = 0; i < s->nresources; i++)
        if (policy_glob_matches(image_str(e->image, image_globs(e->image)[refs[i]].text),
                                e->req->resource))
            return true;
    return false;
}

bool eval_may(const struct policy_image *image, const struct eval_subject *s, struct str capability,
              uint32_t scope)
{
    if (scope == POLICY_NONE)
        return true;
    const struct img_scope *may = &image_scopes(image)[scope];
    const struct img_str *patterns = image_names(image) + may->capabilities.first;
    bool fits = false;
    for (uint32_t i = 0; i < may->capabilities.n && !fits; i++)
        fits = policy_capability_matches(image_str(image, patterns[i]), capability);
    return fits && eval_subject_rank(image, s, may->subjects) > 0;
}

bool eval_in_scope(const struct eval *e, uint32_t scope)
{
    return eval_may(e->image, &e->subject, e->req->capability, scope);
}

bool eval_effect_fits(const struct eval_effects *effects, const struct img_selector *s,
                      bool permits)
{
    bool own = s->scope == effects->scope;
    uint32_t permitted = own ? effects->permitted : effects->outside;
    uint32_t restricted = own ? effects->restricted : effects->restricted_outside;
    return !s->effects || s->effects & (permits ? permitted : restricted);
}

bool eval_selects(const struct eval *e, const struct eval_effects *effects, bool shadow,
                  const struct img_rule *rule)
{
    const struct img_selector *s = image_selector_of(e->image, rule);
    bool permits = rule->effect == RULE_ALLOW || rule->effect == RULE_ASK;
    if (!s)
        return true;
    if (shadow ? s->replaced : s->shadow)
        return false;
    return eval_effect_fits(effects, s, permits) && e->inputs->now_ns >= s->from_ns &&
           e->inputs->now_ns < s->until_ns && eval_resource_fits(e, s, permits) &&
           eval_in_scope(e, s->scope);
}
