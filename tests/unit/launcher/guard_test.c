/*
 * The state folder is not shown, by whatever path a plan comes to it, in both grades where this
 * test is root. It is as open as a folder can be here, so that nothing but the launcher stands
 * before it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/hostile/lab.h"

#define NOBODY 65534

struct world {
    struct lab lab;
    char dir[64];
    bool bound; /* alias is home, bound */
};

/* Of the folder that the world made; good until the fourth next. */
static const char *path_of(const struct world *w, const char *name)
{
    static char paths[4][128];
    static unsigned next;
    char *path = paths[next++ % 4];
    (void)snprintf(path, 128, "%s%s", w->dir, name);
    return path;
}

static void make_folder(const struct world *w, const char *name)
{
    if (mkdir(path_of(w, name), 0755) < 0 || chmod(path_of(w, name), 0755) < 0)
        lab_die("%s: %s", name, strerror(errno));
}

static void make_file(const struct world *w, const char *name)
{
    auto_close int fd = open(path_of(w, name), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0 || fchmod(fd, 0644) < 0 || fd_write_all(fd, "text", 4) < 0)
        lab_die("%s: %s", name, strerror(errno));
}

static struct world *set_up(uid_t uid)
{
    struct world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    strcpy(w->dir, "/tmp/guard-test-XXXXXX");
    if (!mkdtemp(w->dir) || chmod(w->dir, 0755) < 0)
        lab_die("no folder: %s", strerror(errno));
    strcat(w->dir, "/");
    make_folder(w, "home");
    make_folder(w, "alias");
    make_folder(w, "home/state");
    make_folder(w, "home/state/blobs");
    make_file(w, "home/state/key");
    make_file(w, "home/state/blobs/blob");
    make_file(w, "home/file");
    w->bound = geteuid() == 0;
    if (w->bound && mount(path_of(w, "home"), path_of(w, "alias"), NULL, MS_BIND, NULL) < 0)
        lab_die("no bind: %s", strerror(errno));
    lab_start_beside(&w->lab, uid, path_of(w, "home/state"));
    assert_int_equal(w->lab.hello.userns_errno, 0);
    return w;
}

static void remove_files(const struct world *w, const char *state)
{
    static const char *const files[] = {"/key", "/blobs/blob", "/blobs", ""};
    char name[64];
    for (size_t i = 0; i < BASE_COUNT(files); i++) {
        (void)snprintf(name, sizeof name, "%s%s", state, files[i]);
        assert_int_equal(remove(path_of(w, name)), 0);
    }
}

static void tear_down(struct world **world)
{
    static const char *const left[] = {"home/file", "home", "alias", ""};
    struct world *w = *world;
    lab_stop(&w->lab);
    if (w->bound)
        assert_int_equal(umount(path_of(w, "alias")), 0);
    for (size_t i = 0; i < BASE_COUNT(left); i++)
        assert_int_equal(remove(path_of(w, left[i])), 0);
    free(w);
    *world = NULL;
}

/* ---- a guest that is shown `source` at `target` and reads `file` ---- */

static struct lab_plan reader(const char *source, const char *target, const char *file)
{
    struct lab_plan p;
    lab_plan_init(&p, LAB_GUEST);
    p.argv[0] = "read";
    p.argv[1] = file;
    lab_mount(&p, PLAN_MOUNT_READ, source, target);
    return p;
}

static void expect_read(struct world *w, const char *source, const char *target, const char *file,
                        int status)
{
    struct lab_run run;
    const struct lab_plan p = reader(source, target, file);
    lab_do(&w->lab, &p, &run);
    lab_run_fini(&run);
    if (run.end.how != CORE_HOW_OK || run.end.status != status)
        fail_msg("%s of %s: how %u why %s error %d status %d", file, source, run.end.how,
                 launcher_why_text(run.end.why), run.end.error, run.end.status);
}

static void expect_refused(struct world *w, const char *source, uint32_t why, int error)
{
    struct lab_run run;
    const struct lab_plan p = reader(source, "/x", "/x");
    lab_prepare(&w->lab, &p, &run);
    lab_wait(&w->lab, &run);
    lab_run_fini(&run);
    if (run.end.how != CORE_HOW_ERROR || run.end.why != why || run.end.error != error)
        fail_msg("%s: how %u why %s error %d", source, run.end.how, launcher_why_text(run.end.why),
                 run.end.error);
    assert_false(run.started);
}

/* Covered, with all that lies beside it in sight. */
static void expect_covered(struct world *w, const char *state)
{
    char key[64], by_alias[64];
    (void)snprintf(key, sizeof key, "%s/key", path_of(w, state));
    (void)snprintf(by_alias, sizeof by_alias, "/here%s/key", strchr(state, '/'));
    const char *home = path_of(w, "home");
    expect_read(w, home, home, key, 1);
    expect_read(w, home, home, path_of(w, "home/file"), 0);
    expect_read(w, home, "/here", by_alias, 1);
    expect_read(w, home, "/here", "/here/file", 0);
    expect_read(w, "/", "/", "/etc/passwd", 0);
    expect_read(w, "/", "/", key, 1);
    expect_read(w, "/tmp", "/tmp", key, 1);
    if (w->bound) {
        expect_read(w, path_of(w, "alias"), "/here", by_alias, 1);
        expect_read(w, path_of(w, "alias"), "/here", "/here/file", 0);
    }
}

/* By the plan as well, as an honest owner does. */
static void expect_hidden_twice(struct world *w, const char *state)
{
    struct lab_run run;
    char key[64];
    (void)snprintf(key, sizeof key, "%s/key", path_of(w, state));
    const char *home = path_of(w, "home");
    struct lab_plan p = reader(home, home, key);
    lab_mount(&p, PLAN_MOUNT_HIDE, "", path_of(w, state));
    lab_do(&w->lab, &p, &run);
    lab_run_fini(&run);
    if (run.end.how != CORE_HOW_OK || run.end.status != 1)
        fail_msg("how %u why %s error %d status %d index %d", run.end.how,
                 launcher_why_text(run.end.why), run.end.error, run.end.status, run.end.index);
}

/* By the launcher alone, where the plan hides something else, so that the folder, or one that it
 * lies in, is shown as an entry with a mount of its own. */
static void expect_covered_beside(struct world *w, const char *shown, const char *other,
                                  const char *state)
{
    static const char *const files[] = {"key", "blobs/blob"};
    char file[64], hidden[64], source[64];
    struct lab_run run;
    (void)snprintf(hidden, sizeof hidden, "%s", path_of(w, other));
    (void)snprintf(source, sizeof source, "%s", path_of(w, shown));
    if (!shown[0])
        source[strlen(source) - 1] = '\0';
    for (size_t i = 0; i < BASE_COUNT(files); i++) {
        (void)snprintf(file, sizeof file, "%s/%s", path_of(w, state), files[i]);
        struct lab_plan p = reader(source, source, file);
        lab_mount(&p, PLAN_MOUNT_HIDE, "", hidden);
        lab_do(&w->lab, &p, &run);
        lab_run_fini(&run);
        if (run.end.how != CORE_HOW_OK || run.end.status != 1)
            fail_msg("how %u why %s error %d status %d index %d", run.end.how,
                     launcher_why_text(run.end.why), run.end.error, run.end.status, run.end.index);
    }
}

static void lies_in_it(struct world *w, const char *state)
{
    static const char *const inside[] = {"", "/key", "/blobs", "/blobs/blob"};
    char name[64];
    for (size_t i = 0; i < BASE_COUNT(inside); i++) {
        (void)snprintf(name, sizeof name, "%s%s", state, inside[i]);
        expect_refused(w, path_of(w, name), LAUNCHER_WHY_MOUNT_OPEN, EPERM);
        if (!w->bound)
            continue;
        (void)snprintf(name, sizeof name, "alias%s%s", strchr(state, '/'), inside[i]);
        expect_refused(w, path_of(w, name), LAUNCHER_WHY_MOUNT_OPEN, EPERM);
    }
}

static void not_shown_as(uid_t uid)
{
    struct world *w = set_up(uid);
    lies_in_it(w, "home/state");
    expect_covered(w, "home/state");
    expect_hidden_twice(w, "home/state");
    expect_covered_beside(w, "home", "home/file", "home/state");
    expect_covered_beside(w, "", "home/file", "home/state");
    expect_covered_beside(w, "", "alias", "home/state");
    /* It is the folder that is known, not its name. */
    assert_int_equal(rename(path_of(w, "home/state"), path_of(w, "home/moved")), 0);
    lies_in_it(w, "home/moved");
    expect_covered(w, "home/moved");
    remove_files(w, "home/moved");
    expect_refused(w, path_of(w, "home"), LAUNCHER_WHY_STATE_FOLDER, ENOENT);
    tear_down(&w);
}

static void not_shown(void **state)
{
    (void)state;
    not_shown_as(0);
}

static void not_shown_to_the_same_user(void **state)
{
    (void)state;
    if (geteuid() != 0) {
        print_message("skipped: this test is no root that could become another user\n");
        skip();
    }
    not_shown_as(NOBODY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(not_shown),
                                       cmocka_unit_test(not_shown_to_the_same_user)};
    if (geteuid() == 0 &&
        (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0))
        return 2;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
