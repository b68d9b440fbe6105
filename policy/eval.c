/*
 * Conditions in three values over a request's arguments. What cannot be judged (missing, of another
 * type, no path) is unknown, and unknown stays unknown under `not`: so an allow never rests on it
 * and a deny always counts it.
 */
#include "policy/eval.h"

#include <math.h>

struct eval_value eval_attribute(const struct policy_image *image, const struct policy_request *req,
                                 uint32_t attribute)
{
    const struct img_attribute *a = &image_attributes(image)[attribute];
    const struct img_str *keys = image_keys(image) + a->first;
    const struct json_node *node = req->args ? json_root(req->args) : NULL;
    if (!node)
        return (struct eval_value){EVAL_MISSING, NULL};
    for (uint32_t i = 0; i < a->n; i++) {
        if (node->type != JSON_OBJECT)
            return (struct eval_value){EVAL_UNREACHABLE, NULL};
        node = json_get_str(req->args, node, image_str(image, keys[i]));
        if (!node)
            return (struct eval_value){EVAL_MISSING, NULL};
    }
    if (node->type == JSON_NULL)
        return (struct eval_value){EVAL_MISSING, NULL};
    return (struct eval_value){EVAL_THERE, node};
}

/* ---- equality ---- */

enum kind { KIND_TEXT, KIND_NUMBER, KIND_BOOL, KIND_LIST, KIND_OTHER };

static enum kind kind_of_node(const struct json_node *n)
{
    static const uint8_t kinds[] = {
        [JSON_NULL] = KIND_OTHER, [JSON_FALSE] = KIND_BOOL,    [JSON_TRUE] = KIND_BOOL,
        [JSON_INT] = KIND_NUMBER, [JSON_DOUBLE] = KIND_NUMBER, [JSON_STRING] = KIND_TEXT,
        [JSON_ARRAY] = KIND_LIST, [JSON_OBJECT] = KIND_OTHER};
    return (enum kind)kinds[n->type];
}

static enum kind kind_of_literal(const struct img_literal *l)
{
    static const uint8_t kinds[] = {[Y_TEXT] = KIND_TEXT,
                                    [Y_INT] = KIND_NUMBER,
                                    [Y_DOUBLE] = KIND_NUMBER,
                                    [Y_BOOL] = KIND_BOOL,
                                    [Y_LIST] = KIND_LIST};
    return (enum kind)kinds[l->type];
}

static bool same_mixed(int64_t i, double d)
{
    return d >= -0x1p63 && d < 0x1p63 && d == trunc(d) && (int64_t)d == i;
}

static bool same_number(const struct img_literal *l, const struct json_node *n)
{
    if (l->type == Y_INT)
        return n->type == JSON_INT ? l->i == n->i : same_mixed(l->i, n->d);
    return n->type == JSON_INT ? same_mixed(n->i, l->d) : !(l->d < n->d) && !(l->d > n->d);
}

static bool same_scalar(const struct policy_image *image, const struct img_literal *l,
                        const struct json_node *n)
{
    switch (kind_of_literal(l)) {
    case KIND_TEXT:
        return str_eq(image_str(image, l->s), n->s);
    case KIND_NUMBER:
        return same_number(l, n);
    default:
        return l->boolean == (n->type == JSON_TRUE);
    }
}

static enum tri lowest(enum tri a, enum tri b)
{
    return a < b ? a : b;
}

/* Recursion is bounded by the depth of the policy's text. */
static enum tri equal(const struct policy_image *image, const struct json_doc *doc,
                      const struct img_literal *l, const struct json_node *n)
{
    if (kind_of_literal(l) != kind_of_node(n))
        return TRI_UNKNOWN;
    if (l->type != Y_LIST)
        return same_scalar(image, l, n) ? TRI_TRUE : TRI_FALSE;
    const struct img_literal *base = image_literals(image), *end = base + l->end;
    const struct json_node *have = json_first(doc, n);
    enum tri all = TRI_TRUE;
    uint32_t seen = 0;
    for (const struct img_literal *want = l + 1; want < end; want = base + want->end, seen++) {
        if (seen == n->count)
            return TRI_FALSE;
        all = lowest(all, equal(image, doc, want, have));
        have = json_next(doc, have);
    }
    return seen == n->count ? all : TRI_FALSE;
}

static enum tri is_in(const struct policy_image *image, const struct img_literal *list,
                      const struct json_node *n)
{
    const struct img_literal *base = image_literals(image), *end = base + list->end;
    bool comparable = false, empty = list + 1 == end;
    for (const struct img_literal *want = list + 1; want < end; want = base + want->end) {
        if (kind_of_literal(want) != kind_of_node(n))
            continue;
        comparable = true;
        if (same_scalar(image, want, n))
            return TRI_TRUE;
    }
    return comparable || empty ? TRI_FALSE : TRI_UNKNOWN;
}

/* ---- paths ---- */

/* A cursor over a folder in normal form: how many bytes of it the path walked so far has matched.
 */
struct walk {
    struct str folder;
    size_t matched;         /* bytes, at a component's end */
    uint32_t depth, common; /* components of the path, of them those that are the folder's */
};

static void walk_up(struct walk *w)
{
    if (w->depth == 0)
        return;
    if (w->common == w->depth) {
        while (w->folder.p[--w->matched] != '/')
            continue;
        w->common--;
    }
    w->depth--;
}

static void walk_down(struct walk *w, struct str component)
{
    struct str rest = {w->folder.p + w->matched, w->folder.n - w->matched};
    if (w->common == w->depth && rest.n > component.n && rest.p[0] == '/' &&
        memcmp(rest.p + 1, component.p, component.n) == 0 &&
        (rest.n == component.n + 1 || rest.p[component.n + 1] == '/')) {
        w->matched += component.n + 1;
        w->common++;
    }
    w->depth++;
}

/* Whether a path, put into normal form on the way, is the folder or below it. Linear in the path's
 * length. */
static enum tri is_under(struct str folder, const struct json_node *n)
{
    if (n->type != JSON_STRING || n->s.n == 0 || n->s.p[0] != '/' || memchr(n->s.p, '\0', n->s.n) ||
        !str_is_utf8(n->s))
        return TRI_UNKNOWN;
    struct walk w = {.folder = folder.n == 1 ? (struct str){folder.p, 0} : folder};
    for (size_t i = 0; i < n->s.n;) {
        const char *start = n->s.p + i;
        const char *slash = memchr(start, '/', n->s.n - i);
        struct str component = {start, slash ? (size_t)(slash - start) : n->s.n - i};
        i += component.n + 1;
        if (str_is(component, ".."))
            walk_up(&w);
        else if (component.n && !str_is(component, "."))
            walk_down(&w, component);
    }
    return w.matched == w.folder.n ? TRI_TRUE : TRI_FALSE;
}

/* ---- conditions ---- */

static enum tri eval_leaf(const struct policy_image *image, const struct policy_request *req,
                          const struct img_condition *c)
{
    struct eval_value v = eval_attribute(image, req, c->attribute);
    if (v.state == EVAL_UNREACHABLE)
        return TRI_UNKNOWN;
    if (c->op == OP_EXISTS)
        return (v.state == EVAL_THERE) == (bool)c->flag ? TRI_TRUE : TRI_FALSE;
    if (v.state == EVAL_MISSING)
        return TRI_UNKNOWN;
    const struct img_literal *operand = &image_literals(image)[c->operand];
    switch (c->op) {
    case OP_EQ:
        return equal(image, req->args, operand, v.node);
    case OP_IN:
        return is_in(image, operand, v.node);
    default:
        return is_under(image_str(image, operand->s), v.node);
    }
}

static enum tri eval_children(const struct policy_image *image, const struct policy_request *req,
                              uint32_t at, enum tri start, enum tri stop)
{
    const struct img_condition *nodes = image_conditions(image);
    enum tri value = start;
    for (uint32_t i = at + 1; i < nodes[at].end && value != stop; i = nodes[i].end) {
        enum tri v = eval_condition(image, req, i);
        if ((stop == TRI_FALSE) == (v < value))
            value = v;
    }
    return value;
}

static bool is_missing(const struct policy_image *image, const struct policy_request *req,
                       uint32_t attribute)
{
    return eval_attribute(image, req, attribute).state == EVAL_MISSING;
}

enum tri eval_condition(const struct policy_image *image, const struct policy_request *req,
                        uint32_t at)
{
    const struct img_condition *c = &image_conditions(image)[at];
    switch (c->op) {
    case OP_ABSENT:
        if (is_missing(image, req, c->attribute))
            return c->flag ? TRI_TRUE : TRI_FALSE;
        return eval_children(image, req, at, TRI_TRUE, TRI_FALSE);
    case OP_ALL:
        return eval_children(image, req, at, TRI_TRUE, TRI_FALSE);
    case OP_ANY:
        return eval_children(image, req, at, TRI_FALSE, TRI_TRUE);
    case OP_NOT:
        return (enum tri)(TRI_TRUE - eval_condition(image, req, at + 1));
    default:
        return eval_leaf(image, req, c);
    }
}
