/*
 * What the owner writes down of a request and says in its result: the decision record, the end
 * record, the result. Fields and their meaning: docs/audit.md.
 */
#include "broker/internal.h"
#include "policy/decision_json.h"

/* What may stand whole: JSON (arguments, values) and texts (paths, names), and both in a record
 * that would not fit otherwise. */
enum { WHOLE_BYTES = 8192, STATED_WHOLE_BYTES = 2048, BRIEF_BYTES = 256, FIRST_BYTES = 256 };

/* Digest, length and first bytes, for what is too long. */
static void put_digest(struct str text, struct json_out *o)
{
    uint8_t digest[BASE_SHA256];
    struct str first = {text.p, text.n < FIRST_BYTES ? text.n : FIRST_BYTES};
    while (first.n && first.n < text.n && ((uint8_t)first.p[first.n] & 0xc0) == 0x80)
        first.n--;
    base_sha256(text.p, text.n, digest);
    json_open_object(o);
    json_kv_digest(o, "digest", digest);
    json_kv_uint(o, "bytes", text.n);
    json_kv_str(o, "first", first);
    json_close_object(o);
}

static void put_bounded(struct str json, size_t whole, bool brief, struct json_out *o)
{
    if (!brief && json.n <= whole)
        json_raw(o, json);
    else
        put_digest(json, o);
}

static void put_text(const char *key, struct str text, bool brief, struct json_out *o)
{
    json_key(o, key);
    if (brief && text.n > BRIEF_BYTES)
        put_digest(text, o);
    else
        json_str(o, text);
}

/* What the request says of subject, resource and context: a decision may rest on it. */
static void put_stated(const char *key, const struct policy_value *v, bool brief,
                       struct json_out *o)
{
    auto_buf struct buf text = {0};
    if (!v->doc)
        return;
    json_canonical(v->doc, v->node, &text);
    o->b->failed |= text.failed;
    json_key(o, key);
    put_bounded(buf_view(&text), STATED_WHOLE_BYTES, brief, o);
}

void record_asserted_by(const struct request_peer *peer, struct json_out *o)
{
    json_key(o, "asserted_by");
    json_open_object(o);
    json_kv_str(o, "kind", peer->embedded ? STR("embedding-owner") : STR("socket"));
    json_kv_int(o, "uid", peer->uid);
    json_kv_int(o, "pid", peer->pid);
    json_close_object(o);
}

/* The arguments as they may be shown; false: all of them are. */
static bool mask_args(const struct reeve_run *run, struct buf *out)
{
    return policy_mask_args(run->image, run->request, !run->asked.fits, run->owner->mask_key, out);
}

/* What came of the arguments may then repeat what is hidden. */
bool record_hides(const struct reeve_run *run)
{
    auto_buf struct buf masked = {.max = (size_t)1 << 20};
    return mask_args(run, &masked);
}

/* As masked arguments stand. */
static void put_hidden(const struct reeve_run *run, struct str text, struct json_out *o)
{
    uint8_t mac[BASE_SHA256];
    char tag[sizeof "hmac-sha256:" + 2 * BASE_SHA256] = "hmac-sha256:";
    base_hmac_sha256(run->owner->mask_key, sizeof run->owner->mask_key, text.p, text.n, mac);
    base_hex(mac, sizeof mac, tag + strlen(tag));
    json_open_object(o);
    json_kv_str(o, "masked", str_of(tag));
    json_close_object(o);
}

static void put_args(const struct reeve_run *run, bool brief, struct json_out *o)
{
    auto_buf struct buf masked = {.max = (size_t)1 << 20};
    struct str text = run->asked.args_text;
    json_key(o, "args");
    if (mask_args(run, &masked)) {
        o->b->failed |= masked.failed; /* no record rather than one that shows it */
        text = buf_view(&masked);
    }
    put_bounded(text, WHOLE_BYTES, brief, o);
}

static void put_request(const struct reeve_run *run, bool brief, struct json_out *o)
{
    json_key(o, "request");
    json_open_object(o);
    json_kv_str(o, "subject", run->request->subject);
    json_kv_str(o, "capability", run->request->capability);
    json_kv_str(o, "mode",
                run->flags & REEVE_REQUEST_EXPLAIN ? STR("explain")
                : run->authorize_only              ? STR("authorize")
                                                   : STR("execute"));
    if (run->request->level >= 0)
        json_kv_str(o, "level", str_of(core_level_name((enum core_level)run->request->level)));
    if (run->provider_name.n)
        json_kv_str(o, "provider", run->provider_name);
    put_args(run, brief, o);
    if (run->request->resource.n)
        put_text("resource", run->request->resource, brief, o);
    put_stated("subject_properties", &run->request->subject_properties, brief, o);
    put_stated("resource_properties", &run->request->resource_properties, brief, o);
    put_stated("context", &run->request->context, brief, o);
    put_stated("ceiling", &run->asked.ceiling_as_text, brief, o);
    record_asserted_by(&run->peer, o);
    json_close_object(o);
}

/* What holds it, where anything does. */
static void put_holds(const struct reeve_run *run, struct json_out *o)
{
    const struct policy_decision *d = &run->decision;
    if (d->requires.n)
        policy_put_requires(run->image, &d->requires, o);
    if (d->approvals.n)
        policy_put_approvals(run->image, &d->approvals, o);
    if (d->obligations.n)
        policy_put_obligations(run->image, &d->obligations, o);
    if (d->labels)
        policy_put_labels(run->image, d->labels, o);
    policy_put_shadow(run->image, d, o);
}

static void put_decision(const struct reeve_run *run, bool brief, struct json_out *o)
{
    const struct policy_decision *d = &run->decision;
    json_key(o, "decision");
    json_open_object(o);
    json_kv_str(o, "effect", str_of(core_effect_name(d->effect)));
    put_text("rule", run->rule.id, brief, o);
    if (run->rule.line) {
        put_text("file", run->rule.file, brief, o);
        json_kv_int(o, "line", run->rule.line);
    }
    json_kv_str(o, "level", str_of(core_level_name(d->level)));
    json_kv_str(o, "class", str_of(core_class_name(d->klass)));
    if (d->effect != CORE_EFFECT_DENY)
        json_kv_str(o, "isolation", str_of(core_rank_name(d->isolation)));
    put_holds(run, o);
    json_kv_bool(o, "level_capped", d->level_capped);
    json_kv_digest(o, "policy", policy_image_digest(run->image));
    json_kv_digest(o, "policy_source", policy_image_source_digest(run->image));
    json_close_object(o);
}

static bool knows(const struct reeve_run *run, enum policy_input input)
{
    return run->inputs.known >> input & 1;
}

static void put_labels(const struct reeve_run *run, struct json_out *o)
{
    json_key(o, "labels");
    json_open_array(o);
    for (uint32_t i = 0; i < run->inputs.nlabels; i++)
        json_str(o, run->inputs.labels[i]);
    json_close_array(o);
}

static void put_chain(const struct reeve_run *run, struct json_out *o)
{
    json_key(o, "chain");
    json_open_array(o);
    for (uint32_t i = 0; i < run->inputs.nchain; i++)
        json_str(o, run->inputs.chain[i].text);
    json_close_array(o);
}

/* What the decision can be made again from: policy, request, and this. */
static void put_inputs(const struct reeve_run *run, struct json_out *o)
{
    const struct reeve_inputs_view *in = &run->inputs;
    const struct {
        enum policy_input input;
        const char *key;
        uint32_t value;
    } numbers[] = {{POLICY_INPUT_PEER_UID, "peer_uid", in->peer_uid},
                   {POLICY_INPUT_BUCKET, "bucket", in->bucket},
                   {POLICY_INPUT_DEPTH, "depth", in->depth},
                   {POLICY_INPUT_CHILDREN, "children", in->children}};
    char now[BASE_RFC3339_MAX];
    base_rfc3339(in->now_ns, now);
    json_key(o, "inputs");
    json_open_object(o);
    json_kv_str(o, "now", str_of(now));
    for (size_t i = 0; i < BASE_COUNT(numbers); i++)
        if (knows(run, numbers[i].input))
            json_kv_uint(o, numbers[i].key, numbers[i].value);
    if (knows(run, POLICY_INPUT_LABELS))
        put_labels(run, o);
    if (knows(run, POLICY_INPUT_CHAIN))
        put_chain(run, o);
    json_close_object(o);
}

/* What runs and who sees to it: the same words in decision, end and result. */
static void put_what_runs(const struct reeve_run *run, bool brief, struct json_out *o)
{
    if (run->program_found) {
        json_key(o, "program");
        json_open_object(o);
        put_text("path", run->program, brief, o);
        if (!str_eq(run->asked_path, run->program)) /* what it is called as: its argv[0] */
            put_text("asked", run->asked_path, brief, o);
        json_kv_digest(o, "digest", run->program_sha256);
        json_close_object(o);
    }
    if (run->plan.len)
        json_kv_digest(o, "plan", run->plan_sha256);
    if (run->plan.len && run->plan_masked)
        json_kv_bool(o, "plan_kept", false);
    json_kv_str(o, "provider", run->provider ? str_of(run->provider->name) : STR("owner"));
    json_kv_str(o, "enforced_by",
                run->provider ? str_of(run->provider->enforced_by) : STR("in-process"));
}

static void put_not_held(const struct reeve_run *run, struct json_out *o)
{
    const struct core_limits *l = &run->grant.limits;
    json_key(o, "not_held");
    json_open_array(o);
    for (unsigned i = 0; i < CORE_LIMIT_COUNT; i++)
        if (core_limits_unheld(l, (enum core_limit)i))
            json_str(o, str_of(core_limit_name((enum core_limit)i)));
    json_close_array(o);
}

/* How much of what came of the arguments is put. */
enum form { FORM_WHOLE, FORM_BOUNDED, FORM_BRIEF, FORM_HIDDEN };

/* In a record, against a result, whoever asked for it gets. */
static enum form form_of(const struct reeve_run *run, bool brief)
{
    return record_hides(run) ? FORM_HIDDEN : brief ? FORM_BRIEF : FORM_BOUNDED;
}

/* A sentence that may quote an argument. */
static void put_sentence(const struct reeve_run *run, const char *key, const char *text,
                         enum form form, struct json_out *o)
{
    json_key(o, key);
    if (form == FORM_HIDDEN)
        put_hidden(run, str_of(text), o);
    else
        json_str(o, str_of(text));
}

static void put_refusal(const struct reeve_run *run, enum form form, struct json_out *o)
{
    json_key(o, "refusal");
    json_open_object(o);
    json_kv_str(o, "reason", str_of(core_refusal_name(run->refusal)));
    put_sentence(run, "message", run->message, form, o);
    json_close_object(o);
}

static void put_value(const struct reeve_run *run, struct str value, enum form form,
                      struct json_out *o)
{
    json_key(o, "value");
    if (form == FORM_HIDDEN)
        put_hidden(run, value, o);
    else if (form == FORM_WHOLE)
        json_raw(o, value);
    else
        put_bounded(value, WHOLE_BYTES, form == FORM_BRIEF, o);
}

/* How it ended; of a run also whether it began and what the program itself said. */
static void put_outcome(const struct reeve_run *run, bool is_run, enum form form,
                        struct json_out *o)
{
    const struct outcome *out = &run->outcome;
    json_key(o, "outcome");
    json_open_object(o);
    json_kv_str(o, "how", str_of(out->how));
    if (out->limit[0])
        json_kv_str(o, "limit", str_of(out->limit));
    if (out->detail[0])
        put_sentence(run, "detail", out->detail, form, o);
    if (is_run)
        json_kv_bool(o, "started", !out->not_started);
    if (is_run && !out->not_started) {
        json_kv_int(o, "status", out->status);
        json_kv_int(o, "signal", out->signal);
    }
    if (out->value)
        put_value(run, str_of(out->value), form, o);
    json_close_object(o);
}

static void put_end(const struct reeve_run *run, enum form form, struct json_out *o)
{
    const struct outcome *out = &run->outcome;
    put_outcome(run, true, form, o);
    json_key(o, "usage");
    json_open_object(o);
    json_kv_uint(o, "wall_ns", out->wall_ns);
    json_kv_uint(o, "user_ns", out->user_ns);
    json_kv_uint(o, "system_ns", out->system_ns);
    json_kv_uint(o, "max_rss_bytes", out->max_rss_bytes);
    json_kv_uint(o, "stdout_bytes", run->stream[0].bytes);
    json_kv_uint(o, "stderr_bytes", run->stream[1].bytes);
    json_close_object(o);
    put_not_held(run, o);
}

void record_rejected(struct owner *owner, const struct request_peer *peer, const char *what,
                     struct str text, const struct reeve_error *why, struct buf *out)
{
    struct json_out o = {.b = out};
    struct str message = str_of(why->message);
    uint8_t digest[BASE_SHA256];
    base_sha256(text.p, text.n, digest);
    owner_record_open(owner, "rejected", &o);
    json_kv_str(&o, "what", str_of(what));
    json_kv_str(&o, "error", str_of(reeve_error_name(why->code)));
    /* It may quote what came, cut anywhere. */
    if (str_is_utf8(message) && !policy_image_masks(owner->image))
        json_kv_str(&o, "message", message);
    json_kv_digest(&o, "digest", digest);
    json_kv_uint(&o, "bytes", text.n);
    record_asserted_by(peer, &o);
    json_close_object(&o);
}

void record_decision(struct reeve_run *run, struct buf *out, bool brief)
{
    struct json_out o = {.b = out};
    owner_record_open(run->owner, "decision", &o);
    put_request(run, brief, &o);
    put_inputs(run, &o);
    put_decision(run, brief, &o);
    if (run->decision.effect == CORE_EFFECT_ALLOW)
        put_what_runs(run, brief, &o);
    if (run->refusal != CORE_REFUSAL_NONE)
        put_refusal(run, form_of(run, brief), &o);
    else if (run->outcome.how[0]) /* of a safe call; of a run there is none yet */
        put_outcome(run, false, form_of(run, brief), &o);
    json_close_object(&o);
}

void record_end(struct reeve_run *run, struct buf *out, bool brief)
{
    struct json_out o = {.b = out};
    owner_record_open(run->owner, "end", &o);
    json_kv_uint(&o, "decision", run->decision_seq);
    json_kv_uint(&o, "release", run->release_seq);
    json_kv_str(&o, "subject", run->request->subject);
    json_kv_str(&o, "capability", run->request->capability);
    put_text("rule", run->rule.id, brief, &o);
    json_kv_digest(&o, "policy", policy_image_digest(run->image));
    json_kv_digest(&o, "policy_source", policy_image_source_digest(run->image));
    put_what_runs(run, brief, &o);
    put_end(run, form_of(run, brief), &o);
    json_close_object(&o);
}

int run_exit_status(const struct reeve_run *run)
{
    const struct outcome *out = &run->outcome;
    if (run->decision.effect != CORE_EFFECT_ALLOW)
        return 125;
    if (run->refusal != CORE_REFUSAL_NONE)
        return run->refusal == CORE_REFUSAL_NOT_FOUND ? 127 : 126;
    if (!run->finished) /* a capability, or nothing was to be carried out */
        return 0;
    if (str_is(str_of(out->how), "ok"))
        return out->signal ? 128 + out->signal : out->status;
    if (out->not_started)
        return out->not_found ? 127 : 126;
    return 128 + 9;
}

void result_json(const struct reeve_run *run, struct buf *out)
{
    struct json_out o = {.b = out};
    json_open_object(&o);
    json_kv_uint(&o, "seq", run->end_seq);
    json_kv_uint(&o, "decision_seq", run->decision_seq);
    json_kv_str(&o, "subject", run->request->subject);
    json_kv_str(&o, "capability", run->request->capability);
    json_kv_int(&o, "exit", run_exit_status(run));
    put_decision(run, false, &o);
    put_stated("ceiling", &run->asked.ceiling_as_text, false, &o);
    if (run->decision.effect == CORE_EFFECT_ALLOW)
        put_what_runs(run, false, &o);
    if (run->refusal != CORE_REFUSAL_NONE)
        put_refusal(run, FORM_WHOLE, &o);
    else if (run->message[0])
        json_kv_str(&o, "message", str_of(run->message));
    if (run->finished)
        put_end(run, FORM_BOUNDED, &o);
    else if (run->outcome.how[0])
        put_outcome(run, false, FORM_WHOLE, &o);
    struct plan_view view;
    if (run->flags & REEVE_REQUEST_EXPLAIN && run->plan.len &&
        plan_check(run->plan.data, run->plan.len, &view)) {
        auto_buf struct buf text = {.max = (size_t)1 << 20};
        plan_render(&view, &text);
        json_key(&o, "plan_text");
        json_raw(&o, text.failed ? STR("null") : buf_view(&text));
    }
    json_close_object(&o);
}
