/*
 * Random policies and requests: few words, so that patterns, subjects and values meet often. See
 * random.h.
 */
#include "random.h"

enum { MAX_RULES = 14 };

bool random_budgets = true;

/* Few words, so that patterns, subjects and values meet often. */
static const char *const patterns[] = {"*",         "m.*",
                                       "m.get_*",   "m.*.c",
                                       "m.get_*.c", "*.c",
                                       "m.get_a.c", "m.get_a",
                                       "m.b.c",     "m.b.*",
                                       "*.b.*",     "m.get_*.*",
                                       "ccos.io.*", "ccos.io.read-file",
                                       "ccos.echo", "program.rtfs",
                                       "program.*", "ccos.*.read-file"};
const char *const random_capabilities[] = {"m.get_a.c",
                                           "m.get_a",
                                           "m.b.c",
                                           "m.b",
                                           "m",
                                           "m.set_a.c",
                                           "q.c",
                                           "m.b.c.d",
                                           "ccos.io.read-file",
                                           "ccos.echo",
                                           "program.rtfs",
                                           "program.external"};
const char *const random_subjects[] = {"u:a", "u:ab", "u:abc",       "u:b",
                                       "v:a", "v:b",  "u:\xc3\xa9z", "u:a/b"};
static const char *const subject_patterns[] = {
    "u:a",   "u:ab",        "v:a",      "u:*",      "u:a*",     "u:*b",     "v:*",
    "u:*b*", "u:\xc3\xa9*", "group:g0", "group:g1", "group:g2", "group:h1", "group:h6"};
static const char *const of_many[] = {"u:a", "u:ab", "u:p", "v:*"};
static const char *const member_patterns[] = {"u:a", "u:ab", "u:abc", "v:b", "u:*c", "v:*"};
const char *const random_levels[3] = {"pure", "controlled", "full"};
static const char *const rank_words[] = {"none", "process", "sandbox", "vm"};
/* ---- policies ---- */

static void put_list(struct buf *b, const char *key, const char *const *words, size_t n)
{
    uint32_t count = 1 + roll(3);
    buf_printf(b, ", %s: [", key);
    for (uint32_t i = 0; i < count; i++)
        buf_printf(b, "%s\"%s\"", i ? ", " : "", words[roll((uint32_t)n)]);
    buf_byte(b, ']');
}

static const char *const files[] = {
    "read: [/usr, \"${args.p}\"]",
    "read: [/a], write: [/a/b], hide: [/a/x]",
    "write: [/, /srv/exe/y], execute: [/srv/exe]",
    "read: [/], write: [\"/home/${subject.id}\"], hide: [\"/home/${subject.id}/w\"]",
    "write: [/a], read: [/a, /b], execute: [/a/b]",
    "write: [\"${args.p}\"], hide: [/b]",
};
static const char *const endpoints[] = {"h.example:443", "*.h.example:any", "*:80",
                                        "192.0.2.1:any", "other:443",       "*:any",
                                        "x.h.example:80"};
static const char *const secret_words[] = {"A", "B", "C"};
static const char *const provider_words[] = {"process", "vm", "A"};
static const char *const limits[] = {"wall: 1s",
                                     "wall: 20s",
                                     "memory: 1MiB",
                                     "memory: 2MiB",
                                     "network_io: 1MiB",
                                     "network_io: 3MiB",
                                     "wall: \"${vd}\"",
                                     "processes: 4",
                                     "open_files: 16, file_size: 1MiB",
                                     "output: 64KiB, disk_io: 1MiB",
                                     "cpu: 1s, best_effort: [cpu, memory]"};
/* Those without best_effort, which stands in grants alone. */
#define LIMITS_OF_ALL ((uint32_t)BASE_COUNT(limits) - 1)
static const char *const effects[] = {"network", "filesystem", "compute", "program", "money"};
static const char *const resources[] = {"d:*", "d:1", "u:*a*", "d:2*"};
static const char *const label_words[] = {"seen", "secret"};
static const char *const approvals[] = {
    "{by: [\"u:b\"], need: 1, within: 5m, covers: once}",
    "{by: [\"group:g1\", \"v:b\"], need: 2, within: 1h, covers: session}",
    "{by: [\"v:b\", \"group:g1\"], need: 2, within: 60m, covers: session}",
    "{by: [\"u:*\"], need: 1, within: 5m, covers: same_arguments}",
};
static const char *const times[] = {
    "from: \"1970-01-01T17:00:00Z\"", "until: \"1970-01-02T05:00:00Z\"",
    ("from: \"1970-01-01T09:00:00Z\", until: \"1970-01-02T08:00:00+02:00\"")};

/* Some of a list's words, each once. */
static void put_some(struct buf *b, const char *key, const char *const *words, size_t n)
{
    uint32_t first = roll((uint32_t)n), count = 1 + roll(2);
    buf_printf(b, "%s: [", key);
    for (uint32_t i = 0; i < count; i++)
        buf_printf(b, "%s\"%s\"", i ? ", " : "", words[(first + i) % n]);
    buf_byte(b, ']');
}
#define PUT_SOME(b, key, words) put_some(b, key, words, BASE_COUNT(words))

/* The keys of a grant that say what is reached; `within`: of a require, without templates. */
static void put_reach(struct buf *b, bool within)
{
    const char *comma = "";
    if (roll(2)) {
        buf_printf(b, "filesystem: {%s}", within ? files[1 + roll(2)] : PICK(files));
        comma = ", ";
    }
    if (roll(2)) {
        buf_z(b, comma);
        if (!within && roll(5) == 0)
            buf_z(b, "network: [\"${args.u}\"]");
        else
            PUT_SOME(b, "network", endpoints);
        comma = ", ";
    }
    if (roll(3) == 0) {
        static const char *const one[] = {"A", "B=1"}, *const other[] = {"A=2", "B"},
                                 *const third[] = {"C", "A=1"};
        static const char *const *const sets[] = {one, other, third};
        buf_z(b, comma);
        put_some(b, "environment", sets[roll(3)], 2);
        comma = ", ";
    }
    if (roll(3) == 0) {
        buf_printf(b, "%slimits: {%s}", comma,
                   limits[roll(within ? LIMITS_OF_ALL : LIMITS_OF_ALL + 1)]);
        comma = ", ";
    }
    if (!within && roll(6) == 0) {
        buf_z(b, comma);
        PUT_SOME(b, "secrets", secret_words);
        comma = ", ";
    }
    if (!within && roll(6) == 0) {
        buf_z(b, comma);
        PUT_SOME(b, "provider", provider_words);
    }
}

static void put_grant(struct buf *b)
{
    switch (roll(6)) {
    case 0:
        buf_printf(b, ", grant: {isolation: %s}", PICK(rank_words));
        break;
    case 1:
        buf_printf(b, ", grant: g%u", roll(3));
        break;
    case 2:
        buf_printf(b, ", grant: {use: g%u, isolation: %s}", roll(3), PICK(rank_words));
        break;
    case 3:
    case 4:
        buf_z(b, ", grant: {");
        put_reach(b, false);
        buf_z(b, "}");
        break;
    default:
        break;
    }
}

static void put_require(struct buf *b)
{
    auto_buf struct buf within = {0};
    buf_printf(b, ", require: {isolation: %s", PICK(rank_words));
    if (roll(3) == 0)
        buf_printf(b, ", approval: %s", PICK(approvals));
    if (roll(2))
        put_reach(&within, true);
    if (within.len) { /* an empty one is refused */
        buf_z(b, ", within: {");
        buf_str(b, buf_view(&within));
        buf_z(b, "}");
    }
    buf_z(b, "}");
}

/* What rules of every kind may have beside subject, capability and condition. */
static void put_rest(struct buf *b, unsigned i, unsigned kind, bool names_capability)
{
    if (roll(6) == 0) {
        buf_z(b, ", ");
        PUT_SOME(b, "effects", effects);
    }
    if (roll(6) == 0 && (names_capability || kind == RULE_REQUIRE)) {
        buf_z(b, ", ");
        PUT_SOME(b, "resource", resources);
    }
    if (roll(8) == 0)
        buf_printf(b, ", valid: {%s}", PICK(times));
    if (kind != RULE_DENY && roll(4) == 0) {
        buf_z(b, ", ");
        put_some(b, "labels", label_words, BASE_COUNT(label_words));
    }
    if (roll(4) == 0)
        buf_printf(b, ", obligations: [{type: o%u, properties: {count: [%u]}}]", i, i);
    if (roll(3) == 0)
        buf_printf(b, ", reason: \"Because of r%u\"", i);
    if (i > 0 && roll(10) == 0) /* r0 is what others replace */
        buf_z(b, ", mode: shadow");
    else if (i > 0 && roll(12) == 0)
        buf_z(b, ", mode: shadow, replaces: r0");
}

static bool put_capability(struct buf *b)
{
    uint32_t count = 1 + roll(3);
    bool all = false;
    buf_z(b, ", capability: [");
    for (uint32_t i = 0; i < count; i++) {
        const char *p = PICK(patterns);
        all |= strcmp(p, "*") == 0;
        buf_printf(b, "%s\"%s\"", i ? ", " : "", p);
    }
    buf_byte(b, ']');
    return !all;
}

static void put_any_when(struct buf *b)
{
    random_when(b, 0);
}

static void put_rule(struct buf *b, unsigned i, enum policy_rule_kind kind)
{
    static const char *const kinds[] = {"deny", "allow", "ask", "require"};
    bool permits = kind == RULE_ALLOW || kind == RULE_ASK, names = false;
    buf_printf(b, "  - {id: r%u, effect: %s", i, kinds[kind]);
    if (permits && roll(5) == 0)
        buf_z(b, ", subject: anyone");
    else if (permits || roll(3))
        put_list(b, "subject", subject_patterns, BASE_COUNT(subject_patterns));
    if (permits || roll(4))
        names = put_capability(b);
    if (kind == RULE_DENY || roll(permits ? 2 : 4)) {
        buf_z(b, ", when: ");
        /* Where it is about what a value does, much hangs on one. */
        (random_words != RANDOM_ALL_WORDS && roll(4) ? random_one_test : put_any_when)(b);
    }
    if (permits)
        put_grant(b);
    if (kind == RULE_ASK && roll(2))
        buf_printf(b, ", approval: %s", PICK(approvals));
    if (kind == RULE_REQUIRE)
        put_require(b);
    put_rest(b, i, kind, names);
    buf_z(b, "}\n");
}

static void put_budgets(struct buf *b)
{
    static const char *const counted[] = {
        "calls: {max: 10, window: 1h}", "network_out: {max: 4MiB, window: 1h}",
        "cost: {max: 10, unit: eur, window: 1h}", "tokens: {max: 10, window: 1h}"};
#define X(id, name) name,
    static const char *const per[] = {POLICY_PER_TABLE(X)};
#undef X
    uint32_t n = roll(4);
    buf_z(b, "budgets:\n");
    for (uint32_t i = 0; i < n; i++) {
        uint32_t first = roll(4);
        buf_printf(b, "  - {id: b%u, per: %s, when_spent: %s, limits: {%s, %s}", i, PICK(per),
                   roll(2) ? "ask" : "deny", counted[first], counted[(first + 1) % 4]);
        if (roll(2))
            put_list(b, "subject", subject_patterns, BASE_COUNT(subject_patterns));
        if (roll(2))
            (void)put_capability(b);
        buf_z(b, roll(2) ? ", warn_at: [50%, 80%]}\n" : "}\n");
    }
    if (n == 0)
        buf_z(b, "  []\n");
}

/* In some policies one subject is of more groups than one batch of candidates holds. */
static void put_groups(struct buf *b)
{
    const char *many = roll(4) ? "w:none" : PICK(of_many);
    buf_printf(b, "groups: {g0: [\"%s\", \"group:g1\"], g1: [\"%s\", \"%s\"], g2: [\"%s\"]",
               PICK(member_patterns), PICK(member_patterns), PICK(member_patterns),
               PICK(member_patterns));
    for (unsigned i = 0; i < 8; i++)
        buf_printf(b, ", h%u: [\"%s\"]", i, many);
    buf_z(b, "}\n");
}

static void put_head(struct buf *b)
{
    buf_z(b, HEADER);
    buf_printf(b, "defaults: {approval: %s", PICK(approvals));
    if (roll(4))
        buf_printf(b, ", level: %s", PICK(random_levels));
    if (roll(3) == 0)
        buf_printf(b, ", limits: {%s}", limits[roll(LIMITS_OF_ALL)]);
    buf_z(b, "}\n");
    put_groups(b);
    buf_printf(b,
               "grants:\n  g0: {isolation: %s, limits: {%s}}\n  g1: {use: g0, filesystem: {read: "
               "[\"${args.p}\"]}}\n"
               "  g2: {use: g1, isolation: %s, network: [\"%s\"]}\n",
               PICK(rank_words), PICK(limits), PICK(rank_words), PICK(endpoints));
    random_top(b);
    buf_printf(b,
               "capabilities:\n  \"m.*\": {class: %s, effects: [network, money]}\n  \"m.get_*\": "
               "{class: safe}\n"
               "  ccos.echo: {class: %s, effects: [money]}\n"
               "  \"program.*\": {class: pure, effects: [network]}\n"
               "  ccos.io.read-file: {class: safe, effects: [compute], lower: test}\n",
               roll(2) ? "safe" : "dangerous", roll(2) ? "safe" : "dangerous");
    if (random_budgets)
        put_budgets(b);
    buf_z(b, "subjects:\n");
    uint32_t n = 1 + roll(4);
    for (uint32_t i = 0; i < n; i++)
        buf_printf(b, "  - {match: \"%s\", level: %s}\n",
                   roll(6) ? PICK(subject_patterns) : "anyone", PICK(random_levels));
    buf_z(b, "rules:\n");
}

/* The same policy twice, the rules in two orders. */
void random_policies(struct buf *one, struct buf *other)
{
    static const uint8_t chances[] = {RULE_DENY,  RULE_ALLOW, RULE_ALLOW, RULE_ALLOW,
                                      RULE_ALLOW, RULE_ASK,   RULE_ASK,   RULE_REQUIRE};
    struct buf rule[MAX_RULES];
    uint32_t n = 1 + roll(MAX_RULES), order[MAX_RULES];
    put_head(one);
    buf_str(other, buf_view(one));
    for (uint32_t i = 0; i < n; i++) {
        buf_init(&rule[i], 0);
        put_rule(&rule[i], i, (enum policy_rule_kind)PICK(chances));
        buf_str(one, buf_view(&rule[i]));
        uint32_t at = roll(i + 1);
        order[i] = order[at];
        order[at] = i;
    }
    for (uint32_t i = 0; i < n; i++)
        buf_str(other, buf_view(&rule[order[i]]));
    for (uint32_t i = 0; i < n; i++)
        buf_fini(&rule[i]);
}

const size_t random_nsubjects = BASE_COUNT(random_subjects);
const size_t random_ncapabilities = BASE_COUNT(random_capabilities);

void random_rule(struct buf *b, enum policy_rule_kind kind)
{
    put_rule(b, 99, kind);
}

/* ---- delegated files ---- */

static const struct {
    const char *subject, *capabilities, *text;
} declares[2] = {
    {"v:b", "m.b.c\", \"program.rtfs",
     "labels: [own]\nattributes: {broker.flags.g: {type: bool, default: true}}\ncapabilities: "
     "{m.b.c: {class: dangerous, effects: [network, money, compute]}, "
     "program.rtfs: "
     "{class: dangerous, effects: [network, money]}}\n"
     "entities: {\"v:b\": {t: x, l: [x, z], m: {x: 1}}}\n"},
    {"v:a", "q.c\", \"m.set_a.c",
     "labels: [own]\nattributes: {broker.flags.g: {type: bool, default: true}}\ncapabilities: "
     "{q.c: {effects: [money], args: {a: any, \"n\": {type: integer, "
     "default: 2}}}, "
     "m.set_a.c: {class: "
     "dangerous, effects: [network, money, filesystem]}}\n"
     "entities: {\"v:a\": {t: z, q: 1}}\n"},
};

const char *random_declared(unsigned which)
{
    return declares[which].text;
}

/* What such a file's rules may be about is its own: no group, label, variable or named grant. */
static void put_delegated_rule(struct buf *b, unsigned i)
{
    static const char *const kinds[] = {"deny", "allow", "allow", "ask", "ask", "require"};
    static const char *const tests[] = {"{}",
                                        "{args.a: x}",
                                        "{args.n: {gt: 1}}",
                                        "{args.p: {under: /a}}",
                                        "{args.h: {host: \"*.example\"}}",
                                        "{args.b: {exists: true}}",
                                        "{subject.t: x}",
                                        "{broker.labels: {contains: own}}",
                                        "{broker.flags.g: true}",
                                        "{broker.labels: {not: {some: {eq: own}}}}",
                                        "{subject.q: {exists: false}}"};
    const char *kind = PICK(kinds);
    bool permits = kind[0] == 'a';
    buf_printf(b, "  - {id: x%u, effect: %s", i, kind);
    if (permits && roll(3) == 0)
        buf_z(b, ", subject: anyone");
    else if (permits || roll(2))
        put_list(b, "subject", member_patterns, BASE_COUNT(member_patterns));
    if (permits || roll(2))
        (void)put_capability(b);
    if (roll(4) == 0) {
        buf_z(b, ", ");
        PUT_SOME(b, "effects", effects);
    }
    buf_printf(b, ", when: %s", PICK(tests));
    if (permits && roll(2))
        buf_printf(b, ", grant: {isolation: %s, network: [\"%s\"], limits: {%s}}", PICK(rank_words),
                   PICK(endpoints), limits[roll(6)]);
    if (strcmp(kind, "ask") == 0)
        buf_printf(b, ", approval: {by: [\"u:b\"], need: %u, within: 5m, covers: once}",
                   1 + roll(3));
    if (strcmp(kind, "require") == 0)
        buf_printf(b, ", require: {isolation: %s, within: {network: [\"%s\"]}}", PICK(rank_words),
                   PICK(endpoints));
    if (roll(3) == 0)
        buf_printf(b, ", obligations: [{type: x%u}]", i);
    buf_z(b, "}\n");
}

void random_delegated(unsigned which, const char *name, struct buf *entry, struct buf *rules)
{
    buf_printf(entry,
               "{file: %s.yaml, as: %s, may: {subject: [\"%s\", \"%s\"], capability: [\"%s\", "
               "\"%s\"]}}",
               name, name, declares[which].subject, PICK(member_patterns),
               declares[which].capabilities, PICK(patterns));
    for (unsigned i = 0, n = 1 + roll(5); i < n; i++)
        put_delegated_rule(rules, i);
}

/* ---- requests ---- */

void random_case(struct random_case *c)
{
    struct policy_request *req = &c->r.req;
    random_request(&c->r);
    req->subject = str_of(random_subjects[roll((uint32_t)random_nsubjects)]);
    req->capability = str_of(random_capabilities[roll((uint32_t)random_ncapabilities)]);
    req->entry = core_capability_find(req->capability);
    req->level = roll(4) ? -1 : (int)roll(CORE_LEVEL_COUNT);
    if (roll(2)) /* where no file's schema made what is handed on, nobody is asked for it */
        req->passed = NULL;
    if (roll(2))
        c->r.inputs.nchain = 0;
    c->r.inputs.spent = c->spent;
    c->r.inputs.nspent = roll(2) ? 0 : roll(RANDOM_MAX_SPENT);
    c->r.inputs.spent_all = roll(6) > 0;
    for (uint32_t i = 0; i < c->r.inputs.nspent; i++)
        c->spent[i] = (struct policy_spent){roll(4), (uint8_t)roll(4), (uint8_t)roll(3),
                                            roll(2) ? roll(12) : (uint64_t)roll(5) << 20};
}

void random_case_show(const struct random_case *c, struct buf *out)
{
    buf_str(out, c->r.req.capability);
    buf_printf(out, " level %d by ", c->r.req.level);
    random_request_show(&c->r, out);
}
