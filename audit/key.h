/*
 * The log's Ed25519 key: a public half, and a private one that may be anywhere, behind three
 * functions. Today it is a PKCS#8 PEM file with mode 0600 (key_pem.c), loaded by the keeper alone.
 * Checking a signature needs only the public half and is here too. Knows nothing of notes or trees.
 */
#ifndef AUDIT_KEY_H
#define AUDIT_KEY_H

#include "base/base.h"

#define AUDIT_PUBLIC_BYTES    32
#define AUDIT_SIGNATURE_BYTES 64
#define AUDIT_SEED_BYTES      32

struct audit_key;
/**
 * What has the private half: a file, a token, a chip. `sign` is Ed25519 and so gives one signature
 * for one message; `derive` is audit_key_derive, and may be any function of label and private half
 * that is the same for ever and that nobody else can compute.
 */
struct audit_key_ops {
    int (*sign)(const struct audit_key *key, struct str message, uint8_t out[AUDIT_SIGNATURE_BYTES],
                struct reeve_error *err);
    int (*derive)(const struct audit_key *key, struct str label, uint8_t out[BASE_SHA256],
                  struct reeve_error *err);
    void (*free)(struct audit_key *key); /* what `secret` has */
};

/** A key whose private half can be used; `secret` is its ops' own. Not for two threads at once. */
struct audit_key {
    const struct audit_key_ops *ops; /* NULL: no key */
    void *secret;
    uint8_t pub[AUDIT_PUBLIC_BYTES];
};

/* ---- key_pem.c: the private half in this process, from a file ---- */

/** A new random key. REEVE_EKEY when OpenSSL refuses. Free with audit_key_free. */
int audit_key_generate(struct audit_key *out, struct reeve_error *err);
/**
 * Load the PEM file `name` of `dir_fd`. It must be a regular file that the effective uid or root
 * owns and nobody else can reach; REEVE_EKEY names the file and what sets that right.
 */
int audit_key_load(int dir_fd, const char *name, struct audit_key *out, struct reeve_error *err);
/** Write such a key as `name` in `dir_fd`, mode 0600, by rename. */
int audit_key_store(const struct audit_key *key, int dir_fd, const char *name,
                    struct reeve_error *err);

/* ---- key.c ---- */

void audit_key_free(struct audit_key *key);

/**
 * 32 bytes that only the key's holder has, another for each `label`; of a PEM file,
 * HMAC-SHA-256 of the label under the private half. The caller wipes them.
 */
int audit_key_derive(const struct audit_key *key, struct str label, uint8_t out[BASE_SHA256],
                     struct reeve_error *err);
/** One signature for one message, whenever it is asked for: the same bytes again. */
int audit_key_sign(const struct audit_key *key, struct str message,
                   uint8_t out[AUDIT_SIGNATURE_BYTES], struct reeve_error *err);
/** Whether `signature` is that of `message` under `pub`; false as well when memory is out. */
bool audit_key_verify(const uint8_t pub[AUDIT_PUBLIC_BYTES], struct str message,
                      const uint8_t signature[AUDIT_SIGNATURE_BYTES]);

#define auto_key __attribute__((cleanup(audit_key_free)))

#endif
