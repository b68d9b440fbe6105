/*
 * Reads sequence and kind of one record with the bounded JSON reader. Called by log and verifier.
 */
#include "audit/record.h"

#include "audit/audit.h"
#include "audit/note.h"

void record_reader_fini(struct record_reader *r)
{
    free(r->text);
    free(r->nodes);
    *r = (struct record_reader){0};
}

static bool ready(struct record_reader *r)
{
    if (!r->text)
        r->text = malloc(AUDIT_MAX_RECORD);
    if (!r->nodes)
        r->nodes = calloc(JSON_MAX_NODES, sizeof *r->nodes);
    return r->text && r->nodes;
}

/* Integers beyond 2^53 stand in records as text. */
static bool unsigned_of(const struct json_node *n, uint64_t *out)
{
    if (n && n->type == JSON_INT && n->i >= 0) {
        *out = (uint64_t)n->i;
        return true;
    }
    return n && n->type == JSON_STRING && note_decimal(n->s, out);
}

static enum record_kind kind_of(struct str type)
{
    static const struct {
        const char *name;
        enum record_kind kind;
    } kinds[] = {
#define X(id, name) {name, RECORD_##id},
        RECORD_KIND_TABLE(X)
#undef X
    };
    for (size_t i = 0; i < BASE_COUNT(kinds); i++)
        if (str_is(type, kinds[i].name))
            return kinds[i].kind;
    return RECORD_OTHER;
}

bool record_digest(struct str text, uint8_t out[BASE_SHA256])
{
    const struct str form = STR("sha256:");
    return str_starts(text, form) &&
           base_unhex((struct str){text.p + form.n, text.n - form.n}, out, BASE_SHA256);
}

/* Of a decision. */
static void read_plan(const struct json_doc *doc, struct record_info *out)
{
    const struct json_node *root = json_root(doc), *kept = json_get(doc, root, "plan_kept");
    out->has_plan = record_digest(json_string_or(json_get(doc, root, "plan"), STR("")), out->plan);
    out->plan_masked = kept && kept->type == JSON_FALSE;
}

int record_read(struct record_reader *r, struct str record, struct record_info *out,
                struct reeve_error *err)
{
    struct json_doc doc;
    if (record.n > AUDIT_MAX_RECORD)
        return base_fail(err, REEVE_EFORMAT, "a record has at most %u bytes", AUDIT_MAX_RECORD);
    if (!ready(r))
        return base_fail(err, REEVE_ENOMEM, "out of memory for reading records");
    if (record.n)
        memcpy(r->text, record.p, record.n);
    int rc = json_parse(r->text, record.n, r->nodes, JSON_MAX_NODES, &doc, err);
    if (rc)
        return rc;
    const struct json_node *root = json_root(&doc);
    *out = (struct record_info){.kind = RECORD_OTHER};
    if (!unsigned_of(json_get(&doc, root, "seq"), &out->seq))
        return base_fail(err, REEVE_EFORMAT, "a record is a JSON object with a number \"seq\"");
    out->kind = kind_of(json_string_or(json_get(&doc, root, "type"), STR("")));
    out->has_release = unsigned_of(json_get(&doc, root, "release"), &out->release);
    if (!unsigned_of(json_get(&doc, root, "from"), &out->from) ||
        !unsigned_of(json_get(&doc, root, "to"), &out->to)) {
        out->from = 1;
        out->to = 0;
    }
    const struct json_node *beyond = json_get(&doc, root, "beyond_crash");
    out->beyond_crash = beyond && beyond->type == JSON_TRUE;
    if (out->kind == RECORD_DECISION)
        read_plan(&doc, out);
    return 0;
}
