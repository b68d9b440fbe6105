/*
 * Regular expressions that need no search: literal characters and classes of ASCII characters, each
 * with a repeat or without, where no repeat can take what the next part could. Most patterns in
 * policies are of this kind. They are walked over in a few nanoseconds and one cache line, where
 * machine code, of which each pattern has its own, comes from memory. The answer is PCRE2's in
 * every case: what could differ is no plain pattern. Called by value_regex.c alone.
 */
#ifndef POLICY_VALUE_PLAIN_H
#define POLICY_VALUE_PLAIN_H

#include "base/base.h"

#define VALUE_PLAIN_CLASSES 255u /* different ones of a set of patterns */
#define VALUE_PLAIN_ITEMS   24u  /* of a pattern */

/** Classes that patterns share, and what the patterns were made into. */
struct value_plain {
    struct value_class {
        uint64_t has[2]; /* bit c: the character c */
    } classes[VALUE_PLAIN_CLASSES];
    uint32_t nclasses;
    struct buf items;
};
/** Where a pattern is in `items`; n 0: it is not plain. */
struct value_plain_at {
    uint32_t at;
    uint16_t n, parts;
};

/** Make a pattern that PCRE2 has compiled into items. Not plain where it cannot be, or where memory
 * is out. */
struct value_plain_at value_plain_compile(struct value_plain *set, struct str pattern);
/** Whether a plain pattern is the whole text. */
bool value_plain_matches(const struct value_plain *set, struct value_plain_at pattern,
                         struct str text);
/** More steps than PCRE2, whichever way it counts them, can need for such a text: a match that may
 * take as many does not end at its limit. */
static inline uint64_t value_plain_steps(struct value_plain_at pattern, size_t n)
{
    return ((uint64_t)n + 2 * VALUE_PLAIN_ITEMS) * (pattern.parts + 2u);
}

#endif
