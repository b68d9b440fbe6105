/*
 * reeve-start: stands between an owner and its helpers for some milliseconds. Closes what the owner
 * leaked, makes a session and the socket between keeper and launcher (which the owner never holds),
 * starts both from the folder that it was given, and ends. Says nothing: an owner learns from its
 * sockets. Started by broker/helpers.c.
 */
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { FD_KEEPER = 3, FD_LAUNCHER, FD_LOCK, FD_STATE, FD_HELPERS, FD_END };

static bool reset_signals(void)
{
    sigset_t none;
    for (int s = 1; s < NSIG; s++)
        (void)signal(
            s, SIG_DFL); /* SIGKILL, SIGSTOP and libc's own refuse, and are as they should be */
    return sigemptyset(&none) == 0 && sigprocmask(SIG_SETMASK, &none, NULL) == 0;
}

static bool close_others(void)
{
    if (close_range(FD_END, ~0u, 0) < 0)
        return false;
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0)
        return false;
    for (int i = 0; i < 3; i++)
        if (null != i && dup2(null, i) < 0)
            return false;
    /* Opened as one of the three it must outlive the exec; as another it has done its work. */
    return null < 3 ? fcntl(null, F_SETFD, 0) == 0 : close(null) == 0;
}

/* Descriptors 3 and on become `fds`, each other but 0, 1 and 2 is closed; the folder itself goes
 * with the exec. */
static void become(const char *name, const int *fds, int n)
{
    char *const argv[] = {(char *)(size_t)name, NULL}, *const envp[] = {NULL};
    int high[5], dir = fcntl(FD_HELPERS, F_DUPFD_CLOEXEC, 32);
    for (int i = 0; i < n; i++)
        high[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, 32);
    for (int i = 0; i < n; i++)
        if (high[i] < 0 ? close(3 + i) < 0 : dup2(high[i], 3 + i) < 0)
            return;
    if (close_range((unsigned)(3 + n), 31, 0) < 0)
        return;
    (void)syscall(SYS_execveat, dir, name, argv, envp, 0);
}

static bool start(const char *name, const int *fds, int n)
{
    pid_t pid = fork();
    if (pid == 0) {
        become(name, fds, n);
        _exit(127);
    }
    return pid > 0;
}

int main(void)
{
    int pair[2];
    (void)umask(077);
    if (!reset_signals() || !close_others() || setsid() < 0)
        return 1;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return 1;
    const int keeper[] = {FD_KEEPER, pair[0], FD_LOCK, FD_STATE};
    const int launcher[] = {FD_LAUNCHER, pair[1], FD_LOCK, FD_HELPERS, FD_STATE};
    return start("reeve-keeper", keeper, 4) && start("reeve-launcher", launcher, 5) ? 0 : 1;
}
