/*
 * Options of the command, read by one table: exact long names, `--name value` or `--name=value`. A
 * mistake is one line that names it and the help that lists what would be right. Called by main.c
 * only.
 */
#include <stdlib.h>
#include <string.h>

#include "tools/reeve/cli.h"

static const struct cli_option common[] = {
    {"state", "DIR", CLI_TEXT, offsetof(struct cli, state),
     "the state folder (default: $REEVE_STATE, else the user's own)"},
    {"helper-dir", "DIR", CLI_TEXT, offsetof(struct cli, helper_dir),
     "where reeved, keeper and launcher are (default: compiled in)"},
    {"json", NULL, CLI_FLAG, offsetof(struct cli, json), "JSON for programs instead of text"},
    {"quiet", NULL, CLI_FLAG, offsetof(struct cli, quiet), "say only what went wrong"},
    {"help", NULL, CLI_FLAG, offsetof(struct cli, help), "show this help"},
    {"version", NULL, CLI_FLAG, offsetof(struct cli, version), "show the version"},
};

bool cli_number(const char *text, uint64_t *out)
{
    uint64_t v = 0;
    if (!*text)
        return false;
    for (; *text; text++) {
        if (*text < '0' || *text > '9')
            return false;
        uint64_t digit = (uint64_t)(*text - '0');
        if (v > (UINT64_MAX - digit) / 10)
            return false;
        v = v * 10 + digit;
    }
    *out = v;
    return true;
}

char *cli_subject(const char *agent)
{
    char *subject = NULL;
    if (!agent)
        return NULL;
    if (strchr(agent, ':'))
        return strdup(agent);
    return asprintf(&subject, "agent:%s", agent) < 0 ? NULL : subject;
}

static const struct cli_option *find(const struct cli_option *table, size_t n, const char *name,
                                     size_t len)
{
    for (size_t i = 0; i < n; i++)
        if (strncmp(table[i].name, name, len) == 0 && table[i].name[len] == 0)
            return &table[i];
    return NULL;
}

static int store(const struct cli *cli, const struct cli_option *option, char *base,
                 const char *value)
{
    void *at = base + option->offset;
    switch (option->kind) {
    case CLI_FLAG:
        *(bool *)at = true;
        return 0;
    case CLI_TEXT:
        *(const char **)at = value;
        return 0;
    case CLI_NUMBER:
    case CLI_POSITIVE:
        if (!cli_number(value, at))
            return cli_usage(cli, "--%s wants a number, not '%s'", option->name, value);
        if (option->kind == CLI_POSITIVE && *(uint64_t *)at == 0)
            return cli_usage(cli, "--%s wants a number from 1 on, not '%s'", option->name, value);
        return 0;
    }
    abort();
}

/* One option at argv[*i]; moves *i over a value that stands by itself. */
static int read_option(struct cli *cli, const struct cli_command *command, char *options,
                       char **argv, size_t *i)
{
    const char *word = argv[*i] + 2;
    const char *equals = strchr(word, '=');
    size_t len = equals ? (size_t)(equals - word) : strlen(word);
    const struct cli_option *option =
        command ? find(command->options, command->noptions, word, len) : NULL;
    char *base = option ? options : (char *)cli;
    if (!option)
        option = find(common, CLI_COUNT(common), word, len);
    if (!option)
        return cli_usage(cli, "unknown option --%.*s", (int)(len < 100 ? len : 100), word);
    if (option->kind == CLI_FLAG && equals)
        return cli_usage(cli, "--%s takes no value", option->name);
    if (option->kind == CLI_FLAG)
        return store(cli, option, base, NULL);
    const char *value = equals ? equals + 1 : argv[*i + 1];
    if (!value || !*value)
        return cli_usage(cli, "--%s wants %s", option->name, option->value);
    if (!equals)
        (*i)++;
    return store(cli, option, base, value);
}

/* -o is what every compiler calls it: --out, where a command has that. */
static bool long_name(const struct cli_command *command, char **argv, size_t i)
{
    static char out[] = "--out";
    bool known = strcmp(argv[i], "-o") == 0 && command &&
                 find(command->options, command->noptions, "out", 3);
    if (known)
        argv[i] = out;
    return known;
}

int cli_parse(struct cli *cli, const struct cli_command *command, void *options, char **argv,
              size_t *noperands)
{
    bool ends = !command || command->operands_end_options;
    bool ended = false;
    size_t n = 0;
    for (size_t i = 0; argv[i]; i++) {
        bool is_option = !ended && argv[i][0] == '-' && argv[i][1];
        if (!is_option) {
            argv[n++] = argv[i];
            ended = ended || ends;
        } else if (strcmp(argv[i], "--") == 0) {
            ended = true;
        } else if (strcmp(argv[i], "-h") == 0) {
            cli->help = true;
        } else if (argv[i][1] != '-' && !long_name(command, argv, i)) {
            return cli_usage(cli, "unknown option %s", argv[i]);
        } else {
            int status = read_option(cli, command, options, argv, &i);
            if (status)
                return status;
        }
    }
    argv[n] = NULL;
    *noperands = n;
    return 0;
}

static void print_options(const struct cli_option *table, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char left[64];
        snprintf(left, sizeof left, "--%s%s%s", table[i].name, table[i].value ? " " : "",
                 table[i].value ? table[i].value : "");
        printf("  %-22s %s\n", left, table[i].help);
    }
}

void cli_print_common_options(void)
{
    print_options(common, CLI_COUNT(common));
}

void cli_print_help(const struct cli_command *command)
{
    printf("usage: reeve %s%s%s%s\n\n%s\n", command->name, command->noptions ? " [options]" : "",
           *command->operands ? " " : "", command->operands, command->summary);
    if (command->noptions) {
        printf("\noptions:\n");
        print_options(command->options, command->noptions);
    }
    printf("\noptions of every command:\n");
    cli_print_common_options();
    printf("\nexample:\n  %s\n", command->example);
}
