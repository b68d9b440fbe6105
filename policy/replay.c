/*
 * A decision made once more for who explains it. What regular expressions may cost is one budget
 * for all rules and links, and so what is judged again must find as much of it as the decision had:
 * else an explanation would find unknown what the decision could judge, or the reverse. Decisions
 * that nobody explains pay nothing for it.
 */
#include "policy/decide.h"

void decide_note(const struct deciding *d, uint32_t rule)
{
    struct decide_judged *j = d->note;
    if (j->n == DECIDE_MAX_JUDGED)
        return;
    j->v[j->n].patterns = d->patterns;
    j->v[j->n].rule = rule;
    j->v[j->n++].link = d->link;
}

/* Only regular expressions can run out. */
void decide_replay(const struct policy_image *image, const struct policy_request *req,
                   const struct reeve_inputs_view *inputs, struct decide_judged *out)
{
    struct policy_decision ignored;
    struct deciding d;
    out->n = 0;
    out->left = VALUE_REGEX_BUDGET;
    if (!image->section[IMAGE_regexes].count)
        return;
    decide_start(&d, image, req, inputs, 0, false);
    d.note = out;
    (void)eval_scan_next(&d.scan);
    (void)decide_links(&d, &ignored);
    out->left = d.patterns;
}

void decide_again(struct deciding *d, const struct policy_image *image,
                  const struct policy_request *req, const struct reeve_inputs_view *inputs,
                  uint32_t link, const struct decide_judged *judged, struct verdict *v)
{
    decide_begin(d, image, req, inputs, link, false, v);
    d->patterns = judged->left;
    d->judged = judged;
}

bool decide_was_judged(const struct deciding *d, uint32_t rule, uint64_t *patterns)
{
    for (uint32_t i = 0; d->judged && i < d->judged->n; i++)
        if (d->judged->v[i].rule == rule && d->judged->v[i].link == d->link) {
            *patterns = d->judged->v[i].patterns;
            return true;
        }
    return false;
}
