/*
 * A condition that failed, in words: which attribute had to be what, and what it was. Called by
 * explain.c; evaluates again what decide.c evaluated.
 */
#include "policy/eval.h"

#define MAX_VALUE 120u
#define MAX_SHOWN 8u /* elements of a list */

static void put_view(const struct policy_image *image, const struct view *v, struct buf *out);

static void put_list(const struct policy_image *image, const struct view *list, struct buf *out)
{
    struct view_cursor cursor = view_begin(list);
    struct view element;
    buf_byte(out, '[');
    while (view_next(image, &cursor, &element)) {
        buf_z(out, cursor.seen > 1 ? ", " : "");
        if (cursor.seen > MAX_SHOWN) {
            buf_z(out, "...");
            break;
        }
        put_view(image, &element, out);
    }
    buf_byte(out, ']');
}

/* A pattern as its author wrote it. */
static void put_literal_map(const struct policy_image *image, const struct view *map,
                            struct buf *out)
{
    const struct img_literal *rows = image_literals(image);
    uint32_t end = rows[map->literal].end;
    buf_byte(out, '{');
    for (uint32_t k = map->literal + 1; k < end; k = rows[k + 1].end) {
        struct view value = view_literal(image, k + 1);
        buf_z(out, k > map->literal + 1 ? ", " : "");
        buf_str(out, image_str(image, rows[k].s));
        buf_z(out, ": ");
        put_view(image, &value, out);
    }
    buf_byte(out, '}');
}

static void put_view(const struct policy_image *image, const struct view *v, struct buf *out)
{
    switch (v->kind) {
    case VIEW_TEXT:
        json_put_string(out, v->s);
        break;
    case VIEW_NUMBER:
        if (v->integer)
            buf_printf(out, "%lld", (long long)v->i);
        else
            json_put_double(out, v->d);
        break;
    case VIEW_BOOL:
        buf_z(out, v->boolean ? "true" : "false");
        break;
    case VIEW_LIST:
        put_list(image, v, out);
        break;
    case VIEW_MAP:
        if (v->source == VIEW_LITERAL)
            put_literal_map(image, v, out);
        else
            buf_printf(out, "a mapping of %u keys", v->count);
        break;
    default:
        buf_z(out, v->kind == VIEW_TIME ? "a time" : "null");
    }
}

/* A value from outside: bounded as a whole. */
static void put_bounded(const struct policy_image *image, const struct view *v, struct buf *out)
{
    if (v->kind == VIEW_TEXT && v->s.n > MAX_VALUE) {
        buf_printf(out, "a text of %zu bytes", v->s.n);
        return;
    }
    auto_buf struct buf text;
    buf_init(&text, (size_t)4 * MAX_VALUE);
    if (v->kind == VIEW_MAP && v->source == VIEW_JSON)
        json_canonical(v->json.doc, v->json.node, &text);
    else
        put_view(image, v, &text);
    if (text.failed)
        buf_printf(out, "a value with %u parts", v->count);
    else
        buf_str(out, buf_view(&text));
}

static void put_state(const struct eval *e, uint32_t attribute, struct buf *out)
{
    struct eval_value v = eval_attribute(e, attribute);
    switch (v.state) {
    case EVAL_MISSING:
        buf_z(out, "is missing");
        break;
    case EVAL_UNREACHABLE:
        buf_z(out, "is inside of what is no mapping");
        break;
    default:
        buf_z(out, "is ");
        put_bounded(e->image, &v.view, out);
        buf_z(out, v.state == EVAL_MISTYPED ? ", which is not of its type" : "");
    }
}

void explain_value(const struct eval *e, uint32_t attribute, struct buf *out)
{
    if (attribute == POLICY_NONE)
        return;
    buf_z(out, ", and ");
    put_state(e, attribute, out);
}

static void put_attribute(const struct policy_image *image, uint32_t attribute, struct buf *out)
{
    if (attribute == POLICY_NONE)
        buf_z(out, "a value");
    else
        buf_str(out, image_str(image, image_attributes(image)[attribute].text));
}

static void put_groups(const struct policy_image *image, const struct img_condition *c,
                       struct buf *out)
{
    const struct img_literal *groups = &image_literals(image)[c->operand];
    for (uint32_t i = 1; i <= groups->count; i++) {
        buf_z(out, i > 1 ? " or group:" : "group:");
        buf_str(out, image_str(image, image_groups(image)[groups[i].i].name));
    }
}

/* What a leaf wants, in words. */
static void put_wanted(const struct policy_image *image, const struct img_condition *c,
                       bool negated, struct buf *out)
{
#define X(id, word, operand, attr, phrase, ...) [OP_##id] = phrase,
    static const char *const phrases[OP_COUNT] = {POLICY_OP_TABLE(X)};
#undef X
    const char *must = negated ? " must not be " : " must be ";
    if (c->op == OP_IS) {
        buf_printf(out, "the subject%s%s", must, phrases[c->op]);
        put_groups(image, c, out);
        return;
    }
    put_attribute(image, c->attribute, out);
    if (c->op == OP_EXISTS)
        must = (bool)c->flag != negated ? " must be " : " must not be ";
    buf_printf(out, "%s%s", must, phrases[c->op]);
    if (c->operand_kind == IMG_REGEX) {
        json_put_string(out, image_str(image, image_regexes(image)[c->operand].pattern));
    } else if (c->operand_kind == IMG_FORM) {
        struct view written = view_literal(image, c->operand + 2);
        put_view(image, &written, out);
    } else if (c->operand_kind == IMG_ATTRIBUTE) {
        put_attribute(image, c->operand, out);
    } else if (c->operand != POLICY_NONE) {
        struct view operand = view_literal(image, c->operand);
        put_view(image, &operand, out);
    }
}

static void put_leaf(const struct eval *e, const struct img_condition *c, bool negated,
                     struct buf *out)
{
    put_wanted(e->image, c, negated, out);
    if (c->op == OP_IS)
        return;
    explain_value(e, c->attribute, out);
    if (c->operand_kind != IMG_ATTRIBUTE)
        return;
    buf_z(out, "; ");
    put_attribute(e->image, c->operand, out);
    buf_byte(out, ' ');
    put_state(e, c->operand, out);
}

void explain_wanted(const struct policy_image *image, uint32_t at, struct buf *out)
{
    put_wanted(image, &image_conditions(image)[at], false, out);
}

/* Whether a child may be passed over: it is as it has to be, or, of what cannot be judged, not what
 * keeps it from being judged. */
static bool is_passed(const struct eval *e, uint32_t child, bool every, bool negated, bool unknown)
{
    enum tri wanted = negated ? TRI_FALSE : TRI_TRUE;
    return unknown ? eval_condition(e, child) != TRI_UNKNOWN
                   : every && eval_condition(e, child) == wanted;
}

/* The first node below `at` that keeps it from being true, and whether a `not` stands over it:
 * under one `all` and `any` change places. Of alternatives, none of which holds, the first.
 * `unknown`: `at` is, and the first one that is by which it is. */
static uint32_t first_failing(const struct eval *e, uint32_t at, bool unknown, bool *negated)
{
    const struct img_condition *nodes = image_conditions(e->image);
    for (;;) {
        const struct img_condition *c = &nodes[at];
        if (c->op > OP_ABSENT)
            return at;
        if (at + 1 == c->end)
            return at; /* an empty list */
        *negated ^= c->op == OP_NOT;
        bool every = (c->op == OP_ANY) == *negated;
        uint64_t left = *e->patterns;
        at++;
        while (nodes[at].end < c->end && is_passed(e, at, every, *negated, unknown)) {
            at = nodes[at].end;
            left = *e->patterns;
        }
        *e->patterns = left; /* its parts are judged again as it was */
    }
}

void explain_condition(const struct eval *e, uint32_t at, struct buf *out)
{
    bool negated = false;
    const struct img_condition *c = &image_conditions(e->image)[at];
    if (c->op == OP_ANY)
        buf_z(out, "none of its alternatives holds; the first: ");
    at = first_failing(e, at, false, &negated);
    c = &image_conditions(e->image)[at];
    if (c->op < OP_ABSENT)
        buf_z(out, "its condition has no alternative");
    else if (c->op == OP_ABSENT && c->attribute == POLICY_NONE)
        buf_z(out, "an element of a list is missing");
    else if (c->op == OP_ABSENT)
        put_attribute(e->image, c->attribute, out);
    else
        put_leaf(e, c, negated, out);
}

void explain_unknown(const struct eval *e, uint32_t at, const char **comma, struct buf *out)
{
    bool negated = false;
    const struct img_condition *c =
        &image_conditions(e->image)[first_failing(e, at, true, &negated)];
    if (c->attribute == POLICY_NONE)
        return;
    buf_z(out, *comma);
    put_attribute(e->image, c->attribute, out);
    *comma = ", ";
}
