/*
 * The `reeve` command: a table of subcommands, one file each. This file finds the one that is
 * meant, has its options read and calls it; it knows what none of them does.
 */
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/reeve/cli.h"

static const struct cli_command *const commands[] = {
    &cli_init,
    &cli_run,
    &cli_call,
    &cli_policy_lint,
    &cli_policy_test,
    &cli_policy_decide,
    &cli_policy_explain,
    &cli_policy_compile,
    &cli_policy_codes,
    &cli_policy_schema,
    &cli_audit_query,
    &cli_audit_reindex,
    &cli_audit_erase,
    &cli_audit_verify,
    &cli_audit_receipt,
    &cli_audit_show,
    &cli_audit_prove,
    &cli_audit_prove_consistency,
    &cli_audit_checkpoint,
    &cli_audit_keys,
    &cli_audit_rotate_key,
    &cli_audit_segments,
    &cli_audit_seal,
    &cli_audit_export,
    &cli_verify,
    &cli_provider_list,
    &cli_status,
    &cli_version,
};

/* Whether `name` is `word`, or begins with it as a group ("audit query" is of "audit"). */
static bool is_of(const char *name, const char *word)
{
    size_t n = strlen(word);
    return strncmp(name, word, n) == 0 && (name[n] == 0 || name[n] == ' ');
}

static void print_overview(const char *group)
{
    printf("usage: reeve [options] %s ...\n\n", group ? group : "COMMAND");
    if (!group)
        printf("Decides by policy what agents may do, runs it isolated, and keeps a signed "
               "record.\n\n");
    printf("commands:\n");
    for (size_t i = 0; i < CLI_COUNT(commands); i++) {
        const char *end = strpbrk(commands[i]->summary, ".;:\n");
        int n = end ? (int)(end - commands[i]->summary) : (int)strlen(commands[i]->summary);
        if (!group || is_of(commands[i]->name, group))
            printf("  %-23s %.*s\n", commands[i]->name, n, commands[i]->summary);
    }
    printf("\noptions of every command:\n");
    cli_print_common_options();
    printf(
        "\n'reeve COMMAND --help' tells more.\n\nexample:\n"
        "  reeve run --policy rules/examples/tour.yaml --agent lab-1 -- sha256sum /etc/hostname\n");
}

/* The names that follow a group's word, for a message. */
static void list_group(const char *group, char *out, size_t room)
{
    size_t used = 0;
    *out = 0;
    for (size_t i = 0; i < CLI_COUNT(commands); i++) {
        if (!is_of(commands[i]->name, group) || used >= room)
            continue;
        int n = snprintf(out + used, room - used, "%s%s", used ? ", " : "",
                         commands[i]->name + strlen(group) + 1);
        used += n > 0 ? (size_t)n : 0;
    }
}

/*
 * The command that `words` name; `*nwords` is how many of them its name takes. NULL with the status
 * after a message, or after the overview of a group.
 */
static const struct cli_command *find(struct cli *cli, char **words, size_t *nwords, int *status)
{
    bool group = false;
    for (size_t i = 0; i < CLI_COUNT(commands); i++) {
        const char *name = commands[i]->name;
        if (!is_of(name, words[0]))
            continue;
        const char *rest = name + strlen(words[0]);
        if (*rest && !(words[1] && strcmp(rest + 1, words[1]) == 0)) {
            group = true;
            continue;
        }
        *nwords = *rest ? 2 : 1;
        return commands[i];
    }
    *status = CLI_USAGE;
    if (!group) {
        cli_usage(cli, "unknown command '%s'", words[0]);
    } else if (words[1] && (strcmp(words[1], "--help") == 0 || strcmp(words[1], "-h") == 0)) {
        print_overview(words[0]);
        *status = CLI_OK;
    } else {
        char names[128];
        list_group(words[0], names, sizeof names);
        cli->name = words[0];
        cli_usage(cli, words[1] ? "'%s' is none of %s" : "which one%s: %s",
                  words[1] ? words[1] : "", names);
    }
    return NULL;
}

static int print_version(void)
{
    printf("reeve %s\n", reeve_version());
    return CLI_OK;
}

static int run_command(struct cli *cli, char **words)
{
    alignas(max_align_t) char options[CLI_MAX_OPTIONS_BYTES] = {0};
    size_t nwords, n;
    int status;
    const struct cli_command *command = find(cli, words, &nwords, &status);
    if (!command)
        return status;
    cli->name = command->name;
    status = cli_parse(cli, command, options, words + nwords, &n);
    if (status)
        return status;
    if (cli->help) {
        cli_print_help(command);
        return CLI_OK;
    }
    if (cli->version)
        return print_version();
    if (n < command->min_operands)
        return cli_usage(cli, "%s is missing", command->operands);
    if (n > command->max_operands)
        return cli_usage(cli, "'%s' is one argument too many",
                         words[nwords + command->max_operands]);
    return command->run(cli, options, words + nwords, n);
}

static int dispatch(struct cli *cli, char **words)
{
    size_t n;
    int status = cli_parse(cli, NULL, NULL, words, &n);
    if (status)
        return status;
    if (n)
        return run_command(cli, words);
    if (cli->help)
        print_overview(NULL);
    else if (cli->version)
        return print_version();
    else
        return cli_usage(cli, "no command is given");
    return CLI_OK;
}

static bool wants_colour(void)
{
    const char *none = getenv("NO_COLOR"), *terminal = getenv("TERM");
    return isatty(STDOUT_FILENO) == 1 && !(none && *none) && terminal &&
           strcmp(terminal, "dumb") != 0;
}

int main(int argc, char **argv)
{
    struct cli cli = {.colour = wants_colour()};
    if (argc < 1)
        return CLI_USAGE;
    int status = dispatch(&cli, argv + 1);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        cli_say(&cli, "standard output cannot be written");
        return status ? status : CLI_ENVIRONMENT;
    }
    return status;
}
