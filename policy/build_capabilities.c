/*
 * What is asked for, as tables: every capability pattern of every rule becomes a candidate for each
 * of those that the rule is for, found by the hash of its exact id or of the literal prefix of its
 * glob, and whom it is for. A small filter in front tells most of what is not there.
 */
#include "policy/build.h"

/* A rule of many patterns for many subjects is kept under its patterns alone, so that an image
 * grows as its text does. */
#define MAX_SPREAD  8u
#define MAX_ENTRIES (UINT32_C(1) << 23)

struct candidate {
    uint64_t hash, text; /* of text and subject, of text alone */
    struct img_entry entry;
};

struct collector {
    struct builder *b;
    struct candidate *all;
    uint32_t n, cap;
};

static const struct img_rule *rule_row(const struct builder *b, uint32_t rule)
{
    return (const struct img_rule *)(const void *)b->section[IMAGE_rules].data + rule;
}

static const struct img_list *list_row(const struct builder *b, uint32_t list)
{
    return (const struct img_list *)(const void *)b->section[IMAGE_lists].data + list;
}

static const uint32_t *list_refs(const struct builder *b, const struct img_list *l)
{
    static const uint32_t none[1]; /* when no rule names a subject */
    const uint32_t *all = (const void *)b->section[IMAGE_refs].data;
    return (all ? all : none) + l->first;
}

/* Whether a group's members are all named, so that a subject's row lists it. */
static bool is_listed(const struct builder *b, uint32_t group)
{
    return ((const struct img_group *)(const void *)b->section[IMAGE_groups].data)[group].nglobs ==
           0;
}

/* A deny or require that names no capability is of every one, and what selects by effects alone. */
static uint32_t patterns_of(const struct m_rule *r)
{
    return r->has_capability ? r->ncapabilities : 1;
}

static bool is_spread(const struct collector *c, const struct m_rule *m, const struct img_list *r)
{
    uint64_t patterns = patterns_of(m), whom = (uint64_t)r->nids + r->ngroups + 1;
    return c->n + whom < MAX_ENTRIES && patterns * whom <= MAX_SPREAD * (patterns + whom);
}

static uint64_t row_bound(const struct m_rule *m)
{
    uint64_t patterns = patterns_of(m), whom = (uint64_t)m->subjects.n + 1;
    uint64_t every = patterns * whom, most = MAX_SPREAD * (patterns + whom);
    return every < most ? every : most;
}

static void add(struct collector *c, struct candidate candidate, uint32_t who)
{
    candidate.hash = candidate.text ^ hash_who(who);
    candidate.entry.who = who;
    c->b->head.others |= who == IMAGE_WHO_OTHER;
    if (c->n < c->cap)
        c->all[c->n++] = candidate;
    else
        c->b->failed = true;
}

static void add_for_all(struct collector *c, const struct m_rule *m, const struct img_list *r,
                        struct candidate candidate)
{
    const uint32_t *refs = list_refs(c->b, r);
    bool other = r->anyone || r->nglobs > 0, spread = is_spread(c, m, r);
    for (uint32_t i = 0; spread && i < r->nids; i++)
        if (i == 0 || refs[i] != refs[i - 1])
            add(c, candidate, IMAGE_WHO_ID | refs[i]);
    refs += r->nids;
    for (uint32_t i = 0; spread && i < r->ngroups; i++) {
        if (!is_listed(c->b, refs[i]))
            other = true;
        else if (i == 0 || refs[i] != refs[i - 1])
            add(c, candidate, IMAGE_WHO_GROUP | refs[i]);
    }
    if (other || !spread)
        add(c, candidate, IMAGE_WHO_OTHER);
}

static uint32_t segments_of(struct str text)
{
    uint32_t n = 0;
    for (size_t i = 0; i < text.n; i++)
        n += text.p[i] == '.';
    return n;
}

/* A tail right behind the prefix leaves nothing to match. */
static uint32_t add_pattern(struct builder *b, struct str text, struct str prefix, uint64_t key)
{
    if (text.n == prefix.n + 1)
        return POLICY_NONE;
    struct img_pattern row = {build_str(b, text), key};
    return build_share(b, IMAGE_patterns, build_row(b, IMAGE_patterns, &row, sizeof row),
                       sizeof row, BUILD_NO_FIELD);
}

/* A condition of one part is that part: the list around it is for explanations. */
static uint32_t judged(const struct builder *b, uint32_t root)
{
    const struct img_condition *nodes =
        (const struct img_condition *)(const void *)b->section[IMAGE_conditions].data;
    while (root != POLICY_NONE && nodes[root].op == OP_ALL && nodes[root].end > root + 1 &&
           nodes[root + 1].end == nodes[root].end)
        root++;
    return root;
}

static bool has_templates(const struct builder *b, const struct img_rule *r)
{
    const struct img_grant *grants = (const void *)b->section[IMAGE_grants].data;
    return r->grant != POLICY_NONE && grants[r->grant].templates > 0;
}

static bool has_selector(const struct builder *b, const struct img_rule *r)
{
    const struct img_extra *extras = (const void *)b->section[IMAGE_extras].data;
    return r->extra != POLICY_NONE && extras[r->extra].selector != POLICY_NONE;
}

static void add_capability(struct collector *c, uint32_t rule, struct str text, uint64_t key)
{
    struct builder *b = c->b;
    const struct m_rule *m = &b->m->rules[b->order[rule]];
    bool exact = policy_capability_is_exact(text);
    struct str found_by = exact ? text : policy_capability_prefix(text);
    struct img_rule r = *rule_row(b, rule);
    uint32_t bits =
        (has_templates(b, &r) ? IMAGE_TEMPLATES : 0) | (has_selector(b, &r) ? IMAGE_SELECTS : 0);
    struct candidate candidate = {
        .text = hash_text(found_by),
        .entry = {.text = build_str(b, found_by).at,
                  .ntext = (uint16_t)found_by.n,
                  .kind = r.effect,
                  .strength = (uint8_t)(r.isolation | bits),
                  .rule = rule,
                  .condition = judged(b, r.condition),
                  .pattern = exact ? POLICY_NONE : add_pattern(b, text, found_by, key)}};
    b->head.depths |= UINT64_C(1) << (exact ? POLICY_MAX_SEGMENTS : segments_of(found_by));
    add_for_all(c, m, list_row(b, r.subjects), candidate);
}

static int compare(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

/* Those of one text for one subject stand together, in the order in which they are taken up. */
static int by_place(const void *a, const void *b)
{
    const struct candidate *x = a, *y = b;
    const struct img_entry *v = &x->entry, *w = &y->entry;
    int c = compare(x->hash, y->hash);
    c = c ? c : compare(v->text, w->text);
    c = c ? c : compare(v->ntext, w->ntext);
    c = c ? c : compare(v->who, w->who);
    c = c ? c : compare(v->kind, w->kind);
    c = c ? c : compare(v->rule, w->rule);
    return c ? c : compare(v->pattern, w->pattern);
}

static void collect(struct collector *c)
{
    const struct model *m = c->b->m;
    uint64_t bound = 0, patterns = 0;
    for (uint32_t i = 0; i < m->nrules; i++) {
        bound += row_bound(&m->rules[i]);
        patterns += patterns_of(&m->rules[i]);
    }
    uint64_t most = MAX_ENTRIES + patterns; /* POLICY_MAX_NODES bounds patterns */
    c->cap = (uint32_t)(bound < most ? bound : most);
    c->all = build_alloc(c->b, c->cap, sizeof *c->all);
    for (uint32_t i = 0; i < m->nrules && !c->b->failed; i++) {
        const struct m_rule *r = &m->rules[c->b->order[i]];
        if (!r->has_capability)
            add_capability(c, i, STR("*"), 0);
        for (uint32_t k = 0; k < r->ncapabilities; k++)
            add_capability(c, i, r->capabilities[k].text, r->capabilities[k].key);
    }
    if (c->n > 1)
        qsort(c->all, c->n, sizeof *c->all, by_place);
}

/* So many candidates fit a block of the filter and leave most of its bits clear. */
#define BLOCK_FILL 48u

/* How far a subject's candidates are spread, so that those of the most frequent one fit. */
static uint32_t spread_of(struct builder *b, const struct candidate *all, uint32_t n)
{
    uint32_t nids = b->subjects.n, spread = 0;
    uint32_t *count = build_alloc(b, (size_t)nids + b->m->ngroups, sizeof *count);
    for (uint32_t i = 0; count && i < n; i++) {
        uint32_t who = all[i].entry.who, index = who & IMAGE_WHO_INDEX;
        if (who == IMAGE_WHO_OTHER)
            continue;
        uint32_t *mine = &count[who & IMAGE_WHO_GROUP ? nids + index : index];
        while (++*mine / BLOCK_FILL > spread)
            spread = 2 * spread + 1;
    }
    return spread;
}

/* Sixteen bits a candidate, two of them set. */
static void add_filter(struct builder *b, const struct candidate *all, uint32_t n)
{
    uint32_t words = HASH_BLOCK_WORDS;
    while (words < n / 4)
        words *= 2;
    uint64_t *filter = buf_room(&b->section[IMAGE_filter], words * sizeof *filter);
    b->failed |= !filter;
    b->head.spread = spread_of(b, all, n);
    for (uint32_t i = 0; filter && i < n; i++) {
        uint32_t who = all[i].entry.who;
        uint32_t spread = who == IMAGE_WHO_OTHER ? UINT32_MAX : b->head.spread;
        filter[hash_filter_word(all[i].text, hash_who(who), spread, words)] |=
            hash_filter_bits(all[i].hash);
    }
}

void build_capabilities(struct builder *b)
{
    struct collector c = {.b = b};
    collect(&c);
    uint64_t *hashes = build_alloc(b, c.n, sizeof *hashes);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < c.n && !b->failed; i++) {
        if (i > 0 && by_place(&c.all[i], &c.all[i - 1]) == 0)
            continue; /* a pattern twice in one rule */
        hashes[kept++] = c.all[i].hash;
        build_row(b, IMAGE_entries, &c.all[i].entry, sizeof c.all[i].entry);
    }
    if (b->failed)
        return;
    add_filter(b, c.all, c.n);
    build_cells(b, IMAGE_cells, hashes, kept, &b->head.cell_bits);
}
