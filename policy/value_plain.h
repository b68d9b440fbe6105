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

/** Classes that patterns share. */
struct value_classes {
    struct value_class {
        uint64_t has[2]; /* bit c: the character c */
    } v[VALUE_PLAIN_CLASSES];
    uint32_t n;
};
/** What a pattern was made into, `nitems` bytes of it; 0: it is not plain. With what a regular
 * expression has beside it, a cache line. */
#define VALUE_PLAIN_ROOM 46u
struct value_plain {
    uint8_t nitems, repeats;
    uint8_t items[VALUE_PLAIN_ROOM];
};

/** Make a pattern that PCRE2 has compiled into items. Not plain where it cannot be. */
struct value_plain value_plain_compile(struct value_classes *classes, struct str pattern);
/** Whether a plain pattern is the whole text. */
bool value_plain_matches(const struct value_classes *classes, const struct value_plain *pattern,
                         struct str text);
/** More steps than PCRE2, whichever way it counts them, can need for such a text: a match that may
 * take as many does not end at its limit. */
static inline uint64_t value_plain_steps(const struct value_plain *pattern, size_t n)
{
    return ((uint64_t)n + VALUE_PLAIN_ROOM) * (pattern->repeats + 2u);
}

#endif
