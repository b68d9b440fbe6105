/*
 * `reeve audit erase`: the bytes of one record are taken away, and the log says so.
 */
#include <stdlib.h>
#include <string.h>

#include "tools/reeve/cli.h"

struct options {
    const char *reason;
};
static const struct cli_option table[] = {
    {"reason", "TEXT", CLI_TEXT, offsetof(struct options, reason),
     "why; it is recorded, and cannot be erased (required)"},
};

static int erase(const struct cli *cli, const void *options, char *const *operands,
                 size_t noperands)
{
    const struct options *o = options;
    struct reeve_error err = {0};
    auto_handle struct reeve *handle = NULL;
    auto_text char *text = NULL;
    uint64_t seq;
    (void)noperands;
    if (!cli_number(operands[0], &seq))
        return cli_usage(cli, "SEQ is a number, not '%s'", operands[0]);
    if (!o->reason || !*o->reason)
        return cli_usage(cli, "say why, with --reason: it is recorded");
    int status = cli_open(cli, &handle);
    if (status)
        return status;
    if (reeve_erase(handle, seq, o->reason, &text, &err))
        return cli_fail(cli, &err);
    return cli_show_json(cli, text) ? CLI_INTERNAL : CLI_OK;
}

const struct cli_command cli_audit_erase = {
    .name = "audit erase",
    .operands = "SEQ",
    .summary = "Erase the bytes of one record, for good: of a decision, an end, or what was "
               "rejected. Its hash stays,\nso that every proof still holds; who did it and why is "
               "recorded first.",
    .example = "reeve audit erase 12 --reason 'request of the person concerned'",
    .options = table,
    .noptions = CLI_COUNT(table),
    .min_operands = 1,
    .max_operands = 1,
    .run = erase,
};
