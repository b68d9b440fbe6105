/*
 * Verification: every bit of every stored record and leaf, rows that are missing, moved, beyond,
 * and checkpoints that are not this log's. Then one bit at a time of the database file itself.
 */
#include "support.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ROWS = 13, ROOM = ROWS + 2 };

/* A log's rows in memory, to be spoilt at will. */
struct memory {
    struct row {
        uint64_t seq;
        char record[128];
        size_t n;
        bool kept;
        uint8_t leaf[BASE_SHA256];
    } row[ROOM];
    unsigned n;
    char note[1024], vkey[512];
    struct audit_head head;
    int fail_at; /* the read of this row fails with `fail_code`; -1: none */
    int fail_code;
};

static int keep_row(void *arg, uint64_t seq, struct str record, const uint8_t leaf[BASE_SHA256])
{
    struct memory *m = arg;
    struct row *r = &m->row[m->n++];
    *r = (struct row){.seq = seq, .n = record.n, .kept = record.p != NULL};
    if (record.n)
        memcpy(r->record, record.p, record.n);
    memcpy(r->leaf, leaf, sizeof r->leaf);
    return m->n == ROOM;
}

static int read_memory(void *self, uint64_t from, uint64_t max, audit_row_fn *fn, void *arg,
                       struct reeve_error *err)
{
    struct memory *m = self;
    for (unsigned i = 0; i < m->n && max; i++) {
        struct row *r = &m->row[i];
        if (r->seq < from)
            continue;
        if ((int)i == m->fail_at)
            return base_fail(err, m->fail_code, "a read that fails");
        max--;
        struct str record = {r->kept ? r->record : NULL, r->n};
        if (fn(arg, r->seq, record, r->leaf) != 0)
            break;
    }
    return 0;
}

/* Row 4 is a leaf without a record: a batch that was entered again, as row 6 tells. */
static void make_memory(struct memory *m)
{
    struct scene s;
    struct audit_found found;
    struct reeve_error err = {0};
    *m = (struct memory){.fail_at = -1};
    scene_make(&s);
    struct audit_log *log = scene_reopen(&s, &found);
    for (int i = 0; i < ROWS; i++) {
        if (i == 6)
            put_story(log, "unacknowledged", 4, 1, false);
        else
            put_record(log, i == 5 ? "start" : "decision");
        if (i == 3 || i == 4)
            flush(log, NULL, 0);
    }
    flush(log, NULL, 0);
    assert_rc(audit_log_read(log, 0, UINT64_MAX, keep_row, m, &err), 0, &err);
    assert_int_equal(m->n, ROWS);
    audit_log_head(log, &m->head);
    memcpy(m->note, m->head.note.p, m->head.note.n);
    memcpy(m->vkey, m->head.vkey.p, m->head.vkey.n);
    m->head.note.p = m->note;
    m->head.vkey.p = m->vkey;
    m->head.detail = STR("");
    m->row[4].kept = false;
    m->row[4].n = 0;
    scene_close(&s, &log);
    scene_remove(&s);
}

static void check(struct memory *m, struct audit_report *r)
{
    struct reeve_error err = {0};
    struct audit_source source = {.read = read_memory, .self = m, .at_rest = true};
    assert_rc(audit_verify(&source, &m->head, m->head.vkey, NULL, NULL, r, &err), 0, &err);
    assert_int_equal(r->ok, r->finding[0] == '\0');
}

static void assert_finds(struct memory *m, const char *finding, uint64_t seq)
{
    struct audit_report r;
    check(m, &r);
    if (strcmp(r.finding, finding) != 0 || r.first_bad != seq || !r.has_bad)
        fail_msg("found \"%s\" at %" PRIu64 ", expected \"%s\" at %" PRIu64 ": %s", r.finding,
                 r.first_bad, finding, seq, r.detail);
}

static void test_an_honest_log(void **state)
{
    (void)state;
    struct memory m;
    struct audit_report r;
    make_memory(&m);
    check(&m, &r);
    assert_true(r.ok);
    assert_int_equal(r.records, ROWS);
    assert_int_equal(r.without_bytes, 1);
    assert_memory_equal(r.root, m.head.root, sizeof r.root);
}

static void test_every_bit_of_every_row(void **state)
{
    (void)state;
    struct memory m;
    make_memory(&m);
    for (unsigned i = 0; i < ROWS; i++) {
        struct row *r = &m.row[i];
        for (size_t bit = 0; bit < r->n * 8; bit++) {
            r->record[bit / 8] = (char)(r->record[bit / 8] ^ 1 << bit % 8);
            assert_finds(&m, "record-changed", i);
            r->record[bit / 8] = (char)(r->record[bit / 8] ^ 1 << bit % 8);
        }
        for (size_t bit = 0; bit < sizeof r->leaf * 8; bit++) {
            r->leaf[bit / 8] = (uint8_t)(r->leaf[bit / 8] ^ 1 << bit % 8);
            assert_finds(&m, r->kept ? "leaf-changed" : "root-mismatch", i);
            r->leaf[bit / 8] = (uint8_t)(r->leaf[bit / 8] ^ 1 << bit % 8);
        }
    }
}

/* The first of several is named, whatever comes after it. */
static void test_the_first_of_several(void **state)
{
    (void)state;
    struct memory m;
    make_memory(&m);
    m.row[9].leaf[0] ^= 1;
    m.row[2].record[3] ^= 1;
    m.row[11].record[3] ^= 1;
    assert_finds(&m, "record-changed", 2);
}

static void test_rows_missing_and_moved(void **state)
{
    (void)state;
    struct memory m, whole;
    make_memory(&whole);
    for (unsigned i = 0; i < ROWS; i++) {
        m = whole;
        memmove(&m.row[i], &m.row[i + 1], (ROWS - 1 - i) * sizeof m.row[0]);
        m.n--;
        assert_finds(&m, i == ROWS - 1 ? "tail-lost" : "missing", i);
        m = whole;
        m.n = i;
        assert_finds(&m, "tail-lost", i);
    }
    m = whole; /* two rows change places: each says another sequence than its own */
    struct row held = m.row[6];
    m.row[6] = m.row[7];
    m.row[7] = held;
    m.row[6].seq = 6;
    m.row[7].seq = 7;
    assert_finds(&m, "bad-sequence", 6);
}

static void test_rows_beyond(void **state)
{
    (void)state;
    struct memory m;
    struct audit_report r;
    struct reeve_error err = {0};
    make_memory(&m);
    m.row[ROWS] = m.row[0];
    m.row[ROWS].seq = ROWS;
    m.n = ROWS + 1;
    assert_finds(&m, "unsigned", ROWS);
    /* Of a log that lives they are what came since. */
    struct audit_source live = {.read = read_memory, .self = &m};
    assert_rc(audit_verify(&live, &m.head, m.head.vkey, NULL, NULL, &r, &err), 0, &err);
    assert_true(r.ok);
    m.row[ROWS].seq = ROWS + 50;
    assert_finds(&m, "unsigned", ROWS + 50);
}

static void rehash(struct row *r)
{
    tree_leaf_hash(r->record, r->n, r->leaf);
}

/* Record and leaf replaced together agree; the root does not. */
static void test_a_forged_pair(void **state)
{
    (void)state;
    struct memory m;
    make_memory(&m);
    memcpy(m.row[8].record, "{\"seq\":8}", 9);
    m.row[8].n = 9;
    rehash(&m.row[8]);
    assert_finds(&m, "root-mismatch", 4); /* the leaf without a record could be it */
    m.row[4].kept = true;                 /* now none could; and its own bytes are gone */
    memcpy(m.row[4].record, "{\"seq\":4}", 9);
    m.row[4].n = 9;
    rehash(&m.row[4]);
    assert_finds(&m, "root-mismatch", 0);
}

static void test_records_without_their_sequence(void **state)
{
    (void)state;
    static const char *const records[] = {"", "{}", "x", "{\"seq\":7}", "{\"seq\":\"8\"", "[8]"};
    for (size_t i = 0; i < BASE_COUNT(records); i++) {
        struct memory m;
        make_memory(&m);
        m.row[8].n = str_of(records[i]).n;
        memcpy(m.row[8].record, records[i], m.row[8].n);
        rehash(&m.row[8]);
        assert_finds(&m, "bad-sequence", 8);
    }
}

static void test_reads_that_fail(void **state)
{
    (void)state;
    struct memory m;
    struct audit_report r;
    struct reeve_error err = {0};
    make_memory(&m);
    m.fail_at = 6;
    m.fail_code = REEVE_EDAMAGED;
    assert_finds(&m, "missing", 6);
    m.fail_code = REEVE_EIO;
    struct audit_source source = {.read = read_memory, .self = &m, .at_rest = true};
    assert_rc(audit_verify(&source, &m.head, m.head.vkey, NULL, NULL, &r, &err), REEVE_EIO, &err);
    assert_false(r.ok);
}

static void test_what_the_owner_found_counts(void **state)
{
    (void)state;
    struct memory m;
    make_memory(&m);
    m.head.condition = AUDIT_TAIL_LOST;
    m.head.first_bad = ROWS;
    m.head.detail = STR("the keeper signed for more");
    assert_finds(&m, "tail-lost", ROWS);
    m.head.condition = AUDIT_DAMAGED;
    m.head.first_bad = 3;
    assert_finds(&m, "damaged", 3);
}

/* ---- checkpoints ---- */

static void assert_bad_signature(struct memory *m)
{
    struct audit_report r;
    check(m, &r);
    assert_string_equal(r.finding, "bad-signature");
    assert_false(r.has_bad);
}

static void test_checkpoints_that_are_none(void **state)
{
    (void)state;
    struct memory m, other;
    make_memory(&m);
    make_memory(&other);
    struct str note = m.head.note, vkey = m.head.vkey;
    for (size_t bit = 0; bit < note.n * 8; bit += 5) {
        m.note[bit / 8] = (char)(m.note[bit / 8] ^ 1 << bit % 8);
        assert_bad_signature(&m);
        m.note[bit / 8] = (char)(m.note[bit / 8] ^ 1 << bit % 8);
    }
    m.head.vkey = other.head.vkey; /* another log's key of the same name */
    assert_bad_signature(&m);
    m.head.vkey = STR("none");
    assert_bad_signature(&m);
    m.head.vkey = vkey;
    m.head.note = STR("");
    assert_bad_signature(&m);
    m.head.note = note;
    m.head.size--;
    assert_bad_signature(&m);
}

static void count(void *arg, uint64_t done, uint64_t total)
{
    uint64_t *last = arg;
    assert_true(done > *last && done <= total);
    *last = done;
}

static void test_progress(void **state)
{
    (void)state;
    struct memory m;
    struct audit_report r;
    uint64_t last = 0;
    make_memory(&m);
    struct audit_source source = {.read = read_memory, .self = &m, .at_rest = true};
    assert_int_equal(audit_verify(&source, &m.head, m.head.vkey, count, &last, &r, NULL), 0);
    assert_int_equal(last, ROWS);
}

/* ---- the database file, bit by bit ---- */

struct contents {
    uint8_t digest[BASE_SHA256];
};
static int digest_row(void *arg, uint64_t seq, struct str record, const uint8_t leaf[BASE_SHA256])
{
    struct contents *c = arg;
    uint8_t row[8 + 2 * BASE_SHA256];
    memcpy(row, &seq, 8);
    memcpy(row + 8, leaf, BASE_SHA256);
    tree_leaf_hash(record.p, record.n, row + 8 + BASE_SHA256);
    base_sha256_prefixed(2, c->digest, sizeof c->digest, row, sizeof row, c->digest);
    return 0;
}

static void flip(const struct scene *s, off_t at, unsigned bit)
{
    uint8_t byte;
    int fd = openat(s->dir_fd, AUDIT_DB_NAME, O_RDWR | O_CLOEXEC);
    assert_int_equal(pread(fd, &byte, 1, at), 1);
    byte = (uint8_t)(byte ^ 1u << bit);
    assert_int_equal(fd_pwrite_all(fd, &byte, 1, at), 0);
    close(fd);
}

/* Whatever bit of the file is another: either that is found, or it was in no row. */
static void test_bits_of_the_file(void **state)
{
    (void)state;
    enum { STRIDE = 127 };
    struct scene s;
    struct audit_found found;
    struct stat st;
    struct contents want = {0};
    unsigned seen = 0, harmless = 0;
    scene_make(&s);
    struct audit_log *log = scene_reopen(&s, &found);
    for (int i = 0; i < 60; i++)
        put_record(log, "decision");
    flush(log, NULL, 0);
    assert_int_equal(audit_log_read(log, 0, UINT64_MAX, digest_row, &want, NULL), 0);
    scene_close(&s, &log);
    scene_save(&s, AUDIT_DB_NAME, "saved.db");
    assert_int_equal(fstatat(s.dir_fd, "saved.db", &st, 0), 0);
    for (off_t at = 0; at < st.st_size; at += STRIDE) {
        scene_save(&s, "saved.db", AUDIT_DB_NAME);
        flip(&s, at, (unsigned)(at / STRIDE) % 8);
        log = scene_reopen(&s, &found);
        struct audit_report r;
        struct contents got = {0};
        verify(log, &r);
        assert_int_equal(r.ok, found.condition == AUDIT_OK);
        if (r.ok) {
            assert_int_equal(audit_log_read(log, 0, UINT64_MAX, digest_row, &got, NULL), 0);
            assert_memory_equal(got.digest, want.digest, sizeof want.digest);
            harmless++;
        }
        seen++;
        scene_close(&s, &log);
        (void)unlinkat(s.dir_fd, AUDIT_DB_NAME "-wal", 0);
    }
    print_message("%u bits of the file, %u found, %u in no row\n", seen, seen - harmless, harmless);
    assert_true(seen - harmless > 10);
    scene_remove(&s);
}

/* A checkpoint that somebody kept: of this history, of another under the same key, of a longer one.
 */
static void test_a_kept_checkpoint(void **state)
{
    (void)state;
    struct scene s;
    struct audit_found found;
    struct reeve_error err = {0};
    struct audit_report r;
    struct audit_head head, kept[3];
    auto_buf struct buf other = {0};
    scene_make(&s);
    struct audit_log *log = scene_reopen(&s, &found);
    for (int i = 0; i < 3; i++) {
        put_record(log, "decision");
        put_record(log, "decision");
        flush(log, NULL, 0);
        audit_log_head(log, &kept[i]);
        kept[i].note = (struct str){kept[i].text, kept[i].note.n};
    }
    audit_log_head(log, &head);
    struct audit_source source = source_of(log);
    for (int i = 0; i < 3; i++) {
        head.kept = kept[i].note;
        assert_rc(audit_verify(&source, &head, head.vkey, NULL, NULL, &r, &err), 0, &err);
        assert_true(r.ok);
    }
    auto_key struct audit_key key = {0};
    assert_rc(audit_key_load(s.dir_fd, AUDIT_KEY_NAME, &key, &err), 0, &err);
    struct note_checkpoint c = {.origin = STR(SCENE_ORIGIN), .size = 4, .root = {1, 2, 3}};
    assert_rc(note_checkpoint_sign(&c, &key, &other, &err), 0, &err);
    head.kept = buf_view(&other);
    assert_rc(audit_verify(&source, &head, head.vkey, NULL, NULL, &r, &err), 0, &err);
    assert_false(r.ok);
    assert_string_equal(r.finding, "history-rewritten");
    assert_false(r.has_bad);
    c.size = 7;
    buf_reset(&other);
    assert_rc(note_checkpoint_sign(&c, &key, &other, &err), 0, &err);
    head.kept = buf_view(&other);
    assert_rc(audit_verify(&source, &head, head.vkey, NULL, NULL, &r, &err), 0, &err);
    assert_string_equal(r.finding, "tail-lost");
    assert_int_equal(r.first_bad, 6);
    other.data[0] ^= 1;
    head.kept = buf_view(&other);
    assert_rc(audit_verify(&source, &head, head.vkey, NULL, NULL, &r, &err), REEVE_EVERIFY, &err);
    scene_close(&s, &log);
    scene_remove(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_honest_log),
        cmocka_unit_test(test_a_kept_checkpoint),
        cmocka_unit_test(test_every_bit_of_every_row),
        cmocka_unit_test(test_the_first_of_several),
        cmocka_unit_test(test_rows_missing_and_moved),
        cmocka_unit_test(test_rows_beyond),
        cmocka_unit_test(test_a_forged_pair),
        cmocka_unit_test(test_records_without_their_sequence),
        cmocka_unit_test(test_reads_that_fail),
        cmocka_unit_test(test_what_the_owner_found_counts),
        cmocka_unit_test(test_checkpoints_that_are_none),
        cmocka_unit_test(test_progress),
        cmocka_unit_test(test_bits_of_the_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
