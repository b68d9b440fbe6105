/*
 * A compiled policy: one block of bytes, sections of fixed-size rows that refer to each other by
 * index and to text by offset, no pointer inside; the very bytes are the file (image_file.c has its
 * frame). Read-only from the moment that it is whole. Read by decide.c, grant.c, explain.c.
 */
#ifndef POLICY_IMAGE_H
#define POLICY_IMAGE_H

#include <stdatomic.h>

#include "policy/model.h"

/** A text in the section `bytes`. */
struct img_str {
    uint32_t at, n;
};
/** Rows of a section. */
struct img_range {
    uint32_t first, n;
};

/*
 * Whom a candidate is for: a subject id or a group whose members are all named, by index, or
 * everyone else that its rule may be for, which only the rule itself tells.
 */
#define IMAGE_WHO_ID    UINT32_C(0)
#define IMAGE_WHO_GROUP (UINT32_C(1) << 30)
#define IMAGE_WHO_OTHER (UINT32_C(2) << 30)
#define IMAGE_WHO_INDEX (IMAGE_WHO_GROUP - 1)

/*
 * A candidate: a rule under one of its capability patterns and one of those that it is for. Its
 * text is an exact id ("a.b.c") or the literal prefix of a glob ("a.b.", ""); no id ends in a dot,
 * so that both live in one table. Sorted by the hash of text and `who`; `cells` says where those of
 * one cell begin. Everything that tells whether the rule matches is here or behind `condition`.
 */
struct img_entry {
    uint32_t text;    /* in bytes */
    uint16_t ntext;   /* at most POLICY_MAX_NAME */
    uint8_t kind;     /* enum policy_rule_kind, in whose order they stand in their cell */
    uint8_t strength; /* isolation that the grant writes, and the bits below */
    uint32_t who, rule, condition;
    uint32_t pattern; /* POLICY_NONE: nothing left to match behind the text */
};
#define IMAGE_TEMPLATES 0x80u /* the grant has templates, which must hold too */
#define IMAGE_SELECTS   0x40u /* the rule has a selector */
#define IMAGE_RANK      0x0fu

/* A glob that is more than a prefix: "a.*.c", "a.get_*". */
struct img_pattern {
    struct img_str text;
    uint64_t key; /* policy_capability_key */
};

/* Sorted by hash, with cells of their own. A subject id that the policy names, and the groups that
 * it is in by name: `refs`, ascending; the first of them here too, in the same cache line. */
#define IMAGE_NEAR_GROUPS 4u
struct img_subject {
    struct img_str text;
    uint32_t first, ngroups;
    uint32_t near[IMAGE_NEAR_GROUPS];
};
struct img_glob {
    struct img_str text;
    uint32_t literals;
};
/* The globs among a group's members: `refs` into globs. */
struct img_group {
    struct img_str name;
    uint32_t first, nglobs;
};
/* Sorted as `subjects` entries precede each other; ids ascend, so that they can be searched. */
struct img_level {
    struct img_str text;
    uint32_t value; /* subject, group or glob */
    uint32_t literals, line;
    uint8_t kind, level;
    uint16_t file;
};

/* Whom a rule is for: `refs`, subjects ascending, groups, globs by literals descending. */
struct img_list {
    uint32_t first, nids, ngroups, nglobs, anyone;
};
struct img_rule {
    struct img_str id;
    uint32_t line;
    uint32_t grant;     /* POLICY_NONE: none */
    uint32_t subjects;  /* in lists */
    uint32_t condition; /* its root, POLICY_NONE: none */
    uint32_t extra;     /* POLICY_NONE: none */
    uint8_t effect, isolation;
    uint16_t file; /* of head.files */
};

/* What not every rule has; equal ones are one row, and most rules share theirs. */
struct img_extra {
    struct img_str reason;   /* n 0: none */
    uint32_t selector, hold; /* POLICY_NONE: none */
};
/* What few rules select by beside subject, capability and condition. */
struct img_selector {
    int64_t from_ns, until_ns;
    uint32_t effects;               /* 0: any */
    uint32_t resources, nresources; /* `refs` into globs; n 0: any request */
    uint32_t scope;                 /* POLICY_NONE: no delegated file's */
    uint8_t shadow, replaced, reserved[6];
};
/* What the rules of a delegated file may be about: subject and capability must match here too. */
struct img_scope {
    struct img_str name;
    uint32_t subjects;             /* in lists */
    struct img_range capabilities; /* `names`: patterns */
};
/* What few rules bring beside an effect and a grant. */
struct img_hold {
    uint64_t labels;
    uint32_t approval;                  /* of an ask or a require; POLICY_NONE: none */
    uint32_t within;                    /* of a require: the grant to cut to; POLICY_NONE: none */
    uint32_t obligations, nobligations; /* `refs` into obligations */
    uint32_t scope;                     /* of an ask: its file */
    uint32_t isolation;
};
struct img_approval {
    int64_t within_ns;
    struct img_str by;
    uint32_t subjects; /* who may give it, in lists */
    uint32_t need, covers, reserved;
};
struct img_obligation {
    struct img_str type, properties;
};
struct img_budget {
    struct img_str id;
    uint32_t line, subjects;
    struct img_range capabilities;   /* `names`: patterns; n 0: every one */
    uint32_t approval;               /* POLICY_NONE: what exceeds it is denied */
    uint32_t per, set, warn_percent; /* set: bit enum policy_counted */
    uint32_t scope, file;            /* as a rule's */
    struct img_str unit;
    uint64_t max[POLICY_COUNTED_COUNT];
    int64_t window_ns[POLICY_COUNTED_COUNT];
};
/* The policy's own entry of a capability. Exact ones first, by id; then globs, the most specific
 * first. */
struct img_capability {
    uint64_t key;
    struct img_str text;
    uint32_t effects, mask, nmask; /* mask: `refs` into attributes */
    int8_t klass;                  /* -1: not written */
    uint8_t effects_known, cost, lowered;
    uint32_t args, nargs; /* `args`; POLICY_NONE: no schema */
    uint32_t scope;       /* of the delegated file that declares it; POLICY_NONE: none */
    uint32_t reserved;
};
struct img_arg {
    struct img_str name, fallback; /* fallback: JSON, n 0: none */
    uint32_t type, required;
};

/* A condition tree in prefix order: a node's children are at + 1 .. end, each skipped by its own
 * end. Without an attribute a node judges the value that its parent hands down. */
enum img_operand {
    IMG_LITERAL,
    IMG_ATTRIBUTE,
    IMG_FORM,  /* a literal list: the form, the operand as written; of a time its window in front */
    IMG_REGEX, /* a row of regexes */
};
struct img_condition {
    uint8_t op, flag, operand_kind, reserved;
    uint32_t attribute, operand, end;
};
struct img_attribute {
    struct img_str text;
    uint32_t first, n; /* keys; of broker.*: those after the input's path */
    uint32_t fallback; /* a literal; POLICY_NONE: none */
    uint8_t root, builtin, from, type;
    uint8_t list, positions, reserved[2];
    uint32_t scope; /* of the file whose rules ask, which see its entities and labels; POLICY_NONE:
                       the root's */
};
struct img_regex {
    struct img_str pattern;
};
/* What the policy knows of "type:id": a literal map. */
struct img_entity {
    struct img_str name;
    uint32_t properties;
    uint32_t scope; /* whose rules alone see it; POLICY_NONE: all do */
};
/* Operands and properties, lists and maps in prefix order as above; a map's children alternate key
 * and value. */
struct img_literal {
    uint8_t type; /* enum ynode_type */
    uint8_t boolean, reserved[2];
    uint32_t end;
    union {
        struct img_str s;
        int64_t i;
        double d;
        uint32_t count; /* elements, or pairs */
    };
};

enum img_path_list { PATHS_READ, PATHS_WRITE, PATHS_EXECUTE, PATHS_HIDE, PATHS_LISTS };
struct img_grant {
    struct core_limits limits;
    struct img_range paths[PATHS_LISTS];
    struct img_range network, environment;
    struct img_range masks, secrets, providers; /* `names` */
    uint32_t templates;                         /* how many paths and endpoints are templates */
    uint32_t isolation;
    uint32_t wrote; /* bit enum policy_reach */
    uint32_t reserved;
};
struct img_path {
    struct img_str path;
    uint32_t attribute; /* POLICY_NONE: the path as it stands */
    uint32_t subject;   /* where the subject's id goes, 0: nowhere */
};
struct img_endpoint {
    struct img_str host;
    uint32_t port;
    uint32_t attribute; /* POLICY_NONE: as it stands */
};
struct img_variable {
    struct img_str name, value;
    uint32_t set;
};

/* What there is one of in a policy. */
struct img_head {
    uint8_t digest[BASE_SHA256], source_digest[BASE_SHA256], rules_digest[BASE_SHA256];
    int64_t version;
    struct core_limits default_limits;
    struct img_str name;
    struct img_range files; /* `names`: the root file first */
    uint64_t depths;       /* bit n: some glob's literal prefix has n segments; the next: some id */
    uint32_t cell_bits;    /* of cells: there are 2^cell_bits + 1 */
    uint32_t subject_bits; /* of subject_cells */
    uint32_t entity_bits;  /* of entity_cells */
    uint32_t spread;       /* of the filter, for ids and groups */
    uint32_t others;       /* 1: there are candidates that are IMAGE_WHO_OTHER */
    uint32_t nlevel_ids;   /* of the levels, those that name an id */
    int32_t default_level; /* -1: not written */
    uint32_t kinds;        /* bit enum policy_rule_kind: there are such rules */
    uint32_t nexact;       /* of `capabilities` */
    uint32_t nshadow;      /* shadow rules */
    struct img_range labels;  /* `names` */
    struct img_range effects; /* `names`: those beside the catalogue's own, by bit */
    struct img_range masks;   /* `refs` into attributes */
};

#define IMAGE_SECTIONS(X)                                                                          \
    X(head, struct img_head)                                                                       \
    X(filter, uint64_t)                                                                            \
    X(cells, uint32_t)                                                                             \
    X(entries, struct img_entry)                                                                   \
    X(patterns, struct img_pattern)                                                                \
    X(subject_cells, uint32_t)                                                                     \
    X(subjects, struct img_subject)                                                                \
    X(bytes, char)                                                                                 \
    X(refs, uint32_t)                                                                              \
    X(globs, struct img_glob)                                                                      \
    X(groups, struct img_group)                                                                    \
    X(levels, struct img_level)                                                                    \
    X(lists, struct img_list)                                                                      \
    X(rules, struct img_rule)                                                                      \
    X(extras, struct img_extra)                                                                    \
    X(conditions, struct img_condition)                                                            \
    X(attributes, struct img_attribute)                                                            \
    X(keys, struct img_str)                                                                        \
    X(literals, struct img_literal)                                                                \
    X(regexes, struct img_regex)                                                                   \
    X(entity_cells, uint32_t)                                                                      \
    X(entities, struct img_entity)                                                                 \
    X(grants, struct img_grant)                                                                    \
    X(paths, struct img_path)                                                                      \
    X(endpoints, struct img_endpoint)                                                              \
    X(variables, struct img_variable)                                                              \
    X(names, struct img_str)                                                                       \
    X(selectors, struct img_selector)                                                              \
    X(scopes, struct img_scope)                                                                    \
    X(holds, struct img_hold)                                                                      \
    X(approvals, struct img_approval)                                                              \
    X(obligations, struct img_obligation)                                                          \
    X(budgets, struct img_budget)                                                                  \
    X(capabilities, struct img_capability)                                                         \
    X(args, struct img_arg)

#define X(name, type) IMAGE_##name,
enum image_section { IMAGE_SECTIONS(X) IMAGE_SECTION_COUNT };
#undef X

/* A loaded image: the bytes, read-only and shared, and where its sections begin in them. */
struct value_regexes;
struct policy_image {
    atomic_uint refs;
    const char *bytes; /* a mapping of its own */
    size_t size;
    struct value_regexes *regexes; /* machine code of the section of that name */
    struct {
        const void *at;
        uint32_t count;
    } section[IMAGE_SECTION_COUNT];
};

#define X(name, type)                                                                              \
    static inline const type *image_##name(const struct policy_image *image)                       \
    {                                                                                              \
        return image->section[IMAGE_##name].at;                                                    \
    }
IMAGE_SECTIONS(X)
#undef X

/** What a rule selects by beside subject, capability and condition, or NULL. */
static inline const struct img_selector *image_selector_of(const struct policy_image *image,
                                                           const struct img_rule *rule)
{
    uint32_t at =
        rule->extra == POLICY_NONE ? POLICY_NONE : image_extras(image)[rule->extra].selector;
    return at == POLICY_NONE ? NULL : &image_selectors(image)[at];
}

/** What a rule brings beside an effect and a grant, or NULL. */
static inline const struct img_hold *image_hold_of(const struct policy_image *image,
                                                   const struct img_rule *rule)
{
    uint32_t at = rule->extra == POLICY_NONE ? POLICY_NONE : image_extras(image)[rule->extra].hold;
    return at == POLICY_NONE ? NULL : &image_holds(image)[at];
}

static inline struct str image_str(const struct policy_image *image, struct img_str s)
{
    return (struct str){image_bytes(image) + s.at, s.n};
}

/** A file's name, as the root file's folder has it. */
static inline struct str image_file(const struct policy_image *image, uint32_t file)
{
    return image_str(image, image_names(image)[image_head(image)->files.first + file]);
}

/* ---- the file (image_file.c) ---- */

/* `*.rvp`: this, the sections in order, each on a cache line of its own, zeros between; behind
 * `size` any number of signatures of the digest, 16 at most. */
#define IMAGE_MAGIC   "reeve\r\n\x1a" /* what copies that change line ends would spoil */
#define IMAGE_VERSION 4u
struct img_file {
    char magic[8];
    uint32_t version, nsections;
    uint64_t size;
    uint8_t digest[BASE_SHA256]; /* of all `size` bytes but these */
    struct img_place {
        uint64_t offset;
        uint32_t count, row; /* rows, and the bytes of one */
    } place[IMAGE_SECTION_COUNT];
};
struct img_signature {
    uint8_t key[32], signature[64]; /* Ed25519 */
};
#define IMAGE_MAX_SIGNATURES 16u

/** Lay the sections of a build out as an image, and free them. NULL: no memory. */
struct policy_image *image_lay_out(struct buf section[IMAGE_SECTION_COUNT]);
/** Whether `n` bytes that begin so have the sections where they belong, all of them, and whole
 * signatures behind. REEVE_EFORMAT. */
int image_check_frame(const struct img_file *f, size_t n, struct reeve_error *err);
/** The digest of an image's bytes, `size` of them, at least a whole img_file. */
void image_file_digest(const char *bytes, size_t size, uint8_t out[BASE_SHA256]);
/** Whether every offset, index and value of the sections can be used (image_check.c). REEVE_EFORMAT
 * when not. */
int image_check(const struct policy_image *image, struct reeve_error *err);
/** Whether `n` signatures of a digest are those of enough keys (image_sign.c). REEVE_EVERIFY when
 * not. */
int image_verify(const uint8_t digest[BASE_SHA256], const struct img_signature *v, size_t n,
                 const struct policy_keys *keys, struct reeve_error *err);

/** Make what an image needs beside its bytes (image.c), once it has been built or read. 0, or
 * REEVE_ENOMEM or REEVE_EPOLICY, and then the image is gone. */
int policy_image_ready(struct policy_image *image, struct reeve_error *err);
/** Model to image (build.c). NULL when reported (bounds) or out of memory. */
struct policy_image *policy_build(const struct model *m, struct arena *arena,
                                  struct policy_report *report);

#endif
