/*
 * The language as a JSON Schema, for editors: walked from the top's shape, which names all others.
 * Each shape with a name becomes a definition; where one stands that has none it is written out.
 * Wherever the language takes a value, it takes `${NAME}` in its place.
 */
#include "policy/parse.h"

#include "core/json.h"

#define VARIABLE "[$][{][A-Za-z_][A-Za-z0-9_-]*[}]"

struct schema {
    struct json_out out;
    struct shape_list named;
};

static void put_text(struct schema *s, const char *key, const char *text)
{
    json_kv_str(&s->out, key, str_of(text));
}

static void put_shape(struct schema *s, const struct parse_shape *shape);

static void put_ref(struct schema *s, const char *name)
{
    auto_buf struct buf ref = {0};
    buf_printf(&ref, "#/$defs/%s", name);
    json_kv_str(&s->out, "$ref", buf_view(&ref));
}

/* ---- scalars ---- */

/* The whole text, or one that has something put in. */
static void put_pattern(struct schema *s, const struct buf *pattern)
{
    auto_buf struct buf whole = {0};
    buf_z(&whole, "^(?:");
    buf_str(&whole, buf_view(pattern));
    buf_z(&whole, ")$|[$][{]");
    s->out.b->failed |= pattern->failed || whole.failed;
    json_kv_str(&s->out, "pattern", buf_view(&whole));
}

static void put_string(struct schema *s, const char *pattern, int64_t min)
{
    put_text(s, "type", "string");
    if (min)
        json_kv_int(&s->out, "minLength", min);
    if (!pattern)
        return;
    auto_buf struct buf b = {0};
    buf_z(&b, pattern);
    put_pattern(s, &b);
}

static void put_units(struct schema *s, const struct parse_shape *shape)
{
    auto_buf struct buf b = {0};
    buf_z(&b, "(0|[1-9][0-9]*)(");
    for (size_t i = 0; i < shape->n; i++)
        buf_printf(&b, "%s%s", i ? "|" : "", shape->units[i].name);
    buf_byte(&b, ')');
    bool bare = shape->n == 1 && shape->units[0].name[0] == 0;
    if (bare) {
        json_key(&s->out, "type");
        json_open_array(&s->out);
        json_str(&s->out, STR("integer"));
        json_str(&s->out, STR("string"));
        json_close_array(&s->out);
        json_kv_int(&s->out, "minimum", 0);
    } else {
        put_text(s, "type", "string");
    }
    put_pattern(s, &b);
}

/* A scalar that is no text, or a variable that becomes one. */
static void open_or_variable(struct schema *s)
{
    json_key(&s->out, "anyOf");
    json_open_array(&s->out);
    json_open_object(&s->out);
    put_ref(s, "variable-use");
    json_close_object(&s->out);
    json_open_object(&s->out);
}

static void close_or_variable(struct schema *s)
{
    json_close_object(&s->out);
    json_close_array(&s->out);
}

static void put_number(struct schema *s, const struct parse_shape *shape, const char *type)
{
    open_or_variable(s);
    put_text(s, "type", type);
    if (shape->min)
        json_kv_int(&s->out, "minimum", shape->min);
    if (shape->max)
        json_kv_int(&s->out, "maximum", shape->max);
    close_or_variable(s);
}

static void put_words(struct schema *s, const struct parse_shape *shape)
{
    open_or_variable(s);
    json_key(&s->out, "enum");
    json_open_array(&s->out);
    for (size_t i = 0; i < shape->n; i++)
        if (shape->words[i])
            json_str(&s->out, str_of(shape->words[i]));
    json_close_array(&s->out);
    close_or_variable(s);
}

/* ---- lists and mappings ---- */

static void put_value(struct schema *s, const char *key, const struct parse_shape *shape,
                      const char *doc)
{
    json_key(&s->out, key);
    json_open_object(&s->out);
    if (doc)
        put_text(s, "description", doc);
    put_shape(s, shape);
    json_close_object(&s->out);
}

static void put_ends(struct schema *s, const struct parse_shape *shape, const char *min,
                     const char *max)
{
    if (shape->min)
        json_kv_int(&s->out, min, shape->min);
    if (shape->max)
        json_kv_int(&s->out, max, shape->max);
}

static void put_list(struct schema *s, const struct parse_shape *shape)
{
    put_text(s, "type", "array");
    put_value(s, "items", shape->of, NULL);
    put_ends(s, shape, "minItems", "maxItems");
}

/* Names of a map are no values: nothing is put into them. */
static void put_key_pattern(struct buf *b, const struct parse_shape *key)
{
    buf_printf(b, "^(?:%s)$", key->pattern);
}

static void put_map(struct schema *s, const struct parse_shape *shape)
{
    put_text(s, "type", "object");
    put_ends(s, shape, "minProperties", "maxProperties");
    if (shape->key->pattern) {
        auto_buf struct buf b = {0};
        put_key_pattern(&b, shape->key);
        json_key(&s->out, "propertyNames");
        json_open_object(&s->out);
        json_kv_str(&s->out, "pattern", buf_view(&b));
        json_close_object(&s->out);
    }
    put_value(s, "additionalProperties", shape->of, NULL);
}

static void put_required(struct schema *s, const struct parse_shape *shape)
{
    size_t n = 0;
    for (size_t i = 0; i < shape->n; i++) {
        if (!shape->fields[i].required || shape->partial)
            continue;
        if (n++ == 0) {
            json_key(&s->out, "required");
            json_open_array(&s->out);
        }
        json_str(&s->out, str_of(shape->fields[i].name));
    }
    if (n)
        json_close_array(&s->out);
}

static void put_required_with(struct schema *s, const struct parse_shape *shape, size_t word)
{
    size_t n = 0;
    for (size_t i = 0; i < shape->ncases; i++) {
        if (!((shape->cases[i].needs >> word) & 1u))
            continue;
        if (n++ == 0) {
            json_key(&s->out, "required");
            json_open_array(&s->out);
        }
        json_str(&s->out, str_of(shape->cases[i].key));
    }
    if (n)
        json_close_array(&s->out);
}

/* One word of the key that cases go by: what then is required, and what cannot stand. */
static void put_case(struct schema *s, const struct parse_shape *shape, const char *word, size_t at)
{
    json_open_object(&s->out);
    json_key(&s->out, "if");
    json_open_object(&s->out);
    json_key(&s->out, "properties");
    json_open_object(&s->out);
    json_key(&s->out, shape->by);
    json_open_object(&s->out);
    put_text(s, "const", word);
    json_close_object(&s->out);
    json_close_object(&s->out);
    json_close_object(&s->out);
    json_key(&s->out, "then");
    json_open_object(&s->out);
    put_required_with(s, shape, at);
    json_key(&s->out, "properties");
    json_open_object(&s->out);
    for (size_t i = 0; i < shape->ncases; i++)
        if (!((shape->cases[i].takes >> at) & 1u))
            json_kv_bool(&s->out, shape->cases[i].key, false);
    json_close_object(&s->out);
    json_close_object(&s->out);
    json_close_object(&s->out);
}

static void put_cases(struct schema *s, const struct parse_shape *shape)
{
    for (size_t i = 0; i < shape->n; i++) {
        const struct parse_field *f = &shape->fields[i];
        if (strcmp(f->name, shape->by) != 0)
            continue;
        json_key(&s->out, "allOf");
        json_open_array(&s->out);
        for (size_t k = 0; k < f->shape->n; k++)
            put_case(s, shape, f->shape->words[k], k);
        json_close_array(&s->out);
    }
}

static void put_keys(struct schema *s, const struct parse_shape *shape)
{
    put_text(s, "type", "object");
    put_ends(s, shape, "minProperties", "maxProperties");
    json_key(&s->out, "properties");
    json_open_object(&s->out);
    for (size_t i = 0; i < shape->n; i++) {
        const struct parse_field *f = &shape->fields[i];
        if (f->name && f->shape)
            put_value(s, f->name, f->shape, f->doc ? f->doc : f->shape->says);
    }
    json_close_object(&s->out);
    put_required(s, shape);
    if (shape->key && !shape->key->pattern) {
        put_value(s, "additionalProperties", shape->of, shape->key->says);
        return;
    }
    if (shape->key) {
        auto_buf struct buf b = {0};
        put_key_pattern(&b, shape->key);
        json_key(&s->out, "patternProperties");
        json_open_object(&s->out);
        put_value(s, b.failed ? "" : b.data, shape->of, shape->key->says);
        json_close_object(&s->out);
    }
    json_kv_bool(&s->out, "additionalProperties", false);
    if (shape->by)
        put_cases(s, shape);
}

static void put_either(struct schema *s, const struct parse_shape *shape)
{
    json_key(&s->out, "anyOf");
    json_open_array(&s->out);
    for (size_t i = 0; i < shape->n; i++) {
        json_open_object(&s->out);
        put_shape(s, shape->either[i]);
        json_close_object(&s->out);
    }
    json_close_array(&s->out);
}

static void put_body(struct schema *s, const struct parse_shape *shape)
{
    switch (shape->kind) {
    case SHAPE_ANY:
        return;
    case SHAPE_NULL:
        put_text(s, "type", "null");
        return;
    case SHAPE_TEXT:
        put_string(s, shape->pattern, shape->min);
        return;
    case SHAPE_NUMBER:
        put_number(s, shape, "number");
        return;
    case SHAPE_INT:
        put_number(s, shape, "integer");
        return;
    case SHAPE_BOOL:
        put_number(s, shape, "boolean");
        return;
    case SHAPE_WORDS:
        put_words(s, shape);
        return;
    case SHAPE_AMOUNT:
        put_units(s, shape);
        return;
    case SHAPE_LIST:
        put_list(s, shape);
        return;
    case SHAPE_MAP:
        put_map(s, shape);
        return;
    case SHAPE_KEYS:
        put_keys(s, shape);
        return;
    case SHAPE_EITHER:
        put_either(s, shape);
        return;
    }
}

static void put_shape(struct schema *s, const struct parse_shape *shape)
{
    if (shape->name) {
        shape_meet(&s->named, shape);
        put_ref(s, shape->name);
        return;
    }
    put_body(s, shape);
}

/* Definitions meet others, which follow. */
static void put_definitions(struct schema *s)
{
    json_key(&s->out, "$defs");
    json_open_object(&s->out);
    for (uint32_t i = 0; i < s->named.n; i++) {
        json_key(&s->out, s->named.v[i]->name);
        json_open_object(&s->out);
        if (s->named.v[i]->says)
            put_text(s, "description", s->named.v[i]->says);
        put_body(s, s->named.v[i]);
        json_close_object(&s->out);
    }
    json_key(&s->out, "variable-use");
    json_open_object(&s->out);
    put_text(s, "description", "the value of a variable, `${NAME}`");
    put_text(s, "type", "string");
    put_text(s, "pattern", "^" VARIABLE "$");
    json_close_object(&s->out);
    json_close_object(&s->out);
}

void policy_schema(struct buf *out)
{
    struct schema s = {.out = {.b = out}};
    json_open_object(&s.out);
    put_text(&s, "$schema", "https://json-schema.org/draft/2020-12/schema");
    put_text(&s, "title", "reeve: policy/v1");
    put_shape(&s, &shape_policy);
    put_definitions(&s);
    json_close_object(&s.out);
}
