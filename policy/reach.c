/* See reach.h. */
#include "policy/reach.h"

#include "core/catalogue.h"
#include "policy/endpoint.h"
#include "policy/hash.h"

/* ---- files ---- */

static int by_path(const void *a, const void *b)
{
    const struct core_path *x = a, *y = b;
    int c = str_cmp(x->path, y->path);
    return c ? c : (int)x->access - (int)y->access;
}

/* The longest entry at or above `path`, or NULL. */
static const struct core_path *covering(const struct core_path *v, uint32_t n, struct str path)
{
    const struct core_path *best = NULL;
    for (uint32_t i = 0; i < n; i++)
        if (core_path_under(path, v[i].path) && (!best || v[i].path.n > best->path.n))
            best = &v[i];
    return best;
}

static bool covers(const struct reach_paths *list, struct str path)
{
    for (uint32_t i = 0; i < list->n; i++)
        if (core_path_under(path, list->v[i].path))
            return true;
    return false;
}

/* Hide precedes write precedes read. */
static bool stronger(enum core_access a, enum core_access b)
{
    return a == CORE_ACCESS_HIDE || (a == CORE_ACCESS_WRITE && b == CORE_ACCESS_READ);
}

static void put_path(struct core_path *v, uint32_t *n, const struct reach_path *p,
                     enum core_access access)
{
    for (uint32_t i = 0; i < *n; i++) {
        if (!str_eq(v[i].path, p->path))
            continue;
        v[i].literal = v[i].literal && p->literal;
        if (stronger(access, (enum core_access)v[i].access))
            v[i].access = (uint8_t)access;
        return;
    }
    v[(*n)++] = (struct core_path){p->path, (uint8_t)access, false, p->literal};
}

static void put_paths(struct core_path *v, uint32_t *n, const struct reach_paths *list,
                      enum core_access access)
{
    for (uint32_t i = 0; i < list->n; i++)
        put_path(v, n, &list->v[i], access);
}

bool reach_files(const struct reach_paths *read, const struct reach_paths *write,
                 const struct reach_paths *execute, const struct reach_paths *hide,
                 struct arena *arena, struct core_grant *out)
{
    uint32_t n = 0, most = read->n + write->n + execute->n + hide->n;
    struct core_path *v = arena_array(arena, most ? most : 1, sizeof *v);
    if (!v)
        return false;
    put_paths(v, &n, read, CORE_ACCESS_READ);
    put_paths(v, &n, write, CORE_ACCESS_WRITE);
    put_paths(v, &n, hide, CORE_ACCESS_HIDE);
    uint32_t written = n;
    for (uint32_t i = 0; i < execute->n; i++) {
        /* Within what can be written, a folder from which programs are run is one of its own. */
        const struct core_path *c = covering(v, written, execute->v[i].path);
        if (c && c->access == CORE_ACCESS_WRITE)
            put_path(v, &n, &execute->v[i], CORE_ACCESS_WRITE);
    }
    for (uint32_t i = 0; i < n; i++)
        v[i].execute = v[i].access == CORE_ACCESS_READ ||
                       (v[i].access == CORE_ACCESS_WRITE && covers(execute, v[i].path));
    if (n > 1)
        qsort(v, n, sizeof *v, by_path);
    out->files = v;
    out->nfiles = n;
    return true;
}

/* What both lists say of one path. A path that is covered by nothing is not shown. */
static struct core_path meet_at(const struct core_grant *a, const struct core_grant *b,
                                struct str path)
{
    const struct core_path *x = covering(a->files, a->nfiles, path),
                           *y = covering(b->files, b->nfiles, path);
    struct core_path out = {.path = path};
    if (!x || !y)
        return out;
    out.access = x->access < y->access ? x->access : y->access;
    out.execute = x->execute && y->execute;
    out.literal = x->literal || y->literal;
    return out;
}

static bool hides(const struct core_grant *g, struct str path)
{
    const struct core_path *p = covering(g->files, g->nfiles, path);
    return p && p->access == CORE_ACCESS_HIDE && str_eq(p->path, path);
}

static bool join_masks(struct core_grant *out, const struct core_grant *by, struct arena *arena)
{
    if (!by->nmasks)
        return true;
    struct str *v = arena_array(arena, (size_t)out->nmasks + by->nmasks, sizeof *v);
    if (!v)
        return false;
    if (out->nmasks)
        memcpy(v, out->masks, out->nmasks * sizeof *v);
    memcpy(v + out->nmasks, by->masks, by->nmasks * sizeof *v);
    out->masks = v;
    out->nmasks += by->nmasks;
    return true;
}

bool reach_meet_files(struct core_grant *out, const struct core_grant *by, struct arena *arena)
{
    if (!join_masks(out, by, arena))
        return false;
    if (by->all_files)
        return true;
    if (out->all_files) {
        out->all_files = false;
        out->files = by->files;
        out->nfiles = by->nfiles;
        return true;
    }
    uint32_t n = 0, kept = 0;
    struct core_path *v = arena_array(arena, (size_t)out->nfiles + by->nfiles + 1, sizeof *v);
    if (!v)
        return false;
    for (uint32_t i = 0; i < out->nfiles; i++)
        v[n++] = meet_at(out, by, out->files[i].path);
    for (uint32_t i = 0; i < by->nfiles; i++)
        v[n++] = meet_at(out, by, by->files[i].path);
    if (n > 1)
        qsort(v, n, sizeof *v, by_path);
    for (uint32_t i = 0; i < n; i++) {
        bool twice = kept && str_eq(v[kept - 1].path, v[i].path);
        bool shown = v[i].access != CORE_ACCESS_HIDE;
        /* A hide stays even where nothing above it is shown by name: links may lead there. */
        if (!twice && (shown || hides(out, v[i].path) || hides(by, v[i].path)))
            v[kept++] = v[i];
    }
    out->files = v;
    out->nfiles = kept;
    return true;
}

/* ---- network ---- */

/* Endpoints, each once, as many as one list may have; `slot` finds them by their hash. */
struct endpoints {
    struct core_endpoint *v;
    uint32_t n;
    uint16_t slot[2 * CORE_MAX_PATHS]; /* 1 + index; 0: free */
};

/* False when there are too many. */
static bool put_endpoint(struct endpoints *all, const struct core_endpoint *e)
{
    size_t i = hash_text(e->host) ^ (size_t)e->port;
    for (;; i++) {
        uint16_t *slot = &all->slot[i % BASE_COUNT(all->slot)];
        const struct core_endpoint *there = *slot ? &all->v[*slot - 1] : NULL;
        if (there && (!str_eq(there->host, e->host) || there->port != e->port))
            continue;
        if (there)
            return true;
        if (all->n == CORE_MAX_PATHS)
            return false;
        all->v[all->n++] = *e;
        *slot = (uint16_t)all->n;
        return true;
    }
}

/* What all pairs have in common; nothing when that is more than a list may have. */
static uint32_t meet_endpoints(const struct core_grant *a, const struct core_grant *b,
                               struct core_endpoint *v)
{
    struct endpoints all = {.v = v};
    for (uint32_t i = 0; i < a->nnetwork; i++)
        for (uint32_t k = 0; k < b->nnetwork; k++) {
            struct core_endpoint both;
            if (policy_endpoint_meet(&a->network[i], &b->network[k], &both) &&
                !put_endpoint(&all, &both))
                return 0;
        }
    return all.n;
}

bool reach_meet_network(struct core_grant *out, const struct core_grant *by, struct arena *arena)
{
    if (by->all_network)
        return true;
    if (out->all_network) {
        out->all_network = false;
        out->network = by->network;
        out->nnetwork = by->nnetwork;
        return true;
    }
    struct core_endpoint *v = arena_array(arena, CORE_MAX_PATHS, sizeof *v);
    if (!v)
        return false;
    out->nnetwork = meet_endpoints(out, by, v);
    out->network = v;
    return true;
}

/* ---- environment ---- */

/* A value that is set is narrower than whatever the request gives; two that differ have nothing in
 * common. */
static bool meet_variable(const struct core_variable *a, const struct core_grant *by,
                          struct core_variable *out)
{
    for (uint32_t i = 0; i < by->nenvironment; i++) {
        const struct core_variable *b = &by->environment[i];
        if (!str_eq(a->name, b->name))
            continue;
        *out = a->set ? *a : *b;
        return !a->set || !b->set || str_eq(a->value, b->value);
    }
    return false;
}

bool reach_meet_environment(struct core_grant *out, const struct core_grant *by,
                            struct arena *arena)
{
    if (by->all_environment)
        return true;
    if (out->all_environment) {
        out->all_environment = false;
        out->environment = by->environment;
        out->nenvironment = by->nenvironment;
        return true;
    }
    uint32_t n = 0;
    struct core_variable *v = arena_array(arena, (size_t)out->nenvironment + 1, sizeof *v);
    if (!v)
        return false;
    for (uint32_t i = 0; i < out->nenvironment; i++)
        n += meet_variable(&out->environment[i], by, &v[n]);
    out->environment = v;
    out->nenvironment = n;
    return true;
}

/* ---- names ---- */

static bool has_name(const struct str *v, uint32_t n, struct str name)
{
    for (uint32_t i = 0; i < n; i++)
        if (str_eq(v[i], name))
            return true;
    return false;
}

static bool meet_names(const struct str **v, uint32_t *n, bool *any, const struct str *by,
                       uint32_t nby, struct arena *arena)
{
    if (*any) {
        *any = false;
        *v = by;
        *n = nby;
        return true;
    }
    uint32_t kept = 0;
    struct str *both = arena_array(arena, (size_t)*n + 1, sizeof *both);
    if (!both)
        return false;
    for (uint32_t i = 0; i < *n; i++)
        if (has_name(by, nby, (*v)[i]))
            both[kept++] = (*v)[i];
    *v = both;
    *n = kept;
    return true;
}

bool reach_meet_names(struct core_grant *out, const struct core_grant *by, struct arena *arena)
{
    return (by->any_secret || meet_names(&out->secrets, &out->nsecrets, &out->any_secret,
                                         by->secrets, by->nsecrets, arena)) &&
           (by->any_provider || meet_names(&out->providers, &out->nproviders, &out->any_provider,
                                           by->providers, by->nproviders, arena));
}

/* ---- limits ---- */

void reach_meet_limits(struct core_limits *out, const struct core_limits *by)
{
    for (unsigned i = 0; i < CORE_LIMIT_COUNT; i++) {
        uint32_t bit = 1u << i;
        if (!(by->set & bit))
            continue;
        if (!(out->set & bit))
            out->best_effort |= by->best_effort & bit;
        if (!(out->set & bit) || by->value[i] < out->value[i])
            out->value[i] = by->value[i];
        if (!(by->best_effort & bit))
            out->best_effort &= ~bit;
        out->set |= bit;
    }
}
