/*
 * `reeve audit prove` and `prove-consistency`: the log's proofs for whoever checks with tools of
 * their own. What such a proof is checked against is in audit_checkpoint.c.
 */
#include <stdlib.h>
#include <string.h>

#include "reeve/tooling.h"
#include "tools/reeve/cli.h"

struct options {
    const char *tiles, *key;
    uint64_t size;
};
#define TILES_OPTIONS                                                                              \
    {"tiles", "DIR", CLI_TEXT, offsetof(struct options, tiles),                                    \
     "of the tiles that were exported to this folder, without the log"},                           \
    {                                                                                              \
        "key", "VKEY|FILE", CLI_TEXT, offsetof(struct options, key),                               \
            "the log's verifier key, or its file: needed with --tiles"                             \
    }
static const struct cli_option prove_table[] = {
    {"size", "N", CLI_POSITIVE, offsetof(struct options, size),
     "in the tree of the first N records (default: all that are signed)"},
    TILES_OPTIONS,
};
static const struct cli_option consistency_table[] = {TILES_OPTIONS};

/* One kind of proof, from the log and from tiles. */
struct kind {
    int (*log)(struct reeve *, uint64_t, uint64_t, char **, struct reeve_error *);
    int (*tiles)(const char *, const char *, uint64_t, uint64_t, char **, struct reeve_error *);
};
static const struct kind of_record = {reeve_prove, reeve_tiles_prove};
static const struct kind of_growth = {reeve_prove_consistency, reeve_tiles_prove_consistency};

static int print_proof(const struct cli *cli, const struct options *o, const struct kind *kind,
                       uint64_t index, uint64_t size)
{
    struct reeve_error err = {0};
    auto_free char *vkey = NULL;
    auto_handle struct reeve *handle = NULL;
    auto_text char *json = NULL;
    if (!o->tiles != !o->key)
        return cli_usage(cli, "--tiles DIR and --key VKEY go together");
    if (o->key && cli_read_key(o->key, &vkey, &err))
        return cli_fail(cli, &err);
    int status = o->tiles ? CLI_OK : cli_open(cli, &handle);
    if (status)
        return status;
    int rc = o->tiles ? kind->tiles(o->tiles, vkey, index, size, &json, &err)
                      : kind->log(handle, index, size, &json, &err);
    if (rc == REEVE_ENOENT || rc == REEVE_EDAMAGED || rc == REEVE_EVERIFY) {
        cli_say(cli, "%s", err.message);
        return CLI_FINDINGS;
    }
    if (rc)
        return cli_fail(cli, &err);
    cli_put_json_line(stdout, json);
    return CLI_OK;
}

static int prove(const struct cli *cli, const void *options, char *const *operands,
                 size_t noperands)
{
    const struct options *o = options;
    uint64_t seq;
    (void)noperands;
    if (!cli_number(operands[0], &seq))
        return cli_usage(cli, "SEQ is a number, not '%s'", operands[0]);
    return print_proof(cli, o, &of_record, seq, o->size);
}

static int prove_consistency(const struct cli *cli, const void *options, char *const *operands,
                             size_t noperands)
{
    uint64_t size[2];
    for (size_t i = 0; i < noperands; i++)
        if (!cli_number(operands[i], &size[i]))
            return cli_usage(cli, "a tree's size is a number, not '%s'", operands[i]);
    if (size[0] > size[1])
        return cli_usage(cli, "the first size is the smaller one");
    if (size[1] == 0)
        return cli_usage(cli, "a tree of no records proves nothing");
    return print_proof(cli, options, &of_growth, size[0], size[1]);
}

const struct cli_command cli_audit_prove = {
    .name = "audit prove",
    .operands = "SEQ",
    .summary = "Print the inclusion proof of a record (RFC 6962) as JSON: index, size, and the "
               "hashes in base64.\n"
               "Status 1 when there is no such record.",
    .example = "reeve audit prove 12 --size 100",
    .options = prove_table,
    .noptions = CLI_COUNT(prove_table),
    .min_operands = 1,
    .max_operands = 1,
    .run = prove,
};

const struct cli_command cli_audit_prove_consistency = {
    .name = "audit prove-consistency",
    .operands = "A B",
    .summary = "Print the proof that the tree of B records begins with that of A (RFC 6962) as "
               "JSON: index is\n"
               "A, size is B. Status 1 when the log has no such tree.",
    .example = "reeve audit prove-consistency 12 100",
    .options = consistency_table,
    .noptions = CLI_COUNT(consistency_table),
    .min_operands = 2,
    .max_operands = 2,
    .run = prove_consistency,
};
