/*
 * A token is good until its expiry and not beyond, however long its sandbox takes to be built; and
 * deadlines go on while the machine sleeps. The sandbox is held up by tracing it, and the launcher
 * looked into, which takes root.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/hostile/lab.h"

#define SKIPPED 77
#define MS      (BASE_NS_PER_S / 1000)

static void expect_expired(struct lab *lab, struct lab_run *run, int64_t expires_ns)
{
    lab_wait(lab, run);
    if (run->end.how != CORE_HOW_REFUSED || run->end.why != LAUNCHER_WHY_TOKEN_EXPIRED)
        fail_msg("how %u why %s error %d", run->end.how, launcher_why_text(run->end.why),
                 run->end.error);
    assert_false(run->started);
    assert_false(run->end.started);
    assert_true(base_boottime_ns() >= expires_ns);
    lab_run_fini(run);
}

/* A run whose sandbox stands still at its first instruction; the launcher goes on. */
static pid_t begin_held(struct lab *lab, struct lab_run *run)
{
    struct lab_plan p;
    lab_plan_init(&p, LAB_GUEST);
    p.argv[0] = "exit";
    p.argv[1] = "0";
    lab_trace(lab);
    lab_prepare(lab, &p, run);
    pid_t child = lab_catch_clone(lab);
    assert_int_equal(ptrace(PTRACE_DETACH, lab->pid, NULL, NULL), 0);
    return child;
}

static int64_t release_for(struct lab *lab, const struct lab_run *run, int64_t ns)
{
    struct token t = lab_token(lab, run);
    t.expires_ns = base_boottime_ns() + ns;
    lab_sign(lab, &t);
    lab_release(lab, run, &t);
    return t.expires_ns;
}

/* Nothing more happens to the run: the launcher must look at the clock by itself. */
static void never_ready(void **state)
{
    struct lab lab;
    struct lab_run run;
    int status = 0;
    (void)state;
    lab_start(&lab, 0);
    pid_t child = begin_held(&lab, &run);
    int64_t expires_ns = release_for(&lab, &run, 300 * MS);
    /* Its end is its tracer's first, then the launcher's. */
    for (int i = 0; i < 2000 && waitpid(child, &status, __WALL | WNOHANG) == 0; i++)
        base_pause_ms(10);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    expect_expired(&lab, &run, expires_ns);
    lab_stop(&lab);
}

/* Ready, and beyond the expiry, when the launcher comes to look. */
static void ready_too_late(void **state)
{
    struct lab lab;
    struct lab_plan p;
    struct lab_run run, other;
    (void)state;
    lab_start(&lab, 0);
    pid_t child = begin_held(&lab, &run);
    int64_t expires_ns = release_for(&lab, &run, 2 * BASE_NS_PER_S);
    lab_plan_init(&p, LAB_GUEST);
    lab_do(&lab, &p, &other); /* frames are taken in order: the release has been */
    lab_run_fini(&other);
    assert_int_equal(kill(lab.pid, SIGSTOP), 0);
    assert_int_equal(ptrace(PTRACE_DETACH, child, NULL, NULL), 0);
    while (base_boottime_ns() < expires_ns + 200 * MS)
        base_pause_ms(10);
    assert_int_equal(kill(lab.pid, SIGCONT), 0);
    expect_expired(&lab, &run, expires_ns);
    lab_stop(&lab);
}

/* What /proc says of the launcher's timer: on which clock, and how long it has left. */
static void timer_of(const struct lab *lab, unsigned long *clock, unsigned long *left_s)
{
    char path[64];
    auto_buf struct buf text;
    buf_init(&text, 4096);
    for (int fd = 3; fd < 64; fd++) {
        (void)snprintf(path, sizeof path, "/proc/%d/fdinfo/%d", lab->pid, fd);
        if (fd_slurp(AT_FDCWD, path, 4096, &text, NULL) != 0)
            continue;
        const char *at = strstr(text.data, "clockid: ");
        const char *left = at ? strstr(at, "it_value: (") : NULL;
        if (!left)
            continue;
        *clock = strtoul(at + strlen("clockid: "), NULL, 10);
        *left_s = strtoul(left + strlen("it_value: ("), NULL, 10);
        return;
    }
    fail_msg("the launcher has no timer");
}

/* A machine cannot be put to sleep here: the clock's name stands for what it does then. */
static void counts_in_suspend(void **state)
{
    struct lab lab;
    struct lab_plan p;
    struct lab_run run;
    unsigned long clock = 0, left_s = 1;
    char up[2];
    (void)state;
    lab_start(&lab, 0);
    timer_of(&lab, &clock, &left_s);
    assert_int_equal(clock, CLOCK_BOOTTIME);
    assert_int_equal(left_s, 0);
    lab_plan_init(&p, LAB_GUEST);
    p.argv[0] = "stay";
    p.argv[1] = "up";
    p.wall_ns = 1000 * (uint64_t)BASE_NS_PER_S;
    lab_prepare(&lab, &p, &run);
    const struct token t = lab_token(&lab, &run);
    lab_release(&lab, &run, &t);
    assert_true(lab_read(&run, up, sizeof up));
    for (int i = 0; i < 2000 && left_s < 900; i++) {
        timer_of(&lab, &clock, &left_s);
        base_pause_ms(1);
    }
    assert_in_range(left_s, 900, 1000);
    lab_cancel(&lab, &run, 0);
    lab_wait(&lab, &run);
    lab_run_fini(&run);
    lab_stop(&lab);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(never_ready),
                                       cmocka_unit_test(ready_too_late),
                                       cmocka_unit_test(counts_in_suspend)};
    if (geteuid() != 0) {
        print_message("skipped: only root can trace a process that is undumpable\n");
        return SKIPPED;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
