/*
 * Erasing the bytes of records: they are in no file any more, whatever their length and whatever
 * was written around them, and the log is as whole as before. A crash between the record that says
 * so and the deed is made good by the next start.
 */
#include "support.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

enum { RECORDS = 240 };

/* From a few bytes to the longest, and each with a word of its own. */
static void put_long(struct audit_log *log, unsigned i)
{
    static char text[AUDIT_MAX_RECORD + 1];
    static const unsigned lengths[] = {60, 200, 700, 3000, 4096, 9000, 20000, AUDIT_MAX_RECORD};
    struct reeve_error err = {0};
    unsigned n = lengths[i % BASE_COUNT(lengths)];
    uint64_t seq = audit_log_next(log);
    int at = snprintf(text, sizeof text, "{\"a\":\"");
    while ((unsigned)at < n - 45u)
        at += snprintf(text + at, sizeof text - (size_t)at, "word%04u.", i);
    at += snprintf(text + at, sizeof text - (size_t)at, "\",\"seq\":%" PRIu64 "}", seq);
    assert_rc(audit_log_append(log, (struct str){text, (size_t)at}, &err), 0, &err);
}

static bool file_has(const struct scene *s, const char *name, const char *word)
{
    auto_buf struct buf bytes = {0};
    struct reeve_error err = {0};
    assert_rc(fd_slurp(s->dir_fd, name, (size_t)64 << 20, &bytes, &err), 0, &err);
    return bytes.len && memmem(bytes.data, bytes.len, word, strlen(word));
}

/* Whether the word of record `i` stands in any file of the folder. */
static bool is_on_disk(const struct scene *s, unsigned i)
{
    char word[16];
    bool found = false;
    (void)snprintf(word, sizeof word, "word%04u", i);
    DIR *dir = fdopendir(dup(s->dir_fd));
    assert_non_null(dir);
    rewinddir(dir);
    for (struct dirent *e; !found && (e = readdir(dir));)
        found = e->d_type == DT_REG && file_has(s, e->d_name, word);
    assert_int_equal(closedir(dir), 0);
    return found;
}

static void erase(struct audit_log *log, uint64_t seq)
{
    struct reeve_error err = {0};
    put_story(log, "erased", seq, 1, false);
    flush(log, NULL, 0);
    assert_rc(audit_log_erase(log, seq, &err), 0, &err);
}

static void test_no_byte_stays(void **state)
{
    (void)state;
    struct scene s;
    struct audit_found found;
    struct audit_report r;
    bool gone[RECORDS] = {false};
    uint64_t at[RECORDS];
    unsigned n = 0, erased = 0;
    scene_make(&s);
    struct audit_log *log = scene_reopen(&s, &found);
    while (n < RECORDS) {
        for (unsigned k = 0; k < 24; k++) {
            at[n] = audit_log_next(log);
            put_long(log, n++);
        }
        flush(log, NULL, 0);
        /* New and old ones, so that pages are written again and again. */
        for (unsigned k = 0; k < 8; k++) {
            unsigned i = (n * 7 + k * 31) % n;
            if (gone[i])
                continue;
            erased++;
            gone[i] = true;
            erase(log, at[i]);
            assert_false(is_on_disk(&s, i));
        }
    }
    verify(log, &r);
    if (!r.ok)
        fail_msg("%s: %s", r.finding, r.detail);
    assert_int_equal(r.erased, erased);
    assert_int_equal(r.without_bytes, erased);
    scene_close(&s, &log);
    for (unsigned i = 0; i < RECORDS; i++)
        assert_int_equal(is_on_disk(&s, i), !gone[i]);
    log = scene_open(&s, &found);
    assert_int_equal(found.condition, AUDIT_OK);
    assert_int_equal(found.nunerased, 0);
    verify(log, &r);
    assert_true(r.ok);
    scene_close(&s, &log);
    scene_remove(&s);
}

static void test_a_crash_before_the_deed(void **state)
{
    (void)state;
    struct scene s;
    struct audit_found found;
    scene_make(&s);
    struct audit_log *log = scene_reopen(&s, &found);
    put_long(log, 1);
    put_long(log, 5);
    put_story(log, "erased", 1, 1, false);
    flush(log, NULL, 0);
    scene_close(&s, &log);
    assert_true(is_on_disk(&s, 5));
    log = scene_open(&s, &found);
    assert_int_equal(found.condition, AUDIT_OK);
    assert_int_equal(found.nunerased, 1);
    assert_int_equal(found.unerased[0].first, 1);
    audit_found_fini(&found);
    assert_false(is_on_disk(&s, 5));
    assert_whole(log, 3);
    scene_close(&s, &log);
    assert_usable(&s, 3);
    scene_remove(&s);
}

/* The end of a run that is erased has still ended it; a receipt cannot be had. */
static void test_an_end_that_is_erased(void **state)
{
    (void)state;
    struct scene s;
    struct audit_found found;
    struct token token;
    struct reeve_error err = {0};
    char text[100];
    scene_make(&s);
    struct audit_log *log = scene_reopen(&s, &found);
    put_release(log, put_record(log, "decision"), 20000);
    flush(log, &token, 1);
    uint64_t end = put_end(log, token.seq);
    int n = snprintf(text, sizeof text,
                     "{\"from\":%" PRIu64 ",\"release\":%" PRIu64 ",\"seq\":%" PRIu64
                     ",\"to\":%" PRIu64 ",\"type\":\"erased\"}",
                     end, token.seq, end + 1, end);
    assert_rc(audit_log_append(log, (struct str){text, (size_t)n}, &err), 0, &err);
    flush(log, NULL, 0);
    assert_rc(audit_log_erase(log, end, &err), 0, &err);
    auto_buf struct buf receipt = {0};
    assert_int_equal(audit_log_receipt(log, end, &receipt, &err), REEVE_ENOENT);
    scene_close(&s, &log);
    log = scene_open(&s, &found);
    assert_int_equal(found.condition, AUDIT_OK);
    assert_int_equal(found.nlost, 0);
    audit_found_fini(&found);
    scene_close(&s, &log);
    scene_remove(&s);
}

/* Bytes that are gone and of which nothing tells, beside some of which something does. */
static void test_nothing_tells(void **state)
{
    (void)state;
    static const char *const sqls[] = {
        "UPDATE log SET record = NULL WHERE seq = 2",
        "UPDATE log SET record = zeroblob(length(record)) WHERE seq = 2",
    };
    for (size_t i = 0; i < BASE_COUNT(sqls); i++) {
        struct scene s;
        struct audit_found found;
        scene_log(&s, 6);
        struct audit_log *log = scene_reopen(&s, &found);
        erase(log, 1);
        erase(log, 3);
        scene_close(&s, &log);
        run_sql(&s, sqls[i]);
        assert_condemned(&s, AUDIT_DAMAGED, 2);
        scene_remove(&s);
    }
}

/* A record may tell of what was before it, not of what comes. */
static void test_told_too_soon(void **state)
{
    (void)state;
    struct scene s;
    struct audit_found found;
    scene_make(&s);
    struct audit_log *log = scene_reopen(&s, &found);
    put_story(log, "erased", 1, 1, false);
    put_record(log, "decision");
    flush(log, NULL, 0);
    scene_close(&s, &log);
    run_sql(&s, "UPDATE log SET record = NULL WHERE seq = 1");
    assert_condemned(&s, AUDIT_DAMAGED, 1);
    scene_remove(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_byte_stays),
        cmocka_unit_test(test_a_crash_before_the_deed),
        cmocka_unit_test(test_an_end_that_is_erased),
        cmocka_unit_test(test_nothing_tells),
        cmocka_unit_test(test_told_too_soon),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
