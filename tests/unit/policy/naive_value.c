/* See naive_value.h. */
#include "naive_value.h"

#include <math.h>
#include <stdlib.h>

/* ---- values ---- */

static struct value *children(const struct naive *n, uint32_t count)
{
    struct value *v = arena_array(n->arena, count + 1, sizeof *v);
    if (!v)
        abort();
    return v;
}

static struct value text(struct str s)
{
    return (struct value){.kind = 's', .s = s};
}

struct value naive_number(long double d)
{
    return (struct value){.kind = 'n', .n = d};
}

static struct value from_json(const struct naive *n, const struct json_doc *doc,
                              const struct json_node *j)
{
    struct value v = {.kind = "0bbnnslm"[j->type], .b = j->type == JSON_TRUE};
    if (j->type == JSON_INT)
        v.n = j->i;
    if (j->type == JSON_DOUBLE)
        v.n = j->d;
    if (j->type == JSON_STRING)
        v.s = j->s;
    if (j->type < JSON_ARRAY)
        return v;
    v.count = j->type == JSON_OBJECT ? 2 * j->count : j->count;
    v.child = children(n, v.count);
    const struct json_node *c = json_first(doc, j);
    for (uint32_t i = 0; i < v.count; i++, c = json_next(doc, c))
        v.child[i] = from_json(n, doc, c);
    return v;
}

struct value naive_yaml(const struct naive *n, const struct ynode *y)
{
    static const char kinds[] = {[Y_TEXT] = 's', [Y_INT] = 'n',  [Y_DOUBLE] = 'n',
                                 [Y_BOOL] = 'b', [Y_LIST] = 'l', [Y_MAP] = 'm'};
    struct value v = {.kind = kinds[y->type], .b = y->boolean};
    if (y->type == Y_TEXT)
        v.s = y->text;
    if (y->type == Y_INT)
        v.n = y->i;
    if (y->type == Y_DOUBLE)
        v.n = y->d;
    if (y->type < Y_LIST)
        return v;
    for (const struct ynode *c = y->first; c; c = c->next)
        v.count++;
    v.child = children(n, v.count);
    uint32_t i = 0;
    for (const struct ynode *c = y->first; c; c = c->next)
        v.child[i++] = naive_yaml(n, c);
    return v;
}

/* Each file has labels of its own: those of a delegated one are NAME/label. */
static bool knows_label(const struct naive *n, uint32_t scope, struct str label)
{
    auto_buf struct buf own = {0};
    for (size_t i = 0; i < label.n && !scope; i++)
        if (label.p[i] == '/')
            return false;
    if (!scope)
        return true;
    buf_str(&own, n->m->scopes[scope - 1].name);
    buf_byte(&own, '/');
    return str_starts(label, buf_view(&own));
}

static struct value labels_of(const struct naive *n, uint32_t scope, const struct str *labels,
                              uint32_t count)
{
    struct value v = {.kind = 'l', .child = children(n, count)};
    for (uint32_t i = 0; i < count; i++)
        if (knows_label(n, scope, labels[i]))
            v.child[v.count++] = text(labels[i]);
    return v;
}

static struct value from_subjects(const struct naive *n, const struct policy_subject *subjects,
                                  uint32_t count)
{
    struct value v = {.kind = 'l', .count = count, .child = children(n, count)};
    for (uint32_t i = 0; i < count; i++)
        v.child[i] = text(subjects[i].text);
    return v;
}

static const struct value *member(const struct value *map, struct str key)
{
    for (uint32_t i = 0; i < map->count; i += 2)
        if (str_eq(map->child[i].s, key))
            return &map->child[i + 1];
    return NULL;
}

/* ---- where values come from ---- */

static const struct m_declared *declared(const struct naive *n, const struct m_attribute *a,
                                         uint32_t keys)
{
    for (uint32_t i = 0; i < n->m->ndeclared; i++) {
        const struct m_attribute *d = n->m->declared[i].path;
        bool same = d->root == a->root && d->builtin == a->builtin && d->n == keys;
        for (uint32_t k = 0; same && k < keys; k++)
            same = str_eq(d->key[k], a->key[k]);
        if (same && (!n->m->declared[i].scope || n->m->declared[i].scope == n->scope))
            return &n->m->declared[i];
    }
    return NULL;
}

/* The properties of a subject or resource as they are to be believed: the request's, those of the
 * policy put over them, each only as far as its origin goes. */
static struct value believed(const struct naive *n, uint8_t root, struct str name,
                             const struct policy_value *said)
{
    struct value asked = {.kind = 'm'}, known = {.kind = 'm'}, out = {.kind = 'm'};
    if (said->doc)
        asked = from_json(n, said->doc, said->node);
    for (uint32_t i = 0; i < n->m->nentities; i++)
        if (str_eq(n->m->entities[i].name, name) &&
            (!n->m->entities[i].scope || n->m->entities[i].scope == n->scope))
            known = naive_yaml(n, n->m->entities[i].properties);
    out.child = children(n, asked.count + known.count);
    for (unsigned from_policy = 0; from_policy < 2; from_policy++) {
        const struct value *source = from_policy ? &known : &asked;
        for (uint32_t i = 0; i < source->count; i += 2) {
            struct m_attribute path = {.root = root, .n = 1, .key = &source->child[i].s};
            const struct m_declared *d = declared(n, &path, 1);
            int from = d ? d->from : FROM_ANY;
            if (from == (from_policy ? FROM_REQUEST : FROM_ENTITIES))
                continue;
            struct value *there = (struct value *)member(&out, source->child[i].s);
            if (there) {
                *there = source->child[i + 1];
                continue;
            }
            out.child[out.count++] = source->child[i];
            out.child[out.count++] = source->child[i + 1];
        }
    }
    return out;
}

static bool broker_value(const struct naive *n, const struct m_attribute *a, struct value *out)
{
    uint8_t input = a->builtin;
    const struct reeve_inputs_view *in = n->inputs;
    if (input == POLICY_INPUT_LEVEL) {
        *out = text(str_of(n->level));
        return true;
    }
    if (!(in->known & 1u << input))
        return false;
    if (input == POLICY_INPUT_NOW)
        *out = (struct value){.kind = 't', .moment = in->now_ns};
    if (input == POLICY_INPUT_PEER_UID)
        *out = naive_number(in->peer_uid);
    if (input == POLICY_INPUT_DEPTH)
        *out = naive_number(in->depth);
    if (input == POLICY_INPUT_CHILDREN)
        *out = naive_number(in->children);
    if (input == POLICY_INPUT_BUCKET)
        *out = naive_number(in->bucket);
    if (input == POLICY_INPUT_TOOL_DIGEST)
        *out = text(in->tool_digest);
    if (input == POLICY_INPUT_LABELS)
        *out = labels_of(n, a->scope, in->labels, in->nlabels);
    if (input == POLICY_INPUT_CHAIN)
        *out = from_subjects(n, in->chain, in->nchain);
    if (input == POLICY_INPUT_FLAGS && !in->flags.doc)
        return false;
    if (input == POLICY_INPUT_FLAGS)
        *out = from_json(n, in->flags.doc, in->flags.node);
    return true;
}

/* "type:id": what stands on one side of the first colon. */
static bool part(struct str name, bool type, struct value *out)
{
    for (size_t i = 0; i < name.n; i++)
        if (name.p[i] == ':') {
            *out =
                text(type ? (struct str){name.p, i} : (struct str){name.p + i + 1, name.n - i - 1});
            return true;
        }
    return false;
}

/* The value that a path begins in: false when there is none. */
static bool begin(const struct naive *n, const struct m_attribute *a, struct value *out)
{
    const struct policy_request *q = n->req;
    switch (a->root) {
    case ROOT_ARGS:
        if (!q->args)
            return false;
        *out = from_json(n, q->args, json_root(q->args));
        return true;
    case ROOT_SUBJECT:
        *out = believed(n, a->root, q->subject, &q->subject_properties);
        return a->builtin == BUILTIN_NONE || part(q->subject, a->builtin == BUILTIN_TYPE, out);
    case ROOT_RESOURCE:
        *out = believed(n, a->root, q->resource, &q->resource_properties);
        return a->builtin == BUILTIN_NONE || part(q->resource, a->builtin == BUILTIN_TYPE, out);
    case ROOT_CONTEXT:
        if (!q->context.doc)
            return false;
        *out = from_json(n, q->context.doc, q->context.node);
        return true;
    case ROOT_BROKER:
        return broker_value(n, a, out);
    default:
        *out = text(q->capability);
        return true;
    }
}

/* A flag of a delegated file's own goes by NAME/flag. */
static const struct value *flag_of(const struct naive *n, const struct m_attribute *a,
                                   const struct value *flags)
{
    const struct m_declared *d = declared(n, a, 1);
    auto_buf struct buf own = {0};
    if (d && d->scope) {
        buf_str(&own, n->m->scopes[d->scope - 1].name);
        buf_byte(&own, '/');
    }
    buf_str(&own, a->key[0]);
    return member(flags, buf_view(&own));
}

static enum found walk(const struct naive *n, const struct m_attribute *a, struct value *v)
{
    bool whole = a->root == ROOT_ACTION ||
                 ((a->root == ROOT_SUBJECT || a->root == ROOT_RESOURCE) && a->builtin);
    if (!begin(n, a, v))
        return MISSING;
    uint32_t i = 0;
    if (a->root == ROOT_BROKER && a->builtin == POLICY_INPUT_FLAGS) {
        const struct value *next = v->kind == 'm' ? flag_of(n, a, v) : NULL;
        if (v->kind != 'm' || !next)
            return v->kind == 'm' ? MISSING : NOWHERE;
        *v = *next;
        i = 1;
    }
    if (a->positions) {
        unsigned long at = strtoul(a->key[0].p, NULL, 10);
        if (v->kind != 'l' || (n->req->entry ? n->req->entry->has_schema : n->schema))
            return NOWHERE;
        if (at >= v->count)
            return MISSING;
        *v = v->child[at];
        i = 1;
    }
    for (; i < a->n && !whole; i++) {
        if (v->kind != 'm')
            return NOWHERE;
        const struct value *next = member(v, a->key[i]);
        if (!next)
            return MISSING;
        *v = *next;
    }
    return v->kind == '0' ? MISSING : THERE;
}

static bool type_fits(struct m_type t, const struct value *v)
{
    if (t.list) {
        bool all = v->kind == 'l' && v->count <= 1024;
        for (uint32_t i = 0; all && i < v->count; i++)
            all = type_fits((struct m_type){.type = t.type}, &v->child[i]);
        return all;
    }
    switch (t.type) {
    case TYPE_STRING:
        return v->kind == 's';
    case TYPE_INT:
        return v->kind == 'n' && truncl(v->n) == v->n;
    case TYPE_NUMBER:
        return v->kind == 'n';
    case TYPE_BOOL:
        return v->kind == 'b';
    default:
        return v->kind == 'm';
    }
}

enum found naive_lookup(const struct naive *n, const struct m_attribute *a, struct value *v)
{
    enum found f = walk(n, a, v);
    bool may = a->root == ROOT_CONTEXT ||
               ((a->root == ROOT_SUBJECT || a->root == ROOT_RESOURCE) && !a->builtin) ||
               (a->root == ROOT_BROKER && a->builtin == POLICY_INPUT_FLAGS);
    const struct m_declared *d = may ? declared(n, a, a->n) : NULL;
    if (d && f == MISSING && d->fallback) {
        *v = naive_yaml(n, d->fallback);
        f = THERE;
    }
    return d && f == THERE && !type_fits(d->type, v) ? MISTYPED : f;
}

bool naive_text(const struct naive *n, const struct m_attribute *a, struct str *out)
{
    struct value v;
    bool text_ = naive_lookup(n, a, &v) == THERE && v.kind == 's';
    if (text_)
        *out = v.s;
    return text_;
}
