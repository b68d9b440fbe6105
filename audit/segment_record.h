/*
 * The record that begins a file of the log: which file it goes on from, and the signed checkpoint
 * and the tree of all before, so that a file can be checked without those in front of it. Written
 * by log_seal.c, read by whoever checks.
 */
#ifndef AUDIT_SEGMENT_RECORD_H
#define AUDIT_SEGMENT_RECORD_H

#include "audit/audit.h"
#include "audit/note.h"

/**
 * Append the record of sequence `end->last` + 1, in canonical form. `put`, where it is not NULL,
 * adds what the owner says of itself. REEVE_ENOMEM; REEVE_EINTERNAL: `put` adds what is no JSON.
 */
int segment_record_write(const struct audit_segment_end *end, audit_segment_fn *put, void *arg,
                         struct buf *out, struct reeve_error *err);

struct segment_record {
    uint64_t first, last; /* of the file before */
    struct tree_edge edge;
    struct note_checkpoint checkpoint; /* without its origin; nobody looked at its signature */
};
/**
 * Read the record that stands at `seq`. REEVE_EFORMAT: it is none, or its parts do not fit
 * together: checkpoint and edge are of `seq` records and have one root, and `last` is `seq` - 1.
 */
int segment_record_read(struct str record, uint64_t seq, struct segment_record *out,
                        struct reeve_error *err);

#endif
