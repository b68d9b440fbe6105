/* The reports of `reeve policy test` as JUnit's XML. */
#ifndef TOOLS_REEVE_POLICY_JUNIT_H
#define TOOLS_REEVE_POLICY_JUNIT_H

#include "tools/reeve/cli.h"

/** Write the reports of all files to `out`. */
int policy_junit(const json_t *reports, struct cli_outfile *out, struct reeve_error *err);

#endif
