/* See fields.h. */
#include "policy/fields.h"

enum { NEAR = 3 }; /* edits; more is no misspelling */

static int unknown_field(struct str key, const char *what, const struct field *fields, size_t n,
                         struct reeve_error *err)
{
    const char *nearest = NULL;
    unsigned best = NEAR;
    for (size_t i = 0; i < n; i++) {
        unsigned distance = str_distance(key, str_of(fields[i].name), best);
        if (distance < best) {
            best = distance;
            nearest = fields[i].name;
        }
    }
    return base_fail(err, REEVE_EINVAL, "%s has no field %.*s%s%s", what, FIELD_SHOWN(key),
                     nearest ? "; did you mean " : "", nearest ? nearest : "");
}

int fields_sort(const struct json_doc *doc, const struct json_node *object, const char *what,
                const struct field *fields, size_t n, const struct json_node **out,
                struct reeve_error *err)
{
    memset(out, 0, n * sizeof *out);
    if (!object || object->type != JSON_OBJECT)
        return base_fail(err, REEVE_EINVAL, "%s is a JSON object", what);
    const struct json_node *key = json_first(doc, object);
    for (uint32_t i = 0; i < object->count; i++) {
        const struct json_node *value = json_next(doc, key);
        size_t f = 0;
        while (f < n && !str_is(key->s, fields[f].name))
            f++;
        if (f == n)
            return unknown_field(key->s, what, fields, n, err);
        if (!(fields[f].types >> value->type & 1))
            return base_fail(err, REEVE_EINVAL, "the %s of %s has the wrong type", fields[f].name,
                             what);
        out[f] = value;
        key = json_next(doc, value);
    }
    return REEVE_OK;
}

int field_int(const struct json_node *n, const char *what, int64_t low, int64_t high, int64_t *out,
              struct reeve_error *err)
{
    if (n->type != JSON_INT || n->i < low || n->i > high)
        return base_fail(err, REEVE_EINVAL, "%s is a whole number from %lld to %lld", what,
                         (long long)low, (long long)high);
    *out = n->i;
    return REEVE_OK;
}

int field_texts(const struct json_doc *doc, const struct json_node *list, const char *what,
                struct arena *arena, const struct str **out, uint32_t *n, struct reeve_error *err)
{
    if (!list)
        return REEVE_OK;
    struct str *v = arena_array(arena, list->count ? list->count : 1, sizeof *v);
    const struct json_node *element = json_first(doc, list);
    if (!v)
        return base_fail(err, REEVE_ENOMEM, "out of memory");
    for (uint32_t i = 0; i < list->count; i++, element = json_next(doc, element)) {
        if (element->type != JSON_STRING)
            return base_fail(err, REEVE_EINVAL, "%s is a list of texts", what);
        v[i] = element->s;
    }
    *out = v;
    *n = list->count;
    return REEVE_OK;
}
