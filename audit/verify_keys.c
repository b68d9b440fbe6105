/* Rotations in the order of the rows. See verify_keys.h. */
#include "audit/verify_keys.h"

#include <inttypes.h>

/* Of this log, whoever signed it. */
static bool is_of_this_log(struct verify_keys *k)
{
    struct str text;
    return note_text(k->kept, &text, NULL) == 0 &&
           note_checkpoint_parse(text, &k->checkpoint, NULL) == 0 &&
           str_eq(k->checkpoint.origin, k->newest.name);
}

int verify_keys_begin(struct verify_keys *k, const struct note_key *newest, struct str kept,
                      struct reeve_error *err)
{
    *k = (struct verify_keys){.newest = *newest, .kept = kept};
    if (!kept.p)
        return 0;
    int rc = note_checkpoint_open(kept, newest, &k->checkpoint, &k->why_not);
    k->kept_signed = rc == 0;
    if (rc == 0 || (rc == REEVE_EVERIFY && is_of_this_log(k)))
        return 0;
    return base_fail(err, rc, "%s", k->why_not.message);
}

/* A key signs trees that have no record of its end. */
static int check_kept(struct verify_keys *k, const uint8_t pub[AUDIT_PUBLIC_BYTES], uint64_t seq,
                      struct reeve_error *err)
{
    struct note_key old = {.name = k->newest.name};
    struct note_checkpoint c;
    if (!k->kept.p || k->kept_signed)
        return 0;
    memcpy(old.pub, pub, sizeof old.pub);
    note_key_id(old.name, old.pub, old.id);
    if (note_checkpoint_open(k->kept, &old, &c, NULL) != 0)
        return 0;
    k->kept_signed = true;
    if (c.size <= seq)
        return 0;
    return base_fail(err, REEVE_EVERIFY,
                     "the checkpoint that was kept is of %" PRIu64
                     " records and signed by the key that this record ended",
                     c.size);
}

int verify_keys_take(struct verify_keys *k, struct str record, uint64_t seq,
                     struct reeve_error *err)
{
    struct rotation r;
    int rc = rotation_read(record, k->newest.name, seq, &r, err);
    if (rc)
        return rc;
    if (k->rotated && memcmp(k->last, r.old, sizeof r.old) != 0)
        return base_fail(err, REEVE_EVERIFY,
                         "it ends another key than the one that record %" PRIu64 " entered",
                         k->rotated_at);
    k->rotated = true;
    k->rotated_at = seq;
    memcpy(k->last, r.next, sizeof k->last);
    return check_kept(k, r.old, seq, err);
}

bool verify_keys_end(const struct verify_keys *k)
{
    return !k->rotated || memcmp(k->last, k->newest.pub, sizeof k->last) == 0;
}
