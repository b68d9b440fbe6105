/*
 * The hashes of the image's tables. A text is taken eight bytes at a time, so that the hashes of
 * all prefixes of a capability come from one short pass. An image holds them: they never change
 * within one format version. Nothing rests on collisions being rare but speed: what a hash finds is
 * compared with the text itself.
 */
#ifndef POLICY_HASH_H
#define POLICY_HASH_H

#include "base/base.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "texts are hashed as little-endian words");

#define HASH_START UINT64_C(0x9e3779b97f4a7c15)
#define HASH_WORD  UINT64_C(0xd6e8feb86659fd93)
#define HASH_END   UINT64_C(0xa0761d6478bd642f)

static inline uint64_t hash_mix(uint64_t a, uint64_t b)
{
    __extension__ typedef unsigned __int128 wide;
    wide product = (wide)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/** One whole word more. */
static inline uint64_t hash_word(uint64_t h, uint64_t word)
{
    return hash_mix(h ^ word, HASH_WORD);
}

/** The hash of a text of `n` bytes: the whole words before, and what is left (zeros above it). */
static inline uint64_t hash_end(uint64_t h, uint64_t rest, size_t n)
{
    return hash_mix(h ^ rest, HASH_END ^ n);
}

/** The first `n` < 8 bytes at `p`, zeros above them; reads no byte beyond. */
static inline uint64_t hash_rest(const char *p, size_t n)
{
    uint64_t word = 0;
    if (n >= 4) { /* two reads that may overlap */
        uint32_t low, high;
        memcpy(&low, p, sizeof low);
        memcpy(&high, p + n - 4, sizeof high);
        word = low | (uint64_t)high << 8 * (n - 4);
    } else if (n) {
        word = (uint64_t)(uint8_t)p[0] | (uint64_t)(uint8_t)p[n / 2] << 8 * (n / 2) |
               (uint64_t)(uint8_t)p[n - 1] << 8 * (n - 1);
    }
    return word;
}

/** hash_rest of what stands behind a text's whole words. */
static inline uint64_t hash_tail(struct str s)
{
    size_t rest = s.n % 8;
    uint64_t word;
    if (s.n < 8)
        return hash_rest(s.p, s.n);
    memcpy(&word, s.p + s.n - 8, sizeof word);
    return word >> 8 >> (56 - 8 * rest);
}

static inline uint64_t hash_text(struct str s)
{
    uint64_t h = HASH_START, word;
    size_t at = 0;
    for (; s.n - at >= 8; at += 8) {
        memcpy(&word, s.p + at, sizeof word);
        h = hash_word(h, word);
    }
    return hash_end(h, hash_tail(s), s.n);
}

/** What a subject, or a group, adds to a capability's hash. */
static inline uint64_t hash_who(uint32_t who)
{
    return hash_mix(HASH_START ^ who, HASH_WORD);
}

/** Where a hash stands in a directory of 2^bits cells: its upper bits. */
static inline uint32_t hash_cell(uint64_t h, uint32_t bits)
{
    return (uint32_t)(h >> 1 >> (63 - bits));
}

/*
 * The filter: blocks of one cache line. Whom a candidate is for says which block, so that all texts
 * of one group meet in one line; `spread` adds the text's own bits where a block would overflow.
 * Two bits of one word of the block stand for the candidate.
 */
#define HASH_BLOCK_WORDS 8u

static inline uint64_t hash_filter_bits(uint64_t h)
{
    return UINT64_C(1) << (h & 63) | UINT64_C(1) << (h >> 6 & 63);
}
static inline unsigned hash_filter_has(uint64_t word, uint64_t h)
{
    return (unsigned)(word >> (h & 63) & word >> (h >> 6 & 63) & 1);
}
/** The word of its block. */
static inline uint32_t hash_filter_in_block(uint64_t h)
{
    return (uint32_t)h >> 12 & (HASH_BLOCK_WORDS - 1);
}
static inline uint32_t hash_filter_word(uint64_t text, uint64_t who, uint32_t spread,
                                        uint32_t words)
{
    uint32_t block = (uint32_t)(who >> 32) + ((uint32_t)(text >> 32) & spread);
    return (block * HASH_BLOCK_WORDS + hash_filter_in_block(text ^ who)) & (words - 1);
}

#endif
