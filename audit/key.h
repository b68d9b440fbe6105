/*
 * The log's Ed25519 key: made once, kept as PKCS#8 PEM with mode 0600, loaded by the keeper alone.
 * Checking a signature needs only the public half and is here too. Knows nothing of notes or trees.
 */
#ifndef AUDIT_KEY_H
#define AUDIT_KEY_H

#include "base/base.h"

#define AUDIT_PUBLIC_BYTES    32
#define AUDIT_SIGNATURE_BYTES 64
#define AUDIT_SEED_BYTES      32

/** A private key; `pkey` is OpenSSL's. Not for use by two threads at once. */
struct audit_key {
    void *pkey;
    uint8_t pub[AUDIT_PUBLIC_BYTES];
};

/** A new random key. REEVE_EKEY when OpenSSL refuses. Free with audit_key_free. */
int audit_key_generate(struct audit_key *out, struct reeve_error *err);
/**
 * Load the PEM file `name` of `dir_fd`. It must be a regular file that the effective uid or root
 * owns and nobody else can reach; REEVE_EKEY names the file and what sets that right.
 */
int audit_key_load(int dir_fd, const char *name, struct audit_key *out, struct reeve_error *err);
/** Write the key as `name` in `dir_fd`, mode 0600, by rename. */
int audit_key_store(const struct audit_key *key, int dir_fd, const char *name,
                    struct reeve_error *err);
void audit_key_free(struct audit_key *key);

/**
 * 32 bytes that only the key's holder has, another for each `label`: HMAC-SHA-256 of the label
 * under the private half. The caller wipes them.
 */
int audit_key_derive(const struct audit_key *key, struct str label, uint8_t out[BASE_SHA256],
                     struct reeve_error *err);
int audit_key_sign(const struct audit_key *key, struct str message,
                   uint8_t out[AUDIT_SIGNATURE_BYTES], struct reeve_error *err);
/** Whether `signature` is that of `message` under `pub`; false as well when memory is out. */
bool audit_key_verify(const uint8_t pub[AUDIT_PUBLIC_BYTES], struct str message,
                      const uint8_t signature[AUDIT_SIGNATURE_BYTES]);

#define auto_key __attribute__((cleanup(audit_key_free)))

#endif
