/*
 * Files that a launcher must not begin to read: one thread serves every run, and what waits for a
 * file waits for all of them. Each is answered at once. In both grades where this test is root.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/hostile/lab.h"

#define NOBODY 65534

struct files {
    char dir[64], plain[96], too_large[96], leased[96];
    int lease;
};

static int make_file(const char *path, mode_t mode, off_t size)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || fchmod(fd, mode) < 0 || ftruncate(fd, size) < 0)
        lab_die("%s: %s", path, strerror(errno));
    return fd;
}

static struct files make_files(void)
{
    struct files f = {.dir = "/tmp/program-test-XXXXXX"};
    if (!mkdtemp(f.dir) || chmod(f.dir, 0755) < 0)
        lab_die("no folder: %s", strerror(errno));
    (void)snprintf(f.plain, sizeof f.plain, "%s/plain", f.dir);
    (void)snprintf(f.too_large, sizeof f.too_large, "%s/too-large", f.dir);
    (void)snprintf(f.leased, sizeof f.leased, "%s/leased", f.dir);
    (void)close(make_file(f.plain, 0644, 1000));
    (void)close(make_file(f.too_large, 0755, PLAN_MAX_PROGRAM_BYTES + 1));
    f.lease = make_file(f.leased, 0755, 1000);
    if (fcntl(f.lease, F_SETLEASE, F_WRLCK) < 0)
        print_message("this file system has no leases: %s\n", strerror(errno));
    return f;
}

static void remove_files(struct files *f)
{
    fd_close(&f->lease);
    assert_int_equal(unlink(f->plain), 0);
    assert_int_equal(unlink(f->too_large), 0);
    assert_int_equal(unlink(f->leased), 0);
    assert_int_equal(rmdir(f->dir), 0);
}

static void expect_answer(struct lab *lab, const char *program, uint32_t why, int error)
{
    struct lab_plan p;
    struct lab_run run;
    lab_plan_init(&p, program);
    int64_t before = base_boottime_ns();
    lab_prepare(lab, &p, &run);
    lab_wait(lab, &run);
    if (run.end.how != CORE_HOW_ERROR || run.end.why != why || run.end.error != error)
        fail_msg("%s: how %u why %s error %d", program, run.end.how, launcher_why_text(run.end.why),
                 run.end.error);
    assert_in_range(base_boottime_ns() - before, 0, 20 * BASE_NS_PER_S);
    lab_run_fini(&run);
}

static void not_read_as(uid_t uid)
{
    struct lab lab;
    struct files f = make_files();
    lab_start(&lab, uid);
    expect_answer(&lab, f.plain, LAUNCHER_WHY_PROGRAM_OPEN, EACCES);
    expect_answer(&lab, f.too_large, LAUNCHER_WHY_PROGRAM_OPEN, EFBIG);
    expect_answer(&lab, "/proc/version", LAUNCHER_WHY_PROGRAM_OPEN, ENOTSUP);
    expect_answer(&lab, "/proc/kmsg", LAUNCHER_WHY_PROGRAM_OPEN, ENOTSUP);
    if (access("/sys/kernel/uevent_seqnum", F_OK) == 0)
        expect_answer(&lab, "/sys/kernel/uevent_seqnum", LAUNCHER_WHY_PROGRAM_OPEN, ENOTSUP);
    if (fcntl(f.lease, F_GETLEASE) == F_WRLCK)
        expect_answer(&lab, f.leased, LAUNCHER_WHY_PROGRAM_OPEN, EAGAIN);
    lab_stop(&lab);
    remove_files(&f);
}

static void not_read(void **state)
{
    (void)state;
    not_read_as(0);
}

static void not_read_unprivileged(void **state)
{
    (void)state;
    if (geteuid() != 0) {
        print_message("skipped: this test is no root that could become another user\n");
        skip();
    }
    not_read_as(NOBODY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(not_read),
                                       cmocka_unit_test(not_read_unprivileged)};
    (void)signal(SIGIO, SIG_IGN); /* what a holder of a lease is told by */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
