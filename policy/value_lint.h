/*
 * Operands that compile and are probably not what their author meant: one row each, with an example
 * that has the smell and one that does not. Pure functions on an operand's text; where it matters
 * whether the rule allows or denies, whoever calls knows.
 */
#ifndef POLICY_VALUE_LINT_H
#define POLICY_VALUE_LINT_H

#include "policy/value.h"

/* What the text is an operand of. */
enum value_operand {
    VALUE_OF_MATCHES,
    VALUE_OF_LIKE,
    VALUE_OF_HOST,
    VALUE_OF_CIDR,
    VALUE_OF_PATH,    /* `under`, and paths of grants */
    VALUE_OF_START,   /* `starts_with` */
    VALUE_OF_NETWORK, /* an entry of a grant's `network` */
    VALUE_OF_TEXT     /* any text: names, ids, what is compared */
};

/* symbol, name, operand, what is wrong, what would be right, an example with the smell, one
 * without. */
/* clang-format off */
#define VALUE_SMELL_TABLE(X)                                                                       \
    X(REGEX_OPEN, regex_open, MATCHES, "a regular expression that is open at both ends finds its words anywhere", \
      "say what stands around them",                                                               \
      ".*github\\.com.*", "https://github\\.com/[a-z/-]+")                                         \
    X(REGEX_SIDE, regex_side, MATCHES, "`^` or `$` at one end only, as if the other were open",    \
      "the whole text must match: write `.*` where it may go on, or leave the mark out",           \
      "^report-", "^report-.*$")                                                                   \
    X(REGEX_RUNS, regex_runs, MATCHES, "a name that may go on in any way: example.com.evil",       \
      "end it: `/.*`, or nothing",                                                                 \
      "https://github\\.com.*", "https://github\\.com/.*")                                         \
    X(REGEX_DOT, regex_dot, MATCHES, "a `.` between letters or digits is any character",           \
      "write `\\.` for a dot",                                                                     \
      "api.example\\.com", "api\\.example\\.com")                                                  \
    X(REGEX_HALF, regex_half, MATCHES, "`^` or `$` on some of the alternatives only",              \
      "leave them out: the whole text must match anyway",                                          \
      "^report|summary$", "^report$|^summary$")                                                    \
    X(REGEX_NEST, regex_nest, MATCHES, "a repeat of what repeats in as many ways as a text is long", \
      "end the inner one by a character that it cannot have; over the limit is unknown",           \
      "(?:[a-z]+)+", "(?:[a-z]+/)+")                                                               \
    X(LIKE_NAME, like_name, LIKE, "`*` in front of a name is any name that ends so, too",          \
      "write `host: \"*.example.com\"`, or `*.` or `*@` in front",                                 \
      "*example.com", "*@example.com")                                                             \
    X(LIKE_URL, like_url, LIKE, "a URL compared as text: userinfo, dots and escapes deceive it",   \
      "write `url:`",                                                                              \
      "https://h.example/*", "git@h.example:*")                                                    \
    X(LIKE_OTHER, like_other, LIKE, "another notation: only `*` is special",                       \
      "write `*` for any characters, or `matches:`",                                               \
      "%x%", "*x*")                                                                                \
    X(REGEX_PLAIN, regex_plain, MATCHES, "the whole text must match, and this is one word",        \
      "write `eq:`, or `.*WORD.*` where it may stand anywhere",                                    \
      "prod", ".*prod")                                                                            \
    X(REGEX_SLASH, regex_slash, MATCHES, "slashes at both ends are part of the text",              \
      "leave them out",                                                                            \
      "/evil/", "/evil/.*")                                                                        \
    X(LIKE_FOLDER, like_folder, LIKE, "a folder compared as text: `..` leads out of it",           \
      "write `under:`",                                                                            \
      "/srv/data/*", "*/git")                                                                      \
    X(START_URL, start_url, START, "a host whose name may go on: https://h.example.evil",          \
      "write `url:`, or `/` behind the host",                                                      \
      "https://h.example", "https://h.example/")                                                   \
    X(HOST_TOP, host_top, HOST, "`*.` in front of a single label is all of a top-level domain",    \
      "name the domain",                                                                           \
      "*.com", "*.example.com")                                                                    \
    X(HOST_ALL, host_all, HOST, "`*` is any name at all",                                          \
      "name the hosts",                                                                            \
      "*", "h.example")                                                                            \
    X(CIDR_ALL, cidr_all, CIDR, "every address of its family",                                     \
      "name the ranges",                                                                           \
      "0.0.0.0/0", "10.0.0.0/8")                                                                   \
    X(PATH_DOTS, path_dots, PATH, "a path with `.` or `..`",                                       \
      "write where it leads",                                                                      \
      "/srv/a/../b", "/srv/b..c")                                                                  \
    X(PATH_HOME, path_home, PATH, "`~` is no home here, and a path is absolute",                   \
      "write the whole path, or a variable",                                                       \
      "~/notes", "/home/ana/notes~")                                                               \
    X(PATH_SLASH, path_slash, PATH, "an empty component, or a `/` at the end, says nothing",       \
      "leave it out",                                                                              \
      "/srv//a", "/srv/a")                                                                         \
    X(NETWORK_PORT, network_port, NETWORK, "a host without a port",                                \
      "write `host:443`, or `host:any` for every port",                                            \
      "h.example", "h.example:443")                                                                \
    X(NETWORK_ANY, network_any, NETWORK, "every port of a host",                                   \
      "name the port",                                                                             \
      "h.example:any", "[2001:db8::1]:443") \
    X(TEXT_DOTS, text_dots, TEXT, "a path that is not in normal form, which no argument is equal to", \
      "write where it leads", "/srv/a/../b", "/srv/b") \
    X(TEXT_STAR, text_star, TEXT, "`*` is a character like any other here", "write `like:`", "a*", "*") \
    X(TEXT_SIGN, text_sign, TEXT, "a sign in front is a character like any other", \
      "write `ne:`, or `lt:`, `gt:` and a number", "!prod", "prod!") \
    X(TEXT_LINE, text_line, TEXT, "a text that ends in a line break", \
      "write `|-` for a block without it", "a\n", "a")
/* clang-format on */

#define X(symbol, ...) VALUE_##symbol,
enum value_smell { VALUE_SMELL_TABLE(X) VALUE_SMELL_COUNT };
#undef X

struct value_smell_row {
    enum value_operand operand;
    const char *name; /* "regex_open" */
    const char *what, *hint, *wrong, *right;
};
const struct value_smell_row *value_smell_row(enum value_smell smell);
/** The smells of one operand's text, one bit each (1 << enum value_smell). Linear in the text. */
uint32_t value_smells(enum value_operand operand, struct str text);

#endif
