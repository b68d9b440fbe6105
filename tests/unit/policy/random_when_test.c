/*
 * Conditions against the naive evaluator: random policies, requests and inputs, the value of each
 * condition compared; every operator of the table must come out true, false and unknown. Then the
 * property that matters: taking a value away, or giving one of another type, never makes a
 * condition known that does not name absence. The seed is printed; REEVE_SEED=SEED repeats a run,
 * an argument is the number of policies.
 */
#include "random_when.h"

#include "naive_when.h"
#include "policy/eval.h"

#include <inttypes.h>

enum { POLICIES = 1500, RULES = 10, REQUESTS = 70 };

static uint64_t seed;
static unsigned policies = POLICIES;

struct policy {
    struct buf text;
    struct policy_image *image;
    struct model *model;
    struct arena arena;
    enum policy_op op[RULES]; /* of the rule's one test; OP_COUNT: anything */
};

static void put_head(struct buf *b)
{
    buf_z(b,
          HEADER "defaults: {level: full}\ngroups: {g0: [\"u:a\", \"group:g1\"], g1: [\"u:*b\"], "
                 "g2: [\"v:*\"]}\n");
    random_top(b);
    buf_z(b, "rules:\n");
}

static void make(struct policy *p)
{
    *p = (struct policy){0};
    arena_init(&p->arena, 0);
    put_head(&p->text);
    for (unsigned i = 0; i < RULES; i++) {
        buf_printf(&p->text, "  - {id: r%u, effect: deny, when: ", i);
        p->op[i] = (enum policy_op)roll(OP_COUNT);
        if (roll(2) && random_can(p->op[i]) && random_words == RANDOM_ALL_WORDS) {
            random_test_of(&p->text, p->op[i]);
        } else {
            p->op[i] = OP_COUNT;
            random_when(&p->text, 0);
        }
        buf_z(&p->text, "}\n");
    }
    struct policy_report report = {.text = buf_view(&p->text), .file = "random"};
    p->image = must_compile(p->text.data);
    struct ynode *root = policy_yaml_read(buf_view(&p->text), &p->arena, &report);
    assert_non_null(root);
    p->model = policy_parse(root, &p->arena, &report);
    assert_non_null(p->model);
}

static void unmake(struct policy *p)
{
    policy_image_unref(&p->image);
    arena_fini(&p->arena);
    buf_fini(&p->text);
}

/* Rules are r0 to r9: an image's order is the model's. */
static enum tri engine_within(const struct policy *p, const struct random_request *r, unsigned rule,
                              uint64_t *patterns)
{
    struct eval e = {.image = p->image,
                     .req = &r->req,
                     .inputs = &r->inputs,
                     .subject = eval_subject_of(p->image, r->req.subject),
                     .level = CORE_LEVEL_FULL,
                     .patterns = patterns};
    return eval_condition(&e, image_rules(p->image)[rule].condition);
}

static enum tri engine(const struct policy *p, const struct random_request *r, unsigned rule)
{
    struct eval_memo memo;
    struct eval e = {.image = p->image,
                     .req = &r->req,
                     .inputs = &r->inputs,
                     .subject = eval_subject_of(p->image, r->req.subject),
                     .level = CORE_LEVEL_FULL};
    uint32_t root = image_rules(p->image)[rule].condition;
    enum tri alone = eval_condition(&e, root);
    e.memo = &memo;
    eval_remember(&memo);
    assert_int_equal(eval_condition(&e, root), alone);
    assert_int_equal(eval_condition(&e, root), alone); /* from what is remembered */
    return alone;
}

static enum tri naive(const struct policy *p, const struct random_request *r, unsigned rule)
{
    static const enum tri values[] = {TRI_FALSE, TRI_UNKNOWN, TRI_TRUE};
    struct arena arena auto_arena;
    arena_init(&arena, 0);
    struct naive n = {p->model, &r->req, &r->inputs, "full", &arena, 0, false};
    return values[naive_truth(&n, p->model->rules[rule].when)];
}

static void disagree(const struct policy *p, const struct random_request *r, unsigned rule,
                     enum tri got, enum tri want)
{
    auto_buf struct buf shown = {0};
    random_request_show(r, &shown);
    fail_msg("seed 0x%" PRIx64 ": r%u is %d, naively %d: %s\n%s", seed, rule, (int)got, (int)want,
             shown.data, p->text.data);
}

static void one_policy(unsigned counts[OP_COUNT + 1][3])
{
    struct policy p;
    make(&p);
    for (unsigned i = 0; i < REQUESTS; i++) {
        struct random_request r;
        random_request(&r);
        for (unsigned k = 0; k < RULES; k++) {
            enum tri got = engine(&p, &r, k), want = naive(&p, &r, k);
            if (got != want)
                disagree(&p, &r, k, got, want);
            counts[p.op[k]][got]++;
        }
        random_request_free(&r);
    }
    unmake(&p);
}

static void agree(void **state)
{
    static const char *const words[] = {
#define X(id, ...) #id,
        POLICY_OP_TABLE(X)
#undef X
            "anything"};
    (void)state;
    unsigned counts[OP_COUNT + 1][3] = {0};
    random_state = seed;
    for (unsigned i = 0; i < policies; i++)
        one_policy(counts);
    for (unsigned i = 0; i <= OP_COUNT; i++) {
        if (i < OP_COUNT && !random_can((enum policy_op)i))
            continue;
        print_message("%-12s %7u false %7u unknown %7u true\n", words[i], counts[i][TRI_FALSE],
                      counts[i][TRI_UNKNOWN], counts[i][TRI_TRUE]);
        /* An operator that hardly ever has one of the three values is compared less than it
         * seems. */
        for (unsigned v = 0; v < 3; v++)
            assert_true(counts[i][v] > policies / 75);
    }
}

/* ---- what a lost value does ---- */

static void lose(const struct policy *p, const struct random_request *r, enum random_loss loss,
                 unsigned *lost)
{
    struct random_request less;
    random_damage(r, loss, &less);
    for (unsigned k = 0; k < RULES; k++) {
        enum tri before = engine(p, r, k), after = engine(p, &less, k);
        if (after != before && after != TRI_UNKNOWN)
            disagree(p, &less, k, after, before);
        *lost += after != before;
    }
    random_request_free(&less);
}

/* Conditions that do not name absence: without a value, or with one of another type, each is what
 * it was or unknown, so that no allow comes to hold and no deny ceases to. */
static void a_lost_value_widens_nothing(void **state)
{
    (void)state;
    random_state = seed;
    unsigned lost[RANDOM_LOSSES] = {0};
    for (unsigned i = 0; i < policies / 2; i++) {
        enum random_loss loss = (enum random_loss)(i % RANDOM_LOSSES);
        struct policy p;
        random_words = loss == RANDOM_MISSING ? RANDOM_NO_ABSENCE : RANDOM_NO_ABSENCE_NO_SIZE;
        make(&p);
        for (unsigned k = 0; k < REQUESTS; k++) {
            struct random_request r;
            random_request(&r);
            lose(&p, &r, loss, &lost[loss]);
            random_request_free(&r);
        }
        unmake(&p);
    }
    random_words = RANDOM_ALL_WORDS;
    print_message("values known no more: %u missing, %u mistyped, %u too long\n",
                  lost[RANDOM_MISSING], lost[RANDOM_MISTYPED], lost[RANDOM_TOO_LONG]);
    for (unsigned i = 0; i < RANDOM_LOSSES; i++)
        assert_true(lost[i] > policies / 10);
}

/* Without money for regular expressions each condition is what it was or unknown. */
static void a_spent_budget_widens_nothing(void **state)
{
    (void)state;
    random_state = seed;
    unsigned lost = 0;
    for (unsigned i = 0; i < policies / 10; i++) {
        struct policy p;
        make(&p);
        for (unsigned k = 0; k < REQUESTS * RULES; k++) {
            struct random_request r;
            uint64_t nothing = 0;
            random_request(&r);
            enum tri before = engine(&p, &r, k % RULES);
            enum tri after = engine_within(&p, &r, k % RULES, &nothing);
            if (after != before && after != TRI_UNKNOWN)
                disagree(&p, &r, k % RULES, after, before);
            lost += after != before;
            random_request_free(&r);
        }
        unmake(&p);
    }
    print_message("%u values known no more without a budget\n", lost);
    assert_true(lost > policies / 15);
}

int main(int argc, char **argv)
{
    policies = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 0) : POLICIES;
    seed = random_seed(0);
    print_message("seed 0x%" PRIx64 "\n", seed);
    const struct CMUnitTest tests[] = {cmocka_unit_test(agree),
                                       cmocka_unit_test(a_lost_value_widens_nothing),
                                       cmocka_unit_test(a_spent_budget_widens_nothing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
