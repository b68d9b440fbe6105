/*
 * The owner's pen: records go to the log's writer, and when they are durable warrants are handed
 * out and runs answered. The only file of broker/ that appends.
 */
#include <stdio.h>
#include <unistd.h>

#include "broker/internal.h"

#include "audit/index.h"

/* When it was made, and by whom. */
static void put_stamp(const struct owner *owner, int64_t now_ns, struct json_out *o)
{
    char time[BASE_RFC3339_MAX];
    base_rfc3339(now_ns, time);
    json_kv_str(o, "time", str_of(time));
    json_key(o, "boot_ns");
    json_int(o, base_boottime_ns());
    json_kv_str(o, "owner", str_of(owner->instance));
    json_kv_str(o, "grade", STR("embedded"));
}

static void open_at(struct owner *owner, const char *type, int64_t now_ns, struct json_out *o)
{
    json_open_object(o);
    json_kv_str(o, "type", str_of(type));
    put_stamp(owner, now_ns, o);
}

/* Of the writer's thread: what a file begins with is made when the one before is sealed. */
static void put_stamp_now(void *arg, struct json_out *o)
{
    put_stamp(arg, base_now_ns(), o);
}

/* Records of ends that can come while no batch lands: of each run one, and one that refuses it. */
enum { RESERVE = 2 * OWNER_MAX_RUNS };

void owner_make_room(struct owner *owner)
{
    if (owner->writer && !owner->log_failing)
        (void)audit_writer_await_room(owner->writer, RESERVE + 1, 1, NULL);
}

bool owner_can_write(const struct owner *owner)
{
    return owner->writer && !owner->log_failing && !owner->log_tight;
}

int owner_cannot_write(const struct owner *owner, struct reeve_error *err)
{
    if (!owner->log_failing)
        return base_fail(err, REEVE_EIO,
                         "the disk of %s is full but for what is kept to record what runs; nothing "
                         "is decided until there is room",
                         owner->dir);
    return base_fail(
        err, REEVE_EIO,
        "the log cannot be written (%s); nothing is decided until it can; make room or "
        "mend the disk of %s, it is tried again by itself",
        owner->log_why, owner->dir);
}

/* The record in its canonical form, with its sequence. */
static int put_record(void *arg, uint64_t seq, struct buf *out, struct reeve_error *err)
{
    struct str body = *(const struct str *)arg; /* an object that is not empty */
    auto_buf struct buf text = {0}, canonical = {.max = AUDIT_MAX_RECORD};
    struct reeve_error why = {0};
    buf_printf(&text, "{\"seq\":%llu,", (unsigned long long)seq);
    buf_put(&text, body.p + 1, body.n - 1);
    int rc = text.failed ? REEVE_ENOMEM : json_canonicalise(buf_view(&text), &canonical, &why);
    if (canonical.failed)
        return base_fail(err, REEVE_EFORMAT, "a record is longer than %u bytes", AUDIT_MAX_RECORD);
    if (rc)
        return base_fail(err, rc, "a record cannot be read: %s", why.message);
    buf_str(out, buf_view(&canonical));
    return 0;
}

static int append(struct owner *owner, const struct buf *json, uint64_t *seq,
                  struct reeve_error *err)
{
    struct str body = buf_view(json);
    if (json->failed)
        return base_fail(err, REEVE_ENOMEM, "out of memory for a record");
    return audit_writer_append(owner->writer, put_record, &body, false, seq, err);
}

/* The order of records is that of their sequences; a clock that was put back is told before the
 * next one, so that nobody has to guess. */
static void tell_clock(struct owner *owner, int64_t now_ns)
{
    char now[BASE_RFC3339_MAX];
    auto_buf struct buf b = {0};
    struct json_out o = {.b = &b};
    uint64_t seq;
    base_rfc3339(now_ns, now); /* of one width: as texts they compare as times do */
    if (strcmp(now, owner->last_time) < 0) {
        open_at(owner, "clock", now_ns, &o);
        json_kv_str(&o, "before", str_of(owner->last_time));
        json_close_object(&o);
        if (!owner->writer || append(owner, &b, &seq, NULL) != 0)
            return; /* the next one tries again */
        owner_event(owner, "the clock went back, from %s", owner->last_time);
    }
    memcpy(owner->last_time, now, sizeof now);
}

void owner_record_open(struct owner *owner, const char *type, struct json_out *o)
{
    int64_t now_ns = base_now_ns();
    tell_clock(owner, now_ns);
    open_at(owner, type, now_ns, o);
}

int owner_append(struct owner *owner, const struct buf *json, uint64_t *seq,
                 struct reeve_error *err)
{
    if (!owner->writer)
        return base_fail(err, REEVE_EHELPERS, "the log is closed: keeper or launcher ended");
    return append(owner, json, seq, err);
}

int owner_append_of(struct owner *owner, struct reeve_run *run,
                    void (*record)(struct reeve_run *, struct buf *, bool brief), uint64_t *seq,
                    struct reeve_error *err)
{
    for (int brief = 0; brief < 2; brief++) {
        auto_buf struct buf text = {0};
        record(run, &text, brief != 0);
        struct reeve_error why = {0};
        int rc = owner_append(owner, &text, seq, &why);
        if (rc)
            (void)base_fail(err, rc == REEVE_EFORMAT ? REEVE_EINTERNAL : rc, "%s", why.message);
        if (rc != REEVE_EFORMAT)
            return rc;
    }
    return REEVE_EINTERNAL;
}

void owner_hurry(struct owner *owner)
{
    if (owner->writer)
        audit_writer_hurry(owner->writer);
}

/* What waits for the disk longer than this is told so by the loop. */
static int await_all(struct owner *owner, struct reeve_error *err)
{
    uint64_t next = owner->writer ? audit_log_next(owner->log) : 0;
    return next ? audit_writer_await(owner->writer, next - 1, err) : 0;
}

void owner_settle(struct owner *owner)
{
    if (!owner->log_failing)
        (void)await_all(owner, NULL);
    (void)owner_journal_tick(owner);
}

int owner_keep_plan(struct owner *owner, struct reeve_run *run, struct reeve_error *err)
{
    if (!run->plan.len || !owner->writer) /* appending fails then */
        return 0;
    run->plan_masked = record_hides(run);
    return run->plan_masked
               ? 0
               : audit_log_plan(owner->log, run->plan_sha256, buf_view(&run->plan), err);
}

int owner_release(struct owner *owner, struct reeve_run *run, struct reeve_error *err)
{
    if (owner->nreleasing == BASE_COUNT(owner->releasing))
        return base_fail(err, REEVE_EBUSY, "too many runs wait for their release");
    int rc = audit_writer_release(owner->writer, run->decision_seq, run->plan_sha256,
                                  base_boottime_ns() + OWNER_WARRANT_NS, err);
    if (!rc)
        owner->releasing[owner->nreleasing++] = run;
    return rc;
}

/* ---- what became durable goes on ---- */

/* Warrants to their runs, which asked for them first. */
static void release_runs(struct owner *owner, const struct token *tokens, size_t n)
{
    struct reeve_run *released[KEEPER_MAX_RELEASES];
    memcpy(released, owner->releasing, n * sizeof *released);
    owner->nreleasing -= (unsigned)n;
    memmove(owner->releasing, owner->releasing + n, owner->nreleasing * sizeof *released);
    for (size_t i = 0; i < n; i++)
        run_release(released[i], &tokens[i]);
}

static void answer_runs(struct owner *owner, uint64_t durable)
{
    for (struct reeve_run *run = owner->runs, *next; run; run = next) {
        next = run->next;
        if (run->state == RUN_ENDING && run->end_seq < durable)
            run_answer(run);
    }
}

/* Nobody waits for a disk for ever. */
static void give_up(struct owner *owner)
{
    for (struct reeve_run *run = owner->runs, *next; run; run = next) {
        next = run->next;
        run_give_up(run);
    }
}

/* The log is not what this owner wrote: from now on only reading is served. */
static void condemn(struct owner *owner)
{
    struct audit_head head;
    audit_log_head(owner->log, &head);
    owner->found.condition = head.condition;
    owner->found.first_bad = head.first_bad;
    (void)snprintf(owner->found.detail, sizeof owner->found.detail, "%s", head.why);
}

/* Milliseconds until whoever waits is told. */
static int take_failure(struct owner *owner, const struct audit_news *news)
{
    if (!owner->log_failing) {
        owner_event(owner, "the log cannot be written: %s", news->why.message);
        owner->failing_since_ns = base_boottime_ns();
    }
    (void)snprintf(owner->log_why, sizeof owner->log_why, "%s", news->why.message);
    owner->log_failing = true;
    owner->fallen =
        owner->fallen || news->failing == REEVE_EHELPERS || news->failing == REEVE_EPROTO;
    if (news->failing == REEVE_EDAMAGED && owner->found.condition == AUDIT_OK)
        condemn(owner);
    int left = base_ms_until(owner->failing_since_ns + OWNER_GIVE_UP_NS);
    if (left == 0)
        give_up(owner);
    return left ? left : -1;
}

int owner_journal_tick(struct owner *owner)
{
    struct audit_news news;
    bool more = owner->writer && !owner->fallen;
    int wait = -1;
    while (more) {
        more = audit_writer_collect(owner->writer, &news);
        if (news.tight && !owner->log_tight)
            owner_event(owner, "the disk of %s is full: what runs is recorded, nothing new begins",
                        owner->dir);
        if (owner->indexer && news.tight != owner->log_tight)
            audit_indexer_pause(owner->indexer, news.tight);
        owner->log_tight = news.tight;
        answer_runs(owner, news.durable);
        if (owner->indexer && news.durable > owner->durable)
            audit_indexer_wake(owner->indexer);
        owner->durable = news.durable;
        release_runs(owner, news.token, news.ntokens);
        if (news.failing)
            wait = take_failure(owner, &news);
        else
            owner->log_failing = false;
    }
    return wait;
}

/* ---- the first records of an owner ---- */

static int append_open(struct owner *owner, struct json_out *o, struct reeve_error *err)
{
    uint64_t seq;
    json_close_object(o);
    return owner_append(owner, o->b, &seq, err);
}

static int record_start(struct owner *owner, struct reeve_error *err)
{
    char boot[BASE_BOOT_ID_MAX];
    auto_buf struct buf b = {0};
    struct json_out o = {.b = &b};
    base_boot_id(boot);
    owner_record_open(owner, "start", &o);
    json_kv_str(&o, "version", str_of(reeve_version()));
    json_kv_str(&o, "boot", str_of(boot));
    json_kv_int(&o, "pid", getpid());
    json_kv_int(&o, "uid", owner->uid);
    json_kv_str(&o, "kind", owner->options.embedded ? STR("embedded") : STR("reeved"));
    json_kv_digest(&o, "policy", policy_image_digest(owner->image));
    json_kv_digest(&o, "policy_source", policy_image_source_digest(owner->image));
    if (owner->config.image[0])
        json_kv_digest(&o, "policy_image", owner->policy_bytes);
    json_kv_digest(&o, "rules", core_rules_digest);
    owner_put_mask_key(owner, &o);
    return append_open(owner, &o, err);
}

static int record_range(struct owner *owner, const char *type, uint64_t from, uint64_t count,
                        bool beyond_crash, struct reeve_error *err)
{
    if (!count)
        return 0;
    auto_buf struct buf b = {0};
    struct json_out o = {.b = &b};
    owner_record_open(owner, type, &o);
    json_kv_uint(&o, "from", from);
    json_kv_uint(&o, "to", from + count - 1);
    if (beyond_crash)
        json_kv_bool(&o, "beyond_crash", true);
    owner_event(owner, "%s: records %llu to %llu%s", type, (unsigned long long)from,
                (unsigned long long)(from + count - 1),
                beyond_crash ? ", more than one crash leaves" : "");
    return append_open(owner, &o, err);
}

static int keep_row(void *arg, uint64_t seq, struct str record, const uint8_t leaf[BASE_SHA256])
{
    (void)seq;
    (void)leaf;
    buf_str(arg, record);
    return 1;
}

bool owner_fetch(struct owner *owner, uint64_t seq, struct json_text *out)
{
    auto_buf struct buf text = {.max = AUDIT_MAX_RECORD};
    *out = (struct json_text){0};
    return audit_log_read(owner->log, seq, 1, keep_row, &text, NULL) == 0 && text.len &&
           json_text_parse(buf_view(&text), out, NULL) == 0;
}

static void copy_strings(struct json_out *o, const struct json_text *from,
                         const struct json_node *object, const char *const keys[], size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct json_node *v = json_get(&from->doc, object, keys[i]);
        if (v && v->type == JSON_STRING)
            json_kv_str(o, keys[i], v->s);
    }
}

/* What an end repeats of its decision's record, so that it is found by whom and what it is about.
 */
static void copy_decision(struct json_out *o, const struct json_text *d)
{
    static const char *const from_request[] = {"subject", "capability"};
    static const char *const from_decision[] = {"rule", "policy", "policy_source"};
    static const char *const from_record[] = {"provider", "enforced_by"};
    const struct json_node *root = json_root(&d->doc);
    const struct json_node *program = json_get(&d->doc, root, "program");
    const struct json_node *kept = json_get(&d->doc, root, "plan_kept");
    if (kept && kept->type == JSON_FALSE)
        json_kv_bool(o, "plan_kept", false);
    copy_strings(o, d, json_get(&d->doc, root, "request"), from_request, BASE_COUNT(from_request));
    copy_strings(o, d, json_get(&d->doc, root, "decision"), from_decision,
                 BASE_COUNT(from_decision));
    copy_strings(o, d, root, from_record, BASE_COUNT(from_record));
    if (program) {
        auto_buf struct buf text = {.max = AUDIT_MAX_RECORD};
        json_canonical(&d->doc, program, &text);
        json_key(o, "program");
        json_raw(o, text.failed ? STR("null") : buf_view(&text));
    }
}

/* The end of a release that has none: it may have run, it is never run again. */
static int record_lost(struct owner *owner, uint64_t release, struct reeve_error *err)
{
    static const char *const from_release[] = {"plan"};
    auto_json struct json_text r = {0}, d = {0};
    auto_buf struct buf b = {0};
    struct json_out o = {.b = &b};
    owner_record_open(owner, "end", &o);
    json_kv_uint(&o, "release", release);
    if (owner_fetch(owner, release, &r)) {
        const struct json_node *decision = json_get(&r.doc, json_root(&r.doc), "decision");
        copy_strings(&o, &r, json_root(&r.doc), from_release, BASE_COUNT(from_release));
        if (decision && decision->type == JSON_INT && decision->i >= 0) {
            json_kv_int(&o, "decision", decision->i);
            if (owner_fetch(owner, (uint64_t)decision->i, &d))
                copy_decision(&o, &d);
        }
    }
    json_key(&o, "outcome");
    json_open_object(&o);
    json_kv_str(&o, "how", STR("lost"));
    json_close_object(&o);
    owner_event(owner, "the run of release %llu is closed as lost", (unsigned long long)release);
    return append_open(owner, &o, err);
}

static void on_news(void *arg)
{
    struct owner *owner = arg;
    loop_wake(owner->loop);
}

/* The last record that has a time: the keeper's have none, and after a crash some have no bytes. */
static void find_last_time(struct owner *owner)
{
    enum { LOOK_BACK = 2 * KEEPER_MAX_RELEASES };
    uint64_t size = audit_log_size(owner->log);
    memset(owner->last_time, 0, sizeof owner->last_time);
    for (uint64_t i = 1; i <= size && i <= LOOK_BACK && !owner->last_time[0]; i++) {
        auto_json struct json_text t = {0};
        if (!owner_fetch(owner, size - i, &t))
            continue;
        struct str time = json_string_or(json_get(&t.doc, json_root(&t.doc), "time"), STR(""));
        if (time.n == BASE_RFC3339_MAX - 1)
            memcpy(owner->last_time, time.p, time.n);
    }
}

void owner_start_index(struct owner *owner)
{
    if (audit_indexer_start(owner->log, owner->dir, &owner->indexer, &owner->index_why) != 0)
        owner_event(owner, "no index: %s", owner->index_why.message);
}

int owner_journal_start(struct owner *owner, struct reeve_error *err)
{
    const struct audit_found *f = &owner->found;
    const struct audit_writer_options options = {.batch_ns = owner->config.batch_ns,
                                                 .retry_ns = OWNER_RETRY_NS,
                                                 .dir_fd = owner->dir_fd,
                                                 .ballast_bytes = OWNER_BALLAST_BYTES,
                                                 .news = on_news,
                                                 .arg = owner};
    const struct audit_segmenting segmenting = {
        .max_bytes = owner->config.segment_bytes, .put = put_stamp_now, .arg = owner};
    audit_log_segmenting(owner->log, &segmenting);
    int rc = audit_writer_start(owner->log, &options, &owner->writer, err);
    if (!rc)
        find_last_time(owner);
    if (!rc)
        rc = record_start(owner, err);
    if (!rc)
        rc = record_range(owner, "unacknowledged", f->restored_from, f->restored_count, false, err);
    if (!rc)
        rc = record_range(owner, "unsigned", f->unsigned_from, f->unsigned_count,
                          f->unsigned_beyond_crash, err);
    owner->sweep_wanted = f->nunerased > 0 || f->has_gone;
    /* What was to be erased is erased from the log; the index has it still. */
    if (!rc && f->nunerased)
        rc = audit_index_remove(owner->dir, err);
    if (!rc)
        owner_start_index(owner);
    for (size_t i = 0; !rc && i < f->nlost; i++) {
        owner_make_room(owner);
        rc = record_lost(owner, f->lost[i], err);
    }
    if (!rc)
        rc = await_all(owner, err);
    return rc ? rc : owner_record_loss(owner, err);
}
