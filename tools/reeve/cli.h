/*
 * What the files of the `reeve` command share: the table of subcommands and their options,
 * messages, output that is safe on a terminal, files in and out, JSON shown to people. The command
 * knows the library by its public headers alone. Everything here is for the command's one thread.
 */
#ifndef TOOLS_REEVE_CLI_H
#define TOOLS_REEVE_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <jansson.h>

#include "reeve/reeve.h"

#define CLI_COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* Exit statuses beside those of reeve_error_exit and reeve_result_exit; documented in reeve(1). */
enum {
    CLI_OK = 0,
    CLI_FINDINGS = 1,
    CLI_USAGE = 2,
    CLI_ENVIRONMENT = 3,
    CLI_INTERNAL = 4,
    CLI_NOT_RUN = 126,
    CLI_NOT_FOUND = 127,
};

/* ---- options (options.c) ---- */

enum cli_kind { CLI_FLAG, CLI_TEXT, CLI_NUMBER, CLI_POSITIVE };

/** One long option. Its value goes to `offset` in the command's own options: bool, const char *, or
 * uint64_t. */
struct cli_option {
    const char *name;
    const char *value; /* what --help calls its value; NULL for a flag */
    enum cli_kind kind;
    size_t offset;
    const char *help;
};

/** What holds for every subcommand. */
struct cli {
    const char *state, *helper_dir;
    bool json, quiet, help, version;
    bool colour;      /* standard output is a terminal that wants it */
    const char *name; /* of the subcommand, for messages; NULL before it is known */
};

/** One subcommand: a row of the table in main.c. */
struct cli_command {
    const char *name;     /* "run", "audit query" */
    const char *operands; /* as --help shows them; "" for none */
    const char *summary;
    const char *example;
    const struct cli_option *options;
    size_t noptions;
    size_t min_operands, max_operands;
    bool operands_end_options; /* what follows the first operand belongs to a program */
    int (*run)(const struct cli *cli, const void *options, char *const *operands, size_t noperands);
};
#define CLI_MAX_OPTIONS_BYTES 128

extern const struct cli_command cli_init, cli_run, cli_call, cli_policy_lint, cli_policy_test,
    cli_policy_decide, cli_policy_explain, cli_policy_compile, cli_policy_codes, cli_policy_schema,
    cli_audit_query, cli_audit_reindex, cli_audit_erase, cli_audit_verify, cli_audit_receipt,
    cli_audit_show, cli_audit_prove, cli_audit_prove_consistency, cli_audit_export,
    cli_audit_checkpoint, cli_audit_segments, cli_audit_seal, cli_audit_keys, cli_audit_rotate_key,
    cli_verify, cli_provider_list, cli_status, cli_version;

/**
 * Read the options of `command` (NULL: those before the subcommand, up to the first word) from
 * `argv`, NULL-terminated. Operands are moved to its front and counted. 0, or the exit status after
 * a message.
 */
int cli_parse(struct cli *cli, const struct cli_command *command, void *options, char **argv,
              size_t *noperands);
/** The help text of one subcommand, on standard output. */
void cli_print_help(const struct cli_command *command);
/** The options that every subcommand takes. */
void cli_print_common_options(void);
/** Decimal digits and nothing else, up to 2^64 - 1. */
bool cli_number(const char *text, uint64_t *out);
/** "lab-1" is "agent:lab-1"; what has a colon is taken whole. Malloc'ed; NULL for NULL, and when
 * memory is out. */
char *cli_subject(const char *agent);

/* ---- messages and text (output.c) ---- */

/** "reeve: audit query: MESSAGE" on standard error, one line whatever the message holds. */
void cli_say(const struct cli *cli, const char *fmt, ...) REEVE_PRINTF(2, 3);
/** The same for what only explains or reports progress: silent under --quiet. */
void cli_note(const struct cli *cli, const char *fmt, ...) REEVE_PRINTF(2, 3);
/** Tell a library's error, with file, line and column where it has them. Returns its exit status.
 */
int cli_fail(const struct cli *cli, const struct reeve_error *err);
/** A usage error: the message and where help is. Returns CLI_USAGE. */
int cli_usage(const struct cli *cli, const char *fmt, ...) REEVE_PRINTF(2, 3);
/**
 * Text from outside, with what could steer a terminal or reorder a line made visible. Returns the
 * columns taken; `out` NULL only counts them.
 */
size_t cli_put(FILE *out, const char *text);
size_t cli_put_n(FILE *out, const char *text, size_t n);
/** "out of memory" on standard error. Returns the exit status. */
int cli_no_memory(const struct cli *cli);
/** JSON as it is; on a terminal with what could steer it or reorder a line as \\uXXXX, which is the
 * same JSON. */
void cli_put_json(FILE *out, const char *json, size_t n);
/** The same of a whole text, and a newline. */
void cli_put_json_line(FILE *out, const char *json);
/** Whether standard error is a terminal that progress may be drawn on. */
bool cli_shows_progress(const struct cli *cli);
/** Start and end a colour on standard output: "1;31" (SGR parameters); nothing where colours are
 * not wanted. */
void cli_colour(const struct cli *cli, const char *sgr);
void cli_colour_end(const struct cli *cli);
/** The colour of an effect or a severity ("allow", "deny", "error", ...); NULL for other words. */
const char *cli_colour_of(const char *word);

/* ---- files (files.c) ---- */

#define CLI_MAX_POLICY  ((size_t)64 << 20)
#define CLI_MAX_RECEIPT ((size_t)1 << 20)
#define CLI_MAX_KEY     ((size_t)4096)

/** A whole file of at most `max` bytes ("-": standard input), malloc'ed and NUL-terminated. */
int cli_read_file(const char *path, size_t max, char **text, size_t *n, struct reeve_error *err);
/** A verifier key: the text of a file of that name, or else the argument itself when it has the
 * form of one. */
int cli_read_key(const char *key_or_file, char **vkey, struct reeve_error *err);

/** A file that appears whole, by rename, or not at all. */
struct cli_outfile {
    int fd; /* -1: none */
    char *path, *temporary;
};
/** Make the temporary beside `path`, so that a place where it cannot be is known before anything is
 * done. */
int cli_outfile_open(struct cli_outfile *f, const char *path, struct reeve_error *err);
int cli_outfile_commit(struct cli_outfile *f, const char *text, size_t n, struct reeve_error *err);
/** Frees; removes a temporary that was not committed. */
void cli_outfile_close(struct cli_outfile *f);

/* ---- JSON for people (view.c) ---- */

/** Parse the library's JSON. NULL and a message in `err` when it is none. */
json_t *cli_json(const char *text, size_t n, struct reeve_error *err);
/** The text at `a.b.c`, or "" when it is not there; numbers and booleans are written to `number`.
 */
const char *cli_json_text(const json_t *root, const char *path, char number[32]);
/** A text as JSON; what is no UTF-8 as it is shown on a terminal, \\xNN. NULL: memory is out. */
json_t *cli_text_json(const char *text);
/** A list that was made element by element, with these flags of json_dumps. `whole` false, one was
 * not made, or there is no list: nothing is printed but that memory is out. The exit status. */
int cli_show_list(const struct cli *cli, const json_t *list, bool whole, size_t flags);
/** An indented tree of keys and values. */
void cli_show_tree(const struct cli *cli, const json_t *value, int indent);
/** An array of objects as a table: a column for each key that has a scalar, in order of appearance.
 */
void cli_show_table(const struct cli *cli, const json_t *rows);
/** A whole JSON text of the library: as it is with --json, else as a tree. Frees nothing. */
int cli_show_json(const struct cli *cli, const char *text);

/* ---- the library (handle.c) ---- */

/** Open the folder that the options name. 0, or the exit status after a message. */
int cli_open(const struct cli *cli, struct reeve **out);
/** Open the folder, ask its owner one question (reeve_status and its like) and show the answer. The
 * exit status. */
int cli_show_answer(const struct cli *cli,
                    int (*ask)(struct reeve *, char **, struct reeve_error *));

/* ---- cleanup helpers ---- */

void cli_free_cleanup(void *p);
void cli_text_cleanup(char **text); /* the library's */
void cli_json_cleanup(json_t **json);
void cli_handle_cleanup(struct reeve **handle);
void cli_result_cleanup(struct reeve_result **result);
#define auto_free    __attribute__((cleanup(cli_free_cleanup)))
#define auto_text    __attribute__((cleanup(cli_text_cleanup)))
#define auto_json    __attribute__((cleanup(cli_json_cleanup)))
#define auto_handle  __attribute__((cleanup(cli_handle_cleanup)))
#define auto_result  __attribute__((cleanup(cli_result_cleanup)))
#define auto_outfile __attribute__((cleanup(cli_outfile_close)))

#endif
