/*
 * `reeve init`: makes a state folder.
 */
#include <stdlib.h>

#include "tools/reeve/cli.h"

struct options {
    const char *origin;
};
static const struct cli_option table[] = {
    {"origin", "NAME", CLI_TEXT, offsetof(struct options, origin),
     "the log's name in checkpoints (default: reeve/ and 16 random hex digits)"},
};

static int init(const struct cli *cli, const void *options, char *const *operands, size_t noperands)
{
    const struct options *o = options;
    struct reeve_error err = {0};
    auto_text char *usual = reeve_default_dir();
    const char *dir = noperands ? operands[0] : cli->state ? cli->state : usual;
    if (!dir)
        return cli_usage(cli, "no folder is named, and neither REEVE_STATE nor HOME is set");
    struct reeve_init_options how = {.size = sizeof how, .origin = o->origin};
    if (reeve_init(dir, &how, &err))
        return cli_fail(cli, &err);
    if (cli->json) {
        auto_json json_t *answer = json_pack("{s:s}", "dir", dir);
        auto_free char *text = answer ? json_dumps(answer, JSON_COMPACT) : NULL;
        if (text)
            puts(text);
        return text ? CLI_OK : CLI_INTERNAL;
    }
    if (!cli->quiet) {
        printf("made the state folder ");
        cli_put(stdout, dir);
        printf("\nits policy denies everything until policy.yaml there says more; its log is "
               "checked with key.vkey\n");
    }
    return CLI_OK;
}

const struct cli_command cli_init = {
    .name = "init",
    .operands = "[DIR]",
    .summary = "Make a state folder: configuration, a policy that denies everything, signing key, "
               "empty log.",
    .example = "reeve init /var/lib/reeve --origin example.com/reeve",
    .options = table,
    .noptions = CLI_COUNT(table),
    .max_operands = 1,
    .run = init,
};
