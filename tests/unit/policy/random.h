/*
 * Random policies and requests for the test that holds two evaluators against each other.
 */
#ifndef POLICY_RANDOM_H
#define POLICY_RANDOM_H

#include "policy/model.h"

extern uint64_t random_state;
/** A number below `sides`. */
uint32_t random_roll(uint32_t sides);

extern const char *const random_subjects[], *const random_capabilities[], *const random_levels[3];
extern const size_t random_nsubjects, random_ncapabilities;
/** The same policy twice, its rules in two orders. */
void random_policies(struct buf *one, struct buf *other);
/** Arguments as JSON. */
void random_args(struct buf *b);

#endif
