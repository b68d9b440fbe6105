/* How the tests of policies of several files write them: all files in one text (files_of). */
#ifndef POLICY_TEST_INCLUDE_H
#define POLICY_TEST_INCLUDE_H

#include "support.h"

#define ROOT(text)       "=== root.yaml\n" HEADER text
#define WITH(name, text) "=== " name "\n" HEADER text
#define MAY              "{subject: [\"agent:a-*\"], capability: [\"acme.*\"]}"
#define TEAM(text)       ROOT("include: [{file: a.yaml, as: a, may: " MAY "}]\n") WITH("a.yaml", text)
#define TEAMS(root, a, b)                                                                          \
    ROOT("include:\n  - {file: a.yaml, as: a, may: " MAY "}\n"                                     \
         "  - {file: b.yaml, as: b, may: " MAY "}\n" root)                                         \
    WITH("a.yaml", a) WITH("b.yaml", b)

#endif
