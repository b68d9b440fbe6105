/*
 * What must hold for every policy and request: nothing that is lost, added or narrowed ever widens
 * access. Random policies and requests, each asked before and after a change; the seed is printed,
 * REEVE_SEED=SEED repeats a run, and an argument is the number of policies.
 *
 * Wider is a weaker effect, or with the same one a weaker isolation, fewer requires, approvals or
 * labels, or more in the grant at the places that are probed. Budgets are left out: what a require
 * cuts may fit where more did not.
 */
#include "engine.h"
#include "naive.h"
#include "random.h"

#include <inttypes.h>

enum { POLICIES = 400, REQUESTS = 60 };

static uint64_t seed;
static unsigned policies = POLICIES;

struct side {
    const struct policy_image *image;
    struct random_case c;
    struct policy_decision d;
    struct arena arena;
    struct engine_probe probe; /* of what is permitted */
};

static int strictness(const struct side *s)
{
    return s->d.effect == CORE_EFFECT_DENY ? 2 : s->d.effect == CORE_EFFECT_ASK;
}

static void begin(struct side *s)
{
    struct core_grant g;
    const struct random_request *r = &s->c.r;
    arena_init(&s->arena, 0);
    assert_int_equal(policy_decide(s->image, &r->req, &r->inputs, &s->d), 0);
    if (s->d.effect == CORE_EFFECT_DENY)
        return;
    assert_int_equal(policy_grant(s->image, &r->req, &r->inputs, &s->d, &s->arena, &g, NULL), 0);
    engine_probe(&g, &s->probe);
}

/* Names of requires, or texts of approvals, as a set in one text. */
static void put_requires(const struct side *s, struct buf *out)
{
    for (uint32_t i = 0; i < s->d.requires.n; i++) {
        struct str id = policy_image_rule(s->image, s->d.requires.v[i]).id;
        buf_printf(out, "|%.*s|", (int)id.n, id.p);
    }
}

static void put_approvals(const struct side *s, struct buf *out)
{
    for (uint32_t i = 0; i < s->d.approvals.n; i++) {
        struct policy_approval a;
        assert_true(policy_image_approval(s->image, s->d.approvals.v[i], &a));
        buf_printf(out, "|%u %lld %d %.*s|", a.need, (long long)a.within_ns, (int)a.covers,
                   (int)a.by.n, a.by.p);
    }
}

/* Whether each |text| of `a` is in `b`. */
static bool holds_all(struct buf *a, struct buf *b)
{
    char *rest = NULL;
    for (char *p = a->len ? strtok_r(a->data, "|", &rest) : NULL; p;
         p = strtok_r(NULL, "|", &rest)) {
        auto_buf struct buf one = {0};
        buf_printf(&one, "|%s|", p);
        if (!b->len || !strstr(b->data, one.data))
            return false;
    }
    return true;
}

typedef void put_fn(const struct side *s, struct buf *out);

static bool lost_any(const struct side *before, const struct side *after, put_fn *put)
{
    auto_buf struct buf a = {0}, b = {0};
    put(before, &a);
    put(after, &b);
    return !holds_all(&a, &b);
}

/* What is wider after than before; NULL: nothing. `same_rules`: the rules that match and their
 * approvals, labels and grants are the same but for more that hold it. */
static const char *widened(const struct side *before, const struct side *after, bool same_rules)
{
    if (strictness(after) != strictness(before))
        return strictness(after) < strictness(before) ? "the effect" : NULL;
    if (after->d.effect == CORE_EFFECT_DENY)
        return NULL;
    if (lost_any(before, after, put_requires))
        return "a require";
    if (!same_rules)
        return NULL;
    if (after->d.isolation < before->d.isolation)
        return "isolation";
    if (before->d.labels & ~after->d.labels)
        return "a label";
    if (lost_any(before, after, put_approvals))
        return "an approval";
    return engine_wider(&before->probe, &after->probe);
}

static void compare(const struct side *before, const struct side *after, bool same_rules,
                    const char *policy)
{
    const char *what = widened(before, after, same_rules);
    auto_buf struct buf one = {0}, other = {0};
    if (!what)
        return;
    random_case_show(&before->c, &one);
    random_case_show(&after->c, &other);
    fail_msg("seed 0x%" PRIx64 ": %s is wider\nbefore %s\nafter  %s\n%s", seed, what, one.data,
             other.data, policy);
}

/* Random policies without budgets, each with requests; `fn` changes something and compares. */
typedef void try_fn(const struct policy_image *image, const char *policy, unsigned *changed);

static void each_of(try_fn *fn, enum random_words words, unsigned least, bool budgets)
{
    unsigned changed = 0;
    random_state = seed + least + words;
    random_budgets = budgets;
    random_words = words;
    /* Most values that are lost change nothing. */
    for (unsigned i = 0; i < (words == RANDOM_ALL_WORDS ? 1 : 3) * policies; i++) {
        auto_buf struct buf one = {0}, other = {0};
        random_policies(&one, &other);
        /* Where everything is permitted, more hangs on what holds it. */
        if (words != RANDOM_ALL_WORDS && roll(2))
            buf_z(&one, "  - {id: r98, effect: allow, subject: anyone, capability: [\"*\"]}\n");
        struct policy_image *image = must_compile(one.data);
        fn(image, one.data, &changed);
        policy_image_unref(&image);
    }
    random_budgets = true;
    random_words = RANDOM_ALL_WORDS;
    print_message("%u answers changed\n", changed);
    assert_true(changed >= least);
}

static void each(try_fn *fn, enum random_words words, unsigned least)
{
    each_of(fn, words, least, false);
}

static bool differs(const struct side *a, const struct side *b)
{
    return strictness(a) != strictness(b) || a->d.isolation != b->d.isolation ||
           a->d.requires.n != b->d.requires.n || a->d.approvals.n != b->d.approvals.n ||
           (strictness(a) < 2 && engine_wider(&b->probe, &a->probe));
}

static void end(struct side *before, struct side *after, bool same_rules, const char *policy,
                unsigned *changed)
{
    begin(before);
    begin(after);
    compare(before, after, same_rules, policy);
    *changed += differs(before, after);
    arena_fini(&before->arena);
    arena_fini(&after->arena);
}

/* ---- a value less ---- */

/* Whether the same rule permits with the same grant: a lost value may leave it to an allow that is
 * less specific, whose grant and labels are its own; that rule matched before as well. Which rules
 * permit the parents a decision does not tell. */
static bool same_rule(const struct policy_image *image, const struct random_request *a,
                      const struct random_request *b)
{
    struct policy_decision x, y;
    assert_int_equal(policy_decide(image, &a->req, &a->inputs, &x), 0);
    assert_int_equal(policy_decide(image, &b->req, &b->inputs, &y), 0);
    return x.nlinks == 1 && y.nlinks == 1 && x.rule == y.rule && x.grant == y.grant;
}

static void lose_one(const struct policy_image *image, const char *policy,
                     const struct random_case *c, enum random_loss loss, unsigned *changed)
{
    struct side before = {.image = image, .c = *c}, after = before;
    random_damage(&c->r, loss, &after.c.r);
    end(&before, &after, same_rule(image, &c->r, &after.c.r), policy, changed);
    random_request_free(&after.c.r);
}

static void lose(const struct policy_image *image, const char *policy, enum random_loss loss,
                 unsigned *changed)
{
    for (unsigned k = 0; k < REQUESTS; k++) {
        struct random_case c;
        random_case(&c);
        c.r.inputs.nspent = 0;
        c.r.inputs.spent_all = true;
        for (unsigned i = 0; i < 4; i++)
            lose_one(image, policy, &c, loss, changed);
        random_request_free(&c.r);
    }
}

static void lose_missing(const struct policy_image *image, const char *policy, unsigned *changed)
{
    lose(image, policy, RANDOM_MISSING, changed);
}

static void lose_mistyped(const struct policy_image *image, const char *policy, unsigned *changed)
{
    lose(image, policy, RANDOM_MISTYPED, changed);
}

static void lose_too_long(const struct policy_image *image, const char *policy, unsigned *changed)
{
    lose(image, policy, RANDOM_TOO_LONG, changed);
}

/* Of policies that do not name absence (`exists`, `absent`, defaults). */
static void a_missing_value_widens_nothing(void **state)
{
    (void)state;
    each(lose_missing, RANDOM_NO_ABSENCE, policies / 20);
}

static void a_mistyped_value_widens_nothing(void **state)
{
    (void)state;
    each(lose_mistyped, RANDOM_NO_ABSENCE_NO_SIZE, policies / 20);
}

static void a_list_that_is_too_long_widens_nothing(void **state)
{
    (void)state;
    each(lose_too_long, RANDOM_NO_ABSENCE_NO_SIZE, policies / 20);
}

/* ---- a rule more ---- */

static void add(const struct policy_image *image, const char *policy, enum policy_rule_kind kind,
                unsigned *changed)
{
    auto_buf struct buf more = {0};
    buf_z(&more, policy);
    random_rule(&more, kind);
    struct policy_image *with = must_compile(more.data);
    for (unsigned k = 0; k < REQUESTS; k++) {
        struct side before = {.image = image}, after = {.image = with};
        random_case(&before.c);
        before.c.r.inputs.nspent = 0;
        before.c.r.inputs.spent_all = true;
        after.c = before.c;
        end(&before, &after, true, more.data, changed);
        random_request_free(&before.c.r);
    }
    policy_image_unref(&with);
}

static void add_deny(const struct policy_image *image, const char *policy, unsigned *changed)
{
    add(image, policy, RULE_DENY, changed);
}

static void add_require(const struct policy_image *image, const char *policy, unsigned *changed)
{
    add(image, policy, RULE_REQUIRE, changed);
}

static void a_deny_more_widens_nothing(void **state)
{
    (void)state;
    each(add_deny, RANDOM_ALL_WORDS, policies / 2);
}

static void a_require_more_widens_nothing(void **state)
{
    (void)state;
    each(add_require, RANDOM_ALL_WORDS, policies / 2);
}

/* ---- a parent more, a level asked for ---- */

/* Conditions can ask for the chain, and then it is a value like others: here nobody knows it. */
static void add_parent(const struct policy_image *image, const char *policy, unsigned *changed)
{
    for (unsigned k = 0; k < REQUESTS; k++) {
        struct side before = {.image = image}, after = {.image = image};
        random_case(&before.c);
        before.c.r.inputs.nspent = 0;
        before.c.r.inputs.spent_all = true;
        before.c.r.inputs.known &= ~(1u << POLICY_INPUT_CHAIN);
        before.c.r.inputs.nchain = roll(2);
        after.c = before.c;
        after.c.r.inputs.nchain++;
        before.c.r.inputs.chain = after.c.r.inputs.chain = before.c.r.chain;
        end(&before, &after, true, policy, changed);
        assert_true(after.d.level <= before.d.level);
        random_request_free(&before.c.r);
    }
}

static void a_parent_more_widens_nothing(void **state)
{
    (void)state;
    each(add_parent, RANDOM_ALL_WORDS, policies);
}

/* The level is the lower one of what is asked for and what the subject and its parents have. */
static void ask_for_levels(const struct policy_image *image, const char *policy, unsigned *changed)
{
    for (unsigned k = 0; k < REQUESTS; k++) {
        struct side s = {.image = image};
        struct policy_decision own;
        random_case(&s.c);
        struct policy_request *req = &s.c.r.req;
        req->level = -1;
        assert_int_equal(policy_decide(image, req, &s.c.r.inputs, &own), 0);
        for (req->level = 0; req->level < CORE_LEVEL_COUNT; req->level++) {
            int least = (int)own.level < req->level ? (int)own.level : req->level;
            assert_int_equal(policy_decide(image, req, &s.c.r.inputs, &s.d), 0);
            if ((int)s.d.level != least)
                fail_msg("seed 0x%" PRIx64 ": level %d of %d\n%s", seed, (int)s.d.level, least,
                         policy);
            *changed += s.d.level != own.level;
        }
        random_request_free(&s.c.r);
    }
}

static void a_request_raises_no_level(void **state)
{
    (void)state;
    each(ask_for_levels, RANDOM_ALL_WORDS, policies);
}

/* ---- a ceiling ---- */

static void put_ceiling(const struct policy_image *image, const char *policy, unsigned *changed)
{
    for (unsigned k = 0; k < REQUESTS; k++) {
        struct side before = {.image = image}, after = before;
        random_case(&after.c);
        before.c = after.c;
        before.c.r.req.ceiling = NULL;
        before.c.r.inputs.nceilings = 0;
        end(&before, &after, true, policy, changed);
        assert_true(after.d.level <= before.d.level);
        random_request_free(&after.c.r);
    }
}

/* Whatever a ceiling says, nothing is permitted or given that would not be without it; budgets
 * count what was asked for. */
static void a_ceiling_only_narrows(void **state)
{
    (void)state;
    each_of(put_ceiling, RANDOM_ALL_WORDS, policies / 4, true);
}

/* ---- who approves ---- */

/* `by` is "group:a, u:b*": whether one of them is `who`. */
static bool is_named(const struct model *m, struct str by, struct str who)
{
    size_t start = 0;
    for (size_t i = 0; i <= by.n; i++) {
        if (i < by.n && by.p[i] != ',')
            continue;
        struct str one = {by.p + start, i - start};
        bool group = str_starts(one, STR("group:"));
        struct str name = {one.p + 6, one.n - 6};
        if (group ? naive_in_group(m, name, who) : naive_glob(one, who))
            return true;
        start = i + 2;
    }
    return false;
}

static bool is_of_the_chain(const struct random_request *r, struct str who)
{
    bool is = str_eq(r->req.subject, who);
    for (uint32_t i = 0; i < r->inputs.nchain; i++)
        is = is || str_eq(r->inputs.chain[i].text, who);
    return is;
}

static void ask_who(const struct policy_image *image, const char *policy, unsigned *changed)
{
    struct arena arena auto_arena;
    arena_init(&arena, 0);
    struct policy_report report = {.text = str_of(policy), .file = "random"};
    struct ynode *root = policy_yaml_read(str_of(policy), &arena, &report);
    struct model *m = root ? policy_parse(root, &arena, &report) : NULL;
    assert_non_null(m);
    for (unsigned k = 0; k < REQUESTS; k++) {
        struct side s = {.image = image};
        random_case(&s.c);
        begin(&s);
        for (uint32_t i = 0; i < s.d.approvals.n; i++)
            for (size_t w = 0; w < random_nsubjects; w++) {
                struct policy_approval a;
                struct str who = str_of(random_subjects[w]);
                bool chain = is_of_the_chain(&s.c.r, who);
                assert_true(policy_image_approval(image, s.d.approvals.v[i], &a));
                bool may =
                    policy_may_approve(image, s.d.approvals.v[i], who, &s.c.r.req, &s.c.r.inputs);
                if (may != (!chain && is_named(m, a.by, who)))
                    fail_msg("seed 0x%" PRIx64 ": %.*s approves as %.*s: %d\n%s", seed, (int)who.n,
                             who.p, (int)a.by.n, a.by.p, may, policy);
                *changed += chain && is_named(m, a.by, who);
            }
        arena_fini(&s.arena);
        random_request_free(&s.c.r);
    }
}

static void nobody_approves_for_itself(void **state)
{
    (void)state;
    each(ask_who, RANDOM_ALL_WORDS, policies / 2);
}

int main(int argc, char **argv)
{
    policies = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 0) : POLICIES;
    seed = random_seed(0);
    print_message("seed 0x%" PRIx64 "\n", seed);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_missing_value_widens_nothing),
        cmocka_unit_test(a_mistyped_value_widens_nothing),
        cmocka_unit_test(a_list_that_is_too_long_widens_nothing),
        cmocka_unit_test(a_deny_more_widens_nothing),
        cmocka_unit_test(a_require_more_widens_nothing),
        cmocka_unit_test(a_parent_more_widens_nothing),
        cmocka_unit_test(a_request_raises_no_level),
        cmocka_unit_test(a_ceiling_only_narrows),
        cmocka_unit_test(nobody_approves_for_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
