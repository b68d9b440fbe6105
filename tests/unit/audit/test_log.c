/* Appending with the real keeper: what is taken, what is refused, and what a failing disk, a lost
 * keeper and a second writer do. */
#include "support.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>

static void test_append_flush_reopen(void **state)
{
    (void)state;
    struct scene s;
    struct audit_found found;
    struct token token;
    uint8_t mac[BASE_SHA256];
    scene_make(&s);
    struct audit_log *log = scene_reopen(&s, &found);
    assert_int_equal(found.condition, AUDIT_OK);
    assert_false(audit_log_pending(log));
    assert_int_equal(put_record(log, "start"), 0);
    uint64_t decision = put_record(log, "decision");
    put_release(log, decision, 10000);
    assert_int_equal(put_record(log, "decision"), 2); /* releases come after the batch's records */
    assert_true(audit_log_pending(log));
    flush(log, &token, 1);
    assert_int_equal(token.seq, 3);
    token_mac(s.token_key, &token, mac);
    assert_memory_equal(mac, token.mac, sizeof mac);
    assert_int_equal(put_end(log, token.seq), 4);
    flush(log, NULL, 0);
    flush(log, NULL, 0); /* nothing to do */
    assert_whole(log, 5);
    scene_close(&s, &log);
    for (int i = 0; i < 3; i++) {
        log = scene_open(&s, &found);
        assert_int_equal(found.condition, AUDIT_OK);
        assert_int_equal(found.nlost + found.restored_count + found.unsigned_count, 0);
        assert_whole(log, 5 + (uint64_t)i);
        put_record(log, "start");
        flush(log, NULL, 0);
        scene_close(&s, &log);
        audit_found_fini(&found);
    }
    scene_remove(&s);
}

static void test_full_batches(void **state)
{
    (void)state;
    struct scene s;
    struct audit_found found;
    struct token tokens[KEEPER_MAX_RELEASES];
    struct reeve_error err = {0};
    uint8_t plan[BASE_SHA256] = {1};
    scene_make(&s);
    struct audit_log *log = scene_reopen(&s, &found);
    for (unsigned batch = 0; batch < 3; batch++) {
        for (unsigned i = 0; i < KEEPER_MAX_LEAVES; i++)
            put_record(log, "decision");
        for (unsigned i = 0; i < KEEPER_MAX_RELEASES; i++)
            put_release(log, i, 10000);
        assert_rc(audit_log_append(log, STR("{\"seq\":0}"), &err), REEVE_EBUSY, &err);
        assert_rc(audit_log_release(log, 0, plan, base_boottime_ns() + BASE_NS_PER_S, &err),
                  REEVE_EBUSY, &err);
        size_t none = 0;
        assert_rc(audit_log_flush(log, tokens, &none, &err), REEVE_EINVAL, &err);
        flush(log, tokens, KEEPER_MAX_RELEASES);
        for (unsigned i = 0; i < KEEPER_MAX_RELEASES; i++)
            assert_int_equal(tokens[i].seq, (batch + 1) * LOG_MAX_BATCH - KEEPER_MAX_RELEASES + i);
    }
    assert_whole(log, 3 * LOG_MAX_BATCH);
    scene_close(&s, &log);
    scene_remove(&s);
}

static void test_what_is_no_record(void **state)
{
    (void)state;
    static const char *const texts[] = {"",
                                        "{}",
                                        "[]",
                                        "{\"seq\":1}",
                                        "{\"seq\":-1}",
                                        "{\"seq\":0",
                                        "{\"seq\":\"\"}",
                                        "{\"seq\":0}x",
                                        "{\"seq\":0.5}",
                                        "{\"a\":{\"seq\":0}}",
                                        "{\"seq\":0,\"type\":\"release\"}"};
    struct scene s;
    struct audit_found found;
    struct reeve_error err = {0};
    auto_buf struct buf longest = {0};
    scene_make(&s);
    struct audit_log *log = scene_reopen(&s, &found);
    for (size_t i = 0; i < BASE_COUNT(texts); i++)
        assert_rc(audit_log_append(log, str_of(texts[i]), &err), REEVE_EINVAL, &err);
    buf_z(&longest, "{\"a\":\"");
    while (longest.len < AUDIT_MAX_RECORD - 10)
        buf_byte(&longest, 'x');
    buf_z(&longest, "\",\"seq\":0}");
    assert_int_equal(longest.len, AUDIT_MAX_RECORD);
    struct str over = {longest.data, longest.len + 1};
    assert_rc(audit_log_append(log, over, &err), REEVE_EINVAL, &err);
    assert_false(audit_log_pending(log));
    assert_rc(audit_log_append(log, buf_view(&longest), &err), 0, &err);
    flush(log, NULL, 0);
    assert_whole(log, 1);
    scene_close(&s, &log);
    scene_remove(&s);
}

static void test_releases_that_are_refused(void **state)
{
    (void)state;
    struct scene s;
    struct audit_found found;
    struct reeve_error err = {0};
    uint8_t plan[BASE_SHA256] = {0};
    int64_t now_ns = base_boottime_ns();
    scene_make(&s);
    struct audit_log *log = scene_reopen(&s, &found);
    assert_rc(audit_log_release(log, 0, plan, now_ns + BASE_NS_PER_S, &err), REEVE_EINVAL, &err);
    put_record(log, "decision");
    assert_rc(audit_log_release(log, 1, plan, now_ns + BASE_NS_PER_S, &err), REEVE_EINVAL, &err);
    assert_rc(audit_log_release(log, 0, plan, now_ns, &err), REEVE_EINVAL, &err);
    assert_rc(audit_log_release(log, 0, plan, now_ns + 3600 * BASE_NS_PER_S, &err), REEVE_EINVAL,
              &err);
    flush(log, NULL, 0);
    scene_close(&s, &log);
    scene_remove(&s);
}

/* One of three expires while it is queued: the batch goes through without it. */
static void test_a_release_that_lapses(void **state)
{
    (void)state;
    struct scene s;
    struct audit_found found;
    struct token tokens[3];
    scene_make(&s);
    struct audit_log *log = scene_reopen(&s, &found);
    put_record(log, "decision");
    put_release(log, 0, 10000);
    put_release(log, 0, 10000);
    put_release(log, 0, 10000);
    log->filling->release[1].expires_ns =
        base_boottime_ns() - 1; /* as if it had waited that long */
    flush(log, tokens, 3);
    assert_int_equal(tokens[0].seq, 1);
    assert_true(tokens[1].seq == AUDIT_NOT_RELEASED);
    static const uint8_t no_mac[BASE_SHA256];
    assert_memory_equal(tokens[1].mac, no_mac, sizeof no_mac);
    assert_int_equal(tokens[2].seq, 2);
    assert_whole(log, 3);
    scene_close(&s, &log);
    scene_remove(&s);
}

/* ---- a disk that is full: by SQLite's own limit, and by the kernel's ---- */

static void forbid_pages(struct audit_log *log, bool on)
{
    /* The least that SQLite takes is what the file has. */
    const char *sql = on ? "PRAGMA max_page_count=1" : "PRAGMA max_page_count=1000000";
    assert_int_equal(sqlite3_exec(log->store.live.sqlite, sql, NULL, NULL, NULL), SQLITE_OK);
}
static void forbid_file_size(struct audit_log *log, bool on)
{
    (void)log;
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = on ? 8192 : limit.rlim_max;
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}
static void (*const full_disks[])(struct audit_log *log, bool on) = {forbid_pages,
                                                                     forbid_file_size};

static void fill_batch(struct audit_log *log)
{
    for (unsigned i = 0; i < 200; i++)
        put_record(log, "decision");
    put_release(log, 7, 20000);
}

static void test_a_commit_that_fails(void **state)
{
    (void)state;
    for (size_t i = 0; i < BASE_COUNT(full_disks); i++) {
        struct scene s;
        struct audit_found found;
        struct token token;
        struct reeve_error err = {0};
        size_t n = 1;
        scene_make(&s);
        struct audit_log *log = scene_reopen(&s, &found);
        put_record(log, "start");
        flush(log, NULL, 0);
        fill_batch(log);
        full_disks[i](log, true);
        for (int again = 0; again < 3; again++) {
            assert_rc(audit_log_flush(log, &token, &n, &err), REEVE_EIO, &err);
            assert_true(audit_log_pending(log));
            assert_int_equal(put_record(log, "decision"), 202 + again); /* of the next batch */
        }
        full_disks[i](log, false);
        flush(log, &token, 1);
        assert_int_equal(token.seq, 201);
        assert_whole(log, 202);
        put_end(log, 201);
        flush(log, NULL, 0);
        assert_whole(log, 206);
        scene_close(&s, &log);
        log = scene_open(&s, &found);
        assert_int_equal(found.condition, AUDIT_OK);
        assert_int_equal(found.nlost, 0);
        assert_whole(log, 206);
        audit_found_fini(&found);
        scene_close(&s, &log);
        scene_remove(&s);
    }
}

/* A commit whose outcome was told wrong: the rows are there, and are taken as they are. */
static void test_a_commit_that_was_thought_failed(void **state)
{
    (void)state;
    struct scene s;
    struct audit_found found;
    struct reeve_error err = {0};
    size_t n = 0;
    scene_make(&s);
    struct audit_log *log = scene_reopen(&s, &found);
    put_record(log, "start");
    assert_rc(log_take_off(log, 0, &err), 0, &err);
    assert_rc(log_keeper_enter(log, &err), 0, &err);
    struct log_rows rows = {.from = 0, .n = 1, .leaf = log->flight.leaf};
    rows.record[0] = buf_view(&log->flight.queue->bytes);
    assert_rc(log_db_write(&log->store.live, &rows, &err), 0, &err);
    assert_rc(audit_log_flush(log, NULL, &n, &err), 0, &err);
    assert_whole(log, 1);
    scene_close(&s, &log);
    scene_remove(&s);
}

/* As many rows as were due, and not the same: somebody else's. */
static void test_a_commit_that_another_made(void **state)
{
    (void)state;
    struct scene s;
    struct audit_found found;
    struct reeve_error err = {0};
    size_t n = 0;
    scene_make(&s);
    struct audit_log *log = scene_reopen(&s, &found);
    put_record(log, "start");
    assert_rc(log_take_off(log, 0, &err), 0, &err);
    assert_rc(log_keeper_enter(log, &err), 0, &err);
    assert_int_equal(sqlite3_exec(log->store.live.sqlite,
                                  "INSERT INTO log VALUES(0, NULL, zeroblob(32))", NULL, NULL,
                                  NULL),
                     SQLITE_OK);
    assert_rc(audit_log_flush(log, NULL, &n, &err), REEVE_EDAMAGED, &err);
    assert_non_null(strstr(err.message, "another process wrote"));
    scene_close(&s, &log);
    scene_remove(&s);
}

/* ---- a keeper that is lost ---- */

static void test_a_lost_keeper(void **state)
{
    (void)state;
    struct scene s;
    struct audit_found found;
    struct reeve_error err = {0};
    size_t n = 0;
    scene_make(&s);
    struct audit_log *log = scene_reopen(&s, &found);
    put_record(log, "start");
    flush(log, NULL, 0);
    put_record(log, "decision");
    scene_kill_keeper(&s);
    assert_rc(audit_log_flush(log, NULL, &n, &err), REEVE_EHELPERS, &err);
    assert_rc(audit_log_flush(log, NULL, &n, &err), REEVE_EHELPERS, &err);
    assert_rc(audit_log_append(log, STR("{\"seq\":1}"), &err), REEVE_EHELPERS, &err);
    assert_whole(log, 1); /* reading goes on */
    audit_log_close(&log);
    log = scene_reopen(&s, &found);
    assert_int_equal(found.condition, AUDIT_OK);
    assert_whole(log, 1);
    scene_close(&s, &log);
    scene_remove(&s);
}

/* Lost after it had the batch, and the database never got it: entered again at the next start. */
static void test_a_lost_keeper_and_a_failed_commit(void **state)
{
    (void)state;
    struct scene s;
    struct audit_found found;
    struct reeve_error err = {0};
    struct token token;
    size_t n = 1;
    scene_make(&s);
    struct audit_log *log = scene_reopen(&s, &found);
    put_record(log, "start");
    flush(log, NULL, 0);
    fill_batch(log);
    forbid_pages(log, true);
    assert_rc(audit_log_flush(log, &token, &n, &err), REEVE_EIO, &err);
    audit_log_close(&log); /* the keeper has stored its head before it looks for the next frame */
    assert_int_equal(scene_await_keeper(&s), 0);
    log = scene_open(&s, &found);
    assert_int_equal(found.condition, AUDIT_OK);
    assert_int_equal(found.restored_from, 1);
    assert_int_equal(found.restored_count, 201);
    assert_int_equal(found.nlost, 1);
    assert_int_equal(found.lost[0], 201);
    assert_int_equal(tell(log, &found), 2);
    assert_whole(log, 204);
    audit_found_fini(&found);
    scene_close(&s, &log);
    scene_remove(&s);
}

/* ---- somebody else at the file ---- */

static void test_nobody_else_opens_it(void **state)
{
    (void)state;
    struct scene s;
    struct audit_found found;
    char path[96];
    sqlite3 *other = NULL;
    scene_make(&s);
    struct audit_log *log = scene_reopen(&s, &found);
    put_record(log, "start");
    flush(log, NULL, 0);
    (void)snprintf(path, sizeof path, "%s/" AUDIT_DB_NAME, s.dir);
    assert_int_equal(sqlite3_open(path, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "SELECT count(*) FROM log", NULL, NULL, NULL),
                     SQLITE_BUSY);
    sqlite3_close(other);
    scene_close(&s, &log);
    scene_remove(&s);
}

static void test_a_row_that_another_wrote(void **state)
{
    (void)state;
    struct scene s;
    struct audit_found found;
    struct audit_head head;
    struct reeve_error err = {0};
    size_t n = 0;
    scene_make(&s);
    struct audit_log *log = scene_reopen(&s, &found);
    put_record(log, "start");
    flush(log, NULL, 0);
    assert_int_equal(sqlite3_exec(log->store.live.sqlite,
                                  "INSERT INTO log VALUES(1, NULL, zeroblob(32))", NULL, NULL,
                                  NULL),
                     SQLITE_OK);
    put_record(log, "decision");
    put_record(log, "decision");
    assert_rc(audit_log_flush(log, NULL, &n, &err), REEVE_EDAMAGED, &err);
    assert_non_null(strstr(err.message, "another process wrote"));
    audit_log_head(log, &head);
    assert_int_equal(head.condition, AUDIT_DAMAGED);
    assert_int_equal(head.first_bad, 1);
    assert_rc(audit_log_append(log, STR("{\"seq\":1}"), &err), REEVE_EDAMAGED, &err);
    scene_close(&s, &log);
    scene_remove(&s);
}

/* ---- receipts ---- */

static void test_receipts(void **state)
{
    (void)state;
    struct scene s;
    struct audit_found found;
    struct audit_head head;
    struct reeve_error err = {0};
    scene_make(&s);
    struct audit_log *log = scene_reopen(&s, &found);
    for (int i = 0; i < 21; i++) {
        put_record(log, "decision");
        flush(log, NULL, 0);
    }
    audit_log_head(log, &head);
    for (uint64_t seq = 0; seq < 21; seq++) {
        auto_buf struct buf text = {0};
        auto_arena struct arena arena = {0};
        struct audit_receipt r;
        assert_rc(audit_log_receipt(log, seq, &text, &err), 0, &err);
        assert_rc(audit_receipt_check(buf_view(&text), head.vkey, &arena, &r, &err), 0, &err);
        assert_int_equal(r.index, seq);
        assert_int_equal(r.size, 21);
        char want[96];
        (void)snprintf(want, sizeof want,
                       "{\"note\":\"of decision\",\"seq\":%" PRIu64 ",\"type\":\"decision\"}", seq);
        assert_true(str_is(r.record, want));
    }
    auto_buf struct buf text = {0};
    assert_rc(audit_log_receipt(log, 21, &text, &err), REEVE_ENOENT, &err);
    scene_close(&s, &log);
    scene_remove(&s);
}

/* What SQLite executed for one receipt: some steps for each row. */
enum { MAX_STEPS = (2 * TREE_CHUNK + 100) * 8 };

static int receipt_steps(struct audit_log *log, uint64_t seq, struct buf *text)
{
    struct reeve_error err = {0};
    (void)sqlite3_stmt_status(log->store.live.stmt[LOG_RANGE], SQLITE_STMTSTATUS_VM_STEP, 1);
    assert_rc(audit_log_receipt(log, seq, text, &err), 0, &err);
    return sqlite3_stmt_status(log->store.live.stmt[LOG_RANGE], SQLITE_STMTSTATUS_VM_STEP, 1);
}

/* The receipts of some records, and that few rows are read for one. */
static void check_receipts(struct audit_log *log, uint64_t size)
{
    const uint64_t seqs[] = {0, 1023, 1024, size / 2, size - size % 1024 - 1, size - 1};
    struct audit_head head;
    struct reeve_error err = {0};
    audit_log_head(log, &head);
    assert_int_equal(head.size, size);
    for (size_t i = 0; i < BASE_COUNT(seqs); i++) {
        auto_buf struct buf text = {0};
        auto_arena struct arena arena = {0};
        struct audit_receipt r;
        assert_in_range(receipt_steps(log, seqs[i], &text), 1, MAX_STEPS);
        assert_rc(audit_receipt_check(buf_view(&text), head.vkey, &arena, &r, &err), 0, &err);
        assert_int_equal(r.index, seqs[i]);
        assert_int_equal(r.size, size);
    }
}

static void test_receipts_of_a_long_log(void **state)
{
    (void)state;
    enum { FIRST = 9 * 1024 + 1000, MORE = 100 }; /* a chunk is completed by a later batch */
    struct scene s;
    struct audit_found found;
    scene_make(&s);
    struct audit_log *log = scene_reopen(&s, &found);
    for (unsigned i = 1; i <= FIRST; i++) {
        put_record(log, "decision");
        if (i % KEEPER_MAX_LEAVES == 0 || i == FIRST)
            flush(log, NULL, 0);
    }
    check_receipts(log, FIRST);
    scene_close(&s, &log);
    log = scene_reopen(&s, &found);
    check_receipts(log, FIRST);
    for (unsigned i = 0; i < MORE; i++)
        put_record(log, "decision");
    flush(log, NULL, 0);
    check_receipts(log, FIRST + MORE);
    /* With nothing in memory the leaves themselves lead there. */
    buf_reset(&log->nodes.roots);
    auto_buf struct buf text = {0};
    assert_true(receipt_steps(log, 5000, &text) > MAX_STEPS);
    scene_close(&s, &log);
    scene_remove(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_append_flush_reopen),

        cmocka_unit_test(test_full_batches),
        cmocka_unit_test(test_what_is_no_record),
        cmocka_unit_test(test_releases_that_are_refused),
        cmocka_unit_test(test_a_release_that_lapses),
        cmocka_unit_test(test_a_commit_that_fails),
        cmocka_unit_test(test_a_commit_that_was_thought_failed),
        cmocka_unit_test(test_a_commit_that_another_made),
        cmocka_unit_test(test_a_lost_keeper),
        cmocka_unit_test(test_a_lost_keeper_and_a_failed_commit),
        cmocka_unit_test(test_nobody_else_opens_it),
        cmocka_unit_test(test_a_row_that_another_wrote),
        cmocka_unit_test(test_receipts),
        cmocka_unit_test(test_receipts_of_a_long_log),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
