/*
 * The way on when a log has lost its tail for good: somebody says so, and a new log begins. The old
 * one's files go, as they are, into a folder `lost-<first missing>-<last missing>` beside it, and
 * its key is removed, since nothing may be signed by it again. The new one has another name and
 * key, so that no witness sees a tree that shrank; its first records tell what was lost, with the
 * old log's last checkpoint. What is to be done stands in `loss.json` until it is done and
 * recorded: a crash anywhere in between is gone on from by the next start.
 */
#ifndef AUDIT_LOSS_H
#define AUDIT_LOSS_H

#include "audit/audit.h"

#define LOSS_NAME       "loss.json"
#define LOSS_MAX_REASON 512u
#define LOSS_MAX_BYTES  8192u

/**
 * Say that records from..to, the last that were signed, are given up, for `reason` (1 to
 * LOSS_MAX_REASON bytes of UTF-8), by `uid`. `head` is the log's: what was signed last. Nothing is
 * moved yet, and the log must be closed before audit_loss_finish. REEVE_EINVAL: there is no such
 * loss, or the new name would be too long; REEVE_EIO, REEVE_ENOMEM.
 */
int audit_loss_begin(int dir_fd, const struct audit_head *head, uint64_t from, struct str reason,
                     uid_t uid, struct reeve_error *err);
/**
 * Do what loss.json says, as far as it is not done; nothing where there is none. `*told`, a JSON
 * object, is what the new log must record before audit_loss_forget; empty: nothing. No keeper may
 * run. REEVE_ESTATE: loss.json is not what audit_loss_begin writes; REEVE_EIO.
 */
int audit_loss_finish(int dir_fd, struct buf *told, struct reeve_error *err);
/** It is recorded, durably. REEVE_EIO. */
int audit_loss_forget(int dir_fd, struct reeve_error *err);

#endif
