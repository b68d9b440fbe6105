/*
 * Numbers between text and double, whatever the host program's locale is. Internal to the JSON
 * reader and writer.
 */
#ifndef CORE_JSON_NUMBER_H
#define CORE_JSON_NUMBER_H

#include "base/base.h"

#define JSON_MAX_NUMBER                                                                            \
    1024 /* bytes of one number's text: a double's exact decimal form needs fewer */

/* Beyond this, not every integer is a double, and RFC 8785 numbers are doubles. */
#define JSON_EXACT_INTEGER INT64_C(9007199254740992) /* 2^53 */

/** Read text in JSON number syntax (at most JSON_MAX_NUMBER bytes). False when the value is not
 * finite. */
bool json_number_read(struct str text, double *out);
/** Whether the canonical form of `v` would be an integer that doubles do not hold exactly: written
 * as a string. */
bool json_number_is_big(double v);

#endif
