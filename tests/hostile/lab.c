/* The bench: see lab.h. Waits have a bound of a minute that only a failure reaches. */
#include "tests/hostile/lab.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/catalogue.h"

#define LAB_WAIT_MS 60000

enum start { START_PLAIN, START_CHROOTED, START_IN_USERNS };

_Noreturn void lab_die(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    (void)vfprintf(stderr, fmt, ap);
    va_end(ap);
    (void)fputc('\n', stderr);
    exit(99);
}

static void wait_for(int fd, const char *what)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    if (poll(&p, 1, LAB_WAIT_MS) != 1)
        lab_die("nothing came within a minute: %s", what);
}

/* ---- the launcher ---- */

static void become_uid(uid_t uid)
{
    if (geteuid() != 0 || uid == 0)
        return;
    if (setgroups(0, NULL) < 0 || setresgid(uid, uid, uid) < 0 || setresuid(uid, uid, uid) < 0)
        _exit(98);
}

/* The whole of the host, seen from a folder that is not the root of its mount namespace. */
static void enter_chroot(void)
{
    if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
        mount("/", "/tmp", NULL, MS_BIND | MS_REC, NULL) < 0 || chroot("/tmp") < 0 ||
        chdir("/") < 0)
        _exit(96);
}

static void write_map(const char *path, const char *text)
{
    auto_close int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || fd_write_all(fd, text, strlen(text)) < 0)
        _exit(95);
}

/* As `unshare -Ur` does. */
static void enter_userns(void)
{
    char uid[32], gid[32];
    (void)snprintf(uid, sizeof uid, "0 %u 1", geteuid());
    (void)snprintf(gid, sizeof gid, "0 %u 1", getegid());
    (void)prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
    if (unshare(CLONE_NEWUSER) < 0)
        _exit(94);
    write_map("/proc/self/setgroups", "deny");
    write_map("/proc/self/uid_map", uid);
    write_map("/proc/self/gid_map", gid);
}

/* The descriptors of helpers.h, and two beside them that were "forgotten". */
static _Noreturn void become_launcher(int owner, int keeper, const char *state, uid_t uid,
                                      enum start how)
{
    char *const argv[] = {(char *)"reeve-launcher", NULL}, *const envp[] = {NULL};
    int dir = open(LAB_HELPER_DIR, O_RDONLY | O_DIRECTORY), lock = open("/dev/null", O_RDWR);
    const int from[] = {owner, keeper, lock, dir, open(state, O_RDONLY | O_DIRECTORY)};
    int high[BASE_COUNT(from)];
    for (size_t i = 0; i < BASE_COUNT(from); i++)
        high[i] = fcntl(from[i], F_DUPFD, 100);
    for (size_t i = 0; i < BASE_COUNT(from); i++)
        (void)dup2(high[i], 3 + (int)i);
    (void)dup2(high[3], 50);
    for (int i = 0; i < 3; i++)
        (void)dup2(high[2], i);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (how == START_CHROOTED)
        enter_chroot();
    become_uid(uid);
    if (how == START_IN_USERNS)
        enter_userns();
    (void)fexecve(openat(high[3], "reeve-launcher", O_PATH | O_CLOEXEC), argv, envp);
    _exit(97);
}

static void make_pair(int ends[2])
{
    const int bytes = 2 * (int)FRAME_MAX_BYTES;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0 ||
        setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes) < 0)
        lab_die("no socket: %s", strerror(errno));
}

static void start(struct lab *lab, const char *state, uid_t uid, enum start how)
{
    int owner[2], keeper[2];
    *lab = (struct lab){.next_run = 1, .next_seq = 1000};
    make_pair(owner);
    make_pair(keeper);
    lab->pid = fork();
    if (lab->pid == 0)
        become_launcher(owner[1], keeper[1], state, uid, how);
    (void)close(owner[1]);
    (void)close(keeper[1]);
    lab->owner = owner[0];
    lab->keeper = keeper[0];
    base_random(lab->key, sizeof lab->key);
    if (send(lab->keeper, lab->key, sizeof lab->key, MSG_NOSIGNAL) != sizeof lab->key)
        lab_die("the launcher does not take its key");
    wait_for(lab->owner, "the launcher's hello");
    if (recv(lab->owner, &lab->hello, sizeof lab->hello, 0) != sizeof lab->hello ||
        lab->hello.head.type != LAUNCHER_HELLO)
        lab_die("the launcher ended before its hello");
}

void lab_start(struct lab *lab, uid_t uid)
{
    start(lab, LAB_STATE, uid, START_PLAIN);
}

void lab_start_beside(struct lab *lab, uid_t uid, const char *state)
{
    start(lab, state, uid, START_PLAIN);
}

void lab_start_chrooted(struct lab *lab)
{
    start(lab, LAB_STATE, 0, START_CHROOTED);
}

bool lab_has_userns(uid_t uid)
{
    int status = 0;
    pid_t pid = fork();
    if (pid == 0) {
        become_uid(uid);
        enter_userns();
        _exit(0);
    }
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            lab_die("a child could not be waited for");
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

void lab_start_in_userns(struct lab *lab, uid_t uid)
{
    start(lab, LAB_STATE, uid, START_IN_USERNS);
}

int lab_wait_launcher(struct lab *lab)
{
    int status = 0;
    while (waitpid(lab->pid, &status, 0) < 0)
        if (errno != EINTR)
            lab_die("the launcher was not there to be waited for");
    return status;
}

void lab_stop(struct lab *lab)
{
    fd_close(&lab->owner);
    fd_close(&lab->keeper);
    (void)lab_wait_launcher(lab);
}

/* ---- plans ---- */

void lab_plan_init(struct lab_plan *p, const char *program)
{
    *p = (struct lab_plan){.program = program,
                           .cwd = "/",
                           .wall_ns = 60 * (uint64_t)BASE_NS_PER_S,
                           .tmp_bytes = 1 << 20,
                           .open_files = 64,
                           .file_size = 1 << 24};
}

void lab_mount(struct lab_plan *p, enum plan_mount_kind kind, const char *source,
               const char *target)
{
    if (p->nmounts == LAB_MAX_MOUNTS)
        lab_die("too many mounts for the bench");
    p->mounts[p->nmounts++] =
        (struct plan_mount_part){.kind = kind, .source = str_of(source), .target = str_of(target)};
}

static void set_limit(struct plan_parts *parts, enum core_limit limit, uint64_t value)
{
    parts->limits.value[limit] = value;
    parts->limits.set |= 1u << limit;
}

/* A program that is not there has a digest too, so that the launcher is the one that finds out. */
static void digest_program(const struct lab_plan *p, uint8_t out[BASE_SHA256])
{
    uint64_t size;
    auto_close int fd = open(p->program, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    memset(out, 0, BASE_SHA256);
    if (fd >= 0)
        (void)base_sha256_fd(fd, out, &size, NULL);
    out[0] = (uint8_t)(out[0] ^ p->wrong_digest);
}

void lab_build(const struct lab_plan *p, struct buf *out)
{
    struct reeve_error err = {0};
    struct str argv[LAB_MAX_ARGS + 1] = {str_of(p->program)};
    const struct core_profile *profile = core_profile_find(STR("default"));
    struct plan_parts parts = {.tmp_bytes = p->tmp_bytes,
                               .program = str_of(p->program),
                               .cwd = str_of(p->cwd),
                               .hostname = STR("bench"),
                               .profile = STR("default"),
                               .argv = argv,
                               .nargv = 1,
                               .mounts = p->mounts,
                               .nmounts = p->nmounts};
    if (!p->no_filter) {
        parts.filter = profile->filter;
        parts.filter_bytes = profile->filter_bytes;
    }
    for (uint32_t i = 0; i < LAB_MAX_ARGS && p->argv[i]; i++)
        argv[parts.nargv++] = str_of(p->argv[i]);
    set_limit(&parts, CORE_LIMIT_WALL, p->wall_ns);
    set_limit(&parts, CORE_LIMIT_OPEN_FILES, p->open_files);
    set_limit(&parts, CORE_LIMIT_FILE_SIZE, p->file_size);
    set_limit(&parts, CORE_LIMIT_OUTPUT, 1 << 20);
    digest_program(p, parts.program_sha256);
    buf_init(out, 0);
    if (plan_build(&parts, out, &err) != 0)
        lab_die("no plan: %s", err.message);
}

/* ---- frames ---- */

void lab_send(struct lab *lab, const void *p, size_t n, const int *fds, size_t nfds)
{
    if (fd_send_with(lab->owner, p, n, fds, nfds) < 0)
        lab_die("the launcher's socket: %s", strerror(errno));
}

void lab_send_prepare(struct lab *lab, uint64_t id, const void *plan, size_t n, const int stdio[3])
{
    size_t bytes = sizeof(struct launcher_prepare) + n;
    auto_free struct launcher_prepare *f = calloc(1, bytes);
    if (!f)
        lab_die("no memory for a frame");
    f->head = (struct frame_head){LAUNCHER_PREPARE, (uint32_t)bytes};
    f->run = id;
    f->plan_bytes = (uint32_t)n;
    memcpy(f->plan, plan, n);
    lab_send(lab, f, bytes, stdio, 3);
}

void lab_prepare(struct lab *lab, const struct lab_plan *p, struct lab_run *run)
{
    int ends[2];
    *run = (struct lab_run){.id = lab->next_run++};
    lab_build(p, &run->plan);
    auto_close int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0 || pipe2(ends, O_CLOEXEC) < 0)
        lab_die("the bench is out of descriptors: %s", strerror(errno));
    lab_send_prepare(lab, run->id, run->plan.data, run->plan.len,
                     (const int[]){null, ends[1], ends[1]});
    (void)close(ends[1]);
    run->output = ends[0];
}

void lab_sign(const struct lab *lab, struct token *t)
{
    token_mac(lab->key, t, t->mac);
}

struct token lab_token(struct lab *lab, const struct lab_run *run)
{
    struct token t = {.seq = lab->next_seq++,
                      .expires_ns = base_boottime_ns() + 60 * BASE_NS_PER_S};
    base_sha256(run->plan.data, run->plan.len, t.plan);
    lab_sign(lab, &t);
    return t;
}

void lab_release(struct lab *lab, const struct lab_run *run, const struct token *t)
{
    const struct launcher_release f = {
        .head = {LAUNCHER_RELEASE, sizeof f}, .run = run->id, .token = *t};
    lab_send(lab, &f, sizeof f, NULL, 0);
}

void lab_cancel(struct lab *lab, const struct lab_run *run, uint32_t limit)
{
    const struct launcher_cancel f = {
        .head = {LAUNCHER_CANCEL, sizeof f}, .run = run->id, .limit = limit};
    lab_send(lab, &f, sizeof f, NULL, 0);
}

void lab_wait(struct lab *lab, struct lab_run *run)
{
    union {
        struct launcher_event started;
        struct launcher_ended ended;
    } e;
    for (;;) {
        wait_for(lab->owner, "the end of a run");
        ssize_t n = recv(lab->owner, &e, sizeof e, 0);
        if (n >= (ssize_t)sizeof e.started && e.started.head.type == LAUNCHER_STARTED &&
            e.started.run != run->id)
            continue; /* another run of the scene that was let go before */
        if (n < (ssize_t)sizeof e.started || e.started.run != run->id)
            lab_die("the launcher ended, or spoke of another run");
        if (e.started.head.type == LAUNCHER_STARTED)
            run->started = true;
        else
            break;
    }
    if (e.ended.head.type != LAUNCHER_ENDED || e.ended.head.bytes != sizeof e.ended)
        lab_die("the launcher sent what it may not");
    run->end = e.ended;
}

void lab_do(struct lab *lab, const struct lab_plan *p, struct lab_run *run)
{
    lab_prepare(lab, p, run);
    struct token t = lab_token(lab, run);
    lab_release(lab, run, &t);
    lab_wait(lab, run);
}

/* ---- output ---- */

bool lab_output_ended(const struct lab_run *run)
{
    char away[4096];
    struct pollfd p = {.fd = run->output, .events = POLLIN};
    while (poll(&p, 1, 0) == 1) {
        ssize_t n = read(run->output, away, sizeof away);
        if (n <= 0)
            return n == 0;
    }
    return false;
}

bool lab_read(const struct lab_run *run, char *out, size_t n)
{
    for (size_t at = 0; at < n;) {
        wait_for(run->output, "output of the guest");
        ssize_t got = read(run->output, out + at, n - at);
        if (got <= 0)
            return false;
        at += (size_t)got;
    }
    return true;
}

void lab_run_fini(struct lab_run *run)
{
    buf_fini(&run->plan);
    fd_close(&run->output);
}

void lab_trace(struct lab *lab)
{
    if (ptrace(PTRACE_SEIZE, lab->pid, NULL, PTRACE_O_TRACEFORK) < 0)
        lab_die("the launcher cannot be traced: %s", strerror(errno));
}

pid_t lab_catch_clone(struct lab *lab)
{
    int status = 0;
    unsigned long child = 0;
    if (waitpid(lab->pid, &status, __WALL) != lab->pid ||
        status >> 8 != (SIGTRAP | PTRACE_EVENT_FORK << 8) ||
        ptrace(PTRACE_GETEVENTMSG, lab->pid, NULL, &child) < 0 ||
        waitpid((pid_t)child, &status, __WALL) != (pid_t)child)
        lab_die("the launcher cloned nothing: status 0x%x", (unsigned)status);
    return (pid_t)child;
}

pid_t lab_child_of(pid_t parent)
{
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/%d/task/%d/children", parent, parent);
    for (int i = 0; i < LAB_WAIT_MS; i++) {
        char *end, text[256] = "";
        auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd >= 0 && read(fd, text, sizeof text - 1) > 0) {
            long pid = strtol(text, &end, 10);
            if (end != text)
                return (pid_t)pid;
        }
        (void)poll(NULL, 0, 1);
    }
    lab_die("process %d has no child", parent);
}
