/*
 * usage: record_check SCHEMA <RECORDS: whether each line, a record of a log, fits the schema of
 * records. Prints how many there were of each type; status 1 when one does not fit.
 */
#include <stdio.h>

#include "tests/unit/policy/schema_check.h"

static struct {
    char type[32];
    unsigned n;
} seen[16];

static void count(struct str record)
{
    auto_json struct json_text t = {0};
    if (json_text_parse(record, &t, NULL) != 0)
        return;
    struct str type = json_string_or(json_get(&t.doc, json_root(&t.doc), "type"), STR("?"));
    for (size_t i = 0; i < BASE_COUNT(seen); i++) {
        if (!seen[i].n)
            (void)snprintf(seen[i].type, sizeof seen[i].type, "%.*s", (int)type.n, type.p);
        if (str_is(type, seen[i].type)) {
            seen[i].n++;
            return;
        }
    }
}

int main(int argc, char **argv)
{
    static char line[1 << 17];
    auto_buf struct buf schema = {0};
    struct reeve_error err = {0};
    char why[256];
    int status = 0;
    if (argc != 2 || fd_slurp(-100, argv[1], (size_t)1 << 20, &schema, &err) != 0) {
        (void)fprintf(stderr, "record_check: %s\n", argc == 2 ? err.message : "SCHEMA is missing");
        return 2;
    }
    schema_use(buf_view(&schema));
    while (fgets(line, sizeof line, stdin)) {
        struct str record = {line, strcspn(line, "\n")};
        count(record);
        if (schema_check(record, why) == SCHEMA_FITS)
            continue;
        (void)printf("does not fit at %s: %.*s\n", why, (int)record.n, record.p);
        status = 1;
    }
    for (size_t i = 0; i < BASE_COUNT(seen) && seen[i].n; i++)
        (void)printf("%s %u\n", seen[i].type, seen[i].n);
    return status;
}
