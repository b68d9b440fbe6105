/*
 * What an author is told of a slip of the keyboard, or of another language's habits: the code, the
 * place, the message and the suggestion of the first finding.
 */
#include "support.h"

#define RULE                                                                                       \
    HEADER "rules:\n  - id: r\n    effect: allow\n    subject: [\"a:b\"]\n"                        \
           "    capability: [x.y]\n    reason: x\n"
#define WHEN(text)  RULE "    when: " text "\n"
#define GRANT(text) RULE "    grant: " text "\n"

static const struct {
    const char *text, *place, *message, *suggestion;
} rows[] = {
    {HEADER "rule:\n  - {id: r, effect: deny}\n", "P012 2:1", "unknown key `rule` in the policy",
     "did you mean `rules`?"},
    {HEADER "defaults:\n  limit: {wall: 5s}\n", "P012 3:3", "unknown key `limit` in `defaults`",
     "did you mean `limits`?"},
    {HEADER "group: {a: [\"u:a\"]}\n", "P012 2:1", "unknown key `group` in the policy",
     "did you mean `groups`?"},
    {RULE "    conditions: {args.x: 1}\n", "P012 8:5", "unknown key `conditions` in a rule",
     "did you mean `when`?"},
    {RULE "    if: {args.x: 1}\n", "P012 8:5", "unknown key `if` in a rule",
     "did you mean `when`?"},
    {RULE "    isolation: process\n", "P012 8:5", "unknown key `isolation` in a rule",
     "write it in `grant` or `require`"},
    {RULE "    limits: {wall: 5s}\n", "P012 8:5", "unknown key `limits` in a rule",
     "write it in `grant`"},
    {RULE "    description: hi\n", "P012 8:5", "unknown key `description` in a rule",
     "did you mean `reason`?"},
    {HEADER "rules:\n  - id: r\n    effect: permit\n    subject: anyone\n    capability: [x]\n",
     "P016 4:13", "`effect` is `permit`; `deny`, `allow`, `ask` or `require` is wanted",
     "did you mean `allow`?"},
    {HEADER "rules:\n  - id: r\n    effect: Allow\n    subject: anyone\n    capability: [x]\n",
     "P016 4:13", "`effect` is `Allow`; `deny`, `allow`, `ask` or `require` is wanted",
     "did you mean `allow`?"},
    {HEADER "rules:\n  - id: r\n    action: allow\n    subject: anyone\n    capability: [x]\n",
     "P012 4:5", "unknown key `action` in a rule", "did you mean `effect`?"},
    {HEADER "rules:\n  - id: r\n    effect: allow\n    subject: agent:bot\n    capability: x.y\n",
     "P015 5:14", "`subject` is text; a list is wanted", "write `[\"agent:bot\"]`"},
    {HEADER "rules:\n  - id: r\n    effect: allow\n    subject: everyone\n    capability: [x.y]\n",
     "P020 5:14", "`everyone` is no subject pattern",
     "write `anyone`, or a list such as `[\"agent:lab-*\"]`"},
    {HEADER "rules:\n  - id: r\n    effect: allow\n    subject: \"*\"\n    capability: [x.y]\n",
     "P020 5:14", "`*` is no subject pattern",
     "write `anyone`, or a list such as `[\"agent:lab-*\"]`"},
    {HEADER "rules:\n  - id: r\n    effect: allow\n    subject: *\n    capability: [x.y]\n",
     "P001 5:15",
     "not YAML: did not find expected alphabetic or numeric character, while scanning an alias",
     "quote what begins with `*`: \"*\""},
    {HEADER "rules:\n  - id: r\n    effect: deny\n    capability: [*]\n", "P001 5:19",
     "not YAML: did not find expected alphabetic or numeric character, while scanning an alias",
     "quote what begins with `*`: \"*\""},
    {HEADER "groups:\n  ops: user:ana\n", "P015 3:8", "a group is text; a list is wanted",
     "write `[\"user:ana\"]`"},
    {HEADER "groups:\n  - ops: [\"user:ana\"]\n", "P015 3:3",
     "`groups` is a list; a mapping is wanted", "write `KEY: VALUE`, without `-`"},
    {HEADER "rules:\n- id: r\neffect: deny\n", "P014 3:3", "a rule has no `effect`", ""},
    {HEADER "rules:\n  - id: r\n     effect: deny\n", "P001 4:12",
     "not YAML: mapping values are not allowed in this context",
     "keys of one mapping begin in one column; text with `: ` is quoted"},
    {HEADER "rules:\n\t- id: r\n", "P001 3:1",
     "not YAML: found character that cannot start any token, while scanning for the next token",
     "indent with spaces, not tabs; quote what begins with `@`, `%` or a backquote"},
    {WHEN("{args.method: no}"), "P008 8:25",
     "`no` unquoted is a boolean to some readers and text to others; write true or false",
     "quote it (\"no\") if it is text"},
    {WHEN("{args.size: {lt: 1MB}}"), "P033 8:28",
     "`lt` compares numbers and sizes; `1MB` is neither",
     "a number, or a size such as 64KiB, 1GiB"},
    {WHEN("{args.size: {lt: \"5\"}}"), "P033 8:28",
     "`lt` compares numbers and sizes; `5` is neither",
     "write it without quotes, if it is a number"},
    {WHEN("{args.x: {equals: 1}}"), "P032 8:21", "`equals` is no operator", "did you mean `eq`?"},
    {WHEN("{args.x: {one_of: [a]}}"), "P032 8:21", "`one_of` is no operator", "did you mean `in`?"},
    {WHEN("{args.x: {regex: a}}"), "P032 8:21", "`regex` is no operator",
     "did you mean `matches`?"},
    {WHEN("{args.x: {==: a}}"), "P032 8:21", "`==` is no operator", "did you mean `eq`?"},
    {WHEN("{x: 1}"), "P031 8:12", "`x` is no attribute, and no word of conditions",
     "write `args.x`, if it is an argument"},
    {WHEN("{subject: \"agent:bot\"}"), "P032 8:21",
     "of the subject as a whole only membership in a group is tested",
     "write `subject: {is: \"group:NAME\"}`, or test `subject.id`"},
    {WHEN("{capability: x}"), "P031 8:12",
     "`capability` is no attribute, and no word of conditions",
     "write `action.name`, or `capability: [...]` beside `when`"},
    {WHEN("[{args.x: 1}]"), "P015 8:11", "a condition is a list; a mapping is wanted",
     "write `all: [...]` or `any: [...]`"},
    {WHEN("{or: [{args.x: 1}, {args.x: 2}]}"), "P031 8:12",
     "`or` is no attribute, and no word of conditions", "did you mean `any`?"},
    {WHEN("{and: [{args.x: 1}]}"), "P031 8:12", "`and` is no attribute, and no word of conditions",
     "did you mean `all`?"},
    {WHEN("{any: {args.x: 1, args.y: 2}}"), "P015 8:17", "`any` is a mapping; a list is wanted",
     "write `[...]`, or each entry behind a `- `"},
    {WHEN("{args.path: {under: [/a, /b]}}"), "P033 8:31", "`under` takes one folder",
     "write `any: [{under: /a}, {under: /b}]`"},
    {WHEN("{args.path: {matches: \"(\"}}"), "P033 8:33",
     "`(`: missing closing parenthesis at byte 2", ""},
    {WHEN("{args.url: {url: {host: \"https://h.example\"}}}"), "P033 8:35",
     "`https://h.example`: a host pattern with a `/`",
     "ranges of addresses stand under `cidr`, paths under `path`"},
    {WHEN("{broker.time: 1}"), "P031 8:12", "`broker.time`: the broker has no such input",
     "did you mean `now`?"},
    {WHEN("{args.x: ${v}}"), "P001 8:21",
     "not YAML: did not find expected ',' or '}', while parsing a flow mapping",
     "close the `{`; text with `{`, `}` or `,` is quoted"},
    {GRANT("{isolation: docker}"), "P016 8:24",
     "`isolation` is `docker`; `none`, `process`, `sandbox` or `vm` is wanted",
     "did you mean `sandbox`?"},
    {GRANT("{isolation: microvm}"), "P016 8:24",
     "`isolation` is `microvm`; `none`, `process`, `sandbox` or `vm` is wanted",
     "did you mean `vm`?"},
    {GRANT("{network: [https://h.example]}"), "P075 8:23",
     "`https://h.example` has a `/`: a host and a port, without scheme and path, are wanted",
     "write `host:443`, `*.example.com:443`, `192.0.2.1:53`, `[2001:db8::1]:53` or `host:any`"},
    {GRANT("{network: h.example:443}"), "P015 8:22", "`network` is text; a list is wanted",
     "write `[\"h.example:443\"]`"},
    {GRANT("{network: [h.example, \"h.example:443/x\"]}"), "P075 8:23", "`h.example` has no port",
     "write `host:443`, `*.example.com:443`, `192.0.2.1:53`, `[2001:db8::1]:53` or `host:any`"},
    {GRANT("{filesystem: [/a]}"), "P015 8:25", "`filesystem` is a list; a mapping is wanted", ""},
    {GRANT("{filesystem: {read: [/a/*]}}"), "P030 8:33", "`/a/*` is no path that can be held to",
     "name the folder: what is below it goes with it"},
    {GRANT("{filesystem: {rw: [/a]}}"), "P012 8:26", "unknown key `rw` in `filesystem`",
     "did you mean `write`?"},
    {GRANT("{environment: [PATH]}"), "P076 8:27",
     "`PATH` decides which programs and libraries are loaded; no request may choose it",
     "write `NAME=value` to set it here"},
    {GRANT("{limits: {wall: 5}}"), "P029 8:28",
     "`wall` is `5`; a time such as 500ms, 5s, 10m, 1h, or `unlimited`, is wanted", ""},
    {GRANT("{limits: {time: 5s}}"), "P012 8:22", "unknown key `time` in limits",
     "did you mean `wall`?"},
    {GRANT("{limits: {procs: 4}}"), "P012 8:22", "unknown key `procs` in limits",
     "did you mean `processes`?"},
    {HEADER "rules:\n  - id: r\n    effect: ask\n    subject: anyone\n    capability: [x]\n    "
            "approval: {by: [\"u:a\"], need: two, within: 15, covers: forever}\n",
     "P015 7:35", "`need` is a number from 1 to 64", ""},
    {HEADER "rules:\n  - id: r\n    effect: require\n    isolation: vm\n", "P012 5:5",
     "unknown key `isolation` in a rule", "write it in `grant` or `require`"},
    {HEADER
     "rules:\n  - id: r\n    effect: require\n    require: {isolation: vm, limits: {wall: 1s}}\n",
     "P012 5:30", "unknown key `limits` in `require`", "write it in `within`"},
    {HEADER "rules:\n  - id: r\n    effect: deny\n    effects: [networking]\n", "P072 5:15",
     "no capability has the effect `networking`", "did you mean `network`?"},
    {HEADER "budgets:\n  - {id: b, per: agent, limits: {calls: 100}, when_spent: block}\n",
     "P016 3:18", "`per` is `agent`; `subject`, `group`, `session` or `all` is wanted",
     "did you mean `subject`?"},
    {HEADER "budgets:\n  - {id: b, per: all, limits: {calls: {max: 100, per: 1h}}, when_spent: "
            "deny, warn_at: 80%}\n",
     "P012 3:50", "unknown key `per` in `calls`", "did you mean `window`?"},
    {HEADER "vars: {repo: /srv/repo}\n", "P015 2:14", "a variable is text; a mapping is wanted",
     "write `type: ...`"},
    {HEADER "vars: {repo: {type: text, default: a}}\n", "P016 2:21",
     "`type` is `text`; `string`, `int`, `bool`, `size`, `duration`, `path`, `host`, `url` or "
     "`sha256` is wanted",
     "did you mean `string`?"},
    {HEADER "attributes: {subject.roles: [string]}\n", "P015 2:29",
     "an attribute is a list; a mapping is wanted", "write `type: ...`"},
    {HEADER "attributes: {subject.roles: {type: list}}\n", "P016 2:36",
     "a list type names the type of its elements", "write `[string]`, if its elements are texts"},
    {HEADER "capabilities: {acme.x: {class: safe, args: [a, b]}}\n", "P015 2:44",
     "`args` is a list; a mapping is wanted", "write `KEY: VALUE`, without `-`"},
    {HEADER "rules:\n  - {id: r, effect: deny, when: {args.a: {le: 3}}}\n", "P032 3:43",
     "`le` is no operator", "did you mean `lte`?"},
    {HEADER "rules:\n  - {id: r, effect: deny, when: {args.a: {ge: 3}}}\n", "P032 3:43",
     "`ge` is no operator", "did you mean `gte`?"},
    {HEADER "rules:\n  - {id: r, effect: deny, when: {args.a: {match: 3}}}\n", "P032 3:43",
     "`match` is no operator", "did you mean `matches`?"},
    {HEADER "rules:\n  - {id: r, effect: deny, when: {args.a: {is: 3}}}\n", "P032 3:43",
     "`is` is no operator", "did you mean `eq`?"},
    {HEADER "rules:\n  - {id: r, effect: deny, when: {args.a: {min: 3}}}\n", "P032 3:43",
     "`min` is no operator", "did you mean `gte`?"},
    {HEADER "rules:\n  - {id: r, effect: deny, when: {args.a: {equal: 3}}}\n", "P032 3:43",
     "`equal` is no operator", "did you mean `eq`?"},
    {HEADER "rules:\n  - {id: r, effect: deny, when: {args.a: {not_equals: 3}}}\n", "P032 3:43",
     "`not_equals` is no operator", "did you mean `ne`?"},
    {HEADER "rules:\n  - {id: r, effect: deny, when: {args.a: {ends_with: 3}}}\n", "P032 3:43",
     "`ends_with` is no operator", "did you mean `like`?"},
    {HEADER "rules:\n  - {id: r, effect: deny, when: {args.a: {missing: 3}}}\n", "P032 3:43",
     "`missing` is no operator", "did you mean `exists`?"},
    {HEADER "rules:\n  - {id: r, effect: deny, when: {args.a: {greater_than: 3}}}\n", "P032 3:43",
     "`greater_than` is no operator", "did you mean `gt`?"},
    {HEADER "rules:\n  - {id: r, effect: deny, when: {args: {a: x}}}\n", "P031 3:34",
     "`args` is no attribute, and no word of conditions",
     "write `args.NAME`, each as a key of its own"},
    {HEADER "rules:\n  - {id: r, effect: deny, when: {resource: {a: x}}}\n", "P031 3:34",
     "`resource` is no attribute, and no word of conditions",
     "write `resource.id` or `resource.type`, or `resource: [...]` beside `when`"},
    {HEADER "rules:\n  - {id: r, effect: deny, when: {time: {a: x}}}\n", "P031 3:34",
     "`time` is no attribute, and no word of conditions",
     "write `broker.now: {time: {hours, zone}}`"},
    {HEADER "rules:\n  - {id: r, effect: deny, when: {action: {a: x}}}\n", "P031 3:34",
     "`action` is no attribute, and no word of conditions",
     "write `action.name`, or `capability: [...]` beside `when`"},
    {HEADER "rules:\n  - {id: r, effect: deny, when: {if: {a: x}}}\n", "P031 3:34",
     "`if` is no attribute, and no word of conditions",
     "leave it out: what stands in `when` is the condition"},
    {HEADER "rules:\n  - {id: r, effect: deny, when: {unless: {a: x}}}\n", "P031 3:34",
     "`unless` is no attribute, and no word of conditions", "did you mean `not`?"},
    {HEADER "rules:\n  - {id: r, effect: deny, when: {none: {a: x}}}\n", "P031 3:34",
     "`none` is no attribute, and no word of conditions", "did you mean `not`?"},
    {HEADER "rules:\n  - {id: r, effect: deny, when: {volume: {a: x}}}\n", "P031 3:34",
     "`volume` is no attribute, and no word of conditions",
     "write `args.volume`, if it is an argument"},
    {HEADER "rules:\n  - {id: r, effect: deny, effects: [net]}\n", "P072 3:37",
     "no capability has the effect `net`", "did you mean `network`?"},
    {HEADER "grants: {g: {filesystem: {ro: [/srv]}}}\n", "P012 2:27",
     "unknown key `ro` in `filesystem`", "did you mean `read`?"},
    {HEADER "rules:\n  - {id: r, effect: deny, when: {args.a: {url: {domain: x.example}}}}\n",
     "P012 3:49", "unknown key `domain` in a URL pattern", "did you mean `host`?"},
    {HEADER "capabilities: {t.x: {class: safe, args: {a: {type: string, required: true}}}}\n",
     "P012 2:60", "unknown key `required` in an argument", "did you mean `optional`?"},
    {HEADER "rules:\n  - {id: r, effect: deny, capability: [\"ccos.io*\"]}\n", "P053 3:40",
     "`ccos.io*` fits nothing in the catalogue", "did you mean `ccos.io.*`?"},
    {HEADER "rules:\n  - {id: r, effect: deny, capability: [ccos.network]}\n", "P053 3:40",
     "`ccos.network` is not in the catalogue: it counts as dangerous",
     "did you mean `ccos.network.*`?"},
    {HEADER
     "capabilities: {t: {class: safe}}\nrules:\n  - {id: r, effect: deny, capability: [t.x]}\n",
     "P053 4:40", "`t.x` is not in the catalogue: it counts as dangerous",
     "`t` is that one alone: declare `t.*` too"},
    {HEADER "rules:\n  - {id: r, effect: deny, capability: [ccos.io.mkdir], when: {args.path: {ne: "
            "[/a, /b]}}}\n",
     "P133 3:75", "`args.path` is of a type that this test never knows", "write `not_in: [...]`"},
    {HEADER "grants: {g: {filesystem: {hide: [\"**/.env\"]}}}\n", "P030 2:34",
     "`**/.env` is no path that can be held to",
     "write it from `/`: `/**/NAME` is one in any folder"},
    {HEADER "rules:\n  - id: r\n    capability:\n    -t.x\n    reason: x\n", "P001 5:5",
     "not YAML: could not find expected ':', while scanning a simple key",
     "write a space behind the `-`"},
    {HEADER "rules:\n  - id: r\n    effect:allow\n    reason: x\n", "P001 4:5",
     "not YAML: could not find expected ':', while scanning a simple key",
     "write a space behind the `:`"},
    {HEADER "rules:\n  - id: r\n    reason: \"x\n  - id: s\n", "P001 4:13",
     "not YAML: found unexpected end of stream, while scanning a quoted scalar",
     "close the quotes"},
    {HEADER "rules:\n  - id: r\n    reason: \"\\d+\"\n", "P001 4:14",
     "not YAML: found unknown escape character, while parsing a quoted scalar",
     "write `\\\\` for a backslash, or put the text in single quotes"},
    {HEADER "rules:\n  - {id: r, effect: deny, when: {args.a: >5}}\n", "P001 3:42",
     "not YAML: found character that cannot start any token, while scanning for the next token",
     "quote what begins with `>` or `|`"},
    {HEADER "rules:\n  - id: r\n    effect: deny\n   reason: x\n", "P001 5:4",
     "not YAML: did not find expected '-' indicator, while parsing a block collection",
     "entries of one list, and what belongs to them, begin in one column"},
    {HEADER "rules:\n  - {id: r, effect: deny, capability: [ccos.echo], resource: [\"/srv/a\"]}\n",
     "P020 3:63", "`/srv/a` is no resource pattern", "write `type:id` or `type:glob*`"},
    {HEADER "rules:\n  - {id: r, effect: deny, when: {subject: {is: bots}}}\n", "P020 3:48",
     "`bots` is no group", "write `group:NAME`"},
    {HEADER "rules:\n  - {id: r, effect: ask, subject: [\"u:a\"], capability: [ccos.echo], "
            "approval: {by: anyone, need: 1, within: 5m, covers: once}}\n",
     "P020 3:84", "`anyone` is no approver", "name who approves, for example `[\"group:ops\"]`"},
    {HEADER "rules:\n  - {id: r, effect: ask, subject: [\"u:a\"], capability: [ccos.echo], "
            "approval: {by: [anyone], need: 1, within: 5m, covers: once}}\n",
     "P020 3:85", "`anyone` is no approver", "name who approves, for example `[\"group:ops\"]`"},
    {HEADER "rules:\n  - {id: r, effect: deny}\nbudgets:\n  - {subject: [\"u:a\"], capability: "
            "[ccos.echo], "
            "per: subject, limits: {calls: {max: 1, window: 1h}}, when_spent: deny, id: r}\n",
     "P019 5:124", "id `r` stands on line 3 too",
     "give it another: decisions name rules and budgets alike"},
    {HEADER "capabilities: {acme.x: {effects: [network], args: {a: str}}}\n", "P016 2:55",
     "an argument's type is `str`; `any`, `string`, `integer`, `number`, `bool`, `path`, `url`, "
     "`strings`, `rest` or `method` is wanted",
     "did you mean `string`?"},
    {HEADER "subjects: {\"agent:*\": pure}\n", "P015 2:11",
     "`subjects` is a mapping; a list is wanted", "write `[...]`, or each entry behind a `- `"},
    {HEADER "subjects: [{subject: \"agent:*\", level: pure}]\n", "P012 2:13",
     "unknown key `subject` in an entry of `subjects`", "did you mean `match`?"},
    {HEADER "audit: {masks: [args.x]}\n", "P012 2:9", "unknown key `masks` in `audit`",
     "did you mean `mask`?"},
    {HEADER "rules:\n  - id: r\n    effect: allow\n    subject: [\"a:b\"]\n    capability: "
            "[ccos.network.http_fetch]\n    reason: x\n",
     "P053 6:18", "`ccos.network.http_fetch` is not in the catalogue: it counts as dangerous",
     "did you mean `ccos.network.http-fetch`?"},
};

static void first_finding(void **state)
{
    (void)state;
    for (size_t i = 0; i < BASE_COUNT(rows); i++) {
        struct findings all = {0};
        char place[32];
        (void)lint_text(str_of(rows[i].text), "t.yaml", keep_finding, &all, NULL);
        assert_true(all.n > 0);
        unsigned k = 0; /* a warning is the first where there is no error */
        while (all.errors && k + 1 < all.n && all.v[k].severity != POLICY_ERROR)
            k++;
        const struct finding *f = &all.v[k];
        (void)snprintf(place, sizeof place, "%s %u:%u", f->code, f->line, f->column);
        if (strcmp(place, rows[i].place) != 0 || strcmp(f->message, rows[i].message) != 0 ||
            strcmp(f->suggestion, rows[i].suggestion) != 0)
            fail_msg("%s\n%s: %s (%s)", rows[i].text, place, f->message, f->suggestion);
    }
}

/* A key in brackets within a mapping of one line is quoted as a whole; told beside what it looks
 * like, a value that is missing. */
static void keys_in_brackets(void **state)
{
    (void)state;
    struct findings all = {0};
    (void)lint_text(STR(HEADER "rules:\n  - {id: r, effect: deny, when: {args[\"a b\"]: x}}\n"),
                    "t.yaml", keep_finding, &all, NULL);
    assert_int_equal(all.n, 2);
    assert_string_equal(all.v[1].code, "P001");
    assert_string_equal(all.v[1].suggestion, "quote the whole key: 'args[\"a key\"]'");
}

/* A required key that is misspelt is told once. */
static void misspelt_keys_are_told_once(void **state)
{
    (void)state;
    static const char *const texts[] = {
        HEADER "rules: [{id: r, effect: allow, subject: [\"u:a\"], capabilty: [ccos.echo]}]\n",
        HEADER "rules: [{id: r, efect: deny, when: {args.a: {url: {host: a}}}}]\n",
        HEADER "rules: [{id: r, effect: allow, subjct: [\"u:a\"], capability: [ccos.echo]}]\n",
        HEADER
        "budgets: [{id: b, subject: [\"u:a\"], capability: [ccos.echo], pr: subject, limits: "
        "{calls: {max: 1, window: 1h}}, when_spent: deny}]\n",
    };
    for (size_t i = 0; i < BASE_COUNT(texts); i++) {
        struct findings all = {0};
        (void)lint_text(str_of(texts[i]), "t.yaml", keep_finding, &all, NULL);
        assert_int_equal(all.errors, 1);
        assert_string_equal(all.v[0].code, "P012");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(first_finding),
                                       cmocka_unit_test(misspelt_keys_are_told_once),
                                       cmocka_unit_test(keys_in_brackets)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
