/*
 * Random conditions, what they need above them, and random requests to judge by them. Made from few
 * words, so that values meet often; operators come from the engine's own table.
 */
#ifndef POLICY_RANDOM_WHEN_H
#define POLICY_RANDOM_WHEN_H

#include "support.h"

#include "policy/model.h"

/** xorshift64*: the same on every machine. */
extern uint64_t random_state;
uint32_t roll(uint32_t sides);
/** The seed of a run: REEVE_SEED, told apart by the part of the run, or one by chance. */
uint64_t random_seed(unsigned part);
#define PICK(table) table[roll((uint32_t)BASE_COUNT(table))]

/** What conditions may name. Absence: `exists`, `absent`, defaults; a size is of values of several
 * types. */
enum random_words { RANDOM_ALL_WORDS, RANDOM_NO_ABSENCE, RANDOM_NO_ABSENCE_NO_SIZE };
extern enum random_words random_words;

/** Patterns and values of URLs and times, of which naive_when.c knows by hand what fits what. */
enum { RANDOM_URLS = 6, RANDOM_ADDRESSES = 12, RANDOM_TIMES = 4, RANDOM_MOMENTS = 7 };
extern const char *const random_urls[RANDOM_URLS], *const random_addresses[RANDOM_ADDRESSES],
                                                       *const random_times[RANDOM_TIMES];
extern const int64_t random_moments[RANDOM_MOMENTS];

/** Keys above `rules`: vars, attributes, labels, entities, conditions; without groups, which g0 to
 * g2 of the caller's are. */
void random_top(struct buf *b);
/** The map beside `when`. */
void random_when(struct buf *b, unsigned depth);
/** A map with one operator of one attribute, `op` where its operand can be made. */
void random_test_of(struct buf *b, enum policy_op op);
/** One of any operator that does not nest. */
void random_one_test(struct buf *b);
/** Whether a test with this operator can be written. */
bool random_can(enum policy_op op);

struct random_request {
    struct policy_request req;
    struct reeve_inputs_view inputs;
    struct policy_subject chain[2];
    struct policy_ceiling ceiling[3]; /* the request's own, and those that led to it */
    char *text[7];                    /* JSON, for messages */
    struct json_text doc[7];
};
void random_request(struct random_request *r);
void random_request_free(struct random_request *r);
/** The same request less one value: a key left out, null, or an input that the broker does not
 * know; a value that no operator judges in its place; or a list of more elements than are judged.
 * Shares what it has with `r`; freed before it. */
enum random_loss { RANDOM_MISSING, RANDOM_MISTYPED, RANDOM_TOO_LONG, RANDOM_LOSSES };
void random_damage(const struct random_request *r, enum random_loss loss,
                   struct random_request *out);
/** What it asks, for a message. */
void random_request_show(const struct random_request *r, struct buf *out);

#endif
