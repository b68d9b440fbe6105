/*
 * Walking a parsed JSON document, and texts that bring their own storage. The reader itself is
 * json.c.
 */
#include "core/json.h"

/* Each value but the root follows one of these characters: as many nodes suffice for any text that
 * parses. */
static uint32_t nodes_needed(struct str text)
{
    uint32_t count = 1;
    for (size_t i = 0; i < text.n && count < JSON_MAX_NODES; i++)
        count += text.p[i] == ',' || text.p[i] == ':' || text.p[i] == '[' || text.p[i] == '{';
    return count;
}

int json_text_parse(struct str text, struct json_text *out, struct reeve_error *err)
{
    *out = (struct json_text){0};
    uint32_t cap = nodes_needed(text);
    out->bytes = malloc(text.n + 1);
    out->nodes = malloc(cap * sizeof *out->nodes);
    if (!out->bytes || !out->nodes) {
        json_text_free(out);
        return base_fail(err, REEVE_ENOMEM, "no memory for %zu bytes of JSON", text.n);
    }
    if (text.n)
        memcpy(out->bytes, text.p, text.n);
    int rc = json_parse(out->bytes, text.n, out->nodes, cap, &out->doc, err);
    if (rc)
        json_text_free(out);
    return rc;
}

int json_arena_parse(struct str text, struct arena *arena, struct json_doc *out,
                     struct reeve_error *err)
{
    uint32_t cap = nodes_needed(text);
    struct str bytes = arena_str(arena, text);
    struct json_node *nodes = arena_array(arena, cap, sizeof *nodes);
    *out = (struct json_doc){0};
    if (!bytes.p || !nodes)
        return base_fail(err, REEVE_ENOMEM, "no memory for %zu bytes of JSON", text.n);
    return json_parse((char *)(uintptr_t)bytes.p, text.n, nodes, cap, out, err);
}

void json_text_free(struct json_text *t)
{
    free(t->bytes);
    free(t->nodes);
    *t = (struct json_text){0};
}

const struct json_node *json_next(const struct json_doc *d, const struct json_node *n)
{
    return n->end < d->count ? &d->nodes[n->end] : NULL;
}

const struct json_node *json_first(const struct json_doc *d, const struct json_node *n)
{
    (void)d;
    bool container = n->type == JSON_ARRAY || n->type == JSON_OBJECT;
    return container && n->count ? n + 1 : NULL;
}

const struct json_node *json_get_str(const struct json_doc *d, const struct json_node *obj,
                                     struct str key)
{
    if (!obj || obj->type != JSON_OBJECT)
        return NULL;
    const struct json_node *member = obj + 1;
    for (uint32_t i = 0; i < obj->count; i++) {
        if (str_eq(member->s, key))
            return member + 1;
        member = &d->nodes[member[1].end];
    }
    return NULL;
}

const struct json_node *json_get(const struct json_doc *d, const struct json_node *obj,
                                 const char *key)
{
    return json_get_str(d, obj, str_of(key));
}

struct str json_string_or(const struct json_node *n, struct str otherwise)
{
    return n && n->type == JSON_STRING ? n->s : otherwise;
}
