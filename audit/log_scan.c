/*
 * The one reading of all rows when a log is opened: each row against its record, its place and what
 * the keeper signed. Nothing is written here; log_open.c acts on what was found.
 */
#include "audit/log.h"

#include <inttypes.h>

/* One complete subtree of the tree before the last batch: the keeper knows its root. */
struct subtree {
    unsigned i;
    uint64_t from, to;
    struct tree_edge edge;
    bool has_hole; /* leaves whose records are not kept vouch for nothing */
    uint64_t first_hole;
};

struct scan {
    struct audit_log *log;
    const struct keeper_state *state;
    struct audit_found *found;
    struct buf *aside;
    uint64_t next;     /* the sequence that is due */
    uint64_t rows;     /* that were read, whatever they are */
    uint64_t rotation; /* one past the last record of a rotation; 0: none */
    struct subtree sub;
    size_t lost_cap;
    struct holes holes;
    int64_t aside_first, aside_last;
    bool has_aside, aside_ends_batch, has_negative, no_memory;
};

static int condemn(struct scan *s, uint64_t seq, const char *what)
{
    log_condemn(s->log, AUDIT_DAMAGED, seq, "record %" PRIu64 " %s", seq, what);
    return 1;
}

/* ---- releases that nothing ended ---- */

static size_t find_release(const struct audit_found *f, uint64_t seq)
{
    size_t low = 0, high = f->nlost;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (f->lost[middle] < seq)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void note_release(struct scan *s, uint64_t seq)
{
    struct audit_found *f = s->found;
    if (f->nlost == s->lost_cap) {
        size_t cap = s->lost_cap ? s->lost_cap * 2 : 64;
        uint64_t *grown = reallocarray(f->lost, cap, sizeof *grown);
        if (!grown) {
            s->no_memory = true;
            return;
        }
        f->lost = grown;
        s->lost_cap = cap;
    }
    f->lost[f->nlost++] = seq; /* rows come in order, so the list stays sorted */
}

static void note_end(struct scan *s, uint64_t release)
{
    struct audit_found *f = s->found;
    size_t i = find_release(f, release);
    if (i == f->nlost || f->lost[i] != release)
        return;
    memmove(f->lost + i, f->lost + i + 1, (f->nlost - i - 1) * sizeof *f->lost);
    f->nlost--;
}

/* ---- rows without records ---- */

static int note_unerased(struct scan *s, uint64_t from, uint64_t to, bool prune)
{
    struct audit_found *f = s->found;
    struct audit_unerased *grown = reallocarray(f->unerased, f->nunerased + 1, sizeof *grown);
    if (!grown) {
        s->no_memory = true;
        return 1;
    }
    f->unerased = grown;
    f->unerased[f->nunerased++] = (struct audit_unerased){from, to, prune};
    return 0;
}

/* Whether a file that was to be pruned still has its name. */
static bool is_unpruned(const struct segments *segments, uint64_t from, uint64_t to)
{
    size_t i = segments_find(segments, from);
    return i < segments->n && segments->v[i].first == from && segments->v[i].last == to &&
           !segments->v[i].pruned;
}

static int take_story(struct scan *s, const struct record_info *info)
{
    uint64_t told;
    if (info->from > info->to || info->to >= info->seq)
        return 0;
    s->found->has_gone |= info->kind != RECORD_UNACKNOWLEDGED;
    s->no_memory = holes_tell(&s->holes, info->from, info->to, &told, NULL) != 0;
    if (info->kind == RECORD_ERASED && told < info->to - info->from + 1)
        return note_unerased(s, info->from, info->to, false);
    if (info->kind == RECORD_EXPIRED && is_unpruned(&s->log->store.segments, info->from, info->to))
        return note_unerased(s, info->from, info->to, true);
    return s->no_memory;
}

static int check_record(struct scan *s, const struct log_row *row)
{
    uint8_t leaf[BASE_SHA256];
    struct record_info info;
    struct reeve_error err;
    uint64_t seq = (uint64_t)row->seq;
    tree_leaf_hash(row->record.p, row->record.n, leaf);
    if (memcmp(leaf, row->leaf, sizeof leaf) != 0)
        return condemn(s, seq, "is not the one that its leaf hash was made of");
    int rc = record_read(&s->log->reader, row->record, &info, &err);
    if (rc == REEVE_ENOMEM) {
        s->no_memory = true;
        return 1;
    }
    if (rc || info.seq != seq)
        return condemn(s, seq, "does not say its own sequence");
    if (info.kind == RECORD_RELEASE)
        note_release(s, seq);
    else if ((info.kind == RECORD_END || info.kind == RECORD_ERASED) && info.has_release)
        note_end(s, info.release);
    if (info.kind == RECORD_UNACKNOWLEDGED || info.kind == RECORD_ERASED ||
        info.kind == RECORD_EXPIRED)
        return take_story(s, &info);
    if (info.kind == RECORD_UNSIGNED)
        s->log->unsigned_told = seq + 1;
    else if (info.kind == RECORD_ROTATION)
        s->rotation = seq + 1;
    return s->no_memory;
}

/* ---- what was signed ---- */

static void next_subtree(struct scan *s)
{
    uint64_t from = s->sub.to, left = s->state->base_size - from;
    unsigned i = from ? s->sub.i + 1 : 0;
    uint64_t size = left ? UINT64_C(1) << (63 - __builtin_clzll(left)) : 0;
    s->sub = (struct subtree){.i = i, .from = from, .to = from + size};
}

/* A subtree whose rows agree with each other and not with what was signed. */
static int condemn_subtree(struct scan *s)
{
    const struct subtree *t = &s->sub;
    if (t->has_hole)
        log_condemn(s->log, AUDIT_DAMAGED, t->first_hole,
                    "a leaf without a record, %" PRIu64 " the first that it can be, or a record of "
                    "%" PRIu64 "..%" PRIu64 " together with its leaf is not what was signed",
                    t->first_hole, t->from, t->to - 1);
    else
        log_condemn(s->log, AUDIT_DAMAGED, t->from,
                    "a record of %" PRIu64 "..%" PRIu64
                    " was replaced together with its leaf: their root is not the signed one",
                    t->from, t->to - 1);
    return 1;
}

static int check_signed(struct scan *s, const struct log_row *row)
{
    const struct keeper_state *state = s->state;
    if (s->next >= state->base_size) {
        const uint8_t *leaf = state->leaf[s->next - state->base_size];
        return memcmp(leaf, row->leaf, BASE_SHA256) != 0
                   ? condemn(s, s->next, "is not the one that was signed")
                   : 0;
    }
    struct subtree *t = &s->sub;
    if (!row->record.p && !t->has_hole) {
        t->has_hole = true;
        t->first_hole = s->next;
    }
    tree_edge_append(&t->edge, row->leaf);
    if (s->next + 1 < t->to)
        return 0;
    if (memcmp(t->edge.node[0], state->edge[t->i], BASE_SHA256) != 0)
        return condemn_subtree(s);
    next_subtree(s);
    return 0;
}

/* ---- rows beyond ---- */

/*
 * Whether one crash can leave this row: of one batch, whose releases come last and whose runs were
 * not started. A record that cannot be read is nobody's, and tells nothing.
 */
static bool crash_leaves(struct scan *s, const struct log_row *row)
{
    struct record_info info;
    if (row->seq - (int64_t)s->state->size >= LOG_MAX_BATCH)
        return false;
    if (!row->record.p || record_read(&s->log->reader, row->record, &info, NULL) != 0)
        return false;
    if (info.kind == RECORD_RELEASE) {
        s->aside_ends_batch = true;
        return true;
    }
    return !s->aside_ends_batch &&
           !(info.kind == RECORD_END && info.has_release && info.release >= s->state->size);
}

/* One line of the file that keeps what was set aside: whatever its bytes are. */
static void set_aside(struct scan *s, const struct log_row *row)
{
    if (!crash_leaves(s, row))
        s->found->unsigned_beyond_crash = true;
    struct buf *b = s->aside;
    bool readable = row->record.p && str_is_utf8(row->record);
    if (!s->has_aside)
        s->aside_first = row->seq;
    s->has_aside = true;
    s->aside_last = row->seq;
    buf_z(b, "{\"leaf\":\"");
    if (row->leaf)
        buf_hex(b, row->leaf, BASE_SHA256);
    if (readable) {
        buf_z(b, "\",\"record\":");
        json_put_string(b, row->record);
    } else {
        buf_z(b, "\",\"record_base64\":\"");
        if (row->record.p)
            buf_base64(b, row->record.p, row->record.n);
        buf_byte(b, '"');
    }
    buf_printf(b, ",\"seq\":%" PRId64 "}\n", row->seq);
}

static void tell_progress(struct scan *s)
{
    const struct audit_progress *p = s->log->progress;
    if (p && ++s->rows % AUDIT_PROGRESS_ROWS == 0)
        p->fn(p->arg, s->rows);
}

static int take_row(void *arg, const struct log_row *row)
{
    struct scan *s = arg;
    tell_progress(s);
    if (row->seq < 0 && s->state->size > 0) {
        s->has_negative = true; /* named at the end, if nothing that was signed is wrong */
        return 0;
    }
    if (s->next == s->state->size && row->seq < (int64_t)s->log->store.live.first) {
        log_condemn(s->log, AUDIT_DAMAGED, s->next,
                    "the keeper has signed %" PRIu64 " records, and more are in sealed files: an "
                    "older " AUDIT_HEAD_NAME " was put back",
                    s->next);
        return 1;
    }
    if (s->next == s->state->size) {
        set_aside(s, row);
        return s->aside->failed;
    }
    if (row->seq < (int64_t)s->next)
        return condemn(s, (uint64_t)row->seq, "is in two files, or not in its order");
    if (row->seq != (int64_t)s->next)
        return condemn(s, s->next, "is missing, and later rows are there");
    if (!row->well_formed)
        return condemn(s, s->next, "is in a row of another form than the log writes");
    if (!row->record.p && holes_add(&s->holes, s->next, NULL) != 0) {
        s->no_memory = true;
        return 1;
    }
    if ((row->record.p && check_record(s, row) != 0) || check_signed(s, row) != 0)
        return 1;
    tree_nodes_append(&s->log->nodes, &s->log->edge, row->leaf);
    s->next++;
    return 0;
}

/*
 * Leaves without records at the very end: a batch that an earlier start entered again, and a crash
 * before that start could record it. All of the owner's leaves of the last batch are such, or none,
 * but for a rotation's.
 */
static void settle_holes(struct scan *s)
{
    const struct keeper_state *state = s->state;
    const struct hole *h = s->holes.v;
    size_t n = s->holes.n;
    uint64_t leaves_from = state->base_size, leaves_end = leaves_from + state->nleaves;
    if (!n || s->log->condition != AUDIT_OK)
        return;
    /* The record of a rotation was entered whole. */
    leaves_from += s->rotation == leaves_from + 1;
    leaves_end -= s->rotation == leaves_end;
    uint64_t last = h[n - 1].last;
    bool whole_batch = h->first == leaves_from && last + 1 == leaves_end;
    /* The batch before one that did not come to be, of which the keeper keeps no bounds. */
    bool before_batch = s->next == state->base_size && last < s->next && !state->committed &&
                        s->next - h->first <= LOG_MAX_BATCH;
    bool one = n == 1 || (n == 2 && h[0].last + 2 == h[1].first && s->rotation == h[1].first);
    if (!one || (!whole_batch && !before_batch)) {
        (void)condemn(s, h->first, "has no bytes, and no record tells why");
        return;
    }
    s->found->restored_from = h->first;
    s->found->restored_count = s->next - h->first;
}

int log_scan(struct audit_log *log, const struct keeper_state *state, struct audit_found *found,
             struct buf *aside, struct reeve_error *err)
{
    struct scan s = {.log = log, .state = state, .found = found, .aside = aside};
    next_subtree(&s);
    int rc = log_store_scan(&log->store, INT64_MIN, UINT64_MAX, take_row, &s, err);
    if (rc == 0 && !s.no_memory && (s.next == state->size || s.next == state->base_size))
        settle_holes(&s);
    holes_fini(&s.holes);
    if (s.no_memory)
        return base_fail(err, REEVE_ENOMEM, "out of memory reading " AUDIT_DB_NAME);
    if (rc == REEVE_EDAMAGED && log->condition == AUDIT_OK)
        log_condemn(log, AUDIT_DAMAGED, s.next, "%s", err->message);
    if (rc && rc != REEVE_EDAMAGED)
        return rc;
    if (s.has_negative && log->condition == AUDIT_OK)
        log_condemn(log, AUDIT_DAMAGED, 0, "a row of a negative sequence stands before record 0");
    if (aside->failed)
        log_condemn(log, AUDIT_DAMAGED, state->size,
                    "more than %zu bytes of rows follow the last that was signed",
                    LOG_MAX_ASIDE_BYTES);
    if (s.has_aside && log->condition == AUDIT_OK) {
        found->unsigned_from = (uint64_t)s.aside_first;
        found->unsigned_count = (uint64_t)s.aside_last - (uint64_t)s.aside_first + 1;
    }
    return 0;
}
