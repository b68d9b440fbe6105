/*
 * `reeve policy schema`: the policy language as a JSON Schema for editors, or as the reference
 * page.
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "reeve/tooling.h"
#include "tools/reeve/cli.h"

struct options {
    bool reference;
};
static const struct cli_option table[] = {
    {"reference", NULL, CLI_FLAG, offsetof(struct options, reference),
     "the reference page, Markdown, instead"},
};

static int schema(const struct cli *cli, const void *options, char *const *operands,
                  size_t noperands)
{
    const struct options *o = options;
    (void)operands;
    (void)noperands;
    auto_text char *text = NULL;
    struct reeve_error err = {0};
    int rc =
        reeve_policy_schema(o->reference ? REEVE_SCHEMA_REFERENCE : REEVE_SCHEMA_JSON, &text, &err);
    if (rc)
        return cli_fail(cli, &err);
    if (o->reference) {
        fputs(text, stdout);
        return CLI_OK;
    }
    auto_json json_t *json = cli_json(text, strlen(text), &err);
    auto_free char *lines = json ? json_dumps(json, JSON_INDENT(2)) : NULL;
    if (lines)
        puts(lines);
    return lines ? CLI_OK : CLI_INTERNAL;
}

const struct cli_command cli_policy_schema = {
    .name = "policy schema",
    .operands = "",
    .summary = "Print the JSON Schema of policies, for editors.",
    .example = "reeve policy schema > policy.schema.json",
    .options = table,
    .noptions = CLI_COUNT(table),
    .run = schema,
};
