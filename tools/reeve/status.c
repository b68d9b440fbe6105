/*
 * `reeve status`: the owner's own view of itself.
 */
#include "tools/reeve/cli.h"

static int show(const struct cli *cli, const void *options, char *const *operands, size_t noperands)
{
    (void)options;
    (void)operands;
    (void)noperands;
    return cli_show_answer(cli, reeve_status);
}

const struct cli_command cli_status = {
    .name = "status",
    .operands = "",
    .summary = "Show what the folder's owner knows of itself: whether it can decide and append, "
               "its log, its policy.",
    .example = "reeve status --json",
    .run = show,
};
