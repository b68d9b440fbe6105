/* See story.h. */
#include "policy/story.h"

#include "policy/decide.h"

/* A rule that is about the request. */
struct about {
    struct standing at;
    bool matches;
    bool gates; /* an ask that cannot be judged: it permits nothing, and holds what permits */
    enum tri value;
};
/* Of one effect, the best first. */
struct telling {
    struct about v[POLICY_MAX_JUDGED];
    uint32_t n, left_out;
};

static bool is_match(enum policy_rule_kind kind, enum tri value)
{
    bool on_unknown = kind == RULE_DENY || kind == RULE_REQUIRE;
    return on_unknown ? value != TRI_FALSE : value == TRI_TRUE;
}

static void take_out(struct telling *t, uint32_t at)
{
    memmove(&t->v[at], &t->v[at + 1], (--t->n - at) * sizeof *t->v);
}

/* A rule is found under each of its patterns; the best counts. */
static void insert(struct telling *t, const struct about *a)
{
    uint32_t at = 0;
    for (uint32_t i = 0; i < t->n; i++)
        if (t->v[i].at.rule == a->at.rule) {
            if (!decide_precedes(&a->at, &t->v[i].at))
                return;
            take_out(t, i);
            break;
        }
    while (at < t->n && decide_precedes(&t->v[at].at, &a->at))
        at++;
    if (t->n == POLICY_MAX_JUDGED) {
        t->left_out++;
        if (at == t->n)
            return;
        t->n--;
    }
    memmove(&t->v[at + 1], &t->v[at], (t->n++ - at) * sizeof *t->v);
    t->v[at] = *a;
}

/* As the decision judged it, where it did. */
static enum tri value_of(const struct deciding *d, const struct img_entry *e)
{
    uint64_t *patterns = d->eval.patterns, left = *patterns;
    bool was = decide_was_judged(d, e->rule, patterns);
    enum tri value = decide_value(d, e);
    if (was)
        *patterns = left;
    return value;
}

static bool consider(const struct deciding *d, const struct eval_found *f,
                     const struct img_entry *e, void *state)
{
    struct about a;
    struct standing ignored;
    if (!explain_is_about(d, f, e, &a.at))
        return true;
    a.value = value_of(d, e);
    bool fits = decide_fits(d, f, e, &ignored);
    a.matches = fits && is_match((enum policy_rule_kind)e->kind, a.value);
    a.gates = fits && e->kind == RULE_ASK && a.value == TRI_UNKNOWN;
    insert(state, &a);
    return true;
}

static void put_fault(void *state, bool unknown, struct str sentence)
{
    struct json_out *o = state;
    json_open_object(o);
    json_kv_bool(o, "unknown", unknown);
    json_kv_str(o, "wanted", sentence);
    json_close_object(o);
}

static void put_faults(const struct deciding *d, uint32_t rule, struct json_out *o)
{
    json_key(o, "fails");
    json_open_array(o);
    explain_faults(d, rule, put_fault, o);
    json_close_array(o);
}

static void put_about(const struct deciding *d, const char *effect, const struct about *a,
                      struct json_out *o)
{
    static const char *const values[] = {
        [TRI_FALSE] = "false", [TRI_UNKNOWN] = "unknown", [TRI_TRUE] = "true"};
    struct policy_rule_info info = policy_image_rule(d->image, a->at.rule);
    json_open_object(o);
    json_kv_str(o, "condition", str_of(values[a->value]));
    json_kv_str(o, "effect", str_of(effect));
    put_faults(d, a->at.rule, o);
    json_kv_str(o, "file", info.file);
    if (a->gates)
        json_kv_bool(o, "gates", true);
    json_kv_uint(o, "line", info.line);
    json_kv_bool(o, "matches", a->matches);
    json_kv_str(o, "rule", info.id);
    json_close_object(o);
}

/* In the order in which they count. */
static void put_rules(struct deciding *d, struct json_out *o)
{
    static const struct {
        enum policy_rule_kind kind;
        const char *word;
    } kinds[] = {
        {RULE_DENY, "deny"}, {RULE_ASK, "ask"}, {RULE_ALLOW, "allow"}, {RULE_REQUIRE, "require"}};
    uint32_t left_out = 0;
    json_key(o, "rules");
    json_open_array(o);
    for (size_t k = 0; k < BASE_COUNT(kinds); k++) {
        struct telling t;
        t.n = t.left_out = 0;
        decide_each(d, kinds[k].kind, consider, &t);
        for (uint32_t i = 0; i < t.n; i++)
            put_about(d, kinds[k].word, &t.v[i], o);
        left_out += t.left_out;
    }
    json_close_array(o);
    if (left_out)
        json_kv_uint(o, "rules_left_out", left_out);
}

/* Where a subject's level is from. */
static void put_level(const struct deciding *d, enum core_level level, struct json_out *o)
{
    const struct img_level *l = eval_level(d->image, &d->eval.subject);
    auto_buf struct buf text = {0};
    json_kv_str(o, "level", str_of(core_level_name(level)));
    if (l)
        explain_entry(d->image, l, core_level_name((enum core_level)l->level), &text);
    else
        buf_z(&text, image_head(d->image)->default_level < 0
                         ? "no entry of `subjects` names it, and there is no `defaults.level`"
                         : "no entry of `subjects` names it, so `defaults.level` holds");
    if (d->req->level >= 0)
        buf_printf(&text, "; the request asks for %s",
                   core_level_name((enum core_level)d->req->level));
    json_kv_str(o, "level_from", buf_view(&text));
}

static void put_link(const struct policy_question *q, uint32_t link, struct decide_judged *judged,
                     struct json_out *o)
{
    struct policy_request as = decide_as(&q->asked.request, &q->inputs, link);
    struct deciding d;
    struct verdict v;
    decide_again(&d, q->image, &as, &q->inputs, link, judged, &v);
    json_open_object(o);
    put_level(&d, v.level, o);
    put_rules(&d, o);
    json_kv_str(o, "subject", as.subject);
    json_close_object(o);
    judged->left = d.patterns;
}

void policy_put_judged(const struct policy_question *q, struct json_out *o)
{
    struct decide_judged judged;
    decide_replay(q->image, &q->asked.request, &q->inputs, &judged);
    json_key(o, "judged");
    json_open_array(o);
    for (uint32_t i = 0; i < q->decision.nlinks; i++)
        put_link(q, i, &judged, o);
    json_close_array(o);
}

void policy_put_nearest(const struct policy_question *q, struct json_out *o)
{
    struct policy_miss miss;
    struct decide_judged judged;
    struct deciding d;
    struct verdict v;
    if (!policy_nearest_miss(q->image, &q->asked.request, &q->inputs, &q->decision, &miss))
        return;
    struct policy_request as = decide_as(&q->asked.request, &q->inputs, q->decision.strictest);
    decide_replay(q->image, &q->asked.request, &q->inputs, &judged);
    decide_again(&d, q->image, &as, &q->inputs, q->decision.strictest, &judged, &v);
    json_key(o, "nearest");
    json_open_object(o);
    put_faults(&d, miss.rule, o);
    struct policy_rule_info info = policy_image_rule(q->image, miss.rule);
    json_kv_str(o, "file", info.file);
    json_kv_uint(o, "line", info.line);
    json_kv_str(o, "rule", info.id);
    json_close_object(o);
}
