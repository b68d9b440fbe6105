/*
 * What would have been decided otherwise: by the same image with its shadow rules in force, or by a
 * candidate that is not in force. It is told beside the enforced answer and changes nothing of it.
 */
#include "policy/decide.h"

struct answer {
    const struct policy_image *image;
    const struct policy_decision *d;
};

/* The grant that a require cuts to; POLICY_NONE when it cuts nothing. */
static uint32_t within(const struct answer *a, uint32_t i)
{
    return decide_hold(a->image, a->d->requires.v[i])->within;
}

/* Whether the requires of `b` cut to all that those of `a` cut to. */
static bool cuts_as_much(const struct answer *a, const struct answer *b)
{
    for (uint32_t i = 0; i < a->d->requires.n; i++) {
        bool found = within(a, i) == POLICY_NONE;
        for (uint32_t k = 0; !found && k < b->d->requires.n; k++)
            found = within(b, k) != POLICY_NONE &&
                    policy_cut_same(a->image, within(a, i), b->image, within(b, k));
        if (!found)
            return false;
    }
    return true;
}

/* What an ask that cuts leaves of its link. */
static struct policy_link left_by(const struct answer *a, uint32_t i)
{
    return (struct policy_link){.grant = image_rules(a->image)[a->d->cuts.v[i].rule].grant,
                                .level = a->d->link[a->d->cuts.v[i].link].level};
}

/* The same of the asks. */
static bool asks_cut_as_much(const struct answer *a, const struct answer *b)
{
    for (uint32_t i = 0; i < a->d->cuts.n; i++) {
        const struct policy_link mine = left_by(a, i);
        bool found = false;
        for (uint32_t k = 0; !found && k < b->d->cuts.n; k++) {
            const struct policy_link other = left_by(b, k);
            found = a->d->cuts.v[i].link == b->d->cuts.v[k].link &&
                    policy_link_same(a->image, &mine, b->image, &other);
        }
        if (!found)
            return false;
    }
    return true;
}

static bool same(const struct answer *a, const struct answer *b)
{
    if (a->d->effect != b->d->effect || a->d->effect == CORE_EFFECT_DENY)
        return a->d->effect == b->d->effect;
    bool good = a->d->isolation == b->d->isolation && cuts_as_much(a, b) && cuts_as_much(b, a) &&
                asks_cut_as_much(a, b) && asks_cut_as_much(b, a);
    for (uint32_t i = 0; good && i < a->d->nlinks; i++)
        good = policy_link_same(a->image, &a->d->link[i], b->image, &b->d->link[i]);
    return good;
}

/* ---- ceilings ---- */

/* What a ceiling denies, by the bits of another image. Of an effect that no capability of it has
 * the first bit without a word stands, and there is one (POLICY_MAX_OWN_EFFECTS): only what may
 * have all effects has it. */
static uint32_t denied_by(const struct policy_image *image, const struct policy_image *other,
                          uint32_t denied)
{
    uint32_t bits = 0, none = 0;
    while (policy_image_effect_word(other, none).p)
        none++;
    for (uint32_t i = 0; i < 32; i++) {
        struct str word = policy_image_effect_word(image, i);
        uint32_t bit = word.p ? policy_image_effect(other, word) : POLICY_NONE;
        if (denied >> i & 1)
            bits |= UINT32_C(1) << (bit == POLICY_NONE ? none : bit);
    }
    return bits;
}

/* A request as another image reads it. */
struct reading {
    struct policy_request req;
    struct reeve_inputs_view inputs;
    struct policy_ceiling ceilings[1 + POLICY_MAX_PARENTS];
};

static void read_as(const struct policy_image *image, const struct policy_image *other,
                    const struct policy_request *req, const struct reeve_inputs_view *inputs,
                    struct reading *out)
{
    const struct policy_ceiling *c;
    uint32_t n = 0;
    out->req = *req;
    out->inputs = *inputs;
    for (; (c = decide_ceiling(req, inputs, n)); n++) {
        out->ceilings[n] = *c;
        out->ceilings[n].denied_effects = denied_by(image, other, c->denied_effects);
    }
    out->req.ceiling = req->ceiling ? out->ceilings : NULL;
    out->inputs.ceilings = out->ceilings + (req->ceiling != NULL);
}

/* ---- the answer beside ---- */

int decide_beside(const struct policy_image *image, const struct policy_image *other,
                  const struct policy_request *req, const struct reeve_inputs_view *inputs,
                  struct policy_decision *out)
{
    struct policy_decision beside;
    struct reading as; /* filled in where it is read */
    bool again = other != image && decide_ceiling(req, inputs, 0);
    if (again)
        read_as(image, other, req, inputs, &as);
    int rc = decide_all(other, image, again ? &as.req : req, again ? &as.inputs : inputs,
                        other == image, &beside);
    if (rc != REEVE_OK)
        return rc;
    out->shadow.effect = beside.effect;
    out->shadow.rule = beside.rule;
    out->shadow.grant = beside.grant;
    out->shadow.isolation = beside.isolation;
    const struct answer a = {image, out}, b = {other, &beside};
    out->shadow.differs = !same(&a, &b);
    return REEVE_OK;
}

int policy_decide_beside(const struct policy_image *image, const struct policy_image *candidate,
                         const struct policy_request *req, const struct reeve_inputs_view *inputs,
                         struct policy_decision *out)
{
    int rc = decide_enforced(image, req, inputs, out);
    return rc == REEVE_OK && candidate != image ? decide_beside(image, candidate, req, inputs, out)
                                                : rc;
}
