/*
 * What decisions take for granted of what holds a request and of grants: that what asks has
 * somebody who approves, that what is recorded as it stands is JSON, that bits name what is there.
 * Called by image_check.c.
 */
#include "policy/image_check.h"

#include "core/catalogue.h"

static bool refs_to(const struct policy_image *image, struct img_range refs, uint32_t target)
{
    if ((uint64_t)refs.first + refs.n > image->section[IMAGE_refs].count)
        return false;
    for (uint32_t i = 0; i < refs.n; i++)
        if (image_refs(image)[refs.first + i] >= image->section[target].count)
            return false;
    return true;
}

static bool is_run(const struct policy_image *image, struct img_range rows, uint32_t target)
{
    return (uint64_t)rows.first + rows.n <= image->section[target].count;
}

/* Arguments alone: masks and templates look nowhere else. */
static bool are_arguments(const struct policy_image *image, struct img_range refs)
{
    if (!refs_to(image, refs, IMAGE_attributes))
        return false;
    for (uint32_t i = 0; i < refs.n; i++)
        if (image_attributes(image)[image_refs(image)[refs.first + i]].root != ROOT_ARGS)
            return false;
    return true;
}

static bool is_canonical(struct str text)
{
    auto_buf struct buf again = {0};
    return json_canonicalise(text, &again, NULL) == 0 && !again.failed &&
           str_eq(text, buf_view(&again));
}

static bool limits_good(const struct core_limits *l)
{
    return l->set >> CORE_LIMIT_COUNT == 0 && l->best_effort >> CORE_LIMIT_COUNT == 0;
}

/* Bits of effects that have words. */
static bool effects_good(const struct policy_image *image, uint32_t effects)
{
    return (uint64_t)effects >> (CORE_EFFECT_WORDS + image_head(image)->effects.n) == 0;
}

bool image_hold_head_good(const struct policy_image *image, const struct img_head *h)
{
    return limits_good(&h->default_limits) && h->masks.n <= POLICY_MAX_MASKS &&
           h->kinds >> RULE_KINDS == 0 && h->nexact <= image->section[IMAGE_capabilities].count &&
           h->labels.n <= 64 && is_run(image, h->labels, IMAGE_names) &&
           h->effects.n <= POLICY_MAX_OWN_EFFECTS && is_run(image, h->effects, IMAGE_names) &&
           are_arguments(image, h->masks) &&
           image->section[IMAGE_budgets].count <= POLICY_MAX_BUDGETS;
}

/* What asks or requires has a row that says how, and only a require cuts. */
static bool holds_as_it_says(const struct policy_image *image, const struct img_rule *r)
{
    const struct img_hold *h = image_hold_of(image, r);
    if (!h)
        return r->effect != RULE_ASK && r->effect != RULE_REQUIRE;
    if (r->effect == RULE_REQUIRE)
        return true;
    return h->within == POLICY_NONE && h->isolation == CORE_RANK_NONE &&
           (h->approval != POLICY_NONE) == (r->effect == RULE_ASK);
}

/* Rules ascend by their ids: which of two precedes is told by their indexes. */
bool image_rule_good(const struct policy_image *image, const struct img_rule *r)
{
    const struct img_head *h = image_head(image);
    const struct img_selector *s = image_selector_of(image, r);
    bool permits = r->effect == RULE_ALLOW || r->effect == RULE_ASK;
    if (r != image_rules(image) &&
        str_cmp(image_str(image, r[-1].id), image_str(image, r->id)) >= 0)
        return false;
    if (r->grant == POLICY_NONE
            ? r->isolation != CORE_RANK_NONE
            : !permits || r->isolation != image_grants(image)[r->grant].isolation)
        return false;
    return r->file < h->files.n && h->kinds >> r->effect & 1 && (!s || !s->shadow || h->nshadow) &&
           holds_as_it_says(image, r);
}

bool image_selector_good(const struct policy_image *image, const struct img_selector *s)
{
    return effects_good(image, s->effects) &&
           refs_to(image, (struct img_range){s->resources, s->nresources}, IMAGE_globs);
}

bool image_hold_good(const struct policy_image *image, const struct img_hold *h)
{
    const struct img_range *labels = &image_head(image)->labels;
    if (h->within != POLICY_NONE && image_grants(image)[h->within].templates)
        return false; /* what a require cuts to is the same for every request */
    return h->isolation < CORE_RANK_COUNT && h->scope <= image->section[IMAGE_scopes].count &&
           (labels->n == 64 || h->labels >> labels->n == 0) &&
           refs_to(image, (struct img_range){h->obligations, h->nobligations}, IMAGE_obligations);
}

bool image_approval_good(const struct policy_image *image, const struct img_approval *a)
{
    (void)image;
    return a->covers < POLICY_COVERS_COUNT && a->within_ns > 0 && a->need > 0;
}

bool image_obligation_good(const struct policy_image *image, const struct img_obligation *o)
{
    struct str properties = image_str(image, o->properties);
    return properties.n > 0 && properties.p[0] == '{' && is_canonical(properties);
}

bool image_budget_good(const struct policy_image *image, const struct img_budget *b)
{
    return b->file < image_head(image)->files.n && b->per < POLICY_PER_COUNT &&
           b->set >> POLICY_COUNTED_COUNT == 0 && is_run(image, b->capabilities, IMAGE_names);
}

bool image_capability_good(const struct policy_image *image, const struct img_capability *c)
{
    struct img_range args = {c->args, c->nargs};
    return effects_good(image, c->effects) && c->nmask <= POLICY_MAX_MASKS && c->klass >= -1 &&
           c->klass < (int)CORE_CLASS_COUNT &&
           are_arguments(image, (struct img_range){c->mask, c->nmask}) &&
           (c->args == POLICY_NONE ||
            (c->nargs <= CORE_MAX_ARGS && is_run(image, args, IMAGE_args)));
}

bool image_arg_good(const struct policy_image *image, const struct img_arg *a)
{
    return a->type < CORE_ARG_COUNT && a->required <= 1 && a->name.n > 0 &&
           (!a->fallback.n || is_canonical(image_str(image, a->fallback)));
}

/* Of paths and endpoints that are runs. */
static uint32_t templates_of(const struct policy_image *image, const struct img_grant *g)
{
    uint32_t n = 0;
    for (unsigned list = 0; list < PATHS_LISTS; list++) {
        const struct img_path *p = image_paths(image) + g->paths[list].first;
        for (uint32_t i = 0; i < g->paths[list].n; i++)
            n += p[i].attribute != POLICY_NONE || p[i].subject;
    }
    for (uint32_t i = 0; i < g->network.n; i++)
        n += image_endpoints(image)[g->network.first + i].attribute != POLICY_NONE;
    return n;
}

bool image_grant_good(const struct policy_image *image, const struct img_grant *g)
{
    bool good =
        g->isolation < CORE_RANK_COUNT && limits_good(&g->limits) && g->wrote >> REACH_COUNT == 0;
    for (unsigned i = 0; i < PATHS_LISTS; i++)
        good = good && is_run(image, g->paths[i], IMAGE_paths);
    return good && is_run(image, g->network, IMAGE_endpoints) &&
           g->templates == templates_of(image, g) &&
           is_run(image, g->environment, IMAGE_variables) && is_run(image, g->masks, IMAGE_names) &&
           is_run(image, g->secrets, IMAGE_names) && is_run(image, g->providers, IMAGE_names);
}

static bool is_argument(const struct policy_image *image, uint32_t attribute)
{
    return attribute == POLICY_NONE || image_attributes(image)[attribute].root == ROOT_ARGS;
}

bool image_path_good(const struct policy_image *image, const struct img_path *p)
{
    if (p->attribute != POLICY_NONE)
        return !p->subject && is_argument(image, p->attribute);
    struct str path = image_str(image, p->path);
    return core_path_is_normal(path) &&
           (p->subject < path.n ? !p->subject || path.p[p->subject] == '/' : p->subject == path.n);
}

bool image_endpoint_good(const struct policy_image *image, const struct img_endpoint *e)
{
    return e->port <= 65535 && is_argument(image, e->attribute);
}

bool image_variable_good(const struct policy_image *image, const struct img_variable *v)
{
    (void)image;
    return v->set <= 1 && v->name.n > 0;
}
