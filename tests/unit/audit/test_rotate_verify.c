/*
 * Rotations as a verifier sees them: rows in memory with keys of known seeds, each signature by
 * whom a case says. Whoever stole an old key has it alone.
 */
#include "plain.h"
#include "support.h"

#include "audit/rotation.h"

#include <inttypes.h>
#include <stdio.h>

enum key { NONE, K1, K2, K3, STRANGER, KEYS };
enum { ROWS = 8, ROTATIONS = 2 };

/* A rotation at row `at`, 0: none. */
struct change {
    uint64_t at;
    enum key old, next;       /* that it names, */
    enum key signs, confirms; /* and that signed in their places; NONE: those */
    uint64_t says;            /* the note's sequence; 0: the row's */
    const char *origin;       /* the note's; NULL: the log's */
    const char *tail;         /* more than the form has, in front of the last brace */
};

struct kept {
    enum key key; /* NONE: no checkpoint was kept */
    uint64_t size;
    bool other; /* of another history */
};

static const struct verify_case {
    const char *name;
    struct change change[ROTATIONS];
    enum key head, given;
    struct kept kept;
    int code;            /* of the check itself */
    const char *finding; /* "": ok */
    uint64_t first_bad;
    const char *says;
} cases[] = {
#define CHAIN                                                                                      \
    {                                                                                              \
        {.at = 2, .old = K1, .next = K2},                                                          \
        {                                                                                          \
            .at = 5, .old = K2, .next = K3                                                         \
        }                                                                                          \
    }
#define ONE(...)                                                                                   \
    {                                                                                              \
        {                                                                                          \
            .at = 2, .old = K1, .next = K3, __VA_ARGS__                                            \
        }                                                                                          \
    }
    {"two rotations", CHAIN, K3, K3, .finding = ""},
    {"the old key did not sign", ONE(.signs = STRANGER), K3, K3, .finding = "rotation",
     .first_bad = 2, .says = "the old key"},
    {"the new key did not sign", ONE(.confirms = K1), K3, K3, .finding = "rotation", .first_bad = 2,
     .says = "the new key"},
    {"the note of another place", ONE(.says = 3), K3, K3, .finding = "rotation", .first_bad = 2,
     .says = "another sequence"},
    {"the note of another log", ONE(.origin = "example.com/other"), K3, K3, .finding = "rotation",
     .first_bad = 2, .says = "another sequence, log"},
    {"another form", ONE(.tail = ",\"why\":1"), K3, K3, .finding = "rotation", .first_bad = 2,
     .says = "form"},
    {"a chain that is broken",
     {{.at = 2, .old = K1, .next = K2}, {.at = 5, .old = K1, .next = K3}},
     K3,
     K3,
     .finding = "rotation",
     .first_bad = 5,
     .says = "record 2"},
    {"one too many", CHAIN, K2, K2, .finding = "rotation", .first_bad = 5, .says = "last"},
    {"to a key that is not the newest",
     {{.at = 2, .old = K1, .next = K2}},
     K3,
     K3,
     .finding = "rotation",
     .first_bad = 2,
     .says = "last"},
    {"checked with a key that was replaced", CHAIN, K3, K1, .finding = "bad-signature",
     .says = "as record 2 says"},
    {"checked with the next that was replaced", CHAIN, K3, K2, .finding = "bad-signature",
     .says = "as record 5 says"},
    {"checked with a stranger's key", CHAIN, K3, STRANGER, .finding = "bad-signature",
     .says = "not signed"},
    /* A stolen K1, against who has K3. */
    {"stolen: the head signed again", {{0}}, K1, K3, .finding = "bad-signature"},
    {"stolen: the head signed again, behind the rotations", CHAIN, K1, K3,
     .finding = "bad-signature"},
    {"stolen: a forged rotation to the true key", ONE(.confirms = K1), K1, K3,
     .finding = "bad-signature"},
    {"stolen: a forged rotation to the thief's",
     {{.at = 2, .old = K1, .next = STRANGER}},
     STRANGER,
     K3,
     .finding = "bad-signature"},
    /* And against who has K1, a forged rotation to K3. */
    {"stolen: a forged rotation, and the old key given", ONE(.confirms = K1), K1, K1,
     .finding = "rotation", .first_bad = 2},
    /* Checkpoints that were kept. */
    {"kept, of the newest", CHAIN, K3, K3, {K3, 7, false}, .finding = ""},
    {"kept, of the first", CHAIN, K3, K3, {K1, 2, false}, .finding = ""},
    {"kept, of the second", CHAIN, K3, K3, {K2, 5, false}, .finding = ""},
    {"kept, of the first after its end",
     CHAIN,
     K3,
     K3,
     {K1, 3, false},
     .finding = "rotation",
     .first_bad = 2,
     .says = "of 3 records"},
    {"kept, of the second after its end",
     CHAIN,
     K3,
     K3,
     {K2, 8, false},
     .finding = "rotation",
     .first_bad = 5},
    {"kept, of the first and longer than the log",
     CHAIN,
     K3,
     K3,
     {K1, 20, false},
     .finding = "rotation",
     .first_bad = 2},
    {"kept, of the newest and longer than the log",
     CHAIN,
     K3,
     K3,
     {K3, 20, false},
     .finding = "tail-lost",
     .first_bad = ROWS},
    {"kept, of the first and of another history",
     CHAIN,
     K3,
     K3,
     {K1, 2, true},
     .finding = "history-rewritten"},
    {"kept, of the newest and of another history",
     CHAIN,
     K3,
     K3,
     {K3, 7, true},
     .finding = "history-rewritten"},
    {"kept, a stranger's", CHAIN, K3, K3, {STRANGER, 2, false}, .code = REEVE_EVERIFY},
    {"kept, a stranger's of another history",
     CHAIN,
     K3,
     K3,
     {STRANGER, 2, true},
     .code = REEVE_EVERIFY},
    {"kept, of a key before all of them",
     ONE(.tail = NULL),
     K3,
     K3,
     {K2, 2, false},
     .code = REEVE_EVERIFY},
};

struct rows {
    struct buf record[ROWS];
    uint8_t leaf[ROWS][BASE_SHA256];
};

static struct audit_key key[KEYS];

static int read_rows(void *self, uint64_t from, uint64_t max, audit_row_fn *fn, void *arg,
                     struct reeve_error *err)
{
    struct rows *r = self;
    (void)err;
    for (uint64_t i = from; i < ROWS && i - from < max; i++)
        if (fn(arg, i, buf_view(&r->record[i]), r->leaf[i]) != 0)
            break;
    return 0;
}

static void make_rotation(const struct change *c, struct buf *out)
{
    auto_buf struct buf text = {0}, note = {0};
    struct reeve_error err = {0};
    struct str origin = STR(SCENE_ORIGIN);
    rotation_text(c->origin ? str_of(c->origin) : origin, c->says ? c->says : c->at,
                  key[c->old].pub, key[c->next].pub, &text);
    assert_rc(note_sign(buf_view(&text), origin, &key[c->signs ? c->signs : c->old], &note, &err),
              0, &err);
    assert_rc(note_sign_more(buf_view(&text), origin, &key[c->confirms ? c->confirms : c->next],
                             &note, &err),
              0, &err);
    rotation_record(origin, c->at, key[c->old].pub, key[c->next].pub, buf_view(&note), out);
    if (c->tail) {
        out->len--;
        buf_printf(out, "%s}", c->tail);
    }
}

static void make_rows(const struct verify_case *c, struct rows *r)
{
    for (uint64_t i = 0; i < ROWS; i++) {
        r->record[i] = (struct buf){0};
        for (int n = 0; n < ROTATIONS; n++)
            if (c->change[n].at == i && i)
                make_rotation(&c->change[n], &r->record[i]);
        if (!r->record[i].len)
            buf_printf(&r->record[i], "{\"seq\":%" PRIu64 ",\"type\":\"decision\"}", i);
        tree_leaf_hash(r->record[i].data, r->record[i].len, r->leaf[i]);
    }
}

static void make_checkpoint(const struct rows *r, enum key by, uint64_t size, bool other,
                            struct buf *out)
{
    struct reeve_error err = {0};
    struct note_checkpoint c = {.origin = STR(SCENE_ORIGIN), .size = size};
    plain_root(r->leaf, size < ROWS ? size : ROWS, c.root);
    c.root[0] ^= other;
    assert_rc(note_checkpoint_sign(&c, &key[by], out, &err), 0, &err);
}

static void check_case(const struct verify_case *c)
{
    struct rows rows;
    auto_buf struct buf note = {0}, vkey = {0}, kept = {0};
    struct audit_report report;
    struct reeve_error err = {0};
    make_rows(c, &rows);
    make_checkpoint(&rows, c->head, ROWS, false, &note);
    note_key_format(STR(SCENE_ORIGIN), key[c->given].pub, &vkey);
    struct audit_head head = {.size = ROWS, .note = buf_view(&note)};
    if (c->kept.key) {
        make_checkpoint(&rows, c->kept.key, c->kept.size, c->kept.other, &kept);
        head.kept = buf_view(&kept);
    }
    struct audit_source source = {.read = read_rows, .self = &rows, .at_rest = true};
    int rc = audit_verify(&source, &head, buf_view(&vkey), NULL, NULL, &report, &err);
    for (int i = 0; i < ROWS; i++)
        buf_fini(&rows.record[i]);
    if (rc != c->code)
        fail_msg("%s: code %d: %s", c->name, rc, err.message);
    if (rc)
        return;
    if (strcmp(report.finding, c->finding) != 0 || report.first_bad != c->first_bad ||
        report.ok != !c->finding[0])
        fail_msg("%s: %s at %" PRIu64 ": %s", c->name, report.finding, report.first_bad,
                 report.detail);
    if (c->says && !strstr(report.detail, c->says))
        fail_msg("%s: %s", c->name, report.detail);
}

static void test_cases(void **state)
{
    (void)state;
    for (size_t i = 0; i < BASE_COUNT(cases); i++)
        check_case(&cases[i]);
}

/* Each bit of the record of a rotation, with a leaf and a tree that were made to fit. */
static void test_every_bit(void **state)
{
    (void)state;
    struct rows rows;
    struct reeve_error err;
    struct rotation r;
    make_rows(&cases[0], &rows);
    struct buf *b = &rows.record[2];
    assert_int_equal(rotation_read(buf_view(b), STR(SCENE_ORIGIN), 2, &r, &err), 0);
    for (size_t bit = 0; bit < b->len * 8; bit++) {
        b->data[bit / 8] = (char)(b->data[bit / 8] ^ 1 << bit % 8);
        if (rotation_read(buf_view(b), STR(SCENE_ORIGIN), 2, &r, &err) == 0)
            fail_msg("bit %zu of the record can be changed", bit);
        b->data[bit / 8] = (char)(b->data[bit / 8] ^ 1 << bit % 8);
    }
    for (int i = 0; i < ROWS; i++)
        buf_fini(&rows.record[i]);
}

/* The longest name, of characters that JSON escapes, and a form that is canonical. */
static void test_the_longest_record(void **state)
{
    (void)state;
    char name[NOTE_MAX_NAME];
    memset(name, '"', sizeof name);
    name[7] = '\\';
    struct str origin = {name, sizeof name};
    static struct keeper_rotation_record record;
    struct reeve_error err = {0};
    struct rotation r;
    auto_buf struct buf canonical = {0};
    assert_rc(rotation_write(origin, UINT64_C(1) << 53, &key[K1], &key[K2], &record, &err), 0,
              &err);
    struct str text = {record.text, record.bytes};
    assert_rc(json_canonicalise(text, &canonical, &err), 0, &err);
    assert_true(str_eq(text, buf_view(&canonical)));
    assert_rc(rotation_read(text, origin, UINT64_C(1) << 53, &r, &err), 0, &err);
    assert_memory_equal(r.next, key[K2].pub, sizeof r.next);
    assert_memory_equal(r.next, record.public_key, sizeof r.next);
}

int main(void)
{
    for (uint8_t i = 1; i < KEYS; i++) {
        const uint8_t seed[AUDIT_SEED_BYTES] = {i};
        plain_key(seed, &key[i]);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_every_bit),
        cmocka_unit_test(test_the_longest_record),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    for (unsigned i = 1; i < KEYS; i++)
        audit_key_free(&key[i]);
    return failed;
}
