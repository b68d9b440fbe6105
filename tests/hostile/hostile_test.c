/*
 * Every attack of attacks/ against the real launcher and init, in both grades where this test is
 * root. A row holds when the attack ran to its own end inside and said that it did not work; and
 * when it works outside, where it can be tried, so that it is known to be one. Prints a table;
 * fails on any row that does not hold.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/hostile/lab.h"

#define NOBODY 65534

/* What the attacks are pointed at. */
struct scene {
    char dir[64], program[96], other[96], readable[96], fresh[96], escape[96], up[128], secret[96],
        hidden[96], hidden_dir[96], in_hidden_dir[96], setuid[96], grant[96], by_root[128],
        stream[96], datagram[96], odd[64], fifo[96];
    char port[8], abstract[32], pid[16], host[65];
    int listeners[4];
};

/* ---- building the scene ---- */

static void must(bool ok, const char *what)
{
    if (!ok)
        lab_die("%s: %s", what, strerror(errno));
}

static void write_file(const char *path, const void *p, size_t n, mode_t mode)
{
    auto_close int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    must(fd >= 0 && fd_write_all(fd, p, n) == 0 && fchmod(fd, mode) == 0, path);
}

static void name_files(struct scene *s)
{
    const struct {
        char *out;
        size_t n;
        const char *prefix, *name;
    } names[] = {
        {s->grant, sizeof s->grant, "", "grant"},
        {s->program, sizeof s->program, "", "grant/attacks"},
        {s->other, sizeof s->other, "", "grant/other"},
        {s->readable, sizeof s->readable, "", "grant/readable"},
        {s->fresh, sizeof s->fresh, "", "grant/fresh"},
        {s->escape, sizeof s->escape, "", "grant/escape"},
        {s->up, sizeof s->up, "", "grant/../secret"},
        {s->hidden, sizeof s->hidden, "", "grant/hidden"},
        {s->hidden_dir, sizeof s->hidden_dir, "", "grant/hidden-dir"},
        {s->in_hidden_dir, sizeof s->in_hidden_dir, "", "grant/hidden-dir/file"},
        {s->setuid, sizeof s->setuid, "", "grant/setuid"},
        {s->stream, sizeof s->stream, "", "grant/stream"},
        {s->datagram, sizeof s->datagram, "", "grant/datagram"},
        {s->secret, sizeof s->secret, "", "secret"},
        {s->by_root, sizeof s->by_root, "/proc/self/root", "secret"},
    };
    for (size_t i = 0; i < BASE_COUNT(names); i++)
        (void)snprintf(names[i].out, names[i].n, "%s%s/%s", names[i].prefix, s->dir, names[i].name);
}

/* Modes are as wide as they can be, and all is the guest's own in the grade where it has a real
 * uid: what holds is the sandbox. */
static void make_files(struct scene *s, uid_t uid)
{
    auto_buf struct buf bytes;
    buf_init(&bytes, 0);
    must(fd_slurp(AT_FDCWD, LAB_ATTACKS, 64 << 20, &bytes, NULL) == 0, LAB_ATTACKS);
    (void)snprintf(s->dir, sizeof s->dir, "/tmp/hostile-XXXXXX");
    must(mkdtemp(s->dir) && chmod(s->dir, 0755) == 0, s->dir);
    name_files(s);
    must(mkdir(s->grant, 0700) == 0 && chmod(s->grant, 0777) == 0, s->grant);
    must(mkdir(s->hidden_dir, 0700) == 0 && chmod(s->hidden_dir, 0777) == 0, s->hidden_dir);
    write_file(s->program, bytes.data, bytes.len, 0777);
    write_file(s->other, bytes.data, bytes.len, 0777);
    write_file(s->readable, "granted", 7, 0666);
    write_file(s->secret, "secret", 6, 0666);
    write_file(s->hidden, "hidden", 6, 0666);
    write_file(s->in_hidden_dir, "hidden", 6, 0666);
    must(symlink("../secret", s->escape) == 0, s->escape);
    /* Not below /tmp: there the guest may write, whatever is shown in it. */
    (void)snprintf(s->odd, sizeof s->odd, "/var/tmp/hostile-XXXXXX");
    must(mkdtemp(s->odd) && chmod(s->odd, 0777) == 0, s->odd);
    (void)snprintf(s->fifo, sizeof s->fifo, "%s/fifo", s->odd);
    must(mkfifo(s->fifo, 0600) == 0 && chmod(s->fifo, 0666) == 0, s->fifo);
    const char *const owned[] = {s->program, s->other, s->readable,  s->secret,
                                 s->hidden,  s->grant, s->hidden_dir};
    for (size_t i = 0; i < BASE_COUNT(owned) && geteuid() == 0; i++)
        must(chown(owned[i], uid, uid) == 0, owned[i]);
    write_file(s->setuid, bytes.data, bytes.len, 04755);
}

static void remove_files(const struct scene *s)
{
    const char *const files[] = {s->program, s->other,  s->readable,      s->escape, s->stream,
                                 s->secret,  s->hidden, s->in_hidden_dir, s->setuid, s->datagram};
    for (size_t i = 0; i < BASE_COUNT(files); i++)
        must(unlink(files[i]) == 0, files[i]);
    must(unlink(s->fifo) == 0 && rmdir(s->odd) == 0, s->odd);
    must(rmdir(s->hidden_dir) == 0 && rmdir(s->grant) == 0 && rmdir(s->dir) == 0, s->dir);
}

static void listen_here(struct scene *s)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    socklen_t n = sizeof in;
    (void)snprintf(s->abstract, sizeof s->abstract, "hostile-%d", getpid());
    size_t len = strlen(s->abstract);
    memcpy(un.sun_path + 1, s->abstract, len);
    s->listeners[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    s->listeners[1] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    must(bind(s->listeners[0], (struct sockaddr *)&in, sizeof in) == 0 &&
             listen(s->listeners[0], 64) == 0 &&
             getsockname(s->listeners[0], (struct sockaddr *)&in, &n) == 0,
         "a listener on loopback");
    must(bind(s->listeners[1], (struct sockaddr *)&un,
              (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + len)) == 0 &&
             listen(s->listeners[1], 64) == 0,
         "a listener with an abstract name");
    (void)snprintf(s->port, sizeof s->port, "%u", ntohs(in.sin_port));
}

/* A socket that lies in the grant, open to everybody. */
static int bind_at(const char *path, int type)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    (void)snprintf(un.sun_path, sizeof un.sun_path, "%s", path);
    int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
    must(fd >= 0 && bind(fd, (struct sockaddr *)&un, sizeof un) == 0 && chmod(path, 0777) == 0 &&
             (type == SOCK_DGRAM || listen(fd, 64) == 0),
         path);
    return fd;
}

static void make_scene(struct scene *s, uid_t uid)
{
    *s = (struct scene){0};
    make_files(s, uid);
    listen_here(s);
    s->listeners[2] = bind_at(s->stream, SOCK_STREAM);
    s->listeners[3] = bind_at(s->datagram, SOCK_DGRAM);
    (void)snprintf(s->pid, sizeof s->pid, "%d", getpid());
    must(getpid() > 16 && gethostname(s->host, sizeof s->host - 1) == 0, "pid and host name");
}

static void unmake_scene(struct scene *s)
{
    for (size_t i = 0; i < BASE_COUNT(s->listeners); i++)
        fd_close(&s->listeners[i]);
    remove_files(s);
}

/* ---- the rows ---- */

enum outside {
    MUST,   /* works for anybody */
    ROOT,   /* works for root; tried in a mount namespace of its own */
    USER,   /* works for an ordinary user, tried when this test is root and can become one */
    MAY,    /* depends on the host's kernel: tried, shown, not counted */
    INSIDE, /* says something of a sandbox only, or would do harm: not tried */
};

/* What holds it: several fences, or one alone, so that it is not tried where that one is missing.
 */
enum fence { FENCES, FILTER, OWN_ID, LANDLOCK };

struct row {
    const char *attack;
    const char *arg; /* or, when `field` is set, that of the scene */
    size_t field;    /* offset in struct scene; NONE: `arg` it is */
    enum outside outside;
    enum fence fence;
};
#define NONE      SIZE_MAX
#define AT(field) NULL, offsetof(struct scene, field)
#define ARG(text) text, NONE

static const struct row rows[] = {
    /* the grant's edge */
    {"read", AT(secret), MUST, FENCES},
    {"read", AT(escape), MUST, FENCES},
    {"read", AT(up), MUST, FENCES},
    {"read", AT(by_root), MUST, FENCES},
    {"read", AT(hidden), MUST, FENCES},
    {"read-after-chmod", AT(hidden), MUST, FENCES},
    {"list", AT(hidden_dir), MUST, FENCES},
    {"read", AT(in_hidden_dir), MUST, FENCES},
    {"read-after-chmod", AT(in_hidden_dir), MUST, FENCES},
    {"read", ARG("/etc/passwd"), MUST, FENCES},
    {"list", ARG("/sys"), MAY, FENCES},
    {"list", ARG("/proc/sys"), MUST, FENCES},
    {"read", ARG("/proc/cpuinfo"), MUST, FENCES},
    {"read", ARG("/proc/sys/kernel/random/boot_id"), MUST, FENCES},
    {"read", ARG("/proc/kallsyms"), MAY, FENCES},
    /* no writing */
    {"create", AT(fresh), MUST, FENCES},
    {"make-link", AT(fresh), MUST, FENCES},
    {"open-for-writing", AT(readable), MUST, FENCES},
    {"remove", AT(readable), MUST, FENCES},
    {"write-fifo", AT(fifo), MUST, LANDLOCK},
    {"lease", AT(readable), MAY, FILTER},
    {"change-time", AT(readable), MUST, FENCES},
    {"create", ARG("/reeve-hostile"), ROOT, FENCES},
    {"make-link", ARG("/reeve-hostile"), ROOT, FENCES},
    {"create", ARG("/dev/reeve-hostile"), ROOT, FENCES},
    {"open-for-writing", ARG("/proc/sys/kernel/core_pattern"), ROOT, FENCES},
    {"make-device", ARG("/tmp/reeve-hostile"), ROOT, FENCES},
    {"overfill", ARG("/tmp/reeve-hostile"), MUST, FENCES},
    {"many-files", ARG("/tmp"), MUST, FENCES},
    /* programs that nobody approved */
    {"exec-written", ARG("/tmp/reeve-hostile"), MUST, FENCES},
    {"map-written", ARG("/tmp/reeve-hostile"), MUST, FENCES},
    {"exec-memfd", ARG(""), MUST, FILTER},
    {"exec-setuid", AT(setuid), USER, FENCES},
    {"overwrite-program", AT(other), MUST, FENCES},
    /* the network */
    {"connect-loopback", AT(port), MUST, FENCES},
    {"connect-abstract", AT(abstract), MUST, FENCES},
    {"connect-path", AT(stream), MUST, FILTER},
    {"send-to-path", AT(datagram), MUST, FILTER},
    {"send-to-path-by-pair", AT(datagram), MUST, FILTER},
    {"send-out", ARG(""), MAY, FENCES},
    {"has-interface", ARG(""), MAY, FENCES},
    {"open-family", ARG("netlink"), MUST, FILTER},
    {"open-family", ARG("packet"), MAY, FENCES},
    {"open-family", ARG("raw"), ROOT, FENCES},
    {"open-family", ARG("vsock"), MAY, FILTER},
    {"open-family", ARG("alg"), MAY, FILTER},
    {"open-family", ARG("bluetooth"), MAY, FILTER},
    {"open-family", ARG("key"), MAY, FILTER},
    {"open-family", ARG("sctp"), MAY, FILTER},
    {"open-family", ARG("dccp"), MAY, FILTER},
    {"open-family", ARG("mptcp"), MAY, FILTER},
    {"open-family", ARG("udp-lite"), MAY, FILTER},
    /* rights */
    {"has-capability", ARG(""), ROOT, FENCES},
    {"has-bounding-set", ARG(""), ROOT, FENCES},
    {"may-gain", ARG(""), MUST, FENCES},
    {"no-filter", ARG(""), MAY, FILTER},
    {"become-root", ARG(""), ROOT, FENCES},
    {"take-groups", ARG(""), ROOT, FENCES},
    {"unshare", ARG("0x10000000"), MAY, FILTER},  /* CLONE_NEWUSER */
    {"unshare", ARG("0x00020000"), ROOT, FENCES}, /* CLONE_NEWNS */
    {"unshare", ARG("0x00000080"), MAY, FENCES},  /* CLONE_NEWTIME */
    {"clone", ARG("0x10000000"), MAY, FILTER},
    {"clone", ARG("0x10020000"), MAY, FILTER},
    {"clone3", ARG("0x10000000"), MAY, FILTER},
    {"clone3", ARG("0x10020000"), MAY, FILTER},
    {"setns", ARG("/proc/self/ns/net"), ROOT, FENCES},
    {"setns", ARG("/proc/1/ns/mnt"), INSIDE, FENCES},
    {"uncover", AT(hidden), INSIDE, FENCES},
    {"uncover", AT(hidden_dir), INSIDE, FENCES},
    {"make-writable", AT(grant), INSIDE, FENCES},
    {"mount", ARG("/tmp"), ROOT, FENCES},
    {"remount", ARG("/proc"), ROOT, FENCES},
    {"umount", ARG("/proc"), ROOT, FENCES},
    {"fsopen", ARG("tmpfs"), ROOT, FENCES},
    {"open-tree", ARG("/"), ROOT, FENCES},
    {"mount-setattr", ARG("/proc"), ROOT, FENCES},
    {"chroot", ARG("/tmp"), ROOT, FENCES},
    {"set-hostname", ARG(""), ROOT, FENCES},
    {"raise-priority", ARG(""), ROOT, FENCES},
    {"raise-limit", ARG(""), MAY, FENCES},
    {"dump-core", ARG(""), MAY, FENCES},
    /* calls */
    {"ptrace-child", ARG(""), MUST, FILTER},
    {"bpf", ARG(""), MAY, FILTER},
    {"session-keyring", ARG(""), MAY, FILTER},
    {"add-key", ARG("secret"), MAY, FILTER},
    {"io-uring", ARG(""), MAY, FILTER},
    {"userfault", ARG(""), MAY, FILTER},
    {"perf-event", ARG(""), MAY, FILTER},
    {"file-handle", ARG("/tmp"), MAY, FENCES},
    {"no-randomization", ARG(""), MUST, FILTER},
    {"terminal-input", ARG("0x5412"), MUST, FILTER},
    {"terminal-input", ARG("0x100005412"), MUST, FILTER},
    {"terminal-input", ARG("0x541c"), MUST, FILTER},
    {"terminal-input", ARG("0xffffffff0000541c"), MUST, FILTER},
#if defined(__x86_64__)
    {"call-x32", ARG(""), MAY, FILTER},
    {"call-int80", ARG(""), MAY, FILTER},
#endif
    /* other processes */
    {"signal", AT(pid), ROOT, FENCES},
    {"signal", ARG("1"), INSIDE, OWN_ID},
    {"kill-all", ARG(""), INSIDE, FENCES},
    {"limit-init", ARG(""), INSIDE, FILTER},
    {"schedule-init", ARG(""), INSIDE, FILTER},
    {"fake-end", ARG(""), INSIDE, FENCES},
    {"flood-init", ARG(""), INSIDE, FENCES},
    {"ptrace", AT(pid), ROOT, FENCES},
    {"ptrace", ARG("1"), INSIDE, FENCES},
    {"read-memory", AT(pid), ROOT, FENCES},
    {"read-memory", ARG("1"), INSIDE, FENCES},
    {"read", ARG("/proc/1/environ"), INSIDE, FENCES},
    {"open-for-writing", ARG("/proc/1/mem"), INSIDE, FENCES},
    {"list", ARG("/proc/1/root"), INSIDE, FENCES},
    {"list", ARG("/proc/1/fd"), INSIDE, FENCES},
    {"take-descriptor", AT(pid), ROOT, FENCES},
    {"take-descriptor", ARG("1"), INSIDE, FENCES},
    {"sees-others", ARG(""), MUST, FENCES},
    /* what could be left lying about */
    {"has-descriptors", ARG(""), MUST, FENCES},
    {"has-environment", ARG(""), MUST, FENCES},
    {"has-signals", ARG(""), MUST, FENCES},
    {"same-hostname", AT(host), MUST, FENCES},
    {"wide-umask", ARG(""), MUST, FENCES},
    {"sees-mount", ARG("/sys"), MAY, FENCES},
    {"crowded-root", ARG(""), MUST, FENCES},
    {"has-terminal", ARG(""), MAY, FENCES},
};

static const char *arg_of(const struct row *row, const struct scene *s)
{
    return row->field == NONE ? row->arg : (const char *)s + row->field;
}

/* ---- outside ---- */

/* As careless as a program can be started: an environment, a descriptor, a signal, a wide umask. */
static _Noreturn void run_outside(const struct row *row, const struct scene *s)
{
    char *const argv[] = {(char *)"attacks", (char *)(uintptr_t)row->attack,
                          (char *)(uintptr_t)arg_of(row, s), NULL};
    char *const envp[] = {(char *)"LEAK=1", NULL};
    int null = open("/dev/null", O_RDWR);
    if (geteuid() == 0 &&
        (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0))
        _exit(97);
    if (row->outside == USER &&
        (setresgid(NOBODY, NOBODY, NOBODY) < 0 || setresuid(NOBODY, NOBODY, NOBODY) < 0))
        _exit(97);
    for (int i = 0; i < 3; i++)
        (void)dup2(null, i);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)umask(0);
    (void)execve(s->program, argv, envp);
    _exit(97);
}

static bool works_outside(const struct row *row, const struct scene *s)
{
    int status = 0;
    pid_t pid = fork();
    if (pid == 0)
        run_outside(row, s);
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            lab_die("an attack could not be waited for");
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* What the table says, and whether the row is an attack at all. */
static bool judge_outside(const struct row *row, const struct scene *s, const char **text)
{
    bool root = geteuid() == 0;
    if (row->outside == INSIDE || ((row->outside == ROOT || row->outside == USER) && !root)) {
        *text = "-";
        return true;
    }
    bool works = works_outside(row, s);
    *text = works ? "works" : row->outside == MAY ? "no" : "FAILS";
    return works || row->outside == MAY;
}

/* ---- inside ---- */

struct grade {
    const char *name;
    uid_t uid;
    bool no_filter; /* does the rest hold alone? */
};

static bool judge_inside(const struct row *row, const struct scene *s, struct lab *lab,
                         const struct grade *grade, const char **text)
{
    struct lab_plan p;
    struct lab_run run;
    lab_plan_init(&p, s->program);
    p.argv[0] = row->attack;
    p.argv[1] = arg_of(row, s);
    p.no_filter = grade->no_filter;
    lab_mount(&p, PLAN_MOUNT_READ, s->grant, s->grant);
    lab_mount(&p, PLAN_MOUNT_HIDE, "", s->hidden);
    lab_mount(&p, PLAN_MOUNT_HIDE, "", s->hidden_dir);
    lab_mount(&p, PLAN_MOUNT_READ, s->odd, s->odd);
    lab_do(lab, &p, &run);
    bool own_end = run.end.how == CORE_HOW_OK && run.end.signal == 0;
    bool filtered = run.end.how == CORE_HOW_OK && run.end.signal == SIGSYS;
    bool held = (own_end && run.end.status == 1) || filtered;
    *text = filtered ? "killed" : held ? "held" : own_end && !run.end.status ? "WORKED" : "BROKEN";
    if (!held && !(own_end && run.end.status == 0))
        (void)printf("     how %u why %s error %d status %d signal %d\n", run.end.how,
                     launcher_why_text(run.end.why), run.end.error, run.end.status, run.end.signal);
    bool gone = lab_output_ended(&run);
    lab_run_fini(&run);
    return held && gone;
}

static bool has_landlock(void)
{
    return syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) > 1;
}

static bool judge(const struct row *row, const struct scene *s, struct lab *lab,
                  const struct grade *grade)
{
    const char *inside = "-", *outside = "-";
    if ((row->fence == OWN_ID && !lab->hello.privileged) ||
        (row->fence == FILTER && grade->no_filter) || (row->fence == LANDLOCK && !has_landlock()))
        return true;
    bool ok = judge_inside(row, s, lab, grade, &inside);
    if (!grade->no_filter)
        ok = judge_outside(row, s, &outside) && ok;
    (void)printf("%-18s %-46s %-7s %-7s%s\n", row->attack, arg_of(row, s), inside, outside,
                 ok ? "" : " <-- does not hold");
    return ok;
}

static int attack_all(const struct grade *grade)
{
    struct scene s;
    struct lab lab;
    int bad = 0;
    make_scene(&s, grade->uid);
    lab_start(&lab, grade->uid);
    if (lab.hello.userns_errno)
        lab_die("no sandbox can be built here: %s", strerror((int)lab.hello.userns_errno));
    (void)printf("\n%s\n%-18s %-46s %-7s %s\n", grade->name, "attack", "at", "inside", "outside");
    for (size_t i = 0; i < BASE_COUNT(rows); i++)
        bad += !judge(&rows[i], &s, &lab, grade);
    lab_stop(&lab);
    unmake_scene(&s);
    return bad;
}

int main(void)
{
    const struct grade own[] = {{"guest and init with ids of their own", 0, false},
                                {"the same, without the plan's filter", 0, true}};
    const uid_t uid = geteuid() ? geteuid() : NOBODY;
    const struct grade callers[] = {{"with the caller's id", uid, false},
                                    {"the same, without the plan's filter", uid, true}};
    int bad = 0;
    for (size_t i = 0; i < 2; i++) {
        if (geteuid() == 0)
            bad += attack_all(&own[i]);
        bad += attack_all(&callers[i]);
    }
    if (geteuid() != 0)
        (void)printf("skipped: ids of their own (this test does not run as root)\n");
    (void)printf("%d rows do not hold\n", bad);
    return bad ? 1 : 0;
}
