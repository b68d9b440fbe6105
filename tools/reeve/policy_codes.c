/*
 * `reeve policy codes`: every diagnostic code that `policy lint` can give, and what it means.
 */
#include <stdlib.h>

#include "reeve/tooling.h"
#include "tools/reeve/cli.h"

static int codes(const struct cli *cli, const void *options, char *const *operands,
                 size_t noperands)
{
    (void)options;
    (void)operands;
    (void)noperands;
    auto_json json_t *list = json_array();
    const char *code, *meaning;
    for (size_t i = 0; (code = reeve_policy_code(i, &meaning)); i++)
        json_array_append_new(list, json_pack("{s:s, s:s}", "code", code, "meaning", meaning));
    if (!cli->json) {
        cli_show_table(cli, list);
        return CLI_OK;
    }
    auto_free char *text = json_dumps(list, JSON_INDENT(2));
    if (text)
        puts(text);
    return text ? CLI_OK : CLI_INTERNAL;
}

const struct cli_command cli_policy_codes = {
    .name = "policy codes",
    .operands = "",
    .summary = "List the diagnostic codes of policies.",
    .example = "reeve policy codes",
    .run = codes,
};
