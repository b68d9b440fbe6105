/*
 * A log whose end is lost gives way to a new one. Ended at every step, the next try goes on; of the
 * old log every file that there was is in the folder beside, and its key is nowhere.
 */
#include "support.h"

#include "audit/loss.h"
#include "disk.h"

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define NEW_ORIGIN SCENE_ORIGIN "/after-9"
#define FOLDER     "lost-6-8"

/* A log of 9 records, of which the file has 6: an older copy was put back. */
static void scene_lost(struct scene *s, struct audit_head *head)
{
    struct audit_found found;
    scene_log(s, 6);
    scene_save(s, AUDIT_DB_NAME, "kept.db");
    scene_extend(s);
    scene_save(s, "kept.db", AUDIT_DB_NAME);
    assert_int_equal(unlinkat(s->dir_fd, "kept.db", 0), 0);
    struct audit_log *log = scene_open(s, &found);
    assert_int_equal(found.condition, AUDIT_TAIL_LOST);
    assert_int_equal(found.first_bad, 6);
    audit_log_head(log, head);
    head->note.p = head->text;
    head->vkey.p = head->key;
    head->origin = STR(SCENE_ORIGIN);
    audit_found_fini(&found);
    scene_close(s, &log);
}

static void remove_folder(const struct scene *s)
{
    static const char *const names[] = {AUDIT_DB_NAME,   AUDIT_DB_NAME "-wal", AUDIT_HEAD_NAME,
                                        AUDIT_VKEY_NAME, AUDIT_ORIGIN_NAME,    "plans.db",
                                        "plans.db-wal"};
    for (size_t i = 0; i < BASE_COUNT(names); i++) {
        char path[64];
        (void)snprintf(path, sizeof path, FOLDER "/%s", names[i]);
        (void)unlinkat(s->dir_fd, path, 0);
    }
    assert_int_equal(unlinkat(s->dir_fd, FOLDER, AT_REMOVEDIR), 0);
}

static bool holds(const struct scene *s, const char *name, const char *text)
{
    auto_buf struct buf b = {0};
    return fd_slurp(s->dir_fd, name, 100000, &b, NULL) == 0 && b.len &&
           memmem(b.data, b.len, text, strlen(text));
}

/* What must be after all is done, however often it was ended. */
static void assert_done(struct scene *s, const struct audit_head *old)
{
    struct audit_found found;
    struct audit_head now;
    struct reeve_error err = {0};
    char root[] = FOLDER "/" AUDIT_DB_NAME;
    assert_int_equal(faccessat(s->dir_fd, root, F_OK, 0), 0);
    assert_true(holds(s, FOLDER "/" AUDIT_ORIGIN_NAME, SCENE_ORIGIN "\n"));
    assert_int_equal(faccessat(s->dir_fd, FOLDER "/" AUDIT_HEAD_NAME, F_OK, 0), 0);
    assert_int_equal(faccessat(s->dir_fd, FOLDER "/" AUDIT_KEY_NAME, F_OK, 0), -1);
    struct audit_log *log = scene_open(s, &found);
    assert_int_equal(found.condition, AUDIT_OK);
    audit_log_head(log, &now);
    assert_true(str_is(now.origin, NEW_ORIGIN));
    assert_int_equal(now.size, 0);
    assert_false(str_eq(now.vkey, old->vkey));
    put_record(log, "start");
    flush(log, NULL, 0);
    assert_whole(log, 1);
    audit_found_fini(&found);
    scene_close(s, &log);
    assert_rc(audit_loss_forget(s->dir_fd, &err), 0, &err);
    assert_rc(audit_loss_forget(s->dir_fd, &err), 0, &err);
}

static void test_once(void **state)
{
    (void)state;
    static struct audit_head head;
    struct scene s;
    struct reeve_error err = {0};
    auto_buf struct buf told = {0};
    scene_lost(&s, &head);
    assert_rc(audit_loss_finish(s.dir_fd, &told, &err), 0, &err);
    assert_int_equal(told.len, 0); /* nobody gave anything up */
    assert_rc(audit_loss_begin(s.dir_fd, &head, 6, STR("the disk is gone"), 7, &err), 0, &err);
    assert_rc(audit_loss_finish(s.dir_fd, &told, &err), 0, &err);
    auto_json struct json_text t = {0};
    assert_rc(json_text_parse(buf_view(&told), &t, &err), 0, &err);
    const struct json_node *root = json_root(&t.doc);
    assert_int_equal(json_get(&t.doc, root, "from")->i, 6);
    assert_int_equal(json_get(&t.doc, root, "to")->i, 8);
    assert_int_equal(json_get(&t.doc, root, "uid")->i, 7);
    assert_true(str_eq(json_get(&t.doc, root, "checkpoint")->s, head.note));
    assert_true(str_eq(json_get(&t.doc, root, "vkey")->s, head.vkey));
    assert_true(str_is(json_get(&t.doc, root, "reason")->s, "the disk is gone"));
    assert_done(&s, &head);
    remove_folder(&s);
    scene_remove(&s);
}

static void test_each_step(void **state)
{
    (void)state;
    static struct audit_head head;
    struct disk *disk =
        mmap(NULL, sizeof *disk, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    unsigned steps = 0;
    assert_true(disk != MAP_FAILED);
    for (unsigned torn = 0; torn < 3; torn += 2) {
        bool through = false;
        for (long at = 0; !through; at++, steps++) {
            struct scene s;
            struct reeve_error err = {0};
            auto_buf struct buf told = {0};
            int status;
            scene_lost(&s, &head);
            assert_rc(audit_loss_begin(s.dir_fd, &head, 6, STR("why"), 0, &err), 0, &err);
            *disk = (struct disk){.crash = DISK_KILL, .torn = torn};
            atomic_store(&disk->left, at);
            pid_t pid = fork();
            assert_true(pid >= 0);
            if (pid == 0) {
                disk_use(disk, 0);
                _exit(audit_loss_finish(s.dir_fd, &told, NULL) != 0);
            }
            assert_int_equal(waitpid(pid, &status, 0), pid);
            through = WIFEXITED(status);
            assert_true(through ? WEXITSTATUS(status) == 0 : WTERMSIG(status) == SIGKILL);
            for (int again = 0; again < 2; again++) {
                fd_sweep_temps(s.dir_fd);
                assert_rc(audit_loss_finish(s.dir_fd, &told, &err), 0, &err);
                assert_true(told.len > 0);
            }
            assert_done(&s, &head);
            remove_folder(&s);
            scene_remove(&s);
        }
    }
    print_message("%u steps\n", steps);
    assert_true(steps > 20);
    assert_int_equal(munmap(disk, sizeof *disk), 0);
}

static void test_what_is_refused(void **state)
{
    (void)state;
    static struct audit_head head;
    static char long_reason[LOSS_MAX_REASON + 1], long_name[NOTE_MAX_NAME];
    struct scene s;
    struct reeve_error err = {0};
    auto_buf struct buf told = {0};
    scene_lost(&s, &head);
    memset(long_reason, 'x', sizeof long_reason);
    memset(long_name, 'x', sizeof long_name);
    const struct str reasons[] = {STR(""), STR("\xff"), {long_reason, sizeof long_reason}};
    for (size_t i = 0; i < BASE_COUNT(reasons); i++)
        assert_rc(audit_loss_begin(s.dir_fd, &head, 6, reasons[i], 0, &err), REEVE_EINVAL, &err);
    assert_rc(audit_loss_begin(s.dir_fd, &head, 9, STR("why"), 0, &err), REEVE_EINVAL, &err);
    head.origin = (struct str){long_name, sizeof long_name};
    assert_rc(audit_loss_begin(s.dir_fd, &head, 6, STR("why"), 0, &err), REEVE_EINVAL, &err);
    static const char *const wrong[] = {"",
                                        "{}",
                                        "{\"folder\":\"lost-1-2\"}",
                                        "{\"folder\":\"lost-../x\",\"name\":\"a\"}",
                                        "{\"folder\":\"blobs\",\"name\":\"a\"}",
                                        "{\"folder\":\"lost-1-2\",\"name\":\"a b\"}"};
    for (size_t i = 0; i < BASE_COUNT(wrong); i++) {
        assert_rc(fd_write_file(s.dir_fd, LOSS_NAME, wrong[i], strlen(wrong[i]), 0600, &err), 0,
                  &err);
        assert_rc(audit_loss_finish(s.dir_fd, &told, &err), REEVE_ESTATE, &err);
    }
    assert_true(holds(&s, AUDIT_ORIGIN_NAME, SCENE_ORIGIN));
    scene_remove(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_once),
        cmocka_unit_test(test_each_step),
        cmocka_unit_test(test_what_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
