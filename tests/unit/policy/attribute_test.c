/*
 * Where a condition's values come from: subject, resource, context, entities, the broker's inputs,
 * declared types and defaults. Each row is a sentence of the language: what stands above the rules,
 * a condition, a request, and whether the condition is true, false or unknown of it.
 */
#include "support.h"

#define ALLOW_IF "rules: [{id: r, effect: allow, subject: anyone, capability: [\"*\"], when: %s}]\n"
#define DENY_IF  "rules: [{id: r, effect: deny, when: %s}]\n"

#define ENTITIES                                                                                   \
    "entities: {\"u:a\": {t: acme, k: 1, roles: [x, z], org: {name: o}}, \"d:1\": {t: acme}}\n"
#define DECLARED(path, rest) "attributes: {" path ": {" rest "}}\n" ENTITIES

struct row {
    const char *name, *top, *when;
    const char *args, *subject, *resource, *properties, *context; /* JSON; resource: type:id */
    const char *value;
};

static const struct row rows[] = {
    /* built in */
    {"the subject's id", "", "{subject.id: a}", .value = "true"},
    {"the subject's type", "", "{subject.type: u}", .value = "true"},
    {"a property that is named id", "", "{subject.properties.id: 7}", .subject = "{\"id\":7}",
     .value = "true"},
    {"a property is not the id", "", "{subject.id: b}", .subject = "{\"id\":\"b\"}",
     .value = "false"},
    {"the resource's id, after the first colon", "", "{resource.id: \"1:2\"}", .resource = "d:1:2",
     .value = "true"},
    {"the resource's type", "", "{resource.type: d}", .resource = "d:1", .value = "true"},
    {"no resource", "", "{resource.id: x}", .value = "unknown"},
    {"no resource does not exist", "", "{resource.type: {exists: false}}", .value = "true"},
    {"the action's name", "", "{action.name: {starts_with: x.}}", .value = "true"},
    {"a member of a group", "groups: {g: [\"u:*\"], h: [\"group:g\"]}\n",
     "{subject: {is: \"group:h\"}}", .value = "true"},
    {"no member of a group", "groups: {g: [\"v:*\"]}\n", "{subject: {is: \"group:g\"}}",
     .value = "false"},
    {"a member of one of them", "groups: {g: [\"v:*\"], h: [\"u:a\"]}\n",
     "{subject: {is: [\"group:g\", \"group:h\"]}}", .value = "true"},
    {"membership is never unknown", "groups: {g: [\"v:*\"]}\n",
     "{not: {subject: {is: \"group:g\"}}}", .value = "true"},
    /* properties and context */
    {"subject.x is subject.properties.x", "", "{subject.x: 1, subject.properties.x: 1}",
     .subject = "{\"x\":1}", .value = "true"},
    {"a resource's property", "", "{resource.x: 1}", .resource = "d:2", .properties = "{\"x\":1}",
     .value = "true"},
    {"context", "", "{context.a.b: 1}", .context = "{\"a\":{\"b\":1}}", .value = "true"},
    {"context that is missing", "", "{context.a: 1}", .context = "{}", .value = "unknown"},
    {"no context at all", "", "{context.a: 1}", .value = "unknown"},
    {"keys with dots", "", "{'context[\"a.b\"]': 1}", .context = "{\"a.b\":1}", .value = "true"},
    {"a key broker of the context is not the broker", "", "{broker.depth: 3}",
     .context = "{\"broker\":{\"depth\":3}}", .value = "unknown"},
    /* entities */
    {"what the policy knows", ENTITIES, "{subject.t: acme}", .value = "true"},
    {"what the policy knows of a resource", ENTITIES, "{resource.t: acme}", .resource = "d:1",
     .value = "true"},
    {"entities win over the request", ENTITIES, "{subject.t: other}",
     .subject = "{\"t\":\"other\"}", .value = "false"},
    {"key by key", ENTITIES, "{subject.t: acme, subject.u: other}",
     .subject = "{\"t\":\"x\",\"u\":\"other\"}", .value = "true"},
    {"a key that an entity has is the entity's as a whole", ENTITIES, "{subject.org.city: c}",
     .subject = "{\"org\":{\"city\":\"c\"}}", .value = "unknown"},
    {"and what is in it", ENTITIES, "{subject.org.name: o}",
     .subject = "{\"org\":{\"name\":\"p\"}}", .value = "true"},
    {"an entity of another id", ENTITIES, "{resource.t: acme}", .resource = "d:2",
     .value = "unknown"},
    {"lists of an entity", ENTITIES, "{subject.roles: {contains: z}}", .value = "true"},
    {"its size", ENTITIES, "{subject.roles: {size: 2}, subject.org: {size: 1}}", .value = "true"},
    {"through a scalar of an entity", ENTITIES, "{subject.t.x: {exists: false}}",
     .value = "unknown"},
    /* attributes */
    {"from entities: what the request says is dropped",
     DECLARED("subject.r", "type: string, from: entities"), "{subject.r: x}",
     .subject = "{\"r\":\"x\"}", .value = "unknown"},
    {"it does not even exist", DECLARED("subject.r", "type: string, from: entities"),
     "{subject.r: {exists: false}}", .subject = "{\"r\":\"x\"}", .value = "true"},
    {"by the longer name too", DECLARED("subject.r", "type: string, from: entities"),
     "{subject.properties.r: x}", .subject = "{\"r\":\"x\"}", .value = "unknown"},
    {"in brackets too", DECLARED("subject.r", "type: string, from: entities"),
     "{'subject[\"r\"]': x}", .subject = "{\"r\":\"x\"}", .value = "unknown"},
    {"what is below it is dropped as well", DECLARED("subject.r", "type: map, from: entities"),
     "{subject.r.x: 1}", .subject = "{\"r\":{\"x\":1}}", .value = "unknown"},
    {"even where what is below is declared itself",
     "attributes: {subject.r: {type: map, from: entities}, subject.r.x: {type: int}}\n",
     "{subject.r.x: 1}", .subject = "{\"r\":{\"x\":1}}", .value = "unknown"},
    {"of a resource", DECLARED("resource.r", "type: string, from: entities"), "{resource.r: x}",
     .resource = "d:1", .properties = "{\"r\":\"x\"}", .value = "unknown"},
    {"from entities, and known", DECLARED("subject.t", "type: string, from: entities"),
     "{subject.t: acme}", .subject = "{\"t\":\"x\"}", .value = "true"},
    {"from request: what entities say is not looked at",
     DECLARED("subject.t", "type: string, from: request"), "{subject.t: x}",
     .subject = "{\"t\":\"x\"}", .value = "true"},
    {"from request, and not said", DECLARED("subject.t", "type: string, from: request"),
     "{subject.t: acme}", .value = "unknown"},
    {"from any: entities win", DECLARED("subject.t", "type: string, from: any"), "{subject.t: x}",
     .subject = "{\"t\":\"x\"}", .value = "false"},
    {"a declared type holds", DECLARED("context.x", "type: int"), "{context.x: 1}",
     .context = "{\"x\":1}", .value = "true"},
    {"another type is unknown", DECLARED("context.x", "type: int"),
     "{context.x: {any: [{eq: a}, {ne: b}]}}", .context = "{\"x\":\"a\"}", .value = "unknown"},
    {"1.0 is an int", DECLARED("context.x", "type: int"), "{context.x: 1}",
     .context = "{\"x\":1.0}", .value = "true"},
    {"1.5 is none", DECLARED("context.x", "type: int"), "{context.x: {ne: 1}}",
     .context = "{\"x\":1.5}", .value = "unknown"},
    {"it is a number", DECLARED("context.x", "type: number"), "{context.x: {ne: 1}}",
     .context = "{\"x\":1.5}", .value = "true"},
    {"of another type it still exists", DECLARED("context.x", "type: int"),
     "{context.x: {exists: true}}", .context = "{\"x\":\"a\"}", .value = "true"},
    {"absent is not for another type", DECLARED("context.x", "type: int"),
     "{context.x: {eq: 1, absent: true}}", .context = "{\"x\":\"a\"}", .value = "unknown"},
    {"a list type", DECLARED("context.x", "type: [string]"), "{context.x: {contains: a}}",
     .context = "{\"x\":[\"a\"]}", .value = "true"},
    {"a list with another type in it", DECLARED("context.x", "type: [string]"),
     "{context.x: {contains: a}}", .context = "{\"x\":[\"a\",1]}", .value = "unknown"},
    {"a scalar for a list", DECLARED("context.x", "type: [string]"), "{context.x: a}",
     .context = "{\"x\":\"a\"}", .value = "unknown"},
    {"a default where it is missing", DECLARED("context.x", "type: int, default: 7"),
     "{context.x: 7}", .context = "{}", .value = "true"},
    {"a default where it is null", DECLARED("context.x", "type: int, default: 7"), "{context.x: 7}",
     .context = "{\"x\":null}", .value = "true"},
    {"no default where it is there", DECLARED("context.x", "type: int, default: 7"),
     "{context.x: 7}", .context = "{\"x\":8}", .value = "false"},
    {"no default for another type", DECLARED("context.x", "type: int, default: 7"),
     "{context.x: 7}", .context = "{\"x\":\"7\"}", .value = "unknown"},
    {"with a default nothing is absent", DECLARED("context.x", "type: int, default: 7"),
     "{context.x: {eq: 8, absent: true}}", .value = "false"},
    {"a list as default", DECLARED("context.x", "type: [string], default: [a]"),
     "{context.x: {contains: a}}", .value = "true"},
    {"a flag's default", DECLARED("broker.flags.f", "type: bool, default: false"),
     "{broker.flags.f: false}", .value = "true"},
    {"a flag that nobody set", DECLARED("broker.flags.f", "type: bool"), "{broker.flags.f: false}",
     .value = "unknown"},
    /* {attr: PATH} */
    {"another attribute", "", "{args.a: {attr: context.b}}", "{\"a\":\"x\"}",
     .context = "{\"b\":\"x\"}", .value = "true"},
    {"another attribute that differs", "", "{args.a: {eq: {attr: context.b}}}", "{\"a\":\"x\"}",
     .context = "{\"b\":\"y\"}", .value = "false"},
    {"types must be equal", "", "{args.a: {ne: {attr: context.b}}}", "{\"a\":\"1\"}",
     .context = "{\"b\":1}", .value = "unknown"},
    {"a missing operand is unknown", "", "{args.a: {ne: {attr: context.b}}}", "{\"a\":\"1\"}",
     .context = "{}", .value = "unknown"},
    {"a null operand is unknown", "", "{args.a: {eq: {attr: context.b}}}", "{\"a\":null}",
     .context = "{\"b\":null}", .value = "unknown"},
    {"missing and missing are not equal", "", "{args.a: {eq: {attr: args.b}}}", "{}",
     .value = "unknown"},
    {"in a list of another attribute", ENTITIES, "{args.a: {in: {attr: subject.roles}}}",
     "{\"a\":\"z\"}", .value = "true"},
    {"not in it", ENTITIES, "{args.a: {not_in: {attr: subject.roles}}}", "{\"a\":\"q\"}",
     .value = "true"},
    {"in what is no list", ENTITIES, "{args.a: {not_in: {attr: subject.t}}}", "{\"a\":\"q\"}",
     .value = "unknown"},
    {"less than another attribute", ENTITIES, "{args.a: {lte: {attr: subject.k}}}", "{\"a\":1}",
     .value = "true"},
    {"contains another attribute", ENTITIES, "{args.a: {contains: {attr: subject.t}}}",
     "{\"a\":[\"b\",\"acme\"]}", .value = "true"},
    {"a list and a list", ENTITIES, "{args.a: {attr: subject.roles}}", "{\"a\":[\"x\",\"z\"]}",
     .value = "true"},
    {"mappings are not compared", "", "{args.a: {attr: args.b}}", "{\"a\":{},\"b\":{}}",
     .value = "unknown"},
    /* args by position: only without a schema */
    {"args.0", "", "{args.0: a}", "[\"a\"]", .value = "true"},
    {"args.1.x", "", "{args.1.x: a}", "[1,{\"x\":\"a\"}]", .value = "true"},
    {"beyond the last", "", "{args.2: {exists: false}}", "[1,2]", .value = "true"},
    {"args.0 of named arguments", "", "{args.0: {exists: false}}", "{\"0\":1}", .value = "unknown"},
    {"a key that is a number", "", "{'args[\"0\"]': 1}", "{\"0\":1}", .value = "true"},
    /* named conditions */
    {"use", "conditions: {c: {args.a: 1}}\n", "{use: c, args.b: 2}", "{\"a\":1,\"b\":2}",
     .value = "true"},
    {"use of several: all must hold", "conditions: {c: {args.a: 1}, d: {args.b: 3}}\n",
     "{use: [c, d]}", "{\"a\":1,\"b\":2}", .value = "false"},
    {"use within use, in any order", "conditions: {c: {not: {use: d}}, d: {args.a: 1}}\n",
     "{any: [{use: c}, {args.a: 5}]}", "{\"a\":2}", .value = "true"},
    {"unknown goes through use", "conditions: {c: {not: {args.a: 1}}}\n", "{use: c}", "{}",
     .value = "unknown"},
    /* variables */
    {"a variable", "vars: {v: {type: path, default: /srv/a}}\n", "{args.a: {under: \"${v}/b\"}}",
     "{\"a\":\"/srv/a/b/c\"}", .value = "true"},
    {"a variable keeps its type", "vars: {v: {type: int, default: 7}}\n", "{args.a: \"${v}\"}",
     "{\"a\":7}", .value = "true"},
    {"in a text it is text", "vars: {v: {type: int, default: 7}}\n", "{args.a: \"x${v}\"}",
     "{\"a\":\"x7\"}", .value = "true"},
    {"a text that looks like a number is text", "vars: {v: {type: string, default: \"7\"}}\n",
     "{args.a: \"${v}\"}", "{\"a\":7}", .value = "unknown"},
    {"a size is a number to lt", "vars: {v: {type: size, default: 1KiB}}\n",
     "{args.a: {lte: \"${v}\"}}", "{\"a\":1024}", .value = "true"},
    {"a boolean", "vars: {v: {type: bool, default: true}}\n", "{args.a: \"${v}\"}", "{\"a\":true}",
     .value = "true"},
    {"a list becomes elements", "vars: {v: {type: [string], default: [b, c]}}\n",
     "{args.a: [a, \"${v}\", d]}", "{\"a\":\"c\"}", .value = "true"},
    {"with text around each", "vars: {v: {type: [host], default: [b, c]}}\n",
     "{args.a: [\"${v}:443\"]}", "{\"a\":\"c:443\"}", .value = "true"},
    {"an empty list", "vars: {v: {type: [string], default: []}}\n", "{args.a: [\"${v}\", d]}",
     "{\"a\":\"d\"}", .value = "true"},
    {"two in one text", "vars: {v: {type: string, default: b}, w: {type: string, default: c}}\n",
     "{args.a: \"${v}-${w}\"}", "{\"a\":\"b-c\"}", .value = "true"},
    {"in a named condition",
     "vars: {v: {type: string, default: b}}\nconditions: {c: {args.a: \"${v}\"}}\n", "{use: c}",
     "{\"a\":\"b\"}", .value = "true"},
};

static struct policy_value value_of_text(struct json_text *text, const char *json)
{
    struct reeve_error err = {0};
    *text = (struct json_text){0};
    if (!json)
        return (struct policy_value){0};
    if (json_text_parse(str_of(json), text, &err) != 0)
        fail_msg("%s: %s", json, err.message);
    return (struct policy_value){&text->doc, json_root(&text->doc)};
}

static const char *effect_of(const char *format, const struct row *r,
                             const struct reeve_inputs_view *inputs)
{
    char policy[2048];
    (void)snprintf(policy, sizeof policy, HEADER "defaults: {level: %s}\n%s",
                   format[strlen("rules: [{id: r, effect: ")] == 'a' ? "controlled" : "full",
                   r->top);
    size_t n = strlen(policy);
    (void)snprintf(policy + n, sizeof policy - n, format, r->when);
    auto_json struct json_text args, subject, properties, context;
    struct policy_image *image = must_compile(policy);
    struct policy_request req = {.subject = STR("u:a"),
                                 .capability = STR("x.y"),
                                 .level = -1,
                                 .args = value_of_text(&args, r->args).doc,
                                 .resource = str_of(r->resource),
                                 .subject_properties = value_of_text(&subject, r->subject),
                                 .resource_properties = value_of_text(&properties, r->properties),
                                 .context = value_of_text(&context, r->context)};
    struct policy_decision d;
    assert_int_equal(policy_decide(image, &req, inputs, &d), 0);
    auto_buf struct buf why = {0};
    policy_explain(image, &req, inputs, &d, &why);
    assert_true(why.len > 0 && !why.failed);
    policy_image_unref(&image);
    return core_effect_name(d.effect);
}

/* Under both effects, so that the three values are told apart: an allow matches on true, a deny on
 * true or unknown. */
static const char *value_of(const struct row *r, const struct reeve_inputs_view *inputs)
{
    bool allowed = strcmp(effect_of(ALLOW_IF, r, inputs), "allow") == 0;
    bool denied = strcmp(effect_of(DENY_IF, r, inputs), "deny") == 0;
    return allowed ? denied ? "true" : "an allow without the deny" : denied ? "unknown" : "false";
}

static unsigned check(const struct row *r, size_t n, const struct reeve_inputs_view *inputs)
{
    unsigned failed = 0;
    for (size_t i = 0; i < n; i++) {
        const char *value = value_of(&r[i], inputs);
        if (strcmp(value, r[i].value) == 0)
            continue;
        print_error("%s: %s is %s, expected %s\n", r[i].name, r[i].when, value, r[i].value);
        failed++;
    }
    return failed;
}

static void values(void **state)
{
    (void)state;
    static const struct reeve_inputs_view nothing;
    assert_int_equal(check(rows, BASE_COUNT(rows), &nothing), 0);
}

#define LABELS "labels: [secret, web]\n"
static const struct row broker_rows[] = {
    {"depth", "", "{broker.depth: 2}", .value = "true"},
    {"children", "", "{broker.children: {gt: 3}}", .value = "false"},
    {"peer.uid", "", "{broker.peer.uid: 1000}", .value = "true"},
    {"bucket", "", "{broker.bucket: {lt: 10}}", .value = "true"},
    {"labels", LABELS, "{broker.labels: {contains: secret}}", .value = "true"},
    {"labels that are not there", LABELS, "{broker.labels: {contains: web}}", .value = "false"},
    {"each label", "", "{broker.labels: {each: {starts_with: s}}}", .value = "true"},
    {"chain", "", "{broker.chain: [x]}", .value = "unknown"},
    {"the nearest parent", "", "{broker.chain: {eq: [\"u:p\"]}}", .value = "true"},
    {"a subject in the chain", "", "{broker.chain: {some: {starts_with: \"u:\"}}}",
     .value = "true"},
    {"tool.digest", "", "{broker.tool.digest: abc}", .value = "true"},
    {"a flag", "attributes: {broker.flags.f: {type: bool, default: false}}\n",
     "{broker.flags.f: true}", .value = "true"},
    {"a flag of another type", "attributes: {broker.flags.g: {type: bool, default: false}}\n",
     "{broker.flags.g: false}", .value = "unknown"},
    {"a time is no number", "", "{broker.now: {gt: 0}}", .value = "unknown"},
    {"a time", "", "{broker.now: {time: {zone: UTC}}}", .value = "true"},
    {"hours begin in", "", "{broker.now: {time: {hours: \"00:00-01:00\", zone: UTC}}}",
     .value = "true"},
    {"and end out", "", "{broker.now: {time: {hours: \"23:00-00:00\", zone: UTC}}}",
     .value = "false"},
    {"1970 began on a Thursday", "", "{broker.now: {time: {days: thu, zone: UTC}}}",
     .value = "true"},
    {"over midnight the day is that of the opening", "",
     "{broker.now: {time: {days: [wed], hours: \"22:00-06:00\", zone: UTC}}}", .value = "true"},
    {"by the zone's own clock", "",
     "{broker.now: {time: {hours: \"19:00-20:00\", zone: America/New_York}}}", .value = "true"},
    {"but is there", "", "{broker.now: {exists: true}}", .value = "true"},
    {"what the request says of the broker is not looked at", "", "{broker.depth: 3}",
     "{\"broker\":{\"depth\":3}}", .value = "false"},
};

static void inputs_of_the_broker(void **state)
{
    (void)state;
    static const struct str labels[] = {{"secret", 6}, {"seen-web", 8}};
    static const struct policy_subject chain[] = {{{"u:p", 3}, NULL}};
    auto_json struct json_text flags;
    struct reeve_inputs_view inputs = {.now_ns = 1,
                                       .known = (1u << POLICY_INPUT_COUNT) - 1,
                                       .depth = 2,
                                       .children = 3,
                                       .peer_uid = 1000,
                                       .bucket = 9,
                                       .tool_digest = STR("abc"),
                                       .labels = labels,
                                       .nlabels = 2,
                                       .chain = chain,
                                       .nchain = 1,
                                       .flags = value_of_text(&flags, "{\"f\":true,\"g\":1}")};
    assert_int_equal(check(broker_rows, BASE_COUNT(broker_rows), &inputs), 0);
}

/* What the broker does not know is missing, never zero or empty. */
static void inputs_left_out(void **state)
{
    (void)state;
    static const char *const paths[] = {"broker.now",    "broker.peer.uid",   "broker.depth",
                                        "broker.chain",  "broker.children",   "broker.labels",
                                        "broker.bucket", "broker.tool.digest"};
    static const struct reeve_inputs_view nothing;
    for (size_t i = 0; i < BASE_COUNT(paths); i++) {
        char when[64];
        (void)snprintf(when, sizeof when, "{%s: {exists: false}}", paths[i]);
        struct row r = {paths[i], "", when, .value = "true"};
        assert_int_equal(check(&r, 1, &nothing), 0);
    }
}

static void the_level_that_holds(void **state)
{
    (void)state;
    struct policy_image *image = must_compile(
        HEADER "defaults: {level: full}\nrules: [{id: r, effect: deny, when: {broker.level: "
               "controlled}}]\n");
    struct question full = {"u:a", "x", NULL, NULL}, lowered = {"u:a", "x", NULL, "controlled"};
    char id[160];
    assert_string_equal(rule_id(image, decide(image, &full).rule, id), "reeve/full");
    assert_string_equal(rule_id(image, decide(image, &lowered).rule, id), "r");
    policy_image_unref(&image);
}

/* args.0 means nothing of a capability whose arguments have names. */
static void positions_and_schemas(void **state)
{
    (void)state;
    struct policy_image *image = must_compile(
        HEADER
        "defaults: {level: full}\ncapabilities: {\"own.*\": {args: {p: string}}, own: {class: "
        "safe}}\nrules: [{id: r, effect: deny, when: {args.0: a}}]\n");
    struct question own = {"u:a", "own.x", "[\"b\"]", NULL}, none = {"u:a", "own", "[\"b\"]", NULL};
    assert_int_equal(decide(image, &own).effect, CORE_EFFECT_DENY);
    assert_int_equal(decide(image, &none).effect, CORE_EFFECT_ALLOW);
    struct question plain = {"u:a", "x.y", "[\"b\"]", NULL},
                    named = {"u:a", "ccos.io.read-file", "[\"b\"]", NULL};
    assert_int_equal(decide(image, &plain).effect, CORE_EFFECT_ALLOW);
    assert_int_equal(decide(image, &named).effect, CORE_EFFECT_DENY);
    policy_image_unref(&image);
}

/* What a refusal says of each kind of test. */
static const struct {
    const char *top, *when, *args, *part;
} sentences[] = {
    {"", "{args.a: {ne: x}}", "{\"a\":\"x\"}", "args.a must be other than \"x\", and is \"x\""},
    {"", "{args.a: {lte: 1KiB}}", "{\"a\":2000}", "args.a must be at most 1024, and is 2000"},
    {"", "{args.a: {between: [1, 2]}}", "{\"a\":3}", "args.a must be within [1, 2], and is 3"},
    {"", "{args.a: {contains: x}}", "{\"a\":[\"y\"]}",
     "args.a must be a list that contains \"x\", and is [\"y\"]"},
    {"", "{args.a: {attr: args.b}}", "{\"a\":1,\"b\":2}",
     "args.a must be args.b, and is 1; args.b is 2"},
    {"groups: {g: [\"v:*\"]}\n", "{subject: {is: \"group:g\"}}", "{}",
     "the subject must be in group:g"},
    {"", "{args.a: {matches: \"[a-z]+\"}}", "{\"a\":\"A\"}",
     "args.a must be a text that matches \"[a-z]+\", and is \"A\""},
    {"", "{args.a: {url: {host: [h.example], port: 81}}}", "{\"a\":\"https://x.example/\"}",
     "args.a must be a URL that fits {host: [\"h.example\"], port: 81}, and is "
     "\"https://x.example/\""},
    {"", "{args.a: {like: \"a*\"}}", "{\"a\":\"b\"}", "args.a must be like \"a*\", and is \"b\""},
    {"", "{args.a: {not: {starts_with: \"-\"}}}", "{\"a\":\"-x\"}",
     "args.a must not be a text that starts with \"-\", and is \"-x\""},
    {"", "{args.a: {each: {eq: x}}}", "{\"a\":[\"y\"]}",
     "args.a must be a list of which each element fits, and is [\"y\"]"},
    {"attributes: {subject.t: {type: string, from: entities}}\n", "{subject.t: x}", "{}",
     "subject.t must be \"x\", and is missing"},
    {"attributes: {broker.flags.f: {type: bool}}\n", "{broker.flags.f: true}", "{}",
     "broker.flags.f must be true, and is missing"},
};

static void refusals(void **state)
{
    (void)state;
    static const struct reeve_inputs_view inputs;
    for (size_t i = 0; i < BASE_COUNT(sentences); i++) {
        char policy[1024];
        size_t n = (size_t)snprintf(policy, sizeof policy,
                                    HEADER "defaults: {level: controlled}\n%s", sentences[i].top);
        (void)snprintf(policy + n, sizeof policy - n, ALLOW_IF, sentences[i].when);
        struct policy_image *image = must_compile(policy);
        struct question q = {"u:a", "x.y", sentences[i].args, NULL};
        auto_json struct json_text text;
        struct policy_request req = ask(&q, &text);
        struct policy_decision d = decide(image, &q);
        auto_buf struct buf why = {0};
        policy_explain(image, &req, &inputs, &d, &why);
        if (!strstr(why.data, sentences[i].part))
            fail_msg("\"%s\" has no \"%s\"", why.data, sentences[i].part);
        policy_image_unref(&image);
    }
}

/* By hand: the first four bytes of SHA-256("u:a"), least significant first, modulo 100; and all
 * buckets come about. */
static void buckets(void **state)
{
    (void)state;
    uint8_t digest[BASE_SHA256];
    base_sha256("u:a", 3, digest);
    uint32_t n = digest[0] | (uint32_t)digest[1] << 8 | (uint32_t)digest[2] << 16 |
                 (uint32_t)digest[3] << 24;
    assert_int_equal(policy_bucket(STR("u:a")), n % 100);
    unsigned count[100] = {0};
    for (unsigned i = 0; i < 10000; i++) {
        char id[16];
        (void)snprintf(id, sizeof id, "u:%u", i);
        count[policy_bucket(str_of(id))]++;
    }
    for (unsigned i = 0; i < 100; i++)
        assert_in_range(count[i], 50, 150);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values),
        cmocka_unit_test(inputs_of_the_broker),
        cmocka_unit_test(inputs_left_out),
        cmocka_unit_test(the_level_that_holds),
        cmocka_unit_test(positions_and_schemas),
        cmocka_unit_test(buckets),
        cmocka_unit_test(refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
