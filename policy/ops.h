/*
 * The operators of conditions, each one row: its word, what may stand as its operand, whether
 * `{attr: PATH}` may, and how explanations name it. The parser's words, the evaluator's table and
 * the tests' coverage come from here; a new operator is a row and its evaluator.
 */
#ifndef POLICY_OPS_H
#define POLICY_OPS_H

/* What stands beside an operator's word. */
enum policy_operand {
    OPERAND_NODES,    /* conditions: a node of the tree's own, no operator on a value */
    OPERAND_SCALAR,   /* one scalar */
    OPERAND_VALUE,    /* a scalar or a list */
    OPERAND_LIST,     /* a list of scalars */
    OPERAND_ORDER,    /* a number or a size */
    OPERAND_RANGE,    /* two of those */
    OPERAND_TEXTS,    /* a text or a list of texts */
    OPERAND_FOLDER,   /* an absolute path */
    OPERAND_FLAG,     /* true or false */
    OPERAND_OPS,      /* an operator map, or what stands for one */
    OPERAND_ANY,      /* a list of those */
    OPERAND_ARGV,     /* a list of argument patterns */
    OPERAND_GROUP,    /* a group or a list of groups */
    OPERAND_PATTERNS, /* a text or a list of texts, made into a form */
    OPERAND_REGEX,    /* a regular expression */
    OPERAND_URL,      /* a URL pattern, as a text or a mapping */
    OPERAND_TIME,     /* days, hours, zone */
    OPERAND_COUNT
};

/* id, word (NULL: cannot be written in an operator map), operand, takes {attr: PATH}, phrase.
 * Structure first (up to NOT), so that it can be told from operators on values. */
/* clang-format off */
#define POLICY_OP_TABLE(X)                                                                         \
    X(ALL, NULL, NODES, false, "")                                                                 \
    X(ANY, "any", ANY, false, "")                                                                  \
    X(NOT, "not", OPS, false, "")                                                                  \
    X(ABSENT, NULL, NODES, false, "")                                                              \
    X(EQ, "eq", VALUE, true, "")                                                                   \
    X(NE, "ne", VALUE, true, "other than ")                                                        \
    X(IN, "in", LIST, true, "one of ")                                                             \
    X(NOT_IN, "not_in", LIST, true, "none of ")                                                    \
    X(LT, "lt", ORDER, true, "less than ")                                                         \
    X(LTE, "lte", ORDER, true, "at most ")                                                         \
    X(GT, "gt", ORDER, true, "more than ")                                                         \
    X(GTE, "gte", ORDER, true, "at least ")                                                        \
    X(BETWEEN, "between", RANGE, false, "within ")                                                 \
    X(STARTS_WITH, "starts_with", TEXTS, false, "a text that starts with ")                        \
    X(UNDER, "under", FOLDER, false, "at or under ")                                               \
    X(EXISTS, "exists", FLAG, false, "there")                                                      \
    X(CONTAINS, "contains", SCALAR, true, "a list that contains ")                                 \
    X(SIZE, "size", OPS, false, "of the right size")                                               \
    X(EACH, "each", OPS, false, "a list of which each element fits")                               \
    X(SOME, "some", OPS, false, "a list of which some element fits")                               \
    X(ARGV, "argv", ARGV, false, "a list that fits the argument patterns")                         \
    X(IS, "is", GROUP, false, "in ")                                                               \
    X(MATCHES, "matches", REGEX, false, "a text that matches ")                                    \
    X(LIKE, "like", PATTERNS, false, "like ")                                                         \
    X(HOST, "host", PATTERNS, false, "a host that fits ")                                             \
    X(CIDR, "cidr", PATTERNS, false, "an address within ")                                            \
    X(URL, "url", URL, false, "a URL that fits ")                                                \
    X(TIME, "time", TIME, false, "within ")
/* clang-format on */

#define X(id, ...) OP_##id,
enum policy_op { POLICY_OP_TABLE(X) OP_COUNT };
#undef X

/* What `argv` says of arguments beyond its patterns: none may be, any may, its last child says. */
enum policy_rest { POLICY_REST_NONE, POLICY_REST_ANY, POLICY_REST_OPS };

/* Elements of a list that are looked at; a longer one is unknown to what judges elements. */
#define POLICY_MAX_ELEMENTS 1024u

#endif
