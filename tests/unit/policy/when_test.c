/*
 * What does not compile of conditions, attributes, entities and variables: a text, and the code,
 * line and column of every finding in it. A code of theirs that no row here brings about fails the
 * test.
 */
#include "compile_rows.h"

#define WITH(top, text) HEADER top "\nrules: [{id: r, effect: deny, when: " text "}]\n"
#define VARS(vars, reason)                                                                         \
    HEADER "vars: " vars "\nrules: [{id: r, effect: deny, reason: " reason "}]\n"

static const struct compile_row rows[] = {
    /* attribute paths */
    {"a root that there is not", WHEN("{action.id: x}"), "P031 7:12"},
    {"a root that is misspelt", WHEN("{subjects.id: x}"), "P031 7:12"},
    {"properties as a whole", WHEN("{subject.properties: x}"), "P031 7:12"},
    {"an input that there is not", WHEN("{broker.nwo: x}"), "P031 7:12"},
    {"below an input", WHEN("{broker.now.x: 1}"), "P031 7:12"},
    {"flags as a whole", WHEN("{broker.flags: x}"), "P031 7:12"},
    {"a flag that is not declared", WHEN("{broker.flags.freeze: true}"), "P106 7:12"},
    {"a flag that is", WITH("attributes: {broker.flags.f: {type: bool}}", "{broker.flags.f: true}"),
     ""},
    {"positional arguments", WHEN("{args.0: a, args.12.x: b}"), ""},
    {"keys with dots", WHEN("{'context[\"a.b\"].c': 1}"), ""},
    /* operators and operands */
    {"every operator",
     WHEN("{args.a: {eq: 1, ne: 2, in: [1], not_in: [2], lt: 3, lte: 1KiB, gt: 0, gte: 0.5, "
          "between: [0, 1MiB], exists: true, absent: false}, args.b: {starts_with: a, contains: 1, "
          "size: {lt: 4}, each: {eq: a}, some: [a], argv: [a, [b, c], {ne: d}, {rest: any}]}, "
          "args.c: {starts_with: [a, b], not: {eq: c}, any: [{eq: a}], under: /a}}"),
     ""},
    {"attr beside each that takes it",
     WHEN("{args.a: {eq: {attr: args.b}, ne: {attr: subject.id}, in: {attr: broker.labels}, "
          "not_in: {attr: broker.chain}, lt: {attr: args.b}, lte: {attr: args.b}, gt: {attr: "
          "args.b}, gte: {attr: args.b}, contains: {attr: args.b}}, args.c: {attr: args.d}}"),
     ""},
    {"attr beside those that do not",
     WHEN(
         "{args.a: {between: {attr: args.b}, under: {attr: args.b}, starts_with: {attr: args.b}}}"),
     "P033 7:31, P033 7:54, P033 7:83"},
    {"attr of no path", WHEN("{args.a: {eq: {attr: 7}}}"), "P015 7:32"},
    {"attr of an unknown root", WHEN("{args.a: {attr: a.b}}"), "P031 7:27"},
    {"lt of a text", WHEN("{args.a: {lt: \"5\"}}"), "P033 7:25"},
    {"lt of a quoted size", WHEN("{args.a: {lt: \"5MiB\"}}"), "P033 7:25"},
    {"lt of a boolean", WHEN("{args.a: {lt: true}}"), "P033 7:25"},
    {"lt of a list", WHEN("{args.a: {lt: [1]}}"), "P033 7:25"},
    {"a number beyond 64 bits", WHEN("{args.a: {lt: 1.0e19}, args.b: 9300000000000000000.0}"),
     "P033 7:25, P033 7:42"},
    {"a size beyond 64 bits", WHEN("{args.a: {lt: 9223372036854775807KiB}}"), "P033 7:25"},
    {"between with one end", WHEN("{args.a: {between: [1]}}"), "P033 7:30"},
    {"between nothing", WHEN("{args.a: {between: [2, 1]}}"), "P033 7:30"},
    {"starts_with a number", WHEN("{args.a: {starts_with: 1}}"), "P033 7:34"},
    {"starts_with nothing", WHEN("{args.a: {starts_with: []}}"), "P023 7:34"},
    {"contains a list", WHEN("{args.a: {contains: [x]}}"), "P033 7:31"},
    {"sizes that are compared as text", WHEN("{args.a: {ne: 1MiB, not_in: [1KiB], contains: 2B}}"),
     "P034 7:25, P034 7:40, P034 7:57"},
    {"is beside an attribute", WHEN("{args.a: {is: \"group:g\"}}"), "P032 7:21"},
    {"is in an element", WHEN("{args.a: {each: {is: \"group:g\"}}}"), "P032 7:28"},
    {"is of an id", WHEN("{subject: {is: \"user:a\"}}"), "P033 7:26"},
    {"is of no group", WHEN("{subject: {is: []}}"), "P023 7:26"},
    {"a label that is not declared",
     HEADER
     "labels: [web]\nrules: [{id: r, effect: deny, when: {broker.labels: {contains: wep}}}]\n",
     "P074 3:64"},
    {"nor in a list, or of each", WHEN("{broker.labels: {not: {some: [a, b]}}}"),
     "P074 7:41, P074 7:44"},
    {"a size is no label", WHEN("{broker.labels: {size: {gt: 1}, each: {starts_with: a}}}"), ""},
    {"is of a group that is not declared", WHEN("{subject: {is: \"group:g\"}}"), "P024 7:26"},
    {"the subject as a whole", WHEN("{subject: {eq: \"user:a\"}}"), "P032 7:21"},
    {"argv that is no list", WHEN("{args.a: {argv: x}}"), "P015 7:27"},
    {"an argument that is no text", WHEN("{args.a: {argv: [1]}}"), "P033 7:28"},
    {"a rest that is not last", WHEN("{args.a: {argv: [{rest: any}, a]}}"), "P033 7:28"},
    {"a rest of a text", WHEN("{args.a: {argv: [{rest: all}]}}"), "P033 7:35"},
    {"an empty operator map in each", WHEN("{args.a: {each: {}}}"), "P023 7:27"},
    {"absent of an undeclared path", WHEN("{context.x: {eq: 1, absent: true}}"), "P107 7:23"},
    {"literals that no argument is equal to",
     HEADER "rules: [{id: r, effect: deny, capability: [ccos.network.http-fetch], when: "
            "{args.method: [put, DELETE], args.url: {not: {eq: \"https://h.example\"}}}}]\n",
     "P109 2:91, P109 2:126"},
    {"a method that begins in small letters",
     HEADER "rules: [{id: r, effect: deny, capability: [ccos.network.http-fetch], when: "
            "{args.method: {starts_with: p, like: \"*t\"}}}]\n",
     "P109 2:104, P109 2:113"},
    {"a path with a `/` at its end, of a named condition",
     HEADER "conditions: {c: {args.path: /srv/a/}}\nrules: [{id: r, effect: deny, capability: "
            "[ccos.io.mkdir, ccos.io.log], when: {use: c}}]\n",
     "P109 2:29"},
    {"by a policy's own schema",
     HEADER "capabilities: {x.y: {class: safe, args: {m: method, t: string}}}\nrules: [{id: r, "
            "effect: deny, capability: [x.y], when: {args.m: get, args.t: get}}]\n",
     "P109 3:65"},
    {"not where a capability may have any argument",
     HEADER "rules: [{id: r, effect: deny, capability: [ccos.network.http-fetch, x.y], when: "
            "{args.method: put}}, {id: s, effect: deny, when: {args.method: put}}]\n",
     ""},
    {"what the broker never says",
     WHEN("{broker.level: [controled, full], broker.chain: {contains: \"group:ops\"}, any: "
          "[{broker.bucket: 100}, "
          "{broker.bucket: {not_in: [0.5, 99]}}]}"),
     "P109 7:27, P109 7:70, P109 7:106, P109 7:138"},
    {"what the broker may say",
     WHEN("{broker.level: {not: {eq: pure}}, broker.chain: {contains: \"user:a\"}, broker.bucket: "
          "{in: [0, 99]}, "
          "broker.depth: 100}"),
     ""},
    {"a given flag that is not declared",
     HEADER
     "attributes: {broker.flags.freeze: {type: bool}}\ntests: [{name: t, request: {subject: "
     "\"a:b\", "
     "capability: x.y}, given: {flags: {freez: true, freeze: true}}, expect: {effect: deny}}]\n",
     "P106 3:79"},
    {"absent of a declared one",
     WITH("attributes: {context.x: {type: int}}", "{context.x: {eq: 1, absent: true}}"), ""},
    {"absent of what the broker says", WHEN("{broker.depth: {lt: 3, absent: false}}"), ""},
    {"patterns",
     WHEN("{args.a: {like: [\"a*\", \"\\\\**\"], matches: \"[a-z]+\", host: [\"*.x.example\", "
          "1.2.3.4, "
          "\"*\"], cidr: 10.0.0.0/8, url: \"https://h.example/v1/*\"}, args.b: {url: {scheme: "
          "[http, https], host: h.example, port: [80, 443], path: \"/a/*\", cidr: [\"::1/128\"]}}, "
          "args.c: {url: {host: \"*\", port: any}}}"),
     ""},
    {"a time",
     WHEN("{broker.now: {time: {days: [mon-fri, sun], hours: \"09:00-17:00\", zone: UTC}}}"), ""},
    {"a time with a zone alone", WHEN("{broker.now: {time: {zone: Europe/Berlin}}}"), ""},
    {"a time without zone", WHEN("{broker.now: {time: {days: [mon]}}}"), "P014 7:31"},
    {"a zone that there is not", WHEN("{broker.now: {time: {zone: Moon/Sea}}}"), "P033 7:38"},
    {"a day that there is not", WHEN("{broker.now: {time: {days: [mon, foo], zone: UTC}}}"),
     "P033 7:44"},
    {"hours that are none", WHEN("{broker.now: {time: {hours: \"9-17\", zone: UTC}}}"),
     "P033 7:39"},
    {"a key of no time", WHEN("{broker.now: {time: {zone: UTC, day: mon}}}"), "P012 7:43"},
    {"like a number", WHEN("{args.a: {like: 1}}"), "P033 7:27"},
    {"like nothing", WHEN("{args.a: {like: []}}"), "P023 7:27"},
    {"a regular expression that is none", WHEN("{args.a: {matches: \"(\"}}"), "P033 7:30"},
    {"a list of regular expressions", WHEN("{args.a: {matches: [a]}}"), "P033 7:30"},
    {"cidr of no range", WHEN("{args.a: {cidr: x}}"), "P033 7:27"},
    {"the second of the ranges", WHEN("{args.a: {cidr: [10.0.0.0/8, 10.0.0.1/8]}}"), "P033 7:40"},
    {"a host with a wildcard inside", WHEN("{args.a: {host: \"a*.example\"}}"), "P033 7:27"},
    {"a URL with user information", WHEN("{args.a: {url: \"https://a@h.example/\"}}"), "P033 7:26"},
    {"a URL with a query", WHEN("{args.a: {url: \"https://h.example/?a\"}}"), "P033 7:26"},
    {"a URL with a wildcard inside a label", WHEN("{args.a: {url: {host: \"a*.example\"}}}"),
     "P033 7:33"},
    {"a list of URLs", WHEN("{args.a: {url: [a]}}"), "P033 7:26"},
    {"a URL pattern without a key", WHEN("{args.a: {url: {}}}"), "P023 7:26"},
    {"a key of no URL", WHEN("{args.a: {url: {hosts: a}}}"), "P012 7:27"},
    {"a port that is none", WHEN("{args.a: {url: {host: \"*\", port: [80, 70000]}}}"), "P033 7:49"},
    {"a port in words", WHEN("{args.a: {url: {host: \"*\", port: all}}}"), "P033 7:44"},
    {"no port at all", WHEN("{args.a: {url: {host: \"*\", port: []}}}"), "P023 7:44"},
    {"attributes of patterns", WHEN("{args.a: {like: {attr: args.b}}}"), "P033 7:28"},
    /* attributes */
    {"a type that there is not", HEADER "attributes: {context.x: {type: path}}\n", "P016 2:32"},
    {"an attribute without type", HEADER "attributes: {context.x: {}}\n", "P014 2:25"},
    {"a list of two types", HEADER "attributes: {context.x: {type: [int, string]}}\n", "P015 2:32"},
    {"arguments are not declared here", HEADER "attributes: {args.x: {type: int}}\n", "P105 2:14"},
    {"nor what is built in", HEADER "attributes: {subject.id: {type: string}}\n", "P105 2:14"},
    {"nor what the broker says", HEADER "attributes: {broker.depth: {type: int}}\n", "P105 2:14"},
    {"context from entities", HEADER "attributes: {context.x: {type: int, from: entities}}\n",
     "P105 2:14"},
    {"a flag from the request",
     HEADER "attributes: {broker.flags.f: {type: bool, from: request}}\n", "P105 2:14"},
    {"where what is in a property comes from",
     HEADER "attributes: {subject.x.z: {type: int, from: entities}}\n", "P105 2:14"},
    {"a map with a default", HEADER "attributes: {context.x: {type: map, default: {}}}\n",
     "P105 2:14"},
    {"the same path in two ways",
     HEADER "attributes: {subject.x: {type: int}, subject.properties.x: {type: string}}\n",
     "P105 2:38"},
    {"a default of another type", HEADER "attributes: {context.x: {type: int, default: a}}\n",
     "P104 2:46"},
    {"an origin that there is not", HEADER "attributes: {subject.x: {type: int, from: me}}\n",
     "P016 2:43"},
    /* entities */
    {"an entity without type", HEADER "entities: {ana: {a: 1}}\n", "P108 2:12"},
    {"an entity that is no mapping", HEADER "entities: {\"user:ana\": 1}\n", "P015 2:24"},
    {"a property that does not fit its declaration",
     HEADER "attributes: {subject.x: {type: int}, resource.p.z: {type: [string]}}\n"
            "entities: {\"u:a\": {x: a, p: {z: [1]}}, \"u:b\": {x: 1, p: {z: [a]}}}\n",
     "P104 3:23, P104 3:33"},
    {"a property that fits as a resource's",
     HEADER "attributes: {subject.x: {type: int}, resource.x: {type: string}}\n"
            "entities: {\"u:a\": {x: a}}\n",
     ""},
    /* conditions */
    {"a condition that is not declared", WHEN("{use: own}"), "P102 7:17"},
    {"in a list", WITH("conditions: {a: {args.x: 1}}", "{use: [a, b]}"), "P102 3:47"},
    {"use of nothing", WHEN("{use: []}"), "P023 7:17"},
    {"a condition that uses itself", HEADER "conditions: {a: {use: a}}\n", "P103 2:23"},
    {"conditions that use each other",
     HEADER "conditions: {a: {use: b}, b: {not: {use: [c]}}, c: {use: a}}\n", "P103 2:58"},
    {"a condition that is used twice",
     WITH("conditions: {a: {args.x: 1}, b: {use: a}}", "{use: [a, b]}"), ""},
    /* variables */
    {"a variable that is not declared", WHEN("{args.x: {under: \"${repo}\"}}"), "P100 7:28"},
    {"in a reason", RULE "    reason: \"in ${repo}\"\n", "P100 7:13"},
    {"without a value", VARS("{a: {type: path}}", "\"${a}\""), "P100 3:39"},
    {"without a type", HEADER "vars: {a: {default: 1}}\n", "P014 2:11"},
    {"of a type that there is not", HEADER "vars: {a: {type: number}}\n", "P016 2:18"},
    {"with a value of another type", HEADER "vars: {a: {type: int, default: x}}\n", "P101 2:32"},
    {"with a list for a scalar", HEADER "vars: {a: {type: string, default: [x]}}\n", "P101 2:35"},
    {"with a scalar for a list", HEADER "vars: {a: {type: [string], default: x}}\n", "P101 2:37"},
    {"no path", HEADER "vars: {a: {type: path, default: a/b}}\n", "P101 2:33"},
    {"a path with ..", HEADER "vars: {a: {type: path, default: /a/../b}}\n", "P101 2:33"},
    {"no size", HEADER "vars: {a: {type: size, default: 1MB}}\n", "P101 2:33"},
    {"no duration", HEADER "vars: {a: {type: duration, default: 5y}}\n", "P101 2:37"},
    {"no host", HEADER "vars: {a: {type: host, default: \"a/b\"}}\n", "P101 2:33"},
    {"no URL", HEADER "vars: {a: {type: url, default: a.example}}\n", "P101 2:32"},
    {"no digest", HEADER "vars: {a: {type: sha256, default: abc}}\n", "P101 2:35"},
    {"with a variable inside",
     HEADER "vars: {b: {type: string, default: b}, a: {type: string, default: \"${b}\"}}\n",
     "P101 2:66, P036 2:66"},
    {"a list where no list is", VARS("{a: {type: [string], default: [x]}}", "\"${a}\""),
     "P101 3:39"},
    {"two lists in one text",
     HEADER "vars: {a: {type: [string], default: [x]}, b: {type: [string], default: [z]}}\n"
            "rules: [{id: r, effect: deny, when: {args.x: {in: [\"${a}${b}\"]}}}]\n",
     "P101 3:52"},
    {"a name that is none", HEADER "vars: {1a: {type: int}}\n", "P018 2:8"},
    {"a text that becomes another type is judged as it is",
     HEADER "vars: {a: {type: int, default: 5}}\n"
            "rules: [{id: r, effect: deny, when: {args.x: {under: \"${a}\"}}}]\n",
     "P015 3:54"},
    {"a size where text is compared",
     HEADER "vars: {a: {type: size, default: 1MiB}}\n"
            "rules: [{id: r, effect: deny, when: {args.x: \"${a}\"}}]\n",
     "P034 3:46"},
    {"a value is never YAML",
     HEADER "vars: {a: {type: string, default: \"{eq: 1}\"}}\n"
            "rules: [{id: r, effect: deny, when: {args.x: \"${a}\"}}]\n",
     ""},
};

static void errors(void **state)
{
    (void)state;
    for (size_t i = 0; i < BASE_COUNT(rows); i++)
        compile_check(&rows[i]);
}

static bool is_of_conditions(const char *code)
{
    return strcmp(code, "P100") >= 0 && strcmp(code, "P120") < 0;
}

static void every_code_was_seen(void **state)
{
    (void)state;
    expect_seen(is_of_conditions);
}

static const struct {
    const char *text, *suggestion;
} hints[] = {
    {WHEN("{subjct.id: x}"), "did you mean `subject`?"},
    {WHEN("{broker.lables: x}"), "did you mean `labels`?"},
    {WHEN("{args.x: {start_with: a}}"), "did you mean `starts_with`?"},
    {WITH("conditions: {owner: {args.x: 1}}", "{use: ownr}"), "did you mean `owner`?"},
    {VARS("{repo: {type: path, default: /a}}", "\"${rep}\""), "did you mean `repo`?"},
    {WITH("attributes: {broker.flags.freeze: {type: bool}}", "{broker.flags.frezee: true}"),
     "did you mean `freeze`?"},
};

static void did_you_mean(void **state)
{
    (void)state;
    for (size_t i = 0; i < BASE_COUNT(hints); i++) {
        struct findings all = {0};
        struct policy_image *image = NULL;
        assert_int_equal(
            compile_text(str_of(hints[i].text), "t.yaml", keep_finding, &all, &image, NULL),
            REEVE_EPOLICY);
        assert_string_equal(all.v[0].suggestion, hints[i].suggestion);
    }
}

static void expect_bound(const struct buf *b)
{
    assert_false(b->failed);
    compile_expect_first(buf_view(b), "P003");
}

/* What grows by use is bounded: nesting, tests that multiply, list variables, texts. */
static void bounds(void **state)
{
    (void)state;
    auto_buf struct buf b = {0};
    buf_z(&b, HEADER "conditions:\n  c0: {args.a: 1}\n");
    for (unsigned i = 1; i <= 1000; i++)
        buf_printf(&b, "  c%u: {use: c%u}\n", i, i - 1);
    expect_bound(&b);

    buf_reset(&b);
    buf_z(&b, HEADER "conditions:\n  c0: {args.a: 1}\n");
    for (unsigned i = 1; i <= 13; i++)
        buf_printf(&b, "  c%u: {any: [{use: c%u}, {use: c%u}]}\n", i, i - 1, i - 1);
    expect_bound(&b);

    buf_reset(&b);
    buf_z(&b, HEADER "conditions:\n  c0: {args.a: 1}\n");
    for (unsigned i = 1; i <= 10; i++) {
        buf_printf(&b, "  c%u: ", i);
        for (unsigned k = 0; k < 50; k++)
            buf_z(&b, "{not: ");
        buf_printf(&b, "{use: c%u}", i - 1);
        for (unsigned k = 0; k < 50; k++)
            buf_byte(&b, '}');
        buf_byte(&b, '\n');
    }
    expect_bound(&b);

    buf_reset(&b);
    buf_z(&b, HEADER "vars: {a: {type: [string], default: [");
    for (unsigned i = 0; i < 2000; i++)
        buf_z(&b, "x, ");
    buf_z(&b, "]}}\nrules: [{id: r, effect: deny, when: {args.x: [");
    for (unsigned i = 0; i < 2000; i++)
        buf_z(&b, "\"${a}\", ");
    buf_z(&b, "]}}]\n");
    expect_bound(&b);

    buf_reset(&b);
    buf_z(&b, HEADER "vars: {a: {type: string, default: ");
    for (unsigned i = 0; i < 6000; i++)
        buf_z(&b, "xxxxxxxxxx");
    buf_z(&b, "}}\nrules: [{id: r, effect: deny, reason: \"${a}${a}\"}]\n");
    expect_bound(&b);

    buf_reset(&b);
    buf_z(&b, HEADER "rules: [{id: r, effect: deny, when: {args.x: {argv: [");
    for (unsigned i = 0; i < 1025; i++)
        buf_z(&b, "x, ");
    buf_z(&b, "]}}}]\n");
    expect_bound(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(errors),
        cmocka_unit_test(every_code_was_seen),
        cmocka_unit_test(did_you_mean),
        cmocka_unit_test(bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
