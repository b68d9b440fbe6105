/*
 * The engine against the naive evaluator on random policies, requests and inputs, and against
 * itself with the rules shuffled over several files. The seed is printed; REEVE_SEED=SEED
 * policy_random_test [POLICIES [PART]] repeats a run of part 0.
 */
#include "engine.h"
#include "naive_verdict.h"
#include "random.h"

#include <inttypes.h>

enum { POLICIES = 500, REQUESTS = 100 };

static unsigned policies = POLICIES;

struct pair {
    struct policy_image *image, *shuffled, *other; /* other: of another policy */
    struct model *model;
    const char *text;
};

static void compare(const struct pair *p, const struct random_case *c,
                    const struct naive_answer *all, struct policy_decision *d)
{
    auto_buf struct buf want = {0}, got = {0}, again = {0}, shown = {0};
    struct policy_decision other;
    naive_put(all, &want);
    engine_answer(p->image, &c->r.req, &c->r.inputs, d, &got);
    engine_answer(p->shuffled, &c->r.req, &c->r.inputs, &other, &again);
    random_case_show(c, &shown);
    if (!str_eq(buf_view(&want), buf_view(&got)) || !str_eq(buf_view(&again), buf_view(&got)))
        fail_msg("%s:\nengine   %s\nnaive    %s\nshuffled %s\n%s", shown.data, got.data, want.data,
                 again.data, p->text);
}

/* The sentence for the person who is refused. */
static void compare_told(const struct pair *p, const struct random_case *c,
                         const struct naive_answer *all, const struct policy_decision *d)
{
    auto_buf struct buf got = {0}, shown = {0};
    struct naive_told want = {0};
    if (d->effect == CORE_EFFECT_ALLOW)
        return;
    policy_explain(p->image, &c->r.req, &c->r.inputs, d, &got);
    naive_explain(all, &want);
    struct str told = buf_view(&got), start = buf_view(&want.start);
    if (!str_starts(told, start) || (want.exact && told.n != start.n) ||
        (want.rest.len && !strstr(got.data + start.n, want.rest.data))) {
        random_case_show(c, &shown);
        fail_msg("%s:\nengine   %s\nnaive    %s ... %s\n%s", shown.data, got.data, want.start.data,
                 want.rest.len ? want.rest.data : "", p->text);
    }
    buf_fini(&want.start);
    buf_fini(&want.rest);
}

static int effect_and_rank(const struct policy_decision *d)
{
    return (int)d->effect * CORE_RANK_COUNT +
           (d->effect == CORE_EFFECT_DENY ? 0 : (int)d->isolation);
}

/* Shadow rules and a candidate: where what is permitted differs it is said so, of a deny exactly;
 * the same policy in another order never differs, and another one says beside what it says by
 * itself. */
static void compare_beside(const struct pair *p, const struct random_case *c,
                           const struct naive_answer *all, const struct policy_decision *d)
{
    const struct policy_request *req = &c->r.req;
    struct reeve_inputs_view inputs = c->r.inputs;
    struct policy_decision beside, alone;
    bool differs = naive_differs(all);
    bool denied = d->effect == CORE_EFFECT_DENY || d->shadow.effect == CORE_EFFECT_DENY;
    if (differs != d->shadow.differs && (differs || denied))
        fail_msg("the answer beside %s\n%s", differs ? "differs" : "is the same", p->text);
    assert_int_equal(policy_decide_beside(p->image, p->shuffled, req, &inputs, &beside), 0);
    assert_false(beside.shadow.differs);
    inputs.nspent = 0; /* of budgets of the one policy */
    assert_int_equal(policy_decide_beside(p->image, p->other, req, &inputs, &beside), 0);
    assert_int_equal(policy_decide(p->other, req, &inputs, &alone), 0);
    assert_int_equal(beside.shadow.effect, alone.effect);
    assert_int_equal(beside.shadow.rule, alone.rule);
    assert_true(beside.shadow.differs || effect_and_rank(&beside) == effect_and_rank(&alone));
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

/* The policy with its rules in a root file and two that it includes, at random. */
static struct policy_image *compile_in_files(const struct buf *policy)
{
    struct buf part[3] = {{0}};
    auto_buf struct buf all = {0};
    const char *rules = strstr(policy->data, "\nrules:\n") + strlen("\nrules:\n"), *end;
    for (const char *line = rules; *line; line = end) {
        end = strchr(line, '\n') + 1;
        buf_put(&part[roll(3)], line, (size_t)(end - line));
    }
    buf_z(&all, "=== root.yaml\n");
    buf_put(&all, policy->data, (size_t)(rules - policy->data));
    for (unsigned i = 0; i < 3; i++) {
        static const char *const heads[] = {"", "=== a.yaml\n" HEADER "rules:\n",
                                            "=== b/c.yaml\n" HEADER "rules:\n"};
        buf_z(&all, heads[i]);
        buf_str(&all, part[i].len ? buf_view(&part[i]) : STR("  []\n"));
        buf_z(&all, i == 0 ? "include: [b/c.yaml, a.yaml]\n" : "");
        buf_fini(&part[i]);
    }
    struct files files;
    struct policy_image *image = NULL;
    struct reeve_error err = {0};
    files_of(buf_view(&all), &files);
    if (policy_compile_source(&files.source, NULL, NULL, &image, &err) != 0)
        fail_msg("%s\n%s", err.message, all.data);
    return image;
}

/* `*last`: of the policy before, replaced by this one's. */
static void one_policy(struct policy_image **last, unsigned counts[KINDS])
{
    auto_buf struct buf one = {0}, other = {0};
    random_policies(&one, &other);
    struct arena arena auto_arena;
    arena_init(&arena, 0);
    struct policy_report report = {.text = buf_view(&one), .file = "random"};
    struct pair p = {must_compile(one.data), compile_in_files(&other), NULL, NULL, one.data};
    p.other = *last ? *last : policy_image_ref(p.image);
    struct ynode *root = policy_yaml_read(buf_view(&one), &arena, &report);
    assert_non_null(root);
    p.model = policy_parse(root, &arena, &report);
    assert_non_null(p.model);
    for (unsigned i = 0; i < REQUESTS; i++) {
        struct random_case c;
        struct naive_answer all;
        struct policy_decision d;
        random_case(&c);
        naive_answer(p.model, &c.r.req, &c.r.inputs, &all);
        compare(&p, &c, &all, &d);
        compare_told(&p, &c, &all, &d);
        compare_beside(&p, &c, &all, &d);
        count(&d, p.model->nrules, counts);
        random_request_free(&c.r);
    }
    policy_image_unref(&p.other);
    policy_image_unref(&p.shuffled);
    *last = p.image;
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
    struct policy_image *last = NULL;
    for (unsigned i = 0; i < policies; i++)
        one_policy(&last, counts);
    policy_image_unref(&last);
    print_message("%u whole answers\n", policies * REQUESTS);
    /* A run in which one kind of answer hardly comes about compares less than it seems to. */
    for (size_t i = 0; i < KINDS; i++) {
        print_message("%u %s\n", counts[i], names[i]);
        assert_true(counts[i] > policies * REQUESTS / 250);
    }
}

int main(int argc, char **argv)
{
    policies = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 0) : POLICIES;
    seed = random_seed(argc > 2 ? (unsigned)strtoul(argv[2], NULL, 0) : 0);
    print_message("seed 0x%" PRIx64 "\n", seed);
    const struct CMUnitTest tests[] = {cmocka_unit_test(agree)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
