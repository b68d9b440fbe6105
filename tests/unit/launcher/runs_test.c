/*
 * Runs through the real launcher and init, in both grades where this test is root: what becomes of
 * a program's own end, of each thing that can be wrong with a plan or a token, of limits and
 * cancels.
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

static struct lab *lab_of(void **state)
{
    return *state;
}

static struct lab_plan guest(const char *word, const char *arg)
{
    struct lab_plan p;
    lab_plan_init(&p, LAB_GUEST);
    p.argv[0] = word;
    p.argv[1] = arg;
    return p;
}

static void expect(const struct lab_run *run, uint32_t how, uint32_t why, int error)
{
    const struct launcher_ended *e = &run->end;
    if (e->how != how || e->why != why || e->error != error)
        fail_msg("how %u why %u (%s) error %d (%s), expected how %u why %u error %d", e->how,
                 e->why, launcher_why_text(e->why), e->error, strerror(e->error), how, why, error);
    assert_int_equal(run->started, e->started);
    assert_true(lab_output_ended(run));
}

/* ---- the program's own end ---- */

static void own_status(void **state)
{
    for (int status = 0; status < 256; status += status < 3 ? 1 : 42) {
        char arg[16];
        struct lab_run run;
        (void)snprintf(arg, sizeof arg, "%d", status);
        const struct lab_plan p = guest("exit", arg);
        lab_do(lab_of(state), &p, &run);
        expect(&run, CORE_HOW_OK, LAUNCHER_WHY_NONE, 0);
        assert_int_equal(run.end.status, status);
        assert_int_equal(run.end.signal, 0);
        assert_true(run.end.started && run.end.wall_ns > 0 && run.end.max_rss_bytes > 0);
        lab_run_fini(&run);
    }
}

static void own_signal(void **state)
{
    static const struct {
        const char *word, *arg;
        int signal;
    } rows[] = {{"crash", "0", SIGSEGV},
                {"signal", "9", SIGKILL},
                {"signal", "15", SIGTERM},
                {"signal", "6", SIGABRT},
                {"signal", "17", 0} /* SIGCHLD ends nobody */};
    for (size_t i = 0; i < BASE_COUNT(rows); i++) {
        struct lab_run run;
        const struct lab_plan p = guest(rows[i].word, rows[i].arg);
        lab_do(lab_of(state), &p, &run);
        expect(&run, CORE_HOW_OK, LAUNCHER_WHY_NONE, 0);
        assert_int_equal(run.end.signal, rows[i].signal);
        assert_int_equal(run.end.status, rows[i].signal ? 0 : 99);
        lab_run_fini(&run);
    }
}

static void read_all(const struct lab_run *run, char *out, size_t n)
{
    ssize_t got;
    size_t at = 0;
    while (at < n - 1 && (got = read(run->output, out + at, n - 1 - at)) > 0)
        at += (size_t)got;
    out[at] = '\0';
}

/* What the program finds: its ids, its session, the plan's host name and folder, the plan's limits.
 */
static void surroundings(void **state)
{
    static const struct {
        const char *word, *arg, *output;
    } rows[] = {{"self", "", "1000 1000 1 bench /tmp "},
                {"limits", "", "64 16777216 0 65536 "},
                {"fill", "/tmp/f", "1024 "},
                {"fill", "/f", "0 "},
                {"move", "moved", "moved"},
                {"print", "hello", "hello"}};
    for (size_t i = 0; i < BASE_COUNT(rows); i++) {
        struct lab_run run;
        char text[256];
        struct lab_plan p = guest(rows[i].word, rows[i].arg);
        p.cwd = "/tmp";
        lab_do(lab_of(state), &p, &run);
        read_all(&run, text, sizeof text);
        assert_string_equal(text, rows[i].output);
        expect(&run, CORE_HOW_OK, LAUNCHER_WHY_NONE, 0);
        lab_run_fini(&run);
    }
}

static void no_tmp(void **state)
{
    struct lab_run run;
    char text[16];
    struct lab_plan p = guest("fill", "/tmp/f");
    p.tmp_bytes = 0;
    lab_do(lab_of(state), &p, &run);
    read_all(&run, text, sizeof text);
    assert_string_equal(text, "0 ");
    lab_run_fini(&run);
}

/* ---- plans that cannot be carried out ---- */

struct files {
    char dir[64], missing[96], link[96], script[96], fifo[96], secret[96], linked_dir[96];
};

static void write_file(const char *path, const char *text, mode_t mode)
{
    auto_close int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, mode);
    if (fd < 0 || fchmod(fd, mode) < 0 || fd_write_all(fd, text, strlen(text)) < 0)
        lab_die("%s: %s", path, strerror(errno));
}

static struct files make_files(void)
{
    struct files f = {.dir = "/tmp/launcher-test-XXXXXX"};
    if (!mkdtemp(f.dir) || chmod(f.dir, 0755) < 0)
        lab_die("no folder: %s", strerror(errno));
    const struct {
        char *out;
        const char *name;
    } names[] = {{f.missing, "missing"}, {f.link, "link"},     {f.script, "script"},
                 {f.fifo, "fifo"},       {f.secret, "secret"}, {f.linked_dir, "linked"}};
    for (size_t i = 0; i < BASE_COUNT(names); i++)
        (void)snprintf(names[i].out, 96, "%s/%s", f.dir, names[i].name);
    write_file(f.script, "#!/bin/sh\nexit 0\n", 0755);
    write_file(f.secret, "secret", 0644);
    if (symlink(LAB_GUEST, f.link) < 0 || symlink(f.dir, f.linked_dir) < 0 ||
        mkfifo(f.fifo, 0644) < 0)
        lab_die("no files: %s", strerror(errno));
    return f;
}

static void remove_files(const struct files *f)
{
    const char *const all[] = {f->link, f->script, f->fifo, f->secret, f->linked_dir};
    for (size_t i = 0; i < BASE_COUNT(all); i++)
        assert_int_equal(unlink(all[i]), 0);
    assert_int_equal(rmdir(f->dir), 0);
}

static void bad_programs(void **state)
{
    struct files f = make_files();
    char through[160];
    (void)snprintf(through, sizeof through, "%s/script", f.linked_dir);
    const struct {
        const char *program;
        bool wrong_digest;
        uint32_t why;
        int error;
    } rows[] = {
        {f.missing, false, LAUNCHER_WHY_PROGRAM_OPEN, ENOENT},
        {f.link, false, LAUNCHER_WHY_PROGRAM_OPEN, ELOOP},
        {through, false, LAUNCHER_WHY_PROGRAM_OPEN, ELOOP},
        {f.dir, false, LAUNCHER_WHY_PROGRAM_OPEN, EACCES},
        {f.fifo, false, LAUNCHER_WHY_PROGRAM_OPEN, EACCES},
        {LAB_GUEST, true, LAUNCHER_WHY_PROGRAM_DIGEST, 0},
        {f.script, true, LAUNCHER_WHY_PROGRAM_DIGEST, 0},
        {f.script, false, LAUNCHER_WHY_EXEC, ENOEXEC},
        {f.secret, false, LAUNCHER_WHY_PROGRAM_OPEN, EACCES}, /* not executable */
    };
    for (size_t i = 0; i < BASE_COUNT(rows); i++) {
        struct lab_run run;
        struct lab_plan p = guest("exit", "0");
        p.program = rows[i].program;
        p.wrong_digest = rows[i].wrong_digest;
        lab_prepare(lab_of(state), &p, &run);
        lab_wait(lab_of(state), &run);
        expect(&run, CORE_HOW_ERROR, rows[i].why, rows[i].error);
        assert_false(run.started);
        lab_run_fini(&run);
    }
    remove_files(&f);
}

static void bad_mounts(void **state)
{
    struct files f = make_files();
    char through[160], inside[160];
    (void)snprintf(through, sizeof through, "%s/secret", f.linked_dir);
    (void)snprintf(inside, sizeof inside, "%s/absent", f.dir);
    const struct {
        enum plan_mount_kind kind;
        const char *source, *target;
        uint32_t why;
        int error;
    } rows[] = {
        {PLAN_MOUNT_READ, f.missing, "/x", LAUNCHER_WHY_MOUNT_OPEN, ENOENT},
        {PLAN_MOUNT_READ, f.linked_dir, "/x", LAUNCHER_WHY_MOUNT_OPEN, ELOOP},
        {PLAN_MOUNT_READ, through, "/x", LAUNCHER_WHY_MOUNT_OPEN, ELOOP},
        {PLAN_MOUNT_READ, f.fifo, "/x", LAUNCHER_WHY_MOUNT_OPEN, EINVAL},
        {PLAN_MOUNT_READ, "/dev/null", "/x", LAUNCHER_WHY_MOUNT_OPEN, EINVAL},
        {PLAN_MOUNT_READ, f.secret, inside, LAUNCHER_WHY_ROOT, EROFS},
        {PLAN_MOUNT_HIDE, "", inside, LAUNCHER_WHY_ROOT, ENOENT},
        {PLAN_MOUNT_LINK, "elsewhere", f.link, LAUNCHER_WHY_ROOT, EEXIST},
    };
    for (size_t i = 0; i < BASE_COUNT(rows); i++) {
        struct lab_run run;
        struct lab_plan p = guest("exit", "0");
        lab_mount(&p, PLAN_MOUNT_READ, f.dir, f.dir);
        lab_mount(&p, rows[i].kind, rows[i].source, rows[i].target);
        lab_prepare(lab_of(state), &p, &run);
        lab_wait(lab_of(state), &run);
        expect(&run, CORE_HOW_ERROR, rows[i].why, rows[i].error);
        assert_int_equal(run.end.index, 1);
        lab_run_fini(&run);
    }
    remove_files(&f);
}

/* Found out only behind the gate: the folder, and a loader that the plan does not show. */
static void bad_surroundings(void **state)
{
    const struct {
        const char *program, *cwd;
        uint32_t why;
        int error;
    } rows[] = {
        {LAB_GUEST, "/absent", LAUNCHER_WHY_CWD, ENOENT},
        {LAB_GUEST, "/dev/null", LAUNCHER_WHY_CWD, ENOTDIR},
        {LAB_DYNAMIC, "/", LAUNCHER_WHY_EXEC, ENOENT},
    };
    for (size_t i = 0; i < BASE_COUNT(rows); i++) {
        struct lab_run run;
        struct lab_plan p = guest("exit", "0");
        p.program = rows[i].program;
        p.cwd = rows[i].cwd;
        lab_do(lab_of(state), &p, &run);
        expect(&run, CORE_HOW_ERROR, rows[i].why, rows[i].error);
        lab_run_fini(&run);
    }
}

/* Granted: a folder with what is hidden in it, a single file, a link, the whole of the host's root.
 */
static void good_mounts(void **state)
{
    struct files f = make_files();
    struct lab_run run;
    char text[64];
    const struct {
        const char *path;
        int status;
    } rows[] = {{f.secret, 1}, {f.script, 0}, {"/one/file", 0}, {"/short", 0}, {f.missing, 1}};
    for (size_t i = 0; i < BASE_COUNT(rows); i++) {
        struct lab_plan p = guest("read", rows[i].path);
        lab_mount(&p, PLAN_MOUNT_READ, f.dir, f.dir);
        lab_mount(&p, PLAN_MOUNT_READ, f.script, "/one/file");
        lab_mount(&p, PLAN_MOUNT_LINK, "one/file", "/short");
        lab_mount(&p, PLAN_MOUNT_HIDE, "", f.secret);
        lab_do(lab_of(state), &p, &run);
        expect(&run, CORE_HOW_OK, LAUNCHER_WHY_NONE, 0);
        assert_int_equal(run.end.status, rows[i].status);
        lab_run_fini(&run);
    }
    struct lab_plan p = guest("read", "/etc/passwd");
    lab_mount(&p, PLAN_MOUNT_READ, "/", "/");
    lab_mount(&p, PLAN_MOUNT_HIDE, "", "/etc/shadow");
    lab_do(lab_of(state), &p, &run);
    read_all(&run, text, sizeof text);
    expect(&run, CORE_HOW_OK, LAUNCHER_WHY_NONE, 0);
    assert_int_equal(run.end.status, 0);
    assert_memory_equal(text, "root:", 5);
    lab_run_fini(&run);
    remove_files(&f);
}

/* The program is changed between its hash and its release. */
static void program_changed(void **state)
{
    char path[] = "/tmp/launcher-program-XXXXXX";
    auto_buf struct buf bytes;
    struct lab_run run;
    struct lab_plan p = guest("exit", "0");
    buf_init(&bytes, 0);
    assert_int_equal(fd_slurp(AT_FDCWD, LAB_GUEST, 64 << 20, &bytes, NULL), 0);
    auto_close int fd = mkstemp(path);
    assert_true(fd >= 0 && fchmod(fd, 0755) == 0);
    assert_int_equal(fd_write_all(fd, bytes.data, bytes.len), 0);
    p.program = path;
    fd_close(&fd);
    lab_do(lab_of(state), &p, &run);
    expect(&run, CORE_HOW_OK, LAUNCHER_WHY_NONE, 0);
    lab_run_fini(&run);

    lab_prepare(lab_of(state), &p, &run);
    (void)lab_child_of(lab_of(state)->pid); /* cloned: so it was hashed */
    assert_int_equal(truncate(path, 0), 0);
    const struct token t = lab_token(lab_of(state), &run);
    lab_release(lab_of(state), &run, &t);
    lab_wait(lab_of(state), &run);
    expect(&run, CORE_HOW_ERROR, LAUNCHER_WHY_PROGRAM_DIGEST, 0);
    assert_false(run.started);
    lab_run_fini(&run);
    assert_int_equal(unlink(path), 0);
}

/* ---- tokens ---- */

static void spoil_mac(struct lab *lab, struct token *t)
{
    (void)lab;
    t->mac[31] ^= 1;
}
static void spoil_plan(struct lab *lab, struct token *t)
{
    t->plan[0] ^= 1;
    lab_sign(lab, t);
}
static void spoil_expiry(struct lab *lab, struct token *t)
{
    t->expires_ns = base_boottime_ns();
    lab_sign(lab, t);
}
static void spoil_sequence(struct lab *lab, struct token *t)
{
    t->seq = 999; /* used by the setup */
    lab_sign(lab, t);
}

static void bad_tokens(void **state)
{
    static const struct {
        void (*spoil)(struct lab *lab, struct token *t);
        uint32_t why;
    } rows[] = {{spoil_mac, LAUNCHER_WHY_TOKEN_MAC},
                {spoil_plan, LAUNCHER_WHY_TOKEN_PLAN},
                {spoil_expiry, LAUNCHER_WHY_TOKEN_EXPIRED},
                {spoil_sequence, LAUNCHER_WHY_TOKEN_USED}};
    const struct lab_plan p = guest("print", "ran");
    struct lab_run run;
    lab_prepare(lab_of(state), &p, &run);
    struct token t = lab_token(lab_of(state), &run);
    t.seq = 999;
    lab_sign(lab_of(state), &t);
    lab_release(lab_of(state), &run, &t);
    lab_wait(lab_of(state), &run);
    expect(&run, CORE_HOW_OK, LAUNCHER_WHY_NONE, 0);
    lab_run_fini(&run);
    for (size_t i = 0; i < BASE_COUNT(rows); i++) {
        char text[8];
        lab_prepare(lab_of(state), &p, &run);
        t = lab_token(lab_of(state), &run);
        rows[i].spoil(lab_of(state), &t);
        lab_release(lab_of(state), &run, &t);
        lab_wait(lab_of(state), &run);
        read_all(&run, text, sizeof text);
        assert_string_equal(text, "");
        expect(&run, CORE_HOW_REFUSED, rows[i].why, 0);
        assert_false(run.started);
        lab_run_fini(&run);
    }
}

/* One token, two sandboxes of the same plan. */
static void same_token_twice(void **state)
{
    const struct lab_plan p = guest("exit", "7");
    struct lab_run first, second;
    lab_prepare(lab_of(state), &p, &first);
    const struct token t = lab_token(lab_of(state), &first);
    lab_release(lab_of(state), &first, &t);
    lab_wait(lab_of(state), &first);
    expect(&first, CORE_HOW_OK, LAUNCHER_WHY_NONE, 0);
    lab_prepare(lab_of(state), &p, &second);
    assert_int_equal(first.plan.len, second.plan.len);
    lab_release(lab_of(state), &second, &t);
    lab_wait(lab_of(state), &second);
    expect(&second, CORE_HOW_REFUSED, LAUNCHER_WHY_TOKEN_USED, 0);
    lab_run_fini(&first);
    lab_run_fini(&second);
}

static void release_without_prepare(void **state)
{
    const struct lab_plan p = guest("exit", "0");
    struct lab_run run = {.id = 77, .output = -1};
    lab_build(&p, &run.plan);
    const struct token t = lab_token(lab_of(state), &run);
    lab_release(lab_of(state), &run, &t);
    lab_wait(lab_of(state), &run);
    assert_int_equal(run.end.how, CORE_HOW_REFUSED);
    assert_int_equal(run.end.why, LAUNCHER_WHY_STATE);
    lab_run_fini(&run);
}

/* ---- cancels, limits ---- */

static void cancel_before_release(void **state)
{
    const struct lab_plan p = guest("exit", "0");
    struct lab_run run;
    lab_prepare(lab_of(state), &p, &run);
    lab_cancel(lab_of(state), &run, 0);
    lab_wait(lab_of(state), &run);
    expect(&run, CORE_HOW_KILLED, LAUNCHER_WHY_NONE, 0);
    assert_false(run.started);
    lab_run_fini(&run);
}

static void cancel_running(void **state)
{
    static const struct {
        uint32_t limit, how;
    } rows[] = {{0, CORE_HOW_KILLED}, {CORE_LIMIT_OUTPUT + 1, CORE_HOW_LIMIT}};
    for (size_t i = 0; i < BASE_COUNT(rows); i++) {
        const struct lab_plan p = guest(i ? "flood" : "tree", "up");
        struct lab_run run;
        char up[2];
        lab_prepare(lab_of(state), &p, &run);
        const struct token t = lab_token(lab_of(state), &run);
        lab_release(lab_of(state), &run, &t);
        assert_true(lab_read(&run, up, sizeof up));
        lab_cancel(lab_of(state), &run, rows[i].limit);
        lab_wait(lab_of(state), &run);
        expect(&run, rows[i].how, LAUNCHER_WHY_NONE, 0);
        assert_int_equal(run.end.limit, rows[i].limit);
        assert_true(run.started);
        lab_run_fini(&run);
    }
}

/* The owner does nothing: the launcher has the clock. A tree that ignores every signal ends with
 * it. */
static void wall_limit(void **state)
{
    struct lab_plan p = guest("tree", "up");
    struct lab_run run;
    p.wall_ns = 200 * 1000 * 1000;
    lab_do(lab_of(state), &p, &run);
    expect(&run, CORE_HOW_LIMIT, LAUNCHER_WHY_NONE, 0);
    assert_int_equal(run.end.limit, CORE_LIMIT_WALL + 1);
    assert_true(run.end.wall_ns >= p.wall_ns);
    lab_run_fini(&run);
}

/* What a guest leaves behind ends with the guest. */
static void daemon_ends(void **state)
{
    const struct lab_plan p = guest("daemon", "up");
    struct lab_run run;
    lab_do(lab_of(state), &p, &run);
    expect(&run, CORE_HOW_OK, LAUNCHER_WHY_NONE, 0);
    assert_int_equal(run.end.status, 0);
    lab_run_fini(&run);
}

/* ---- both grades ---- */

static int start_here(void **state)
{
    *state = malloc(sizeof(struct lab));
    lab_start(*state, 0);
    assert_int_equal(lab_of(state)->hello.privileged, geteuid() == 0);
    assert_int_equal(lab_of(state)->hello.userns_errno, 0);
    return 0;
}

static int start_nobody(void **state)
{
    *state = malloc(sizeof(struct lab));
    lab_start(*state, NOBODY);
    assert_int_equal(lab_of(state)->hello.privileged, 0);
    assert_int_equal(lab_of(state)->hello.userns_errno, 0);
    return 0;
}

static uid_t ordinary(void)
{
    return geteuid() == 0 ? NOBODY : geteuid();
}

/* Root that has no ids for guests. */
static int start_in_userns(void **state)
{
    *state = malloc(sizeof(struct lab));
    lab_start_in_userns(*state, ordinary());
    assert_int_equal(lab_of(state)->hello.privileged, 0);
    assert_int_equal(lab_of(state)->hello.userns_errno, 0);
    return 0;
}

static int stop(void **state)
{
    lab_stop(*state);
    free(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(own_status),
        cmocka_unit_test(own_signal),
        cmocka_unit_test(surroundings),
        cmocka_unit_test(no_tmp),
        cmocka_unit_test(bad_programs),
        cmocka_unit_test(bad_mounts),
        cmocka_unit_test(bad_surroundings),
        cmocka_unit_test(good_mounts),
        cmocka_unit_test(program_changed),
        cmocka_unit_test(bad_tokens),
        cmocka_unit_test(same_token_twice),
        cmocka_unit_test(release_without_prepare),
        cmocka_unit_test(cancel_before_release),
        cmocka_unit_test(cancel_running),
        cmocka_unit_test(wall_limit),
        cmocka_unit_test(daemon_ends),
    };
    int failed = cmocka_run_group_tests_name("launcher, this uid", tests, start_here, stop);
    if (geteuid() == 0)
        failed += cmocka_run_group_tests_name("launcher, unprivileged", tests, start_nobody, stop);
    else
        print_message("the privileged grade was skipped: this test does not run as root\n");
    if (lab_has_userns(ordinary()))
        failed += cmocka_run_group_tests_name("launcher, root of a user namespace", tests,
                                              start_in_userns, stop);
    else
        print_message("root of a user namespace was skipped: this host lets nobody make one\n");
    return failed;
}
