/* Reading the record of a rotation: whoever wrote it, it is checked whole. See rotation.h. */
#include "audit/rotation.h"
#include "core/json.h"

static int parse_keys(const struct json_doc *doc, struct str origin, struct note_key *old,
                      struct note_key *next, struct reeve_error *err)
{
    const struct json_node *root = json_root(doc);
    int rc = note_key_parse(json_string_or(json_get(doc, root, "old"), STR("")), old, err);
    if (rc == 0)
        rc = note_key_parse(json_string_or(json_get(doc, root, "new"), STR("")), next, err);
    if (rc)
        return rc;
    if (!str_eq(old->name, origin) || !str_eq(next->name, origin))
        return base_fail(err, REEVE_EVERIFY, "its keys are another log's");
    return 0;
}

/* Signed by both, and saying of the two what the record says. */
static int check_note(struct str note, struct str origin, uint64_t seq, const struct note_key *old,
                      const struct note_key *next, struct reeve_error *err)
{
    struct str text;
    auto_buf struct buf want = {0};
    struct reeve_error why = {0};
    if (note_open(note, old, &text, &why) != 0)
        return base_fail(err, REEVE_EVERIFY, "the old key did not sign it: %s", why.message);
    if (note_open(note, next, &text, &why) != 0)
        return base_fail(err, REEVE_EVERIFY, "the new key did not sign it: %s", why.message);
    rotation_text(origin, seq, old->pub, next->pub, &want);
    if (want.failed)
        return base_fail(err, REEVE_ENOMEM, "out of memory reading a rotation");
    if (!str_eq(text, buf_view(&want)))
        return base_fail(err, REEVE_EVERIFY, "its note is of another sequence, log or key");
    return 0;
}

int rotation_read(struct str record, struct str origin, uint64_t seq, struct rotation *out,
                  struct reeve_error *err)
{
    auto_json struct json_text t = {0};
    auto_buf struct buf want = {0};
    struct note_key old, next;
    int rc = json_text_parse(record, &t, err);
    if (rc == 0)
        rc = parse_keys(&t.doc, origin, &old, &next, err);
    if (rc)
        return rc;
    struct str note = json_string_or(json_get(&t.doc, json_root(&t.doc), "note"), STR(""));
    rc = check_note(note, origin, seq, &old, &next, err);
    if (rc)
        return rc;
    rotation_record(origin, seq, old.pub, next.pub, note, &want);
    if (want.failed)
        return base_fail(err, REEVE_ENOMEM, "out of memory reading a rotation");
    if (!str_eq(record, buf_view(&want)))
        return base_fail(err, REEVE_EFORMAT, "it has another form than the keeper writes");
    memcpy(out->old, old.pub, sizeof out->old);
    memcpy(out->next, next.pub, sizeof out->next);
    return 0;
}
