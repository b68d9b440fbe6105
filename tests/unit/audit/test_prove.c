/*
 * Proofs out of an open log, against the rows that it has.
 */
#include "support.h"

static int keep_leaf(void *arg, uint64_t seq, struct str record, const uint8_t leaf[BASE_SHA256])
{
    uint8_t(*leaves)[BASE_SHA256] = arg;
    (void)record;
    memcpy(leaves[seq], leaf, BASE_SHA256);
    return 0;
}

static void root_of(uint8_t (*leaf)[BASE_SHA256], uint64_t n, uint8_t root[BASE_SHA256])
{
    struct tree_edge edge;
    tree_edge_init(&edge);
    for (uint64_t i = 0; i < n; i++)
        tree_edge_append(&edge, leaf[i]);
    tree_edge_root(&edge, root);
}

/* Of records and trees on both sides of where roots are kept, in the log's own and smaller trees.
 */
static void test_proofs(void **state)
{
    (void)state;
    enum { SIZE = 2 * TREE_CHUNK + 300 };
    static const uint64_t at[] = {1, 2, 7, 1023, 1024, 1025, 2048, 2049, SIZE - 1, SIZE};
    static uint8_t leaf[SIZE][BASE_SHA256];
    struct scene s;
    struct audit_found found;
    struct audit_proof p;
    struct reeve_error err = {0};
    uint8_t root[BASE_SHA256], old[BASE_SHA256];
    scene_make(&s);
    struct audit_log *log = scene_reopen(&s, &found);
    for (unsigned i = 0; i < SIZE; i++) {
        put_record(log, "decision");
        if (i % 500 == 499 || i + 1 == SIZE)
            flush(log, NULL, 0);
    }
    assert_rc(audit_log_read(log, 0, SIZE, keep_leaf, leaf, &err), 0, &err);
    for (size_t i = 0; i < BASE_COUNT(at); i++) {
        root_of(leaf, at[i], root);
        for (size_t k = 0; k <= i; k++) {
            const uint8_t(*hash)[BASE_SHA256] = (const uint8_t(*)[BASE_SHA256])p.hash;
            assert_rc(audit_log_prove(log, AUDIT_PROVE_RECORD, at[k] - 1, at[i], &p, &err), 0,
                      &err);
            assert_true(tree_proof_holds(leaf[at[k] - 1], at[k] - 1, at[i], hash, p.n, root));
            root_of(leaf, at[k], old);
            assert_rc(audit_log_prove(log, AUDIT_PROVE_GROWTH, at[k], at[i], &p, &err), 0, &err);
            assert_true(tree_consistency_holds(at[k], old, at[i], root, hash, p.n));
        }
    }
    assert_rc(audit_log_prove(log, AUDIT_PROVE_RECORD, 3, 0, &p, &err), 0, &err);
    assert_int_equal(p.size, SIZE);
    assert_rc(audit_log_prove(log, AUDIT_PROVE_RECORD, SIZE, 0, &p, &err), REEVE_ENOENT, &err);
    assert_rc(audit_log_prove(log, AUDIT_PROVE_RECORD, 0, SIZE + 1, &p, &err), REEVE_ENOENT, &err);
    assert_rc(audit_log_prove(log, AUDIT_PROVE_GROWTH, 9, SIZE + 1, &p, &err), REEVE_ENOENT, &err);
    assert_rc(audit_log_prove(log, AUDIT_PROVE_GROWTH, 9, 8, &p, &err), REEVE_EINVAL, &err);
    scene_close(&s, &log);
    scene_remove(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_proofs)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
