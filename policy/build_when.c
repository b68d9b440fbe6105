/*
 * Conditions as trees in prefix order, their operands and the properties of entities as literals,
 * attributes as rows, one for each path. Called by build_rules.c and build.c.
 */
#include "policy/build.h"

#include "policy/value_time.h"

/* ---- literals ---- */

static void *row_at(struct builder *b, enum image_section section, uint32_t index, size_t size)
{
    return b->section[section].data + (size_t)index * size;
}

static uint32_t add_row(struct builder *b, struct img_literal row)
{
    row.end = build_count(b, IMAGE_literals, sizeof row) + 1;
    return build_row(b, IMAGE_literals, &row, sizeof row);
}

static void close_row(struct builder *b, uint32_t at)
{
    uint32_t end = build_count(b, IMAGE_literals, sizeof(struct img_literal));
    if (!b->failed)
        ((struct img_literal *)row_at(b, IMAGE_literals, at, sizeof(struct img_literal)))->end =
            end;
}

static uint32_t add_literal(struct builder *b, const struct ynode *n)
{
    struct img_literal row = {.type = (uint8_t)n->type, .boolean = n->boolean};
    if (n->type == Y_TEXT)
        row.s = build_str(b, n->text);
    else if (n->type == Y_INT)
        row.i = n->i;
    else if (n->type == Y_DOUBLE)
        row.d = n->d;
    else if (n->type >= Y_LIST)
        row.count = n->count;
    uint32_t at = add_row(b, row);
    for (const struct ynode *c = ynode_first(n); c; c = c->next)
        add_literal(b, c);
    close_row(b, at);
    return at;
}

static uint32_t add_groups(struct builder *b, const struct m_subjects *groups)
{
    uint32_t at = add_row(b, (struct img_literal){.type = Y_LIST, .count = groups->n});
    for (uint32_t i = 0; i < groups->n; i++)
        add_row(b, (struct img_literal){.type = Y_INT, .i = groups->v[i].group});
    close_row(b, at);
    return at;
}

static uint32_t add_text(struct builder *b, struct img_str s)
{
    return add_row(b, (struct img_literal){.type = Y_TEXT, .s = s});
}

/* What the evaluator needs in front, then what explanations show. */
static uint32_t add_form(struct builder *b, const struct m_condition *c)
{
    uint32_t at = add_row(b, (struct img_literal){.type = Y_LIST, .count = 2});
    if (c->op == OP_TIME) {
        struct value_time window = {c->window.from, c->window.to, c->window.days, {0}, {0}};
        struct img_str zone = build_str(b, c->form);
        window.zone = (struct value_at){zone.at, zone.n};
        add_text(b, build_str(b, (struct str){(const char *)&window, sizeof window}));
    } else {
        add_text(b, build_str(b, c->form));
    }
    add_literal(b, c->operand);
    close_row(b, at);
    return at;
}

static uint32_t add_regex(struct builder *b, struct str pattern)
{
    struct img_regex row = {build_str(b, pattern)};
    return build_share(b, IMAGE_regexes, build_row(b, IMAGE_regexes, &row, sizeof row), sizeof row,
                       BUILD_NO_FIELD);
}

/* ---- attributes ---- */

static uint32_t share_literal(struct builder *b, uint32_t at)
{
    return build_share(b, IMAGE_literals, at, sizeof(struct img_literal),
                       offsetof(struct img_literal, end));
}

/* Only there does it matter who asks: rows of others stay shared. Entities are as the rule's file
 * sees them, labels as that of the condition, since what the root's conditions mean a team cannot
 * change by using them. */
static uint32_t scope_of(const struct builder *b, const struct m_attribute *a)
{
    bool entity =
        (a->root == ROOT_SUBJECT || a->root == ROOT_RESOURCE) && a->builtin == BUILTIN_NONE;
    bool labels = a->root == ROOT_BROKER && a->builtin == POLICY_INPUT_LABELS;
    uint32_t scope = entity ? b->scope : labels ? a->scope : 0;
    return scope ? scope - 1 : POLICY_NONE;
}

uint32_t build_attribute(struct builder *b, const struct m_attribute *a)
{
    struct img_attribute row = {
        .text = build_str(b, a->text),
        .n = a->n,
        .fallback = a->fallback ? share_literal(b, add_literal(b, a->fallback)) : POLICY_NONE,
        .root = a->root,
        .builtin = a->builtin,
        .from = a->from,
        .type = a->type.type,
        .list = a->type.list,
        .positions = a->positions,
        .scope = scope_of(b, a)};
    row.first = build_count(b, IMAGE_keys, sizeof(struct img_str));
    for (uint32_t i = 0; i < a->n; i++) {
        struct img_str key = build_str(b, a->key[i]);
        build_row(b, IMAGE_keys, &key, sizeof key);
    }
    row.first = build_share(b, IMAGE_keys, row.first, sizeof(struct img_str), BUILD_NO_FIELD);
    return build_share(b, IMAGE_attributes, build_row(b, IMAGE_attributes, &row, sizeof row),
                       sizeof row, BUILD_NO_FIELD);
}

/* ---- conditions ---- */

static void add_operand(struct builder *b, const struct m_condition *c, struct img_condition *row)
{
    struct ynode path = {.type = Y_TEXT, .text = c->path};
    row->operand = POLICY_NONE;
    if (c->other) {
        row->operand_kind = IMG_ATTRIBUTE;
        row->operand = build_attribute(b, c->other);
    } else if (c->form.n) {
        row->operand_kind = IMG_FORM;
        row->operand = share_literal(b, add_form(b, c));
    } else if (c->op == OP_MATCHES) {
        row->operand_kind = IMG_REGEX;
        row->operand = add_regex(b, c->operand->text);
    } else if (c->path.n) {
        row->operand = share_literal(b, add_literal(b, &path));
    } else if (c->groups.n) {
        row->operand = share_literal(b, add_groups(b, &c->groups));
    } else if (c->operand) {
        row->operand = share_literal(b, add_literal(b, c->operand));
    }
}

/* Recursion is bounded by the depth of the policy's text and of named conditions. */
uint32_t build_condition(struct builder *b, const struct m_condition *c)
{
    struct img_condition row = {.op = (uint8_t)c->op, .flag = c->flag};
    row.attribute = c->attribute ? build_attribute(b, c->attribute) : POLICY_NONE;
    add_operand(b, c, &row);
    uint32_t at = build_row(b, IMAGE_conditions, &row, sizeof row);
    for (const struct m_condition *k = c->first; k && !b->failed; k = k->next)
        build_condition(b, k);
    if (!b->failed)
        ((struct img_condition *)row_at(b, IMAGE_conditions, at, sizeof row))->end =
            build_count(b, IMAGE_conditions, sizeof row);
    return at;
}

/* ---- entities ---- */

struct hashed {
    uint64_t hash;
    const struct m_entity *entity;
};

static int by_hash(const void *a, const void *b)
{
    const struct hashed *x = a, *y = b;
    if (x->hash != y->hash)
        return x->hash < y->hash ? -1 : 1;
    return str_cmp(x->entity->name, y->entity->name);
}

void build_entities(struct builder *b)
{
    uint32_t n = b->m->nentities;
    struct hashed *order = build_alloc(b, n, sizeof *order);
    uint64_t *hashes = build_alloc(b, n, sizeof *hashes);
    if (b->failed)
        return;
    for (uint32_t i = 0; i < n; i++)
        order[i] = (struct hashed){hash_text(b->m->entities[i].name), &b->m->entities[i]};
    if (n > 1)
        qsort(order, n, sizeof *order, by_hash);
    for (uint32_t i = 0; i < n && !b->failed; i++) {
        const struct m_entity *e = order[i].entity;
        struct img_entity row = {build_str(b, e->name),
                                 share_literal(b, add_literal(b, e->properties)),
                                 e->scope ? e->scope - 1 : POLICY_NONE};
        hashes[i] = order[i].hash;
        build_row(b, IMAGE_entities, &row, sizeof row);
    }
    build_cells(b, IMAGE_entity_cells, hashes, n, &b->head.entity_bits);
}
