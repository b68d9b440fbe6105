/* Keys of a known seed, roots and proofs of leaves in memory. See plain.h. */
#include "plain.h"

#include <openssl/evp.h>

void plain_key(const uint8_t seed[AUDIT_SEED_BYTES], struct audit_key *out)
{
    EVP_PKEY *pkey = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, AUDIT_SEED_BYTES);
    size_t n = sizeof out->pub;
    if (!pkey || EVP_PKEY_get_raw_public_key(pkey, out->pub, &n) != 1)
        abort();
    out->pkey = pkey;
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
