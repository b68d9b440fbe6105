/*
 * The inside of a log, shared by the files of this folder: log_db.c (SQLite), log_plans.c (plans
 * beside it), log_keeper.c (the keeper's frames), log_rotate.c (a new key), log_open.c (what start
 * and crash left), log_aside.c (rows beyond), log.c (append and flush), log_read.c. Nobody else
 * includes this but the log's own tests.
 */
#ifndef AUDIT_LOG_H
#define AUDIT_LOG_H

#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>

#include "audit/audit.h"
#include "audit/database.h"
#include "audit/holes.h"
#include "audit/keeper/keeper.h"
#include "audit/note.h"
#include "audit/plans.h"
#include "audit/record.h"
#include "audit/segments.h"

#define LOG_KEEPER_TIMEOUT_MS 10000
#define LOG_MAX_ASIDE_BYTES   ((size_t)64 << 20)
#define LOG_MAX_BATCH         (KEEPER_MAX_LEAVES + KEEPER_MAX_RELEASES)

/* ---- log_db.c: one file, with the table `log(seq, record, leaf)` ---- */

#define LOG_DB_SCHEMA "CREATE TABLE log(seq INTEGER PRIMARY KEY, record BLOB, leaf BLOB NOT NULL)"

#define LOG_DB_INSERT "INSERT INTO log(seq, record, leaf) VALUES(?1, ?2, ?3)"

enum log_stmt { LOG_BEGIN, LOG_COMMIT, LOG_ROLLBACK, LOG_INSERT, LOG_LAST, LOG_RANGE, LOG_STMTS };

struct log_db {
    sqlite3 *sqlite; /* NULL: there is no database that can be read */
    sqlite3_stmt *stmt[LOG_STMTS];
    uint64_t first; /* the sequence of its first row, or of the one that it gets first */
    char name[SEGMENT_MAX_NAME];
};

/** database_open of `dir`/log.db, whose first row is, or will be, `first`. */
int log_db_open(struct log_db *db, int dir_fd, const char *dir, uint64_t first, bool create,
                enum database_found *found, struct reeve_error *err);
/** database_open of a file that never changes again. */
int log_db_open_sealed(struct log_db *db, int dir_fd, const char *dir, const char *name,
                       enum database_found *found, struct reeve_error *err);
/** `keep_wal`: leave the files as they are, for whoever looks into the damage. */
void log_db_close(struct log_db *db, bool keep_wal);
/** Close it as one file that needs no WAL. On error it is closed too, its WAL beside it. */
int log_db_finish(struct log_db *db, struct reeve_error *err);

/** Bind a row to a statement LOG_DB_INSERT; what it is bound to is borrowed until it has run. A
 * record with p == NULL: a leaf alone. */
void log_db_bind(sqlite3_stmt *insert, uint64_t seq, struct str record,
                 const uint8_t leaf[BASE_SHA256]);

struct log_row {
    int64_t seq;
    bool well_formed;  /* types and lengths are those that the log writes */
    struct str record; /* p == NULL: the bytes are not kept */
    const uint8_t *leaf;
};
typedef int log_row_fn(void *arg, const struct log_row *row);
/**
 * Rows from..to, inclusive, in order, until `fn` returns non-zero. 0 also when stopped;
 * REEVE_EDAMAGED when SQLite finds the file damaged on the way, REEVE_EIO for the system's faults.
 */
int log_db_scan(struct log_db *db, int64_t from, int64_t to, log_row_fn *fn, void *arg,
                struct reeve_error *err);
/** One past the last sequence, `first` when empty. */
int log_db_size(struct log_db *db, uint64_t *size, struct reeve_error *err);

/** What one transaction writes: the rows from `from` on. Records with p == NULL are leaves alone.
 */
struct log_rows {
    uint64_t from;
    uint32_t n;
    struct str record[LOG_MAX_BATCH];
    const uint8_t (*leaf)[BASE_SHA256];
};
/**
 * Write rows durably in one transaction that begins where `rows->from` says and ends where it must.
 * Rows that a commit of uncertain outcome left there already are fine. REEVE_EDAMAGED: the database
 * is not where this process left it, so somebody else wrote; REEVE_EIO: it can be tried again.
 */
int log_db_write(struct log_db *db, const struct log_rows *rows, struct reeve_error *err);
/** Overwrite the records from..to with zeroes of their length, here and in the WAL: a row whose
 * record is nothing but zeroes has none. REEVE_EIO: it can be tried again. */
int log_db_erase(struct log_db *db, uint64_t from, uint64_t to, struct reeve_error *err);
/** Delete the rows from `from` on, and those of negative sequences. */
int log_db_cut(struct log_db *db, uint64_t from, struct reeve_error *err);

/* ---- log_store.c: all rows, in the files that they are in ---- */

struct log_store {
    int dir_fd;
    char *dir;
    struct log_db live; /* log.db */
    bool live_away;     /* a seal that failed left it closed; the next try opens it */
    struct segments segments;
    struct log_db sealed; /* the one that was read last */
    size_t sealed_at;
    uint64_t live_bytes; /* about what log.db takes on the disk */
};
/**
 * Open what is in a folder. log.db is made where there is none and segments have all of the
 * `acknowledged` records, unless `read_only`. `*found` says what there was of log.db. Call
 * log_store_close in any case.
 */
int log_store_open(struct log_store *s, int dir_fd, const char *dir, uint64_t acknowledged,
                   bool read_only, enum database_found *found, struct reeve_error *err);
void log_store_close(struct log_store *s, bool keep_wal);
/** At most `max` rows with seq >= from, in the order of the files, as log_db_scan. */
int log_store_scan(struct log_store *s, int64_t from, uint64_t max, log_row_fn *fn, void *arg,
                   struct reeve_error *err);
/** One past the last sequence. */
int log_store_size(struct log_store *s, uint64_t *size, struct reeve_error *err);
/** log.db becomes the last segment, and an empty one takes its place. REEVE_EIO: it can be tried
 * again, and is done as far as it was. */
int log_store_seal(struct log_store *s, uint64_t size, struct reeve_error *err);
/** A segment is another file from now on. */
void log_store_changed(struct log_store *s, size_t at);

/* ---- the log ---- */

enum log_phase {
    LOG_IDLE,    /* nothing is in flight */
    LOG_ENTERED, /* the keeper has a batch: the same rows until they are committed */
    LOG_ALONE,   /* the keeper is gone */
};

/* Records and releases on their way into a batch. */
struct log_queue {
    bool opens;         /* its first record begins a file: made when the one before is sealed, */
    struct buf opening; /* and not among these: */
    struct buf bytes;   /* the records, one after the other */
    uint32_t nrecords, nreleases;
    uint32_t length[KEEPER_MAX_LEAVES];
    uint8_t leaf[KEEPER_MAX_LEAVES][BASE_SHA256];
    struct keeper_asked release[KEEPER_MAX_RELEASES];
    struct plans_queue plans; /* that these records name, or those of a later batch */
};

/* The batch in flight: the flushing thread's alone. */
struct log_flight {
    struct log_queue *queue;   /* NULL: there is none; changed with `queue` locked */
    struct keeper_batch batch; /* as it went to the keeper: without the releases that had lapsed */
    struct keeper_records records;
    bool opened;                      /* the record that begins a file is made */
    bool answered;                    /* `records` came */
    bool lapsed[KEEPER_MAX_RELEASES]; /* of the queue's: expired before the flush */
    uint8_t leaf[LOG_MAX_BATCH][BASE_SHA256];
    struct tree_edge edge; /* with this batch */
};

/*
 * Two locks, `rows` before `queue` where both are held (and `rewriting` before either). A commit
 * holds `rows` and not `queue`: who appends waits for no disk, who reads does.
 */
struct audit_log {
    const struct audit_progress *progress; /* while the log is being opened; NULL: none */
    int keeper_fd;                         /* the flushing thread's, and `flight` */
    struct log_flight flight;
    bool rotates; /* the next batch, or the one in flight, enters this key: */
    uint8_t next_public[AUDIT_PUBLIC_BYTES];

    /* Written with both locks held, read with either. */
    enum log_phase phase;
    enum audit_condition condition;
    uint64_t first_bad;
    char detail[256];

    pthread_mutex_t queue;
    struct log_queue queues[2];
    struct log_queue *filling; /* the other one is in flight, or empty */
    uint64_t base;             /* the sequence of its first record */
    bool seal_wanted;          /* the next batch but one begins a file */
    struct audit_segmenting segmenting;
    struct record_reader reader;

    pthread_mutex_t rewriting; /* sealed files, before `rows` */
    pthread_mutex_t rows;      /* by the functions below */
    atomic_bool commit_waits;  /* whoever reads lets it pass */
    pthread_cond_t committed;
    struct log_store store;
    struct plans plans;
    struct tree_edge edge;   /* durable, both in the database and in the keeper's head */
    struct tree_nodes nodes; /* of the same rows */
    uint64_t unsigned_told;  /* one past the last record that told of rows set aside; 0: none */
    uint64_t signed_size;    /* what was signed last */
    uint8_t signed_root[BASE_SHA256];
    bool note_checked; /* its signature holds: looked at when somebody asks for it */
    uint32_t note_bytes;
    char note[NOTE_MAX_CHECKPOINT];

    struct buf origin;   /* as it was read at the start */
    struct buf vkey;     /* with `rows`: a rotation changes it, */
    struct note_key key; /* and this, which borrows `origin` */
};

/** Lock the rows, to read them or, in the flushing thread, to change them: that one has precedence,
 * since a mutex alone would let readers that take turns keep it out. */
void log_rows_read(struct audit_log *log);
void log_rows_change(struct audit_log *log);
void log_rows_leave(struct audit_log *log);

/* ---- log.c ---- */

/** audit_log_make. `keepers`: the kind that only the keeper writes and this is, or RECORD_OTHER. */
int log_make(struct audit_log *log, enum record_kind keepers, audit_make_fn *make, void *arg,
             uint64_t *seq, struct reeve_error *err);

/* ---- log_rotate.c ---- */

/** From now on the log's key is this one. With `rows` held, or while the log is being opened. */
void log_adopt_key(struct audit_log *log, const uint8_t pub[AUDIT_PUBLIC_BYTES]);

/* ---- log_keeper.c ---- */

/** The keeper is gone, or as good as that. `code` again. */
int log_lose_keeper(struct audit_log *log, int code);
/** Have the key's successor made, for the record `seq`. The keeper is not lost when this fails,
 * since the queue may be locked: the caller does that. */
int log_keeper_rotate(struct audit_log *log, uint64_t seq, struct keeper_rotation *out,
                      struct reeve_error *err);

/** The keeper's first frame, checked. REEVE_ESTATE: it cannot use its head file (a damaged log). */
int log_keeper_state(struct audit_log *log, struct keeper_state *out, struct reeve_error *err);
/** What is queued becomes the batch in flight, and the other queue is filled. REEVE_EINVAL: more
 * than `ntokens` releases wait. */
int log_take_off(struct audit_log *log, size_t ntokens, struct reeve_error *err);
/** Send the batch in flight, get the release records, compute leaves and the edge with them. */
int log_keeper_enter(struct audit_log *log, struct reeve_error *err);
/** With both locks. */
void log_set_phase(struct audit_log *log, enum log_phase phase);
/** Say `committed` and take the answer: it must be for `edge` and carry `ntokens` tokens. */
int log_keeper_commit(struct audit_log *log, const struct tree_edge *edge, uint32_t ntokens,
                      struct keeper_grants *out, struct reeve_error *err);
/** Check that a checkpoint of the keeper's is of `edge`; its signature is not looked at. */
int log_check_note(const struct audit_log *log, const struct tree_edge *edge, const char *note,
                   uint32_t n, struct reeve_error *err);
/** Look at the signature of what was signed last; one that does not hold condemns the log. With
 * `rows` held. */
void log_check_signature(struct audit_log *log);
/** Take it over as what was signed last. With `rows` held, or while the log is being opened. */
void log_adopt(struct audit_log *log, const struct tree_edge *edge, const char *note, uint32_t n);

/** From now on the log serves reading alone. With `rows` held, or while the log is being opened. */
void log_condemn(struct audit_log *log, enum audit_condition c, uint64_t first_bad, const char *fmt,
                 ...) REEVE_PRINTF(4, 5);

/* ---- log_plans.c ---- */

/** Open the plans beside a log that has been opened; a file that is none condemns the log. */
int log_open_plans(struct audit_log *log, int dir_fd, const char *dir, struct reeve_error *err);
/** Write the plans of the batch in flight, before it is entered. REEVE_EDAMAGED condemns the log.
 */
int log_write_plans(struct audit_log *log, struct reeve_error *err);

/* ---- log_read.c ---- */

/** audit_log_read with `rows` held. */
int log_read_rows(struct audit_log *log, uint64_t from, uint64_t max, audit_row_fn *fn, void *arg,
                  struct reeve_error *err);

/* ---- log_seal.c ---- */

/** Rows were written: whether they are enough for a file. With `rows` held. */
void log_count_bytes(struct audit_log *log, const struct log_rows *rows);
/** What is filled now begins a file. With the queue locked, and nothing in it. */
void log_open_queue(struct log_queue *q);
/** Before the batch in flight is entered: seal, and make its first record. */
int log_begin_segment(struct audit_log *log, struct reeve_error *err);

/* ---- log_erase.c ---- */

/** Erase and prune what records say is erased, and a crash left. */
int log_finish_erasures(struct audit_log *log, struct audit_found *found, struct reeve_error *err);

/* ---- log_scan.c ---- */

/**
 * Read every row once and compare it with the keeper's state: grows `log->edge` over the rows that
 * were signed, lists the releases without an end in `found`, and renders rows beyond the keeper's
 * head into `aside` as JSON lines (`found->unsigned_*` tell which). Damage condemns the log. The
 * file is only read.
 */
int log_scan(struct audit_log *log, const struct keeper_state *state, struct audit_found *found,
             struct buf *aside, struct reeve_error *err);

/* ---- log_aside.c ---- */

/**
 * Set `rows` aside, which log_scan rendered, and delete them from the database; none when
 * `found->unsigned_count` is 0. What an earlier start set aside and no record tells of is added to
 * `found`.
 */
int log_aside(struct audit_log *log, int dir_fd, struct audit_found *found, struct str rows,
              struct reeve_error *err);

#endif
