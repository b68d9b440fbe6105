/*
 * reeved: the owner of one state folder as a program of its own. Started by hand, by an init
 * system, or by a client where none runs (--linger). Everything it does is owner.c's; here are its
 * options, its signals and its becoming the folder's user.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <grp.h>
#include <linux/close_range.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "audit/note.h"
#include "broker/client.h"
#include "broker/owner.h"
#include "broker/state.h"

enum { LINGER_S = 10, STATUS_USAGE = 2 };

struct options {
    const char *dir, *helper_dir, *reason;
    bool accepts_loss;
    uint64_t lost_from;
    bool linger, report, quiet;
};

static struct owner *volatile the_owner; /* for the signal handler alone */

/* Before there is an owner nobody has had an answer, and what a start does can be cut anywhere. */
static void on_signal(int number)
{
    (void)number;
    if (!the_owner)
        _exit(0);
    owner_stop(the_owner);
}

/* What is being ended already is not interrupted. */
static void ignore_signals(void)
{
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    (void)sigaction(SIGINT, &ignore, NULL);
    (void)sigaction(SIGTERM, &ignore, NULL);
}

static void on_event(void *arg, const char *text)
{
    const struct options *o = arg;
    if (!o->quiet)
        (void)fprintf(stderr, "reeved: %s\n", text);
}

/* The client that started us waits as long as it hears this. One that is gone harms nobody. */
static void on_alive(void *arg)
{
    (void)arg;
    (void)!write(STDERR_FILENO, REEVED_ALIVE, 1);
}

static const char usage_text[] =
    "usage: reeved [--state DIR] [--linger] [--quiet] [--helper-dir DIR]\n"
    "              [--accept-loss SEQ --reason TEXT]\n"
    "\n"
    "Own a state folder: decide, record and run what its clients ask for, until INT or TERM.\n"
    "\n"
    "  --state DIR       the folder (default: $REEVE_STATE, /var/lib/reeve for root,\n"
    "                    $XDG_STATE_HOME/reeve or ~/.local/state/reeve for others)\n"
    "  --linger          end after ten seconds without a client\n"
    "  --quiet           say nothing but errors\n"
    "  --report          for a client that starts reeved: a dot each second of a long start, an\n"
    "                    error as its code and text, the end of standard error when it serves\n"
    "  --accept-loss SEQ the log has lost its records from SEQ on (tail-lost): give them up.\n"
    "                    What there is of it goes into lost-.../, and a new log begins, which\n"
    "                    tells so\n"
    "  --reason TEXT     why; it is recorded\n"
    "  --helper-dir DIR  where reeve-keeper and reeve-launcher are\n"
    "  --version, --help\n"
    "\n"
    "example: reeved --state /var/lib/reeve\n";

static int wrong(const char *what)
{
    (void)fprintf(stderr, "reeved: %s; see reeved --help\n", what);
    return STATUS_USAGE;
}

/* -1: go on; else the exit status. */
static int read_options(int argc, char **argv, struct options *o)
{
    static const struct option table[] = {
        {"state", required_argument, NULL, 's'},
        {"linger", no_argument, NULL, 'l'},
        {"quiet", no_argument, NULL, 'q'},
        {"report", no_argument, NULL, 'r'},
        {"helper-dir", required_argument, NULL, 'd'},
        {"accept-loss", required_argument, NULL, 'a'},
        {"reason", required_argument, NULL, 'w'},
        {"version", no_argument, NULL, 'v'},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    for (int c; (c = getopt_long(argc, argv, "", table, NULL)) != -1;) {
        switch (c) {
        case 's':
            o->dir = optarg;
            break;
        case 'd':
            o->helper_dir = optarg;
            break;
        case 'a':
            o->accepts_loss = true;
            if (!note_decimal(str_of(optarg), &o->lost_from))
                return wrong("--accept-loss takes the number of a record");
            break;
        case 'w':
            o->reason = optarg;
            break;
        case 'l':
            o->linger = true;
            break;
        case 'q':
            o->quiet = true;
            break;
        case 'r':
            o->report = o->quiet = true;
            break;
        case 'v':
            return printf("reeved %s\n", reeve_version()) > 0 ? 0 : 4;
        case 'h':
            return fputs(usage_text, stdout) >= 0 ? 0 : 4;
        default:
            (void)fputs("reeved: see reeved --help\n", stderr);
            return STATUS_USAGE;
        }
    }
    if (o->accepts_loss != (o->reason != NULL))
        return wrong("--accept-loss and --reason come together");
    if (optind == argc)
        return -1;
    (void)fprintf(stderr, "reeved: %s is not understood; see reeved --help\n", argv[optind]);
    return STATUS_USAGE;
}

/* Whoever started us left descriptors, signals and a session behind. */
static void be_alone(const struct options *o)
{
    struct sigaction action = {.sa_handler = SIG_DFL};
    sigset_t none;
    (void)syscall(SYS_close_range, 3, ~0u, 0);
    for (int i = 1; i < NSIG; i++)
        (void)sigaction(i, &action, NULL);
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    action.sa_handler = SIG_IGN;
    (void)sigaction(SIGPIPE, &action, NULL);
    action.sa_handler = on_signal;
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
    (void)umask(077);
    if (o->linger) {
        (void)setsid();
        (void)!chdir("/");
    }
}

/* As many clients as the administrator allows; the soft limit is for programs that select(). */
static void raise_limit(void)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0)
        return;
    files.rlim_cur = files.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &files);
}

/* Root serves a folder as the user that it belongs to. */
static int become_user(const char *dir, struct reeve_error *err)
{
    struct stat st;
    if (geteuid() != 0 || stat(dir, &st) != 0 || st.st_uid == 0)
        return 0;
    char text[1024];
    struct passwd pw, *found = NULL;
    (void)getpwuid_r(st.st_uid, &pw, text, sizeof text, &found);
    gid_t gid = found ? found->pw_gid : st.st_gid;
    if ((found ? initgroups(found->pw_name, gid) : setgroups(0, NULL)) != 0 ||
        setresgid(gid, gid, gid) != 0 || setresuid(st.st_uid, st.st_uid, st.st_uid) != 0)
        return base_fail_errno(err, REEVE_EPERM, errno,
                               "uid %u, to whom %s belongs, cannot be taken on",
                               (unsigned)st.st_uid, dir);
    return 0;
}

static int fail(const struct options *o, const struct reeve_error *err)
{
    if (o->report && err->code == REEVE_EOWNED)
        return 0; /* the other one serves */
    if (o->report)
        (void)fprintf(stderr, "%d %s\n", err->code, err->message);
    else
        (void)fprintf(stderr, "reeved: %s\n", err->message);
    return reeve_error_exit(err->code);
}

static void no_folder(const char *dir, int errnum, struct reeve_error *err)
{
    if (!dir)
        base_fail(err, REEVE_ENOENT, "no state folder is named; use --state DIR or REEVE_STATE");
    else if (errnum == ENOENT)
        base_fail(err, REEVE_ENOENT, "%s does not exist; make it with: reeve init %s", dir, dir);
    else
        base_fail_errno(err, REEVE_ESTATE, errnum, "the state folder %s cannot be reached", dir);
}

/* The one who started us waits for the end of standard error. */
static void stop_reporting(void)
{
    auto_close int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null >= 0)
        (void)dup2(null, STDERR_FILENO);
}

int main(int argc, char **argv)
{
    struct options o = {.helper_dir = REEVE_HELPER_DIR};
    struct reeve_error err = {0};
    int status = read_options(argc, argv, &o);
    if (status >= 0)
        return status;
    auto_free char *standard = o.dir ? NULL : reeve_default_dir();
    auto_free char *dir = realpath(o.dir ? o.dir : standard ? standard : "", NULL);
    int errnum = errno;
    auto_free char *helper_dir = realpath(o.helper_dir, NULL);
    raise_limit();
    be_alone(&o); /* leaves the working directory, which relative names count from */
    if (!dir) {
        no_folder(o.dir ? o.dir : standard, errnum, &err);
        return fail(&o, &err);
    }
    struct owner_options options = {.dir = dir,
                                    .helper_dir = helper_dir ? helper_dir : o.helper_dir,
                                    .loss_reason = o.reason,
                                    .lost_from = o.lost_from,
                                    .linger_ns = o.linger ? LINGER_S * BASE_NS_PER_S : 0,
                                    .event = on_event,
                                    .event_arg = &o,
                                    .alive = o.report ? on_alive : NULL};
    struct owner *owner = NULL;
    int rc = become_user(dir, &err);
    if (!rc)
        rc = owner_new(&options, &owner, &err);
    if (rc)
        return fail(&o, &err);
    the_owner = owner;
    if (o.report)
        stop_reporting();
    else
        on_event(&o, "serving");
    rc = owner_run(owner, &err);
    ignore_signals();
    owner_free(&owner);
    return rc ? fail(&o, &err) : 0;
}
