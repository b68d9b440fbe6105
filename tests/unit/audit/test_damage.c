/*
 * Damage: rows, files and keys that are not what was signed. Each is found when the log is opened,
 * by its first sequence, and a verifier comes to the same result.
 */
#include "support.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- row 5: damage in the middle ---- */

static const struct {
    const char *sql;
    uint64_t first_bad;
} damages[] = {
    {"UPDATE log SET record = CAST(replace(record, 'decision', 'approval') AS BLOB) WHERE seq = 5",
     5},
    {"UPDATE log SET leaf = zeroblob(32) WHERE seq = 0", 0},
    {"UPDATE log SET record = CAST(record AS TEXT) WHERE seq = 3", 3},
    {"UPDATE log SET leaf = zeroblob(31) WHERE seq = 3", 3},
    {"UPDATE log SET record = zeroblob(40000) WHERE seq = 3", 3},
    {"UPDATE log SET record = zeroblob(0) WHERE seq = 3", 3},
    {"DELETE FROM log WHERE seq = 2", 2},
    {"DELETE FROM log WHERE seq = 0", 0},
    {"UPDATE log SET seq = 100 WHERE seq = 4", 4},
    {"UPDATE log SET seq = -1 WHERE seq = 4", 4},
    {"INSERT INTO log VALUES(-1, NULL, zeroblob(32))", 0},
    {"UPDATE log SET seq = seq + 100 WHERE seq IN (2, 3); "
     "UPDATE log SET seq = 105 - seq WHERE seq >= 100",
     2},                                                                    /* two change places */
    {"UPDATE log SET record = NULL, leaf = zeroblob(32) WHERE seq = 6", 6}, /* base edge, hole */
    {"UPDATE log SET record = NULL, leaf = zeroblob(32) WHERE seq = 9", 9}, /* the last batch */
    {"CREATE TRIGGER t AFTER INSERT ON log BEGIN DELETE FROM log; END", 0},
    {"CREATE TABLE more(x)", 0},
    {"DROP TABLE log; CREATE TABLE log(seq INTEGER PRIMARY KEY, record, leaf)", 0},
    {"DROP TABLE log; CREATE VIEW log AS SELECT 1 AS seq, NULL AS record, x'' AS leaf", 0},
};

static void test_damage_in_the_middle(void **state)
{
    (void)state;
    for (size_t i = 0; i < BASE_COUNT(damages); i++) {
        struct scene s;
        print_message("%s\n", damages[i].sql);
        scene_log(&s, 7);
        scene_extend(&s);
        run_sql(&s, damages[i].sql);
        assert_condemned(&s, AUDIT_DAMAGED, damages[i].first_bad);
        scene_remove(&s);
    }
}

/* A record and its leaf, both replaced so that they agree: only what was signed tells. */
static void test_a_forged_pair(void **state)
{
    (void)state;
    static const char forged[] = "{\"seq\":1,\"type\":\"approval\"}";
    struct scene s;
    struct audit_found found;
    char sql[256], hex[2 * BASE_SHA256 + 1];
    uint8_t leaf[BASE_SHA256];
    scene_log(&s, 7);
    scene_extend(&s);
    tree_leaf_hash(forged, sizeof forged - 1, leaf);
    base_hex(leaf, sizeof leaf, hex);
    (void)snprintf(sql, sizeof sql,
                   "UPDATE log SET record = CAST('%s' AS BLOB), leaf = x'%s' WHERE seq = 1", forged,
                   hex);
    run_sql(&s, sql);
    struct audit_log *log = scene_reopen(&s, &found);
    assert_int_equal(found.condition, AUDIT_DAMAGED);
    assert_int_equal(found.first_bad, 0); /* 0..3 is the subtree whose root is wrong */
    assert_non_null(strstr(found.detail, "0..3"));
    scene_close(&s, &log);
    scene_remove(&s);
}

/* ---- files that are no database ---- */

static void spoil_text(struct scene *s)
{
    assert_int_equal(
        fd_write_file(s->dir_fd, AUDIT_DB_NAME, "not a database, at all\n", 23, 0600, NULL), 0);
}
static void spoil_half(struct scene *s)
{
    char path[96];
    (void)snprintf(path, sizeof path, "%s/" AUDIT_DB_NAME, s->dir);
    assert_int_equal(truncate(path, 4096), 0);
}
static void spoil_header(struct scene *s)
{
    int fd = openat(s->dir_fd, AUDIT_DB_NAME, O_RDWR | O_CLOEXEC);
    assert_int_equal(fd_pwrite_all(fd, "SQLite format 4", 15, 0), 0);
    close(fd);
}
static void spoil_folder(struct scene *s)
{
    assert_int_equal(unlinkat(s->dir_fd, AUDIT_DB_NAME, 0), 0);
    assert_int_equal(mkdirat(s->dir_fd, AUDIT_DB_NAME, 0700), 0);
}
static void spoil_link(struct scene *s)
{
    assert_int_equal(renameat(s->dir_fd, AUDIT_DB_NAME, s->dir_fd, "elsewhere.db"), 0);
    assert_int_equal(symlinkat("elsewhere.db", s->dir_fd, AUDIT_DB_NAME), 0);
}
static void (*const spoilers[])(struct scene *s) = {spoil_text, spoil_half, spoil_header,
                                                    spoil_folder, spoil_link};

static void test_files_that_are_no_database(void **state)
{
    (void)state;
    for (size_t i = 0; i < BASE_COUNT(spoilers); i++) {
        struct scene s;
        print_message("spoiler %zu\n", i);
        scene_log(&s, 200);
        spoilers[i](&s);
        assert_condemned(&s, AUDIT_DAMAGED, 0);
        scene_remove(&s);
    }
}

/* ---- the keeper's files ---- */

static void test_no_head(void **state)
{
    (void)state;
    struct scene s;
    struct audit_found found;
    struct audit_report r;
    scene_log(&s, 3);
    assert_int_equal(unlinkat(s.dir_fd, AUDIT_HEAD_NAME, 0), 0);
    struct audit_log *log = scene_reopen(&s, &found);
    assert_int_equal(found.condition, AUDIT_DAMAGED);
    assert_int_equal(found.first_bad, 0);
    assert_non_null(strstr(found.detail, AUDIT_HEAD_NAME));
    verify(log, &r);
    assert_false(r.ok);
    assert_string_equal(r.finding, "damaged"); /* what is wrong, not what follows from it */
    assert_non_null(strstr(r.detail, AUDIT_HEAD_NAME));
    scene_close(&s, &log);
    /* No new head was made, and the rows are where they were. */
    assert_int_equal(faccessat(s.dir_fd, AUDIT_HEAD_NAME, F_OK, 0), -1);
    assert_int_equal(faccessat(s.dir_fd, "unsigned-0-2.jsonl", F_OK, 0), -1);
    scene_remove(&s);
}

/*
 * A record, its leaf and the head that goes with them, all written anew by somebody who has no key:
 * the tree, the counts and the mark are right, the seals are another key's.
 */
static void test_a_forged_head(void **state)
{
    (void)state;
    static const char forged[] = "{\"seq\":1,\"type\":\"approval\"}";
    static const struct head_key mine = {"whatever somebody else may think"};
    struct scene s;
    struct keeper_head h;
    struct head_key key;
    struct audit_found found;
    char sql[256], hex[2 * BASE_SHA256 + 1];
    scene_log(&s, 3);
    int fd = scene_head(&s, &key);
    assert_int_equal(head_load(fd, &key, &h, NULL), 0);
    tree_leaf_hash(forged, sizeof forged - 1, h.leaf[1]);
    base_hex(h.leaf[1], BASE_SHA256, hex);
    (void)snprintf(sql, sizeof sql,
                   "UPDATE log SET record = CAST('%s' AS BLOB), leaf = x'%s' WHERE seq = 1", forged,
                   hex);
    for (int with_the_key = 0; with_the_key < 2; with_the_key++) {
        const struct head_key *sealed_with = with_the_key ? &key : &mine;
        assert_int_equal(ftruncate(fd, 0), 0); /* nothing of before is left to fall back on */
        assert_int_equal(ftruncate(fd, HEAD_FILE_BYTES), 0);
        assert_int_equal(head_store(fd, sealed_with, &h, NULL), 0);
        assert_int_equal(head_mark(fd, sealed_with, &h, NULL), 0);
        run_sql(&s, sql);
        if (!with_the_key)
            assert_condemned(&s, AUDIT_DAMAGED, 0);
        struct audit_log *log = scene_reopen(&s, &found);
        /* Who has the key can do all: that the forgery was a whole one. */
        assert_int_equal(found.condition, with_the_key ? AUDIT_OK : AUDIT_DAMAGED);
        assert_true(with_the_key || strstr(found.detail, "sealed with key.pem"));
        scene_close(&s, &log);
    }
    close(fd);
    scene_remove(&s);
}

/*
 * The newest slot alone, both copies and marks, with the older one left to fall back on: the log is
 * back by that batch, and what was forged is set aside, not signed.
 */
static void test_a_forged_slot(void **state)
{
    (void)state;
    static const struct head_key mine = {"whatever somebody else may think"};
    struct scene s;
    struct keeper_head h;
    struct head_key key;
    struct audit_found found;
    struct audit_head head;
    scene_log(&s, 3);
    scene_extend(&s);
    int fd = scene_head(&s, &key);
    assert_int_equal(head_load(fd, &key, &h, NULL), 0);
    assert_int_equal(head_store(fd, &mine, &h, NULL), 0);
    assert_int_equal(head_mark(fd, &mine, &h, NULL), 0);
    close(fd);
    struct audit_log *log = scene_open(&s, &found);
    assert_int_equal(found.condition, AUDIT_OK);
    assert_int_equal(found.unsigned_from, 3);
    assert_int_equal(found.unsigned_count, 3);
    audit_log_head(log, &head);
    assert_int_equal(head.size, 3);
    assert_int_equal(tell(log, &found), 2);
    assert_whole(log, 5);
    audit_found_fini(&found);
    scene_close(&s, &log);
    scene_remove(&s);
}

/* The file with one bit flipped: the same head as before, all that was acknowledged, or an error.
 */
static void flip(int fd, const struct head_key *key, const struct keeper_head *want, size_t bit)
{
    struct keeper_head h;
    uint8_t byte, flipped;
    assert_int_equal(pread(fd, &byte, 1, (off_t)(bit / 8)), 1);
    flipped = (uint8_t)(byte ^ 1u << bit % 8);
    assert_int_equal(fd_pwrite_all(fd, &flipped, 1, (off_t)(bit / 8)), 0);
    if (head_load(fd, key, &h, NULL) == 0 &&
        (h.edge.size != want->edge.size || h.committed != want->committed ||
         memcmp(h.edge.node, want->edge.node, want->edge.n * (size_t)BASE_SHA256) != 0))
        fail_msg("bit %zu leaves a head of %" PRIu64 " records", bit, h.edge.size);
    assert_int_equal(fd_pwrite_all(fd, &byte, 1, (off_t)(bit / 8)), 0);
}

/* A bit of every byte of the head file, and every bit of what its slots and marks hold. */
static void test_every_byte_of_the_head(void **state)
{
    (void)state;
    enum { USED = 1024, MARK = 128 };
    struct scene s;
    struct head_key key;
    struct keeper_head h;
    scene_log(&s, 3);
    scene_extend(&s);
    int fd = scene_head(&s, &key);
    for (int committed = 1; committed >= 0; committed--) {
        if (!committed)
            scene_uncommit(&s);
        assert_int_equal(head_load(fd, &key, &h, NULL), 0);
        assert_int_equal(h.committed, committed);
        for (size_t at = 0; at < HEAD_FILE_BYTES; at++) {
            size_t in_slot = at % HEAD_SLOT_BYTES;
            bool field = in_slot < USED ||
                         (in_slot >= HEAD_MARK_OFFSET && in_slot < HEAD_MARK_OFFSET + MARK);
            for (unsigned bit = 0; field && bit < 8; bit++)
                flip(fd, &key, &h, at * 8 + bit);
            if (!field && (committed || at % 61 == 0))
                flip(fd, &key, &h, at * 8 + at % 8);
        }
    }
    close(fd);
    scene_remove(&s);
}

/* The same by the real keeper, for a bit of each field: nothing is set aside, nothing is lost. */
static void test_flips_in_the_head(void **state)
{
    (void)state;
    static const size_t fields[] = {0,   8,   16,  24,  28,    32,    64,    96,
                                    128, 160, 164, 548, 32256, 32264, 32272, 32304};
    struct scene s;
    struct audit_found found;
    scene_log(&s, 3);
    scene_extend(&s);
    scene_save(&s, AUDIT_HEAD_NAME, "saved.head");
    for (size_t i = 0; i < BASE_COUNT(fields) * 4; i++) {
        off_t at = (off_t)(fields[i / 4] + i % 4 * HEAD_SLOT_BYTES);
        uint8_t byte;
        scene_save(&s, "saved.head", AUDIT_HEAD_NAME);
        int fd = openat(s.dir_fd, AUDIT_HEAD_NAME, O_RDWR | O_CLOEXEC);
        assert_int_equal(pread(fd, &byte, 1, at), 1);
        byte ^= 4;
        assert_int_equal(fd_pwrite_all(fd, &byte, 1, at), 0);
        close(fd);
        struct audit_log *log = scene_reopen(&s, &found);
        assert_int_equal(found.condition, AUDIT_OK);
        assert_int_equal(found.unsigned_count + found.restored_count, 0);
        assert_whole(log, 6);
        scene_close(&s, &log);
    }
    scene_remove(&s);
}

/* Both copies of the last batch, which was committed: no torn write, and nothing is set aside. */
static void test_a_slot_that_is_gone(void **state)
{
    (void)state;
    static const uint8_t zeroes[512];
    struct scene s;
    struct audit_found found;
    scene_log(&s, 3);
    scene_extend(&s); /* generation 2: slot 0 */
    int fd = openat(s.dir_fd, AUDIT_HEAD_NAME, O_RDWR | O_CLOEXEC);
    for (unsigned copy = 0; copy < HEAD_COPIES; copy++)
        assert_int_equal(
            fd_pwrite_all(fd, zeroes, sizeof zeroes, (off_t)copy * 2 * HEAD_SLOT_BYTES), 0);
    close(fd);
    assert_condemned(&s, AUDIT_DAMAGED, 0);
    struct audit_log *log = scene_reopen(&s, &found);
    assert_non_null(strstr(found.detail, "batch 2 was committed"));
    scene_close(&s, &log);
    assert_int_equal(faccessat(s.dir_fd, "unsigned-3-5.jsonl", F_OK, 0), -1);
    scene_remove(&s);
}

static void open_fails(struct scene *s, int code, const char *says)
{
    struct audit_found found;
    struct reeve_error err = {0};
    struct audit_log *log = NULL;
    int fd = scene_keeper(s);
    assert_rc(audit_log_open(s->dir_fd, s->dir, fd, NULL, &log, &found, &err), code, &err);
    assert_null(log);
    if (!strstr(err.message, says))
        fail_msg("%s", err.message);
    (void)scene_await_keeper(s);
}

static void test_keys_that_do_not_fit(void **state)
{
    (void)state;
    struct scene s, other;
    auto_buf struct buf b = {0};
    scene_log(&s, 3);
    scene_make(&other);
    assert_int_equal(fd_slurp(other.dir_fd, AUDIT_VKEY_NAME, 1024, &b, NULL), 0);
    scene_save(&s, AUDIT_VKEY_NAME, "saved.vkey");
    assert_int_equal(fd_write_file(s.dir_fd, AUDIT_VKEY_NAME, b.data, b.len, 0644, NULL), 0);
    open_fails(&s, REEVE_EKEY, "not the key of key.vkey");
    scene_save(&s, "saved.vkey", AUDIT_VKEY_NAME);
    assert_int_equal(fchmodat(s.dir_fd, AUDIT_KEY_NAME, 0644, 0), 0);
    open_fails(&s, REEVE_EKEY, "chmod 600 key.pem");
    assert_int_equal(fchmodat(s.dir_fd, AUDIT_KEY_NAME, 0600, 0), 0);
    assert_int_equal(fd_write_file(s.dir_fd, AUDIT_ORIGIN_NAME, "other\n", 6, 0644, NULL), 0);
    open_fails(&s, REEVE_EKEY, "the log's name");
    assert_int_equal(unlinkat(s.dir_fd, AUDIT_ORIGIN_NAME, 0), 0);
    open_fails(&s, REEVE_ESTATE, "origin");
    scene_remove(&other);
    scene_remove(&s);
}

static void test_create_refuses_a_log(void **state)
{
    (void)state;
    struct scene s;
    struct reeve_error err = {0};
    scene_log(&s, 1);
    assert_rc(audit_create(s.dir_fd, STR("a"), &err), REEVE_ESTATE, &err);
    assert_int_equal(unlinkat(s.dir_fd, AUDIT_KEY_NAME, 0), 0);
    assert_rc(audit_create(s.dir_fd, STR("a"), &err), REEVE_ESTATE, &err);
    assert_int_equal(unlinkat(s.dir_fd, AUDIT_DB_NAME, 0), 0);
    assert_rc(audit_create(s.dir_fd, STR("two words"), &err), REEVE_EINVAL, &err);
    assert_rc(audit_create(s.dir_fd, STR(SCENE_ORIGIN), &err), 0, &err);
    assert_usable(&s, 0);
    scene_remove(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_damage_in_the_middle),
        cmocka_unit_test(test_a_forged_pair),
        cmocka_unit_test(test_files_that_are_no_database),
        cmocka_unit_test(test_no_head),
        cmocka_unit_test(test_a_forged_head),
        cmocka_unit_test(test_a_forged_slot),
        cmocka_unit_test(test_every_byte_of_the_head),
        cmocka_unit_test(test_flips_in_the_head),
        cmocka_unit_test(test_a_slot_that_is_gone),
        cmocka_unit_test(test_keys_that_do_not_fit),
        cmocka_unit_test(test_create_refuses_a_log),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
