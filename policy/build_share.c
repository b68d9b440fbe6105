/*
 * Equal texts, lists, conditions and grants are kept once: an image is smaller for it, and what
 * many rules share stays in the cache. One hash table for each section, of the runs of rows that it
 * holds.
 */
#include "policy/build.h"

#define MAX_ROW 256

struct rows {
    const char *p; /* the section's first row */
    size_t size, relative;
};

/* A row as it is compared: an index into its own section becomes a distance. */
static void normal_row(const struct rows *r, uint32_t first, uint32_t i, char out[MAX_ROW])
{
    memcpy(out, r->p + (size_t)(first + i) * r->size, r->size);
    if (r->relative == BUILD_NO_FIELD)
        return;
    uint32_t at;
    memcpy(&at, out + r->relative, sizeof at);
    at -= first;
    memcpy(out + r->relative, &at, sizeof at);
}

static bool is_plain(const struct rows *r)
{
    return r->relative == BUILD_NO_FIELD;
}

static uint64_t run_hash(const struct rows *r, struct build_run run)
{
    if (is_plain(r))
        return hash_text((struct str){r->p + run.first * r->size, run.n * r->size});
    uint64_t h = HASH_START;
    char row[MAX_ROW];
    for (uint32_t i = 0; i < run.n; i++) {
        normal_row(r, run.first, i, row);
        h = hash_mix(h ^ hash_text((struct str){row, r->size}), HASH_WORD);
    }
    return h;
}

static bool same_run(const struct rows *r, struct build_run a, struct build_run b)
{
    if (a.n != b.n)
        return false;
    if (is_plain(r))
        return memcmp(r->p + a.first * r->size, r->p + b.first * r->size, a.n * r->size) == 0;
    char x[MAX_ROW], y[MAX_ROW];
    for (uint32_t i = 0; i < a.n; i++) {
        normal_row(r, a.first, i, x);
        normal_row(r, b.first, i, y);
        if (memcmp(x, y, r->size) != 0)
            return false;
    }
    return true;
}

/* The slot of a run equal to `run`, or the empty one where it belongs. */
static struct build_run *find(const struct build_pool *pool, const struct rows *r,
                              struct build_run run)
{
    uint32_t mask = pool->cap - 1, at = (uint32_t)(run_hash(r, run) >> 32) & mask;
    while (pool->slot[at].n && !same_run(r, pool->slot[at], run))
        at = (at + 1) & mask;
    return &pool->slot[at];
}

static bool grow(struct builder *b, struct build_pool *pool, const struct rows *r)
{
    struct build_pool larger = {.cap = pool->cap ? 2 * pool->cap : 64, .used = pool->used};
    larger.slot = calloc(larger.cap, sizeof *larger.slot);
    if (!larger.slot) {
        b->failed = true;
        return false;
    }
    for (uint32_t i = 0; i < pool->cap; i++)
        if (pool->slot[i].n)
            *find(&larger, r, pool->slot[i]) = pool->slot[i];
    free(pool->slot);
    *pool = larger;
    return true;
}

uint32_t build_share(struct builder *b, enum image_section section, uint32_t first, size_t size,
                     size_t relative)
{
    struct build_pool *pool = &b->pool[section];
    struct buf *rows = &b->section[section];
    if (b->failed || size > MAX_ROW)
        return first;
    struct build_run run = {first, build_count(b, section, size) - first};
    struct rows r = {rows->data, size, relative};
    if (run.n == 0)
        return 0;
    if (2 * pool->used >= pool->cap && !grow(b, pool, &r))
        return first;
    struct build_run *slot = find(pool, &r, run);
    if (slot->n) {
        rows->len = first * size;
        return slot->first;
    }
    *slot = run;
    pool->used++;
    return first;
}

struct img_str build_str(struct builder *b, struct str s)
{
    uint32_t first = (uint32_t)b->section[IMAGE_bytes].len;
    buf_str(&b->section[IMAGE_bytes], s);
    b->failed |= b->section[IMAGE_bytes].failed;
    return (struct img_str){build_share(b, IMAGE_bytes, first, 1, BUILD_NO_FIELD), (uint32_t)s.n};
}
