/*
 * Arguments as they were passed, where what is handed on is a delegated file's form of them. Its
 * own rules judge that form; all others judge both, so that no schema of such a file takes anything
 * from them, and nothing is handed on that they have not judged.
 */
#include "policy/decide.h"

bool decide_sees_passed(const struct deciding *d, uint32_t rule)
{
    const struct img_selector *s = image_selector_of(d->image, &image_rules(d->image)[rule]);
    bool own = s && s->scope != POLICY_NONE && s->scope == d->effects.scope;
    return d->req->passed && !own;
}

struct eval decide_eval_passed(const struct deciding *d)
{
    struct eval eval = d->eval;
    eval.passed = true;
    eval.memo = NULL;
    return eval;
}

enum tri decide_condition(const struct deciding *d, uint32_t rule, uint32_t at)
{
    enum tri value = eval_condition(&d->eval, at);
    if (!decide_sees_passed(d, rule))
        return value;
    const struct eval passed = decide_eval_passed(d);
    return eval_condition(&passed, at) == value ? value : TRI_UNKNOWN;
}
