/* See naive_when.h. */
#include "naive_when.h"

#include <math.h>
#include <stdlib.h>

/* ---- values ---- */

/* s text, n number, b boolean, l list, m map (key, value, key, value ...), 0 null, t time. */
struct value {
    char kind;
    bool b;
    long double n; /* holds every int64 and every double */
    struct str s;
    struct value *child;
    uint32_t count; /* of child */
};

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

static struct value number(long double d)
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

static struct value from_yaml(const struct naive *n, const struct ynode *y)
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
        v.child[i++] = from_yaml(n, c);
    return v;
}

static struct value from_texts(const struct naive *n, const struct str *texts, uint32_t count)
{
    struct value v = {.kind = 'l', .count = count, .child = children(n, count)};
    for (uint32_t i = 0; i < count; i++)
        v.child[i] = text(texts[i]);
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

enum found { THERE, MISSING, NOWHERE, MISTYPED };

static const struct m_declared *declared(const struct naive *n, const struct m_attribute *a,
                                         uint32_t keys)
{
    for (uint32_t i = 0; i < n->m->ndeclared; i++) {
        const struct m_attribute *d = n->m->declared[i].path;
        bool same = d->root == a->root && d->builtin == a->builtin && d->n == keys;
        for (uint32_t k = 0; same && k < keys; k++)
            same = str_eq(d->key[k], a->key[k]);
        if (same)
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
        if (str_eq(n->m->entities[i].name, name))
            known = from_yaml(n, n->m->entities[i].properties);
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

static bool broker_value(const struct naive *n, uint8_t input, struct value *out)
{
    const struct reeve_inputs_view *in = n->inputs;
    if (input == POLICY_INPUT_LEVEL) {
        *out = text(str_of(n->level));
        return true;
    }
    if (!(in->known & 1u << input))
        return false;
    if (input == POLICY_INPUT_NOW)
        *out = (struct value){.kind = 't'};
    if (input == POLICY_INPUT_PEER_UID)
        *out = number(in->peer_uid);
    if (input == POLICY_INPUT_DEPTH)
        *out = number(in->depth);
    if (input == POLICY_INPUT_CHILDREN)
        *out = number(in->children);
    if (input == POLICY_INPUT_BUCKET)
        *out = number(in->bucket);
    if (input == POLICY_INPUT_TOOL_DIGEST)
        *out = text(in->tool_digest);
    if (input == POLICY_INPUT_LABELS)
        *out = from_texts(n, in->labels, in->nlabels);
    if (input == POLICY_INPUT_CHAIN)
        *out = from_texts(n, in->chain, in->nchain);
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
        return broker_value(n, a->builtin, out);
    default:
        *out = text(q->capability);
        return true;
    }
}

static enum found walk(const struct naive *n, const struct m_attribute *a, struct value *v)
{
    bool whole = a->root == ROOT_ACTION ||
                 ((a->root == ROOT_SUBJECT || a->root == ROOT_RESOURCE) && a->builtin);
    if (!begin(n, a, v))
        return MISSING;
    uint32_t i = 0;
    if (a->positions) {
        unsigned long at = strtoul(a->key[0].p, NULL, 10);
        if (v->kind != 'l' || (n->req->entry && n->req->entry->has_schema))
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

static enum found lookup(const struct naive *n, const struct m_attribute *a, struct value *v)
{
    enum found f = walk(n, a, v);
    bool may = a->root == ROOT_CONTEXT ||
               ((a->root == ROOT_SUBJECT || a->root == ROOT_RESOURCE) && !a->builtin) ||
               (a->root == ROOT_BROKER && a->builtin == POLICY_INPUT_FLAGS);
    const struct m_declared *d = may ? declared(n, a, a->n) : NULL;
    if (d && f == MISSING && d->fallback) {
        *v = from_yaml(n, d->fallback);
        f = THERE;
    }
    return d && f == THERE && !type_fits(d->type, v) ? MISTYPED : f;
}

bool naive_text(const struct naive *n, const struct m_attribute *a, struct str *out)
{
    struct value v;
    bool text_ = lookup(n, a, &v) == THERE && v.kind == 's';
    if (text_)
        *out = v.s;
    return text_;
}

/* ---- operators ---- */

static int truth_of(bool b)
{
    return b ? NAIVE_TRUE : NAIVE_FALSE;
}

static bool countable(const struct value *v)
{
    return v->kind == 'n' && v->n >= -0x1p63L && v->n < 0x1p63L;
}

static int equal(const struct value *a, const struct value *b)
{
    if (a->kind != b->kind || strchr("m0t", a->kind))
        return NAIVE_UNKNOWN;
    if (a->kind == 's')
        return truth_of(str_eq(a->s, b->s));
    if (a->kind == 'b')
        return truth_of(a->b == b->b);
    if (a->kind == 'n')
        return countable(a) && countable(b) ? truth_of(a->n == b->n) : NAIVE_UNKNOWN;
    if (a->count > 1024 || b->count > 1024)
        return NAIVE_UNKNOWN;
    if (a->count != b->count)
        return NAIVE_FALSE;
    int all = NAIVE_TRUE;
    for (uint32_t i = 0; i < a->count; i++) {
        int one = equal(&a->child[i], &b->child[i]);
        all = one < all ? one : all;
    }
    return all;
}

/* True if one is equal; else unknown if nothing could be compared, or one that could was unknown;
 * else false. */
static int in_list(const struct value *v, const struct value *list)
{
    unsigned count[3] = {0};
    for (uint32_t i = 0; i < list->count; i++)
        if (list->child[i].kind == v->kind)
            count[equal(v, &list->child[i])]++;
    if (count[NAIVE_TRUE])
        return NAIVE_TRUE;
    if (count[NAIVE_UNKNOWN])
        return NAIVE_UNKNOWN;
    return count[NAIVE_FALSE] || list->count == 0 ? NAIVE_FALSE : NAIVE_UNKNOWN;
}

static int order(enum policy_op op, const struct value *a, const struct value *b)
{
    if (!countable(a) || !countable(b))
        return NAIVE_UNKNOWN;
    return truth_of(op == OP_LT    ? a->n < b->n
                    : op == OP_LTE ? a->n <= b->n
                    : op == OP_GT  ? a->n > b->n
                                   : a->n >= b->n);
}

bool naive_path(struct str path, struct buf *out)
{
    struct str stack[64];
    int depth = 0;
    if (path.n == 0 || path.p[0] != '/' || memchr(path.p, 0, path.n) || !str_is_utf8(path))
        return false;
    for (size_t i = 0, start = 0; i <= path.n; i++) {
        if (i < path.n && path.p[i] != '/')
            continue;
        struct str s = {path.p + start, i - start};
        start = i + 1;
        if (str_is(s, ".."))
            depth -= depth > 0;
        else if (s.n && !str_is(s, ".") && depth < 64)
            stack[depth++] = s;
    }
    for (int i = 0; i < depth; i++) {
        buf_byte(out, '/');
        buf_str(out, stack[i]);
    }
    return true;
}

static int under(struct str folder, const struct value *v)
{
    auto_buf struct buf f = {0}, h = {0};
    if (v->kind != 's' || !naive_path(v->s, &h))
        return NAIVE_UNKNOWN;
    (void)naive_path(folder, &f);
    buf_byte(&f, '/');
    buf_byte(&h, '/');
    return truth_of(str_starts(buf_view(&h), buf_view(&f)));
}

static int any_text(const struct value *v, const struct value *operand,
                    bool (*fits)(struct str text, struct str operand))
{
    bool some = false;
    if (v->kind != 's')
        return NAIVE_UNKNOWN;
    if (operand->kind == 's')
        return truth_of(fits(v->s, operand->s));
    for (uint32_t i = 0; i < operand->count; i++)
        some = some || fits(v->s, operand->child[i].s);
    return truth_of(some);
}

static int judge(const struct naive *n, const struct m_condition *c, const struct value *element);

static int each(const struct naive *n, const struct m_condition *child, const struct value *list,
                uint32_t from)
{
    int all = NAIVE_TRUE;
    for (uint32_t i = from; i < list->count; i++) {
        int one = judge(n, child, &list->child[i]);
        all = one < all ? one : all;
    }
    return all;
}

/* not (each not): what `some` is in three values. */
static int some(const struct naive *n, const struct m_condition *child, const struct value *list)
{
    struct m_condition not_ = {.op = OP_NOT, .first = (struct m_condition *)child};
    return NAIVE_TRUE - each(n, &not_, list, 0);
}

static int argv(const struct naive *n, const struct m_condition *c, const struct value *list)
{
    const struct m_condition *pattern[64], *rest = NULL;
    uint32_t count = 0;
    for (const struct m_condition *k = c->first; k; k = k->next)
        pattern[count++] = k;
    if (c->flag == POLICY_REST_OPS)
        rest = pattern[--count];
    if (list->count < count || (c->flag == POLICY_REST_NONE && list->count > count))
        return NAIVE_FALSE;
    int all = rest ? each(n, rest, list, count) : NAIVE_TRUE;
    for (uint32_t i = 0; i < count; i++) {
        int one = judge(n, pattern[i], &list->child[i]);
        all = one < all ? one : all;
    }
    return all;
}

static int contains(const struct value *list, const struct value *operand)
{
    int some_ = NAIVE_FALSE;
    for (uint32_t i = 0; i < list->count; i++) {
        int one = equal(&list->child[i], operand);
        some_ = one > some_ ? one : some_;
    }
    return some_;
}

static int list_operator(const struct naive *n, const struct m_condition *c, const struct value *v,
                         const struct value *operand)
{
    if (v->kind != 'l' || v->count > 1024)
        return NAIVE_UNKNOWN;
    switch (c->op) {
    case OP_CONTAINS:
        return contains(v, operand);
    case OP_EACH:
        return each(n, c->first, v, 0);
    case OP_SOME:
        return some(n, c->first, v);
    default:
        return argv(n, c, v);
    }
}

static int size(const struct naive *n, const struct m_condition *c, const struct value *v)
{
    if (!strchr("slm", v->kind))
        return NAIVE_UNKNOWN;
    struct value s = number(v->kind == 's'   ? (long double)v->s.n
                            : v->kind == 'l' ? (long double)v->count
                                             : (long double)v->count / 2);
    return judge(n, c->first, &s);
}

static int apply(const struct naive *n, const struct m_condition *c, const struct value *v,
                 const struct value *operand)
{
    switch (c->op) {
    case OP_EQ:
        return equal(v, operand);
    case OP_NE:
        return NAIVE_TRUE - equal(v, operand);
    case OP_IN:
    case OP_NOT_IN:
        if (operand->kind != 'l' || (c->other && operand->count > 1024))
            return NAIVE_UNKNOWN;
        return c->op == OP_IN ? in_list(v, operand) : NAIVE_TRUE - in_list(v, operand);
    case OP_LT:
    case OP_LTE:
    case OP_GT:
    case OP_GTE:
        return order(c->op, v, operand);
    case OP_BETWEEN: {
        int low = order(OP_GTE, v, &operand->child[0]), high = order(OP_LTE, v, &operand->child[1]);
        return low < high ? low : high;
    }
    case OP_STARTS_WITH:
        return any_text(v, operand, str_starts);
    case OP_UNDER:
        return under(c->path, v);
    case OP_SIZE:
        return size(n, c, v);
    case OP_CONTAINS:
    case OP_EACH:
    case OP_SOME:
    case OP_ARGV:
        return list_operator(n, c, v, operand);
    default:
        abort(); /* an operator that is not told here */
    }
}

/* ---- conditions ---- */

static int is_member(const struct naive *n, const struct m_condition *c)
{
    bool in = false;
    for (uint32_t i = 0; i < c->groups.n; i++)
        in = in || naive_in_group(n->m, c->groups.v[i].text, n->req->subject);
    return truth_of(in);
}

static int all_of(const struct naive *n, const struct m_condition *first,
                  const struct value *element)
{
    int value = NAIVE_TRUE;
    for (const struct m_condition *k = first; k; k = k->next) {
        int one = judge(n, k, element);
        value = one < value ? one : value;
    }
    return value;
}

static int any_of(const struct naive *n, const struct m_condition *c, const struct value *element)
{
    int value = NAIVE_FALSE;
    for (const struct m_condition *k = c->first; k; k = k->next) {
        int one = judge(n, k, element);
        value = one > value ? one : value;
    }
    return value;
}

static int used(const struct naive *n, struct str name)
{
    for (uint32_t i = 0; i < n->m->nconditions; i++)
        if (str_eq(n->m->conditions[i].name, name))
            return judge(n, n->m->conditions[i].condition, NULL);
    abort();
}

static int judge(const struct naive *n, const struct m_condition *c, const struct value *element)
{
    struct value v = {0}, operand = {0};
    if (c->use.n)
        return used(n, c->use);
    if (c->op == OP_ALL)
        return all_of(n, c->first, element);
    if (c->op == OP_ANY)
        return any_of(n, c, element);
    if (c->op == OP_NOT)
        return NAIVE_TRUE - judge(n, c->first, element);
    if (c->op == OP_IS)
        return is_member(n, c);
    enum found found = MISSING;
    if (c->attribute) {
        found = lookup(n, c->attribute, &v);
    } else if (element->kind != '0') {
        found = THERE;
        v = *element;
    }
    if (c->op == OP_ABSENT)
        return found == MISSING ? truth_of(c->flag) : all_of(n, c->first, element);
    if (found == NOWHERE)
        return NAIVE_UNKNOWN;
    if (c->op == OP_EXISTS)
        return truth_of((found != MISSING) == (bool)c->flag);
    if (found != THERE)
        return NAIVE_UNKNOWN;
    if (c->other && lookup(n, c->other, &operand) != THERE)
        return NAIVE_UNKNOWN;
    if (!c->other && c->operand)
        operand = from_yaml(n, c->operand);
    return apply(n, c, &v, &operand);
}

int naive_truth(const struct naive *n, const struct m_condition *c)
{
    return judge(n, c, NULL);
}
