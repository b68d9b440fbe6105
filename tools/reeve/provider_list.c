/*
 * `reeve provider list`: what can carry a plan out here.
 */
#include "tools/reeve/cli.h"

static int show(const struct cli *cli, const void *options, char *const *operands, size_t noperands)
{
    (void)options;
    (void)operands;
    (void)noperands;
    return cli_show_answer(cli, reeve_providers);
}

const struct cli_command cli_provider_list = {
    .name = "provider list",
    .operands = "",
    .summary = "List the isolation providers: rank, whether each can work here, and why not.",
    .example = "reeve provider list --json",
    .run = show,
};
