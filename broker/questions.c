/*
 * Frames that are answered with one text: what the owner says of itself and of its log. Each is
 * refused as broken (the return value, which ends the connection) or answered, if only with why
 * there is no text.
 */
#include "broker/internal.h"

static int broken(struct reeve_error *err, const char *what)
{
    return base_fail(err, REEVE_EPROTO, "%s", what);
}

struct audit_log *question_log(struct owner *owner, struct reeve_error *why)
{
    owner_settle(owner);
    if (!owner->log)
        base_fail(why, REEVE_EHELPERS, "the log is closed: keeper or launcher ended");
    return owner->log;
}

int question_ask(struct owner *owner, const struct request_peer *peer, struct str payload,
                 struct buf *text, struct reeve_error *why, struct reeve_error *err)
{
    static const struct {
        const char *word;
        void (*answer)(struct owner *, struct buf *);
        bool needs_log; /* without it there is no answer, not even an empty one */
    } questions[] = {
        {"status", status_json, false},    {"providers", providers_json, false},
        {"head", head_json, true},         {"reindex", reindex_json, true},
        {"segments", segments_json, true},
    };
    (void)peer;
    for (size_t i = 0; i < BASE_COUNT(questions); i++) {
        if (!str_is(payload, questions[i].word))
            continue;
        if (!questions[i].needs_log || question_log(owner, why))
            questions[i].answer(owner, text);
        return 0;
    }
    return broken(err, "an ASK for what this owner does not know");
}

int question_receipt(struct owner *owner, const struct request_peer *peer, struct str payload,
                     struct buf *text, struct reeve_error *why, struct reeve_error *err)
{
    (void)peer;
    if (payload.n != 8)
        return broken(err, "a RECEIPT frame of the wrong length");
    if (question_log(owner, why))
        (void)audit_log_receipt(owner->log, base_get_u64le(payload.p), text, why);
    return 0;
}

int question_prove(struct owner *owner, const struct request_peer *peer, struct str payload,
                   struct buf *text, struct reeve_error *why, struct reeve_error *err)
{
    struct audit_proof proof;
    (void)peer;
    if (payload.n != 17 || (uint8_t)payload.p[0] > AUDIT_PROVE_GROWTH)
        return broken(err, "a PROVE frame of another form");
    if (question_log(owner, why) &&
        audit_log_prove(owner->log, (enum audit_prove)payload.p[0], base_get_u64le(payload.p + 1),
                        base_get_u64le(payload.p + 9), &proof, why) == 0)
        audit_proof_json(&proof, text);
    return 0;
}

int question_rotate(struct owner *owner, const struct request_peer *peer, struct str payload,
                    struct buf *text, struct reeve_error *why, struct reeve_error *err)
{
    (void)peer;
    if (payload.n)
        return broken(err, "a ROTATE frame of another form");
    if (question_log(owner, why))
        (void)owner_rotate_key(owner, text, why);
    return 0;
}

int question_seal(struct owner *owner, const struct request_peer *peer, struct str payload,
                  struct buf *text, struct reeve_error *why, struct reeve_error *err)
{
    (void)peer;
    if (payload.n)
        return broken(err, "a SEAL frame of another form");
    if (question_log(owner, why))
        (void)owner_seal(owner, text, why);
    return 0;
}

int question_plan(struct owner *owner, const struct request_peer *peer, struct str payload,
                  struct buf *text, struct reeve_error *why, struct reeve_error *err)
{
    (void)peer;
    if (payload.n != BASE_SHA256)
        return broken(err, "a PLAN frame of the wrong length");
    if (question_log(owner, why))
        (void)audit_log_read_plan(owner->log, (const uint8_t *)payload.p, text, why);
    return 0;
}

int question_erase(struct owner *owner, const struct request_peer *peer, struct str payload,
                   struct buf *text, struct reeve_error *why, struct reeve_error *err)
{
    if (payload.n < 8 || payload.n > 8 + WIRE_MAX_REASON)
        return broken(err, "an ERASE frame of the wrong length");
    struct str reason = {payload.p + 8, payload.n - 8};
    if (!str_is_utf8(reason))
        return broken(err, "a reason that is no UTF-8");
    if (question_log(owner, why))
        (void)owner_erase(owner, peer, base_get_u64le(payload.p), reason, text, why);
    return 0;
}
