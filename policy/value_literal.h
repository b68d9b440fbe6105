/*
 * Literals of conditions that do not go with the type of the argument that they are compared with:
 * what no argument of the type is ever equal to, since arguments are judged in their normal form,
 * and what is probably not meant. One row each, with an example that it is said of and one that it
 * is not. Pure functions on an operand's text; who calls them knows the type (literal.c).
 */
#ifndef POLICY_VALUE_LITERAL_H
#define POLICY_VALUE_LITERAL_H

#include "core/catalogue.h"

/* How the text is compared. */
enum value_compared {
    VALUE_EQUAL, /* eq, ne, in, not_in */
    VALUE_BEGIN, /* starts_with */
    VALUE_LIKE,
    VALUE_REGEX,
    VALUE_COMPARED_COUNT
};

/* symbol, type of the argument, how it is compared, whether no argument of the type ever fits
 * (else it is only unlikely), what is wrong, what would be right, an example, one without. */
/* clang-format off */
#define VALUE_LITERAL_TABLE(X)                                                                     \
    X(METHOD_BEGIN, METHOD, BEGIN, true, "methods are judged in upper case",                       \
      "write it in upper case", "del", "DEL")                                                      \
    X(METHOD_LIKE, METHOD, LIKE, true, "methods are judged in upper case",                         \
      "write it in upper case", "P*t", "P*T")                                                      \
    X(METHOD_REGEX, METHOD, REGEX, false, "methods are judged in upper case",                      \
      "write it in upper case", "put|delete", "PUT|DELETE")                                        \
    X(PATH_EQUAL, PATH, EQUAL, false, "a path is judged as an absolute one, by its whole text",    \
      "write the whole path, from `/` on", "rm", "/usr/bin/rm")                                    \
    X(PATH_STAR, PATH, EQUAL, false, "`*` is a character like any other here",                     \
      "write `{under: /DIR}`, or `{like: \"/DIR/*\"}`", "/etc/*", "/etc/a")                      \
    X(PATH_BEGIN, PATH, BEGIN, false, "a path is judged as an absolute one, which begins with `/`", \
      "write `{under: /DIR}`", "etc", "/etc/")                                                     \
    X(PATH_LIKE, PATH, LIKE, false, "a path is judged as an absolute one, which begins with `/`",  \
      "write `/` or `*` in front", "etc/*", "*/etc/*")                                             \
    X(PATH_REGEX, PATH, REGEX, false, "the whole text must match, and a path begins with `/`",     \
      "write `.*/` in front, or `/`", "\\.env", ".*/\\.env")                                   \
    X(URL_STAR, URL, EQUAL, false, "`*` is a character like any other here",                       \
      "write `{url: \"https://HOST/*\"}`", "https://h.example/*", "https://h.example/a")         \
    X(URL_BEGIN, URL, BEGIN, false, "a URL begins with its scheme",                                 \
      "write `{url: {host: HOST}}`", "h.example", "https://h.example/")                            \
    X(URL_LIKE, URL, LIKE, false, "a URL begins with its scheme",                                   \
      "write `{url: {host: HOST}}`", "h.example/*", "https://h.example/*")                         \
    X(URL_REGEX, URL, REGEX, false, "the whole text must match, and a URL begins with its scheme", \
      "write `{url: {host: HOST}}`", "evil\\.com", "https://evil\\.com/.*")
/* clang-format on */

#define X(symbol, ...) VALUE_LITERAL_##symbol,
enum value_literal { VALUE_LITERAL_TABLE(X) VALUE_LITERAL_COUNT };
#undef X

struct value_literal_row {
    enum core_arg_type type;
    enum value_compared compared;
    bool never;
    const char *what, *hint, *wrong, *right;
};
const struct value_literal_row *value_literal_row(enum value_literal literal);
/** The rows that say something of one text, one bit each (1 << enum value_literal). */
uint32_t value_literals(enum core_arg_type type, enum value_compared compared, struct str text);

/**
 * The text as an argument of the type has it in its normal form, appended to `out` as JSON; nothing
 * where no argument of the type is such a text. @return whether that is the text itself: else no
 * argument of the type is equal to it.
 */
bool value_literal_normal(enum core_arg_type type, struct str text, struct buf *out);

#endif
