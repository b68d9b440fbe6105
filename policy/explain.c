/*
 * Why a request was denied, in one sentence for the person who made it. Works on the image alone
 * and evaluates again what decide.c evaluated; says nothing of other subjects' rules than the
 * nearest one's id and condition.
 */
#include "policy/eval.h"

/* Text from outside as part of a sentence: bounded, without control characters, UTF-8. */
static void put_shown(struct buf *out, struct str s)
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

struct miss {
    uint32_t rule, failing;
    uint32_t condition; /* the first that fails; POLICY_NONE: a template does */
};

static struct miss judge(const struct eval *e, uint32_t rule)
{
    const struct img_rule *r = &image_rules(e->image)[rule];
    const struct img_condition *nodes = image_conditions(e->image);
    struct miss m = {rule, 0, POLICY_NONE};
    uint32_t end = r->condition == POLICY_NONE ? 0 : nodes[r->condition].end;
    for (uint32_t i = r->condition + 1; i < end; i = nodes[i].end) {
        if (eval_condition(e, i) == TRI_TRUE)
            continue;
        if (m.failing++ == 0)
            m.condition = i;
    }
    m.failing += !eval_templates_hold(e->image, e->req, r->grant);
    return m;
}

static void nearest_found(const struct eval *eval, const struct eval_scan *scan, bool *found,
                          struct miss *best)
{
    for (unsigned i = 0; i < scan->nfound; i++) {
        const struct img_entry *e = image_entries(scan->image) + scan->found[i].first;
        for (uint32_t k = 0; k < scan->found[i].n; k++) {
            if (e[k].klass != IMAGE_CLASS_ALLOW || !eval_pattern_fits(scan, &e[k]) ||
                !eval_entry_rank(scan, &e[k]))
                continue;
            struct miss m = judge(eval, e[k].rule);
            if (!*found || m.failing < best->failing ||
                (m.failing == best->failing && m.rule < best->rule))
                *best = m;
            *found = true;
        }
    }
}

static bool nearest_miss(const struct eval *eval, struct miss *best)
{
    struct eval_scan scan;
    bool found = false;
    eval_scan_begin(&scan, eval->image, eval->req->capability, eval->subject);
    while (eval_scan_next(&scan))
        nearest_found(eval, &scan, &found, best);
    return found;
}

static void put_template(const struct eval *e, uint32_t grant, struct buf *out)
{
    const struct img_grant *g = &image_grants(e->image)[grant];
    const struct img_path *read = image_paths(e->image) + g->read;
    struct str ignored;
    for (uint32_t i = 0; i < g->nread; i++) {
        if (read[i].attribute == POLICY_NONE ||
            eval_template(e->image, e->req, read[i].attribute, &ignored))
            continue;
        buf_str(out, image_str(e->image, image_attributes(e->image)[read[i].attribute].text));
        buf_z(out, " must be one absolute path");
        explain_value(e, read[i].attribute, out);
        return;
    }
}

static void put_who(const char *begin, const struct policy_request *req, struct buf *out)
{
    buf_z(out, begin);
    put_shown(out, req->capability);
    buf_z(out, " to ");
    put_shown(out, req->subject);
}

static void explain_default(const struct eval *e, struct buf *out)
{
    const struct policy_image *image = e->image;
    const struct policy_request *req = e->req;
    struct miss miss;
    if (!nearest_miss(e, &miss)) {
        put_who("no rule of the policy permits ", req, out);
        return;
    }
    const struct img_rule *r = &image_rules(image)[miss.rule];
    put_who("no rule permits ", req, out);
    buf_z(out, " like this; the nearest is ");
    buf_str(out, image_str(image, r->id));
    buf_z(out, ": ");
    if (miss.condition == POLICY_NONE && r->grant != POLICY_NONE)
        put_template(e, r->grant, out);
    else if (miss.condition != POLICY_NONE)
        explain_condition(e, miss.condition, out);
}

static void explain_pure(const struct policy_image *image, const struct policy_request *req,
                         const struct policy_decision *d, struct buf *out)
{
    struct eval_subject subject = eval_subject_of(image, req->subject);
    const struct img_level *l = eval_level(image, &subject);
    put_shown(out, req->capability);
    buf_printf(out, " is of class %s, and ", core_class_name(d->klass));
    put_shown(out, req->subject);
    buf_z(out, " has level pure: ");
    if (l && l->level == CORE_LEVEL_PURE)
        buf_printf(out, "`subjects` gives it to %.*s on line %u", (int)l->text.n,
                   image_str(image, l->text).p, l->line);
    else if (!l && image_head(image)->default_level < 0)
        buf_z(out, "no entry of `subjects` names it, and the policy has no `defaults.level`");
    else if (!l && image_head(image)->default_level == CORE_LEVEL_PURE)
        buf_z(out, "no entry of `subjects` names it, and `defaults.level` is pure");
    else
        buf_z(out, "the request asked for no more");
}

void policy_explain(const struct policy_image *image, const struct policy_request *req,
                    const struct reeve_inputs_view *inputs, const struct policy_decision *d,
                    struct buf *out)
{
    struct policy_rule_info info = policy_image_rule(image, d->rule);
    if (d->rule == POLICY_RULE_DEFAULT) {
        struct eval e = {image, req, inputs, eval_subject_of(image, req->subject), d->level};
        explain_default(&e, out);
    } else if (d->rule == POLICY_RULE_PURE) {
        explain_pure(image, req, d, out);
    } else if (info.reason.n) {
        put_sentence(out, info.reason);
    } else {
        buf_z(out, "rule ");
        buf_str(out, info.id);
        put_who(d->effect == CORE_EFFECT_DENY ? " denies " : " permits ", req, out);
    }
}
