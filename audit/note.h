/*
 * C2SP signed notes and the checkpoints inside them (signed-note, tlog-checkpoint), with Ed25519
 * keys. A note's text means nothing before note_open said that its signature holds. No I/O.
 */
#ifndef AUDIT_NOTE_H
#define AUDIT_NOTE_H

#include "audit/key.h"

#define NOTE_MAX_BYTES      (128u * 1024u) /* room for the cosignatures of many witnesses */
#define NOTE_MAX_SIGNATURES 64u
#define NOTE_MAX_NAME       255u
#define NOTE_MAX_CHECKPOINT 1024u /* one that this log signs: its name twice, and fixed parts */

/** A verifier key; `name` is borrowed from the text that it was parsed from. */
struct note_key {
    struct str name;
    uint8_t id[4];
    uint8_t pub[AUDIT_PUBLIC_BYTES];
};

/* What a verifier key checks, its type in C2SP signed-note. */
enum note_key_type { NOTE_ED25519 = 0x01, NOTE_COSIGNATURE = 0x04 };

/**
 * Whether `name` may name a key and a log: 1 to 255 bytes of UTF-8 without control characters,
 * Unicode spaces and plus signs.
 */
bool note_name_ok(struct str name);
/** The key's id: the first four bytes of SHA-256(name ‖ 0x0A ‖ 0x01 ‖ public key). */
void note_key_id(struct str name, const uint8_t pub[AUDIT_PUBLIC_BYTES], uint8_t id[4]);
/** Appends "name+hex id+base64(0x01 ‖ public key)". */
void note_key_format(struct str name, const uint8_t pub[AUDIT_PUBLIC_BYTES], struct buf *out);
/** Parses such a text (no newline). REEVE_EFORMAT says which part is wrong. */
int note_key_parse(struct str text, struct note_key *out, struct reeve_error *err);
/** The same of a key of another type. */
int note_key_parse_as(struct str text, enum note_key_type type, struct note_key *out,
                      struct reeve_error *err);

/** Appends `text` (which ends with a newline), the blank line and a signature under `name`. */
int note_sign(struct str text, struct str name, const struct audit_key *key, struct buf *out,
              struct reeve_error *err);
/** Appends the signature of one key more to a note of the same `text`. */
int note_sign_more(struct str text, struct str name, const struct audit_key *key, struct buf *out,
                   struct reeve_error *err);
/**
 * Check a note under one key and give its text, borrowed from `note`. Signatures of other keys are
 * passed over; one of this key that does not hold, or none of it, is REEVE_EVERIFY. REEVE_EFORMAT:
 * not a note.
 */
int note_open(struct str note, const struct note_key *key, struct str *text,
              struct reeve_error *err);

struct note_checkpoint {
    struct str origin; /* borrowed */
    uint64_t size;
    uint8_t root[BASE_SHA256];
};
/** Appends the signed checkpoint, under the origin's own name. */
int note_checkpoint_sign(const struct note_checkpoint *c, const struct audit_key *key,
                         struct buf *out, struct reeve_error *err);
/** Parses a note's text as a checkpoint; extension lines are passed over. */
int note_checkpoint_parse(struct str text, struct note_checkpoint *out, struct reeve_error *err);
/** The text of a signed note, whoever signed it and whether or not that holds: for what a trusted
 * process said a moment ago. REEVE_EFORMAT. */
int note_text(struct str note, struct str *text, struct reeve_error *err);
/** note_open and note_checkpoint_parse; the origin must be the key's name (REEVE_EVERIFY). */
int note_checkpoint_open(struct str note, const struct note_key *key, struct note_checkpoint *out,
                         struct reeve_error *err);

/** Parts of a signature line, "— name base64", borrowed; the base64 is not looked at. */
bool note_signature(struct str line, struct str *name, struct str *base64);
/** Takes the first line of `rest` without its newline; false when no newline is left. */
bool note_line(struct str *rest, struct str *line);
/** An ASCII decimal without leading zeroes that fits 64 bits. */
bool note_decimal(struct str s, uint64_t *out);

#endif
