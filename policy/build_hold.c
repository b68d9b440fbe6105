/*
 * What holds a request, as rows: selectors, approvals, obligations, labels, budgets, and the
 * policy's own entries of capabilities. Called by build.c before the rules, and for each rule by
 * build_rules.c.
 */
#include "policy/build.h"
#include "policy/parse.h"

/* ---- approvals ---- */

static void put_subject(struct buf *out, const struct m_subject *s)
{
    buf_z(out, s->kind == SUBJECT_GROUP ? "group:" : "");
    buf_str(out, s->text);
}

static int by_text(const void *a, const void *b)
{
    const struct m_subject *x = a, *y = b;
    int c = str_cmp(x->text, y->text);
    return c ? c : (x->kind > y->kind) - (x->kind < y->kind);
}

/* Who approves, in order; NULL without memory. */
static const struct m_subject *sorted_by(struct builder *b, const struct m_approval *a)
{
    struct m_subject *by = build_alloc(b, a->by.n, sizeof *by);
    if (!by)
        return NULL;
    memcpy(by, a->by.v, a->by.n * sizeof *by);
    if (a->by.n > 1)
        qsort(by, a->by.n, sizeof *by, by_text);
    return by;
}

static struct str keep(struct builder *b, const struct buf *text)
{
    struct str out = arena_str(b->arena, buf_view(text));
    b->failed |= text->failed || !out.p;
    return out;
}

static struct str names_of(struct builder *b, const struct m_approval *a)
{
    auto_buf struct buf text = {0};
    const struct m_subject *by = sorted_by(b, a);
    for (uint32_t i = 0; by && i < a->by.n; i++) {
        buf_z(&text, i ? ", " : "");
        put_subject(&text, &by[i]);
    }
    return keep(b, &text);
}

/* Two approvals with the same text are the same. A name may hold whatever stands between names
 * (they are opaque), so that the list for people says not enough: behind it each name has its
 * length and its kind. */
static struct str text_of(struct builder *b, const struct m_approval *a)
{
    auto_buf struct buf text = {0};
    const struct m_subject *by = sorted_by(b, a);
    buf_printf(&text, "%u %lld %d ", a->need, (long long)a->within_ns, a->covers);
    buf_str(&text, names_of(b, a));
    for (uint32_t i = 0; by && i < a->by.n; i++) {
        buf_printf(&text, "\n%zu %d ", by[i].text.n, by[i].kind);
        buf_str(&text, by[i].text);
    }
    return keep(b, &text);
}

static uint32_t approval_index(struct builder *b, const struct m_approval *a)
{
    return a && !b->failed ? policy_names_find(&b->approvals, text_of(b, a)) : POLICY_NONE;
}

static const struct m_approval *asked(const struct builder *b, const struct m_rule *r)
{
    if (r->effect == RULE_ASK)
        return r->approval ? r->approval : b->m->default_approval;
    return r->require ? r->require->approval : NULL;
}

static void add_approval(struct builder *b, const struct m_approval *a)
{
    struct img_approval row = {.within_ns = a->within_ns,
                               .by = build_str(b, names_of(b, a)),
                               .subjects = build_list(b, &a->by),
                               .need = a->need,
                               .covers = (uint32_t)a->covers};
    build_row(b, IMAGE_approvals, &row, sizeof row);
}

static void add_approvals(struct builder *b)
{
    const struct model *m = b->m;
    const struct m_approval **all = build_alloc(b, (size_t)m->nrules + 1, sizeof *all);
    b->approvals.v = build_alloc(b, (size_t)m->nrules + 1, sizeof *b->approvals.v);
    uint32_t n = 0;
    for (uint32_t i = 0; !b->failed && i <= m->nrules; i++) {
        const struct m_approval *a = i ? asked(b, &m->rules[b->order[i - 1]]) : m->default_approval;
        if (!a || (i && a == m->default_approval))
            continue;
        all[n] = a;
        b->approvals.v[n] = (struct policy_name){text_of(b, a), n};
        n++;
    }
    b->approvals.n = n;
    if (b->failed)
        return;
    policy_names_sort(&b->approvals);
    for (uint32_t i = 0; i < n; i++)
        if (i == 0 || !str_eq(b->approvals.v[i].name, b->approvals.v[i - 1].name))
            add_approval(b, all[b->approvals.v[i].index]);
    policy_names_unique(&b->approvals);
}

/* ---- budgets ---- */

static int by_id(const void *a, const void *b)
{
    const struct m_budget *const *x = a, *const *y = b;
    return str_cmp((*x)->id, (*y)->id);
}

static void add_budget(struct builder *b, const struct m_budget *m)
{
    struct img_budget row = {
        .id = build_str(b, m->id),
        .line = m->at.line,
        .file = m->at.file,
        .scope = m->scope ? m->scope - 1 : POLICY_NONE,
        .subjects = build_list(b, &m->subjects),
        .approval = m->asks ? approval_index(b, b->m->default_approval) : POLICY_NONE,
        .per = (uint32_t)m->per,
        .warn_percent = m->warn_percent,
        .unit = build_str(b, m->counted[POLICY_COUNTED_COST].unit),
    };
    struct str *patterns = build_alloc(b, m->ncapabilities, sizeof *patterns);
    for (uint32_t i = 0; patterns && i < m->ncapabilities; i++)
        patterns[i] = m->capabilities[i].text;
    if (patterns)
        row.capabilities = build_names(b, patterns, m->ncapabilities);
    for (unsigned i = 0; i < POLICY_COUNTED_COUNT; i++) {
        row.set |= (uint32_t)m->counted[i].set << i;
        row.max[i] = m->counted[i].max;
        row.window_ns[i] = m->counted[i].window_ns;
    }
    build_row(b, IMAGE_budgets, &row, sizeof row);
}

static void add_budgets(struct builder *b)
{
    const struct m_budget **sorted = build_alloc(b, b->m->nbudgets, sizeof *sorted);
    if (!sorted)
        return;
    for (uint32_t i = 0; i < b->m->nbudgets; i++)
        sorted[i] = &b->m->budgets[i];
    if (b->m->nbudgets > 1)
        qsort(sorted, b->m->nbudgets, sizeof *sorted, by_id);
    for (uint32_t i = 0; i < b->m->nbudgets; i++)
        add_budget(b, sorted[i]);
}

/* ---- entries of `capabilities` ---- */

static int by_specificity(const void *a, const void *b)
{
    const struct m_entry *const *x = a, *const *y = b;
    bool exact = policy_capability_is_exact((*x)->id.text),
         other = policy_capability_is_exact((*y)->id.text);
    if (exact != other)
        return exact ? -1 : 1;
    if (!exact && (*x)->id.key != (*y)->id.key)
        return (*x)->id.key > (*y)->id.key ? -1 : 1;
    return str_cmp((*x)->id.text, (*y)->id.text);
}

static struct img_str add_fallback(struct builder *b, const struct m_arg *a)
{
    auto_buf struct buf text = {0};
    if (a->fallback)
        (void)parse_arg_normal(a, &text); /* it was checked */
    b->failed |= text.failed;
    return build_str(b, buf_view(&text));
}

static uint32_t add_args(struct builder *b, const struct m_entry *e)
{
    uint32_t first = build_count(b, IMAGE_args, sizeof(struct img_arg));
    for (uint32_t i = 0; i < e->nargs; i++) {
        const struct m_arg *a = &e->args[i];
        struct img_arg row = {build_str(b, a->name), add_fallback(b, a), (uint32_t)a->type,
                              !a->optional};
        build_row(b, IMAGE_args, &row, sizeof row);
    }
    return e->args ? first : POLICY_NONE;
}

static struct img_range add_masks(struct builder *b, const struct m_masks *masks)
{
    struct img_range range = {build_count(b, IMAGE_refs, sizeof(uint32_t)), masks->n};
    for (uint32_t i = 0; i < masks->n; i++) {
        uint32_t attribute = build_attribute(b, masks->v[i]);
        build_row(b, IMAGE_refs, &attribute, sizeof attribute);
    }
    range.first = build_share(b, IMAGE_refs, range.first, sizeof(uint32_t), BUILD_NO_FIELD);
    return range;
}

static void add_entries(struct builder *b)
{
    const struct model *m = b->m;
    const struct m_entry **sorted = build_alloc(b, m->nentries, sizeof *sorted);
    if (!sorted)
        return;
    for (uint32_t i = 0; i < m->nentries; i++)
        sorted[i] = &m->entries[i];
    if (m->nentries > 1)
        qsort(sorted, m->nentries, sizeof *sorted, by_specificity);
    for (uint32_t i = 0; i < m->nentries; i++) {
        const struct m_entry *e = sorted[i];
        struct img_range mask = add_masks(b, &e->mask);
        struct img_capability row = {.key = e->id.key,
                                     .text = build_str(b, e->id.text),
                                     .effects = e->effect_bits,
                                     .mask = mask.first,
                                     .nmask = mask.n,
                                     .klass = (int8_t)e->klass,
                                     .effects_known = e->effects.n > 0,
                                     .cost = e->cost,
                                     .lowered = e->lower.n > 0,
                                     .args = add_args(b, e),
                                     .nargs = e->nargs,
                                     .scope = e->scope ? e->scope - 1 : POLICY_NONE};
        b->head.nexact += policy_capability_is_exact(e->id.text);
        build_row(b, IMAGE_capabilities, &row, sizeof row);
    }
}

static void add_words(struct builder *b)
{
    const struct m_names *labels = &b->m->labels;
    struct str *v = build_alloc(b, labels->n, sizeof *v);
    for (uint32_t i = 0; v && i < labels->n; i++)
        v[i] = labels->v[i].text;
    if (v)
        b->head.labels = build_names(b, v, labels->n);
    b->head.effects = build_names(b, b->m->effect_words, b->m->neffect_words);
}

void build_holds(struct builder *b)
{
    const struct model *m = b->m;
    add_approvals(b);
    if (b->failed)
        return;
    add_budgets(b);
    add_entries(b);
    b->head.masks = add_masks(b, &m->masks);
    add_words(b);
}

/* ---- of one rule ---- */

static void add_resources(struct builder *b, const struct m_rule *r, struct img_selector *row)
{
    row->resources = build_count(b, IMAGE_refs, sizeof(uint32_t));
    row->nresources = r->resources.n;
    for (uint32_t i = 0; i < r->resources.n; i++) {
        const struct m_subject *s = &r->resources.v[i];
        struct img_glob glob = {build_str(b, s->text), s->literals};
        uint32_t index = build_row(b, IMAGE_globs, &glob, sizeof glob);
        build_row(b, IMAGE_refs, &index, sizeof index);
    }
    row->resources = build_share(b, IMAGE_refs, row->resources, sizeof(uint32_t), BUILD_NO_FIELD);
}

static uint32_t add_selector(struct builder *b, const struct m_rule *r)
{
    if (!r->has_effects && !r->has_resource && !r->shadow && !r->replaced && !r->scope &&
        r->from_ns == INT64_MIN && r->until_ns == INT64_MAX)
        return POLICY_NONE;
    struct img_selector row = {.from_ns = r->from_ns,
                               .until_ns = r->until_ns,
                               .effects = r->effect_bits,
                               .scope = r->scope ? r->scope - 1 : POLICY_NONE,
                               .shadow = r->shadow,
                               .replaced = r->replaced};
    add_resources(b, r, &row);
    b->head.nshadow += r->shadow;
    return build_share(b, IMAGE_selectors, build_row(b, IMAGE_selectors, &row, sizeof row),
                       sizeof row, BUILD_NO_FIELD);
}

/* Without memory nothing is told: the compile ends with that. */
static int canonical_properties(struct builder *b, const struct m_obligation *o, struct buf *out)
{
    auto_buf struct buf text = {0};
    struct reeve_error why = {0};
    if (o->properties)
        policy_yaml_json(o->properties, &text);
    else
        buf_z(&text, "{}");
    int rc = text.failed ? REEVE_ENOMEM : json_canonicalise(buf_view(&text), out, &why);
    if (rc != REEVE_OK && rc != REEVE_ENOMEM && o->properties)
        policy_report(b->report, P_TYPE, o->properties->pos, NULL,
                      "`properties` cannot be handed on as JSON: %s", why.message);
    return rc;
}

/* Equal ones are one row, so that a decision has them once. */
static uint32_t add_obligation(struct builder *b, const struct m_obligation *o)
{
    auto_buf struct buf canonical = {0};
    if (canonical_properties(b, o, &canonical) != REEVE_OK) {
        b->failed = true;
        return POLICY_NONE;
    }
    struct img_obligation row = {build_str(b, o->type), build_str(b, buf_view(&canonical))};
    return build_share(b, IMAGE_obligations, build_row(b, IMAGE_obligations, &row, sizeof row),
                       sizeof row, BUILD_NO_FIELD);
}

static uint32_t add_obligations(struct builder *b, const struct m_rule *r)
{
    uint32_t first = build_count(b, IMAGE_refs, sizeof(uint32_t));
    for (uint32_t i = 0; i < r->nobligations; i++) {
        uint32_t index = add_obligation(b, &r->obligations[i]);
        build_row(b, IMAGE_refs, &index, sizeof index);
    }
    return r->nobligations ? build_share(b, IMAGE_refs, first, sizeof(uint32_t), BUILD_NO_FIELD)
                           : 0;
}

static uint32_t add_hold(struct builder *b, const struct m_rule *r)
{
    if (r->effect != RULE_ASK && r->effect != RULE_REQUIRE && !r->label_bits && !r->nobligations)
        return POLICY_NONE;
    struct img_hold row = {
        .labels = r->label_bits,
        .approval = approval_index(b, asked(b, r)),
        .within = POLICY_NONE,
        .obligations = add_obligations(b, r),
        .nobligations = r->nobligations,
        .scope = r->scope,
    };
    if (r->require && r->require->isolation > 0)
        row.isolation = (uint32_t)r->require->isolation;
    if (r->require && r->require->within)
        row.within = build_grant(b, r->require->within);
    return build_share(b, IMAGE_holds, build_row(b, IMAGE_holds, &row, sizeof row), sizeof row,
                       BUILD_NO_FIELD);
}

uint32_t build_extra(struct builder *b, const struct m_rule *r)
{
    struct img_extra row = {.selector = add_selector(b, r), .hold = add_hold(b, r)};
    if (r->reason.n)
        row.reason = build_str(b, r->reason);
    if (!row.reason.n && row.selector == POLICY_NONE && row.hold == POLICY_NONE)
        return POLICY_NONE;
    return build_share(b, IMAGE_extras, build_row(b, IMAGE_extras, &row, sizeof row), sizeof row,
                       BUILD_NO_FIELD);
}
