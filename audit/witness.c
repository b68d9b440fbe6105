/* The requests of tlog-witness's add-checkpoint, and what its answers mean. */
#include "audit/witness.h"

#include <inttypes.h>

#define MAX_REQUEST (NOTE_MAX_BYTES + 4096u)
#define MAX_ROUNDS  4 /* the size that it tells may be out of date when it is asked again */

enum { HTTP_OK = 200, HTTP_CONFLICT = 409 };

static const struct {
    int status, code;
    const char *what;
} refusals[] = {
    {400, REEVE_EPROTO, "could not read the request"},
    {403, REEVE_EPERM, "does not trust this log's key"},
    {404, REEVE_EPERM, "does not know this log"},
    {422, REEVE_EVERIFY,
     "finds that the log's history does not begin with what it saw: it was changed"},
};

static int refused(const struct witness *w, int status, struct reeve_error *err)
{
    for (size_t i = 0; i < BASE_COUNT(refusals); i++)
        if (refusals[i].status == status)
            return base_fail(err, refusals[i].code, "the witness %.*s %s", (int)w->key.key.name.n,
                             w->key.key.name.p, refusals[i].what);
    return base_fail(err, REEVE_EPROTO, "the witness %.*s answered with status %d",
                     (int)w->key.key.name.n, w->key.key.name.p, status);
}

static int make_request(const struct witness *w, uint64_t old, uint64_t size, struct str note,
                        struct buf *out, struct reeve_error *err)
{
    struct witness_proof proof = {0};
    int rc = old && old < size ? w->grow(w->arg, old, size, &proof, err) : 0;
    if (rc)
        return rc;
    buf_reset(out);
    buf_printf(out, "old %" PRIu64 "\n", old);
    for (unsigned i = 0; i < proof.n && i < TREE_MAX_EDGE; i++) {
        buf_base64(out, proof.hash[i], BASE_SHA256);
        buf_byte(out, '\n');
    }
    buf_byte(out, '\n');
    buf_str(out, note);
    return out->failed ? base_fail(err, REEVE_ENOMEM, "no room for a request to a witness") : 0;
}

/* A conflict: the witness tells the size that it saw last, which becomes `*old`. */
static int take_size(const struct witness *w, struct str body, uint64_t size, uint64_t *old,
                     struct reeve_error *err)
{
    struct str line;
    uint64_t seen;
    int n = (int)w->key.key.name.n;
    const char *name = w->key.key.name.p;
    if (!note_line(&body, &line) || body.n || !note_decimal(line, &seen))
        return base_fail(err, REEVE_EPROTO, "the witness %.*s does not say which size it saw", n,
                         name);
    if (seen > size)
        return base_fail(err, REEVE_EVERIFY,
                         "the witness %.*s saw %" PRIu64 " records and the log has signed %" PRIu64
                         ": it was put back",
                         n, name, seen, size);
    if (seen == *old && seen == size)
        return base_fail(err, REEVE_EVERIFY,
                         "the witness %.*s saw another log of %" PRIu64
                         " records: its history was changed",
                         n, name, seen);
    if (seen == *old)
        return base_fail(err, REEVE_EPROTO, "the witness %.*s refuses the size that it says it saw",
                         n, name);
    *old = seen;
    return 0;
}

int witness_cosign(const struct witness *w, uint64_t size, struct buf *note, uint64_t *time_s,
                   struct reeve_error *err)
{
    auto_buf struct buf request = {.max = MAX_REQUEST};
    uint64_t old = 0;
    for (int round = 0; round < MAX_ROUNDS; round++) {
        struct witness_answer answer = {.body = {.max = WITNESS_MAX_ANSWER}};
        int rc = make_request(w, old, size, buf_view(note), &request, err);
        if (rc == 0)
            rc = w->post(w->arg, buf_view(&request), &answer, err);
        if (rc == 0 && answer.body.failed)
            rc = base_fail(err, REEVE_EPROTO, "the witness's answer has more than %u bytes",
                           WITNESS_MAX_ANSWER);
        bool again = rc == 0 && answer.status == HTTP_CONFLICT;
        if (again)
            rc = take_size(w, buf_view(&answer.body), size, &old, err);
        else if (rc == 0 && answer.status == HTTP_OK)
            rc = cosign_add(note, buf_view(&answer.body), &w->key, time_s, err);
        else if (rc == 0)
            rc = refused(w, answer.status, err);
        buf_fini(&answer.body);
        if (rc || !again)
            return rc;
    }
    return base_fail(err, REEVE_EPROTO, "the witness %.*s tells another size each time",
                     (int)w->key.key.name.n, w->key.key.name.p);
}
