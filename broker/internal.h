/*
 * What the owner's files share: its state, a connection, a run. Everything here belongs to the
 * owner's thread unless a field says otherwise. Nobody outside broker/ includes this.
 */
#ifndef BROKER_INTERNAL_H
#define BROKER_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "audit/indexer.h"
#include "audit/sweep.h"
#include "audit/writer.h"
#include "broker/config.h"
#include "broker/helpers.h"
#include "broker/loop.h"
#include "broker/owner.h"
#include "broker/registry.h"
#include "broker/wire.h"
#include "core/json.h"
#include "policy/request.h"
#include "providers/mock/mock.h"
#include "providers/process/process.h"

#define OWNER_MAX_CONNS 1024u
#define OWNER_MIN_CONNS 8u
#define OWNER_MIN_FILES 64u /* open at once, for helpers, log and one run */
/* The launcher takes the hard limit, and polls two descriptors of each run that it may have. */
#define OWNER_MIN_HARD_FILES (2u * LAUNCHER_MAX_RUNS + 128u)
#define OWNER_MAX_RUNS       64u
#define OWNER_MAX_UNSENT     ((size_t)256 << 10) /* above it a connection's run is not read from */
#define OWNER_RETRY_NS       (200 * BASE_NS_PER_S / 1000)
#define OWNER_GIVE_UP_NS     (5 * BASE_NS_PER_S) /* a client waits so long for a log that fails */
#define OWNER_WARRANT_NS     (30 * BASE_NS_PER_S)
#define OWNER_END_NS         (5 * BASE_NS_PER_S) /* runs have so long to end and be recorded */
/* The end of each run, however long its record, and the plans that are before it in line. */
#define OWNER_BALLAST_BYTES                                                                        \
    ((uint64_t)OWNER_MAX_RUNS * AUDIT_MAX_RECORD + 2 * AUDIT_MAX_PLANS_BYTES)
#define OWNER_TMP_BYTES ((uint64_t)64 << 20)
#define OWNER_INSTANCE  16

#define OUTCOME_MAX_VALUE (1u << 20) /* of a provider's value, as canonical JSON */

struct conn;

/* One standard stream of a guest, as the owner reads it. */
struct run_stream {
    struct reeve_run *run;
    int fd; /* -1: at its end, or none */
    struct loop_source *source;
    uint64_t bytes;
    uint8_t number; /* REEVE_STDOUT, REEVE_STDERR */
};

enum run_state {
    RUN_NEW,      /* being decided */
    RUN_QUEUED,   /* decision and release wait for their batch; the sandbox is being built */
    RUN_RELEASED, /* the warrant was handed over */
    RUN_ENDING,   /* the end record waits for its batch */
};

/* How a provider said that a run ended: a copy that any thread may make. */
struct outcome {
    char how[16], limit[24], detail[256];
    bool not_started, not_found;
    int status, signal;
    uint64_t wall_ns, user_ns, system_ns, max_rss_bytes;
    char *value; /* malloc'ed JSON, or NULL */
};

/* Who sent a request. */
struct request_peer {
    uid_t uid;
    pid_t pid;
    bool embedded;
};

/** One request and all that comes of it. Strings live in `arena`. */
struct reeve_run {
    struct owner *owner;
    struct reeve_run *next, *prev;
    struct conn *sink; /* NULL: the client went away */
    struct arena arena;

    struct json_text text;                /* as it came */
    struct policy_asked asked;            /* what it says, in terms of the policy */
    const struct policy_request *request; /* of it */
    struct str provider_name, asked_path;
    unsigned flags;
    bool authorize_only;
    struct request_peer peer;
    struct policy_image *image;
    struct reeve_inputs_view inputs;
    struct policy_decision decision;
    struct policy_rule_info rule;
    struct core_grant grant;
    enum core_refusal refusal;
    char message[512];

    struct str program; /* real path */
    uint8_t program_sha256[BASE_SHA256];
    bool program_found;
    struct reeve_error program_error;
    struct buf plan;
    uint8_t plan_sha256[BASE_SHA256];
    bool plan_masked; /* it is made of what the policy masks: its bytes are not kept */

    struct reeve_job job;                  /* the provider's, from prepare to finished */
    const struct reeve_provider *provider; /* NULL: answered by the owner itself */
    enum run_state state;
    bool prepared; /* its provider holds it, and what the job points to, until it has spoken */
    bool cancelled, finished, abandoned;
    struct reeve_error append_error; /* the decision could not be recorded; answered when the
                                        provider has let go */
    uint64_t decision_seq, release_seq, end_seq;
    struct run_stream stream[2];
    uint64_t output_left;
    struct outcome outcome;
};

/* A provider to be registered by the owner's thread, for which another one waits. */
struct registration {
    const struct reeve_provider *provider;
    bool done; /* guarded by the owner's mutex */
    int rc;
    struct reeve_error err;
};

/* A message of another thread to the owner's. */
struct posted {
    struct posted *next;
    int fd;                   /* a connection to adopt, or -1 */
    struct registration *reg; /* or a provider, or NULL */
    struct reeve_run *run;    /* or a run that finished */
    struct outcome outcome;
};

/* Bytes that go from the log, in the background: while the thread runs, its alone. */
struct pruning {
    bool running;
    pthread_t thread;
    bool prunes; /* records first..last, which record `recorded` tells; and plans in any case */
    uint64_t first, last, recorded;
    struct audit_sweep sweep;
    bool sweeping; /* marked: what no record names is dropped */
    atomic_bool done;
    int rc;
    struct reeve_error why;
};

struct owner {
    struct owner_options options;
    char *dir, *helper_dir;
    int dir_fd, lock_fd, listen_fd;
    uid_t uid;
    struct loop *loop;
    struct loop_source *listen_source, *keeper_source, *launcher_source;
    struct helpers helpers;
    bool helpers_lost;
    struct audit_log *log;
    struct audit_writer *writer;   /* NULL: the log takes nothing */
    struct audit_indexer *indexer; /* NULL: there is none */
    struct reeve_error index_why;  /* then */
    struct audit_found found;
    bool log_failing;                 /* the last commit failed; the same rows wait */
    uint64_t durable;                 /* records of the log, as the writer last said */
    char last_time[BASE_RFC3339_MAX]; /* of the log's last record that has one */
    bool log_tight;                   /* the disk has room for what runs, and no more */
    int64_t failing_since_ns;
    struct buf loss; /* that was accepted and is to be recorded: JSON; empty: none */
    struct pruning pruning;
    bool sweep_wanted;             /* a record that named a plan is gone */
    int64_t look_at_ns;            /* when to look whether a file of the log is old enough */
    char log_why[512];             /* why it failed */
    bool ending;                   /* no request is taken any more */
    uint8_t mask_key[BASE_SHA256]; /* of values that records do not show */
    bool fallen; /* a helper is gone: owner_fall is due, from the loop and not from within a call */
    struct config config;
    struct policy_image *image;
    uint8_t policy_bytes[BASE_SHA256]; /* of what it was read from: its name in blobs/ */
    struct registry registry;
    struct process_provider *process;
    struct mock_provider *mock;
    struct reeve_provider_host host;
    char instance[2 * OWNER_INSTANCE + 1];
    struct conn *conns;
    unsigned nconns, max_conns;
    int64_t listen_at_ns; /* when to accept again; 0: it does */
    struct reeve_run *runs;
    struct reeve_run *abandoned; /* answered `helpers_lost`, their providers still hold them */
    unsigned nruns;
    struct reeve_run *releasing[OWNER_MAX_RUNS]; /* in the order in which they were asked for */
    unsigned nreleasing;
    int64_t idle_since_ns;
    int64_t alive_ns; /* when the start last gave a sign of life */

    pthread_mutex_t mutex; /* guards what follows; any thread */
    struct posted *posted_first, **posted_last;
    pthread_cond_t registered;
    pthread_t thread;     /* that serves */
    bool serves, served;  /* in owner_run, or through with it */
    atomic_bool stopping; /* also set from signal handlers, and without the mutex */
};

/* ---- owner.c ---- */
void owner_event(struct owner *owner, const char *fmt, ...) REEVE_PRINTF(2, 3);
/** Helpers, log and providers as at the start; used again by an embedding owner that lost them. */
int owner_raise(struct owner *owner, struct reeve_error *err);
/** Everything that hangs on the helpers is ended; runs in flight are answered `helpers_lost`. */
void owner_fall(struct owner *owner);

/* ---- journal.c: appending and flushing ---- */
/** Whether what is decided now could be recorded. */
bool owner_can_write(const struct owner *owner);
/** REEVE_EIO, with why not and what to do. */
int owner_cannot_write(const struct owner *owner, struct reeve_error *err);
/** Canonical form of `json`, appended. `*seq` is what it got. REEVE_EFORMAT: it is longer than a
 * record may be, or its parts, each well-formed, are together more than the reader takes. */
int owner_append(struct owner *owner, const struct buf *json, uint64_t *seq,
                 struct reeve_error *err);
/** The same of a run's record, in brief where it does not fit: no answer is without one. */
int owner_append_of(struct owner *owner, struct reeve_run *run,
                    void (*record)(struct reeve_run *, struct buf *, bool brief), uint64_t *seq,
                    struct reeve_error *err);
/** Keep the bytes of a run's plan, before its decision is appended, unless the policy masks any of
 * what it is made of: `run->plan_masked` then. */
int owner_keep_plan(struct owner *owner, struct reeve_run *run, struct reeve_error *err);
/** Wait where a batch has no room for one more request with its decision and every end that may
 * come meanwhile: for the one that is in flight, if it can be written. */
void owner_make_room(struct owner *owner);
/** Begin a record: an object with type, time, owner, grade, left open. Its sequence is put in when
 * it is appended. */
void owner_record_open(struct owner *owner, const char *type, struct json_out *o);
/** The batch may not wait for its timer. */
void owner_hurry(struct owner *owner);
/** Hand out warrants and answer what became durable; give up on a log that fails for too long.
 * Milliseconds until the next look, -1: none but when the writer has news. */
int owner_journal_tick(struct owner *owner);
/** Wait until all that was answered is durable, for whoever reads. */
void owner_settle(struct owner *owner);
/** A durable record, parsed; false when its bytes are not kept. */
bool owner_fetch(struct owner *owner, uint64_t seq, struct json_text *out);
/** Fill the index from where it is; without one queries read the log. */
void owner_start_index(struct owner *owner);
/** Queue the release of a run's plan; the decision record was appended just before. */
int owner_release(struct owner *owner, struct reeve_run *run, struct reeve_error *err);
/** Start record, what opening found, ends of lost releases. */
int owner_journal_start(struct owner *owner, struct reeve_error *err);

/* ---- listen.c: the socket, and how many come in ---- */
/** How many connections this process's limit of open files has room for. REEVE_EIO: too few to
 * work.
 */
int server_limit(struct owner *owner, struct reeve_error *err);
int server_listen(struct owner *owner, struct reeve_error *err);
/** Take no more connections; those that are there go on. */
void server_deafen(struct owner *owner);
/** REEVE_EBUSY to a client that is one too many; closes `fd`. */
void server_turn_away(struct owner *owner, int fd);
/** A descriptor may be free again. */
void server_listen_again(struct owner *owner);
/** Milliseconds until the next look, -1: none. */
int server_tick(struct owner *owner);

/* ---- server.c: connections ---- */
void server_adopt(struct owner *owner, int fd, bool embedded);
void server_close_all(struct owner *owner);
/** The payload of an ERROR frame. */
void server_error_text(const struct reeve_error *error, struct buf *out);
/** Queue a frame for a connection and send what can be sent. */
void conn_send(struct conn *conn, enum wire_type type, struct str a, struct str b);
void conn_send_error(struct conn *conn, const struct reeve_error *error);
/** A request of this connection is in progress as `run`. */
void conn_run(struct conn *conn, struct reeve_run *run);
/** The request in progress has been answered. */
void conn_idle(struct conn *conn);
bool conn_is_full(const struct conn *conn);

/* ---- policy_load.c ---- */
/** The policy in force, compiled from the folder's policy.yaml or loaded as the image that
 * config.yaml names, with its bytes kept. */
int owner_load_policy(struct owner *owner, struct reeve_error *err);

/* ---- questions.c: frames that one text answers; 0, or the connection is broken ---- */
typedef int question_fn(struct owner *owner, const struct request_peer *peer, struct str payload,
                        struct buf *text, struct reeve_error *why, struct reeve_error *err);
question_fn question_ask, question_receipt, question_prove, question_rotate, question_plan,
    question_erase, question_seal;
/** The log with all in it that was answered; NULL and why when it is closed. */
struct audit_log *question_log(struct owner *owner, struct reeve_error *why);

/* ---- segments.c ---- */
/** Let files of the log end, and their records go, when their time has come. Milliseconds until the
 * next look, -1: none. */
int owner_segments_tick(struct owner *owner);
/** Before the log is closed. */
void owner_segments_stop(struct owner *owner);
/** Of a log that is open: its files. */
void segments_json(struct owner *owner, struct buf *out);
/** End the newest file; `out`: JSON {"seq"}, the record that begins the next one. */
int owner_seal(struct owner *owner, struct buf *out, struct reeve_error *err);

/* ---- loss.c ---- */
/** Finish what loss.json says, before the helpers are started. */
int owner_finish_loss(struct owner *owner, struct reeve_error *err);
/** Where the operator says so: give up what the log has lost, and begin a new one. REEVE_EINVAL: it
 * has lost nothing, or from another record on. */
int owner_accept_loss(struct owner *owner, struct reeve_error *err);
/** Record a loss of which no record tells, and forget it. */
int owner_record_loss(struct owner *owner, struct reeve_error *err);

/* ---- erase.c ---- */
/** Take the index away, to be made anew, since its words are of all records together. */
int owner_forget_index(struct owner *owner, struct reeve_error *err);
/** Erase the bytes of a record, and record that first; `answer`: JSON {"erased", "recorded"}.
 * REEVE_ENOENT: there are no bytes; REEVE_EINVAL: it must stay; REEVE_EOWNED: by the folder's user
 * alone; REEVE_EIO: recorded, and done at the next start. */
int owner_erase(struct owner *owner, const struct request_peer *peer, uint64_t seq,
                struct str reason, struct buf *answer, struct reeve_error *err);

/* ---- mask_key.c ---- */
/** The folder's key, made where there is none. REEVE_EKEY: it cannot be used. */
int owner_load_mask_key(struct owner *owner, struct reeve_error *err);
/** Which one it is: tags under one key can be compared. */
void owner_put_mask_key(const struct owner *owner, struct json_out *o);

/* ---- request.c: a request from its text to its decision ---- */
/**
 * Record that a peer's `what` ("request", "policy") was turned away before it could be decided. Its
 * text may be anything and stands by digest and length. Left out where nothing can be recorded.
 */
void request_reject(struct owner *owner, const struct request_peer *peer, const char *what,
                    struct str text, const struct reeve_error *why);
/** `image` NULL: the folder's. The connection is answered now or later. */
void request_begin(struct conn *conn, struct owner *owner, struct str json,
                   struct policy_image *image, const struct request_peer *peer);

/* ---- places.c: where the state folder can be seen ---- */
#define STATE_MAX_PLACES 32u
struct state_places {
    struct str list[STATE_MAX_PLACES]; /* its own real path first */
    uint32_t n;
};
/** Every path here at which the folder of `dir_fd` can be seen; strings in `arena`. REEVE_ESTATE:
 * that cannot be said. */
int state_places(int dir_fd, struct state_places *out, struct arena *arena,
                 struct reeve_error *err);

/* ---- program.c: what `program.external` needs before and after an allow ---- */
/** Resolve args.path, hash the program, put the broker's arguments in. Failures are kept in the
 * run, judged after an allow. */
int program_resolve(struct reeve_run *run, struct reeve_error *err);
/** The plan of an allowed program. A refusal is set in the run (refusal, message) when there can be
 * none. */
int program_plan(struct reeve_run *run, struct reeve_error *err);

/* ---- execution.c: from an allow to the end record ---- */
void run_refuse(struct reeve_run *run, enum core_refusal refusal, const char *fmt, ...)
    REEVE_PRINTF(3, 4);
/** The log cannot be written for too long: tell whoever waits. What ran is recorded when it can be,
 * and what is not released yet never runs. */
void run_give_up(struct reeve_run *run);
/** Carry an allowed request out. */
void run_begin(struct reeve_run *run);
/** Refuse a run whose grant has what nothing here can hold (unheld.c). */
bool run_refuse_unheld(struct reeve_run *run);
/** What its decision would have the owner remember, and it cannot yet; NULL: nothing. */
const char *run_unheld_memory(const struct reeve_run *run);
/** The warrant has come. */
void run_release(struct reeve_run *run, const struct token *token);
void run_cancel(struct reeve_run *run, const char *limit);
void run_finished(struct reeve_run *run, struct outcome *outcome);
/** The connection has room again. */
void run_resume(struct reeve_run *run);
/** The end record is durable: answer and free. */
void run_answer(struct reeve_run *run);
/** The helpers are gone: its client is told so, the run is forgotten; the log says what became of
 * it at the next start. */
void run_abandon(struct reeve_run *run);
void run_free(struct reeve_run *run);

/* ---- outcome.c ---- */
/** Copy what a provider said, held to known words. Any thread. */
void outcome_take(const struct reeve_outcome *from, struct outcome *to);

/* ---- records.c ---- */
void record_rejected(struct owner *owner, const struct request_peer *peer, const char *what,
                     struct str text, const struct reeve_error *why, struct buf *out);
/** Whether the policy masks any of the request's arguments. */
bool record_hides(const struct reeve_run *run);
/** Who the kernel says it was. */
void record_asserted_by(const struct request_peer *peer, struct json_out *o);
/** `brief`: what can be long stands by its digest, so that the record has room in any case. */
void record_decision(struct reeve_run *run, struct buf *out, bool brief);
void record_end(struct reeve_run *run, struct buf *out, bool brief);
void result_json(const struct reeve_run *run, struct buf *out);
int run_exit_status(const struct reeve_run *run);

/* ---- handlers.c: the safe capabilities that the owner answers itself ---- */
typedef int handler_fn(const struct json_doc *args, struct buf *value, struct reeve_error *err);
handler_fn *handler_find(struct str capability);

/* ---- status.c ---- */
void status_json(struct owner *owner, struct buf *out);
void providers_json(struct owner *owner, struct buf *out);
/** Has the index begun anew; the answer is empty. */
void reindex_json(struct owner *owner, struct buf *out);
/** A new key for the log, durable when this returns; the answer tells of it. */
int owner_rotate_key(struct owner *owner, struct buf *out, struct reeve_error *err);
/** Of a log that is open. */
void head_json(struct owner *owner, struct buf *out);

#endif
