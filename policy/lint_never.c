/*
 * Tests of one attribute that exclude each other. All that a condition joins by `all` (a mapping,
 * several operators on one value) is gathered and compared pair by pair; what is within `any` or
 * `not` is a condition of its own. Says nothing where it is not sure.
 */
#include "policy/lint.h"

#include "core/catalogue.h"

/* What one condition joins: there is room for all of it. */
struct tests {
    uint32_t n;
    const struct m_condition *v[POLICY_MAX_TESTS];
};

static void put_tests(struct lint *l, const struct m_condition *c, struct tests *out)
{
    if (!policy_lint_spend(l, 1))
        return;
    if (c->op == OP_ALL) {
        for (const struct m_condition *k = c->first; k && !l->cut; k = k->next)
            put_tests(l, k, out);
    } else if (c->attribute && out->n < POLICY_MAX_TESTS) {
        out->v[out->n++] = c;
    }
}

/* What must hold together with `c`. Named conditions are followed; their nesting is bounded. */
static void gather(struct lint *l, const struct m_condition *c, struct tests *out)
{
    out->n = 0;
    put_tests(l, c, out);
}

/* ---- one literal against a test ---- */

static bool number_of(const struct ynode *n, double *out)
{
    if (n->type != Y_INT && n->type != Y_DOUBLE)
        return false;
    *out = n->type == Y_INT ? (double)n->i : n->d;
    return true;
}

/* The numbers that a test of order takes. */
struct range {
    double low, high;
    bool above, below; /* the end itself is out */
};

static bool range_of(const struct m_condition *c, struct range *out)
{
    const struct ynode *n = c->operand;
    *out = (struct range){-__builtin_inf(), __builtin_inf(), c->op == OP_GT, c->op == OP_LT};
    if (!n)
        return false;
    switch (c->op) {
    case OP_LT:
    case OP_LTE:
        return number_of(n, &out->high);
    case OP_GT:
    case OP_GTE:
        return number_of(n, &out->low);
    case OP_BETWEEN:
        return number_of(n->first, &out->low) && number_of(n->first->next, &out->high);
    default:
        return false;
    }
}

static bool is_within(double v, const struct range *r)
{
    return (r->above ? v > r->low : v >= r->low) && (r->below ? v < r->high : v <= r->high);
}

static bool same_scalar(const struct ynode *a, const struct ynode *b)
{
    double x, y;
    if (number_of(a, &x) && number_of(b, &y))
        return x == y;
    if (a->type != b->type)
        return false;
    return a->type == Y_BOOL ? a->boolean == b->boolean : str_eq(a->text, b->text);
}

static bool starts_with(struct lint *l, const struct m_condition *c, struct str text)
{
    const struct ynode *n = c->operand->type == Y_LIST ? c->operand->first : c->operand;
    for (; n; n = c->operand->type == Y_LIST ? n->next : NULL)
        if (!policy_lint_spend(l, 1) || str_starts(text, n->text))
            return true;
    return false;
}

static bool is_under(const struct m_condition *c, struct str text)
{
    auto_buf struct buf normal = {0};
    return !core_path_normal(text, &normal) ? false : core_path_under(buf_view(&normal), c->path);
}

/* Not known, where that is too much to look at. */
enum listed { LISTED, NOT_LISTED, NOT_KNOWN };

static enum listed look_up(struct lint *l, const struct ynode *list, const struct ynode *v)
{
    const struct ynode *n = list->type == Y_LIST ? list->first : list;
    for (; n; n = list->type == Y_LIST ? n->next : NULL) {
        if (!policy_lint_spend(l, 1))
            return NOT_KNOWN;
        if (same_scalar(n, v))
            return LISTED;
    }
    return NOT_LISTED;
}

/* Whether `c` may be true of a scalar. */
static bool may_hold(struct lint *l, const struct m_condition *c, const struct ynode *v)
{
    struct range range;
    double number;
    if (!c->operand && c->op != OP_UNDER)
        return true; /* {attr: ...}, or no operand */
    switch (c->op) {
    case OP_EQ:
        return c->operand->type == Y_LIST ? false : same_scalar(c->operand, v);
    case OP_NE:
        return c->operand->type == Y_LIST || !same_scalar(c->operand, v);
    case OP_IN:
        return look_up(l, c->operand, v) != NOT_LISTED;
    case OP_NOT_IN:
        return look_up(l, c->operand, v) != LISTED;
    case OP_STARTS_WITH:
        return v->type == Y_TEXT && starts_with(l, c, v->text);
    case OP_UNDER:
        return v->type == Y_TEXT && is_under(c, v->text);
    default:
        return !range_of(c, &range) || (number_of(v, &number) && is_within(number, &range));
    }
}

/* ---- two tests ---- */

/* Whether a value must be there for `c` to be true; `absent` decides itself. */
static bool needs_value(const struct m_condition *c)
{
    return c->op >= OP_EQ && c->op != OP_EXISTS;
}

/* Whether none of the values that `c` lists fits the other; not where one is no scalar. */
static bool none_fits(struct lint *l, const struct m_condition *c, const struct m_condition *other)
{
    if (!c->operand || (c->op != OP_EQ && c->op != OP_IN) ||
        (c->op == OP_EQ && c->operand->type == Y_LIST))
        return false;
    const struct ynode *n = c->op == OP_IN ? c->operand->first : c->operand;
    if (!n)
        return false; /* an empty list is told as such */
    for (; n; n = c->op == OP_IN ? n->next : NULL)
        if (n->type >= Y_LIST || !policy_lint_spend(l, 1) || may_hold(l, other, n))
            return false;
    return true;
}

static bool apart(const struct m_condition *a, const struct m_condition *b)
{
    struct range x, y;
    if (a->op == OP_UNDER && b->op == OP_UNDER)
        return !core_path_under(a->path, b->path) && !core_path_under(b->path, a->path);
    if (!range_of(a, &x) || !range_of(b, &y))
        return false;
    double low = x.low > y.low ? x.low : y.low, high = x.high < y.high ? x.high : y.high;
    return low > high || (low == high && !(is_within(low, &x) && is_within(low, &y)));
}

static bool exclude(struct lint *l, const struct m_condition *a, const struct m_condition *b)
{
    if (a->op == OP_EXISTS && !a->flag)
        return needs_value(b) || (b->op == OP_EXISTS && b->flag);
    return none_fits(l, a, b) || none_fits(l, b, a) || apart(a, b);
}

static bool never_both(struct lint *l, const struct m_condition *a, const struct m_condition *b)
{
    return policy_lint_spend(l, 1) && str_eq(a->attribute->text, b->attribute->text) &&
           (exclude(l, a, b) || exclude(l, b, a));
}

bool policy_lint_apart(struct lint *l, const struct m_condition *a, const struct m_condition *b)
{
    struct tests x, y;
    if (!a || !b)
        return false;
    gather(l, a, &x);
    gather(l, b, &y);
    for (uint32_t i = 0; i < x.n && !l->cut; i++)
        for (uint32_t k = 0; k < y.n && !l->cut; k++)
            if (never_both(l, x.v[i], y.v[k]))
                return true;
    return false;
}

void policy_lint_never(struct lint *l, const struct m_condition *c)
{
    struct tests all;
    gather(l, c, &all);
    for (uint32_t i = 1; i < all.n && !l->cut; i++)
        for (uint32_t k = 0; k < i && !l->cut; k++) {
            char shown[POLICY_SHOWN], place[POLICY_PLACE];
            if (!never_both(l, all.v[k], all.v[i]))
                continue;
            policy_report(l->report, P_NEVER_TRUE, all.v[i]->at,
                          "join them by `any`, or leave one of them out",
                          "`%s` cannot also be what is asked of it %s",
                          policy_shown(all.v[i]->attribute->text, shown),
                          policy_place(l->report, all.v[k]->at, all.v[i]->at, place));
            return; /* one suffices to say so */
        }
}
