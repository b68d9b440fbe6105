/*
 * What must hold of every delegated file: it takes nothing from others. Random policies, each
 * compiled with an empty file of a team and with one that declares and rules; the seed is printed,
 * REEVE_SEED=SEED repeats a run, and an argument is the number of policies.
 */
#include "engine.h"
#include "random.h"

#include <inttypes.h>

enum { POLICIES = 200, REQUESTS = 60 };

static uint64_t seed;
static unsigned policies = POLICIES;

#define OWN "v:b"
#define ENTRY                                                                                      \
    "include: [{file: t.yaml, as: t, may: {subject: [\"" OWN "\"], capability: [\"*\"]}}]\n"

static struct policy_image *compile(const struct buf *root, const char *team, const char *rules)
{
    struct files files;
    struct policy_image *image = NULL;
    struct reeve_error err = {0};
    auto_buf struct buf text = {0};
    buf_z(&text, "=== root.yaml\n");
    buf_str(&text, buf_view(root));
    buf_printf(&text, ENTRY "=== t.yaml\n" HEADER "%srules:\n%s", team, *rules ? rules : "  []\n");
    files_of(buf_view(&text), &files);
    if (policy_compile_source(&files.source, NULL, NULL, &image, &err) != 0)
        fail_msg("%s:%u: %s\n%s", err.file, err.line, err.message, text.data);
    return image;
}

static bool is_own(const struct random_case *c)
{
    return str_is(c->r.req.subject, OWN);
}

/* For whom the file may not be about, it is not there. */
static void compare_others(const struct policy_image *without, const struct policy_image *with,
                           const struct random_case *c, const char *policy)
{
    auto_buf struct buf one = {0}, other = {0}, shown = {0};
    struct policy_request req = c->r.req;
    struct policy_decision d;
    req.passed = NULL;
    engine_answer(without, &req, &c->r.inputs, &d, &one);
    engine_answer(with, &req, &c->r.inputs, &d, &other);
    random_case_show(c, &shown);
    if (!str_eq(buf_view(&one), buf_view(&other)))
        fail_msg("seed 0x%" PRIx64 ": %s:\nwithout %s\nwith    %s\n%s", seed, shown.data, one.data,
                 other.data, policy);
}

static const char *widened(const struct policy_decision *a, const struct policy_decision *b)
{
    static const int strictness[] = {
        [CORE_EFFECT_ALLOW] = 0, [CORE_EFFECT_ASK] = 1, [CORE_EFFECT_DENY] = 2};
    if (strictness[b->effect] != strictness[a->effect])
        return strictness[b->effect] < strictness[a->effect] ? "the effect" : NULL;
    if (a->effect == CORE_EFFECT_DENY || a->rule != b->rule || a->grant != b->grant ||
        a->nlinks > 1)
        return NULL; /* another rule permits, which matched before as well */
    if (b->isolation < a->isolation)
        return "isolation";
    if (a->labels & ~b->labels)
        return "a label";
    if (b->requires.n < a->requires.n)
        return "a require";
    if (b->obligations.n < a->obligations.n)
        return "an obligation";
    return b->approvals.n < a->approvals.n ? "an approval" : NULL;
}

/* For its own subjects what it declares widens no other file's rules: without it arguments are as
 * they were passed. */
static void compare_own(const struct policy_image *without, const struct policy_image *declares,
                        const struct random_case *c, const char *policy)
{
    struct policy_request req = c->r.req;
    struct policy_decision before, after;
    if (req.passed)
        req.args = req.passed;
    req.passed = NULL;
    assert_int_equal(policy_decide(without, &req, &c->r.inputs, &before), 0);
    assert_int_equal(policy_decide(declares, &c->r.req, &c->r.inputs, &after), 0);
    const char *what = widened(&before, &after);
    auto_buf struct buf shown = {0};
    random_case_show(c, &shown);
    if (what)
        fail_msg("seed 0x%" PRIx64 ": %s is wider: %s\n%s", seed, what, shown.data, policy);
}

static void one_policy(unsigned *own)
{
    auto_buf struct buf one = {0}, ignored = {0}, entry = {0}, rules = {0};
    random_policies(&one, &ignored);
    random_delegated(0, "t", &entry, &rules);
    struct policy_image *without = compile(&one, "", "");
    struct policy_image *declares = compile(&one, random_declared(0), "");
    struct policy_image *with = compile(&one, random_declared(0), rules.data);
    for (unsigned i = 0; i < REQUESTS; i++) {
        struct random_case c;
        random_case(&c);
        if (roll(2))
            c.r.req.subject = STR(OWN);
        if (is_own(&c))
            compare_own(without, declares, &c, one.data);
        else
            compare_others(without, with, &c, one.data);
        *own += is_own(&c);
        random_request_free(&c.r);
    }
    policy_image_unref(&without);
    policy_image_unref(&declares);
    policy_image_unref(&with);
}

static void a_delegated_file_takes_nothing_from_others(void **state)
{
    (void)state;
    unsigned own = 0;
    random_state = seed;
    random_budgets = false; /* another rule's grant may fit where the first one's did not */
    for (unsigned i = 0; i < policies; i++)
        one_policy(&own);
    print_message("%u of its own\n", own);
    assert_true(own > policies);
}

int main(int argc, char **argv)
{
    policies = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 0) : POLICIES;
    seed = random_seed(0);
    print_message("seed 0x%" PRIx64 "\n", seed);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_delegated_file_takes_nothing_from_others)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
