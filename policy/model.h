/*
 * A policy as its author wrote it, in C: what the parser makes of the tree, what check.c resolves
 * and judges, what compile.c turns into tables and lint.c reads. Everything lives in one arena and
 * dies with the compile.
 */
#ifndef POLICY_MODEL_H
#define POLICY_MODEL_H

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

/* An attribute path: args.a["b.c"] has keys a and b.c. */
struct m_attribute {
    struct str text;
    struct str *key;
    uint32_t n;
};

/* What a condition's node does. ABSENT is its flag where the attribute is missing, else its
 * children, all. */
#define POLICY_OP_TABLE(X)                                                                         \
    X(ALL)                                                                                         \
    X(ANY)                                                                                         \
    X(NOT)                                                                                         \
    X(EQ)                                                                                          \
    X(IN)                                                                                          \
    X(UNDER)                                                                                       \
    X(EXISTS)                                                                                      \
    X(ABSENT)
#define X(id, ...) OP_##id,
enum policy_op { POLICY_OP_TABLE(X) OP_COUNT };
#undef X

struct m_condition {
    enum policy_op op;
    bool flag;                           /* EXISTS, ABSENT */
    const struct m_attribute *attribute; /* of leaves and ABSENT */
    const struct ynode *operand;         /* EQ, IN */
    struct str path;                     /* UNDER, in normal form */
    struct m_condition *first, *next;
    struct policy_pos at;
};

struct m_limits {
    struct core_limits limits;
    bool present;
    struct policy_pos at[CORE_LIMIT_COUNT];
};

struct m_path {
    struct str path;                    /* in normal form; n 0: a template */
    const struct m_attribute *template; /* the argument that it is */
};
struct m_paths {
    struct m_path *v;
    uint32_t n;
};

struct m_grant {
    struct str name; /* empty: written in a rule */
    struct policy_pos at;
    struct str use;
    struct policy_pos use_at;
    int isolation; /* enum core_rank, or -1: not written */
    bool has_filesystem;
    struct m_paths read, hide;
    struct m_limits limits;
    struct m_grant *base; /* what `use` names, once resolved */
    bool used;
    uint32_t visit; /* of the walk that looks for cycles */
};

struct m_rule {
    struct str id, reason;
    int effect; /* enum core_effect, or -1 */
    bool has_subject, has_capability, has_reason;
    struct m_subjects subjects;
    struct m_capability *capabilities;
    uint32_t ncapabilities;
    struct m_condition *when; /* NULL: none */
    struct m_grant *grant;    /* NULL: none */
    struct policy_pos at, id_at, effect_at, grant_at;
};

struct model {
    struct str name;
    int64_t version;
    int default_level; /* -1: not written */
    struct m_limits default_limits;
    struct m_group *groups;
    struct m_level *levels;
    struct m_grant *grants;
    struct m_rule *rules;
    uint32_t ngroups, nlevels, ngrants, nrules;
};

/** Tree to model (parse.c). Reports what is wrong and goes on; NULL when memory is out. */
struct model *policy_parse(struct ynode *root, struct arena *arena, struct policy_report *report);
/** Resolve names and judge what no single key can (check.c). */
void policy_check(struct model *m, struct arena *arena, struct policy_report *report);
/** What a chosen grant holds once `use` is followed: keys replace whole (check.c). `g` is checked.
 */
struct m_grant policy_grant_resolve(const struct m_grant *g);
/** Warnings (lint.c). The model is checked and has no errors. */
void policy_lint_model(const struct model *m, struct arena *arena, struct policy_report *report);
/** Whether two conditions, NULL included, are written alike (lint.c). */
bool policy_condition_same(const struct m_condition *a, const struct m_condition *b);

#endif
