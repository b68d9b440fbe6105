/*
 * More clients than there are descriptors for: the one too many is told so, the owner waits without
 * turning in circles, and serves again when there is room.
 */
#include "frames.h"
#include "support.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { FILES = 700, ROOM = FILES - 256 /* of them, for connections */ };

static pid_t start_reeved(const char *dir)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        const struct rlimit few = {FILES, FILES};
        if (setrlimit(RLIMIT_NOFILE, &few) == 0)
            (void)execl(HELPER_DIR "/reeved", "reeved", "--quiet", "--state", dir, "--helper-dir",
                        HELPER_DIR, (char *)NULL);
        _exit(127);
    }
    return pid;
}

static bool is_served(void *arg)
{
    int fd = frames_connect(arg);
    if (fd < 0)
        return false;
    frames_hello(fd);
    (void)frames_skip(fd);
    (void)close(fd);
    (void)nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL); /* it sees the end, too */
    return true;
}

static void one_too_many(void **state)
{
    (void)state;
    char *dir = support_state();
    int fd[ROOM], status;
    struct reeve *r = NULL;
    struct reeve_error err = {0};
    struct reeve_open_options o = {
        .size = sizeof o, .dir = dir, .flags = REEVE_OPEN_NOSTART, .helper_dir = HELPER_DIR};
    pid_t pid = start_reeved(dir);
    assert_true(support_wait(is_served, dir));
    for (int i = 0; i < ROOM; i++)
        fd[i] = frames_client(dir);
    assert_int_equal(reeve_open(&o, &r, &err), REEVE_EBUSY);
    assert_non_null(strstr(err.message, "try again later"));
    (void)close(fd[0]);
    int rc = REEVE_EBUSY;
    for (int i = 0; i < 100 && rc == REEVE_EBUSY; i++) { /* it may not have noticed yet */
        rc = reeve_open(&o, &r, &err);
        (void)nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    }
    assert_int_equal(rc, 0);
    reeve_close(&r);
    for (int i = 1; i < ROOM; i++)
        (void)close(fd[i]);
    assert_int_equal(kill(pid, SIGTERM), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    support_remove(dir);
}

static double used_s(void)
{
    struct timespec t;
    assert_int_equal(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t), 0);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* In an embedding program others take the descriptors, whatever the owner keeps for itself. */
static void none_left(void **state)
{
    (void)state;
    char *dir = support_state();
    struct reeve *r = support_open(dir, REEVE_OPEN_OWNER);
    struct rlimit files, few;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), lowest = dup(fd);
    assert_true(fd >= 0 && lowest >= 0);
    (void)close(lowest);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
    few = (struct rlimit){(rlim_t)lowest, files.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    assert_true(frames_connect_by(fd, dir));
    frames_hello(fd);
    double before = used_s();
    (void)nanosleep(&(struct timespec){.tv_sec = 1}, NULL);
    double used = used_s() - before;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
    if (used > 0.5)
        fail_msg("%.2f s of processor time in a second of waiting", used);
    assert_int_equal(frames_skip(fd), FRAME_WELCOME);
    (void)close(fd);
    reeve_close(&r);
    support_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_too_many),
        cmocka_unit_test(none_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
