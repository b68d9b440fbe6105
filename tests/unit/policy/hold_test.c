/*
 * What holds a request, sentence by sentence: each row is named after what the language says, asks
 * one policy one question, and looks for parts of the whole answer (see engine.h).
 */
#include "support.h"

#include "engine.h"
#include "naive.h"

#define TOP                                                                                        \
    HEADER "defaults: {level: controlled, approval: {by: [\"user:d\"], need: 1, within: 5m, "      \
           "covers: once}}\n"                                                                      \
           "labels: [seen, secret]\n"                                                              \
           "groups: {ops: [\"user:ana\", \"user:bob\"]}\n"
#define RULES(text) TOP "rules:\n" text
#define ALLOW(id, rest)                                                                            \
    "  - {id: " id ", effect: allow, subject: anyone, capability: [t.x]" rest "}\n"
#define ASK(id, rest)    "  - {id: " id ", effect: ask, subject: anyone, capability: [t.x]" rest "}\n"
#define DENY(id, rest)   "  - {id: " id ", effect: deny" rest "}\n"
#define REQ(id, rest)    "  - {id: " id ", effect: require" rest "}\n"
#define BY(who)          "approval: {by: [\"" who "\"], need: 1, within: 5m, covers: once}"
#define DEFAULT_APPROVAL "1 300000000000 0 user:d"
#define SAFE             "capabilities: {\"t.*\": {class: safe, effects: [compute]}}\n"

/* `parts`: what the answer has, separated by `|`; one that begins with `!` is not there. */
struct row {
    const char *sentence, *policy, *args, *parts;
    const char *subject, *resource, *level, *capability;
    const char *chain[3];
    int64_t now_s;
    struct policy_spent spent[2];
};

static void check_parts(const struct row *r, const char *answer)
{
    char parts[512];
    (void)snprintf(parts, sizeof parts, "%s", r->parts);
    char *rest = NULL;
    for (char *p = strtok_r(parts, "|", &rest); p; p = strtok_r(NULL, "|", &rest)) {
        bool absent = p[0] == '!';
        if ((strstr(answer, p + absent) != NULL) == absent)
            fail_msg("%s: \"%s\" in\n%s\n%s", r->sentence, p, answer, r->policy);
    }
}

static void run(const struct row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct row *r = &rows[i];
        struct policy_image *image = must_compile(r->policy);
        struct question q = {r->subject ? r->subject : "u:a", r->capability ? r->capability : "t.x",
                             r->args, r->level};
        auto_json struct json_text text;
        struct policy_request req = ask(&q, &text);
        struct policy_subject chain[3] = {0};
        struct reeve_inputs_view inputs = {.now_ns = r->now_s * INT64_C(1000000000),
                                           .chain = chain,
                                           .spent = r->spent,
                                           .nspent = 2};
        for (; inputs.nchain < 3 && r->chain[inputs.nchain]; inputs.nchain++)
            chain[inputs.nchain].text = str_of(r->chain[inputs.nchain]);
        if (r->resource)
            req.resource = str_of(r->resource);
        auto_buf struct buf answer = {0};
        struct policy_decision d;
        engine_answer(image, &req, &inputs, &d, &answer);
        buf_printf(&answer, " strictest %u%s ", d.strictest, d.shadow.differs ? " differs" : "");
        check_parts(r, answer.data);
        policy_image_unref(&image);
    }
}
#define RUN(rows) run(rows, BASE_COUNT(rows))

static void asks(void **state)
{
    static const struct row rows[] = {
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
        {.sentence = "else empty", RULES(ASK("b", "")), NULL, "ask b |network 0000000000 "},
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
    static const struct row rows[] = {
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
        {.sentence = "requires hold at full",
         HEADER "defaults: {level: full}\nrules:\n" REQ(
             "r", ", require: {isolation: vm, within: {network: [\"h.example:443\"]}}"),
         NULL,
         "allow reeve/full |isolation 3 |files 444444444444444 network 1000000000 "},
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
         "network 1000000000 "},
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
         "network 0000100000 environment ----- names"},
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
    static const struct row rows[] = {
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
    static const struct row rows[] = {
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

static void chains(void **state)
{
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
    static const struct row rows[] = {
        {.sentence = "a parent without a rule denies",
         TWO,
         NULL,
         "deny reeve/default | strictest 1 ",
         .chain = {"u:z"}},
        {.sentence =
             "isolation maximum, limits minimum, reach intersection, labels and obligations union",
         TWO,
         NULL,
         "allow a |isolation 2 |labels seen secret |network 1000000000 | 0:1000000000 | "
         "2:1048576 |obligations told | strictest 0 ",
         .chain = {"u:p"}},
        {.sentence = "ask if any asks, with all approvals; the rule is the strictest one's",
         TWO,
         NULL,
         "ask q |" DEFAULT_APPROVAL "| strictest 2 ",
         .chain = {"u:p", "u:q"}},
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
    static const struct row rows[] = {
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
    static const struct row rows[] = {
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
    static const struct row rows[] = {
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
    struct row row = {
        .sentence = "as many as are held", text.data, NULL, "allow a |requires r0 r1 r10 "};
    run(&row, 1);
    buf_z(&text, REQ("z", ", require: {isolation: vm}"));
    row = (struct row){.sentence = "one more", text.data, NULL, "deny reeve/bound "};
    run(&row, 1);
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
         "args.n must be 1, and is missing; 1 more of its conditions does not hold; 2 could not be "
         "judged",
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
        struct reeve_inputs_view inputs = {.spent = &spent, .nspent = 1};
        struct policy_decision d;
        assert_int_equal(policy_decide(image, &req, &inputs, &d), 0);
        policy_explain(image, &req, &inputs, &d, &out);
        if (!strstr(out.data, rows[i].sentence))
            fail_msg("\"%s\" has no \"%s\"", out.data, rows[i].sentence);
        policy_image_unref(&image);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(asks),      cmocka_unit_test(requires), cmocka_unit_test(selectors),
        cmocka_unit_test(validity),  cmocka_unit_test(chains),   cmocka_unit_test(budgets),
        cmocka_unit_test(shadows),   cmocka_unit_test(nearest),  cmocka_unit_test(bounded),
        cmocka_unit_test(approvers), cmocka_unit_test(told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
