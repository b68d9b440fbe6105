/*
 * A key in a PEM file, used through OpenSSL, and the rules for that file. The keeper loads and
 * signs; making a log, and a key's successor, stores.
 */
#include "audit/key.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_PEM_BYTES 4096

static void free_pkey(EVP_PKEY **p)
{
    EVP_PKEY_free(*p);
}
static void free_md(EVP_MD_CTX **p)
{
    EVP_MD_CTX_free(*p);
}
static void free_bio(BIO **p)
{
    BIO_free(*p);
}
#define auto_pkey __attribute__((cleanup(free_pkey)))
#define auto_md   __attribute__((cleanup(free_md)))
#define auto_bio  __attribute__((cleanup(free_bio)))

static int pem_derive(const struct audit_key *key, struct str label, uint8_t out[BASE_SHA256],
                      struct reeve_error *err)
{
    uint8_t seed[AUDIT_SEED_BYTES];
    size_t n = sizeof seed;
    if (EVP_PKEY_get_raw_private_key(key->secret, seed, &n) != 1 || n != sizeof seed)
        return base_fail(err, REEVE_EKEY, "OpenSSL does not give the key's private half");
    base_hmac_sha256(seed, sizeof seed, label.p, label.n, out);
    OPENSSL_cleanse(seed, sizeof seed);
    return 0;
}

static int pem_sign(const struct audit_key *key, struct str message,
                    uint8_t out[AUDIT_SIGNATURE_BYTES], struct reeve_error *err)
{
    auto_md EVP_MD_CTX *md = EVP_MD_CTX_new();
    size_t n = AUDIT_SIGNATURE_BYTES;
    if (!md || EVP_DigestSignInit(md, NULL, NULL, NULL, key->secret) != 1 ||
        EVP_DigestSign(md, out, &n, (const uint8_t *)message.p, message.n) != 1 ||
        n != AUDIT_SIGNATURE_BYTES)
        return base_fail(err, REEVE_EKEY, "OpenSSL does not sign with this key");
    return 0;
}

static void pem_free(struct audit_key *key)
{
    EVP_PKEY_free(key->secret);
}

static const struct audit_key_ops pem_ops = {
    .sign = pem_sign, .derive = pem_derive, .free = pem_free};

/* Takes `pkey` over when it is an Ed25519 private key whose public half can be had. */
static bool adopt(EVP_PKEY **pkey, struct audit_key *out)
{
    size_t n = sizeof out->pub;
    if (!*pkey || EVP_PKEY_get_id(*pkey) != EVP_PKEY_ED25519)
        return false;
    if (EVP_PKEY_get_raw_public_key(*pkey, out->pub, &n) != 1 || n != sizeof out->pub)
        return false;
    out->ops = &pem_ops;
    out->secret = *pkey;
    *pkey = NULL;
    return true;
}

int audit_key_generate(struct audit_key *out, struct reeve_error *err)
{
    auto_pkey EVP_PKEY *pkey = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    if (!adopt(&pkey, out))
        return base_fail(err, REEVE_EKEY, "OpenSSL makes no Ed25519 key");
    return 0;
}

static int check_file(int fd, const char *name, struct reeve_error *err)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return base_fail_errno(err, REEVE_EKEY, errno, "%s cannot be looked at", name);
    if (!S_ISREG(st.st_mode))
        return base_fail(err, REEVE_EKEY, "%s is no regular file; put the PEM file there", name);
    if (st.st_uid != geteuid() && st.st_uid != 0)
        return base_fail(err, REEVE_EKEY, "%s belongs to uid %u; run: chown %u %s", name,
                         (unsigned)st.st_uid, (unsigned)geteuid(), name);
    if (st.st_mode & 077)
        return base_fail(err, REEVE_EKEY,
                         "%s has mode %04o, so others can reach it; "
                         "run: chmod 600 %s",
                         name, (unsigned)st.st_mode & 07777u, name);
    if (st.st_size <= 0 || st.st_size > MAX_PEM_BYTES)
        return base_fail(err, REEVE_EKEY, "%s has %lld bytes; a PEM key has 1 to %d", name,
                         (long long)st.st_size, MAX_PEM_BYTES);
    return 0;
}

/* No passphrase is ever asked for: the keeper has no terminal. */
static int no_passphrase(char *buf, int size, int writing, void *arg)
{
    (void)buf, (void)size, (void)writing, (void)arg;
    return -1;
}

static int parse_pem(const char *pem, size_t n, const char *name, struct audit_key *out,
                     struct reeve_error *err)
{
    auto_bio BIO *bio = BIO_new_mem_buf(pem, (int)n);
    auto_pkey EVP_PKEY *pkey = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL) : NULL;
    if (!adopt(&pkey, out))
        return base_fail(err, REEVE_EKEY, "%s holds no unencrypted Ed25519 private key in PEM form",
                         name);
    return 0;
}

int audit_key_load(int dir_fd, const char *name, struct audit_key *out, struct reeve_error *err)
{
    /* O_NONBLOCK: a FIFO in the file's place must not hold the keeper. */
    auto_close int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return base_fail(
            err, REEVE_EKEY,
            "%s cannot be opened (%s); it must be a file of this user's: restore it from "
            "a backup, with mode 0600",
            name, strerror(errno));
    int rc = check_file(fd, name, err);
    if (rc)
        return rc;
    char pem[MAX_PEM_BYTES];
    ssize_t n = pread(fd, pem, sizeof pem, 0);
    rc = n < 0 ? base_fail_errno(err, REEVE_EKEY, errno, "%s cannot be read", name)
               : parse_pem(pem, (size_t)n, name, out, err);
    OPENSSL_cleanse(pem, sizeof pem);
    return rc;
}

int audit_key_store(const struct audit_key *key, int dir_fd, const char *name,
                    struct reeve_error *err)
{
    assert(key->ops == &pem_ops);
    auto_bio BIO *bio = BIO_new(BIO_s_secmem());
    if (!bio || PEM_write_bio_PKCS8PrivateKey(bio, key->secret, NULL, NULL, 0, NULL, NULL) != 1)
        return base_fail(err, REEVE_EKEY, "OpenSSL cannot write the key as PKCS#8");
    char *pem = NULL;
    long n = BIO_get_mem_data(bio, &pem);
    if (n <= 0 || !pem)
        return base_fail(err, REEVE_EKEY, "OpenSSL cannot write the key as PKCS#8");
    return fd_write_file(dir_fd, name, pem, (size_t)n, 0600, err);
}
