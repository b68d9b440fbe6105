/*
 * The pen of a log: a thread that makes batches durable, one after the other, each as soon as
 * somebody waits for it, or its time has come, or it is full. Who appends waits for no disk; who
 * must know waits here or is told by a call.
 */
#ifndef AUDIT_WRITER_H
#define AUDIT_WRITER_H

#include "audit/audit.h"

struct audit_writer;

struct audit_writer_options {
    int64_t batch_ns; /* how long a record that nobody waits for may wait for company */
    int64_t retry_ns; /* between tries of a commit that failed, and of making the ballast again */
    int dir_fd;       /* the folder that has the ballast; borrowed */
    uint64_t ballast_bytes; /* room that is given up when nothing else is left; 0: none is kept */
    /** NULL, or called by the writer's thread after each batch, when a commit began to fail, and
     * when the log takes nothing more: audit_writer_collect then has news. It must not wait. */
    void (*news)(void *arg);
    void *arg;
};

/**
 * Start writing `log`, which is borrowed: from now on nobody else flushes it. Any thread may append
 * to it, but only through here. REEVE_ENOMEM: no thread can be made.
 */
int audit_writer_start(struct audit_log *log, const struct audit_writer_options *options,
                       struct audit_writer **out, struct reeve_error *err);
/** Write what is queued, as far as it can be written now, and end; sets NULL. */
void audit_writer_stop(struct audit_writer **writer);

/**
 * audit_log_make. `urgent`: its batch waits for nothing but the one before. REEVE_EBUSY: the next
 * batch is full, and waiting for room (audit_writer_await_room) is the caller's choice.
 */
int audit_writer_append(struct audit_writer *w, audit_make_fn *make, void *arg, bool urgent,
                        uint64_t *seq, struct reeve_error *err);
/** audit_log_release, urgent. */
int audit_writer_release(struct audit_writer *w, uint64_t decision, const uint8_t plan[BASE_SHA256],
                         int64_t expires_ns, struct reeve_error *err);
/** What is queued becomes urgent. */
void audit_writer_hurry(struct audit_writer *w);

/** Wait until `records` more fit into the next batch, and `releases`, the first with its plan.
 * REEVE_EIO: the log cannot be written now, and nothing makes room; the log's own error when it
 * takes nothing more. */
int audit_writer_await_room(struct audit_writer *w, uint32_t records, uint32_t releases,
                            struct reeve_error *err);
/** Wait until record `seq`, which was appended, is durable. The same errors: it may become durable
 * all the same, and is never lost while the writer lives. */
int audit_writer_await(struct audit_writer *w, uint64_t seq, struct reeve_error *err);

/**
 * audit_log_rotate, and wait until its record is durable, and the key so the new one. REEVE_EBUSY:
 * another thread is at it; REEVE_EIO also when there is no new key, or the log cannot be written:
 * then it may still come to be.
 */
int audit_writer_rotate(struct audit_writer *w, uint64_t *seq, struct reeve_error *err);

/** audit_log_seal, and wait until the record that begins the next file is durable. Errors as for a
 * rotation; REEVE_EINVAL: there is nothing to seal. */
int audit_writer_seal(struct audit_writer *w, uint64_t *seq, struct reeve_error *err);
/** audit_log_want_seal, soon; nobody waits. */
void audit_writer_want_seal(struct audit_writer *w);

/** What has become of what was queued. */
struct audit_news {
    uint64_t durable; /* records below this sequence are */
    int failing;      /* the code of the last try, 0: none has failed since the last batch */
    bool tight; /* the ballast is given up: what runs is still recorded, nothing new should begin */
    struct reeve_error why;
    size_t
        ntokens; /* tokens of the releases, in the order in which they were asked for, each once */
    struct token token[KEEPER_MAX_RELEASES];
};
/** Take the news; true: there are more tokens, call again. One thread. */
bool audit_writer_collect(struct audit_writer *w, struct audit_news *out);

#endif
