/*
 * Objects of JSON that mean something to the engine: each is read by a table of its keys, so that a
 * misspelt one cannot be missed. Called by request.c, ceiling.c and inputs.c, on what anybody may
 * have written.
 */
#ifndef POLICY_FIELDS_H
#define POLICY_FIELDS_H

#include "core/json.h"

#define FIELD_IS(type) (1u << JSON_##type)
#define FIELD_BOOL     (FIELD_IS(TRUE) | FIELD_IS(FALSE))

/** A key and the types that its value may have: bits 1 << enum json_type. */
struct field {
    const char *name;
    unsigned types;
};

/**
 * Sort an object's values by the table: `out[i]` is that of `fields[i]`, or NULL. `what` names the
 * object in messages ("a request"). REEVE_EINVAL: no object, a key that is not in the table, a
 * value of another type.
 */
int fields_sort(const struct json_doc *doc, const struct json_node *object, const char *what,
                const struct field *fields, size_t n, const struct json_node **out,
                struct reeve_error *err);
/** As much of a text from outside as a message has room for, as "%.*s" wants it. */
#define FIELD_SHOWN(s) (int)((s).n < 64 ? (s).n : 64), (s).p
/** A whole number from `low` to `high`; REEVE_EINVAL names `what`. */
int field_int(const struct json_node *n, const char *what, int64_t low, int64_t high, int64_t *out,
              struct reeve_error *err);
/** A list of texts, in `arena`. NULL: none. */
int field_texts(const struct json_doc *doc, const struct json_node *list, const char *what,
                struct arena *arena, const struct str **out, uint32_t *n, struct reeve_error *err);

#endif
