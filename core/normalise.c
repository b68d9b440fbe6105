/*
 * Arguments in the one form in which they are judged and handed on: by name, typed, absolute paths
 * without dots, URLs as RFC 3986 has them. Called by the broker before a decision; what a guest
 * wrote reaches neither policy nor executor in any other form.
 */
#include "core/catalogue.h"
#include "core/json_number.h"
#include "core/url.h"

/* Which value each of the schema's arguments has: one node, or for an argument that collects,
 * several in a row. */
struct binding {
    const struct json_node *first;
    uint32_t count; /* of nodes, when collected */
    bool collected;
};

struct normaliser {
    const struct core_capability *cap;
    const struct json_doc *doc;
    struct binding bound[CORE_MAX_ARGS];
    struct reeve_error *err;
};

static int misfit(const struct normaliser *z, const char *name, const char *what)
{
    return base_fail(z->err, REEVE_EFORMAT, "%s: argument \"%s\" %s", z->cap->id, name, what);
}

/* ---- types ---- */

static bool fits_number(const struct json_node *n)
{
    if (n->type == JSON_INT)
        return n->i >= -JSON_EXACT_INTEGER && n->i <= JSON_EXACT_INTEGER;
    return n->type == JSON_DOUBLE && !json_number_is_big(n->d);
}

static bool fits_integer(const struct json_node *n)
{
    const double most = (double)JSON_EXACT_INTEGER;
    if (n->type == JSON_DOUBLE)
        return n->d >= -most && n->d <= most && (double)(int64_t)n->d == n->d;
    return n->type == JSON_INT && fits_number(n);
}

static bool are_strings(const struct json_doc *d, const struct json_node *n, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (n->type != JSON_STRING)
            return false;
        n = d->nodes + n->end;
    }
    return true;
}

static bool fits_path(const struct json_node *n)
{
    return n->type == JSON_STRING && !memchr(n->s.p, 0, n->s.n);
}

static bool fits_url(const struct json_node *n)
{
    auto_buf struct buf ignored = {0};
    return n->type == JSON_STRING && core_url_normal(n->s, &ignored);
}

/* Those in use are letters and hyphens, of which RFC 9110 section 16.1 registers some forty. */
static bool fits_method(const struct json_node *n)
{
    bool good = n->type == JSON_STRING && n->s.n > 0 && n->s.n <= CORE_MAX_METHOD;
    for (size_t i = 0; good && i < n->s.n; i++) {
        char lower = (char)(n->s.p[i] | 0x20);
        good = (lower >= 'a' && lower <= 'z') || n->s.p[i] == '-';
    }
    return good;
}

static bool fits(const struct json_doc *d, enum core_arg_type type, const struct json_node *n)
{
    switch (type) {
    case CORE_ARG_STRING:
        return n->type == JSON_STRING;
    case CORE_ARG_URL:
        return fits_url(n);
    case CORE_ARG_METHOD:
        return fits_method(n);
    case CORE_ARG_PATH:
        return fits_path(n);
    case CORE_ARG_INTEGER:
        return fits_integer(n);
    case CORE_ARG_NUMBER:
        return fits_number(n);
    case CORE_ARG_BOOL:
        return n->type == JSON_TRUE || n->type == JSON_FALSE;
    case CORE_ARG_STRINGS:
        return n->type == JSON_ARRAY && are_strings(d, n + 1, n->count);
    case CORE_ARG_REST:
        return n->type == JSON_ARRAY;
    default:
        return true;
    }
}

static const char *expectation(enum core_arg_type type)
{
    static const char *const texts[] = {
        [CORE_ARG_ANY] = "may be anything",
        [CORE_ARG_STRING] = "must be a string",
        [CORE_ARG_INTEGER] = "must be an integer between -2^53 and 2^53",
        [CORE_ARG_NUMBER] = "must be a number; its integers lie between -2^53 and 2^53",
        [CORE_ARG_BOOL] = "must be true or false",
        [CORE_ARG_PATH] = "must be a path: a string without NUL",
        [CORE_ARG_URL] = "must be a URL: scheme://host:port/path, without user information",
        [CORE_ARG_METHOD] = "must be a method of HTTP: a word of letters",
        [CORE_ARG_STRINGS] = "must be a list of strings",
        [CORE_ARG_REST] = "must be a list",
    };
    return texts[type];
}

/* ---- binding values to names ---- */

static bool collects(const struct core_arg *arg)
{
    return arg->type == CORE_ARG_REST || arg->type == CORE_ARG_STRINGS;
}

/* Positions are those of the arguments that a caller may give. */
static uint32_t next_position(const struct core_capability *cap, uint32_t i)
{
    while (i < cap->nargs && cap->args[i].broker)
        i++;
    return i;
}

static bool is_last_position(const struct core_capability *cap, uint32_t i)
{
    return next_position(cap, i + 1) == cap->nargs;
}

static int bind_positional(struct normaliser *z, const struct json_node *list)
{
    const struct json_node *value = list + 1;
    uint32_t position = next_position(z->cap, 0);
    for (uint32_t i = 0; i < list->count; i++) {
        if (position == z->cap->nargs)
            return base_fail(z->err, REEVE_EFORMAT, "%s: %u arguments, at most %u are taken",
                             z->cap->id, list->count, i);
        const struct core_arg *arg = &z->cap->args[position];
        bool spread = collects(arg) && is_last_position(z->cap, position) &&
                      (arg->type == CORE_ARG_REST || value->type != JSON_ARRAY);
        z->bound[position] = (struct binding){value, list->count - i, spread};
        if (spread)
            return 0;
        value = z->doc->nodes + value->end;
        position = next_position(z->cap, position + 1);
    }
    return 0;
}

static uint32_t index_of(const struct core_capability *cap, struct str name)
{
    uint32_t i = 0;
    while (i < cap->nargs && !str_is(name, cap->args[i].name))
        i++;
    return i;
}

static const char *nearest_name(const struct core_capability *cap, struct str name)
{
    const char *nearest = NULL;
    /* Edits: more, or as many as there are letters, is no misspelling. */
    unsigned best = name.n < 3 ? (unsigned)name.n : 3;
    for (uint32_t i = 0; i < cap->nargs; i++) {
        unsigned distance = str_distance(name, str_of(cap->args[i].name), best);
        if (distance < best) {
            best = distance;
            nearest = cap->args[i].name;
        }
    }
    return nearest;
}

/* The name is the caller's: it is shown quoted, without control characters, and only its beginning.
 */
static int unknown_name(const struct normaliser *z, struct str name)
{
    enum { SHOWN = 40 };
    auto_buf struct buf quoted = {0};
    json_put_string(&quoted, (struct str){name.p, name.n < SHOWN ? name.n : SHOWN});
    const char *nearest = nearest_name(z->cap, name);
    return base_fail(z->err, REEVE_EFORMAT, "%s: no argument is called %s%s%s%s", z->cap->id,
                     buf_view(&quoted).p, nearest ? "; is \"" : "", nearest ? nearest : "",
                     nearest ? "\" meant?" : "");
}

static int bind_named(struct normaliser *z, const struct json_node *map)
{
    const struct json_node *key = map + 1;
    for (uint32_t i = 0; i < map->count; i++) {
        uint32_t index = index_of(z->cap, key->s);
        if (index == z->cap->nargs)
            return unknown_name(z, key->s);
        if (z->cap->args[index].broker)
            return misfit(z, z->cap->args[index].name, "is the broker's alone to give");
        z->bound[index] = (struct binding){.first = key + 1};
        key = z->doc->nodes + key[1].end;
    }
    return 0;
}

static bool has_only_names(const struct normaliser *z, const struct json_node *map)
{
    const struct json_node *key = map + 1;
    for (uint32_t i = 0; i < map->count; i++) {
        if (index_of(z->cap, key->s) == z->cap->nargs)
            return false;
        key = z->doc->nodes + key[1].end;
    }
    return map->count > 0;
}

/* Where an argument may be anything, a map in its place is it, unless it names the schema's
 * arguments. */
static bool is_named(const struct normaliser *z, const struct json_node *list)
{
    if (list->count != 1 || list[1].type != JSON_OBJECT)
        return false;
    uint32_t first = next_position(z->cap, 0);
    bool takes_map = first < z->cap->nargs && (z->cap->args[first].type == CORE_ARG_ANY ||
                                               z->cap->args[first].type == CORE_ARG_REST);
    return !takes_map || has_only_names(z, &list[1]);
}

static int bind(struct normaliser *z, const struct json_node *args)
{
    if (!args)
        return 0;
    if (args->type == JSON_OBJECT)
        return bind_named(z, args);
    if (args->type != JSON_ARRAY)
        return base_fail(z->err, REEVE_EFORMAT, "%s: arguments must be a list or an object",
                         z->cap->id);
    return is_named(z, args) ? bind_named(z, &args[1]) : bind_positional(z, args);
}

/* ---- checking and writing ---- */

static bool is_absent(const struct core_arg *arg, const struct binding *b)
{
    return !b->first || (!b->collected && b->first->type == JSON_NULL && !arg->required);
}

static int check(const struct normaliser *z, uint32_t i)
{
    const struct core_arg *arg = &z->cap->args[i];
    const struct binding *b = &z->bound[i];
    if (is_absent(arg, b))
        return arg->required && !arg->broker ? misfit(z, arg->name, "is missing") : 0;
    bool good = b->collected ? arg->type == CORE_ARG_REST || are_strings(z->doc, b->first, b->count)
                             : fits(z->doc, arg->type, b->first);
    return good ? 0 : misfit(z, arg->name, expectation(arg->type));
}

static void put_path(struct str path, struct buf *out)
{
    auto_buf struct buf normal = {0};
    bool changed = core_path_normal(path, &normal);
    out->failed = out->failed || normal.failed;
    json_put_string(out, changed ? buf_view(&normal) : path);
}

static void put_url(struct str url, struct buf *out)
{
    auto_buf struct buf normal = {0};
    (void)core_url_normal(url, &normal);
    out->failed = out->failed || normal.failed;
    json_put_string(out, buf_view(&normal));
}

static void put_method(struct str method, struct buf *out)
{
    char upper[CORE_MAX_METHOD];
    for (size_t i = 0; i < method.n; i++)
        upper[i] = (char)(method.p[i] == '-' ? '-' : method.p[i] & ~0x20);
    json_put_string(out, (struct str){upper, method.n});
}

static void put_collected(const struct normaliser *z, const struct binding *b, struct buf *out)
{
    const struct json_node *n = b->first;
    buf_byte(out, '[');
    for (uint32_t i = 0; i < b->count; i++) {
        if (i)
            buf_byte(out, ',');
        json_exact(z->doc, n, out);
        n = z->doc->nodes + n->end;
    }
    buf_byte(out, ']');
}

static void put_one(const struct json_doc *doc, enum core_arg_type type, const struct json_node *n,
                    struct buf *out)
{
    if (type == CORE_ARG_PATH)
        put_path(n->s, out);
    else if (type == CORE_ARG_URL)
        put_url(n->s, out);
    else if (type == CORE_ARG_METHOD)
        put_method(n->s, out);
    else
        json_exact(doc, n, out);
}

bool core_arg_normal(enum core_arg_type type, const struct json_node *scalar, struct buf *out)
{
    const struct json_doc none = {0};
    if (!fits(&none, type, scalar))
        return false;
    put_one(&none, type, scalar, out);
    return true;
}

static void put_value(const struct normaliser *z, uint32_t i, struct buf *out)
{
    const struct binding *b = &z->bound[i];
    const struct core_arg *arg = &z->cap->args[i];
    if (is_absent(arg, b))
        buf_z(out, arg->fallback);
    else if (b->collected)
        put_collected(z, b, out);
    else
        put_one(z->doc, arg->type, b->first, out);
}

/* The arguments that are there or have a default, sorted by name: names are ASCII, so byte order is
 * the canonical one. */
static uint32_t sort_present(const struct normaliser *z, uint32_t order[CORE_MAX_ARGS])
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < z->cap->nargs; i++) {
        if (is_absent(&z->cap->args[i], &z->bound[i]) && !z->cap->args[i].fallback)
            continue;
        uint32_t at = n++;
        for (; at > 0 && strcmp(z->cap->args[order[at - 1]].name, z->cap->args[i].name) > 0; at--)
            order[at] = order[at - 1];
        order[at] = i;
    }
    return n;
}

static void put_object(const struct normaliser *z, struct buf *out)
{
    uint32_t order[CORE_MAX_ARGS], n = sort_present(z, order);
    buf_byte(out, '{');
    for (uint32_t i = 0; i < n; i++) {
        if (i)
            buf_byte(out, ',');
        json_put_string(out, str_of(z->cap->args[order[i]].name));
        buf_byte(out, ':');
        put_value(z, order[i], out);
    }
    buf_byte(out, '}');
}

static int normalise(struct normaliser *z, const struct json_node *args, struct buf *out)
{
    int rc = bind(z, args);
    for (uint32_t i = 0; !rc && i < z->cap->nargs; i++)
        rc = check(z, i);
    if (!rc)
        put_object(z, out);
    return rc;
}

static void put_as_they_stand(const struct json_doc *doc, const struct json_node *args,
                              struct buf *out)
{
    if (args)
        json_exact(doc, args, out);
    else
        buf_z(out, "{}");
}

int core_normalise_args(const struct core_capability *cap, const struct json_doc *doc,
                        const struct json_node *args, struct buf *out, struct reeve_error *err)
{
    struct normaliser z = {.cap = cap, .doc = doc, .err = err};
    bool by_schema = cap && cap->has_schema;
    int rc = by_schema ? normalise(&z, args, out) : 0;
    if (rc || !by_schema)
        put_as_they_stand(doc, args, out);
    return out->failed ? base_fail(err, REEVE_ENOMEM, "no room for the arguments") : rc;
}
