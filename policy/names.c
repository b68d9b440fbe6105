/*
 * Sorted arrays of names with an index each. Used by check.c and compile.c.
 */
#include "policy/names.h"

static int by_name(const void *a, const void *b)
{
    const struct policy_name *x = a, *y = b;
    int c = str_cmp(x->name, y->name);
    return c ? c : (x->index > y->index) - (x->index < y->index);
}

void policy_names_sort(struct policy_names *names)
{
    if (names->n > 1)
        qsort(names->v, names->n, sizeof *names->v, by_name);
}

void policy_names_unique(struct policy_names *names)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < names->n; i++)
        if (kept == 0 || !str_eq(names->v[kept - 1].name, names->v[i].name))
            names->v[kept++] = names->v[i];
    names->n = kept;
    for (uint32_t i = 0; i < kept; i++)
        names->v[i].index = i;
}

uint32_t policy_names_first(const struct policy_names *names, struct str name)
{
    uint32_t lo = 0, hi = names->n;
    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        if (str_cmp(names->v[mid].name, name) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

uint32_t policy_names_find(const struct policy_names *names, struct str name)
{
    uint32_t at = policy_names_first(names, name);
    return at < names->n && str_eq(names->v[at].name, name) ? names->v[at].index : UINT32_MAX;
}

const char *policy_names_hint(const struct policy_names *names, struct policy_report *report,
                              struct str wanted, char hint[POLICY_HINT])
{
    struct policy_nearest near = policy_near(report, wanted);
    for (uint32_t i = 0; i < names->n && near.wanted.n; i++)
        policy_offer(&near, names->v[i].name);
    return policy_hint(&near, hint);
}
