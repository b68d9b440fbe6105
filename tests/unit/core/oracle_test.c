/*
 * Two readers, one opinion: jansson in its strictest mode must accept exactly the texts that ours
 * accepts, and see the same values in them. The texts are mutations of a few seeds by a generator
 * whose seed is printed, so that a failure can be repeated: core_oracle_test [SEED [ROUNDS]].
 */
#include <inttypes.h>
#include <stdio.h>

#include "core/json.h"

#include "oracle.h"

#define MAX_TEXT 256

struct rng {
    uint64_t x;
};

static uint32_t below(struct rng *r, uint32_t n)
{
    r->x ^= r->x << 13;
    r->x ^= r->x >> 7;
    r->x ^= r->x << 17;
    return (uint32_t)((r->x >> 32) * n >> 32);
}

static const char *const seeds[] = {
    "{\"a\":[1,-0,2.5e-3,true],\"b\":{\"c\":null,\"\":false},\"\\u20ac\":\"\\ud83d\\ude00\\n\"}",
    "[[],[[]],{},{\"x\":{\"y\":[{}]}}]",
    "[0,-1,9223372036854775807,-9223372036854775808,1e308,1e-320,0.1,1E+2]",
    "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0000\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\"",
    "{\"a\":1,\"b\":2,\"c\":3,\"d\":4,\"e\":5}",
    " { \"k\" : [ 1 , 2 ] }\r\n",
    "null",
};

static const char *const tokens[] = {
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "\\",
    "\\u",
    "\\ud800",
    "\\udc00",
    "\\u0000",
    "0",
    "-",
    "1",
    ".",
    "e",
    "E+",
    "null",
    "true",
    "false",
    "\"a\"",
    "\"a\":",
    "\xC3",
    "\xED\xA0\x80",
    "\xF4\x90\x80\x80",
    "\xE2\x82\xAC",
    "9223372036854775808",
    "1e309",
    "-0",
    " ",
    "\n",
    "\x01",
    "\x7F",
    "\"b\":",
    "00",
    "1.",
    "NaN",
};

static size_t min_size(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Replace `cut` bytes at `at` by `n` bytes of `p`, within the bound. */
static size_t splice(char *text, size_t len, size_t at, size_t cut, const char *p, size_t n)
{
    char tail[MAX_TEXT];
    size_t rest = len - at - cut;
    memcpy(tail, text + at + cut, rest);
    n = min_size(n, MAX_TEXT - at);
    memcpy(text + at, p, n);
    rest = min_size(rest, MAX_TEXT - at - n);
    memcpy(text + at + n, tail, rest);
    return at + n + rest;
}

static size_t mutate(struct rng *r, char *text, size_t len)
{
    uint32_t at = below(r, (uint32_t)len + 1), left = (uint32_t)len - at;
    char byte = (char)below(r, 256);
    const char *token = tokens[below(r, BASE_COUNT(tokens))];
    char part[MAX_TEXT];
    switch (below(r, 6)) {
    case 0: /* one byte changed, or one more */
        return splice(text, len, at, left ? 1 : 0, &byte, 1);
    case 1: /* some removed */
        return splice(text, len, at, below(r, (left < 8 ? left : 8) + 1), "", 0);
    case 2: /* some said twice */
        left = left < 16 ? left : 16;
        memcpy(part, text + at, left);
        return splice(text, len, at, 0, part, left);
    default: /* a token put in, or in the place of a byte */
        return splice(text, len, at, left && below(r, 2) ? 1 : 0, token, strlen(token));
    }
}

static size_t make_text(struct rng *r, char text[MAX_TEXT])
{
    const char *seed = seeds[below(r, BASE_COUNT(seeds))];
    size_t len = strlen(seed);
    memcpy(text, seed, len);
    for (uint32_t n = below(r, 4); n > 0; n--)
        len = mutate(r, text, len);
    return len;
}

/* ---- comparing: both trees are told in one neutral form ---- */

static void tell(const struct json_node *n, struct buf *out)
{
    switch (n->type) {
    case JSON_INT:
        oracle_tell_int(out, n->i);
        break;
    case JSON_DOUBLE:
        oracle_tell_double(out, n->d);
        break;
    case JSON_STRING:
        oracle_tell_string(out, n->s);
        break;
    case JSON_ARRAY:
    case JSON_OBJECT:
        oracle_tell_open(out, n->type == JSON_OBJECT, n->count);
        break;
    default:
        buf_z(out, n->type == JSON_NULL ? "null " : n->type == JSON_TRUE ? "true " : "false ");
    }
}

static bool agree(const char *text, size_t n, bool *accepted)
{
    struct reeve_error err = {0};
    auto_json struct json_text t;
    auto_buf struct buf ours = {0};
    auto_buf struct buf theirs = {0};
    char why[256] = "";
    *accepted = json_text_parse((struct str){text, n}, &t, &err) == 0;
    for (uint32_t i = 0; i < t.doc.count; i++)
        tell(&t.doc.nodes[i], &ours);
    /* jansson loses a NUL that follows a number; no JSON text has one. */
    if (memchr(text, 0, n))
        return !*accepted;
    bool took = oracle_read(text, n, &theirs, why);
    if (*accepted == took && str_eq(buf_view(&ours), buf_view(&theirs)))
        return true;
    auto_buf struct buf hex = {0};
    buf_hex(&hex, text, n);
    (void)printf("text in hex: %s\nours: %s %s\ntheirs: %s %s\n", hex.data,
                 *accepted ? "accepted" : err.message, buf_view(&ours).p, took ? "accepted" : why,
                 buf_view(&theirs).p);
    return false;
}

int main(int argc, char **argv)
{
    uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 0) : UINT64_C(0x5eed8785);
    uint64_t rounds = argc > 2 ? strtoull(argv[2], NULL, 0) : 300000, accepted = 0;
    struct rng r = {seed | 1};
    (void)printf("seed 0x%" PRIx64 ", %" PRIu64 " texts\n", seed, rounds);
    for (uint64_t i = 0; i < rounds; i++) {
        char text[MAX_TEXT];
        size_t n = make_text(&r, text);
        bool took;
        if (!agree(text, n, &took)) {
            (void)printf("text %" PRIu64 " is judged differently\n", i);
            return 1;
        }
        accepted += took;
    }
    (void)printf("%" PRIu64 " accepted, %" PRIu64 " refused by both\n", accepted,
                 rounds - accepted);
    /* Both kinds must be plenty, or the generator tests nothing. */
    return accepted > rounds / 20 && accepted < rounds - rounds / 20 ? 0 : 1;
}
