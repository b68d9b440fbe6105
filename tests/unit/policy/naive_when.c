/* See naive_when.h. */
#include "naive_value.h"

#include <stdlib.h>

/* ---- operators ---- */

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
    struct value s = naive_number(v->kind == 's'   ? (long double)v->s.n
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
        return naive_any_text(v, operand, str_starts);
    case OP_UNDER:
        return under(c->path, v);
    case OP_LIKE:
    case OP_HOST:
    case OP_CIDR:
        return naive_pattern(c, v, operand);
    case OP_MATCHES:
        return naive_matches(c->operand->text, v);
    case OP_URL:
        return naive_url(c->operand, v);
    case OP_TIME:
        return naive_moment(c->operand, v);
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
        found = naive_lookup(n, c->attribute, &v);
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
    if (c->other && naive_lookup(n, c->other, &operand) != THERE)
        return NAIVE_UNKNOWN;
    if (!c->other && c->operand)
        operand = naive_yaml(n, c->operand);
    return apply(n, c, &v, &operand);
}

int naive_truth(const struct naive *n, const struct m_condition *c)
{
    return judge(n, c, NULL);
}
