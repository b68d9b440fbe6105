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

int reeve_verify(struct reeve *handle, const char *vkey, const char *kept,
                 void (*progress)(void *arg, uint64_t done, uint64_t total), void *arg,
                 struct reeve_verify_report *report, struct reeve_error *err)
{
    char own[API_MAX_VKEY];
    auto_free char *text = NULL;
    auto_json struct json_text t = {0};
    struct audit_head head = {0};
    struct audit_report found = {0};
    struct audit_source source = {.read = api_read_rows, .plan = api_read_plan, .self = handle};
    if (!report || report->size > sizeof *report || report->size < sizeof report->size)
        return base_fail(err, REEVE_EINVAL, "reeve_verify needs a report to fill");
    int rc = vkey ? api_question(handle, WIRE_ASK, STR("head"), &text, err)
                  : api_ask_head(handle, own, &text, err);
    if (!rc)
        rc = json_text_parse(str_of(text), &t, err);
    if (rc)
        return rc;
    rc = fill_head(&t.doc, &head, err);
    if (rc)
        return rc;
    head.kept = api_given(kept);
    rc = audit_verify(&source, &head, str_of(vkey ? vkey : own), progress, arg, &found, err);
    if (rc)
        return rc;
    put_report(&found, &head, 0, report);
    return 0;
}

static int check_copy(const char *dir, const struct audit_head *head, const char *vkey,
                      void (*progress)(void *arg, uint64_t done, uint64_t total), void *arg,
                      struct reeve_verify_report *report, struct reeve_error *err)
{
    struct audit_copy *copy;
    struct audit_source source;
    struct audit_report found = {0};
    uint64_t size = 0;
    int rc = audit_copy_open(dir, &copy, &source, err);
    if (!rc)
        rc = audit_verify(&source, head, str_of(vkey), progress, arg, &found, err);
    if (!rc && audit_copy_size(copy, &size, NULL) != 0)
        size = 0; /* what cannot be read is among the findings */
    audit_copy_close(&copy);
    if (!rc)
        put_report(&found, head, size > head->size ? size - head->size : 0, report);
    return rc;
}

int reeve_verify_copy(const char *dir, const char *vkey, const char *kept,
                      void (*progress)(void *arg, uint64_t done, uint64_t total), void *arg,
                      struct reeve_verify_report *report, struct reeve_error *err)
{
    struct note_key key;
    struct note_checkpoint checkpoint;
    if (!dir || !vkey || !kept || !report || report->size > sizeof *report ||
        report->size < sizeof report->size)
        return base_fail(err, REEVE_EINVAL,
                         "a folder, a verifier key, a checkpoint and a report are needed");
    int rc = note_key_parse(str_of(vkey), &key, err);
    if (!rc)
        rc = note_checkpoint_open(str_of(kept), &key, &checkpoint, err);
    if (rc)
        return rc;
    struct audit_head head = {
        .size = checkpoint.size, .note = str_of(kept), .origin = key.name, .vkey = str_of(vkey)};
    return check_copy(dir, &head, vkey, progress, arg, report, err);
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
