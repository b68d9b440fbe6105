/* The public functions that read and prove the log, and those that ask the owner about itself. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/audit.h"
#include "audit/index.h"
#include "audit/note.h"
#include "broker/api.h"
#include "core/json.h"

enum { VKEY_MAX = 512 };

static int question(struct reeve *r, enum wire_type type, struct str payload, char **text,
                    struct reeve_error *err)
{
    struct client c;
    struct str answer;
    *text = NULL;
    int rc = api_connect(r, &c, err);
    if (rc)
        return rc;
    rc = client_ask(&c, type, payload, &answer, err);
    if (!rc && !(*text = str_dup(answer)))
        rc = base_fail(err, REEVE_ENOMEM, "out of memory");
    return api_finish(r, &c, rc);
}

int reeve_status(struct reeve *handle, char **json, struct reeve_error *err)
{
    return question(handle, WIRE_ASK, STR("status"), json, err);
}

int reeve_providers(struct reeve *handle, char **json, struct reeve_error *err)
{
    return question(handle, WIRE_ASK, STR("providers"), json, err);
}

int reeve_receipt(struct reeve *handle, uint64_t seq, char **text, struct reeve_error *err)
{
    auto_buf struct buf payload = {.max = 16};
    buf_u64le(&payload, seq);
    return question(handle, WIRE_RECEIPT, buf_view(&payload), text, err);
}

/* ---- rows ---- */

/* One slice: rows go to `fn`, `*next` is where the next one begins. `*stopped`: `fn` wanted no
 * more. */
static int read_slice(struct client *c, uint64_t from, uint64_t max, audit_row_fn *fn, void *arg,
                      uint64_t *next, bool *stopped, struct reeve_error *err)
{
    auto_buf struct buf payload = {.max = 16};
    buf_u64le(&payload, from);
    buf_u64le(&payload, max);
    int rc = client_send(c, WIRE_READ, buf_view(&payload), STR(""), err);
    while (!rc) {
        uint8_t type;
        struct str row;
        rc = client_recv(c, -1, &type, &row, err);
        if (rc)
            return rc;
        if (type == WIRE_ROWS_END && row.n == 8) {
            *next = base_get_u64le(row.p);
            return 0;
        }
        if (type != WIRE_ROW || row.n < 41)
            return base_fail(err, REEVE_EPROTO, "the owner sent frame %u where a row was due",
                             type);
        struct str record = {row.p[40] ? row.p + 41 : NULL, row.n - 41};
        if (!*stopped)
            *stopped = fn(arg, base_get_u64le(row.p), record, (const uint8_t *)row.p + 8) != 0;
    }
    return rc;
}

/* audit_source over the wire. */
static int read_rows(void *self, uint64_t from, uint64_t max, audit_row_fn *fn, void *arg,
                     struct reeve_error *err)
{
    struct client c;
    bool stopped = false;
    int rc = api_connect(self, &c, err);
    if (rc)
        return rc;
    while (!rc && max && !stopped) {
        uint64_t next = from;
        rc = read_slice(&c, from, max, fn, arg, &next, &stopped, err);
        if (rc || next <= from)
            break;
        max -= next - from < max ? next - from : max;
        from = next;
    }
    return api_finish(self, &c, rc);
}

struct to_record {
    int (*fn)(void *arg, const struct reeve_record *record);
    void *arg;
};

static int give_record(void *arg, uint64_t seq, struct str record, const uint8_t leaf[BASE_SHA256])
{
    struct to_record *to = arg;
    struct reeve_record out = {.size = sizeof out,
                               .seq = seq,
                               .json = record.p,
                               .json_len = record.p ? record.n : 0,
                               .leaf = leaf};
    return to->fn(to->arg, &out);
}

int reeve_records(struct reeve *handle, uint64_t from, uint64_t max,
                  int (*fn)(void *arg, const struct reeve_record *record), void *arg,
                  struct reeve_error *err)
{
    struct to_record to = {fn, arg};
    return read_rows(handle, from, max, give_record, &to, err);
}

/* ---- query ---- */

struct kept {
    uint64_t seq;
    char *json;
    size_t len;
    uint8_t leaf[BASE_SHA256];
};
struct query {
    struct reeve *handle;
    struct audit_query q;
    uint64_t limit;
    struct to_record to;
    struct kept *ring; /* the last `limit` matches */
    uint64_t count;
    bool failed, stopped;
};

static int on_row(void *arg, uint64_t seq, struct str record, const uint8_t leaf[BASE_SHA256])
{
    struct query *s = arg;
    if (!audit_query_matches(&s->q, record))
        return 0;
    if (!s->ring) {
        s->stopped = give_record(&s->to, seq, record, leaf) != 0;
        return s->stopped;
    }
    struct kept *k = &s->ring[s->count++ % s->limit];
    free(k->json);
    *k = (struct kept){.seq = seq, .len = record.n, .json = record.p ? str_dup(record) : NULL};
    memcpy(k->leaf, leaf, sizeof k->leaf);
    s->failed = record.p && !k->json;
    return s->failed;
}

static void give_kept(struct query *s)
{
    uint64_t limit = s->limit, from = s->count > limit ? s->count - limit : 0;
    int stop = 0;
    for (uint64_t i = from; i < s->count && !stop; i++) {
        const struct kept *k = &s->ring[i % limit];
        stop = give_record(&s->to, k->seq, (struct str){k->json, k->len}, k->leaf);
    }
}

/* ---- by way of the index ---- */

enum { PAGE = 1024 };

static int read_one(struct query *s, uint64_t seq, struct reeve_error *err)
{
    return read_rows(s->handle, seq, 1, on_row, s, err);
}

/* All that the index names, in order. */
static int give_found(struct query *s, struct audit_index *index, uint64_t from, uint64_t through,
                      struct reeve_error *err)
{
    uint64_t page[PAGE];
    size_t n = PAGE;
    int rc = 0;
    while (!rc && !s->stopped && n == PAGE) {
        rc = audit_index_find(index, &s->q, from, through, false, page, PAGE, &n, err);
        for (size_t i = 0; !rc && !s->stopped && i < n; i++)
            rc = read_one(s, page[i], err);
        from = n ? page[n - 1] + 1 : through;
    }
    return rc;
}

/* As many of the last ones as are wanted, read in order into the ring. */
static int keep_found(struct query *s, struct audit_index *index, uint64_t from, uint64_t through,
                      struct reeve_error *err)
{
    size_t n = 0;
    auto_free uint64_t *last = calloc(s->limit, sizeof *last);
    if (!last)
        return base_fail(err, REEVE_ENOMEM, "out of memory");
    int rc = audit_index_find(index, &s->q, from, through, true, last, s->limit, &n, err);
    while (!rc && n > 0)
        rc = read_one(s, last[--n], err);
    return rc;
}

static int run_query(struct query *s, struct audit_index *index, uint64_t from,
                     struct reeve_error *err)
{
    uint8_t leaf[BASE_SHA256];
    uint64_t through = index ? audit_index_through(index, leaf) : 0;
    int rc = 0;
    if (index && from < through)
        rc = s->ring ? keep_found(s, index, from, through, err)
                     : give_found(s, index, from, through, err);
    if (!rc && !s->stopped)
        rc = read_rows(s->handle, from > through ? from : through, UINT64_MAX, on_row, s, err);
    if (!rc && s->failed)
        rc = base_fail(err, REEVE_ENOMEM, "out of memory");
    if (!rc && s->ring)
        give_kept(s);
    return rc;
}

/* A database that another user wrote is not opened in this process, whatever it is good for. */
static bool is_own(const char *dir)
{
    struct stat st;
    return stat(dir, &st) == 0 && st.st_uid == geteuid();
}

/* An index that cannot be asked is as good as none. */
static struct audit_index *find_index(struct reeve *r, const struct audit_query *q)
{
    struct audit_index *index = NULL;
    uint64_t seq;
    size_t n;
    auto_buf struct buf origin = {.max = 1024};
    auto_buf struct buf path = {0};
    buf_printf(&path, "%s/" AUDIT_ORIGIN_NAME, r->dir);
    if (path.failed || !is_own(r->dir) || fd_slurp(AT_FDCWD, path.data, 1024, &origin, NULL) != 0 ||
        !origin.len)
        return NULL;
    audit_index_look(r->dir, (struct str){origin.data, origin.len - 1}, &index);
    if (index && audit_index_find(index, q, 0, 0, false, &seq, 1, &n, NULL) != 0)
        audit_index_close(&index);
    return index;
}

static struct str given(const char *text)
{
    return text ? str_of(text) : (struct str){NULL, 0};
}

static struct audit_query asked_of(const struct reeve_query *q)
{
    return (struct audit_query){.is = {[AUDIT_COLUMN_SUBJECT] = given(q->subject),
                                       [AUDIT_COLUMN_CAPABILITY] = given(q->capability),
                                       [AUDIT_COLUMN_EFFECT] = given(q->effect),
                                       [AUDIT_COLUMN_TYPE] = given(q->type),
                                       [AUDIT_COLUMN_RULE] = given(q->rule),
                                       [AUDIT_COLUMN_PLAN] = given(q->plan)},
                                .since = given(q->since),
                                .until = given(q->until),
                                .text = given(q->text)};
}

int reeve_query(struct reeve *handle, const struct reeve_query *query,
                int (*fn)(void *arg, const struct reeve_record *record), void *arg,
                struct reeve_error *err)
{
    enum { LIMIT_MAX = 100000 };
    struct reeve_query q = {0};
    if (!query || query->size > sizeof q || query->limit > LIMIT_MAX)
        return base_fail(err, REEVE_EINVAL, "a query's limit is at most %d", LIMIT_MAX);
    memcpy(&q, query, query->size);
    struct query s = {.handle = handle, .q = asked_of(&q), .limit = q.limit, .to = {fn, arg}};
    int rc = audit_query_check(&s.q, err);
    if (rc)
        return rc;
    if (q.limit && !(s.ring = calloc(q.limit, sizeof *s.ring)))
        return base_fail(err, REEVE_ENOMEM, "out of memory");
    struct audit_index *index = q.scan ? NULL : find_index(handle, &s.q);
    rc = run_query(&s, index, q.from, err);
    audit_index_close(&index);
    for (uint64_t i = 0; s.ring && i < q.limit; i++)
        free(s.ring[i].json);
    free(s.ring);
    return rc;
}

int reeve_reindex(struct reeve *handle, struct reeve_error *err)
{
    auto_free char *answer = NULL;
    return question(handle, WIRE_ASK, STR("reindex"), &answer, err);
}

/* ---- verify ---- */

static bool condition_of(struct str name, enum audit_condition *out)
{
    for (int i = 0; audit_condition_name((enum audit_condition)i); i++)
        if (str_is(name, audit_condition_name((enum audit_condition)i))) {
            *out = (enum audit_condition)i;
            return true;
        }
    return false;
}

/* The folder's own verifier key, from its file: not from the owner, whose word is being checked. */
static int own_key(struct reeve *r, char out[VKEY_MAX], struct reeve_error *err)
{
    auto_buf struct buf text = {.max = VKEY_MAX};
    auto_free char *path = NULL;
    struct buf p = {.max = 4096 + 64};
    buf_printf(&p, "%s/%s", r->dir, AUDIT_VKEY_NAME);
    path = buf_take(&p, NULL);
    int rc = path ? fd_slurp(AT_FDCWD, path, VKEY_MAX - 1, &text, err)
                  : base_fail(err, REEVE_ENOMEM, "out of memory");
    while (!rc && text.len && (text.data[text.len - 1] == '\n' || text.data[text.len - 1] == ' '))
        text.data[--text.len] = '\0';
    if (!rc)
        (void)snprintf(out, VKEY_MAX, "%s", text.data ? text.data : "");
    return rc;
}

static int give_text(struct str s, char **out, struct reeve_error *err)
{
    *out = str_dup(s);
    return *out ? 0 : base_fail(err, REEVE_ENOMEM, "out of memory");
}

int reeve_vkey(struct reeve *handle, char **vkey, struct reeve_error *err)
{
    char own[VKEY_MAX];
    if (!vkey)
        return base_fail(err, REEVE_EINVAL, "reeve_vkey needs a place for the key");
    *vkey = NULL;
    int rc = own_key(handle, own, err);
    return rc ? rc : give_text(str_of(own), vkey, err);
}

int reeve_checkpoint(struct reeve *handle, char **note, struct reeve_error *err)
{
    auto_free char *text = NULL;
    auto_json struct json_text t = {0};
    if (!note)
        return base_fail(err, REEVE_EINVAL, "reeve_checkpoint needs a place for the checkpoint");
    *note = NULL;
    int rc = question(handle, WIRE_ASK, STR("head"), &text, err);
    if (!rc)
        rc = json_text_parse(str_of(text), &t, err);
    if (rc)
        return rc;
    struct str found = json_string_or(json_get(&t.doc, json_root(&t.doc), "note"), STR(""));
    if (!found.n)
        return base_fail(err, REEVE_EDAMAGED, "the log has no signed checkpoint");
    return give_text(found, note, err);
}

static int prove(struct reeve *handle, enum audit_prove what, uint64_t index, uint64_t size,
                 char **json, struct reeve_error *err)
{
    auto_buf struct buf asked = {.max = 32};
    if (!json)
        return base_fail(err, REEVE_EINVAL, "a proof needs a place");
    *json = NULL;
    buf_byte(&asked, (uint8_t)what);
    buf_u64le(&asked, index);
    buf_u64le(&asked, size);
    return question(handle, WIRE_PROVE, buf_view(&asked), json, err);
}

int reeve_prove(struct reeve *handle, uint64_t index, uint64_t size, char **json,
                struct reeve_error *err)
{
    return prove(handle, AUDIT_PROVE_RECORD, index, size, json, err);
}

int reeve_prove_consistency(struct reeve *handle, uint64_t index, uint64_t size, char **json,
                            struct reeve_error *err)
{
    return prove(handle, AUDIT_PROVE_GROWTH, index, size, json, err);
}

static int fill_head(const struct json_doc *doc, struct audit_head *head, struct reeve_error *err)
{
    const struct json_node *root = json_root(doc);
    const struct json_node *size = json_get(doc, root, "size");
    const struct json_node *bad = json_get(doc, root, "first_bad");
    head->size = size && size->type == JSON_INT && size->i > 0 ? (uint64_t)size->i : 0;
    head->first_bad = bad && bad->type == JSON_INT && bad->i > 0 ? (uint64_t)bad->i : 0;
    head->note = json_string_or(json_get(doc, root, "note"), STR(""));
    head->origin = json_string_or(json_get(doc, root, "origin"), STR(""));
    head->vkey = json_string_or(json_get(doc, root, "vkey"), STR(""));
    head->detail = json_string_or(json_get(doc, root, "detail"), STR(""));
    (void)base_unhex(json_string_or(json_get(doc, root, "root"), STR("")), head->root, BASE_SHA256);
    if (!condition_of(json_string_or(json_get(doc, root, "condition"), STR("")), &head->condition))
        return base_fail(err, REEVE_EPROTO, "the owner does not say what it found of its log");
    return 0;
}

static void put_report(const struct audit_report *found, const struct audit_head *head,
                       uint64_t beyond, struct reeve_verify_report *report)
{
    struct reeve_verify_report out = {.size = report->size,
                                      .ok = found->ok,
                                      .records = found->records,
                                      .without_bytes = found->without_bytes,
                                      .set_aside = found->set_aside,
                                      .set_aside_at = found->set_aside_at,
                                      .set_aside_beyond_crash = found->set_aside_beyond_crash,
                                      .beyond = beyond,
                                      .has_bad = found->has_bad,
                                      .first_bad = found->first_bad};
    (void)snprintf(out.finding, sizeof out.finding, "%s", found->finding);
    (void)snprintf(out.detail, sizeof out.detail, "%s", found->detail);
    (void)snprintf(out.origin, sizeof out.origin, "%.*s", (int)head->origin.n, head->origin.p);
    base_hex(found->root, BASE_SHA256, out.root);
    memcpy(report, &out, report->size);
}

int reeve_verify(struct reeve *handle, const char *vkey, const char *kept,
                 void (*progress)(void *arg, uint64_t done, uint64_t total), void *arg,
                 struct reeve_verify_report *report, struct reeve_error *err)
{
    char own[VKEY_MAX];
    auto_free char *text = NULL;
    auto_json struct json_text t = {0};
    struct audit_head head = {0};
    struct audit_report found = {0};
    struct audit_source source = {.read = read_rows, .self = handle};
    if (!report || report->size > sizeof *report || report->size < sizeof report->size)
        return base_fail(err, REEVE_EINVAL, "reeve_verify needs a report to fill");
    int rc = vkey ? 0 : own_key(handle, own, err);
    if (!rc)
        rc = question(handle, WIRE_ASK, STR("head"), &text, err);
    if (!rc)
        rc = json_text_parse(str_of(text), &t, err);
    if (rc)
        return rc;
    rc = fill_head(&t.doc, &head, err);
    if (rc)
        return rc;
    head.kept = given(kept);
    rc = audit_verify(&source, &head, str_of(vkey ? vkey : own), progress, arg, &found, err);
    if (rc)
        return rc;
    put_report(&found, &head, 0, report);
    return 0;
}

static int check_copy(const char *dir, const struct audit_head *head, const char *vkey,
                      void (*progress)(void *arg, uint64_t done, uint64_t total), void *arg,
                      struct reeve_verify_report *report, struct reeve_error *err)
{
    struct audit_copy *copy;
    struct audit_source source;
    struct audit_report found = {0};
    uint64_t size = 0;
    int rc = audit_copy_open(dir, &copy, &source, err);
    if (!rc)
        rc = audit_verify(&source, head, str_of(vkey), progress, arg, &found, err);
    if (!rc && audit_copy_size(copy, &size, NULL) != 0)
        size = 0; /* what cannot be read is among the findings */
    audit_copy_close(&copy);
    if (!rc)
        put_report(&found, head, size > head->size ? size - head->size : 0, report);
    return rc;
}

int reeve_verify_copy(const char *dir, const char *vkey, const char *kept,
                      void (*progress)(void *arg, uint64_t done, uint64_t total), void *arg,
                      struct reeve_verify_report *report, struct reeve_error *err)
{
    struct note_key key;
    struct note_checkpoint checkpoint;
    if (!dir || !vkey || !kept || !report || report->size > sizeof *report ||
        report->size < sizeof report->size)
        return base_fail(err, REEVE_EINVAL,
                         "a folder, a verifier key, a checkpoint and a report are needed");
    int rc = note_key_parse(str_of(vkey), &key, err);
    if (!rc)
        rc = note_checkpoint_open(str_of(kept), &key, &checkpoint, err);
    if (rc)
        return rc;
    struct audit_head head = {
        .size = checkpoint.size, .note = str_of(kept), .origin = key.name, .vkey = str_of(vkey)};
    return check_copy(dir, &head, vkey, progress, arg, report, err);
}

int reeve_receipt_check(const char *text, size_t n, const char *vkey, char **json,
                        struct reeve_error *err)
{
    auto_arena struct arena arena = {0};
    struct audit_receipt receipt = {0};
    if (!text || !vkey || !json)
        return base_fail(err, REEVE_EINVAL, "a receipt and a verifier key are needed");
    *json = NULL;
    int rc = audit_receipt_check((struct str){text, n}, str_of(vkey), &arena, &receipt, err);
    if (rc)
        return rc;
    struct buf out = {0};
    struct json_out o = {.b = &out};
    json_open_object(&o);
    json_kv_uint(&o, "index", receipt.index);
    json_kv_uint(&o, "size", receipt.size);
    json_kv_str(&o, "origin", receipt.origin);
    json_key(&o, "record");
    json_raw(&o, receipt.record);
    json_close_object(&o);
    *json = buf_take(&out, NULL);
    return *json ? 0 : base_fail(err, REEVE_ENOMEM, "out of memory");
}
