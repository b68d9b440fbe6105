/*
 * Subjects and capabilities of a request against the image's tables: hash probes for what is exact,
 * short searches for the rest. Called by decide.c and explain.c.
 */
#include "policy/eval.h"

#include "policy/hash.h"

#define RANK_SHIFT 29u

static uint32_t cell_of(const struct policy_image *image, struct str subject)
{
    return hash_cell(hash_text(subject), image_head(image)->subject_bits);
}

uint32_t eval_subject_ask(const struct policy_image *image, struct str text)
{
    uint32_t cell = cell_of(image, text);
    __builtin_prefetch(&image_subject_cells(image)[cell]);
    return cell;
}

void eval_subject_reach(const struct policy_image *image, uint32_t cell)
{
    __builtin_prefetch(&image_subjects(image)[image_subject_cells(image)[cell]]);
}

struct eval_subject eval_subject_of(const struct policy_image *image, struct str text)
{
    uint32_t cell = cell_of(image, text);
    const uint32_t *cells = image_subject_cells(image) + cell;
    for (uint32_t i = cells[0]; i < cells[1]; i++) {
        const struct img_subject *row = &image_subjects(image)[i];
        if (str_eq(image_str(image, row->text), text))
            return (struct eval_subject){
                text, i, row->ngroups,
                row->ngroups <= IMAGE_NEAR_GROUPS ? row->near : image_refs(image) + row->first};
    }
    return (struct eval_subject){text, POLICY_NONE, 0, NULL};
}

static bool has_ref(const uint32_t *refs, uint32_t n, uint32_t wanted)
{
    uint32_t lo = 0, hi = n;
    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        if (refs[mid] < wanted)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < n && refs[lo] == wanted;
}

static bool glob_fits(const struct policy_image *image, uint32_t glob, struct str text)
{
    return policy_glob_matches(image_str(image, image_globs(image)[glob].text), text);
}

bool eval_in_group(const struct policy_image *image, const struct eval_subject *s, uint32_t group)
{
    const uint32_t *refs = image_refs(image);
    if (has_ref(s->groups, s->ngroups, group))
        return true;
    const struct img_group *g = &image_groups(image)[group];
    for (uint32_t i = 0; i < g->nglobs; i++)
        if (glob_fits(image, refs[g->first + i], s->text))
            return true;
    return false;
}

uint32_t eval_subject_rank(const struct policy_image *image, const struct eval_subject *s,
                           uint32_t at)
{
    const struct img_list *list = &image_lists(image)[at];
    const uint32_t *ids = image_refs(image) + list->first;
    const uint32_t *groups = ids + list->nids, *globs = groups + list->ngroups;
    if (s->index != POLICY_NONE && has_ref(ids, list->nids, s->index))
        return (uint32_t)SUBJECT_ID << RANK_SHIFT;
    for (uint32_t i = 0; i < list->ngroups; i++)
        if (eval_in_group(image, s, groups[i]))
            return (uint32_t)SUBJECT_GROUP << RANK_SHIFT;
    for (uint32_t i = 0; i < list->nglobs; i++)
        if (glob_fits(image, globs[i], s->text))
            return ((uint32_t)SUBJECT_GLOB << RANK_SHIFT) + image_globs(image)[globs[i]].literals;
    return list->anyone ? 1 : 0;
}

static bool level_fits(const struct policy_image *image, const struct eval_subject *s,
                       const struct img_level *l)
{
    switch (l->kind) {
    case SUBJECT_GROUP:
        return eval_in_group(image, s, l->value);
    case SUBJECT_GLOB:
        return glob_fits(image, l->value, s->text);
    default:
        return l->kind == SUBJECT_ANYONE;
    }
}

static const struct img_level *level_of_id(const struct policy_image *image, uint32_t subject)
{
    const struct img_level *levels = image_levels(image);
    uint32_t lo = 0, hi = image_head(image)->nlevel_ids;
    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        if (levels[mid].value < subject)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < image_head(image)->nlevel_ids && levels[lo].value == subject ? &levels[lo] : NULL;
}

const struct img_level *eval_level(const struct policy_image *image, const struct eval_subject *s)
{
    const struct img_level *levels = image_levels(image);
    const struct img_level *l = s->index == POLICY_NONE ? NULL : level_of_id(image, s->index);
    for (uint32_t i = image_head(image)->nlevel_ids; !l && i < image->section[IMAGE_levels].count;
         i++)
        if (level_fits(image, s, &levels[i]))
            l = &levels[i];
    return l;
}

uint32_t eval_entry_rank(const struct eval_scan *scan, const struct img_entry *e)
{
    if (e->who < IMAGE_WHO_GROUP)
        return (uint32_t)SUBJECT_ID << RANK_SHIFT;
    if (e->who < IMAGE_WHO_OTHER)
        return (uint32_t)SUBJECT_GROUP << RANK_SHIFT;
    return eval_subject_rank(scan->image, &scan->subject,
                             image_rules(scan->image)[e->rule].subjects);
}
