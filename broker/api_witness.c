/*
 * Cosignatures of a witness on the log's checkpoint. The network is the caller's: the library opens
 * no connection but to its owner.
 */
#include "audit/audit.h"
#include "audit/witness.h"
#include "reeve/tooling.h"

struct cosigning {
    struct reeve *handle;
    reeve_post_fn *post;
    void *arg;
};

static int post(void *arg, struct str body, struct witness_answer *out, struct reeve_error *err)
{
    const struct cosigning *c = arg;
    auto_free char *bytes = malloc(WITNESS_MAX_ANSWER);
    struct reeve_answer answer = {
        .size = sizeof answer, .body = bytes, .room = bytes ? WITNESS_MAX_ANSWER : 0};
    if (!bytes)
        return base_fail(err, REEVE_ENOMEM, "out of memory for a witness's answer");
    int rc = c->post(c->arg, body.p, body.n, &answer, err);
    if (rc)
        return rc;
    if (answer.len > answer.room)
        return base_fail(err, REEVE_EINVAL, "an answer is longer than its room");
    out->status = answer.status;
    buf_put(&out->body, bytes, answer.len);
    return 0;
}

static int grow(void *arg, uint64_t from, uint64_t to, struct witness_proof *out,
                struct reeve_error *err)
{
    const struct cosigning *c = arg;
    auto_free char *json = NULL;
    struct audit_proof proof;
    int rc = reeve_prove_consistency(c->handle, from, to, &json, err);
    if (!rc)
        rc = audit_proof_read(str_of(json), &proof, err);
    if (rc)
        return rc;
    out->n = proof.n;
    memcpy(out->hash, proof.hash, proof.n * sizeof proof.hash[0]);
    return 0;
}

/* A key that is none is the caller's fault. */
static int parse_keys(struct str vkey, struct str witness, struct note_key *log,
                      struct cosign_key *out, struct reeve_error *err)
{
    return note_key_parse(vkey, log, err) || cosign_key_parse(witness, out, err) ? REEVE_EINVAL : 0;
}

int reeve_cosign(struct reeve *handle, const char *vkey, const char *witness_vkey,
                 reeve_post_fn *send, void *arg, char **note, struct reeve_error *err)
{
    auto_free char *own = NULL, *checkpoint = NULL;
    auto_buf struct buf text = {.max = NOTE_MAX_BYTES};
    struct cosigning c = {handle, send, arg};
    struct witness w = {.post = post, .grow = grow, .arg = &c};
    struct note_key log;
    struct note_checkpoint head;
    uint64_t time_s;
    if (!note || !witness_vkey || !send)
        return base_fail(err, REEVE_EINVAL, "a cosignature needs a key, a way to ask, and a place");
    *note = NULL;
    int rc = vkey ? 0 : reeve_vkey(handle, &own, err);
    if (!rc)
        rc = parse_keys(str_of(vkey ? vkey : own), str_of(witness_vkey), &log, &w.key, err);
    if (!rc)
        rc = reeve_checkpoint(handle, &checkpoint, err);
    if (!rc)
        rc = note_checkpoint_open(str_of(checkpoint), &log, &head, err);
    if (rc)
        return rc;
    buf_z(&text, checkpoint);
    rc = witness_cosign(&w, head.size, &text, &time_s, err);
    if (rc)
        return rc;
    *note = buf_take(&text, NULL);
    return *note ? 0 : base_fail(err, REEVE_ENOMEM, "out of memory");
}
