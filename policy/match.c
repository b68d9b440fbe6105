/* See match.h. */
#include "policy/match.h"

struct both {
    const struct json_doc *expected, *got;
    bool ordered;
};

static bool fits(const struct both *b, const struct json_node *e, const struct json_node *g);

/* An integer is a double only where that is just it: neither becomes the other. */
static bool is_just(int64_t i, double d)
{
    return d >= -0x1p63 && d < 0x1p63 && (double)(int64_t)d == d && (int64_t)d == i;
}

static bool numbers_fit(const struct json_node *e, const struct json_node *g)
{
    if (e->type == JSON_INT)
        return g->type == JSON_INT ? e->i == g->i : is_just(e->i, g->d);
    return g->type == JSON_INT ? is_just(g->i, e->d) : e->d == g->d;
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
enum pair_known { NOT_LOOKED, FITS_NOT, FITS };
struct pairing {
    const struct both *b;
    uint32_t n;
    uint8_t *known; /* enum pair_known of each element of `e` with each of `g`: looked at once */
    const struct json_node *e[POLICY_MAX_MATCHED], *g[POLICY_MAX_MATCHED];
    uint32_t of[POLICY_MAX_MATCHED]; /* element of `g` → 1 + that of `e` that has it */
    bool seen[POLICY_MAX_MATCHED];
};

static bool pair_fits(struct pairing *p, uint32_t e, uint32_t g)
{
    uint8_t *known = &p->known[e * p->n + g];
    if (*known == NOT_LOOKED)
        *known = fits(p->b, p->e[e], p->g[g]) ? FITS : FITS_NOT;
    return *known == FITS;
}

/* Find an element for `e`, moving others to another one where that helps. The recursion is at most
 * as deep as the list is long. */
static bool pair(struct pairing *p, uint32_t e)
{
    for (uint32_t i = 0; i < p->n; i++) {
        if (p->seen[i] || !pair_fits(p, e, i))
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

/* Of `n` elements `n` times `n` pairs are looked at. */
static bool lists_fit_somehow(const struct both *b, const struct json_node *e,
                              const struct json_node *g)
{
    auto_free uint8_t *known = calloc(e->count ? e->count : 1, e->count ? e->count : 1);
    struct pairing p = {.b = b, .n = e->count, .known = known};
    if (!known)
        return false; /* what cannot be looked at is not as it is expected */
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
