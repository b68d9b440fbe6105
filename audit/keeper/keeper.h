/*
 * The keeper's mind: which frame may come in which phase, and what it answers. No sockets and no
 * processes here (main.c has them), so that tests and fuzzers drive it in memory.
 */
#ifndef AUDIT_KEEPER_KEEPER_H
#define AUDIT_KEEPER_KEEPER_H

#include "audit/keeper/head.h"
#include "audit/note.h"
#include "core/frames.h"

#define KEEPER_MAX_EXPIRY_NS (60 * BASE_NS_PER_S)
/* Sequences stay exact as JSON numbers. */
#define KEEPER_MAX_SIZE (UINT64_C(1) << 53)

enum keeper_phase {
    KEEPER_IDLE,    /* the last batch was committed: a batch may come */
    KEEPER_ENTERED, /* a batch is in the head: only `committed` may come */
    KEEPER_ENDED,   /* refused: nothing may come */
};

/** Sends one frame to the owner; false when it cannot be sent, which ends the keeper. */
typedef bool keeper_send_fn(void *arg, const void *frame, size_t n);

struct keeper {
    enum keeper_phase phase;
    int dir_fd; /* where the keys are */
    struct audit_key key, next;
    struct keeper_rotation_record rotation; /* that enters `next`; no bytes: none is under way */
    struct str origin;
    uint8_t token_key[TOKEN_KEY_BYTES];
    char boot[BASE_BOOT_ID_MAX];
    int head_fd;
    struct head_key head_key;
    struct keeper_head head;
    struct token token[KEEPER_MAX_RELEASES]; /* of the entered batch, given after `committed` */
    uint32_t ntokens;
    uint32_t note_bytes; /* the checkpoint with that batch, which goes with the tokens */
    char note[NOTE_MAX_CHECKPOINT];
    keeper_send_fn *send;
    void *send_arg;
};

/* ---- rotate.c ---- */

/**
 * Load key.pem, and a successor that a crash left. `dir_fd` and `origin` are set. Not NONE: `err`
 * says why the keeper must refuse with it.
 */
enum keeper_refusal keeper_load_keys(struct keeper *k, struct reeve_error *err);
/**
 * Load the head of `head_fd`, and finish, keep pending or undo the rotation that a crash
 * interrupted.
 */
enum keeper_refusal keeper_load_head(struct keeper *k, struct reeve_error *err);
/** Make the key's successor, whose record is to stand at `seq`. */
enum keeper_refusal keeper_rotate(struct keeper *k, uint64_t seq, struct keeper_rotation *answer);
/** Whether a batch, which extends the head, holds the record of the rotation under way, if one is.
 */
bool keeper_batch_rotates(const struct keeper *k, const struct keeper_batch *b);
/** The successor becomes the key: the batch with its record is committed. */
int keeper_take_over(struct keeper *k, struct reeve_error *err);
void keeper_forget_rotation(struct keeper *k);

/* ---- keeper.c ---- */

/** Send KEEPER_STATE and be ready for frames. Everything but phase is set by the caller. */
bool keeper_begin(struct keeper *k);
/**
 * Take one frame of the owner, 8-byte aligned, `n` bytes as they came. `now_ns` is CLOCK_BOOTTIME.
 * False: the owner was refused (and told so) or is gone; the keeper must end.
 */
bool keeper_take(struct keeper *k, const void *frame, size_t n, int64_t now_ns);
/** Tell the owner why and be ended. Always false. `why` may be NULL. */
bool keeper_refuse(struct keeper *k, enum keeper_refusal reason, const struct reeve_error *why);

#endif
