/* See indexer.h. Rows are copied while the log is held, and taken in when it is free again. */
#include "audit/indexer.h"

#include "audit/index.h"

#include <pthread.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
    SLICE_ROWS = 2048,
    SLICE_BYTES = 2 << 20, /* the log is held for the time that copying this takes */
    NICE = 10,
};

struct slice {
    struct buf bytes;
    uint32_t n;
    struct {
        uint64_t seq;
        struct str record; /* p: its place in `bytes`, set when the slice is full */
        size_t at;
        uint8_t leaf[BASE_SHA256];
    } row[SLICE_ROWS];
};

struct audit_indexer {
    struct audit_log *log;
    struct audit_index *index; /* the thread's alone */
    struct slice slice;
    pthread_t thread;
    pthread_mutex_t mutex; /* guards what follows */
    pthread_cond_t wake;
    bool more, again, paused, stopping;
    uint64_t through;
    int code;
    struct reeve_error why;
};

static int copy_row(void *arg, uint64_t seq, struct str record, const uint8_t leaf[BASE_SHA256])
{
    struct slice *s = arg;
    s->row[s->n].seq = seq;
    s->row[s->n].record = record;
    s->row[s->n].at = s->bytes.len;
    memcpy(s->row[s->n++].leaf, leaf, BASE_SHA256);
    buf_str(&s->bytes, record);
    return s->bytes.failed || s->n == SLICE_ROWS || s->bytes.len >= SLICE_BYTES;
}

/* Whether the log still has, as its last record that the index knows, what the index knows. */
static bool goes_on(struct audit_indexer *x)
{
    uint8_t leaf[BASE_SHA256];
    uint64_t through = audit_index_through(x->index, leaf);
    x->slice.n = 0;
    buf_reset(&x->slice.bytes);
    if (through == 0)
        return true;
    return audit_log_read(x->log, through - 1, 1, copy_row, &x->slice, NULL) == 0 &&
           x->slice.n == 1 && memcmp(x->slice.row[0].leaf, leaf, BASE_SHA256) == 0;
}

static int take_slice(struct audit_indexer *x, struct reeve_error *err)
{
    struct slice *s = &x->slice;
    int rc = audit_index_begin(x->index, err);
    for (uint32_t i = 0; rc == 0 && i < s->n; i++) {
        struct str record = s->row[i].record;
        if (record.p)
            record.p = s->bytes.data + s->row[i].at;
        rc = audit_index_take(x->index, s->row[i].seq, record, s->row[i].leaf, err);
    }
    return rc ? rc : audit_index_commit(x->index, err);
}

/* One slice; `*some`: there may be more. */
static int work(struct audit_indexer *x, bool *some, struct reeve_error *err)
{
    struct slice *s = &x->slice;
    uint8_t leaf[BASE_SHA256];
    s->n = 0;
    buf_reset(&s->bytes);
    int rc =
        audit_log_read(x->log, audit_index_through(x->index, leaf), SLICE_ROWS, copy_row, s, err);
    if (rc == 0 && s->bytes.failed)
        rc = base_fail(err, REEVE_ENOMEM, "out of memory for the index");
    *some = s->n > 0;
    return rc || !s->n ? rc : take_slice(x, err);
}

/* With the mutex. */
static void set_state(struct audit_indexer *x, int code)
{
    uint8_t leaf[BASE_SHA256];
    x->through = audit_index_through(x->index, leaf);
    x->code = code;
}

static void be_nice(void)
{
    (void)setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), NICE);
}

static void *fill(void *arg)
{
    struct audit_indexer *x = arg;
    int rc = goes_on(x) ? 0 : audit_index_clear(x->index, &x->why);
    be_nice();
    pthread_mutex_lock(&x->mutex);
    set_state(x, rc);
    while (!x->stopping) {
        if (x->paused || (!x->more && !x->again)) {
            base_cond_wait(&x->wake, &x->mutex);
            continue;
        }
        bool again = x->again, some = true;
        struct reeve_error why = {0};
        x->again = x->more = false;
        pthread_mutex_unlock(&x->mutex);
        rc = again ? audit_index_clear(x->index, &why) : work(x, &some, &why);
        pthread_mutex_lock(&x->mutex);
        x->why = why;
        x->more = x->more || (some && rc == 0); /* what failed is tried again at the next call */
        set_state(x, rc);
    }
    pthread_mutex_unlock(&x->mutex);
    return NULL;
}

static void free_indexer(struct audit_indexer *x)
{
    audit_index_close(&x->index);
    buf_fini(&x->slice.bytes);
    (void)pthread_cond_destroy(&x->wake);
    (void)pthread_mutex_destroy(&x->mutex);
    free(x);
}

int audit_indexer_start(struct audit_log *log, const char *dir, struct audit_indexer **out,
                        struct reeve_error *err)
{
    struct audit_head head;
    *out = NULL;
    struct audit_indexer *x = calloc(1, sizeof *x);
    if (!x)
        return base_fail(err, REEVE_ENOMEM, "out of memory for the index");
    x->log = log;
    x->more = true;
    (void)pthread_mutex_init(&x->mutex, NULL);
    (void)pthread_cond_init(&x->wake, NULL);
    audit_log_head(log, &head);
    int rc = audit_index_open(dir, head.origin, &x->index, err);
    int errnum = rc ? 0 : base_thread(&x->thread, fill, x);
    if (errnum)
        rc = base_fail_errno(err, REEVE_ENOMEM, errnum, "the index has no thread");
    if (rc)
        free_indexer(x);
    else
        *out = x;
    return rc;
}

static void call(struct audit_indexer *x, bool *what)
{
    pthread_mutex_lock(&x->mutex);
    *what = true;
    (void)pthread_cond_signal(&x->wake);
    pthread_mutex_unlock(&x->mutex);
}

void audit_indexer_stop(struct audit_indexer **indexer)
{
    struct audit_indexer *x = *indexer;
    if (!x)
        return;
    call(x, &x->stopping);
    (void)pthread_join(x->thread, NULL);
    free_indexer(x);
    *indexer = NULL;
}

void audit_indexer_wake(struct audit_indexer *x)
{
    call(x, &x->more);
}

void audit_indexer_pause(struct audit_indexer *x, bool pause)
{
    pthread_mutex_lock(&x->mutex);
    x->paused = pause;
    (void)pthread_cond_signal(&x->wake);
    pthread_mutex_unlock(&x->mutex);
}

void audit_indexer_restart(struct audit_indexer *x)
{
    call(x, &x->again);
}

int audit_indexer_state(struct audit_indexer *x, uint64_t *through, struct reeve_error *why)
{
    pthread_mutex_lock(&x->mutex);
    *through = x->through;
    *why = x->why;
    int code = x->code;
    pthread_mutex_unlock(&x->mutex);
    return code;
}
