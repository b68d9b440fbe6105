/* See reach.h. */
#include "policy/reach.h"

#include "core/catalogue.h"
#include "policy/endpoint.h"
#include "policy/hash.h"

/* ---- paths as a tree ---- */

#define NOWHERE UINT32_MAX

/* A path of any of the lists that are brought together. */
struct node {
    struct str path;
    uint32_t above;            /* the nearest node that it lies in, or NOWHERE */
    uint32_t in;               /* bits of the lists that have it */
    bool literal, run_literal; /* in all of those that show it, that run it */
    bool runs;                 /* it, or what it lies in, is executed */
    enum core_access access;   /* of the longest entry, where `known` */
    bool known;
    const struct core_path *one, *other; /* the longest entry of each of two grants */
};
struct tree {
    struct node *v;
    uint32_t n;
};

static int by_path(const void *a, const void *b)
{
    const struct core_path *x = a, *y = b;
    int c = str_cmp(x->path, y->path);
    return c ? c : (int)x->access - (int)y->access;
}

/* As a walk over the tree meets them: what lies in a path follows it, with nothing between. */
static int by_place(const void *a, const void *b)
{
    struct str x = ((const struct node *)a)->path, y = ((const struct node *)b)->path;
    size_t i = 0;
    while (i < x.n && i < y.n && x.p[i] == y.p[i])
        i++;
    if (i == x.n || i == y.n)
        return (x.n > y.n) - (x.n < y.n);
    unsigned p = x.p[i] == '/' ? 0 : (uint8_t)x.p[i], q = y.p[i] == '/' ? 0 : (uint8_t)y.p[i];
    return (p > q) - (p < q);
}

static void join_node(struct node *into, const struct node *n)
{
    into->in |= n->in;
    into->literal = into->literal && n->literal;
    into->run_literal = into->run_literal && n->run_literal;
    into->one = into->one ? into->one : n->one;
    into->other = into->other ? into->other : n->other;
}

/* Each path once, and where it lies. */
static void make_tree(struct tree *t)
{
    uint32_t kept = 0;
    if (t->n > 1)
        qsort(t->v, t->n, sizeof *t->v, by_place);
    for (uint32_t i = 0; i < t->n; i++) {
        uint32_t above = kept ? kept - 1 : NOWHERE;
        if (kept && str_eq(t->v[above].path, t->v[i].path)) {
            join_node(&t->v[above], &t->v[i]);
            continue;
        }
        while (above != NOWHERE && !core_path_under(t->v[i].path, t->v[above].path))
            above = t->v[above].above;
        t->v[kept] = t->v[i];
        t->v[kept++].above = above;
    }
    t->n = kept;
}

static struct node *above(const struct tree *t, const struct node *n)
{
    return n->above == NOWHERE ? NULL : &t->v[n->above];
}

/* ---- files ---- */

enum { LIST_READ, LIST_WRITE, LIST_EXECUTE, LIST_HIDE, LISTS };

static void put_list(struct tree *t, const struct reach_paths *list, unsigned which)
{
    for (uint32_t i = 0; i < list->n; i++)
        t->v[t->n++] = (struct node){
            .path = list->v[i].path,
            .in = 1u << which,
            .literal = which == LIST_EXECUTE || list->v[i].literal,
            .run_literal = which != LIST_EXECUTE || list->v[i].literal,
        };
}

/* Hide precedes write precedes read; false where none of them has it. */
static bool own_access(const struct node *n, enum core_access *out)
{
    static const struct {
        unsigned list;
        enum core_access access;
    } order[] = {{LIST_HIDE, CORE_ACCESS_HIDE},
                 {LIST_WRITE, CORE_ACCESS_WRITE},
                 {LIST_READ, CORE_ACCESS_READ}};
    for (size_t i = 0; i < BASE_COUNT(order); i++)
        if (n->in >> order[i].list & 1) {
            *out = order[i].access;
            return true;
        }
    return false;
}

/* Within what can be written, a folder from which programs are run is one of its own. */
static bool read_node(const struct tree *t, struct node *n, struct core_path *out)
{
    const struct node *up = above(t, n);
    bool own = own_access(n, &n->access), runs = n->in >> LIST_EXECUTE & 1;
    n->known = own || (up && up->known);
    n->access = own ? n->access : up ? up->access : CORE_ACCESS_HIDE;
    n->runs = runs || (up && up->runs);
    bool written = n->known && n->access == CORE_ACCESS_WRITE;
    *out = (struct core_path){.path = n->path, .access = (uint8_t)n->access};
    out->execute = n->access == CORE_ACCESS_READ || (written && n->runs);
    out->literal = n->literal && (!written || n->run_literal);
    return own || (written && runs);
}

bool reach_files(const struct reach_paths *read, const struct reach_paths *write,
                 const struct reach_paths *execute, const struct reach_paths *hide,
                 struct arena *arena, struct core_grant *out)
{
    const struct reach_paths *lists[LISTS] = {read, write, execute, hide};
    size_t most = (size_t)read->n + write->n + execute->n + hide->n;
    struct tree t = {arena_array(arena, most + 1, sizeof *t.v), 0};
    struct core_path *v = arena_array(arena, most + 1, sizeof *v);
    uint32_t n = 0;
    if (!t.v || !v)
        return false;
    for (unsigned i = 0; i < LISTS; i++)
        put_list(&t, lists[i], i);
    make_tree(&t);
    for (uint32_t i = 0; i < t.n; i++)
        n += read_node(&t, &t.v[i], &v[n]);
    if (n > 1)
        qsort(v, n, sizeof *v, by_path);
    out->files = v;
    out->nfiles = n;
    return true;
}

static bool hides(const struct core_path *p, struct str path)
{
    return p && p->access == CORE_ACCESS_HIDE && str_eq(p->path, path);
}

/* What both grants say of one path. A path that one of them covers by nothing is not shown; a hide
 * stays even where nothing above it is shown by name: links may lead there. */
static bool meet_node(const struct tree *t, struct node *n, struct core_path *out)
{
    const struct node *up = above(t, n);
    if (up && !n->one)
        n->one = up->one;
    if (up && !n->other)
        n->other = up->other;
    const struct core_path *x = n->one, *y = n->other;
    *out = (struct core_path){.path = n->path, .access = CORE_ACCESS_HIDE};
    if (x && y) {
        out->access = x->access < y->access ? x->access : y->access;
        out->execute = x->execute && y->execute;
        out->literal = x->literal || y->literal;
    }
    return out->access != CORE_ACCESS_HIDE || hides(x, n->path) || hides(y, n->path);
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

/* More than a run could be shown, or hidden from: nothing is. */
static void show_nothing(struct core_grant *out)
{
    out->all_files = false;
    out->nfiles = out->nmasks = 0;
}

static bool meet_files(struct core_grant *out, const struct core_grant *by, struct arena *arena)
{
    size_t most = (size_t)out->nfiles + by->nfiles;
    struct tree t = {arena_array(arena, most + 1, sizeof *t.v), 0};
    struct core_path *v = arena_array(arena, most + 1, sizeof *v);
    uint32_t n = 0;
    if (!t.v || !v)
        return false;
    for (uint32_t i = 0; i < out->nfiles; i++)
        t.v[t.n++] = (struct node){.path = out->files[i].path, .one = &out->files[i]};
    for (uint32_t i = 0; i < by->nfiles; i++)
        t.v[t.n++] = (struct node){.path = by->files[i].path, .other = &by->files[i]};
    make_tree(&t);
    for (uint32_t i = 0; i < t.n; i++)
        n += meet_node(&t, &t.v[i], &v[n]);
    if (n > 1)
        qsort(v, n, sizeof *v, by_path);
    out->files = v;
    out->nfiles = n;
    return true;
}

bool reach_meet_files(struct core_grant *out, const struct core_grant *by, struct arena *arena)
{
    if (!join_masks(out, by, arena))
        return false;
    if (out->all_files && !by->all_files) {
        out->all_files = false;
        out->files = by->files;
        out->nfiles = by->nfiles;
    } else if (!by->all_files && !meet_files(out, by, arena)) {
        return false;
    }
    if (out->nfiles > REACH_MAX_FILES || out->nmasks > REACH_MAX_FILES)
        show_nothing(out);
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
