/*
 * Templates of grants: what of a request takes the place of "${args.path}", "${args.url}" and
 * "${subject.id}". What cannot stand there for certain keeps an allow from matching.
 */
#include "policy/eval.h"

#include "core/catalogue.h"

#define MAX_PATH 4095u

bool eval_template(const struct eval *e, uint32_t attribute, struct str *out)
{
    struct eval_value v = eval_attribute(e, attribute);
    if (v.state != EVAL_THERE || v.view.kind != VIEW_TEXT || v.view.s.n > MAX_PATH ||
        !core_path_is_normal(v.view.s))
        return false;
    *out = v.view.s;
    return true;
}

bool eval_segment(const struct policy_request *req, struct str *out)
{
    const char *colon = memchr(req->subject.p, ':', req->subject.n);
    if (!colon)
        return false;
    struct str id = {colon + 1, (size_t)(req->subject.p + req->subject.n - colon) - 1};
    if (id.n == 0 || id.n > 255 || memchr(id.p, '/', id.n) || memchr(id.p, '\0', id.n) ||
        str_is(id, ".") || str_is(id, "..") || !str_is_utf8(id))
        return false;
    *out = id;
    return true;
}

bool eval_endpoint(const struct eval *e, uint32_t attribute, char host[POLICY_MAX_HOST],
                   struct core_endpoint *out)
{
    struct eval_value v = eval_attribute(e, attribute);
    return v.state == EVAL_THERE && v.view.kind == VIEW_TEXT &&
           policy_endpoint_of_url(v.view.s, host, out);
}

static bool path_fails(const struct eval *e, const struct img_path *p)
{
    struct str ignored;
    if (p->attribute != POLICY_NONE)
        return !eval_template(e, p->attribute, &ignored);
    return p->subject && !eval_segment(e->req, &ignored);
}

enum eval_wanted eval_template_fails(const struct eval *e, uint32_t grant, uint32_t *failing)
{
    const struct img_grant *g = &image_grants(e->image)[grant];
    for (unsigned list = 0; list < PATHS_LISTS; list++) {
        const struct img_path *p = image_paths(e->image) + g->paths[list].first;
        for (uint32_t i = 0; i < g->paths[list].n; i++) {
            *failing = p[i].attribute;
            if (path_fails(e, &p[i]))
                return p[i].subject ? EVAL_SEGMENT : EVAL_PATH;
        }
    }
    const struct img_endpoint *n = image_endpoints(e->image) + g->network.first;
    for (uint32_t i = 0; i < g->network.n; i++) {
        char host[POLICY_MAX_HOST];
        struct core_endpoint ignored;
        *failing = n[i].attribute;
        if (*failing != POLICY_NONE && !eval_endpoint(e, *failing, host, &ignored))
            return EVAL_URL;
    }
    return EVAL_NOTHING;
}

bool eval_templates_hold(const struct eval *e, uint32_t grant)
{
    uint32_t ignored;
    return grant == POLICY_NONE || !image_grants(e->image)[grant].templates ||
           eval_template_fails(e, grant, &ignored) == EVAL_NOTHING;
}
