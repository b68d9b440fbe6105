/*
 * The writer: many threads append, each knows when its record is durable, and the log is whole; a
 * commit that fails is told and tried again; what was queued is written before it ends.
 */
#include "support.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>

#include "audit/writer.h"

enum { THREADS = 6, EACH = 150, ROTATIONS = 5 };

static int make_record(void *arg, uint64_t seq, struct buf *out, struct reeve_error *err)
{
    (void)err;
    buf_printf(out, "{\"seq\":%" PRIu64 ",\"type\":\"%s\"}", seq, (const char *)arg);
    return 0;
}

struct stage {
    struct scene scene;
    struct audit_log *log;
    struct audit_writer *writer;
    atomic_uint news;
};

static void on_news(void *arg)
{
    atomic_fetch_add((atomic_uint *)arg, 1);
}

static void raise_stage(struct stage *s, int64_t batch_ns)
{
    struct audit_found found;
    struct reeve_error err = {0};
    struct audit_writer_options options = {
        .batch_ns = batch_ns, .retry_ns = 10000000, .news = on_news, .arg = &s->news};
    atomic_store(&s->news, 0);
    scene_make(&s->scene);
    s->log = scene_reopen(&s->scene, &found);
    assert_rc(audit_writer_start(s->log, &options, &s->writer, &err), 0, &err);
}

/* Ends the writer; the log must hold `size` records. */
static void lower_stage(struct stage *s, uint64_t size)
{
    audit_writer_stop(&s->writer);
    assert_null(s->writer);
    assert_whole(s->log, size);
    scene_close(&s->scene, &s->log);
    scene_remove(&s->scene);
}

static uint64_t append(struct stage *s, bool urgent)
{
    uint64_t seq;
    struct reeve_error err = {0};
    char type[] = "decision";
    assert_rc(audit_writer_append(s->writer, make_record, type, urgent, &seq, &err), 0, &err);
    return seq;
}

/* ---- many at once ---- */

struct caller {
    pthread_t thread;
    struct stage *stage;
    uint64_t got[EACH];
    atomic_bool failed;
};

/* The i-th of all callers is the same. */
static struct str plan_of(const unsigned *i, uint8_t digest[BASE_SHA256])
{
    base_sha256(i, sizeof *i, digest);
    return (struct str){(const char *)i, sizeof *i};
}

static int put_plan(struct audit_log *log, unsigned i)
{
    uint8_t digest[BASE_SHA256];
    struct str plan = plan_of(&i, digest);
    return audit_log_plan(log, digest, plan, NULL);
}

/* It is durable with its record. */
static bool has_plan(struct audit_log *log, unsigned i)
{
    uint8_t digest[BASE_SHA256];
    struct str plan = plan_of(&i, digest);
    auto_buf struct buf found = {0};
    return audit_log_read_plan(log, digest, &found, NULL) == 0 && str_eq(buf_view(&found), plan);
}

/* No assertion here: cmocka's are the main thread's. */
static void *call(void *arg)
{
    struct caller *c = arg;
    struct audit_writer *w = c->stage->writer;
    char type[] = "decision";
    for (unsigned i = 0; i < EACH && !c->failed; i++) {
        int rc = audit_writer_await_room(w, 1, 1, NULL);
        if (rc == 0)
            rc = put_plan(c->stage->log, i);
        if (rc == 0)
            rc = audit_writer_append(w, make_record, type, true, &c->got[i], NULL);
        if (rc == REEVE_EBUSY) { /* another one was faster */
            i--;
            continue;
        }
        if (rc == 0)
            rc = audit_writer_await(w, c->got[i], NULL);
        c->failed =
            rc != 0 || audit_log_size(c->stage->log) <= c->got[i] || !has_plan(c->stage->log, i);
    }
    return NULL;
}

static void read_all(struct stage *s, const struct caller *callers, uint64_t size)
{
    static bool seen[THREADS * EACH + ROTATIONS];
    memset(seen, 0, sizeof seen);
    for (unsigned t = 0; t < THREADS; t++)
        for (unsigned i = 0; i < EACH; i++) {
            assert_true(callers[t].got[i] < size);
            assert_false(seen[callers[t].got[i]]); /* no two have one sequence */
            seen[callers[t].got[i]] = true;
            assert_true(i == 0 || callers[t].got[i] > callers[t].got[i - 1]);
        }
    struct audit_head head;
    audit_log_head(s->log, &head);
    assert_int_equal(head.size, size);
}

static void let_many_call(unsigned rotations)
{
    static struct caller callers[THREADS];
    struct stage s;
    raise_stage(&s, BASE_NS_PER_S);
    for (unsigned i = 0; i < THREADS; i++) {
        callers[i].stage = &s;
        callers[i].failed = false;
        assert_int_equal(pthread_create(&callers[i].thread, NULL, call, &callers[i]), 0);
    }
    struct audit_news news;
    uint64_t durable = 0, seq, size = THREADS * EACH + rotations;
    unsigned rotated = 0;
    while (durable < size) { /* and one who reads what others write */
        for (unsigned i = 0; i < THREADS; i++)
            assert_false(callers[i].failed);
        struct reeve_error err = {0};
        auto_buf struct buf receipt = {0};
        assert_false(audit_writer_collect(s.writer, &news));
        assert_int_equal(news.failing, 0);
        assert_true(news.durable >= durable);
        durable = news.durable;
        if (rotated < rotations && durable / 40 >= rotated) { /* and gives the log new keys */
            assert_rc(audit_writer_rotate(s.writer, &seq, &err), 0, &err);
            rotated++;
        }
        if (durable)
            assert_rc(audit_log_receipt(s.log, durable - 1, &receipt, &err), 0, &err);
    }
    bool failed = false;
    for (unsigned i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(callers[i].thread, NULL), 0);
        failed = failed || callers[i].failed;
    }
    assert_false(failed);
    assert_true(atomic_load(&s.news) > 0);
    read_all(&s, callers, size);
    lower_stage(&s, size);
}

static void test_many_callers(void **state)
{
    (void)state;
    let_many_call(0);
}

static void test_many_callers_and_new_keys(void **state)
{
    (void)state;
    let_many_call(ROTATIONS);
}

/* A batch that waits for its time takes a rotation along at once; a full one goes before it. */
static void test_a_new_key_for_a_full_batch(void **state)
{
    (void)state;
    struct stage s;
    struct reeve_error err = {0};
    uint64_t seq;
    raise_stage(&s, 600 * BASE_NS_PER_S);
    append(&s, false);
    assert_rc(audit_writer_rotate(s.writer, &seq, &err), 0, &err);
    assert_int_equal(seq, 1);
    for (unsigned i = 0; i < KEEPER_MAX_LEAVES; i++)
        append(&s, false);
    assert_rc(audit_writer_rotate(s.writer, &seq, &err), 0, &err);
    assert_int_equal(seq, 2 + KEEPER_MAX_LEAVES);
    lower_stage(&s, 3 + KEEPER_MAX_LEAVES);
}

/* No keeper: whoever asks for a key is told, and so is the next. */
static void test_a_new_key_without_a_keeper(void **state)
{
    (void)state;
    struct stage s;
    uint64_t seq;
    raise_stage(&s, 600 * BASE_NS_PER_S);
    scene_kill_keeper(&s.scene);
    for (int i = 0; i < 2; i++) {
        struct reeve_error err = {0};
        assert_rc(audit_writer_rotate(s.writer, &seq, &err), REEVE_EHELPERS, &err);
        assert_true(err.message[0] != '\0');
    }
    audit_writer_stop(&s.writer);
    audit_log_close(&s.log);
    scene_remove(&s.scene);
}

/* ---- when a batch is due ---- */

static void test_what_nobody_waits_for(void **state)
{
    (void)state;
    struct stage s;
    struct audit_news news;
    struct reeve_error err = {0};
    raise_stage(&s, 600 * BASE_NS_PER_S);
    for (unsigned i = 0; i < 3; i++)
        append(&s, false);
    (void)audit_writer_collect(s.writer, &news);
    assert_int_equal(news.durable, 0);
    /* Who must know takes them all along. */
    assert_rc(audit_writer_await(s.writer, append(&s, false), &err), 0, &err);
    (void)audit_writer_collect(s.writer, &news);
    assert_int_equal(news.durable, 4);
    append(&s, false);
    audit_writer_hurry(s.writer);
    assert_rc(audit_writer_await(s.writer, 4, &err), 0, &err);
    append(&s, false); /* ending writes what is queued */
    lower_stage(&s, 6);
}

static void test_its_time_comes(void **state)
{
    (void)state;
    struct stage s;
    struct audit_news news = {0};
    raise_stage(&s, 1000000);
    append(&s, false);
    for (int i = 0; news.durable == 0 && i < 10000; i++) {
        base_pause_ms(1);
        (void)audit_writer_collect(s.writer, &news);
    }
    assert_int_equal(news.durable, 1);
    lower_stage(&s, 1);
}

static void test_a_full_batch(void **state)
{
    (void)state;
    struct stage s;
    struct reeve_error err = {0};
    uint64_t seq;
    char type[] = "decision";
    raise_stage(&s, 600 * BASE_NS_PER_S);
    for (unsigned i = 0; i < KEEPER_MAX_LEAVES; i++)
        append(&s, false);
    assert_rc(audit_writer_append(s.writer, make_record, type, false, &seq, &err), REEVE_EBUSY,
              &err);
    assert_rc(audit_writer_await_room(s.writer, KEEPER_MAX_LEAVES, KEEPER_MAX_RELEASES, &err), 0,
              &err);
    append(&s, false);
    lower_stage(&s, KEEPER_MAX_LEAVES + 1);
}

/* ---- releases ---- */

static void test_tokens_in_order(void **state)
{
    (void)state;
    enum { RELEASES = 3 * KEEPER_MAX_RELEASES };
    struct stage s;
    struct audit_news news;
    struct reeve_error err = {0};
    uint64_t decision[RELEASES];
    unsigned got = 0;
    raise_stage(&s, BASE_NS_PER_S);
    /* Nobody collects a token before all were asked for. */
    for (unsigned i = 0; i < RELEASES; i++) {
        uint8_t plan[BASE_SHA256] = {(uint8_t)i};
        assert_rc(audit_writer_await_room(s.writer, 1, 1, &err), 0, &err);
        decision[i] = append(&s, true);
        assert_rc(audit_writer_release(s.writer, decision[i], plan,
                                       base_boottime_ns() + 30 * BASE_NS_PER_S, &err),
                  0, &err);
    }
    while (got < RELEASES) {
        (void)audit_writer_collect(s.writer, &news);
        for (size_t i = 0; i < news.ntokens; i++, got++) {
            assert_int_equal(news.token[i].plan[0], got);
            assert_true(news.token[i].seq > decision[got] && news.token[i].seq < news.durable);
        }
    }
    (void)audit_writer_collect(s.writer, &news);
    assert_int_equal(news.ntokens, 0);
    lower_stage(&s, 2 * RELEASES);
}

/* ---- a disk that is full ---- */

static void limit_pages(struct stage *s, bool on)
{
    log_rows_read(s->log);
    int rc = sqlite3_exec(s->log->store.live.sqlite,
                          on ? "PRAGMA max_page_count=1" : "PRAGMA max_page_count=1000000", NULL,
                          NULL, NULL);
    log_rows_leave(s->log);
    assert_int_equal(rc, SQLITE_OK);
}

static void test_a_commit_that_fails(void **state)
{
    (void)state;
    struct stage s;
    struct audit_news news = {0};
    struct reeve_error err = {0};
    raise_stage(&s, BASE_NS_PER_S);
    limit_pages(&s, true);
    for (unsigned i = 0; i < 200; i++)
        append(&s, i == 199);
    assert_rc(audit_writer_await(s.writer, 199, &err), REEVE_EIO, &err);
    assert_non_null(strstr(err.message, "full"));
    (void)audit_writer_collect(s.writer, &news);
    assert_int_equal(news.failing, REEVE_EIO);
    assert_int_equal(news.durable, 0);
    /* Records go on being taken while there is room, and nobody waits for more in vain. */
    append(&s, true);
    assert_rc(audit_writer_await_room(s.writer, KEEPER_MAX_LEAVES, 0, &err), REEVE_EIO, &err);
    limit_pages(&s, false);
    for (int i = 0; news.durable < 201 && i < 10000; i++) {
        base_pause_ms(1);
        (void)audit_writer_collect(s.writer, &news);
    }
    assert_int_equal(news.durable, 201);
    assert_int_equal(news.failing, 0);
    lower_stage(&s, 201);
}

static void test_a_keeper_that_is_gone(void **state)
{
    (void)state;
    struct stage s;
    struct audit_news news;
    struct reeve_error err = {0};
    uint64_t seq;
    char type[] = "decision";
    raise_stage(&s, BASE_NS_PER_S);
    assert_rc(audit_writer_await(s.writer, append(&s, true), &err), 0, &err);
    scene_kill_keeper(&s.scene);
    assert_rc(audit_writer_await(s.writer, append(&s, true), &err), REEVE_EHELPERS, &err);
    (void)audit_writer_collect(s.writer, &news);
    assert_int_equal(news.failing, REEVE_EHELPERS);
    assert_rc(audit_writer_append(s.writer, make_record, type, true, &seq, &err), REEVE_EHELPERS,
              &err);
    audit_writer_stop(&s.writer);
    assert_whole(s.log, 1);
    audit_log_close(&s.log);
    scene_remove(&s.scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_many_callers),
                                       cmocka_unit_test(test_many_callers_and_new_keys),
                                       cmocka_unit_test(test_a_new_key_for_a_full_batch),
                                       cmocka_unit_test(test_a_new_key_without_a_keeper),
                                       cmocka_unit_test(test_what_nobody_waits_for),
                                       cmocka_unit_test(test_its_time_comes),
                                       cmocka_unit_test(test_a_full_batch),
                                       cmocka_unit_test(test_tokens_in_order),
                                       cmocka_unit_test(test_a_commit_that_fails),
                                       cmocka_unit_test(test_a_keeper_that_is_gone)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
