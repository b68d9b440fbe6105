/*
 * Plans beside the log: durable before the record that names them, once each, within bounds; what a
 * full disk, another writer and a spoilt file do; and what a verifier says of plans that are gone,
 * changed, masked or out of its reach.
 */
#include "support.h"

#include "audit/sweep.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

struct plan {
    uint8_t digest[BASE_SHA256];
    size_t n;
    char bytes[8192];
};

/* One of its own for each number. */
static void make_plan(struct plan *p, unsigned number)
{
    p->n = 6000;
    memset(p->bytes, 'p', p->n);
    memcpy(p->bytes, &number, sizeof number);
    base_sha256(p->bytes, p->n, p->digest);
}

static void put_plan(struct audit_log *log, const struct plan *p)
{
    struct reeve_error err = {0};
    assert_rc(audit_log_plan(log, p->digest, (struct str){p->bytes, p->n}, &err), 0, &err);
}

static uint64_t put_naming(struct audit_log *log, const struct plan *p, bool masked)
{
    struct reeve_error err = {0};
    auto_buf struct buf text = {0};
    char hex[2 * BASE_SHA256 + 1];
    uint64_t seq = audit_log_next(log);
    base_hex(p->digest, BASE_SHA256, hex);
    buf_printf(&text, "{\"plan\":\"sha256:%s\",%s\"seq\":%" PRIu64 ",\"type\":\"decision\"}", hex,
               masked ? "\"plan_kept\":false," : "", seq);
    assert_rc(audit_log_append(log, buf_view(&text), &err), 0, &err);
    return seq;
}

/* A decision with its plan, in the next batch. */
static void put_both(struct audit_log *log, struct plan *p, unsigned number)
{
    make_plan(p, number);
    put_plan(log, p);
    (void)put_naming(log, p, false);
}

static void assert_kept(struct audit_log *log, const struct plan *p)
{
    struct reeve_error err = {0};
    auto_buf struct buf found = {0};
    assert_rc(audit_log_read_plan(log, p->digest, &found, &err), 0, &err);
    assert_int_equal(found.len, p->n);
    assert_memory_equal(found.data, p->bytes, p->n);
}

static void run_plans_sql(const struct scene *s, const char *sql)
{
    char path[96];
    sqlite3 *db = NULL;
    (void)snprintf(path, sizeof path, "%s/" PLANS_DB_NAME, s->dir);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static struct audit_log *begin(struct scene *s)
{
    struct audit_found found;
    scene_make(s);
    struct audit_log *log = scene_reopen(s, &found);
    assert_int_equal(found.condition, AUDIT_OK);
    return log;
}

static void end(struct scene *s, struct audit_log *log)
{
    scene_close(s, &log);
    scene_remove(s);
}

static void test_kept_and_read(void **state)
{
    (void)state;
    struct scene s;
    struct audit_found found;
    struct plan p, other;
    struct reeve_error err = {0};
    struct stat st;
    auto_buf struct buf none = {0};
    struct audit_log *log = begin(&s);
    put_both(log, &p, 1);
    flush(log, NULL, 0);
    assert_kept(log, &p);
    make_plan(&other, 2);
    assert_rc(audit_log_read_plan(log, other.digest, &none, &err), REEVE_ENOENT, &err);
    assert_int_equal(fstatat(s.dir_fd, PLANS_DB_NAME, &st, 0), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    scene_close(&s, &log);
    log = scene_reopen(&s, &found);
    assert_kept(log, &p);
    assert_whole(log, 1);
    end(&s, log);
}

static void test_once_each(void **state)
{
    (void)state;
    struct scene s;
    struct plan p;
    struct audit_log *log = begin(&s);
    put_both(log, &p, 1);
    put_both(log, &p, 1); /* in one batch */
    assert_int_equal(log->filling->plans.n, 1);
    flush(log, NULL, 0);
    int changes = sqlite3_total_changes(log->plans.sqlite);
    assert_int_equal(changes, 1);
    put_both(log, &p, 1); /* and in a later one */
    flush(log, NULL, 0);
    assert_int_equal(sqlite3_total_changes(log->plans.sqlite), changes);
    assert_kept(log, &p);
    assert_whole(log, 3);
    end(&s, log);
}

/* Its record may get into a later batch than the one that it was queued with. */
static void test_a_plan_before_its_record(void **state)
{
    (void)state;
    struct scene s;
    struct plan p;
    struct audit_log *log = begin(&s);
    make_plan(&p, 1);
    put_plan(log, &p);
    assert_false(audit_log_pending(log)); /* by itself nothing waits for it */
    flush(log, NULL, 0);
    assert_kept(log, &p);
    (void)put_naming(log, &p, false);
    flush(log, NULL, 0);
    assert_whole(log, 1);
    end(&s, log);
}

static void test_bounds(void **state)
{
    (void)state;
    struct scene s;
    struct plan p;
    struct reeve_error err = {0};
    struct audit_room room;
    auto_buf struct buf largest = {0};
    struct audit_log *log = begin(&s);
    while (largest.len < PLAN_MAX_BYTES + 1)
        buf_byte(&largest, 'x');
    uint8_t digest[BASE_SHA256] = {0};
    struct str over = buf_view(&largest);
    assert_rc(audit_log_plan(log, digest, STR(""), &err), REEVE_EINVAL, &err);
    assert_rc(audit_log_plan(log, digest, over, &err), REEVE_EINVAL, &err);
    for (unsigned i = 0; i < AUDIT_MAX_PLANS_BYTES / PLAN_MAX_BYTES - 1; i++) {
        audit_log_room(log, &room);
        assert_true(room.plan);
        base_sha256(largest.data, PLAN_MAX_BYTES - i, digest);
        over.n = PLAN_MAX_BYTES - i;
        assert_rc(audit_log_plan(log, digest, over, &err), 0, &err);
    }
    make_plan(&p, 0); /* there is less left than a plan may have */
    put_plan(log, &p);
    audit_log_room(log, &room);
    assert_false(room.plan);
    make_plan(&p, 1);
    assert_rc(audit_log_plan(log, p.digest, (struct str){p.bytes, p.n}, &err), REEVE_EBUSY, &err);
    (void)put_record(log, "decision");
    flush(log, NULL, 0);
    for (unsigned i = 0; i < PLANS_MAX_QUEUED; i++) {
        make_plan(&p, i);
        put_plan(log, &p);
    }
    make_plan(&p, PLANS_MAX_QUEUED);
    assert_rc(audit_log_plan(log, p.digest, (struct str){p.bytes, p.n}, &err), REEVE_EBUSY, &err);
    make_plan(&p, 3);
    put_plan(log, &p); /* which is there already */
    (void)put_record(log, "decision");
    flush(log, NULL, 0);
    assert_whole(log, 2);
    end(&s, log);
}

/* The keeper hears of no batch whose plan is not on the disk. */
static void test_a_full_disk(void **state)
{
    (void)state;
    struct scene s;
    struct audit_found found;
    struct plan p;
    struct token token;
    struct reeve_error err = {0};
    size_t n = 1;
    struct audit_log *log = begin(&s);
    sqlite3 *db = log->plans.sqlite;
    assert_int_equal(sqlite3_exec(db, "PRAGMA max_page_count=1", NULL, NULL, NULL), SQLITE_OK);
    put_both(log, &p, 1);
    put_release(log, 0, 20000);
    for (int again = 0; again < 3; again++) {
        assert_rc(audit_log_flush(log, &token, &n, &err), REEVE_EIO, &err);
        assert_int_equal(log->phase, LOG_IDLE);
        assert_int_equal(audit_log_size(log), 0);
        assert_true(audit_log_pending(log));
    }
    assert_int_equal(sqlite3_exec(db, "PRAGMA max_page_count=1000000", NULL, NULL, NULL),
                     SQLITE_OK);
    flush(log, &token, 1);
    assert_kept(log, &p);
    put_end(log, token.seq);
    flush(log, NULL, 0);
    assert_whole(log, 3);
    scene_close(&s, &log);
    log = scene_reopen(&s, &found);
    assert_int_equal(found.condition, AUDIT_OK);
    assert_kept(log, &p);
    end(&s, log);
}

static void test_other_bytes_are_there(void **state)
{
    (void)state;
    struct scene s;
    struct audit_found found;
    struct audit_head head;
    struct plan p;
    struct token token;
    struct reeve_error err = {0};
    size_t n = 1;
    struct audit_log *log = begin(&s);
    put_both(log, &p, 1);
    flush(log, NULL, 0);
    scene_close(&s, &log);
    run_plans_sql(&s, "UPDATE plan SET bytes = x'00'");
    log = scene_reopen(&s, &found);
    put_both(log, &p, 1);
    assert_rc(audit_log_flush(log, &token, &n, &err), REEVE_EDAMAGED, &err);
    audit_log_head(log, &head);
    assert_int_equal(head.condition, AUDIT_DAMAGED);
    assert_int_equal(head.size, 1);
    scene_close(&s, &log);
    scene_remove(&s);
}

/* What is no file of plans condemns the log; moved away, a new one is made. */
static void test_no_file_of_plans(void **state)
{
    (void)state;
    static const char *const spoilt[] = {
        "DROP TABLE plan; CREATE TABLE other(x)", "CREATE INDEX more ON plan(bytes)",
        "CREATE TRIGGER t AFTER INSERT ON plan BEGIN SELECT 1; END"};
    for (size_t i = 0; i < BASE_COUNT(spoilt) + 2; i++) {
        struct scene s;
        scene_log(&s, 3);
        if (i < BASE_COUNT(spoilt)) {
            run_plans_sql(&s, spoilt[i]);
        } else {
            assert_int_equal(unlinkat(s.dir_fd, PLANS_DB_NAME, 0), 0);
            if (i == BASE_COUNT(spoilt))
                assert_int_equal(symlinkat(AUDIT_DB_NAME, s.dir_fd, PLANS_DB_NAME), 0);
            else
                scene_save(&s, AUDIT_VKEY_NAME, PLANS_DB_NAME);
        }
        assert_condemned(&s, AUDIT_DAMAGED, 3);
        assert_int_equal(unlinkat(s.dir_fd, PLANS_DB_NAME, 0), 0);
        assert_usable(&s, 3);
        scene_remove(&s);
    }
}

/* ---- verifying ---- */

static void assert_found(struct audit_log *log, const char *finding, uint64_t seq)
{
    struct audit_report r;
    verify(log, &r);
    if (strcmp(r.finding, finding) != 0 || (finding[0] && r.first_bad != seq))
        fail_msg("found \"%s\" at %" PRIu64 ": %s", r.finding, r.first_bad, r.detail);
}

static void test_verify_counts(void **state)
{
    (void)state;
    struct scene s;
    struct plan p;
    struct audit_report r;
    struct reeve_error err = {0};
    struct audit_head head;
    struct audit_log *log = begin(&s);
    put_both(log, &p, 1);
    put_both(log, &p, 1);
    put_both(log, &p, 2);
    make_plan(&p, 3);
    (void)put_naming(log, &p, true);
    put_record(log, "decision");
    flush(log, NULL, 0);
    verify(log, &r);
    assert_true(r.ok);
    assert_int_equal(r.plans_kept, 3);
    assert_int_equal(r.plans_masked, 1);
    assert_int_equal(r.plans_unchecked, 0);
    struct audit_source without = source_of(log);
    without.plan = NULL;
    audit_log_head(log, &head);
    assert_rc(audit_verify(&without, &head, head.vkey, NULL, NULL, &r, &err), 0, &err);
    assert_true(r.ok);
    assert_int_equal(r.plans_kept, 0);
    assert_int_equal(r.plans_unchecked, 3);
    end(&s, log);
}

static void test_verify_finds(void **state)
{
    (void)state;
    static const struct {
        const char *sql, *finding;
    } rows[] = {
        {"SELECT 1", ""},
        {"DELETE FROM plan", "plan-missing"},
        {"UPDATE plan SET bytes = x'00'", "plan-changed"},
        {"UPDATE plan SET bytes = CAST(bytes AS TEXT)", "plan-changed"},
        {"UPDATE plan SET bytes = zeroblob(200000)", "plan-changed"},
        {"UPDATE plan SET bytes = x'ff' || bytes", "plan-changed"},
        {"UPDATE plan SET digest = zeroblob(32)", "plan-missing"},
    };
    for (size_t i = 0; i < BASE_COUNT(rows); i++) {
        struct scene s;
        struct audit_found found;
        struct plan p;
        struct audit_log *log = begin(&s);
        put_record(log, "start");
        put_both(log, &p, 1);
        flush(log, NULL, 0);
        scene_close(&s, &log);
        run_plans_sql(&s, rows[i].sql);
        log = scene_reopen(&s, &found);
        assert_found(log, rows[i].finding, 1);
        end(&s, log);
    }
}

/* What is wrong with the rows comes first. */
static void test_rows_come_first(void **state)
{
    (void)state;
    struct scene s;
    struct audit_found found;
    struct plan p;
    struct audit_log *log = begin(&s);
    put_both(log, &p, 1);
    put_record(log, "decision");
    flush(log, NULL, 0);
    scene_close(&s, &log);
    run_plans_sql(&s, "DELETE FROM plan");
    run_sql(&s, "UPDATE log SET record = x'7b7d' WHERE seq = 1");
    log = scene_reopen(&s, &found);
    assert_found(log, "record-changed", 1);
    end(&s, log);
}

/* Of a copy, with what the WAL holds and without the file. */
static void test_a_copy(void **state)
{
    (void)state;
    struct scene s;
    struct plan p;
    struct audit_copy *copy;
    struct audit_source source;
    struct reeve_error err = {0};
    auto_buf struct buf found = {0};
    struct audit_log *log = begin(&s);
    put_both(log, &p, 1);
    flush(log, NULL, 0);
    scene_close(&s, &log);
    assert_rc(audit_copy_open(s.dir, &copy, &source, &err), 0, &err);
    assert_non_null(source.plan);
    assert_rc(source.plan(source.self, p.digest, &found, &err), 0, &err);
    assert_memory_equal(found.data, p.bytes, p.n);
    audit_copy_close(&copy);
    assert_int_equal(unlinkat(s.dir_fd, PLANS_DB_NAME, 0), 0);
    assert_rc(audit_copy_open(s.dir, &copy, &source, &err), 0, &err);
    assert_null(source.plan);
    audit_copy_close(&copy);
    assert_int_equal(faccessat(s.dir_fd, PLANS_DB_NAME, F_OK, 0), -1); /* none is made */
    scene_save(&s, AUDIT_VKEY_NAME, PLANS_DB_NAME);
    assert_rc(audit_copy_open(s.dir, &copy, &source, &err), 0, &err);
    assert_rc(source.plan(source.self, p.digest, &found, &err), REEVE_EDAMAGED, &err);
    audit_copy_close(&copy);
    scene_remove(&s);
}

/* ---- plans that no decision names any more ---- */

static bool is_kept(struct audit_log *log, const struct plan *p)
{
    auto_buf struct buf found = {0};
    return audit_log_read_plan(log, p->digest, &found, NULL) == 0;
}

static void erase(struct audit_log *log, uint64_t seq)
{
    struct reeve_error err = {0};
    put_story(log, "erased", seq, 1, false);
    flush(log, NULL, 0);
    assert_rc(audit_log_erase(log, seq, &err), 0, &err);
}

static uint64_t sweep(struct audit_log *log, void (*between)(struct audit_log *log, void *arg),
                      void *arg)
{
    struct audit_sweep s = {0};
    struct reeve_error err = {0};
    bool done;
    do {
        assert_rc(audit_sweep_mark(log, &s, &err), 0, &err);
        if (between)
            between(log, arg);
        do
            assert_rc(audit_sweep_drop(log, &s, 1, &done, &err), 0, &err);
        while (!done);
    } while (s.more);
    uint64_t dropped = s.dropped;
    audit_sweep_fini(&s);
    return dropped;
}

static bool is_on_disk(const struct scene *s, const struct plan *p)
{
    static const char *const names[] = {PLANS_DB_NAME, PLANS_DB_NAME "-wal"};
    bool found = false;
    for (size_t i = 0; i < BASE_COUNT(names); i++) {
        auto_buf struct buf b = {0};
        if (fd_slurp(s->dir_fd, names[i], (size_t)64 << 20, &b, NULL) == 0 && b.len)
            found = found || memmem(b.data, b.len, p->bytes, 40);
    }
    return found;
}

static void test_swept(void **state)
{
    (void)state;
    static struct plan once, twice, never;
    struct scene s;
    struct audit_report r;
    struct audit_log *log = begin(&s);
    put_both(log, &once, 1); /* 0 */
    put_both(log, &twice, 2);
    (void)put_naming(log, &twice, false); /* 2 */
    make_plan(&never, 3);
    put_plan(log, &never);
    flush(log, NULL, 0);
    assert_int_equal(sweep(log, NULL, NULL), 1);
    assert_true(is_kept(log, &once) && is_kept(log, &twice) && !is_kept(log, &never));
    assert_false(is_on_disk(&s, &never));
    erase(log, 0);
    erase(log, 1);
    assert_true(is_on_disk(&s, &once));
    assert_int_equal(sweep(log, NULL, NULL), 1);
    assert_true(!is_kept(log, &once) && is_kept(log, &twice));
    assert_false(is_on_disk(&s, &once));
    erase(log, 2);
    assert_int_equal(sweep(log, NULL, NULL), 1);
    assert_false(is_kept(log, &twice));
    assert_int_equal(sweep(log, NULL, NULL), 0);
    verify(log, &r);
    assert_true(r.ok);
    /* It may be kept again. */
    put_both(log, &once, 1);
    flush(log, NULL, 0);
    assert_kept(log, &once);
    end(&s, log);
}

/* A decision comes between the marking and the dropping: durable, or queued, or on its way. */
static void name_again(struct audit_log *log, void *arg)
{
    static struct plan *named;
    struct reeve_error err = {0};
    int how = *(const int *)arg;
    static struct plan p;
    named = &p;
    make_plan(named, 1);
    put_plan(log, named);
    (void)put_naming(log, named, false);
    if (how == 1)
        flush(log, NULL, 0);
    if (how == 2)
        assert_rc(log_take_off(log, 0, &err), 0, &err);
}

static void test_named_meanwhile(void **state)
{
    (void)state;
    for (int how = 0; how < 3; how++) {
        static struct plan p;
        struct scene s;
        struct audit_report r;
        struct audit_log *log = begin(&s);
        put_both(log, &p, 1);
        flush(log, NULL, 0);
        erase(log, 0);
        assert_int_equal(sweep(log, name_again, &how), 0);
        flush(log, NULL, 0);
        assert_kept(log, &p);
        verify(log, &r);
        assert_true(r.ok);
        end(&s, log);
    }
}

/* More than one look takes, and each of its own. */
static void test_many_are_swept(void **state)
{
    (void)state;
    enum { MANY = 2500 };
    static struct plan p;
    struct scene s;
    struct audit_report r;
    struct audit_log *log = begin(&s);
    for (unsigned i = 0; i < MANY; i++) {
        put_both(log, &p, i);
        if (i % 30 == 29)
            flush(log, NULL, 0);
    }
    flush(log, NULL, 0);
    seal(log);
    struct reeve_error err = {0};
    put_story(log, "expired", 0, MANY, false);
    put_both(log, &p, 7);
    flush(log, NULL, 0);
    assert_rc(audit_log_prune(log, 0, &err), 0, &err);
    assert_int_equal(sweep(log, NULL, NULL), MANY - 1);
    assert_kept(log, &p);
    verify(log, &r);
    assert_true(r.ok);
    assert_int_equal(r.plans_kept, 1);
    end(&s, log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_swept),
        cmocka_unit_test(test_named_meanwhile),
        cmocka_unit_test(test_many_are_swept),
        cmocka_unit_test(test_kept_and_read),
        cmocka_unit_test(test_once_each),
        cmocka_unit_test(test_a_plan_before_its_record),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_a_full_disk),
        cmocka_unit_test(test_other_bytes_are_there),
        cmocka_unit_test(test_no_file_of_plans),
        cmocka_unit_test(test_verify_counts),
        cmocka_unit_test(test_verify_finds),
        cmocka_unit_test(test_rows_come_first),
        cmocka_unit_test(test_a_copy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
