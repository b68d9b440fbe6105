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
    inputs.spent_all = true;
    assert_int_equal(policy_decide_beside(p->image, p->other, req, &inputs, &beside), 0);
    assert_int_equal(policy_decide(p->other, req, &inputs, &alone), 0);
    assert_int_equal(beside.shadow.effect, alone.effect);
    assert_int_equal(beside.shadow.rule, alone.rule);
    assert_true(beside.shadow.differs || effect_and_rank(&beside) == effect_and_rank(&alone));
}

/* Kinds of answers, each of which has to come about. */
enum {
    FULL,
    ALLOWED,
    ASKED,
    DENIED,
    DEFAULT,
    HELD,
    SPENT,
    SHADOWED,
    BY_PARENT,
    CAPPED,
    DELEGATED,
    KINDS
};

static void count(const struct pair *p, const struct policy_decision *d, unsigned counts[KINDS])
{
    uint32_t nrules = p->model->nrules;
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
    counts[DELEGATED] += memchr(policy_image_rule(p->image, d->rule).id.p, '/', 2) != NULL;
    counts[BY_PARENT] += d->strictest > 0;
}

/* ---- policies in files ---- */

/* A random policy's root, delegated files, and all of it as one text (see support.h). */
struct written {
    struct buf one, other; /* the root's text, its rules in two orders */
    struct buf entry[2], rules[2];
    struct buf text, shuffled;
};

static const char *const names[2] = {"t", "s"};

static void put_file(struct buf *out, const char *name, const struct buf *rules)
{
    static const char budget[] =
        "budgets: [{id: d, per: subject, when_spent: deny, limits: {calls: "
        "{max: 8, window: 1h}}}]\n";
    bool delegated = name == names[0] || name == names[1];
    buf_printf(out, "=== %s.yaml\n" HEADER "%s%srules:\n", name, delegated ? budget : "",
               delegated ? random_declared(name == names[1]) : "");
    buf_str(out, rules->len ? buf_view(rules) : STR("  []\n"));
}

static void put_include(struct buf *out, const char *others, const struct written *w)
{
    const char *comma = others[0] ? ", " : "";
    buf_printf(out, "include: [%s", others);
    for (unsigned i = 0; i < 2; i++)
        if (w->entry[i].len) {
            buf_z(out, comma);
            buf_str(out, buf_view(&w->entry[i]));
            comma = ", ";
        }
    buf_z(out, "]\n");
}

/* Each line of `lines` into one of `n` parts, in the same order or before what is there. */
static void deal(const char *lines, struct buf *part, uint32_t n)
{
    for (const char *end; *lines; lines = end) {
        end = strchr(lines, '\n') + 1;
        struct buf *p = &part[roll(n)];
        auto_buf struct buf before = {0};
        if (roll(2))
            buf_str(&before, buf_view(p));
        if (before.len)
            buf_reset(p);
        buf_put(p, lines, (size_t)(end - lines));
        buf_str(p, buf_view(&before));
    }
}

/* The rules in a root file and two that it includes, and the delegated ones in another order. */
static void shuffle(struct written *w)
{
    struct buf part[3] = {{0}};
    const char *rules = strstr(w->other.data, "\nrules:\n") + strlen("\nrules:\n");
    deal(rules, part, 3);
    buf_z(&w->shuffled, "=== root.yaml\n");
    buf_put(&w->shuffled, w->other.data, (size_t)(rules - w->other.data));
    buf_str(&w->shuffled, part[0].len ? buf_view(&part[0]) : STR("  []\n"));
    put_include(&w->shuffled, "b/c.yaml, a.yaml", w);
    put_file(&w->shuffled, "a", &part[1]);
    put_file(&w->shuffled, "b/c", &part[2]);
    for (unsigned i = 0; i < 2; i++) {
        struct buf again = {0};
        deal(w->rules[i].len ? w->rules[i].data : "", &again, 1);
        put_file(&w->shuffled, names[i], &again);
        buf_fini(&again);
    }
    for (unsigned i = 0; i < 3; i++)
        buf_fini(&part[i]);
}

static void write_policy(struct written *w)
{
    *w = (struct written){0};
    random_policies(&w->one, &w->other);
    for (unsigned i = 0, n = roll(3); i < n; i++)
        random_delegated(i, names[i], &w->entry[i], &w->rules[i]);
    buf_z(&w->text, "=== root.yaml\n");
    buf_str(&w->text, buf_view(&w->one));
    put_include(&w->text, "", w);
    for (unsigned i = 0; i < 2; i++)
        put_file(&w->text, names[i], &w->rules[i]);
    shuffle(w);
}

static void unwrite(struct written *w)
{
    struct buf *const all[] = {&w->one,      &w->other,    &w->entry[0], &w->entry[1],
                               &w->rules[0], &w->rules[1], &w->text,     &w->shuffled};
    for (size_t i = 0; i < BASE_COUNT(all); i++)
        buf_fini(all[i]);
}

static struct policy_image *compile(const struct buf *text)
{
    struct files files;
    struct policy_image *image = NULL;
    struct reeve_error err = {0};
    files_of(buf_view(text), &files);
    if (policy_compile_source(&files.source, NULL, NULL, &image, &err) != 0)
        fail_msg("%s:%u: %s\n%s", err.file, err.line, err.message, text->data);
    return image;
}

/* `*last`: of the policy before, replaced by this one's. */
static void one_policy(struct policy_image **last, unsigned counts[KINDS])
{
    struct written w;
    struct files files;
    struct arena arena auto_arena;
    arena_init(&arena, 0);
    write_policy(&w);
    files_of(buf_view(&w.text), &files);
    struct policy_report report = {.text = files.source.text, .file = files.source.file};
    struct pair p = {compile(&w.text), compile(&w.shuffled), NULL, NULL, w.text.data};
    p.other = *last ? *last : policy_image_ref(p.image);
    p.model = policy_load(&files.source, &arena, &report);
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
        count(&p, &d, counts);
        random_request_free(&c.r);
    }
    policy_image_unref(&p.other);
    policy_image_unref(&p.shuffled);
    unwrite(&w);
    *last = p.image;
}

static uint64_t seed;

static void agree(void **state)
{
    static const char *const kinds[KINDS] = {"full",
                                             "allowed",
                                             "asked",
                                             "denied",
                                             "default",
                                             "held",
                                             "spent",
                                             "shadowed",
                                             "by a parent",
                                             "capped",
                                             "by a delegated file"};
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
        print_message("%u %s\n", counts[i], kinds[i]);
        assert_true(counts[i] > policies * REQUESTS / 500);
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
