/*
 * Cosignatures of witnesses on a log's checkpoints (C2SP tlog-cosignature, "cosignature/v1"): that
 * a witness saw this checkpoint at a time, and none that contradicts it. Reading and checking
 * alone; asking a witness is in witness.h. No I/O.
 */
#ifndef AUDIT_COSIGN_H
#define AUDIT_COSIGN_H

#include "audit/note.h"

/** A witness's verifier key. A type of its own, so that a log's key is never taken for one. */
struct cosign_key {
    struct note_key key; /* borrows its name */
};
/** Parses "name+hex id+base64(0x04 ‖ public key)". REEVE_EFORMAT says which part is wrong. */
int cosign_key_parse(struct str text, struct cosign_key *out, struct reeve_error *err);

/**
 * Check that a note has a cosignature of this witness. `*time_s`: when, in seconds of Unix time;
 * the latest of several. Lines of others are passed over. REEVE_EVERIFY: there is none, or one that
 * does not hold; REEVE_EFORMAT: not a note. Whether the log signed it is note_open's to say.
 */
int cosign_check(struct str note, const struct cosign_key *key, uint64_t *time_s,
                 struct reeve_error *err);
/**
 * Append to `note` those of a witness's signature `lines` that are this witness's. Each must hold
 * for the note's text, and there must be one: else `note` is as it was. The note was checked
 * before. REEVE_EVERIFY, REEVE_EFORMAT, REEVE_ENOMEM (no room in `note`).
 */
int cosign_add(struct buf *note, struct str lines, const struct cosign_key *key, uint64_t *time_s,
               struct reeve_error *err);

#endif
