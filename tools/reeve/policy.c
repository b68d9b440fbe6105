/* See policy.h. */
#include "tools/reeve/policy.h"

#include <stdlib.h>
#include <string.h>

#define MAX_IMAGE   ((size_t)2 << 30)
#define MAX_REQUEST ((size_t)64 << 20)

void policy_name_file(struct reeve_error *err, const char *file)
{
    struct reeve_error about = *err;
    if (!err->file[0] && strncmp(err->message, file, strlen(file)) != 0)
        snprintf(err->message, sizeof err->message, "%.200s: %.300s", file, about.message);
}

int policy_open(const struct cli *cli, const char *file, struct reeve_policy **out)
{
    struct reeve_error err = {0};
    auto_free char *text = NULL;
    size_t n;
    if (cli_read_file(file, MAX_IMAGE, &text, &n, &err))
        return cli_fail(cli, &err);
    int rc = reeve_policy_is_image(text, n)
                 ? reeve_policy_load(text, n, out, &err)
                 : reeve_policy_compile(text, n, file, NULL, NULL, out, &err);
    if (!rc)
        return CLI_OK;
    policy_name_file(&err, file);
    return cli_fail(cli, &err);
}

int policy_text(const struct cli *cli, const char *argument, char **text, size_t *n)
{
    struct reeve_error err = {0};
    bool is_file = argument[0] == '@';
    if (is_file || strcmp(argument, "-") == 0)
        return cli_read_file(argument + is_file, MAX_REQUEST, text, n, &err) ? cli_fail(cli, &err)
                                                                             : CLI_OK;
    *text = strdup(argument);
    *n = strlen(argument);
    return *text ? CLI_OK : cli_no_memory(cli);
}

int policy_status(const json_t *decision)
{
    char number[32];
    bool allowed = strcmp(cli_json_text(decision, "effect", number), "allow") == 0;
    return allowed && !json_object_get(decision, "refusal") ? CLI_OK : CLI_FINDINGS;
}

void policy_cleanup(struct reeve_policy **policy)
{
    reeve_policy_free(*policy);
}
