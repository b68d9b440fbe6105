/* What the owner says of itself: status, providers, the log's head. */
#include <unistd.h>

#include "broker/internal.h"

static void put_index(struct owner *owner, struct json_out *o)
{
    struct reeve_error why = owner->index_why;
    uint64_t through = 0;
    int code = owner->indexer ? audit_indexer_state(owner->indexer, &through, &why) : why.code;
    json_key(o, "index");
    json_open_object(o);
    json_kv_uint(o, "through", through);
    if (code)
        json_kv_str(o, "problem", str_of(why.message));
    json_close_object(o);
}

void reindex_json(struct owner *owner, struct buf *out)
{
    struct json_out o = {.b = out};
    if (owner->indexer)
        audit_indexer_restart(owner->indexer);
    json_open_object(&o);
    json_kv_bool(&o, "begun", owner->indexer != NULL);
    json_close_object(&o);
}

static void put_log(struct owner *owner, struct json_out *o)
{
    struct audit_head head = {0};
    if (!owner->log)
        return;
    audit_log_head(owner->log, &head);
    json_kv_uint(o, "size", head.size);
    json_kv_str(o, "origin", head.origin);
    json_kv_str(o, "condition", str_of(audit_condition_name(head.condition)));
    if (head.condition != AUDIT_OK) {
        json_kv_uint(o, "first_bad", head.first_bad);
        json_kv_str(o, "detail", head.detail);
    }
    put_index(owner, o);
}

/* A path as it is, or, where it is no UTF-8, with those bytes as \\xNN: nothing else can be told
 * without telling another path. */
static void put_path(struct json_out *o, const char *key, const char *path)
{
    struct str whole = str_of(path);
    auto_buf struct buf shown = {0};
    if (str_is_utf8(whole)) {
        json_kv_str(o, key, whole);
        return;
    }
    for (size_t at = 0, n; at < whole.n; at += n) {
        n = 1;
        while (n < 4 && at + n < whole.n && ((uint8_t)whole.p[at + n] & 0xc0) == 0x80)
            n++;
        if (str_is_utf8((struct str){whole.p + at, n}))
            buf_put(&shown, whole.p + at, n);
        else
            for (size_t i = 0; i < n; i++)
                buf_printf(&shown, "\\x%02x", (uint8_t)whole.p[at + i]);
    }
    json_kv_str(o, key, buf_view(&shown));
}

void status_json(struct owner *owner, struct buf *out)
{
    struct json_out o = {.b = out};
    bool sound = owner->log && owner->found.condition == AUDIT_OK;
    json_open_object(&o);
    put_path(&o, "folder", owner->dir);
    json_kv_int(&o, "pid", getpid());
    json_kv_int(&o, "uid", owner->uid);
    json_kv_str(&o, "kind", owner->options.embedded ? STR("embedded") : STR("reeved"));
    json_kv_bool(&o, "lingering", owner->options.linger_ns != 0);
    json_kv_str(&o, "grade", STR("embedded"));
    json_kv_str(&o, "version", str_of(reeve_version()));
    json_kv_bool(&o, "can_decide", sound && owner_can_write(owner));
    if (sound && !owner_can_write(owner)) {
        struct reeve_error why = {0};
        (void)owner_cannot_write(owner, &why);
        json_kv_str(&o, "cannot_decide_because", str_of(why.message));
    }
    json_kv_bool(&o, "helpers", owner->log != NULL);
    json_kv_int(&o, "connections", owner->nconns);
    json_kv_int(&o, "requests_in_progress", owner->nruns);
    json_key(&o, "policy");
    json_open_object(&o);
    json_kv_str(&o, "name", policy_image_name(owner->image));
    json_kv_digest(&o, "digest", policy_image_digest(owner->image));
    json_close_object(&o);
    json_key(&o, "log");
    json_open_object(&o);
    put_log(owner, &o);
    json_close_object(&o);
    json_close_object(&o);
}

void providers_json(struct owner *owner, struct buf *out)
{
    struct json_out o = {.b = out};
    json_open_array(&o);
    for (unsigned i = 0; i < owner->registry.n; i++) {
        const struct reeve_provider *p = owner->registry.provider[i];
        char why[256] = "";
        bool available = p->is_available(p->self, why);
        json_open_object(&o);
        json_kv_str(&o, "name", str_of(p->name));
        json_kv_str(&o, "rank", str_of(core_rank_name((enum core_rank)p->rank)));
        json_kv_bool(&o, "available", available);
        if (!available)
            json_kv_str(&o, "why_not", str_of(why));
        json_kv_str(&o, "enforced_by", str_of(p->enforced_by));
        json_kv_bool(&o, "programs", (p->features & REEVE_FEATURE_PROGRAM) != 0);
        json_kv_bool(&o, "capabilities", (p->features & REEVE_FEATURE_CAPABILITY) != 0);
        json_close_object(&o);
    }
    json_close_array(&o);
}

int owner_rotate_key(struct owner *owner, struct buf *out, struct reeve_error *err)
{
    struct json_out o = {.b = out};
    struct audit_head head = {0};
    uint64_t seq;
    if (owner->found.condition != AUDIT_OK)
        return base_fail(err, REEVE_EDAMAGED, "the log is %s: its key is not changed",
                         audit_condition_name(owner->found.condition));
    if (!owner_can_write(owner))
        return owner_cannot_write(owner, err);
    int rc = audit_writer_rotate(owner->writer, &seq, err);
    (void)owner_journal_tick(owner);
    if (rc)
        return rc;
    audit_log_head(owner->log, &head);
    owner_event(owner, "record %llu enters a new key of the log", (unsigned long long)seq);
    json_open_object(&o);
    json_kv_uint(&o, "seq", seq);
    json_kv_str(&o, "vkey", head.vkey);
    json_close_object(&o);
    return 0;
}

void head_json(struct owner *owner, struct buf *out)
{
    struct json_out o = {.b = out};
    struct audit_head head = {0};
    char root[2 * BASE_SHA256 + 1];
    audit_log_head(owner->log, &head);
    base_hex(head.root, BASE_SHA256, root);
    json_open_object(&o);
    json_kv_str(&o, "root", str_of(root));
    json_kv_str(&o, "note", head.note);
    json_kv_str(&o, "vkey", head.vkey);
    put_log(owner, &o);
    json_close_object(&o);
}
