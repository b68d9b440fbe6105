/*
 * What Go's sumdb/note and tlog packages made (tests/go-verify, which says how): keys, notes,
 * cosignatures, proofs and tiles must be the same here, to the byte.
 */
#include "plain.h"
#include "support.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>

#include "audit/cosign.h"
#include "audit/tiles.h"

#define RECORDS     600u
#define COSIGN_TIME 1700000000u

static void load(const char *name, struct buf *out)
{
    char path[512];
    struct reeve_error err = {0};
    (void)snprintf(path, sizeof path, "%s/tests/go-verify/fixtures/%s", TEST_SOURCE_DIR, name);
    assert_rc(fd_slurp(AT_FDCWD, path, 1u << 20, out, &err), 0, &err);
}

/* A key's text, without the newline of its file. */
static struct str load_key(const char *name, struct buf *out)
{
    load(name, out);
    return (struct str){out->data, out->len - 1};
}

static void go_leaf(uint64_t i, uint8_t leaf[BASE_SHA256], struct buf *record)
{
    buf_reset(record);
    buf_printf(record, "{\"seq\":%" PRIu64 "}", i);
    tree_leaf_hash(record->data, record->len, leaf);
}

static void subtree(struct tree_range r, uint8_t root[BASE_SHA256])
{
    auto_buf struct buf record = {0};
    struct tree_edge e;
    tree_edge_init(&e);
    for (uint64_t i = r.from; i < r.to; i++) {
        uint8_t leaf[BASE_SHA256];
        go_leaf(i, leaf, &record);
        tree_edge_append(&e, leaf);
    }
    tree_edge_root(&e, root);
}

/* A line "<word> A B hash..." taken apart. */
struct line {
    uint64_t a, b;
    unsigned n; /* hashes after the first two */
    uint8_t first[BASE_SHA256], root[BASE_SHA256], proof[TREE_MAX_EDGE][BASE_SHA256];
};

static void parse_line(char *text, struct line *out)
{
    char *save = NULL, *word;
    uint8_t hash[2 + TREE_MAX_EDGE][BASE_SHA256];
    unsigned n = 0;
    (void)strtok_r(text, " ", &save);
    assert_true(note_decimal(str_of(strtok_r(NULL, " ", &save)), &out->a));
    assert_true(note_decimal(str_of(strtok_r(NULL, " ", &save)), &out->b));
    while ((word = strtok_r(NULL, " ", &save))) {
        assert_true(n < BASE_COUNT(hash));
        assert_int_equal(strlen(word), 2 * BASE_SHA256);
        assert_true(base_unhex(str_of(word), hash[n++], BASE_SHA256));
    }
    assert_true(n >= 2);
    memcpy(out->first, hash[0], BASE_SHA256);
    memcpy(out->root, hash[1], BASE_SHA256);
    out->n = n - 2;
    memcpy(out->proof, hash[2], (size_t)out->n * BASE_SHA256);
}

static void assert_same_proof(const struct line *l, const struct tree_range *path, unsigned n)
{
    assert_int_equal(n, l->n);
    for (unsigned i = 0; i < n; i++) {
        uint8_t hash[BASE_SHA256];
        subtree(path[i], hash);
        assert_memory_equal(hash, l->proof[i], sizeof hash);
    }
}

static void check_inclusion(struct line *l)
{
    struct tree_range path[TREE_MAX_EDGE];
    const uint8_t(*proof)[BASE_SHA256] = (const uint8_t(*)[BASE_SHA256])l->proof;
    assert_true(tree_proof_holds(l->first, l->a, l->b, proof, l->n, l->root));
    assert_same_proof(l, path, tree_path(l->b, l->a, path));
    l->root[5] ^= 1;
    assert_false(tree_proof_holds(l->first, l->a, l->b, proof, l->n, l->root));
}

static void check_consistency(struct line *l)
{
    struct tree_range path[TREE_MAX_EDGE];
    const uint8_t(*proof)[BASE_SHA256] = (const uint8_t(*)[BASE_SHA256])l->proof;
    assert_true(tree_consistency_holds(l->a, l->first, l->b, l->root, proof, l->n));
    assert_same_proof(l, path, tree_consistency(l->a, l->b, path));
    l->first[5] ^= 1;
    assert_false(tree_consistency_holds(l->a, l->first, l->b, l->root, proof, l->n));
}

/* The lines that begin with `word`; their number. */
static unsigned each_line(const char *word, void (*check)(struct line *))
{
    auto_buf struct buf text = {0};
    unsigned n = 0;
    load("proofs.txt", &text);
    char *save = NULL;
    for (char *at = strtok_r(text.data, "\n", &save); at; at = strtok_r(NULL, "\n", &save)) {
        struct line l = {0};
        if (strncmp(at, word, strlen(word)) != 0)
            continue;
        n++;
        parse_line(at, &l);
        check(&l);
    }
    return n;
}

static void test_proofs(void **state)
{
    (void)state;
    assert_int_equal(each_line("inclusion ", check_inclusion), 32);
    assert_int_equal(each_line("consistency ", check_consistency), 32);
}

/* ---- tiles ---- */

struct expected {
    struct str lines;
    unsigned hash_tiles;
};

static int expect_tile(void *arg, const char *path, struct str bytes, struct reeve_error *err)
{
    struct expected *e = arg;
    auto_buf struct buf line = {0};
    uint8_t digest[BASE_SHA256];
    (void)err;
    if (strncmp(path, "tile/entries/", 13) == 0)
        return 0;
    base_sha256(bytes.p, bytes.n, digest);
    buf_printf(&line, "tile %s ", path);
    buf_hex(&line, digest, sizeof digest);
    assert_non_null(memmem(e->lines.p, e->lines.n, line.data, line.len));
    e->hash_tiles++;
    return 0;
}

static void test_tiles(void **state)
{
    (void)state;
    auto_buf struct buf text = {0}, record = {0};
    auto_free struct tiles *t = calloc(1, sizeof *t);
    load("proofs.txt", &text);
    struct expected e = {.lines = buf_view(&text)};
    assert_non_null(t);
    tiles_init(t, expect_tile, &e);
    for (uint64_t i = 0; i < RECORDS; i++) {
        uint8_t leaf[BASE_SHA256];
        go_leaf(i, leaf, &record);
        assert_int_equal(tiles_add(t, buf_view(&record), leaf, NULL), 0);
    }
    assert_int_equal(tiles_finish(t, NULL), 0);
    assert_int_equal(e.hash_tiles, 4);
    tiles_fini(t);
}

/* ---- notes ---- */

static void test_note(void **state)
{
    (void)state;
    auto_buf struct buf vkey = {0}, note = {0};
    struct note_key key;
    struct note_checkpoint c;
    struct reeve_error err = {0};
    uint8_t root[BASE_SHA256];
    assert_rc(note_key_parse(load_key("log.vkey", &vkey), &key, &err), 0, &err);
    static const char *const names[] = {"log.note", "cosigned.note"};
    for (size_t i = 0; i < BASE_COUNT(names); i++) {
        load(names[i], &note);
        assert_rc(note_checkpoint_open(buf_view(&note), &key, &c, &err), 0, &err);
        assert_int_equal(c.size, RECORDS);
        subtree((struct tree_range){0, RECORDS}, root);
        assert_memory_equal(c.root, root, sizeof root);
    }
}

static void witness(struct buf *vkey, struct cosign_key *key)
{
    struct reeve_error err = {0};
    assert_rc(cosign_key_parse(load_key("witness.vkey", vkey), key, &err), 0, &err);
}

static void test_cosignature(void **state)
{
    (void)state;
    auto_buf struct buf vkey = {0}, note = {0};
    struct cosign_key key;
    struct reeve_error err = {0};
    uint64_t time_s;
    witness(&vkey, &key);
    load("log.note", &note);
    assert_int_equal(cosign_check(buf_view(&note), &key, &time_s, &err), REEVE_EVERIFY);
    load("cosigned.note", &note);
    assert_rc(cosign_check(buf_view(&note), &key, &time_s, &err), 0, &err);
    assert_int_equal(time_s, COSIGN_TIME);
}

static void test_keys_are_not_mixed_up(void **state)
{
    (void)state;
    auto_buf struct buf log = {0}, vkey = {0};
    struct cosign_key cosigner;
    struct note_key key;
    assert_int_equal(cosign_key_parse(load_key("log.vkey", &log), &cosigner, NULL), REEVE_EFORMAT);
    assert_int_equal(note_key_parse(load_key("witness.vkey", &vkey), &key, NULL), REEVE_EFORMAT);
}

/* No bit of text or cosignature can change; the log's own line is not the witness's business. */
static void test_every_bit_of_a_cosignature(void **state)
{
    (void)state;
    auto_buf struct buf vkey = {0}, note = {0}, signed_note = {0};
    struct cosign_key key;
    uint64_t time_s;
    witness(&vkey, &key);
    load("cosigned.note", &note);
    load("log.note", &signed_note);
    struct str text;
    assert_int_equal(note_text(buf_view(&note), &text, NULL), 0);
    for (size_t bit = 0; bit < note.len * 8; bit++) {
        bool own = bit / 8 >= text.n && bit / 8 < signed_note.len;
        if (own)
            continue;
        note.data[bit / 8] = (char)(note.data[bit / 8] ^ 1 << bit % 8);
        if (cosign_check(buf_view(&note), &key, &time_s, NULL) == 0)
            fail_msg("bit %zu can be changed", bit);
        note.data[bit / 8] = (char)(note.data[bit / 8] ^ 1 << bit % 8);
    }
}

static void test_add(void **state)
{
    (void)state;
    auto_buf struct buf vkey = {0}, note = {0}, cosigned = {0}, lines = {0};
    struct cosign_key key;
    struct reeve_error err = {0};
    uint64_t time_s;
    witness(&vkey, &key);
    load("log.note", &note);
    load("cosigned.note", &cosigned);
    size_t before = note.len;
    assert_int_equal(cosign_add(&note, STR(""), &key, &time_s, &err), REEVE_EVERIFY);
    assert_int_equal(cosign_add(&note, STR("\xe2\x80\x94 x y\nz\n"), &key, &time_s, &err),
                     REEVE_EVERIFY);
    assert_int_equal(note.len, before);
    buf_z(&lines, "\xe2\x80\x94 go.example/other AAAAAAAA\n"); /* is left out */
    buf_put(&lines, cosigned.data + before, cosigned.len - before);
    assert_rc(cosign_add(&note, buf_view(&lines), &key, &time_s, &err), 0, &err);
    assert_int_equal(time_s, COSIGN_TIME);
    assert_string_equal(note.data, cosigned.data);
    lines.data[lines.len - 8] ^= 1;
    assert_int_equal(cosign_add(&note, buf_view(&lines), &key, &time_s, &err), REEVE_EVERIFY);
    assert_string_equal(note.data, cosigned.data);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_proofs),
        cmocka_unit_test(test_tiles),
        cmocka_unit_test(test_note),
        cmocka_unit_test(test_cosignature),
        cmocka_unit_test(test_keys_are_not_mixed_up),
        cmocka_unit_test(test_every_bit_of_a_cosignature),
        cmocka_unit_test(test_add),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
