/*
 * The library's JSON shown to people: trees of keys and values, tables of objects. One structure
 * for both faces: with
 * --json the text passes as it is. Called by the subcommands that show something.
 */
#include <stdlib.h>
#include <string.h>

#include "tools/reeve/cli.h"

#define MAX_COLUMNS 12

json_t *cli_json(const char *text, size_t n, struct reeve_error *err)
{
    json_error_t why;
    json_t *json =
        json_loadb(text, n, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &why);
    if (!json) {
        *err = (struct reeve_error){.code = REEVE_EPROTO};
        snprintf(err->message, sizeof err->message, "the answer is no JSON: %s at byte %d",
                 why.text, why.position);
    }
    return json;
}

/* A scalar as text; NULL for arrays and objects. */
static const char *scalar(const json_t *v, char number[32])
{
    switch (json_typeof(v)) {
    case JSON_STRING:
        return json_string_value(v);
    case JSON_INTEGER:
        snprintf(number, 32, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
        return number;
    case JSON_REAL:
        snprintf(number, 32, "%.17g", json_real_value(v));
        return number;
    case JSON_TRUE:
        return "yes";
    case JSON_FALSE:
        return "no";
    case JSON_NULL:
        return "-";
    default:
        return NULL;
    }
}

const char *cli_json_text(const json_t *root, const char *path, char number[32])
{
    const json_t *v = root;
    while (v && *path) {
        size_t n = strcspn(path, ".");
        char key[64];
        snprintf(key, sizeof key, "%.*s", (int)n, path);
        v = json_object_get(v, key);
        path += n + (path[n] == '.');
    }
    const char *text = v ? scalar(v, number) : NULL;
    return text ? text : "";
}

static void put_value(const struct cli *cli, const char *text)
{
    cli_colour(cli, cli_colour_of(text));
    cli_put(stdout, text);
    if (cli_colour_of(text))
        cli_colour_end(cli);
}

static bool is_list_of_scalars(const json_t *v)
{
    size_t i;
    json_t *each;
    json_array_foreach(v, i, each) if (json_is_object(each) || json_is_array(each)) return false;
    return json_is_array(v);
}

static void show_list(const json_t *list)
{
    size_t i;
    json_t *each;
    char number[32];
    json_array_foreach(list, i, each)
    {
        if (i)
            printf(", ");
        cli_put(stdout, scalar(each, number));
    }
    if (!json_array_size(list))
        printf("none");
}

static void show_member(const struct cli *cli, const char *label, const json_t *v, int indent)
{
    char number[32];
    const char *text = scalar(v, number);
    printf("%*s", indent, "");
    size_t width = cli_put(stdout, label);
    putchar(':');
    int pad = width < 18 && !json_is_object(v) ? (int)(18 - width) : 1;
    if (text) {
        printf("%*s", pad, "");
        put_value(cli, text);
    } else if (is_list_of_scalars(v)) {
        printf("%*s", pad, "");
        show_list(v);
    } else {
        putchar('\n');
        cli_show_tree(cli, v, indent + 2);
        return;
    }
    putchar('\n');
}

void cli_show_tree(const struct cli *cli, const json_t *value, int indent)
{
    char number[32];
    const char *key;
    size_t i;
    json_t *each;
    if (json_is_object(value)) {
        json_object_foreach((json_t *)(uintptr_t)value, key, each)
            show_member(cli, key, each, indent);
    } else if (json_is_array(value)) {
        json_array_foreach(value, i, each)
        {
            char label[32];
            snprintf(label, sizeof label, "%zu", i);
            show_member(cli, label, each, indent);
        }
    } else {
        printf("%*s", indent, "");
        put_value(cli, scalar(value, number));
        putchar('\n');
    }
}

static void show_cell(const struct cli *cli, const char *text, size_t width, bool last)
{
    size_t taken = cli_put(NULL, text);
    put_value(cli, text);
    if (!last)
        printf("%*s", (int)(width > taken ? width - taken : 0) + 2, "");
}

struct column {
    const char *key;
    size_t width;
};

static const char *cell(const json_t *row, const char *key, char number[32])
{
    const json_t *v = json_object_get(row, key);
    const char *text = v ? scalar(v, number) : NULL;
    return text ? text : "";
}

/* Adds the keys that `row` is the first to have, and widens what it needs wider. */
static size_t measure(const json_t *row, struct column *columns, size_t n)
{
    const char *key;
    json_t *v;
    char number[32];
    json_object_foreach((json_t *)(uintptr_t)row, key, v)
    {
        size_t c = 0;
        while (c < n && strcmp(columns[c].key, key) != 0)
            c++;
        if (c == MAX_COLUMNS || !scalar(v, number))
            continue;
        if (c == n)
            columns[n++] = (struct column){key, strlen(key)};
        size_t width = cli_put(NULL, scalar(v, number));
        columns[c].width = width > columns[c].width ? width : columns[c].width;
    }
    return n;
}

void cli_show_table(const struct cli *cli, const json_t *rows)
{
    struct column columns[MAX_COLUMNS];
    size_t n = 0, i;
    char number[32];
    json_t *row;
    json_array_foreach(rows, i, row) n = measure(row, columns, n);
    for (size_t c = 0; c < n; c++)
        show_cell(cli, columns[c].key, columns[c].width, c + 1 == n);
    if (n)
        putchar('\n');
    json_array_foreach(rows, i, row)
    {
        for (size_t c = 0; c < n; c++)
            show_cell(cli, cell(row, columns[c].key, number), columns[c].width, c + 1 == n);
        putchar('\n');
    }
}

json_t *cli_text_json(const char *text)
{
    json_t *json = json_string(text);
    auto_free char *shown = NULL;
    size_t n = 0;
    FILE *out = json ? NULL : open_memstream(&shown, &n);
    if (!out)
        return json;
    cli_put(out, text);
    return fclose(out) == 0 ? json_string(shown) : NULL;
}

int cli_show_list(const struct cli *cli, const json_t *list, bool whole, size_t flags)
{
    auto_free char *text = list && whole ? json_dumps(list, JSON_INDENT(2) | flags) : NULL;
    if (!text)
        return cli_no_memory(cli);
    cli_put_json_line(stdout, text);
    return CLI_OK;
}

int cli_show_json(const struct cli *cli, const char *text)
{
    if (cli->json) {
        cli_put_json_line(stdout, text);
        return 0;
    }
    struct reeve_error err = {0};
    auto_json json_t *json = cli_json(text, strlen(text), &err);
    if (!json)
        return cli_fail(cli, &err);
    if (json_is_array(json))
        cli_show_table(cli, json);
    else
        cli_show_tree(cli, json, 0);
    return 0;
}
