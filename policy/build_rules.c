/*
 * Rules as rows: their conditions as trees in prefix order, operands as literals. Grants are built
 * in build_grant.c, what else a rule brings in build_hold.c.
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

uint32_t build_attribute(struct builder *b, const struct m_attribute *a)
{
    struct img_attribute row = {build_str(b, a->text),
                                build_count(b, IMAGE_keys, sizeof(struct img_str)), a->n};
    for (uint32_t i = 0; i < a->n; i++) {
        struct img_str key = build_str(b, a->key[i]);
        build_row(b, IMAGE_keys, &key, sizeof key);
    }
    return build_row(b, IMAGE_attributes, &row, sizeof row);
}

static uint32_t add_operand(struct builder *b, const struct m_condition *c)
{
    if (c->op == OP_UNDER) {
        struct ynode path = {.type = Y_TEXT, .text = c->path};
        return add_literal(b, &path);
    }
    return c->operand ? add_literal(b, c->operand) : POLICY_NONE;
}

static uint32_t add_condition(struct builder *b, const struct m_condition *c)
{
    struct img_condition row = {.op = (uint8_t)c->op,
                                .flag = c->flag,
                                .attribute =
                                    c->attribute ? build_attribute(b, c->attribute) : POLICY_NONE,
                                .operand = add_operand(b, c)};
    uint32_t at = build_row(b, IMAGE_conditions, &row, sizeof row);
    for (const struct m_condition *k = c->first; k; k = k->next)
        add_condition(b, k);
    if (!b->failed)
        ((struct img_condition *)(void *)b->section[IMAGE_conditions].data)[at].end =
            build_count(b, IMAGE_conditions, sizeof row);
    return at;
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
        row.grant = build_grant(b, r->grant);
        if (!b->failed)
            row.isolation =
                (uint8_t)((struct img_grant *)(void *)b->section[IMAGE_grants].data)[row.grant]
                    .isolation;
    }
    if (r->when)
        row.condition = add_condition(b, r->when);
    row.selector = build_selector(b, r);
    row.hold = build_hold(b, r);
    build_row(b, IMAGE_rules, &row, sizeof row);
}

void build_rules(struct builder *b)
{
    for (uint32_t i = 0; i < b->m->nrules && !b->failed; i++)
        add_rule(b, &b->m->rules[b->order[i]]);
}
