/*
 * What tools/rulesc writes from rules/, as the library sees it. Only catalogue.c reads it;
 * everybody else asks core/catalogue.h.
 */
#ifndef CORE_TABLES_H
#define CORE_TABLES_H

#include "core/catalogue.h"

extern const struct core_capability core_table_capabilities[]; /* in byte order of ids */
extern const size_t core_table_ncapabilities;
extern const struct core_limits core_table_levels[CORE_LEVEL_COUNT];
extern const struct core_profile core_table_profiles[];
extern const size_t core_table_nprofiles;
extern const struct core_lint core_table_lint[]; /* in byte order of codes */
extern const size_t core_table_nlint;
extern const struct core_steering core_table_steering[];
extern const size_t core_table_nsteering;

#endif
