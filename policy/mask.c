/*
 * What a record may show of a request's arguments. Works on the parsed arguments: a masked value,
 * with all that is in it, becomes a keyed hash, so that equal values can be told to be equal and
 * none can be guessed by who has no key.
 */
#include "policy/eval.h"

struct masking {
    const struct json_doc *doc;
    const uint8_t *key;
    const struct json_node *hidden[2 * POLICY_MAX_MASKS];
    unsigned n;
    struct buf *out;
};

/* What a path of arguments leads to; NULL where nothing, or null, is there. What is no map where
 * the path goes on may hold the value in another shape: it is hidden whole. */
static const struct json_node *find(const struct masking *m, const struct policy_image *image,
                                    const struct img_attribute *a)
{
    const struct json_node *n = json_root(m->doc);
    for (uint32_t i = 0; n && n->type == JSON_OBJECT && i < a->n; i++)
        n = json_get_str(m->doc, n, image_str(image, image_keys(image)[a->first + i]));
    return n && n->type != JSON_NULL ? n : NULL;
}

/* The arguments that a list names and that are there. */
static void collect(struct masking *m, const struct policy_image *image, uint32_t first, uint32_t n)
{
    const uint32_t *refs = image_refs(image) + first;
    for (uint32_t i = 0; i < n && m->n < BASE_COUNT(m->hidden); i++) {
        const struct json_node *found = find(m, image, &image_attributes(image)[refs[i]]);
        if (found)
            m->hidden[m->n++] = found;
    }
}

static void put_hash(const struct masking *m, const struct json_node *n)
{
    auto_buf struct buf text = {0};
    uint8_t mac[BASE_SHA256];
    char hex[2 * BASE_SHA256 + 1];
    json_canonical(m->doc, n, &text);
    m->out->failed = m->out->failed || text.failed;
    if (text.failed)
        return;
    base_hmac_sha256(m->key, BASE_SHA256, text.data, text.len, mac);
    base_hex(mac, BASE_SHA256, hex);
    buf_printf(m->out, "{\"masked\":\"hmac-sha256:%s\"}", hex);
}

static bool is_hidden(const struct masking *m, const struct json_node *n)
{
    for (unsigned i = 0; i < m->n; i++)
        if (m->hidden[i] == n)
            return true;
    return false;
}

/* Recursion is bounded by the depth that the reader of requests takes. The keys are in canonical
 * order already. */
static void put_node(const struct masking *m, const struct json_node *n)
{
    if (is_hidden(m, n)) {
        put_hash(m, n);
        return;
    }
    if (n->type != JSON_OBJECT && n->type != JSON_ARRAY) {
        json_canonical(m->doc, n, m->out);
        return;
    }
    const struct json_node *c = json_first(m->doc, n);
    buf_byte(m->out, n->type == JSON_OBJECT ? '{' : '[');
    for (uint32_t i = 0; i < n->count; i++) {
        buf_z(m->out, i ? "," : "");
        if (n->type == JSON_OBJECT) {
            json_put_string(m->out, c->s);
            buf_byte(m->out, ':');
            c = json_next(m->doc, c);
        }
        put_node(m, c);
        c = json_next(m->doc, c);
    }
    buf_byte(m->out, n->type == JSON_OBJECT ? '}' : ']');
}

bool policy_image_masks(const struct policy_image *image)
{
    bool some = image_head(image)->masks.n > 0;
    for (uint32_t i = 0; i < image->section[IMAGE_capabilities].count; i++)
        some = some || image_capabilities(image)[i].nmask > 0;
    return some;
}

bool policy_mask_args(const struct policy_image *image, const struct policy_request *req,
                      bool whole, const uint8_t key[BASE_SHA256], struct buf *out)
{
    const struct json_node *root = req->args ? json_root(req->args) : NULL;
    struct policy_capability entry;
    struct eval_subject s = eval_subject_of(image, req->subject);
    eval_capability(image, &s, req->capability, req->entry, &entry);
    if (!root || image_head(image)->masks.n + entry.nmask == 0)
        return false;
    struct masking m = {.doc = req->args, .key = key, .out = out};
    if (whole || root->type != JSON_OBJECT) {
        m.hidden[m.n++] = root;
    } else {
        collect(&m, image, image_head(image)->masks.first, image_head(image)->masks.n);
        collect(&m, image, entry.mask, entry.nmask);
    }
    if (m.n)
        put_node(&m, root);
    return m.n > 0;
}
