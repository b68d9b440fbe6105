/* See segment_record.h. */
#include "audit/segment_record.h"

#include "core/json.h"

/* ---- writing ---- */

static void put_edge(const struct tree_edge *edge, struct json_out *o)
{
    json_key(o, "edge");
    json_open_array(o);
    for (unsigned i = 0; i < edge->n; i++) {
        auto_buf struct buf hash = {0};
        buf_base64(&hash, edge->node[i], BASE_SHA256);
        json_str(o, buf_view(&hash));
    }
    json_close_array(o);
}

int segment_record_write(const struct audit_segment_end *end, audit_segment_fn *put, void *arg,
                         struct buf *out, struct reeve_error *err)
{
    auto_buf struct buf text = {0}, canonical = {.max = AUDIT_MAX_RECORD};
    struct json_out o = {.b = &text};
    struct reeve_error why = {0};
    json_open_object(&o);
    json_kv_str(&o, "type", STR("segment"));
    json_kv_uint(&o, "seq", end->last + 1);
    json_kv_uint(&o, "first", end->first);
    json_kv_uint(&o, "last", end->last);
    json_kv_str(&o, "checkpoint", end->checkpoint);
    put_edge(end->edge, &o);
    if (put)
        put(arg, &o);
    json_close_object(&o);
    int rc = text.failed ? REEVE_ENOMEM : json_canonicalise(buf_view(&text), &canonical, &why);
    if (rc == 0 && canonical.failed)
        rc = base_fail(&why, REEVE_EINTERNAL, "it is too long");
    buf_str(out, buf_view(&canonical));
    if (rc == 0 && out->failed)
        rc = REEVE_ENOMEM;
    return rc ? base_fail(err, rc == REEVE_ENOMEM ? rc : REEVE_EINTERNAL,
                          "the record that begins a file cannot be made: %s", why.message)
              : 0;
}

/* ---- reading ---- */

static bool read_number(const struct json_doc *doc, const char *key, uint64_t *out)
{
    const struct json_node *n = json_get(doc, json_root(doc), key);
    if (!n || n->type != JSON_INT || n->i < 0)
        return false;
    *out = (uint64_t)n->i;
    return true;
}

static bool read_edge(const struct json_doc *doc, uint64_t size, struct tree_edge *out)
{
    const struct json_node *list = json_get(doc, json_root(doc), "edge");
    if (!list || list->type != JSON_ARRAY || list->count != (unsigned)__builtin_popcountll(size))
        return false;
    *out = (struct tree_edge){.size = size, .n = list->count};
    const struct json_node *node = json_first(doc, list);
    for (unsigned i = 0; i < list->count; i++, node = json_next(doc, node)) {
        size_t n = BASE_SHA256;
        if (node->type != JSON_STRING || !base_unbase64(node->s, out->node[i], &n) ||
            n != BASE_SHA256)
            return false;
    }
    return true;
}

static bool read_checkpoint(const struct json_doc *doc, struct note_checkpoint *out)
{
    struct str note = json_string_or(json_get(doc, json_root(doc), "checkpoint"), STR(""));
    struct str text;
    bool good = note_text(note, &text, NULL) == 0 && note_checkpoint_parse(text, out, NULL) == 0;
    out->origin = (struct str){0}; /* of a text that is let go */
    return good;
}

int segment_record_read(struct str record, uint64_t seq, struct segment_record *out,
                        struct reeve_error *err)
{
    auto_json struct json_text t = {0};
    uint8_t root[BASE_SHA256];
    int rc = json_text_parse(record, &t, err);
    if (rc)
        return rc;
    if (!read_number(&t.doc, "first", &out->first) || !read_number(&t.doc, "last", &out->last) ||
        out->first > out->last || out->last + 1 != seq)
        return base_fail(err, REEVE_EFORMAT, "it does not say which rows are before it");
    if (!read_edge(&t.doc, seq, &out->edge) || !read_checkpoint(&t.doc, &out->checkpoint) ||
        out->checkpoint.size != seq)
        return base_fail(err, REEVE_EFORMAT, "its checkpoint and tree are not of %llu records",
                         (unsigned long long)seq);
    tree_edge_root(&out->edge, root);
    if (memcmp(root, out->checkpoint.root, sizeof root) != 0)
        return base_fail(err, REEVE_EFORMAT, "its checkpoint is of another tree than it names");
    return 0;
}
