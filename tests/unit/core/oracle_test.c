/*
 * Two readers, one opinion: jansson in its strictest mode must accept exactly the texts that ours
 * accepts, and see the same values in them; only a NUL inside a value is ours to hold, and is told
 * apart. The texts are made by grammar, or are mutations of those and of a few seeds, by a
 * generator whose seed is printed, so that a failure can be repeated: core_oracle_test [SEED
 * [ROUNDS]].
 */
#include <inttypes.h>
#include <stdio.h>

#include "core/json.h"

#include "oracle.h"

#define MAX_TEXT 1024

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
    "{\"subject\":\"agent:agent-2\",\"capability\":\"aws.svc0.reads.op-0\",\"level\":"
    "\"controlled\","
    "\"args\":{\"url\":\"https://hooks.delta.example.org/v1/1540\",\"path\":\"/opt/models/"
    "f630.csv\","
    "\"bytes\":5242880,\"name\":\"table_7499.csv\",\"ratio\":0.25,\"tags\":[\"a\",\"b\"],\"dry\":"
    "false}}",
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

/* ---- texts by grammar ---- */

static void put_random_string(struct rng *r, struct buf *out)
{
    static const char *const parts[] = {"a",
                                        "key",
                                        "\\n",
                                        "\\u0041",
                                        "\\u00e9",
                                        "\xC3\xA9",
                                        "\\ud83d\\ude00",
                                        "\xF0\x9F\x98\x80",
                                        "/",
                                        "\\/",
                                        "0123456789",
                                        "\\\"",
                                        "\x7F",
                                        "\\u0000"};
    buf_byte(out, '"');
    for (uint32_t n = below(r, 4); n > 0; n--)
        buf_z(out, parts[below(r, BASE_COUNT(parts))]);
    buf_byte(out, '"');
}

static void put_random_number(struct rng *r, struct buf *out)
{
    static const char *const ends[] = {"", "", "", ".5", ".125e2", "e3", "E-7", "e+01", ".0"};
    buf_printf(out, "%s%u", below(r, 3) ? "" : "-", below(r, below(r, 2) ? 20 : UINT32_MAX));
    if (below(r, 4) == 0)
        buf_printf(out, "%09u", below(r, 1000000000));
    buf_z(out, ends[below(r, BASE_COUNT(ends))]);
}

static void put_random(struct rng *r, unsigned depth, struct buf *out)
{
    static const char *const spaces[] = {"", "", "", " ", "\n", "\t \r"};
    const char *space = spaces[below(r, BASE_COUNT(spaces))];
    uint32_t kind = below(r, depth ? 8 : 6), n = below(r, 5);
    buf_z(out, space);
    if (kind < 2) {
        put_random_string(r, out);
    } else if (kind < 4) {
        put_random_number(r, out);
    } else if (kind < 6) {
        buf_z(out, kind == 4 ? "null" : n & 1 ? "true" : "false");
    } else {
        buf_byte(out, kind == 6 ? '[' : '{');
        for (uint32_t i = 0; i < n; i++) {
            buf_z(out, i ? "," : "");
            if (kind == 7) {
                put_random_string(r, out);
                buf_z(out, ":");
            }
            put_random(r, depth - 1, out);
        }
        buf_byte(out, kind == 6 ? ']' : '}');
    }
    buf_z(out, space);
}

static size_t begin_text(struct rng *r, char text[MAX_TEXT])
{
    auto_buf struct buf made;
    buf_init(&made, MAX_TEXT);
    if (below(r, 2))
        put_random(r, 4, &made);
    else
        buf_z(&made, seeds[below(r, BASE_COUNT(seeds))]);
    memcpy(text, buf_view(&made).p, made.len);
    return made.len;
}

static size_t make_text(struct rng *r, char text[MAX_TEXT])
{
    size_t len = begin_text(r, text);
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

/* Without JSON_ALLOW_NUL jansson refuses one text more: that which has a NUL in a string. */
static bool agree_on_nul(const struct json_doc *d, const char *text, size_t n, bool accepted)
{
    bool nul = false;
    for (uint32_t i = 0; i < d->count; i++)
        nul |= d->nodes[i].type == JSON_STRING && memchr(d->nodes[i].s.p, 0, d->nodes[i].s.n);
    auto_buf struct buf ignored = {0};
    char why[256];
    return oracle_read(text, n, false, &ignored, why) == (accepted && !nul);
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
    bool took = oracle_read(text, n, true, &theirs, why);
    if (*accepted == took && str_eq(buf_view(&ours), buf_view(&theirs)) &&
        agree_on_nul(&t.doc, text, n, took))
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
    uint64_t rounds = argc > 2 ? strtoull(argv[2], NULL, 0) : 1000000, accepted = 0;
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
