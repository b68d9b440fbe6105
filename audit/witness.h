/*
 * The log's side of C2SP tlog-witness: ask a witness to cosign a checkpoint, with the proof that it
 * extends what the witness saw last. Knows no network: `post` carries bytes, in the command's
 * process. A witness that saw more, or another history, is a finding of the first rank: the log was
 * put back or rewritten.
 */
#ifndef AUDIT_WITNESS_H
#define AUDIT_WITNESS_H

#include "audit/cosign.h"
#include "audit/tree.h"

#define WITNESS_MAX_ANSWER (64u * 1024u)

struct witness_answer {
    int status; /* of HTTP */
    struct buf body;
};
struct witness_proof {
    unsigned n;
    uint8_t hash[TREE_MAX_EDGE][BASE_SHA256];
};

struct witness {
    struct cosign_key key;
    /** POST `body` to the witness's add-checkpoint; `out` is empty. An error: there is no answer.
     */
    int (*post)(void *arg, struct str body, struct witness_answer *out, struct reeve_error *err);
    /** The consistency proof from `from` to `to` records, 0 < from < to. */
    int (*grow)(void *arg, uint64_t from, uint64_t to, struct witness_proof *out,
                struct reeve_error *err);
    void *arg;
};

/**
 * Have `note`, a checkpoint of `size` records that was checked, cosigned: the cosignature is
 * appended to it. `*time_s` is the witness's time, seconds of Unix time. Asks at most four times.
 * REEVE_EVERIFY: the witness saw more than `size` records, or a history that this one does not
 * begin with, or its cosignature does not hold; REEVE_EPERM: it does not know or trust the log;
 * REEVE_EPROTO: another answer than the protocol has; what `post` and `grow` return.
 */
int witness_cosign(const struct witness *w, uint64_t size, struct buf *note, uint64_t *time_s,
                   struct reeve_error *err);

#endif
