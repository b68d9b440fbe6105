/*
 * Authors' signatures of an image: Ed25519 over a fixed text and the image's digest, so that no
 * signature made for something else is one. Whose keys count is the loader's business.
 */
#include <openssl/evp.h>

#include "policy/image.h"

#define CONTEXT "reeve policy image v1\n"

struct message {
    uint8_t bytes[sizeof CONTEXT - 1 + BASE_SHA256];
};

static struct message message_of(const uint8_t digest[BASE_SHA256])
{
    struct message m;
    memcpy(m.bytes, CONTEXT, sizeof CONTEXT - 1);
    memcpy(m.bytes + sizeof CONTEXT - 1, digest, BASE_SHA256);
    return m;
}

static bool holds(const struct img_signature *s, const struct message *m)
{
    EVP_PKEY *key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, s->key, sizeof s->key);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool good =
        key && ctx && EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, key) == 1 &&
        EVP_DigestVerify(ctx, s->signature, sizeof s->signature, m->bytes, sizeof m->bytes) == 1;
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(key);
    return good;
}

/* A key that is configured twice is one author. */
static bool seen_before(const struct policy_keys *keys, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (memcmp(keys->key[k], keys->key[i], sizeof keys->key[i]) == 0)
            return true;
    return false;
}

static bool has_signed(const uint8_t key[32], const struct img_signature *v, size_t n,
                       const struct message *m)
{
    for (size_t i = 0; i < n; i++)
        if (memcmp(v[i].key, key, sizeof v[i].key) == 0 && holds(&v[i], m))
            return true;
    return false;
}

int image_verify(const uint8_t digest[BASE_SHA256], const struct img_signature *v, size_t n,
                 const struct policy_keys *keys, struct reeve_error *err)
{
    if (!keys)
        return REEVE_OK;
    struct message m = message_of(digest);
    size_t good = 0;
    for (size_t i = 0; i < keys->n; i++)
        good += !seen_before(keys, i) && has_signed(keys->key[i], v, n, &m);
    if (good >= keys->need)
        return REEVE_OK;
    return base_fail(err, REEVE_EVERIFY, "%zu of the configured keys signed the image; %zu must",
                     good, keys->need);
}

static bool make(const uint8_t seed[32], const struct message *m, struct img_signature *out)
{
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, 32);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    size_t nkey = sizeof out->key, nsignature = sizeof out->signature;
    bool good = key && ctx && EVP_PKEY_get_raw_public_key(key, out->key, &nkey) == 1 &&
                EVP_DigestSignInit(ctx, NULL, NULL, NULL, key) == 1 &&
                EVP_DigestSign(ctx, out->signature, &nsignature, m->bytes, sizeof m->bytes) == 1;
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(key);
    return good;
}

int policy_image_sign(struct buf *image, const uint8_t seed[32], struct reeve_error *err)
{
    struct img_file head;
    if (image->failed || image->len < sizeof head)
        return base_fail(err, REEVE_EINVAL, "there is no image to sign");
    memcpy(&head, image->data, sizeof head);
    int rc = image_check_frame(&head, image->len, err);
    if (rc)
        return rc;
    if (image->len - head.size >= IMAGE_MAX_SIGNATURES * sizeof(struct img_signature))
        return base_fail(err, REEVE_EINVAL, "the image has 16 signatures");
    uint8_t digest[BASE_SHA256];
    image_file_digest(image->data, head.size, digest); /* never one that only claims to be */
    struct message m = message_of(digest);
    struct img_signature signature;
    if (!make(seed, &m, &signature))
        return base_fail(err, REEVE_EKEY, "the key cannot sign");
    buf_put(image, &signature, sizeof signature);
    return image->failed ? base_fail(err, REEVE_ENOMEM, "no memory for a signature") : REEVE_OK;
}
