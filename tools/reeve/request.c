/*
 * Requests of the command: from options to the library's request, and from its answer to what a
 * person or a program is told. Called by `run` and `call`.
 */
#include <stdlib.h>
#include <string.h>

#include "tools/reeve/request.h"

const struct cli_option request_option_table[REQUEST_OPTIONS] = {
    {"policy", "FILE", CLI_TEXT, offsetof(struct request_options, policy),
     "decide by this policy instead of the folder's own ('-': standard input)"},
    {"agent", "NAME", CLI_TEXT, offsetof(struct request_options, agent),
     "ask as agent:NAME, or as TYPE:ID (default: user:LOGIN)"},
    {"level", "LEVEL", CLI_TEXT, offsetof(struct request_options, level),
     "pure, controlled or full: may only lower"},
    {"resource", "TYPE:ID", CLI_TEXT, offsetof(struct request_options, resource),
     "what is acted on"},
    {"context", "JSON", CLI_TEXT, offsetof(struct request_options, context),
     "what else the policy may ask of: an object"},
    {"ceiling", "JSON", CLI_TEXT, offsetof(struct request_options, ceiling),
     "narrow this request and all that comes of it: an object"},
    {"provider", "NAME", CLI_TEXT, offsetof(struct request_options, provider),
     "the isolation provider (default: the cheapest that suffices)"},
    {"receipt", "FILE", CLI_TEXT, offsetof(struct request_options, receipt),
     "write the receipt of the record that proves the answer"},
    {"explain", NULL, CLI_FLAG, offsetof(struct request_options, explain),
     "show decision and plan, run nothing (recorded as such)"},
};

static int write_receipt(const struct cli *cli, struct reeve *handle,
                         const struct reeve_result *result, struct cli_outfile *file)
{
    struct reeve_error err = {0};
    auto_text char *text = NULL;
    int64_t seq = reeve_result_seq(result);
    if (seq < 0) {
        cli_say(cli, "no record proves this answer, so %s was not written", file->path);
        return CLI_ENVIRONMENT;
    }
    int rc = reeve_receipt(handle, (uint64_t)seq, &text, &err);
    if (!rc)
        rc = cli_outfile_commit(file, text, strlen(text), &err);
    return rc ? cli_fail(cli, &err) : 0;
}

int request_execute(const struct cli *cli, const struct request_options *options,
                    const char *capability, const char *args, const struct reeve_events *events,
                    struct reeve_result **out)
{
    struct reeve_error err = {0};
    auto_free char *policy = NULL, *subject = cli_subject(options->agent);
    auto_outfile struct cli_outfile receipt = {.fd = -1};
    auto_handle struct reeve *handle = NULL;
    size_t n;
    if (options->policy && cli_read_file(options->policy, CLI_MAX_POLICY, &policy, &n, &err))
        return cli_fail(cli, &err);
    if (policy && strlen(policy) != n) {
        cli_say(cli, "%s: a NUL byte at offset %zu: not a policy", options->policy, strlen(policy));
        return CLI_USAGE;
    }
    if (options->receipt && cli_outfile_open(&receipt, options->receipt, &err))
        return cli_fail(cli, &err);
    int status = cli_open(cli, &handle);
    if (status)
        return status;
    struct reeve_request request = {
        .size = sizeof request,
        .subject = subject,
        .capability = capability,
        .args = args,
        .level = options->level,
        .resource = options->resource,
        .context = options->context,
        .ceiling = options->ceiling,
        .provider = options->provider,
        .policy = policy,
        .policy_file = options->policy,
        .flags = options->explain ? REEVE_REQUEST_EXPLAIN : 0,
    };
    if (reeve_execute(handle, &request, events, out, &err))
        return cli_fail(cli, &err);
    return options->receipt ? write_receipt(cli, handle, *out, &receipt) : 0;
}

static const char *or_empty(const char *text)
{
    return text ? text : "";
}

/* The limit that ended it: of all that a result says it is the one thing that has no accessor. */
static void tell_limit(const struct cli *cli, const struct reeve_result *result, const char *record)
{
    struct reeve_error err = {0};
    char number[32];
    const char *text = or_empty(reeve_result_json(result));
    auto_json json_t *json = cli_json(text, strlen(text), &err);
    const char *limit = cli_json_text(json, "outcome.limit", number);
    cli_say(cli, "ended by the limit '%s' of its grant%s", limit, record);
}

void request_tell(const struct cli *cli, const struct reeve_result *result)
{
    const char *effect = or_empty(reeve_result_effect(result));
    const char *refusal = reeve_result_refusal(result);
    const char *how = or_empty(reeve_result_how(result));
    const char *message = or_empty(reeve_result_message(result));
    char record[48] = "";
    if (reeve_result_seq(result) >= 0)
        snprintf(record, sizeof record, " [record %lld]", (long long)reeve_result_seq(result));
    if (strcmp(effect, "allow") != 0)
        cli_say(cli, "%s by %s: %s%s", strcmp(effect, "deny") == 0 ? "denied" : effect,
                or_empty(reeve_result_rule(result)), message, record);
    else if (refusal && strcmp(refusal, "none") != 0)
        cli_say(cli, "refused, %s: %s%s", refusal, message, record);
    else if (strcmp(how, "limit") == 0)
        tell_limit(cli, result, record);
    else if (strcmp(how, "killed") == 0)
        cli_say(cli, "ended before it had finished%s", record);
    else if (*how && strcmp(how, "ok") != 0)
        cli_say(cli, "%s: %s%s", how, message, record);
}

int request_explain(const struct cli *cli, const struct reeve_result *result)
{
    return cli_show_json(cli, reeve_result_json(result));
}
