/*
 * How the command speaks: one line a message on standard error, colours and progress on terminals
 * alone, and no byte from outside that could steer a terminal. Called by every subcommand.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/reeve/cli.h"

/* The code point that starts at p, and how many bytes it takes; 0 bytes when it is malformed. */
static uint32_t decode(const unsigned char *p, size_t n, size_t *taken)
{
    static const struct {
        unsigned char mask, lead;
        size_t bytes;
        uint32_t least;
    } forms[] = {{0x80, 0x00, 1, 0},
                 {0xe0, 0xc0, 2, 0x80},
                 {0xf0, 0xe0, 3, 0x800},
                 {0xf8, 0xf0, 4, 0x10000}};
    *taken = 0;
    for (size_t f = 0; f < CLI_COUNT(forms); f++) {
        if ((p[0] & forms[f].mask) != forms[f].lead || forms[f].bytes > n)
            continue;
        uint32_t c = p[0] & (unsigned char)~forms[f].mask;
        for (size_t i = 1; i < forms[f].bytes; i++) {
            if ((p[i] & 0xc0) != 0x80)
                return 0;
            c = c << 6 | (p[i] & 0x3f);
        }
        if (c < forms[f].least || c > 0x10ffff)
            return 0;
        *taken = forms[f].bytes;
        return c;
    }
    return 0;
}

/* Control characters, and those that reorder or hide what stands beside them. */
static bool is_unsafe(uint32_t c)
{
    static const struct {
        uint32_t from, to;
    } ranges[] = {{0x00, 0x1f},     {0x7f, 0x9f},     {0x061c, 0x061c}, {0x200b, 0x200f},
                  {0x2028, 0x202e}, {0x2060, 0x2069}, {0xd800, 0xdfff}, {0xfeff, 0xfeff}};
    for (size_t i = 0; i < CLI_COUNT(ranges); i++)
        if (c >= ranges[i].from && c <= ranges[i].to)
            return true;
    return false;
}

size_t cli_put_n(FILE *out, const char *text, size_t n)
{
    const unsigned char *p = (const unsigned char *)text;
    size_t columns = 0;
    for (size_t i = 0, taken; i < n; i += taken) {
        uint32_t c = decode(p + i, n - i, &taken);
        bool malformed = taken == 0;
        char shown[16] = "";
        if (malformed) {
            taken = 1;
            c = p[i];
        }
        if (malformed || is_unsafe(c))
            snprintf(shown, sizeof shown, c < 0x100 ? "\\x%02x" : "\\u%04x", c);
        if (out)
            fwrite(*shown ? shown : text + i, 1, *shown ? strlen(shown) : taken, out);
        columns += *shown ? strlen(shown) : 1;
    }
    return columns;
}

size_t cli_put(FILE *out, const char *text)
{
    return cli_put_n(out, text, strlen(text));
}

void cli_put_json(FILE *out, const char *json, size_t n)
{
    const unsigned char *p = (const unsigned char *)json;
    if (isatty(fileno(out)) != 1) {
        fwrite(json, 1, n, out);
        return;
    }
    for (size_t i = 0, taken; i < n; i += taken) {
        uint32_t c = decode(p + i, n - i, &taken);
        bool malformed = taken == 0;
        if (malformed) { /* no JSON; a terminal gets none of it */
            taken = 1;
            c = 0xfffd;
        }
        if (malformed || (is_unsafe(c) && c != '\n' && c != '\t'))
            fprintf(out, "\\u%04x", c);
        else
            fwrite(json + i, 1, taken, out);
    }
}

void cli_put_json_line(FILE *out, const char *json)
{
    cli_put_json(out, json, strlen(json));
    putc('\n', out);
}

static void say(const struct cli *cli, const char *fmt, va_list ap, const char *after)
{
    auto_free char *message = NULL;
    if (vasprintf(&message, fmt, ap) < 0) {
        message = NULL;
        return;
    }
    fflush(stdout);
    fprintf(stderr, "reeve: ");
    if (cli->name)
        fprintf(stderr, "%s: ", cli->name);
    cli_put(stderr, message);
    fprintf(stderr, "%s\n", after);
}

void cli_say(const struct cli *cli, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    say(cli, fmt, ap, "");
    va_end(ap);
}

void cli_note(const struct cli *cli, const char *fmt, ...)
{
    if (cli->quiet)
        return;
    va_list ap;
    va_start(ap, fmt);
    say(cli, fmt, ap, "");
    va_end(ap);
}

int cli_usage(const struct cli *cli, const char *fmt, ...)
{
    char after[80];
    snprintf(after, sizeof after, "; see 'reeve%s%s --help'", cli->name ? " " : "",
             cli->name ? cli->name : "");
    va_list ap;
    va_start(ap, fmt);
    say(cli, fmt, ap, after);
    va_end(ap);
    return CLI_USAGE;
}

int cli_fail(const struct cli *cli, const struct reeve_error *err)
{
    if (err->line && err->file[0])
        cli_say(cli, "%s:%u:%u: %s", err->file, err->line, err->column, err->message);
    else
        cli_say(cli, "%s", err->message[0] ? err->message : reeve_error_name(err->code));
    return reeve_error_exit(err->code);
}

int cli_no_memory(const struct cli *cli)
{
    cli_say(cli, "out of memory");
    return CLI_ENVIRONMENT;
}

bool cli_shows_progress(const struct cli *cli)
{
    return !cli->quiet && !cli->json && isatty(STDERR_FILENO) == 1;
}

void cli_colour(const struct cli *cli, const char *sgr)
{
    if (cli->colour && sgr)
        printf("\033[%sm", sgr);
}

void cli_colour_end(const struct cli *cli)
{
    if (cli->colour)
        printf("\033[0m");
}

const char *cli_colour_of(const char *word)
{
    static const struct {
        const char *word, *sgr;
    } colours[] = {
        {"allow", "32"},       {"ok", "32"},        {"deny", "31"},   {"refused", "31"},
        {"error", "1;31"},     {"ask", "33"},       {"limit", "33"},  {"killed", "33"},
        {"lost", "33"},        {"warning", "1;35"}, {"note", "1;36"}, {"damaged", "1;31"},
        {"tail-lost", "1;31"},
    };
    for (size_t i = 0; i < CLI_COUNT(colours); i++)
        if (strcmp(colours[i].word, word) == 0)
            return colours[i].sgr;
    return NULL;
}
