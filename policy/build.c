/*
 * Model to image: fills the sections one after the other and lays them out in one block. The tables
 * are in the order of rule ids, so that the order in which rules were written cannot matter. Called
 * by compile.c with a model that has no errors.
 */
#include "policy/build.h"

#include "core/catalogue.h"

#define ALIGNMENT 16u

uint32_t build_count(const struct builder *b, enum image_section section, size_t size)
{
    return (uint32_t)(b->section[section].len / size);
}

uint32_t build_row(struct builder *b, enum image_section section, const void *row, size_t size)
{
    uint32_t index = build_count(b, section, size);
    buf_put(&b->section[section], row, size);
    b->failed |= b->section[section].failed;
    return index;
}

struct img_str build_str(struct builder *b, struct str s)
{
    struct img_str out = {(uint32_t)b->section[IMAGE_bytes].len, (uint32_t)s.n};
    buf_str(&b->section[IMAGE_bytes], s);
    b->failed |= b->section[IMAGE_bytes].failed;
    return out;
}

void *build_alloc(struct builder *b, size_t count, size_t each)
{
    void *room = arena_array(b->arena, count ? count : 1, each);
    b->failed |= !room;
    return room;
}

void build_slots(struct builder *b, enum image_section section, const uint32_t *hashes, uint32_t n)
{
    uint32_t count = 2;
    while (count < 2 * n)
        count *= 2;
    struct img_slot *slots = buf_room(&b->section[section], count * sizeof *slots);
    if (!slots) {
        b->failed = true;
        return;
    }
    for (uint32_t i = 0; i < n; i++) {
        uint32_t at = image_slot_of(hashes[i], count - 1);
        while (slots[at].value1)
            at = (at + 1) & (count - 1);
        slots[at] = (struct img_slot){hashes[i], i + 1};
    }
}

static int by_id(const void *a, const void *b, void *arg)
{
    const struct model *m = arg;
    return str_cmp(m->rules[*(const uint32_t *)a].id, m->rules[*(const uint32_t *)b].id);
}

static void order_rules(struct builder *b)
{
    b->order = build_alloc(b, b->m->nrules, sizeof *b->order);
    if (!b->order)
        return;
    for (uint32_t i = 0; i < b->m->nrules; i++)
        b->order[i] = i;
    if (b->m->nrules > 1)
        qsort_r(b->order, b->m->nrules, sizeof *b->order, by_id, (void *)(uintptr_t)b->m);
}

#define X(name, type) sizeof(type),
static const size_t row_size[IMAGE_SECTION_COUNT] = {IMAGE_SECTIONS(X)};
#undef X

static size_t aligned(size_t n)
{
    return (n + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
}

static struct policy_image *lay_out(const struct builder *b)
{
    size_t size = aligned(sizeof(struct policy_image));
    for (unsigned i = 0; i < IMAGE_SECTION_COUNT; i++)
        size += aligned(b->section[i].len + 1);
    struct policy_image *image = aligned_alloc(ALIGNMENT, size);
    if (!image)
        return NULL;
    memset(image, 0, size);
    size_t at = aligned(sizeof *image);
    for (unsigned i = 0; i < IMAGE_SECTION_COUNT; i++) {
        image->section[i].offset = at;
        image->section[i].count = (uint32_t)(b->section[i].len / row_size[i]);
        if (b->section[i].len)
            memcpy((char *)image + at, b->section[i].data, b->section[i].len);
        at += aligned(b->section[i].len + 1);
    }
    return image;
}

static void digests(struct policy_image *image, struct str source)
{
    uint8_t both[2 * BASE_SHA256];
    base_sha256(source.p, source.n, image->source_digest);
    memcpy(both, image->source_digest, BASE_SHA256);
    memcpy(both + BASE_SHA256, core_rules_digest, BASE_SHA256);
    base_sha256(both, sizeof both, image->digest);
}

static struct policy_image *finish(struct builder *b, struct str source, const char *file)
{
    struct img_str name = build_str(b, b->m->name), where = build_str(b, str_of(file));
    struct policy_image *image = b->failed ? NULL : lay_out(b);
    if (!image)
        return NULL;
    atomic_init(&image->refs, 1);
    image->version = b->m->version;
    image->name = name;
    image->file = where;
    image->nlevel_ids = b->nlevel_ids;
    image->default_level = b->m->default_level;
    image->default_limits = b->m->default_limits.limits;
    image->labels = b->labels;
    image->masks = b->masks;
    image->nexact = b->nexact;
    image->nshadow = b->nshadow;
    digests(image, source);
    return image;
}

struct policy_image *policy_build(const struct model *m, struct str source, const char *file,
                                  struct arena *arena, struct policy_report *report)
{
    struct builder b = {.m = m, .arena = arena, .report = report};
    for (unsigned i = 0; i < IMAGE_SECTION_COUNT; i++)
        buf_init(&b.section[i], (size_t)1 << 31);
    order_rules(&b);
    if (!b.failed)
        build_subjects(&b);
    if (!b.failed)
        build_holds(&b);
    if (!b.failed)
        build_rules(&b);
    if (!b.failed)
        build_capabilities(&b);
    struct policy_image *image = finish(&b, source, file);
    for (unsigned i = 0; i < IMAGE_SECTION_COUNT; i++)
        buf_fini(&b.section[i]);
    if (!image && !report->errors)
        policy_report_memory(report);
    return image;
}
