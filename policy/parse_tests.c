/*
 * `tests`: requests, what is given beside them, and what must come of them. Requests and inputs
 * stay the tree that they are, since they are read as any request is once there is an image; what
 * is expected is read here. Whether the rules that it names exist is for check_tests.c.
 */
#include <assert.h>

#include "policy/inputs.h"
#include "policy/parse.h"

#define MAX_TESTS    65536u
#define MAX_VARIANTS 1024u

/* ---- request, given, variants ---- */

static void any_value(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    (void)p;
    (void)object;
    (void)key;
    (void)value;
}

/* A mapping with the keys of a request or of inputs; their values are judged when it is asked. */
static void read_fields(struct parser *p, struct ynode *map, const char *what,
                        const struct field *of, size_t n, bool whole)
{
    struct parse_field fields[16];
    assert(n <= BASE_COUNT(fields));
    for (size_t i = 0; i < n; i++)
        fields[i] = (struct parse_field){.name = of[i].name,
                                         .fn = any_value,
                                         .required = whole && strcmp(of[i].name, "subject") == 0};
    parse_map(p, map, what, fields, n, NULL);
}

static void read_request(struct parser *p, struct ynode *map, const char *what, bool whole)
{
    size_t n;
    const struct field *of = policy_request_fields(&n);
    read_fields(p, map, what, of, n, whole);
}

static void test_request(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    (void)key;
    read_request(p, value, "a request", true);
    if (value->type == Y_MAP)
        ((struct m_test *)object)->request = value;
}

static void test_given(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    size_t n;
    const struct field *of = policy_given_fields(&n);
    (void)key;
    read_fields(p, value, "`given`", of, n, false);
    if (value->type == Y_MAP)
        ((struct m_test *)object)->given = value;
}

static bool too_many(struct parser *p, const struct ynode *list, uint32_t max, const char *what)
{
    if (list->count <= max)
        return false;
    policy_report(p->report, P_BOUND, list->pos, NULL, "%u %s; at most %u are held", list->count,
                  what, max);
    return true;
}

static void test_variants(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    (void)key;
    if (!parse_is_list(p, value, "`variants`") || too_many(p, value, MAX_VARIANTS, "variants"))
        return;
    if (!value->count)
        policy_report(p->report, P_EMPTY, value->pos, NULL, "`variants` has none");
    for (struct ynode *c = value->first; c; c = c->next)
        read_request(p, c, "a variant", false);
    ((struct m_test *)object)->variants = value;
}

/* ---- expect ---- */

#define X(id, name) name,
static const char *const effect_words[] = {CORE_EFFECT_TABLE(X)};
#undef X

static void expect_effect(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    (void)key;
    ((struct m_expect *)object)->effect =
        parse_word(p, value, "`effect`", effect_words, BASE_COUNT(effect_words));
}

static void read_name(struct parser *p, struct ynode *n, struct m_name *out)
{
    if (parse_text(p, n, "a name", POLICY_MAX_NAME, &out->text))
        out->at = n->pos;
}

static void expect_rule(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    (void)key;
    read_name(p, value, &((struct m_expect *)object)->rule);
}

static void expect_isolation(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    (void)key;
    ((struct m_expect *)object)->isolation = parse_isolation(p, value);
}

static void expect_level(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    (void)key;
    parse_level(p, value, &((struct m_expect *)object)->level);
}

static void expect_limits(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    (void)key;
    parse_limits(p, value, false, &((struct m_expect *)object)->limits);
}

static void expect_network(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    struct m_expect *e = object;
    e->everything = value->type == Y_TEXT && str_is(value->text, "everything");
    if (!e->everything)
        parse_grant_network(p, &e->reach, key, value);
    for (uint32_t i = 0; i < e->reach.nnetwork; i++)
        if (e->reach.network[i].template)
            policy_report(p->report, P_TEMPLATE, value->pos, "write the host and port",
                          "what is expected of one request is no template");
}

static void expect_approvals(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    struct m_expect *e = object;
    (void)key;
    if (!parse_is_list(p, value, "`approvals`"))
        return;
    e->approvals = parse_alloc(p, value->count, sizeof *e->approvals);
    for (struct ynode *c = value->first; c && e->approvals; c = c->next)
        parse_approval_part(p, c, &e->approvals[e->napprovals++]);
}

/* Names of what a policy has, those of delegated files with their namespace. */
static void read_names(struct parser *p, struct ynode *list, const char *what, struct m_names *out)
{
    if (!parse_is_list(p, list, what))
        return;
    out->v = parse_alloc(p, list->count, sizeof *out->v);
    for (struct ynode *c = list->first; c && out->v; c = c->next)
        read_name(p, c, &out->v[out->n++]);
}

static void expect_requires(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    (void)key;
    read_names(p, value, "`requires`", &((struct m_expect *)object)->requires);
}

static const struct parse_field obliged_fields[] = {
    {"type", any_value, false, &shape_value, "its type"},
    {"properties", any_value, false, &shape_value, "its properties, as a whole"}};
static const struct parse_shape shape_one_obliged = {
    .name = "expected-obligation", SHAPE_FIELDS_OF(obliged_fields), .says = "an obligation"};
static const struct parse_shape shape_obliged = {.kind = SHAPE_LIST, .of = &shape_one_obliged};

static void expect_obligations(struct parser *p, void *object, struct ynode *key,
                               struct ynode *value)
{
    (void)key;
    if (!parse_is_list(p, value, "`obligations`"))
        return;
    for (struct ynode *c = value->first; c; c = c->next)
        parse_map(p, c, "an obligation", obliged_fields, BASE_COUNT(obliged_fields), NULL);
    ((struct m_expect *)object)->obligations = value;
}

static void expect_labels(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    (void)key;
    read_names(p, value, "`labels`", &((struct m_expect *)object)->labels);
}

static void read_expect(struct parser *p, struct ynode *map, const char *what, bool shadow,
                        struct m_expect *out);

static void expect_shadow(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    struct m_expect *e = object;
    (void)key;
    e->shadow = parse_alloc(p, 1, sizeof *e->shadow);
    if (e->shadow)
        read_expect(p, value, "`shadow`", true, e->shadow);
}

static const struct parse_shape shape_approvals = {.kind = SHAPE_LIST, .of = &shape_approval_part};
static const struct parse_shape shape_shadow;
static const char *const everything[] = {"everything"};
static const struct parse_shape shape_everything = {SHAPE_WORDS_OF(everything)};
static const struct parse_shape shape_reach = {SHAPE_EITHER_OF(&shape_values, &shape_everything)};
static const struct parse_shape shape_effect = {SHAPE_WORDS_OF(effect_words)};
static const struct parse_field expect_fields[EXPECT_COUNT] = {
    [EXPECT_EFFECT] = {"effect", expect_effect, false, &shape_effect, "what comes of it"},
    [EXPECT_RULE] = {"rule", expect_rule, false, &shape_text,
                     "the rule that decides, `reeve/default` and the like included"},
    [EXPECT_ISOLATION] = {"isolation", expect_isolation, false, &shape_isolation, "of the grant"},
    [EXPECT_LEVEL] = {"level", expect_level, false, &shape_level,
                      "the level that it is decided at"},
    [EXPECT_LIMITS] = {"limits", expect_limits, false, &shape_limits,
                       "of the grant; those that are named"},
    [EXPECT_NETWORK] = {"network", expect_network, false, &shape_reach, "of the grant"},
    [EXPECT_APPROVALS] = {"approvals", expect_approvals, false, &shape_approvals,
                          "that are needed"},
    [EXPECT_REQUIRES] = {"requires", expect_requires, false, &shape_text_list,
                         "rules that held it"},
    [EXPECT_OBLIGATIONS] = {"obligations", expect_obligations, false, &shape_obliged,
                            "that go with it"},
    [EXPECT_LABELS] = {"labels", expect_labels, false, &shape_text_list, "that the session gets"},
    [EXPECT_SHADOW] = {"shadow", expect_shadow, false, &shape_shadow,
                       "what the shadow rules would have come to"},
};
static const struct parse_shape shape_shadow = {.name = "expected-shadow",
                                                .kind = SHAPE_KEYS,
                                                .fields = expect_fields,
                                                .n = EXPECT_OF_SHADOW,
                                                .says = "the same of shadow rules"};
static const struct parse_shape shape_expect = {
    .name = "expect",
    SHAPE_FIELDS_OF(expect_fields),
    .says = "a decision; mappings in part, lists as a whole"};

static void read_expect(struct parser *p, struct ynode *map, const char *what, bool shadow,
                        struct m_expect *out)
{
    uint32_t n = shadow ? EXPECT_OF_SHADOW : EXPECT_COUNT;
    *out = (struct m_expect){.effect = -1, .level = -1, .isolation = -1};
    parse_map(p, map, what, expect_fields, n, out);
    if (map->type != Y_MAP)
        return;
    if (!map->count)
        policy_report(p->report, P_EMPTY, map->pos, NULL, "%s expects nothing", what);
    for (uint32_t i = 0; i < n; i++)
        if (parse_key(map, str_of(expect_fields[i].name)))
            out->wrote |= 1u << i;
}

static void test_expect(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    (void)key;
    read_expect(p, value, "`expect`", false, &((struct m_test *)object)->expect);
}

/* ---- a test ---- */

/* `{name: a, b, request: ...}` is what people write for the name "a, b", and to YAML has a key `b`
 * without a value: what follows the name like this is a part of it. */
static void join_name(struct parser *p, struct ynode *map)
{
    struct ynode *key = parse_key(map, STR("name")), *value = key ? key->next : NULL;
    auto_buf struct buf whole = {0};
    if (!value || value->type != Y_TEXT || !value->next || value->next->next->type != Y_NULL)
        return;
    buf_str(&whole, value->text);
    for (struct ynode *k = value->next; k && k->next->type == Y_NULL; k = value->next) {
        buf_z(&whole, ", ");
        buf_str(&whole, k->text);
        value->next = k->next->next;
        map->count--;
    }
    struct str name = whole.failed ? value->text : arena_str(p->arena, buf_view(&whole));
    if (name.p)
        value->text = name;
    else
        policy_report_memory(p->report);
}

/* Any other key without a value. */
static void refuse_nulls(struct parser *p, struct ynode *map)
{
    for (struct ynode *k = map->first; k; k = k->next->next) {
        if (k->next->type != Y_NULL)
            continue;
        k->next->refused = true;
        policy_report(p->report, P_NULL_VALUE, k->next->pos,
                      "leave the key out, or give it a value", "a value is missing (null)");
    }
}

static void test_name(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    struct m_test *t = object;
    (void)key;
    parse_text(p, value, "a test's name", POLICY_MAX_NAME, &t->name);
}

static const struct parse_field test_fields[] = {
    {"name", test_name, true, &shape_text, "what it is called"},
    {"request", test_request, true, &shape_request, "the request"},
    {"given", test_given, false, &shape_given, "what the broker knows"},
    {"variants", test_variants, false, &shape_variants,
     "keys of the request that are replaced, with the same outcome"},
    {"expect", test_expect, true, &shape_expect, "what must come of it"},
};
/* See join_name: a key without a value is a part of the name. */
static const struct parse_shape shape_any_key = {.says = "what follows a name behind a comma",
                                                 .kind = SHAPE_TEXT};
static const struct parse_shape shape_nothing = {.kind = SHAPE_NULL};
static const struct parse_shape shape_one_test = {.name = "test",
                                                  SHAPE_FIELDS_OF(test_fields),
                                                  .says = "a request and its decision",
                                                  .key = &shape_any_key,
                                                  .of = &shape_nothing};
const struct parse_shape shape_tests = {.kind = SHAPE_LIST, .of = &shape_one_test};

static void read_test(struct parser *p, struct ynode *map, struct m_test *out)
{
    out->at = map->pos;
    out->scope = parse_scope(p);
    if (map->type == Y_MAP) {
        join_name(p, map);
        refuse_nulls(p, map);
    }
    parse_map(p, map, "a test", test_fields, BASE_COUNT(test_fields), out);
}

void parse_top_tests(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    struct model *m = object;
    (void)key;
    if (!parse_is_list(p, value, "`tests`") || too_many(p, value, MAX_TESTS, "tests"))
        return;
    m->ntests = 0;
    m->tests = parse_alloc(p, value->count, sizeof *m->tests);
    for (struct ynode *n = value->first; n && m->tests; n = n->next)
        read_test(p, n, &m->tests[m->ntests++]);
}
