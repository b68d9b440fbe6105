/*
 * Lists of patterns as three sorted tables: names, endings behind `*.`, and
 * addresses. A host costs one binary search, or one for each of its dots.
 *
 * The form: how many names, endings and addresses there are and whether `*` is among them (32 bits
 * each); then offset and length of each name and ending, shorter ones first; then the addresses;
 * then the texts.
 */
#include "policy/value_host.h"

/* ---- patterns ---- */

enum { NAMES, ENDINGS, ADDRESSES, ANY, COUNTS };

struct pattern {
    int kind;
    struct core_addr addr;
    size_t at, n; /* its text, in the builder's */
};
struct builder {
    struct pattern *v;
    struct buf *text;
};

static bool has(struct str s, char c)
{
    return s.n && memchr(s.p, c, s.n);
}

/* Why a text that is no host is none, as well as can be told. */
static bool no_host(struct str text, uint32_t index, struct value_fault *fault)
{
    if (has(text, '*'))
        return value_fail(fault, NULL, index,
                          "a `*` inside a host pattern stands for whole labels in front",
                          "write `*.example.com`, or `*` for any name");
    if (has(text, '@'))
        return value_fail(fault, NULL, index, "a host pattern with user information", NULL);
    if (has(text, '/'))
        return value_fail(fault, NULL, index, "a host pattern with a `/`",
                          "ranges of addresses stand under `cidr`, paths under `path`");
    if (has(text, ':'))
        return value_fail(fault, NULL, index, "a host pattern with a port",
                          "ports stand under `port`");
    return value_fail(fault, NULL, index, "no host that a URL could have", NULL);
}

/* A name or ending into the builder's text, as A-labels. */
static bool take_name(struct builder *b, struct str text, struct pattern *p)
{
    p->at = b->text->len;
    if (!core_host_ascii(text, b->text))
        return false;
    p->n = b->text->len - p->at;
    struct core_host host;
    return b->text->failed || (core_host_parse((struct str){b->text->data + p->at, p->n}, &host) &&
                               host.kind == CORE_HOST_NAME);
}

static bool take_pattern(struct builder *b, struct str text, uint32_t index,
                         struct value_fault *fault)
{
    struct pattern *p = &b->v[index];
    struct core_host host;
    p->kind = ANY;
    if (str_is(text, "*"))
        return true;
    if (core_host_parse_text(text, &host) && host.kind == CORE_HOST_ADDRESS) {
        p->kind = ADDRESSES;
        p->addr = host.addr;
        return true;
    }
    bool ending = str_starts(text, STR("*."));
    struct str name = ending ? (struct str){text.p + 2, text.n - 2} : text;
    p->kind = ending ? ENDINGS : NAMES;
    return !has(name, '*') && take_name(b, name, p) ? true : no_host(text, index, fault);
}

static int by_kind(const void *pa, const void *pb, void *arg)
{
    const struct pattern *a = pa, *b = pb;
    const char *text = arg;
    if (a->kind != b->kind)
        return a->kind - b->kind;
    if (a->kind == ADDRESSES)
        return memcmp(&a->addr, &b->addr, sizeof a->addr);
    if (a->n != b->n)
        return a->n < b->n ? -1 : 1;
    return a->n ? memcmp(text + a->at, text + b->at, a->n) : 0;
}

static uint32_t drop_equal(struct builder *b, uint32_t n)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < n; i++)
        if (kept == 0 || by_kind(&b->v[kept - 1], &b->v[i], b->text->data) != 0)
            b->v[kept++] = b->v[i];
    return kept;
}

#define HEAD (4u * COUNTS)

static void write_hosts(const struct builder *b, uint32_t n, struct buf *bytes)
{
    uint32_t counts[COUNTS] = {0};
    for (uint32_t i = 0; i < n; i++)
        counts[b->v[i].kind]++;
    for (int k = 0; k < COUNTS; k++)
        buf_u32le(bytes, counts[k]);
    uint32_t texts = counts[NAMES] + counts[ENDINGS];
    size_t at = HEAD + 8 * (size_t)texts + sizeof(struct core_addr) * counts[ADDRESSES];
    for (uint32_t i = 0; i < texts; at += b->v[i++].n) {
        buf_u32le(bytes, (uint32_t)at);
        buf_u32le(bytes, (uint32_t)b->v[i].n);
    }
    for (uint32_t i = texts; i < texts + counts[ADDRESSES]; i++)
        buf_put(bytes, &b->v[i].addr, sizeof b->v[i].addr);
    for (uint32_t i = 0; i < texts; i++)
        buf_put(bytes, b->text->data + b->v[i].at, b->v[i].n);
}

bool value_hosts_compile(struct value_list patterns, struct buf *bytes, struct value_at *out,
                         struct value_fault *fault)
{
    if (patterns.n == 0 || patterns.n > VALUE_MAX_LIST)
        return value_fail(fault, NULL, 0, patterns.n ? "too many hosts" : "no host at all", NULL);
    auto_free struct pattern *v = calloc(patterns.n, sizeof *v);
    auto_buf struct buf text = {0};
    struct builder b = {v, &text};
    bool good = true;
    for (uint32_t i = 0; v && good && i < patterns.n; i++)
        good = take_pattern(&b, patterns.v[i], i, fault);
    bytes->failed |= !v || text.failed;
    out->at = (uint32_t)bytes->len;
    if (good && !bytes->failed) {
        qsort_r(v, patterns.n, sizeof *v, by_kind, text.data);
        write_hosts(&b, drop_equal(&b, patterns.n), bytes);
    }
    out->n = (uint32_t)bytes->len - out->at;
    return good;
}

/* ---- what comes from outside ---- */

static uint32_t count_of(const char *form, int kind)
{
    return base_get_u32le(form + 4 * kind);
}

bool value_hosts_sound(struct str form)
{
    if (form.n < HEAD)
        return false;
    size_t texts = 0, at = HEAD;
    for (int k = 0; k < COUNTS; k++)
        if (count_of(form.p, k) > VALUE_MAX_LIST)
            return false;
    texts = (size_t)count_of(form.p, NAMES) + count_of(form.p, ENDINGS);
    at += 8 * texts + sizeof(struct core_addr) * count_of(form.p, ADDRESSES);
    if (form.n < at)
        return false;
    for (size_t i = 0; i < texts; i++) {
        const char *row = form.p + HEAD + 8 * i;
        size_t n = base_get_u32le(row + 4);
        if (base_get_u32le(row) != at || n == 0 || n > CORE_HOST_MAX || form.n - at < n)
            return false;
        at += n;
    }
    return at == form.n;
}

/* ---- judge ---- */

static int compare(const char *form, const char *row, struct str name)
{
    size_t n = base_get_u32le(row + 4);
    if (n != name.n)
        return n < name.n ? -1 : 1;
    return memcmp(form + base_get_u32le(row), name.p, n);
}

static bool has_text(const char *form, const char *rows, uint32_t n, struct str name)
{
    while (n > 0) {
        uint32_t half = n / 2;
        int order = compare(form, rows + 8 * (size_t)half, name);
        if (order == 0)
            return true;
        if (order < 0) {
            rows += 8 * ((size_t)half + 1);
            n -= half + 1;
        } else {
            n = half;
        }
    }
    return false;
}

static bool has_ending(const char *form, const char *rows, uint32_t n, struct str name)
{
    for (const char *dot; (dot = memchr(name.p, '.', name.n));) {
        name.n -= (size_t)(dot + 1 - name.p);
        name.p = dot + 1;
        if (has_text(form, rows, n, name))
            return true;
    }
    return false;
}

static bool has_address(const char *rows, uint32_t n, const struct core_addr *addr)
{
    while (n > 0) {
        uint32_t half = n / 2;
        const char *row = rows + sizeof *addr * half;
        int order = memcmp(row, addr, sizeof *addr);
        if (order == 0)
            return true;
        if (order < 0) {
            rows = row + sizeof *addr;
            n -= half + 1;
        } else {
            n = half;
        }
    }
    return false;
}

bool value_hosts_have(struct str form, const struct core_host *host)
{
    const char *p = form.p;
    uint32_t names = count_of(p, NAMES), endings = count_of(p, ENDINGS);
    const char *rows = p + HEAD;
    if (host->kind == CORE_HOST_ADDRESS)
        return has_address(rows + 8 * ((size_t)names + endings), count_of(p, ADDRESSES),
                           &host->addr);
    return count_of(p, ANY) || has_text(p, rows, names, host->name) ||
           (endings && has_ending(p, rows + 8 * (size_t)names, endings, host->name));
}

enum tri value_hosts_hold(struct str form, struct str text)
{
    struct core_host host;
    if (!core_host_parse_text(text, &host))
        return TRI_UNKNOWN;
    return tri_of(value_hosts_have(form, &host));
}
