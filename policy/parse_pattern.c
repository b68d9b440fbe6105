/*
 * Operands that are compiled: text patterns, hosts, ranges of addresses, URLs, times, regular
 * expressions. Takes plain text out of the tree, has its form made, and puts a fault where it
 * stands. Called by parse_ops.c.
 */
#include "policy/parse.h"

#include "policy/value_host.h"
#include "policy/value_like.h"
#include "policy/value_regex.h"
#include "policy/value_time.h"
#include "policy/value_url.h"

#include <stdio.h>

#define MAX_PORTS 4096u

/* A list of texts, or one text, as plain strings; `at` are their nodes. */
struct texts {
    struct value_list list;
    const struct ynode **at;
};

static bool read_texts(struct parser *p, const struct ynode *n, const char *what, struct texts *out)
{
    bool list = n->type == Y_LIST, good = true;
    uint32_t room = list ? n->count : 1;
    struct str *v = parse_alloc(p, room, sizeof *v);
    out->at = parse_alloc(p, room, sizeof *out->at);
    if (!v || !out->at || n->refused)
        return false;
    if (list && !n->count)
        policy_report(p->report, P_EMPTY, n->pos, NULL, "%s names nothing", what);
    out->list = (struct value_list){v, 0};
    for (const struct ynode *c = list ? n->first : n; c; c = list ? c->next : NULL) {
        if (c->type != Y_TEXT && !c->refused)
            policy_report(p->report, P_OPERAND, c->pos, "quote it if it is text",
                          "%s takes a text or a list of texts, not %s", what, policy_yaml_kind(c));
        good = good && c->type == Y_TEXT && !c->refused;
        out->at[out->list.n] = c;
        v[out->list.n++] = c->text;
    }
    return good && out->list.n > 0;
}

/* Where a fault of a list stands. */
static const struct ynode *fault_at(const struct texts *t, const struct value_fault *fault)
{
    return t->at[fault->index < t->list.n ? fault->index : 0];
}

static void report_fault(struct parser *p, const struct ynode *at, const struct value_fault *fault)
{
    char shown[POLICY_SHOWN];
    if (at->type == Y_TEXT || at->type == Y_INT)
        policy_report(p->report, P_OPERAND, at->pos, fault->hint, "`%s`: %s",
                      policy_shown(at->text, shown), fault->text);
    else
        policy_report(p->report, P_OPERAND, at->pos, fault->hint, "%s", fault->text);
}

/* The bytes of a form, kept; a form that was not made is a fault or a lack of memory. */
static struct m_condition *keep_form(struct parser *p, struct m_condition *c, bool made,
                                     const struct buf *form, const struct ynode *at,
                                     const struct value_fault *fault)
{
    if (form->failed || (!made && !fault->text)) {
        policy_report_memory(p->report);
        return NULL;
    }
    if (!made) {
        report_fault(p, at, fault);
        return NULL;
    }
    c->form = arena_str(p->arena, buf_view(form));
    if (!c->form.p)
        policy_report_memory(p->report);
    return c->form.p ? c : NULL;
}

/* ---- like, host, cidr ---- */

typedef bool compile_fn(struct value_list list, struct buf *bytes, struct value_at *out,
                        struct value_fault *fault);

struct m_condition *parse_patterns(struct parser *p, struct m_condition *c, struct ynode *value)
{
    static const struct {
        compile_fn *fn;
        const char *what;
    } compilers[OP_COUNT] = {
        [OP_LIKE] = {value_like_compile, "`like`"},
        [OP_HOST] = {value_hosts_compile, "`host`"},
        [OP_CIDR] = {value_cidr_compile, "`cidr`"},
    };
    struct texts texts = {0};
    struct value_at at;
    struct value_fault fault = {0};
    auto_buf struct buf form = {0};
    if (!read_texts(p, value, compilers[c->op].what, &texts))
        return NULL;
    c->operand = value;
    bool made = compilers[c->op].fn(texts.list, &form, &at, &fault);
    return keep_form(p, c, made, &form, fault_at(&texts, &fault), &fault);
}

/* ---- matches ---- */

struct m_condition *parse_regex(struct parser *p, struct m_condition *c, struct ynode *value)
{
    struct value_regex_fault fault;
    char shown[POLICY_SHOWN];
    c->operand = value;
    if (value->refused)
        return NULL;
    if (value->type != Y_TEXT) {
        policy_report(p->report, P_OPERAND, value->pos, NULL, "`matches` takes a text, not %s",
                      policy_yaml_kind(value));
        return NULL;
    }
    if (value->text.n > VALUE_REGEX_MAX) {
        policy_report(p->report, P_OPERAND, value->pos, NULL,
                      "a regular expression of %zu bytes; at most %u are held", value->text.n,
                      VALUE_REGEX_MAX);
        return NULL;
    }
    if (value_regex_check(value->text, &fault))
        return c;
    policy_report(p->report, P_OPERAND, value->pos, NULL, "`%s`: %s at byte %zu",
                  policy_shown(value->text, shown), fault.text, fault.at + 1);
    return NULL;
}

/* ---- url ---- */

struct url_keys {
    struct ynode *scheme, *host, *port, *path, *cidr;
};

#define URL_KEY(name)                                                                              \
    static void url_##name(struct parser *p, void *object, struct ynode *key, struct ynode *value) \
    {                                                                                              \
        (void)p;                                                                                   \
        (void)key;                                                                                 \
        ((struct url_keys *)object)->name = value;                                                 \
    }
URL_KEY(scheme)
URL_KEY(host)
URL_KEY(port)
URL_KEY(path)
URL_KEY(cidr)
#undef URL_KEY

/* `any`, a number or a list of numbers. */
static bool read_ports(struct parser *p, const struct ynode *n, struct value_url_spec *spec)
{
    if (n->type == Y_TEXT && str_is(n->text, "any")) {
        spec->any_port = true;
        return true;
    }
    bool list = n->type == Y_LIST;
    int64_t *port = parse_alloc(p, list ? n->count : 1, sizeof *port);
    if (!port)
        return false;
    for (const struct ynode *c = list ? n->first : n; c; c = list ? c->next : NULL) {
        if (c->type != Y_INT || spec->nport == MAX_PORTS) {
            policy_report(p->report, P_OPERAND, c->pos, "write 443, [80, 8080] or any",
                          "`port` takes numbers, or the word any");
            return false;
        }
        port[spec->nport++] = c->i;
    }
    spec->port = port;
    if (!spec->nport)
        policy_report(p->report, P_EMPTY, n->pos, NULL, "`port` names nothing");
    return spec->nport > 0;
}

/* Where a fault of the pattern stands. */
static const struct ynode *fault_node(const struct url_keys *k, const struct ynode *map,
                                      const struct value_fault *fault)
{
    const struct {
        const char *key;
        const struct ynode *node;
    } keys[] = {{"scheme", k->scheme},
                {"host", k->host},
                {"port", k->port},
                {"path", k->path},
                {"cidr", k->cidr}};
    for (size_t i = 0; fault->key && i < BASE_COUNT(keys); i++) {
        const struct ynode *n = keys[i].node;
        if (!n || strcmp(keys[i].key, fault->key) != 0)
            continue;
        const struct ynode *c = n->type == Y_LIST ? n->first : NULL;
        for (uint32_t at = 0; c && at < fault->index; at++)
            c = c->next;
        return c ? c : n;
    }
    return map;
}

static const char *const any_word[] = {"any"};
static const struct parse_shape shape_any_port = {SHAPE_WORDS_OF(any_word)},
                                shape_port = {.kind = SHAPE_INT, .min = 1, .max = 65535},
                                shape_port_list = {.kind = SHAPE_LIST,
                                                   .of = &shape_port,
                                                   .min = 1,
                                                   .max = MAX_PORTS},
                                shape_ports = {SHAPE_EITHER_OF(&shape_port, &shape_port_list,
                                                               &shape_any_port)};
static const struct parse_field url_fields[] = {
    {"scheme", url_scheme, false, &shape_texts, "schemes; left out: https"},
    {"host", url_host, false, &shape_texts,
     "hosts: a name, `*.name` (below it), `*` (any name), an address"},
    {"port", url_port, false, &shape_ports, "ports, or `any`; left out: the one of the scheme"},
    {"path", url_path, false, &shape_texts, "paths; `*` is any characters"},
    {"cidr", url_cidr, false, &shape_texts, "ranges of addresses"},
};
static const struct parse_shape shape_url_map = {
    .name = "url",
    SHAPE_FIELDS_OF(url_fields),
    .min = 1,
    .says = "a URL pattern; what is left out may be anything, but scheme and port"};
static const struct parse_shape shape_url_text = {
    .says = "a URL such as `https://h.example:8443/v1/*`", .kind = SHAPE_TEXT};
const struct parse_shape shape_url = {SHAPE_EITHER_OF(&shape_url_text, &shape_url_map)};
const struct parse_shape shape_regex = {.says = "a regular expression (PCRE2), at most 1,000 bytes",
                                        .kind = SHAPE_TEXT};

static struct m_condition *url_map(struct parser *p, struct m_condition *c, struct ynode *map)
{
    struct url_keys k = {0};
    struct value_url_spec spec = {0};
    unsigned before = p->report->errors;
    parse_map(p, map, "a URL pattern", url_fields, BASE_COUNT(url_fields), &k);
    struct {
        const struct ynode *node;
        const char *what;
        struct value_list *out;
    } lists[] = {{k.scheme, "`scheme`", &spec.scheme},
                 {k.host, "`host`", &spec.host},
                 {k.path, "`path`", &spec.path},
                 {k.cidr, "`cidr`", &spec.cidr}};
    bool good = true;
    for (size_t i = 0; i < BASE_COUNT(lists); i++) {
        struct texts texts = {0};
        if (!lists[i].node)
            continue;
        good = read_texts(p, lists[i].node, lists[i].what, &texts) && good;
        *lists[i].out = texts.list;
    }
    if (k.port)
        good = read_ports(p, k.port, &spec) && good;
    if (!map->count)
        policy_report(p->report, P_EMPTY, map->pos, "write `host: \"*\"` for any host",
                      "a URL pattern without a key");
    if (!good || p->report->errors != before)
        return NULL;
    struct value_at at;
    struct value_fault fault = {0};
    auto_buf struct buf form = {0};
    bool made = value_url_compile(&spec, &form, &at, &fault);
    return keep_form(p, c, made, &form, fault_node(&k, map, &fault), &fault);
}

struct m_condition *parse_url(struct parser *p, struct m_condition *c, struct ynode *value)
{
    c->operand = value;
    if (value->refused)
        return NULL;
    if (value->type == Y_MAP)
        return url_map(p, c, value);
    if (value->type != Y_TEXT) {
        policy_report(p->report, P_OPERAND, value->pos,
                      "several URLs are `any: [{url: ...}, {url: ...}]`",
                      "`url` takes a text or a mapping, not %s", policy_yaml_kind(value));
        return NULL;
    }
    struct value_at at;
    struct value_fault fault = {0};
    auto_buf struct buf form = {0};
    bool made = value_url_compile_short(value->text, &form, &at, &fault);
    return keep_form(p, c, made, &form, value, &fault);
}

/* ---- time ---- */

struct time_keys {
    struct m_condition *c;
    struct value_time window;
};

static void time_days(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    struct time_keys *t = object;
    struct texts texts = {0};
    struct value_fault fault = {0};
    (void)key;
    if (read_texts(p, value, "`days`", &texts) &&
        !value_days_parse(texts.list, &t->window.days, &fault))
        report_fault(p, fault_at(&texts, &fault), &fault);
}

static void time_hours(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    struct time_keys *t = object;
    struct value_fault fault = {0};
    struct str text;
    (void)key;
    if (parse_text(p, value, "`hours`", 64, &text) &&
        !value_hours_parse(text, &t->window.from, &t->window.to, &fault))
        report_fault(p, value, &fault);
}

static void time_zone(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    struct time_keys *t = object;
    struct value_fault fault = {0};
    struct value_at at;
    struct str text;
    auto_buf struct buf form = {0};
    (void)key;
    if (!parse_text(p, value, "`zone`", 256, &text))
        return;
    bool made = value_zone_compile(VALUE_ZONES, text, &form, &at, &fault);
    (void)keep_form(p, t->c, made, &form, value, &fault);
}

static const struct parse_shape shape_hours = {
    .says = "hours such as `09:00-17:00`", .kind = SHAPE_TEXT, .pattern = "[0-9:]+-[0-9:]+"};
static const struct parse_field time_fields[] = {
    {"days", time_days, false, &shape_texts,
     "days and spans of days, such as `mon-fri`; left out: all"},
    {"hours", time_hours, false, &shape_hours,
     "from when to when; the start is in, the end out; left out: all day"},
    {"zone", time_zone, true, &shape_text, "of which place, such as `Europe/Berlin`"},
};
const struct parse_shape shape_time = {
    .name = "time", SHAPE_FIELDS_OF(time_fields), .says = "days and hours at a place"};

/* The condition's form is the zone's; the window stands beside it. */
struct m_condition *parse_time(struct parser *p, struct m_condition *c, struct ynode *value)
{
    struct time_keys t = {.c = c, .window = {.to = 1440, .days = VALUE_ALL_DAYS}};
    c->operand = value;
    if (!parse_is_map(p, value, "`time`"))
        return NULL;
    parse_map(p, value, "a time", time_fields, BASE_COUNT(time_fields), &t);
    c->window.from = t.window.from;
    c->window.to = t.window.to;
    c->window.days = t.window.days;
    return c->form.n ? c : NULL; /* whatever else is wrong was reported */
}
