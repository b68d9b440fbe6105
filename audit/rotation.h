/*
 * The record by which a log's key gives way to the next one: a signed note of both, in canonical
 * JSON of one fixed form. All in it follows from the log's name, the two keys and the sequence, so
 * the keeper makes the same bytes again after a crash. It writes (rotation.c), everyone else reads
 * (rotation_read.c).
 */
#ifndef AUDIT_ROTATION_H
#define AUDIT_ROTATION_H

#include "audit/note.h"
#include "core/frames.h"

/* The note's first line. No log has such a name, so that no checkpoint can be taken for one. */
#define ROTATION_TITLE "reeve log key rotation"

/** Make the record that enters `next` in the place of `old` at sequence `seq`. REEVE_EKEY. */
int rotation_write(struct str origin, uint64_t seq, const struct audit_key *old,
                   const struct audit_key *next, struct keeper_rotation_record *out,
                   struct reeve_error *err);
/** The note's text of such a record. */
void rotation_text(struct str origin, uint64_t seq, const uint8_t old[AUDIT_PUBLIC_BYTES],
                   const uint8_t next[AUDIT_PUBLIC_BYTES], struct buf *out);
/** The record around a signed note. */
void rotation_record(struct str origin, uint64_t seq, const uint8_t old[AUDIT_PUBLIC_BYTES],
                     const uint8_t next[AUDIT_PUBLIC_BYTES], struct str note, struct buf *out);

struct rotation {
    uint8_t old[AUDIT_PUBLIC_BYTES], next[AUDIT_PUBLIC_BYTES];
};
/**
 * Read the record that stands at `seq` of the log `origin`. REEVE_EFORMAT: it has not that form;
 * REEVE_EVERIFY: it is another log's or sequence's, or not signed by both keys.
 */
int rotation_read(struct str record, struct str origin, uint64_t seq, struct rotation *out,
                  struct reeve_error *err);

#endif
