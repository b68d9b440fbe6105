/* See policy_junit.h: one suite for each file, one case for each test. */
#include "tools/reeve/policy_junit.h"

#include <stdlib.h>
#include <string.h>

/* What XML cannot hold is left out of it: no control character is text there. */
static void put_text(FILE *out, const char *text)
{
    static const char *const names[128] = {
        ['&'] = "&amp;", ['<'] = "&lt;", ['>'] = "&gt;", ['"'] = "&quot;", ['\n'] = "&#10;"};
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c < 128 && names[c])
            fputs(names[c], out);
        else
            fputc(c < 0x20 || c == 0x7f ? '?' : c, out);
    }
}

static void put_attribute(FILE *out, const char *name, const char *value)
{
    fprintf(out, " %s=\"", name);
    put_text(out, value ? value : "");
    fputc('"', out);
}

static const char *text_at(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

static void put_value(FILE *out, const json_t *value)
{
    auto_free char *text =
        value ? json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    put_text(out, text ? text : "nothing");
}

static void put_failure(FILE *out, const json_t *failure)
{
    const char *error = text_at(failure, "error"), *key = text_at(failure, "key");
    fputs("      <failure", out);
    put_attribute(out, "message", error ? error : key);
    fprintf(out, ">variant %" JSON_INTEGER_FORMAT ": ",
            json_integer_value(json_object_get(failure, "variant")));
    if (error) {
        put_text(out, error);
    } else {
        put_text(out, key ? key : "");
        fputs(" is ", out);
        put_value(out, json_object_get(failure, "got"));
        fputs("; expected was ", out);
        put_value(out, json_object_get(failure, "expected"));
        fputs("; ", out);
        put_text(out, text_at(failure, "explanation") ? text_at(failure, "explanation") : "");
    }
    fputs("</failure>\n", out);
}

static void put_case(FILE *out, const char *suite, const json_t *test)
{
    size_t i;
    json_t *failure;
    fputs("    <testcase", out);
    put_attribute(out, "name", text_at(test, "name"));
    put_attribute(out, "classname", suite);
    put_attribute(out, "file", text_at(test, "file"));
    fprintf(out, " line=\"%" JSON_INTEGER_FORMAT "\" time=\"0\">\n",
            json_integer_value(json_object_get(test, "line")));
    json_array_foreach(json_object_get(test, "failures"), i, failure) put_failure(out, failure);
    fputs("    </testcase>\n", out);
}

static void put_suite(FILE *out, const json_t *report)
{
    size_t i;
    json_t *test, *tests = json_object_get(report, "tests");
    fputs("  <testsuite", out);
    put_attribute(out, "name", text_at(report, "file"));
    fprintf(out, " tests=\"%zu\" failures=\"%" JSON_INTEGER_FORMAT "\" errors=\"0\">\n",
            json_array_size(tests), json_integer_value(json_object_get(report, "failed")));
    json_array_foreach(tests, i, test) put_case(out, text_at(report, "file"), test);
    fputs("  </testsuite>\n", out);
}

int policy_junit(const json_t *reports, struct cli_outfile *out, struct reeve_error *err)
{
    auto_free char *text = NULL;
    size_t n = 0, i;
    json_t *report;
    FILE *xml = open_memstream(&text, &n);
    if (xml) {
        fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n", xml);
        json_array_foreach(reports, i, report) put_suite(xml, report);
        fputs("</testsuites>\n", xml);
    }
    if (xml && fclose(xml) == 0)
        return cli_outfile_commit(out, text, n, err);
    err->code = REEVE_ENOMEM;
    snprintf(err->message, sizeof err->message, "out of memory");
    return err->code;
}
