/*
 * Rules as rows: their conditions as trees in prefix order, operands as literals, grants with `use`
 * followed.
 */
#include "policy/build.h"

static uint32_t add_literal(struct builder *b, const struct ynode *n)
{
    struct img_literal row = {.type = n->type, .boolean = n->boolean};
    if (n->type == Y_TEXT)
        row.s = build_str(b, n->text);
    else if (n->type == Y_INT)
        row.i = n->i;
    else if (n->type == Y_DOUBLE)
        row.d = n->d;
    uint32_t at = build_row(b, IMAGE_literals, &row, sizeof row);
    for (const struct ynode *c = n->first; c; c = c->next)
        add_literal(b, c);
    if (!b->failed)
        ((struct img_literal *)(void *)b->section[IMAGE_literals].data)[at].end =
            build_count(b, IMAGE_literals, sizeof row);
    return at;
}

static uint32_t add_attribute(struct builder *b, const struct m_attribute *a)
{
    struct img_attribute row = {build_str(b, a->text),
                                build_count(b, IMAGE_keys, sizeof(struct img_str)), a->n};
    for (uint32_t i = 0; i < a->n; i++) {
        struct img_str key = build_str(b, a->key[i]);
        build_row(b, IMAGE_keys, &key, sizeof key);
    }
    row.first = build_share(b, IMAGE_keys, row.first, sizeof(struct img_str), BUILD_NO_FIELD);
    return build_share(b, IMAGE_attributes, build_row(b, IMAGE_attributes, &row, sizeof row),
                       sizeof row, BUILD_NO_FIELD);
}

static uint32_t add_operand(struct builder *b, const struct m_condition *c)
{
    struct ynode path = {.type = Y_TEXT, .text = c->path};
    const struct ynode *operand = c->op == OP_UNDER ? &path : c->operand;
    if (!operand)
        return POLICY_NONE;
    return build_share(b, IMAGE_literals, add_literal(b, operand), sizeof(struct img_literal),
                       offsetof(struct img_literal, end));
}

static uint32_t add_condition(struct builder *b, const struct m_condition *c)
{
    struct img_condition row = {.op = (uint8_t)c->op,
                                .flag = c->flag,
                                .attribute =
                                    c->attribute ? add_attribute(b, c->attribute) : POLICY_NONE,
                                .operand = add_operand(b, c)};
    uint32_t at = build_row(b, IMAGE_conditions, &row, sizeof row);
    for (const struct m_condition *k = c->first; k; k = k->next)
        add_condition(b, k);
    if (!b->failed)
        ((struct img_condition *)(void *)b->section[IMAGE_conditions].data)[at].end =
            build_count(b, IMAGE_conditions, sizeof row);
    return at;
}

static uint32_t add_paths(struct builder *b, const struct m_paths *paths, uint32_t *templates)
{
    uint32_t first = build_count(b, IMAGE_paths, sizeof(struct img_path));
    for (uint32_t i = 0; i < paths->n; i++) {
        const struct m_path *p = &paths->v[i];
        struct img_path row = {build_str(b, p->path),
                               p->template ? add_attribute(b, p->template) : POLICY_NONE};
        *templates += p->template != NULL;
        build_row(b, IMAGE_paths, &row, sizeof row);
    }
    return build_share(b, IMAGE_paths, first, sizeof(struct img_path), BUILD_NO_FIELD);
}

static uint32_t add_grant(struct builder *b, const struct m_grant *written)
{
    struct m_grant g = policy_grant_resolve(written);
    struct img_grant row = {.limits = g.limits.limits, .nread = g.read.n, .nhide = g.hide.n};
    row.isolation = g.isolation < 0 ? CORE_RANK_NONE : (uint32_t)g.isolation;
    row.read = add_paths(b, &g.read, &row.templates);
    row.hide = add_paths(b, &g.hide, &row.templates);
    return build_share(b, IMAGE_grants, build_row(b, IMAGE_grants, &row, sizeof row), sizeof row,
                       BUILD_NO_FIELD);
}

static void add_rule(struct builder *b, const struct m_rule *r)
{
    struct img_rule row = {.id = build_str(b, r->id),
                           .reason = build_str(b, r->reason),
                           .line = r->id_at.line,
                           .grant = POLICY_NONE,
                           .condition = POLICY_NONE,
                           .effect = (uint8_t)r->effect};
    build_rule_subjects(b, &r->subjects, &row);
    if (r->grant) {
        row.grant = add_grant(b, r->grant);
        if (!b->failed)
            row.isolation =
                (uint8_t)((struct img_grant *)(void *)b->section[IMAGE_grants].data)[row.grant]
                    .isolation;
    }
    if (r->when)
        row.condition =
            build_share(b, IMAGE_conditions, add_condition(b, r->when),
                        sizeof(struct img_condition), offsetof(struct img_condition, end));
    build_row(b, IMAGE_rules, &row, sizeof row);
}

void build_rules(struct builder *b)
{
    for (uint32_t i = 0; i < b->m->nrules && !b->failed; i++)
        add_rule(b, &b->m->rules[b->order[i]]);
}
