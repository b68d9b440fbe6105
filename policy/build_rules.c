/*
 * Rules as rows. Conditions are build_when.c's, grants build_grant.c's, what else a rule brings
 * build_hold.c's.
 */
#include "policy/build.h"

static void add_rule(struct builder *b, const struct m_rule *r)
{
    struct img_rule row = {.id = build_str(b, r->id),
                           .line = r->id_at.line,
                           .grant = POLICY_NONE,
                           .subjects = build_list(b, &r->subjects),
                           .condition = POLICY_NONE,
                           .effect = (uint8_t)r->effect,
                           .file = r->id_at.file};
    b->scope = r->scope;
    if (r->grant) {
        row.grant = build_grant(b, r->grant);
        if (!b->failed)
            row.isolation =
                (uint8_t)((struct img_grant *)(void *)b->section[IMAGE_grants].data)[row.grant]
                    .isolation;
    }
    if (r->when)
        row.condition =
            build_share(b, IMAGE_conditions, build_condition(b, r->when),
                        sizeof(struct img_condition), offsetof(struct img_condition, end));
    row.extra = build_extra(b, r);
    b->head.kinds |= UINT32_C(1) << r->effect;
    build_row(b, IMAGE_rules, &row, sizeof row);
    b->scope = 0;
}

void build_rules(struct builder *b)
{
    for (uint32_t i = 0; i < b->m->nrules && !b->failed; i++)
        add_rule(b, &b->m->rules[b->order[i]]);
}
