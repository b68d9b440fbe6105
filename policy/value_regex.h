/*
 * `matches`: PCRE2 on the whole text. The image holds the distinct patterns' text; their machine
 * code lives beside it in a set, made when a policy is compiled or loaded and shared by all
 * threads; each thread brings a scratch. Limits bound what a hostile pattern or text can cost: over
 * one, the answer is unknown.
 */
#ifndef POLICY_VALUE_REGEX_H
#define POLICY_VALUE_REGEX_H

#include "policy/value.h"

#define VALUE_REGEX_MAX      1000u  /* bytes of a pattern */
#define VALUE_REGEX_TEXT_MAX 65536u /* of a text */
/* Bytes of code of all patterns of a set: a hundred thousand ordinary ones take half of it. */
#define VALUE_REGEX_MAX_CODE ((size_t)256 << 20)

struct value_regex_fault {
    size_t at;      /* byte of the pattern where it is wrong */
    char text[160]; /* what is wrong */
};
/** Whether a pattern compiles: what the compiler asks of each before it goes into the image. */
bool value_regex_check(struct str pattern, struct value_regex_fault *fault);

/** Distinct patterns compiled, in the order given; equal ones share their code. Immutable. */
struct value_regexes;
/** REEVE_EPOLICY when one is wrong (`err` says which) or they come to more than
 * VALUE_REGEX_MAX_CODE, REEVE_ENOMEM. */
int value_regexes_new(const struct str *patterns, uint32_t n, struct value_regexes **out,
                      struct reeve_error *err);
void value_regexes_free(struct value_regexes **set);
/** Bytes that the set holds outside the image. */
size_t value_regexes_size(const struct value_regexes *set);

/** What one thread needs to match: one at a time may use it. */
struct value_scratch;
struct value_scratch *value_scratch_new(void);
void value_scratch_free(struct value_scratch **scratch);
/** The calling thread's own, made at its first call and freed at its end; NULL: out of memory. */
struct value_scratch *value_scratch_of_thread(void);

/* What all matches of one decision may cost together: steps, times the bytes that one may scan. The
 * dearest match takes less than two thirds of it, an ordinary one of a short text a 60,000th. */
#define VALUE_REGEX_BUDGET ((uint64_t)1 << 28)

/**
 * Whether pattern `index` of the set is the whole text; unknown when that hangs on whether a `.` of
 * it takes a line break, unless the pattern says (`(?s)`, `(?-s)`). `scratch` NULL: unknown. What
 * the match may have cost is taken from `*budget` (NULL: no bound but the match's own); when that
 * is not enough for it, it is unknown and nothing is left, so that all after it are unknown too.
 */
enum tri value_regex_matches(const struct value_regexes *set, uint32_t index,
                             struct value_scratch *scratch, struct str text, uint64_t *budget);

#endif
