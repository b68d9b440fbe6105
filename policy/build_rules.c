/*
 * Rules as rows: subjects, condition, grants with `use` followed. Conditions are build_when.c's.
 */
#include "policy/build.h"

static uint32_t add_paths(struct builder *b, const struct m_paths *paths, uint32_t *templates)
{
    uint32_t first = build_count(b, IMAGE_paths, sizeof(struct img_path));
    for (uint32_t i = 0; i < paths->n; i++) {
        const struct m_path *p = &paths->v[i];
        struct img_path row = {build_str(b, p->path),
                               p->template ? build_attribute(b, p->template) : POLICY_NONE};
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

static uint32_t add_reason(struct builder *b, struct str reason)
{
    if (!reason.n)
        return POLICY_NONE;
    struct img_str row = build_str(b, reason);
    return build_share(b, IMAGE_reasons, build_row(b, IMAGE_reasons, &row, sizeof row), sizeof row,
                       BUILD_NO_FIELD);
}

static void add_rule(struct builder *b, const struct m_rule *r)
{
    struct img_rule row = {.id = build_str(b, r->id),
                           .reason = add_reason(b, r->reason),
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
            build_share(b, IMAGE_conditions, build_condition(b, r->when),
                        sizeof(struct img_condition), offsetof(struct img_condition, end));
    build_row(b, IMAGE_rules, &row, sizeof row);
}

void build_rules(struct builder *b)
{
    for (uint32_t i = 0; i < b->m->nrules && !b->failed; i++)
        add_rule(b, &b->m->rules[b->order[i]]);
}
