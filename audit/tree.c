/*
 * RFC 6962 Merkle trees over leaf hashes. Nothing here reads a file or a clock; log, verifier,
 * receipts and keeper call it.
 */
#include "audit/tree.h"

#include <assert.h>

static void node_hash(const uint8_t left[BASE_SHA256], const uint8_t right[BASE_SHA256],
                      uint8_t out[BASE_SHA256])
{
    base_sha256_prefixed(0x01, left, BASE_SHA256, right, BASE_SHA256, out);
}

void tree_leaf_hash(const void *record, size_t n, uint8_t out[BASE_SHA256])
{
    base_sha256_prefixed(0x00, record, n, NULL, 0, out);
}

void tree_edge_init(struct tree_edge *e)
{
    e->size = 0;
    e->n = 0;
}

static void keep(struct tree_nodes *t, const uint8_t root[BASE_SHA256], uint64_t size)
{
    if (t && size >= TREE_CHUNK)
        buf_put(&t->roots, root, BASE_SHA256);
}

static void grow(struct tree_edge *e, struct tree_nodes *kept, const uint8_t root[BASE_SHA256],
                 uint64_t size)
{
    assert(e->n < TREE_MAX_EDGE && e->size <= UINT64_MAX - size && e->size % size == 0);
    memcpy(e->node[e->n++], root, BASE_SHA256);
    keep(kept, root, size);
    /* Each one bit at the low end of the old size is a complete subtree as large as the new one. */
    for (uint64_t old = e->size; old & size; size *= 2) {
        e->n--;
        node_hash(e->node[e->n - 1], e->node[e->n], e->node[e->n - 1]);
        keep(kept, e->node[e->n - 1], 2 * size);
    }
}

void tree_edge_push(struct tree_edge *e, const uint8_t root[BASE_SHA256], uint64_t size)
{
    grow(e, NULL, root, size);
    e->size += size;
}

void tree_edge_append(struct tree_edge *e, const uint8_t leaf[BASE_SHA256])
{
    tree_edge_push(e, leaf, 1);
}

void tree_nodes_append(struct tree_nodes *t, struct tree_edge *e, const uint8_t leaf[BASE_SHA256])
{
    grow(e, t, leaf, 1);
    e->size++;
}

/* Before the chunk `c` began, c chunks and all pairs of equal subtrees of them were complete. */
static uint64_t place(uint64_t from, uint64_t size)
{
    uint64_t last = (from + size) / TREE_CHUNK - 1;
    unsigned height = (unsigned)__builtin_ctzll(size / TREE_CHUNK);
    return 2 * last - (uint64_t)__builtin_popcountll(last) + height;
}

const uint8_t *tree_nodes_find(const struct tree_nodes *t, uint64_t from, uint64_t to,
                               uint64_t *size)
{
    uint64_t most = from < to ? to - from : 0;
    if (from && (from & -from) < most)
        most = from & -from;
    if (most < TREE_CHUNK)
        return NULL;
    for (*size = UINT64_C(1) << (63 - __builtin_clzll(most)); *size >= TREE_CHUNK; *size /= 2) {
        uint64_t at = place(from, *size);
        if (at < t->roots.len / BASE_SHA256)
            return (const uint8_t *)t->roots.data + at * BASE_SHA256;
    }
    return NULL;
}

void tree_edge_root(const struct tree_edge *e, uint8_t out[BASE_SHA256])
{
    if (e->n == 0) {
        base_sha256(NULL, 0, out);
        return;
    }
    memcpy(out, e->node[e->n - 1], BASE_SHA256);
    for (unsigned i = e->n - 1; i > 0; i--)
        node_hash(e->node[i - 1], out, out);
}

/* The largest power of two below `n`; `n` is at least 2. */
static uint64_t split(uint64_t n)
{
    return UINT64_C(1) << (63 - __builtin_clzll(n - 1));
}

static void reverse(struct tree_range *path, unsigned n)
{
    for (unsigned i = 0; i < n / 2; i++) {
        struct tree_range outer = path[i];
        path[i] = path[n - 1 - i];
        path[n - 1 - i] = outer;
    }
}

unsigned tree_path(uint64_t n, uint64_t index, struct tree_range path[TREE_MAX_EDGE])
{
    if (index >= n)
        return 0;
    uint64_t from = 0, to = n;
    unsigned depth = 0;
    while (to - from > 1) {
        uint64_t middle = from + split(to - from);
        bool left = index < middle;
        path[depth++] = left ? (struct tree_range){middle, to} : (struct tree_range){from, middle};
        if (left)
            to = middle;
        else
            from = middle;
    }
    reverse(path, depth);
    return depth;
}

/* From the root down to where the first `m` leaves end; what is beside that way is the proof. */
unsigned tree_consistency(uint64_t m, uint64_t n, struct tree_range path[TREE_MAX_EDGE])
{
    uint64_t from = 0, to = n;
    unsigned depth = 0;
    if (m == 0 || m >= n)
        return 0;
    while (m != to) {
        uint64_t middle = from + split(to - from);
        bool left = m <= middle;
        path[depth++] = left ? (struct tree_range){middle, to} : (struct tree_range){from, middle};
        if (left)
            to = middle;
        else
            from = middle;
    }
    if (from) /* else it is the old tree itself, whose root the verifier has */
        path[depth++] = (struct tree_range){from, to};
    reverse(path, depth);
    return depth;
}

bool tree_proof_holds(const uint8_t leaf[BASE_SHA256], uint64_t index, uint64_t size,
                      const uint8_t (*proof)[BASE_SHA256], unsigned nproof,
                      const uint8_t root[BASE_SHA256])
{
    if (index >= size)
        return false;
    uint64_t at = index, last = size - 1;
    uint8_t hash[BASE_SHA256];
    memcpy(hash, leaf, sizeof hash);
    for (unsigned i = 0; i < nproof; i++) {
        if (last == 0)
            return false;
        if ((at & 1) || at == last) {
            node_hash(proof[i], hash, hash);
            /* A node without a right sibling stands for itself on the levels above. */
            while (!(at & 1) && at != 0) {
                at >>= 1;
                last >>= 1;
            }
        } else {
            node_hash(hash, proof[i], hash);
        }
        at >>= 1;
        last >>= 1;
    }
    return last == 0 && base_equal_ct(hash, root, sizeof hash);
}

bool tree_consistency_holds(uint64_t m, const uint8_t old[BASE_SHA256], uint64_t n,
                            const uint8_t root[BASE_SHA256], const uint8_t (*proof)[BASE_SHA256],
                            unsigned nproof)
{
    uint8_t nothing[BASE_SHA256], from_old[BASE_SHA256], from_new[BASE_SHA256];
    if (m == 0) {
        base_sha256(NULL, 0, nothing);
        return nproof == 0 && base_equal_ct(old, nothing, sizeof nothing);
    }
    if (m >= n)
        return m == n && nproof == 0 && base_equal_ct(old, root, BASE_SHA256);
    bool whole = (m & (m - 1)) == 0; /* then the old root is a node, and is not repeated */
    if (!whole && nproof == 0)
        return false;
    const uint8_t *first = whole ? old : proof[0];
    memcpy(from_old, first, sizeof from_old);
    memcpy(from_new, first, sizeof from_new);
    uint64_t at = m - 1, last = n - 1;
    for (; at & 1; at >>= 1)
        last >>= 1;
    for (unsigned i = !whole; i < nproof; i++) {
        if (last == 0)
            return false;
        if ((at & 1) || at == last) {
            node_hash(proof[i], from_old, from_old);
            node_hash(proof[i], from_new, from_new);
            for (; !(at & 1) && at != 0; at >>= 1)
                last >>= 1;
        } else {
            node_hash(from_new, proof[i], from_new);
        }
        at >>= 1;
        last >>= 1;
    }
    return last == 0 && base_equal_ct(from_old, old, BASE_SHA256) &&
           base_equal_ct(from_new, root, BASE_SHA256);
}
