/*
 * Views of values: see view.h. Recursion follows the nesting of a value, which the JSON reader and
 * the policy's text bound.
 */
#include "policy/view.h"

#include <math.h>

struct view view_text(struct str s)
{
    return (struct view){.kind = VIEW_TEXT, .s = s};
}

struct view view_number(int64_t i)
{
    return (struct view){.kind = VIEW_NUMBER, .integer = true, .i = i};
}

/* A label of a delegated file has its namespace in front, which no other file can write. */
static bool is_label_of(const struct policy_image *image, struct str label, uint32_t scope)
{
    const char *slash = memchr(label.p, '/', label.n);
    if (scope == POLICY_NONE || !slash)
        return scope == POLICY_NONE && !slash;
    return str_eq((struct str){label.p, (size_t)(slash - label.p)},
                  image_str(image, image_scopes(image)[scope].name));
}

struct view view_labels(const struct policy_image *image, const struct str *labels, uint32_t n,
                        uint32_t scope)
{
    struct view v = {.kind = VIEW_LIST, .source = VIEW_LABELS, .labels = {labels, scope}};
    for (uint32_t i = 0; i < n; i++)
        v.count += is_label_of(image, labels[i], scope);
    return v;
}

/* The next of its file: there is one. */
static struct view next_label(const struct policy_image *image, struct view_cursor *c)
{
    const struct view *v = c->list;
    while (!is_label_of(image, v->labels.v[c->label], v->labels.scope))
        c->label++;
    return view_text(v->labels.v[c->label++]);
}

struct view view_subjects(const struct policy_subject *subjects, uint32_t n)
{
    return (struct view){
        .kind = VIEW_LIST, .source = VIEW_SUBJECTS, .count = n, .subjects = subjects};
}

struct view view_json(const struct json_doc *doc, const struct json_node *n)
{
    switch (n->type) {
    case JSON_FALSE:
    case JSON_TRUE:
        return (struct view){.kind = VIEW_BOOL, .boolean = n->type == JSON_TRUE};
    case JSON_INT:
        return view_number(n->i);
    case JSON_DOUBLE:
        return (struct view){.kind = VIEW_NUMBER, .d = n->d};
    case JSON_STRING:
        return view_text(n->s);
    case JSON_ARRAY:
    case JSON_OBJECT:
        return (struct view){.kind = n->type == JSON_ARRAY ? VIEW_LIST : VIEW_MAP,
                             .source = VIEW_JSON,
                             .count = n->count,
                             .json = {doc, n}};
    default:
        return (struct view){.kind = VIEW_NONE};
    }
}

struct view view_literal(const struct policy_image *image, uint32_t literal)
{
    const struct img_literal *l = &image_literals(image)[literal];
    switch (l->type) {
    case Y_TEXT:
        return view_text(image_str(image, l->s));
    case Y_INT:
        return view_number(l->i);
    case Y_DOUBLE:
        return (struct view){.kind = VIEW_NUMBER, .d = l->d};
    case Y_BOOL:
        return (struct view){.kind = VIEW_BOOL, .boolean = l->boolean};
    default:
        return (struct view){.kind = l->type == Y_LIST ? VIEW_LIST : VIEW_MAP,
                             .source = VIEW_LITERAL,
                             .count = l->count,
                             .literal = literal};
    }
}

static bool get_literal(const struct policy_image *image, const struct view *map, struct str key,
                        struct view *out)
{
    const struct img_literal *rows = image_literals(image);
    uint32_t end = rows[map->literal].end;
    for (uint32_t k = map->literal + 1; k < end; k = rows[k + 1].end) {
        if (!str_eq(image_str(image, rows[k].s), key))
            continue;
        *out = view_literal(image, k + 1);
        return true;
    }
    return false;
}

bool view_get(const struct policy_image *image, const struct view *map, struct str key,
              struct view *out)
{
    if (map->kind != VIEW_MAP)
        return false;
    if (map->source == VIEW_LITERAL)
        return get_literal(image, map, key, out);
    const struct json_node *n = json_get_str(map->json.doc, map->json.node, key);
    if (n)
        *out = view_json(map->json.doc, n);
    return n != NULL;
}

struct view_cursor view_begin(const struct view *list)
{
    struct view_cursor c = {.list = list};
    if (list->source == VIEW_JSON)
        c.node = json_first(list->json.doc, list->json.node);
    else if (list->source == VIEW_LITERAL)
        c.literal = list->literal + 1;
    else
        c.label = 0;
    return c;
}

bool view_next(const struct policy_image *image, struct view_cursor *c, struct view *out)
{
    if (c->seen == c->list->count)
        return false;
    if (c->list->source == VIEW_JSON) {
        *out = view_json(c->list->json.doc, c->node);
        c->node = json_next(c->list->json.doc, c->node);
    } else if (c->list->source == VIEW_LABELS) {
        *out = next_label(image, c);
    } else if (c->list->source == VIEW_SUBJECTS) {
        *out = view_text(c->list->subjects[c->seen].text);
    } else {
        *out = view_literal(image, c->literal);
        c->literal = image_literals(image)[c->literal].end;
    }
    c->seen++;
    return true;
}

/* ---- comparing ---- */

static bool within(const struct view *v)
{
    return v->kind == VIEW_NUMBER && (v->integer || (v->d >= -0x1p63 && v->d < 0x1p63));
}

/* An integer against a double within 64 bits, exactly: neither becomes the other. */
static int order_mixed(int64_t i, double d)
{
    double whole = floor(d);
    int64_t below = (int64_t)whole;
    if (i != below)
        return i < below ? -1 : 1;
    return d > whole ? -1 : 0;
}

bool view_order(const struct view *a, const struct view *b, int *out)
{
    if (!within(a) || !within(b))
        return false;
    if (a->integer && b->integer)
        *out = (a->i > b->i) - (a->i < b->i);
    else if (a->integer)
        *out = order_mixed(a->i, b->d);
    else if (b->integer)
        *out = -order_mixed(b->i, a->d);
    else
        *out = (a->d > b->d) - (a->d < b->d);
    return true;
}

static enum tri equal_lists(const struct policy_image *image, const struct view *a,
                            const struct view *b)
{
    if (a->count > POLICY_MAX_ELEMENTS || b->count > POLICY_MAX_ELEMENTS)
        return TRI_UNKNOWN;
    if (a->count != b->count)
        return TRI_FALSE;
    struct view_cursor x = view_begin(a), y = view_begin(b);
    struct view one, other;
    enum tri all = TRI_TRUE;
    while (view_next(image, &x, &one) && view_next(image, &y, &other))
        all = tri_and(all, view_equal(image, &one, &other));
    return all;
}

enum tri view_equal(const struct policy_image *image, const struct view *a, const struct view *b)
{
    int order;
    if (a->kind != b->kind)
        return TRI_UNKNOWN;
    switch (a->kind) {
    case VIEW_TEXT:
        return tri_of(str_eq(a->s, b->s));
    case VIEW_NUMBER:
        return view_order(a, b, &order) ? tri_of(order == 0) : TRI_UNKNOWN;
    case VIEW_BOOL:
        return tri_of(a->boolean == b->boolean);
    case VIEW_LIST:
        return equal_lists(image, a, b);
    default:
        return TRI_UNKNOWN;
    }
}
