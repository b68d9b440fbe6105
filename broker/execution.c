/*
 * From an allow to the end record. A run is prepared while its decision becomes durable, released
 * by the keeper's token, read until its streams end, recorded, and only then answered. A refusal
 * and a safe call have one record and wait for nobody.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "broker/internal.h"

static void unlink_run(struct reeve_run *run)
{
    struct owner *owner = run->owner;
    struct reeve_run **head = run->abandoned ? &owner->abandoned : &owner->runs;
    *(run->prev ? &run->prev->next : head) = run->next;
    if (run->next)
        run->next->prev = run->prev;
    owner->nruns -= !run->abandoned;
}

void run_free(struct reeve_run *run)
{
    struct owner *owner = run->owner;
    for (int i = 0; i < 2; i++) {
        loop_del(owner->loop, &run->stream[i].source);
        fd_close(&run->stream[i].fd);
    }
    for (unsigned i = 0; i < owner->nreleasing; i++)
        if (owner->releasing[i] == run)
            owner->releasing[i] = NULL;
    unlink_run(run);
    free(run->outcome.value);
    policy_image_unref(&run->image);
    json_text_free(&run->text);
    buf_fini(&run->plan);
    arena_fini(&run->arena);
    free(run);
}

/* Whoever waits for the run, who waits no more; NULL when nobody does. */
static struct conn *take_sink(struct reeve_run *run)
{
    struct conn *sink = run->sink;
    run->sink = NULL;
    if (sink)
        conn_idle(sink);
    return sink;
}

static void tell_error(struct reeve_run *run, const struct reeve_error *err)
{
    struct conn *sink = take_sink(run);
    if (sink)
        conn_send_error(sink, err);
}

static void answer_error(struct reeve_run *run, const struct reeve_error *err)
{
    tell_error(run, err);
    run_free(run);
}

void run_answer(struct reeve_run *run)
{
    auto_buf struct buf text = {.max = WIRE_MAX_FRAME - 16};
    struct conn *sink = take_sink(run);
    if (sink)
        result_json(run, &text);
    if (sink && text.failed) {
        struct reeve_error err = {0};
        base_fail(&err, REEVE_ENOMEM, "the result is too long to be sent");
        conn_send_error(sink, &err);
    } else if (sink) {
        conn_send(sink, WIRE_RESULT, buf_view(&text), STR(""));
    }
    run_free(run);
}

/* A provider that does not hang on the launcher still holds the run: kept aside until it lets go.
 */
static void set_aside(struct reeve_run *run)
{
    struct owner *owner = run->owner;
    unlink_run(run);
    run->abandoned = true;
    run->prev = NULL;
    run->next = owner->abandoned;
    if (run->next)
        run->next->prev = run;
    owner->abandoned = run;
    run->provider->cancel(run->provider->self, run, NULL);
}

void run_abandon(struct reeve_run *run)
{
    struct reeve_error err = {0};
    base_fail(&err, REEVE_EHELPERS, "keeper or launcher ended (helpers_lost); %s",
              run->state == RUN_NEW || run->state == RUN_QUEUED
                  ? "nothing was run"
                  : "the run was ended and is closed as lost");
    tell_error(run, &err);
    bool launched = run->provider == process_provider_ops(run->owner->process);
    if (run->prepared && !launched)
        set_aside(run);
    else
        run_free(run);
}

void run_give_up(struct reeve_run *run)
{
    struct reeve_error err = {0};
    if (!run->sink || (run->state != RUN_QUEUED && run->state != RUN_ENDING))
        return;
    (void)owner_cannot_write(run->owner, &err);
    tell_error(run, &err);
    if (run->state == RUN_QUEUED)
        run_cancel(run, NULL);
}

void run_refuse(struct reeve_run *run, enum core_refusal refusal, const char *fmt, ...)
{
    va_list ap;
    run->refusal = refusal;
    va_start(ap, fmt);
    (void)vsnprintf(run->message, sizeof run->message, fmt, ap);
    va_end(ap);
}

/* With the bytes of the plan that it names. */
static int append_decision(struct reeve_run *run, struct reeve_error *err)
{
    int rc = owner_keep_plan(run->owner, run, err);
    return rc ? rc : owner_append_of(run->owner, run, record_decision, &run->decision_seq, err);
}

/* One record for all of it: nothing outside can have happened. */
static void finish_at_once(struct reeve_run *run)
{
    struct reeve_error err = {0};
    if (append_decision(run, &err) != 0) {
        answer_error(run, &err);
        return;
    }
    run->end_seq = run->decision_seq;
    run_answer(run);
}

/* ---- safe capabilities ---- */

static void refuse_unhandled(struct reeve_run *run)
{
    run_refuse(run, CORE_REFUSAL_NO_HANDLER, "nothing here carries out %.*s",
               (int)run->request->capability.n, run->request->capability.p);
}

static void call_handler(struct reeve_run *run)
{
    if (run->decision.isolation > CORE_RANK_NONE) {
        run_refuse(run, CORE_REFUSAL_NO_PROVIDER,
                   "what the owner answers itself is not isolated, and %s is required",
                   core_rank_name(run->decision.isolation));
        return;
    }
    handler_fn *fn = handler_find(run->request->capability);
    if (!fn) {
        refuse_unhandled(run);
        return;
    }
    auto_buf struct buf value = {.max = (size_t)1 << 20};
    struct reeve_error err = {0};
    if (fn(&run->asked.args, &value, &err) != 0) {
        run_refuse(run, CORE_REFUSAL_BAD_ARGUMENTS, "%s", err.message);
        return;
    }
    run->outcome.value = buf_take(&value, NULL);
    (void)snprintf(run->outcome.how, sizeof run->outcome.how, "%s",
                   core_how_name(run->outcome.value ? CORE_HOW_OK : CORE_HOW_ERROR));
}

/* ---- streams ---- */

static void maybe_ended(struct reeve_run *run);

static void close_stream(struct run_stream *s)
{
    loop_del(s->run->owner->loop, &s->source);
    fd_close(&s->fd);
    maybe_ended(s->run);
}

/* What fits under the output limit goes to the client; the first byte beyond ends the run. */
static void deliver(struct run_stream *s, const char *bytes, size_t n)
{
    struct reeve_run *run = s->run;
    size_t fits = n < run->output_left ? n : (size_t)run->output_left;
    s->bytes += fits;
    run->output_left -= run->output_left == CORE_UNLIMITED ? 0 : fits;
    if (fits && run->sink)
        conn_send(run->sink, WIRE_OUTPUT, (struct str){(const char *)&s->number, 1},
                  (struct str){bytes, fits});
    if (fits < n)
        run_cancel(run, "output");
}

static void on_stream(void *arg, uint32_t events)
{
    (void)events;
    struct run_stream *s = arg;
    if (s->run->sink && conn_is_full(s->run->sink)) {
        loop_del(s->run->owner->loop, &s->source); /* run_resume takes it up again */
        return;
    }
    char chunk[65536];
    ssize_t n = read(s->fd, chunk, sizeof chunk);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0)
        close_stream(s);
    else
        deliver(s, chunk, (size_t)n);
}

void run_resume(struct reeve_run *run)
{
    for (int i = 0; i < 2; i++) {
        struct run_stream *s = &run->stream[i];
        if (s->fd >= 0 && !s->source)
            s->source = loop_add(run->owner->loop, s->fd, EPOLLIN, on_stream, s);
    }
}

/* Pipes for the guest: an empty stdin, two that we read. Its ends go into `guest`. */
static int open_streams(struct reeve_run *run, int guest[3], struct reeve_error *err)
{
    int in[2], out[2];
    if (pipe2(in, O_CLOEXEC) != 0)
        return base_fail_errno(err, REEVE_EIO, errno, "no pipe could be made");
    (void)close(in[1]);
    guest[0] = in[0];
    for (int i = 0; i < 2; i++) {
        if (pipe2(out, O_CLOEXEC) != 0)
            return base_fail_errno(err, REEVE_EIO, errno, "no pipe could be made");
        run->stream[i].fd = out[0];
        guest[1 + i] = out[1];
        if (fd_set_nonblock(out[0], true) != 0)
            return base_fail_errno(err, REEVE_EIO, errno, "a pipe could not be set up");
    }
    run_resume(run);
    return run->stream[0].source && run->stream[1].source
               ? 0
               : base_fail(err, REEVE_ENOMEM, "out of memory");
}

/* ---- a run of a provider ---- */

static int prepare(struct reeve_run *run, struct reeve_error *err)
{
    int guest[3] = {-1, -1, -1};
    int rc = open_streams(run, guest, err);
    if (!rc) {
        run->job = (struct reeve_job){.size = sizeof run->job,
                                      .capability = run->request->capability.p,
                                      .args = run->asked.args_text.p,
                                      .plan = run->plan.data,
                                      .plan_len = run->plan.len,
                                      .stdin_fd = guest[0],
                                      .stdout_fd = guest[1],
                                      .stderr_fd = guest[2]};
        rc = run->provider->prepare(run->provider->self, run, &run->job, err);
    }
    for (int i = 0; i < 3; i++)
        fd_close(&guest[i]);
    return rc;
}

/* The one that the request names or, where the grant lists some, the first of those that will do.
 */
static const struct reeve_provider *find_provider(struct reeve_run *run, char why[400])
{
    const struct core_grant *g = &run->grant;
    const struct reeve_provider *found = NULL;
    if (g->any_provider)
        return registry_choose(&run->owner->registry, run->provider_name, g->isolation,
                               REEVE_FEATURE_PROGRAM, why);
    (void)snprintf(why, 400, "no provider that the grant lists is asked for");
    for (uint32_t i = 0; !found && i < g->nproviders; i++)
        if (!run->provider_name.n || str_eq(run->provider_name, g->providers[i]))
            found = registry_choose(&run->owner->registry, g->providers[i], g->isolation,
                                    REEVE_FEATURE_PROGRAM, why);
    return found;
}

static void choose_provider(struct reeve_run *run)
{
    char why[400];
    const struct core_grant *g = &run->grant;
    if (g->all_files || g->all_network || g->all_environment) {
        run_refuse(run, CORE_REFUSAL_NO_PROVIDER,
                   "level full without a matching rule holds nothing back, and no provider of this "
                   "version runs programs on the bare host; write an allow with a grant");
        return;
    }
    run->provider = find_provider(run, why);
    if (!run->provider)
        run_refuse(run, CORE_REFUSAL_NO_PROVIDER, "%s", why);
}

/* Everything that can make an allow a refusal before anything is built. */
static void check_run(struct reeve_run *run, struct reeve_error *err)
{
    if (!str_is(run->request->capability, "program.external")) {
        refuse_unhandled(run);
        return;
    }
    if (run_refuse_unheld(run))
        return;
    choose_provider(run);
    if (run->refusal == CORE_REFUSAL_NONE)
        (void)program_plan(run, err);
}

static void begin_run(struct reeve_run *run)
{
    struct owner *owner = run->owner;
    struct reeve_error err = {0};
    run->output_left = run->grant.limits.set & (1u << CORE_LIMIT_OUTPUT)
                           ? run->grant.limits.value[CORE_LIMIT_OUTPUT]
                           : CORE_UNLIMITED;
    int rc = prepare(run, &err);
    if (rc == REEVE_EHELPERS) { /* not yet noticed by the loop; the loss is the same */
        owner->fallen = true;
        answer_error(run, &err);
        return;
    }
    if (rc) {
        run_refuse(run, CORE_REFUSAL_NO_PROVIDER, "%s", err.message);
        finish_at_once(run);
        return;
    }
    run->state = RUN_QUEUED;
    run->prepared = true;
    rc = append_decision(run, &err);
    if (!rc)
        rc = owner_release(owner, run, &err);
    if (rc) {
        /* Nothing was released; the provider's last word ends the run. */
        run->state = RUN_NEW;
        run->append_error = err;
        run_cancel(run, NULL);
    }
}

void run_begin(struct reeve_run *run)
{
    struct reeve_error err = {0};
    bool allowed = run->decision.effect == CORE_EFFECT_ALLOW;
    bool program = str_is(run->request->capability, "program.external");
    bool dry = run->authorize_only || run->flags & REEVE_REQUEST_EXPLAIN;
    const char *forgotten = allowed ? run_unheld_memory(run) : NULL;
    if (allowed && !run->asked.fits)
        run_refuse(run, CORE_REFUSAL_BAD_ARGUMENTS, "%s", run->asked.why_not.message);
    else if (forgotten)
        run_refuse(run, CORE_REFUSAL_NO_MECHANISM, "nothing here keeps: %s", forgotten);
    else if (allowed && !program && run->decision.klass == CORE_CLASS_SAFE) {
        if (!dry)
            call_handler(run);
    } else if (allowed)
        check_run(run, &err);
    if (err.code) {
        answer_error(run, &err);
        return;
    }
    if (!allowed || run->refusal != CORE_REFUSAL_NONE || !run->provider || dry)
        finish_at_once(run);
    else
        begin_run(run);
}

void run_release(struct reeve_run *run, const struct token *token)
{
    if (!run || run->state != RUN_QUEUED)
        return;
    if (token->seq == AUDIT_NOT_RELEASED) {
        /* It waited for its batch beyond its time: nothing names it, so nothing of it runs and no
         * end record can speak of its release, whether or not the provider has let go already. */
        base_fail(&run->append_error, REEVE_EBUSY, "the log was too slow; the release has expired");
        run->state = RUN_NEW;
        run_cancel(run, NULL);
        maybe_ended(run);
        return;
    }
    run->state = RUN_RELEASED;
    run->release_seq = token->seq;
    if (run->finished) { /* the sandbox could not be built, or the client left: nothing will run */
        maybe_ended(run);
        return;
    }
    struct reeve_warrant w = {.size = sizeof w, .seq = token->seq, .expires_ns = token->expires_ns};
    memcpy(w.plan, token->plan, sizeof w.plan);
    memcpy(w.mac, token->mac, sizeof w.mac);
    struct reeve_error err = {0};
    if (run->provider->release(run->provider->self, run, &w, &err) != 0) {
        owner_event(run->owner, "a run could not be released: %s", err.message);
        run->provider->cancel(run->provider->self, run, NULL);
    }
}

void run_cancel(struct reeve_run *run, const char *limit)
{
    if (run->cancelled || run->finished || !run->provider || run->state == RUN_ENDING)
        return;
    run->cancelled = true;
    run->provider->cancel(run->provider->self, run, limit);
}

void run_finished(struct reeve_run *run, struct outcome *outcome)
{
    if (run->finished) {
        free(outcome->value);
        return;
    }
    free(run->outcome.value);
    run->outcome = *outcome;
    run->finished = true;
    run->prepared = false;
    if (run->abandoned)
        run_free(run);
    else
        maybe_ended(run);
}

/* The provider has spoken and both streams are at their end: record it. */
static void maybe_ended(struct reeve_run *run)
{
    if (!run->finished || run->stream[0].fd >= 0 || run->stream[1].fd >= 0)
        return;
    if (run->state == RUN_NEW && run->append_error.code) {
        answer_error(run, &run->append_error);
        return;
    }
    if (run->state != RUN_RELEASED)
        return;
    run->state = RUN_ENDING;
    struct reeve_error err = {0};
    if (owner_append_of(run->owner, run, record_end, &run->end_seq, &err) != 0) {
        answer_error(run, &err);
        return;
    }
    owner_hurry(run->owner);
}
