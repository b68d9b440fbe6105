/* Files that appear whole: what a name holds, and what is left when the writer is ended. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/base.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct folder {
    char path[64];
    int fd;
};

static void folder_make(struct folder *f)
{
    (void)snprintf(f->path, sizeof f->path, "/tmp/reeve-file-XXXXXX");
    assert_non_null(mkdtemp(f->path));
    f->fd = open(f->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(f->fd >= 0);
}

/* The number of entries; removes them with `remove`. */
static unsigned entries(const struct folder *f, bool remove)
{
    unsigned n = 0;
    DIR *d = opendir(f->path);
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d));) {
        if (e->d_name[0] == '.')
            continue;
        n++;
        if (remove && unlinkat(f->fd, e->d_name, 0) != 0)
            assert_int_equal(unlinkat(f->fd, e->d_name, AT_REMOVEDIR), 0);
    }
    (void)closedir(d);
    return n;
}

static void folder_remove(struct folder *f)
{
    (void)entries(f, true);
    assert_int_equal(rmdir(f->path), 0);
    fd_close(&f->fd);
}

static void assert_holds(const struct folder *f, const char *name, const char *text, mode_t mode)
{
    auto_buf struct buf b = {0};
    struct stat st;
    assert_int_equal(fd_slurp(f->fd, name, 100, &b, NULL), 0);
    assert_true(str_is(buf_view(&b), text));
    assert_int_equal(fstatat(f->fd, name, &st, 0), 0);
    assert_int_equal(st.st_mode & 07777, mode);
}

static void test_new_and_replaced(void **state)
{
    (void)state;
    struct folder f;
    folder_make(&f);
    mode_t before = umask(077);
    assert_int_equal(fd_write_file(f.fd, "a", "one", 3, 0644, NULL), 0);
    assert_holds(&f, "a", "one", 0644);
    assert_int_equal(fd_write_file(f.fd, "a", "two!", 4, 0600, NULL), 0);
    assert_holds(&f, "a", "two!", 0600);
    assert_int_equal(fd_write_file(f.fd, "b", "", 0, 0600, NULL), 0);
    assert_holds(&f, "b", "", 0600);
    assert_int_equal(entries(&f, false), 2);
    (void)umask(before);
    folder_remove(&f);
}

static void test_what_cannot_be_written(void **state)
{
    (void)state;
    struct folder f;
    struct reeve_error err = {0};
    char name[256];
    folder_make(&f);
    memset(name, 'n', sizeof name);
    name[240] = '\0';
    assert_int_equal(fd_write_file(f.fd, name, "x", 1, 0600, &err), REEVE_EINVAL);
    assert_int_equal(mkdirat(f.fd, "folder", 0700), 0);
    assert_int_equal(fd_write_file(f.fd, "folder", "x", 1, 0600, &err), REEVE_EIO);
    assert_int_equal(entries(&f, false), 1); /* nothing beside it is left */
    folder_remove(&f);
}

/* The kernel ends the child in the middle of its write. */
static void be_ended(const struct folder *f)
{
    static const char secret[4096] = "the private key";
    struct rlimit small = {1000, 1000}, none = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &none);
    (void)signal(SIGXFSZ, SIG_DFL);
    if (setrlimit(RLIMIT_FSIZE, &small) == 0)
        (void)fd_write_file(f->fd, "key.pem", secret, sizeof secret, 0600, NULL);
    _exit(0);
}

static void test_a_writer_that_is_ended(void **state)
{
    (void)state;
    struct folder f;
    int status;
    folder_make(&f);
    auto_close int unnamed = openat(f.fd, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        be_ended(&f);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGXFSZ);
    if (unnamed >= 0)
        assert_int_equal(entries(&f, false), 0);
    else
        print_message("the file system has no files without a name: only the sweep was tried\n");
    fd_sweep_temps(f.fd);
    assert_int_equal(entries(&f, false), 0);
    folder_remove(&f);
}

static void test_sweep(void **state)
{
    (void)state;
    static const char *const names[] = {
        "key.pem.0123456789abcdef.tmp", /* ours; all others stay */
        "key.pem.0123456789abcde.tmp",
        "key.pem.0123456789abcdeg.tmp",
        "key.pem.0123456789abcdef",
        "0123456789abcdef.tmp",
        "key.pem",
        "a.tmp",
        "key.pem-0123456789abcdef.tmp",
    };
    struct folder f;
    folder_make(&f);
    for (size_t i = 0; i < BASE_COUNT(names); i++)
        assert_int_equal(fd_write_file(f.fd, names[i], "x", 1, 0600, NULL), 0);
    fd_sweep_temps(f.fd);
    assert_int_equal(faccessat(f.fd, names[0], F_OK, 0), -1);
    assert_int_equal(entries(&f, false), BASE_COUNT(names) - 1);
    folder_remove(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_new_and_replaced),
        cmocka_unit_test(test_what_cannot_be_written),
        cmocka_unit_test(test_a_writer_that_is_ended),
        cmocka_unit_test(test_sweep),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
