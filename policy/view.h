/*
 * A value as conditions see it, wherever it comes from: the request's JSON, the policy's own
 * literals, the broker's inputs. Views borrow; making, walking and comparing them allocates
 * nothing.
 */
#ifndef POLICY_VIEW_H
#define POLICY_VIEW_H

#include "policy/image.h"
#include "policy/tri.h"

enum view_kind {
    VIEW_NONE, /* null */
    VIEW_TIME, /* i, in nanoseconds: only `time` judges it */
    VIEW_TEXT,
    VIEW_NUMBER,
    VIEW_BOOL,
    VIEW_LIST,
    VIEW_MAP,
};
enum view_source { VIEW_JSON, VIEW_LITERAL, VIEW_LABELS, VIEW_SUBJECTS };
struct view {
    uint8_t kind;   /* enum view_kind */
    uint8_t source; /* of lists and maps: enum view_source */
    bool integer;   /* VIEW_NUMBER: i, else d */
    bool boolean;   /* VIEW_BOOL */
    uint32_t count; /* elements, or pairs */
    union {
        struct str s;
        int64_t i;
        double d;
        struct policy_value json; /* VIEW_JSON */
        uint32_t literal;         /* VIEW_LITERAL: its row */
        struct {
            const struct str *v; /* all of them, of which `count` are this file's */
            uint32_t scope;
        } labels;                              /* VIEW_LABELS */
        const struct policy_subject *subjects; /* VIEW_SUBJECTS */
    };
};

struct view view_json(const struct json_doc *doc, const struct json_node *node);
struct view view_literal(const struct policy_image *image, uint32_t literal);
struct view view_text(struct str s);
struct view view_number(int64_t i);
/** Of `n` labels those that the file `scope` knows, POLICY_NONE: the root's trust. */
struct view view_labels(const struct policy_image *image, const struct str *labels, uint32_t n,
                        uint32_t scope);
struct view view_subjects(const struct policy_subject *subjects, uint32_t n);

/** The value of a key: false when the map lacks it (or `map` is none). */
bool view_get(const struct policy_image *image, const struct view *map, struct str key,
              struct view *out);

/** Elements of a list, one after the other. */
struct view_cursor {
    const struct view *list;
    uint32_t seen;
    union {
        const struct json_node *node;
        uint32_t literal;
        uint32_t label; /* in all of them */
    };
};
struct view_cursor view_begin(const struct view *list);
bool view_next(const struct policy_image *image, struct view_cursor *cursor, struct view *out);

/** Equality in three values: of different kinds, of maps and of numbers beyond 64 bits it is
 * unknown; lists element by element. */
enum tri view_equal(const struct policy_image *image, const struct view *a, const struct view *b);
/** Negative, 0, positive; false unless both are numbers within 64 bits. */
bool view_order(const struct view *a, const struct view *b, int *out);

#endif
