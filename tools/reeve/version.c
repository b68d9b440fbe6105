/*
 * `reeve version`: what was built, with what, and what this kernel offers.
 */
#include <stdlib.h>
#include <string.h>

#include "tools/reeve/http.h"

/* What the command links beside the library. */
static int show(const struct cli *cli, const char *library)
{
    struct reeve_error err = {0};
    auto_json json_t *json = cli_json(library, strlen(library), &err);
    json_t *libraries = json_object_get(json, "libraries");
    if (!json || json_object_set_new(libraries, "jansson", json_string(jansson_version_str())) ||
        json_object_set_new(libraries, "libcurl", json_string(http_version())))
        return json ? CLI_ENVIRONMENT : cli_fail(cli, &err);
    auto_free char *text = json_dumps(json, JSON_COMPACT);
    return text ? cli_show_json(cli, text) : CLI_ENVIRONMENT;
}

static int version(const struct cli *cli, const void *options, char *const *operands,
                   size_t noperands)
{
    (void)options;
    (void)operands;
    (void)noperands;
    auto_text char *json = reeve_version_json();
    if (json)
        return show(cli, json);
    return cli_no_memory(cli);
}

const struct cli_command cli_version = {
    .name = "version",
    .operands = "",
    .summary = "Show version, build, libraries, digest of the compiled-in rules, and what this "
               "kernel offers.",
    .example = "reeve version --json",
    .run = version,
};
