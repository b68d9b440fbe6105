/*
 * `like`: text patterns in which `*` stands for any bytes and `\*` for an asterisk; nothing else is
 * special. Judged in time linear in the text, whatever the pattern. Also the paths of URL patterns.
 */
#ifndef POLICY_VALUE_LIKE_H
#define POLICY_VALUE_LIKE_H

#include "policy/value.h"

#define VALUE_LIKE_MAX 4096u /* bytes of a pattern */

bool value_like_compile(struct value_list patterns, struct buf *bytes, struct value_at *out,
                        struct value_fault *fault);
bool value_like_sound(struct str form);
/** Whether the whole text fits any of the patterns. */
bool value_like_holds(struct str form, struct str text);

#endif
