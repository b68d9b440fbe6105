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
 * ""): first the denies, then the allows. No id ends in a dot, so that both live in one hash table.
 */
struct img_lookup {
    struct img_str text;
    uint32_t first, ndeny, nallow;
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
        nglobs;         /* `refs`: subjects ascending, groups, globs by literals descending */
    uint32_t condition; /* its root, POLICY_NONE: none */
    uint8_t effect, anyone, isolation, reserved;
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
};
struct img_regex {
    struct img_str pattern;
};
/* What the policy knows of "type:id": a literal map. */
struct img_entity {
    struct img_str name;
    uint32_t properties;
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

struct img_grant {
    struct core_limits limits;
    uint32_t read, nread, hide, nhide; /* paths */
    uint32_t templates;                /* how many of read are arguments */
    uint32_t isolation;
};
struct img_path {
    struct img_str path;
    uint32_t attribute; /* POLICY_NONE: the path as it stands */
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
    X(regexes, struct img_regex)                                                                   \
    X(entity_slots, struct img_slot)                                                               \
    X(entities, struct img_entity)                                                                 \
    X(grants, struct img_grant)                                                                    \
    X(paths, struct img_path)

#define X(name, type) IMAGE_##name,
enum image_section { IMAGE_SECTIONS(X) IMAGE_SECTION_COUNT };
#undef X

struct value_regexes;
struct policy_image {
    atomic_uint refs;
    struct value_regexes *regexes; /* machine code of the section of that name: beside the image */
    uint8_t digest[BASE_SHA256], source_digest[BASE_SHA256];
    int64_t version;
    struct img_str name, file;
    uint32_t nlevel_ids;   /* of the levels, those that name an id */
    int32_t default_level; /* -1: not written */
    struct core_limits default_limits;
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

/** Make what an image needs beside its bytes (image.c), once it has been built or read. 0, or
 * REEVE_ENOMEM or REEVE_EPOLICY, and then the image is gone. */
int policy_image_ready(struct policy_image *image);
/** Model to image (build.c). NULL when reported (bounds) or out of memory. */
struct policy_image *policy_build(const struct model *m, struct str source, const char *file,
                                  struct arena *arena, struct policy_report *report);

#endif
