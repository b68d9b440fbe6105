/*
 * The bytes of one record are taken away on request: of what was asked and what came of it, never
 * of what tells of the log itself. That it was done, by whom and why, is durable first; the index
 * and then the log give the bytes up.
 */
#include "broker/internal.h"

#include "audit/index.h"

/* Records without which the log would not say of itself what it must. */
static bool may_go(struct str type)
{
    static const char *const types[] = {"decision", "end", "rejected"};
    for (size_t i = 0; i < BASE_COUNT(types); i++)
        if (str_is(type, types[i]))
            return true;
    return false;
}

static int check(struct owner *owner, uint64_t seq, struct json_text *record,
                 struct reeve_error *err)
{
    if (!owner_can_write(owner))
        return owner_cannot_write(owner, err);
    if (seq >= audit_log_size(owner->log))
        return base_fail(err, REEVE_ENOENT, "the log has no record %llu", (unsigned long long)seq);
    if (!owner_fetch(owner, seq, record))
        return base_fail(err, REEVE_ENOENT, "record %llu is kept as its hash alone already",
                         (unsigned long long)seq);
    struct str type =
        json_string_or(json_get(&record->doc, json_root(&record->doc), "type"), STR(""));
    if (!may_go(type))
        return base_fail(err, REEVE_EINVAL,
                         "record %llu is of type %.*s and tells of the log itself: it stays",
                         (unsigned long long)seq, (int)type.n, type.p);
    return 0;
}

static int tell(struct owner *owner, const struct request_peer *peer, uint64_t seq,
                struct str reason, const struct json_text *record, uint64_t *at,
                struct reeve_error *err)
{
    auto_buf struct buf b = {0};
    struct json_out o = {.b = &b};
    const struct json_node *root = json_root(&record->doc);
    const struct json_node *release = json_get(&record->doc, root, "release");
    owner_record_open(owner, "erased", &o);
    json_kv_uint(&o, "from", seq);
    json_kv_uint(&o, "to", seq);
    json_kv_str(&o, "was", json_string_or(json_get(&record->doc, root, "type"), STR("")));
    if (release && release->type == JSON_INT)
        json_kv_int(&o, "release", release->i);
    if (reason.n)
        json_kv_str(&o, "reason", reason);
    record_asserted_by(peer, &o);
    json_close_object(&o);
    int rc = owner_append(owner, &b, at, err);
    return rc ? rc : audit_writer_await(owner->writer, *at, err);
}

int owner_forget_index(struct owner *owner, struct reeve_error *err)
{
    audit_indexer_stop(&owner->indexer);
    return audit_index_remove(owner->dir, err);
}

int owner_erase(struct owner *owner, const struct request_peer *peer, uint64_t seq,
                struct str reason, struct buf *answer, struct reeve_error *err)
{
    auto_json struct json_text record = {0};
    uint64_t at = 0;
    int rc = check(owner, seq, &record, err);
    if (!rc)
        rc = tell(owner, peer, seq, reason, &record, &at, err);
    if (rc)
        return rc;
    rc = owner_forget_index(owner, err);
    if (!rc)
        rc = audit_log_erase(owner->log, seq, err);
    owner_start_index(owner);
    owner->sweep_wanted = true; /* the plan that it named goes, if no other decision names it */
    if (rc)
        return rc;
    struct json_out o = {.b = answer};
    json_open_object(&o);
    json_kv_uint(&o, "erased", seq);
    json_kv_uint(&o, "recorded", at);
    json_close_object(&o);
    return 0;
}
