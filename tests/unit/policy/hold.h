/*
 * What the tests of what holds a request share: rows that ask one policy one question and look for
 * parts of the whole answer (see engine.h), and the policies that they are made of.
 */
#ifndef POLICY_HOLD_H
#define POLICY_HOLD_H

#include "support.h"

#define TOP                                                                                        \
    HEADER "defaults: {level: controlled, approval: {by: [\"user:d\"], need: 1, within: 5m, "      \
           "covers: once}}\n"                                                                      \
           "labels: [seen, secret]\n"                                                              \
           "groups: {ops: [\"user:ana\", \"user:bob\"]}\n"
#define RULES(text) TOP "rules:\n" text
#define ALLOW(id, rest)                                                                            \
    "  - {id: " id ", effect: allow, subject: anyone, capability: [t.x]" rest "}\n"
#define ASK(id, rest)    "  - {id: " id ", effect: ask, subject: anyone, capability: [t.x]" rest "}\n"
#define DENY(id, rest)   "  - {id: " id ", effect: deny" rest "}\n"
#define REQ(id, rest)    "  - {id: " id ", effect: require" rest "}\n"
#define BY(who)          "approval: {by: [\"" who "\"], need: 1, within: 5m, covers: once}"
#define DEFAULT_APPROVAL "1 300000000000 0 user:d"
#define SAFE             "capabilities: {\"t.*\": {class: safe, effects: [compute]}}\n"

/* `parts`: what the answer has, separated by `|`; one that begins with `!` is not there. */
struct hold_row {
    const char *sentence, *policy, *args, *parts;
    const char *subject, *resource, *level, *capability;
    const char *chain[3];
    int64_t now_s;
    struct policy_spent spent[2];
};

void hold_run(const struct hold_row *rows, size_t n);
#define RUN(rows) hold_run(rows, BASE_COUNT(rows))

#endif
