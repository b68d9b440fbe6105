/*
 * Notes and verifier keys against published ones (the Go note package's), signatures against RFC
 * 8032, and the many texts that are none.
 */
#include "plain.h"
#include "support.h"

#define VKEY "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
#define TEXT                                                                                       \
    "If you think cryptography is the answer to your problem,\n"                                   \
    "then you don't know what your problem is.\n"
#define SIG                                                                                        \
    "\xe2\x80\x94 PeterNeumann "                                                                   \
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvq"                          \
    "fqdngotpRZb6KE6RyyBwJnAM=\n"
#define NOTE TEXT "\n" SIG

static const uint8_t seed[] = {0x81, 0x0a, 0x14, 0x02, 0xd5, 0x14, 0x6c, 0x8d, 0x84, 0xf2, 0x44,
                               0x33, 0x30, 0xf5, 0x40, 0x80, 0xeb, 0xf9, 0x8e, 0xe1, 0x7d, 0x9c,
                               0x74, 0xf6, 0x25, 0x2f, 0xc5, 0xd5, 0xc7, 0x28, 0x31, 0x73};

static void peter(struct note_key *key)
{
    struct reeve_error err = {0};
    assert_rc(note_key_parse(STR(VKEY), key, &err), 0, &err);
}

static void test_published_key(void **state)
{
    (void)state;
    struct note_key key;
    struct audit_key own;
    auto_buf struct buf text = {0};
    peter(&key);
    plain_key(seed, &own);
    assert_memory_equal(own.pub, key.pub, sizeof key.pub);
    note_key_format(key.name, own.pub, &text);
    assert_string_equal(text.data, VKEY);
    audit_key_free(&own);
}

static void test_published_note(void **state)
{
    (void)state;
    struct note_key key;
    struct audit_key own;
    struct str text;
    struct reeve_error err = {0};
    auto_buf struct buf made = {0};
    peter(&key);
    assert_rc(note_open(STR(NOTE), &key, &text, &err), 0, &err);
    assert_true(str_is(text, TEXT));
    plain_key(seed, &own);
    assert_rc(note_sign(STR(TEXT), key.name, &own, &made, &err), 0, &err);
    assert_string_equal(made.data, NOTE);
    audit_key_free(&own);
}

/* RFC 8032 section 7.1, tests 1 to 3. */
static const struct {
    const char *seed, *pub, *message, *signature;
} signatures[] = {
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b"
     "4"
     "6bd25bf5f0595bbe24655141438e7a100b"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11"
     "d"
     "8c387b2eaeb4302aeeb00d291612bb0c00"},
    {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc"
     "6"
     "594a7c15e9716ed28dc027beceea1ec40a"},
};

static void test_published_signatures(void **state)
{
    (void)state;
    for (size_t i = 0; i < BASE_COUNT(signatures); i++) {
        uint8_t from[AUDIT_SEED_BYTES], sig[AUDIT_SIGNATURE_BYTES], message[2];
        char hex[2 * AUDIT_SIGNATURE_BYTES + 1];
        struct audit_key key;
        struct reeve_error err = {0};
        struct str text = str_of(signatures[i].message);
        assert_true(base_unhex(str_of(signatures[i].seed), from, sizeof from));
        assert_true(base_unhex(text, message, text.n / 2));
        plain_key(from, &key);
        base_hex(key.pub, sizeof key.pub, hex);
        assert_string_equal(hex, signatures[i].pub);
        struct str m = {(const char *)message, text.n / 2};
        assert_rc(audit_key_sign(&key, m, sig, &err), 0, &err);
        base_hex(sig, sizeof sig, hex);
        assert_string_equal(hex, signatures[i].signature);
        assert_true(audit_key_verify(key.pub, m, sig));
        sig[i] ^= 4;
        assert_false(audit_key_verify(key.pub, m, sig));
        audit_key_free(&key);
    }
}

static void test_no_part_of_a_key_is_a_key(void **state)
{
    (void)state;
    struct note_key key;
    char text[] = VKEY;
    size_t n = sizeof text - 1;
    for (size_t from = 0; from <= n; from++)
        for (size_t to = from; to <= n; to++)
            if (from != 0 || to != n)
                assert_int_equal(note_key_parse((struct str){text + from, to - from}, &key, NULL),
                                 REEVE_EFORMAT);
    for (size_t i = 0; i < n; i++) {
        text[i]++;
        assert_int_equal(note_key_parse((struct str){text, n}, &key, NULL), REEVE_EFORMAT);
        text[i]--;
    }
    /* Of another length, and of another algorithm, each with the id that fits. */
    assert_int_equal(
        note_key_parse(
            STR("PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY=="), &key,
            NULL),
        REEVE_EFORMAT);
    assert_int_equal(
        note_key_parse(STR("PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"),
                       &key, NULL),
        REEVE_EFORMAT);
}

static const struct {
    const char *name;
    bool ok;
} names[] = {
    {"a", true},
    {"example.com/log", true},
    {"caf\xc3\xa9", true},
    {"", false},
    {"a b", false},
    {"a+b", false},
    {"a\tb", false},
    {"a\nb", false},
    {"a\x7f", false},
    {"a\xc2\xa0", false},    /* no-break space */
    {"\xe2\x80\x83", false}, /* em space */
    {"\xe3\x80\x80", false}, /* ideographic space */
    {"\xc0\xaf", false},     /* overlong */
    {"\xff", false},
};

static void test_names(void **state)
{
    (void)state;
    char many[NOTE_MAX_NAME + 1];
    for (size_t i = 0; i < BASE_COUNT(names); i++)
        if (note_name_ok(str_of(names[i].name)) != names[i].ok)
            fail_msg("name %zu", i);
    memset(many, 'n', sizeof many);
    assert_true(note_name_ok((struct str){many, NOTE_MAX_NAME}));
    assert_false(note_name_ok((struct str){many, NOTE_MAX_NAME + 1}));
}

#define OTHER                                                                                      \
    "\xe2\x80\x94 EnochRoot "                                                                      \
    "rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/"                                                 \
    "5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n"

static const struct {
    const char *what, *text;
    int rc;
} notes[] = {
    {"the note", NOTE, 0},
    {"with a stranger's signature behind", NOTE OTHER, 0},
    {"with a stranger's signature before", TEXT "\n" OTHER SIG, 0},
    {"twice the same signature", NOTE SIG, 0},
    {"an empty line in the text", "a\n\n" NOTE, REEVE_EVERIFY},
    {"a stranger's alone", TEXT "\n" OTHER, REEVE_EVERIFY},
    {"another text", "If\n\n" SIG, REEVE_EVERIFY},
    {"nothing", "", REEVE_EFORMAT},
    {"a newline", "\n", REEVE_EFORMAT},
    {"no signature", TEXT "\n", REEVE_EFORMAT},
    {"no empty line", TEXT SIG, REEVE_EFORMAT},
    {"no final newline",
     TEXT "\n"
          "\xe2\x80\x94 PeterNeumann x08g",
     REEVE_EFORMAT},
    {"a hyphen for the dash",
     TEXT "\n"
          "- PeterNeumann x08go/ZJ\n",
     REEVE_EFORMAT},
    {"a line behind that is none", NOTE "x\n", REEVE_EFORMAT},
    {"a short signature",
     TEXT "\n"
          "\xe2\x80\x94 PeterNeumann x08go/ZJ\n",
     REEVE_EFORMAT},
    {"a shorter one",
     TEXT "\n"
          "\xe2\x80\x94 PeterNeumann x08g\n",
     REEVE_EFORMAT},
    {"no base64",
     TEXT "\n"
          "\xe2\x80\x94 PeterNeumann ********\n",
     REEVE_EFORMAT},
    {"no name",
     TEXT "\n"
          "\xe2\x80\x94  x08go/ZJ\n",
     REEVE_EFORMAT},
    {"a control character", "\x01" NOTE, REEVE_EFORMAT},
    {"a carriage return", "a\r\n\n" SIG, REEVE_EFORMAT},
    {"no UTF-8", "\xff\n\n" SIG, REEVE_EFORMAT},
};

static void test_notes(void **state)
{
    (void)state;
    struct note_key key;
    peter(&key);
    for (size_t i = 0; i < BASE_COUNT(notes); i++) {
        struct str text;
        int rc = note_open(str_of(notes[i].text), &key, &text, NULL);
        if (rc != notes[i].rc)
            fail_msg("%s: %d, expected %d", notes[i].what, rc, notes[i].rc);
    }
}

static void test_too_many_signatures(void **state)
{
    (void)state;
    struct note_key key;
    struct str text;
    auto_buf struct buf note = {0};
    peter(&key);
    buf_z(&note, NOTE);
    for (unsigned i = 1; i < NOTE_MAX_SIGNATURES; i++)
        buf_z(&note, OTHER);
    assert_int_equal(note_open(buf_view(&note), &key, &text, NULL), 0);
    buf_z(&note, OTHER);
    assert_int_equal(note_open(buf_view(&note), &key, &text, NULL), REEVE_EFORMAT);
}

/* Only one text is this note: no bit of it can be changed. */
static void test_every_bit_counts(void **state)
{
    (void)state;
    struct note_key key;
    char note[] = NOTE;
    peter(&key);
    for (size_t bit = 0; bit < (sizeof note - 1) * 8; bit++) {
        struct str text;
        note[bit / 8] = (char)(note[bit / 8] ^ 1 << bit % 8);
        if (note_open((struct str){note, sizeof note - 1}, &key, &text, NULL) == 0)
            fail_msg("bit %zu can be changed", bit);
        note[bit / 8] = (char)(note[bit / 8] ^ 1 << bit % 8);
    }
}

#define ROOT64 "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="
static const struct {
    const char *text;
    int rc;
    uint64_t size;
} checkpoints[] = {
    {"example.com/behind-the-sofa\n20852163\n" ROOT64 "\n", 0, 20852163},
    {"o\n0\n" ROOT64 "\n", 0, 0},
    {"o\n18446744073709551615\n" ROOT64 "\n", 0, UINT64_MAX},
    {"o\n1\n" ROOT64 "\nextension\n", 0, 1},
    {"o\n18446744073709551616\n" ROOT64 "\n", REEVE_EFORMAT, 0},
    {"o\n01\n" ROOT64 "\n", REEVE_EFORMAT, 0},
    {"o\n+1\n" ROOT64 "\n", REEVE_EFORMAT, 0},
    {"o\n\n" ROOT64 "\n", REEVE_EFORMAT, 0},
    {"\n1\n" ROOT64 "\n", REEVE_EFORMAT, 0},
    {"o\n1\n" ROOT64, REEVE_EFORMAT, 0},
    {"o\n1\nAAAA\n", REEVE_EFORMAT, 0},
    {"o\n1\n" ROOT64 "\n\n", REEVE_EFORMAT, 0},
    {"o\n1\n", REEVE_EFORMAT, 0},
};

static void test_checkpoints(void **state)
{
    (void)state;
    for (size_t i = 0; i < BASE_COUNT(checkpoints); i++) {
        struct note_checkpoint c;
        int rc = note_checkpoint_parse(str_of(checkpoints[i].text), &c, NULL);
        if (rc != checkpoints[i].rc || (rc == 0 && c.size != checkpoints[i].size))
            fail_msg("checkpoint %zu: %d", i, rc);
    }
}

static void test_a_key_signs_for_its_own_log(void **state)
{
    (void)state;
    struct note_key key;
    struct audit_key own;
    struct reeve_error err = {0};
    auto_buf struct buf right = {0}, wrong = {0};
    struct note_checkpoint c = {.origin = STR("PeterNeumann"), .size = 7}, read;
    peter(&key);
    plain_key(seed, &own);
    assert_rc(note_checkpoint_sign(&c, &own, &right, &err), 0, &err);
    assert_rc(note_checkpoint_open(buf_view(&right), &key, &read, &err), 0, &err);
    assert_int_equal(read.size, 7);
    assert_memory_equal(read.root, c.root, sizeof c.root);
    struct str foreign = STR("another\n7\n" ROOT64 "\n");
    assert_rc(note_sign(foreign, key.name, &own, &wrong, &err), 0, &err);
    assert_rc(note_checkpoint_open(buf_view(&wrong), &key, &read, &err), REEVE_EVERIFY, &err);
    audit_key_free(&own);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_published_key),
        cmocka_unit_test(test_published_note),
        cmocka_unit_test(test_published_signatures),
        cmocka_unit_test(test_no_part_of_a_key_is_a_key),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_notes),
        cmocka_unit_test(test_too_many_signatures),
        cmocka_unit_test(test_every_bit_counts),
        cmocka_unit_test(test_checkpoints),
        cmocka_unit_test(test_a_key_signs_for_its_own_log),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
