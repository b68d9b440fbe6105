/*
 * Numbers with units as policies write them: sizes ("64KiB", "1MiB", "10B") and durations ("5s",
 * "100ms", "15m", "1h"). One table of units each; whole numbers only.
 */
#ifndef POLICY_VALUE_SIZE_H
#define POLICY_VALUE_SIZE_H

#include "policy/value.h"

struct value_unit {
    const char *name;
    int64_t worth;
};
/** Digits and one of `count` units; no zero in front of other digits. False when it is not that, or
 * beyond 2^63 - 1. */
bool value_unit_parse(struct str text, const struct value_unit *units, size_t count, int64_t *out);
extern const struct value_unit value_sizes[4];
/** Digits and a unit: B KiB MiB GiB. False when it is not that, or beyond 2^63 - 1. */
bool value_size_parse(struct str text, int64_t *out_bytes);
/** Digits and a unit: ns us ms s m h d. */
bool value_duration_parse(struct str text, int64_t *out_ns);
/** Whether text looks like a number with a unit, right or not ("1MB", "5 s"): for a hint. */
bool value_looks_like_size(struct str text);

#endif
