/*
 * Checking a log from its rows, its signed checkpoint and the verifier key: what `reeve audit
 * verify` and any stranger does. Linear, one pass, nothing kept but two edges of the tree. What can
 * be found out of each row by itself verify_rows.c does, on all processors.
 */
#include "audit/audit.h"
#include "audit/holes.h"
#include "audit/note.h"
#include "audit/segment_record.h"
#include "audit/verify_keys.h"
#include "audit/verify_plans.h"
#include "audit/verify_rows.h"

#include <inttypes.h>
#include <stdio.h>

enum finding {
#define X(id, name) FINDING_##id,
    AUDIT_FINDING_TABLE(X)
#undef X
};

struct check {
    struct audit_report *report;
    const struct note_checkpoint *checkpoint;
    const struct audit_head *head;
    const struct audit_range *range; /* NULL: all rows */
    uint64_t from, to;               /* of it, or all */
    struct verify_keys keys;         /* and the checkpoint that was kept */
    bool kept_differs;
    struct record_reader reader;
    uint64_t next;
    struct tree_edge stored;   /* over the leaves as they are in the rows */
    struct tree_edge rehashed; /* from the first leaf that is not its record's: over the records */
    bool forked;               /* `stored` and `rehashed` differ */
    /* Of a range: the same before its last row, and that row's leaf. */
    struct tree_edge stored_before, rehashed_before;
    uint8_t stored_leaf[BASE_SHA256], rehashed_leaf[BASE_SHA256];
    bool has_hole, no_memory;
    uint64_t first_hole;
    struct holes holes;
    struct verify_plans plans;
    int plans_rc; /* why they could not be read */
    struct reeve_error plans_why;
    void (*progress)(void *arg, uint64_t done, uint64_t total); /* NULL: nobody is told */
    void *progress_arg;
};
#define PROGRESS_ROWS 1024u

/* The first finding stands. */
static void REEVE_PRINTF(4, 5)
    find(struct audit_report *r, enum finding what, uint64_t seq, const char *fmt, ...)
{
#define X(id, name) name,
    static const char *const names[] = {AUDIT_FINDING_TABLE(X)};
#undef X
    if (r->finding[0])
        return;
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(r->detail, sizeof r->detail, fmt, ap);
    va_end(ap);
    (void)snprintf(r->finding, sizeof r->finding, "%s", names[what]);
    r->has_bad = true;
    r->first_bad = seq;
}

/* At the end, when all has been told. What was found before may be the record that told. */
static void find_hole(struct check *c)
{
    if (!c->holes.n)
        return;
    find(c->report, FINDING_MISSING, c->holes.v[0].first,
         "record %" PRIu64
         " is kept as a hash alone, and no record tells why: neither a crash left "
         "it so nor was it erased on request",
         c->holes.v[0].first);
}

/* What a record that is whole tells of other rows. */
static void take_story(struct check *c, const struct record_info *info)
{
    struct audit_report *r = c->report;
    uint64_t told;
    if ((info->kind == RECORD_UNACKNOWLEDGED || info->kind == RECORD_ERASED ||
         info->kind == RECORD_EXPIRED) &&
        info->to < info->seq) {
        c->no_memory = holes_tell(&c->holes, info->from, info->to, &told, NULL) != 0;
        r->erased += info->kind == RECORD_ERASED ? told : 0;
        r->expired += info->kind == RECORD_EXPIRED ? told : 0;
    }
    c->plans_rc = verify_plans_take(&c->plans, info, &c->plans_why);
    if (info->kind != RECORD_UNSIGNED || info->to < info->from)
        return;
    if (!r->set_aside)
        r->set_aside_at = info->seq;
    r->set_aside++;
    r->set_aside_beyond_crash = r->set_aside_beyond_crash || info->beyond_crash;
}

/* Why a record cannot be read: asked again, since it is so rarely wanted. */
static void find_no_sequence(struct check *c, const struct verify_row *row)
{
    struct record_info info;
    struct reeve_error err = {0};
    (void)record_read(&c->reader, row->record, &info, &err);
    find(c->report, FINDING_BAD_SEQUENCE, row->seq, "record %" PRIu64 " says no sequence: %s",
         row->seq, err.message);
}

/* Of two histories under one key only somebody who kept the other can tell. */
static void find_rewritten(struct check *c)
{
    if (!c->kept_differs || !c->keys.kept_signed || c->report->finding[0])
        return;
    find(c->report, FINDING_REWRITTEN, 0,
         "the checkpoint of %" PRIu64 " records that was kept is of another history than this log, "
         "which the same key signed",
         c->keys.checkpoint.size);
    c->report->has_bad = false; /* which of them differ, roots do not say */
}

static void check_rotation(struct check *c, const struct verify_row *row)
{
    struct reeve_error err = {0};
    int rc = verify_keys_take(&c->keys, row->record, row->seq, &err);
    if (rc == REEVE_ENOMEM)
        c->no_memory = true;
    else if (rc)
        find(c->report, FINDING_ROTATION, row->seq,
             "record %" PRIu64 " is no rotation of this log's key: %s", row->seq, err.message);
    find_rewritten(c); /* a kept checkpoint may have found its key */
}

/* The tree of all before it, as the rows make it. */
static void check_segment(struct check *c, const struct verify_row *row)
{
    struct reeve_error err = {0};
    struct segment_record r;
    uint8_t root[BASE_SHA256];
    int rc = segment_record_read(row->record, row->seq, &r, &err);
    tree_edge_root(&c->stored, root);
    if (rc == REEVE_ENOMEM)
        c->no_memory = true;
    else if (rc)
        find(c->report, FINDING_SEGMENT, row->seq,
             "record %" PRIu64 " begins no file of this log: %s", row->seq, err.message);
    else if (memcmp(r.checkpoint.root, root, sizeof root) != 0)
        find(c->report, FINDING_SEGMENT, row->seq,
             "record %" PRIu64 " begins a file behind other rows than those before it", row->seq);
}

static void check_content(struct check *c, const struct verify_row *row)
{
    if (row->code == REEVE_ENOMEM)
        c->no_memory = true;
    else if (row->code)
        find_no_sequence(c, row);
    else if (row->info.seq != row->seq)
        find(c->report, FINDING_BAD_SEQUENCE, row->seq,
             "record %" PRIu64 " says that it is record %" PRIu64, row->seq, row->info.seq);
    else
        take_story(c, &row->info);
    bool good = row->code == 0 && row->info.seq == row->seq;
    if (good && row->info.kind == RECORD_ROTATION)
        check_rotation(c, row);
    if (good && row->info.kind == RECORD_SEGMENT)
        check_segment(c, row);
}

static void keep_last(struct check *c, const struct verify_row *row)
{
    c->stored_before = c->stored;
    c->rehashed_before = c->rehashed;
    memcpy(c->stored_leaf, row->leaf, BASE_SHA256);
    memcpy(c->rehashed_leaf, row->own, BASE_SHA256);
}

/* Which of the two was changed shows at the end, when both roots are known. */
static void check_leaf(struct check *c, const struct verify_row *row)
{
    bool same = memcmp(row->own, row->leaf, sizeof row->own) == 0;
    if (!same && !c->forked) {
        c->forked = true;
        c->rehashed = c->stored;
        find(c->report, FINDING_RECORD_CHANGED, row->seq,
             "record %" PRIu64 " is not the one that its leaf hash was made of", row->seq);
    }
    if (row->record.p && same)
        check_content(c, row);
    if (row->seq + 1 == c->to)
        keep_last(c, row);
    tree_edge_append(&c->stored, row->leaf);
    if (c->forked)
        tree_edge_append(&c->rehashed, row->own);
}

/* Where the tree has its size. Whether its key was the log's may show later. */
static void check_kept(struct check *c)
{
    uint8_t root[BASE_SHA256];
    tree_edge_root(&c->stored, root);
    c->kept_differs = memcmp(root, c->keys.checkpoint.root, sizeof root) != 0;
    find_rewritten(c);
}

static int take_row(void *arg, const struct verify_row *row)
{
    struct check *c = arg;
    if (row->seq != c->next) {
        find(c->report, FINDING_MISSING, c->next,
             "record %" PRIu64 " is missing, and %" PRIu64 " is there", c->next, row->seq);
        return 1;
    }
    if (!row->record.p) {
        c->report->without_bytes++;
        if (!c->has_hole)
            c->first_hole = row->seq;
        c->has_hole = true;
        c->no_memory = holes_add(&c->holes, row->seq, NULL) != 0;
    }
    check_leaf(c, row);
    c->next++;
    c->report->records++;
    if (c->keys.kept.p && c->next == c->keys.checkpoint.size)
        check_kept(c);
    if (c->progress && c->next % PROGRESS_ROWS == 0)
        c->progress(c->progress_arg, c->next - c->from, c->to - c->from);
    return c->no_memory || c->plans_rc;
}

/* What the owner says of its log: a log that it condemned is never ok. */
static void find_condition(struct audit_report *r, const struct audit_head *head)
{
    if (head->condition == AUDIT_TAIL_LOST)
        find(r, FINDING_TAIL_LOST, head->first_bad, "%.*s", (int)head->detail.n, head->detail.p);
    if (head->condition == AUDIT_DAMAGED)
        find(r, FINDING_DAMAGED, head->first_bad, "%.*s", (int)head->detail.n, head->detail.p);
}

/* All rows below the signed size. Stops early where a row is missing. */
static int check_rows(struct check *c, const struct audit_source *source, struct reeve_error *err)
{
    uint64_t size = c->checkpoint->size, next;
    int rc = verify_rows(source, c->from, c->to, take_row, c, &next, err);
    if (c->no_memory)
        return base_fail(err, REEVE_ENOMEM, "out of memory reading records");
    if (c->plans_rc)
        return base_fail(err, c->plans_rc, "%s", c->plans_why.message);
    if (rc == REEVE_EDAMAGED)
        find(c->report, FINDING_MISSING, c->next, "record %" PRIu64 " cannot be read: %s", c->next,
             err->message);
    else if (rc)
        return rc;
    if (c->progress)
        c->progress(c->progress_arg, c->next - c->from, c->to - c->from);
    /* Rows that are merely not there: why, the owner knows better. */
    if (c->next < c->to)
        find_condition(c->report, c->head);
    if (c->next < c->to && c->to < size)
        find(c->report, FINDING_MISSING, c->next, "record %" PRIu64 " is missing", c->next);
    else if (c->next < c->to)
        find(c->report, FINDING_TAIL_LOST, c->next,
             "the checkpoint is of %" PRIu64 " records, the log has %" PRIu64, size, c->next);
    if (c->keys.kept_signed && c->keys.checkpoint.size > size)
        find(c->report, FINDING_TAIL_LOST, size,
             "the checkpoint that was kept is of %" PRIu64 " records, the log has signed %" PRIu64
             ": it was put back",
             c->keys.checkpoint.size, size);
    return 0;
}

/* Whether rows lead to what is signed: all of them, or some with the proof of the last one, whose
 * left siblings are the rows before it. */
static bool leads_to_root(const struct check *c, const struct tree_edge *all,
                          const struct tree_edge *before, const uint8_t leaf[BASE_SHA256])
{
    uint8_t root[BASE_SHA256];
    struct tree_range path[TREE_MAX_EDGE];
    if (!c->range) {
        tree_edge_root(all, root);
        return memcmp(root, c->checkpoint->root, sizeof root) == 0;
    }
    const struct audit_proof *p = &c->range->last;
    unsigned left = before->n, n = tree_path(c->checkpoint->size, c->to - 1, path);
    for (unsigned i = 0; i < n && n == p->n; i++)
        if (path[i].to < c->to &&
            (!left || memcmp(before->node[--left], p->hash[i], BASE_SHA256) != 0))
            return false;
    return left == 0 &&
           tree_proof_holds(leaf, c->to - 1, c->checkpoint->size,
                            (const uint8_t(*)[BASE_SHA256])p->hash, p->n, c->checkpoint->root);
}

/* A changed leaf, told from a changed record by the root that each of the two gives. */
static void tell_apart(struct check *c)
{
    if (!c->forked || !leads_to_root(c, &c->rehashed, &c->rehashed_before, c->rehashed_leaf))
        return;
    struct audit_report *r = c->report;
    uint64_t seq = r->first_bad;
    r->finding[0] = '\0';
    find(r, FINDING_LEAF_CHANGED, seq,
         "the leaf hash of record %" PRIu64 " is not the one that was signed; the record is", seq);
}

static void check_root(struct check *c)
{
    struct audit_report *r = c->report;
    if (c->range)
        memcpy(r->root, c->checkpoint->root, sizeof r->root);
    else
        tree_edge_root(&c->stored, r->root);
    if (c->next < c->to || leads_to_root(c, &c->stored, &c->stored_before, c->stored_leaf))
        return;
    tell_apart(c);
    find_condition(r, c->head); /* the owner may have narrowed it down */
    if (c->has_hole)
        find(r, FINDING_ROOT_MISMATCH, c->first_hole,
             "every record agrees with its leaf, and their root is not the signed one: a leaf "
             "without a record was changed (%" PRIu64 " is the first), or a record and its leaf "
             "were replaced together",
             c->first_hole);
    else
        find(r, FINDING_ROOT_MISMATCH, c->from,
             "every record agrees with its leaf, and their root is not the signed one: a record "
             "and its leaf were replaced together, which the checkpoint alone cannot locate");
}

struct beyond {
    bool found;
    uint64_t seq;
};
static int take_beyond(void *arg, uint64_t seq, struct str record, const uint8_t leaf[BASE_SHA256])
{
    struct beyond *b = arg;
    (void)record, (void)leaf;
    *b = (struct beyond){true, seq};
    return 1;
}

static int check_end(struct check *c, const struct audit_source *source, struct reeve_error *err)
{
    struct beyond b = {0};
    struct reeve_error local;
    uint64_t size = c->checkpoint->size;
    if (c->next == size && !c->range)
        find_hole(c);
    find_condition(c->report, c->head); /* the keeper may know of more than it has signed */
    if (!c->range && !verify_keys_end(&c->keys))
        find(c->report, FINDING_ROTATION, c->keys.rotated_at,
             "the last rotation, record %" PRIu64
             ", entered another key than the one that signed the checkpoint",
             c->keys.rotated_at);
    if (!source->at_rest || c->to < size)
        return 0;
    int rc = source->read(source->self, size, 1, take_beyond, &b, err ? err : &local);
    if (rc && rc != REEVE_EDAMAGED)
        return rc;
    if (b.found || rc)
        find(c->report, FINDING_UNSIGNED, b.found ? b.seq : size,
             "the checkpoint is of %" PRIu64 " records, and more rows follow: nobody signed them",
             size);
    return 0;
}

/* After all that is wrong with the rows. */
static void take_plans(struct check *c)
{
    struct audit_report *r = c->report;
    const struct verify_plans *p = &c->plans;
    r->plans_kept = p->kept;
    r->plans_masked = p->masked;
    r->plans_unchecked = p->unchecked;
    if (p->has_bad)
        find(r, p->missing ? FINDING_PLAN_MISSING : FINDING_PLAN_CHANGED, p->first_bad, "%s",
             p->why.message);
}

static void check_checkpoint(struct audit_report *report, const struct audit_head *head,
                             struct str vkey, struct note_key *key, struct note_checkpoint *c)
{
    struct reeve_error err;
    if (head->condition == AUDIT_DAMAGED && head->note.n == 0)
        find(report, FINDING_DAMAGED, 0, "%.*s", (int)head->detail.n, head->detail.p);
    else if (note_key_parse(vkey, key, &err) != 0 ||
             note_checkpoint_open(head->note, key, c, &err) != 0)
        find(report, FINDING_BAD_SIGNATURE, 0, "%s", err.message);
    else if (head->size != c->size)
        find(report, FINDING_BAD_SIGNATURE, 0,
             "the log says that it has %" PRIu64 " records, its checkpoint %" PRIu64, head->size,
             c->size);
}

/* A verifier key whose end the rows tell: not that of who signed the checkpoint, but no stranger's.
 */
struct ended {
    const struct note_key *key;
    bool found;
    uint64_t seq;
};
static int find_end(void *arg, const struct verify_row *row)
{
    struct ended *e = arg;
    struct rotation r;
    if (row->code || row->info.kind != RECORD_ROTATION || !row->record.p ||
        rotation_read(row->record, e->key->name, row->seq, &r, NULL) != 0)
        return 0;
    e->found = memcmp(r.old, e->key->pub, sizeof r.old) == 0;
    e->seq = row->seq;
    return e->found;
}

static void explain_signature(struct audit_report *r, const struct audit_source *source,
                              uint64_t size, struct str vkey)
{
    struct note_key key;
    struct ended e = {.key = &key};
    uint64_t next;
    struct reeve_error ignored;
    if (note_key_parse(vkey, &key, &ignored) == 0)
        (void)verify_rows(source, 0, size, find_end, &e, &next, &ignored);
    if (e.found)
        (void)snprintf(r->detail, sizeof r->detail,
                       "this verifier key was replaced, as record %" PRIu64
                       " says: check with the newest one, from where you trust it",
                       e.seq);
}

static int choose_rows(struct check *c, struct reeve_error *err)
{
    const struct audit_range *range = c->range;
    uint64_t kept = c->keys.checkpoint.size;
    c->from = range ? range->from : 0;
    c->to = range ? range->to : c->checkpoint->size;
    if (!range)
        return 0;
    if (c->from >= c->to || c->to > c->checkpoint->size || range->before.size != c->from)
        return base_fail(err, REEVE_EINVAL, "the log has signed %" PRIu64 " records",
                         c->checkpoint->size);
    bool reached = kept > c->from && (kept <= c->to || kept > c->checkpoint->size);
    if (c->keys.kept.p && !reached)
        return base_fail(err, REEVE_EINVAL,
                         "the checkpoint that was kept is of %" PRIu64
                         " records, and these do not reach there",
                         kept);
    c->next = c->from;
    c->stored = range->before;
    return 0;
}

int audit_verify(const struct audit_source *source, const struct audit_head *head, struct str vkey,
                 void (*progress)(void *arg, uint64_t done, uint64_t total), void *progress_arg,
                 struct audit_report *report, struct reeve_error *err)
{
    struct note_key key;
    struct note_checkpoint checkpoint;
    struct reeve_error local;
    *report = (struct audit_report){0};
    check_checkpoint(report, head, vkey, &key, &checkpoint);
    if (report->finding[0]) {
        if (head->note.n)
            explain_signature(report, source, head->size, vkey);
        report->has_bad = false; /* nothing that is signed tells one sequence from another */
        return 0;
    }
    struct check c = {.report = report,
                      .checkpoint = &checkpoint,
                      .head = head,
                      .range = head->range,
                      .plans.source = source,
                      .progress = progress,
                      .progress_arg = progress_arg};
    int rc = verify_keys_begin(&c.keys, &key, head->kept, err);
    if (rc == 0)
        rc = choose_rows(&c, err);
    if (rc)
        return rc;
    rc = check_rows(&c, source, err ? err : &local);
    if (rc == 0) {
        check_root(&c);
        rc = check_end(&c, source, err);
        take_plans(&c);
    }
    record_reader_fini(&c.reader);
    verify_plans_fini(&c.plans);
    holes_fini(&c.holes);
    if (rc == 0 && head->kept.p && !c.keys.kept_signed && !report->finding[0])
        return base_fail(err, REEVE_EVERIFY, "%s", c.keys.why_not.message);
    report->ok = rc == 0 && !report->finding[0];
    return rc;
}
