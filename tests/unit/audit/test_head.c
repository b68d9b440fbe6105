/* The head file: slots that take turns, writes that tear at every point, marks that are bound. */
#include "support.h"

#include <sys/mman.h>
#include <unistd.h>

static const struct head_key key = {"the key that seals these heads.."};

static int new_file(void)
{
    static uint8_t bytes[HEAD_FILE_BYTES];
    int fd = memfd_create("head", MFD_CLOEXEC);
    assert_true(fd >= 0);
    head_first(&key, bytes);
    assert_int_equal(fd_pwrite_all(fd, bytes, sizeof bytes, 0), 0);
    return fd;
}

static void load(int fd, struct keeper_head *h)
{
    struct reeve_error err = {0};
    assert_rc(head_load(fd, &key, h, &err), 0, &err);
}

/* The next generation: `leaves` of the owner, `releases` of the keeper. */
static void extend(struct keeper_head *h, uint32_t leaves, uint32_t releases)
{
    h->generation++;
    h->base = h->edge;
    h->committed = false;
    h->nleaves = leaves;
    h->nreleases = releases;
    memset(h->leaf, 0, sizeof h->leaf);
    memset(h->release, 0, sizeof h->release);
    for (uint32_t i = 0; i < leaves + releases; i++) {
        tree_leaf_hash(&i, sizeof i, h->leaf[i]);
        tree_edge_append(&h->edge, h->leaf[i]);
    }
    for (uint32_t i = 0; i < releases; i++) {
        h->release[i].bytes = RELEASE_MAX_BYTES;
        memset(h->release[i].text, 'r', RELEASE_MAX_BYTES);
    }
}

static void store(int fd, const struct keeper_head *h)
{
    struct reeve_error err = {0};
    assert_rc(head_store(fd, &key, h, &err), 0, &err);
}

static void assert_same(const struct keeper_head *a, const struct keeper_head *b)
{
    assert_int_equal(a->generation, b->generation);
    assert_int_equal(a->edge.size, b->edge.size);
    assert_int_equal(a->edge.n, b->edge.n);
    assert_memory_equal(a->edge.node, b->edge.node, (size_t)a->edge.n * BASE_SHA256);
    assert_int_equal(a->base.size, b->base.size);
    assert_memory_equal(a->base.node, b->base.node, (size_t)a->base.n * BASE_SHA256);
    assert_int_equal(a->nleaves, b->nleaves);
    assert_int_equal(a->nreleases, b->nreleases);
    assert_memory_equal(a->leaf, b->leaf, sizeof a->leaf);
    assert_memory_equal(a->release, b->release, sizeof a->release);
    assert_int_equal(a->committed, b->committed);
}

static void test_first(void **state)
{
    (void)state;
    struct keeper_head h;
    int fd = new_file();
    load(fd, &h);
    assert_int_equal(h.generation, 0);
    assert_int_equal(h.edge.size, 0);
    assert_true(h.committed);
    close(fd);
}

static void test_round_trip(void **state)
{
    (void)state;
    struct keeper_head h, again;
    int fd = new_file();
    load(fd, &h);
    for (uint32_t i = 0; i < 9; i++) {
        extend(&h, i % 2 ? KEEPER_MAX_LEAVES : i, i % 3 ? KEEPER_MAX_RELEASES : 1);
        store(fd, &h);
        load(fd, &again);
        assert_same(&h, &again);
        if (i % 2) {
            assert_int_equal(head_mark(fd, &key, &h, NULL), 0);
            h.committed = true;
            load(fd, &again);
            assert_same(&h, &again);
        }
    }
    close(fd);
}

/* A store that reaches the disk only up to byte `n` leaves the generation before, mark and all. */
static void test_torn_store(void **state)
{
    (void)state;
    struct keeper_head before, after, found;
    static uint8_t old[HEAD_FILE_BYTES], new[HEAD_FILE_BYTES];
    int fd = new_file();
    load(fd, &before);
    for (int i = 0; i < 3; i++) {
        extend(&before, 3, 1);
        store(fd, &before);
        assert_int_equal(head_mark(fd, &key, &before, NULL), 0);
        before.committed = true;
    }
    assert_int_equal(pread(fd, old, sizeof old, 0), sizeof old);
    after = before;
    extend(&after, 5, 2);
    store(fd, &after);
    assert_int_equal(pread(fd, new, sizeof new, 0), sizeof new);
    size_t last = 0;
    for (size_t n = 0; n < HEAD_FILE_BYTES; n++)
        if (old[n] != new[n])
            last = n;
    for (size_t n = 0; n <= last; n += n < 64 ? 1 : 7) {
        uint8_t torn[HEAD_FILE_BYTES];
        memcpy(torn, new, n);
        memcpy(torn + n, old + n, sizeof torn - n);
        assert_int_equal(fd_pwrite_all(fd, torn, sizeof torn, 0), 0);
        load(fd, &found);
        /* Bytes that are equal in both can be missing without harm. */
        assert_same(&found, memcmp(torn, new, sizeof torn) == 0 ? &after : &before);
    }
    close(fd);
}

/* Every bit of a slot is under its seal, those of the mark under the mark's own check. */
static void test_every_bit_counts(void **state)
{
    (void)state;
    struct keeper_head one, two, found;
    static uint8_t bytes[HEAD_FILE_BYTES];
    int fd = new_file();
    load(fd, &one);
    extend(&one, 2, 1);
    store(fd, &one);
    two = one;
    extend(&two, 1, 1);
    store(fd, &two);
    assert_int_equal(pread(fd, bytes, sizeof bytes, 0), sizeof bytes);
    size_t used = 32 + 2 * BASE_SHA256 /* base edge of 3 */ + 2 * BASE_SHA256 +
                  sizeof(struct keeper_release_record) + BASE_SHA256;
    for (size_t bit = 0; bit < used * 8; bit++) {
        uint8_t byte = (uint8_t)(bytes[bit / 8] ^ 1 << bit % 8); /* generation 2: slot 0 */
        assert_int_equal(fd_pwrite_all(fd, &byte, 1, (off_t)(bit / 8)), 0);
        load(fd, &found);
        assert_same(&found, &one);
        assert_int_equal(fd_pwrite_all(fd, &bytes[bit / 8], 1, (off_t)(bit / 8)), 0);
    }
    close(fd);
}

/* The mark of an earlier generation in the same slot commits nothing. */
static void test_old_mark(void **state)
{
    (void)state;
    struct keeper_head h, found;
    int fd = new_file();
    load(fd, &h);
    extend(&h, 1, 0);
    store(fd, &h);
    assert_int_equal(head_mark(fd, &key, &h, NULL), 0);
    for (int i = 0; i < 2; i++) {
        extend(&h, 1, 0);
        store(fd, &h);
    }
    load(fd, &found);
    assert_int_equal(found.generation, 3);
    assert_false(found.committed);
    close(fd);
}

/* Who has the bytes and not the key makes neither a slot nor a mark that counts. */
static void test_another_key(void **state)
{
    (void)state;
    static const struct head_key other = {"some other key of 32 bytes......"};
    struct keeper_head h, forged, found;
    struct reeve_error err = {0};
    int fd = new_file();
    load(fd, &h);
    extend(&h, 2, 1);
    store(fd, &h);
    assert_int_equal(head_mark(fd, &other, &h, NULL), 0);
    load(fd, &found);
    assert_false(found.committed);
    assert_int_equal(head_mark(fd, &key, &h, NULL), 0);
    forged = h;
    extend(&forged, 1, 0);
    assert_int_equal(head_store(fd, &other, &forged, NULL), 0);
    assert_int_equal(head_mark(fd, &other, &forged, NULL), 0);
    load(fd, &found);
    h.committed = true;
    assert_same(&found, &h);
    assert_rc(head_load(fd, &other, &found, &err), 0, &err); /* that it was made well */
    assert_int_equal(found.generation, 2);
    extend(&forged, 1, 0);
    assert_int_equal(head_store(fd, &other, &forged, NULL), 0);
    assert_rc(head_load(fd, &key, &found, &err), REEVE_ESTATE, &err);
    assert_non_null(strstr(err.message, "sealed with key.pem"));
    close(fd);
}

static void test_nothing_whole(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 31, HEAD_SLOT_BYTES, HEAD_FILE_BYTES};
    static uint8_t noise[HEAD_FILE_BYTES];
    memset(noise, 0xa5, sizeof noise);
    for (size_t i = 0; i < BASE_COUNT(sizes); i++) {
        struct keeper_head h;
        struct reeve_error err = {0};
        int fd = memfd_create("head", MFD_CLOEXEC);
        assert_int_equal(fd_pwrite_all(fd, noise, sizes[i], 0), 0);
        assert_rc(head_load(fd, &key, &h, &err), REEVE_ESTATE, &err);
        assert_non_null(strstr(err.message, "neither slot is whole"));
        close(fd);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first),         cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_torn_store),    cmocka_unit_test(test_every_bit_counts),
        cmocka_unit_test(test_old_mark),      cmocka_unit_test(test_another_key),
        cmocka_unit_test(test_nothing_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
