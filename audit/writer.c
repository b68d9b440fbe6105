/*
 * The writer's thread. It sleeps until a batch is due, flushes it, tells, and sleeps again; a
 * commit that fails is tried again until it holds. See writer.h.
 */
#include "audit/writer.h"

#include "audit/ballast.h"

#include <pthread.h>
#include <time.h>

/* What this thread must ask the log for between two batches, and somebody waits for: a new key, a
 * new file. A record comes of it. */
enum errand_state { ERRAND_NONE, ERRAND_ASKED, ERRAND_MADE };
struct errand {
    enum errand_state state;
    int (*ask)(struct audit_log *log, uint64_t *seq, struct reeve_error *err);
    int rc;
    uint64_t seq;
    struct reeve_error why;
};

struct audit_writer {
    struct audit_log *log;
    struct audit_writer_options options;
    pthread_t thread;

    pthread_mutex_t mutex; /* guards what follows; not held while the log flushes */
    pthread_cond_t due;    /* the thread waits here */
    pthread_cond_t moved;  /* for what is durable, for room, for the end of a failure */
    int64_t due_ns;        /* CLOCK_MONOTONIC; 0: nothing is queued; 1: at once */
    bool stopping;
    bool tight;         /* there is no ballast */
    int64_t ballast_ns; /* when to make it again, while tight */
    struct errand errand;
    uint64_t durable;
    int failing;
    struct reeve_error why;
    struct token *token; /* that were not collected yet */
    size_t ntokens;
    size_t asked, room; /* releases that have no collected token; `token` has room for so many */
};

static int64_t monotonic_ns(void)
{
    struct timespec ts;
    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * BASE_NS_PER_S + ts.tv_nsec;
}

/* ---- the thread ---- */

static bool is_over(int code)
{
    return code == REEVE_EHELPERS || code == REEVE_EPROTO || code == REEVE_EDAMAGED;
}

/* With the mutex: whether there is something to do now; else how long to sleep, 0: until somebody
 * calls. */
static bool is_due(const struct audit_writer *w, int64_t *until_ns)
{
    *until_ns = w->tight ? w->ballast_ns : 0;
    if (w->stopping)
        return true;
    if (w->due_ns && !is_over(w->failing) && (!*until_ns || w->due_ns < *until_ns))
        *until_ns = w->due_ns;
    return *until_ns && *until_ns <= monotonic_ns();
}

static void sleep_until_due(struct audit_writer *w)
{
    int64_t until_ns;
    while (!is_due(w, &until_ns)) {
        struct timespec ts = {until_ns / BASE_NS_PER_S, until_ns % BASE_NS_PER_S};
        if (until_ns)
            (void)pthread_cond_timedwait(&w->due, &w->mutex, &ts);
        else
            base_cond_wait(&w->due, &w->mutex);
    }
}

/* With the mutex. */
static void take_result(struct audit_writer *w, int rc, const struct reeve_error *why,
                        const struct token *tokens, size_t ntokens, uint64_t durable)
{
    if (rc) {
        w->why = *why;
        if (!is_over(rc))
            w->due_ns = monotonic_ns() + w->options.retry_ns;
    } else {
        for (size_t i = 0; i < ntokens; i++)
            w->token[w->ntokens++] = tokens[i];
        w->durable = durable;
        if (w->failing && audit_log_pending(w->log))
            w->due_ns = 1; /* what came meanwhile made nothing due */
    }
    w->failing = rc;
    (void)pthread_cond_broadcast(&w->moved);
}

/* With the mutex, which is let go meanwhile. */
static void tell(struct audit_writer *w)
{
    if (!w->options.news)
        return;
    pthread_mutex_unlock(&w->mutex);
    w->options.news(w->options.arg);
    pthread_mutex_lock(&w->mutex);
}

/* Without the mutex, before a batch: it will hold the record. A batch that is in the way, or a full
 * one, goes first. */
static void go(struct audit_writer *w, struct errand *r)
{
    if (r->state != ERRAND_ASKED)
        return;
    r->rc = r->ask(w->log, &r->seq, &r->why);
    if (r->rc != REEVE_EBUSY)
        r->state = ERRAND_MADE;
}

/* With the mutex; whoever asked may have given up. */
static void take_errand(struct audit_writer *w, const struct errand *r)
{
    if (w->errand.state != ERRAND_ASKED || r->state == ERRAND_NONE)
        return;
    w->errand = *r;
    if (r->state == ERRAND_ASKED && !w->failing)
        w->due_ns = 1;
}

/* With the mutex, which is let go meanwhile. */
static void write_batch(struct audit_writer *w)
{
    struct errand errand = w->errand;
    struct token tokens[KEEPER_MAX_RELEASES];
    size_t ntokens = KEEPER_MAX_RELEASES;
    struct reeve_error why = {0};
    bool tight = w->tight;
    w->due_ns = 0; /* what is queued from here on sets it again */
    pthread_mutex_unlock(&w->mutex);
    go(w, &errand);
    int rc = audit_log_flush(w->log, tokens, &ntokens, &why);
    if (rc == REEVE_EIO && !tight && ballast_give_up(w->options.dir_fd)) {
        tight = true;
        ntokens = KEEPER_MAX_RELEASES;
        rc = audit_log_flush(w->log, tokens, &ntokens, &why);
    }
    uint64_t durable = audit_log_size(w->log);
    pthread_mutex_lock(&w->mutex);
    if (tight && !w->tight)
        w->ballast_ns = monotonic_ns() + w->options.retry_ns;
    w->tight = tight;
    take_result(w, rc, &why, tokens, ntokens, durable);
    take_errand(w, &errand);
    tell(w);
}

/* With the mutex. */
static void mend_ballast(struct audit_writer *w)
{
    int64_t now_ns = monotonic_ns();
    if (!w->tight || w->ballast_ns > now_ns)
        return;
    w->tight = ballast_make(w->options.dir_fd, w->options.ballast_bytes, NULL) != 0;
    w->ballast_ns = now_ns + w->options.retry_ns;
    if (!w->tight)
        tell(w);
}

static void *write_batches(void *arg)
{
    struct audit_writer *w = arg;
    pthread_mutex_lock(&w->mutex);
    do {
        sleep_until_due(w);
        mend_ballast(w);
        if (w->stopping || (w->due_ns && w->due_ns <= monotonic_ns() && !is_over(w->failing)))
            write_batch(w);
    } while (!w->stopping || (!w->failing && audit_log_pending(w->log)));
    pthread_mutex_unlock(&w->mutex);
    return NULL;
}

/* ---- its life ---- */

static void init_conditions(struct audit_writer *w)
{
    pthread_condattr_t attr;
    (void)pthread_condattr_init(&attr);
    (void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&w->due, &attr);
    (void)pthread_condattr_destroy(&attr);
    (void)pthread_cond_init(&w->moved, NULL);
    (void)pthread_mutex_init(&w->mutex, NULL);
}

static void free_writer(struct audit_writer *w)
{
    (void)pthread_cond_destroy(&w->due);
    (void)pthread_cond_destroy(&w->moved);
    (void)pthread_mutex_destroy(&w->mutex);
    free(w->token);
    free(w);
}

int audit_writer_start(struct audit_log *log, const struct audit_writer_options *options,
                       struct audit_writer **out, struct reeve_error *err)
{
    *out = NULL;
    struct audit_writer *w = calloc(1, sizeof *w);
    if (!w)
        return base_fail(err, REEVE_ENOMEM, "out of memory for the log's writer");
    w->log = log;
    w->options = *options;
    w->durable = audit_log_size(log);
    w->tight = options->ballast_bytes &&
               ballast_make(options->dir_fd, options->ballast_bytes, &w->why) != 0;
    init_conditions(w);
    int rc = base_thread(&w->thread, write_batches, w);
    if (rc) {
        free_writer(w);
        return base_fail_errno(err, REEVE_ENOMEM, rc, "the log's writer cannot be started");
    }
    *out = w;
    return 0;
}

void audit_writer_stop(struct audit_writer **writer)
{
    struct audit_writer *w = *writer;
    if (!w)
        return;
    pthread_mutex_lock(&w->mutex);
    w->stopping = true;
    (void)pthread_cond_signal(&w->due);
    pthread_mutex_unlock(&w->mutex);
    (void)pthread_join(w->thread, NULL);
    free_writer(w);
    *writer = NULL;
}

/* ---- appending ---- */

/* With the mutex. While a commit fails, the time of its next try stands. */
static void make_due(struct audit_writer *w, bool urgent)
{
    int64_t due_ns = urgent ? 1 : monotonic_ns() + w->options.batch_ns;
    if (w->failing || (w->due_ns && w->due_ns <= due_ns))
        return;
    w->due_ns = due_ns;
    (void)pthread_cond_signal(&w->due);
}

static void queued(struct audit_writer *w, bool urgent)
{
    pthread_mutex_lock(&w->mutex);
    make_due(w, urgent);
    pthread_mutex_unlock(&w->mutex);
}

int audit_writer_append(struct audit_writer *w, audit_make_fn *make, void *arg, bool urgent,
                        uint64_t *seq, struct reeve_error *err)
{
    int rc = audit_log_make(w->log, make, arg, seq, err);
    if (rc == 0)
        queued(w, urgent);
    return rc;
}

/* There is room for a token before its release is asked for: a token is never lost. */
static int make_token_room(struct audit_writer *w, struct reeve_error *err)
{
    if (w->asked < w->room)
        return 0;
    size_t room = w->room + KEEPER_MAX_RELEASES;
    struct token *token = reallocarray(w->token, room, sizeof *token);
    if (!token)
        return base_fail(err, REEVE_ENOMEM, "out of memory for a token");
    w->token = token;
    w->room = room;
    return 0;
}

int audit_writer_release(struct audit_writer *w, uint64_t decision, const uint8_t plan[BASE_SHA256],
                         int64_t expires_ns, struct reeve_error *err)
{
    pthread_mutex_lock(&w->mutex);
    int rc = make_token_room(w, err);
    if (rc == 0)
        rc = audit_log_release(w->log, decision, plan, expires_ns, err);
    if (rc == 0) {
        w->asked++;
        make_due(w, true);
    }
    pthread_mutex_unlock(&w->mutex);
    return rc;
}

void audit_writer_hurry(struct audit_writer *w)
{
    struct audit_room room;
    audit_log_room(w->log, &room);
    if (room.nrecords || room.nreleases)
        queued(w, true);
}

/* ---- waiting ---- */

static int told(const struct audit_writer *w, struct reeve_error *err)
{
    if (err)
        *err = w->why;
    return w->failing;
}

int audit_writer_await_room(struct audit_writer *w, uint32_t records, uint32_t releases,
                            struct reeve_error *err)
{
    int rc = 0;
    pthread_mutex_lock(&w->mutex);
    for (;;) {
        struct audit_room room;
        audit_log_room(w->log, &room);
        if (room.nrecords + records <= KEEPER_MAX_LEAVES &&
            room.nreleases + releases <= KEEPER_MAX_RELEASES && (room.plan || !releases))
            break;
        rc = told(w, err);
        if (rc)
            break;
        make_due(w, true);
        base_cond_wait(&w->moved, &w->mutex);
    }
    pthread_mutex_unlock(&w->mutex);
    return rc;
}

int audit_writer_await(struct audit_writer *w, uint64_t seq, struct reeve_error *err)
{
    pthread_mutex_lock(&w->mutex);
    if (w->durable <= seq)
        make_due(w, true);
    while (w->durable <= seq && !w->failing)
        base_cond_wait(&w->moved, &w->mutex);
    int rc = w->durable <= seq ? told(w, err) : 0;
    pthread_mutex_unlock(&w->mutex);
    return rc;
}

/* With the mutex: until the record is queued, or it will not be soon. */
static int await_errand(struct audit_writer *w, struct reeve_error *err)
{
    while (w->errand.state == ERRAND_ASKED && !w->failing) {
        make_due(w, true);
        base_cond_wait(&w->moved, &w->mutex);
    }
    if (w->errand.state == ERRAND_ASKED)
        return told(w, err);
    if (w->errand.rc && err)
        *err = w->errand.why;
    return w->errand.rc;
}

static int run_errand(struct audit_writer *w,
                      int (*ask)(struct audit_log *log, uint64_t *seq, struct reeve_error *err),
                      uint64_t *seq, struct reeve_error *err)
{
    pthread_mutex_lock(&w->mutex);
    int rc = w->errand.state != ERRAND_NONE
                 ? base_fail(err, REEVE_EBUSY, "the log's key or file is being changed")
                 : 0;
    if (rc == 0) {
        w->errand = (struct errand){.state = ERRAND_ASKED, .ask = ask};
        rc = await_errand(w, err);
        *seq = w->errand.seq;
        w->errand.state = ERRAND_NONE;
    }
    pthread_mutex_unlock(&w->mutex);
    return rc ? rc : audit_writer_await(w, *seq, err);
}

int audit_writer_rotate(struct audit_writer *w, uint64_t *seq, struct reeve_error *err)
{
    return run_errand(w, audit_log_rotate, seq, err);
}

int audit_writer_seal(struct audit_writer *w, uint64_t *seq, struct reeve_error *err)
{
    return run_errand(w, audit_log_seal, seq, err);
}

void audit_writer_want_seal(struct audit_writer *w)
{
    audit_log_want_seal(w->log);
    queued(w, true);
}

bool audit_writer_collect(struct audit_writer *w, struct audit_news *out)
{
    pthread_mutex_lock(&w->mutex);
    size_t n = w->ntokens < KEEPER_MAX_RELEASES ? w->ntokens : KEEPER_MAX_RELEASES;
    *out = (struct audit_news){.durable = w->durable,
                               .failing = w->failing,
                               .tight = w->tight,
                               .why = w->why,
                               .ntokens = n};
    if (n) {
        memcpy(out->token, w->token, n * sizeof *w->token);
        memmove(w->token, w->token + n, (w->ntokens - n) * sizeof *w->token);
    }
    w->ntokens -= n;
    w->asked -= n;
    bool more = w->ntokens > 0;
    pthread_mutex_unlock(&w->mutex);
    return more;
}
