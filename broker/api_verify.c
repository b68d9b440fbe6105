/*
 * Checking from the client's side: a live log, whose rows come raw from its owner, a copy of one, a
 * receipt. Nothing is believed but what the verifier key shows.
 */
#include <stdio.h>

#include "audit/audit.h"
#include "audit/note.h"
#include "broker/api.h"
#include "core/json.h"

static bool condition_of(struct str name, enum audit_condition *out)
{
    for (int i = 0; audit_condition_name((enum audit_condition)i); i++)
        if (str_is(name, audit_condition_name((enum audit_condition)i))) {
            *out = (enum audit_condition)i;
            return true;
        }
    return false;
}

static int fill_head(const struct json_doc *doc, struct audit_head *head, struct reeve_error *err)
{
    const struct json_node *root = json_root(doc);
    const struct json_node *size = json_get(doc, root, "size");
    const struct json_node *bad = json_get(doc, root, "first_bad");
    head->size = size && size->type == JSON_INT && size->i > 0 ? (uint64_t)size->i : 0;
    head->first_bad = bad && bad->type == JSON_INT && bad->i > 0 ? (uint64_t)bad->i : 0;
    head->note = json_string_or(json_get(doc, root, "note"), STR(""));
    head->origin = json_string_or(json_get(doc, root, "origin"), STR(""));
    head->vkey = json_string_or(json_get(doc, root, "vkey"), STR(""));
    head->detail = json_string_or(json_get(doc, root, "detail"), STR(""));
    (void)base_unhex(json_string_or(json_get(doc, root, "root"), STR("")), head->root, BASE_SHA256);
    if (!condition_of(json_string_or(json_get(doc, root, "condition"), STR("")), &head->condition))
        return base_fail(err, REEVE_EPROTO, "the owner does not say what it found of its log");
    return 0;
}

static void put_report(const struct audit_report *found, const struct audit_head *head,
                       uint64_t beyond, struct reeve_verify_report *report)
{
    struct reeve_verify_report out = {.size = report->size,
                                      .ok = found->ok,
                                      .records = found->records,
                                      .without_bytes = found->without_bytes,
                                      .erased = found->erased,
                                      .expired = found->expired,
                                      .set_aside = found->set_aside,
                                      .set_aside_at = found->set_aside_at,
                                      .set_aside_beyond_crash = found->set_aside_beyond_crash,
                                      .beyond = beyond,
                                      .plans_kept = found->plans_kept,
                                      .plans_masked = found->plans_masked,
                                      .plans_unchecked = found->plans_unchecked,
                                      .has_bad = found->has_bad,
                                      .first_bad = found->first_bad};
    (void)snprintf(out.finding, sizeof out.finding, "%s", found->finding);
    (void)snprintf(out.detail, sizeof out.detail, "%s", found->detail);
    (void)snprintf(out.origin, sizeof out.origin, "%.*s", (int)head->origin.n, head->origin.p);
    base_hex(found->root, BASE_SHA256, out.root);
    memcpy(report, &out, report->size);
}

/* ---- some rows alone ---- */

/* What the owner gives is a claim: it is checked against the signed root. */
static int ask_proof(struct reeve *handle, uint64_t index, uint64_t size, struct audit_proof *out,
                     struct reeve_error *err)
{
    auto_free char *json = NULL;
    *out = (struct audit_proof){.index = index, .size = size};
    int rc = reeve_prove(handle, index, size, &json, err);
    return rc ? rc : audit_proof_read(str_of(json), out, err);
}

/* Exclusive. */
struct rows {
    uint64_t from, to;
};

static int no_file(uint64_t first, struct reeve_error *err)
{
    return base_fail(err, REEVE_EINVAL, "no file of the log begins with record %llu",
                     (unsigned long long)first);
}

/* Of the list that the owner gives. */
static int find_file(struct reeve *handle, struct rows *rows, struct reeve_error *err)
{
    auto_free char *json = NULL;
    auto_json struct json_text t = {0};
    int rc = reeve_segments(handle, &json, err);
    if (!rc)
        rc = json_text_parse(str_of(json), &t, err);
    const struct json_node *list = rc ? NULL : json_root(&t.doc);
    if (!rc && list->type != JSON_ARRAY)
        rc = base_fail(err, REEVE_EPROTO, "the owner does not list the log's files");
    if (rc)
        return rc;
    const struct json_node *file = json_first(&t.doc, list);
    for (uint32_t i = 0; i < list->count; i++, file = json_next(&t.doc, file)) {
        const struct json_node *first = json_get(&t.doc, file, "first");
        const struct json_node *records = json_get(&t.doc, file, "records");
        if (first && records && first->type == JSON_INT && records->type == JSON_INT &&
            records->i > 0 && (uint64_t)first->i == rows->from) {
            rows->to = rows->from + (uint64_t)records->i;
            return 0;
        }
    }
    return no_file(rows->from, err);
}

static bool wants_some(const struct reeve_verify_options *o)
{
    return o->from || o->count || o->segment;
}

static struct rows rows_of(const struct reeve_verify_options *o, uint64_t size)
{
    bool to_end = !o->count || o->count > size || o->from > size - o->count;
    return (struct rows){o->from, to_end ? size : o->from + o->count};
}

static int check_rows(const struct rows *rows, uint64_t size, struct reeve_error *err)
{
    return rows->from < rows->to && rows->to <= size
               ? 0
               : base_fail(err, REEVE_EINVAL, "the log has signed %llu records",
                           (unsigned long long)size);
}

static int ask_range(struct reeve *handle, const struct reeve_verify_options *o, uint64_t size,
                     struct audit_range *out, struct reeve_error *err)
{
    struct rows rows = rows_of(o, size);
    struct audit_proof first, last;
    int rc = o->segment ? find_file(handle, &rows, err) : 0;
    if (rows.to > size) /* log.db, which grows */
        rows.to = size;
    if (!rc)
        rc = check_rows(&rows, size, err);
    if (!rc)
        rc = ask_proof(handle, rows.from, size, &first, err);
    if (!rc)
        rc = ask_proof(handle, rows.to - 1, size, &last, err);
    return rc ? rc : audit_range_of_proofs(&first, &last, out, err);
}

static int copy_range(struct audit_copy *copy, const struct audit_source *source,
                      const struct reeve_verify_options *o, uint64_t size, struct audit_range *out,
                      struct reeve_error *err)
{
    struct rows rows = rows_of(o, size);
    uint64_t last;
    if (o->segment && !audit_copy_file(copy, o->from, &last))
        return no_file(o->from, err);
    if (o->segment)
        rows.to = last < size ? last + 1 : size;
    int rc = check_rows(&rows, size, err);
    return rc ? rc : audit_range_of_rows(source, rows.from, rows.to, size, out, err);
}

/* ---- a log ---- */

static int check_live(struct reeve *handle, const struct reeve_verify_options *o,
                      struct reeve_verify_report *report, struct reeve_error *err)
{
    char own[API_MAX_VKEY];
    auto_free char *text = NULL;
    auto_json struct json_text t = {0};
    struct audit_head head = {0};
    struct audit_range range;
    struct audit_report found = {0};
    struct audit_source source = {.read = api_read_rows, .plan = api_read_plan, .self = handle};
    int rc = o->vkey ? api_question(handle, WIRE_ASK, STR("head"), &text, err)
                     : api_ask_head(handle, own, &text, err);
    if (!rc)
        rc = json_text_parse(str_of(text), &t, err);
    if (!rc)
        rc = fill_head(&t.doc, &head, err);
    if (!rc && wants_some(o))
        rc = ask_range(handle, o, head.size, &range, err);
    if (rc)
        return rc;
    head.kept = api_given(o->kept);
    head.range = wants_some(o) ? &range : NULL;
    rc = audit_verify(&source, &head, str_of(o->vkey ? o->vkey : own), o->progress, o->arg, &found,
                      err);
    if (!rc)
        put_report(&found, &head, 0, report);
    return rc;
}

static int check_rows_of_copy(struct audit_copy *copy, const struct audit_source *source,
                              struct audit_head *head, const struct reeve_verify_options *o,
                              struct reeve_verify_report *report, struct reeve_error *err)
{
    struct audit_range range;
    struct audit_report found = {0};
    uint64_t size = 0;
    int rc = wants_some(o) ? copy_range(copy, source, o, head->size, &range, err) : 0;
    head->range = wants_some(o) ? &range : NULL;
    if (!rc)
        rc = audit_verify(source, head, head->vkey, o->progress, o->arg, &found, err);
    if (!rc && audit_copy_size(copy, &size, NULL) != 0)
        size = 0; /* what cannot be read is among the findings */
    if (!rc)
        put_report(&found, head, size > head->size ? size - head->size : 0, report);
    return rc;
}

static int check_copy(const struct reeve_verify_options *o, struct reeve_verify_report *report,
                      struct reeve_error *err)
{
    struct note_key key;
    struct note_checkpoint checkpoint;
    struct audit_copy *copy;
    struct audit_source source;
    if (!o->vkey || !o->kept)
        return base_fail(err, REEVE_EINVAL, "a copy needs a verifier key and a checkpoint");
    int rc = note_key_parse(str_of(o->vkey), &key, err);
    if (!rc)
        rc = note_checkpoint_open(str_of(o->kept), &key, &checkpoint, err);
    if (!rc)
        rc = audit_copy_open(o->copy, &copy, &source, err);
    if (rc)
        return rc;
    struct audit_head head = {.size = checkpoint.size,
                              .note = str_of(o->kept),
                              .origin = key.name,
                              .vkey = str_of(o->vkey)};
    rc = check_rows_of_copy(copy, &source, &head, o, report, err);
    audit_copy_close(&copy);
    return rc;
}

int reeve_verify(struct reeve *handle, const struct reeve_verify_options *options,
                 struct reeve_verify_report *report, struct reeve_error *err)
{
    struct reeve_verify_options o = {0};
    if (!report || report->size > sizeof *report || report->size < sizeof report->size)
        return base_fail(err, REEVE_EINVAL, "reeve_verify needs a report to fill");
    if (options && (options->size > sizeof o || options->size < sizeof options->size))
        return base_fail(err, REEVE_EINVAL, "these options are of another version");
    if (options)
        memcpy(&o, options, options->size);
    return o.copy ? check_copy(&o, report, err) : check_live(handle, &o, report, err);
}

int reeve_receipt_check(const char *text, size_t n, const char *vkey, char **json,
                        struct reeve_error *err)
{
    auto_arena struct arena arena = {0};
    struct audit_receipt receipt = {0};
    if (!text || !vkey || !json)
        return base_fail(err, REEVE_EINVAL, "a receipt and a verifier key are needed");
    *json = NULL;
    int rc = audit_receipt_check((struct str){text, n}, str_of(vkey), &arena, &receipt, err);
    if (rc)
        return rc;
    struct buf out = {0};
    struct json_out o = {.b = &out};
    json_open_object(&o);
    json_kv_uint(&o, "index", receipt.index);
    json_kv_uint(&o, "size", receipt.size);
    json_kv_str(&o, "origin", receipt.origin);
    json_key(&o, "record");
    json_raw(&o, receipt.record);
    json_close_object(&o);
    *json = buf_take(&out, NULL);
    return *json ? 0 : base_fail(err, REEVE_ENOMEM, "out of memory");
}
