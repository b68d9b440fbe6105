/* See match.h. */
#include "policy/match.h"

struct both {
    const struct json_doc *expected, *got;
    bool ordered;
};

static bool fits(const struct both *b, const struct json_node *e, const struct json_node *g);

static bool numbers_fit(const struct json_node *e, const struct json_node *g)
{
    if (e->type == JSON_INT && g->type == JSON_INT)
        return e->i == g->i;
    double x = e->type == JSON_INT ? (double)e->i : e->d;
    double y = g->type == JSON_INT ? (double)g->i : g->d;
    return x == y;
}

static bool maps_fit(const struct both *b, const struct json_node *e, const struct json_node *g)
{
    const struct json_node *key = json_first(b->expected, e);
    for (uint32_t i = 0; i < e->count; i++) {
        const struct json_node *value = json_next(b->expected, key);
        struct both within = *b;
        within.ordered |= str_is(key->s, "properties");
        const struct json_node *other = json_get_str(b->got, g, key->s);
        if (!other || !fits(&within, value, other))
            return false;
        key = json_next(b->expected, value);
    }
    return true;
}

static bool lists_fit_in_order(const struct both *b, const struct json_node *e,
                               const struct json_node *g)
{
    const struct json_node *x = json_first(b->expected, e), *y = json_first(b->got, g);
    for (uint32_t i = 0; i < e->count; i++) {
        if (!fits(b, x, y))
            return false;
        x = json_next(b->expected, x);
        y = json_next(b->got, y);
    }
    return true;
}

/* Each expected element needs one of its own: an expectation that is a subset may fit several. */
struct pairing {
    const struct both *b;
    uint32_t n;
    const struct json_node *e[POLICY_MAX_MATCHED], *g[POLICY_MAX_MATCHED];
    uint32_t of[POLICY_MAX_MATCHED]; /* element of `g` → 1 + that of `e` that has it */
    bool seen[POLICY_MAX_MATCHED];
};

/* Find an element for `e`, moving others to another one where that helps. The recursion is at most
 * as deep as the list is long. */
static bool pair(struct pairing *p, uint32_t e)
{
    for (uint32_t i = 0; i < p->n; i++) {
        if (p->seen[i] || !fits(p->b, p->e[e], p->g[i]))
            continue;
        p->seen[i] = true;
        if (!p->of[i] || pair(p, p->of[i] - 1)) {
            p->of[i] = e + 1;
            return true;
        }
    }
    return false;
}

static void spread(const struct json_doc *doc, const struct json_node *list,
                   const struct json_node **out)
{
    const struct json_node *n = json_first(doc, list);
    for (uint32_t i = 0; i < list->count; i++, n = json_next(doc, n))
        out[i] = n;
}

static bool lists_fit_somehow(const struct both *b, const struct json_node *e,
                              const struct json_node *g)
{
    struct pairing p = {.b = b, .n = e->count};
    spread(b->expected, e, p.e);
    spread(b->got, g, p.g);
    for (uint32_t i = 0; i < p.n; i++) {
        memset(p.seen, 0, sizeof p.seen);
        if (!pair(&p, i))
            return false;
    }
    return true;
}

static bool fits(const struct both *b, const struct json_node *e, const struct json_node *g)
{
    bool number = e->type == JSON_INT || e->type == JSON_DOUBLE;
    if (number)
        return (g->type == JSON_INT || g->type == JSON_DOUBLE) && numbers_fit(e, g);
    if (e->type != g->type)
        return false;
    if (e->type == JSON_STRING)
        return str_eq(e->s, g->s);
    if (e->type == JSON_OBJECT)
        return maps_fit(b, e, g);
    if (e->type != JSON_ARRAY)
        return true;
    if (e->count != g->count)
        return false;
    return b->ordered || e->count > POLICY_MAX_MATCHED ? lists_fit_in_order(b, e, g)
                                                       : lists_fit_somehow(b, e, g);
}

bool policy_json_fits(const struct json_doc *expected, const struct json_node *e,
                      const struct json_doc *got, const struct json_node *g)
{
    struct both b = {.expected = expected, .got = got};
    return g && fits(&b, e, g);
}
