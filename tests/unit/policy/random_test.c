/*
 * The engine against the naive evaluator on random policies, requests and inputs, and against
 * itself with the rules shuffled. The seed is printed; `policy_random_test SEED` repeats a run, and
 * a second argument is the number of policies.
 */
#include "engine.h"
#include "naive.h"
#include "random.h"

#include <inttypes.h>

enum { POLICIES = 1000, REQUESTS = 80, MAX_SPENT = 12 };

static unsigned policies = POLICIES;

struct pair {
    struct policy_image *image, *shuffled;
    struct model *model;
    const char *text;
};

struct case_ {
    struct random_request r;
    struct policy_spent spent[MAX_SPENT];
};

static void roll_case(struct case_ *c)
{
    struct policy_request *req = &c->r.req;
    random_request(&c->r);
    req->subject = str_of(random_subjects[roll((uint32_t)random_nsubjects)]);
    req->capability = str_of(random_capabilities[roll((uint32_t)random_ncapabilities)]);
    req->entry = core_capability_find(req->capability);
    req->level = roll(4) ? -1 : (int)roll(CORE_LEVEL_COUNT);
    if (roll(2))
        c->r.inputs.nchain = 0;
    c->r.inputs.spent = c->spent;
    c->r.inputs.nspent = roll(2) ? 0 : roll(MAX_SPENT);
    for (uint32_t i = 0; i < c->r.inputs.nspent; i++)
        c->spent[i] = (struct policy_spent){roll(4), (uint8_t)roll(4), (uint8_t)roll(3),
                                            roll(2) ? roll(12) : (uint64_t)roll(5) << 20};
}

static void show(const struct random_request *r, struct buf *out)
{
    buf_str(out, r->req.capability);
    buf_printf(out, " level %d by ", r->req.level);
    random_request_show(r, out);
}

static void compare(const struct pair *p, const struct case_ *c, struct policy_decision *d)
{
    auto_buf struct buf want = {0}, got = {0}, again = {0}, shown = {0};
    struct policy_decision other;
    naive_answer(p->model, &c->r.req, &c->r.inputs, &want);
    engine_answer(p->image, &c->r.req, &c->r.inputs, d, &got);
    engine_answer(p->shuffled, &c->r.req, &c->r.inputs, &other, &again);
    show(&c->r, &shown);
    if (!str_eq(buf_view(&want), buf_view(&got)) || !str_eq(buf_view(&again), buf_view(&got)))
        fail_msg("%s:\nengine   %s\nnaive    %s\nshuffled %s\n%s", shown.data, got.data, want.data,
                 again.data, p->text);
}

/* Kinds of answers, each of which has to come about. */
enum { FULL, ALLOWED, ASKED, DENIED, DEFAULT, HELD, SPENT, SHADOWED, BY_PARENT, CAPPED, KINDS };

static void count(const struct policy_decision *d, uint32_t nrules, unsigned counts[KINDS])
{
    bool rule = d->rule < nrules, pseudo = d->rule >= POLICY_RULE_CEILING;
    counts[FULL] += d->rule == POLICY_RULE_FULL;
    counts[ALLOWED] += rule && d->effect == CORE_EFFECT_ALLOW;
    counts[ASKED] += d->effect == CORE_EFFECT_ASK;
    counts[DENIED] += rule && d->effect == CORE_EFFECT_DENY;
    counts[DEFAULT] += d->rule == POLICY_RULE_DEFAULT;
    counts[HELD] += d->requires.n > 0;
    counts[SPENT] += !rule && !pseudo;
    counts[SHADOWED] += d->shadow.differs;
    counts[CAPPED] += d->rule == POLICY_RULE_CEILING;
    counts[BY_PARENT] += d->strictest > 0;
}

static void one_policy(unsigned counts[KINDS])
{
    auto_buf struct buf one = {0}, other = {0};
    random_policies(&one, &other);
    struct arena arena auto_arena;
    arena_init(&arena, 0);
    struct policy_report report = {.text = buf_view(&one), .file = "random"};
    struct pair p = {must_compile(one.data), must_compile(other.data), NULL, one.data};
    struct ynode *root = policy_yaml_read(buf_view(&one), &arena, &report);
    assert_non_null(root);
    p.model = policy_parse(root, &arena, &report);
    assert_non_null(p.model);
    for (unsigned i = 0; i < REQUESTS; i++) {
        struct case_ c;
        struct policy_decision d;
        roll_case(&c);
        compare(&p, &c, &d);
        count(&d, p.model->nrules, counts);
        random_request_free(&c.r);
    }
    policy_image_unref(&p.image);
    policy_image_unref(&p.shuffled);
}

static uint64_t seed;

static void agree(void **state)
{
    static const char *const names[KINDS] = {"full",        "allowed", "asked", "denied",
                                             "default",     "held",    "spent", "shadowed",
                                             "by a parent", "capped"};
    (void)state;
    unsigned counts[KINDS] = {0};
    random_state = seed;
    for (unsigned i = 0; i < policies; i++)
        one_policy(counts);
    /* A run in which one kind of answer hardly comes about compares less than it seems to. */
    for (size_t i = 0; i < KINDS; i++) {
        print_message("%u %s\n", counts[i], names[i]);
        assert_true(counts[i] > policies * REQUESTS / 250);
    }
}

static int strictness(const struct policy_image *image, const struct random_request *r)
{
    struct policy_decision d;
    assert_int_equal(policy_decide(image, &r->req, &r->inputs, &d), 0);
    return d.effect == CORE_EFFECT_DENY ? 2 : d.effect == CORE_EFFECT_ASK;
}

/* Of policies that do not name absence and count nothing: what is denied stays denied, and what is
 * asked is at least asked, without a value, or with one of another type. */
static void a_lost_value_permits_nothing(void **state)
{
    (void)state;
    random_state = seed;
    random_budgets = false;
    unsigned stricter = 0;
    for (unsigned i = 0; i < policies; i++) {
        auto_buf struct buf one = {0}, other = {0};
        bool mistype = roll(2);
        random_words = mistype ? RANDOM_NO_ABSENCE_NO_SIZE : RANDOM_NO_ABSENCE;
        random_policies(&one, &other);
        struct policy_image *image = must_compile(one.data);
        for (unsigned k = 0; k < REQUESTS; k++) {
            struct case_ c;
            struct random_request less;
            roll_case(&c);
            random_damage(&c.r, mistype, &less);
            int before = strictness(image, &c.r), after = strictness(image, &less);
            if (after < before) {
                auto_buf struct buf shown = {0};
                show(&less, &shown);
                fail_msg("permitted for what was lost: %s\n%s", shown.data, one.data);
            }
            stricter += after > before;
            random_request_free(&less);
            random_request_free(&c.r);
        }
        policy_image_unref(&image);
    }
    random_words = RANDOM_ALL_WORDS;
    random_budgets = true;
    print_message("%u requests were answered more strictly for what they lost\n", stricter);
    assert_true(stricter > policies / 50);
}

static struct policy_decision decided(const struct policy_image *image,
                                      const struct random_request *r, struct arena *arena,
                                      struct core_grant *grant)
{
    struct policy_decision d;
    struct reeve_error err = {0};
    assert_int_equal(policy_decide(image, &r->req, &r->inputs, &d), 0);
    if (d.effect != CORE_EFFECT_DENY &&
        policy_grant(image, &r->req, &r->inputs, &d, arena, grant, &err) != 0)
        fail_msg("no grant: %s", err.message);
    return d;
}

static bool narrows(const struct policy_image *image, const struct random_request *r,
                    const struct random_request *without)
{
    struct arena arena auto_arena;
    struct core_grant g = {0}, wider = {0};
    arena_init(&arena, 0);
    struct policy_decision d = decided(image, r, &arena, &g),
                           w = decided(image, without, &arena, &wider);
    assert_true(d.effect == w.effect || d.effect == CORE_EFFECT_DENY);
    assert_true(d.level <= w.level);
    if (d.effect == CORE_EFFECT_DENY)
        return w.effect != CORE_EFFECT_DENY;
    assert_true(d.isolation >= w.isolation && d.labels == w.labels);
    for (unsigned i = 0; i < CORE_LIMIT_COUNT; i++)
        if (wider.limits.set >> i & 1)
            assert_true(g.limits.set >> i & 1 && g.limits.value[i] <= wider.limits.value[i]);
    return false;
}

/* Whatever a ceiling says, nothing is permitted or given that would not be without it. */
static void a_ceiling_only_narrows(void **state)
{
    (void)state;
    random_state = seed;
    unsigned stricter = 0;
    for (unsigned i = 0; i < policies; i++) {
        auto_buf struct buf one = {0}, other = {0};
        random_policies(&one, &other);
        struct policy_image *image = must_compile(one.data);
        for (unsigned k = 0; k < REQUESTS / 4; k++) {
            struct case_ c;
            roll_case(&c);
            struct random_request without = c.r;
            without.req.ceiling = NULL;
            without.inputs.nceilings = 0;
            stricter += narrows(image, &c.r, &without);
            random_request_free(&c.r);
        }
        policy_image_unref(&image);
    }
    print_message("%u requests were answered more strictly for their ceilings\n", stricter);
    assert_true(stricter > policies / 50);
}

int main(int argc, char **argv)
{
    seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 0;
    policies = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 0) : POLICIES;
    while (!seed)
        base_random(&seed, sizeof seed);
    print_message("seed 0x%" PRIx64 "\n", seed);
    const struct CMUnitTest tests[] = {cmocka_unit_test(agree),
                                       cmocka_unit_test(a_lost_value_permits_nothing),
                                       cmocka_unit_test(a_ceiling_only_narrows)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
