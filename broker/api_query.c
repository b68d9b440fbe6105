/*
 * Queries from the client's side: by way of the folder's index where this process may read it, else
 * over all rows. What is given was read from the owner and looked at here.
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/audit.h"
#include "audit/index.h"
#include "broker/api.h"

struct kept {
    uint64_t seq;
    char *json;
    size_t len;
    uint8_t leaf[BASE_SHA256];
};
struct query {
    struct reeve *handle;
    struct audit_query q;
    uint64_t limit;
    struct api_taker to;
    struct kept *ring; /* the last `limit` matches */
    uint64_t count;
    bool failed, stopped;
};

static int on_row(void *arg, uint64_t seq, struct str record, const uint8_t leaf[BASE_SHA256])
{
    struct query *s = arg;
    if (!audit_query_matches(&s->q, record))
        return 0;
    if (!s->ring) {
        s->stopped = api_give_record(&s->to, seq, record, leaf) != 0;
        return s->stopped;
    }
    struct kept *k = &s->ring[s->count++ % s->limit];
    free(k->json);
    *k = (struct kept){.seq = seq, .len = record.n, .json = record.p ? str_dup(record) : NULL};
    memcpy(k->leaf, leaf, sizeof k->leaf);
    s->failed = record.p && !k->json;
    return s->failed;
}

static void give_kept(struct query *s)
{
    uint64_t limit = s->limit, from = s->count > limit ? s->count - limit : 0;
    int stop = 0;
    for (uint64_t i = from; i < s->count && !stop; i++) {
        const struct kept *k = &s->ring[i % limit];
        stop = api_give_record(&s->to, k->seq, (struct str){k->json, k->len}, k->leaf);
    }
}

/* ---- by way of the index ---- */

enum { PAGE = 1024 };

static int read_one(struct query *s, uint64_t seq, struct reeve_error *err)
{
    return api_read_rows(s->handle, seq, 1, on_row, s, err);
}

/* All that the index names, in order. */
static int give_found(struct query *s, struct audit_index *index, uint64_t from, uint64_t through,
                      struct reeve_error *err)
{
    uint64_t page[PAGE];
    size_t n = PAGE;
    int rc = 0;
    while (!rc && !s->stopped && n == PAGE) {
        rc = audit_index_find(index, &s->q, from, through, false, page, PAGE, &n, err);
        for (size_t i = 0; !rc && !s->stopped && i < n; i++)
            rc = read_one(s, page[i], err);
        from = n ? page[n - 1] + 1 : through;
    }
    return rc;
}

/* As many of the last ones as are wanted, read in order into the ring. */
static int keep_found(struct query *s, struct audit_index *index, uint64_t from, uint64_t through,
                      struct reeve_error *err)
{
    size_t n = 0;
    auto_free uint64_t *last = calloc(s->limit, sizeof *last);
    if (!last)
        return base_fail(err, REEVE_ENOMEM, "out of memory");
    int rc = audit_index_find(index, &s->q, from, through, true, last, s->limit, &n, err);
    while (!rc && n > 0)
        rc = read_one(s, last[--n], err);
    return rc;
}

static int run_query(struct query *s, struct audit_index *index, uint64_t from,
                     struct reeve_error *err)
{
    uint8_t leaf[BASE_SHA256];
    uint64_t through = index ? audit_index_through(index, leaf) : 0;
    int rc = 0;
    if (index && from < through)
        rc = s->ring ? keep_found(s, index, from, through, err)
                     : give_found(s, index, from, through, err);
    if (!rc && !s->stopped)
        rc = api_read_rows(s->handle, from > through ? from : through, UINT64_MAX, on_row, s, err);
    if (!rc && s->failed)
        rc = base_fail(err, REEVE_ENOMEM, "out of memory");
    if (!rc && s->ring)
        give_kept(s);
    return rc;
}

/* A database that another user wrote is not opened in this process, whatever it is good for. */
static bool is_own(const char *dir)
{
    struct stat st;
    return stat(dir, &st) == 0 && st.st_uid == geteuid();
}

/* An index that cannot be asked is as good as none. */
static struct audit_index *find_index(struct reeve *r, const struct audit_query *q)
{
    struct audit_index *index = NULL;
    uint64_t seq;
    size_t n;
    auto_buf struct buf origin = {.max = 1024};
    auto_buf struct buf path = {0};
    buf_printf(&path, "%s/" AUDIT_ORIGIN_NAME, r->dir);
    if (path.failed || !is_own(r->dir) || fd_slurp(AT_FDCWD, path.data, 1024, &origin, NULL) != 0 ||
        !origin.len)
        return NULL;
    audit_index_look(r->dir, (struct str){origin.data, origin.len - 1}, &index);
    if (index && audit_index_find(index, q, 0, 0, false, &seq, 1, &n, NULL) != 0)
        audit_index_close(&index);
    return index;
}

static struct audit_query asked_of(const struct reeve_query *q)
{
    return (struct audit_query){.is = {[AUDIT_COLUMN_SUBJECT] = api_given(q->subject),
                                       [AUDIT_COLUMN_CAPABILITY] = api_given(q->capability),
                                       [AUDIT_COLUMN_EFFECT] = api_given(q->effect),
                                       [AUDIT_COLUMN_TYPE] = api_given(q->type),
                                       [AUDIT_COLUMN_RULE] = api_given(q->rule),
                                       [AUDIT_COLUMN_PLAN] = api_given(q->plan)},
                                .since = api_given(q->since),
                                .until = api_given(q->until),
                                .text = api_given(q->text)};
}

int reeve_query(struct reeve *handle, const struct reeve_query *query,
                int (*fn)(void *arg, const struct reeve_record *record), void *arg,
                struct reeve_error *err)
{
    enum { LIMIT_MAX = 100000 };
    struct reeve_query q = {0};
    if (!query || query->size > sizeof q || query->limit > LIMIT_MAX)
        return base_fail(err, REEVE_EINVAL, "a query's limit is at most %d", LIMIT_MAX);
    memcpy(&q, query, query->size);
    struct query s = {.handle = handle, .q = asked_of(&q), .limit = q.limit, .to = {fn, arg}};
    int rc = audit_query_check(&s.q, err);
    if (rc)
        return rc;
    if (q.limit && !(s.ring = calloc(q.limit, sizeof *s.ring)))
        return base_fail(err, REEVE_ENOMEM, "out of memory");
    struct audit_index *index = q.scan ? NULL : find_index(handle, &s.q);
    rc = run_query(&s, index, q.from, err);
    audit_index_close(&index);
    for (uint64_t i = 0; s.ring && i < q.limit; i++)
        free(s.ring[i].json);
    free(s.ring);
    return rc;
}
