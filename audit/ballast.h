/*
 * Room on the log's disk that is kept for what must still be written when the disk is full: the
 * ends of what runs. Called by the writer alone.
 */
#ifndef AUDIT_BALLAST_H
#define AUDIT_BALLAST_H

#include "base/base.h"

#define AUDIT_BALLAST_NAME "ballast"

/** A file of `bytes` in the folder, all of them on the disk; none is left where that cannot be.
 * REEVE_EIO. */
int ballast_make(int dir_fd, uint64_t bytes, struct reeve_error *err);
/** Give its room back. False: there was none. */
bool ballast_give_up(int dir_fd);

#endif
