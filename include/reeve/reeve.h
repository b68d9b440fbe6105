/*
 * libreeve: open a state folder, ask for decisions and runs, read and prove the log.
 *
 * One handle, two ways to stand behind it, the same functions: a client of the folder's owner
 * (reeved, started where none runs), or the owner itself (REEVE_OPEN_OWNER), in this process. All
 * functions are thread-safe on one handle unless they say otherwise; none may be used in a forked
 * child of the program that opened it. Value structs begin with `size`, which the caller sets to
 * sizeof the struct; they grow at the end. Strings are UTF-8 and NUL-terminated unless a length is
 * given.
 */
#ifndef REEVE_REEVE_H
#define REEVE_REEVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "reeve/error.h"

#ifdef __cplusplus
extern "C" {
#endif

#define REEVE_VERSION_MAJOR 0
#define REEVE_VERSION_MINOR 1
#define REEVE_VERSION_PATCH 0

/** "0.1.0" of the library that is loaded (not of these headers). Never NULL. */
REEVE_API const char *reeve_version(void);
/**
 * Everything that `reeve version --json` shows: version, build options, versions of the libraries,
 * digest of the compiled-in rules, grade, what this kernel offers. A malloc'ed JSON object, freed
 * by reeve_free; NULL when memory is out.
 */
REEVE_API char *reeve_version_json(void);
/** Free what the library gave away as a malloc'ed text. NULL is fine. */
REEVE_API void reeve_free(void *p);
/** "EPOLICY" for REEVE_EPOLICY; "OK" for 0; "?" for a number that is no code. */
REEVE_API const char *reeve_error_name(int code);
/** The exit status (STYLE: 1 findings, 2 usage, 3 environment, 4 internal) of a command that ends
 * with this code. */
REEVE_API int reeve_error_exit(int code);

/* ---- state folders ---- */

/** What to make: all but `size` may be zero. */
struct reeve_init_options {
    size_t size;
    const char
        *origin; /* the log's name in checkpoints; default "reeve/" and 16 random hex digits */
};
/**
 * Make a state folder: configuration, policy (denies everything), Ed25519 key (mode 0600), empty
 * log. The folder is made (mode 0700) when it does not exist; REEVE_ESTATE when it is a state
 * folder already or holds other things.
 */
REEVE_API int reeve_init(const char *dir, const struct reeve_init_options *options,
                         struct reeve_error *err);
/**
 * The folder that is used where none is named: $REEVE_STATE, else /var/lib/reeve for root, else
 * $XDG_STATE_HOME/reeve or
 * ~/.local/state/reeve. Malloc'ed; NULL when none can be told.
 */
REEVE_API char *reeve_default_dir(void);

/* ---- opening ---- */

struct reeve;

#define REEVE_OPEN_OWNER                                                                           \
    0x1u /* be the owner, in this process; else REEVE_EOWNED with the owner's pid in the message   \
          */
#define REEVE_OPEN_NOSTART 0x2u /* do not start reeved where none runs: REEVE_ENOENT */

struct reeve_open_options {
    size_t size;
    const char *dir;        /* NULL: reeve_default_dir() */
    unsigned flags;         /* REEVE_OPEN_* */
    const char *helper_dir; /* where reeved, keeper and launcher are; NULL: compiled in */
    /** Told what happens beside the calls to an owner in this process ("keeper or launcher ended;
     * what ran has been ended with them"), one line, no newline; mostly from the owner's thread. A
     * client has nothing to tell. */
    void (*event)(void *arg, const char *text);
    void *event_arg;
};
/** Open a folder. `*out` is NULL on error. REEVE_ESTATE names what is wrong with the folder and the
 * way out. */
REEVE_API int reeve_open(const struct reeve_open_options *options, struct reeve **out,
                         struct reeve_error *err);
/** End what an in-process owner has running, for its clients, and record it (at most five seconds),
 * then its helpers; frees and sets NULL. Not concurrently with other calls on the handle. */
REEVE_API void reeve_close(struct reeve **handle);

/* ---- requests ---- */

#define REEVE_REQUEST_EXPLAIN 0x1u /* decide and show the plan, run nothing; recorded as such */

/** One request. `capability` is required; what is zero is absent. */
struct reeve_request {
    size_t size;
    const char *subject;     /* "type:id"; default "user:<login name of the caller>" */
    const char *capability;  /* "ccos.math.add", "program.external" */
    const char *args;        /* JSON, at most 64 KiB; program.external: {"path", "argv", "cwd"} */
    const char *level;       /* pure, controlled, full: may only lower */
    const char *provider;    /* a provider by name; default: the cheapest that suffices */
    const char *policy;      /* a policy's text for this request alone; the folder's owner only */
    const char *policy_file; /* its name in messages and records; what it includes is read from
                                its folder, by the caller's process */
    unsigned flags;          /* REEVE_REQUEST_* */
    const char *resource;    /* "type:id" of what is acted on; NULL: none */
    const char *context;     /* JSON, an object: what else the policy may ask of; NULL: nothing */
    /* JSON, objects: what is said of subject and resource; NULL: nothing. */
    const char *subject_properties, *resource_properties;
    /* JSON, an object {level, capabilities, denied_effects, isolation, limits}: narrows this
     * request and all that comes of it, as one more parent that allows just that; NULL: none. */
    const char *ceiling;
};

enum reeve_stream { REEVE_STDOUT = 1, REEVE_STDERR = 2 };

/** What happens during a request, called from the calling thread. Any may be NULL. */
struct reeve_events {
    size_t size;
    void *arg;
    /** Output as it comes. Non-zero: end the run (as reeve_cancel). */
    int (*output)(void *arg, enum reeve_stream stream, const void *bytes, size_t n);
    /** Asked at least every 100 ms while a run lasts. Non-zero: end the run. */
    int (*poll_cancel)(void *arg);
};

struct reeve_result;

/**
 * Ask, and have done what was permitted. 0 whenever there is an answer, a deny or a refusal
 * included; an error only when none could be had.
 *
 * Of a run the decision is durable before anything of it is released, and the end record before
 * this returns. A denial, a refusal and a pure or safe action have one record, in the next batch,
 * which begins within 10 ms: the answer comes before it is durable, since nothing outside can have
 * happened. A crash in that time loses the record, and its sequence may be given again. Reading the
 * log and reeve_receipt wait for it.
 */
REEVE_API int reeve_execute(struct reeve *handle, const struct reeve_request *request,
                            const struct reeve_events *events, struct reeve_result **out,
                            struct reeve_error *err);
/** Ask for the decision alone. It is recorded as such, in the next batch; nothing is carried out.
 */
REEVE_API int reeve_authorize(struct reeve *handle, const struct reeve_request *request,
                              struct reeve_result **out, struct reeve_error *err);
/** Frees a result and sets NULL; NULL is fine. */
REEVE_API void reeve_result_free(struct reeve_result **result);

/** Accessors: strings live as long as the result; NULL where there is none. */
REEVE_API const char *reeve_result_json(const struct reeve_result *r); /* everything, one object */
REEVE_API const char *reeve_result_effect(const struct reeve_result *r); /* allow, deny, ask */
REEVE_API const char *
reeve_result_rule(const struct reeve_result *r); /* id, or reeve/default ... */
REEVE_API const char *
reeve_result_refusal(const struct reeve_result *r); /* NULL, or no_mechanism ... */
REEVE_API const char *
reeve_result_message(const struct reeve_result *r); /* one sentence for a person */
REEVE_API const char *
reeve_result_how(const struct reeve_result *r); /* ok, error, limit, killed, refused, lost */
REEVE_API const char *
reeve_result_value(const struct reeve_result *r); /* JSON of a capability's answer */
/**
 * The exit status that a command gives: the program's own (128 + signal), 0 for an answered
 * capability, 125 denied, 126 could not be run, 127 not found.
 */
REEVE_API int reeve_result_exit(const struct reeve_result *r);
/** Sequence of the record that proves this answer (the end record of a run), or -1. What is not a
 * run's may be durable only 10 ms later: see reeve_execute. */
REEVE_API int64_t reeve_result_seq(const struct reeve_result *r);

/* ---- the log ---- */

/** What the owner knows of itself: a malloc'ed JSON object (whether it can decide, and so record;
 * condition, size, grade, pid, policy; the folder, bytes of it that are no UTF-8 as \\xNN). */
REEVE_API int reeve_status(struct reeve *handle, char **json, struct reeve_error *err);
/** Providers with rank, availability and why not: a malloc'ed JSON array. */
REEVE_API int reeve_providers(struct reeve *handle, char **json, struct reeve_error *err);

/** A record as stored: `json` are the exact leaf bytes (NULL when they are not kept). Good during
 * the callback. */
struct reeve_record {
    size_t size;
    uint64_t seq;
    const char *json;
    size_t json_len;
    const unsigned char *leaf; /* 32 bytes */
};
/** Records [from, from + max) in order, raw. Stops when `fn` returns non-zero. */
REEVE_API int reeve_records(struct reeve *handle, uint64_t from, uint64_t max,
                            int (*fn)(void *arg, const struct reeve_record *record), void *arg,
                            struct reeve_error *err);
/** The same of a folder that no owner has open, a copy or a backup, in which nothing is written.
 * REEVE_ENOENT: it has no log; REEVE_EDAMAGED, REEVE_EIO. */
REEVE_API int reeve_copy_records(const char *dir, uint64_t from, uint64_t max,
                                 int (*fn)(void *arg, const struct reeve_record *record), void *arg,
                                 struct reeve_error *err);
/**
 * The bytes of the plan that a record names (of a decision, a release or an end), which hash to its
 * digest: malloc'ed, freed by reeve_free. REEVE_ENOENT: there is no such record, it names none, or
 * the plan is not kept, as where the policy masks what it is made of; REEVE_EVERIFY: what is kept
 * is another; REEVE_EDAMAGED.
 */
REEVE_API int reeve_plan(struct reeve *handle, uint64_t seq, void **bytes, size_t *n,
                         struct reeve_error *err);
/** The same of a folder that no owner has open. */
REEVE_API int reeve_copy_plan(const char *dir, uint64_t seq, void **bytes, size_t *n,
                              struct reeve_error *err);

struct reeve_query {
    size_t size;
    const char *subject, *capability, *effect, *type, *rule; /* exact; NULL: any */
    uint64_t from;                                           /* first sequence */
    uint64_t limit;                                          /* last `limit` matches; 0: all */
    /* Records from `since` on and before `until`: "2026-11-25T09:00:00Z" or the beginning of such a
     * time, in UTC. */
    const char *since, *until;
    const char *plan; /* "sha256:..." */
    const char *text; /* words that the record has, in any case of ASCII letters */
    bool scan;        /* read the whole log, whatever the index says */
};
/**
 * Records that match, in order. They are found by way of the folder's index where this process can
 * read it, and each is read from the log and looked at again; records that the index does not know
 * yet are all read. Whoever can write the index can make it leave something out: `scan` does
 * without.
 */
REEVE_API int reeve_query(struct reeve *handle, const struct reeve_query *query,
                          int (*fn)(void *arg, const struct reeve_record *record), void *arg,
                          struct reeve_error *err);

/**
 * Erase the bytes of one record (of a decision, an end, or what was rejected) from log and index;
 * its hash stays, and with it every proof. First it is recorded: which, by whom, and `reason` (1 to
 * 512 bytes of UTF-8). `*json`, malloc'ed: {"erased", "recorded"}, two sequences. Only the folder's
 * own user may. REEVE_ENOENT: there are no bytes; REEVE_EINVAL: a record of that type stays;
 * REEVE_EIO: it is recorded, and is finished by another try or the next start. Its plan
 * goes a moment later, unless another decision names it. Policies, tiles, receipts and copies of
 * the folder are not touched.
 */
REEVE_API int reeve_erase(struct reeve *handle, uint64_t seq, const char *reason, char **json,
                          struct reeve_error *err);

/**
 * The files of the log, oldest first: `*json`, malloc'ed, is a list of {"first": a sequence,
 * "records", "bytes": on the disk, "sealed", "pruned": its records were kept for their time and are
 * hashes now}. The last one is the one that is written.
 */
REEVE_API int reeve_segments(struct reeve *handle, char **json, struct reeve_error *err);
/**
 * Seal the newest file of the log, so that it can be copied away as it is, and begin another.
 * `*json`, malloc'ed, is {"seq"}: the record that begins it, which is durable. REEVE_EINVAL: the
 * newest file has no record yet; REEVE_EIO: it may still come to be.
 */
REEVE_API int reeve_seal(struct reeve *handle, char **json, struct reeve_error *err);

/** Have the folder's index made anew from the log; returns when that has begun. */
REEVE_API int reeve_reindex(struct reeve *handle, struct reeve_error *err);

/** A receipt (C2SP tlog-proof) of a record, which is made durable first: malloc'ed text. */
REEVE_API int reeve_receipt(struct reeve *handle, uint64_t seq, char **text,
                            struct reeve_error *err);
/** Check a receipt offline under a verifier key; `*json` (malloc'ed) tells index, size, origin and
 * the record. REEVE_EVERIFY when it does not hold. */
REEVE_API int reeve_receipt_check(const char *text, size_t n, const char *vkey, char **json,
                                  struct reeve_error *err);

/**
 * The inclusion proof of record `index` in the tree of the first `size` records (0: all that are
 * signed), as RFC 6962 has it: `*json`, malloc'ed, is {"index", "size", "proof": [base64 ...]}.
 * REEVE_ENOENT: there is no such record or tree.
 */
REEVE_API int reeve_prove(struct reeve *handle, uint64_t index, uint64_t size, char **json,
                          struct reeve_error *err);
/** The same of a consistency proof: that the tree of `size` begins with that of `index` records. */
REEVE_API int reeve_prove_consistency(struct reeve *handle, uint64_t index, uint64_t size,
                                      char **json, struct reeve_error *err);
/** The signed checkpoint (C2SP tlog-checkpoint) of all that was answered: malloc'ed text. */
REEVE_API int reeve_checkpoint(struct reeve *handle, char **note, struct reeve_error *err);
/** The folder's verifier key (C2SP: name+hex id+base64), from its file: malloc'ed text. */
REEVE_API int reeve_vkey(struct reeve *handle, char **vkey, struct reeve_error *err);

/**
 * The log's verifier keys, oldest first: `*json`, malloc'ed, is {"keys": [{"from", "to", "vkey"}],
 * "vkey": the newest}. `from` is the record that entered a key (of the first 0), `to` the one that
 * ended it, null for the newest. Trees of up to `to` records are an older key's, larger ones its
 * successor's. REEVE_EVERIFY: the records do not fit together.
 */
REEVE_API int reeve_keys(struct reeve *handle, char **json, struct reeve_error *err);
/**
 * Give the log a new key: when this returns it signs, and the old one is gone. `*json`, malloc'ed,
 * is {"seq": the record that both keys signed, "vkey": the new one}. REEVE_EIO also when there is
 * no new key; the old one then goes on.
 */
REEVE_API int reeve_rotate_key(struct reeve *handle, char **json, struct reeve_error *err);

struct reeve_verify_report {
    size_t size;
    bool ok;
    uint64_t records, without_bytes;
    bool has_bad;
    uint64_t first_bad;
    char finding[64];
    char detail[384];
    char root[65];
    char origin[256];
    /* How many starts found rows beyond the signed size and moved them to unsigned-A-B.jsonl; the
     * first record that tells of such; whether some were more than one crash leaves, so that
     * somebody added them or put an older keeper.head back. No finding: the log holds without. */
    uint64_t set_aside, set_aside_at;
    bool set_aside_beyond_crash;
    /* Of a copy: rows that came after the checkpoint, of which it says nothing. */
    uint64_t beyond;
    /* Decisions that name a plan: its bytes are kept and hash to its digest; are not kept, since
     * they hold what the policy masks; were not looked at, since the copy has no plans.db. */
    uint64_t plans_kept, plans_masked, plans_unchecked;
    uint64_t erased;  /* of `without_bytes`, records that were erased on request */
    uint64_t expired; /* and that were kept for the time that config.yaml says */
};
/** What is checked; zero-initialised but for `size`: all of the handle's log. */
struct reeve_verify_options {
    size_t size;      /* sizeof(struct reeve_verify_options) */
    const char *vkey; /* the verifier key; NULL: the folder's own, read from its file */
    /* A checkpoint that was kept where the folder's owner cannot write, cosigned or not: the log
     * must go on from it. NULL: none. */
    const char *kept;
    /* A folder that no owner has open, a copy or a backup; needs `vkey` and `kept`, up to which it
     * is checked: nothing in it is believed but its rows, and nothing in it is written. NULL: none.
     */
    const char *copy;
    /* Rows from..from+count-1 alone, with the proofs that lead from them to the root; count 0: to
     * the end. What other rows tell of them is not known then: that they were erased, say. */
    uint64_t from, count;
    bool segment; /* the rows of the file that begins with row `from`, whatever `count` */
    void (*progress)(void *arg, uint64_t done, uint64_t total); /* of rows; NULL: nobody is told */
    void *arg;
};
/**
 * Check a log in this process: rows come raw from the owner, or from the copy. 0 whenever the check
 * was made; REEVE_EVERIFY, REEVE_EFORMAT: `kept` is no checkpoint of that key; REEVE_EINVAL: there
 * are no such rows, or `kept` says nothing of them.
 */
REEVE_API int reeve_verify(struct reeve *handle, const struct reeve_verify_options *options,
                           struct reeve_verify_report *report, struct reeve_error *err);

#ifdef __cplusplus
}
#endif
#endif
