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
    struct str source_line; /* without its break; p NULL: longer than can be shown */
};
typedef void policy_diag_fn(void *arg, const struct policy_diag *diag);

#define POLICY_MAX_BYTES ((size_t)64 << 20)
#define POLICY_MAX_RULES 1000000u

/**
 * Compile a policy text. Findings go to `diag` (may be NULL), as many as can be told in one run. On
 * REEVE_EPOLICY `err` has the first error with its position and `*out` stays NULL. The text is
 * borrowed for the call.
 */
int policy_compile(struct str text, const char *file, policy_diag_fn *diag, void *arg,
                   struct policy_image **out, struct reeve_error *err);
/** The compiler's findings and the lint rules' (warnings) without keeping an image. 0 or
 * REEVE_EPOLICY. */
int policy_lint(struct str text, const char *file, policy_diag_fn *diag, void *arg,
                struct reeve_error *err);
/** Every diagnostic code with its meaning, in order; NULL after the last. */
const char *policy_code_text(size_t index, const char **code);

struct policy_image *policy_image_ref(struct policy_image *image); /* thread-safe */
void policy_image_unref(struct policy_image **image);
/** SHA-256 over the source's bytes and the compiled-in rules' digest: what records call the policy.
 */
const uint8_t *policy_image_digest(const struct policy_image *image);
/** SHA-256 of the source's bytes alone: the name under which the source is kept. */
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

/** A request as the engine sees it. Everything is borrowed. */
struct policy_request {
    struct str subject;                  /* "type:id" */
    struct str capability;               /* an id */
    const struct core_capability *entry; /* its catalogue entry or NULL */
    const struct json_doc *args;         /* in the named normal form; NULL: none */
    int level;                           /* enum core_level asked for, or -1 */
    struct str resource;                 /* "type:id"; n 0: none */
    struct policy_value subject_properties, resource_properties, context; /* objects */
};

/** A parent of the request's subject. */
struct policy_subject {
    struct str text;                   /* "type:id" */
    const struct json_doc *properties; /* NULL: none */
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

/**
 * What the broker knows and the request cannot say; recorded with the decision. A field counts only
 * where `known` has its bit (1 << POLICY_INPUT_x), so that one left out is missing and never a zero
 * that was not meant. Borrowed.
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
};
/** The bucket of a subject, "type:id": the same for ever and on every machine. */
uint32_t policy_bucket(struct str subject);

struct policy_decision {
    enum core_effect effect;
    uint32_t rule;
    enum core_level level;    /* that held */
    enum core_class klass;    /* of the capability, as judged */
    enum core_rank isolation; /* that the run needs at least */
    bool level_capped;        /* the request asked for more than it has */
    uint32_t grant;           /* index in the image, or UINT32_MAX */
};

/**
 * Decide one request against a compiled image: a pure function of its arguments.
 *
 * Thread-safe; allocates nothing, never blocks, reads no clock. `out` names its rule and grant by
 * index: the caller keeps `image` for as long as it looks them up.
 * @return 0, or REEVE_EINVAL when the request has no capability or a malformed subject.
 */
int policy_decide(const struct policy_image *image, const struct policy_request *req,
                  const struct reeve_inputs_view *inputs, struct policy_decision *out);

/**
 * The grant of an allow, with templates ("${args.path}") filled in, `defaults.limits` and the
 * level's limits merged and the isolation that the decision needs. Strings live in `arena`.
 * REEVE_EINVAL when `d` is no allow.
 */
int policy_grant(const struct policy_image *image, const struct policy_request *req,
                 const struct policy_decision *d, struct arena *arena, struct core_grant *out,
                 struct reeve_error *err);

/** For a deny: one sentence for the person who was refused (the deciding rule's reason, or the
 * nearest miss and its first failing condition). */
void policy_explain(const struct policy_image *image, const struct policy_request *req,
                    const struct reeve_inputs_view *inputs, const struct policy_decision *d,
                    struct buf *out);

#endif
