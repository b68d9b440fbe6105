/*
 * Whether a value is what a test expects: mappings as subsets, lists as a whole in any order, since
 * what a decision lists has none; numbers by value.
 */
#ifndef POLICY_MATCH_H
#define POLICY_MATCH_H

#include "core/json.h"

/** Whether `got` is what is expected. Lists of more than POLICY_MAX_MATCHED elements, and those
 * within mappings called `properties`, are compared in their order. */
#define POLICY_MAX_MATCHED 512u
bool policy_json_fits(const struct json_doc *expected, const struct json_node *e,
                      const struct json_doc *got, const struct json_node *g);

#endif
