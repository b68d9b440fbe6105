/*
 * The derived index: what it finds is what reading every record finds; it goes on where it was, and
 * begins anew where it cannot be trusted to go on.
 */
#include "support.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/index.h"
#include "audit/indexer.h"

#define ORIGIN STR(SCENE_ORIGIN)
enum { ROWS = 60 };

static const char *const subjects[] = {"agent:a", "agent:b", "user:caf\xc3\xa9"};
static const char *const texts[] = {"nothing", "Open Sesame", "sesame \\\"open\\\"", "ses ame",
                                    "\xc3\x89t\xc3\xa9"};

static void write_row(uint64_t seq, struct buf *out)
{
    buf_reset(out);
    buf_printf(out,
               "{\"decision\":{\"effect\":\"%s\",\"rule\":\"r%u\"},\"outcome\":{\"how\":\"%s\"},"
               "\"plan\":\"sha256:%u\",\"request\":{\"capability\":\"c.%u\",\"subject\":\"%s\","
               "\"text\":\"%s\"},\"seq\":%" PRIu64 ",\"time\":\"2026-11-25T09:%02u:%02u."
               "000000001Z\",\"type\":\"%s\"}",
               seq % 3 ? "allow" : "deny", (unsigned)seq % 4, seq % 2 ? "ok" : "error",
               (unsigned)seq % 9, (unsigned)seq % 5, subjects[seq % BASE_COUNT(subjects)],
               texts[seq % BASE_COUNT(texts)], seq, (unsigned)seq / 30, (unsigned)(2 * seq) % 60,
               seq % 7 ? "decision" : "end");
}

static void leaf_of(uint64_t seq, uint8_t leaf[BASE_SHA256])
{
    auto_buf struct buf row = {0};
    write_row(seq, &row);
    tree_leaf_hash(row.data, row.len, leaf);
}

static void take(struct audit_index *x, uint64_t from, uint64_t to)
{
    struct reeve_error err = {0};
    auto_buf struct buf row = {0};
    uint8_t leaf[BASE_SHA256];
    assert_rc(audit_index_begin(x, &err), 0, &err);
    for (uint64_t seq = from; seq < to; seq++) {
        write_row(seq, &row);
        leaf_of(seq, leaf);
        assert_rc(audit_index_take(x, seq, seq == 17 ? (struct str){NULL, 0} : buf_view(&row), leaf,
                                   &err),
                  0, &err);
    }
    assert_rc(audit_index_commit(x, &err), 0, &err);
}

static const struct audit_query queries[] = {
    {.is = {{NULL, 0}}},
    {.is = {[AUDIT_COLUMN_SUBJECT] = {"agent:b", 7}}},
    {.is = {[AUDIT_COLUMN_SUBJECT] = {"user:caf\xc3\xa9", 10}}},
    {.is = {[AUDIT_COLUMN_CAPABILITY] = {"c.3", 3}, [AUDIT_COLUMN_EFFECT] = {"deny", 4}}},
    {.is = {[AUDIT_COLUMN_RULE] = {"r2", 2}, [AUDIT_COLUMN_OUTCOME] = {"ok", 2}}},
    {.is = {[AUDIT_COLUMN_TYPE] = {"end", 3}}},
    {.is = {[AUDIT_COLUMN_PLAN] = {"sha256:4", 8}}},
    {.is = {[AUDIT_COLUMN_PLAN] = {"' OR 1=1 --", 11}}},
    {.since = {"2026-11-25T09:00:30Z", 20}},
    {.until = {"2026-11-25T09:01", 16}},
    {.since = {"2026-11-25T09:00:10", 19}, .until = {"2026-11-25T09:00:50Z", 20}},
    {.since = {"2027", 4}},
    {.text = {"open", 4}},
    {.text = {"SESAME open", 11}},
    {.text = {"\"open\" OR nothing", 17}},
    {.text = {"ses*", 4}},
    {.text = {"deny agent", 10}},
    {.text = {"...", 3}},
    {.text = {"\xc3\x89t\xc3\xa9", 5}},
};

static bool is_answer(const struct audit_query *q, uint64_t seq)
{
    auto_buf struct buf row = {0};
    write_row(seq, &row);
    return audit_query_matches(q, seq == 17 ? (struct str){NULL, 0} : buf_view(&row));
}

/* The index may name more than is an answer, and leaves none out. */
static void compare(struct audit_index *x, const struct audit_query *q, uint64_t from,
                    uint64_t below)
{
    uint64_t seq[ROWS], last[ROWS];
    size_t n, nlast, at = 0, answers = 0, named = 0;
    struct reeve_error err = {0};
    assert_rc(audit_query_check(q, &err), 0, &err);
    assert_rc(audit_index_find(x, q, from, below, false, seq, ROWS, &n, &err), 0, &err);
    assert_rc(audit_index_find(x, q, from, below, true, last, ROWS, &nlast, &err), 0, &err);
    assert_int_equal(n, nlast);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(seq[i], last[n - 1 - i]);
        named += is_answer(q, seq[i]);
    }
    for (uint64_t s = from; s < below && s < ROWS; s++) {
        if (!is_answer(q, s))
            continue;
        answers++;
        while (at < n && seq[at] < s)
            at++;
        assert_true(at < n && seq[at] == s);
    }
    assert_int_equal(named, answers);
    if (!q->text.p)
        assert_int_equal(n, answers);
}

static void test_it_finds_what_reading_finds(void **state)
{
    (void)state;
    struct scene s;
    struct audit_index *x, *other;
    struct reeve_error err = {0};
    uint8_t leaf[BASE_SHA256], want[BASE_SHA256];
    scene_make(&s);
    assert_rc(audit_index_open(s.dir, ORIGIN, &x, &err), 0, &err);
    assert_int_equal(audit_index_through(x, leaf), 0);
    take(x, 0, 20);
    take(x, 20, ROWS);
    audit_index_look(s.dir, ORIGIN, &other); /* while the writer has it */
    assert_non_null(other);
    assert_int_equal(audit_index_through(other, leaf), ROWS);
    leaf_of(ROWS - 1, want);
    assert_memory_equal(leaf, want, sizeof leaf);
    for (size_t i = 0; i < BASE_COUNT(queries); i++) {
        compare(other, &queries[i], 0, ROWS);
        compare(other, &queries[i], 13, 41);
        compare(other, &queries[i], 50, UINT64_MAX);
    }
    assert_rc(audit_index_clear(x, &err), 0, &err);
    for (size_t i = 0; i < BASE_COUNT(queries); i++)
        compare(other, &queries[i], 0, ROWS); /* of the moment at which it was opened */
    audit_index_close(&other);
    take(x, 0, ROWS);
    audit_index_look(s.dir, STR("example.com/other"), &other);
    assert_null(other);
    assert_rc(audit_index_begin(x, &err), 0, &err);
    assert_rc(audit_index_take(x, ROWS + 1, STR("{}"), leaf, &err), REEVE_EINVAL, &err);
    assert_rc(audit_index_commit(x, &err), 0, &err);
    assert_rc(audit_index_clear(x, &err), 0, &err);
    assert_int_equal(audit_index_through(x, leaf), 0);
    take(x, 0, 5);
    compare(x, &queries[12], 0, 5);
    audit_index_close(&x);
    scene_remove(&s);
}

static void test_times_that_are_none(void **state)
{
    (void)state;
    static const char *const times[] = {"yesterday",
                                        "2026-1-1",
                                        "2026-11-25 09:00",
                                        "",
                                        "202",
                                        "2026-11-25T09:00:00+01:00",
                                        "2026-11-25T09:00:00.1234567890123Z"};
    struct reeve_error err = {0};
    for (size_t i = 0; i < BASE_COUNT(times); i++) {
        struct audit_query q = {.since = {times[i], strlen(times[i])}};
        assert_rc(audit_query_check(&q, &err), REEVE_EINVAL, &err);
    }
}

/* ---- what is begun anew ---- */

static void spoil_bytes(const char *path)
{
    FILE *f = fopen(path, "r+");
    assert_non_null(f);
    assert_int_equal(fputs("no database at all", f) < 0, 0);
    assert_int_equal(fclose(f), 0);
}
static void remove_it(const char *path)
{
    assert_int_equal(unlink(path), 0);
}
static void make_a_folder(const char *path)
{
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkdir(path, 0700), 0);
}

static void open_again(struct scene *s, void (*spoil)(const char *path), bool opens)
{
    struct audit_index *x;
    struct reeve_error err = {0};
    uint8_t leaf[BASE_SHA256];
    char path[128];
    (void)snprintf(path, sizeof path, "%s/" AUDIT_INDEX_NAME, s->dir);
    assert_rc(audit_index_open(s->dir, ORIGIN, &x, &err), 0, &err);
    take(x, audit_index_through(x, leaf), 9);
    audit_index_close(&x);
    assert_rc(audit_index_open(s->dir, ORIGIN, &x, &err), 0, &err);
    assert_int_equal(audit_index_through(x, leaf), 9);
    audit_index_close(&x);
    spoil(path);
    assert_rc(audit_index_open(s->dir, ORIGIN, &x, &err), opens ? 0 : REEVE_EIO, &err);
    if (opens)
        assert_int_equal(audit_index_through(x, leaf), 0);
    audit_index_close(&x);
}

static void test_what_is_begun_anew(void **state)
{
    (void)state;
    struct scene s;
    struct audit_index *x;
    struct reeve_error err = {0};
    uint8_t leaf[BASE_SHA256];
    scene_make(&s);
    open_again(&s, spoil_bytes, true);
    open_again(&s, remove_it, true);
    assert_rc(audit_index_open(s.dir, STR("example.com/other"), &x, &err), 0, &err);
    take(x, 0, 3);
    audit_index_close(&x);
    assert_rc(audit_index_open(s.dir, ORIGIN, &x, &err), 0, &err);
    assert_int_equal(audit_index_through(x, leaf), 0);
    audit_index_close(&x);
    open_again(&s, make_a_folder, false);
    scene_remove(&s);
}

/* ---- behind a log ---- */

static uint64_t await_through(struct audit_indexer *indexer, uint64_t wanted)
{
    uint64_t through = 0;
    struct reeve_error why;
    for (int i = 0; i < 10000 && through < wanted; i++) {
        assert_int_equal(audit_indexer_state(indexer, &through, &why), 0);
        if (through < wanted)
            base_pause_ms(1);
    }
    return through;
}

static void append(struct audit_log *log, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        put_record(log, "decision");
        if (i % 400 == 399 || i + 1 == n)
            flush(log, NULL, 0);
    }
}

static void test_behind_a_log(void **state)
{
    (void)state;
    struct scene s;
    struct audit_found found;
    struct audit_indexer *indexer;
    struct reeve_error err = {0};
    scene_make(&s);
    struct audit_log *log = scene_reopen(&s, &found);
    append(log, 1000);
    assert_rc(audit_indexer_start(log, s.dir, &indexer, &err), 0, &err);
    assert_int_equal(await_through(indexer, 1000), 1000);
    append(log, 300);
    audit_indexer_wake(indexer);
    assert_int_equal(await_through(indexer, 1300), 1300);
    audit_indexer_restart(indexer);
    append(log, 1);
    audit_indexer_wake(indexer);
    assert_int_equal(await_through(indexer, 1301), 1301);
    audit_indexer_pause(indexer, true);
    append(log, 1);
    audit_indexer_wake(indexer);
    uint64_t through;
    struct reeve_error why;
    base_pause_ms(20);
    assert_int_equal(audit_indexer_state(indexer, &through, &why), 0);
    assert_int_equal(through, 1301);
    audit_indexer_pause(indexer, false);
    assert_int_equal(await_through(indexer, 1302), 1302);
    audit_indexer_stop(&indexer);
    assert_null(indexer);
    append(log, 5);
    assert_rc(audit_indexer_start(log, s.dir, &indexer, &err), 0, &err);
    assert_int_equal(await_through(indexer, 1307), 1307);
    audit_indexer_stop(&indexer);
    scene_close(&s, &log);
    scene_remove(&s);
}

/* Of the same name, and another history: what the index says of it is worth nothing. */
static void test_another_history(void **state)
{
    (void)state;
    struct scene s;
    struct audit_found found;
    struct audit_indexer *indexer;
    struct audit_index *x;
    struct reeve_error err = {0};
    uint64_t seq[ROWS];
    size_t n;
    scene_make(&s);
    assert_rc(audit_index_open(s.dir, ORIGIN, &x, &err), 0, &err);
    take(x, 0, 10);
    audit_index_close(&x);
    struct audit_log *log = scene_reopen(&s, &found);
    append(log, 20);
    assert_rc(audit_indexer_start(log, s.dir, &indexer, &err), 0, &err);
    assert_int_equal(await_through(indexer, 20), 20);
    audit_indexer_stop(&indexer);
    audit_index_look(s.dir, ORIGIN, &x);
    assert_non_null(x);
    assert_rc(audit_index_find(x, &queries[1], 0, 20, false, seq, ROWS, &n, &err), 0, &err);
    assert_int_equal(n, 0);
    audit_index_close(&x);
    scene_close(&s, &log);
    scene_remove(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_it_finds_what_reading_finds),
        cmocka_unit_test(test_times_that_are_none), cmocka_unit_test(test_what_is_begun_anew),
        cmocka_unit_test(test_behind_a_log), cmocka_unit_test(test_another_history)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
