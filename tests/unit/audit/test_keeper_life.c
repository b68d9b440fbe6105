/*
 * The keeper as a process: whom it outlives (nobody), which files it refuses to work with, and what
 * others of its own uid can see of it.
 */
#include "support.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* The owner's end of a keeper that has said its state. */
static int start(struct scene *s)
{
    struct keeper_state started;
    scene_make(s);
    int fd = scene_keeper(s);
    receive_frame(fd, &started, sizeof started, KEEPER_STATE);
    return fd;
}

static void finish(struct scene *s, int fd)
{
    fd_close(&fd);
    (void)scene_await_keeper(s);
    scene_remove(s);
}

static void test_it_ends_with_its_owner(void **state)
{
    (void)state;
    struct scene s;
    int fd = start(&s);
    fd_close(&fd);
    assert_int_equal(scene_await_keeper(&s), 0);
    finish(&s, fd);
}

static void test_it_ends_with_its_launcher(void **state)
{
    (void)state;
    struct scene s;
    char byte;
    int fd = start(&s);
    fd_close(&s.launcher_fd);
    assert_int_equal(recv(fd, &byte, 1, 0), 0);
    assert_int_equal(scene_await_keeper(&s), 0);
    finish(&s, fd);
}

static void test_a_launcher_has_nothing_to_say(void **state)
{
    (void)state;
    struct scene s;
    char byte = 0;
    int fd = start(&s);
    assert_int_equal(send(s.launcher_fd, &byte, 1, 0), 1);
    assert_int_equal(recv(fd, &byte, 1, 0), 0);
    finish(&s, fd);
}

/* Files that the keeper cannot use: it says which and what to do, and ends. */
static void break_key_mode(int dir_fd)
{
    assert_int_equal(fchmodat(dir_fd, AUDIT_KEY_NAME, 0644, 0), 0);
}
static void break_origin(int dir_fd)
{
    assert_int_equal(fd_write_file(dir_fd, AUDIT_ORIGIN_NAME, "a b\n", 4, 0644, NULL), 0);
}
static void break_head(int dir_fd)
{
    assert_int_equal(fd_write_file(dir_fd, AUDIT_HEAD_NAME, "head", 4, 0600, NULL), 0);
}
static void remove_head(int dir_fd)
{
    assert_int_equal(unlinkat(dir_fd, AUDIT_HEAD_NAME, 0), 0);
}
static const struct {
    void (*break_it)(int dir_fd);
    enum keeper_refusal reason;
    const char *says;
} broken[] = {
    {break_key_mode, KEEPER_REFUSAL_KEY, "chmod 600 key.pem"},
    {break_origin, KEEPER_REFUSAL_KEY, "origin must hold"},
    {break_head, KEEPER_REFUSAL_HEAD, "neither slot is whole and sealed with key.pem"},
    {remove_head, KEEPER_REFUSAL_HEAD, "nothing tells what was signed"},
};

static void test_files_that_cannot_be_used(void **state)
{
    (void)state;
    for (size_t i = 0; i < BASE_COUNT(broken); i++) {
        struct scene s;
        struct keeper_refused r;
        char text[sizeof r.text + 1] = "";
        scene_make(&s);
        broken[i].break_it(s.dir_fd);
        int fd = scene_keeper(&s);
        receive_frame(fd, &r, sizeof r, KEEPER_REFUSED);
        assert_int_equal(r.reason, broken[i].reason);
        memcpy(text, r.text, r.text_bytes);
        if (!strstr(text, broken[i].says))
            fail_msg("row %zu: %s", i, text);
        finish(&s, fd);
    }
}

static bool has_line(const char *path, const char *want)
{
    char line[256];
    FILE *f = fopen(path, "re");
    assert_non_null(f);
    bool found = false;
    while (fgets(line, sizeof line, f))
        found = found || strncmp(line, want, str_of(want).n) == 0;
    fclose(f);
    return found;
}

/* Give the folder to another uid, whom the keeper then runs as, when the test is root. */
static void run_as_nobody(struct scene *s)
{
    static const char *const names[] = {".", AUDIT_KEY_NAME, AUDIT_HEAD_NAME};
    if (geteuid() != 0)
        return;
    s->uid = 65534;
    for (size_t i = 0; i < BASE_COUNT(names); i++)
        assert_int_equal(fchownat(s->dir_fd, names[i], s->uid, (gid_t)-1, 0), 0);
}

/* Nobody of the same uid reads the key out of its memory or a core file: the kernel gives what an
 * undumpable process has under /proc to root. */
static void test_it_is_undumpable(void **state)
{
    (void)state;
    struct scene s;
    struct keeper_state started;
    char path[64];
    struct stat st;
    scene_make(&s);
    run_as_nobody(&s);
    int fd = scene_keeper(&s);
    receive_frame(fd, &started, sizeof started, KEEPER_STATE);
    (void)snprintf(path, sizeof path, "/proc/%d/limits", (int)s.keeper);
    assert_true(has_line(path, "Max core file size        0                    0  "));
    (void)snprintf(path, sizeof path, "/proc/%d/status", (int)s.keeper);
    assert_true(has_line(path, "NoNewPrivs:\t1"));
    (void)snprintf(path, sizeof path, "/proc/%d/mem", (int)s.keeper);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_uid, 0);
    (void)snprintf(path, sizeof path, "/proc/%d/status", (int)s.keeper);
    char uid[32];
    (void)snprintf(uid, sizeof uid, "Uid:\t%u", s.uid ? s.uid : geteuid());
    assert_true(has_line(path, uid));
    finish(&s, fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_it_ends_with_its_owner),
        cmocka_unit_test(test_it_ends_with_its_launcher),
        cmocka_unit_test(test_a_launcher_has_nothing_to_say),
        cmocka_unit_test(test_files_that_cannot_be_used),
        cmocka_unit_test(test_it_is_undumpable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
