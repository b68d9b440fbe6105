/*
 * Isolation providers: what carries an approved plan out. The built-in ones and third parties'
 * stand behind the same struct. prepare builds the sandbox while the decision's record becomes
 * durable; release hands over the warrant and nothing of the guest's may run before. The owner
 * calls every function from one thread of its own; a provider answers through the host functions,
 * from any thread.
 */
#ifndef REEVE_PROVIDER_H
#define REEVE_PROVIDER_H

#include "reeve/reeve.h"

#ifdef __cplusplus
extern "C" {
#endif

enum reeve_rank { REEVE_RANK_NONE, REEVE_RANK_PROCESS, REEVE_RANK_SANDBOX, REEVE_RANK_VM };

#define REEVE_FEATURE_PROGRAM    0x1u /* runs programs by plan */
#define REEVE_FEATURE_CAPABILITY 0x2u /* answers capabilities itself */

struct reeve_run; /* one run, the owner's */

/** What a run is: borrowed, good from prepare until the provider's finished. */
struct reeve_job {
    size_t size;
    const char *capability;
    const char *args; /* canonical JSON in the named normal form */
    const void *plan; /* plan bytes; NULL for a capability */
    size_t plan_len;
    int stdin_fd, stdout_fd,
        stderr_fd; /* for the guest; good during prepare, then closed by the owner; -1: none */
};

/** The approved, immutable context of one plan and one record, expiring. */
struct reeve_warrant {
    size_t size;
    uint64_t seq; /* of the release record */
    unsigned char plan[32];
    int64_t expires_ns; /* CLOCK_BOOTTIME */
    unsigned char mac[32];
};

/** How a run ended. Strings are borrowed for the call. */
struct reeve_outcome {
    size_t size;
    const char *how;    /* ok, error, limit, killed, refused, lost; another word counts as error */
    const char *limit;  /* NULL, or the limit that ended it */
    const char *detail; /* NULL, or one sentence */
    bool not_started;   /* nothing of the guest's ran */
    bool not_found;     /* the program is not there */
    int status, signal;
    uint64_t wall_ns, user_ns, system_ns, max_rss_bytes;
    const char *value; /* JSON, for a capability */
};

/** What the owner offers to a provider; good until cleanup has returned. */
struct reeve_provider_host {
    size_t size;
    void *self;
    /** The run's last word; the provider must not use `run` afterwards. */
    void (*finished)(void *self, struct reeve_run *run, const struct reeve_outcome *outcome);
};

struct reeve_provider {
    size_t size;
    const char *name;
    enum reeve_rank rank;
    unsigned features;
    unsigned cost;           /* of two that suffice, the smaller is taken */
    const char *enforced_by; /* "in-process": written into records; "launcher" is the own one's */
    /** Whether it can work here; if not, `why` says it. */
    bool (*is_available)(void *self, char why[256]);
    int (*initialize)(void *self, const struct reeve_provider_host *host, const char *config_json,
                      struct reeve_error *err);
    /** Build. An error ends the run; 0 promises a finished. */
    int (*prepare)(void *self, struct reeve_run *run, const struct reeve_job *job,
                   struct reeve_error *err);
    int (*release)(void *self, struct reeve_run *run, const struct reeve_warrant *warrant,
                   struct reeve_error *err);
    /** End it. `limit` NULL: cancelled; else the limit that the owner saw exceeded ("output").
     * finished still comes. */
    void (*cancel)(void *self, struct reeve_run *run, const char *limit);
    /** After every run has finished; from the thread that closes the handle, when the owner's own
     * has ended. */
    void (*cleanup)(void *self);
    /** JSON Schema of the configuration; a constant. */
    const char *(*get_config_schema)(void *self);
    void *self;
};

/** Register a provider with an in-process owner (REEVE_EINVAL on a client's handle, for a name that
 * is taken or longer than 64 bytes, or for an `enforced_by` that is not "in-process"). The
 * owner's thread initializes it before this returns; any thread may ask for it. The struct must
 * outlive the handle. */
REEVE_API int reeve_provider_register(struct reeve *handle, const struct reeve_provider *provider,
                                      struct reeve_error *err);

#ifdef __cplusplus
}
#endif
#endif
