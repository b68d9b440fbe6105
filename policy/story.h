/*
 * The long answer to "why": how each rule that is about a request was judged, for each link of the
 * chain, and all that the nearest rule lacks. Evaluates again what decide.c evaluated; the decision
 * itself pays nothing for it.
 */
#ifndef POLICY_STORY_H
#define POLICY_STORY_H

#include "policy/question.h"

#define POLICY_MAX_JUDGED 64u /* rules of one link that are told; the best of each effect */

/** `judged`: for each link its subject, level and where that is from, and the rules about it:
 * effect, whether it matches, how its condition was judged, and by what it fails. */
void policy_put_judged(const struct policy_question *q, struct json_out *o);
/** `nearest`: of a default deny the rule that lacks least, and everything by which it fails.
 * Nothing where there is none. */
void policy_put_nearest(const struct policy_question *q, struct json_out *o);

#endif
