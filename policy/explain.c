/*
 * Why a request was denied, in one sentence for the person who made it. Works on the image alone
 * and evaluates again what decide.c evaluated; says nothing of other subjects' rules than the
 * nearest one's id and condition.
 */
#include "policy/eval.h"

#define MAX_VALUE 120u

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

static void put_literal(const struct policy_image *image, const struct img_literal *l,
                        struct buf *out)
{
    static const char *const words[] = {"false", "true"};
    switch (l->type) {
    case Y_TEXT:
        json_put_string(out, image_str(image, l->s));
        return;
    case Y_INT:
        buf_printf(out, "%lld", (long long)l->i);
        return;
    case Y_DOUBLE:
        json_put_double(out, l->d);
        return;
    case Y_BOOL:
        buf_z(out, words[l->boolean]);
        return;
    default:
        break;
    }
    const struct img_literal *base = image_literals(image);
    unsigned shown = 0;
    buf_byte(out, '[');
    for (const struct img_literal *c = l + 1; c < base + l->end; c = base + c->end) {
        buf_z(out, shown ? ", " : "");
        if (shown++ == 8) {
            buf_z(out, "...");
            break;
        }
        put_literal(image, c, out);
    }
    buf_byte(out, ']');
}

static void put_node(const struct json_doc *doc, const struct json_node *n, struct buf *out)
{
    if (n->type == JSON_STRING && n->s.n > MAX_VALUE) {
        buf_printf(out, "a text of %zu bytes", n->s.n);
        return;
    }
    auto_buf struct buf text;
    buf_init(&text, (size_t)4 * MAX_VALUE);
    json_canonical(doc, n, &text);
    if (text.failed)
        buf_printf(out, "a value with %u parts", n->count);
    else
        buf_str(out, buf_view(&text));
}

static void put_value(const struct policy_image *image, const struct policy_request *req,
                      uint32_t attribute, struct buf *out)
{
    struct eval_value v = eval_attribute(image, req, attribute);
    if (v.state == EVAL_THERE) {
        buf_z(out, ", and is ");
        put_node(req->args, v.node, out);
    } else {
        buf_z(out, v.state == EVAL_MISSING ? ", and is missing"
                                           : ", and is inside of what is no mapping");
    }
}

static void put_leaf(const struct policy_image *image, const struct policy_request *req,
                     const struct img_condition *c, bool negated, struct buf *out)
{
    const char *not_ = negated ? "must not be " : "must be ";
    buf_str(out, image_str(image, image_attributes(image)[c->attribute].text));
    buf_byte(out, ' ');
    if (c->op == OP_EXISTS) {
        buf_printf(out, "must be %s", (bool)c->flag != negated ? "there" : "absent");
    } else {
        buf_printf(out, "%s%s", not_,
                   c->op == OP_IN      ? "one of "
                   : c->op == OP_UNDER ? "at or under "
                                       : "");
        put_literal(image, &image_literals(image)[c->operand], out);
    }
    put_value(image, req, c->attribute, out);
}

/* The first node below `at` that keeps it from being true, and whether a `not` stands over it. */
static uint32_t first_failing(const struct policy_image *image, const struct policy_request *req,
                              uint32_t at, bool *negated)
{
    const struct img_condition *nodes = image_conditions(image);
    for (;;) {
        const struct img_condition *c = &nodes[at];
        if (c->op > OP_NOT && c->op != OP_ABSENT)
            return at;
        if (at + 1 == c->end)
            return at; /* an empty list */
        bool every = c->op != OP_ANY;
        *negated ^= c->op == OP_NOT;
        uint32_t next = at + 1;
        enum tri wanted = *negated ? TRI_FALSE : TRI_TRUE;
        while (every && nodes[next].end < c->end && eval_condition(image, req, next) == wanted)
            next = nodes[next].end;
        at = next;
    }
}

static void put_condition(const struct policy_image *image, const struct policy_request *req,
                          uint32_t at, struct buf *out)
{
    bool negated = false;
    const struct img_condition *c = &image_conditions(image)[at];
    if (c->op == OP_ANY)
        buf_z(out, "none of its alternatives holds; the first: ");
    at = first_failing(image, req, at, &negated);
    c = &image_conditions(image)[at];
    if (c->op <= OP_NOT)
        buf_z(out, "its condition has no alternative");
    else if (c->op == OP_ABSENT)
        buf_str(out, image_str(image, image_attributes(image)[c->attribute].text));
    else
        put_leaf(image, req, c, negated, out);
}

/* ---- the nearest miss ---- */

struct miss {
    uint32_t rule, failing;
    uint32_t condition; /* the first that fails; POLICY_NONE: a template does */
};

static struct miss judge(const struct policy_image *image, const struct policy_request *req,
                         uint32_t rule)
{
    const struct img_rule *r = &image_rules(image)[rule];
    const struct img_condition *nodes = image_conditions(image);
    struct miss m = {rule, 0, POLICY_NONE};
    uint32_t end = r->condition == POLICY_NONE ? 0 : nodes[r->condition].end;
    for (uint32_t i = r->condition + 1; i < end; i = nodes[i].end) {
        if (eval_condition(image, req, i) == TRI_TRUE)
            continue;
        if (m.failing++ == 0)
            m.condition = i;
    }
    m.failing += !eval_templates_hold(image, req, r->grant);
    return m;
}

static void nearest_found(const struct eval_scan *scan, const struct policy_request *req,
                          bool *found, struct miss *best)
{
    for (unsigned i = 0; i < scan->nfound; i++) {
        const struct img_entry *e = image_entries(scan->image) + scan->found[i].first;
        for (uint32_t k = 0; k < scan->found[i].n; k++) {
            if (e[k].klass != IMAGE_CLASS_ALLOW || !eval_pattern_fits(scan, &e[k]) ||
                !eval_entry_rank(scan, &e[k]))
                continue;
            struct miss m = judge(scan->image, req, e[k].rule);
            if (!*found || m.failing < best->failing ||
                (m.failing == best->failing && m.rule < best->rule))
                *best = m;
            *found = true;
        }
    }
}

static bool nearest_miss(const struct policy_image *image, const struct policy_request *req,
                         struct miss *best)
{
    struct eval_scan scan;
    bool found = false;
    eval_scan_begin(&scan, image, req->capability, eval_subject_of(image, req->subject));
    while (eval_scan_next(&scan))
        nearest_found(&scan, req, &found, best);
    return found;
}

static void put_template(const struct policy_image *image, const struct policy_request *req,
                         uint32_t grant, struct buf *out)
{
    const struct img_grant *g = &image_grants(image)[grant];
    const struct img_path *read = image_paths(image) + g->read;
    struct str ignored;
    for (uint32_t i = 0; i < g->nread; i++) {
        if (read[i].attribute == POLICY_NONE ||
            eval_template(image, req, read[i].attribute, &ignored))
            continue;
        buf_str(out, image_str(image, image_attributes(image)[read[i].attribute].text));
        buf_z(out, " must be one absolute path");
        put_value(image, req, read[i].attribute, out);
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

static void explain_default(const struct policy_image *image, const struct policy_request *req,
                            struct buf *out)
{
    struct miss miss;
    if (!nearest_miss(image, req, &miss)) {
        put_who("no rule of the policy permits ", req, out);
        return;
    }
    const struct img_rule *r = &image_rules(image)[miss.rule];
    put_who("no rule permits ", req, out);
    buf_z(out, " like this; the nearest is ");
    buf_str(out, image_str(image, r->id));
    buf_z(out, ": ");
    if (miss.condition == POLICY_NONE && r->grant != POLICY_NONE)
        put_template(image, req, r->grant, out);
    else if (miss.condition != POLICY_NONE)
        put_condition(image, req, miss.condition, out);
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
                    const struct policy_decision *d, struct buf *out)
{
    struct policy_rule_info info = policy_image_rule(image, d->rule);
    if (d->rule == POLICY_RULE_DEFAULT) {
        explain_default(image, req, out);
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
