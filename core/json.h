/*
 * The one JSON reader of the decision path, and the canonical writer. The reader is bounded, works
 * in place (string escapes are undone inside the text) and builds a flat array of nodes that the
 * caller lends: no allocation, no recursion. It refuses what two readers could disagree on:
 * duplicate keys, invalid UTF-8, lone surrogates, NUL in a key, numbers outside int64/double,
 * trailing bytes. RFC 8259; canonical form: RFC 8785.
 */
#ifndef CORE_JSON_H
#define CORE_JSON_H

#include "base/base.h"

enum json_type {
    JSON_NULL,
    JSON_FALSE,
    JSON_TRUE,
    JSON_INT,    /* integer syntax that fits int64 */
    JSON_DOUBLE, /* everything else that is a finite double */
    JSON_STRING,
    JSON_ARRAY,
    JSON_OBJECT, /* children alternate: key (JSON_STRING), value */
};

#define JSON_MAX_DEPTH 64
#define JSON_MAX_NODES 16384
#define JSON_MAX_KEYS  1024 /* in one object */

struct json_node {
    uint8_t type;
    uint32_t count; /* elements, or key/value pairs */
    uint32_t end;   /* index of the first node after this one's subtree */
    union {
        struct str
            s; /* JSON_STRING: bytes in the text, unescaped; may contain NUL unless it is a key */
        int64_t i;
        double d;
    };
};

/** A parsed text; json_root is its value. Borrowed from the caller's text and node array, which
 * must outlive it. */
struct json_doc {
    const struct json_node *nodes;
    uint32_t count;
    uint32_t root; /* 0, unless it is a part of another document */
};

/**
 * Parse `n` bytes of `text`, which is changed (strings are unescaped in place). At most `cap`
 * nodes. REEVE_EFORMAT with line and column in `err`; ENOMEM's sibling bounds (depth, nodes, keys)
 * are REEVE_EFORMAT too, with a message of their own.
 */
int json_parse(char *text, size_t n, struct json_node *nodes, uint32_t cap, struct json_doc *out,
               struct reeve_error *err);

/** A text with its own storage: copies `text`, allocates nodes as needed, parses. Free with
 * json_text_free. */
struct json_text {
    struct json_doc doc;
    char *bytes;
    struct json_node *nodes;
};
int json_text_parse(struct str text, struct json_text *out, struct reeve_error *err);
void json_text_free(struct json_text *t);
/** The same with its storage in an arena. */
int json_arena_parse(struct str text, struct arena *arena, struct json_doc *out,
                     struct reeve_error *err);
#define auto_json __attribute__((cleanup(json_text_free)))

static inline const struct json_node *json_root(const struct json_doc *d)
{
    return d->count ? &d->nodes[d->root] : NULL;
}
/** The value `n` of `d` as a document of its own, sharing the nodes; empty when `n` is NULL. */
static inline struct json_doc json_sub(const struct json_doc *d, const struct json_node *n)
{
    if (!n)
        return (struct json_doc){0};
    return (struct json_doc){d->nodes, n->end, (uint32_t)(n - d->nodes)};
}
/** The value of `key` in object `obj`, or NULL (also when `obj` is NULL or no object). */
const struct json_node *json_get(const struct json_doc *d, const struct json_node *obj,
                                 const char *key);
const struct json_node *json_get_str(const struct json_doc *d, const struct json_node *obj,
                                     struct str key);
/** First child (NULL when empty), and the node after `n`'s subtree: iterate `count` (arrays) or
 * 2*`count` (objects) times. */
const struct json_node *json_first(const struct json_doc *d, const struct json_node *n);
const struct json_node *json_next(const struct json_doc *d, const struct json_node *n);
/** The string value, or `otherwise` when `n` is NULL or no string. */
struct str json_string_or(const struct json_node *n, struct str otherwise);

/* ---- writer: builds text in the order that it is told ---- */

/** Appends `s` quoted and escaped as RFC 8785 does. `s` must be UTF-8; other bytes become U+FFFD.
 */
void json_put_string(struct buf *b, struct str s);
void json_put_int(struct buf *b,
                  int64_t v); /* |v| > 2^53: as a string (RFC 8785 numbers are doubles) */
void json_put_uint(struct buf *b, uint64_t v); /* likewise */
void json_put_double(struct buf *b, double v); /* ECMAScript Number::toString; v is finite */

/**
 * An object or array being written; keys are given in any order that the caller likes, commas are
 * ours. For a record, write freely and pass the result through json_canonical.
 */
struct json_out {
    struct buf *b;
    bool need_comma;
};
void json_open_object(struct json_out *o);
void json_close_object(struct json_out *o);
void json_open_array(struct json_out *o);
void json_close_array(struct json_out *o);
void json_key(struct json_out *o, const char *key);
void json_str(struct json_out *o, struct str s);
void json_int(struct json_out *o, int64_t v);
void json_uint(struct json_out *o, uint64_t v);
void json_bool(struct json_out *o, bool v);
void json_raw(struct json_out *o, struct str json); /* already JSON */
static inline void json_kv_str(struct json_out *o, const char *key, struct str s)
{
    json_key(o, key);
    json_str(o, s);
}
static inline void json_kv_int(struct json_out *o, const char *key, int64_t v)
{
    json_key(o, key);
    json_int(o, v);
}
static inline void json_kv_uint(struct json_out *o, const char *key, uint64_t v)
{
    json_key(o, key);
    json_uint(o, v);
}
static inline void json_kv_bool(struct json_out *o, const char *key, bool v)
{
    json_key(o, key);
    json_bool(o, v);
}
/** A SHA-256 as records name it: "sha256:" and 64 hex digits. */
void json_kv_digest(struct json_out *o, const char *key, const uint8_t digest[BASE_SHA256]);

/** Appends the RFC 8785 form of node `n` (keys sorted by UTF-16 code units). Integers beyond 2^53
 * become strings. */
void json_canonical(const struct json_doc *d, const struct json_node *n, struct buf *out);
/** The same for what is judged and handed on: every number stays the number that it is. */
void json_exact(const struct json_doc *d, const struct json_node *n, struct buf *out);
/** Canonical form of a JSON text. REEVE_EFORMAT when it is none. */
int json_canonicalise(struct str text, struct buf *out, struct reeve_error *err);

#endif
