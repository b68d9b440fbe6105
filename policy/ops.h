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

/* id, word (NULL: cannot be written in an operator map), operand, takes {attr: PATH}, phrase, what
 * it is asked of (of anything else it is unknown), when it holds: for the reference page. Structure
 * first (up to NOT), so that it can be told from operators on values. */
/* clang-format off */
#define POLICY_OP_TABLE(X)                                                                         \
    X(ALL, NULL, NODES, false, "", "",                                                             \
      "")                                                                                          \
    X(ANY, "any", ANY, false, "", "any",                                                           \
      "one of these operator maps holds")                                                          \
    X(NOT, "not", OPS, false, "", "any",                                                           \
      "these operators do not hold")                                                               \
    X(ABSENT, NULL, NODES, false, "", "",                                                          \
      "")                                                                                          \
    X(EQ, "eq", VALUE, true, "", "any",                                                            \
      "an equal value; a list is compared element by element")                                     \
    X(NE, "ne", VALUE, true, "other than ", "any",                                                 \
      "any other value of its type")                                                               \
    X(IN, "in", LIST, true, "one of ", "scalar",                                                   \
      "a value of the list; elements of other types say nothing, unless there are no others")      \
    X(NOT_IN, "not_in", LIST, true, "none of ", "scalar",                                          \
      "no value of the list")                                                                      \
    X(LT, "lt", ORDER, true, "less than ", "number",                                               \
      "a smaller number")                                                                          \
    X(LTE, "lte", ORDER, true, "at most ", "number",                                               \
      "a number that is not greater")                                                              \
    X(GT, "gt", ORDER, true, "more than ", "number",                                               \
      "a greater number")                                                                          \
    X(GTE, "gte", ORDER, true, "at least ", "number",                                              \
      "a number that is not smaller")                                                              \
    X(BETWEEN, "between", RANGE, false, "within ", "number",                                       \
      "a number from LOW to HIGH, both ends included")                                             \
    X(STARTS_WITH, "starts_with", TEXTS, false, "a text that starts with ", "text",                \
      "a text that starts with the text, or with one of the list")                                 \
    X(UNDER, "under", FOLDER, false, "at or under ", "text",                                       \
      "an absolute path that is the folder or below it, by whole components")                      \
    X(EXISTS, "exists", FLAG, false, "there", "any",                                               \
      "true: it is there and not null; false: the contrary")                                       \
    X(CONTAINS, "contains", SCALAR, true, "a list that contains ", "list",                         \
      "a list with an equal element; of text it is unknown")                                       \
    X(SIZE, "size", OPS, false, "of the right size", "text, list, map",                            \
      "operators on the bytes of a text, the elements of a list, the keys of a mapping")           \
    X(EACH, "each", OPS, false, "a list of which each element fits", "list",                       \
      "a list of which all elements fit; so does `[]`")                                            \
    X(SOME, "some", OPS, false, "a list of which some element fits", "list",                       \
      "a list of which one element fits; `[]` does not")                                           \
    X(ARGV, "argv", ARGV, false, "a list that fits the argument patterns", "list",                 \
      "a list whose elements fit these patterns one by one, from the first to the last; `{rest: any}` or `{rest: OPS}` at the end stands for those that are left") \
    X(IS, "is", GROUP, false, "in ", "",                                                           \
      "")                                                                                          \
    X(MATCHES, "matches", REGEX, false, "a text that matches ", "text",                            \
      "a text that the expression matches as a whole; over 64 KiB, over the match limit, or once "  \
      "all matches of a decision cost too much (policy-values.md) it is unknown")                  \
    X(LIKE, "like", PATTERNS, false, "like ", "text",                                              \
      "a text that fits, or fits one of the list: `*` is any characters, `\\*` an asterisk")       \
    X(HOST, "host", PATTERNS, false, "a host that fits ", "text",                                  \
      "a host name: `h.example` is it, `*.example` what is below it, `*` any name; an address fits only an address") \
    X(CIDR, "cidr", PATTERNS, false, "an address within ", "text",                                 \
      "an address in the range, or in one of the list")                                            \
    X(URL, "url", URL, false, "a URL that fits ", "text",                                          \
      "a URL that fits in all of its parts")                                                       \
    X(TIME, "time", TIME, false, "within ", "time",                                                \
      "a moment in these days and hours")
/* clang-format on */

#define X(id, ...) OP_##id,
enum policy_op { POLICY_OP_TABLE(X) OP_COUNT };
#undef X

/* What `argv` says of arguments beyond its patterns: none may be, any may, its last child says. */
enum policy_rest { POLICY_REST_NONE, POLICY_REST_ANY, POLICY_REST_OPS };

/* Elements of a list that are looked at; a longer one is unknown to what judges elements. */
#define POLICY_MAX_ELEMENTS 1024u

#endif
