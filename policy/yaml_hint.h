/*
 * What to write where a text is not YAML. Called by yaml.c alone.
 */
#ifndef POLICY_YAML_HINT_H
#define POLICY_YAML_HINT_H

#include "policy/diag.h"

#include <yaml.h>

/** Where a text is not YAML: where it was noticed, or where what could not be read began. `hint`:
 * what to write, NULL: nobody knows. */
struct policy_pos policy_yaml_fault(const yaml_parser_t *p, struct str source, uint16_t file,
                                    const char **hint);

#endif
