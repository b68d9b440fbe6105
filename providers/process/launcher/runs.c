/*
 * The runs: what each frame of the owner's means in each state, what init's reports and the
 * kernel's notices mean, and how a run's end is told. Every state is a row of one table. Called by
 * main.c's loop.
 */
#include "providers/process/launcher/launcher.h"

#include <errno.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- events ---- */

static void push(struct launcher *l, uint32_t type, union outbox_event *e, size_t n)
{
    struct outbox *o = &l->outbox;
    e->head = (struct frame_head){.type = type, .bytes = (uint32_t)n};
    o->event[(o->first + o->count) % OUTBOX_MAX] = *e;
    o->count++;
}

static void push_started(struct launcher *l, uint64_t id)
{
    union outbox_event e = {.started = {.run = id}};
    push(l, LAUNCHER_STARTED, &e, sizeof e.started);
}

static void push_ended(struct launcher *l, const struct launcher_ended *end)
{
    union outbox_event e = {.ended = *end};
    push(l, LAUNCHER_ENDED, &e, sizeof e.ended);
}

/* The last word on a run that never got a row, or not yet. */
static void answer(struct launcher *l, uint64_t id, uint32_t how, struct failure f)
{
    const struct launcher_ended end = {
        .run = id, .how = how, .why = f.why, .error = f.error, .index = f.index};
    push_ended(l, &end);
}

/* ---- ends ---- */

/* How it ended is decided once, by what came first; its row is free when its processes are gone. */
static void decide_end(struct run *run, uint32_t how, struct failure f)
{
    if (run->state == RUN_DYING)
        return;
    run->state = RUN_DYING;
    run->deadline_ns = INT64_MAX;
    run->end.how = how;
    run->end.why = f.why;
    run->end.error = f.error;
    run->end.index = f.index;
    spawn_kill(run);
}

static void limit_end(struct run *run, uint32_t limit)
{
    if (run->state != RUN_DYING)
        run->end.limit = limit;
    decide_end(run, limit ? CORE_HOW_LIMIT : CORE_HOW_KILLED, (struct failure){0});
}

static uint64_t tv_ns(struct timeval t)
{
    return (uint64_t)t.tv_sec * BASE_NS_PER_S + (uint64_t)t.tv_usec * 1000;
}

void runs_gone(struct launcher *l, struct run *run)
{
    struct rusage ru = {0};
    int status = 0;
    runs_report(l, run);
    while (wait4(run->pid, &status, __WALL, &ru) < 0 && errno == EINTR)
        continue;
    decide_end(run, CORE_HOW_ERROR, (struct failure){.why = LAUNCHER_WHY_INIT});
    if (!run->usage_known) {
        run->end.user_ns = tv_ns(ru.ru_utime);
        run->end.system_ns = tv_ns(ru.ru_stime);
        run->end.max_rss_bytes = (uint64_t)ru.ru_maxrss * 1024;
    }
    if (run->end.started)
        run->end.wall_ns = (uint64_t)(base_boottime_ns() - run->opened_ns);
    run->end.run = run->id;
    push_ended(l, &run->end);
    fd_close(&run->pidfd);
    fd_close(&run->control);
    fd_close(&run->program);
    run->state = RUN_NONE;
}

/* ---- the gate ---- */

static int64_t deadline_of(const struct run *run)
{
    if (run->wall_ns > (uint64_t)(INT64_MAX - run->opened_ns))
        return INT64_MAX;
    return run->opened_ns + (int64_t)run->wall_ns;
}

static void expire_token(struct run *run)
{
    decide_end(run, CORE_HOW_REFUSED, (struct failure){.why = LAUNCHER_WHY_TOKEN_EXPIRED});
}

/* The token was good when it came; it must be when it is used. */
static void open_gate(struct launcher *l, struct run *run)
{
    struct program_id now;
    if (base_boottime_ns() >= run->expires_ns) {
        expire_token(run);
        return;
    }
    if (!program_identify(run->program, &now) || !program_same(&now, &run->program_id)) {
        decide_end(run, CORE_HOW_ERROR, (struct failure){.why = LAUNCHER_WHY_PROGRAM_DIGEST});
        return;
    }
    fd_close(&run->program);
    run->state = RUN_RUNNING;
    run->opened_ns = base_boottime_ns();
    run->deadline_ns = deadline_of(run);
    run->end.started = 1;
    push_started(l, run->id);
    /* An init that cannot be told has ended; its end comes by its pidfd. */
    (void)!send(run->control, &(char){CONTROL_GO}, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* ---- what init says ---- */

static void on_ready(struct launcher *l, struct run *run)
{
    if (run->state == RUN_BUILDING)
        run->state = RUN_READY;
    else if (run->state == RUN_RELEASED)
        open_gate(l, run);
    else
        decide_end(run, CORE_HOW_ERROR, (struct failure){.why = LAUNCHER_WHY_INIT});
}

static void on_exited(struct run *run, const struct control_report *r)
{
    run->usage_known = true;
    run->end.user_ns = r->user_ns;
    run->end.system_ns = r->system_ns;
    run->end.max_rss_bytes = r->max_rss_bytes;
    if (run->state != RUN_RUNNING)
        return;
    run->end.status = WIFEXITED(r->status) ? WEXITSTATUS(r->status) : 0;
    run->end.signal = WIFSIGNALED(r->status) ? WTERMSIG(r->status) : 0;
    decide_end(run, CORE_HOW_OK, (struct failure){0});
}

static void on_report(struct launcher *l, struct run *run, const struct control_report *r)
{
    if (r->kind == CONTROL_READY)
        on_ready(l, run);
    else if (r->kind == CONTROL_EXITED)
        on_exited(run, r);
    else if (r->kind == CONTROL_FAILED)
        decide_end(run, CORE_HOW_ERROR, (struct failure){r->why, r->error, r->index});
    else
        decide_end(run, CORE_HOW_ERROR, (struct failure){.why = LAUNCHER_WHY_INIT});
}

void runs_report(struct launcher *l, struct run *run)
{
    struct control_report rep;
    while (run->control >= 0) {
        ssize_t n = recv(run->control, &rep, sizeof rep, MSG_DONTWAIT | MSG_TRUNC);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            return;
        if (n == sizeof rep)
            on_report(l, run, &rep);
        else
            fd_close(&run->control);
    }
}

/* ---- what the owner says ---- */

static struct run *free_row(struct launcher *l)
{
    for (size_t i = 0; i < LAUNCHER_MAX_RUNS; i++)
        if (l->runs[i].state == RUN_NONE)
            return &l->runs[i];
    return NULL;
}

static bool build(struct launcher *l, struct run *run, const struct plan_view *plan,
                  const int stdio[3], struct failure *why)
{
    struct prepared p;
    prepared_init(&p);
    bool ok = prepare_plan(l, plan, stdio, &p, why) && spawn_run(l, &p, run, why);
    if (ok) {
        run->program = p.box.program;
        run->program_id = p.program_id;
        p.box.program = -1;
    }
    prepared_fini(&p);
    return ok;
}

static bool on_prepare(struct launcher *l, struct run *none, const struct frame *f)
{
    const struct launcher_prepare *req = f->bytes;
    struct plan_view plan;
    struct failure why = {0};
    (void)none;
    if (req->plan_bytes != f->n - sizeof *req)
        return false;
    struct run *run = free_row(l);
    if (!run)
        why.why = LAUNCHER_WHY_BUSY;
    else if (!plan_check(req->plan, req->plan_bytes, &plan))
        why.why = LAUNCHER_WHY_PLAN;
    else {
        *run = (struct run){.id = req->run, .deadline_ns = INT64_MAX, .wall_ns = plan.h->wall_ns};
        base_sha256(req->plan, req->plan_bytes, run->plan);
        if (build(l, run, &plan, f->fds, &why))
            run->state = RUN_BUILDING;
    }
    if (why.why)
        answer(l, req->run, CORE_HOW_ERROR, why);
    return true;
}

static bool on_release(struct launcher *l, struct run *run, const struct frame *f)
{
    const struct launcher_release *req = f->bytes;
    uint32_t why = token_check(&l->window, l->key, &req->token, run->plan, base_boottime_ns());
    if (why) {
        decide_end(run, CORE_HOW_REFUSED, (struct failure){.why = why});
        return true;
    }
    run->expires_ns = run->deadline_ns = req->token.expires_ns;
    if (run->state == RUN_READY)
        open_gate(l, run);
    else
        run->state = RUN_RELEASED;
    return true;
}

static bool on_cancel(struct launcher *l, struct run *run, const struct frame *f)
{
    const struct launcher_cancel *req = f->bytes;
    (void)l;
    if (req->limit > CORE_LIMIT_COUNT)
        return false;
    limit_end(run, req->limit);
    return true;
}

/* No such run, and none that could have just ended: the owner is told, nothing is opened. */
static bool on_stray_release(struct launcher *l, struct run *none, const struct frame *f)
{
    const struct launcher_release *req = f->bytes;
    (void)none;
    answer(l, req->run, CORE_HOW_REFUSED, (struct failure){.why = LAUNCHER_WHY_STATE});
    return true;
}

/* It crossed an end that is on its way to the owner. */
static bool ignore(struct launcher *l, struct run *run, const struct frame *f)
{
    (void)l, (void)run, (void)f;
    return true;
}

typedef bool (*handler)(struct launcher *l, struct run *run, const struct frame *f);

enum { FRAME_PREPARE, FRAME_RELEASE, FRAME_CANCEL, FRAMES };
static const struct {
    uint32_t type;
    size_t min, max, nfds;
} shapes[FRAMES] = {
    [FRAME_PREPARE] = {LAUNCHER_PREPARE, sizeof(struct launcher_prepare), FRAME_MAX_BYTES, 3},
    [FRAME_RELEASE] = {LAUNCHER_RELEASE, sizeof(struct launcher_release),
                       sizeof(struct launcher_release), 0},
    [FRAME_CANCEL] = {LAUNCHER_CANCEL, sizeof(struct launcher_cancel),
                      sizeof(struct launcher_cancel), 0},
};

/* What may come when; NULL: the owner is broken, and every run ends. */
static const handler on_frame[RUN_STATES][FRAMES] = {
    /*                  prepare     release           cancel   */
    [RUN_NONE] = {on_prepare, on_stray_release, ignore},
    [RUN_BUILDING] = {NULL, on_release, on_cancel},
    [RUN_READY] = {NULL, on_release, on_cancel},
    [RUN_RELEASED] = {NULL, NULL, on_cancel},
    [RUN_RUNNING] = {NULL, NULL, on_cancel},
    [RUN_DYING] = {NULL, ignore, ignore},
};

static struct run *find_run(struct launcher *l, uint64_t id)
{
    for (size_t i = 0; i < LAUNCHER_MAX_RUNS; i++)
        if (l->runs[i].state != RUN_NONE && l->runs[i].id == id)
            return &l->runs[i];
    return NULL;
}

static size_t shape_of(const struct frame *f)
{
    const struct frame_head *head = f->bytes;
    size_t i = 0;
    if (f->n < sizeof *head || head->bytes != f->n)
        return FRAMES;
    while (i < FRAMES && shapes[i].type != head->type)
        i++;
    if (i < FRAMES && (f->n < shapes[i].min || f->n > shapes[i].max || f->nfds != shapes[i].nfds))
        return FRAMES;
    return i;
}

static bool dispatch(struct launcher *l, const struct frame *f)
{
    size_t shape = shape_of(f);
    uint64_t id;
    if (shape == FRAMES)
        return false;
    /* The run's id follows the head in each of them. */
    memcpy(&id, (const uint8_t *)f->bytes + sizeof(struct frame_head), sizeof id);
    struct run *run = find_run(l, id);
    handler h = on_frame[run ? run->state : RUN_NONE][shape];
    return h && h(l, run, f);
}

bool runs_frame(struct launcher *l, struct frame *f)
{
    bool ok = dispatch(l, f);
    for (size_t i = 0; i < f->nfds; i++)
        fd_close(&f->fds[i]);
    return ok;
}

/* ---- time ---- */

static void expire(struct run *run)
{
    if (run->state == RUN_RELEASED)
        expire_token(run);
    else
        limit_end(run, CORE_LIMIT_WALL + 1);
}

void runs_expire(struct launcher *l, int64_t now_ns)
{
    for (size_t i = 0; i < LAUNCHER_MAX_RUNS; i++)
        if (l->runs[i].state != RUN_NONE && l->runs[i].deadline_ns <= now_ns)
            expire(&l->runs[i]);
}

int64_t runs_next_deadline(const struct launcher *l)
{
    int64_t next = INT64_MAX;
    for (size_t i = 0; i < LAUNCHER_MAX_RUNS; i++)
        if (l->runs[i].state != RUN_NONE && l->runs[i].deadline_ns < next)
            next = l->runs[i].deadline_ns;
    return next;
}
