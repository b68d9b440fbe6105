/*
 * `reeve audit receipt`: the proof of one record, to be given away.
 */
#include <stdlib.h>
#include <string.h>

#include "tools/reeve/cli.h"

struct options {
    const char *out;
};
static const struct cli_option table[] = {
    {"out", "FILE", CLI_TEXT, offsetof(struct options, out),
     "write it there instead of to standard output"},
};

static int write_receipt(const struct cli *cli, const struct options *o, uint64_t seq)
{
    struct reeve_error err = {0};
    auto_handle struct reeve *handle = NULL;
    auto_text char *text = NULL;
    auto_outfile struct cli_outfile file = {.fd = -1};
    if (o->out && cli_outfile_open(&file, o->out, &err))
        return cli_fail(cli, &err);
    int status = cli_open(cli, &handle);
    if (status)
        return status;
    if (reeve_receipt(handle, seq, &text, &err))
        return cli_fail(cli, &err);
    if (!o->out) {
        fputs(text, stdout);
        return CLI_OK;
    }
    return cli_outfile_commit(&file, text, strlen(text), &err) ? cli_fail(cli, &err) : CLI_OK;
}

static int receipt(const struct cli *cli, const void *options, char *const *operands,
                   size_t noperands)
{
    uint64_t seq;
    (void)noperands;
    if (!cli_number(operands[0], &seq))
        return cli_usage(cli, "SEQ is a number, not '%s'", operands[0]);
    return write_receipt(cli, options, seq);
}

const struct cli_command cli_audit_receipt = {
    .name = "audit receipt",
    .operands = "SEQ",
    .summary = "Write the receipt of one record, which proves it to anybody who has the log's "
               "verifier key: 'reeve\nverify' checks it.",
    .example = "reeve audit receipt 12 --out run.receipt",
    .options = table,
    .noptions = CLI_COUNT(table),
    .min_operands = 1,
    .max_operands = 1,
    .run = receipt,
};
