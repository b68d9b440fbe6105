/*
 * The log as the broker sees it: append, release, flush, read, prove. One owner; any thread but for
 * opening, flushing and closing, each of which one thread does. What is durable is what SQLite
 * (`synchronous=FULL`) and the keeper's head both hold; PROCESSES in docs/processes.md has the
 * protocol.
 */
#ifndef AUDIT_AUDIT_H
#define AUDIT_AUDIT_H

#include "audit/tree.h"
#include "core/frames.h"
#include "core/json.h"

#define AUDIT_MAX_RECORD      32768u
#define AUDIT_MAX_PLANS_BYTES (UINT64_C(1) << 20) /* of one batch */
#define AUDIT_DB_NAME         "log.db"
#define AUDIT_HEAD_NAME       "keeper.head"
#define AUDIT_KEY_NAME        "key.pem"         /* Ed25519, PKCS#8, mode 0600 */
#define AUDIT_NEXT_KEY_NAME   "key.next.pem"    /* the key that a rotation enters, until it has */
#define AUDIT_VKEY_NAME       "key.vkey"        /* C2SP verifier key: <origin>+<hex id>+<base64> */
#define AUDIT_UNTOLD_NAME     "unsigned.untold" /* rows set aside, of which no record tells yet */
#define AUDIT_ORIGIN_NAME     "origin"          /* one line: the log's name in checkpoints */

#define AUDIT_NOT_RELEASED UINT64_MAX

struct audit_log;

/* What was found when the log was opened, and so whether it takes records. */
#define AUDIT_CONDITION_TABLE(X)                                                                   \
    X(OK, "ok")                                                                                    \
    X(TAIL_LOST, "tail-lost") /* the keeper signed records that the database lacks */              \
    X(DAMAGED, "damaged")     /* a record or leaf is not what was signed */
#define X(id, ...) AUDIT_##id,
enum audit_condition { AUDIT_CONDITION_TABLE(X) };
#undef X
const char *audit_condition_name(enum audit_condition c);

/** What opening found. Ranges are [from, to], inclusive; count 0: none. */
struct audit_found {
    enum audit_condition condition;
    uint64_t first_bad; /* TAIL_LOST: first missing; DAMAGED: first wrong sequence */
    char detail[256];   /* one sentence, when not OK */
    /* Unacknowledged batches that were entered again, and of which no record tells yet. */
    uint64_t restored_from, restored_count;
    /* Rows set aside, in unsigned-<from>-<to>.jsonl, by this start or by one that recorded nothing.
     */
    uint64_t unsigned_from, unsigned_count;
    /* More rows than one crash leaves: somebody added them, or put an older keeper's head back. */
    bool unsigned_beyond_crash;
    uint64_t *lost; /* sequences of releases without an end record; freed by audit_found_fini */
    size_t nlost;
    /* Records that are said to be erased, or kept no longer, and were still there: none is now. */
    struct audit_unerased {
        uint64_t first, last;
        bool prune;
    } * unerased;
    size_t nunerased;
    bool has_gone; /* records were erased, or kept for their time: their plans may be there still */
};
void audit_found_fini(struct audit_found *f);

/** Whether `origin` can be a log's name; REEVE_EINVAL says what one is. */
int audit_origin_check(struct str origin, struct reeve_error *err);
/**
 * Make a new log's files in a folder: origin, key (0600), verifier key, keeper's empty head.
 * Refuses (REEVE_ESTATE) where one exists. Each file appears by rename.
 */
int audit_create(int dir_fd, struct str origin, struct reeve_error *err);

/**
 * Open the log of `dir_fd` (its path for SQLite: `dir`) with a keeper that was just started on
 * `keeper_fd` (owned by the log from now on). Reads the keeper's state, reads every row once,
 * applies the table "At start, and after a crash", and does NOT append the records that tell of it:
 * the caller does, from `found`. Condition other than OK is no error: the log then serves reading
 * and every append fails with REEVE_EDAMAGED. A database that SQLite cannot read is DAMAGED.
 * `progress` (NULL: none) is told every AUDIT_PROGRESS_ROWS rows, so that who waits for a long log
 * knows that it is being read.
 */
#define AUDIT_PROGRESS_ROWS 256u
struct audit_progress {
    void (*fn)(void *arg, uint64_t rows);
    void *arg;
};
int audit_log_open(int dir_fd, const char *dir, int keeper_fd,
                   const struct audit_progress *progress, struct audit_log **out,
                   struct audit_found *found, struct reeve_error *err);
void audit_log_close(struct audit_log **log);

/** The sequence that the next record will get. Where several threads append, another one may take
 * it first. */
uint64_t audit_log_next(struct audit_log *log);
/**
 * Queue one record that `make` appends to `out`, with the sequence that it is given, as
 * audit_log_append would. `make` fails with its own code; it must not call the log. `*seq` is set
 * before.
 */
typedef int audit_make_fn(void *arg, uint64_t seq, struct buf *out, struct reeve_error *err);
int audit_log_make(struct audit_log *log, audit_make_fn *make, void *arg, uint64_t *seq,
                   struct reeve_error *err);
/**
 * Queue one record: canonical JSON, at most AUDIT_MAX_RECORD bytes, its "seq" is audit_log_next
 * (REEVE_EINVAL when not: such a record would make the log damaged), its type is not `release`,
 * which the keeper alone writes (REEVE_EINVAL). REEVE_EBUSY: the next batch is full, flush first.
 */
int audit_log_append(struct audit_log *log, struct str record, struct reeve_error *err);
/**
 * Queue a plan's bytes, of which `digest` is the SHA-256, before the record that names it: they are
 * durable, beside the log, before any record is that was queued after. What is kept already is not
 * written again. REEVE_EBUSY: flush first; REEVE_EINVAL: it has no byte, or more than
 * PLAN_MAX_BYTES.
 */
int audit_log_plan(struct audit_log *log, const uint8_t digest[BASE_SHA256], struct str plan,
                   struct reeve_error *err);
/**
 * Append the bytes that are kept under a digest to `out`, not hashed again. REEVE_ENOENT: there are
 * none; REEVE_EDAMAGED: what keeps them cannot be read.
 */
int audit_log_read_plan(struct audit_log *log, const uint8_t digest[BASE_SHA256], struct buf *out,
                        struct reeve_error *err);
/**
 * Queue the release of a plan whose decision record is `decision` (queued or durable), until
 * `expires_ns` (CLOCK_BOOTTIME, at most 60 s from now; REEVE_EINVAL). REEVE_EBUSY: flush first.
 */
int audit_log_release(struct audit_log *log, uint64_t decision, const uint8_t plan[BASE_SHA256],
                      int64_t expires_ns, struct reeve_error *err);
/** How many records are durable. */
uint64_t audit_log_size(struct audit_log *log);
/** Whether anything waits for a flush: of the next batch, or of one that did not commit. */
bool audit_log_pending(struct audit_log *log);
/** What the next batch has already, of KEEPER_MAX_LEAVES and KEEPER_MAX_RELEASES. */
struct audit_room {
    uint32_t nrecords, nreleases;
    bool plan;      /* one more plan fits */
    bool in_flight; /* another batch is on its way */
};
void audit_log_room(struct audit_log *log, struct audit_room *out);

/**
 * Make everything queued durable, in one batch: keeper's head and SQLite's commit in parallel; what
 * is queued meanwhile is the next one's. One thread flushes at a time.
 * Tokens come in the order of the audit_log_release calls; `*ntokens` is room before, count after.
 * A release that expired while it was queued is not released: its token has the sequence
 * AUDIT_NOT_RELEASED and nothing else.
 * REEVE_EIO: the commit failed, the same rows are kept and tried again by the next flush.
 * REEVE_EHELPERS: the keeper is gone; the log takes nothing more.
 */
int audit_log_flush(struct audit_log *log, struct token *tokens, size_t *ntokens,
                    struct reeve_error *err);

/**
 * Have the keeper make a new key, and queue the record that enters it: what the next flush signs,
 * and all later, is signed by the new one. The flushing thread's, between two batches.
 * REEVE_EBUSY: flush first; REEVE_EIO: there is no new key, and the old one goes on.
 */
int audit_log_rotate(struct audit_log *log, uint64_t *seq, struct reeve_error *err);

/**
 * Rows [from, from + max) that are durable, in order; a record whose bytes are not kept has p ==
 * NULL. Stops when `fn` returns non-zero. REEVE_EDAMAGED: the row after the last that `fn` got is
 * not what a log writes, or cannot be read. `fn` must not call the log.
 */
typedef int audit_row_fn(void *arg, uint64_t seq, struct str record,
                         const uint8_t leaf[BASE_SHA256]);
int audit_log_read(struct audit_log *log, uint64_t from, uint64_t max, audit_row_fn *fn, void *arg,
                   struct reeve_error *err);

/* ---- files ---- */

/** A file that has ended: rows first..last, the checkpoint of all rows up to them. Borrowed. */
struct audit_segment_end {
    uint64_t first, last;
    struct str checkpoint; /* signed, of last + 1 records */
    const struct tree_edge *edge;
};
/** Add members to the record that begins the next file. Called by the flushing thread. */
typedef void audit_segment_fn(void *arg, struct json_out *o);
/** When a file ends, and what else is in the record that begins the next. */
struct audit_segmenting {
    uint64_t
        max_bytes; /* about what log.db takes on the disk when it ends; 0: no size is too much */
    audit_segment_fn *put; /* NULL: nothing */
    void *arg;
};
/** Set before the first record is appended. */
void audit_log_segmenting(struct audit_log *log, const struct audit_segmenting *how);
/** The file ends with the batch that fills now, or before: the record that begins the next one is
 * queued, or will be when that batch is taken off. Any thread. */
void audit_log_want_seal(struct audit_log *log);
/**
 * The same for the flushing thread, between two batches: `*seq` is the record that will begin the
 * next file, once it is known. REEVE_EBUSY: flush and ask again; REEVE_EINVAL: log.db has nothing
 * but such a record.
 */
int audit_log_seal(struct audit_log *log, uint64_t *seq, struct reeve_error *err);

struct audit_segment {
    uint64_t first, last; /* last + 1 == first: none yet */
    uint64_t bytes;       /* on the disk */
    bool sealed, pruned;  /* not sealed: log.db, the last one */
};
/** Files in their order, until `fn` returns non-zero. REEVE_ENOMEM. */
int audit_log_segments(struct audit_log *log, int (*fn)(void *arg, const struct audit_segment *s),
                       void *arg, struct reeve_error *err);
/**
 * Take away the bytes of a sealed file's records, but for those that tell of the log itself, which
 * a durable record of type `expired` says. Any thread, one at a time; the log is held for a moment
 * at the end. REEVE_ENOENT: there is no such file; REEVE_EIO: it can be tried again, and the next
 * start does.
 */
int audit_log_prune(struct audit_log *log, uint64_t first, struct reeve_error *err);

/**
 * Overwrite the bytes of one durable record, which a durable record of type `erased` says; its leaf
 * stays. REEVE_EIO: the bytes may be there still; it can be tried again, and the next start does.
 */
int audit_log_erase(struct audit_log *log, uint64_t seq, struct reeve_error *err);

struct audit_range;

/** What the keeper has signed last. Strings point into itself: it is not to be copied. */
struct audit_head {
    char text[1024], why[256], key[320]; /* what note, detail and vkey point to, of an open log */
    uint64_t size;
    uint8_t root[BASE_SHA256];
    struct str note; /* signed checkpoint */
    /* Of who checks a log: a checkpoint that was kept elsewhere, cosigned or not; p NULL: none; */
    struct str kept;
    const struct audit_range *range; /* and the rows that are checked; NULL: all */
    struct str origin;
    struct str vkey;
    enum audit_condition condition;
    uint64_t first_bad;
    struct str detail;
};
void audit_log_head(struct audit_log *log, struct audit_head *out);
/** Hashes that lead from one thing to another, in the order in which RFC 6962 has them. */
struct audit_proof {
    uint64_t index, size;
    unsigned n;
    uint8_t hash[TREE_MAX_EDGE][BASE_SHA256];
};
enum audit_prove {
    AUDIT_PROVE_RECORD, /* that record `index` is in the tree of `size` */
    AUDIT_PROVE_GROWTH, /* that the tree of `size` begins with that of `index` */
};
/** `size` 0: what was signed last. REEVE_ENOENT: there is no such record or tree yet; REEVE_EINVAL:
 * a tree does not become smaller; REEVE_EDAMAGED: the rows do not lead to what was signed. */
int audit_log_prove(struct audit_log *log, enum audit_prove what, uint64_t index, uint64_t size,
                    struct audit_proof *out, struct reeve_error *err);
/** {"index", "size", "proof": [base64 ...]} */
void audit_proof_json(const struct audit_proof *p, struct buf *out);
/** Take the hashes of such a text, whoever made it: what they prove is for the caller to see, and
 * of what they are said to be the proof is not looked at. REEVE_EPROTO: it is none. */
int audit_proof_read(struct str json, struct audit_proof *out, struct reeve_error *err);
/** A receipt (C2SP tlog-proof with the record as `extra`) of a durable record. */
int audit_log_receipt(struct audit_log *log, uint64_t seq, struct buf *out,
                      struct reeve_error *err);

/* ---- checking, with no log at hand (verify.c, receipt.c): used by clients ---- */

/**
 * Where a verifier gets rows from: a live owner's socket, or a file. `read` has audit_log_read's
 * contract, `plan` that of audit_log_read_plan; NULL: there are no plans to look at. `at_rest`: no
 * owner appends meanwhile, so rows beyond the signed size are a finding; of a live log they are
 * those that came after its head was asked for.
 */
struct audit_source {
    int (*read)(void *self, uint64_t from, uint64_t max, audit_row_fn *fn, void *arg,
                struct reeve_error *err);
    int (*plan)(void *self, const uint8_t digest[BASE_SHA256], struct buf *out,
                struct reeve_error *err);
    void *self;
    bool at_rest;
};
/**
 * A source for the log of a folder that no owner has open (a copy, a backup): one thread. Its rows
 * are read with what a WAL beside them holds, and nothing is written; its plans, where `plans.db`
 * is there. REEVE_ENOENT: there is none;
 * REEVE_EDAMAGED: it is no log; REEVE_EIO: it cannot be read, as while an owner has it.
 */
struct audit_copy;
int audit_copy_open(const char *dir, struct audit_copy **out, struct audit_source *source,
                    struct reeve_error *err);
/** Whether one of its files begins with row `first`, and its last row as far as names tell: of
 * log.db there is none, UINT64_MAX. */
bool audit_copy_file(const struct audit_copy *copy, uint64_t first, uint64_t *last);
/** One past its last row. */
int audit_copy_size(struct audit_copy *copy, uint64_t *size, struct reeve_error *err);
void audit_copy_close(struct audit_copy **copy);

/**
 * Rows from..to-1 of a tree, 0 <= from < to, and what leads from them to its root: neither needs to
 * be trusted, since both are checked against it.
 */
struct audit_range {
    uint64_t from, to;
    struct tree_edge before; /* the tree of the rows before them */
    struct audit_proof last; /* that row to-1 is in the signed tree */
};
/** Of the inclusion proofs of rows `from` and to-1 in one tree. REEVE_EVERIFY: they are not. */
int audit_range_of_proofs(const struct audit_proof *first, const struct audit_proof *last,
                          struct audit_range *out, struct reeve_error *err);
/** Of all leaves of a source with `size` rows. REEVE_EVERIFY: some are missing; what reading them
 * returns. */
int audit_range_of_rows(const struct audit_source *source, uint64_t from, uint64_t to,
                        uint64_t size, struct audit_range *out, struct reeve_error *err);

#define AUDIT_FINDING_TABLE(X)                                                                     \
    X(RECORD_CHANGED, "record-changed") /* the leaf is what was signed, the record is not its */   \
    X(LEAF_CHANGED, "leaf-changed")     /* the record is what was signed, the leaf is not its */   \
    X(BAD_SEQUENCE, "bad-sequence")     /* a record that says another sequence, or none */         \
    X(MISSING, "missing")               /* a row, or a record's bytes, are gone, and none tells */ \
    X(TAIL_LOST, "tail-lost")           /* rows are missing at the end */                          \
    X(UNSIGNED, "unsigned")             /* rows beyond the signed size */                          \
    X(ROOT_MISMATCH, "root-mismatch")   /* the rows agree with each other, not with the root */    \
    X(ROTATION, "rotation")             /* a change of the log's key that its keys did not make */ \
    X(REWRITTEN, "history-rewritten")   /* a checkpoint that was kept is of another history */     \
    X(SEGMENT, "segment")               /* a file's first record is not of the rows before it */   \
    X(PLAN_MISSING, "plan-missing")     /* a plan is gone that its record says is kept */          \
    X(PLAN_CHANGED, "plan-changed")     /* or has bytes that are not what it is named by */        \
    X(DAMAGED, "damaged")               /* the owner found what these rows do not show */          \
    X(BAD_SIGNATURE, "bad-signature")   /* no checkpoint that the key signed */
struct audit_report {
    bool ok;
    uint64_t records;       /* checked */
    uint64_t without_bytes; /* of them, leaves whose record is not kept */
    uint64_t erased;        /* of those, that were erased on request */
    uint64_t expired;       /* and that were kept for their time */
    /* Starts that found rows beyond what was signed and set them aside; `set_aside_at`: the first
     * record that tells of such. */
    uint64_t set_aside, set_aside_at;
    bool set_aside_beyond_crash; /* some were more than one crash leaves */
    /* Decisions whose plan is kept and hashes to its name; holds what the policy masks, and so is
     * not kept; was not looked at, since the source has no plans. */
    uint64_t plans_kept, plans_masked, plans_unchecked;
    bool has_bad;
    uint64_t first_bad; /* first sequence that is wrong or missing */
    char finding[64];   /* a name of AUDIT_FINDING_TABLE, empty when ok */
    char detail[384];
    uint8_t root[BASE_SHA256];
};
/**
 * Check rows 0..head->size-1 against the signed checkpoint `head->note` under `vkey`: each leaf is
 * its record's hash, each record says its own sequence, no gap, no leaf without a record but those
 * that a record tells of, each rotation is signed by both keys and leads to the next and the last
 * to `vkey`, the tree's root is the signed one, nothing beyond (of a source at rest), each plan
 * that a decision names is kept or said not to be, and the log goes on from `head->kept`
 * (REEVE_EVERIFY, REEVE_EFORMAT: that is no checkpoint of this key's, nor of one that a rotation
 * ended after it). Of `head->range` the same is checked as far as these rows tell: not what other
 * rows tell of them, nor of `kept` anything where its size is not among them (REEVE_EINVAL), nor of
 * the keys all. `progress` may be NULL. 0 whenever the check was made
 * (`report->ok` says how it went).
 */
int audit_verify(const struct audit_source *source, const struct audit_head *head, struct str vkey,
                 void (*progress)(void *arg, uint64_t done, uint64_t total), void *progress_arg,
                 struct audit_report *report, struct reeve_error *err);

/** A parsed receipt; strings are borrowed from its text or owned by `arena`. */
struct audit_receipt {
    uint64_t index, size;
    struct str record; /* the exact leaf bytes */
    struct str origin;
};
/** Check a receipt's text under a verifier key: signature, inclusion, and that `extra` is the leaf.
 * REEVE_EVERIFY says what does not hold. */
int audit_receipt_check(struct str text, struct str vkey, struct arena *arena,
                        struct audit_receipt *out, struct reeve_error *err);

#endif
