/*
 * The owner's side of the keeper's protocol: frames out, answers in within a time, each answer
 * checked against what the log computed itself. A keeper that does not answer as it must is gone.
 */
#include "audit/log.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>

int log_lose_keeper(struct audit_log *log, int code)
{
    fd_close(&log->keeper_fd);
    log_set_phase(log, LOG_ALONE);
    return code;
}

static int wait_readable(int fd, struct reeve_error *err)
{
    int64_t end_ns = base_boottime_ns() + (int64_t)LOG_KEEPER_TIMEOUT_MS * 1000000;
    for (;;) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        int n = poll(&p, 1, base_ms_until(end_ns));
        if (n > 0)
            return 0;
        if (n == 0)
            return base_fail(err, REEVE_EHELPERS, "the keeper did not answer within %d s",
                             LOG_KEEPER_TIMEOUT_MS / 1000);
        if (errno != EINTR)
            return base_fail_errno(err, REEVE_EHELPERS, errno, "the keeper cannot be waited for");
    }
}

/* What the keeper refused, as an error of ours. */
static int refused(const struct keeper_refused *r, struct reeve_error *err)
{
    static const char *const reasons[] = {"nothing",
#define X(id, text) text,
                                          KEEPER_REFUSAL_TABLE(X)
#undef X
    };
    uint32_t reason = r->reason < BASE_COUNT(reasons) ? r->reason : 0;
    uint32_t n = r->text_bytes < sizeof r->text ? r->text_bytes : (uint32_t)sizeof r->text;
    int code = reason == KEEPER_REFUSAL_KEY    ? REEVE_EKEY
               : reason == KEEPER_REFUSAL_HEAD ? REEVE_ESTATE
                                               : REEVE_EHELPERS;
    if (n)
        return base_fail(err, code, "%.*s", (int)n, r->text);
    return base_fail(err, code, "the keeper refused: %s", reasons[reason]);
}

/* The next frame, which must be of this type and size. */
static int take(struct audit_log *log, uint32_t type, void *out, size_t size,
                struct reeve_error *err)
{
    union {
        struct frame_head head;
        struct keeper_state state;
        struct keeper_refused refused;
        uint8_t bytes[sizeof(struct keeper_state) + 8];
    } frame;
    int rc = wait_readable(log->keeper_fd, err);
    if (rc)
        return rc;
    ssize_t n = recv(log->keeper_fd, &frame, sizeof frame, MSG_DONTWAIT);
    if (n <= 0)
        return base_fail(err, REEVE_EHELPERS, "the keeper has ended");
    if ((size_t)n == sizeof frame.refused && frame.head.type == KEEPER_REFUSED)
        return refused(&frame.refused, err);
    if ((size_t)n != size || frame.head.type != type || frame.head.bytes != size)
        return base_fail(err, REEVE_EPROTO,
                         "the keeper answered frame %u of %zd bytes where frame %u of %zu was due",
                         n >= 4 ? frame.head.type : 0, n, type, size);
    memcpy(out, &frame, size);
    return 0;
}

static int receive(struct audit_log *log, uint32_t type, void *out, size_t size,
                   struct reeve_error *err)
{
    int rc = take(log, type, out, size, err);
    return rc ? log_lose_keeper(log, rc) : 0;
}

static int give(struct audit_log *log, void *frame, uint32_t type, size_t n,
                struct reeve_error *err)
{
    struct frame_head head = {type, (uint32_t)n};
    memcpy(frame, &head, sizeof head);
    if (fd_send_with(log->keeper_fd, frame, n, NULL, 0) == 0)
        return 0;
    /* What it said last tells more than a broken pipe does. */
    struct keeper_refused ignored;
    int rc = take(log, KEEPER_REFUSED, &ignored, sizeof ignored, err);
    return rc ? rc : REEVE_EHELPERS;
}

static int send_frame(struct audit_log *log, void *frame, uint32_t type, size_t n,
                      struct reeve_error *err)
{
    int rc = give(log, frame, type, n, err);
    return rc ? log_lose_keeper(log, rc) : 0;
}

int log_keeper_rotate(struct audit_log *log, uint64_t seq, struct keeper_rotation *out,
                      struct reeve_error *err)
{
    struct keeper_rotate asked = {.seq = seq};
    int rc = give(log, &asked, KEEPER_ROTATE, sizeof asked, err);
    if (rc == 0)
        rc = take(log, KEEPER_ROTATION, out, sizeof *out, err);
    if (rc == 0 && out->record.bytes > sizeof out->record.text)
        rc = base_fail(err, REEVE_EPROTO, "the record of a rotation is too long");
    return rc;
}

/* A rotation that is pending: the last batch holds its record. */
static bool rotation_agrees(const struct keeper_state *s)
{
    const struct keeper_rotation_record *r = &s->rotation;
    uint8_t leaf[BASE_SHA256];
    if (!r->bytes)
        return true;
    if (r->bytes > sizeof r->text || s->committed || r->seq - s->base_size >= s->nleaves)
        return false;
    tree_leaf_hash(r->text, r->bytes, leaf);
    return memcmp(leaf, s->leaf[r->seq - s->base_size], sizeof leaf) == 0;
}

/* The keeper is trusted, its file less so: what it says must agree with itself. */
static bool state_agrees(const struct keeper_state *s)
{
    if (s->nleaves > KEEPER_MAX_LEAVES || s->nreleases > KEEPER_MAX_RELEASES ||
        s->note_bytes > sizeof s->note || s->nedge > KEEPER_MAX_EDGE ||
        s->nedge != (uint32_t)__builtin_popcountll(s->base_size) || s->size < s->base_size ||
        s->size - s->base_size != (uint64_t)s->nleaves + s->nreleases || s->size >> 62)
        return false;
    for (uint32_t i = 0; i < s->nreleases; i++)
        if (s->release[i].bytes > RELEASE_MAX_BYTES)
            return false;
    if (!rotation_agrees(s))
        return false;
    struct tree_edge e = {.size = s->base_size, .n = s->nedge};
    uint8_t root[BASE_SHA256];
    memcpy(e.node, s->edge, sizeof e.node);
    tree_edge_root(&e, root);
    if (memcmp(root, s->base_root, sizeof root) != 0)
        return false;
    for (uint32_t i = 0; i < s->nleaves + s->nreleases; i++)
        tree_edge_append(&e, s->leaf[i]);
    tree_edge_root(&e, root);
    return memcmp(root, s->root, sizeof root) == 0;
}

int log_keeper_state(struct audit_log *log, struct keeper_state *out, struct reeve_error *err)
{
    int rc = receive(log, KEEPER_STATE, out, sizeof *out, err);
    if (rc)
        return rc;
    if (!state_agrees(out))
        return log_lose_keeper(
            log, base_fail(err, REEVE_EPROTO, "the keeper's state does not agree with itself"));
    return 0;
}

int log_keeper_enter(struct audit_log *log, struct reeve_error *err)
{
    struct log_flight *f = &log->flight;
    struct keeper_batch *b = &f->batch;
    b->size = log->edge.size;
    tree_edge_root(&log->edge, b->root);
    int rc = send_frame(log, b, KEEPER_BATCH, keeper_batch_bytes(b->nleaves), err);
    /* Without releases its answer says nothing, and can be read when it has signed. */
    f->answered = b->nreleases > 0;
    f->records.nreleases = 0;
    if (rc == 0 && f->answered)
        rc = receive(log, KEEPER_RECORDS, &f->records, keeper_records_bytes(b->nreleases), err);
    if (rc)
        return rc;
    const struct keeper_records *r = &f->records;
    if (r->nreleases != b->nreleases)
        return log_lose_keeper(log,
                               base_fail(err, REEVE_EPROTO,
                                         "the keeper wrote %u release records where %u were asked",
                                         r->nreleases, b->nreleases));
    memcpy(f->leaf, b->leaf, (size_t)b->nleaves * BASE_SHA256);
    for (uint32_t i = 0; i < r->nreleases; i++) {
        if (r->release[i].bytes > RELEASE_MAX_BYTES)
            return log_lose_keeper(log,
                                   base_fail(err, REEVE_EPROTO, "a release record is too long"));
        tree_leaf_hash(r->release[i].text, r->release[i].bytes, f->leaf[b->nleaves + i]);
    }
    f->edge = log->edge;
    for (uint32_t i = 0; i < b->nleaves + b->nreleases; i++)
        tree_edge_append(&f->edge, f->leaf[i]);
    log_set_phase(log, LOG_ENTERED);
    return 0;
}

int log_check_note(const struct audit_log *log, const struct tree_edge *edge, const char *note,
                   uint32_t n, struct reeve_error *err)
{
    struct note_checkpoint c;
    uint8_t root[BASE_SHA256];
    struct str text;
    if (n > sizeof log->note)
        return base_fail(err, REEVE_EPROTO, "the keeper's checkpoint is too long");
    int rc = note_text((struct str){note, n}, &text, err);
    if (rc == 0)
        rc = note_checkpoint_parse(text, &c, err);
    if (rc)
        return rc;
    tree_edge_root(edge, root);
    if (!str_eq(c.origin, buf_view(&log->origin)) || c.size != edge->size ||
        memcmp(c.root, root, sizeof root) != 0)
        return base_fail(err, REEVE_EPROTO, "the keeper signed another tree than it has");
    return 0;
}

void log_check_signature(struct audit_log *log)
{
    struct note_checkpoint c;
    struct reeve_error why = {0};
    if (log->note_checked || !log->note_bytes)
        return;
    struct str note = {log->note, log->note_bytes};
    log->note_checked = note_checkpoint_open(note, &log->key, &c, &why) == 0;
    if (!log->note_checked)
        log_condemn(log, AUDIT_DAMAGED, log->signed_size, "the keeper's checkpoint: %s",
                    why.message);
}

void log_adopt(struct audit_log *log, const struct tree_edge *edge, const char *note, uint32_t n)
{
    memcpy(log->note, note, n);
    log->note_bytes = n;
    log->note_checked = false;
    log->signed_size = edge->size;
    tree_edge_root(edge, log->signed_root);
}

int log_keeper_commit(struct audit_log *log, const struct tree_edge *edge, uint32_t ntokens,
                      struct keeper_grants *out, struct reeve_error *err)
{
    struct frame_head committed;
    int rc = send_frame(log, &committed, KEEPER_COMMITTED, sizeof committed, err);
    if (rc == 0 && log->flight.queue && !log->flight.answered) {
        rc = receive(log, KEEPER_RECORDS, &log->flight.records, keeper_records_bytes(0), err);
        log->flight.answered = true;
    }
    if (rc == 0)
        rc = receive(log, KEEPER_GRANTS, out, keeper_grants_bytes(ntokens), err);
    if (rc)
        return rc;
    if (out->note_bytes > sizeof out->note || out->ntokens != ntokens)
        return log_lose_keeper(log,
                               base_fail(err, REEVE_EPROTO, "the keeper's grants are malformed"));
    rc = log_check_note(log, edge, out->note, out->note_bytes, err);
    return rc ? log_lose_keeper(log, rc) : 0;
}
