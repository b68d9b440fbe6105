/* Grants by definition: each question (may this path be read, may this host be reached) is put to
 * every grant by itself. See naive.h. */
#include "naive.h"

#include "core/catalogue.h"

const char *const naive_paths[] = {"/",         "/a",     "/a/b",         "/a/b/c",   "/b",
                                   "/a/x",      "/usr",   "/usr/x",       "/home/a",  "/home/b",
                                   "/home/a/w", "/b/./x", "/home/ab/w/x", "/srv/exe", "/srv/exe/y"};
const size_t naive_npaths = BASE_COUNT(naive_paths);
const char *const naive_hosts[] = {"h.example",     "x.h.example", "other",  "192.0.2.1",
                                   "y.x.h.example", "a.h.example", "1.2.3.4"};
const size_t naive_nhosts = BASE_COUNT(naive_hosts);
const uint32_t naive_ports[2] = {443, 80};
const char *const naive_names[] = {"A", "B", "C", "process", "vm"};
const size_t naive_nnames = BASE_COUNT(naive_names);

static const struct m_grant *named(const struct model *m, struct str name)
{
    for (uint32_t i = 0; i < m->ngrants; i++)
        if (str_eq(m->grants[i].name, name))
            return &m->grants[i];
    return NULL;
}

const struct m_grant *naive_writes(const struct model *m, const struct m_grant *g,
                                   enum policy_reach key)
{
    while (g && !(g->wrote >> key & 1))
        g = g->use.n ? named(m, g->use) : NULL;
    return g;
}

int naive_isolation(const struct model *m, const struct m_grant *g)
{
    while (g && g->isolation < 0)
        g = g->use.n ? named(m, g->use) : NULL;
    return g ? g->isolation : 0;
}

/* ---- limits ---- */

bool naive_limit(const struct model *m, const struct m_grant *g, int level, enum core_limit limit,
                 uint64_t *value, bool *best_effort)
{
    const struct core_limits *lists[3] = {NULL, &m->default_limits.limits,
                                          core_level_limits((enum core_level)level)};
    while (g && !g->limits.present)
        g = g->use.n ? named(m, g->use) : NULL;
    lists[0] = g ? &g->limits.limits : NULL;
    *best_effort = lists[0] && lists[0]->best_effort >> limit & 1;
    for (size_t i = 0; i < BASE_COUNT(lists); i++)
        if (lists[i] && lists[i]->set >> limit & 1) {
            *value = lists[i]->value[limit];
            return true;
        }
    return false;
}

/* ---- templates ---- */

static bool subject_segment(const struct policy_request *req, struct str *out)
{
    size_t colon = 0;
    while (req->subject.p[colon] != ':')
        colon++;
    *out = (struct str){req->subject.p + colon + 1, req->subject.n - colon - 1};
    return !memchr(out->p, '/', out->n) && !str_is(*out, ".") && !str_is(*out, "..");
}

/* The text that an argument is. */
static bool argument(const struct policy_request *req, const struct m_attribute *a, struct str *out)
{
    struct arena arena auto_arena;
    arena_init(&arena, 0);
    struct naive n = {.req = req, .arena = &arena};
    return naive_text(&n, a, out);
}

/* What each URL of the random requests leads to. */
static bool url_leads(struct str url, struct core_endpoint *out)
{
    static const struct {
        const char *url, *host;
        uint32_t port;
    } known[] = {{"https://h.example", "h.example", 443},
                 {"https://h.example:8443/a/b", "h.example", 8443},
                 {"http://h.example/a/", "h.example", 80},
                 {"https://a.h.example/a/%2e%2e/b", "a.h.example", 443},
                 {"https://1.2.3.4/", "1.2.3.4", 443},
                 {"http://[::ffff:1.2.3.4]:81/x", "1.2.3.4", 81},
                 {"https://h.example/a/b?c#d", "h.example", 443},
                 {"HTTPS://H.Example./a/./b", "h.example", 443}};
    for (size_t i = 0; i < BASE_COUNT(known); i++)
        if (str_is(url, known[i].url)) {
            *out = (struct core_endpoint){str_of(known[i].host), known[i].port};
            return true;
        }
    return false;
}

/* The path that an entry is for this request, in `out`. */
static bool path_of(const struct policy_request *req, const struct m_path *p, struct buf *out)
{
    struct str id;
    if (p->template) {
        auto_buf struct buf normal = {0};
        struct str text;
        if (!argument(req, p->template, &text) || !naive_path(text, &normal))
            return false;
        buf_str(out, text);
        return str_eq(text, normal.len ? buf_view(&normal) : STR("/"));
    }
    if (!p->subject) {
        buf_str(out, p->path);
        return true;
    }
    if (!subject_segment(req, &id))
        return false;
    buf_put(out, p->path.p, p->subject);
    buf_byte(out, '/');
    buf_str(out, id);
    buf_put(out, p->path.p + p->subject, p->path.n - p->subject);
    return true;
}

static bool paths_hold(const struct policy_request *req, const struct m_paths *list)
{
    for (uint32_t i = 0; i < list->n; i++) {
        auto_buf struct buf ignored = {0};
        if (!path_of(req, &list->v[i], &ignored))
            return false;
    }
    return true;
}

static bool endpoint_of(const struct policy_request *req, const struct m_endpoint *e,
                        struct core_endpoint *out)
{
    struct str url;
    *out = (struct core_endpoint){e->host, e->port};
    return !e->template || (argument(req, e->template, &url) && url_leads(url, out));
}

bool naive_templates_hold(const struct model *m, const struct policy_request *req,
                          const struct m_grant *g)
{
    const struct m_grant *files = naive_writes(m, g, REACH_FILESYSTEM),
                         *network = naive_writes(m, g, REACH_NETWORK);
    if (files && !(paths_hold(req, &files->read) && paths_hold(req, &files->write) &&
                   paths_hold(req, &files->execute) && paths_hold(req, &files->hide)))
        return false;
    for (uint32_t i = 0; network && i < network->nnetwork; i++) {
        struct core_endpoint ignored;
        if (!endpoint_of(req, &network->network[i], &ignored))
            return false;
    }
    return true;
}

/* ---- files: one path, one grant ---- */

static bool at_or_below(struct str path, struct str folder)
{
    if (str_is(folder, "/"))
        return true;
    return str_starts(path, folder) && (path.n == folder.n || path.p[folder.n] == '/');
}

/* The length of the longest entry of a list that covers a path; 0: none. */
static size_t longest(const struct policy_request *req, const struct m_paths *list, struct str path)
{
    size_t best = 0;
    for (uint32_t i = 0; i < list->n; i++) {
        auto_buf struct buf entry = {0};
        if (path_of(req, &list->v[i], &entry) && at_or_below(path, buf_view(&entry)) &&
            entry.len > best)
            best = entry.len;
    }
    return best;
}

/* 0 hidden or not shown, 1 read, 2 read and execute, 3 write, 4 write and execute. */
static int access_of(const struct model *m, const struct naive_side *side, struct str path)
{
    if (side->everything)
        return 4;
    const struct m_grant *g = naive_writes(m, side->grant, REACH_FILESYSTEM);
    if (!g || (side->cuts && !paths_hold(&side->req, &g->hide)))
        return 0;
    size_t read = longest(&side->req, &g->read, path), write = longest(&side->req, &g->write, path),
           hide = longest(&side->req, &g->hide, path),
           execute = longest(&side->req, &g->execute, path);
    if (!read && !write)
        return 0;
    if (hide >= read && hide >= write)
        return 0;
    if (write >= read)
        return execute ? 4 : 3;
    return 2;
}

static int meet_access(int a, int b)
{
    if (a == 0 || b == 0)
        return 0;
    bool execute = a % 2 == 0 && b % 2 == 0, write = a > 2 && b > 2;
    return write ? (execute ? 4 : 3) : (execute ? 2 : 1);
}

/* ---- network: one host and port, one grant ---- */

static bool is_name(const char *host)
{
    return host[0] > '9';
}

static bool entry_reaches(const struct core_endpoint *e, const char *host, uint32_t port)
{
    struct str name = str_of(host);
    if (e->port && e->port != port)
        return false;
    if (str_is(e->host, "*"))
        return is_name(host);
    if (e->host.p[0] != '*')
        return str_eq(e->host, name);
    return is_name(host) && naive_glob(e->host, name) && name.n > e->host.n - 1;
}

static bool reaches(const struct model *m, const struct naive_side *side, const char *host,
                    uint32_t port)
{
    const struct m_grant *g = naive_writes(m, side->grant, REACH_NETWORK);
    for (uint32_t i = 0; !side->everything && g && i < g->nnetwork; i++) {
        struct core_endpoint e;
        if (endpoint_of(&side->req, &g->network[i], &e) && entry_reaches(&e, host, port))
            return true;
    }
    return side->everything;
}

/* ---- environment and names ---- */

enum { NO, ANY, SET };

static int variable(const struct model *m, const struct naive_side *side, const char *name,
                    struct str *value)
{
    const struct m_grant *g = naive_writes(m, side->grant, REACH_ENVIRONMENT);
    for (uint32_t i = 0; !side->everything && g && i < g->nenvironment; i++)
        if (str_is(g->environment[i].name, name)) {
            *value = g->environment[i].value;
            return g->environment[i].set ? SET : ANY;
        }
    return side->everything ? ANY : NO;
}

static bool lists(const struct m_texts *t, const char *name)
{
    for (uint32_t i = 0; i < t->n; i++)
        if (str_is(t->v[i], name))
            return true;
    return false;
}

/* ---- all together ---- */

static void put_files(const struct model *m, const struct naive_side *sides, unsigned n,
                      struct buf *out)
{
    for (size_t p = 0; p < naive_npaths; p++) {
        int access = 4;
        for (unsigned i = 0; i < n; i++)
            access = meet_access(access, access_of(m, &sides[i], str_of(naive_paths[p])));
        buf_printf(out, "%d", access);
    }
}

static void put_network(const struct model *m, const struct naive_side *sides, unsigned n,
                        struct buf *out)
{
    for (size_t h = 0; h < naive_nhosts; h++)
        for (size_t p = 0; p < BASE_COUNT(naive_ports); p++) {
            bool all = true;
            for (unsigned i = 0; i < n; i++)
                all = all && reaches(m, &sides[i], naive_hosts[h], naive_ports[p]);
            buf_byte(out, all ? '1' : '0');
        }
}

static void put_environment(const struct model *m, const struct naive_side *sides, unsigned n,
                            struct buf *out)
{
    for (size_t k = 0; k < naive_nnames; k++) {
        int state = ANY;
        struct str value = {0}, one = {0};
        for (unsigned i = 0; i < n; i++) {
            int s = variable(m, &sides[i], naive_names[k], &one);
            if (s == NO || (s == SET && state == SET && !str_eq(value, one)))
                state = NO;
            else if (s == SET && state == ANY) {
                state = SET;
                value = one;
            }
        }
        buf_byte(out, state == NO ? '-' : state == ANY ? '?' : '=');
        buf_str(out, state == SET ? value : STR(""));
    }
}

static void put_names(const struct model *m, const struct naive_side *sides, unsigned n,
                      struct buf *out)
{
    for (size_t k = 0; k < naive_nnames; k++) {
        bool secret = true, provider = true;
        for (unsigned i = 0; i < n; i++) {
            const struct m_grant *s = naive_writes(m, sides[i].grant, REACH_SECRETS),
                                 *p = naive_writes(m, sides[i].grant, REACH_PROVIDER);
            secret = secret && (sides[i].everything || (s && lists(&s->secrets, naive_names[k])));
            provider = provider && (!p || lists(&p->providers, naive_names[k]));
        }
        buf_printf(out, "%d%d", secret, provider);
    }
}

static void put_limits(const struct naive_link *link, const struct naive_side *sides, unsigned n,
                       const struct m_rule *const *requires, unsigned nrequires, struct buf *out)
{
    int lowest = naive_ceilings_level(link);
    for (unsigned l = 0; l < CORE_LIMIT_COUNT; l++) {
        uint64_t least = 0, v;
        bool set = false, best = true, b;
        for (unsigned i = 0; i < n; i++) {
            int level = sides[i].level < lowest ? sides[i].level : lowest;
            if (!naive_limit(link->m, sides[i].grant, level, (enum core_limit)l, &v, &b))
                continue;
            least = !set || v < least ? v : least;
            best = best && b;
            set = true;
        }
        for (unsigned i = 0; i < nrequires; i++) {
            const struct m_grant *g = requires[i] -> require ? requires[i] -> require -> within
                                                             : NULL;
            if (!g || !(g->limits.limits.set >> l & 1))
                continue;
            v = g->limits.limits.value[l];
            least = !set || v < least ? v : least;
            best = false;
            set = true;
        }
        naive_ceilings_limit(link, (enum core_limit)l, &set, &least, &best);
        if (set)
            buf_printf(out, " %u:%llu%s", l, (unsigned long long)least, best ? "!" : "");
    }
}

/* The sides that cut by one key: all links, and the requires that write it. */
static unsigned cutting(const struct naive_side *sides, unsigned n,
                        const struct m_rule *const *requires, unsigned nrequires,
                        enum policy_reach key, struct naive_side *out)
{
    memcpy(out, sides, n * sizeof *out);
    for (unsigned i = 0; i < nrequires; i++) {
        const struct m_grant *g = requires[i] -> require ? requires[i] -> require -> within : NULL;
        if (g && g->wrote >> key & 1)
            out[n++] = (struct naive_side){.grant = g, .req = sides[0].req};
    }
    return n;
}

void naive_put_grant(const struct naive_link *l, const struct naive_side *sides, unsigned nsides,
                     const struct m_rule *const *requires, unsigned nrequires, struct buf *out)
{
    const struct model *m = l->m;
    struct naive_side cut[NAIVE_SIDES];
    buf_z(out, " files ");
    put_files(m, cut, cutting(sides, nsides, requires, nrequires, REACH_FILESYSTEM, cut), out);
    buf_z(out, " network ");
    put_network(m, cut, cutting(sides, nsides, requires, nrequires, REACH_NETWORK, cut), out);
    buf_z(out, " environment ");
    put_environment(m, cut, cutting(sides, nsides, requires, nrequires, REACH_ENVIRONMENT, cut),
                    out);
    buf_z(out, " names ");
    put_names(m, sides, nsides, out);
    buf_z(out, " limits");
    put_limits(l, sides, nsides, requires, nrequires, out);
}
