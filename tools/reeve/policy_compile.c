/*
 * `reeve policy compile`: a policy as an image (*.rvp), signed by its author where a key is named;
 * or the check that an image is what a policy compiles to.
 */
#include <stdlib.h>
#include <string.h>

#include "tools/reeve/policy.h"

struct options {
    const char *out, *sign, *check;
};
static const struct cli_option table[] = {
    {"out", "FILE", CLI_TEXT, offsetof(struct options, out), "write the image there, by rename"},
    {"sign", "KEYFILE", CLI_TEXT, offsetof(struct options, sign),
     "sign it by this Ed25519 private key (PEM)"},
    {"check", "FILE", CLI_TEXT, offsetof(struct options, check),
     "write nothing; say whether this image is the same"},
};
enum { SIGNATURE_BYTES = 96 };
#define MAX_IMAGE ((size_t)2 << 30)

/* Signatures follow the image; whose they are is for who loads it. */
static int check(const struct cli *cli, const char *file, const char *policy, const char *bytes,
                 size_t n)
{
    struct reeve_error err = {0};
    auto_free char *there = NULL;
    size_t nthere;
    if (cli_read_file(file, MAX_IMAGE, &there, &nthere, &err))
        return cli_fail(cli, &err);
    if (nthere >= n && memcmp(there, bytes, n) == 0 && (nthere - n) % SIGNATURE_BYTES == 0)
        return CLI_OK;
    cli_say(cli, "%s is not what %s compiles to", file, policy);
    return CLI_FINDINGS;
}

static int save(const struct cli *cli, const struct options *o, const struct reeve_policy *policy,
                char **bytes, size_t *n)
{
    struct reeve_error err = {0};
    auto_free char *key = NULL;
    size_t nkey = 0;
    void *out = NULL;
    if (o->sign && cli_read_file(o->sign, CLI_MAX_KEY, &key, &nkey, &err))
        return cli_fail(cli, &err);
    int rc = reeve_policy_save(policy, key, nkey, &out, n, &err);
    if (key)
        explicit_bzero(key, nkey);
    *bytes = out;
    if (rc == REEVE_EKEY)
        policy_name_file(&err, o->sign);
    return rc ? cli_fail(cli, &err) : CLI_OK;
}

static int compile(const struct cli *cli, const void *options, char *const *operands,
                   size_t noperands)
{
    const struct options *o = options;
    struct reeve_error err = {0};
    auto_outfile struct cli_outfile file = {.fd = -1};
    auto_policy struct reeve_policy *policy = NULL;
    auto_free char *bytes = NULL;
    size_t n;
    (void)noperands;
    if (!o->out == !o->check)
        return cli_usage(cli, "one of --out and --check is wanted");
    if (o->check && o->sign)
        return cli_usage(cli, "--check signs nothing");
    if (o->out && cli_outfile_open(&file, o->out, &err))
        return cli_fail(cli, &err);
    int status = policy_open(cli, operands[0], &policy);
    if (!status)
        status = save(cli, o, policy, &bytes, &n);
    if (status)
        return status;
    if (o->check)
        return check(cli, o->check, operands[0], bytes, n);
    if (cli_outfile_commit(&file, bytes, n, &err))
        return cli_fail(cli, &err);
    if (cli->json)
        printf("{\"bytes\":%zu,\"signed\":%s}\n", n, o->sign ? "true" : "false");
    else if (!cli->quiet)
        printf("%zu bytes%s\n", n, o->sign ? ", signed" : "");
    return CLI_OK;
}

const struct cli_command cli_policy_compile = {
    .name = "policy compile",
    .operands = "FILE",
    .summary = "Compile a policy to an image (*.rvp): the same bytes for the same policy. Status 1 "
               "when it has\nerrors, or when --check finds another image.",
    .example = "reeve policy compile policy.yaml --out policy.rvp --sign author.pem",
    .options = table,
    .noptions = CLI_COUNT(table),
    .min_operands = 1,
    .max_operands = 1,
    .run = compile,
};
