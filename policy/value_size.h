/*
 * Numbers with units as policies write them: sizes ("64KiB", "1MiB", "10B") and durations ("5s",
 * "100ms", "15m", "1h"). One table of units each; whole numbers only.
 */
#ifndef POLICY_VALUE_SIZE_H
#define POLICY_VALUE_SIZE_H

#include "core/types.h"
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
/** An amount in one limit's unit: a time (ms s m h), a size, a plain number. */
bool value_amount_parse(struct str text, enum core_unit unit, uint64_t *out);
/** "a time such as 500ms": what that is, for a message. */
const char *value_amount_wanted(enum core_unit unit);
/** Whether nothing is a limit too: of others it would be none to the kernel, or no run at all. */
bool value_limit_may_be_zero(enum core_limit limit);
/** Whether text looks like a number with a unit, right or not ("1MB", "5 s"): for a hint. */
bool value_looks_like_size(struct str text);

#endif
