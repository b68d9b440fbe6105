/*
 * `reeve policy codes`: every diagnostic code that `policy lint` can give, and what it means; of
 * single ones also why, with a policy that has it and one that has not.
 */
#include <stdlib.h>
#include <string.h>

#include "reeve/tooling.h"
#include "tools/reeve/cli.h"

static json_t *code_json(const struct reeve_code *c, bool whole)
{
    json_t *row = json_pack("{s:s, s:s, s:s}", "code", c->code, "id", c->id, "meaning", c->meaning);
    bool more = row && whole && c->rationale;
    if (!more || json_object_update_new(row, json_pack("{s:s, s:s, s:s}", "rationale", c->rationale,
                                                       "wrong", c->wrong, "right", c->right)) == 0)
        return row;
    json_decref(row);
    return NULL;
}

static void print_example(const struct cli *cli, const char *title, const char *colour,
                          const char *text)
{
    cli_colour(cli, colour);
    printf("\n%s:\n", title);
    cli_colour_end(cli);
    while (*text) {
        size_t n = strcspn(text, "\n");
        printf("    ");
        cli_put_n(stdout, text, n);
        putchar('\n');
        text += n + (text[n] == '\n');
    }
}

static void print_code(const struct cli *cli, const struct reeve_code *c)
{
    printf("%s %s: %s\n", c->code, c->id, c->meaning);
    if (!c->rationale)
        return;
    putchar('\n');
    cli_put(stdout, c->rationale);
    putchar('\n');
    print_example(cli, "wrong", cli_colour_of("error"), c->wrong);
    print_example(cli, "right", cli_colour_of("allow"), c->right);
}

static bool find_code(const char *name, struct reeve_code *c)
{
    *c = (struct reeve_code){.size = sizeof *c};
    for (size_t i = 0; reeve_policy_code_info(i, c) == REEVE_OK; i++)
        if (strcmp(name, c->code) == 0 || strcmp(name, c->id) == 0)
            return true;
    return false;
}

/* Those of the operands; for people they are printed at once. False: memory is out. */
static bool take_codes(const struct cli *cli, json_t *list, char *const *operands, size_t noperands)
{
    struct reeve_code c;
    bool whole = true;
    for (size_t i = 0; i < noperands && find_code(operands[i], &c); i++) {
        if (cli->json) {
            whole = json_array_append_new(list, code_json(&c, true)) == 0 && whole;
            continue;
        }
        if (i)
            printf("\n\n");
        print_code(cli, &c);
    }
    return whole;
}

static bool take_all(const struct cli *cli, json_t *list)
{
    struct reeve_code c = {.size = sizeof c};
    bool whole = true;
    for (size_t i = 0; reeve_policy_code_info(i, &c) == REEVE_OK; i++)
        whole = json_array_append_new(list, code_json(&c, cli->json)) == 0 && whole;
    if (!cli->json && whole)
        cli_show_table(cli, list);
    return whole;
}

static int codes(const struct cli *cli, const void *options, char *const *operands,
                 size_t noperands)
{
    (void)options;
    struct reeve_code c;
    for (size_t i = 0; i < noperands; i++)
        if (!find_code(operands[i], &c))
            return cli_usage(cli, "'%s' is no code; `reeve policy codes` lists them", operands[i]);
    auto_json json_t *list = json_array();
    bool whole = noperands ? take_codes(cli, list, operands, noperands) : take_all(cli, list);
    if (cli->json)
        return cli_show_list(cli, list, whole, 0);
    return whole ? CLI_OK : cli_no_memory(cli);
}

const struct cli_command cli_policy_codes = {
    .name = "policy codes",
    .operands = "[CODE...]",
    .summary = "List the diagnostic codes of policies, or say why some are told, with examples.",
    .example = "reeve policy codes no-reason",
    .run = codes,
    .max_operands = SIZE_MAX,
};
