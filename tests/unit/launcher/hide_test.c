/*
 * What is shown beside something hidden, and what is not: each kind of entry, the attributes of
 * their mounts, folders that their reader may not list, paths that are shown inside a hidden one,
 * the bound. In both grades where this test is root.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "tests/hostile/lab.h"
#include "tests/hostile/tree.h"

#define NOBODY 65534

static void make_links(void)
{
    char longest[300] = "";
    while (strlen(longest) < 280)
        strcat(longest, "./");
    strcat(longest, "plain");
    tree_must(symlink("plain", tree_path("link")) == 0, "link");
    tree_must(symlink(longest, tree_path("long-link")) == 0, "long-link");
    tree_must(symlink("dir/secret", tree_path("link-to-secret")) == 0, "link-to-secret");
    tree_must(symlink("nowhere", tree_path("dangling")) == 0, "dangling");
}

#define ENTRIES 10 /* of the scene, without what is left out */

/* What is foreign to every guest can be entered and not listed; what is `uid`'s own cannot even be
 * entered. */
static void make_scene(uid_t uid)
{
    static const char *const folders[] = {
        "dir", "dir/deep", "dir/deep/shown", "other", "dir/in", "foreign", "own", "foreign/shown"};
    static const char *const files[] = {
        "plain",      "secret",         "dir/file",     "dir/secret",         "dir/deep/secret",
        "other/file", "foreign/secret", "foreign/file", "foreign/shown/file", "own/secret",
        "own/file",   "dir/in/secret",  "dir/in/file",  "dir/deep/shown/file"};
    tree_make("/var/tmp/hide-test-XXXXXX");
    for (size_t i = 0; i < BASE_COUNT(folders); i++)
        tree_folder(folders[i]);
    for (size_t i = 0; i < BASE_COUNT(files); i++)
        tree_file(files[i], "text");
    make_links();
    tree_must(mkfifo(tree_path("fifo"), 0666) == 0, "fifo");
    if (geteuid() != 0)
        return;
    tree_must(chmod(tree_path("foreign"), 0711) == 0, "foreign");
    tree_must(chown(tree_path("own"), uid, uid) == 0 && chmod(tree_path("own"), 0) == 0, "own");
}

static void remove_scene(void)
{
    (void)chmod(tree_path("own"), 0700);
    tree_remove("");
}

/* ---- a guest with something hidden ---- */

static void plan_of(struct lab_plan *p, const char *word, const char *name)
{
    static char at[128], paths[9][128];
    static const struct {
        enum plan_mount_kind kind;
        const char *name;
    } mounts[BASE_COUNT(paths)] = {
        {PLAN_MOUNT_READ, ""},
        {PLAN_MOUNT_HIDE, "dir/deep"},
        {PLAN_MOUNT_READ, "dir/deep/shown"},
        {PLAN_MOUNT_HIDE, "dir/in/secret"},
        {PLAN_MOUNT_HIDE, "dir/secret"},
        {PLAN_MOUNT_HIDE, "foreign/secret"},
        {PLAN_MOUNT_READ, "foreign/shown"},
        {PLAN_MOUNT_HIDE, "own/secret"},
        {PLAN_MOUNT_HIDE, "secret"},
    };
    lab_plan_init(p, LAB_GUEST);
    p->argv[0] = word;
    (void)snprintf(at, sizeof at, "%s", tree_path(name));
    p->argv[1] = at;
    for (size_t i = 0; i < BASE_COUNT(mounts); i++) {
        (void)snprintf(paths[i], sizeof paths[i], "%s", tree_path(mounts[i].name));
        bool read = mounts[i].kind == PLAN_MOUNT_READ;
        lab_mount(p, mounts[i].kind, read ? paths[i] : "", paths[i]);
    }
}

/* What the guest says, as a number to the base; -1: it could not. */
static long ask(struct lab *lab, const char *word, const char *name, int base)
{
    char text[32] = "";
    struct lab_plan p;
    struct lab_run run;
    plan_of(&p, word, name);
    lab_do(lab, &p, &run);
    if (run.end.how != CORE_HOW_OK || run.end.signal)
        fail_msg("%s %s: how %u why %s error %d index %u", word, name, run.end.how,
                 launcher_why_text(run.end.why), run.end.error, run.end.index);
    long answer = run.end.status == 0 && read(run.output, text, sizeof text - 1) > 0
                      ? strtol(text, NULL, base)
                      : -1;
    lab_run_fini(&run);
    return answer;
}

static void expect(const char *name, long is, long should)
{
    if (is != should)
        fail_msg("%s: %ld, expected %ld", name, is, should);
}

static void what_is_read(struct lab *lab)
{
    bool root = geteuid() == 0;
    const struct {
        const char *name;
        long answer; /* 0: it is read */
    } rows[] = {
        {"plain", 0},
        {"secret", -1},
        {"dir/file", 0},
        {"dir/secret", -1},
        {"dir/deep/secret", -1},
        {"dir/deep/shown/file", 0},
        {"dir/in/secret", -1},
        {"dir/in/file", 0},
        {"other/file", 0},
        {"link", 0},
        {"long-link", 0},
        {"link-to-secret", -1},
        {"foreign/secret", -1},
        {"foreign/file", root ? -1 : 0},
        {"foreign/shown/file", 0},
        {"own/secret", -1},
        {"own/file", root ? -1 : 0},
    };
    for (size_t i = 0; i < BASE_COUNT(rows); i++)
        expect(rows[i].name, ask(lab, "read", rows[i].name, 10), rows[i].answer);
}

static void what_is_listed(struct lab *lab)
{
    bool root = geteuid() == 0;
    expect("entries", ask(lab, "count", "", 10), ENTRIES);
    expect("entries of dir", ask(lab, "count", "dir", 10), 4);
    expect("entries of dir/deep", ask(lab, "count", "dir/deep", 10), -1);
    expect("entries of foreign", ask(lab, "count", "foreign", 10), root ? -1 : 3);
    expect("entries of own", ask(lab, "count", "own", 10), root ? -1 : 2);
}

/* What is pinned may have no program; what is beside is as the grant shows it. */
static void attributes(struct lab *lab)
{
    const unsigned long shown = ST_RDONLY | ST_NOSUID | ST_NODEV;
    static const char *const own[] = {"", "dir", "secret", "dir/in"}, *const beside[] = {"plain",
                                                                                         "other"};
    for (size_t i = 0; i < BASE_COUNT(own); i++)
        expect(own[i], ask(lab, "mount", own[i], 16), (long)(shown | ST_NOEXEC));
    struct statvfs host;
    assert_int_equal(statvfs(tree_root(), &host), 0);
    for (size_t i = 0; i < BASE_COUNT(beside); i++)
        expect(beside[i], ask(lab, "mount", beside[i], 16),
               (long)(shown | (host.f_flag & ST_NOEXEC)));
}

/* ---- the bound ---- */

static void hide_one_of(struct lab *lab, const char *word, struct lab_run *run)
{
    struct lab_plan p;
    char crowd[128], one[128], last[128];
    (void)snprintf(crowd, sizeof crowd, "%s", tree_path("crowd"));
    (void)snprintf(one, sizeof one, "%s", tree_path("crowd/0"));
    (void)snprintf(last, sizeof last, "%s", tree_path("crowd/4095"));
    lab_plan_init(&p, LAB_GUEST);
    p.argv[0] = word;
    p.argv[1] = strcmp(word, "read") == 0 ? last : crowd;
    lab_mount(&p, PLAN_MOUNT_READ, crowd, crowd);
    lab_mount(&p, PLAN_MOUNT_HIDE, "", one);
    lab_do(lab, &p, run);
}

static void bound(struct lab *lab)
{
    char name[32];
    struct lab_run run;
    tree_folder("crowd");
    for (unsigned i = 0; i < LAUNCHER_MAX_PINNED; i++) {
        (void)snprintf(name, sizeof name, "crowd/%u", i);
        tree_file(name, "text");
    }
    hide_one_of(lab, "read", &run);
    assert_int_equal(run.end.how, CORE_HOW_OK);
    assert_int_equal(run.end.status, 0);
    lab_run_fini(&run);
    tree_file("crowd/one-more", "text");
    hide_one_of(lab, "read", &run);
    assert_int_equal(run.end.how, CORE_HOW_ERROR);
    assert_int_equal(run.end.why, LAUNCHER_WHY_CROWDED);
    assert_int_equal(run.end.error, strlen(tree_path("crowd")));
    assert_int_equal(run.end.index, 1);
    assert_false(run.started);
    lab_run_fini(&run);
}

/* ---- */

static void beside_as(uid_t uid)
{
    struct lab lab;
    make_scene(uid);
    lab_start(&lab, uid);
    assert_int_equal(lab.hello.userns_errno, 0);
    what_is_read(&lab);
    what_is_listed(&lab);
    attributes(&lab);
    bound(&lab);
    lab_stop(&lab);
    remove_scene();
}

static void beside(void **state)
{
    (void)state;
    beside_as(0);
}

static void beside_unprivileged(void **state)
{
    (void)state;
    if (geteuid() != 0) {
        print_message("skipped: this test is no root that could become another user\n");
        skip();
    }
    beside_as(NOBODY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(beside),
                                       cmocka_unit_test(beside_unprivileged)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
