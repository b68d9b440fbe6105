/*
 * What a permitted run may have: for each link of the chain its grant with templates filled in, the
 * policy's default limits, the level's own, in this order; then what all links have in common, cut
 * by the requires. Called once for each run, after policy_decide.
 */
#include "policy/decide.h"
#include "policy/reach.h"

/* What is carried while a grant is made. */
struct making {
    const struct policy_image *image;
    struct eval eval;       /* of the link, for templates */
    enum core_level lowest; /* of the ceilings: no level's own limits are wider */
    bool cuts; /* of an ask that holds: what its templates do not stand for is nothing */
    struct arena *arena;
    struct reeve_error *err;
};

static int out_of_memory(const struct making *k)
{
    return base_fail(k->err, REEVE_ENOMEM, "no memory for a grant");
}

/* The request as a link makes it, which `k` reads from now on. */
static void read_as(struct making *k, const struct policy_request *req, uint32_t link,
                    struct policy_request *as)
{
    *as = decide_as(req, k->eval.inputs, link);
    k->eval.subject = eval_subject_of(k->image, as->subject);
}

/* Limits that `out` lacks come from `from`; best effort is for a grant alone to give. */
static void inherit(struct core_limits *out, const struct core_limits *from)
{
    for (unsigned i = 0; i < CORE_LIMIT_COUNT; i++) {
        uint32_t bit = 1u << i;
        if (out->set & bit || !(from->set & bit))
            continue;
        out->value[i] = from->value[i];
        out->set |= bit;
    }
}

/* Those of a link: its grant's, the policy's default ones, those of its level or a lower one. */
static struct core_limits limits_of(const struct policy_image *image,
                                    const struct policy_link *link, enum core_level lowest)
{
    enum core_level level = (enum core_level)link->level;
    struct core_limits l = {0};
    if (link->grant != POLICY_NONE)
        l = image_grants(image)[link->grant].limits;
    inherit(&l, &image_head(image)->default_limits);
    inherit(&l, core_level_limits(level < lowest ? level : lowest));
    return l;
}

/* ---- lists, their templates filled in ---- */

static int put_path(const struct making *k, const struct img_path *p, struct reach_path *out)
{
    struct str path = image_str(k->image, p->path), id;
    bool good = true;
    out->literal = p->attribute != POLICY_NONE || p->subject;
    if (p->attribute != POLICY_NONE)
        good = eval_template(&k->eval, p->attribute, &path);
    else if (p->subject)
        good = eval_segment(k->eval.req, &id);
    if (!good)
        return base_fail(k->err, REEVE_EINVAL,
                         "a template of the grant does not stand for one path in this request");
    auto_buf struct buf text = {0};
    if (p->subject) {
        buf_put(&text, path.p, p->subject);
        buf_byte(&text, '/');
        buf_str(&text, id);
        buf_put(&text, path.p + p->subject, path.n - p->subject);
        path = buf_view(&text);
    }
    out->path = arena_str(k->arena, path);
    return text.failed || !out->path.p ? out_of_memory(k) : REEVE_OK;
}

static int put_files(const struct making *k, const struct img_grant *g, struct core_grant *out)
{
    struct reach_paths lists[PATHS_LISTS];
    bool unhidden = false;
    for (unsigned l = 0; l < PATHS_LISTS; l++) {
        uint32_t n = g->paths[l].n;
        struct reach_path *v = arena_array(k->arena, n ? n : 1, sizeof *v);
        if (!v)
            return out_of_memory(k);
        lists[l] = (struct reach_paths){v, 0};
        for (uint32_t i = 0; i < n; i++) {
            int rc = put_path(k, &image_paths(k->image)[g->paths[l].first + i], &v[lists[l].n]);
            lists[l].n += rc == REEVE_OK;
            unhidden |= rc != REEVE_OK && l == PATHS_HIDE;
            if (rc != REEVE_OK && !(k->cuts && rc == REEVE_EINVAL))
                return rc;
        }
    }
    if (unhidden) /* what would be hidden cannot be told: nothing is shown */
        lists[PATHS_READ].n = lists[PATHS_WRITE].n = lists[PATHS_EXECUTE].n = 0;
    return reach_files(&lists[PATHS_READ], &lists[PATHS_WRITE], &lists[PATHS_EXECUTE],
                       &lists[PATHS_HIDE], k->arena, out)
               ? REEVE_OK
               : out_of_memory(k);
}

static int put_network(const struct making *k, const struct img_grant *g, struct core_grant *out)
{
    uint32_t n = g->network.n;
    struct core_endpoint *v = arena_array(k->arena, n ? n : 1, sizeof *v);
    if (!v)
        return out_of_memory(k);
    out->network = v;
    out->nnetwork = 0;
    for (uint32_t i = 0; i < n; i++) {
        const struct img_endpoint *e = &image_endpoints(k->image)[g->network.first + i];
        char host[POLICY_MAX_HOST];
        struct core_endpoint *at = &v[out->nnetwork];
        *at = (struct core_endpoint){image_str(k->image, e->host), e->port};
        if (e->attribute != POLICY_NONE && !eval_endpoint(&k->eval, e->attribute, host, at)) {
            if (k->cuts)
                continue;
            return base_fail(k->err, REEVE_EINVAL,
                             "a template of the grant does not stand for a URL in this request");
        }
        at->host = arena_str(k->arena, at->host);
        if (!at->host.p)
            return out_of_memory(k);
        out->nnetwork++;
    }
    return REEVE_OK;
}

static int put_names(const struct making *k, struct img_range range, const struct str **out,
                     uint32_t *n)
{
    struct str *v = arena_array(k->arena, range.n ? range.n : 1, sizeof *v);
    if (!v)
        return out_of_memory(k);
    for (uint32_t i = 0; i < range.n; i++) {
        v[i] = arena_str(k->arena, image_str(k->image, image_names(k->image)[range.first + i]));
        if (!v[i].p)
            return out_of_memory(k);
    }
    *out = v;
    *n = range.n;
    return REEVE_OK;
}

static int put_environment(const struct making *k, const struct img_grant *g,
                           struct core_grant *out)
{
    uint32_t n = g->environment.n;
    struct core_variable *v = arena_array(k->arena, n ? n : 1, sizeof *v);
    if (!v)
        return out_of_memory(k);
    for (uint32_t i = 0; i < n; i++) {
        const struct img_variable *e = &image_variables(k->image)[g->environment.first + i];
        v[i].name = arena_str(k->arena, image_str(k->image, e->name));
        v[i].value = arena_str(k->arena, image_str(k->image, e->value));
        v[i].set = e->set;
        if (!v[i].name.p || !v[i].value.p)
            return out_of_memory(k);
    }
    out->environment = v;
    out->nenvironment = n;
    return REEVE_OK;
}

static int put_grant(const struct making *k, uint32_t grant, struct core_grant *out)
{
    const struct img_grant *g = &image_grants(k->image)[grant];
    out->limits = g->limits;
    out->any_provider = !(g->wrote >> REACH_PROVIDER & 1);
    int rc = put_files(k, g, out);
    if (rc == REEVE_OK)
        rc = put_network(k, g, out);
    if (rc == REEVE_OK)
        rc = put_environment(k, g, out);
    if (rc == REEVE_OK)
        rc = put_names(k, g->masks, &out->masks, &out->nmasks);
    if (rc == REEVE_OK)
        rc = put_names(k, g->secrets, &out->secrets, &out->nsecrets);
    if (rc == REEVE_OK)
        rc = put_names(k, g->providers, &out->providers, &out->nproviders);
    return rc;
}

/* ---- links and requires ---- */

static int put_link(const struct making *k, const struct policy_link *link, struct core_grant *out)
{
    bool all = link->everything;
    *out = (struct core_grant){.all_files = all,
                               .all_network = all,
                               .all_environment = all,
                               .any_secret = all,
                               .any_provider = true};
    int rc = link->grant == POLICY_NONE ? REEVE_OK : put_grant(k, link->grant, out);
    out->limits = limits_of(k->image, link, k->lowest);
    return rc;
}

static int meet(const struct making *k, struct core_grant *out, const struct core_grant *by)
{
    reach_meet_limits(&out->limits, &by->limits);
    return reach_meet_files(out, by, k->arena) && reach_meet_network(out, by, k->arena) &&
                   reach_meet_environment(out, by, k->arena) && reach_meet_names(out, by, k->arena)
               ? REEVE_OK
               : out_of_memory(k);
}

/* A require cuts by the keys that it writes, and its limits are to be held. */
static int cut(const struct making *k, uint32_t require, struct core_grant *out)
{
    const struct img_hold *h = decide_hold(k->image, require);
    struct core_grant by = {0};
    if (!h || h->within == POLICY_NONE)
        return REEVE_OK;
    int rc = put_grant(k, h->within, &by);
    uint32_t wrote = image_grants(k->image)[h->within].wrote;
    by.limits.best_effort = 0;
    by.all_files = !(wrote >> REACH_FILESYSTEM & 1);
    by.all_network = !(wrote >> REACH_NETWORK & 1);
    by.all_environment = !(wrote >> REACH_ENVIRONMENT & 1);
    by.any_secret = by.any_provider = true;
    return rc == REEVE_OK ? meet(k, out, &by) : rc;
}

/* An ask that holds a link gives it no more than it would have given by itself; `as` is the request
 * that `k` reads. */
static int cut_by_ask(struct making *k, const struct policy_request *req,
                      const struct policy_decision *d, uint32_t i, struct policy_request *as,
                      struct core_grant *out)
{
    uint32_t link = d->cuts.v[i].link;
    struct core_grant by;
    read_as(k, req, link, as);
    k->cuts = true;
    int rc = put_link(k,
                      &(struct policy_link){.grant = image_rules(k->image)[d->cuts.v[i].rule].grant,
                                            .level = d->link[link].level},
                      &by);
    return rc == REEVE_OK ? meet(k, out, &by) : rc;
}

static bool is_of(const struct policy_image *image, const struct policy_decision *d,
                  const struct reeve_inputs_view *inputs)
{
    bool good = d->nlinks == inputs->nchain + 1 && d->link[0].grant == d->grant;
    for (uint32_t i = 0; good && i < d->nlinks; i++)
        good = d->link[i].grant == POLICY_NONE ||
               d->link[i].grant < image->section[IMAGE_grants].count;
    for (uint32_t i = 0; good && i < d->cuts.n; i++)
        good =
            d->cuts.v[i].rule < image->section[IMAGE_rules].count && d->cuts.v[i].link < d->nlinks;
    return good;
}

int policy_grant(const struct policy_image *image, const struct policy_request *req,
                 const struct reeve_inputs_view *inputs, const struct policy_decision *d,
                 struct arena *arena, struct core_grant *out, struct reeve_error *err)
{
    struct policy_request as = *req;
    struct making k = {image,
                       {.image = image, .req = &as, .inputs = inputs},
                       decide_ceilings_level(req, inputs, CORE_LEVEL_FULL),
                       false,
                       arena,
                       err};
    const struct policy_ceiling *c;
    struct core_grant made = {0};
    if (d->effect == CORE_EFFECT_DENY)
        return base_fail(err, REEVE_EINVAL, "a deny has no grant");
    if (!is_of(image, d, inputs))
        return base_fail(err, REEVE_EINVAL, "the decision is not of this policy and request");
    read_as(&k, req, 0, &as);
    int rc = put_link(&k, &d->link[0], &made);
    for (uint32_t i = 1; rc == REEVE_OK && i < d->nlinks; i++) {
        struct core_grant parent;
        read_as(&k, req, i, &as);
        rc = put_link(&k, &d->link[i], &parent);
        rc = rc == REEVE_OK ? meet(&k, &made, &parent) : rc;
    }
    for (uint32_t i = 0; rc == REEVE_OK && i < d->requires.n; i++)
        rc = cut(&k, d->requires.v[i], &made);
    for (uint32_t i = 0; rc == REEVE_OK && i < d->cuts.n; i++)
        rc = cut_by_ask(&k, req, d, i, &as, &made);
    if (rc != REEVE_OK)
        return rc;
    for (uint32_t i = 0; (c = decide_ceiling(req, inputs, i)); i++)
        reach_meet_limits(&made.limits, &c->limits);
    made.isolation = d->isolation;
    made.everything = made.all_files && made.all_network && made.all_environment;
    *out = made;
    return REEVE_OK;
}

/* ---- whether two grants come to the same ---- */

/* Two grants, each of its own image. */
struct pair {
    const struct policy_image *ia, *ib;
};

static bool same_text(const struct pair *p, struct img_str a, struct img_str b)
{
    return str_eq(image_str(p->ia, a), image_str(p->ib, b));
}

static bool same_texts(const struct pair *p, struct img_range a, struct img_range b)
{
    for (uint32_t i = 0; a.n == b.n && i < a.n; i++)
        if (!same_text(p, image_names(p->ia)[a.first + i], image_names(p->ib)[b.first + i]))
            return false;
    return a.n == b.n;
}

static bool same_attribute(const struct pair *p, uint32_t a, uint32_t b)
{
    if (a == POLICY_NONE || b == POLICY_NONE)
        return a == b;
    return same_text(p, image_attributes(p->ia)[a].text, image_attributes(p->ib)[b].text);
}

static bool same_paths(const struct pair *p, struct img_range a, struct img_range b)
{
    for (uint32_t i = 0; a.n == b.n && i < a.n; i++) {
        const struct img_path *x = &image_paths(p->ia)[a.first + i],
                              *y = &image_paths(p->ib)[b.first + i];
        if (!same_text(p, x->path, y->path) || x->subject != y->subject ||
            !same_attribute(p, x->attribute, y->attribute))
            return false;
    }
    return a.n == b.n;
}

static bool same_network(const struct pair *p, struct img_range a, struct img_range b)
{
    for (uint32_t i = 0; a.n == b.n && i < a.n; i++) {
        const struct img_endpoint *x = &image_endpoints(p->ia)[a.first + i],
                                  *y = &image_endpoints(p->ib)[b.first + i];
        if (!same_text(p, x->host, y->host) || x->port != y->port ||
            !same_attribute(p, x->attribute, y->attribute))
            return false;
    }
    return a.n == b.n;
}

static bool same_environment(const struct pair *p, struct img_range a, struct img_range b)
{
    for (uint32_t i = 0; a.n == b.n && i < a.n; i++) {
        const struct img_variable *x = &image_variables(p->ia)[a.first + i],
                                  *y = &image_variables(p->ib)[b.first + i];
        if (!same_text(p, x->name, y->name) || x->set != y->set ||
            !same_text(p, x->value, y->value))
            return false;
    }
    return a.n == b.n;
}

static bool same_reach(const struct pair *p, uint32_t a, uint32_t b)
{
    if (a == POLICY_NONE || b == POLICY_NONE || (p->ia == p->ib && a == b))
        return a == b;
    const struct img_grant *x = &image_grants(p->ia)[a], *y = &image_grants(p->ib)[b];
    bool same = x->wrote == y->wrote;
    for (unsigned i = 0; same && i < PATHS_LISTS; i++)
        same = same_paths(p, x->paths[i], y->paths[i]);
    return same && same_network(p, x->network, y->network) &&
           same_environment(p, x->environment, y->environment) &&
           same_texts(p, x->masks, y->masks) && same_texts(p, x->secrets, y->secrets) &&
           same_texts(p, x->providers, y->providers);
}

static bool same_limits(const struct core_limits *a, const struct core_limits *b)
{
    bool same = a->set == b->set && a->best_effort == b->best_effort;
    for (unsigned i = 0; same && i < CORE_LIMIT_COUNT; i++)
        same = !(a->set >> i & 1) || a->value[i] == b->value[i];
    return same;
}

bool policy_link_same(const struct policy_image *ia, const struct policy_link *a,
                      const struct policy_image *ib, const struct policy_link *b)
{
    const struct pair p = {ia, ib};
    const struct core_limits x = limits_of(ia, a, CORE_LEVEL_FULL),
                             y = limits_of(ib, b, CORE_LEVEL_FULL);
    return a->everything == b->everything && same_limits(&x, &y) &&
           same_reach(&p, a->grant, b->grant);
}

bool policy_cut_same(const struct policy_image *ia, uint32_t a, const struct policy_image *ib,
                     uint32_t b)
{
    const struct pair p = {ia, ib};
    return same_limits(&image_grants(ia)[a].limits, &image_grants(ib)[b].limits) &&
           same_reach(&p, a, b);
}
