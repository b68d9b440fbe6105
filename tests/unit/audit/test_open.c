/*
 * The table "At start, and after a crash", but for damage and rows beyond: each crash point is
 * built from copies of the files as they were at that point, then the log is opened with the real
 * keeper.
 */
#include "support.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void restore_file(const struct scene *s, const char *saved, const char *name)
{
    scene_save(s, saved, name);
}

/* Row 1: in the head, not in the database, `committed` had not come. */
static void test_unacknowledged_batch(void **state)
{
    (void)state;
    struct scene s;
    struct audit_found found;
    struct audit_report r;
    scene_log(&s, 4);
    scene_save(&s, AUDIT_DB_NAME, "saved.db");
    scene_extend(&s);
    restore_file(&s, "saved.db", AUDIT_DB_NAME);
    scene_uncommit(&s);
    scene_save(&s, AUDIT_HEAD_NAME, "saved.head");
    for (int crash = 0; crash < 3; crash++) {
        /* A crash on the way back: before the rows were written, and after them. */
        if (crash == 1)
            restore_file(&s, "saved.head", AUDIT_HEAD_NAME);
        if (crash == 2) {
            restore_file(&s, "saved.db", AUDIT_DB_NAME);
            restore_file(&s, "saved.head", AUDIT_HEAD_NAME);
        }
        struct audit_log *log = scene_open(&s, &found);
        assert_int_equal(found.condition, AUDIT_OK);
        /* Entered again or not by this start: no record tells of it yet. */
        assert_int_equal(found.restored_from, 4);
        assert_int_equal(found.restored_count, 3);
        assert_int_equal(found.nlost, 1);
        assert_int_equal(found.lost[0], 6);
        verify(log, &r);
        assert_string_equal(r.finding, "missing");
        assert_int_equal(r.first_bad, 4);
        if (crash == 2)
            tell(log, &found);
        audit_found_fini(&found);
        scene_close(&s, &log);
    }
    struct audit_log *log = scene_reopen(&s, &found);
    verify(log, &r);
    assert_int_equal(r.without_bytes, 2);
    assert_int_equal(found.restored_count, 0);
    scene_close(&s, &log);
    assert_usable(&s, 9);
    scene_remove(&s);
}

/* The very first batch of a log, and no database file yet. */
static void test_unacknowledged_first_batch(void **state)
{
    (void)state;
    struct scene s;
    struct audit_found found;
    scene_log(&s, 2);
    assert_int_equal(unlinkat(s.dir_fd, AUDIT_DB_NAME, 0), 0);
    scene_uncommit(&s);
    struct audit_log *log = scene_open(&s, &found);
    assert_int_equal(found.condition, AUDIT_OK);
    assert_int_equal(found.restored_from, 0);
    assert_int_equal(found.restored_count, 2);
    assert_int_equal(tell(log, &found), 2);
    assert_whole(log, 4);
    audit_found_fini(&found);
    scene_close(&s, &log);
    assert_usable(&s, 4);
    scene_remove(&s);
}

/* The batch that tells of a batch entered again is itself lost in a crash. */
static void test_unacknowledged_twice(void **state)
{
    (void)state;
    struct scene s;
    struct audit_found found;
    struct audit_report r;
    scene_log(&s, 4);
    for (unsigned crash = 0; crash < 2; crash++) {
        struct audit_log *log = scene_reopen(&s, &found);
        scene_close(&s, &log);
        scene_save(&s, AUDIT_DB_NAME, "saved.db");
        log = scene_open(&s, &found);
        tell(log, &found);
        audit_found_fini(&found);
        scene_close(&s, &log);
        restore_file(&s, "saved.db", AUDIT_DB_NAME);
        scene_uncommit(&s);
    }
    struct audit_log *log = scene_open(&s, &found);
    assert_int_equal(found.restored_from, 4);
    assert_int_equal(found.restored_count, 1 + 2);
    assert_int_equal(tell(log, &found), 2);
    assert_whole(log, 9);
    verify(log, &r);
    assert_int_equal(r.without_bytes, 3);
    audit_found_fini(&found);
    scene_close(&s, &log);
    assert_usable(&s, 9);
    scene_remove(&s);
}

/* A record whose bytes were taken away: no crash leaves one of several, nor one before others. */
static void test_bytes_taken_away(void **state)
{
    (void)state;
    struct scene s;
    scene_log(&s, 4);
    scene_extend(&s);
    scene_save(&s, AUDIT_DB_NAME, "saved.db");
    static const char *const sql[] = {
        "UPDATE log SET record = NULL WHERE seq = 0",
        "UPDATE log SET record = NULL WHERE seq = 3",
        "UPDATE log SET record = NULL WHERE seq < 4",
        "UPDATE log SET record = NULL WHERE seq = 4",
        "UPDATE log SET record = NULL WHERE seq = 5",
        "UPDATE log SET record = NULL WHERE seq = 6",
        "UPDATE log SET record = NULL",
        "UPDATE log SET record = NULL WHERE seq < 6",
        "UPDATE log SET record = NULL WHERE seq > 2",
    };
    static const uint64_t first[] = {0, 3, 0, 4, 5, 6, 0, 0, 3};
    for (size_t i = 0; i < BASE_COUNT(sql); i++) {
        restore_file(&s, "saved.db", AUDIT_DB_NAME);
        run_sql(&s, sql[i]);
        assert_condemned(&s, AUDIT_DAMAGED, first[i]);
    }
    scene_remove(&s);
}

/* Between rows 1 and 2: in both, and `committed` had not come. Nothing is to be told. */
static void test_in_both_but_not_committed(void **state)
{
    (void)state;
    struct scene s;
    struct audit_found found;
    struct audit_head head;
    scene_log(&s, 4);
    scene_extend(&s);
    scene_uncommit(&s);
    struct audit_log *log = scene_open(&s, &found);
    assert_int_equal(found.condition, AUDIT_OK);
    assert_int_equal(found.restored_count + found.unsigned_count, 0);
    assert_int_equal(found.nlost, 1);
    audit_log_head(log, &head);
    assert_int_equal(head.size, 7);
    assert_whole(log, 7);
    audit_found_fini(&found);
    scene_close(&s, &log);
    assert_usable(&s, 7);
    scene_remove(&s);
}

/* ---- row 2: acknowledged, and gone ---- */

static void test_an_older_database(void **state)
{
    (void)state;
    struct scene s;
    scene_log(&s, 4);
    scene_save(&s, AUDIT_DB_NAME, "saved.db");
    scene_extend(&s);
    restore_file(&s, "saved.db", AUDIT_DB_NAME);
    assert_condemned(&s, AUDIT_TAIL_LOST, 4);
    assert_condemned(&s, AUDIT_TAIL_LOST, 4); /* and stays so */
    scene_remove(&s);
}

/* Of 13 records the WAL alone has the last 8, as kill -9 leaves it, and is taken away. */
static void lose_wal(struct scene *s)
{
    struct audit_found found;
    scene_log(s, 5);
    struct audit_log *log = scene_reopen(s, &found);
    for (int i = 0; i < 8; i++) {
        put_record(log, "decision");
        flush(log, NULL, 0);
    }
    scene_save(s, AUDIT_DB_NAME, "saved.db");
    scene_save(s, AUDIT_DB_NAME "-wal", "saved.wal");
    scene_close(s, &log);
    restore_file(s, "saved.db", AUDIT_DB_NAME);
}

static void test_a_wal_that_is_gone(void **state)
{
    (void)state;
    struct scene s;
    lose_wal(&s);
    assert_condemned(&s, AUDIT_TAIL_LOST, 5);
    restore_file(&s, "saved.db", AUDIT_DB_NAME);
    restore_file(&s, "saved.wal", AUDIT_DB_NAME "-wal");
    assert_usable(&s, 13); /* with it, nothing was lost */
    scene_remove(&s);
}

/* One bit of the WAL: SQLite drops what follows without a word. The keeper's head tells. */
static void test_a_bit_of_the_wal(void **state)
{
    (void)state;
    struct scene s;
    lose_wal(&s);
    restore_file(&s, "saved.wal", AUDIT_DB_NAME "-wal");
    int fd = openat(s.dir_fd, AUDIT_DB_NAME "-wal", O_RDWR | O_CLOEXEC);
    struct stat st;
    uint8_t byte;
    assert_int_equal(fstat(fd, &st), 0);
    off_t at = st.st_size - 4096; /* in the last frame's page */
    assert_int_equal(pread(fd, &byte, 1, at), 1);
    byte ^= 1;
    assert_int_equal(fd_pwrite_all(fd, &byte, 1, at), 0);
    close(fd);
    assert_condemned(&s, AUDIT_TAIL_LOST, 12);
    scene_remove(&s);
}

static void test_rows_deleted_at_the_end(void **state)
{
    (void)state;
    struct scene s;
    scene_log(&s, 9);
    run_sql(&s, "DELETE FROM log WHERE seq >= 6");
    assert_condemned(&s, AUDIT_TAIL_LOST, 6);
    scene_remove(&s);
}

static void test_no_database(void **state)
{
    (void)state;
    struct scene s;
    scene_log(&s, 3);
    assert_int_equal(unlinkat(s.dir_fd, AUDIT_DB_NAME, 0), 0);
    assert_condemned(&s, AUDIT_TAIL_LOST, 0);
    assert_int_equal(faccessat(s.dir_fd, AUDIT_DB_NAME, F_OK, 0), -1); /* none is made */
    assert_int_equal(fd_write_file(s.dir_fd, AUDIT_DB_NAME, "", 0, 0600, NULL), 0);
    assert_condemned(&s, AUDIT_TAIL_LOST, 0);
    scene_remove(&s);
}

/* A part of the unacknowledged batch: no crash leaves that. */
static void test_half_a_batch(void **state)
{
    (void)state;
    struct scene s;
    scene_log(&s, 4);
    scene_extend(&s);
    run_sql(&s, "DELETE FROM log WHERE seq = 6");
    scene_uncommit(&s);
    assert_condemned(&s, AUDIT_TAIL_LOST, 6);
    scene_remove(&s);
}

/* ---- row 4: releases ---- */

static void test_lost_releases(void **state)
{
    (void)state;
    struct scene s;
    struct audit_found found;
    struct token t[4];
    scene_make(&s);
    struct audit_log *log = scene_reopen(&s, &found);
    put_record(log, "decision");
    for (int i = 0; i < 4; i++)
        put_release(log, 0, 20000);
    flush(log, t, 4);
    put_end(log, t[2].seq);
    put_end(log, t[0].seq);
    put_end(log, 99);       /* of no release */
    put_end(log, t[0].seq); /* once more */
    flush(log, NULL, 0);
    scene_close(&s, &log);
    log = scene_open(&s, &found);
    assert_int_equal(found.condition, AUDIT_OK);
    assert_int_equal(found.nlost, 2);
    assert_int_equal(found.lost[0], t[1].seq);
    assert_int_equal(found.lost[1], t[3].seq);
    put_end(log, t[1].seq);
    put_end(log, t[3].seq);
    flush(log, NULL, 0);
    scene_close(&s, &log);
    audit_found_fini(&found);
    log = scene_open(&s, &found);
    assert_int_equal(found.nlost, 0);
    audit_found_fini(&found);
    scene_close(&s, &log);
    scene_remove(&s);
}

static void count_progress(void *arg, uint64_t rows)
{
    uint64_t *seen = arg;
    seen[0]++;
    seen[1] = rows;
}

/* Whoever waits for a long log hears of it while it is read. */
static void test_progress(void **state)
{
    (void)state;
    struct scene s;
    struct audit_found found;
    struct audit_log *log = NULL;
    struct reeve_error err = {0};
    uint64_t seen[2] = {0};
    const struct audit_progress progress = {count_progress, seen};
    scene_make(&s);
    log = scene_open(&s, &found);
    for (unsigned i = 0; i < 3 * AUDIT_PROGRESS_ROWS; i++) {
        put_record(log, "decision");
        if (i % 128 == 127)
            flush(log, NULL, 0);
    }
    scene_close(&s, &log);
    int fd = scene_keeper(&s);
    assert_rc(audit_log_open(s.dir_fd, s.dir, fd, &progress, &log, &found, &err), 0, &err);
    assert_int_equal(seen[0], 3);
    assert_int_equal(seen[1], 3 * AUDIT_PROGRESS_ROWS);
    audit_found_fini(&found);
    scene_close(&s, &log);
    scene_remove(&s);
}

/* ---- a foreign writer ---- */

/* Another process, with SQLite of its own: it tells the code that it got for `sql`, and holds its
 * connection until `go` is closed. */
static pid_t start_foreigner(const struct scene *s, const char *sql, int *told, int *go)
{
    int out[2], in[2];
    assert_int_equal(pipe(out), 0);
    assert_int_equal(pipe(in), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        char path[128], byte;
        sqlite3 *db = NULL;
        (void)close(out[0]);
        (void)close(in[1]);
        (void)snprintf(path, sizeof path, "%s/" AUDIT_DB_NAME, s->dir);
        int rc = sqlite3_open(path, &db);
        if (rc == SQLITE_OK)
            rc = sqlite3_exec(db, sql, NULL, NULL, NULL);
        byte = (char)rc;
        (void)!write(out[1], &byte, 1);
        (void)!read(in[0], &byte, 1);
        _exit(0);
    }
    (void)close(out[1]);
    (void)close(in[0]);
    *told = out[0];
    *go = in[1];
    return pid;
}

static int hear(int fd)
{
    char byte = -1;
    assert_int_equal(read(fd, &byte, 1), 1);
    (void)close(fd);
    return byte;
}

static void end_foreigner(pid_t pid, int go)
{
    (void)close(go);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* While the log is open nobody else gets in, and the log goes on. */
static void test_a_foreign_writer_meanwhile(void **state)
{
    (void)state;
    struct scene s;
    struct audit_found found;
    int told, go;
    scene_make(&s);
    struct audit_log *log = scene_reopen(&s, &found);
    put_record(log, "start");
    flush(log, NULL, 0);
    pid_t pid = start_foreigner(&s, "INSERT INTO log VALUES(1, NULL, zeroblob(32))", &told, &go);
    assert_int_equal(hear(told), SQLITE_BUSY);
    put_record(log, "decision");
    flush(log, NULL, 0);
    end_foreigner(pid, go);
    assert_whole(log, 2);
    scene_close(&s, &log);
    assert_usable(&s, 2);
    scene_remove(&s);
}

/* One who was there first is told of, and is no damage: the log opens when it has gone. */
static void test_a_foreign_writer_before(void **state)
{
    (void)state;
    struct scene s;
    struct audit_found found = {0};
    struct audit_log *log = NULL;
    struct reeve_error err = {0};
    int told, go;
    scene_log(&s, 3);
    pid_t pid = start_foreigner(&s, "BEGIN IMMEDIATE", &told, &go);
    assert_int_equal(hear(told), SQLITE_OK);
    int fd = scene_keeper(&s);
    assert_rc(audit_log_open(s.dir_fd, s.dir, fd, NULL, &log, &found, &err), REEVE_EIO, &err);
    assert_null(log);
    assert_non_null(strstr(err.message, "locked"));
    assert_int_equal(scene_await_keeper(&s), 0);
    end_foreigner(pid, go);
    assert_usable(&s, 3);
    scene_remove(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_foreign_writer_meanwhile),
        cmocka_unit_test(test_a_foreign_writer_before),
        cmocka_unit_test(test_unacknowledged_batch),
        cmocka_unit_test(test_unacknowledged_first_batch),
        cmocka_unit_test(test_unacknowledged_twice),
        cmocka_unit_test(test_bytes_taken_away),
        cmocka_unit_test(test_in_both_but_not_committed),
        cmocka_unit_test(test_an_older_database),
        cmocka_unit_test(test_a_wal_that_is_gone),
        cmocka_unit_test(test_a_bit_of_the_wal),
        cmocka_unit_test(test_rows_deleted_at_the_end),
        cmocka_unit_test(test_no_database),
        cmocka_unit_test(test_half_a_batch),
        cmocka_unit_test(test_lost_releases),
        cmocka_unit_test(test_progress),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
