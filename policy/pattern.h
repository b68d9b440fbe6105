/*
 * Patterns of subjects and capabilities: their syntax, how specific they are, and what they match.
 * Pure functions on text, shared by the parser, the compiler and decide.
 */
#ifndef POLICY_PATTERN_H
#define POLICY_PATTERN_H

#include "policy/policy.h"

#define POLICY_MAX_NAME     1024u /* bytes of a subject or capability, in patterns and requests */
#define POLICY_MAX_SEGMENTS 32u   /* of a capability pattern */

/* In ascending order of precedence. */
enum policy_subject_kind { SUBJECT_ANYONE, SUBJECT_GLOB, SUBJECT_GROUP, SUBJECT_ID };

/** Whether there are control characters: a name stands in records and on terminals. */
bool policy_has_control(struct str s);
/** A subject's text is `type:id` with both parts there, no control characters, and a type other
 * than `group`. */
bool policy_subject_valid(struct str s);
/** Characters of a glob that are not `*`. */
uint32_t policy_glob_literals(struct str glob);
/** Whether `*`s of `glob`, each standing for any bytes, make it `text`. Time: the sum of the
 * lengths.
 */
bool policy_glob_matches(struct str glob, struct str text);

/**
 * How specific a capability pattern is: two bits a segment from the left (literal 3, `get_*` 2, `*`
 * 1, the tail 0), so that of two patterns that match the same id the one with the greater key
 * precedes.
 * @return NULL, or what is wrong with the pattern.
 */
const char *policy_capability_key(struct str pattern, uint64_t *key);
bool policy_capability_is_exact(struct str pattern);
/** The literal segments in front of the first wildcard, with their dots: "a.b." of `a.b.get_*`. */
struct str policy_capability_prefix(struct str pattern);
bool policy_capability_matches(struct str pattern, struct str id);
/** Append a name from outside (of a server or tool) as one segment of a capability id: what is not
 * a letter, digit, `_` or `-` of ASCII becomes %XX, byte by byte, so that no two names meet and
 * none has a dot. False, and nothing appended, of an empty name. */
bool policy_put_segment(struct str name, struct buf *out);
/** Whether every id that `pattern` matches is one that `wide` matches. */
bool policy_capability_covers(struct str wide, struct str pattern);
/** Whether some id is matched by both; of globs (policy_glob_matches), some text. */
bool policy_capabilities_meet(struct str a, struct str b);
bool policy_globs_meet(struct str a, struct str b);

#endif
