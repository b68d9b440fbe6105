/*
 * `reeve audit checkpoint`: what proofs are checked against. With a witness, it comes back with
 * that witness's word for it.
 */
#include <stdlib.h>
#include <string.h>

#include "tools/reeve/http.h"

struct options {
    const char *witness, *witness_key;
};
static const struct cli_option table[] = {
    {"witness", "URL", CLI_TEXT, offsetof(struct options, witness),
     "have it cosigned by this witness (C2SP tlog-witness)"},
    {"witness-key", "VKEY|FILE", CLI_TEXT, offsetof(struct options, witness_key),
     "the witness's verifier key, or its file"},
};

static int print_text(const struct cli *cli, const char *key, const char *text)
{
    if (cli->json) {
        auto_json json_t *object = json_pack("{s:s}", key, text);
        auto_free char *line = object ? json_dumps(object, JSON_COMPACT) : NULL;
        if (!line)
            return CLI_ENVIRONMENT;
        cli_put_json_line(stdout, line);
        return CLI_OK;
    }
    size_t n = strlen(text);
    fputs(text, stdout);
    if (n == 0 || text[n - 1] != '\n')
        putchar('\n');
    return CLI_OK;
}

/* "URL/" and "URL" are the same prefix. Malloc'ed; NULL: not one, or memory is out. */
static char *request_url(const char *prefix)
{
    static const char path[] = "/add-checkpoint";
    size_t n = strlen(prefix);
    if (strncmp(prefix, "https://", 8) != 0 && strncmp(prefix, "http://", 7) != 0)
        return NULL;
    while (n && prefix[n - 1] == '/')
        n--;
    char *url = malloc(n + sizeof path);
    if (url) {
        memcpy(url, prefix, n);
        memcpy(url + n, path, sizeof path);
    }
    return url;
}

static int cosign(const struct cli *cli, struct reeve *handle, const char *witness_vkey, char *url,
                  char **text)
{
    struct reeve_error err = {0};
    int rc = reeve_cosign(handle, NULL, witness_vkey, http_post, url, text, &err);
    if (rc == REEVE_EVERIFY) {
        cli_say(cli, "%s", err.message);
        return CLI_FINDINGS;
    }
    return rc ? cli_fail(cli, &err) : CLI_OK;
}

static int witnessed(const struct cli *cli, const struct options *o)
{
    struct reeve_error err = {0};
    auto_free char *vkey = NULL, *url = request_url(o->witness);
    auto_handle struct reeve *handle = NULL;
    auto_text char *text = NULL;
    if (!url)
        return cli_usage(cli, "a witness is an http or https URL, not '%s'", o->witness);
    if (!http_can_post()) {
        cli_say(cli, "this reeve was built without libcurl: it can ask no witness");
        return CLI_ENVIRONMENT;
    }
    if (cli_read_key(o->witness_key, &vkey, &err))
        return cli_fail(cli, &err);
    int status = cli_open(cli, &handle);
    if (!status)
        status = cosign(cli, handle, vkey, url, &text);
    return status ? status : print_text(cli, "checkpoint", text);
}

static int ask(const struct cli *cli, const char *key,
               int (*what)(struct reeve *, char **, struct reeve_error *))
{
    struct reeve_error err = {0};
    auto_handle struct reeve *handle = NULL;
    auto_text char *text = NULL;
    int status = cli_open(cli, &handle);
    if (status)
        return status;
    return what(handle, &text, &err) ? cli_fail(cli, &err) : print_text(cli, key, text);
}

static int checkpoint(const struct cli *cli, const void *options, char *const *operands,
                      size_t noperands)
{
    const struct options *o = options;
    (void)operands, (void)noperands;
    if (!o->witness != !o->witness_key)
        return cli_usage(cli,
                         "a witness is asked by --witness URL and --witness-key VKEY together");
    return o->witness ? witnessed(cli, o) : ask(cli, "checkpoint", reeve_checkpoint);
}

const struct cli_command cli_audit_checkpoint = {
    .name = "audit checkpoint",
    .operands = "",
    .summary = "Print the signed checkpoint of all that was answered (C2SP tlog-checkpoint). Keep "
               "it where the\nfolder's owner cannot write: no history that differs from it can "
               "pass later. Status 1 when a\nwitness saw more records, or another history.",
    .example = "reeve audit checkpoint >kept.checkpoint",
    .options = table,
    .noptions = CLI_COUNT(table),
    .run = checkpoint,
};
