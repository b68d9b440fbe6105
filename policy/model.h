/*
 * A policy as its author wrote it, in C: what the parser makes of the tree, what check.c resolves
 * and judges, what compile.c turns into tables and lint.c reads. Everything lives in one arena and
 * dies with the compile.
 */
#ifndef POLICY_MODEL_H
#define POLICY_MODEL_H

#include "policy/ops.h"
#include "policy/pattern.h"
#include "policy/yaml.h"

#define POLICY_NONE UINT32_MAX

struct m_subject {
    enum policy_subject_kind kind;
    struct str text;   /* "type:id", "type:glob*", or a group's name */
    uint32_t literals; /* of a glob */
    uint32_t group;    /* its index once resolved, else POLICY_NONE */
    struct policy_pos at;
};
struct m_subjects {
    struct m_subject *v;
    uint32_t n;
};

struct m_group {
    struct str name;
    struct m_subjects members;
    struct policy_pos at;
    bool used;
    uint8_t state, height; /* of the walk that looks for cycles */
};

struct m_level {
    struct m_subject match;
    enum core_level level;
};

struct m_capability {
    struct str text;
    uint64_t key;
    struct policy_pos at;
};

/* Where an attribute's value comes from: word, root. */
#define POLICY_ROOT_TABLE(X)                                                                       \
    X(ARGS, "args")                                                                                \
    X(SUBJECT, "subject")                                                                          \
    X(RESOURCE, "resource")                                                                        \
    X(CONTEXT, "context")                                                                          \
    X(BROKER, "broker")                                                                            \
    X(ACTION, "action")
#define X(id, word) ROOT_##id,
enum policy_root { POLICY_ROOT_TABLE(X) ROOT_COUNT };
#undef X

/* Types: word, whether attributes may be declared with it, whether variables may. What each admits
 * is parse_type.c's to check. */
#define POLICY_TYPE_TABLE(X)                                                                       \
    X(STRING, "string", true, true)                                                                \
    X(INT, "int", true, true)                                                                      \
    X(NUMBER, "number", true, false)                                                               \
    X(BOOL, "bool", true, true)                                                                    \
    X(MAP, "map", true, false)                                                                     \
    X(SIZE, "size", false, true)                                                                   \
    X(DURATION, "duration", false, true)                                                           \
    X(PATH, "path", false, true)                                                                   \
    X(HOST, "host", false, true)                                                                   \
    X(URL, "url", false, true)                                                                     \
    X(SHA256, "sha256", false, true)
#define X(id, ...) TYPE_##id,
enum policy_type { POLICY_TYPE_TABLE(X) TYPE_COUNT };
#undef X
struct m_type {
    uint8_t type; /* enum policy_type; TYPE_COUNT: not declared */
    bool list;    /* [T] */
};

/* Whose word counts for an attribute of subject, resource or context. */
#define POLICY_FROM_TABLE(X) X(ANY, "any") X(ENTITIES, "entities") X(REQUEST, "request")
#define X(id, word)          FROM_##id,
enum policy_from { POLICY_FROM_TABLE(X) FROM_COUNT };
#undef X

/* subject.id and subject.type, resource likewise; properties of these names are
 * subject.properties.id. */
enum policy_builtin { BUILTIN_NONE, BUILTIN_ID, BUILTIN_TYPE };

/* An attribute path: args.a["b.c"] has root args and keys a and b.c. subject.properties.x is held
 * as subject.x. */
struct m_attribute {
    struct str text;
    struct str *key;
    uint32_t n;
    uint8_t root; /* enum policy_root */
    uint8_t
        builtin;    /* of broker: enum policy_input; of subject and resource: enum policy_builtin */
    bool positions; /* args.0: the first key is a position */
    struct policy_pos at;
    uint32_t scope; /* of the file that it is written in: 0: of the root's trust */
    /* What its declaration says, once resolved (check_when.c). */
    struct m_type type;
    uint8_t from;   /* enum policy_from */
    bool from_said; /* and the declaration says so */
    bool known;     /* declared, built in, or of args */
    bool below;     /* what is declared as no map */
    const struct ynode *fallback;
};

/* An entry of `attributes`. */
struct m_declared {
    struct m_attribute *path;
    struct m_type type;
    uint8_t from;
    bool has_from;
    const struct ynode *fallback; /* `default`; NULL: none */
    struct policy_pos at;
    uint32_t scope; /* who sees it: 0: every file */
};
/* Whether what is written at `at` sees a declaration: a delegated file is one file. */
static inline bool m_sees(const struct m_declared *d, struct policy_pos at)
{
    return !d->scope || d->at.file == at.file;
}

/* An entry of `entities`: "type:id" and its properties. */
struct m_entity {
    struct str name;
    const struct ynode *properties;
    struct policy_pos at;
    uint32_t scope; /* whose rules alone see it; 0: all rules do */
};

/* A node of a condition. ABSENT is its flag where the attribute is missing, else its children, all.
 * Without an attribute an operator judges the value that its parent hands down (an element, a
 * size). */
struct m_condition {
    enum policy_op op;
    uint8_t flag; /* EXISTS, ABSENT: true or false; ARGV: enum policy_rest */
    struct m_attribute *attribute;
    struct m_attribute *other;   /* the operand {attr: PATH} */
    const struct ynode *operand; /* as written */
    struct str path;             /* UNDER, in normal form */
    struct m_subjects groups;    /* IS */
    struct str form;             /* compiled operands: policy/value_*.h; TIME: of its zone */
    struct {
        uint16_t from, to; /* minutes of the day */
        uint8_t days;
    } window;       /* TIME */
    struct str use; /* ALL: the named condition that it stands for */
    struct m_condition *first, *next;
    struct policy_pos at;
};

/* An entry of `vars`. */
struct m_var {
    struct str name;
    struct m_type type;
    const struct ynode *value; /* NULL: none */
    struct policy_pos at;
    bool used;
};

/* How large a condition is once its `use`s are expanded: nodes, how deep they nest, and how many
 * named conditions stand within each other. */
#define POLICY_MAX_TESTS 4096u /* nodes of one condition */
struct m_extent {
    uint32_t nodes, nesting, height;
};

/* An entry of `conditions`. */
struct m_named {
    struct str name;
    struct m_condition *condition; /* NULL: reported */
    struct policy_pos at;
    uint32_t scope;
    bool used;
    uint8_t state; /* of the walk that looks for cycles */
    struct m_extent extent;
};

struct m_limits {
    struct core_limits limits;
    bool present;
    struct policy_pos at[CORE_LIMIT_COUNT];
};

struct m_path {
    struct str path;                    /* in normal form; n 0: a template */
    const struct m_attribute *template; /* the argument that it is */
    uint32_t subject;                   /* where the subject's id is put in, 0: nowhere */
};
struct m_paths {
    struct m_path *v;
    uint32_t n;
};
struct m_endpoint {
    struct str host;
    uint32_t port;                      /* 0: any */
    const struct m_attribute *template; /* the argument whose host and port it is */
};
struct m_variable {
    struct str name, value;
    bool set;
    struct policy_pos at;
};
struct m_texts {
    struct str *v;
    uint32_t n;
};

/* The keys of a grant that `use` inherits one by one, whole. */
#define POLICY_REACH_TABLE(X) X(PROVIDER) X(NETWORK) X(FILESYSTEM) X(ENVIRONMENT) X(SECRETS)
#define X(id)                 REACH_##id,
enum policy_reach { POLICY_REACH_TABLE(X) REACH_COUNT };
#undef X

struct m_grant {
    struct str name; /* empty: written in a rule */
    struct policy_pos at;
    struct str use;
    struct policy_pos use_at;
    int isolation;  /* enum core_rank, or -1: not written */
    uint32_t wrote; /* bit enum policy_reach */
    struct m_paths read, write, execute, hide;
    struct m_texts masks, secrets, providers;
    struct m_endpoint *network;
    struct m_variable *environment;
    uint32_t nnetwork, nenvironment;
    struct m_limits limits;
    struct m_grant *base; /* what `use` names, once resolved */
    bool used;
    uint32_t visit; /* of the walk that looks for cycles */
};

/* What a rule does. The first three are a decision's effects too. */
#define POLICY_RULE_TABLE(X) X(DENY, "deny") X(ALLOW, "allow") X(ASK, "ask") X(REQUIRE, "require")
#define X(id, name)          RULE_##id,
enum policy_rule_kind { POLICY_RULE_TABLE(X) RULE_KINDS };
#undef X
_Static_assert((int)RULE_DENY == CORE_EFFECT_DENY && (int)RULE_ALLOW == CORE_EFFECT_ALLOW &&
                   (int)RULE_ASK == CORE_EFFECT_ASK,
               "a rule's effect is a decision's");

struct m_approval {
    struct m_subjects by;
    uint32_t need;
    int64_t within_ns;
    int covers;
    struct policy_pos at;
};
struct m_require {
    int isolation; /* -1: not written */
    struct m_approval *approval;
    struct m_grant *within; /* what it cuts to; no isolation */
};
struct m_obligation {
    struct str type;
    const struct ynode *properties; /* NULL: none */
};
/* A name that something refers to. */
struct m_name {
    struct str text;
    struct policy_pos at;
};
struct m_names {
    struct m_name *v;
    uint32_t n;
};

struct m_rule {
    struct str id, reason;
    int effect; /* enum policy_rule_kind, or -1 */
    bool has_subject, has_capability, has_reason, has_effects, has_resource;
    bool shadow;
    struct m_subjects subjects, resources;
    struct m_capability *capabilities;
    uint32_t ncapabilities;
    struct m_names effects, labels;
    uint32_t effect_bits; /* once resolved */
    uint64_t label_bits;
    int64_t from_ns, until_ns;   /* INT64_MIN, INT64_MAX: not written */
    struct m_condition *when;    /* NULL: none */
    struct m_grant *grant;       /* NULL: none */
    struct m_approval *approval; /* NULL: none */
    struct m_require *require;   /* NULL: none */
    struct m_obligation *obligations;
    uint32_t nobligations;
    struct m_name replaces; /* n 0: none */
    bool replaced;          /* a shadow rule replaces it */
    uint32_t scope;         /* 0: of the root's trust; else a delegated file's */
    struct policy_pos at, id_at, effect_at, resource_at, until_at;
};

struct m_counted {
    bool set;
    uint64_t max;
    int64_t window_ns;
    struct str unit;
};
struct m_budget {
    struct str id;
    struct policy_pos at, id_at;
    bool has_subject, has_capability, asks;
    struct m_subjects subjects;
    struct m_capability *capabilities;
    uint32_t ncapabilities;
    int per;
    struct m_counted counted[POLICY_COUNTED_COUNT];
    uint32_t warn_percent; /* the smallest of warn_at; 0: none */
    uint32_t scope;
};

struct m_arg {
    struct str name;
    int type; /* enum core_arg_type */
    bool optional;
    const struct ynode *fallback; /* NULL: none */
};
/* Effects of a policy beside the catalogue's. One bit stays without a word: what a ceiling denies
 * and a candidate policy does not know stands there (beside.c). */
#define POLICY_MAX_OWN_EFFECTS (31u - CORE_EFFECT_WORDS)
#define POLICY_MAX_MASKS       64u /* of one list */
struct m_masks {
    struct m_attribute **v;
    uint32_t n;
};
/* An entry of `capabilities`. */
struct m_entry {
    struct m_capability id;
    int klass; /* -1: not written */
    struct m_names effects;
    uint32_t effect_bits;
    struct m_masks mask;
    struct str lower;
    uint32_t scope;
    struct m_arg *args; /* NULL: no schema */
    uint32_t nargs;
    struct policy_pos args_at;
    bool cost;
};

/* What a test may expect: word. `shadow` holds the first few of them again. */
#define POLICY_EXPECT_TABLE(X)                                                                     \
    X(EFFECT, "effect")                                                                            \
    X(RULE, "rule")                                                                                \
    X(ISOLATION, "isolation")                                                                      \
    X(LEVEL, "level")                                                                              \
    X(LIMITS, "limits")                                                                            \
    X(NETWORK, "network")                                                                          \
    X(APPROVALS, "approvals")                                                                      \
    X(REQUIRES, "requires")                                                                        \
    X(OBLIGATIONS, "obligations")                                                                  \
    X(LABELS, "labels")                                                                            \
    X(SHADOW, "shadow")
#define X(id, word) EXPECT_##id,
enum policy_expect { POLICY_EXPECT_TABLE(X) EXPECT_COUNT };
#undef X
#define EXPECT_OF_SHADOW 3u /* effect, rule, isolation */
struct m_expect {
    uint32_t wrote; /* bit enum policy_expect */
    int effect, level, isolation;
    struct m_name rule;
    struct m_limits limits;
    struct m_grant reach; /* its network; `everything`: held back by nothing */
    bool everything;
    struct m_approval *approvals; /* of which any key may be left out: NULL, 0 or -1 */
    uint32_t napprovals;
    struct m_names requires, labels;
    const struct ynode *obligations; /* a list of mappings */
    struct m_expect *shadow;         /* NULL: none */
};

/* An entry of `tests`. */
struct m_test {
    struct str name;
    const struct ynode *request, *variants; /* a mapping, a list of them; NULL: none */
    struct ynode *given;                    /* a mapping; NULL: none */
    struct m_expect expect;
    uint32_t scope; /* the file that it stands in, as of rules */
    struct policy_pos at;
};

/* A delegated file: the namespace of its names, and what its rules may be about. */
struct m_scope {
    struct str name;
    struct m_subjects subjects;
    struct m_capability *capabilities;
    uint32_t ncapabilities;
    struct policy_pos at;
};

struct model {
    struct str *files; /* as the image names them; the root file first */
    uint32_t nfiles;
    uint8_t source_digest[BASE_SHA256]; /* of all of them */
    struct ynode **trees;               /* as they were parsed: the root's trust, then others */
    uint32_t ntrees;
    struct m_scope *scopes; /* scope i is scopes[i - 1] */
    uint32_t nscopes;
    struct str name;
    int64_t version;
    int default_level; /* -1: not written */
    struct m_limits default_limits;
    struct m_group *groups;
    struct m_level *levels;
    struct m_grant *grants;
    struct m_rule *rules;
    struct m_declared *declared;
    struct m_entity *entities;
    struct m_named *conditions;
    struct m_var *variables;
    struct m_approval *default_approval; /* NULL: none */
    struct m_names labels;
    struct m_entry *entries;
    struct m_budget *budgets;
    struct m_test *tests;
    struct m_masks masks;     /* audit.mask */
    struct str *effect_words; /* beyond the catalogue's own, once resolved */
    uint32_t ngroups, nlevels, ngrants, nrules, ndeclared, nentities, nconditions, nvariables;
    uint32_t nentries, nbudgets, neffect_words, ntests;
};

/** Tree to model (parse.c). Reports what is wrong and goes on; NULL when memory is out. */
struct model *policy_parse(struct ynode *root, struct arena *arena, struct policy_report *report);
/** The same of a delegated file; `with`: values of its variables, or NULL. */
struct parse_own;
struct model *policy_parse_own(struct ynode *root, const struct ynode *with, struct parse_own *own,
                               struct arena *arena, struct policy_report *report);
/** One tree of trees of equal trust, which are used up: what is named twice must be the same
 * (union.c). */
void policy_union(struct ynode **trees, uint32_t n, struct arena *arena,
                  struct policy_report *report);
/** Whether two trees say the same, whatever the order of keys. */
bool policy_tree_same(const struct ynode *a, const struct ynode *b);
/** A policy with all that it includes, as one model (include.c). NULL when there is none. */
struct model *policy_load(const struct policy_source *source, struct arena *arena,
                          struct policy_report *report);
/** Resolve names and judge what no single key can (check.c). */
void policy_check(struct model *m, struct arena *arena, struct policy_report *report);
/** The part of it that concerns conditions and attributes (check_when.c). `groups` are the policy's
 * by name. */
struct policy_names;
void policy_check_conditions(struct model *m, const struct policy_names *groups,
                             struct arena *arena, struct policy_report *report);
/** The bit of a declared label; POLICY_NONE when reported (check_hold.c). */
uint32_t policy_label(const struct model *m, struct policy_report *report, struct str name,
                      struct policy_pos at);
/** What a chosen grant holds once `use` is followed: keys replace whole (check.c). `g` is checked.
 */
struct m_grant policy_grant_resolve(const struct m_grant *g);
/** Warnings (lint.c). The model is checked and has no errors. */
void policy_lint_model(const struct model *m, struct arena *arena, struct policy_report *report);
/** Warnings about a text as it is written: a file's tree, comments of all files (lint_text.c), and
 * secrets in one of them (lint_secret.c). */
void policy_lint_tree(const struct ynode *root, struct policy_report *report);
void policy_lint_comments(struct policy_report *report);
void policy_lint_secrets(uint16_t file, struct policy_report *report);

#endif
