/*
 * What can be asked of an image about what holds a request: approvals, obligations, labels,
 * budgets, masks, and its view of a capability. Thread-safe; texts are the image's.
 */
#include "policy/decide.h"

#define CHECK_INDEX(image, section_, index)                                                        \
    do {                                                                                           \
        if ((index) >= (image)->section[IMAGE_##section_].count)                                   \
            return false;                                                                          \
    } while (0)

bool policy_image_approval(const struct policy_image *image, uint32_t approval,
                           struct policy_approval *out)
{
    CHECK_INDEX(image, approvals, approval);
    const struct img_approval *a = &image_approvals(image)[approval];
    *out = (struct policy_approval){.need = a->need,
                                    .within_ns = a->within_ns,
                                    .covers = (enum policy_covers)a->covers,
                                    .by = image_str(image, a->by)};
    return true;
}

bool policy_image_obligation(const struct policy_image *image, uint32_t obligation,
                             struct policy_obligation *out)
{
    CHECK_INDEX(image, obligations, obligation);
    const struct img_obligation *o = &image_obligations(image)[obligation];
    *out = (struct policy_obligation){image_str(image, o->type), image_str(image, o->properties)};
    return true;
}

struct str policy_image_label(const struct policy_image *image, uint32_t label)
{
    const struct img_range *labels = &image_head(image)->labels;
    if (label >= labels->n)
        return (struct str){0};
    return image_str(image, image_names(image)[labels->first + label]);
}

#define X(id, name) name,
static const char *const shipped_effects[CORE_EFFECT_WORDS] = {CORE_EFFECT_BITS(X)};
#undef X

struct str policy_image_effect_word(const struct policy_image *image, uint32_t bit)
{
    const struct img_range *own = &image_head(image)->effects;
    if (bit < CORE_EFFECT_WORDS)
        return str_of(shipped_effects[bit]);
    if (bit - CORE_EFFECT_WORDS >= own->n)
        return (struct str){0};
    return image_str(image, image_names(image)[own->first + bit - CORE_EFFECT_WORDS]);
}

uint32_t policy_image_effect(const struct policy_image *image, struct str word)
{
    struct str known;
    for (uint32_t bit = 0; (known = policy_image_effect_word(image, bit)).p; bit++)
        if (str_eq(known, word))
            return bit;
    return POLICY_NONE;
}

bool policy_image_budget(const struct policy_image *image, uint32_t budget,
                         struct policy_budget *out)
{
    CHECK_INDEX(image, budgets, budget);
    const struct img_budget *b = &image_budgets(image)[budget];
    *out = (struct policy_budget){.id = image_str(image, b->id),
                                  .unit = image_str(image, b->unit),
                                  .per = (enum policy_per)b->per,
                                  .set = b->set};
    memcpy(out->max, b->max, sizeof out->max);
    memcpy(out->window_ns, b->window_ns, sizeof out->window_ns);
    return true;
}

bool policy_may_approve(const struct policy_image *image, uint32_t approval, struct str who,
                        const struct policy_request *req, const struct reeve_inputs_view *inputs)
{
    CHECK_INDEX(image, approvals, approval);
    if (!policy_subject_valid(who) || str_eq(who, req->subject))
        return false;
    for (uint32_t i = 0; i < inputs->nchain; i++)
        if (str_eq(who, inputs->chain[i].text))
            return false;
    struct eval_subject s = eval_subject_of(image, who);
    return eval_subject_rank(image, &s, image_approvals(image)[approval].subjects) > 0;
}

/* ---- capabilities ---- */

static const struct img_capability *find_exact(const struct policy_image *image, struct str id)
{
    const struct img_capability *all = image_capabilities(image);
    uint32_t low = 0, high = image_head(image)->nexact;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int c = str_cmp(image_str(image, all[middle].text), id);
        if (c == 0)
            return &all[middle];
        if (c < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

/* What a delegated file says of a capability holds for the subjects that it may be about: for `s`
 * NULL no such file says anything. */
static bool holds_for(const struct policy_image *image, const struct img_capability *e,
                      const struct eval_subject *s, struct str id)
{
    return e->scope == POLICY_NONE || (s && eval_may(image, s, id, e->scope));
}

static const struct img_capability *find_glob(const struct policy_image *image, struct str id,
                                              const struct eval_subject *s)
{
    const struct img_capability *all = image_capabilities(image);
    for (uint32_t i = image_head(image)->nexact; i < image->section[IMAGE_capabilities].count; i++)
        if (policy_capability_matches(image_str(image, all[i].text), id) &&
            holds_for(image, &all[i], s, id))
            return &all[i];
    return NULL;
}

/* An exact id, which what ships is, is more specific than any pattern. */
static const struct img_capability *find_own(const struct policy_image *image, struct str id,
                                             const struct eval_subject *s, bool ships)
{
    if (!image->section[IMAGE_capabilities].count)
        return NULL;
    const struct img_capability *e = find_exact(image, id);
    if (e && holds_for(image, e, s, id))
        return e;
    return ships ? NULL : find_glob(image, id, s);
}

/* An entry of the policy raises what ships, adds effects, and lowers only where it says so. */
static void apply_entry(const struct img_capability *e, struct policy_capability *out)
{
    bool replaces = !out->known || e->lowered;
    if (e->klass >= 0 && (replaces || e->klass > (int)out->klass))
        out->klass = (enum core_class)e->klass;
    if (e->effects_known)
        out->effects = replaces ? e->effects : out->effects | e->effects;
    out->known = true;
    out->cost = e->cost;
    out->mask = e->mask;
    out->nmask = e->nmask;
}

/* As it ships. */
static struct policy_capability shipped_as(const struct core_capability *shipped)
{
    return (struct policy_capability){.known = shipped != NULL,
                                      .klass = shipped ? shipped->klass : CORE_CLASS_DANGEROUS,
                                      .effects = shipped ? shipped->effects : 0,
                                      .scope = POLICY_NONE};
}

/* Its effects without what delegated files say of it. */
static uint32_t effects_without(const struct policy_image *image, struct str id,
                                const struct core_capability *shipped)
{
    struct policy_capability c = shipped_as(shipped);
    const struct img_capability *e = find_own(image, id, NULL, shipped != NULL);
    if (e)
        apply_entry(e, &c);
    return c.effects;
}

void eval_capability(const struct policy_image *image, const struct eval_subject *s, struct str id,
                     const struct core_capability *shipped, struct policy_capability *out)
{
    *out = shipped_as(shipped);
    const struct img_capability *e = find_own(image, id, s, shipped != NULL);
    if (e)
        apply_entry(e, out);
    out->outside = out->effects;
    if (e && e->scope != POLICY_NONE) {
        out->scope = e->scope;
        out->outside = effects_without(image, id, shipped);
    }
}

bool eval_has_schema(const struct policy_image *image, const struct eval_subject *s, struct str id)
{
    const struct img_capability *e = find_own(image, id, s, false);
    return e && e->args != POLICY_NONE;
}

int policy_image_schema(const struct policy_image *image, struct str subject, struct str id,
                        struct arena *arena, const struct core_capability **out, bool *delegated)
{
    struct eval_subject s = eval_subject_of(image, subject);
    const struct img_capability *e = find_own(image, id, &s, false);
    *out = NULL;
    *delegated = e && e->scope != POLICY_NONE;
    if (!e || e->args == POLICY_NONE)
        return REEVE_OK;
    struct core_capability *made = arena_alloc(arena, sizeof *made);
    struct core_arg *args = arena_array(arena, e->nargs ? e->nargs : 1, sizeof *args);
    struct str name = arena_str(arena, id);
    if (!made || !args || !name.p)
        return REEVE_ENOMEM;
    for (uint32_t i = 0; i < e->nargs; i++) {
        const struct img_arg *a = &image_args(image)[e->args + i];
        struct str fallback = arena_str(arena, image_str(image, a->fallback));
        struct str argument = arena_str(arena, image_str(image, a->name));
        if (!fallback.p || !argument.p)
            return REEVE_ENOMEM;
        args[i] = (struct core_arg){.name = argument.p,
                                    .type = (enum core_arg_type)a->type,
                                    .required = a->required,
                                    .fallback = fallback.n ? fallback.p : NULL};
    }
    *made =
        (struct core_capability){.id = name.p, .args = args, .nargs = e->nargs, .has_schema = true};
    *out = made;
    return REEVE_OK;
}
