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

/* A file of three committed generations, and a fourth that is being stored: before and after. */
struct tearing {
    int fd;
    struct keeper_head before, after;
    uint8_t old[HEAD_FILE_BYTES], new[HEAD_FILE_BYTES];
};

static void begin_tearing(struct tearing *t)
{
    t->fd = new_file();
    load(t->fd, &t->before);
    for (int i = 0; i < 3; i++) {
        extend(&t->before, 3, 1);
        store(t->fd, &t->before);
        assert_int_equal(head_mark(t->fd, &key, &t->before, NULL), 0);
        t->before.committed = true;
    }
    assert_int_equal(pread(t->fd, t->old, sizeof t->old, 0), sizeof t->old);
    t->after = t->before;
    extend(&t->after, 5, 2);
    store(t->fd, &t->after);
    assert_int_equal(pread(t->fd, t->new, sizeof t->new, 0), sizeof t->new);
}

static bool same_copy(const uint8_t *a, const uint8_t *b, unsigned copy)
{
    size_t at = (size_t)copy * 2 * HEAD_SLOT_BYTES; /* generation 4: slot 0 */
    return memcmp(a + at, b + at, HEAD_SLOT_BYTES) == 0;
}

/* What is found is the batch that one copy has whole, else the one before: never an error. */
static void check_torn(struct tearing *t, const uint8_t *torn)
{
    struct keeper_head found;
    assert_int_equal(fd_pwrite_all(t->fd, torn, HEAD_FILE_BYTES, 0), 0);
    load(t->fd, &found);
    bool whole = same_copy(torn, t->new, 0) || same_copy(torn, t->new, 1);
    assert_same(&found, whole ? &t->after : &t->before);
    head_mend(t->fd, &key, &found);
    load(t->fd, &found);
    assert_same(&found, whole ? &t->after : &t->before);
    assert_int_equal(found.copies, HEAD_COPIES);
}

/* A store that reaches the disk only up to byte `n`. */
static void test_torn_store(void **state)
{
    (void)state;
    static struct tearing t;
    static uint8_t torn[HEAD_FILE_BYTES];
    begin_tearing(&t);
    size_t last = 0;
    for (size_t n = 0; n < HEAD_FILE_BYTES; n++)
        if (t.old[n] != t.new[n])
            last = n;
    for (size_t n = 0; n <= last + 1;) {
        memcpy(torn, t.new, n);
        memcpy(torn + n, t.old + n, sizeof torn - n);
        check_torn(&t, torn);
        n += n % HEAD_SLOT_BYTES < 64 ? 1 : n % HEAD_SLOT_BYTES < 4096 ? 7 : 997;
    }
    close(t.fd);
}

/* Sectors reach the disk in any order, and the marks of the batch before it or not. */
static void test_torn_in_any_order(void **state)
{
    (void)state;
    enum { SECTOR = 512 };
    static struct tearing t;
    static uint8_t torn[HEAD_FILE_BYTES];
    uint32_t seed = 7;
    begin_tearing(&t);
    for (unsigned round = 0; round < 3000; round++) {
        memcpy(torn, t.old, sizeof torn);
        for (size_t at = 0; at < sizeof torn; at += SECTOR) {
            seed = seed * 1664525u + 1013904223u;
            if (seed >> 30)
                memcpy(torn + at, t.new + at, SECTOR);
        }
        t.before.committed = true;
        check_torn(&t, torn);
        for (unsigned copy = 0; copy < HEAD_COPIES; copy++)
            memset(torn + (2 * copy + 1) * HEAD_SLOT_BYTES + HEAD_MARK_OFFSET, 0, SECTOR);
        t.before.committed = false;
        check_torn(&t, torn);
    }
    close(t.fd);
}

/* A bit of one copy changes nothing; the same bit of both is a slot that is gone. */
static void test_every_bit_counts(void **state)
{
    (void)state;
    struct keeper_head one, two, found;
    struct reeve_error err = {0};
    static uint8_t bytes[HEAD_FILE_BYTES];
    int fd = new_file();
    load(fd, &one);
    extend(&one, 2, 1);
    store(fd, &one);
    two = one;
    extend(&two, 1, 1);
    store(fd, &two);
    size_t used = 32 + 2 * BASE_SHA256 /* base edge of 3 */ + 2 * BASE_SHA256 +
                  sizeof(struct keeper_release_record) + BASE_SHA256;
    for (int committed = 0; committed < 2; committed++) {
        if (committed)
            assert_int_equal(head_mark(fd, &key, &two, NULL), 0);
        two.committed = committed;
        assert_int_equal(pread(fd, bytes, sizeof bytes, 0), sizeof bytes);
        for (size_t bit = 0; bit < used * 8; bit++) {
            off_t at = (off_t)(bit / 8); /* generation 2: slot 0 */
            uint8_t byte = (uint8_t)(bytes[at] ^ 1 << bit % 8);
            assert_int_equal(fd_pwrite_all(fd, &byte, 1, at), 0);
            load(fd, &found);
            assert_same(&found, &two);
            assert_int_equal(found.copies, 1);
            assert_int_equal(fd_pwrite_all(fd, &byte, 1, at + 2 * HEAD_SLOT_BYTES), 0);
            assert_rc(head_load(fd, &key, &found, &err), committed ? REEVE_ESTATE : 0, &err);
            if (!committed)
                assert_same(&found, &one);
            assert_int_equal(fd_pwrite_all(fd, bytes, sizeof bytes, 0), 0);
        }
    }
    assert_non_null(strstr(err.message, "batch 2 was committed"));
    close(fd);
}

/* A batch whose store was torn, and another in its place: the copy that was left over is not it. */
static void test_two_of_one_generation(void **state)
{
    (void)state;
    struct keeper_head abandoned, h, found;
    static uint8_t bytes[HEAD_FILE_BYTES];
    int fd = new_file();
    load(fd, &h);
    abandoned = h;
    extend(&abandoned, 2, 1);
    extend(&h, 1, 0);
    for (unsigned copy = 0; copy < HEAD_COPIES; copy++) {
        size_t at = (2 * copy + 1) * HEAD_SLOT_BYTES;
        store(fd, &abandoned);
        assert_int_equal(pread(fd, bytes, sizeof bytes, 0), sizeof bytes);
        store(fd, &h);
        assert_int_equal(head_mark(fd, &key, &h, NULL), 0);
        assert_int_equal(fd_pwrite_all(fd, bytes + at, HEAD_MARK_OFFSET, (off_t)at), 0);
        load(fd, &found);
        h.committed = true;
        assert_same(&found, &h);
        assert_int_equal(found.copies, 1);
        h.committed = false;
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
        cmocka_unit_test(test_first),
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_torn_store),
        cmocka_unit_test(test_torn_in_any_order),
        cmocka_unit_test(test_two_of_one_generation),
        cmocka_unit_test(test_every_bit_counts),
        cmocka_unit_test(test_old_mark),
        cmocka_unit_test(test_another_key),
        cmocka_unit_test(test_nothing_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
