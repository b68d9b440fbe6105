/*
 * A ring of slices: the calling thread fills them with rows, threads look into them, and the
 * calling thread hands them on in the order in which it filled them. See verify_rows.h.
 */
#include "audit/verify_rows.h"

#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

enum {
    SLICE_ROWS = 1024,     /* of one read: short enough that a live log is not held up */
    SLICE_BYTES = 2 << 20, /* beyond it a slice is full */
    MAX_THREADS = 8,
    MAX_SLICES = MAX_THREADS + 2,
};

enum slice_state { SLICE_FREE, SLICE_FILLED, SLICE_TAKEN, SLICE_DONE };

struct slice {
    enum slice_state state;
    uint32_t n;
    struct buf bytes;
    size_t at[SLICE_ROWS]; /* of each record in `bytes` */
    struct verify_row row[SLICE_ROWS];
};

struct pool {
    pthread_mutex_t mutex; /* guards states and `ending` */
    pthread_cond_t changed;
    bool ending;
    unsigned nslices, nthreads;
    struct slice *slice;
    pthread_t thread[MAX_THREADS];
};

/* ---- looking into rows ---- */

static void look(struct record_reader *reader, struct verify_row *row)
{
    struct reeve_error ignored;
    memcpy(row->own, row->leaf, sizeof row->own);
    row->code = 0;
    if (!row->record.p)
        return;
    tree_leaf_hash(row->record.p, row->record.n, row->own);
    if (memcmp(row->own, row->leaf, sizeof row->own) == 0)
        row->code = record_read(reader, row->record, &row->info, &ignored);
}

static void look_into(struct record_reader *reader, struct slice *s)
{
    for (uint32_t i = 0; i < s->n; i++) {
        struct verify_row *row = &s->row[i];
        if (row->record.p)
            row->record.p = s->bytes.data + s->at[i];
        look(reader, row);
    }
}

/* With the mutex: the first that nobody looks into. */
static struct slice *find_filled(struct pool *p)
{
    for (unsigned i = 0; i < p->nslices; i++)
        if (p->slice[i].state == SLICE_FILLED)
            return &p->slice[i];
    return NULL;
}

static void set_state(struct pool *p, struct slice *s, enum slice_state state)
{
    pthread_mutex_lock(&p->mutex);
    s->state = state;
    (void)pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->mutex);
}

static void *work(void *arg)
{
    struct pool *p = arg;
    struct record_reader reader = {0};
    pthread_mutex_lock(&p->mutex);
    while (!p->ending) {
        struct slice *s = find_filled(p);
        if (!s) {
            base_cond_wait(&p->changed, &p->mutex);
            continue;
        }
        s->state = SLICE_TAKEN;
        pthread_mutex_unlock(&p->mutex);
        look_into(&reader, s);
        set_state(p, s, SLICE_DONE);
        pthread_mutex_lock(&p->mutex);
    }
    pthread_mutex_unlock(&p->mutex);
    record_reader_fini(&reader);
    return NULL;
}

/* ---- the pool ---- */

static void end_pool(struct pool *p)
{
    pthread_mutex_lock(&p->mutex);
    p->ending = true;
    (void)pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->mutex);
    for (unsigned i = 0; i < p->nthreads; i++)
        (void)pthread_join(p->thread[i], NULL);
    for (unsigned i = 0; p->slice && i < p->nslices; i++)
        buf_fini(&p->slice[i].bytes);
    free(p->slice);
    (void)pthread_cond_destroy(&p->changed);
    (void)pthread_mutex_destroy(&p->mutex);
}

/* Fewer threads than processors, or none, are no error: the calling thread then looks itself. */
static int begin_pool(struct pool *p, struct reeve_error *err)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    unsigned wanted = processors < 2             ? 0
                      : processors > MAX_THREADS ? MAX_THREADS
                                                 : (unsigned)processors;
    *p = (struct pool){.nslices = wanted + 2};
    (void)pthread_mutex_init(&p->mutex, NULL);
    (void)pthread_cond_init(&p->changed, NULL);
    p->slice = calloc(p->nslices, sizeof *p->slice);
    if (!p->slice) {
        end_pool(p);
        return base_fail(err, REEVE_ENOMEM, "out of memory for checking a log");
    }
    while (p->nthreads < wanted && base_thread(&p->thread[p->nthreads], work, p) == 0)
        p->nthreads++;
    return 0;
}

/* ---- filling ---- */

struct filling {
    struct slice *slice;
    uint64_t next; /* the row that is due */
    bool gap;      /* another one came */
};

static int fill_row(void *arg, uint64_t seq, struct str record, const uint8_t leaf[BASE_SHA256])
{
    struct filling *f = arg;
    struct slice *s = f->slice;
    f->gap = seq != f->next;
    struct verify_row *row = &s->row[s->n];
    *row = (struct verify_row){.seq = seq, .record = record};
    memcpy(row->leaf, leaf, BASE_SHA256);
    s->at[s->n++] = s->bytes.len;
    buf_str(&s->bytes, record);
    f->next = seq + 1;
    return f->gap || s->bytes.failed || s->n == SLICE_ROWS || s->bytes.len >= SLICE_BYTES;
}

/* Where the rows end: there are no more, one is missing, or they cannot be read. */
struct reading {
    const struct audit_source *source;
    uint64_t next, to;
    bool ended;
    int rc;
    struct reeve_error why;
};

static void fill(struct pool *p, struct reading *r, struct slice *s)
{
    struct filling f = {.slice = s, .next = r->next};
    uint64_t left = r->to - r->next;
    s->n = 0;
    buf_reset(&s->bytes);
    r->rc = r->source->read(r->source->self, r->next, left < SLICE_ROWS ? left : SLICE_ROWS,
                            fill_row, &f, &r->why);
    if (r->rc == 0 && s->bytes.failed)
        r->rc = base_fail(&r->why, REEVE_ENOMEM, "out of memory reading records");
    r->ended = r->rc || f.gap || f.next == r->next || f.next >= r->to;
    r->next = f.next;
    set_state(p, s, p->nthreads ? SLICE_FILLED : SLICE_DONE);
    if (!p->nthreads) {
        struct record_reader reader = {0};
        look_into(&reader, s);
        record_reader_fini(&reader);
    }
}

/* ---- handing over ---- */

static void await_done(struct pool *p, struct slice *s)
{
    pthread_mutex_lock(&p->mutex);
    while (s->state != SLICE_DONE)
        base_cond_wait(&p->changed, &p->mutex);
    s->state = SLICE_FREE;
    pthread_mutex_unlock(&p->mutex);
}

/* False: no further row is wanted. */
static bool hand_over(struct pool *p, struct slice *s, verify_row_fn *fn, void *arg, uint64_t *next)
{
    await_done(p, s);
    for (uint32_t i = 0; i < s->n; i++) {
        if (fn(arg, &s->row[i]) != 0)
            return false;
        *next = s->row[i].seq + 1;
    }
    return true;
}

int verify_rows(const struct audit_source *source, uint64_t from, uint64_t to, verify_row_fn *fn,
                void *arg, uint64_t *next, struct reeve_error *err)
{
    struct pool p;
    struct reading r = {.source = source, .next = from, .to = to, .ended = from >= to};
    *next = from;
    int rc = begin_pool(&p, err);
    if (rc)
        return rc;
    unsigned first = 0, filled = 0;
    bool wanted = true;
    while (wanted && (filled || !r.ended)) {
        if (!r.ended && filled < p.nslices) {
            fill(&p, &r, &p.slice[(first + filled++) % p.nslices]);
            continue;
        }
        wanted = hand_over(&p, &p.slice[first], fn, arg, next);
        first = (first + 1) % p.nslices;
        filled--;
    }
    end_pool(&p);
    if (wanted && r.rc && err)
        *err = r.why;
    return wanted ? r.rc : 0;
}
