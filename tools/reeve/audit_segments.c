/*
 * `reeve audit segments` and `audit seal`: the files that the log is in, and a new one.
 */
#include <string.h>

#include "tools/reeve/cli.h"

static int segments(const struct cli *cli, const void *options, char *const *operands,
                    size_t noperands)
{
    struct reeve_error err = {0};
    auto_handle struct reeve *handle = NULL;
    auto_text char *text = NULL;
    (void)options, (void)operands, (void)noperands;
    int status = cli_open(cli, &handle);
    if (status)
        return status;
    if (reeve_segments(handle, &text, &err))
        return cli_fail(cli, &err);
    if (cli->json) {
        cli_put_json_line(stdout, text);
        return CLI_OK;
    }
    auto_json json_t *files = cli_json(text, strlen(text), &err);
    if (!files)
        return cli_fail(cli, &err);
    cli_show_table(cli, files);
    return CLI_OK;
}

static int seal(const struct cli *cli, const void *options, char *const *operands, size_t noperands)
{
    struct reeve_error err = {0};
    auto_handle struct reeve *handle = NULL;
    auto_text char *text = NULL;
    (void)options, (void)operands, (void)noperands;
    int status = cli_open(cli, &handle);
    if (status)
        return status;
    if (reeve_seal(handle, &text, &err))
        return cli_fail(cli, &err);
    return cli_show_json(cli, text) ? CLI_INTERNAL : CLI_OK;
}

const struct cli_command cli_audit_segments = {
    .name = "audit segments",
    .operands = "",
    .summary =
        "List the files that the log is in: sealed ones in segments/, and log.db, the newest. "
        "Of a pruned one only\nhashes are left, and the records that tell of the log itself.",
    .example = "reeve audit segments",
    .run = segments,
};

const struct cli_command cli_audit_seal = {
    .name = "audit seal",
    .operands = "",
    .summary =
        "End the newest file of the log now: it is read-only from then on, and can be copied "
        "away as it is. Prints\nthe record that begins the next one.",
    .example = "reeve audit seal",
    .run = seal,
};
