/*
 * `reeve audit verify`: the log, or some of it, against its signed checkpoint, in this process.
 */
#include <stdlib.h>
#include <string.h>

#include "tools/reeve/cli.h"

struct options {
    const char *key, *checkpoint, *copy, *from, *to, *segment;
};
static const struct cli_option table[] = {
    {"key", "VKEY|FILE", CLI_TEXT, offsetof(struct options, key),
     "verifier key, or its file (default: key.vkey of the folder)"},
    {"checkpoint", "FILE", CLI_TEXT, offsetof(struct options, checkpoint),
     "a checkpoint that was kept elsewhere: the log must go on from it"},
    {"copy", "DIR", CLI_TEXT, offsetof(struct options, copy),
     "check this folder's log (log.db, segments, plans.db), a copy or a backup, offline; needs "
     "--key and --checkpoint"},
    {"from", "SEQ", CLI_TEXT, offsetof(struct options, from),
     "check the records from this one on, and what leads from them to the root, alone"},
    {"to", "SEQ", CLI_TEXT, offsetof(struct options, to), "and up to this one"},
    {"segment", "SEQ", CLI_TEXT, offsetof(struct options, segment),
     "check the file that begins with this record ('reeve audit segments'), alone"},
};

#define BAR 30u

struct bar {
    uint64_t percent; /* last drawn + 1; 0: nothing yet */
};

static void on_progress(void *arg, uint64_t done, uint64_t total)
{
    struct bar *bar = arg;
    uint64_t percent = total ? done / (total / 100 + (total % 100 != 0)) : 100;
    percent = done >= total || percent > 100 ? 100 : percent;
    if (bar->percent == percent + 1)
        return;
    bar->percent = percent + 1;
    char marks[BAR + 1];
    unsigned filled = (unsigned)(percent * BAR / 100);
    memset(marks, '.', BAR);
    memset(marks, '#', filled);
    marks[BAR] = 0;
    fprintf(stderr, "\r[%s] %3u%%  %llu of %llu", marks, (unsigned)percent,
            (unsigned long long)done, (unsigned long long)total);
}

static int show_json(const struct reeve_verify_report *r)
{
    auto_json json_t *json = json_pack(
        "{s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:s, s:s}", "ok", r->ok, "records",
        (json_int_t)r->records, "without_bytes", (json_int_t)r->without_bytes, "erased",
        (json_int_t)r->erased, "expired", (json_int_t)r->expired, "plans_kept",
        (json_int_t)r->plans_kept, "plans_masked", (json_int_t)r->plans_masked, "plans_unchecked",
        (json_int_t)r->plans_unchecked, "root", r->root, "origin", r->origin);
    if (json && !r->ok)
        json_object_update_new(json,
                               json_pack("{s:s, s:s}", "finding", r->finding, "detail", r->detail));
    if (json && r->set_aside)
        json_object_update_new(json,
                               json_pack("{s:I, s:I, s:b}", "set_aside", (json_int_t)r->set_aside,
                                         "set_aside_at", (json_int_t)r->set_aside_at,
                                         "set_aside_beyond_crash", r->set_aside_beyond_crash));
    if (json && r->beyond)
        json_object_set_new(json, "beyond", json_integer((json_int_t)r->beyond));
    if (json && r->has_bad)
        json_object_set_new(json, "first_bad", json_integer((json_int_t)r->first_bad));
    auto_free char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
    if (!text)
        return CLI_INTERNAL;
    puts(text);
    return r->ok ? CLI_OK : CLI_FINDINGS;
}

static void show_set_aside(const struct reeve_verify_report *r)
{
    if (!r->set_aside)
        return;
    printf(
        "%llu %s found rows beyond what was signed and set them aside, in unsigned-*.jsonl of the "
        "folder; record %llu is the first to tell\n",
        (unsigned long long)r->set_aside, r->set_aside == 1 ? "start" : "starts",
        (unsigned long long)r->set_aside_at);
    if (r->set_aside_beyond_crash)
        puts(
            "some are more than a crash leaves: rows were added, or an older keeper.head put back");
}

static void show_plans(const struct reeve_verify_report *r)
{
    if (r->plans_kept)
        printf("%llu plans that decisions name are kept and hash to their digests\n",
               (unsigned long long)r->plans_kept);
    if (r->plans_masked)
        printf("%llu plans are not kept, since the policy masks what they are made of\n",
               (unsigned long long)r->plans_masked);
    if (r->plans_unchecked)
        printf("%llu plans were not looked at: the copy has no plans.db\n",
               (unsigned long long)r->plans_unchecked);
}

static void show_without_bytes(const struct reeve_verify_report *r)
{
    if (r->without_bytes)
        printf("%llu of them are kept as hashes alone", (unsigned long long)r->without_bytes);
    if (r->erased)
        printf(", %llu as records say that they were erased", (unsigned long long)r->erased);
    if (r->expired)
        printf(", %llu since the time is over for which they were kept",
               (unsigned long long)r->expired);
    if (r->without_bytes)
        putchar('\n');
}

static int show_text(const struct cli *cli, const struct reeve_verify_report *r)
{
    cli_colour(cli, r->ok ? "32" : "1;31");
    cli_put(stdout, r->ok ? "verified" : r->finding);
    cli_colour_end(cli);
    if (r->ok) {
        printf(": %llu records of ", (unsigned long long)r->records);
        cli_put(stdout, r->origin);
        printf(", root %s\n", r->root);
        show_without_bytes(r);
        show_plans(r);
        show_set_aside(r);
        if (r->beyond)
            printf("%llu more came after the checkpoint, which says nothing of them\n",
                   (unsigned long long)r->beyond);
        return CLI_OK;
    }
    if (r->has_bad)
        printf(" at sequence %llu", (unsigned long long)r->first_bad);
    printf(": ");
    cli_put(stdout, r->detail);
    putchar('\n');
    show_set_aside(r);
    return CLI_FINDINGS;
}

/* Which rows; 0, or the status that a wrong option ends with. */
static int choose_rows(const struct cli *cli, const struct options *o,
                       struct reeve_verify_options *out)
{
    uint64_t to = 0;
    const char *first = o->segment ? o->segment : o->from;
    if (o->segment && (o->from || o->to))
        return cli_usage(cli, "--segment says which records: no --from or --to beside it");
    if ((first && !cli_number(first, &out->from)) || (o->to && !cli_number(o->to, &to)))
        return cli_usage(cli, "--from, --to and --segment take numbers of records");
    if (o->to && to < out->from)
        return cli_usage(cli, "--to is before --from");
    if (o->to)
        out->count = to - out->from + 1;
    out->segment = o->segment != NULL;
    return 0;
}

static int show(const struct cli *cli, const struct options *o, int rc,
                const struct reeve_verify_report *report, const struct reeve_error *err)
{
    if (o->checkpoint && (rc == REEVE_EVERIFY || rc == REEVE_EFORMAT)) {
        cli_say(cli, "%s is no checkpoint of this log's: %s", o->checkpoint, err->message);
        return CLI_FINDINGS;
    }
    if (rc)
        return cli_fail(cli, err);
    return cli->json ? show_json(report) : show_text(cli, report);
}

static int verify(const struct cli *cli, const void *options, char *const *operands,
                  size_t noperands)
{
    (void)operands;
    (void)noperands;
    const struct options *o = options;
    struct reeve_error err = {0};
    auto_free char *vkey = NULL, *kept = NULL;
    size_t n;
    auto_handle struct reeve *handle = NULL;
    struct bar bar = {0};
    struct reeve_verify_report report = {.size = sizeof report};
    struct reeve_verify_options wanted = {.size = sizeof wanted, .copy = o->copy, .arg = &bar};
    if (o->key && cli_read_key(o->key, &vkey, &err))
        return cli_fail(cli, &err);
    if (o->checkpoint && cli_read_file(o->checkpoint, CLI_MAX_RECEIPT, &kept, &n, &err))
        return cli_fail(cli, &err);
    if (o->copy && (!vkey || !kept))
        return cli_usage(cli, "--copy needs --key and --checkpoint: nothing in a copy is believed "
                              "but its rows");
    int status = choose_rows(cli, o, &wanted);
    if (!status && !o->copy)
        status = cli_open(cli, &handle);
    if (status)
        return status;
    wanted.vkey = vkey;
    wanted.kept = kept;
    wanted.progress = cli_shows_progress(cli) ? on_progress : NULL;
    int rc = reeve_verify(handle, &wanted, &report, &err);
    if (bar.percent)
        fprintf(stderr, "\r\033[K");
    return show(cli, o, rc, &report, &err);
}

const struct cli_command cli_audit_verify = {
    .name = "audit verify",
    .operands = "",
    .summary =
        "Check every record, the tree, the signature and the plans of the log. Status 1 when "
        "something does not hold;\n"
        "the finding names the first sequence that is wrong or missing.",
    .example = "reeve audit verify --key /etc/reeve/key.vkey",
    .options = table,
    .noptions = CLI_COUNT(table),
    .run = verify,
};
