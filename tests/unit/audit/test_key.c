/* The key's file: who may hold it, and what each refusal tells its reader to do. */
#include "plain.h"
#include "support.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static void test_round_trip(void **state)
{
    (void)state;
    struct scene s;
    struct audit_key key, again;
    struct reeve_error err = {0};
    struct stat st;
    uint8_t a[AUDIT_SIGNATURE_BYTES], b[AUDIT_SIGNATURE_BYTES];
    scene_make(&s);
    assert_rc(audit_key_generate(&key, &err), 0, &err);
    assert_rc(audit_key_store(&key, s.dir_fd, "k.pem", &err), 0, &err);
    assert_int_equal(fstatat(s.dir_fd, "k.pem", &st, 0), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_rc(audit_key_load(s.dir_fd, "k.pem", &again, &err), 0, &err);
    assert_memory_equal(key.pub, again.pub, sizeof key.pub);
    assert_rc(audit_key_sign(&key, STR("m"), a, &err), 0, &err);
    assert_rc(audit_key_sign(&again, STR("m"), b, &err), 0, &err);
    assert_memory_equal(a, b, sizeof a);
    audit_key_free(&key);
    audit_key_free(&again);
    scene_remove(&s);
}

static void test_two_keys_differ(void **state)
{
    (void)state;
    struct audit_key a, b;
    assert_int_equal(audit_key_generate(&a, NULL), 0);
    assert_int_equal(audit_key_generate(&b, NULL), 0);
    assert_memory_not_equal(a.pub, b.pub, sizeof a.pub);
    audit_key_free(&a);
    audit_key_free(&b);
}

/* RFC 8032's first key. */
static const uint8_t seed[AUDIT_SEED_BYTES] = {
    0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a, 0xf4, 0x92, 0xec, 0x2c, 0xc4,
    0x44, 0x49, 0xc5, 0x69, 0x7b, 0x32, 0x69, 0x19, 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60};

/* It as a PEM file, loaded. */
static void load_seed(struct scene *s, struct audit_key *out)
{
    static const uint8_t pkcs8[] = {0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06,
                                    0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20};
    auto_buf struct buf der = {0}, pem = {0};
    struct reeve_error err = {0};
    buf_put(&der, pkcs8, sizeof pkcs8);
    buf_put(&der, seed, sizeof seed);
    buf_z(&pem, "-----BEGIN PRIVATE KEY-----\n");
    buf_base64(&pem, der.data, der.len);
    buf_z(&pem, "\n-----END PRIVATE KEY-----\n");
    assert_rc(fd_write_file(s->dir_fd, "k.pem", pem.data, pem.len, 0600, &err), 0, &err);
    assert_rc(audit_key_load(s->dir_fd, "k.pem", out, &err), 0, &err);
}

/* What is derived is HMAC-SHA-256 of the label under the seed. */
static void test_derive(void **state)
{
    (void)state;
    struct scene s;
    struct audit_key key;
    uint8_t out[BASE_SHA256];
    char hex[2 * BASE_SHA256 + 1];
    scene_make(&s);
    load_seed(&s, &key);
    assert_int_equal(audit_key_derive(&key, STR("reeve-keeper-head-v1"), out, NULL), 0);
    base_hex(out, sizeof out, hex);
    assert_string_equal(hex, "da581495a568d01ffa1de72764d5182d9eb8a2930219f135a31dcd00c6322a57");
    audit_key_free(&key);
    scene_remove(&s);
}

/* Whoever has the private half: the same key does the same. */
static void test_a_key_that_is_in_no_file(void **state)
{
    (void)state;
    struct scene s;
    struct audit_key key[2];
    uint8_t derived[2][BASE_SHA256], signature[2][AUDIT_SIGNATURE_BYTES];
    scene_make(&s);
    load_seed(&s, &key[0]);
    plain_key(seed, &key[1]);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(audit_key_derive(&key[i], STR("label"), derived[i], NULL), 0);
        assert_int_equal(audit_key_sign(&key[i], STR("text"), signature[i], NULL), 0);
        assert_true(audit_key_verify(key[i].pub, STR("text"), signature[i]));
        audit_key_free(&key[i]);
    }
    assert_memory_equal(derived[0], derived[1], sizeof derived[0]);
    assert_memory_equal(signature[0], signature[1], sizeof signature[0]);
    scene_remove(&s);
}

/* A file of another kind, mode or content, and a word that its error must have. */
enum made { MODE, EMPTY, TEXT, CUT, RSA, LONG, FOLDER, FIFO, LINK, GONE };
static const struct {
    enum made how;
    mode_t mode;
    const char *says;
} files[] = {
    {MODE, 0640, "chmod 600 key.pem"}, {MODE, 0604, "chmod 600 key.pem"},
    {MODE, 0610, "chmod 600 key.pem"}, {EMPTY, 0600, "0 bytes"},
    {TEXT, 0600, "no unencrypted"},    {CUT, 0600, "no unencrypted"},
    {RSA, 0600, "no unencrypted"},     {LONG, 0600, "PEM key has 1 to"},
    {FOLDER, 0700, "no regular file"}, {FIFO, 0600, "no regular file"},
    {LINK, 0600, "cannot be opened"},  {GONE, 0600, "cannot be opened"},
};

/* An X25519 key: PKCS#8 PEM too, and no signing key. */
static const char x25519[] = "-----BEGIN PRIVATE KEY-----\n"
                             "MC4CAQAwBQYDK2VuBCIEIHcHbQpzGKV9PBbBclGyZkXfTC+H68CZKrF3+6UduSwq\n"
                             "-----END PRIVATE KEY-----\n";

static void spoil(struct scene *s, enum made how, mode_t mode)
{
    auto_buf struct buf pem = {0};
    char many[8192];
    assert_int_equal(fd_slurp(s->dir_fd, AUDIT_KEY_NAME, 4096, &pem, NULL), 0);
    memset(many, 'x', sizeof many);
    struct str text = how == MODE   ? buf_view(&pem)
                      : how == CUT  ? (struct str){pem.data, pem.len / 2}
                      : how == TEXT ? STR("a key\n")
                      : how == RSA  ? STR(x25519)
                      : how == LONG ? (struct str){many, sizeof many}
                                    : STR("");
    assert_int_equal(unlinkat(s->dir_fd, AUDIT_KEY_NAME, 0), 0);
    if (how == FOLDER)
        assert_int_equal(mkdirat(s->dir_fd, AUDIT_KEY_NAME, mode), 0);
    else if (how == FIFO)
        assert_int_equal(mkfifoat(s->dir_fd, AUDIT_KEY_NAME, mode), 0);
    else if (how == LINK)
        assert_int_equal(symlinkat("origin", s->dir_fd, AUDIT_KEY_NAME), 0);
    else if (how != GONE)
        assert_int_equal(fd_write_file(s->dir_fd, AUDIT_KEY_NAME, text.p, text.n, mode, NULL), 0);
}

static void test_files_that_are_no_key(void **state)
{
    (void)state;
    for (size_t i = 0; i < BASE_COUNT(files); i++) {
        struct scene s;
        struct audit_key key;
        struct reeve_error err = {0};
        scene_make(&s);
        spoil(&s, files[i].how, files[i].mode);
        assert_rc(audit_key_load(s.dir_fd, AUDIT_KEY_NAME, &key, &err), REEVE_EKEY, &err);
        if (!strstr(err.message, AUDIT_KEY_NAME) || !strstr(err.message, files[i].says))
            fail_msg("row %zu: %s", i, err.message);
        scene_remove(&s);
    }
}

/* Needs the right to give a file away; without it there is no such file to make. */
static void test_a_stranger_owns_the_file(void **state)
{
    (void)state;
    struct scene s;
    struct audit_key key;
    struct reeve_error err = {0};
    scene_make(&s);
    if (fchownat(s.dir_fd, AUDIT_KEY_NAME, 65534, (gid_t)-1, 0) != 0) {
        scene_remove(&s);
        print_message("not root: no file of another owner can be made\n");
        skip();
    }
    assert_rc(audit_key_load(s.dir_fd, AUDIT_KEY_NAME, &key, &err), REEVE_EKEY, &err);
    assert_non_null(strstr(err.message, "chown 0 key.pem"));
    scene_remove(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_two_keys_differ),
        cmocka_unit_test(test_derive),
        cmocka_unit_test(test_a_key_that_is_in_no_file),
        cmocka_unit_test(test_files_that_are_no_key),
        cmocka_unit_test(test_a_stranger_owns_the_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
