/*
 * What decide, grant and explain share: who asks, as the image knows them; conditions in three
 * values; templates. Pure functions of image and request; none allocates, but
 * for a thread's first regular expression (value_regex.h).
 */
#ifndef POLICY_EVAL_H
#define POLICY_EVAL_H

#include "core/url.h"
#include "policy/endpoint.h"
#include "policy/value_regex.h"
#include "policy/view.h"

/** A request's subject in the image's terms: looked up once for each decision. */
struct eval_subject {
    struct str text;
    uint32_t index; /* in subjects; POLICY_NONE: the policy does not name it */
    uint32_t ngroups;
    const uint32_t *groups; /* that list it, ascending */
};
struct eval_subject eval_subject_of(const struct policy_image *image, struct str text);
/** Ask the cache for what eval_subject_of will read, first the cell, then the row behind it. */
uint32_t eval_subject_ask(const struct policy_image *image, struct str text);
void eval_subject_reach(const struct policy_image *image, uint32_t cell);
bool eval_in_group(const struct policy_image *image, const struct eval_subject *s, uint32_t group);
/** How well the list `at` fits: 0 not at all, else greater for what precedes (id, group, longer
 * glob, anyone). */
uint32_t eval_subject_rank(const struct policy_image *image, const struct eval_subject *s,
                           uint32_t at);
/** The entry of `subjects` that holds, or NULL. */
const struct img_level *eval_level(const struct policy_image *image, const struct eval_subject *s);

/** An attribute: a value, missing (null included), unknown since its path goes through no mapping,
 * or there and not of its declared type. */
struct eval_value {
    enum { EVAL_THERE, EVAL_MISSING, EVAL_UNREACHABLE, EVAL_MISTYPED } state;
    struct view view; /* where it is there, of whatever type */
};

/** What one decision has looked up and read already: conditions of many rules ask for the same few
 * attributes, and reading a URL costs more than all the rest. Beyond what eval_remember sets it may
 * be uninitialised. */
#define EVAL_MEMO 4u
struct eval_memo {
    uint32_t attribute[EVAL_MEMO]; /* POLICY_NONE: none */
    struct eval_value value[EVAL_MEMO];
    uint32_t
        rule[EVAL_MEMO]; /* found under several patterns, it is judged once; POLICY_NONE: none */
    uint8_t judged[EVAL_MEMO];
    struct str url; /* the text that was read, p NULL: none; texts do not change in a decision */
    bool readable;
    struct core_url parts;
};
static inline void eval_remember(struct eval_memo *memo)
{
    memset(memo->attribute, 0xff, sizeof memo->attribute);
    memset(memo->rule, 0xff, sizeof memo->rule);
    memo->url = (struct str){NULL, 0};
}

/** What one decision is made of: passed to all that looks at values. */
struct eval {
    const struct policy_image *image;
    const struct policy_request *req;
    const struct reeve_inputs_view *inputs;
    struct eval_subject subject;
    enum core_level level;  /* that holds: broker.level */
    struct eval_memo *memo; /* of this decision alone; NULL: nothing is remembered */
    uint64_t *patterns;     /* what is left of VALUE_REGEX_BUDGET; NULL: each match by itself */
    bool passed;            /* the arguments as they were passed, by no delegated file's schema */
};

struct eval_value eval_attribute(const struct eval *e, uint32_t attribute);
/** The value of the condition tree whose root is at `at`. */
enum tri eval_condition(const struct eval *e, uint32_t at);
/** The same, its nodes without an attribute judging `element`. */
enum tri eval_judge(const struct eval *e, uint32_t at, const struct view *element);
/** An operator on a value that is there (eval_ops.c). `operand` is none for those that have none.
 */
typedef enum tri eval_op_fn(const struct eval *e, uint32_t at, const struct view *v,
                            const struct view *operand);
extern eval_op_fn *const eval_ops[OP_COUNT];
/** Text from outside as part of a sentence: bounded, without control characters (explain.c). */
void explain_text(struct str s, struct buf *out);
/** In words: what an attribute is; what the condition at `at`, which is not true, wanted
 * (explain_when.c). */
void explain_value(const struct eval *e, uint32_t attribute, struct buf *out);
void explain_condition(const struct eval *e, uint32_t at, struct buf *out);
/** What the leaf at `at` wants, whatever is there. */
void explain_wanted(const struct policy_image *image, uint32_t at, struct buf *out);
/** Append, each after `*comma`, the attribute that keeps the condition at `at` from being judged
 * (explain_when.c). */
void explain_unknown(const struct eval *e, uint32_t at, const char **comma, struct buf *out);

/* ---- templates (eval_template.c) ---- */

/** What `"${args.NAME}"` stands for in this request: false unless it is one path in normal form. */
bool eval_template(const struct eval *e, uint32_t attribute, struct str *out);
/** The subject's id as one segment of a path; false when it is none. */
bool eval_segment(const struct policy_request *req, struct str *out);
/** Host and port of the URL that an argument is; false when it is none. */
bool eval_endpoint(const struct eval *e, uint32_t attribute, char host[POLICY_MAX_HOST],
                   struct core_endpoint *out);
/** Whether every template of a grant can be filled in. */
bool eval_templates_hold(const struct eval *e, uint32_t grant);
/** What the first template of a grant that cannot be filled in would have had to be; `failing` gets
 * the argument. */
enum eval_wanted { EVAL_NOTHING, EVAL_PATH, EVAL_SEGMENT, EVAL_URL };
enum eval_wanted eval_template_fails(const struct eval *e, uint32_t grant, uint32_t *failing);

/* ---- capabilities (image_hold.c) ---- */

/** A capability as the policy knows it for a subject: what ships, raised or added to by
 * `capabilities`, of which a delegated file's hold for the subjects that it may be about. */
struct policy_capability {
    bool known;
    enum core_class klass;
    uint32_t effects;     /* bits; of an unknown one 0 */
    uint32_t outside;     /* those that hold without the delegated file that declares it */
    uint32_t scope;       /* that file's; POLICY_NONE: none does, and outside is effects */
    bool cost;            /* its result says what it cost */
    uint32_t mask, nmask; /* argument paths that the record hides, in the image */
};
/** `s` NULL: for whom no delegated file may be about. */
void eval_capability(const struct policy_image *image, const struct eval_subject *s, struct str id,
                     const struct core_capability *shipped, struct policy_capability *out);
/** Whether `capabilities` give an id that does not ship its arguments. */
bool eval_has_schema(const struct policy_image *image, const struct eval_subject *s, struct str id);

/* ---- selectors (eval_select.c) ---- */

/** A capability's effects as rules see them, in bits. A delegated file that declares it gives it to
 * its own rules: others that permit see what holds without that file, and others that restrict see
 * that too, so that no declaration takes it from them. */
struct eval_effects {
    uint32_t permitted, outside; /* by that file's allows and asks; by all others */
    uint32_t restricted;         /* by that file's denies and requires */
    uint32_t restricted_outside; /* by all others: what it has without that file as well, all where
                                    nobody else declares it */
    uint32_t scope;              /* POLICY_NONE: no delegated file declares it */
};
bool eval_effect_fits(const struct eval_effects *effects, const struct img_selector *s,
                      bool permits);
/** Whether a rule's selector lets it match: effects, resource, time, shadow. */
bool eval_selects(const struct eval *e, const struct eval_effects *effects, bool shadow,
                  const struct img_rule *rule);
/** Whether a delegated file may be about this subject and capability; POLICY_NONE: no such file. */
bool eval_may(const struct policy_image *image, const struct eval_subject *s, struct str capability,
              uint32_t scope);
bool eval_in_scope(const struct eval *e, uint32_t scope);
bool eval_resource_fits(const struct eval *e, const struct img_selector *s, bool permits);

/* ---- candidates (eval_match.c) ---- */

/** A text under which candidates of the request are found: its capability id, or a prefix of it. */
struct eval_text {
    uint64_t hash;
    uint16_t n;
    uint8_t segments; /* of a prefix */
    bool exact;
};
/** One that the subject counts among. `first` and `spread` are where in the filter it is asked for,
 * in words: what hash_filter_word says, once for all texts. */
struct eval_who {
    uint64_t hash;
    uint32_t who, first, spread;
};
/** A text and one that it may be for, which passed the filter: indexes of both. */
struct eval_probe {
    uint16_t text, who;
};
/** Candidates of one text for one of those that the subject counts among. */
struct eval_found {
    uint32_t first, n; /* in entries */
    const struct eval_text *text;
};

#define EVAL_MAX_TEXTS (POLICY_MAX_SEGMENTS + 1u)
#define EVAL_MAX_WHO   8u
#define EVAL_MAX_FOUND (EVAL_MAX_TEXTS * EVAL_MAX_WHO)

/**
 * A look-up of all candidates for a capability and a subject, the most specific text first. One
 * batch holds those for as many of the subject's groups as fit; whoever needs all candidates asks
 * for batches until there are no more, and may start again.
 */
struct eval_scan {
    const struct policy_image *image;
    struct str capability;
    struct eval_subject subject;
    unsigned ntexts, nfound;
    uint32_t kinds;  /* of what was found: bits enum policy_rule_kind */
    uint32_t groups; /* of the subject's, how many are behind us */
    bool begun;
    unsigned nprobes;
    struct eval_who who[EVAL_MAX_WHO];
    struct eval_text text[EVAL_MAX_TEXTS];
    struct eval_probe probe[EVAL_MAX_FOUND];
    struct eval_found found[EVAL_MAX_FOUND];
};
void eval_scan_begin(struct eval_scan *scan, const struct policy_image *image,
                     struct str capability, struct eval_subject subject);
/** Begin again for another subject and the same capability, whose hashes are kept. */
void eval_scan_for(struct eval_scan *scan, struct eval_subject subject);
/** The next batch, into `found`; false when there is none. */
bool eval_scan_next(struct eval_scan *scan);
/** The same in three steps, each of which only asks the cache for what the next will read, so that
 * the misses of all pairs overlap, and of several scans too. `ask` false: nothing is left. */
bool eval_scan_ask(struct eval_scan *scan);
void eval_scan_reach(const struct eval_scan *scan);
void eval_scan_find(struct eval_scan *scan);
void eval_scan_restart(struct eval_scan *scan);
/** Whether the first batch is all there is: the rule, not the exception. */
static inline bool eval_scan_is_short(const struct eval_scan *scan)
{
    return scan->subject.ngroups <= EVAL_MAX_WHO - 2;
}

/** Whether what stands behind a candidate's text fits the capability too. */
bool eval_pattern_fits(const struct eval_scan *scan, const struct img_entry *e);
/** How specific a candidate's capability pattern is: policy_capability_key, or more for an id. */
uint64_t eval_pattern_key(const struct policy_image *image, const struct eval_text *text,
                          const struct img_entry *e);
/** eval_subject_rank of a candidate that was found, by what it was found for. */
uint32_t eval_entry_rank(const struct eval_scan *scan, const struct img_entry *e);

#endif
