/* See sweep.h. */
#include "audit/sweep.h"

#include "audit/log.h"

enum {
    MAX_PLANS = 1 << 20, /* 33 MB */
    SLICE_PLANS = 1024,
    SLICE_ROWS = 2048,
    MAX_DROP = 256,
};

void audit_sweep_fini(struct audit_sweep *s)
{
    free(s->digest);
    free(s->named);
    *s = (struct audit_sweep){0};
}

/* ---- which plans there are ---- */

static int make_room(struct audit_sweep *s, size_t n, struct reeve_error *err)
{
    uint8_t(*digest)[BASE_SHA256] = reallocarray(s->digest, n, BASE_SHA256);
    if (digest)
        s->digest = digest;
    bool *named = digest ? reallocarray(s->named, n, sizeof *named) : NULL;
    if (!named)
        return base_fail(err, REEVE_ENOMEM, "out of memory for the digests of plans");
    s->named = named;
    return 0;
}

static int list(struct audit_log *log, struct audit_sweep *s, struct reeve_error *err)
{
    unsigned got = SLICE_PLANS;
    int rc = 0;
    s->n = s->at = 0;
    while (rc == 0 && got == SLICE_PLANS && s->n < MAX_PLANS) {
        rc = make_room(s, s->n + SLICE_PLANS, err);
        if (rc)
            break;
        log_rows_read(log);
        rc = plans_list(&log->plans, s->after, SLICE_PLANS, s->digest + s->n, &got, err);
        log_rows_leave(log);
        memset(s->named + s->n, 0, got);
        s->n += got;
        if (got)
            memcpy(s->after, s->digest[s->n - 1], BASE_SHA256);
    }
    s->more = got == SLICE_PLANS;
    return rc;
}

/* ---- which of them are named ---- */

static int compare(const void *a, const void *b)
{
    return memcmp(a, b, BASE_SHA256);
}

static void mark(struct audit_sweep *s, const uint8_t digest[BASE_SHA256])
{
    uint8_t(*found)[BASE_SHA256] =
        s->n ? bsearch(digest, s->digest, s->n, BASE_SHA256, compare) : NULL;
    if (found)
        s->named[found - s->digest] = true;
}

struct looking {
    struct audit_sweep *s;
    struct record_reader reader;
    int rc;
};

/* What cannot be read names nothing: it is found elsewhere that it cannot. */
static void look_into(struct looking *l, struct str record)
{
    struct record_info info;
    int rc = record.p ? record_read(&l->reader, record, &info, NULL) : REEVE_EFORMAT;
    if (rc == REEVE_ENOMEM)
        l->rc = rc;
    if (rc == 0 && info.kind == RECORD_DECISION && info.has_plan)
        mark(l->s, info.plan);
}

static int take_row(void *arg, uint64_t seq, struct str record, const uint8_t leaf[BASE_SHA256])
{
    struct looking *l = arg;
    (void)leaf;
    look_into(l, record);
    l->s->through = seq + 1;
    return l->rc != 0;
}

static int finish(struct looking *l, int rc, struct reeve_error *err)
{
    record_reader_fini(&l->reader);
    return rc == 0 && l->rc ? base_fail(err, l->rc, "out of memory looking into records") : rc;
}

int audit_sweep_mark(struct audit_log *log, struct audit_sweep *s, struct reeve_error *err)
{
    struct looking l = {.s = s};
    uint64_t before;
    s->through = 0;
    int rc = list(log, s, err);
    do {
        before = s->through;
        if (rc == 0 && s->n)
            rc = audit_log_read(log, s->through, SLICE_ROWS, take_row, &l, err);
    } while (rc == 0 && l.rc == 0 && s->through > before);
    return finish(&l, rc, err);
}

/* ---- dropping ---- */

/* With the queue locked. */
static void look_into_queue(struct looking *l, const struct log_queue *q)
{
    const char *at = q->bytes.data;
    for (uint32_t i = q->opens; i < q->nrecords; i++) {
        look_into(l, (struct str){at, q->length[i]});
        at += q->length[i];
    }
}

/* With the rows locked: what came after the marking. */
static int look_at_rest(struct audit_log *log, struct audit_sweep *s, struct reeve_error *err)
{
    struct looking l = {.s = s};
    int rc = log_read_rows(log, s->through, UINT64_MAX, take_row, &l, err);
    pthread_mutex_lock(&log->queue);
    for (size_t i = 0; i < BASE_COUNT(log->queues); i++)
        look_into_queue(&l, &log->queues[i]);
    pthread_mutex_unlock(&log->queue);
    return finish(&l, rc, err);
}

static int drop(struct audit_log *log, struct audit_sweep *s, unsigned max, struct reeve_error *err)
{
    const uint8_t *digest[MAX_DROP];
    unsigned n = 0;
    size_t at = s->at;
    for (; at < s->n && n < max; at++)
        if (!s->named[at])
            digest[n++] = s->digest[at];
    int rc = plans_delete(&log->plans, digest, n, err);
    if (rc)
        return rc;
    s->at = at;
    s->dropped += n;
    return 0;
}

int audit_sweep_drop(struct audit_log *log, struct audit_sweep *s, unsigned max, bool *done,
                     struct reeve_error *err)
{
    log_rows_change(log);
    int rc = log->condition == AUDIT_OK
                 ? look_at_rest(log, s, err)
                 : base_fail(err, REEVE_EDAMAGED, "the log is damaged: no plan goes");
    if (rc == 0)
        rc = drop(log, s, max < MAX_DROP ? max : MAX_DROP, err);
    log_rows_leave(log);
    *done = rc == 0 && s->at == s->n;
    return rc;
}
