/*
 * What the parser's files share: a mapping is read by a table of its keys, so that an unknown key,
 * a key of the language that this version does not hold, and a missing key are told in one place
 * and in one way.
 */
#ifndef POLICY_PARSE_H
#define POLICY_PARSE_H

#include "policy/model.h"
#include "policy/names.h"
#include "policy/shape.h"

/* What a delegated file names for itself: key of the top, one name after the other. */
enum parse_space { SPACE_GROUPS, SPACE_GRANTS, SPACE_CONDITIONS, PARSE_SPACES };
struct parse_own {
    struct str name; /* its `as` */
    uint32_t scope;  /* from 1: which of the model's scopes it is */
    struct policy_names names[PARSE_SPACES];
    const struct model *outer; /* what it sees: the files that have the root's trust */
};

struct parser {
    struct arena *arena;
    struct policy_report *report;
    struct model *model;
    const struct parse_own *own; /* NULL: a file of the root's trust */
    uint32_t added;              /* nodes that list variables made */
    uint64_t meant; /* of the mapping that was read last: bits of fields whose keys are misspelt */
    const struct parse_field *meant_of; /* those fields */
};

typedef void parse_field_fn(struct parser *p, void *object, struct ynode *key, struct ynode *value);
/** A key of a mapping. `fn` NULL: a key of the language that this version does not hold. A row's
 * shape and line are what the schema and the reference page say of it. */
struct parse_field {
    const char *name;
    parse_field_fn *fn;
    bool required;
    const struct parse_shape *shape; /* NULL: kept free, and in no schema */
    const char *doc;
};

/** Read a mapping by its table. `what` names it in messages ("a rule"). */
void parse_map(struct parser *p, struct ynode *map, const char *what,
               const struct parse_field *fields, size_t nfields, void *object);
/** Whether a key of the mapping that was read last is this one, misspelt: it was told. */
bool parse_was_meant(const struct parser *p, const char *name);
/** A mapping's key of that name, or NULL. */
struct ynode *parse_key(const struct ynode *map, struct str name);
/** Whether `n` is a mapping or a list; reports otherwise. */
bool parse_is_map(struct parser *p, const struct ynode *n, const char *what);
bool parse_is_list(struct parser *p, const struct ynode *n, const char *what);
/** The text of a scalar that must be text of at most `max` bytes and not empty. False when
 * reported. */
bool parse_text(struct parser *p, const struct ynode *n, const char *what, size_t max,
                struct str *out);
/** A name of groups and grants: letters, digits, `_`, `-`, `.`. */
bool parse_name(struct parser *p, const struct ynode *n, const char *what);
bool parse_bool(struct parser *p, const struct ynode *n, const char *what, bool *out);
/** The index of one of `words`, or -1 when reported. */
int parse_word(struct parser *p, const struct ynode *n, const char *what, const char *const *words,
               size_t nwords);
/** "`KEY` is not understood by this version". */
void parse_not_understood(struct parser *p, const struct ynode *at, struct str word);
void *parse_alloc(struct parser *p, size_t count, size_t each);

/** subject.c and siblings: one value of the language each. False when reported. */
enum parse_place { PARSE_SUBJECT, PARSE_MEMBER, PARSE_RESOURCE, PARSE_APPROVER, PARSE_GROUP };
bool parse_subject(struct parser *p, const struct ynode *n, enum parse_place place,
                   struct m_subject *out);
bool parse_subject_or_anyone(struct parser *p, const struct ynode *n, struct m_subject *out);
bool parse_subject_list(struct parser *p, const struct ynode *n, enum parse_place place,
                        const char *what, struct m_subjects *out);
/** What stands beside `subject`: `anyone`, or a list that is not empty. */
void parse_subjects(struct parser *p, const struct ynode *n, struct m_subjects *out);
bool parse_attribute(struct parser *p, const struct ynode *at, struct str text,
                     struct m_attribute **out);
/** The same, of an argument. */
bool parse_argument(struct parser *p, const struct ynode *at, struct str text,
                    struct m_attribute **out);
/** `string`, or `[string]`: one of the types that attributes (or variables) may have. */
bool parse_type(struct parser *p, const struct ynode *n, bool variable, struct m_type *out);
/** Whether a value is of a type; what is well-formed of a path, host and so on included. */
bool parse_type_fits(struct m_type type, const struct ynode *n);
/** "string", "list of string". */
const char *parse_type_name(struct m_type type, char out[32]);
/** A size ("1MiB") as bytes. */
bool parse_size(const struct ynode *n, int64_t *bytes);
bool parse_path(struct parser *p, const struct ynode *n, struct str *out);
/** The same of what is made of a text; `written`: what its author wrote. */
bool parse_path_of(struct parser *p, const struct ynode *n, struct str written, const char *hint,
                   struct str *out);
/** Top-level keys (parse_declare.c). */
void parse_attributes(struct parser *p, void *object, struct ynode *key, struct ynode *value);
void parse_entities(struct parser *p, void *object, struct ynode *key, struct ynode *value);
void parse_conditions(struct parser *p, void *object, struct ynode *key, struct ynode *value);
/** Begin with a delegated file: find what it names for itself (parse_own.c). False when memory is
 * out. */
bool parse_own_begin(struct parser *p, struct parse_own *own, const struct ynode *tree);
/** What a name that is declared or referred to is called in the model: NAMESPACE/name where the
 * file that is read declares it for itself. */
struct str parse_named(struct parser *p, enum parse_space space, struct str name);
/** What a rule's, budget's or label's name is called: NAMESPACE/id in a delegated file. */
struct str parse_own_id(struct parser *p, struct str id);
/** The scope of what is read; 0: the root's trust. */
uint32_t parse_scope(const struct parser *p);
/** The labels that stand beside `broker.labels` in a delegated file's condition become its own;
 * false when another test was reported. */
bool parse_own_labels(struct parser *p, struct ynode *value);
/** One entry of `include`, whose `with` and `may` are read once variables have their values
 * (parse_include.c). */
struct parse_included {
    struct str file, as; /* as n 0: of the same trust */
    struct ynode *with, *may;
    struct policy_pos at, as_at;
};
/** False when reported. */
bool parse_included(struct parser *p, struct ynode *entry, struct parse_included *out);
/** Read a delegated file's `may`. */
void parse_may(struct parser *p, struct ynode *may, struct m_scope *out);
/** A file beside the root's has a header too, and nothing of the root's own (parse.c). */
void parse_header(struct parser *p, struct ynode *tree);

/**
 * Read `vars` of a policy's tree and put their values where `${name}` stands, in all of the tree
 * (parse_vars.c). `given` is a mapping of values that go before the defaults, or NULL. Call it
 * before the tree is parsed.
 */
void parse_variables(struct parser *p, struct ynode *root, const struct ynode *given);
/** The operators beside an attribute, or beside no attribute: of an element. A scalar means `eq`, a
 * list `in` (parse_ops.c). NULL when reported. */
struct m_condition *parse_test(struct parser *p, struct ynode *value, struct m_attribute *a);
/** Operands that are compiled to a form (parse_pattern.c): of like, host and cidr; matches; url;
 * time. */
struct m_condition *parse_patterns(struct parser *p, struct m_condition *c, struct ynode *value);
struct m_condition *parse_regex(struct parser *p, struct m_condition *c, struct ynode *value);
struct m_condition *parse_url(struct parser *p, struct m_condition *c, struct ynode *value);
struct m_condition *parse_time(struct parser *p, struct m_condition *c, struct ynode *value);
/** The groups beside `is`. */
struct m_condition *parse_is(struct parser *p, struct ynode *key);
struct m_condition *parse_node(struct parser *p, enum policy_op op, const struct ynode *at);
/** Add a child at the tail; NULL is skipped. */
void parse_append(struct m_condition ***tail, struct m_condition *child);
/** A condition map (`when`, or an entry of all, any, not). NULL when reported. */
struct m_condition *parse_when(struct parser *p, struct ynode *n);
/** The isolation that is written, or -1 when reported. */
int parse_isolation(struct parser *p, const struct ynode *n);
bool parse_level(struct parser *p, const struct ynode *n, int *out);
void parse_limits(struct parser *p, struct ynode *n, bool in_grant, struct m_limits *out);
/** A list of texts that name things declared elsewhere. */
bool parse_names(struct parser *p, const struct ynode *n, const char *list, const char *what,
                 struct m_names *out);
/** "15m": more than nothing. */
bool parse_duration(struct parser *p, const struct ynode *n, const char *what, int64_t *ns);
/** A value of one limit's unit; false when reported. */
bool parse_amount(struct parser *p, const struct ynode *n, const char *what, enum core_unit unit,
                  uint64_t *value);
bool parse_capability(struct parser *p, const struct ynode *n, struct m_capability *out);
uint32_t parse_capabilities(struct parser *p, const struct ynode *list, struct m_capability **out);
/** NULL when reported. */
struct m_approval *parse_approval(struct parser *p, struct ynode *n);
/** The same where any key may be left out: then NULL, 0 or -1. */
void parse_approval_part(struct parser *p, struct ynode *n, struct m_approval *out);
/** A grant's name, or its mapping. */
struct m_grant *parse_grant_or_name(struct parser *p, struct ynode *value);
/** What a grant reaches (parse_reach.c). */
parse_field_fn parse_grant_provider, parse_grant_network, parse_grant_filesystem,
    parse_grant_environment, parse_grant_secrets;
/** What a rule holds a request to beside its grant (parse_hold.c). */
parse_field_fn parse_rule_valid, parse_rule_require, parse_rule_approval, parse_rule_labels,
    parse_rule_obligations, parse_rule_mode, parse_rule_replaces;
/** Keys of the top (parse_entry.c, parse_budget.c). */
parse_field_fn parse_top_capabilities, parse_top_labels, parse_top_audit, parse_top_budgets,
    parse_top_tests;
/** A rule's id: small letters, digits, `-`. */
bool parse_id(struct parser *p, const struct ynode *n, const char *what, struct str *out);
/** A grant's mapping into `g`. */
void parse_grant_map(struct parser *p, struct ynode *n, struct m_grant *g);
/** An argument's default in its normal form, appended as JSON. False: it is no such argument. */
bool parse_arg_normal(const struct m_arg *a, struct buf *out);
void parse_rules(struct parser *p, void *object, struct ynode *key, struct ynode *value);

#endif
