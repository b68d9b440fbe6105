/*
 * The engine against the naive evaluator on random policies and requests, and against itself with
 * the rules shuffled. The seed is printed; `policy_random_test SEED` repeats a run.
 */
#include "support.h"

#include "naive.h"

#include <inttypes.h>

enum { POLICIES = 1300, REQUESTS = 80, MAX_RULES = 12 };

static uint64_t rng; /* xorshift64*: the same on every machine */

static uint32_t roll(uint32_t sides)
{
    rng ^= rng >> 12;
    rng ^= rng << 25;
    rng ^= rng >> 27;
    return (uint32_t)((rng * UINT64_C(2685821657736338717)) >> 33) % sides;
}

#define PICK(table) table[roll((uint32_t)BASE_COUNT(table))]

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
static const char *const capabilities[] = {"m.get_a.c",
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
static const char *const subjects[] = {"u:a", "u:ab", "u:abc", "u:b", "v:a", "v:b", "u:\xc3\xa9z"};
static const char *const subject_patterns[] = {"u:a",         "u:ab",     "v:a",      "u:*",
                                               "u:a*",        "u:*b",     "v:*",      "u:*b*",
                                               "u:\xc3\xa9*", "group:g0", "group:g1", "group:g2"};
static const char *const member_patterns[] = {"u:a", "u:ab", "u:abc", "v:b", "u:*c", "v:*"};
static const char *const level_words[] = {"pure", "controlled", "full"};
static const char *const rank_words[] = {"none", "process", "sandbox", "vm"};
static const char *const attributes[] = {"args.a", "args.b", "args.p", "args.m.x",
                                         "'args[\"d.e\"]'"};
static const char *const scalars[] = {"1", "2", "1.0", "1.5", "x", "\"1\"", "true", "false"};
static const char *const json_values[] = {"1",         "2",    "1.0",   "1.5",  "\"x\"",
                                          "\"1\"",     "true", "false", "null", "[1]",
                                          "[1,\"x\"]", "[]",   "{}"};
static const char *const folders[] = {"/", "/a", "/a/b", "/b"};
static const char *const json_paths[] = {"\"/\"",   "\"/a\"", "\"/a/b/c\"",   "\"/a/../b\"",
                                         "\"/ab\"", "\"a\"",  "\"/b/./x//\"", "\"/../a/b/..\"",
                                         "7",       "\"\""};

/* ---- policies ---- */

static void put_scalars(struct buf *b)
{
    uint32_t n = roll(4);
    buf_byte(b, '[');
    for (uint32_t i = 0; i < n; i++)
        buf_printf(b, "%s%s", i ? ", " : "", PICK(scalars));
    buf_byte(b, ']');
}

static void put_ops(struct buf *b, unsigned depth);

static void put_op(struct buf *b, unsigned depth, unsigned which)
{
    switch (which) {
    case 0:
        buf_printf(b, "eq: %s", PICK(scalars));
        break;
    case 1:
        buf_z(b, "in: ");
        put_scalars(b);
        break;
    case 2:
        buf_printf(b, "under: %s", PICK(folders));
        break;
    case 3:
        buf_printf(b, "exists: %s", roll(2) ? "true" : "false");
        break;
    case 4:
        buf_z(b, "not: ");
        put_ops(b, depth + 1);
        break;
    default:
        buf_z(b, "any: [");
        put_ops(b, depth + 1);
        buf_z(b, ", ");
        put_ops(b, depth + 1);
        buf_z(b, "]");
        break;
    }
}

static void put_ops(struct buf *b, unsigned depth)
{
    unsigned kinds = depth > 2 ? 4 : 6, first = roll(kinds);
    buf_byte(b, '{');
    put_op(b, depth, first);
    if (roll(3) == 0) {
        buf_z(b, ", ");
        put_op(b, depth, (first + 1 + roll(kinds - 1)) % kinds);
    }
    if (roll(4) == 0)
        buf_printf(b, ", absent: %s", roll(2) ? "true" : "false");
    buf_byte(b, '}');
}

static void put_when(struct buf *b, unsigned depth)
{
    static const char *const nests[] = {"all", "any"};
    uint32_t first = roll((uint32_t)BASE_COUNT(attributes)), n = roll(3);
    buf_byte(b, '{');
    for (uint32_t i = 0; i < n; i++) {
        buf_printf(b, "%s%s: ", i ? ", " : "", attributes[(first + i) % BASE_COUNT(attributes)]);
        switch (roll(4)) {
        case 0:
            buf_z(b, PICK(scalars));
            break;
        case 1:
            put_scalars(b);
            break;
        case 2:
            buf_z(b, "{eq: [1, x]}");
            break;
        default:
            put_ops(b, depth);
        }
    }
    if (depth < 3 && roll(2) == 0) {
        buf_printf(b, "%s%s: [", n ? ", " : "", PICK(nests));
        put_when(b, depth + 1);
        buf_z(b, ", ");
        put_when(b, depth + 1);
        buf_z(b, "]");
        n++;
    }
    if (depth < 3 && roll(4) == 0) {
        buf_printf(b, "%snot: ", n ? ", " : "");
        put_when(b, depth + 1);
    }
    buf_byte(b, '}');
}

static void put_list(struct buf *b, const char *key, const char *const *words, size_t n)
{
    uint32_t count = 1 + roll(3);
    buf_printf(b, ", %s: [", key);
    for (uint32_t i = 0; i < count; i++)
        buf_printf(b, "%s\"%s\"", i ? ", " : "", words[roll((uint32_t)n)]);
    buf_byte(b, ']');
}

static void put_grant(struct buf *b)
{
    switch (roll(5)) {
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
        buf_z(b, ", grant: {filesystem: {read: [/usr, \"${args.p}\"]}}");
        break;
    default:
        break;
    }
}

static void put_rule(struct buf *b, unsigned i)
{
    bool allow = roll(3) > 0;
    buf_printf(b, "  - {id: r%u, effect: %s", i, allow ? "allow" : "deny");
    if (allow && roll(5) == 0)
        buf_z(b, ", subject: anyone");
    else if (allow || roll(3))
        put_list(b, "subject", subject_patterns, BASE_COUNT(subject_patterns));
    if (allow || roll(4))
        put_list(b, "capability", patterns, BASE_COUNT(patterns));
    if (roll(allow ? 2 : 4) || !allow) {
        buf_z(b, ", when: ");
        put_when(b, 0);
    }
    if (allow)
        put_grant(b);
    buf_z(b, "}\n");
}

static void put_head(struct buf *b)
{
    buf_z(b, HEADER);
    if (roll(4))
        buf_printf(b, "defaults: {level: %s}\n", PICK(level_words));
    buf_printf(b, "groups: {g0: [\"%s\", \"group:g1\"], g1: [\"%s\", \"%s\"], g2: [\"%s\"]}\n",
               PICK(member_patterns), PICK(member_patterns), PICK(member_patterns),
               PICK(member_patterns));
    buf_printf(
        b,
        "grants:\n  g0: {isolation: %s}\n  g1: {use: g0, filesystem: {read: [\"${args.p}\"]}}\n"
        "  g2: {use: g1, isolation: %s}\n",
        PICK(rank_words), PICK(rank_words));
    buf_z(b, "subjects:\n");
    uint32_t n = 1 + roll(4);
    for (uint32_t i = 0; i < n; i++)
        buf_printf(b, "  - {match: \"%s\", level: %s}\n",
                   roll(6) ? PICK(subject_patterns) : "anyone", PICK(level_words));
    buf_z(b, "rules:\n");
}

/* The same policy twice, the rules in two orders. */
static void put_policies(struct buf *one, struct buf *other)
{
    struct buf rule[MAX_RULES];
    uint32_t n = 1 + roll(MAX_RULES), order[MAX_RULES];
    put_head(one);
    buf_str(other, buf_view(one));
    for (uint32_t i = 0; i < n; i++) {
        buf_init(&rule[i], 0);
        put_rule(&rule[i], i);
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

/* ---- requests ---- */

static void put_args(struct buf *b)
{
    if (roll(12) == 0) {
        buf_z(b, PICK(json_values));
        return;
    }
    buf_byte(b, '{');
    bool comma = false;
    static const char *const keys[] = {"a", "b", "p", "m", "d.e"};
    for (size_t i = 0; i < BASE_COUNT(keys); i++) {
        if (roll(3) == 0)
            continue;
        buf_printf(b, "%s\"%s\":", comma ? "," : "", keys[i]);
        comma = true;
        if (strcmp(keys[i], "p") == 0 && roll(4))
            buf_z(b, PICK(json_paths));
        else if (strcmp(keys[i], "m") == 0 && roll(3))
            buf_printf(b, "{\"x\":%s}", PICK(json_values));
        else
            buf_z(b, PICK(json_values));
    }
    buf_byte(b, '}');
}

struct pair {
    struct policy_image *image, *shuffled;
    struct model *model;
    const char *text;
};

static void compare(const struct pair *p, const struct question *q)
{
    auto_json struct json_text text;
    struct policy_request req = ask(q, &text);
    struct naive_answer want = naive_decide(p->model, &req);
    struct policy_decision got = decide(p->image, q), again = decide(p->shuffled, q);
    char id[160], id_again[160];
    rule_id(p->image, got.rule, id);
    rule_id(p->shuffled, again.rule, id_again);
    bool same = got.effect == want.effect && strcmp(id, want.rule) == 0 &&
                got.level == want.level && got.isolation == want.isolation &&
                got.level_capped == want.capped;
    bool stable =
        got.effect == again.effect && strcmp(id, id_again) == 0 && got.isolation == again.isolation;
    if (!same || !stable)
        fail_msg("%s %s of %s at %s: %s %s, naive %s %s, shuffled %s %s\n%s", q->subject,
                 q->capability, q->args ? q->args : "nothing", q->level ? q->level : "its level",
                 core_effect_name(got.effect), id, core_effect_name(want.effect), want.rule,
                 core_effect_name(again.effect), id_again, p->text);
}

static void one_policy(unsigned *counts)
{
    auto_buf struct buf one = {0}, other = {0};
    put_policies(&one, &other);
    struct arena arena auto_arena;
    arena_init(&arena, 0);
    struct policy_report report = {.text = buf_view(&one), .file = "random"};
    struct pair p = {must_compile(one.data), must_compile(other.data), NULL, one.data};
    struct ynode *root = policy_yaml_read(buf_view(&one), &arena, &report);
    assert_non_null(root);
    p.model = policy_parse(root, &arena, &report);
    assert_non_null(p.model);
    for (unsigned i = 0; i < REQUESTS; i++) {
        auto_buf struct buf args = {0};
        put_args(&args);
        struct question q = {PICK(subjects), PICK(capabilities), roll(10) ? args.data : NULL,
                             roll(4) ? NULL : PICK(level_words)};
        compare(&p, &q);
        struct policy_decision d = decide(p.image, &q);
        counts[d.effect == CORE_EFFECT_ALLOW ? d.rule < POLICY_RULE_FULL
               : d.rule < POLICY_RULE_FULL   ? 2
                                             : 3]++;
    }
    policy_image_unref(&p.image);
    policy_image_unref(&p.shuffled);
}

static uint64_t seed;

static void agree(void **state)
{
    (void)state;
    unsigned counts[4] = {0};
    rng = seed;
    for (unsigned i = 0; i < POLICIES; i++)
        one_policy(counts);
    print_message("%u full, %u allowed by a rule, %u denied by a rule, %u by default or pure\n",
                  counts[0], counts[1], counts[2], counts[3]);
    /* A run in which one kind of answer hardly comes about compares less than it seems to. */
    for (size_t i = 0; i < BASE_COUNT(counts); i++)
        assert_true(counts[i] > POLICIES * REQUESTS / 100);
}

int main(int argc, char **argv)
{
    seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 0;
    while (!seed)
        base_random(&seed, sizeof seed);
    print_message("seed 0x%" PRIx64 "\n", seed);
    const struct CMUnitTest tests[] = {cmocka_unit_test(agree)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
