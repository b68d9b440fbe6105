/*
 * The witness client against a witness that is a table of answers; the one that cosigns gives the
 * line that Go made (tests/go-verify).
 */
#include "plain.h"
#include "support.h"

#include <fcntl.h>
#include <stdio.h>

#include "audit/witness.h"

#define SIZE 600u

static void load(const char *name, struct buf *out)
{
    char path[512];
    struct reeve_error err = {0};
    (void)snprintf(path, sizeof path, "%s/tests/go-verify/fixtures/%s", TEST_SOURCE_DIR, name);
    assert_rc(fd_slurp(AT_FDCWD, path, 1u << 20, out, &err), 0, &err);
}

struct answer {
    int status;
    const char *body; /* NULL: Go's cosignature */
    const char *asks; /* how the request that it answers must begin */
};
#define PROOF_LINE "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\n"
#define FIRST      "old 0\n\ngo.example/log\n600\n"

static const struct {
    const char *what;
    struct answer answers[5];
    unsigned asked;
    int rc;
} cases[] = {
    {"the first checkpoint", {{200, NULL, FIRST}}, 1, 0},
    {"one that it saw a beginning of",
     {{409, "256\n", FIRST}, {200, NULL, "old 256\n" PROOF_LINE PROOF_LINE "\ngo.example/log\n"}},
     2,
     0},
    {"the same again",
     {{409, "600\n", FIRST}, {200, NULL, "old 600\n\ngo.example/log\n600\n"}},
     2,
     0},
    {"another request came between",
     {{409, "5\n", FIRST}, {409, "7\n", "old 5\n" PROOF_LINE}, {200, NULL, "old 7\n" PROOF_LINE}},
     3,
     0},
    {"it saw more", {{409, "601\n", FIRST}}, 1, REEVE_EVERIFY},
    {"it saw another of this size",
     {{409, "600\n", FIRST}, {409, "600\n", "old 600\n\n"}},
     2,
     REEVE_EVERIFY},
    {"it saw another history", {{409, "5\n", FIRST}, {422, "", "old 5\n"}}, 2, REEVE_EVERIFY},
    {"it tells sizes for ever",
     {{409, "5\n", ""}, {409, "6\n", ""}, {409, "5\n", ""}, {409, "6\n", ""}},
     4,
     REEVE_EPROTO},
    {"it tells the size that it was asked from", {{409, "0\n", FIRST}}, 1, REEVE_EPROTO},
    {"no size", {{409, "", FIRST}}, 1, REEVE_EPROTO},
    {"a size with a zero before", {{409, "05\n", FIRST}}, 1, REEVE_EPROTO},
    {"a size without an end", {{409, "5", FIRST}}, 1, REEVE_EPROTO},
    {"a size and more", {{409, "5\n5\n", FIRST}}, 1, REEVE_EPROTO},
    {"a negative size", {{409, "-5\n", FIRST}}, 1, REEVE_EPROTO},
    {"an unknown log", {{404, "", FIRST}}, 1, REEVE_EPERM},
    {"an unknown key", {{403, "", FIRST}}, 1, REEVE_EPERM},
    {"a bad request", {{400, "", FIRST}}, 1, REEVE_EPROTO},
    {"another status", {{302, "", FIRST}}, 1, REEVE_EPROTO},
    {"no cosignature", {{200, "", FIRST}}, 1, REEVE_EVERIFY},
    {"another's", {{200, "\xe2\x80\x94 go.example/other AAAAAAAA\n", FIRST}}, 1, REEVE_EVERIFY},
    {"no line", {{200, "yes", FIRST}}, 1, REEVE_EVERIFY},
};

struct playing {
    const struct answer *answers;
    unsigned asked;
    struct str cosignature;
};

static int post(void *arg, struct str body, struct witness_answer *out, struct reeve_error *err)
{
    struct playing *p = arg;
    const struct answer *a = &p->answers[p->asked];
    (void)err;
    assert_true(p->asked < 5 && a->status);
    assert_true(str_starts(body, str_of(a->asks)));
    p->asked++;
    out->status = a->status;
    buf_str(&out->body, a->body ? str_of(a->body) : p->cosignature);
    return 0;
}

static int grow(void *arg, uint64_t from, uint64_t to, struct witness_proof *out,
                struct reeve_error *err)
{
    (void)arg, (void)err;
    assert_true(from > 0 && from < to && to == SIZE);
    out->n = 2;
    memset(out->hash, 1, sizeof out->hash);
    return 0;
}

static void test_answers(void **state)
{
    (void)state;
    auto_buf struct buf vkey = {0}, note = {0}, cosigned = {0};
    struct witness w = {.post = post, .grow = grow};
    load("witness.vkey", &vkey);
    assert_int_equal(cosign_key_parse((struct str){vkey.data, vkey.len - 1}, &w.key, NULL), 0);
    load("cosigned.note", &cosigned);
    for (size_t i = 0; i < BASE_COUNT(cases); i++) {
        struct reeve_error err = {0};
        uint64_t time_s = 0;
        load("log.note", &note);
        size_t before = note.len;
        struct playing p = {.answers = cases[i].answers,
                            .cosignature = {cosigned.data + before, cosigned.len - before}};
        w.arg = &p;
        int rc = witness_cosign(&w, SIZE, &note, &time_s, &err);
        if (rc != cases[i].rc || p.asked != cases[i].asked)
            fail_msg("%s: %d after %u requests: %s", cases[i].what, rc, p.asked, err.message);
        assert_true(str_eq(buf_view(&note),
                           rc ? (struct str){cosigned.data, before} : buf_view(&cosigned)));
    }
}

static int post_much(void *arg, struct str body, struct witness_answer *out,
                     struct reeve_error *err)
{
    (void)arg, (void)body, (void)err;
    out->status = 200;
    for (unsigned i = 0; i <= WITNESS_MAX_ANSWER; i++)
        buf_byte(&out->body, '\n');
    return 0;
}

static int post_fails(void *arg, struct str body, struct witness_answer *out,
                      struct reeve_error *err)
{
    (void)arg, (void)body, (void)out;
    return base_fail(err, REEVE_EIO, "no connection");
}

static void test_transport(void **state)
{
    (void)state;
    auto_buf struct buf vkey = {0}, note = {0};
    uint64_t time_s;
    struct witness w = {.post = post_much, .grow = grow};
    load("witness.vkey", &vkey);
    assert_int_equal(cosign_key_parse((struct str){vkey.data, vkey.len - 1}, &w.key, NULL), 0);
    load("log.note", &note);
    assert_int_equal(witness_cosign(&w, SIZE, &note, &time_s, NULL), REEVE_EPROTO);
    w.post = post_fails;
    assert_int_equal(witness_cosign(&w, SIZE, &note, &time_s, NULL), REEVE_EIO);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_transport),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
