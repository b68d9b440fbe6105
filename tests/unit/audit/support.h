/*
 * What the audit tests share: a state folder of their own under the build's temporary folder, the
 * real keeper on it, and records to write. The test plays the launcher: it holds the other end of
 * that socket.
 */
#ifndef TESTS_AUDIT_SUPPORT_H
#define TESTS_AUDIT_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "audit/log.h"

#define SCENE_ORIGIN "example.com/test-log"

struct scene {
    char dir[64];
    int dir_fd;
    pid_t keeper;
    int launcher_fd;
    int lock_fd; /* what the keeper gets as the ownership lock; -1: /dev/null */
    uid_t uid;   /* whom the keeper runs as; 0: as the test */
    uint8_t token_key[TOKEN_KEY_BYTES]; /* what the keeper sent its launcher */
};

/** A folder with a new log's files. */
void scene_make(struct scene *s);
/** The keeper is killed and the folder removed. */
void scene_remove(struct scene *s);
/** Start the real keeper; the owner's end of its socket. */
int scene_keeper(struct scene *s);
/** SIGKILL and reap, or reap alone when it must have ended by itself: then its exit status. */
void scene_kill_keeper(struct scene *s);
int scene_await_keeper(struct scene *s);

/** scene_keeper and audit_log_open, which must succeed. */
struct audit_log *scene_open(struct scene *s, struct audit_found *found);
/** Close, let the keeper end. */
void scene_close(struct scene *s, struct audit_log **log);
/** Open and forget what was found; `found->lost` is freed. */
struct audit_log *scene_reopen(struct scene *s, struct audit_found *found);

/** Copies files by name between folders; an absent source removes the target. */
void scene_save(const struct scene *s, const char *name, const char *as);

/** A record of the log's next sequence, queued. Its sequence. */
uint64_t put_record(struct audit_log *log, const char *type);
uint64_t put_end(struct audit_log *log, uint64_t release);
/* Queue a record of `type` that tells of the rows from..to, as a start does. */
void put_story(struct audit_log *log, const char *type, uint64_t from, uint64_t count,
               bool beyond_crash);
/* Record and flush what opening found, as the owner does: the number of records that it took. */
unsigned tell(struct audit_log *log, const struct audit_found *found);
/** Log.db becomes a segment, and its record is flushed: nothing may be queued. */
void seal(struct audit_log *log);
/** Queue a release of decision `decision` that expires in `ms`. */
void put_release(struct audit_log *log, uint64_t decision, int ms);
/** Flush, which must succeed and give `ntokens`. */
void flush(struct audit_log *log, struct token *tokens, size_t ntokens);

/** Run SQL on the folder's database, by a connection of the test's own; the log must be closed. */
void run_sql(const struct scene *s, const char *sql);
/** The source that reads `log`; at rest. */
struct audit_source source_of(struct audit_log *log);
/** Verify the log against its own head. */
void verify(struct audit_log *log, struct audit_report *report);

/** A folder whose log has `n` records in one batch; closed. */
void scene_log(struct scene *s, unsigned n);
/** One batch more: two records and a release of the first; closed. */
void scene_extend(struct scene *s);
/** The folder's head file, open, and what seals it. */
int scene_head(const struct scene *s, struct head_key *key);
/** Take the mark off the head: `committed` had not come. */
void scene_uncommit(const struct scene *s);
/** The log verifies and has signed `size` records. */
void assert_whole(struct audit_log *log, uint64_t size);
/** Opening finds nothing, the log of `size` records takes one more, and is whole. */
void assert_usable(struct scene *s, uint64_t size);
/** Opening condemns the log from `first_bad` on, nothing is taken, and a verifier agrees. */
void assert_condemned(struct scene *s, enum audit_condition c, uint64_t first_bad);
/** The next frame on a keeper's socket, which must be of this type and size. */
void receive_frame(int fd, void *out, size_t n, uint32_t type);

/** Asserts with the error's message when `rc` is not `want`. */
#define assert_rc(rc, want, err) assert_rc_at((rc), (want), (err), __FILE__, __LINE__)
void assert_rc_at(int rc, int want, const struct reeve_error *err, const char *file, int line);

#endif
