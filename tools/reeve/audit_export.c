/*
 * `reeve audit export`: the log as static files that others can read and check.
 */
#include <stdlib.h>

#include "reeve/tooling.h"
#include "tools/reeve/cli.h"

struct options {
    const char *tiles, *key;
};
static const struct cli_option table[] = {
    {"tiles", "DIR", CLI_TEXT, offsetof(struct options, tiles),
     "as tlog-tiles, into this folder: what an earlier export left there is added to"},
    {"key", "VKEY|FILE", CLI_TEXT, offsetof(struct options, key),
     "verifier key, or its file (default: key.vkey of the folder)"},
};

static int show(const struct cli *cli, const struct reeve_export_report *r)
{
    const char *form = cli->json ? "{\"records\":%llu,\"without_bytes\":%llu}\n"
                                 : "exported: %llu records, %llu of them as hashes alone\n";
    printf(form, (unsigned long long)r->records, (unsigned long long)r->without_bytes);
    return CLI_OK;
}

static int export_tiles(const struct cli *cli, const void *options, char *const *operands,
                        size_t noperands)
{
    (void)operands, (void)noperands;
    const struct options *o = options;
    struct reeve_error err = {0};
    auto_free char *vkey = NULL;
    auto_handle struct reeve *handle = NULL;
    if (!o->tiles)
        return cli_usage(cli, "say where to: --tiles DIR");
    if (o->key && cli_read_key(o->key, &vkey, &err))
        return cli_fail(cli, &err);
    int status = cli_open(cli, &handle);
    if (status)
        return status;
    struct reeve_export_report report = {.size = sizeof report};
    int rc = reeve_export_tiles(handle, vkey, o->tiles, &report, &err);
    if (rc == REEVE_EVERIFY || rc == REEVE_EDAMAGED) {
        cli_say(cli, "%s", err.message);
        return CLI_FINDINGS;
    }
    return rc ? cli_fail(cli, &err) : show(cli, &report);
}

const struct cli_command cli_audit_export = {
    .name = "audit export",
    .operands = "",
    .summary =
        "Write the log as static files (C2SP tlog-tiles): hash tiles, records in bundles, and "
        "the\ncheckpoint. Status 1 when the rows are not those that are signed, or the "
        "folder has another\nhistory.",
    .example = "reeve audit export --tiles /srv/log",
    .options = table,
    .noptions = CLI_COUNT(table),
    .run = export_tiles,
};
