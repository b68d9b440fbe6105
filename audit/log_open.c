/*
 * Opening a log: names and key, the keeper's state, the rows, and then the table "At start, and
 * after a crash" of docs/processes.md. What is found goes to the caller, who records it.
 */
#include "audit/log.h"

#include <inttypes.h>
#include <stdio.h>

void audit_found_fini(struct audit_found *f)
{
    free(f->lost);
    free(f->unerased);
    f->lost = NULL;
    f->unerased = NULL;
    f->nlost = f->nunerased = 0;
}

void log_condemn(struct audit_log *log, enum audit_condition c, uint64_t first_bad, const char *fmt,
                 ...)
{
    va_list ap;
    pthread_mutex_lock(&log->queue);
    va_start(ap, fmt);
    (void)vsnprintf(log->detail, sizeof log->detail, fmt, ap);
    va_end(ap);
    log->condition = c;
    log->first_bad = first_bad;
    pthread_mutex_unlock(&log->queue);
}

/* ---- names and key ---- */

static int read_line_file(int dir_fd, const char *name, struct buf *out, struct reeve_error *err)
{
    int rc = fd_slurp(dir_fd, name, 1024, out, err);
    if (rc)
        return base_fail(err, REEVE_ESTATE, "the log's %s cannot be read; restore it from a backup",
                         name);
    if (out->len == 0 || out->data[out->len - 1] != '\n' ||
        memchr(out->data, '\n', out->len) != out->data + out->len - 1)
        return base_fail(err, REEVE_ESTATE, "the log's %s must hold one line", name);
    out->data[--out->len] = '\0';
    return 0;
}

/* After the keeper's first frame: it may have had a rotation to finish. */
static int read_key(struct audit_log *log, int dir_fd, struct reeve_error *err)
{
    int rc = read_line_file(dir_fd, AUDIT_VKEY_NAME, &log->vkey, err);
    if (rc)
        return rc;
    if (note_key_parse(buf_view(&log->vkey), &log->key, err) != 0)
        return base_fail(err, REEVE_EKEY, AUDIT_VKEY_NAME " holds no verifier key");
    if (!str_eq(log->key.name, buf_view(&log->origin)))
        return base_fail(err, REEVE_EKEY,
                         AUDIT_VKEY_NAME " is the key of %.*s, the log's name "
                                         "in " AUDIT_ORIGIN_NAME " is %s",
                         (int)log->key.name.n, log->key.name.p, log->origin.data);
    log->key.name = buf_view(&log->origin);
    return 0;
}

static int check_signature(struct audit_log *log, const struct keeper_state *state,
                           struct reeve_error *err)
{
    if (memcmp(state->public_key, log->key.pub, sizeof log->key.pub) != 0)
        return base_fail(err, REEVE_EKEY,
                         AUDIT_KEY_NAME
                         " is not the key of " AUDIT_VKEY_NAME
                         ": one of them was replaced; restore the pair from a backup");
    struct tree_edge edge = {.size = state->base_size, .n = state->nedge};
    memcpy(edge.node, state->edge, sizeof edge.node); /* which agrees with its root */
    for (uint32_t i = 0; state->committed && i < state->nleaves + state->nreleases; i++)
        tree_edge_append(&edge, state->leaf[i]);
    int rc = log_check_note(log, &edge, state->note, state->note_bytes, err);
    struct note_checkpoint c;
    if (rc == 0)
        rc = note_checkpoint_open((struct str){state->note, state->note_bytes}, &log->key, &c, err);
    if (rc == 0)
        log_adopt(log, &edge, state->note, state->note_bytes);
    return rc;
}

/* ---- what is done about what was found ---- */

/* The unacknowledged batch again: what the keeper wrote whole, the others as leaves without bytes.
 */
static int restore(struct audit_log *log, const struct keeper_state *state,
                   struct audit_found *found, struct reeve_error *err)
{
    struct log_rows rows = {
        .from = state->base_size, .n = state->nleaves + state->nreleases, .leaf = state->leaf};
    for (uint32_t i = 0; i < state->nreleases; i++)
        rows.record[state->nleaves + i] =
            (struct str){state->release[i].text, state->release[i].bytes};
    const struct keeper_rotation_record *rotation = &state->rotation;
    if (rotation->bytes)
        rows.record[rotation->seq - rows.from] = (struct str){rotation->text, rotation->bytes};
    int rc = log_db_write(&log->store.live, &rows, err);
    if (rc)
        return rc;
    for (uint32_t i = 0; i < rows.n; i++)
        tree_nodes_append(&log->nodes, &log->edge, state->leaf[i]);
    if (!found->restored_count)
        found->restored_from = rows.from;
    found->restored_count += rows.n; /* those of an earlier start end where these begin */
    size_t n = found->nlost + state->nreleases;
    uint64_t *lost = reallocarray(found->lost, n ? n : 1, sizeof *lost);
    if (!lost)
        return base_fail(err, REEVE_ENOMEM, "out of memory for the releases of a restored batch");
    found->lost = lost;
    for (uint32_t i = 0; i < state->nreleases; i++)
        lost[found->nlost++] = rows.from + state->nleaves + i;
    return 0;
}

static int settle(struct audit_log *log, int dir_fd, const struct keeper_state *state,
                  struct audit_found *found, struct str aside, struct reeve_error *err)
{
    uint64_t rows = log->edge.size;
    bool unacknowledged = !state->committed && rows == state->base_size && rows < state->size;
    if (rows < state->size && !unacknowledged) {
        log_condemn(log, AUDIT_TAIL_LOST, rows,
                    "the keeper signed for %" PRIu64 " records, " AUDIT_DB_NAME " has %" PRIu64,
                    state->size, rows);
        return 0;
    }
    int rc = log_aside(log, dir_fd, found, aside, err);
    if (rc == 0)
        rc = log_finish_erasures(log, found, err);
    if (rc == 0 && unacknowledged)
        rc = restore(log, state, found, err);
    if (rc || state->committed)
        return rc;
    /* The batch is in the database, for the first or the second time: the keeper may sign it. Its
     * releases get no tokens any more. */
    struct keeper_grants grants;
    rc = log_keeper_commit(log, &log->edge, 0, &grants, err);
    if (rc)
        return rc;
    if (state->rotation.bytes)
        log_adopt_key(log, state->rotation.public_key);
    log_adopt(log, &log->edge, grants.note, grants.note_bytes);
    return 0;
}

static int read_rows(struct audit_log *log, int dir_fd, const char *dir,
                     const struct keeper_state *state, struct audit_found *found,
                     struct reeve_error *err)
{
    enum database_found file;
    uint64_t acknowledged = state->committed ? state->size : state->base_size;
    int rc = log_store_open(&log->store, dir_fd, dir, acknowledged, false, &file, err);
    if (rc)
        return rc;
    if (file == DATABASE_UNREADABLE) {
        log_condemn(log, AUDIT_DAMAGED, log->store.live.first, "%s", err->message);
        return 0;
    }
    if (file == DATABASE_ABSENT) {
        log_condemn(log, AUDIT_TAIL_LOST, log->store.live.first,
                    AUDIT_DB_NAME " is missing or empty; the keeper signed for %" PRIu64 " records",
                    state->size);
        return 0;
    }
    auto_buf struct buf aside;
    buf_init(&aside, LOG_MAX_ASIDE_BYTES);
    rc = log_scan(log, state, found, &aside, err);
    if (rc || log->condition != AUDIT_OK)
        return rc;
    return settle(log, dir_fd, state, found, buf_view(&aside), err);
}

/* Without a head nothing says what was signed: rows, if any, are for reading only. */
static int read_headless(struct audit_log *log, int dir_fd, const char *dir,
                         struct reeve_error *err)
{
    enum database_found file;
    log_condemn(log, AUDIT_DAMAGED, 0, "%s", err->message);
    return log_store_open(&log->store, dir_fd, dir, 0, true, &file, err);
}

static int open_parts(struct audit_log *log, int dir_fd, const char *dir, struct audit_found *found,
                      struct reeve_error *err)
{
    auto_free struct keeper_state *state = calloc(1, sizeof *state);
    if (!state)
        return base_fail(err, REEVE_ENOMEM, "out of memory for the keeper's state");
    int rc = read_line_file(dir_fd, AUDIT_ORIGIN_NAME, &log->origin, err);
    if (rc)
        return rc;
    int said = log_keeper_state(log, state, err);
    if (said == 0 || said == REEVE_ESTATE)
        rc = read_key(log, dir_fd, err);
    if (rc)
        return rc;
    if (said == REEVE_ESTATE)
        return read_headless(log, dir_fd, dir, err);
    rc = said ? said : check_signature(log, state, err);
    return rc ? rc : read_rows(log, dir_fd, dir, state, found, err);
}

int audit_log_open(int dir_fd, const char *dir, int keeper_fd,
                   const struct audit_progress *progress, struct audit_log **out,
                   struct audit_found *found, struct reeve_error *err)
{
    struct reeve_error local;
    *out = NULL;
    *found = (struct audit_found){0};
    struct audit_log *log = calloc(1, sizeof *log);
    if (!log) {
        fd_close(&keeper_fd);
        return base_fail(err, REEVE_ENOMEM, "out of memory for a log");
    }
    (void)pthread_mutex_init(&log->queue, NULL);
    (void)pthread_mutex_init(&log->rows, NULL);
    (void)pthread_mutex_init(&log->rewriting, NULL);
    (void)pthread_cond_init(&log->committed, NULL);
    log->filling = &log->queues[0];
    log->keeper_fd = keeper_fd;
    log->progress = progress;
    tree_edge_init(&log->edge);
    int rc = open_parts(log, dir_fd, dir, found, err ? err : &local);
    log->progress = NULL;
    if (rc == 0)
        rc = log_open_plans(log, dir_fd, dir, err);
    if (rc) {
        audit_found_fini(found);
        audit_log_close(&log);
        return rc;
    }
    log->base = log->edge.size;
    /* What a crash left sealed, and nothing behind it. */
    if (log->condition == AUDIT_OK && log->base && log->store.live.first == log->base)
        log_open_queue(log->filling);
    found->condition = log->condition;
    found->first_bad = log->first_bad;
    memcpy(found->detail, log->detail, sizeof found->detail);
    *out = log;
    return 0;
}

void audit_log_close(struct audit_log **log)
{
    struct audit_log *l = *log;
    if (!l)
        return;
    log_store_close(&l->store, l->condition != AUDIT_OK);
    plans_close(&l->plans, l->condition != AUDIT_OK);
    fd_close(&l->keeper_fd);
    record_reader_fini(&l->reader);
    for (size_t i = 0; i < BASE_COUNT(l->queues); i++) {
        buf_fini(&l->queues[i].bytes);
        buf_fini(&l->queues[i].opening);
        plans_queue_fini(&l->queues[i].plans);
    }
    buf_fini(&l->nodes.roots);
    buf_fini(&l->origin);
    buf_fini(&l->vkey);
    (void)pthread_mutex_destroy(&l->queue);
    (void)pthread_mutex_destroy(&l->rows);
    (void)pthread_mutex_destroy(&l->rewriting);
    (void)pthread_cond_destroy(&l->committed);
    free(l);
    *log = NULL;
}
