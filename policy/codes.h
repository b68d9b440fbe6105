/*
 * Every diagnostic of the policy compiler and of lint: one table, from which the enumeration, the
 * names in messages and the list in docs/policy.md come. A code keeps its number for ever; new ones
 * are added at the end of their block: P001 to P049 and P070 to P089 are errors, the others lint's.
 */
#ifndef POLICY_CODES_H
#define POLICY_CODES_H

/* symbol, code, severity, meaning */
#define POLICY_CODE_TABLE(X)                                                                       \
    X(YAML, "P001", ERROR, "the text is not YAML")                                                 \
    X(NO_MAPPING, "P002", ERROR, "the policy is empty, or no mapping at its top")                  \
    X(BOUND, "P003", ERROR, "a bound on bytes, depth, nodes, rules or patterns was reached")       \
    X(DOCUMENTS, "P004", ERROR, "more than one YAML document in a file")                           \
    X(ANCHOR, "P005", ERROR,                                                                       \
      "an anchor that stands twice, or an alias of none, within its own, or as a key")             \
    X(DUPLICATE_KEY, "P006", ERROR, "a key stands twice in one mapping")                           \
    X(MERGE, "P007", ERROR, "a merge key (`<<`)")                                                  \
    X(YAML11_WORD, "P008", ERROR,                                                                  \
      "an unquoted word that YAML 1.1 takes for a boolean (yes, no, on, off, y, n, True)")         \
    X(YAML11_NUMBER, "P009", ERROR,                                                                \
      "an unquoted number that YAML versions read differently (010, 0x1f, 1:30, 1_000, 1e3)")      \
    X(NULL_VALUE, "P010", ERROR, "null, or a value left out")                                      \
    X(TAG, "P011", ERROR, "a YAML tag")                                                            \
    X(UNKNOWN_KEY, "P012", ERROR, "a key that the language does not have")                         \
    X(NOT_UNDERSTOOD, "P013", ERROR, "a part of the language that this version does not hold")     \
    X(MISSING_KEY, "P014", ERROR, "a required key is missing")                                     \
    X(TYPE, "P015", ERROR, "a value of another kind than the key takes")                           \
    X(WORD, "P016", ERROR, "a word that is not one of those that the key takes")                   \
    X(VERSION, "P017", ERROR, "the first line is not `reeve: policy/v1`")                          \
    X(NAME, "P018", ERROR, "a name or rule id that is not well-formed")                            \
    X(DUPLICATE_ID, "P019", ERROR, "two rules have the same id")                                   \
    X(SUBJECT, "P020", ERROR, "a subject pattern that is not well-formed")                         \
    X(CAPABILITY, "P021", ERROR, "a capability pattern that is not well-formed")                   \
    X(IMPLIED, "P022", ERROR, "an implied permission where a capability is wanted")                \
    X(EMPTY, "P023", ERROR, "an empty list where something must be named")                         \
    X(NO_GROUP, "P024", ERROR, "a group that is not declared")                                     \
    X(GROUP_CYCLE, "P025", ERROR, "groups that contain each other")                                \
    X(NO_GRANT, "P026", ERROR, "a grant that is not declared")                                     \
    X(GRANT_CYCLE, "P027", ERROR, "grants that use each other")                                    \
    X(DENY_GRANT, "P028", ERROR, "a grant on a deny")                                              \
    X(LIMIT, "P029", ERROR, "a limit's value that is not well-formed or not in range")             \
    X(PATH, "P030", ERROR, "a path that is not absolute, has `..`, or has a wildcard")             \
    X(ATTRIBUTE, "P031", ERROR, "an attribute path that is not well-formed or has no such root")   \
    X(OPERATOR, "P032", ERROR, "a word that is no operator")                                       \
    X(OPERAND, "P033", ERROR, "an operand that the operator cannot have")                          \
    X(UNIT, "P034", ERROR, "an unquoted size where text is compared")                              \
    X(ABSENT_ALONE, "P035", ERROR, "`absent` without an operator beside it")                       \
    X(TEMPLATE, "P036", ERROR, "a `${...}` that this version does not hold in this place")         \
    X(TEXT, "P037", ERROR, "a text with a NUL or control character, or too long")                  \
    X(FINDINGS, "P038", NOTE, "there are more findings than are told in one run")                  \
    X(MISPLACED, "P070", ERROR, "a key that a rule of this effect does not take")                  \
    X(NO_APPROVAL, "P071", ERROR, "something that asks, and nobody who approves")                  \
    X(EFFECT, "P072", ERROR, "an effect that no capability has")                                   \
    X(DENY_RESOURCE, "P073", ERROR, "a deny with a resource that names no capability, or `*`")     \
    X(NO_LABEL, "P074", ERROR, "a label that is not declared")                                     \
    X(ENDPOINT, "P075", ERROR, "a network entry that is not well-formed, or has no port")          \
    X(ENVIRONMENT, "P076", ERROR,                                                                  \
      "an environment entry that is not well-formed, or lets a request steer the loader")          \
    X(LOWERED, "P077", ERROR, "a class lowered without `lower`, or by a delegated file")           \
    X(TIME, "P078", ERROR, "a time that is not well-formed, or ends before it begins")             \
    X(NO_RULE, "P079", ERROR, "`replaces` names no rule that can be replaced")                     \
    X(NO_EXPECTED, "P080", ERROR, "a test expects a rule that the policy does not have")           \
    X(UNUSED_GROUP, "P050", WARNING, "a group that nothing uses")                                  \
    X(UNUSED_GRANT, "P051", WARNING, "a grant that nothing uses")                                  \
    X(NO_REASON, "P052", WARNING, "an allow without a reason")                                     \
    X(NO_CAPABILITY, "P053", WARNING, "a capability id that is not in the catalogue")              \
    X(UNISOLATED, "P054", WARNING, "a dangerous capability allowed with isolation none")           \
    X(SHADOWED, "P055", WARNING, "a rule that is never named, since one that covers it precedes")  \
    X(NOT_HELD, "P056", WARNING, "a limit that this build cannot hold, without `best_effort`")     \
    X(BROAD, "P057", WARNING,                                                                      \
      "an allow of capabilities that have nothing in common, or a deny of everything")             \
    X(EMPTY_LIST, "P058", WARNING, "an empty group, condition or list")                            \
    X(LOOSE_TEST, "P059", WARNING,                                                                 \
      "`exists: false`, `absent: true` or `not_in` in an allow, or their contrary within `not`")   \
    X(UNLIMITED, "P060", WARNING, "`unlimited` in a policy that gives level controlled")           \
    X(TIE, "P061", WARNING, "rules that only their ids tell apart have different grants")          \
    X(UNREACHABLE, "P062", WARNING,                                                                \
      "a rule that permits nothing, since a deny always stands in its way")                        \
    X(DUPLICATE, "P063", WARNING, "a rule or an entry of a list that stands twice")                \
    X(CONTRADICTING, "P064", WARNING, "a deny of just what another rule permits")                  \
    X(NEVER_TRUE, "P065", WARNING, "tests of one attribute that cannot all be true")               \
    X(NO_LIMITS, "P066", WARNING, "a dangerous capability allowed without limits")                 \
    X(BROAD_GRANT, "P067", WARNING,                                                                \
      "a grant of the whole file system, of any host, or of every port")                           \
    X(BROAD_SUBJECT, "P068", WARNING, "a dangerous capability allowed for anyone")                 \
    X(UNANCHORED, "P069", WARNING, "a regular expression written as if it searched")               \
    X(ENDING_DENY, "P090", WARNING, "a deny or require that ends by itself")                       \
    X(ASK_ANYONE, "P091", WARNING, "an ask for anyone")                                            \
    X(UNNAMED_RESOURCE, "P092", WARNING,                                                           \
      "a deny or require with a resource, which holds where no resource is named")                 \
    X(NO_VARIABLE, "P100", ERROR, "a variable that is not declared, or has no value")              \
    X(VARIABLE, "P101", ERROR, "a variable's value that its type or its place does not take")      \
    X(NO_CONDITION, "P102", ERROR, "a named condition that is not declared")                       \
    X(CONDITION_CYCLE, "P103", ERROR, "named conditions that use each other")                      \
    X(DECLARED_TYPE, "P104", ERROR, "a value that does not fit the declared type")                 \
    X(DECLARATION, "P105", ERROR, "a declaration of an attribute that cannot be")                  \
    X(NO_FLAG, "P106", ERROR, "a flag that is not declared")                                       \
    X(ABSENT_PATH, "P107", ERROR, "`absent` on a path outside of args that is not declared")       \
    X(ENTITY, "P108", ERROR, "an entity that is not `type:id`")                                    \
    X(LITERAL, "P109", ERROR, "a value that no argument of its type is ever equal to")             \
    X(INCLUDE, "P120", ERROR, "a file that cannot be included")                                    \
    X(INCLUDE_CYCLE, "P121", ERROR, "files that include each other")                               \
    X(DEFINED_TWICE, "P122", ERROR, "a name that is defined twice, with different values")         \
    X(DELEGATED, "P123", ERROR, "something that a delegated file may not have")                    \
    X(NOT_COVERED, "P124", ERROR, "something that `may` does not cover")                           \
    X(UNDECLARED, "P130", WARNING, "a path of subject, resource or context that is not declared")  \
    X(TEXT_PATH, "P131", WARNING, "`starts_with` on what looks like a path")                       \
    X(UNUSED_NAME, "P132", WARNING, "a variable or named condition that nothing uses")             \
    X(NEVER_KNOWN, "P133", WARNING, "a test that the attribute's type leaves unknown always")      \
    X(SMELL, "P134", WARNING, "a pattern that is probably not what was meant")                     \
    X(SELF_TOLD, "P135", WARNING,                                                                  \
      "an allow by a property of its subject that the request may say itself")                     \
    X(NO_APPROVER, "P136", WARNING, "an approval that fewer are left to give than must")           \
    X(DOTTED_PATH, "P140", WARNING,                                                                \
      "a value that no argument is equal to, since it is not in normal form")                      \
    X(SECRET, "P141", WARNING, "what looks like a key, a token or a password")                     \
    X(YAML_TRAP, "P142", WARNING, "YAML that says something else than it seems to")                \
    X(MIXED_SCRIPTS, "P143", WARNING, "a word with letters of several scripts")                    \
    X(NOT_NFC, "P144", WARNING, "text that is not in NFC")                                         \
    X(HIDDEN_TEXT, "P145", WARNING, "a character that is not seen, or turns text around")          \
    X(BAD_ALLOW, "P146", WARNING, "a comment `reeve: allow` without a reason, or of no warning")   \
    X(UNUSED_ALLOW, "P147", WARNING, "a comment `reeve: allow` of what is not found")              \
    X(NOT_COMPARED, "P148", NOTE, "there is too much in a policy to compare all of it")            \
    X(CHOSEN_PLACE, "P149", WARNING,                                                               \
      "a grant in which the request chooses where programs look for their own files")              \
    X(NEVER_MATCHES, "P150", WARNING,                                                              \
      "a rule that `may` makes empty, or whose capabilities have none of its effects")

#define X(symbol, ...) P_##symbol,
enum policy_code { POLICY_CODE_TABLE(X) P_COUNT };
#undef X

#endif
