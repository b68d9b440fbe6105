/*
 * `reeve audit show`: one record, for people or byte for byte.
 */
#include <stdlib.h>
#include <unistd.h>

#include "tools/reeve/cli.h"

struct options {
    bool raw;
};
static const struct cli_option table[] = {
    {"raw", NULL, CLI_FLAG, offsetof(struct options, raw),
     "the exact bytes that were hashed into the log"},
};

struct shown {
    const struct cli *cli;
    bool raw, found;
    int status;
};

/* A newline belongs to a terminal's line, not to the record's bytes. */
static void show_bytes(const struct reeve_record *record, bool exact)
{
    cli_put_json(stdout, record->json, record->json_len);
    if (!exact || isatty(STDOUT_FILENO) == 1)
        putchar('\n');
}

static int on_record(void *arg, const struct reeve_record *record)
{
    struct shown *s = arg;
    s->found = true;
    if (!record->json) {
        cli_say(s->cli,
                "record %llu is kept as its hash alone; 'reeve audit query --type erased' "
                "shows what was erased",
                (unsigned long long)record->seq);
        s->status = CLI_FINDINGS;
        return 1;
    }
    if (s->raw || s->cli->json) {
        show_bytes(record, s->raw);
        return 1;
    }
    struct reeve_error err = {0};
    auto_json json_t *json = cli_json(record->json, record->json_len, &err);
    if (json)
        cli_show_tree(s->cli, json, 0);
    else
        s->status = cli_fail(s->cli, &err);
    return 1;
}

static int show(const struct cli *cli, const void *options, char *const *operands, size_t noperands)
{
    (void)noperands;
    const struct options *o = options;
    struct reeve_error err = {0};
    auto_handle struct reeve *handle = NULL;
    uint64_t seq;
    if (!cli_number(operands[0], &seq))
        return cli_usage(cli, "SEQ is a number, not '%s'", operands[0]);
    int status = cli_open(cli, &handle);
    if (status)
        return status;
    struct shown s = {.cli = cli, .raw = o->raw};
    if (reeve_records(handle, seq, 1, on_record, &s, &err))
        return cli_fail(cli, &err);
    if (!s.found) {
        cli_say(cli, "the log has no record %llu; 'reeve status' shows its size",
                (unsigned long long)seq);
        return CLI_FINDINGS;
    }
    return s.status;
}

const struct cli_command cli_audit_show = {
    .name = "audit show",
    .operands = "SEQ",
    .summary = "Show one record of the log.",
    .example = "reeve audit show 12 --raw",
    .options = table,
    .noptions = CLI_COUNT(table),
    .min_operands = 1,
    .max_operands = 1,
    .run = show,
};
