/* See decision_json.h. Keys are written in the order of their names, so that what is written is
 * canonical; a test holds it to that. */
#include "policy/decision_json.h"

#include "policy/image.h"
#include "policy/story.h"

/* ---- amounts ---- */

static void put_amount(struct json_out *o, enum core_limit limit, uint64_t v)
{
    auto_buf struct buf text = {0};
    core_limit_format(limit, v, &text);
    o->b->failed |= text.failed;
    json_str(o, buf_view(&text));
}

void policy_put_duration(struct json_out *o, int64_t ns)
{
    put_amount(o, CORE_LIMIT_WALL, (uint64_t)ns);
}

static int by_limit_name(const void *a, const void *b)
{
    const enum core_limit *x = a, *y = b;
    return strcmp(core_limit_name(*x), core_limit_name(*y));
}

/* Counts are numbers, unless there is none. */
void policy_put_limits(struct json_out *o, const struct core_limits *limits)
{
    enum core_limit order[CORE_LIMIT_COUNT];
    for (unsigned i = 0; i < CORE_LIMIT_COUNT; i++)
        order[i] = (enum core_limit)i;
    qsort(order, CORE_LIMIT_COUNT, sizeof *order, by_limit_name);
    json_open_object(o);
    for (unsigned i = 0; i < CORE_LIMIT_COUNT; i++) {
        uint64_t v = limits->value[order[i]];
        if (!(limits->set >> order[i] & 1))
            continue;
        json_key(o, core_limit_name(order[i]));
        if (core_limit_unit(order[i]) == CORE_UNIT_COUNT && v != CORE_UNLIMITED)
            json_uint(o, v);
        else
            put_amount(o, order[i], v);
    }
    json_close_object(o);
}

/* ---- lists ---- */

void policy_put_endpoint(struct json_out *o, struct str host, uint32_t port)
{
    auto_buf struct buf text = {0};
    buf_str(&text, host);
    if (port)
        buf_printf(&text, ":%u", port);
    else
        buf_z(&text, ":any");
    o->b->failed |= text.failed;
    json_str(o, buf_view(&text));
}

static void put_texts(struct json_out *o, const char *key, const struct str *v, uint32_t n)
{
    json_key(o, key);
    json_open_array(o);
    for (uint32_t i = 0; i < n; i++)
        json_str(o, v[i]);
    json_close_array(o);
}

static void put_group(struct json_out *o, struct str name)
{
    auto_buf struct buf text = {0};
    buf_z(&text, "group:");
    buf_str(&text, name);
    o->b->failed |= text.failed;
    json_str(o, buf_view(&text));
}

/* Whom a list names. */
static void put_subjects(const struct policy_image *image, uint32_t list, struct json_out *o)
{
    const struct img_list *l = &image_lists(image)[list];
    const uint32_t *refs = image_refs(image) + l->first;
    json_open_array(o);
    for (uint32_t i = 0; i < l->nids; i++)
        json_str(o, image_str(image, image_subjects(image)[*refs++].text));
    for (uint32_t i = 0; i < l->ngroups; i++)
        put_group(o, image_str(image, image_groups(image)[*refs++].name));
    for (uint32_t i = 0; i < l->nglobs; i++)
        json_str(o, image_str(image, image_globs(image)[*refs++].text));
    json_close_array(o);
}

#define X(id, name) name,
static const char *const covers_words[] = {POLICY_COVERS_TABLE(X)};
#undef X

struct str policy_covers_word(int covers)
{
    return str_of(covers_words[covers]);
}

void policy_put_approvals(const struct policy_image *image, const struct policy_list *l,
                          struct json_out *o)
{
    json_key(o, "approvals");
    json_open_array(o);
    for (uint32_t i = 0; i < l->n; i++) {
        const struct img_approval *a = &image_approvals(image)[l->v[i]];
        json_open_object(o);
        json_key(o, "by");
        put_subjects(image, a->subjects, o);
        json_kv_str(o, "covers", policy_covers_word((int)a->covers));
        json_kv_uint(o, "need", a->need);
        json_key(o, "within");
        policy_put_duration(o, a->within_ns);
        json_close_object(o);
    }
    json_close_array(o);
}

void policy_put_requires(const struct policy_image *image, const struct policy_list *l,
                         struct json_out *o)
{
    json_key(o, "requires");
    json_open_array(o);
    for (uint32_t i = 0; i < l->n; i++)
        json_str(o, policy_image_rule(image, l->v[i]).id);
    json_close_array(o);
}

void policy_put_obligations(const struct policy_image *image, const struct policy_list *l,
                            struct json_out *o)
{
    json_key(o, "obligations");
    json_open_array(o);
    for (uint32_t i = 0; i < l->n; i++) {
        struct policy_obligation ob = {0};
        (void)policy_image_obligation(image, l->v[i], &ob);
        json_open_object(o);
        json_key(o, "properties");
        json_raw(o, ob.properties);
        json_kv_str(o, "type", ob.type);
        json_close_object(o);
    }
    json_close_array(o);
}

void policy_put_labels(const struct policy_image *image, uint64_t bits, struct json_out *o)
{
    json_key(o, "labels");
    json_open_array(o);
    for (uint32_t i = 0; i < 64; i++)
        if (bits >> i & 1)
            json_str(o, policy_image_label(image, i));
    json_close_array(o);
}

static void put_budgets(const struct policy_image *image, const struct policy_decision *d,
                        struct json_out *o)
{
    json_key(o, "budgets");
    json_open_array(o);
    for (uint32_t i = 0; i < POLICY_MAX_BUDGETS; i++) {
        struct policy_budget b;
        if (!(d->budgets >> i & 1) || !policy_image_budget(image, i, &b))
            continue;
        json_open_object(o);
        json_kv_str(o, "id", b.id);
        json_kv_bool(o, "nearly_spent", d->warned >> i & 1);
        json_close_object(o);
    }
    json_close_array(o);
}

/* ---- what a run may have ---- */

/* What is held back by nothing is no list. */
static void put_everything(struct json_out *o, const char *key)
{
    json_kv_str(o, key, STR("everything"));
}

static void put_paths(const struct core_grant *g, const char *key, int access, struct json_out *o)
{
    json_key(o, key);
    json_open_array(o);
    for (uint32_t i = 0; i < g->nfiles; i++)
        if (access < 0 ? g->files[i].execute : g->files[i].access == access)
            json_str(o, g->files[i].path);
    for (uint32_t i = 0; access == CORE_ACCESS_HIDE && i < g->nmasks; i++)
        json_str(o, g->masks[i]);
    json_close_array(o);
}

static void put_files(const struct core_grant *g, struct json_out *o)
{
    if (g->all_files) {
        put_everything(o, "filesystem");
        return;
    }
    json_key(o, "filesystem");
    json_open_object(o);
    put_paths(g, "execute", -1, o);
    put_paths(g, "hide", CORE_ACCESS_HIDE, o);
    put_paths(g, "read", CORE_ACCESS_READ, o);
    put_paths(g, "write", CORE_ACCESS_WRITE, o);
    json_close_object(o);
}

static void put_environment(const struct core_grant *g, struct json_out *o)
{
    if (g->all_environment) {
        put_everything(o, "environment");
        return;
    }
    json_key(o, "environment");
    json_open_array(o);
    for (uint32_t i = 0; i < g->nenvironment; i++) {
        const struct core_variable *v = &g->environment[i];
        auto_buf struct buf text = {0};
        buf_str(&text, v->name);
        buf_z(&text, v->set ? "=" : "");
        buf_str(&text, v->set ? v->value : STR(""));
        o->b->failed |= text.failed;
        json_str(o, buf_view(&text));
    }
    json_close_array(o);
}

static void put_grant(const struct core_grant *g, struct json_out *o)
{
    json_key(o, "grant");
    json_open_object(o);
    put_environment(g, o);
    put_files(g, o);
    if (g->any_provider)
        put_everything(o, "provider");
    else
        put_texts(o, "provider", g->providers, g->nproviders);
    if (g->any_secret)
        put_everything(o, "secrets");
    else
        put_texts(o, "secrets", g->secrets, g->nsecrets);
    json_close_object(o);
}

static void put_network(const struct core_grant *g, struct json_out *o)
{
    if (g->all_network) {
        put_everything(o, "network");
        return;
    }
    json_key(o, "network");
    json_open_array(o);
    for (uint32_t i = 0; i < g->nnetwork; i++)
        policy_put_endpoint(o, g->network[i].host, g->network[i].port);
    json_close_array(o);
}

/* ---- the whole ---- */

static void put_chain(const struct policy_question *q, struct json_out *o)
{
    const struct policy_decision *d = &q->decision;
    if (!q->inputs.nchain)
        return;
    json_key(o, "chain");
    json_open_array(o);
    for (uint32_t i = 0; i < d->nlinks; i++) {
        json_open_object(o);
        json_kv_bool(o, "decides", i == d->strictest);
        json_kv_str(o, "level", str_of(core_level_name((enum core_level)d->link[i].level)));
        json_kv_str(o, "subject", i == 0 ? q->asked.request.subject : q->inputs.chain[i - 1].text);
        json_close_object(o);
    }
    json_close_array(o);
}

/* The arguments that were judged are no ones of the capability. */
static void put_refusal(const struct policy_question *q, struct json_out *o)
{
    if (q->asked.fits || q->decision.effect == CORE_EFFECT_DENY)
        return;
    json_key(o, "refusal");
    json_open_object(o);
    json_kv_str(o, "message", str_of(q->asked.why_not.message));
    json_kv_str(o, "reason", str_of(core_refusal_name(CORE_REFUSAL_BAD_ARGUMENTS)));
    json_close_object(o);
}

void policy_put_shadow(const struct policy_image *image, const struct policy_decision *d,
                       struct json_out *o)
{
    if (!d->shadow.differs)
        return;
    json_key(o, "shadow");
    json_open_object(o);
    json_kv_str(o, "effect", str_of(core_effect_name(d->shadow.effect)));
    if (d->shadow.effect != CORE_EFFECT_DENY)
        json_kv_str(o, "isolation", str_of(core_rank_name(d->shadow.isolation)));
    json_kv_str(o, "rule", policy_image_rule(image, d->shadow.rule).id);
    json_close_object(o);
}

static void put_explanation(const struct policy_question *q, struct json_out *o)
{
    auto_buf struct buf text = {0};
    policy_explain(q->image, &q->asked.request, &q->inputs, &q->decision, &text);
    o->b->failed |= text.failed;
    json_kv_str(o, "explanation", buf_view(&text));
}

/* From `approvals` to `explanation`. */
static void put_first(const struct policy_question *q, bool explain, struct json_out *o)
{
    const struct policy_decision *d = &q->decision;
    policy_put_approvals(q->image, &d->approvals, o);
    put_budgets(q->image, d, o);
    put_chain(q, o);
    json_kv_str(o, "class", str_of(core_class_name(d->klass)));
    json_kv_str(o, "effect", str_of(core_effect_name(d->effect)));
    if (explain)
        put_explanation(q, o);
}

/* From `file` to `network`. `g` NULL: a deny. */
static void put_middle(const struct policy_question *q, bool explain, const struct core_grant *g,
                       struct json_out *o)
{
    const struct policy_decision *d = &q->decision;
    struct policy_rule_info rule = policy_image_rule(q->image, d->rule);
    if (rule.line)
        json_kv_str(o, "file", rule.file);
    if (g) {
        put_grant(g, o);
        json_kv_str(o, "isolation", str_of(core_rank_name(d->isolation)));
    }
    if (explain)
        policy_put_judged(q, o);
    policy_put_labels(q->image, d->labels, o);
    json_kv_str(o, "level", str_of(core_level_name(d->level)));
    json_kv_bool(o, "level_capped", d->level_capped);
    if (g) {
        json_key(o, "limits");
        policy_put_limits(o, &g->limits);
    }
    if (rule.line)
        json_kv_uint(o, "line", rule.line);
    if (explain)
        policy_put_nearest(q, o);
    if (g)
        put_network(g, o);
}

int policy_decision_json(const struct policy_question *q, unsigned flags, struct buf *out,
                         struct reeve_error *err)
{
    const struct policy_decision *d = &q->decision;
    bool explain = flags & POLICY_JSON_EXPLAIN, permitted = d->effect != CORE_EFFECT_DENY;
    struct json_out o = {.b = out};
    struct arena arena auto_arena;
    struct core_grant g;
    arena_init(&arena, 0);
    int rc = permitted ? policy_grant(q->image, &q->asked.request, &q->inputs, d, &arena, &g, err)
                       : REEVE_OK;
    if (rc)
        return rc;
    json_open_object(&o);
    put_first(q, explain, &o);
    put_middle(q, explain, permitted ? &g : NULL, &o);
    policy_put_obligations(q->image, &d->obligations, &o);
    put_refusal(q, &o);
    policy_put_requires(q->image, &d->requires, &o);
    json_kv_str(&o, "rule", policy_image_rule(q->image, d->rule).id);
    policy_put_shadow(q->image, d, &o);
    json_close_object(&o);
    return out->failed ? base_fail(err, REEVE_ENOMEM, "out of memory") : REEVE_OK;
}
