/*
 * A request from its text to its decision: parse, bound, normalise, decide. What comes of an allow
 * is execution.c's.
 */
#include <stdio.h>

#include "broker/internal.h"
#include "policy/pattern.h"

enum { PROVIDER_MAX = 64 };
_Static_assert(POLICY_MAX_ARGS == WIRE_MAX_ARGS, "what the wire takes can be read");

/* What a request says beside the language's own fields. */
enum field_of_broker { F_PROVIDER, F_EXPLAIN, F_MODE, F_COUNT };
static const struct field fields[F_COUNT] = {
    [F_PROVIDER] = {"provider", FIELD_IS(STRING)},
    [F_EXPLAIN] = {"explain", FIELD_BOOL},
    [F_MODE] = {"mode", FIELD_IS(STRING)},
};

static int take_words(struct reeve_run *run, const struct json_node *f[F_COUNT],
                      struct reeve_error *err)
{
    struct str mode = json_string_or(f[F_MODE], STR(""));
    run->provider_name = arena_str(&run->arena, json_string_or(f[F_PROVIDER], STR("")));
    if (!run->provider_name.p)
        return base_fail(err, REEVE_ENOMEM, "out of memory");
    if (run->provider_name.n > PROVIDER_MAX || policy_has_control(run->provider_name))
        return base_fail(err, REEVE_EINVAL, "the provider must be a name of at most %d bytes",
                         PROVIDER_MAX);
    run->authorize_only = str_is(mode, "authorize");
    if (mode.n && !run->authorize_only && !str_is(mode, "execute"))
        return base_fail(err, REEVE_EINVAL, "a request's mode is execute or authorize");
    if (f[F_EXPLAIN] && f[F_EXPLAIN]->type == JSON_TRUE)
        run->flags |= REEVE_REQUEST_EXPLAIN;
    return 0;
}

static int parse(struct reeve_run *run, struct str json, struct reeve_error *err)
{
    const struct json_node *f[F_COUNT] = {0};
    struct reeve_error why = {0};
    if (json.n > WIRE_MAX_ARGS + 4096)
        return base_fail(err, REEVE_EINVAL, "the request is longer than %u bytes",
                         WIRE_MAX_ARGS + 4096);
    if (json_text_parse(json, &run->text, &why) != 0)
        return base_fail(err, REEVE_EINVAL, "the request is no JSON: %s (column %u)", why.message,
                         why.column);
    int rc = policy_request_read_with(run->image, &run->text, fields, F_COUNT, f, &run->arena,
                                      &run->asked, err);
    run->request = &run->asked.request;
    if (!rc)
        rc = take_words(run, f, err);
    if (!rc && str_is(run->request->capability, "program.external"))
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
        .bucket = policy_bucket(run->request->subject),
        .known = known_of_root,
        .spent_all = true, /* what a budget counts is not held yet, and so not let run */
    };
    int rc = policy_decide(run->image, run->request, &run->inputs, &run->decision);
    if (rc)
        return base_fail(err, rc, "the request cannot be decided");
    run->rule = policy_image_rule(run->image, run->decision.rule);
    if (run->decision.effect != CORE_EFFECT_ALLOW) {
        struct buf text = {.max = sizeof run->message - 1};
        policy_explain(run->image, run->request, &run->inputs, &run->decision, &text);
        (void)snprintf(run->message, sizeof run->message, "%s", text.data ? text.data : "");
        buf_fini(&text);
        return 0;
    }
    return policy_grant(run->image, run->request, &run->inputs, &run->decision, &run->arena,
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
    if (!owner_can_write(owner))
        return owner_cannot_write(owner, err);
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
