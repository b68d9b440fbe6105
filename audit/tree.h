/*
 * RFC 6962 trees of leaf hashes: a compact range that grows by appending (what the keeper holds),
 * roots, and inclusion proofs. Pure functions; no I/O. Used by log, verify, receipts and keeper.
 */
#ifndef AUDIT_TREE_H
#define AUDIT_TREE_H

#include "base/base.h"

#define TREE_MAX_EDGE 64

/** The roots of the complete subtrees of the first `size` leaves, largest first: popcount(size) of
 * them. */
struct tree_edge {
    uint64_t size;
    unsigned n;
    uint8_t node[TREE_MAX_EDGE][BASE_SHA256];
};
void tree_edge_init(struct tree_edge *e);
void tree_leaf_hash(const void *record, size_t n,
                    uint8_t out[BASE_SHA256]); /* SHA-256(0x00 ‖ record) */
void tree_edge_append(struct tree_edge *e, const uint8_t leaf[BASE_SHA256]);
/** Append a complete subtree of `size` leaves, a power of two that divides what the edge has. */
void tree_edge_push(struct tree_edge *e, const uint8_t root[BASE_SHA256], uint64_t size);
/** Root of the tree; SHA-256 of nothing when empty. */
void tree_edge_root(const struct tree_edge *e, uint8_t out[BASE_SHA256]);

/**
 * The roots of all complete subtrees of TREE_CHUNK leaves and more, in the order in which they
 * became complete: with them a proof needs the leaves of two chunks, however many there are.
 * 64 bytes for every TREE_CHUNK leaves; where memory or the buffer's bound is out no more are kept,
 * and what is missing must be made of its leaves.
 */
#define TREE_CHUNK 1024u
struct tree_nodes {
    struct buf roots;
};
/** tree_edge_append for an edge that has grown leaf by leaf, from none, with these nodes. */
void tree_nodes_append(struct tree_nodes *t, struct tree_edge *e, const uint8_t leaf[BASE_SHA256]);
/**
 * The root of the largest subtree kept that begins at leaf `from` and ends at or before `to`, and
 * its size; NULL when there is none. Good until the next append.
 */
const uint8_t *tree_nodes_find(const struct tree_nodes *t, uint64_t from, uint64_t to,
                               uint64_t *size);

/* A run of leaves, [from, to). */
struct tree_range {
    uint64_t from, to;
};
/**
 * The runs of leaves whose roots are the inclusion proof of `index` among `n` leaves, in the
 * proof's order: for a caller that reads its leaves one by one and cannot hold them. Their number,
 * at most 64; 0 when `index` is not below `n`.
 */
unsigned tree_path(uint64_t n, uint64_t index, struct tree_range path[TREE_MAX_EDGE]);
/**
 * The runs of leaves whose roots are the consistency proof from the first `m` leaves to the first
 * `n`, in the proof's order (RFC 6962 section 2.1.2). Their number, at most 64: 0 where `m` is 0 or
 * `n`, of which nothing needs to be proven.
 */
unsigned tree_consistency(uint64_t m, uint64_t n, struct tree_range path[TREE_MAX_EDGE]);
/** Whether a proof shows that the tree of `n` leaves and root `root` begins with that of `m` and
 * `old` (RFC 9162 section 2.1.4.2). A tree of no leaves is the beginning of any, with no proof. */
bool tree_consistency_holds(uint64_t m, const uint8_t old[BASE_SHA256], uint64_t n,
                            const uint8_t root[BASE_SHA256], const uint8_t (*proof)[BASE_SHA256],
                            unsigned nproof);
/** Whether a proof leads from leaf to root (RFC 9162 section 2.1.3.2). */
bool tree_proof_holds(const uint8_t leaf[BASE_SHA256], uint64_t index, uint64_t size,
                      const uint8_t (*proof)[BASE_SHA256], unsigned nproof,
                      const uint8_t root[BASE_SHA256]);

#endif
