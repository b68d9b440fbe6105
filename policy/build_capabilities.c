/*
 * What is asked for, as tables: every capability pattern of every rule becomes an entry, found by
 * its exact id or by the literal prefix of its glob; rules of one kind together, of them the more
 * specific first.
 */
#include "policy/build.h"

struct candidate {
    struct str text, pattern; /* what it is found by; pattern n 0: exact */
    uint64_t key;
    uint32_t rule;
    int kind; /* enum policy_rule_kind */
};

static int by_place(const void *a, const void *b)
{
    const struct candidate *x = a, *y = b;
    int c = str_cmp(x->text, y->text);
    if (c)
        return c;
    if (x->kind != y->kind)
        return x->kind - y->kind;
    if (x->key != y->key)
        return x->key > y->key ? -1 : 1;
    if (x->rule != y->rule)
        return x->rule < y->rule ? -1 : 1;
    return str_cmp(x->pattern, y->pattern);
}

static struct candidate candidate_of(const struct builder *b, uint32_t rule, struct str text,
                                     uint64_t key)
{
    bool exact = policy_capability_is_exact(text);
    return (struct candidate){
        .text = exact ? text : policy_capability_prefix(text),
        .pattern = exact ? (struct str){text.p, 0} : text,
        .key = key,
        .rule = rule,
        .kind = b->m->rules[b->order[rule]].effect,
    };
}

/* A deny or require that names no capability is of every one, and what selects by effects alone. */
static uint32_t patterns_of(const struct m_rule *r)
{
    return r->has_capability ? r->ncapabilities : 1;
}

static struct candidate *collect(struct builder *b, uint32_t *n)
{
    const struct model *m = b->m;
    size_t total = 0;
    for (uint32_t i = 0; i < m->nrules; i++)
        total += patterns_of(&m->rules[i]);
    struct candidate *all = build_alloc(b, total, sizeof *all);
    for (uint32_t i = 0; all && i < m->nrules; i++) {
        const struct m_rule *r = &m->rules[b->order[i]];
        if (!r->has_capability)
            all[(*n)++] = candidate_of(b, i, STR("*"), 0);
        for (uint32_t k = 0; k < r->ncapabilities; k++)
            all[(*n)++] = candidate_of(b, i, r->capabilities[k].text, r->capabilities[k].key);
    }
    if (*n > 1)
        qsort(all, *n, sizeof *all, by_place);
    return all;
}

static uint32_t add_lookup(struct builder *b, const struct candidate *c, uint32_t left)
{
    struct img_lookup row = {
        build_str(b, c->text), build_count(b, IMAGE_entries, sizeof(struct img_entry)), {0}};
    uint32_t n = 0;
    for (; n < left && str_eq(c[n].text, c->text); n++) {
        if (n > 0 && by_place(&c[n], &c[n - 1]) == 0)
            continue; /* a pattern twice in one rule */
        struct img_entry entry = {
            .key = c[n].key, .pattern = build_str(b, c[n].pattern), .rule = c[n].rule};
        build_row(b, IMAGE_entries, &entry, sizeof entry);
        row.n[c[n].kind]++;
    }
    build_row(b, IMAGE_lookups, &row, sizeof row);
    return n;
}

void build_capabilities(struct builder *b)
{
    uint32_t n = 0, lookups = 0;
    struct candidate *all = collect(b, &n);
    uint32_t *hashes = build_alloc(b, n, sizeof *hashes);
    if (b->failed)
        return;
    for (uint32_t i = 0; i < n && !b->failed; lookups++) {
        hashes[lookups] = image_hash(all[i].text);
        i += add_lookup(b, &all[i], n - i);
    }
    build_slots(b, IMAGE_capability_slots, hashes, lookups);
}
