/* See test_take.h. */
#include "policy/test_take.h"

#include "policy/decision_json.h"

/* Of all tests: a variant repeats what it does not replace. */
#define MAX_BYTES ((size_t)256 << 20)

struct taking {
    struct arena *arena;
    bool failed;
};

static struct str keep(struct taking *t, const struct buf *text)
{
    struct str kept = text->failed ? (struct str){0} : arena_str(t->arena, buf_view(text));
    t->failed |= !kept.p;
    return kept;
}

/* ---- requests ---- */

static struct ynode *key_of(const struct ynode *map, struct str name)
{
    struct ynode *k = map ? map->first : NULL;
    while (k && !str_eq(k->text, name))
        k = k->next->next;
    return k;
}

static void put_pairs(const struct ynode *map, const struct ynode *but, const char **comma,
                      struct buf *out)
{
    for (const struct ynode *k = map ? map->first : NULL; k; k = k->next->next) {
        if (key_of(but, k->text))
            continue;
        buf_z(out, *comma);
        *comma = ",";
        json_put_string(out, k->text);
        buf_byte(out, ':');
        policy_yaml_json(k->next, out);
    }
}

/* The request with the keys of a variant, which may be NULL, in the place of its own. */
static struct str take_request(struct taking *t, const struct ynode *request,
                               const struct ynode *variant)
{
    auto_buf struct buf text = {0};
    const char *comma = "";
    buf_byte(&text, '{');
    put_pairs(request, variant, &comma, &text);
    put_pairs(variant, NULL, &comma, &text);
    buf_byte(&text, '}');
    return keep(t, &text);
}

static void take_requests(struct taking *t, const struct m_test *m, struct policy_test *out)
{
    uint32_t n = 1 + (m->variants ? m->variants->count : 0);
    struct str *request = arena_array(t->arena, n, sizeof *request);
    t->failed |= !request;
    out->request = request;
    if (request)
        request[out->nrequests++] = take_request(t, m->request, NULL);
    for (const struct ynode *v = m->variants ? m->variants->first : NULL; v && !t->failed;
         v = v->next)
        request[out->nrequests++] = take_request(t, m->request, v);
}

/* ---- what is expected ---- */

static void put_subject(const struct m_subject *s, struct json_out *o)
{
    auto_buf struct buf text = {0};
    buf_z(&text, s->kind == SUBJECT_GROUP ? "group:" : "");
    buf_str(&text, s->text);
    o->b->failed |= text.failed;
    json_str(o, buf_view(&text));
}

static void put_approval(const struct m_approval *a, struct json_out *o)
{
    json_open_object(o);
    if (a->by.n) {
        json_key(o, "by");
        json_open_array(o);
        for (uint32_t i = 0; i < a->by.n; i++)
            put_subject(&a->by.v[i], o);
        json_close_array(o);
    }
    if (a->covers >= 0)
        json_kv_str(o, "covers", policy_covers_word(a->covers));
    if (a->need)
        json_kv_uint(o, "need", a->need);
    if (a->within_ns) {
        json_key(o, "within");
        policy_put_duration(o, a->within_ns);
    }
    json_close_object(o);
}

static void put_names(const struct m_names *names, struct json_out *o)
{
    json_open_array(o);
    for (uint32_t i = 0; i < names->n; i++)
        json_str(o, names->v[i].text);
    json_close_array(o);
}

static void put_network(const struct m_expect *e, struct json_out *o)
{
    if (e->everything) {
        json_str(o, STR("everything"));
        return;
    }
    json_open_array(o);
    for (uint32_t i = 0; i < e->reach.nnetwork; i++)
        policy_put_endpoint(o, e->reach.network[i].host, e->reach.network[i].port);
    json_close_array(o);
}

static void put_tree(const struct ynode *n, struct json_out *o)
{
    auto_buf struct buf text = {0};
    policy_yaml_json(n, &text);
    o->b->failed |= text.failed;
    json_raw(o, buf_view(&text));
}

static void put_expect(const struct m_expect *e, struct json_out *o);

static void put_expected(const struct m_expect *e, enum policy_expect what, struct json_out *o)
{
    switch (what) {
    case EXPECT_EFFECT:
        json_str(o, str_of(core_effect_name((enum core_effect)e->effect)));
        break;
    case EXPECT_RULE:
        json_str(o, e->rule.text);
        break;
    case EXPECT_ISOLATION:
        json_str(o, str_of(core_rank_name((enum core_rank)e->isolation)));
        break;
    case EXPECT_LEVEL:
        json_str(o, str_of(core_level_name((enum core_level)e->level)));
        break;
    case EXPECT_LIMITS:
        policy_put_limits(o, &e->limits.limits);
        break;
    case EXPECT_NETWORK:
        put_network(e, o);
        break;
    case EXPECT_APPROVALS:
        json_open_array(o);
        for (uint32_t i = 0; i < e->napprovals; i++)
            put_approval(&e->approvals[i], o);
        json_close_array(o);
        break;
    case EXPECT_REQUIRES:
        put_names(&e->requires, o);
        break;
    case EXPECT_OBLIGATIONS:
        put_tree(e->obligations, o);
        break;
    case EXPECT_LABELS:
        put_names(&e->labels, o);
        break;
    case EXPECT_SHADOW:
        put_expect(e->shadow, o);
        break;
    case EXPECT_COUNT:
        break;
    }
}

static void put_expect(const struct m_expect *e, struct json_out *o)
{
#define X(id, word) word,
    static const char *const words[] = {POLICY_EXPECT_TABLE(X)};
#undef X
    json_open_object(o);
    for (unsigned i = 0; i < EXPECT_COUNT; i++)
        if (e->wrote >> i & 1) {
            json_key(o, words[i]);
            put_expected(e, (enum policy_expect)i, o);
        }
    json_close_object(o);
}

/* ---- a test ---- */

static void take(struct taking *t, const struct m_test *m, struct str own,
                 const struct policy_report *report, struct policy_test *out)
{
    auto_buf struct buf expect = {0}, given = {0};
    struct json_out o = {.b = &expect};
    *out = (struct policy_test){.name = arena_str(t->arena, m->name),
                                .file = arena_str(t->arena, str_of(policy_file_of(report, m->at))),
                                .own = arena_str(t->arena, own),
                                .line = m->at.line,
                                .column = m->at.column};
    t->failed |= !out->name.p || !out->file.p || !out->own.p;
    put_expect(&m->expect, &o);
    out->expect = keep(t, &expect);
    if (m->given)
        policy_yaml_json(m->given, &given);
    out->given = keep(t, &given);
    take_requests(t, m, out);
}

struct policy_tests *policy_tests_take(const struct model *m, const struct policy_report *report)
{
    struct policy_tests *tests = calloc(1, sizeof *tests);
    if (!tests)
        return NULL;
    arena_init(&tests->arena, MAX_BYTES);
    struct taking t = {.arena = &tests->arena};
    tests->v = arena_array(&tests->arena, m->ntests ? m->ntests : 1, sizeof *tests->v);
    t.failed = !tests->v;
    for (uint32_t i = 0; i < m->ntests && !t.failed; i++)
        take(&t, &m->tests[i], m->tests[i].scope ? m->scopes[m->tests[i].scope - 1].name : STR(""),
             report, &tests->v[tests->n++]);
    if (t.failed)
        policy_tests_free(&tests);
    return tests;
}

void policy_tests_free(struct policy_tests **tests)
{
    if (*tests)
        arena_fini(&(*tests)->arena);
    free(*tests);
    *tests = NULL;
}
