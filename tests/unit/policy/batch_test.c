/*
 * Decisions in batches: of random policies and requests, those that policy_decide makes one by one,
 * whatever the size of the batch and whatever stands beside a request.
 */
#include "support.h"

#include "policy/decide.h"
#include "random.h"

enum { POLICIES = 150, REQUESTS = 40 };

static bool same_list(const struct policy_list *a, const struct policy_list *b)
{
    return a->n == b->n && memcmp(a->v, b->v, a->n * sizeof a->v[0]) == 0;
}

static bool same_links(const struct policy_decision *a, const struct policy_decision *b)
{
    for (uint32_t i = 0; i < a->nlinks; i++)
        if (a->link[i].grant != b->link[i].grant || a->link[i].level != b->link[i].level ||
            a->link[i].everything != b->link[i].everything)
            return false;
    return a->nlinks == b->nlinks;
}

static void expect_same(const struct policy_decision *a, const struct policy_decision *b)
{
    assert_int_equal(a->effect, b->effect);
    assert_int_equal(a->rule, b->rule);
    assert_int_equal(a->level, b->level);
    assert_int_equal(a->klass, b->klass);
    assert_int_equal(a->isolation, b->isolation);
    assert_int_equal(a->level_capped, b->level_capped);
    assert_int_equal(a->grant, b->grant);
    assert_int_equal(a->strictest, b->strictest);
    assert_true(a->labels == b->labels && a->budgets == b->budgets && a->warned == b->warned);
    assert_true(same_links(a, b) && same_list(&a->requires, &b->requires));
    assert_true(same_list(&a->approvals, &b->approvals));
    assert_true(same_list(&a->obligations, &b->obligations));
    assert_int_equal(a->shadow.differs, b->shadow.differs);
    assert_int_equal(a->shadow.effect, b->shadow.effect);
    assert_int_equal(a->shadow.rule, b->shadow.rule);
    assert_int_equal(a->shadow.grant, b->shadow.grant);
    assert_int_equal(a->shadow.isolation, b->shadow.isolation);
}

static void roll_request(struct random_request *r)
{
    random_request(r);
    r->req.subject = str_of(random_subjects[roll((uint32_t)random_nsubjects)]);
    r->req.capability = str_of(random_capabilities[roll((uint32_t)random_ncapabilities)]);
    r->req.entry = core_capability_find(r->req.capability);
    r->req.level = roll(4) ? -1 : (int)roll(CORE_LEVEL_COUNT);
    if (roll(16) == 0)
        r->req.subject = STR("no subject");
    if (roll(16) == 0)
        r->req.capability.n = 0;
}

static unsigned compare(const struct policy_image *image, const struct policy_request *reqs,
                        size_t n, const struct reeve_inputs_view *inputs)
{
    struct policy_decision single, all[REQUESTS];
    unsigned malformed = 0;
    memset(all, 0xa5, sizeof all);
    int rc = policy_decide_batch(image, reqs, n, inputs, all);
    for (size_t i = 0; i < n; i++) {
        if (policy_decide(image, &reqs[i], inputs, &single) == REEVE_OK) {
            expect_same(&all[i], &single);
            continue;
        }
        malformed++;
        assert_int_equal(all[i].effect, CORE_EFFECT_DENY);
        assert_int_equal(all[i].rule, POLICY_RULE_DEFAULT);
        assert_int_equal(all[i].requires.n + all[i].approvals.n + all[i].obligations.n, 0);
    }
    assert_int_equal(rc, malformed ? REEVE_EINVAL : REEVE_OK);
    return malformed;
}

static void a_batch_decides_as_one_by_one(void **state)
{
    (void)state;
    unsigned malformed = 0;
    random_state = 12;
    for (unsigned i = 0; i < POLICIES; i++) {
        auto_buf struct buf one = {0};
        auto_buf struct buf other = {0};
        static struct random_request r[REQUESTS];
        struct policy_request reqs[REQUESTS];
        random_policies(&one, &other);
        struct policy_image *image = must_compile(one.data);
        for (unsigned k = 0; k < REQUESTS; k++) {
            roll_request(&r[k]);
            reqs[k] = r[k].req;
        }
        malformed += compare(image, reqs, roll(REQUESTS + 1), &r[0].inputs);
        for (unsigned k = 0; k < REQUESTS; k++)
            random_request_free(&r[k]);
        policy_image_unref(&image);
    }
    assert_in_range(malformed, POLICIES / 2, POLICIES * REQUESTS / 4);
}

/* What a decision was made with is the caller's again: nothing of its stack is left in it. */
static void nothing_is_left_of_the_links(void **state)
{
    (void)state;
    struct policy_image *image = must_compile(
        HEADER "defaults: {level: full}\nrules:\n  - {id: a, effect: deny, subject: [\"u:p\"], "
               "capability: [t.deny], when: {subject.id: p}}\n");
    const struct policy_subject chain = {STR("u:p"), NULL};
    const struct reeve_inputs_view inputs = {.chain = &chain, .nchain = 1};
    static const char *const capabilities[] = {"t.deny", "t.x"}, *const subjects[] = {"u:a",
                                                                                      "none"};
    for (size_t i = 0; i < 4; i++) {
        const struct policy_request req = {.subject = str_of(subjects[i / 2]),
                                           .capability = str_of(capabilities[i % 2]),
                                           .level = -1};
        struct policy_decision out;
        struct deciding d;
        decide_start(&d, image, &req, &inputs, 0, false);
        (void)eval_scan_next(&d.scan);
        assert_int_equal(decide_links(&d, &out), i < 2 ? 0 : REEVE_EINVAL);
        assert_ptr_equal(d.req, &req);
        assert_ptr_equal(d.eval.req, &req);
        assert_null(d.eval.memo);
    }
    policy_image_unref(&image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_batch_decides_as_one_by_one),
                                       cmocka_unit_test(nothing_is_left_of_the_links)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
