/*
 * What a witness answers: each answer is a byte for the status and the text up to the next NUL. A
 * note that is cosigned is the one that was asked for, with lines behind; only Go's line (the one
 * in the corpus) holds. The input is also read as a key and as a note.
 */
#include "audit/witness.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define VKEY "go.example/witness+795cf889+BP0XJDhaoMdbZPt4zWAvodmR/ev3axPFjtcC6sg16fYY"
#define NOTE                                                                                       \
    "go.example/log\n600\nLg1LqMSVM03+pIl4MauZTan2UuNZ+Zc7R+ii8a4qS/A=\n\n"                        \
    "\xe2\x80\x94 go.example/log "                                                                 \
    "L16PgzfexWUZ06PgXeNgfqOiSqDguyYnsZsigJPxpbTtkxEAbGuCSGuhIMnylQjkuohXrWXx9LyB7olhvqsX4wnyzQQ=" \
    "\n"

struct answers {
    struct str rest;
    unsigned asked;
};

static int post(void *arg, struct str body, struct witness_answer *out, struct reeve_error *err)
{
    static const int status[] = {200, 409, 409, 422, 404, 403, 400, 500};
    struct answers *a = arg;
    assert(body.n > sizeof NOTE && ++a->asked <= 4);
    if (!a->rest.n)
        return base_fail(err, REEVE_EIO, "no answer");
    out->status = status[(uint8_t)a->rest.p[0] % BASE_COUNT(status)];
    a->rest = (struct str){a->rest.p + 1, a->rest.n - 1};
    const char *end = a->rest.n ? memchr(a->rest.p, 0, a->rest.n) : NULL;
    size_t n = end ? (size_t)(end - a->rest.p) : a->rest.n;
    buf_put(&out->body, a->rest.p, n);
    a->rest = end ? (struct str){end + 1, a->rest.n - n - 1} : (struct str){a->rest.p + n, 0};
    return 0;
}

static int grow(void *arg, uint64_t from, uint64_t to, struct witness_proof *out,
                struct reeve_error *err)
{
    (void)arg, (void)err;
    assert(from > 0 && from < to && to == 600);
    out->n = TREE_MAX_EDGE;
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct str input = {(const char *)data, n};
    struct answers answers = {.rest = input};
    struct witness w = {.post = post, .grow = grow, .arg = &answers};
    struct cosign_key key;
    uint64_t time_s;
    auto_buf struct buf note = {0};
    (void)cosign_key_parse(input, &key, NULL);
    if (cosign_key_parse(STR(VKEY), &w.key, NULL) != 0)
        abort();
    if (cosign_check(input, &w.key, &time_s, NULL) == 0)
        assert(time_s == 1700000000);
    buf_z(&note, NOTE);
    if (witness_cosign(&w, 600, &note, &time_s, NULL) == 0)
        assert(time_s == 1700000000 && note.len > sizeof NOTE - 1);
    else
        assert(note.len == sizeof NOTE - 1);
    assert(memcmp(note.data, NOTE, sizeof NOTE - 1) == 0);
    return 0;
}
