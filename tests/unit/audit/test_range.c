/*
 * Some rows of a log alone, against what is signed of all: each range of each size holds, with the
 * owner's proofs and without; what is changed in it is named, whatever its proofs say, and what is
 * changed elsewhere is not seen but where the proofs come from it.
 */
#include "support.h"

#include <inttypes.h>

enum { MAX_ROWS = 40 };

/* A log in memory: rows may be changed. */
struct model {
    uint64_t n;
    struct row {
        char text[160];
        size_t bytes;
        uint8_t leaf[BASE_SHA256];
        bool gone;
    } row[MAX_ROWS];
    struct audit_head head;
};

static int keep_row(void *arg, uint64_t seq, struct str record, const uint8_t leaf[BASE_SHA256])
{
    struct model *m = arg;
    assert_true(seq == m->n && record.n < sizeof m->row[seq].text);
    memcpy(m->row[seq].text, record.p, record.n);
    m->row[seq].bytes = record.n;
    memcpy(m->row[seq].leaf, leaf, BASE_SHA256);
    m->n++;
    return 0;
}

static int read_model(void *self, uint64_t from, uint64_t max, audit_row_fn *fn, void *arg,
                      struct reeve_error *err)
{
    struct model *m = self;
    (void)err;
    for (uint64_t i = from; i < m->n && i - from < max; i++) {
        struct row *r = &m->row[i];
        if (!r->gone && fn(arg, i, (struct str){r->text, r->bytes}, r->leaf) != 0)
            break;
    }
    return 0;
}

static struct audit_source source_of_model(struct model *m)
{
    return (struct audit_source){.read = read_model, .self = m, .at_rest = true};
}

static int check(struct model *m, const struct audit_range *range, struct audit_report *r)
{
    struct audit_source source = source_of_model(m);
    struct reeve_error err = {0};
    m->head.range = range;
    int rc = audit_verify(&source, &m->head, m->head.vkey, NULL, NULL, r, &err);
    m->head.range = NULL;
    return rc;
}

static void prove(struct audit_log *log, uint64_t from, uint64_t to, struct audit_range *out)
{
    struct audit_proof first, last;
    struct reeve_error err = {0};
    assert_rc(audit_log_prove(log, AUDIT_PROVE_RECORD, from, 0, &first, &err), 0, &err);
    assert_rc(audit_log_prove(log, AUDIT_PROVE_RECORD, to - 1, 0, &last, &err), 0, &err);
    assert_rc(audit_range_of_proofs(&first, &last, out, &err), 0, &err);
    assert_int_equal(out->before.size, from);
}

static void fill(struct audit_log *log, struct model *m)
{
    struct reeve_error err = {0};
    memset(m, 0, sizeof *m);
    assert_rc(audit_log_read(log, 0, MAX_ROWS, keep_row, m, &err), 0, &err);
    audit_log_head(log, &m->head);
    m->head.note.p = m->head.text; /* it points into itself */
    m->head.vkey.p = m->head.key;
}

static void assert_same(const struct audit_range *a, const struct audit_range *b)
{
    assert_true(a->from == b->from && a->to == b->to && a->before.n == b->before.n);
    assert_memory_equal(a->before.node, b->before.node, a->before.n * (size_t)BASE_SHA256);
    assert_int_equal(a->last.n, b->last.n);
    assert_memory_equal(a->last.hash, b->last.hash, a->last.n * (size_t)BASE_SHA256);
}

static void test_every_range(void **state)
{
    (void)state;
    static struct model m;
    struct scene s;
    struct audit_found found;
    scene_make(&s);
    struct audit_log *log = scene_reopen(&s, &found);
    for (uint64_t n = 1; n <= 17; n++) {
        put_record(log, "decision");
        flush(log, NULL, 0);
        fill(log, &m);
        for (uint64_t from = 0; from < n; from++)
            for (uint64_t to = from + 1; to <= n; to++) {
                struct audit_range range, again;
                struct audit_report r;
                struct audit_source source = source_of_model(&m);
                prove(log, from, to, &range);
                assert_int_equal(audit_range_of_rows(&source, from, to, n, &again, NULL), 0);
                assert_same(&again, &range);
                assert_int_equal(check(&m, &range, &r), 0);
                if (!r.ok)
                    fail_msg("%" PRIu64 "..%" PRIu64 " of %" PRIu64 ": %s: %s", from, to - 1, n,
                             r.finding, r.detail);
                assert_int_equal(r.records, to - from);
            }
    }
    scene_close(&s, &log);
    scene_remove(&s);
}

/* What is done to one row. */
enum change { RECORD, LEAF, BOTH, GONE };
static void change_row(struct row *row, enum change what)
{
    if (what == GONE)
        row->gone = true;
    if (what == RECORD || what == BOTH)
        memcpy(row->text + 9, "oF", 2); /* of `"note":"of …"` */
    if (what == BOTH)
        tree_leaf_hash(row->text, row->bytes, row->leaf);
    if (what == LEAF)
        row->leaf[7] ^= 1;
}

static void test_each_change(void **state)
{
    (void)state;
    static const char *const findings[] = {"record-changed", "leaf-changed", "root-mismatch",
                                           "missing"};
    static struct model whole, m;
    struct scene s;
    struct audit_found found;
    scene_log(&s, 13);
    struct audit_log *log = scene_reopen(&s, &found);
    fill(log, &whole);
    for (uint64_t from = 0; from < 13; from += 3)
        for (uint64_t to = from + 1; to <= 13; to += 2)
            for (uint64_t at = 0; at < 13; at++)
                for (int what = RECORD; what <= GONE; what++) {
                    struct audit_range range;
                    struct audit_report r;
                    prove(log, from, to, &range);
                    fill(log, &m);
                    change_row(&m.row[at], (enum change)what);
                    assert_int_equal(check(&m, &range, &r), 0);
                    bool inside = at >= from && at < to;
                    if (r.ok == inside)
                        fail_msg("%d at %" PRIu64 " of %" PRIu64 "..%" PRIu64 ": %s %s", what, at,
                                 from, to - 1, r.finding, r.detail);
                    if (!inside)
                        continue;
                    bool last = what == GONE && at + 1 == to;
                    assert_string_equal(r.finding, last && at == 12 ? "tail-lost" : findings[what]);
                    assert_int_equal(r.first_bad, what == BOTH ? from : at);
                }
    scene_close(&s, &log);
    scene_remove(&s);
}

/* Proofs that somebody made up lead nowhere; those of changed rows neither. */
static void test_each_proof(void **state)
{
    (void)state;
    static struct model m;
    struct scene s;
    struct audit_found found;
    struct audit_range range;
    struct audit_report r;
    scene_log(&s, 13);
    struct audit_log *log = scene_reopen(&s, &found);
    fill(log, &m);
    prove(log, 5, 9, &range);
    for (unsigned i = 0; i < range.before.n; i++) {
        struct audit_range other = range;
        other.before.node[i][3] ^= 4;
        assert_int_equal(check(&m, &other, &r), 0);
        assert_false(r.ok);
    }
    for (unsigned i = 0; i < range.last.n; i++) {
        struct audit_range other = range;
        other.last.hash[i][3] ^= 4;
        assert_int_equal(check(&m, &other, &r), 0);
        assert_string_equal(r.finding, "root-mismatch");
        assert_int_equal(r.first_bad, 5);
    }
    struct audit_range shorter = range;
    shorter.last.n--;
    assert_int_equal(check(&m, &shorter, &r), 0);
    assert_false(r.ok);
    struct audit_source source = source_of_model(&m);
    m.row[2].leaf[0] ^= 1;
    struct audit_range changed;
    assert_int_equal(audit_range_of_rows(&source, 5, 9, 13, &changed, NULL), 0);
    assert_int_equal(check(&m, &changed, &r), 0);
    assert_false(r.ok);
    m.row[12].gone = true;
    assert_int_equal(audit_range_of_rows(&source, 5, 9, 13, &changed, NULL), REEVE_EVERIFY);
    scene_close(&s, &log);
    scene_remove(&s);
}

static void test_what_is_no_range(void **state)
{
    (void)state;
    static struct model m;
    struct scene s;
    struct audit_found found;
    struct audit_range range;
    struct audit_report r;
    struct audit_proof a, b;
    scene_log(&s, 13);
    struct audit_log *log = scene_reopen(&s, &found);
    fill(log, &m);
    prove(log, 5, 9, &range);
    const struct {
        uint64_t from, to;
    } wrong[] = {{5, 5}, {9, 5}, {5, 14}, {4, 9}};
    for (size_t i = 0; i < BASE_COUNT(wrong); i++) {
        struct audit_range other = range;
        other.from = wrong[i].from;
        other.to = wrong[i].to;
        assert_int_equal(check(&m, &other, &r), REEVE_EINVAL);
    }
    assert_int_equal(audit_log_prove(log, AUDIT_PROVE_RECORD, 5, 0, &a, NULL), 0);
    assert_int_equal(audit_log_prove(log, AUDIT_PROVE_RECORD, 8, 11, &b, NULL), 0);
    assert_int_equal(audit_range_of_proofs(&a, &b, &range, NULL), REEVE_EVERIFY);
    assert_int_equal(audit_range_of_proofs(&b, &a, &range, NULL), REEVE_EVERIFY);
    b = a;
    b.n--;
    assert_int_equal(audit_range_of_proofs(&a, &b, &range, NULL), REEVE_EVERIFY);
    /* A checkpoint that was kept says nothing of rows that do not reach it. */
    struct audit_head old;
    audit_log_head(log, &old);
    put_record(log, "decision");
    flush(log, NULL, 0);
    fill(log, &m);
    m.head.kept = old.note;
    prove(log, 5, 9, &range);
    assert_int_equal(check(&m, &range, &r), REEVE_EINVAL);
    prove(log, 5, 14, &range);
    assert_int_equal(check(&m, &range, &r), 0);
    assert_true(r.ok);
    scene_close(&s, &log);
    scene_remove(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_range),
        cmocka_unit_test(test_each_change),
        cmocka_unit_test(test_each_proof),
        cmocka_unit_test(test_what_is_no_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
