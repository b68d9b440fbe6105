/*
 * `reeve policy lint`: every finding of a policy like a compiler's, or as JSON.
 */
#include <stdlib.h>
#include <string.h>

#include "reeve/tooling.h"
#include "tools/reeve/cli.h"

struct options {
    const char *format;
};
static const struct cli_option table[] = {
    {"format", "FORMAT", CLI_TEXT, offsetof(struct options, format), "text (default) or json"},
};

/* What the callback of findings needs. */
struct report {
    const struct cli *cli;
    json_t *list; /* NULL: text */
    bool cut;     /* something is not in it: memory is out */
    size_t count[REEVE_SEVERITY_NOTE + 1], suppressed;
};

static const char *const severity_name[] = {"error", "warning", "note"};

/* The code point that a byte belongs to counts where it starts. */
static bool starts_character(char c)
{
    return ((unsigned char)c & 0xc0) != 0x80;
}

/*
 * The line with tabs and unsafe characters as one column each, so that the marks stand below what
 * they mark whatever the line holds.
 */
static void print_line(const char *line)
{
    printf("    ");
    for (size_t i = 0; line[i];) {
        size_t n = 1;
        while (line[i + n] && !starts_character(line[i + n]))
            n++;
        if (line[i] == '\t')
            putchar(' ');
        else if (cli_put_n(NULL, line + i, n) == 1)
            cli_put_n(stdout, line + i, n);
        else
            putchar('?');
        i += n;
    }
    putchar('\n');
}

static size_t characters(const char *text)
{
    size_t n = 0;
    for (; *text; text++)
        n += starts_character(*text);
    return n;
}

static void print_marks(const struct cli *cli, const struct reeve_finding *f)
{
    size_t width = characters(f->source_line);
    size_t column = f->column ? f->column - 1 : 0;
    size_t marks = f->length ? f->length : 1;
    if (column > width)
        return;
    if (marks > width - column)
        marks = width > column ? width - column : 1;
    printf("    %*s", (int)column, "");
    cli_colour(cli, "1;32");
    putchar('^');
    for (size_t i = 1; i < marks; i++)
        putchar('~');
    cli_colour_end(cli);
    putchar('\n');
}

static void print_finding(const struct cli *cli, const struct reeve_finding *f)
{
    cli_put(stdout, f->file);
    printf(":%u:%u: ", f->line, f->column);
    cli_colour(cli, cli_colour_of(severity_name[f->severity]));
    printf("%s[%s]: ", severity_name[f->severity], f->code);
    cli_colour_end(cli);
    cli_put(stdout, f->message);
    putchar('\n');
    if (f->source_line) {
        print_line(f->source_line);
        print_marks(cli, f);
    }
    if (f->suggestion) {
        printf("    = ");
        cli_put(stdout, f->suggestion);
        putchar('\n');
    }
}

static bool put_text(json_t *object, const char *key, const char *text)
{
    return !text || json_object_set_new(object, key, cli_text_json(text)) == 0;
}

/* NULL: memory is out. */
static json_t *finding_json(const struct reeve_finding *f)
{
    json_t *json = json_pack("{s:s, s:s, s:s, s:o, s:i, s:i, s:i, s:o}", "severity",
                             severity_name[f->severity], "code", f->code, "id", f->id, "file",
                             cli_text_json(f->file), "line", (int)f->line, "column", (int)f->column,
                             "length", (int)f->length, "message", cli_text_json(f->message));
    if (json && put_text(json, "suggestion", f->suggestion) &&
        put_text(json, "suppressed", f->suppressed))
        return json;
    json_decref(json);
    return NULL;
}

static void on_finding(void *arg, const struct reeve_finding *f)
{
    struct report *report = arg;
    if (f->suppressed)
        report->suppressed++;
    else
        report->count[f->severity]++;
    if (report->list)
        report->cut |= json_array_append_new(report->list, finding_json(f)) != 0;
    else if (!f->suppressed)
        print_finding(report->cli, f);
}

static int lint_file(struct report *report, const char *file)
{
    const struct cli *cli = report->cli;
    struct reeve_error err = {0};
    auto_free char *text = NULL;
    size_t n, errors = report->count[REEVE_SEVERITY_ERROR];
    if (cli_read_file(file, CLI_MAX_POLICY, &text, &n, &err))
        return cli_fail(cli, &err);
    int rc = reeve_policy_lint(text, n, file, on_finding, report, &err);
    if (rc == REEVE_EPOLICY && report->count[REEVE_SEVERITY_ERROR] > errors)
        return CLI_FINDINGS;
    report->cut |= rc == REEVE_ENOMEM;
    return rc ? cli_fail(cli, &err) : CLI_OK;
}

static void print_count(size_t n, const char *what, const char *after)
{
    printf("%zu %s%s%s", n, what, n == 1 ? "" : "s", after);
}

static int lint(const struct cli *cli, const void *options, char *const *operands, size_t noperands)
{
    const struct options *o = options;
    bool wants_json = cli->json || (o->format && strcmp(o->format, "json") == 0);
    if (o->format && !wants_json && strcmp(o->format, "text") != 0)
        return cli_usage(cli, "--format is text or json, not '%s'", o->format);
    auto_json json_t *list = wants_json ? json_array() : NULL;
    struct report report = {.cli = cli, .list = list};
    int worst = CLI_OK;
    if (wants_json && !list)
        return cli_no_memory(cli);
    for (size_t i = 0; i < noperands; i++) {
        int status = lint_file(&report, operands[i]);
        worst = status > worst ? status : worst;
    }
    if (list && !(report.cut && worst > CLI_FINDINGS)) {
        int status = cli_show_list(cli, list, !report.cut, 0);
        worst = status > worst ? status : worst;
    } else if (!cli->quiet && worst <= CLI_FINDINGS) {
        print_count(noperands, "file", ": ");
        print_count(report.count[REEVE_SEVERITY_ERROR], "error", ", ");
        print_count(report.count[REEVE_SEVERITY_WARNING], "warning", "");
        printf(report.suppressed ? ", %zu allowed\n" : "\n", report.suppressed);
    }
    return worst;
}

const struct cli_command cli_policy_lint = {
    .name = "policy lint",
    .operands = "FILE...",
    .summary = "Check policies: errors that keep them from being used, and warnings. Status 1 when "
               "there is an error.",
    .example = "reeve policy lint rules/examples/tour.yaml",
    .options = table,
    .noptions = CLI_COUNT(table),
    .min_operands = 1,
    .max_operands = SIZE_MAX,
    .run = lint,
};
