/*
 * What ships as knowledge: the capability catalogue, the levels' default limits and the seccomp
 * profiles, compiled in from rules/ by a host tool (tools/rulesc). Constant data: thread-safe,
 * never freed.
 */
#ifndef CORE_CATALOGUE_H
#define CORE_CATALOGUE_H

#include "core/json.h"
#include "core/types.h"

/* ANY: anything. PATH: a string; normalised by text when absolute. URL: a string that
 * core_url_normal takes. STRINGS: a list of strings; in the last position the list, or its strings
 * one by one. REST: in the last position all that is left, as a list. METHOD: of HTTP, a word, put
 * in upper case. */
/* clang-format off */
#define CORE_ARG_TABLE(X)                                                                          \
    X(ANY, "any")                                                                                  \
    X(STRING, "string")                                                                            \
    X(INTEGER, "integer")                                                                          \
    X(NUMBER, "number")                                                                            \
    X(BOOL, "bool")                                                                                \
    X(PATH, "path")                                                                                \
    X(URL, "url")                                                                                  \
    X(STRINGS, "strings")                                                                          \
    X(REST, "rest")                                                                                \
    X(METHOD, "method")
/* clang-format on */
#define X(id, name) CORE_ARG_##id,
enum core_arg_type { CORE_ARG_TABLE(X) CORE_ARG_COUNT };
#undef X

#define CORE_MAX_ARGS   16 /* of one capability */
#define CORE_MAX_METHOD 32 /* bytes of an HTTP method */
struct core_arg {
    const char *name;
    enum core_arg_type type;
    bool required;
    bool broker;          /* only the broker may give it (program.* sha256) */
    const char *fallback; /* what it is when it is left out, as JSON; NULL: it stays away */
};

/* One effect a line. */
/* clang-format off */
#define CORE_EFFECT_BITS(X)                                                                        \
    X(COMPUTE, "compute")                                                                          \
    X(SYSTEM, "system")                                                                            \
    X(FILESYSTEM, "filesystem")                                                                    \
    X(NETWORK, "network")                                                                          \
    X(ENVIRONMENT, "environment")                                                                  \
    X(PROGRAM, "program")                                                                          \
    X(IO, "io")                                                                                    \
    X(USER_INTERACTION, "user-interaction")                                                        \
    X(AI, "ai")                                                                                    \
    X(AGENT, "agent")                                                                              \
    X(STREAMING, "streaming")
/* clang-format on */
#define X(id, name) CORE_EFFECT_BIT_##id,
enum core_effect_bit { CORE_EFFECT_BITS(X) CORE_EFFECT_WORDS };
#undef X

struct core_capability {
    const char *id;
    enum core_class klass;
    uint32_t effects; /* bit i: i-th of CORE_EFFECT_BITS */
    const struct core_arg *args;
    uint32_t nargs;
    bool has_schema;
    const char *summary;
};

/** The entry of an id, or NULL: unknown is dangerous, with all effects for a deny and none for an
 * allow. */
const struct core_capability *core_capability_find(struct str id);
/** All entries, in byte order of their ids. */
const struct core_capability *core_capability_all(size_t *count);
/** The limits that hold at a level where policy says nothing. */
const struct core_limits *core_level_limits(enum core_level level);

struct core_profile {
    const char *name;
    const uint8_t *filter; /* struct sock_filter[], this machine's architecture */
    uint32_t filter_bytes;
};
/** A seccomp profile by name ("default"), or NULL. */
const struct core_profile *core_profile_find(struct str name);
/** What lint tells of: why, a policy in which it is found, and one that says it better. */
struct core_lint {
    const char *code; /* "P052" */
    const char *id;   /* "no-reason" */
    const char *rationale, *wrong, *right;
};
/** All of rules/lint.yaml, in byte order of codes. */
const struct core_lint *core_lint_all(size_t *count);
/** The entry of a code or id, or NULL. */
const struct core_lint *core_lint_find(struct str code_or_id);
/** Names of variables, or how they begin, by which who sets them has a program load, run or trust
 * something else. */
struct core_steering {
    const char *name; /* "LD_" */
    bool prefix;
    bool warned;     /* a request may choose it, and lint asks whether that is meant */
    const char *why; /* "decides ..." */
};
/** The entry of rules/environment.yaml that a variable's name falls under, or NULL. Thread-safe. */
const struct core_steering *core_steering_find(struct str name);
/** SHA-256 over what of rules/ decides anything (all but lint.yaml): in `reeve version` and in each
 * policy's digest.
 */
extern const uint8_t core_rules_digest[BASE_SHA256];

/**
 * The named normal form of arguments (docs/policy-language.md): positional list, or one map, or a
 * map in the first position, becomes an object by the schema's names, types checked, defaults
 * filled in, absolute paths and URLs normalised by text, HTTP methods in upper case. Appends
 * canonical JSON to `out`. `args` NULL: none. A map alone in a list is taken by name, unless the
 * schema's first argument may be anything and the map's keys are not the schema's. A null for an
 * optional argument is as good as none. Numbers that canonical JSON cannot hold as numbers (beyond
 * 2^53) do not fit.
 *
 * REEVE_EFORMAT when they do not fit: then `out` has them as they stand, in canonical form, and
 * `err` says what does not fit. Without a schema, or with `cap` NULL, they are passed on as they
 * are.
 */
int core_normalise_args(const struct core_capability *cap, const struct json_doc *doc,
                        const struct json_node *args, struct buf *out, struct reeve_error *err);

/**
 * A scalar as an argument of `type`: appends its normal form, canonical JSON, to `out`. For the
 * defaults of schemas, which are judged as what a request says is. False: no argument of that type.
 */
bool core_arg_normal(enum core_arg_type type, const struct json_node *scalar, struct buf *out);

/** Absolute path: `//`, `.`, `..` and a trailing `/` removed by text. False when not absolute, not
 * UTF-8, or with NUL. */
bool core_path_normal(struct str path, struct buf *out);
/** Whether a path is what core_path_normal makes of it. Allocates nothing. */
bool core_path_is_normal(struct str path);
/** Whether `path` is `dir` or below it, by whole components; both normal. Inline: decisions ask. */
static inline bool core_path_under(struct str path, struct str dir)
{
    if (str_is(dir, "/"))
        return path.n > 0 && path.p[0] == '/';
    return path.n >= dir.n && base_same(path.p, dir.p, dir.n) &&
           (path.n == dir.n || path.p[dir.n] == '/');
}

#endif
