/*
 * Reading and writing C2SP signed notes, verifier keys and checkpoints. Texts come from strangers
 * (receipts, files): everything is bounded and borrowed, nothing is allocated while reading. The
 * keeper signs with this; log, verifier and receipts check with it.
 */
#include "audit/note.h"

#define DASH "\xe2\x80\x94 " /* em dash, space */

/* The code point at s[*i], which is moved on; `s` is valid UTF-8. */
static uint32_t next_point(struct str s, size_t *i)
{
    uint8_t c = (uint8_t)s.p[(*i)++];
    if (c < 0x80)
        return c;
    unsigned more = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : 1;
    uint32_t point = c & (0x3fu >> more);
    while (more--)
        point = point << 6 | ((uint8_t)s.p[(*i)++] & 0x3f);
    return point;
}

static bool is_space_or_control(uint32_t c)
{
    static const struct {
        uint32_t from, to;
    } ranges[] = {
        {0x0000, 0x0020}, {0x007f, 0x00a0}, {0x1680, 0x1680}, {0x2000, 0x200a},
        {0x2028, 0x2029}, {0x202f, 0x202f}, {0x205f, 0x205f}, {0x3000, 0x3000},
    };
    for (size_t i = 0; i < BASE_COUNT(ranges); i++)
        if (c >= ranges[i].from && c <= ranges[i].to)
            return true;
    return false;
}

bool note_name_ok(struct str name)
{
    if (name.n == 0 || name.n > NOTE_MAX_NAME || !str_is_utf8(name))
        return false;
    for (size_t i = 0; i < name.n;) {
        uint32_t c = next_point(name, &i);
        if (c == '+' || is_space_or_control(c))
            return false;
    }
    return true;
}

bool note_line(struct str *rest, struct str *line)
{
    const char *end = rest->n ? memchr(rest->p, '\n', rest->n) : NULL;
    if (!end)
        return false;
    *line = (struct str){rest->p, (size_t)(end - rest->p)};
    rest->n -= line->n + 1;
    rest->p = end + 1;
    return true;
}

bool note_decimal(struct str s, uint64_t *out)
{
    if (s.n == 0 || (s.n > 1 && s.p[0] == '0'))
        return false;
    uint64_t v = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
        if (__builtin_mul_overflow(v, UINT64_C(10), &v) ||
            __builtin_add_overflow(v, (uint64_t)(s.p[i] - '0'), &v))
            return false;
    }
    *out = v;
    return true;
}

/* ---- keys ---- */

static void key_id(struct str name, enum note_key_type type, const uint8_t pub[AUDIT_PUBLIC_BYTES],
                   uint8_t id[4])
{
    uint8_t bytes[NOTE_MAX_NAME + 2 + AUDIT_PUBLIC_BYTES], hash[BASE_SHA256];
    size_t n = name.n < NOTE_MAX_NAME ? name.n : NOTE_MAX_NAME;
    memcpy(bytes, name.p, n);
    bytes[n] = '\n';
    bytes[n + 1] = (uint8_t)type;
    memcpy(bytes + n + 2, pub, AUDIT_PUBLIC_BYTES);
    base_sha256(bytes, n + 2 + AUDIT_PUBLIC_BYTES, hash);
    memcpy(id, hash, 4);
}

void note_key_id(struct str name, const uint8_t pub[AUDIT_PUBLIC_BYTES], uint8_t id[4])
{
    key_id(name, NOTE_ED25519, pub, id);
}

void note_key_format(struct str name, const uint8_t pub[AUDIT_PUBLIC_BYTES], struct buf *out)
{
    uint8_t id[4], typed[1 + AUDIT_PUBLIC_BYTES] = {NOTE_ED25519};
    note_key_id(name, pub, id);
    memcpy(typed + 1, pub, AUDIT_PUBLIC_BYTES);
    buf_str(out, name);
    buf_byte(out, '+');
    buf_hex(out, id, sizeof id);
    buf_byte(out, '+');
    buf_base64(out, typed, sizeof typed);
}

/* Cut `s` at its first plus sign. */
static bool cut_plus(struct str *s, struct str *head)
{
    const char *plus = s->n ? memchr(s->p, '+', s->n) : NULL;
    if (!plus)
        return false;
    *head = (struct str){s->p, (size_t)(plus - s->p)};
    s->n -= head->n + 1;
    s->p = plus + 1;
    return true;
}

int note_key_parse(struct str text, struct note_key *out, struct reeve_error *err)
{
    return note_key_parse_as(text, NOTE_ED25519, out, err);
}

int note_key_parse_as(struct str text, enum note_key_type type, struct note_key *out,
                      struct reeve_error *err)
{
    struct str name, hex;
    if (!cut_plus(&text, &name) || !cut_plus(&text, &hex))
        return base_fail(err, REEVE_EFORMAT, "a verifier key has the form <name>+<8 hex>+<base64>");
    if (!note_name_ok(name))
        return base_fail(err, REEVE_EFORMAT,
                         "the verifier key's name is empty, longer than %u "
                         "bytes, or has a space or control character",
                         NOTE_MAX_NAME);
    uint8_t typed[1 + AUDIT_PUBLIC_BYTES + 3], id[4];
    size_t n = sizeof typed;
    if (!base_unbase64(text, typed, &n) || n != 1 + AUDIT_PUBLIC_BYTES)
        return base_fail(err, REEVE_EFORMAT,
                         "the verifier key's last part is not the base64 of "
                         "33 bytes");
    if (typed[0] != type)
        return base_fail(err, REEVE_EFORMAT, "the verifier key is of type 0x%02x, not 0x%02x (%s)",
                         typed[0], (unsigned)type,
                         type == NOTE_ED25519 ? "a log's, Ed25519" : "a witness's, cosignature/v1");
    out->name = name;
    memcpy(out->pub, typed + 1, AUDIT_PUBLIC_BYTES);
    key_id(name, type, out->pub, out->id);
    if (!base_unhex(hex, id, sizeof id) || memcmp(id, out->id, sizeof id) != 0)
        return base_fail(err, REEVE_EFORMAT,
                         "the verifier key's id is not that of its name and "
                         "key: mistyped or mixed up");
    return 0;
}

/* ---- notes ---- */

int note_sign_more(struct str text, struct str name, const struct audit_key *key, struct buf *out,
                   struct reeve_error *err)
{
    uint8_t signature[4 + AUDIT_SIGNATURE_BYTES];
    note_key_id(name, key->pub, signature);
    int rc = audit_key_sign(key, text, signature + 4, err);
    if (rc)
        return rc;
    buf_z(out, DASH);
    buf_str(out, name);
    buf_byte(out, ' ');
    buf_base64(out, signature, sizeof signature);
    buf_byte(out, '\n');
    return out->failed ? base_fail(err, REEVE_ENOMEM, "no room for a signed note") : 0;
}

int note_sign(struct str text, struct str name, const struct audit_key *key, struct buf *out,
              struct reeve_error *err)
{
    buf_str(out, text);
    buf_byte(out, '\n');
    return note_sign_more(text, name, key, out, err);
}

/* Split at the last empty line: the text keeps its final newline. */
static bool split_note(struct str note, struct str *text, struct str *signatures)
{
    if (note.n < 3 || note.p[note.n - 1] != '\n')
        return false;
    for (size_t i = note.n - 1; i > 0; i--)
        if (note.p[i] == '\n' && note.p[i - 1] == '\n') {
            *text = (struct str){note.p, i};
            *signatures = (struct str){note.p + i + 1, note.n - i - 1};
            return signatures->n > 0;
        }
    return false;
}

static bool has_control(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((uint8_t)s.p[i] < 0x20 && s.p[i] != '\n')
            return true;
    return false;
}

bool note_signature(struct str line, struct str *name, struct str *base64)
{
    if (!str_starts(line, STR(DASH)))
        return false;
    line.p += sizeof DASH - 1;
    line.n -= sizeof DASH - 1;
    const char *space = line.n ? memchr(line.p, ' ', line.n) : NULL;
    if (!space)
        return false;
    *name = (struct str){line.p, (size_t)(space - line.p)};
    *base64 = (struct str){space + 1, line.n - name->n - 1};
    return note_name_ok(*name);
}

enum verdict { FOREIGN, HOLDS, FAILS, MALFORMED };

static enum verdict judge(struct str line, const struct note_key *key, struct str text)
{
    struct str name, base64;
    uint8_t id[6], raw[4 + AUDIT_SIGNATURE_BYTES + 3];
    size_t nid = sizeof id, n = sizeof raw;
    if (!note_signature(line, &name, &base64) || base64.n < 8)
        return MALFORMED;
    /* The id is in the first eight digits; the rest of a foreign signature is nobody's business. */
    if (!base_unbase64((struct str){base64.p, 8}, id, &nid) || nid < 4)
        return MALFORMED;
    if (!str_eq(name, key->name) || memcmp(id, key->id, sizeof key->id) != 0)
        return FOREIGN;
    if (!base_unbase64(base64, raw, &n) || n != 4 + AUDIT_SIGNATURE_BYTES)
        return MALFORMED;
    return audit_key_verify(key->pub, text, raw + 4) ? HOLDS : FAILS;
}

int note_text(struct str note, struct str *text, struct reeve_error *err)
{
    struct str rest;
    if (note.n > NOTE_MAX_BYTES)
        return base_fail(err, REEVE_EFORMAT, "a signed note has at most %u bytes", NOTE_MAX_BYTES);
    if (!split_note(note, text, &rest) || !str_is_utf8(note) || has_control(note))
        return base_fail(err, REEVE_EFORMAT,
                         "not a signed note: UTF-8 text, an empty line, then "
                         "lines that begin with an em dash");
    return 0;
}

int note_open(struct str note, const struct note_key *key, struct str *text,
              struct reeve_error *err)
{
    struct str body, line;
    int rc = note_text(note, &body, err);
    if (rc)
        return rc;
    struct str rest = {body.p + body.n + 1, note.n - body.n - 1}; /* behind the empty line */
    bool holds = false;
    for (unsigned i = 1; note_line(&rest, &line); i++) {
        enum verdict v = i > NOTE_MAX_SIGNATURES ? MALFORMED : judge(line, key, body);
        if (v == MALFORMED)
            return base_fail(err, REEVE_EFORMAT, "signature line %u of the note is malformed", i);
        if (v == FAILS)
            return base_fail(err, REEVE_EVERIFY, "the signature of %.*s does not hold",
                             (int)key->name.n, key->name.p);
        holds = holds || v == HOLDS;
    }
    if (!holds)
        return base_fail(err, REEVE_EVERIFY, "the note is not signed by %.*s with this key",
                         (int)key->name.n, key->name.p);
    *text = body;
    return 0;
}

/* ---- checkpoints ---- */

int note_checkpoint_sign(const struct note_checkpoint *c, const struct audit_key *key,
                         struct buf *out, struct reeve_error *err)
{
    auto_buf struct buf text;
    buf_init(&text, NOTE_MAX_CHECKPOINT);
    buf_str(&text, c->origin);
    buf_printf(&text, "\n%llu\n", (unsigned long long)c->size);
    buf_base64(&text, c->root, sizeof c->root);
    buf_byte(&text, '\n');
    if (text.failed)
        return base_fail(err, REEVE_ENOMEM, "no room for a checkpoint");
    return note_sign(buf_view(&text), c->origin, key, out, err);
}

int note_checkpoint_parse(struct str text, struct note_checkpoint *out, struct reeve_error *err)
{
    struct str origin, size, root, more;
    uint8_t raw[BASE_SHA256 + 3];
    size_t n = sizeof raw;
    if (!note_line(&text, &origin) || !note_line(&text, &size) || !note_line(&text, &root))
        return base_fail(err, REEVE_EFORMAT, "a checkpoint has three lines: origin, size, root");
    if (origin.n == 0 || !note_decimal(size, &out->size))
        return base_fail(err, REEVE_EFORMAT,
                         "a checkpoint's first line is the log's name, its "
                         "second the size as a decimal number");
    if (!base_unbase64(root, raw, &n) || n != BASE_SHA256)
        return base_fail(err, REEVE_EFORMAT, "a checkpoint's third line is the base64 of 32 bytes");
    while (note_line(&text, &more))
        if (more.n == 0)
            return base_fail(err, REEVE_EFORMAT, "a checkpoint's extension lines are not empty");
    out->origin = origin;
    memcpy(out->root, raw, BASE_SHA256);
    return 0;
}

int note_checkpoint_open(struct str note, const struct note_key *key, struct note_checkpoint *out,
                         struct reeve_error *err)
{
    struct str text;
    int rc = note_open(note, key, &text, err);
    if (rc == 0)
        rc = note_checkpoint_parse(text, out, err);
    if (rc)
        return rc;
    if (!str_eq(out->origin, key->name))
        return base_fail(err, REEVE_EVERIFY, "the checkpoint is of the log %.*s, the key of %.*s",
                         (int)out->origin.n, out->origin.p, (int)key->name.n, key->name.p);
    return 0;
}
