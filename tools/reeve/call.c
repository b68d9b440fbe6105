/*
 * `reeve call`: one capability with JSON arguments. The value goes to standard output.
 */
#include <string.h>

#include "tools/reeve/request.h"

static int check_args(const struct cli *cli, const char *text)
{
    struct reeve_error err = {0};
    auto_json json_t *json = cli_json(text, strlen(text), &err);
    if (json && (json_is_array(json) || json_is_object(json)))
        return 0;
    return cli_usage(cli, "the arguments must be a JSON object or list: %s",
                     json ? "this is another value" : err.message);
}

/* A program's output, as `run` shows it. */
static int on_output(void *arg, enum reeve_stream stream, const void *bytes, size_t n)
{
    FILE *out = stream == REEVE_STDOUT ? stdout : stderr;
    (void)arg;
    return fwrite(bytes, 1, n, out) != n || fflush(out) != 0;
}

static int call(const struct cli *cli, const void *options, char *const *operands, size_t noperands)
{
    const struct request_options *o = options;
    const char *args = noperands > 1 ? operands[1] : NULL;
    const struct reeve_events events = {.size = sizeof events, .output = on_output};
    const bool program = strcmp(operands[0], "program.external") == 0;
    auto_result struct reeve_result *result = NULL;
    int status = args ? check_args(cli, args) : 0;
    if (status)
        return status;
    status = request_execute(cli, o, operands[0], args, &events, &result);
    if (!result)
        return status;
    int rc = CLI_OK;
    if (cli->json && program && !o->explain) /* standard output is the program's */
        cli_put_json_line(stderr, reeve_result_json(result));
    else if (o->explain || cli->json)
        rc = request_explain(cli, result);
    else if (reeve_result_value(result))
        cli_put_json_line(stdout, reeve_result_value(result));
    status = status ? status : rc;
    if (!o->explain && !cli->json)
        request_tell(cli, result);
    return status ? status : reeve_result_exit(result);
}

const struct cli_command cli_call = {
    .name = "call",
    .operands = "CAPABILITY [JSON-ARGS]",
    .summary =
        "Call a capability as far as the policy permits and print its value. Arguments are a JSON "
        "list\n"
        "or object. Status: 0 answered, 125 refused by policy, 126 could not be carried out.",
    .example = "reeve call --policy rules/examples/tour.yaml --agent lab-1 ccos.math.add '[2, 40]'",
    .options = request_option_table,
    .noptions = REQUEST_OPTIONS,
    .min_operands = 1,
    .max_operands = 2,
    .run = call,
};
