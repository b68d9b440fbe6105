/* See request.h. */
#include "policy/request.h"

#include <assert.h>

#include "policy/pattern.h"

#define IS_ENTITY (FIELD_IS(STRING) | FIELD_IS(OBJECT))

/* The fields of a request. What is not here is refused; `broker` never is here: what the broker
 * knows, no request can say. */
enum request_field {
    F_SUBJECT,
    F_CAPABILITY,
    F_ACTION,
    F_ARGS,
    F_RESOURCE,
    F_CONTEXT,
    F_LEVEL,
    F_CEILING,
    F_COUNT
};
static const struct field request_fields[F_COUNT] = {
    [F_SUBJECT] = {"subject", IS_ENTITY},
    [F_CAPABILITY] = {"capability", FIELD_IS(STRING)},
    [F_ACTION] = {"action", FIELD_IS(OBJECT)},
    [F_ARGS] = {"args", ~0u}, /* what does not fit is judged as it stands, and carried out never */
    [F_RESOURCE] = {"resource", IS_ENTITY},
    [F_CONTEXT] = {"context", FIELD_IS(OBJECT)},
    [F_LEVEL] = {"level", FIELD_IS(STRING)},
    [F_CEILING] = {"ceiling", FIELD_IS(OBJECT)},
};

const struct field *policy_request_fields(size_t *n)
{
    *n = F_COUNT;
    return request_fields;
}

/* What is carried while a request is read. */
struct reading {
    const struct policy_image *image;
    const struct json_doc *doc;
    struct arena *arena;
    struct policy_asked *out;
    struct reeve_error *err;
};

static int no_memory(struct reeve_error *err)
{
    return base_fail(err, REEVE_ENOMEM, "out of memory");
}

/* ---- subject, resource, context ---- */

/* {type, id, properties} as "type:id" and properties. */
static int read_parts(const struct json_doc *doc, const struct json_node *object, const char *what,
                      struct buf *text, struct policy_value *properties, struct reeve_error *err)
{
    enum { TYPE, ID, PROPERTIES, PARTS };
    static const struct field parts[PARTS] = {[TYPE] = {"type", FIELD_IS(STRING)},
                                              [ID] = {"id", FIELD_IS(STRING)},
                                              [PROPERTIES] = {"properties", FIELD_IS(OBJECT)}};
    const struct json_node *f[PARTS];
    int rc = fields_sort(doc, object, what, parts, PARTS, f, err);
    if (rc)
        return rc;
    struct str type = json_string_or(f[TYPE], STR(""));
    if (type.n && !memchr(type.p, ':', type.n)) {
        buf_str(text, type);
        buf_byte(text, ':');
        buf_str(text, json_string_or(f[ID], STR("")));
    }
    if (f[PROPERTIES])
        *properties = (struct policy_value){doc, f[PROPERTIES]};
    return text->failed ? no_memory(err) : REEVE_OK;
}

int policy_entity_read(const struct json_doc *doc, const struct json_node *node, const char *what,
                       struct arena *arena, struct str *text, struct policy_value *properties,
                       struct reeve_error *err)
{
    auto_buf struct buf both = {0};
    *text = json_string_or(node, STR(""));
    if (node && node->type == JSON_OBJECT) {
        int rc = read_parts(doc, node, what, &both, properties, err);
        if (rc)
            return rc;
        *text = buf_view(&both);
    }
    if (text->n > POLICY_MAX_ASKED || !policy_subject_valid(*text))
        return base_fail(err, REEVE_EINVAL,
                         "the %s must be type:id, for example agent:lab-1, of at most %u bytes",
                         what, POLICY_MAX_ASKED);
    *text = arena_str(arena, *text);
    return text->p ? REEVE_OK : no_memory(err);
}

static int read_entities(struct reading *r, const struct json_node *const f[])
{
    struct policy_request *q = &r->out->request;
    int rc = policy_entity_read(r->doc, f[F_SUBJECT], "subject", r->arena, &q->subject,
                                &q->subject_properties, r->err);
    if (!rc && f[F_RESOURCE])
        rc = policy_entity_read(r->doc, f[F_RESOURCE], "resource", r->arena, &q->resource,
                                &q->resource_properties, r->err);
    if (f[F_CONTEXT])
        q->context = (struct policy_value){r->doc, f[F_CONTEXT]};
    return rc;
}

/* ---- capability, level ---- */

/* {name, properties} of AuthZEN: the name is the capability's id, and nothing else of it is judged.
 */
static int read_action(struct reading *r, const struct json_node *action, struct str *name)
{
    enum { NAME, PROPERTIES, PARTS };
    static const struct field parts[PARTS] = {
        [NAME] = {"name", FIELD_IS(STRING)}, [PROPERTIES] = {"properties", FIELD_IS(OBJECT)}};
    const struct json_node *f[PARTS];
    int rc = fields_sort(r->doc, action, "an action", parts, PARTS, f, r->err);
    *name = rc ? STR("") : json_string_or(f[NAME], STR(""));
    return rc;
}

static int read_capability(struct reading *r, const struct json_node *const f[])
{
    struct str id = json_string_or(f[F_CAPABILITY], STR("")), name;
    if (f[F_ACTION]) {
        int rc = read_action(r, f[F_ACTION], &name);
        if (rc)
            return rc;
        if (f[F_CAPABILITY] && !str_eq(id, name))
            return base_fail(r->err, REEVE_EINVAL,
                             "the request's capability and its action's name differ");
        id = name;
    }
    if (!id.n || id.n > POLICY_MAX_ASKED || policy_has_control(id))
        return base_fail(r->err, REEVE_EINVAL, "the capability must be an id of 1 to %u bytes",
                         POLICY_MAX_ASKED);
    r->out->request.capability = arena_str(r->arena, id);
    r->out->request.entry = core_capability_find(id);
    return r->out->request.capability.p ? REEVE_OK : no_memory(r->err);
}

static int read_level(struct reading *r, const struct json_node *level)
{
    struct str name = json_string_or(level, STR(""));
    r->out->request.level = level ? core_level_of(name) : -1;
    if (level && r->out->request.level < 0)
        return base_fail(r->err, REEVE_EINVAL,
                         "there is no level %.*s; levels are pure, controlled, full",
                         FIELD_SHOWN(name));
    return REEVE_OK;
}

static int read_ceiling(struct reading *r, const struct json_node *ceiling)
{
    if (!ceiling)
        return REEVE_OK;
    r->out->request.ceiling = &r->out->ceiling;
    r->out->ceiling_as_text = (struct policy_value){r->doc, ceiling};
    return policy_ceiling_read(r->image, r->doc, ceiling, r->arena, &r->out->ceiling, r->err);
}

/* ---- arguments ---- */

/* Whether a program may have a digest at all is its schema's; a request never brings one. */
static const char *find_broker_arg(const struct policy_request *q, const struct json_doc *doc,
                                   const struct json_node *named)
{
    for (uint32_t i = 0; q->entry && i < q->entry->nargs; i++)
        if (q->entry->args[i].broker && json_get(doc, named, q->entry->args[i].name))
            return q->entry->args[i].name;
    bool program = str_starts(q->capability, STR("program."));
    return program && json_get(doc, named, "sha256") ? "sha256" : NULL;
}

static int refuse_broker_args(struct reading *r, const struct json_node *args)
{
    const struct json_node *named =
        args && args->type == JSON_ARRAY ? json_first(r->doc, args) : args;
    const char *name = find_broker_arg(&r->out->request, r->doc, named);
    return name ? base_fail(r->err, REEVE_EINVAL, "args.%s is the broker's to give; leave it out",
                            name)
                : REEVE_OK;
}

/* Arguments as text, kept and parsed. */
static int keep_args(struct policy_asked *out, struct str text, struct arena *arena,
                     struct reeve_error *err)
{
    if (text.n > POLICY_MAX_ARGS)
        return base_fail(err, REEVE_EINVAL, "the arguments are longer than %u bytes",
                         POLICY_MAX_ARGS);
    out->args_text = arena_str(arena, text);
    if (!out->args_text.p)
        return no_memory(err);
    out->request.args = &out->args;
    return json_arena_parse(text, arena, &out->args, err);
}

/* As rules of other files than the schema's see them beside their normal form. */
static int keep_passed(struct reading *r, const struct json_node *args)
{
    auto_buf struct buf text = {.max = (size_t)1 << 20};
    if (args)
        json_exact(r->doc, args, &text);
    else
        buf_z(&text, "{}");
    if (text.failed)
        return no_memory(r->err);
    if (text.len > POLICY_MAX_ARGS)
        return base_fail(r->err, REEVE_EINVAL, "the arguments are longer than %u bytes",
                         POLICY_MAX_ARGS);
    struct str kept = arena_str(r->arena, buf_view(&text));
    if (!kept.p)
        return no_memory(r->err);
    r->out->request.passed = &r->out->passed;
    return json_arena_parse(kept, r->arena, &r->out->passed, r->err);
}

static int read_args(struct reading *r, const struct json_node *args)
{
    static const struct json_node none = {.type = JSON_OBJECT, .end = 1};
    static const struct json_doc none_doc = {.nodes = &none, .count = 1};
    const struct policy_request *q = &r->out->request;
    const struct core_capability *schema = q->entry;
    auto_buf struct buf text = {.max = (size_t)1 << 20};
    int rc = refuse_broker_args(r, args);
    if (rc)
        return rc;
    bool delegated = false;
    if (!schema && policy_image_schema(r->image, q->subject, q->capability, r->arena, &schema,
                                       &delegated) != 0)
        return no_memory(r->err);
    r->out->fits = core_normalise_args(schema, args ? r->doc : &none_doc, args ? args : &none,
                                       &text, &r->out->why_not) == 0;
    if (r->out->fits && args && args->type != JSON_OBJECT && args->type != JSON_ARRAY)
        r->out->fits = base_fail(&r->out->why_not, REEVE_EFORMAT,
                                 "arguments must be a list or an object") == 0;
    if (text.failed)
        return no_memory(r->err);
    rc = delegated && schema && r->out->fits ? keep_passed(r, args) : REEVE_OK;
    return rc ? rc : keep_args(r->out, buf_view(&text), r->arena, r->err);
}

/* ---- the whole ---- */

int policy_request_read_with(const struct policy_image *image, const struct json_text *text,
                             const struct field *extra, size_t nextra,
                             const struct json_node **found, struct arena *arena,
                             struct policy_asked *out, struct reeve_error *err)
{
    struct field fields[F_COUNT + POLICY_MAX_EXTRA];
    const struct json_node *f[F_COUNT + POLICY_MAX_EXTRA];
    struct reading r = {image, &text->doc, arena, out, err};
    assert(nextra <= POLICY_MAX_EXTRA);
    memcpy(fields, request_fields, sizeof request_fields);
    if (nextra)
        memcpy(fields + F_COUNT, extra, nextra * sizeof *extra);
    memset(out, 0, sizeof *out);
    int rc = fields_sort(r.doc, json_root(r.doc), "a request", fields, F_COUNT + nextra, f, err);
    if (!rc)
        rc = read_entities(&r, f);
    if (!rc)
        rc = read_capability(&r, f);
    if (!rc)
        rc = read_level(&r, f[F_LEVEL]);
    if (!rc)
        rc = read_ceiling(&r, f[F_CEILING]);
    if (!rc)
        rc = read_args(&r, f[F_ARGS]);
    if (!rc && nextra)
        memcpy(found, f + F_COUNT, nextra * sizeof *found);
    return rc;
}

int policy_request_read(const struct policy_image *image, const struct json_text *text,
                        struct arena *arena, struct policy_asked *out, struct reeve_error *err)
{
    return policy_request_read_with(image, text, NULL, 0, NULL, arena, out, err);
}

/* ---- what the broker adds ---- */

static bool takes(const struct policy_request *q, const char *name)
{
    for (uint32_t i = 0; q->entry && i < q->entry->nargs; i++)
        if (strcmp(q->entry->args[i].name, name) == 0)
            return true;
    return false;
}

/* They fit, so that each has a name of the schema. */
static void put_args_but(const struct policy_asked *asked, const char *left_out, struct json_out *o)
{
    const struct core_capability *schema = asked->request.entry;
    for (uint32_t i = 0; i < schema->nargs; i++) {
        const char *name = schema->args[i].name;
        const struct json_node *value = json_get(&asked->args, json_root(&asked->args), name);
        auto_buf struct buf text = {.max = (size_t)1 << 20};
        if (!value || strcmp(name, left_out) == 0)
            continue;
        json_exact(&asked->args, value, &text);
        o->b->failed |= text.failed;
        json_key(o, name);
        json_raw(o, buf_view(&text));
    }
}

int policy_asked_program(struct policy_asked *asked, struct str path, struct str sha256,
                         struct arena *arena, struct reeve_error *err)
{
    auto_buf struct buf text = {.max = (size_t)1 << 20}, sorted = {.max = (size_t)1 << 20};
    auto_json struct json_text put = {0};
    struct json_out o = {.b = &text};
    const char *lacking = path.n && !takes(&asked->request, "path")       ? "path"
                          : sha256.n && !takes(&asked->request, "sha256") ? "sha256"
                                                                          : NULL;
    if (lacking)
        return base_fail(err, REEVE_EINVAL, "%.*s has no argument %s",
                         FIELD_SHOWN(asked->request.capability), lacking);
    if (!asked->fits || (!path.n && !sha256.n))
        return REEVE_OK;
    json_open_object(&o);
    put_args_but(asked, path.n ? "path" : "", &o);
    if (path.n)
        json_kv_str(&o, "path", path);
    if (sha256.n)
        json_kv_str(&o, "sha256", sha256);
    json_close_object(&o);
    if (text.failed)
        return no_memory(err);
    int rc = json_text_parse(buf_view(&text), &put, err);
    if (rc)
        return rc;
    json_exact(&put.doc, json_root(&put.doc), &sorted);
    return sorted.failed ? no_memory(err) : keep_args(asked, buf_view(&sorted), arena, err);
}
