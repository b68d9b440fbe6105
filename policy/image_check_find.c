/*
 * Whether what an image has is found where decisions look for it: rows stand in the cells of their
 * hashes and pass the filter, what is searched by halves ascends, what counts first stands first,
 * and what a candidate repeats of its rule is what the rule says. A deny that no look-up finds
 * would be none. Called by image_check.c.
 */
#include "policy/image_check.h"

#include "policy/hash.h"

static bool directory_good(const struct policy_image *image, enum image_section cells,
                           uint32_t bits, enum image_section rows)
{
    const uint32_t *v = image->section[cells].at;
    uint32_t n = image->section[cells].count;
    if (bits < 1 || bits > 30 || n != (UINT32_C(1) << bits) + 1)
        return false;
    for (uint32_t i = 1; i < n; i++)
        if (v[i - 1] > v[i])
            return false;
    return v[0] == 0 && v[n - 1] == image->section[rows].count;
}

bool image_head_found(const struct policy_image *image)
{
    const struct img_head *h = image_head(image);
    uint32_t words = image->section[IMAGE_filter].count;
    return words >= HASH_BLOCK_WORDS && (words & (words - 1)) == 0 && h->others <= 1 &&
           h->files.n > 0 && directory_good(image, IMAGE_cells, h->cell_bits, IMAGE_entries) &&
           directory_good(image, IMAGE_subject_cells, h->subject_bits, IMAGE_subjects) &&
           directory_good(image, IMAGE_entity_cells, h->entity_bits, IMAGE_entities) &&
           h->nlevel_ids <= image->section[IMAGE_levels].count && h->default_level >= -1 &&
           h->default_level < (int32_t)CORE_LEVEL_COUNT;
}

/* ---- what ascends ---- */

/* Whether row `i` of a section is in the cell of its hash. */
static bool in_cell(const uint32_t *cells, uint32_t bits, uint64_t hash, uint32_t i)
{
    uint32_t cell = hash_cell(hash, bits);
    return cells[cell] <= i && i < cells[cell + 1];
}

static bool ascends(const uint32_t *refs, uint32_t n)
{
    for (uint32_t i = 1; i < n; i++)
        if (refs[i - 1] > refs[i])
            return false;
    return true;
}

static bool has(const uint32_t *refs, uint32_t n, uint32_t wanted)
{
    uint32_t low = 0, high = n;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (refs[middle] < wanted)
            low = middle + 1;
        else
            high = middle;
    }
    return low < n && refs[low] == wanted;
}

/* Longer globs precede. */
bool image_list_sorted(const struct policy_image *image, const struct img_list *l)
{
    const uint32_t *ids = image_refs(image) + l->first;
    const uint32_t *groups = ids + l->nids, *globs = groups + l->ngroups;
    for (uint32_t i = 1; i < l->nglobs; i++)
        if (image_globs(image)[globs[i - 1]].literals < image_globs(image)[globs[i]].literals)
            return false;
    return ascends(ids, l->nids) && ascends(groups, l->ngroups);
}

/* The first row of its text, whose groups are all that it is in. */
bool image_subject_found(const struct policy_image *image, const struct img_subject *s)
{
    struct str text = image_str(image, s->text);
    uint32_t i = (uint32_t)(s - image_subjects(image)), bits = image_head(image)->subject_bits;
    uint64_t hash = hash_text(text);
    if (!policy_subject_valid(text) || !in_cell(image_subject_cells(image), bits, hash, i))
        return false;
    for (uint32_t k = image_subject_cells(image)[hash_cell(hash, bits)]; k < i; k++)
        if (str_eq(image_str(image, image_subjects(image)[k].text), text))
            return false;
    const uint32_t *groups = image_refs(image) + s->first;
    for (uint32_t k = 0; k < s->ngroups; k++)
        if (groups[k] >= image->section[IMAGE_groups].count ||
            (k < IMAGE_NEAR_GROUPS && s->near[k] != groups[k]))
            return false;
    return ascends(groups, s->ngroups);
}

bool image_entity_found(const struct policy_image *image, const struct img_entity *e)
{
    return in_cell(image_entity_cells(image), image_head(image)->entity_bits,
                   hash_text(image_str(image, e->name)), (uint32_t)(e - image_entities(image)));
}

/* As entries of `subjects` precede each other. */
static bool precedes(const struct img_level *a, const struct img_level *b)
{
    if (a->kind != b->kind)
        return a->kind > b->kind;
    if (a->kind == SUBJECT_ID && a->value != b->value)
        return a->value < b->value;
    return a->literals != b->literals ? a->literals > b->literals : a->level <= b->level;
}

bool image_level_found(const struct policy_image *image, const struct img_level *l)
{
    static const int target[] = {[SUBJECT_ANYONE] = -1,
                                 [SUBJECT_GLOB] = IMAGE_globs,
                                 [SUBJECT_GROUP] = IMAGE_groups,
                                 [SUBJECT_ID] = IMAGE_subjects};
    uint32_t i = (uint32_t)(l - image_levels(image));
    if (l->file >= image_head(image)->files.n ||
        (target[l->kind] >= 0 && l->value >= image->section[target[l->kind]].count))
        return false;
    uint32_t literals = l->kind == SUBJECT_GLOB ? image_globs(image)[l->value].literals : 0;
    return l->literals == literals && (i == 0 || precedes(l - 1, l)) &&
           (l->kind == SUBJECT_ID) == (i < image_head(image)->nlevel_ids);
}

/* ---- the policy's own capabilities ---- */

bool image_capability_found(const struct policy_image *image, const struct img_capability *c)
{
    uint64_t key;
    struct str text = image_str(image, c->text);
    uint32_t i = (uint32_t)(c - image_capabilities(image)), nexact = image_head(image)->nexact;
    if (policy_capability_key(text, &key) || c->key != key ||
        policy_capability_is_exact(text) != (i < nexact))
        return false;
    if (i == 0 || i == nexact)
        return true;
    return i < nexact ? str_cmp(image_str(image, c[-1].text), text) < 0 : c[-1].key >= key;
}

/* ---- candidates ---- */

/* A condition of one part is that part. */
static uint32_t judged(const struct policy_image *image, uint32_t root)
{
    const struct img_condition *nodes = image_conditions(image);
    while (root != POLICY_NONE && nodes[root].op == OP_ALL && nodes[root].end > root + 1 &&
           nodes[root + 1].end == nodes[root].end)
        root++;
    return root;
}

/* A group all of whose members are named, or an id, of those that the rule is for. */
static bool who_good(const struct policy_image *image, const struct img_rule *r, uint32_t who)
{
    const struct img_list *l = &image_lists(image)[r->subjects];
    const uint32_t *ids = image_refs(image) + l->first;
    uint32_t index = who & IMAGE_WHO_INDEX;
    if (who == IMAGE_WHO_OTHER)
        return image_head(image)->others;
    if (who >= IMAGE_WHO_OTHER)
        return false;
    return who & IMAGE_WHO_GROUP
               ? has(ids + l->nids, l->ngroups, index) && !image_groups(image)[index].nglobs
               : has(ids, l->nids, index);
}

static uint32_t dots(struct str text)
{
    uint32_t n = 0;
    for (size_t i = 0; i < text.n; i++)
        n += text.p[i] == '.';
    return n;
}

/* An exact id, or the prefix of a pattern: with the rest of it, or with a tail that leaves none. */
static bool pattern_good(const struct policy_image *image, const struct img_entry *e,
                         struct str text)
{
    uint64_t key;
    if (text.n && text.p[text.n - 1] != '.')
        return e->pattern == POLICY_NONE && !policy_capability_key(text, &key) &&
               policy_capability_is_exact(text);
    if (e->pattern == POLICY_NONE)
        return dots(text) < POLICY_MAX_SEGMENTS;
    const struct img_pattern *p = &image_patterns(image)[e->pattern];
    struct str pattern = image_str(image, p->text);
    return !policy_capability_key(pattern, &key) && p->key == key &&
           !policy_capability_is_exact(pattern) && str_eq(policy_capability_prefix(pattern), text);
}

bool image_entry_good(const struct policy_image *image, const struct img_entry *e)
{
    const struct img_rule *r = &image_rules(image)[e->rule];
    uint32_t strength = r->isolation;
    if (r->grant != POLICY_NONE && image_grants(image)[r->grant].templates)
        strength |= IMAGE_TEMPLATES;
    if (image_selector_of(image, r))
        strength |= IMAGE_SELECTS;
    return (uint64_t)e->text + e->ntext <= image->section[IMAGE_bytes].count &&
           e->ntext <= POLICY_MAX_NAME && e->kind == r->effect && e->strength == strength &&
           e->condition == judged(image, r->condition) && who_good(image, r, e->who) &&
           pattern_good(image, e, (struct str){image_bytes(image) + e->text, e->ntext});
}

static bool is_of_pair(const struct img_entry *a, const struct img_entry *b)
{
    return a->who == b->who && a->text == b->text && a->ntext == b->ntext;
}

/* Where a look-up begins for this candidate's text and whom it is for. */
static uint32_t first_of_pair(const struct policy_image *image, const struct img_entry *e,
                              uint32_t cell)
{
    const struct img_entry *entries = image_entries(image);
    const char *bytes = image_bytes(image);
    uint32_t at = image_cells(image)[cell], end = image_cells(image)[cell + 1];
    while (at < end && !(entries[at].who == e->who && entries[at].ntext == e->ntext &&
                         base_same(bytes + entries[at].text, bytes + e->text, e->ntext)))
        at++;
    return at;
}

/* Those of a pair stand side by side in the order of their kinds: where the one before is of the
 * same pair, it was found, and so is this one. */
bool image_entry_found(const struct policy_image *image, const struct img_entry *e)
{
    const struct img_head *h = image_head(image);
    struct str id = {image_bytes(image) + e->text, e->ntext};
    bool exact = id.n && id.p[id.n - 1] != '.';
    uint64_t text = hash_text(id), who = hash_who(e->who), hash = text ^ who;
    uint32_t spread = e->who == IMAGE_WHO_OTHER ? UINT32_MAX : h->spread;
    uint32_t word = hash_filter_word(text, who, spread, image->section[IMAGE_filter].count);
    uint32_t i = (uint32_t)(e - image_entries(image));
    if (!(h->depths >> (exact ? POLICY_MAX_SEGMENTS : dots(id)) & 1) ||
        !hash_filter_has(image_filter(image)[word], hash) ||
        !in_cell(image_cells(image), h->cell_bits, hash, i))
        return false;
    if (i > 0 && is_of_pair(e - 1, e))
        return e[-1].kind <= e->kind;
    return first_of_pair(image, e, hash_cell(hash, h->cell_bits)) == i;
}
