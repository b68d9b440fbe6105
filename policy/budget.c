/*
 * Budgets: whether what a request would spend is still there. Pure arithmetic on what the broker
 * says has been spent; setting the share aside is the broker's.
 */
#include "policy/decide.h"

static bool counts(const struct deciding *d, const struct img_budget *b)
{
    if (!eval_subject_rank(d->image, &d->eval.subject, b->subjects) ||
        !eval_in_scope(&d->eval, b->scope))
        return false;
    const struct img_str *patterns = image_names(d->image) + b->capabilities.first;
    for (uint32_t i = 0; i < b->capabilities.n; i++)
        if (policy_capability_matches(image_str(d->image, patterns[i]), d->req->capability))
            return true;
    return b->capabilities.n == 0;
}

static void lower(uint64_t *value, const struct core_limits *l)
{
    if (l->set >> CORE_LIMIT_NETWORK_IO & 1 && l->value[CORE_LIMIT_NETWORK_IO] < *value)
        *value = l->value[CORE_LIMIT_NETWORK_IO];
}

/* What the run may send at most; CORE_UNLIMITED where nothing says. */
static uint64_t network_share(const struct deciding *d, const struct verdict *v)
{
    const struct policy_image *image = d->image;
    const struct img_grant *g = v->grant == POLICY_NONE ? NULL : &image_grants(image)[v->grant];
    const struct core_limits *defaults = &image_head(image)->default_limits;
    const struct core_limits *level = core_level_limits(v->level);
    uint64_t share = CORE_UNLIMITED, bit = UINT64_C(1) << CORE_LIMIT_NETWORK_IO;
    if (!v->everything && (!g || !g->network.n))
        return 0;
    if (g && g->limits.set & bit)
        lower(&share, &g->limits);
    else
        lower(&share, defaults->set & bit ? defaults : level);
    for (uint32_t i = 0; i < v->requires.n; i++) {
        uint32_t within = decide_hold(image, v->requires.v[i])->within;
        if (within != POLICY_NONE)
            lower(&share, &image_grants(image)[within].limits);
    }
    return share;
}

/* Whether the inputs mean the budget `budget` by `given`: another image's by its id. */
static bool means(const struct deciding *d, uint32_t given, uint32_t budget)
{
    if (d->spent_of == d->image)
        return given == budget;
    if (given >= d->spent_of->section[IMAGE_budgets].count)
        return false;
    const struct img_budget *a = &image_budgets(d->spent_of)[given],
                            *b = &image_budgets(d->image)[budget];
    return a->per == b->per && str_eq(image_str(d->spent_of, a->id), image_str(d->image, b->id));
}

/* Of a budget that the image in force has not, nothing has been spent. */
static bool is_new(const struct deciding *d, uint32_t budget)
{
    bool found = d->spent_of == d->image;
    for (uint32_t i = 0; !found && i < d->spent_of->section[IMAGE_budgets].count; i++)
        found = means(d, i, budget);
    return !found;
}

bool policy_spent_of(const struct deciding *d, uint32_t budget, unsigned counted, uint64_t *out)
{
    *out = 0;
    for (uint32_t i = 0; i < d->inputs->nspent; i++) {
        const struct policy_spent *s = &d->inputs->spent[i];
        if (s->counted == counted && s->link == d->link && means(d, s->budget, budget)) {
            *out = s->amount;
            return true;
        }
    }
    return d->inputs->spent_all || is_new(d, budget);
}

static bool is_nearly(uint64_t would, uint64_t max, uint32_t percent)
{
    return percent && (unsigned __int128)would * 100 >= (unsigned __int128)max * percent;
}

/* Whether one of the things that it counts is exhausted, or may be; notes when one is nearly. */
static bool judge_budget(const struct deciding *d, uint32_t index, uint64_t bytes, bool *warned)
{
    const struct img_budget *b = &image_budgets(d->image)[index];
    const uint64_t share[POLICY_COUNTED_COUNT] = {
        [POLICY_COUNTED_CALLS] = 1, [POLICY_COUNTED_NETWORK_OUT] = bytes};
    bool exhausted = false;
    for (unsigned i = 0; i < POLICY_COUNTED_COUNT; i++) {
        uint64_t spent, would;
        if (!(b->set >> i & 1))
            continue;
        if (!policy_spent_of(d, index, i, &spent) ||
            __builtin_add_overflow(spent, share[i], &would) || would > b->max[i])
            exhausted = true;
        else
            *warned |= is_nearly(would, b->max[i], b->warn_percent);
    }
    return exhausted;
}

void decide_budgets(const struct deciding *d, struct verdict *v)
{
    uint32_t n = d->image->section[IMAGE_budgets].count, asks = POLICY_NONE;
    uint32_t rules = d->image->section[IMAGE_rules].count;
    uint64_t bytes = n ? network_share(d, v) : 0;
    for (uint32_t i = 0; i < n; i++) {
        const struct img_budget *b = &image_budgets(d->image)[i];
        bool warned = false;
        if (!counts(d, b))
            continue;
        v->budgets |= UINT64_C(1) << i;
        if (judge_budget(d, i, bytes, &warned)) {
            if (b->approval == POLICY_NONE || !policy_list_add(&v->approvals, b->approval)) {
                v->effect = CORE_EFFECT_DENY;
                v->rule = rules + i;
                return;
            }
            asks = asks == POLICY_NONE ? rules + i : asks;
        } else if (warned) {
            v->warned |= UINT64_C(1) << i;
        }
    }
    if (asks != POLICY_NONE) {
        v->effect = CORE_EFFECT_ASK;
        v->rule = asks;
    }
}
