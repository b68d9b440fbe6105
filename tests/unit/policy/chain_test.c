/*
 * Parents, budgets, shadow rules, nearest misses, approvers and what is told of them, sentence by
 * sentence: each row is named after what the language says.
 */
#include "hold.h"

static void chains(void **state)
{
#define KNOWN                                                                                      \
    TOP "entities: {\"u:a\": {team: red}, \"u:p\": {team: red}, \"u:q\": {team: blue}}\n"          \
        "attributes: {subject.team: {type: string, from: entities}}\nrules:\n" ALLOW(              \
            "k", ", when: {subject.team: red}, grant: {isolation: vm}")
#define TWO                                                                                        \
    RULES(                                                                                         \
        "  - {id: a, effect: allow, subject: [\"u:a\"], capability: [t.x], labels: [seen], "       \
        "grant: "                                                                                  \
        "{isolation: sandbox, network: [\"h.example:443\", \"other:443\"], limits: {wall: 1s}}}\n" \
        "  - {id: p, effect: allow, subject: [\"u:p\"], capability: [t.x], labels: [secret], "     \
        "obligations: [{type: told}], grant: {network: [\"h.example:any\"], limits: {wall: 2s, "   \
        "memory: 1MiB}}}\n"                                                                        \
        "  - {id: q, effect: ask, subject: [\"u:q\"], capability: [t.x]}\n"                        \
        "  - {id: d, effect: deny, subject: [\"u:d\", \"u:e\"]}\n"                                 \
        "  - {id: e, effect: deny, subject: [\"u:e\"], obligations: [{type: e}]}\n")
    static const struct hold_row rows[] = {
        {.sentence = "a parent without a rule denies",
         TWO,
         NULL,
         "deny reeve/default | strictest 1 ",
         .chain = {"u:z"}},
        {.sentence =
             "isolation maximum, limits minimum, reach intersection, labels and obligations union",
         TWO,
         NULL,
         "allow a |isolation 2 |labels seen secret |network 10000000000000 | 0:1000000000 | "
         "2:1048576 |obligations told | strictest 0 ",
         .chain = {"u:p"}},
        {.sentence = "ask if any asks, with all approvals; the rule is the strictest one's",
         TWO,
         NULL,
         "ask q |" DEFAULT_APPROVAL "| strictest 2 ",
         .chain = {"u:p", "u:q"}},
        {.sentence = "an ask that holds a parent cuts to what it would have granted that parent",
         RULES("  - {id: a, effect: allow, subject: [\"u:a\", \"u:b\"], capability: [t.x], grant: "
               "{filesystem: {read: [/home]}}}\n"
               "  - {id: g, effect: ask, subject: [\"u:b\"], capability: [t.x], when: {args.x: 1}, "
               "grant: {filesystem: {read: [\"/home/${subject.id}\"]}}}\n"),
         NULL,
         "ask a |requires g|files 000000000200000 ",
         .chain = {"u:b"}},
        {.sentence = "a parent is judged by its own properties",
         KNOWN,
         NULL,
         "allow k |strictest 0 ",
         .chain = {"u:p"}},
        {.sentence = "and not by its child's",
         KNOWN,
         NULL,
         "deny reeve/default |strictest 1 ",
         .chain = {"u:q"}},
        {.sentence = "deny if any denies",
         TWO,
         NULL,
         "deny d |!labels| strictest 2 ",
         .chain = {"u:q", "u:d"}},
        {.sentence = "the subject's first",
         TWO,
         NULL,
         "deny d | strictest 0 ",
         .subject = "u:d",
         .chain = {"u:e"}},
        {.sentence = "then the nearest parent's",
         TWO,
         NULL,
         "deny reeve/default | strictest 1 ",
         .chain = {"u:z", "u:d"}},
        {.sentence = "the subject's on a tie",
         TWO,
         NULL,
         "allow a | strictest 0 ",
         .chain = {"u:p"}},
        {.sentence = "level minimum",
         HEADER
         "defaults: {level: full}\nsubjects: [{match: \"u:p\", level: controlled}]\nrules:\n" ALLOW(
             "a", ""),
         NULL,
         "allow a level 1 ",
         .chain = {"u:p"}},
        {.sentence = "a template of the subject's id is each link's own",
         RULES(ALLOW("a", ", grant: {filesystem: {read: [\"/home/${subject.id}\"]}}")),
         NULL,
         "files 000000000000000 ",
         .chain = {"u:b"}},
        {.sentence = "a subject's id that is no segment matches no allow",
         RULES(ALLOW("a", ", grant: {filesystem: {read: [\"/home/${subject.id}\"]}}")),
         NULL,
         "deny reeve/default ",
         .subject = "u:a/b"},
        {.sentence = "and one that is, is one segment",
         RULES(ALLOW("a", ", grant: {filesystem: {read: [\"/home/${subject.id}/w\"]}}")),
         NULL,
         "files 000000000020000 "},
    };
    (void)state;
    RUN(rows);
}

static void budgets(void **state)
{
#define BUDGET(when, what)                                                                         \
    TOP "budgets: [{id: b, per: subject, when_spent: " when ", limits: {" what                     \
        "}, warn_at: [80%, 90%]}]\nrules:\n"
#define CALLS   "calls: {max: 10, window: 1h}"
#define NETWORK "network_out: {max: 4MiB, window: 1h}"
#define COST    "cost: {max: 10, unit: eur, window: 1h}"
    static const struct hold_row rows[] = {
        {.sentence = "what is left is counted",
         BUDGET("deny", CALLS) ALLOW("a", ""),
         NULL,
         "allow a |budgets 0 warned files",
         .spent = {{0, POLICY_COUNTED_CALLS, 0, 6}}},
        {.sentence = "a call is 1: the last one",
         BUDGET("deny", CALLS) ALLOW("a", ""),
         NULL,
         "allow a |warned 0 ",
         .spent = {{0, POLICY_COUNTED_CALLS, 0, 9}}},
        {.sentence = "exhausted if spent + share > max: denied, rule = the budget's id",
         BUDGET("deny", CALLS) ALLOW("a", ", labels: [seen]"),
         NULL,
         "deny b |!labels",
         .spent = {{0, POLICY_COUNTED_CALLS, 0, 10}}},
        {.sentence = "or asked",
         BUDGET("ask", CALLS) ALLOW("a", ""),
         NULL,
         "ask b |" DEFAULT_APPROVAL,
         .spent = {{0, POLICY_COUNTED_CALLS, 0, 10}}},
        {.sentence = "warned at 80%",
         BUDGET("deny", CALLS) ALLOW("a", ""),
         NULL,
         "warned 0 ",
         .spent = {{0, POLICY_COUNTED_CALLS, 0, 7}}},
        {.sentence = "bytes: its network limit",
         BUDGET("deny", NETWORK)
             ALLOW("a", ", grant: {network: [\"h.example:443\"], limits: {network_io: 1MiB}}"),
         NULL,
         "allow a ",
         .spent = {{0, POLICY_COUNTED_NETWORK_OUT, 0, 3 << 20}}},
        {.sentence = "a byte more",
         BUDGET("deny", NETWORK)
             ALLOW("a", ", grant: {network: [\"h.example:443\"], limits: {network_io: 1MiB}}"),
         NULL,
         "deny b ",
         .spent = {{0, POLICY_COUNTED_NETWORK_OUT, 0, (3 << 20) + 1}}},
        {.sentence = "a network without limit exceeds every budget",
         BUDGET("deny", NETWORK) ALLOW("a", ", grant: {network: [\"h.example:443\"]}"),
         NULL,
         "deny b "},
        {.sentence = "a require that cuts makes it fit",
         BUDGET("deny", NETWORK) ALLOW("a", ", grant: {network: [\"h.example:443\"]}")
             REQ("r", ", require: {within: {limits: {network_io: 1MiB}}}"),
         NULL,
         "allow a "},
        {.sentence = "cost: 0, settled after",
         BUDGET("deny", COST) ALLOW("a", ""),
         NULL,
         "allow a ",
         .spent = {{0, POLICY_COUNTED_COST, 0, 10}}},
        {.sentence = "more than it is exhausted",
         BUDGET("deny", COST) ALLOW("a", ""),
         NULL,
         "deny b ",
         .spent = {{0, POLICY_COUNTED_COST, 0, 11}}},
        {.sentence = "a parent's is its own",
         BUDGET("deny", CALLS) ALLOW("a", ""),
         NULL,
         "deny b | strictest 1 ",
         .chain = {"u:p"},
         .spent = {{0, POLICY_COUNTED_CALLS, 1, 10}}},
        {.sentence = "a deny is named before the budget",
         BUDGET("deny", CALLS) DENY("d", ""),
         NULL,
         "deny d ",
         .spent = {{0, POLICY_COUNTED_CALLS, 0, 10}}},
    };
    (void)state;
    RUN(rows);
}

static void shadows(void **state)
{
    static const struct hold_row rows[] = {
        {.sentence = "a shadow rule decides nothing",
         RULES(ALLOW("a", "") DENY("d", ", mode: shadow")),
         NULL,
         "allow a |shadow deny d| differs "},
        {.sentence = "shadow = enforcing + shadow - replaced",
         RULES(DENY("d", "") ALLOW("a", "") ALLOW("s", ", mode: shadow, replaces: d")),
         NULL,
         "deny d |shadow allow a| differs "},
        {.sentence = "a shadow rule permits nothing",
         RULES(ALLOW("s", ", mode: shadow")),
         NULL,
         "deny reeve/default |shadow allow s| differs "},
        {.sentence = "nothing that differs",
         RULES(ALLOW("a", "") ALLOW("s", ", mode: shadow")),
         NULL,
         "allow a |!differs"},
        {.sentence = "a grant that differs",
         RULES(ALLOW("b", "") ALLOW("a", ", mode: shadow, grant: {network: [\"h.example:1\"]}")),
         NULL,
         "allow b |shadow allow a| differs "},
        {.sentence = "a require that would cut",
         RULES(ALLOW("a", "") REQ("r", ", mode: shadow, require: {within: {network: []}}")),
         NULL,
         "requires approvals| differs "},
        {.sentence = "labels follow the enforced one",
         RULES(ALLOW("b", "") ALLOW("a", ", mode: shadow, labels: [secret]")),
         NULL,
         "!secret|!differs"},
        {.sentence = "mode: enforce is the rule",
         RULES(ALLOW("a", ", mode: enforce")),
         NULL,
         "allow a |!differs"},
    };
    (void)state;
    RUN(rows);
}

static void nearest(void **state)
{
    static const struct hold_row rows[] = {
        {.sentence = "the one with the fewest failing conditions",
         RULES(ALLOW("a", ", when: {args.n: 1, args.m: 2}") ALLOW("b", ", when: {args.n: 1}")),
         "{\"n\":2}",
         "nearest b 1 0"},
        {.sentence = "ties by precedence",
         RULES("  - {id: a, effect: allow, subject: anyone, capability: [\"t.*\"], when: {args.n: "
               "1}}\n" ALLOW("b", ", when: {args.n: 1}")),
         "{\"n\":2}",
         "nearest b 1 0"},
        {.sentence = "conditions that are unknown",
         RULES(ALLOW("a", ", when: {args.n: 1, args.m: 2}")),
         "{\"n\":2}",
         "nearest a 2 1"},
        {.sentence = "asks too",
         RULES(ASK("a", ", when: {args.n: 1}")),
         "{\"n\":2}",
         "nearest a 1 0"},
        {.sentence = "a resource, a time and a template are one each",
         RULES(ALLOW("a", ", resource: [\"d:a\"], valid: {from: \"1970-01-01T00:01:40Z\"}, grant: "
                          "{network: [\"${args.u}\"]}")),
         NULL,
         "nearest a 3 0"},
        {.sentence = "none whose subject and capability match",
         RULES("  - {id: a, effect: allow, subject: [\"u:b\"], capability: [t.x]}\n"),
         NULL,
         "deny reeve/default |!nearest"},
        {.sentence = "of the link that was denied",
         RULES("  - {id: a, effect: allow, subject: [\"u:a\"], capability: [t.x]}\n"
               "  - {id: p, effect: allow, subject: [\"u:p\"], capability: [t.x], when: {args.n: "
               "1}}\n"),
         "{\"n\":2}",
         "nearest p 1 0",
         .chain = {"u:p"}},
    };
    (void)state;
    RUN(rows);
}

/* More than can be carried is a deny, never fewer requires. */
static void bounded(void **state)
{
    (void)state;
    auto_buf struct buf text = {0};
    buf_z(&text, RULES(ALLOW("a", "")));
    for (unsigned i = 0; i < POLICY_MAX_HELD; i++)
        buf_printf(&text, REQ("r%u", ", require: {isolation: process}"), i);
    struct hold_row row = {
        .sentence = "as many as are held", text.data, NULL, "allow a |requires r0 r1 r10 "};
    hold_run(&row, 1);
    buf_z(&text, REQ("z", ", require: {isolation: vm}"));
    row = (struct hold_row){.sentence = "one more", text.data, NULL, "deny reeve/bound "};
    hold_run(&row, 1);
}

static void approvers(void **state)
{
    (void)state;
    struct policy_image *image = must_compile(RULES(ASK("a", ", " BY("group:ops"))));
    struct question q = {.subject = "user:ana", .capability = "t.x"};
    auto_json struct json_text text;
    struct policy_request req = ask(&q, &text);
    struct policy_subject chain[] = {{STR("user:bob"), NULL}};
    struct reeve_inputs_view inputs = {.chain = chain}, with = {.chain = chain, .nchain = 1};
    struct policy_decision d;
    assert_int_equal(policy_decide(image, &req, &inputs, &d), 0);
    uint32_t a = d.approvals.v[0];
    assert_true(policy_may_approve(image, a, STR("user:bob"), &req, &inputs));
    assert_false(policy_may_approve(image, a, STR("user:ana"), &req, &inputs)); /* the requester */
    assert_false(policy_may_approve(image, a, STR("user:bob"), &req, &with));   /* its parent */
    assert_false(policy_may_approve(image, a, STR("user:eve"), &req, &inputs));
    assert_false(policy_may_approve(image, 7, STR("user:bob"), &req, &inputs));
    policy_image_unref(&image);
}

static void told(void **state)
{
    static const struct {
        const char *policy, *sentence;
        uint64_t calls;
    } rows[] = {
        {RULES(ASK("a", ", reason: \"Because\", " BY("group:ops"))),
         "approval is needed by 1 of group:ops: Because", 0},
        {RULES(ALLOW("a", ", reason: \"Why\"")
                   ASK("b", ", reason: \"Because\", when: {args.n: 1}, " BY("group:ops"))),
         "approval is needed by 1 of group:ops: Why; b holds it: Because", 0},
        {BUDGET("deny", CALLS) ALLOW("a", ""), "budget b is spent: calls 10 of 10", 10},
        {RULES(ALLOW("a", ", resource: [\"d:a\"]")),
         "no rule permits t.x to u:a like this; the nearest is a: resource must be d:a, and is "
         "missing",
         0},
        {RULES(ALLOW("a", ", valid: {from: \"1970-01-01T00:01:40Z\"}")),
         "no rule permits t.x to u:a like this; the nearest is a: it is valid from "
         "1970-01-01T00:01:40",
         0},
        {RULES(ALLOW("a", ", when: {args.n: 1, args.m: 2}")),
         "args.n must be 1, and is missing; 1 more of its conditions does not hold; could not be "
         "judged: args.n, args.m",
         0},
        {RULES(ALLOW("a", ", grant: {network: [\"${args.u}\"]}")),
         "args.u must be a URL that can be read for certain, and is missing", 0},
    };
    (void)state;
    for (size_t i = 0; i < BASE_COUNT(rows); i++) {
        struct policy_image *image = must_compile(rows[i].policy);
        struct question q = {.subject = "u:a", .capability = "t.x"};
        auto_json struct json_text text;
        auto_buf struct buf out = {0};
        struct policy_request req = ask(&q, &text);
        struct policy_spent spent = {0, POLICY_COUNTED_CALLS, 0, rows[i].calls};
        struct reeve_inputs_view inputs = {.spent = &spent, .nspent = 1, .spent_all = true};
        struct policy_decision d;
        assert_int_equal(policy_decide(image, &req, &inputs, &d), 0);
        policy_explain(image, &req, &inputs, &d, &out);
        if (!strstr(out.data, rows[i].sentence))
            fail_msg("\"%s\" has no \"%s\"", out.data, rows[i].sentence);
        policy_image_unref(&image);
    }
}

/* What has been spent is unknown where nobody says it, and an unknown amount is no amount that is
 * left: of each link, of each thing that a budget counts. */
static void what_is_not_known_to_be_left(void **state)
{
    static const struct {
        const char *limits, *chain, *sentence;
        struct policy_spent spent[4];
        uint32_t n;
        bool all, permitted;
    } rows[] = {
        {"calls: {max: 9, window: 1h}", NULL, "calls (not known) of 9", {{0}}, 0, false, false},
        {"calls: {max: 9, window: 1h}", NULL, NULL, {{0}}, 0, true, true},
        {"calls: {max: 9, window: 1h}",
         NULL,
         NULL,
         {{0, POLICY_COUNTED_CALLS, 0, 8}},
         1,
         false,
         true},
        {"calls: {max: 9, window: 1h}, tokens: {max: 5, window: 1h}",
         NULL,
         "calls 8 of 9, tokens (not known) of 5",
         {{0, POLICY_COUNTED_CALLS, 0, 8}},
         1,
         false,
         false},
        {"calls: {max: 9, window: 1h}",
         "u:p",
         "calls (not known) of 9",
         {{0, POLICY_COUNTED_CALLS, 0, 8}},
         1,
         false,
         false},
        {"calls: {max: 9, window: 1h}",
         "u:p",
         NULL,
         {{0, POLICY_COUNTED_CALLS, 0, 8}, {0, POLICY_COUNTED_CALLS, 1, 8}},
         2,
         false,
         true},
    };
    (void)state;
    for (size_t i = 0; i < BASE_COUNT(rows); i++) {
        auto_buf struct buf policy = {0}, out = {0};
        buf_printf(&policy,
                   TOP
                   "budgets: [{id: b, per: subject, limits: {%s}, when_spent: deny}]\nrules:\n%s",
                   rows[i].limits, ALLOW("a", ""));
        struct policy_image *image = must_compile(policy.data);
        struct question q = {.subject = "u:a", .capability = "t.x"};
        auto_json struct json_text text;
        struct policy_request req = ask(&q, &text);
        struct policy_subject chain = {str_of(rows[i].chain ? rows[i].chain : ""), NULL};
        struct reeve_inputs_view inputs = {.spent = rows[i].spent,
                                           .nspent = rows[i].n,
                                           .spent_all = rows[i].all,
                                           .chain = &chain,
                                           .nchain = rows[i].chain != NULL};
        struct policy_decision d;
        assert_int_equal(policy_decide(image, &req, &inputs, &d), 0);
        assert_int_equal(d.effect, rows[i].permitted ? CORE_EFFECT_ALLOW : CORE_EFFECT_DENY);
        policy_explain(image, &req, &inputs, &d, &out);
        if (rows[i].sentence && !strstr(out.data, rows[i].sentence))
            fail_msg("\"%s\" has no \"%s\"", out.data, rows[i].sentence);
        policy_image_unref(&image);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chains),
        cmocka_unit_test(budgets),
        cmocka_unit_test(what_is_not_known_to_be_left),
        cmocka_unit_test(shadows),
        cmocka_unit_test(nearest),
        cmocka_unit_test(bounded),
        cmocka_unit_test(approvers),
        cmocka_unit_test(told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
