/*
 * Conditions in three values. What cannot be judged (missing, of another type, no path) is unknown,
 * and unknown stays unknown under `not`: so an allow never rests on it and a deny always counts it.
 * The operators are eval_ops.c's, attributes eval_attribute.c's.
 */
#include "policy/eval.h"

static struct eval_value value_of(const struct eval *e, const struct img_condition *c,
                                  const struct view *element)
{
    if (c->attribute != POLICY_NONE)
        return eval_attribute(e, c->attribute);
    struct eval_value v = {.state = EVAL_MISSING};
    if (element && element->kind != VIEW_NONE)
        v = (struct eval_value){EVAL_THERE, *element};
    return v;
}

static enum tri is_member(const struct eval *e, const struct img_condition *c)
{
    const struct img_literal *groups = &image_literals(e->image)[c->operand];
    for (uint32_t i = 1; i <= groups->count; i++)
        if (eval_in_group(e->image, &e->subject, (uint32_t)groups[i].i))
            return TRI_TRUE;
    return TRI_FALSE;
}

static enum tri eval_leaf(const struct eval *e, uint32_t at, const struct view *element)
{
    const struct img_condition *c = &image_conditions(e->image)[at];
    if (c->op == OP_IS)
        return is_member(e, c);
    struct eval_value v = value_of(e, c, element), other = {.state = EVAL_THERE};
    if (v.state == EVAL_UNREACHABLE)
        return TRI_UNKNOWN;
    if (c->op == OP_EXISTS)
        return tri_of((v.state != EVAL_MISSING) == (bool)c->flag);
    if (v.state != EVAL_THERE)
        return TRI_UNKNOWN;
    if (c->operand_kind == IMG_ATTRIBUTE)
        other = eval_attribute(e, c->operand);
    else if (c->operand_kind == IMG_FORM)
        other.view = view_literal(e->image, c->operand + 1);
    else if (c->operand_kind == IMG_LITERAL && c->operand != POLICY_NONE)
        other.view = view_literal(e->image, c->operand);
    return other.state == EVAL_THERE ? eval_ops[c->op](e, at, &v.view, &other.view) : TRI_UNKNOWN;
}

/* Each child in its turn, until the value is `end`. */
static enum tri eval_children(const struct eval *e, uint32_t at, const struct view *element,
                              enum tri end)
{
    const struct img_condition *nodes = image_conditions(e->image);
    enum tri value = tri_not(end);
    for (uint32_t i = at + 1; i < nodes[at].end && value != end; i = nodes[i].end)
        value = tri_towards(end, value, eval_judge(e, i, element));
    return value;
}

enum tri eval_judge(const struct eval *e, uint32_t at, const struct view *element)
{
    const struct img_condition *c = &image_conditions(e->image)[at];
    switch (c->op) {
    case OP_ABSENT:
        if (value_of(e, c, element).state == EVAL_MISSING)
            return tri_of(c->flag);
        return eval_children(e, at, element, TRI_FALSE);
    case OP_ALL:
        return eval_children(e, at, element, TRI_FALSE);
    case OP_ANY:
        return eval_children(e, at, element, TRI_TRUE);
    case OP_NOT:
        return tri_not(eval_judge(e, at + 1, element));
    default:
        return eval_leaf(e, at, element);
    }
}

enum tri eval_condition(const struct eval *e, uint32_t at)
{
    return eval_judge(e, at, NULL);
}
