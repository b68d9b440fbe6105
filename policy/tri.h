/*
 * The three values of a condition. A header of its own, so that what compares plain values needs
 * nothing of the image.
 */
#ifndef POLICY_TRI_H
#define POLICY_TRI_H

/** Ordered so that `all` is the minimum, `any` the maximum and `not` the difference from true. */
enum tri { TRI_FALSE, TRI_UNKNOWN, TRI_TRUE };

#endif
