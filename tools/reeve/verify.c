/*
 * `reeve verify`: whether a receipt proves what it is shown for. Needs no log and no state folder.
 */
#include <string.h>

#include "reeve/tooling.h"
#include "tools/reeve/policy.h"

struct options {
    const char *key, *policy, *program;
};
static const struct cli_option table[] = {
    {"key", "VKEY|FILE", CLI_TEXT, offsetof(struct options, key),
     "verifier key of the log, or its file"},
    {"policy", "FILE", CLI_TEXT, offsetof(struct options, policy),
     "it must have been decided by this policy or image"},
    {"program", "FILE", CLI_TEXT, offsetof(struct options, program),
     "it must have run this very program"},
};

/* The first of the paths that the record has; "" when it has none. */
static const char *first_of(const json_t *record, const char *const paths[], size_t n)
{
    static char number[32];
    for (size_t i = 0; i < n; i++) {
        const char *text = cli_json_text(record, paths[i], number);
        if (text[0])
            return text;
    }
    return "";
}

static int differs(const struct cli *cli, const char *what, const char *file, const char *there,
                   const char *expected)
{
    if (!there[0])
        cli_say(cli, "the record names no %s", what);
    else
        cli_say(cli, "the record's %s is %s; %s is %s", what, there, file, expected);
    return CLI_FINDINGS;
}

static int check_policy(const struct cli *cli, const char *file, const json_t *record)
{
    static const char *const paths[] = {"record.decision.policy", "record.policy"};
    auto_policy struct reeve_policy *policy = NULL;
    char digest[REEVE_DIGEST_MAX];
    int status = policy_open(cli, file, &policy);
    if (status)
        return status;
    reeve_policy_digest(policy, digest);
    const char *there = first_of(record, paths, CLI_COUNT(paths));
    return strcmp(there, digest) == 0 ? CLI_OK : differs(cli, "policy", file, there, digest);
}

static int check_program(const struct cli *cli, const char *file, const json_t *record)
{
    static const char *const paths[] = {"record.program.digest"};
    struct reeve_error err = {0};
    char digest[REEVE_DIGEST_MAX];
    if (reeve_file_digest(file, digest, &err))
        return cli_fail(cli, &err);
    const char *there = first_of(record, paths, CLI_COUNT(paths));
    return strcmp(there, digest) == 0 ? CLI_OK : differs(cli, "program", file, there, digest);
}

/* What the receipt holds of, in JSON. */
static int check_receipt(const struct cli *cli, const char *file, const char *key, char **json)
{
    struct reeve_error err = {0};
    auto_free char *text = NULL, *vkey = NULL;
    size_t n;
    if (cli_read_key(key, &vkey, &err) || cli_read_file(file, CLI_MAX_RECEIPT, &text, &n, &err))
        return cli_fail(cli, &err);
    if (reeve_receipt_check(text, n, vkey, json, &err) == 0)
        return CLI_OK;
    if (err.code != REEVE_EVERIFY && err.code != REEVE_EFORMAT)
        return cli_fail(cli, &err);
    cli_say(cli, "%s does not hold: %s", file, err.message);
    return CLI_FINDINGS;
}

static int verify(const struct cli *cli, const void *options, char *const *operands,
                  size_t noperands)
{
    const struct options *o = options;
    struct reeve_error err = {0};
    auto_text char *json = NULL;
    (void)noperands;
    if (!o->key)
        return cli_usage(cli, "--key is missing, the verifier key of the log (key.vkey of its "
                              "folder)");
    int status = check_receipt(cli, operands[0], o->key, &json);
    if (status)
        return status;
    auto_json json_t *shown = cli_json(json, strlen(json), &err);
    if (!shown)
        return cli_fail(cli, &err);
    if (o->policy)
        status = check_policy(cli, o->policy, shown);
    if (!status && o->program)
        status = check_program(cli, o->program, shown);
    if (status)
        return status;
    if (!cli->json && !cli->quiet) {
        cli_colour(cli, "32");
        printf("the receipt holds");
        cli_colour_end(cli);
        putchar('\n');
    }
    return cli_show_json(cli, json);
}

const struct cli_command cli_verify = {
    .name = "verify",
    .operands = "RECEIPT --key VKEY|FILE",
    .summary = "Check a receipt: that its record is in the log, and, where they are given, that it "
               "is of this\n"
               "policy and program. Needs no log and no state folder. Status 1 when it does not "
               "hold.",
    .example = "reeve verify run.receipt --key kept.vkey --policy policy.yaml",
    .options = table,
    .noptions = CLI_COUNT(table),
    .min_operands = 1,
    .max_operands = 1,
    .run = verify,
};
