/*
 * What passes between owner, keeper and launcher: fixed binary frames over SOCK_SEQPACKET, one
 * frame a message, little endian, no text. Each begins with a frame_head. A side that gets a frame
 * that its state does not allow ends itself. docs/processes.md has the state tables.
 */
#ifndef CORE_FRAMES_H
#define CORE_FRAMES_H

#include "base/base.h"
#include "core/plan.h"

#define FRAME_MAX_BYTES (PLAN_MAX_BYTES + 4096u)

struct frame_head {
    uint32_t type;
    uint32_t bytes; /* of the whole frame */
};

/* ---- token: what the keeper gives and the launcher checks ---- */

#define TOKEN_KEY_BYTES 32
struct token {
    uint64_t seq; /* of the release record */
    uint8_t plan[BASE_SHA256];
    int64_t expires_ns; /* CLOCK_BOOTTIME */
    uint8_t mac[BASE_SHA256];
};
/** HMAC-SHA-256 over "reeve-token-v1" ‖ 0 ‖ seq ‖ plan ‖ expires_ns under the key that keeper and
 * launcher share. */
void token_mac(const uint8_t key[TOKEN_KEY_BYTES], const struct token *t, uint8_t out[BASE_SHA256]);

/* ---- owner <-> keeper ---- */

#define KEEPER_MAX_LEAVES   512u
#define KEEPER_MAX_RELEASES 32u
#define KEEPER_MAX_EDGE     64u
#define RELEASE_MAX_BYTES   384u
#define ROTATION_MAX_BYTES  5120u

enum keeper_frame {
    KEEPER_STATE = 1, /* keeper, first: struct keeper_state */
    KEEPER_BATCH,     /* owner: struct keeper_batch */
    KEEPER_RECORDS,   /* keeper: struct keeper_records */
    KEEPER_COMMITTED, /* owner: struct frame_head alone; the only frame after RECORDS, and after a
                         STATE that says `committed` 0: that batch is in the database (again) */
    KEEPER_GRANTS,    /* keeper: struct keeper_grants */
    KEEPER_REFUSED,   /* keeper: struct keeper_refused, then it ends itself */
    KEEPER_ROTATE,   /* owner, between batches: struct keeper_rotate; the next batch has to hold the
                        record that is the answer */
    KEEPER_ROTATION, /* keeper: struct keeper_rotation */
};

struct keeper_release_record {
    uint32_t bytes;
    char text[RELEASE_MAX_BYTES]; /* canonical JSON, not NUL-terminated */
};

/* The record that enters the log's next key. */
struct keeper_rotation_record {
    uint64_t seq;           /* where it has to stand */
    uint8_t public_key[32]; /* the next key, Ed25519 */
    uint32_t bytes;         /* 0: there is none */
    uint32_t pad;
    char text[ROTATION_MAX_BYTES]; /* canonical JSON, not NUL-terminated */
};

/*
 * What the keeper knows when it starts. base_*: the tree before the last batch; then that batch:
 * its `nleaves` leaf hashes of the owner's records, then its `nreleases` of the release records,
 * and these records' bytes. size == base_size + nleaves + nreleases.
 */
struct keeper_state {
    struct frame_head head;
    uint64_t base_size, size;
    uint8_t base_root[BASE_SHA256], root[BASE_SHA256];
    uint32_t committed; /* whether `committed` came for the last batch */
    uint32_t nedge;     /* roots of the complete subtrees of base_size, largest first */
    uint8_t edge[KEEPER_MAX_EDGE][BASE_SHA256];
    uint32_t nleaves, nreleases;
    uint8_t leaf[KEEPER_MAX_LEAVES + KEEPER_MAX_RELEASES][BASE_SHA256];
    struct keeper_release_record release[KEEPER_MAX_RELEASES];
    uint8_t public_key[32]; /* Ed25519 */
    uint32_t note_bytes;
    char note[1024]; /* the signed checkpoint of `size` if committed, else of base_size */
    struct keeper_rotation_record rotation; /* that the last batch holds and was not committed */
};

/* A release that the owner asks for. */
struct keeper_asked {
    uint64_t decision; /* sequence of the decision record: < size + nleaves of its batch */
    uint8_t plan[BASE_SHA256];
    int64_t expires_ns; /* CLOCK_BOOTTIME; at most 60 s from now */
};

/* Of the three frames that follow, the last array is sent as far as it is filled: a frame has one
 * size for each count. */
struct keeper_batch {
    struct frame_head head;
    uint64_t size; /* the tree that this extends; must be the keeper's own */
    uint8_t root[BASE_SHA256];
    uint32_t nleaves, nreleases;
    struct keeper_asked release[KEEPER_MAX_RELEASES];
    uint8_t leaf[KEEPER_MAX_LEAVES][BASE_SHA256]; /* `nleaves` */
};

struct keeper_records {
    struct frame_head head;
    uint32_t nreleases, pad;
    struct keeper_release_record release[KEEPER_MAX_RELEASES]; /* `nreleases` */
};

struct keeper_grants {
    struct frame_head head;
    uint64_t size;
    uint8_t root[BASE_SHA256];
    uint32_t ntokens, note_bytes; /* no tokens when the batch is one of an earlier keeper */
    char note[1024];              /* C2SP signed note of (origin, size, root) */
    struct token token[KEEPER_MAX_RELEASES]; /* `ntokens` */
};

struct keeper_rotate {
    struct frame_head head;
    uint64_t seq; /* the first that is free in the batch that comes next */
};

struct keeper_rotation {
    struct frame_head head;
    struct keeper_rotation_record
        record; /* without bytes: there is no new key, and `text` says why, with a NUL */
};

#define FRAME_SIZER(name, frame, array)                                                            \
    static inline size_t name(uint32_t n)                                                          \
    {                                                                                              \
        return offsetof(struct frame, array) + (size_t)n * sizeof((struct frame *)0)->array[0];    \
    }
FRAME_SIZER(keeper_batch_bytes, keeper_batch, leaf)
FRAME_SIZER(keeper_records_bytes, keeper_records, release)
FRAME_SIZER(keeper_grants_bytes, keeper_grants, token)
#undef FRAME_SIZER

#define KEEPER_REFUSAL_TABLE(X)                                                                    \
    X(FRAME, "a frame that may not come now, or is malformed")                                     \
    X(TREE, "a batch that does not extend the tree that was signed last")                          \
    X(DECISION, "a release that names no record of the log")                                       \
    X(EXPIRY, "an expiry in the past or too far ahead")                                            \
    X(ROTATION, "a batch without the rotation that was asked for")                                 \
    X(HEAD, "the head file is missing, damaged or cannot be written")                              \
    X(KEY, "the signing key or the log's name cannot be used")
#define X(id, ...) KEEPER_REFUSAL_##id,
enum keeper_refusal { KEEPER_REFUSAL_NONE, KEEPER_REFUSAL_TABLE(X) };
#undef X
struct keeper_refused {
    struct frame_head head;
    uint32_t reason, text_bytes;
    char text[256]; /* what was wrong and what would be right, for HEAD and KEY; no NUL */
};

/* ---- owner <-> launcher ---- */

enum launcher_frame {
    LAUNCHER_HELLO = 1, /* launcher, first: struct launcher_hello */
    LAUNCHER_PREPARE, /* owner: struct launcher_prepare, plan; descriptors: stdin, stdout, stderr of
                         the guest, each a pipe or /dev/null */
    LAUNCHER_RELEASE, /* owner: struct launcher_release */
    LAUNCHER_CANCEL,  /* owner: struct launcher_cancel */
    LAUNCHER_STARTED, /* launcher: struct launcher_event: the gate was opened */
    LAUNCHER_ENDED,   /* launcher: struct launcher_ended: last word on a run; its processes are gone
                       */
};
#define LAUNCHER_MAX_RUNS 256u
/* Entries of all folders of one sandbox that are shown with something hidden in them. */
#define LAUNCHER_MAX_PINNED 4096u

#define LAUNCHER_WHY_TABLE(X)                                                                      \
    X(NONE, "none")                                                                                \
    X(BUSY, "too many runs")                                                                       \
    X(PLAN, "the plan is malformed")                                                               \
    X(PROGRAM_OPEN, "the program cannot be opened")                                                \
    X(PROGRAM_DIGEST, "the program is not the one that was decided on")                            \
    X(MOUNT_OPEN, "a granted path cannot be opened")                                               \
    X(STATE_FOLDER, "the state folder cannot be found, so nothing can be kept out of it")          \
    X(NAMESPACES, "the kernel refuses the namespaces")                                             \
    X(IDS, "user ids cannot be mapped")                                                            \
    X(ROOT, "the root file system cannot be built")                                                \
    X(CROWDED, "more than 4096 entries stand beside what is to be hidden")                         \
    X(CONFINE, "a confinement step failed")                                                        \
    X(CWD, "the working directory cannot be entered")                                              \
    X(EXEC, "the program cannot be executed")                                                      \
    X(TOKEN_MAC, "the token is not the keeper's")                                                  \
    X(TOKEN_PLAN, "the token is for another plan")                                                 \
    X(TOKEN_EXPIRED, "the token has expired")                                                      \
    X(TOKEN_USED, "the token was used before")                                                     \
    X(STATE, "no such prepared run")                                                               \
    X(INIT, "the sandbox's init ended without a report")
#define X(id, ...) LAUNCHER_WHY_##id,
enum launcher_why { LAUNCHER_WHY_TABLE(X) LAUNCHER_WHY_COUNT };
#undef X
const char *launcher_why_text(uint32_t why);

struct launcher_hello {
    struct frame_head head;
    uint32_t privileged;   /* 1: guest and init have user ids of their own; 0: the caller's */
    uint32_t userns_errno; /* not 0: this host forbids user namespaces, with this errno */
    uint32_t pad[2];
};
struct launcher_prepare {
    struct frame_head head;
    uint64_t run;
    uint32_t plan_bytes, pad;
    uint8_t plan[]; /* 8-byte aligned */
};
struct launcher_release {
    struct frame_head head;
    uint64_t run;
    struct token token;
};
struct launcher_cancel {
    struct frame_head head;
    uint64_t run;
    uint32_t limit; /* CORE_LIMIT_OUTPUT + 1 when the owner's capture is full, 0: cancelled */
    uint32_t pad;
};
struct launcher_event {
    struct frame_head head;
    uint64_t run;
};
struct launcher_ended {
    struct frame_head head;
    uint64_t run;
    uint32_t how;     /* enum core_how: OK, ERROR, LIMIT, KILLED or REFUSED */
    uint32_t why;     /* enum launcher_why for ERROR and REFUSED */
    int32_t error;    /* errno of the failing call, or 0; for CROWDED, how many bytes of what is
                         hidden name the folder */
    uint32_t index;   /* of the mount for MOUNT_OPEN, ROOT and CROWDED */
    uint32_t limit;   /* CORE_LIMIT_* + 1 for LIMIT */
    int32_t status;   /* exit status, when it exited */
    int32_t signal;   /* signal that ended it, or 0 */
    uint32_t started; /* 1: the gate was opened */
    uint64_t wall_ns, user_ns, system_ns;
    uint64_t max_rss_bytes;
};

#endif
