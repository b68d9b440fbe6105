/*
 * libyaml's events to the marked tree: bounds, positions, and the refusal of everything in YAML
 * that two readers could take for two things. Knows nothing of policies. Called by compile.c.
 */
#include "policy/suppress.h"
#include "policy/yaml_alias.h"
#include "policy/yaml_hint.h"

#include <stdio.h>
#include <yaml.h>

struct reader {
    yaml_parser_t parser;
    struct arena *arena;
    struct policy_report *report;
    struct str source;
    bool ascii; /* of the whole source: libyaml's marks count characters, and here also bytes */
    struct frame {
        struct ynode *node, *last; /* container, its last child */
        const struct ynode *key;   /* of a mapping: the last one read */
        uint32_t children;
        uint32_t before; /* nodes read when it began, itself included */
        int anchor;      /* of it, or -1 */
    } stack[POLICY_MAX_DEPTH];
    struct yaml_anchors anchors;
    unsigned depth;
    uint32_t nodes;
    struct ynode *root;
    unsigned documents;
    bool stop; /* no tree to go on with */
};

const char *policy_yaml_kind(const struct ynode *n)
{
    static const char *const kinds[] = {
        [Y_TEXT] = "text",      [Y_INT] = "an integer", [Y_DOUBLE] = "a number",
        [Y_BOOL] = "a boolean", [Y_LIST] = "a list",    [Y_MAP] = "a mapping",
        [Y_NULL] = "null"};
    return kinds[n->type];
}

static struct policy_pos start_of(const struct policy_report *report)
{
    return (struct policy_pos){1, 1, 1, report->reading};
}

static struct policy_pos position(const struct reader *r, const yaml_event_t *e)
{
    struct policy_pos pos = {.line = (uint32_t)e->start_mark.line + 1,
                             .column = (uint32_t)e->start_mark.column + 1,
                             .length = 1,
                             .file = r->report->reading};
    if (e->end_mark.line == e->start_mark.line && e->end_mark.column > e->start_mark.column) {
        size_t n = e->end_mark.column - e->start_mark.column;
        pos.length = n < UINT16_MAX ? (uint16_t)n : UINT16_MAX;
    }
    return pos;
}

static void halt(struct reader *r, enum policy_code code, struct policy_pos at, const char *hint,
                 const char *what)
{
    policy_report(r->report, code, at, hint, "%s", what);
    r->stop = true;
}

static bool is_key(const struct reader *r)
{
    return r->depth > 0 && r->stack[r->depth - 1].node->type == Y_MAP &&
           r->stack[r->depth - 1].children % 2 == 0;
}

/* A new node, linked below the open container. NULL: bounds or memory. */
static struct ynode *add(struct reader *r, const yaml_event_t *e, enum ynode_type type)
{
    struct policy_pos at = position(r, e);
    if (r->nodes++ >= POLICY_MAX_NODES) {
        halt(r, P_BOUND, at, "split the policy", "too many values for one policy");
        return NULL;
    }
    struct ynode *n = arena_alloc(r->arena, sizeof *n);
    if (!n) {
        policy_report_memory(r->report);
        r->stop = true;
        return NULL;
    }
    n->type = type & 7u;
    n->pos = at;
    n->text = STR(""); /* also of what is refused: whoever looks at it finds a text */
    if (r->depth == 0) {
        r->root = n;
        return n;
    }
    struct frame *f = &r->stack[r->depth - 1];
    if (is_key(r))
        f->key = n;
    if (f->last)
        f->last->next = n;
    else
        f->node->first = n;
    f->last = n;
    f->children++;
    f->node->count = (f->node->type == Y_MAP ? f->children / 2 : f->children) & 0xffffffu;
    return n;
}

/* The anchor of a node, or -1. */
static int add_anchor(struct reader *r, const struct ynode *n, const yaml_char_t *anchor)
{
    return anchor
               ? yaml_anchor_add(&r->anchors, str_of((const char *)anchor), n, r->arena, r->report)
               : -1;
}

static void read_alias(struct reader *r, const yaml_event_t *e)
{
    bool key = is_key(r);
    uint32_t added;
    struct ynode *n = add(r, e, Y_TEXT);
    if (!n)
        return;
    if (key) {
        policy_report(r->report, P_ANCHOR, n->pos, "write the key, or quote it",
                      "an alias as a key");
        n->refused = true;
        return;
    }
    r->stop |= yaml_alias_expand(&r->anchors, str_of((const char *)e->data.alias.anchor), n,
                                 r->depth, r->arena, r->report, &added) == YAML_ALIAS_STOP;
    r->nodes += added;
}

static void refuse_tag(struct reader *r, const yaml_event_t *e, const yaml_char_t *tag)
{
    char shown[POLICY_SHOWN];
    if (tag)
        policy_report(r->report, P_TAG, position(r, e), "leave it out; quotes make text",
                      "tag `%s`: tags are not part of the language",
                      policy_shown(str_of((const char *)tag), shown));
}

static bool check_text(struct reader *r, const struct ynode *n)
{
    for (size_t i = 0; i < n->text.n; i++) {
        uint8_t c = (uint8_t)n->text.p[i];
        if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f) {
            policy_report(r->report, P_TEXT, n->pos, NULL, "control character 0x%02x in a text", c);
            return false;
        }
    }
    return true;
}

/* A scalar as it stands in the source, or a copy where the source says it otherwise. The source
 * outlives the tree. */
static struct str scalar_text(const struct reader *r, const yaml_event_t *e)
{
    struct str value = {(const char *)e->data.scalar.value, e->data.scalar.length};
    size_t at = e->start_mark.index + (e->data.scalar.style == YAML_DOUBLE_QUOTED_SCALAR_STYLE ||
                                       e->data.scalar.style == YAML_SINGLE_QUOTED_SCALAR_STYLE);
    if (r->ascii && at <= r->source.n && value.n <= r->source.n - at &&
        base_same(r->source.p + at, value.p, value.n))
        return (struct str){r->source.p + at, value.n};
    return arena_str(r->arena, value);
}

/* Whether the container `depth` deep is the value of that key in the mapping around it. */
static bool is_within(const struct reader *r, unsigned depth, const char *key)
{
    return r->depth > depth && r->stack[depth - 1].key &&
           str_is(r->stack[depth - 1].key->text, key);
}

/* Inside of what a test's request has, arguments or properties: it says what a caller may say. */
static bool takes_null(const struct reader *r, struct str text)
{
    if (!is_within(r, 1, "tests"))
        return false;
    if (r->depth == 3)
        return !text.n; /* a part of the test's name: parse_tests.c */
    return (is_within(r, 3, "request") && r->depth > 4) ||
           (is_within(r, 3, "variants") && r->depth > 5);
}

/* What an alias may copy to another place has no null: it would be one there. */
static bool is_anchored(const struct reader *r)
{
    for (unsigned i = 0; i < r->depth; i++)
        if (r->stack[i].anchor >= 0)
            return true;
    return false;
}

static bool read_plain(const struct reader *r, struct ynode *n, bool anchor)
{
    if (!policy_scalar_is_null(n->text) || anchor || is_anchored(r) || !takes_null(r, n->text))
        return policy_scalar_read(n, r->report);
    n->type = Y_NULL;
    return true;
}

/* A `#` within a scalar begins no comment. */
static void tell_scalar(struct reader *r, const yaml_event_t *e)
{
    struct policy_pos end = {(uint32_t)e->end_mark.line + 1, (uint32_t)e->end_mark.column + 1, 1,
                             r->report->reading};
    bool block = e->data.scalar.style == YAML_LITERAL_SCALAR_STYLE ||
                 e->data.scalar.style == YAML_FOLDED_SCALAR_STYLE;
    policy_suppress_scalar(&r->report->suppress[r->report->reading], position(r, e), end, block);
}

static void read_scalar(struct reader *r, const yaml_event_t *e)
{
    bool key = is_key(r);
    struct ynode *n = add(r, e, Y_TEXT);
    if (r->report->suppress)
        tell_scalar(r, e);
    if (!n)
        return;
    yaml_anchor_end(&r->anchors, add_anchor(r, n, e->data.scalar.anchor), 1);
    refuse_tag(r, e, e->data.scalar.tag);
    n->text = scalar_text(r, e);
    if (!n->text.p) {
        policy_report_memory(r->report);
        r->stop = true;
        return;
    }
    n->quoted = e->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    if (key && !n->quoted && str_is(n->text, "<<"))
        policy_report(r->report, P_MERGE, n->pos, "use a named grant or group",
                      "merge keys are not part of the language");
    n->refused = n->quoted ? !check_text(r, n)
                           : !(key ? policy_scalar_read(n, r->report)
                                   : read_plain(r, n, e->data.scalar.anchor));
    if (key)
        n->type = Y_TEXT; /* 1: and true: as keys are names */
}

static void open_container(struct reader *r, const yaml_event_t *e, enum ynode_type type,
                           const yaml_char_t *anchor, const yaml_char_t *tag)
{
    if (is_key(r)) {
        halt(r, P_TYPE, position(r, e), NULL, "a key must be text, not a mapping or a list");
        return;
    }
    if (r->depth == POLICY_MAX_DEPTH) {
        halt(r, P_BOUND, position(r, e), NULL, "nested more than 64 deep");
        return;
    }
    struct ynode *n = add(r, e, type);
    if (!n)
        return;
    refuse_tag(r, e, tag);
    r->stack[r->depth++] =
        (struct frame){.node = n, .before = r->nodes, .anchor = add_anchor(r, n, anchor)};
}

static int by_text(const void *a, const void *b)
{
    const struct ynode *const *x = a, *const *y = b;
    int c = str_cmp((*x)->text, (*y)->text);
    return c ? c
             : ((*x)->pos.line != (*y)->pos.line
                    ? ((*x)->pos.line > (*y)->pos.line) - ((*x)->pos.line < (*y)->pos.line)
                    : ((*x)->pos.column > (*y)->pos.column) -
                          ((*x)->pos.column < (*y)->pos.column));
}

/* Most maps are small and have none: told without sorting. */
#define FEW_KEYS 12u
static bool are_few_and_differ(const struct ynode *map)
{
    struct str seen[FEW_KEYS];
    uint32_t n = 0;
    for (const struct ynode *k = map->first; k && k->next; k = k->next->next) {
        for (uint32_t i = 0; i < n; i++)
            if (str_eq(seen[i], k->text))
                return false;
        if (n == FEW_KEYS)
            return false;
        seen[n++] = k->text;
    }
    return true;
}

static void check_duplicates(struct reader *r, const struct ynode *map)
{
    if (are_few_and_differ(map))
        return;
    auto_free struct ynode **keys = calloc(map->count, sizeof(struct ynode *));
    if (!keys) {
        policy_report_memory(r->report);
        r->stop = true;
        return;
    }
    uint32_t n = 0;
    for (struct ynode *k = map->first; k && k->next; k = k->next->next)
        keys[n++] = k;
    qsort(keys, n, sizeof(struct ynode *), by_text);
    for (uint32_t i = 1; i < n; i++) {
        char shown[POLICY_SHOWN];
        if (!str_eq(keys[i]->text, keys[i - 1]->text))
            continue;
        keys[i]->refused = true; /* the parser reads each key once */
        policy_report(r->report, P_DUPLICATE_KEY, keys[i]->pos, NULL,
                      "key `%s` stands here again; the first is on line %u",
                      policy_shown(keys[i]->text, shown), keys[i - 1]->pos.line);
    }
}

static void close_container(struct reader *r)
{
    const struct frame *f = &r->stack[--r->depth];
    yaml_anchor_end(&r->anchors, f->anchor, r->nodes - f->before + 1);
    if (f->node->type == Y_MAP)
        check_duplicates(r, f->node);
}

static void open_document(struct reader *r, const yaml_event_t *e)
{
    if (r->documents++ == 1)
        halt(r, P_DOCUMENTS, position(r, e), "make it a file of its own",
             "a second YAML document begins; a policy is one document");
}

static void take(struct reader *r, const yaml_event_t *e)
{
    switch (e->type) {
    case YAML_DOCUMENT_START_EVENT:
        open_document(r, e);
        break;
    case YAML_ALIAS_EVENT:
        read_alias(r, e);
        break;
    case YAML_SCALAR_EVENT:
        read_scalar(r, e);
        break;
    case YAML_SEQUENCE_START_EVENT:
        open_container(r, e, Y_LIST, e->data.sequence_start.anchor, e->data.sequence_start.tag);
        break;
    case YAML_MAPPING_START_EVENT:
        open_container(r, e, Y_MAP, e->data.mapping_start.anchor, e->data.mapping_start.tag);
        break;
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        close_container(r);
        break;
    default:
        break;
    }
}

static void report_yaml(struct reader *r)
{
    const yaml_parser_t *p = &r->parser;
    if (p->error == YAML_MEMORY_ERROR) {
        policy_report_memory(r->report);
        return;
    }
    const char *hint;
    struct policy_pos at = policy_yaml_fault(p, r->source, r->report->reading, &hint);
    if (p->error == YAML_READER_ERROR) {
        at = start_of(r->report);
        for (size_t i = 0; i < p->problem_offset && i < r->source.n; i++) {
            at.column = r->source.p[i] == '\n' ? 1 : at.column + 1;
            at.line += r->source.p[i] == '\n';
        }
    }
    policy_report(r->report, P_YAML, at, hint, "not YAML: %s%s%s",
                  p->problem ? p->problem : "unreadable", p->context ? ", " : "",
                  p->context ? p->context : "");
}

static void read_events(struct reader *r)
{
    for (bool end = false; !end && !r->stop;) {
        yaml_event_t event;
        if (!yaml_parser_parse(&r->parser, &event)) {
            report_yaml(r);
            r->stop = true;
            return;
        }
        take(r, &event);
        end = event.type == YAML_STREAM_END_EVENT;
        yaml_event_delete(&event);
    }
}

static void check_root(struct reader *r)
{
    if (r->root && r->root->type == Y_MAP)
        return;
    struct policy_pos at = r->root ? r->root->pos : start_of(r->report);
    char what[96];
    (void)snprintf(what, sizeof what,
                   r->root ? "the policy is %s; a mapping is wanted" : "the policy is empty",
                   r->root ? policy_yaml_kind(r->root) : "");
    halt(r, P_NO_MAPPING, at, "begin with `reeve: policy/v1`", what);
}

static bool is_ascii(struct str s)
{
    uint8_t all = 0;
    for (size_t i = 0; i < s.n; i++)
        all |= (uint8_t)s.p[i];
    return all < 0x80;
}

struct ynode *policy_yaml_read(struct str text, struct arena *arena, struct policy_report *report)
{
    struct reader r = {.arena = arena, .report = report, .source = text, .ascii = is_ascii(text)};
    if (text.n > POLICY_MAX_BYTES) {
        policy_report(report, P_BOUND, start_of(report), "split the policy",
                      "%zu bytes; a policy has at most %zu", text.n, POLICY_MAX_BYTES);
        return NULL;
    }
    /* A mark that some editors write is no character of the text: places count from behind it. */
    if (str_starts(text, STR("\xef\xbb\xbf")))
        *policy_text_of(report) = r.source = text = (struct str){text.p + 3, text.n - 3};
    if (report->suppress)
        policy_suppress_scan(text, &report->suppress[report->reading], arena, report);
    if (!yaml_parser_initialize(&r.parser)) {
        policy_report_memory(report);
        return NULL;
    }
    yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)(text.p ? text.p : ""), text.n);
    read_events(&r);
    if (!r.stop)
        check_root(&r);
    yaml_parser_delete(&r.parser);
    return r.stop ? NULL : r.root;
}

void policy_yaml_templates(const struct ynode *n, struct policy_report *report)
{
    if (n->type <= Y_BOOL) {
        if (!n->template_ok && policy_has_template(n->text))
            policy_report(report, P_TEMPLATE, n->pos, NULL,
                          "`${...}` stands for nothing here; in a grant, \"${args.NAME}\" can be a "
                          "whole path or network entry, and `${subject.id}` a segment of a path");
        return;
    }
    for (const struct ynode *c = n->first; c; c = c->next)
        policy_yaml_templates(c, report);
}
