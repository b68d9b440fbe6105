/*
 * The engine against the naive evaluator on random policies and requests, and against itself with
 * the rules shuffled. The seed is printed; `policy_random_test SEED` repeats a run.
 */
#include "naive.h"
#include "random_when.h"

#include <inttypes.h>

enum { POLICIES = 1300, REQUESTS = 80, MAX_RULES = 12 };

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
/* ---- policies ---- */

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
        random_when(b, 0);
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
    random_top(b);
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

struct pair {
    struct policy_image *image, *shuffled;
    struct model *model;
    const char *text;
};

static struct policy_decision decided(const struct policy_image *image,
                                      const struct random_request *r)
{
    struct policy_decision d;
    assert_int_equal(policy_decide(image, &r->req, &r->inputs, &d), 0);
    return d;
}

static struct policy_decision compare(const struct pair *p, const struct random_request *r)
{
    struct naive_answer want = naive_decide(p->model, &r->req, &r->inputs);
    struct policy_decision got = decided(p->image, r), again = decided(p->shuffled, r);
    char id[160], id_again[160];
    rule_id(p->image, got.rule, id);
    rule_id(p->shuffled, again.rule, id_again);
    bool same = got.effect == want.effect && strcmp(id, want.rule) == 0 &&
                got.level == want.level && got.isolation == want.isolation &&
                got.level_capped == want.capped;
    bool stable =
        got.effect == again.effect && strcmp(id, id_again) == 0 && got.isolation == again.isolation;
    auto_buf struct buf shown = {0};
    random_request_show(r, &shown);
    if (!same || !stable)
        fail_msg("%.*s at %d by %s: %s %s, naive %s %s, shuffled %s %s\n%s",
                 (int)r->req.capability.n, r->req.capability.p, r->req.level, shown.data,
                 core_effect_name(got.effect), id, core_effect_name(want.effect), want.rule,
                 core_effect_name(again.effect), id_again, p->text);
    return got;
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
        struct random_request r;
        random_request(&r);
        r.req.subject = str_of(PICK(subjects));
        r.req.capability = str_of(PICK(capabilities));
        r.req.entry = core_capability_find(r.req.capability);
        r.req.level = roll(4) ? -1 : (int)roll(CORE_LEVEL_COUNT);
        struct policy_decision d = compare(&p, &r);
        counts[d.effect == CORE_EFFECT_ALLOW ? d.rule < POLICY_RULE_FULL
               : d.rule < POLICY_RULE_FULL   ? 2
                                             : 3]++;
        random_request_free(&r);
    }
    policy_image_unref(&p.image);
    policy_image_unref(&p.shuffled);
}

static uint64_t seed;

static void agree(void **state)
{
    (void)state;
    unsigned counts[4] = {0};
    random_state = seed;
    for (unsigned i = 0; i < POLICIES; i++)
        one_policy(counts);
    print_message("%u full, %u allowed by a rule, %u denied by a rule, %u by default or pure\n",
                  counts[0], counts[1], counts[2], counts[3]);
    /* A run in which one kind of answer hardly comes about compares less than it seems to. */
    for (size_t i = 0; i < BASE_COUNT(counts); i++)
        assert_true(counts[i] > POLICIES * REQUESTS / 100);
}

/* Of policies that do not name absence: what is denied stays denied without a value, or with one of
 * another type. */
static void a_lost_value_permits_nothing(void **state)
{
    (void)state;
    random_state = seed;
    unsigned denied = 0;
    for (unsigned i = 0; i < POLICIES; i++) {
        auto_buf struct buf one = {0}, other = {0};
        bool mistype = roll(2);
        random_words = mistype ? RANDOM_NO_ABSENCE_NO_SIZE : RANDOM_NO_ABSENCE;
        put_policies(&one, &other);
        struct policy_image *image = must_compile(one.data);
        for (unsigned k = 0; k < REQUESTS; k++) {
            struct random_request r, less;
            random_request(&r);
            r.req.subject = str_of(PICK(subjects));
            r.req.capability = str_of(PICK(capabilities));
            r.req.entry = core_capability_find(r.req.capability);
            random_damage(&r, mistype, &less);
            bool before = decided(image, &r).effect == CORE_EFFECT_ALLOW,
                 after = decided(image, &less).effect == CORE_EFFECT_ALLOW;
            if (after && !before) {
                auto_buf struct buf shown = {0};
                random_request_show(&less, &shown);
                fail_msg("permitted for what was lost: %.*s by %s\n%s", (int)r.req.capability.n,
                         r.req.capability.p, shown.data, one.data);
            }
            denied += before && !after;
            random_request_free(&less);
            random_request_free(&r);
        }
        policy_image_unref(&image);
    }
    random_words = RANDOM_ALL_WORDS;
    print_message("%u permitted requests were denied for what they lost\n", denied);
    assert_true(denied > 50);
}

int main(int argc, char **argv)
{
    seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 0;
    while (!seed)
        base_random(&seed, sizeof seed);
    print_message("seed 0x%" PRIx64 "\n", seed);
    const struct CMUnitTest tests[] = {cmocka_unit_test(agree),
                                       cmocka_unit_test(a_lost_value_permits_nothing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
