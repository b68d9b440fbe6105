/* The record of a rotation, as the keeper writes it. See rotation.h. */
#include "audit/rotation.h"

#include <inttypes.h>

void rotation_text(struct str origin, uint64_t seq, const uint8_t old[AUDIT_PUBLIC_BYTES],
                   const uint8_t next[AUDIT_PUBLIC_BYTES], struct buf *out)
{
    buf_z(out, ROTATION_TITLE "\n");
    buf_str(out, origin);
    buf_printf(out, "\n%" PRIu64 "\n", seq);
    note_key_format(origin, old, out);
    buf_byte(out, '\n');
    note_key_format(origin, next, out);
    buf_byte(out, '\n');
}

/* As RFC 8785 has it: names and notes hold no control character but the line's end. */
static void put_string(struct buf *out, struct str s)
{
    buf_byte(out, '"');
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i] == '\n' ? 'n' : s.p[i];
        if (c == '"' || c == '\\' || c != s.p[i])
            buf_byte(out, '\\');
        buf_byte(out, (uint8_t)c);
    }
    buf_byte(out, '"');
}

static void put_key(struct buf *out, struct str origin, const uint8_t pub[AUDIT_PUBLIC_BYTES])
{
    auto_buf struct buf vkey = {0};
    note_key_format(origin, pub, &vkey);
    put_string(out, buf_view(&vkey));
    out->failed |= vkey.failed;
}

void rotation_record(struct str origin, uint64_t seq, const uint8_t old[AUDIT_PUBLIC_BYTES],
                     const uint8_t next[AUDIT_PUBLIC_BYTES], struct str note, struct buf *out)
{
    buf_z(out, "{\"new\":");
    put_key(out, origin, next);
    buf_z(out, ",\"note\":");
    put_string(out, note);
    buf_z(out, ",\"old\":");
    put_key(out, origin, old);
    buf_printf(out, ",\"seq\":%" PRIu64 ",\"type\":\"rotation\"}", seq);
}

int rotation_write(struct str origin, uint64_t seq, const struct audit_key *old,
                   const struct audit_key *next, struct keeper_rotation_record *out,
                   struct reeve_error *err)
{
    auto_buf struct buf text = {0}, note = {0}, record = {.max = sizeof out->text};
    rotation_text(origin, seq, old->pub, next->pub, &text);
    int rc = note_sign(buf_view(&text), origin, old, &note, err);
    if (rc == 0)
        rc = note_sign_more(buf_view(&text), origin, next, &note, err);
    if (rc)
        return rc;
    rotation_record(origin, seq, old->pub, next->pub, buf_view(&note), &record);
    if (text.failed || note.failed || record.failed)
        return base_fail(err, REEVE_ENOMEM, "no room for the record of a rotation");
    out->seq = seq;
    memcpy(out->public_key, next->pub, sizeof out->public_key);
    memcpy(out->text, record.data, record.len);
    out->bytes = (uint32_t)record.len;
    return 0;
}
