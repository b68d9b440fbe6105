/*
 * The public functions of reeve.h and provider.h: handles, their connections, requests and the log.
 * A handle keeps a few idle connections; each call takes one for itself, so calls of several
 * threads go side by side. An in-process owner is a thread of ours with an event loop, reached by
 * the very same wire over a socketpair.
 */
#include <errno.h>
#include <pthread.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "broker/api.h"
#include "broker/state.h"

#ifndef REEVE_HELPER_DIR
#error "the build gives REEVE_HELPER_DIR"
#endif

/* ---- opening and closing ---- */

static void *serve(void *arg)
{
    struct reeve *r = arg;
    struct reeve_error err = {0};
    if (owner_run(r->owner, &err) != 0 && r->options.event)
        r->options.event(r->options.event_arg, err.message);
    return NULL;
}

/* The owner's thread takes no signal: they are the program's. */
static int start_thread(struct reeve *r, struct reeve_error *err)
{
    sigset_t all, before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    int errnum = pthread_create(&r->thread, NULL, serve, r);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    r->has_thread = !errnum;
    return errnum ? base_fail_errno(err, REEVE_ENOMEM, errnum, "no thread could be started") : 0;
}

/* An idle lingering reeved gives way; one that does not says so with its pid. */
static int ask_to_stop(struct reeve *r, struct reeve_error *err)
{
    struct client c;
    struct str answer;
    int rc = client_connect(r->dir, r->helper_dir, false, &c, err);
    if (rc == REEVE_ENOENT)
        return 0; /* it is ending */
    if (rc)
        return rc;
    rc = client_ask(&c, WIRE_STOP, STR(""), &answer, err);
    client_close(&c);
    return rc;
}

static int become_owner(struct reeve *r, struct reeve_error *err)
{
    enum { TRIES = 200, PAUSE_MS = 20 };
    struct owner_options o = {.dir = r->dir,
                              .helper_dir = r->helper_dir,
                              .embedded = true,
                              .event = r->options.event,
                              .event_arg = r->options.event_arg};
    int rc = owner_new(&o, &r->owner, err);
    if (rc == REEVE_EOWNED) {
        rc = ask_to_stop(r, err);
        if (rc)
            return rc;
        rc = owner_new(&o, &r->owner, err);
    }
    for (int i = 1; rc == REEVE_EOWNED && i < TRIES; i++) { /* it is giving way */
        base_pause_ms(PAUSE_MS);
        rc = owner_new(&o, &r->owner, err);
    }
    return rc ? rc : start_thread(r, err);
}

static int fill(struct reeve *r, const struct reeve_open_options *o, struct reeve_error *err)
{
    r->options = *o;
    r->pid = getpid();
    r->dir = o->dir ? str_dup(str_of(o->dir)) : reeve_default_dir();
    r->helper_dir = str_dup(str_of(o->helper_dir ? o->helper_dir : REEVE_HELPER_DIR));
    (void)pthread_mutex_init(&r->mutex, NULL);
    if (!r->dir && !o->dir)
        return base_fail(err, REEVE_ENOENT,
                         "no state folder is named; use --state DIR or REEVE_STATE");
    return r->dir && r->helper_dir ? 0 : base_fail(err, REEVE_ENOMEM, "out of memory");
}

int reeve_open(const struct reeve_open_options *options, struct reeve **out,
               struct reeve_error *err)
{
    if (!out)
        return base_fail(err, REEVE_EINVAL, "reeve_open needs a place for the handle");
    *out = NULL;
    struct reeve_open_options o = {0};
    if (options && options->size > sizeof o)
        return base_fail(err, REEVE_EINVAL, "the options are of a newer version of the library");
    if (options)
        memcpy(&o, options, options->size);
    struct reeve *r = calloc(1, sizeof *r);
    if (!r)
        return base_fail(err, REEVE_ENOMEM, "out of memory");
    int rc = fill(r, &o, err);
    if (!rc && o.flags & REEVE_OPEN_OWNER) {
        rc = become_owner(r, err);
    } else if (!rc) {
        struct client c; /* so that what is wrong is told now, not at the first request */
        rc = api_connect(r, &c, err);
        if (!rc)
            (void)api_finish(r, &c, 0);
    }
    if (rc)
        reeve_close(&r);
    *out = r;
    return rc;
}

void reeve_close(struct reeve **handle)
{
    struct reeve *r = handle ? *handle : NULL;
    if (!r)
        return;
    *handle = NULL;
    while (r->nidle)
        client_close(&r->idle[--r->nidle]);
    if (r->owner && r->pid == getpid()) {
        owner_stop(r->owner);
        if (r->has_thread)
            (void)pthread_join(r->thread, NULL);
        owner_free(&r->owner);
    }
    (void)pthread_mutex_destroy(&r->mutex);
    free(r->dir);
    free(r->helper_dir);
    free(r);
}

/* ---- connections ---- */

static int connect_own(struct reeve *r, struct client *c, struct reeve_error *err)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return base_fail_errno(err, REEVE_EIO, errno, "no socket could be made");
    int rc = fd_set_nonblock(pair[1], true) == 0
                 ? owner_adopt(r->owner, pair[1], err)
                 : base_fail_errno(err, REEVE_EIO, errno, "a socket could not be set up");
    if (rc) {
        (void)close(pair[0]);
        return rc;
    }
    return client_hello(c, pair[0], err);
}

int api_connect(struct reeve *r, struct client *c, struct reeve_error *err)
{
    if (r->pid != getpid())
        return base_fail(err, REEVE_EINVAL, "the handle belongs to the process that opened it");
    for (;;) {
        bool found = false;
        pthread_mutex_lock(&r->mutex);
        if (r->nidle) {
            *c = r->idle[--r->nidle];
            found = true;
        }
        pthread_mutex_unlock(&r->mutex);
        if (!found)
            break;
        if (client_alive(c))
            return 0;
        client_close(c);
    }
    if (r->owner)
        return connect_own(r, c, err);
    return client_connect(r->dir, r->helper_dir, !(r->options.flags & REEVE_OPEN_NOSTART), c, err);
}

int api_finish(struct reeve *r, struct client *c, int rc)
{
    bool kept = false;
    if (rc == 0) {
        pthread_mutex_lock(&r->mutex);
        kept = r->nidle < API_MAX_IDLE;
        if (kept)
            r->idle[r->nidle++] = *c;
        pthread_mutex_unlock(&r->mutex);
    }
    if (!kept)
        client_close(c);
    return rc;
}

/* ---- state folders and small things ---- */

int reeve_init(const char *dir, const struct reeve_init_options *options, struct reeve_error *err)
{
    uint8_t id[8];
    char origin[64], hex[2 * sizeof id + 1];
    base_random(id, sizeof id);
    base_hex(id, sizeof id, hex);
    (void)snprintf(origin, sizeof origin, "reeve/%s", hex);
    if (!dir || !dir[0])
        return base_fail(err, REEVE_EINVAL, "reeve_init needs the name of a folder");
    bool given = options && options->size >= sizeof *options && options->origin;
    return state_create(dir, given ? options->origin : origin, err);
}

char *reeve_default_dir(void)
{
    const char *state = secure_getenv("REEVE_STATE"), *xdg = secure_getenv("XDG_STATE_HOME");
    const char *home = secure_getenv("HOME");
    struct buf path = {.max = 4096};
    if (state && state[0])
        return str_dup(str_of(state));
    if (geteuid() == 0)
        return str_dup(STR("/var/lib/reeve"));
    if (xdg && xdg[0] == '/')
        buf_printf(&path, "%s/reeve", xdg);
    else if (home && home[0] == '/')
        buf_printf(&path, "%s/.local/state/reeve", home);
    else
        return NULL;
    return buf_take(&path, NULL);
}

void reeve_free(void *p)
{
    free(p);
}

static const struct {
    int code, exit_status;
    const char *name;
} codes[] = {
#define X(num, name, exit_status, text) {num, exit_status, #name},
    REEVE_ERROR_TABLE(X)
#undef X
};

static size_t code_index(int code)
{
    size_t i = 0;
    while (i < BASE_COUNT(codes) && codes[i].code != code)
        i++;
    return i;
}

const char *reeve_error_name(int code)
{
    size_t i = code_index(code);
    if (i < BASE_COUNT(codes))
        return codes[i].name;
    return code == 0 ? "OK" : "?";
}

int reeve_error_exit(int code)
{
    size_t i = code_index(code);
    if (i < BASE_COUNT(codes))
        return codes[i].exit_status;
    return code == 0 ? 0 : 4;
}

int reeve_provider_register(struct reeve *handle, const struct reeve_provider *provider,
                            struct reeve_error *err)
{
    if (!handle->owner)
        return base_fail(err, REEVE_EINVAL,
                         "providers are registered with an owner: open with REEVE_OPEN_OWNER");
    return owner_register(handle->owner, provider, err);
}
