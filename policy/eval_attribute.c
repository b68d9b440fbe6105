/*
 * Where an attribute's value comes from: the request, what the policy knows of subject and
 * resource, the broker's inputs, a declared default; and whether it is of its declared type. A
 * request never says what the policy or the broker says.
 */
#include "policy/eval.h"
#include "policy/hash.h"

#include <math.h>

#define THERE(v)    ((struct eval_value){EVAL_THERE, (v)})
#define MISSING     ((struct eval_value){.state = EVAL_MISSING})
#define UNREACHABLE ((struct eval_value){.state = EVAL_UNREACHABLE})

static struct str key_at(const struct eval *e, const struct img_attribute *a, uint32_t i)
{
    return image_str(e->image, image_keys(e->image)[a->first + i]);
}

/* From `v` down by the keys from `i` on. */
static struct eval_value follow(const struct eval *e, const struct img_attribute *a, uint32_t i,
                                struct view v)
{
    for (; i < a->n; i++) {
        if (v.kind != VIEW_MAP)
            return UNREACHABLE;
        if (!view_get(e->image, &v, key_at(e, a, i), &v))
            return MISSING;
    }
    return THERE(v);
}

/* ---- args, context ---- */

static bool has_schema(const struct eval *e)
{
    return e->req->entry
               ? e->req->entry->has_schema
               : eval_has_schema(e->image, e->passed ? NULL : &e->subject, e->req->capability);
}

/* args.0: for capabilities without a schema, whose arguments stay as they were passed. */
static struct eval_value by_position(const struct eval *e, const struct img_attribute *a,
                                     const struct view *args)
{
    struct str key = key_at(e, a, 0);
    uint32_t position = 0;
    for (size_t i = 0; i < key.n; i++)
        position = 10 * position + (uint32_t)(key.p[i] - '0');
    if (args->kind != VIEW_LIST || has_schema(e))
        return UNREACHABLE;
    struct view_cursor cursor = view_begin(args);
    struct view element;
    while (view_next(e->image, &cursor, &element))
        if (cursor.seen == position + 1)
            return follow(e, a, 1, element);
    return MISSING;
}

static struct eval_value of_args(const struct eval *e, const struct img_attribute *a)
{
    const struct json_doc *doc = e->passed ? e->req->passed : e->req->args;
    const struct json_node *root = doc ? json_root(doc) : NULL;
    if (!root)
        return MISSING;
    struct view args = view_json(doc, root);
    return a->positions ? by_position(e, a, &args) : follow(e, a, 0, args);
}

static struct eval_value of_value(const struct eval *e, const struct img_attribute *a,
                                  const struct policy_value *value)
{
    return value->doc ? follow(e, a, 0, view_json(value->doc, value->node)) : MISSING;
}

/* ---- subject, resource ---- */

/* What a delegated file says of an entity only its own rules see: else it could make the root's
 * rules fit its subjects. */
static bool find_entity(const struct policy_image *image, struct str name, uint32_t scope,
                        struct view *out)
{
    uint32_t cell = hash_cell(hash_text(name), image_head(image)->entity_bits);
    const uint32_t *cells = image_entity_cells(image) + cell;
    for (uint32_t i = cells[0]; i < cells[1]; i++) {
        const struct img_entity *row = &image_entities(image)[i];
        if (!str_eq(image_str(image, row->name), name))
            continue;
        if (row->scope != POLICY_NONE && row->scope != scope)
            return false; /* no other file says anything of it */
        *out = view_literal(image, row->properties);
        return true;
    }
    return false;
}

/* Of "type:id", split at the first colon. */
static struct eval_value part_of(struct str name, enum policy_builtin part)
{
    const char *colon = name.n ? memchr(name.p, ':', name.n) : NULL;
    if (!colon)
        return MISSING;
    size_t n = (size_t)(colon - name.p);
    return THERE(view_text(part == BUILTIN_TYPE ? (struct str){name.p, n}
                                                : (struct str){colon + 1, name.n - n - 1}));
}

/* Key by key: where the policy knows a property, what the request says of it is not looked at. */
static struct eval_value of_named(const struct eval *e, const struct img_attribute *a,
                                  struct str name, const struct policy_value *properties)
{
    struct view known, value;
    if (a->builtin != BUILTIN_NONE)
        return part_of(name, (enum policy_builtin)a->builtin);
    if (a->from != FROM_REQUEST && name.n && find_entity(e->image, name, a->scope, &known) &&
        view_get(e->image, &known, key_at(e, a, 0), &value))
        return follow(e, a, 1, value);
    return a->from == FROM_ENTITIES ? MISSING : of_value(e, a, properties);
}

/* ---- broker ---- */

/* SHA-256 and not a faster hash: who chooses ids must not find out cheaply how to be first. */
uint32_t policy_bucket(struct str subject)
{
    uint8_t digest[BASE_SHA256];
    base_sha256(subject.p, subject.n, digest);
    return base_get_u32le(digest) % 100;
}

static struct eval_value input_value(const struct eval *e, const struct img_attribute *a)
{
    const struct reeve_inputs_view *in = e->inputs;
    switch (a->builtin) {
    case POLICY_INPUT_NOW:
        return THERE(((struct view){.kind = VIEW_TIME, .i = in->now_ns}));
    case POLICY_INPUT_PEER_UID:
        return THERE(view_number(in->peer_uid));
    case POLICY_INPUT_DEPTH:
        return THERE(view_number(in->depth));
    case POLICY_INPUT_CHILDREN:
        return THERE(view_number(in->children));
    case POLICY_INPUT_BUCKET:
        return THERE(view_number(in->bucket));
    case POLICY_INPUT_CHAIN:
        return THERE(view_subjects(in->chain, in->nchain));
    case POLICY_INPUT_LABELS:
        return THERE(view_labels(e->image, in->labels, in->nlabels, a->scope));
    case POLICY_INPUT_TOOL_DIGEST:
        return THERE(view_text(in->tool_digest));
    default:
        return of_value(e, a, &in->flags);
    }
}

static struct eval_value of_broker(const struct eval *e, const struct img_attribute *a)
{
    if (a->builtin == POLICY_INPUT_LEVEL)
        return THERE(view_text(str_of(core_level_name(e->level))));
    return e->inputs->known >> a->builtin & 1 ? input_value(e, a) : MISSING;
}

/* ---- all ---- */

static struct eval_value reach(const struct eval *e, const struct img_attribute *a)
{
    const struct policy_request *req = e->req;
    switch (a->root) {
    case ROOT_ARGS:
        return of_args(e, a);
    case ROOT_SUBJECT:
        return of_named(e, a, req->subject, &req->subject_properties);
    case ROOT_RESOURCE:
        return of_named(e, a, req->resource, &req->resource_properties);
    case ROOT_CONTEXT:
        return of_value(e, a, &req->context);
    case ROOT_BROKER:
        return of_broker(e, a);
    default:
        return THERE(view_text(req->capability)); /* action.name */
    }
}

static bool is_of_type(const struct view *v, uint8_t type)
{
    static const uint8_t kinds[TYPE_COUNT] = {[TYPE_STRING] = VIEW_TEXT,
                                              [TYPE_INT] = VIEW_NUMBER,
                                              [TYPE_NUMBER] = VIEW_NUMBER,
                                              [TYPE_BOOL] = VIEW_BOOL,
                                              [TYPE_MAP] = VIEW_MAP};
    return v->kind == kinds[type] && (type != TYPE_INT || v->integer || trunc(v->d) == v->d);
}

static bool fits(const struct eval *e, const struct img_attribute *a, const struct view *v)
{
    if (a->type == TYPE_COUNT)
        return true;
    if (!a->list)
        return is_of_type(v, a->type);
    if (v->kind != VIEW_LIST || v->count > POLICY_MAX_ELEMENTS)
        return false;
    struct view_cursor cursor = view_begin(v);
    struct view element;
    while (view_next(e->image, &cursor, &element))
        if (!is_of_type(&element, a->type))
            return false;
    return true;
}

static struct eval_value look_up(const struct eval *e, uint32_t attribute)
{
    const struct img_attribute *a = &image_attributes(e->image)[attribute];
    struct eval_value v = reach(e, a);
    if (v.state == EVAL_THERE && v.view.kind == VIEW_NONE)
        v.state = EVAL_MISSING;
    if (v.state == EVAL_MISSING && a->fallback != POLICY_NONE)
        v = THERE(view_literal(e->image, a->fallback));
    if (v.state == EVAL_THERE && !fits(e, a, &v.view))
        v.state = EVAL_MISTYPED;
    return v;
}

struct eval_value eval_attribute(const struct eval *e, uint32_t attribute)
{
    struct eval_memo *memo = e->memo;
    uint32_t slot = attribute % EVAL_MEMO;
    if (!memo)
        return look_up(e, attribute);
    if (memo->attribute[slot] != attribute) {
        memo->value[slot] = look_up(e, attribute);
        memo->attribute[slot] = attribute;
    }
    return memo->value[slot];
}
