/*
 * The JSON reader under any bytes. What it accepts must have a canonical form that it accepts again
 * and that is its own canonical form; a document's nodes must nest.
 */
#include "core/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition))                                                                          \
            abort();                                                                               \
    } while (0)

static void check_nesting(const struct json_doc *d)
{
    for (uint32_t i = 0; i < d->count; i++) {
        const struct json_node *n = &d->nodes[i];
        REQUIRE(n->end > i && n->end <= d->count);
        uint32_t children = n->type == JSON_OBJECT ? 2 * n->count : n->count, at = i + 1;
        for (uint32_t k = 0; k < children; k++)
            at = d->nodes[at].end;
        REQUIRE(at == n->end);
    }
}

static void check_canonical(struct str text)
{
    auto_buf struct buf once = {0};
    auto_buf struct buf twice = {0};
    struct reeve_error err = {0};
    REQUIRE(json_canonicalise(text, &once, &err) == 0);
    REQUIRE(json_canonicalise(buf_view(&once), &twice, &err) == 0);
    REQUIRE(str_eq(buf_view(&once), buf_view(&twice)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct str text = {(const char *)data, n};
    struct reeve_error err = {0};
    auto_json struct json_text t;
    if (json_text_parse(text, &t, &err)) {
        REQUIRE(err.code == REEVE_EFORMAT && err.line > 0 && err.column > 0);
        return 0;
    }
    check_nesting(&t.doc);
    check_canonical(text);
    return 0;
}
