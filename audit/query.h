/*
 * What can be asked of a log's records, and whether a record is an answer. Used by the derived
 * index (index.c) and by whoever reads the records themselves, who alone is to be believed.
 */
#ifndef AUDIT_QUERY_H
#define AUDIT_QUERY_H

#include "base/base.h"
#include "core/json.h"

/* Columns of a record, wherever its type has them: name, then the paths that are tried. */
#define AUDIT_COLUMN_TABLE(X)                                                                      \
    X(TIME, "time", "time", NULL)                                                                  \
    X(TYPE, "type", "type", NULL)                                                                  \
    X(SUBJECT, "subject", "subject", "request.subject")                                            \
    X(CAPABILITY, "capability", "capability", "request.capability")                                \
    X(RULE, "rule", "rule", "decision.rule")                                                       \
    X(EFFECT, "effect", "decision.effect", NULL)                                                   \
    X(OUTCOME, "outcome", "outcome.how", "refusal.reason")                                         \
    X(PLAN, "plan", "plan", NULL)
enum audit_column {
#define X(id, ...) AUDIT_COLUMN_##id,
    AUDIT_COLUMN_TABLE(X)
#undef X
        AUDIT_COLUMNS
};
extern const char *const audit_column_name[AUDIT_COLUMNS];

/** The text of a column, p NULL when the record has none; good as long as `doc`. */
struct str audit_column_of(const struct json_doc *doc, enum audit_column column);

/** All that is said must hold; p NULL: nothing is. Strings are borrowed. */
struct audit_query {
    struct str is[AUDIT_COLUMNS]; /* equal; of TIME nothing */
    struct str since, until;      /* a time or the beginning of one; `until` is excluded */
    struct str text;              /* words that the record has, in any case of ASCII letters */
};
/** REEVE_EINVAL: a time is none ("2026-11-25", "2026-11-25T09:00:00Z"). */
int audit_query_check(const struct audit_query *q, struct reeve_error *err);
bool audit_query_matches(const struct audit_query *q, struct str record);
/** The next word of `*text`, which is what letters, digits and bytes beyond ASCII make; false at
 * the end. */
bool audit_query_word(struct str *text, struct str *word);

#endif
