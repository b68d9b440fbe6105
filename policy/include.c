/*
 * A policy of several files: which there are, in which trust, and their way into one model. Files
 * of the root's trust become one tree (union.c); a delegated one is parsed by itself, under its
 * namespace, and its rules are held to its `may`. Called by compile.c; reads nothing itself.
 */
#include "policy/model.h"

#include "policy/bundle.h"
#include "policy/parse.h"

#define MAX_PATH    4096u
#define MAX_ENTRIES (2 * POLICY_MAX_FILES) /* of one list: some name a file again */
#define MAX_DEPTH   32u                    /* of files that include each other */

struct unit {
    struct str path; /* from the root file's folder */
    struct str text; /* as it was read */
    struct ynode *tree;
    const struct ynode *entry; /* of a delegated one, in the list that names it */
    struct parse_included how;
    bool open; /* includes the file at hand */
};

struct loader {
    const struct policy_source *source;
    struct parser p;
    struct unit *v;
    uint32_t n;
    size_t bytes;
    struct policy_text **texts;
    unsigned depth;
};

/* ---- paths ---- */

/* Append the segments of `path`; false when it leaves the folder. */
static bool walk_path(struct str path, struct buf *out)
{
    for (size_t at = 0; at <= path.n;) {
        const char *slash = memchr(path.p + at, '/', path.n - at);
        struct str seg = {path.p + at, slash ? (size_t)(slash - path.p) - at : path.n - at};
        at += seg.n + 1;
        if (!seg.n || str_is(seg, "."))
            continue;
        if (!str_is(seg, "..")) {
            if (out->len)
                buf_byte(out, '/');
            buf_str(out, seg);
            continue;
        }
        if (!out->len)
            return false;
        while (out->len && out->data[out->len - 1] != '/')
            out->len--;
        out->len -= out->len > 0;
    }
    return true;
}

static struct str folder_of(struct str path)
{
    while (path.n && path.p[path.n - 1] != '/')
        path.n--;
    return path;
}

static bool is_plain(struct str path)
{
    for (size_t i = 0; i < path.n; i++)
        if ((uint8_t)path.p[i] < 0x20 || path.p[i] == 0x7f)
            return false;
    return path.n && path.p[0] != '/' && path.p[path.n - 1] != '/' && str_is_utf8(path) &&
           !policy_has_template(path);
}

/* Where an included file is, seen from the root file's folder; p NULL when reported. */
static struct str locate(struct loader *l, const struct unit *from, const struct parse_included *i)
{
    auto_buf struct buf path = {0};
    char shown[POLICY_SHOWN];
    bool within = is_plain(i->file) && walk_path(folder_of(from->path), &path) &&
                  walk_path(i->file, &path) && path.len <= MAX_PATH;
    struct str found = path.failed ? (struct str){NULL, 0} : arena_str(l->p.arena, buf_view(&path));
    if (!found.p) {
        policy_report_memory(l->p.report);
        return found;
    }
    if (within && found.n)
        return found;
    policy_report(l->p.report, P_INCLUDE, i->at,
                  "write its path from this file, below the root file's folder",
                  "`%s` is no file that can be included", policy_shown(i->file, shown));
    return (struct str){NULL, 0};
}

static struct unit *find(const struct loader *l, struct str path)
{
    for (uint32_t i = 0; i < l->n; i++)
        if (str_eq(l->v[i].path, path))
            return &l->v[i];
    return NULL;
}

/* ---- reading ---- */

/* How findings name an included file: below the folder of the root file, as that was named. */
static const char *display_name(struct loader *l, struct str path)
{
    auto_buf struct buf name = {0};
    buf_str(&name, folder_of(str_of(l->source->file)));
    buf_str(&name, path);
    buf_byte(&name, '\0');
    struct str s = arena_str(l->p.arena, buf_view(&name));
    if (!name.failed && s.p)
        return s.p;
    policy_report_memory(l->p.report);
    return "";
}

static bool cannot(struct loader *l, struct policy_pos at, struct str path, const char *why)
{
    char shown[POLICY_SHOWN];
    policy_report(l->p.report, P_INCLUDE, at, NULL, "`%s` cannot be included: %s",
                  policy_shown(path, shown), why);
    return false;
}

static bool read_text(struct loader *l, struct policy_pos at, struct unit *u)
{
    auto_buf struct buf text = {.max = POLICY_MAX_BYTES - l->bytes + 1};
    struct reeve_error why = {0};
    auto_free char *path = str_dup(u->path);
    if (!l->source->read)
        return cannot(l, at, u->path, "this policy was given as a text, without a folder");
    if (!path) {
        policy_report_memory(l->p.report);
        return false;
    }
    if (l->source->read(l->source->arg, path, &text, &why) != 0)
        return cannot(l, at, u->path, why.message);
    if (text.len > POLICY_MAX_BYTES - l->bytes)
        return cannot(l, at, u->path, "all files together have more than 64 MiB");
    l->bytes += text.len;
    u->text = arena_str(l->p.arena, buf_view(&text));
    if (!u->text.p)
        policy_report_memory(l->p.report);
    return u->text.p != NULL;
}

/* A file that was not there yet; NULL when reported. Its number is its place. */
static struct unit *add(struct loader *l, struct str path, const struct parse_included *how,
                        const struct ynode *entry)
{
    struct policy_report *report = l->p.report;
    if (l->n == POLICY_MAX_FILES) {
        policy_report(report, P_BOUND, how->at, NULL, "more than %u files", POLICY_MAX_FILES);
        return NULL;
    }
    struct policy_text *text = arena_alloc(l->p.arena, sizeof *text);
    if (!text) {
        policy_report_memory(report);
        return NULL;
    }
    struct unit *u = &l->v[l->n];
    *u = (struct unit){.path = path, .how = *how, .entry = how->as.n ? entry : NULL};
    text->file = display_name(l, path);
    text->delegated = how->as.n > 0;
    l->texts[l->n - 1] = text;
    report->nmore = (uint16_t)l->n++;
    if (!read_text(l, how->at, u))
        return NULL; /* counted all the same: it is not tried again */
    text->text = u->text;
    report->reading = report->nmore;
    u->tree = policy_yaml_read(u->text, l->p.arena, report);
    report->reading = 0;
    return u->tree ? u : NULL;
}

/* ---- who includes whom ---- */

static bool same_value(const struct ynode *a, const struct ynode *b)
{
    return a && b ? policy_tree_same(a, b) : a == b;
}

static void again(struct loader *l, const struct unit *u, const struct parse_included *i)
{
    char shown[POLICY_SHOWN], place[POLICY_PLACE];
    if (u->open) {
        policy_report(l->p.report, P_INCLUDE_CYCLE, i->at, "leave one of them out",
                      "`%s` includes this file", policy_shown(u->path, shown));
    } else if (!str_eq(u->how.as, i->as) || !same_value(u->how.with, i->with) ||
               !same_value(u->how.may, i->may)) {
        policy_report(l->p.report, P_DEFINED_TWICE, i->at, "let `as`, `may` and `with` agree",
                      "`%s` is included in another way %s", policy_shown(u->path, shown),
                      policy_place(l->p.report, u->how.at, i->at, place));
    }
}

/* Rules of two files would have one name. */
static bool namespace_is_new(struct loader *l, const struct parse_included *i)
{
    char shown[POLICY_SHOWN], place[POLICY_PLACE];
    for (uint32_t k = 1; i->as.n && k < l->n; k++) {
        if (!str_eq(l->v[k].how.as, i->as))
            continue;
        policy_report(l->p.report, P_DEFINED_TWICE, i->as_at, "choose another name",
                      "`%s` is another file's name %s", policy_shown(i->as, shown),
                      policy_place(l->p.report, l->v[k].how.as_at, i->as_at, place));
        return false;
    }
    return true;
}

static void follow(struct loader *l, struct unit *u);

static void follow_entry(struct loader *l, const struct unit *from, struct ynode *entry)
{
    struct parse_included i;
    if (!parse_included(&l->p, entry, &i))
        return;
    struct str path = locate(l, from, &i);
    if (!path.p)
        return;
    struct unit *u = find(l, path);
    if (u) {
        again(l, u, &i);
        return;
    }
    u = namespace_is_new(l, &i) ? add(l, path, &i, entry) : NULL;
    if (u && !u->entry)
        follow(l, u);
}

static void follow(struct loader *l, struct unit *u)
{
    struct ynode *key = parse_key(u->tree, STR("include"));
    if (!key || key->refused || key->next->refused || !parse_is_list(&l->p, key->next, "`include`"))
        return;
    if (l->depth++ == MAX_DEPTH)
        policy_report(l->p.report, P_BOUND, key->pos, NULL,
                      "files include each other more than %u deep", MAX_DEPTH);
    if (key->next->count > MAX_ENTRIES) {
        policy_report(l->p.report, P_BOUND, key->pos, NULL, "more than %u entries", MAX_ENTRIES);
        return;
    }
    u->open = true;
    for (struct ynode *e = key->next->first; e && l->depth <= MAX_DEPTH; e = e->next)
        follow_entry(l, u, e);
    u->open = false;
    l->depth--;
}

/* ---- one model ---- */

/* The files of the root's trust as one tree, the root's. */
static void unite(struct loader *l)
{
    struct ynode *trees[POLICY_MAX_FILES];
    uint32_t n = 0;
    for (uint32_t i = 0; i < l->n; i++) {
        if (l->v[i].entry || !l->v[i].tree)
            continue;
        if (i > 0)
            parse_header(&l->p, l->v[i].tree);
        trees[n++] = l->v[i].tree;
    }
    if (n > 1)
        policy_union(trees, n, l->p.arena, l->p.report);
}

/* The arrays of a model that grow with each file. */
struct grown {
    size_t v, n, each;
};
#define GROWN(v, n)                                                                                \
    {                                                                                              \
        offsetof(struct model, v), offsetof(struct model, n), sizeof *((struct model *)0)->v       \
    }
static const struct grown grown[] = {
    GROWN(groups, ngroups),     GROWN(grants, ngrants),       GROWN(rules, nrules),
    GROWN(declared, ndeclared), GROWN(entities, nentities),   GROWN(conditions, nconditions),
    GROWN(entries, nentries),   GROWN(variables, nvariables), GROWN(budgets, nbudgets),
    GROWN(labels.v, labels.n),  GROWN(tests, ntests),
};

/* One array of all models' parts. Copies each once. */
static bool grow(struct model **models, uint32_t n, const struct grown *g, struct arena *arena)
{
    size_t total = 0;
    for (uint32_t i = 0; i < n; i++)
        total += *(uint32_t *)(void *)((char *)models[i] + g->n);
    char *all = arena_array(arena, total ? total : 1, g->each);
    if (!all || total > UINT32_MAX)
        return false;
    size_t at = 0;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t count = *(uint32_t *)(void *)((char *)models[i] + g->n);
        if (count)
            memcpy(all + at * g->each, *(char **)(void *)((char *)models[i] + g->v),
                   count * g->each);
        at += count;
    }
    *(char **)(void *)((char *)models[0] + g->v) = all;
    *(uint32_t *)(void *)((char *)models[0] + g->n) = (uint32_t)total;
    return true;
}

static bool join_models(struct loader *l, struct model **models, uint32_t n)
{
    bool good = true;
    for (size_t i = 0; i < BASE_COUNT(grown) && n > 1; i++)
        good = good && grow(models, n, &grown[i], l->p.arena);
    if (!good)
        policy_report_memory(l->p.report);
    if (models[0]->nrules > POLICY_MAX_RULES)
        policy_report(l->p.report, P_BOUND, (struct policy_pos){1, 1, 1, 0}, "split the policy",
                      "%u rules; at most %u are held", models[0]->nrules, POLICY_MAX_RULES);
    return good;
}

/* A delegated file's own model; its scope is the next of the root's. */
static struct model *parse_delegated(struct loader *l, struct model *root, const struct unit *u)
{
    struct m_scope *scope = &root->scopes[root->nscopes++];
    *scope = (struct m_scope){.name = u->how.as, .at = u->how.at};
    parse_may(&l->p, u->how.may, scope);
    struct parse_own own = {.name = u->how.as, .scope = root->nscopes, .outer = root};
    return policy_parse_own(u->tree, u->how.with, &own, l->p.arena, l->p.report);
}

static struct model *parse_all(struct loader *l)
{
    struct model *models[POLICY_MAX_FILES];
    uint32_t n = 1;
    struct model *root = models[0] = policy_parse(l->v[0].tree, l->p.arena, l->p.report);
    if (!root)
        return NULL;
    l->p.model = root;
    root->scopes = arena_array(l->p.arena, l->n, sizeof *root->scopes);
    root->trees = arena_array(l->p.arena, l->n, sizeof(struct ynode *));
    if (!root->scopes || !root->trees) {
        policy_report_memory(l->p.report);
        return NULL;
    }
    root->trees[root->ntrees++] = l->v[0].tree;
    for (uint32_t i = 1; i < l->n; i++) {
        if (!l->v[i].entry || !l->v[i].tree)
            continue;
        root->trees[root->ntrees++] = l->v[i].tree;
        models[n] = parse_delegated(l, root, &l->v[i]);
        n += models[n] != NULL;
    }
    return join_models(l, models, n) ? root : NULL;
}

/* ---- what the source is called ---- */

static int by_path(const void *a, const void *b)
{
    const struct unit *x = a, *y = b;
    return str_cmp(x->path, y->path);
}

/* The root file, then the others by path. */
static void put_bundle(const struct loader *l, struct buf *out)
{
    policy_bundle_begin(out);
    for (uint32_t i = 0; i < l->n; i++)
        policy_bundle_add(out, l->v[i].path, l->v[i].text);
}

static bool name_source(struct loader *l, struct model *m)
{
    auto_buf struct buf bundle = {.max = 2 * POLICY_MAX_BYTES};
    struct buf *kept = l->source->kept;
    struct str all = l->v[0].text;
    m->files = arena_array(l->p.arena, l->n, sizeof *m->files);
    if (!m->files)
        return false;
    for (uint32_t i = 0; i < l->n; i++) /* by number, before they are sorted */
        m->files[m->nfiles++] = l->v[i].path;
    if (l->n > 1) {
        qsort(l->v + 1, l->n - 1, sizeof *l->v, by_path);
        put_bundle(l, &bundle);
        all = buf_view(&bundle);
    }
    base_sha256(all.p, all.n, m->source_digest);
    if (kept)
        buf_str(kept, all);
    return !bundle.failed && !(kept && kept->failed);
}

struct model *policy_load(const struct policy_source *source, struct arena *arena,
                          struct policy_report *report)
{
    struct loader l = {.source = source, .p = {.arena = arena, .report = report}};
    l.v = arena_array(arena, POLICY_MAX_FILES, sizeof *l.v);
    l.texts = arena_array(arena, POLICY_MAX_FILES, sizeof(struct policy_text *));
    if (!l.v || !l.texts) {
        policy_report_memory(report);
        return NULL;
    }
    struct str file = str_of(source->file);
    size_t folder = folder_of(file).n;
    report->more = l.texts;
    l.v[0] = (struct unit){.path = {file.p + folder, file.n - folder}, .text = source->text};
    l.n = 1;
    l.bytes = source->text.n;
    l.v[0].tree = policy_yaml_read(source->text, arena, report);
    if (!l.v[0].tree || report->out_of_memory)
        return NULL;
    follow(&l, &l.v[0]);
    if (report->out_of_memory)
        return NULL;
    unite(&l);
    struct model *m = report->out_of_memory ? NULL : parse_all(&l);
    if (m && !name_source(&l, m))
        policy_report_memory(report);
    return report->out_of_memory ? NULL : m;
}
