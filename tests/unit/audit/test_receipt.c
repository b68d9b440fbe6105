/* Receipts made in memory: what they look like, that they hold, and that nothing near them does. */
#include "plain.h"
#include "support.h"

#include "audit/receipt.h"

enum { LEAVES = 11 };

struct maker {
    struct audit_key key;
    struct buf vkey, receipt;
};

static struct str record_of(uint64_t i)
{
    static const char *const records[] = {"{\"seq\":0}", "{\"seq\":1,\"type\":\"end\"}", "{}"};
    return str_of(records[i % 3]);
}

/* The receipt of leaf `index` in a tree of `size` leaves. */
static void make(struct maker *m, uint64_t index, uint64_t size)
{
    static const uint8_t seed[AUDIT_SEED_BYTES] = {7};
    uint8_t leaf[LEAVES][BASE_SHA256], proof[TREE_MAX_EDGE][BASE_SHA256];
    auto_buf struct buf note = {0};
    struct note_checkpoint c = {.origin = STR(SCENE_ORIGIN), .size = size};
    *m = (struct maker){0};
    plain_key(seed, &m->key);
    note_key_format(c.origin, m->key.pub, &m->vkey);
    for (uint64_t i = 0; i < size; i++)
        tree_leaf_hash(record_of(i).p, record_of(i).n, leaf[i]);
    plain_root((const uint8_t(*)[BASE_SHA256])leaf, size, c.root);
    unsigned n = plain_prove((const uint8_t(*)[BASE_SHA256])leaf, size, index, proof);
    assert_int_equal(note_checkpoint_sign(&c, &m->key, &note, NULL), 0);
    struct receipt_parts parts = {.record = record_of(index),
                                  .index = index,
                                  .proof = (const uint8_t(*)[BASE_SHA256])proof,
                                  .nproof = n,
                                  .note = buf_view(&note)};
    receipt_format(&parts, &m->receipt);
    assert_false(m->receipt.failed);
}

static void unmake(struct maker *m)
{
    audit_key_free(&m->key);
    buf_fini(&m->vkey);
    buf_fini(&m->receipt);
}

static int check(const struct maker *m, struct str text, struct audit_receipt *out,
                 struct reeve_error *err)
{
    auto_arena struct arena arena;
    arena_init(&arena, 0);
    int rc = audit_receipt_check(text, buf_view(&m->vkey), &arena, out, err);
    if (rc == 0)
        assert_true(str_eq(out->record, record_of(out->index)));
    out->record = STR(""); /* it lived in the arena */
    return rc;
}

static void test_every_leaf_has_a_receipt(void **state)
{
    (void)state;
    for (uint64_t size = 1; size <= LEAVES; size++)
        for (uint64_t i = 0; i < size; i++) {
            struct maker m;
            struct audit_receipt r;
            struct reeve_error err = {0};
            make(&m, i, size);
            assert_rc(check(&m, buf_view(&m.receipt), &r, &err), 0, &err);
            assert_int_equal(r.index, i);
            assert_int_equal(r.size, size);
            assert_true(str_is(r.origin, SCENE_ORIGIN));
            unmake(&m);
        }
}

static void test_the_form_is_tlog_proof(void **state)
{
    (void)state;
    struct maker m;
    make(&m, 2, 3);
    const char *want = "c2sp.org/tlog-proof@v1\n"
                       "extra e30=\n"
                       "index 2\n";
    struct str text = buf_view(&m.receipt);
    assert_true(str_starts(text, str_of(want)));
    /* One hash, an empty line, and the checkpoint as it was signed. */
    const char *rest = text.p + str_of(want).n;
    assert_int_equal(strcspn(rest, "\n"), 44);
    assert_int_equal(strncmp(rest + 44, "\n\n" SCENE_ORIGIN "\n3\n", sizeof SCENE_ORIGIN + 4), 0);
    unmake(&m);
}

static void test_every_bit_counts(void **state)
{
    (void)state;
    struct maker m;
    struct audit_receipt r;
    make(&m, 5, LEAVES);
    for (size_t bit = 0; bit < m.receipt.len * 8; bit++) {
        char *byte = &m.receipt.data[bit / 8];
        *byte = (char)(*byte ^ 1 << bit % 8);
        if (check(&m, buf_view(&m.receipt), &r, NULL) == 0)
            fail_msg("bit %zu of byte %zu can be changed", bit % 8, bit / 8);
        *byte = (char)(*byte ^ 1 << bit % 8);
    }
    unmake(&m);
}

static void test_every_cut_fails(void **state)
{
    (void)state;
    struct maker m;
    struct audit_receipt r;
    make(&m, 5, LEAVES);
    for (size_t n = 0; n < m.receipt.len; n++)
        assert_int_not_equal(check(&m, (struct str){m.receipt.data, n}, &r, NULL), 0);
    unmake(&m);
}

/* The checkpoint of one tree behind the proof of another: signed, and still no proof. */
static void test_checkpoints_cannot_be_exchanged(void **state)
{
    (void)state;
    struct maker a, b;
    struct audit_receipt r;
    auto_buf struct buf mixed = {0};
    make(&a, 1, 4);
    make(&b, 1, 5);
    const char *cut_a = strstr(a.receipt.data, "\n\n"), *cut_b = strstr(b.receipt.data, "\n\n");
    buf_put(&mixed, a.receipt.data, (size_t)(cut_a - a.receipt.data));
    buf_z(&mixed, cut_b);
    struct reeve_error err = {0};
    assert_rc(check(&a, buf_view(&mixed), &r, &err), REEVE_EVERIFY, &err);
    unmake(&a);
    unmake(&b);
}

#define HEAD "c2sp.org/tlog-proof@v1\n"
static const struct {
    const char *text, *says;
} malformed[] = {
    {"", "first line"},
    {"c2sp.org/tlog-proof@v2\nextra e30=\nindex 0\n\n", "first line"},
    {HEAD "index 0\n\n", "line 2"},
    {HEAD "extra !\nindex 0\n\n", "line 2"},
    {HEAD "extra e30\nindex 0\n\n", "line 2"},
    {HEAD "extra e31=\nindex 0\n\n", "line 2"}, /* bits that no byte has */
    {HEAD "extra e30=\nindex 00\n\n", "line 3"},
    {HEAD "extra e30=\nindex -1\n\n", "line 3"},
    {HEAD "extra e30=\nindex 18446744073709551616\n\n", "line 3"},
    {HEAD "extra e30=\nindex 0\nAAAA\n\n", "line 4"},
    {HEAD "extra e30=\nindex 0\n", "ends before"},
    {HEAD "extra e30=\nindex 0\n\n", "not a signed note"},
};

static void test_malformed_texts(void **state)
{
    (void)state;
    struct maker m;
    make(&m, 0, 1);
    for (size_t i = 0; i < BASE_COUNT(malformed); i++) {
        struct audit_receipt r;
        struct reeve_error err = {0};
        assert_rc(check(&m, str_of(malformed[i].text), &r, &err), REEVE_EFORMAT, &err);
        if (!strstr(err.message, malformed[i].says))
            fail_msg("row %zu: %s", i, err.message);
    }
    unmake(&m);
}

static void test_bounds(void **state)
{
    (void)state;
    struct maker m;
    struct audit_receipt r;
    struct reeve_error err = {0};
    auto_buf struct buf hashes = {0}, record = {0};
    make(&m, 0, 1);
    buf_z(&hashes, HEAD "extra e30=\nindex 0\n");
    for (int i = 0; i < 65; i++)
        buf_z(&hashes, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n");
    buf_z(&hashes, "\n");
    assert_rc(check(&m, buf_view(&hashes), &r, &err), REEVE_EFORMAT, &err);
    assert_non_null(strstr(err.message, "at most 64"));
    buf_z(&record, HEAD "extra ");
    for (unsigned i = 0; i <= AUDIT_MAX_RECORD / 3 + 1; i++)
        buf_z(&record, "AAAA");
    buf_z(&record, "\nindex 0\n\n");
    assert_rc(check(&m, buf_view(&record), &r, &err), REEVE_EFORMAT, &err);
    assert_non_null(strstr(err.message, "more than 32768"));
    unmake(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_leaf_has_a_receipt),
        cmocka_unit_test(test_the_form_is_tlog_proof),
        cmocka_unit_test(test_every_bit_counts),
        cmocka_unit_test(test_every_cut_fails),
        cmocka_unit_test(test_checkpoints_cannot_be_exchanged),
        cmocka_unit_test(test_malformed_texts),
        cmocka_unit_test(test_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
