/*
 * The process provider's owner side: a map from runs to the launcher's run ids, frames out, frames
 * in, and the sentence that tells a person how a run ended. See process.h.
 */
#include "providers/process/process.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/json.h"
#include "providers/config.h"

struct process_run {
    struct reeve_run *run; /* NULL: a free row */
    uint64_t id;
    const struct reeve_job *job;
};

struct process_provider {
    struct reeve_provider ops;
    const struct reeve_provider_host *host;
    int fd, null;
    struct launcher_hello hello;
    uint64_t next_id;
    struct process_run runs[LAUNCHER_MAX_RUNS];
    _Alignas(8) uint8_t frame[FRAME_MAX_BYTES];
};

static struct process_run *find(struct process_provider *p, const struct reeve_run *run)
{
    for (size_t i = 0; i < LAUNCHER_MAX_RUNS; i++)
        if (p->runs[i].run == run)
            return &p->runs[i];
    return NULL;
}

static struct process_run *find_id(struct process_provider *p, uint64_t id)
{
    for (size_t i = 0; i < LAUNCHER_MAX_RUNS; i++)
        if (p->runs[i].run && p->runs[i].id == id)
            return &p->runs[i];
    return NULL;
}

/* ---- availability ---- */

static const struct {
    int error;
    const char *cure;
} cures[] = {
    {EPERM, "allow them (sysctl user.max_user_namespaces, kernel.unprivileged_userns_clone=1, "
            "kernel.apparmor_restrict_unprivileged_userns=0) or leave the chroot or container"},
    {EACCES, "allow them in the security module (an AppArmor or SELinux rule for reeve-launcher)"},
    {ENOSPC, "raise sysctl user.max_user_namespaces and its siblings"},
    {EUSERS, "namespaces are nested too deep here; start reeve further out"},
    {EINVAL, "a kernel from 6.1 on with user, pid, net, ipc, uts and cgroup namespaces is needed, "
             "and a root that is no initramfs"},
    {ENOSYS,
     "a kernel from 6.1 on that is not filtered by a container's seccomp profile is needed"},
};

static bool process_is_available(void *self, char why[256])
{
    const struct process_provider *p = self;
    int e = (int)p->hello.userns_errno;
    const char *cure = "see errno(3)";
    if (p->fd < 0) {
        (void)snprintf(why, 256, "no launcher is running");
        return false;
    }
    if (e == 0) {
        why[0] = '\0';
        return true;
    }
    for (size_t i = 0; i < BASE_COUNT(cures); i++)
        if (cures[i].error == e)
            cure = cures[i].cure;
    const char *name = strerrorname_np(e);
    (void)snprintf(why, 256, "this kernel or container forbids user namespaces (%s): %s",
                   name ? name : "unknown error", cure);
    return false;
}

static int process_initialize(void *self, const struct reeve_provider_host *host,
                              const char *config, struct reeve_error *err)
{
    struct process_provider *p = self;
    int rc = provider_takes_no_config("process", config, err);
    if (rc == 0)
        p->host = host;
    return rc;
}

/* ---- frames out ---- */

static int send_frame(struct process_provider *p, const void *frame, size_t n, const int *fds,
                      size_t nfds, struct reeve_error *err)
{
    if (p->fd < 0)
        return base_fail(err, REEVE_EHELPERS, "no launcher is running");
    if (fd_send_with(p->fd, frame, n, fds, nfds) == 0)
        return 0;
    if (errno == EAGAIN)
        return base_fail(err, REEVE_EBUSY, "the launcher does not keep up with what it is sent");
    return base_fail_errno(err, REEVE_EHELPERS, errno, "the launcher cannot be reached");
}

static int process_prepare(void *self, struct reeve_run *run, const struct reeve_job *job,
                           struct reeve_error *err)
{
    struct process_provider *p = self;
    struct launcher_prepare *f = (void *)p->frame;
    struct process_run *r = find(p, NULL);
    const int given[3] = {job->stdin_fd, job->stdout_fd, job->stderr_fd};
    int fds[3];
    if (!job->plan)
        return base_fail(err, REEVE_EINVAL, "the process provider runs programs only");
    if (job->plan_len > PLAN_MAX_BYTES)
        return base_fail(err, REEVE_EINVAL, "a plan of %zu bytes is over the bound of %u",
                         job->plan_len, PLAN_MAX_BYTES);
    if (!r)
        return base_fail(err, REEVE_EBUSY, "%u runs are in flight already", LAUNCHER_MAX_RUNS);
    size_t n = sizeof *f + job->plan_len;
    *f = (struct launcher_prepare){.head = {LAUNCHER_PREPARE, (uint32_t)n},
                                   .run = p->next_id,
                                   .plan_bytes = (uint32_t)job->plan_len};
    memcpy(f->plan, job->plan, job->plan_len);
    for (size_t i = 0; i < 3; i++)
        fds[i] = given[i] >= 0 ? given[i] : p->null;
    int rc = send_frame(p, f, n, fds, 3, err);
    if (rc == 0)
        *r = (struct process_run){.run = run, .id = p->next_id++, .job = job};
    return rc;
}

static int process_release(void *self, struct reeve_run *run, const struct reeve_warrant *warrant,
                           struct reeve_error *err)
{
    struct process_provider *p = self;
    const struct process_run *r = find(p, run);
    if (!r)
        return base_fail(err, REEVE_EINVAL, "the process provider has no such prepared run");
    struct launcher_release f = {.head = {LAUNCHER_RELEASE, sizeof f},
                                 .run = r->id,
                                 .token = {.seq = warrant->seq, .expires_ns = warrant->expires_ns}};
    memcpy(f.token.plan, warrant->plan, sizeof f.token.plan);
    memcpy(f.token.mac, warrant->mac, sizeof f.token.mac);
    return send_frame(p, &f, sizeof f, NULL, 0, err);
}

static void process_cancel(void *self, struct reeve_run *run, const char *limit)
{
    struct process_provider *p = self;
    const struct process_run *r = find(p, run);
    if (!r)
        return;
    int which = limit ? core_limit_of(str_of(limit)) : -1;
    struct launcher_cancel f = {
        .head = {LAUNCHER_CANCEL, sizeof f}, .run = r->id, .limit = (uint32_t)(which + 1)};
    /* A run that cannot be told to end may not go on: its launcher is given up, and ends all. One
     * that cannot be reached has ended already. */
    if (send_frame(p, &f, sizeof f, NULL, 0, NULL) == REEVE_EBUSY)
        (void)shutdown(p->fd, SHUT_RDWR);
}

/* ---- frames in ---- */

static struct str mount_of(const struct launcher_ended *e, const struct plan_view *plan)
{
    if (e->index >= plan->nmounts)
        return (struct str){0};
    const struct plan_mount *m = plan_mount_at(plan, e->index);
    struct str target = {plan_str(plan, m->target), m->target.len};
    if (e->why == LAUNCHER_WHY_MOUNT_OPEN)
        return (struct str){plan_str(plan, m->source), m->source.len};
    if (e->why == LAUNCHER_WHY_CROWDED && e->error > 0 && (size_t)e->error < target.n)
        target.n = (size_t)e->error;
    return target;
}

/* What of the plan the answer is about; empty: nothing. */
static struct str subject_of(const struct launcher_ended *e, const struct plan_view *plan)
{
    switch (e->why) {
    case LAUNCHER_WHY_PROGRAM_OPEN:
    case LAUNCHER_WHY_PROGRAM_DIGEST:
    case LAUNCHER_WHY_EXEC:
        return str_of(plan_str(plan, plan->h->program));
    case LAUNCHER_WHY_CWD:
        return str_of(plan_str(plan, plan->h->cwd));
    case LAUNCHER_WHY_MOUNT_OPEN:
    case LAUNCHER_WHY_ROOT:
    case LAUNCHER_WHY_CROWDED:
        return mount_of(e, plan);
    default:
        return (struct str){0};
    }
}

static const char *detail_of(const struct launcher_ended *e, const struct reeve_job *job, char *out,
                             size_t n)
{
    struct plan_view plan;
    char text[128];
    if (e->why == LAUNCHER_WHY_NONE)
        return NULL;
    struct str what = {0};
    if (plan_check(job->plan, job->plan_len, &plan))
        what = subject_of(e, &plan);
    bool is_errno = e->error && e->why != LAUNCHER_WHY_CROWDED;
    (void)snprintf(out, n, "%s%s%.*s%s%s", launcher_why_text(e->why), what.n ? ": " : "",
                   (int)what.n, what.n ? what.p : "", is_errno ? ": " : "",
                   is_errno ? strerror_r(e->error, text, sizeof text) : "");
    return out;
}

/* Failures before the program's first instruction; the gate may have been open by then. */
static bool never_ran(const struct launcher_ended *e)
{
    return !e->started || (e->how == CORE_HOW_ERROR && e->why != LAUNCHER_WHY_INIT);
}

static void report(struct process_provider *p, struct process_run *r,
                   const struct launcher_ended *e)
{
    char detail[512];
    bool missing = e->error == ENOENT || e->error == ENOTDIR;
    const struct reeve_outcome out = {
        .size = sizeof out,
        .how = core_how_name((enum core_how)e->how),
        .limit = e->limit ? core_limit_name((enum core_limit)(e->limit - 1)) : NULL,
        .detail = detail_of(e, r->job, detail, sizeof detail),
        .not_started = never_ran(e),
        .not_found = e->why == LAUNCHER_WHY_PROGRAM_OPEN && missing,
        .status = e->status,
        .signal = e->signal,
        .wall_ns = e->wall_ns,
        .user_ns = e->user_ns,
        .system_ns = e->system_ns,
        .max_rss_bytes = e->max_rss_bytes,
    };
    struct reeve_run *run = r->run;
    *r = (struct process_run){0};
    p->host->finished(p->host->self, run, &out);
}

static bool is_sane(const struct launcher_ended *e)
{
    return e->how < CORE_HOW_COUNT && e->why < LAUNCHER_WHY_COUNT && e->limit <= CORE_LIMIT_COUNT;
}

static int on_frame(struct process_provider *p, size_t n)
{
    const struct frame_head *head = (const void *)p->frame;
    const struct launcher_ended *e = (const void *)p->frame;
    if (n < sizeof *head || head->bytes != n)
        return REEVE_EPROTO;
    if (head->type == LAUNCHER_STARTED && n == sizeof(struct launcher_event))
        return 0;
    if (head->type != LAUNCHER_ENDED || n != sizeof *e || !is_sane(e))
        return REEVE_EPROTO;
    struct process_run *r = find_id(p, e->run);
    if (r)
        report(p, r, e);
    return 0;
}

int process_provider_dispatch(struct process_provider *p)
{
    int rc = 0;
    while (rc == 0 && p->fd >= 0) {
        ssize_t n = recv(p->fd, p->frame, sizeof p->frame, MSG_DONTWAIT | MSG_TRUNC);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            return 0;
        if (n <= 0)
            return REEVE_EHELPERS;
        rc = (size_t)n <= sizeof p->frame ? on_frame(p, (size_t)n) : REEVE_EPROTO;
    }
    return rc;
}

/* ---- life ---- */

static void forget_runs(struct process_provider *p)
{
    memset(p->runs, 0, sizeof p->runs);
}

static void process_cleanup(void *self)
{
    struct process_provider *p = self;
    forget_runs(p);
    p->host = NULL;
}

static const char *process_schema(void *self)
{
    (void)self;
    return "{\"type\":\"object\",\"additionalProperties\":false}";
}

void process_provider_attach(struct process_provider *p, int launcher_fd,
                             const struct launcher_hello *hello)
{
    forget_runs(p);
    p->fd = launcher_fd;
    p->hello = hello ? *hello : (struct launcher_hello){0};
}

int process_provider_fd(const struct process_provider *p)
{
    return p->fd;
}

int process_provider_new(struct process_provider **out)
{
    struct process_provider *p = *out = calloc(1, sizeof **out);
    if (!p)
        return REEVE_ENOMEM;
    p->fd = -1;
    p->next_id = 1;
    p->null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (p->null < 0) {
        process_provider_free(out);
        return REEVE_EIO;
    }
    p->ops = (struct reeve_provider){
        .size = sizeof(struct reeve_provider),
        .name = "process",
        .rank = REEVE_RANK_PROCESS,
        .features = REEVE_FEATURE_PROGRAM,
        .cost = 10,
        .enforced_by = "launcher",
        .is_available = process_is_available,
        .initialize = process_initialize,
        .prepare = process_prepare,
        .release = process_release,
        .cancel = process_cancel,
        .cleanup = process_cleanup,
        .get_config_schema = process_schema,
        .self = p,
    };
    return 0;
}

void process_provider_free(struct process_provider **p)
{
    if (!*p)
        return;
    fd_close(&(*p)->null);
    free(*p);
    *p = NULL;
}

const struct reeve_provider *process_provider_ops(struct process_provider *p)
{
    return &p->ops;
}
