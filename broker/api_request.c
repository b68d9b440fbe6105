/* reeve_execute, reeve_authorize and the result. */
#include <pwd.h>
#include <stdio.h>
#include <unistd.h>

#include "broker/api.h"
#include "core/json.h"
#include "policy/policy.h"

struct reeve_result {
    char *json, *value;
    char *effect, *rule, *refusal, *message, *how;
    int exit_status;
    int64_t seq;
};

/* ---- the request's text ---- */

/* "user:<login>", or by number where there is no name. */
static void default_subject(char out[128])
{
    char text[1024];
    struct passwd pw, *found = NULL;
    if (getpwuid_r(geteuid(), &pw, text, sizeof text, &found) == 0 && found)
        (void)snprintf(out, 128, "user:%.100s", found->pw_name);
    else
        (void)snprintf(out, 128, "user:uid-%u", (unsigned)geteuid());
}

static void put_if(struct json_out *o, const char *key, const char *value)
{
    if (value)
        json_kv_str(o, key, str_of(value));
}

/* What the caller gives as JSON must be that, or it could say anything else of the request. */
static int put_json(struct json_out *o, const char *key, const char *json, const char *hint,
                    struct reeve_error *err)
{
    auto_json struct json_text text = {0};
    struct reeve_error why = {0};
    if (!json)
        return 0;
    if (json_text_parse(str_of(json), &text, &why) != 0)
        return base_fail(err, REEVE_EINVAL, "%s: this is no JSON (column %u)%s", key, why.column,
                         hint);
    json_key(o, key);
    json_raw(o, str_of(json));
    return 0;
}

/* "type:id", or with properties its parts. What is no such text is the owner's to refuse. */
static int put_entity(struct json_out *o, const char *key, const char *text, const char *properties,
                      struct reeve_error *err)
{
    const char *colon = text ? strchr(text, ':') : NULL;
    if (!text || !properties || !colon) {
        put_if(o, key, text);
        return !properties || colon
                   ? 0
                   : base_fail(err, REEVE_EINVAL, "properties are of a %s, type:id", key);
    }
    json_key(o, key);
    json_open_object(o);
    json_kv_str(o, "type", (struct str){text, (size_t)(colon - text)});
    json_kv_str(o, "id", str_of(colon + 1));
    int rc = put_json(o, "properties", properties, "", err);
    json_close_object(o);
    return rc;
}

static int request_text(const struct reeve_request *q, bool authorize, struct buf *out,
                        struct reeve_error *err)
{
    char subject[128];
    struct json_out o = {.b = out};
    if (!q->capability)
        return base_fail(err, REEVE_EINVAL, "a request needs a capability");
    default_subject(subject);
    json_open_object(&o);
    int rc =
        put_entity(&o, "subject", q->subject ? q->subject : subject, q->subject_properties, err);
    json_kv_str(&o, "capability", str_of(q->capability));
    json_kv_str(&o, "mode", authorize ? STR("authorize") : STR("execute"));
    put_if(&o, "level", q->level);
    put_if(&o, "provider", q->provider);
    if (!rc)
        rc = put_entity(&o, "resource", q->resource, q->resource_properties, err);
    if (!rc)
        rc = put_json(&o, "context", q->context, "", err);
    if (!rc)
        rc = put_json(&o, "ceiling", q->ceiling, "", err);
    if (!rc)
        rc = put_json(&o, "args", q->args, "; write for example '[2, 3]' or '{\"a\": 2, \"b\": 3}'",
                      err);
    json_kv_bool(&o, "explain", (q->flags & REEVE_REQUEST_EXPLAIN) != 0);
    json_close_object(&o);
    if (rc)
        return rc;
    return out->failed ? base_fail(err, REEVE_ENOMEM, "out of memory") : 0;
}

static int send_policy(struct client *c, const struct reeve_request *q, struct reeve_error *err)
{
    struct str name = str_of(q->policy_file ? q->policy_file : "policy"), answer;
    auto_close int folder = -1;
    auto_buf struct buf payload = {.max = WIRE_MAX_FRAME}, text = {0};
    struct policy_source source = {.text = str_of(q->policy), .file = name.p};
    if (q->policy_file && policy_folder_open(q->policy_file, &folder, NULL) == 0) {
        source.read = policy_folder_read;
        source.arg = &folder;
    }
    int rc = policy_source_bundle(&source, &text, err);
    if (rc)
        return rc;
    if (text.len > WIRE_MAX_POLICY)
        return base_fail(
            err, REEVE_EINVAL,
            "a policy given with a request has at most %u bytes; put a larger one into "
            "the state folder",
            WIRE_MAX_POLICY);
    buf_u32le(&payload, (uint32_t)name.n);
    buf_str(&payload, name);
    buf_str(&payload, buf_view(&text));
    if (payload.failed)
        return base_fail(err, REEVE_ENOMEM, "out of memory");
    return client_ask(c, WIRE_POLICY, buf_view(&payload), &answer, err);
}

/* ---- the answer ---- */

static char *copy_string(const struct json_node *n)
{
    return n && n->type == JSON_STRING ? str_dup(n->s) : NULL;
}

static void take_details(struct reeve_result *r, const struct json_doc *doc)
{
    const struct json_node *root = json_root(doc);
    const struct json_node *decision = json_get(doc, root, "decision");
    const struct json_node *refusal = json_get(doc, root, "refusal");
    const struct json_node *outcome = json_get(doc, root, "outcome");
    const struct json_node *value = json_get(doc, outcome, "value");
    const struct json_node *seq = json_get(doc, root, "seq"), *status = json_get(doc, root, "exit");
    const struct json_node *detail = json_get(doc, outcome, "detail");
    r->effect = copy_string(json_get(doc, decision, "effect"));
    r->rule = copy_string(json_get(doc, decision, "rule"));
    r->refusal = copy_string(json_get(doc, refusal, "reason"));
    r->message = copy_string(refusal  ? json_get(doc, refusal, "message")
                             : detail ? detail
                                      : json_get(doc, root, "message"));
    r->how = copy_string(json_get(doc, outcome, "how"));
    r->seq = seq && seq->type == JSON_INT ? seq->i : -1;
    r->exit_status = status && status->type == JSON_INT ? (int)status->i : 4;
    if (value) {
        struct buf text = {0};
        json_exact(doc, value, &text);
        r->value = buf_take(&text, NULL);
    }
}

static int result_of(struct str json, struct reeve_result **out, struct reeve_error *err)
{
    auto_json struct json_text t = {0};
    struct reeve_result *r = calloc(1, sizeof *r);
    if (!r)
        return base_fail(err, REEVE_ENOMEM, "out of memory");
    r->json = str_dup(json);
    if (!r->json || json_text_parse(json, &t, NULL) != 0) {
        reeve_result_free(&r);
        return base_fail(err, REEVE_EPROTO, "the owner's result cannot be read");
    }
    take_details(r, &t.doc);
    *out = r;
    return 0;
}

struct waiting {
    const struct reeve_events *events;
    bool cancelled;
};

static int cancel_once(struct client *c, struct waiting *w, bool wanted, struct reeve_error *err)
{
    if (!wanted || w->cancelled)
        return 0;
    w->cancelled = true;
    return client_send(c, WIRE_CANCEL, STR(""), STR(""), err);
}

/* Frames until the result. */
static int await_result(struct client *c, struct waiting *w, struct reeve_result **out,
                        struct reeve_error *err)
{
    enum { POLL_MS = 50 };
    const struct reeve_events *ev = w->events;
    for (;;) {
        uint8_t type;
        struct str payload;
        int rc = client_recv(c, ev && ev->poll_cancel ? POLL_MS : -1, &type, &payload, err);
        if (rc)
            return rc;
        if (type == WIRE_RESULT)
            return result_of(payload, out, err);
        bool stop = ev && ev->poll_cancel && ev->poll_cancel(ev->arg) != 0;
        if (type == WIRE_OUTPUT && payload.n > 1 && ev && ev->output)
            stop = ev->output(ev->arg, payload.p[0] == 1 ? REEVE_STDOUT : REEVE_STDERR,
                              payload.p + 1, payload.n - 1) != 0 ||
                   stop;
        else if (type != 0 && type != WIRE_OUTPUT)
            return base_fail(err, REEVE_EPROTO, "the owner sent frame %u where a result was due",
                             type);
        rc = cancel_once(c, w, stop, err);
        if (rc)
            return rc;
    }
}

static int ask(struct reeve *r, const struct reeve_request *request, bool authorize,
               const struct reeve_events *events, struct reeve_result **out,
               struct reeve_error *err)
{
    struct reeve_request q = {0};
    struct client c;
    auto_buf struct buf text = {.max = WIRE_MAX_FRAME};
    struct reeve_events ev = {0};
    struct waiting w = {.events = events ? &ev : NULL};
    if (!r || !request || !out || request->size > sizeof q)
        return base_fail(err, REEVE_EINVAL, "a request of this version of the library is needed");
    if (events && (events->size > sizeof ev || events->size < sizeof ev.size))
        return base_fail(err, REEVE_EINVAL, "events of this version of the library are needed");
    *out = NULL;
    memcpy(&q, request, request->size);
    if (events)
        memcpy(&ev, events, events->size);
    int rc = request_text(&q, authorize, &text, err);
    if (!rc)
        rc = api_connect(r, &c, err);
    if (rc)
        return rc;
    if (q.policy)
        rc = send_policy(&c, &q, err);
    if (!rc)
        rc = client_send(&c, WIRE_REQUEST, buf_view(&text), STR(""), err);
    if (!rc)
        rc = await_result(&c, &w, out, err);
    return api_finish(r, &c, rc);
}

int reeve_execute(struct reeve *handle, const struct reeve_request *request,
                  const struct reeve_events *events, struct reeve_result **out,
                  struct reeve_error *err)
{
    return ask(handle, request, false, events, out, err);
}

int reeve_authorize(struct reeve *handle, const struct reeve_request *request,
                    struct reeve_result **out, struct reeve_error *err)
{
    return ask(handle, request, true, NULL, out, err);
}

void reeve_result_free(struct reeve_result **result)
{
    struct reeve_result *r = result ? *result : NULL;
    if (!r)
        return;
    char *const texts[] = {r->json, r->value, r->effect, r->rule, r->refusal, r->message, r->how};
    for (size_t i = 0; i < BASE_COUNT(texts); i++)
        free(texts[i]);
    free(r);
    *result = NULL;
}

const char *reeve_result_json(const struct reeve_result *r)
{
    return r->json;
}

const char *reeve_result_effect(const struct reeve_result *r)
{
    return r->effect;
}

const char *reeve_result_rule(const struct reeve_result *r)
{
    return r->rule;
}

const char *reeve_result_refusal(const struct reeve_result *r)
{
    return r->refusal;
}

const char *reeve_result_message(const struct reeve_result *r)
{
    return r->message;
}

const char *reeve_result_how(const struct reeve_result *r)
{
    return r->how;
}

const char *reeve_result_value(const struct reeve_result *r)
{
    return r->value;
}

int reeve_result_exit(const struct reeve_result *r)
{
    return r->exit_status;
}

int64_t reeve_result_seq(const struct reeve_result *r)
{
    return r->seq;
}
