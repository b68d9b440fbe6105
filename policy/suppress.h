/*
 * Warnings that the author of a policy has looked at: a comment `# reeve: allow P052 the reason`,
 * behind what the finding is of or alone on a line above it. libyaml drops comments, so that they
 * are found in the text first, and those that prove to be inside of a scalar are dropped while it
 * is read.
 */
#ifndef POLICY_SUPPRESS_H
#define POLICY_SUPPRESS_H

#include "policy/diag.h"

#define POLICY_MAX_ALLOWS 65536u /* of a text; what is beyond allows nothing */

/** One comment found in the text. */
struct policy_comment {
    struct policy_pos at; /* of its `#` */
    uint32_t line;        /* whose findings it allows */
    struct str text;      /* behind `allow` or `#`, to the end of the line */
    bool allow;           /* `reeve: allow`; otherwise `#word` behind a text without quotes */
    bool dropped;         /* within a scalar, and so no comment */
};
/** One code that a comment allows. */
struct policy_allow {
    uint32_t line, comment;
    enum policy_code code;
    struct str reason;
    bool used;
};
struct policy_suppress {
    struct policy_comment *comments; /* in the order of the text */
    struct policy_allow *allows;     /* by line, then code */
    uint32_t ncomments, nallows, next;
};

/** Find what may be such comments; `out` lives in the arena. Memory is reported. */
void policy_suppress_scan(struct str text, struct policy_suppress *out, struct arena *arena,
                          struct policy_report *report);
/** Tell of each scalar, in the order of the text: comments within it are none. `header`: its first
 * line may end in a comment (a block scalar). Lines and columns from 1; the end is excluded. */
void policy_suppress_scalar(struct policy_suppress *s, struct policy_pos from, struct policy_pos to,
                            bool header);
/** Read what is allowed, and report what is not well-formed; to be called once the text was read
 * and before findings are to be suppressed. */
void policy_suppress_ready(struct policy_suppress *s, struct arena *arena,
                           struct policy_report *report);
/** The reason for which a warning of a line is allowed; p NULL: it is not. */
struct str policy_suppress_find(struct policy_suppress *s, uint32_t line, enum policy_code code);
/** Report what allowed nothing; after all else. */
void policy_suppress_unused(const struct policy_suppress *s, struct policy_report *report);

#endif
