/*
 * Requests and inputs from their JSON: what is taken and how it reads afterwards, and what is
 * refused.
 */
#include "policy/inputs.h"
#include "support.h"

#define POLICY                                                                                     \
    HEADER                                                                                         \
    "labels: [seen, secret]\n"                                                                     \
    "capabilities: {\"crm.*\": {class: safe, args: {id: integer, note: {type: string, "            \
    "optional: true, default: none}}}}\n"                                                          \
    "defaults: {approval: {by: [\"u:boss\"], need: 1, within: 5m, covers: once}}\n"                \
    "budgets:\n"                                                                                   \
    "  - {id: one, per: subject, when_spent: deny, limits: {calls: {max: 5, window: 1h}}}\n"       \
    "  - {id: both, per: session, when_spent: deny, limits: {network_out: {max: 1MiB, "            \
    "window: 1h}, tokens: "                                                                        \
    "{max: 9, window: 1h}}}\n"
#define SUBJECT "\"subject\":\"agent:a\","
#define ASK     "{" SUBJECT "\"capability\":\"x.y\"}"
#define HEX     "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define OF(id)  "{" SUBJECT "\"capability\":\"" id "\""

/* `shown`: "subject capability level resource args", of arguments that do not fit with a !; or a
 * part of the message. */
static const struct {
    const char *name, *json;
    bool taken;
    const char *shown;
} requests[] = {
    {"the least", ASK, true, "agent:a x.y -1  {}"},
    {"subject and resource in parts",
     "{\"subject\":{\"type\":\"agent\",\"id\":\"a:b\"},\"capability\":\"x\",\"resource\":{\"type\":"
     "\"doc\",\"id\":\"1\",\"properties\":{}},\"level\":\"controlled\",\"context\":{}}",
     true, "agent:a:b x 1 doc:1 {}"},
    {"a null in arguments", OF("x") ",\"args\":{\"a\":null,\"b\":[null]}}", true,
     "agent:a x -1  {\"a\":null,\"b\":[null]}"},
    {"a null for what is optional", OF("crm.x") ",\"args\":{\"id\":7,\"note\":null}}", true,
     "agent:a crm.x -1  {\"id\":7,\"note\":\"none\"}"},
    {"positions, defaults and normal forms of what ships",
     OF("ccos.network.http-fetch") ",\"args\":[\"HTTPS://H.example:443/a/../b\",\"post\"]}", true,
     "agent:a ccos.network.http-fetch -1  {\"method\":\"POST\",\"url\":\"https://h.example/b\"}"},
    {"a schema of the policy's own", OF("crm.get") ",\"args\":[7]}", true,
     "agent:a crm.get -1  {\"id\":7,\"note\":\"none\"}"},
    {"what does not fit stays as it stands", OF("crm.get") ",\"args\":[\"7\"]}", true,
     "agent:a crm.get -1  ![\"7\"]"},
    {"an action", "{" SUBJECT "\"action\":{\"name\":\"x.y\",\"properties\":{\"a\":1}}}", true,
     "agent:a x.y -1  {}"},
    {"an action and the same capability", OF("x.y") ",\"action\":{\"name\":\"x.y\"}}", true,
     "agent:a x.y -1  {}"},
    {"an action and another capability", OF("x.y") ",\"action\":{\"name\":\"x.z\"}}", false,
     "differ"},
    {"an action without a name", "{" SUBJECT "\"action\":{\"properties\":{}}}", false,
     "capability must be an id"},
    {"an action's name that is no text", "{" SUBJECT "\"action\":{\"name\":1}}", false,
     "the name of an action has the wrong type"},
    {"neither of them", "{\"subject\":\"agent:a\"}", false, "capability must be an id"},
    {"an empty capability", OF("") "}", false, "capability must be an id"},
    {"a capability with a control character", OF("a\\u0001") "}", false,
     "capability must be an id"},
    {"no object", "[]", false, "is a JSON object"},
    {"what only the broker can say", OF("x") ",\"broker\":{\"level\":\"full\"}}", false,
     "no field broker"},
    {"a misspelt field", OF("x") ",\"contxt\":{}}", false, "did you mean context"},
    {"no subject", "{\"capability\":\"x\"}", false, "the subject must be type:id"},
    {"a group", "{\"subject\":\"group:x\",\"capability\":\"x\"}", false, "must be type:id"},
    {"a subject with a space in its type", "{\"subject\":\"a b:c\",\"capability\":\"x\"}", false,
     "must be type:id"},
    {"a null", OF("x") ",\"level\":null}", false, "wrong type"},
    {"a level that there is not", OF("x") ",\"level\":\"max\"}", false, "there is no level max"},
    {"an empty level", OF("x") ",\"level\":\"\"}", false, "there is no level"},
    {"a digest of a program",
     OF("program.external") ",\"args\":{\"path\":\"/x\",\"sha256\":\"0\"}}", false,
     "args.sha256 is the broker's"},
    {"in the first position",
     OF("program.external") ",\"args\":[{\"path\":\"/x\",\"sha256\":\"0\"}]}", false,
     "args.sha256 is the broker's"},
    {"where other things do not fit either",
     OF("program.external") ",\"args\":{\"sha256\":null,\"pth\":1}}", false,
     "args.sha256 is the broker's"},
    {"of a program that no catalogue has", OF("program.new") ",\"args\":{\"sha256\":\"0\"}}", false,
     "args.sha256 is the broker's"},
    {"a path that is the broker's",
     OF("program.script") ",\"args\":{\"language\":\"sh\",\"source\":\"\",\"path\":\"/x\"}}", false,
     "args.path is the broker's"},
    {"a digest elsewhere is anyone's", OF("x") ",\"args\":{\"sha256\":\"0\"}}", true,
     "agent:a x -1  {\"sha256\":\"0\"}"},
};

static void show_request(const struct policy_asked *asked, struct buf *out)
{
    const struct policy_request *q = &asked->request;
    buf_printf(out, "%s %s %d %s %s%s", q->subject.p, q->capability.p, q->level,
               q->resource.n ? q->resource.p : "", asked->fits ? "" : "!", asked->args_text.p);
}

static void check(const char *name, int rc, bool taken, const char *shown, const struct buf *out,
                  const struct reeve_error *err)
{
    if ((rc == 0) != taken || (rc && rc != REEVE_EINVAL))
        fail_msg("%s: %d, %s", name, rc, err->message);
    if (taken ? !str_is(buf_view(out), shown) : !strstr(err->message, shown))
        fail_msg("%s: %s, and %s was expected", name, taken ? out->data : err->message, shown);
}

static void reads_requests(void **state)
{
    (void)state;
    struct policy_image *image = must_compile(POLICY);
    for (size_t i = 0; i < BASE_COUNT(requests); i++) {
        auto_json struct json_text text = {0};
        auto_arena struct arena arena;
        auto_buf struct buf out = {0};
        struct policy_asked asked;
        struct reeve_error err = {0};
        arena_init(&arena, 0);
        assert_int_equal(json_text_parse(str_of(requests[i].json), &text, &err), 0);
        int rc = policy_request_read(image, &text, &arena, &asked, &err);
        if (!rc) {
            show_request(&asked, &out);
            assert_int_equal(asked.fits, asked.why_not.code == 0);
        }
        check(requests[i].name, rc, requests[i].taken, requests[i].shown, &out, &err);
    }
    policy_image_unref(&image);
}

static void keeps_what_is_the_callers(void **state)
{
    (void)state;
    static const struct field extra[] = {{"mode", FIELD_IS(STRING)}, {"explain", FIELD_BOOL}};
    struct policy_image *image = must_compile(POLICY);
    auto_json struct json_text text = {0};
    auto_arena struct arena arena;
    struct policy_asked asked;
    struct reeve_error err = {0};
    const struct json_node *found[2];
    arena_init(&arena, 0);
    assert_int_equal(json_text_parse(STR(OF("x") ",\"mode\":\"m\"}"), &text, &err), 0);
    assert_int_equal(policy_request_read_with(image, &text, extra, 2, found, &arena, &asked, &err),
                     0);
    assert_true(found[0] && str_is(found[0]->s, "m") && !found[1]);
    assert_int_equal(policy_request_read(image, &text, &arena, &asked, &err), REEVE_EINVAL);
    policy_image_unref(&image);
}

/* Names of as many bytes as there may be, and of one more; arguments likewise. */
static void bounds_what_it_reads(void **state)
{
    static const struct {
        const char *before, *after;
        size_t most;
    } fields[] = {
        {"{\"capability\":\"x\",\"subject\":\"u:", "\"}", POLICY_MAX_ASKED - 2},
        {"{\"capability\":\"x\",\"subject\":{\"type\":\"u\",\"id\":\"", "\"}}",
         POLICY_MAX_ASKED - 2},
        {"{" SUBJECT "\"capability\":\"", "\"}", POLICY_MAX_ASKED},
        {"{" SUBJECT "\"action\":{\"name\":\"", "\"}}", POLICY_MAX_ASKED},
        {OF("x") ",\"resource\":\"d:", "\"}", POLICY_MAX_ASKED - 2},
        {OF("x") ",\"args\":{\"a\":\"", "\"}}", POLICY_MAX_ARGS - 8},
    };
    (void)state;
    struct policy_image *image = must_compile(POLICY);
    for (size_t i = 0; i < 2 * BASE_COUNT(fields); i++) {
        auto_buf struct buf json = {0};
        auto_json struct json_text text = {0};
        struct arena arena auto_arena;
        struct policy_asked asked;
        struct reeve_error err = {0};
        arena_init(&arena, 0);
        buf_z(&json, fields[i / 2].before);
        for (size_t n = 0; n < fields[i / 2].most + i % 2; n++)
            buf_byte(&json, 'y');
        buf_z(&json, fields[i / 2].after);
        assert_int_equal(json_text_parse(buf_view(&json), &text, &err), 0);
        int rc = policy_request_read(image, &text, &arena, &asked, &err);
        if (rc != (i % 2 ? REEVE_EINVAL : 0))
            fail_msg("%s: %d, %s", fields[i / 2].before, rc, err.message);
    }
    policy_image_unref(&image);
}

/* ---- inputs ---- */

/* `shown`: the fields in order, what is unknown as ?; spent as budget/counted/link=amount. */
static const struct {
    const char *name, *json, *request;
    bool taken;
    const char *shown;
} inputs[] = {
    {"nothing", "{}", ASK, true, "? labels: chain: depth 0 children 0 bucket own"},
    {"a time", "{\"now\":\"1970-01-01T00:00:01Z\"}", ASK, true,
     "1000000000 labels: chain: depth 0 children 0 bucket own"},
    {"a time as records have it", "{\"now\":\"1970-01-01T00:00:01.000000007+00:00\"}", ASK, true,
     "1000000007 labels: chain: depth 0 children 0 bucket own"},
    {"no time", "{\"now\":\"yesterday\"}", ASK, false, "which is no time"},
    {"parts of a second that are none", "{\"now\":\"1970-01-01T00:00:01.Z\"}", ASK, false,
     "which is no time"},
    {"too many of them", "{\"now\":\"1970-01-01T00:00:01.0000000001Z\"}", ASK, false,
     "which is no time"},
    {"labels", "{\"labels\":[\"secret\",\"seen\"]}", ASK, true,
     "? labels: secret seen chain: depth 0 children 0 bucket own"},
    {"a label that is not declared", "{\"labels\":[\"sceret\"]}", ASK, false, "no label sceret"},
    {"a label that is no text", "{\"labels\":[1]}", ASK, false, "list of texts"},
    {"parents", "{\"chain\":[\"user:a\",{\"subject\":\"user:b\",\"properties\":{\"x\":1}}]}", ASK,
     true, "? labels: chain: user:a user:b{\"x\":1} depth 2 children 0 bucket own"},
    {"a parent in parts",
     "{\"chain\":[{\"subject\":{\"type\":\"user\",\"id\":\"a\",\"properties\":{\"x\":1}}}]}", ASK,
     true, "? labels: chain: user:a{\"x\":1} depth 1 children 0 bucket own"},
    {"a parent that is none", "{\"chain\":[\"user\"]}", ASK, false, "the parent must be type:id"},
    {"a parent that is a number", "{\"chain\":[7]}", ASK, false, "a parent is a JSON object"},
    {"too many parents",
     "{\"chain\":[\"u:1\",\"u:2\",\"u:3\",\"u:4\",\"u:5\",\"u:6\",\"u:7\",\"u:8\",\"u:9\",\"u:a\","
     "\"u:b\",\"u:c\",\"u:d\",\"u:e\",\"u:f\",\"u:g\",\"u:h\"]}",
     ASK, false, "at most 16 parents"},
    {"numbers", "{\"bucket\":99,\"depth\":3,\"children\":4,\"peer\":{\"uid\":1000}}", ASK, true,
     "? labels: chain: depth 3 children 4 bucket 99 uid 1000"},
    {"a bucket that there is not", "{\"bucket\":100}", ASK, false, "from 0 to 99"},
    {"a uid that there is not", "{\"peer\":{\"uid\":-1}}", ASK, false, "peer.uid is a whole"},
    {"flags and tool", "{\"flags\":{\"freeze\":true},\"tool\":{\"digest\":\"" HEX "\"}}", ASK, true,
     "? labels: chain: depth 0 children 0 bucket own flags tool " HEX},
    {"a digest that is none", "{\"tool\":{\"digest\":\"00\"}}", ASK, false, "tool.digest is a"},
    {"a digest in capitals",
     "{\"tool\":{\"digest\":"
     "\"00112233445566778899AABBCCDDEEFF00112233445566778899aabbccddeeff\"}}",
     ASK, false, "tool.digest is a"},
    {"a field that there is not", "{\"flag\":{}}", ASK, false, "did you mean flags"},
    {"a level is no input", "{\"level\":\"full\"}", ASK, false, "no field level"},
    {"what was spent, in brief", "{\"spent\":{\"one\":3}}", ASK, true,
     "? labels: chain: depth 0 children 0 bucket own 1/0/0=3"},
    {"of everyone in the session",
     "{\"chain\":[\"u:a\"],\"spent\":{\"one\":{\"calls\":1},\"both\":{\"network_out\":\"1KiB\","
     "\"tokens\":2}}}",
     ASK, true,
     "? labels: chain: u:a depth 1 children 0 bucket own 1/0/0=1 0/1/0=1024 0/1/1=1024 0/3/0=2 "
     "0/3/1=2"},
    {"of a parent", "{\"chain\":[{\"subject\":\"u:a\",\"spent\":{\"one\":4}}]}", ASK, true,
     "? labels: chain: u:a depth 1 children 0 bucket own 1/0/1=4"},
    {"of a parent, of what all spend",
     "{\"chain\":[{\"subject\":\"u:a\",\"spent\":{\"both\":{\"tokens\":4}}}]}", ASK, false,
     "not counted for each subject"},
    {"of a budget that there is not", "{\"spent\":{\"two\":3}}", ASK, false, "no budget two"},
    {"of what it does not count", "{\"spent\":{\"one\":{\"tokens\":3}}}", ASK, false,
     "no field tokens"},
    {"which of them", "{\"spent\":{\"both\":3}}", ASK, false, "counts several things"},
    {"less than nothing", "{\"spent\":{\"one\":-1}}", ASK, false, "is a whole number"},
    {"a size of calls", "{\"spent\":{\"one\":\"1KiB\"}}", ASK, false, "is a whole number"},
    {"a program as the broker found it",
     "{\"program\":{\"path\":\"/usr/bin/python3.11\",\"sha256\":\"" HEX "\"}}",
     OF("program.external") ",\"args\":[\"/usr/bin/python3\",[\"-c\"]]}", true,
     "? labels: chain: depth 0 children 0 bucket own {\"argv\":[\"-c\"],\"path\":"
     "\"/usr/bin/python3.11\",\"sha256\":\"" HEX "\"}"},
    {"its digest alone", "{\"program\":{\"sha256\":\"" HEX "\"}}",
     OF("program.rtfs") ",\"args\":[\"(+ 1 2)\"]}", true,
     "? labels: chain: depth 0 children 0 bucket own {\"sha256\":\"" HEX
     "\",\"source\":\"(+ 1 2)\"}"},
    {"what has no path", "{\"program\":{\"path\":\"/x\"}}",
     OF("program.rtfs") ",\"args\":[\"(+ 1 2)\"]}", false, "program.rtfs has no argument path"},
    {"a path that is not real", "{\"program\":{\"path\":\"/x/../y\"}}",
     OF("program.external") ",\"args\":[\"/x\"]}", false, "program.path is a real path"},
    {"arguments that do not fit stay as they stand", "{\"program\":{\"path\":\"/y\"}}",
     OF("program.external") ",\"args\":[7]}", true,
     "? labels: chain: depth 0 children 0 bucket own [7]"},
};

static void show_inputs(const struct reeve_inputs_view *in, struct str subject, struct buf *out)
{
    if (in->known >> POLICY_INPUT_NOW & 1)
        buf_printf(out, "%lld labels:", (long long)in->now_ns);
    else
        buf_z(out, "? labels:");
    for (uint32_t i = 0; i < in->nlabels; i++)
        buf_printf(out, " %.*s", (int)in->labels[i].n, in->labels[i].p);
    buf_z(out, " chain:");
    for (uint32_t i = 0; i < in->nchain; i++) {
        buf_printf(out, " %s", in->chain[i].text.p);
        if (in->chain[i].properties)
            json_exact(in->chain[i].properties, json_root(in->chain[i].properties), out);
    }
    buf_printf(out, " depth %u children %u bucket ", in->depth, in->children);
    if (in->bucket == policy_bucket(subject))
        buf_z(out, "own");
    else
        buf_printf(out, "%u", in->bucket);
    if (in->known >> POLICY_INPUT_PEER_UID & 1)
        buf_printf(out, " uid %u", in->peer_uid);
    if (in->known >> POLICY_INPUT_FLAGS & 1)
        buf_z(out, " flags");
    if (in->known >> POLICY_INPUT_TOOL_DIGEST & 1)
        buf_printf(out, " tool %.*s", (int)in->tool_digest.n, in->tool_digest.p);
    for (uint32_t i = 0; i < in->nspent; i++)
        buf_printf(out, " %u/%u/%u=%llu", in->spent[i].budget, in->spent[i].counted,
                   in->spent[i].link, (unsigned long long)in->spent[i].amount);
}

static void reads_inputs(void **state)
{
    (void)state;
    struct policy_image *image = must_compile(POLICY);
    for (size_t i = 0; i < BASE_COUNT(inputs); i++) {
        auto_json struct json_text text = {0}, given = {0};
        auto_arena struct arena arena;
        auto_buf struct buf out = {0};
        struct policy_asked asked;
        struct reeve_inputs_view in;
        struct reeve_error err = {0};
        arena_init(&arena, 0);
        assert_int_equal(json_text_parse(str_of(inputs[i].request), &text, &err), 0);
        assert_int_equal(json_text_parse(str_of(inputs[i].json), &given, &err), 0);
        assert_int_equal(policy_request_read(image, &text, &arena, &asked, &err), 0);
        int rc =
            policy_inputs_read(image, &given.doc, json_root(&given.doc), &asked, &arena, &in, &err);
        if (!rc)
            show_inputs(&in, asked.request.subject, &out);
        if (!rc && strstr(inputs[i].request, "program."))
            buf_printf(&out, " %s", asked.args_text.p);
        check(inputs[i].name, rc, inputs[i].taken, inputs[i].shown, &out, &err);
    }
    policy_image_unref(&image);
}

/* Nothing given is the same as an object without keys. */
static void reads_no_inputs(void **state)
{
    (void)state;
    struct policy_image *image = must_compile(POLICY);
    auto_json struct json_text text = {0};
    auto_arena struct arena arena;
    auto_buf struct buf out = {0};
    struct policy_asked asked;
    struct reeve_inputs_view in;
    struct reeve_error err = {0};
    arena_init(&arena, 0);
    assert_int_equal(json_text_parse(STR(ASK), &text, &err), 0);
    assert_int_equal(policy_request_read(image, &text, &arena, &asked, &err), 0);
    assert_int_equal(policy_inputs_read(image, NULL, NULL, &asked, &arena, &in, &err), 0);
    show_inputs(&in, asked.request.subject, &out);
    assert_string_equal(out.data, inputs[0].shown);
    policy_image_unref(&image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_requests),       cmocka_unit_test(keeps_what_is_the_callers),
        cmocka_unit_test(bounds_what_it_reads), cmocka_unit_test(reads_inputs),
        cmocka_unit_test(reads_no_inputs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
