/*
 * Tiles: their paths as C2SP tlog-tiles has them, their hashes against the tree's own, bundles, and
 * a folder that was exported to before.
 */
#include "plain.h"
#include "support.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/tiles.h"

static const struct {
    unsigned level;
    uint64_t index;
    unsigned width;
    const char *path;
} paths[] = {
    {0, 0, 256, "tile/0/000"},
    {0, 0, 1, "tile/0/000.p/1"},
    {3, 1234067, 256, "tile/3/x001/x234/067"},
    {1, 1234067, 17, "tile/1/x001/x234/067.p/17"},
    {TILES_ENTRIES, 999, 255, "tile/entries/999.p/255"},
    {TILES_ENTRIES, 1000, 256, "tile/entries/x001/000"},
    {0, UINT64_C(1) << 56, 255, "tile/0/x072/x057/x594/x037/x927/936.p/255"},
    {0, UINT64_MAX, 255, "tile/0/x018/x446/x744/x073/x709/x551/615.p/255"},
};

static void test_paths(void **state)
{
    (void)state;
    for (size_t i = 0; i < BASE_COUNT(paths); i++) {
        char path[TILES_PATH_MAX];
        tiles_path(paths[i].level, paths[i].index, paths[i].width, path);
        assert_string_equal(path, paths[i].path);
    }
}

/* What was put: how many files, and one of them. */
struct put {
    const char *want;
    unsigned files;
    struct buf bytes;
};

static int put(void *arg, const char *path, struct str bytes, struct reeve_error *err)
{
    struct put *p = arg;
    (void)err;
    p->files++;
    if (strcmp(path, p->want) == 0) {
        buf_reset(&p->bytes);
        buf_str(&p->bytes, bytes);
    }
    return 0;
}

static struct str entry(uint64_t i, char text[32])
{
    (void)snprintf(text, 32, "{\"seq\":%llu}", (unsigned long long)i);
    return str_of(text);
}

static void add(struct tiles *t, bool bytes)
{
    char text[32];
    uint8_t leaf[BASE_SHA256];
    struct reeve_error err = {0};
    struct str record = entry(t->size, text);
    tree_leaf_hash(record.p, record.n, leaf);
    assert_rc(tiles_add(t, bytes ? record : (struct str){0}, leaf, &err), 0, &err);
}

/* Tiles of `n` records; the file `want` of them is in `p`. */
static struct tiles *make(uint64_t n, const char *want, struct put *p)
{
    struct tiles *t = calloc(1, sizeof *t);
    assert_non_null(t);
    *p = (struct put){.want = want};
    tiles_init(t, put, p);
    while (t->size < n)
        add(t, true);
    assert_int_equal(tiles_finish(t, NULL), 0);
    return t;
}

static void drop(struct tiles *t, struct put *p)
{
    tiles_fini(t);
    free(t);
    buf_fini(&p->bytes);
}

static void root_of(uint64_t from, uint64_t to, uint8_t root[BASE_SHA256])
{
    struct tree_edge e;
    tree_edge_init(&e);
    for (uint64_t i = from; i < to; i++) {
        char text[32];
        uint8_t leaf[BASE_SHA256];
        struct str record = entry(i, text);
        tree_leaf_hash(record.p, record.n, leaf);
        tree_edge_append(&e, leaf);
    }
    tree_edge_root(&e, root);
}

/* Files: a hash tile for each begun 256 of a level, and a bundle for each of level 0. */
static const struct {
    uint64_t size;
    unsigned files;
} sizes[] = {{0, 0}, {1, 2}, {255, 2}, {256, 3}, {257, 5}, {512, 5}, {70000, 551}};

static void test_sizes_and_roots(void **state)
{
    (void)state;
    for (size_t i = 0; i < BASE_COUNT(sizes); i++) {
        uint8_t root[BASE_SHA256], want[BASE_SHA256];
        struct put p;
        struct tiles *t = make(sizes[i].size, "", &p);
        tiles_root(t, root);
        root_of(0, sizes[i].size, want);
        assert_memory_equal(root, want, sizeof root);
        assert_int_equal(p.files, sizes[i].files);
        drop(t, &p);
    }
}

static void test_hashes_of_levels(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        unsigned n;
        uint64_t each; /* leaves below one hash */
    } wants[] = {{"tile/0/002.p/88", 88, 1}, {"tile/0/001", 256, 1}, {"tile/1/000.p/2", 2, 256}};
    static const uint64_t first[] = {512, 256, 0};
    for (size_t i = 0; i < BASE_COUNT(wants); i++) {
        struct put p;
        struct tiles *t = make(600, wants[i].path, &p);
        assert_int_equal(p.bytes.len, wants[i].n * BASE_SHA256);
        for (unsigned k = 0; k < wants[i].n; k++) {
            uint8_t want[BASE_SHA256];
            root_of(first[i] + k * wants[i].each, first[i] + (k + 1) * wants[i].each, want);
            assert_memory_equal(p.bytes.data + k * BASE_SHA256, want, sizeof want);
        }
        drop(t, &p);
    }
}

static void test_bundle(void **state)
{
    (void)state;
    struct put p;
    struct tiles *t = make(258, "tile/entries/001.p/2", &p);
    static const char want[] = "\0\x0b{\"seq\":256}\0\x0b{\"seq\":257}";
    assert_int_equal(p.bytes.len, sizeof want - 1);
    assert_memory_equal(p.bytes.data, want, sizeof want - 1);
    drop(t, &p);
}

static void test_record_without_bytes(void **state)
{
    (void)state;
    uint8_t root[BASE_SHA256], want[BASE_SHA256];
    struct put p;
    struct tiles *t = make(0, "tile/entries/000", &p);
    for (unsigned i = 0; i < 300; i++)
        add(t, i != 7);
    assert_int_equal(tiles_finish(t, NULL), 0);
    assert_int_equal(p.bytes.len, 0); /* that bundle cannot be made */
    assert_int_equal(p.files, 4);     /* the next one is, and all hashes */
    assert_int_equal(t->without_bytes, 1);
    tiles_root(t, root);
    root_of(0, 300, want);
    assert_memory_equal(root, want, sizeof root);
    drop(t, &p);
}

static void test_leaf_of_another_record(void **state)
{
    (void)state;
    uint8_t leaf[BASE_SHA256] = {0};
    struct put p;
    struct tiles *t = make(0, "", &p);
    assert_int_equal(tiles_add(t, STR("{}"), leaf, NULL), REEVE_EDAMAGED);
    drop(t, &p);
}

/* ---- proofs of tiles ---- */

/* Files in memory: what was put, by path. */
#define MAX_FILES 16u
struct shelf {
    unsigned n;
    char path[MAX_FILES][TILES_PATH_MAX];
    struct buf bytes[MAX_FILES];
};

static int shelve(void *arg, const char *path, struct str bytes, struct reeve_error *err)
{
    struct shelf *s = arg;
    (void)err;
    assert_true(s->n < MAX_FILES);
    (void)snprintf(s->path[s->n], TILES_PATH_MAX, "%s", path);
    buf_str(&s->bytes[s->n++], bytes);
    return 0;
}

static int take_down(void *arg, const char *path, uint8_t *out, size_t n, struct reeve_error *err)
{
    struct shelf *s = arg;
    for (unsigned i = 0; i < s->n; i++)
        if (strcmp(s->path[i], path) == 0 && s->bytes[i].len == n) {
            memcpy(out, s->bytes[i].data, n);
            return 0;
        }
    return base_fail(err, REEVE_ENOENT, "no %s", path);
}

static struct tiles_tree shelf_of(uint64_t size, struct shelf *s)
{
    struct tiles_tree tree = {.get = take_down, .arg = s, .size = size};
    struct tiles *t = calloc(1, sizeof *t);
    assert_non_null(t);
    *s = (struct shelf){0};
    tiles_init(t, shelve, s);
    while (t->size < size)
        add(t, true);
    assert_int_equal(tiles_finish(t, NULL), 0);
    tiles_root(t, tree.root);
    tiles_fini(t);
    free(t);
    return tree;
}

static void clear(struct shelf *s)
{
    for (unsigned i = 0; i < s->n; i++)
        buf_fini(&s->bytes[i]);
}

static const uint64_t proven[] = {1, 2, 3, 255, 256, 257, 511, 512, 600, 767, 768, 769};

static void assert_proof(const struct tiles_tree *t, uint64_t at, uint64_t size)
{
    uint8_t root[BASE_SHA256], old[BASE_SHA256], leaf[BASE_SHA256];
    struct audit_proof p;
    struct reeve_error err = {0};
    const uint8_t(*proof)[BASE_SHA256] = (const uint8_t(*)[BASE_SHA256])p.hash;
    root_of(0, size, root);
    root_of(0, at, old);
    assert_rc(tiles_prove(t, AUDIT_PROVE_GROWTH, at, size, &p, &err), 0, &err);
    assert_true(tree_consistency_holds(at, old, size, root, proof, p.n));
    if (at == size)
        return;
    root_of(at, at + 1, leaf);
    assert_rc(tiles_prove(t, AUDIT_PROVE_RECORD, at, size, &p, &err), 0, &err);
    assert_true(tree_proof_holds(leaf, at, size, proof, p.n, root));
}

static void test_proofs_of_tiles(void **state)
{
    (void)state;
    for (size_t i = 0; i < BASE_COUNT(proven); i++) {
        struct shelf s;
        struct tiles_tree t = shelf_of(proven[i], &s);
        for (size_t k = 0; k <= i; k++)
            for (size_t at = 0; at <= k; at++)
                assert_proof(&t, proven[at], proven[k]);
        clear(&s);
    }
}

static void test_no_such_proof(void **state)
{
    (void)state;
    struct shelf s;
    struct audit_proof p;
    struct tiles_tree t = shelf_of(300, &s);
    assert_int_equal(tiles_prove(&t, AUDIT_PROVE_RECORD, 300, 0, &p, NULL), REEVE_ENOENT);
    assert_int_equal(tiles_prove(&t, AUDIT_PROVE_RECORD, 5, 5, &p, NULL), REEVE_ENOENT);
    assert_int_equal(tiles_prove(&t, AUDIT_PROVE_RECORD, 5, 301, &p, NULL), REEVE_ENOENT);
    assert_int_equal(tiles_prove(&t, AUDIT_PROVE_GROWTH, 6, 5, &p, NULL), REEVE_ENOENT);
    assert_int_equal(tiles_prove(&t, AUDIT_PROVE_GROWTH, UINT64_MAX, 0, &p, NULL), REEVE_ENOENT);
    clear(&s);
}

/* A tile that was changed gives a proof that holds, where it was not needed, or none. */
static void test_changed_tiles(void **state)
{
    (void)state;
    struct shelf s;
    struct tiles_tree t = shelf_of(600, &s);
    uint8_t leaf[BASE_SHA256], root[BASE_SHA256];
    unsigned refused = 0;
    root_of(517, 518, leaf);
    root_of(0, 555, root);
    for (unsigned file = 0; file < s.n; file++)
        for (size_t byte = 7; byte < s.bytes[file].len; byte += 997) {
            struct audit_proof p;
            struct reeve_error err = {0};
            if (strstr(s.path[file], "entries"))
                continue;
            s.bytes[file].data[byte] ^= 4;
            int rc = tiles_prove(&t, AUDIT_PROVE_RECORD, 517, 555, &p, &err);
            s.bytes[file].data[byte] ^= 4;
            if (rc == 0)
                assert_true(tree_proof_holds(leaf, 517, 555, (const uint8_t(*)[BASE_SHA256])p.hash,
                                             p.n, root));
            else
                assert_int_equal(rc, REEVE_EVERIFY);
            refused += rc != 0;
        }
    assert_true(refused > 0);
    struct audit_proof p;
    for (unsigned file = 0; file < s.n; file++)
        if (strcmp(s.path[file], "tile/0/002.p/88") == 0)
            s.bytes[file].data[5 * BASE_SHA256] ^= 1;
    assert_int_equal(tiles_prove(&t, AUDIT_PROVE_RECORD, 517, 555, &p, NULL), REEVE_EVERIFY);
    assert_int_equal(tiles_prove(&t, AUDIT_PROVE_GROWTH, 518, 555, &p, NULL), REEVE_EVERIFY);
    clear(&s);
}

/* ---- the folder ---- */

static int make_dir(char name[64])
{
    (void)snprintf(name, 64, "/tmp/reeve-tiles-XXXXXX");
    assert_non_null(mkdtemp(name));
    int fd = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(fd >= 0);
    return fd;
}

static void remove_dir(int fd, const char *name)
{
    static const char *const parts[] = {"tile/0/000", "tile/0/001"};
    for (size_t i = 0; i < BASE_COUNT(parts); i++)
        (void)unlinkat(fd, parts[i], 0);
    (void)unlinkat(fd, "tile/0", AT_REMOVEDIR);
    (void)unlinkat(fd, "tile", 0);
    (void)unlinkat(fd, "tile", AT_REMOVEDIR);
    (void)close(fd);
    assert_int_equal(rmdir(name), 0);
}

static void test_folder(void **state)
{
    (void)state;
    char name[64];
    struct stat st;
    int fd = make_dir(name);
    assert_int_equal(tiles_dir_put(fd, "tile/0/000", STR("abc"), NULL), 0);
    assert_int_equal(fstatat(fd, "tile/0/000", &st, 0), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(tiles_dir_put(fd, "tile/0/000", STR("abc"), NULL), 0); /* as it is */
    uint8_t read[4];
    assert_int_equal(tiles_dir_get(fd, "tile/0/000", read, 3, NULL), 0);
    assert_memory_equal(read, "abc", 3);
    assert_int_equal(tiles_dir_get(fd, "tile/0/000", read, 2, NULL), REEVE_EVERIFY);
    assert_int_equal(tiles_dir_get(fd, "tile/0/000", read, 4, NULL), REEVE_EVERIFY);
    assert_int_equal(tiles_dir_get(fd, "tile/0/001", read, 3, NULL), REEVE_ENOENT);
    assert_int_equal(tiles_dir_put(fd, "tile/0/000", STR("abd"), NULL), REEVE_EVERIFY);
    assert_int_equal(tiles_dir_put(fd, "tile/0/000", STR("abcd"), NULL), REEVE_EVERIFY);
    assert_int_equal(symlinkat("000", fd, "tile/0/001"), 0);
    assert_int_equal(tiles_dir_put(fd, "tile/0/001", STR("abc"), NULL), REEVE_EIO);
    remove_dir(fd, name);
}

static void test_folder_that_is_a_link(void **state)
{
    (void)state;
    char name[64];
    int fd = make_dir(name);
    assert_int_equal(symlinkat("/tmp", fd, "tile"), 0);
    assert_int_equal(tiles_dir_put(fd, "tile/0/000", STR("abc"), NULL), REEVE_EIO);
    remove_dir(fd, name);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_sizes_and_roots),
        cmocka_unit_test(test_hashes_of_levels),
        cmocka_unit_test(test_bundle),
        cmocka_unit_test(test_record_without_bytes),
        cmocka_unit_test(test_leaf_of_another_record),
        cmocka_unit_test(test_proofs_of_tiles),
        cmocka_unit_test(test_no_such_proof),
        cmocka_unit_test(test_changed_tiles),
        cmocka_unit_test(test_folder),
        cmocka_unit_test(test_folder_that_is_a_link),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
