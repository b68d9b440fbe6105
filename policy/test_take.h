/* The tests of a model, taken out of it: called by compile.c, since the model ends with the
 * compile. */
#ifndef POLICY_TEST_TAKE_H
#define POLICY_TEST_TAKE_H

#include "policy/image.h"
#include "policy/test.h"

/** The model is checked and has no errors. NULL: no memory, or more than a stated bound of it. */
struct policy_tests *policy_tests_take(const struct model *m, const struct policy_report *report);

#endif
