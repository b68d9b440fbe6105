/* Trees against the Certificate Transparency vectors and against RFC 6962's own recursion. */
#include "plain.h"
#include "support.h"

static const char *const entries[] = {"",
                                      "00",
                                      "10",
                                      "2021",
                                      "3031",
                                      "40414243",
                                      "5051525354555657",
                                      "606162636465666768696a6b6c6d6e6f"};
static const char *const roots[] = {
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
};
static const struct {
    uint64_t index, size;
    unsigned n;
    const char *proof[3];
} proofs[] = {
    {0, 1, 0, {NULL}},
    {0,
     8,
     3,
     {"96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
      "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
      "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"}},
    {5,
     8,
     3,
     {"bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
      "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
      "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"}},
    {2, 3, 1, {"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"}},
};

static void assert_hash(const uint8_t hash[BASE_SHA256], const char *hex)
{
    char text[2 * BASE_SHA256 + 1];
    base_hex(hash, BASE_SHA256, text);
    assert_string_equal(text, hex);
}

static void vector_leaves(uint8_t leaf[8][BASE_SHA256])
{
    for (size_t i = 0; i < 8; i++) {
        uint8_t bytes[16];
        struct str hex = str_of(entries[i]);
        assert_true(base_unhex(hex, bytes, hex.n / 2));
        tree_leaf_hash(bytes, hex.n / 2, leaf[i]);
    }
}

static void test_published_roots(void **state)
{
    (void)state;
    uint8_t leaf[8][BASE_SHA256], root[BASE_SHA256];
    vector_leaves(leaf);
    for (uint64_t n = 0; n <= 8; n++) {
        plain_root((const uint8_t(*)[BASE_SHA256])leaf, n, root);
        assert_hash(root, roots[n]);
    }
}

static void test_published_proofs(void **state)
{
    (void)state;
    uint8_t leaf[8][BASE_SHA256], proof[TREE_MAX_EDGE][BASE_SHA256], root[BASE_SHA256];
    vector_leaves(leaf);
    for (size_t i = 0; i < BASE_COUNT(proofs); i++) {
        unsigned n = plain_prove((const uint8_t(*)[BASE_SHA256])leaf, proofs[i].size,
                                 proofs[i].index, proof);
        assert_int_equal(n, proofs[i].n);
        for (unsigned k = 0; k < n; k++)
            assert_hash(proof[k], proofs[i].proof[k]);
        plain_root((const uint8_t(*)[BASE_SHA256])leaf, proofs[i].size, root);
        assert_true(tree_proof_holds(leaf[proofs[i].index], proofs[i].index, proofs[i].size,
                                     (const uint8_t(*)[BASE_SHA256])proof, n, root));
    }
}

/* RFC 6962 section 2.1, word by word. */
static void naive_root(const uint8_t (*leaf)[BASE_SHA256], uint64_t n, uint8_t out[BASE_SHA256])
{
    if (n == 0) {
        base_sha256("", 0, out);
        return;
    }
    if (n == 1) {
        memcpy(out, leaf[0], BASE_SHA256);
        return;
    }
    uint64_t k = 1;
    while (k * 2 < n)
        k *= 2;
    uint8_t left[BASE_SHA256], right[BASE_SHA256];
    naive_root(leaf, k, left);
    naive_root(leaf + k, n - k, right);
    base_sha256_prefixed(1, left, BASE_SHA256, right, BASE_SHA256, out);
}

enum { MANY = 131 };

static void many_leaves(uint8_t leaf[MANY][BASE_SHA256])
{
    for (unsigned i = 0; i < MANY; i++)
        tree_leaf_hash(&i, sizeof i, leaf[i]);
}

static void test_edge_is_the_recursion(void **state)
{
    (void)state;
    uint8_t leaf[MANY][BASE_SHA256], want[BASE_SHA256], got[BASE_SHA256];
    struct tree_edge e;
    many_leaves(leaf);
    tree_edge_init(&e);
    for (unsigned n = 0; n < MANY; n++) {
        tree_edge_root(&e, got);
        naive_root((const uint8_t(*)[BASE_SHA256])leaf, n, want);
        assert_memory_equal(got, want, sizeof want);
        assert_int_equal(e.size, n);
        assert_int_equal(e.n, __builtin_popcount(n));
        tree_edge_append(&e, leaf[n]);
    }
}

/* Every leaf of every size is proven, and nothing beside it is: not another index, size, leaf or
 * length, not a proof with a bit changed. */
static void test_proofs_hold_for_their_own_leaf_only(void **state)
{
    (void)state;
    uint8_t leaf[MANY][BASE_SHA256], proof[TREE_MAX_EDGE + 1][BASE_SHA256] = {{0}};
    uint8_t root[BASE_SHA256];
    const uint8_t(*p)[BASE_SHA256] = (const uint8_t(*)[BASE_SHA256])proof;
    many_leaves(leaf);
    for (unsigned size = 1; size <= 70; size++) {
        plain_root((const uint8_t(*)[BASE_SHA256])leaf, size, root);
        for (unsigned i = 0; i < size; i++) {
            unsigned n = plain_prove((const uint8_t(*)[BASE_SHA256])leaf, size, i, proof);
            assert_true(tree_proof_holds(leaf[i], i, size, p, n, root));
            assert_false(tree_proof_holds(leaf[i + 1], i, size, p, n, root));
            assert_false(tree_proof_holds(leaf[i], i + 1, size, p, n, root));
            assert_false(tree_proof_holds(leaf[i], i, size, p, n + 1, root));
            assert_false(n && tree_proof_holds(leaf[i], i, size, p, n - 1, root));
            assert_false(tree_proof_holds(leaf[i], size, size, p, n, root));
            for (unsigned k = 0; k < n; k++) {
                proof[k][i % BASE_SHA256] ^= 1;
                assert_false(tree_proof_holds(leaf[i], i, size, p, n, root));
                proof[k][i % BASE_SHA256] ^= 1;
            }
        }
    }
}

/* Each aligned subtree of chunks is kept under its own root, as soon as it is complete. */
static void test_kept_nodes(void **state)
{
    (void)state;
    enum { SIZE = 11 * TREE_CHUNK + 7 };
    static uint8_t leaf[SIZE][BASE_SHA256];
    struct tree_edge edge, plain;
    struct tree_nodes nodes = {0};
    uint8_t root[BASE_SHA256];
    uint64_t size;
    tree_edge_init(&edge);
    tree_edge_init(&plain);
    for (uint64_t i = 0; i < SIZE; i++) {
        tree_leaf_hash(&i, sizeof i, leaf[i]);
        tree_nodes_append(&nodes, &edge, leaf[i]);
        tree_edge_append(&plain, leaf[i]);
    }
    assert_int_equal(edge.size, plain.size);
    assert_int_equal(edge.n, plain.n);
    assert_memory_equal(edge.node, plain.node, edge.n * (size_t)BASE_SHA256);
    assert_int_equal(nodes.roots.len / BASE_SHA256, 11 + 5 + 2 + 1);
    for (uint64_t want = TREE_CHUNK; want <= 8 * TREE_CHUNK; want *= 2)
        for (uint64_t from = 0; from + want <= SIZE; from += want) {
            const uint8_t *got = tree_nodes_find(&nodes, from, from + want + TREE_CHUNK - 1, &size);
            assert_non_null(got);
            assert_int_equal(size, want);
            plain_root((const uint8_t(*)[BASE_SHA256])leaf + from, want, root);
            assert_memory_equal(got, root, sizeof root);
        }
    assert_null(tree_nodes_find(&nodes, 11 * TREE_CHUNK, SIZE, &size));
    assert_null(tree_nodes_find(&nodes, 11 * TREE_CHUNK, 12 * TREE_CHUNK, &size)); /* not yet */
    assert_null(tree_nodes_find(&nodes, 1, SIZE, &size));
    assert_null(tree_nodes_find(&nodes, 0, TREE_CHUNK - 1, &size));
    buf_fini(&nodes.roots);
}

static void test_path_is_bounded(void **state)
{
    (void)state;
    struct tree_range path[TREE_MAX_EDGE];
    assert_int_equal(tree_path(5, 5, path), 0);
    assert_int_equal(tree_path(0, 0, path), 0);
    assert_int_equal(tree_path(UINT64_MAX, 0, path), 64);
    assert_int_equal(path[0].from, 1);
    assert_int_equal(path[0].to, 2);
    assert_int_equal(path[63].to, UINT64_MAX);
}

/* ---- consistency ---- */

static const struct {
    uint64_t m, n;
    unsigned nproof;
    const char *proof[3];
} growths[] = {
    {1, 1, 0, {NULL}},
    {1,
     8,
     3,
     {"96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
      "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
      "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"}},
    {6,
     8,
     3,
     {"0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
      "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
      "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"}},
    {2,
     5,
     2,
     {"5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
      "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"}},
};

/* RFC 6962 section 2.1.2, word by word. */
static unsigned naive_growth(const uint8_t (*leaf)[BASE_SHA256], uint64_t m, uint64_t n, bool whole,
                             uint8_t (*out)[BASE_SHA256])
{
    if (m == n) {
        if (whole)
            return 0;
        naive_root(leaf, m, out[0]);
        return 1;
    }
    uint64_t k = 1;
    while (k * 2 < n)
        k *= 2;
    unsigned done;
    if (m <= k) {
        done = naive_growth(leaf, m, k, whole, out);
        naive_root(leaf + k, n - k, out[done]);
    } else {
        done = naive_growth(leaf + k, m - k, n - k, false, out);
        naive_root(leaf, k, out[done]);
    }
    return done + 1;
}

static unsigned prove_growth(const uint8_t (*leaf)[BASE_SHA256], uint64_t m, uint64_t n,
                             uint8_t (*out)[BASE_SHA256])
{
    struct tree_range path[TREE_MAX_EDGE];
    unsigned count = tree_consistency(m, n, path);
    for (unsigned i = 0; i < count; i++)
        naive_root(leaf + path[i].from, path[i].to - path[i].from, out[i]);
    return count;
}

static void test_published_growths(void **state)
{
    (void)state;
    uint8_t leaf[8][BASE_SHA256], proof[TREE_MAX_EDGE][BASE_SHA256];
    vector_leaves(leaf);
    for (size_t i = 0; i < BASE_COUNT(growths); i++) {
        unsigned n =
            prove_growth((const uint8_t(*)[BASE_SHA256])leaf, growths[i].m, growths[i].n, proof);
        assert_int_equal(n, growths[i].nproof);
        for (unsigned k = 0; k < n; k++)
            assert_hash(proof[k], growths[i].proof[k]);
    }
}

/* A proof with one thing changed proves nothing. */
static void spoil_growth(uint64_t m, const uint8_t old[BASE_SHA256], uint64_t n,
                         const uint8_t root[BASE_SHA256], uint8_t (*proof)[BASE_SHA256],
                         unsigned nproof)
{
    const uint8_t(*p)[BASE_SHA256] = (const uint8_t(*)[BASE_SHA256])proof;
    uint8_t other[BASE_SHA256];
    memcpy(other, old, sizeof other);
    other[7] ^= 1;
    assert_false(tree_consistency_holds(m, other, n, root, p, nproof));
    memcpy(other, root, sizeof other);
    other[31] ^= 0x80;
    assert_int_equal(tree_consistency_holds(m, old, n, other, p, nproof), m == 0);
    assert_false(tree_consistency_holds(m, old, n, root, p, nproof + 1));
    for (unsigned i = 0; i < nproof; i++) {
        assert_false(tree_consistency_holds(m, old, n, root, p, i));
        proof[i][3] ^= 4;
        assert_false(tree_consistency_holds(m, old, n, root, p, nproof));
        proof[i][3] ^= 4;
    }
}

static void test_growth_is_the_recursion(void **state)
{
    (void)state;
    static uint8_t leaf[MANY][BASE_SHA256];
    uint8_t proof[TREE_MAX_EDGE + 1][BASE_SHA256] = {{0}}, same[TREE_MAX_EDGE][BASE_SHA256];
    uint8_t old[BASE_SHA256], root[BASE_SHA256];
    many_leaves(leaf);
    const uint8_t(*leaves)[BASE_SHA256] = (const uint8_t(*)[BASE_SHA256])leaf;
    for (uint64_t n = 1; n <= MANY; n++)
        for (uint64_t m = 0; m <= n; m++) {
            unsigned count = prove_growth(leaves, m, n, proof);
            assert_int_equal(count, m ? naive_growth(leaves, m, n, true, same) : 0);
            if (count)
                assert_memory_equal(proof, same, count * BASE_SHA256);
            naive_root(leaves, m, old);
            naive_root(leaves, n, root);
            assert_true(tree_consistency_holds(m, old, n, root,
                                               (const uint8_t(*)[BASE_SHA256])proof, count));
            spoil_growth(m, old, n, root, proof, count);
        }
    assert_false(tree_consistency_holds(5, root, 4, root, (const uint8_t(*)[BASE_SHA256])proof, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_published_roots),
        cmocka_unit_test(test_published_proofs),
        cmocka_unit_test(test_published_growths),
        cmocka_unit_test(test_growth_is_the_recursion),
        cmocka_unit_test(test_edge_is_the_recursion),
        cmocka_unit_test(test_proofs_hold_for_their_own_leaf_only),
        cmocka_unit_test(test_kept_nodes),
        cmocka_unit_test(test_path_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
