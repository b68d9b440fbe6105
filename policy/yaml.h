/*
 * The marked tree: what libyaml read, reduced to mappings, lists and scalars that each know where
 * they stand. Whatever makes YAML ambiguous (tags, merge keys, duplicate keys, null, the words and
 * numbers of YAML 1.1) has been refused by the time that a tree exists, and aliases are copies.
 */
#ifndef POLICY_YAML_H
#define POLICY_YAML_H

#include "policy/diag.h"

#define POLICY_MAX_DEPTH 64u
#define POLICY_MAX_NODES (8u << 20)

/* Y_NULL: only inside of what a test's request has, and what parse_tests.c takes for a part of its
 * name. */
enum ynode_type { Y_TEXT, Y_INT, Y_DOUBLE, Y_BOOL, Y_LIST, Y_MAP, Y_NULL };

/**
 * One node. Children of a map alternate: key (Y_TEXT), value. Lives in the arena that the tree was
 * read into. A policy has some thirty for each rule, so that their size is most of what compiling
 * takes: `first` and `count` are of lists and maps only, `i` and `d` of what says so.
 */
struct ynode {
    uint32_t type : 3;    /* enum ynode_type */
    bool quoted : 1;      /* a scalar that was quoted or a block: always Y_TEXT */
    bool template_ok : 1; /* set by the parser where `${...}` has a meaning */
    bool boolean : 1;     /* Y_BOOL */
    bool refused : 1;     /* already reported: whoever meets it says no more */
    bool aliased : 1;     /* within an alias: a copy, whose place is the anchor's */
    uint32_t count : 24;  /* elements, or pairs */
    struct policy_pos pos;
    struct str text; /* scalars: as written (unquoted) */
    union {
        int64_t i;           /* Y_INT */
        double d;            /* Y_DOUBLE */
        struct ynode *first; /* Y_LIST, Y_MAP */
    };
    struct ynode *next;
};
_Static_assert(POLICY_MAX_NODES < 1u << 24, "every list can be counted");

/** The first child; NULL of a scalar, whose value stands in its place. */
static inline struct ynode *ynode_first(const struct ynode *n)
{
    return n->type == Y_LIST || n->type == Y_MAP ? n->first : NULL;
}

/**
 * Read a text. NULL when there is no tree to go on with (not YAML, no mapping, out of memory);
 * otherwise findings may still have been reported, and the tree is good for finding more.
 */
struct ynode *policy_yaml_read(struct str text, struct arena *arena, struct policy_report *report);
/** Report every `${` in a text that the parser did not claim. */
void policy_yaml_templates(const struct ynode *root, struct policy_report *report);
/** Whether a text has a `${`. */
static inline bool policy_has_template(struct str s)
{
    return s.n > 1 && memchr(s.p, '$', s.n) && memmem(s.p, s.n, "${", 2);
}
/** "a mapping", "a list", "text" ...: for messages. */
const char *policy_yaml_kind(const struct ynode *n);

/** Decide what a plain scalar is. Returns false when it was refused (reported). Fills type and
 * value. */
bool policy_scalar_read(struct ynode *n, struct policy_report *report);
/** Whether a plain scalar is null: `null`, `~`, nothing. */
bool policy_scalar_is_null(struct str s);
/** Append a tree as JSON, as it is written: every number stays the number that it is. Recursion is
 * bounded by the tree's depth. */
void policy_yaml_json(const struct ynode *n, struct buf *out);

#endif
