/*
 * What a permitted run may have: the chosen rule's grant with its templates filled in, the policy's
 * default limits, the level's own, in this order. Called once for each run, after policy_decide.
 */
#include "policy/eval.h"

#include "core/catalogue.h"

/* Limits that `out` lacks come from `from`; best effort is for a grant alone to give. */
static void inherit(struct core_limits *out, const struct core_limits *from)
{
    for (unsigned i = 0; i < CORE_LIMIT_COUNT; i++) {
        uint32_t bit = 1u << i;
        if (out->set & bit || !(from->set & bit))
            continue;
        out->value[i] = from->value[i];
        out->set |= bit;
    }
}

static int out_of_memory(struct reeve_error *err)
{
    return base_fail(err, REEVE_ENOMEM, "no memory for a grant");
}

static int copy_paths(const struct policy_image *image, const struct policy_request *req,
                      uint32_t first, uint32_t n, struct arena *arena, const struct str **out,
                      const bool **literal, struct reeve_error *err)
{
    struct str *paths = arena_array(arena, n ? n : 1, sizeof *paths);
    bool *from_request = arena_array(arena, n ? n : 1, sizeof *from_request);
    if (!paths || !from_request)
        return out_of_memory(err);
    for (uint32_t i = 0; i < n; i++) {
        const struct img_path *p = &image_paths(image)[first + i];
        struct str path = image_str(image, p->path);
        if (p->attribute != POLICY_NONE && !eval_template(image, req, p->attribute, &path))
            return base_fail(err, REEVE_EINVAL,
                             "a template of the grant does not stand for one path in this request");
        from_request[i] = p->attribute != POLICY_NONE;
        paths[i] = arena_str(arena, path);
        if (!paths[i].p)
            return out_of_memory(err);
    }
    *out = paths;
    *literal = from_request;
    return REEVE_OK;
}

static int chosen(const struct policy_image *image, const struct policy_request *req,
                  uint32_t grant, struct arena *arena, struct core_grant *out,
                  struct reeve_error *err)
{
    const struct img_grant *g = &image_grants(image)[grant];
    out->limits = g->limits;
    const bool *hide_literal; /* a hide is followed wherever it leads */
    int rc = copy_paths(image, req, g->read, g->nread, arena, &out->read, &out->read_literal, err);
    if (rc == REEVE_OK)
        rc = copy_paths(image, req, g->hide, g->nhide, arena, &out->hide, &hide_literal, err);
    out->nread = g->nread;
    out->nhide = g->nhide;
    return rc;
}

int policy_grant(const struct policy_image *image, const struct policy_request *req,
                 const struct policy_decision *d, struct arena *arena, struct core_grant *out,
                 struct reeve_error *err)
{
    if (d->effect != CORE_EFFECT_ALLOW)
        return base_fail(err, REEVE_EINVAL, "only an allow has a grant");
    if (d->grant != POLICY_NONE && d->grant >= image->section[IMAGE_grants].count)
        return base_fail(err, REEVE_EINVAL, "the decision is not of this policy");
    struct core_grant made = {.isolation = d->isolation, .everything = d->rule == POLICY_RULE_FULL};
    if (d->grant != POLICY_NONE) {
        int rc = chosen(image, req, d->grant, arena, &made, err);
        if (rc != REEVE_OK)
            return rc;
    }
    inherit(&made.limits, &image_head(image)->default_limits);
    inherit(&made.limits, core_level_limits(d->level));
    *out = made;
    return REEVE_OK;
}
