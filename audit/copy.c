/*
 * The rows of a log's folder that no owner has open: a copy, a backup, evidence. Nothing is
 * written: what a WAL holds is read with it and left in it.
 */
#include "audit/log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

struct audit_copy {
    int dir_fd;
    struct log_store store;
    struct plans plans;
};

struct reading {
    audit_row_fn *fn;
    void *arg;
    bool malformed;
    int64_t at;
};

static int take_row(void *arg, const struct log_row *row)
{
    struct reading *r = arg;
    r->malformed = !row->well_formed;
    r->at = row->seq;
    return r->malformed || r->fn(r->arg, (uint64_t)row->seq, row->record, row->leaf);
}

static int read_rows(void *self, uint64_t from, uint64_t max, audit_row_fn *fn, void *arg,
                     struct reeve_error *err)
{
    struct audit_copy *copy = self;
    struct reading r = {.fn = fn, .arg = arg};
    if (from > INT64_MAX)
        return 0;
    int rc = log_store_scan(&copy->store, (int64_t)from, max, take_row, &r, err);
    if (rc == 0 && r.malformed)
        return base_fail(err, REEVE_EDAMAGED,
                         "row %" PRId64 " has another form than the log writes", r.at);
    return rc;
}

void audit_copy_close(struct audit_copy **copy)
{
    struct audit_copy *c = *copy;
    if (!c)
        return;
    log_store_close(&c->store, true);
    plans_close(&c->plans, true);
    fd_close(&c->dir_fd);
    free(c);
    *copy = NULL;
}

static int read_plan(void *self, const uint8_t digest[BASE_SHA256], struct buf *out,
                     struct reeve_error *err)
{
    struct audit_copy *copy = self;
    return plans_read(&copy->plans, digest, out, err);
}

static int open_db(struct audit_copy *c, const char *dir, struct reeve_error *err)
{
    enum database_found found;
    c->dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (c->dir_fd < 0)
        return base_fail_errno(err, errno == ENOENT ? REEVE_ENOENT : REEVE_EIO, errno, "%s", dir);
    int rc = log_store_open(&c->store, c->dir_fd, dir, 0, true, &found, err);
    if (rc)
        return rc;
    if (found == DATABASE_ABSENT && !c->store.segments.n)
        return base_fail(err, REEVE_ENOENT, "%s has no " AUDIT_DB_NAME, dir);
    if (found == DATABASE_UNREADABLE)
        return REEVE_EDAMAGED;
    return plans_open(&c->plans, c->dir_fd, dir, false, &found, err);
}

int audit_copy_open(const char *dir, struct audit_copy **out, struct audit_source *source,
                    struct reeve_error *err)
{
    *out = calloc(1, sizeof **out);
    if (!*out)
        return base_fail(err, REEVE_ENOMEM, "out of memory");
    (*out)->dir_fd = -1;
    int rc = open_db(*out, dir, err);
    if (rc)
        audit_copy_close(out);
    else
        *source = (struct audit_source){.read = read_rows,
                                        .plan = plans_are_there(&(*out)->plans) ? read_plan : NULL,
                                        .self = *out};
    return rc;
}

bool audit_copy_file(const struct audit_copy *copy, uint64_t first, uint64_t *last)
{
    const struct segments *s = &copy->store.segments;
    size_t at = segments_find(s, first);
    *last = at < s->n ? s->v[at].last : UINT64_MAX;
    return at < s->n ? s->v[at].first == first : first == copy->store.live.first;
}

int audit_copy_size(struct audit_copy *copy, uint64_t *size, struct reeve_error *err)
{
    return log_store_size(&copy->store, size, err);
}
