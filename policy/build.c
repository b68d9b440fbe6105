/*
 * Model to image: fills the sections one after the other and lays them out in one block. The tables
 * are in the order of rule ids, so that the order in which rules were written cannot matter. Called
 * by compile.c with a model that has no errors.
 */
#include "policy/build.h"

#include "core/catalogue.h"

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

void *build_alloc(struct builder *b, size_t count, size_t each)
{
    void *room = arena_array(b->arena, count ? count : 1, each);
    b->failed |= !room;
    return room;
}

void build_cells(struct builder *b, enum image_section section, const uint64_t *hashes, uint32_t n,
                 uint32_t *bits)
{
    *bits = 1;
    while (*bits < 30 && UINT32_C(1) << *bits < n)
        ++*bits;
    uint32_t count = UINT32_C(1) << *bits, row = 0;
    uint32_t *cells = buf_room(&b->section[section], (count + 1) * sizeof *cells);
    if (!cells) {
        b->failed = true;
        return;
    }
    for (uint32_t i = 0; i <= count; i++) {
        while (row < n && hash_cell(hashes[row], *bits) < i)
            row++;
        cells[i] = row;
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

static void digests(struct img_head *head, const uint8_t source[BASE_SHA256])
{
    uint8_t both[2 * BASE_SHA256];
    memcpy(head->source_digest, source, BASE_SHA256);
    memcpy(both, head->source_digest, BASE_SHA256);
    memcpy(both + BASE_SHA256, core_rules_digest, BASE_SHA256);
    base_sha256(both, sizeof both, head->digest);
    memcpy(head->rules_digest, core_rules_digest, BASE_SHA256);
}

static void build_scopes(struct builder *b)
{
    for (uint32_t i = 0; i < b->m->nscopes && !b->failed; i++) {
        const struct m_scope *s = &b->m->scopes[i];
        struct str *patterns = build_alloc(b, s->ncapabilities, sizeof *patterns);
        for (uint32_t k = 0; patterns && k < s->ncapabilities; k++)
            patterns[k] = s->capabilities[k].text;
        struct img_scope row = {build_str(b, s->name), build_list(b, &s->subjects), {0, 0}};
        if (patterns)
            row.capabilities = build_names(b, patterns, s->ncapabilities);
        build_row(b, IMAGE_scopes, &row, sizeof row);
    }
}

static struct policy_image *finish(struct builder *b)
{
    b->head.name = build_str(b, b->m->name);
    b->head.files = build_names(b, b->m->files, b->m->nfiles);
    b->head.version = b->m->version;
    b->head.default_level = b->m->default_level;
    b->head.default_limits = b->m->default_limits.limits;
    digests(&b->head, b->m->source_digest);
    build_row(b, IMAGE_head, &b->head, sizeof b->head);
    for (unsigned i = 0; i < IMAGE_SECTION_COUNT; i++) { /* before there are two images of it */
        free(b->pool[i].slot);
        b->pool[i] = (struct build_pool){0};
    }
    struct policy_image *image = b->failed ? NULL : image_lay_out(b->section);
    int rc = image ? policy_image_ready(image, NULL) : REEVE_ENOMEM;
    if (rc == REEVE_EPOLICY) /* each pattern compiled when it was read */
        build_too_many_patterns(b);
    return rc == REEVE_OK ? image : NULL;
}

struct policy_image *policy_build(const struct model *m, struct arena *arena,
                                  struct policy_report *report)
{
    struct builder b = {.m = m, .arena = arena, .report = report};
    for (unsigned i = 0; i < IMAGE_SECTION_COUNT; i++)
        buf_init(&b.section[i], (size_t)1 << 31);
    order_rules(&b);
    if (!b.failed)
        build_subjects(&b);
    if (!b.failed)
        build_scopes(&b);
    if (!b.failed)
        build_holds(&b);
    if (!b.failed)
        build_rules(&b);
    if (!b.failed)
        build_entities(&b);
    if (!b.failed)
        build_capabilities(&b);
    struct policy_image *image = finish(&b);
    for (unsigned i = 0; i < IMAGE_SECTION_COUNT; i++) {
        buf_fini(&b.section[i]);
        free(b.pool[i].slot);
    }
    if (!image && !report->errors)
        policy_report_memory(report);
    return image;
}
