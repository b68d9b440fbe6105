/*
 * The engine against the naive evaluator on random policies, requests and inputs, and against
 * itself with the rules shuffled. The seed is printed; `policy_random_test SEED` repeats a run, and
 * a second argument is the number of policies.
 */
#include "support.h"

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
    struct policy_request req;
    struct reeve_inputs_view inputs;
    struct policy_subject chain[3];
    struct policy_spent spent[MAX_SPENT];
};

static struct str subject(void)
{
    return str_of(random_subjects[random_roll((uint32_t)random_nsubjects)]);
}

/* 2026-01-01T00:00:00Z, and up to 30 s later. */
static int64_t moment(void)
{
    return (INT64_C(1767225600) + random_roll(30)) * INT64_C(1000000000);
}

static void roll_inputs(struct case_ *c)
{
    static const char *const resources[] = {"d:a", "d:b", "e:abc", "f:x"};
    if (random_roll(2))
        c->req.resource = str_of(resources[random_roll((uint32_t)BASE_COUNT(resources))]);
    c->inputs =
        (struct reeve_inputs_view){.now_ns = moment(), .chain = c->chain, .spent = c->spent};
    c->inputs.nchain = random_roll(3) ? 0 : random_roll(4);
    for (uint32_t i = 0; i < c->inputs.nchain; i++)
        c->chain[i] = (struct policy_subject){.text = subject()};
    c->inputs.nspent = random_roll(2) ? 0 : random_roll(MAX_SPENT);
    for (uint32_t i = 0; i < c->inputs.nspent; i++)
        c->spent[i] =
            (struct policy_spent){random_roll(4), (uint8_t)random_roll(4), (uint8_t)random_roll(3),
                                  random_roll(2) ? random_roll(12) : random_roll(5) << 20};
}

static void compare(const struct pair *p, const struct case_ *c, const char *args,
                    struct policy_decision *d)
{
    auto_buf struct buf want = {0}, got = {0}, again = {0};
    struct policy_decision other;
    naive_answer(p->model, &c->req, &c->inputs, &want);
    engine_answer(p->image, &c->req, &c->inputs, d, &got);
    engine_answer(p->shuffled, &c->req, &c->inputs, &other, &again);
    if (!str_eq(buf_view(&want), buf_view(&got)) || !str_eq(buf_view(&again), buf_view(&got)))
        fail_msg("%.*s %.*s resource %.*s of %s, level %d, %u parents:\nengine   %s\nnaive    "
                 "%s\nshuffled %s\n%s",
                 (int)c->req.subject.n, c->req.subject.p, (int)c->req.capability.n,
                 c->req.capability.p, (int)c->req.resource.n, c->req.resource.p,
                 c->req.args ? args : "nothing", c->req.level, c->inputs.nchain, got.data,
                 want.data, again.data, p->text);
}

/* Kinds of answers, each of which has to come about. */
enum { FULL, ALLOWED, ASKED, DENIED, DEFAULT, HELD, SPENT, SHADOWED, BY_PARENT, KINDS };

static void count(const struct policy_decision *d, uint32_t nrules, unsigned counts[KINDS])
{
    bool rule = d->rule < nrules, pseudo = d->rule >= POLICY_RULE_BOUND;
    counts[FULL] += d->rule == POLICY_RULE_FULL;
    counts[ALLOWED] += rule && d->effect == CORE_EFFECT_ALLOW;
    counts[ASKED] += d->effect == CORE_EFFECT_ASK;
    counts[DENIED] += rule && d->effect == CORE_EFFECT_DENY;
    counts[DEFAULT] += d->rule == POLICY_RULE_DEFAULT;
    counts[HELD] += d->requires.n > 0;
    counts[SPENT] += !rule && !pseudo;
    counts[SHADOWED] += d->shadow.differs;
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
        auto_buf struct buf args = {0};
        random_args(&args);
        struct case_ c = {0};
        struct question q = {random_subjects[random_roll((uint32_t)random_nsubjects)],
                             random_capabilities[random_roll((uint32_t)random_ncapabilities)],
                             random_roll(10) ? args.data : NULL,
                             random_roll(4) ? NULL : random_levels[random_roll(3)]};
        auto_json struct json_text text;
        struct policy_decision d;
        c.req = ask(&q, &text);
        roll_inputs(&c);
        compare(&p, &c, args.data, &d);
        count(&d, p.model->nrules, counts);
    }
    policy_image_unref(&p.image);
    policy_image_unref(&p.shuffled);
}

static uint64_t seed;

static void agree(void **state)
{
    static const char *const names[KINDS] = {"full", "allowed", "asked",    "denied",     "default",
                                             "held", "spent",   "shadowed", "by a parent"};
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

int main(int argc, char **argv)
{
    seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 0;
    policies = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 0) : POLICIES;
    while (!seed)
        base_random(&seed, sizeof seed);
    print_message("seed 0x%" PRIx64 "\n", seed);
    const struct CMUnitTest tests[] = {cmocka_unit_test(agree)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
