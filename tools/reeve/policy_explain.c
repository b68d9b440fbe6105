/*
 * `reeve policy explain`: the whole story of a decision: who asks at which level, how each rule
 * that is about the request was judged, what decided, what the nearest rule lacks, and what a run
 * may have.
 */
#include <stdlib.h>
#include <string.h>

#include "tools/reeve/policy.h"

struct options {
    const char *given;
};
static const struct cli_option table[] = {
    {"given", "JSON|@FILE", CLI_TEXT, offsetof(struct options, given),
     "what the broker would know: now, labels, spent, chain, flags, ..."},
};

static const char *text_at(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static void put_place(const json_t *object)
{
    printf(" (");
    cli_put(stdout, text_at(object, "file"));
    printf(":%" JSON_INTEGER_FORMAT ")", json_integer_value(json_object_get(object, "line")));
}

static void print_head(const struct cli *cli, const json_t *d)
{
    const char *effect = text_at(d, "effect");
    cli_colour(cli, cli_colour_of(effect));
    printf("%s", effect);
    cli_colour_end(cli);
    printf(" by ");
    cli_put(stdout, text_at(d, "rule"));
    if (json_object_get(d, "line"))
        put_place(d);
    printf("\n  ");
    cli_put(stdout, text_at(d, "explanation"));
    putchar('\n');
}

static void print_fails(const json_t *of)
{
    size_t i;
    json_t *each;
    json_array_foreach(json_object_get(of, "fails"), i, each)
    {
        printf("      %s: ", json_is_true(json_object_get(each, "unknown")) ? "cannot be judged"
                                                                            : "does not hold");
        cli_put(stdout, text_at(each, "wanted"));
        putchar('\n');
    }
}

static void print_rule(const struct cli *cli, const json_t *rule)
{
    const char *effect = text_at(rule, "effect");
    bool gates = json_is_true(json_object_get(rule, "gates"));
    bool matches = gates || json_is_true(json_object_get(rule, "matches"));
    printf("  %s ", matches ? "+" : "-");
    cli_colour(cli, matches ? cli_colour_of(effect) : NULL);
    printf("%s", effect);
    if (matches && cli_colour_of(effect))
        cli_colour_end(cli);
    putchar(' ');
    cli_put(stdout, text_at(rule, "rule"));
    put_place(rule);
    printf(": %s, its condition is %s\n",
           gates     ? "gates"
           : matches ? "matches"
                     : "does not match",
           text_at(rule, "condition"));
    print_fails(rule);
}

static void print_link(const struct cli *cli, const json_t *link)
{
    size_t i;
    json_t *rule, *rules = json_object_get(link, "rules");
    const json_t *left_out = json_object_get(link, "rules_left_out");
    putchar('\n');
    cli_put(stdout, text_at(link, "subject"));
    printf(": level %s; ", text_at(link, "level"));
    cli_put(stdout, text_at(link, "level_from"));
    putchar('\n');
    if (!json_array_size(rules))
        printf("  no rule is about this subject and capability\n");
    json_array_foreach(rules, i, rule) print_rule(cli, rule);
    if (left_out)
        printf("  and %" JSON_INTEGER_FORMAT " more\n", json_integer_value(left_out));
}

static void print_nearest(const json_t *nearest)
{
    if (!nearest)
        return;
    printf("\nnearest: ");
    cli_put(stdout, text_at(nearest, "rule"));
    put_place(nearest);
    printf(", which would need:\n");
    print_fails(nearest);
}

/* What is left: who holds it, what is needed, what a run may have. */
static void print_rest(const struct cli *cli, const json_t *d)
{
    static const char *const told[] = {"effect",      "rule",   "file",   "line",
                                       "explanation", "judged", "nearest"};
    auto_json json_t *rest = json_copy((json_t *)(uintptr_t)d);
    for (size_t i = 0; rest && i < CLI_COUNT(told); i++)
        (void)json_object_del(rest, told[i]);
    putchar('\n');
    if (rest)
        cli_show_tree(cli, rest, 0);
}

static void print_story(const struct cli *cli, const json_t *d)
{
    size_t i;
    json_t *link;
    print_head(cli, d);
    json_array_foreach(json_object_get(d, "judged"), i, link) print_link(cli, link);
    print_nearest(json_object_get(d, "nearest"));
    print_rest(cli, d);
}

static int explain(const struct cli *cli, const void *options, char *const *operands,
                   size_t noperands)
{
    const struct options *o = options;
    struct reeve_error err = {0};
    auto_policy struct reeve_policy *policy = NULL;
    auto_free char *request = NULL, *given = NULL;
    auto_text char *text = NULL;
    size_t n, ngiven = 0;
    (void)noperands;
    int status = policy_open(cli, operands[0], &policy);
    if (!status && o->given)
        status = policy_text(cli, o->given, &given, &ngiven);
    if (!status)
        status = policy_text(cli, operands[1], &request, &n);
    if (status)
        return status;
    if (reeve_policy_decide(policy, request, n, given, ngiven, REEVE_POLICY_EXPLAIN, &text, &err))
        return cli_fail(cli, &err);
    auto_json json_t *decision = cli_json(text, strlen(text), &err);
    if (!decision)
        return cli_fail(cli, &err);
    if (cli->json)
        cli_put_json_line(stdout, text);
    else
        print_story(cli, decision);
    return policy_status(decision);
}

const struct cli_command cli_policy_explain = {
    .name = "policy explain",
    .operands = "FILE REQUEST",
    .summary = "Tell the whole story of a decision: level, how each rule about the request was "
               "judged,\nwhat decided, what the nearest rule lacks, and what a run may have. "
               "Status 1 when it is not allowed.",
    .example = "reeve policy explain rules/examples/tour.yaml \\\n"
               "    '{\"subject\": \"agent:lab-1\", \"capability\": \"ccos.io.read-file\", "
               "\"args\": [\"/etc/shadow\"]}'",
    .options = table,
    .noptions = CLI_COUNT(table),
    .min_operands = 2,
    .max_operands = 2,
    .run = explain,
};
