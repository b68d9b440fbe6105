/* Reading and checking cosignature/v1 lines. They come from the network: bounded and borrowed. */
#include "audit/cosign.h"

#define STAMP_BYTES 8
#define RAW_BYTES   (4 + STAMP_BYTES + AUDIT_SIGNATURE_BYTES)

int cosign_key_parse(struct str text, struct cosign_key *out, struct reeve_error *err)
{
    return note_key_parse_as(text, NOTE_COSIGNATURE, &out->key, err);
}

static uint64_t get_u64be(const uint8_t *p)
{
    uint64_t v = 0;
    for (int i = 0; i < STAMP_BYTES; i++)
        v = v << 8 | p[i];
    return v;
}

static bool holds(const struct cosign_key *key, uint64_t time_s, const uint8_t *signature,
                  struct str text)
{
    auto_buf struct buf message = {.max = NOTE_MAX_BYTES + 64};
    buf_printf(&message, "cosignature/v1\ntime %llu\n", (unsigned long long)time_s);
    buf_str(&message, text);
    return !message.failed && audit_key_verify(key->key.pub, buf_view(&message), signature);
}

enum verdict { FOREIGN, HOLDS, FAILS };

/* What is not in the form of this witness's cosignatures is somebody else's business. */
static enum verdict judge(struct str line, const struct cosign_key *key, struct str text,
                          uint64_t *time_s)
{
    struct str name, base64;
    uint8_t raw[RAW_BYTES + 3];
    size_t n = sizeof raw;
    if (!note_signature(line, &name, &base64) || !str_eq(name, key->key.name))
        return FOREIGN;
    if (!base_unbase64(base64, raw, &n) || n != RAW_BYTES || memcmp(raw, key->key.id, 4) != 0)
        return FOREIGN;
    *time_s = get_u64be(raw + 4);
    return holds(key, *time_s, raw + 4 + STAMP_BYTES, text) ? HOLDS : FAILS;
}

/* Each line that holds goes to `out`, which may be NULL. */
static int check_lines(struct str lines, struct str text, const struct cosign_key *key,
                       uint64_t *time_s, struct buf *out, struct reeve_error *err)
{
    struct str line;
    bool any = false;
    *time_s = 0;
    for (unsigned i = 0; note_line(&lines, &line); i++) {
        uint64_t at = 0;
        if (i == NOTE_MAX_SIGNATURES)
            return base_fail(err, REEVE_EFORMAT, "more than %u signature lines",
                             NOTE_MAX_SIGNATURES);
        enum verdict v = judge(line, key, text, &at);
        if (v == FAILS)
            return base_fail(err, REEVE_EVERIFY, "the cosignature of %.*s does not hold",
                             (int)key->key.name.n, key->key.name.p);
        if (v == FOREIGN)
            continue;
        any = true;
        *time_s = at > *time_s ? at : *time_s;
        if (out) {
            buf_str(out, line);
            buf_byte(out, '\n');
        }
    }
    return any ? 0
               : base_fail(err, REEVE_EVERIFY, "there is no cosignature of %.*s with this key",
                           (int)key->key.name.n, key->key.name.p);
}

int cosign_check(struct str note, const struct cosign_key *key, uint64_t *time_s,
                 struct reeve_error *err)
{
    struct str text;
    int rc = note_text(note, &text, err);
    if (rc)
        return rc;
    struct str lines = {text.p + text.n + 1, note.n - text.n - 1}; /* behind the empty line */
    return check_lines(lines, text, key, time_s, NULL, err);
}

int cosign_add(struct buf *note, struct str lines, const struct cosign_key *key, uint64_t *time_s,
               struct reeve_error *err)
{
    auto_buf struct buf good = {.max = NOTE_MAX_BYTES};
    struct str text;
    int rc = note_text(buf_view(note), &text, err);
    if (rc == 0)
        rc = check_lines(lines, text, key, time_s, &good, err);
    if (rc)
        return rc;
    if (good.failed || note->len + good.len > NOTE_MAX_BYTES)
        return base_fail(err, REEVE_ENOMEM, "no room for the cosignature of %.*s",
                         (int)key->key.name.n, key->key.name.p);
    buf_str(note, buf_view(&good));
    return note->failed ? base_fail(err, REEVE_ENOMEM, "no room for a cosigned note") : 0;
}
