/*
 * What a grant lets a run reach: files, network, environment, secrets, and the providers that may
 * carry it out. Called for the keys of a grant; what `use` brings is for check.c.
 */
#include "policy/parse.h"

#include "policy/endpoint.h"

static bool too_many(struct parser *p, const struct ynode *n, const char *what)
{
    if (n->count <= CORE_MAX_PATHS)
        return false;
    policy_report(p->report, P_BOUND, n->pos, "name what holds them",
                  "%s has %u entries; at most %u are held", what, n->count, CORE_MAX_PATHS);
    return true;
}

/* "${args.NAME}" as a whole; false: not that, or reported. */
static bool parse_template(struct parser *p, struct ynode *n, const struct m_attribute **out)
{
    struct str s = n->text, inner = {s.p + 2, s.n - 3};
    if (!str_starts(s, STR("${args")) || s.p[s.n - 1] != '}' || memchr(inner.p, '$', inner.n))
        return false; /* told by the walk over all texts */
    struct m_attribute *attribute;
    n->template_ok = true;
    if (!parse_argument(p, n, inner, &attribute))
        return false;
    *out = attribute;
    return true;
}

/* ---- files ---- */

#define SUBJECT_ID_TEMPLATE "/${subject.id}"

/* "/a/${subject.id}/b": the path without it, and where it goes. Any other template beside it is
 * told by the walk over all texts. */
static bool parse_with_subject(struct parser *p, struct ynode *n, struct m_path *out)
{
    struct str s = n->text, mark = STR(SUBJECT_ID_TEMPLATE);
    const char *at = memmem(s.p, s.n, mark.p, mark.n);
    size_t before = at ? (size_t)(at - s.p) : 0;
    struct str after = {s.p + before + mark.n, s.n - before - mark.n};
    if (!at || before == 0 || (after.n && after.p[0] != '/') || policy_has_template(after) ||
        policy_has_template((struct str){s.p, before}))
        return false;
    n->template_ok = true;
    struct ynode head = *n, whole = *n;
    auto_buf struct buf text = {0};
    buf_put(&text, s.p, before);
    buf_str(&text, after);
    head.text = (struct str){s.p, before};
    whole.text = arena_str(p->arena, buf_view(&text));
    if (!whole.text.p) {
        policy_report_memory(p->report);
        return false;
    }
    struct str folder;
    if (!parse_path(p, &head, &folder) || !parse_path(p, &whole, &out->path))
        return false;
    out->subject = (uint32_t)folder.n;
    return true;
}

static bool parse_entry(struct parser *p, struct ynode *n, bool args, struct m_path *out)
{
    struct str s = n->text;
    if (n->type == Y_TEXT && policy_has_template(s))
        return args && s.p[0] == '$' ? parse_template(p, n, &out->template)
                                     : parse_with_subject(p, n, out);
    return parse_path(p, n, &out->path);
}

static void parse_paths(struct parser *p, struct ynode *n, const char *what, struct m_paths *out)
{
    if (!parse_is_list(p, n, what) || too_many(p, n, what))
        return;
    *out = (struct m_paths){.v = parse_alloc(p, n->count, sizeof *out->v)};
    for (struct ynode *c = n->first; c && out->v; c = c->next)
        if (!c->refused && parse_entry(p, c, true, &out->v[out->n]))
            out->n++;
}

static void filesystem_read(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    (void)key;
    parse_paths(p, value, "`read`", &((struct m_grant *)object)->read);
}

static void filesystem_write(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    (void)key;
    parse_paths(p, value, "`write`", &((struct m_grant *)object)->write);
}

static void filesystem_execute(struct parser *p, void *object, struct ynode *key,
                               struct ynode *value)
{
    (void)key;
    parse_paths(p, value, "`execute`", &((struct m_grant *)object)->execute);
}

/* A pattern's folder, up to its first `*`, is a path like others. */
static bool parse_mask(struct parser *p, const struct ynode *n, struct str *out)
{
    struct ynode plain = *n;
    auto_buf struct buf text = {0};
    struct str ignored;
    for (size_t i = 0; i < n->text.n; i++)
        buf_byte(&text, n->text.p[i] == '*' ? '_' : (uint8_t)n->text.p[i]);
    plain.text = buf_view(&text);
    if (text.failed) {
        policy_report_memory(p->report);
        return false;
    }
    if (!parse_path_of(p, &plain, n->text, "write it from `/`: `/**/NAME` is one in any folder",
                       &ignored))
        return false;
    *out = n->text;
    if (ignored.n != n->text.n)
        policy_report(p->report, P_PATH, n->pos, "write it without `//`, `.` and a `/` at its end",
                      "a pattern stands in normal form");
    return ignored.n == n->text.n;
}

static void filesystem_hide(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    struct m_grant *g = object;
    (void)key;
    if (!parse_is_list(p, value, "`hide`") || too_many(p, value, "`hide`"))
        return;
    g->hide = (struct m_paths){.v = parse_alloc(p, value->count, sizeof *g->hide.v)};
    g->masks = (struct m_texts){.v = parse_alloc(p, value->count, sizeof *g->masks.v)};
    if (!g->hide.v || !g->masks.v)
        return;
    for (struct ynode *c = value->first; c; c = c->next) {
        bool star = c->type == Y_TEXT && memchr(c->text.p, '*', c->text.n);
        if (c->refused)
            continue;
        if (star && !policy_has_template(c->text))
            g->masks.n += parse_mask(p, c, &g->masks.v[g->masks.n]);
        else
            g->hide.n += parse_entry(p, c, false, &g->hide.v[g->hide.n]);
    }
}

static const struct parse_field filesystem_fields[] = {
    {"read", filesystem_read, false, &shape_paths, "folders and files that are shown, read-only"},
    {"hide", filesystem_hide, false, &shape_masks_of_paths,
     "what is not shown within the rest; may have `*` and `**`"},
    {"write", filesystem_write, false, &shape_paths,
     "those that can be changed, which includes reading"},
    {"execute", filesystem_execute, false, &shape_paths,
     "those that can be run although they can be written"},
};
const struct parse_shape shape_filesystem = {
    .name = "filesystem", SHAPE_FIELDS_OF(filesystem_fields), .says = "files, by absolute paths"};

void parse_grant_filesystem(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    (void)key;
    ((struct m_grant *)object)->wrote |= 1u << REACH_FILESYSTEM;
    parse_map(p, value, "`filesystem`", filesystem_fields, BASE_COUNT(filesystem_fields), object);
}

/* ---- network ---- */

static bool parse_endpoint(struct parser *p, struct ynode *n, struct m_endpoint *out)
{
    struct str text;
    if (n->type == Y_TEXT && policy_has_template(n->text))
        return parse_template(p, n, &out->template);
    if (!parse_text(p, n, "a network entry", 300, &text))
        return false;
    char shown[POLICY_SHOWN];
    struct core_endpoint e;
    const char *fault = policy_endpoint_read(text, &e);
    if (fault)
        policy_report(p->report, P_ENDPOINT, n->pos,
                      "write `host:443`, `*.example.com:443`, "
                      "`192.0.2.1:53`, `[2001:db8::1]:53` or `host:any`",
                      "`%s` %s", policy_shown(text, shown), fault);
    out->host = e.host;
    out->port = e.port;
    return !fault;
}

static const struct parse_shape shape_endpoint = {
    .says = "`host:443`, `*.example.com:443`, `[2001:db8::1]:53`, `host:any` or `${args.NAME}`",
    .kind = SHAPE_TEXT,
    .pattern = ".+:([0-9]{1,5}|any)"};
const struct parse_shape shape_network = {
    .kind = SHAPE_LIST, .of = &shape_endpoint, .max = CORE_MAX_PATHS};

void parse_grant_network(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    struct m_grant *g = object;
    (void)key;
    g->wrote |= 1u << REACH_NETWORK;
    if (!parse_is_list(p, value, "`network`") || too_many(p, value, "`network`"))
        return;
    g->nnetwork = 0;
    g->network = parse_alloc(p, value->count, sizeof *g->network);
    for (struct ynode *c = value->first; c && g->network; c = c->next)
        if (!c->refused && parse_endpoint(p, c, &g->network[g->nnetwork]))
            g->nnetwork++;
}

/* ---- environment ---- */

static bool is_variable_name(struct str s)
{
    bool good = s.n > 0 && !(s.p[0] >= '0' && s.p[0] <= '9');
    for (size_t i = 0; good && i < s.n; i++)
        good = (s.p[i] >= 'a' && s.p[i] <= 'z') || (s.p[i] >= 'A' && s.p[i] <= 'Z') ||
               (s.p[i] >= '0' && s.p[i] <= '9') || s.p[i] == '_';
    return good;
}

static bool parse_variable(struct parser *p, const struct ynode *n, struct m_variable *out)
{
    struct str text;
    if (!parse_text(p, n, "an environment entry", 4096, &text))
        return false;
    const char *equals = memchr(text.p, '=', text.n);
    size_t length = equals ? (size_t)(equals - text.p) : text.n;
    *out = (struct m_variable){.name = {text.p, length}, .set = equals != NULL, .at = n->pos};
    if (equals)
        out->value = (struct str){equals + 1, text.n - length - 1};
    char shown[POLICY_SHOWN];
    const struct core_steering *steers = out->set ? NULL : core_steering_find(out->name);
    policy_shown(out->name, shown);
    if (!is_variable_name(out->name))
        policy_report(p->report, P_ENVIRONMENT, n->pos, "write `NAME` or `NAME=value`",
                      "`%s` is no name of a variable", shown);
    else if (steers && !steers->warned)
        policy_report(p->report, P_ENVIRONMENT, n->pos, "write `NAME=value` to set it here",
                      "`%s` %s; no request may choose it", shown, steers->why);
    else
        return true;
    return false;
}

static const struct parse_shape shape_variable_entry = {
    .says = "`NAME` (from the request) or `NAME=value`",
    .kind = SHAPE_TEXT,
    .pattern = "[A-Za-z_][A-Za-z0-9_]*(=.*)?"};
const struct parse_shape shape_environment = {
    .kind = SHAPE_LIST, .of = &shape_variable_entry, .max = CORE_MAX_PATHS};

void parse_grant_environment(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    struct m_grant *g = object;
    (void)key;
    g->wrote |= 1u << REACH_ENVIRONMENT;
    if (!parse_is_list(p, value, "`environment`") || too_many(p, value, "`environment`"))
        return;
    g->nenvironment = 0;
    g->environment = parse_alloc(p, value->count, sizeof *g->environment);
    for (struct ynode *c = value->first; c && g->environment; c = c->next) {
        if (c->refused || !parse_variable(p, c, &g->environment[g->nenvironment]))
            continue;
        struct str name = g->environment[g->nenvironment].name;
        for (uint32_t i = 0; i < g->nenvironment; i++)
            if (str_eq(g->environment[i].name, name))
                policy_report(p->report, P_ENVIRONMENT, c->pos, "leave one of them out",
                              "a variable stands twice");
        g->nenvironment++;
    }
}

/* ---- secrets and providers ---- */

static void parse_name_list(struct parser *p, const struct ynode *n, const char *list,
                            const char *what, struct m_texts *out)
{
    if (!parse_is_list(p, n, list) || too_many(p, n, list))
        return;
    *out = (struct m_texts){.v = parse_alloc(p, n->count, sizeof *out->v)};
    for (const struct ynode *c = n->first; c && out->v; c = c->next)
        if (parse_name(p, c, what))
            out->v[out->n++] = c->text;
}

const struct parse_shape shape_secrets = {
    .kind = SHAPE_LIST, .of = &shape_name, .max = CORE_MAX_PATHS};
const struct parse_shape shape_provider = {
    .kind = SHAPE_LIST, .of = &shape_name, .min = 1, .max = CORE_MAX_PATHS};

void parse_grant_secrets(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    struct m_grant *g = object;
    (void)key;
    g->wrote |= 1u << REACH_SECRETS;
    parse_name_list(p, value, "`secrets`", "a secret", &g->secrets);
}

void parse_grant_provider(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    struct m_grant *g = object;
    (void)key;
    g->wrote |= 1u << REACH_PROVIDER;
    parse_name_list(p, value, "`provider`", "a provider", &g->providers);
    if (value->type == Y_LIST && value->count == 0)
        policy_report(p->report, P_EMPTY, value->pos, "leave it out if any will do",
                      "`provider` names none");
}
