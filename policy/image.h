/*
 * A compiled policy: one block of memory, sections of fixed-size rows that refer to each other by
 * index and to text by offset, no pointer inside. Immutable from the moment that compile.c has
 * built it. Read by decide.c, grant.c, explain.c.
 */
#ifndef POLICY_IMAGE_H
#define POLICY_IMAGE_H

#include <stdatomic.h>

#include "policy/model.h"

/** A text in the section `bytes`. */
struct img_str {
    uint32_t at, n;
};

/* Open addressing, a power of two of slots, at most half full; value + 1, 0: empty. */
struct img_slot {
    uint32_t hash, value1;
};

/*
 * The candidates of one exact capability id ("a.b.c") or of one literal prefix of globs ("a.b.",
 * ""): by enum policy_rule_kind. No id ends in a dot, so that both live in one hash table.
 */
struct img_lookup {
    struct img_str text;
    uint32_t first, n[RULE_KINDS];
};
struct img_entry {
    uint64_t key;           /* policy_capability_key */
    struct img_str pattern; /* n 0: exact, nothing left to match */
    uint32_t rule, reserved;
};

/* A subject id that the policy names, and the groups that it is in by name: `refs`, ascending. */
struct img_subject {
    struct img_str text;
    uint32_t first, ngroups;
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
    uint8_t kind, level, reserved[2];
};

struct img_rule {
    struct img_str id, reason;
    uint32_t line;
    uint32_t grant; /* POLICY_NONE: none */
    uint32_t first, nids, ngroups,
        nglobs;              /* `refs`: subjects ascending, groups, globs by literals descending */
    uint32_t condition;      /* its root, POLICY_NONE: none */
    uint32_t selector, hold; /* POLICY_NONE: none */
    uint8_t effect, anyone, isolation, reserved;
};

/* What few rules select by beside subject, capability and condition. */
struct img_selector {
    int64_t from_ns, until_ns;
    uint32_t effects;               /* 0: any */
    uint32_t resources, nresources; /* `refs` into globs; n 0: any request */
    uint8_t shadow, replaced, reserved[2];
};
/* What few rules bring beside an effect and a grant. */
struct img_hold {
    uint64_t labels;
    uint32_t approval; /* of an ask or a require; POLICY_NONE: none */
    uint32_t within;   /* of a require: the grant to cut to; POLICY_NONE: none */
    uint32_t obligations, nobligations;
    uint32_t scope; /* of an ask: its file */
    uint32_t isolation;
};
struct img_approval {
    struct img_rule who; /* its subjects alone */
    int64_t within_ns;
    struct img_str by;
    uint32_t need, covers;
};
struct img_obligation {
    struct img_str type, properties;
};
struct img_budget {
    struct img_rule who;                  /* id, line, subjects */
    uint32_t capabilities, ncapabilities; /* `names`: patterns; n 0: every one */
    uint32_t approval;                    /* POLICY_NONE: what exceeds it is denied */
    uint32_t per, set, warn_percent;
    struct img_str unit;
    uint64_t max[POLICY_COUNTED_COUNT];
    int64_t window_ns[POLICY_COUNTED_COUNT];
};
/* The policy's own entry of a capability. Exact ones first, by id; then globs, the most specific
 * first. */
struct img_capability {
    uint64_t key;
    struct img_str text;
    uint32_t effects, mask, nmask; /* mask: `attributes` */
    int8_t klass;                  /* -1: not written */
    uint8_t effects_known, cost, lowered;
    uint32_t args, nargs; /* `args`; POLICY_NONE: no schema */
};
struct img_arg {
    struct img_str name, fallback; /* fallback: JSON, n 0: none */
    uint32_t type, required;
};

/* A condition tree in prefix order: a node's children are at + 1 .. end, each skipped by its own
 * end. */
struct img_condition {
    uint8_t op, flag, reserved[2];
    uint32_t attribute, operand, end;
};
struct img_attribute {
    struct img_str text;
    uint32_t first, n; /* keys */
};
/* Operands, lists in prefix order as above. */
struct img_literal {
    uint8_t type; /* enum ynode_type, no map */
    uint8_t boolean, reserved[2];
    uint32_t end;
    union {
        struct img_str s;
        int64_t i;
        double d;
    };
};

struct img_range {
    uint32_t first, n;
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

#define IMAGE_SECTIONS(X)                                                                          \
    X(bytes, char)                                                                                 \
    X(capability_slots, struct img_slot)                                                           \
    X(lookups, struct img_lookup)                                                                  \
    X(entries, struct img_entry)                                                                   \
    X(subject_slots, struct img_slot)                                                              \
    X(subjects, struct img_subject)                                                                \
    X(refs, uint32_t)                                                                              \
    X(globs, struct img_glob)                                                                      \
    X(groups, struct img_group)                                                                    \
    X(levels, struct img_level)                                                                    \
    X(rules, struct img_rule)                                                                      \
    X(conditions, struct img_condition)                                                            \
    X(attributes, struct img_attribute)                                                            \
    X(keys, struct img_str)                                                                        \
    X(literals, struct img_literal)                                                                \
    X(grants, struct img_grant)                                                                    \
    X(paths, struct img_path)                                                                      \
    X(endpoints, struct img_endpoint)                                                              \
    X(variables, struct img_variable)                                                              \
    X(names, struct img_str)                                                                       \
    X(selectors, struct img_selector)                                                              \
    X(holds, struct img_hold)                                                                      \
    X(approvals, struct img_approval)                                                              \
    X(obligations, struct img_obligation)                                                          \
    X(budgets, struct img_budget)                                                                  \
    X(capabilities, struct img_capability)                                                         \
    X(args, struct img_arg)

#define X(name, type) IMAGE_##name,
enum image_section { IMAGE_SECTIONS(X) IMAGE_SECTION_COUNT };
#undef X

struct policy_image {
    atomic_uint refs;
    uint8_t digest[BASE_SHA256], source_digest[BASE_SHA256];
    int64_t version;
    struct img_str name, file;
    uint32_t nlevel_ids;   /* of the levels, those that name an id */
    int32_t default_level; /* -1: not written */
    struct core_limits default_limits;
    struct img_range labels; /* `names` */
    struct img_range masks;  /* `attributes` */
    uint32_t nexact;         /* of `capabilities` */
    uint32_t nshadow;        /* shadow rules */
    struct {
        uint64_t offset; /* from the image's start */
        uint32_t count;
    } section[IMAGE_SECTION_COUNT];
};

#define X(name, type)                                                                              \
    static inline const type *image_##name(const struct policy_image *image)                       \
    {                                                                                              \
        return (const type *)(const void *)((const char *)image +                                  \
                                            image->section[IMAGE_##name].offset);                  \
    }
IMAGE_SECTIONS(X)
#undef X

static inline struct str image_str(const struct policy_image *image, struct img_str s)
{
    return (struct str){image_bytes(image) + s.at, s.n};
}

/* FNV-1a, so that the hashes of all prefixes of an id come from one pass over it. */
#define IMAGE_HASH_START UINT32_C(2166136261)
static inline uint32_t image_hash_byte(uint32_t hash, char c)
{
    return (hash ^ (uint8_t)c) * UINT32_C(16777619);
}
static inline uint32_t image_hash(struct str s)
{
    uint32_t hash = IMAGE_HASH_START;
    for (size_t i = 0; i < s.n; i++)
        hash = image_hash_byte(hash, s.p[i]);
    return hash;
}
/** Where the probe for `hash` begins: FNV's low bits are its weak ones. */
static inline uint32_t image_slot_of(uint32_t hash, uint32_t mask)
{
    return (hash ^ hash >> 15) & mask;
}

/** Model to image (build.c). NULL when reported (bounds) or out of memory. */
struct policy_image *policy_build(const struct model *m, struct str source, const char *file,
                                  struct arena *arena, struct policy_report *report);

#endif
