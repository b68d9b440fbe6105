/*
 * The library as the subcommands open it, and the cleanup helpers of everything that they hold.
 */
#include <stdlib.h>

#include "tools/reeve/cli.h"

static void on_event(void *arg, const char *text)
{
    cli_note(arg, "%s", text);
}

int cli_open(const struct cli *cli, struct reeve **out)
{
    struct reeve_error err = {0};
    struct reeve_open_options options = {
        .size = sizeof options,
        .dir = cli->state,
        .helper_dir = cli->helper_dir,
        .event = on_event,
        .event_arg = (void *)(uintptr_t)cli, /* only read there */
    };
    if (!reeve_open(&options, out, &err))
        return 0;
    /* 1 is an answer (findings, denied); a folder that cannot be opened gives none. */
    int status = cli_fail(cli, &err);
    return status == CLI_FINDINGS ? CLI_ENVIRONMENT : status;
}

int cli_show_answer(const struct cli *cli,
                    int (*ask)(struct reeve *, char **, struct reeve_error *))
{
    struct reeve_error err = {0};
    auto_handle struct reeve *handle = NULL;
    auto_text char *json = NULL;
    int status = cli_open(cli, &handle);
    if (status)
        return status;
    return ask(handle, &json, &err) ? cli_fail(cli, &err) : cli_show_json(cli, json);
}

void cli_free_cleanup(void *p)
{
    free(*(void **)p);
}

void cli_text_cleanup(char **text)
{
    reeve_free(*text);
}

void cli_json_cleanup(json_t **json)
{
    json_decref(*json);
}

void cli_handle_cleanup(struct reeve **handle)
{
    if (*handle)
        reeve_close(handle);
}

void cli_result_cleanup(struct reeve_result **result)
{
    reeve_result_free(result);
}
