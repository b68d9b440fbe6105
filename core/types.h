/*
 * The words that all parts share: levels, classes, ranks, effects, limits, refusals, ways in which
 * a run ends. Each enumeration is one table; names in policies, records and help come from it.
 */
#ifndef CORE_TYPES_H
#define CORE_TYPES_H

#include "base/base.h"

#define CORE_LEVEL_TABLE(X)  X(PURE, "pure") X(CONTROLLED, "controlled") X(FULL, "full")
#define CORE_CLASS_TABLE(X)  X(PURE, "pure") X(SAFE, "safe") X(DANGEROUS, "dangerous")
#define CORE_RANK_TABLE(X)   X(NONE, "none") X(PROCESS, "process") X(SANDBOX, "sandbox") X(VM, "vm")
#define CORE_EFFECT_TABLE(X) X(DENY, "deny") X(ALLOW, "allow") X(ASK, "ask")

/* What the broker answers after an allow that cannot be carried out: never part of a decision. */
#define CORE_REFUSAL_TABLE(X)                                                                      \
    X(NONE, "none", "")                                                                            \
    X(NO_PROVIDER, "no_provider", "no available provider isolates strongly enough")                \
    X(NO_MECHANISM, "no_mechanism", "nothing here can hold a limit that the policy sets")          \
    X(BUSY, "busy", "too much is in flight")                                                       \
    X(NO_HANDLER, "no_handler", "nothing here carries this capability out")                        \
    X(BAD_ARGUMENTS, "bad_arguments", "the arguments do not fit the capability")                   \
    X(NOT_FOUND, "not_found", "the program does not exist")                                        \
    X(NOT_RUNNABLE, "not_runnable", "the program exists and cannot be run")                        \
    X(BUDGET_RACE, "budget_race", "another request spent the budget first")                        \
    X(HELPERS_LOST, "helpers_lost", "keeper or launcher ended; nothing is released")               \
    X(DAMAGED, "damaged", "the log is not what was signed; only reading is served")

/* How a run ended. */
#define CORE_HOW_TABLE(X)                                                                          \
    X(OK, "ok")           /* the program ended by itself; its status says how */                   \
    X(ERROR, "error")     /* the sandbox or the program could not be started; or it was, and       \
                             what watches over it ended without a report */                        \
    X(LIMIT, "limit")     /* a limit ended it; `limit` says which */                               \
    X(KILLED, "killed")   /* cancelled, or its client went away */                                 \
    X(REFUSED, "refused") /* never released */                                                     \
    X(LOST, "lost")       /* released, and its end was not seen */

/* name, unit of the value, whether this build has a mechanism that holds it, what it bounds */
/* clang-format off */
#define CORE_LIMIT_TABLE(X)                                                                        \
    X(WALL, "wall", CORE_UNIT_NS, true, "time from start to end")                                  \
    X(CPU, "cpu", CORE_UNIT_NS, false, "processor time of all its processes")                      \
    X(MEMORY, "memory", CORE_UNIT_BYTES, false, "memory of all its processes")                     \
    X(PROCESSES, "processes", CORE_UNIT_COUNT, false, "processes and threads at a time")           \
    X(OPEN_FILES, "open_files", CORE_UNIT_COUNT, true, "open descriptors of each process")         \
    X(FILE_SIZE, "file_size", CORE_UNIT_BYTES, true, "size of a file that it writes")              \
    X(OUTPUT, "output", CORE_UNIT_BYTES, true, "what it writes to standard output and error")      \
    X(DISK_IO, "disk_io", CORE_UNIT_BYTES, false, "bytes from and to disks")                       \
    X(NETWORK_IO, "network_io", CORE_UNIT_BYTES, false, "bytes from and to the network")
/* clang-format on */

enum core_unit { CORE_UNIT_NS, CORE_UNIT_BYTES, CORE_UNIT_COUNT };

#define X(id, ...) CORE_LEVEL_##id,
enum core_level { CORE_LEVEL_TABLE(X) CORE_LEVEL_COUNT };
#undef X
#define X(id, ...) CORE_CLASS_##id,
enum core_class { CORE_CLASS_TABLE(X) CORE_CLASS_COUNT };
#undef X
#define X(id, ...) CORE_RANK_##id,
enum core_rank { CORE_RANK_TABLE(X) CORE_RANK_COUNT };
#undef X
#define X(id, ...) CORE_EFFECT_##id,
enum core_effect { CORE_EFFECT_TABLE(X) CORE_EFFECT_COUNT };
#undef X
#define X(id, ...) CORE_REFUSAL_##id,
enum core_refusal { CORE_REFUSAL_TABLE(X) CORE_REFUSAL_COUNT };
#undef X
#define X(id, ...) CORE_HOW_##id,
enum core_how { CORE_HOW_TABLE(X) CORE_HOW_COUNT };
#undef X
#define X(id, ...) CORE_LIMIT_##id,
enum core_limit { CORE_LIMIT_TABLE(X) CORE_LIMIT_COUNT };
#undef X

/** Names as they stand in policies and records; NULL for a value outside the table. */
const char *core_level_name(enum core_level v);
const char *core_class_name(enum core_class v);
const char *core_rank_name(enum core_rank v);
const char *core_effect_name(enum core_effect v);
const char *core_refusal_name(enum core_refusal v);
const char *core_refusal_text(enum core_refusal v);
const char *core_how_name(enum core_how v);
const char *core_limit_name(enum core_limit v);
enum core_unit core_limit_unit(enum core_limit v);
bool core_limit_held(enum core_limit v);
/** The value of a name, or -1. */
int core_level_of(struct str name);
int core_class_of(struct str name);
int core_rank_of(struct str name);
int core_limit_of(struct str name);

#define CORE_UNLIMITED UINT64_MAX

/** Limits of a run: value by CORE_LIMIT_*; bit masks of those that are set, and of those that may
 * go unheld. */
struct core_limits {
    uint64_t value[CORE_LIMIT_COUNT];
    uint32_t set;
    uint32_t best_effort;
};

/** Whether a limit is set to a value that nothing in this build can hold. */
bool core_limits_unheld(const struct core_limits *limits, enum core_limit limit);

/** Append `v` in the form that policies use: "5s", "64MiB", "16", "unlimited". */
void core_limit_format(enum core_limit limit, uint64_t v, struct buf *out);

#define CORE_MAX_PATHS 256 /* of one list in a grant as it is written */

/** What may be done with a file, weakest first. */
enum core_access { CORE_ACCESS_HIDE, CORE_ACCESS_READ, CORE_ACCESS_WRITE };
/** Holds for `path` and all below it, up to a longer path of the same list. */
struct core_path {
    struct str path; /* absolute, normalised by text */
    uint8_t access;  /* enum core_access */
    bool execute;
    bool literal; /* from a template: no link in it is followed */
};
/** Where a run may connect to. */
struct core_endpoint {
    struct str host; /* a name, `*.name`, `*` (any name), an address; v6 in brackets */
    uint32_t port;   /* 0: any */
};
struct core_variable {
    struct str name, value;
    bool set; /* false: as the request gives it */
};

/** What one permitted run may have: the answer of policy, before it becomes a plan. Strings are
 * borrowed. */
struct core_grant {
    enum core_rank isolation;
    struct core_limits limits;
    const struct core_path *files; /* by path; what no entry covers is not shown */
    const struct str *masks;       /* patterns with `**`: what they find is hidden */
    const struct core_endpoint *network;
    const struct core_variable *environment;
    const struct str *secrets, *providers;
    uint32_t nfiles, nmasks, nnetwork, nenvironment, nsecrets, nproviders;
    bool all_files, all_network, all_environment; /* held back by nothing; the lists are empty */
    bool any_provider, any_secret;                /* likewise */
    bool everything; /* level full without a matching rule: nothing but requires holds back */
};

#endif
