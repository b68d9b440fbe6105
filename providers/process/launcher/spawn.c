/*
 * Cloning a prepared sandbox into namespaces of its own, its user ids, its end, and the probe that
 * tells at the start whether this host lets sandboxes be built. Called by runs.c and host.c.
 */
#include "providers/process/launcher/launcher.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static bool id_is_free(const struct launcher *l, uint32_t id)
{
    for (size_t i = 0; i < LAUNCHER_MAX_RUNS; i++)
        if (l->runs[i].state != RUN_NONE && l->runs[i].host_id == id)
            return false;
    return true;
}

/* The range is walked through before an id comes again, since keyrings and such belong to ids. */
static uint32_t next_id(struct launcher *l)
{
    uint32_t id;
    do {
        if (l->next_host_id < HOST_ID_FIRST || l->next_host_id >= HOST_ID_LAST)
            l->next_host_id = HOST_ID_FIRST;
        id = l->next_host_id;
        l->next_host_id += 2;
    } while (!id_is_free(l, id));
    return id;
}

/* The file is written by one call, as the kernel wants it. */
static int write_proc(int pid, const char *name, const char *text)
{
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
    auto_close int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write(fd, text, strlen(text)) < 0)
        return errno;
    return 0;
}

static int map_ids(const struct run *run)
{
    char map[96];
    (void)snprintf(map, sizeof map, "0 %u 1\n%u %u 1\n", run->host_id, GUEST_ID, run->host_id + 1);
    int e = write_proc(run->pid, "setgroups", "deny");
    if (!e)
        e = write_proc(run->pid, "gid_map", map);
    if (!e)
        e = write_proc(run->pid, "uid_map", map);
    if (!e && send(run->control, &(char){CONTROL_MAPPED}, 1, MSG_NOSIGNAL) != 1)
        e = errno;
    return e;
}

/* A pipe given as a stream belongs to the guest, so that it can open /dev/stdout. What cannot be
 * given stays as it is. */
static void give_streams(const struct sandbox *b, uint32_t id)
{
    struct stat st;
    for (size_t i = 0; i < 3; i++)
        if (b->stdio[i] >= 0 && fstat(b->stdio[i], &st) == 0 && S_ISFIFO(st.st_mode))
            (void)!fchown(b->stdio[i], id, id);
}

void spawn_kill(const struct run *run)
{
    (void)syscall(SYS_pidfd_send_signal, run->pidfd, SIGKILL, NULL, 0);
}

static void reap(struct run *run)
{
    spawn_kill(run);
    while (waitpid(run->pid, NULL, __WALL) < 0 && errno == EINTR)
        continue;
    fd_close(&run->pidfd);
    fd_close(&run->control);
}

/* All that lives in this process for longer than one clone, `run`'s own end of its socket included.
 */
static void list_foreign(struct launcher *l, const struct run *run, struct sandbox *b)
{
    size_t n = 0;
    for (int fd = LAUNCHER_FD_OWNER; fd < LAUNCHER_FD_END; fd++)
        l->foreign[n++] = fd;
    for (size_t i = 0; i < LAUNCHER_MAX_RUNS; i++) {
        const struct run *r = &l->runs[i];
        const int fds[] = {r->control, r->pidfd, r->program};
        for (size_t k = 0; r->state != RUN_NONE && k < BASE_COUNT(fds); k++)
            if (fds[k] >= 0)
                l->foreign[n++] = fds[k];
    }
    l->foreign[n++] = run->control;
    b->foreign = l->foreign;
    b->nforeign = n;
}

/* The child never returns from here: from the clone on it is sandbox.c's. */
static bool clone_child(struct prepared *p, struct run *run)
{
    struct clone_args args = {.flags = CLONE_PIDFD | CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID |
                                       CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP | CLONE_NEWNET,
                              .pidfd = (uint64_t)(uintptr_t)&run->pidfd,
                              .exit_signal = SIGCHLD};
    long pid = syscall(SYS_clone3, &args, sizeof args);
    if (pid == 0)
        sandbox_enter(&p->box);
    run->pid = (int)pid;
    return pid > 0;
}

bool spawn_run(struct launcher *l, struct prepared *p, struct run *run, struct failure *why)
{
    int ends[2];
    run->pidfd = run->control = -1;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) {
        *why = (struct failure){LAUNCHER_WHY_CONFINE, errno, 0};
        return false;
    }
    run->control = ends[0];
    p->box.control = ends[1];
    run->host_id = l->privileged ? next_id(l) : l->uid;
    list_foreign(l, run, &p->box);
    if (!clone_child(p, run)) {
        *why = (struct failure){LAUNCHER_WHY_NAMESPACES, errno, 0};
        fd_close(&run->control);
        return false;
    }
    fd_close(&p->box.control);
    if (!l->privileged)
        return true;
    give_streams(&p->box, run->host_id + 1);
    int e = map_ids(run);
    if (e) {
        reap(run);
        *why = (struct failure){LAUNCHER_WHY_IDS, e, 0};
    }
    return e == 0;
}

/* 0, or the errno with which the probe's child failed. */
static int probe_result(const struct run *run)
{
    struct control_report rep;
    ssize_t n;
    do
        n = recv(run->control, &rep, sizeof rep, 0);
    while (n < 0 && errno == EINTR);
    if (n != sizeof rep)
        return n < 0 ? errno : ECHILD;
    return rep.kind == CONTROL_READY ? 0 : rep.error;
}

int spawn_probe(struct launcher *l)
{
    struct prepared p;
    struct run run = {0};
    struct failure why = {0};
    prepared_init(&p);
    p.box.probe = true;
    if (prepare_base(l, &p, &why) && spawn_run(l, &p, &run, &why)) {
        why.error = probe_result(&run);
        reap(&run);
    }
    prepared_fini(&p);
    return why.error;
}
