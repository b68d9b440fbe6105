/*
 * `reeve audit keys` and `audit rotate-key`: which keys signed the log, and a new one.
 */
#include <stdio.h>
#include <string.h>

#include "tools/reeve/cli.h"

struct options {
    bool newest;
};
static const struct cli_option table[] = {
    {"newest", NULL, CLI_FLAG, offsetof(struct options, newest),
     "the newest alone: what verifying takes as its --key"},
};

static int print_newest(const struct cli *cli, struct reeve *handle)
{
    struct reeve_error err = {0};
    auto_text char *vkey = NULL;
    if (reeve_vkey(handle, &vkey, &err))
        return cli_fail(cli, &err);
    if (!cli->json) {
        puts(vkey);
        return CLI_OK;
    }
    auto_json json_t *object = json_pack("{s:s}", "vkey", vkey);
    auto_free char *line = object ? json_dumps(object, JSON_COMPACT) : NULL;
    if (!line)
        return CLI_ENVIRONMENT;
    cli_put_json_line(stdout, line);
    return CLI_OK;
}

static int print_all(const struct cli *cli, struct reeve *handle)
{
    struct reeve_error err = {0};
    auto_text char *text = NULL;
    int rc = reeve_keys(handle, &text, &err);
    if (rc == REEVE_EVERIFY) {
        cli_say(cli, "%s", err.message);
        return CLI_FINDINGS;
    }
    if (rc)
        return cli_fail(cli, &err);
    if (cli->json) {
        cli_put_json_line(stdout, text);
        return CLI_OK;
    }
    auto_json json_t *keys = cli_json(text, strlen(text), &err);
    if (!keys)
        return cli_fail(cli, &err);
    cli_show_table(cli, json_object_get(keys, "keys"));
    return CLI_OK;
}

static int keys(const struct cli *cli, const void *options, char *const *operands, size_t noperands)
{
    const struct options *o = options;
    auto_handle struct reeve *handle = NULL;
    (void)operands, (void)noperands;
    int status = cli_open(cli, &handle);
    if (status)
        return status;
    return o->newest ? print_newest(cli, handle) : print_all(cli, handle);
}

static int rotate_key(const struct cli *cli, const void *options, char *const *operands,
                      size_t noperands)
{
    struct reeve_error err = {0};
    auto_handle struct reeve *handle = NULL;
    auto_text char *text = NULL;
    (void)options, (void)operands, (void)noperands;
    int status = cli_open(cli, &handle);
    if (status)
        return status;
    if (reeve_rotate_key(handle, &text, &err))
        return cli_fail(cli, &err);
    cli_note(cli, "give the new key to whoever checks the log: 'reeve audit keys --newest'");
    return cli_show_json(cli, text);
}

const struct cli_command cli_audit_keys = {
    .name = "audit keys",
    .operands = "",
    .summary = "Show the verifier keys of the log (C2SP: name+hex id+base64), each with the record "
               "that entered it\nand the one that ended it. Status 1 when these do not fit "
               "together.",
    .example = "reeve audit keys --newest >kept.vkey",
    .options = table,
    .noptions = CLI_COUNT(table),
    .run = keys,
};

const struct cli_command cli_audit_rotate_key = {
    .name = "audit rotate-key",
    .operands = "",
    .summary = "Let the keeper make a new key, which signs from now on, and destroy the old one. "
               "Both sign the record\nof it. Whoever checks the log needs the new verifier key.",
    .example = "reeve audit rotate-key && reeve audit keys --newest >kept.vkey",
    .run = rotate_key,
};
