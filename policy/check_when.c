/*
 * What must hold of conditions: named ones are there and do not use each other in circles,
 * attributes take on what their declarations say, groups and flags are declared, entities fit the
 * declared types. Called by check.c; after it a `use` node has the children of what it names.
 */
#include "policy/literal.h"
#include "policy/names.h"
#include "policy/parse.h"

/* How deep the nodes of one condition nest once its `use`s are expanded (the evaluator recurses
 * over them), and named conditions within each other. */
#define MAX_NESTING 200u
#define MAX_HEIGHT  16u
/* A path's root and keys, each followed by this. */
#define SEPARATOR '\0'

struct checker {
    struct model *m;
    struct policy_report *report;
    struct arena *arena;
    const struct policy_names *groups;
    struct policy_names conditions, declared; /* declared: by path_of */
    unsigned depth;                           /* of the named conditions being walked */
    uint32_t scope;                           /* of the file whose condition it is */
    uint64_t left;                            /* of POLICY_MAX_LOOKUPS */
};

/* ---- declarations ---- */

/* A path as one text, so that a.b and a["b"] are the same; its first `n` keys. */
static void put_path(struct buf *out, uint8_t root, const struct m_attribute *a, uint32_t n)
{
    buf_reset(out);
    buf_byte(out, (uint8_t)('a' + root));
    if (root == ROOT_BROKER)
        buf_byte(out, (uint8_t)('a' + a->builtin));
    for (uint32_t i = 0; i < n; i++) {
        buf_byte(out, SEPARATOR);
        buf_str(out, a->key[i]);
    }
}

static void told_twice(struct checker *c, const struct m_declared *a, const struct m_declared *b)
{
    char place[POLICY_PLACE];
    policy_report(c->report, P_DECLARATION, b->at, NULL, "the same attribute is declared %s",
                  policy_place(c->report, a->at, b->at, place));
}

/* Declarations of one path in two delegated files have nothing to do with each other; one that
 * every file sees comes first among them. */
static bool sees(const struct checker *c, uint32_t a, uint32_t b)
{
    uint32_t x = c->m->declared[c->declared.v[a].index].scope;
    uint32_t y = c->m->declared[c->declared.v[b].index].scope;
    return x == y || !x || !y;
}

static bool index_declared(struct checker *c)
{
    struct model *m = c->m;
    auto_buf struct buf path = {0};
    c->declared.v = arena_array(c->arena, m->ndeclared + 1, sizeof *c->declared.v);
    if (!c->declared.v)
        return false;
    for (uint32_t i = 0; i < m->ndeclared; i++) {
        const struct m_declared *d = &m->declared[i];
        put_path(&path, d->path->root, d->path, d->path->n);
        struct str copy = arena_str(c->arena, buf_view(&path));
        if (!copy.p)
            return false;
        c->declared.v[c->declared.n++] = (struct policy_name){copy, i};
    }
    policy_names_sort(&c->declared);
    for (uint32_t i = 1; i < c->declared.n; i++)
        if (str_eq(c->declared.v[i].name, c->declared.v[i - 1].name) && sees(c, i, i - 1))
            told_twice(c, &m->declared[c->declared.v[i - 1].index],
                       &m->declared[c->declared.v[i].index]);
    return !path.failed;
}

static const struct m_declared *find_declared(const struct checker *c, const struct buf *path)
{
    for (uint32_t i = policy_names_first(&c->declared, buf_view(path));
         i < c->declared.n && str_eq(c->declared.v[i].name, buf_view(path)); i++) {
        const struct m_declared *d = &c->m->declared[c->declared.v[i].index];
        if (!d->scope || d->scope == c->scope)
            return d;
    }
    return NULL;
}

/* ---- attributes ---- */

static void no_flag(struct checker *c, const struct m_attribute *a)
{
    struct policy_nearest near = policy_near(c->report, a->key[0]);
    for (uint32_t i = 0; i < c->m->ndeclared; i++)
        if (c->m->declared[i].path->root == ROOT_BROKER && m_sees(&c->m->declared[i], a->at))
            policy_offer(&near, c->m->declared[i].path->key[0]);
    char shown[POLICY_SHOWN], hint[POLICY_HINT];
    const char *found = policy_hint(&near, hint);
    policy_report(c->report, P_NO_FLAG, a->at, found ? found : "declare it under `attributes`",
                  "flag `%s` is not declared", policy_shown(a->key[0], shown));
}

static bool is_built_in(const struct m_attribute *a)
{
    switch (a->root) {
    case ROOT_SUBJECT:
    case ROOT_RESOURCE:
        return a->builtin != BUILTIN_NONE;
    case ROOT_BROKER:
        return a->builtin != POLICY_INPUT_FLAGS;
    default:
        return a->root != ROOT_CONTEXT;
    }
}

/* A flag that a delegated file declares is its own: NAMESPACE/NAME, which no other file reads. */
static void own_flag(struct checker *c, const struct m_declared *d, struct m_attribute *a)
{
    auto_buf struct buf full = {0};
    if (!d->scope || a->root != ROOT_BROKER)
        return;
    buf_str(&full, c->m->scopes[d->scope - 1].name);
    buf_byte(&full, '/');
    buf_str(&full, a->key[0]);
    struct str name = arena_str(c->arena, buf_view(&full));
    if (full.failed || !name.p)
        policy_report_memory(c->report);
    else
        a->key[0] = name;
}

/* The declaration of the path itself gives type and default; that of its first key says where it
 * comes from, with all that is below. */
static void resolve_attribute(struct checker *c, struct m_attribute *a)
{
    auto_buf struct buf path = {0};
    a->known = is_built_in(a);
    for (uint32_t n = a->known ? 0 : a->n; n > 0; n--) {
        put_path(&path, a->root, a, n);
        const struct m_declared *d = find_declared(c, &path);
        if (!d)
            continue;
        a->known = true;
        if (n == 1) {
            a->from = d->from;
            a->from_said = d->has_from;
        }
        a->below |=
            n < a->n && d->type.type != TYPE_COUNT && (d->type.list || d->type.type != TYPE_MAP);
        if (n == a->n) {
            a->type = d->type;
            a->fallback = d->fallback;
            own_flag(c, d, a);
        }
    }
    if (path.failed)
        policy_report_memory(c->report);
    if (!a->known && a->root == ROOT_BROKER)
        no_flag(c, a);
}

static void resolve_groups(struct checker *c, struct m_condition *k)
{
    for (uint32_t i = 0; i < k->groups.n; i++) {
        struct m_subject *s = &k->groups.v[i];
        char shown[POLICY_SHOWN], hint[POLICY_HINT];
        s->group = policy_names_find(c->groups, s->text);
        if (s->group != POLICY_NONE)
            c->m->groups[s->group].used = true;
        else
            policy_report(c->report, P_NO_GROUP, s->at,
                          policy_names_hint(c->groups, c->report, s->text, hint),
                          "group `%s` is not declared", policy_shown(s->text, shown));
    }
}

/* ---- conditions ---- */

enum { UNSEEN, OPEN, DONE };

static struct m_extent walk(struct checker *c, struct m_condition *k);

static void walk_named(struct checker *c, struct m_named *n)
{
    uint32_t scope = c->scope;
    n->state = OPEN;
    c->scope = n->scope;
    c->depth++;
    n->extent = n->condition ? walk(c, n->condition) : (struct m_extent){0};
    n->extent.height++;
    c->depth--;
    c->scope = scope;
    n->state = DONE;
}

/* The children of a named condition become this node's own; a condition in the making is a circle.
 * What is found does not depend on where the walk begins: a condition knows how high it stands. */
static struct m_extent resolve_use(struct checker *c, struct m_condition *k)
{
    static const struct m_extent none = {.nodes = 1, .nesting = 1};
    char shown[POLICY_SHOWN], hint[POLICY_HINT];
    uint32_t i = policy_names_find(&c->conditions, k->use);
    struct m_named *n = i == UINT32_MAX ? NULL : &c->m->conditions[i];
    if (!n) {
        policy_report(c->report, P_NO_CONDITION, k->at,
                      policy_names_hint(&c->conditions, c->report, k->use, hint),
                      "condition `%s` is not declared", policy_shown(k->use, shown));
        return none;
    }
    n->used = true;
    if (n->state == OPEN) {
        policy_report(c->report, P_CONDITION_CYCLE, k->at, "leave one `use` out",
                      "condition `%s` uses itself", policy_shown(n->name, shown));
        return none;
    }
    if (n->state == UNSEEN && c->depth < MAX_HEIGHT)
        walk_named(c, n);
    if (n->extent.height >= MAX_HEIGHT || n->state == UNSEEN) {
        policy_report(c->report, P_BOUND, k->at, NULL,
                      "named conditions use each other more than %u deep", MAX_HEIGHT);
        return none;
    }
    k->first = n->condition ? n->condition->first : NULL;
    return n->extent;
}

static uint32_t larger(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

static void check_absent(struct checker *c, const struct m_condition *k)
{
    char shown[POLICY_SHOWN];
    const struct m_attribute *a = k->attribute;
    if (k->op == OP_ABSENT && a && !a->known && a->root != ROOT_BROKER)
        policy_report(c->report, P_ABSENT_PATH, k->at, "declare it under `attributes`",
                      "`absent` of `%s`, which is not declared", policy_shown(a->text, shown));
}

static void check_label_texts(struct checker *c, const struct ynode *n)
{
    if (n->type == Y_TEXT)
        (void)policy_label(c->m, c->report, n->text, n->pos);
    for (const struct ynode *e = n->type == Y_LIST ? n->first : NULL; e; e = e->next)
        check_label_texts(c, e);
}

/* Tests of broker.labels, and of each of them, name labels that are declared. */
static void check_labels(struct checker *c, const struct m_condition *k)
{
    bool names = k->op == OP_EQ || k->op == OP_NE || k->op == OP_IN || k->op == OP_NOT_IN ||
                 k->op == OP_CONTAINS;
    if (names && k->operand)
        check_label_texts(c, k->operand);
    if (k->op == OP_SIZE)
        return;
    for (const struct m_condition *child = k->first; child; child = child->next)
        if (!child->attribute)
            check_labels(c, child);
}

static struct m_extent walk(struct checker *c, struct m_condition *k)
{
    if (k->use.n)
        return resolve_use(c, k);
    if (k->attribute)
        resolve_attribute(c, k->attribute);
    if (k->other)
        resolve_attribute(c, k->other);
    check_absent(c, k);
    if (k->attribute && k->attribute->root == ROOT_BROKER &&
        k->attribute->builtin == POLICY_INPUT_LABELS)
        check_labels(c, k);
    resolve_groups(c, k);
    struct m_extent all = {.nodes = 1};
    for (struct m_condition *child = k->first; child; child = child->next) {
        struct m_extent one = walk(c, child);
        all.nodes =
            all.nodes + one.nodes > POLICY_MAX_TESTS ? POLICY_MAX_TESTS + 1 : all.nodes + one.nodes;
        all.nesting = larger(all.nesting, one.nesting);
        all.height = larger(all.height, one.height);
    }
    all.nesting++;
    return all;
}

static bool check_extent(struct checker *c, struct m_extent extent, struct policy_pos at)
{
    bool within = extent.nodes <= POLICY_MAX_TESTS && extent.nesting <= MAX_NESTING;
    if (!within)
        policy_report(c->report, P_BOUND, at, "use fewer conditions, or split the rule",
                      "more than %u tests in one condition, or nested more than %u deep",
                      POLICY_MAX_TESTS, MAX_NESTING);
    return within;
}

static void check_when(struct checker *c, const struct m_rule *r)
{
    c->scope = r->scope;
    if (check_extent(c, walk(c, r->when), r->id_at))
        policy_check_literals(c->m, r, &c->left, c->report);
}

static bool check_conditions(struct checker *c)
{
    struct model *m = c->m;
    c->conditions.v = arena_array(c->arena, m->nconditions + 1, sizeof *c->conditions.v);
    if (!c->conditions.v)
        return false;
    for (uint32_t i = 0; i < m->nconditions; i++)
        c->conditions.v[c->conditions.n++] = (struct policy_name){m->conditions[i].name, i};
    policy_names_sort(&c->conditions);
    for (uint32_t i = 0; i < m->nconditions; i++) {
        if (m->conditions[i].state == UNSEEN)
            walk_named(c, &m->conditions[i]);
        (void)check_extent(c, m->conditions[i].extent, m->conditions[i].at);
    }
    for (uint32_t i = 0; i < m->nrules; i++)
        if (m->rules[i].when)
            check_when(c, &m->rules[i]);
    return true;
}

/* ---- entities ---- */

/* A property must fit what is declared of it as a subject's or as a resource's, where something
 * is. */
static void check_property(struct checker *c, struct buf *path, const struct m_attribute *at,
                           const struct ynode *value)
{
    const struct m_declared *d[2];
    put_path(path, ROOT_SUBJECT, at, at->n);
    d[0] = find_declared(c, path);
    put_path(path, ROOT_RESOURCE, at, at->n);
    d[1] = find_declared(c, path);
    const struct m_declared *told = NULL;
    for (unsigned i = 0; i < 2; i++) {
        if (!d[i] || d[i]->type.type == TYPE_COUNT)
            continue;
        if (parse_type_fits(d[i]->type, value))
            return;
        told = d[i];
    }
    char shown[POLICY_SHOWN], type[32], place[POLICY_PLACE];
    if (told)
        policy_report(c->report, P_DECLARED_TYPE, value->pos, NULL, "`%s` is declared as %s %s",
                      policy_shown(told->path->text, shown), parse_type_name(told->type, type),
                      policy_place(c->report, told->at, value->pos, place));
}

static void check_properties(struct checker *c, struct buf *path, struct m_attribute *at,
                             const struct ynode *map)
{
    uint32_t n = at->n++;
    for (const struct ynode *k = map->first; k && n < 16; k = k->next->next) {
        at->key[n] = k->text;
        check_property(c, path, at, k->next);
        if (k->next->type == Y_MAP)
            check_properties(c, path, at, k->next);
    }
    at->n = n;
}

static void check_entities(struct checker *c)
{
    struct str key[17];
    auto_buf struct buf path = {0};
    struct m_attribute at = {.key = key};
    for (uint32_t i = 0; i < c->m->nentities && c->declared.n; i++) {
        c->scope = c->m->entities[i].scope;
        check_properties(c, &path, &at, c->m->entities[i].properties);
    }
    if (path.failed)
        policy_report_memory(c->report);
}

void policy_check_conditions(struct model *m, const struct policy_names *groups,
                             struct arena *arena, struct policy_report *report)
{
    struct checker c = {
        .m = m, .report = report, .arena = arena, .groups = groups, .left = POLICY_MAX_LOOKUPS};
    if (!index_declared(&c) || !check_conditions(&c)) {
        policy_report_memory(report);
        return;
    }
    check_entities(&c);
}
