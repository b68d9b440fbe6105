/* Tiles and bundles from rows in order. No I/O: whoever gives the function puts them somewhere. */
#include "audit/tiles.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#define MAX_ENTRY 65535u /* a bundle's lengths have 16 bits */

void tiles_path(unsigned level, uint64_t index, unsigned width, char out[TILES_PATH_MAX])
{
    char groups[TILES_PATH_MAX], folder[16], part[16] = "";
    size_t at = sizeof groups - 4;
    (void)snprintf(groups + at, 4, "%03u", (unsigned)(index % 1000));
    for (index /= 1000; index; index /= 1000) {
        char group[6];
        (void)snprintf(group, sizeof group, "x%03u/", (unsigned)(index % 1000));
        at -= 5;
        memcpy(groups + at, group, 5);
    }
    if (level == TILES_ENTRIES)
        (void)snprintf(folder, sizeof folder, "entries");
    else
        (void)snprintf(folder, sizeof folder, "%u", level);
    if (width < TILES_WIDTH)
        (void)snprintf(part, sizeof part, ".p/%u", width);
    (void)snprintf(out, TILES_PATH_MAX, "tile/%s/%s%s", folder, groups + at, part);
}

void tiles_init(struct tiles *t, tiles_put_fn *put, void *arg)
{
    *t = (struct tiles){.put = put, .arg = arg};
    tree_edge_init(&t->edge);
    buf_init(&t->bundle, TILES_WIDTH * (2u + MAX_ENTRY));
}

void tiles_fini(struct tiles *t)
{
    buf_fini(&t->bundle);
}

static int put_hashes(struct tiles *t, unsigned level, struct reeve_error *err)
{
    const struct tiles_level *l = &t->level[level];
    char path[TILES_PATH_MAX];
    tiles_path(level, l->index, l->n, path);
    return t->put(t->arg, path, (struct str){(const char *)l->hash, (size_t)l->n * BASE_SHA256},
                  err);
}

static void tile_root(const struct tiles_level *l, uint8_t out[BASE_SHA256])
{
    struct tree_edge e;
    tree_edge_init(&e);
    for (unsigned i = 0; i < l->n; i++)
        tree_edge_append(&e, l->hash[i]);
    tree_edge_root(&e, out);
}

/* A tile that is full is put, and its root goes into the tile above. */
static int add_hash(struct tiles *t, const uint8_t leaf[BASE_SHA256], struct reeve_error *err)
{
    uint8_t hash[BASE_SHA256];
    memcpy(hash, leaf, sizeof hash);
    for (unsigned level = 0; level < TILES_LEVELS; level++) {
        struct tiles_level *l = &t->level[level];
        memcpy(l->hash[l->n++], hash, sizeof hash);
        if (l->n < TILES_WIDTH)
            return 0;
        int rc = put_hashes(t, level, err);
        if (rc)
            return rc;
        tile_root(l, hash);
        if (level == 0)
            tree_edge_push(&t->edge, hash, TILES_WIDTH);
        l->n = 0;
        l->index++;
    }
    return 0;
}

static int put_bundle(struct tiles *t, uint64_t index, unsigned width, struct reeve_error *err)
{
    char path[TILES_PATH_MAX];
    int rc = 0;
    if (t->bundle.failed)
        return base_fail(err, REEVE_ENOMEM, "out of memory for a bundle of records");
    tiles_path(TILES_ENTRIES, index, width, path);
    if (!t->lacking)
        rc = t->put(t->arg, path, buf_view(&t->bundle), err);
    buf_reset(&t->bundle);
    t->lacking = false;
    return rc;
}

static int add_record(struct tiles *t, struct str record, const uint8_t leaf[BASE_SHA256],
                      struct reeve_error *err)
{
    uint8_t hash[BASE_SHA256];
    if (!record.p) {
        t->lacking = true;
        t->without_bytes++;
        return 0;
    }
    tree_leaf_hash(record.p, record.n, hash);
    if (record.n > MAX_ENTRY || memcmp(hash, leaf, sizeof hash) != 0)
        return base_fail(err, REEVE_EDAMAGED, "the leaf of record %" PRIu64 " is not its hash",
                         t->size);
    buf_byte(&t->bundle, (uint8_t)(record.n >> 8));
    buf_byte(&t->bundle, (uint8_t)(record.n & 0xff));
    buf_str(&t->bundle, record);
    return 0;
}

int tiles_add(struct tiles *t, struct str record, const uint8_t leaf[BASE_SHA256],
              struct reeve_error *err)
{
    int rc = add_record(t, record, leaf, err);
    if (rc == 0)
        rc = add_hash(t, leaf, err);
    if (rc)
        return rc;
    t->size++;
    return t->size % TILES_WIDTH ? 0 : put_bundle(t, t->size / TILES_WIDTH - 1, TILES_WIDTH, err);
}

void tiles_root(const struct tiles *t, uint8_t out[BASE_SHA256])
{
    struct tree_edge e = t->edge;
    for (unsigned i = 0; i < t->level[0].n; i++)
        tree_edge_append(&e, t->level[0].hash[i]);
    assert(e.size == t->size);
    tree_edge_root(&e, out);
}

int tiles_finish(struct tiles *t, struct reeve_error *err)
{
    unsigned rest = (unsigned)(t->size % TILES_WIDTH);
    int rc = rest ? put_bundle(t, t->size / TILES_WIDTH, rest, err) : 0;
    for (unsigned level = 0; rc == 0 && level < TILES_LEVELS; level++)
        if (t->level[level].n)
            rc = put_hashes(t, level, err);
    return rc;
}
