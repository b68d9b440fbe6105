/*
 * What a verifier learns of the log's keys from its rows: rotations, and by which key a checkpoint
 * may have been signed that was kept. The newest key is given; all others follow from the rows that
 * its checkpoint vouches for. Called by verify.c.
 */
#ifndef AUDIT_VERIFY_KEYS_H
#define AUDIT_VERIFY_KEYS_H

#include "audit/note.h"
#include "audit/rotation.h"

struct verify_keys {
    struct note_key newest;
    bool rotated;
    uint64_t rotated_at; /* the last rotation, and the key that it entered */
    uint8_t last[AUDIT_PUBLIC_BYTES];
    struct str kept; /* p NULL: none */
    struct note_checkpoint checkpoint;
    bool kept_signed; /* by a key of the log's */
    struct reeve_error why_not;
};

/**
 * Begin with the newest key and the checkpoint that was kept (p NULL: none). One that this key did
 * not sign may be an older key's. REEVE_EFORMAT, REEVE_EVERIFY: it is no checkpoint of this log.
 */
int verify_keys_begin(struct verify_keys *k, const struct note_key *newest, struct str kept,
                      struct reeve_error *err);
/**
 * Take the rotation that stands at `seq`: whether both keys signed it, for this place, and it goes
 * on from the one before. REEVE_EVERIFY, REEVE_EFORMAT or REEVE_ENOMEM with why not.
 */
int verify_keys_take(struct verify_keys *k, struct str record, uint64_t seq,
                     struct reeve_error *err);
/** Whether the last rotation entered the newest key, or there was none. */
bool verify_keys_end(const struct verify_keys *k);

#endif
