/* See coverage.h. */
#include "policy/coverage.h"

#include "policy/decide.h"

/* ---- leaves ---- */

/* The leaf at or behind `at` that judges a value of the request, `end` where there is none: what
 * judges elements of a list is a part of its parent. */
static uint32_t next_leaf(const struct policy_image *image, uint32_t at, uint32_t end)
{
    const struct img_condition *nodes = image_conditions(image);
    while (at < end && nodes[at].op <= OP_ABSENT)
        at++;
    return at;
}

/* The leaves of a rule into `out`, which may be NULL; how many there are. */
static uint32_t leaves_of(const struct policy_image *image, const struct img_rule *r,
                          struct coverage_leaf *out)
{
    const struct img_condition *nodes = image_conditions(image);
    uint32_t n = 0, end = r->condition == POLICY_NONE ? 0 : nodes[r->condition].end;
    if (!end)
        return 0;
    for (uint32_t i = next_leaf(image, r->condition, end); i < end;
         i = next_leaf(image, nodes[i].end, end)) {
        if (out)
            out[n].condition = i;
        n++;
    }
    return n;
}

int policy_coverage_begin(const struct policy_image *image, struct arena *arena,
                          struct policy_coverage *out)
{
    uint32_t nrules = image->section[IMAGE_rules].count, nleaves = 0;
    *out = (struct policy_coverage){.image = image, .nrules = nrules};
    out->rule = arena_array(arena, nrules ? nrules : 1, sizeof *out->rule);
    if (!out->rule)
        return REEVE_ENOMEM;
    for (uint32_t i = 0; i < nrules; i++) {
        out->rule[i].first = nleaves;
        nleaves += out->rule[i].n = leaves_of(image, &image_rules(image)[i], NULL);
    }
    out->nleaves = nleaves;
    out->leaf = arena_array(arena, nleaves ? nleaves : 1, sizeof *out->leaf);
    if (!out->leaf)
        return REEVE_ENOMEM;
    for (uint32_t i = 0; i < nrules; i++)
        (void)leaves_of(image, &image_rules(image)[i], &out->leaf[out->rule[i].first]);
    return REEVE_OK;
}

/* ---- what a decision adds ---- */

static bool look(const struct deciding *d, const struct eval_found *f, const struct img_entry *e,
                 void *state)
{
    struct policy_coverage *c = state;
    struct coverage_rule *r = &c->rule[e->rule];
    struct standing ignored;
    if (r->round == c->round || !decide_fits(d, f, e, &ignored))
        return true;
    r->round = c->round;
    enum tri value = decide_value(d, e);
    bool on_unknown = e->kind != RULE_ALLOW; /* an ask that cannot be judged gates */
    r->matched += value == TRI_TRUE || (value == TRI_UNKNOWN && on_unknown);
    for (uint32_t i = r->first; i < r->first + r->n; i++)
        c->leaf[i].seen[decide_condition(d, e->rule, c->leaf[i].condition)]++;
    return true;
}

static void add_link(struct policy_coverage *c, const struct policy_question *q, uint32_t link,
                     bool shadow)
{
    struct policy_request as = decide_as(&q->asked.request, &q->inputs, link);
    struct deciding d;
    struct verdict v;
    decide_begin(&d, q->image, &as, &q->inputs, link, shadow, &v);
    c->round += !shadow;
    for (int kind = 0; kind < RULE_KINDS; kind++)
        decide_each(&d, (enum policy_rule_kind)kind, look, c);
}

void policy_coverage_add(struct policy_coverage *c, const struct policy_question *q)
{
    const struct policy_decision *d = &q->decision;
    for (uint32_t link = 0; link < d->nlinks; link++) {
        add_link(c, q, link, false);
        if (image_head(c->image)->nshadow)
            add_link(c, q, link, true);
    }
    if (d->rule < c->nrules)
        c->rule[d->rule].named++;
    if (d->shadow.differs && d->shadow.rule < c->nrules)
        c->rule[d->shadow.rule].named++;
    for (uint32_t i = 0; i < d->requires.n; i++)
        c->rule[d->requires.v[i]].held++;
}

/* ---- what it comes to ---- */

static unsigned percent(uint32_t n, uint32_t of)
{
    return of ? (unsigned)(UINT64_C(100) * n / of) : 100;
}

unsigned policy_coverage_rules(const struct policy_coverage *c)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < c->nrules; i++)
        n += c->rule[i].matched > 0;
    return percent(n, c->nrules);
}

unsigned policy_coverage_conditions(const struct policy_coverage *c)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < c->nleaves; i++) {
        const uint32_t *seen = c->leaf[i].seen;
        n += seen[TRI_TRUE] && (seen[TRI_FALSE] || seen[TRI_UNKNOWN]);
    }
    return percent(n, c->nleaves);
}

static void put_leaf(const struct policy_coverage *c, const struct coverage_leaf *leaf,
                     struct json_out *o)
{
    auto_buf struct buf text = {0};
    explain_wanted(c->image, leaf->condition, &text);
    o->b->failed |= text.failed;
    json_open_object(o);
    json_kv_uint(o, "false", leaf->seen[TRI_FALSE]);
    json_kv_str(o, "text", buf_view(&text));
    json_kv_uint(o, "true", leaf->seen[TRI_TRUE]);
    json_kv_uint(o, "unknown", leaf->seen[TRI_UNKNOWN]);
    json_close_object(o);
}

static void put_rule(const struct policy_coverage *c, uint32_t rule, struct json_out *o)
{
    const struct coverage_rule *r = &c->rule[rule];
    struct policy_rule_info info = policy_image_rule(c->image, rule);
    json_open_object(o);
    json_key(o, "conditions");
    json_open_array(o);
    for (uint32_t i = 0; i < r->n; i++)
        put_leaf(c, &c->leaf[r->first + i], o);
    json_close_array(o);
    json_kv_str(o, "file", info.file);
    json_kv_uint(o, "held", r->held);
    json_kv_uint(o, "line", info.line);
    json_kv_uint(o, "matched", r->matched);
    json_kv_uint(o, "named", r->named);
    json_kv_str(o, "rule", info.id);
    json_close_object(o);
}

void policy_coverage_json(const struct policy_coverage *c, struct json_out *o)
{
    json_open_object(o);
    json_kv_uint(o, "conditions_percent", policy_coverage_conditions(c));
    json_key(o, "rules");
    json_open_array(o);
    for (uint32_t i = 0; i < c->nrules; i++)
        put_rule(c, i, o);
    json_close_array(o);
    json_kv_uint(o, "rules_percent", policy_coverage_rules(c));
    json_close_object(o);
}
