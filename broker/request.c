/*
 * A request from its text to its decision: parse, bound, normalise, decide. What comes of an allow
 * is execution.c's.
 */
#include <stdio.h>

#include "broker/internal.h"

enum { SUBJECT_MAX = 256, CAPABILITY_MAX = 256, PROVIDER_MAX = 64 };

/* The fields of a request's JSON, and the types that each may have. What is not here is refused, so
 * that a misspelt one cannot be missed; `broker` never is here: what the broker knows, no request
 * can say. */
#define IS(type)  (1u << JSON_##type)
#define IS_BOOL   (IS(TRUE) | IS(FALSE))
#define IS_ENTITY (IS(STRING) | IS(OBJECT))
enum field {
    F_SUBJECT,
    F_CAPABILITY,
    F_ARGS,
    F_RESOURCE,
    F_CONTEXT,
    F_LEVEL,
    F_PROVIDER,
    F_FLAGS,
    F_MODE,
    F_COUNT
};
static const struct {
    const char *name;
    unsigned types;
} fields[F_COUNT] = {
    [F_SUBJECT] = {"subject", IS_ENTITY},
    [F_CAPABILITY] = {"capability", IS(STRING)},
    [F_ARGS] = {"args", IS(OBJECT) | IS(ARRAY)},
    [F_RESOURCE] = {"resource", IS_ENTITY},
    [F_CONTEXT] = {"context", IS(OBJECT)},
    [F_LEVEL] = {"level", IS(STRING)},
    [F_PROVIDER] = {"provider", IS(STRING)},
    [F_FLAGS] = {"explain", IS_BOOL},
    [F_MODE] = {"mode", IS(STRING)},
};

static int sort_fields(const struct json_text *t, const struct json_node *out[F_COUNT],
                       struct reeve_error *err)
{
    const struct json_node *root = json_root(&t->doc);
    if (!root || root->type != JSON_OBJECT)
        return base_fail(err, REEVE_EINVAL, "a request is a JSON object");
    const struct json_node *key = json_first(&t->doc, root);
    for (uint32_t i = 0; i < root->count; i++) {
        const struct json_node *value = json_next(&t->doc, key);
        size_t f = 0;
        while (f < F_COUNT && !str_is(key->s, fields[f].name))
            f++;
        if (f == F_COUNT)
            return base_fail(err, REEVE_EINVAL, "a request has no field %.*s",
                             (int)(key->s.n < 64 ? key->s.n : 64), key->s.p);
        if (!(fields[f].types >> value->type & 1))
            return base_fail(err, REEVE_EINVAL, "the request's %s has the wrong type",
                             fields[f].name);
        out[f] = value;
        key = json_next(&t->doc, value);
    }
    return 0;
}

static bool has_control(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((uint8_t)s.p[i] < 0x20 || s.p[i] == 0x7f)
            return true;
    return false;
}

/* "type:id", both there, no control characters: it will stand in records and on terminals. */
static bool is_subject(struct str s)
{
    const char *colon = s.n ? memchr(s.p, ':', s.n) : NULL;
    return colon && colon != s.p && colon + 1 != s.p + s.n && s.n <= SUBJECT_MAX &&
           !has_control(s) && !str_starts(s, STR("group:"));
}

/* {type, id, properties} as "type:id" and properties. */
static int take_parts(struct reeve_run *run, const struct json_node *object, const char *what,
                      struct str *text, struct policy_value *properties, struct reeve_error *err)
{
    struct str type = {"", 0}, id = {"", 0};
    const struct json_doc *doc = &run->request.doc;
    const struct json_node *key = json_first(doc, object);
    for (uint32_t i = 0; i < object->count; i++) {
        const struct json_node *value = json_next(doc, key);
        if (str_is(key->s, "type") && value->type == JSON_STRING)
            type = value->s;
        else if (str_is(key->s, "id") && value->type == JSON_STRING)
            id = value->s;
        else if (str_is(key->s, "properties") && value->type == JSON_OBJECT)
            *properties = (struct policy_value){doc, value};
        else
            return base_fail(err, REEVE_EINVAL,
                             "the request's %s has type and id, which are text, and properties, "
                             "an object; not %.*s like this",
                             what, (int)(key->s.n < 64 ? key->s.n : 64), key->s.p);
        key = json_next(doc, value);
    }
    auto_buf struct buf both = {0};
    if (!memchr(type.p, ':', type.n)) {
        buf_str(&both, type);
        buf_byte(&both, ':');
        buf_str(&both, id);
    }
    *text = arena_str(&run->arena, buf_view(&both));
    return both.failed || !text->p ? base_fail(err, REEVE_ENOMEM, "out of memory") : 0;
}

static int take_entity(struct reeve_run *run, const struct json_node *n, const char *what,
                       struct str *text, struct policy_value *properties, struct reeve_error *err)
{
    if (n && n->type == JSON_OBJECT) {
        int rc = take_parts(run, n, what, text, properties, err);
        if (rc)
            return rc;
    } else {
        *text = arena_str(&run->arena, json_string_or(n, STR("")));
        if (!text->p)
            return base_fail(err, REEVE_ENOMEM, "out of memory");
    }
    return is_subject(*text) ? 0
                             : base_fail(err, REEVE_EINVAL,
                                         "the %s must be type:id, for example agent:lab-1, of at "
                                         "most %d bytes",
                                         what, SUBJECT_MAX);
}

static int take_entities(struct reeve_run *run, const struct json_node *f[F_COUNT],
                         struct reeve_error *err)
{
    int rc =
        take_entity(run, f[F_SUBJECT], "subject", &run->subject, &run->subject_properties, err);
    if (!rc && f[F_RESOURCE])
        rc = take_entity(run, f[F_RESOURCE], "resource", &run->resource, &run->resource_properties,
                         err);
    if (f[F_CONTEXT])
        run->context = (struct policy_value){&run->request.doc, f[F_CONTEXT]};
    return rc;
}

static int take_words(struct reeve_run *run, const struct json_node *f[F_COUNT],
                      struct reeve_error *err)
{
    struct str level = json_string_or(f[F_LEVEL], STR("")),
               mode = json_string_or(f[F_MODE], STR(""));
    run->capability = arena_str(&run->arena, json_string_or(f[F_CAPABILITY], STR("")));
    run->provider_name = arena_str(&run->arena, json_string_or(f[F_PROVIDER], STR("")));
    if (!run->capability.p || !run->provider_name.p)
        return base_fail(err, REEVE_ENOMEM, "out of memory");
    if (!run->capability.n || run->capability.n > CAPABILITY_MAX || has_control(run->capability))
        return base_fail(err, REEVE_EINVAL, "the capability must be an id of 1 to %d bytes",
                         CAPABILITY_MAX);
    if (run->provider_name.n > PROVIDER_MAX || has_control(run->provider_name))
        return base_fail(err, REEVE_EINVAL, "the provider must be a name of at most %d bytes",
                         PROVIDER_MAX);
    run->level = level.n ? core_level_of(level) : -1;
    if (level.n && run->level < 0)
        return base_fail(err, REEVE_EINVAL,
                         "there is no level %.*s; levels are pure, controlled, full",
                         (int)(level.n < 32 ? level.n : 32), level.p);
    run->authorize_only = str_is(mode, "authorize");
    if (mode.n && !run->authorize_only && !str_is(mode, "execute"))
        return base_fail(err, REEVE_EINVAL, "a request's mode is execute or authorize");
    if (f[F_FLAGS] && f[F_FLAGS]->type == JSON_TRUE)
        run->flags |= REEVE_REQUEST_EXPLAIN;
    return 0;
}

/* Arguments in the named normal form, as text and parsed. That they do not fit is kept for after
 * the decision. */
static int take_args(struct reeve_run *run, const struct json_text *t, const struct json_node *args,
                     struct reeve_error *err)
{
    run->entry = core_capability_find(run->capability);
    static const struct json_node none = {.type = JSON_OBJECT, .end = 1};
    static const struct json_doc none_doc = {.nodes = &none, .count = 1};
    const struct json_doc *doc = args ? &t->doc : &none_doc;
    const struct core_capability *schema = run->entry;
    if (!schema && policy_image_schema(run->image, run->capability, &run->arena, &schema) != 0)
        return base_fail(err, REEVE_ENOMEM, "out of memory");
    (void)core_normalise_args(schema, doc, args ? args : &none, &run->args_text, &run->args_error);
    if (run->args_text.failed)
        return base_fail(err, REEVE_ENOMEM, "out of memory");
    if (run->args_text.len > WIRE_MAX_ARGS)
        return base_fail(err, REEVE_EINVAL, "the arguments are longer than %u bytes",
                         WIRE_MAX_ARGS);
    return json_text_parse(buf_view(&run->args_text), &run->args, err);
}

static int parse(struct reeve_run *run, struct str json, struct reeve_error *err)
{
    const struct json_text *t = &run->request;
    const struct json_node *f[F_COUNT] = {0};
    if (json.n > WIRE_MAX_ARGS + 4096)
        return base_fail(err, REEVE_EINVAL, "the request is longer than %u bytes",
                         WIRE_MAX_ARGS + 4096);
    struct reeve_error why = {0};
    if (json_text_parse(json, &run->request, &why) != 0)
        return base_fail(err, REEVE_EINVAL, "the request is no JSON: %s (column %u)", why.message,
                         why.column);
    int rc = sort_fields(t, f, err);
    if (!rc)
        rc = take_entities(run, f, err);
    if (!rc)
        rc = take_words(run, f, err);
    if (!rc)
        rc = take_args(run, t, f[F_ARGS], err);
    if (!rc && str_is(run->capability, "program.external"))
        rc = program_resolve(run, err);
    return rc;
}

/* What is known of a request that no other one led to: that it has no labels, parents or children
 * is known too. */
static const uint32_t known_of_root = 1u << POLICY_INPUT_NOW | 1u << POLICY_INPUT_PEER_UID |
                                      1u << POLICY_INPUT_BUCKET | 1u << POLICY_INPUT_LABELS |
                                      1u << POLICY_INPUT_DEPTH | 1u << POLICY_INPUT_CHAIN |
                                      1u << POLICY_INPUT_CHILDREN;

static int decide(struct reeve_run *run, struct reeve_error *err)
{
    run->inputs = (struct reeve_inputs_view){
        .now_ns = base_now_ns(),
        .peer_uid = run->peer.uid,
        .bucket = policy_bucket(run->subject),
        .known = known_of_root,
    };
    run->ask = (struct policy_request){.subject = run->subject,
                                       .capability = run->capability,
                                       .entry = run->entry,
                                       .args = &run->args.doc,
                                       .level = run->level,
                                       .resource = run->resource,
                                       .subject_properties = run->subject_properties,
                                       .resource_properties = run->resource_properties,
                                       .context = run->context};
    int rc = policy_decide(run->image, &run->ask, &run->inputs, &run->decision);
    if (rc)
        return base_fail(err, rc, "the request cannot be decided");
    run->rule = policy_image_rule(run->image, run->decision.rule);
    if (run->decision.effect != CORE_EFFECT_ALLOW) {
        struct buf text = {.max = sizeof run->message - 1};
        policy_explain(run->image, &run->ask, &run->inputs, &run->decision, &text);
        (void)snprintf(run->message, sizeof run->message, "%s", text.data ? text.data : "");
        buf_fini(&text);
        return 0;
    }
    return policy_grant(run->image, &run->ask, &run->inputs, &run->decision, &run->arena,
                        &run->grant, err);
}

static struct reeve_run *run_new(struct conn *conn, struct owner *owner, struct policy_image *image)
{
    struct reeve_run *run = calloc(1, sizeof *run);
    if (!run)
        return NULL;
    run->owner = owner;
    run->sink = conn;
    run->image = policy_image_ref(image ? image : owner->image);
    run->stream[0] = (struct run_stream){.run = run, .fd = -1, .number = REEVE_STDOUT};
    run->stream[1] = (struct run_stream){.run = run, .fd = -1, .number = REEVE_STDERR};
    arena_init(&run->arena, (size_t)8 << 20);
    buf_init(&run->args_text, (size_t)1 << 20);
    buf_init(&run->plan, PLAN_MAX_BYTES);
    run->next = owner->runs;
    if (run->next)
        run->next->prev = run;
    owner->runs = run;
    owner->nruns++;
    return run;
}

/* Nothing may be decided that could not be recorded. */
static int can_decide(struct owner *owner, struct reeve_error *err)
{
    if (owner->ending)
        return base_fail(err, REEVE_EIO, "the owner of %s is ending", owner->dir);
    if (owner->helpers_lost && owner->options.embedded) {
        int rc = owner_raise(owner, err);
        if (rc)
            return rc;
    }
    if (!owner->log)
        return base_fail(err, REEVE_EHELPERS, "keeper or launcher ended; nothing is decided");
    owner_make_room(owner);
    if (owner->found.condition != AUDIT_OK)
        return base_fail(err, REEVE_EDAMAGED,
                         "the log is %s from record %llu (%s); only reading is served",
                         audit_condition_name(owner->found.condition),
                         (unsigned long long)owner->found.first_bad, owner->found.detail);
    if (owner->log_failing)
        return owner_log_failing(owner, err);
    if (owner->nruns >= OWNER_MAX_RUNS)
        return base_fail(err, REEVE_EBUSY, "%u requests are in progress; try again later",
                         OWNER_MAX_RUNS);
    return 0;
}

void request_reject(struct owner *owner, const struct request_peer *peer, const char *what,
                    struct str text, const struct reeve_error *why)
{
    auto_buf struct buf json = {.max = AUDIT_MAX_RECORD};
    uint64_t seq;
    if (can_decide(owner, NULL) != 0)
        return;
    record_rejected(owner, peer, what, text, why, &json);
    (void)owner_append(owner, &json, &seq, NULL);
}

void request_begin(struct conn *conn, struct owner *owner, struct str json,
                   struct policy_image *image, const struct request_peer *peer)
{
    struct reeve_error err = {0};
    struct reeve_run *run = NULL;
    int rc = can_decide(owner, &err);
    if (!rc) {
        run = run_new(conn, owner, image);
        rc = run ? 0 : base_fail(&err, REEVE_ENOMEM, "out of memory");
    }
    if (!rc) {
        run->peer = *peer;
        rc = parse(run, json, &err);
        if (!rc)
            rc = decide(run, &err);
        if (rc)
            request_reject(owner, peer, "request", json, &err);
    }
    if (rc) {
        conn_idle(conn);
        conn_send_error(conn, &err);
        if (run)
            run_free(run);
        return;
    }
    conn_run(conn, run);
    run_begin(run);
}
