/*
 * `reeve policy decide`: what a policy says to a request, or to one on each line, without a state
 * folder; nothing is recorded and nothing is run.
 */
#include <stdlib.h>
#include <string.h>

#include "tools/reeve/policy.h"

struct options {
    const char *given;
    bool lines;
};
static const struct cli_option table[] = {
    {"given", "JSON|@FILE", CLI_TEXT, offsetof(struct options, given),
     "what the broker would know: now, labels, spent, chain, flags, ..."},
    {"lines", NULL, CLI_FLAG, offsetof(struct options, lines),
     "REQUEST is many, one on each line; each has one line of answer"},
};

/* What each question is asked with. */
struct asking {
    const struct cli *cli;
    const struct reeve_policy *policy;
    const char *given;
    size_t ngiven;
};

/* `allow RULE`; what is allowed and then refused is not said to be allowed. */
static void print_line(const struct cli *cli, const char *text, const json_t *decision)
{
    char number[32];
    const json_t *refusal = json_object_get(decision, "refusal");
    const char *effect = refusal ? "refused" : cli_json_text(decision, "effect", number);
    if (cli->json) {
        cli_put_json_line(stdout, text);
        return;
    }
    cli_colour(cli, cli_colour_of(refusal ? "deny" : effect));
    printf("%s", effect);
    cli_colour_end(cli);
    putchar(' ');
    cli_put(stdout, cli_json_text(decision, "rule", number));
    if (refusal) {
        printf(": ");
        cli_put(stdout, cli_json_text(refusal, "reason", number));
    }
    putchar('\n');
}

/* A line that is no request has its answer too: what stands beside it is of the next one. */
static int refuse_line(const struct asking *a, const struct reeve_error *err)
{
    auto_json json_t *refused = json_pack("{s:s}", "error", err->message);
    auto_free char *text = refused && a->cli->json ? json_dumps(refused, JSON_COMPACT) : NULL;
    if (text)
        cli_put_json_line(stdout, text);
    else
        printf("refused: not a request\n");
    return cli_fail(a->cli, err);
}

static int decide_one(const struct asking *a, const char *request, size_t n, bool line)
{
    struct reeve_error err = {0};
    auto_text char *text = NULL;
    if (reeve_policy_decide(a->policy, request, n, a->given, a->ngiven, 0, &text, &err))
        return line ? refuse_line(a, &err) : cli_fail(a->cli, &err);
    auto_json json_t *decision = cli_json(text, strlen(text), &err);
    if (!decision)
        return line ? refuse_line(a, &err) : cli_fail(a->cli, &err);
    if (line)
        print_line(a->cli, text, decision);
    else if (cli_show_json(a->cli, text))
        return CLI_INTERNAL;
    return policy_status(decision);
}

/* The worst status of all lines; an empty one has an empty answer. */
static int decide_lines(const struct asking *a, const char *text, size_t n)
{
    int worst = CLI_OK;
    size_t number = 0;
    for (size_t at = 0, next; at < n; at = next) {
        const char *end = memchr(text + at, '\n', n - at);
        size_t length = end ? (size_t)(end - text) - at : n - at;
        next = at + length + 1;
        number++;
        if (!length) {
            putchar('\n');
            continue;
        }
        int status = decide_one(a, text + at, length, true);
        if (status > CLI_FINDINGS)
            cli_say(a->cli, "that was line %zu", number);
        worst = status > worst ? status : worst;
    }
    return worst;
}

static int decide(const struct cli *cli, const void *options, char *const *operands,
                  size_t noperands)
{
    const struct options *o = options;
    auto_policy struct reeve_policy *policy = NULL;
    auto_free char *request = NULL, *given = NULL;
    size_t n, ngiven = 0;
    (void)noperands;
    int status = policy_open(cli, operands[0], &policy);
    if (!status && o->given)
        status = policy_text(cli, o->given, &given, &ngiven);
    if (!status)
        status = policy_text(cli, operands[1], &request, &n);
    if (status)
        return status;
    struct asking a = {cli, policy, given, ngiven};
    return o->lines ? decide_lines(&a, request, n) : decide_one(&a, request, n, false);
}

const struct cli_command cli_policy_decide = {
    .name = "policy decide",
    .operands = "FILE REQUEST",
    .summary = "Decide a request by a policy, a text or a compiled one: JSON, @FILE, or - for "
               "standard input.\nNothing is recorded or run. Status 1 when it is not allowed.",
    .example = "reeve policy decide rules/examples/tour.yaml \\\n"
               "    '{\"subject\": \"agent:lab-1\", \"capability\": \"ccos.echo\", \"args\": [1]}'",
    .options = table,
    .noptions = CLI_COUNT(table),
    .min_operands = 2,
    .max_operands = 2,
    .run = decide,
};
