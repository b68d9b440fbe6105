/*
 * The policy engine as the broker and the tooling see it: YAML in, one immutable image out,
 * decisions from the image. Stages, one file each: yaml.c (libyaml events to a marked tree),
 * parse.c (tree to model), check.c (what must hold), compile.c (model to tables), decide.c, lint.c.
 * Language: reeve policy/v1; what this build has no meaning for is an error with a code of its own,
 * never ignored.
 */
#ifndef POLICY_POLICY_H
#define POLICY_POLICY_H

#include "core/catalogue.h"
#include "core/types.h"

struct policy_image;

enum policy_severity { POLICY_ERROR, POLICY_WARNING, POLICY_NOTE };

/** One finding. Strings are good during the callback only. */
struct policy_diag {
    enum policy_severity severity;
    const char *code; /* "P012" */
    const char *file;
    unsigned line, column; /* 1-based */
    unsigned length;       /* of the marked text, at least 1 */
    const char *message;
    const char *suggestion; /* NULL: none */
    struct str source_line; /* without its break; p NULL: longer than can be shown, or secret */
    const char *id;         /* "unknown-key" */
    struct str suppressed; /* the reason why a comment of the policy allows it; p NULL: it counts */
};
typedef void policy_diag_fn(void *arg, const struct policy_diag *diag);

#define POLICY_MAX_BYTES ((size_t)64 << 20) /* of all files together */
#define POLICY_MAX_RULES 1000000u
#define POLICY_MAX_FILES 256u

/** A policy's root file, and where what it includes comes from. */
struct policy_source {
    struct str text;
    const char *file; /* its path; included ones are named from its folder */
    /* Append the text of an included file to `out`, which is bounded. `path` goes down from the
     * root file's folder, without `.` and `..`. NULL: nothing can be included. */
    int (*read)(void *arg, const char *path, struct buf *out, struct reeve_error *err);
    void *arg;
    struct buf *kept; /* NULL, or gets the bytes that policy_image_source_digest is of */
};

/** The folder of a root file, as a descriptor for policy_folder_read, whose `arg` points to it. */
int policy_folder_open(const char *file, int *fd, struct reeve_error *err);
/** A source's `read`: below that folder, whatever links and `..` say. Regular files only. */
int policy_folder_read(void *arg, const char *path, struct buf *out, struct reeve_error *err);

/** What policy_source_of needs while the source is used. */
struct policy_kept {
    struct str rest;
};
/** A source from what was kept of one: a policy's text, or a bundle of files. `file` names it in
 * findings. Everything is borrowed. */
struct policy_source policy_source_of(struct str bytes, const char *file,
                                      struct policy_kept *state);
/** What is to be kept of a source, or sent: its text, or the bundle of it and all that it includes.
 * REEVE_EPOLICY when a file cannot be included. */
int policy_source_bundle(const struct policy_source *source, struct buf *out,
                         struct reeve_error *err);

/**
 * Compile a policy with the files that it includes. Findings go to `diag` (may be NULL), as many
 * as can be told in one run. On REEVE_EPOLICY `err` has the first error with its position and
 * `*out` stays NULL. `source` is borrowed for the call. Thread-safe as far as `read` is.
 */
int policy_compile_source(const struct policy_source *source, policy_diag_fn *diag, void *arg,
                          struct policy_image **out, struct reeve_error *err);
/** The compiler's findings and the lint rules' (warnings) without keeping an image. 0 or
 * REEVE_EPOLICY. */
int policy_lint_source(const struct policy_source *source, policy_diag_fn *diag, void *arg,
                       struct reeve_error *err);

/** Every diagnostic code with its meaning, in order; NULL after the last. */
const char *policy_code_text(size_t index, const char **code);
#define POLICY_CODE_ID 32
struct policy_code_info {
    const char *code, *meaning;
    enum policy_severity severity;
    char id[POLICY_CODE_ID]; /* "unknown-key" */
};
/** The same, with all that is told of a code; false after the last. */
bool policy_code_info(size_t index, struct policy_code_info *out);

struct policy_image *policy_image_ref(struct policy_image *image); /* thread-safe */
void policy_image_unref(struct policy_image **image);
/** SHA-256 over the source's bytes and the compiled-in rules' digest: what records call the policy.
 */
const uint8_t *policy_image_digest(const struct policy_image *image);
/**
 * SHA-256 of the source alone: of the file's bytes, and where there are several, of a bundle of
 * them: "reeve: policy-bundle/v1\n", then of the root file and of the others in the order of their
 * paths "PATH\0", the size as eight bytes, the least first, and the bytes. The name under which the
 * source is kept.
 */
const uint8_t *policy_image_source_digest(const struct policy_image *image);
struct str policy_image_name(const struct policy_image *image);
/** The policy's `version`, 0 when it has none. */
int64_t policy_image_version(const struct policy_image *image);

/* ---- an image as bytes (*.rvp) ---- */

#define POLICY_IMAGE_MAX ((size_t)2 << 30)
/** Ed25519 keys of authors, of which at least `need` different ones must have signed. */
struct policy_keys {
    const uint8_t (*key)[32];
    size_t n, need;
};
/** Append an image's bytes: the same for the same policy, build and machine. Not signed. */
int policy_image_save(const struct policy_image *image, struct buf *out, struct reeve_error *err);
/** Append a signature by the Ed25519 key with this seed to what policy_image_save made. */
int policy_image_sign(struct buf *image, const uint8_t seed[32], struct reeve_error *err);
/**
 * Take an image from its bytes, which are copied, checked in the copy, and never written again.
 * `keys` NULL: signatures do not matter. REEVE_EFORMAT when it is no image of this version, or
 * changed; REEVE_EUNSUPPORTED when it was compiled with other shipped rules; REEVE_EVERIFY when too
 * few keys signed it.
 */
int policy_image_load(struct str bytes, const struct policy_keys *keys, struct policy_image **out,
                      struct reeve_error *err);

#define POLICY_RULE_DEFAULT UINT32_MAX       /* reeve/default */
#define POLICY_RULE_PURE    (UINT32_MAX - 1) /* reeve/pure */
#define POLICY_RULE_FULL    (UINT32_MAX - 2) /* reeve/full */
#define POLICY_RULE_BOUND   (UINT32_MAX - 3) /* reeve/bound: more holds it than can be carried */
#define POLICY_RULE_CEILING (UINT32_MAX - 4) /* reeve/ceiling: a caller narrowed it */
struct policy_rule_info {
    struct str id, file, reason;
    unsigned line;
};
/** What a decision's rule index names; pseudo rules have line 0. */
struct policy_rule_info policy_image_rule(const struct policy_image *image, uint32_t rule);

/** A value within a parsed text, borrowed. `doc` NULL: none. */
struct policy_value {
    const struct json_doc *doc;
    const struct json_node *node;
};

/* How long an approval lasts. */
#define POLICY_COVERS_TABLE(X)                                                                     \
    X(ONCE, "once") X(SAME_ARGUMENTS, "same_arguments") X(SESSION, "session")
#define X(id, ...) POLICY_COVERS_##id,
enum policy_covers { POLICY_COVERS_TABLE(X) POLICY_COVERS_COUNT };
#undef X
/** One approval that an ask needs. */
struct policy_approval {
    uint32_t need;
    int64_t within_ns;
    enum policy_covers covers;
    struct str by; /* subject patterns, "user:ana, group:ops" */
};
bool policy_image_approval(const struct policy_image *image, uint32_t approval,
                           struct policy_approval *out);

struct policy_obligation {
    struct str type, properties; /* properties: canonical JSON, an object */
};
bool policy_image_obligation(const struct policy_image *image, uint32_t obligation,
                             struct policy_obligation *out);
/** The name of bit `label` of a decision's labels; p NULL when there is none. */
struct str policy_image_label(const struct policy_image *image, uint32_t label);

/* What a budget counts: name, unit. */
#define POLICY_COUNTED_TABLE(X)                                                                    \
    X(CALLS, "calls") X(NETWORK_OUT, "network_out") X(COST, "cost") X(TOKENS, "tokens")
#define X(id, ...) POLICY_COUNTED_##id,
enum policy_counted { POLICY_COUNTED_TABLE(X) POLICY_COUNTED_COUNT };
#undef X
/* Whose spending a budget adds up. */
#define POLICY_PER_TABLE(X)                                                                        \
    X(SUBJECT, "subject") X(GROUP, "group") X(SESSION, "session") X(ALL, "all")
#define X(id, ...) POLICY_PER_##id,
enum policy_per { POLICY_PER_TABLE(X) POLICY_PER_COUNT };
#undef X
#define POLICY_MAX_BUDGETS 64u /* of a policy: a decision names them by bits */
struct policy_budget {
    struct str id, unit; /* unit: of cost */
    enum policy_per per;
    uint32_t set; /* bit enum policy_counted */
    uint64_t max[POLICY_COUNTED_COUNT];
    int64_t window_ns[POLICY_COUNTED_COUNT];
};
bool policy_image_budget(const struct policy_image *image, uint32_t budget,
                         struct policy_budget *out);

/** The bit of an effect, of those that ship or of the policy's own; UINT32_MAX: no capability has
 * it.
 */
uint32_t policy_image_effect(const struct policy_image *image, struct str word);
/** The word of that bit; p NULL: there is none. */
struct str policy_image_effect_word(const struct policy_image *image, uint32_t bit);

/** The argument schema that the policy's `capabilities` gives to an id that does not ship, for this
 * subject, made in `arena` for core_normalise_args; `*out` NULL where it gives none. `*delegated`:
 * it is a delegated file's, which others' rules do not see. REEVE_ENOMEM. */
int policy_image_schema(const struct policy_image *image, struct str subject, struct str id,
                        struct arena *arena, const struct core_capability **out, bool *delegated);
/**
 * What a caller narrows a request, and all that comes of it, to: judged as one more parent that
 * allows just this. All zero, it allows nothing.
 */
struct policy_ceiling {
    int level;           /* enum core_level, or -1: none of its own */
    bool any_capability; /* else `capabilities`, patterns as in rules */
    const struct str *capabilities;
    uint32_t ncapabilities;
    uint32_t denied_effects;   /* bits */
    enum core_rank isolation;  /* at least */
    struct core_limits limits; /* at most; what is not set is not cut */
};

/** A request as the engine sees it. Everything is borrowed. */
struct policy_request {
    struct str subject;                  /* "type:id" */
    struct str capability;               /* an id */
    const struct core_capability *entry; /* its catalogue entry or NULL */
    const struct json_doc *args;         /* in the named normal form; NULL: none */
    /* As they were passed, where the schema by which they are in their normal form is a delegated
     * file's: rules of others are judged by both. NULL: no such file's. */
    const struct json_doc *passed;
    int level;           /* enum core_level asked for, or -1 */
    struct str resource; /* "type:id"; n 0: none */
    struct policy_value subject_properties, resource_properties, context; /* objects */
    const struct policy_ceiling *ceiling;                                 /* NULL: none */
};

/** A parent of the request's subject. */
struct policy_subject {
    struct str text;                   /* "type:id" */
    const struct json_doc *properties; /* NULL: none */
};
/** What has been spent of one budget, by the one whom it counts for a link of the chain. */
struct policy_spent {
    uint32_t budget;
    uint8_t counted; /* enum policy_counted */
    uint8_t link;    /* 0: the subject, i: its i-th parent */
    uint64_t amount;
};

/* What conditions may ask of the broker: id, path under `broker.`. */
#define POLICY_INPUT_TABLE(X)                                                                      \
    X(NOW, "now")                                                                                  \
    X(LEVEL, "level")                                                                              \
    X(PEER_UID, "peer.uid")                                                                        \
    X(DEPTH, "depth")                                                                              \
    X(CHAIN, "chain")                                                                              \
    X(CHILDREN, "children")                                                                        \
    X(LABELS, "labels")                                                                            \
    X(BUCKET, "bucket")                                                                            \
    X(FLAGS, "flags")                                                                              \
    X(TOOL_DIGEST, "tool.digest")
#define X(id, path) POLICY_INPUT_##id,
enum policy_input { POLICY_INPUT_TABLE(X) POLICY_INPUT_COUNT };
#undef X

#define POLICY_MAX_PARENTS 16u
/**
 * What the broker knows and the request cannot say; recorded with the decision. For conditions a
 * field counts only where `known` has its bit (1 << POLICY_INPUT_x), so that one left out is
 * missing and never a zero that was not meant; the time, the chain and what was spent always count
 * for the decision itself. Borrowed.
 */
struct reeve_inputs_view {
    int64_t now_ns;
    uint32_t known;
    uint32_t depth, children, peer_uid;
    uint32_t bucket;          /* 0..99 */
    struct str tool_digest;   /* 64 hex digits */
    const struct str *labels; /* of the session */
    uint32_t nlabels;
    const struct policy_subject *chain; /* the nearest parent first */
    uint32_t nchain;
    struct policy_value flags; /* an object: NAME → value */
    const struct policy_spent *spent;
    uint32_t nspent;
    bool spent_all; /* of what `spent` does not list nothing has been spent; false: it is unknown,
                       and a budget that counts it is exhausted */
    const struct policy_ceiling *ceilings; /* of the requests that led to this one */
    uint32_t nceilings;                    /* at most POLICY_MAX_PARENTS */
};

/** Indexes into the image, without duplicates. */
#define POLICY_MAX_HELD 64u
struct policy_list {
    uint32_t n, v[POLICY_MAX_HELD];
};
/** Asks that hold a link and do not permit it: what they grant is all that is left of it. */
struct policy_cuts {
    uint32_t n;
    struct {
        uint32_t rule, link;
    } v[POLICY_MAX_HELD];
};
/** What one link of the chain, the subject or a parent, may have. */
struct policy_link {
    uint32_t grant;  /* index in the image, or UINT32_MAX: nothing */
    bool everything; /* full without a matching rule */
    uint8_t level;   /* its own */
};
/** The bucket of a subject, "type:id": the same for ever and on every machine. */
uint32_t policy_bucket(struct str subject);

struct policy_decision {
    enum core_effect effect;
    /* What permits, or the deny; from the number of rules up a budget; or a pseudo rule. */
    uint32_t rule;
    enum core_level level;    /* the lowest of the chain */
    enum core_class klass;    /* of the capability, as judged */
    enum core_rank isolation; /* that the run needs at least */
    bool level_capped;        /* the request asked for more than its subject has */
    uint32_t grant;           /* the subject's; index in the image, or UINT32_MAX */
    uint32_t strictest;       /* the link whose rule is named */
    uint64_t labels;          /* bits; to be added to the session */
    uint64_t budgets, warned; /* bits: those that count it, and of them those nearly spent */
    uint32_t nlinks;
    struct policy_link link[1 + POLICY_MAX_PARENTS];
    struct policy_list requires;    /* requires and asks, ascending: what held it */
    struct policy_list approvals;   /* of an ask; all are needed */
    struct policy_list obligations; /* to be carried out */
    struct policy_cuts cuts;        /* asks of `requires` that write a grant */
    /* The answer with shadow rules in force; `differs`: in effect or grant. */
    struct {
        bool differs;
        enum core_effect effect;
        uint32_t rule, grant;
        enum core_rank isolation;
    } shadow;
};

/**
 * Decide one request against a compiled image: a pure function of its arguments.
 *
 * Thread-safe; never blocks, reads no clock. Allocates nothing but, in a thread's first decision
 * that comes to a regular expression, what that thread matches with until it ends (1.3 MiB, most of
 * which is never touched); without memory for it such conditions are unknown, and the next decision
 * tries again. `out` names its rule and grant by index: the caller keeps `image` for as long as it
 * looks them up.
 * @return 0, or REEVE_EINVAL when the request has no capability or a malformed subject or resource,
 * or more than POLICY_MAX_PARENTS parents or ceilings.
 */
int policy_decide(const struct policy_image *image, const struct policy_request *req,
                  const struct reeve_inputs_view *inputs, struct policy_decision *out);
/**
 * Decide `n` requests against the same image and inputs: the answers of policy_decide, each at the
 * index of its request, in less time together where an image is larger than the cache. Thread-safe;
 * allocates as policy_decide does; takes 32 KiB of stack.
 * @return 0, or REEVE_EINVAL when policy_decide would return it for any of them: the answer to that
 * one is a deny by reeve/default, and all others are decided.
 */
int policy_decide_batch(const struct policy_image *image, const struct policy_request *reqs,
                        size_t n, const struct reeve_inputs_view *inputs,
                        struct policy_decision *out);

/**
 * The same, and beside it what `candidate`, a policy that is not in force, would have said:
 * `shadow` is its enforced answer, with rule and grant by its indexes (the shadow rules of both are
 * left out), and differs when effect or grant do; grants are compared as they are written, not by
 * index. All else of `out` is as policy_decide has it: the candidate adds no label, budget,
 * approval or obligation. A budget of the candidate counts what was spent of the budget of the same
 * id that counts for the same `per`; of one that `image` has not, nothing has been spent.
 */
int policy_decide_beside(const struct policy_image *image, const struct policy_image *candidate,
                         const struct policy_request *req, const struct reeve_inputs_view *inputs,
                         struct policy_decision *out);

/** Whether `who` may give approval `approval` to this request: never its subject nor a parent. */
bool policy_may_approve(const struct policy_image *image, uint32_t approval, struct str who,
                        const struct policy_request *req, const struct reeve_inputs_view *inputs);

/**
 * The grant of an allow or ask: templates filled in, `defaults.limits` and the level's limits
 * merged, what parents and requires cut taken out, and the isolation that the decision needs.
 * Strings live in `arena`. REEVE_EINVAL when `d` is a deny.
 */
int policy_grant(const struct policy_image *image, const struct policy_request *req,
                 const struct reeve_inputs_view *inputs, const struct policy_decision *d,
                 struct arena *arena, struct core_grant *out, struct reeve_error *err);

/** Whether anything of any request's arguments may have to be hidden. */
bool policy_image_masks(const struct policy_image *image);
/**
 * The request's arguments as a record may show them: what `audit.mask` and the capability's `mask`
 * name, as it is declared for the request's subject, is replaced by its HMAC under `key`. `whole`:
 * the arguments are not in their named form, so that no name can be trusted and all of them are
 * replaced where anything is masked. False, and nothing written, where nothing is.
 */
bool policy_mask_args(const struct policy_image *image, const struct policy_request *req,
                      bool whole, const uint8_t key[BASE_SHA256], struct buf *out);

/** Of the rules whose subject and capability match and that would permit, the one with the fewest
 * failing conditions, ties by precedence. */
struct policy_miss {
    uint32_t rule;
    uint32_t
        failing; /* conditions of `when`; the grant's templates, `resource`, `valid`: one each */
    uint32_t unknown; /* of them those that could not be judged */
};
/** The nearest miss of a default deny. False when no rule's subject and capability match. */
bool policy_nearest_miss(const struct policy_image *image, const struct policy_request *req,
                         const struct reeve_inputs_view *inputs, const struct policy_decision *d,
                         struct policy_miss *out);

/** For a deny or ask: a sentence for the person who was refused: the deciding rule's reason, who
 * approves, or the nearest miss with its first failing condition, its value, what is wanted, and
 * what could not be judged. */
void policy_explain(const struct policy_image *image, const struct policy_request *req,
                    const struct reeve_inputs_view *inputs, const struct policy_decision *d,
                    struct buf *out);

#endif
