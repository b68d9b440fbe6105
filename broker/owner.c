/*
 * The life of an owner: taking the folder, raising helpers and log, serving, falling with its
 * helpers, ending. The order in which things are taken and given back is all here.
 */
#include "broker/owner.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "broker/internal.h"
#include "broker/state.h"

/* The helpers' limits (this and the log's own) are less than what a client waits for a sign of
 * life.
 */
enum { HELLO_TIMEOUT_MS = 10000 };
#define ALIVE_NS BASE_NS_PER_S

void owner_event(struct owner *owner, const char *fmt, ...)
{
    if (!owner->options.event)
        return;
    char text[512];
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    owner->options.event(owner->options.event_arg, text);
}

/* A log may take minutes to be read: whoever waits for the folder is told that it goes on. */
static void give_sign(struct owner *owner)
{
    int64_t now = base_boottime_ns();
    if (owner->alive_ns && now - owner->alive_ns < ALIVE_NS)
        return;
    owner->alive_ns = now;
    state_lock_touch(owner->lock_fd);
    if (owner->options.alive)
        owner->options.alive(owner->options.alive_arg);
}

static void on_rows(void *arg, uint64_t rows)
{
    (void)rows;
    give_sign(arg);
}

/* ---- messages of other threads ---- */

static int post_locked(struct owner *owner, const struct posted *message)
{
    struct posted *copy = malloc(sizeof *copy);
    if (!copy)
        return REEVE_ENOMEM;
    *copy = *message;
    copy->next = NULL;
    *owner->posted_last = copy;
    owner->posted_last = &copy->next;
    loop_wake(owner->loop);
    return 0;
}

static int post(struct owner *owner, const struct posted *message)
{
    pthread_mutex_lock(&owner->mutex);
    int rc = post_locked(owner, message);
    pthread_mutex_unlock(&owner->mutex);
    return rc;
}

/* The host function that providers call, from any thread. */
static void on_finished(void *self, struct reeve_run *run, const struct reeve_outcome *o)
{
    struct posted message = {.fd = -1, .run = run};
    outcome_take(o, &message.outcome);
    if (post(self, &message) != 0)
        abort(); /* a run whose end nobody hears of would never be recorded */
}

static bool is_in(const struct reeve_run *list, const struct reeve_run *run)
{
    while (list && list != run)
        list = list->next;
    return list != NULL;
}

static void take_registration(struct owner *owner, struct registration *reg)
{
    reg->rc = registry_add(&owner->registry, reg->provider, &owner->host, &reg->err);
    pthread_mutex_lock(&owner->mutex);
    reg->done = true;
    (void)pthread_cond_broadcast(&owner->registered);
    pthread_mutex_unlock(&owner->mutex);
}

static void take_message(struct owner *owner, struct posted *message)
{
    if (message->fd >= 0)
        server_adopt(owner, message->fd, true);
    else if (message->reg)
        take_registration(owner, message->reg);
    else if (is_in(owner->runs, message->run) || is_in(owner->abandoned, message->run))
        run_finished(message->run, &message->outcome);
    else
        free(message->outcome.value);
}

static void take_messages(struct owner *owner)
{
    pthread_mutex_lock(&owner->mutex);
    struct posted *list = owner->posted_first;
    owner->posted_first = NULL;
    owner->posted_last = &owner->posted_first;
    pthread_mutex_unlock(&owner->mutex);
    while (list) {
        struct posted *message = list;
        list = message->next;
        take_message(owner, message);
        free(message);
    }
}

int owner_adopt(struct owner *owner, int fd, struct reeve_error *err)
{
    struct posted message = {.fd = fd};
    if (post(owner, &message) == 0)
        return 0;
    (void)close(fd);
    return base_fail(err, REEVE_ENOMEM, "out of memory");
}

/* ---- helpers and log ---- */

static void on_keeper(void *arg, uint32_t events)
{
    struct owner *owner = arg;
    /* Its frames are read where they are asked for; here only its end is of interest. */
    if (events & (EPOLLHUP | EPOLLERR | EPOLLRDHUP))
        owner->fallen = true;
}

static void on_launcher(void *arg, uint32_t events)
{
    (void)events;
    struct owner *owner = arg;
    if (process_provider_dispatch(owner->process) != 0)
        owner->fallen = true;
}

static int launcher_hello(struct owner *owner, struct launcher_hello *hello,
                          struct reeve_error *err)
{
    struct pollfd p = {.fd = owner->helpers.launcher_fd, .events = POLLIN};
    int n;
    do
        n = poll(&p, 1, HELLO_TIMEOUT_MS);
    while (n < 0 && errno == EINTR);
    ssize_t got = n == 1 ? fd_recv_with(p.fd, hello, sizeof *hello, NULL, NULL) : -1;
    if (got != (ssize_t)sizeof *hello || hello->head.type != LAUNCHER_HELLO ||
        hello->head.bytes != sizeof *hello)
        return base_fail(err, REEVE_EHELPERS, "the launcher of %s did not start",
                         owner->helper_dir);
    return 0;
}

static int watch_helpers(struct owner *owner, int keeper_fd, struct reeve_error *err)
{
    int launcher_fd = owner->helpers.launcher_fd;
    owner->keeper_source = loop_add(owner->loop, keeper_fd, EPOLLRDHUP, on_keeper, owner);
    owner->launcher_source = loop_add(owner->loop, launcher_fd, EPOLLIN, on_launcher, owner);
    return owner->keeper_source && owner->launcher_source
               ? 0
               : base_fail(err, REEVE_ENOMEM, "out of memory");
}

/* Log and keeper know the folder's files by their names alone. */
static int name_folder(const struct owner *owner, int rc, struct reeve_error *err)
{
    struct reeve_error why = {0};
    if (!err || (rc != REEVE_EKEY && rc != REEVE_ESTATE))
        return rc;
    why = *err;
    return base_fail(err, rc, "in the state folder %.200s: %s", owner->dir, why.message);
}

static int raise_all(struct owner *owner, struct reeve_error *err)
{
    struct launcher_hello hello;
    int rc = helpers_start(owner->helper_dir, owner->dir_fd, owner->lock_fd, &owner->helpers, err);
    if (!rc)
        rc = launcher_hello(owner, &hello, err);
    if (rc)
        return rc;
    give_sign(owner);
    const struct audit_progress progress = {on_rows, owner};
    int keeper_fd = owner->helpers.keeper_fd;
    owner->helpers.keeper_fd = -1; /* the log's from now on */
    rc = audit_log_open(owner->dir_fd, owner->dir, keeper_fd, &progress, &owner->log, &owner->found,
                        err);
    if (rc)
        return name_folder(owner, rc, err);
    give_sign(owner);
    owner->helpers_lost = false;
    if (owner->found.condition != AUDIT_OK) {
        /* Only reading is served: nothing is run, and that the helpers end is no loss. */
        owner_event(owner, "the log is %s from record %llu: %s",
                    audit_condition_name(owner->found.condition),
                    (unsigned long long)owner->found.first_bad, owner->found.detail);
        if (owner->found.condition == AUDIT_TAIL_LOST && !owner->options.loss_reason)
            owner_event(owner, "if it cannot be brought back: --accept-loss %llu --reason WHY",
                        (unsigned long long)owner->found.first_bad);
        return 0;
    }
    process_provider_attach(owner->process, owner->helpers.launcher_fd, &hello);
    rc = watch_helpers(owner, keeper_fd, err);
    return rc ? rc : owner_journal_start(owner, err);
}

int owner_raise(struct owner *owner, struct reeve_error *err)
{
    owner_fall(owner);
    int rc = raise_all(owner, err);
    if (rc)
        owner_fall(owner);
    return rc;
}

void owner_fall(struct owner *owner)
{
    take_messages(owner); /* none may outlive the runs that it speaks of */
    owner->fallen = false;
    owner_segments_stop(owner);
    owner->helpers_lost = true;
    loop_del(owner->loop, &owner->keeper_source);
    loop_del(owner->loop, &owner->launcher_source);
    if (owner->process)
        process_provider_attach(owner->process, -1, NULL);
    fd_close(&owner->helpers.keeper_fd);
    fd_close(&owner->helpers.launcher_fd);
    audit_writer_stop(&owner->writer);
    audit_indexer_stop(&owner->indexer);
    audit_log_close(&owner->log);
    audit_found_fini(&owner->found);
    owner->found = (struct audit_found){0};
    owner->nreleasing = 0;
    owner->log_failing = false;
    owner->failing_since_ns = 0;
    while (owner->runs)
        run_abandon(owner->runs);
}

/* ---- taking a folder ---- */

static int add_providers(struct owner *owner, struct reeve_error *err)
{
    owner->host = (struct reeve_provider_host){
        .size = sizeof owner->host, .self = owner, .finished = on_finished};
    int rc = process_provider_new(&owner->process);
    if (!rc)
        rc = mock_provider_new(&owner->mock);
    if (rc)
        return base_fail(err, rc, "out of memory");
    rc = registry_add(&owner->registry, process_provider_ops(owner->process), &owner->host, err);
    return rc ? rc
              : registry_add(&owner->registry, mock_provider_ops(owner->mock), &owner->host, err);
}

static int take(struct owner *owner, struct reeve_error *err)
{
    int rc = server_limit(owner, err);
    if (!rc)
        rc = state_open(owner->dir, &owner->dir_fd, &owner->uid, err);
    if (!rc)
        rc = state_require_owner(owner->dir, owner->uid, err);
    if (!rc)
        rc = state_lock(owner->dir_fd, owner->dir, &owner->lock_fd, err);
    if (!rc)
        state_sweep(owner->dir_fd);
    if (!rc)
        rc = config_load(owner->dir_fd, owner->dir, owner->uid, &owner->config, err);
    if (!rc)
        rc = owner_load_mask_key(owner, err);
    if (!rc)
        rc = owner_load_policy(owner, err);
    if (!rc)
        rc = loop_new(&owner->loop, err);
    if (!rc)
        rc = add_providers(owner, err);
    if (!rc)
        rc = owner_finish_loss(owner, err);
    if (!rc)
        rc = owner_raise(owner, err);
    if (!rc)
        rc = owner_accept_loss(owner, err);
    return rc ? rc : server_listen(owner, err);
}

int owner_new(const struct owner_options *options, struct owner **out, struct reeve_error *err)
{
    *out = NULL;
    struct owner *owner = calloc(1, sizeof *owner);
    if (!owner)
        return base_fail(err, REEVE_ENOMEM, "out of memory");
    uint8_t id[OWNER_INSTANCE];
    base_random(id, sizeof id);
    base_hex(id, sizeof id, owner->instance);
    owner->options = *options;
    owner->dir_fd = owner->lock_fd = owner->listen_fd = -1;
    owner->helpers = (struct helpers){-1, -1};
    owner->posted_last = &owner->posted_first;
    owner->dir = str_dup(str_of(options->dir));
    owner->helper_dir = str_dup(str_of(options->helper_dir));
    (void)pthread_mutex_init(&owner->mutex, NULL);
    (void)pthread_cond_init(&owner->registered, NULL);
    int rc = owner->dir && owner->helper_dir ? take(owner, err)
                                             : base_fail(err, REEVE_ENOMEM, "out of memory");
    if (rc)
        owner_free(&owner);
    *out = owner;
    return rc;
}

void owner_free(struct owner **out)
{
    struct owner *owner = *out;
    if (!owner)
        return;
    if (owner->loop) {
        server_close_all(owner);
        /* What was answered and still waits for its batch. */
        owner_settle(owner);
        owner_fall(owner);
        server_close_all(owner); /* those that were still on their way */
    }
    registry_cleanup(&owner->registry);
    if (owner->loop)
        take_messages(owner);
    while (owner->abandoned)
        run_free(owner->abandoned);
    process_provider_free(&owner->process);
    mock_provider_free(&owner->mock);
    policy_image_unref(&owner->image);
    loop_free(&owner->loop);
    fd_close(&owner->lock_fd);
    fd_close(&owner->dir_fd);
    (void)pthread_cond_destroy(&owner->registered);
    (void)pthread_mutex_destroy(&owner->mutex);
    buf_fini(&owner->loss);
    free(owner->dir);
    free(owner->helper_dir);
    free(owner);
    *out = NULL;
}

/* ---- serving ---- */

/* Milliseconds until a lingering owner ends, 0 when it is time, -1: it does not. */
static int linger_left(const struct owner *owner)
{
    if (!owner->options.linger_ns || owner->nconns || owner->nruns)
        return -1;
    return base_ms_until(owner->idle_since_ns + owner->options.linger_ns);
}

static int sooner(int a, int b)
{
    return a < 0 ? b : b < 0 ? a : a < b ? a : b;
}

/*
 * What runs is ended, recorded and answered before the owner is gone. What does not end in time, or
 * cannot be recorded, is closed as lost at the next start.
 */
static void wind_down(struct owner *owner)
{
    int64_t until = base_boottime_ns() + OWNER_END_NS;
    owner->ending = true;
    server_deafen(owner);
    for (struct reeve_run *run = owner->runs, *next; run; run = next) {
        next = run->next;
        run_cancel(run, NULL);
    }
    while (owner->runs && !owner->fallen) {
        take_messages(owner);
        int wait = owner_journal_tick(owner);
        int left = base_ms_until(until);
        if (!owner->runs || left == 0 || loop_once(owner->loop, sooner(wait, left), NULL) != 0)
            break;
    }
    if (owner->runs)
        owner_event(owner, "%u runs did not end in time; they are closed as lost", owner->nruns);
}

static int serve(struct owner *owner, struct reeve_error *err)
{
    int rc = 0;
    owner->idle_since_ns = base_boottime_ns(); /* not from before the folder was taken */
    while (!rc && !atomic_load(&owner->stopping)) {
        take_messages(owner);
        int wait = sooner(owner_journal_tick(owner), server_tick(owner));
        wait = sooner(wait, owner_segments_tick(owner));
        if (owner->fallen) {
            owner_event(owner, "keeper or launcher ended; what ran has been ended with them");
            owner_fall(owner);
            if (!owner->options.embedded)
                return base_fail(err, REEVE_EHELPERS, "keeper or launcher ended");
            wait = -1;
        }
        int linger = linger_left(owner);
        if (linger == 0)
            return 0;
        rc = loop_once(owner->loop, sooner(wait, linger), err);
    }
    wind_down(owner);
    return rc;
}

int owner_run(struct owner *owner, struct reeve_error *err)
{
    pthread_mutex_lock(&owner->mutex);
    owner->thread = pthread_self();
    owner->serves = true;
    pthread_mutex_unlock(&owner->mutex);
    int rc = serve(owner, err);
    pthread_mutex_lock(&owner->mutex);
    owner->serves = false;
    owner->served = true; /* from now on nobody waits for this thread */
    pthread_mutex_unlock(&owner->mutex);
    take_messages(owner);
    return rc;
}

void owner_stop(struct owner *owner)
{
    atomic_store(&owner->stopping, true);
    loop_wake(owner->loop);
}

/* Put a registration into the owner's queue and wait for it; called with the mutex. */
static int await_registration(struct owner *owner, struct registration *reg,
                              struct reeve_error *err)
{
    struct posted message = {.fd = -1, .reg = reg};
    if (owner->served)
        return base_fail(err, REEVE_EIO, "the owner of %s has ended", owner->dir);
    if (post_locked(owner, &message) != 0)
        return base_fail(err, REEVE_ENOMEM, "out of memory");
    while (!reg->done)
        base_cond_wait(&owner->registered, &owner->mutex);
    if (reg->rc && err)
        *err = reg->err;
    return reg->rc;
}

int owner_register(struct owner *owner, const struct reeve_provider *provider,
                   struct reeve_error *err)
{
    struct registration reg = {.provider = provider};
    if (provider && provider->enforced_by && !str_is(str_of(provider->enforced_by), "in-process"))
        return base_fail(err, REEVE_EINVAL,
                         "a provider of another program's enforces \"in-process\", not \"%.40s\"",
                         provider->enforced_by);
    pthread_mutex_lock(&owner->mutex);
    bool own = owner->serves && pthread_equal(owner->thread, pthread_self());
    int rc = own ? 0 : await_registration(owner, &reg, err);
    pthread_mutex_unlock(&owner->mutex);
    return own ? registry_add(&owner->registry, provider, &owner->host, err)
               : rc; /* a callback's */
}
