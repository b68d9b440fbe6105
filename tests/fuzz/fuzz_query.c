/*
 * A query and a record, both from anywhere: whatever they are, a further condition never makes a
 * record an answer that was none, and a record has its own words.
 */
#include <assert.h>

#include "audit/query.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* The next line of the input; the rest is the record. */
static struct str line(struct str *in)
{
    const char *end = in->n ? memchr(in->p, '\n', in->n) : NULL;
    struct str s = {in->p, end ? (size_t)(end - in->p) : in->n};
    *in = end ? (struct str){end + 1, in->n - s.n - 1} : (struct str){in->p + in->n, 0};
    return s.n ? s : (struct str){NULL, 0};
}

static void own_words(const struct audit_query *q, struct str record)
{
    auto_json struct json_text t = {0};
    struct audit_query with = *q;
    with.text = record;
    if (json_text_parse(record, &t, NULL) == 0)
        assert(audit_query_matches(&with, record) == audit_query_matches(q, record));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct str in = {(const char *)data, n};
    struct audit_query q = {.since = line(&in), .until = line(&in), .text = line(&in)};
    (void)audit_query_check(&q, NULL);
    for (unsigned i = 0; i < AUDIT_COLUMNS; i++)
        q.is[i] = line(&in);
    bool whole = audit_query_matches(&q, in);
    for (unsigned i = 0; i < AUDIT_COLUMNS; i++) {
        struct audit_query less = q;
        less.is[i] = (struct str){NULL, 0};
        assert(!whole || audit_query_matches(&less, in));
    }
    struct audit_query no_text = q;
    no_text.text = (struct str){NULL, 0};
    assert(!whole || audit_query_matches(&no_text, in));
    if (in.n < 4096) /* each word is looked for among all */
        own_words(&no_text, in);
    return 0;
}
