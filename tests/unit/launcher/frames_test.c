/*
 * The launcher's end: whatever owner or keeper do wrong, or when one of the three ends, no process
 * of any run is left. A survivor would hold the run's output open.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/hostile/lab.h"

/* One run behind its gate, one in front of it, both with a hold on their output. */
struct scene {
    struct lab lab;
    struct lab_run running, waiting;
};

static void set_up(struct scene *s)
{
    struct lab_plan p;
    char up[2];
    lab_start(&s->lab, 0);
    lab_plan_init(&p, LAB_GUEST);
    p.argv[0] = "tree";
    p.argv[1] = "up";
    lab_prepare(&s->lab, &p, &s->running);
    const struct token t = lab_token(&s->lab, &s->running);
    lab_release(&s->lab, &s->running, &t);
    assert_true(lab_read(&s->running, up, sizeof up));
    lab_prepare(&s->lab, &p, &s->waiting);
}

/* The end of output comes when the last process that could write is gone. */
static bool ends(const struct lab_run *run)
{
    char away[4096];
    struct pollfd p = {.fd = run->output, .events = POLLIN};
    while (poll(&p, 1, 60000) == 1)
        if (read(run->output, away, sizeof away) == 0)
            return true;
    return false;
}

static void expect_no_output(struct scene *s)
{
    assert_true(ends(&s->running));
    assert_true(ends(&s->waiting));
    fd_close(&s->lab.owner);
    fd_close(&s->lab.keeper);
    lab_run_fini(&s->running);
    lab_run_fini(&s->waiting);
}

static void expect_nothing_left(struct scene *s)
{
    (void)lab_wait_launcher(&s->lab);
    expect_no_output(s);
}

static void owner_goes(void **state)
{
    struct scene s;
    (void)state;
    set_up(&s);
    fd_close(&s.lab.owner);
    expect_nothing_left(&s);
}

static void keeper_goes(void **state)
{
    struct scene s;
    (void)state;
    set_up(&s);
    fd_close(&s.lab.keeper);
    expect_nothing_left(&s);
}

static void keeper_speaks(void **state)
{
    struct scene s;
    (void)state;
    set_up(&s);
    assert_int_equal(send(s.lab.keeper, "x", 1, MSG_NOSIGNAL), 1);
    expect_nothing_left(&s);
}

static void launcher_is_killed(void **state)
{
    struct scene s;
    (void)state;
    set_up(&s);
    assert_int_equal(kill(s.lab.pid, SIGKILL), 0);
    expect_nothing_left(&s);
}

/*
 * Killed in the midst of building: a child that is cloned and not yet exec'ed has copies of the
 * launcher's descriptors, and must hold none that keeps itself or another run from seeing the
 * launcher's end.
 */
static void killed_while_building(void **state)
{
    struct scene s;
    struct lab_run built, next;
    struct lab_plan p;
    (void)state;
    if (geteuid() != 0) {
        print_message("skipped: only root can trace the launcher\n");
        skip();
    }
    set_up(&s);
    lab_plan_init(&p, LAB_GUEST);
    lab_do(&s.lab, &p, &built); /* frames are taken in order: both of the scene are cloned */
    lab_run_fini(&built);
    lab_trace(&s.lab);
    lab_prepare(&s.lab, &p, &next);
    pid_t child = lab_catch_clone(&s.lab);
    assert_int_equal(kill(s.lab.pid, SIGKILL), 0);
    (void)lab_wait_launcher(&s.lab);
    assert_int_equal(ptrace(PTRACE_DETACH, child, NULL, NULL), 0);
    assert_true(ends(&next));
    lab_run_fini(&next);
    expect_no_output(&s);
}

/* ---- frames that may not come ---- */

static void send_head(struct scene *s, uint32_t type, uint32_t bytes, size_t n, size_t nfds)
{
    static const uint8_t zero[FRAME_MAX_BYTES + 1];
    auto_free uint8_t *frame = malloc(n ? n : 1);
    auto_close int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    const int fds[] = {null, null, null, null};
    const struct frame_head head = {type, bytes};
    assert_non_null(frame);
    memcpy(frame, zero, n);
    memcpy(frame, &head, n < sizeof head ? n : sizeof head);
    lab_send(&s->lab, frame, n, fds, nfds);
}

static void malformed(void **state)
{
    static const struct {
        const char *what;
        uint32_t type, bytes;
        size_t n, nfds;
    } rows[] = {
        {"an empty head", 0, 0, 1, 0},
        {"half a head", LAUNCHER_CANCEL, 4, 4, 0},
        {"no such type", 99, 24, 24, 0},
        {"the launcher's own type", LAUNCHER_ENDED, sizeof(struct launcher_ended),
         sizeof(struct launcher_ended), 0},
        {"a length that is not the frame's", LAUNCHER_CANCEL, 24, 32, 0},
        {"a cancel that is too long", LAUNCHER_CANCEL, 32, 32, 0},
        {"a release that is too short", LAUNCHER_RELEASE, 24, 24, 0},
        {"a cancel with descriptors", LAUNCHER_CANCEL, 24, 24, 1},
        {"a prepare without descriptors", LAUNCHER_PREPARE, 64, 64, 0},
        {"a prepare with two descriptors", LAUNCHER_PREPARE, 64, 64, 2},
        {"a prepare with four descriptors", LAUNCHER_PREPARE, 64, 64, 4},
        {"a prepare whose plan has another length", LAUNCHER_PREPARE, 64, 64, 3},
        {"a frame over the bound", LAUNCHER_PREPARE, FRAME_MAX_BYTES + 1, FRAME_MAX_BYTES + 1, 3},
    };
    (void)state;
    for (size_t i = 0; i < BASE_COUNT(rows); i++) {
        struct scene s;
        set_up(&s);
        send_head(&s, rows[i].type, rows[i].bytes, rows[i].n, rows[i].nfds);
        if (!ends(&s.running))
            fail_msg("the launcher went on after %s", rows[i].what);
        expect_nothing_left(&s);
    }
}

/* Well-formed, and not allowed in that state. */
static void out_of_turn(void **state)
{
    struct scene s;
    struct token t;
    struct lab_plan p;
    (void)state;

    set_up(&s); /* a second release of a running run */
    t = lab_token(&s.lab, &s.running);
    lab_release(&s.lab, &s.running, &t);
    expect_nothing_left(&s);

    set_up(&s); /* a second prepare of a run's id */
    struct lab_run again;
    lab_plan_init(&p, LAB_GUEST);
    s.lab.next_run = s.running.id;
    lab_prepare(&s.lab, &p, &again);
    expect_nothing_left(&s);
    lab_run_fini(&again);

    set_up(&s); /* a limit that there is none of */
    lab_cancel(&s.lab, &s.running, CORE_LIMIT_COUNT + 1);
    expect_nothing_left(&s);
}

/* A plan that is none is an answer, not an end: the owner may have been given it. */
static void malformed_plan(void **state)
{
    static const uint8_t plan[200];
    struct lab lab;
    struct lab_run run = {.id = 5, .output = -1};
    auto_close int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    (void)state;
    lab_start(&lab, 0);
    lab_send_prepare(&lab, run.id, plan, sizeof plan, (const int[]){null, null, null});
    lab_wait(&lab, &run);
    assert_int_equal(run.end.how, CORE_HOW_ERROR);
    assert_int_equal(run.end.why, LAUNCHER_WHY_PLAN);
    lab_stop(&lab);
}

static void expect_no_stream(struct lab *lab, const int stdio[3])
{
    struct lab_plan p;
    struct lab_run run = {.id = lab->next_run++, .output = -1};
    lab_plan_init(&p, LAB_GUEST);
    lab_build(&p, &run.plan);
    lab_send_prepare(lab, run.id, run.plan.data, run.plan.len, stdio);
    lab_wait(lab, &run);
    assert_int_equal(run.end.how, CORE_HOW_ERROR);
    assert_int_equal(run.end.why, LAUNCHER_WHY_CONFINE);
    assert_int_equal(run.end.error, EINVAL);
    lab_run_fini(&run);
}

/* Each of the three must be a pipe or /dev/null. Files could be opened anew with other rights. */
static void no_streams(void **state)
{
    struct lab lab;
    int pair[2];
    auto_close int file = open(LAB_GUEST, O_RDONLY | O_CLOEXEC);
    auto_close int zero = open("/dev/zero", O_RDWR | O_CLOEXEC);
    auto_close int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    auto_close int inet = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    const int bad[] = {file, zero, inet, pair[0], pair[1]};
    lab_start(&lab, 0);
    for (size_t i = 0; i < BASE_COUNT(bad); i++)
        for (size_t place = 0; place < 3; place++) {
            int stdio[3] = {null, null, null};
            stdio[place] = bad[i];
            expect_no_stream(&lab, stdio);
        }
    lab_stop(&lab);
    (void)close(pair[0]);
    (void)close(pair[1]);
}

/* As many runs as there are rows, one more that is told so, and then all of them end. */
static void full_table(void **state)
{
    struct lab lab;
    struct lab_plan p;
    static struct lab_run runs[LAUNCHER_MAX_RUNS];
    struct lab_run more;
    (void)state;
    lab_start(&lab, 0);
    lab_plan_init(&p, LAB_GUEST);
    for (size_t i = 0; i < LAUNCHER_MAX_RUNS; i++)
        lab_prepare(&lab, &p, &runs[i]);
    lab_prepare(&lab, &p, &more);
    lab_wait(&lab, &more);
    assert_int_equal(more.end.why, LAUNCHER_WHY_BUSY);
    lab_run_fini(&more);
    for (size_t i = 0; i < LAUNCHER_MAX_RUNS; i++) {
        lab_cancel(&lab, &runs[i], 0);
        lab_wait(&lab, &runs[i]);
        assert_int_equal(runs[i].end.how, CORE_HOW_KILLED);
        assert_true(lab_output_ended(&runs[i]));
        lab_run_fini(&runs[i]);
    }
    lab_do(&lab, &p, &more);
    assert_int_equal(more.end.how, CORE_HOW_OK);
    lab_run_fini(&more);
    lab_stop(&lab);
}

/* An owner that asks and does not listen: the launcher stops reading, and forgets no answer. */
static void deaf_owner(void **state)
{
    static const struct {
        struct frame_head head;
        uint64_t run;
        uint32_t plan_bytes, pad;
        uint8_t plan[64];
    } f = {.head = {LAUNCHER_PREPARE, sizeof f}, .plan_bytes = sizeof f.plan};
    struct lab lab;
    auto_close int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    struct pollfd room = {.events = POLLOUT};
    int asked = 0;
    (void)state;
    lab_start(&lab, 0);
    room.fd = lab.owner;
    for (; asked < 100000 && poll(&room, 1, 500) == 1; asked++)
        lab_send(&lab, &f, sizeof f, (const int[]){null, null, null}, 3);
    assert_in_range(asked, 10, 99999);
    for (int i = 0; i < asked; i++) {
        struct lab_run run = {.output = -1};
        lab_wait(&lab, &run);
        assert_int_equal(run.end.why, LAUNCHER_WHY_PLAN);
    }
    lab_stop(&lab);
}

/* A host without user namespaces: said in the hello and for each plan, and nothing is built with
 * less. */
static void forbidden_host(void **state)
{
    struct lab lab;
    struct lab_plan p;
    struct lab_run run;
    (void)state;
    if (geteuid() != 0) {
        print_message("skipped: only root can make such a host\n");
        skip();
    }
    lab_start_chrooted(&lab);
    assert_int_equal(lab.hello.userns_errno, EPERM);
    lab_plan_init(&p, LAB_GUEST);
    lab_do(&lab, &p, &run);
    assert_int_equal(run.end.how, CORE_HOW_ERROR);
    assert_int_equal(run.end.why, LAUNCHER_WHY_NAMESPACES);
    assert_int_equal(run.end.error, EPERM);
    assert_false(run.started);
    lab_run_fini(&run);
    lab_stop(&lab);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(owner_goes),
        cmocka_unit_test(keeper_goes),
        cmocka_unit_test(keeper_speaks),
        cmocka_unit_test(launcher_is_killed),
        cmocka_unit_test(killed_while_building),
        cmocka_unit_test(malformed),
        cmocka_unit_test(out_of_turn),
        cmocka_unit_test(malformed_plan),
        cmocka_unit_test(no_streams),
        cmocka_unit_test(full_table),
        cmocka_unit_test(deaf_owner),
        cmocka_unit_test(forbidden_host),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
