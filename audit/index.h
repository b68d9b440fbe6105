/*
 * The derived index: a database beside the log that finds records. It may lag, says up to which
 * sequence it is, is made again from the log at any time, and is never evidence: whoever asks it
 * reads the records that it names from the log.
 */
#ifndef AUDIT_INDEX_H
#define AUDIT_INDEX_H

#include "audit/query.h"

#define AUDIT_INDEX_NAME "index.db"

struct audit_index;

/**
 * Open for writing the index of a log called `origin`, in the folder `dir`; one that is absent,
 * damaged, of another log or of another version is begun anew. One writer; REEVE_EIO.
 */
int audit_index_open(const char *dir, struct str origin, struct audit_index **out,
                     struct reeve_error *err);
/** For asking only, of how it is at this moment; `*out` NULL where there is none that can be used:
 * that is no error. */
void audit_index_look(const char *dir, struct str origin, struct audit_index **out);
void audit_index_close(struct audit_index **index);
/** Take its files away, which nobody has open for writing. REEVE_EIO. */
int audit_index_remove(const char *dir, struct reeve_error *err);
/** Forget all of it. */
int audit_index_clear(struct audit_index *index, struct reeve_error *err);

/** One past the last record that it knows, and that record's leaf hash (nothing while it is 0). */
uint64_t audit_index_through(const struct audit_index *index, uint8_t leaf[BASE_SHA256]);

/** Several records are one transaction; what was not finished is not there. */
int audit_index_begin(struct audit_index *index, struct reeve_error *err);
/** The next record; p NULL where its bytes are not kept. */
int audit_index_take(struct audit_index *index, uint64_t seq, struct str record,
                     const uint8_t leaf[BASE_SHA256], struct reeve_error *err);
int audit_index_commit(struct audit_index *index, struct reeve_error *err);

/**
 * Sequences in [from, below) that match `q`, at most `max` of them: the first ones in order, or
 * with `last` the last ones, backwards. `*n` is how many. REEVE_EIO: the index cannot be read.
 */
int audit_index_find(struct audit_index *index, const struct audit_query *q, uint64_t from,
                     uint64_t below, bool last, uint64_t *seq, size_t max, size_t *n,
                     struct reeve_error *err);

#endif
