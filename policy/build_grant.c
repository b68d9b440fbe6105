/*
 * Grants as rows, `use` followed: what a run may reach, entry by entry.
 */
#include "policy/build.h"

static struct img_range shared(struct builder *b, enum image_section section,
                               struct img_range range, size_t size)
{
    return (struct img_range){build_share(b, section, range.first, size, BUILD_NO_FIELD), range.n};
}

struct img_range build_names(struct builder *b, const struct str *v, uint32_t n)
{
    struct img_range range = {build_count(b, IMAGE_names, sizeof(struct img_str)), n};
    for (uint32_t i = 0; i < n; i++) {
        struct img_str row = build_str(b, v[i]);
        build_row(b, IMAGE_names, &row, sizeof row);
    }
    return shared(b, IMAGE_names, range, sizeof(struct img_str));
}

static struct img_range add_paths(struct builder *b, const struct m_paths *paths,
                                  uint32_t *templates)
{
    struct img_range range = {build_count(b, IMAGE_paths, sizeof(struct img_path)), paths->n};
    for (uint32_t i = 0; i < paths->n; i++) {
        const struct m_path *p = &paths->v[i];
        struct img_path row = {build_str(b, p->path),
                               p->template ? build_attribute(b, p->template) : POLICY_NONE,
                               p->subject};
        *templates += p->template || p->subject;
        build_row(b, IMAGE_paths, &row, sizeof row);
    }
    return shared(b, IMAGE_paths, range, sizeof(struct img_path));
}

static struct img_range add_network(struct builder *b, const struct m_grant *g, uint32_t *templates)
{
    struct img_range range = {build_count(b, IMAGE_endpoints, sizeof(struct img_endpoint)),
                              g->nnetwork};
    for (uint32_t i = 0; i < g->nnetwork; i++) {
        const struct m_endpoint *e = &g->network[i];
        struct img_endpoint row = {build_str(b, e->host), e->port,
                                   e->template ? build_attribute(b, e->template) : POLICY_NONE};
        *templates += e->template != NULL;
        build_row(b, IMAGE_endpoints, &row, sizeof row);
    }
    return shared(b, IMAGE_endpoints, range, sizeof(struct img_endpoint));
}

static struct img_range add_environment(struct builder *b, const struct m_grant *g)
{
    struct img_range range = {build_count(b, IMAGE_variables, sizeof(struct img_variable)),
                              g->nenvironment};
    for (uint32_t i = 0; i < g->nenvironment; i++) {
        const struct m_variable *v = &g->environment[i];
        struct img_variable row = {build_str(b, v->name), build_str(b, v->value), v->set};
        build_row(b, IMAGE_variables, &row, sizeof row);
    }
    return shared(b, IMAGE_variables, range, sizeof(struct img_variable));
}

uint32_t build_grant(struct builder *b, const struct m_grant *written)
{
    struct m_grant g = policy_grant_resolve(written);
    struct img_grant row = {.limits = g.limits.limits, .wrote = g.wrote};
    const struct m_paths *lists[PATHS_LISTS] = {
        [PATHS_READ] = &g.read,
        [PATHS_WRITE] = &g.write,
        [PATHS_EXECUTE] = &g.execute,
        [PATHS_HIDE] = &g.hide,
    };
    row.isolation = g.isolation < 0 ? CORE_RANK_NONE : (uint32_t)g.isolation;
    for (unsigned i = 0; i < PATHS_LISTS; i++)
        row.paths[i] = add_paths(b, lists[i], &row.templates);
    row.network = add_network(b, &g, &row.templates);
    row.environment = add_environment(b, &g);
    row.masks = build_names(b, g.masks.v, g.masks.n);
    row.secrets = build_names(b, g.secrets.v, g.secrets.n);
    row.providers = build_names(b, g.providers.v, g.providers.n);
    return build_share(b, IMAGE_grants, build_row(b, IMAGE_grants, &row, sizeof row), sizeof row,
                       BUILD_NO_FIELD);
}
