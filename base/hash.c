/* SHA-256 and HMAC by OpenSSL, text forms of bytes, random bytes, comparison in constant time. */

/* The plain functions are marked as old: what took their place looks the algorithm up under a lock
 * and allocates, for each of the millions of short texts of a log. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "base/base.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <sys/random.h>
#include <unistd.h>

/* OpenSSL's digest of bytes in memory fails only when memory is out; there is no way on without a
 * hash. */
static void must(bool ok)
{
    if (!ok)
        abort();
}

void base_sha256(const void *p, size_t n, uint8_t out[BASE_SHA256])
{
    SHA256_CTX ctx;
    must(SHA256_Init(&ctx) == 1);
    must(n == 0 || SHA256_Update(&ctx, p, n) == 1);
    must(SHA256_Final(out, &ctx) == 1);
}

void base_sha256_prefixed(uint8_t prefix, const void *a, size_t na, const void *b, size_t nb,
                          uint8_t out[BASE_SHA256])
{
    SHA256_CTX ctx;
    must(SHA256_Init(&ctx) == 1);
    must(SHA256_Update(&ctx, &prefix, 1) == 1);
    must(na == 0 || SHA256_Update(&ctx, a, na) == 1);
    must(nb == 0 || SHA256_Update(&ctx, b, nb) == 1);
    must(SHA256_Final(out, &ctx) == 1);
}

void base_hmac_sha256(const void *key, size_t key_len, const void *p, size_t n,
                      uint8_t out[BASE_SHA256])
{
    unsigned len = BASE_SHA256;
    must(HMAC(EVP_sha256(), key, (int)key_len, p, n, out, &len) != NULL && len == BASE_SHA256);
}

/* At most `max` bytes from offset 0; 0 or errno. */
static int hash_file(int fd, uint64_t max, uint8_t out[BASE_SHA256], uint64_t *size)
{
    uint8_t chunk[65536];
    int failed = 0;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    must(ctx && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1);
    for (*size = 0; *size < max;) {
        uint64_t left = max - *size;
        ssize_t n =
            pread(fd, chunk, left < sizeof chunk ? (size_t)left : sizeof chunk, (off_t)*size);
        if (n < 0 && errno == EINTR)
            continue;
        failed = n < 0 ? errno : 0;
        if (n <= 0)
            break;
        must(EVP_DigestUpdate(ctx, chunk, (size_t)n) == 1);
        *size += (uint64_t)n;
    }
    must(EVP_DigestFinal_ex(ctx, out, NULL) == 1);
    EVP_MD_CTX_free(ctx);
    return failed;
}

int base_sha256_fd(int fd, uint8_t out[BASE_SHA256], uint64_t *size, struct reeve_error *err)
{
    uint64_t n;
    int e = hash_file(fd, UINT64_MAX, out, &n);
    if (e)
        return base_fail_errno(err, REEVE_EIO, e, "a file could not be read to its end");
    if (size)
        *size = n;
    return 0;
}

int base_sha256_fd_of_size(int fd, uint64_t size, uint8_t out[BASE_SHA256], struct reeve_error *err)
{
    uint8_t beyond;
    uint64_t n;
    int e = hash_file(fd, size, out, &n);
    if (e)
        return base_fail_errno(err, REEVE_EIO, e, "a file could not be read to its end");
    if (n != size || pread(fd, &beyond, 1, (off_t)size) != 0)
        return base_fail(err, REEVE_EIO, "a file changed its size while it was read");
    return 0;
}

bool base_equal_ct(const void *a, const void *b, size_t n)
{
    return CRYPTO_memcmp(a, b, n) == 0;
}

void base_hex(const void *p, size_t n, char *out)
{
    static const char digit[] = "0123456789abcdef";
    const uint8_t *byte = p;
    for (size_t i = 0; i < n; i++) {
        out[2 * i] = digit[byte[i] >> 4];
        out[2 * i + 1] = digit[byte[i] & 15];
    }
    out[2 * n] = '\0';
}

static int nibble(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool base_unhex(struct str hex, uint8_t *out, size_t n)
{
    if (hex.n != 2 * n)
        return false;
    for (size_t i = 0; i < n; i++) {
        int high = nibble(hex.p[2 * i]), low = nibble(hex.p[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

static int base64_digit(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* One group of four digits: 1 to 3 bytes, 0 when it is none. Bits that no byte uses must be zero
 * (one text, one value). */
static size_t base64_group(const char *p, bool last, uint8_t out[3])
{
    unsigned pad = 0;
    if (last && p[3] == '=')
        pad = p[2] == '=' ? 2 : 1;
    uint32_t v = 0;
    for (unsigned i = 0; i < 4; i++) {
        int d = i >= 4 - pad ? 0 : base64_digit(p[i]);
        if (d < 0)
            return 0;
        v = v << 6 | (uint32_t)d;
    }
    if ((pad == 1 && (v & 0xff)) || (pad == 2 && (v & 0xffff)))
        return 0;
    out[0] = (uint8_t)(v >> 16);
    out[1] = (uint8_t)(v >> 8);
    out[2] = (uint8_t)v;
    return 3 - pad;
}

bool base_unbase64(struct str text, uint8_t *out, size_t *n)
{
    if (text.n % 4)
        return false;
    size_t len = 0;
    for (size_t i = 0; i < text.n; i += 4) {
        uint8_t group[3];
        size_t got = base64_group(text.p + i, i + 4 == text.n, group);
        if (!got || got > *n - len)
            return false;
        memcpy(out + len, group, got);
        len += got;
    }
    *n = len;
    return true;
}

void base_random(void *p, size_t n)
{
    uint8_t *at = p;
    while (n) {
        ssize_t got = getrandom(at, n, 0);
        if (got < 0 && errno == EINTR)
            continue;
        must(got > 0);
        at += got;
        n -= (size_t)got;
    }
}
