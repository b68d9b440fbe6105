/*
 * Random policies for the test that holds two evaluators against each other: rules of every kind,
 * with conditions of random_when.h.
 */
#ifndef POLICY_RANDOM_H
#define POLICY_RANDOM_H

#include "random_when.h"

extern const char *const random_subjects[], *const random_capabilities[], *const random_levels[3];
extern const size_t random_nsubjects, random_ncapabilities;
/** Whether policies have budgets. */
extern bool random_budgets;
/** The same policy twice, its rules in two orders. */
void random_policies(struct buf *one, struct buf *other);

#endif
