/*
 * What a policy tells of the capabilities themselves and of what is written down: entries of
 * `capabilities`, the labels that there are, and `audit.mask`.
 */
#include "policy/parse.h"

#include "core/catalogue.h"

#define X(id, name) name,
static const char *const class_words[] = {CORE_CLASS_TABLE(X)};
#undef X
static const struct parse_shape shape_class = {SHAPE_WORDS_OF(class_words)};

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

static const struct parse_shape shape_argument_path = {
    .says = "a path of an argument, such as `args.token`",
    .kind = SHAPE_TEXT,
    .pattern = "args[.[].*"};
static const struct parse_shape shape_masks = {
    .kind = SHAPE_LIST, .of = &shape_argument_path, .max = POLICY_MAX_MASKS};

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
static const struct parse_shape shape_arg_type = {SHAPE_WORDS_OF(arg_words)};

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
}

bool parse_arg_normal(const struct m_arg *a, struct buf *out)
{
    const struct ynode *n = a->fallback;
    struct json_node value = {0};
    if (n->type == Y_TEXT) {
        value.type = JSON_STRING;
        value.s = n->text;
    } else if (n->type == Y_INT) {
        value.type = JSON_INT;
        value.i = n->i;
    } else if (n->type == Y_DOUBLE) {
        value.type = JSON_DOUBLE;
        value.d = n->d;
    } else if (n->type == Y_BOOL) {
        value.type = n->boolean ? JSON_TRUE : JSON_FALSE;
    } else {
        return false;
    }
    return a->type > CORE_ARG_ANY && core_arg_normal((enum core_arg_type)a->type, &value, out);
}

static bool default_fits(const struct m_arg *a)
{
    auto_buf struct buf ignored = {0};
    return parse_arg_normal(a, &ignored);
}

static bool is_arg_name(struct str s)
{
    bool good = s.n > 0 && s.n <= 64 && s.p[0] >= 'a' && s.p[0] <= 'z';
    for (size_t i = 0; good && i < s.n; i++)
        good =
            (s.p[i] >= 'a' && s.p[i] <= 'z') || (s.p[i] >= '0' && s.p[i] <= '9') || s.p[i] == '_';
    return good;
}

static const struct parse_field arg_fields[] = {
    {"type", arg_type, true, &shape_arg_type, "what it is"},
    {"optional", arg_optional, false, &shape_bool, "it may be left out"},
    {"default", arg_default, false, &shape_scalar,
     "what it is when it is left out, which it then may be"},
};
static const struct parse_shape shape_arg_map = {
    .name = "argument", SHAPE_FIELDS_OF(arg_fields), .says = "an argument of a capability"};
static const struct parse_shape shape_arg = {SHAPE_EITHER_OF(&shape_arg_type, &shape_arg_map)};
static const struct parse_shape shape_arg_name = {
    .says = "small letters, digits and `_`", .kind = SHAPE_TEXT, .pattern = "[a-z][a-z0-9_]{0,63}"};
static const struct parse_shape shape_args = {
    .kind = SHAPE_MAP, .key = &shape_arg_name, .of = &shape_arg, .max = CORE_MAX_ARGS};

static void parse_arg(struct parser *p, struct ynode *key, struct ynode *value, struct m_arg *out)
{
    char shown[POLICY_SHOWN];
    out->name = key->text;
    if (!is_arg_name(key->text))
        policy_report(p->report, P_NAME, key->pos, "small letters, digits and `_`, at most 64",
                      "`%s` is no argument's name", policy_shown(key->text, shown));
    if (value->type == Y_TEXT)
        arg_type(p, out, key, value);
    else
        parse_map(p, value, "an argument", arg_fields, BASE_COUNT(arg_fields), out);
    out->optional = out->optional || out->fallback; /* whatever `optional` behind it says */
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

static const struct parse_field entry_fields[] = {
    {"class", entry_class, false, &shape_class,
     "how dangerous it is; of one that ships it can be raised"},
    {"effects", entry_effects, false, &shape_effects,
     "what a rule can select it by; of one that ships they are added"},
    {"args", entry_args, false, &shape_args, "its arguments in the order of their positions"},
    {"mask", entry_mask, false, &shape_masks, "arguments that records do not show"},
    {"cost", entry_cost, false, &shape_bool, "its result says what it cost"},
    {"lower", entry_lower, false, &shape_text,
     "the reason for which class and effects may be lower than what ships"},
};
const struct parse_shape shape_capability_entry = {
    .name = "capability", SHAPE_FIELDS_OF(entry_fields), .says = "what is known of a capability"};

void parse_top_capabilities(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
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
            parse_map(p, k->next, "a capability", entry_fields, BASE_COUNT(entry_fields), e);
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

static const struct parse_field audit_fields[] = {
    {"mask", audit_mask, false, &shape_masks,
     "arguments of any capability whose values records replace by a keyed hash"},
};
const struct parse_shape shape_audit = {
    .name = "audit", SHAPE_FIELDS_OF(audit_fields), .says = "what records do not show"};

void parse_top_audit(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    (void)key;
    parse_map(p, value, "`audit`", audit_fields, BASE_COUNT(audit_fields), object);
}
