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

#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/hostile/lab.h"
#include "tests/hostile/tree.h"

#define NOBODY 65534

static void move(const char *from, const char *to)
{
    tree_must(rename(tree_path(from), tree_path(to)) == 0, from);
}

static void swap(const char *from, const char *to)
{
    tree_must(syscall(SYS_renameat2, AT_FDCWD, tree_path(from), AT_FDCWD, tree_path(to),
                      RENAME_EXCHANGE) == 0,
              from);
}

/* a/b/secret, and the same again beside it under other names. */
static void make_scene(void)
{
    tree_make("/var/tmp/rename-test-XXXXXX");
    static const char *const folders[] = {"a", "a/b", "a/dir", "other", "other/b", "other/dir"};
    for (size_t i = 0; i < BASE_COUNT(folders); i++)
        tree_folder(folders[i]);
    static const char *const files[] = {"a/b/secret",     "a/b/other",        "a/dir/secret",
                                        "other/b/secret", "other/dir/secret", "a/b/beside"};
    for (size_t i = 0; i < BASE_COUNT(files); i++)
        tree_file(files[i], "SECRET");
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
    tree_remove("a/b/secret");
    tree_file("a/b/secret", "SECRET");
}
static void folder_removed_and_made(void)
{
    tree_remove("a/dir");
    tree_folder("a/dir");
    tree_file("a/dir/secret", "SECRET");
}
static void ancestor_removed_and_made(void)
{
    tree_remove("a");
    tree_folder("a");
    tree_folder("a/b");
    tree_file("a/b/secret", "SECRET");
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
    (void)snprintf(a, sizeof a, "%s/a", tree_root());
    if (shown == ROOT)
        lab_mount(p, PLAN_MOUNT_READ, "/", "/");
    if (shown == TREE || shown == TREE_AND_PARENT)
        lab_mount(p, PLAN_MOUNT_READ, tree_root(), tree_root());
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
    tree_must(fcntl(run->output, F_SETFL, flags | O_NONBLOCK) == 0, "pipe");
    for (ssize_t n; (n = read(run->output, looks, sizeof looks)) > 0;)
        if (memchr(looks, '!', (size_t)n))
            fail_msg("%s, shown by %s: the guest read it", row->name, shown_names[shown]);
    tree_must(fcntl(run->output, F_SETFL, flags) == 0, "pipe");
}

static void watch(struct lab *lab, const struct row *row, enum shown shown)
{
    char hidden[128], parent[128], looked_at[128];
    struct lab_plan p;
    struct lab_run run;
    make_scene();
    (void)snprintf(hidden, sizeof hidden, "%s", tree_path(row->hidden));
    (void)snprintf(looked_at, sizeof looked_at, "%s", tree_path(row->looked_at));
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
    tree_remove("");
}

/* The guest can see: where nothing is hidden, what is there and what comes there. */
static void expect_seen(struct lab *lab)
{
    struct lab_plan p;
    struct lab_run run;
    char look, path[128];
    make_scene();
    (void)snprintf(path, sizeof path, "%s", tree_path("a/b/secret"));
    lab_plan_init(&p, LAB_GUEST);
    p.argv[0] = "watch";
    p.argv[1] = path;
    lab_mount(&p, PLAN_MOUNT_READ, tree_root(), tree_root());
    lab_prepare(lab, &p, &run);
    const struct token t = lab_token(lab, &run);
    lab_release(lab, &run, &t);
    assert_true(lab_read(&run, &look, 1));
    assert_int_equal(look, '!');
    lab_cancel(lab, &run, 0);
    lab_wait(lab, &run);
    lab_run_fini(&run);
    tree_remove("");
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
