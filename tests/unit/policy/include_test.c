/*
 * Policies of several files: what is found in them. Each row is all files in one text; where one
 * has several faults each is told with its own file. What they decide is include_decide_test.c's.
 */
#include "include.h"

#define RULE(text) "rules:\n  - {id: r, effect: allow, subject: anyone, reason: x, " text "}\n"

static const struct row {
    const char *name, *text, *expected;
} rows[] = {
    /* which files */
    {"a file of the same trust", ROOT("include: [b.yaml]\n") WITH("b.yaml", ""), ""},
    {"in a folder, from there, and back",
     ROOT("include: [teams/a.yaml]\n") WITH("teams/a.yaml", "include: [b.yaml, ../c.yaml]\n")
         WITH("teams/b.yaml", "") WITH("c.yaml", ""),
     ""},
    {"written in a long way, it is the same file",
     ROOT("include: [./b.yaml, x/../b.yaml, b.yaml]\n") WITH("b.yaml", ""), ""},
    {"that is not there", ROOT("include: [b.yaml]\n"), "P120 root.yaml:2:11"},
    {"told once, however often it is named",
     ROOT("include: [b.yaml, c.yaml]\n") WITH("c.yaml", "include: [b.yaml]\n"),
     "P120 root.yaml:2:11"},
    {"above the folder", ROOT("include: [../b.yaml]\n"), "P120 root.yaml:2:11"},
    {"above the folder from within",
     ROOT("include: [t/a.yaml]\n") WITH("t/a.yaml", "include: [../../b.yaml]\n"),
     "P120 t/a.yaml:2:11"},
    {"down and up again above", ROOT("include: [t/../../b.yaml]\n"), "P120 root.yaml:2:11"},
    {"an absolute path", ROOT("include: [/b.yaml]\n"), "P120 root.yaml:2:11"},
    {"the folder itself", ROOT("include: [\".\"]\n"), "P120 root.yaml:2:11"},
    {"a folder", ROOT("include: [t/]\n"), "P120 root.yaml:2:11"},
    {"a variable in a path",
     ROOT("vars: {x: {type: string, default: b}}\ninclude: [\"${x}.yaml\"]\n"),
     "P120 root.yaml:3:11"},
    {"a size, with quotes in one",
     ROOT("include: [b.yaml]\nconditions: {c: {args.a: \"64KiB\"}}\n")
         WITH("b.yaml", "conditions: {c: {args.a: 64KiB}}\n"),
     "P122 b.yaml:2:14"},
    {"a size, with quotes in the other",
     ROOT("include: [b.yaml]\nconditions: {c: {args.a: 64KiB}}\n")
         WITH("b.yaml", "conditions: {c: {args.a: \"64KiB\"}}\n"),
     "P122 b.yaml:2:14, P034 root.yaml:3:26"},
    {"a word, with quotes in one",
     ROOT("include: [b.yaml]\nconditions: {c: {args.a: \"x\"}}\n")
         WITH("b.yaml", "conditions: {c: {args.a: x}}\n"),
     ""},
    {"no list", ROOT("include: b.yaml\n"), "P015 root.yaml:2:10"},
    {"itself", ROOT("include: [root.yaml]\n"), "P121 root.yaml:2:11"},
    {"a circle",
     ROOT("include: [b.yaml]\n") WITH("b.yaml", "include: [c.yaml]\n")
         WITH("c.yaml", "include: [b.yaml]\n"),
     "P121 c.yaml:2:11"},
    {"the root again, further down",
     ROOT("include: [b.yaml]\n") WITH("b.yaml", "include: [root.yaml]\n"), "P121 b.yaml:2:11"},
    {"two ways to one file are no circle",
     ROOT("include: [b.yaml, c.yaml]\n") WITH("b.yaml", "include: [d.yaml]\n")
         WITH("c.yaml", "include: [d.yaml]\n") WITH("d.yaml", "groups: {g: [\"u:a\"]}\n"),
     ""},
    {"an entry's unknown key", ROOT("include: [{file: b.yaml, is: b}]\n") WITH("b.yaml", ""),
     "P012 root.yaml:2:26"},
    {"`as` without `may`", ROOT("include: [{file: b.yaml, as: b}]\n"), "P014 root.yaml:2:11"},
    {"`may` without `as`", ROOT("include: [{file: b.yaml, may: " MAY "}]\n"),
     "P014 root.yaml:2:11"},
    {"`with` alone", ROOT("include: [{file: b.yaml, with: {x: z}}]\n"), "P014 root.yaml:2:11"},
    {"a map with `file` alone is a path", ROOT("include: [{file: b.yaml}]\n") WITH("b.yaml", ""),
     ""},
    {"a namespace that is no name",
     ROOT("include: [{file: b.yaml, as: B, may: " MAY "}]\n") WITH("b.yaml", ""),
     "P018 root.yaml:2:30"},
    {"reeve's namespace",
     ROOT("include: [{file: b.yaml, as: reeve, may: " MAY "}]\n") WITH("b.yaml", ""),
     "P018 root.yaml:2:30"},
    {"`may` without its parts",
     ROOT("include: [{file: b.yaml, as: b, may: {}}]\n") WITH("b.yaml", ""),
     "P014 root.yaml:2:38, P014 root.yaml:2:38"},
    {"`may` of nobody",
     ROOT("include: [{file: b.yaml, as: b, may: {subject: [], capability: [a.b]}}]\n")
         WITH("b.yaml", ""),
     "P023 root.yaml:2:48"},
    {"two files of one namespace",
     ROOT("include:\n  - {file: a.yaml, as: a, may: " MAY "}\n  - {file: b.yaml, as: a, may: " MAY
          "}\n") WITH("a.yaml", "") WITH("b.yaml", ""),
     "P122 root.yaml:4:24"},
    {"a file twice in one way",
     ROOT("include:\n  - {file: a.yaml, as: a, may: " MAY "}\n  - {file: ./a.yaml, may: " MAY
          ", as: a}\n") WITH("a.yaml", RULE("capability: [acme.x]")),
     ""},
    {"a file twice with another `may`",
     ROOT("include:\n  - {file: a.yaml, as: a, may: " MAY "}\n  - {file: a.yaml, as: a, may: "
          "{subject: [\"agent:*\"], capability: [\"acme.*\"]}}\n") WITH("a.yaml", ""),
     "P122 root.yaml:4:5"},
    {"a file twice with another `with`",
     ROOT("include:\n  - {file: a.yaml, as: a, may: " MAY ", with: {x: b}}\n"
          "  - {file: a.yaml, as: a, may: " MAY ", with: {x: c}}\n")
         WITH("a.yaml", "vars: {x: {type: string}}\n"),
     "P122 root.yaml:4:5"},
    {"delegated and trusted",
     ROOT("include:\n  - {file: a.yaml, as: a, may: " MAY "}\n  - a.yaml\n") WITH("a.yaml", ""),
     "P122 root.yaml:4:5"},

    /* what is in them */
    {"a file without its header",
     "=== root.yaml\n" HEADER "include: [b.yaml]\n=== b.yaml\nname: b\n", "P014 b.yaml:1:1"},
    {"a delegated file without its header",
     ROOT("include: [{file: b.yaml, as: b, may: " MAY "}]\n") "=== b.yaml\nname: b\n",
     "P014 b.yaml:1:1"},
    {"another version of the language",
     ROOT("include: [b.yaml]\n") "=== b.yaml\nreeve: policy/v2\n", "P017 b.yaml:1:8"},
    {"each finding in its file",
     ROOT("include: [b.yaml]\nnam: x\n") WITH("b.yaml", "groups: {g: [\"u:a\", 7]}\n"),
     "P012 root.yaml:3:1, P015 b.yaml:2:21"},
    {"a file that is no YAML", ROOT("include: [b.yaml]\nnam: x\n") "=== b.yaml\n\t- a\n",
     "P001 b.yaml:1:1, P012 root.yaml:3:1"},
    {"a key of the wrong kind, beside one of the right",
     ROOT("include: [b.yaml]\ngroups: {g: [\"u:a\"]}\n") WITH("b.yaml", "groups: [a]\n"),
     "P015 b.yaml:2:9"},
    {"a name is the file's own",
     ROOT("include: [b.yaml]\nname: x\nversion: 2\n") WITH("b.yaml", "name: z\nversion: 3\n"), ""},

    /* what is no section, in one file and in the other */
    {"`defaults` as a list",
     ROOT("include: [b.yaml]\ndefaults: [x]\n") WITH("b.yaml", "defaults: [x]\n"),
     "P015 root.yaml:3:11"},
    {"`defaults` as lists that differ",
     ROOT("include: [b.yaml]\ndefaults: [x]\n") WITH("b.yaml", "defaults: [z]\n"),
     "P122 b.yaml:2:1, P015 root.yaml:3:11"},
    {"`rules` as a map",
     ROOT("include: [b.yaml]\nrules: {a: b}\n") WITH("b.yaml", "rules: {a: b}\n"),
     "P015 root.yaml:3:8"},
    {"`groups` as a list", ROOT("include: [b.yaml]\ngroups: [a]\n") WITH("b.yaml", "groups: [a]\n"),
     "P015 root.yaml:3:9"},
    {"`labels` as a map",
     ROOT("include: [b.yaml]\nlabels: {a: b}\n") WITH("b.yaml", "labels: {a: b}\n"),
     "P015 root.yaml:3:9"},

    /* one name, one value */
    {"a group twice",
     ROOT("include: [b.yaml]\ngroups: {g: [\"u:a\"]}\n") WITH("b.yaml", "groups: {g: [\"u:b\"]}\n"),
     "P122 b.yaml:2:10"},
    {"the same is fine",
     ROOT("include: [b.yaml]\ngroups: {g: [\"u:a\"]}\ngrants: {w: {isolation: vm, limits: {wall: "
          "1s}}}\ndefaults: {level: full, limits: {cpu: 1s}}\n")
         WITH("b.yaml", "groups: {g: [\"u:a\"]}\ngrants: {w: {limits: {wall: 1s}, isolation: vm}}\n"
                        "defaults: {level: full, limits: {cpu: 1s, wall: 2s}}\n"),
     ""},
    {"a grant twice",
     ROOT("include: [b.yaml]\ngrants: {w: {isolation: vm}}\n")
         WITH("b.yaml", "grants: {w: {isolation: process}}\n"),
     "P122 b.yaml:2:10"},
    {"a condition twice",
     ROOT("include: [b.yaml]\nconditions: {c: {args.x: 1}}\n")
         WITH("b.yaml", "conditions: {c: {args.x: 2}}\n"),
     "P122 b.yaml:2:14"},
    {"a variable twice",
     ROOT("include: [b.yaml]\nvars: {v: {type: string, default: a}}\n")
         WITH("b.yaml", "vars: {v: {type: string, default: b}}\n"),
     "P122 b.yaml:2:8"},
    {"an attribute twice",
     ROOT("include: [b.yaml]\nattributes: {subject.x: {type: string}}\n")
         WITH("b.yaml", "attributes: {subject.x: {type: int}}\n"),
     "P122 b.yaml:2:14"},
    {"an entity twice",
     ROOT("include: [b.yaml]\nentities: {\"u:a\": {x: 1}}\n")
         WITH("b.yaml", "entities: {\"u:a\": {x: 2}}\n"),
     "P122 b.yaml:2:12"},
    {"a capability twice",
     ROOT("include: [b.yaml]\ncapabilities: {a.b: {class: safe}}\n")
         WITH("b.yaml", "capabilities: {a.b: {class: dangerous}}\n"),
     "P122 b.yaml:2:16"},
    {"a default twice",
     ROOT("include: [b.yaml]\ndefaults: {level: full}\n")
         WITH("b.yaml", "defaults: {level: pure}\n"),
     "P122 b.yaml:2:12"},
    {"a default limit twice",
     ROOT("include: [b.yaml]\ndefaults: {limits: {wall: 1s}}\n")
         WITH("b.yaml", "defaults: {limits: {wall: 2s}}\n"),
     "P122 b.yaml:2:21"},
    {"a rule twice",
     ROOT("include: [b.yaml]\nrules: [{id: r, effect: deny}]\n")
         WITH("b.yaml", "rules: [{id: r, effect: deny, capability: [a.b]}]\n"),
     "P122 b.yaml:2:9"},
    {"the same rule twice",
     ROOT("include: [b.yaml]\nrules: [{id: r, effect: deny}]\n")
         WITH("b.yaml", "rules: [{effect: deny, id: r}]\n"),
     ""},
    {"a budget twice",
     ROOT("include: [b.yaml]\nbudgets: [{id: b, per: all, when_spent: deny, limits: {calls: {max: "
          "1, window: 1h}}}]\n")
         WITH("b.yaml", "budgets: [{id: b, per: all, when_spent: deny, limits: {calls: {max: 2, "
                        "window: 1h}}}]\n"),
     "P122 b.yaml:2:11"},
    {"a rule of a budget's name",
     ROOT("include: [b.yaml]\nrules: [{id: b, effect: deny}]\n")
         WITH("b.yaml", "budgets: [{id: b, per: all, when_spent: deny, limits: {calls: {max: 2, "
                        "window: 1h}}}]\n"),
     "P019 b.yaml:2:16"},
    {"names of other files are seen, both ways",
     ROOT("include: [b.yaml]\ngroups: {g: [\"group:h\"]}\nvars: {v: {type: string, default: a}}\n"
          "rules: [{id: r, effect: deny, when: {use: c}}]\n")
         WITH("b.yaml",
              "groups: {h: [\"u:${v}\"]}\nconditions: {c: {subject: {is: \"group:g\"}}}\n"),
     ""},
    {"lowering a class is the root file's",
     ROOT("include: [b.yaml]\n")
         WITH("b.yaml", "capabilities: {ccos.system.get-env: {class: safe, lower: \"why\"}}\n"),
     "P077 b.yaml:2:16"},
    {"and there it can be",
     ROOT("capabilities: {ccos.system.get-env: {class: safe, lower: \"why\"}}\n"), ""},

    /* delegated files */
    {"a delegated file", TEAM(RULE("capability: [acme.x]")), ""},
    {"`defaults` in it", TEAM("defaults: {level: full}\n"), "P123 a.yaml:2:1"},
    {"`subjects` in it", TEAM("subjects: [{match: anyone, level: full}]\n"), "P123 a.yaml:2:1"},
    {"`include` in it", TEAM("include: [b.yaml]\n") WITH("b.yaml", ""), "P123 a.yaml:2:1"},
    {"`audit` in it", TEAM("audit: {mask: [args.x]}\n"), "P123 a.yaml:2:1"},
    {"an entity that `may` covers", TEAM("entities: {\"agent:a-1\": {x: 1}}\n"), ""},
    {"an entity that it does not", TEAM("entities: {\"agent:b-1\": {x: 1}}\n"), "P124 a.yaml:2:12"},
    {"an entity by group",
     ROOT("groups: {g: [\"group:h\"], h: [\"agent:a-*\"]}\ninclude: [{file: a.yaml, as: a, may: "
          "{subject: [\"group:g\"], capability: [\"acme.*\"]}}]\n")
         WITH("a.yaml", "entities: {\"agent:a-1\": {x: 1}, \"agent:b\": {x: 1}}\n"),
     "P124 a.yaml:2:33"},
    {"a capability that `may` covers", TEAM("capabilities: {\"acme.x.*\": {effects: [network]}}\n"),
     ""},
    {"a capability that another team tells of, lowered",
     TEAMS("", "capabilities: {\"acme.*\": {class: dangerous, effects: [network]}}\n",
           "capabilities: {acme.x: {class: safe, effects: [network]}}\n"),
     "P077 b.yaml:2:16"},
    {"raised, and with more effects",
     TEAMS("", "capabilities: {\"acme.*\": {effects: [network]}}\n",
           "capabilities: {acme.x: {class: dangerous, effects: [network, program]}}\n"),
     ""},
    {"maps in another order, of many keys, and one value another",
     ROOT("include: [b.yaml]\nentities: {\"u:a\": {p: 1, q: 2, r: 3, s: 4}, \"u:b\": {p: 1, q: "
          "2}}\n")
         WITH("b.yaml", "entities: {\"u:a\": {s: 4, r: 3, q: 2, p: 1}, \"u:b\": {q: 3, p: 1}}\n"),
     "P122 b.yaml:2:45"},
    {"a capability that the root tells of, lowered",
     ROOT("include: [{file: a.yaml, as: a, may: " MAY "}]\ncapabilities: {\"acme.*\": {effects: "
          "[network]}}\n") WITH("a.yaml", "capabilities: {acme.x: {effects: [compute]}}\n"),
     "P077 a.yaml:2:16"},
    {"and raised",
     ROOT("include: [{file: a.yaml, as: a, may: " MAY
          "}]\ncapabilities: {\"acme.*\": {class: safe, "
          "effects: [network]}}\n")
         WITH("a.yaml", "capabilities: {acme.x: {effects: [compute, network]}}\n"),
     ""},
    {"one that nobody else tells of, made safe",
     TEAM("capabilities: {\"acme.x.*\": {class: safe}}\n"), "P077 a.yaml:2:16"},
    {"one that the root tells of in part, made safe",
     ROOT("include: [{file: a.yaml, as: a, may: " MAY "}]\ncapabilities: {\"acme.x.*\": {class: "
          "safe, effects: [network]}}\n")
         WITH("a.yaml", "capabilities: {\"acme.*\": {class: safe, effects: [network]}}\n"),
     "P077 a.yaml:2:16"},
    {"one that the root makes safe",
     ROOT("include: [{file: a.yaml, as: a, may: " MAY "}]\ncapabilities: {\"acme.*\": {class: "
          "safe, effects: [network]}}\n")
         WITH("a.yaml", "capabilities: {\"acme.x.*\": {class: safe, effects: [network]}}\n"),
     ""},
    {"a capability that it does not", TEAM("capabilities: {\"other.*\": {effects: [network]}}\n"),
     "P124 a.yaml:2:16"},
    {"a wider capability", TEAM("capabilities: {\"*\": {effects: [network]}}\n"),
     "P124 a.yaml:2:16"},
    {"an entity of the root's",
     ROOT("include: [{file: a.yaml, as: a, may: " MAY "}]\nentities: {\"agent:a-1\": {x: 1}}\n")
         WITH("a.yaml", "entities: {\"agent:a-1\": {x: 1}}\n"),
     "P122 a.yaml:2:12"},
    {"an entity of two teams",
     TEAMS("", "entities: {\"agent:a-1\": {x: 1}}\n", "entities: {\"agent:a-1\": {x: 2}}\n"),
     "P122 b.yaml:2:12"},
    {"a group that it sees",
     ROOT("include: [{file: a.yaml, as: a, may: " MAY "}]\ngroups: {g: [\"u:a\"]}\n")
         WITH("a.yaml", "groups: {g: [\"u:a\"]}\n"),
     "P122 a.yaml:2:10"},
    {"a grant that it sees",
     ROOT("include: [{file: a.yaml, as: a, may: " MAY "}]\ngrants: {w: {isolation: vm}}\n")
         WITH("a.yaml", "grants: {w: {isolation: vm}}\n"),
     "P122 a.yaml:2:10"},
    {"a condition that it sees",
     ROOT("include: [{file: a.yaml, as: a, may: " MAY "}]\nconditions: {c: {args.x: 1}}\n")
         WITH("a.yaml", "conditions: {c: {args.x: 1}}\n"),
     "P122 a.yaml:2:14"},
    {"a variable that it sees",
     ROOT("include: [{file: a.yaml, as: a, may: " MAY "}]\nvars: {v: {type: string, default: a}}\n")
         WITH("a.yaml", "vars: {v: {type: string, default: a}}\n"),
     "P122 a.yaml:2:8"},
    {"an attribute that it sees",
     ROOT("include: [{file: a.yaml, as: a, may: " MAY
          "}]\nattributes: {subject.x: {type: string}}\n")
         WITH("a.yaml", "attributes: {subject.x: {type: string}}\n"),
     "P105 a.yaml:2:14"},
    {"two teams have their own of one name",
     TEAMS(
         "",
         "groups: {g: [\"u:a\"]}\ngrants: {w: {isolation: vm}}\nconditions: {c: {args.x: 1}}\n"
         "vars: {v: {type: string, default: a}}\nattributes: {subject.x: {type: string}}\n"
         "labels: [l]\n" RULE("capability: [acme.x], grant: w, labels: [l], when: {use: c, args.y: "
                              "\"${v}\", subject: {is: \"group:g\"}}"),
         "groups: {g: [\"u:b\"]}\ngrants: {w: {isolation: process}}\nconditions: {c: {args.x: 2}}\n"
         "vars: {v: {type: int, default: 7}}\nattributes: {subject.x: {type: int}}\n"
         "labels: [l]\n" RULE("capability: [acme.x], grant: w, labels: [l], when: {use: c, args.y: "
                              "\"${v}\", subject: {is: \"group:g\"}}")),
     ""},
    {"it sees what the root has",
     ROOT("include: [{file: a.yaml, as: a, may: " MAY
          "}]\ngroups: {g: [\"u:a\"]}\ngrants: {w: {isolation: vm}}\nconditions: {c: {args.x: 1}}\n"
          "vars: {v: {type: string, default: a}}\nattributes: {subject.x: {type: string}}\n")
         WITH("a.yaml", RULE("capability: [acme.x], grant: {use: w}, when: {use: c, args.y: "
                             "\"${v}\", subject.x: {ne: a}, subject: {is: \"group:g\"}}")),
     ""},
    {"no other team's",
     TEAMS("", "groups: {g: [\"u:a\"]}\n",
           RULE("capability: [acme.x], when: {subject: {is: \"group:g\"}}")),
     "P024 b.yaml:3:99"},
    {"nor does the root see a team's",
     ROOT("include: [{file: a.yaml, as: a, may: " MAY
          "}]\nrules: [{id: r, effect: deny, when: {use: "
          "c}}]\n") WITH("a.yaml", "conditions: {c: {args.x: 1}}\n"),
     "P102 root.yaml:3:43"},
    {"its rules do not replace the root's",
     ROOT("include: [{file: a.yaml, as: a, may: " MAY "}]\nrules: [{id: r, effect: deny}]\n")
         WITH("a.yaml", "rules: [{id: s, effect: deny, mode: shadow, replaces: r}]\n"),
     "P079 a.yaml:2:55"},
    {"but its own",
     TEAM("rules: [{id: s, effect: deny, mode: shadow, replaces: r}, {id: r, effect: "
          "deny}]\n"),
     ""},
    {"a label of the root's, added",
     ROOT("include: [{file: a.yaml, as: a, may: " MAY "}]\nlabels: [secret]\n")
         WITH("a.yaml", RULE("capability: [acme.x], labels: "
                             "[secret]")),
     "P074 a.yaml:3:87"},
    {"a label of the root's, tested",
     ROOT("include: [{file: a.yaml, as: a, may: " MAY "}]\nlabels: [secret]\n")
         WITH("a.yaml", RULE("capability: [acme.x], when: {broker.labels: {contains: secret}}")),
     "P074 a.yaml:3:111"},
    {"its own label, tested in each way",
     TEAM("labels: [l]\n" RULE(
         "capability: [acme.x], when: {all: [{broker.labels: {contains: l}}, "
         "{broker.labels: {some: {eq: l}}}, {broker.labels: {some: {any: [{eq: l}, {in: [l]}]}}}, "
         "{broker.labels: {not: {contains: l}}}]}")),
     ""},
    {"whether there are any at all",
     TEAM(RULE("capability: [acme.x], when: {broker.labels: {not: {eq: []}}}")),
     "P123 a.yaml:3:107"},
    {"whether all are its own",
     TEAM("labels: [l]\n" RULE("capability: [acme.x], when: {broker.labels: {each: {in: [l]}}}")),
     "P123 a.yaml:4:101"},
    {"whether one is another's",
     TEAM("labels: [l]\n" RULE("capability: [acme.x], when: {broker.labels: {some: {ne: l}}}")),
     "P123 a.yaml:4:108"},
    {"the same by negation",
     TEAM("labels: [l]\n" RULE(
         "capability: [acme.x], when: {broker.labels: {some: {not: {eq: l}}}}")),
     "P123 a.yaml:4:108"},
    {"labels by a pattern",
     TEAM(RULE("capability: [acme.x], when: {broker.labels: {some: {like: "
               "\"s*\"}}}")),
     "P123 a.yaml:3:108"},
    {"how many there are",
     TEAM(RULE("capability: [acme.x], when: {broker.labels: {size: {gt: 0}}}")),
     "P123 a.yaml:3:101"},
    {"labels as an operand",
     TEAM(RULE("capability: [acme.x], when: {args.x: {in: {attr: broker.labels}}}")),
     "P123 a.yaml:3:105"},
    {"a test for whom it may be about",
     TEAM("tests: [{name: t, request: {subject: \"agent:a-1\", capability: acme.x}, variants: "
          "[{subject: {type: agent, id: a-2}}], given: {chain: [\"agent:a-3\", {subject: "
          "\"agent:a-4\"}]}, expect: {effect: deny}}]\n"),
     ""},
    {"a test for another",
     TEAM("tests: [{name: t, request: {subject: \"agent:b-1\", capability: acme.x}, expect: "
          "{effect: deny}}]\n"),
     "P124 a.yaml:2:38"},
    {"in a variant and by parents",
     TEAM("tests:\n- name: t\n  request: {subject: \"agent:a-1\", capability: acme.x}\n"
          "  variants: [{subject: {type: agent, id: b-2}}]\n"
          "  given: {chain: [\"agent:b-3\", {subject: \"agent:b-4\"}]}\n"
          "  expect: {effect: deny}\n"),
     "P124 a.yaml:5:24, P124 a.yaml:6:19, P124 a.yaml:6:42"},
    {"a test that names another team's rules, labels and flags",
     TEAMS("",
           "rules: [{id: q, effect: deny}]\ntests:\n- name: t\n"
           "  request: {subject: \"agent:a-1\", capability: acme.x}\n"
           "  given: {labels: [b/l], flags: {b/f: true}, spent: {b/c: 1}}\n"
           "  expect: {rule: b/q, requires: [b/q, q]}\n",
           "rules: [{id: q, effect: deny}]\nlabels: [l]\nattributes: {broker.flags.f: {type: "
           "bool}}\nbudgets: [{id: c, per: all, when_spent: deny, limits: {calls: {max: 1, window: "
           "1h}}}]\n"),
     "P080 a.yaml:7:18, P080 a.yaml:7:34, P124 a.yaml:6:20, P124 a.yaml:6:34, P124 a.yaml:6:54"},
    {"a value of its variable",
     ROOT("include: [{file: a.yaml, as: a, may: " MAY ", with: {num: 7}}]\n")
         WITH("a.yaml", "vars: {num: {type: int}}\n" RULE(
                            "capability: [acme.x], when: {args.x: \"${num}\"}")),
     ""},
    {"of another type",
     ROOT("include: [{file: a.yaml, as: a, may: " MAY ", with: {num: x}}]\n")
         WITH("a.yaml", "vars: {num: {type: int}}\n"),
     "P101 root.yaml:2:100"},
    {"of no variable",
     ROOT("include: [{file: a.yaml, as: a, may: " MAY ", with: {mum: 7}}]\n")
         WITH("a.yaml", "vars: {num: {type: int}}\n"),
     "P100 root.yaml:2:95"},
    {"a variable of the root in `with` and `may`",
     ROOT("vars: {t: {type: string, default: a}}\ninclude: [{file: a.yaml, as: a, may: {subject: "
          "[\"agent:${t}-*\"], capability: [\"acme.*\"]}, with: {num: \"${t}\"}}]\n")
         WITH("a.yaml",
              "vars: {num: {type: string}}\nentities: {\"agent:a-1\": {x: \"${num}\"}}\n"),
     ""},
};

static void describe(const struct findings *all, char *out, size_t room)
{
    size_t at = 0;
    out[0] = '\0';
    for (unsigned i = 0; i < all->n && at < room; i++) {
        const struct finding *f = &all->v[i];
        saw_code(f->code);
        at += (size_t)snprintf(out + at, room - at, "%s%s %s:%u:%u", i ? ", " : "", f->code,
                               f->file, f->line, f->column);
    }
}

static void findings(void **state)
{
    (void)state;
    unsigned failed = 0;
    for (size_t i = 0; i < BASE_COUNT(rows); i++) {
        struct findings all = {0};
        struct files files;
        struct policy_image *image = NULL;
        struct reeve_error err = {0};
        char told[2048];
        files_of(str_of(rows[i].text), &files);
        int rc = policy_compile_source(&files.source, keep_finding, &all, &image, &err);
        describe(&all, told, sizeof told);
        if (strcmp(told, rows[i].expected) != 0 || (rc == 0) != !all.errors) {
            print_error("%s: \"%s\", expected \"%s\" (%s)\n", rows[i].name, told, rows[i].expected,
                        all.n ? all.v[0].message : err.message);
            failed++;
        }
        if (rc && (strcmp(err.file, all.v[0].file) != 0 || err.line != all.v[0].line))
            fail_msg("%s: the first error is told at %s:%u", rows[i].name, err.file, err.line);
        policy_image_unref(&image);
    }
    assert_int_equal(failed, 0);
}

/* ---- warnings ---- */

static const struct row warnings[] = {
    {"a rule that can match", TEAM(RULE("capability: [acme.x]")), ""},
    {"subjects of others", TEAM("rules: [{id: r, effect: deny, subject: [\"agent:b-*\"]}]\n"),
     "P150 a.yaml:2:14"},
    {"subjects that meet", TEAM("rules: [{id: r, effect: deny, subject: [\"agent:*-1\"]}]\n"), ""},
    {"capabilities of others", TEAM("rules: [{id: r, effect: deny, capability: [\"other.*\"]}]\n"),
     "P150 a.yaml:2:14"},
    {"capabilities that meet",
     TEAM("rules: [{id: r, effect: deny, capability: [\"*.x\", \"other.*\"]}]\n"), ""},
};

static void what_may_makes_empty(void **state)
{
    (void)state;
    for (size_t i = 0; i < BASE_COUNT(warnings); i++) {
        struct findings all = {0}, ours = {0};
        struct files files;
        char told[2048];
        files_of(str_of(warnings[i].text), &files);
        assert_int_equal(policy_lint_source(&files.source, keep_finding, &all, NULL), 0);
        for (unsigned k = 0; k < all.n; k++)
            if (strcmp(all.v[k].code, "P150") == 0)
                ours.v[ours.n++] = all.v[k];
        describe(&ours, told, sizeof told);
        if (strcmp(told, warnings[i].expected) != 0)
            fail_msg("%s: \"%s\"", warnings[i].name, told);
    }
}

/* What another file declares for itself is nobody's advice. */
static void suggestions(void **state)
{
    (void)state;
    static const struct {
        const char *text, *suggestion, *code;
    } advice[] = {
        {TEAMS("", "rules: [{id: s, effect: deny, mode: shadow, replaces: hidden-rul}]\n",
               "rules: [{id: hidden-rule, effect: deny}]\n"),
         "", "P079"},
        {TEAMS("",
               "rules: [{id: s, effect: deny, mode: shadow, replaces: hidden-rul}, {id: "
               "hidden-ruler, effect: deny}]\n",
               "rules: [{id: hidden-rule, effect: deny}]\n"),
         "did you mean `a/hidden-ruler`?", "P079"},
        {TEAMS("", RULE("capability: [acme.x], labels: [internal-audi]"),
               "labels: [internal-audit]\n"),
         "declare it under `labels`", "P074"},
        {TEAMS("labels: [internal-audit]\n", RULE("capability: [acme.x], labels: [internal-audi]"),
               ""),
         "declare it under `labels`", "P074"},
        {TEAMS("",
               "tests: [{name: t, request: {subject: \"agent:a-1\", capability: acme.x}, expect: "
               "{rule: hidden-rul}}]\n",
               "rules: [{id: hidden-rule, effect: deny}]\n"),
         "", "P080"},
        {TEAMS("rules: [{id: r, effect: deny, when: {context.approved: 1}}]\n",
               "attributes: {context.approved: {type: int}}\n", ""),
         "declare it under `attributes`", "P130"},
        {TEAMS("attributes: {context.approved: {type: int}}\n",
               "rules: [{id: r, effect: deny, capability: [acme.x], when: {context.aproved: 1}}]\n",
               ""),
         "did you mean `context.approved`?", "P130"},
    };
    for (size_t i = 0; i < BASE_COUNT(advice); i++) {
        struct files files;
        struct findings all = {0};
        unsigned told = 0;
        files_of(str_of(advice[i].text), &files);
        (void)policy_lint_source(&files.source, keep_finding, &all, NULL);
        for (unsigned k = 0; k < all.n; k++) {
            if (strcmp(all.v[k].code, advice[i].code) != 0)
                continue;
            told++;
            assert_string_equal(all.v[k].suggestion, advice[i].suggestion);
        }
        assert_int_equal(told, 1);
    }
}

/* ---- the source's digest ---- */

static void source(void **state)
{
    (void)state;
    auto_buf struct buf one = {0}, two = {0};
    uint8_t digest[BASE_SHA256];
    struct files files;
    struct policy_image *image = NULL;
    files_of(STR(ROOT("name: x\n")), &files);
    files.source.kept = &one;
    assert_int_equal(policy_compile_source(&files.source, NULL, NULL, &image, NULL), 0);
    assert_true(str_eq(buf_view(&one), files.source.text));
    base_sha256(one.data, one.len, digest);
    assert_memory_equal(digest, policy_image_source_digest(image), sizeof digest);
    policy_image_unref(&image);
    files_of(
        STR(ROOT("include: [c.yaml, b.yaml]\n") WITH("c.yaml", "") WITH("b.yaml", "name: z\n")),
        &files);
    files.source.kept = &two;
    assert_int_equal(policy_compile_source(&files.source, NULL, NULL, &image, NULL), 0);
    base_sha256(two.data, two.len, digest);
    assert_memory_equal(digest, policy_image_source_digest(image), sizeof digest);
    static const char wanted[] =
        "reeve: policy-bundle/v1\n"
        "root.yaml\0\x2b\0\0\0\0\0\0\0reeve: policy/v1\ninclude: [c.yaml, b.yaml]\n"
        "b.yaml\0\x19\0\0\0\0\0\0\0reeve: policy/v1\nname: z\n"
        "c.yaml\0\x11\0\0\0\0\0\0\0reeve: policy/v1\n";
    assert_int_equal(two.len, sizeof wanted - 1);
    assert_memory_equal(two.data, wanted, sizeof wanted - 1);
    policy_image_unref(&image);
}

static void a_text_has_no_folder(void **state)
{
    (void)state;
    struct reeve_error err = {0};
    struct policy_image *image = NULL;
    assert_int_equal(compile_text(STR(HEADER "include: [b.yaml]\n"), "t", NULL, NULL, &image, &err),
                     REEVE_EPOLICY);
    assert_non_null(strstr(err.message, "without a folder"));
}

/* ---- bounds ---- */

static int endless(void *arg, const char *path, struct buf *out, struct reeve_error *err)
{
    unsigned *n = arg;
    (void)path;
    (void)err;
    buf_printf(out, HEADER "include: [f%u.yaml, g%u.yaml]\n", *n, *n);
    ++*n;
    return 0;
}

static void too_many_files(void **state)
{
    (void)state;
    unsigned n = 0;
    struct reeve_error err = {0};
    struct policy_image *image = NULL;
    struct policy_source s = {STR(HEADER "include: [a.yaml]\n"), "t", endless, &n, NULL};
    assert_int_equal(policy_compile_source(&s, NULL, NULL, &image, &err), REEVE_EPOLICY);
    assert_true(n < POLICY_MAX_FILES);
    assert_non_null(strstr(err.message, "P003"));
}

static void lint_buffer(const struct buf *text, struct findings *all)
{
    struct files files;
    files_of(buf_view(text), &files);
    (void)policy_lint_source(&files.source, keep_finding, all, NULL);
}

/* However much there is to say of a team, the root's own is told. */
static void a_team_does_not_fill_the_findings(void **state)
{
    (void)state;
    auto_buf struct buf text = {0};
    struct findings *all = calloc(1, sizeof *all);
    assert_non_null(all);
    buf_z(
        &text,
        ROOT(
            "include: [{file: a.yaml, as: a, may: " MAY "}]\n"
            "rules: [{id: x, effect: deny, when: {args.a: {starts_with: /etc}}}]\n") "=== "
                                                                                     "a."
                                                                                     "yaml\n" HEADER
                                                                                     "rules:\n");
    for (unsigned i = 0; i < 300; i++)
        buf_printf(&text,
                   "  - {id: r%u, effect: deny, subject: [\"agent:z\"], capability: "
                   "[acme.x%u]}\n",
                   i, i);
    lint_buffer(&text, all);
    unsigned roots = 0, more = 0;
    for (unsigned i = 0; i < all->n; i++) {
        roots += strcmp(all->v[i].file, "root.yaml") == 0;
        more += strcmp(all->v[i].code, "P038") == 0;
    }
    assert_true(roots > 0);
    assert_int_equal(more, 1);
    free(all);
}

/* Of what all files have together too much of: in the file that took most. */
static void who_took_too_many(void **state)
{
    (void)state;
    auto_buf struct buf text = {0};
    struct findings all = {0};
    buf_z(&text,
          ROOT("include: [{file: a.yaml, as: a, may: " MAY "}, {file: b.yaml, as: b, may: " MAY
               "}]\n") "=== a.yaml\n" HEADER "labels: [a0");
    for (unsigned i = 1; i < 64; i++)
        buf_printf(&text, ", a%u", i);
    buf_z(&text, "]\n=== b.yaml\n" HEADER "labels: [b]\n");
    lint_buffer(&text, &all);
    assert_int_equal(all.n, 1);
    assert_string_equal(all.v[0].code, "P003");
    assert_string_equal(all.v[0].file, "a.yaml");
    assert_non_null(strstr(all.v[0].message, "64 of them in a.yaml"));
}

/* Of what another team wrote a finding tells nothing. */
static void what_others_wrote(void **state)
{
    (void)state;
    auto_buf struct buf text = {0};
    struct findings all = {0};
    buf_z(&text, TEAMS("", "capabilities: {\"acme.*\": {class: dangerous, effects: [network]}}\n",
                       "capabilities: {acme.x: {effects: [compute]}}\n"));
    lint_buffer(&text, &all);
    assert_int_equal(all.n, 1);
    assert_string_equal(all.v[0].code, "P077");
    assert_null(strstr(all.v[0].message, "acme.*"));
    assert_null(strstr(all.v[0].message, "a.yaml"));
}

/* Patterns that cost little to write and much to hold. */
static void too_much_machine_code(void **state)
{
    (void)state;
    auto_buf struct buf text = {0};
    struct reeve_error err = {0};
    struct policy_image *image = NULL;
    struct files files;
    buf_z(
        &text,
        ROOT("include: [{file: a.yaml, as: a, may: " MAY "}]\n"
             "rules: [{id: x, effect: deny, when: {args.a: {matches: \"a.c\"}}}]\n") "=== "
                                                                                     "a."
                                                                                     "yaml\n" HEADER
                                                                                     "rules:\n");
    for (unsigned i = 0; i < 2500; i++)
        buf_printf(&text,
                   "  - {id: r%u, effect: deny, capability: [acme.x], when: {args.a: {matches: "
                   "'(?:\\p{L}{1,50}x?){1,200}N%u'}}}\n",
                   i, i);
    files_of(buf_view(&text), &files);
    assert_int_equal(policy_compile_source(&files.source, NULL, NULL, &image, &err), REEVE_EPOLICY);
    assert_non_null(strstr(err.message, "P003: the regular expressions come to more than 256 MiB"));
    assert_string_equal(err.file, "a.yaml");
}

static int huge(void *arg, const char *path, struct buf *out, struct reeve_error *err)
{
    (void)arg;
    (void)path;
    (void)err;
    char *room = buf_room(out, out->max);
    assert_non_null(room);
    memset(room, ' ', out->max);
    return 0;
}

static void too_many_bytes(void **state)
{
    (void)state;
    struct reeve_error err = {0};
    struct policy_image *image = NULL;
    struct policy_source s = {STR(HEADER "include: [a.yaml]\n"), "t", huge, NULL, NULL};
    assert_int_equal(policy_compile_source(&s, NULL, NULL, &image, &err), REEVE_EPOLICY);
    assert_non_null(strstr(err.message, "64 MiB"));
}

static void too_many_patterns(void **state)
{
    (void)state;
    auto_buf struct buf text = {0};
    struct files files;
    struct reeve_error err = {0};
    struct policy_image *image = NULL;
    buf_z(&text,
          ROOT("include: [{file: a.yaml, as: a, may: {capability: [a.b], subject: [\"u:a\""));
    for (unsigned i = 0; i < 256; i++)
        buf_printf(&text, ", \"u:%u\"", i);
    buf_z(&text, "]}}]\n" WITH("a.yaml", ""));
    files_of(buf_view(&text), &files);
    assert_int_equal(policy_compile_source(&files.source, NULL, NULL, &image, &err), REEVE_EPOLICY);
    assert_non_null(strstr(err.message, "more than 256 patterns in `may`"));
}

static bool is_of_files(const char *code)
{
    return (strcmp(code, "P120") >= 0 && strcmp(code, "P130") < 0) || strcmp(code, "P150") == 0;
}

static void every_code_was_seen(void **state)
{
    (void)state;
    expect_seen(is_of_files);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(findings),
                                       cmocka_unit_test(suggestions),
                                       cmocka_unit_test(what_may_makes_empty),
                                       cmocka_unit_test(source),
                                       cmocka_unit_test(a_text_has_no_folder),
                                       cmocka_unit_test(too_many_files),
                                       cmocka_unit_test(a_team_does_not_fill_the_findings),
                                       cmocka_unit_test(who_took_too_many),
                                       cmocka_unit_test(what_others_wrote),
                                       cmocka_unit_test(too_much_machine_code),
                                       cmocka_unit_test(too_many_bytes),
                                       cmocka_unit_test(too_many_patterns),
                                       cmocka_unit_test(every_code_was_seen)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
