/*
 * `reeve audit segments` and `audit seal`: the files that the log is in, and a new one.
 */
#include "tools/reeve/cli.h"

static int segments(const struct cli *cli, const void *options, char *const *operands,
                    size_t noperands)
{
    (void)options, (void)operands, (void)noperands;
    return cli_show_answer(cli, reeve_segments);
}

static int seal(const struct cli *cli, const void *options, char *const *operands, size_t noperands)
{
    (void)options, (void)operands, (void)noperands;
    return cli_show_answer(cli, reeve_seal);
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
