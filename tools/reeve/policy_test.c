/*
 * `reeve policy test`: run the tests that policies carry, name each that fails and why, and say
 * what of the policy they have seen. JUnit's XML is in policy_junit.c.
 */
#include <stdlib.h>
#include <string.h>

#include "tools/reeve/policy.h"
#include "tools/reeve/policy_junit.h"

struct options {
    const char *filter, *junit;
    uint64_t min_coverage;
    bool coverage;
};
static const struct cli_option table[] = {
    {"filter", "TEXT", CLI_TEXT, offsetof(struct options, filter),
     "only tests whose name contains it"},
    {"coverage", NULL, CLI_FLAG, offsetof(struct options, coverage),
     "show which rules and conditions the tests have seen"},
    {"min-coverage", "PERCENT", CLI_POSITIVE, offsetof(struct options, min_coverage),
     "status 1 when less of the rules or of the conditions was seen"},
    {"junit", "FILE", CLI_TEXT, offsetof(struct options, junit), "write JUnit's XML there too"},
};

/* What all files come to. */
struct totals {
    const struct cli *cli;
    const struct options *options;
    json_t *reports; /* of each file */
    uint32_t passed, failed;
    bool uncovered;
};

static const char *text_at(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

/* ---- failures ---- */

static void put_json(const json_t *value)
{
    auto_free char *text =
        value ? json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    if (text)
        cli_put_json(stdout, text, strlen(text));
    else
        printf("nothing");
}

static void print_failure(const struct cli *cli, const json_t *test, const json_t *failure)
{
    json_int_t variant = json_integer_value(json_object_get(failure, "variant"));
    const char *error = text_at(failure, "error");
    cli_put(stdout, text_at(test, "file"));
    printf(":%" JSON_INTEGER_FORMAT ":%" JSON_INTEGER_FORMAT ": ",
           json_integer_value(json_object_get(test, "line")),
           json_integer_value(json_object_get(test, "column")));
    cli_colour(cli, cli_colour_of("error"));
    printf("failed");
    cli_colour_end(cli);
    printf(": ");
    cli_put(stdout, text_at(test, "name"));
    if (variant)
        printf(", variant %" JSON_INTEGER_FORMAT, variant);
    printf(": ");
    if (*error) {
        cli_put(stdout, error);
        putchar('\n');
        return;
    }
    printf("%s is ", text_at(failure, "key"));
    put_json(json_object_get(failure, "got"));
    printf("; expected was ");
    put_json(json_object_get(failure, "expected"));
    putchar('\n');
}

/* Why it came to that: once for each request. */
static void print_why(const json_t *failure, const json_t *next)
{
    const json_t *variant = json_object_get(failure, "variant");
    if (*text_at(failure, "error") ||
        (next && json_equal(variant, json_object_get(next, "variant"))))
        return;
    printf("    = ");
    cli_put(stdout, text_at(failure, "rule"));
    printf(": ");
    cli_put(stdout, text_at(failure, "explanation"));
    putchar('\n');
}

static void print_failures(const struct cli *cli, const json_t *report)
{
    size_t i, k;
    json_t *test, *failure;
    json_array_foreach(json_object_get(report, "tests"), i, test)
    {
        const json_t *failures = json_object_get(test, "failures");
        json_array_foreach(failures, k, failure)
        {
            print_failure(cli, test, failure);
            print_why(failure, json_array_get(failures, k + 1));
        }
    }
}

/* ---- coverage ---- */

static json_int_t number_at(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

static void print_leaf(const json_t *leaf)
{
    bool yes = number_at(leaf, "true") > 0,
         no = number_at(leaf, "false") > 0 || number_at(leaf, "unknown") > 0;
    if (yes && no)
        return;
    printf("    never %s: ", yes ? "anything but true" : no ? "true" : "judged");
    cli_put(stdout, text_at(leaf, "text"));
    putchar('\n');
}

/* What was not seen. */
static void print_coverage(const json_t *report)
{
    size_t i, k;
    json_t *rule, *leaf, *coverage = json_object_get(report, "coverage");
    if (!coverage)
        return;
    json_array_foreach(json_object_get(coverage, "rules"), i, rule)
    {
        bool matched = number_at(rule, "matched") > 0;
        cli_put(stdout, text_at(rule, "file"));
        printf(":%" JSON_INTEGER_FORMAT ": ", number_at(rule, "line"));
        cli_put(stdout, text_at(rule, "rule"));
        if (matched)
            printf(": matched %" JSON_INTEGER_FORMAT ", named %" JSON_INTEGER_FORMAT
                   ", held %" JSON_INTEGER_FORMAT "\n",
                   number_at(rule, "matched"), number_at(rule, "named"), number_at(rule, "held"));
        else
            printf(": never matched\n");
        json_array_foreach(json_object_get(rule, "conditions"), k, leaf) print_leaf(leaf);
    }
    cli_put(stdout, text_at(report, "file"));
    printf(": %" JSON_INTEGER_FORMAT "%% of the rules matched, %" JSON_INTEGER_FORMAT
           "%% of the conditions were true and were not\n",
           number_at(coverage, "rules_percent"), number_at(coverage, "conditions_percent"));
}

static void check_coverage(struct totals *t, const char *file, const struct reeve_policy_tests *run)
{
    uint64_t least = t->options->min_coverage;
    if (run->rules_percent >= least && run->conditions_percent >= least)
        return;
    t->uncovered = true;
    cli_say(t->cli, "%s: %u%% of the rules and %u%% of the conditions are covered; %llu%% must be",
            file, run->rules_percent, run->conditions_percent, (unsigned long long)least);
}

/* ---- files ---- */

static int test_file(struct totals *t, const char *file)
{
    const struct options *o = t->options;
    struct reeve_error err = {0};
    auto_policy struct reeve_policy *policy = NULL;
    auto_text char *text = NULL;
    int status = policy_open(t->cli, file, &policy);
    if (status)
        return status;
    struct reeve_policy_tests run = {
        .size = sizeof run, .filter = o->filter, .coverage = o->coverage || o->min_coverage};
    if (reeve_policy_test(policy, &run, &text, &err))
        return cli_fail(t->cli, &err);
    auto_json json_t *report = cli_json(text, strlen(text), &err);
    if (!report)
        return cli_fail(t->cli, &err);
    if (json_object_set_new(report, "file", cli_text_json(file)) ||
        json_array_append(t->reports, report))
        return cli_no_memory(t->cli);
    t->passed += run.passed;
    t->failed += run.failed;
    if (!t->cli->json) {
        print_failures(t->cli, report);
        if (o->coverage)
            print_coverage(report);
    }
    if (o->min_coverage)
        check_coverage(t, file, &run);
    return run.failed ? CLI_FINDINGS : CLI_OK;
}

static int finish(const struct totals *t, struct cli_outfile *junit, size_t nfiles)
{
    struct reeve_error err = {0};
    const struct cli *cli = t->cli;
    uint32_t all = t->passed + t->failed;
    if (junit->fd >= 0 && policy_junit(t->reports, junit, &err))
        return cli_fail(cli, &err);
    if (cli->json) {
        int status = cli_show_list(cli, t->reports, true, JSON_SORT_KEYS);
        if (status)
            return status;
    } else if (!cli->quiet) {
        printf("%zu file%s: %u test%s, %u failed\n", nfiles, nfiles == 1 ? "" : "s", all,
               all == 1 ? "" : "s", t->failed);
    }
    if (!all)
        cli_say(cli, t->options->filter ? "no test's name contains '%s'" : "there is no test%s",
                t->options->filter ? t->options->filter : "");
    return all && !t->uncovered ? CLI_OK : CLI_FINDINGS;
}

static int test(const struct cli *cli, const void *options, char *const *operands, size_t noperands)
{
    const struct options *o = options;
    struct reeve_error err = {0};
    auto_outfile struct cli_outfile junit = {.fd = -1};
    auto_json json_t *reports = json_array();
    struct totals t = {.cli = cli, .options = o, .reports = reports};
    int worst = CLI_OK;
    if (o->min_coverage > 100)
        return cli_usage(cli, "--min-coverage is at most 100");
    if (o->junit && cli_outfile_open(&junit, o->junit, &err))
        return cli_fail(cli, &err);
    for (size_t i = 0; i < noperands; i++) {
        int status = test_file(&t, operands[i]);
        worst = status > worst ? status : worst;
    }
    if (worst > CLI_FINDINGS || json_array_size(reports) < noperands)
        return worst;
    int status = finish(&t, &junit, noperands);
    return status > worst ? status : worst;
}

const struct cli_command cli_policy_test = {
    .name = "policy test",
    .operands = "FILE...",
    .summary = "Run the tests that policies carry. Each that fails is named with what was expected "
               "and what came of it.\nStatus 1 when one fails, or when there is none.",
    .example = "reeve policy test --coverage rules/examples/tour.yaml",
    .options = table,
    .noptions = CLI_COUNT(table),
    .min_operands = 1,
    .max_operands = SIZE_MAX,
    .run = test,
};
