/* What of the host, and of the launcher, could be left lying about in a sandbox. */
#include "tests/hostile/attacks/attack.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

static bool has_descriptors(const char *arg)
{
    (void)arg;
    for (int fd = 3; fd < 4096; fd++)
        if (fcntl(fd, F_GETFD) >= 0)
            return true;
    return false;
}

static bool has_environment(const char *arg)
{
    (void)arg;
    return environ && environ[0];
}

static bool has_signals(const char *arg)
{
    sigset_t mask;
    (void)arg;
    if (sigprocmask(SIG_BLOCK, NULL, &mask) < 0)
        return true;
    for (int s = 1; s < NSIG; s++) {
        struct sigaction a;
        if (sigismember(&mask, s) == 1)
            return true;
        if (sigaction(s, NULL, &a) == 0 && a.sa_handler != SIG_DFL)
            return true;
    }
    return false;
}

static bool same_hostname(const char *host)
{
    struct utsname u;
    return uname(&u) == 0 && strcmp(u.nodename, host) == 0;
}

static bool wide_umask(const char *arg)
{
    (void)arg;
    return umask(077) != 077;
}

/* A mount whose point lies in `dir`: of the old root nothing is left. */
static bool sees_mount(const char *dir)
{
    char line[4096], point[2048];
    FILE *f = fopen("/proc/self/mountinfo", "r");
    while (f && fgets(line, sizeof line, f))
        if (sscanf(line, "%*s %*s %*s %*s %2047s", point) == 1 &&
            strncmp(point, dir, strlen(dir)) == 0)
            return true;
    return false;
}

/* Names in the root that a sandbox does not make; /var leads to one of the folders that are shown.
 */
static bool crowded_root(const char *arg)
{
    static const char *const known[] = {".", "..", "dev", "proc", "tmp", "var"};
    DIR *d = opendir("/");
    struct dirent *e;
    while (d && (e = readdir(d))) {
        bool is_known = strcmp(e->d_name, arg) == 0;
        for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
            is_known = is_known || strcmp(e->d_name, known[i]) == 0;
        if (!is_known)
            return true;
    }
    return false;
}

static bool has_terminal(const char *arg)
{
    (void)arg;
    return open("/dev/tty", O_RDWR) >= 0 || open("/dev/ptmx", O_RDWR) >= 0;
}

const struct attack leak_attacks[] = {
    {"has-descriptors", has_descriptors},
    {"has-environment", has_environment},
    {"has-signals", has_signals},
    {"same-hostname", same_hostname},
    {"wide-umask", wide_umask},
    {"sees-mount", sees_mount},
    {"crowded-root", crowded_root},
    {"has-terminal", has_terminal},
    {NULL, NULL},
};
