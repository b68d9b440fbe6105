/*
 * A running guest and its init as the host sees them: capabilities by libcap-ng, ids, no_new_privs,
 * filter, descriptors, namespaces. What the guest says of itself is not asked.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <cap-ng.h>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/securebits.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "tests/hostile/lab.h"

#define NOBODY  65534
#define SKIPPED 77

/* The text after `key` in /proc/PID/status. */
static void status_of(pid_t pid, const char *key, char *out, size_t n)
{
    char path[64];
    auto_buf struct buf text;
    buf_init(&text, 1 << 16);
    (void)snprintf(path, sizeof path, "/proc/%d/status", pid);
    assert_int_equal(fd_slurp(AT_FDCWD, path, 1 << 16, &text, NULL), 0);
    const char *at = strstr(text.data, key);
    assert_non_null(at);
    at += strlen(key);
    size_t len = strcspn(at, "\n");
    (void)snprintf(out, n, "%.*s", (int)len, at);
}

static void expect_status(pid_t pid, const char *key, const char *value)
{
    char text[128];
    status_of(pid, key, text, sizeof text);
    assert_string_equal(text, value);
}

static void expect_no_capabilities(pid_t pid)
{
    capng_clear(CAPNG_SELECT_ALL);
    capng_setpid(pid);
    assert_int_equal(capng_get_caps_process(), 0);
    assert_int_equal(capng_have_capabilities(CAPNG_SELECT_CAPS), CAPNG_NONE);
    assert_int_equal(capng_have_capabilities(CAPNG_SELECT_AMBIENT), CAPNG_NONE);
    expect_status(pid, "CapInh:\t", "0000000000000000");
    expect_status(pid, "CapPrm:\t", "0000000000000000");
    expect_status(pid, "CapEff:\t", "0000000000000000");
    expect_status(pid, "CapAmb:\t", "0000000000000000");
}

/* The set of descriptors of a process; those beyond 31 count as 31. */
static uint32_t descriptors_of(pid_t pid)
{
    char path[64];
    struct dirent *e;
    uint32_t set = 0;
    (void)snprintf(path, sizeof path, "/proc/%d/fd", pid);
    DIR *d = opendir(path);
    assert_non_null(d);
    while ((e = readdir(d)))
        if (e->d_name[0] != '.') {
            unsigned long fd = strtoul(e->d_name, NULL, 10);
            set |= UINT32_C(1) << (fd < 31 ? fd : 31);
        }
    (void)closedir(d);
    return set;
}

/* Exactly these, once it has closed what it needed on the way; it has a minute. */
static void expect_descriptors(pid_t pid, uint32_t set)
{
    for (int i = 0; i < 60000 && descriptors_of(pid) != set; i++)
        (void)poll(NULL, 0, 1);
    assert_int_equal(descriptors_of(pid), set);
}

static void expect_own_namespaces(pid_t pid)
{
    static const char *const names[] = {"user", "mnt", "pid", "net", "ipc", "uts", "cgroup"};
    for (size_t i = 0; i < BASE_COUNT(names); i++) {
        char path[64], theirs[64] = "", ours[64] = "";
        (void)snprintf(path, sizeof path, "/proc/%d/ns/%s", pid, names[i]);
        assert_true(readlink(path, theirs, sizeof theirs - 1) > 0);
        (void)snprintf(path, sizeof path, "/proc/self/ns/%s", names[i]);
        assert_true(readlink(path, ours, sizeof ours - 1) > 0);
        assert_string_not_equal(theirs, ours);
    }
}

static void start_guest(struct lab *lab, struct lab_run *run, uid_t uid)
{
    struct lab_plan p;
    char up[2];
    lab_start(lab, uid);
    lab_plan_init(&p, LAB_GUEST);
    p.argv[0] = "stay";
    p.argv[1] = "up";
    lab_prepare(lab, &p, run);
    const struct token t = lab_token(lab, run);
    lab_release(lab, run, &t);
    assert_true(lab_read(run, up, sizeof up));
}

static void stop_guest(struct lab *lab, struct lab_run *run)
{
    lab_cancel(lab, run, 0);
    lab_wait(lab, run);
    lab_run_fini(run);
    lab_stop(lab);
}

/* The four user and the four group ids of a process, all the same one. */
static unsigned long only_id(pid_t pid)
{
    char text[128], again[128];
    status_of(pid, "Uid:\t", text, sizeof text);
    unsigned long id = strtoul(text, NULL, 10);
    (void)snprintf(again, sizeof again, "%lu\t%lu\t%lu\t%lu", id, id, id, id);
    assert_string_equal(text, again);
    expect_status(pid, "Gid:\t", again);
    return id;
}

static void guest_and_init(uid_t uid, unsigned long *guest_id, unsigned long *init_id)
{
    struct lab lab;
    struct lab_run run;
    start_guest(&lab, &run, uid);
    pid_t init = lab_child_of(lab.pid), guest = lab_child_of(init);
    expect_no_capabilities(guest);
    expect_status(guest, "CapBnd:\t", "0000000000000000");
    expect_status(guest, "NoNewPrivs:\t", "1");
    expect_status(guest, "Seccomp:\t", "2");
    expect_descriptors(guest, 0x7);
    expect_own_namespaces(guest);
    expect_descriptors(init, 0x20f); /* streams, control socket, its signals */
    expect_no_capabilities(init);
    expect_status(init, "NoNewPrivs:\t", "1");
    *guest_id = only_id(guest);
    *init_id = only_id(init);
    stop_guest(&lab, &run);
}

/* Ids that no user has, two for each run. */
static void own_ids(void **state)
{
    unsigned long guest, init;
    (void)state;
    guest_and_init(0, &guest, &init);
    assert_in_range(init, 0x70000000, 0x77ffffff);
    assert_int_equal(guest, init + 1);
}

static void callers_ids(void **state)
{
    unsigned long guest, init;
    (void)state;
    guest_and_init(NOBODY, &guest, &init);
    assert_int_equal(guest, NOBODY);
    assert_int_equal(init, NOBODY);
}

/* init is closed to the host's ordinary users too; its memory holds nothing of the launcher's. */
static void init_is_closed(void **state)
{
    struct lab lab;
    struct lab_run run;
    char path[64], exe[PATH_MAX] = "";
    (void)state;
    start_guest(&lab, &run, 0);
    pid_t init = lab_child_of(lab.pid);
    (void)snprintf(path, sizeof path, "/proc/%d/exe", init);
    assert_true(readlink(path, exe, sizeof exe - 1) > 0);
    assert_non_null(strstr(exe, "reeve-init"));
    (void)snprintf(path, sizeof path, "/proc/%d/environ", init);
    auto_buf struct buf text;
    buf_init(&text, 4096);
    assert_int_equal(fd_slurp(AT_FDCWD, path, 4096, &text, NULL), 0);
    assert_int_equal(text.len, 0);
    stop_guest(&lab, &run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(own_ids), cmocka_unit_test(callers_ids),
                                       cmocka_unit_test(init_is_closed)};
    if (geteuid() != 0) {
        print_message("skipped: only root can look into a process that is undumpable\n");
        return SKIPPED;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
