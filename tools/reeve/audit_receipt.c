/*
 * `reeve audit receipt`: the proof of one record, to be given away; and the check of such a proof,
 * which needs no state folder.
 */
#include <stdlib.h>
#include <string.h>

#include "tools/reeve/cli.h"

struct options {
    const char *out, *check, *key;
};
static const struct cli_option table[] = {
    {"out", "FILE", CLI_TEXT, offsetof(struct options, out),
     "write it there instead of to standard output"},
    {"check", "FILE", CLI_TEXT, offsetof(struct options, check),
     "check this receipt, offline; needs --key"},
    {"key", "VKEY|FILE", CLI_TEXT, offsetof(struct options, key),
     "verifier key of the log, or its file"},
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

static int check_receipt(const struct cli *cli, const struct options *o)
{
    struct reeve_error err = {0};
    auto_free char *text = NULL, *vkey = NULL;
    auto_text char *json = NULL;
    size_t n;
    if (cli_read_key(o->key, &vkey, &err) ||
        cli_read_file(o->check, CLI_MAX_RECEIPT, &text, &n, &err))
        return cli_fail(cli, &err);
    if (reeve_receipt_check(text, n, vkey, &json, &err)) {
        if (err.code != REEVE_EVERIFY && err.code != REEVE_EFORMAT)
            return cli_fail(cli, &err);
        cli_say(cli, "%s does not hold: %s", o->check, err.message);
        return CLI_FINDINGS;
    }
    if (!cli->json && !cli->quiet) {
        cli_colour(cli, "32");
        printf("the receipt holds");
        cli_colour_end(cli);
        putchar('\n');
    }
    return cli_show_json(cli, json);
}

static int receipt(const struct cli *cli, const void *options, char *const *operands,
                   size_t noperands)
{
    const struct options *o = options;
    uint64_t seq;
    if (o->check && noperands)
        return cli_usage(cli, "--check takes no sequence: the receipt names its own");
    if (o->check && !o->key)
        return cli_usage(
            cli, "--check needs --key, the verifier key of the log (key.vkey of its folder)");
    if (o->check)
        return check_receipt(cli, o);
    if (!noperands)
        return cli_usage(cli, "SEQ or --check is missing");
    if (!cli_number(operands[0], &seq))
        return cli_usage(cli, "SEQ is a number, not '%s'", operands[0]);
    return write_receipt(cli, o, seq);
}

const struct cli_command cli_audit_receipt = {
    .name = "audit receipt",
    .operands = "SEQ | --check FILE --key VKEY|FILE",
    .summary = "Write the receipt of one record, or check one. A check needs the receipt and the "
               "key, no log.\n"
               "Status 1 when the receipt does not hold.",
    .example = "reeve audit receipt 12 --out run.receipt\n"
               "  reeve audit receipt --check run.receipt --key key.vkey",
    .options = table,
    .noptions = CLI_COUNT(table),
    .max_operands = 1,
    .run = receipt,
};
