/*
 * What `run` and `call` share: the options of a request, asking, and telling how it ended.
 */
#ifndef TOOLS_REEVE_REQUEST_H
#define TOOLS_REEVE_REQUEST_H

#include "tools/reeve/cli.h"

struct request_options {
    const char *policy, *agent, *level, *resource, *context, *ceiling, *provider, *receipt;
    bool explain;
};
extern const struct cli_option request_option_table[];
#define REQUEST_OPTIONS 9u

/**
 * Ask for `capability` with `args` (JSON, or NULL) and have it done. `*out` is the answer; with
 * --receipt its receipt has been written. Returns 0, or the exit status after a message (then
 * `*out` may be NULL).
 */
int request_execute(const struct cli *cli, const struct request_options *options,
                    const char *capability, const char *args, const struct reeve_events *events,
                    struct reeve_result **out);
/** Say in one line why it was not permitted, not started or not ended by itself; nothing when all
 * went well. */
void request_tell(const struct cli *cli, const struct reeve_result *result);
/** Decision and plan of an --explain, on standard output. */
int request_explain(const struct cli *cli, const struct reeve_result *result);

#endif
