/*
 * `reeve provider list`: what can carry a plan out here.
 */
#include "tools/reeve/cli.h"

static int show(const struct cli *cli, const void *options, char *const *operands, size_t noperands)
{
    (void)options;
    (void)operands;
    (void)noperands;
    struct reeve_error err = {0};
    auto_handle struct reeve *handle = NULL;
    auto_text char *json = NULL;
    int status = cli_open(cli, &handle);
    if (status)
        return status;
    return reeve_providers(handle, &json, &err) ? cli_fail(cli, &err) : cli_show_json(cli, json);
}

const struct cli_command cli_provider_list = {
    .name = "provider list",
    .operands = "",
    .summary = "List the isolation providers: rank, whether each can work here, and why not.",
    .example = "reeve provider list --json",
    .run = show,
};
