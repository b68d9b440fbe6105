/*
 * Variables: `vars` is read before all else, and each `${name}` in the tree becomes its value, as a
 * value and never as YAML text. Names with a dot are templates of grants and stay. Called by
 * parse.c with the whole tree.
 */
#include "policy/parse.h"

#include "policy/names.h"

/* Nodes that list variables may add to a tree, and bytes that a substituted text may have. */
#define MAX_ADDED (1u << 20) /* of all files of a policy together */
#define MAX_BYTES ((size_t)64 << 10)
#define MAX_NAME  64u
_Static_assert(POLICY_MAX_NODES + MAX_ADDED < 1u << 24, "every list can be counted");

struct expander {
    struct parser *p;
    struct policy_names names, outer; /* the file's own; those that a delegated file sees */
};

/* ---- reading `vars` ---- */

static bool is_name(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        if (!letter && (i == 0 || !((c >= '0' && c <= '9') || c == '-')))
            return false;
    }
    return s.n > 0 && s.n <= MAX_NAME;
}

static void variable_type(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    (void)key;
    parse_type(p, value, true, &((struct m_var *)object)->type);
}

static void variable_default(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    (void)key;
    (void)p;
    ((struct m_var *)object)->value = value;
}

static bool has_template(const struct ynode *n)
{
    if (n->type == Y_TEXT && policy_has_template(n->text))
        return true;
    for (const struct ynode *c = ynode_first(n); c; c = c->next)
        if (has_template(c))
            return true;
    return false;
}

static void check_value(struct parser *p, struct m_var *v)
{
    char shown[POLICY_SHOWN], type[32];
    if (!v->value || v->type.type == TYPE_COUNT)
        return;
    if (has_template(v->value))
        policy_report(p->report, P_VARIABLE, v->value->pos, "write the value out",
                      "the value of variable `%s` has a `${...}` of its own",
                      policy_shown(v->name, shown));
    else if (!parse_type_fits(v->type, v->value))
        policy_report(p->report, P_VARIABLE, v->value->pos, NULL,
                      "the value of variable `%s` is no %s", policy_shown(v->name, shown),
                      parse_type_name(v->type, type));
    else
        return;
    v->value = NULL;
    v->type.type = TYPE_COUNT; /* told: what uses it says no more */
}

static const struct parse_field variable_fields[] = {
    {"type", variable_type, true, &shape_variable_type, "its type"},
    {"default", variable_default, false, &shape_any, "its value where none is given"},
};
static const struct parse_shape shape_variable = {
    .name = "variable", SHAPE_FIELDS_OF(variable_fields), .says = "a variable"};
static const struct parse_shape shape_variable_name = {
    .says = "a letter or `_`, then letters, digits, `_` and `-`",
    .kind = SHAPE_TEXT,
    .pattern = "[A-Za-z_][A-Za-z0-9_-]{0,63}"};
const struct parse_shape shape_vars = {
    .kind = SHAPE_MAP, .key = &shape_variable_name, .of = &shape_variable};

static void read_variable(struct parser *p, struct ynode *key, const struct ynode *given)
{
    char shown[POLICY_SHOWN];
    struct model *m = p->model;
    if (key->refused)
        return;
    if (!is_name(key->text)) {
        policy_report(p->report, P_NAME, key->pos, "a letter, then letters, digits, `_` and `-`",
                      "`%s` is no name of a variable", policy_shown(key->text, shown));
        return;
    }
    struct m_var *v = &m->variables[m->nvariables++];
    *v = (struct m_var){.name = key->text, .type = {.type = TYPE_COUNT}, .at = key->pos};
    if (!key->next->refused)
        parse_map(p, key->next, "a variable", variable_fields, BASE_COUNT(variable_fields), v);
    const struct ynode *other = given ? parse_key(given, v->name) : NULL;
    if (other)
        v->value = other->next;
    check_value(p, v);
}

static void check_given(struct parser *p, const struct ynode *given,
                        const struct policy_names *names)
{
    char shown[POLICY_SHOWN], hint[POLICY_HINT];
    for (const struct ynode *k = given ? given->first : NULL; k; k = k->next->next)
        if (policy_names_find(names, k->text) == UINT32_MAX)
            policy_report(p->report, P_NO_VARIABLE, k->pos,
                          policy_names_hint(names, p->report, k->text, hint),
                          "there is no variable `%s`", policy_shown(k->text, shown));
}

static bool index_variables(struct parser *p, const struct model *m, struct policy_names *out)
{
    *out = (struct policy_names){parse_alloc(p, m->nvariables, sizeof *out->v), 0};
    for (uint32_t i = 0; out->v && i < m->nvariables; i++)
        out->v[out->n++] = (struct policy_name){m->variables[i].name, i};
    policy_names_sort(out);
    return out->v != NULL;
}

static void check_visible(struct expander *e)
{
    const struct model *m = e->p->model;
    char shown[POLICY_SHOWN];
    for (uint32_t i = 0; i < m->nvariables; i++)
        if (policy_names_find(&e->outer, m->variables[i].name) != UINT32_MAX)
            policy_report(e->p->report, P_DEFINED_TWICE, m->variables[i].at, "choose another name",
                          "variable `%s` is one that this file sees already",
                          policy_shown(m->variables[i].name, shown));
}

static bool read_variables(struct expander *e, struct ynode *vars, const struct ynode *given)
{
    struct model *m = e->p->model;
    if (vars && !parse_is_map(e->p, vars, "`vars`"))
        vars = NULL;
    m->variables = parse_alloc(e->p, vars ? vars->count : 0, sizeof *m->variables);
    if (!m->variables)
        return false;
    for (struct ynode *k = vars ? vars->first : NULL; k; k = k->next->next)
        read_variable(e->p, k, given);
    if (!index_variables(e->p, m, &e->names) ||
        (e->p->own && !index_variables(e->p, e->p->own->outer, &e->outer)))
        return false;
    check_visible(e);
    check_given(e->p, given, &e->names);
    return true;
}

/* ---- substitution ---- */

/* The next `${name}` of a text from `at` on: its place and name. Templates ("${a.b}") are passed
 * over. No further is looked for `}` than a name can be long: the text may be full of `${`. */
static bool next_variable(struct str s, size_t *at, struct str *name)
{
    for (; *at + 3 < s.n + 1 && *at + 1 < s.n; ++*at) {
        if (s.p[*at] != '$' || s.p[*at + 1] != '{')
            continue;
        size_t most = s.n - *at < MAX_NAME + 3 ? s.n - *at : MAX_NAME + 3;
        const char *end = memchr(s.p + *at, '}', most);
        if (!end)
            continue;
        *name = (struct str){s.p + *at + 2, (size_t)(end - s.p) - *at - 2};
        if (is_name(*name))
            return true;
    }
    return false;
}

/* The variable of a name that has a value, or NULL when reported. */
static struct m_var *find_variable(struct expander *e, const struct ynode *n, struct str name)
{
    char shown[POLICY_SHOWN], hint[POLICY_HINT];
    const struct model *m = e->p->model;
    uint32_t i = policy_names_find(&e->names, name);
    if (i == UINT32_MAX && e->p->own) {
        m = e->p->own->outer;
        i = policy_names_find(&e->outer, name);
    }
    struct m_var *v = i == UINT32_MAX ? NULL : &m->variables[i];
    if (v)
        v->used = true;
    if (v && v->value)
        return v;
    if (!v)
        policy_report(e->p->report, P_NO_VARIABLE, n->pos,
                      policy_names_hint(&e->names, e->p->report, name, hint),
                      "variable `%s` is not declared", policy_shown(name, shown));
    else if (v->type.type != TYPE_COUNT)
        policy_report(e->p->report, P_NO_VARIABLE, n->pos, "give it a `default`",
                      "variable `%s` has no value", policy_shown(name, shown));
    return NULL;
}

struct use {
    struct m_var *list; /* the one list variable of a text, or NULL */
    uint32_t variables;
    bool whole; /* the text is one variable and nothing else */
    bool lists; /* another list variable stands beside it */
};

static bool look_at(struct expander *e, struct ynode *n, struct use *u)
{
    struct str name;
    *u = (struct use){0};
    if (!n->text.n || !memchr(n->text.p, '$', n->text.n))
        return false;
    for (size_t at = 0; next_variable(n->text, &at, &name); at += name.n + 3) {
        struct m_var *v = find_variable(e, n, name);
        if (!v) {
            n->refused = n->template_ok = true;
            return false;
        }
        u->variables++;
        u->whole = name.n + 3 == n->text.n;
        if (!v->type.list)
            continue;
        u->lists |= u->list && u->list != v;
        u->list = v;
    }
    return u->variables > 0;
}

static void put_text(struct expander *e, struct ynode *n, const struct ynode *element)
{
    auto_buf struct buf out = {.max = MAX_BYTES};
    struct str s = n->text, name;
    size_t from = 0;
    for (size_t at = 0; next_variable(s, &at, &name); at = from) {
        const struct m_var *v = find_variable(e, n, name);
        buf_put(&out, s.p + from, at - from);
        buf_str(&out, v->type.list ? element->text : v->value->text);
        from = at + name.n + 3;
    }
    buf_put(&out, s.p + from, s.n - from);
    if (out.failed) {
        policy_report(e->p->report, P_BOUND, n->pos, NULL,
                      "with its variables this text is longer than 64 KiB");
        n->refused = n->template_ok = true;
        return;
    }
    n->text = arena_str(e->p->arena, buf_view(&out));
    n->quoted = true;
    n->type = Y_TEXT;
    if (!n->text.p)
        policy_report_memory(e->p->report);
}

static void put_value(struct expander *e, struct ynode *n, const struct use *u,
                      const struct ynode *element)
{
    struct str name;
    size_t at = 0;
    if (!u->whole || !next_variable(n->text, &at, &name)) {
        put_text(e, n, element);
        return;
    }
    const struct ynode *value = u->list ? element : find_variable(e, n, name)->value;
    n->type = value->type;
    n->text = value->text;
    n->quoted = value->quoted;
    n->boolean = value->boolean;
    if (value->type == Y_DOUBLE)
        n->d = value->d;
    else
        n->i = value->i;
}

/* Whether so many more nodes may be made: once not, never again, which is told once. */
static bool may_add(struct parser *p, struct ynode *n, uint32_t count)
{
    if (p->added <= MAX_ADDED && count <= MAX_ADDED - p->added) {
        p->added += count;
        return true;
    }
    if (p->added <= MAX_ADDED)
        policy_report(p->report, P_BOUND, n->pos, NULL, "list variables make too many elements");
    p->added = MAX_ADDED + 1;
    n->refused = n->template_ok = true;
    return false;
}

/* A text of a list becomes one element for each value of its list variable. Returns the last of
 * them; NULL when none is left. */
static struct ynode *spread(struct expander *e, struct ynode *list, struct ynode **link,
                            struct ynode *n, const struct use *u)
{
    const struct ynode *values = u->list->value;
    struct ynode *after = n->next, *last = NULL;
    if (!may_add(e->p, n, values->count))
        return n;
    list->count--;
    *link = after;
    for (const struct ynode *v = values->first; v; v = v->next) {
        struct ynode *copy = parse_alloc(e->p, 1, sizeof *copy);
        if (!copy)
            return last;
        *copy = *n;
        put_value(e, copy, u, v);
        copy->next = after;
        list->count++;
        *link = copy;
        link = &copy->next;
        last = copy;
    }
    return last;
}

static void refuse_list(struct expander *e, struct ynode *n, const struct use *u)
{
    char shown[POLICY_SHOWN];
    policy_report(e->p->report, P_VARIABLE, n->pos,
                  u->lists ? "write one list variable in a text" : "put it into a list",
                  "variable `%s` is a list, and stands for elements of a list only",
                  policy_shown(u->list->name, shown));
    n->refused = n->template_ok = true;
}

static void expand(struct expander *e, struct ynode *n);

static void expand_list(struct expander *e, struct ynode *list)
{
    struct ynode **link = &list->first;
    while (*link) {
        struct ynode *n = *link;
        struct use u;
        if (n->type == Y_TEXT && !n->refused && look_at(e, n, &u) && u.list && !u.lists) {
            struct ynode *last = spread(e, list, link, n, &u);
            link = last ? &last->next : link;
            continue;
        }
        expand(e, n);
        link = &n->next;
    }
}

/* Recursion is bounded by the depth of the policy's text. */
static void expand(struct expander *e, struct ynode *n)
{
    struct use u;
    if (n->type == Y_LIST) {
        expand_list(e, n);
    } else if (n->type == Y_MAP) {
        for (struct ynode *k = n->first; k; k = k->next->next)
            expand(e, k->next);
    } else if (n->type == Y_TEXT && !n->refused && look_at(e, n, &u)) {
        if (u.list)
            refuse_list(e, n, &u);
        else
            put_value(e, n, &u, NULL);
    }
}

void parse_variables(struct parser *p, struct ynode *root, const struct ynode *given)
{
    struct expander e = {.p = p};
    struct ynode *vars = parse_key(root, STR("vars"));
    if (!read_variables(&e, vars ? vars->next : NULL, given))
        return;
    for (struct ynode *k = root->first; k; k = k->next->next)
        if (k != vars)
            expand(&e, k->next);
}
