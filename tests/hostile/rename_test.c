/*
 * What is hidden stays hidden while the host renames, removes and makes things around it, as every
 * editor does that saves a file: a guest looks at the path all the while and must never read what
 * comes to it. In both grades where this test is root.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/fs.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/hostile/lab.h"

#define NOBODY 65534

/* Not below /tmp, which every sandbox has of its own. */
static char folder[64];

/* Of the folder; good until the fourth next. */
static const char *path_of(const char *name)
{
    static char paths[4][128];
    static unsigned next;
    char *path = paths[next++ % 4];
    (void)snprintf(path, 128, "%s%s%s", folder, name[0] ? "/" : "", name);
    return path;
}

static void must(bool ok, const char *what)
{
    if (!ok)
        lab_die("%s: %s", what, strerror(errno));
}

static void make_folder(const char *name)
{
    must(mkdir(path_of(name), 0755) == 0 && chmod(path_of(name), 0755) == 0, name);
}

static void make_file(const char *name, const char *text)
{
    auto_close int fd = open(path_of(name), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    must(fd >= 0 && fd_write_all(fd, text, strlen(text)) == 0 && fchmod(fd, 0644) == 0, name);
}

static void move(const char *from, const char *to)
{
    must(rename(path_of(from), path_of(to)) == 0, from);
}

static void swap(const char *from, const char *to)
{
    must(syscall(SYS_renameat2, AT_FDCWD, path_of(from), AT_FDCWD, path_of(to), RENAME_EXCHANGE) ==
             0,
         from);
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st, (void)kind, (void)ftw;
    return remove(path);
}

static void remove_tree(const char *name)
{
    must(nftw(path_of(name), remove_one, 16, FTW_DEPTH | FTW_PHYS) == 0, name);
}

/* a/b/secret, and the same again beside it under other names. */
static void make_scene(void)
{
    strcpy(folder, "/var/tmp/rename-test-XXXXXX");
    must(mkdtemp(folder) && chmod(folder, 0755) == 0, folder);
    static const char *const folders[] = {"a", "a/b", "a/dir", "other", "other/b", "other/dir"};
    for (size_t i = 0; i < BASE_COUNT(folders); i++)
        make_folder(folders[i]);
    static const char *const files[] = {"a/b/secret",     "a/b/other",        "a/dir/secret",
                                        "other/b/secret", "other/dir/secret", "a/b/beside"};
    for (size_t i = 0; i < BASE_COUNT(files); i++)
        make_file(files[i], "SECRET");
}

/* ---- what the host does ---- */

static void over_the_file(void)
{
    move("a/b/other", "a/b/secret");
}
static void exchange_the_file(void)
{
    swap("a/b/other", "a/b/secret");
}
static void file_from_elsewhere(void)
{
    move("other/b/secret", "a/b/secret");
}
static void folder_away_and_new(void)
{
    move("a/dir", "a/old");
    move("other/dir", "a/dir");
}
static void exchange_the_folder(void)
{
    swap("other/dir", "a/dir");
}
static void parent_away_and_new(void)
{
    move("a/b", "a/old");
    move("other/b", "a/b");
}
static void exchange_the_parent(void)
{
    swap("other/b", "a/b");
}
static void ancestor_away_and_new(void)
{
    move("a", "old");
    move("other", "a");
}
static void exchange_the_ancestor(void)
{
    swap("other", "a");
}
static void file_removed_and_made(void)
{
    remove_tree("a/b/secret");
    make_file("a/b/secret", "SECRET");
}
static void folder_removed_and_made(void)
{
    remove_tree("a/dir");
    make_folder("a/dir");
    make_file("a/dir/secret", "SECRET");
}
static void ancestor_removed_and_made(void)
{
    remove_tree("a");
    make_folder("a");
    make_folder("a/b");
    make_file("a/b/secret", "SECRET");
}

enum shown { TREE, ANCESTOR, PARENT, ROOT, TREE_AND_PARENT, ALL_SHOWN };
static const char *const shown_names[ALL_SHOWN] = {"the folder", "an ancestor", "the parent", "/",
                                                   "the folder and the parent"};

static const struct row {
    const char *name;
    void (*change)(void);
    const char *hidden, *looked_at;
} rows[] = {
    {"nothing", NULL, "a/b/secret", "a/b/secret"},
    {"a file over the hidden one", over_the_file, "a/b/secret", "a/b/secret"},
    {"a file exchanged with it", exchange_the_file, "a/b/secret", "a/b/secret"},
    {"a file of another folder over it", file_from_elsewhere, "a/b/secret", "a/b/secret"},
    {"it is removed and made again", file_removed_and_made, "a/b/secret", "a/b/secret"},
    {"the hidden folder replaced", folder_away_and_new, "a/dir", "a/dir/secret"},
    {"the hidden folder exchanged", exchange_the_folder, "a/dir", "a/dir/secret"},
    {"the hidden folder made again", folder_removed_and_made, "a/dir", "a/dir/secret"},
    {"its parent replaced", parent_away_and_new, "a/b/secret", "a/b/secret"},
    {"its parent exchanged", exchange_the_parent, "a/b/secret", "a/b/secret"},
    {"an ancestor replaced", ancestor_away_and_new, "a/b/secret", "a/b/secret"},
    {"an ancestor exchanged", exchange_the_ancestor, "a/b/secret", "a/b/secret"},
    {"an ancestor made again", ancestor_removed_and_made, "a/b/secret", "a/b/secret"},
};

/* ---- a guest that looks ---- */

#define ROUNDS 8 /* of the guest's, after the change */

static void show(struct lab_plan *p, enum shown shown, const char *parent)
{
    static char a[128];
    (void)snprintf(a, sizeof a, "%s/a", folder);
    if (shown == ROOT)
        lab_mount(p, PLAN_MOUNT_READ, "/", "/");
    if (shown == TREE || shown == TREE_AND_PARENT)
        lab_mount(p, PLAN_MOUNT_READ, folder, folder);
    if (shown == ANCESTOR)
        lab_mount(p, PLAN_MOUNT_READ, a, a);
    if (shown == PARENT || shown == TREE_AND_PARENT)
        lab_mount(p, PLAN_MOUNT_READ, parent, parent);
}

/* One byte for each time that the guest looked: '.' nothing to be read, '!' it was. */
static void expect_unseen(const struct lab_run *run, const struct row *row, enum shown shown)
{
    char looks[ROUNDS];
    if (!lab_read(run, looks, sizeof looks))
        fail_msg("%s, shown by %s: the guest ended", row->name, shown_names[shown]);
    if (memchr(looks, '!', sizeof looks))
        fail_msg("%s, shown by %s: the guest read it", row->name, shown_names[shown]);
}

/* What was said before the change, so that the next looks come after it. */
static void drain(const struct lab_run *run, const struct row *row, enum shown shown)
{
    char looks[4096];
    int flags = fcntl(run->output, F_GETFL);
    must(fcntl(run->output, F_SETFL, flags | O_NONBLOCK) == 0, "pipe");
    for (ssize_t n; (n = read(run->output, looks, sizeof looks)) > 0;)
        if (memchr(looks, '!', (size_t)n))
            fail_msg("%s, shown by %s: the guest read it", row->name, shown_names[shown]);
    must(fcntl(run->output, F_SETFL, flags) == 0, "pipe");
}

static void watch(struct lab *lab, const struct row *row, enum shown shown)
{
    char hidden[128], parent[128], looked_at[128];
    struct lab_plan p;
    struct lab_run run;
    make_scene();
    (void)snprintf(hidden, sizeof hidden, "%s", path_of(row->hidden));
    (void)snprintf(looked_at, sizeof looked_at, "%s", path_of(row->looked_at));
    (void)snprintf(parent, sizeof parent, "%s", hidden);
    *strrchr(parent, '/') = '\0';
    lab_plan_init(&p, LAB_GUEST);
    p.argv[0] = "watch";
    p.argv[1] = looked_at;
    show(&p, shown, parent);
    lab_mount(&p, PLAN_MOUNT_HIDE, "", hidden);
    lab_prepare(lab, &p, &run);
    const struct token t = lab_token(lab, &run);
    lab_release(lab, &run, &t);
    expect_unseen(&run, row, shown);
    if (row->change)
        row->change();
    drain(&run, row, shown);
    expect_unseen(&run, row, shown);
    lab_cancel(lab, &run, 0);
    lab_wait(lab, &run);
    lab_run_fini(&run);
    remove_tree("");
}

/* The guest can see: where nothing is hidden, what is there and what comes there. */
static void expect_seen(struct lab *lab)
{
    struct lab_plan p;
    struct lab_run run;
    char look, path[128];
    make_scene();
    (void)snprintf(path, sizeof path, "%s", path_of("a/b/secret"));
    lab_plan_init(&p, LAB_GUEST);
    p.argv[0] = "watch";
    p.argv[1] = path;
    lab_mount(&p, PLAN_MOUNT_READ, folder, folder);
    lab_prepare(lab, &p, &run);
    const struct token t = lab_token(lab, &run);
    lab_release(lab, &run, &t);
    assert_true(lab_read(&run, &look, 1));
    assert_int_equal(look, '!');
    lab_cancel(lab, &run, 0);
    lab_wait(lab, &run);
    lab_run_fini(&run);
    remove_tree("");
}

static void unseen_as(uid_t uid)
{
    struct lab lab;
    lab_start(&lab, uid);
    assert_int_equal(lab.hello.userns_errno, 0);
    expect_seen(&lab);
    for (size_t i = 0; i < BASE_COUNT(rows); i++)
        for (int shown = 0; shown < ALL_SHOWN; shown++)
            watch(&lab, &rows[i], (enum shown)shown);
    lab_stop(&lab);
}

static void unseen(void **state)
{
    (void)state;
    unseen_as(0);
}

static void unseen_unprivileged(void **state)
{
    (void)state;
    if (geteuid() != 0) {
        print_message("skipped: this test is no root that could become another user\n");
        skip();
    }
    unseen_as(NOBODY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(unseen),
                                       cmocka_unit_test(unseen_unprivileged)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
