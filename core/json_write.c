/*
 * Writing JSON: strings and numbers as RFC 8785 has them, a small builder that keeps track of
 * commas, and the canonical form of a parsed document. Records, plans for people and normalised
 * arguments are written here.
 */
#include "core/json.h"

#include <math.h>

#include "core/json_number.h"
#include "core/utf8.h"

/* ---- scalars ---- */

static void put_escaped(struct buf *b, unsigned char c)
{
    static const char from[] = "\b\t\n\f\r\"\\", to[] = "btnfr\"\\";
    const char *found = c ? strchr(from, c) : NULL;
    if (found) {
        buf_byte(b, '\\');
        buf_byte(b, (uint8_t)to[found - from]);
    } else {
        buf_printf(b, "\\u%04x", c);
    }
}

/* Length of what can be copied as it is from the front of `s`. */
static size_t plain_run(struct str s)
{
    size_t n = 0;
    while (n < s.n) {
        unsigned char c = (unsigned char)s.p[n];
        size_t step = core_utf8_step(s.p + n, s.n - n);
        if (step == 0 || c < 0x20 || c == '"' || c == '\\')
            break;
        n += step;
    }
    return n;
}

void json_put_string(struct buf *b, struct str s)
{
    buf_byte(b, '"');
    for (;;) {
        size_t n = plain_run(s);
        buf_put(b, s.p, n);
        if (n == s.n)
            break;
        unsigned char c = (unsigned char)s.p[n];
        if (c < 0x80)
            put_escaped(b, c);
        else
            buf_z(b, "\xEF\xBF\xBD");
        s = (struct str){s.p + n + 1, s.n - n - 1};
    }
    buf_byte(b, '"');
}

void json_put_int(struct buf *b, int64_t v)
{
    const char *quote = v > JSON_EXACT_INTEGER || v < -JSON_EXACT_INTEGER ? "\"" : "";
    buf_printf(b, "%s%lld%s", quote, (long long)v, quote);
}

void json_put_uint(struct buf *b, uint64_t v)
{
    const char *quote = v > (uint64_t)JSON_EXACT_INTEGER ? "\"" : "";
    buf_printf(b, "%s%llu%s", quote, (unsigned long long)v, quote);
}

/* ---- builder ---- */

static void separate(struct json_out *o)
{
    if (o->need_comma)
        buf_byte(o->b, ',');
    o->need_comma = true;
}

static void open_bracket(struct json_out *o, uint8_t bracket)
{
    separate(o);
    buf_byte(o->b, bracket);
    o->need_comma = false;
}

static void close_bracket(struct json_out *o, uint8_t bracket)
{
    buf_byte(o->b, bracket);
    o->need_comma = true;
}

void json_open_object(struct json_out *o)
{
    open_bracket(o, '{');
}

void json_close_object(struct json_out *o)
{
    close_bracket(o, '}');
}

void json_open_array(struct json_out *o)
{
    open_bracket(o, '[');
}

void json_close_array(struct json_out *o)
{
    close_bracket(o, ']');
}

void json_key(struct json_out *o, const char *key)
{
    json_str(o, str_of(key));
    buf_byte(o->b, ':');
    o->need_comma = false;
}

void json_str(struct json_out *o, struct str s)
{
    separate(o);
    json_put_string(o->b, s);
}

void json_int(struct json_out *o, int64_t v)
{
    separate(o);
    json_put_int(o->b, v);
}

void json_uint(struct json_out *o, uint64_t v)
{
    separate(o);
    json_put_uint(o->b, v);
}

void json_bool(struct json_out *o, bool v)
{
    json_raw(o, v ? STR("true") : STR("false"));
}

void json_raw(struct json_out *o, struct str json)
{
    separate(o);
    buf_str(o->b, json);
}

/* ---- canonical form ---- */

/*
 * Order by UTF-16 code units without converting: byte order of UTF-8 is the order of code points,
 * and the two differ only where a character beyond U+FFFF (lead byte F0 and up, surrogates in
 * UTF-16) meets one of U+E000 to U+FFFF (lead byte EE or EF).
 */
static int utf16_cmp(struct str a, struct str b)
{
    size_t n = a.n < b.n ? a.n : b.n, i = 0;
    while (i < n && a.p[i] == b.p[i])
        i++;
    if (i == n)
        return (a.n > b.n) - (a.n < b.n);
    unsigned char ca = (unsigned char)a.p[i], cb = (unsigned char)b.p[i];
    if (ca >= 0xEE && cb >= 0xEE && (ca >= 0xF0) != (cb >= 0xF0))
        return ca >= 0xF0 ? -1 : 1;
    return ca < cb ? -1 : 1;
}

static int member_cmp(const void *a, const void *b)
{
    const struct json_node *const *ka = a, *const *kb = b;
    return utf16_cmp((*ka)->s, (*kb)->s);
}

/* A container that is being written: what comes next, and where its sorted keys lie in the pool. */
struct canon_frame {
    const struct json_node *container;
    const struct json_node *next; /* arrays: the next element */
    uint32_t done;
    const struct json_node **keys;
};

struct canon {
    const struct json_doc *d;
    bool exact; /* large numbers stay numbers */
    struct buf *out;
    struct canon_frame frame[JSON_MAX_DEPTH];
    uint32_t depth;
    const struct json_node **pool; /* sorted keys of all open objects, a stack */
    uint32_t pooled;
};

static void put_scalar(struct buf *b, const struct json_node *n, bool exact)
{
    static const char *const word[] = {
        [JSON_NULL] = "null", [JSON_FALSE] = "false", [JSON_TRUE] = "true"};
    if (n->type == JSON_INT && exact) {
        buf_printf(b, "%lld", (long long)n->i);
    } else if (n->type == JSON_INT) {
        json_put_int(b, n->i);
    } else if (n->type == JSON_STRING) {
        json_put_string(b, n->s);
    } else if (n->type == JSON_DOUBLE) {
        const char *quote = !exact && json_number_is_big(n->d) ? "\"" : "";
        buf_z(b, quote);
        json_put_double(b, n->d);
        buf_z(b, exact && fabs(n->d) >= 0x1p63 && fabs(n->d) < 1e21 ? ".0" : quote);
    } else {
        buf_z(b, word[n->type]);
    }
}

static void canon_open(struct canon *c, const struct json_node *n)
{
    struct canon_frame *f = &c->frame[c->depth++];
    *f = (struct canon_frame){.container = n, .next = n + 1, .keys = c->pool + c->pooled};
    buf_byte(c->out, n->type == JSON_OBJECT ? '{' : '[');
    if (n->type == JSON_ARRAY)
        return;
    const struct json_node *key = n + 1;
    for (uint32_t i = 0; i < n->count; i++) {
        f->keys[i] = key;
        key = c->d->nodes + key[1].end;
    }
    c->pooled += n->count;
    qsort(f->keys, n->count, sizeof *f->keys, member_cmp);
}

/* The next value to write of the innermost container, its comma and key written; NULL when it is
 * complete. */
static const struct json_node *canon_member(struct canon *c, struct canon_frame *f)
{
    if (f->done == f->container->count)
        return NULL;
    if (f->done > 0)
        buf_byte(c->out, ',');
    uint32_t i = f->done++;
    if (f->container->type == JSON_ARRAY) {
        const struct json_node *element = f->next;
        f->next = c->d->nodes + element->end;
        return element;
    }
    json_put_string(c->out, f->keys[i]->s);
    buf_byte(c->out, ':');
    return f->keys[i] + 1;
}

static void canon_close(struct canon *c, const struct canon_frame *f)
{
    bool object = f->container->type == JSON_OBJECT;
    buf_byte(c->out, object ? '}' : ']');
    if (object)
        c->pooled -= f->container->count;
    c->depth--;
}

static void canon_value(struct canon *c, const struct json_node *n)
{
    if (n->type == JSON_ARRAY || n->type == JSON_OBJECT)
        canon_open(c, n);
    else
        put_scalar(c->out, n, c->exact);
}

static void put_node(const struct json_doc *d, const struct json_node *n, bool exact,
                     struct buf *out)
{
    if (n->type != JSON_ARRAY && n->type != JSON_OBJECT) {
        put_scalar(out, n, exact);
        return;
    }
    /* Keys are at most half of the nodes, and each is in the pool at most once. */
    auto_free const struct json_node **pool = malloc((d->count / 2 + 1) * sizeof *pool);
    if (!pool) {
        out->failed = true;
        return;
    }
    struct canon c = {.d = d, .exact = exact, .out = out, .pool = pool};
    canon_open(&c, n);
    while (c.depth > 0) {
        struct canon_frame *f = &c.frame[c.depth - 1];
        const struct json_node *value = canon_member(&c, f);
        if (value)
            canon_value(&c, value);
        else
            canon_close(&c, f);
    }
}

void json_canonical(const struct json_doc *d, const struct json_node *n, struct buf *out)
{
    put_node(d, n, false, out);
}

void json_exact(const struct json_doc *d, const struct json_node *n, struct buf *out)
{
    put_node(d, n, true, out);
}

int json_canonicalise(struct str text, struct buf *out, struct reeve_error *err)
{
    auto_json struct json_text t;
    int rc = json_text_parse(text, &t, err);
    if (rc)
        return rc;
    json_canonical(&t.doc, json_root(&t.doc), out);
    return out->failed ? base_fail(err, REEVE_ENOMEM, "no room for the canonical form") : 0;
}

void json_kv_digest(struct json_out *o, const char *key, const uint8_t digest[BASE_SHA256])
{
    char text[8 + 2 * BASE_SHA256] = "sha256:";
    base_hex(digest, BASE_SHA256, text + 7);
    json_kv_str(o, key, str_of(text));
}
