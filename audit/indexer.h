/*
 * The thread that fills the index from a log, in small slices, behind everybody else. What goes
 * wrong with the index is told and never holds the log up.
 */
#ifndef AUDIT_INDEXER_H
#define AUDIT_INDEXER_H

#include "audit/audit.h"

struct audit_indexer;

/** Start: `log` and `dir` are borrowed until the stop. NULL in `*out` and an error where no thread
 * or no index can be made. */
int audit_indexer_start(struct audit_log *log, const char *dir, struct audit_indexer **out,
                        struct reeve_error *err);
/** Ends it in the middle of what is left to do; sets NULL. */
void audit_indexer_stop(struct audit_indexer **indexer);
/** The log has more. Any thread; waits for nothing. */
void audit_indexer_wake(struct audit_indexer *indexer);
/** Take no room while there is little: what is being written is finished. Any thread. */
void audit_indexer_pause(struct audit_indexer *indexer, bool pause);
/** Begin anew from the first record. */
void audit_indexer_restart(struct audit_indexer *indexer);
/** Up to which sequence it is; 0, or the code of the last try with `why`. */
int audit_indexer_state(struct audit_indexer *indexer, uint64_t *through, struct reeve_error *why);

#endif
