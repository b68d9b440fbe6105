/*
 * Ed25519: signing is whatever has the private half's own (key.h), checking is OpenSSL's.
 */
#include "audit/key.h"

#include <openssl/evp.h>

static void free_pkey(EVP_PKEY **p)
{
    EVP_PKEY_free(*p);
}
static void free_md(EVP_MD_CTX **p)
{
    EVP_MD_CTX_free(*p);
}
#define auto_pkey __attribute__((cleanup(free_pkey)))
#define auto_md   __attribute__((cleanup(free_md)))

void audit_key_free(struct audit_key *key)
{
    if (key->ops)
        key->ops->free(key);
    key->ops = NULL;
    key->secret = NULL;
}

int audit_key_derive(const struct audit_key *key, struct str label, uint8_t out[BASE_SHA256],
                     struct reeve_error *err)
{
    return key->ops->derive(key, label, out, err);
}

int audit_key_sign(const struct audit_key *key, struct str message,
                   uint8_t out[AUDIT_SIGNATURE_BYTES], struct reeve_error *err)
{
    return key->ops->sign(key, message, out, err);
}

bool audit_key_verify(const uint8_t pub[AUDIT_PUBLIC_BYTES], struct str message,
                      const uint8_t signature[AUDIT_SIGNATURE_BYTES])
{
    auto_pkey EVP_PKEY *pkey =
        EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, pub, AUDIT_PUBLIC_BYTES);
    auto_md EVP_MD_CTX *md = EVP_MD_CTX_new();
    return pkey && md && EVP_DigestVerifyInit(md, NULL, NULL, NULL, pkey) == 1 &&
           EVP_DigestVerify(md, signature, AUDIT_SIGNATURE_BYTES, (const uint8_t *)message.p,
                            message.n) == 1;
}
