/*
 * What the log itself reads out of a record: its sequence, whether it is a release or the end of
 * one, what a start told of rows (`unacknowledged`, `unsigned`), and the plan that a decision
 * names. Everything else in a record is the broker's business.
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
    X(UNSIGNED, "unsigned")                                                                        \
    X(ROTATION, "rotation")
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
    uint64_t release;  /* of an end: the sequence of the release that it ends */
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

/**
 * Rows whose records are not kept, while nothing has told of them. One crash leaves a batch of
 * them, with what the keeper wrote whole (releases, a rotation), and the next start's records
 * follow at once; a second crash at that very moment makes leaves without records of those as well,
 * so a range can go on.
 */
struct record_holes {
    bool open;
    uint64_t first, last;
};
/**
 * Take the next row: what its record says, or NULL for a leaf alone. False when the record of
 * `holes->first` is gone and no start told of it: from then on nothing is open.
 */
bool record_holes_take(struct record_holes *holes, uint64_t seq, const struct record_info *info);

#endif
