/*
 * The three values of a condition. A header of its own, so that what compares plain values needs
 * nothing of the image.
 */
#ifndef POLICY_TRI_H
#define POLICY_TRI_H

#include <stdbool.h>

/** Ordered so that `all` is the minimum, `any` the maximum and `not` the difference from true. */
enum tri { TRI_FALSE, TRI_UNKNOWN, TRI_TRUE };

static inline enum tri tri_of(bool b)
{
    return b ? TRI_TRUE : TRI_FALSE;
}
static inline enum tri tri_not(enum tri v)
{
    return (enum tri)(TRI_TRUE - v);
}
static inline enum tri tri_and(enum tri a, enum tri b)
{
    return a < b ? a : b;
}
static inline enum tri tri_or(enum tri a, enum tri b)
{
    return a > b ? a : b;
}
/** One value more of `all`, which ends at false, or of `any`, which ends at true. */
static inline enum tri tri_towards(enum tri end, enum tri a, enum tri b)
{
    return end == TRI_FALSE ? tri_and(a, b) : tri_or(a, b);
}

#endif
