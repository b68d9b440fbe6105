/*
 * A request's JSON text from anywhere, and behind the first NUL byte, if there is one, what is
 * given beside it: read, decided by one policy that looks at all that a request can say, explained
 * and granted. What is read holds what it promises, and a ceiling never permits more.
 */
#include "policy/inputs.h"

#include "tests/policy_text.h"

static const char policy[] =
    "reeve: policy/v1\nname: f\ndefaults: {level: controlled, limits: {wall: 3s}, approval: {by: "
    "[\"u:d\"], need: 1, within: 5m, covers: once}}\nlabels: [s, w]\n"
    "capabilities: {\"a.*\": {class: safe, effects: [network, money], mask: [args.p], args: {p: "
    "path, u: {type: url, optional: true}, k: {type: integer, optional: true, default: 1}}}}\n"
    "budgets: [{id: z, capability: [\"a.*\"], per: all, limits: {calls: {max: 9, window: 1h}}, "
    "when_spent: ask}, {id: v, per: subject, limits: {calls: {max: 9, window: 1h}, network_out: "
    "{max: 1MiB, window: 1h}}, when_spent: deny}]\n"
    "subjects: [{match: \"u:a\", level: full}]\n"
    "attributes: {subject.t: {type: string, from: entities}, context.c: {type: [int]}, "
    "broker.flags.f: {type: bool}}\nentities: {\"u:a\": {t: x}}\n"
    "rules:\n"
    "  - {id: a, effect: allow, subject: [\"u:*\"], capability: [\"a.*\"], when: {args.p: {under: "
    "/a}}, grant: {filesystem: {read: [\"${args.p}\"]}, network: [\"${args.u}\"]}}\n"
    "  - {id: b, effect: allow, subject: anyone, capability: [\"program.*\"], when: {args.path: "
    "{under: /usr}}, grant: {isolation: sandbox, filesystem: {read: [\"/home/${subject.id}\"]}}}\n"
    "  - {id: c, effect: deny, capability: [a.b], when: {any: [{subject.t: v}, {resource.o: {attr: "
    "subject.m}}, {context.c: {contains: 3}}, {args.l: {each: {like: \"x*\"}}}]}}\n"
    "  - {id: d, effect: ask, subject: anyone, capability: [x], resource: [\"d:*\"], labels: [s]}\n"
    "  - {id: e, effect: deny, capability: [\"*\"], when: {any: [{broker.labels: {contains: w}}, "
    "{broker.chain: {contains: \"u:x\"}}, {broker.flags.f: {eq: true, absent: false}}, "
    "{broker.tool.digest: {starts_with: \"00\", absent: false}}, {broker.peer.uid: {eq: 7, absent: "
    "false}}, {broker.depth: {gt: 4}}]}}\n";

static const struct policy_image *image(void)
{
    static struct policy_image *compiled;
    struct reeve_error err = {0};
    if (!compiled && compile_text(STR(policy), "f", NULL, NULL, &compiled, &err) != 0)
        abort();
    return compiled;
}

/* What is read is what it says it is: the parsed arguments are the text, the names are names. */
static void check_asked(const struct policy_asked *asked)
{
    auto_buf struct buf again = {0};
    json_exact(&asked->args, json_root(&asked->args), &again);
    if (!str_eq(buf_view(&again), asked->args_text) || asked->fits != !asked->why_not.code ||
        asked->args_text.n > POLICY_MAX_ARGS || asked->request.level >= CORE_LEVEL_COUNT ||
        !asked->request.capability.n || asked->request.subject.n > POLICY_MAX_ASKED)
        abort();
}

static enum core_effect decide(const struct policy_request *req,
                               const struct reeve_inputs_view *inputs)
{
    struct policy_decision d;
    struct core_grant grant;
    struct arena arena auto_arena;
    auto_buf struct buf why = {0};
    arena_init(&arena, 0);
    if (policy_decide(image(), req, inputs, &d) != 0)
        abort();
    policy_explain(image(), req, inputs, &d, &why);
    int rc = policy_grant(image(), req, inputs, &d, &arena, &grant, NULL);
    if ((rc == 0) != (d.effect != CORE_EFFECT_DENY) || (rc != 0 && !why.len))
        abort();
    return d.effect;
}

static void ask(const struct json_text *text, const struct json_text *given)
{
    struct arena arena auto_arena;
    struct policy_asked asked;
    struct reeve_inputs_view in, without;
    struct reeve_error err = {0};
    arena_init(&arena, 0);
    int rc = policy_request_read(image(), text, &arena, &asked, &err);
    if (rc && rc != REEVE_EINVAL && rc != REEVE_EFORMAT)
        abort();
    if (rc)
        return;
    check_asked(&asked);
    const struct json_node *root = given->bytes ? json_root(&given->doc) : NULL;
    if (policy_inputs_read(image(), &given->doc, root, &asked, &arena, &in, &err) != 0)
        return;
    check_asked(&asked);
    enum core_effect effect = decide(&asked.request, &in);
    asked.request.ceiling = NULL;
    without = in;
    without.nceilings = 0;
    if (effect != CORE_EFFECT_DENY && decide(&asked.request, &without) != effect)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    const uint8_t *nul = n ? memchr(data, 0, n) : NULL;
    struct str first = {(const char *)data, nul ? (size_t)(nul - data) : n};
    struct str rest = {nul ? (const char *)nul + 1 : NULL, nul ? n - first.n - 1 : 0};
    auto_json struct json_text text = {0}, given = {0};
    if (json_text_parse(first, &text, NULL) != 0)
        return 0;
    if (rest.n && json_text_parse(rest, &given, NULL) != 0)
        return 0;
    ask(&text, &given);
    return 0;
}
