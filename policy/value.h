/*
 * What the value_*.h modules share. Each takes one kind of operand (URL pattern, host list, address
 * ranges, time window, text pattern, regular expression) from plain text to a form for the image,
 * and judges one value by it. They know nothing of trees, models or images: a compiler stage calls
 * `..._compile`, the image's loader `..._sound`, the evaluator the rest. Evaluation is a pure
 * function that allocates nothing.
 *
 * The form is bytes: appended to the image's byte section (or any buffer), without alignment,
 * pointers or offsets beyond its own, so that equal operands have equal bytes, may be shared, and
 * survive being moved. Numbers are little-endian. `..._sound` is to be asked once of bytes that
 * come from outside; the evaluators trust what it has passed.
 */
#ifndef POLICY_VALUE_H
#define POLICY_VALUE_H

#include "base/base.h"
#include "policy/tri.h"

/** Where an operand's form stands in the buffer that it was appended to. */
struct value_at {
    uint32_t at, n;
};

/** What is wrong with an operand, for a diagnostic. All strings are static. */
struct value_fault {
    const char *text; /* what is wrong: "a `*` stands for whole labels in front only" */
    const char *hint; /* what would be right, or NULL */
    const char *key;  /* which key of a mapping ("host"), or NULL: the operand itself */
    uint32_t index;   /* which element of a list, counted from 0 */
};

/** Fill in a fault; false, so that a function can end with `return value_fail(...)`. */
static inline bool value_fail(struct value_fault *fault, const char *key, uint32_t index,
                              const char *text, const char *hint)
{
    *fault = (struct value_fault){.text = text, .hint = hint, .key = key, .index = index};
    return false;
}

/** Numbers of 16 bits in a form. */
static inline void value_put_u16(struct buf *b, size_t v)
{
    buf_byte(b, (uint8_t)v);
    buf_byte(b, (uint8_t)(v >> 8));
}
static inline size_t value_get_u16(const char *p)
{
    return (size_t)(uint8_t)p[0] | (size_t)(uint8_t)p[1] << 8;
}

/** A list of texts as an operand writes it; one scalar is a list of one. Empty is a fault. */
struct value_list {
    const struct str *v;
    uint32_t n;
};
#define VALUE_MAX_LIST 65536u /* elements of a list */

#endif
