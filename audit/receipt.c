/*
 * Receipts: C2SP tlog-proof texts that carry the record as their `extra`. Checking one needs the
 * log's verifier key and nothing else; the text is a stranger's, so it is bounded and every part of
 * it must be in its only form.
 */
#include "audit/receipt.h"

#include "audit/audit.h"
#include "audit/note.h"

#define HEADER            "c2sp.org/tlog-proof@v1"
#define MAX_RECEIPT_BYTES (256u * 1024u)

void receipt_format(const struct receipt_parts *parts, struct buf *out)
{
    buf_z(out, HEADER "\nextra ");
    buf_base64(out, parts->record.p, parts->record.n);
    buf_printf(out, "\nindex %llu\n", (unsigned long long)parts->index);
    for (unsigned i = 0; i < parts->nproof; i++) {
        buf_base64(out, parts->proof[i], BASE_SHA256);
        buf_byte(out, '\n');
    }
    buf_byte(out, '\n');
    buf_str(out, parts->note);
}

struct parsed {
    uint64_t index;
    struct str record;
    unsigned nproof;
    uint8_t proof[TREE_MAX_EDGE][BASE_SHA256];
    struct str note;
};

/* The line's rest after `word` and a space. */
static bool after_word(struct str line, struct str word, struct str *rest)
{
    if (!str_starts(line, word))
        return false;
    *rest = (struct str){line.p + word.n, line.n - word.n};
    return true;
}

static int parse_record(struct str base64, struct arena *arena, struct str *out,
                        struct reeve_error *err)
{
    size_t room = base64.n / 4 * 3;
    if (room > AUDIT_MAX_RECORD + 2)
        return base_fail(err, REEVE_EFORMAT, "the receipt's record has more than %u bytes",
                         AUDIT_MAX_RECORD);
    uint8_t *bytes = arena_alloc(arena, room + 1);
    if (!bytes)
        return base_fail(err, REEVE_ENOMEM, "out of memory for the receipt's record");
    if (!base_unbase64(base64, bytes, &room) || room > AUDIT_MAX_RECORD)
        return base_fail(err, REEVE_EFORMAT,
                         "line 2 of the receipt: what follows \"extra\" is not "
                         "the base64 of a record");
    *out = (struct str){(const char *)bytes, room};
    return 0;
}

/* Hashes up to the empty line; what follows that is the checkpoint. */
static int parse_proof(struct str *text, struct parsed *out, struct reeve_error *err)
{
    struct str line;
    out->nproof = 0;
    while (note_line(text, &line)) {
        uint8_t hash[BASE_SHA256 + 3];
        size_t n = sizeof hash;
        if (line.n == 0) {
            out->note = *text;
            return 0;
        }
        if (out->nproof == TREE_MAX_EDGE || !base_unbase64(line, hash, &n) || n != BASE_SHA256)
            return base_fail(err, REEVE_EFORMAT,
                             "line %u of the receipt is not a hash of the "
                             "proof (base64 of 32 bytes, at most %u of them)",
                             out->nproof + 4, TREE_MAX_EDGE);
        memcpy(out->proof[out->nproof++], hash, BASE_SHA256);
    }
    return base_fail(err, REEVE_EFORMAT, "the receipt ends before its checkpoint");
}

static int parse(struct str text, struct arena *arena, struct parsed *out, struct reeve_error *err)
{
    struct str line, rest;
    if (text.n > MAX_RECEIPT_BYTES)
        return base_fail(err, REEVE_EFORMAT, "a receipt has at most %u bytes", MAX_RECEIPT_BYTES);
    if (!note_line(&text, &line) || !str_is(line, HEADER))
        return base_fail(err, REEVE_EFORMAT, "not a receipt: its first line is " HEADER);
    if (!note_line(&text, &line) || !after_word(line, STR("extra "), &rest))
        return base_fail(err, REEVE_EFORMAT,
                         "line 2 of the receipt must be \"extra\" and the "
                         "record in base64");
    int rc = parse_record(rest, arena, &out->record, err);
    if (rc)
        return rc;
    if (!note_line(&text, &line) || !after_word(line, STR("index "), &rest) ||
        !note_decimal(rest, &out->index))
        return base_fail(err, REEVE_EFORMAT,
                         "line 3 of the receipt must be \"index\" and a "
                         "decimal number");
    return parse_proof(&text, out, err);
}

int audit_receipt_check(struct str text, struct str vkey, struct arena *arena,
                        struct audit_receipt *out, struct reeve_error *err)
{
    struct note_key key;
    struct parsed p;
    struct note_checkpoint c;
    struct reeve_error why = {0};
    if (note_key_parse(vkey, &key, &why) != 0) /* the caller's fault, not the receipt's */
        return base_fail(err, REEVE_EINVAL, "%s", why.message);
    int rc = parse(text, arena, &p, err);
    if (rc == 0)
        rc = note_checkpoint_open(p.note, &key, &c, err);
    if (rc)
        return rc;
    uint8_t leaf[BASE_SHA256];
    tree_leaf_hash(p.record.p, p.record.n, leaf);
    if (!tree_proof_holds(leaf, p.index, c.size, p.proof, p.nproof, c.root))
        return base_fail(err, REEVE_EVERIFY,
                         "the proof does not lead from the receipt's record at "
                         "%llu to the root of the signed checkpoint of size %llu",
                         (unsigned long long)p.index, (unsigned long long)c.size);
    *out = (struct audit_receipt){
        .index = p.index, .size = c.size, .record = p.record, .origin = c.origin};
    return 0;
}
