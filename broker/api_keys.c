/* The public functions about the log's keys: which there were, and a new one. */
#include "audit/audit.h"
#include "audit/rotation.h"
#include "broker/api.h"
#include "core/json.h"

int reeve_rotate_key(struct reeve *handle, char **json, struct reeve_error *err)
{
    if (!json)
        return base_fail(err, REEVE_EINVAL, "a rotation needs a place for its answer");
    return api_question(handle, WIRE_ROTATE, STR(""), json, err);
}

/* The chain as its records come. */
struct chain {
    struct note_key newest;
    struct json_out out;
    uint64_t from;
    bool any;
    uint8_t last[AUDIT_PUBLIC_BYTES];
    int rc;
    struct reeve_error *err;
};

static void put_key(struct chain *c, const uint8_t pub[AUDIT_PUBLIC_BYTES], const uint64_t *to)
{
    auto_buf struct buf vkey = {0};
    note_key_format(c->newest.name, pub, &vkey);
    json_open_object(&c->out);
    json_kv_uint(&c->out, "from", c->from);
    json_key(&c->out, "to");
    if (to)
        json_uint(&c->out, *to);
    else
        json_raw(&c->out, STR("null"));
    json_kv_str(&c->out, "vkey", buf_view(&vkey));
    json_close_object(&c->out);
}

static int take_rotation(void *arg, const struct reeve_record *record)
{
    struct chain *c = arg;
    struct rotation r;
    struct reeve_error why = {0};
    c->rc = rotation_read((struct str){record->json, record->json_len}, c->newest.name, record->seq,
                          &r, &why);
    if (!c->rc && c->any && memcmp(r.old, c->last, sizeof r.old) != 0)
        c->rc = base_fail(&why, REEVE_EVERIFY, "it ends another key than the one before entered");
    if (c->rc) {
        c->rc = base_fail(c->err, c->rc == REEVE_ENOMEM ? c->rc : REEVE_EVERIFY,
                          "record %llu is no rotation of this log's key: %s",
                          (unsigned long long)record->seq, why.message);
        return 1;
    }
    put_key(c, r.old, &record->seq);
    c->any = true;
    c->from = record->seq;
    memcpy(c->last, r.next, sizeof c->last);
    return 0;
}

static int put_chain(struct reeve *handle, struct chain *c)
{
    struct reeve_query q = {.size = sizeof q, .type = "rotation"};
    json_key(&c->out, "keys");
    json_open_array(&c->out);
    int rc = reeve_query(handle, &q, take_rotation, c, c->err);
    if (!rc)
        rc = c->rc;
    if (rc)
        return rc;
    if (c->any && memcmp(c->last, c->newest.pub, sizeof c->last) != 0)
        return base_fail(c->err, REEVE_EVERIFY,
                         AUDIT_VKEY_NAME " is not the key that record %llu entered",
                         (unsigned long long)c->from);
    put_key(c, c->newest.pub, NULL);
    json_close_array(&c->out);
    return 0;
}

int reeve_keys(struct reeve *handle, char **json, struct reeve_error *err)
{
    char own[API_MAX_VKEY];
    auto_buf struct buf text = {0};
    struct chain c = {.out = {.b = &text}, .err = err};
    if (!json)
        return base_fail(err, REEVE_EINVAL, "the keys need a place");
    *json = NULL;
    int rc = api_own_key(handle, own, err);
    if (!rc)
        rc = note_key_parse(str_of(own), &c.newest, err);
    if (rc)
        return rc;
    json_open_object(&c.out);
    rc = put_chain(handle, &c);
    if (rc)
        return rc;
    json_kv_str(&c.out, "vkey", str_of(own));
    json_close_object(&c.out);
    *json = buf_take(&text, NULL);
    return *json ? 0 : base_fail(err, REEVE_ENOMEM, "out of memory");
}
