/*
 * `reeve version`: what was built, with what, and what this kernel offers.
 */
#include "tools/reeve/cli.h"

static int version(const struct cli *cli, const void *options, char *const *operands,
                   size_t noperands)
{
    (void)options;
    (void)operands;
    (void)noperands;
    auto_text char *json = reeve_version_json();
    if (json)
        return cli_show_json(cli, json);
    cli_say(cli, "out of memory");
    return CLI_ENVIRONMENT;
}

const struct cli_command cli_version = {
    .name = "version",
    .operands = "",
    .summary = "Show version, build, libraries, digest of the compiled-in rules, and what this "
               "kernel offers.",
    .example = "reeve version --json",
    .run = version,
};
