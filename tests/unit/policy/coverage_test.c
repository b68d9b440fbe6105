/*
 * Whether what the two evaluators are held against each other by is the whole language: random
 * policies write every row of the tables of rule kinds, roots, inputs, types, origins, isolations,
 * limits, approvals and budgets, and tests of each root and input come out true, false and unknown.
 * Operators are counted in random_when_test.c. Each of the policies fits the schema, too. A row
 * that is added to a table fails here until the generators write it and the naive evaluator knows
 * it.
 */
#include "random.h"

#include "naive_when.h"
#include "schema_check.h"

enum { POLICIES = 250, REQUESTS = 15, SEED = 20261125 };

/* One count for each row of a table, by the number that the table gives it. */
static unsigned kinds[RULE_KINDS], ranks[CORE_RANK_COUNT], limits[CORE_LIMIT_COUNT],
    covers[POLICY_COVERS_COUNT], per[POLICY_PER_COUNT], counted[POLICY_COUNTED_COUNT],
    reach[REACH_COUNT], levels[CORE_LEVEL_COUNT], types[TYPE_COUNT], from[FROM_COUNT];
/* By value: false, unknown, true. */
static unsigned roots[ROOT_COUNT][3], inputs[POLICY_INPUT_COUNT][3];

static void count_grant(const struct m_grant *g)
{
    if (!g)
        return;
    if (g->isolation >= 0)
        ranks[g->isolation]++;
    for (unsigned i = 0; i < CORE_LIMIT_COUNT; i++)
        limits[i] += (g->limits.limits.set >> i) & 1u;
    for (unsigned i = 0; i < REACH_COUNT; i++)
        reach[i] += (g->wrote >> i) & 1u;
}

static void count_approval(const struct m_approval *a)
{
    if (a)
        covers[a->covers]++;
}

static void count_policy(const struct model *m)
{
    for (uint32_t i = 0; i < m->nrules; i++) {
        const struct m_rule *r = &m->rules[i];
        kinds[r->effect]++;
        count_grant(r->grant);
        count_approval(r->approval);
        if (r->require) {
            count_grant(r->require->within);
            count_approval(r->require->approval);
        }
    }
    count_approval(m->default_approval);
    for (uint32_t i = 0; i < m->ngrants; i++)
        count_grant(&m->grants[i]);
    for (uint32_t i = 0; i < m->nlevels; i++)
        levels[m->levels[i].level]++;
    if (m->default_level >= 0)
        levels[m->default_level]++;
    for (uint32_t i = 0; i < m->nbudgets; i++) {
        per[m->budgets[i].per]++;
        for (unsigned k = 0; k < POLICY_COUNTED_COUNT; k++)
            counted[k] += m->budgets[i].counted[k].set;
    }
    for (uint32_t i = 0; i < m->ndeclared; i++) {
        types[m->declared[i].type.type]++;
        from[m->declared[i].from]++;
    }
    for (uint32_t i = 0; i < m->nvariables; i++)
        if (m->variables[i].type.type < TYPE_COUNT)
            types[m->variables[i].type.type]++;
}

/* Every test of an attribute within a condition. */
static void count_values(const struct naive *n, const struct m_condition *c)
{
    for (; c; c = c->next) {
        const struct m_attribute *a = c->attribute;
        if (a && !c->use.n) {
            int value = naive_truth(n, c);
            assert_in_range(value, 0, 2);
            roots[a->root][value]++;
            if (a->root == ROOT_BROKER)
                inputs[a->builtin][value]++;
        }
        if (!a && !c->use.n)
            count_values(n, c->first);
    }
}

static void one_policy(void)
{
    auto_buf struct buf one = {0}, other = {0};
    random_policies(&one, &other);
    struct arena arena auto_arena;
    arena_init(&arena, 0);
    struct policy_report report = {.text = buf_view(&one), .file = "random"};
    struct ynode *root = policy_yaml_read(buf_view(&one), &arena, &report);
    struct model *m = root ? policy_parse(root, &arena, &report) : NULL;
    assert_non_null(m);
    policy_check(m, &arena, &report);
    assert_int_equal(report.errors, 0);
    char why[256] = "";
    if (schema_check(buf_view(&one), why) != SCHEMA_FITS)
        fail_msg("the schema refuses what compiles: %s\n%s", why, one.data);
    count_policy(m);
    for (unsigned i = 0; i < REQUESTS; i++) {
        struct random_request r;
        random_request(&r);
        struct naive n = {m, &r.req, &r.inputs, "full", &arena, 0, false};
        for (uint32_t k = 0; k < m->nrules; k++)
            count_values(&n, m->rules[k].when);
        random_request_free(&r);
    }
}

/* ---- what has to have come about ---- */

static unsigned missing;

static void expect_rows(const char *table, const char *const *names, const unsigned *n,
                        size_t count)
{
    for (size_t i = 0; i < count; i++) {
        print_message("%-9s %-12s %u\n", table, names[i], n[i]);
        if (n[i] < 5) {
            print_error("random policies hardly write `%s` of the table of %s\n", names[i], table);
            missing++;
        }
    }
}

static void expect_values(const char *table, const char *const *names, unsigned (*n)[3],
                          size_t count)
{
    for (size_t i = 0; i < count; i++) {
        print_message("%-9s %-12s %7u false %7u unknown %7u true\n", table, names[i], n[i][0],
                      n[i][1], n[i][2]);
        for (unsigned v = 0; v < 3; v++)
            if (n[i][v] < 5) {
                print_error("`%s` hardly comes out with each of the three values\n", names[i]);
                missing++;
            }
    }
}

static void whole_language(void **state)
{
    (void)state;
    random_state = SEED;
    for (unsigned i = 0; i < POLICIES; i++)
        one_policy();
#define X(id, name, ...) name,
#define EXPECT(table, n, TABLE)                                                                    \
    do {                                                                                           \
        static const char *const names[] = {TABLE(X)};                                             \
        expect_rows(table, names, n, BASE_COUNT(names));                                           \
    } while (0)
    EXPECT("rules", kinds, POLICY_RULE_TABLE);
    EXPECT("isolation", ranks, CORE_RANK_TABLE);
    EXPECT("limits", limits, CORE_LIMIT_TABLE);
    EXPECT("covers", covers, POLICY_COVERS_TABLE);
    EXPECT("per", per, POLICY_PER_TABLE);
    EXPECT("counted", counted, POLICY_COUNTED_TABLE);
    EXPECT("levels", levels, CORE_LEVEL_TABLE);
    EXPECT("types", types, POLICY_TYPE_TABLE);
    EXPECT("from", from, POLICY_FROM_TABLE);
    static const char *const root_names[] = {POLICY_ROOT_TABLE(X)};
    static const char *const input_names[] = {POLICY_INPUT_TABLE(X)};
#undef EXPECT
#undef X
#define X(id) #id,
    static const char *const reach_names[] = {POLICY_REACH_TABLE(X)};
#undef X
    expect_rows("reach", reach_names, reach, BASE_COUNT(reach_names));
    expect_values("roots", root_names, roots, BASE_COUNT(root_names));
    expect_values("inputs", input_names, inputs, BASE_COUNT(input_names));
    assert_int_equal(missing, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(whole_language)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
