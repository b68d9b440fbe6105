/* See schema_check.h. */
#include "schema_check.h"

#include "policy/parse.h"
#include "policy/value_regex.h"

#include "core/json.h"

#define MAX_PATTERNS 512u

static struct {
    struct json_text text;
    const struct json_node *defs, *root;
    struct value_regexes *regexes;
    const struct json_node *pattern[MAX_PATTERNS]; /* the node of each regex */
    uint32_t n;
} schema;
static const char *why; /* of the deepest thing that did not fit */
static struct policy_pos where;

static bool valid(const struct json_node *s, const struct ynode *v);

static bool no(const struct ynode *v, const char *keyword)
{
    if (!why || v->pos.line > where.line ||
        (v->pos.line == where.line && v->pos.column > where.column)) {
        why = keyword;
        where = v->pos;
    }
    return false;
}

static const struct json_node *first(const struct json_node *n)
{
    return json_first(&schema.text.doc, n);
}

static const struct json_node *next(const struct json_node *n)
{
    return json_next(&schema.text.doc, n);
}

static bool matches(const struct json_node *pattern, struct str text)
{
    for (uint32_t i = 0; i < schema.n; i++)
        if (schema.pattern[i] == pattern)
            return value_regex_matches(schema.regexes, i, value_scratch_of_thread(), text, NULL) ==
                   TRI_TRUE;
    fail_msg("a pattern was not compiled");
    return false;
}

/* ---- one keyword each ---- */

static bool is_type(struct str type, const struct ynode *v)
{
    static const struct {
        const char *word;
        uint32_t types;
    } rows[] = {
        {"string", 1u << Y_TEXT},     {"integer", 1u << Y_INT},
        {"boolean", 1u << Y_BOOL},    {"number", 1u << Y_INT | 1u << Y_DOUBLE},
        {"array", 1u << Y_LIST},      {"object", 1u << Y_MAP},
        {"null", ~0u << (Y_MAP + 1)},
    };
    for (size_t i = 0; i < BASE_COUNT(rows); i++)
        if (str_is(type, rows[i].word))
            return (rows[i].types >> v->type) & 1u;
    fail_msg("the schema has the type %.*s", (int)type.n, type.p);
    return false;
}

static bool k_type(const struct json_node *k, const struct json_node *s, const struct ynode *v)
{
    (void)s;
    if (k->type == JSON_STRING)
        return is_type(k->s, v);
    const struct json_node *c = first(k);
    for (uint32_t i = 0; i < k->count; i++, c = next(c))
        if (is_type(c->s, v))
            return true;
    return false;
}

static bool k_enum(const struct json_node *k, const struct json_node *s, const struct ynode *v)
{
    (void)s;
    const struct json_node *c = first(k);
    for (uint32_t i = 0; i < k->count; i++, c = next(c))
        if (v->type == Y_TEXT && str_eq(c->s, v->text))
            return true;
    return false;
}

static bool k_pattern(const struct json_node *k, const struct json_node *s, const struct ynode *v)
{
    (void)s;
    return v->type != Y_TEXT || matches(k, v->text);
}

static bool k_min_length(const struct json_node *k, const struct json_node *s,
                         const struct ynode *v)
{
    (void)s;
    return v->type != Y_TEXT || v->text.n >= (size_t)k->i;
}

static bool k_minimum(const struct json_node *k, const struct json_node *s, const struct ynode *v)
{
    (void)s;
    return v->type != Y_INT || v->i >= k->i;
}

static bool k_maximum(const struct json_node *k, const struct json_node *s, const struct ynode *v)
{
    (void)s;
    return v->type != Y_INT || v->i <= k->i;
}

static bool k_items(const struct json_node *k, const struct json_node *s, const struct ynode *v)
{
    (void)s;
    for (const struct ynode *c = v->type == Y_LIST ? v->first : NULL; c; c = c->next)
        if (!valid(k, c))
            return false;
    return true;
}

static bool k_min_items(const struct json_node *k, const struct json_node *s, const struct ynode *v)
{
    (void)s;
    return v->type != Y_LIST || v->count >= k->i;
}

static bool k_max_items(const struct json_node *k, const struct json_node *s, const struct ynode *v)
{
    (void)s;
    return v->type != Y_LIST || v->count <= k->i;
}

static bool k_min_keys(const struct json_node *k, const struct json_node *s, const struct ynode *v)
{
    (void)s;
    return v->type != Y_MAP || v->count >= k->i;
}

static bool k_max_keys(const struct json_node *k, const struct json_node *s, const struct ynode *v)
{
    (void)s;
    return v->type != Y_MAP || v->count <= k->i;
}

static bool k_required(const struct json_node *k, const struct json_node *s, const struct ynode *v)
{
    (void)s;
    const struct json_node *c = first(k);
    for (uint32_t i = 0; v->type == Y_MAP && i < k->count; i++, c = next(c))
        if (!parse_key(v, c->s))
            return false;
    return true;
}

static bool k_names(const struct json_node *k, const struct json_node *s, const struct ynode *v)
{
    (void)s;
    for (const struct ynode *c = v->type == Y_MAP ? v->first : NULL; c; c = c->next->next)
        if (!valid(k, c))
            return false;
    return true;
}

static bool by_pattern(const struct json_node *patterns, const struct ynode *key, bool *known)
{
    const struct json_node *c = patterns ? first(patterns) : NULL;
    for (uint32_t i = 0; c && i < patterns->count; i++) {
        if (matches(c, key->text)) {
            *known = true;
            if (!valid(next(c), key->next))
                return false;
        }
        c = next(next(c));
    }
    return true;
}

/* properties, patternProperties and what is left, which depend on each other. */
static bool k_others(const struct json_node *k, const struct json_node *s, const struct ynode *v)
{
    const struct json_node *keys = json_get(&schema.text.doc, s, "properties");
    const struct json_node *patterns = json_get(&schema.text.doc, s, "patternProperties");
    for (const struct ynode *c = v->type == Y_MAP ? v->first : NULL; c; c = c->next->next) {
        const struct json_node *of = json_get_str(&schema.text.doc, keys, c->text);
        bool known = of != NULL;
        if ((of && !valid(of, c->next)) || !by_pattern(patterns, c, &known))
            return false;
        if (!known && (k->type == JSON_FALSE ? !no(c, "unknown key") : !valid(k, c->next)))
            return false;
    }
    return true;
}

static bool k_any(const struct json_node *k, const struct json_node *s, const struct ynode *v)
{
    (void)s;
    const struct json_node *c = first(k);
    for (uint32_t i = 0; i < k->count; i++, c = next(c))
        if (valid(c, v))
            return true;
    return false;
}

static bool k_all(const struct json_node *k, const struct json_node *s, const struct ynode *v)
{
    (void)s;
    const struct json_node *c = first(k);
    for (uint32_t i = 0; i < k->count; i++, c = next(c))
        if (!valid(c, v))
            return false;
    return true;
}

static bool k_if(const struct json_node *k, const struct json_node *s, const struct ynode *v)
{
    return !valid(k, v) || valid(json_get(&schema.text.doc, s, "then"), v);
}

static bool k_const(const struct json_node *k, const struct json_node *s, const struct ynode *v)
{
    (void)s;
    if (k->type == JSON_FALSE || k->type == JSON_TRUE)
        return v->type == Y_BOOL && v->boolean == (k->type == JSON_TRUE);
    return v->type == Y_TEXT && str_eq(k->s, v->text);
}

/* Beside additionalProperties that keyword looks at them. */
static bool k_properties(const struct json_node *k, const struct json_node *s,
                         const struct ynode *v)
{
    if (json_get(&schema.text.doc, s, "additionalProperties"))
        return true;
    for (const struct ynode *c = v->type == Y_MAP ? v->first : NULL; c; c = c->next->next) {
        const struct json_node *of = json_get_str(&schema.text.doc, k, c->text);
        if (of && !valid(of, c->next))
            return false;
    }
    return true;
}

static bool k_ref(const struct json_node *k, const struct json_node *s, const struct ynode *v)
{
    (void)s;
    struct str name = {k->s.p + 8, k->s.n - 8}; /* behind "#/$defs/" */
    const struct json_node *of = json_get_str(&schema.text.doc, schema.defs, name);
    if (!of)
        fail_msg("the schema has no definition %.*s", (int)name.n, name.p);
    return valid(of, v);
}

static bool k_nothing(const struct json_node *k, const struct json_node *s, const struct ynode *v)
{
    (void)k;
    (void)s;
    (void)v;
    return true;
}

static const struct {
    const char *word;
    bool (*fn)(const struct json_node *k, const struct json_node *s, const struct ynode *v);
} keywords[] = {
    {"type", k_type},
    {"enum", k_enum},
    {"pattern", k_pattern},
    {"minLength", k_min_length},
    {"minimum", k_minimum},
    {"maximum", k_maximum},
    {"items", k_items},
    {"minItems", k_min_items},
    {"maxItems", k_max_items},
    {"minProperties", k_min_keys},
    {"maxProperties", k_max_keys},
    {"required", k_required},
    {"propertyNames", k_names},
    {"additionalProperties", k_others},
    {"anyOf", k_any},
    {"$ref", k_ref},
    {"allOf", k_all},
    {"if", k_if},
    {"then", k_nothing},
    {"const", k_const},
    {"properties", k_properties},
    {"patternProperties", k_nothing},
    {"description", k_nothing},
    {"title", k_nothing},
    {"$schema", k_nothing},
    {"$defs", k_nothing},
};

static bool valid(const struct json_node *s, const struct ynode *v)
{
    if (s->type == JSON_FALSE)
        return no(v, "false");
    assert_int_equal(s->type, JSON_OBJECT);
    const struct json_node *k = first(s);
    for (uint32_t i = 0; i < s->count; i++) {
        size_t row = 0;
        while (row < BASE_COUNT(keywords) && !str_is(k->s, keywords[row].word))
            row++;
        if (row == BASE_COUNT(keywords))
            fail_msg("the schema has the keyword %.*s", (int)k->s.n, k->s.p);
        if (!keywords[row].fn(next(k), s, v))
            return no(v, keywords[row].word);
        k = next(next(k));
    }
    return true;
}

/* ---- the schema, read once ---- */

static void read_patterns(void)
{
    static struct str text[MAX_PATTERNS];
    static char room[MAX_PATTERNS][512];
    const struct json_doc *d = &schema.text.doc;
    for (uint32_t i = 0; i + 1 < d->count; i++) {
        const struct json_node *n = &d->nodes[i], *pattern = NULL;
        if (n->type == JSON_STRING && str_is(n->s, "pattern") && n[1].type == JSON_STRING)
            pattern = &n[1];
        else if (n->type == JSON_STRING && str_is(n->s, "patternProperties"))
            pattern = first(&n[1]);
        if (!pattern)
            continue;
        assert_true(schema.n < MAX_PATTERNS);
        int length = snprintf(room[schema.n], sizeof room[0], "(?s).*(?:%.*s).*", (int)pattern->s.n,
                              pattern->s.p);
        assert_true(length > 0 && (size_t)length < sizeof room[0]);
        text[schema.n] = str_of(room[schema.n]);
        schema.pattern[schema.n++] = pattern;
    }
    struct reeve_error err = {0};
    if (value_regexes_new(text, schema.n, &schema.regexes, &err))
        fail_msg("a pattern of the schema: %s", err.message);
}

void schema_use(struct str text)
{
    struct reeve_error err = {0};
    if (json_text_parse(text, &schema.text, &err))
        fail_msg("the schema is no JSON: %s", err.message);
    schema.root = json_root(&schema.text.doc);
    schema.defs = json_get(&schema.text.doc, schema.root, "$defs");
    read_patterns();
}

static void read_schema(void)
{
    auto_buf struct buf text = {0};
    if (schema.root)
        return;
    policy_schema(&text);
    assert_false(text.failed);
    schema_use(buf_view(&text));
}

__attribute__((destructor)) static void free_schema(void)
{
    value_regexes_free(&schema.regexes);
    json_text_free(&schema.text);
}

static bool has_refused(const struct ynode *n)
{
    if (n->refused)
        return true;
    for (const struct ynode *c = n->type >= Y_LIST ? n->first : NULL; c; c = c->next)
        if (has_refused(c))
            return true;
    return false;
}

enum schema_verdict schema_check(struct str text, char reason[256])
{
    struct arena arena auto_arena;
    arena_init(&arena, (size_t)1 << 30);
    struct policy_report report = {.text = text, .file = "t.yaml"};
    read_schema();
    struct ynode *root = policy_yaml_read(text, &arena, &report);
    if (!root || report.errors || has_refused(root))
        return SCHEMA_CANNOT_SAY;
    why = NULL;
    bool fits = valid(schema.root, root);
    (void)snprintf(reason, 256, "%u:%u %s", where.line, where.column, why ? why : "");
    return fits ? SCHEMA_FITS : SCHEMA_REFUSES;
}
