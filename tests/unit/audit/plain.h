/*
 * What tests and fuzzers make in memory and the product never does: a key of a known seed, a tree
 * of all its leaves at once.
 */
#ifndef TESTS_AUDIT_PLAIN_H
#define TESTS_AUDIT_PLAIN_H

#include "audit/key.h"
#include "audit/tree.h"

/** The key of a 32-byte RFC 8032 seed; aborts when OpenSSL makes none. */
void plain_key(const uint8_t seed[AUDIT_SEED_BYTES], struct audit_key *out);
/** Root of `n` leaves. */
void plain_root(const uint8_t (*leaf)[BASE_SHA256], uint64_t n, uint8_t out[BASE_SHA256]);
/** Inclusion proof of leaf `index` among `n` leaves (RFC 6962 section 2.1.1), leaf's sibling first.
 */
unsigned plain_prove(const uint8_t (*leaf)[BASE_SHA256], uint64_t n, uint64_t index,
                     uint8_t proof[TREE_MAX_EDGE][BASE_SHA256]);

#endif
