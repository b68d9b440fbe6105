/*
 * The plans that records name, of a live log and of a copy: read by digest, and given only when
 * they hash to it.
 */
#include "audit/record.h"
#include "broker/api.h"
#include "core/json.h"
#include "core/plan.h"
#include "reeve/tooling.h"

int api_read_plan(void *self, const uint8_t digest[BASE_SHA256], struct buf *out,
                  struct reeve_error *err)
{
    struct client c;
    struct str asked = {(const char *)digest, BASE_SHA256}, answer;
    int rc = api_connect(self, &c, err);
    if (rc)
        return rc;
    rc = client_ask(&c, WIRE_PLAN, asked, &answer, err);
    if (!rc) {
        buf_str(out, answer);
        rc = out->failed ? base_fail(err, REEVE_ENOMEM, "out of memory for a plan") : 0;
    }
    return api_finish(self, &c, rc);
}

/* ---- of a record ---- */

struct named {
    bool found;
    struct buf record;
};

static int keep_record(void *arg, uint64_t seq, struct str record, const uint8_t leaf[BASE_SHA256])
{
    struct named *n = arg;
    (void)seq, (void)leaf;
    n->found = true;
    buf_str(&n->record, record);
    return 1;
}

static int read_name(struct str record, uint64_t seq, uint8_t digest[BASE_SHA256],
                     struct reeve_error *err)
{
    auto_json struct json_text t = {0};
    int rc = json_text_parse(record, &t, err);
    if (rc)
        return rc;
    const struct json_node *root = json_root(&t.doc);
    struct str name = json_string_or(json_get(&t.doc, root, "plan"), STR(""));
    const struct json_node *kept = json_get(&t.doc, root, "plan_kept");
    if (!record_digest(name, digest))
        return base_fail(err, REEVE_ENOENT, "record %llu names no plan; only that of a run does",
                         (unsigned long long)seq);
    if (kept && kept->type == JSON_FALSE)
        return base_fail(err, REEVE_ENOENT,
                         "the plan of record %llu is not kept, since the policy masks what it is "
                         "made of; whoever has its bytes can compare their SHA-256 with %.*s",
                         (unsigned long long)seq, (int)name.n, name.p);
    return 0;
}

static int find_name(const struct audit_source *source, uint64_t seq, uint8_t digest[BASE_SHA256],
                     struct reeve_error *err)
{
    struct named n = {.record = {.max = AUDIT_MAX_RECORD}};
    int rc = source->read(source->self, seq, 1, keep_record, &n, err);
    if (!rc && n.record.failed)
        rc = base_fail(err, REEVE_ENOMEM, "out of memory for a record");
    if (!rc && !n.found)
        rc = base_fail(err, REEVE_ENOENT, "the log has no record %llu", (unsigned long long)seq);
    else if (!rc && !n.record.len)
        rc = base_fail(err, REEVE_ENOENT, "record %llu is kept as its hash alone",
                       (unsigned long long)seq);
    if (!rc)
        rc = read_name(buf_view(&n.record), seq, digest, err);
    buf_fini(&n.record);
    return rc;
}

static int give_plan(const struct audit_source *source, uint64_t seq, void **bytes, size_t *n,
                     struct reeve_error *err)
{
    uint8_t digest[BASE_SHA256], own[BASE_SHA256];
    auto_buf struct buf plan = {.max = WIRE_MAX_FRAME};
    int rc = find_name(source, seq, digest, err);
    if (!rc && !source->plan)
        rc = base_fail(err, REEVE_ENOENT, "there is no plans.db");
    if (!rc)
        rc = source->plan(source->self, digest, &plan, err);
    if (rc)
        return rc;
    base_sha256(plan.data, plan.len, own);
    if (memcmp(own, digest, sizeof own) != 0)
        return base_fail(err, REEVE_EVERIFY,
                         "what is kept as the plan of record %llu does not hash to its digest",
                         (unsigned long long)seq);
    *bytes = buf_take(&plan, n);
    return *bytes ? 0 : base_fail(err, REEVE_ENOMEM, "out of memory for a plan");
}

static int check_places(void **bytes, const size_t *n, struct reeve_error *err)
{
    if (!bytes || !n)
        return base_fail(err, REEVE_EINVAL, "a plan needs a place");
    *bytes = NULL;
    return 0;
}

int reeve_plan(struct reeve *handle, uint64_t seq, void **bytes, size_t *n, struct reeve_error *err)
{
    const struct audit_source source = {
        .read = api_read_rows, .plan = api_read_plan, .self = handle};
    int rc = check_places(bytes, n, err);
    return rc ? rc : give_plan(&source, seq, bytes, n, err);
}

int reeve_copy_plan(const char *dir, uint64_t seq, void **bytes, size_t *n, struct reeve_error *err)
{
    struct audit_copy *copy;
    struct audit_source source;
    int rc = check_places(bytes, n, err);
    if (!rc && !dir)
        rc = base_fail(err, REEVE_EINVAL, "a folder is needed");
    if (!rc)
        rc = audit_copy_open(dir, &copy, &source, err);
    if (rc)
        return rc;
    rc = give_plan(&source, seq, bytes, n, err);
    audit_copy_close(&copy);
    return rc;
}

int reeve_copy_records(const char *dir, uint64_t from, uint64_t max,
                       int (*fn)(void *arg, const struct reeve_record *record), void *arg,
                       struct reeve_error *err)
{
    struct audit_copy *copy;
    struct audit_source source;
    struct api_taker to = {fn, arg};
    if (!dir || !fn)
        return base_fail(err, REEVE_EINVAL, "a folder, and who takes its records, are needed");
    int rc = audit_copy_open(dir, &copy, &source, err);
    if (rc)
        return rc;
    rc = source.read(source.self, from, max, api_give_record, &to, err);
    audit_copy_close(&copy);
    return rc;
}

int reeve_plan_json(const void *bytes, size_t n, char **json, struct reeve_error *err)
{
    struct plan_view view;
    if (!bytes || !json)
        return base_fail(err, REEVE_EINVAL, "a plan and a place for its text are needed");
    *json = NULL;
    if (!n || n > PLAN_MAX_BYTES)
        return base_fail(err, REEVE_EFORMAT, "a plan has 1 to %u bytes", PLAN_MAX_BYTES);
    auto_free char *aligned = malloc(n);
    if (!aligned)
        return base_fail(err, REEVE_ENOMEM, "out of memory for a plan");
    memcpy(aligned, bytes, n);
    if (!plan_check(aligned, n, &view))
        return base_fail(err, REEVE_EFORMAT, "this is no plan that this version knows");
    struct buf text = {.max = (size_t)1 << 20};
    plan_render(&view, &text);
    *json = buf_take(&text, NULL);
    return *json ? 0 : base_fail(err, REEVE_ENOMEM, "out of memory for a plan");
}
