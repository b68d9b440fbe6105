/*
 * What may stand where in a policy, as data. Each key of the parser's tables (struct parse_field)
 * carries its shape and one line that says what it means; the schema (schema.c) and the reference
 * page (reference.c) are written from those tables and know no key of the language themselves. A
 * shape may admit more than the parser does, never less.
 */
#ifndef POLICY_SHAPE_H
#define POLICY_SHAPE_H

#include "policy/value_size.h"

struct parse_field;

enum shape_kind {
    SHAPE_ANY,    /* anything */
    SHAPE_NULL,   /* no value */
    SHAPE_TEXT,   /* a text that `pattern`, if any, matches as a whole */
    SHAPE_NUMBER, /* any number */
    SHAPE_INT,    /* a whole number from `min` to `max` (0: no end) */
    SHAPE_BOOL,   /* true or false */
    SHAPE_WORDS,  /* one of `words` */
    SHAPE_AMOUNT, /* a whole number with one of `units`; a unit without a name: bare */
    SHAPE_LIST,   /* `min` to `max` (0: no end) of `of` */
    SHAPE_MAP,    /* names of the shape `key`, each with an `of` */
    SHAPE_KEYS, /* the keys of `fields`; others of the shape `key`, if there is one, with an `of` */
    SHAPE_EITHER, /* one of `either` */
};

/* Which keys of a mapping go with which word of another of its keys. */
struct shape_case {
    const char *key;
    uint32_t takes;          /* bit by the word's place: with others the key is refused */
    uint32_t needs;          /* with these it is required */
    const char *const *hint; /* by the word's place, where it is refused */
};

struct parse_shape {
    const char *name; /* of its definition in the schema and its heading; NULL: said in place */
    const char *says; /* "a path, such as `/srv/data`"; NULL: what the kind says by itself */
    enum shape_kind kind;
    const char *pattern; /* in what PCRE2 and ECMA 262 have in common */
    const char *const *words;
    const struct value_unit *units;
    const struct parse_shape *of, *key;
    const struct parse_field *fields;
    const struct parse_shape *const *either;
    const char *by; /* of keys: the one whose word `cases` go by; NULL: none */
    const struct shape_case *cases;
    size_t ncases;
    size_t n; /* of words, units, fields or either */
    int64_t min, max;
    bool partial; /* none of `fields` is required */
};

/* clang-format off */
#define SHAPE_WORDS_OF(table)     .kind = SHAPE_WORDS, .words = (table), .n = BASE_COUNT(table)
#define SHAPE_UNITS_OF(table)     .kind = SHAPE_AMOUNT, .units = (table), .n = BASE_COUNT(table)
#define SHAPE_FIELDS_OF(table)    .kind = SHAPE_KEYS, .fields = (table), .n = BASE_COUNT(table)
#define SHAPE_EITHER_OF(...)                                                                       \
    .kind = SHAPE_EITHER, .either = (const struct parse_shape *const[]){__VA_ARGS__},              \
    .n = sizeof((const struct parse_shape *[]){__VA_ARGS__}) / sizeof(const struct parse_shape *)
/* clang-format on */

/* Small values that many keys take (shapes.c). */
extern const struct parse_shape shape_any, shape_text, shape_bool, shape_scalar, shape_name,
    shape_names, shape_rule_id, shape_subjects, shape_some_subjects, shape_match, shape_capability,
    shape_capabilities, shape_effects, shape_path, shape_paths, shape_masks_of_paths, shape_count,
    shape_number, shape_moment, shape_header, shape_attribute, shape_texts, shape_groups_named;
/* Values whose parser has a table of its own, beside that table. */
extern const struct parse_shape shape_level, shape_isolation, shape_type, shape_variable_type,
    shape_duration, shape_size, shape_limits, shape_grant_limits;
/* Mappings of the language. */
extern const struct parse_shape shape_policy, shape_rules, shape_rule, shape_grant, shape_when,
    shape_ops, shape_test, shape_approval, shape_capability_entry, shape_budgets, shape_vars,
    shape_attributes, shape_entities, shape_conditions, shape_audit;
/* Keys of a grant and of a rule, by the file that reads them. */
extern const struct parse_shape shape_filesystem, shape_network, shape_environment, shape_secrets,
    shape_provider, shape_valid, shape_require, shape_obligations, shape_mode;
/* What compiled operands are written as (parse_pattern.c). */
extern const struct parse_shape shape_url, shape_time, shape_regex;
/* Keys whose reading is elsewhere (shape_tests.c). */
extern const struct parse_shape shape_includes, shape_tests, shape_request, shape_variants,
    shape_given, shape_approval_part, shape_value, shape_values, shape_value_map, shape_text_list;

#define SHAPE_MAX_NAMED 96u
/* Shapes with names, in the order in which a walk met them. */
struct shape_list {
    const struct parse_shape *v[SHAPE_MAX_NAMED];
    uint32_t n;
};
/** Add a shape that is not there yet. */
void shape_meet(struct shape_list *list, const struct parse_shape *shape);

/** Append the language as a JSON Schema (draft 2020-12), one line. */
void policy_schema(struct buf *out);
/** Append the reference page, Markdown. */
void policy_reference(struct buf *out);

#endif
