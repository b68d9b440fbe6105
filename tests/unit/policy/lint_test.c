/*
 * Warnings: a policy and every finding of lint in it. That each warning is found at all, the
 * examples of rules/lint.yaml show (lint_rules_test.c).
 */
#include "support.h"

#define RULE(rest)                                                                                 \
    HEADER "rules:\n  - {id: r, effect: allow, subject: [\"u:a\"], reason: x, " rest "}\n"
#define ECHO "capability: [ccos.memory.get]" /* without a schema: any argument may be asked of */
#define TWO(one, other)                                                                            \
    HEADER "rules:\n  - {id: one, subject: [\"u:a\", \"u:b\"], capability: [ccos.memory.get], "    \
           "reason: "                                                                              \
           "x, " one "}\n"                                                                         \
           "  - {id: two, subject: [\"u:b\", \"u:a\"], capability: [ccos.memory.get], reason: "    \
           "x, " other "}\n"

static const struct row {
    const char *name, *text, *expected;
} rows[] = {
    {"nothing to say", RULE(ECHO), ""},
    {"errors are told too", HEADER "nam: x\n", "P012 2:1"},
    {"an unused group", HEADER "groups: {g: [\"u:a\"]}\n", "P050 2:10"},
    {"a group used by a group only is used", HEADER "groups: {g: [\"u:a\"], h: [\"group:g\"]}\n",
     "P050 2:22"},
    {"a group used by subjects",
     HEADER "groups: {g: [\"u:a\"]}\nsubjects: [{match: \"group:g\", level: full}]\n", ""},
    {"an unused grant", HEADER "grants: {g: {isolation: vm}}\n", "P051 2:10"},
    {"a used grant",
     HEADER
     "grants: {g: {isolation: vm}}\nrules: [{id: r, effect: allow, subject: [\"u:a\"], reason: x, "
     "capability: [ccos.echo], grant: g}]\n",
     ""},
    {"an allow without reason",
     HEADER "rules: [{id: r, effect: allow, subject: [\"u:a\"], capability: [ccos.echo]}]\n",
     "P052 2:14"},
    {"a deny needs none", HEADER "rules: [{id: r, effect: deny, capability: [ccos.echo]}]\n", ""},
    {"an unknown capability", HEADER "rules: [{id: r, effect: deny, capability: [ccos.ehco]}]\n",
     "P053 2:44"},
    {"one that the policy tells of is known",
     HEADER "capabilities: {\"acme.*\": {class: safe}}\nrules: [{id: r, effect: allow, subject: "
            "[\"u:a\"], reason: x, capability: [acme.x]}]\n",
     ""},
    {"and may be dangerous",
     HEADER
     "capabilities: {\"acme.*\": {effects: [network]}, ccos.echo: {class: dangerous}}\nrules: "
     "[{id: r, effect: allow, subject: [\"u:a\"], reason: x, capability: [acme.x, ccos.echo]}]\n",
     "P054 3:74, P066 3:74, P054 3:82"},
    {"a glob of nothing that ships",
     HEADER "rules: [{id: r, effect: deny, capability: [\"ccos.ehco.*\"]}]\n", "P053 2:44"},
    {"a glob of others", HEADER "rules: [{id: r, effect: deny, capability: [\"acme.*\"]}]\n", ""},
    {"a glob of what is dangerous",
     HEADER "defaults: {limits: {wall: 5s}}\nrules: [{id: r, effect: allow, subject: [\"u:a\"], "
            "reason: x, capability: [\"ccos.io.*\"]}]\n",
     "P054 3:74"},
    {"a glob of what has nothing in common",
     HEADER "defaults: {limits: {wall: 5s}}\nrules: [{id: r, effect: allow, subject: [\"u:a\"], "
            "reason: x, capability: [\"ccos.*\"], grant: {isolation: vm}}]\n",
     "P057 3:74"},
    {"dangerous for anyone",
     HEADER "defaults: {limits: {wall: 5s}}\nrules: [{id: r, effect: allow, subject: anyone, "
            "reason: x, capability: [ccos.io.mkdir], grant: {isolation: vm}}]\n",
     "P068 3:73"},
    {"limits of the grant are limits",
     RULE("capability: [ccos.io.mkdir], grant: {isolation: vm, limits: {wall: 5s}}"), ""},
    {"limits that are missing are told once",
     RULE("capability: [ccos.io.mkdir, ccos.io.read-file], grant: {isolation: vm}"), "P066 3:70"},
    {"dangerous with isolation none",
     RULE("capability: [ccos.io.read-file], grant: {isolation: none}"), "P054 3:70, P066 3:70"},
    {"dangerous without a grant", RULE("capability: [ccos.io.read-file]"), "P054 3:70, P066 3:70"},
    {"dangerous in a process", RULE("capability: [ccos.io.read-file], grant: {isolation: process}"),
     "P066 3:70"},
    {"an identical rule precedes", TWO("effect: allow", "effect: allow"), "P063 4:10"},
    {"with the same condition",
     TWO("effect: allow, when: {args.a: [1, x]}", "effect: allow, when: {args.a: [1, x]}"),
     "P063 4:10"},
    {"another condition is another rule",
     TWO("effect: allow, when: {args.a: 1}", "effect: allow, when: {args.a: 2}"), ""},
    {"the stronger isolation precedes",
     TWO("effect: allow", "effect: allow, grant: {isolation: vm}"), "P055 3:10"},
    {"without a condition it covers those with one",
     TWO("effect: allow", "effect: allow, when: {args.a: 2}"), "P055 4:10"},
    {"not the other way round", TWO("effect: allow, when: {args.a: 2}", "effect: allow"), ""},
    {"a template may not hold: the second is a way on",
     TWO("effect: allow, grant: {filesystem: {read: [\"${args.path}\"]}}",
         "effect: allow, when: {args.a: 1}"),
     "P061 4:10"},
    {"denies", TWO("effect: deny", "effect: deny"), "P063 4:10"},
    {"a deny of just what an allow permits", TWO("effect: allow", "effect: deny"), "P064 3:10"},
    {"a tie with different grants",
     TWO("effect: allow, when: {args.a: 1}, grant: {isolation: vm, filesystem: {read: [/a]}}",
         "effect: allow, when: {args.b: 1}, grant: {isolation: vm, filesystem: {read: [/b]}}"),
     "P061 4:10"},
    {"a tie by one subject and capability of several",
     HEADER
     "rules:\n  - {id: one, effect: allow, subject: [\"u:a\", \"u:b\"], capability: [x.y, "
     "ccos.memory.get], reason: x, when: {args.a: 1}, grant: {isolation: vm, network: "
     "[\"a:1\"], limits: {wall: 1s}}}\n"
     "  - {id: two, effect: allow, subject: [\"u:c\", \"u:b\"], capability: [x.y], reason: x, "
     "when: {args.b: 1}, grant: {isolation: vm, network: [\"a:2\"], limits: {wall: 1s}}}\n",
     "P053 3:68, P053 4:68, P061 4:10"},
    {"a tie without conditions",
     HEADER "rules:\n  - {id: one, effect: allow, subject: [\"u:a\", \"u:b\"], " ECHO
            ", reason: x, grant: {isolation: vm, network: [\"a:1\"]}}\n"
            "  - {id: two, effect: allow, subject: [\"u:b\", \"u:c\"], " ECHO
            ", reason: x, grant: {isolation: vm, network: [\"a:2\"]}}\n",
     "P061 4:10"},
    {"no tie: no subject in common",
     HEADER "rules:\n  - {id: one, effect: allow, subject: [\"u:a\"], " ECHO
            ", reason: x, when: {args.a: 1}, grant: {isolation: vm, network: [\"a:1\"]}}\n"
            "  - {id: two, effect: allow, subject: [\"u:b\"], " ECHO
            ", reason: x, when: {args.b: 1}, grant: {isolation: vm, network: [\"a:2\"]}}\n",
     ""},
    {"no tie: they never both match",
     TWO("effect: allow, when: {args.a: 1}, grant: {isolation: vm, filesystem: {read: [/a]}}",
         "effect: allow, when: {args.a: 2}, grant: {isolation: vm, filesystem: {read: [/b]}}"),
     ""},
    {"a tie of asks",
     HEADER "capabilities: {x.y: {class: safe}}\n"
            "defaults: {approval: {by: [\"u:d\"], need: 1, within: 5m, covers: once}}\nrules:\n"
            "  - {id: one, effect: ask, subject: [\"u:a\"], capability: [x.y], when: {args.a: "
            "1}, grant: {network: [\"a:1\"]}}\n"
            "  - {id: two, effect: ask, subject: [\"u:a\"], capability: [x.y], when: {args.b: "
            "2}, grant: {network: [\"a:2\"]}}\n",
     "P061 6:10"},
    {"a tie with the same grant",
     TWO("effect: allow, when: {args.a: 1}, grant: {isolation: vm}",
         "effect: allow, when: {args.b: 1}, grant: {isolation: vm}"),
     ""},
    {"a limit that is not held", HEADER "defaults: {limits: {network_io: 1MiB}}\n", "P056 2:33"},
    {"with best effort",
     RULE(ECHO ", grant: {limits: {network_io: 1MiB, best_effort: [network_io]}}"), ""},
    {"all capabilities", RULE("capability: [\"*\"]"), "P057 3:70"},
    {"all capabilities denied", HEADER "rules: [{id: r, effect: deny, capability: [\"*\"]}]\n", ""},
    {"an empty group",
     HEADER "groups: {g: []}\nrules: [{id: r, effect: deny, subject: [\"group:g\"]}]\n",
     "P058 2:10"},
    {"empty lists in conditions", RULE(ECHO ", when: {args.a: [], any: [], all: []}"),
     "P058 3:95, P058 3:107, P058 3:116"},
    {"exists: false in an allow", RULE(ECHO ", when: {args.a: {exists: false}}"), "P059 3:104"},
    {"absent: true in an allow", RULE(ECHO ", when: {args.a: {eq: 1, absent: true}}"),
     "P059 3:103"},
    {"within a not their contrary",
     RULE(ECHO ", when: {all: [{not: {args.a: {exists: true}}}, {args.b: {not: {in: [x]}}}, {not: "
               "{args.c: {eq: 1, absent: false}}}, {not: {args.d: [x]}}]}"),
     "P059 3:117, P059 3:150, P059 3:177, P059 3:210"},
    {"and not themselves",
     RULE(ECHO ", when: {all: [{not: {args.a: {exists: false}}}, {not: {args.b: {eq: 1, absent: "
               "true}}}, {not: {args.c: {not_in: [x]}}}, {not: {not: {args.d: [x]}}}]}"),
     ""},
    {"a URL that may go on",
     RULE(ECHO ", when: {args.a: {starts_with: [\"https://h.example\", "
               "\"https://h.example/\"]}}"),
     "P134 3:118"},
    {"a URL that is held back at 443 alone",
     HEADER
     "rules: [{id: r, effect: deny, when: {any: [{args.a: {url: {host: h.example}}}, {args.a: "
     "{url: {host: h.example, port: any}}}, {args.a: {url: {host: h.example, scheme: [http, "
     "https]}}}, {args.a: {url: {host: h.example, scheme: [http, https], port: any}}}]}}]\n",
     "P134 2:54, P134 2:90, P134 2:137"},
    {"nor where it permits",
     HEADER "rules: [{id: r, effect: deny, when: {not: {args.a: {url: {host: h.example}}}}}]\n",
     ""},
    {"what is wide within a not of an allow is meant",
     RULE(ECHO ", when: {not: {args.a: {host: \"*\", matches: \"bad.*\", starts_with: "
               "\"https://h\"}}}"),
     ""},
    {"of a deny it is not",
     HEADER "rules: [{id: r, effect: deny, when: {not: {args.a: {host: \"*\"}}}}]\n", "P134 2:59"},
    {"a property that the request may say, of a named condition",
     HEADER
     "attributes: {subject.a: {type: string}, subject.b: {type: string, from: any}, "
     "subject.c.d: {type: string}}\nconditions: {c: {args.x: {attr: subject.a}}}\nrules: [{id: "
     "r, effect: allow, subject: [\"u:a\"], reason: x, " ECHO
     ", when: {use: c, subject.b: x, subject.c.d: x}}]\n",
     "P135 3:33, P135 4:121"},
    {"of a deny nothing is said",
     HEADER "attributes: {subject.a: {type: string}}\nrules: [{id: r, effect: deny, when: "
            "{subject.a: x}}]\n",
     ""},
    {"an id with its type",
     HEADER "rules: [{id: r, effect: deny, subject: [\"bot:*\"], when: {any: [{subject.id: "
            "\"agent:a\"}, {subject.id: {not: {in: [\"bot:x\", \"did:key:x\"]}}}, {resource.id: "
            "\"https://h\"}, {subject.id: {like: \"user:*\"}}]}}]\n",
     "P134 2:77, P134 2:114, P134 2:188"},
    {"a path that is compared as text",
     HEADER "rules: [{id: r, effect: deny, when: {args.a: subject.id, args.b: [context.a, "
            "\"subject.id\"], "
            "args.c: \"context.\", args.d: broker.com.example.a, args.e: args.py}}]\n",
     "P134 2:46, P134 2:67"},
    {"subjects that nobody is",
     HEADER
     "groups: {bots: [\"agent:b-*\", \"agent:b-?\"]}\nsubjects: [{match: \"group:bots\", level: "
     "pure}]\nrules: [{id: r, effect: deny, subject: [\"bots:*\", \"agents:a\", \"agent:b-[0-9]\", "
     "\"robots:a\"], resource: [\"url:http://h/?q\"], " ECHO "}]\n",
     "P092 4:93, P134 2:30, P134 4:41, P134 4:51, P134 4:63"},
    {"fewer than must approve",
     HEADER "rules: [{id: r, effect: ask, subject: [\"u:a\"], " ECHO ", approval: {by: [\"u:b\", "
            "\"u:b\"], need: 2, within: 5m, covers: once}}]\n",
     "P136 2:89"},
    {"fewer without who asks, by a group",
     HEADER
     "groups: {g: [\"u:a\", \"u:b\"]}\ndefaults: {approval: {by: [\"group:g\"], need: 2, within: "
     "5m, covers: once}}\nrules: [{id: r, effect: ask, subject: [\"group:g\"], " ECHO "}]\n",
     "P136 3:22"},
    {"enough, or nobody knows",
     HEADER
     "groups: {g: [\"u:a\", \"u:b\"]}\nrules: [{id: r, effect: ask, subject: [\"group:g\"], " ECHO
     ", approval: {by: [\"group:g\"], need: 1, within: 5m, covers: once}}, {id: s, effect: "
     "require, "
     "require: {approval: {by: [\"u:*\"], need: 1, within: 5m, covers: once}}}]\n",
     ""},
    {"a misspelt capability of a budget",
     HEADER
     "budgets: [{id: b, subject: [\"u:a\"], capability: [ccos.ehco, ccos.echo, \"ccos.ehco.*\"], "
     "per: subject, limits: {calls: {max: 1, window: 1h}}, when_spent: deny}]\n",
     "P053 2:50, P053 2:72"},
    {"an effect that is nearly another",
     HEADER
     "capabilities: {x.y: {class: safe, effects: [netwrok, billing, network]}}\nrules: [{id: "
     "r, effect: deny, effects: [network]}]\n",
     "P134 2:45"},
    {"what is below an argument that has nothing below it",
     HEADER
     "rules: [{id: r, effect: deny, capability: [\"program.*\"], when: {any: [{args.argv.0: x}, "
     "{args.environment.LD_PRELOAD: x}, {args.path: {eq: {attr: args.cwd.x}}}]}}, {id: s, "
     "effect: deny, capability: [ccos.network.http-fetch], when: {args.url.host: evil.example, "
     "args.headers.accept: x}}]\n",
     "P133 2:72, P133 2:90, P133 2:147, P133 2:233"},
    {"and below what is declared as no map",
     HEADER "attributes: {context.a: {type: string}, context.m: {type: map}, context.m.x: {type: "
            "[string]}}\nrules: [{id: r, effect: deny, when: {context.a.b: x, context.m.y: x, "
            "context.m.x.z: 1}}]\n",
     "P133 3:38, P133 3:70"},
    {"operators of other texts",
     HEADER
     "rules: [{id: r, effect: deny, capability: [ccos.network.http-fetch], when: {args.url: "
     "{host: evil.example, under: /a}, args.method: {url: \"https://h.example/\"}}}, {id: s, "
     "effect: deny, capability: [ccos.network.http-fetch, x.y], when: {args.url: {host: "
     "evil.example}}}]\n",
     "P133 2:88, P133 2:108, P133 2:134, P053 2:224"},
    {"templates of arguments that are not there",
     HEADER
     "grants: {g: {isolation: process, limits: {wall: 1s}, network: [\"${args.url}\"]}}\nrules:\n"
     "  - {id: r, effect: allow, subject: [\"u:a\"], reason: x, capability: [program.external], "
     "grant: {use: g, filesystem: {read: [\"${args.dir}\", \"${args.path}\", "
     "\"${args.argv}\"]}}}\n",
     "P133 4:10, P133 4:156, P133 4:10"},
    {"effects that no capability of the rule has",
     HEADER
     "capabilities: {x.y: {class: safe, effects: [compute]}}\nrules:\n  - {id: r, effect: deny, "
     "capability: [x.y, ccos.echo], effects: [network]}\n  - {id: s, effect: deny, capability: "
     "[x.y, "
     "ccos.network.http-fetch], effects: [network]}\n",
     "P150 4:10"},
    {"masks of arguments that are not there",
     HEADER
     "capabilities: {x.y: {class: safe, args: {token: string}, mask: [args.tokn, args.token]}, "
     "ccos.network.http-fetch: {mask: [args.boddy, args.headers.authorization]}}\n",
     "P133 2:65, P133 2:123"},
    {"a property that is nearly a declared one",
     HEADER "attributes: {subject.tenant: {type: string, from: entities}}\nentities: {\"u:a\": "
            "{tennant: x, "
            "tenant: b, color: z}}\n",
     "P130 3:20"},
    {"a deny of everything that does not say so",
     HEADER "rules: [{id: r, effect: deny}, {id: s, effect: deny, capability: [\"*\"]}]\n",
     "P057 2:14"},
    {"bounds of buckets",
     HEADER
     "rules: [{id: r, effect: deny, when: {any: [{broker.bucket: {lt: 0.1}}, {broker.bucket: {lt: "
     "100}}, {broker.bucket: {gte: 0}}, {broker.bucket: {lt: 10}}, {broker.bucket: {gte: "
     "50}}]}}]\n",
     "P134 2:65, P134 2:93, P134 2:122"},
    {"the notation of other languages",
     HEADER "rules: [{id: r, effect: deny, when: {args.a: {like: [\"%x%\", \"^a$\", \"[a-z]*\", "
            "\"a*\"], in: "
            "[\"a*\", \"!prod\", \"<5\", \"*/*\"]}, args.b: {any: [{matches: prod}, {matches: "
            "/evil/}]}}}]\n",
     "P134 2:54, P134 2:61, P134 2:68, P134 2:90, P134 2:96, P134 2:105, P134 2:145, P134 2:162"},
    {"a rest that is an argument",
     HEADER "rules: [{id: r, effect: deny, capability: [program.external], when: {any: "
            "[{args.argv: {argv: [status, rest]}}, "
            "{args.argv: {argv: [push, \"rest\"]}}, {args.argv: {argv: [push, {rest: any}]}}, "
            "{args.argv: {argv: [push, ...]}}]}}]\n",
     "P134 2:104, P134 2:218"},
    {"a digest that is none",
     HEADER
     "rules: [{id: r, effect: deny, capability: [program.external], when: {args.sha256: [ABC, "
     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855]}}]\n",
     "P134 2:84"},
    {"any host by that word", RULE(ECHO ", grant: {network: [\"any:443\"]}"), "P134 3:95"},
    {"exists: true is none", RULE(ECHO ", when: {args.a: {exists: true}}"), ""},
    {"in a deny", HEADER "rules: [{id: r, effect: deny, when: {args.a: {exists: false}}}]\n", ""},
    {"a deny that ends by itself",
     HEADER "rules: [{id: r, effect: deny, valid: {until: \"2026-11-01T00:00:00Z\"}}]\n",
     "P090 2:39"},
    {"a require that begins",
     HEADER "rules: [{id: r, effect: require, require: {isolation: vm}, "
            "valid: {from: \"2026-11-01T00:00:00Z\"}}]\n",
     ""},
    {"an ask for anyone",
     HEADER "rules: [{id: r, effect: ask, subject: anyone, " ECHO
            ", approval: {by: [\"u:a\"], need: "
            "1, within: 5m, covers: once}}]\n",
     "P091 2:25"},
    {"a deny with a resource",
     HEADER "rules: [{id: r, effect: deny, " ECHO ", resource: [\"d:*\"]}]\n", "P092 2:62"},
    {"two requires hold together",
     TWO("effect: require, require: {isolation: vm}", "effect: require, require: {isolation: vm}"),
     ""},
    {"effects tell rules apart",
     TWO("effect: allow, effects: [system]", "effect: allow, effects: [compute]"), ""},
    {"resources tell rules apart",
     TWO("effect: allow, resource: [\"d:a\"]", "effect: allow, resource: [\"d:b\"]"), ""},
    {"a shadow is another rule", TWO("effect: allow", "effect: allow, mode: shadow"), ""},
    {"a tie with different network",
     TWO("effect: allow, when: {args.a: 1}, grant: {isolation: vm, network: [\"a:1\"]}",
         "effect: allow, when: {args.b: 1}, grant: {isolation: vm, network: [\"a:2\"]}"),
     "P061 4:10"},
    {"unlimited under controlled",
     HEADER "defaults: {level: controlled, limits: {wall: unlimited}}\n", "P060 2:46"},
    {"not_in in an allow", RULE(ECHO ", when: {args.a: {not_in: [x]}}"), "P059 3:104"},
    {"an empty not_in", HEADER "rules: [{id: r, effect: deny, when: {args.a: {not_in: []}}}]\n",
     "P058 2:47"},
    {"a path that is not declared", RULE(ECHO ", when: {context.a: x, subject.b.c: 1}"),
     "P130 3:95, P130 3:109"},
    {"what is built in needs no declaration",
     RULE(ECHO ", when: {subject.id: a, resource.type: b, broker.level: full, action.name: c}"),
     ""},
    {"a declared path and what is below it",
     HEADER "attributes: {context.a: {type: map}}\nrules: [{id: r, effect: deny, when: "
            "{context.a.b: 1, context.ab: 1}}]\n",
     "P130 3:54"},
    {"starts_with on a path", RULE(ECHO ", when: {args.a: {starts_with: /srv/a}}"), "P131 3:104"},
    {"names that nothing uses",
     HEADER "vars: {a: {type: int, default: 1}}\nconditions: {c: {args.a: 1}}\n",
     "P132 2:8, P132 3:14"},
    {"a test that the declared type never knows",
     HEADER "attributes: {context.a: {type: int}}\nrules: [{id: r, effect: deny, when: "
            "{context.a: {any: [{eq: x}, {contains: 1}, {size: 1}, {gt: 1}, {in: [x, 1]}]}}}]\n",
     "P133 3:57, P133 3:66, P133 3:81"},
    {"patterns that let pass too much",
     RULE(ECHO ", when: {args.a: {like: \"/srv/*\", host: \"*\", cidr: 0.0.0.0/0, matches: "
               "\"a.b\"}}"),
     "P134 3:110, P134 3:126, P134 3:137, P134 3:157"},
    {"in a deny they are meant",
     HEADER "rules: [{id: r, effect: deny, when: {args.a: {url: {host: \"*\", scheme: [http, "
            "https], port: any}, matches: \"a.b\"}}}]\n",
     "P134 2:108"},
    {"conditions that only their URL patterns tell apart",
     TWO("effect: deny, when: {args.a: {url: {host: a.example, scheme: [http, https], port: any}}}",
         "effect: deny, when: {args.a: {url: {host: b.example, scheme: [http, https], port: "
         "any}}}"),
     ""},
    {"conditions that only their other attributes tell apart",
     TWO("effect: deny, when: {args.a: {attr: args.b}}",
         "effect: deny, when: {args.a: {attr: args.c}}"),
     ""},
    {"conditions that only their groups tell apart",
     HEADER
     "groups: {g: [\"u:a\"], h: [\"u:b\"]}\nrules: [{id: a, effect: deny, when: {subject: {is: "
     "\"group:g\"}}}, {id: b, effect: deny, when: {subject: {is: \"group:h\"}}}]\n",
     ""},
    {"a hint for a path that is not declared",
     HEADER "attributes: {context.ticket: {type: string}}\nrules: [{id: r, effect: deny, when: "
            "{context.tiket: a}}]\n",
     "P130 3:38"},
    {"a subject twice in a list",
     HEADER "rules: [{id: r, effect: deny, subject: [\"u:a\", \"u:b\", \"u:a\"]}]\n", "P063 2:55"},
    {"a capability twice in a list",
     HEADER "rules: [{id: r, effect: deny, capability: [ccos.echo, ccos.echo]}]\n", "P063 2:55"},
    {"labels tell rules apart",
     HEADER "labels: [x]\nrules:\n  - {id: a, effect: allow, subject: [\"u:a\"], " ECHO
            ", reason: x}\n  - {id: b, effect: allow, subject: [\"u:a\"], " ECHO
            ", reason: x, labels: [x]}\n",
     "P055 5:10"},
    {"a deny that is wider in both",
     HEADER "rules:\n  - {id: d, effect: deny, subject: [\"u:*\"], capability: [\"ccos.*\"]}\n"
            "  - {id: a, effect: allow, subject: [\"u:ana\"], " ECHO
            ", reason: x, when: {args.a: 1}}\n",
     "P062 4:10"},
    {"a deny of everything",
     HEADER "rules:\n  - {id: d, effect: deny, capability: [\"*\"]}\n"
            "  - {id: a, effect: allow, subject: anyone, " ECHO ", reason: x}\n",
     "P062 4:10"},
    {"denies that share the work",
     HEADER "rules:\n  - {id: d, effect: deny, subject: [\"u:a\"], capability: [ccos.memory.get]}\n"
            "  - {id: e, effect: deny, subject: [\"u:b\"], capability: [\"*\"]}\n"
            "  - {id: a, effect: allow, subject: [\"u:a\", \"u:b\"], " ECHO ", reason: x}\n",
     "P062 5:10"},
    {"a deny of one of two",
     HEADER "rules:\n  - {id: d, effect: deny, subject: [\"u:a\"], capability: [\"*\"]}\n"
            "  - {id: a, effect: allow, subject: [\"u:a\", \"u:b\"], " ECHO ", reason: x}\n",
     ""},
    {"a deny of a group within a group",
     HEADER "groups: {g: [\"u:a\"], h: [\"u:b\", \"group:g\"]}\nrules:\n"
            "  - {id: d, effect: deny, subject: [\"group:h\"], capability: [\"ccos.memory.*\"]}\n"
            "  - {id: a, effect: allow, subject: [\"u:a\", \"group:g\"], " ECHO ", reason: x}\n",
     "P062 5:10"},
    {"a deny with a condition may not hold",
     HEADER "rules:\n  - {id: d, effect: deny, when: {args.a: 2}}\n"
            "  - {id: a, effect: allow, subject: anyone, " ECHO ", reason: x}\n",
     ""},
    {"nor does one for a time, of a resource, or in the shadow",
     HEADER
     "rules:\n  - {id: d, effect: deny, valid: {from: \"2026-11-01T00:00:00Z\"}}\n"
     "  - {id: e, effect: deny, mode: shadow}\n  - {id: f, effect: deny, effects: [network]}\n"
     "  - {id: a, effect: allow, subject: anyone, " ECHO ", reason: x}\n",
     ""},
    {"a narrower deny",
     HEADER "rules:\n  - {id: d, effect: deny, subject: [\"u:a*\"]}\n"
            "  - {id: a, effect: allow, subject: [\"u:*\"], " ECHO ", reason: x}\n",
     ""},
    {"a deny of one capability below a glob",
     HEADER
     "rules:\n  - {id: d, effect: deny, " ECHO "}\n"
     "  - {id: a, effect: allow, subject: [\"u:a\"], capability: [\"ccos.memory.*\"], reason: x}\n",
     ""},
    {"two values", RULE(ECHO ", when: {args.a: {eq: x, ne: x}}"), "P065 3:111"},
    {"lists without a common element",
     RULE(ECHO ", when: {args.a: {in: [1, 2], not_in: [1, 2, 3]}}"), "P065 3:116, P059 3:116"},
    {"numbers are equal by value", RULE(ECHO ", when: {args.a: {eq: 1, in: [1.0]}}"), ""},
    {"text is no number", RULE(ECHO ", when: {args.a: {eq: 1, in: [\"1\"]}}"), "P065 3:111"},
    {"ranges apart", RULE(ECHO ", when: {args.a: {lt: 5, gte: 5}}"), "P065 3:111"},
    {"ranges that meet", RULE(ECHO ", when: {args.a: {lte: 5, gte: 5}}"), ""},
    {"a value out of a range", RULE(ECHO ", when: {args.a: {between: [1KiB, 2KiB], eq: 5}}"),
     "P065 3:127"},
    {"a value that starts otherwise",
     RULE(ECHO ", when: {args.a: {starts_with: [ab, cd], in: [ax, by]}}"), "P065 3:127"},
    {"folders apart", RULE(ECHO ", when: {args.a: {under: /a}, all: [{args.a: {under: /ab}}]}"),
     "P065 3:132"},
    {"a folder in another",
     RULE(ECHO ", when: {args.a: {under: /a}, all: [{args.a: {under: /a/b}}]}"), ""},
    {"a path out of its folder", RULE(ECHO ", when: {args.a: {under: /a, eq: /b/c}}"),
     "P065 3:115"},
    {"what is not there has no value", RULE(ECHO ", when: {args.a: {exists: false, like: \"a*\"}}"),
     "P065 3:119, P059 3:104"},
    {"of a named condition",
     HEADER "conditions: {c: {args.a: 1}}\nrules:\n  - {id: r, effect: deny, "
            "when: {use: c, args.a: 2}}\n",
     "P065 4:42"},
    {"alternatives exclude each other", RULE(ECHO ", when: {any: [{args.a: 1}, {args.a: 2}]}"), ""},
    {"within an alternative they do not", RULE(ECHO ", when: {any: [{args.a: {eq: 1, lt: 1}}]}"),
     "P065 3:118"},
    {"other attributes", RULE(ECHO ", when: {args.a: 1, args.b: 2}"), ""},
    {"the value of another attribute", RULE(ECHO ", when: {args.a: {eq: {attr: args.b}, ne: 1}}"),
     ""},
    {"an argument that the capability has not",
     RULE("capability: [ccos.echo], when: {args.valeu: 1}"), "P133 3:89"},
    {"nor has it positions", RULE("capability: [ccos.echo], when: {args.0: 1}"), "P133 3:89"},
    {"one of several has it",
     RULE("capability: [ccos.echo, ccos.io.log], when: {args.values: {size: 1}}"), ""},
    {"by a policy's own schema",
     HEADER "capabilities: {x.y: {class: safe, args: {num: integer}}}\nrules:\n  - {id: r, effect: "
            "deny, capability: [x.y], when: {args.num: \"1\", args.m: 1}}\n",
     "P133 4:53, P133 4:68"},
    {"of an argument's type",
     RULE("capability: [ccos.io.read-file], when: {args.path: 1}, grant: "
          "{isolation: vm, limits: {wall: 1s}}"),
     "P133 3:97"},
    {"of what the broker says",
     HEADER "rules:\n  - {id: r, effect: deny, when: {any: [{broker.depth: x}, {broker.chain: x}, "
            "{broker.level: pure}, {broker.now: 1}, {subject.id: 1}, {action.name: 1}]}}\n",
     "P133 3:41, P133 3:60, P133 3:101, P133 3:118, P133 3:135"},
    {"a regular expression for a search",
     RULE(ECHO ", when: {args.a: {any: [{matches: \".*ab.*\"}, {matches: \"^ab\"}, {matches: "
               "\"ab.*\"}, {matches: \"^a|b\"}]}}"),
     "P069 3:120, P069 3:141, P069 3:159, P069 3:178"},
    {"literals of what a pattern selects",
     HEADER
     "rules:\n  - {id: r, effect: deny, capability: [\"ccos.io.*\"], when: {args.path: [/a/, "
     "b, \"/c/*\", /d]}}\n  - {id: s, effect: deny, effects: [network], when: {args.method: "
     "put, args.url: \"https://h.example\"}}\n",
     "P140 3:73, P134 3:78, P134 3:81, P140 4:67, P140 4:82"},
    {"patterns that no argument of the type fits",
     HEADER "rules:\n  - {id: r, effect: deny, capability: [ccos.network.http-fetch], when: "
            "{args.url: {any: [{matches: \"evil\\\\.com\"}, {starts_with: evil.com}, {like: "
            "\"evil.com/*\"}]}, args.method: {matches: \"put|delete\"}}}\n",
     "P134 3:100, P134 3:129, P134 3:147, P134 3:187"},
    {"a name where a path is judged",
     HEADER "rules:\n  - {id: r, effect: deny, capability: [\"program.*\"], when: {args.path: [rm, "
            "/usr/bin/dd]}}\n",
     "P134 3:73"},
    {"another capability's argument of the name",
     HEADER "capabilities: {x.y: {class: safe, args: {path: string}}}\nrules:\n  - {id: r, effect: "
            "deny, capability: [ccos.io.mkdir, x.y], when: {args.path: a/}}\n",
     ""},
    {"a path in no normal form",
     RULE(ECHO ", when: {args.a: [/a/../b, /a/b], args.b: {starts_with: ~/x}}"),
     "P140 3:104, P140 3:142"},
    {"a grant of all",
     RULE(ECHO ", grant: {network: [\"*:any\", \"h.example:any\"], filesystem: {write: [/]}}"),
     "P067 3:95, P067 3:95, P067 3:95"},
    {"a named grant is told where it stands",
     HEADER
     "grants: {g: {network: [\"*:443\"]}}\nrules: [{id: r, effect: allow, subject: [\"u:a\"], "
     "reason: x, " ECHO ", grant: g}]\n",
     "P067 2:10"},
    {"a number that loses its last digit", RULE(ECHO ", when: {args.a: 1.10}"), "P142 3:103"},
    {"one that does not", RULE(ECHO ", when: {args.a: [1.0, 1.5, 2.05, 1.0e10]}"), ""},
    {"a date", HEADER "name: 2026-11-01\n", "P142 2:7"},
    {"a date in quotes", HEADER "name: \"2026-11-01\"\n", ""},
    {"text that a comment cuts", HEADER "name: ticket #12\n", "P142 2:14"},
    {"a comment is none", HEADER "name: ticket # 12\nrules: [] #x\n", ""},
    {"a block that is compared", RULE(ECHO ", when: {args.a: \"x\\n\"}"), "P142 3:103"},
    {"a condition that an alias repeats",
     HEADER "rules:\n  - {id: a, effect: deny, when: &w {args.a: {eq: 1, ne: 1}}}\n"
            "  - {id: b, effect: require, when: *w, require: {isolation: vm}}\n",
     "P065 3:53"},
    {"what an alias repeats is told once",
     HEADER "groups: {g: &a [\"user:\\u0430na\"], h: *a}\nrules: [{id: r, effect: deny, subject: "
            "[\"group:g\", \"group:h\"]}]\n",
     "P143 2:17"},
    {"unlimited elsewhere", HEADER "defaults: {level: full, limits: {wall: unlimited}}\n", ""},
};

static void warnings(void **state)
{
    (void)state;
    for (size_t i = 0; i < BASE_COUNT(rows); i++) {
        struct findings all = {0};
        char got[512];
        int rc = lint_text(str_of(rows[i].text), "t.yaml", keep_finding, &all, NULL);
        describe_findings(&all, got, sizeof got);
        if (strcmp(got, rows[i].expected) != 0)
            fail_msg("%s: \"%s\", expected \"%s\" (%s)\n%s", rows[i].name, got, rows[i].expected,
                     all.n ? all.v[0].message : "", rows[i].text);
        assert_int_equal(rc, all.errors ? REEVE_EPOLICY : 0);
    }
}

#define DELEGATED(root, team)                                                                      \
    "=== r.yaml\n" HEADER "include: [{file: t.yaml, as: t, may: {subject: [\"u:*\"], capability: " \
    "[\"ccos.*\"]}}]\n" root "=== t.yaml\n" HEADER team
#define PERMIT                                                                                     \
    "rules:\n  - {id: p, effect: allow, subject: [\"u:a\"], capability: [ccos.memory.get], "       \
    "reason: x}\n"

/* What a delegated file says is compared with its own rules, and with the root's that hold for
 * it. */
static const struct row delegated[] = {
    {"a deny of the root",
     DELEGATED("rules: [{id: d, effect: deny, capability: [\"*\"]}]\n", PERMIT), "P062 3:10"},
    {"a deny of its own", DELEGATED("", PERMIT "  - {id: d, effect: deny}\n"), "P062 3:10"},
    {"a deny for the root", DELEGATED(PERMIT, "rules: [{id: d, effect: deny}]\n"), ""},
    {"two of one text", DELEGATED(PERMIT, PERMIT), ""},
    {"groups of one name",
     DELEGATED("groups: {g: [\"u:b\"]}\nrules: [{id: d, effect: deny, subject: [\"group:g\"]}]\n",
               "groups: {h: [\"u:a\"]}\nrules: [{id: p, effect: allow, subject: [\"group:h\"], "
               "capability: [ccos.memory.get], reason: x}]\n"),
     ""},
    {"anyone is anyone of `may`",
     DELEGATED("", "rules: [{id: p, effect: allow, subject: anyone, capability: [ccos.io.mkdir], "
                   "reason: x, grant: {isolation: vm, limits: {wall: 1s}}}]\n"),
     ""},
};

static void warnings_of_delegated_files(void **state)
{
    (void)state;
    for (size_t i = 0; i < BASE_COUNT(delegated); i++) {
        struct findings all = {0};
        struct files files;
        char got[512];
        files_of(str_of(delegated[i].text), &files);
        (void)policy_lint_source(&files.source, keep_finding, &all, NULL);
        describe_findings(&all, got, sizeof got);
        if (strcmp(got, delegated[i].expected) != 0)
            fail_msg("%s: \"%s\" (%s)", delegated[i].name, got, all.n ? all.v[0].message : "");
    }
}

/* However many rules, names or tests stand before what is found. */
static const struct {
    const char *name, *before, *each, *after; /* `each` has a number in it */
    const char *code;
} long_rows[] = {
    {"a rule that the fiftieth of its kind covers",
     "rules:\n  - {id: z1, effect: allow, subject: [\"u:a\"], capability: [ccos.memory.get], "
     "reason: "
     "x}\n",
     "  - {id: r%u, effect: allow, subject: [\"u:a\"], capability: [ccos.memory.get], reason: x, "
     "when: {args.a: 1%u}}\n",
     "  - {id: z2, effect: allow, subject: [\"u:a\"], capability: [ccos.memory.get], reason: x, "
     "when: {args.b: 1}}\n",
     "P055"},
    {"a tie with the fiftieth",
     "rules:\n  - {id: z1, effect: allow, subject: [\"u:a\"], capability: [ccos.memory.get], "
     "reason: "
     "x, when: {args.a: 1}, grant: {isolation: vm, network: [\"a:1\"]}}\n",
     "  - {id: r%u, effect: allow, subject: [\"u:a\"], capability: [ccos.memory.get], reason: x, "
     "when: {args.a: 1%u}, grant: {isolation: vm, network: [\"b:1\"]}}\n",
     "  - {id: z2, effect: allow, subject: [\"u:a\"], capability: [ccos.memory.get], reason: x, "
     "when: {args.a: 1, args.b: 1}, grant: {isolation: vm, network: [\"a:2\"]}}\n",
     "P061"},
    {"a tie of rules with many subjects",
     "rules:\n  - {id: a, effect: allow, subject: [\"u:a\"], capability: [ccos.memory.get], "
     "reason: "
     "x, when: {args.a: 1}, grant: {isolation: vm, network: [\"a:1\"]}}\n"
     "  - {id: b, effect: allow, capability: [ccos.memory.get], reason: x, when: {args.b: 1}, "
     "grant: {isolation: vm, network: [\"a:2\"]}, subject: [\"u:a\"",
     ", \"u:b%u.%u\"", "]}\n", "P061"},
    {"the hundredth test of a condition",
     "rules:\n  - {id: r, effect: allow, subject: [\"u:a\"], capability: [ccos.memory.get], "
     "reason: "
     "x, when: {all: [",
     "{args.a%u: 1%u}, ", "{args.x: 1}, {args.x: 2}]}}\n", "P065"},
    {"the six hundredth deny of a pattern",
     "rules:\n  - {id: r, effect: allow, subject: [\"u:a\"], capability: [ccos.memory.get], "
     "reason: "
     "x}\n",
     "  - {id: d%u, effect: deny, subject: [\"u:b%u\"], capability: [\"ccos.memory.*\"]}\n",
     "  - {id: z, effect: deny, subject: [\"u:a\"], capability: [\"ccos.memory.*\"]}\n", "P062"},
};

static void warnings_behind_many(void **state)
{
    (void)state;
    for (size_t i = 0; i < BASE_COUNT(long_rows); i++) {
        auto_buf struct buf text = {0};
        struct findings all = {0};
        buf_printf(&text, HEADER "%s", long_rows[i].before);
        for (unsigned k = 0; k < 600; k++)
            buf_printf(&text, long_rows[i].each, k, k);
        buf_z(&text, long_rows[i].after);
        (void)lint_text(buf_view(&text), "t.yaml", keep_finding, &all, NULL);
        if (all.n != 1 || strcmp(all.v[0].code, long_rows[i].code) != 0)
            fail_msg("%s: %u findings, the first %s (%s)", long_rows[i].name, all.n, all.v[0].code,
                     all.v[0].message);
    }
}

static void a_misspelt_capability_has_a_hint(void **state)
{
    (void)state;
    struct findings all = {0};
    assert_int_equal(
        lint_text(STR(HEADER "rules: [{id: r, effect: deny, capability: [ccos.io.read-fiel]}]\n"),
                  "t.yaml", keep_finding, &all, NULL),
        0);
    assert_string_equal(all.v[0].suggestion, "did you mean `ccos.io.read-file`?");
    assert_int_equal(all.v[0].severity, POLICY_WARNING);
}

static void compile_gives_no_warnings(void **state)
{
    (void)state;
    struct findings all = {0};
    struct policy_image *image = NULL;
    assert_int_equal(
        compile_text(STR(HEADER "groups: {g: []}\n"), "t.yaml", keep_finding, &all, &image, NULL),
        0);
    assert_int_equal(all.n, 0);
    policy_image_unref(&image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(warnings),
        cmocka_unit_test(warnings_of_delegated_files),
        cmocka_unit_test(warnings_behind_many),
        cmocka_unit_test(a_misspelt_capability_has_a_hint),
        cmocka_unit_test(compile_gives_no_warnings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
