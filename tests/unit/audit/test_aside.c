/*
 * Rows beyond what the keeper signed: kept in a file, deleted, told of once, and what one crash
 * leaves told apart from what somebody added.
 */
#include "support.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

static void assert_file_says(const struct scene *s, const char *name, const char *text)
{
    auto_buf struct buf b = {0};
    struct reeve_error err = {0};
    assert_rc(fd_slurp(s->dir_fd, name, 1 << 20, &b, &err), 0, &err);
    if (!strstr(b.data, text))
        fail_msg("%s: %s", name, b.data);
}

static void test_unsigned_rows(void **state)
{
    (void)state;
    struct scene s;
    struct audit_found found;
    scene_log(&s, 4);
    scene_save(&s, AUDIT_HEAD_NAME, "saved.head");
    scene_extend(&s);
    scene_save(&s, AUDIT_DB_NAME, "saved.db");
    scene_save(&s, "saved.head", AUDIT_HEAD_NAME);
    for (int crash = 0; crash < 2; crash++) {
        struct audit_log *log = scene_open(&s, &found);
        assert_int_equal(found.condition, AUDIT_OK);
        assert_int_equal(found.unsigned_from, 4);
        assert_int_equal(found.unsigned_count, 3);
        assert_int_equal(found.nlost, 0);
        assert_whole(log, 4);
        audit_found_fini(&found);
        scene_close(&s, &log);
        assert_file_says(&s, "unsigned-4-6.jsonl", "\"seq\":4}\n");
        assert_file_says(&s, "unsigned-4-6.jsonl", "\\\"type\\\":\\\"release\\\"");
        scene_save(&s, "saved.db", AUDIT_DB_NAME); /* the crash before the rows were deleted */
        assert_int_equal(faccessat(s.dir_fd, "unsigned-4-6.2.jsonl", F_OK, 0), -1);
    }
    /* Other rows of the same sequences: the first file stays as it is. */
    run_sql(&s, "UPDATE log SET record = 'text', leaf = x'00' WHERE seq = 5");
    struct audit_log *log = scene_open(&s, &found);
    assert_int_equal(tell(log, &found), 2);
    audit_found_fini(&found);
    scene_close(&s, &log);
    assert_file_says(&s, "unsigned-4-6.jsonl", "of note");
    assert_file_says(&s, "unsigned-4-6.2.jsonl",
                     "{\"leaf\":\"\",\"record_base64\":\"\",\"seq\":5}");
    assert_usable(&s, 6);
    scene_remove(&s);
}

/*
 * Crashes between the deletion of the rows and the record that tells of them: each start has it to
 * tell, also when rows came anew, until it is told; and not again.
 */
static void test_unsigned_rows_are_told(void **state)
{
    (void)state;
    static const struct {
        const char *sql;
        uint64_t from, count;
        bool beyond_crash;
    } starts[] = {
        {"INSERT INTO log VALUES(4, '{\"seq\":4}', zeroblob(32))", 4, 1, true},
        {"", 4, 1, true},
        {"INSERT INTO log VALUES(9, x'00', zeroblob(32))", 4, 6, true},
        {"", 4, 6, true},
    };
    struct scene s;
    struct audit_found found;
    struct audit_report r;
    struct audit_log *log;
    scene_log(&s, 4);
    for (size_t i = 0; i < BASE_COUNT(starts); i++) {
        run_sql(&s, starts[i].sql);
        log = scene_reopen(&s, &found);
        assert_int_equal(found.unsigned_from, starts[i].from);
        assert_int_equal(found.unsigned_count, starts[i].count);
        assert_int_equal(found.unsigned_beyond_crash, starts[i].beyond_crash);
        assert_whole(log, 4);
        if (i + 1 == BASE_COUNT(starts))
            assert_int_equal(tell(log, &found), 2);
        scene_close(&s, &log);
    }
    assert_usable(&s, 6);
    assert_int_equal(faccessat(s.dir_fd, "unsigned.untold", F_OK, 0), -1);
    log = scene_reopen(&s, &found);
    verify(log, &r);
    assert_int_equal(r.set_aside, 1);
    scene_close(&s, &log);
    scene_remove(&s);
}

/* The record that told is itself lost in a crash: its batch was entered again without bytes. */
static void test_unsigned_rows_are_told_again(void **state)
{
    (void)state;
    struct scene s;
    struct audit_found found;
    scene_log(&s, 4);
    run_sql(&s, "INSERT INTO log VALUES(4, x'00', zeroblob(32))");
    struct audit_log *log = scene_reopen(&s, &found);
    scene_close(&s, &log);
    scene_save(&s, AUDIT_DB_NAME, "saved.db");
    log = scene_reopen(&s, &found);
    assert_int_equal(tell(log, &found), 2);
    scene_close(&s, &log);
    scene_save(&s, "saved.db", AUDIT_DB_NAME);
    scene_uncommit(&s);
    log = scene_reopen(&s, &found);
    assert_int_equal(found.restored_count, 2);
    assert_int_equal(found.unsigned_from, 4);
    assert_int_equal(found.unsigned_count, 1);
    assert_int_equal(tell(log, &found), 3);
    scene_close(&s, &log);
    assert_usable(&s, 9);
    /* A note that is none is overlooked. */
    static const char *const notes[] = {"", "4 4 1", "4 4 0 0\n", "x 4 1 0\n", "99 4 1 0 0\n"};
    for (size_t i = 0; i < BASE_COUNT(notes); i++) {
        struct str note = str_of(notes[i]);
        assert_int_equal(fd_write_file(s.dir_fd, "unsigned.untold", note.p, note.n, 0600, NULL), 0);
        log = scene_reopen(&s, &found);
        assert_int_equal(found.unsigned_count, 0);
        scene_close(&s, &log);
    }
    scene_remove(&s);
}

/* An older keeper's head alone: the rows of one batch a crash explains, others it does not. */
static void test_an_older_head(void **state)
{
    (void)state;
    struct scene s;
    struct audit_found found;
    struct audit_report r;
    scene_log(&s, 4);
    scene_save(&s, AUDIT_HEAD_NAME, "saved.head");
    scene_extend(&s); /* 4, 5, and the release 6 */
    for (int ended = 0; ended < 2; ended++) {
        struct audit_log *log;
        if (ended) {
            log = scene_reopen(&s, &found);
            put_end(log, 6);
            flush(log, NULL, 0);
            scene_close(&s, &log);
        }
        scene_save(&s, AUDIT_DB_NAME, "saved.db");
        scene_save(&s, AUDIT_HEAD_NAME, "newer.head");
        scene_save(&s, "saved.head", AUDIT_HEAD_NAME);
        log = scene_open(&s, &found);
        assert_int_equal(found.unsigned_from, 4);
        assert_int_equal(found.unsigned_beyond_crash, ended);
        tell(log, &found);
        audit_found_fini(&found);
        verify(log, &r);
        assert_true(r.ok);
        assert_int_equal(r.set_aside, 1);
        assert_int_equal(r.set_aside_at, 5);
        assert_int_equal(r.set_aside_beyond_crash, ended);
        scene_close(&s, &log);
        scene_save(&s, "saved.db", AUDIT_DB_NAME);
        scene_save(&s, "newer.head", AUDIT_HEAD_NAME);
    }
    scene_remove(&s);
}

static void test_rows_of_strange_sequences(void **state)
{
    (void)state;
    struct scene s;
    struct audit_found found;
    scene_log(&s, 2);
    run_sql(&s, "INSERT INTO log VALUES(9, x'ff00', zeroblob(32)), "
                "(9223372036854775807, NULL, zeroblob(32))");
    struct audit_log *log = scene_reopen(&s, &found);
    assert_int_equal(found.condition, AUDIT_OK);
    assert_int_equal(found.unsigned_from, 9);
    assert_true(found.unsigned_beyond_crash);
    assert_whole(log, 2);
    assert_int_equal(tell(log, &found), 2);
    scene_close(&s, &log);
    assert_file_says(&s, "unsigned-9-9223372036854775807.jsonl", "\"record_base64\":\"/wA=\"");
    assert_usable(&s, 4);
    scene_remove(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unsigned_rows),
        cmocka_unit_test(test_unsigned_rows_are_told),
        cmocka_unit_test(test_unsigned_rows_are_told_again),
        cmocka_unit_test(test_an_older_head),
        cmocka_unit_test(test_rows_of_strange_sequences),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
