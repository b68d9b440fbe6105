/* The safe capabilities that the owner answers itself: pure functions of their arguments, in the
 * named normal form. */
#include "broker/internal.h"

static int math_add(const struct json_doc *args, struct buf *value, struct reeve_error *err)
{
    const struct json_node *a = json_get(args, json_root(args), "a");
    const struct json_node *b = json_get(args, json_root(args), "b");
    int64_t sum;
    if (!a || !b || a->type != JSON_INT || b->type != JSON_INT)
        return base_fail(err, REEVE_EINVAL, "ccos.math.add takes two integers, a and b");
    if (__builtin_add_overflow(a->i, b->i, &sum))
        return base_fail(err, REEVE_EINVAL, "the sum does not fit into 64 bits");
    json_put_int(value, sum);
    return 0;
}

static int string_concat(const struct json_doc *args, struct buf *value, struct reeve_error *err)
{
    const struct json_node *parts = json_get(args, json_root(args), "parts");
    if (!parts || parts->type != JSON_ARRAY)
        return base_fail(err, REEVE_EINVAL, "ccos.string.concat takes strings");
    auto_buf struct buf joined = {.max = (size_t)1 << 20};
    const struct json_node *part = json_first(args, parts);
    for (uint32_t i = 0; i < parts->count; i++, part = json_next(args, part)) {
        if (part->type != JSON_STRING)
            return base_fail(err, REEVE_EINVAL, "part %u of ccos.string.concat is no string",
                             i + 1);
        buf_str(&joined, part->s);
    }
    json_put_string(value, buf_view(&joined));
    return 0;
}

static int echo(const struct json_doc *args, struct buf *value, struct reeve_error *err)
{
    const struct json_node *v = json_get(args, json_root(args), "value");
    if (!v)
        return base_fail(err, REEVE_EINVAL, "ccos.echo takes one value");
    json_exact(args, v, value);
    return 0;
}

static const struct {
    const char *capability;
    handler_fn *fn;
} handlers[] = {
    {"ccos.echo", echo},
    {"ccos.math.add", math_add},
    {"ccos.string.concat", string_concat},
};

handler_fn *handler_find(struct str capability)
{
    for (size_t i = 0; i < BASE_COUNT(handlers); i++)
        if (str_is(capability, handlers[i].capability))
            return handlers[i].fn;
    return NULL;
}
