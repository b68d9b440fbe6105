/*
 * Why a request was denied, in one sentence for the person who made it. Works on the image alone
 * and evaluates again what decide.c evaluated; says nothing of other subjects' rules than the
 * nearest one's id and condition.
 */
#include "policy/decide.h"

/* Text from outside as part of a sentence: bounded, without control characters, UTF-8. */
void explain_text(struct str s, struct buf *out)
{
    char shown[POLICY_SHOWN];
    buf_z(out, str_is_utf8(s) ? policy_shown(s, shown) : "(not UTF-8)");
}

static void put_sentence(struct buf *out, struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        buf_byte(out, (uint8_t)s.p[i] < 0x20 ? ' ' : (uint8_t)s.p[i]);
}

/* ---- the nearest miss ---- */

/* What a rule fails by first, in the order in which it is told. */
enum fault { FAULT_NONE, FAULT_CONDITION, FAULT_TEMPLATE, FAULT_RESOURCE, FAULT_TIME };
struct miss {
    struct standing at;
    struct policy_miss told;
    enum fault first;
    uint32_t fails;     /* bit enum fault */
    uint32_t condition; /* the first that fails */
    uint64_t patterns;  /* what regular expressions could cost when it was judged */
    uint32_t attribute; /* of the template that fails */
    enum eval_wanted wanted;
};

static void fail(struct miss *m, enum fault fault)
{
    if (m->told.failing++ == 0)
        m->first = fault;
    m->fails |= 1u << fault;
}

/* As a rule's condition is told of: by the arguments by which it does not hold. */
static struct eval eval_of(const struct deciding *d, uint32_t rule, uint32_t at)
{
    bool passed = decide_sees_passed(d, rule) && eval_condition(&d->eval, at) == TRI_TRUE;
    return passed ? decide_eval_passed(d) : d->eval;
}

/* The same of the templates of its grant. */
static struct eval eval_of_grant(const struct deciding *d, const struct img_rule *r, uint32_t rule)
{
    bool passed = decide_sees_passed(d, rule) && eval_templates_hold(&d->eval, r->grant);
    return passed ? decide_eval_passed(d) : d->eval;
}

/* The parts of a rule's condition one by one, as the decision judged them up to where it stopped:
 * with what regular expressions could cost then. Behind that, and of a rule that it did not judge,
 * they may cost what it left, all together. `fn` may judge the part again, at the same cost. */
typedef void part_fn(const struct deciding *d, uint32_t at, enum tri value, void *state);
static void each_part(const struct deciding *d, uint32_t rule, part_fn *fn, void *state)
{
    const struct img_condition *nodes = image_conditions(d->image);
    uint32_t root = image_rules(d->image)[rule].condition;
    uint32_t end = root == POLICY_NONE ? 0 : nodes[root].end;
    uint64_t *patterns = d->eval.patterns, left = *patterns;
    bool was = decide_was_judged(d, rule, patterns);
    for (uint32_t i = root + 1; i < end; i = nodes[i].end) {
        uint64_t before = *patterns;
        enum tri value = decide_condition(d, rule, i);
        uint64_t after = *patterns;
        *patterns = before;
        fn(d, i, value, state);
        *patterns = was && value == TRI_FALSE ? left : after;
        was = was && value != TRI_FALSE;
    }
    if (was)
        *patterns = left;
}

static void judge_part(const struct deciding *d, uint32_t at, enum tri value, void *state)
{
    struct miss *m = state;
    if (value == TRI_TRUE)
        return;
    if (m->told.failing == 0) {
        m->condition = at;
        m->patterns = d->patterns;
    }
    m->told.unknown += value == TRI_UNKNOWN;
    fail(m, FAULT_CONDITION);
}

static struct miss judge(const struct deciding *d, const struct standing *at)
{
    const struct img_rule *r = &image_rules(d->image)[at->rule];
    const struct img_selector *s = image_selector_of(d->image, r);
    struct miss m = {.at = *at, .told.rule = at->rule};
    each_part(d, at->rule, judge_part, &m);
    if (r->grant != POLICY_NONE) {
        const struct eval eval = eval_of_grant(d, r, at->rule);
        m.wanted = eval_template_fails(&eval, r->grant, &m.attribute);
    }
    if (m.wanted != EVAL_NOTHING)
        fail(&m, FAULT_TEMPLATE);
    if (s && !eval_resource_fits(&d->eval, s, true))
        fail(&m, FAULT_RESOURCE);
    if (s && (d->inputs->now_ns < s->from_ns || d->inputs->now_ns >= s->until_ns))
        fail(&m, FAULT_TIME);
    return m;
}

bool explain_is_about(const struct deciding *d, const struct eval_found *f,
                      const struct img_entry *e, struct standing *at)
{
    const struct img_selector *s = image_selector_of(d->image, &image_rules(d->image)[e->rule]);
    if (!eval_pattern_fits(&d->scan, e))
        return false;
    bool permits = e->kind == RULE_ALLOW || e->kind == RULE_ASK;
    if (s && (s->shadow || !eval_effect_fits(&d->effects, s, permits) ||
              !eval_in_scope(&d->eval, s->scope)))
        return false;
    *at = decide_standing(d, f, e);
    at->subject = eval_entry_rank(&d->scan, e);
    return at->subject > 0;
}

static bool is_nearer(const struct miss *a, const struct miss *b)
{
    if (a->told.failing != b->told.failing)
        return a->told.failing < b->told.failing;
    return decide_precedes(&a->at, &b->at);
}

struct search {
    bool found;
    struct miss best;
};

static bool consider(const struct deciding *d, const struct eval_found *f,
                     const struct img_entry *e, void *state)
{
    struct search *search = state;
    struct standing at;
    if (!explain_is_about(d, f, e, &at))
        return true;
    struct miss m = judge(d, &at);
    if (!search->found || is_nearer(&m, &search->best))
        search->best = m;
    search->found = true;
    return true;
}

static bool nearest_miss(struct deciding *d, struct miss *best)
{
    struct search search = {.found = false};
    decide_each(d, RULE_ALLOW, consider, &search);
    decide_each(d, RULE_ASK, consider, &search);
    *best = search.best;
    return search.found;
}

/* The link that was denied, as it was judged. */
struct again {
    struct policy_request as;
    struct deciding of;
    struct decide_judged judged;
};
static void begin_again(const struct policy_image *image, const struct policy_request *req,
                        const struct reeve_inputs_view *inputs, const struct policy_decision *d,
                        struct again *out)
{
    struct verdict ignored;
    out->as = decide_as(req, inputs, d->strictest);
    decide_replay(image, req, inputs, &out->judged);
    decide_again(&out->of, image, &out->as, inputs, d->strictest, &out->judged, &ignored);
}

bool policy_nearest_miss(const struct policy_image *image, const struct policy_request *req,
                         const struct reeve_inputs_view *inputs, const struct policy_decision *d,
                         struct policy_miss *out)
{
    struct again again;
    struct miss m;
    if (d->rule != POLICY_RULE_DEFAULT || !decide_is_valid(req, inputs))
        return false;
    begin_again(image, req, inputs, d, &again);
    if (!nearest_miss(&again.of, &m))
        return false;
    *out = m.told;
    return true;
}

static void put_template(const struct deciding *d, const struct miss *m, struct buf *out)
{
    if (m->wanted == EVAL_SEGMENT) {
        buf_z(out, "the subject's id must be one segment of a path");
        return;
    }
    buf_str(out, image_str(d->image, image_attributes(d->image)[m->attribute].text));
    buf_z(out, m->wanted == EVAL_URL ? " must be a URL that can be read for certain"
                                     : " must be one absolute path");
    const struct img_rule *r = &image_rules(d->image)[m->told.rule];
    const struct eval eval = eval_of_grant(d, r, m->told.rule);
    explain_value(&eval, m->attribute, out);
}

static void put_resource(const struct deciding *d, const struct img_selector *s, struct buf *out)
{
    const uint32_t *refs = image_refs(d->image) + s->resources;
    buf_z(out, "resource must be ");
    for (uint32_t i = 0; i < s->nresources && i < 8; i++) {
        buf_z(out, i ? " or " : "");
        explain_text(image_str(d->image, image_globs(d->image)[refs[i]].text), out);
    }
    buf_z(out, d->req->resource.n ? ", and is " : ", and is missing");
    explain_text(d->req->resource, out);
}

static void put_time(const struct img_selector *s, int64_t now_ns, struct buf *out)
{
    char text[BASE_RFC3339_MAX];
    bool early = now_ns < s->from_ns;
    base_rfc3339(early ? s->from_ns : s->until_ns, text);
    buf_printf(out, "it is valid %s %s", early ? "from" : "until", text);
}

/* What the conditions that could not be judged are about. */
struct unknown_parts {
    uint32_t rule;
    const char *comma;
    uint32_t told;
    struct buf *out;
};
static void put_unknown(const struct deciding *d, uint32_t at, enum tri value, void *state)
{
    struct unknown_parts *u = state;
    if (value != TRI_UNKNOWN || u->told++ >= 8)
        return;
    const struct eval eval = eval_of(d, u->rule, at);
    explain_unknown(&eval, at, &u->comma, u->out);
}

/* One thing by which a rule fails, in words. */
static void put_one(const struct deciding *d, const struct miss *m, enum fault fault,
                    struct buf *out)
{
    const struct img_rule *r = &image_rules(d->image)[m->told.rule];
    const struct img_selector *s = image_selector_of(d->image, r);
    uint64_t left = *d->eval.patterns;
    struct eval eval;
    switch (fault) {
    case FAULT_CONDITION:
        *d->eval.patterns = m->patterns;
        eval = eval_of(d, m->told.rule, m->condition);
        *d->eval.patterns = m->patterns;
        explain_condition(&eval, m->condition, out);
        break;
    case FAULT_TEMPLATE:
        put_template(d, m, out);
        break;
    case FAULT_RESOURCE:
        put_resource(d, s, out);
        break;
    case FAULT_TIME:
        put_time(s, d->inputs->now_ns, out);
        break;
    case FAULT_NONE: /* an ask that was not reached; nothing of it fails */
        buf_z(out, "it is not reached");
        break;
    }
    *d->eval.patterns = left;
}

static void put_fault(const struct deciding *d, const struct miss *m, struct buf *out)
{
    struct unknown_parts unknown = {m->told.rule, "; could not be judged: ", 0, out};
    put_one(d, m, m->first, out);
    if (m->told.failing < 2)
        return;
    buf_printf(out, "; %u more of its conditions %s not hold", m->told.failing - 1,
               m->told.failing == 2 ? "does" : "do");
    if (m->told.unknown)
        each_part(d, m->told.rule, put_unknown, &unknown);
}

static void tell_fault(const struct deciding *d, const struct miss *m, enum fault fault,
                       bool unknown, explain_fault_fn *fn, void *state)
{
    auto_buf struct buf text = {0};
    put_one(d, m, fault, &text);
    fn(state, unknown, buf_view(&text));
}

struct telling {
    struct miss m;
    explain_fault_fn *fn;
    void *state;
};
static void tell_part(const struct deciding *d, uint32_t at, enum tri value, void *state)
{
    struct telling *t = state;
    t->m.condition = at;
    t->m.patterns = d->patterns;
    if (value != TRI_TRUE)
        tell_fault(d, &t->m, FAULT_CONDITION, value == TRI_UNKNOWN, t->fn, t->state);
}

void explain_faults(const struct deciding *d, uint32_t rule, explain_fault_fn *fn, void *state)
{
    struct standing at = {.rule = rule};
    struct telling t = {judge(d, &at), fn, state};
    each_part(d, rule, tell_part, &t);
    for (enum fault f = FAULT_TEMPLATE; f <= FAULT_TIME; f++)
        if (t.m.fails >> f & 1)
            tell_fault(d, &t.m, f, false, fn, state);
}

static void put_who(const char *begin, const struct policy_request *req, struct buf *out)
{
    buf_z(out, begin);
    explain_text(req->capability, out);
    buf_z(out, " to ");
    explain_text(req->subject, out);
}

static void explain_default(struct deciding *d, struct buf *out)
{
    struct miss miss;
    if (!nearest_miss(d, &miss)) {
        put_who("no rule of the policy permits ", d->req, out);
        return;
    }
    const struct img_rule *r = &image_rules(d->image)[miss.told.rule];
    put_who("no rule permits ", d->req, out);
    buf_z(out, " like this; the nearest is ");
    buf_str(out, image_str(d->image, r->id));
    buf_z(out, ": ");
    put_fault(d, &miss, out);
}

void explain_entry(const struct policy_image *image, const struct img_level *l, const char *what,
                   struct buf *out)
{
    buf_printf(out, "`subjects` gives %s to %s", what, l->kind == SUBJECT_GROUP ? "group:" : "");
    buf_str(out, image_str(image, l->text));
    buf_printf(out, " on line %u", l->line);
    if (!l->file)
        return;
    buf_z(out, " of ");
    buf_str(out, image_file(image, l->file));
}

static void explain_pure(const struct deciding *of, const struct policy_decision *d,
                         struct buf *out)
{
    const struct policy_image *image = of->image;
    const struct policy_request *req = of->req;
    const struct img_level *l = eval_level(image, &of->eval.subject);
    explain_text(req->capability, out);
    buf_printf(out, " is of class %s, and ", core_class_name(d->klass));
    explain_text(req->subject, out);
    buf_z(out, " has level pure: ");
    if (l && l->level == CORE_LEVEL_PURE)
        explain_entry(image, l, "it", out);
    else if (!l && image_head(image)->default_level < 0)
        buf_z(out, "no entry of `subjects` names it, and the policy has no `defaults.level`");
    else if (!l && image_head(image)->default_level == CORE_LEVEL_PURE)
        buf_z(out, "no entry of `subjects` names it, and `defaults.level` is pure");
    else
        buf_z(out, "the request asked for no more");
}

/* The rules beside the named one that want an approval. */
static void explain_held(const struct policy_image *image, const struct policy_decision *d,
                         struct buf *out)
{
    for (uint32_t i = 0; i < d->requires.n; i++) {
        struct policy_rule_info info = policy_image_rule(image, d->requires.v[i]);
        if (decide_hold(image, d->requires.v[i])->approval == POLICY_NONE)
            continue;
        buf_z(out, "; ");
        buf_str(out, info.id);
        buf_z(out, info.reason.n ? " holds it: " : " holds it");
        put_sentence(out, info.reason);
    }
}

/* Who can say yes, since the rule alone does not. */
static void explain_ask(const struct policy_image *image, const struct policy_decision *d,
                        struct buf *out)
{
    buf_z(out, "approval is needed");
    for (uint32_t i = 0; i < d->approvals.n; i++) {
        struct policy_approval a;
        if (!policy_image_approval(image, d->approvals.v[i], &a))
            continue;
        buf_printf(out, "%s by %u of ", i ? ", and" : "", a.need);
        put_sentence(out, a.by);
    }
    struct policy_rule_info info = policy_image_rule(image, d->rule);
    if (info.reason.n) {
        buf_z(out, ": ");
        put_sentence(out, info.reason);
    }
    explain_held(image, d, out);
}

static void put_amount(unsigned counted, uint64_t v, struct buf *out)
{
    if (counted == POLICY_COUNTED_NETWORK_OUT)
        core_limit_format(CORE_LIMIT_NETWORK_IO, v, out);
    else
        buf_printf(out, "%llu", (unsigned long long)v);
}

static void explain_budget(const struct deciding *of, uint32_t budget, struct buf *out)
{
#define X(id, name) name,
    static const char *const words[] = {POLICY_COUNTED_TABLE(X)};
#undef X
    const struct img_budget *b = &image_budgets(of->image)[budget];
    buf_z(out, "budget ");
    buf_str(out, image_str(of->image, b->id));
    buf_z(out, " is spent:");
    const char *comma = " ";
    for (unsigned i = 0; i < POLICY_COUNTED_COUNT; i++) {
        if (!(b->set >> i & 1))
            continue;
        buf_printf(out, "%s%s ", comma, words[i]);
        comma = ", ";
        uint64_t spent;
        if (policy_spent_of(of, budget, i, &spent))
            put_amount(i, spent, out);
        else
            buf_z(out, "(not known)");
        buf_z(out, " of ");
        put_amount(i, b->max[i], out);
    }
}

void policy_explain(const struct policy_image *image, const struct policy_request *req,
                    const struct reeve_inputs_view *inputs, const struct policy_decision *d,
                    struct buf *out)
{
    struct policy_rule_info info = policy_image_rule(image, d->rule);
    uint32_t rules = image->section[IMAGE_rules].count;
    struct again again;
    struct deciding *of = &again.of;
    if (!decide_is_valid(req, inputs)) {
        buf_z(out, "the request is none that can be decided");
        return;
    }
    begin_again(image, req, inputs, d, &again);
    if (d->effect == CORE_EFFECT_ASK) {
        explain_ask(image, d, out);
    } else if (d->rule == POLICY_RULE_DEFAULT) {
        explain_default(of, out);
    } else if (d->rule == POLICY_RULE_CEILING) {
        explain_ceiling(of, d, out);
    } else if (d->rule == POLICY_RULE_PURE) {
        explain_pure(of, d, out);
    } else if (d->rule >= rules && d->rule - rules < image->section[IMAGE_budgets].count) {
        explain_budget(of, d->rule - rules, out);
    } else if (info.reason.n) {
        put_sentence(out, info.reason);
    } else {
        buf_z(out, "rule ");
        buf_str(out, info.id);
        put_who(d->effect == CORE_EFFECT_DENY ? " denies " : " permits ", of->req, out);
    }
}
