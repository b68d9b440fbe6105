/*
 * `reeve audit show`: one record, or the plan that it names, for people or byte for byte.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "reeve/tooling.h"
#include "tools/reeve/cli.h"

struct options {
    bool raw, plan;
    const char *copy;
};
static const struct cli_option table[] = {
    {"raw", NULL, CLI_FLAG, offsetof(struct options, raw),
     "the exact bytes that were hashed into the log; of a plan, those that its digest is of"},
    {"plan", NULL, CLI_FLAG, offsetof(struct options, plan),
     "the plan that the record names, checked against its digest"},
    {"copy", "DIR", CLI_TEXT, offsetof(struct options, copy),
     "of this folder, a copy or a backup, without an owner"},
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

static int show_json(const struct cli *cli, const char *text)
{
    struct reeve_error err = {0};
    if (cli->json) {
        cli_put_json_line(stdout, text);
        return CLI_OK;
    }
    auto_json json_t *json = cli_json(text, strlen(text), &err);
    if (!json)
        return cli_fail(cli, &err);
    cli_show_tree(cli, json, 0);
    return CLI_OK;
}

static int show_plan(const struct cli *cli, const struct options *o, struct reeve *handle,
                     uint64_t seq)
{
    struct reeve_error err = {0};
    auto_text char *bytes = NULL, *text = NULL;
    void *found = NULL;
    size_t n = 0;
    int rc = handle ? reeve_plan(handle, seq, &found, &n, &err)
                    : reeve_copy_plan(o->copy, seq, &found, &n, &err);
    bytes = found;
    if (rc == REEVE_ENOENT || rc == REEVE_EVERIFY || rc == REEVE_EDAMAGED) {
        cli_say(cli, "%s", err.message);
        return CLI_FINDINGS;
    }
    if (rc)
        return cli_fail(cli, &err);
    if (o->raw)
        return fwrite(bytes, 1, n, stdout) == n ? CLI_OK : CLI_ENVIRONMENT;
    return reeve_plan_json(bytes, n, &text, &err) ? cli_fail(cli, &err) : show_json(cli, text);
}

static int show_record(const struct cli *cli, const struct options *o, struct reeve *handle,
                       uint64_t seq)
{
    struct reeve_error err = {0};
    struct shown s = {.cli = cli, .raw = o->raw};
    if (handle ? reeve_records(handle, seq, 1, on_record, &s, &err)
               : reeve_copy_records(o->copy, seq, 1, on_record, &s, &err))
        return cli_fail(cli, &err);
    if (!s.found) {
        cli_say(cli, "the log has no record %llu%s", (unsigned long long)seq,
                handle ? "; 'reeve status' shows its size" : "");
        return CLI_FINDINGS;
    }
    return s.status;
}

static int show(const struct cli *cli, const void *options, char *const *operands, size_t noperands)
{
    (void)noperands;
    const struct options *o = options;
    auto_handle struct reeve *handle = NULL;
    uint64_t seq;
    if (!cli_number(operands[0], &seq))
        return cli_usage(cli, "SEQ is a number, not '%s'", operands[0]);
    int status = o->copy ? CLI_OK : cli_open(cli, &handle);
    if (status)
        return status;
    return (o->plan ? show_plan : show_record)(cli, o, handle, seq);
}

const struct cli_command cli_audit_show = {
    .name = "audit show",
    .operands = "SEQ",
    .summary =
        "Show one record of the log, or the plan that it names. Status 1 when there is no such "
        "record, or the\nplan is not kept or not what its digest is of.",
    .example = "reeve audit show 12 --plan",
    .options = table,
    .noptions = CLI_COUNT(table),
    .min_operands = 1,
    .max_operands = 1,
    .run = show,
};
