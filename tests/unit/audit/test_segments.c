/*
 * A log in many files: where one ends and the next begins nothing of what the log says changes.
 * Files that are missing, changed, moved or put back are found; what a crash leaves is gone on
 * with; records whose time is over are gone, and everything is still proven.
 */
#include "support.h"

#include "audit/segment_record.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* Rows of each file that scene_files makes: 5, then the record that begins a file and 5 more. */
enum { FILES = 4, ROWS = 6 * FILES - 1 };

static void put_word(struct audit_log *log, const char *word)
{
    char text[200];
    struct reeve_error err = {0};
    int n =
        snprintf(text, sizeof text, "{\"seq\":%" PRIu64 ",\"type\":\"decision\",\"word\":\"%s\"}",
                 audit_log_next(log), word);
    assert_rc(audit_log_append(log, (struct str){text, (size_t)n}, &err), 0, &err);
}

/* Three sealed files and log.db, open. */
static struct audit_log *scene_files(struct scene *s)
{
    struct audit_found found;
    scene_make(s);
    struct audit_log *log = scene_reopen(s, &found);
    for (unsigned file = 0; file < FILES; file++) {
        if (file)
            seal(log);
        for (unsigned i = 0; i < 5; i++)
            put_word(log, file == 0 ? "oldest" : "newer");
        flush(log, NULL, 0);
    }
    return log;
}

static void name_of(uint64_t first, uint64_t last, bool pruned, char out[SEGMENT_MAX_NAME])
{
    const struct segment s = {.first = first, .last = last, .pruned = pruned};
    segment_name(&s, out);
}

struct list {
    unsigned n;
    struct audit_segment v[16];
};
static int take_segment(void *arg, const struct audit_segment *s)
{
    struct list *l = arg;
    assert_true(l->n < BASE_COUNT(l->v));
    l->v[l->n++] = *s;
    return 0;
}

static struct list list_of(struct audit_log *log)
{
    struct list l = {0};
    struct reeve_error err = {0};
    assert_rc(audit_log_segments(log, take_segment, &l, &err), 0, &err);
    return l;
}

/* ---- as one log ---- */

struct rows {
    uint64_t next;
    bool stop;
};
static int take_row(void *arg, uint64_t seq, struct str record, const uint8_t leaf[BASE_SHA256])
{
    struct rows *r = arg;
    uint8_t own[BASE_SHA256];
    assert_int_equal(seq, r->next++);
    tree_leaf_hash(record.p, record.n, own);
    assert_memory_equal(own, leaf, BASE_SHA256);
    return r->stop;
}

static void assert_reads(struct audit_log *log, uint64_t size)
{
    struct reeve_error err = {0};
    for (uint64_t from = 0; from <= size; from++)
        for (uint64_t n = 0; n <= size - from + 1; n++) {
            struct rows r = {.next = from};
            assert_rc(audit_log_read(log, from, n, take_row, &r, &err), 0, &err);
            assert_int_equal(r.next, n < size - from ? from + n : size);
        }
    struct rows one = {.next = 3, .stop = true};
    assert_rc(audit_log_read(log, 3, 100, take_row, &one, &err), 0, &err);
    assert_int_equal(one.next, 4);
}

static void assert_proves(struct audit_log *log, uint64_t size)
{
    struct reeve_error err = {0};
    struct audit_head head;
    audit_log_head(log, &head);
    for (uint64_t seq = 0; seq < size; seq++) {
        auto_buf struct buf text = {0};
        auto_arena struct arena arena = {0};
        struct audit_receipt receipt = {0};
        assert_rc(audit_log_receipt(log, seq, &text, &err), 0, &err);
        assert_rc(audit_receipt_check(buf_view(&text), head.vkey, &arena, &receipt, &err), 0, &err);
        struct audit_proof p;
        assert_rc(audit_log_prove(log, AUDIT_PROVE_GROWTH, seq, size, &p, &err), 0, &err);
    }
}

static void test_many_files_are_one_log(void **state)
{
    (void)state;
    struct scene s;
    struct audit_found found;
    struct audit_log *log = scene_files(&s);
    for (int again = 0; again < 2; again++) {
        struct list l = list_of(log);
        assert_int_equal(l.n, FILES);
        for (unsigned i = 0; i < l.n; i++) {
            assert_int_equal(l.v[i].first, i ? 6 * i - 1 : 0);
            assert_int_equal(l.v[i].last, 6 * i + 4);
            assert_int_equal(l.v[i].sealed, i + 1 < FILES);
            assert_true(l.v[i].bytes > 0 && !l.v[i].pruned);
        }
        assert_reads(log, ROWS);
        assert_whole(log, ROWS);
        assert_proves(log, ROWS);
        scene_close(&s, &log);
        log = scene_open(&s, &found);
        assert_int_equal(found.condition, AUDIT_OK);
        assert_int_equal(found.restored_count + found.unsigned_count + found.nunerased, 0);
    }
    scene_close(&s, &log);
    for (unsigned i = 0; i + 1 < FILES; i++) {
        char name[SEGMENT_MAX_NAME];
        struct stat st;
        name_of(i ? 6 * i - 1 : 0, 6 * i + 4, false, name);
        assert_int_equal(fstatat(s.dir_fd, name, &st, AT_SYMLINK_NOFOLLOW), 0);
        assert_int_equal(st.st_mode & 07777, 0400);
    }
    assert_usable(&s, ROWS);
    scene_remove(&s);
}

/* A file says itself what is in front of it, as it was signed. */
static int check_beginning(void *arg, uint64_t seq, struct str record,
                           const uint8_t leaf[BASE_SHA256])
{
    struct segment_record r;
    struct reeve_error err = {0};
    (void)leaf;
    assert_rc(segment_record_read(record, seq, &r, &err), 0, &err);
    *(struct segment_record *)arg = r;
    assert_true(record.p && memmem(record.p, record.n, "\"put\":\"by the owner\"", 20));
    return 1;
}

static void put_member(void *arg, struct json_out *o)
{
    (void)arg;
    json_kv_str(o, "put", STR("by the owner"));
}

static void test_the_first_record_of_a_file(void **state)
{
    (void)state;
    struct scene s;
    struct audit_found found;
    struct audit_head before;
    struct segment_record r;
    struct reeve_error err = {0};
    const struct audit_segmenting how = {.put = put_member};
    scene_log(&s, 500);
    struct audit_log *log = scene_reopen(&s, &found);
    audit_log_segmenting(log, &how);
    audit_log_head(log, &before);
    seal(log);
    assert_rc(audit_log_read(log, 500, 1, check_beginning, &r, &err), 0, &err);
    assert_int_equal(r.first, 0);
    assert_int_equal(r.last, 499);
    assert_int_equal(r.checkpoint.size, 500);
    assert_memory_equal(r.checkpoint.root, before.root, BASE_SHA256);
    /* There is nothing to seal but that record. */
    uint64_t seq;
    assert_rc(audit_log_seal(log, &seq, &err), REEVE_EINVAL, &err);
    scene_close(&s, &log);
    scene_remove(&s);
}

/* One record is a file; the record that begins a file is none yet. */
static void test_a_file_of_one_record(void **state)
{
    (void)state;
    struct scene s;
    struct audit_found found;
    scene_log(&s, 1);
    struct audit_log *log = scene_reopen(&s, &found);
    seal(log);
    struct list l = list_of(log);
    assert_int_equal(l.n, 2);
    assert_int_equal(l.v[0].last, 0);
    assert_whole(log, 2);
    scene_close(&s, &log);
    assert_usable(&s, 2);
    scene_remove(&s);
}

/* Records come while the file ends: each has its place, and the one that begins a file its. */
static void test_by_size_under_way(void **state)
{
    (void)state;
    struct scene s;
    struct audit_found found;
    const struct audit_segmenting how = {.max_bytes = 40000};
    scene_make(&s);
    struct audit_log *log = scene_reopen(&s, &found);
    audit_log_segmenting(log, &how);
    for (unsigned i = 0; i < 60; i++) {
        struct token tokens[KEEPER_MAX_RELEASES];
        struct reeve_error err = {0};
        size_t n = KEEPER_MAX_RELEASES;
        for (unsigned k = 0; k < 20; k++)
            put_record(log, "decision");
        /* As two threads do it: the next batch fills while this one is on its way. */
        assert_rc(log_take_off(log, n, &err), 0, &err);
        put_record(log, "decision");
        assert_rc(audit_log_flush(log, tokens, &n, &err), 0, &err);
    }
    flush(log, NULL, 0);
    struct list l = list_of(log);
    assert_true(l.n > 2);
    for (unsigned i = 0; i + 1 < l.n; i++) {
        assert_int_equal(l.v[i].last + 1, l.v[i + 1].first);
        assert_true(l.v[i].bytes >= 40000);
    }
    uint64_t size = audit_log_size(log);
    assert_true(size >= 60 * 21 + l.n - 1);
    assert_whole(log, size);
    scene_close(&s, &log);
    assert_usable(&s, size);
    scene_remove(&s);
}

/* ---- crashes ---- */

/* The file was sealed, and its successor not made, or made and empty. */
static void test_a_crash_behind_the_seal(void **state)
{
    (void)state;
    for (int made = 0; made < 2; made++) {
        struct scene s;
        struct audit_found found;
        struct segment_record r;
        struct reeve_error err = {0};
        const struct audit_segmenting how = {.put = put_member};
        scene_log(&s, 6);
        struct audit_log *log = scene_reopen(&s, &found);
        assert_rc(log_store_seal(&log->store, 6, &err), 0, &err);
        scene_close(&s, &log);
        if (!made)
            assert_int_equal(unlinkat(s.dir_fd, AUDIT_DB_NAME, 0), 0);
        log = scene_reopen(&s, &found);
        assert_int_equal(found.condition, AUDIT_OK);
        audit_log_segmenting(log, &how);
        assert_int_equal(put_record(log, "start"), 7);
        flush(log, NULL, 0);
        assert_rc(audit_log_read(log, 6, 1, check_beginning, &r, &err), 0, &err);
        assert_int_equal(r.last, 5);
        assert_whole(log, 8);
        scene_close(&s, &log);
        assert_usable(&s, 8);
        scene_remove(&s);
    }
}

/* Between the last name and the mode, and with its WAL set aside already. */
static void test_a_crash_before_the_name(void **state)
{
    (void)state;
    struct scene s;
    struct audit_found found;
    struct reeve_error err = {0};
    scene_log(&s, 6);
    struct audit_log *log = scene_reopen(&s, &found);
    assert_rc(log_db_finish(&log->store.live, &err), 0, &err);
    scene_close(&s, &log);
    assert_usable(&s, 6);
    scene_remove(&s);
}

/* ---- what somebody did to the files ---- */

static void rename_file(const struct scene *s, const char *from, const char *to)
{
    assert_int_equal(renameat(s->dir_fd, from, s->dir_fd, to), 0);
}

static void write_byte(const struct scene *s, const char *name, off_t at)
{
    uint8_t byte;
    assert_int_equal(fchmodat(s->dir_fd, name, 0600, 0), 0);
    int fd = openat(s->dir_fd, name, O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(pread(fd, &byte, 1, at), 1);
    byte ^= 0x10;
    assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    close(fd);
}

static void test_a_file_is_gone(void **state)
{
    (void)state;
    for (unsigned i = 0; i + 1 < FILES; i++) {
        struct scene s;
        char name[SEGMENT_MAX_NAME];
        struct audit_log *log = scene_files(&s);
        scene_close(&s, &log);
        uint64_t first = i ? 6 * i - 1 : 0;
        name_of(first, 6 * i + 4, false, name);
        assert_int_equal(unlinkat(s.dir_fd, name, 0), 0);
        assert_condemned(&s, AUDIT_DAMAGED, first);
        scene_remove(&s);
    }
}

/* The last one, and log.db with it; log.db alone; log.db, and an old one in its place. */
static void test_the_end_is_gone(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        struct scene s;
        char name[SEGMENT_MAX_NAME];
        struct audit_log *log = scene_files(&s);
        scene_close(&s, &log);
        name_of(11, 16, false, name);
        assert_int_equal(unlinkat(s.dir_fd, AUDIT_DB_NAME, 0), 0);
        if (i == 0)
            assert_int_equal(unlinkat(s.dir_fd, name, 0), 0);
        if (i == 2)
            rename_file(&s, name, AUDIT_DB_NAME);
        assert_condemned(&s, AUDIT_TAIL_LOST, i ? 17 : 11);
        scene_remove(&s);
    }
}

static void test_a_file_under_another_name(void **state)
{
    (void)state;
    struct scene s;
    char one[SEGMENT_MAX_NAME], two[SEGMENT_MAX_NAME];
    struct audit_log *log = scene_files(&s);
    scene_close(&s, &log);
    name_of(5, 10, false, one);
    name_of(11, 16, false, two);
    rename_file(&s, one, "kept.db");
    rename_file(&s, two, one);
    rename_file(&s, "kept.db", two);
    assert_condemned(&s, AUDIT_DAMAGED, 5);
    scene_remove(&s);
}

/* A sealed file beside log.db that has its rows still. */
static void test_rows_in_two_files(void **state)
{
    (void)state;
    struct scene s;
    struct audit_log *log = scene_files(&s);
    scene_close(&s, &log);
    run_sql(&s, "INSERT INTO log VALUES(3, x'00', zeroblob(32))");
    struct audit_found found;
    log = scene_open(&s, &found);
    assert_int_equal(found.condition, AUDIT_DAMAGED);
    assert_int_equal(found.first_bad, 3);
    audit_found_fini(&found);
    scene_close(&s, &log);
    scene_remove(&s);
}

static void test_an_older_head(void **state)
{
    (void)state;
    struct scene s;
    struct audit_found found;
    scene_log(&s, 6);
    scene_save(&s, AUDIT_HEAD_NAME, "kept.head");
    struct audit_log *log = scene_reopen(&s, &found);
    put_record(log, "decision");
    flush(log, NULL, 0);
    seal(log);
    scene_close(&s, &log);
    scene_save(&s, "kept.head", AUDIT_HEAD_NAME);
    assert_condemned(&s, AUDIT_DAMAGED, 6);
    scene_remove(&s);
}

/* Each byte of a sealed file that is not room: changed, it is named, or changes nothing. */
static void test_each_byte(void **state)
{
    (void)state;
    struct scene s;
    struct stat st;
    char name[SEGMENT_MAX_NAME];
    unsigned found_bad = 0;
    struct audit_log *log = scene_files(&s);
    scene_close(&s, &log);
    name_of(5, 10, false, name);
    assert_int_equal(fstatat(s.dir_fd, name, &st, 0), 0);
    for (off_t at = 0; at < st.st_size; at += 61) {
        struct audit_found found;
        write_byte(&s, name, at);
        log = scene_open(&s, &found);
        if (found.condition != AUDIT_OK) {
            assert_int_equal(found.condition, AUDIT_DAMAGED);
            assert_in_range(found.first_bad, 5, 10);
            found_bad++;
        } else {
            assert_whole(log, ROWS);
        }
        audit_found_fini(&found);
        scene_close(&s, &log);
        write_byte(&s, name, at);
    }
    assert_true(found_bad > 10);
    assert_usable(&s, ROWS);
    scene_remove(&s);
}

/* A journal beside a sealed file is nobody's: it is not played into it. */
static void test_a_journal_beside(void **state)
{
    (void)state;
    static const uint8_t magic[] = {0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7};
    static const char *const ends[] = {"-journal", "-wal"};
    for (size_t i = 0; i < BASE_COUNT(ends); i++) {
        struct scene s;
        char name[SEGMENT_MAX_NAME + 16];
        uint8_t bytes[4096] = {0};
        struct reeve_error err = {0};
        struct audit_log *log = scene_files(&s);
        scene_close(&s, &log);
        name_of(5, 10, false, name);
        (void)strcat(name, ends[i]);
        memcpy(bytes, magic, sizeof magic);
        memset(bytes + 8, 0xff, 4);
        int fd = openat(s.dir_fd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        assert_int_equal(fd_write_all(fd, bytes, sizeof bytes), 0);
        close(fd);
        assert_usable(&s, ROWS);
        (void)err;
        scene_remove(&s);
    }
}

/* Files that are not ours by their names are not looked at. */
static void test_other_names(void **state)
{
    (void)state;
    static const char *const names[] = {
        "segments/5-10.db",           "segments/000000000005-000000000010.db.tmp",
        "segments/-00000000005-1.db", "segments/000000000010-000000000005.db",
        "segments/notes.txt",         "segments/99999999999999999999-99999999999999999999.db"};
    struct scene s;
    struct audit_log *log = scene_files(&s);
    scene_close(&s, &log);
    for (size_t i = 0; i < BASE_COUNT(names); i++)
        close(openat(s.dir_fd, names[i], O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    assert_usable(&s, ROWS);
    scene_remove(&s);
}

/* ---- whose time is over ---- */

static bool is_in_segments(const struct scene *s, const char *word)
{
    struct segments list;
    struct reeve_error err = {0};
    bool found = false;
    assert_rc(segments_list(s->dir_fd, &list, &err), 0, &err);
    for (size_t i = 0; i < list.n; i++) {
        char name[SEGMENT_MAX_NAME];
        auto_buf struct buf bytes = {0};
        segment_name(&list.v[i], name);
        assert_rc(fd_slurp(s->dir_fd, name, (size_t)64 << 20, &bytes, &err), 0, &err);
        found = found || memmem(bytes.data, bytes.len, word, strlen(word));
    }
    segments_fini(&list);
    return found;
}

static void test_pruned(void **state)
{
    (void)state;
    struct scene s;
    struct audit_found found;
    struct audit_report r;
    struct audit_head old;
    struct audit_proof p;
    struct reeve_error err = {0};
    struct audit_log *log = scene_files(&s);
    audit_log_head(log, &old);
    assert_true(is_in_segments(&s, "oldest"));
    put_story(log, "expired", 0, 5, false);
    flush(log, NULL, 0);
    assert_rc(audit_log_prune(log, 0, &err), 0, &err);
    assert_rc(audit_log_prune(log, 0, &err), 0, &err); /* nothing is left to do */
    assert_rc(audit_log_prune(log, 1, &err), REEVE_ENOENT, &err);
    assert_false(is_in_segments(&s, "oldest"));
    assert_true(is_in_segments(&s, "newer"));
    for (int again = 0; again < 2; again++) {
        struct list l = list_of(log);
        assert_true(l.v[0].pruned && !l.v[1].pruned);
        verify(log, &r);
        if (!r.ok)
            fail_msg("%s: %s", r.finding, r.detail);
        assert_int_equal(r.expired, 5);
        assert_int_equal(r.erased, 0);
        assert_int_equal(r.without_bytes, 5);
        /* What remains, and what a witness saw, is proven. */
        for (uint64_t seq = 0; seq <= ROWS; seq++)
            assert_rc(audit_log_prove(log, AUDIT_PROVE_RECORD, seq, 0, &p, &err), 0, &err);
        assert_rc(audit_log_prove(log, AUDIT_PROVE_GROWTH, old.size, 0, &p, &err), 0, &err);
        auto_buf struct buf text = {0};
        assert_int_equal(audit_log_receipt(log, 2, &text, &err), REEVE_ENOENT);
        assert_rc(audit_log_receipt(log, 7, &text, &err), 0, &err);
        scene_close(&s, &log);
        log = scene_open(&s, &found);
        assert_int_equal(found.condition, AUDIT_OK);
        assert_int_equal(found.nunerased, 0);
    }
    scene_close(&s, &log);
    scene_remove(&s);
}

/* Records that tell of the log itself stay where others go. */
static void test_what_stays(void **state)
{
    (void)state;
    static const char *const stay[] = {"start", "clock", "unacknowledged", "unsigned", "erased"};
    static const char *const go[] = {"decision", "end", "rejected", "something"};
    struct scene s;
    struct audit_found found;
    struct audit_report r;
    struct reeve_error err = {0};
    uint64_t rotation;
    scene_make(&s);
    struct audit_log *log = scene_reopen(&s, &found);
    for (size_t i = 0; i < BASE_COUNT(stay); i++)
        put_record(log, stay[i]);
    for (size_t i = 0; i < BASE_COUNT(go); i++)
        put_record(log, go[i]);
    put_release(log, 5, 20000);
    flush(log, NULL, 1);
    assert_rc(audit_log_rotate(log, &rotation, &err), 0, &err);
    flush(log, NULL, 0);
    seal(log);
    put_story(log, "expired", 0, 11, false);
    flush(log, NULL, 0);
    assert_rc(audit_log_prune(log, 0, &err), 0, &err);
    verify(log, &r);
    if (!r.ok)
        fail_msg("%s: %s", r.finding, r.detail);
    assert_int_equal(r.expired, BASE_COUNT(go) + 1);
    scene_close(&s, &log);
    scene_remove(&s);
}

/* Recorded, and not done; done, and the old file is there still. */
static void test_a_crash_at_pruning(void **state)
{
    (void)state;
    for (int done = 0; done < 2; done++) {
        struct scene s;
        struct audit_found found;
        struct audit_report r;
        struct reeve_error err = {0};
        char name[SEGMENT_MAX_NAME];
        struct audit_log *log = scene_files(&s);
        put_story(log, "expired", 0, 5, false);
        flush(log, NULL, 0);
        name_of(0, 4, false, name);
        scene_save(&s, name, "kept.db");
        if (done)
            assert_rc(audit_log_prune(log, 0, &err), 0, &err);
        scene_close(&s, &log);
        if (done)
            rename_file(&s, "kept.db", name);
        else
            assert_int_equal(unlinkat(s.dir_fd, "kept.db", 0), 0);
        log = scene_open(&s, &found);
        assert_int_equal(found.condition, AUDIT_OK);
        audit_found_fini(&found);
        assert_false(is_in_segments(&s, "oldest"));
        assert_int_equal(faccessat(s.dir_fd, name, F_OK, 0), -1);
        verify(log, &r);
        assert_true(r.ok);
        assert_int_equal(r.expired, 5);
        scene_close(&s, &log);
        scene_remove(&s);
    }
}

/* Bytes that are gone, and nothing tells; an old file that comes back is no finding. */
static void test_pruned_and_not_told(void **state)
{
    (void)state;
    struct scene s;
    struct reeve_error err = {0};
    struct audit_log *log = scene_files(&s);
    assert_rc(audit_log_prune(log, 5, &err), 0, &err);
    scene_close(&s, &log);
    assert_condemned(&s, AUDIT_DAMAGED, 6); /* 5 begins the file, and stays */
    scene_remove(&s);
}

static void test_erased_in_a_sealed_file(void **state)
{
    (void)state;
    struct scene s;
    struct audit_found found;
    struct audit_report r;
    struct reeve_error err = {0};
    for (int crash = 0; crash < 2; crash++) {
        struct audit_log *log = scene_files(&s);
        struct rows all = {0};
        assert_rc(audit_log_read(log, 0, ROWS, take_row, &all, &err), 0, &err);
        for (uint64_t seq = 0; seq < 5; seq++)
            put_story(log, "erased", seq, 1, false);
        flush(log, NULL, 0);
        for (uint64_t seq = 0; !crash && seq < 5; seq++)
            assert_rc(audit_log_erase(log, seq, &err), 0, &err);
        scene_close(&s, &log);
        log = scene_open(&s, &found);
        assert_int_equal(found.condition, AUDIT_OK);
        assert_int_equal(found.nunerased, crash ? 5 : 0);
        audit_found_fini(&found);
        assert_false(is_in_segments(&s, "oldest"));
        verify(log, &r);
        assert_true(r.ok);
        assert_int_equal(r.erased, 5);
        scene_close(&s, &log);
        assert_usable(&s, ROWS + 5);
        scene_remove(&s);
    }
}

/* The owner lies about what was before the file. */
static void test_a_wrong_beginning(void **state)
{
    (void)state;
    static const char *const records[] = {
        "{\"seq\":2,\"type\":\"segment\"}",
        "{\"checkpoint\":\"\",\"edge\":[],\"first\":0,\"last\":1,\"seq\":2,\"type\":\"segment\"}",
    };
    for (size_t i = 0; i < BASE_COUNT(records) + 1; i++) {
        struct scene s;
        struct audit_found found;
        struct audit_report r;
        struct reeve_error err = {0};
        auto_buf struct buf other = {0};
        scene_log(&s, 2);
        struct audit_log *log = scene_reopen(&s, &found);
        if (i == BASE_COUNT(records)) {
            struct tree_edge edge;
            uint8_t leaf[BASE_SHA256] = {1};
            tree_edge_init(&edge);
            tree_edge_append(&edge, leaf);
            tree_edge_append(&edge, leaf);
            struct note_checkpoint c = {.origin = STR(SCENE_ORIGIN), .size = 2};
            auto_key struct audit_key key = {0};
            auto_buf struct buf note = {0};
            tree_edge_root(&edge, c.root);
            assert_rc(audit_key_load(s.dir_fd, AUDIT_KEY_NAME, &key, &err), 0, &err);
            assert_rc(note_checkpoint_sign(&c, &key, &note, &err), 0, &err);
            const struct audit_segment_end end = {0, 1, buf_view(&note), &edge};
            assert_rc(segment_record_write(&end, NULL, NULL, &other, &err), 0, &err);
        }
        struct str record = other.len ? buf_view(&other) : str_of(records[i]);
        assert_rc(audit_log_append(log, record, &err), 0, &err);
        flush(log, NULL, 0);
        verify(log, &r);
        assert_false(r.ok);
        assert_string_equal(r.finding, "segment");
        assert_int_equal(r.first_bad, 2);
        scene_close(&s, &log);
        scene_remove(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_many_files_are_one_log),
        cmocka_unit_test(test_the_first_record_of_a_file),
        cmocka_unit_test(test_a_file_of_one_record),
        cmocka_unit_test(test_by_size_under_way),
        cmocka_unit_test(test_a_crash_behind_the_seal),
        cmocka_unit_test(test_a_crash_before_the_name),
        cmocka_unit_test(test_a_file_is_gone),
        cmocka_unit_test(test_the_end_is_gone),
        cmocka_unit_test(test_a_file_under_another_name),
        cmocka_unit_test(test_rows_in_two_files),
        cmocka_unit_test(test_an_older_head),
        cmocka_unit_test(test_each_byte),
        cmocka_unit_test(test_a_journal_beside),
        cmocka_unit_test(test_other_names),
        cmocka_unit_test(test_pruned),
        cmocka_unit_test(test_what_stays),
        cmocka_unit_test(test_a_crash_at_pruning),
        cmocka_unit_test(test_pruned_and_not_told),
        cmocka_unit_test(test_erased_in_a_sealed_file),
        cmocka_unit_test(test_a_wrong_beginning),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
