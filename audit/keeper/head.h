/*
 * The keeper's head: what it last extended the tree to, in a file outside the database. Two slots
 * take turns, so that a torn write leaves the one before; each is there twice, so that damage to
 * one copy is no torn write; all is sealed with a key that only the keeper can derive.
 * docs/audit.md has the layout. Used by the keeper, and by the making of a new log for its first,
 * empty head.
 */
#ifndef AUDIT_KEEPER_HEAD_H
#define AUDIT_KEEPER_HEAD_H

#include "audit/key.h"
#include "audit/tree.h"
#include "core/frames.h"

#define HEAD_SLOT_BYTES  32768u
#define HEAD_COPIES      2u
#define HEAD_FILE_BYTES  (2 * HEAD_COPIES * HEAD_SLOT_BYTES)
#define HEAD_MARK_OFFSET (HEAD_SLOT_BYTES - 512u) /* a sector of its own */
#define HEAD_MAX_BATCH   (KEEPER_MAX_LEAVES + KEEPER_MAX_RELEASES)

/** The tree before the last batch, that batch, and the tree with it. */
struct keeper_head {
    uint64_t generation; /* batches so far; its low bit is the slot */
    struct tree_edge base, edge;
    uint32_t nleaves, nreleases;
    uint8_t leaf[HEAD_MAX_BATCH][BASE_SHA256];
    struct keeper_release_record release[KEEPER_MAX_RELEASES];
    bool committed;  /* the owner said that the batch is durable in the database */
    unsigned copies; /* of those that were written, how many were read whole */
};

/** What seals a head file. Whoever can write the file and has no key.pem cannot make one. */
struct head_key {
    uint8_t bytes[BASE_SHA256];
};
int head_key_of(const struct audit_key *key, struct head_key *out, struct reeve_error *err);

/** The bytes of a new log's head file: nothing signed yet. */
void head_first(const struct head_key *key, uint8_t out[HEAD_FILE_BYTES]);
/**
 * Read the newest slot that is whole and sealed with `key`. REEVE_ESTATE when there is none, or
 * when a mark tells of a later one that was committed; REEVE_EIO when the file cannot be read.
 */
int head_load(int fd, const struct head_key *key, struct keeper_head *out, struct reeve_error *err);
/** Write both copies of `h` into its slot, not committed, and make them durable. */
int head_store(int fd, const struct head_key *key, const struct keeper_head *h,
               struct reeve_error *err);
/**
 * Note that `committed` came for the generation that is in the file. Not synced: the next store is,
 * and until then only a power failure takes the mark back, which makes the batch unacknowledged.
 */
int head_mark(int fd, const struct head_key *key, const struct keeper_head *h,
              struct reeve_error *err);
/**
 * Write again what was found in one copy alone, so that the next damage finds two. The bytes are
 * the same, so the file is true all the while; a failure leaves it as it was.
 */
void head_mend(int fd, const struct head_key *key, struct keeper_head *h);

#endif
