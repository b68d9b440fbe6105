/*
 * A new key for the log: the keeper makes it and the record that enters it, which goes into the
 * batch that comes next. From that batch's checkpoint on the key is the new one.
 */
#include "audit/log.h"

struct asking {
    struct audit_log *log;
    uint8_t public_key[AUDIT_PUBLIC_BYTES];
    bool lost; /* the keeper did not answer as it must */
};

/* With the queue locked: nothing else may get this sequence. */
static int ask_keeper(void *arg, uint64_t seq, struct buf *out, struct reeve_error *err)
{
    struct asking *a = arg;
    struct keeper_rotation answer;
    int rc = log_keeper_rotate(a->log, seq, &answer, err);
    a->lost = rc != 0;
    if (rc)
        return rc;
    const struct keeper_rotation_record *r = &answer.record;
    if (!r->bytes)
        return base_fail(err, REEVE_EIO, "there is no new key: %.*s",
                         (int)strnlen(r->text, sizeof r->text), r->text);
    memcpy(a->public_key, r->public_key, sizeof a->public_key);
    buf_put(out, r->text, r->bytes);
    return 0;
}

int audit_log_rotate(struct audit_log *log, uint64_t *seq, struct reeve_error *err)
{
    struct reeve_error local;
    struct asking a = {.log = log};
    if (log->flight.queue || log->rotates)
        return base_fail(err, REEVE_EBUSY, "a batch is on its way; flush first");
    int rc = log_make(log, RECORD_ROTATION, ask_keeper, &a, seq, err ? err : &local);
    if (rc && a.lost)
        return log_lose_keeper(log, rc);
    if (rc)
        return rc;
    log->rotates = true;
    memcpy(log->next_public, a.public_key, sizeof log->next_public);
    return 0;
}

void log_adopt_key(struct audit_log *log, const uint8_t pub[AUDIT_PUBLIC_BYTES])
{
    struct str name = buf_view(&log->origin);
    memcpy(log->key.pub, pub, sizeof log->key.pub);
    note_key_id(name, pub, log->key.id);
    buf_reset(&log->vkey); /* as long as before: it has room */
    note_key_format(name, pub, &log->vkey);
}
