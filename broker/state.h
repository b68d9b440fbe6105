/*
 * A state folder: what is in it, who may use it, its lock and its socket's name. Used by owner and
 * client; decides nothing.
 */
#ifndef BROKER_STATE_H
#define BROKER_STATE_H

#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#include "base/base.h"

#define STATE_CONFIG_NAME "config.yaml"
#define STATE_POLICY_NAME "policy.yaml"
#define STATE_LOCK_NAME   "lock"
#define STATE_SOCKET_NAME "reeve.sock"
#define STATE_BLOB_FOLDER "blobs"

/** Make a folder's files. The order is such that a crash leaves either no state folder or a whole
 * one: config.yaml is last. */
int state_create(const char *dir, const char *origin, struct reeve_error *err);

/**
 * Open an existing state folder: REEVE_ENOENT when it does not exist, REEVE_ESTATE when it is none
 * or others may write in it.
 * `*owner` is the uid that it belongs to. The descriptor is the caller's.
 */
int state_open(const char *dir, int *dir_fd, uid_t *owner, struct reeve_error *err);

/** REEVE_EPERM, naming who must, unless this process runs as the folder's owner. */
int state_require_owner(const char *dir, uid_t owner, struct reeve_error *err);

/**
 * Take the ownership lock (an OFD lock on a file of its own, pid written in it). REEVE_EOWNED with
 * the owner's pid in the message when it is held. `*lock_fd` is the caller's; the lock ends when
 * every copy of it is closed.
 */
int state_lock(int dir_fd, const char *dir, int *lock_fd, struct reeve_error *err);
/** For its holder while the start takes its time: whoever waits for the folder sees that it goes
 * on.
 */
void state_lock_touch(int lock_fd);
/** Whether the lock is held, and was touched since `*last` was filled, which begins as zero. For
 * other processes of the folder's owner. */
bool state_lock_touched(int dir_fd, struct timespec *last);
/** Remove what a writer that was ended left half-written. For the holder of the lock. */
void state_sweep(int dir_fd);
/** The pid that is written in the lock file, or 0. */
pid_t state_lock_pid(int dir_fd);

/** The address of a socket name in the folder, through a descriptor where the path is too long for
 * one. */
int state_socket_address(const char *dir, int dir_fd, const char *name, struct sockaddr_un *out,
                         struct reeve_error *err);

/**
 * The whole of a file of the folder, or below it, that says what is allowed: a regular file, no
 * link, that (with each folder on the way) belongs to `owner` (the folder's) or root and that
 * nobody else may write. REEVE_ESTATE names the file and what sets it right.
 */
int state_read(int dir_fd, const char *dir, const char *name, uid_t owner, size_t max,
               struct buf *out, struct reeve_error *err);

/** Keep bytes under their SHA-256 in blobs/; does nothing when they are there. */
int state_keep_blob(int dir_fd, const char *dir, const uint8_t digest[BASE_SHA256],
                    struct str bytes, struct reeve_error *err);

/** "alice (uid 1000)" or "uid 1000". */
void state_user_name(uid_t uid, char out[96]);

#endif
