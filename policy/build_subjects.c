/*
 * Who a request is from, as tables: the ids that the policy names, the groups that each is in
 * (nesting undone), the globs of each group, and the entries of `subjects` in the order in which
 * they precede each other.
 */
#include "policy/build.h"

/* Members seen while nesting is undone, over all groups: bounds time and memory of a policy that
 * nests to hurt. */
#define MAX_GROUP_STEPS (4u << 20)

struct membership {
    uint32_t subject, group;
};
struct flattener {
    struct builder *b;
    uint32_t *stamp; /* by group: the last root that it was met from, + 1 */
    uint32_t steps;
    struct buf members; /* struct membership */
    struct buf globs;   /* uint32_t, of the root at hand */
};

typedef void each_fn(struct builder *b, const struct m_subject *s);

static void each_of(struct builder *b, each_fn *fn, const struct m_subjects *list)
{
    for (uint32_t i = 0; i < list->n; i++)
        fn(b, &list->v[i]);
}

static void each_approval(struct builder *b, each_fn *fn, const struct m_approval *a)
{
    if (a)
        each_of(b, fn, &a->by);
}

static void each_list(struct builder *b, each_fn *fn)
{
    const struct model *m = b->m;
    for (uint32_t i = 0; i < m->ngroups; i++)
        each_of(b, fn, &m->groups[i].members);
    for (uint32_t i = 0; i < m->nlevels; i++)
        fn(b, &m->levels[i].match);
    for (uint32_t i = 0; i < m->nbudgets; i++)
        each_of(b, fn, &m->budgets[i].subjects);
    for (uint32_t i = 0; i < m->nscopes; i++)
        each_of(b, fn, &m->scopes[i].subjects);
    each_approval(b, fn, m->default_approval);
    for (uint32_t i = 0; i < m->nrules; i++) {
        const struct m_rule *r = &m->rules[i];
        each_of(b, fn, &r->subjects);
        each_approval(b, fn, r->approval);
        each_approval(b, fn, r->require ? r->require->approval : NULL);
    }
}

static void count_id(struct builder *b, const struct m_subject *s)
{
    b->subjects.n += s->kind == SUBJECT_ID;
}

static void add_id(struct builder *b, const struct m_subject *s)
{
    if (s->kind == SUBJECT_ID)
        b->subjects.v[b->subjects.n++] = (struct policy_name){s->text, 0};
}

struct hashed {
    uint64_t hash;
    uint32_t name;
};

static int by_hash(const void *a, const void *b)
{
    const struct hashed *x = a, *y = b;
    if (x->hash != y->hash)
        return x->hash < y->hash ? -1 : 1;
    return (x->name > y->name) - (x->name < y->name);
}

/* An id's index is its place in the order of hashes, which is that of the rows. */
static void number_by_hash(struct builder *b)
{
    uint32_t n = b->subjects.n;
    struct hashed *order = build_alloc(b, n, sizeof *order);
    b->subject_order = build_alloc(b, n, sizeof *b->subject_order);
    if (b->failed)
        return;
    for (uint32_t i = 0; i < n; i++)
        order[i] = (struct hashed){hash_text(b->subjects.v[i].name), i};
    if (n > 1)
        qsort(order, n, sizeof *order, by_hash);
    for (uint32_t i = 0; i < n; i++) {
        b->subjects.v[order[i].name].index = i;
        b->subject_order[i] = order[i].name;
    }
}

static void collect_ids(struct builder *b)
{
    each_list(b, count_id);
    b->subjects.v = build_alloc(b, b->subjects.n, sizeof *b->subjects.v);
    b->subjects.n = 0;
    if (!b->subjects.v)
        return;
    each_list(b, add_id);
    policy_names_sort(&b->subjects);
    policy_names_unique(&b->subjects);
    number_by_hash(b);
}

static uint32_t add_glob(struct builder *b, const struct m_subject *s)
{
    struct img_glob row = {build_str(b, s->text), s->literals};
    return build_row(b, IMAGE_globs, &row, sizeof row);
}

static void flatten(struct flattener *f, uint32_t root, uint32_t group)
{
    const struct m_group *g = &f->b->m->groups[group];
    f->stamp[group] = root + 1;
    for (uint32_t i = 0; i < g->members.n && !f->b->failed; i++) {
        const struct m_subject *s = &g->members.v[i];
        if (++f->steps > MAX_GROUP_STEPS) {
            policy_report(f->b->report, P_BOUND, g->at, "nest them less",
                          "groups have too many members in all");
            f->b->failed = true;
        } else if (s->kind == SUBJECT_GROUP) {
            if (f->stamp[s->group] != root + 1)
                flatten(f, root, s->group);
        } else if (s->kind == SUBJECT_GLOB) {
            uint32_t glob = add_glob(f->b, s);
            buf_put(&f->globs, &glob, sizeof glob);
        } else {
            struct membership m = {policy_names_find(&f->b->subjects, s->text), root};
            buf_put(&f->members, &m, sizeof m);
        }
    }
}

static int by_subject(const void *a, const void *b)
{
    const struct membership *x = a, *y = b;
    if (x->subject != y->subject)
        return x->subject < y->subject ? -1 : 1;
    return (x->group > y->group) - (x->group < y->group);
}

static void add_groups(struct flattener *f)
{
    struct builder *b = f->b;
    for (uint32_t i = 0; i < b->m->ngroups && !b->failed; i++) {
        buf_reset(&f->globs);
        flatten(f, i, i);
        struct img_group row = {build_str(b, b->m->groups[i].name),
                                build_count(b, IMAGE_refs, sizeof(uint32_t)),
                                (uint32_t)(f->globs.len / sizeof(uint32_t))};
        buf_str(&b->section[IMAGE_refs], buf_view(&f->globs));
        build_row(b, IMAGE_groups, &row, sizeof row);
        b->failed |= f->globs.failed || f->members.failed;
    }
}

static void add_subjects(struct flattener *f)
{
    struct builder *b = f->b;
    struct membership *m = (struct membership *)(void *)f->members.data;
    size_t n = f->members.len / sizeof *m, at = 0;
    if (n > 1)
        qsort(m, n, sizeof *m, by_subject);
    uint64_t *hashes = build_alloc(b, b->subjects.n, sizeof *hashes);
    for (uint32_t i = 0; hashes && i < b->subjects.n; i++) {
        struct str text = b->subjects.v[b->subject_order[i]].name;
        struct img_subject row = {.text = build_str(b, text),
                                  .first = build_count(b, IMAGE_refs, sizeof(uint32_t))};
        for (; at < n && m[at].subject == i; at++) {
            if (at > 0 && by_subject(&m[at], &m[at - 1]) == 0)
                continue; /* a member twice over */
            build_row(b, IMAGE_refs, &m[at].group, sizeof m[at].group);
            if (row.ngroups < IMAGE_NEAR_GROUPS)
                row.near[row.ngroups] = m[at].group;
            row.ngroups++;
        }
        build_row(b, IMAGE_subjects, &row, sizeof row);
        hashes[i] = hash_text(text);
    }
    if (hashes)
        build_cells(b, IMAGE_subject_cells, hashes, b->subjects.n, &b->head.subject_bits);
}

static uint32_t subject_value(struct builder *b, const struct m_subject *s)
{
    switch (s->kind) {
    case SUBJECT_ID:
        return policy_names_find(&b->subjects, s->text);
    case SUBJECT_GROUP:
        return s->group;
    case SUBJECT_GLOB:
        return add_glob(b, s);
    default:
        return POLICY_NONE;
    }
}

static int by_precedence(const void *a, const void *b)
{
    const struct img_level *x = a, *y = b;
    if (x->kind != y->kind)
        return x->kind > y->kind ? -1 : 1;
    if (x->kind == SUBJECT_ID && x->value != y->value)
        return x->value < y->value ? -1 : 1;
    if (x->literals != y->literals)
        return x->literals > y->literals ? -1 : 1;
    if (x->level != y->level)
        return x->level < y->level ? -1 : 1;
    if (x->file != y->file)
        return x->file < y->file ? -1 : 1;
    return (x->line > y->line) - (x->line < y->line);
}

static void add_levels(struct builder *b)
{
    uint32_t n = b->m->nlevels;
    struct img_level *rows = build_alloc(b, n, sizeof *rows);
    for (uint32_t i = 0; rows && i < n; i++) {
        const struct m_level *l = &b->m->levels[i];
        rows[i] = (struct img_level){.text = build_str(b, l->match.text),
                                     .value = subject_value(b, &l->match),
                                     .literals = l->match.literals,
                                     .line = l->match.at.line,
                                     .file = l->match.at.file,
                                     .kind = (uint8_t)l->match.kind,
                                     .level = (uint8_t)l->level};
        b->head.nlevel_ids += l->match.kind == SUBJECT_ID;
    }
    if (rows && n > 1)
        qsort(rows, n, sizeof *rows, by_precedence);
    for (uint32_t i = 0; rows && i < n; i++)
        build_row(b, IMAGE_levels, &rows[i], sizeof rows[i]);
}

void build_subjects(struct builder *b)
{
    collect_ids(b);
    struct flattener f = {.b = b, .stamp = build_alloc(b, b->m->ngroups, sizeof *f.stamp)};
    buf_init(&f.members, (size_t)1 << 30);
    buf_init(&f.globs, (size_t)1 << 30);
    if (!b->failed) {
        add_groups(&f);
        add_subjects(&f);
        add_levels(b);
    }
    buf_fini(&f.members);
    buf_fini(&f.globs);
}

struct rule_ref {
    uint32_t kind, value, literals;
};

static int by_kind(const void *a, const void *b)
{
    const struct rule_ref *x = a, *y = b;
    if (x->kind != y->kind)
        return x->kind > y->kind ? -1 : 1;
    if (x->literals != y->literals)
        return x->literals > y->literals ? -1 : 1;
    return (x->value > y->value) - (x->value < y->value);
}

static void add_refs(struct builder *b, const struct m_subjects *list, struct rule_ref *refs,
                     struct img_list *out)
{
    out->anyone = list->n == 0; /* of a deny: no subject is everyone */
    for (uint32_t i = 0; i < list->n; i++) {
        const struct m_subject *s = &list->v[i];
        refs[i] = (struct rule_ref){s->kind, subject_value(b, s), s->literals};
        out->nids += s->kind == SUBJECT_ID;
        out->ngroups += s->kind == SUBJECT_GROUP;
        out->nglobs += s->kind == SUBJECT_GLOB;
        out->anyone |= s->kind == SUBJECT_ANYONE;
    }
    if (list->n > 1)
        qsort(refs, list->n, sizeof *refs, by_kind);
    for (uint32_t i = 0; i < out->nids + out->ngroups + out->nglobs; i++)
        build_row(b, IMAGE_refs, &refs[i].value, sizeof refs[i].value);
}

uint32_t build_list(struct builder *b, const struct m_subjects *list)
{
    struct rule_ref *refs = build_alloc(b, list->n, sizeof *refs);
    struct img_list row = {.first = build_count(b, IMAGE_refs, sizeof(uint32_t))};
    if (refs)
        add_refs(b, list, refs, &row);
    row.first = build_share(b, IMAGE_refs, row.first, sizeof(uint32_t), BUILD_NO_FIELD);
    return build_share(b, IMAGE_lists, build_row(b, IMAGE_lists, &row, sizeof row), sizeof row,
                       BUILD_NO_FIELD);
}
