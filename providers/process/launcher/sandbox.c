/*
 * What a cloned child does before it execs reeve-init: ids, root file system, host name, the few
 * capabilities that init needs, descriptors. It runs in a copy of the launcher's memory, so it uses
 * raw system calls on what was prepared, and nothing else; a test looks at this object's undefined
 * symbols. Called by spawn.c.
 */
#include "providers/process/launcher/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <linux/securebits.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "core/frames.h"
#include "providers/process/launcher/control.h"
#include "providers/process/launcher/raw.h"

#define PLACES (INIT_FD_COUNT + 1) /* the last one is reeve-init itself, until it is exec'ed */

/* What the child knows of its own progress. */
struct child {
    long control; /* where reports go */
    struct sandbox_fault fault;
    long high[PLACES];
};

/*
 * Before anything is waited for: as long as a copy of the launcher's end of a socket is held here,
 * this run, the others and the owner would not see the launcher die.
 */
static long let_go(const struct sandbox *s, struct child *c)
{
    (void)c;
    for (size_t i = 0; i < s->nforeign; i++)
        raw1(SYS_close, s->foreign[i]);
    return 0;
}

/* ---- ids ---- */

static long write_file(const char *path, const char *text)
{
    size_t n = 0;
    while (text[n])
        n++;
    long fd = raw4(SYS_openat, AT_FDCWD, raw_p(path), O_WRONLY | O_CLOEXEC, 0);
    if (fd < 0)
        return fd;
    long done = raw3(SYS_write, fd, raw_p(text), (long)n);
    raw1(SYS_close, fd);
    return done < 0 ? done : 0;
}

/* /proc/self belongs to the real root while the process is not dumpable; init makes itself
 * undumpable again. */
static long map_self(const struct sandbox *s)
{
    long r = raw5(SYS_prctl, PR_SET_DUMPABLE, 1, 0, 0, 0);
    if (r == 0)
        r = write_file("/proc/self/setgroups", "deny");
    if (r == 0)
        r = write_file("/proc/self/gid_map", s->gid_map);
    return r ? r : write_file("/proc/self/uid_map", s->uid_map);
}

/* Privileged: until the launcher has written the maps. End of file means that it is gone. */
static long await_maps(const struct sandbox *s)
{
    char c = 0;
    long n = raw6(SYS_recvfrom, s->control, raw_out(&c), 1, 0, 0, 0);
    if (n < 0)
        return n;
    return n == 1 && c == CONTROL_MAPPED ? 0 : -EPIPE;
}

static long take_ids(const struct sandbox *s, struct child *c)
{
    (void)c;
    if (!s->privileged)
        return map_self(s);
    long r = await_maps(s);
    if (r == 0)
        r = raw3(SYS_setresgid, 0, 0, 0);
    return r ? r : raw3(SYS_setresuid, 0, 0, 0);
}

/* ---- root, names, capabilities ---- */

static long make_root(const struct sandbox *s, struct child *c)
{
    return sandbox_root(s, &c->fault);
}

static long set_names(const struct sandbox *s, struct child *c)
{
    (void)c;
    long r = raw2(SYS_sethostname, raw_p(s->hostname), (long)s->hostname_len);
    return r ? r : raw2(SYS_setdomainname, raw_p(""), 0);
}

/*
 * init has exactly what it needs to make the guest: ids and the bounding set. They are carried over
 * exec as ambient ones, so that they do not depend on the id that init has.
 */
static long keep_capabilities(const struct sandbox *s, struct child *c)
{
    static const uint8_t keep[] = {CAP_SETUID, CAP_SETGID, CAP_SETPCAP};
    struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2] = {{0}};
    (void)s;
    (void)c;
    for (size_t i = 0; i < sizeof keep; i++)
        data[0].effective |= 1u << keep[i];
    data[0].permitted = data[0].inheritable = data[0].effective;
    long r = raw2(SYS_capset, raw_p(&head), raw_p(data));
    if (r == 0)
        r = raw5(SYS_prctl, PR_SET_SECUREBITS, SECBIT_NOROOT | SECBIT_NOROOT_LOCKED, 0, 0, 0);
    for (size_t i = 0; i < sizeof keep && r == 0; i++)
        r = raw5(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, keep[i], 0, 0);
    return r;
}

/* ---- descriptors, exec ---- */

/* Every descriptor is moved up first, so that none is overwritten by another that takes its place.
 */
#define ABOVE 32

static long lift_descriptors(const struct sandbox *s, struct child *c)
{
    const int from[PLACES] = {s->null,    s->null,     s->null,     s->control,  s->plan,
                              s->program, s->stdio[0], s->stdio[1], s->stdio[2], s->init};
    long r = 0;
    for (size_t i = 0; i < PLACES && r >= 0; i++)
        r = c->high[i] = raw3(SYS_fcntl, from[i], F_DUPFD_CLOEXEC, ABOVE);
    return r;
}

static long place_descriptors(const struct sandbox *s, struct child *c)
{
    long r = 0;
    (void)s;
    c->control = c->high[INIT_FD_CONTROL];
    for (size_t i = 0; i < PLACES && r >= 0; i++)
        r = raw3(SYS_dup3, c->high[i], (long)i, i == INIT_FD_COUNT ? O_CLOEXEC : 0);
    if (r < 0)
        return r;
    c->control = INIT_FD_CONTROL;
    return raw3(SYS_close_range, PLACES, ~0u, 0);
}

static long exec_init(const struct sandbox *s, struct child *c)
{
    const char *const argv[] = {"reeve-init", NULL};
    const char *const envp[] = {NULL};
    (void)s;
    (void)c;
    return raw5(SYS_execveat, INIT_FD_COUNT, raw_p(""), raw_p(argv), raw_p(envp), AT_EMPTY_PATH);
}

/* ---- the steps ---- */

static const struct step {
    long (*run)(const struct sandbox *s, struct child *c);
    uint32_t why;
    bool probe; /* made by a probe as well */
} steps[] = {
    {let_go, LAUNCHER_WHY_CONFINE, true},
    {take_ids, LAUNCHER_WHY_IDS, true},
    {make_root, LAUNCHER_WHY_ROOT, true},
    {set_names, LAUNCHER_WHY_CONFINE, true},
    {keep_capabilities, LAUNCHER_WHY_CONFINE, true},
    {lift_descriptors, LAUNCHER_WHY_CONFINE, false},
    {place_descriptors, LAUNCHER_WHY_CONFINE, false},
    {exec_init, LAUNCHER_WHY_INIT, false},
};

static void report(const struct child *c, uint32_t kind, uint32_t why, long r)
{
    const struct control_report rep = {
        .kind = kind, .why = why, .error = (int32_t)-r, .index = c->fault.index};
    raw6(SYS_sendto, c->control, raw_p(&rep), sizeof rep, MSG_NOSIGNAL, 0, 0);
}

_Noreturn void sandbox_enter(const struct sandbox *s)
{
    struct child c = {.control = s->control, .fault = {.index = UINT32_MAX}};
    long r = 0;
    raw1(SYS_umask, 0);
    for (size_t i = 0; i < sizeof steps / sizeof steps[0] && r >= 0; i++) {
        if (s->probe && !steps[i].probe)
            continue;
        r = steps[i].run(s, &c);
        if (r < 0)
            report(&c, CONTROL_FAILED, c.fault.why ? c.fault.why : steps[i].why, r);
    }
    if (r >= 0)
        report(&c, CONTROL_READY, LAUNCHER_WHY_NONE, 0);
    for (;;)
        raw1(SYS_exit_group, r < 0);
}
