/*
 * `reeve audit query`: records that match, as a table, or as the lines that are stored.
 */
#include <stdlib.h>
#include <string.h>

#include "tools/reeve/cli.h"

struct options {
    const char *agent, *capability, *effect, *type, *rule, *since, *until, *plan, *text;
    uint64_t from, limit;
    bool scan;
};
static const struct cli_option table[] = {
    {"agent", "NAME", CLI_TEXT, offsetof(struct options, agent), "of agent:NAME, or of TYPE:ID"},
    {"capability", "ID", CLI_TEXT, offsetof(struct options, capability), "of this capability"},
    {"effect", "EFFECT", CLI_TEXT, offsetof(struct options, effect), "allow, deny or ask"},
    {"type", "TYPE", CLI_TEXT, offsetof(struct options, type),
     "of this type: decision, release, end, start, ..."},
    {"rule", "ID", CLI_TEXT, offsetof(struct options, rule), "decided by this rule"},
    {"since", "TIME", CLI_TEXT, offsetof(struct options, since),
     "from this time on, in UTC: 2026-11-25 or 2026-11-25T09:00:00Z"},
    {"until", "TIME", CLI_TEXT, offsetof(struct options, until), "before this time"},
    {"plan", "DIGEST", CLI_TEXT, offsetof(struct options, plan), "of the plan sha256:..."},
    {"text", "WORDS", CLI_TEXT, offsetof(struct options, text), "that have all these words"},
    {"from", "SEQ", CLI_NUMBER, offsetof(struct options, from), "from this sequence on"},
    {"limit", "N", CLI_POSITIVE, offsetof(struct options, limit),
     "the last N that match (default: all)"},
    {"scan", NULL, CLI_FLAG, offsetof(struct options, scan),
     "read the whole log, whatever the index says"},
};

/*
 * The columns: where each is found in a record, and the width that it is given. Widths are fixed,
 * so that rows can be shown as they come however long the log is; a longer text pushes the rest of
 * its row.
 */
static const struct column {
    const char *title;
    const char *path[2]; /* the first that a record has */
    size_t width;
} columns[] = {
    {"SEQ", {"seq"}, 6},
    {"TIME (UTC)", {"time"}, 19},
    {"TYPE", {"type"}, 10},
    {"SUBJECT", {"request.subject", "subject"}, 16},
    {"CAPABILITY", {"request.capability", "capability"}, 20},
    {"EFFECT", {"decision.effect", "effect"}, 6},
    {"RULE", {"decision.rule", "rule"}, 18},
    {"OUTCOME", {"outcome.how", "refusal.reason"}, 0},
};

struct query {
    const struct cli *cli;
    size_t shown;
    struct reeve_error err;
};

static void show_titles(void)
{
    for (size_t i = 0; i < CLI_COUNT(columns); i++)
        printf("%-*s%s", (int)columns[i].width, columns[i].title, columns[i].width ? "  " : "\n");
}

/* The cell after `gap` spaces; returns the gap to the next. A row thus ends with its last text. */
static size_t show_cell(const struct cli *cli, const struct column *column, const char *text,
                        size_t gap)
{
    /* Fractions of a second and what follows are for programs. */
    size_t n = strncmp(column->title, "TIME", 4) == 0 ? strcspn(text, ".Z") : strlen(text);
    if (!n)
        return gap + column->width + 2;
    printf("%*s", (int)gap, "");
    cli_colour(cli, cli_colour_of(text));
    size_t taken = cli_put_n(stdout, text, n);
    if (cli_colour_of(text))
        cli_colour_end(cli);
    return (column->width > taken ? column->width - taken : 0) + 2;
}

static void show_row(const struct cli *cli, const json_t *record)
{
    size_t gap = 0;
    for (size_t i = 0; i < CLI_COUNT(columns); i++) {
        char number[32];
        const char *text = "";
        for (size_t p = 0; p < CLI_COUNT(columns[i].path) && !*text && columns[i].path[p]; p++)
            text = cli_json_text(record, columns[i].path[p], number);
        gap = show_cell(cli, &columns[i], text, gap);
    }
    putchar('\n');
}

/* All that is left of a record whose bytes are not kept. */
static json_t *only_leaf(const struct reeve_record *record)
{
    char leaf[8 + 64] = "sha256:";
    for (size_t i = 0; i < 32; i++)
        snprintf(leaf + 7 + 2 * i, 3, "%02x", record->leaf[i]);
    return json_pack("{s:b, s:s, s:I}", "kept", 0, "leaf", leaf, "seq", (json_int_t)record->seq);
}

static int show_only_leaf(struct query *q, const struct reeve_record *record)
{
    auto_json json_t *json = only_leaf(record);
    auto_free char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
    if (q->cli->json)
        puts(text ? text : "{}");
    else
        printf("%-*llu  %-*s  its bytes are not kept\n", (int)columns[0].width,
               (unsigned long long)record->seq, (int)columns[1].width, "");
    return ferror(stdout);
}

static int on_record(void *arg, const struct reeve_record *record)
{
    struct query *q = arg;
    if (!q->cli->json && q->shown++ == 0)
        show_titles();
    if (!record->json)
        return show_only_leaf(q, record);
    if (q->cli->json) {
        cli_put_json(stdout, record->json, record->json_len);
        putchar('\n');
        return ferror(stdout);
    }
    auto_json json_t *json = cli_json(record->json, record->json_len, &q->err);
    if (!json)
        return 1;
    show_row(q->cli, json);
    return ferror(stdout);
}

static bool is_one_of(const char *word, const char *const *list)
{
    while (*list && strcmp(*list, word) != 0)
        list++;
    return *list != NULL;
}

/* A word that no record has would find nothing and say so, as if there were no such record. */
static int check_words(const struct cli *cli, const struct options *o)
{
    static const char *const effects[] = {"allow", "deny", "ask", NULL};
    static const char *const types[] = {
        "start",    "decision", "release", "end",     "rejected", "clock", "unacknowledged",
        "unsigned", "rotation", "erased",  "expired", "segment",  "loss",  NULL};
    if (o->effect && !is_one_of(o->effect, effects))
        return cli_usage(cli, "--effect is allow, deny or ask, not '%s'", o->effect);
    if (o->type && !is_one_of(o->type, types))
        return cli_usage(
            cli,
            "--type is start, decision, release, end, rejected, clock, unacknowledged, unsigned, "
            "rotation, erased, expired, segment or loss, not '%s'",
            o->type);
    return CLI_OK;
}

static int query(const struct cli *cli, const void *options, char *const *operands,
                 size_t noperands)
{
    (void)operands;
    (void)noperands;
    const struct options *o = options;
    auto_handle struct reeve *handle = NULL;
    auto_free char *subject = cli_subject(o->agent);
    struct query q = {.cli = cli};
    int status = check_words(cli, o);
    if (!status)
        status = cli_open(cli, &handle);
    if (status)
        return status;
    struct reeve_query wanted = {
        .size = sizeof wanted,
        .subject = subject,
        .capability = o->capability,
        .effect = o->effect,
        .type = o->type,
        .rule = o->rule,
        .since = o->since,
        .until = o->until,
        .plan = o->plan,
        .text = o->text,
        .scan = o->scan,
        .from = o->from,
        .limit = o->limit,
    };
    if (reeve_query(handle, &wanted, on_record, &q, &q.err) || q.err.code)
        return cli_fail(cli, &q.err);
    if (!cli->json && !q.shown)
        cli_note(cli, "no record matches");
    return CLI_OK;
}

static int reindex(const struct cli *cli, const void *options, char *const *operands,
                   size_t noperands)
{
    (void)options, (void)operands, (void)noperands;
    struct reeve_error err = {0};
    auto_handle struct reeve *handle = NULL;
    int status = cli_open(cli, &handle);
    if (status)
        return status;
    if (reeve_reindex(handle, &err))
        return cli_fail(cli, &err);
    cli_note(cli, "the index is made anew; 'reeve status' shows how far it is");
    return CLI_OK;
}

const struct cli_command cli_audit_reindex = {
    .name = "audit reindex",
    .operands = "",
    .summary = "Make the index anew from the log, beside everything else. It finds records for "
               "queries and is\nno evidence.",
    .example = "reeve audit reindex",
    .run = reindex,
};

const struct cli_command cli_audit_query = {
    .name = "audit query",
    .operands = "",
    .summary = "Show the records of the log that match every filter, in order.",
    .example = "reeve audit query --agent lab-1 --effect deny --limit 20",
    .options = table,
    .noptions = CLI_COUNT(table),
    .run = query,
};
