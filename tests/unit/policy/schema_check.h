/*
 * A policy's text against the schema that the parser's tables make, by a validator of the few
 * keywords that the schema uses: one that is not among them fails the test.
 */
#ifndef POLICY_SCHEMA_CHECK_H
#define POLICY_SCHEMA_CHECK_H

#include "support.h"

enum schema_verdict {
    SCHEMA_FITS,
    SCHEMA_REFUSES,
    SCHEMA_CANNOT_SAY, /* no YAML, or YAML that is refused before a key is looked at */
};
/** Another schema than that of policies, before the first check. */
void schema_use(struct str text);
/** `why` says where it does not fit. */
enum schema_verdict schema_check(struct str text, char why[256]);

#endif
