/*
 * Asks, requires, selectors and validity, sentence by sentence: each row is named after what the
 * language says.
 */
#include "hold.h"

static void asks(void **state)
{
    static const struct hold_row rows[] = {
        {.sentence = "candidate = the best ask that is true, else the best allow",
         RULES(ALLOW("a", "") ASK("b", "")),
         NULL,
         "ask b "},
        {.sentence = "an ask that is false leaves the allow",
         RULES(ALLOW("a", "") ASK("b", ", when: {args.n: 1}")),
         "{\"n\":2}",
         "allow a |approvals  labels"},
        {.sentence = "ask on unknown gates: an allow becomes an ask",
         RULES(ALLOW("a", "") ASK("b", ", when: {args.n: 1}")),
         NULL,
         "ask a |approvals " DEFAULT_APPROVAL " labels"},
        {.sentence = "a gate permits nothing by itself",
         RULES(ASK("b", ", when: {args.n: 1}")),
         NULL,
         "deny reeve/default "},
        {.sentence = "a template that cannot be filled in makes an ask a gate",
         RULES(ALLOW("a", "") ASK("b", ", grant: {filesystem: {read: [\"${args.p}\"]}}")),
         NULL,
         "ask a "},
        {.sentence = "denies precede asks", RULES(ASK("b", "") DENY("d", "")), NULL, "deny d "},
        {.sentence = "at pure nobody is asked",
         RULES(ASK("b", "")),
         NULL,
         "deny reeve/pure ",
         .level = "pure"},
        {.sentence = "asks hold at full",
         HEADER "defaults: {level: full}\nrules:\n" ASK("b", ", " BY("user:x")),
         NULL,
         "ask b |files 000000000000000 "},
        {.sentence = "a gate holds with its labels, and is told",
         RULES(ALLOW("a", ", labels: [seen]") ASK("b", ", when: {args.n: 1}, labels: [secret]")),
         NULL,
         "ask a |requires b |labels seen secret budgets"},
        {.sentence = "an ask that is false holds nothing",
         RULES(ALLOW("a", ", labels: [seen]") ASK("b", ", when: {args.n: 1}, labels: [secret]")),
         "{\"n\":2}",
         "allow a |labels seen budgets"},
        {.sentence = "the named ask is not said to hold itself",
         RULES(ASK("b", ", when: {args.n: 1}, labels: [secret]")),
         "{\"n\":1}",
         "ask b |requires approvals|labels secret budgets"},
        {.sentence = "gates hold at full",
         HEADER "defaults: {level: full}\nrules:\n" ASK("b", ", when: {args.n: 1}, " BY("user:x")),
         NULL,
         "ask reeve/full |user:x|files 444444444444444 "},
        {.sentence = "its own approval replaces the default whole",
         RULES(ASK("b", ", " BY("group:ops"))),
         NULL,
         "approvals 1 300000000000 0 group:ops labels"},
        {.sentence = "its own grant",
         RULES(ALLOW("a", ", grant: {isolation: sandbox}") ASK("b", ", grant: {isolation: vm}")),
         NULL,
         "ask b |isolation 3 "},
        {.sentence = "else that of the allow that would have been chosen",
         RULES(ALLOW("a", ", grant: {isolation: sandbox, network: [\"h.example:443\"]}")
                   ASK("b", "")),
         NULL,
         "ask b |isolation 2 |network 1"},
        {.sentence = "else empty", RULES(ASK("b", "")), NULL, "ask b |network 00000000000000 "},
        {.sentence = "within one file only the most specific is answered",
         RULES(ASK("b", ", " BY("user:x")) "  - {id: c, effect: ask, subject: anyone, capability: "
                                           "[\"t.*\"], " BY("user:y") "}\n"),
         NULL,
         "ask b |user:x|!user:y"},
        {.sentence = "a gate that precedes the true ask is answered too",
         RULES(ASK("b", ", when: {args.n: 1}, " BY("user:x")) "  - {id: c, effect: ask, subject: "
                                                              "anyone, capability: [\"t.*\"], " BY(
                                                                  "user:y") "}\n"),
         NULL,
         "ask c |user:y; 1 300000000000 0 user:x"},
        {.sentence = "each gate is, since any of them might be the most specific",
         RULES(ALLOW("a", "") ASK("b", ", when: {args.n: 1}, " BY("user:x"))
                   ASK("c", ", when: {args.m: 1}, " BY("user:y"))),
         NULL,
         "ask a |user:x; 1 300000000000 0 user:y"},
        {.sentence = "and one that does not is not",
         RULES(ASK("b", ", " BY("user:x")) "  - {id: c, effect: ask, subject: anyone, capability: "
                                           "[\"t.*\"], when: {args.n: 1}, " BY("user:y") "}\n"),
         NULL,
         "ask b |!user:y"},
    };
    (void)state;
    RUN(rows);
}

static void requires(void **state)
{
    static const struct hold_row rows[] = {
        {.sentence = "a require permits nothing",
         RULES(REQ("r", ", require: {isolation: vm}")),
         NULL,
         "deny reeve/default "},
        {.sentence = "all matching requires hold together; isolation = maximum",
         RULES(ALLOW("a", "") REQ("r", ", require: {isolation: sandbox}")
                   REQ("q", ", require: {isolation: process}")),
         NULL,
         "allow a |isolation 2 requires q r "},
        {.sentence = "what a rule writes stronger stays stronger",
         RULES(ALLOW("a", ", grant: {isolation: vm}") REQ("r", ", require: {isolation: sandbox}")),
         NULL,
         "isolation 3 "},
        {.sentence = "on unknown it matches",
         RULES(ALLOW("a", "") REQ("r", ", when: {args.n: 1}, require: {isolation: vm}")),
         NULL,
         "isolation 3 "},
        {.sentence = "on false it does not",
         RULES(ALLOW("a", "") REQ("r", ", when: {args.n: 1}, require: {isolation: vm}")),
         "{\"n\":2}",
         "isolation 1 requires approvals"},
        {.sentence = "approvals turn allow into ask",
         RULES(ALLOW("a", "") REQ("r", ", require: {" BY("user:x") "}")),
         NULL,
         "ask a |approvals 1 300000000000 0 user:x "},
        {.sentence = "approvals add up",
         RULES(ASK("a", "") REQ("r", ", require: {" BY("user:x") "}")
                   REQ("s", ", require: {" BY("user:y") "}")),
         NULL,
         DEFAULT_APPROVAL "; 1 300000000000 0 user:x; 1 300000000000 0 user:y labels"},
        {.sentence = "approvals that are written alike are one",
         RULES(ASK("a", "") REQ("r", ", require: {" BY("user:d") "}")),
         NULL,
         "approvals " DEFAULT_APPROVAL " labels"},
        {.sentence = "a name that reads like two is not those two",
         RULES(ASK("a", "") REQ("r", ", require: {" BY("user:x, user:y") "}")
                   REQ("s", ", require: {" BY("user:x\", \"user:y") "}")),
         NULL,
         DEFAULT_APPROVAL "; 1 300000000000 0 user:x, user:y; 1 300000000000 0 user:x, user:y "},
        {.sentence = "requires hold at full",
         HEADER "defaults: {level: full}\nrules:\n" REQ(
             "r", ", require: {isolation: vm, within: {network: [\"h.example:443\"]}}"),
         NULL,
         "allow reeve/full |isolation 3 |files 444444444444444 network 10000000000000 "},
        {.sentence = "limits = minimum of each",
         RULES(ALLOW("a", ", grant: {limits: {wall: 10m, memory: 1MiB}}")
                   REQ("r", ", require: {within: {limits: {wall: 1m, memory: 2MiB}}}")
                       REQ("s", ", require: {within: {limits: {wall: 2m}}}")),
         NULL,
         " 0:60000000000 | 2:1048576 "},
        {.sentence = "a require lengthens nothing: the level's limit stays",
         RULES(ALLOW("a", "") REQ("r", ", require: {within: {limits: {wall: 1m}}}")),
         NULL,
         " 0:5000000000 "},
        {.sentence = "best_effort never within a require",
         RULES(ALLOW("a", ", grant: {limits: {cpu: 1s, best_effort: [cpu]}}")
                   REQ("r", ", require: {within: {limits: {cpu: 2s}}}")),
         NULL,
         " 1:1000000000 |!1:1000000000!"},
        {.sentence = "network = intersection",
         RULES(ALLOW("a", ", grant: {network: [\"h.example:443\", \"other:443\"]}") REQ(
             "r", ", require: {within: {network: [\"*.example:any\", \"h.example:443\"]}}")),
         NULL,
         "network 10000000000000 "},
        {.sentence = "files = intersection",
         RULES(ALLOW("a", ", grant: {filesystem: {write: [/a], execute: [/a]}}")
                   REQ("r", ", require: {within: {filesystem: {read: [/], write: [/a/b]}}}")),
         NULL,
         "files 023302"},
        {.sentence = "environment = intersection",
         RULES(ALLOW("a", ", grant: {environment: [A, B=1, C]}")
                   REQ("r", ", require: {within: {environment: [A=2, B=2]}}")),
         NULL,
         "environment =2---- names"},
        {.sentence = "a key that a require does not write is not cut",
         RULES(ALLOW("a", ", grant: {environment: [A], network: [\"other:443\"]}")
                   REQ("r", ", require: {within: {environment: []}}")),
         NULL,
         "network 00001000000000 environment ----- names"},
        {.sentence = "equal obligations of several rules are one",
         RULES(ALLOW("a", ", obligations: [{type: one, properties: {n1: 1, n2: 2}}]")
                   REQ("r", ", obligations: [{type: two}, {type: one, properties: {n2: 2, n1: 1}}]")
                       REQ("s", ", obligations: [{type: two}]")),
         NULL,
         "obligations one; two shadow"},
        {.sentence = "obligations: of the named rule and of all matching requires",
         RULES(ALLOW("a", ", obligations: [{type: one}]") REQ("r", ", obligations: [{type: two}]")),
         NULL,
         "obligations one; two "},
        {.sentence = "of a deny only its own",
         RULES(DENY("d", ", obligations: [{type: one}]") REQ("r", ", obligations: [{type: two}]")),
         NULL,
         "deny d |obligations one shadow"},
        {.sentence = "labels are those of the named rule and of the requires",
         RULES(ALLOW("a", ", labels: [seen]") REQ("r", ", labels: [secret]")),
         NULL,
         "labels seen secret budgets"},
        {.sentence = "subject defaults to anyone, capability to *",
         RULES(ALLOW("a", "") REQ("r", ", labels: [seen]")),
         NULL,
         "requires r "},
    };
    (void)state;
    RUN(rows);
}

static void selectors(void **state)
{
    static const struct hold_row rows[] = {
        {.sentence = "effects select by effect",
         TOP SAFE "rules:\n  - {id: a, effect: allow, subject: anyone, effects: [compute]}\n",
         NULL,
         "allow a |class 1"},
        {.sentence = "with capability both must match",
         TOP SAFE
         "rules:\n  - {id: a, effect: allow, subject: anyone, effects: [network], capability: "
         "[t.x]}\n",
         NULL,
         "deny reeve/default "},
        {.sentence = "an unknown capability has no effect for an allow",
         RULES("  - {id: a, effect: allow, subject: anyone, effects: [network]}\n"),
         NULL,
         "deny reeve/default |class 2"},
        {.sentence = "nor for an ask",
         RULES("  - {id: a, effect: ask, subject: anyone, effects: [network]}\n"),
         NULL,
         "deny reeve/default "},
        {.sentence = "and all effects for a deny",
         RULES(ALLOW("a", "") DENY("d", ", effects: [network]")),
         NULL,
         "deny d "},
        {.sentence = "and for a require",
         RULES(ALLOW("a", "") REQ("r", ", effects: [network], labels: [seen]")),
         NULL,
         "requires r "},
        {.sentence = "an entry that names no effects leaves them unknown",
         TOP "capabilities: {t.x: {class: safe}}\nrules:\n" ALLOW("a", "")
             DENY("d", ", effects: [network]"),
         NULL,
         "deny d |class 1"},
        {.sentence = "the most specific entry wins",
         TOP
         "capabilities: {\"t.*\": {class: dangerous}, t.x: {class: safe}, \"*\": {class: pure}}\n"
         "rules:\n" ALLOW("a", ""),
         NULL,
         "class 1|isolation 0"},
        {.sentence = "a policy may raise a class",
         TOP "capabilities: {ccos.echo: {class: dangerous}}\nrules:\n  - {id: a, effect: allow, "
             "subject: "
             "anyone, capability: [ccos.echo]}\n",
         NULL,
         "class 2|isolation 1",
         .capability = "ccos.echo"},
        {.sentence = "and add effects",
         TOP "capabilities: {ccos.echo: {effects: [network]}}\nrules:\n  - {id: a, effect: allow, "
             "subject: anyone, capability: [ccos.echo]}\n" DENY("d", ", effects: [network]"),
         NULL,
         "deny d ",
         .capability = "ccos.echo"},
        {.sentence = "adding effects takes none away",
         TOP "capabilities: {ccos.echo: {effects: [network]}}\nrules:\n  - {id: a, effect: allow, "
             "subject: anyone, effects: [compute]}\n",
         NULL,
         "allow a ",
         .capability = "ccos.echo"},
        {.sentence = "lower: REASON lowers the class and the effects",
         TOP "capabilities: {ccos.io.read-file: {class: safe, effects: [compute], lower: why}}\n"
             "rules:\n  - {id: a, effect: allow, subject: anyone, capability: "
             "[ccos.io.read-file]}\n" DENY("d", ", effects: [filesystem]"),
         NULL,
         "allow a |class 1",
         .capability = "ccos.io.read-file"},
        {.sentence = "a pattern does not reach what ships",
         TOP "capabilities: {\"ccos.*\": {class: pure, effects: [ai]}}\nrules: []\n",
         NULL,
         "class 2",
         .capability = "ccos.io.read-file"},
        {.sentence = "without a resource allow and ask do not match",
         RULES(ALLOW("a", ", resource: [\"d:*\"]") ASK("b", ", resource: [\"d:*\"]")),
         NULL,
         "deny reeve/default "},
        {.sentence = "deny and require do",
         RULES(ALLOW("a", "") REQ("r", ", resource: [\"d:*\"], labels: [seen]")),
         NULL,
         "requires r "},
        {.sentence = "a deny with a resource and none",
         RULES(ALLOW("a", "") DENY("d", ", capability: [t.x], resource: [\"d:*\"]")),
         NULL,
         "deny d "},
        {.sentence = "a resource that fits",
         RULES(ALLOW("a", ", resource: [\"e:1\", \"d:a*\"]")),
         NULL,
         "allow a ",
         .resource = "d:abc"},
        {.sentence = "a resource that does not",
         RULES(ALLOW("a", "") DENY("d", ", capability: [t.x], resource: [\"d:a*\"]")),
         NULL,
         "allow a ",
         .resource = "d:b"},
        {.sentence = "resource does not count in precedence",
         RULES(ALLOW("b", ", resource: [\"d:a\"]") ALLOW("a", "")),
         NULL,
         "allow a ",
         .resource = "d:a"},
    };
    (void)state;
    RUN(rows);
}

static void validity(void **state)
{
#define VALID ", valid: {from: \"1970-01-01T00:01:40Z\", until: \"1970-01-01T00:03:20Z\"}"
    static const struct hold_row rows[] = {
        {.sentence = "before from",
         RULES(ALLOW("a", VALID)),
         NULL,
         "deny reeve/default ",
         .now_s = 99},
        {.sentence = "from is included", RULES(ALLOW("a", VALID)), NULL, "allow a ", .now_s = 100},
        {.sentence = "the last moment", RULES(ALLOW("a", VALID)), NULL, "allow a ", .now_s = 199},
        {.sentence = "until is excluded",
         RULES(ALLOW("a", VALID)),
         NULL,
         "deny reeve/default ",
         .now_s = 200},
        {.sentence = "a deny that is over",
         RULES(ALLOW("a", "") DENY("d", VALID)),
         NULL,
         "allow a ",
         .now_s = 200},
        {.sentence = "an offset in the place of Z",
         RULES(ALLOW("a", ", valid: {until: \"1970-01-01T02:00:01+02:00\"}")),
         NULL,
         "deny reeve/default ",
         .now_s = 1},
    };
    (void)state;
    RUN(rows);
}

/* An ask that cannot be judged is one, under however many of its patterns it is found. */
static void a_gate_of_many_patterns_is_one(void **state)
{
    (void)state;
    auto_buf struct buf policy = {0};
    buf_z(&policy, RULES(ALLOW("a", "")) "  - {id: b, effect: ask, subject: anyone, when: {args.n: "
                                         "1}, capability: [");
    for (unsigned i = 0; i < 3 * POLICY_MAX_HELD; i++) {
        buf_printf(&policy, "%s\"t", i ? "\", " : "");
        for (unsigned bit = 0; bit < 8; bit++)
            buf_z(&policy, i >> bit & 1 ? ".*" : ".x");
        buf_z(&policy, ".x");
    }
    buf_z(&policy,
          "\"]}\n" ALLOW("c", "") "  - {id: d, effect: allow, subject: anyone, capability: "
                                  "[t.x.x.x.x.x.x.x.x.x]}\n");
    const struct hold_row rows[] = {{.sentence = "a gate of many patterns is one",
                                     .policy = policy.data,
                                     .parts = "ask d |requires b |approvals " DEFAULT_APPROVAL,
                                     .capability = "t.x.x.x.x.x.x.x.x.x"}};
    RUN(rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(asks),
        cmocka_unit_test(requires),
        cmocka_unit_test(selectors),
        cmocka_unit_test(validity),
        cmocka_unit_test(a_gate_of_many_patterns_is_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
