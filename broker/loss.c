/*
 * An operator gives up what a log has lost: the owner's part. See audit/loss.h.
 */
#include <unistd.h>

#include "broker/internal.h"

#include "audit/loss.h"

/* Only what the operator named, so that nothing is given up that they did not know of. */
static int check(const struct owner *owner, struct reeve_error *err)
{
    const struct audit_found *f = &owner->found;
    unsigned long long from = owner->options.lost_from, first_bad = f->first_bad;
    if (f->condition == AUDIT_OK)
        return base_fail(err, REEVE_EINVAL, "the log has lost nothing: there is no loss to accept");
    if (f->condition == AUDIT_DAMAGED)
        return base_fail(err, REEVE_EDAMAGED,
                         "the log is damaged from record %llu on, which is no loss of its end: %s",
                         first_bad, f->detail);
    if (first_bad != from)
        return base_fail(err, REEVE_EINVAL,
                         "the log has lost its records from %llu on, not from %llu", first_bad,
                         from);
    return 0;
}

int owner_accept_loss(struct owner *owner, struct reeve_error *err)
{
    struct audit_head head;
    if (!owner->options.loss_reason)
        return 0;
    int rc = check(owner, err);
    if (rc)
        return rc;
    audit_log_head(owner->log, &head);
    rc = audit_loss_begin(owner->dir_fd, &head, owner->options.lost_from,
                          str_of(owner->options.loss_reason), getuid(), err);
    if (rc)
        return rc;
    owner_fall(owner);
    rc = owner_finish_loss(owner, err);
    return rc ? rc : owner_raise(owner, err);
}

int owner_finish_loss(struct owner *owner, struct reeve_error *err)
{
    return audit_loss_finish(owner->dir_fd, &owner->loss, err);
}

/* A start that told so was ended before it could forget. */
static bool is_told(struct owner *owner)
{
    enum { FIRST = 16 };
    uint64_t size = audit_log_size(owner->log);
    for (uint64_t i = 0; i < size && i < FIRST; i++) {
        auto_json struct json_text t = {0};
        if (owner_fetch(owner, i, &t) &&
            str_is(json_string_or(json_get(&t.doc, json_root(&t.doc), "type"), STR("")), "loss"))
            return true;
    }
    return false;
}

static int tell(struct owner *owner, const struct json_doc *loss, struct reeve_error *err)
{
    static const char *const texts[] = {"checkpoint", "folder", "reason", "vkey"};
    static const char *const numbers[] = {"from", "to", "uid"};
    const struct json_node *root = json_root(loss);
    auto_buf struct buf b = {0};
    struct json_out o = {.b = &b};
    uint64_t seq;
    owner_record_open(owner, "loss", &o);
    for (size_t i = 0; i < BASE_COUNT(texts); i++)
        json_kv_str(&o, texts[i], json_string_or(json_get(loss, root, texts[i]), STR("")));
    for (size_t i = 0; i < BASE_COUNT(numbers); i++) {
        const struct json_node *n = json_get(loss, root, numbers[i]);
        json_kv_int(&o, numbers[i], n && n->type == JSON_INT ? n->i : 0);
    }
    json_close_object(&o);
    int rc = owner_append(owner, &b, &seq, err);
    if (!rc)
        rc = audit_writer_await(owner->writer, seq, err);
    if (!rc)
        owner_event(owner, "a new log begins; what there was of the old one is in %.*s",
                    (int)json_string_or(json_get(loss, root, "folder"), STR("")).n,
                    json_string_or(json_get(loss, root, "folder"), STR("")).p);
    return rc;
}

int owner_record_loss(struct owner *owner, struct reeve_error *err)
{
    auto_json struct json_text t = {0};
    if (!owner->loss.len)
        return 0;
    int rc = json_text_parse(buf_view(&owner->loss), &t, err);
    if (!rc && !is_told(owner))
        rc = tell(owner, &t.doc, err);
    if (!rc)
        rc = audit_loss_forget(owner->dir_fd, err);
    if (!rc)
        buf_reset(&owner->loss);
    return rc;
}
