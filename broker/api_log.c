/* The public functions that read and prove the log, and those that ask the owner about itself. */
#include <fcntl.h>
#include <stdio.h>

#include "audit/audit.h"
#include "broker/api.h"
#include "core/json.h"

int api_question(struct reeve *r, enum wire_type type, struct str payload, char **text,
                 struct reeve_error *err)
{
    struct client c;
    struct str answer;
    *text = NULL;
    int rc = api_connect(r, &c, err);
    if (rc)
        return rc;
    rc = client_ask(&c, type, payload, &answer, err);
    if (!rc && !(*text = str_dup(answer)))
        rc = base_fail(err, REEVE_ENOMEM, "out of memory");
    return api_finish(r, &c, rc);
}

int reeve_status(struct reeve *handle, char **json, struct reeve_error *err)
{
    return api_question(handle, WIRE_ASK, STR("status"), json, err);
}

int reeve_providers(struct reeve *handle, char **json, struct reeve_error *err)
{
    return api_question(handle, WIRE_ASK, STR("providers"), json, err);
}

int reeve_receipt(struct reeve *handle, uint64_t seq, char **text, struct reeve_error *err)
{
    auto_buf struct buf payload = {.max = 16};
    buf_u64le(&payload, seq);
    return api_question(handle, WIRE_RECEIPT, buf_view(&payload), text, err);
}

/* ---- rows ---- */

/* One slice: rows go to `fn`, `*next` is where the next one begins. `*stopped`: `fn` wanted no
 * more. */
static int read_slice(struct client *c, uint64_t from, uint64_t max, audit_row_fn *fn, void *arg,
                      uint64_t *next, bool *stopped, struct reeve_error *err)
{
    auto_buf struct buf payload = {.max = 16};
    buf_u64le(&payload, from);
    buf_u64le(&payload, max);
    int rc = client_send(c, WIRE_READ, buf_view(&payload), STR(""), err);
    while (!rc) {
        uint8_t type;
        struct str row;
        rc = client_recv(c, -1, &type, &row, err);
        if (rc)
            return rc;
        if (type == WIRE_ROWS_END && row.n == 8) {
            *next = base_get_u64le(row.p);
            return 0;
        }
        if (type != WIRE_ROW || row.n < 41)
            return base_fail(err, REEVE_EPROTO, "the owner sent frame %u where a row was due",
                             type);
        struct str record = {row.p[40] ? row.p + 41 : NULL, row.n - 41};
        if (!*stopped)
            *stopped = fn(arg, base_get_u64le(row.p), record, (const uint8_t *)row.p + 8) != 0;
    }
    return rc;
}

/* audit_source over the wire. */
int api_read_rows(void *self, uint64_t from, uint64_t max, audit_row_fn *fn, void *arg,
                  struct reeve_error *err)
{
    struct client c;
    bool stopped = false;
    int rc = api_connect(self, &c, err);
    if (rc)
        return rc;
    while (!rc && max && !stopped) {
        uint64_t next = from;
        rc = read_slice(&c, from, max, fn, arg, &next, &stopped, err);
        if (rc || next <= from)
            break;
        max -= next - from < max ? next - from : max;
        from = next;
    }
    return api_finish(self, &c, rc);
}

int api_give_record(void *arg, uint64_t seq, struct str record, const uint8_t leaf[BASE_SHA256])
{
    const struct api_taker *to = arg;
    struct reeve_record out = {.size = sizeof out,
                               .seq = seq,
                               .json = record.p,
                               .json_len = record.p ? record.n : 0,
                               .leaf = leaf};
    return to->fn(to->arg, &out);
}

int reeve_records(struct reeve *handle, uint64_t from, uint64_t max,
                  int (*fn)(void *arg, const struct reeve_record *record), void *arg,
                  struct reeve_error *err)
{
    struct api_taker to = {fn, arg};
    return api_read_rows(handle, from, max, api_give_record, &to, err);
}

/* ---- keys, checkpoints, proofs ---- */

/* The folder's own verifier key, from its file: not from the owner, whose word is being checked. */
int api_own_key(struct reeve *r, char out[API_MAX_VKEY], struct reeve_error *err)
{
    auto_buf struct buf text = {.max = API_MAX_VKEY};
    auto_free char *path = NULL;
    struct buf p = {.max = 4096 + 64};
    buf_printf(&p, "%s/%s", r->dir, AUDIT_VKEY_NAME);
    path = buf_take(&p, NULL);
    int rc = path ? fd_slurp(AT_FDCWD, path, API_MAX_VKEY - 1, &text, err)
                  : base_fail(err, REEVE_ENOMEM, "out of memory");
    while (!rc && text.len && (text.data[text.len - 1] == '\n' || text.data[text.len - 1] == ' '))
        text.data[--text.len] = '\0';
    if (!rc)
        (void)snprintf(out, API_MAX_VKEY, "%s", text.data ? text.data : "");
    return rc;
}

int api_ask_head(struct reeve *r, char vkey[API_MAX_VKEY], char **text, struct reeve_error *err)
{
    enum { TRIES = 10 };
    char after[API_MAX_VKEY];
    int rc = api_own_key(r, vkey, err);
    for (int i = 0; !rc && i < TRIES; i++) {
        rc = api_question(r, WIRE_ASK, STR("head"), text, err);
        if (!rc)
            rc = api_own_key(r, after, err);
        if (rc || strcmp(vkey, after) == 0)
            return rc;
        memcpy(vkey, after, sizeof after);
        free(*text);
        *text = NULL;
    }
    return rc ? rc : base_fail(err, REEVE_EBUSY, "the log's key changes again and again");
}

static int give_text(struct str s, char **out, struct reeve_error *err)
{
    *out = str_dup(s);
    return *out ? 0 : base_fail(err, REEVE_ENOMEM, "out of memory");
}

int reeve_vkey(struct reeve *handle, char **vkey, struct reeve_error *err)
{
    char own[API_MAX_VKEY];
    if (!vkey)
        return base_fail(err, REEVE_EINVAL, "reeve_vkey needs a place for the key");
    *vkey = NULL;
    int rc = api_own_key(handle, own, err);
    return rc ? rc : give_text(str_of(own), vkey, err);
}

int reeve_checkpoint(struct reeve *handle, char **note, struct reeve_error *err)
{
    auto_free char *text = NULL;
    auto_json struct json_text t = {0};
    if (!note)
        return base_fail(err, REEVE_EINVAL, "reeve_checkpoint needs a place for the checkpoint");
    *note = NULL;
    int rc = api_question(handle, WIRE_ASK, STR("head"), &text, err);
    if (!rc)
        rc = json_text_parse(str_of(text), &t, err);
    if (rc)
        return rc;
    struct str found = json_string_or(json_get(&t.doc, json_root(&t.doc), "note"), STR(""));
    if (!found.n)
        return base_fail(err, REEVE_EDAMAGED, "the log has no signed checkpoint");
    return give_text(found, note, err);
}

static int prove(struct reeve *handle, enum audit_prove what, uint64_t index, uint64_t size,
                 char **json, struct reeve_error *err)
{
    auto_buf struct buf asked = {.max = 32};
    if (!json)
        return base_fail(err, REEVE_EINVAL, "a proof needs a place");
    *json = NULL;
    buf_byte(&asked, (uint8_t)what);
    buf_u64le(&asked, index);
    buf_u64le(&asked, size);
    return api_question(handle, WIRE_PROVE, buf_view(&asked), json, err);
}

int reeve_prove(struct reeve *handle, uint64_t index, uint64_t size, char **json,
                struct reeve_error *err)
{
    return prove(handle, AUDIT_PROVE_RECORD, index, size, json, err);
}

int reeve_prove_consistency(struct reeve *handle, uint64_t index, uint64_t size, char **json,
                            struct reeve_error *err)
{
    return prove(handle, AUDIT_PROVE_GROWTH, index, size, json, err);
}

int reeve_erase(struct reeve *handle, uint64_t seq, const char *reason, char **json,
                struct reeve_error *err)
{
    auto_buf struct buf asked = {.max = 8 + WIRE_MAX_REASON};
    if (!json || !reason || !*reason || !str_is_utf8(str_of(reason)))
        return base_fail(err, REEVE_EINVAL, "an erasure needs a reason, in UTF-8");
    *json = NULL;
    buf_u64le(&asked, seq);
    buf_z(&asked, reason);
    if (asked.failed)
        return base_fail(err, REEVE_EINVAL, "a reason has at most %u bytes", WIRE_MAX_REASON);
    return api_question(handle, WIRE_ERASE, buf_view(&asked), json, err);
}

int reeve_segments(struct reeve *handle, char **json, struct reeve_error *err)
{
    if (!json)
        return base_fail(err, REEVE_EINVAL, "the files need a place");
    return api_question(handle, WIRE_ASK, STR("segments"), json, err);
}

int reeve_seal(struct reeve *handle, char **json, struct reeve_error *err)
{
    if (!json)
        return base_fail(err, REEVE_EINVAL, "a seal needs a place for its answer");
    return api_question(handle, WIRE_SEAL, STR(""), json, err);
}

int reeve_reindex(struct reeve *handle, struct reeve_error *err)
{
    auto_free char *answer = NULL;
    return api_question(handle, WIRE_ASK, STR("reindex"), &answer, err);
}
