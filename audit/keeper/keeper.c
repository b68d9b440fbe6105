/*
 * The keeper's state table and its three steps: enter a batch, note that it was committed, give
 * tokens and a signature. A change of the key is in rotate.c. Whatever comes from the owner is
 * hostile here: the sizes are fixed, the counts are bounded, and a wrong frame ends the keeper. It
 * never goes back.
 */
#include "audit/keeper/keeper.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

static bool send_frame(struct keeper *k, void *frame, uint32_t type, size_t n)
{
    struct frame_head head = {type, (uint32_t)n};
    memcpy(frame, &head, sizeof head);
    if (k->send(k->send_arg, frame, n))
        return true;
    k->phase = KEEPER_ENDED;
    return false;
}

bool keeper_refuse(struct keeper *k, enum keeper_refusal reason, const struct reeve_error *why)
{
    struct keeper_refused frame = {.reason = reason};
    size_t n = why ? strnlen(why->message, sizeof why->message) : 0;
    frame.text_bytes = (uint32_t)(n < sizeof frame.text ? n : sizeof frame.text);
    if (frame.text_bytes)
        memcpy(frame.text, why->message, frame.text_bytes);
    (void)send_frame(k, &frame, KEEPER_REFUSED, sizeof frame);
    k->phase = KEEPER_ENDED;
    return false;
}

/* The checkpoint of `edge`, into a frame's fixed room. */
static bool sign(struct keeper *k, const struct audit_key *key, const struct tree_edge *edge,
                 char out[NOTE_MAX_CHECKPOINT], uint32_t *n)
{
    auto_buf struct buf note;
    buf_init(&note, NOTE_MAX_CHECKPOINT);
    struct note_checkpoint c = {.origin = k->origin, .size = edge->size};
    tree_edge_root(edge, c.root);
    struct reeve_error err;
    if (note_checkpoint_sign(&c, key, &note, &err) != 0)
        return keeper_refuse(k, KEEPER_REFUSAL_KEY, &err);
    memcpy(out, note.data, note.len);
    *n = (uint32_t)note.len;
    return true;
}

/* The checkpoint with the last batch: a tree that holds a rotation is the new key's. */
static bool sign_last(struct keeper *k)
{
    return sign(k, k->rotation.bytes ? &k->next : &k->key, &k->head.edge, k->note, &k->note_bytes);
}

bool keeper_begin(struct keeper *k)
{
    const struct keeper_head *h = &k->head;
    struct keeper_state s = {.base_size = h->base.size,
                             .size = h->edge.size,
                             .committed = h->committed,
                             .nedge = h->base.n,
                             .nleaves = h->nleaves,
                             .nreleases = h->nreleases};
    tree_edge_root(&h->base, s.base_root);
    tree_edge_root(&h->edge, s.root);
    memcpy(s.edge, h->base.node, (size_t)h->base.n * BASE_SHA256);
    memcpy(s.leaf, h->leaf, sizeof s.leaf);
    memcpy(s.release, h->release, sizeof s.release);
    memcpy(s.public_key, k->key.pub, sizeof s.public_key);
    s.rotation = k->rotation;
    if (!sign(k, &k->key, h->committed ? &h->edge : &h->base, s.note, &s.note_bytes) ||
        !sign_last(k))
        return false;
    k->ntokens = 0;
    k->phase = h->committed ? KEEPER_IDLE : KEEPER_ENTERED;
    return send_frame(k, &s, KEEPER_STATE, sizeof s);
}

/* Canonical JSON of fixed form: keys in order, the expiry as text since it does not fit a double.
 */
static void write_release(const struct keeper *k, uint64_t decision, const struct token *t,
                          struct keeper_release_record *out)
{
    char plan[2 * BASE_SHA256 + 1];
    base_hex(t->plan, sizeof t->plan, plan);
    int n = snprintf(out->text, sizeof out->text,
                     "{\"boot\":\"%s\",\"decision\":%" PRIu64 ",\"expires_ns\":\"%" PRId64
                     "\",\"plan\":\"sha256:%s\",\"seq\":%" PRIu64 ",\"type\":\"release\"}",
                     k->boot, decision, t->expires_ns, plan, t->seq);
    assert(n > 0 && (size_t)n < sizeof out->text);
    out->bytes = (uint32_t)n;
}

static enum keeper_refusal check_batch(const struct keeper *k, const struct keeper_batch *b,
                                       size_t n, int64_t now_ns)
{
    uint8_t root[BASE_SHA256];
    if (b->nleaves > KEEPER_MAX_LEAVES || b->nreleases > KEEPER_MAX_RELEASES ||
        b->nleaves + b->nreleases == 0 || n != keeper_batch_bytes(b->nleaves))
        return KEEPER_REFUSAL_FRAME;
    tree_edge_root(&k->head.edge, root);
    if (b->size != k->head.edge.size || memcmp(b->root, root, sizeof root) != 0 ||
        b->size >= KEEPER_MAX_SIZE - HEAD_MAX_BATCH)
        return KEEPER_REFUSAL_TREE;
    if (!keeper_batch_rotates(k, b))
        return KEEPER_REFUSAL_ROTATION;
    for (uint32_t i = 0; i < b->nreleases; i++) {
        int64_t expires_ns = b->release[i].expires_ns;
        if (b->release[i].decision >= b->size + b->nleaves)
            return KEEPER_REFUSAL_DECISION;
        if (expires_ns <= now_ns || expires_ns - now_ns > KEEPER_MAX_EXPIRY_NS)
            return KEEPER_REFUSAL_EXPIRY;
    }
    return KEEPER_REFUSAL_NONE;
}

/* The head after a checked batch, and the tokens that `committed` will set free. */
static void enter(struct keeper *k, const struct keeper_batch *b)
{
    struct keeper_head *h = &k->head;
    h->generation++;
    h->committed = false;
    h->base = h->edge;
    h->nleaves = b->nleaves;
    h->nreleases = k->ntokens = b->nreleases;
    memset(h->leaf, 0, sizeof h->leaf);
    memset(h->release, 0, sizeof h->release);
    memcpy(h->leaf, b->leaf, (size_t)b->nleaves * BASE_SHA256);
    for (uint32_t i = 0; i < b->nreleases; i++) {
        struct token *t = &k->token[i];
        *t =
            (struct token){.seq = b->size + b->nleaves + i, .expires_ns = b->release[i].expires_ns};
        memcpy(t->plan, b->release[i].plan, sizeof t->plan);
        token_mac(k->token_key, t, t->mac);
        write_release(k, b->release[i].decision, t, &h->release[i]);
        tree_leaf_hash(h->release[i].text, h->release[i].bytes, h->leaf[b->nleaves + i]);
    }
    for (uint32_t i = 0; i < b->nleaves + b->nreleases; i++)
        tree_edge_append(&h->edge, h->leaf[i]);
}

static bool take_batch(struct keeper *k, const void *frame, size_t n, int64_t now_ns)
{
    const struct keeper_batch *b = frame;
    enum keeper_refusal why = check_batch(k, b, n, now_ns);
    if (why != KEEPER_REFUSAL_NONE)
        return keeper_refuse(k, why, NULL);
    enter(k, b);
    struct keeper_records answer;
    answer.nreleases = k->head.nreleases;
    answer.pad = 0;
    memcpy(answer.release, k->head.release, answer.nreleases * sizeof answer.release[0]);
    /* Answered before the head is durable: the owner commits in the meantime. */
    if (!send_frame(k, &answer, KEEPER_RECORDS, keeper_records_bytes(answer.nreleases)))
        return false;
    struct reeve_error err;
    if (head_store(k->head_fd, &k->head_key, &k->head, &err) != 0)
        return keeper_refuse(k, KEEPER_REFUSAL_HEAD, &err);
    k->phase = KEEPER_ENTERED;
    /* Now, and not when the owner waits for it; nobody gets it before `committed`. */
    return sign_last(k);
}

static bool take_rotate(struct keeper *k, const void *frame, size_t n, int64_t now_ns)
{
    const struct keeper_rotate *r = frame;
    struct keeper_rotation answer = {0};
    (void)n, (void)now_ns;
    enum keeper_refusal why = keeper_rotate(k, r->seq, &answer);
    if (why != KEEPER_REFUSAL_NONE)
        return keeper_refuse(k, why, NULL);
    return send_frame(k, &answer, KEEPER_ROTATION, sizeof answer);
}

static bool take_committed(struct keeper *k, const void *frame, size_t n, int64_t now_ns)
{
    (void)frame, (void)n, (void)now_ns;
    struct reeve_error err;
    if (head_mark(k->head_fd, &k->head_key, &k->head, &err) != 0)
        return keeper_refuse(k, KEEPER_REFUSAL_HEAD, &err);
    k->head.committed = true;
    if (k->rotation.bytes && keeper_take_over(k, &err) != 0)
        return keeper_refuse(k, KEEPER_REFUSAL_KEY, &err);
    struct keeper_grants answer = {
        .size = k->head.edge.size, .ntokens = k->ntokens, .note_bytes = k->note_bytes};
    tree_edge_root(&k->head.edge, answer.root);
    memcpy(answer.token, k->token, k->ntokens * sizeof answer.token[0]);
    memcpy(answer.note, k->note, k->note_bytes);
    k->ntokens = 0;
    k->phase = KEEPER_IDLE;
    return send_frame(k, &answer, KEEPER_GRANTS, keeper_grants_bytes(answer.ntokens));
}

/* Which frame may come when, its sizes, and what is done. All else is refused. */
static const struct transition {
    enum keeper_phase phase;
    enum keeper_frame type;
    size_t least, most;
    bool (*take)(struct keeper *k, const void *frame, size_t n, int64_t now_ns);
} transitions[] = {
    {KEEPER_IDLE, KEEPER_BATCH, offsetof(struct keeper_batch, leaf), sizeof(struct keeper_batch),
     take_batch},
    {KEEPER_IDLE, KEEPER_ROTATE, sizeof(struct keeper_rotate), sizeof(struct keeper_rotate),
     take_rotate},
    {KEEPER_ENTERED, KEEPER_COMMITTED, sizeof(struct frame_head), sizeof(struct frame_head),
     take_committed},
};

bool keeper_take(struct keeper *k, const void *frame, size_t n, int64_t now_ns)
{
    struct frame_head head;
    if (n < sizeof head)
        return keeper_refuse(k, KEEPER_REFUSAL_FRAME, NULL);
    memcpy(&head, frame, sizeof head);
    for (size_t i = 0; i < BASE_COUNT(transitions); i++) {
        const struct transition *t = &transitions[i];
        if (t->phase == k->phase && t->type == head.type && n >= t->least && n <= t->most &&
            head.bytes == n)
            return t->take(k, frame, n, now_ns);
    }
    return keeper_refuse(k, KEEPER_REFUSAL_FRAME, NULL);
}
