/* Keys of a known seed, roots and proofs of leaves in memory. See plain.h. */
#include "plain.h"

#include <openssl/evp.h>

/* ---- a key that is in no file ---- */

static int sign(const struct audit_key *key, struct str message, uint8_t out[AUDIT_SIGNATURE_BYTES],
                struct reeve_error *err)
{
    size_t n = AUDIT_SIGNATURE_BYTES;
    EVP_PKEY *pkey =
        EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, key->secret, AUDIT_SEED_BYTES);
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    bool done = pkey && md && EVP_DigestSignInit(md, NULL, NULL, NULL, pkey) == 1 &&
                EVP_DigestSign(md, out, &n, (const uint8_t *)message.p, message.n) == 1;
    EVP_MD_CTX_free(md);
    EVP_PKEY_free(pkey);
    return done ? 0 : base_fail(err, REEVE_EKEY, "OpenSSL does not sign");
}

static int derive(const struct audit_key *key, struct str label, uint8_t out[BASE_SHA256],
                  struct reeve_error *err)
{
    (void)err;
    base_hmac_sha256(key->secret, AUDIT_SEED_BYTES, label.p, label.n, out);
    return 0;
}

static void free_seed(struct audit_key *key)
{
    free(key->secret);
}

void plain_key(const uint8_t seed[AUDIT_SEED_BYTES], struct audit_key *out)
{
    static const struct audit_key_ops ops = {.sign = sign, .derive = derive, .free = free_seed};
    EVP_PKEY *pkey = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, AUDIT_SEED_BYTES);
    size_t n = sizeof out->pub;
    *out = (struct audit_key){.ops = &ops, .secret = malloc(AUDIT_SEED_BYTES)};
    if (!pkey || !out->secret || EVP_PKEY_get_raw_public_key(pkey, out->pub, &n) != 1)
        abort();
    memcpy(out->secret, seed, AUDIT_SEED_BYTES);
    EVP_PKEY_free(pkey);
}

void plain_root(const uint8_t (*leaf)[BASE_SHA256], uint64_t n, uint8_t out[BASE_SHA256])
{
    struct tree_edge e;
    tree_edge_init(&e);
    for (uint64_t i = 0; i < n; i++)
        tree_edge_append(&e, leaf[i]);
    tree_edge_root(&e, out);
}

unsigned plain_prove(const uint8_t (*leaf)[BASE_SHA256], uint64_t n, uint64_t index,
                     uint8_t proof[TREE_MAX_EDGE][BASE_SHA256])
{
    struct tree_range path[TREE_MAX_EDGE];
    unsigned depth = tree_path(n, index, path);
    for (unsigned i = 0; i < depth; i++)
        plain_root(leaf + path[i].from, path[i].to - path[i].from, proof[i]);
    return depth;
}
