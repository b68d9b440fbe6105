/*
 * Findings on their way out: position, source line, suggestion, severity, and the count that
 * decides whether the text compiles. Every stage reports through one struct policy_report; nothing
 * else prints or counts.
 */
#ifndef POLICY_DIAG_H
#define POLICY_DIAG_H

#include "policy/codes.h"
#include "policy/policy.h"

/** How many findings one run tells; a note says that there are more. Bounds the time that a hostile
 * text can take. */
#define POLICY_MAX_FINDINGS 256u
/** And of those how many of delegated files, so that the root's own are told whatever teams wrote.
 */
#define POLICY_MAX_DELEGATED (POLICY_MAX_FINDINGS / 2)

/** Where in the texts: 1-based, column and length in characters; `file` 0 is the root file, others
 * are in the order in which they were included. */
struct policy_pos {
    uint32_t line, column;
    uint16_t length, file;
};

/** A line longer than this is not shown beside a finding. */
#define POLICY_MAX_SOURCE_LINE 1024u

/** Where lines begin, roughly: the line of one byte in each 64 KiB. Built at the first finding. */
struct policy_lines {
    size_t n;
    struct {
        size_t at;
        uint32_t line;
    } v[POLICY_MAX_BYTES / ((size_t)64 << 10) + 2];
};
/** Line `line` of `text` without its break; p NULL when it is longer than POLICY_MAX_SOURCE_LINE.
 */
struct str policy_source_line(struct policy_lines *lines, struct str text, uint32_t line);

/** A text beside the root file's. */
struct policy_text {
    struct str text;
    const char *file; /* as findings name it */
    bool delegated;
    struct policy_lines lines;
};

/** Moves `*at` behind one byte or one line break, as libyaml counts lines; whether it was a break.
 */
bool policy_line_step(struct str text, size_t *at);

struct policy_suppress;
struct policy_report {
    struct str text; /* the whole source, for source lines */
    const char *file;
    struct policy_text **more; /* file i is more[i - 1] */
    uint16_t nmore;
    uint16_t reading;   /* the file that yaml.c reads */
    policy_diag_fn *fn; /* may be NULL */
    void *arg;
    struct reeve_error *err;              /* gets the first error; may be NULL */
    unsigned errors, findings, delegated; /* delegated: of the findings */
    struct policy_lines lines;
    bool out_of_memory;                     /* what was found may be incomplete: never compile */
    struct policy_suppress *suppress;       /* what comments allow; NULL: nothing */
    unsigned suppressed;                    /* findings told as allowed */
    unsigned searches;                      /* for hints */
    uint64_t told[2 * POLICY_MAX_FINDINGS]; /* hashes of what was told, each once */
    unsigned ntold;
};

/**
 * Report one finding. `suggestion` may be NULL. The severity is the code's. What was told in the
 * same words of the same place (of what aliases repeat) is not told again. One thread at a time;
 * the strings are copied by whoever wants to keep them.
 */
void policy_report(struct policy_report *r, enum policy_code code, struct policy_pos at,
                   const char *suggestion, const char *fmt, ...) REEVE_PRINTF(5, 6);
/** Where the text of the file that is being read is kept. */
struct str *policy_text_of(struct policy_report *r);
/** The text of a position's file. */
struct str policy_text_at(const struct policy_report *r, struct policy_pos at);
/** The name of a position's file, as findings have it. */
const char *policy_file_of(const struct policy_report *r, struct policy_pos at);
/** Where something else is that a finding at `from` tells of: "on line 7", "on line 7 of b.yaml"
 * where that is another file. */
#define POLICY_PLACE 160
const char *policy_place(const struct policy_report *r, struct policy_pos at,
                         struct policy_pos from, char out[POLICY_PLACE]);
/** The code that is written so, or P_COUNT. */
enum policy_code policy_code_of(struct str code);
/** Note that memory or an arena's bound is out. Nothing more is told; the compile ends with
 * REEVE_ENOMEM. */
void policy_report_memory(struct policy_report *r);
/** A text for a message: printable, at most 80 bytes, cut with "...". `out` has room for
 * POLICY_SHOWN bytes. */
#define POLICY_SHOWN 88
const char *policy_shown(struct str s, char out[POLICY_SHOWN]);

/** Picks the nearest of several words for "did you mean": begin, offer each, then ask for the hint.
 */
struct policy_nearest {
    struct str wanted, best;
    unsigned distance;
};
/** Begins a search, of something that is wrong. Once nothing more is told (POLICY_MAX_FINDINGS), or
 * after POLICY_MAX_SEARCHES of findings that are allowed or were told, it finds nothing, so that
 * hints cost bounded time. */
#define POLICY_MAX_SEARCHES (4u * POLICY_MAX_FINDINGS)
struct policy_nearest policy_near(struct policy_report *r, struct str wanted);
/** A name of a delegated file is offered for such a name of the same file alone: nobody is told of
 * names that are not theirs. */
void policy_offer(struct policy_nearest *n, struct str candidate);
#define POLICY_HINT 96
/** "did you mean `X`?" in `hint`, or NULL when nothing was near. */
const char *policy_hint(const struct policy_nearest *n, char hint[POLICY_HINT]);

#endif
