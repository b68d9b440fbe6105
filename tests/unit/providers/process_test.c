/*
 * The process provider as an owner uses it: over a real launcher, and over a socket whose other end
 * says what no launcher says.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "providers/process/process.h"
#include "tests/hostile/lab.h"

/* What the owner was told, copied. */
struct told {
    int calls;
    struct reeve_run *run;
    struct reeve_outcome out;
    char how[16], limit[16], detail[512];
};

static void copy(char *to, size_t n, const char *from)
{
    to[0] = '\0';
    if (from)
        (void)strncat(to, from, n - 1);
}

static void on_finished(void *self, struct reeve_run *run, const struct reeve_outcome *out)
{
    struct told *t = self;
    t->calls++;
    t->run = run;
    t->out = *out;
    copy(t->how, sizeof t->how, out->how);
    copy(t->limit, sizeof t->limit, out->limit);
    copy(t->detail, sizeof t->detail, out->detail);
}

struct bench {
    struct lab lab;
    struct told told;
    struct reeve_provider_host host;
    struct process_provider *provider;
    const struct reeve_provider *ops;
};

static void open_bench(struct bench *b)
{
    *b = (struct bench){.host = {.size = sizeof b->host, .finished = on_finished}};
    b->host.self = &b->told;
    assert_int_equal(process_provider_new(&b->provider), 0);
    b->ops = process_provider_ops(b->provider);
    assert_int_equal(b->ops->initialize(b->ops->self, &b->host, "{}", NULL), 0);
}

static void close_bench(struct bench *b)
{
    b->ops->cleanup(b->ops->self);
    process_provider_free(&b->provider);
    assert_null(b->provider);
}

static struct reeve_run *as_run(uintptr_t i)
{
    return (struct reeve_run *)i; /* never looked into */
}

static struct reeve_job job_of(const struct lab_run *run)
{
    return (struct reeve_job){.size = sizeof(struct reeve_job),
                              .capability = "ccos.system.execute",
                              .args = "{}",
                              .plan = run->plan.data,
                              .plan_len = run->plan.len,
                              .stdin_fd = -1,
                              .stdout_fd = -1,
                              .stderr_fd = -1};
}

static void wait_finished(struct bench *b, int calls)
{
    struct pollfd p = {.fd = process_provider_fd(b->provider), .events = POLLIN};
    while (b->told.calls < calls) {
        assert_int_equal(poll(&p, 1, 60000), 1);
        assert_int_equal(process_provider_dispatch(b->provider), 0);
    }
}

static void release(struct bench *b, struct reeve_run *run, const struct lab_run *lr)
{
    const struct token t = lab_token(&b->lab, lr);
    struct reeve_warrant w = {.size = sizeof w, .seq = t.seq, .expires_ns = t.expires_ns};
    memcpy(w.plan, t.plan, sizeof w.plan);
    memcpy(w.mac, t.mac, sizeof w.mac);
    assert_int_equal(b->ops->release(b->ops->self, run, &w, NULL), 0);
}

static void ends_of_runs(void **state)
{
    static const struct {
        const char *program, *word, *arg, *cwd, *cancel;
        uint64_t wall_ns;
        struct {
            const char *how, *limit, *detail;
            bool not_started, not_found;
            int status, signal;
        } want;
    } rows[] = {
        {LAB_GUEST, "exit", "0", "/", NULL, 0, {"ok", "", "", false, false, 0, 0}},
        {LAB_GUEST, "exit", "41", "/", NULL, 0, {"ok", "", "", false, false, 41, 0}},
        {LAB_GUEST, "signal", "15", "/", NULL, 0, {"ok", "", "", false, false, 0, 15}},
        {LAB_GUEST, "stay", "", "/", "", 0, {"killed", "", "", false, false, 0, 0}},
        {LAB_GUEST, "stay", "", "/", "output", 0, {"limit", "output", "", false, false, 0, 0}},
        {LAB_GUEST, "stay", "", "/", NULL, 100000000, {"limit", "wall", "", false, false, 0, 0}},
        {"/nonexistent",
         "exit",
         "0",
         "/",
         NULL,
         0,
         {"error", "", "the program cannot be opened: /nonexistent: No such file or directory",
          true, true, 0, 0}},
        {"/dev/null",
         "exit",
         "0",
         "/",
         NULL,
         0,
         {"error", "", "the program cannot be opened: /dev/null: Permission denied", true, false, 0,
          0}},
        {LAB_GUEST,
         "exit",
         "0",
         "/absent",
         NULL,
         0,
         {"error", "",
          "the working directory cannot be entered: /absent: No such file or directory", true,
          false, 0, 0}},
    };
    struct bench b;
    (void)state;
    open_bench(&b);
    lab_start(&b.lab, 0);
    process_provider_attach(b.provider, b.lab.owner, &b.lab.hello);
    char why[256];
    assert_true(b.ops->is_available(b.ops->self, why));
    for (size_t i = 0; i < BASE_COUNT(rows); i++) {
        struct lab_plan p;
        struct lab_run lr = {0};
        struct reeve_run *run = as_run(i + 1);
        lab_plan_init(&p, rows[i].program);
        p.argv[0] = rows[i].word;
        p.argv[1] = rows[i].arg;
        p.cwd = rows[i].cwd;
        p.wall_ns = rows[i].wall_ns ? rows[i].wall_ns : p.wall_ns;
        lab_build(&p, &lr.plan);
        const struct reeve_job job = job_of(&lr);
        assert_int_equal(b.ops->prepare(b.ops->self, run, &job, NULL), 0);
        release(&b, run, &lr);
        if (rows[i].cancel)
            b.ops->cancel(b.ops->self, run, rows[i].cancel[0] ? rows[i].cancel : NULL);
        wait_finished(&b, (int)i + 1);
        assert_ptr_equal(b.told.run, run);
        assert_string_equal(b.told.how, rows[i].want.how);
        assert_string_equal(b.told.limit, rows[i].want.limit);
        assert_string_equal(b.told.detail, rows[i].want.detail);
        if (!rows[i].cancel) /* which is faster, cancel or gate, is open */
            assert_int_equal(b.told.out.not_started, rows[i].want.not_started);
        assert_int_equal(b.told.out.not_found, rows[i].want.not_found);
        assert_int_equal(b.told.out.status, rows[i].want.status);
        assert_int_equal(b.told.out.signal, rows[i].want.signal);
        buf_fini(&lr.plan);
    }
    lab_stop(&b.lab);
    close_bench(&b);
}

static void availability(void **state)
{
    static const struct {
        int error;
        const char *says;
    } rows[] = {{EPERM, "EPERM"},
                {EPERM, "unprivileged_userns"},
                {ENOSPC, "max_user_namespaces"},
                {ENOSYS, "6.1"},
                {EINVAL, "6.1"},
                {EIO, "EIO"},
                {99999, "unknown"}};
    struct bench b;
    char why[256];
    (void)state;
    open_bench(&b);
    assert_false(b.ops->is_available(b.ops->self, why));
    assert_non_null(strstr(why, "no launcher"));
    for (size_t i = 0; i < BASE_COUNT(rows); i++) {
        const struct launcher_hello hello = {.userns_errno = (uint32_t)rows[i].error};
        process_provider_attach(b.provider, 0, &hello);
        assert_false(b.ops->is_available(b.ops->self, why));
        assert_non_null(strstr(why, rows[i].says));
    }
    process_provider_attach(b.provider, -1, NULL);
    assert_int_equal(process_provider_fd(b.provider), -1);
    close_bench(&b);
}

static void not_without_a_launcher(void **state)
{
    struct bench b;
    struct lab_run lr = {0};
    struct lab_plan p;
    struct reeve_error err = {0};
    const struct reeve_warrant w = {.size = sizeof w};
    (void)state;
    open_bench(&b);
    lab_plan_init(&p, LAB_GUEST);
    lab_build(&p, &lr.plan);
    struct reeve_job job = job_of(&lr);
    assert_int_equal(b.ops->prepare(b.ops->self, as_run(1), &job, &err), REEVE_EHELPERS);
    assert_int_equal(b.ops->release(b.ops->self, as_run(1), &w, &err), REEVE_EINVAL);
    b.ops->cancel(b.ops->self, as_run(1), NULL);
    job.plan = NULL;
    assert_int_equal(b.ops->prepare(b.ops->self, as_run(1), &job, &err), REEVE_EINVAL);
    assert_int_equal(b.ops->initialize(b.ops->self, &b.host, "{\"x\":1}", &err), REEVE_EINVAL);
    assert_int_equal(b.ops->initialize(b.ops->self, &b.host, "{", &err), REEVE_EFORMAT);
    assert_int_equal(b.told.calls, 0);
    buf_fini(&lr.plan);
    close_bench(&b);
}

/* Frames that no launcher sends, and its end: the owner is told by the code, and no run is
 * reported. */
static void broken_launcher(void **state)
{
    const struct launcher_ended ended = {.head = {LAUNCHER_ENDED, sizeof ended}, .run = 1};
    const struct {
        struct launcher_ended frame;
        size_t n;
        int code;
    } rows[] = {
        {{.head = {LAUNCHER_ENDED, sizeof ended}, .run = 77}, sizeof ended, 0}, /* unknown: late */
        {{.head = {LAUNCHER_STARTED, sizeof(struct launcher_event)}, .run = 1},
         sizeof(struct launcher_event),
         0},
        {ended, sizeof ended - 1, REEVE_EPROTO},
        {ended, 4, REEVE_EPROTO},
        {{.head = {LAUNCHER_HELLO, sizeof ended}}, sizeof ended, REEVE_EPROTO},
        {{.head = {LAUNCHER_ENDED, sizeof ended}, .run = 1, .how = CORE_HOW_COUNT},
         sizeof ended,
         REEVE_EPROTO},
        {{.head = {LAUNCHER_ENDED, sizeof ended}, .run = 1, .why = LAUNCHER_WHY_COUNT},
         sizeof ended,
         REEVE_EPROTO},
        {{.head = {LAUNCHER_ENDED, sizeof ended}, .run = 1, .limit = CORE_LIMIT_COUNT + 1},
         sizeof ended,
         REEVE_EPROTO},
    };
    struct lab_run lr = {0};
    struct lab_plan p;
    (void)state;
    lab_plan_init(&p, LAB_GUEST);
    lab_build(&p, &lr.plan);
    const struct reeve_job job = job_of(&lr);
    for (size_t i = 0; i < BASE_COUNT(rows); i++) {
        struct bench b;
        int ends[2];
        const struct launcher_hello hello = {.privileged = 1};
        assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
        open_bench(&b);
        process_provider_attach(b.provider, ends[0], &hello);
        assert_int_equal(b.ops->prepare(b.ops->self, as_run(1), &job, NULL), 0);
        assert_int_equal(send(ends[1], &rows[i].frame, rows[i].n, 0), rows[i].n);
        assert_int_equal(process_provider_dispatch(b.provider), rows[i].code);
        fd_close(&ends[1]);
        if (rows[i].code == 0)
            assert_int_equal(process_provider_dispatch(b.provider), REEVE_EHELPERS);
        assert_int_equal(b.told.calls, 0);
        fd_close(&ends[0]);
        close_bench(&b);
    }
    buf_fini(&lr.plan);
}

/* As many runs as the launcher has rows for; an end makes room. */
static void full_map(void **state)
{
    struct bench b;
    struct lab_run lr = {0};
    struct lab_plan p;
    int ends[2];
    const struct launcher_hello hello = {.privileged = 1};
    const struct launcher_ended ended = {.head = {LAUNCHER_ENDED, sizeof ended}, .run = 3};
    static uint8_t frame[FRAME_MAX_BYTES];
    (void)state;
    lab_plan_init(&p, LAB_GUEST);
    p.no_filter = true;
    lab_build(&p, &lr.plan);
    const struct reeve_job job = job_of(&lr);
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    open_bench(&b);
    process_provider_attach(b.provider, ends[0], &hello);
    for (size_t i = 1; i <= LAUNCHER_MAX_RUNS; i++) {
        assert_int_equal(b.ops->prepare(b.ops->self, as_run(i), &job, NULL), 0);
        assert_true(recv(ends[1], frame, sizeof frame, 0) > 0);
    }
    assert_int_equal(b.ops->prepare(b.ops->self, as_run(999), &job, NULL), REEVE_EBUSY);
    assert_int_equal(send(ends[1], &ended, sizeof ended, 0), sizeof ended);
    assert_int_equal(process_provider_dispatch(b.provider), 0);
    assert_int_equal(b.told.calls, 1);
    assert_ptr_equal(b.told.run, as_run(3));
    assert_int_equal(b.ops->prepare(b.ops->self, as_run(999), &job, NULL), 0);
    fd_close(&ends[0]);
    fd_close(&ends[1]);
    buf_fini(&lr.plan);
    close_bench(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ends_of_runs),
        cmocka_unit_test(availability),
        cmocka_unit_test(not_without_a_launcher),
        cmocka_unit_test(broken_launcher),
        cmocka_unit_test(full_map),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
