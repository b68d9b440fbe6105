/*
 * What the log itself reads out of a record: its sequence, whether it is a release or the end of
 * one, what is told of rows (`unacknowledged`, `erased`, `expired`, `unsigned`), and the plan that
 * a decision names. Everything else in a record is the broker's business.
 */
#ifndef AUDIT_RECORD_H
#define AUDIT_RECORD_H

#include "base/base.h"
#include "core/json.h"

/** Scratch for reading records one after the other; zero-initialised, for one thread. */
struct record_reader {
    char *text;
    struct json_node *nodes;
};
void record_reader_fini(struct record_reader *r);

#define RECORD_KIND_TABLE(X)                                                                       \
    X(RELEASE, "release")                                                                          \
    X(END, "end")                                                                                  \
    X(START, "start")                                                                              \
    X(DECISION, "decision")                                                                        \
    X(UNACKNOWLEDGED, "unacknowledged")                                                            \
    X(ERASED, "erased")                                                                            \
    X(UNSIGNED, "unsigned")                                                                        \
    X(ROTATION, "rotation")                                                                        \
    X(CLOCK, "clock")                                                                              \
    X(EXPIRED, "expired")                                                                          \
    X(SEGMENT, "segment")                                                                          \
    X(LOSS, "loss")
enum record_kind {
    RECORD_OTHER,
#define X(id, name) RECORD_##id,
    RECORD_KIND_TABLE(X)
#undef X
};
struct record_info {
    enum record_kind kind;
    uint64_t seq;
    bool has_release;
    uint64_t release;  /* of an end, or of its erasure: the sequence of the release that it ends */
    uint64_t from, to; /* of what tells of rows: which, inclusive; to < from: it does not say */
    bool beyond_crash; /* of `unsigned`: more than one crash leaves */
    /* Of a decision: */
    bool has_plan, plan_masked; /* masked: its bytes are not kept */
    uint8_t plan[BASE_SHA256];
};
/** A digest as records write it, "sha256:" and 64 hex digits. False: it is none. */
bool record_digest(struct str text, uint8_t out[BASE_SHA256]);
/**
 * Reads a record of at most AUDIT_MAX_RECORD bytes. REEVE_EFORMAT: not JSON that the log accepts,
 * or without a sequence; REEVE_ENOMEM.
 */
int record_read(struct record_reader *r, struct str record, struct record_info *out,
                struct reeve_error *err);

#endif
