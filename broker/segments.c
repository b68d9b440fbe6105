/*
 * The files of the log over time: when one is old enough it ends, and when what is in one was kept
 * for as long as config.yaml says, the bytes of its records are taken away, by a thread of its own.
 * Plans that no record names any more go after them.
 */
#include "broker/internal.h"
#include "policy/value_time.h"

/* How often it is looked whether a time has come: ten times within the shortest. */
#define MAX_LOOK_NS (60 * BASE_NS_PER_S)
enum { LOOKS = 10, LOOK_FORWARD = 64 };

/* A record's time, at the end of its second: what is kept for a time is never kept shorter. */
static bool parse_time(struct str time, int64_t *ns)
{
    char second[] = "2026-01-01T00:00:00Z";
    if (time.n != BASE_RFC3339_MAX - 1)
        return false;
    memcpy(second, time.p, strlen(second) - 1);
    bool good = value_moment_parse(str_of(second), ns);
    *ns += BASE_NS_PER_S;
    return good;
}

/* The time of the first record from `seq` on that has one; false: none of the next few has. */
static bool time_from(struct owner *owner, uint64_t seq, int64_t *ns)
{
    uint64_t size = audit_log_size(owner->log);
    for (uint64_t i = seq; i < size && i < seq + LOOK_FORWARD; i++) {
        auto_json struct json_text t = {0};
        if (!owner_fetch(owner, i, &t))
            continue;
        struct str time = json_string_or(json_get(&t.doc, json_root(&t.doc), "time"), STR(""));
        if (parse_time(time, ns))
            return true;
    }
    return false;
}

/* What there is to look at: log.db, and the oldest file that has its bytes. */
struct files {
    struct audit_segment live, oldest;
    bool has_oldest;
};
static int take_file(void *arg, const struct audit_segment *s)
{
    struct files *f = arg;
    if (!s->sealed)
        f->live = *s;
    else if (!s->pruned && !f->has_oldest) {
        f->oldest = *s;
        f->has_oldest = true;
    }
    return 0;
}

static bool is_over(int64_t since_ns, int64_t ns)
{
    return base_now_ns() - since_ns >= ns;
}

/* ---- a file ends by its age ---- */

static void end_file(struct owner *owner, const struct audit_segment *live)
{
    int64_t since_ns, age_ns = owner->config.segment_ns;
    if (age_ns && live->last > live->first && live->last != UINT64_MAX &&
        time_from(owner, live->first, &since_ns) && is_over(since_ns, age_ns))
        audit_writer_want_seal(owner->writer);
}

/* ---- bytes that go ---- */

static void *clean(void *arg)
{
    struct owner *owner = arg;
    struct pruning *p = &owner->pruning;
    if (p->prunes)
        p->rc = audit_writer_await(owner->writer, p->recorded, &p->why);
    if (!p->rc && p->prunes)
        p->rc = audit_log_prune(owner->log, p->first, &p->why);
    if (!p->rc)
        p->rc = audit_sweep_mark(owner->log, &p->sweep, &p->why);
    atomic_store(&p->done, true);
    loop_wake(owner->loop);
    return NULL;
}

static int record_expired(struct owner *owner, const struct audit_segment *s, uint64_t *seq,
                          struct reeve_error *err)
{
    auto_buf struct buf b = {0};
    struct json_out o = {.b = &b};
    owner_record_open(owner, "expired", &o);
    json_kv_uint(&o, "from", s->first);
    json_kv_uint(&o, "to", s->last);
    json_kv_int(&o, "kept_s", owner->config.keep_ns / BASE_NS_PER_S);
    json_close_object(&o);
    return owner_append(owner, &b, seq, err);
}

static void begin(struct owner *owner)
{
    struct pruning *p = &owner->pruning;
    atomic_store(&p->done, false);
    p->rc = 0;
    p->running = base_thread(&p->thread, clean, owner) == 0;
}

/* The index has words of what goes: it is made anew when that is gone, whatever comes between.
 * What fails is tried again at the next look, and recorded again. */
static void begin_pruning(struct owner *owner, const struct audit_segment *s)
{
    struct pruning *p = &owner->pruning;
    p->prunes = true;
    p->first = s->first;
    p->last = s->last;
    if (owner_forget_index(owner, &p->why) == 0 &&
        record_expired(owner, s, &p->recorded, &p->why) == 0)
        begin(owner);
    if (!p->running)
        owner_start_index(owner);
}

static void prune_oldest(struct owner *owner, const struct files *f)
{
    int64_t ended_ns, keep_ns = owner->config.keep_ns;
    /* What comes after a file is not older than its last record. */
    if (keep_ns && f->has_oldest && time_from(owner, f->oldest.last + 1, &ended_ns) &&
        is_over(ended_ns, keep_ns))
        begin_pruning(owner, &f->oldest);
}

void owner_segments_stop(struct owner *owner)
{
    struct pruning *p = &owner->pruning;
    if (p->running)
        (void)pthread_join(p->thread, NULL);
    audit_sweep_fini(&p->sweep);
    p->running = p->sweeping = false;
}

static void tell_pruned(struct owner *owner)
{
    const struct pruning *p = &owner->pruning;
    unsigned long long first = p->first, last = p->last;
    if (p->rc)
        owner_event(owner, "records %llu to %llu are to go, and are there still: %s", first, last,
                    p->why.message);
    else
        owner_event(owner, "records %llu to %llu were kept for their time; their bytes are gone",
                    first, last);
}

/* The thread is through: what it marked is dropped from here on. */
static void finish_thread(struct owner *owner)
{
    struct pruning *p = &owner->pruning;
    (void)pthread_join(p->thread, NULL);
    p->running = false;
    p->sweeping = p->rc == 0;
    if (p->prunes) {
        owner_start_index(owner);
        tell_pruned(owner);
    } else if (p->rc) {
        owner_event(owner, "plans that nothing names are there still: %s", p->why.message);
    }
    p->prunes = false;
    if (!p->sweeping)
        audit_sweep_fini(&p->sweep);
}

/* A few plans a turn of the loop. */
static void drop_plans(struct owner *owner)
{
    enum { PLANS_A_TURN = 64 };
    struct pruning *p = &owner->pruning;
    bool done;
    int rc = audit_sweep_drop(owner->log, &p->sweep, PLANS_A_TURN, &done, &p->why);
    if (rc)
        owner_event(owner, "plans that nothing names are there still: %s", p->why.message);
    if (!rc && !done)
        return;
    p->sweeping = false;
    if (!rc && p->sweep.more)
        begin(owner);
    else
        audit_sweep_fini(&p->sweep);
    owner->look_at_ns = base_boottime_ns(); /* another file may be due */
}

static int64_t look_ns(const struct config *c)
{
    int64_t ns = MAX_LOOK_NS;
    if (c->segment_ns && c->segment_ns / LOOKS < ns)
        ns = c->segment_ns / LOOKS;
    if (c->keep_ns && c->keep_ns / LOOKS < ns)
        ns = c->keep_ns / LOOKS;
    return ns;
}

/* What is under way goes on, or what is wanted begins. */
static void go_on(struct owner *owner)
{
    struct pruning *p = &owner->pruning;
    if (p->running && atomic_load(&p->done))
        finish_thread(owner);
    if (p->sweeping)
        drop_plans(owner);
    if (p->running || p->sweeping || !owner->sweep_wanted)
        return;
    owner->sweep_wanted = false;
    begin(owner);
}

int owner_segments_tick(struct owner *owner)
{
    struct files f = {0};
    if (!owner_can_write(owner) || owner->fallen)
        return -1;
    go_on(owner);
    if (owner->pruning.running || owner->pruning.sweeping)
        return owner->pruning.sweeping ? 0 : -1;
    if (!owner->config.segment_ns && !owner->config.keep_ns)
        return -1;
    int left = base_ms_until(owner->look_at_ns);
    if (left > 0)
        return left;
    owner->look_at_ns = base_boottime_ns() + look_ns(&owner->config);
    if (audit_log_segments(owner->log, take_file, &f, NULL) == 0) {
        end_file(owner, &f.live);
        prune_oldest(owner, &f);
    }
    return base_ms_until(owner->look_at_ns);
}

/* ---- what clients ask ---- */

static int put_file(void *arg, const struct audit_segment *s)
{
    struct json_out *o = arg;
    json_open_object(o);
    json_kv_uint(o, "first", s->first);
    json_kv_uint(o, "records", s->last + 1 - s->first);
    json_kv_uint(o, "bytes", s->bytes);
    json_kv_bool(o, "sealed", s->sealed);
    json_kv_bool(o, "pruned", s->pruned);
    json_close_object(o);
    return 0;
}

void segments_json(struct owner *owner, struct buf *out)
{
    struct json_out o = {.b = out};
    json_open_array(&o);
    if (audit_log_segments(owner->log, put_file, &o, NULL) != 0)
        out->failed = true;
    json_close_array(&o);
}

int owner_seal(struct owner *owner, struct buf *out, struct reeve_error *err)
{
    struct json_out o = {.b = out};
    uint64_t seq;
    if (!owner_can_write(owner))
        return owner_cannot_write(owner, err);
    int rc = audit_writer_seal(owner->writer, &seq, err);
    (void)owner_journal_tick(owner);
    if (rc)
        return rc;
    json_open_object(&o);
    json_kv_uint(&o, "seq", seq);
    json_close_object(&o);
    return 0;
}
