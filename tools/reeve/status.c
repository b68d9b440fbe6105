/*
 * `reeve status`: the owner's own view of itself.
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
    return reeve_status(handle, &json, &err) ? cli_fail(cli, &err) : cli_show_json(cli, json);
}

const struct cli_command cli_status = {
    .name = "status",
    .operands = "",
    .summary = "Show what the folder's owner knows of itself: whether it can decide and append, "
               "its log, its policy.",
    .example = "reeve status --json",
    .run = show,
};
