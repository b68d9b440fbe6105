/*
 * Helpers out of a host program that makes it hard: ignores or watches SIGCHLD, waits for every
 * child in a thread, leaks a thousand descriptors, has threads that come and go. It must see
 * nothing of the starting, and the helpers nothing of it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "broker/helpers.h"
#include "tests/unit/helpers/helper_report.h"

#define LEAKS 1000

static atomic_int children_seen, signals_seen;
static atomic_bool stop;

/* ---- the host ---- */

static void *wait_for_all(void *arg)
{
    (void)arg;
    while (!stop)
        if (waitpid(-1, NULL, 0) > 0)
            children_seen++;
    return NULL;
}

static void *do_nothing(void *arg)
{
    return arg;
}

static void *come_and_go(void *arg)
{
    pthread_t t;
    while (!stop)
        if (pthread_create(&t, NULL, do_nothing, NULL) == 0)
            (void)pthread_join(t, NULL);
    return arg;
}

static void count_signal(int s)
{
    (void)s;
    signals_seen++;
}

static void leak_descriptors(int out[LEAKS])
{
    struct rlimit r;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &r), 0);
    r.rlim_cur = r.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &r), 0);
    for (int i = 0; i < LEAKS; i++) {
        out[i] = open("/dev/null", O_RDONLY);
        assert_true(out[i] >= 0);
    }
}

/* ---- what the helpers say ---- */

static struct helper_report report_of(int fd)
{
    struct helper_report r;
    struct pollfd p = {.fd = fd, .events = POLLIN};
    assert_int_equal(poll(&p, 1, 60000), 1);
    assert_int_equal(recv(fd, &r, sizeof r, 0), sizeof r);
    return r;
}

static uint64_t inode_of(int fd)
{
    struct stat st;
    assert_int_equal(fstat(fd, &st), 0);
    return st.st_ino;
}

static void expect_clean(const struct helper_report *r, const char *name, uint64_t lock,
                         uint64_t folder, uint64_t other)
{
    assert_string_equal(r->name, name);
    assert_int_equal(r->descriptors, other ? 0xff : 0x7f); /* 0 to 6 or 7 */
    assert_int_equal(r->lock, lock);
    assert_int_equal(r->folder, folder);
    assert_int_equal(r->other, other);
    assert_int_equal(r->umask, 077);
    assert_false(r->environment);
    assert_true(r->default_signals);
    assert_true(r->null_streams);
    assert_true(r->session != getsid(0));
    assert_true(r->peer);
}

static void start_and_check(void)
{
    struct helpers h;
    struct reeve_error err = {0};
    auto_close int state = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    auto_close int lock = open(FAKE_HELPERS "/reeve-init", O_RDONLY | O_CLOEXEC);
    auto_close int dir = open(FAKE_HELPERS, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (helpers_start(FAKE_HELPERS, state, lock, &h, &err) != 0)
        fail_msg("%s", err.message);
    const struct helper_report keeper = report_of(h.keeper_fd);
    const struct helper_report launcher = report_of(h.launcher_fd);
    expect_clean(&keeper, "reeve-keeper", inode_of(lock), inode_of(state), 0);
    expect_clean(&launcher, "reeve-launcher", inode_of(lock), inode_of(dir), inode_of(state));
    assert_int_equal(keeper.session, launcher.session);
    assert_int_equal(fcntl(h.keeper_fd, F_GETFD), FD_CLOEXEC);
    assert_int_equal(fcntl(h.launcher_fd, F_GETFD), FD_CLOEXEC);
    fd_close(&h.keeper_fd);
    fd_close(&h.launcher_fd);
}

static void in_a_hostile_host(void (*on_child)(int))
{
    int leaks[LEAKS];
    pthread_t waiter, threads;
    sigset_t usr1, before;
    (void)sigemptyset(&usr1);
    (void)sigaddset(&usr1, SIGUSR1);
    children_seen = signals_seen = 0;
    stop = false;
    (void)signal(SIGCHLD, on_child);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)umask(0);
    leak_descriptors(leaks);
    assert_int_equal(pthread_sigmask(SIG_BLOCK, &usr1, &before), 0);
    assert_int_equal(pthread_create(&waiter, NULL, wait_for_all, NULL), 0);
    assert_int_equal(pthread_create(&threads, NULL, come_and_go, NULL), 0);
    for (int i = 0; i < 8; i++)
        start_and_check();
    stop = true;
    assert_int_equal(pthread_join(waiter, NULL), 0);
    assert_int_equal(pthread_join(threads, NULL), 0);
    sigset_t now;
    assert_int_equal(pthread_sigmask(SIG_SETMASK, &before, &now), 0);
    assert_int_equal(sigismember(&now, SIGUSR1), 1);
    assert_int_equal(sigismember(&now, SIGTERM), 0);
    for (int i = 0; i < LEAKS; i++)
        assert_int_equal(close(leaks[i]), 0);
    assert_int_equal(children_seen, 0);
    assert_int_equal(signals_seen, 0);
    assert_int_equal(waitpid(-1, NULL, WNOHANG | __WALL), -1);
    assert_int_equal(errno, ECHILD);
}

static void host_ignores_children(void **state)
{
    (void)state;
    in_a_hostile_host(SIG_IGN);
}

static void host_watches_children(void **state)
{
    (void)state;
    in_a_hostile_host(count_signal);
}

/* ---- errors ---- */

static void missing_helpers(void **state)
{
    static const struct {
        const char *dir, *named;
    } rows[] = {{"/nonexistent", "/nonexistent"},
                {"/tmp", "reeve-start"},
                {FAKE_HELPERS "/reeve-init", "reeve-init"},
                {FAKE_HELPERS "/incomplete", "reeve-launcher"}};
    (void)state;
    auto_close int folder = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (size_t i = 0; i < BASE_COUNT(rows); i++) {
        struct helpers h;
        struct reeve_error err = {0};
        assert_int_equal(helpers_start(rows[i].dir, folder, folder, &h, &err), REEVE_EHELPERS);
        assert_non_null(strstr(err.message, rows[i].named));
        assert_int_equal(h.keeper_fd, -1);
        assert_int_equal(h.launcher_fd, -1);
    }
}

static void spawn_errors(void **state)
{
    static const struct {
        const char *path;
        size_t nfds;
        int code;
        const char *says;
    } rows[] = {{"/nonexistent", 0, REEVE_EHELPERS, "No such file"},
                {"/tmp", 0, REEVE_EHELPERS, "Permission denied"},
                {"/bin/true", 17, REEVE_EINVAL, "17"}};
    char *const argv[] = {(char *)"x", NULL}, *const envp[] = {NULL};
    int fds[17] = {0};
    (void)state;
    for (size_t i = 0; i < BASE_COUNT(rows); i++) {
        struct reeve_error err = {0};
        assert_int_equal(helpers_spawn(rows[i].path, argv, envp, fds, rows[i].nfds, &err),
                         rows[i].code);
        assert_non_null(strstr(err.message, rows[i].says));
        assert_int_equal(waitpid(-1, NULL, WNOHANG | __WALL), -1);
    }
    const int closed[] = {-1, 1000000};
    struct reeve_error err = {0};
    assert_int_equal(helpers_spawn("/bin/true", argv, envp, closed, 2, &err), REEVE_EHELPERS);
}

/* Descriptors that trade places, one that is given twice, one that is not given. */
static void places(void **state)
{
    int a[2], b[2];
    char text[16] = "";
    (void)state;
    assert_int_equal(pipe2(a, O_CLOEXEC), 0);
    assert_int_equal(pipe2(b, O_CLOEXEC), 0);
    char *const argv[] = {(char *)"sh", (char *)"-c",
                          (char *)"echo a >&3; echo b >&4; echo c >&5; echo d >&0", NULL};
    char *const envp[] = {NULL};
    const int fds[] = {-1, -1, -1, b[1], a[1], a[1]};
    assert_int_equal(helpers_spawn("/bin/sh", argv, envp, fds, BASE_COUNT(fds), NULL), 0);
    fd_close(&a[1]);
    fd_close(&b[1]);
    assert_int_equal(fd_read_all(b[0], text, 2), 0);
    assert_string_equal(text, "a\n");
    assert_int_equal(fd_read_all(a[0], text, 4), 0);
    assert_string_equal(text, "b\nc\n");
    assert_int_equal(read(a[0], text, 1), 0);
    fd_close(&a[0]);
    fd_close(&b[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(missing_helpers),
        cmocka_unit_test(spawn_errors),
        cmocka_unit_test(places),
        cmocka_unit_test(host_ignores_children),
        cmocka_unit_test(host_watches_children),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
