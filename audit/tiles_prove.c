/*
 * Proofs of exported tiles, with no log at hand. Tiles are a stranger's: nothing is given that does
 * not lead to the signed root.
 */
#include "audit/tiles.h"

#include <inttypes.h>

/* The root of `count` hashes, a power of two, that lie in one tile from `at` on. */
static void fold(const uint8_t (*hash)[BASE_SHA256], unsigned count, uint8_t out[BASE_SHA256])
{
    struct tree_edge e;
    tree_edge_init(&e);
    for (unsigned i = 0; i < count; i++)
        tree_edge_append(&e, hash[i]);
    tree_edge_root(&e, out);
}

/* The root of the complete subtree of 2^height leaves from `from` on. */
static int subtree(const struct tiles_tree *t, uint64_t from, unsigned height,
                   uint8_t out[BASE_SHA256], struct reeve_error *err)
{
    uint8_t hash[TILES_WIDTH][BASE_SHA256];
    char path[TILES_PATH_MAX];
    unsigned level = height / 8;
    uint64_t at = from >> (8 * level), tile = at / TILES_WIDTH;
    uint64_t width = (t->size >> (8 * level)) - tile * TILES_WIDTH;
    if (width > TILES_WIDTH)
        width = TILES_WIDTH;
    tiles_path(level, tile, (unsigned)width, path);
    int rc = t->get(t->arg, path, hash[0], (size_t)width * BASE_SHA256, err);
    if (rc == 0)
        fold((const uint8_t(*)[BASE_SHA256])hash + at % TILES_WIDTH, 1u << height % 8, out);
    return rc;
}

/* Of a run that begins where a subtree of its size would. */
static int range_root(const struct tiles_tree *t, struct tree_range r, uint8_t out[BASE_SHA256],
                      struct reeve_error *err)
{
    struct tree_edge e;
    tree_edge_init(&e);
    for (uint64_t at = r.from; at < r.to; at = r.from + e.size) {
        uint8_t root[BASE_SHA256];
        unsigned height = 63u - (unsigned)__builtin_clzll(r.to - at);
        if (at && (unsigned)__builtin_ctzll(at) < height)
            height = (unsigned)__builtin_ctzll(at);
        int rc = subtree(t, at, height, root, err);
        if (rc)
            return rc;
        tree_edge_push(&e, root, UINT64_C(1) << height);
    }
    tree_edge_root(&e, out);
    return 0;
}

static int range_roots(const struct tiles_tree *t, const struct tree_range *path,
                       struct audit_proof *p, struct reeve_error *err)
{
    int rc = 0;
    for (unsigned i = 0; rc == 0 && i < p->n; i++)
        rc = range_root(t, path[i], p->hash[i], err);
    return rc;
}

static int not_signed(struct reeve_error *err)
{
    return base_fail(err, REEVE_EVERIFY, "the tiles do not lead to the signed root: changed");
}

static int growth(const struct tiles_tree *t, const uint8_t root[BASE_SHA256],
                  struct audit_proof *p, uint8_t old[BASE_SHA256], struct reeve_error *err)
{
    struct tree_range path[TREE_MAX_EDGE];
    p->n = tree_consistency(p->index, p->size, path);
    int rc = range_root(t, (struct tree_range){0, p->index}, old, err);
    if (rc == 0)
        rc = range_roots(t, path, p, err);
    if (rc)
        return rc;
    bool holds = tree_consistency_holds(p->index, old, p->size, root,
                                        (const uint8_t(*)[BASE_SHA256])p->hash, p->n);
    return holds ? 0 : not_signed(err);
}

/* The root of the first `size` records, which the signed tree begins with. */
static int root_of(const struct tiles_tree *t, uint64_t size, uint8_t out[BASE_SHA256],
                   struct reeve_error *err)
{
    struct audit_proof grown = {.index = size, .size = t->size};
    return growth(t, t->root, &grown, out, err);
}

static int inclusion(const struct tiles_tree *t, const uint8_t root[BASE_SHA256],
                     struct audit_proof *p, struct reeve_error *err)
{
    uint8_t leaf[BASE_SHA256];
    struct tree_range path[TREE_MAX_EDGE];
    p->n = tree_path(p->size, p->index, path);
    int rc = range_root(t, (struct tree_range){p->index, p->index + 1}, leaf, err);
    if (rc == 0)
        rc = range_roots(t, path, p, err);
    if (rc)
        return rc;
    bool holds = tree_proof_holds(leaf, p->index, p->size, (const uint8_t(*)[BASE_SHA256])p->hash,
                                  p->n, root);
    return holds ? 0 : not_signed(err);
}

int tiles_prove(const struct tiles_tree *t, enum audit_prove what, uint64_t index, uint64_t size,
                struct audit_proof *out, struct reeve_error *err)
{
    uint8_t root[BASE_SHA256], old[BASE_SHA256];
    bool record = what == AUDIT_PROVE_RECORD;
    size = size ? size : t->size;
    *out = (struct audit_proof){.index = index, .size = size};
    if (size > t->size)
        return base_fail(err, REEVE_ENOENT,
                         "the tiles are of %" PRIu64 " records: there is no tree of %" PRIu64,
                         t->size, size);
    if (record ? index >= size : index > size)
        return base_fail(err, REEVE_ENOENT, "there is no record %" PRIu64 " in a tree of %" PRIu64,
                         index, size);
    int rc = root_of(t, size, root, err);
    if (rc)
        return rc;
    return record ? inclusion(t, root, out, err) : growth(t, root, out, old, err);
}
