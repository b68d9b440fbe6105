/*
 * What a policy tells of the capabilities themselves and of what is written down: entries of
 * `capabilities`, the labels that there are, and `audit.mask`.
 */
#include "policy/parse.h"

#include "core/catalogue.h"

#define X(id, name) name,
static const char *const class_words[] = {CORE_CLASS_TABLE(X)};
#undef X

static void entry_class(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    (void)key;
    ((struct m_entry *)object)->klass =
        parse_word(p, value, "`class`", class_words, BASE_COUNT(class_words));
}

static void entry_effects(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    (void)key;
    if (parse_names(p, value, "`effects`", "an effect", &((struct m_entry *)object)->effects) &&
        value->count == 0)
        policy_report(p->report, P_EMPTY, value->pos, NULL, "`effects` names nothing");
}

/* Paths of arguments, as conditions write them. */
static void parse_masks(struct parser *p, const struct ynode *n, struct m_masks *out)
{
    if (!parse_is_list(p, n, "`mask`"))
        return;
    if (n->count > POLICY_MAX_MASKS) {
        policy_report(p->report, P_BOUND, n->pos, "name what holds them",
                      "`mask` has %u entries; at most %u are held", n->count, POLICY_MAX_MASKS);
        return;
    }
    *out = (struct m_masks){.v = parse_alloc(p, n->count, sizeof *out->v)};
    for (const struct ynode *c = n->first; c && out->v; c = c->next) {
        struct str text;
        if (parse_text(p, c, "an argument path", 1024, &text) &&
            parse_argument(p, c, text, &out->v[out->n]))
            out->n++;
    }
}

static void entry_mask(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    (void)key;
    parse_masks(p, value, &((struct m_entry *)object)->mask);
}

static void entry_cost(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    (void)key;
    (void)parse_bool(p, value, "`cost`", &((struct m_entry *)object)->cost);
}

static void entry_lower(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    (void)key;
    (void)parse_text(p, value, "`lower`", 1024, &((struct m_entry *)object)->lower);
}

/* ---- argument schemas ---- */

#define X(id, name) name,
static const char *const arg_words[] = {CORE_ARG_TABLE(X)};
#undef X

static void arg_type(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    (void)key;
    ((struct m_arg *)object)->type =
        parse_word(p, value, "an argument's type", arg_words, BASE_COUNT(arg_words));
}

static void arg_optional(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    (void)key;
    (void)parse_bool(p, value, "`optional`", &((struct m_arg *)object)->optional);
}

static void arg_default(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    struct m_arg *a = object;
    (void)p;
    (void)key;
    a->fallback = value;
    a->optional = true;
}

/* A default is a scalar of the argument's own type. */
static bool default_fits(const struct m_arg *a)
{
    switch (a->type) {
    case CORE_ARG_STRING:
    case CORE_ARG_PATH:
    case CORE_ARG_URL:
    case CORE_ARG_METHOD:
        return a->fallback->type == Y_TEXT;
    case CORE_ARG_INTEGER:
        return a->fallback->type == Y_INT;
    case CORE_ARG_NUMBER:
        return a->fallback->type == Y_INT || a->fallback->type == Y_DOUBLE;
    case CORE_ARG_BOOL:
        return a->fallback->type == Y_BOOL;
    default:
        return false;
    }
}

static bool is_arg_name(struct str s)
{
    bool good = s.n > 0 && s.n <= 64 && s.p[0] >= 'a' && s.p[0] <= 'z';
    for (size_t i = 0; good && i < s.n; i++)
        good =
            (s.p[i] >= 'a' && s.p[i] <= 'z') || (s.p[i] >= '0' && s.p[i] <= '9') || s.p[i] == '_';
    return good;
}

static void parse_arg(struct parser *p, struct ynode *key, struct ynode *value, struct m_arg *out)
{
    static const struct parse_field fields[] = {{"type", arg_type, true},
                                                {"optional", arg_optional, false},
                                                {"default", arg_default, false}};
    char shown[POLICY_SHOWN];
    out->name = key->text;
    if (!is_arg_name(key->text))
        policy_report(p->report, P_NAME, key->pos, "small letters, digits and `_`, at most 64",
                      "`%s` is no argument's name", policy_shown(key->text, shown));
    if (value->type == Y_TEXT)
        arg_type(p, out, key, value);
    else
        parse_map(p, value, "an argument", fields, BASE_COUNT(fields), out);
    if (out->fallback && !out->fallback->refused && !default_fits(out))
        policy_report(p->report, P_TYPE, out->fallback->pos, NULL,
                      "no default that an argument of this type can have");
}

/* By position too: what may be left out is at the end, and what collects is last. */
static void check_order(struct parser *p, const struct ynode *map, const struct m_entry *e)
{
    const struct ynode *key = map->first;
    for (uint32_t i = 0; i < e->nargs; i++, key = key->next->next) {
        if (i > 0 && e->args[i - 1].optional && !e->args[i].optional)
            policy_report(p->report, P_MISPLACED, key->pos, "put it in front",
                          "a required argument behind an optional one");
        if (e->args[i].type == CORE_ARG_REST && i + 1 < e->nargs)
            policy_report(p->report, P_MISPLACED, key->pos, "put it last",
                          "only the last argument takes the rest");
    }
}

static void entry_args(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    struct m_entry *e = object;
    e->args_at = key->pos;
    if (!parse_is_map(p, value, "`args`"))
        return;
    if (value->count > CORE_MAX_ARGS) {
        policy_report(p->report, P_BOUND, value->pos, NULL, "%u arguments; at most %u are held",
                      value->count, CORE_MAX_ARGS);
        return;
    }
    e->args = parse_alloc(p, value->count, sizeof *e->args);
    for (struct ynode *k = value->first; k && e->args; k = k->next->next)
        if (!k->refused && !k->next->refused)
            parse_arg(p, k, k->next, &e->args[e->nargs++]);
    if (e->args && e->nargs == value->count)
        check_order(p, value, e);
}

void parse_top_capabilities(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    static const struct parse_field fields[] = {
        {"class", entry_class, false}, {"effects", entry_effects, false},
        {"args", entry_args, false},   {"mask", entry_mask, false},
        {"cost", entry_cost, false},   {"lower", entry_lower, false},
    };
    struct model *m = object;
    (void)key;
    if (!parse_is_map(p, value, "`capabilities`"))
        return;
    m->nentries = 0;
    m->entries = parse_alloc(p, value->count, sizeof *m->entries);
    for (struct ynode *k = value->first; k && m->entries; k = k->next->next) {
        struct m_entry *e = &m->entries[m->nentries];
        if (k->refused || !parse_capability(p, k, &e->id))
            continue;
        e->klass = -1;
        e->scope = parse_scope(p);
        if (!k->next->refused)
            parse_map(p, k->next, "a capability", fields, BASE_COUNT(fields), e);
        m->nentries++;
    }
}

void parse_top_labels(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    struct model *m = object;
    (void)key;
    (void)parse_names(p, value, "`labels`", "a label", &m->labels);
    for (uint32_t i = 0; i < m->labels.n; i++)
        m->labels.v[i].text = parse_own_id(p, m->labels.v[i].text);
}

static void audit_mask(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    (void)key;
    parse_masks(p, value, &((struct model *)object)->masks);
}

void parse_top_audit(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    static const struct parse_field fields[] = {{"mask", audit_mask, false}};
    (void)key;
    parse_map(p, value, "`audit`", fields, BASE_COUNT(fields), object);
}
